// Dirty threads: natives that compute or wait for long run there, so that no scheduler stands still. The process belongs to the dirty thread for that time;
// signals to it wait.
namespace MyBeam.Vm;

using System.Runtime.InteropServices;
using System.Threading;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Where a process is on its way to and from a dirty thread. Queued: it waits for one. Runs: it is on one. Again: it waited and has been taken out to handle
/// its signals; a scheduler hands it over again.</summary>
public enum DirtyState
{
    None, Queued, Runs, Again,
}

/// <summary>What a native failed with on a dirty thread; on the process until a scheduler raises it. The terms are on the heap of the process.</summary>
public unsafe struct DirtyFailure
{
    public Export* Native;
    public ExceptionClass Class;
    public Term Reason, Args, Info, Cause;
}

/// <summary>One dirty thread.</summary>
public unsafe struct DirtyThread
{
    public Context Context;
    public DirtyPool* Pool;
    public nuint Thread;
    public DirtyThread* Next;
    /// <summary>From 1.</summary>
    public int Number;
    /// <summary>Nanoseconds at work.</summary>
    public BusyTime Time;
}

/// <summary>The threads for one kind of work; three are embedded in Machine. Threads are started when there is work for them.</summary>
public unsafe partial struct DirtyPool
{
    private Machine* machine;
    private OsMutex mutex;
    private OsCondition more;
    private ProcessRow waiting;
    // idle: threads that sleep and that nobody has woken; woken: those that somebody has woken, and that have not looked yet.
    private int idle, woken, count, most, inFlight, working;
    private DirtyThread* threads;

    private const nuint StackBytes = 1024 * 1024;
    private const int MostRestarts = 3;

    /// <summary>Sets the number of threads there may be.</summary>
    public static void Create(DirtyPool* pool, Machine* m, int most)
    {
        *pool = default;
        pool->machine = m;
        pool->most = most;
    }

    /// <summary>Threads there may be.</summary>
    public readonly int Most => most;

    // Threads that may work at once.
    private static int Limit(DirtyPool* pool) => pool == &pool->machine->DirtyCpu ? SchedulerLimits.DirtyOnline(pool->machine) : pool->most;

    /// <summary>The number of threads that may work has changed.</summary>
    public static void LimitChanged(DirtyPool* pool)
    {
        pool->mutex.Lock();
        pool->more.WakeAll();
        pool->mutex.Unlock();
    }

    /// <summary>The threads there are, newest first.</summary>
    public readonly DirtyThread* First => threads;

    /// <summary>Threads that work now.</summary>
    public int Working => Volatile.Read(ref working);

    /// <summary>Processes that are there or on their way.</summary>
    public int InFlight => Volatile.Read(ref inFlight);

    /// <summary>Whether the native already runs on a dirty thread.</summary>
    public static bool Runs(Process* p) => p->Context->Dirty != 0;

    /// <summary>Has this native called again on a dirty thread with the same arguments: `if (!DirtyPool.Runs(p)) return DirtyPool.Enter(…);`. Always None.</summary>
    public static Term Enter(Process* p, Term* a, Export* self, DirtyPool* pool)
    {
        // IoServer's helper runs on no scheduler, and when multi_scheduling is blocked no other thread may work: it is done at once.
        if (p->Context->Scheduler == null || SchedulerLimits.Blocked(p->Machine))
        {
            Context* c = p->Context;
            c->Dirty = 1;
            Term result = self->Native(p, a);
            c->Dirty = 0;
            return result;
        }
        ProcessExtra* x = ProcessExtra.Of(p);
        if (x == null || !ProcessState.Keep(p, a, self->Arity)) return Process.SystemLimit(p);
        x->DirtyNative = self;
        x->DirtyPool = pool;
        x->DirtyRestarts = 0;
        p->Fail = FailKind.Dirty;
        return Term.None;
    }

    /// <summary>For a native on a dirty thread that was stopped: it is called again there as soon as the process has handled its signals. Always None.</summary>
    public static Term Again(Process* p)
    {
        p->Fail = FailKind.Dirty;
        return Term.None;
    }

    /// <summary>Makes a stop by which signals end what a native does on this dirty thread, until <see cref="TakeBack"/>. The native must not touch the heap of
    /// the process meanwhile.</summary>
    public static void Lend(Process* p, RegexStop* stop)
    {
        Regex.MakeStop(stop);
        // On a scheduler after all (Enter, or nothing may go on elsewhere) nothing can begin again.
        if (p->Dirty != DirtyState.Runs) return;
        p->Lock.Lock();
        p->Extra->DirtyStop = stop;
        for (Signal* s = p->InFirst; s != null; s = s->Next) Interrupt(p, s);
        p->Lock.Unlock();
        // Stop() has been there already, perhaps.
        if (Volatile.Read(ref p->Machine->Ending) != 0) Regex.Stop(stop);
        // It may take long: who stops all is not to wait.
        if (p->Extra->DirtyPool != &p->Machine->DirtyIo) Schedulers.LeaveHeap(p->Machine);
    }

    /// <summary>The stop is no longer there for others.</summary>
    public static void TakeBack(Process* p)
    {
        if (p->Dirty != DirtyState.Runs) return;
        if (p->Extra->DirtyPool != &p->Machine->DirtyIo) Schedulers.EnterHeap(p->Machine);
        p->Lock.Lock();
        p->Extra->DirtyStop = null;
        p->Lock.Unlock();
    }

    /// <summary>Ends what a process does on a dirty thread when this signal to it cannot wait. Its lock is held, and DirtyStop is there.</summary>
    public static void Interrupt(Process* p, Signal* s)
    {
        RegexStop* stop = p->Extra->DirtyStop;
        if (stop->Asked || s->Kind is SignalKind.Message or SignalKind.AliasMessage) return;
        // Whatever else wants an answer from the process gets it a few times, but must not keep it from its work for ever.
        if (!SignalHandling.Ends(p, s) && p->Extra->DirtyRestarts++ >= MostRestarts) return;
        Regex.Stop(stop);
    }

    /// <summary>Takes over a process that has left its slice by Enter.</summary>
    public static void Hand(Process* p)
    {
        DirtyPool* pool = p->Extra->DirtyPool;
        Interlocked.Increment(ref pool->inFlight);
        p->Lock.Lock();
        bool again = p->Dirty == DirtyState.Again;
        p->Dirty = DirtyState.Queued;
        p->Status = ProcessStatus.Runnable;
        bool signals = p->InFirst != null && p->Extra->DirtyStep == null;
        p->Lock.Unlock();
        pool->mutex.Lock();
        if (again) pool->waiting.AddFirst(p);
        else pool->waiting.Add(p);
        bool start = pool->idle == 0 && pool->count < Limit(pool);
        if (start) pool->count++;
        else if (pool->idle > 0)
        {
            pool->idle--;
            pool->woken++;
            pool->more.WakeOne();
        }
        pool->mutex.Unlock();
        if (start) Start(pool);
        if (signals) Signalled(pool, null, p);
    }

    private static void Start(DirtyPool* pool)
    {
        DirtyThread* t = (DirtyThread*)Allocator.AllocZeroed((nuint)sizeof(DirtyThread), Owner.Vm);
        if (t != null)
        {
            t->Pool = pool;
            t->Context.Machine = pool->machine;
            t->Context.HaltCode = pool->machine->HaltCode;
            t->Context.Dirty = 1;
            pool->mutex.Lock();
            t->Next = pool->threads;
            t->Number = t->Next == null ? 1 : t->Next->Number + 1;
            pool->threads = t;
            pool->mutex.Unlock();
            if (Threads.Start(&Main, t, StackBytes, out t->Thread) == Errno.None) return;
        }
        pool->mutex.Lock();
        bool alone = --pool->count == 0;
        // No thread at all: the scheduler has to do it; without memory for that it waits for the next one that comes.
        Process* p = alone && t != null ? pool->waiting.Take() : null;
        pool->mutex.Unlock();
        if (p == null) return;
        Work(t, p);
    }

    [UnmanagedCallersOnly]
    private static void* Main(void* argument)
    {
        DirtyThread* t = (DirtyThread*)argument;
        DirtyPool* pool = t->Pool;
        fixed (byte* name = "dirty\0"u8) Threads.SetName(name);
        pool->mutex.Lock();
        while (Volatile.Read(ref pool->machine->Ending) == 0)
        {
            Process* p = pool->working < Limit(pool) ? pool->waiting.Take() : null;
            if (p == null)
            {
                pool->idle++;
                pool->more.Wait((OsMutex*)&pool->mutex, -1);
                if (pool->woken > 0) pool->woken--;
                else pool->idle--;
                continue;
            }
            pool->working++;
            pool->mutex.Unlock();
            Work(t, p);
            pool->mutex.Lock();
            pool->working--;
        }
        pool->mutex.Unlock();
        return null;
    }

    private static void Work(DirtyThread* t, Process* p)
    {
        Context* scheduler = p->Context;
        Context* c = &t->Context;
        ProcessExtra* x = p->Extra;
        p->Lock.Lock();
        c->Process = p;
        p->Context = c;
        p->Dirty = DirtyState.Runs;
        p->Status = ProcessStatus.Running;
        p->Lock.Unlock();
        Machine* m = t->Pool->machine;
        bool measure = m->Flags.Measures;
        if (measure) t->Time.Begin(Clock.MonotonicNanoseconds);
        delegate*<Process*, void> step = x->DirtyStep;
        x->DirtyStep = null;
        Term result = Term.None;
        DirtyState after = DirtyState.None;
        // Natives that only compute end soon; those that wait for files may not keep everybody waiting.
        bool computes = t->Pool != &m->DirtyIo;
        if (computes) Schedulers.EnterHeap(m);
        if (step != null) step(p);
        else result = x->DirtyNative->Native(p, p->SavedX);
        if (measure) t->Time.End(Clock.MonotonicNanoseconds);
        if (step != null)
        {
        }
        else if (!result.IsNone)
        {
            x->DirtyNative = null;
            ProcessState.Keep(p, &result, 1);
        }
        else if (p->Fail == FailKind.Dirty)
        {
            p->Fail = FailKind.None;
            after = DirtyState.Again;
        }
        else
        {
            x->DirtyFailure = new DirtyFailure
            {
                Native = x->DirtyNative, Class = c->FailClass, Reason = c->FailReason, Args = c->FailArgs, Info = c->FailInfo, Cause = c->FailCause,
            };
        }
        if (computes) Schedulers.LeaveHeap(m);
        p->ReductionsDone += c->Bumped;
        c->Bumped = 0;
        c->Process = null;
        Context.ForgetFailure(c);
        p->Lock.Lock();
        p->Context = scheduler;
        p->Dirty = after;
        p->Status = ProcessStatus.Runnable;
        p->Lock.Unlock();
        DirtyPool* pool = t->Pool;
        Schedulers.Ready(null, p);
        Interlocked.Decrement(ref pool->inFlight);
    }

    /// <summary>Raises what the native failed with: the x registers hold its arguments. Gives the StopReason.</summary>
    public static long Raise(Process* p, Context* c)
    {
        DirtyFailure f = p->Extra->DirtyFailure;
        p->Extra->DirtyFailure = default;
        p->Extra->DirtyNative = null;
        Process.Raise(p, f.Class, f.Reason);
        p->FailArgs = f.Args;
        p->FailInfo = f.Info;
        p->FailCause = f.Cause;
        return Exceptions.RaiseNative(p->Resume - 1, (Term*)p->Heap.Stack, c, f.Native);
    }

    /// <summary>Ends the threads (Machine.Ending is set) and frees them.</summary>
    public static void Stop(DirtyPool* pool)
    {
        pool->mutex.Lock();
        pool->more.WakeAll();
        // No process ends any more.
        for (DirtyThread* t = pool->threads; t != null; t = t->Next)
        {
            Process* p = t->Context.Process;
            if (p == null || p->Extra == null) continue;
            p->Lock.Lock();
            if (p->Extra->DirtyStop != null) Regex.Stop(p->Extra->DirtyStop);
            p->Lock.Unlock();
        }
        pool->mutex.Unlock();
        while (pool->threads != null)
        {
            DirtyThread* t = pool->threads;
            pool->threads = t->Next;
            if (t->Thread != 0) Threads.Join(t->Thread, out _);
            Allocator.Free(t, (nuint)sizeof(DirtyThread), Owner.Vm);
        }
        pool->count = 0;
    }
}
