// Sequential tracing: the token of a process travels with what it sends, and the receiver goes on with it. A message with a token has a copy of it behind
// Signal.Data0 until the receiver takes the message; where the token is the receiver's already, nothing is kept.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using System.Threading;
using MyBeam.Memory;

/// <summary>The memory of a label that is no immediate, shared by all tokens that have it.</summary>
public unsafe struct SeqLabel
{
    public int Claims;
    public Signal* Carrier;
}

/// <summary>A token. From: who sent last; LastCount: the serial that the sender had seen before this one.</summary>
public unsafe struct SeqToken
{
    public uint Flags;
    public Term Label;
    /// <summary>Where the label is, or null for an immediate.</summary>
    public SeqLabel* Claim;
    public Term From;
    public long Serial, LastCount;
}

/// <summary>What a process has of sequential tracing; in ProcessExtra. The counters stay when the token is taken away.</summary>
public unsafe struct SeqState
{
    public SeqToken Token;
    public long Clock, LastCount;
}

/// <summary>Reads, changes and passes on tokens. TraceFlags.SeqToken in Process.Traced: there is one.</summary>
internal static unsafe class SeqTrace
{
    public const uint Send = 1, Receive = 2, Print = 4, Timestamp = 8, StrictMonotonic = 16, Monotonic = 32;

    /// <summary>Signal.Data0 of a message that says nothing about tokens: the receiver keeps its own.</summary>
    public const ulong Unchanged = 1;

    public static bool IsOn(Process* p) => (p->Traced & TraceFlags.SeqToken) != 0;

    /// <summary>{Flags, Label, Serial, From, LastCount}, or [].</summary>
    public static Term Token(Process* p)
    {
        if (!IsOn(p)) return Term.Nil;
        SeqToken* t = &p->Extra->Seq.Token;
        Term label = TermCopy.ToHeap(t->Label, &p->Heap);
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
        if (!IsOn(p)) return;
        Release(&p->Extra->Seq.Token);
        p->Extra->Seq.Token = default;
        p->Traced &= ~TraceFlags.SeqToken;
    }

    /// <summary>The system tracer, or false.</summary>
    public static Term Tracer(Machine* m) => m->Tracing.SeqTracer.IsNone ? Am.False : m->Tracing.SeqTracer;

    private static void Release(SeqToken* t)
    {
        SeqLabel* l = t->Claim;
        t->Claim = null;
        if (l == null || Interlocked.Decrement(ref l->Claims) != 0) return;
        Signal.Free(l->Carrier);
        Allocator.Free(l, (nuint)sizeof(SeqLabel), Owner.Process);
    }

    /// <summary>Frees the token of a signal, if it has one.</summary>
    public static void Release(Signal* s)
    {
        if (s->Data0 > Unchanged)
        {
            Release((SeqToken*)s->Data0);
            Allocator.Free((void*)s->Data0, (nuint)sizeof(SeqToken), Owner.Process);
        }
        s->Data0 = 0;
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
        x->Seq.Token = new SeqToken { Label = Term.Small(0), From = p->Pid, LastCount = x->Seq.LastCount };
        p->Traced |= TraceFlags.SeqToken;
        return true;
    }

    /// <summary>A part of the token: {Name, Value}; [] or {Name, false} without one. None: there is no such part.</summary>
    public static Term Part(Process* p, Term name)
    {
        if (!IsOn(p))
        {
            if (name == Am.Label || name == Am.Serial) return Term.Nil;
            return Flag(name) != 0 || name == Am.Spawn ? Process.Tuple(p, name, Am.False) : Term.None;
        }
        Term value = Value(p, name);
        return value.IsNone ? value : Process.Tuple(p, name, value);
    }

    private static Term Value(Process* p, Term name)
    {
        SeqToken* t = &p->Extra->Seq.Token;
        uint flag = Flag(name);
        if (flag != 0) return Term.Bool((t->Flags & flag) != 0);
        if (name == Am.Label) return TermCopy.ToHeap(t->Label, &p->Heap);
        return name == Am.Serial ? Process.Tuple(p, Term.Small(t->LastCount), Term.Small(t->Serial)) : Term.None;
    }

    /// <summary>Sets a part, of a new token when there is none; gives what it was before. False: no such part, or a bad value.</summary>
    public static bool SetPart(Process* p, Term name, Term value, out Term old)
    {
        old = Term.None;
        uint flag = Flag(name);
        bool good = flag != 0 ? value.IsBoolean
            : name == Am.Label || (name == Am.Serial && value.IsTupleOf(2) && value.TupleElements[0].IsSmall && value.TupleElements[1].IsSmall);
        if (!good || !Ensure(p)) return false;
        old = Value(p, name);
        SeqState* x = &p->Extra->Seq;
        if (flag != 0) x->Token.Flags = value == Am.True ? x->Token.Flags | flag : x->Token.Flags & ~flag;
        else if (name == Am.Label) return SetLabel(p, &x->Token, value);
        else
        {
            x->Token.LastCount = x->LastCount = value.TupleElements[0].SmallValue;
            x->Token.Serial = x->Clock = value.TupleElements[1].SmallValue;
        }
        return true;
    }

    private static bool SetLabel(Process* p, SeqToken* t, Term value)
    {
        SeqLabel* l = null;
        if (!value.IsImmediate)
        {
            Signal* carrier = Signal.Keeping(value);
            l = carrier == null ? null : (SeqLabel*)Allocator.Alloc((nuint)sizeof(SeqLabel), Owner.Process);
            if (l == null)
            {
                if (carrier != null) Signal.Free(carrier);
                return false;
            }
            l->Claims = 1;
            l->Carrier = carrier;
            value = carrier->Value;
        }
        Release(t);
        t->Label = value;
        t->Claim = l;
        return true;
    }

    // -- tokens on their way --

    private static SeqToken Shared(SeqToken* t)
    {
        if (t->Claim != null) Interlocked.Increment(ref t->Claim->Claims);
        return *t;
    }

    // Gives a signal a copy of a token.
    private static void Attach(SeqToken* t, Signal* s)
    {
        SeqToken* copy = (SeqToken*)Allocator.Alloc((nuint)sizeof(SeqToken), Owner.Process);
        if (copy == null) return;
        *copy = Shared(t);
        s->Data0 = (ulong)copy;
    }

    // A step of the process that has the token: its serial.
    private static SeqToken* Step(Process* p)
    {
        SeqState* x = &p->Extra->Seq;
        x->Token.From = p->Pid;
        x->Token.Serial = ++x->Clock;
        x->Token.LastCount = x->LastCount;
        return &x->Token;
    }

    /// <summary>A process that has a token sends this message.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Sending(Process* p, Term to, Signal* s, Term message)
    {
        SeqToken* t = Step(p);
        Tell(p, t, Send, Am.Send, to, message);
        Attach(t, s);
    }

    /// <summary>A process that has a token sends an exit signal: told as the message that it may become.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void SendingExit(Process* p, Term to, Signal* s, Term reason)
    {
        ulong* message = stackalloc ulong[] { Header.Make(Header.Tuple, 3), Am.EXIT.Bits, p->Pid.Bits, reason.Bits };
        SeqToken* t = Step(p);
        if (Hears(p->Machine, to)) Tell(p, t, Send, Am.Send, to, Term.Boxed(message));
        Attach(t, s);
    }

    // As in OTP, exit signals to a sensitive process are not told of.
    private static bool Hears(Machine* m, Term to)
    {
        Process* q = ProcessTable.Lock(m, to);
        if (q == null) return false;
        bool hears = !q->Flags.Sensitive && q->Status != ProcessStatus.Exiting;
        q->Lock.Unlock();
        return hears;
    }

    /// <summary>The receiver takes a message: it goes on with the message's token, or with none. Called when one of the two has any.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Taken(Process* p, Signal* s)
    {
        if (s->Data0 == Unchanged) return;
        Clear(p);
        if (s->Data0 == 0) return;
        ProcessExtra* x = ProcessExtra.Of(p);
        if (x == null) return;
        x->Seq.Token = Shared((SeqToken*)s->Data0);
        p->Traced |= TraceFlags.SeqToken;
        Release(s);
        x->Seq.LastCount = x->Seq.Token.Serial;
        x->Seq.Clock = System.Math.Max(x->Seq.Clock, x->Seq.Token.Serial);
        Tell(p, &x->Seq.Token, Receive, Am.Receive, p->Pid, Mailbox.ValueOf(p, s));
    }

    /// <summary>The part of the group leader that is no process: it receives a request and sends its answer, which gets the token.</summary>
    public static void Served(Process* p, Term server, Term request, Term answer, Signal* reply)
    {
        SeqToken t = *Step(p);
        Tell(p, &t, Send, Am.Send, server, request);
        Tell(p, &t, Receive, Am.Receive, server, request);
        t.From = server;
        t.LastCount = t.Serial++;
        Tell(p, &t, Send, Am.Send, p->Pid, answer);
        Attach(&t, reply);
    }

    /// <summary>A process that has a token has made another, which does not run yet: told as a request and its answer, as if these were messages.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    [SkipLocalsInit]
    public static void Spawning(Process* p, Process* child, Term module, Term function, Term args, long arity, Term options, Term reference, Term tag, bool asked)
    {
        SeqToken* t = Step(p);
        ProcessExtra* x = ProcessExtra.Of(child);
        if (x == null) return;
        TraceTerms.Begin(out TraceTerms room);
        ulong* request = stackalloc ulong[]
        {
            Header.Make(Header.Tuple, 8), Am.SpawnRequest.Bits, reference.Bits, p->Pid.Bits, child->GroupLeader.Bits,
            TraceTerms.Tuple(&room, module, function, Term.Small(arity)).Bits, options.Bits, tag.Bits, args.Bits,
        };
        x->Seq.Token = Shared(t);
        child->Traced |= TraceFlags.SeqToken;
        Tell(p, t, Send, Am.Send, child->Pid, Term.Boxed(request));
        Tell(p, t, Receive, Am.Receive, child->Pid, Term.Boxed(request));
        x->Seq.Clock = x->Seq.LastCount = t->Serial;
        t = Step(child);
        // spawn_request/5 sends a real answer.
        if (asked) return;
        ulong* answer = stackalloc ulong[] { Header.Make(Header.Tuple, 4), tag.Bits, reference.Bits, Am.Ok.Bits, child->Pid.Bits };
        Tell(p, t, Send, Am.Send, p->Pid, Term.Boxed(answer));
        p->Extra->Seq.LastCount = p->Extra->Seq.Clock = t->Serial;
        Tell(p, t, Receive, Am.Receive, p->Pid, Term.Boxed(answer));
    }

    /// <summary>The child's answer to spawn_request carries its token.</summary>
    public static void Answering(Process* p, Process* child, Signal* s, Term answer)
    {
        Tell(p, &child->Extra->Seq.Token, Send, Am.Send, p->Pid, answer);
        Attach(&child->Extra->Seq.Token, s);
    }

    /// <summary>seq_trace:print: false when there is no token, or one with another label.</summary>
    public static bool Printed(Process* p, Term label, Term message)
    {
        if (!IsOn(p) || (!label.IsNone && !TermEquality.Exact(label, p->Extra->Seq.Token.Label))) return false;
        Tell(p, Step(p), Print, Am.Print, Term.Nil, message);
        return true;
    }

    // {seq_trace, Label, {Type, {Last, Serial}, From, To, Message} [, Timestamp]} to the system tracer.
    [SkipLocalsInit]
    private static void Tell(Process* p, SeqToken* t, uint flag, Term type, Term to, Term message)
    {
        Machine* m = p->Machine;
        Term tracer = m->Tracing.SeqTracer;
        if (tracer.IsNone || (t->Flags & flag) == 0 || p->Flags.Sensitive || tracer == p->Pid) return;
        if (!Tracees.IsAlive(m, tracer))
        {
            m->Tracing.SeqTracer = Term.None;
            return;
        }
        TraceTerms.Begin(out TraceTerms room);
        ulong* what = stackalloc ulong[]
        {
            Header.Make(Header.Tuple, 5), type.Bits, TraceTerms.Tuple(&room, Term.Small(t->LastCount), Term.Small(t->Serial)).Bits, t->From.Bits, to.Bits, message.Bits,
        };
        Term* e = stackalloc Term[4];
        e[0] = Am.SeqTrace;
        e[1] = t->Label;
        e[2] = Term.Boxed(what);
        // All are remembered, the first of these is shown.
        uint flags = (t->Flags & Timestamp) != 0 ? TraceFlags.Timestamp : (t->Flags & StrictMonotonic) != 0 ? TraceFlags.StrictMonotonic
            : (t->Flags & Monotonic) != 0 ? TraceFlags.Monotonic : 0;
        if (flags != 0) e[3] = TraceMessages.Stamp(m, &room, flags);
        Signals.TraceTuple(m, p->Context, tracer, e, flags != 0 ? 4 : 3);
    }

    /// <summary>system_flag(reset_seq_trace, true): no process and no message has a token. Other schedulers stand still.</summary>
    public static void Reset(Machine* m)
    {
        for (int i = 0, left = ProcessTable.Count(m); left > 0 && i < ProcessTable.Limit(m); i++)
        {
            Process* p = ProcessTable.Place(m, i);
            if (p == null) continue;
            left--;
            Clear(p);
            if (p->Extra != null) p->Extra->Seq = default;
            for (Signal* s = p->MailFirst; s != null; s = s->Next) Release(s);
            p->Lock.Lock();
            for (Signal* s = p->InFirst; s != null; s = s->Next)
                if (s->Kind <= SignalKind.LinkExit) Release(s);
            p->Lock.Unlock();
        }
    }
}
