// Natives of erl_tracer, the tracer module that stands behind tracing to a process or port when a program calls it itself. (The VM's own tracing does not go
// through it.)
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Natives of erl_tracer.</summary>
public static unsafe class ErlTracerBifs
{
    // Most elements of a trace message.
    private const int MostElements = 8;

    /// <summary>enabled(Tag, Tracer, Tracee): trace, discard, or remove for the tag trace_status.</summary>
    [Bif("erl_tracer:enabled/3")]
    public static Term Enabled(Process* p, Term* a)
    {
        bool there = a[1] == p->Pid || (a[1].IsLocalPid && IsProcess(p->Machine, a[1])) || (a[1].IsLocalPort && PortTable.Has(p->Machine, a[1]));
        if (!there) return a[0] == Am.TraceStatus ? Am.Remove : Am.Discard;
        // A tracer does not trace itself.
        return a[1] == a[2] ? Am.Discard : Am.Trace;
    }

    private static bool IsProcess(Machine* m, Term pid)
    {
        if (IoServer.Is(m, pid)) return true;
        Process* q = ProcessTable.Lock(m, pid);
        if (q != null) q->Lock.Unlock();
        return q != null;
    }

    /// <summary>trace(Tag, Tracer, Tracee, Message, Options): sends the trace message. ok.</summary>
    [Bif("erl_tracer:trace/5")]
    public static Term Trace(Process* p, Term* a)
    {
        Term* t = stackalloc Term[MostElements];
        int n = 0;
        Term options = a[4], value;
        if (Option(options, Am.Extra, out value))
        {
            t[n++] = Am.Trace;
            t[n++] = a[2];
            t[n++] = a[0];
            t[n++] = a[3];
            t[n++] = value;
        }
        else
        {
            t[n++] = a[0] == Am.SeqTrace ? Am.SeqTrace : Am.Trace;
            t[n++] = a[2];
            if (a[0] != Am.SeqTrace) t[n++] = a[0];
            t[n++] = a[3];
        }
        if (Option(options, Am.MatchSpecResult, out value)) t[n++] = value;
        if (Option(options, Am.SchedulerId, out value)) t[n++] = value;
        if (Option(options, Am.Timestamp, out value))
        {
            Term stamp = Stamp(p, value);
            if (stamp.IsNone) return Am.Ok;
            t[n++] = stamp;
            if (t[0] == Am.Trace) t[0] = Am.TraceTs;
        }
        if (a[1].IsLocalPid) Signals.Tuple(p->Machine, p->Context, a[1], t, n);
        return Am.Ok;
    }

    private static bool Option(Term options, Term key, out Term value)
    {
        value = Term.None;
        return options.IsMap && Maps.Get(options, key, out value);
    }

    private static Term Stamp(Process* p, Term kind)
    {
        Term now = Process.Integer(p, VmClock.ErlangMonotonic(p->Machine));
        if (kind == Am.Monotonic) return now;
        if (kind == Am.StrictMonotonic) return Process.Tuple(p, now, Process.Integer(p, Term.MinSmall + p->Machine->Counters.NextMonotonicUnique()));
        return kind == Am.Timestamp ? TimeBifs.Now(p, null) : Term.None;
    }
}
