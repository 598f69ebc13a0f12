// erlang:suspend_process and resume_process: a process that is held back stays out of the run queues.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Holding processes back.</summary>
public static unsafe class Suspension
{
    /// <summary>Ends so many suspensions of a process; without any left it goes on. <paramref name="timers"/>: they were such that stop its timers. False: there is no
    /// such process.</summary>
    public static bool End(Machine* m, Context* from, Term pid, int count, bool timers = true)
    {
        Process* p = ProcessTable.Lock(m, pid);
        if (p == null) return false;
        p->SuspendCount -= count;
        if (timers) p->Pauses -= count;
        bool wake = p->SuspendCount <= 0 && p->Status == ProcessStatus.Suspended;
        if (wake) p->Status = ProcessStatus.Runnable;
        p->Lock.Unlock();
        if (wake) Schedulers.Ready(from, p);
        return true;
    }
}
