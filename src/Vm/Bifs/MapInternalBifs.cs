// What OTP's maps.erl, erts_internal.erl and erts_debug.erl need to know about the inside of maps: iterators, and their parts for measuring.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>erts_internal:map_next/3, map_to_tuple_keys/1, map_hashmap_children/1, term_type/1; erts_debug:map_info/1.</summary>
public static unsafe class MapInternalBifs
{
    // Pairs of one call: few in the first, because often only the first few are wanted; then what fits a slice (OTP: 4 reductions a pair).
    private const int FirstPairs = FlatMap.MaxSize, MorePairs = 1000, OrderedPairs = 125;

    /// <summary>
    /// map_next(Path, Map, iterator): {K1, V1, {K2, V2, … none | [Path | Map]}}. map_next(Path, Map, List): [{K1, V1}, … | List], or when not all pairs were
    /// taken [Path, Map, … | List], the last pairs first taken. A Path that is a list holds the keys of an ordered iterator.
    /// </summary>
    [Bif("erts_internal:map_next/3")]
    public static Term MapNext(Process* p, Term* a)
    {
        Term path = a[0], map = a[1], how = a[2];
        bool iterator = how == Am.Iterator;
        if (!map.IsMap || (!iterator && !how.IsList)) return Process.Badarg(p);
        if (iterator && path.IsList) return Ordered(p, path, map);
        if (map.IsFlatMap)
        {
            if (!path.IsSmall || (ulong)path.SmallValue > (ulong)Maps.Size(map)) return Process.Badarg(p);
            return iterator ? FlatChain(p, map) : FlatList(p, map, how);
        }
        if (!PathDigits(path, out ulong low, out ulong high) || !MapPath.Start(out MapPath at, map, low, high, !iterator)) return Process.Badarg(p);
        int most = (low | high) == 0 ? FirstPairs : MorePairs;
        Process.Bump(p, most * 4);
        return iterator ? Chain(p, ref at, map, most) : Backwards(p, ref at, map, how, most);
    }

    private static bool PathDigits(Term path, out ulong low, out ulong high)
    {
        low = high = 0;
        if (path.IsSmall)
        {
            low = (ulong)path.SmallValue;
            return path.SmallValue >= 0;
        }
        if (!path.IsBig || path.BigNegative || path.BigLength > 2) return false;
        low = path.BigDigits[0];
        if (path.BigLength == 2) high = path.BigDigits[1];
        return true;
    }

    private static Term PathTerm(Process* p, ulong low, ulong high)
    {
        ulong* digits = stackalloc ulong[2];
        digits[0] = low;
        digits[1] = high;
        return Process.Integer(p, digits, 2, false);
    }

    private static Term* Link(ulong* tuple, Term key, Term value)
    {
        tuple[0] = Header.Make(Header.Tuple, 3);
        tuple[1] = key.Bits;
        tuple[2] = value.Bits;
        return (Term*)tuple + 3;
    }

    private static Term FlatChain(Process* p, Term map)
    {
        Term first = Am.None;
        Term* end = &first;
        MapIterator it = new(map);
        while (it.Next())
        {
            ulong* tuple = Process.Alloc(p, 4);
            *end = Term.Boxed(tuple);
            end = Link(tuple, it.Key, it.Value);
            *end = Am.None;
        }
        return first;
    }

    private static Term FlatList(Process* p, Term map, Term tail)
    {
        FlatMap* m = (FlatMap*)map.Box;
        Term list = tail;
        for (long i = Maps.Size(map) - 1; i >= 0; i--)
            list = Process.Cons(p, Process.Tuple(p, m->Keys.TupleElements[i], FlatMap.Values(m)[i]), list);
        return list;
    }

    private static Term Chain(Process* p, ref MapPath at, Term map, int most)
    {
        Term first = Am.None;
        Term* end = &first;
        while (most-- > 0 && at.Next())
        {
            ulong* tuple = Process.Alloc(p, 4);
            *end = Term.Boxed(tuple);
            end = Link(tuple, at.Pair.Head, at.Pair.Tail);
            *end = Am.None;
        }
        if (at.Rest(out ulong low, out ulong high)) *end = Process.Cons(p, PathTerm(p, low, high), map);
        return first;
    }

    private static Term Backwards(Process* p, ref MapPath at, Term map, Term tail, int most)
    {
        Term list = tail;
        while (most-- > 0 && at.Next()) list = Process.Cons(p, Process.Tuple(p, at.Pair.Head, at.Pair.Tail), list);
        return at.Rest(out ulong low, out ulong high) ? Process.Cons(p, PathTerm(p, low, high), Process.Cons(p, map, list)) : list;
    }

    private static Term Ordered(Process* p, Term keys, Term map)
    {
        Term first = Am.None;
        Term* end = &first;
        for (int n = 0; keys.IsCons && n < OrderedPairs; n++, keys = keys.Tail)
        {
            Term value = Maps.Find(map, keys.Head);
            if (value.IsNone) return Process.Badarg(p);
            ulong* tuple = Process.Alloc(p, 4);
            *end = Term.Boxed(tuple);
            end = Link(tuple, keys.Head, value);
            *end = Am.None;
        }
        if (keys.IsCons) *end = Process.Cons(p, keys, map);
        else if (!keys.IsNil) return Process.Badarg(p);
        Process.Bump(p, OrderedPairs);
        return first;
    }

    [Bif("erts_internal:map_to_tuple_keys/1")]
    public static Term MapToTupleKeys(Process* p, Term* a)
    {
        if (!a[0].IsMap) return MapsBifs.Badmap(p, a[0]);
        return a[0].IsFlatMap ? ((FlatMap*)a[0].Box)->Keys : Process.Badarg(p);
    }

    /// <summary>The slots of a trie's root for erts_debug:size/1. Nodes must not get into a program: a tuple of its slots, of the same size, stands for
    /// each.</summary>
    [Bif("erts_internal:map_hashmap_children/1")]
    public static Term MapHashmapChildren(Process* p, Term* a)
    {
        if (!a[0].IsMap) return MapsBifs.Badmap(p, a[0]);
        if (a[0].IsFlatMap) return Process.Badarg(p);
        HashMap* m = (HashMap*)a[0].Box;
        Term list = Term.Nil;
        for (long i = 0; i < Header.Arity(m->Header) - 1; i++) list = Process.Cons(p, NodeAsTuple(p, HashMap.Slots(m)[i]), list);
        return list;
    }

    // As deep as the trie is: a few calls.
    private static Term NodeAsTuple(Process* p, Term slot)
    {
        if (slot.IsCons) return slot;
        long n = Header.Arity(slot.BoxHeader);
        Term tuple = Process.NewTuple(p, n);
        for (long i = 0; i < n; i++) tuple.TupleElements[i] = Term.Nil;
        for (long i = 0; i < n; i++) tuple.TupleElements[i] = NodeAsTuple(p, ((Term*)slot.Box)[1 + i]);
        return tuple;
    }

    [Bif("erts_internal:term_type/1")]
    public static Term TermType(Process* p, Term* a)
    {
        Term t = a[0];
        if (t.IsCons) return Am.List;
        if (t.IsSmall) return Am.Fixnum;
        if (t.IsAtom) return Am.Atom;
        if (t.IsNil) return Am.Nil;
        if (t.IsLocalPid) return Am.Pid;
        if (t.IsLocalPort) return Am.Port;
        return Header.Kind(t.BoxHeader) switch
        {
            Header.Tuple => Am.Tuple,
            Header.Record => Am.Record,
            Header.PositiveBig or Header.NegativeBig => Am.Bignum,
            Header.Reference or Header.MagicRef => Am.Reference,
            Header.Fun => Am.Fun,
            Header.ExportFun => Am.Export,
            Header.Float => Am.Hfloat,
            Header.ExternalThing => t.IsPid ? Am.ExternalPid : t.IsPort ? Am.ExternalPort : Am.ExternalReference,
            Header.HeapBits => Am.HeapBinary,
            Header.SubBits => Am.SubBinary,
            Header.FlatMap => Am.Flatmap,
            _ => Am.Hashmap,
        };
    }

    // Levels that map_info counts leaves on, as OTP (a 64-bit hash).
    private const int InfoLevels = 18;

    private struct Counts
    {
        public fixed long Leaves[InfoLevels];
        public fixed long Bitmaps[16];
        public long LeafCount, BitmapCount, ArrayCount, Depth;
    }

    /// <summary>[{depth, D}, {arrays, N, []}, {collisions, 0, {…}}, {bitmaps, N, {…}}, {leafs, N, {…}}] of a large map: nodes by number of slots, pairs by
    /// level.</summary>
    [Bif("erts_debug:map_info/1")]
    public static Term MapInfo(Process* p, Term* a)
    {
        if (!a[0].IsMap) return MapsBifs.Badmap(p, a[0]);
        if (a[0].IsFlatMap) return Process.Badarg(p);
        Counts counts = default;
        CountNode(&counts, a[0], 1);
        long* none = stackalloc long[16];
        for (int i = 0; i < 16; i++) none[i] = 0;
        Term list = Process.Cons(p, Process.Tuple(p, Am.Leafs, Term.Small(counts.LeafCount), Row(p, counts.Leaves, InfoLevels)), Term.Nil);
        list = Process.Cons(p, Process.Tuple(p, Am.Bitmaps, Term.Small(counts.BitmapCount), Row(p, counts.Bitmaps, 16)), list);
        list = Process.Cons(p, Process.Tuple(p, Am.Collisions, Term.Small(0), Row(p, none, 16)), list);
        list = Process.Cons(p, Process.Tuple(p, Am.Arrays, Term.Small(counts.ArrayCount), Term.Nil), list);
        return Process.Cons(p, Process.Tuple(p, Am.Depth, Term.Small(counts.Depth)), list);
    }

    private static void CountNode(Counts* counts, Term node, int level)
    {
        int head = Header.Kind(node.BoxHeader) == Header.HashMap ? HashMap.HeaderWords : 1;
        long slots = Header.Arity(node.BoxHeader) + 1 - head;
        if (head > 1 && slots == 16) counts->ArrayCount++;
        else
        {
            counts->BitmapCount++;
            counts->Bitmaps[slots - 1]++;
        }
        if (level > counts->Depth) counts->Depth = level;
        for (long i = 0; i < slots; i++)
        {
            Term s = ((Term*)node.Box)[head + i];
            if (s.IsCons)
            {
                counts->LeafCount++;
                counts->Leaves[level < InfoLevels ? level : InfoLevels - 1]++;
            }
            else
            {
                CountNode(counts, s, level + 1);
            }
        }
    }

    private static Term Row(Process* p, long* numbers, int count)
    {
        Term tuple = Process.NewTuple(p, count);
        for (int i = 0; i < count; i++) tuple.TupleElements[i] = Term.Small(numbers[i]);
        return tuple;
    }
}
