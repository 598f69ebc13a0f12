// Schedulers: one thread each, with a run queue and timers of its own. The first one runs on the thread that started the VM.
//
// A process that becomes ready goes to the queue of the scheduler that made it so: its data is in that core's cache, and two processes that talk to each other
// take turns there. When more is ready than the scheduler can start at once, a sleeping scheduler is woken, which steals.
namespace MyBeam.Vm;

using System.Runtime.InteropServices;
using System.Threading;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>One scheduler. A native block owned by the VM; the context comes first.</summary>
public unsafe struct Scheduler
{
    public Context Context;
    public Machine* Machine;
    public int Index;
    /// <summary>Not 0: it sleeps on this word, or is about to.</summary>
    public int Sleeping;
    /// <summary>1: in the middle of a slice.</summary>
    public int Busy;
    public RunQueue Queue;
    public Timers Timers;
    /// <summary>The thread, 0 for the first scheduler.</summary>
    public nuint Thread;
    /// <summary>Reductions of the slices that have ended.</summary>
    public long Reductions;
    /// <summary>Number of slices, and the time (ns) of the last look at the timers.</summary>
    public long Slices, LastTimers;
    /// <summary>Nanoseconds in processes (statistics(scheduler_wall_time) and the like).</summary>
    public BusyTime Time;
    /// <summary>With --deterministic: what chooses.</summary>
    public SplitRandom Random;
    /// <summary>HeapTrim.Pass when it last gave memory back.</summary>
    public int TrimPass;
    /// <summary>Numbers of unlinks on their way; the same number from two schedulers does no harm, both ends belong to it.</summary>
    public ulong UnlinkIds;
}

/// <summary>All schedulers of a VM; embedded in Machine.</summary>
public unsafe struct Schedulers
{
    public const int Most = 256;

    private fixed ulong all[Most];
    public int Count;
    /// <summary>How many there may be (--schedulers): each is started when there is work for it.</summary>
    public int Wanted;
    private OsMutex startMutex;
    /// <summary>Schedulers asleep: who ends a scheduler's sleep (Wake, or the scheduler itself) takes it off at once, so when it is Count nothing is going on anywhere.</summary>
    private int asleep;
    /// <summary>How often a sleep has ended.</summary>
    private long wakes;
    /// <summary>The process whose end ends the loop of the first scheduler, and how it stopped.</summary>
    public Process* Main;
    public long MainStop;
    /// <summary>Other threads want all schedulers to stand still (see StopAll).</summary>
    private int stopRequests;
    /// <summary>Schedulers that stand still, and those whose loops have ended.</summary>
    private int standing, gone;
    /// <summary>Dirty threads that change a heap.</summary>
    private int changing;
    private OsMutex stopMutex;
    // The lock of LockCode: who comes gets the next number, who has the number served has the lock.
    private int codeNext, codeServed;
    /// <summary>--deterministic: choices come from the seed, time is virtual.</summary>
    public int Deterministic;

    private const nuint StackBytes = 1024 * 1024;
    // A sleeping scheduler looks up now and then all the same.
    private const long LongestSleep = 3_600_000_000_000;
    private const int Spins = 200;

    /// <summary>A scheduler by index.</summary>
    public static Scheduler* Get(Machine* m, int i) => (Scheduler*)m->Schedulers.all[i];

    /// <summary>Makes the first scheduler; the others come with Start. False when memory is out.</summary>
    public static bool Create(Machine* m)
    {
        Scheduler* s = Add(m);
        if (s != null) Publish(m, s);
        return s != null;
    }

    private static Scheduler* Add(Machine* m)
    {
        Scheduler* s = (Scheduler*)Allocator.AllocZeroed((nuint)sizeof(Scheduler), Owner.Vm);
        if (s == null) return null;
        s->Machine = m;
        s->Index = m->Schedulers.Count;
        s->Context.Machine = m;
        s->Context.HaltCode = m->HaltCode;
        s->Context.Scheduler = s;
        if (!Timers.Create(&s->Timers, m, s->Index))
        {
            Allocator.Free(s, (nuint)sizeof(Scheduler), Owner.Vm);
            return null;
        }
        m->Schedulers.all[s->Index] = (ulong)s;
        return s;
    }

    // Seen by the other schedulers from here on.
    private static void Publish(Machine* m, Scheduler* s) => Volatile.Write(ref m->Schedulers.Count, s->Index + 1);

    private static void Free(Scheduler* s)
    {
        Timers.Destroy(&s->Timers);
        Allocator.Free(s, (nuint)sizeof(Scheduler), Owner.Vm);
    }

    // One more scheduler, up to as many as are wanted. A system that has no thread for it goes on with those it has.
    private static void StartOne(Machine* m)
    {
        if (!m->Schedulers.startMutex.TryLock()) return;
        if (m->Schedulers.Count < SchedulerLimits.Active(m) && m->Ending == 0)
        {
            Scheduler* s = Add(m);
            if (s != null && StartThread(s)) Publish(m, s);
            else
            {
                if (s != null) Free(s);
                m->Schedulers.Wanted = m->Schedulers.Count;
            }
        }
        m->Schedulers.startMutex.Unlock();
    }

    private static bool StartThread(Scheduler* s) => Threads.Start(&ThreadMain, s, StackBytes, out s->Thread) == Errno.None;

    /// <summary>Ends all threads but the caller's. Nothing runs afterwards.</summary>
    public static void Stop(Machine* m)
    {
        Volatile.Write(ref m->Ending, 1);
        m->Schedulers.startMutex.Lock();
        m->Schedulers.startMutex.Unlock();
        WakeAll(m);
        for (int i = 1; i < m->Schedulers.Count; i++)
        {
            if (Get(m, i)->Thread != 0) Threads.Join(Get(m, i)->Thread, out _);
            Get(m, i)->Thread = 0;
        }
        DirtyPool.Stop(&m->DirtyCpu);
        DirtyPool.Stop(&m->DirtyIo);
        DirtyPool.Stop(&m->LongMatches);
        HeapTrim.Stop(m);
        IoInput.Stop(m);
    }

    /// <summary>--deterministic: one scheduler, whose choices and slice lengths come from the seed, and virtual time. Before the first process runs.</summary>
    public static void SetDeterministic(Machine* m, ulong seed)
    {
        m->Schedulers.Wanted = 1;
        m->Schedulers.Deterministic = 1;
        Get(m, 0)->Random = new SplitRandom(seed);
        VmClock.StartVirtual(m);
    }

    /// <summary>Frees the schedulers; their threads have ended.</summary>
    public static void Destroy(Machine* m)
    {
        for (int i = 0; i < m->Schedulers.Count; i++)
        {
            Free(Get(m, i));
        }
        m->Schedulers.Count = 0;
    }

    [UnmanagedCallersOnly]
    private static void* ThreadMain(void* argument)
    {
        Scheduler* s = (Scheduler*)argument;
        fixed (byte* name = "scheduler\0"u8) Threads.SetName(name);
        // It is counted as asleep only once it is counted as a scheduler.
        while (Volatile.Read(ref s->Machine->Schedulers.Count) <= s->Index) Threads.Yield();
        Loop(s, null);
        Interlocked.Increment(ref s->Machine->Schedulers.gone);
        return null;
    }

    /// <summary>Puts a process that has become ready into a run queue: that of the calling scheduler, or (<paramref name="from"/> is null or not of this thread) where it ran
    /// last.</summary>
    public static void Ready(Context* from, Process* p)
    {
        Machine* m = p->Machine;
        Scheduler* s = (from == null ? p->Context : from)->Scheduler;
        if (s == null) s = Get(m, 0);
        if (p->Flags.Scheduler != 0) s = Bound(m, p->Flags.Scheduler - 1, s);
        if (SchedulerLimits.Rests(m, s->Index)) s = Get(m, SchedulerLimits.StandIn(m, s->Index));
        int n = s->Queue.Add(p);
        if (Volatile.Read(ref s->Sleeping) != 0) Wake(s);
        // One that is ready runs here as soon as this process waits; more than that is work for others.
        else if (n > 1) WakeOther(m, s);
    }

    // The scheduler with an index, which is started when it was not; the other one when it cannot be.
    private static Scheduler* Bound(Machine* m, int index, Scheduler* other)
    {
        while (m->Schedulers.Count <= index)
        {
            int before = m->Schedulers.Count;
            StartOne(m);
            if (m->Schedulers.Count == before) return other;
        }
        return Get(m, index);
    }

    /// <summary>Whether the running process is to run on another scheduler.</summary>
    public static bool IsElsewhere(Process* p) => p->Flags.Scheduler != 0 && p->Context->Scheduler != null && p->Context->Scheduler->Index != p->Flags.Scheduler - 1;

    // A process whose slice is over.
    private static void PutBehind(Scheduler* s, Process* p)
    {
        if (IsElsewhere(p)) Ready(&s->Context, p);
        else s->Queue.Add(p);
    }

    /// <summary>Wakes a sleeping scheduler, if there is one.</summary>
    private static void WakeOther(Machine* m, Scheduler* except)
    {
        if (Volatile.Read(ref m->Schedulers.asleep) == 0)
        {
            if (m->Schedulers.Count < SchedulerLimits.Active(m)) StartOne(m);
            return;
        }
        for (int i = 0; i < m->Schedulers.Count; i++)
        {
            Scheduler* s = Get(m, i);
            if (s == except || Volatile.Read(ref s->Sleeping) == 0 || SchedulerLimits.Rests(m, i)) continue;
            if (Wake(s)) return;
        }
    }

    /// <summary>Ends the sleep of all: the VM is halted, or ends.</summary>
    public static void WakeAll(Machine* m)
    {
        for (int i = 0; i < m->Schedulers.Count; i++) Wake(Get(m, i));
    }

    /// <summary>Ends a scheduler's sleep. False: it did not sleep.</summary>
    public static bool Wake(Scheduler* s)
    {
        if (!EndSleep(s)) return false;
        Threads.Wake(&s->Sleeping, 1);
        return true;
    }

    private static bool EndSleep(Scheduler* s)
    {
        if (Interlocked.Exchange(ref s->Sleeping, 0) == 0) return false;
        Interlocked.Increment(ref s->Machine->Schedulers.wakes);
        Interlocked.Decrement(ref s->Machine->Schedulers.asleep);
        return true;
    }

    /// <summary>Runs processes until the VM is halted or ends, or <paramref name="main"/> has ended or can never go on.</summary>
    private static void Loop(Scheduler* s, Process* main)
    {
        Machine* m = s->Machine;
        // A process alone in another's queue is most likely to run there in a moment (two that talk to each other take turns): it is left alone unless
        // that scheduler has asked for help.
        bool asked = true;
        while (true)
        {
            if (Volatile.Read(ref m->Halting) != 0 || Volatile.Read(ref m->Ending) != 0) return;
            if (Volatile.Read(ref m->Schedulers.stopRequests) != 0) StandStill(m);
            if (Volatile.Read(ref m->Retired.Due) != 0) LiteralCollector.Step(m);
            if (Volatile.Read(ref m->Graves.Due) != 0) EtsGraveyard.Step(m);
            if (Volatile.Read(ref m->Trim.Pass) != s->TrimPass)
            {
                s->TrimPass = Volatile.Read(ref m->Trim.Pass);
                OsMemory.TrimOwn();
            }
            // What the main process left in its context stays as it is.
            if (Volatile.Read(ref m->Schedulers.MainStop) != 0) return;
            // The clock is read once in a few slices; a timer is late by no more than these take.
            if ((++s->Slices & 7) == 0 && s->Timers.Count != 0) Timers.Expire(&s->Timers, VmClock.MonotonicNs(m));
            if ((s->Slices & 63) == 0) HeapTrim.Look(m, false);
            Process* p = s->Queue.Take(m->Schedulers.Deterministic != 0 ? &s->Random : null);
            if (SchedulerLimits.Rests(m, s->Index))
            {
                if (p != null)
                {
                    Ready(null, p);
                    continue;
                }
            }
            else if (p == null) p = Steal(m, s, asked ? 1 : 2);
            asked = false;
            if (p == null)
            {
                if ((Volatile.Read(ref m->Retired.Due) | Volatile.Read(ref m->Graves.Due)) != 0) continue;
                if (!Idle(m, s, main, out asked)) return;
                continue;
            }
            Volatile.Write(ref s->Busy, 1);
            Slice(s, p, main);
            Volatile.Write(ref s->Busy, 0);
        }
    }

    // One slice of a process.
    private static void Slice(Scheduler* s, Process* p, Process* main)
    {
        Machine* m = s->Machine;
        Context* c = &s->Context;
        c->Process = p;
        p->Context = c;
        // What natives of the process before have left: terms of another heap.
        Context.ForgetFailure(c);
        if (p->Ending != null)
        {
            ProcessExit.GoOn(p);
            return;
        }
        if (p->SuspendCount > 0 && Hold(p)) return;
        if (p->Timers.Paused != 0 && p->Pauses <= 0) Timers.GoOn(p);
        Volatile.Write(ref p->Status, ProcessStatus.Running);
        if (p->Lifted != 0 && LiftedTurn(s, p)) return;
        // More is waiting than this scheduler can start now.
        if (s->Queue.Count > 0) WakeOther(m, s);
        long slice = m->SliceReductions;
        if (m->Schedulers.Deterministic != 0) slice = 1 + s->Random.Below((int)slice);
        while (true)
        {
            long stop = p->Traced != 0 || m->Tracing.Limits.LongSchedule != 0 ? TracedSlice.Run(c, p, slice) : TracedSlice.RunUntraced(c, p, slice);
            if (stop == StopReason.Waiting)
            {
                // Others may have it make answers on its heap (process_info) without its ever running code that collects.
                if (p->Heap.MessageWords + p->Heap.FragmentWords > MessageLimit(p) && !ProcessGc.Collect(p, 0, Context.Xs(c), 0))
                {
                    Process.Raise(p, ExceptionClass.Exit, Am.Killed);
                    stop = StopReason.Killed;
                }
                // Whoever sends from here on finds it waiting and makes it ready; it may run elsewhere before the next line.
                else if (Park(p)) return;
                else if (c->Reductions > 0)
                {
                    // RunSlice looks at what has arrived.
                    slice = c->Reductions;
                    continue;
                }
                else stop = StopReason.Yielded;
            }
            if (stop == StopReason.Yielded)
            {
                Volatile.Write(ref p->Status, ProcessStatus.Runnable);
                PutBehind(s, p);
                return;
            }
            if (stop == StopReason.Halted) return;
            if (stop == StopReason.Dirty)
            {
                DirtyPool.Hand(p);
                return;
            }
            End(c, p, stop);
            return;
        }
    }

    private static void End(Context* c, Process* p, long stop)
    {
        Machine* m = p->Machine;
        bool keep = p == m->Schedulers.Main;
        ProcessExit.End(p, stop, keep);
        if (!keep) Context.ForgetFailure(c);
        else
        {
            p->Kept = stop == StopReason.Finished ? *Context.Xs(c) : Term.None;
            Volatile.Write(ref m->Schedulers.MainStop, stop == StopReason.Killed ? StopReason.Exited : stop);
            WakeAll(m);
        }
    }

    // A process whose turn has come because another with a higher priority wants its signals handled. It must not run code of its own at that priority. True:
    // this was its turn.
    private static bool LiftedTurn(Scheduler* s, Process* p)
    {
        p->Lock.Lock();
        bool above = p->Lifted > p->Flags.Urgency;
        p->Lifted = 0;
        bool waited = p->InFirst != null && p->InFirst->StatusBefore == ProcessStatus.Waiting;
        p->Lock.Unlock();
        // What is suspended or to go to a dirty thread runs no code.
        if (!above || p->SuspendCount > 0 || p->Dirty != DirtyState.None) return false;
        int mail = p->MailCount;
        if (!SignalHandling.Handle(p))
        {
            End(&s->Context, p, StopReason.Killed);
            return true;
        }
        // It goes on waiting, or gets the turn that is its own.
        if (waited && mail == p->MailCount && p->SuspendCount == 0 && Park(p)) return true;
        Volatile.Write(ref p->Status, ProcessStatus.Runnable);
        PutBehind(s, p);
        return true;
    }

    // Memory of messages taken out since the last collection: when it outgrows the heap, it is time for one.
    private static long MessageLimit(Process* p) => System.Math.Max(512, p->Heap.End - p->Heap.Start);

    // True: the process waits now. False: something has arrived.
    private static bool Park(Process* p)
    {
        p->Lock.Lock();
        bool wait = p->InFirst == null && Volatile.Read(ref p->TimedOut) == 0;
        if (wait) p->Status = ProcessStatus.Waiting;
        p->Lock.Unlock();
        return wait;
    }

    // True: the process is held back until it is resumed.
    private static bool Hold(Process* p)
    {
        p->Lock.Lock();
        // Signals are for RunSlice to handle; messages wait until the process is resumed.
        bool hold = p->SuspendCount > 0;
        for (Signal* s = p->InFirst; hold && s != null; s = s->Next)
            hold = s->Kind is SignalKind.Message or SignalKind.AliasMessage || LiteralCollector.MustWait(p, s);
        if (hold) p->Status = ProcessStatus.Suspended;
        p->Lock.Unlock();
        return hold;
    }

    // From a queue of at least so many.
    private static Process* Steal(Machine* m, Scheduler* s, int least)
    {
        int n = m->Schedulers.Count;
        for (int i = 1; i < n; i++)
        {
            Scheduler* victim = Get(m, (s->Index + i) % n);
            if (victim->Queue.Free < least) continue;
            Process* p = victim->Queue.TakeFree();
            if (p != null) return p;
        }
        return null;
    }

    private static bool AnythingReady(Machine* m, Scheduler* own)
    {
        if (SchedulerLimits.Rests(m, own->Index)) return own->Queue.Count > 0;
        for (int i = 0; i < m->Schedulers.Count; i++)
            if (Get(m, i) == own ? own->Queue.Count > 0 : Get(m, i)->Queue.Free >= 2) return true;
        return false;
    }

    // Waits for work or a timer. False: nothing can ever happen again (only told to the loop that waits for a process).
    private static bool Idle(Machine* m, Scheduler* s, Process* main, out bool asked)
    {
        asked = false;
        long now = VmClock.MonotonicNs(m);
        long next = Timers.Expire(&s->Timers, now);
        if (s->Queue.Count > 0) return true;
        if (m->Schedulers.Deterministic != 0 && next != long.MaxValue)
        {
            VmClock.AdvanceTo(m, now + next);
            return true;
        }
        for (int i = 0; i < Spins; i++)
        {
            if (AnythingReady(m, s) || Volatile.Read(ref m->Schedulers.MainStop) != 0) return true;
            ThreadPause.Once();
        }
        long rest = HeapTrim.Look(m, true);
        // In this order: Sleeping is set before anybody can take it off asleep.
        Interlocked.Increment(ref m->Schedulers.asleep);
        Interlocked.Exchange(ref s->Sleeping, 1);
        // A timer of a resumed process may have come from another thread.
        next = Timers.Until(&s->Timers, now, next);
        bool ready = next == 0 || AnythingReady(m, s) || Volatile.Read(ref m->Halting) != 0 || Volatile.Read(ref m->Ending) != 0 || Volatile.Read(ref m->Schedulers.stopRequests) != 0
            || Volatile.Read(ref m->Schedulers.MainStop) != 0;
        bool goOn = true;
        if (!ready)
        {
            // With OTP's system processes there is always something that may come from outside.
            bool dead = m->Full == 0 && next == long.MaxValue && NothingGoesOn(m);
            // The first scheduler is the one to see that nothing can happen any more.
            if (dead && main == null) Wake(Get(m, 0));
            if (dead && main != null) goOn = false;
            else
            {
                if (m->Flags.Measures) s->Time.Sleep(Clock.MonotonicNanoseconds);
                Threads.Wait(&s->Sleeping, 1, System.Math.Min(System.Math.Min(next, rest), LongestSleep));
                if (m->Flags.Measures) s->Time.Wake(Clock.MonotonicNanoseconds);
            }
        }
        // Whoever wakes takes the mark away.
        asked = !EndSleep(s);
        return goOn;
    }

    // All sleep, nothing is ready, no timer runs, and none of that has changed between the looks.
    private static bool NothingGoesOn(Machine* m)
    {
        long before = Interlocked.Read(ref m->Schedulers.wakes);
        if (Volatile.Read(ref m->Schedulers.asleep) != m->Schedulers.Count) return false;
        // What a dirty thread has makes a process ready before it leaves InFlight.
        if (m->DirtyCpu.InFlight != 0 || m->DirtyIo.InFlight != 0 || m->LongMatches.InFlight != 0 || m->Poller.Pending != 0 || m->Io.Input.Waiting != 0) return false;
        for (int i = 0; i < m->Schedulers.Count; i++)
            if (Get(m, i)->Timers.Count != 0 || Get(m, i)->Queue.Count != 0) return false;
        return Interlocked.Read(ref m->Schedulers.wakes) == before && Volatile.Read(ref m->Schedulers.asleep) == m->Schedulers.Count;
    }

    /// <summary>Runs the VM on this thread (scheduler 1) until the process has ended (then it keeps its heap, and x(0) and the Fail slots say how), until the VM is
    /// halted, or until the process waits and nothing can wake it. Gives the StopReason.</summary>
    public static long RunMain(Machine* m, Process* main)
    {
        Scheduler* s = Get(m, 0);
        m->Schedulers.Main = main;
        m->Schedulers.MainStop = 0;
        Volatile.Write(ref main->Status, ProcessStatus.Runnable);
        // A VM that is being halted runs the process for one slice only.
        if (m->Halting != 0)
        {
            s->Context.Process = main;
            main->Context = &s->Context;
            main->Status = ProcessStatus.Running;
            long stop = ProcessState.RunSlice(&s->Context, main, m->SliceReductions);
            m->Schedulers.Main = null;
            return stop;
        }
        Volatile.Write(ref m->Ending, 0);
        m->Schedulers.gone = 0;
        for (int i = 1; i < m->Schedulers.Count; i++)
            if (Get(m, i)->Thread == 0) StartThread(Get(m, i));
        s->Queue.Add(main);
        Loop(s, main);
        Interlocked.Increment(ref m->Schedulers.gone);
        Stop(m);
        m->Schedulers.Main = null;
        TtyShared.Restore(m);
        long result = m->Schedulers.MainStop;
        if (result == StopReason.Finished) *Context.Xs(&s->Context) = main->Kept;
        return result != 0 ? result : m->Halting != 0 ? StopReason.Halted : StopReason.Waiting;
    }

    // -- standing still: for changes that no running code may see half done --

    /// <summary>Returns when no other scheduler runs a process; they go on after GoOn. The caller runs on a scheduler, between two instructions.</summary>
    public static void StopAll(Machine* m)
    {
        while (!m->Schedulers.stopMutex.TryLock())
        {
            // Another scheduler stops all, this one included.
            StandStill(m);
        }
        // A full barrier: a scheduler that this look at asleep and standing misses sees the request before it runs anything.
        Interlocked.Exchange(ref m->Schedulers.stopRequests, 1);
        // No scheduler may come in meanwhile.
        m->Schedulers.startMutex.Lock();
        while (true)
        {
            int still = Volatile.Read(ref m->Schedulers.standing) + Volatile.Read(ref m->Schedulers.asleep) + Volatile.Read(ref m->Schedulers.gone);
            if (m->Schedulers.Count - 1 - still <= 0 && Volatile.Read(ref m->Schedulers.changing) == 0) return;
            Threads.Yield();
        }
    }

    /// <summary>A dirty thread is about to change the heap of a process: not while all stand still. LeaveHeap follows.</summary>
    public static void EnterHeap(Machine* m)
    {
        while (true)
        {
            // A full barrier, as in StopAll.
            Interlocked.Increment(ref m->Schedulers.changing);
            if (Volatile.Read(ref m->Schedulers.stopRequests) == 0) return;
            Interlocked.Decrement(ref m->Schedulers.changing);
            Threads.Wait(StopWord(m), 1, 1_000_000);
        }
    }

    /// <summary>It has.</summary>
    public static void LeaveHeap(Machine* m) => Interlocked.Decrement(ref m->Schedulers.changing);

    /// <summary>Ends StopAll.</summary>
    public static void GoOn(Machine* m)
    {
        m->Schedulers.startMutex.Unlock();
        Volatile.Write(ref m->Schedulers.stopRequests, 0);
        m->Schedulers.stopMutex.Unlock();
        Threads.Wake(StopWord(m), int.MaxValue);
    }

    /// <summary>Takes the lock of those who change code. It is held while a module is loaded.</summary>
    /// <remarks>In the order in which they ask: one that changes tracing all the time would keep out those who load otherwise.</remarks>
    public static void LockCode(Machine* m)
    {
        int number = Interlocked.Increment(ref m->Schedulers.codeNext) - 1;
        if (Volatile.Read(ref m->Schedulers.codeServed) == number) return;
        // Who waits stands still for StopAll, whose caller may have the lock.
        Interlocked.Increment(ref m->Schedulers.standing);
        for (int i = 0; ; i++)
        {
            int served = Volatile.Read(ref m->Schedulers.codeServed);
            if (served == number) break;
            if (i < Spins) ThreadPause.Once();
            else Threads.Wait(&m->Schedulers.codeServed, served, 1_000_000);
        }
        Interlocked.Decrement(ref m->Schedulers.standing);
        if (Volatile.Read(ref m->Schedulers.stopRequests) != 0) StandStill(m);
    }

    /// <summary>Takes a lock under which others may stand still or wait for LockCode: who waits for it must not keep StopAll waiting.</summary>
    public static void LockPatiently(Machine* m, OsMutex* mutex)
    {
        for (int i = 0; !mutex->TryLock(); i++)
        {
            if (Volatile.Read(ref m->Schedulers.stopRequests) != 0) StandStill(m);
            else if (i < Spins) ThreadPause.Once();
            else Threads.Yield();
        }
    }

    /// <summary>One turn of waiting for what other schedulers do.</summary>
    public static void Pause(Machine* m)
    {
        if (Volatile.Read(ref m->Schedulers.stopRequests) != 0) StandStill(m);
        else Threads.Yield();
    }

    /// <summary>Gives the lock back.</summary>
    public static void UnlockCode(Machine* m)
    {
        int served = Interlocked.Increment(ref m->Schedulers.codeServed);
        if (Volatile.Read(ref m->Schedulers.codeNext) != served) Threads.Wake(&m->Schedulers.codeServed, int.MaxValue);
    }

    private static int* StopWord(Machine* m) => &m->Schedulers.stopRequests;

    private static void StandStill(Machine* m)
    {
        do
        {
            Interlocked.Increment(ref m->Schedulers.standing);
            while (Volatile.Read(ref m->Schedulers.stopRequests) != 0) Threads.Wait(StopWord(m), 1, 1_000_000);
            Interlocked.Decrement(ref m->Schedulers.standing);
            // The next request may have counted on this scheduler just before.
        }
        while (Volatile.Read(ref m->Schedulers.stopRequests) != 0);
    }
}

/// <summary>A hint to the processor that a loop waits.</summary>
internal static class ThreadPause
{
    public static void Once()
    {
        if (System.Runtime.Intrinsics.X86.X86Base.IsSupported) System.Runtime.Intrinsics.X86.X86Base.Pause();
        else if (System.Runtime.Intrinsics.Arm.ArmBase.IsSupported) System.Runtime.Intrinsics.Arm.ArmBase.Yield();
    }
}
