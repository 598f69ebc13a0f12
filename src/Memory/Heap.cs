// A process heap: one block in which the heap grows up from Start and the stack grows down from End, an optional old generation, and fragments:
// blocks beside the main one into which natives allocate when the main one is full, because a native never collects (ARCHITECTURE 5; OTP's heap fragments).
// The GC (Gc.cs) is the only code that moves terms.
namespace MyBeam.Memory;

using System.Runtime.CompilerServices;

/// <summary>A block beside the main one; emptied into it by the next collection. The words follow the head.</summary>
public unsafe struct Fragment
{
    public Fragment* Next;
    /// <summary>Words it has room for, words in use.</summary>
    public long Size, Used;

    public static ulong* Words(Fragment* f) => (ulong*)(f + 1);
}

/// <summary>What all heaps of one VM share.</summary>
public unsafe struct HeapShared
{
    /// <summary>The reserved address range of literals: terms in it are never moved or freed by a process GC.</summary>
    public byte* LiteralBase;
    public nuint LiteralBytes;
    /// <summary>Literals that are given up, sorted by address, and the range of addresses that holds all of them (0 bytes: there are none): copies of terms take
    /// them along, processes copy what they still have of them (RetiringLiterals).</summary>
    public ModuleLiterals* Retiring;
    public int RetiringCount;
    public byte* RetiringLow;
    public nuint RetiringBytes;
    /// <summary>1: collect at every opportunity (--gc-stress).</summary>
    public int GcStress;
    /// <summary>Default MinSize of a new heap, in words.</summary>
    public long MinHeapSize;
    /// <summary>Default MaxSize of a new heap, 0: none.</summary>
    public long MaxHeapSize;
    /// <summary>Collections and words reclaimed, all heaps (statistics(garbage_collection)).</summary>
    public long Collections, Reclaimed;
}

/// <summary>The memory of one process. Embedded in Process. All sizes in words.</summary>
public unsafe struct Heap
{
    /// <summary>The main block: [Start, Top) is in use by terms, [Stack, End) by stack frames.</summary>
    public ulong* Start, Top, Stack, End;
    /// <summary>Terms below survived one minor collection and go to the old generation at the next.</summary>
    public ulong* HighWater;
    /// <summary>The old generation, or null: [OldStart, OldTop) in use.</summary>
    public ulong* OldStart, OldTop, OldEnd;
    public Fragment* Fragments;
    /// <summary>Words in use in all fragments.</summary>
    public long FragmentWords;
    /// <summary>Fragments that came with messages: like Fragments, but they do not ask for a collection soon. Words in use in them.</summary>
    public Fragment* Messages;
    public long MessageWords;
    /// <summary>BinaryRef and MagicRef objects of the young part and fragments, and of the old generation.</summary>
    public BinaryRef* OffHeap, OldOffHeap;
    /// <summary>Bytes of off-heap binaries this heap refers to (young), and the size at which that alone makes a GC due ("virtual binary heap").</summary>
    public long BinaryBytes, BinaryLimit;
    public HeapShared* Shared;
    /// <summary>Smallest main block; minor collections since the last major one; most of them before a major one.</summary>
    public long MinSize;
    public int MinorCount, FullSweepAfter;
    /// <summary>Number of minor and major collections.</summary>
    public int MinorTotal, MajorTotal;
    /// <summary>Set by the GC when memory ran out or MaxSize was passed: the process must die.</summary>
    public int Exhausted;
    /// <summary>max_heap_size in words, 0 = none.</summary>
    public long MaxSize;
    /// <summary>1: passing MaxSize is only noted (max_heap_size's kill => false); 1: nobody is to be told (error_logger => false); 1: off-heap binaries were asked to
    /// count; 1: MaxSize was passed and nobody has looked yet.</summary>
    public bool MaxKeeps, MaxQuiet, MaxShared, MaxPassed;
    /// <summary>Words elsewhere that count against MaxSize, set before a collection: messages that wait (message_queue_data => on_heap).</summary>
    public long MaxOutside;

    /// <summary>
    /// Room for <paramref name="words"/> words: from the main block when they fit between heap and stack, else from a fragment. Never collects, never
    /// moves a term, so natives need not root anything. Null only when memory is out (then Exhausted is set).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong* Alloc(Heap* heap, long words)
    {
        ulong* p = heap->Top;
        if (heap->Stack - p >= words + StackReserve)
        {
            heap->Top = p + words;
            return p;
        }
        return AllocFragment(heap, words);
    }

    /// <summary>Gives back the end of the last Alloc: <paramref name="from"/> (inside it) and up to <paramref name="end"/> (its end) are free again.</summary>
    public static void Release(Heap* heap, ulong* from, ulong* end)
    {
        if (from == end) return;
        if (heap->Top == end) { heap->Top = from; return; }
        Fragment* f = heap->Fragments;
        if (f != null && Fragment.Words(f) + f->Used == end)
        {
            f->Used -= end - from;
            heap->FragmentWords -= end - from;
            return;
        }
        // Neither the last of the block nor of the newest fragment: leave a filler that a heap scan steps over.
        Fill(from, end);
    }

    /// <summary>Writes an object without references over [from, end), so that scans can step over it.</summary>
    public static void Fill(ulong* from, ulong* end)
    {
        if (end > from) *from = Header.Make(Header.PositiveBig, end - from - 1);
    }

    /// <summary>Words that natives leave free for the one stack slot an error handler may push.</summary>
    public const long StackReserve = 4;

    private static ulong* AllocFragment(Heap* heap, long words)
    {
        Fragment* f = heap->Fragments;
        if (f != null && f->Size - f->Used >= words)
        {
            ulong* q = Fragment.Words(f) + f->Used;
            f->Used += words;
            heap->FragmentWords += words;
            return q;
        }
        // Grow geometrically: a native that builds a long list cell by cell makes a few fragments, not one a cell.
        long size = words < 64 ? 64 : words;
        if (heap->FragmentWords > size) size = heap->FragmentWords;
        if (size > 1 << 20 && words < 1 << 20) size = 1 << 20;
        f = (Fragment*)Allocator.Alloc((nuint)(sizeof(Fragment) + (size * 8)), Owner.Fragment);
        if (f == null && size > words)
        {
            // Room for just this: most natives count on small pieces.
            size = words;
            f = (Fragment*)Allocator.Alloc((nuint)(sizeof(Fragment) + (size * 8)), Owner.Fragment);
        }
        if (f == null)
        {
            heap->Exhausted = 1;
            return null;
        }
        f->Next = heap->Fragments;
        f->Size = size;
        f->Used = words;
        heap->Fragments = f;
        heap->FragmentWords += words;
        return Fragment.Words(f);
    }

    /// <summary>Makes the main block. False when memory is out.</summary>
    public static bool Create(Heap* heap, HeapShared* shared, long minSize)
    {
        *heap = default;
        heap->Shared = shared;
        heap->MinSize = minSize;
        heap->FullSweepAfter = 65535;
        heap->BinaryLimit = 32768 * 8;
        heap->Start = (ulong*)Allocator.Alloc((nuint)(minSize * 8), Owner.Heap);
        if (heap->Start == null) return false;
        heap->Top = heap->HighWater = heap->Start;
        heap->End = heap->Stack = heap->Start + minSize;
        return true;
    }

    /// <summary>Frees everything: blocks, fragments and claims on off-heap binaries.</summary>
    public static void Destroy(Heap* heap)
    {
        ReleaseOffHeap(heap->OffHeap);
        ReleaseOffHeap(heap->OldOffHeap);
        FreeFragments(heap->Fragments);
        FreeFragments(heap->Messages);
        Allocator.Free(heap->Start, (nuint)((heap->End - heap->Start) * 8), Owner.Heap);
        if (heap->OldStart != null) Allocator.Free(heap->OldStart, (nuint)((heap->OldEnd - heap->OldStart) * 8), Owner.OldHeap);
        *heap = default;
    }

    /// <summary>Before a collection: the memory of messages is emptied with the fragments.</summary>
    public static void AbsorbMessages(Heap* heap)
    {
        if (heap->Messages == null) return;
        Fragment* last = heap->Messages;
        while (last->Next != null) last = last->Next;
        // In front would hide the newest fragment from Release.
        if (heap->Fragments == null) heap->Fragments = heap->Messages;
        else
        {
            Fragment* f = heap->Fragments;
            last->Next = f->Next;
            f->Next = heap->Messages;
        }
        heap->FragmentWords += heap->MessageWords;
        heap->Messages = null;
        heap->MessageWords = 0;
    }

    /// <summary>The link of an off-heap list that goes out from an object of it.</summary>
    public static BinaryRef** OffHeapLink(BinaryRef* b) =>
        Header.Kind(b->Header) == Header.MagicRef ? (BinaryRef**)&((MagicRef*)b)->Next : &b->Next;

    /// <summary>Frees a chain of fragments.</summary>
    public static void FreeFragments(Fragment* f)
    {
        while (f != null)
        {
            Fragment* next = f->Next;
            Allocator.Free(f, (nuint)(sizeof(Fragment) + (f->Size * 8)), Owner.Fragment);
            f = next;
        }
    }

    /// <summary>Drops every claim of an off-heap list.</summary>
    public static void ReleaseOffHeap(BinaryRef* list)
    {
        for (BinaryRef* b = list; b != null; b = NextOffHeap(b)) DropOffHeap(b);
    }

    /// <summary>Next of an off-heap list; the list holds BinaryRef and MagicRef objects.</summary>
    public static BinaryRef* NextOffHeap(BinaryRef* b) =>
        Header.Kind(b->Header) == Header.MagicRef ? ((MagicRef*)b)->Next : b->Next;

    /// <summary>Drops the claim of one off-heap object.</summary>
    public static void DropOffHeap(BinaryRef* b)
    {
        if (Header.Kind(b->Header) == Header.MagicRef) Resources.Release(((MagicRef*)b)->Resource);
        else Memory.OffHeap.Release(b->Binary);
    }

    /// <summary>Words in use: young, old and fragments.</summary>
    public static long Used(Heap* heap) => (heap->Top - heap->Start) + (heap->OldTop - heap->OldStart) + heap->FragmentWords + heap->MessageWords;

    /// <summary>Whether a pointer is in the literal range.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsLiteral(HeapShared* shared, void* p) => (nuint)((byte*)p - shared->LiteralBase) < shared->LiteralBytes;
}

/// <summary>Off-heap binaries.</summary>
public static unsafe class OffHeap
{
    /// <summary>A binary with room for <paramref name="bytes"/> bytes, one claim, Size = bytes, contents undefined; null when memory is out.</summary>
    public static OffHeapBinary* Create(long bytes)
    {
        OffHeapBinary* b = (OffHeapBinary*)Allocator.Alloc((nuint)(OffHeapBinary.HeadBytes + bytes), Owner.Binary);
        if (b == null) return null;
        b->RefCount = 1;
        b->Capacity = bytes;
        b->Size = bytes;
        b->Flags = 0;
        return b;
    }

    /// <summary>One more claim.</summary>
    public static void Retain(OffHeapBinary* b) => System.Threading.Interlocked.Increment(ref b->RefCount);

    /// <summary>One claim less; frees the binary with the last.</summary>
    public static void Release(OffHeapBinary* b)
    {
        if (System.Threading.Interlocked.Decrement(ref b->RefCount) == 0)
            Allocator.Free(b, (nuint)(OffHeapBinary.HeadBytes + b->Capacity), Owner.Binary);
    }
}

/// <summary>Native resources behind magic references.</summary>
public static unsafe class Resources
{
    /// <summary>One more claim.</summary>
    public static void Retain(NativeResource* r) => System.Threading.Interlocked.Increment(ref r->RefCount);

    /// <summary>One claim less; destroys the resource with the last.</summary>
    public static void Release(NativeResource* r)
    {
        if (System.Threading.Interlocked.Decrement(ref r->RefCount) == 0) r->Destroy(r);
    }
}
