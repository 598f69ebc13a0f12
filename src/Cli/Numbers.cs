// Numbers in arguments.
namespace MyBeam.Cli;

using System;

/// <summary>Reads decimal numbers.</summary>
internal static class Numbers
{
    /// <summary>The number that a text begins with, after blanks and a sign; 0 when there is none. Large ones stop at 10^17.</summary>
    public static long Leading(ReadOnlySpan<byte> text)
    {
        int at = 0;
        _ = Read(text, ref at, out long n);
        return n;
    }

    /// <summary>A text of digits only, or -1.</summary>
    public static long Natural(ReadOnlySpan<byte> text)
    {
        int at = 0;
        return text.Length > 0 && text[0] is >= (byte)'0' and <= (byte)'9' && Read(text, ref at, out long n) && at == text.Length ? n : -1;
    }

    /// <summary>A number at a place, as C's %d reads it. False: there is none.</summary>
    public static bool Read(ReadOnlySpan<byte> text, ref int at, out long number)
    {
        number = 0;
        while (at < text.Length && text[at] is (byte)' ' or (>= 9 and <= 13)) at++;
        bool minus = at < text.Length && text[at] == '-';
        if (at < text.Length && text[at] is (byte)'-' or (byte)'+') at++;
        int digits = at;
        for (; at < text.Length && text[at] is >= (byte)'0' and <= (byte)'9'; at++)
            number = Math.Min((number * 10) + text[at] - '0', 100_000_000_000_000_000);
        if (minus) number = -number;
        return at > digits;
    }
}
