// Runs of bits that may start anywhere in a byte: copying, reading and writing up to 64 bits at once. Bit 0 of a byte is its highest; positions count bits
// from a base address.
//
// Reading loads the 8 bytes that END with the field's last byte, so it never touches memory behind the data. It may touch up to 7 bytes before the base:
// bases are the data of a HeapBits or of an OffHeapBinary (or words of loaded code), which all have a head of at least 8 bytes.
namespace MyBeam.Memory;

using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.CompilerServices;

/// <summary>Bits at any position.</summary>
public static unsafe class Bits
{
    /// <summary>Most bits that <see cref="Read"/> and <see cref="WriteOver"/> take: with 7 bits of misalignment they fill a word.</summary>
    public const int MaxFast = 57;

    /// <summary>Bytes behind the last written byte that <see cref="WriteOver"/> may overwrite: what room must be left behind a buffer.</summary>
    public const int Slack = 8;

    /// <summary>The 8 bytes at p as a big-endian number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Load(byte* p) => BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(p));

    /// <summary>Writes a number big-endian into 8 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(byte* p, ulong value) => Unsafe.WriteUnaligned(p, BinaryPrimitives.ReverseEndianness(value));

    /// <summary>The unsigned big-endian number in <paramref name="bits"/> (1..57) bits from <paramref name="start"/>. No branches.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Read(byte* data, ulong start, int bits)
    {
        Debug.Assert(bits is > 0 and <= MaxFast);
        ulong end = start + (ulong)bits;
        ulong w = Load(data + ((end + 7) >> 3) - 8);
        return (w >> (int)((0 - end) & 7)) & (ulong.MaxValue >> (64 - bits));
    }

    /// <summary>The signed big-endian number in <paramref name="bits"/> (1..57) bits from <paramref name="start"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long ReadSigned(byte* data, ulong start, int bits)
    {
        Debug.Assert(bits is > 0 and <= MaxFast);
        ulong end = start + (ulong)bits;
        ulong w = Load(data + ((end + 7) >> 3) - 8) >> (int)((0 - end) & 7);
        return (long)(w << (64 - bits)) >> (64 - bits);
    }

    /// <summary>The unsigned big-endian number in 0..64 bits from <paramref name="start"/>.</summary>
    public static ulong ReadWord(byte* data, ulong start, int bits)
    {
        if (bits <= MaxFast) return bits == 0 ? 0 : Read(data, start, bits);
        return (Read(data, start, bits - 32) << 32) | Read(data, start + (ulong)(bits - 32), 32);
    }

    /// <summary>
    /// Writes the low <paramref name="bits"/> (1..57) bits of a number at <paramref name="start"/>. The bits before it in its first byte stay; what follows it is
    /// overwritten with zeros up to 8 bytes from the byte it starts in (<see cref="Slack"/>): for building front to back.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteOver(byte* data, ulong start, ulong value, int bits)
    {
        Debug.Assert(bits is > 0 and <= MaxFast);
        byte* p = data + (start >> 3);
        int k = (int)(start & 7);
        ulong kept = (ulong)(*p & (0xFF00 >> k) & 0xFF) << 56;
        Store(p, kept | ((value << (64 - bits)) >> k));
    }

    /// <summary>Writes the low 0..64 bits of a number big-endian at <paramref name="start"/> and nothing else.</summary>
    public static void Write(byte* data, ulong start, ulong value, int bits)
    {
        if (bits == 0) return;
        if (bits == 64 && (start & 7) == 0)
        {
            Store(data + (start >> 3), value);
            return;
        }
        ulong left = BinaryPrimitives.ReverseEndianness(value << (64 - bits));
        Copy((byte*)&left, 0, data, start, (ulong)bits);
    }

    /// <summary>Copies a run of bits; what is around the target stays. The runs must not overlap.</summary>
    public static void Copy(byte* from, ulong fromStart, byte* to, ulong toStart, ulong bits)
    {
        if (bits == 0) return;
        from += fromStart >> 3;
        to += toStart >> 3;
        int f = (int)(fromStart & 7), t = (int)(toStart & 7);
        if (t != 0)
        {
            // The rest of the first byte, so that the target is at a byte boundary.
            int head = 8 - t;
            if ((ulong)head > bits) head = (int)bits;
            int keep = (0xFF >> t) & (0xFF00 >> (t + head));
            *to = (byte)((*to & ~keep) | ((Top(from, f, head) >> t) & keep));
            bits -= (ulong)head;
            if (bits == 0) return;
            to++;
            f += head;
            from += f >> 3;
            f &= 7;
        }
        ulong bytes = bits >> 3;
        if (f == 0) System.Buffer.MemoryCopy(from, to, bytes, bytes);
        else CopyShifted(from, f, to, bytes);
        int rest = (int)(bits & 7);
        if (rest == 0) return;
        int mask = 0xFF00 >> rest;
        to[bytes] = (byte)((to[bytes] & ~mask) | (Top(from + bytes, f, rest) & mask));
    }

    /// <summary>The next 1..8 bits at bit f of *p, at the top of a byte; reads p[1] only when they reach into it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Top(byte* p, int f, int bits)
    {
        int v = p[0] << f;
        if (f + bits > 8) v |= p[1] >> (8 - f);
        return v & 0xFF;
    }

    // Whole bytes from bit f (1..7) of the source. Eight bytes need the ninth source byte too, and it holds some of their bits: no reading past the end.
    private static void CopyShifted(byte* from, int f, byte* to, ulong bytes)
    {
        while (bytes >= 8)
        {
            Store(to, (Load(from) << f) | (uint)(from[8] >> (8 - f)));
            from += 8;
            to += 8;
            bytes -= 8;
        }
        while (bytes > 0)
        {
            *to++ = (byte)((from[0] << f) | (from[1] >> (8 - f)));
            from++;
            bytes--;
        }
    }

    /// <summary>Whether two runs of the same length hold the same bits.</summary>
    public static bool Same(byte* a, ulong aStart, byte* b, ulong bStart, ulong bits) => Bitstring.Compare(a, aStart, b, bStart, bits) == 0;
}
