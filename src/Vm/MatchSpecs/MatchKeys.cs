// What can be said about the key of the objects that a match specification matches, without running it: lookups instead of scans, ranges of ordered
// sets, and the check of select_replace.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Patterns and keys.</summary>
public static unsafe class MatchKeys
{
    /// <summary>The number of a match variable ('$0', '$1', …), or -1: no variable.</summary>
    public static int Variable(Term t)
    {
        if (!t.IsAtom) return -1;
        AtomTable.Entry* e = AtomTable.Get(t);
        byte* text = e->Text;
        int n = e->Bytes;
        if (n < 2 || text[0] != '$') return -1;
        if (text[1] == '0') return n == 2 ? 0 : -1;
        int value = 0;
        for (int i = 1; i < n; i++)
        {
            if (text[i] is < (byte)'0' or > (byte)'9') return -1;
            value = (value * 10) + (text[i] - '0');
        }
        return value;
    }

    /// <summary>Element <paramref name="keyPosition"/> (1-based) of a tuple, or None.</summary>
    public static Term Element(Term t, long keyPosition) => t.IsTuple && t.TupleArity >= keyPosition ? t.TupleElements[keyPosition - 1] : Term.None;

    /// <summary>What a head (a pattern as it stands in a specification) says about the key.</summary>
    public static MatchKey OfHead(Term head, long keyPosition, out Term key)
    {
        key = Term.None;
        if (head == Am.Underscore || Variable(head) >= 0) return MatchKey.Free;
        key = Element(head, keyPosition);
        if (key.IsNone) return MatchKey.Never;
        if (key == Am.Underscore || Variable(key) >= 0) return MatchKey.Free;
        return IsFullyBound(key) ? MatchKey.Bound : MatchKey.Partly;
    }

    /// <summary>Whether a pattern matches one term only: no variables, no '_', no maps (a map pattern matches larger maps).</summary>
    public static bool IsFullyBound(Term pattern) => false;

    /// <summary>
    /// The order of a key against the prefix of a partly bound pattern, in the order of an ordered_set: negative: the key is below everything the pattern
    /// can match; positive: above; 0: it may match.
    /// </summary>
    public static int ComparePrefix(Term key, Term pattern) => 0;

    /// <summary>See MatchSpecs.KeepsKey.</summary>
    public static bool SpecKeepsKey(Term spec, long keyPosition) => false;
}
