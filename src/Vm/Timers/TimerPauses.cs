// Timers of a suspended process stand still: that of its receive … after, and those that send to its pid. They stay in the table, so they can be read and cancelled.
namespace MyBeam.Vm;

using System.Threading;

public unsafe partial struct Timers
{
    /// <summary>Stops the clocks of a process that has been suspended (again: nothing). Called by who runs it.</summary>
    public static void Pause(Process* p)
    {
        if (p->Timers.Paused != 0) return;
        long now = CeilingMs(VmClock.MonotonicNs(p->Machine));
        WheelNode* r = &p->Timers.Receive;
        Timers* own = r->Timers;
        bool waits = false;
        if (own != null)
        {
            own->mutex.Lock();
            waits = r->Linked != 0;
            if (waits) own->wheel.Remove(r);
            own->mutex.Unlock();
            if (waits) p->Timers.Left = System.Math.Max(r->Deadline - now, 0);
        }
        p->Timers.Lock.Lock();
        p->Timers.Paused = waits ? 2 : 1;
        for (TimerNode* n = p->Timers.First; n != null; n = n->NextOfProcess)
        {
            Timers* t = n->Wheel.Timers;
            t->mutex.Lock();
            if (n->Wheel.Linked != 0)
            {
                t->wheel.Remove(&n->Wheel);
                SetPaused(n, now);
            }
            t->mutex.Unlock();
        }
        p->Timers.Lock.Unlock();
    }

    /// <summary>Lets them go on with the time they had left. Called by who runs the process, before any of its code.</summary>
    public static void GoOn(Process* p)
    {
        Machine* m = p->Machine;
        long now = CeilingMs(VmClock.MonotonicNs(m));
        WheelNode* r = &p->Timers.Receive;
        if (p->Timers.Paused == 2 && r->Timers != null) r->Timers->Restart(r, now + p->Timers.Left);
        p->Timers.Lock.Lock();
        p->Timers.Paused = 0;
        // The oldest first: two that are due in the same millisecond fire in that order.
        TimerNode* last = p->Timers.First;
        while (last != null && last->NextOfProcess != null) last = last->NextOfProcess;
        for (TimerNode* n = last; n != null; n = n->PrevOfProcess)
        {
            if (n->Paused == 0) continue;
            n->Wheel.Timers->Restart(&n->Wheel, now + n->Wheel.Deadline);
        }
        p->Timers.Lock.Unlock();
    }

    /// <summary>The nanoseconds until the first timer, which were this many when its scheduler last looked at that time; 0 when one has come in before it.</summary>
    public static long Until(Timers* t, long nowNs, long next)
    {
        long quiet = Volatile.Read(ref t->quietUntil);
        long was = next >= long.MaxValue - 1 ? TimerWheel.Never : (nowNs + next) / VmClock.Millisecond;
        return quiet < was ? 0 : next;
    }

    // On any thread: the scheduler whose wheel it is may sleep for longer.
    private void Restart(WheelNode* n, long deadline)
    {
        mutex.Lock();
        if (n->IsMessage != 0) ((TimerNode*)n)->Paused = 0;
        n->Deadline = deadline;
        bool earlier = deadline < quietUntil;
        Insert(n);
        mutex.Unlock();
        Interlocked.MemoryBarrier();
        if (earlier && index < machine->Schedulers.Count) Schedulers.Wake(Schedulers.Get(machine, index));
    }

    // Under the lock: out of the wheel, if it is not paused.
    private void TakeOut(TimerNode* n)
    {
        if (n->Wheel.Linked != 0) wheel.Remove(&n->Wheel);
        n->Paused = 0;
    }

    private static void SetPaused(TimerNode* n, long now)
    {
        n->Paused = 1;
        n->Wheel.Deadline = System.Math.Max(n->Wheel.Deadline - now, 0);
    }

    private static void InsertPaused(Timers* t, TimerNode* n)
    {
        long now = CeilingMs(VmClock.MonotonicNs(t->machine));
        t->mutex.Lock();
        t->table.Insert(n);
        SetPaused(n, now);
        t->mutex.Unlock();
    }
}
