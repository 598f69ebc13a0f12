// Where encoded terms are written: a block that grows, laid out as an off-heap binary so that a large result needs no copy.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;

/// <summary>A growing run of bytes.</summary>
internal unsafe struct EtfWriter
{
    private OffHeapBinary* block;
    private byte* start, at, end;

    /// <summary>Set when memory ran out; what is written then goes nowhere.</summary>
    public bool Failed { get; private set; }

    public readonly long Count => at - start;

    public readonly byte* Start => start;

    /// <summary>Starts empty, with some room.</summary>
    public static EtfWriter Create(long room)
    {
        EtfWriter w = default;
        w.Grow(room);
        return w;
    }

    /// <summary>Room for this many bytes at the returned place, counted as written; null (and Failed) when memory is out.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* Take(long bytes)
    {
        if (end - at < bytes && !Grow(bytes)) return null;
        byte* p = at;
        at += bytes;
        return p;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Byte(byte b)
    {
        byte* p = Take(1);
        if (p != null) *p = b;
    }

    /// <summary>A tag and a byte.</summary>
    public void Tagged8(byte tag, uint value)
    {
        byte* p = Take(2);
        if (p == null) return;
        p[0] = tag;
        p[1] = (byte)value;
    }

    /// <summary>A tag and 16 bits.</summary>
    public void Tagged16(byte tag, uint value)
    {
        byte* p = Take(3);
        if (p == null) return;
        p[0] = tag;
        EtfBytes.Put16(p + 1, value);
    }

    /// <summary>A tag and 32 bits.</summary>
    public void Tagged32(byte tag, uint value)
    {
        byte* p = Take(5);
        if (p == null) return;
        p[0] = tag;
        EtfBytes.Put32(p + 1, value);
    }

    public void Word32(uint value)
    {
        byte* p = Take(4);
        if (p != null) EtfBytes.Put32(p, value);
    }

    public void Word64(ulong value)
    {
        byte* p = Take(8);
        if (p != null) EtfBytes.Put64(p, value);
    }

    public void Bytes(byte* from, long count)
    {
        byte* p = Take(count);
        if (p != null) System.Buffer.MemoryCopy(from, p, count, count);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Grow(long more)
    {
        if (Failed) return false;
        long used = at - start, capacity = end - start;
        long size = capacity * 2 > used + more ? capacity * 2 : used + more;
        OffHeapBinary* fresh = block == null
            ? OffHeap.Create(size)
            : (OffHeapBinary*)Allocator.Realloc(block, (nuint)(OffHeapBinary.HeadBytes + capacity), (nuint)(OffHeapBinary.HeadBytes + size), Owner.Binary);
        if (fresh == null)
        {
            Failed = true;
            return false;
        }
        block = fresh;
        block->Capacity = size;
        start = OffHeapBinary.Data(fresh);
        at = start + used;
        end = start + size;
        return true;
    }

    /// <summary>The bytes as a binary; frees or hands over the block.</summary>
    public Term ToBinary(Process* p)
    {
        long count = Count;
        if (Failed)
        {
            Free();
            return Process.SystemLimit(p);
        }
        if (count <= HeapBits.MaxBytes)
        {
            Term small = Binaries.FromBytes(p, start, count);
            Free();
            return small;
        }
        if (end - at > 0)
        {
            // Shrinking in place; when it fails the block stays as it was.
            void* fresh = Allocator.Realloc(block, (nuint)(OffHeapBinary.HeadBytes + block->Capacity), (nuint)(OffHeapBinary.HeadBytes + count), Owner.Binary);
            if (fresh != null)
            {
                block = (OffHeapBinary*)fresh;
                block->Capacity = count;
            }
        }
        block->Size = count;
        OffHeapBinary* made = block;
        block = null;
        return Binaries.FromOffHeap(p, made, (ulong)count * 8);
    }

    /// <summary>Gives the block back.</summary>
    public void Free()
    {
        if (block != null) OffHeap.Release(block);
        block = null;
    }
}
