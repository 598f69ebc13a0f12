// Natives about ports. Those of erts_internal give an atom where erlang's function of the same name raises an error of that name (open_port, port_command …).
namespace MyBeam.Vm;

using MyBeam.Memory;

public static unsafe class PortBifs
{
    // What the port has sent before this call returns is handled first, exit signals above all.
    private static Term After(Process* p, Term result) => p->InFirst == null ? result : Process.YieldWith(p, result);

    private static Term Named(Process* p, Term port) => port.IsAtom ? Registry.WhereIs(p->Machine, port) : port;

    /// <summary>The open port of a term or name with its lock held, or null.</summary>
    public static Port* Find(Process* p, Term port) => PortTable.LockOpen(p->Machine, Named(p, port));

    [Bif("erts_internal:open_port/2")]
    public static Term OpenPort(Process* p, Term* a) => PortStart.Open(p, a[0], a[1]);

    /// <summary>Options: force (no driver here can) and nosuspend. false: the port is busy; without nosuspend the process waits.</summary>
    [Bif("erts_internal:port_command/3", BifKind.Traps)]
    public static Term PortCommand(Process* p, Term* a)
    {
        bool force = false, stay = false;
        Term l = a[2];
        for (; l.IsCons; l = l.Tail)
        {
            if (l.Head == Am.Force) force = true;
            else if (l.Head == Am.Nosuspend) stay = true;
            else return Am.Badopt;
        }
        if (!l.IsNil) return Am.Badopt;
        Port* port = Find(p, a[0]);
        if (port == null) return After(p, Am.Badarg);
        if (port->Kind == PortKind.HostName)
        {
            // Nothing can be sent, and whoever waits for an answer would do so for ever.
            port->Lock.Unlock();
            return After(p, Am.Badarg);
        }
        bool busy = port->Busy, waits = busy && !stay && !force && Port.Wait(port, p);
        port->Lock.Unlock();
        if (force) return Am.Notsup;
        if (waits)
        {
            // The same call again when the port is not busy.
            p->Fail = FailKind.Again;
            return Term.None;
        }
        if (busy) return Am.False;
        OutputChunk* chunk = PortOutput.Chunk(p, a[1], out bool memory);
        if (memory) return Am.SystemLimit;
        port = Find(p, a[0]);
        if (port == null || chunk == null)
        {
            if (port != null)
            {
                PortLog.BadValue(p, port);
                port->Lock.Unlock();
            }
            if (chunk != null) OutputChunk.Free(chunk);
            return After(p, Am.Badarg);
        }
        PortOutput.Write(port, chunk);
        port->Lock.Unlock();
        return After(p, Am.True);
    }

    [Bif("erts_internal:port_close/1", BifKind.Traps)]
    public static Term PortClose(Process* p, Term* a)
    {
        Port* port = Find(p, a[0]);
        bool closed = port != null && port->Kind != PortKind.Forker && Port.Exit(port, p->Pid, Am.Normal, false, false);
        if (port != null) port->Lock.Unlock();
        return After(p, closed ? Am.True : Am.Badarg);
    }

    /// <summary>The new owner is linked to the port; the old one stays linked.</summary>
    [Bif("erts_internal:port_connect/2", BifKind.Traps)]
    public static Term PortConnect(Process* p, Term* a)
    {
        Port* port = Find(p, a[0]);
        bool good = port != null && a[1].IsLocalPid && Connect(p->Machine, port, a[1]);
        if (port != null) port->Lock.Unlock();
        return After(p, good ? Am.True : Am.Badarg);
    }

    private static bool Connect(Machine* m, Port* port, Term pid)
    {
        if (port->Links.Find(pid.Bits, 0) == null)
        {
            if (port->Links.Put(pid.Bits, 0) == null) return false;
            if (!Signals.Send(m, null, pid, Signals.Plain(SignalKind.Link, port->Id)))
            {
                port->Links.Remove(port->Links.Find(pid.Bits, 0));
                return false;
            }
        }
        port->Connected = pid;
        return true;
    }

    /// <summary>Neither programs nor descriptors know any operation but the size of a terminal (100), which two 32-bit numbers give. udp_inet: HostNamePort.</summary>
    [Bif("erts_internal:port_control/3", BifKind.Traps)]
    public static Term PortControl(Process* p, Term* a)
    {
        Port* port = Find(p, a[0]);
        if (port == null) return After(p, Am.Badarg);
        int output = port->Kind == PortKind.Descriptors ? port->Out : -1, input = port->Kind == PortKind.Descriptors ? port->In : -1;
        PortKind kind = port->Kind;
        port->Lock.Unlock();
        if (kind == PortKind.HostName)
        {
            Term answer = HostNamePort.Control(p, a[1], a[2]);
            return After(p, answer.IsNone ? Am.Badarg : answer);
        }
        const long WindowSize = 0x018b0900 + 100;
        if (!a[1].IsSmall || a[1].SmallValue != WindowSize || !IoData.Size(a[2], false, out _, out _)) return After(p, Am.Badarg);
        int columns = 0, rows = 0;
        bool known = (output >= 0 && Platform.Files.TerminalSize(output, out columns, out rows)) || (input >= 0 && Platform.Files.TerminalSize(input, out columns, out rows));
        if (!known) return After(p, Am.Badarg);
        byte* bytes = stackalloc byte[8];
        *(int*)bytes = columns;
        *(int*)(bytes + 4) = rows;
        return After(p, Bytes(p, bytes, 8));
    }

    /// <summary>No driver here has calls.</summary>
    [Bif("erts_internal:port_call/3", BifKind.Traps)]
    public static Term PortCall(Process* p, Term* a) => After(p, Am.Badarg);

    [Bif("erlang:ports/0")]
    public static Term Ports(Process* p, Term* a) => PortTable.List(p);

    // -- data of a port: a table by port, no signals --

    [Bif("erlang:port_set_data/2")]
    public static Term PortSetData(Process* p, Term* a)
    {
        Signal* term = null;
        if (!a[1].IsImmediate)
        {
            term = Signal.Keeping(a[1]);
            if (term == null) return Process.SystemLimit(p);
        }
        Port* port = Find(p, a[0]);
        if (port == null)
        {
            if (term != null) Signal.Free(term);
            return Process.Badarg(p);
        }
        Port.SetData(port, a[1], term);
        port->Lock.Unlock();
        return Am.True;
    }

    [Bif("erlang:port_get_data/1")]
    public static Term PortGetData(Process* p, Term* a)
    {
        Port* port = Find(p, a[0]);
        if (port == null) return Process.Badarg(p);
        Term data = port->DataTerm == null ? port->Data : TermCopy.ToHeap(port->DataTerm->Value, &p->Heap);
        port->Lock.Unlock();
        return data;
    }

    // -- port_info: of ports that are closing, too --

    /// <summary>undefined: no such port.</summary>
    [Bif("erts_internal:port_info/1", BifKind.Traps)]
    public static Term PortInfo1(Process* p, Term* a)
    {
        if (!a[0].IsLocalPort && !a[0].IsAtom) return After(p, Am.Badarg);
        Port* port = PortTable.Lock(p->Machine, Named(p, a[0]));
        if (port == null) return After(p, Am.Undefined);
        Term* items = stackalloc Term[] { Am.OsPid, Am.Output, Am.Input, Am.Connected, Am.Id, Am.Links, Am.Name };
        Term list = Term.Nil;
        for (int i = 0; i < 7; i++) list = Process.Cons(p, Process.Tuple(p, items[i], Item(p, port, items[i])), list);
        if (!port->Name.IsNone) list = Process.Cons(p, Process.Tuple(p, Am.RegisteredName, port->Name), list);
        port->Lock.Unlock();
        return After(p, list);
    }

    [Bif("erts_internal:port_info/2", BifKind.Traps)]
    public static Term PortInfo2(Process* p, Term* a)
    {
        if (!a[0].IsLocalPort && !a[0].IsAtom) return After(p, Am.Badtype);
        Port* port = PortTable.Lock(p->Machine, Named(p, a[0]));
        if (port == null) return After(p, Am.Undefined);
        Term value = Item(p, port, a[1]);
        port->Lock.Unlock();
        if (value.IsNone) return After(p, Am.Badarg);
        return After(p, a[1] == Am.RegisteredName && value.IsNil ? value : Process.Tuple(p, a[1], value));
    }

    // None: there is no such item.
    private static Term Item(Process* p, Port* port, Term item)
    {
        // The index of a slot, as OTP packs it.
        if (item == Am.Id) return Term.Small((long)(port->Id.PidData << 3));
        if (item == Am.Links) return Keys(p, &port->Links, true);
        if (item == Am.Monitors) return Term.Nil;
        if (item == Am.MonitoredBy) return Keys(p, &port->MonitoredBy, false);
        if (item == Am.Name) return Bytes(p, port->Command, port->CommandBytes);
        if (item == Am.Connected) return port->Connected;
        if (item == Am.Input) return Process.Unsigned(p, port->BytesIn);
        if (item == Am.Output) return Process.Unsigned(p, port->BytesOut);
        if (item == Am.OsPid) return port->OsProcess < 0 ? Am.Undefined : Term.Small(port->OsProcess);
        if (item == Am.RegisteredName) return port->Name.IsNone ? Term.Nil : port->Name;
        if (item == Am.Memory) return Term.Small((port->Links.Places + port->MonitoredBy.Places) * sizeof(KeyEntry));
        if (item == Am.QueueSize) return Term.Small(port->Output.Bytes);
        if (item == Am.Locking) return port->Kind == PortKind.Program ? Am.PortLevel : Am.DriverLevel;
        return item == Am.Parallelism ? Am.False : Term.None;
    }

    private static Term Bytes(Process* p, byte* bytes, int count)
    {
        Term list = Term.Nil;
        for (int i = count - 1; i >= 0; i--) list = Process.Cons(p, Term.Small(bytes[i]), list);
        return list;
    }

    private static Term Keys(Process* p, KeyTable* table, bool key)
    {
        Term list = Term.Nil;
        for (int i = 0; i < table->Places; i++)
        {
            KeyEntry* e = table->Place(i);
            if (e != null) list = Process.Cons(p, new Term(key ? e->Key0 : e->A), list);
        }
        return list;
    }
}
