// Maps: looking up, and the operations every map has. Up to FlatMap.MaxSize keys a map is flat (two rows, keys and values, the row of keys shared by
// all updates of values); above that it is a trie on the hash of the keys (MapsTrie.cs). Which of the two, the order inside a flat map and the shape of a
// trie depend on the keys alone and not on how the map came about, so two maps of equal keys can be compared slot by slot.
//
// Nothing here collects: room comes from Heap.Alloc. Functions that make a map give back the very map they got when nothing changes.
namespace MyBeam.Memory;

using System.Runtime.CompilerServices;

/// <summary>Maps. The map arguments must be maps (Term.IsMap); keys are compared with =:=.</summary>
public static unsafe partial class Maps
{
    /// <summary>Number of keys.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Size(Term map) => ((FlatMap*)map.Box)->Size.SmallValue; // the word after the header in both kinds

    /// <summary>The value of a key, or None.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Term Find(Term map, Term key)
    {
        ulong* m = map.Box;
        if (Header.Kind(*m) != Header.FlatMap) return FindInTrie(m, key, TermHash.Internal(key, 0));
        return key.IsImmediate ? FindImmediate((FlatMap*)m, key) : FindBoxed((FlatMap*)m, key);
    }

    /// <summary>Whether there is the key, and its value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Get(Term map, Term key, out Term value)
    {
        value = Find(map, key);
        return !value.IsNone;
    }

    /// <summary>The value of an immediate key of a flat map, or None: equal immediates are equal words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Term FindImmediate(FlatMap* m, Term key)
    {
        Term* keys = m->Keys.TupleElements;
        long n = m->Size.SmallValue;
        for (long i = 0; i < n; i++)
            if (keys[i].Bits == key.Bits) return FlatMap.Values(m)[i];
        return Term.None;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Term FindBoxed(FlatMap* m, Term key)
    {
        long i = IndexOf(m, key);
        return i < 0 ? Term.None : FlatMap.Values(m)[i];
    }

    // Place of a key in a flat map; -1: not there.
    private static long IndexOf(FlatMap* m, Term key)
    {
        Term* keys = m->Keys.TupleElements;
        long n = m->Size.SmallValue;
        for (long i = 0; i < n; i++)
            if (keys[i].Bits == key.Bits) return i;
        if (key.IsImmediate) return -1;
        for (long i = 0; i < n; i++)
            if (!keys[i].IsImmediate && TermEquality.Exact(keys[i], key)) return i;
        return -1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Same(Term a, Term b) => a.Bits == b.Bits || (!a.IsImmediate && TermEquality.Exact(a, b));

    /// <summary>#{}. 4 words: OTP has the empty tuple of its keys only once, here every empty map brings its own.</summary>
    public static Term Empty(Heap* heap)
    {
        ulong* p = Heap.Alloc(heap, FlatMap.HeaderWords + 1);
        return NewFlat(p, 0, NewKeys(p + FlatMap.HeaderWords, 0));
    }

    // Writes the head of a flat map; the values are the caller's.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Term NewFlat(ulong* p, long n, Term keys)
    {
        p[0] = Header.Make(Header.FlatMap, FlatMap.HeaderWords - 1 + n);
        p[1] = Term.Small(n).Bits;
        p[2] = keys.Bits;
        return Term.Boxed(p);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Term NewKeys(ulong* p, long n)
    {
        *p = Header.Make(Header.Tuple, n);
        return Term.Boxed(p);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyTerms(Term* from, Term* to, long n)
    {
        for (long i = 0; i < n; i++) to[i] = from[i];
    }

    /// <summary>The map with this value for the key, which may be new. The same map when it has just this value (the same word) already.</summary>
    public static Term Put(Heap* heap, Term map, Term key, Term value)
    {
        ulong* m = map.Box;
        if (Header.Kind(*m) != Header.FlatMap) return PutInTrie(heap, map, key, value, false);
        FlatMap* flat = (FlatMap*)m;
        long at = IndexOf(flat, key);
        return at >= 0 ? Replace(heap, flat, at, value) : Add(heap, flat, key, value);
    }

    /// <summary>Like Put for a key the map has; None when it has not.</summary>
    public static Term PutExact(Heap* heap, Term map, Term key, Term value)
    {
        ulong* m = map.Box;
        if (Header.Kind(*m) != Header.FlatMap) return PutInTrie(heap, map, key, value, true);
        long at = IndexOf((FlatMap*)m, key);
        return at < 0 ? Term.None : Replace(heap, (FlatMap*)m, at, value);
    }

    private static Term Replace(Heap* heap, FlatMap* m, long at, Term value)
    {
        Term* values = FlatMap.Values(m);
        if (values[at] == value) return Term.Boxed(m);
        long n = m->Size.SmallValue;
        ulong* p = Heap.Alloc(heap, FlatMap.HeaderWords + n);
        Term* to = (Term*)p + FlatMap.HeaderWords;
        CopyTerms(values, to, n);
        to[at] = value;
        return NewFlat(p, n, m->Keys);
    }

    private static Term Add(Heap* heap, FlatMap* m, Term key, Term value)
    {
        long n = m->Size.SmallValue;
        Term* keys = m->Keys.TupleElements, values = FlatMap.Values(m);
        if (n >= FlatMap.MaxSize) return GrowToTrie(heap, keys, values, n, key, value);
        long at = 0;
        while (at < n && TermOrder.CompareFlatKeys(keys[at], key) < 0) at++;
        ulong* p = Heap.Alloc(heap, FlatMap.HeaderWords + (n + 1) + 1 + (n + 1));
        Term* newValues = (Term*)p + FlatMap.HeaderWords;
        ulong* tuple = p + FlatMap.HeaderWords + n + 1;
        Term* newKeys = (Term*)tuple + 1;
        CopyTerms(keys, newKeys, at);
        CopyTerms(values, newValues, at);
        newKeys[at] = key;
        newValues[at] = value;
        CopyTerms(keys + at, newKeys + at + 1, n - at);
        CopyTerms(values + at, newValues + at + 1, n - at);
        return NewFlat(p, n + 1, NewKeys(tuple, n + 1));
    }

    private static Term GrowToTrie(Heap* heap, Term* keys, Term* values, long n, Term key, Term value)
    {
        Term* all = stackalloc Term[2 * (FlatMap.MaxSize + 1)];
        for (long i = 0; i < n; i++)
        {
            all[2 * i] = keys[i];
            all[(2 * i) + 1] = values[i];
        }
        all[2 * n] = key;
        all[(2 * n) + 1] = value;
        return MapBuild.FromArrays(heap, all, 2, all + 1, 2, n + 1, out _);
    }

    /// <summary>The map without the key; the same map when it has no such key.</summary>
    public static Term Remove(Heap* heap, Term map, Term key) => Take(heap, map, key, out _);

    /// <summary>Remove, and the value the key had (None: there was none, and the result is the same map).</summary>
    public static Term Take(Heap* heap, Term map, Term key, out Term value)
    {
        ulong* b = map.Box;
        if (Header.Kind(*b) != Header.FlatMap) return TakeFromTrie(heap, map, key, out value);
        FlatMap* m = (FlatMap*)b;
        long at = IndexOf(m, key);
        if (at < 0)
        {
            value = Term.None;
            return map;
        }
        Term* keys = m->Keys.TupleElements, values = FlatMap.Values(m);
        value = values[at];
        long n = m->Size.SmallValue - 1;
        ulong* p = Heap.Alloc(heap, FlatMap.HeaderWords + n + 1 + n);
        ulong* tuple = p + FlatMap.HeaderWords + n;
        CopyTerms(keys, (Term*)tuple + 1, at);
        CopyTerms(keys + at + 1, (Term*)tuple + 1 + at, n - at);
        CopyTerms(values, (Term*)p + FlatMap.HeaderWords, at);
        CopyTerms(values + at + 1, (Term*)p + FlatMap.HeaderWords + at, n - at);
        return NewFlat(p, n, NewKeys(tuple, n));
    }

    /// <summary>
    /// A flat map with several pairs put, in one copy: with <paramref name="exact"/> all keys must be there (None and the first key that is missing in
    /// <paramref name="missing"/> otherwise). Later pairs win over earlier ones of the same key. Pairs: key, value, key, value.
    /// </summary>
    public static Term PutAllFlat(Heap* heap, Term map, Term* pairs, long count, bool exact, out Term missing)
    {
        FlatMap* m = (FlatMap*)map.Box;
        long n = m->Size.SmallValue;
        missing = Term.None;
        ulong* p = Heap.Alloc(heap, FlatMap.HeaderWords + n);
        ulong* end = p + FlatMap.HeaderWords + n;
        Term* keys = m->Keys.TupleElements, values = (Term*)p + FlatMap.HeaderWords;
        CopyTerms(FlatMap.Values(m), values, n);
        bool changed = false;
        long next = 0;
        for (long i = 0; i < count; i++)
        {
            Term key = pairs[2 * i];
            // The loader sorts constant keys as the map has them, so the next one is mostly the place after the last.
            while (next < n && keys[next] != key) next++;
            if (next == n)
            {
                next = IndexOf(m, key);
                if (next < 0)
                {
                    Heap.Release(heap, p, end);
                    missing = key;
                    return exact ? Term.None : AddAll(heap, m, pairs, count);
                }
            }
            if (values[next] == pairs[(2 * i) + 1]) continue;
            values[next] = pairs[(2 * i) + 1];
            changed = true;
        }
        if (!changed)
        {
            Heap.Release(heap, p, end);
            return map;
        }
        return NewFlat(p, n, m->Keys);
    }

    // Pairs of which at least one is new: built from the old pairs and the new ones together.
    private static Term AddAll(Heap* heap, FlatMap* m, Term* pairs, long count)
    {
        long n = m->Size.SmallValue;
        Term* keys = m->Keys.TupleElements, values = FlatMap.Values(m);
        nuint bytes = (nuint)(n + count) * 16;
        Term* all = (Term*)Allocator.Alloc(bytes, Owner.Temporary);
        for (long i = 0; i < n; i++)
        {
            all[2 * i] = keys[i];
            all[(2 * i) + 1] = values[i];
        }
        CopyTerms(pairs, all + (2 * n), 2 * count);
        Term result = MapBuild.FromArrays(heap, all, 2, all + 1, 2, n + count, out _);
        Allocator.Free(all, bytes, Owner.Temporary);
        return result;
    }

    /// <summary>The keys as a list, in iteration order. 2 words a key.</summary>
    public static Term Keys(Heap* heap, Term map) => ListOf(heap, map, false);

    /// <summary>The values as a list, in iteration order. 2 words a key.</summary>
    public static Term Values(Heap* heap, Term map) => ListOf(heap, map, true);

    private static Term ListOf(Heap* heap, Term map, bool values)
    {
        long n = Size(map);
        if (n == 0) return Term.Nil;
        Cons* first = (Cons*)Heap.Alloc(heap, 2 * n);
        Cons* c = first;
        MapIterator it = new(map);
        while (it.Next())
        {
            c->Head = values ? it.Value : it.Key;
            c->Tail = Term.List(c + 1);
            c++;
        }
        c[-1].Tail = Term.Nil;
        return Term.List(first);
    }

    /// <summary>A map of a list of {Key, Value}; of equal keys the last counts. False: not a proper list of such tuples.</summary>
    public static bool FromList(Heap* heap, Term list, out Term map)
    {
        map = Term.None;
        long n = 0;
        Term rest = list;
        for (; rest.IsCons; rest = rest.Tail, n++)
            if (!rest.Head.IsTupleOf(2)) return false;
        if (!rest.IsNil) return false;
        if (n == 0)
        {
            map = Empty(heap);
            return true;
        }
        nuint bytes = (nuint)n * 16;
        Term* all = (Term*)Allocator.Alloc(bytes, Owner.Temporary);
        Term* to = all;
        for (rest = list; rest.IsCons; rest = rest.Tail, to += 2)
        {
            Term* pair = rest.Head.TupleElements;
            to[0] = pair[0];
            to[1] = pair[1];
        }
        map = MapBuild.FromArrays(heap, all, 2, all + 1, 2, n, out _);
        Allocator.Free(all, bytes, Owner.Temporary);
        return true;
    }

    /// <summary>A map of a list of keys, all with the same value. False: not a proper list.</summary>
    public static bool FromKeys(Heap* heap, Term list, Term value, out Term map)
    {
        map = Term.None;
        long n = 0;
        Term rest = list;
        for (; rest.IsCons; rest = rest.Tail) n++;
        if (!rest.IsNil) return false;
        if (n == 0)
        {
            map = Empty(heap);
            return true;
        }
        nuint bytes = (nuint)n * 8;
        Term* all = (Term*)Allocator.Alloc(bytes, Owner.Temporary);
        Term* to = all;
        for (rest = list; rest.IsCons; rest = rest.Tail) *to++ = rest.Head;
        map = MapBuild.FromArrays(heap, all, 1, &value, 0, n, out _);
        Allocator.Free(all, bytes, Owner.Temporary);
        return true;
    }

    /// <summary>A map of two rows; of equal keys the last counts.</summary>
    public static Term FromArrays(Heap* heap, Term* keys, Term* values, long count) => MapBuild.FromArrays(heap, keys, 1, values, 1, count, out _);
}
