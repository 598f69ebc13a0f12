// Natives of erlang:system_monitor/0,1,2 and trace:system/3.
namespace MyBeam.Vm;

using MyBeam.Memory;

public static unsafe class SystemMonitorBifs
{
    /// <summary>a[0]: legacy, or a session. Gives {Pid, Settings} or undefined.</summary>
    [Bif("erts_internal:system_monitor/1")]
    public static Term Get(Process* p, Term* a)
    {
        TraceSession* s = Named(p->Machine, a[0]);
        return s == null ? Process.Badarg(p, Am.Session) : Settings(p, s);
    }

    private static TraceSession* Named(Machine* m, Term t) => t == Am.Legacy ? &m->Tracing.Static : TraceSessions.Open(m, t, dead: false);

    private static Term Settings(Process* p, TraceSession* s)
    {
        Term receiver = s->Monitor.Receiver;
        if (receiver.IsNone || !Tracees.IsAlive(p->Machine, receiver)) return Am.Undefined;
        return Process.Tuple(p, receiver, List(p, s));
    }

    /// <summary>The settings of a session as a list.</summary>
    public static Term List(Process* p, TraceSession* s)
    {
        SystemMonitor* w = &s->Monitor;
        Term list = Term.Nil;
        if (w->LongGc != 0) list = Pair(p, Am.LongGc, Term.Small(w->LongGc), list);
        if (w->LongSchedule != 0) list = Pair(p, Am.LongSchedule, Term.Small(w->LongSchedule), list);
        if (w->LargeHeap != 0) list = Pair(p, Am.LargeHeap, Term.Small(w->LargeHeap), list);
        if (w->BusyPort) list = Process.Cons(p, Am.BusyPort, list);
        if (w->BusyDistPort) list = Process.Cons(p, Am.BusyDistPort, list);
        if (w->QueueOn != 0)
            list = Pair(p, Am.LongMessageQueue, Process.Tuple(p, Term.Small(w->QueueOff), Term.Small(w->QueueOn)), list);
        return list;
    }

    private static Term Pair(Process* p, Term name, Term value, Term list) => Process.Cons(p, Process.Tuple(p, name, value), list);

    /// <summary>legacy, receiver or undefined, all settings: gives what was before. Or a session, the atom session, changes: gives ok.</summary>
    [Bif("erts_internal:system_monitor/3")]
    public static Term Set(Process* p, Term* a)
    {
        Machine* m = p->Machine;
        TraceSession* s = Named(m, a[0]);
        if (s == null) return Process.Badarg(p, Am.Session);
        SystemMonitor want = default;
        Term list = a[2], result = Am.Ok;
        if (s->Tracer.IsNone)
        {
            want.Receiver = a[1];
            if (a[1] == Am.Undefined || list.IsNil)
            {
                want.Receiver = Term.None;
                list = Term.Nil;
            }
            else if (!a[1].IsLocalPid || (a[1] != p->Pid && !Tracees.IsAlive(m, a[1]))) return Process.Badarg(p, Term.None);
            result = Settings(p, s);
        }
        else
        {
            if (a[1] != Am.Session) return Process.Badarg(p, Term.None);
            want = s->Monitor;
            want.Receiver = s->Tracer;
        }
        for (; list.IsCons; list = list.Tail)
            if (!Read(list.Head, ref want)) return Process.Badarg(p, Am.Badopt);
        if (!list.IsNil) return Process.Badarg(p, Term.None);
        Schedulers.LockCode(m);
        Schedulers.StopAll(m);
        s->Monitor = want;
        SystemMonitors.Sum(m);
        Schedulers.GoOn(m);
        Schedulers.UnlockCode(m);
        return result;
    }

    // Words; times are at least a millisecond.
    private const long SmallestLargeHeap = 16384;

    private static bool Read(Term item, ref SystemMonitor w)
    {
        Term key = item, value = Am.True;
        if (item.IsTupleOf(2))
        {
            key = item.TupleElements[0];
            value = item.TupleElements[1];
        }
        if (key == Am.BusyPort) { w.BusyPort = value == Am.True; return value.IsBoolean; }
        if (key == Am.BusyDistPort) { w.BusyDistPort = value == Am.True; return value.IsBoolean; }
        if (key == Am.LongMessageQueue)
        {
            w.QueueOn = w.QueueOff = 0;
            if (value == Am.False) return true;
            if (!value.IsTupleOf(2) || !value.TupleElements[0].IsSmall || !value.TupleElements[1].IsSmall) return false;
            w.QueueOff = value.TupleElements[0].SmallValue;
            w.QueueOn = value.TupleElements[1].SmallValue;
            return w.QueueOff >= 0 && w.QueueOn > w.QueueOff;
        }
        long n = value == Am.False ? 0 : value.IsSmall && value.SmallValue >= 0 ? System.Math.Max(value.SmallValue, key == Am.LargeHeap ? SmallestLargeHeap : 1) : -1;
        if (n < 0) return false;
        if (key == Am.LongGc) w.LongGc = n;
        else if (key == Am.LongSchedule) w.LongSchedule = n;
        else if (key == Am.LargeHeap) w.LargeHeap = n;
        else return false;
        return true;
    }
}
