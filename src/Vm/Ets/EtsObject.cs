// An object of a table: one native block with the tuple and all its terms. Everything in it is the table's own copy: literals too, because their module may
// be purged while the table lives. The words lie in the order TermCopy made them, so reading is one pass that moves addresses by a constant.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;

/// <summary>
/// Head of a block: then the words of the tuple and its terms; then, if not Flat, the head of the list of its claims on binaries and resources.
/// </summary>
public unsafe struct EtsObject
{
    private const uint FlatFlag = 1;
    private const int WordsShift = 1;
    private const long MaxWords = 1L << 30;
    private const uint DeletedFlag = 0x8000_0000;

    /// <summary>Next of the hash chain (hash tables only).</summary>
    public EtsObject* Next;
    private uint hash;
    private uint words;

    /// <summary>The hash of the key (31 bits).</summary>
    public readonly uint Hash { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => hash & ~DeletedFlag; }
    /// <summary>Deleted while the table was fixed: it is only a place in a traversal.</summary>
    public readonly bool Deleted { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => (hash & DeletedFlag) != 0; }
    /// <summary>Words of the tuple and its terms.</summary>
    public readonly long Words { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => words >> WordsShift; }
    private readonly bool Flat => (words & FlatFlag) != 0;
    /// <summary>Words of the whole block, for ets:info(T, memory).</summary>
    public readonly long BlockWords => (sizeof(EtsObject) / 8) + Words + (Flat ? 0 : 1);

    /// <summary>The hash of a key as objects keep it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint HashOf(Term key) => TermHash.Internal(key, 0) & ~DeletedFlag;

    public void SetHash(uint value) => hash = value;
    public void MarkDeleted() => hash |= DeletedFlag;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong* First(EtsObject* o) => (ulong*)(o + 1);

    private static BinaryRef** OffHeapList(EtsObject* o) => (BinaryRef**)(First(o) + o->Words);

    /// <summary>The claims of the object on binaries and resources.</summary>
    public static BinaryRef* OffHeapOf(EtsObject* o) => o->Flat ? null : *OffHeapList(o);

    /// <summary>The tuple, in the block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Term Tuple(EtsObject* o) => Term.Boxed(o + 1);

    /// <summary>Element i (from 1), in the block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Term Element(EtsObject* o, long i) => ((Term*)(o + 1))[i];

    public static long Arity(EtsObject* o) => Tuple(o).TupleArity;

    /// <summary>A block with a copy of a tuple, whose terms may lie anywhere; null when memory is out.</summary>
    public static EtsObject* Create(Term tuple)
    {
        long arity = tuple.TupleArity;
        Term* elements = tuple.TupleElements;
        long i = 0;
        while (i < arity && elements[i].IsImmediate) i++;
        if (i == arity && arity < MaxWords - 1)
        {
            EtsObject* flat = (EtsObject*)Allocator.Alloc((nuint)(sizeof(EtsObject) + ((arity + 1) * 8)), Owner.Ets);
            if (flat == null) return null;
            flat->Next = null;
            flat->hash = 0;
            flat->words = ((uint)(arity + 1) << WordsShift) | FlatFlag;
            ulong* to = First(flat);
            *to = tuple.BoxHeader;
            for (i = 0; i < arity; i++) to[i + 1] = elements[i].Bits;
            return flat;
        }
        long size = TermSize.ForCopy(tuple, null);
        if (size < 0 || size >= MaxWords) return null;
        EtsObject* o = (EtsObject*)Allocator.Alloc((nuint)(sizeof(EtsObject) + (size * 8) + 8), Owner.Ets);
        if (o == null) return null;
        o->Next = null;
        o->hash = 0;
        o->words = (uint)size << WordsShift;
        BinaryRef** list = OffHeapList(o);
        *list = null;
        ulong* top = First(o);
        TermCopy.To(tuple, &top, list, null);
        return o;
    }

    /// <summary>Frees a block and drops its claims.</summary>
    public static void Free(EtsObject* o)
    {
        if (!o->Flat) Heap.ReleaseOffHeap(*OffHeapList(o));
        Allocator.Free(o, (nuint)(o->BlockWords * 8), Owner.Ets);
    }

    /// <summary>Replaces an element by an immediate without a new block, if the old one is an immediate as well.</summary>
    public static bool TryReplace(EtsObject* o, long i, Term value)
    {
        Term* at = (Term*)First(o) + i;
        if (!value.IsImmediate || !at->IsImmediate) return false;
        *at = value;
        return true;
    }

    /// <summary>Copies the tuple to the heap of a process.</summary>
    public static Term ToHeap(EtsObject* o, Process* p)
    {
        long n = o->Words;
        ulong* to = Process.Alloc(p, n);
        if (to == null) return Term.None;
        ulong* from = First(o);
        if (o->Flat) for (long i = 0; i < n; i++) to[i] = from[i];
        else Move(from, to, n, &p->Heap);
        return Term.Boxed(to);
    }

    private static void Move(ulong* from, ulong* to, long n, Heap* heap)
    {
        ulong delta = (ulong)to - (ulong)from;
        for (long i = 0; i < n;)
        {
            ulong word = from[i];
            ulong tag = word & Term.PrimaryMask;
            if (tag == 3) to[i++] = word;
            else if (tag != 0) to[i++] = word + delta;
            else i += MoveObject(from + i, to + i, delta, heap);
        }
    }

    // What lies at a header word: its words that are not terms, copied. Gives their number.
    private static long MoveObject(ulong* from, ulong* to, ulong delta, Heap* heap)
    {
        ulong header = *from;
        *to = header;
        long n = Header.Arity(header) + 1;
        switch (Header.Kind(header))
        {
            case Header.Tuple:
            case Header.Record:
            case Header.FlatMap:
            case Header.HashMap:
            case Header.HashNode:
                return 1;
            case Header.Fun:
                to[1] = from[1];
                return Fun.HeaderWords;
            case Header.SubBits:
                for (long i = 1; i < SubBits.Words; i++) to[i] = from[i];
                ((SubBits*)to)->Orig = new Term(((SubBits*)from)->Orig.Bits + delta);
                return SubBits.Words;
            case Header.BinaryRef:
            {
                BinaryRef* claim = (BinaryRef*)to;
                claim->Binary = ((BinaryRef*)from)->Binary;
                OffHeap.Retain(claim->Binary);
                heap->BinaryBytes += claim->Binary->Capacity;
                claim->Next = heap->OffHeap;
                heap->OffHeap = claim;
                return BinaryRef.Words;
            }
            case Header.MagicRef:
            {
                for (long i = 1; i < n; i++) to[i] = from[i];
                MagicRef* magic = (MagicRef*)to;
                Resources.Retain(magic->Resource);
                magic->Next = heap->OffHeap;
                heap->OffHeap = (BinaryRef*)magic;
                return n;
            }
            default:
                for (long i = 1; i < n; i++) to[i] = from[i];
                return n;
        }
    }
}
