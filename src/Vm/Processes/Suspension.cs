// erlang:suspend_process and resume_process: a process that is held back stays out of the run queues.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Holding processes back.</summary>
public static unsafe class Suspension
{
    /// <summary>Adds to the suspensions of a process; at 0 it goes on. False: there is no such process.</summary>
    public static bool Change(Machine* m, Context* from, Term pid, int by)
    {
        Process* p = ProcessTable.Lock(m, pid);
        if (p == null) return false;
        p->SuspendCount += by;
        bool wake = p->SuspendCount <= 0 && p->Status == ProcessStatus.Suspended;
        if (wake) p->Status = ProcessStatus.Runnable;
        p->Lock.Unlock();
        if (wake) Schedulers.Ready(from, p);
        return true;
    }
}
