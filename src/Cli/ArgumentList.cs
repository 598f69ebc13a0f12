// Lists of command line arguments, and where texts made for them live.
namespace MyBeam.Cli;

using System;
using MyBeam.Memory;

/// <summary>Zero-terminated texts that are freed together.</summary>
internal unsafe struct TextStore
{
    private NativeList<nint> blocks;

    /// <summary>A copy with a zero at the end. Null: memory is out.</summary>
    public byte* Copy(ReadOnlySpan<byte> text) => Join(text, default, default);

    /// <summary>A copy of a zero-terminated text.</summary>
    public byte* Copy(byte* text) => Copy(Span(text));

    /// <summary>The texts one after another.</summary>
    public byte* Join(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third)
    {
        int n = first.Length + second.Length + third.Length;
        // The size in front is for Free.
        byte* block = (byte*)Allocator.Alloc((nuint)n + 9, Owner.Text);
        if (block == null) return null;
        *(long*)block = n + 9;
        byte* text = block + 8;
        first.CopyTo(new Span<byte>(text, first.Length));
        second.CopyTo(new Span<byte>(text + first.Length, second.Length));
        third.CopyTo(new Span<byte>(text + first.Length + second.Length, third.Length));
        text[n] = 0;
        if (blocks.Add((nint)block, Owner.Text)) return text;
        Allocator.Free(block, (nuint)n + 9, Owner.Text);
        return null;
    }

    /// <summary>Frees all of them.</summary>
    public void Free()
    {
        for (int i = 0; i < blocks.Count; i++) Allocator.Free((void*)blocks[i], (nuint)(*(long*)blocks[i]), Owner.Text);
        blocks.Free(Owner.Text);
    }

    /// <summary>A zero-terminated text without its zero.</summary>
    public static ReadOnlySpan<byte> Span(byte* text)
    {
        int n = 0;
        while (text[n] != 0) n++;
        return new ReadOnlySpan<byte>(text, n);
    }
}

/// <summary>A growing list of zero-terminated arguments that it does not own.</summary>
internal unsafe struct ArgumentList
{
    private NativeList<nint> items;

    /// <summary>Memory ran out: arguments are missing.</summary>
    public bool Failed;

    public readonly int Count => items.Count;

    public readonly byte* this[int i] => (byte*)items[i];

    /// <summary>Appends; null counts as memory that ran out.</summary>
    public void Add(byte* argument)
    {
        if (argument == null || !items.Add((nint)argument, Owner.Text)) Failed = true;
    }

    /// <summary>Appends a text, copied to the store.</summary>
    public void Add(ref TextStore store, ReadOnlySpan<byte> text) => Add(store.Copy(text));

    /// <summary>Appends the arguments of another list.</summary>
    public void Add(in ArgumentList other)
    {
        for (int i = 0; i < other.Count; i++) Add(other[i]);
    }

    /// <summary>The arguments as a vector.</summary>
    public readonly byte** Vector => (byte**)items.Items;

    /// <summary>Frees the list.</summary>
    public void Free() => items.Free(Owner.Text);
}
