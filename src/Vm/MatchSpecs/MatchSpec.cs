// The native program of a match specification.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>A compiled match specification: reference-counted, immutable, usable from several threads at once. Its words follow the struct: the heads of
/// the clauses, then the copy of the specification, which all constants of the program are part of.</summary>
public unsafe struct MatchSpec
{
    /// <summary>Count of claims; the kind is ResourceKind.MatchSpec.</summary>
    public NativeResource Head;
    /// <summary>What it was compiled for.</summary>
    public MatchSpecKind Kind;
    public int ClauseCount;
    /// <summary>The copy of the whole specification (what tracing shows as its source).</summary>
    public Term Source;
    /// <summary>Words that follow the struct.</summary>
    public long Words;
    /// <summary>Claims of the constants on off-heap binaries and resources.</summary>
    public BinaryRef* OffHeap;

    /// <summary>The head pattern of each clause.</summary>
    public static Term* Heads(MatchSpec* ms) => (Term*)(ms + 1);
}
