// Looking into bitstring terms, and comparing and copying runs of bits that may start anywhere in a byte.
namespace MyBeam.Memory;

using System.Numerics;
using System.Runtime.CompilerServices;

/// <summary>Runs of bits: bit 0 of a byte is its highest.</summary>
public static unsafe class Bitstring
{
    /// <summary>
    /// Opens a bitstring term (it must be one): the byte with its first bit, that bit's number in the byte (0..7), and the length in bits.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Open(Term t, out byte* data, out ulong bitOffset, out ulong bits)
    {
        ulong* box = t.Box;
        if (Header.Kind(*box) == Header.HeapBits)
        {
            data = (byte*)(box + HeapBits.HeaderWords);
            bitOffset = 0;
            bits = box[1];
            return;
        }
        SubBits* s = (SubBits*)box;
        data = s->Base + (s->Start >> 3);
        bitOffset = s->Start & 7;
        bits = s->End - s->Start;
    }

    /// <summary>The 8 bits that start at bit <paramref name="offset"/> (1..7) of *p; reads p[1].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte Straddling(byte* p, int offset) => (byte)((p[0] << offset) | (p[1] >> (8 - offset)));

    /// <summary>The next 1..8 bits from (p, offset), at the top of the result, zeros below. Reads only bytes that hold some of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte Few(byte* p, int offset, int bits)
    {
        int v = p[0] << offset;
        if (offset + bits > 8) v |= p[1] >> (8 - offset);
        return (byte)(v & (0xFF00 >> bits));
    }

    /// <summary>The order of two runs of the same length: by the first bit that differs; negative, 0 or positive.</summary>
    public static int Compare(byte* a, ulong aOffset, byte* b, ulong bOffset, ulong bits)
    {
        a += aOffset >> 3;
        b += bOffset >> 3;
        int ao = (int)(aOffset & 7), bo = (int)(bOffset & 7);
        ulong bytes = bits >> 3, i = 0;
        if ((ao | bo) == 0)
        {
            for (; i + 8 <= bytes; i += 8)
            {
                ulong x = Unsafe.ReadUnaligned<ulong>(a + i), y = Unsafe.ReadUnaligned<ulong>(b + i);
                if (x == y) continue;
                int shift = BitOperations.TrailingZeroCount(x ^ y) & ~7;
                return (int)((x >> shift) & 0xFF) - (int)((y >> shift) & 0xFF);
            }
            for (; i < bytes; i++)
                if (a[i] != b[i]) return a[i] - b[i];
        }
        else
        {
            for (; i < bytes; i++)
            {
                int x = ao == 0 ? a[i] : Straddling(a + i, ao);
                int y = bo == 0 ? b[i] : Straddling(b + i, bo);
                if (x != y) return x - y;
            }
        }
        int rest = (int)(bits & 7);
        if (rest == 0) return 0;
        return Few(a + i, ao, rest) - Few(b + i, bo, rest);
    }

    /// <summary>Copies a run of bits to a byte boundary; the unused bits of the last byte written become 0.</summary>
    public static void Copy(byte* from, ulong offset, ulong bits, byte* to)
    {
        from += offset >> 3;
        int o = (int)(offset & 7);
        long bytes = (long)(bits >> 3);
        if (o == 0)
            System.Buffer.MemoryCopy(from, to, bytes, bytes);
        else
        {
            for (long i = 0; i < bytes; i++) to[i] = Straddling(from + i, o);
        }
        int rest = (int)(bits & 7);
        if (rest != 0) to[bytes] = Few(from + bytes, o, rest);
    }
}
