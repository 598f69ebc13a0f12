// Checks a heap: everything reachable must have right tags and headers and lie where terms may lie. For tests and --gc-stress.
namespace MyBeam.Memory;

/// <summary>The verifier. Slow: a hash table of everything reachable.</summary>
public static unsafe class HeapVerify
{
    /// <summary>What Check found wrong.</summary>
    public const int Good = 0, BadBlock = 1, BadPointer = 2, BadHeader = 3, BadArity = 4, BadBoxedKind = 5, OldPointsToYoung = 6, NotInOffHeapList = 7,
        BadOffHeapList = 8, BadWindow = 9, BadMap = 10, StrayHeader = 11, OutOfMemory = 99;

    private struct Walk
    {
        public Heap* Heap;
        public PointerSet Seen, OffHeap;
        public RangeStack Stack;
        public ulong Bad;
    }

    /// <summary>0, or one of the codes above; <paramref name="badWord"/> (may be null) gets the word it was found at.</summary>
    public static int Check(Heap* heap, RootRange* roots, int rootCount, ulong* badWord)
    {
        TermRow* buffer = stackalloc TermRow[RangeStack.Initial];
        Walk w = default;
        w.Heap = heap;
        w.Stack = new RangeStack(buffer);
        int code = CheckAll(&w, roots, rootCount);
        w.Stack.Free();
        w.Seen.Free();
        w.OffHeap.Free();
        if (badWord != null) *badWord = w.Bad;
        return code;
    }

    private static int CheckAll(Walk* w, RootRange* roots, int rootCount)
    {
        Heap* h = w->Heap;
        if (!(h->Start <= h->HighWater && h->HighWater <= h->Top && h->Top <= h->Stack && h->Stack <= h->End)) return BadBlock;
        if (!(h->OldStart <= h->OldTop && h->OldTop <= h->OldEnd)) return BadBlock;
        long words = 0;
        for (Fragment* f = h->Fragments; f != null; f = f->Next)
        {
            if (f->Used < 0 || f->Used > f->Size) return BadBlock;
            words += f->Used;
        }
        if (words != h->FragmentWords) return BadBlock;

        int code = CheckOffHeap(w, h->OffHeap, old: false);
        if (code == Good) code = CheckOffHeap(w, h->OldOffHeap, old: true);
        if (code == Good) code = CheckRoots(w, (Term*)h->Stack, (Term*)h->End);
        for (int i = 0; i < rootCount && code == Good; i++) code = CheckRoots(w, roots[i].First, roots[i].First + roots[i].Count);
        return code;
    }

    private static int CheckOffHeap(Walk* w, BinaryRef* list, bool old)
    {
        for (; list != null; list = Heap.NextOffHeap(list))
        {
            w->Bad = (ulong)list;
            int place = Place(w->Heap, (ulong*)list);
            if (old ? place != Old : place != Young && place != InFragment) return BadOffHeapList;
            ulong kind = Header.Kind(list->Header);
            if (kind != Header.BinaryRef && kind != Header.MagicRef) return BadOffHeapList;
            if (kind == Header.BinaryRef && list->Binary->RefCount <= 0) return BadOffHeapList;
            int added = w->OffHeap.Add((ulong)list);
            // Linked twice: a cycle.
            if (added != 1) return added < 0 ? OutOfMemory : BadOffHeapList;
        }
        return Good;
    }

    private const int Nowhere = 0, Young = 1, Old = 2, InFragment = 3, Literal = 4;

    private static int Place(Heap* h, ulong* p)
    {
        if (p >= h->Start && p < h->Top) return Young;
        if (p >= h->OldStart && p < h->OldTop) return Old;
        if (Heap.IsLiteral(h->Shared, p)) return Literal;
        for (Fragment* f = h->Fragments; f != null; f = f->Next)
        {
            if (p >= Fragment.Words(f) && p < Fragment.Words(f) + f->Used) return InFragment;
        }
        return Nowhere;
    }

    /// <summary>A row of roots: words with low bits 00 are code addresses or no term.</summary>
    private static int CheckRoots(Walk* w, Term* at, Term* end)
    {
        int code = Good;
        for (; at < end && code == Good; at++)
        {
            if (!at->IsHeader) code = CheckReachable(w, at);
        }
        return code;
    }

    private static int CheckReachable(Walk* w, Term* root)
    {
        Term* at = root;
        Term* end = root + 1;
        int owner = Nowhere;
        while (true)
        {
            if (at == end)
            {
                if (!w->Stack.Pop(out at, out end)) return Good;
                owner = Place(w->Heap, (ulong*)at);
                continue;
            }
            Term x = *at++;
            if (x.IsImmediate) continue;
            w->Bad = x.Bits;
            if (x.IsHeader) return StrayHeader;
            ulong* p = (ulong*)(x.Bits & ~Term.PrimaryMask);
            int place = Place(w->Heap, p);
            if (place == Nowhere || ((ulong)p & 7) != 0) return BadPointer;
            if (owner == Old && (place == Young || place == InFragment)) return OldPointsToYoung;
            if (owner == Literal && place != Literal) return OldPointsToYoung;
            int added = w->Seen.Add(x.Bits);
            if (added < 0) return OutOfMemory;
            if (added == 0) continue;
            Term* first = (Term*)p;
            Term* last = first + 2;
            if (x.IsBoxed)
            {
                int code = CheckObject(w, p, place, out first, out last);
                if (code != Good) return code;
            }
            if (first == last) continue;
            if (at != end && !w->Stack.Push(at, end)) return OutOfMemory;
            at = first;
            end = last;
            owner = place;
        }
    }

    private static int CheckObject(Walk* w, ulong* p, int place, out Term* first, out Term* last)
    {
        first = last = null;
        ulong header = *p;
        w->Bad = header;
        if ((header & Term.PrimaryMask) != 0) return BadHeader;
        long arity = Header.Arity(header);
        if (Place(w->Heap, p + arity) != place) return BadArity;
        switch (Header.Kind(header))
        {
            case Header.Tuple:
                if (Header.Extra(header) != 0) return BadHeader;
                first = (Term*)p + 1;
                break;
            case Header.Record:
            case Header.HashNode:
                first = (Term*)p + 1;
                break;
            case Header.FlatMap:
                FlatMap* map = (FlatMap*)p;
                if (!map->Size.IsSmall || map->Size.SmallValue != arity - 2 || !map->Keys.IsTuple || map->Keys.TupleArity != arity - 2) return BadMap;
                first = (Term*)p + 2;
                break;
            case Header.HashMap:
                if (!((HashMap*)p)->Size.IsSmall) return BadMap;
                first = (Term*)p + 2;
                break;
            case Header.Fun:
                if (arity < 1) return BadArity;
                first = (Term*)p + Fun.HeaderWords;
                break;
            case Header.SubBits:
                first = &((SubBits*)p)->Orig;
                last = first + 1;
                return CheckWindow((SubBits*)p);
            case Header.BinaryRef:
            case Header.MagicRef:
                return place == Literal || w->OffHeap.Contains((ulong)p) ? Good : NotInOffHeapList;
            case Header.HeapBits:
                return arity == HeapBits.Words(((HeapBits*)p)->SizeBits) - 1 ? Good : BadArity;
            case Header.Float:
                return arity == 1 ? Good : BadArity;
            case Header.ExportFun:
                return arity == ExportFun.Words - 1 ? Good : BadArity;
            case Header.Reference:
                return arity == Reference.Words - 1 ? Good : BadArity;
            case Header.ExternalThing:
                return ((ExternalThing*)p)->Node.IsAtom ? Good : BadHeader;
            case Header.PositiveBig:
            case Header.NegativeBig:
                return arity >= 1 ? Good : BadArity;
        }
        last = (Term*)p + arity + 1;
        return Good;
    }

    private static int CheckWindow(SubBits* sub)
    {
        if (Header.Arity(sub->Header) != SubBits.Words - 1 || !sub->Orig.IsBoxed || sub->Start > sub->End) return BadWindow;
        ulong* orig = sub->Orig.Box;
        if (Header.Kind(*orig) == Header.HeapBits)
        {
            HeapBits* bits = (HeapBits*)orig;
            return sub->Base == bits->Data && sub->End <= bits->SizeBits ? Good : BadWindow;
        }
        if (Header.Kind(*orig) != Header.BinaryRef) return BadWindow;
        OffHeapBinary* binary = ((BinaryRef*)orig)->Binary;
        byte* data = OffHeapBinary.Data(binary);
        return sub->Base >= data && sub->Base + ((sub->End + 7) / 8) <= data + binary->Capacity ? Good : BadWindow;
    }
}
