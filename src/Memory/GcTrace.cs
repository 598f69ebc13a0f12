// The copying loops of the collector: Cheney's algorithm with two targets, the new young block and the old generation.
//
// A moved object leaves a mark in its old place. Boxed: the header word (low bits 00) is replaced by the new term (low bits 10). Cons: the head becomes
// Term.None, which no program can put into a list, and the tail becomes the new term.
//
// The test "must it move?" compares the address first and reads the object second: a pointer into the old generation or into literals then costs no
// cache miss. This is the hot loop of every allocation-heavy program, so the moves are written out in it rather than called.
namespace MyBeam.Memory;

using System.Runtime.CompilerServices;

/// <summary>Which of the copying loops: constants that the compiler folds, so that each loop is compiled for its own case.</summary>
internal interface ITraceMode
{
    /// <summary>Only the young generation moves.</summary>
    static abstract bool Minor { get; }
    /// <summary>The words are roots, not objects in a target: header words mean nothing here.</summary>
    static abstract bool Roots { get; }
    /// <summary>The loop runs over what was promoted to the old generation.</summary>
    static abstract bool OldScan { get; }
}

internal readonly struct MinorRoots : ITraceMode
{
    public static bool Minor => true;
    public static bool Roots => true;
    public static bool OldScan => false;
}

internal readonly struct MinorYoung : ITraceMode
{
    public static bool Minor => true;
    public static bool Roots => false;
    public static bool OldScan => false;
}

internal readonly struct MinorOld : ITraceMode
{
    public static bool Minor => true;
    public static bool Roots => false;
    public static bool OldScan => true;
}

internal readonly struct MajorRoots : ITraceMode
{
    public static bool Minor => false;
    public static bool Roots => true;
    public static bool OldScan => false;
}

internal readonly struct MajorYoung : ITraceMode
{
    public static bool Minor => false;
    public static bool Roots => false;
    public static bool OldScan => false;
}

/// <summary>Where a collection copies from and to.</summary>
internal unsafe struct TraceState
{
    /// <summary>The block that is emptied, its bytes in use, and how many of them (from the start) are promoted by a minor collection.</summary>
    public ulong* Start;
    public nuint YoungBytes, MatureBytes;
    /// <summary>The old generation as it was before the collection.</summary>
    public ulong* OldStart;
    public nuint OldBytes;
    public HeapShared* Shared;
    /// <summary>Not 0: there are fragments, so pointers to elsewhere are to be looked at.</summary>
    public int HasFragments;
    /// <summary>Free ends of the new young block and of the old generation.</summary>
    public ulong* Top, OldTop;
}

/// <summary>The loops.</summary>
internal static unsafe class GcTrace
{
    /// <summary>Kinds whose payload is nothing but terms: their header is stepped over and the scan goes on inside.</summary>
    internal const ulong TransparentKinds = (1UL << (int)Header.Tuple) | (1UL << (int)Header.Record) | (1UL << (int)Header.FlatMap)
        | (1UL << (int)Header.HashMap) | (1UL << (int)Header.HashNode);

    /// <summary>
    /// Moves what the words from <paramref name="scan"/> on point to and updates the words. Roots end at <paramref name="end"/>; the two target scans
    /// run until they catch up with the free end of their target.
    /// </summary>
    internal static void Run<TMode>(TraceState* s, ulong* scan, ulong* end) where TMode : struct, ITraceMode
    {
        ulong* top = s->Top;
        ulong* old = s->OldTop;
        byte* start = (byte*)s->Start;
        nuint young = s->YoungBytes, mature = s->MatureBytes;
        while (scan < (TMode.Roots ? end : TMode.OldScan ? old : top))
        {
            ulong word = *scan;
            ulong tag = word & Term.PrimaryMask;
            if (tag == 3)
            {
                scan++;
            }
            else if (tag == Term.ListTag)
            {
                while (true)
                {
                    ulong* from = (ulong*)(word - Term.ListTag);
                    nuint distance = (nuint)((byte*)from - start);
                    if (distance >= young && !MovesFromElsewhere<TMode>(s, from)) break;
                    ulong head = from[0], tail = from[1];
                    if (head == 0)
                    {
                        *scan = tail;
                        break;
                    }
                    ulong* to;
                    if (TMode.Minor && distance < mature) { to = old; old += 2; }
                    else { to = top; top += 2; }
                    ulong moved = (ulong)to | Term.ListTag;
                    to[0] = head;
                    to[1] = tail;
                    from[0] = 0;
                    from[1] = moved;
                    *scan = moved;
                    // The spine of a list of immediates: the cell just written is the next to be scanned, and its tail is still in a register.
                    if (TMode.Roots || to != scan + 1 || (head & Term.PrimaryMask) != 3 || (tail & Term.PrimaryMask) != Term.ListTag) break;
                    scan += 2;
                    word = tail;
                }
                scan++;
            }
            else if (tag == Term.BoxedTag)
            {
                ulong* from = (ulong*)(word - Term.BoxedTag);
                nuint distance = (nuint)((byte*)from - start);
                if (distance < young || MovesFromElsewhere<TMode>(s, from))
                {
                    ulong header = from[0];
                    if ((header & Term.PrimaryMask) != 0)
                    {
                        *scan = header;
                    }
                    else
                    {
                        ulong* to = TMode.Minor && distance < mature ? old : top;
                        ulong moved = (ulong)to | Term.BoxedTag;
                        *scan = moved;
                        *to++ = header;
                        *from++ = moved;
                        for (ulong* last = from + Header.Arity(header); from < last;) *to++ = *from++;
                        if (TMode.Minor && distance < mature) old = to;
                        else top = to;
                    }
                }
                scan++;
            }
            else if (TMode.Roots)
            {
                scan++;
            }
            else if (((TransparentKinds >> (int)Header.Kind(word)) & 1) != 0)
            {
                scan++;
            }
            else if (Header.Kind(word) == Header.Fun)
            {
                // The entry word is an address of the Vm.
                scan += Fun.HeaderWords;
            }
            else if (Header.Kind(word) == Header.SubBits)
            {
                s->Top = top;
                s->OldTop = old;
                TraceSubBits<TMode>(s, (SubBits*)scan);
                top = s->Top;
                old = s->OldTop;
                scan += SubBits.Words;
            }
            else
            {
                scan += Header.Arity(word) + 1;
            }
        }
        s->Top = top;
        s->OldTop = old;
    }

    /// <summary>Whether an object outside the young block moves: from a fragment always, from the old generation in a major collection.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool MovesFromElsewhere<TMode>(TraceState* s, ulong* p) where TMode : struct, ITraceMode
    {
        bool old = (nuint)((byte*)p - (byte*)s->OldStart) < s->OldBytes;
        if (TMode.Minor) return s->HasFragments != 0 && !old && !Heap.IsLiteral(s->Shared, p);
        return old || (s->HasFragments != 0 && !Heap.IsLiteral(s->Shared, p));
    }

    private static void TraceSubBits<TMode>(TraceState* s, SubBits* sub) where TMode : struct, ITraceMode
    {
        ulong* from = sub->Orig.Box;
        nuint distance = (nuint)((byte*)from - (byte*)s->Start);
        if (distance < s->YoungBytes || MovesFromElsewhere<TMode>(s, from))
        {
            ulong header = from[0];
            if ((header & Term.PrimaryMask) != 0)
            {
                sub->Orig = new Term(header);
            }
            else
            {
                bool promote = TMode.Minor && distance < s->MatureBytes;
                ulong* to = promote ? s->OldTop : s->Top;
                Term moved = Term.Boxed(to);
                sub->Orig = moved;
                *to++ = header;
                *from++ = moved.Bits;
                for (ulong* last = from + Header.Arity(header); from < last;) *to++ = *from++;
                if (promote) s->OldTop = to;
                else s->Top = to;
            }
        }
        RenewBase(sub);
    }

    /// <summary>Makes the address in a window right again after its Orig may have moved. A writable binary may have been reallocated, too.</summary>
    internal static void RenewBase(SubBits* sub)
    {
        ulong flags = sub->BaseFlags & SubBits.FlagMask;
        ulong* orig = sub->Orig.Box;
        if (Header.Kind(*orig) == Header.HeapBits) sub->BaseFlags = (ulong)((HeapBits*)orig)->Data | flags;
        else if ((flags & SubBits.Writable) != 0) sub->BaseFlags = (ulong)OffHeapBinary.Data(((BinaryRef*)orig)->Binary) | flags;
    }
}
