// Timers: send_after, start_timer, cancel_timer, read_timer.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Natives of erlang that start, stop and read timers.</summary>
public static unsafe class TimerBifs
{
    /// <summary>Time, destination (a pid of this node or a name), message: a reference.</summary>
    [Bif("erlang:send_after/3")]
    public static Term SendAfter(Process* p, Term* a) => Start(p, a, Term.Nil, false);

    /// <summary>Options: {abs, Bool}: the time is one of monotonic_time(millisecond).</summary>
    [Bif("erlang:send_after/4")]
    public static Term SendAfter4(Process* p, Term* a) => Start(p, a, a[3], false);

    /// <summary>As send_after/3, but the message is {timeout, TimerRef, Message}.</summary>
    [Bif("erlang:start_timer/3")]
    public static Term StartTimer(Process* p, Term* a) => Start(p, a, Term.Nil, true);

    /// <summary>As start_timer/3; options as in send_after/4.</summary>
    [Bif("erlang:start_timer/4")]
    public static Term StartTimer4(Process* p, Term* a) => Start(p, a, a[3], true);

    /// <summary>The milliseconds that were left, or false when there was no such timer.</summary>
    [Bif("erlang:cancel_timer/1")]
    public static Term CancelTimer(Process* p, Term* a) => Access(p, a[0], true, false, true);

    /// <summary>Options: {async, Bool}: ok, and the result comes as {cancel_timer, TimerRef, Result}; {info, false}: no result is wanted: ok.</summary>
    [Bif("erlang:cancel_timer/2")]
    public static Term CancelTimer2(Process* p, Term* a)
    {
        bool async = false, info = true;
        for (Term list = a[1]; !list.IsNil; list = list.Tail)
        {
            if (!Option(list, out Term key, out bool value)) return Process.Badarg(p);
            if (key == Am.Async) async = value;
            else if (key == Am.Info) info = value;
            else return Process.Badarg(p);
        }
        return Access(p, a[0], true, async, info);
    }

    /// <summary>The milliseconds left, or false when there is no such timer.</summary>
    [Bif("erlang:read_timer/1")]
    public static Term ReadTimer(Process* p, Term* a) => Access(p, a[0], false, false, true);

    /// <summary>Options: {async, Bool}: ok, and the result comes as {read_timer, TimerRef, Result}.</summary>
    [Bif("erlang:read_timer/2")]
    public static Term ReadTimer2(Process* p, Term* a)
    {
        bool async = false;
        for (Term list = a[1]; !list.IsNil; list = list.Tail)
        {
            if (!Option(list, out Term key, out async) || key != Am.Async) return Process.Badarg(p);
        }
        return Access(p, a[0], false, async, true);
    }

    private static Term Start(Process* p, Term* a, Term options, bool wrap)
    {
        bool absolute = false;
        for (Term list = options; !list.IsNil; list = list.Tail)
        {
            if (!Option(list, out Term key, out absolute) || key != Am.Abs) return Process.Badarg(p, Am.Badopt);
        }
        // An integer that does not fit is past the end of time.
        if (!Arithmetic.TryLong(a[0], out long time) || !Deadline(p->Machine, time, absolute, out long deadline)) return Process.Badarg(p, Am.Time);
        if (!a[1].IsLocalPid && !a[1].IsAtom) return Process.Badarg(p);
        Reference* r = (Reference*)Process.Alloc(p, Reference.Words);
        if (r == null) return Process.SystemLimit(p);
        if (!Timers.StartMessage(TimerEffects.Current(p), deadline, a[1], a[2], wrap, r)) return Process.SystemLimit(p);
        return Term.Boxed(r);
    }

    /// <summary>The millisecond of VmClock.MonotonicNs at which a timer is due that is given so many milliseconds, or a time of monotonic_time(millisecond). False
    /// when that is negative, before the start or after the end of Erlang's time.</summary>
    public static bool Deadline(Machine* m, long time, bool absolute, out long deadline)
    {
        long start = VmClock.StartedAt(m) / VmClock.Millisecond;
        long last = start + ((VmClock.ErlangEnd / VmClock.Millisecond) - (VmClock.ErlangStart / VmClock.Millisecond));
        deadline = 0;
        if (absolute)
        {
            if (time < VmClock.ErlangStart / VmClock.Millisecond || time > VmClock.ErlangEnd / VmClock.Millisecond) return false;
            deadline = time - (VmClock.ErlangStart / VmClock.Millisecond) + start;
            return true;
        }
        // A millisecond that has begun does not count: a timer may be late, never early.
        long now = Timers.CeilingMs(VmClock.MonotonicNs(m));
        if (time < 0 || time > last - now) return false;
        deadline = now + time;
        return true;
    }

    // The head of a list as an option {Key, Bool}.
    private static bool Option(Term list, out Term key, out bool value)
    {
        key = Term.None;
        value = false;
        if (!list.IsCons || !list.Head.IsTupleOf(2)) return false;
        Term* e = list.Head.TupleElements;
        key = e[0];
        value = e[1] == Am.True;
        return e[1].IsBoolean;
    }

    private static Term Access(Process* p, Term timer, bool cancel, bool async, bool info)
    {
        if (!timer.IsReference) return Process.Badarg(p);
        long left = -1;
        bool local = timer.IsKind(Header.Reference);
        if (local)
        {
            Reference* r = (Reference*)timer.Box;
            left = cancel ? Timers.Cancel(p->Machine, r) : Timers.Read(p->Machine, r);
        }
        // OTP does not look at info for a reference of another node.
        if (!info && (async || !Identifiers.IsExternal(timer))) return Am.Ok;
        Term result = left < 0 ? Am.False : Process.Integer(p, left);
        if (!async) return result;
        Term* message = stackalloc Term[] { cancel ? Am.CancelTimer : Am.ReadTimer, timer, result };
        Signals.TraceTuple(p->Machine, p->Context, p->Pid, message, 3);
        return Am.Ok;
    }
}
