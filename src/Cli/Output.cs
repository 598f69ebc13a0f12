// Buffered text to a descriptor, for the command line tools. Nothing here allocates: the struct lives on the native stack of the command.
namespace MyBeam.Cli;

using System;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>A writer with a buffer of its own. Call <see cref="Flush"/> at the end; a write that fails (a closed pipe) makes all later ones do nothing.</summary>
public unsafe struct Output
{
    // Two writers, each command's own, fit one page of stack: a larger frame makes the compiler call a probe that the runtime would have.
    private const int Capacity = 1024;
    private readonly int _descriptor;
    private int _used;
    private int _column;
    private bool _failed;
    /// <summary>A carriage return before each new line: what OTP's emulator itself writes has them.</summary>
    public bool Returns;
    private fixed byte _buffer[Capacity];

    /// <summary>A writer to an open descriptor.</summary>
    public Output(int descriptor)
    {
        this = default;
        _descriptor = descriptor;
    }

    /// <summary>Whether a write failed.</summary>
    public readonly bool Failed => _failed;

    /// <summary>Where in the line the next byte goes, from 0.</summary>
    public readonly int Column => _column;

    /// <summary>Ends a command's output: the exit status, or 1 after a line on stderr when something could not be written (a full disk, a closed pipe).</summary>
    public int End(int status)
    {
        Flush();
        if (!_failed) return status;
        Output errors = new(Files.StandardError);
        errors.Line("mybeam: standard output cannot be written; is the disk full?"u8);
        errors.Flush();
        return status == 0 ? 1 : status;
    }

    /// <summary>One byte.</summary>
    public void Byte(byte c)
    {
        if (c == '\n' && Returns) Put((byte)'\r');
        Put(c);
    }

    private void Put(byte c)
    {
        if (_used == Capacity) Flush();
        _buffer[_used++] = c;
        _column = c == '\n' ? 0 : _column + 1;
    }

    /// <summary>Bytes as they are.</summary>
    public void Text(ReadOnlySpan<byte> text)
    {
        for (int i = 0; i < text.Length; i++) Byte(text[i]);
    }

    /// <summary>Bytes as they are.</summary>
    public void Text(byte* text, long bytes)
    {
        for (long i = 0; i < bytes; i++) Byte(text[i]);
    }

    /// <summary>Bytes up to a zero.</summary>
    public void ZeroTerminated(byte* text)
    {
        while (*text != 0) Byte(*text++);
    }

    /// <summary>A line break.</summary>
    public void Line() => Byte((byte)'\n');

    /// <summary>A line.</summary>
    public void Line(ReadOnlySpan<byte> text)
    {
        Text(text);
        Line();
    }

    /// <summary>Blanks up to a column (0 is the first), at least one.</summary>
    public void Tab(int column)
    {
        do Byte((byte)' ');
        while (_column < column);
    }

    /// <summary>A decimal number.</summary>
    public void Number(long number)
    {
        if (number < 0) Byte((byte)'-');
        Unsigned(number < 0 ? (ulong)-number : (ulong)number);
    }

    /// <summary>A decimal number.</summary>
    public void Unsigned(ulong number)
    {
        byte* digits = stackalloc byte[20];
        int n = 0;
        do
        {
            digits[n++] = (byte)('0' + (number % 10));
            number /= 10;
        }
        while (number != 0);
        while (n > 0) Byte(digits[--n]);
    }

    /// <summary>A decimal number, right-aligned in a field.</summary>
    public void Number(long number, int width)
    {
        int digits = number < 0 ? 2 : 1;
        for (long rest = number / 10; rest != 0; rest /= 10) digits++;
        for (; digits < width; width--) Byte((byte)' ');
        Number(number);
    }

    /// <summary>A hexadecimal number without leading zeros.</summary>
    public void Hex(ulong number)
    {
        int shift = 60;
        while (shift > 0 && number >> shift == 0) shift -= 4;
        for (; shift >= 0; shift -= 4) Byte(Digit((int)(number >> shift) & 15));
    }

    /// <summary>Bytes as pairs of hexadecimal digits.</summary>
    public void Hex(byte* data, long bytes)
    {
        for (long i = 0; i < bytes; i++)
        {
            Byte(Digit(data[i] >> 4));
            Byte(Digit(data[i] & 15));
        }
    }

    /// <summary>An atom as Erlang source has it: in quotes where it needs them. Nil is written [].</summary>
    public void Atom(Term atom)
    {
        if (atom.IsNil)
        {
            Text("[]"u8);
            return;
        }
        AtomTable.Entry* entry = AtomTable.Get(atom);
        AtomText(new ReadOnlySpan<byte>(entry->Text, entry->Bytes));
    }

    /// <summary>The text (UTF-8) of an atom, in quotes where it needs them.</summary>
    public void AtomText(ReadOnlySpan<byte> text)
    {
        if (!AtomNames.NeedsQuotes(text))
        {
            Text(text);
            return;
        }
        Byte((byte)'\'');
        for (int i = 0; i < text.Length; i++) Escaped(text[i], (byte)'\'');
        Byte((byte)'\'');
    }

    /// <summary>module:function/arity.</summary>
    public void Function(Term module, Term function, long arity)
    {
        Atom(module);
        Byte((byte)':');
        Atom(function);
        Byte((byte)'/');
        Number(arity);
    }

    /// <summary>A byte of a quoted text: control characters, the backslash and the quote with a backslash.</summary>
    public void Escaped(byte c, byte quote)
    {
        byte letter = c switch
        {
            (byte)'\n' => (byte)'n',
            (byte)'\t' => (byte)'t',
            (byte)'\r' => (byte)'r',
            8 => (byte)'b',
            11 => (byte)'v',
            12 => (byte)'f',
            27 => (byte)'e',
            127 => (byte)'d',
            (byte)'\\' => c,
            _ => c == quote ? c : (byte)0,
        };
        if (letter != 0 || c < 32) Byte((byte)'\\');
        if (letter != 0)
        {
            Byte(letter);
            return;
        }
        if (c >= 32)
        {
            Byte(c);
            return;
        }
        Byte((byte)('0' + (c >> 6)));
        Byte((byte)('0' + ((c >> 3) & 7)));
        Byte((byte)('0' + (c & 7)));
    }

    /// <summary>Writes out what is in the buffer.</summary>
    public void Flush()
    {
        fixed (byte* buffer = _buffer)
        {
            if (!_failed && Files.WriteAll(_descriptor, buffer, (nuint)_used) != Errno.None) _failed = true;
        }
        _used = 0;
    }

    private static byte Digit(int value) => (byte)(value < 10 ? '0' + value : 'a' + value - 10);
}

/// <summary>Which atoms Erlang source must quote (the rules of erl_scan and io_lib:write_atom/1).</summary>
internal static class AtomNames
{
    // Reserved words, a blank around each.
    private static ReadOnlySpan<byte> Reserved =>
        " after and andalso band begin bnot bor bsl bsr bxor case catch cond div else end fun if let maybe not of or orelse receive rem try when xor "u8;

    public static bool NeedsQuotes(ReadOnlySpan<byte> text)
    {
        if (text.Length == 0 || !(text[0] is >= (byte)'a' and <= (byte)'z' || IsLatin1(text, 0, true))) return true;
        for (int i = 0; i < text.Length; i++)
        {
            byte c = text[i];
            if (c is >= (byte)'a' and <= (byte)'z' or >= (byte)'A' and <= (byte)'Z' or >= (byte)'0' and <= (byte)'9' or (byte)'_' or (byte)'@') continue;
            if (!IsLatin1(text, i, false)) return true;
            i++;
        }
        return IsReserved(text);
    }

    // A letter of U+00C0..U+00FF, two bytes; the signs of multiplication and division are none.
    private static bool IsLatin1(ReadOnlySpan<byte> text, int at, bool lower)
    {
        if (text[at] != 0xC3 || at + 1 >= text.Length) return false;
        byte second = text[at + 1];
        return second is not (0x97 or 0xB7) && (!lower || second >= 0x9F);
    }

    private static bool IsReserved(ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> all = Reserved;
        for (int i = 0; i + text.Length + 2 <= all.Length; i++)
            if (all[i] == (byte)' ' && all[i + text.Length + 1] == (byte)' ' && all.Slice(i + 1, text.Length).SequenceEqual(text)) return true;
        return false;
    }
}
