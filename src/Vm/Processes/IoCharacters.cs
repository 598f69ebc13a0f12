// Steps through chardata: lists, nested, of code points and binaries.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>An iterator over the characters of chardata. Free it when done.</summary>
public unsafe struct IoCharacters
{
    /// <summary>Given when the data is no chardata.</summary>
    public const uint Bad = uint.MaxValue;

    private NativeList<Term> rest;
    private Term at;
    private byte* data;
    private long bytes;
    private readonly bool latin1;

    public IoCharacters(Term chardata, bool latin1)
    {
        this = default;
        at = chardata;
        this.latin1 = latin1;
    }

    /// <summary>Frees the stack of the iterator.</summary>
    public void Free() => rest.Free(Owner.Text);

    /// <summary>The next character. False at the end.</summary>
    public bool Next(out uint c)
    {
        while (true)
        {
            if (bytes > 0)
            {
                c = FromBytes();
                return true;
            }
            if (at.IsNil || at.IsNone)
            {
                if (rest.Count == 0)
                {
                    c = 0;
                    return false;
                }
                at = rest.Pop();
                continue;
            }
            if (at.IsCons)
            {
                Term head = at.Head;
                at = at.Tail;
                if (head.IsSmall)
                {
                    c = (ulong)head.SmallValue <= 0x10FFFF ? (uint)head.SmallValue : Bad;
                    return true;
                }
                rest.Add(at, Owner.Text);
                at = head;
                continue;
            }
            if (Binaries.Bytes(at, out byte* first, out long offset, out long bits) && offset == 0 && (bits & 7) == 0)
            {
                data = first;
                bytes = bits / 8;
                at = Term.Nil;
                continue;
            }
            c = Bad;
            at = Term.Nil;
            return true;
        }
    }

    private uint FromBytes()
    {
        uint b = *data++;
        bytes--;
        if (latin1 || b < 0x80) return b;
        int more = b >= 0xF0 ? 3 : b >= 0xE0 ? 2 : b >= 0xC0 ? 1 : -1;
        if (more < 0 || more > bytes) return Bad;
        uint c = b & (0x3Fu >> more);
        while (more-- > 0)
        {
            c = (c << 6) | (*data++ & 0x3Fu);
            bytes--;
        }
        return c;
    }
}
