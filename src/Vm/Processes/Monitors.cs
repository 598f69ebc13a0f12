// Monitors and aliases, at the end of the process that has set them. An entry of ProcessExtra.Monitors: key: the reference; A: the monitored process or port;
// B: the name that was used, or None; C: MonitorFlags and the address of the tag.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Low bits of a monitor's C word.</summary>
public static class MonitorFlags
{
    /// <summary>Monitoring; the alias is active; the alias ends with the monitor; the alias (and the monitor) end with the first message to it.</summary>
    public const ulong Monitoring = 1, Alias = 2, EndsWithMonitor = 4, EndsWithReply = 8, All = 15;
}

/// <summary>The tag that stands in place of 'DOWN' in the message (monitor/3's option tag): a signal that carries the term.</summary>
public static unsafe class MonitorTag
{
    public static Signal* Of(KeyEntry* e) => (Signal*)(e->C & ~MonitorFlags.All);

    public static void Free(KeyEntry* e)
    {
        Signal* s = Of(e);
        if (s != null) Signal.Free(s);
        e->C &= MonitorFlags.All;
    }
}

/// <summary>References that name a place in the process table, so that a message to one finds its process.</summary>
public static unsafe class Aliases
{
    private const ulong Mark = 0x80000000;
    private const uint PlaceMask = 0x7FFFFFF;

    /// <summary>A new alias reference of a process: 3 words on its heap.</summary>
    public static Term New(Process* p)
    {
        Term t = TimeBifs.NewReference(p);
        ((Reference*)t.Box)->Id1 = Mark | ProcessTable.PlaceOf(p->Machine, p->Pid);
        return t;
    }

    /// <summary>The place that a reference names. False: it is no alias.</summary>
    public static bool PlaceOf(Term reference, out uint place)
    {
        place = 0;
        if (!reference.IsKind(Header.Reference)) return false;
        ulong id = ((Reference*)reference.Box)->Id1;
        place = (uint)id & PlaceMask;
        return (id & Mark) != 0;
    }
}

/// <summary>Setting, removing and firing monitors.</summary>
public static unsafe class Monitors
{
    /// <summary>Sets a monitor on a process (or, when it is None, on a name that nobody has: fires at once). Gives its entry, to which the caller may add a tag
    /// and alias flags before it does anything else. <paramref name="gone"/>: the reason when there is no such process, or {Pid or port, Reason} for one that is not
    /// of this node's life.</summary>
    public static KeyEntry* Set(Process* p, Term target, Term name, Term reference, Term gone)
    {
        Machine* m = p->Machine;
        ulong id0 = ((Reference*)reference.Box)->Id0, id1 = ((Reference*)reference.Box)->Id1;
        ProcessExtra* x = ProcessExtra.Of(p);
        KeyEntry* e = x == null ? null : x->Monitors.Put(id0, id1);
        if (e == null) return null;
        e->A = target.Bits;
        e->B = name.Bits;
        e->C = MonitorFlags.Monitoring;
        Signal* s = Signals.Plain(SignalKind.Monitor, p->Pid);
        if (s == null) return e;
        s->Id0 = id0;
        s->Id1 = id1;
        s->Value = name;
        if (IoServer.Is(m, target))
        {
            // The group leader lives as long as the VM.
            Signal.Free(s);
            return e;
        }
        if (!target.IsNone && Signals.Put(m, p->Context, target, s)) return e;
        // A signal of its own, so that the answer comes after what was sent before.
        if (!gone.IsAtom)
        {
            Signal.Free(s);
            s = Signal.Carrying(m, SignalKind.Down, gone);
            if (s == null) return e;
            s->Id0 = id0;
            s->Id1 = id1;
        }
        else s->Value = gone;
        s->Kind = SignalKind.Down;
        s->From = target;
        Signals.Put(m, p->Context, p->Pid, s);
        return e;
    }

    /// <summary>Sets a monitor of the time offset, which never fires: the offset does not change. False: memory is out.</summary>
    public static bool SetClock(Process* p, Term reference)
    {
        ProcessExtra* x = ProcessExtra.Of(p);
        KeyEntry* e = x == null ? null : x->Monitors.Put(((Reference*)reference.Box)->Id0, ((Reference*)reference.Box)->Id1);
        if (e == null) return false;
        e->A = e->B = Term.None.Bits;
        e->C = MonitorFlags.Monitoring;
        return true;
    }

    /// <summary>Handles a Down signal: the message for the mailbox, unless the monitor was removed meanwhile.</summary>
    public static void Down(Process* p, Signal* s)
    {
        KeyEntry* e = p->Extra == null ? null : p->Extra->Monitors.Find(s->Id0, s->Id1);
        if (e == null || (e->C & MonitorFlags.Monitoring) == 0) return;
        Term name = new(e->B);
        ulong* reference = stackalloc ulong[3];
        reference[0] = Header.Make(Header.Reference, Reference.Words - 1);
        reference[1] = s->Id0;
        reference[2] = s->Id1;
        ulong* item = stackalloc ulong[3];
        item[0] = Header.Make(Header.Tuple, 2);
        item[1] = name.Bits;
        item[2] = Am.NonodeNohost.Bits;
        Signal* tag = MonitorTag.Of(e);
        Term* t = stackalloc Term[5];
        t[0] = tag == null ? Am.DOWN : tag->Value;
        t[1] = Term.Boxed(reference);
        t[2] = new Term(e->A).IsLocalPort ? Am.Port : Am.Process;
        t[3] = name.IsNone ? new Term(e->A) : Term.Boxed(item);
        t[4] = s->Value;
        // {Pid or port, Reason}: no process of this node sends it.
        if (!s->From.IsLocalPid && s->Value.IsTupleOf(2) && Identifiers.IsExternal(s->Value.TupleElements[0]))
        {
            t[3] = s->Value.TupleElements[0];
            t[4] = s->Value.TupleElements[1];
        }
        Signal* message = Signal.Tuple(p->Machine, t, 5);
        if (message != null) message->Data0 = SeqTrace.Unchanged;
        if (message != null) SignalHandling.Deliver(p, s->From, message, Priorities.Has(p, s->Id0, s->Id1, Priorities.Monitor));
        End(p, e);
    }

    // The monitor is gone; the entry stays while its alias is active.
    private static void End(Process* p, KeyEntry* e)
    {
        e->C &= ~MonitorFlags.Monitoring;
        Priorities.Remove(p, e->Key0, e->Key1, Priorities.Monitor);
        if ((e->C & MonitorFlags.EndsWithMonitor) != 0) e->C &= ~MonitorFlags.Alias;
        if ((e->C & MonitorFlags.Alias) != 0) return;
        MonitorTag.Free(e);
        p->Extra->Monitors.Remove(e);
    }

    /// <summary>Removes a monitor. False: there is none with this reference.</summary>
    public static bool Remove(Process* p, ulong id0, ulong id1)
    {
        KeyEntry* e = p->Extra == null ? null : p->Extra->Monitors.Find(id0, id1);
        if (e == null || (e->C & MonitorFlags.Monitoring) == 0) return false;
        Stop(p, e);
        End(p, e);
        return true;
    }

    // Tells the monitored process.
    private static void Stop(Process* p, KeyEntry* e)
    {
        Signal* s = Signals.Plain(SignalKind.Demonitor, p->Pid);
        if (s == null) return;
        s->Id0 = e->Key0;
        s->Id1 = e->Key1;
        Signals.Send(p->Machine, p->Context, new Term(e->A), s);
    }

    /// <summary>Makes a reference an alias of the process.</summary>
    public static bool AddAlias(Process* p, Term reference, ulong flags)
    {
        ProcessExtra* x = ProcessExtra.Of(p);
        KeyEntry* e = x == null ? null : x->Monitors.Put(((Reference*)reference.Box)->Id0, ((Reference*)reference.Box)->Id1);
        if (e == null) return false;
        e->C |= flags | MonitorFlags.Alias;
        return true;
    }

    /// <summary>Gives a monitor the term that stands in place of 'DOWN'.</summary>
    public static void SetTag(Process* p, Term reference, Term tag)
    {
        KeyEntry* e = p->Extra->Monitors.Find(((Reference*)reference.Box)->Id0, ((Reference*)reference.Box)->Id1);
        Signal* s = e == null ? null : Signal.Keeping(tag);
        if (s != null) e->C |= (ulong)s;
    }

    /// <summary>unalias/1: whether the alias was active.</summary>
    public static bool Unalias(Process* p, ulong id0, ulong id1)
    {
        KeyEntry* e = p->Extra == null ? null : p->Extra->Monitors.Find(id0, id1);
        if (e == null || (e->C & MonitorFlags.Alias) == 0) return false;
        e->C &= ~MonitorFlags.Alias;
        Priorities.Remove(p, id0, id1, Priorities.Alias);
        if ((e->C & MonitorFlags.Monitoring) == 0)
        {
            MonitorTag.Free(e);
            p->Extra->Monitors.Remove(e);
        }
        return true;
    }

    /// <summary>Whether a message to an alias is to be taken; an alias for one reply ends with it.</summary>
    public static bool TakeByAlias(Process* p, ulong id0, ulong id1)
    {
        KeyEntry* e = p->Extra == null ? null : p->Extra->Monitors.Find(id0, id1);
        if (e == null || (e->C & MonitorFlags.Alias) == 0) return false;
        if ((e->C & MonitorFlags.EndsWithReply) == 0) return true;
        if ((e->C & MonitorFlags.Monitoring) != 0) Stop(p, e);
        Priorities.Remove(p, id0, id1, Priorities.Alias | Priorities.Monitor);
        MonitorTag.Free(e);
        p->Extra->Monitors.Remove(e);
        return true;
    }

    /// <summary>Whether a reference is an active alias of the process.</summary>
    public static bool IsAlias(Process* p, ulong id0, ulong id1)
    {
        KeyEntry* e = p->Extra == null ? null : p->Extra->Monitors.Find(id0, id1);
        return e != null && (e->C & MonitorFlags.Alias) != 0;
    }
}
