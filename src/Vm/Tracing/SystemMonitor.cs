// erlang:system_monitor and trace:system: a process is told of long collections, large heaps and long slices.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>What one session wants to know. 0: nothing.</summary>
public struct SystemMonitor
{
    public Term Receiver;
    /// <summary>Milliseconds; words; milliseconds.</summary>
    public long LongGc, LargeHeap, LongSchedule;
    /// <summary>Messages at which a queue counts as long, and as short again.</summary>
    public long QueueOn, QueueOff;
    public bool BusyPort, BusyDistPort;
}

/// <summary>The lowest limits of all sessions; 0: nobody wants to know.</summary>
public struct SystemMonitorLimits
{
    public long LongGc, LargeHeap, LongSchedule, QueueOn;
    /// <summary>Not 0: collections are to be looked at.</summary>
    public int Collections;
}

/// <summary>System monitors.</summary>
internal static unsafe class SystemMonitors
{
    /// <summary>Brings the limits of the VM up to date.</summary>
    public static void Sum(Machine* m)
    {
        SystemMonitorLimits l = default;
        for (TraceSession* s = TraceSessions.Next(m, null); s != null; s = TraceSessions.Next(m, s))
        {
            l.LongGc = Lower(l.LongGc, s->Monitor.LongGc);
            l.LargeHeap = Lower(l.LargeHeap, s->Monitor.LargeHeap);
            l.LongSchedule = Lower(l.LongSchedule, s->Monitor.LongSchedule);
            l.QueueOn = Lower(l.QueueOn, s->Monitor.QueueOn);
        }
        l.Collections = l.LongGc != 0 || l.LargeHeap != 0 ? 1 : 0;
        m->Tracing.Limits = l;
    }

    private static long Lower(long a, long b) => a == 0 || (b != 0 && b < a) ? b : a;

    /// <summary>A collection of p has ended that took so many milliseconds.</summary>
    public static void Collected(Process* p, long milliseconds)
    {
        Machine* m = p->Machine;
        Heap* h = &p->Heap;
        long words = h->End - h->Start + (h->OldStart == null ? 0 : h->OldEnd - h->OldStart);
        for (TraceSession* s = TraceSessions.Next(m, null); s != null; s = TraceSessions.Next(m, s))
        {
            if (s->Monitor.LongGc != 0 && milliseconds >= s->Monitor.LongGc) Tell(p, s, Am.LongGc, milliseconds);
            if (s->Monitor.LargeHeap != 0 && words >= s->Monitor.LargeHeap) Tell(p, s, Am.LargeHeap, -1);
        }
    }

    [System.Runtime.CompilerServices.SkipLocalsInit]
    private static void Tell(Process* p, TraceSession* s, Term what, long milliseconds)
    {
        Heap* h = &p->Heap;
        TraceTerms.Begin(out TraceTerms room);
        Term list = Term.Nil;
        list = TraceTerms.Pair(&room, Am.HeapSize, Term.Small(h->Top - h->Start), list);
        list = TraceTerms.Pair(&room, Am.OldHeapSize, Term.Small(h->OldStart == null ? 0 : h->OldTop - h->OldStart), list);
        list = TraceTerms.Pair(&room, Am.StackSize, Term.Small(h->End - h->Stack), list);
        list = TraceTerms.Pair(&room, Am.MbufSize, Term.Small(h->FragmentWords + h->MessageWords), list);
        list = TraceTerms.Pair(&room, Am.HeapBlockSize, Term.Small(h->End - h->Start), list);
        list = TraceTerms.Pair(&room, Am.OldHeapBlockSize, Term.Small(h->OldStart == null ? 0 : h->OldEnd - h->OldStart), list);
        if (milliseconds >= 0) list = TraceTerms.Pair(&room, Am.Timeout, Term.Small(milliseconds), list);
        Send(p, s, what, list);
    }

    private static void Send(Process* p, TraceSession* s, Term what, Term info)
    {
        // A process is not told about itself.
        if (s->Monitor.Receiver == p->Pid) return;
        Term* e = stackalloc Term[] { Am.Monitor, p->Pid, what, info };
        Signals.TraceTuple(p->Machine, p->Context, s->Monitor.Receiver, e, 4);
    }

    /// <summary>The mailbox of p has reached somebody's limit. Each session is told once, until QueueIsShorter.</summary>
    public static void QueueIsLong(Process* p)
    {
        Machine* m = p->Machine;
        ProcessExtra* x = ProcessExtra.Of(p);
        for (TraceSession* s = x == null ? null : TraceSessions.Next(m, null); s != null; s = TraceSessions.Next(m, s))
        {
            ulong key = (ulong)s->Id + 1;
            if (s->Monitor.QueueOn == 0 || p->MailCount < s->Monitor.QueueOn || x->LongQueues.Find(key, 0) != null) continue;
            if (x->LongQueues.Put(key, 0) == null) return;
            p->Traced |= TraceFlags.LongQueue;
            Send(p, s, Am.LongMessageQueue, Am.True);
        }
    }

    /// <summary>A message was taken out of a mailbox that is long for somebody.</summary>
    public static void QueueIsShorter(Process* p)
    {
        KeyTable* queues = &p->Extra->LongQueues;
        bool left = false;
        for (int i = 0; i < queues->Places; i++)
        {
            KeyEntry* e = queues->Place(i);
            if (e == null) continue;
            TraceSession* s = TraceSessions.Numbered(p->Machine, (long)e->Key0 - 1);
            bool watched = s != null && s->Alive != 0 && s->Monitor.QueueOn != 0;
            if (watched && p->MailCount > s->Monitor.QueueOff)
            {
                left = true;
                continue;
            }
            if (watched) Send(p, s, Am.LongMessageQueue, Am.False);
            queues->Remove(e);
            // What stood behind it may have moved into its place.
            i = -1;
            left = false;
        }
        if (!left) p->Traced &= ~TraceFlags.LongQueue;
    }

    /// <summary>A slice of p has ended that took so many milliseconds; it began and ended in these places.</summary>
    [System.Runtime.CompilerServices.SkipLocalsInit]
    public static void Ran(Process* p, ulong* from, ulong* to, long milliseconds)
    {
        Machine* m = p->Machine;
        for (TraceSession* s = TraceSessions.Next(m, null); s != null; s = TraceSessions.Next(m, s))
        {
            if (s->Monitor.LongSchedule == 0 || milliseconds < s->Monitor.LongSchedule) continue;
            TraceTerms.Begin(out TraceTerms room);
            Term list = TraceTerms.Pair(&room, Am.Out, Place(m, to, &room), Term.Nil);
            list = TraceTerms.Pair(&room, Am.In, Place(m, from, &room), list);
            list = TraceTerms.Pair(&room, Am.Timeout, Term.Small(milliseconds), list);
            Send(p, s, Am.LongSchedule, list);
        }
    }

    private static Term Place(Machine* m, ulong* address, TraceTerms* room)
    {
        Term t = TraceMessages.FunctionAt(m, address, room);
        return t.IsSmall ? Am.Undefined : t;
    }
}
