// A growable run of bytes for text on its way out (printing terms, building messages). Its holder frees it.
namespace MyBeam.Vm;

using System;
using System.Runtime.CompilerServices;
using MyBeam.Memory;

/// <summary>Bytes, mostly UTF-8 text. Default is empty. When memory is out, Failed is set and what is added is lost.</summary>
public unsafe struct TextBuffer
{
    private byte* data;
    private long count, capacity;

    /// <summary>Memory ran out, or Limit is reached: the text is not whole. Whoever writes much looks at it now and then.</summary>
    public bool Failed;

    /// <summary>Bytes at which the text is long enough; 0: no limit.</summary>
    public long Limit;

    /// <summary>Address of the first byte; moves when the buffer grows.</summary>
    public readonly byte* Data => data;

    /// <summary>Bytes in it.</summary>
    public readonly long Count => count;

    /// <summary>What is in it.</summary>
    public readonly ReadOnlySpan<byte> Text => new(data, (int)count);

    /// <summary>Forgets the text, keeps the memory.</summary>
    public void Clear() => count = 0;

    /// <summary>Gives the memory back; the buffer is empty.</summary>
    public void Free()
    {
        Allocator.Free(data, (nuint)capacity, Owner.Text);
        data = null;
        count = capacity = 0;
    }

    /// <summary>Room for so many more bytes at the end, which the caller fills and counts with Advance; null when memory is out.</summary>
    public byte* Reserve(long bytes)
    {
        if (capacity - count < bytes && !Grow(bytes)) return null;
        return data + count;
    }

    /// <summary>Counts bytes written behind Reserve.</summary>
    public void Advance(long bytes) => count += bytes;

    /// <summary>One byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddByte(int value)
    {
        if (count == capacity && !Grow(1)) return;
        data[count++] = (byte)value;
    }

    /// <summary>Bytes as they are.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* b = bytes) Add(b, bytes.Length);
    }

    /// <summary>Bytes as they are.</summary>
    public void Add(byte* bytes, long length)
    {
        if (length == 0 || (capacity - count < length && !Grow(length))) return;
        Buffer.MemoryCopy(bytes, data + count, length, length);
        count += length;
    }

    /// <summary>A decimal number.</summary>
    public void AddNumber(long number)
    {
        if (number < 0) AddByte('-');
        AddUnsigned(number < 0 ? 0UL - (ulong)number : (ulong)number);
    }

    /// <summary>A decimal number.</summary>
    public void AddUnsigned(ulong number)
    {
        byte* digits = stackalloc byte[20];
        int n = 20;
        do
        {
            digits[--n] = (byte)('0' + (number % 10));
            number /= 10;
        }
        while (number != 0);
        Add(digits + n, 20 - n);
    }

    /// <summary>A code point in UTF-8.</summary>
    public void AddCodePoint(long code)
    {
        if (code < 0x80)
        {
            AddByte((int)code);
            return;
        }
        if (code < 0x800) AddByte((int)(0xC0 | (code >> 6)));
        else
        {
            if (code < 0x10000) AddByte((int)(0xE0 | (code >> 12)));
            else
            {
                AddByte((int)(0xF0 | (code >> 18)));
                AddByte((int)(0x80 | ((code >> 12) & 0x3F)));
            }
            AddByte((int)(0x80 | ((code >> 6) & 0x3F)));
        }
        AddByte((int)(0x80 | (code & 0x3F)));
    }

    /// <summary>An atom as Erlang source has it (io_lib:write_atom/1): in quotes where it needs them.</summary>
    public void AddAtom(Term atom)
    {
        AtomTable.Entry* entry = AtomTable.Get(atom);
        ReadOnlySpan<byte> text = new(entry->Text, entry->Bytes);
        if (!AtomText.NeedsQuotes(text))
        {
            Add(text);
            return;
        }
        AddByte('\'');
        for (int i = 0; i < text.Length;)
        {
            int c = Utf8Reader.Decode(text, ref i);
            AddEscaped(c, '\'');
        }
        AddByte('\'');
    }

    /// <summary>The bare text of an atom.</summary>
    public void AddAtomText(Term atom)
    {
        AtomTable.Entry* entry = AtomTable.Get(atom);
        Add(entry->Text, entry->Bytes);
    }

    /// <summary>A character of a quoted text as io_lib:write_string/2 writes it.</summary>
    public void AddEscaped(int c, int quote)
    {
        int letter = c switch
        {
            '\n' => 'n',
            '\r' => 'r',
            '\t' => 't',
            11 => 'v',
            8 => 'b',
            12 => 'f',
            27 => 'e',
            127 => 'd',
            '\\' => '\\',
            _ => c == quote ? c : 0,
        };
        if (letter != 0)
        {
            AddByte('\\');
            AddByte(letter);
        }
        else if (c < 32 || (c > 126 && c < 160)) AddOctal(c);
        else AddCodePoint(c);
    }

    /// <summary>A backslash and three octal digits.</summary>
    public void AddOctal(int c)
    {
        AddByte('\\');
        AddByte('0' + (c >> 6));
        AddByte('0' + ((c >> 3) & 7));
        AddByte('0' + (c & 7));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Grow(long more)
    {
        long size = capacity * 2;
        if (size < count + more) size = count + more;
        if (size < 256) size = 256;
        if (Failed || (Limit != 0 && count >= Limit))
        {
            Failed = true;
            return false;
        }
        byte* fresh = (byte*)Allocator.Realloc(data, (nuint)capacity, (nuint)size, Owner.Text);
        if (fresh == null)
        {
            Failed = true;
            return false;
        }
        data = fresh;
        capacity = size;
        return true;
    }
}

/// <summary>Reading UTF-8.</summary>
public static class Utf8Reader
{
    /// <summary>The code point at <paramref name="at"/> of valid UTF-8; moves past it.</summary>
    public static int Decode(ReadOnlySpan<byte> text, ref int at)
    {
        int c = text[at++];
        if (c < 0x80) return c;
        int more = c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
        c &= 0x3F >> more;
        while (more-- > 0 && at < text.Length) c = (c << 6) | (text[at++] & 0x3F);
        return c;
    }

    /// <summary>As Decode for any bytes: -1, without moving, when there is no valid character.</summary>
    public static int TryDecode(ReadOnlySpan<byte> text, ref int at)
    {
        int c = text[at];
        if (c < 0x80)
        {
            at++;
            return c;
        }
        int more = c < 0xC2 ? 0 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : c < 0xF5 ? 3 : 0;
        if (more == 0 || text.Length - at <= more) return -1;
        c &= 0x3F >> more;
        for (int i = 1; i <= more; i++)
        {
            int next = text[at + i];
            if ((next & 0xC0) != 0x80) return -1;
            c = (c << 6) | (next & 0x3F);
        }
        // Too long a form, a surrogate, or past the last code point.
        if (c < (more == 1 ? 0x80 : more == 2 ? 0x800 : 0x10000) || c > 0x10FFFF || (c & 0x1FF800) == 0xD800) return -1;
        at += more + 1;
        return c;
    }
}

/// <summary>Which atoms need quotes.</summary>
public static class AtomText
{
    // Reserved words, a blank around each.
    private static ReadOnlySpan<byte> Reserved =>
        " after and andalso band begin bnot bor bsl bsr bxor case catch cond div else end fun if let maybe not of or orelse receive rem try when xor "u8;

    /// <summary>Whether source must quote an atom of this text (the rules of io_lib:write_atom/1).</summary>
    public static bool NeedsQuotes(ReadOnlySpan<byte> text)
    {
        if (text.Length == 0) return true;
        for (int i = 0; i < text.Length;)
        {
            bool first = i == 0;
            int c = Utf8Reader.Decode(text, ref i);
            if (IsLower(c)) continue;
            if (first || !(IsUpper(c) || c is (>= '0' and <= '9') or '_' or '@')) return true;
        }
        return IsReserved(text);
    }

    /// <summary>A lower case letter of Latin-1: what an atom without quotes begins with.</summary>
    public static bool IsLower(int c) => c is (>= 'a' and <= 'z') or (>= 0xDF and <= 0xFF and not 0xF7);

    /// <summary>An upper case letter of Latin-1.</summary>
    public static bool IsUpper(int c) => c is (>= 'A' and <= 'Z') or (>= 0xC0 and <= 0xDE and not 0xD7);

    /// <summary>Whether it is a reserved word.</summary>
    public static bool IsReserved(ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> all = Reserved;
        for (int i = 0; i + text.Length + 2 <= all.Length; i++)
            if (all[i] == (byte)' ' && all[i + text.Length + 1] == (byte)' ' && all.Slice(i + 1, text.Length).SequenceEqual(text)) return true;
        return false;
    }
}
