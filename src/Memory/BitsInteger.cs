// Integers in bit fields of any size, position, byte order and sign. In a little-endian field the first 8 bits are the lowest byte; when the size is no
// multiple of 8 the last, shorter group of bits is the highest part (OTP: erl_bits.c).
namespace MyBeam.Memory;

using System.Buffers.Binary;

/// <summary>Numbers in bit fields, as 64-bit words or as magnitudes (see Digits).</summary>
public static unsafe class BitsInteger
{
    /// <summary>Flags of a field, numbered as in .beam files.</summary>
    public const int Little = 2, Signed = 4, Native = 16;

    /// <summary>The number in 0..64 bits, unsigned.</summary>
    public static ulong Word(byte* data, ulong start, int bits, bool little)
    {
        ulong big = Bits.ReadWord(data, start, bits);
        if (!little || bits <= 8) return big;
        int rest = bits & 7, whole = bits - rest;
        ulong low = BinaryPrimitives.ReverseEndianness((rest == 0 ? big : big >> rest) << (64 - whole));
        return rest == 0 ? low : low | ((big & ((1UL << rest) - 1)) << whole);
    }

    /// <summary>The same, sign-extended.</summary>
    public static long SignedWord(byte* data, ulong start, int bits, bool little)
    {
        if (bits == 0) return 0;
        return (long)(Word(data, start, bits, little) << (64 - bits)) >> (64 - bits);
    }

    /// <summary>Digits that a field of this many bits needs.</summary>
    public static long DigitsFor(ulong bits) => (long)((bits + 63) >> 6);

    /// <summary>
    /// The magnitude of the number in a field of any size: writes DigitsFor(bits) digits and returns their normalised count.
    /// </summary>
    public static int ToDigits(byte* data, ulong start, ulong bits, int flags, ulong* digits, out bool negative)
    {
        long n = DigitsFor(bits);
        bool little = (flags & Little) != 0;
        negative = false;
        if (n == 0) return 0;
        int top = (int)(bits - ((ulong)(n - 1) << 6));
        if (little)
        {
            for (long i = 0; i < n - 1; i++) digits[i] = BinaryPrimitives.ReverseEndianness(Bits.ReadWord(data, start + ((ulong)i << 6), 64));
            digits[n - 1] = Word(data, start + ((ulong)(n - 1) << 6), top, true);
        }
        else
        {
            ulong at = start + bits;
            for (long i = 0; i < n - 1; i++)
            {
                at -= 64;
                digits[i] = Bits.ReadWord(data, at, 64);
            }
            digits[n - 1] = Bits.ReadWord(data, start, top);
        }
        if ((flags & Signed) != 0 && (digits[n - 1] >> (top - 1)) != 0)
        {
            negative = true;
            ulong carry = 1;
            for (long i = 0; i < n; i++)
            {
                ulong d = ~digits[i] + carry;
                carry = d < carry ? 1UL : 0;
                digits[i] = d;
            }
            digits[n - 1] &= ulong.MaxValue >> (64 - top);
            // -2^(bits-1) with a full top digit: the mask left it as it is; nothing is lost.
        }
        return Digits.Normalise(digits, (int)n);
    }

    /// <summary>Writes a 64-bit number (sign-extended) into a field of any size, modulo 2^bits.</summary>
    public static void Put(byte* data, ulong start, ulong bits, long value, int flags)
    {
        ulong digit = value < 0 ? 0UL - (ulong)value : (ulong)value;
        PutDigits(data, start, bits, &digit, 1, value < 0, flags);
    }

    /// <summary>Writes a number into a field of any size in two's complement, modulo 2^bits. Touches no other bits.</summary>
    public static void PutDigits(byte* data, ulong start, ulong bits, ulong* digits, int count, bool negative, int flags)
    {
        bool little = (flags & Little) != 0;
        ulong carry = 1, left = bits;
        ulong at = little ? start : start + bits;
        for (long i = 0; left > 0; i++)
        {
            ulong d = i < count ? digits[i] : 0;
            if (negative)
            {
                d = ~d + carry;
                carry = d < carry ? 1UL : 0;
            }
            int take = left < 64 ? (int)left : 64;
            left -= (ulong)take;
            if (!little)
            {
                at -= (ulong)take;
                Bits.Write(data, at, d, take);
                continue;
            }
            int rest = take & 7, whole = take - rest;
            if (whole != 0) Bits.Write(data, at, BinaryPrimitives.ReverseEndianness(d) >> (64 - whole), whole);
            if (rest != 0) Bits.Write(data, at + (ulong)whole, whole == 0 ? d : d >> whole, rest);
            at += (ulong)take;
        }
    }
}
