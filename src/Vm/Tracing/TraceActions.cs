// What match specifications of tracing may do to the traced process, and ask about it.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>The actions of MatchTrace.cs.</summary>
internal static unsafe class TraceActions
{
    /// <summary>MatchTraceRun.Act.</summary>
    public static Term Act(Process* p, MatchTraceRun* run, MatchAction action, Term* a)
    {
        TraceRun* context = (TraceRun*)run->Session;
        TraceSession* s = context->Session;
        switch (action)
        {
            case MatchAction.IsSeqTrace:
                return Term.Bool(SeqTrace.IsOn(p));
            case MatchAction.GetSeqToken:
                return SeqTrace.Token(p);
            case MatchAction.SetSeqToken:
                if (a[0] == Am.SequentialTraceToken && a[1].IsNil)
                {
                    SeqTrace.Clear(p);
                    return Am.True;
                }
                return SeqTrace.SetPart(p, a[0], a[1], out _) ? Am.True : Am.EXIT;
            case MatchAction.SetSeqTokenFake:
                return Am.False;
            case MatchAction.ProcessDump:
                return DumpProcess.Text(p);
            case MatchAction.EnableTrace:
                return Switch(p, s, p->Pid, a[0], true);
            case MatchAction.EnableTraceOf:
                return Switch(p, s, a[0], a[1], true);
            case MatchAction.DisableTrace:
                return Switch(p, s, p->Pid, a[0], false);
            case MatchAction.DisableTraceOf:
                return Switch(p, s, a[0], a[1], false);
            case MatchAction.Trace:
                return Both(p, s, p->Pid, a[0], a[1]);
            case MatchAction.TraceOf:
                return Both(p, s, a[0], a[1], a[2]);
            case MatchAction.Caller:
                return context->Call == 0 ? Am.Undefined : Caller(p, context->Caller, false);
            case MatchAction.CallerLine:
                return context->Call == 0 ? Am.Undefined : Caller(p, context->Caller, true);
            case MatchAction.CurrentStacktrace:
                return Exceptions.StackOf(p, a[0].IsSmall ? a[0].SmallValue : Exceptions.Depth);
            case MatchAction.Silent:
            {
                Tracee* t = Tracees.Find(p, s);
                if (t == null || !a[0].IsBoolean) return Am.True;
                t->Flags = a[0] == Am.True ? t->Flags | TraceFlags.Silent : t->Flags & ~TraceFlags.Silent;
                Tracees.Sum(p);
                return Am.True;
            }
            case MatchAction.GetTcw:
                return Term.Small(p->Machine->Tracing.ControlWord);
            case MatchAction.SetTcw:
            case MatchAction.SetTcwFake:
            {
                if (!a[0].IsSmall || (ulong)a[0].SmallValue > uint.MaxValue) return Term.None;
                Term old = Term.Small(p->Machine->Tracing.ControlWord);
                if (action == MatchAction.SetTcw) p->Machine->Tracing.ControlWord = a[0].SmallValue;
                return old;
            }
            default:
                return Am.True;
        }
    }

    // {M, F, A} of the calling function, with {File, Line} when asked for.
    private static Term Caller(Process* p, ulong* at, bool line)
    {
        if (at == null) at = (ulong*)(TraceFrames.Skip(p->Machine, (Term*)p->Heap.Stack)->Bits - 8);
        if (!CodeTable.Find(p->Machine, at, out CodeLocation where)) return Am.Undefined;
        if (!line) return Process.Tuple(p, where.Module, where.Function, Term.Small(where.Arity));
        Term t = Process.NewTuple(p, 4);
        t.TupleElements[0] = where.Module;
        t.TupleElements[1] = where.Function;
        t.TupleElements[2] = Term.Small(where.Arity);
        t.TupleElements[3] = Am.Undefined;
        if (where.Line != 0)
        {
            Term file = Exceptions.FileName(p, where);
            t.TupleElements[3] = Process.Tuple(p, file, Term.Small(where.Line));
        }
        return t;
    }

    // Who is to get the messages: the session's tracer, or that of the running process.
    private static Term TracerOf(Process* p, TraceSession* s)
    {
        if (!s->Tracer.IsNone) return s->Tracer;
        Tracee* t = Tracees.Find(p, s);
        return t == null ? Term.None : t->Tracer;
    }

    private static Term Switch(Process* p, TraceSession* s, Term pid, Term flag, bool on)
    {
        uint bits = flag.IsAtom ? TraceFlags.Bits(flag) : 0;
        if (bits == 0) return Am.EXIT;
        if (pid.IsAtom) pid = Registry.WhereIs(p->Machine, pid);
        if (pid.IsNone || !pid.IsLocalPid) return Am.EXIT;
        Set(p, s, pid, TracerOf(p, s), on ? 0 : bits, on ? bits : 0);
        return Am.True;
    }

    private static Term Both(Process* p, TraceSession* s, Term pid, Term off, Term on)
    {
        if (!TraceFlags.Read(off, s->Tracer.IsNone, out uint disable, out _, out _)) return Am.EXIT;
        if (!TraceFlags.Read(on, s->Tracer.IsNone, out uint enable, out Term tracer, out _)) return Am.EXIT;
        if (pid.IsAtom) pid = Registry.WhereIs(p->Machine, pid);
        if (pid.IsNone || !pid.IsLocalPid) return Am.EXIT;
        if (tracer.IsNone) tracer = TracerOf(p, s);
        return Set(p, s, pid, tracer, disable, enable);
    }

    // True when it changed something. Another process is changed by a signal that it handles itself.
    private static Term Set(Process* p, TraceSession* s, Term pid, Term tracer, uint disable, uint enable)
    {
        if (pid == p->Pid) return Term.Bool(Set(p, s, tracer, disable, enable));
        Signal* signal = Signals.Plain(SignalKind.Call, p->Pid);
        if (signal == null) return Am.False;
        signal->Run = &Later;
        signal->Value = tracer;
        signal->Id0 = disable;
        signal->Id1 = enable;
        signal->Data0 = (ulong)s->Id;
        Signals.Call(p->Machine, p->Context, pid, signal);
        return Am.True;
    }

    /// <summary>p links itself to another process: sessions that trace p with set_on_link or set_on_first_link trace that one, too, before it sees the link.</summary>
    public static void OnLink(Process* p, Term to)
    {
        for (Tracee* t = p->Tracees; t != null; t = t->Next)
        {
            bool first = (t->Flags & TraceFlags.SetOnFirstLink) != 0;
            if (!first && (t->Flags & TraceFlags.SetOnLink) == 0) continue;
            if (first) t->Flags &= ~(TraceFlags.SetOnFirstLink | TraceFlags.SetOnLink);
            if (Tracees.IsAlive(p->Machine, t->Tracer)) _ = Set(p, t->Session, to, t->Tracer, TraceFlags.SetOnFirstLink, t->Flags);
        }
        Tracees.Sum(p);
    }

    private static void Later(Process* q, Signal* signal)
    {
        TraceSession* s = q == null ? null : TraceSessions.Numbered(q->Machine, (long)signal->Data0);
        if (s != null && s->Alive != 0) Set(q, s, signal->Value, (uint)signal->Id0, (uint)signal->Id1);
        Signal.Free(signal);
    }

    private static bool Set(Process* p, TraceSession* s, Term tracer, uint disable, uint enable)
    {
        Tracee* t = Tracees.Find(p, s);
        if (t == null && (tracer.IsNone || enable == 0)) return false;
        if (t == null) t = Tracees.Ensure(p, s);
        if (t == null) return false;
        uint flags = tracer.IsNone ? 0 : (t->Flags & ~disable) | enable;
        bool changed = flags != t->Flags || tracer != t->Tracer;
        t->Flags = flags;
        t->Tracer = tracer;
        if (flags == 0) Tracees.Drop(p, s);
        else Tracees.Sum(p);
        return changed;
    }
}
