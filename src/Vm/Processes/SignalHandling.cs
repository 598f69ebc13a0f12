// What a process does with the signals it was sent. It looks at them when it begins a slice and when a receive has no message left.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>What others ask of a process with a priority of their own (erts_internal:request_system_task): done when the other signals are. max and high first;
/// a low one has its turn after eight normal ones.</summary>
internal unsafe struct SystemTasks
{
    private const int LowTurn = 8;
    private Signal* low, lowLast, normal, normalLast, high, highLast, max, maxLast;
    private int normals;

    public readonly bool Any => low != null || normal != null || high != null || max != null;

    /// <summary>Signal.HeapIndex says in which row.</summary>
    public void Add(Signal* s)
    {
        s->Next = null;
        switch (s->HeapIndex)
        {
            case 0: Append(ref low, ref lowLast, s); break;
            case 1: Append(ref normal, ref normalLast, s); break;
            case 2: Append(ref high, ref highLast, s); break;
            default: Append(ref max, ref maxLast, s); break;
        }
    }

    private static void Append(ref Signal* first, ref Signal* last, Signal* s)
    {
        if (first == null) first = s;
        else last->Next = s;
        last = s;
    }

    /// <summary>The next one, by itself; there is one.</summary>
    public Signal* Take()
    {
        if (max != null) return First(ref max);
        if (high != null) return First(ref high);
        if (normal != null && (low == null || normals < LowTurn))
        {
            normals++;
            return First(ref normal);
        }
        normals = 0;
        return First(ref low);
    }

    private static Signal* First(ref Signal* row)
    {
        Signal* s = row;
        row = s->Next;
        s->Next = null;
        return s;
    }
}

/// <summary>The receiving end of signals.</summary>
public static unsafe class SignalHandling
{
    /// <summary>Handles all signals that have arrived. False: one of them ends the process; its Fail slots say why.</summary>
    public static bool Handle(Process* p)
    {
        p->Lock.Lock();
        Signal* s = p->InFirst;
        p->InFirst = p->InLast = null;
        p->InCount = 0;
        p->Handling = 1;
        p->Lock.Unlock();
        SystemTasks tasks = default;
        while (s != null)
        {
            Signal* next = s->Next;
            if (s->HeapIndex >= 0 && s->Kind == SignalKind.Call) tasks.Add(s);
            else if (!Handle(p, s))
            {
                while (tasks.Any) PutBack(p, tasks.Take());
                PutBack(p, next);
                return false;
            }
            s = next;
        }
        while (tasks.Any)
        {
            if (Handle(p, tasks.Take())) continue;
            while (tasks.Any) PutBack(p, tasks.Take());
            return false;
        }
        System.Threading.Volatile.Write(ref p->Handling, 0);
        long longQueue = p->Machine->Tracing.Limits.QueueOn;
        if (longQueue != 0 && p->MailCount >= longQueue) SystemMonitors.QueueIsLong(p);
        return true;
    }

    /// <summary>Puts messages that the running process was sent into its mailbox, up to the first signal that is none.</summary>
    public static void TakeMessages(Process* p)
    {
        while (true)
        {
            p->Lock.Lock();
            Signal* s = p->InFirst;
            bool message = s != null && s->Kind is (SignalKind.Message or SignalKind.AliasMessage);
            if (message)
            {
                p->InFirst = s->Next;
                if (p->InFirst == null) p->InLast = null;
                p->InCount--;
            }
            p->Lock.Unlock();
            if (!message) return;
            _ = Handle(p, s);
        }
    }

    // The rest is for ProcessExit to answer.
    private static void PutBack(Process* p, Signal* rest)
    {
        if (rest == null) return;
        Signal* last = rest;
        int n = 1;
        for (; last->Next != null; last = last->Next) n++;
        p->Lock.Lock();
        last->Next = p->InFirst;
        if (p->InLast == null) p->InLast = last;
        p->InFirst = rest;
        p->InCount += n;
        p->Lock.Unlock();
    }

    /// <summary>Whether a signal is one that would end the process.</summary>
    public static bool Ends(Process* p, Signal* s)
    {
        if (s->Kind is not (SignalKind.Exit or SignalKind.LinkExit)) return false;
        if (s->Kind == SignalKind.Exit && s->Id1 != 0 && !Monitors.IsAlias(p, s->Id0, s->Id1)) return false;
        if (s->Kind == SignalKind.Exit && s->Value == Am.Kill) return true;
        if (p->Flags.TrapExit) return false;
        if (s->Kind == SignalKind.Exit) return s->Value != Am.Normal || (s->From == p->Pid && s->Id1 == 0);
        KeyEntry* link = p->Links.Find(s->From.Bits, 0);
        return link != null && link->A == 0 && s->Value != Am.Normal;
    }

    /// <summary>Handles one signal, which is in no row any more. False: it ends the process.</summary>
    internal static bool Handle(Process* p, Signal* s)
    {
        Machine* m = p->Machine;
        switch (s->Kind)
        {
            case SignalKind.Message:
                Deliver(p, s->From, s);
                return true;
            case SignalKind.AliasMessage:
            {
                bool first = s->HeapIndex == Priorities.Wanted && Priorities.Has(p, s->Id0, s->Id1, Priorities.Alias);
                if (!Monitors.TakeByAlias(p, s->Id0, s->Id1)) Signal.Free(s);
                else if (first) DeliverFirst(p, s->From, s);
                else
                {
                    s->HeapIndex = -1;
                    Deliver(p, s->From, s);
                }
                return true;
            }
            case SignalKind.Exit:
                if (s->Id1 != 0 && !Monitors.IsAlias(p, s->Id0, s->Id1)) break;
                return Exit(p, s, s->Value, s->HeapIndex == Priorities.Wanted && Priorities.Has(p, s->Id0, s->Id1, Priorities.Alias));
            case SignalKind.LinkExit:
            {
                KeyEntry* link = p->Links.Find(s->From.Bits, 0);
                if (link == null || link->A != 0) break;
                Term other = s->From;
                p->Links.Remove(link);
                bool first = Priorities.Has(p, other.Bits, 0, Priorities.Link);
                if (first) Priorities.Remove(p, other.Bits, 0, Priorities.Link);
                if (!LinkExit(p, s, first)) return false;
                if ((p->Traced & TraceFlags.Procs) != 0) TraceMessages.Procs(p, Am.GettingUnlinked, other);
                return true;
            }
            case SignalKind.Link:
            {
                if ((p->Traced & TraceFlags.Procs) != 0 && p->Links.Find(s->From.Bits, 0) == null) TraceMessages.Procs(p, Am.GettingLinked, s->From);
                // While an unlink of ours is on its way the link is on the way out: the other end had not seen it when it sent this, and takes away its half when
                // it does. A link made after that comes behind its UnlinkDone.
                _ = p->Links.Put(s->From.Bits, 0);
                break;
            }
            case SignalKind.Unlink:
            {
                KeyEntry* link = p->Links.Find(s->From.Bits, 0);
                if (link != null && link->A == 0)
                {
                    p->Links.Remove(link);
                    if ((p->Traced & TraceFlags.Procs) != 0) TraceMessages.Procs(p, Am.GettingUnlinked, s->From);
                }
                Signal* done = Signals.Plain(SignalKind.UnlinkDone, p->Pid);
                if (done != null) done->Id0 = s->Id0;
                Signals.Send(m, p->Context, s->From, done);
                break;
            }
            case SignalKind.UnlinkDone:
            {
                KeyEntry* link = p->Links.Find(s->From.Bits, 0);
                if (link != null && link->A == s->Id0) p->Links.Remove(link);
                break;
            }
            case SignalKind.Monitor:
            {
                ProcessExtra* x = ProcessExtra.Of(p);
                KeyEntry* e = x == null ? null : x->MonitoredBy.Put(s->Id0, s->Id1);
                if (e == null) break;
                e->A = s->From.Bits;
                e->B = s->Value.Bits;
                break;
            }
            case SignalKind.Demonitor:
            {
                KeyEntry* e = p->Extra == null ? null : p->Extra->MonitoredBy.Find(s->Id0, s->Id1);
                if (e != null) p->Extra->MonitoredBy.Remove(e);
                break;
            }
            case SignalKind.Down:
                Monitors.Down(p, s);
                break;
            case SignalKind.GroupLeader:
                p->GroupLeader = s->Value;
                break;
            case SignalKind.Call:
                s->Run(p, s);
                if (p->Heap.Exhausted == 0) return true;
                Process.Raise(p, ExceptionClass.Exit, Am.Killed);
                return false;
        }
        Signal.Free(s);
        return true;
    }

    /// <summary>Puts a message into the mailbox.</summary>
    public static void Deliver(Process* p, Term from, Signal* message)
    {
        if ((p->Traced & TraceFlags.Receive) != 0) TraceMessages.Received(p, from, message->Value);
        Mailbox.Append(p, message);
    }

    // As Deliver, before the ordinary messages.
    private static void DeliverFirst(Process* p, Term from, Signal* message)
    {
        if ((p->Traced & TraceFlags.Receive) != 0) TraceMessages.Received(p, from, message->Value);
        Priorities.Insert(p, message);
    }

    /// <summary>As Deliver, or as a priority message.</summary>
    internal static void Deliver(Process* p, Term from, Signal* message, bool first)
    {
        if (first) DeliverFirst(p, from, message);
        else Deliver(p, from, message);
    }

    private static bool LinkExit(Process* p, Signal* s, bool first)
    {
        if (p->Flags.TrapExit)
        {
            ExitMessage(p, s, first);
            return true;
        }
        if (s->Value == Am.Normal)
        {
            Signal.Free(s);
            return true;
        }
        return Die(p, s, s->Value);
    }

    private static bool Exit(Process* p, Signal* s, Term reason, bool first)
    {
        if (reason == Am.Kill) return Die(p, s, Am.Killed);
        if (p->Flags.TrapExit)
        {
            ExitMessage(p, s, first);
            return true;
        }
        if (reason == Am.Normal && (s->From != p->Pid || s->Id1 != 0))
        {
            Signal.Free(s);
            return true;
        }
        return Die(p, s, reason);
    }

    // {'EXIT', From, Reason}
    private static void ExitMessage(Process* p, Signal* s, bool first)
    {
        Term* e = stackalloc Term[] { Am.EXIT, s->From, s->Value };
        Signal* message = Signal.Tuple(p->Machine, e, 3);
        if (message != null)
        {
            message->Data0 = s->Data0;
            s->Data0 = 0;
            Deliver(p, s->From, message, first);
        }
        Signal.Free(s);
    }

    // The reason lives in the signal, whose memory goes to the heap.
    private static bool Die(Process* p, Signal* s, Term reason)
    {
        Process.Raise(p, ExceptionClass.Exit, reason);
        SeqTrace.Release(s);
        Mailbox.Attach(p, s);
        return false;
    }
}
