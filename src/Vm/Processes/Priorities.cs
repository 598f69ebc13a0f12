// Priority messages: what a process has made an alias, a link or a monitor with the option priority for is put before its ordinary messages.
namespace MyBeam.Vm;

/// <summary>Which of its aliases, links and monitors a process takes priority messages for: ProcessExtra.Priorities, key: the reference, or the pid and 0; A: these bits.</summary>
public static unsafe class Priorities
{
    public const ulong Alias = 1, Monitor = 2, Link = 4;

    /// <summary>Signal.HeapIndex of a message or exit signal that its sender wants to be one of priority.</summary>
    public const int Wanted = -2;

    /// <summary>process_info(priority_messages).</summary>
    public static bool Any(Process* p) => p->Extra != null && p->Extra->Priorities.Count > 0;

    /// <summary>Takes a kind of priority messages from here on. False: memory is out.</summary>
    public static bool Add(Process* p, ulong key0, ulong key1, ulong kind)
    {
        ProcessExtra* x = ProcessExtra.Of(p);
        KeyEntry* e = x == null ? null : x->Priorities.Put(key0, key1);
        if (e != null) e->A |= kind;
        return e != null;
    }

    /// <summary>No longer.</summary>
    public static void Remove(Process* p, ulong key0, ulong key1, ulong kind)
    {
        if (!Any(p)) return;
        KeyEntry* e = p->Extra->Priorities.Find(key0, key1);
        if (e == null) return;
        e->A &= ~kind;
        if (e->A == 0) p->Extra->Priorities.Remove(e);
    }

    /// <summary>Whether it does.</summary>
    public static bool Has(Process* p, ulong key0, ulong key1, ulong kind)
    {
        if (!Any(p)) return false;
        KeyEntry* e = p->Extra->Priorities.Find(key0, key1);
        return e != null && (e->A & kind) != 0;
    }

    /// <summary>Puts a message into the mailbox: behind the priority messages, before all others. A receive that is past that place looks at it next.</summary>
    public static void Insert(Process* p, Signal* s)
    {
        ProcessExtra* x = ProcessExtra.Of(p);
        s->HeapIndex = -1;
        if (x == null)
        {
            Mailbox.Append(p, s);
            return;
        }
        Signal** at = x->LastPriority == null ? &p->MailFirst : &x->LastPriority->Next;
        bool ahead = p->Save == at;
        for (Signal** link = &p->MailFirst; link != at && !ahead; link = &(*link)->Next) ahead = p->Save == link;
        s->Next = *at;
        *at = s;
        if (s->Next == null) p->MailLast = &s->Next;
        // Ordinary messages that were looked at already do not match: looking again only takes time.
        if (!ahead) p->Save = at;
        x->LastPriority = s;
        p->MailCount++;
        // What a marker waits for may be in this message.
        for (int i = 0; i < ReceiveMarkers.Most && x->Markers.Used != 0; i++) ReceiveMarkers.Get(&x->Markers, i)->After = null;
    }
}
