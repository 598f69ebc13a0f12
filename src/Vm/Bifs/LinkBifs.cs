// Natives of erlang about links, monitors, aliases and exit signals.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>How processes are bound to each other.</summary>
public static unsafe class LinkBifs
{
    // -- links --

    [Bif("erlang:link/1", BifKind.Traps)]
    public static Term Link(Process* p, Term* a)
    {
        if (Priorities.Any(p)) Priorities.Remove(p, a[0].Bits, 0, Priorities.Link);
        return MakeLink(p, a);
    }

    private static Term MakeLink(Process* p, Term* a)
    {
        if ((p->Traced & TraceFlags.Procs) != 0) TraceMessages.Procs(p, Am.Link, a[0]);
        if (!a[0].IsLocalPid && !a[0].IsLocalPort) return a[0].IsPid || a[0].IsPort ? Am.True : Process.Badarg(p);
        Term to = a[0];
        if (to == p->Pid || IoServer.Is(p->Machine, to)) return Am.True;
        KeyEntry* link = p->Links.Find(to.Bits, 0);
        // A second signal could meet an unlink from the other end and leave half a link.
        if (link != null && link->A == 0) return Am.True;
        // Only who traps exits gets to know by a signal.
        if (!p->Flags.TrapExit && !(to.IsLocalPort ? PortTable.Has(p->Machine, to) : ProcessTable.Has(p->Machine, to))) return Process.Error(p, Am.Noproc);
        link = p->Links.Put(to.Bits, 0);
        if (link == null) return Process.SystemLimit(p);
        link->A = 0;
        if ((p->Traced & (TraceFlags.SetOnLink | TraceFlags.SetOnFirstLink)) != 0 && to.IsLocalPid) TraceActions.OnLink(p, to);
        Signal* s = Signals.Plain(SignalKind.Link, p->Pid);
        if (s == null) return Process.SystemLimit(p);
        if (Signals.Put(p->Machine, p->Context, to, s)) return Am.True;
        s->Kind = SignalKind.LinkExit;
        s->From = to;
        s->Value = Am.Noproc;
        Signals.Put(p->Machine, p->Context, p->Pid, s);
        // It is there before this call returns, as in OTP.
        return Process.YieldWith(p, Am.True);
    }

    /// <summary>With the option priority the exit signal of the link makes a priority message.</summary>
    [Bif("erlang:link/2", BifKind.Traps)]
    public static Term Link2(Process* p, Term* a)
    {
        if (!OnlyPriority(a[1])) return Process.Badarg(p);
        if (a[1].IsNil) return Link(p, a);
        Term made = MakeLink(p, a);
        if (p->Links.Find(a[0].Bits, 0) != null) _ = Priorities.Add(p, a[0].Bits, 0, Priorities.Link);
        return made;
    }

    /// <summary>Whether a list of options holds nothing but priority.</summary>
    public static bool OnlyPriority(Term options)
    {
        for (; options.IsCons; options = options.Tail)
            if (options.Head != Am.Priority) return false;
        return options.IsNil;
    }

    [Bif("erlang:unlink/1")]
    public static Term Unlink(Process* p, Term* a)
    {
        if ((p->Traced & TraceFlags.Procs) != 0) TraceMessages.Procs(p, Am.Unlink, a[0]);
        if (!a[0].IsLocalPid && !a[0].IsLocalPort) return a[0].IsPid || a[0].IsPort ? Am.True : Process.Badarg(p);
        KeyEntry* link = p->Links.Find(a[0].Bits, 0);
        if (link == null || link->A != 0) return Am.True;
        Priorities.Remove(p, a[0].Bits, 0, Priorities.Link);
        // Until the other end has answered, exit signals from it belong to the link that was.
        link->A = ++(p->Context->Scheduler == null ? Schedulers.Get(p->Machine, 0) : p->Context->Scheduler)->UnlinkIds;
        Signal* s = Signals.Plain(SignalKind.Unlink, p->Pid);
        if (s == null) return Process.SystemLimit(p);
        s->Id0 = link->A;
        if (Signals.Put(p->Machine, p->Context, a[0], s)) return Am.True;
        Signal.Free(s);
        // The other is gone: an exit signal of it that is on its way already counts for nothing now.
        p->Links.Remove(link);
        return Am.True;
    }

    // -- monitors --

    [Bif("erlang:monitor/2")]
    public static Term Monitor2(Process* p, Term* a) => Monitor(p, a[0], a[1], 0, Term.None);

    [Bif("erlang:monitor/3")]
    public static Term Monitor3(Process* p, Term* a) =>
        MonitorOptions(a[2], out ulong flags, out Term tag) ? Monitor(p, a[0], a[1], flags, tag) : Process.Badarg(p, Am.Badopt);

    /// <summary>Among the flags that MonitorOptions gives: the option priority.</summary>
    public const ulong First = 1 << 8;

    /// <summary>Options of monitor/3: {alias, Mode}, {tag, Term}, priority.</summary>
    public static bool MonitorOptions(Term list, out ulong flags, out Term tag)
    {
        flags = 0;
        tag = Term.None;
        for (; list.IsCons; list = list.Tail)
        {
            Term o = list.Head;
            if (o == Am.Priority)
            {
                flags |= First;
                continue;
            }
            if (!o.IsTupleOf(2)) return false;
            Term key = o.TupleElements[0], value = o.TupleElements[1];
            ulong mode = 0;
            if (key == Am.Tag)
            {
                tag = value;
                continue;
            }
            if (key != Am.Alias) return false;
            if (value == Am.ExplicitUnalias) mode = MonitorFlags.Alias;
            else if (value == Am.Demonitor) mode = MonitorFlags.Alias | MonitorFlags.EndsWithMonitor;
            else if (value == Am.ReplyDemonitor) mode = MonitorFlags.Alias | MonitorFlags.EndsWithMonitor | MonitorFlags.EndsWithReply;
            else return false;
            flags = mode | (flags & First);
        }
        return list.IsNil;
    }

    private static Term Monitor(Process* p, Term kind, Term item, ulong flags, Term tag)
    {
        Machine* m = p->Machine;
        if (kind == Am.TimeOffset) return MonitorClock(p, item);
        if (kind != Am.Process && kind != Am.Port) return Process.Badarg(p, Am.Badtype);
        Term target = item, name = Term.None;
        if (item.IsTupleOf(2) && item.TupleElements[0].IsAtom && item.TupleElements[1].IsAtom)
        {
            // This node is not alive: it knows no other.
            if (item.TupleElements[1] != Am.NonodeNohost) return Process.Badarg(p);
            name = item.TupleElements[0];
            target = Registry.WhereIs(m, name);
        }
        else if (item.IsAtom)
        {
            name = item;
            target = Registry.WhereIs(m, name);
        }
        else if (kind == Am.Port ? !item.IsPort : !item.IsPid) return Process.Badarg(p);
        // A pid or port of an earlier incarnation of this node, or a pid of another.
        bool external = Identifiers.IsExternal(item), stranger = external && Identifiers.External(item)->Node != Am.NonodeNohost;
        if (stranger && kind == Am.Port) return Process.Badarg(p);
        if (kind == Am.Port) target = target.IsLocalPort ? target : Port.Nowhere;
        else if (!target.IsLocalPid) target = Term.None;
        Term reference = (flags & MonitorFlags.Alias) != 0 ? Aliases.New(p) : TimeBifs.NewReference(p);
        // A process does not monitor itself: the reference is good for demonitor.
        Term gone = external ? Process.Tuple(p, item, stranger ? Am.Noconnection : Am.Noproc) : Am.Noproc;
        if (target != p->Pid && Monitors.Set(p, target, name, reference, gone) == null) return Process.SystemLimit(p);
        if ((flags & First) != 0 && target != p->Pid) _ = Priorities.Add(p, ((Reference*)reference.Box)->Id0, ((Reference*)reference.Box)->Id1, Priorities.Monitor);
        if ((flags & MonitorFlags.Alias) != 0) Monitors.AddAlias(p, reference, flags & MonitorFlags.All);
        if (!tag.IsNone && target != p->Pid) Monitors.SetTag(p, reference, tag);
        return reference;
    }

    // The time offset never changes.
    private static Term MonitorClock(Process* p, Term item)
    {
        if (item != Am.ClockService) return Process.Badarg(p);
        Term reference = TimeBifs.NewReference(p);
        return Monitors.SetClock(p, reference) ? reference : Process.SystemLimit(p);
    }

    [Bif("erlang:demonitor/1")]
    public static Term Demonitor1(Process* p, Term* a)
    {
        if (!a[0].IsReference) return Process.Badarg(p);
        if (a[0].IsKind(Header.Reference)) Monitors.Remove(p, ((Reference*)a[0].Box)->Id0, ((Reference*)a[0].Box)->Id1);
        return Am.True;
    }

    /// <summary>Options: flush (takes a 'DOWN' message out of the mailbox when the monitor had fired), info (whether the monitor was there).</summary>
    [Bif("erlang:demonitor/2", BifKind.Traps)]
    public static Term Demonitor2(Process* p, Term* a)
    {
        bool flush = false, info = false;
        Term o = a[1];
        for (; o.IsCons; o = o.Tail)
        {
            if (o.Head == Am.Flush) flush = true;
            else if (o.Head == Am.Info) info = true;
            else return Process.Badarg(p);
        }
        if (!o.IsNil) return Process.Badarg(p);
        if (!a[0].IsReference) return Process.Badarg(p);
        bool was = a[0].IsKind(Header.Reference) && Monitors.Remove(p, ((Reference*)a[0].Box)->Id0, ((Reference*)a[0].Box)->Id1);
        Term result = Term.Bool(!info || was);
        if (was || !flush) return result;
        // erts_internal:flush_monitor_messages(Ref, Multi, Result) receives it when it is there.
        p->TrapTo = ExportTable.Put(p->Machine, Am.ErtsInternal, Am.FlushMonitorMessages, 3);
        p->TrapArity = 3;
        p->TrapArgs[0] = a[0].Bits;
        p->TrapArgs[1] = Am.False.Bits;
        p->TrapArgs[2] = (info ? Am.False : Am.True).Bits;
        p->Fail = FailKind.Trap;
        return Term.None;
    }

    // -- aliases --

    [Bif("erlang:alias/0")]
    public static Term Alias0(Process* p, Term* a) => MakeAlias(p, MonitorFlags.Alias);

    [Bif("erlang:alias/1")]
    public static Term Alias1(Process* p, Term* a)
    {
        ulong flags = MonitorFlags.Alias;
        bool first = false;
        Term o = a[0];
        for (; o.IsCons; o = o.Tail)
        {
            if (o.Head == Am.Reply) flags |= MonitorFlags.EndsWithReply;
            else if (o.Head == Am.ExplicitUnalias) flags &= ~MonitorFlags.EndsWithReply;
            else if (o.Head == Am.Priority) first = true;
            else return Process.Badarg(p);
        }
        if (!o.IsNil) return Process.Badarg(p);
        Term alias = MakeAlias(p, flags);
        if (!first || alias.IsNone) return alias;
        return Priorities.Add(p, ((Reference*)alias.Box)->Id0, ((Reference*)alias.Box)->Id1, Priorities.Alias) ? alias : Process.SystemLimit(p);
    }

    private static Term MakeAlias(Process* p, ulong flags)
    {
        Term reference = Aliases.New(p);
        return Monitors.AddAlias(p, reference, flags) ? reference : Process.SystemLimit(p);
    }

    [Bif("erlang:unalias/1")]
    public static Term Unalias(Process* p, Term* a)
    {
        if (!a[0].IsReference) return Process.Badarg(p);
        return Term.Bool(a[0].IsKind(Header.Reference) && Monitors.Unalias(p, ((Reference*)a[0].Box)->Id0, ((Reference*)a[0].Box)->Id1));
    }

    // -- exit signals --

    [Bif("erlang:exit/2", BifKind.Traps)]
    [Bif("erlang:exit_signal/2", BifKind.Traps)]
    public static Term Exit2(Process* p, Term* a)
    {
        if (a[0].IsReference) return ExitAlias(p, a[0], a[1], false);
        if (!a[0].IsLocalPid && !a[0].IsLocalPort) return a[0].IsPid || a[0].IsPort ? Am.True : Process.Badarg(p);
        Signal* s = Signal.Carrying(p->Machine, SignalKind.Exit, a[1]);
        if (s == null) return Process.SystemLimit(p);
        s->From = p->Pid;
        Signals.Send(p->Machine, p->Context, a[0], s);
        // A signal to itself is handled before the call returns.
        return a[0] == p->Pid ? Process.YieldWith(p, Am.True) : Am.True;
    }

    [Bif("erlang:exit/3", BifKind.Traps)]
    [Bif("erlang:exit_signal/3", BifKind.Traps)]
    public static Term Exit3(Process* p, Term* a)
    {
        if (!OnlyPriority(a[2])) return Process.Badarg(p, Am.Badopt);
        return a[0].IsReference ? ExitAlias(p, a[0], a[1], !a[2].IsNil) : Exit2(p, a);
    }

    private static Term ExitAlias(Process* p, Term alias, Term reason, bool first)
    {
        Term pid = Signals.ProcessOf(p->Machine, alias);
        if (pid.IsNone) return Am.True;
        Signal* s = Signal.Carrying(p->Machine, SignalKind.Exit, reason);
        if (s == null) return Process.SystemLimit(p);
        s->From = p->Pid;
        s->Id0 = ((Reference*)alias.Box)->Id0;
        s->Id1 = ((Reference*)alias.Box)->Id1;
        if (first) s->HeapIndex = Priorities.Wanted;
        Signals.Send(p->Machine, p->Context, pid, s);
        return pid == p->Pid ? Process.YieldWith(p, Am.True) : Am.True;
    }

    /// <summary>group_leader/2 is Erlang code around these: true, or the atom badarg.</summary>
    [Bif("erts_internal:group_leader/2", BifKind.Traps)]
    public static Term GroupLeader2(Process* p, Term* a)
    {
        if (!a[0].IsLocalPid || !a[1].IsLocalPid) return Am.Badarg;
        if (a[1] == p->Pid)
        {
            p->GroupLeader = a[0];
            return Am.True;
        }
        // The caller is to see it set, or that there is no such process any more.
        return ProcessBifs.Ask(p, a[1], &SetGroupLeader, a[0], 0);
    }

    private static void SetGroupLeader(Process* q, Signal* s)
    {
        if (q != null) q->GroupLeader = s->Value;
        ProcessBifs.Answer(q, s, q == null ? Am.Badarg : Am.True);
    }

    /// <summary>As group_leader/2, with an answer by message: {Reference, true}.</summary>
    [Bif("erts_internal:group_leader/3")]
    public static Term GroupLeader3(Process* p, Term* a)
    {
        if (!a[0].IsLocalPid || !a[1].IsLocalPid || !a[2].IsReference) return Process.Badarg(p);
        bool good = SendGroupLeader(p, a[0], a[1]);
        Term* answer = stackalloc Term[] { a[2], good ? Am.True : Am.Badarg };
        Signals.Tuple(p->Machine, p->Context, p->Pid, answer, 2);
        return Am.Ok;
    }

    private static bool SendGroupLeader(Process* p, Term leader, Term to)
    {
        Signal* s = Signals.Plain(SignalKind.GroupLeader, p->Pid);
        if (s == null) return false;
        s->Value = leader;
        return Signals.Send(p->Machine, p->Context, to, s);
    }
}
