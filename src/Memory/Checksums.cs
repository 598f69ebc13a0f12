// CRC-32 and Adler-32 as zlib and Erlang compute them (erlang:crc32/1,2, adler32/1,2 and their _combine).
//
// All functions take and give the finished checksum, so a running computation feeds the result of one call to the next.
// They are the formulas of RFC 1950 (Adler-32) and RFC 1952 (CRC-32).

using System.Runtime.CompilerServices;

namespace MyBeam.Memory;

/// <summary>CRC-32 and Adler-32 over raw bytes.</summary>
public static unsafe partial class Checksums
{
    /// <summary>The CRC-32 of no bytes, with which a computation starts.</summary>
    public const uint Crc32Start = 0;

    /// <summary>The Adler-32 of no bytes, with which a computation starts.</summary>
    public const uint Adler32Start = 1;

    /// <summary>The polynomial of zlib with its bits reversed: bit 31 is the coefficient of x^0.</summary>
    private const uint CrcPolynomial = 0xEDB88320;

    /// <summary>The largest prime below 2^16.</summary>
    private const uint AdlerBase = 65521;

    /// <summary>The sums of this many bytes, starting from reduced ones, still fit into 32 bits; it is a multiple of 16.</summary>
    private const nuint AdlerRun = 5552;

    /// <summary>The CRC-32 of some bytes after others whose CRC-32 is <paramref name="crc"/>.</summary>
    public static uint Crc32(uint crc, byte* data, nuint length)
    {
        var register = ~crc;
        fixed (uint* tables = &CrcTables[0])
        {
            // Eight bytes go through eight tables at once ("slicing by 8"): the lookups do not wait for each other.
            for (; length >= 8; length -= 8, data += 8)
            {
                var word = Unsafe.ReadUnaligned<ulong>(data) ^ register;
                register = tables[0x700 + (byte)word]
                    ^ tables[0x600 + (byte)(word >> 8)]
                    ^ tables[0x500 + (byte)(word >> 16)]
                    ^ tables[0x400 + (byte)(word >> 24)]
                    ^ tables[0x300 + (byte)(word >> 32)]
                    ^ tables[0x200 + (byte)(word >> 40)]
                    ^ tables[0x100 + (byte)(word >> 48)]
                    ^ tables[word >> 56];
            }

            for (; length > 0; length--)
                register = (register >> 8) ^ tables[(byte)(register ^ *data++)];
        }

        return ~register;
    }

    /// <summary>
    /// The CRC-32 of two pieces of data, one after the other, from their own ones and the length of the second in bytes.
    /// </summary>
    public static uint Crc32Combine(uint first, uint second, ulong secondLength)
    {
        // As polynomials, the first is multiplied by x^(8 * length). The inversions at start and end cancel out.
        // Bit 31 counts x^0, so x^8 is:
        var square = 1u << (31 - 8);
        for (; secondLength > 0; secondLength >>= 1)
        {
            if ((secondLength & 1) != 0)
                first = MultiplyModulo(first, square);
            square = MultiplyModulo(square, square);
        }

        return first ^ second;
    }

    /// <summary>The Adler-32 of some bytes after others whose Adler-32 is <paramref name="adler"/>.</summary>
    public static uint Adler32(uint adler, byte* data, nuint length)
    {
        // A number that is no checksum may come from an Erlang program; OTP reduces it, even without any bytes.
        var sum = (adler & 0xFFFF) % AdlerBase;
        var sumOfSums = (adler >> 16) % AdlerBase;
        while (length > 0)
        {
            var run = length < AdlerRun ? length : AdlerRun;
            length -= run;
            for (; run >= 8; run -= 8, data += 8)
            {
                // The bytes' own weights, so that the second sum does not wait for the first after each byte.
                var word = Unsafe.ReadUnaligned<ulong>(data);
                uint b0 = (byte)word, b1 = (byte)(word >> 8), b2 = (byte)(word >> 16), b3 = (byte)(word >> 24);
                uint b4 = (byte)(word >> 32), b5 = (byte)(word >> 40), b6 = (byte)(word >> 48), b7 = (byte)(word >> 56);
                sumOfSums += (8 * sum) + (8 * b0) + (7 * b1) + (6 * b2) + (5 * b3) + (4 * b4) + (3 * b5) + (2 * b6) + b7;
                sum += b0 + b1 + b2 + b3 + b4 + b5 + b6 + b7;
            }

            for (; run > 0; run--)
            {
                sum += *data++;
                sumOfSums += sum;
            }

            sum %= AdlerBase;
            sumOfSums %= AdlerBase;
        }

        return (sumOfSums << 16) | sum;
    }

    /// <summary>
    /// The Adler-32 of two pieces of data, one after the other, from their own ones and the length of the second in bytes.
    /// </summary>
    public static uint Adler32Combine(uint first, uint second, ulong secondLength)
    {
        // The second's sums started from 1; they should have started from the first one's, so each of its bytes adds the difference
        // once more. The base is added so that no difference is negative.
        var length = (uint)(secondLength % AdlerBase);
        var firstSum = first & 0xFFFF;
        var sum = firstSum + (second & 0xFFFF) + AdlerBase - 1;
        var sumOfSums = (length * firstSum % AdlerBase) + (first >> 16) + (second >> 16) + AdlerBase - length;

        // Subtractions and not remainders: Erlang programs may hand over numbers that are no checksums, whose halves are too large, and
        // for those zlib's reduction (and so OTP's result) is not complete.
        sum = Reduce(Reduce(sum, AdlerBase), AdlerBase);
        sumOfSums = Reduce(Reduce(sumOfSums, 2 * AdlerBase), AdlerBase);
        return (sumOfSums << 16) | sum;
    }

    private static uint Reduce(uint value, uint by) => value >= by ? value - by : value;

    /// <summary>The product of two polynomials modulo the CRC's.</summary>
    private static uint MultiplyModulo(uint a, uint b)
    {
        var product = 0u;
        for (; a != 0; a <<= 1)
        {
            // From the coefficient of x^0 on: b is b * x^i here.
            if ((a & 0x80000000) != 0)
                product ^= b;
            b = (b >> 1) ^ ((b & 1) != 0 ? CrcPolynomial : 0);
        }

        return product;
    }
}
