// What comes from the program or descriptor of a port: on the poller's thread, under the port's lock.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>A packet that is not complete yet: its head, then the bytes that the head says.</summary>
public unsafe struct PortPacket
{
    public uint Head;
    public int HeadBytes;
    public byte* Data;
    public long Bytes, Filled;

    public void Free()
    {
        Allocator.Free(Data, (nuint)Bytes, Owner.Vm);
        this = default;
    }
}

/// <summary>Reading.</summary>
public static unsafe class PortInput
{
    /// <summary>Has the poller tell when there is something to read.</summary>
    public static Errno Watch(Port* port) => Poller.Watch(port->Machine, port->In, PollEvents.Read, &Ready, port);

    private static void Ready(Machine* m, void* data, int descriptor, PollEvents events)
    {
        Port* port = (Port*)data;
        port->Lock.Lock();
        if (port->State != Port.Free && port->In == descriptor && !port->InputEnded) Read(port);
        port->Lock.Unlock();
    }

    private static void Read(Port* port)
    {
        byte* buffer = port->Machine->Ports.Buffer;
        if (port->Kind == PortKind.Descriptors)
        {
            // A descriptor that others share is not made non-blocking: somebody may have been faster.
            PollEntry e = new() { Descriptor = port->In, Wanted = PollEvents.Read };
            if (Files.Poll(&e, 1, 0, out int ready) == Errno.None && ready == 0)
            {
                Watch(port);
                return;
            }
        }
        Errno error = Files.Read(port->In, buffer, PortTable.BufferBytes, out nuint read);
        if (error != Errno.None && error != Errno.Eagain)
        {
            port->InputEnded = true;
            Port.Fail(port, error);
            return;
        }
        if (error == Errno.None && read == 0)
        {
            port->InputEnded = true;
            if (port->Kind == PortKind.Descriptors && port->Output.Bytes != 0) port->EndAfterOutput = true;
            else if (!port->ExitStatus || port->Exited) End(port);
            return;
        }
        Term id = port->Id;
        if (error == Errno.None && port->State == Port.Open) Take(port, buffer, (long)read);
        // It may have failed.
        if (port->Id != id) return;
        error = Watch(port);
        if (error != Errno.None && port->Id == id) Port.Fail(port, error);
    }

    private static void Take(Port* port, byte* data, long bytes)
    {
        if (port->PacketBytes != 0)
        {
            Packets(port, data, data + bytes);
            return;
        }
        port->BytesIn += (ulong)bytes;
        if (!port->Lines)
        {
            Deliver(port, data, bytes, Term.None);
            return;
        }
        byte* at = data;
        while (true)
        {
            int found = port->Line.Next(ref at, data + bytes);
            if (found < 0) return;
            Deliver(port, port->Line.Data, port->Line.Bytes, found == 1 ? Am.Eol : Am.Noeol);
            port->Line.Bytes = 0;
        }
    }

    private static void Packets(Port* port, byte* at, byte* end)
    {
        PortPacket* t = &port->Packet;
        while (at < end)
        {
            if (t->HeadBytes < port->PacketBytes)
            {
                t->Head = (t->Head << 8) | *at++;
                if (++t->HeadBytes < port->PacketBytes) continue;
                // The head is complete; a packet may be empty, or here as a whole.
            }
            if (t->Data == null)
            {
                if (t->Head <= end - at)
                {
                    port->BytesIn += t->Head;
                    Deliver(port, at, t->Head, Term.None);
                    at += t->Head;
                    *t = default;
                    continue;
                }
                t->Data = (byte*)Allocator.Alloc(t->Head, Owner.Vm);
                if (t->Data == null)
                {
                    Port.Fail(port, Errno.Enomem);
                    return;
                }
                t->Bytes = t->Head;
            }
            long n = System.Math.Min(end - at, t->Bytes - t->Filled);
            System.Buffer.MemoryCopy(at, t->Data + t->Filled, n, n);
            t->Filled += n;
            at += n;
            if (t->Filled < t->Bytes) continue;
            port->BytesIn += (ulong)t->Bytes;
            Deliver(port, t->Data, t->Bytes, Term.None);
            t->Free();
        }
    }

    /// <summary>
    /// What a driver answers, {Port, {data, [Byte, … | Data]}}: the head always as a list; Data is a binary with the option binary, [] when there is none. False: memory
    /// is out.
    /// </summary>
    public static bool Answer(Port* port, byte* head, int headBytes, byte* data, long bytes, bool hasData)
    {
        port->BytesIn += (ulong)(headBytes + bytes);
        return Deliver(port, head, headBytes, data, bytes, hasData && port->Binary, Term.None);
    }

    // {Port, {data, Data}}, or with the option line {Port, {data, {eol | noeol, Data}}}.
    private static void Deliver(Port* port, byte* data, long bytes, Term line) => Deliver(port, null, 0, data, bytes, port->Binary, line);

    private static bool Deliver(Port* port, byte* head, int headBytes, byte* data, long bytes, bool asBinary, Term line)
    {
        ulong bits = (ulong)bytes * 8;
        bool small = bytes <= HeapBits.MaxBytes;
        long words = !asBinary ? 2 * bytes : small ? HeapBits.Words(bits) : Binaries.OffHeapWords;
        OffHeapBinary* binary = null;
        if (asBinary && !small)
        {
            binary = OffHeap.Create(bytes);
            if (binary == null) return false;
            System.Buffer.MemoryCopy(data, OffHeapBinary.Data(binary), bytes, bytes);
        }
        Signal* s = Signal.New(SignalKind.Message, words + 2 * headBytes + (line.IsNone ? 6 : 9), out ulong* top);
        if (s == null)
        {
            if (binary != null) OffHeap.Release(binary);
            return false;
        }
        Term what = Term.Nil;
        if (!asBinary) what = List(ref top, data, bytes, what);
        else if (small)
        {
            HeapBits* heap = (HeapBits*)top;
            heap->Header = Header.Make(Header.HeapBits, words - 1);
            heap->SizeBits = bits;
            if (bytes != 0) top[words - 1] = 0;
            System.Buffer.MemoryCopy(data, heap->Data, bytes, bytes);
            what = Term.Boxed(heap);
            top += words;
        }
        else what = Binaries.Wrap(ref top, ref s->OffHeap, binary, 0, bits);
        what = List(ref top, head, headBytes, what);
        if (!line.IsNone) what = Pair(ref top, line, what);
        s->Value = Pair(ref top, port->Id, Pair(ref top, Am.Data, what));
        s->From = port->Id;
        // Ports know nothing of sequential tracing.
        s->Data0 = SeqTrace.Unchanged;
        Signals.Send(port->Machine, null, port->Connected, s);
        return true;
    }

    private static Term List(ref ulong* top, byte* data, long bytes, Term tail)
    {
        for (long i = bytes - 1; i >= 0; i--, top += 2)
        {
            ((Term*)top)[0] = Term.Small(data[i]);
            ((Term*)top)[1] = tail;
            tail = Term.List((Cons*)top);
        }
        return tail;
    }

    private static Term Pair(ref ulong* top, Term a, Term b)
    {
        ulong* t = top;
        t[0] = Header.Make(Header.Tuple, 2);
        ((Term*)t)[1] = a;
        ((Term*)t)[2] = b;
        top += 3;
        return Term.Boxed(t);
    }

    /// <summary>The program has ended. Its status is told once there is no more input.</summary>
    public static void Exited(Port* port, int status)
    {
        port->Exited = true;
        port->Status = status;
        if (port->ExitStatus && port->InputEnded) End(port);
    }

    /// <summary>The end of the input: the exit status if that was asked for, what is left of a line, then eof or the end of the port.</summary>
    public static void End(Port* port)
    {
        if (port->State == Port.Open)
        {
            if (port->ExitStatus) TellStatus(port);
            while (port->Lines && port->Line.Rest())
            {
                Deliver(port, port->Line.Data, port->Line.Bytes, Am.Noeol);
                port->Line.Bytes = 0;
            }
            if (port->SoftEof)
            {
                Port.Tell(port, port->Connected, port->Id, Am.Eof);
                return;
            }
        }
        Port.Fail(port, Am.Normal);
    }

    private static void TellStatus(Port* port)
    {
        ulong* tuple = stackalloc ulong[3];
        tuple[0] = Header.Make(Header.Tuple, 2);
        ((Term*)tuple)[1] = Am.ExitStatus;
        ((Term*)tuple)[2] = Term.Small(port->Status);
        Port.Tell(port, port->Connected, port->Id, Term.Boxed(tuple));
    }
}
