// The driver ram_file_drv: a file in memory that kernel's module ram_file speaks to as to a port (file:open/2 with ram, erl_tar, dets). A command is its number and
// its arguments as big-endian bytes; every command has one answer, {Port, {data, [Kind, … | Data]}}.
namespace MyBeam.Vm;

using System;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>The bytes of such a file and where it stands; everything is called with the lock of its port.</summary>
public unsafe struct RamFile
{
    // The numbers of kernel's ram_file.erl.
    private const byte Open = 1, Read = 2, Seek = 3, Write = 4, Sync = 9, Truncate = 14, ReadAt = 17, WriteAt = 18, DataSync = 19;
    private const byte Get = 30, Size = 37, Advise = 38, Allocate = 39;
    private const int CanRead = 1, CanWrite = 2;
    private const int FromStart = 0, FromHere = 1, FromEnd = 2;
    private const byte Done = 0, Failed = 1, Data = 2, Number = 3;

    private byte* bytes;
    /// <summary>Bytes there is room for, those of the file, and where reading and writing go on. What lies behind the end is zero.</summary>
    private long capacity, end, position;
    /// <summary>0: not opened.</summary>
    private int mode;

    /// <summary>
    /// Obeys a command, which it frees, and sends the answer. Commands that are not known have none (as in OTP: the caller waits for ever); one that is too short for its
    /// arguments is einval, where OTP reads what lies behind it.
    /// </summary>
    public static void Command(Port* port, OutputChunk* c)
    {
        // PortOutput keeps four bytes for the head of a packet in front.
        byte* at = OutputChunk.Data(c) + 4;
        long count = c->Bytes - 4;
        port->BytesOut += (ulong)count;
        if (count > 0) port->Ram.Obey(port, at[0], at + 1, count - 1);
        OutputChunk.Free(c);
    }

    private void Obey(Port* port, byte command, byte* at, long count)
    {
        int numbers = command is Seek or ReadAt ? 8 : command is Open or Read or WriteAt ? 4 : 0;
        if (count < numbers)
        {
            Fail(port, Errno.Einval);
            return;
        }
        long first = numbers >= 4 ? Int(at) : 0, second = numbers >= 8 ? Int(at + 4) : 0;
        at += numbers;
        count -= numbers;
        Errno error;
        switch (command)
        {
            case Open:
                mode = (int)first;
                Release();
                error = Store(0, at, count);
                Result(port, error, 0);
                break;
            case Write or WriteAt:
                error = command == WriteAt && first < 0 ? Errno.Einval : (mode & CanWrite) == 0 ? Errno.Ebadf : Store(command == Write ? position : first, at, count);
                if (error == Errno.None && command == Write) position += count;
                Result(port, error, count);
                break;
            case Seek:
                Move(port, first, second);
                break;
            case ReadAt:
                if (first < 0) Fail(port, Errno.Einval);
                else Send(port, first, second, false);
                break;
            case Read:
                Send(port, position, first, true);
                break;
            case Truncate:
                error = (mode & CanWrite) == 0 ? Errno.Eacces : Cut();
                if (error == Errno.None) Answer(port, Done);
                else Fail(port, error);
                break;
            case Get:
                Bytes(port, 0, end);
                break;
            case Size:
                Result(port, Errno.None, end);
                break;
            case Sync or DataSync or Advise or Allocate:
                if (mode == 0) Fail(port, Errno.Ebadf);
                else Answer(port, Done);
                break;
        }
    }

    private static long Int(byte* at) => BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<int>(at));

    // Room for so many bytes.
    private Errno Expand(long size)
    {
        if (size <= capacity) return Errno.None;
        // By halves, so that a file that is written in small pieces is not copied for each of them.
        long room = (Math.Max(size, capacity + capacity / 2) + 1023) & ~1023L;
        byte* more = (byte*)Allocator.Realloc(bytes, (nuint)capacity, (nuint)room, Owner.Vm);
        if (more == null) return Errno.Enomem;
        Zero(more + capacity, room - capacity);
        bytes = more;
        capacity = room;
        return Errno.None;
    }

    private Errno Store(long to, byte* from, long count)
    {
        Errno error = Expand(to + count);
        if (error != Errno.None) return error;
        System.Buffer.MemoryCopy(from, bytes + to, count, count);
        end = Math.Max(end, to + count);
        return Errno.None;
    }

    private static void Zero(byte* at, long count)
    {
        for (; count > 0; at += int.MaxValue, count -= int.MaxValue) new Span<byte>(at, (int)Math.Min(count, int.MaxValue)).Clear();
    }

    // The file ends where it stands, which may be behind its end.
    private Errno Cut()
    {
        Errno error = Expand(position);
        if (error != Errno.None) return error;
        if (end > position) Zero(bytes + position, end - position);
        end = position;
        return Errno.None;
    }

    private void Move(Port* port, long offset, long origin)
    {
        long to = offset + (origin == FromHere ? position : origin == FromEnd ? end : 0);
        Errno error = mode == 0 ? Errno.Ebadf : origin is < FromStart or > FromEnd || to < 0 ? Errno.Einval : Errno.None;
        if (error == Errno.None) position = to;
        Result(port, error, to);
    }

    private void Send(Port* port, long from, long count, bool moves)
    {
        if ((mode & CanRead) == 0 || count < 0)
        {
            Fail(port, (mode & CanRead) == 0 ? Errno.Ebadf : Errno.Einval);
            return;
        }
        count = from < end ? Math.Min(count, end - from) : 0;
        if (Bytes(port, from, count) && moves) position = from + count;
    }

    private bool Bytes(Port* port, long from, long count)
    {
        byte* head = stackalloc byte[5];
        Put(head, Data, count);
        if (PortInput.Answer(port, head, 5, bytes + from, count, true)) return true;
        Fail(port, Errno.Enomem);
        return false;
    }

    private static void Put(byte* head, byte kind, long number)
    {
        head[0] = kind;
        Unsafe.WriteUnaligned(head + 1, BinaryPrimitives.ReverseEndianness((int)number));
    }

    // Numbers have 32 bits: the lowest of what they are, as in OTP.
    private static void Result(Port* port, Errno error, long number)
    {
        if (error != Errno.None)
        {
            Fail(port, error);
            return;
        }
        byte* head = stackalloc byte[5];
        Put(head, Number, number);
        PortInput.Answer(port, head, 5, null, 0, false);
    }

    private static void Answer(Port* port, byte kind) => PortInput.Answer(port, &kind, 1, null, 0, false);

    private static void Fail(Port* port, Errno error)
    {
        byte* head = stackalloc byte[64];
        head[0] = Failed;
        ReadOnlySpan<byte> name = ErrnoNames.Atom(error);
        name.CopyTo(new Span<byte>(head + 1, 63));
        PortInput.Answer(port, head, name.Length + 1, null, 0, false);
    }

    /// <summary>Gives the memory back.</summary>
    public void Release()
    {
        Allocator.Free(bytes, (nuint)capacity, Owner.Vm);
        bytes = null;
        capacity = end = position = 0;
    }
}
