// What the emulator's flags (erl's +x) set and programs can ask for. Bare mode has fixed values.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Settings of a VM, embedded in Machine.</summary>
public unsafe struct EmulatorSettings
{
    /// <summary>What system_info tells of schedulers and dirty threads.</summary>
    public int Schedulers, SchedulersOnline, Processors, DirtyCpu, DirtyCpuOnline, DirtyIo, AsyncThreads;
    public long Processes, Ports, EtsTables;
    public long MinHeapWords, MinBinHeapWords, MaxHeapWords, RequestsLimit;
    /// <summary>Of +hmaxk, +hmaxel, +hmaxib and +hmqd: true is the opposite of the default.</summary>
    public bool MaxHeapKeeps, MaxHeapQuiet, MaxHeapShared, QueuesOffHeap;
    public bool PrintableUnicode, PortParallelism, AsyncDist, EtsCompressed, EtsReallocMoves, BreakIgnored, NoCrashDump, NoTimeCorrection;
    /// <summary>+fn: 0 by the locale, 1 UTF-8, 2 Latin-1.</summary>
    public byte FileNames;
    /// <summary>error_logger:warning_map/0.</summary>
    public Term Warnings, TimeWarp, BootModule;
    /// <summary>-1: infinity.</summary>
    public long HaltFlushTimeout, DelayedNodeGc, BusyLimit;
    /// <summary>-1: none.</summary>
    public int TimingLevel;
    /// <summary>erlang:system_info(emu_args): zero-terminated texts that outlive the VM, or null.</summary>
    public byte** Arguments;
    public int ArgumentCount;

    /// <summary>The values without any flag: OTP's on this machine.</summary>
    public static EmulatorSettings Default()
    {
        EmulatorSettings s = default;
        s.Schedulers = Threads.OnlineProcessors;
        s.SchedulersOnline = s.Processors = Threads.AvailableProcessors;
        if (s.Schedulers < s.SchedulersOnline) s.Schedulers = s.SchedulersOnline;
        s.DirtyCpu = s.Schedulers;
        s.DirtyCpuOnline = s.SchedulersOnline;
        s.DirtyIo = 10;
        s.AsyncThreads = 1;
        s.Processes = ProcessTable.DefaultLimit;
        s.Ports = 65536;
        s.EtsTables = 8192;
        s.Warnings = Am.Warning;
        s.TimeWarp = Am.MultiTimeWarp;
        s.BootModule = Am.Init;
        s.HaltFlushTimeout = -1;
        s.DelayedNodeGc = 60;
        s.BusyLimit = 1 << 20;
        s.TimingLevel = -1;
        return s;
    }

    /// <summary>Sets up a VM that runs nothing yet. False: memory is out.</summary>
    public static bool Apply(Machine* m, in EmulatorSettings s)
    {
        m->Settings = s;
        SchedulerLimits.AtStart(m);
        DirtyPool.Create(&m->DirtyCpu, m, s.DirtyCpu);
        DirtyPool.Create(&m->DirtyIo, m, s.DirtyIo);
        if (s.MinHeapWords != 0) m->HeapShared.MinHeapSize = Gc.NextSize(s.MinHeapWords);
        if (s.MinBinHeapWords != 0) m->Flags.SetMinBinHeap(Gc.NextSize(s.MinBinHeapWords));
        m->HeapShared.MaxHeapSize = s.MaxHeapWords;
        m->Flags.MaxKeeps = s.MaxHeapKeeps;
        m->Flags.MaxQuiet = s.MaxHeapQuiet;
        m->Flags.MaxShared = s.MaxHeapShared;
        if (s.RequestsLimit != 0) m->Flags.SetRequestsLimit(s.RequestsLimit);
        // A table of the same size again would be made of used memory, and so cost its 8 MB at once.
        if (ProcessTable.Limit(m) == (int)s.Processes) return true;
        ProcessTable.Destroy(m);
        return ProcessTable.Create(m, (int)s.Processes);
    }
}
