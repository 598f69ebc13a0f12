// UTF-8 in whole bytes: how far it is valid, how many characters it has, and lists of its characters.
namespace MyBeam.Vm;

using System.Numerics;
using System.Runtime.CompilerServices;
using MyBeam.Memory;

/// <summary>How a run of UTF-8 ends.</summary>
internal enum Utf8End
{
    /// <summary>All of it is valid.</summary>
    Complete,
    /// <summary>The last character has fewer bytes than its first byte says. The bytes that are there have not been looked at.</summary>
    Cut,
    /// <summary>Something that is no UTF-8.</summary>
    Wrong,
}

/// <summary>UTF-8 in whole bytes.</summary>
internal static unsafe class Utf8Text
{
    private const ulong HighBits = 0x8080_8080_8080_8080;

    /// <summary>Bytes that a first byte asks for: 1 to 4, or 0 when it is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int LengthOf(byte first) => first < 0x80 ? 1 : first < 0xC0 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF8 ? 4 : 0;

    /// <summary>Whether all bytes are below 128.</summary>
    public static bool IsAscii(byte* data, long bytes)
    {
        long i = 0;
        for (; i + 8 <= bytes; i += 8)
            if ((Unsafe.ReadUnaligned<ulong>(data + i) & HighBits) != 0) return false;
        for (; i < bytes; i++)
            if (data[i] >= 0x80) return false;
        return true;
    }

    /// <summary>How many bytes at the start are whole, valid characters, and how many characters those are.</summary>
    public static Utf8End Check(byte* data, long bytes, out long valid, out long characters)
    {
        long i = 0, count = 0;
        Utf8End end = Utf8End.Complete;
        while (i < bytes)
        {
            if (data[i] < 0x80)
            {
                if (i + 8 <= bytes && (Unsafe.ReadUnaligned<ulong>(data + i) & HighBits) == 0)
                {
                    i += 8;
                    count += 8;
                    continue;
                }
                i++;
                count++;
                continue;
            }
            int length = LengthOf(data[i]);
            if (length == 0) { end = Utf8End.Wrong; break; }
            if (bytes - i < length) { end = Utf8End.Cut; break; }
            if (!IsCharacter(data + i, length)) { end = Utf8End.Wrong; break; }
            i += length;
            count++;
        }
        valid = i;
        characters = count;
        return end;
    }

    // Two to four bytes: the shortest form of a code point that is no surrogate.
    private static bool IsCharacter(byte* p, int length)
    {
        if ((p[1] & 0xC0) != 0x80) return false;
        switch (length)
        {
            case 2:
                return p[0] >= 0xC2;
            case 3:
                if ((p[2] & 0xC0) != 0x80) return false;
                return p[0] == 0xE0 ? p[1] >= 0xA0 : p[0] != 0xED || p[1] < 0xA0;
            default:
                if ((p[2] & 0xC0) != 0x80 || (p[3] & 0xC0) != 0x80) return false;
                return p[0] == 0xF0 ? p[1] >= 0x90 : p[0] < 0xF4 || (p[0] == 0xF4 && p[1] < 0x90);
        }
    }

    /// <summary>Whether the start of a character that was cut may still become one, as OTP decides it (it does not look for too long forms).</summary>
    public static bool MayGoOn(byte* p, long bytes)
    {
        int length = LengthOf(*p);
        for (long i = 1; i < bytes; i++)
            if ((p[i] & 0xC0) != 0x80) return false;
        return length > bytes;
    }

    /// <summary>The bytes of text in Latin-1 (as UTF-8 they take one more for each byte from 128 up).</summary>
    public static long Latin1Size(byte* data, long bytes)
    {
        long high = 0, i = 0;
        for (; i + 8 <= bytes; i += 8) high += BitOperations.PopCount(Unsafe.ReadUnaligned<ulong>(data + i) & HighBits);
        for (; i < bytes; i++) high += data[i] >> 7;
        return bytes + high;
    }

    /// <summary>Writes Latin-1 as UTF-8; gives the end.</summary>
    public static byte* FromLatin1(byte* data, long bytes, byte* to)
    {
        for (long i = 0; i < bytes; i++)
        {
            byte b = data[i];
            if (b < 0x80)
            {
                *to++ = b;
                continue;
            }
            *to++ = (byte)(0xC0 | (b >> 6));
            *to++ = (byte)(0x80 | (b & 0x3F));
        }
        return to;
    }

    /// <summary>Bytes of a code point in UTF-8; what is no code point counts as four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int SizeOf(ulong code) => code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    /// <summary>Writes a valid code point; gives the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* Put(byte* to, uint code)
    {
        if (code < 0x80)
        {
            *to = (byte)code;
            return to + 1;
        }
        return PutLong(to, code);
    }

    private static byte* PutLong(byte* to, uint code)
    {
        int size = SizeOf(code);
        uint all = BitsUtf.Utf8(code);
        for (int i = size - 1; i >= 0; i--)
        {
            to[i] = (byte)all;
            all >>= 8;
        }
        return to + size;
    }

    /// <summary>The list of the characters of valid UTF-8 before a tail. None, with system_limit recorded, when memory is out.</summary>
    public static Term ToList(Process* p, byte* data, long bytes, long characters, Term tail)
    {
        if (characters == 0) return tail;
        Cons* cells = (Cons*)Process.Alloc(p, characters * 2);
        if (cells == null) return Process.SystemLimit(p);
        byte* end = data + bytes;
        Cons* cell = cells;
        for (byte* at = data; at < end; cell++)
        {
            uint code = *at;
            if (code < 0x80) at++;
            else code = Decode(ref at);
            cell->Head = Term.Small(code);
            cell->Tail = Term.List(cell + 1);
        }
        cells[characters - 1].Tail = tail;
        return Term.List(cells);
    }

    private static uint Decode(ref byte* at)
    {
        byte* p = at;
        switch (LengthOf(*p))
        {
            case 2:
                at = p + 2;
                return ((p[0] & 0x1Fu) << 6) | (p[1] & 0x3Fu);
            case 3:
                at = p + 3;
                return ((p[0] & 0xFu) << 12) | ((p[1] & 0x3Fu) << 6) | (p[2] & 0x3Fu);
            default:
                at = p + 4;
                return ((p[0] & 7u) << 18) | ((p[1] & 0x3Fu) << 12) | ((p[2] & 0x3Fu) << 6) | (p[3] & 0x3Fu);
        }
    }
}
