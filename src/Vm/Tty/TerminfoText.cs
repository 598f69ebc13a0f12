// Texts for the terminal with numbers filled in: the little stack language of terminfo(5), and padding, which no terminal needs any more, left out.
namespace MyBeam.Vm;

using System;

/// <summary>Fills in parameters.</summary>
internal static unsafe class TerminfoText
{
    private const int StackSize = 32, Parameters = 9, Variables = 52;

    private struct State
    {
        public fixed long Stack[StackSize];
        public fixed long Values[Parameters];
        public fixed long Stored[Variables];
        public int Depth, Unnamed;

        public void Push(long value)
        {
            if (Depth < StackSize) Stack[Depth++] = value;
        }

        public long Pop() => Depth > 0 ? Stack[--Depth] : 0;
    }

    /// <summary>Writes a text with its parameters. <paramref name="count"/>: 0 leaves percent signs alone.</summary>
    public static void Write(ref TextBuffer to, ReadOnlySpan<byte> text, long* values, int count)
    {
        State s = default;
        for (int i = 0; i < count && i < Parameters; i++) s.Values[i] = values[i];
        // A text of termcap's kind takes its parameters without naming them, from the last one on.
        s.Unnamed = count == 0 ? 0 : Unnamed(text);
        for (int i = 0; i < s.Unnamed; i++) s.Push(s.Values[i]);
        int at = 0;
        while (at < text.Length)
        {
            byte c = text[at];
            if (c == '$' && Padding(text, at, out int end)) at = end;
            else if (c != '%' || count == 0 || at + 1 >= text.Length)
            {
                to.AddByte(c);
                at++;
            }
            else at = Operation(ref to, ref s, text, at + 1);
        }
    }

    // How many parameters a text prints, when it names none.
    private static int Unnamed(ReadOnlySpan<byte> text)
    {
        int printed = 0;
        for (int i = 0; i + 1 < text.Length; i++)
        {
            if (text[i] != '%') continue;
            i++;
            if (text[i] == 'p') return 0;
            while (i + 1 < text.Length && text[i] is (>= (byte)'0' and <= (byte)'9') or (byte)'.' or (byte)':') i++;
            if (text[i] is (byte)'d' or (byte)'o' or (byte)'x' or (byte)'X' or (byte)'c' or (byte)'s') printed++;
        }
        return Math.Min(printed, Parameters);
    }

    // $<5>, $<100.5*/>.
    private static bool Padding(ReadOnlySpan<byte> text, int at, out int end)
    {
        end = at + 1;
        if (end >= text.Length || text[end] != '<') return false;
        end++;
        int digits = end;
        while (end < text.Length && text[end] is (>= (byte)'0' and <= (byte)'9') or (byte)'.' or (byte)'*' or (byte)'/') end++;
        bool good = end > digits && text[digits] is not (byte)'*' and not (byte)'/' && end < text.Length && text[end] == '>';
        end++;
        return good;
    }

    // What follows a percent sign at `at`; gives where to go on.
    private static int Operation(ref TextBuffer to, ref State s, ReadOnlySpan<byte> text, int at)
    {
        byte c = text[at];
        byte next = at + 1 < text.Length ? text[at + 1] : (byte)0;
        switch (c)
        {
            case (byte)'%':
                to.AddByte('%');
                return at + 1;
            case (byte)'c':
                long character = s.Pop();
                // A zero would end the text.
                to.AddByte(character == 0 ? 0x80 : (byte)character);
                return at + 1;
            case (byte)'p':
                if (next is >= (byte)'1' and <= (byte)'9') s.Push(s.Values[next - '1']);
                return at + 2;
            case (byte)'P' or (byte)'g':
                int variable = next is >= (byte)'a' and <= (byte)'z' ? next - 'a' : next is >= (byte)'A' and <= (byte)'Z' ? next - 'A' + 26 : -1;
                if (variable >= 0 && c == 'P') s.Stored[variable] = s.Pop();
                else if (variable >= 0) s.Push(s.Stored[variable]);
                return at + 2;
            case (byte)'\'':
                s.Push(next);
                return at + 3;
            case (byte)'{':
                long value = 0;
                for (at++; at < text.Length && text[at] is >= (byte)'0' and <= (byte)'9'; at++) value = (value * 10) + text[at] - '0';
                s.Push(value);
                return at + 1;
            case (byte)'i':
                for (int i = 0; i < 2; i++)
                {
                    s.Values[i]++;
                    if (i < s.Unnamed) s.Stack[i] = s.Values[i];
                }
                return at + 1;
            case (byte)'?' or (byte)';':
                return at + 1;
            case (byte)'t':
                return s.Pop() != 0 ? at + 1 : Skip(text, at + 1, true);
            case (byte)'e':
                return Skip(text, at + 1, false);
            case (byte)'!':
                s.Push(s.Pop() == 0 ? 1 : 0);
                return at + 1;
            case (byte)'~':
                s.Push(~s.Pop());
                return at + 1;
        }
        if (c is (byte)'+' or (byte)'-' or (byte)'*' or (byte)'/' or (byte)'m' or (byte)'&' or (byte)'|' or (byte)'^' or (byte)'=' or (byte)'<' or (byte)'>' or (byte)'A' or (byte)'O')
        {
            long y = s.Pop(), x = s.Pop();
            s.Push(Binary(c, x, y));
            return at + 1;
        }
        return Number(ref to, ref s, text, at);
    }

    private static long Binary(byte operation, long x, long y) => operation switch
    {
        (byte)'+' => x + y,
        (byte)'-' => x - y,
        (byte)'*' => x * y,
        (byte)'/' => y is 0 or -1 ? (y == 0 ? 0 : -x) : x / y,
        (byte)'m' => y is 0 or -1 ? 0 : x % y,
        (byte)'&' => x & y,
        (byte)'|' => x | y,
        (byte)'^' => x ^ y,
        (byte)'=' => x == y ? 1 : 0,
        (byte)'<' => x < y ? 1 : 0,
        (byte)'>' => x > y ? 1 : 0,
        (byte)'A' => x != 0 && y != 0 ? 1 : 0,
        _ => x != 0 || y != 0 ? 1 : 0,
    };

    // To behind the else (when asked for) or the end of the condition that `at` is in.
    private static int Skip(ReadOnlySpan<byte> text, int at, bool toElse)
    {
        int depth = 0;
        for (; at + 1 < text.Length; at++)
        {
            if (text[at] != '%') continue;
            byte c = text[++at];
            if (c == '?') depth++;
            else if (c == ';' && depth-- == 0) return at + 1;
            else if (c == 'e' && depth == 0 && toElse) return at + 1;
        }
        return text.Length;
    }

    // [:][-+# 0][width][.precision] d, o, x, X; the number is made in a little room.
    private static int Number(ref TextBuffer to, ref State s, ReadOnlySpan<byte> text, int at)
    {
        bool left = false, zeros = false, sign = false;
        int width = 0, precision = 0;
        if (text[at] == ':') at++;
        for (; at < text.Length && text[at] is (byte)'-' or (byte)'+' or (byte)'#' or (byte)' ' or (byte)'0'; at++)
        {
            left |= text[at] == '-';
            sign |= text[at] == '+';
            zeros |= text[at] == '0';
        }
        for (; at < text.Length && text[at] is >= (byte)'0' and <= (byte)'9'; at++) width = Math.Min(200, (width * 10) + text[at] - '0');
        if (at < text.Length && text[at] == '.')
            for (at++; at < text.Length && text[at] is >= (byte)'0' and <= (byte)'9'; at++) precision = Math.Min(200, (precision * 10) + text[at] - '0');
        if (at >= text.Length) return at;
        byte kind = text[at];
        uint radix = kind switch { (byte)'d' => 10, (byte)'o' => 8, (byte)'x' or (byte)'X' => 16, _ => 0 };
        if (radix == 0) return at + 1;
        long value = s.Pop();
        bool negative = radix == 10 && value < 0;
        // Parameters are C's int where they are printed.
        uint rest = negative ? (uint)-value : (uint)value;
        byte* digits = stackalloc byte[16];
        int n = 0;
        do
        {
            uint digit = rest % radix;
            digits[n++] = (byte)(digit < 10 ? '0' + digit : (kind == 'x' ? 'a' : 'A') + digit - 10);
            rest /= radix;
        }
        while (rest != 0);
        int used = Math.Max(n, precision) + (negative || sign ? 1 : 0);
        if (!left && !zeros) for (int i = used; i < width; i++) to.AddByte(' ');
        if (negative || sign) to.AddByte(negative ? '-' : '+');
        if (!left && zeros) for (int i = used; i < width; i++) to.AddByte('0');
        for (int i = n; i < precision; i++) to.AddByte('0');
        while (n > 0) to.AddByte(digits[--n]);
        if (left) for (int i = used; i < width; i++) to.AddByte(' ');
        return at + 1;
    }
}
