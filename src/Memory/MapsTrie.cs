// Maps of more than FlatMap.MaxSize keys: a trie on the hash of the key, 4 bits a level from the low end (HAMT). A node has a bitmap of the slots it
// has and these slots in order: a pair [Key|Value], or a node of the next level. After 8 levels the bits of a hash are used up and the next 8 come from
// the hash with the next seed.
//
// The shape is canonical: a node below the root has at least two keys below it, so a node that would keep one pair gives way to that pair.
namespace MyBeam.Memory;

using System.Numerics;
using System.Runtime.CompilerServices;

public static unsafe partial class Maps
{
    /// <summary>Levels of nodes that a trie can have: 128 bits of hash. Keys that agree in all of them do not turn up, not even on purpose.</summary>
    internal const int MaxDepth = 32;

    /// <summary>Levels that one hash is good for.</summary>
    internal const int LevelsPerHash = 8;

    // The way from the root to a place: nodes and the index of the slot taken in each.
    private struct Way
    {
        public fixed ulong Nodes[MaxDepth];
        public fixed byte At[MaxDepth];
    }

    /// <summary>Slot number (0..15) of a key in a node of this level.</summary>
    private static int SlotOf(Term key, int depth) => (int)(TermHash.Internal(key, (uint)depth / LevelsPerHash) >> (depth % LevelsPerHash * 4)) & 15;

    /// <summary>Words before the slots of a node.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int HeadWords(ulong header) => Header.Kind(header) == Header.HashMap ? HashMap.HeaderWords : 1;

    /// <summary>The value of a key of a trie whose hash (TermHash.Internal with seed 0) is known, or None.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static Term FindInTrie(ulong* map, Term key, uint hash)
    {
        ulong header = *map;
        Term* slots = (Term*)(map + HashMap.HeaderWords);
        uint bits = hash;
        for (int depth = 0; ;)
        {
            int bitmap = Header.Extra(header), bit = 1 << (int)(bits & 15);
            if ((bitmap & bit) == 0) return Term.None;
            Term s = slots[BitOperations.PopCount((uint)(bitmap & (bit - 1)))];
            if (s.IsCons) return Same(s.Head, key) ? s.Tail : Term.None;
            header = s.BoxHeader;
            slots = (Term*)(s.Box + 1);
            depth++;
            bits = depth % LevelsPerHash == 0 ? TermHash.Internal(key, (uint)depth / LevelsPerHash) : bits >> 4;
        }
    }

    // Goes down as far as the key leads. Gives the last level, and what is in the slot there: a pair, or None (then At is where it would go).
    private static int Descend(Term map, Term key, Way* way, out Term slot)
    {
        ulong* node = map.Box;
        Term* slots = (Term*)(node + HashMap.HeaderWords);
        uint bits = TermHash.Internal(key, 0);
        for (int depth = 0; ;)
        {
            int bitmap = Header.Extra(*node), bit = 1 << (int)(bits & 15);
            int at = BitOperations.PopCount((uint)(bitmap & (bit - 1)));
            way->Nodes[depth] = (ulong)node;
            way->At[depth] = (byte)at;
            slot = Term.None;
            if ((bitmap & bit) == 0) return depth;
            slot = slots[at];
            if (slot.IsCons) return depth;
            node = slot.Box;
            slots = (Term*)(node + 1);
            depth++;
            bits = depth % LevelsPerHash == 0 ? TermHash.Internal(key, (uint)depth / LevelsPerHash) : bits >> 4;
        }
    }

    private static Term NewPair(Heap* heap, Term key, Term value)
    {
        Cons* c = (Cons*)Heap.Alloc(heap, 2);
        c->Head = key;
        c->Tail = value;
        return Term.List(c);
    }

    private static Term PutInTrie(Heap* heap, Term map, Term key, Term value, bool mustExist)
    {
        Way way;
        Unsafe.SkipInit(out way);
        int depth = Descend(map, key, &way, out Term slot);
        if (slot.IsCons && Same(slot.Head, key))
        {
            if (slot.Tail == value) return map;
            return CopyUp(heap, &way, depth, NewPair(heap, slot.Head, value), 0);
        }
        if (mustExist) return Term.None;
        Term pair = NewPair(heap, key, value);
        if (slot.IsCons) return CopyUp(heap, &way, depth, Join(heap, slot, pair, depth + 1), 1);
        ulong* node = (ulong*)way.Nodes[depth];
        Term grown = WithSlot(heap, node, way.At[depth], SlotOf(key, depth), pair, depth == 0 ? 1 : 0);
        return depth == 0 ? grown : CopyUp(heap, &way, depth - 1, grown, 1);
    }

    // A copy of a node with one slot more. At the root the size grows with it.
    private static Term WithSlot(Heap* heap, ulong* node, int at, int number, Term slot, long more)
    {
        ulong header = *node;
        int head = HeadWords(header);
        long n = Header.Arity(header) + 1;
        ulong* p = Heap.Alloc(heap, n + 1);
        p[0] = Header.Make(Header.Kind(header), n, Header.Extra(header) | (1 << number));
        if (head > 1) p[1] = Term.Small(new Term(node[1]).SmallValue + more).Bits;
        Term* from = (Term*)node + head, to = (Term*)p + head;
        CopyTerms(from, to, at);
        to[at] = slot;
        CopyTerms(from + at, to + at + 1, n - head - at);
        return Term.Boxed(p);
    }

    // Copies of the nodes of the way from a level up to the root, with a slot replaced in each; the root's size changes by some.
    private static Term CopyUp(Heap* heap, Way* way, int depth, Term slot, long more)
    {
        for (; depth >= 0; depth--)
        {
            ulong* node = (ulong*)way->Nodes[depth];
            int head = HeadWords(*node);
            long words = Header.Arity(*node) + 1;
            ulong* p = Heap.Alloc(heap, words);
            CopyTerms((Term*)node, (Term*)p, words);
            p[head + way->At[depth]] = slot.Bits;
            if (depth == 0) p[1] = Term.Small(new Term(p[1]).SmallValue + more).Bits;
            slot = Term.Boxed(p);
        }
        return slot;
    }

    // The node of this level that has just two pairs of different keys below it.
    private static Term Join(Heap* heap, Term a, Term b, int depth)
    {
        int top = depth, i = SlotOf(a.Head, depth), j = SlotOf(b.Head, depth);
        while (i == j)
        {
            depth++;
            // Past the last level two keys have 128 bits of hash in common: a fault in TermHash, and an endless trie. Stop at once.
            if (depth == MaxDepth) *(ulong*)null = 0;
            i = SlotOf(a.Head, depth);
            j = SlotOf(b.Head, depth);
        }
        ulong* p = Heap.Alloc(heap, 3);
        p[0] = Header.Make(Header.HashNode, 2, (1 << i) | (1 << j));
        p[i < j ? 1 : 2] = a.Bits;
        p[i < j ? 2 : 1] = b.Bits;
        Term node = Term.Boxed(p);
        while (--depth >= top)
        {
            p = Heap.Alloc(heap, 2);
            p[0] = Header.Make(Header.HashNode, 1, 1 << SlotOf(a.Head, depth));
            p[1] = node.Bits;
            node = Term.Boxed(p);
        }
        return node;
    }

    private static Term TakeFromTrie(Heap* heap, Term map, Term key, out Term value)
    {
        Way way;
        Unsafe.SkipInit(out way);
        int depth = Descend(map, key, &way, out Term slot);
        value = Term.None;
        if (!slot.IsCons || !Same(slot.Head, key)) return map;
        value = slot.Tail;
        if (Size(map) - 1 <= FlatMap.MaxSize) return Shrink(heap, map, slot);

        ulong* node = (ulong*)way.Nodes[depth];
        int head = HeadWords(*node);
        long left = Header.Arity(*node) - head; // slots that stay
        if (depth > 0 && left == 1 && ((Term*)node)[head + 1 - way.At[depth]].IsCons)
        {
            // One pair stays: it moves up to where the node was, past every node that had only this one below it.
            Term pair = ((Term*)node)[head + 1 - way.At[depth]];
            depth--;
            while (depth > 0 && Header.Arity(*(ulong*)way.Nodes[depth]) == 1) depth--;
            return CopyUp(heap, &way, depth, pair, -1);
        }
        int at = way.At[depth];
        ulong* p = Heap.Alloc(heap, head + left);
        p[0] = Header.Make(Header.Kind(*node), head + left - 1, Header.Extra(*node) & ~(1 << SlotOf(key, depth)));
        if (head > 1) p[1] = Term.Small(Size(map) - 1).Bits;
        Term* from = (Term*)node + head, to = (Term*)p + head;
        CopyTerms(from, to, at);
        CopyTerms(from + at + 1, to + at, left - at);
        return depth == 0 ? Term.Boxed(p) : CopyUp(heap, &way, depth - 1, Term.Boxed(p), -1);
    }

    // The flat map of all pairs but one.
    private static Term Shrink(Heap* heap, Term map, Term without)
    {
        Term* all = stackalloc Term[2 * FlatMap.MaxSize];
        long n = 0;
        MapIterator it = new(map);
        while (it.Next())
        {
            if (it.Pair == without) continue;
            all[2 * n] = it.Key;
            all[(2 * n) + 1] = it.Value;
            n++;
        }
        return MapBuild.FromArrays(heap, all, 2, all + 1, 2, n, out _);
    }
}
