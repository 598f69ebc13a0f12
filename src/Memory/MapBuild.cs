// Making a whole map at once, of pairs in any order: for lists, external terms, literals, merges.
//
// A trie is made from the bottom of its final shape: the hashes, with their 4-bit digits reversed so that the order of numbers is the order of the trie,
// are sorted together with the index of their pair (one word each); then keys with equal hashes are looked at, the nodes are counted, room for exactly
// the whole map is taken, and the nodes are written in one pass. No node is ever copied.
namespace MyBeam.Memory;

using System.Buffers.Binary;

/// <summary>Builds maps.</summary>
public static unsafe class MapBuild
{
    // Where the pairs are: keys at Keys[i * KeyStep], values at Values[i * ValueStep].
    private struct Source
    {
        public Term* Keys, Values;
        public long KeyStep, ValueStep;

        public readonly Term Key(ulong item) => Keys[(long)(item & IndexMask) * KeyStep];

        public readonly Term Value(ulong item) => Values[(long)(item & IndexMask) * ValueStep];
    }

    // An item: the reversed hash above, the index of the pair below.
    private const ulong IndexMask = uint.MaxValue;
    private const int PathShift = 32;

    /// <summary>Most pairs.</summary>
    public const long MaxPairs = uint.MaxValue;

    /// <summary>Words that a map of this many pairs takes at most; see FromArray for keys whose hashes were chosen to collide.</summary>
    public static long WordsFor(long pairs)
    {
        if (pairs <= FlatMap.MaxSize) return FlatMap.HeaderWords + 1 + (2 * pairs);
        // A pair is 2 words and a slot. A trie of n random hashes has n / ln 16 = 0.36 n nodes, each a head and a slot above it.
        long nodes = (pairs * 3 / 8) + ((long)System.Math.Sqrt(pairs) * 4) + 32;
        return (3 * pairs) + (2 * nodes) + 1;
    }

    /// <summary>
    /// A map at <paramref name="top"/>, which moves past it: at most WordsFor(pairs) words. None when a key is there twice (duplicate is true), when
    /// memory is out, or when the keys need more room than that: at random this does not happen.
    /// </summary>
    public static Term FromArray(ref ulong* top, Term* keysAndValues, long pairs, out bool duplicate)
    {
        Source s = new() { Keys = keysAndValues, Values = keysAndValues + 1, KeyStep = 2, ValueStep = 2 };
        ulong* p = top;
        Term map = Build(null, ref p, in s, pairs, out duplicate, true);
        if (!map.IsNone) top = p;
        return map;
    }

    /// <summary>A map of rows with steps (in terms) between their elements; of equal keys the last counts. Allocates the map in one piece.</summary>
    public static Term FromArrays(Heap* heap, Term* keys, long keyStep, Term* values, long valueStep, long count, out bool duplicate)
    {
        Source s = new() { Keys = keys, Values = values, KeyStep = keyStep, ValueStep = valueStep };
        ulong* none = null;
        return Build(heap, ref none, in s, count, out duplicate, false);
    }

    /// <summary>The pairs of a flat map as a trie, which is smaller than tries ever are: only for merging with a larger one.</summary>
    internal static Term TrieOfFlat(Heap* heap, FlatMap* m)
    {
        Source s = new() { Keys = m->Keys.TupleElements, Values = FlatMap.Values(m), KeyStep = 1, ValueStep = 1 };
        ulong* items = stackalloc ulong[FlatMap.MaxSize];
        long n = m->Size.SmallValue;
        for (long i = 0; i < n; i++) items[i] = Item(in s, (ulong)i, 0);
        Insertion(items, n);
        ulong* p = Heap.Alloc(heap, TrieWords(items, n, in s));
        return Trie(ref p, items, n, in s);
    }

    private static Term Build(Heap* heap, ref ulong* top, in Source s, long count, out bool duplicate, bool unique)
    {
        duplicate = false;
        if (count > MaxPairs) return Term.None;
        ulong* small = stackalloc ulong[FlatMap.MaxSize];
        if (count <= FlatMap.MaxSize)
        {
            for (long i = 0; i < count; i++) small[i] = (ulong)i;
            return Flat(heap, ref top, in s, small, count, out duplicate, unique);
        }
        nuint bytes = (nuint)count * 16;
        ulong* items = (ulong*)Allocator.Alloc(bytes, Owner.Temporary);
        if (items == null) return Term.None;
        for (long i = 0; i < count; i++) items[i] = Item(in s, (ulong)i, 0);
        Sort(items, count, items + count);
        long distinct = DropDuplicates(items, count, in s);
        duplicate = distinct != count;
        Term map = Term.None;
        if (distinct <= FlatMap.MaxSize)
        {
            for (long i = 0; i < distinct; i++) small[i] = items[i] & IndexMask;
            if (!duplicate || !unique) map = Flat(heap, ref top, in s, small, distinct, out _, false);
        }
        else if (!duplicate || !unique)
        {
            long words = TrieWords(items, distinct, in s);
            if (heap != null) top = Heap.Alloc(heap, words);
            if (heap != null || words <= WordsFor(count)) map = Trie(ref top, items, distinct, in s);
        }
        Allocator.Free(items, bytes, Owner.Temporary);
        return map;
    }

    // -- flat maps --

    // indices: of the pairs, in the order in which later ones win; sorted here by key.
    private static Term Flat(Heap* heap, ref ulong* top, in Source s, ulong* indices, long count, out bool duplicate, bool unique)
    {
        duplicate = false;
        long n = 0;
        for (long i = 0; i < count; i++)
        {
            ulong index = indices[i];
            Term key = s.Key(index);
            long at = n;
            int order = 1;
            while (at > 0)
            {
                order = TermOrder.CompareFlatKeys(s.Key(indices[at - 1]), key);
                if (order <= 0) break;
                at--;
            }
            if (at > 0 && order == 0)
            {
                duplicate = true;
                if (unique) return Term.None;
                indices[at - 1] = index;
                continue;
            }
            for (long k = n; k > at; k--) indices[k] = indices[k - 1];
            indices[at] = index;
            n++;
        }
        ulong* p = heap != null ? Heap.Alloc(heap, FlatMap.HeaderWords + 1 + (2 * n)) : top;
        top = p + FlatMap.HeaderWords + 1 + (2 * n);
        Term* values = (Term*)p + FlatMap.HeaderWords, keys = values + n + 1;
        p[0] = Header.Make(Header.FlatMap, FlatMap.HeaderWords - 1 + n);
        p[1] = Term.Small(n).Bits;
        p[2] = Term.Boxed(keys - 1).Bits;
        ((ulong*)keys)[-1] = Header.Make(Header.Tuple, n);
        for (long i = 0; i < n; i++)
        {
            keys[i] = s.Key(indices[i]);
            values[i] = s.Value(indices[i]);
        }
        return Term.Boxed(p);
    }

    // -- items --

    private static ulong Item(in Source s, ulong index, uint seed)
    {
        index &= IndexMask;
        uint h = BinaryPrimitives.ReverseEndianness(TermHash.Internal(s.Key(index), seed));
        h = ((h & 0xF0F0F0F0) >> 4) | ((h & 0x0F0F0F0F) << 4);
        return ((ulong)h << PathShift) | index;
    }

    // Items with equal hashes lie side by side, by index. Keeps one item of each key, that of the last pair. Gives how many stay.
    private static long DropDuplicates(ulong* items, long count, in Source s)
    {
        long kept = 0;
        for (long i = 0; i < count;)
        {
            long first = kept;
            uint path = (uint)(items[i] >> PathShift);
            items[kept++] = items[i++];
            for (; i < count && (uint)(items[i] >> PathShift) == path; i++)
            {
                Term key = s.Key(items[i]);
                long k = first;
                while (k < kept && !TermEquality.Exact(s.Key(items[k]), key)) k++;
                items[k] = items[i];
                if (k == kept) kept++;
            }
        }
        return kept;
    }

    // Sorts by the whole word. room: as many words.
    private static void Sort(ulong* items, long count, ulong* room)
    {
        if (count <= 48)
        {
            Insertion(items, count);
            return;
        }
        // By bytes of the hash, lowest first; the sort is stable and the items came by index, so the index needs no pass.
        long* starts = stackalloc long[256];
        ulong* from = items, to = room;
        for (int shift = PathShift; shift < 64; shift += 8)
        {
            for (int b = 0; b < 256; b++) starts[b] = 0;
            for (long i = 0; i < count; i++) starts[(byte)(from[i] >> shift)]++;
            long sum = 0;
            for (int b = 0; b < 256; b++)
            {
                long n = starts[b];
                starts[b] = sum;
                sum += n;
            }
            for (long i = 0; i < count; i++) to[starts[(byte)(from[i] >> shift)]++] = from[i];
            ulong* t = from;
            from = to;
            to = t;
        }
    }

    private static void Insertion(ulong* items, long count)
    {
        for (long i = 1; i < count; i++)
        {
            ulong item = items[i];
            long j = i;
            for (; j > 0 && items[j - 1] > item; j--) items[j] = items[j - 1];
            items[j] = item;
        }
    }

    // -- tries --

    // The items of keys that have a whole hash in common, with the next hash, sorted; the caller frees them: 16 bytes an item.
    private static ulong* Rehash(ulong* items, long count, in Source s, uint seed)
    {
        ulong* fresh = (ulong*)Allocator.Alloc((nuint)count * 16, Owner.Temporary);
        for (long i = 0; i < count; i++) fresh[i] = Item(in s, items[i], seed);
        // Not by index any more: what is sorted by bytes only is put right in runs of equal hashes, where the order does not matter.
        Sort(fresh, count, fresh + count);
        return fresh;
    }

    private static long TrieWords(ulong* items, long count, in Source s)
    {
        long nodes = 1 + Nodes(items, count, in s, 0);
        // Pairs, a slot for every pair and every node but the root, heads, the root's size.
        return (2 * count) + count + (nodes - 1) + nodes + 1;
    }

    // Nodes below the top one of these items (sorted, of one hash). The node of a common prefix starts where neighbours share it that did not before.
    private static long Nodes(ulong* items, long count, in Source s, uint seed)
    {
        long nodes = 0;
        int before = 0;
        for (long i = 0; i + 1 < count; i++)
        {
            uint differ = (uint)(items[i] >> PathShift) ^ (uint)(items[i + 1] >> PathShift);
            int shared = System.Numerics.BitOperations.LeadingZeroCount(differ) / 4; // 8 when the hashes are the same
            if (shared > before) nodes += shared - before;
            before = shared;
            if (shared < Maps.LevelsPerHash) continue;
            long end = i + 2;
            while (end < count && items[end] >> PathShift == items[i] >> PathShift) end++;
            CheckSeed(seed + 1);
            ulong* fresh = Rehash(items + i, end - i, in s, seed + 1);
            nodes += Nodes(fresh, end - i, in s, seed + 1);
            Allocator.Free(fresh, (nuint)(end - i) * 16, Owner.Temporary);
            i = end - 2;
        }
        return nodes;
    }

    // See Maps.MaxDepth: keys that cannot be told apart are a fault in TermHash; stop at once rather than go on for ever.
    private static void CheckSeed(uint seed)
    {
        if (seed >= Maps.MaxDepth / Maps.LevelsPerHash) *(ulong*)null = 0;
    }

    private static Term Trie(ref ulong* p, ulong* items, long count, in Source s)
    {
        ulong* root = p;
        p = root + HashMap.HeaderWords;
        root[1] = Term.Small(count).Bits;
        Node(ref p, root, Header.HashMap, HashMap.HeaderWords, items, count, in s, 0);
        return Term.Boxed(root);
    }

    // Writes the node of a level at `node` (its head words are taken already) and everything below it behind p.
    private static void Node(ref ulong* p, ulong* node, ulong kind, int head, ulong* items, long count, in Source s, int depth)
    {
        int shift = 64 - 4 - (depth % Maps.LevelsPerHash * 4);
        int bitmap = 0, slots = 0;
        for (long i = 0; i < count; i++) bitmap |= 1 << (int)((items[i] >> shift) & 15);
        slots = System.Numerics.BitOperations.PopCount((uint)bitmap);
        p += slots;
        node[0] = Header.Make(kind, head - 1 + slots, bitmap);
        ulong* to = node + head;
        for (long i = 0; i < count;)
        {
            ulong digit = (items[i] >> shift) & 15;
            long end = i + 1;
            while (end < count && ((items[end] >> shift) & 15) == digit) end++;
            if (end - i == 1)
            {
                Cons* c = (Cons*)p;
                p += 2;
                c->Head = s.Key(items[i]);
                c->Tail = s.Value(items[i]);
                *to++ = Term.List(c).Bits;
            }
            else
            {
                *to++ = Below(ref p, items + i, end - i, in s, depth + 1).Bits;
            }
            i = end;
        }
    }

    private static Term Below(ref ulong* p, ulong* items, long count, in Source s, int depth)
    {
        ulong* node = p++;
        if (depth % Maps.LevelsPerHash != 0)
        {
            Node(ref p, node, Header.HashNode, 1, items, count, in s, depth);
            return Term.Boxed(node);
        }
        ulong* fresh = Rehash(items, count, in s, (uint)depth / Maps.LevelsPerHash);
        Node(ref p, node, Header.HashNode, 1, fresh, count, in s, depth);
        Allocator.Free(fresh, (nuint)count * 16, Owner.Temporary);
        return Term.Boxed(node);
    }
}
