// Moves a whole main block, without looking for garbage, into a block of another size: after a collection that ended with too little or far too much
// room, and for hibernation. Everything that pointed into the block is shifted by the distance.
namespace MyBeam.Memory;

using System;

/// <summary>Changing the size of a main block.</summary>
internal static unsafe class GcResize
{
    /// <summary>
    /// Puts the main block into a new one of <paramref name="words"/> words, which must hold heap and stack. There must be no fragments and no pointers
    /// from the old generation into the block: true right after a collection. False when memory is out (nothing has changed then).
    /// </summary>
    internal static bool To(Heap* heap, long words, RootRange* roots, int rootCount)
    {
        ulong* fresh = (ulong*)Allocator.Alloc((nuint)(words * 8), Owner.Heap);
        if (fresh == null) return false;
        ulong* from = heap->Start;
        long used = heap->Top - from, stack = heap->End - heap->Stack;
        Buffer.MemoryCopy(from, fresh, words * 8, used * 8);
        ulong* freshStack = fresh + words - stack;
        Buffer.MemoryCopy(heap->Stack, freshStack, stack * 8, stack * 8);
        ulong low = (ulong)from, bytes = (ulong)used * 8, delta = (ulong)fresh - (ulong)from;

        ShiftObjects(fresh, fresh + used, low, bytes, delta);
        ShiftWords(freshStack, stack, low, bytes, delta);
        for (int i = 0; i < rootCount; i++) ShiftWords((ulong*)roots[i].First, roots[i].Count, low, bytes, delta);
        ShiftOffHeap(heap, delta);

        long highWater = heap->HighWater - from;
        Gc.FreeBlock(heap, from, heap->End, Owner.Heap);
        heap->Start = fresh;
        heap->Top = fresh + used;
        heap->HighWater = fresh + highWater;
        heap->Stack = freshStack;
        heap->End = fresh + words;
        return true;
    }

    /// <summary>Shifts pointers into [low, low + bytes) in a row of terms.</summary>
    private static void ShiftWords(ulong* first, long count, ulong low, ulong bytes, ulong delta)
    {
        for (ulong* p = first, end = first + count; p < end; p++) ShiftWord(p, low, bytes, delta);
    }

    private static void ShiftWord(ulong* p, ulong low, ulong bytes, ulong delta)
    {
        ulong word = *p;
        ulong tag = word & Term.PrimaryMask;
        // Tags 01 and 10 are pointers; the tag bits never carry a pointer over the end of the range, since objects are word-aligned.
        if (tag - 1 < 2 && word - low < bytes) *p = word + delta;
    }

    /// <summary>As ShiftWords, for objects that follow each other.</summary>
    internal static void ShiftObjects(ulong* p, ulong* end, ulong low, ulong bytes, ulong delta)
    {
        while (p < end)
        {
            ulong word = *p;
            if ((word & Term.PrimaryMask) != 0)
            {
                ShiftWord(p, low, bytes, delta);
                p++;
                continue;
            }
            ulong kind = Header.Kind(word);
            if (((GcTrace.TransparentKinds >> (int)kind) & 1) != 0) p++;
            else if (kind == Header.Fun) p += Fun.HeaderWords;
            else if (kind == Header.SubBits)
            {
                SubBits* sub = (SubBits*)p;
                ShiftWord((ulong*)&sub->Orig, low, bytes, delta);
                if (sub->BaseFlags - low < bytes) sub->BaseFlags += delta;
                p += SubBits.Words;
            }
            else p += Header.Arity(word) + 1;
        }
    }

    private static void ShiftOffHeap(Heap* heap, ulong delta)
    {
        BinaryRef** link = &heap->OffHeap;
        while (*link != null)
        {
            BinaryRef* b = (BinaryRef*)((ulong)*link + delta);
            *link = b;
            link = Header.Kind(b->Header) == Header.MagicRef ? &((MagicRef*)b)->Next : &b->Next;
        }
    }
}
