// Copies of terms: messages, literals, the contents of ETS tables, spawn arguments. Cheney's algorithm in the target: the copied words themselves are
// the list of what is still to be copied, so there is no recursion and no stack. Sharing inside the term is lost, as in OTP.
namespace MyBeam.Memory;

using System.Runtime.CompilerServices;

/// <summary>Copying of terms into memory whose size was computed with TermSize.ForCopy.</summary>
public static unsafe class TermCopy
{
    /// <summary>
    /// Copies <paramref name="t"/> to *<paramref name="top"/>, which must have room for TermSize.ForCopy(t, literalsStay) words and is moved past them.
    /// Off-heap binaries and resources gain a claim each, linked in front of *<paramref name="offHeapList"/>. Literals of
    /// <paramref name="literalsStay"/> (if not null) are not copied, unless they are given up.
    /// </summary>
    public static Term To(Term t, ulong** top, BinaryRef** offHeapList, HeapShared* literalsStay)
    {
        if (t.IsImmediate || t.IsNone) return t;
        // A null range holds no address: the test for literals is then always false.
        byte* literals = literalsStay == null ? null : literalsStay->LiteralBase;
        nuint literalBytes = literalsStay == null ? 0 : literalsStay->LiteralBytes;
        ulong* scan = *top;
        ulong* free = scan;
        ulong result = t.Bits;
        free = CopyWord(&result, free, literals, literalBytes, literalsStay, offHeapList);
        while (scan < free)
        {
            ulong word = *scan;
            ulong tag = word & Term.PrimaryMask;
            if (tag == Term.ListTag)
            {
                while (true)
                {
                    ulong* from = (ulong*)(word - Term.ListTag);
                    if ((nuint)((byte*)from - literals) < literalBytes && !RetiringLiterals.Has(literalsStay, from)) break;
                    ulong head = from[0], tail = from[1];
                    ulong* to = free;
                    *scan = (ulong)to | Term.ListTag;
                    to[0] = head;
                    to[1] = tail;
                    free += 2;
                    // As in GcTrace.Run: the cells of a list of immediates follow each other, and the next tail is in a register.
                    if (to != scan + 1 || (head & Term.PrimaryMask) != 3 || (tail & Term.PrimaryMask) != Term.ListTag) break;
                    scan += 2;
                    word = tail;
                }
                scan++;
            }
            else if (tag == Term.BoxedTag)
            {
                free = CopyBoxed(scan, free, literals, literalBytes, literalsStay, offHeapList);
                scan++;
            }
            else if (tag != 0 || ((GcTrace.TransparentKinds >> (int)Header.Kind(word)) & 1) != 0)
            {
                scan++;
            }
            else if (Header.Kind(word) == Header.Fun)
            {
                scan += Fun.HeaderWords;
            }
            else
            {
                // Also windows: their claim was copied with them and lies right behind.
                scan += Header.Arity(word) + 1;
            }
        }
        *top = free;
        return new Term(result);
    }

    /// <summary>
    /// Copies a term onto a heap (main block or fragment; never collects). Literals stay. Term.None when memory is out (then Exhausted is set).
    /// </summary>
    public static Term ToHeap(Term t, Heap* heap)
    {
        if (t.IsImmediate) return t;
        long words = TermSize.ForCopy(t, heap->Shared);
        if (words == 0) return t;
        if (words < 0)
        {
            heap->Exhausted = 1;
            return Term.None;
        }
        ulong* p = Heap.Alloc(heap, words);
        if (p == null) return Term.None;
        BinaryRef* before = heap->OffHeap;
        Term copy = To(t, &p, &heap->OffHeap, heap->Shared);
        heap->BinaryBytes += Bytes(heap->OffHeap, before);
        return copy;
    }

    /// <summary>Bytes of the binaries that an off-heap list refers to, up to (not including) <paramref name="until"/>: what is to be added to BinaryBytes of
    /// a heap that takes the list over.</summary>
    public static long Bytes(BinaryRef* list, BinaryRef* until)
    {
        long bytes = 0;
        for (; list != until; list = Heap.NextOffHeap(list))
        {
            if (Header.Kind(list->Header) == Header.BinaryRef) bytes += list->Binary->Capacity;
        }
        return bytes;
    }

    /// <summary>Copies one object, literal or not, and puts the new term into the slot; gives the new free end.</summary>
    internal static ulong* CopyOne(ulong* slot, ulong* free, BinaryRef** offHeapList) => CopyWord(slot, free, null, 0, null, offHeapList);

    private static ulong* CopyWord(ulong* slot, ulong* free, byte* literals, nuint literalBytes, HeapShared* shared, BinaryRef** offHeapList)
    {
        if ((*slot & Term.PrimaryMask) == Term.BoxedTag) return CopyBoxed(slot, free, literals, literalBytes, shared, offHeapList);
        ulong* from = (ulong*)(*slot - Term.ListTag);
        if ((nuint)((byte*)from - literals) < literalBytes && !RetiringLiterals.Has(shared, from)) return free;
        *slot = (ulong)free | Term.ListTag;
        free[0] = from[0];
        free[1] = from[1];
        return free + 2;
    }

    /// <summary>Copies one boxed object and puts the new term into the slot; gives the new free end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong* CopyBoxed(ulong* slot, ulong* free, byte* literals, nuint literalBytes, HeapShared* shared, BinaryRef** offHeapList)
    {
        ulong* from = (ulong*)(*slot - Term.BoxedTag);
        if ((nuint)((byte*)from - literals) < literalBytes && !RetiringLiterals.Has(shared, from)) return free;
        ulong header = *from;
        *slot = (ulong)free | Term.BoxedTag;
        ulong kind = Header.Kind(header);
        if (kind == Header.SubBits) return CopyWindow((SubBits*)from, free, offHeapList);
        ulong* to = free;
        for (ulong* last = from + Header.Arity(header) + 1; from < last;) *to++ = *from++;
        if (kind == Header.MagicRef)
        {
            MagicRef* magic = (MagicRef*)free;
            Resources.Retain(magic->Resource);
            magic->Next = *offHeapList;
            *offHeapList = (BinaryRef*)magic;
        }
        return to;
    }

    private static ulong* CopyWindow(SubBits* from, ulong* free, BinaryRef** offHeapList)
    {
        ulong* orig = from->Orig.Box;
        if (Header.Kind(*orig) == Header.HeapBits)
        {
            HeapBits* bits = (HeapBits*)free;
            long words = HeapBits.Words(from->SizeBits);
            bits->Header = Header.Make(Header.HeapBits, words - 1);
            bits->SizeBits = from->SizeBits;
            Bitstring.Copy(from->Base, from->Start, from->SizeBits, bits->Data);
            return free + words;
        }
        SubBits* window = (SubBits*)free;
        BinaryRef* claim = (BinaryRef*)(free + SubBits.Words);
        claim->Header = *orig;
        claim->Binary = ((BinaryRef*)orig)->Binary;
        OffHeap.Retain(claim->Binary);
        claim->Next = *offHeapList;
        *offHeapList = claim;
        window->Header = from->Header;
        // The copy is a plain bitstring, whatever the original was in the middle of. The base of a writable binary may be out of date (RenewBase).
        bool writable = (from->BaseFlags & SubBits.Writable) != 0;
        window->BaseFlags = writable ? (ulong)OffHeapBinary.Data(claim->Binary) : (ulong)from->Base;
        window->Start = from->Start;
        window->End = from->End;
        window->Orig = Term.Boxed(claim);
        return free + SubBits.Words + BinaryRef.Words;
    }
}
