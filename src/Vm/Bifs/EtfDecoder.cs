// The external term format, decoding. Two passes: EtfMeasure checks and counts, then the term is built at one stretch of heap. Terms that nest are built
// over an explicit stack of rows still to be filled.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>What a decoder may and may not do.</summary>
[Flags]
public enum EtfDecoding
{
    None = 0,
    /// <summary>Makes no new atoms and no references to functions that do not exist (the option safe).</summary>
    Safe = 1,
}

/// <summary>Decodes terms.</summary>
public static unsafe class EtfDecoder
{
    /// <summary>
    /// Decodes one term; <paramref name="data"/> points behind the version byte. The words come from <paramref name="heap"/> (nothing is collected or
    /// moved), off-heap binaries are linked into its list. None when the data is no term, in which case the heap holds at most some garbage.
    /// Literals: decode into a heap of one's own and copy the result to its place (TermCopy), since large maps take words of their own.
    /// </summary>
    /// <param name="localHash">The salt of terms encoded with the option local: EtfOptions.LocalHash.</param>
    /// <param name="consumed">Bytes the term takes.</param>
    public static Term Decode(Heap* heap, Machine* machine, byte* data, nuint size, EtfDecoding flags, uint localHash, out nuint consumed)
    {
        consumed = 0;
        EtfMeasure measure = new(data, data + size, localHash);
        if (!measure.Run()) return Term.None;
        consumed = (nuint)(measure.After - data);

        ulong* top = Heap.Alloc(heap, measure.Words);
        if (top == null) return Term.None;
        ulong* end = top + measure.Words;
        Term result = Term.None;
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        EtfBuilder builder = new(heap, machine, data, top, (flags & EtfDecoding.Safe) != 0, inline);
        builder.Steps = long.MaxValue;
        builder.Start(&result);
        bool good = builder.Go();
        builder.Free();
        heap->OffHeap = builder.OffHeap;
        heap->BinaryBytes += builder.BinaryBytes;
        Heap.Release(heap, builder.Top, end);
        return good ? result : Term.None;
    }

    /// <summary>Decodes a term with its version byte, compressed or not. <paramref name="used"/>: bytes of the data it takes.</summary>
    public static Term DecodeVersioned(Heap* heap, Machine* machine, byte* data, nuint size, EtfDecoding flags, uint localHash, out nuint used)
    {
        used = 0;
        if (size < 1 || *data != EtfTag.Version) return Term.None;
        if (size < 6 || data[1] != EtfTag.Compressed)
        {
            Term plain = Decode(heap, machine, data + 1, size - 1, flags, localHash, out nuint consumed);
            used = consumed + 1;
            return plain;
        }
        nuint unpacked = EtfBytes.U32(data + 2);
        byte* packed = data + 6;
        nuint bytes = size - 6;
        // A large claim is checked by unpacking without keeping before memory is taken for it.
        const nuint Trusted = 32 * 1024 * 1024;
        if (unpacked > Trusted
            && (Zlib.MeasureInflated(packed, bytes, unpacked, ZlibFormat.Zlib, out nuint real) != ZlibResult.StreamEnd || real != unpacked))
            return Term.None;
        byte* buffer = (byte*)Allocator.Alloc(unpacked, Owner.Temporary);
        if (buffer == null) return Term.None;
        Term result = Term.None;
        if (Zlib.Inflate(packed, bytes, buffer, unpacked, ZlibFormat.Zlib, out nuint taken, out nuint written) == ZlibResult.StreamEnd
            && written == unpacked)
        {
            result = Decode(heap, machine, buffer, unpacked, flags, localHash, out _);
            used = taken + 6;
        }
        Allocator.Free(buffer, unpacked, Owner.Temporary);
        return result;
    }
}
