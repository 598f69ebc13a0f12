// What the zstd module holds behind references: decompression contexts and dictionaries.
namespace MyBeam.Vm;

using System.Runtime.InteropServices;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>A decompression context.</summary>
public unsafe struct ZstdContext
{
    public NativeResource Head;
    /// <summary>libzstd's; null when it is closed.</summary>
    public void* Context;
    /// <summary>The process that may use it.</summary>
    public Term Owner;
    /// <summary>1: a stream is under way.</summary>
    public int InUse;
    /// <summary>The dictionary it uses, with a claim on it, or null.</summary>
    public ZstdDictionary* Dictionary;

    /// <summary>A context, with one claim; null when memory is out.</summary>
    public static ZstdContext* Create(Term owner)
    {
        ZstdContext* z = (ZstdContext*)Allocator.AllocZeroed((nuint)sizeof(ZstdContext), MyBeam.Memory.Owner.Resource);
        if (z == null) return null;
        z->Head.RefCount = 1;
        z->Head.Destroy = &Destroy;
        z->Head.Kind = ResourceKind.ZstdDecompressor;
        z->Owner = owner;
        z->Context = ZstdStream.NewContext(ZstdMemoryBlocks.Functions());
        if (z->Context != null) return z;
        Destroy(&z->Head);
        return null;
    }

    private static void Destroy(NativeResource* r)
    {
        Close((ZstdContext*)r);
        Allocator.Free(r, (nuint)sizeof(ZstdContext), MyBeam.Memory.Owner.Resource);
    }

    /// <summary>Frees all but the resource itself.</summary>
    public static void Close(ZstdContext* z)
    {
        if (z->Context != null) ZstdStream.FreeContext(z->Context);
        z->Context = null;
        Use(z, null);
    }

    /// <summary>Notes which dictionary the context uses.</summary>
    public static void Use(ZstdContext* z, ZstdDictionary* dictionary)
    {
        if (dictionary != null) Resources.Retain(&dictionary->Head);
        if (z->Dictionary != null) Resources.Release(&z->Dictionary->Head);
        z->Dictionary = dictionary;
    }

    /// <summary>Forgets what was begun.</summary>
    public static void Reset(ZstdContext* z)
    {
        ZstdStream.Reset(z->Context);
        z->InUse = 0;
    }
}

/// <summary>A dictionary for decompression.</summary>
public unsafe struct ZstdDictionary
{
    public NativeResource Head;
    /// <summary>libzstd's.</summary>
    public void* Dictionary;

    /// <summary>A dictionary from its text, with one claim; null when the text is none or memory is out.</summary>
    public static ZstdDictionary* Create(byte* data, long bytes)
    {
        void* dictionary = ZstdStream.NewDictionary(data, (nuint)bytes, ZstdMemoryBlocks.Functions());
        if (dictionary == null) return null;
        ZstdDictionary* d = (ZstdDictionary*)Allocator.AllocZeroed((nuint)sizeof(ZstdDictionary), Owner.Resource);
        if (d == null)
        {
            ZstdStream.FreeDictionary(dictionary);
            return null;
        }
        d->Head.RefCount = 1;
        d->Head.Destroy = &Destroy;
        d->Head.Kind = ResourceKind.ZstdDictionary;
        d->Dictionary = dictionary;
        return d;
    }

    private static void Destroy(NativeResource* r)
    {
        ZstdStream.FreeDictionary(((ZstdDictionary*)r)->Dictionary);
        Allocator.Free(r, (nuint)sizeof(ZstdDictionary), Owner.Resource);
    }
}

/// <summary>Memory for zstd, counted with the VM's.</summary>
internal static unsafe class ZstdMemoryBlocks
{
    // Before every block: its bytes, so that it can be freed.
    private const int BlockHead = 16;

    /// <summary>The functions for zstd.</summary>
    internal static ZstdMemory Functions() => new() { Allocate = &Allocate, FreeMemory = &FreeMemory };

    [UnmanagedCallersOnly]
    private static void* Allocate(void* opaque, nuint bytes)
    {
        bytes += BlockHead;
        nuint* block = (nuint*)Allocator.Alloc(bytes, Owner.Compression);
        if (block == null) return null;
        *block = bytes;
        return (byte*)block + BlockHead;
    }

    [UnmanagedCallersOnly]
    private static void FreeMemory(void* opaque, void* block)
    {
        if (block == null) return;
        nuint* start = (nuint*)((byte*)block - BlockHead);
        Allocator.Free(start, *start, Owner.Compression);
    }
}
