// What tables need of other processes: is one alive, and a message to it. The only place here that knows how processes talk.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Tables and processes.</summary>
public static unsafe class EtsSignals
{
    /// <summary>Whether a local process exists and is not exiting, seen from process p.</summary>
    public static bool IsAlive(Process* p, Term pid)
    {
        Process* other = ProcessTable.Lock(p->Machine, pid);
        if (other == null) return false;
        other->Lock.Unlock();
        return true;
    }

    /// <summary>The number of a process among all there ever were (a pid can come again); 0: there is none, or it is exiting.</summary>
    public static ulong Birth(Machine* m, Term pid)
    {
        Process* other = ProcessTable.Lock(m, pid);
        if (other == null) return 0;
        ulong born = other->Born;
        other->Lock.Unlock();
        return born;
    }

    /// <summary>Sends a message (terms on the heap of <paramref name="from"/> or outside all heaps; copied).</summary>
    public static void Deliver(Process* from, Term to, Term message) => Signals.Message(from->Machine, from->Context, to, message);

    /// <summary>A table was given to a process that may have ended while it was: then the table goes as all tables of a dead process do.</summary>
    public static void AfterGiving(Process* p, EtsTable* t, Term to)
    {
        if (IsAlive(p, to)) return;
        EtsGrave* grave = EtsLife.Close(t, to);
        if (grave != null) Resources.Release(&grave->Head);
    }

    /// <summary>How many answers OTP's own ets:all/0 waits for: what erlang:system_info(schedulers) gives.</summary>
    public static long Schedulers(Process* p) => SchedulerLimits.Total(p->Machine);
}
