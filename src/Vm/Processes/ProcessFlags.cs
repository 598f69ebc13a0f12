// process_flag/2: settings of a process.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Settings of one process, embedded in Process. All are immediates, so they are no roots. Zero (None) is the default of each.</summary>
public unsafe struct ProcessFlags
{
    private Term errorHandler, parent;
    private ushort saveCalls, scheduler;
    // 0 stands for the default, normal; else 1 low, 2 high, 3 max.
    private byte priority;
    private bool offHeap, trapExit, sensitive, asyncDist, system;

    /// <summary>One of OTP's system processes: the VM ends when it does.</summary>
    public readonly bool IsSystem => system;

    /// <summary>Makes it a system process.</summary>
    public void SetSystem() => system = true;

    /// <summary>The number of the scheduler that is to run the process, from 1; 0: any may.</summary>
    public readonly int Scheduler => scheduler;

    /// <summary>process_flag(sensitive, true): nothing of the process is traced.</summary>
    public readonly bool Sensitive => sensitive;

    /// <summary>The process may do with every ETS table what its owner may (erts_internal:ets_super_user/1).</summary>
    public bool EtsSuperUser;

    /// <summary>min_bin_vheap_size of a process, words.</summary>
    public static unsafe long MinBinHeap(Process* p) => p->Extra == null || p->Extra->MinBinHeap == 0 ? SystemFlags.DefaultMinBinHeap : p->Extra->MinBinHeap;

    /// <summary>A new process has the VM's min_bin_vheap_size; without memory for it the smallest there is.</summary>
    public static unsafe void SetDefaultMinBinHeap(Process* p)
    {
        long n = p->Machine->Flags.MinBinHeap;
        if (n != SystemFlags.DefaultMinBinHeap && ProcessExtra.Of(p) != null) p->Extra->MinBinHeap = n;
    }

    public readonly bool TrapExit => trapExit;
    public readonly bool AsyncDist => asyncDist;
    public readonly Term ErrorHandler => errorHandler.IsNone ? Am.ErrorHandler : errorHandler;
    public readonly Term Priority => priority switch { 1 => Am.Low, 2 => Am.High, 3 => Am.Max, _ => Am.Normal };
    public readonly Term QueueData => offHeap ? Am.OffHeap : Am.OnHeap;

    /// <summary>Those of a new process (+hmqd, +pad).</summary>
    public unsafe void SetDefaults(Machine* m)
    {
        offHeap = m->Settings.QueuesOffHeap;
        asyncDist = m->Settings.AsyncDist;
    }

    /// <summary>The process that made this one, or undefined.</summary>
    public readonly Term Parent => parent.IsNone ? Am.Undefined : parent;

    /// <summary>Sets Parent.</summary>
    public void SetParent(Term pid) => parent = pid;

    // What net_kernel:monitor_nodes/2 takes, as a map; or as the list it took before OTP 25.
    private static unsafe bool IsNodeOptions(Term options)
    {
        if (options.IsMap)
        {
            long known = 0;
            if (Maps.Get(options, Am.ConnectionId, out Term value) && value.IsBoolean) known++;
            if (Maps.Get(options, Am.NodedownReason, out value) && value.IsBoolean) known++;
            if (Maps.Get(options, Am.NodeType, out value) && (value == Am.Visible || value == Am.Hidden || value == Am.All)) known++;
            return known == Maps.Size(options);
        }
        for (; options.IsCons; options = options.Tail)
        {
            Term o = options.Head;
            bool good = o == Am.NodedownReason || (o.IsTupleOf(2) && o.TupleElements[0] == Am.NodeType);
            if (!good) return false;
        }
        return options.IsNil;
    }

    /// <summary>Sets a flag; the old value. None: there is no such flag (then <paramref name="known"/> is false) or it has no such value.</summary>
    public static Term Set(Process* p, Term flag, Term value, out bool known)
    {
        ref ProcessFlags f = ref p->Flags;
        known = true;
        bool natural = value.IsSmall && value.SmallValue >= 0;
        Term old;
        if (flag == Am.TrapExit) return Switch(ref f.trapExit, value);
        if (flag == Am.Sensitive)
        {
            old = Switch(ref f.sensitive, value);
            Tracees.Sum(p);
            return old;
        }
        if (flag == Am.AsyncDist) return Switch(ref f.asyncDist, value);
        if (flag == Am.ErrorHandler)
        {
            if (!value.IsAtom) return Term.None;
            old = f.ErrorHandler;
            f.errorHandler = value;
            return old;
        }
        if (flag == Am.Priority)
        {
            if (value != Am.Normal && value != Am.High && value != Am.Low && value != Am.Max) return Term.None;
            old = f.Priority;
            f.priority = (byte)(value == Am.Low ? 1 : value == Am.High ? 2 : value == Am.Max ? 3 : 0);
            return old;
        }
        if (flag == Am.MessageQueueData)
        {
            if (value != Am.OnHeap && value != Am.OffHeap) return Term.None;
            old = f.QueueData;
            f.offHeap = value == Am.OffHeap;
            return old;
        }
        if (flag == Am.SaveCalls)
        {
            if (!natural || value.SmallValue > 10000) return Term.None;
            old = Term.Small(f.saveCalls);
            f.saveCalls = (ushort)value.SmallValue;
            return old;
        }
        if (flag == Am.Scheduler)
        {
            // Which scheduler is to run it, from 1; 0: any. The caller yields, to get there.
            if (!natural || value.SmallValue > SchedulerLimits.Total(p->Machine)) return Term.None;
            old = Term.Small(f.scheduler);
            f.scheduler = (ushort)value.SmallValue;
            return old;
        }
        if (flag == Am.MinHeapSize)
        {
            if (!natural) return Term.None;
            old = Term.Small(p->Heap.MinSize);
            p->Heap.MinSize = System.Math.Max(Gc.NextSize(value.SmallValue), p->Machine->HeapShared.MinHeapSize);
            return old;
        }
        if (flag == Am.MinBinVheapSize)
        {
            if (!natural || ProcessExtra.Of(p) == null) return Term.None;
            old = Term.Small(MinBinHeap(p));
            p->Extra->MinBinHeap = System.Math.Max(Gc.NextSize(value.SmallValue), p->Machine->Flags.MinBinHeap);
            return old;
        }
        if (flag == Am.FullsweepAfter)
        {
            if (!natural) return Term.None;
            old = Term.Small(p->Heap.FullSweepAfter);
            p->Heap.FullSweepAfter = (int)(value.SmallValue & 65535);
            return old;
        }
        if (flag == Am.MaxHeapSize)
        {
            if (!IsMaxHeapSize(value)) return Term.None;
            old = MaxHeapSize(p, &p->Heap);
            SetMaxHeapSize(p->Machine, &p->Heap, value);
            return old;
        }
        if (flag == Am.MonitorNodes || (flag.IsTupleOf(2) && flag.TupleElements[0] == Am.MonitorNodes))
        {
            // Nodes neither come nor go: how often it was asked for is not counted.
            bool options = flag.IsAtom || IsNodeOptions(flag.TupleElements[1]);
            return value.IsBoolean && options ? Term.Small(0) : Term.None;
        }
        known = false;
        return Term.None;
    }

    /// <summary>Whether a term is a value of max_heap_size: a number of words, or a map with size and perhaps kill, error_logger and
    /// include_shared_binaries. A limit below the smallest heap is none.</summary>
    public static bool IsMaxHeapSize(Term value)
    {
        Term size = value;
        if (value.IsMap)
        {
            if (!Maps.Get(value, Am.Size, out size)) return false;
            if (Maps.Get(value, Am.Kill, out Term part) && !part.IsBoolean) return false;
            if (Maps.Get(value, Am.ErrorLogger, out part) && !part.IsBoolean) return false;
            if (Maps.Get(value, Am.IncludeSharedBinaries, out part) && !part.IsBoolean) return false;
        }
        return size.IsSmall && (size.SmallValue == 0 || size.SmallValue >= 233);
    }

    /// <summary>Sets async_dist of a new process.</summary>
    public void SetAsyncDist(bool on) => asyncDist = on;

    /// <summary>The priority as a number: 0 low, 1 normal, 2 high, 3 max.</summary>
    public readonly int Urgency => priority == 0 ? 1 : priority == 1 ? 0 : priority;

    private static Term Switch(ref bool flag, Term value)
    {
        if (!value.IsBoolean) return Term.None;
        bool old = flag;
        flag = value == Am.True;
        return Term.Bool(old);
    }

    /// <summary>Gives a heap a value that IsMaxHeapSize has let through. What it does not say is as it is for the VM.</summary>
    public static void SetMaxHeapSize(Machine* m, Heap* h, Term value)
    {
        ref SystemFlags f = ref m->Flags;
        h->MaxKeeps = f.MaxKeeps;
        h->MaxQuiet = f.MaxQuiet;
        h->MaxShared = f.MaxShared;
        Term size = value;
        if (value.IsMap)
        {
            Maps.Get(value, Am.Size, out size);
            if (Maps.Get(value, Am.Kill, out Term part)) h->MaxKeeps = part == Am.False;
            if (Maps.Get(value, Am.ErrorLogger, out part)) h->MaxQuiet = part == Am.False;
            if (Maps.Get(value, Am.IncludeSharedBinaries, out part)) h->MaxShared = part == Am.True;
        }
        h->MaxSize = size.SmallValue;
    }

    /// <summary>A new process has the VM's max_heap_size.</summary>
    public static void SetDefaultMaxHeapSize(Process* p) => SetMaxHeapSize(p->Machine, &p->Heap, Term.Small(p->Machine->HeapShared.MaxHeapSize));

    /// <summary>That of a process for which nothing was said.</summary>
    public static Term DefaultMaxHeapSize(Process* p)
    {
        Heap none = default;
        SetMaxHeapSize(p->Machine, &none, Term.Small(p->Machine->HeapShared.MaxHeapSize));
        return MaxHeapSize(p, &none);
    }

    /// <summary>The map that describes the max_heap_size of a heap, on the heap of a process.</summary>
    public static Term MaxHeapSize(Process* p, Heap* of)
    {
        Term map = Maps.Put(&p->Heap, Maps.Empty(&p->Heap), Am.Size, Term.Small(of->MaxSize));
        map = Maps.Put(&p->Heap, map, Am.Kill, Term.Bool(!of->MaxKeeps));
        map = Maps.Put(&p->Heap, map, Am.ErrorLogger, Term.Bool(!of->MaxQuiet));
        return Maps.Put(&p->Heap, map, Am.IncludeSharedBinaries, Term.Bool(of->MaxShared));
    }
}
