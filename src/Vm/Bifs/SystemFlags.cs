// system_flag/2: settings of a VM.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Settings of one VM, embedded in Machine. Zero is the default of each, so stored values are kept as differences from it.</summary>
public struct SystemFlags
{
    private const long DefaultDepth = 8, DefaultMinBinHeap = 46422, DefaultFullSweep = 65535, DefaultRequests = 4;

    private long depth, minBinHeap, fullSweep, requests;
    private Term systemLogger;

    /// <summary>Since when (monotonic ns) scheduler_wall_time is measured; 0: it is not.</summary>
    public long WallTimeSince;
    /// <summary>How many times multi_scheduling is blocked.</summary>
    public int Blocked;

    /// <summary>Bare mode's logger: events of a level above this are dropped (emergency 0 … debug 7, -1: all are), as the difference from notice.</summary>
    public int LogLevel;
    /// <summary>1: log events are not shown (error_logger:tty(false)).</summary>
    public int LogQuiet;

    /// <summary>Most frames of a stack trace.</summary>
    public static unsafe long BacktraceDepth(Machine* m) => m->Flags.depth + DefaultDepth;

    /// <summary>The limit of outstanding requests that erts_internal asks for.</summary>
    public readonly long RequestsLimit => requests + DefaultRequests;

    /// <summary>fullsweep_after of new processes.</summary>
    public readonly long FullSweepAfter => fullSweep + DefaultFullSweep;

    /// <summary>min_bin_vheap_size of new processes, words.</summary>
    public readonly long MinBinHeap => minBinHeap + DefaultMinBinHeap;

    /// <summary>Who gets the messages of the VM itself.</summary>
    public readonly Term SystemLogger => systemLogger.IsNone ? Am.Undefined : systemLogger;

    /// <summary>Whether there is such a flag.</summary>
    public static bool IsFlag(Term flag) =>
        flag == Am.BacktraceDepth || flag == Am.FullsweepAfter || flag == Am.MinHeapSize || flag == Am.MinBinVheapSize || flag == Am.MaxHeapSize
        || flag == Am.OutstandingSystemRequestsLimit || flag == Am.SystemLogger || flag == Am.SchedulersOnline || flag == Am.DirtyCpuSchedulersOnline
        || flag == Am.MultiScheduling || flag == Am.TraceControlWord || flag == Am.SequentialTracer || flag == Am.ResetSeqTrace || flag == Am.TimeOffset
        || flag == Am.SchedulerWallTime || flag == Am.SchedulerBindType;

    /// <summary>Sets a flag; the old value. None: there is no such flag, or it has no such value.</summary>
    public static unsafe Term Set(Process* p, Term flag, Term value)
    {
        Machine* m = p->Machine;
        ref SystemFlags f = ref m->Flags;
        bool natural = value.IsSmall && value.SmallValue >= 0;
        long n = natural ? value.SmallValue : 0;
        Term old;
        if (flag == Am.BacktraceDepth && natural)
        {
            old = Term.Small(BacktraceDepth(m));
            f.depth = System.Math.Min(n, 1024) - DefaultDepth;
        }
        else if (flag == Am.FullsweepAfter && natural)
        {
            old = Term.Small(f.FullSweepAfter);
            f.fullSweep = System.Math.Min(n, DefaultFullSweep) - DefaultFullSweep;
        }
        else if (flag == Am.MinHeapSize && natural)
        {
            old = Term.Small(m->HeapShared.MinHeapSize);
            m->HeapShared.MinHeapSize = System.Math.Max(n, 233);
        }
        else if (flag == Am.MinBinVheapSize && natural)
        {
            old = Term.Small(f.MinBinHeap);
            f.minBinHeap = n - DefaultMinBinHeap;
        }
        else if (flag == Am.MaxHeapSize && (natural || value.IsMap)) old = ProcessFlags.DefaultMaxHeapSize(p);
        else if (flag == Am.OutstandingSystemRequestsLimit && natural && n > 0)
        {
            old = Term.Small(f.RequestsLimit);
            f.requests = n - DefaultRequests;
        }
        else if (flag == Am.SystemLogger && (value.IsAtom || value.IsPid))
        {
            old = f.SystemLogger;
            f.systemLogger = value;
        }
        // One scheduler, always on.
        else if (flag == Am.SchedulersOnline && natural && n > 0) old = Term.Small(1);
        else if (flag == Am.DirtyCpuSchedulersOnline && natural && n > 0) old = Term.Small(1);
        else if (flag == Am.MultiScheduling && (value == Am.Block || value == Am.BlockNormal))
        {
            f.Blocked++;
            old = Am.Blocked;
        }
        else if (flag == Am.MultiScheduling && (value == Am.Unblock || value == Am.UnblockNormal))
        {
            if (f.Blocked > 0) f.Blocked--;
            old = f.Blocked > 0 ? Am.Blocked : Am.Enabled;
        }
        else if (flag == Am.TraceControlWord && natural && n <= uint.MaxValue)
        {
            old = Term.Small(m->Tracing.Static.ControlWord);
            m->Tracing.Static.ControlWord = n;
        }
        else if (flag == Am.SequentialTracer && (value == Am.False || value.IsPid || value.IsPort))
        {
            if (value.IsPid && (!value.IsLocalPid || !Tracees.IsAlive(m, value))) return Process.Badarg(p);
            old = SeqTrace.Tracer(m);
            m->Tracing.SeqTracer = value.IsLocalPid ? value : Term.None;
        }
        else if (flag == Am.ResetSeqTrace && value == Am.True)
        {
            Schedulers.StopAll(m);
            SeqTrace.Reset(m);
            Schedulers.GoOn(m);
            old = Am.True;
        }
        else if (flag == Am.TimeOffset && value == Am.Finalize) old = Am.Volatile;
        else if (flag == Am.SchedulerWallTime && value.IsBoolean)
        {
            old = Term.Bool(f.WallTimeSince != 0);
            if (value == Am.False) f.WallTimeSince = 0;
            else if (f.WallTimeSince == 0)
            {
                for (int i = 0; i < m->Schedulers.Count; i++) Schedulers.Get(m, i)->BusyTime = Schedulers.Get(m, i)->BusySince = 0;
                f.WallTimeSince = Platform.Clock.MonotonicNanoseconds;
            }
        }
        else if (flag == Am.SchedulerBindType) old = Am.Unbound;
        else old = Term.None;
        return old;
    }
}
