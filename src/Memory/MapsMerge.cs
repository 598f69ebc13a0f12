// maps:merge/2. Flat maps are merged like sorted rows, tries node by node: what only one of them has is shared, not copied.
namespace MyBeam.Memory;

using System.Numerics;

public static unsafe partial class Maps
{
    /// <summary>All pairs of both; of a key in both the value in <paramref name="b"/>. Gives back a or b itself when the result is no different.</summary>
    public static Term Merge(Heap* heap, Term a, Term b)
    {
        if (a == b || Size(a) == 0) return b;
        if (Size(b) == 0) return a;
        if (a.IsFlatMap && b.IsFlatMap) return MergeFlat(heap, (FlatMap*)a.Box, (FlatMap*)b.Box);
        Term x = a.IsFlatMap ? MapBuild.TrieOfFlat(heap, (FlatMap*)a.Box) : a;
        Term y = b.IsFlatMap ? MapBuild.TrieOfFlat(heap, (FlatMap*)b.Box) : b;
        long both = 0;
        Term result = MergeNodes(heap, x, y, 0, ref both);
        if (result == x && x == a) return a;
        if (result == y && y == b) return b;
        // Anything else is a new root: a trie made of a flat map just now has fewer keys than the other, so it cannot be the result.
        ((HashMap*)result.Box)->Size = Term.Small(Size(a) + Size(b) - both);
        return result;
    }

    private static Term MergeFlat(Heap* heap, FlatMap* a, FlatMap* b)
    {
        long n = a->Size.SmallValue, m = b->Size.SmallValue;
        Term* pairs = stackalloc Term[4 * FlatMap.MaxSize];
        Term* keysA = a->Keys.TupleElements, keysB = b->Keys.TupleElements, valuesA = FlatMap.Values(a), valuesB = FlatMap.Values(b);
        long i = 0, j = 0, count = 0;
        while (i < n || j < m)
        {
            int order = i == n ? 1 : j == m ? -1 : TermOrder.CompareFlatKeys(keysA[i], keysB[j]);
            pairs[2 * count] = order < 0 ? keysA[i] : keysB[j];
            pairs[(2 * count) + 1] = order < 0 ? valuesA[i] : valuesB[j];
            count++;
            if (order <= 0) i++;
            if (order >= 0) j++;
        }
        if (count == m)
        {
            // b may give up its row of keys for that of a when this is a literal, which takes no room and which any generation may point to.
            HeapShared* shared = heap->Shared;
            if (count == n && Heap.IsLiteral(shared, a->Keys.Box) && !Heap.IsLiteral(shared, b) && !Heap.IsLiteral(shared, b->Keys.Box)) b->Keys = a->Keys;
            return Term.Boxed(b);
        }
        if (count > FlatMap.MaxSize) return MapBuild.FromArrays(heap, pairs, 2, pairs + 1, 2, count, out _);
        // No key but those of a: their row is shared.
        bool share = count == n;
        ulong* p = Heap.Alloc(heap, FlatMap.HeaderWords + count + (share ? 0 : 1 + count));
        Term keys = share ? a->Keys : NewKeys(p + FlatMap.HeaderWords + count, count);
        Term* to = (Term*)p + FlatMap.HeaderWords;
        for (long k = 0; k < count; k++)
        {
            to[k] = pairs[(2 * k) + 1];
            if (!share) keys.TupleElements[k] = pairs[2 * k];
        }
        return NewFlat(p, count, keys);
    }

    // Merges two nodes of one level (both roots, or both below). A new root gets its size from the caller. Counts the keys that are in both.
    private static Term MergeNodes(Heap* heap, Term a, Term b, int depth, ref long both)
    {
        Term* merged = stackalloc Term[16];
        ulong headerA = a.BoxHeader, headerB = b.BoxHeader;
        int head = HeadWords(headerA);
        int bitsA = Header.Extra(headerA), bitsB = Header.Extra(headerB);
        Term* x = (Term*)a.Box + head, y = (Term*)b.Box + head;
        bool onlyA = true, onlyB = true;
        int n = 0;
        for (int all = bitsA | bitsB; all != 0; all &= all - 1, n++)
        {
            int bit = all & -all;
            Term s = (bitsA & bit) != 0 ? *x++ : Term.None, t = (bitsB & bit) != 0 ? *y++ : Term.None;
            Term result = s.IsNone ? t : t.IsNone ? s : MergeSlots(heap, s, t, depth + 1, ref both);
            onlyA &= result == s;
            onlyB &= result == t;
            merged[n] = result;
        }
        if (onlyB) return b;
        if (onlyA) return a;
        ulong* p = Heap.Alloc(heap, head + n);
        p[0] = Header.Make(Header.Kind(headerA), head + n - 1, bitsA | bitsB);
        if (head > 1) p[1] = Term.Small(0).Bits;
        CopyTerms(merged, (Term*)p + head, n);
        return Term.Boxed(p);
    }

    // Merges two slots whose nodes, if they are such, are of this level.
    private static Term MergeSlots(Heap* heap, Term a, Term b, int depth, ref long both)
    {
        if (a == b)
        {
            both += CountPairs(a);
            return b;
        }
        if (a.IsBoxed) return b.IsBoxed ? MergeNodes(heap, a, b, depth, ref both) : Insert(heap, a, b, depth, true, ref both);
        if (b.IsBoxed) return Insert(heap, b, a, depth, false, ref both);
        if (!Same(a.Head, b.Head)) return Join(heap, a, b, depth);
        both++;
        return b;
    }

    // A node with a pair put in; the pair wins over one of the same key, or gives way to it.
    private static Term Insert(Heap* heap, Term node, Term pair, int depth, bool wins, ref long both)
    {
        int bitmap = Header.Extra(node.BoxHeader), number = SlotOf(pair.Head, depth);
        int at = BitOperations.PopCount((uint)(bitmap & ((1 << number) - 1)));
        if ((bitmap & (1 << number)) == 0) return WithSlot(heap, node.Box, at, number, pair, 0);
        Term s = ((Term*)node.Box)[1 + at], t;
        if (s.IsBoxed)
        {
            t = Insert(heap, s, pair, depth + 1, wins, ref both);
        }
        else if (Same(s.Head, pair.Head))
        {
            both++;
            t = wins ? pair : s;
        }
        else
        {
            t = Join(heap, s, pair, depth + 1);
        }
        if (t == s) return node;
        long words = Header.Arity(node.BoxHeader) + 1;
        ulong* p = Heap.Alloc(heap, words);
        CopyTerms((Term*)node.Box, (Term*)p, words);
        p[1 + at] = t.Bits;
        return Term.Boxed(p);
    }

    // Pairs in a slot.
    private static long CountPairs(Term slot)
    {
        if (slot.IsCons) return 1;
        Term* s = (Term*)slot.Box + 1;
        long n = 0;
        for (int k = BitOperations.PopCount((uint)Header.Extra(slot.BoxHeader)); k > 0; k--) n += CountPairs(*s++);
        return n;
    }
}
