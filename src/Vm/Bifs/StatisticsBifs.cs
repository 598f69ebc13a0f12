// erlang:statistics/1: figures of the VM as it runs.
namespace MyBeam.Vm;

using System.Threading;
using MyBeam.Memory;
using MyBeam.Platform;

public static unsafe class StatisticsBifs
{
    [Bif("erlang:statistics/1")]
    public static Term Statistics(Process* p, Term* a)
    {
        Machine* m = p->Machine;
        Term item = a[0];
        if (item == Am.Reductions) return Since(p, Reductions(p, false), ref m->Statistics.Reductions);
        if (item == Am.ExactReductions) return Since(p, Reductions(p, true), ref m->Statistics.Exact);
        if (item == Am.Runtime) return Since(p, Clock.ProcessCpuNanoseconds / 1000000, ref m->Statistics.Runtime);
        if (item == Am.WallClock) return Since(p, (VmClock.ErlangMonotonic(m) - VmClock.ErlangStart) / VmClock.Millisecond, ref m->Statistics.WallClock);
        if (item == Am.GarbageCollection)
            return Process.Tuple(p, Process.Integer(p, m->HeapShared.Collections), Process.Integer(p, m->HeapShared.Reclaimed), Term.Small(0));
        if (item == Am.ContextSwitches)
        {
            long slices = 0;
            for (int i = 0; i < m->Schedulers.Count; i++) slices += Schedulers.Get(m, i)->Slices;
            return Process.Tuple(p, Process.Integer(p, slices), Term.Small(0));
        }
        if (item == Am.RunQueue || item == Am.TotalRunQueueLengths) return Term.Small(Tasks(m, false, false));
        if (item == Am.TotalRunQueueLengthsAll) return Term.Small(Tasks(m, false, true));
        if (item == Am.TotalActiveTasks) return Term.Small(Tasks(m, true, false));
        if (item == Am.TotalActiveTasksAll) return Term.Small(Tasks(m, true, true));
        if (item == Am.RunQueueLengths) return TaskList(p, false, false);
        if (item == Am.RunQueueLengthsAll) return TaskList(p, false, true);
        if (item == Am.ActiveTasks) return TaskList(p, true, false);
        if (item == Am.ActiveTasksAll) return TaskList(p, true, true);
        if (item == Am.RunQueues) return RunQueues(p);
        if (item == Am.SchedulerWallTime) return ThreadTimes.Wall(p, false);
        if (item == Am.SchedulerWallTimeAll) return ThreadTimes.Wall(p, true);
        if (item == Am.MicrostateAccounting) return ThreadTimes.Micro(p);
        if (item == Am.Io)
        {
            Term input = Process.Tuple(p, Am.Input, Process.Integer(p, m->Io.Input.Bytes));
            return Process.Tuple(p, input, Process.Tuple(p, Am.Output, Process.Integer(p, m->Io.Written)));
        }
        return Process.Badarg(p);
    }

    // With the slices of others that are under way, or (as OTP's faster figure) without.
    private static long Reductions(Process* p, bool exact)
    {
        Machine* m = p->Machine;
        long total = p->Bumped + m->SliceReductions - p->Context->Reductions;
        for (int i = 0; i < m->Schedulers.Count; i++)
        {
            Scheduler* s = Schedulers.Get(m, i);
            total += s->Reductions;
            if (exact && &s->Context != p->Context && Volatile.Read(ref s->Busy) != 0)
                total += System.Math.Max(0, m->SliceReductions - Volatile.Read(ref s->Context.Reductions));
        }
        // What is seen of the others may be behind what was seen before.
        ref long last = ref exact ? ref m->Statistics.Exact : ref m->Statistics.Reductions;
        return System.Math.Max(total, last);
    }

    // Processes that are ready, and (running) those that run now; dirty: those for files too.
    private static long Tasks(Machine* m, bool running, bool all)
    {
        long n = Tasks(&m->DirtyCpu, running);
        if (all) n += Tasks(&m->DirtyIo, running);
        for (int i = 0; i < m->Schedulers.Count; i++) n += Tasks(m, i, running);
        return n;
    }

    private static long Tasks(Machine* m, int scheduler, bool running)
    {
        if (scheduler >= m->Schedulers.Count) return 0;
        Scheduler* s = Schedulers.Get(m, scheduler);
        return s->Queue.Count + (running && Volatile.Read(ref s->Busy) != 0 ? 1 : 0);
    }

    private static long Tasks(DirtyPool* pool, bool running) => System.Math.Max(0, pool->InFlight - (running ? 0 : pool->Working));

    // One number for each scheduler, then that of the dirty threads for computing, then (all) that of those for files.
    private static Term TaskList(Process* p, bool running, bool all)
    {
        Machine* m = p->Machine;
        Term list = Term.Nil;
        if (all) list = Process.Cons(p, Term.Small(Tasks(&m->DirtyIo, running)), list);
        list = Process.Cons(p, Term.Small(Tasks(&m->DirtyCpu, running)), list);
        for (int i = SchedulerLimits.Total(m) - 1; i >= 0; i--) list = Process.Cons(p, Term.Small(Tasks(m, i, running)), list);
        return list;
    }

    private static Term RunQueues(Process* p)
    {
        Machine* m = p->Machine;
        int total = SchedulerLimits.Total(m);
        Term t = Process.NewTuple(p, total + 2);
        for (int i = 0; i < total; i++) t.TupleElements[i] = Term.Small(Tasks(m, i, false));
        t.TupleElements[total] = Term.Small(Tasks(&m->DirtyCpu, false));
        t.TupleElements[total + 1] = Term.Small(Tasks(&m->DirtyIo, false));
        return t;
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

/// <summary>The times of all threads.</summary>
internal static unsafe class ThreadTimes
{
    /// <summary>system_flag(scheduler_wall_time, …): whether it was on.</summary>
    public static Term SetWall(Process* p, bool on)
    {
        Machine* m = p->Machine;
        bool was = m->Flags.WallTimeSince != 0;
        if (!on) m->Flags.WallTimeSince = 0;
        else if (!was)
        {
            long now = Start(p);
            for (int i = 0; i < m->Schedulers.Count; i++) Schedulers.Get(m, i)->Time.StartWall(now);
            for (DirtyThread* t = m->DirtyCpu.First; t != null; t = t->Next) t->Time.StartWall(now);
            for (DirtyThread* t = m->DirtyIo.First; t != null; t = t->Next) t->Time.StartWall(now);
            m->Flags.WallTimeSince = now;
        }
        return Term.Bool(was);
    }

    // The slice of the process that asks is measured from here on.
    private static long Start(Process* p)
    {
        long now = Clock.MonotonicNanoseconds;
        if (p->Context->Scheduler != null && !p->Context->Scheduler->Time.Began) p->Context->Scheduler->Time.Begin(now);
        return now;
    }

    /// <summary>system_flag(microstate_accounting, true | false | reset): whether it was on.</summary>
    public static Term SetMicro(Process* p, Term value)
    {
        Machine* m = p->Machine;
        bool was = m->Flags.MicroSince != 0, reset = value == Am.Reset;
        if (!reset && was == (value == Am.True)) return Term.Bool(was);
        long now = was || reset ? Clock.MonotonicNanoseconds : Start(p);
        for (int i = 0; i < m->Schedulers.Count; i++) Change(ref Schedulers.Get(m, i)->Time, now, was, reset);
        for (DirtyThread* t = m->DirtyCpu.First; t != null; t = t->Next) Change(ref t->Time, now, was, reset);
        for (DirtyThread* t = m->DirtyIo.First; t != null; t = t->Next) Change(ref t->Time, now, was, reset);
        if (reset)
        {
            m->Flags.MicroBefore = 0;
            if (was) m->Flags.MicroSince = now;
        }
        else if (was)
        {
            m->Flags.MicroBefore += now - m->Flags.MicroSince;
            m->Flags.MicroSince = 0;
        }
        else m->Flags.MicroSince = now;
        return Term.Bool(was);
    }

    private static void Change(ref BusyTime t, long now, bool was, bool reset)
    {
        if (was && !reset) t.StopMicro(now);
        else t.StartMicro(now, reset);
    }

    /// <summary>[{Id, Active, Total}] in nanoseconds, or undefined while it is not measured: schedulers, dirty threads for computing, (all) those for files.</summary>
    public static Term Wall(Process* p, bool all)
    {
        Machine* m = p->Machine;
        if (m->Flags.WallTimeSince == 0) return Am.Undefined;
        long now = Clock.MonotonicNanoseconds, total = now - m->Flags.WallTimeSince;
        int schedulers = SchedulerLimits.Total(m);
        Term list = all ? Wall(p, Term.Nil, &m->DirtyIo, 2 * schedulers, m->DirtyIo.Most, now, total) : Term.Nil;
        list = Wall(p, list, &m->DirtyCpu, schedulers, schedulers, now, total);
        for (int i = schedulers - 1; i >= 0; i--)
        {
            long active = i < m->Schedulers.Count ? Schedulers.Get(m, i)->Time.Wall(now, total) : 0;
            list = Process.Cons(p, Process.Tuple(p, Term.Small(i + 1), Process.Integer(p, active), Process.Integer(p, total)), list);
        }
        return list;
    }

    private static Term Wall(Process* p, Term list, DirtyPool* pool, int before, int count, long now, long total)
    {
        for (int i = count; i > 0; i--)
        {
            DirtyThread* t = Find(pool, i);
            long active = t == null ? 0 : t->Time.Wall(now, total);
            list = Process.Cons(p, Process.Tuple(p, Term.Small(before + i), Process.Integer(p, active), Process.Integer(p, total)), list);
        }
        return list;
    }

    private static DirtyThread* Find(DirtyPool* pool, int number)
    {
        DirtyThread* t = pool->First;
        while (t != null && t->Number != number) t = t->Next;
        return t;
    }

    /// <summary>[#{type, id, counters}] of all threads, in nanoseconds (the unit of perf_counter). Time between slices is other; threads that were not started sleep.</summary>
    public static Term Micro(Process* p)
    {
        Machine* m = p->Machine;
        bool on = m->Flags.MicroSince != 0;
        long now = Clock.MonotonicNanoseconds, total = m->Flags.MicroBefore + (on ? now - m->Flags.MicroSince : 0);
        int schedulers = SchedulerLimits.Total(m);
        Term list = Micro(p, Term.Nil, Am.Async, 0, default, total, false);
        list = Micro(p, list, Am.Aux, 1, default, total, false);
        list = Micro(p, list, Am.Poll, 0, default, total, false);
        for (int i = m->DirtyIo.Most; i > 0; i--) list = Dirty(p, list, Am.DirtyIoScheduler, Find(&m->DirtyIo, i), i, now, on, total);
        for (int i = schedulers; i > 0; i--) list = Dirty(p, list, Am.DirtyCpuScheduler, Find(&m->DirtyCpu, i), i, now, on, total);
        for (int i = schedulers; i > 0; i--)
        {
            bool started = i <= m->Schedulers.Count;
            list = Micro(p, list, Am.Scheduler, i, started ? Schedulers.Get(m, i - 1)->Time.Micro(now, on) : default, total, started);
        }
        return list;
    }

    private static Term Dirty(Process* p, Term list, Term type, DirtyThread* t, int id, long now, bool on, long total) =>
        Micro(p, list, type, id, t == null ? default : t->Time.Micro(now, on), total, false);

    private static Term Micro(Process* p, Term list, Term type, int id, MicroTimes t, long total, bool sleepKnown)
    {
        Heap* h = &p->Heap;
        long busy = System.Math.Min(System.Math.Max(t.Busy, 0), total), gc = System.Math.Min(t.Collecting, busy), rest = total - busy;
        long sleep = sleepKnown ? System.Math.Min(t.Sleeping, rest) : rest;
        Term c = Maps.Put(h, Maps.Empty(h), Am.Emulator, Process.Integer(p, busy - gc));
        c = Maps.Put(h, c, Am.Gc, Process.Integer(p, gc));
        c = Maps.Put(h, c, Am.Sleep, Process.Integer(p, sleep));
        c = Maps.Put(h, c, Am.Other, Process.Integer(p, rest - sleep));
        c = Maps.Put(h, c, Am.Port, Term.Small(0));
        c = Maps.Put(h, c, Am.Aux, Term.Small(0));
        c = Maps.Put(h, c, Am.CheckIo, Term.Small(0));
        Term map = Maps.Put(h, Maps.Empty(h), Am.Type, type);
        map = Maps.Put(h, map, Am.Id, Term.Small(id));
        return Process.Cons(p, Maps.Put(h, map, Am.Counters, c), list);
    }
}
