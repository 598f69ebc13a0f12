// The timers of one scheduler: a wheel and, for those that send messages, a table by reference, under one lock. Its own scheduler starts and fires them;
// any thread cancels and reads them: the reference of a timer says whose it is.
namespace MyBeam.Vm;

using System.Diagnostics;
using System.Threading;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>All timers of a VM by scheduler, and what they do when they fire. Embedded in Machine.</summary>
public unsafe struct TimerDirectory
{
    /// <summary>Most schedulers.</summary>
    public const int MaxSchedulers = 1024;

    /// <summary>MaxSchedulers pointers; null where there is no scheduler (yet).</summary>
    public Timers** All;

    /// <summary>TimerEffects.</summary>
    public delegate*<Machine*, Term, Process*> Find;
    public delegate*<Machine*, Term, Signal*, void> DeliverMessage;
    public delegate*<Process*, void> ReceiveTimedOut;

    /// <summary>Makes the directory. False when memory is out.</summary>
    public bool Create()
    {
        Find = &TimerEffects.Find;
        DeliverMessage = &TimerEffects.DeliverMessage;
        ReceiveTimedOut = &TimerEffects.ReceiveTimedOut;
        All = (Timers**)Allocator.AllocZeroed(MaxSchedulers * 8, Owner.Timers);
        return All != null;
    }

    /// <summary>Frees the directory, after all Timers.</summary>
    public void Destroy()
    {
        Allocator.Free(All, MaxSchedulers * 8, Owner.Timers);
        this = default;
    }
}

/// <summary>The timers of one scheduler; in native memory that does not move.</summary>
public unsafe partial struct Timers
{
    /// <summary>Where a reference has the number of its timers' scheduler plus 1, in Id1: number 2 of a reference is 32 bits wide and hardly used.</summary>
    private const int IndexShift = 20;

    // Steps of one Expire, and timers that fire before other threads get a turn at the lock.
    private const int ExpireBudget = 20_000, Batch = 64;

    private OsMutex mutex;
    private int index;
    private Machine* machine;
    private TimerWheel wheel;
    private TimerTable table;
    // No timer is due before this millisecond. Written under the lock, read without.
    private long quietUntil;

    /// <summary>Timers that run, receive timeouts included.</summary>
    public readonly int Count => wheel.Count;

    /// <summary>Makes the timers of the scheduler with this index (from 0). False when memory is out or the index too high.</summary>
    public static bool Create(Timers* t, Machine* m, int index)
    {
        *t = default;
        // The wheel starts at 0, before all times of all clocks: the clock may still be changed for a virtual one.
        if ((uint)index >= TimerDirectory.MaxSchedulers || !t->table.Create() || !t->wheel.Create(0)) return false;
        t->machine = m;
        t->index = index;
        t->quietUntil = TimerWheel.Never;
        Volatile.Write(ref *(nint*)(m->TimerDirectory.All + index), (nint)t);
        return true;
    }

    /// <summary>Timers of all schedulers that are to send a message.</summary>
    public static long MessageTimers(Machine* m)
    {
        long n = 0;
        for (int i = 0; i < TimerDirectory.MaxSchedulers; i++)
        {
            Timers* t = (Timers*)Volatile.Read(ref *(nint*)(m->TimerDirectory.All + i));
            if (t == null) continue;
            t->mutex.Lock();
            n += t->table.Count;
            t->mutex.Unlock();
        }
        return n;
    }

    /// <summary>Frees all timers; nothing fires. No other thread may use them any more, and the memory of processes that have any must still be there.</summary>
    public static void Destroy(Timers* t)
    {
        if (t->machine == null) return;
        t->machine->TimerDirectory.All[t->index] = null;
        WheelNode* n;
        while ((n = t->wheel.Any()) != null)
        {
            t->wheel.Remove(n);
            if (n->IsMessage == 0) continue;
            t->table.Remove((TimerNode*)n);
            LeaveProcess((TimerNode*)n);
            Free((TimerNode*)n);
        }
        t->wheel.Destroy();
        t->table.Destroy();
        *t = default;
    }

    // -- firing --

    /// <summary>
    /// Fires what is due at <paramref name="nowNs"/> (VmClock.MonotonicNs). Gives the nanoseconds until it must be called again, at the latest:
    /// long.MaxValue when there are no timers, 0 when there was more to do than is good at one go.
    /// </summary>
    public static long Expire(Timers* t, long nowNs)
    {
        long now = nowNs / VmClock.Millisecond;
        long quiet = Volatile.Read(ref t->quietUntil);
        int budget = ExpireBudget;
        bool more = now >= quiet;
        while (more)
        {
            TimerNode* batch = FireBatch(t, now, ref budget, out more);
            while (batch != null)
            {
                TimerNode* next = (TimerNode*)batch->Wheel.Next;
                Signal* message = TimerMessage.Take(batch);
                if (message != null) t->machine->TimerDirectory.DeliverMessage(t->machine, batch->Destination, message);
                LeaveProcess(batch);
                Free(batch);
                batch = next;
            }
            quiet = Volatile.Read(ref t->quietUntil);
        }
        if (quiet == TimerWheel.Never) return long.MaxValue;
        if (quiet <= now) return 0;
        // A deadline may be further away than a long has nanoseconds.
        return quiet - now >= long.MaxValue / VmClock.Millisecond ? long.MaxValue - 1 : ((quiet - now) * VmClock.Millisecond) - (nowNs % VmClock.Millisecond);
    }

    // Takes due timers out: tells waiting processes, gives the timers with messages as a chain, which are delivered without the lock. Timers fire in the
    // order of their deadlines, so a receive timeout ends a chain.
    private static TimerNode* FireBatch(Timers* t, long now, ref int budget, out bool more)
    {
        WheelNode* first = null, last = null, n = null;
        t->mutex.Lock();
        for (int i = 0; i < Batch && budget > 0 && (n = t->wheel.Due(now, ref budget)) != null; i++)
        {
            if (n->IsMessage == 0)
            {
                if (first != null) break;
                t->wheel.Remove(n);
                t->machine->TimerDirectory.ReceiveTimedOut(n->Process);
            }
            else
            {
                t->wheel.Remove(n);
                t->table.Remove((TimerNode*)n);
                n->Next = null;
                if (first == null) first = n;
                else last->Next = n;
                last = n;
            }
            budget--;
        }
        long next = t->wheel.NextEvent();
        Volatile.Write(ref t->quietUntil, next);
        t->mutex.Unlock();
        more = n != null && budget > 0;
        return (TimerNode*)first;
    }

    // -- receive … after --

    /// <summary>
    /// Starts the timer of a process that is about to wait, which runs on the scheduler of <paramref name="t"/>. It has none running. When the time is over
    /// TimerEffects.ReceiveTimedOut is called once, unless CancelReceive comes before.
    /// </summary>
    /// <param name="p">The process; the caller runs it.</param>
    /// <param name="t">Timers of the calling scheduler.</param>
    /// <param name="deadlineNs">A time of VmClock.MonotonicNs; fires in the first millisecond that begins at or after it.</param>
    /// <returns>False when memory is out: never, the timer is part of the process.</returns>
    public static bool StartReceive(Process* p, Timers* t, long deadlineNs)
    {
        WheelNode* n = &p->Timers.Receive;
        Debug.Assert(n->Linked == 0);
        n->Timers = t;
        n->Process = p;
        n->IsMessage = 0;
        n->Deadline = CeilingMs(deadlineNs);
        t->mutex.Lock();
        t->Insert(n);
        t->mutex.Unlock();
        return true;
    }

    /// <summary>Stops the receive timer of a process, if it has one. After it has returned ReceiveTimedOut is not called any more and not going on for the
    /// receive that was. Only who runs the process or buries it may call this.</summary>
    public static void CancelReceive(Process* p)
    {
        WheelNode* n = &p->Timers.Receive;
        Timers* t = n->Timers;
        if (t == null) return;
        t->mutex.Lock();
        if (n->Linked != 0) t->wheel.Remove(n);
        t->mutex.Unlock();
        n->Timers = null;
    }

    // -- timers that send messages --

    /// <summary>
    /// Starts a timer: at <paramref name="deadline"/> (milliseconds of VmClock.MonotonicNs) the message goes to a pid of this node or to the process that has the name
    /// then; wrapped as {timeout, TimerRef, message} if <paramref name="wrap"/>. A pid that is dead gets no timer, which nobody sees. Writes the reference (Reference.Words). False
    /// when memory is out.
    /// </summary>
    public static bool StartMessage(Timers* t, long deadline, Term destination, Term message, bool wrap, Reference* reference)
    {
        Machine* m = t->machine;
        m->Counters.NextReference(out ulong id0, out ulong id1);
        id1 |= (ulong)(t->index + 1) << IndexShift;
        reference->Header = Header.Make(Header.Reference, Reference.Words - 1);
        reference->Id0 = id0;
        reference->Id1 = id1;
        Process* target = null;
        if (destination.IsPid)
        {
            target = m->TimerDirectory.Find(m, destination);
            if (target == null) return true;
        }
        TimerNode* n = (TimerNode*)Allocator.Alloc((nuint)sizeof(TimerNode), Owner.Timers);
        if (n == null) return false;
        *n = default;
        n->Wheel.Deadline = deadline;
        n->Wheel.Timers = t;
        n->Wheel.Process = target;
        n->Wheel.IsMessage = 1;
        n->Id0 = id0;
        n->Id1 = id1;
        n->Destination = destination;
        if (!TimerMessage.Set(n, message, wrap))
        {
            Allocator.Free(n, (nuint)sizeof(TimerNode), Owner.Timers);
            return false;
        }
        if (target == null) InsertMessage(t, n);
        else if (!JoinProcess(t, n)) Free(n);
        return true;
    }

    /// <summary>Milliseconds left to the timer of a reference of this node, rounded as OTP does; -1 when it has none that runs.</summary>
    public static long Read(Machine* m, Reference* reference) => Access(m, reference, false);

    /// <summary>As Read, and stops it.</summary>
    public static long Cancel(Machine* m, Reference* reference) => Access(m, reference, true);

    private static long Access(Machine* m, Reference* reference, bool cancel)
    {
        ulong i = (reference->Id1 >> IndexShift) - 1;
        if (i >= TimerDirectory.MaxSchedulers) return -1;
        Timers* t = (Timers*)Volatile.Read(ref *(nint*)(m->TimerDirectory.All + i));
        if (t == null) return -1;
        t->mutex.Lock();
        TimerNode* n = t->table.Find(reference->Id0, reference->Id1);
        long deadline = n == null ? 0 : n->Wheel.Deadline;
        bool paused = n != null && n->Paused != 0;
        if (n != null && cancel)
        {
            t->TakeOut(n);
            t->table.Remove(n);
        }
        t->mutex.Unlock();
        if (n == null) return -1;
        if (cancel)
        {
            LeaveProcess(n);
            Free(n);
        }
        if (paused) return deadline;
        long left = deadline - CeilingMs(VmClock.MonotonicNs(m));
        return left < 0 ? 0 : left;
    }

    // -- processes --

    /// <summary>Opens the list of a new process, before anybody knows its pid.</summary>
    public static void ProcessStarted(Process* p)
    {
        Debug.Assert(p->Timers.First == null && p->Timers.Receive.Linked == 0);
        p->Timers.Paused = 0;
        Volatile.Write(ref *(ulong*)&p->Timers.Pid, p->Pid.Bits);
    }

    /// <summary>
    /// A process has died or been cut short: frees all timers to it, at most <paramref name="most"/> at one go. True when done; false: call it again. Only
    /// then may the memory become another process.
    /// </summary>
    public static bool ProcessDied(Process* p, int most = int.MaxValue)
    {
        CancelReceive(p);
        if (p->Timers.Pid.IsNone && p->Timers.First == null) return true;
        WheelNode* chain = null;
        p->Timers.Lock.Lock();
        p->Timers.Pid = Term.None;
        while (most > 0 && p->Timers.First != null)
        {
            TimerNode* n = p->Timers.First;
            Leave(p, n);
            // Who has taken it out of the wheel frees it, which can't be before the list's lock is free: it has to look at OnList.
            Timers* t = n->Wheel.Timers;
            t->mutex.Lock();
            bool mine = (n->Wheel.Linked | n->Paused) != 0;
            if (mine)
            {
                t->TakeOut(n);
                t->table.Remove(n);
            }
            t->mutex.Unlock();
            if (mine)
            {
                n->Wheel.Next = chain;
                chain = &n->Wheel;
            }
            most--;
        }
        bool done = p->Timers.First == null;
        p->Timers.Lock.Unlock();
        while (chain != null)
        {
            WheelNode* next = chain->Next;
            Free((TimerNode*)chain);
            chain = next;
        }
        return done;
    }

    // Puts a timer on its process's list and into the wheel. False: the process is dead.
    private static bool JoinProcess(Timers* t, TimerNode* n)
    {
        Process* p = n->Wheel.Process;
        p->Timers.Lock.Lock();
        bool alive = p->Timers.Pid == n->Destination;
        if (alive)
        {
            if (p->Timers.Paused != 0) InsertPaused(t, n);
            else InsertMessage(t, n);
            n->NextOfProcess = p->Timers.First;
            if (n->NextOfProcess != null) n->NextOfProcess->PrevOfProcess = n;
            p->Timers.First = n;
            n->OnList = 1;
        }
        p->Timers.Lock.Unlock();
        return alive;
    }

    // The thread that took a timer out of the wheel takes it off its process's list too.
    private static void LeaveProcess(TimerNode* n)
    {
        Process* p = n->Wheel.Process;
        if (p == null) return;
        p->Timers.Lock.Lock();
        if (n->OnList != 0) Leave(p, n);
        p->Timers.Lock.Unlock();
    }

    private static void Leave(Process* p, TimerNode* n)
    {
        if (n->PrevOfProcess == null) p->Timers.First = n->NextOfProcess;
        else n->PrevOfProcess->NextOfProcess = n->NextOfProcess;
        if (n->NextOfProcess != null) n->NextOfProcess->PrevOfProcess = n->PrevOfProcess;
        n->NextOfProcess = n->PrevOfProcess = null;
        n->OnList = 0;
    }

    private static void InsertMessage(Timers* t, TimerNode* n)
    {
        t->mutex.Lock();
        t->table.Insert(n);
        t->Insert(&n->Wheel);
        t->mutex.Unlock();
    }

    private void Insert(WheelNode* n)
    {
        wheel.Insert(n);
        if (n->Deadline < quietUntil) Volatile.Write(ref quietUntil, n->Deadline);
    }

    private static void Free(TimerNode* n)
    {
        if (n->Message != null) Signal.Free(n->Message);
        Allocator.Free(n, (nuint)sizeof(TimerNode), Owner.Timers);
    }

    /// <summary>The first whole millisecond that is not before a time in nanoseconds.</summary>
    public static long CeilingMs(long nanoseconds)
    {
        long ms = nanoseconds / VmClock.Millisecond;
        return ms * VmClock.Millisecond < nanoseconds ? ms + 1 : ms;
    }
}
