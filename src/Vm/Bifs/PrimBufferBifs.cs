// Natives of prim_buffer: a buffer of bytes that a program changes in place, behind a reference.
namespace MyBeam.Vm;

using System;
using System.Threading;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>The buffer.</summary>
public unsafe struct PrimBuffer
{
    public NativeResource Head;
    /// <summary>Guards the rest. OTP leaves that to its callers; here a careless one must not damage the VM.</summary>
    public OsMutex Lock;
    public BinaryQueue Queue;
    /// <summary>Small writes, which are put together, or null; they come after what is in the queue.</summary>
    public byte* Small;
    public int SmallBytes;
    /// <summary>1: a program holds the buffer (try_lock/1).</summary>
    public int Taken;

    /// <summary>Bytes of <see cref="Small"/>.</summary>
    public const int SmallCapacity = 2048;

    /// <summary>An empty one; null when memory is out.</summary>
    public static PrimBuffer* Create()
    {
        PrimBuffer* b = (PrimBuffer*)Allocator.AllocZeroed((nuint)sizeof(PrimBuffer), Owner.Resource);
        if (b == null) return null;
        b->Head.RefCount = 1;
        b->Head.Destroy = &Destroy;
        b->Head.Kind = ResourceKind.PrimBuffer;
        return b;
    }

    private static void Destroy(NativeResource* r)
    {
        PrimBuffer* b = (PrimBuffer*)r;
        b->Queue.Free();
        if (b->Small != null) Allocator.Free(b->Small, SmallCapacity, Owner.Resource);
        Allocator.Free(r, (nuint)sizeof(PrimBuffer), Owner.Resource);
    }

    /// <summary>Moves the small writes to the queue. False: memory is out.</summary>
    public static bool Settle(PrimBuffer* b)
    {
        if (b->SmallBytes == 0) return true;
        if (!b->Queue.AddCopy(b->Small, b->SmallBytes)) return false;
        Allocator.Free(b->Small, SmallCapacity, Owner.Resource);
        b->Small = null;
        b->SmallBytes = 0;
        return true;
    }

    /// <summary>Adds binaries that BinaryQueue.Examine has looked at. False: memory is out.</summary>
    public static bool Write(PrimBuffer* b, Term list, Term rest, long bytes)
    {
        bool small = b->SmallBytes + bytes < SmallCapacity;
        if (!small && bytes < SmallCapacity / 2)
        {
            if (!Settle(b)) return false;
            small = true;
        }
        if (!small) return Settle(b) && b->Queue.Add(list, rest);
        if (b->Small == null) b->Small = (byte*)Allocator.Alloc(SmallCapacity, Owner.Resource);
        if (b->Small == null) return false;
        for (; list.Bits != rest.Bits; list = list.Tail)
        {
            _ = Binaries.Bytes(list.Head, out byte* from, out long offset, out long bits);
            Bitstring.Copy(from, (ulong)offset, (ulong)bits, b->Small + b->SmallBytes);
            b->SmallBytes += (int)(bits >> 3);
        }
        return true;
    }
}

/// <summary>Natives of prim_buffer.</summary>
public static unsafe class PrimBufferBifs
{
    // Binaries that one call of write takes; the rest comes in the next one, as in OTP.
    private const int MostPieces = 64;

    // From so many bytes on a search goes to a dirty thread.
    private const long LongSearch = 1 << 20;

    private static PrimBuffer* Open(Term t) => (PrimBuffer*)MagicRefs.Open(t, ResourceKind.PrimBuffer);

    private static Term NoMemory(Process* p) => Process.Error(p, Am.OutOfMemory);

    // Takes the lock, with all that was written in the queue. Null: the native fails.
    private static PrimBuffer* Enter(Process* p, Term* a)
    {
        PrimBuffer* b = Open(a[0]);
        if (b == null)
        {
            Process.Badarg(p);
            return null;
        }
        b->Lock.Lock();
        if (PrimBuffer.Settle(b)) return b;
        b->Lock.Unlock();
        NoMemory(p);
        return null;
    }

    [Bif("prim_buffer:new/0")]
    public static Term New(Process* p, Term* a)
    {
        PrimBuffer* b = PrimBuffer.Create();
        return b == null ? NoMemory(p) : MagicRefs.Make(p, &b->Head);
    }

    [Bif("prim_buffer:size/1")]
    public static Term Size(Process* p, Term* a)
    {
        PrimBuffer* b = Open(a[0]);
        if (b == null) return Process.Badarg(p);
        b->Lock.Lock();
        long size = b->Queue.Size + b->SmallBytes;
        b->Lock.Unlock();
        return Term.Small(size);
    }

    /// <summary>The first piece of what was written, which stays in the buffer; badarg when there is none.</summary>
    [Bif("prim_buffer:peek_head/1")]
    public static Term PeekHead(Process* p, Term* a)
    {
        PrimBuffer* b = Enter(p, a);
        if (b == null) return Term.None;
        Term head;
        if (b->Queue.Count == 0) head = Process.Badarg(p);
        else
        {
            BinaryQueue.Piece* piece = b->Queue.At(0);
            if (piece->Bytes <= HeapBits.MaxBytes) head = Binaries.FromBytes(p, piece->Data, piece->Bytes);
            else
            {
                ulong* top = Process.Alloc(p, Binaries.OffHeapWords);
                OffHeap.Retain(piece->Owner);
                ulong start = (ulong)(piece->Data - OffHeapBinary.Data(piece->Owner)) * 8;
                head = Binaries.Wrap(ref top, ref p->Heap.OffHeap, piece->Owner, start, (ulong)piece->Bytes * 8);
                p->Heap.BinaryBytes += piece->Bytes;
            }
        }
        b->Lock.Unlock();
        return head;
    }

    /// <summary>Takes bytes off the front, as a binary of their own; badarg when there are not so many.</summary>
    [Bif("prim_buffer:copying_read/2")]
    public static Term CopyingRead(Process* p, Term* a)
    {
        if (!Arithmetic.TryUnsigned(a[1], out ulong count)) return Process.Badarg(p);
        PrimBuffer* b = Enter(p, a);
        if (b == null) return Term.None;
        Term result;
        if ((ulong)b->Queue.Size < count) result = Process.Badarg(p);
        else
        {
            result = Binaries.New(p, (long)count, out byte* data);
            if (!result.IsNone)
            {
                b->Queue.Copy(data, (long)count);
                b->Queue.Skip((long)count);
            }
        }
        b->Lock.Unlock();
        Process.Bump(p, (long)Math.Min(count, 1UL << 40) >> 10);
        return result;
    }

    /// <summary>write(Buffer, [Binary]).</summary>
    [Bif("prim_buffer:write/2", BifKind.Traps)]
    public static Term Write(Process* p, Term* a)
    {
        PrimBuffer* b = Open(a[0]);
        if (b == null || !BinaryQueue.Examine(a[1], MostPieces, out Term rest, out long bytes)) return Process.Badarg(p);
        b->Lock.Lock();
        bool good = PrimBuffer.Write(b, a[1], rest, bytes);
        b->Lock.Unlock();
        if (!good) return NoMemory(p);
        if (rest.IsNil) return Am.Ok;
        Process.Bump(p, MostPieces / 4);
        p->TrapTo = ExportTable.Put(p->Machine, Am.PrimBuffer, Am.Write, 2);
        p->TrapArity = 2;
        p->TrapArgs[0] = a[0].Bits;
        p->TrapArgs[1] = rest.Bits;
        p->Fail = FailKind.Trap;
        return Term.None;
    }

    /// <summary>Takes bytes off the front.</summary>
    [Bif("prim_buffer:skip/2")]
    public static Term Skip(Process* p, Term* a)
    {
        if (!Arithmetic.TryUnsigned(a[1], out ulong count)) return Process.Badarg(p);
        PrimBuffer* b = Enter(p, a);
        if (b == null) return Term.None;
        bool good = (ulong)b->Queue.Size >= count;
        if (good) b->Queue.Skip((long)count);
        b->Lock.Unlock();
        return good ? Am.Ok : Process.Badarg(p);
    }

    /// <summary>Where a byte stands first: {ok, Index} or not_found.</summary>
    [Bif("prim_buffer:find_byte_index/2", BifKind.Traps)]
    public static Term FindByteIndex(Process* p, Term* a)
    {
        if (!a[1].IsSmall || a[1].SmallValue < int.MinValue || a[1].SmallValue > int.MaxValue) return Process.Badarg(p);
        PrimBuffer* b = Enter(p, a);
        if (b == null) return Term.None;
        long needle = a[1].SmallValue, size = b->Queue.Size;
        if (needle is < 0 or > 255 || (size >= LongSearch && !DirtyPool.Runs(p)))
        {
            b->Lock.Unlock();
            if (needle is < 0 or > 255) return Process.Badarg(p);
            return DirtyPool.Enter(p, a, ExportTable.Put(p->Machine, Am.PrimBuffer, Am.FindByteIndex, 2), &p->Machine->DirtyCpu);
        }
        long index = 0;
        bool found = false;
        for (int i = 0; i < b->Queue.Count && !found; i++)
        {
            BinaryQueue.Piece* piece = b->Queue.At(i);
            long at = 0;
            while (at < piece->Bytes && piece->Data[at] != (byte)needle) at++;
            found = at < piece->Bytes;
            index += at;
        }
        b->Lock.Unlock();
        Process.Bump(p, index >> 8);
        return found ? Process.Tuple(p, Am.Ok, Term.Small(index)) : Am.NotFound;
    }

    [Bif("prim_buffer:try_lock/1")]
    public static Term TryLock(Process* p, Term* a)
    {
        PrimBuffer* b = Open(a[0]);
        if (b == null) return Process.Badarg(p);
        return Interlocked.CompareExchange(ref b->Taken, 1, 0) == 0 ? Am.Acquired : Am.Busy;
    }

    [Bif("prim_buffer:unlock/1")]
    public static Term Unlock(Process* p, Term* a)
    {
        PrimBuffer* b = Open(a[0]);
        if (b == null) return Process.Badarg(p);
        return Interlocked.CompareExchange(ref b->Taken, 0, 1) == 0 ? Process.Error(p, Am.LockOrderViolation) : Am.Ok;
    }
}
