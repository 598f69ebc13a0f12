// Strings as lists of characters.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;

/// <summary>Makes and reads lists of characters.</summary>
public static unsafe class CharacterLists
{
    /// <summary>The list of the characters of a text in UTF-8; bytes that are no UTF-8 become characters of Latin-1. 2 words each.</summary>
    public static Term Of(Process* p, ReadOnlySpan<byte> utf8) => Of(p, utf8, Term.Nil);

    /// <summary>The same in front of a tail.</summary>
    public static Term Of(Process* p, ReadOnlySpan<byte> utf8, Term tail)
    {
        for (int end = utf8.Length; end > 0;)
        {
            // Backwards to the first byte of the character.
            int start = end - 1;
            while (start > 0 && end - start < 4 && (utf8[start] & 0xC0) == 0x80) start--;
            int after = start;
            long c = Utf8Reader.TryDecode(utf8[..end], ref after);
            if (c < 0 || after != end)
            {
                start = end - 1;
                c = utf8[start];
            }
            tail = Process.Cons(p, Term.Small(c), tail);
            end = start;
        }
        return tail;
    }

    /// <summary>The list of the characters up to a zero byte.</summary>
    public static Term OfZeroTerminated(Process* p, byte* text)
    {
        int n = 0;
        while (text[n] != 0) n++;
        return Of(p, new ReadOnlySpan<byte>(text, n));
    }

    /// <summary>Adds the characters of a list as UTF-8. False: not a proper list of characters.</summary>
    public static bool Read(Term list, ref TextBuffer to)
    {
        for (; list.IsCons; list = list.Tail)
        {
            if (!list.Head.IsSmall || !BitsUtf.IsValid((ulong)list.Head.SmallValue)) return false;
            to.AddCodePoint(list.Head.SmallValue);
        }
        return list.IsNil;
    }
}
