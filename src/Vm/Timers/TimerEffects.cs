// Where timers touch the rest of the VM: finding a process, giving it a message, telling it that its receive timed out.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>What timers ask of processes. Machine.TimerDirectory holds these as function pointers, so that tests can stand in for processes.</summary>
public static unsafe class TimerEffects
{
    /// <summary>The timers of the scheduler that runs this process; of the first one when none does (an on_load function).</summary>
    public static Timers* Current(Process* p) => &(p->Context->Scheduler == null ? Schedulers.Get(p->Machine, 0) : p->Context->Scheduler)->Timers;

    /// <summary>
    /// The process of a pid, or null. It may die at any moment after, or have died: the address stays one of a Process for good, and ProcessTimers.Pid
    /// says under its lock whether it is still this process. Called without any lock of the timers.
    /// </summary>
    public static Process* Find(Machine* m, Term pid)
    {
        Process* p = ProcessTable.Lock(m, pid);
        if (p != null) p->Lock.Unlock();
        return p;
    }

    /// <summary>
    /// Sends a message to a pid or to the process that has a name now. Takes the message over: nobody there, it frees it. Called without any lock of
    /// the timers.
    /// </summary>
    public static void DeliverMessage(Machine* m, Term destination, Signal* message)
    {
        if (destination.IsAtom) destination = Registry.WhereIs(m, destination);
        if (destination.IsNone) Signal.Free(message);
        else
        {
            message->Data0 = SeqTrace.Unchanged;
            Signals.Send(m, null, destination, message);
        }
    }

    /// <summary>
    /// Tells a process that the time of its receive is over. Called while the timers' lock is held, so that a CancelReceive that has returned is a
    /// promise that this is not going on: it must not start or cancel timers, and no lock that it takes may be held around a call of Timers.
    /// </summary>
    public static void ReceiveTimedOut(Process* p) => Waits.TimedOut(p);
}
