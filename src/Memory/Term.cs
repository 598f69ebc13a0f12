// A term: one 64-bit tagged word. This file holds the tag scheme and every way to look into or make a word; nothing else in the project
// shifts or masks tag bits.
//
//   ....00  header word of a boxed object, or a code address on the stack (never a value a program can hold)
//   ....01  pointer to a cons cell (two words: head, tail)
//   ....10  pointer to a boxed object (a header word, then its payload)
//   ..0011  pid          (28 bits number, the rest serial)
//   ..0111  port
//   001011  atom         (index into the atom table in bits 6..)
//   011011  catch        (index of a catch label; only in stack slots)
//   111011  nil
//   ..1111  small integer (60 bits, signed)
namespace MyBeam.Memory;

using System.Runtime.CompilerServices;

/// <summary>The kind of a boxed object: bits 0..5 of its header word (bits 0..1 are 00). Bits 6..47 hold the arity: the number of words that
/// follow the header. Bits 48..63 hold the bitmap of a HAMT node, else 0 (records: flags).</summary>
public static class Header
{
    public const ulong Tuple = 0x00, Record = 0x04, PositiveBig = 0x08, NegativeBig = 0x0C, Reference = 0x10, Fun = 0x14, Float = 0x18,
        ExternalThing = 0x1C, HeapBits = 0x20, SubBits = 0x24, BinaryRef = 0x28, ExportFun = 0x2C, FlatMap = 0x30, HashMap = 0x34, HashNode = 0x38,
        MagicRef = 0x3C;
    public const ulong KindMask = 0x3F;
    public const int ArityShift = 6;
    public const ulong ArityMask = (1UL << 42) - 1;
    public const int ExtraShift = 48;

    /// <summary>A header word. <paramref name="arity"/>: words after the header.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Make(ulong kind, long arity) => kind | ((ulong)arity << ArityShift);

    /// <summary>A header word with the 16 extra bits (HAMT bitmap).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Make(ulong kind, long arity, int extra) => kind | ((ulong)arity << ArityShift) | ((ulong)(uint)extra << ExtraShift);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Kind(ulong header) => header & KindMask;

    /// <summary>Words after the header.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Arity(ulong header) => (long)((header >> ArityShift) & ArityMask);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Extra(ulong header) => (int)(header >> ExtraShift);
}

/// <summary>One tagged word; see the head of the file for the tags.</summary>
public readonly unsafe struct Term
{
    /// <summary>The word itself.</summary>
    public readonly ulong Bits;

    public const ulong PrimaryMask = 3, ListTag = 1, BoxedTag = 2;
    public const ulong SmallTag = 0xF, PidTag = 0x3, PortTag = 0x7, ImmediateMask = 0xF;
    public const ulong AtomTag = 0x0B, CatchTag = 0x1B, NilBits = 0x3B, SpecialMask = 0x3F;

    /// <summary>Largest and smallest small integer (60 bits signed).</summary>
    public const long MaxSmall = (1L << 59) - 1, MinSmall = -(1L << 59);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Term(ulong bits) => Bits = bits;

    /// <summary>No term: what a native returns after it has recorded an exception or a trap in its process.</summary>
    public static Term None { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => default; }
    public static Term Nil { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => new(NilBits); }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Term Small(long value) => new(((ulong)value << 4) | SmallTag);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool FitsSmall(long value) => (ulong)(value - MinSmall) <= (ulong)(MaxSmall - MinSmall);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Term Atom(uint index) => new(((ulong)index << 6) | AtomTag);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Term Boxed(void* p) => new((ulong)p | BoxedTag);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Term List(void* p) => new((ulong)p | ListTag);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Term Catch(uint index) => new(((ulong)index << 6) | CatchTag);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Term Pid(ulong data) => new((data << 4) | PidTag);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Term Port(ulong data) => new((data << 4) | PortTag);

    /// <summary>The atom true or false.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Term Bool(bool b) => b ? Am.True : Am.False;

    public bool IsNone { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => Bits == 0; }
    public bool IsSmall { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => (Bits & ImmediateMask) == SmallTag; }
    public bool IsAtom { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => (Bits & SpecialMask) == AtomTag; }
    public bool IsNil { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => Bits == NilBits; }
    /// <summary>A cons cell (not nil).</summary>
    public bool IsCons { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => (Bits & PrimaryMask) == ListTag; }
    /// <summary>A cons cell or nil.</summary>
    public bool IsList { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => IsCons || IsNil; }
    public bool IsBoxed { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => (Bits & PrimaryMask) == BoxedTag; }
    public bool IsImmediate { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => (Bits & PrimaryMask) == 3; }
    /// <summary>A header word or a code address: low bits 00.</summary>
    public bool IsHeader { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => (Bits & PrimaryMask) == 0; }
    public bool IsCatch { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => (Bits & SpecialMask) == CatchTag; }
    /// <summary>A pid of this node (an immediate). Pids of other nodes are boxed: ExternalThing.</summary>
    public bool IsLocalPid { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => (Bits & ImmediateMask) == PidTag; }
    public bool IsLocalPort { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => (Bits & ImmediateMask) == PortTag; }
    public bool IsBoolean { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => Bits == Am.True.Bits || Bits == Am.False.Bits; }

    /// <summary>True when both words are smalls: one and, one compare.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool BothSmall(Term a, Term b) => (a.Bits & b.Bits & ImmediateMask) == SmallTag;

    /// <summary>The value of a small.</summary>
    public long SmallValue { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => (long)Bits >> 4; }
    public uint AtomIndex { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => (uint)(Bits >> 6); }
    public uint CatchIndex { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => (uint)(Bits >> 6); }
    /// <summary>The 60 data bits of a local pid or port.</summary>
    public ulong PidData { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => Bits >> 4; }

    /// <summary>Address of a boxed object: word 0 is its header.</summary>
    public ulong* Box { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => (ulong*)(Bits - BoxedTag); }
    /// <summary>The header of a boxed object.</summary>
    public ulong BoxHeader { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => *(ulong*)(Bits - BoxedTag); }
    /// <summary>The cons cell.</summary>
    public Cons* Cell { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => (Cons*)(Bits - ListTag); }
    public Term Head { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => *(Term*)(Bits - ListTag); }
    public Term Tail { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => *(Term*)(Bits - ListTag + 8); }

    /// <summary>Boxed with a header of this kind.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsKind(ulong kind) => IsBoxed && Header.Kind(BoxHeader) == kind;

    public bool IsTuple { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => IsKind(Header.Tuple); }
    public bool IsFloat { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => IsKind(Header.Float); }
    public bool IsFlatMap { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => IsKind(Header.FlatMap); }
    public bool IsHashMap { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => IsKind(Header.HashMap); }
    public bool IsRecord { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => IsKind(Header.Record); }
    public bool IsBig { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => IsBoxed && (BoxHeader & (Header.KindMask & ~4UL)) == Header.PositiveBig; }
    public bool IsInteger { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => IsSmall || IsBig; }
    public bool IsNumber { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => IsSmall || IsBig || IsFloat; }
    /// <summary>Any map.</summary>
    public bool IsMap { [MethodImpl(MethodImplOptions.AggressiveInlining)] get { if (!IsBoxed) return false; ulong k = Header.Kind(BoxHeader); return k == Header.FlatMap || k == Header.HashMap; } }
    /// <summary>Any bitstring a program can hold (match contexts are SubBits too and never reach a program).</summary>
    public bool IsBitstring { [MethodImpl(MethodImplOptions.AggressiveInlining)] get { if (!IsBoxed) return false; ulong k = Header.Kind(BoxHeader); return k == Header.HeapBits || k == Header.SubBits; } }
    public bool IsFun { [MethodImpl(MethodImplOptions.AggressiveInlining)] get { if (!IsBoxed) return false; ulong k = Header.Kind(BoxHeader); return k == Header.Fun || k == Header.ExportFun; } }
    public bool IsReference { [MethodImpl(MethodImplOptions.AggressiveInlining)] get { if (!IsBoxed) return false; ulong k = Header.Kind(BoxHeader); return k == Header.Reference || k == Header.MagicRef || (k == Header.ExternalThing && Header.Extra(BoxHeader) == ExternalRef); } }
    public bool IsPid { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => IsLocalPid || (IsKind(Header.ExternalThing) && Header.Extra(BoxHeader) == ExternalPid); }
    public bool IsPort { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => IsLocalPort || (IsKind(Header.ExternalThing) && Header.Extra(BoxHeader) == ExternalPort); }

    /// <summary>The extra bits of an ExternalThing's header: which kind of identifier of another node it is.</summary>
    public const int ExternalPid = 0, ExternalPort = 1, ExternalRef = 2;

    /// <summary>Elements of a tuple (the term must be one): element i is at [i], 0-based.</summary>
    public Term* TupleElements { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => (Term*)(Bits - BoxedTag + 8); }
    public long TupleArity { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => (long)(BoxHeader >> Header.ArityShift); }
    /// <summary>A tuple of exactly this arity.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsTupleOf(long arity) => IsBoxed && BoxHeader == Header.Make(Header.Tuple, arity);

    /// <summary>The value of a float (the term must be one).</summary>
    public double FloatValue { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => *(double*)(Bits - BoxedTag + 8); }
    /// <summary>Digits of a bignum, least significant first, and how many; sign in the header.</summary>
    public ulong* BigDigits { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => (ulong*)(Bits - BoxedTag + 8); }
    public int BigLength { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => (int)Header.Arity(BoxHeader); }
    public bool BigNegative { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => Header.Kind(BoxHeader) == Header.NegativeBig; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool operator ==(Term a, Term b) => a.Bits == b.Bits;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool operator !=(Term a, Term b) => a.Bits != b.Bits;
#pragma warning disable CS0809, CA1065 // identity of words only; boxed comparison does not exist in the freestanding build
#if !FREESTANDING
    public override bool Equals(object obj) => obj is Term t && t.Bits == Bits;
    public override int GetHashCode() => Bits.GetHashCode();
#endif
#pragma warning restore CS0809, CA1065
}

/// <summary>A cons cell on a heap.</summary>
public struct Cons
{
    public Term Head, Tail;
}
