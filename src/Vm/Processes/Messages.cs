// Messages of a process to itself. One process runs; the scheduler brings mailboxes and signals.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>The mailbox as a list, oldest message first.</summary>
public static unsafe class Messages
{
    /// <summary>destination ! message. False: the destination is no process or name (Fail is set).</summary>
    public static bool Send(Process* p, Term to, Term message)
    {
        if (to == p->Pid)
        {
            p->Mailbox = Append(p, p->Mailbox, message);
            return true;
        }
        if (IoServer.Is(p->Machine, to) || (to == Am.User && IoServer.Is(p->Machine, p->GroupLeader)))
        {
            IoServer.Take(p, message);
            return true;
        }
        if (to.IsPid || to.IsReference || to.IsPort) return true;
        Process.Badarg(p);
        return false;
    }

    /// <summary>The message loop_rec looks at, or None.</summary>
    public static Term Current(Process* p)
    {
        Term list = p->Mailbox;
        for (long i = p->MailboxAt; i > 0 && list.IsCons; i--) list = list.Tail;
        return list.IsCons ? list.Head : Term.None;
    }

    /// <summary>Takes the current message out and goes back to the first.</summary>
    public static void Remove(Process* p)
    {
        long at = p->MailboxAt;
        p->MailboxAt = 0;
        p->Deadline = 0;
        if (at == 0)
        {
            p->Mailbox = p->Mailbox.Tail;
            return;
        }
        // Cells are immutable once a collection may have promoted them: those before the message are made anew.
        Term list = p->Mailbox;
        ulong* cells = Process.Alloc(p, at * 2);
        for (long i = 0; i < at; i++)
        {
            cells[i * 2] = list.Head.Bits;
            cells[(i * 2) + 1] = i == at - 1 ? list.Tail.Tail.Bits : Term.List(cells + ((i + 1) * 2)).Bits;
            list = list.Tail;
        }
        p->Mailbox = Term.List(cells);
    }

    /// <summary>The list with one message more at its end.</summary>
    public static Term Append(Process* p, Term list, Term message)
    {
        long n = 0;
        for (Term l = list; l.IsCons; l = l.Tail) n++;
        ulong* cells = Process.Alloc(p, (n + 1) * 2);
        for (long i = 0; i <= n; i++)
        {
            cells[i * 2] = i == n ? message.Bits : list.Head.Bits;
            cells[(i * 2) + 1] = i == n ? Term.NilBits : Term.List(cells + ((i + 1) * 2)).Bits;
            if (i < n) list = list.Tail;
        }
        return Term.List(cells);
    }
}
