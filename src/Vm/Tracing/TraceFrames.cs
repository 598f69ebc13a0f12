// What tracing puts on the stack under a traced call: a frame whose return address is one of these instructions.
//
//   return_from, exception_from: [code, module, function, arity, tracer or true, session number]     6 words
//   return_to:                   [code, session number]                                              2 words
//   measure:                     [code, session number, point of call_time / 8, point of call_memory / 8]   4 words
//   tail:                        [code, address behind a tail call of a traced native]           2 words: in OTP such a call returns to its function
//
// Like any frame: a return address (a word with the tag of headers) and terms, so the GC and the search for catches need to know nothing of them.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;

/// <summary>Frames of tracing.</summary>
public static unsafe class TraceFrames
{
    public const int CodeWords = 5, ReturnWords = 6, ReturnToWords = 2, MeasureWords = 4, TailWords = 2;

    /// <summary>Sets up the instructions.</summary>
    public static void Create(Machine* m)
    {
        m->Tracing.Code[0] = m->Tracing.Code[1] = m->Handlers[InstructionTable.FirstVariant[Specific.ReturnTrace]];
        m->Tracing.Code[2] = m->Handlers[InstructionTable.FirstVariant[Specific.ReturnToTrace]];
        m->Tracing.Code[3] = m->Handlers[InstructionTable.FirstVariant[Specific.ReturnMeasure]];
        m->Tracing.Code[4] = m->Handlers[InstructionTable.FirstVariant[Specific.ReturnTail]];
    }

    private static ulong* Code(Machine* m) => m->Tracing.Code;

    private static bool IsMeasure(Machine* m, Term word) => word.Bits == (ulong)(Code(m) + 3);

    private static bool IsTail(Machine* m, Term word) => word.Bits == (ulong)(Code(m) + 4);

    private static int Size(Machine* m, Term word) => IsReturnTo(m, word) ? ReturnToWords : IsMeasure(m, word) ? MeasureWords : ReturnWords;

    private static bool IsReturnTo(Machine* m, Term word) => word.Bits == (ulong)(Code(m) + 2);

    /// <summary>Whether a word of the stack is one of these return addresses.</summary>
    public static bool Is(Machine* m, Term word) => word.Bits - (ulong)Code(m) < CodeWords * 8;

    /// <summary>The first return address from <paramref name="at"/> on that is not tracing's.</summary>
    public static Term* Skip(Machine* m, Term* at)
    {
        while (IsUnder(m, at)) at += Size(m, *at);
        return IsTail(m, *at) ? at + 1 : at;
    }

    // Whether it belongs to the call that has been made last; the frame of a tail call stands for the function that made the call.
    private static bool IsUnder(Machine* m, Term* at) => Is(m, *at) && !IsTail(m, *at);

    /// <summary>Whether the frames of tracing on top of the stack have one for return_to of this session.</summary>
    public static bool HasReturnTo(Machine* m, Term* at, TraceSession* s)
    {
        for (; IsUnder(m, at); at += Size(m, *at))
            if (IsReturnTo(m, *at) && at[1].SmallValue == s->Id) return true;
        return false;
    }

    /// <summary>Whether the frames of tracing on top of the stack have one that measures for this session.</summary>
    public static bool HasMeasure(Machine* m, Term* at, long sessionId)
    {
        for (; IsUnder(m, at); at += Size(m, *at))
            if (IsMeasure(m, *at) && at[1].SmallValue == sessionId) return true;
        return false;
    }

    /// <summary>Pushes a frame that measures; there is room. The functions to go back to.</summary>
    public static void PushMeasure(Process* p, long sessionId, TracePoint* time, TracePoint* memory)
    {
        p->Heap.Stack -= MeasureWords;
        Term* e = (Term*)p->Heap.Stack;
        e[0] = new Term((ulong)(Code(p->Machine) + 3));
        e[1] = Term.Small(sessionId);
        e[2] = Term.Small((long)time >> 3);
        e[3] = Term.Small((long)memory >> 3);
    }

    /// <summary>A measured call has returned.</summary>
    public static void Measured(Process* p, Term* frame) =>
        CallClocks.Leave(p, frame[1].SmallValue, (TracePoint*)(frame[2].SmallValue << 3), (TracePoint*)(frame[3].SmallValue << 3));

    /// <summary>The tail call at I, of a traced native: pushes a frame that returns to its caller's. Arguments are in the x registers. False: memory is out.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static bool PushTail(Process* p, ulong* I, int arity)
    {
        if (p->Heap.Stack - p->Heap.Top < TailWords + Heap.StackReserve && !ProcessGc.Collect(p, TailWords, Context.Xs(p->Context), arity)) return false;
        p->Heap.Stack -= TailWords;
        Term* e = (Term*)p->Heap.Stack;
        e[0] = new Term((ulong)(Code(p->Machine) + 4));
        e[1] = new Term((ulong)(I + 1));
        return true;
    }

    /// <summary>Pushes a frame for return_to; there is room.</summary>
    public static void PushReturnTo(Process* p, TraceSession* s)
    {
        p->Heap.Stack -= ReturnToWords;
        Term* e = (Term*)p->Heap.Stack;
        e[0] = new Term((ulong)(Code(p->Machine) + 2));
        e[1] = Term.Small(s->Id);
    }

    /// <summary>Pushes a frame for return_from or exception_from; there is room. Tracer: true, or the pid of a meta tracer.</summary>
    public static void PushReturn(Process* p, TracePoint* at, bool exceptions, Term tracer, TraceSession* s)
    {
        p->Heap.Stack -= ReturnWords;
        Term* e = (Term*)p->Heap.Stack;
        e[0] = new Term((ulong)(Code(p->Machine) + (exceptions ? 1 : 0)));
        e[1] = at->Module;
        e[2] = at->Function;
        e[3] = Term.Small(at->Arity);
        e[4] = tracer;
        e[5] = Term.Small(s->Id);
    }

    // Who is told about the end of a call. False: nobody.
    private static bool Listener(Process* p, Term* frame, out Term tracer, out uint flags)
    {
        tracer = frame[4];
        flags = TraceFlags.Call | TraceFlags.Timestamp;
        if (tracer != Am.True) return true;
        Tracee* t = Tracees.Find(p, frame[5].SmallValue);
        if (t == null || (t->Flags & TraceFlags.Call) == 0 || !Tracees.IsActive(p, t)) return false;
        tracer = t->Tracer;
        flags = t->Flags;
        return true;
    }

    /// <summary>The traced call of this frame has given a value.</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Returned(Process* p, Term* frame, Term value)
    {
        if (!Listener(p, frame, out Term tracer, out uint flags)) return;
        TraceTerms.Begin(out TraceTerms room);
        Term mfa = TraceTerms.Tuple(&room, frame[1], frame[2], frame[3]);
        TraceMessages.Send(p, &room, tracer, flags, p->Pid, Am.ReturnFrom, mfa, value, Am.True);
    }

    /// <summary>A traced call has returned to the frame behind this one.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void ReturnedTo(Process* p, Term* frame)
    {
        Tracee* t = Tracees.Find(p, frame[1].SmallValue);
        if (t != null && (t->Flags & TraceFlags.ReturnTo) != 0) TellReturnTo(p, t, (ulong*)(Skip(p->Machine, frame)->Bits - 8));
    }

    [SkipLocalsInit]
    private static void TellReturnTo(Process* p, Tracee* t, ulong* address)
    {
        if (!Tracees.IsActive(p, t)) return;
        TraceTerms.Begin(out TraceTerms room);
        Term where = TraceMessages.FunctionAt(p->Machine, address, &room);
        TraceMessages.Send(p, &room, t->Tracer, t->Flags, p->Pid, Am.ReturnTo, where.IsSmall ? Am.Undefined : where, Term.None, Am.True);
    }

    /// <summary>An exception goes through the stack up to the nearest catch (or the end, when there is none): tells what traced calls it ends.</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Unwind(Process* p, Term kind, Term reason)
    {
        Machine* m = p->Machine;
        bool marked = false, uncaught = p->Catches <= 0 && kind == Am.Throw;
        if (uncaught) kind = Am.Error;
        ulong* handler = null;
        for (Term* at = (Term*)p->Heap.Stack; at < (Term*)p->Heap.End; at++)
        {
            if (at->IsCatch && p->Catches > 0)
            {
                handler = CodeTable.CatchTarget(m, at->CatchIndex);
                break;
            }
            if (!at->IsHeader || !Is(m, *at) || IsMeasure(m, *at) || IsTail(m, *at)) continue;
            if (IsReturnTo(m, *at))
            {
                Tracee* t = Tracees.Find(p, at[1].SmallValue);
                if (t != null && (t->Flags & TraceFlags.ReturnTo) != 0) t->Mark = 1;
                marked = true;
            }
            else if (at->Bits == (ulong)(Code(m) + 1) && Listener(p, at, out Term tracer, out uint flags))
            {
                TraceTerms.Begin(out TraceTerms room);
                Term mfa = TraceTerms.Tuple(&room, at[1], at[2], at[3]);
                TraceMessages.Send(p, &room, tracer, flags, p->Pid, Am.ExceptionFrom, mfa, TraceTerms.Tuple(&room, kind, uncaught ? TraceTerms.Tuple(&room, Am.Nocatch, reason) : reason), Am.True);
            }
        }
        for (Tracee* t = marked ? p->Tracees : null; t != null;)
        {
            Tracee* next = t->Next;
            if (t->Mark != 0)
            {
                t->Mark = 0;
                if (handler != null) TellReturnTo(p, t, handler);
            }
            t = next;
        }
    }
}
