// Roots: the words outside a heap that keep terms alive. The stack of the heap itself is always a root and never listed.
namespace MyBeam.Memory;

/// <summary>
/// A row of terms outside the heap that a collection keeps alive and updates in place: argument registers, the process dictionary, messages that were
/// taken over, results of natives. Words with low bits 00 (Term.None, code addresses) are skipped. Ranges of one collection must not overlap: a word
/// that is updated twice would be taken for a pointer to be moved again.
/// </summary>
public unsafe struct RootRange
{
    public Term* First;
    /// <summary>Number of terms.</summary>
    public long Count;

    public RootRange(Term* first, long count)
    {
        First = first;
        Count = count;
    }
}
