// Registered names of processes and ports.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Names of one VM; embedded in Machine. Lock order: a process's lock is never held while the registry's is taken; a port's may be.</summary>
public unsafe struct Registry
{
    private KeyTable names;
    private OsMutex mutex;

    /// <summary>The process or port registered under a name, or None.</summary>
    public static Term WhereIs(Machine* m, Term name)
    {
        Registry* r = &m->Registry;
        Term pid = Term.None;
        if (r->names.Count != 0)
        {
            r->mutex.Lock();
            KeyEntry* e = r->names.Find(name.Bits, 0);
            if (e != null) pid = new Term(e->A);
            r->mutex.Unlock();
        }
        return pid.IsNone ? IoServer.Named(m, name) : pid;
    }

    /// <summary>Registers a live process under a name. None when it is done, else why not, as OTP says it: notalive, registered_name (it has one), none (the
    /// name is taken).</summary>
    public static Term Register(Machine* m, Term name, Term pid)
    {
        Registry* r = &m->Registry;
        Term why = Am.Notalive;
        r->mutex.Lock();
        Process* p = ProcessTable.Lock(m, pid);
        if (p != null)
        {
            why = !p->Name.IsNone ? Am.RegisteredName : Am.None;
            if (p->Name.IsNone && r->names.Find(name.Bits, 0) == null)
            {
                KeyEntry* e = r->names.Put(name.Bits, 0);
                if (e != null)
                {
                    e->A = pid.Bits;
                    p->Name = name;
                    why = Term.None;
                }
            }
            p->Lock.Unlock();
        }
        r->mutex.Unlock();
        return why;
    }

    /// <summary>The same for a port; why not: notalive, registered_name, none.</summary>
    public static Term RegisterPort(Machine* m, Term name, Term id)
    {
        Registry* r = &m->Registry;
        Port* port = PortTable.LockOpen(m, id);
        if (port == null) return Am.Notalive;
        r->mutex.Lock();
        Term why = !port->Name.IsNone ? Am.RegisteredName : Am.None;
        if (port->Name.IsNone && r->names.Find(name.Bits, 0) == null)
        {
            KeyEntry* e = r->names.Put(name.Bits, 0);
            if (e != null)
            {
                e->A = id.Bits;
                port->Name = name;
                why = Term.None;
            }
        }
        r->mutex.Unlock();
        port->Lock.Unlock();
        return why;
    }

    /// <summary>Takes the name of a port that ends (with the port's lock).</summary>
    public static void Forget(Machine* m, Port* port)
    {
        if (port->Name.IsNone) return;
        Registry* r = &m->Registry;
        r->mutex.Lock();
        KeyEntry* e = r->names.Find(port->Name.Bits, 0);
        if (e != null && e->A == port->Id.Bits) r->names.Remove(e);
        port->Name = Term.None;
        r->mutex.Unlock();
    }

    /// <summary>Takes a name back. False: nobody has it.</summary>
    public static bool Unregister(Machine* m, Term name) => Unregister(m, name, Term.None);

    /// <summary>Takes the name of a process that ends, unless another has the name by now.</summary>
    public static void Forget(Machine* m, Process* p)
    {
        if (p->Name.IsNone) return;
        Unregister(m, p->Name, p->Pid);
        p->Name = Term.None;
    }

    // Owner: None, or the process that must have the name.
    private static bool Unregister(Machine* m, Term name, Term owner)
    {
        Registry* r = &m->Registry;
        r->mutex.Lock();
        KeyEntry* e = r->names.Find(name.Bits, 0);
        if (e != null && !owner.IsNone && e->A != owner.Bits) e = null;
        bool found = e != null;
        if (found)
        {
            Process* p = ProcessTable.Lock(m, new Term(e->A));
            if (p != null)
            {
                p->Name = Term.None;
                p->Lock.Unlock();
            }
            else if (new Term(e->A).IsLocalPort)
            {
                Port* port = PortTable.Structure(m, new Term(e->A));
                if (port != null) port->Name = Term.None;
            }
            r->names.Remove(e);
        }
        r->mutex.Unlock();
        return found;
    }

    /// <summary>All names, as a list.</summary>
    public static Term Names(Process* p)
    {
        Registry* r = &p->Machine->Registry;
        Term list = Term.Nil;
        r->mutex.Lock();
        for (int i = 0; i < r->names.Places; i++)
        {
            KeyEntry* e = r->names.Place(i);
            if (e != null) list = Process.Cons(p, new Term(e->Key0), list);
        }
        r->mutex.Unlock();
        if (!IoServer.Named(p->Machine, Am.User).IsNone) list = Process.Cons(p, Am.User, Process.Cons(p, Am.StandardError, list));
        return list;
    }

    /// <summary>Frees the table.</summary>
    public static void Destroy(Machine* m) => m->Registry.names.Free();
}
