// What is traced of a process, session by session.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>The flags that one session has set on a process, and who gets its messages. Owned by the process.</summary>
public unsafe struct Tracee
{
    public Tracee* Next;
    public TraceSession* Session;
    public Term Tracer;
    public uint Flags;
    /// <summary>1: an exception passes a return_to frame of this session (TraceFrames.Unwind).</summary>
    public int Mark;
}

/// <summary>The list of a process. It is changed by the process itself or while it cannot run.</summary>
public static unsafe class Tracees
{
    /// <summary>What a session traces of a process, or null.</summary>
    public static Tracee* Find(Process* p, TraceSession* s)
    {
        Tracee* t = p->Tracees;
        while (t != null && t->Session != s) t = t->Next;
        return t;
    }

    /// <summary>As Find, by the number that frames carry.</summary>
    public static Tracee* Find(Process* p, long sessionId)
    {
        Tracee* t = p->Tracees;
        while (t != null && t->Session->Id != sessionId) t = t->Next;
        return t;
    }

    /// <summary>As Find; made when there is none. Null when memory is out.</summary>
    public static Tracee* Ensure(Process* p, TraceSession* s)
    {
        Tracee* t = Find(p, s);
        if (t != null) return t;
        t = (Tracee*)Allocator.AllocZeroed((nuint)sizeof(Tracee), Owner.Process);
        if (t == null) return null;
        t->Session = s;
        t->Tracer = Term.None;
        t->Next = p->Tracees;
        p->Tracees = t;
        return t;
    }

    /// <summary>Ends tracing of a process by a session.</summary>
    public static void Drop(Process* p, TraceSession* s)
    {
        for (Tracee** link = &p->Tracees; *link != null; link = &(*link)->Next)
        {
            Tracee* t = *link;
            if (t->Session != s) continue;
            *link = t->Next;
            Allocator.Free(t, (nuint)sizeof(Tracee), Owner.Process);
            break;
        }
        Sum(p);
    }

    /// <summary>Frees the list of a process that ends.</summary>
    public static void Free(Process* p)
    {
        while (p->Tracees != null) Drop(p, p->Tracees->Session);
    }

    /// <summary>Notes the flags of all sessions together in the process; while it is sensitive there are none.</summary>
    public static void Sum(Process* p)
    {
        uint all = 0;
        for (Tracee* t = p->Flags.Sensitive ? null : p->Tracees; t != null; t = t->Next) all |= t->Flags;
        p->Traced = all | (p->Traced & TraceFlags.Internal);
    }

    /// <summary>Sets or clears flags. False: another process that is still there traces it already.</summary>
    public static bool Change(Process* p, TraceSession* s, bool on, uint flags, Term tracer)
    {
        Tracee* t = on ? Ensure(p, s) : Find(p, s);
        if (t == null) return true;
        if (on && !t->Tracer.IsNone && t->Flags != 0 && t->Tracer != tracer && IsAlive(p->Machine, t->Tracer)) return false;
        if (on) t->Flags |= flags;
        else t->Flags &= ~flags;
        if (t->Flags == 0)
        {
            Drop(p, s);
            return true;
        }
        if (on) t->Tracer = tracer;
        Sum(p);
        return true;
    }

    /// <summary>Whether a tracer is still there.</summary>
    public static bool IsAlive(Machine* m, Term pid)
    {
        Process* p = ProcessTable.Lock(m, pid);
        if (p == null) return false;
        p->Lock.Unlock();
        return true;
    }

    /// <summary>Whether messages of this tracee are to be sent; one whose tracer is gone is dropped (the pointer is then not valid any more). Called by the
    /// process itself.</summary>
    public static bool IsActive(Process* p, Tracee* t)
    {
        if (t->Session->Alive != 0 && IsAlive(p->Machine, t->Tracer)) return t->Tracer != p->Pid;
        Drop(p, t->Session);
        return false;
    }

    /// <summary>What a new process gets from the sessions that trace new ones, and from its parent.</summary>
    public static void Inherit(Process* parent, Process* child, bool link)
    {
        Machine* m = parent->Machine;
        if (m->Tracing.NewProcesses != 0)
        {
            for (TraceSession* s = TraceSessions.Next(m, null); s != null; s = TraceSessions.Next(m, s))
            {
                Tracee* t = s->NewFlags == 0 ? null : Ensure(child, s);
                if (t == null) continue;
                t->Flags = s->NewFlags;
                t->Tracer = s->NewTracer;
            }
        }
        for (Tracee* own = parent->Tracees; own != null; own = own->Next)
        {
            bool onSpawn = (own->Flags & (TraceFlags.SetOnSpawn | TraceFlags.SetOnFirstSpawn)) != 0;
            bool onLink = link && (own->Flags & (TraceFlags.SetOnLink | TraceFlags.SetOnFirstLink)) != 0;
            Tracee* t = onSpawn || onLink ? Ensure(child, own->Session) : null;
            if (t == null) continue;
            t->Flags = own->Flags;
            t->Tracer = own->Tracer;
            if ((own->Flags & TraceFlags.SetOnFirstSpawn) != 0) Take(own, t, TraceFlags.SetOnFirstSpawn | TraceFlags.SetOnSpawn);
            if (link && (own->Flags & TraceFlags.SetOnFirstLink) != 0) Take(own, t, TraceFlags.SetOnFirstLink | TraceFlags.SetOnLink);
        }
        Sum(parent);
        Sum(child);
    }

    private static void Take(Tracee* a, Tracee* b, uint flags)
    {
        a->Flags &= ~flags;
        b->Flags &= ~flags;
    }
}
