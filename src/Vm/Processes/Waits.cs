// Waiting for messages with a time limit.
namespace MyBeam.Vm;


/// <summary>The timer of receive … after.</summary>
public static unsafe class Waits
{
    /// <summary>Sets the timer of the running process. False: memory is out.</summary>
    public static bool SetTimer(Process* p, long milliseconds)
    {
        Machine* m = p->Machine;
        p->TimedOut = 0;
        p->TimerSet = 1;
        // A context without a scheduler (an on_load function) has those of the first.
        Scheduler* s = p->Context->Scheduler == null ? Schedulers.Get(m, 0) : p->Context->Scheduler;
        return Timers.StartReceive(p, &s->Timers, VmClock.MonotonicNs(m) + (milliseconds * 1_000_000));
    }

    /// <summary>The receive is over: the timer is not to fire any more.</summary>
    public static void CancelTimer(Process* p)
    {
        Timers.CancelReceive(p);
        p->TimerSet = 0;
        p->TimedOut = 0;
    }

    /// <summary>The timer of a process ran out (called on the thread of the timer's scheduler, under the lock of the timers).</summary>
    public static void TimedOut(Process* p)
    {
        p->Lock.Lock();
        System.Threading.Volatile.Write(ref p->TimedOut, 1);
        bool wake = p->Status == ProcessStatus.Waiting;
        if (wake) p->Status = ProcessStatus.Runnable;
        p->Lock.Unlock();
        if (wake) Schedulers.Ready(p->Context, p);
    }
}
