// A port: something outside the VM that processes talk to as if to a process. Here: a program that the VM has started, a pair of descriptors, a
// file in memory, the host's names, or the forker.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>What a port is.</summary>
public enum PortKind
{
    /// <summary>A program: {spawn, _}, {spawn_executable, _}. Descriptors: {fd, _, _}. Forker: port 0 of a full system, which does nothing here. RamFile: the driver
    /// ram_file_drv. HostName: what there is of udp_inet. HostLookup: in the place of OTP's program inet_gethost.</summary>
    Program, Descriptors, Forker, RamFile, HostName, HostLookup,
}

/// <summary>
/// One port. The structures are type-stable, as those of processes are: who has an old pointer takes the lock and sees from Id that the port is gone. What is sent
/// to a port is done at once, by the sender, under the port's lock; what comes from outside is handled on the poller's thread. Lock order: a port's lock, then
/// the registry's or that of a process; nobody who holds one of those takes a port's.
/// </summary>
public unsafe struct Port
{
    /// <summary>Free. Open. Closing: gone for processes, its links and monitors have fired, but output is still to be written.</summary>
    public const int Free = 0, Open = 1, Closing = 2;

    public OsMutex Lock;
    /// <summary>Next in the list of free structures.</summary>
    public Port* Next;
    public int State;
    public PortKind Kind;
    public Machine* Machine;
    /// <summary>The port as a term; None when the structure is free.</summary>
    public Term Id;
    /// <summary>The process that gets what comes in (a pid).</summary>
    public Term Connected;
    /// <summary>The registered name or None; under the registry's lock.</summary>
    public Term Name;
    /// <summary>Processes linked to it: key pid. Monitors set on it: key: the reference, A: the process, B: the name it was monitored by.</summary>
    public KeyTable Links, MonitoredBy;
    /// <summary>What port_info(name) says: bytes and their number.</summary>
    public byte* Command;
    public int CommandBytes;
    /// <summary>Descriptors to read from and write to; -1: none.</summary>
    public int In, Out;
    /// <summary>The OS process, or -1.</summary>
    public int OsProcess;
    /// <summary>Options of open_port.</summary>
    public bool Binary, SoftEof, Lines, ExitStatus;
    public int PacketBytes;
    /// <summary>{Port, closed} is sent when the port is gone.</summary>
    public bool SendClosed;
    /// <summary>The end of the input was seen; Exited: the program has ended, with this status; EndAfterOutput: the end counts once output is written.</summary>
    public bool InputEnded, Exited, EndAfterOutput;
    public int Status;
    /// <summary>Input that makes no whole packet or line yet.</summary>
    public PortPacket Packet;
    public LineBuffer Line;
    /// <summary>Output that the other side did not take yet; at High bytes of it the port is busy until there are less than Low.</summary>
    public OutputQueue Output;
    public long Low, High;
    public bool Busy;
    /// <summary>Processes (pids) that are suspended until the port is not busy.</summary>
    public NativeList<Term> Waiting;
    public RamFile Ram;
    public ulong BytesIn, BytesOut;
    /// <summary>port_set_data/2: an immediate, or a signal that carries the term.</summary>
    public Term Data;
    public Signal* DataTerm;

    /// <summary>A port that never exists.</summary>
    public static Term Nowhere => Term.Port((1UL << 59) - 1);

    /// <summary>Tells the connected process, in the tuple {Port, what}.</summary>
    public static void Tell(Port* port, Term to, Term id, Term what)
    {
        Term* e = stackalloc Term[] { id, what };
        Signal* s = Signal.Tuple(port->Machine, e, 2);
        if (s != null)
        {
            s->From = id;
            s->Data0 = SeqTrace.Unchanged;
        }
        Signals.Send(port->Machine, null, to, s);
    }

    /// <summary>
    /// Closes a port (with its lock): links and monitors fire, its name is free, processes that wait for it go on. Output that is not written keeps it Closing,
    /// unless the reason is kill. False: it is closed already, or the reason is normal and nobody asked the port itself (OTP: erts_deliver_port_exit).
    /// </summary>
    public static bool Exit(Port* port, Term from, Term reason, bool sendClosed, bool dropNormal)
    {
        if (port->State != Open) return false;
        if (reason == Am.Normal && dropNormal && from != port->Connected && from != port->Id) return false;
        Machine* m = port->Machine;
        port->State = Closing;
        port->SendClosed = sendClosed;
        NotBusy(port);
        Registry.Forget(m, port);
        Term seen = reason == Am.Kill ? Am.Killed : reason;
        for (int i = 0; i < port->Links.Places; i++)
        {
            KeyEntry* e = port->Links.Place(i);
            if (e != null) SendReason(port, SignalKind.LinkExit, new Term(e->Key0), seen, 0, 0);
        }
        port->Links.Free();
        for (int i = 0; i < port->MonitoredBy.Places; i++)
        {
            KeyEntry* e = port->MonitoredBy.Place(i);
            if (e != null) SendReason(port, SignalKind.Down, new Term(e->A), seen, e->Key0, e->Key1);
        }
        port->MonitoredBy.Free();
        if (reason == Am.Kill || port->Output.Bytes == 0) Terminate(port);
        return true;
    }

    private static void SendReason(Port* port, SignalKind kind, Term to, Term reason, ulong id0, ulong id1)
    {
        Signal* s = Signal.Carrying(port->Machine, kind, reason);
        if (s == null) return;
        s->From = port->Id;
        s->Id0 = id0;
        s->Id1 = id1;
        Signals.Send(port->Machine, null, to, s);
    }

    /// <summary>Something outside has failed, or ended: the port closes itself with this reason. What is not written is lost.</summary>
    public static void Fail(Port* port, Term reason)
    {
        if (port->State == Closing)
        {
            Terminate(port);
            return;
        }
        port->Output.Free();
        Exit(port, port->Id, reason, false, false);
    }

    /// <summary>The same for an error of the system.</summary>
    public static void Fail(Port* port, Errno error) => Fail(port, AtomTable.Intern(ErrnoNames.Atom(error)));

    /// <summary>Processes that wait for a busy port go on.</summary>
    public static void NotBusy(Port* port)
    {
        port->Busy = false;
        for (int i = 0; i < port->Waiting.Count; i++) Suspension.End(port->Machine, null, port->Waiting[i], 1, false);
        port->Waiting.Clear();
    }

    /// <summary>Suspends the calling process until the port is not busy (with the port's lock). False: memory is out.</summary>
    public static bool Wait(Port* port, Process* p)
    {
        if (!port->Waiting.Add(p->Pid, Owner.Vm)) return false;
        p->Lock.Lock();
        p->SuspendCount++;
        p->Lock.Unlock();
        return true;
    }

    /// <summary>The end (with the lock): descriptors are closed, the structure is free afterwards.</summary>
    public static void Terminate(Port* port)
    {
        Machine* m = port->Machine;
        int input = port->In, output = port->Out;
        port->In = port->Out = -1;
        if (input >= 0) Poller.Cancel(m, input);
        if (output >= 0 && output != input) Poller.Cancel(m, output);
        if (port->Kind == PortKind.Program)
        {
            if (input >= 0) Files.Close(input);
            if (output >= 0) Files.Close(output);
        }
        Term id = port->Id, connected = port->Connected;
        bool tell = port->SendClosed;
        PortTable.Remove(m, port);
        // Who hears of it finds the port gone.
        if (tell) Tell(port, connected, id, Am.Closed);
    }

    /// <summary>Frees what the structure holds.</summary>
    public static void Release(Port* port)
    {
        port->Links.Free();
        port->MonitoredBy.Free();
        Allocator.Free(port->Command, (nuint)port->CommandBytes, Owner.Vm);
        port->Packet.Free();
        port->Line.Free();
        port->Output.Free();
        port->Ram.Release();
        port->Waiting.Free(Owner.Vm);
        SetData(port, Term.None, null);
    }

    /// <summary>Keeps a term for port_get_data/1.</summary>
    public static void SetData(Port* port, Term immediate, Signal* term)
    {
        if (port->DataTerm != null) Signal.Free(port->DataTerm);
        port->Data = immediate;
        port->DataTerm = term;
    }
}
