// The compact term encoding: tagged numbers of one byte or more, used by the Code, Line, AtU8 and Recs chunks.
//
//   vvvv 0ttt                    value 0..15
//   vvv0 1ttt bbbbbbbb           11 bits
//   nnn1 1ttt b...               n + 2 bytes; n = 7: a number v in this same encoding (tag u), then v + 9 bytes
//
// Tag i is two's complement, the others are unsigned. The value of tag z says what follows.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>The tags.</summary>
internal static class CompactTag
{
    public const int U = 0, I = 1, A = 2, X = 3, Y = 4, F = 5, H = 6, Z = 7;

    /// <summary>Values of tag z: a list, a float register, an allocation list, a literal, a register with a type.</summary>
    public const int List = 1, FloatRegister = 2, Allocation = 3, Literal = 4, TypedRegister = 5;
}

/// <summary>Reads tagged numbers from bytes and never past their end.</summary>
internal unsafe struct CompactReader
{
    private const int SignedBytes = 8;

    /// <summary>The next byte, and the one after the last.</summary>
    public byte* At, End;

    /// <summary>The last integer read when it did not fit 64 bits: two's complement, big-endian; else null.</summary>
    public byte* BigData;

    /// <summary>Its bytes.</summary>
    public int BigBytes;

    public CompactReader(byte* data, long bytes)
    {
        At = data;
        End = data + bytes;
        BigData = null;
        BigBytes = 0;
    }

    public readonly long Left => End - At;

    /// <summary>
    /// The next tagged number. False: the bytes end, or the number of an atom, register or label does not fit into 63 bits. An integer that does not fit into
    /// 64 bits is left in <see cref="BigData"/>; an unsigned number (tag u) beyond the largest small comes as the largest small.
    /// </summary>
    public bool Next(out int tag, out long value)
    {
        tag = 0;
        value = 0;
        BigData = null;
        if (At >= End) return false;
        int first = *At++;
        tag = first & 7;
        if ((first & 8) == 0)
        {
            value = first >> 4;
            return true;
        }
        if ((first & 16) == 0)
        {
            if (At >= End) return false;
            value = ((first >> 5) << 8) | *At++;
            return true;
        }
        long bytes = (first >> 5) + 2;
        if (bytes == 9)
        {
            // The length is a number of its own. One that would again need such a length cannot be meant: no file is that long.
            if (At >= End || (*At & 0xF8) == 0xF8) return false;
            if (!Next(out int lengthTag, out long length) || lengthTag != CompactTag.U || length > int.MaxValue) return false;
            bytes = length + 9;
        }
        if (bytes > Left) return false;
        byte* data = At;
        At += bytes;
        bool signed = tag == CompactTag.I;

        // Leading bytes that only repeat the sign carry nothing.
        while (bytes > 1 && (data[0] == 0 && (!signed || data[1] < 0x80) || signed && data[0] == 0xFF && data[1] >= 0x80))
        {
            data++;
            bytes--;
        }
        if (bytes > SignedBytes)
        {
            if (tag == CompactTag.U) return Saturated(out value);
            if (!signed) return false;
            BigData = data;
            BigBytes = (int)bytes;
            return true;
        }
        ulong number = signed && data[0] >= 0x80 ? ulong.MaxValue : 0;
        for (int i = 0; i < bytes; i++) number = (number << 8) | data[i];
        value = (long)number;
        if (tag == CompactTag.U && number > Term.MaxSmall) return Saturated(out value);
        return signed || value >= 0;
    }

    // A size in bits written in the program can be any number. No bitstring is longer than the largest small, so that stands for all beyond.
    private static bool Saturated(out long value)
    {
        value = Term.MaxSmall;
        return true;
    }

    /// <summary>The next tagged number, which must be an unsigned one of at most <paramref name="max"/>.</summary>
    public bool NextUnsigned(long max, out long value) => Next(out int tag, out value) && tag == CompactTag.U && value <= max;
}
