// Literals that are given up: those of a purged module, a persistent term that was replaced. Processes still refer to them, so each makes itself independent
// (an image of the area on its own heap, to which its pointers are moved; a collection drops what of it is not in use), and the memory is free when all have.
// From the moment an area is given up, copies of terms (messages, spawn arguments) take what lies in it along, so nobody gets new pointers to it.
namespace MyBeam.Memory;

using System;
using System.Runtime.CompilerServices;

/// <summary>What HeapShared.Retiring names. Areas refer to no other area that is ever given up.</summary>
public static unsafe class RetiringLiterals
{
    /// <summary>Whether a pointer is to a literal that is given up.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Has(HeapShared* shared, void* p) => (nuint)((byte*)p - shared->RetiringLow) < shared->RetiringBytes && IndexOf(shared, p) >= 0;

    /// <summary>Whether a pointer is to a literal that is not given up.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Stays(HeapShared* shared, void* p) => Heap.IsLiteral(shared, p) && !Has(shared, p);

    /// <summary>Number of the area that has the address; -1: none.</summary>
    public static int IndexOf(HeapShared* shared, void* p)
    {
        int low = 0, high = shared->RetiringCount;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (shared->Retiring[middle].Start <= (ulong*)p) low = middle + 1; else high = middle;
        }
        return low > 0 && p < shared->Retiring[low - 1].Top ? low - 1 : -1;
    }

    /// <summary>Sorts areas by address (heapsort).</summary>
    public static void Sort(ModuleLiterals* areas, int count)
    {
        for (int i = (count / 2) - 1; i >= 0; i--) Sink(areas, i, count);
        for (int end = count - 1; end > 0; end--)
        {
            (areas[0], areas[end]) = (areas[end], areas[0]);
            Sink(areas, 0, end);
        }
    }

    private static void Sink(ModuleLiterals* a, int i, int count)
    {
        for (int child = (2 * i) + 1; child < count; child = (2 * i) + 1)
        {
            if (child + 1 < count && a[child + 1].Start > a[child].Start) child++;
            if (a[i].Start >= a[child].Start) return;
            (a[i], a[child]) = (a[child], a[i]);
            i = child;
        }
    }

    /// <summary>Marks the areas that words may point into; whether there is one. The words need not be terms: a number that looks like a pointer marks too.</summary>
    public static bool Mark(HeapShared* shared, ulong* from, ulong* end, byte* marks)
    {
        byte* low = shared->RetiringLow;
        nuint bytes = shared->RetiringBytes;
        bool found = false;
        for (; from < end; from++)
        {
            if ((nuint)((byte*)*from - low) >= bytes) continue;
            int i = IndexOf(shared, (void*)(*from & ~Term.PrimaryMask));
            if (i < 0) continue;
            marks[i] = 1;
            found = true;
        }
        return found;
    }

    /// <summary>Marks for everything in the blocks, the stack and the fragments of a heap.</summary>
    public static bool MarkHeap(Heap* heap, byte* marks)
    {
        HeapShared* shared = heap->Shared;
        bool found = Mark(shared, heap->Start, heap->Top, marks) | Mark(shared, heap->Stack, heap->End, marks) | Mark(shared, heap->OldStart, heap->OldTop, marks);
        for (Fragment* f = heap->Fragments; f != null; f = f->Next) found |= MarkFragment(shared, f, marks);
        for (Fragment* f = heap->Messages; f != null; f = f->Next) found |= MarkFragment(shared, f, marks);
        return found;
    }

    /// <summary>Marks for the words of a fragment.</summary>
    public static bool MarkFragment(HeapShared* shared, Fragment* f, byte* marks) => Mark(shared, Fragment.Words(f), Fragment.Words(f) + f->Used, marks);

    /// <summary>
    /// Makes a heap independent of the marked areas: an image of each as a fragment, to which all pointers of the heap and of the roots are moved. The heap must
    /// come from a major collection just now, and a major one must follow: words in the block point to the younger fragments. False: memory is out (nothing has changed but
    /// Exhausted).
    /// </summary>
    public static bool Leave(Heap* heap, RootRange* roots, int rootCount, byte* marks)
    {
        HeapShared* shared = heap->Shared;
        int count = shared->RetiringCount;
        nuint bytes = (nuint)count * 8;
        long* deltas = (long*)Allocator.AllocZeroed(bytes, Owner.Temporary);
        bool good = deltas != null;
        for (int i = 0; i < count && good; i++)
            if (marks[i] != 0) good = Image(heap, shared->Retiring + i, deltas + i);
        if (good)
        {
            MoveObjects(shared, heap->Start, heap->Top, deltas);
            MoveWords(shared, heap->Stack, heap->End, deltas);
            for (int i = 0; i < rootCount; i++) MoveWords(shared, (ulong*)roots[i].First, (ulong*)(roots[i].First + roots[i].Count), deltas);
        }
        else heap->Exhausted = 1;
        Allocator.Free(deltas, bytes, Owner.Temporary);
        return good;
    }

    private static bool Image(Heap* heap, ModuleLiterals* area, long* delta)
    {
        long words = area->Top - area->Start;
        Fragment* f = (Fragment*)Allocator.Alloc((nuint)(sizeof(Fragment) + (words * 8)), Owner.Fragment);
        if (f == null) return false;
        f->Size = f->Used = words;
        f->Next = heap->Fragments;
        heap->Fragments = f;
        heap->FragmentWords += words;
        ulong* to = Fragment.Words(f);
        Buffer.MemoryCopy(area->Start, to, words * 8, words * 8);
        ulong by = (ulong)to - (ulong)area->Start;
        *delta = (long)by;
        GcResize.ShiftObjects(to, to + words, (ulong)area->Start, (ulong)words * 8, by);
        for (BinaryRef* b = area->OffHeap; b != null; b = Heap.NextOffHeap(b))
        {
            BinaryRef* copy = (BinaryRef*)((ulong)b + by);
            if (Header.Kind(b->Header) == Header.MagicRef) Resources.Retain(((MagicRef*)b)->Resource);
            else
            {
                OffHeap.Retain(b->Binary);
                heap->BinaryBytes += b->Binary->Capacity;
            }
            *Heap.OffHeapLink(copy) = heap->OffHeap;
            heap->OffHeap = copy;
        }
        return true;
    }

    private static void MoveWords(HeapShared* shared, ulong* from, ulong* end, long* deltas)
    {
        for (; from < end; from++) MoveWord(shared, from, deltas);
    }

    private static void MoveWord(HeapShared* shared, ulong* p, long* deltas)
    {
        ulong word = *p;
        if ((word & Term.PrimaryMask) - 1 >= 2 || (nuint)((byte*)word - shared->RetiringLow) >= shared->RetiringBytes) return;
        int i = IndexOf(shared, (void*)(word & ~Term.PrimaryMask));
        if (i >= 0) *p = word + (ulong)deltas[i];
    }

    private static void MoveObjects(HeapShared* shared, ulong* p, ulong* end, long* deltas)
    {
        while (p < end)
        {
            ulong word = *p;
            if ((word & Term.PrimaryMask) != 0)
            {
                MoveWord(shared, p, deltas);
                p++;
                continue;
            }
            ulong kind = Header.Kind(word);
            if (((GcTrace.TransparentKinds >> (int)kind) & 1) != 0) p++;
            else if (kind == Header.Fun) p += Fun.HeaderWords;
            else if (kind == Header.SubBits)
            {
                SubBits* sub = (SubBits*)p;
                MoveWord(shared, (ulong*)&sub->Orig, deltas);
                GcTrace.RenewBase(sub);
                p += SubBits.Words;
            }
            else p += Header.Arity(word) + 1;
        }
    }
}
