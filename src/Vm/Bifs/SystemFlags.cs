// system_flag/2: settings of a VM.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Settings of one VM, embedded in Machine. Zero is the default of each, so stored values are kept as differences from it.</summary>
public struct SystemFlags
{
    private const long DefaultDepth = 8, DefaultFullSweep = 65535, DefaultRequests = 4;
    // As OTP has them.
    private const long MostFrames = 64, MostRequests = (1L << 27) - 1;

    /// <summary>min_bin_vheap_size, words.</summary>
    public const long DefaultMinBinHeap = 46422;

    private long depth, minBinHeap, fullSweep, requests;
    private Term systemLogger;

    /// <summary>Since when (monotonic ns) scheduler_wall_time is measured; 0: it is not.</summary>
    public long WallTimeSince;
    /// <summary>Since when (monotonic ns) microstate accounting measures; 0: it does not. How long it has measured before.</summary>
    public long MicroSince, MicroBefore;

    /// <summary>Whether threads note what they do with their time.</summary>
    public readonly bool Measures => (WallTimeSince | MicroSince) != 0;

    /// <summary>The flags of the VM's max_heap_size; its size is HeapShared.MaxHeapSize.</summary>
    public bool MaxKeeps, MaxQuiet, MaxShared;

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

    /// <summary>Sets min_bin_vheap_size of new processes, words (+hmbs).</summary>
    public void SetMinBinHeap(long words) => minBinHeap = words - DefaultMinBinHeap;

    /// <summary>Sets the limit of outstanding requests (+zosrl).</summary>
    public void SetRequestsLimit(long limit) => requests = limit - DefaultRequests;

    /// <summary>Who gets the messages of the VM itself.</summary>
    public readonly Term SystemLogger => systemLogger.IsNone ? Am.Undefined : systemLogger;

    /// <summary>As SystemLogger; a process that is gone has left it to the logger.</summary>
    public static unsafe Term LivingLogger(Machine* m)
    {
        Term logger = m->Flags.SystemLogger;
        if (logger.IsLocalPid && !ProcessTable.Has(m, logger)) logger = m->Flags.systemLogger = Am.Logger;
        return logger;
    }

    /// <summary>Whether there is such a flag: a value that it has not is then a badarg without a cause.</summary>
    public static bool IsFlag(Term flag) =>
        flag == Am.BacktraceDepth || flag == Am.FullsweepAfter || flag == Am.MinHeapSize || flag == Am.MinBinVheapSize || flag == Am.MaxHeapSize
        || flag == Am.OutstandingSystemRequestsLimit || flag == Am.SystemLogger || flag == Am.SchedulersOnline || flag == Am.DirtyCpuSchedulersOnline
        || flag == Am.MultiScheduling || flag == Am.TraceControlWord || flag == Am.SequentialTracer || flag == Am.SchedulerWallTime
        || flag == Am.SchedulerBindType || flag == Am.MicrostateAccounting || flag == Am.CpuTopology || flag == Am.ErtsAlloc;

    /// <summary>Sets a flag other than those of SchedulerLimits; the old value. None: there is no such flag, or it has no such value.</summary>
    public static unsafe Term Set(Process* p, Term flag, Term value)
    {
        Machine* m = p->Machine;
        ref SystemFlags f = ref m->Flags;
        bool natural = value.IsSmall && value.SmallValue >= 0;
        long n = natural ? value.SmallValue : 0;
        Term old = Term.None;
        if (flag == Am.BacktraceDepth && natural)
        {
            old = Term.Small(BacktraceDepth(m));
            f.depth = System.Math.Min(n, MostFrames) - DefaultDepth;
        }
        else if (flag == Am.FullsweepAfter && natural)
        {
            old = Term.Small(f.FullSweepAfter);
            f.fullSweep = System.Math.Min(n, DefaultFullSweep) - DefaultFullSweep;
        }
        else if (flag == Am.MinHeapSize && natural)
        {
            old = Term.Small(m->HeapShared.MinHeapSize);
            m->HeapShared.MinHeapSize = Gc.NextSize(n);
        }
        else if (flag == Am.MinBinVheapSize && natural)
        {
            old = Term.Small(f.MinBinHeap);
            f.minBinHeap = Gc.NextSize(n) - DefaultMinBinHeap;
        }
        else if (flag == Am.MaxHeapSize && ProcessFlags.IsMaxHeapSize(value))
        {
            old = ProcessFlags.DefaultMaxHeapSize(p);
            Heap h = default;
            ProcessFlags.SetMaxHeapSize(m, &h, value);
            f.MaxKeeps = h.MaxKeeps;
            f.MaxQuiet = h.MaxQuiet;
            f.MaxShared = h.MaxShared;
            m->HeapShared.MaxHeapSize = h.MaxSize;
        }
        else if (flag == Am.OutstandingSystemRequestsLimit && natural && n is > 0 and <= MostRequests)
        {
            old = Term.Small(f.RequestsLimit);
            f.requests = n - DefaultRequests;
        }
        else if (flag == Am.SystemLogger && (value == Am.Undefined || value == Am.Logger || value.IsLocalPid))
        {
            old = LivingLogger(m);
            f.systemLogger = value;
        }
        else if (flag == Am.TraceControlWord && natural && n <= uint.MaxValue)
        {
            old = Term.Small(m->Tracing.ControlWord);
            m->Tracing.ControlWord = n;
        }
        else if (flag == Am.SequentialTracer && (value == Am.False || value.IsPid || value.IsPort))
        {
            if (value.IsPid && (!value.IsLocalPid || !Tracees.IsAlive(m, value))) return Process.Badarg(p);
            old = SeqTrace.Tracer(m);
            m->Tracing.SeqTracer = value.IsLocalPid ? value : Term.None;
        }
        else if (flag == Am.ResetSeqTrace)
        {
            Schedulers.StopAll(m);
            SeqTrace.Reset(m);
            Schedulers.GoOn(m);
            old = Am.True;
        }
        else if (flag == Am.DebugFlags) old = Am.True;
        else if (flag == Am.TimeOffset && value == Am.Finalize) old = Am.Volatile;
        else if (flag == Am.SchedulerWallTime && value.IsBoolean) old = ThreadTimes.SetWall(p, value == Am.True);
        else if (flag == Am.MicrostateAccounting && (value.IsBoolean || value == Am.Reset)) old = ThreadTimes.SetMicro(p, value);
        else if (flag == Am.CpuTopology && value == Am.Undefined) old = CpuTopology.Detected(p);
        return old;
    }

    /// <summary>Whether a term names a way to bind schedulers to processors.</summary>
    public static bool IsBindType(Term type) =>
        type == Am.Unbound || type == Am.NoSpread || type == Am.ThreadSpread || type == Am.ProcessorSpread || type == Am.Spread || type == Am.NoNodeThreadSpread
        || type == Am.NoNodeProcessorSpread || type == Am.ThreadNoNodeProcessorSpread || type == Am.DefaultBind;
}
