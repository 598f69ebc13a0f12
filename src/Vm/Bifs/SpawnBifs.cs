// Natives of erlang that make processes.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Options of spawn_opt and spawn_request.</summary>
public unsafe struct SpawnOptions
{
    public bool Link, Monitor, AsyncDist, System;
    /// <summary>Flags of the monitor's alias (MonitorFlags), and its tag or None.</summary>
    public ulong AliasFlags;
    public Term MonitorTag;
    /// <summary>None: the default.</summary>
    public Term Priority, MessageQueue, MaxHeap;
    /// <summary>-1: the default.</summary>
    public long MinHeap, FullSweep, MinBinHeap;
    /// <summary>0: any.</summary>
    public long Scheduler;
    /// <summary>{link, [priority]}.</summary>
    public bool LinkFirst;
    /// <summary>spawn_request: the tag of its answer, and whether a success and an error are answered.</summary>
    public Term ReplyTag;
    /// <summary>The list that was read, or None.</summary>
    public Term Source;
    public bool ReplySuccess, ReplyError;
    /// <summary>It is a spawn_request.</summary>
    public bool Request;

    public static SpawnOptions Default => new() { MinHeap = -1, FullSweep = -1, MinBinHeap = -1, ReplyTag = Am.SpawnReply, Source = Term.None, ReplySuccess = true, ReplyError = true };

    /// <summary>Reads an option list. False: an option is none; <paramref name="proper"/> is false when the list is none.</summary>
    public bool Read(Term list, bool request, out bool proper)
    {
        proper = true;
        Source = list;
        for (; list.IsCons; list = list.Tail)
            if (!Option(list.Head, request)) return false;
        proper = list.IsNil;
        return proper;
    }

    private bool Option(Term o, bool request)
    {
        if (o == Am.Link) { Link = true; return true; }
        if (o == Am.Monitor) { Monitor = true; return true; }
        if (!o.IsTupleOf(2)) return false;
        Term key = o.TupleElements[0], value = o.TupleElements[1];
        if (key == Am.Link)
        {
            Link = true;
            LinkFirst = value.IsCons;
            return LinkBifs.OnlyPriority(value);
        }
        if (key == Am.Monitor)
        {
            Monitor = true;
            return LinkBifs.MonitorOptions(value, out AliasFlags, out MonitorTag);
        }
        if (key == Am.Priority)
        {
            Priority = value;
            return value == Am.Low || value == Am.Normal || value == Am.High || value == Am.Max;
        }
        if (key == Am.MessageQueueData)
        {
            MessageQueue = value;
            return value == Am.OnHeap || value == Am.OffHeap;
        }
        if (key == Am.MinHeapSize) return Number(value, out MinHeap);
        if (key == Am.FullsweepAfter) return Number(value, out FullSweep);
        if (key == Am.MinBinVheapSize) return Number(value, out MinBinHeap);
        if (key == Am.MaxHeapSize)
        {
            MaxHeap = value;
            return ProcessFlags.IsMaxHeapSize(value);
        }
        if (key == Am.AsyncDist)
        {
            AsyncDist = value == Am.True;
            return value.IsBoolean;
        }
        if (key == Am.Scheduler) return Number(value, out Scheduler) && Scheduler <= Schedulers.Most;
        if (!request) return false;
        if (key == Am.ReplyTag) { ReplyTag = value; return true; }
        if (key != Am.Reply) return false;
        ReplySuccess = value == Am.Yes || value == Am.SuccessOnly;
        ReplyError = value == Am.Yes || value == Am.ErrorOnly;
        return ReplySuccess || ReplyError || value == Am.No;
    }

    private static bool Number(Term t, out long n)
    {
        n = t.IsSmall ? t.SmallValue : -1;
        return n >= 0;
    }
}

/// <summary>Spawning.</summary>
public static unsafe class SpawnBifs
{
    [Bif("erlang:spawn/3")]
    public static Term Spawn3(Process* p, Term* a) => SpawnMfa(p, a, false);

    [Bif("erlang:spawn_link/3")]
    public static Term SpawnLink3(Process* p, Term* a) => SpawnMfa(p, a, true);

    [Bif("erlang:spawn/1")]
    public static Term Spawn1(Process* p, Term* a) => SpawnFun(p, a[0], false);

    [Bif("erlang:spawn_link/1")]
    public static Term SpawnLink1(Process* p, Term* a) => SpawnFun(p, a[0], true);

    private static Term SpawnMfa(Process* p, Term* a, bool link)
    {
        if (!a[0].IsAtom || !a[1].IsAtom || !IsProper(a[2])) return Process.Badarg(p);
        SpawnOptions o = SpawnOptions.Default;
        o.Link = link;
        return Spawn(p, a[0], a[1], a[2], ref o, out _);
    }

    private static Term SpawnFun(Process* p, Term f, bool link)
    {
        // A fun that takes arguments ends the new process; only spawn_link refuses it (as in OTP).
        if (!f.IsFun || (link && Ops.FunArity(f) != 0)) return Process.Badarg(p);
        SpawnOptions o = SpawnOptions.Default;
        o.Link = link;
        return Spawn(p, Am.Erlang, Am.Apply, Process.Cons(p, f, Process.Cons(p, Term.Nil, Term.Nil)), ref o, out _);
    }

    /// <summary>spawn_monitor/1: {Pid, Reference}.</summary>
    [Bif("erlang:spawn_monitor/1")]
    public static Term SpawnMonitor1(Process* p, Term* a)
    {
        if (!a[0].IsFun || Ops.FunArity(a[0]) != 0) return Process.Badarg(p);
        SpawnOptions o = SpawnOptions.Default;
        o.Monitor = true;
        return WithReference(p, Spawn(p, Am.Erlang, Am.Apply, Process.Cons(p, a[0], Process.Cons(p, Term.Nil, Term.Nil)), ref o, out Term reference), reference);
    }

    [Bif("erlang:spawn_monitor/3")]
    public static Term SpawnMonitor3(Process* p, Term* a)
    {
        if (!a[0].IsAtom || !a[1].IsAtom || !IsProper(a[2])) return Process.Badarg(p);
        SpawnOptions o = SpawnOptions.Default;
        o.Monitor = true;
        return WithReference(p, Spawn(p, a[0], a[1], a[2], ref o, out Term reference), reference);
    }

    [Bif("erlang:spawn_opt/4")]
    public static Term SpawnOpt4(Process* p, Term* a)
    {
        SpawnOptions o = SpawnOptions.Default;
        if (!a[0].IsAtom || !a[1].IsAtom || !IsProper(a[2])) return Process.Badarg(p);
        if (!o.Read(a[3], false, out _)) return Process.Badarg(p, Am.Badopt);
        return WithReference(p, Spawn(p, a[0], a[1], a[2], ref o, out Term reference), reference);
    }

    private static Term WithReference(Process* p, Term pid, Term reference) => pid.IsNone || reference.IsNone ? pid : Process.Tuple(p, pid, reference);

    /// <summary>What spawn_request/5 calls: a reference, or the atoms badarg and badopt.</summary>
    [Bif("erts_internal:spawn_request/4")]
    public static Term SpawnRequest(Process* p, Term* a)
    {
        SpawnOptions o = SpawnOptions.Default;
        if (!a[0].IsAtom || !a[1].IsAtom || !IsProper(a[2])) return Am.Badarg;
        if (!o.Read(a[3], true, out bool proper)) return proper ? RequestFailed(p, ref o, Am.Badopt) : Am.Badopt;
        o.Request = true;
        Term pid = Spawn(p, a[0], a[1], a[2], ref o, out Term reference);
        if (reference.IsNone) reference = TimeBifs.NewReference(p);
        if (pid.IsNone)
        {
            p->Fail = FailKind.None;
            if (!o.ReplyError) return reference;
            Term* no = stackalloc Term[] { o.ReplyTag, reference, Am.Error, Am.SystemLimit };
            Signals.TraceTuple(p->Machine, p->Context, p->Pid, no, 4);
        }
        return reference;
    }

    /// <summary>Spawning on another node: there is no connection to any. The arguments: node, {M, F, Args}, options, who asks.</summary>
    [Bif("erts_internal:dist_spawn_request/4")]
    public static Term DistSpawnRequest(Process* p, Term* a)
    {
        if (!a[0].IsAtom || !a[1].IsTupleOf(3)) return Am.Badarg;
        Term* e = a[1].TupleElements;
        if (!e[0].IsAtom || !e[1].IsAtom || !IsProper(e[2])) return Am.Badarg;
        SpawnOptions o = SpawnOptions.Default;
        bool good = o.Read(a[2], true, out bool proper);
        if (a[3] != Am.SpawnOpt) return proper ? RequestFailed(p, ref o, Am.Noconnection) : Am.Badarg;
        // spawn_opt/5 waits for the answer by itself, and wants to know whether there is a monitor.
        SpawnOptions plain = SpawnOptions.Default;
        return Process.Tuple(p, RequestFailed(p, ref plain, good ? Am.Noconnection : Am.Badopt), Term.Bool(o.Monitor));
    }

    private static Term RequestFailed(Process* p, ref SpawnOptions o, Term reason)
    {
        Term reference = TimeBifs.NewReference(p);
        if (!o.ReplyError) return reference;
        Term* no = stackalloc Term[] { o.ReplyTag, reference, Am.Error, reason };
        Signals.TraceTuple(p->Machine, p->Context, p->Pid, no, 4);
        return reference;
    }

    /// <summary>A local request has its answer at once: there is nothing to give up.</summary>
    [Bif("erlang:spawn_request_abandon/1")]
    public static Term SpawnRequestAbandon(Process* p, Term* a) => a[0].IsReference ? Am.False : Process.Badarg(p);

    [Bif("erts_internal:spawn_system_process/3")]
    public static Term SpawnSystemProcess(Process* p, Term* a)
    {
        if (!a[0].IsAtom || !a[1].IsAtom || !IsProper(a[2])) return Process.Badarg(p);
        SpawnOptions o = SpawnOptions.Default;
        return SpawnSystem(p, a[0], a[1], a[2], ref o);
    }

    /// <summary>Makes a process whose end is the end of the VM. Its pid, or None with an exception.</summary>
    public static Term SpawnSystem(Process* p, Term module, Term function, Term args, ref SpawnOptions o)
    {
        o.System = p->Machine->Full != 0;
        return Spawn(p, module, function, args, ref o, out _);
    }

    private static bool IsProper(Term list)
    {
        while (list.IsCons) list = list.Tail;
        return list.IsNil;
    }

    /// <summary>Makes a process that calls M:F(Args) and lets it run. Gives its pid; the monitor's reference when one was asked for.</summary>
    public static Term Spawn(Process* p, Term module, Term function, Term args, ref SpawnOptions o, out Term reference)
    {
        Machine* m = p->Machine;
        reference = Term.None;
        // A fun of no arguments is not copied: only what it has bound is.
        Fun* f = ApplyIsTraced(m) ? null : LocalFun(module, function, args);
        long words = 0;
        if (f == null) words = TermSize.ForCopy(args, &m->HeapShared);
        else
        {
            for (int i = 0; i < ((FunEntry*)f->Entry)->FreeCount && words >= 0; i++)
            {
                long n = TermSize.ForCopy(((Term*)f)[Fun.HeaderWords + i], &m->HeapShared);
                words = n < 0 ? n : words + n;
            }
        }
        long size = words + ProcessState.FirstHeap;
        if (o.MinHeap > size) size = Gc.NextSize(o.MinHeap);
        Process* child = words < 0 ? null : ProcessState.Create(m, p->Context, size);
        if (child == null) return Process.SystemLimit(p);
        if (o.MinHeap >= 0) child->Heap.MinSize = System.Math.Max(Gc.NextSize(o.MinHeap), m->HeapShared.MinHeapSize);
        if (o.FullSweep >= 0) child->Heap.FullSweepAfter = (int)(o.FullSweep & 65535);
        if (o.System) child->Flags.SetSystem();
        if (o.AsyncDist) child->Flags.SetAsyncDist(true);
        // As in OTP, it counts only together with one of these.
        if (o.MinBinHeap >= 0 && (o.MinHeap >= 0 || o.FullSweep >= 0 || !o.MaxHeap.IsNone || !o.Priority.IsNone)) ProcessFlags.Set(child, Am.MinBinVheapSize, Term.Small(o.MinBinHeap), out _);
        if (!o.MaxHeap.IsNone) ProcessFlags.Set(child, Am.MaxHeapSize, o.MaxHeap, out _);
        if (!o.Priority.IsNone) ProcessFlags.Set(child, Am.Priority, o.Priority, out _);
        if (o.Scheduler != 0) ProcessFlags.Set(child, Am.Scheduler, Term.Small(o.Scheduler), out _);
        if (!o.MessageQueue.IsNone) ProcessFlags.Set(child, Am.MessageQueueData, o.MessageQueue, out _);
        child->GroupLeader = p->GroupLeader;
        child->Flags.SetParent(p->Pid);
        child->InitialModule = module;
        child->InitialFunction = function;
        if (f != null ? !BeginFun(child, f) : !Begin(child, module, function, args))
        {
            // Somebody may have found it in processes().
            ProcessExit.Detach(child, Am.Noproc);
            ProcessState.Free(child);
            return Process.SystemLimit(p);
        }
        p->Context->Bumped += SpawnReductions;
        Term pid = child->Pid;
        if (p->Tracees != null || m->Tracing.NewProcesses != 0)
        {
            Tracees.Inherit(p, child, o.Link);
            if (((p->Traced | child->Traced) & TraceFlags.Procs) != 0) TraceMessages.Spawned(p, child, module, function, args, o.Link);
        }
        ulong alias = o.AliasFlags & MonitorFlags.All;
        if (o.Monitor) reference = alias != 0 ? Aliases.New(p) : TimeBifs.NewReference(p);
        else if (o.Request) reference = TimeBifs.NewReference(p);
        if (SeqTrace.IsOn(p)) SequentialSpawn(p, child, module, function, args, reference, ref o);
        if (o.Link)
        {
            KeyEntry* mine = p->Links.Put(pid.Bits, 0);
            KeyEntry* its = child->Links.Put(p->Pid.Bits, 0);
            if (mine != null) mine->A = 0;
            if (its != null) its->A = 0;
            if (o.LinkFirst) _ = Priorities.Add(p, pid.Bits, 0, Priorities.Link);
        }
        if (o.Monitor)
        {
            Monitors.Set(p, pid, Term.None, reference, Am.Noproc);
            if (alias != 0) Monitors.AddAlias(p, reference, alias);
            if (o.AliasFlags != alias) _ = Priorities.Add(p, ((Reference*)reference.Box)->Id0, ((Reference*)reference.Box)->Id1, Priorities.Monitor);
            if (!o.MonitorTag.IsNone) Monitors.SetTag(p, reference, o.MonitorTag);
        }
        if (o.Request)
        {
            // Before the child runs: its signals come after the answer.
            Term* yes = stackalloc Term[] { o.ReplyTag, reference, Am.Ok, pid };
            Signal* answer = o.ReplySuccess ? Signal.Tuple(m, yes, 4) : null;
            if (answer != null && SeqTrace.IsOn(child)) SeqTrace.Answering(p, child, answer, answer->Value);
            Signals.Send(m, p->Context, p->Pid, answer);
        }
        child->Status = ProcessStatus.Runnable;
        Schedulers.Ready(p->Context, child);
        return pid;
    }

    private static void SequentialSpawn(Process* p, Process* child, Term module, Term function, Term args, Term reference, ref SpawnOptions o)
    {
        if (reference.IsNone) reference = TimeBifs.NewReference(p);
        Term options = !o.Source.IsNone ? o.Source : o.Link ? Process.Cons(p, Am.Link, Term.Nil) : o.Monitor ? Process.Cons(p, Am.Monitor, Term.Nil) : Term.Nil;
        SeqTrace.Spawning(p, child, module, function, args, Length(args), options, reference, o.ReplyTag, o.Request);
    }

    // What a new process costs its parent.
    private const long SpawnReductions = 50;

    // Then processes begin with a call of it, as they all do in OTP.
    private static bool ApplyIsTraced(Machine* m)
    {
        if (!Breakpoints.Any(m)) return false;
        Export* e = ExportTable.Find(m, Am.Erlang, Am.Apply, 2);
        return e != null && (*e->Address & 2) != 0;
    }

    // The fun behind erlang:apply(Fun, []), when it can be entered as it is.
    private static Fun* LocalFun(Term module, Term function, Term args)
    {
        if (module != Am.Erlang || function != Am.Apply || !args.IsCons || !args.Head.IsKind(Header.Fun)) return null;
        if (!args.Tail.IsCons || !args.Tail.Head.IsNil || !args.Tail.Tail.IsNil) return null;
        Fun* f = (Fun*)args.Head.Box;
        FunEntry* e = (FunEntry*)f->Entry;
        return e->Address != null && e->Arity == 0 ? f : null;
    }

    private static bool BeginFun(Process* child, Fun* f)
    {
        FunEntry* e = (FunEntry*)f->Entry;
        child->InitialArity = 2;
        child->Resume = e->Address;
        if (e->FreeCount == 0) return true;
        if (!ProcessState.Keep(child, (Term*)f + Fun.HeaderWords, e->FreeCount)) return false;
        for (int i = 0; i < child->SavedCount; i++)
        {
            child->SavedX[i] = TermCopy.ToHeap(child->SavedX[i], &child->Heap);
            if (child->SavedX[i].IsNone) return false;
        }
        return true;
    }

    // Sets the first call, with copies of the arguments. apply/2 of a fun is entered as the fun.
    private static bool Begin(Process* child, Term module, Term function, Term args)
    {
        Machine* m = child->Machine;
        int count = 0;
        for (Term l = args; l.IsCons; l = l.Tail) count++;
        if (count > Context.MaxRegisters - 1) return false;
        child->InitialArity = count;
        Term copy = TermCopy.ToHeap(args, &child->Heap);
        if (copy.IsNone) return false;
        if (module == Am.Erlang && function == Am.Apply && count == 2 && !ApplyIsTraced(m) && BeginFun(child, copy.Head, copy.Tail.Head)) return true;
        if (module == Am.Erlang && function == Am.Apply && count == 3)
        {
            Term* x = stackalloc Term[3];
            x[0] = copy.Head;
            x[1] = copy.Tail.Head;
            x[2] = copy.Tail.Tail.Head;
            if (x[0].IsAtom && x[1].IsAtom && IsProper(x[2])) return BeginList(child, CodeTable.CallTarget(m, x[0], x[1], Length(x[2])), x[2]);
        }
        return BeginList(child, CodeTable.CallTarget(m, module, function, count), copy);
    }

    private static int Length(Term list)
    {
        int n = 0;
        for (; list.IsCons; list = list.Tail) n++;
        return n;
    }

    private static bool BeginList(Process* child, ulong* target, Term list)
    {
        child->Resume = target;
        return ProcessState.KeepList(child, list, Term.None, 0);
    }

    private static bool BeginFun(Process* child, Term f, Term list)
    {
        if (!f.IsFun || !IsProper(list) || Ops.FunArity(f) != Length(list)) return false;
        if (f.IsKind(Header.ExportFun))
        {
            return BeginList(child, ((Export*)((ExportFun*)f.Box)->Export)->Address, list);
        }
        FunEntry* e = (FunEntry*)((Fun*)f.Box)->Entry;
        if (e->Address == null) return false;
        child->Resume = e->Address;
        return ProcessState.KeepList(child, list, f, (int)e->FreeCount);
    }
}
