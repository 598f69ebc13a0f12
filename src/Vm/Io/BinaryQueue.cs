// Bytes in the order they came, as pieces of off-heap binaries that are not copied: what OTP's NIF libraries call an I/O queue.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;

/// <summary>A queue of bytes. Zeroed memory is an empty one. One thread at a time.</summary>
public unsafe struct BinaryQueue
{
    /// <summary>One piece; the queue has a claim on the binary.</summary>
    public struct Piece
    {
        public OffHeapBinary* Owner;
        public byte* Data;
        public long Bytes;
    }

    private Piece* pieces;
    private int head, count, capacity;

    /// <summary>Bytes in the queue.</summary>
    public long Size { get; private set; }

    /// <summary>Pieces in the queue.</summary>
    public readonly int Count => count;

    /// <summary>A piece, counted from the front.</summary>
    public readonly Piece* At(int index) => pieces + head + index;

    /// <summary>
    /// Looks at the first elements of a list: false when one of them is no binary of whole bytes, or the list is improper there.
    /// </summary>
    /// <param name="list">The list.</param>
    /// <param name="most">How many elements.</param>
    /// <param name="rest">What follows them.</param>
    /// <param name="bytes">Their bytes.</param>
    public static bool Examine(Term list, int most, out Term rest, out long bytes)
    {
        rest = list;
        bytes = 0;
        for (int i = 0; i < most && rest.IsCons; i++)
        {
            if (!Binaries.Bytes(rest.Head, out _, out _, out long bits) || (bits & 7) != 0) return false;
            bytes += bits >> 3;
            rest = rest.Tail;
        }
        return rest.IsNil || rest.IsCons;
    }

    // The off-heap binary that holds a term's bytes, and where they are; null when they are on the heap or do not start at a byte.
    private static OffHeapBinary* OwnerOf(Term t, out byte* data)
    {
        data = null;
        if (!t.IsKind(Header.SubBits)) return null;
        SubBits* s = (SubBits*)t.Box;
        if (!s->Orig.IsKind(Header.BinaryRef) || (s->Start & 7) != 0) return null;
        OffHeapBinary* owner = ((BinaryRef*)s->Orig.Box)->Binary;
        // The base of a binary that is being appended to may be out of date.
        data = ((s->BaseFlags & SubBits.Writable) != 0 ? OffHeapBinary.Data(owner) : s->Base) + (s->Start >> 3);
        return owner;
    }

    /// <summary>
    /// Adds what <see cref="Examine"/> has looked at. Off-heap binaries are shared; the others are copied into one new binary. False, with nothing added: memory is
    /// out.
    /// </summary>
    public bool Add(Term list, Term rest)
    {
        long copied = 0;
        int most = 0;
        for (Term t = list; t.Bits != rest.Bits; t = t.Tail)
        {
            most++;
            if (OwnerOf(t.Head, out _) == null && Binaries.Bytes(t.Head, out _, out _, out long bits)) copied += bits >> 3;
        }
        OffHeapBinary* copies = copied == 0 ? null : OffHeap.Create(copied);
        if ((copied != 0 && copies == null) || !Room(most))
        {
            if (copies != null) OffHeap.Release(copies);
            return false;
        }
        byte* to = copies == null ? null : OffHeapBinary.Data(copies);
        for (Term t = list; t.Bits != rest.Bits; t = t.Tail)
        {
            _ = Binaries.Bytes(t.Head, out byte* from, out long offset, out long bits);
            OffHeapBinary* owner = OwnerOf(t.Head, out byte* data);
            if (owner == null)
            {
                Bitstring.Copy(from, (ulong)offset, (ulong)bits, to);
                owner = copies;
                data = to;
                to += bits >> 3;
            }
            Put(owner, data, bits >> 3);
        }
        if (copies != null) OffHeap.Release(copies);
        return true;
    }

    /// <summary>Adds a copy of some bytes. False: memory is out.</summary>
    public bool AddCopy(byte* data, long bytes)
    {
        OffHeapBinary* copy = OffHeap.Create(bytes);
        if (copy == null || !Room(1))
        {
            if (copy != null) OffHeap.Release(copy);
            return false;
        }
        Buffer.MemoryCopy(data, OffHeapBinary.Data(copy), bytes, bytes);
        Put(copy, OffHeapBinary.Data(copy), bytes);
        OffHeap.Release(copy);
        return true;
    }

    // There is room.
    private void Put(OffHeapBinary* owner, byte* data, long bytes)
    {
        if (bytes == 0) return;
        OffHeap.Retain(owner);
        pieces[head + count] = new Piece { Owner = owner, Data = data, Bytes = bytes };
        count++;
        Size += bytes;
    }

    private bool Room(int more)
    {
        if (head + count + more <= capacity) return true;
        int size = Math.Max(8, (count + more) * 2);
        Piece* fresh = (Piece*)Allocator.Alloc((nuint)size * (nuint)sizeof(Piece), Owner.Resource);
        if (fresh == null) return false;
        Buffer.MemoryCopy(pieces + head, fresh, (long)count * sizeof(Piece), (long)count * sizeof(Piece));
        Allocator.Free(pieces, (nuint)capacity * (nuint)sizeof(Piece), Owner.Resource);
        pieces = fresh;
        capacity = size;
        head = 0;
        return true;
    }

    /// <summary>Takes bytes off the front; there are so many.</summary>
    public void Skip(long bytes)
    {
        Size -= bytes;
        while (bytes > 0)
        {
            Piece* p = pieces + head;
            if (p->Bytes > bytes)
            {
                p->Data += bytes;
                p->Bytes -= bytes;
                break;
            }
            bytes -= p->Bytes;
            OffHeap.Release(p->Owner);
            head++;
            count--;
        }
        if (count == 0) head = 0;
    }

    /// <summary>Copies bytes from the front, which stay; there are so many.</summary>
    public readonly void Copy(byte* to, long bytes)
    {
        for (int i = 0; bytes > 0; i++)
        {
            Piece* p = At(i);
            long n = Math.Min(bytes, p->Bytes);
            Buffer.MemoryCopy(p->Data, to, n, n);
            to += n;
            bytes -= n;
        }
    }

    /// <summary>Empties it and frees its memory.</summary>
    public void Free()
    {
        for (int i = 0; i < count; i++) OffHeap.Release(At(i)->Owner);
        Allocator.Free(pieces, (nuint)capacity * (nuint)sizeof(Piece), Owner.Resource);
        this = default;
    }
}
