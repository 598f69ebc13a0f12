// One VM: everything that is not a process hangs off it (ARCHITECTURE 4.2: no mutable global state but the atom table).
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>One VM.</summary>
public unsafe struct Machine
{
    /// <summary>Addresses of the handlers, by InstructionTable's numbering.</summary>
    public ulong* Handlers;
    public ExportTable Exports;
    public CodeTable Code;
    public FunTable Funs;
    public PurgedFuns PurgedFuns;
    public LiteralArea Literals;
    public LiteralCollector Retired;
    public HeapShared HeapShared;
    public ModuleFinder Finder;
    public Counters Counters;
    public VmClock Time;
    public TimerDirectory TimerDirectory;
    /// <summary>The context of the first scheduler.</summary>
    public Context* Context;
    public Schedulers Schedulers;
    public SchedulerLimits Limits;
    /// <summary>Threads for natives that compute for long, and for those that wait for files.</summary>
    public DirtyPool DirtyCpu, DirtyIo;
    /// <summary>Matches of re that take longer than a slice. Many threads, so that the operating system shares the processors out among them: none of them can
    /// give its place to another.</summary>
    public DirtyPool LongMatches;
    /// <summary>The thread that waits for descriptors.</summary>
    public Poller Poller;
    public PortTable Ports;
    public OsSignalPipe Signals;
    public ProcessTable Table;
    public Registry Registry;
    /// <summary>Not 0: the VM ends, its threads return.</summary>
    public int Ending;
    /// <summary>A Halt instruction: where the first frame of every process returns to. Behind it stands the handler that the code of every native begins with.</summary>
    public fixed ulong HaltCode[2];
    /// <summary>Exit status asked for by halt/0,1,2 (Halting != 0).</summary>
    public int Halting, ExitStatus;
    /// <summary>1: check the heap before and after every collection (--verify-heap).</summary>
    public int VerifyHeaps;
    /// <summary>Where the loader notes the instructions it emits, or null (mybeam dis --specific sets it).</summary>
    public NativeList<Emitter.SpecificMark>* NoteSpecific;
    /// <summary>Reductions a slice has.</summary>
    public long SliceReductions;
    /// <summary>Reductions' worth of work that a native may do at a stretch (Slices).</summary>
    public long WorkReductions;
    /// <summary>The modules whose on_load functions have not run yet, or null.</summary>
    public LoadedModule* PendingOnLoad;
    /// <summary>1: OTP's init, kernel and stdlib run; 0: bare mode, natives stand in for system processes.</summary>
    public int Full;
    /// <summary>1: the modules are those of an older OTP than the archive's, and have the natives that it had.</summary>
    public int OlderOtp;
    public IoServer Io;
    public VmEnvironment Environment;
    public SystemFlags Flags;
    public EmulatorSettings Settings;
    public StatisticsSince Statistics;
    public SliceMeasure SlicesRun;
    public PersistentTerms PersistentTerms;
    public EtsTables Ets;
    public EtsGraveyard Graves;
    public HeapTrim Trim;
    public Tracing Tracing;
    public TtyShared Tty;
    public OpenFiles OpenFiles;

    /// <summary>Bytes of address space for literals; only what is used gets memory.</summary>
    private const long LiteralSpace = 1L << 30;

    /// <summary>Makes a VM; null when memory is out. Free with Destroy. full: OTP's own system processes are going to run (FullBoot).</summary>
    public static Machine* Create(bool full = false)
    {
        AtomTable.Initialize();
        Machine* m = (Machine*)Allocator.AllocZeroed((nuint)sizeof(Machine), Owner.Vm);
        if (m == null) return null;
        VmClock.Start(m);
        if (!m->TimerDirectory.Create()) return null;
        m->Handlers = (ulong*)Allocator.Alloc(InstructionTable.HandlerCount * 8, Owner.Vm);
        InstructionTable.Fill(m->Handlers);
        if (!Schedulers.Create(m) || !ProcessTable.Create(m, ProcessTable.DefaultLimit)) return null;
        m->Context = &Schedulers.Get(m, 0)->Context;
        if (!ContextLayout.Holds(m->Context)) return null;
        m->Schedulers.Wanted = 1;
        DirtyPool.Create(&m->DirtyCpu, m, Schedulers.Most);
        DirtyPool.Create(&m->DirtyIo, m, 10);
        DirtyPool.Create(&m->LongMatches, m, 64);
        m->Settings = EmulatorSettings.Default();
        m->SliceReductions = 4000;
        m->WorkReductions = Slices.Reductions;
        void* space = OsMemory.Reserve((nuint)LiteralSpace);
        if (space == null) return null;
        LiteralArea.Initialize(&m->Literals, (byte*)space, (nuint)LiteralSpace, &Commit);
        m->HeapShared.LiteralBase = (byte*)space;
        m->HeapShared.LiteralBytes = (nuint)LiteralSpace;
        m->HeapShared.MinHeapSize = 233;
        m->HaltCode[0] = m->Handlers[InstructionTable.FirstVariant[Specific.Halt]];
        m->HaltCode[1] = m->Handlers[InstructionTable.FirstVariant[Specific.NativeBody]];
        TraceSessions.Create(m);
        ExportTable.Create(m);
        BifTable.Register(m);
        m->Full = full ? 1 : 0;
        if (!full) BifTable.RegisterBare(m);
        return m;
    }

    /// <summary>Frees the VM and everything it owns.</summary>
    public static void Destroy(Machine* m)
    {
        Schedulers.Stop(m);
        OsSignalPipe.Destroy(m);
        Poller.Destroy(m);
        PortTable.Destroy(m);
        ProcessState.FreeAll(m);
        Schedulers.Destroy(m);
        SchedulerLimits.Destroy(m);
        TtyShared.Destroy(m);
        m->TimerDirectory.Destroy();
        ProcessTable.Destroy(m);
        Registry.Destroy(m);
        CodeTable.Destroy(m);
        FunTable.Destroy(m);
        PurgedFuns.Destroy(m);
        ModuleFinder.Destroy(m);
        m->Environment.Free();
        PersistentTerms.Destroy(m);
        LiteralCollector.Destroy(m);
        EtsTables.Destroy(m);
        EtsGraveyard.Destroy(m);
        TraceSessions.Destroy(m);
        ExportTable.Destroy(m);
        OsMemory.Unmap(m->HeapShared.LiteralBase, (nuint)LiteralSpace);
        Allocator.Free(m->Handlers, InstructionTable.HandlerCount * 8, Owner.Vm);
        Allocator.Free(m, (nuint)sizeof(Machine), Owner.Vm);
    }

    private static bool Commit(byte* p, nuint bytes) => OsMemory.Commit(p, bytes);
}
