// Magnitudes to text and from text, in bases 2 to 36.
//
// In a base that is a power of two the characters are groups of bits. In the others the number is taken apart, or put
// together, in chunks: the largest power of the base that fits a digit (10^19 for base 10). Long numbers are halved
// first, by a chunk squared often enough, so that the cost is that of the multiplication and division and not quadratic.

using System;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace MyBeam.Memory;

public static unsafe partial class Digits
{
    /// <summary>Numbers up to this many digits are turned into text chunk by chunk (measured, x64).</summary>
    private const int ToTextThreshold = 24;

    /// <summary>Text of up to this many chunks is read chunk by chunk (measured, x64).</summary>
    private const int FromTextThreshold = 64;

    /// <summary>Squarings of a chunk that are kept at most: enough for 2^31 digits.</summary>
    private const int MaxPowers = 32;

    /// <summary>For each base from 2: how many characters a chunk has, the most whose values all fit a digit.</summary>
    private static ReadOnlySpan<byte> ChunkLengths => new byte[]
    {
        63, 40, 31, 27, 24, 22, 21, 20, 19, 18, 17, 17,
        16, 16, 15, 15, 15, 15, 14, 14, 14, 14, 13, 13,
        13, 13, 13, 13, 13, 12, 12, 12, 12, 12, 12,
    };

    /// <summary>For each base from 2: the base to the power of its chunk's length.</summary>
    private static ReadOnlySpan<ulong> ChunkValues => new ulong[]
    {
        9223372036854775808UL, 12157665459056928801UL, 4611686018427387904UL, 7450580596923828125UL, 4738381338321616896UL,
        3909821048582988049UL, 9223372036854775808UL, 12157665459056928801UL, 10000000000000000000UL, 5559917313492231481UL,
        2218611106740436992UL, 8650415919381337933UL, 2177953337809371136UL, 6568408355712890625UL, 1152921504606846976UL,
        2862423051509815793UL, 6746640616477458432UL, 15181127029874798299UL, 1638400000000000000UL, 3243919932521508681UL,
        6221821273427820544UL, 11592836324538749809UL, 876488338465357824UL, 1490116119384765625UL, 2481152873203736576UL,
        4052555153018976267UL, 6502111422497947648UL, 10260628712958602189UL, 15943230000000000000UL, 787662783788549761UL,
        1152921504606846976UL, 1667889514952984961UL, 2386420683693101056UL, 3379220508056640625UL, 4738381338321616896UL,
    };

    /// <summary>For each base from 2: characters per digit, 64 / log2(base), in units of 1 / 65536, rounded up.</summary>
    private static ReadOnlySpan<uint> CharactersPerDigit => new uint[]
    {
        4194304, 2646312, 2097152, 1806389, 1622579, 1494042, 1398102, 1323156, 1262612, 1212426,
        1169972, 1133461, 1101632, 1073566, 1048576, 1026139, 1005847, 987377, 970471, 954919,
        940547, 927213, 914796, 903195, 892322, 882104, 872477, 863385, 854779, 846617,
        838861, 831479, 824440, 817718, 811290,
    };

    /// <summary>What a conversion needs to know of its base, and the powers of the chunk once they are made.</summary>
    private struct Radix
    {
        public uint Base;
        public int ChunkLength;
        public ulong Chunk;
        public ulong Divisor;
        public int Shift;
        public ulong Inverse;

        // Powers[i] is Chunk to the power of 2^i, PowerLengths[i] its digits; its block has 2^i of them.
        public ulong** Powers;
        public int* PowerLengths;
        public int PowerCount;
    }

    /// <summary>Bytes that <see cref="ToText"/> may write for n digits, the sign included.</summary>
    public static int MaxTextLength(int n, int numberBase)
    {
        Debug.Assert(numberBase >= 2 && numberBase <= 36);
        return (int)(((long)n * CharactersPerDigit[numberBase - 2]) >> 16) + 2;
    }

    /// <summary>Digits that <see cref="FromText"/> may write for len characters.</summary>
    public static int MaxDigits(int len, int numberBase)
    {
        Debug.Assert(numberBase >= 2 && numberBase <= 36);
        return len / ChunkLengths[numberBase - 2] + 1;
    }

    /// <summary>
    /// Writes a number in base 2 to 36, with a minus if negative and letters in upper case, as integer_to_list/2
    /// does. output: <see cref="MaxTextLength"/> bytes. Returns the bytes written. Long numbers take temporary memory.
    /// </summary>
    [SkipLocalsInit]
    public static int ToText(ulong* digits, int n, bool negative, int numberBase, byte* output)
    {
        Debug.Assert(numberBase >= 2 && numberBase <= 36);
        if (n == 0)
        {
            *output = (byte)'0';
            return 1;
        }

        byte* start = output;
        if (negative)
            *output++ = (byte)'-';
        if (BitOperations.IsPow2((uint)numberBase))
            return (int)(WriteBits(digits, n, BitOperations.TrailingZeroCount((uint)numberBase), output) - start);

        Radix radix = default;
        InitRadix(ref radix, numberBase);
        if (n <= ToTextThreshold)
            return (int)(WriteChunks(ref radix, digits, n, 0, output) - start);

        ulong** powers = stackalloc ulong*[MaxPowers];
        int* lengths = stackalloc int[MaxPowers];
        radix.Powers = powers;
        radix.PowerLengths = lengths;
        int level = MakePowersForDigits(ref radix, n);
        output = WriteHalves(ref radix, digits, n, level, true, output);
        FreePowers(ref radix);
        return (int)(output - start);
    }

    /// <summary>
    /// Reads a number without sign in base 2 to 36, letters in either case, leading zeros allowed. r: <see cref="MaxDigits"/>
    /// digits. Returns the length, or -1 if there is no character or one that is not of the base. Long numbers take
    /// temporary memory.
    /// </summary>
    [SkipLocalsInit]
    public static int FromText(byte* text, int len, int numberBase, ulong* r)
    {
        Debug.Assert(numberBase >= 2 && numberBase <= 36);
        if (len <= 0)
            return -1;
        for (int i = 0; i < len; i++)
        {
            if (CharacterValue(text[i]) >= (uint)numberBase)
                return -1;
        }

        if (BitOperations.IsPow2((uint)numberBase))
            return ReadBits(text, len, BitOperations.TrailingZeroCount((uint)numberBase), r);

        Radix radix = default;
        InitRadix(ref radix, numberBase);
        int chunks = (len + radix.ChunkLength - 1) / radix.ChunkLength;
        if (chunks <= FromTextThreshold)
            return ReadChunks(ref radix, text, len, r);

        ulong** powers = stackalloc ulong*[MaxPowers];
        int* lengths = stackalloc int[MaxPowers];
        radix.Powers = powers;
        radix.PowerLengths = lengths;
        MakePowersForChunks(ref radix, chunks);
        int n = ReadHalves(ref radix, text, len, radix.PowerCount - 1, r);
        FreePowers(ref radix);
        return n;
    }

    private static void InitRadix(ref Radix radix, int numberBase)
    {
        radix.Base = (uint)numberBase;
        radix.ChunkLength = ChunkLengths[numberBase - 2];
        radix.Chunk = ChunkValues[numberBase - 2];
        radix.Shift = BitOperations.LeadingZeroCount(radix.Chunk);
        radix.Divisor = radix.Chunk << radix.Shift;
        radix.Inverse = Reciprocal(radix.Divisor);
    }

    /// <summary>Makes powers until the last one's square has more than n digits; returns how many there are.</summary>
    private static int MakePowersForDigits(ref Radix radix, int n)
    {
        AddFirstPower(ref radix);
        while (2 * radix.PowerLengths[radix.PowerCount - 1] - 1 <= n)
            AddPower(ref radix);
        return radix.PowerCount;
    }

    /// <summary>Makes powers until the last one's square has at least as many characters as so many chunks.</summary>
    private static void MakePowersForChunks(ref Radix radix, int chunks)
    {
        AddFirstPower(ref radix);
        while (2L << (radix.PowerCount - 1) < chunks)
            AddPower(ref radix);
    }

    private static void AddFirstPower(ref Radix radix)
    {
        radix.Powers[0] = AllocDigits(1);
        radix.Powers[0][0] = radix.Chunk;
        radix.PowerLengths[0] = 1;
        radix.PowerCount = 1;
    }

    private static void AddPower(ref Radix radix)
    {
        int i = radix.PowerCount;
        radix.Powers[i] = AllocDigits(1 << i);
        radix.PowerLengths[i] = Square(radix.Powers[i - 1], radix.PowerLengths[i - 1], radix.Powers[i]);
        radix.PowerCount = i + 1;
    }

    private static void FreePowers(ref Radix radix)
    {
        for (int i = 0; i < radix.PowerCount; i++)
            FreeDigits(radix.Powers[i], 1 << i);
    }

    /// <summary>
    /// Writes a number below Powers[level], that is, of at most 2^level chunks; all of these with their zeros unless
    /// leading. A leading zero is no characters. Returns the end of the text.
    /// </summary>
    private static byte* WriteHalves(ref Radix radix, ulong* a, int n, int level, bool leading, byte* output)
    {
        if (n <= ToTextThreshold)
            return WriteChunks(ref radix, a, n, leading ? 0 : radix.ChunkLength << level, output);

        level--;
        ulong* power = radix.Powers[level];
        int length = radix.PowerLengths[level];
        if (Compare(a, n, power, length) < 0)
        {
            if (!leading)
                output = WriteZeros(output, radix.ChunkLength << level);
            return WriteHalves(ref radix, a, n, level, leading, output);
        }

        int quotientDigits = n - length + 1;
        int size = quotientDigits + length;
        ulong* quotient = AllocDigits(size);
        ulong* rest = quotient + quotientDigits;
        DivRem(a, n, power, length, quotient, rest, out int nq, out int nr);
        output = WriteHalves(ref radix, quotient, nq, level, leading, output);
        output = WriteHalves(ref radix, rest, nr, level, false, output);
        FreeDigits(quotient, size);
        return output;
    }

    /// <summary>
    /// Writes a number of at most ToTextThreshold digits, with zeros in front up to width characters (0: none).
    /// Returns the end of the text.
    /// </summary>
    [SkipLocalsInit]
    private static byte* WriteChunks(ref Radix radix, ulong* a, int n, int width, byte* output)
    {
        // The chunks come lowest first. The smallest chunk, base 31's, has 59.4 bits: 14 chunks for 13 digits, and a part of one.
        ulong* left = stackalloc ulong[ToTextThreshold];
        ulong* chunks = stackalloc ulong[ToTextThreshold + ToTextThreshold / 8 + 1];
        Copy(a, n, left);
        int count = 0;
        while (n > 0)
        {
            if (n == 1 && left[0] < radix.Chunk)
            {
                chunks[count++] = left[0];
                break;
            }

            chunks[count++] = DivRemDigit(left, n, radix.Divisor, radix.Shift, radix.Inverse, left);
            n = Normalise(left, n);
        }

        if (width > 0)
            output = WriteZeros(output, width - count * radix.ChunkLength);
        for (int i = count - 1; i >= 0; i--)
        {
            int characters = radix.ChunkLength;
            if (width == 0 && i == count - 1)
                characters = CountCharacters(chunks[i], radix.Base);
            WriteChunk(chunks[i], radix.Base, output, characters);
            output += characters;
        }

        return output;
    }

    private static byte* WriteZeros(byte* output, int count)
    {
        for (int i = 0; i < count; i++)
            output[i] = (byte)'0';
        return output + count;
    }

    /// <summary>How many characters a value below the chunk has. The powers end at the chunk itself: no overflow.</summary>
    private static int CountCharacters(ulong value, uint numberBase)
    {
        int count = 1;
        for (ulong power = numberBase; value >= power; power *= numberBase)
            count++;
        return count;
    }

    /// <summary>Writes exactly so many characters of a value.</summary>
    private static void WriteChunk(ulong value, uint numberBase, byte* output, int characters)
    {
        if (numberBase == 10)
        {
            // On its own because the compiler turns a division by a constant into a multiplication. In two halves that
            // do not wait for each other.
            if (characters > 10)
            {
                ulong high = value / 10_000_000_000;
                WriteDecimal(high, output, characters - 10);
                value -= high * 10_000_000_000;
                output += characters - 10;
                characters = 10;
            }

            WriteDecimal(value, output, characters);
            return;
        }

        for (int i = characters - 1; i >= 0; i--)
        {
            ulong next = value / numberBase;
            output[i] = Character((uint)(value - next * numberBase));
            value = next;
        }
    }

    private static void WriteDecimal(ulong value, byte* output, int characters)
    {
        int i = characters;
        for (; i >= 2; i -= 2)
        {
            ulong next = value / 100;
            uint two = (uint)(value - next * 100);
            uint tens = two / 10;
            output[i - 2] = (byte)('0' + tens);
            output[i - 1] = (byte)('0' + two - tens * 10);
            value = next;
        }

        if (i > 0)
            output[0] = (byte)('0' + (uint)value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte Character(uint value) => (byte)(value < 10 ? '0' + value : 'A' - 10 + value);

    /// <summary>The value of a character in base 36, or something above 35.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint CharacterValue(byte character)
    {
        uint value = (uint)character - '0';
        if (value < 10)
            return value;
        value = ((uint)character | 0x20) - 'a';
        return value < 26 ? value + 10 : uint.MaxValue;
    }

    /// <summary>Writes a number as groups of so many bits. Returns the end of the text.</summary>
    private static byte* WriteBits(ulong* a, int n, int bitsPerCharacter, byte* output)
    {
        long length = BitLength(a, n);
        int characters = (int)((length + bitsPerCharacter - 1) / bitsPerCharacter);
        uint mask = (1u << bitsPerCharacter) - 1;
        long position = 0;
        for (int i = characters - 1; i >= 0; i--)
        {
            int word = (int)(position >> 6);
            int bit = (int)(position & 63);
            ulong value = a[word] >> bit;
            if (bit + bitsPerCharacter > DigitBits && word + 1 < n)
                value |= a[word + 1] << (DigitBits - bit);
            output[i] = Character((uint)value & mask);
            position += bitsPerCharacter;
        }

        return output + characters;
    }

    /// <summary>The reverse of <see cref="WriteBits"/>, for valid text.</summary>
    private static int ReadBits(byte* text, int len, int bitsPerCharacter, ulong* r)
    {
        int n = 0;
        ulong digit = 0;
        int bits = 0;
        for (int i = len - 1; i >= 0; i--)
        {
            ulong value = CharacterValue(text[i]);
            digit |= value << bits;
            bits += bitsPerCharacter;
            if (bits >= DigitBits)
            {
                // What did not fit starts the next digit; nothing, if the character ended at the edge.
                bits -= DigitBits;
                r[n++] = digit;
                digit = value >> (bitsPerCharacter - bits);
            }
        }

        if (bits > 0)
            r[n++] = digit;
        return Normalise(r, n);
    }

    /// <summary>
    /// Reads valid text of at most 2^(level + 1) chunks: what is above the last 2^level of them, times their power, plus
    /// these. Writes at most one digit for each chunk begun.
    /// </summary>
    private static int ReadHalves(ref Radix radix, byte* text, int len, int level, ulong* r)
    {
        if (len <= radix.ChunkLength * FromTextThreshold)
            return ReadChunks(ref radix, text, len, r);

        int lowLength = radix.ChunkLength << level;
        if (len <= lowLength)
            return ReadHalves(ref radix, text, len, level - 1, r);

        int highLength = len - lowLength;
        int highSize = highLength / radix.ChunkLength + 1;
        int size = highSize + (1 << level);
        ulong* high = AllocDigits(size);
        ulong* low = high + highSize;
        int nh = ReadHalves(ref radix, text, highLength, level - 1, high);
        int nl = ReadHalves(ref radix, text + highLength, lowLength, level - 1, low);

        // Neither the product nor the sum outgrows r: both are below base^len.
        int n = Mul(high, nh, radix.Powers[level], radix.PowerLengths[level], r);
        if (n == 0)
        {
            Copy(low, nl, r);
            n = nl;
        }
        else
        {
            ulong carry = AddSameLength(r, r, low, nl);
            carry = AddCarry(r + nl, r + nl, n - nl, carry);
            if (carry != 0)
                r[n++] = carry;
        }

        FreeDigits(high, size);
        return n;
    }

    /// <summary>Reads valid text chunk by chunk, the odd one first. Writes at most one digit for each chunk begun.</summary>
    private static int ReadChunks(ref Radix radix, byte* text, int len, ulong* r)
    {
        int n = 0;
        int length = len % radix.ChunkLength;
        if (length == 0)
            length = radix.ChunkLength;
        for (int i = 0; i < len; i += length, length = radix.ChunkLength)
        {
            ulong value = 0;
            for (int j = 0; j < length; j++)
                value = value * radix.Base + CharacterValue(text[i + j]);

            // The first chunk meets n == 0, so it is right that later ones all multiply by the whole chunk.
            ulong above = MulRow(r, r, n, radix.Chunk, value);
            if (above != 0)
                r[n++] = above;
        }

        return n;
    }
}
