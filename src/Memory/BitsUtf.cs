// UTF-8, UTF-16 and UTF-32 code points in bitstrings, at any bit position. Valid are 0..D7FF and E000..10FFFF, in the shortest form only (RFC 3629).
namespace MyBeam.Memory;

using System.Runtime.CompilerServices;

/// <summary>One code point at a time.</summary>
public static unsafe class BitsUtf
{
    /// <summary>Whether a number is a code point that can be encoded.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsValid(ulong codePoint) => codePoint <= 0x10FFFF && (codePoint & 0x1FF800) != 0xD800;

    /// <summary>The code point in UTF-8 at <paramref name="start"/>, -1 when there is no valid one before <paramref name="end"/>.</summary>
    public static long ReadUtf8(byte* data, ulong start, ulong end, out int bits)
    {
        bits = 8;
        ulong left = end - start;
        if (left < 8) return -1;
        uint lead = (uint)Bits.Read(data, start, 8);
        if (lead < 0x80) return lead;
        // C0 and C1 would be overlong, F5.. too large.
        if (lead is < 0xC2 or > 0xF4) return -1;
        bits = lead < 0xE0 ? 16 : lead < 0xF0 ? 24 : 32;
        if (left < (ulong)bits) return -1;
        uint all = (uint)Bits.Read(data, start, bits);
        uint code;
        switch (bits)
        {
            case 16:
                if ((all & 0xC0) != 0x80) return -1;
                return ((all >> 2) & 0x7C0) | (all & 0x3F);
            case 24:
                if ((all & 0xC0C0) != 0x8080) return -1;
                code = ((all >> 4) & 0xF000) | ((all >> 2) & 0xFC0) | (all & 0x3F);
                return code >= 0x800 && (code & 0xF800) != 0xD800 ? code : -1;
            default:
                if ((all & 0xC0C0C0) != 0x808080) return -1;
                code = ((all >> 6) & 0x1C0000) | ((all >> 4) & 0x3F000) | ((all >> 2) & 0xFC0) | (all & 0x3F);
                return code is >= 0x10000 and <= 0x10FFFF ? code : -1;
        }
    }

    /// <summary>The code point in UTF-16 at <paramref name="start"/>, -1 when there is no valid one.</summary>
    public static long ReadUtf16(byte* data, ulong start, ulong end, bool little, out int bits)
    {
        bits = 16;
        ulong left = end - start;
        if (left < 16) return -1;
        uint first = (uint)BitsInteger.Word(data, start, 16, little);
        if ((first & 0xF800) != 0xD800) return first;
        bits = 32;
        if (first >= 0xDC00 || left < 32) return -1;
        uint second = (uint)BitsInteger.Word(data, start + 16, 16, little);
        if ((second & 0xFC00) != 0xDC00) return -1;
        return 0x10000 + ((first & 0x3FF) << 10) + (second & 0x3FF);
    }

    /// <summary>The code point in UTF-32 at <paramref name="start"/>, -1 when there is no valid one.</summary>
    public static long ReadUtf32(byte* data, ulong start, ulong end, bool little)
    {
        if (end - start < 32) return -1;
        ulong code = BitsInteger.Word(data, start, 32, little);
        return IsValid(code) ? (long)code : -1;
    }

    /// <summary>Bits of a (valid) code point in UTF-8.</summary>
    public static int Utf8Bits(ulong code) => code < 0x80 ? 8 : code < 0x800 ? 16 : code < 0x10000 ? 24 : 32;

    /// <summary>Bits of a (valid) code point in UTF-16.</summary>
    public static int Utf16Bits(ulong code) => code < 0x10000 ? 16 : 32;

    /// <summary>A valid code point in UTF-8, as the big-endian number of Utf8Bits bits.</summary>
    public static uint Utf8(uint code)
    {
        if (code < 0x80) return code;
        if (code < 0x800) return 0xC080 | ((code & 0x7C0) << 2) | (code & 0x3F);
        if (code < 0x10000) return 0xE08080 | ((code & 0xF000) << 4) | ((code & 0xFC0) << 2) | (code & 0x3F);
        return 0xF0808080 | ((code & 0x1C0000) << 6) | ((code & 0x3F000) << 4) | ((code & 0xFC0) << 2) | (code & 0x3F);
    }

    /// <summary>A valid code point in UTF-16, as the big-endian number of Utf16Bits bits.</summary>
    public static uint Utf16(uint code, bool little)
    {
        if (code < 0x10000) return little ? Swap(code) : code;
        uint high = 0xD800 + ((code - 0x10000) >> 10), low = 0xDC00 + (code & 0x3FF);
        return little ? (Swap(high) << 16) | Swap(low) : (high << 16) | low;
    }

    private static uint Swap(uint half) => ((half & 0xFF) << 8) | (half >> 8);
}
