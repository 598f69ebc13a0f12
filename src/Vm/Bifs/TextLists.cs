// Lists of bytes: what natives that give or take "strings" of ASCII or Latin-1 share.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Byte lists.</summary>
public static unsafe class TextLists
{
    /// <summary>The list of these bytes before a tail. 2 words a byte.</summary>
    public static Term FromBytes(Process* p, byte* bytes, long count, Term tail)
    {
        if (count == 0) return tail;
        Cons* cells = (Cons*)Process.Alloc(p, count * 2);
        if (cells == null) return Process.SystemLimit(p);
        for (long i = 0; i < count; i++)
        {
            cells[i].Head = Term.Small(bytes[i]);
            cells[i].Tail = Term.List(cells + i + 1);
        }
        cells[count - 1].Tail = tail;
        return Term.List(cells);
    }

    /// <summary>Copies the elements of a list that are all bytes. False when it is not such a list, or not of this length.</summary>
    public static bool ToBytes(Term list, byte* bytes, long count)
    {
        for (; list.IsCons; list = list.Tail)
        {
            if (--count < 0 || !list.Head.IsSmall || (ulong)list.Head.SmallValue > 255) return false;
            *bytes++ = (byte)list.Head.SmallValue;
        }
        return list.IsNil && count == 0;
    }
}
