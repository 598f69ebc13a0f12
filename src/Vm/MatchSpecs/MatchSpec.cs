// The native program of a match specification.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>A compiled match specification: reference-counted, immutable, usable from several threads at once. Its words follow the struct: the heads of
/// the clauses, then the copy of the specification, which the constants of the program are part of.</summary>
public unsafe struct MatchSpec
{
    /// <summary>Registers 0 and 1 have a meaning (MatchInstruction.cs).</summary>
    internal const int FirstFreeRegister = 2;

    /// <summary>Count of claims; the kind is ResourceKind.MatchSpec.</summary>
    public NativeResource Head;
    /// <summary>What it was compiled for.</summary>
    public MatchSpecKind Kind;
    public int ClauseCount;
    /// <summary>The copy of the whole specification (what tracing shows as its source).</summary>
    public Term Source;
    /// <summary>Words that follow the struct.</summary>
    public long Words;
    /// <summary>Constants that are not written out in the specification (those with {{…}} inside).</summary>
    internal ulong* Folded;
    internal long FoldedWords;
    /// <summary>Claims of the constants on off-heap binaries and resources.</summary>
    public BinaryRef* OffHeap;
    internal NativeList<MatchInstruction> Code;
    /// <summary>Registers a run needs.</summary>
    internal int Registers;

    /// <summary>The head pattern of each clause.</summary>
    public static Term* Heads(MatchSpec* ms) => (Term*)(ms + 1);

    /// <summary>Where the copy of the specification begins.</summary>
    internal static ulong* Constants(MatchSpec* ms) => (ulong*)(ms + 1) + ms->ClauseCount;

    /// <summary>A program without code, with one claim; null when memory is out.</summary>
    internal static MatchSpec* Create(MatchSpecKind kind, long clauses, long constantWords)
    {
        if (clauses > int.MaxValue) return null;
        long words = clauses + constantWords;
        MatchSpec* ms = (MatchSpec*)Allocator.Alloc(Bytes(words), Owner.Binary);
        if (ms == null) return null;
        *ms = default;
        ms->Head.RefCount = 1;
        ms->Head.Destroy = &Destroy;
        ms->Head.Kind = ResourceKind.MatchSpec;
        ms->Kind = kind;
        ms->ClauseCount = (int)clauses;
        ms->Words = words;
        return ms;
    }

    private static nuint Bytes(long words) => (nuint)(sizeof(MatchSpec) + (words * 8));

    private static void Destroy(NativeResource* r)
    {
        MatchSpec* ms = (MatchSpec*)r;
        Heap.ReleaseOffHeap(ms->OffHeap);
        Allocator.Free(ms->Folded, (nuint)ms->FoldedWords * 8, Owner.Binary);
        ms->Code.Free(Owner.Binary);
        Allocator.Free(ms, Bytes(ms->Words), Owner.Binary);
    }
}
