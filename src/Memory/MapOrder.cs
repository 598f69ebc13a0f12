// The order of maps: number of keys; then the keys, smallest first, in the order of map keys; then the values in the order of their keys.
//
// Neither kind of map stores its keys in that order (flat maps have atoms by atom number, tries have everything by hash). Pairs that are the same in both
// maps never matter; what is left is copied into rows, sorted, and the rows are compared like any others.
namespace MyBeam.Memory;

using System.Numerics;

public static unsafe partial class TermOrder
{
    // Pairs (key, value) of one map that are not in the other as they are.
    private struct Pairs
    {
        public Term* Data;
        public long Count, Capacity;

        public void Add(Term key, Term value)
        {
            if (Count == Capacity)
            {
                long size = Capacity == 0 ? 16 : Capacity * 2;
                Data = (Term*)Allocator.Realloc(Data, (nuint)(Capacity * 16), (nuint)(size * 16), Owner.Temporary);
                Capacity = size;
            }
            Data[2 * Count] = key;
            Data[(2 * Count) + 1] = value;
            Count++;
        }

        public readonly void Free() => Allocator.Free(Data, (nuint)(Capacity * 16), Owner.Temporary);
    }

    private static int Maps(ref WorkStack stack, Term a, Term b, bool exact)
    {
        ulong* x = a.Box, y = b.Box;
        long n = new Term(x[1]).SmallValue, m = new Term(y[1]).SmallValue;
        if (n != m) return n < m ? -1 : 1;
        if (n == 0) return 0;
        if (Header.Kind(*x) == Header.FlatMap && Header.Kind(*y) == Header.FlatMap) return FlatMaps(ref stack, (FlatMap*)x, (FlatMap*)y, n, exact);

        Pairs p = default, q = default;
        Differing(ref p, ref q, (Term*)(x + HashMap.HeaderWords), Header.Extra(*x), (Term*)(y + HashMap.HeaderWords), Header.Extra(*y));
        PushPairs(ref stack, ref p, ref q, exact);
        return 0;
    }

    private static int FlatMaps(ref WorkStack stack, FlatMap* a, FlatMap* b, long n, bool exact)
    {
        Term* keysA = a->Keys.TupleElements, keysB = b->Keys.TupleElements, valuesA = FlatMap.Values(a), valuesB = FlatMap.Values(b);
        // As keys, maps only need some order of their own, and OTP takes the order in which they are stored.
        if (exact)
        {
            PushRow(ref stack, valuesA, valuesB, n, true);
            return Row(ref stack, keysA, keysB, (ulong)n, true);
        }
        long differing = 0, only = 0, atoms = 0;
        for (long i = 0; i < n; i++)
        {
            if (keysA[i].IsAtom || keysB[i].IsAtom) atoms++;
            if (keysA[i] == keysB[i] && valuesA[i] == valuesB[i]) continue;
            differing++;
            only = i;
        }
        if (differing == 0) return 0;
        // One pair (a record with one field changed), or no atoms: as they stand.
        if (differing == 1)
        {
            PushRow(ref stack, valuesA + only, valuesB + only, 1, false);
            return Row(ref stack, keysA + only, keysB + only, 1, true);
        }
        if (atoms == 0)
        {
            PushRow(ref stack, valuesA, valuesB, n, false);
            return Row(ref stack, keysA, keysB, (ulong)n, true);
        }
        Pairs p = default, q = default;
        for (long i = 0; i < n; i++)
        {
            if (keysA[i] == keysB[i] && valuesA[i] == valuesB[i]) continue;
            p.Add(keysA[i], valuesA[i]);
            q.Add(keysB[i], valuesB[i]);
        }
        PushPairs(ref stack, ref p, ref q, false);
        return 0;
    }

    // Collects the pairs of two trie nodes at the same place that are not the same in both. The depth of a trie is bounded by the bits of the hash.
    private static void Differing(ref Pairs p, ref Pairs q, Term* x, int bitsX, Term* y, int bitsY)
    {
        for (int all = bitsX | bitsY; all != 0; all &= all - 1)
        {
            int bit = all & -all;
            Term s = (bitsX & bit) != 0 ? *x++ : Term.None, t = (bitsY & bit) != 0 ? *y++ : Term.None;
            if (s.Bits == t.Bits) continue;
            if (s.IsBoxed && t.IsBoxed)
            {
                Differing(ref p, ref q, (Term*)(s.Box + 1), Header.Extra(s.BoxHeader), (Term*)(t.Box + 1), Header.Extra(t.BoxHeader));
                continue;
            }
            if (s.IsCons && t.IsCons && s.Tail == t.Tail && TermEquality.Exact(s.Head, t.Head)) continue;
            AddAll(ref p, s);
            AddAll(ref q, t);
        }
    }

    private static void AddAll(ref Pairs p, Term slot)
    {
        if (slot.IsNone) return;
        if (slot.IsCons)
        {
            p.Add(slot.Head, slot.Tail);
            return;
        }
        Term* s = (Term*)(slot.Box + 1);
        for (int n = BitOperations.PopCount((uint)Header.Extra(slot.BoxHeader)); n > 0; n--) AddAll(ref p, *s++);
    }

    // Sorts both and pushes: the keys to compare first, then the values, then the block they are in to free. Gives the pairs' memory back.
    private static void PushPairs(ref WorkStack stack, ref Pairs p, ref Pairs q, bool exact)
    {
        long n = p.Count;
        if (n != 0)
        {
            nuint bytes = (nuint)n * 32;
            Term* block = (Term*)Allocator.Alloc(bytes, Owner.Temporary);
            // The block doubles as the room for merging.
            Sort(p.Data, n, block);
            Sort(q.Data, n, block);
            for (long i = 0; i < n; i++)
            {
                block[i] = p.Data[2 * i];
                block[n + i] = q.Data[2 * i];
                block[(2 * n) + i] = p.Data[(2 * i) + 1];
                block[(3 * n) + i] = q.Data[(2 * i) + 1];
            }
            stack.Push((ulong)block, bytes, FreeKind);
            PushRow(ref stack, block + (2 * n), block + (3 * n), n, exact);
            PushRow(ref stack, block, block + n, n, true);
        }
        p.Free();
        q.Free();
    }

    /// <summary>Sorts pairs (two terms each) by their first in the order of map keys. <paramref name="room"/>: as many pairs. Stable.</summary>
    public static void Sort(Term* pairs, long count, Term* room)
    {
        const long Run = 8;
        for (long start = 0; start < count; start += Run)
        {
            long end = start + Run < count ? start + Run : count;
            for (long i = start + 1; i < end; i++)
            {
                Term key = pairs[2 * i], value = pairs[(2 * i) + 1];
                long j = i;
                for (; j > start && CompareKeys(key, pairs[2 * (j - 1)]) < 0; j--)
                {
                    pairs[2 * j] = pairs[2 * (j - 1)];
                    pairs[(2 * j) + 1] = pairs[(2 * (j - 1)) + 1];
                }
                pairs[2 * j] = key;
                pairs[(2 * j) + 1] = value;
            }
        }
        Term* from = pairs, to = room;
        for (long width = Run; width < count; width *= 2)
        {
            for (long start = 0; start < count; start += 2 * width)
            {
                long middle = start + width < count ? start + width : count, end = start + (2 * width) < count ? start + (2 * width) : count;
                long i = start, j = middle;
                for (long k = start; k < end; k++)
                {
                    long take = i < middle && (j >= end || CompareKeys(from[2 * i], from[2 * j]) <= 0) ? i++ : j++;
                    to[2 * k] = from[2 * take];
                    to[(2 * k) + 1] = from[(2 * take) + 1];
                }
            }
            Term* t = from;
            from = to;
            to = t;
        }
        if (from != pairs) System.Buffer.MemoryCopy(from, pairs, count * 16, count * 16);
    }
}
