// The messages of timers: signals. Terms that need memory are copied when the timer starts, and not again when it fires.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Makes the messages of timers.</summary>
internal static unsafe class TimerMessage
{
    /// <summary>Gives a timer its message. False when memory is out.</summary>
    public static bool Set(TimerNode* n, Term message, bool wrap)
    {
        n->Immediate = message;
        n->Wrap = wrap ? 1 : 0;
        if (message.IsImmediate) return true;
        n->Message = Make(n);
        n->Immediate = Term.Nil;
        return n->Message != null;
    }

    /// <summary>The message of a timer that fires; null when memory is out.</summary>
    public static Signal* Take(TimerNode* n)
    {
        Signal* s = n->Message;
        n->Message = null;
        return s != null ? s : Make(n);
    }

    private static Signal* Make(TimerNode* n) => n->Wrap != 0 ? Timeout(n->Immediate, n->Id0, n->Id1) : Copy(n->Immediate);

    // Literals are copied too: a timer may outlive the code they came with.
    private static Signal* Copy(Term t)
    {
        long words = TermSize.ForCopy(t, null);
        if (words < 0) return null;
        Signal* s = Signal.New(SignalKind.Message, words, out ulong* room);
        if (s != null) s->Value = TermCopy.To(t, &room, &s->OffHeap, null);
        return s;
    }

    // {timeout, TimerRef, t}.
    private static Signal* Timeout(Term t, ulong id0, ulong id1)
    {
        long words = TermSize.ForCopy(t, null);
        if (words < 0) return null;
        Signal* s = Signal.New(SignalKind.Message, 4 + Reference.Words + words, out ulong* room);
        if (s == null) return null;
        Reference* r = (Reference*)(room + 4);
        r->Header = Header.Make(Header.Reference, Reference.Words - 1);
        r->Id0 = id0;
        r->Id1 = id1;
        ulong* top = room + 4 + Reference.Words;
        room[0] = Header.Make(Header.Tuple, 3);
        room[1] = Am.Timeout.Bits;
        room[2] = Term.Boxed(r).Bits;
        room[3] = TermCopy.To(t, &top, &s->OffHeap, null).Bits;
        s->Value = Term.Boxed(room);
        return s;
    }
}
