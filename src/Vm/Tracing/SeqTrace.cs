// The sequential trace token of a process.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>A token. It lives in ProcessExtra.</summary>
public unsafe struct SeqToken
{
    /// <summary>1: there is a token.</summary>
    public int On;
    public uint Flags;
    /// <summary>The label: a signal that carries the term; null: the label 0.</summary>
    public Signal* Label;
    public Term From;
    public long Serial, LastCount;
}

/// <summary>Reads and changes tokens.</summary>
internal static unsafe class SeqTrace
{
    public const uint Send = 1, Receive = 2, Print = 4, Timestamp = 8, StrictMonotonic = 16, Monotonic = 32;

    public static bool IsOn(Process* p) => p->Extra != null && p->Extra->SeqToken.On != 0;

    private static Term LabelOf(Process* p) => p->Extra->SeqToken.Label == null ? Term.Small(0) : p->Extra->SeqToken.Label->Value;

    /// <summary>{Flags, Label, Serial, From, LastCount}, or [].</summary>
    public static Term Token(Process* p)
    {
        if (!IsOn(p)) return Term.Nil;
        SeqToken* t = &p->Extra->SeqToken;
        Term label = TermCopy.ToHeap(LabelOf(p), &p->Heap);
        Term token = Process.NewTuple(p, 5);
        Term* e = token.TupleElements;
        e[0] = Term.Small(t->Flags);
        e[1] = label;
        e[2] = Term.Small(t->Serial);
        e[3] = t->From;
        e[4] = Term.Small(t->LastCount);
        return token;
    }

    /// <summary>Takes the token away.</summary>
    public static void Clear(Process* p)
    {
        if (p->Extra == null) return;
        if (p->Extra->SeqToken.Label != null) Signal.Free(p->Extra->SeqToken.Label);
        p->Extra->SeqToken = default;
    }

    public static uint Flag(Term name)
    {
        if (name == Am.Send) return Send;
        if (name == Am.Receive) return Receive;
        if (name == Am.Print) return Print;
        if (name == Am.Timestamp) return Timestamp;
        if (name == Am.StrictMonotonicTimestamp) return StrictMonotonic;
        return name == Am.MonotonicTimestamp ? Monotonic : 0;
    }

    private static bool Ensure(Process* p)
    {
        if (IsOn(p)) return true;
        ProcessExtra* x = ProcessExtra.Of(p);
        if (x == null) return false;
        x->SeqToken = new SeqToken { On = 1, From = p->Pid };
        return true;
    }

    /// <summary>{Name, Value} of a part of the token; [] or {Name, false} without one. None: there is no such part.</summary>
    public static Term Part(Process* p, Term name)
    {
        uint flag = Flag(name);
        if (flag != 0) return Process.Tuple(p, name, Term.Bool(IsOn(p) && (p->Extra->SeqToken.Flags & flag) != 0));
        if (name != Am.Label && name != Am.Serial) return Term.None;
        if (!IsOn(p)) return Term.Nil;
        if (name == Am.Label) return Process.Tuple(p, name, TermCopy.ToHeap(LabelOf(p), &p->Heap));
        return Process.Tuple(p, name, Process.Tuple(p, Term.Small(p->Extra->SeqToken.LastCount), Term.Small(p->Extra->SeqToken.Serial)));
    }

    /// <summary>Sets a part; gives what it was before as Part does. False: no such part, or a bad value.</summary>
    public static bool SetPart(Process* p, Term name, Term value, out Term old)
    {
        old = Part(p, name);
        if (old.IsNone) return false;
        uint flag = Flag(name);
        if (flag != 0)
        {
            if (!value.IsBoolean || !Ensure(p)) return false;
            SeqToken* t = &p->Extra->SeqToken;
            // One kind of time at a time.
            const uint Times = Timestamp | StrictMonotonic | Monotonic;
            if ((flag & Times) != 0 && value == Am.True) t->Flags &= ~Times;
            t->Flags = value == Am.True ? t->Flags | flag : t->Flags & ~flag;
            return true;
        }
        if (name == Am.Label)
        {
            Signal* s = Signal.Carrying(p->Machine, SignalKind.Message, value);
            if (s == null || !Ensure(p)) return false;
            if (p->Extra->SeqToken.Label != null) Signal.Free(p->Extra->SeqToken.Label);
            p->Extra->SeqToken.Label = s;
            return true;
        }
        if (!value.IsTupleOf(2) || !value.TupleElements[0].IsSmall || !value.TupleElements[1].IsSmall || !Ensure(p)) return false;
        p->Extra->SeqToken.LastCount = value.TupleElements[0].SmallValue;
        p->Extra->SeqToken.Serial = value.TupleElements[1].SmallValue;
        return true;
    }

    /// <summary>seq_trace:print: false when there is no token, or one with another label.</summary>
    public static bool Printed(Process* p, Term label, Term message)
    {
        if (!IsOn(p) || (!label.IsNone && !TermEquality.Exact(label, LabelOf(p)))) return false;
        SeqToken* t = &p->Extra->SeqToken;
        t->From = p->Pid;
        t->Serial++;
        Term tracer = p->Machine->Tracing.SeqTracer;
        if (tracer.IsNone || (t->Flags & Print) == 0) return true;
        TraceTerms.Begin(out TraceTerms room);
        ulong* what = stackalloc ulong[6];
        what[0] = Header.Make(Header.Tuple, 5);
        what[1] = Am.Print.Bits;
        what[2] = TraceTerms.Tuple(&room, Term.Small(t->LastCount), Term.Small(t->Serial)).Bits;
        what[3] = p->Pid.Bits;
        what[4] = Term.Nil.Bits;
        what[5] = message.Bits;
        Term* e = stackalloc Term[4];
        e[0] = Am.SeqTrace;
        e[1] = LabelOf(p);
        e[2] = Term.Boxed(what);
        uint flags = (t->Flags & Timestamp) != 0 ? TraceFlags.Timestamp : (t->Flags & StrictMonotonic) != 0 ? TraceFlags.StrictMonotonic
            : (t->Flags & Monotonic) != 0 ? TraceFlags.Monotonic : 0;
        if (flags != 0) e[3] = TraceMessages.Stamp(p->Machine, &room, flags);
        Signals.Tuple(p->Machine, p->Context, tracer, e, flags != 0 ? 4 : 3);
        return true;
    }
}
