// process_flag/2: settings of a process.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Settings of one process, embedded in Process. All are immediates, so they are no roots. Zero (None) is the default of each.</summary>
public unsafe struct ProcessFlags
{
    private Term errorHandler, parent;
    private ushort saveCalls;
    // 0 stands for the default, normal; else 1 low, 2 high, 3 max.
    private byte priority;
    private bool offHeap, trapExit, sensitive, asyncDist;

    /// <summary>The process may do with every ETS table what its owner may (erts_internal:ets_super_user/1).</summary>
    public bool EtsSuperUser;

    private const long DefaultMinBinHeap = 46422;

    public readonly bool TrapExit => trapExit;
    public readonly bool AsyncDist => asyncDist;
    public readonly Term ErrorHandler => errorHandler.IsNone ? Am.ErrorHandler : errorHandler;
    public readonly Term Priority => priority switch { 1 => Am.Low, 2 => Am.High, 3 => Am.Max, _ => Am.Normal };
    public readonly Term QueueData => offHeap ? Am.OffHeap : Am.OnHeap;

    /// <summary>The process that made this one, or undefined.</summary>
    public readonly Term Parent => parent.IsNone ? Am.Undefined : parent;

    /// <summary>Sets Parent.</summary>
    public void SetParent(Term pid) => parent = pid;

    /// <summary>Sets a flag; the old value. None: there is no such flag (then <paramref name="known"/> is false) or it has no such value.</summary>
    public static Term Set(Process* p, Term flag, Term value, out bool known)
    {
        ref ProcessFlags f = ref p->Flags;
        known = true;
        bool natural = value.IsSmall && value.SmallValue >= 0;
        Term old;
        if (flag == Am.TrapExit) return Switch(ref f.trapExit, value);
        if (flag == Am.Sensitive) return Switch(ref f.sensitive, value);
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
        if (flag == Am.MinHeapSize)
        {
            if (!natural) return Term.None;
            old = Term.Small(p->Heap.MinSize);
            p->Heap.MinSize = System.Math.Max(value.SmallValue, p->Machine->HeapShared.MinHeapSize);
            return old;
        }
        if (flag == Am.MinBinVheapSize) return natural ? Term.Small(DefaultMinBinHeap) : Term.None;
        if (flag == Am.FullsweepAfter)
        {
            if (!natural) return Term.None;
            old = Term.Small(p->Heap.FullSweepAfter);
            p->Heap.FullSweepAfter = (int)System.Math.Min(value.SmallValue, 65535);
            return old;
        }
        if (flag == Am.MaxHeapSize)
        {
            if (!IsMaxHeapSize(value)) return Term.None;
            Term size = value;
            if (value.IsMap) Maps.Get(value, Am.Size, out size);
            old = MaxHeapSize(p, p->Heap.MaxSize);
            p->Heap.MaxSize = size.SmallValue;
            return old;
        }
        if (flag == Am.MonitorNodes) return value.IsBoolean ? Term.Small(0) : Term.None;
        known = false;
        return Term.None;
    }

    /// <summary>Whether a term is a value of max_heap_size.</summary>
    public static bool IsMaxHeapSize(Term value)
    {
        Term size = value;
        if (value.IsMap && !Maps.Get(value, Am.Size, out size)) return false;
        return size.IsSmall && size.SmallValue >= 0;
    }

    /// <summary>The priority as a number: 0 low, 1 normal, 2 high, 3 max.</summary>
    public readonly int Urgency => priority == 0 ? 1 : priority == 1 ? 0 : priority;

    private static Term Switch(ref bool flag, Term value)
    {
        if (!value.IsBoolean) return Term.None;
        bool old = flag;
        flag = value == Am.True;
        return Term.Bool(old);
    }

    /// <summary>The map that describes a max_heap_size of so many words.</summary>
    public static Term MaxHeapSize(Process* p, long words)
    {
        Term map = Maps.Put(&p->Heap, Maps.Empty(&p->Heap), Am.Size, Term.Small(words));
        map = Maps.Put(&p->Heap, map, Am.Kill, Am.True);
        map = Maps.Put(&p->Heap, map, Am.ErrorLogger, Am.True);
        return Maps.Put(&p->Heap, map, Am.IncludeSharedBinaries, Am.False);
    }
}
