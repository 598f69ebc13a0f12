// All ports of a VM, and the programs that were started for them.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using System.Threading;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>A program that a port has started, until its end has been seen: it may outlive its port.</summary>
public unsafe struct PortChild
{
    public PortChild* Next;
    public int Process, Ended;
    public Port* Port;
    public Term Id;
}

/// <summary>The port table, embedded in Machine; zeroed memory is an empty one.</summary>
public unsafe struct PortTable
{
    private Port** places;
    private ulong next;
    private int live;
    private OsMutex mutex;
    private Port* free;
    private NativeList<nint> slabs;
    private PortChild* children;
    /// <summary>Where input is read to, on the poller's thread.</summary>
    public byte* Buffer;

    private const int SlabPorts = 8;

    /// <summary>Most ports at once (system_info(port_limit)); a power of 2.</summary>
    public const int Limit = 65536;

    /// <summary>Bytes of Buffer: what one message brings at most (OTP: ERTS_SYS_READ_BUF_SZ).</summary>
    public const int BufferBytes = 65536;

    /// <summary>Open ports.</summary>
    public static int Count(Machine* m) => Volatile.Read(ref m->Ports.live);

    /// <summary>
    /// A new port, Open, with its lock held. Null: memory is out or there are too many. In bare mode numbers begin with 1, so that port 0 is nobody's.
    /// </summary>
    public static Port* Add(Machine* m)
    {
        PortTable* t = &m->Ports;
        t->mutex.Lock();
        if (t->places == null)
        {
            t->places = (Port**)Allocator.AllocZeroed(Limit * 8, Owner.Vm);
            t->Buffer = (byte*)Allocator.Alloc(BufferBytes, Owner.Vm);
            if (t->next == 0 && m->Full == 0) t->next = 1;
        }
        if (t->places == null || t->Buffer == null || t->live >= Limit - 1 || (t->free == null && !Grow(t)))
        {
            t->mutex.Unlock();
            return null;
        }
        Port* port = t->free;
        t->free = port->Next;
        while (t->places[t->next & (Limit - 1)] != null) t->next++;
        ulong number = t->next++;
        t->live++;
        Volatile.Write(ref *(nint*)&t->places[number & (Limit - 1)], (nint)port);
        t->mutex.Unlock();
        port->Lock.Lock();
        byte* rest = (byte*)&port->Next;
        Unsafe.InitBlockUnaligned(rest, 0, (uint)(sizeof(Port) - (rest - (byte*)port)));
        port->Machine = m;
        port->State = Port.Open;
        port->Id = Term.Port(number);
        port->Name = Term.None;
        port->Data = Am.Undefined;
        port->In = port->Out = port->OsProcess = -1;
        return port;
    }

    /// <summary>Takes a port out (with its lock) and frees what it holds.</summary>
    public static void Remove(Machine* m, Port* port)
    {
        PortTable* t = &m->Ports;
        Port.Release(port);
        port->State = Port.Free;
        t->mutex.Lock();
        Volatile.Write(ref *(nint*)&t->places[port->Id.PidData & (Limit - 1)], 0);
        port->Id = Term.None;
        port->Next = t->free;
        t->free = port;
        t->live--;
        t->mutex.Unlock();
    }

    /// <summary>The port of a term with its lock held, open or closing; null when there is none.</summary>
    public static Port* Lock(Machine* m, Term id)
    {
        if (!id.IsLocalPort || m->Ports.places == null) return null;
        Port* port = (Port*)Volatile.Read(ref *(nint*)&m->Ports.places[id.PidData & (Limit - 1)]);
        if (port == null) return null;
        port->Lock.Lock();
        if (port->Id == id && port->State != Port.Free) return port;
        port->Lock.Unlock();
        return null;
    }

    /// <summary>As Lock, but null for a port that is closing: what processes find.</summary>
    public static Port* LockOpen(Machine* m, Term id)
    {
        Port* port = Lock(m, id);
        if (port == null || port->State == Port.Open) return port;
        port->Lock.Unlock();
        return null;
    }

    /// <summary>Whether there is such a port.</summary>
    public static bool Has(Machine* m, Term id)
    {
        Port* port = LockOpen(m, id);
        if (port != null) port->Lock.Unlock();
        return port != null;
    }

    /// <summary>The structure of a port without its lock: for what the registry's lock guards. Null: there is none.</summary>
    public static Port* Structure(Machine* m, Term id)
    {
        Port* port = (Port*)Volatile.Read(ref *(nint*)&m->Ports.places[id.PidData & (Limit - 1)]);
        return port != null && port->Id == id ? port : null;
    }

    /// <summary>All ports as a list, those that are closing too, in the order of their places.</summary>
    public static Term List(Process* p)
    {
        PortTable* t = &p->Machine->Ports;
        Term list = Term.Nil;
        if (t->places == null) return list;
        t->mutex.Lock();
        for (int i = Limit - 1, left = t->live; i >= 0 && left > 0; i--)
        {
            Port* port = t->places[i];
            if (port == null) continue;
            left--;
            if (Volatile.Read(ref port->State) != Port.Free && !port->Id.IsNone) list = Process.Cons(p, port->Id, list);
        }
        t->mutex.Unlock();
        return list;
    }

    /// <summary>Makes port 0, which in OTP starts programs; here it is there to be seen. For the start of a full system, before any other port.</summary>
    public static void AddForker(Machine* m, Term connected)
    {
        Port* port = Add(m);
        if (port == null) return;
        port->Kind = PortKind.Forker;
        port->Connected = connected;
        port->Command = (byte*)Allocator.Alloc(6, Owner.Vm);
        if (port->Command != null)
        {
            port->CommandBytes = 6;
            "forker"u8.CopyTo(new System.Span<byte>(port->Command, 6));
        }
        port->Lock.Unlock();
    }

    /// <summary>
    /// Waits until what programs have sent to ports is written, at most so many milliseconds: erlang:halt's option flush. A port whose other side takes nothing
    /// holds it up, as in OTP.
    /// </summary>
    public static void Flush(Machine* m, long milliseconds)
    {
        for (; milliseconds > 0; milliseconds--)
        {
            bool waiting = false;
            for (int i = 0; m->Ports.places != null && i < Limit && !waiting; i++)
            {
                Port* port = (Port*)Volatile.Read(ref *(nint*)&m->Ports.places[i]);
                waiting = port != null && Volatile.Read(ref port->Output.Bytes) != 0;
            }
            if (!waiting) return;
            Clock.Sleep(1_000_000);
        }
    }

    // -- programs --

    /// <summary>Notes a program, to be told of its end. With the port's lock. False: memory is out.</summary>
    public static bool AddChild(Machine* m, Port* port, int process, int ended)
    {
        PortChild* c = (PortChild*)Allocator.AllocZeroed((nuint)sizeof(PortChild), Owner.Vm);
        if (c == null) return false;
        c->Process = process;
        c->Ended = ended;
        c->Port = port;
        c->Id = port->Id;
        m->Ports.mutex.Lock();
        c->Next = m->Ports.children;
        m->Ports.children = c;
        m->Ports.mutex.Unlock();
        return Poller.Watch(m, ended, PollEvents.Read, &ChildEnded, c) == Errno.None;
    }

    private static void ChildEnded(Machine* m, void* data, int descriptor, PollEvents events)
    {
        PortChild* c = (PortChild*)data;
        if (!ChildProcess.Status(c->Process, out int status))
        {
            Poller.Watch(m, descriptor, PollEvents.Read, &ChildEnded, c);
            return;
        }
        Poller.Cancel(m, descriptor);
        Files.Close(descriptor);
        m->Ports.mutex.Lock();
        PortChild** link = &m->Ports.children;
        while (*link != c) link = &(*link)->Next;
        *link = c->Next;
        m->Ports.mutex.Unlock();
        Port* port = c->Port;
        port->Lock.Lock();
        if (port->Id == c->Id && port->State != Port.Free) PortInput.Exited(port, status);
        port->Lock.Unlock();
        Allocator.Free(c, (nuint)sizeof(PortChild), Owner.Vm);
    }

    /// <summary>Frees everything; programs that still run go on. The poller has ended.</summary>
    public static void Destroy(Machine* m)
    {
        PortTable* t = &m->Ports;
        for (int i = 0; t->places != null && i < Limit && t->live > 0; i++)
        {
            Port* port = t->places[i];
            if (port == null) continue;
            port->SendClosed = false;
            Port.Terminate(port);
        }
        while (t->children != null)
        {
            PortChild* c = t->children;
            t->children = c->Next;
            Files.Close(c->Ended);
            Allocator.Free(c, (nuint)sizeof(PortChild), Owner.Vm);
        }
        for (int i = 0; i < t->slabs.Count; i++) Allocator.Free((void*)t->slabs[i], (nuint)(SlabPorts * sizeof(Port)), Owner.Vm);
        t->slabs.Free(Owner.Vm);
        if (t->places != null) Allocator.Free(t->places, Limit * 8, Owner.Vm);
        Allocator.Free(t->Buffer, t->Buffer == null ? 0u : BufferBytes, Owner.Vm);
        *t = default;
    }

    private static bool Grow(PortTable* t)
    {
        Port* slab = (Port*)Allocator.AllocZeroed((nuint)(SlabPorts * sizeof(Port)), Owner.Vm);
        if (slab == null) return false;
        if (!t->slabs.Add((nint)slab, Owner.Vm))
        {
            Allocator.Free(slab, (nuint)(SlabPorts * sizeof(Port)), Owner.Vm);
            return false;
        }
        for (int i = SlabPorts - 1; i >= 0; i--)
        {
            slab[i].Id = Term.None;
            slab[i].Next = t->free;
            t->free = slab + i;
        }
        return true;
    }
}
