// Natives that set up tracing: erlang:trace/3 and trace_pattern/2,3 and the functions of the module trace are Erlang code around these.
namespace MyBeam.Vm;

using MyBeam.Memory;

public static unsafe class TraceBifs
{
    /// <summary>Stops all other schedulers; changes of tracing happen in between. The code does not change meanwhile either.</summary>
    private static void Begin(Machine* m)
    {
        Schedulers.LockCode(m);
        Schedulers.StopAll(m);
        TraceSessions.Clean(m);
    }

    private static Term End(Machine* m, Term result)
    {
        Schedulers.GoOn(m);
        Schedulers.UnlockCode(m);
        return result;
    }

    // -- sessions --

    /// <summary>Name, tracer (a pid, also of a process that has ended, or undefined), options (none). Gives {Reference, {Name, Id}}.</summary>
    [Bif("erts_internal:trace_session_create/3")]
    public static Term SessionCreate(Process* p, Term* a)
    {
        if (!a[0].IsAtom || !a[2].IsNil) return Process.Badarg(p);
        if (a[1] != Am.Undefined && !a[1].IsLocalPid) return Process.Badarg(p);
        Begin(p->Machine);
        TraceSession* s = TraceSessions.New(p->Machine, a[0], a[1] == Am.Undefined ? Term.None : a[1]);
        End(p->Machine, Am.Ok);
        if (s == null) return Process.SystemLimit(p);
        Term reference = MagicRefs.Make(p, &s->Head);
        return reference.IsNone ? reference : Process.Tuple(p, reference, TraceSessions.WeakName(p, s));
    }

    [Bif("erts_internal:trace_session_destroy/1")]
    public static Term SessionDestroy(Process* p, Term* a)
    {
        Begin(p->Machine);
        TraceSession* s = TraceSessions.Open(p->Machine, a[0], dead: true);
        bool was = s != null && s->Alive != 0;
        if (was)
        {
            s->Alive = 0;
            TraceSessions.Clean(p->Machine);
        }
        End(p->Machine, Am.Ok);
        return s == null ? Process.Badarg(p, Am.Badopt) : Term.Bool(was);
    }

    // -- processes --

    [Bif("erts_internal:trace/3")]
    public static Term Trace3(Process* p, Term* a)
    {
        Begin(p->Machine);
        return End(p->Machine, Trace(p, &p->Machine->Tracing.Static, a));
    }

    [Bif("erts_internal:trace/4")]
    public static Term Trace4(Process* p, Term* a)
    {
        Begin(p->Machine);
        TraceSession* s = TraceSessions.Open(p->Machine, a[0], dead: false);
        return End(p->Machine, s == null ? Process.Badarg(p, Am.Session) : Trace(p, s, a + 1));
    }

    // Of whom, on or off, flags. Gives the number of processes.
    private static Term Trace(Process* p, TraceSession* s, Term* a)
    {
        Machine* m = p->Machine;
        if (!TraceFlags.Read(a[2], s->Tracer.IsNone, out uint flags, out Term tracer, out bool cpuTime)) return Process.Badarg(p, Am.Badopt);
        // The processor time of all processes is one clock.
        if (!a[1].IsBoolean || (cpuTime && a[0] != Am.All)) return Process.Badarg(p, Term.None);
        bool on = a[1] == Am.True;
        if (on && tracer.IsNone) tracer = s->Tracer.IsNone ? p->Pid : s->Tracer;
        if (on && !Tracees.IsAlive(m, tracer)) return Process.Badarg(p, Term.None);
        if (cpuTime) m->Tracing.CpuTime = on ? 1 : 0;
        Term of = a[0];
        if (of.IsPid)
        {
            Process* q = ProcessTable.Lock(m, of);
            if (q == null) return Process.Badarg(p, Term.None);
            q->Lock.Unlock();
            return Tracees.Change(q, s, on, flags, tracer) ? Term.Small(1) : Process.Badarg(p, Term.None);
        }
        bool existing = of == Am.All || of == Am.Existing || of == Am.Processes || of == Am.ExistingProcesses;
        bool fresh = of == Am.All || of == Am.New || of == Am.Processes || of == Am.NewProcesses;
        // There are no ports.
        if (!existing && !fresh && of != Am.Ports && of != Am.ExistingPorts && of != Am.NewPorts) return Process.Badarg(p, Term.None);
        int count = existing && (flags & (TraceFlags.OfProcesses)) != 0 ? ChangeAll(m, s, on, flags, tracer) : 0;
        if (fresh && (flags & TraceFlags.OfProcesses) != 0) ChangeNew(m, s, on, flags & TraceFlags.OfProcesses, tracer);
        return Term.Small(count);
    }

    private static int ChangeAll(Machine* m, TraceSession* s, bool on, uint flags, Term tracer)
    {
        int count = 0;
        for (int i = 0, left = ProcessTable.Count(m); left > 0 && i < ProcessTable.Limit(m); i++)
        {
            Process* q = ProcessTable.Place(m, i);
            if (q == null) continue;
            left--;
            if (q->Status != ProcessStatus.Exiting && Tracees.Change(q, s, on, flags, tracer)) count++;
        }
        return count;
    }

    private static void ChangeNew(Machine* m, TraceSession* s, bool on, uint flags, Term tracer)
    {
        bool before = s->NewFlags != 0;
        s->NewFlags = on ? s->NewFlags | flags : s->NewFlags & ~flags;
        if (on) s->NewTracer = tracer;
        if (s->NewFlags == 0) s->NewTracer = Term.None;
        if (before != (s->NewFlags != 0)) m->Tracing.NewProcesses += before ? -1 : 1;
    }

    /// <summary>Messages of tracing are in their receiver's row as soon as they are made.</summary>
    [Bif("erlang:trace_delivered/1")]
    public static Term TraceDelivered(Process* p, Term* a)
    {
        if (a[0] != Am.All && !a[0].IsLocalPid) return Process.Badarg(p);
        Term reference = TimeBifs.NewReference(p);
        Term* e = stackalloc Term[] { Am.TraceDelivered, a[0], reference };
        Signals.TraceTuple(p->Machine, p->Context, p->Pid, e, 3);
        return reference;
    }

    // -- functions, send, receive --

    [Bif("erts_internal:trace_pattern/3")]
    public static Term Pattern3(Process* p, Term* a)
    {
        Begin(p->Machine);
        return End(p->Machine, Pattern(p, &p->Machine->Tracing.Static, a));
    }

    [Bif("erts_internal:trace_pattern/4")]
    public static Term Pattern4(Process* p, Term* a)
    {
        Begin(p->Machine);
        TraceSession* s = TraceSessions.Open(p->Machine, a[0], dead: false);
        return End(p->Machine, s == null ? Process.Badarg(p, Am.Session) : Pattern(p, s, a + 1));
    }

    // What, specification, flags. Gives the number of functions.
    private static Term Pattern(Process* p, TraceSession* s, Term* a)
    {
        TraceRequest r = default;
        r.Session = s;
        if (!r.ReadFlags(p, a[2])) return Process.Badarg(p, Am.Badopt);
        Term spec = a[1];
        r.Operation = TraceOperation.Set;
        if (spec == Am.False) r.Operation = TraceOperation.Clear;
        else if (spec == Am.Restart) r.Operation = TraceOperation.Restart;
        else if (spec == Am.Pause) r.Operation = TraceOperation.Pause;
        else if (!spec.IsNil && spec != Am.True)
        {
            MatchSpecKind kind = a[0] == Am.Receive ? MatchSpecKind.Trace : a[0] == Am.Send ? MatchSpecKind.Trace | MatchSpecKind.AllowTraceOps : MatchSpecKind.TraceCalls;
            r.Spec = MatchSpecs.Compile(p, spec, kind, out MatchSpecError error);
            if (r.Spec == null) return error == MatchSpecError.SystemLimit ? Process.SystemLimit(p) : Process.Badarg(p, Am.MatchSpec);
        }
        Term result = Apply(p, s, a[0], ref r);
        MatchSpecs.Release(r.Spec);
        return result;
    }

    private static Term Apply(Process* p, TraceSession* s, Term what, ref TraceRequest r)
    {
        Machine* m = p->Machine;
        const uint Counts = BreakFlags.Count | BreakFlags.Time | BreakFlags.Memory;
        if (r.Spec != null && (r.Flags & Counts) != 0 && (r.Flags & (BreakFlags.Local | BreakFlags.Meta)) == 0) return Process.Badarg(p, Am.CallCount);
        if (what == Am.OnLoad)
        {
            r.SetOnLoad(s);
            return Term.Small(0);
        }
        if (what.IsTupleOf(3))
        {
            Term* e = what.TupleElements;
            if (!e[0].IsAtom || !e[1].IsAtom || (!e[2].IsSmall && e[2] != Am.Underscore)) return Process.Badarg(p, Am.None);
            if (e[0] == Am.Underscore && e[1] != Am.Underscore) return Process.Badarg(p, Am.None);
            if (e[1] == Am.Underscore && e[2] != Am.Underscore) return Process.Badarg(p, Am.None);
            r.Module = e[0];
            r.Function = e[1];
            r.Arity = e[2].IsSmall ? e[2].SmallValue : -1;
            return Term.Small(r.All(m));
        }
        if (what != Am.Send && what != Am.Receive || r.Given || r.Operation > TraceOperation.Set) return Process.Badarg(p, Am.None);
        if (r.Spec != null) MatchSpecs.AddRef(r.Spec);
        if (what == Am.Send) s->Send.Set(r.Operation == TraceOperation.Set, r.Spec);
        else s->Receive.Set(r.Operation == TraceOperation.Set, r.Spec);
        return Term.Small(1);
    }
}
