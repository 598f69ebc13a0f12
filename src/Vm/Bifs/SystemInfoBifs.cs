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
        }
        // {memory_internal | allocator | allocator_sizes, Ref, What}: every helper thread would send an answer, but there is none.
        else if (item.IsTupleOf(3) && item.TupleElements[1].IsReference) value = Am.True;
        else if (item.IsTupleOf(2)) value = Pairs(p, item.TupleElements[0], item.TupleElements[1]);
        return value.IsNone ? Process.Badarg(p) : value;
    }

    // Who we are.
    private static Term Names(Process* p, Term item)
    {
        if (item == Am.OtpRelease) return Text(p, "29"u8);
        if (item == Am.Version) return Text(p, "17.1"u8);
        if (item == Am.Machine) return Text(p, "BEAM"u8);
        if (item == Am.EmuFlavor) return Am.Emu;
        if (item == Am.EmuType || item == Am.BuildType) return Am.Opt;
        if (item == Am.SystemVersion) return Text(p, "Erlang/OTP 29 [erts-17.1] [source] [64-bit] [smp:1:1] [ds:1:1:1] [async-threads:1]\n"u8);
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
        return Term.None;
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
        if (item == Am.ProcessCount) return Term.Small(ProcessTable.Count(p->Machine));
        if (item == Am.ProcessLimit) return Term.Small(1048576);
        if (item == Am.PortCount) return Term.Small(PortTable.Count(p->Machine));
        if (item == Am.PortLimit) return Term.Small(PortTable.Limit);
        if (item == Am.EtsLimit) return Term.Small(8192);
        if (item == Am.EtsCount) return Term.Small(0);
        if (item == Am.ContextReductions) return Term.Small(p->Machine->SliceReductions);
        if (item == Am.DistBufBusyLimit) return Term.Small(1048576);
        if (item == Am.OutstandingSystemRequestsLimit) return Term.Small(p->Machine->Flags.RequestsLimit);
        return Term.None;
    }

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
            return Process.Cons(p, Named(p, Am.MaxHeapSize, 0), list);
        }
        if (item == Am.HeapType) return Am.Private;
        if (item == Am.MessageQueueData) return Am.OnHeap;
        if (item == Am.SystemLogger) return m->Flags.SystemLogger;
        if (item == Am.SequentialTracer) return Process.Tuple(p, item, SeqTrace.Tracer(p->Machine));
        if (item == Am.TraceControlWord) return Term.Small(p->Machine->Tracing.Static.ControlWord);
        if (item == Am.Creation) return Term.Small(0);
        if (item == Am.StartTime) return Process.Integer(p, VmClock.ErlangStart);
        if (item == Am.EndTime) return Process.Integer(p, VmClock.ErlangEnd);
        if (item == Am.TimeCorrection || item == Am.Threads || item == Am.SmpSupport || item == Am.ConstantPoolSupport || item == Am.KernelPoll) return Am.True;
        if (item == Am.TimeOffset) return Am.Volatile;
        if (item == Am.TimeWarpMode) return Am.MultiTimeWarp;
        if (item == Am.TolerantTimeofday) return Am.Disabled;
        bool off = item == Am.AsyncDist || item == Am.BreakIgnored || item == Am.DebugCompiled || item == Am.DynamicTraceProbes || item == Am.PortParallelism
            || item == Am.EtsReallocMoves || item == Am.EtsAlwaysCompress || item == Am.LockChecking || item == Am.LockCounting;
        if (off) return Am.False;
        if (item == Am.EagerCheckIo) return Am.True;
        if (item == Am.DynamicTrace) return Am.None;
        if (item == Am.HaltFlushTimeout) return Am.Infinity;
        if (item == Am.DelayedNodeTableGc) return Term.Small(60);
        if (item == Am.HipeArchitecture || item == Am.ModifiedTimingLevel) return Am.Undefined;
        if (item == Am.AllocUtilAllocators || item == Am.DistCtrl || item == Am.Taints) return Term.Nil;
        if (item == Am.AllocatedAreas) return Areas(p);
        if (item == Am.Allocator)
        {
            Term t = Process.NewTuple(p, 4);
            for (int i = 1; i < 4; i++) t.TupleElements[i] = Term.Nil;
            t.TupleElements[0] = Am.Undefined;
            return t;
        }
        return Term.None;
    }

    // What erlang:memory/0,1 adds up: [{Area, Bytes}]. Bytes of blocks are the allocator's, by owner; external_alloc goes to the total only.
    private static Term Areas(Process* p)
    {
        long processes = Bytes(Owner.Heap) + Bytes(Owner.OldHeap) + Bytes(Owner.Fragment) + Bytes(Owner.Process);
        long atoms = Bytes(Owner.Atoms);
        Term list = Process.Cons(p, Process.Tuple(p, Am.AtomSpace, Term.Small(atoms), Term.Small(atoms)), Term.Nil);
        list = Process.Cons(p, Named(p, Am.EtsMisc, Bytes(Owner.Ets)), list);
        list = Process.Cons(p, Named(p, Am.LoadedCode, Bytes(Owner.Code)), list);
        list = Process.Cons(p, Named(p, Am.ProcessTable, processes), list);
        return Process.Cons(p, Named(p, Am.ExternalAlloc, Allocator.OutstandingTotal()), list);
    }

    private static long Bytes(Owner owner) => Allocator.Outstanding(owner);

    // One scheduler on as many processors as there are.
    private static Term Processors(Process* p, Term item)
    {
        bool one = item == Am.Schedulers || item == Am.SchedulersTotal || item == Am.SchedulersOnline || item == Am.SchedulersActive || item == Am.SchedulerId
            || item == Am.DirtyCpuSchedulers || item == Am.DirtyCpuSchedulersOnline || item == Am.DirtyIoSchedulers || item == Am.RunQueues || item == Am.ThreadPoolSize;
        if (one) return Term.Small(1);
        if (item == Am.MultiScheduling) return p->Machine->Flags.Blocked > 0 ? Am.Blocked : Am.Enabled;
        if (item == Am.MultiSchedulingBlockers || item == Am.NormalMultiSchedulingBlockers) return Term.Nil;
        if (item == Am.SchedulerBindType) return Am.Unbound;
        if (item == Am.SchedulerBindings)
        {
            Term t = Process.NewTuple(p, 1);
            t.TupleElements[0] = Am.Unbound;
            return t;
        }
        if (item == Am.LogicalProcessors || item == Am.LogicalProcessorsOnline) return Term.Small(Threads.OnlineProcessors);
        if (item == Am.LogicalProcessorsAvailable) return Term.Small(Threads.AvailableProcessors);
        return item == Am.CpuTopology ? Am.Undefined : Term.None;
    }

    private static Term Pairs(Process* p, Term key, Term value)
    {
        if (key == Am.Wordsize && (value == Am.Internal || value == Am.External)) return Term.Small(8);
        if (key == Am.CpuTopology && (value == Am.Used || value == Am.Defined || value == Am.Detected)) return Am.Undefined;
        return (key == Am.Allocator || key == Am.AllocatorSizes) && value.IsAtom ? Am.False : Term.None;
    }

    [Bif("erlang:system_flag/2")]
    public static Term SystemFlag(Process* p, Term* a)
    {
        Term old = SystemFlags.Set(p, a[0], a[1]);
        // Only a flag that does not exist has a cause.
        return !old.IsNone ? old : SystemFlags.IsFlag(a[0]) ? Process.Badarg(p) : Process.Badarg(p, Am.Badopt);
    }

    [Bif("erlang:statistics/1")]
    public static Term Statistics(Process* p, Term* a)
    {
        Machine* m = p->Machine;
        Term item = a[0];
        if (item == Am.Reductions || item == Am.ExactReductions)
        {
            // The slices of others that are under way are not in it.
            long total = p->Bumped + m->SliceReductions - p->Context->Reductions;
            for (int i = 0; i < m->Schedulers.Count; i++) total += Schedulers.Get(m, i)->Reductions;
            return Since(p, total, ref item == Am.Reductions ? ref m->Statistics.Reductions : ref m->Statistics.Exact);
        }
        if (item == Am.Runtime) return Since(p, Clock.ProcessCpuNanoseconds / 1000000, ref m->Statistics.Runtime);
        if (item == Am.WallClock) return Since(p, (VmClock.ErlangMonotonic(m) - VmClock.ErlangStart) / VmClock.Millisecond, ref m->Statistics.WallClock);
        if (item == Am.GarbageCollection) return Process.Tuple(p, Term.Small(m->HeapShared.Collections), Term.Small(m->HeapShared.Reclaimed), Term.Small(0));
        if (item == Am.ContextSwitches)
        {
            long slices = 0;
            for (int i = 0; i < m->Schedulers.Count; i++) slices += Schedulers.Get(m, i)->Slices;
            return Process.Tuple(p, Process.Integer(p, slices), Term.Small(0));
        }
        if (item == Am.RunQueue || item == Am.TotalRunQueueLengths || item == Am.TotalRunQueueLengthsAll) return Term.Small(Tasks(m, false));
        if (item == Am.TotalActiveTasks || item == Am.TotalActiveTasksAll) return Term.Small(Tasks(m, true));
        if (item == Am.RunQueueLengths || item == Am.RunQueueLengthsAll) return TaskList(p, false);
        if (item == Am.ActiveTasks || item == Am.ActiveTasksAll) return TaskList(p, true);
        if (item == Am.RunQueues) return Process.Tuple(p, Term.Small(0), Term.Small(0));
        if (item == Am.SchedulerWallTime || item == Am.SchedulerWallTimeAll) return WallTime(p);
        if (item == Am.Io) return Process.Tuple(p, Process.Tuple(p, Am.Input, Term.Small(0)), Process.Tuple(p, Am.Output, Term.Small(0)));
        return Process.Badarg(p);
    }

    // Processes that are ready, and those that run now.
    private static long Tasks(Machine* m, bool running)
    {
        long n = 0;
        for (int i = 0; i < m->Schedulers.Count; i++) n += Tasks(m, i, running);
        return n;
    }

    private static long Tasks(Machine* m, int scheduler, bool running)
    {
        Scheduler* s = Schedulers.Get(m, scheduler);
        return s->Queue.Count + (running && System.Threading.Volatile.Read(ref s->Sleeping) == 0 ? 1 : 0);
    }

    private static Term TaskList(Process* p, bool running)
    {
        Term list = Term.Nil;
        for (int i = p->Machine->Schedulers.Count - 1; i >= 0; i--) list = Process.Cons(p, Term.Small(Tasks(p->Machine, i, running)), list);
        return list;
    }

    // [{Scheduler, Active, Total}] in nanoseconds, or undefined while it is not measured.
    private static Term WallTime(Process* p)
    {
        Machine* m = p->Machine;
        if (m->Flags.WallTimeSince == 0) return Am.Undefined;
        long now = Clock.MonotonicNanoseconds, total = now - m->Flags.WallTimeSince;
        Term list = Term.Nil;
        for (int i = m->Schedulers.Count - 1; i >= 0; i--)
        {
            Scheduler* s = Schedulers.Get(m, i);
            long since = s->BusySince, active = s->BusyTime + (since == 0 ? 0 : now - since);
            list = Process.Cons(p, Process.Tuple(p, Term.Small(i + 1), Process.Integer(p, Math.Min(Math.Max(active, 0), total)), Process.Integer(p, total)), list);
        }
        return list;
    }

    // {Total, SinceLastCall}
    private static Term Since(Process* p, long total, ref long last)
    {
        long since = total - last;
        last = total;
        return Process.Tuple(p, Process.Integer(p, total), Process.Integer(p, since));
    }
}

/// <summary>What the last calls of statistics/1 gave. Embedded in Machine.</summary>
public struct StatisticsSince
{
    public long Reductions, Exact, Runtime, WallClock;
}
