// Binary terms of a process: making them and looking into them. Up to 64 bytes they live on the heap, larger ones outside it behind a reference
// count, as in OTP.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;

/// <summary>Makes and opens bitstring terms.</summary>
public static unsafe class Binaries
{
    /// <summary>Words of the terms that stand for an off-heap binary: BinaryRef and SubBits.</summary>
    public const int OffHeapWords = BinaryRef.Words + SubBits.Words;

    /// <summary>
    /// A binary of <paramref name="bytes"/> bytes for the caller to fill (contents undefined). None, with system_limit recorded, when memory is out.
    /// </summary>
    public static Term New(Process* p, long bytes, out byte* data) => NewBits(p, (ulong)bytes * 8, out data);

    /// <summary>A bitstring of <paramref name="bits"/> bits, starting at a byte, for the caller to fill; the rest of its last byte is the caller's too.</summary>
    public static Term NewBits(Process* p, ulong bits, out byte* data)
    {
        if (bits <= HeapBits.MaxBytes * 8)
        {
            long words = HeapBits.Words(bits);
            HeapBits* heap = (HeapBits*)Process.Alloc(p, words);
            if (heap == null) { data = null; return Process.SystemLimit(p); }
            heap->Header = Header.Make(Header.HeapBits, words - 1);
            heap->SizeBits = bits;
            data = heap->Data;
            return Term.Boxed(heap);
        }
        long bytes = (long)((bits + 7) >> 3);
        OffHeapBinary* binary = OffHeap.Create(bytes);
        if (binary == null) { data = null; return Process.SystemLimit(p); }
        data = OffHeapBinary.Data(binary);
        ulong* top = Process.Alloc(p, OffHeapWords);
        if (top == null) { OffHeap.Release(binary); data = null; return Process.SystemLimit(p); }
        Term made = Wrap(ref top, ref p->Heap.OffHeap, binary, 0, bits);
        p->Heap.BinaryBytes += bytes;
        return made;
    }

    /// <summary>A binary with a copy of these bytes.</summary>
    public static Term FromBytes(Process* p, byte* bytes, long count)
    {
        Term made = New(p, count, out byte* data);
        if (!made.IsNone) System.Buffer.MemoryCopy(bytes, data, count, count);
        return made;
    }

    /// <summary>A binary with a copy of these bytes.</summary>
    public static Term FromBytes(Process* p, System.ReadOnlySpan<byte> bytes)
    {
        fixed (byte* b = bytes) return FromBytes(p, b, bytes.Length);
    }

    /// <summary>Makes the terms for a whole off-heap binary whose claim the caller hands over. Charges the heap's binary bytes.</summary>
    public static Term FromOffHeap(Process* p, OffHeapBinary* binary, ulong bits)
    {
        ulong* top = Process.Alloc(p, OffHeapWords);
        if (top == null) { OffHeap.Release(binary); return Process.SystemLimit(p); }
        p->Heap.BinaryBytes += (long)((bits + 7) >> 3);
        return Wrap(ref top, ref p->Heap.OffHeap, binary, 0, bits);
    }

    /// <summary>
    /// Writes BinaryRef and SubBits (OffHeapWords words) at <paramref name="top"/> and links the reference into an off-heap list. Takes over the
    /// caller's claim on the binary. The window is [startBit, startBit + bits).
    /// </summary>
    public static Term Wrap(ref ulong* top, ref BinaryRef* offHeap, OffHeapBinary* binary, ulong startBit, ulong bits)
    {
        BinaryRef* r = (BinaryRef*)top;
        r->Header = Header.Make(Header.BinaryRef, BinaryRef.Words - 1);
        r->Binary = binary;
        r->Next = offHeap;
        offHeap = r;
        SubBits* s = (SubBits*)(top + BinaryRef.Words);
        s->Header = Header.Make(Header.SubBits, SubBits.Words - 1);
        s->BaseFlags = (ulong)OffHeapBinary.Data(binary);
        s->Start = startBit;
        s->End = startBit + bits;
        s->Orig = Term.Boxed(r);
        top += OffHeapWords;
        return Term.Boxed(s);
    }

    /// <summary>
    /// A window of a bitstring term, sharing its data: <paramref name="startBit"/> counts from the bitstring's own first bit. 5 words; small windows
    /// (at most 64 bytes) of off-heap data are copied instead, so that they do not keep it alive.
    /// </summary>
    public static Term Sub(Process* p, Term bitstring, ulong startBit, ulong bits)
    {
        Bitstring.Open(bitstring, out byte* data, out ulong offset, out _);
        bool heapBits = Header.Kind(bitstring.BoxHeader) == Header.HeapBits;
        SubBits* of = heapBits ? null : (SubBits*)bitstring.Box;
        Term orig = heapBits ? bitstring : of->Orig;
        if (bits <= HeapBits.MaxBytes * 8)
        {
            Term copy = NewBits(p, bits, out byte* to);
            if (!copy.IsNone) Bitstring.Copy(data, offset + startBit, bits, to);
            return copy;
        }
        SubBits* s = (SubBits*)Process.Alloc(p, SubBits.Words);
        if (s == null) return Process.SystemLimit(p);
        s->Header = Header.Make(Header.SubBits, SubBits.Words - 1);
        s->BaseFlags = heapBits ? (ulong)data : (ulong)of->Base;
        s->Start = (heapBits ? 0 : of->Start) + startBit;
        s->End = s->Start + bits;
        s->Orig = orig;
        return Term.Boxed(s);
    }

    /// <summary>
    /// Opens a bitstring: the byte that holds its first bit, the number of that bit in the byte (0 is the highest), its length in bits. False when the
    /// term is no bitstring.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Bytes(Term t, out byte* data, out long bitOffset, out long bits)
    {
        if (!t.IsBitstring)
        {
            data = null;
            bitOffset = bits = 0;
            return false;
        }
        Bitstring.Open(t, out data, out ulong offset, out ulong size);
        bitOffset = (long)offset;
        bits = (long)size;
        return true;
    }

    /// <summary>The off-heap binary all of whose bytes a binary is; null when it is a part of one, or none.</summary>
    public static OffHeapBinary* Whole(Term binary)
    {
        if (Header.Kind(*binary.Box) == Header.HeapBits) return null;
        SubBits* s = (SubBits*)binary.Box;
        if (Header.Kind(*s->Orig.Box) == Header.HeapBits) return null;
        OffHeapBinary* whole = ((BinaryRef*)s->Orig.Box)->Binary;
        return s->Base == OffHeapBinary.Data(whole) && s->Start == 0 && s->End == (ulong)whole->Size * 8 ? whole : null;
    }

    /// <summary>
    /// The bytes of a binary that starts at a byte boundary, or a copy of them when it does not. <paramref name="copy"/>: null, or the block that the
    /// caller gives back with Allocator.Free(copy, bytes, Owner.Temporary). False when the term is no binary of whole bytes (or memory is out).
    /// </summary>
    public static bool Aligned(Term t, out byte* data, out long bytes, out byte* copy)
    {
        copy = null;
        if (!Bytes(t, out data, out long offset, out long bits) || (bits & 7) != 0)
        {
            bytes = 0;
            return false;
        }
        bytes = bits >> 3;
        if (offset == 0) return true;
        copy = (byte*)Allocator.Alloc((nuint)bytes, Owner.Temporary);
        if (copy == null) return false;
        Bitstring.Copy(data, (ulong)offset, (ulong)bits, copy);
        data = copy;
        return true;
    }
}
