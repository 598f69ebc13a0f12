// The layouts of boxed objects other than tuples, floats and bignums (those are header + payload). Sizes in words equal OTP 29's, so that
// erts_debug:flat_size/1 agrees.
namespace MyBeam.Memory;

/// <summary>A bitstring of up to 64 bytes on the heap: 2 words + the data, padded to a word. Bits after the last one are unspecified.</summary>
public unsafe struct HeapBits
{
    public const int HeaderWords = 2;
    /// <summary>Up to this many bytes a bitstring lives on the heap (OTP: ERL_ONHEAP_BINARY_LIMIT).</summary>
    public const int MaxBytes = 64;
    public ulong Header;
    /// <summary>Size in bits.</summary>
    public ulong SizeBits;
    public fixed byte Data[8];

    /// <summary>Words of a heap bitstring of this many bits, header included.</summary>
    public static long Words(ulong bits) => HeaderWords + (long)((bits + 63) / 64);
}

/// <summary>A window on a bitstring: 5 words. Also the match context (flag Matching), whose Start moves while it is matched.</summary>
public unsafe struct SubBits
{
    public const int Words = 5;
    /// <summary>Flag bits in BaseFlags: the context of a running match; the writer end of an appendable binary.</summary>
    public const ulong Matching = 1, Writable = 2, FlagMask = 7;
    public ulong Header;
    /// <summary>Address of the first byte of the underlying data (8-byte aligned) | flags. The GC renews it when Orig is a HeapBits that moves.</summary>
    public ulong BaseFlags;
    /// <summary>First bit and the bit after the last, counted from the base.</summary>
    public ulong Start, End;
    /// <summary>HeapBits or BinaryRef (boxed).</summary>
    public Term Orig;

    public readonly byte* Base => (byte*)(BaseFlags & ~FlagMask);
    public readonly ulong SizeBits => End - Start;
}

/// <summary>A process's claim on an off-heap binary: 3 words, in the heap's off-heap list. Never seen by a program: always behind a SubBits.</summary>
public unsafe struct BinaryRef
{
    public const int Words = 3;
    public ulong Header;
    public OffHeapBinary* Binary;
    /// <summary>Next of the off-heap list (BinaryRef or MagicRef), or null.</summary>
    public BinaryRef* Next;
}

/// <summary>A reference to a native resource: 5 words: header, two id words like Reference, the resource, next of the off-heap list.
/// Equal and hashed by the id words.</summary>
public unsafe struct MagicRef
{
    public const int Words = 5;
    public ulong Header;
    public ulong Id0, Id1;
    public NativeResource* Resource;
    public BinaryRef* Next;
}

/// <summary>A reference made by make_ref/0 on this node: 3 words. Id0: low 18 bits of number 0 | number 1 shifted 32; Id1: number 2.</summary>
public struct Reference
{
    public const int Words = 3;
    public ulong Header;
    public ulong Id0, Id1;
}

/// <summary>A pid, port or reference of another node, or of an earlier incarnation of this one: header (extra bits say which), node (atom), creation,
/// data words: pid: number | serial shifted 32; port: number; reference: count of 32-bit numbers, then the numbers packed two a word.</summary>
public unsafe struct ExternalThing
{
    public ulong Header;
    public Term Node;
    public ulong Creation;
    public fixed ulong Data[4];
}

/// <summary>Head of a resource a MagicRef keeps alive. The owner embeds it as first field.</summary>
public unsafe struct NativeResource
{
    public long RefCount;
    /// <summary>Called when the last reference is gone; frees the resource.</summary>
    public delegate*<NativeResource*, void> Destroy;
    /// <summary>What it is (one of the constants of the module that made it).</summary>
    public ulong Kind;
}

/// <summary>A reference-counted binary outside all process heaps. The data follows the head, 8-byte aligned.</summary>
public unsafe struct OffHeapBinary
{
    public const int HeadBytes = 32;
    public long RefCount;
    /// <summary>Capacity of the data in bytes.</summary>
    public long Capacity;
    /// <summary>Bytes in use (for a writable binary the high-water end of what was appended).</summary>
    public long Size;
    /// <summary>0; of one that can be appended to, where what is in use ends, in bits, plus 1; of a file of the archive, Archived and its number (ArchiveEntry.Number).</summary>
    public ulong Flags;
    public const ulong Archived = 1UL << 63;

    public static byte* Data(OffHeapBinary* b) => (byte*)b + HeadBytes;
}

/// <summary>A local fun: 2 words + environment. Arity in the header counts the FunEntry word and the environment.</summary>
public unsafe struct Fun
{
    public const int HeaderWords = 2;
    public ulong Header;
    /// <summary>What code it runs (a FunEntry of the Vm; opaque here).</summary>
    public void* Entry;

    public static Term* Env(Fun* f) => (Term*)f + HeaderWords;
    public static int FreeCount(Fun* f) => (int)Memory.Header.Arity(f->Header) - 1;
}

/// <summary>fun M:F/A: 2 words.</summary>
public unsafe struct ExportFun
{
    public const int Words = 2;
    public ulong Header;
    /// <summary>The Export of the Vm (opaque here). Its first three fields are Module, Function (Term) and Arity (long): see ExportName.</summary>
    public ExportName* Export;
}

/// <summary>The first words of an Export entry, which is all that Memory needs of it (comparison, hashing).</summary>
public struct ExportName
{
    public Term Module, Function;
    public long Arity;
}

/// <summary>The first words of a FunEntry of the Vm, which is all that Memory needs of it (comparison, hashing).</summary>
public struct FunName
{
    public Term Module;
    public long Arity;
    public long Index;
    public long OldUniq;
}

/// <summary>A map of up to 32 keys: 3 words + values; the keys are a tuple (which updates share), sorted by the order of FlatMap keys
/// (atoms by atom index, everything else in term order; see Maps).</summary>
public unsafe struct FlatMap
{
    public const int HeaderWords = 3;
    /// <summary>Most keys of a flat map (OTP: MAP_SMALL_MAP_LIMIT).</summary>
    public const int MaxSize = 32;
    public ulong Header;
    /// <summary>Number of keys, a small.</summary>
    public Term Size;
    /// <summary>Tuple of keys.</summary>
    public Term Keys;

    public static Term* Values(FlatMap* m) => (Term*)m + HeaderWords;
}

/// <summary>Root of a HAMT: header (extra bits: bitmap of the 16 slots), size as a small, then one word a set bit: a cons [Key|Value], or a boxed
/// HashNode (header with bitmap, then one word a set bit). Nodes below are alike without the size.</summary>
public unsafe struct HashMap
{
    public const int HeaderWords = 2;
    public ulong Header;
    public Term Size;

    public static Term* Slots(HashMap* m) => (Term*)m + HeaderWords;
}
