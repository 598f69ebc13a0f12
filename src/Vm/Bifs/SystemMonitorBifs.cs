// erlang:system_monitor/0,1,2: who is to be told of what. The settings are kept; events are not sent.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Settings of system_monitor, embedded in Machine.</summary>
public struct SystemMonitor
{
    /// <summary>The pid, or None.</summary>
    public Term Monitor;
    /// <summary>Limits; -1: not set.</summary>
    public long LongGc, LongSchedule, LargeHeap, QueueEnable, QueueDisable;
    public bool BusyPort, BusyDistPort;

    /// <summary>Nothing is monitored.</summary>
    public static SystemMonitor None => new() { LongGc = -1, LongSchedule = -1, LargeHeap = -1, QueueEnable = -1, QueueDisable = -1 };
}

public static unsafe class SystemMonitorBifs
{
    /// <summary>{Pid, Options}, or undefined.</summary>
    [Bif("erts_internal:system_monitor/1")]
    public static Term Get(Process* p, Term* a) => a[0] == Am.Legacy ? Settings(p) : Process.Badarg(p);

    private static Term Settings(Process* p)
    {
        ref SystemMonitor s = ref p->Machine->SystemMonitor;
        Term pid = s.Monitor;
        if (pid.IsNone) return Am.Undefined;
        Process* q = ProcessTable.Lock(p->Machine, pid);
        if (q == null) return Am.Undefined;
        q->Lock.Unlock();
        Term list = Term.Nil;
        Add(p, ref list, Am.LongGc, s.LongGc);
        Add(p, ref list, Am.LongSchedule, s.LongSchedule);
        Add(p, ref list, Am.LargeHeap, s.LargeHeap);
        if (s.QueueEnable >= 0)
            list = Process.Cons(p, Process.Tuple(p, Am.LongMessageQueue, Process.Tuple(p, Term.Small(s.QueueDisable), Term.Small(s.QueueEnable))), list);
        if (s.BusyPort) list = Process.Cons(p, Am.BusyPort, list);
        if (s.BusyDistPort) list = Process.Cons(p, Am.BusyDistPort, list);
        return Process.Tuple(p, pid, list);
    }

    private static void Add(Process* p, ref Term list, Term name, long value)
    {
        if (value >= 0) list = Process.Cons(p, Process.Tuple(p, name, Term.Small(value)), list);
    }

    /// <summary>Sets the monitor and its options; gives what was set before. No options, or undefined in place of the pid: nothing is monitored.</summary>
    [Bif("erts_internal:system_monitor/3")]
    public static Term Set(Process* p, Term* a)
    {
        if (a[0] != Am.Legacy) return Process.Badarg(p);
        SystemMonitor s = SystemMonitor.None;
        Term list = a[2];
        for (; list.IsCons; list = list.Tail)
            if (!Option(ref s, list.Head)) return Process.Badarg(p);
        if (!list.IsNil) return Process.Badarg(p);
        Term old = Settings(p);
        if (a[1] == Am.Undefined || a[2].IsNil)
        {
            p->Machine->SystemMonitor = SystemMonitor.None;
            return old;
        }
        Process* q = ProcessTable.Lock(p->Machine, a[1]);
        if (q == null) return Process.Badarg(p);
        q->Lock.Unlock();
        s.Monitor = a[1];
        p->Machine->SystemMonitor = s;
        return old;
    }

    private static bool Option(ref SystemMonitor s, Term o)
    {
        if (o == Am.BusyPort) return s.BusyPort = true;
        if (o == Am.BusyDistPort) return s.BusyDistPort = true;
        if (!o.IsTupleOf(2)) return false;
        Term key = o.TupleElements[0], value = o.TupleElements[1];
        if (key == Am.LongMessageQueue)
        {
            if (!value.IsTupleOf(2) || !Number(value.TupleElements[0], out s.QueueDisable)) return false;
            return Number(value.TupleElements[1], out s.QueueEnable) && s.QueueDisable < s.QueueEnable;
        }
        if (key == Am.LongGc) return Number(value, out s.LongGc);
        if (key == Am.LongSchedule) return Number(value, out s.LongSchedule);
        return key == Am.LargeHeap && Number(value, out s.LargeHeap);
    }

    private static bool Number(Term t, out long n)
    {
        n = t.IsSmall ? t.SmallValue : -1;
        return n >= 0;
    }
}
