// A place on a heap to go back to: what natives allocate while they try something out (the guards of a match specification, an object that is copied
// into a table right away) is given up at once instead of waiting for a collection.
namespace MyBeam.Memory;

/// <summary>How far a heap was filled. Valid as long as nothing collects the heap or moves its stack below the mark.</summary>
public unsafe struct HeapMark
{
    private ulong* top;
    private Fragment* fragment;
    private long fragmentUsed, fragmentWords, binaryBytes;
    private BinaryRef* offHeap;

    /// <summary>Remembers how far the heap is filled now.</summary>
    public static HeapMark Take(Heap* heap) => new()
    {
        top = heap->Top,
        fragment = heap->Fragments,
        fragmentUsed = heap->Fragments == null ? 0 : heap->Fragments->Used,
        fragmentWords = heap->FragmentWords,
        binaryBytes = heap->BinaryBytes,
        offHeap = heap->OffHeap,
    };

    /// <summary>Gives up everything allocated since. No term of it may be referred to any more; claims on off-heap binaries are dropped.</summary>
    public static void RollBack(Heap* heap, HeapMark* mark)
    {
        while (heap->OffHeap != mark->offHeap)
        {
            BinaryRef* b = heap->OffHeap;
            heap->OffHeap = Heap.NextOffHeap(b);
            Heap.DropOffHeap(b);
        }
        heap->Top = mark->top;
        heap->BinaryBytes = mark->binaryBytes;
        if (heap->FragmentWords == mark->fragmentWords && heap->Fragments == mark->fragment) return;
        while (heap->Fragments != mark->fragment)
        {
            Fragment* f = heap->Fragments;
            heap->Fragments = f->Next;
            f->Next = null;
            Heap.FreeFragments(f);
        }
        if (heap->Fragments != null) heap->Fragments->Used = mark->fragmentUsed;
        heap->FragmentWords = mark->fragmentWords;
    }
}
