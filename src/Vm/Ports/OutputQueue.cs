// What a port could not write yet.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>A piece of output: this head, then its bytes.</summary>
public unsafe struct OutputChunk
{
    public OutputChunk* Next;
    /// <summary>Bytes in it; how many of them are written.</summary>
    public long Bytes, Written;

    public static byte* Data(OutputChunk* c) => (byte*)(c + 1);

    /// <summary>A chunk for so many bytes; null when memory is out.</summary>
    public static OutputChunk* New(long bytes)
    {
        OutputChunk* c = (OutputChunk*)Allocator.Alloc((nuint)(sizeof(OutputChunk) + bytes), Owner.Vm);
        if (c == null) return null;
        c->Next = null;
        c->Bytes = bytes;
        c->Written = 0;
        return c;
    }

    public static void Free(OutputChunk* c) => Allocator.Free(c, (nuint)(sizeof(OutputChunk) + c->Bytes), Owner.Vm);
}

/// <summary>Chunks in their order; default is empty.</summary>
public unsafe struct OutputQueue
{
    public OutputChunk* First;
    private OutputChunk* last;
    /// <summary>Bytes that are not written.</summary>
    public long Bytes;

    /// <summary>Takes over a chunk.</summary>
    public void Add(OutputChunk* c)
    {
        Bytes += c->Bytes - c->Written;
        if (First == null) First = c;
        else last->Next = c;
        last = c;
    }

    /// <summary>So many bytes of the first chunk are written.</summary>
    public void Written(long bytes)
    {
        OutputChunk* c = First;
        c->Written += bytes;
        Bytes -= bytes;
        if (c->Written < c->Bytes) return;
        First = c->Next;
        OutputChunk.Free(c);
    }

    /// <summary>Drops everything.</summary>
    public void Free()
    {
        while (First != null)
        {
            OutputChunk* c = First;
            First = c->Next;
            OutputChunk.Free(c);
        }
        Bytes = 0;
    }
}
