// What processes send to the program or descriptor of a port.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Writing. Everything is called with the port's lock.</summary>
public static unsafe class PortOutput
{
    // A pipe that is ready takes this much without waiting (PIPE_BUF), whether its descriptor is non-blocking or not.
    private const long SureBytes = 4096;

    /// <summary>The bytes of iodata in a chunk, with room for a packet's head; null: it is no iodata, or (memory) memory is out. Needs no lock.</summary>
    public static OutputChunk* Chunk(Process* p, Term data, out bool memory)
    {
        memory = false;
        if (!IoData.Size(data, false, out ulong bits, out long elements)) return null;
        Process.Bump(p, (elements >> 4) + (long)(bits >> 13));
        long bytes = (long)(bits >> 3);
        OutputChunk* c = OutputChunk.New(bytes + 4);
        memory = c == null;
        if (c == null) return null;
        IoData.Copy(data, OutputChunk.Data(c) + 4, bytes);
        // The head is written in front by Write.
        c->Written = 4;
        return c;
    }

    /// <summary>Writes a chunk, or queues what the other side does not take; takes it over.</summary>
    public static void Write(Port* port, OutputChunk* c)
    {
        long bytes = c->Bytes - 4;
        if ((port->PacketBytes == 2 && bytes > 0xFFFF) || (port->PacketBytes == 1 && bytes > 0xFF))
        {
            OutputChunk.Free(c);
            Port.Fail(port, Errno.Einval);
            return;
        }
        if (port->Kind == PortKind.RamFile)
        {
            RamFile.Command(port, c);
            return;
        }
        if (port->Kind == PortKind.HostLookup)
        {
            HostLookupPort.Command(port, c);
            return;
        }
        if (port->Kind is PortKind.Forker or PortKind.HostName)
        {
            OutputChunk.Free(c);
            return;
        }
        for (int i = 0; i < port->PacketBytes; i++) OutputChunk.Data(c)[3 - i] = (byte)(bytes >> (i * 8));
        c->Written = 4 - port->PacketBytes;
        port->BytesOut += (ulong)bytes;
        if (port->Out < 0)
        {
            OutputChunk.Free(c);
            Port.Fail(port, Errno.Ebadf);
            return;
        }
        if (c->Written == c->Bytes)
        {
            OutputChunk.Free(c);
            return;
        }
        bool first = port->Output.Bytes == 0;
        port->Output.Add(c);
        if (first && !Go(port)) return;
        if (port->Output.Bytes != 0 && port->Output.Bytes >= port->High) port->Busy = true;
        if (first && port->Output.Bytes != 0) Watch(port);
    }

    private static void Watch(Port* port)
    {
        Errno error = Poller.Watch(port->Machine, port->Out, PollEvents.Write, &Ready, port);
        if (error != Errno.None) Port.Fail(port, error);
    }

    // Writes as much as goes. False: the port has failed.
    private static bool Go(Port* port)
    {
        bool careful = port->Kind == PortKind.Descriptors;
        while (port->Output.Bytes != 0)
        {
            OutputChunk* c = port->Output.First;
            long bytes = c->Bytes - c->Written;
            if (careful)
            {
                // The descriptor is shared with others, who would not expect it to become non-blocking.
                PollEntry e = new() { Descriptor = port->Out, Wanted = PollEvents.Write };
                if (Files.Poll(&e, 1, 0, out int ready) != Errno.None || ready == 0) return true;
                bytes = System.Math.Min(bytes, SureBytes);
            }
            Errno error = Files.Write(port->Out, OutputChunk.Data(c) + c->Written, (nuint)bytes, out nuint written);
            if (error == Errno.Eagain) return true;
            if (error != Errno.None)
            {
                Port.Fail(port, error);
                return false;
            }
            port->Output.Written((long)written);
        }
        return true;
    }

    // On the poller's thread.
    private static void Ready(Machine* m, void* data, int descriptor, PollEvents events)
    {
        Port* port = (Port*)data;
        port->Lock.Lock();
        // It may be another port's by now, whose watch is another one.
        if (port->State != Port.Free && port->Out == descriptor && port->Output.Bytes != 0 && Go(port)) Written(port);
        port->Lock.Unlock();
    }

    private static void Written(Port* port)
    {
        if (port->Busy && port->Output.Bytes < port->Low) Port.NotBusy(port);
        if (port->Output.Bytes != 0) Watch(port);
        else if (port->State == Port.Closing) Port.Terminate(port);
        else if (port->EndAfterOutput) PortInput.End(port);
    }
}
