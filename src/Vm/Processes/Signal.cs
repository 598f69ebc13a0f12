// Signals: everything that one process does to another is one of these, in one row per receiver, so that two signals from one sender are handled in the order
// they were sent (the signal ordering guarantee of the Erlang reference manual).
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>What a signal is.</summary>
public enum SignalKind
{
    /// <summary>A message for the mailbox.</summary>
    Message,
    /// <summary>A message sent to an alias (Id): dropped when the alias is not active any more.</summary>
    AliasMessage,
    /// <summary>exit/2: Value is the reason.</summary>
    Exit,
    /// <summary>A linked process is gone (or a link could not be made): Value is the reason.</summary>
    LinkExit,
    Link,
    /// <summary>unlink/1 at the other end; Id0 is answered by UnlinkDone.</summary>
    Unlink, UnlinkDone,
    /// <summary>From monitors the receiver under the reference Id; Value: the name that was used, or None.</summary>
    Monitor,
    Demonitor,
    /// <summary>The process monitored under the reference Id is gone: Value is the reason.</summary>
    Down,
    /// <summary>Value is the new group leader.</summary>
    GroupLeader,
    /// <summary>Call is run by the receiver (process_info of another process and the like); when the receiver is gone first, Call is run with a null process.</summary>
    Call,
}

/// <summary>
/// One signal. It lives in the words of a fragment, together with the terms it carries: when a message is taken out of the mailbox, the fragment as a whole
/// becomes part of the receiver's heap until its next collection. The word before it is the header that makes a heap scan step over it.
/// </summary>
public unsafe struct Signal
{
    public Signal* Next;
    public SignalKind Kind;
    /// <summary>-1, or where the receiver keeps the term, once a collection has moved it to the heap (Mailbox.OnHeap). Of Kind Call: -1, or the priority of a system
    /// task, 0 to 3 (SystemTasks).</summary>
    public int HeapIndex;
    public Term Value;
    /// <summary>Sender (a pid).</summary>
    public Term From;
    /// <summary>The id words of a reference.</summary>
    public ulong Id0, Id1;
    /// <summary>Claims of the carried terms on off-heap binaries.</summary>
    public BinaryRef* OffHeap;
    /// <summary>For Kind Call: the signal is freed afterwards by whoever runs it.</summary>
    public delegate*<Process*, Signal*, void> Run;
    /// <summary>What Run needs besides. Of messages and exit signals: the sequential trace token (SeqTrace).</summary>
    public ulong Data0;
    /// <summary>What the receiver was doing when the signal came (ProcessStatus): for Kind Call.</summary>
    public long StatusBefore;
    /// <summary>For Kind Call: the VM, which whoever runs it without a process needs.</summary>
    public Machine* Machine;

    private const int HeadWords = 11;

    /// <summary>The fragment a signal lives in.</summary>
    public static Fragment* Block(Signal* s) => (Fragment*)((ulong*)s - 1) - 1;

    /// <summary>Words of terms it carries.</summary>
    public static long TermWords(Signal* s) => Block(s)->Used - 1 - HeadWords;

    /// <summary>A signal with room for so many words of terms, which <paramref name="room"/> is set to. Null: memory is out.</summary>
    public static Signal* New(SignalKind kind, long words, out ulong* room)
    {
        long size = 1 + HeadWords + words;
        Fragment* f = (Fragment*)Allocator.Alloc((nuint)sizeof(Fragment) + ((nuint)size * 8), Owner.Fragment);
        room = null;
        if (f == null) return null;
        f->Next = null;
        f->Size = f->Used = size;
        ulong* w = Fragment.Words(f);
        w[0] = Header.Make(Header.PositiveBig, HeadWords);
        Signal* s = (Signal*)(w + 1);
        *s = default;
        s->Kind = kind;
        s->HeapIndex = -1;
        room = w + 1 + HeadWords;
        return s;
    }

    /// <summary>A signal that carries a copy of a term (literals stay where they are). It must go to its process before the native that makes it returns.</summary>
    public static Signal* Carrying(Machine* m, SignalKind kind, Term value) => Carrying(kind, value, &m->HeapShared);

    /// <summary>A signal that only keeps a copy of a term, literals included: nobody asks it when literals are given up.</summary>
    public static Signal* Keeping(Term value, SignalKind kind = SignalKind.Message) => Carrying(kind, value, null);

    private static Signal* Carrying(SignalKind kind, Term value, HeapShared* literalsStay)
    {
        long words = TermSize.ForCopy(value, literalsStay);
        if (words < 0) return null;
        Signal* s = New(kind, words, out ulong* room);
        if (s == null) return null;
        s->Value = words == 0 ? value : TermCopy.To(value, &room, &s->OffHeap, literalsStay);
        return s;
    }

    /// <summary>A message that is a tuple of copies of these terms.</summary>
    public static Signal* Tuple(Machine* m, Term* elements, int count)
    {
        long words = count + 1;
        for (int i = 0; i < count; i++)
        {
            long n = TermSize.ForCopy(elements[i], &m->HeapShared);
            if (n < 0) return null;
            words += n;
        }
        Signal* s = New(SignalKind.Message, words, out ulong* room);
        if (s == null) return null;
        ulong* t = room;
        room += count + 1;
        t[0] = Header.Make(Header.Tuple, count);
        for (int i = 0; i < count; i++) t[1 + i] = elements[i].IsImmediate ? elements[i].Bits : TermCopy.To(elements[i], &room, &s->OffHeap, &m->HeapShared).Bits;
        s->Value = Term.Boxed(t);
        return s;
    }

    /// <summary>Frees it and what it carries.</summary>
    public static void Free(Signal* s)
    {
        if (s->Data0 != 0 && s->Kind <= SignalKind.LinkExit) SeqTrace.Release(s);
        if (s->OffHeap != null) Heap.ReleaseOffHeap(s->OffHeap);
        Fragment* f = Block(s);
        Allocator.Free(f, (nuint)(sizeof(Fragment) + (f->Size * 8)), Owner.Fragment);
    }
}
