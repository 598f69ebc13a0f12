// A stream of the zlib module: zlib's state, the input that waits, and who may use it.
namespace MyBeam.Vm;

using System;
using System.Runtime.InteropServices;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>What a stream is set up for.</summary>
public enum ZlibPhase
{
    None, Deflate, Inflate, Closed,
}

/// <summary>What to do with input behind the end of the compressed data (the numbers come from zlib.erl).</summary>
public enum ZlibBehindEnd
{
    Error = 0, Reset = 1, Cut = 2,
}

/// <summary>What zlib:open/0 makes.</summary>
public unsafe struct ZlibStream
{
    public NativeResource Head;
    public ZlibState State;
    public ZlibPhase Phase;
    public ZlibBehindEnd BehindEnd;
    /// <summary>1: the data has no header and no checksum; 1: the end of the compressed data was seen.</summary>
    public int IsRaw, EndSeen;
    /// <summary>1: the checksum of what is compressed is wanted, which zlib itself does not make for data without header; and the checksum (CRC-32).</summary>
    public int SumsUp;
    public uint Sum;
    /// <summary>What zlib:setBufSize/2 was told (older OTP).</summary>
    public int BufferBytes;
    /// <summary>The process that may use it.</summary>
    public Term Controller;
    public BinaryQueue Input;
    /// <summary>A term that the Erlang side keeps here, or null.</summary>
    public Signal* Stash;

    // Before every block that zlib has: its bytes, so that it can be freed.
    private const int BlockHead = 16;

    /// <summary>A stream, with one claim; null when memory is out.</summary>
    public static ZlibStream* Create(Term controller)
    {
        ZlibStream* z = (ZlibStream*)Allocator.AllocZeroed((nuint)sizeof(ZlibStream), Owner.Resource);
        if (z == null) return null;
        z->Head.RefCount = 1;
        z->Head.Destroy = &Destroy;
        z->Head.Kind = ResourceKind.Zlib;
        z->Controller = controller;
        z->BufferBytes = 4000;
        z->BehindEnd = ZlibBehindEnd.Cut;
        z->State.Allocate = &Allocate;
        z->State.FreeMemory = &FreeMemory;
        return z;
    }

    private static void Destroy(NativeResource* r)
    {
        Close((ZlibStream*)r);
        Allocator.Free(r, (nuint)sizeof(ZlibStream), Owner.Resource);
    }

    /// <summary>Frees all but the stream itself, which is of no use any more.</summary>
    public static void Close(ZlibStream* z)
    {
        if (z->Phase == ZlibPhase.Deflate) _ = Zlib.DeflateEnd(&z->State);
        else if (z->Phase == ZlibPhase.Inflate) _ = Zlib.InflateEnd(&z->State);
        ForgetInput(z);
        z->Phase = ZlibPhase.Closed;
    }

    /// <summary>Drops the input that waits, and the stash.</summary>
    public static void ForgetInput(ZlibStream* z)
    {
        z->Input.Free();
        DropStash(z);
    }

    /// <summary>Drops the stash.</summary>
    public static void DropStash(ZlibStream* z)
    {
        if (z->Stash != null) Signal.Free(z->Stash);
        z->Stash = null;
    }

    [UnmanagedCallersOnly]
    private static void* Allocate(void* stream, uint count, uint each)
    {
        nuint bytes = ((nuint)count * each) + BlockHead;
        nuint* block = (nuint*)Allocator.Alloc(bytes, Owner.Compression);
        if (block == null) return null;
        *block = bytes;
        return (byte*)block + BlockHead;
    }

    [UnmanagedCallersOnly]
    private static void FreeMemory(void* stream, void* block)
    {
        if (block == null) return;
        nuint* start = (nuint*)((byte*)block - BlockHead);
        Allocator.Free(start, *start, Owner.Compression);
    }

    /// <summary>
    /// Takes input from the queue and gives one chunk of output.
    /// </summary>
    /// <param name="z">The stream.</param>
    /// <param name="inputLimit">Bytes of input to take at most, about.</param>
    /// <param name="output">Room for output.</param>
    /// <param name="room">Its bytes.</param>
    /// <param name="flush">What to finish when all input is used up.</param>
    /// <param name="produced">Bytes of output.</param>
    /// <param name="consumed">Bytes of input taken.</param>
    public static ZlibResult Chunk(ZlibStream* z, long inputLimit, byte* output, int room, ZlibFlush flush, out long produced, out long consumed)
    {
        ZlibResult result = ZlibResult.Ok;
        ZlibState* s = &z->State;
        s->NextOut = output;
        s->AvailableOut = (uint)room;
        consumed = 0;
        // A queue of many short pieces ends the chunk too, as it does in OTP when the time slice is over.
        long effort = 0;
        for (int i = 0; result == ZlibResult.Ok && i < z->Input.Count && consumed < inputLimit && effort < 100; i++)
        {
            BinaryQueue.Piece* piece = z->Input.At(i);
            uint size = (uint)Math.Min(Math.Min(piece->Bytes, inputLimit), uint.MaxValue);
            s->NextIn = piece->Data;
            s->AvailableIn = size;
            result = Step(z, ZlibFlush.None);
            long taken = size - s->AvailableIn;
            consumed += taken;
            if (z->SumsUp != 0 && z->Phase == ZlibPhase.Deflate) z->Sum = Zlib.Crc32(z->Sum, piece->Data, (nuint)taken);
            effort += Math.Max(1, 100 * taken / Math.Max(1, inputLimit));
            // The next piece may only follow a piece that was used up.
            if (taken != piece->Bytes) break;
        }
        z->Input.Skip(consumed);
        if (result == ZlibResult.Ok && z->Input.Size == 0 && s->AvailableOut > 0)
        {
            // Also without a flush: the last chunk may have ended because its output was full.
            s->NextIn = null;
            s->AvailableIn = 0;
            result = Step(z, flush);
        }
        s->NextIn = null;
        s->AvailableIn = 0;
        produced = room - s->AvailableOut;
        if (z->SumsUp != 0 && z->Phase == ZlibPhase.Inflate) z->Sum = Zlib.Crc32(z->Sum, output, (nuint)produced);
        return result;
    }

    private static ZlibResult Step(ZlibStream* z, ZlibFlush flush) =>
        z->Phase == ZlibPhase.Deflate ? Zlib.DeflateStep(&z->State, flush) : Zlib.InflateStep(&z->State, flush);
}
