// erlang:trace_info/2 and trace:info/3, trace:session_info/1.
namespace MyBeam.Vm;

using MyBeam.Memory;

public static unsafe class TraceInfoBifs
{
    [Bif("erlang:trace_info/2", BifKind.Traps)]
    public static Term Info2(Process* p, Term* a) => Info(p, &p->Machine->Tracing.Static, a[0], a[1]);

    /// <summary>a[0]: a session, or any (then a[2] is session: which sessions there are).</summary>
    [Bif("erts_internal:trace_info/3", BifKind.Traps)]
    public static Term Info3(Process* p, Term* a)
    {
        if (a[0] == Am.Any) return Sessions(p, a[1], a[2]);
        TraceSession* s = TraceSessions.Open(p->Machine, a[0], dead: false);
        return s == null ? Process.Badarg(p, Am.Session) : Info(p, s, a[1], a[2]);
    }

    private static Term Info(Process* p, TraceSession* s, Term what, Term key)
    {
        if (what == Am.OnLoad) return OnLoad(p, s, key);
        if (what == Am.Send || what == Am.Receive)
        {
            if (key != Am.MatchSpec) return Process.Badarg(p, Term.None);
            TraceEvent* e = what == Am.Send ? &s->Send : &s->Receive;
            return Process.Tuple(p, key, e->Off != 0 ? Am.False : e->Spec == null ? Am.True : Source(p, e->Spec));
        }
        if (what == Am.System && key == Am.All) return Process.Tuple(p, Am.System, SystemMonitorBifs.List(p, s));
        if (what.IsTuple) return OfFunction(p, s, what, key);
        if (key != Am.Flags && key != Am.Tracer) return Process.Badarg(p, IsKnown(what) ? Term.None : Am.Badopt);
        if (what.IsLocalPid) return OfProcess(p, s, what, key);
        if (what == Am.New || what == Am.NewProcesses)
            return Tracees.IsAlive(p->Machine, s->NewTracer) ? Answer(p, key, s->NewFlags, s->NewTracer) : Answer(p, key, 0, Term.None);
        if (what == Am.NewPorts) return Answer(p, key, 0, Term.None);
        return Process.Badarg(p, Am.Badopt);
    }

    private static bool IsKnown(Term what) => what.IsPid || what == Am.New || what == Am.NewProcesses || what == Am.NewPorts;

    private static Term Answer(Process* p, Term key, uint flags, Term tracer) =>
        Process.Tuple(p, key, key == Am.Flags ? TraceFlags.ToList(p, flags) : tracer.IsNone ? Term.Nil : tracer);

    private static Term OfProcess(Process* p, TraceSession* s, Term pid, Term key)
    {
        uint flags = 0;
        Term tracer = Term.None;
        Schedulers.StopAll(p->Machine);
        Process* q = ProcessTable.Lock(p->Machine, pid);
        if (q != null)
        {
            q->Lock.Unlock();
            Tracee* t = Tracees.Find(q, s);
            if (t != null && Tracees.IsAlive(p->Machine, t->Tracer))
            {
                flags = t->Flags;
                tracer = t->Tracer;
            }
        }
        Schedulers.GoOn(p->Machine);
        return q == null ? Am.Undefined : Answer(p, key, flags, tracer);
    }

    private static Term Source(Process* p, MatchSpec* spec) => spec == null ? Term.Nil : TermCopy.ToHeap(spec->Source, &p->Heap);

    private static Term OfFunction(Process* p, TraceSession* s, Term what, Term key)
    {
        if (!what.IsTupleOf(3)) return Process.Badarg(p, Term.None);
        Term* e = what.TupleElements;
        if (!e[0].IsAtom || !e[1].IsAtom || !e[2].IsSmall) return Process.Badarg(p, Term.None);
        if (key != Am.Traced && key != Am.MatchSpec && key != Am.Meta && key != Am.MetaMatchSpec && key != Am.CallCount && key != Am.CallTime && key != Am.CallMemory
            && key != Am.All) return Process.Badarg(p, Term.None);
        Machine* m = p->Machine;
        Export* export = ExportTable.Find(m, e[0], e[1], e[2].SmallValue);
        TracePoint* local = null;
        bool exists = export != null && (export->Native != null || export->Address != &export->Stub[3]);
        LoadedModule* module = CodeTable.Current(m, e[0]);
        for (int i = 0; module != null && i < module->FunctionCount; i++)
        {
            ulong* info = module->Code + module->FunctionWords[i];
            if (info[2] != e[1].Bits || (long)info[3] != e[2].SmallValue) continue;
            exists = true;
            local = Breakpoints.Find(m, info + 4);
        }
        if (!exists) return Process.Tuple(p, key, Am.Undefined);
        TraceBreak* b = Breakpoints.Of(Breakpoints.OfExport(export), s);
        if (b == null) b = Breakpoints.Of(local, s);
        if (b == null) return Process.Tuple(p, key, Am.False);
        if (key != Am.All) return Process.Tuple(p, key, Value(p, b, key));
        Term list = Term.Nil;
        list = Pair(p, b, Am.CallCount, list);
        list = Pair(p, b, Am.CallTime, list);
        list = Pair(p, b, Am.CallMemory, list);
        list = Pair(p, b, Am.MetaMatchSpec, list);
        list = Pair(p, b, Am.Meta, list);
        list = Pair(p, b, Am.MatchSpec, list);
        list = Pair(p, b, Am.Traced, list);
        return Process.Tuple(p, key, list);
    }

    private static Term Pair(Process* p, TraceBreak* b, Term key, Term list) => Process.Cons(p, Process.Tuple(p, key, Value(p, b, key)), list);

    private static Term Value(Process* p, TraceBreak* b, Term key)
    {
        bool global = (b->Flags & BreakFlags.Global) != 0, local = (b->Flags & BreakFlags.Local) != 0, meta = (b->Flags & BreakFlags.Meta) != 0;
        if (key == Am.Traced) return global ? Am.Global : local ? Am.Local : Am.False;
        if (key == Am.MatchSpec) return global || local ? Source(p, b->Spec) : Am.False;
        if (key == Am.Meta) return meta ? b->MetaTracer : Am.False;
        if (key == Am.MetaMatchSpec) return meta ? Source(p, b->MetaSpec) : Am.False;
        if (key == Am.CallCount) return (b->Flags & BreakFlags.Count) != 0 ? Process.Integer(p, b->Calls) : Am.False;
        bool time = key == Am.CallTime;
        return (b->Flags & (time ? BreakFlags.Time : BreakFlags.Memory)) != 0 ? CallCosts.ToList(&b->Costs, p, time) : Am.False;
    }

    private static Term OnLoad(Process* p, TraceSession* s, Term key)
    {
        OnLoadTrace* o = &s->OnLoad;
        if (o->Flags == 0) return Process.Tuple(p, key, Am.False);
        if (key != Am.Traced && key != Am.MatchSpec && key != Am.Meta && key != Am.MetaMatchSpec && key != Am.CallCount && key != Am.CallTime && key != Am.CallMemory
            && key != Am.All) return Process.Badarg(p, Term.None);
        TraceBreak b = new() { Flags = o->Flags, Spec = o->Spec, MetaSpec = o->MetaSpec, MetaTracer = o->MetaTracer };
        if (key != Am.All) return Process.Tuple(p, key, OnLoadValue(p, &b, key));
        Term list = Term.Nil;
        list = Process.Cons(p, Process.Tuple(p, Am.CallCount, OnLoadValue(p, &b, Am.CallCount)), list);
        list = Process.Cons(p, Process.Tuple(p, Am.MetaMatchSpec, OnLoadValue(p, &b, Am.MetaMatchSpec)), list);
        list = Process.Cons(p, Process.Tuple(p, Am.Meta, OnLoadValue(p, &b, Am.Meta)), list);
        list = Process.Cons(p, Process.Tuple(p, Am.MatchSpec, OnLoadValue(p, &b, Am.MatchSpec)), list);
        list = Process.Cons(p, Process.Tuple(p, Am.Traced, OnLoadValue(p, &b, Am.Traced)), list);
        return Process.Tuple(p, key, list);
    }

    private static Term OnLoadValue(Process* p, TraceBreak* b, Term key)
    {
        if (key == Am.CallCount) return Term.Bool((b->Flags & BreakFlags.Count) != 0);
        if (key == Am.CallTime) return Term.Bool((b->Flags & BreakFlags.Time) != 0);
        if (key == Am.CallMemory) return Term.Bool((b->Flags & BreakFlags.Memory) != 0);
        return Value(p, b, key);
    }

    // Which sessions trace something: {session, [{Name, Id}]}, or undefined for a function or a process that does not exist.
    private static Term Sessions(Process* p, Term what, Term key)
    {
        if (key != Am.Session) return Process.Badarg(p, Term.None);
        Machine* m = p->Machine;
        Term list = Term.Nil;
        Process* q = null;
        if (what.IsLocalPid)
        {
            Schedulers.StopAll(m);
            q = ProcessTable.Lock(m, what);
            if (q != null) q->Lock.Unlock();
            for (Tracee* t = q == null ? null : q->Tracees; t != null; t = t->Next)
                if (t->Session->Alive != 0) list = Process.Cons(p, TraceSessions.WeakName(p, t->Session), list);
            Schedulers.GoOn(m);
            return q == null ? Am.Undefined : Process.Tuple(p, key, list);
        }
        if (what.IsTuple)
        {
            Term any = Term.None;
            for (TraceSession* s = TraceSessions.Next(m, null); s != null; s = TraceSessions.Next(m, s))
            {
                Term one = OfFunction(p, s, what, Am.All);
                if (one.IsNone) return one;
                if (one.TupleElements[1].IsList) list = Process.Cons(p, TraceSessions.WeakName(p, s), list);
                if (one.TupleElements[1] == Am.Undefined) any = Am.Undefined;
            }
            return Process.Tuple(p, key, any.IsNone ? list : any);
        }
        for (TraceSession* s = TraceSessions.Next(m, null); s != null; s = TraceSessions.Next(m, s))
        {
            bool on;
            if (what == Am.Any) on = true;
            else if (what == Am.OnLoad) on = s->OnLoad.Flags != 0;
            else if (what == Am.Send) on = s->Send.Off == 0;
            else if (what == Am.Receive) on = s->Receive.Off == 0;
            else if (what == Am.New || what == Am.NewProcesses) on = s->NewFlags != 0;
            else if (what == Am.NewPorts) on = false;
            else return Process.Badarg(p, Am.Badopt);
            if (on) list = Process.Cons(p, TraceSessions.WeakName(p, s), list);
        }
        return Process.Tuple(p, key, list);
    }
}
