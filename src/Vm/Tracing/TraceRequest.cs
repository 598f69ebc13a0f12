// trace_pattern: which functions, and what happens to them.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>What trace_pattern is to do.</summary>
public enum TraceOperation
{
    Clear = 0, Set = 1, Restart = 2, Pause = 3,
}

/// <summary>One request.</summary>
public unsafe struct TraceRequest
{
    public TraceSession* Session;
    public TraceOperation Operation;
    /// <summary>The caller's claim; places take their own.</summary>
    public MatchSpec* Spec;
    /// <summary>BreakFlags; 0: global tracing.</summary>
    public uint Flags;
    /// <summary>A flag was given (also global).</summary>
    public bool Given;
    public Term MetaTracer;
    /// <summary>Names, or '_'; -1: any arity.</summary>
    public Term Module, Function;
    public long Arity;

    /// <summary>Reads the flags of trace_pattern/3. False: one is none, or they do not go together.</summary>
    public bool ReadFlags(Process* p, Term list)
    {
        bool global = false;
        MetaTracer = Term.None;
        for (; list.IsCons; list = list.Tail)
        {
            Term f = list.Head;
            uint bit = f == Am.Local ? BreakFlags.Local : f == Am.Meta ? BreakFlags.Meta : f == Am.CallCount ? BreakFlags.Count
                : f == Am.CallTime ? BreakFlags.Time : f == Am.CallMemory ? BreakFlags.Memory : 0;
            if (f.IsTupleOf(2) && Session->Tracer.IsNone && f.TupleElements[0] == Am.Meta && f.TupleElements[1].IsLocalPid)
            {
                MetaTracer = f.TupleElements[1];
                bit = BreakFlags.Meta;
            }
            else if (f == Am.Global) global = true;
            else if (bit == 0) return false;
            Flags |= bit;
            Given = true;
            if (global && Flags != 0) return false;
        }
        if ((Flags & BreakFlags.Meta) != 0 && MetaTracer.IsNone) MetaTracer = Session->Tracer.IsNone ? p->Pid : Session->Tracer;
        return list.IsNil;
    }

    private readonly bool Fits(Term module, Term function, long arity) =>
        (Module == Am.Underscore || Module == module) && (Function == Am.Underscore || Function == function) && (Arity < 0 || Arity == arity);

    /// <summary>Goes through all functions that exist; gives how many the request is for.</summary>
    public int All(Machine* m)
    {
        int locals = 0, globals = 0;
        uint index = 0;
        for (LoadedModule* module = CodeTable.Next(m, ref index); module != null; module = CodeTable.Next(m, ref index))
            if (Module == Am.Underscore || Module == module->Name) locals += Functions(m, module, ref globals);
        for (Export* e = ExportTable.Next(m, null); e != null; e = ExportTable.Next(m, e))
        {
            if (e->Native == null || !Fits(e->Module, e->Function, e->Arity)) continue;
            Native(m, e);
            locals++;
            globals++;
        }
        return Flags != 0 ? locals : globals;
    }

    /// <summary>The functions of one module that have no native.</summary>
    public int Functions(Machine* m, LoadedModule* module, ref int globals)
    {
        int locals = 0;
        for (int i = 0; i < module->FunctionCount; i++)
        {
            ulong* info = module->Code + module->FunctionWords[i];
            if (!Fits(module->Name, new Term(info[2]), (long)info[3])) continue;
            Export* e = ExportTable.Find(m, module->Name, new Term(info[2]), (long)info[3]);
            if (e != null && e->Native != null) continue;
            locals++;
            bool exported = e != null && e->Address != &e->Stub[3];
            if (exported) globals++;
            Code(m, info + 4, exported ? e : null);
        }
        return locals;
    }

    // restart and pause are for what counts; messages are set by them, too.
    private readonly bool Makes => Operation == TraceOperation.Set || (Flags & (BreakFlags.Local | BreakFlags.Meta)) != 0 || (Flags == 0 && Operation != TraceOperation.Clear);

    // e: the export of the function, or null.
    private void Code(Machine* m, ulong* entry, Export* e)
    {
        if (Flags != 0)
        {
            if (Operation != TraceOperation.Clear) ClearGlobal(m, e);
            Change(m, Makes ? Breakpoints.AtCode(m, entry) : Breakpoints.Find(m, entry));
            return;
        }
        if (Operation != TraceOperation.Clear)
        {
            TracePoint* local = Breakpoints.Find(m, entry);
            if (local != null) Breakpoints.Clear(m, local, Session, uint.MaxValue);
            if (e != null) Set(m, Breakpoints.AtExport(m, e), BreakFlags.Global);
        }
        else ClearGlobal(m, e);
    }

    private void ClearGlobal(Machine* m, Export* e)
    {
        TracePoint* point = Breakpoints.OfExport(e);
        if (point != null) Breakpoints.Clear(m, point, Session, BreakFlags.Global);
    }

    private void Native(Machine* m, Export* e)
    {
        TracePoint* point = Makes ? Breakpoints.AtExport(m, e) : Breakpoints.OfExport(e);
        if (point == null) return;
        if (Flags != 0)
        {
            if (Operation != TraceOperation.Clear) Breakpoints.Clear(m, point, Session, BreakFlags.Global);
            Change(m, point);
        }
        else if (Operation == TraceOperation.Clear) Breakpoints.Clear(m, point, Session, BreakFlags.Global);
        else
        {
            Breakpoints.Clear(m, point, Session, uint.MaxValue);
            Set(m, point, BreakFlags.Global);
        }
    }

    private void Change(Machine* m, TracePoint* point)
    {
        if (point == null) return;
        if (Operation == TraceOperation.Clear)
        {
            uint off = Flags;
            if ((off & BreakFlags.Count) != 0) off |= BreakFlags.CountActive;
            if ((off & BreakFlags.Time) != 0) off |= BreakFlags.TimeActive;
            if ((off & BreakFlags.Memory) != 0) off |= BreakFlags.MemoryActive;
            Breakpoints.Clear(m, point, Session, off);
            return;
        }
        if ((Flags & BreakFlags.Local) != 0) Set(m, point, BreakFlags.Local);
        if ((Flags & BreakFlags.Meta) != 0) Set(m, point, BreakFlags.Meta);
        Count(m, point, BreakFlags.Count, BreakFlags.CountActive);
        Count(m, point, BreakFlags.Time, BreakFlags.TimeActive);
        Count(m, point, BreakFlags.Memory, BreakFlags.MemoryActive);
    }

    private void Count(Machine* m, TracePoint* point, uint flag, uint active)
    {
        if ((Flags & flag) == 0) return;
        TraceBreak* b = Breakpoints.Of(point, Session);
        bool there = b != null && (b->Flags & flag) != 0;
        if (Operation == TraceOperation.Set && b == null) b = Breakpoints.Ensure(point, Session);
        if (b == null || (!there && Operation != TraceOperation.Set)) return;
        b->Flags |= flag;
        if (Operation == TraceOperation.Pause) b->Flags &= ~active;
        else
        {
            b->Flags |= active;
            if (flag == BreakFlags.Count) b->Calls = 0;
            else CallCosts.Reset(&b->Costs, flag == BreakFlags.Time);
        }
        Breakpoints.Arm(m, point);
    }

    private void Set(Machine* m, TracePoint* point, uint flag)
    {
        TraceBreak* b = Breakpoints.Ensure(point, Session);
        if (b == null) return;
        b->Flags |= flag;
        if (Spec != null) MatchSpecs.AddRef(Spec);
        if (flag == BreakFlags.Meta)
        {
            MatchSpecs.Release(b->MetaSpec);
            b->MetaSpec = Spec;
            b->MetaTracer = MetaTracer;
        }
        else
        {
            MatchSpecs.Release(b->Spec);
            b->Spec = Spec;
        }
        Breakpoints.Arm(m, point);
    }

    /// <summary>trace_pattern(on_load, …): what modules that are loaded from now on get.</summary>
    public readonly void SetOnLoad(TraceSession* s)
    {
        OnLoadTrace* o = &s->OnLoad;
        bool on = Operation != TraceOperation.Clear;
        bool calls = Flags == 0 || (Flags & BreakFlags.Local) != 0;
        if (calls || !on)
        {
            MatchSpecs.Release(o->Spec);
            o->Spec = null;
            if (on && Spec != null)
            {
                MatchSpecs.AddRef(Spec);
                o->Spec = Spec;
            }
        }
        if ((Flags & BreakFlags.Meta) != 0)
        {
            MatchSpecs.Release(o->MetaSpec);
            o->MetaSpec = null;
            o->MetaTracer = MetaTracer;
            if (on && Spec != null)
            {
                MatchSpecs.AddRef(Spec);
                o->MetaSpec = Spec;
            }
        }
        uint flags = Flags == 0 ? BreakFlags.Global : Flags;
        if (!on) o->Flags &= ~flags;
        else if (Flags == 0) o->Flags = BreakFlags.Global;
        else o->Flags = (o->Flags & ~BreakFlags.Global) | flags;
    }

    /// <summary>A module has become current: what traced the version before is gone, on_load applies. The code lock is held.</summary>
    public static void Loaded(Machine* m, LoadedModule* module)
    {
        if (!Breakpoints.Any(m) && !AnyOnLoad(m)) return;
        Schedulers.StopAll(m);
        Breakpoints.Replaced(m, module->Name);
        for (TraceSession* s = TraceSessions.Next(m, null); s != null; s = TraceSessions.Next(m, s))
        {
            if (s->OnLoad.Flags == 0) continue;
            TraceRequest r = default;
            r.Session = s;
            r.Operation = TraceOperation.Set;
            r.Module = r.Function = Am.Underscore;
            r.Arity = -1;
            r.MetaTracer = s->OnLoad.MetaTracer;
            int count = 0;
            uint flags = s->OnLoad.Flags;
            if ((flags & BreakFlags.Meta) != 0)
            {
                r.Flags = BreakFlags.Meta;
                r.Spec = s->OnLoad.MetaSpec;
                r.Functions(m, module, ref count);
            }
            r.Flags = flags & ~(BreakFlags.Meta | BreakFlags.Global);
            r.Spec = s->OnLoad.Spec;
            if (r.Flags != 0 || flags == BreakFlags.Global) r.Functions(m, module, ref count);
        }
        Schedulers.GoOn(m);
    }

    /// <summary>A module is about to have no current version. The code lock is held.</summary>
    public static void Deleted(Machine* m, Term module)
    {
        if (!Breakpoints.Any(m)) return;
        Schedulers.StopAll(m);
        Breakpoints.Replaced(m, module);
        Schedulers.GoOn(m);
    }

    private static bool AnyOnLoad(Machine* m)
    {
        for (TraceSession* s = TraceSessions.Next(m, null); s != null; s = TraceSessions.Next(m, s))
            if (s->OnLoad.Flags != 0) return true;
        return false;
    }
}
