// What processes do to ports: links, monitors, exit signals, and the messages of the port protocol.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>The receiving end of signals to ports.</summary>
public static unsafe class PortSignals
{
    /// <summary>Handles a signal at once and frees it. False (the signal is still the caller's): there is no such port.</summary>
    public static bool Take(Machine* m, Term to, Signal* s)
    {
        Port* port = PortTable.LockOpen(m, to);
        if (port == null) return false;
        switch (s->Kind)
        {
            case SignalKind.Link:
                port->Links.Put(s->From.Bits, 0);
                break;
            case SignalKind.Unlink:
            {
                KeyEntry* link = port->Links.Find(s->From.Bits, 0);
                if (link != null) port->Links.Remove(link);
                Signal* done = Signals.Plain(SignalKind.UnlinkDone, to);
                if (done != null) done->Id0 = s->Id0;
                Signals.Send(m, null, s->From, done);
                break;
            }
            case SignalKind.Monitor:
            {
                KeyEntry* e = port->MonitoredBy.Put(s->Id0, s->Id1);
                if (e == null) break;
                e->A = s->From.Bits;
                e->B = s->Value.Bits;
                break;
            }
            case SignalKind.Demonitor:
            {
                KeyEntry* e = port->MonitoredBy.Find(s->Id0, s->Id1);
                if (e != null) port->MonitoredBy.Remove(e);
                break;
            }
            case SignalKind.Exit:
                if (port->Kind != PortKind.Forker) Port.Exit(port, s->From, s->Value, false, false);
                break;
            case SignalKind.LinkExit:
            {
                KeyEntry* link = port->Links.Find(s->From.Bits, 0);
                if (link == null) break;
                port->Links.Remove(link);
                if (port->Kind != PortKind.Forker) Port.Exit(port, s->From, s->Value, false, true);
                break;
            }
            case SignalKind.Call:
                port->Lock.Unlock();
                return false;
        }
        port->Lock.Unlock();
        Signal.Free(s);
        return true;
    }

    /// <summary>Port ! Message: {Owner, close}, {Owner, {command, Data}}, {Owner, {connect, Pid}}. Anything else, and another's name in it, is a bad signal.</summary>
    public static void Bang(Process* p, Term to, Term message)
    {
        Machine* m = p->Machine;
        bool shaped = message.IsTupleOf(2) && message.TupleElements[0].IsLocalPid;
        Term owner = shaped ? message.TupleElements[0] : Term.None, what = shaped ? message.TupleElements[1] : Term.None;
        bool pair = shaped && what.IsTupleOf(2);
        OutputChunk* chunk = null;
        bool command = pair && what.TupleElements[0] == Am.Command, bad = false;
        if (command)
        {
            chunk = PortOutput.Chunk(p, what.TupleElements[1], out _);
            bad = chunk == null;
        }
        Port* port = PortTable.LockOpen(m, to);
        if (port == null)
        {
            if (chunk != null) OutputChunk.Free(chunk);
            return;
        }
        if (bad) PortLog.BadValue(p, port);
        if (bad || owner != port->Connected) Bad(port);
        else if (command)
        {
            PortOutput.Write(port, chunk);
            chunk = null;
            // Busy: the sender waits behind its message.
            if (port->Busy && port->Id == to && Port.Wait(port, p)) p->Context->Reductions = 0;
        }
        else if (what == Am.Close)
        {
            if (port->Kind != PortKind.Forker) Port.Exit(port, owner, Am.Normal, true, false);
        }
        else if (pair && what.TupleElements[0] == Am.Connect && what.TupleElements[1].IsLocalPid)
        {
            port->Connected = what.TupleElements[1];
            Port.Tell(port, owner, port->Id, Am.Connected);
        }
        else Bad(port);
        port->Lock.Unlock();
        if (chunk != null) OutputChunk.Free(chunk);
    }

    // The owner gets an exit signal.
    private static void Bad(Port* port)
    {
        Signal* s = Signals.Plain(SignalKind.Exit, port->Id);
        if (s == null) return;
        s->Value = Am.Badsig;
        Signals.Send(port->Machine, null, port->Connected, s);
    }
}

/// <summary>What the VM itself has to say about ports.</summary>
public static unsafe class PortLog
{
    /// <summary>Something that is no iodata was sent to a port.</summary>
    public static void BadValue(Process* p, Port* port)
    {
        TextBuffer text = default;
        text.Add("Bad value on output port '"u8);
        text.Add(port->Command, port->CommandBytes);
        text.Add("'\n"u8);
        // In bare mode an error of the emulator's own level, as a crash is.
        if (p->Machine->Full != 0) EmulatorLog.SendText(p, Am.Error, text.Text);
        else if (p->Machine->Flags.LogQuiet == 0 && p->Machine->Flags.LogLevel >= -2) Files.WriteAll(Files.StandardError, text.Data, (nuint)text.Count);
        text.Free();
    }
}
