// Natives of erlang about the VM as a whole: system_info/1, system_flag/2, statistics/1. What programs parse (otp_release, version, system_version)
// says what OTP 29.0 says; docs/differences.md lists what only looks like it.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;
using MyBeam.Platform;

public static unsafe class SystemInfoBifs
{
    private static Term Text(Process* p, ReadOnlySpan<byte> text) => CharacterLists.Of(p, text);

    [Bif("erlang:system_info/1")]
    public static Term SystemInfo(Process* p, Term* a)
    {
        Term item = a[0];
        // Boot asks for it over a thousand times.
        if (item == Am.OsType) return Process.Tuple(p, Am.Unix, Am.Linux);
        Term value = Term.None;
        if (item.IsAtom)
        {
            value = Names(p, item);
            if (value.IsNone) value = Limits(p, item);
            if (value.IsNone) value = Settings(p, item);
            if (value.IsNone) value = Processors(p, item);
            if (value.IsNone) value = SystemInfoTexts.Of(p, item);
            if (value.IsNone) value = Sources(p, item);
        }
        else if (item.IsTupleOf(3) && item.TupleElements[1].IsReference) value = TellMemory(p, item);
        else if (item.IsTupleOf(2)) value = Pairs(p, item.TupleElements[0], item.TupleElements[1]);
        return value.IsNone ? Process.Badarg(p) : value;
    }

    // {memory_internal | allocator | allocator_sizes, Ref, What} is answered by a message {Ref, Instance, [{Name, Instance, Facts}]}, which is Erlang code's to take.
    // Of what OTP's allocators know only the timers that send messages have something like it here: {bif_timer, Bytes, BytesUsed}.
    private static Term TellMemory(Process* p, Term item)
    {
        Term facts = Term.Nil;
        if (item.TupleElements[0] == Am.MemoryInternal)
        {
            Term bytes = Term.Small(Timers.MessageTimers(p->Machine) * sizeof(TimerNode)), zero = Term.Small(0);
            Term types = Process.Cons(p, Process.Tuple(p, Am.BifTimer, bytes, bytes), Term.Nil);
            facts = Process.Cons(p, Process.Tuple(p, Am.FixAlloc, zero, Process.Cons(p, Process.Tuple(p, Am.FixTypes, types), Term.Nil)), Term.Nil);
        }
        Term* e = stackalloc Term[] { item.TupleElements[1], Term.Small(0), facts };
        Signals.Tuple(p->Machine, p->Context, p->Pid, e, 3);
        return Am.True;
    }

    // Who we are.
    private static Term Names(Process* p, Term item)
    {
        if (item == Am.OtpRelease) return Text(p, "29"u8);
        if (item == Am.Version) return Text(p, "17.1"u8);
        if (item == Am.Machine) return Text(p, "BEAM"u8);
        if (item == Am.EmuFlavor) return Am.Emu;
        if (item == Am.EmuType || item == Am.BuildType) return Am.Opt;
        if (item == Am.SystemVersion) return SystemVersion(p);
        if (item == Am.SystemArchitecture) return Text(p, Architecture());
        if (item == Am.OsVersion)
        {
            OsProcess.KernelVersion(out int major, out int minor, out int release);
            return Process.Tuple(p, Term.Small(major), Term.Small(minor), Term.Small(release));
        }
        if (item == Am.DriverVersion) return Text(p, "3.3"u8);
        if (item == Am.NifVersion) return Text(p, "2.18"u8);
        if (item == Am.CompatRel) return Term.Small(29);
        if (item == Am.CCompilerUsed) return Process.Tuple(p, Am.Undefined, Term.Small(0));
        if (item == Am.Endian) return Am.Little;
        if (item == Am.Wordsize) return Term.Small(8);
        if (item == Am.Snifs) return Natives(p);
        if (item == Am.EmuArgs) return EmulatorArguments(p);
        return Term.None;
    }

    private static Term SystemVersion(Process* p)
    {
        TextBuffer b = default;
        AddSystemVersion(ref b, p->Machine);
        Term text = Text(p, b.Text);
        b.Free();
        return text;
    }

    /// <summary>The line that the shell begins with: as OTP's, without [jit].</summary>
    public static void AddSystemVersion(ref TextBuffer b, Machine* m)
    {
        b.Add("Erlang/OTP 29 [erts-17.1] [source] [64-bit] [smp:"u8);
        b.AddNumber(SchedulerLimits.Total(m));
        b.AddByte(':');
        b.AddNumber(SchedulerLimits.Online(m));
        b.Add("] [ds:"u8);
        b.AddNumber(SchedulerLimits.DirtyTotal(m));
        b.AddByte(':');
        b.AddNumber(SchedulerLimits.DirtyOnline(m));
        b.AddByte(':');
        b.AddNumber(m->DirtyIo.Most);
        b.Add("] [async-threads:"u8);
        b.AddNumber(m->Settings.AsyncThreads);
        b.Add("]\n"u8);
    }

    // The emulator's part of the command line, undocumented.
    private static Term EmulatorArguments(Process* p)
    {
        Term list = Term.Nil;
        ref EmulatorSettings s = ref p->Machine->Settings;
        for (int i = s.ArgumentCount - 1; i >= 0; i--) list = Process.Cons(p, CharacterLists.OfZeroTerminated(p, s.Arguments[i]), list);
        return list;
    }

    private static ReadOnlySpan<byte> Architecture()
    {
#if ARM64
        return "aarch64-unknown-linux-gnu"u8;
#else
        return "x86_64-pc-linux-gnu"u8;
#endif
    }

    private static Term Natives(Process* p)
    {
        Term list = Term.Nil;
        for (Export* e = ExportTable.Next(p->Machine, null); e != null; e = ExportTable.Next(p->Machine, e))
            if (e->Native != null) list = Process.Cons(p, Process.Tuple(p, e->Module, e->Function, Term.Small(e->Arity)), list);
        return list;
    }

    // Counts and limits.
    private static Term Limits(Process* p, Term item)
    {
        if (item == Am.AtomCount) return Term.Small(AtomTable.Count);
        if (item == Am.AtomLimit) return Term.Small(AtomTable.Limit);
        if (item == Am.ProcessCount) return Term.Small(ProcessTable.CountNotExiting(p->Machine));
        if (item == Am.ProcessLimit) return Term.Small(p->Machine->Settings.Processes);
        if (item == Am.PortCount) return Term.Small(PortTable.Count(p->Machine));
        if (item == Am.PortLimit) return Term.Small(p->Machine->Settings.Ports);
        if (item == Am.EtsLimit) return Term.Small(p->Machine->Settings.EtsTables);
        if (item == Am.EtsCount) return Term.Small(EtsTables.Count(p->Machine));
        if (item == Am.ContextReductions) return Term.Small(p->Machine->SliceReductions);
        if (item == Am.MaxInteger) return Arithmetic.Largest(p);
        if (item == Am.DistBufBusyLimit) return Term.Small(p->Machine->Settings.BusyLimit);
        if (item == Am.OutstandingSystemRequestsLimit) return Term.Small(p->Machine->Flags.RequestsLimit);
        return Term.None;
    }

    private static Term OrInfinity(long value) => value < 0 ? Am.Infinity : Term.Small(value);

    private static Term Named(Process* p, Term name, long value) => Process.Tuple(p, name, Term.Small(value));

    // Settings, and features that are on or off.
    private static Term Settings(Process* p, Term item)
    {
        Machine* m = p->Machine;
        if (item == Am.FullsweepAfter) return Named(p, item, m->Flags.FullSweepAfter);
        if (item == Am.MinHeapSize) return Named(p, item, m->HeapShared.MinHeapSize);
        if (item == Am.MinBinVheapSize) return Named(p, item, m->Flags.MinBinHeap);
        if (item == Am.MaxHeapSize) return ProcessFlags.DefaultMaxHeapSize(p);
        if (item == Am.GarbageCollection)
        {
            Term list = Process.Cons(p, Named(p, Am.FullsweepAfter, m->Flags.FullSweepAfter), Term.Nil);
            list = Process.Cons(p, Named(p, Am.MinHeapSize, m->HeapShared.MinHeapSize), list);
            list = Process.Cons(p, Named(p, Am.MinBinVheapSize, m->Flags.MinBinHeap), list);
            return Process.Cons(p, Named(p, Am.MaxHeapSize, m->HeapShared.MaxHeapSize), list);
        }
        if (item == Am.HeapSizes) return HeapSizes(p);
        if (item == Am.HeapType) return Am.Private;
        if (item == Am.MessageQueueData) return m->Settings.QueuesOffHeap ? Am.OffHeap : Am.OnHeap;
        if (item == Am.SystemLogger) return SystemFlags.LivingLogger(m);
        if (item == Am.SequentialTracer) return Process.Tuple(p, item, SeqTrace.Tracer(p->Machine));
        if (item == Am.TraceControlWord) return Term.Small(p->Machine->Tracing.ControlWord);
        if (item == Am.Creation) return Term.Small(0);
        if (item == Am.StartTime) return Process.Integer(p, VmClock.ErlangStart);
        if (item == Am.EndTime) return Process.Integer(p, VmClock.ErlangEnd);
        if (item == Am.TimeCorrection) return Term.Bool(!m->Settings.NoTimeCorrection);
        if (item == Am.AsyncDist) return Term.Bool(m->Settings.AsyncDist);
        if (item == Am.BreakIgnored) return Term.Bool(m->Settings.BreakIgnored);
        if (item == Am.PortParallelism) return Term.Bool(m->Settings.PortParallelism);
        if (item == Am.EtsReallocMoves) return Term.Bool(m->Settings.EtsReallocMoves);
        if (item == Am.EtsAlwaysCompress) return Term.Bool(m->Settings.EtsCompressed);
        if (item == Am.Threads || item == Am.SmpSupport || item == Am.ConstantPoolSupport || item == Am.KernelPoll || item == Am.BeamJumpTable) return Am.True;
        if (item == Am.EthreadInfo)
        {
            Term native = Process.Tuple(p, Text(p, "64-bit native atomics"u8), Text(p, "mybeam"u8), Term.Nil);
            return Process.Cons(p, native, Term.Nil);
        }
        if (item == Am.TimeOffset) return Am.Volatile;
        if (item == Am.TimeWarpMode) return m->Settings.TimeWarp;
        if (item == Am.TolerantTimeofday) return Am.Disabled;
        bool off = item == Am.DebugCompiled || item == Am.DynamicTraceProbes || item == Am.LockChecking || item == Am.LockCounting;
        if (off) return Am.False;
        if (item == Am.EagerCheckIo) return Am.True;
        if (item == Am.DynamicTrace) return Am.None;
        if (item == Am.HaltFlushTimeout) return OrInfinity(m->Settings.HaltFlushTimeout);
        if (item == Am.DelayedNodeTableGc) return OrInfinity(m->Settings.DelayedNodeGc);
        if (item == Am.ModifiedTimingLevel && m->Settings.TimingLevel >= 0) return Term.Small(m->Settings.TimingLevel);
        if (item == Am.HipeArchitecture || item == Am.ModifiedTimingLevel) return Am.Undefined;
        if (item == Am.AllocUtilAllocators || item == Am.DistCtrl || item == Am.Taints) return Term.Nil;
        if (item == Am.AllocatedAreas) return Areas(p);
        if (item == Am.UpdateCpuInfo) return UpdateCpuInfo(m);
        if (item != Am.Allocator) return Term.None;
        // malloc, whose version nobody asks for.
        Term all = Process.NewTuple(p, 4);
        Term* e = all.TupleElements;
        e[0] = Am.Undefined;
        e[1] = e[2] = e[3] = Term.Nil;
        e[2] = Process.Cons(p, Am.SysAlloc, Term.Nil);
        e[3] = Process.Cons(p, Process.Tuple(p, Am.SysAlloc, Malloc(p)), Term.Nil);
        return all;
    }

    private static Term Malloc(Process* p) =>
        Process.Cons(p, Process.Tuple(p, Am.E, Am.True), Process.Cons(p, Process.Tuple(p, Am.M, Am.Libc), Term.Nil));

    // The row of heap sizes, to where OTP's ends.
    private static Term HeapSizes(Process* p)
    {
        NativeList<long> sizes = default;
        for (long n = Gc.NextSize(0); n + (n / 5) < 1L << 50 && sizes.Add(n, Owner.Temporary); n = Gc.NextSize(n + 1)) { }
        Term list = Term.Nil;
        for (int i = sizes.Count - 1; i >= 0; i--) list = Process.Cons(p, Term.Small(sizes[i]), list);
        sizes.Free(Owner.Temporary);
        return list;
    }

    // Where time comes from, and what waits for descriptors (nothing does).
    private static Term Sources(Process* p, Term item)
    {
        Term list = Term.Nil;
        if (item == Am.OsMonotonicTimeSource || item == Am.OsSystemTimeSource)
        {
            bool monotonic = item == Am.OsMonotonicTimeSource;
            list = Process.Cons(p, Process.Tuple(p, Am.Time, Process.Integer(p, monotonic ? Clock.MonotonicNanoseconds : VmClock.OsSystem(p->Machine))), list);
            list = Process.Cons(p, Process.Tuple(p, Am.Parallel, Am.Yes), list);
            if (monotonic)
            {
                list = Process.Cons(p, Process.Tuple(p, Am.Extended, Am.No), list);
                list = Process.Cons(p, Named(p, Am.UsedResolution, 1_000_000_000), list);
            }
            list = Process.Cons(p, Named(p, Am.Resolution, 1_000_000_000), list);
            list = Process.Cons(p, Process.Tuple(p, Am.ClockId, monotonic ? Am.ClockMonotonic : Am.ClockRealtime), list);
            return Process.Cons(p, Process.Tuple(p, Am.Function, Am.ClockGettime), list);
        }
        if (item != Am.CheckIo) return Term.None;
        Term* numbers = stackalloc Term[] { Am.PollThreads, Am.ActiveFds, Am.MaxFds, Am.PendingUpdates, Am.TotalPollSetSize, Am.MemorySize };
        Term* switches = stackalloc Term[] { Am.Fallback, Am.ConcurrentUpdates, Am.BatchUpdates, Am.LazyUpdates, Am.KernelPoll };
        for (int i = 0; i < 6; i++) list = Process.Cons(p, Named(p, numbers[i], 0), list);
        for (int i = 0; i < 5; i++) list = Process.Cons(p, Process.Tuple(p, switches[i], Am.False), list);
        list = Process.Cons(p, Process.Tuple(p, Am.Primary, Am.Poll), list);
        list = Process.Cons(p, Process.Tuple(p, Am.Name, Am.ErtsPoll), list);
        return Process.Cons(p, list, Term.Nil);
    }

    // What erlang:memory/0,1 adds up: [{Area, Bytes}]. Bytes of blocks are the allocator's, by owner; external_alloc goes to the total only.
    private static Term Areas(Process* p)
    {
        long processes = Bytes(Owner.Heap) + Bytes(Owner.OldHeap) + Bytes(Owner.Fragment) + Bytes(Owner.Process);
        long atoms = Bytes(Owner.Atoms);
        Term list = Process.Cons(p, Named(p, Am.ExternalAlloc, Allocator.OutstandingTotal()), Term.Nil);
        list = Process.Cons(p, Named(p, Am.EtsMisc, Bytes(Owner.Ets)), list);
        list = Process.Cons(p, Named(p, Am.PortTable, 0), list);
        list = Process.Cons(p, Named(p, Am.ProcessTable, processes), list);
        list = Process.Cons(p, Named(p, Am.BifTimer, Bytes(Owner.Timers)), list);
        list = Process.Cons(p, Named(p, Am.LoadedCode, Bytes(Owner.Code)), list);
        list = Process.Cons(p, Process.Tuple(p, Am.AtomSpace, Term.Small(atoms), Term.Small(atoms)), list);
        return Process.Cons(p, Named(p, Am.SysMisc, Bytes(Owner.Vm) + Bytes(Owner.Files) + Bytes(Owner.Resource)), list);
    }

    private static long Bytes(Owner owner) => Allocator.Outstanding(owner);

    private static Term Processors(Process* p, Term item)
    {
        Machine* m = p->Machine;
        int total = SchedulerLimits.Total(m);
        if (item == Am.Schedulers || item == Am.SchedulersTotal || item == Am.RunQueues) return Term.Small(total);
        if (item == Am.DirtyCpuSchedulers) return Term.Small(SchedulerLimits.DirtyTotal(m));
        if (item == Am.SchedulersOnline) return Term.Small(SchedulerLimits.Online(m));
        if (item == Am.SchedulersActive) return Term.Small(SchedulerLimits.Active(m));
        if (item == Am.DirtyCpuSchedulersOnline) return Term.Small(SchedulerLimits.DirtyOnline(m));
        if (item == Am.DirtyIoSchedulers) return Term.Small(m->DirtyIo.Most);
        if (item == Am.SchedulersState) return Process.Tuple(p, Term.Small(total), Term.Small(SchedulerLimits.Online(m)), Term.Small(SchedulerLimits.Active(m)));
        if (item == Am.AllSchedulersState)
        {
            int dirty = SchedulerLimits.Blocked(m) ? 0 : SchedulerLimits.DirtyOnline(m), io = SchedulerLimits.Blocked(m) ? 0 : m->DirtyIo.Most;
            Term list = Process.Cons(p, Kind(p, Am.DirtyIo, m->DirtyIo.Most, m->DirtyIo.Most, io), Term.Nil);
            list = Process.Cons(p, Kind(p, Am.DirtyCpu, SchedulerLimits.DirtyTotal(m), SchedulerLimits.DirtyOnline(m), dirty), list);
            return Process.Cons(p, Kind(p, Am.Normal, total, SchedulerLimits.Online(m), SchedulerLimits.Active(m)), list);
        }
        // A process on a context of its own (on_load) counts as the first scheduler's.
        if (item == Am.SchedulerId) return Term.Small(p->Context->Scheduler == null ? 1 : p->Context->Scheduler->Index + 1);
        if (item == Am.ThreadPoolSize) return Term.Small(m->Settings.AsyncThreads);
        if (item == Am.MultiScheduling) return SchedulerLimits.State(m);
        if (item == Am.MultiSchedulingBlockers) return total == 1 ? Term.Nil : SchedulerLimits.Blockers(p, false);
        if (item == Am.NormalMultiSchedulingBlockers) return total == 1 ? Term.Nil : SchedulerLimits.Blockers(p, true);
        if (item == Am.SchedulerBindType) return Am.Unbound;
        if (item == Am.SchedulerBindings)
        {
            Term t = Process.NewTuple(p, total);
            for (int i = 0; i < total; i++) t.TupleElements[i] = Am.Unbound;
            return t;
        }
        if (item == Am.LogicalProcessors || item == Am.LogicalProcessorsOnline) return Term.Small(Threads.OnlineProcessors);
        if (item == Am.LogicalProcessorsAvailable || item == Am.CpuQuota) return Term.Small(m->Settings.Processors);
        return item == Am.CpuTopology ? CpuTopology.Detected(p) : Term.None;
    }

    // Whether there are more or less processors for this program than when it was last looked.
    private static Term UpdateCpuInfo(Machine* m)
    {
        int now = Threads.AvailableProcessors;
        return System.Threading.Interlocked.Exchange(ref m->Settings.Processors, now) == now ? Am.Unchanged : Am.Changed;
    }

    private static Term Kind(Process* p, Term name, int total, int online, int active)
    {
        Term t = Process.NewTuple(p, 4);
        Term* e = t.TupleElements;
        e[0] = name;
        e[1] = Term.Small(total);
        e[2] = Term.Small(online);
        e[3] = Term.Small(active);
        return t;
    }

    private static Term Pairs(Process* p, Term key, Term value)
    {
        if (key == Am.Wordsize && (value == Am.Internal || value == Am.External)) return Term.Small(8);
        if (key == Am.CpuTopology) return value == Am.Used || value == Am.Detected ? CpuTopology.Detected(p) : value == Am.Defined ? Am.Undefined : Term.None;
        if (key != Am.Allocator && key != Am.AllocatorSizes) return Term.None;
        if (value.IsNil || value.IsCons)
        {
            // Of several: a pair for each.
            Term reversed = Term.Nil, list = Term.Nil;
            for (; value.IsCons; value = value.Tail)
            {
                Term one = value.Head.IsAtom ? Pairs(p, key, value.Head) : Term.None;
                if (one.IsNone) return Term.None;
                reversed = Process.Cons(p, Process.Tuple(p, value.Head, one), reversed);
            }
            for (; reversed.IsCons; reversed = reversed.Tail) list = Process.Cons(p, reversed.Head, list);
            return value.IsNil ? list : Term.None;
        }
        if (value != Am.SysAlloc) return IsAllocator(value) ? Am.False : Term.None;
        Term options = key == Am.Allocator ? Process.Cons(p, Process.Tuple(p, Am.Options, Malloc(p)), Term.Nil) : Term.Nil;
        return Process.Cons(p, Process.Tuple(p, Am.Instance, Term.Small(0), options), Term.Nil);
    }

    // OTP's allocators; those that there are not here are switched off.
    private static bool IsAllocator(Term name) =>
        name == Am.TempAlloc || name == Am.SlAlloc || name == Am.StdAlloc || name == Am.LlAlloc || name == Am.EheapAlloc || name == Am.EtsAlloc || name == Am.FixAlloc
        || name == Am.LiteralAlloc || name == Am.BinaryAlloc || name == Am.DriverAlloc || name == Am.MsegAlloc;

    [Bif("erlang:system_flag/2", BifKind.Traps)]
    public static Term SystemFlag(Process* p, Term* a)
    {
        Term flag = a[0], value = a[1];
        if (flag == Am.MultiScheduling)
        {
            if (value == Am.Block || value == Am.BlockNormal) return SchedulerLimits.Block(p, value == Am.BlockNormal);
            if (value == Am.Unblock || value == Am.UnblockNormal) return SchedulerLimits.Unblock(p, value == Am.UnblockNormal);
            return Process.Badarg(p);
        }
        if (flag == Am.SchedulersOnline) return value.IsSmall ? SchedulerLimits.SetOnline(p, value.SmallValue) : Process.Badarg(p);
        if (flag == Am.DirtyCpuSchedulersOnline) return value.IsSmall ? SchedulerLimits.SetDirtyOnline(p, value.SmallValue) : Process.Badarg(p);
        // Threads are not bound to processors: what OTP says where the system cannot.
        if (flag == Am.SchedulerBindType && SystemFlags.IsBindType(value)) return value == Am.Unbound ? value : Process.Error(p, Am.Notsup);
        // kernel's own process counts who wants it.
        if (flag == Am.SchedulerWallTime && value.IsBoolean && p->Machine->Full != 0) return Process.TrapTo1(p, Am.KernelRefc, Am.SchedulerWallTime, value);
        Term old = SystemFlags.Set(p, flag, value);
        // Only a flag that does not exist has a cause.
        return !old.IsNone ? old : SystemFlags.IsFlag(flag) ? Process.Badarg(p) : Process.Badarg(p, Am.Badopt);
    }
}
