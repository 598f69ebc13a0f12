// The collector of one process heap: when, which kind, how large. The copying itself is in GcTrace.cs.
//
// Two generations, as in the BEAM (erl_gc.c): a minor collection promotes what was below the high-water mark (it has survived one collection already) to
// the old generation and copies the rest of the live young terms to a new block; a major one copies everything but literals into one new block. No
// write barrier is needed because terms are immutable: an older term never points at a younger one. Fragments are emptied by both.
//
// Sizes follow OTP's steps, so that process_info and max_heap_size behave alike.
namespace MyBeam.Memory;

using System;
using System.Diagnostics;
using System.Threading;

/// <summary>Collections. All functions leave the heap whole when memory runs out: they then set Exhausted, return false and have lost nothing.</summary>
public static unsafe class Gc
{
    /// <summary>Words kept free beyond what was asked for: the reserve of natives and a little more.</summary>
    public const long Reserve = Heap.StackReserve + 4;

    /// <summary>
    /// Collects (minor when possible, else major) and makes sure that at least <paramref name="need"/> words (beyond Reserve) are free between Top and
    /// Stack. The stack [Stack, End) and <paramref name="roots"/> are kept and updated. False: memory is out or MaxSize is passed, the process must die.
    /// </summary>
    public static bool Collect(Heap* heap, long need, RootRange* roots, int rootCount)
    {
        if (heap->MinorCount < heap->FullSweepAfter && (heap->OldStart != null || heap->HighWater != heap->Start))
        {
            int done = Minor(heap, need + Reserve, roots, rootCount);
            if (done != NotPossible) return done == Done && Tighten(heap, need, roots, rootCount);
        }
        return CollectMajor(heap, need, roots, rootCount);
    }

    /// <summary>Like Collect, but always a major collection.</summary>
    public static bool CollectMajor(Heap* heap, long need, RootRange* roots, int rootCount) =>
        Major(heap, need + Reserve, roots, rootCount, adjust: true) && Tighten(heap, need, roots, rootCount);

    // --gc-stress: leaves exactly the room that was asked for, so that the next allocation collects again and natives always run into fragments.
    private static bool Tighten(Heap* heap, long need, RootRange* roots, int rootCount)
    {
        if (heap->Shared->GcStress == 0) return true;
        long words = (heap->Top - heap->Start) + (heap->End - heap->Stack) + need + Heap.StackReserve;
        return GcResize.To(heap, words, roots, rootCount) || Exhaust(heap) == Done;
    }

    /// <summary>A major collection into a block of exactly the live size (erlang:hibernate/3).</summary>
    public static bool Hibernate(Heap* heap, RootRange* roots, int rootCount)
    {
        if (!Major(heap, Reserve, roots, rootCount, adjust: false)) return false;
        long words = (heap->Top - heap->Start) + (heap->End - heap->Stack) + Reserve;
        if (words < heap->End - heap->Start) GcResize.To(heap, words, roots, rootCount);
        return true;
    }

    /// <summary>Whether a collection is due although no room was asked for: what natives put beside the block no longer fits into it, or the off-heap
    /// binaries alone are worth one.</summary>
    public static bool ShouldCollect(Heap* heap) =>
        heap->FragmentWords > heap->Stack - heap->Top || heap->BinaryBytes > heap->BinaryLimit || heap->Shared->GcStress != 0;

    /// <summary>The smallest heap size of OTP's row that holds <paramref name="words"/>: Fibonacci-like from 12 and 38 up to 1.3 million words, then steps
    /// of a fifth.</summary>
    public static long NextSize(long words) => NextSize(words, 0);

    /// <summary>Like NextSize, <paramref name="steps"/> (0 or 1) further in the row.</summary>
    internal static long NextSize(long words, int steps)
    {
        if (words > 1L << 50) return words;
        long before = 12, size = 38;
        if (words <= before) return steps == 0 ? before : size;
        int index = 1;
        while (size < words || steps > 0)
        {
            if (size >= words) steps--;
            long next = index < 22 ? size + before + 1 : size + (size / 5);
            before = size;
            size = next;
            index++;
        }
        return size;
    }

    private const int NotPossible = 0, Done = 1, Failed = 2;

    private static long SizeFor(Heap* heap, long words)
    {
        long size = NextSize(words, 0);
        return size < heap->MinSize ? heap->MinSize : size;
    }

    private static int Minor(Heap* heap, long need, RootRange* roots, int rootCount)
    {
        long before = heap->Top - heap->Start + heap->FragmentWords;
        long matureWords = heap->HighWater - heap->Start;
        long stack = heap->End - heap->Stack;
        if (heap->OldStart != null)
        {
            OldHead* head = (OldHead*)heap->OldStart;
            if (matureWords > heap->OldEnd - heap->OldTop || head->BinaryBytes > head->BinaryLimit) return NotPossible;
        }
        long size = SizeFor(heap, stack + (before > need ? before : need));
        long oldSize = heap->OldStart == null ? NextSize(before, 1) : heap->OldEnd - heap->OldStart;
        // OTP counts the free part between heap and stack twice in this test; so do we.
        if (heap->MaxSize > 0 && PassesMax(heap, before + oldSize + SizeFor(heap, heap->End - heap->Top + (before > need ? before : need)))) return Exhaust(heap);

        ulong* block = (ulong*)Allocator.Alloc((nuint)(size * 8), Owner.Heap);
        if (block == null) return Exhaust(heap);
        if (heap->OldStart == null && !MakeOld(heap, oldSize))
        {
            Allocator.Free(block, (nuint)(size * 8), Owner.Heap);
            return Exhaust(heap);
        }

        TraceState s = From(heap, block);
        s.MatureBytes = (nuint)(matureWords * 8);
        ulong* oldTopBefore = heap->OldTop;
        GcTrace.Run<MinorRoots>(&s, heap->Stack, heap->End);
        for (int i = 0; i < rootCount; i++) GcTrace.Run<MinorRoots>(&s, (ulong*)roots[i].First, (ulong*)(roots[i].First + roots[i].Count));
        GcTrace.Run<MinorYoung>(&s, block, null);
        ulong* topBefore = s.Top;
        GcTrace.Run<MinorOld>(&s, oldTopBefore, null);
        Debug.Assert(s.Top == topBefore && s.OldTop <= heap->OldEnd);
        heap->OldTop = s.OldTop;

        BinaryRef* list = heap->OffHeap;
        heap->OffHeap = null;
        heap->BinaryBytes = 0;
        OldHead* old = (OldHead*)heap->OldStart;
        GcOffHeap.Sweep(list, heap->OldStart, heap->OldTop, &heap->OffHeap, &heap->BinaryBytes, &heap->OldOffHeap, &old->BinaryBytes);
        heap->BinaryLimit = GcOffHeap.NextLimit(heap->BinaryBytes, heap->BinaryLimit);

        Install(heap, block, size, s.Top, stack);
        heap->MinorCount++;
        heap->MinorTotal++;
        Count(heap, before - (heap->Top - heap->Start) - (heap->OldTop - oldTopBefore));

        long after = heap->Top - heap->Start + need + stack;
        if (after > size) return GrowTo(heap, SizeFor(heap, after), roots, rootCount) ? Done : Failed;
        // Small blocks are not worth shrinking, and a young block far smaller than the old generation would only collect more often.
        if (size > 3000 && 4 * after < size && (size > 8000 || size > heap->OldEnd - heap->OldStart))
        {
            long wanted = 3 * after, oldWords = heap->OldEnd - heap->OldStart;
            if (wanted * 9 < oldWords && oldWords / 8 > wanted) wanted = oldWords / 8;
            ShrinkTo(heap, SizeFor(heap, wanted), roots, rootCount);
        }
        return Done;
    }

    private static bool Major(Heap* heap, long need, RootRange* roots, int rootCount, bool adjust)
    {
        long before = Heap.Used(heap);
        long stack = heap->End - heap->Stack, current = heap->End - heap->Start;
        long live = before + Reserve;
        long size = SizeFor(heap, stack + (live > need ? live : need));
        // Two majors in a row, and the first left the block more than three quarters full: the next size, or the third follows at once. (The
        // high-water mark is where the last collection ended.)
        if (adjust && size == current && heap->MinorCount == 0 && 4 * (heap->HighWater - heap->Start + stack + Reserve) > 3 * current)
            size = SizeFor(heap, NextSize(current, 1));
        if (heap->MaxSize > 0 && PassesMax(heap, before + (heap->OldEnd - heap->OldTop) + (heap->End - heap->Top) + size)) return Exhaust(heap) == Done;

        ulong* block = (ulong*)Allocator.Alloc((nuint)(size * 8), Owner.Heap);
        if (block == null) return Exhaust(heap) == Done;

        TraceState s = From(heap, block);
        GcTrace.Run<MajorRoots>(&s, heap->Stack, heap->End);
        for (int i = 0; i < rootCount; i++) GcTrace.Run<MajorRoots>(&s, (ulong*)roots[i].First, (ulong*)(roots[i].First + roots[i].Count));
        GcTrace.Run<MajorYoung>(&s, block, null);

        BinaryRef* list = heap->OffHeap;
        BinaryRef* oldList = heap->OldOffHeap;
        heap->OffHeap = null;
        heap->OldOffHeap = null;
        heap->BinaryBytes = 0;
        long ignored = 0;
        GcOffHeap.Sweep(list, null, null, &heap->OffHeap, &heap->BinaryBytes, &heap->OldOffHeap, &ignored);
        GcOffHeap.Sweep(oldList, null, null, &heap->OffHeap, &heap->BinaryBytes, &heap->OldOffHeap, &ignored);
        heap->BinaryLimit = GcOffHeap.NextLimit(heap->BinaryBytes, heap->BinaryLimit);

        Install(heap, block, size, s.Top, stack);
        if (heap->OldStart != null)
        {
            FreeBlock(heap, heap->OldStart, heap->OldEnd, Owner.OldHeap);
            heap->OldStart = heap->OldTop = heap->OldEnd = null;
        }
        heap->MinorCount = 0;
        heap->MajorTotal++;
        Count(heap, before - (heap->Top - heap->Start));
        if (!adjust) return true;

        long after = heap->Top - heap->Start + need + stack;
        if (after > size) return GrowTo(heap, SizeFor(heap, after), roots, rootCount);
        if (4 * after < size && size > heap->MinSize) ShrinkTo(heap, SizeFor(heap, 2 * after), roots, rootCount);
        return true;
    }

    private static TraceState From(Heap* heap, ulong* block)
    {
        TraceState s = default;
        s.Start = heap->Start;
        s.YoungBytes = (nuint)((byte*)heap->Top - (byte*)heap->Start);
        s.OldStart = heap->OldStart;
        s.OldBytes = (nuint)((byte*)heap->OldTop - (byte*)heap->OldStart);
        s.Shared = heap->Shared;
        s.HasFragments = heap->Fragments != null ? 1 : 0;
        s.Top = block;
        s.OldTop = heap->OldTop;
        return s;
    }

    private static bool MakeOld(Heap* heap, long words)
    {
        ulong* block = (ulong*)Allocator.Alloc((nuint)(words * 8), Owner.OldHeap);
        if (block == null) return false;
        OldHead* head = (OldHead*)block;
        head->Header = Header.Make(Header.PositiveBig, OldHead.Words - 1);
        head->BinaryBytes = 0;
        head->BinaryLimit = heap->BinaryLimit;
        heap->OldStart = block;
        heap->OldTop = block + OldHead.Words;
        heap->OldEnd = block + words;
        return true;
    }

    /// <summary>Makes the filled new block the main block: moves the stack over, frees the old block and the fragments.</summary>
    private static void Install(Heap* heap, ulong* block, long size, ulong* top, long stack)
    {
        ulong* freshStack = block + size - stack;
        Debug.Assert(top <= freshStack);
        Buffer.MemoryCopy(heap->Stack, freshStack, stack * 8, stack * 8);
        FreeBlock(heap, heap->Start, heap->End, Owner.Heap);
        if (heap->Shared->GcStress != 0)
        {
            for (Fragment* f = heap->Fragments; f != null; f = f->Next) Poison(Fragment.Words(f), Fragment.Words(f) + f->Size);
        }
        Heap.FreeFragments(heap->Fragments);
        heap->Fragments = null;
        heap->FragmentWords = 0;
        heap->Start = block;
        heap->Top = heap->HighWater = top;
        heap->Stack = freshStack;
        heap->End = block + size;
    }

    /// <summary>Frees a block of a heap. Under --gc-stress it is filled first, so that whatever still points into it is found.</summary>
    internal static void FreeBlock(Heap* heap, ulong* from, ulong* end, Owner owner)
    {
        if (heap->Shared->GcStress != 0) Poison(from, end);
        Allocator.Free(from, (nuint)((end - from) * 8), owner);
    }

    // A word that is a pointer to nowhere.
    private static void Poison(ulong* from, ulong* end)
    {
        for (ulong* p = from; p < end; p++) *p = 0xFDFD_FDFD_FDFD_FDFD;
    }

    // True: the process is to die of it.
    private static bool PassesMax(Heap* heap, long words)
    {
        words += heap->MaxOutside;
        if (heap->MaxShared)
        {
            // Binaries that other processes refer to count for each of them.
            OldHead* old = (OldHead*)heap->OldStart;
            words += (heap->BinaryBytes + (old == null ? 0 : old->BinaryBytes)) / 8;
        }
        if (words <= heap->MaxSize) return false;
        heap->MaxPassed = true;
        return !heap->MaxKeeps;
    }

    private static bool GrowTo(Heap* heap, long words, RootRange* roots, int rootCount)
    {
        if (heap->MaxSize > 0 && PassesMax(heap, words + (heap->OldEnd - heap->OldStart))) return Exhaust(heap) == Done;
        return GcResize.To(heap, words, roots, rootCount) || Exhaust(heap) == Done;
    }

    private static void ShrinkTo(Heap* heap, long words, RootRange* roots, int rootCount)
    {
        // A block that cannot be shrunk for want of memory is no harm.
        if (words < heap->End - heap->Start) GcResize.To(heap, words, roots, rootCount);
    }

    private static int Exhaust(Heap* heap)
    {
        heap->Exhausted = 1;
        return Failed;
    }

    private static void Count(Heap* heap, long reclaimed)
    {
        // Heaps of one VM are collected by several scheduler threads at a time.
        Interlocked.Increment(ref heap->Shared->Collections);
        Interlocked.Add(ref heap->Shared->Reclaimed, reclaimed);
    }
}
