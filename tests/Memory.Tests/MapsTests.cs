// Maps against a managed mirror: random histories, the shape that must not depend on them, the order of iteration, keys whose hashes collide.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Numerics;
using System.Text;
using Xunit;
using Xunit.Abstractions;

namespace MyBeam.Memory.Tests;

public sealed unsafe class MapsTests(ITestOutputHelper output)
{
    // A heap big enough that the tests need no collection.
    private sealed class World : IDisposable
    {
        private readonly HeapShared* shared = (HeapShared*)Allocator.AllocZeroed((nuint)sizeof(HeapShared), Owner.Vm);
        public readonly Heap* Heap = (Heap*)Allocator.AllocZeroed((nuint)sizeof(Heap), Owner.Vm);

        public World(long words = 4_000_000)
        {
            AtomTable.Initialize();
            Assert.True(Memory.Heap.Create(Heap, shared, words));
        }

        public void Verify(params Term[] terms)
        {
            fixed (Term* t = terms)
            {
                RootRange roots = new(t, terms.Length);
                Assert.Equal(HeapVerify.Good, HeapVerify.Check(Heap, &roots, 1, null));
            }
        }

        public void Dispose()
        {
            Memory.Heap.Destroy(Heap);
            Allocator.Free(Heap, (nuint)sizeof(Heap), Owner.Vm);
            Allocator.Free(shared, (nuint)sizeof(HeapShared), Owner.Vm);
        }
    }

    // -- keys: number i of a family, made anew each time, so that boxed ones are equal and not the same --

    private static Term Tuple(Heap* heap, params Term[] e)
    {
        ulong* p = Heap.Alloc(heap, 1 + e.Length);
        p[0] = Header.Make(Header.Tuple, e.Length);
        for (int i = 0; i < e.Length; i++) p[1 + i] = e[i].Bits;
        return Term.Boxed(p);
    }

    private static Term Float(Heap* heap, double d)
    {
        ulong* p = Heap.Alloc(heap, 2);
        p[0] = Header.Make(Header.Float, 1);
        p[1] = BitConverter.DoubleToUInt64Bits(d);
        return Term.Boxed(p);
    }

    private static Term Big(Heap* heap, bool negative, params ulong[] digits)
    {
        ulong* p = Heap.Alloc(heap, 1 + digits.Length);
        p[0] = Header.Make(negative ? Header.NegativeBig : Header.PositiveBig, digits.Length);
        for (int i = 0; i < digits.Length; i++) p[1 + i] = digits[i];
        return Term.Boxed(p);
    }

    private static Term Binary(Heap* heap, string text)
    {
        byte[] data = Encoding.ASCII.GetBytes(text);
        long words = HeapBits.Words((ulong)data.Length * 8);
        HeapBits* p = (HeapBits*)Heap.Alloc(heap, words);
        p->Header = Header.Make(Header.HeapBits, words - 1);
        p->SizeBits = (ulong)data.Length * 8;
        data.CopyTo(new Span<byte>(p->Data, data.Length));
        return Term.Boxed(p);
    }

    private static Term List(Heap* heap, params Term[] e)
    {
        Term list = Term.Nil;
        for (int i = e.Length - 1; i >= 0; i--)
        {
            Cons* c = (Cons*)Heap.Alloc(heap, 2);
            c->Head = e[i];
            c->Tail = list;
            list = Term.List(c);
        }
        return list;
    }

    private static Term Atom(string text) => AtomTable.Intern(Encoding.ASCII.GetBytes(text));

    private static Term Key(Heap* heap, int i, int family)
    {
        if (family == 0) return Term.Small(i);
        if (family == 1) return Atom($"key{i}");
        if (family == 2) return Colliding(i);
        int n = i / 10;
        return (i % 10) switch
        {
            0 => Term.Small(n - 20),
            1 => Atom($"mixed{n}"),
            2 => Float(heap, n - 20),
            3 => Tuple(heap, Term.Small(n), Atom("t")),
            4 => Binary(heap, $"binary {n}"),
            5 => Big(heap, n % 2 == 0, (ulong)n, 1),
            6 => Maps.Put(heap, Maps.Empty(heap), Term.Small(n), Atom("in_map")),
            7 => List(heap, Term.Small(n), Float(heap, 1.0)),
            8 => Tuple(heap, Colliding(n)),
            _ => n == 0 ? Float(heap, -0.0) : Term.Pid((ulong)n),
        };
    }

    // Small integers with one and the same hash (seed 0): TermHash's mixing of one word, run backwards from results with equal low halves.
    private static readonly long[] collisions = MakeCollisions(8192, 0x12345678);

    private static long[] MakeCollisions(int count, uint hash)
    {
        var found = new List<long>();
        for (ulong high = 1; found.Count < count; high++)
        {
            ulong h = ((high << 32) | (hash ^ high)) * Inverse(0xC2B2AE3D27D4EB4F);
            h ^= (h >> 29) ^ (h >> 58);
            ulong word = h * Inverse(0x9E3779B97F4A7C15);
            if ((word & 15) == 1) found.Add((long)word >> 4);
        }
        return [.. found];
    }

    private static ulong Inverse(ulong odd)
    {
        ulong x = odd;
        for (int i = 0; i < 6; i++) x *= 2 - (odd * x);
        return x;
    }

    private static Term Colliding(int i) => Term.Small(collisions[i]);

    // -- the shape --

    // Asserts that the shape is the one that the keys allow, and gives the number of pairs below.
    private static long CheckNode(Term node, int depth, bool root)
    {
        ulong header = node.BoxHeader;
        Assert.Equal(root ? Header.HashMap : Header.HashNode, Header.Kind(header));
        int head = root ? 2 : 1, bitmap = Header.Extra(header);
        Assert.Equal(head - 1 + BitOperations.PopCount((uint)bitmap), Header.Arity(header));
        Term* s = (Term*)node.Box + head;
        long pairs = 0;
        for (int number = 0; number < 16; number++)
        {
            if ((bitmap & (1 << number)) == 0) continue;
            if (s->IsCons)
            {
                Assert.Equal(number, (int)(TermHash.Internal(s->Head, (uint)depth / 8) >> (depth % 8 * 4)) & 15);
                pairs++;
            }
            else
            {
                pairs += CheckNode(*s, depth + 1, false);
            }
            s++;
        }
        Assert.True(root || pairs >= 2);
        return pairs;
    }

    private static void CheckShape(Term map)
    {
        long n = Maps.Size(map);
        if (n > FlatMap.MaxSize)
        {
            Assert.True(map.IsHashMap);
            Assert.Equal(n, CheckNode(map, 0, true));
            return;
        }
        Assert.True(map.IsFlatMap);
        FlatMap* m = (FlatMap*)map.Box;
        Assert.True(m->Keys.IsTupleOf(n));
        for (long i = 1; i < n; i++) Assert.True(TermOrder.CompareFlatKeys(m->Keys.TupleElements[i - 1], m->Keys.TupleElements[i]) < 0);
    }

    private static void CheckEqual(Heap* heap, Term map, Dictionary<int, int> mirror, int family, Random random)
    {
        CheckShape(map);
        Assert.Equal(mirror.Count, Maps.Size(map));
        // Made at once, in another order, with an old value of some key before.
        var order = mirror.Keys.OrderBy(_ => random.Next()).ToArray();
        var pairs = new List<Term>();
        foreach (int k in order) pairs.Add(Tuple(heap, Key(heap, k, family), Term.Small(-1)));
        foreach (int k in order.Reverse()) pairs.Add(Tuple(heap, Key(heap, k, family), Term.Small(mirror[k])));
        Assert.True(Maps.FromList(heap, List(heap, [.. pairs]), out Term other));
        CheckShape(other);
        Assert.True(TermEquality.Exact(map, other));
        Assert.Equal(0, TermOrder.Compare(map, other));
        Assert.Equal(TermHash.Internal(map, 0), TermHash.Internal(other, 0));
        CheckIteration(heap, map, other);
    }

    // All ways to go through a map (and through an equal one with another history) give the same order.
    private static void CheckIteration(Heap* heap, Term map, Term other)
    {
        MapIterator it = new(map), it2 = new(other);
        Term keys = Maps.Keys(heap, map), values = Maps.Values(heap, map);
        long n = 0;
        while (it.Next())
        {
            Assert.True(it2.Next());
            Assert.True(TermEquality.Exact(it.Key, it2.Key));
            Assert.True(keys.Head == it.Key && values.Head == it.Value);
            keys = keys.Tail;
            values = values.Tail;
            n++;
        }
        Assert.False(it2.Next());
        Assert.True(keys.IsNil && values.IsNil);
        Assert.Equal(Maps.Size(map), n);
        if (map.IsFlatMap) return;

        // In pieces, by paths, forwards and backwards.
        foreach (bool backwards in new[] { false, true })
        {
            var seen = new List<Term>();
            ulong low = 0, high = 0;
            for (bool more = true; more;)
            {
                Assert.True(MapPath.Start(out MapPath path, map, low, high, backwards));
                for (int k = (seen.Count % 7) + 1; k > 0 && path.Next(); k--) seen.Add(path.Pair);
                more = path.Rest(out low, out high);
            }
            if (backwards) seen.Reverse();
            it = new(map);
            foreach (Term pair in seen) Assert.True(it.Next() && it.Pair == pair);
            Assert.False(it.Next());
        }
        if (Header.Arity(map.BoxHeader) < 17) Assert.False(MapPath.Start(out _, map, ulong.MaxValue, 0, false));
    }

    [Theory]
    [InlineData(1, 0, 70, 3000)]
    [InlineData(2, 1, 70, 3000)]
    [InlineData(3, 2, 70, 3000)]
    [InlineData(4, 3, 70, 3000)]
    [InlineData(5, 3, 45, 3000)]
    [InlineData(6, 3, 4000, 12000)]
    [InlineData(7, 2, 1024, 8000)]
    [InlineData(8, 0, 10000, 30000)]
    public void A_random_history_gives_what_a_dictionary_has_in_the_one_shape_for_its_keys(int seed, int family, int keys, int steps)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var world = new World();
        Heap* heap = world.Heap;
        Term map = Maps.Empty(heap);
        var mirror = new Dictionary<int, int>();
        int drift = 60;
        for (int step = 0; step < steps; step++)
        {
            if (random.Next(200) == 0) drift = random.Next(2) == 0 ? 65 : 35;
            int k = random.Next(keys), v = random.Next(4);
            Term key = Key(heap, k, family);
            bool there = mirror.TryGetValue(k, out int old);
            Assert.Equal(there, Maps.Get(map, key, out Term value));
            if (there) Assert.Equal(old, value.SmallValue);
            Term before = map;
            switch (random.Next(100) < drift ? random.Next(3) : 3)
            {
                case 0 or 1:
                    map = Maps.Put(heap, map, key, Term.Small(v));
                    mirror[k] = v;
                    Assert.Equal(there && old == v, map == before);
                    if (there && map.IsFlatMap) Assert.True(((FlatMap*)map.Box)->Keys == ((FlatMap*)before.Box)->Keys);
                    break;
                case 2:
                    Term updated = Maps.PutExact(heap, map, key, Term.Small(v));
                    Assert.Equal(there, !updated.IsNone);
                    if (!there) break;
                    map = updated;
                    mirror[k] = v;
                    break;
                default:
                    map = Maps.Take(heap, map, key, out Term taken);
                    Assert.Equal(there, !taken.IsNone);
                    if (there) Assert.Equal(old, taken.SmallValue); else Assert.True(map == before);
                    mirror.Remove(k);
                    break;
            }
            Assert.Equal(mirror.Count, Maps.Size(map));
            if (step % (steps / 40) == 0)
            {
                CheckEqual(heap, map, mirror, family, random);
                world.Verify(map, before);
            }
        }
        CheckEqual(heap, map, mirror, family, random);
        foreach (int k in mirror.Keys.ToArray())
        {
            map = Maps.Remove(heap, map, Key(heap, k, family));
            mirror.Remove(k);
            if (mirror.Count is < 40 and > 25 or 0 or 1) CheckEqual(heap, map, mirror, family, random);
        }
        Assert.Equal(0, Allocator.Faults);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(4, 3)]
    public void Merging_is_putting_every_pair_of_the_second_map(int seed, int family)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var world = new World();
        Heap* heap = world.Heap;
        int[] sizes = [0, 1, 2, 15, 16, 17, 31, 32, 33, 34, 60, 300, 900];
        foreach (int n in sizes)
        {
            foreach (int m in sizes)
            {
                int range = Math.Max(1, random.Next(Math.Max(n, m), n + m + 2));
                var (a, x) = Random(heap, random, Enumerable.Range(0, range).OrderBy(_ => random.Next()).Take(n), family);
                // Sometimes with parts of the first in it, as two maps with a common ancestor have.
                bool related = random.Next(3) == 0;
                var (b, y) = Random(heap, random, Enumerable.Range(0, range).OrderBy(_ => random.Next()).Take(m), family);
                if (related)
                {
                    b = a;
                    y = new Dictionary<int, int>(x);
                    for (int i = 0; i < 5; i++)
                    {
                        int k = random.Next(range);
                        if (random.Next(2) == 0) { b = Maps.Put(heap, b, Key(heap, k, family), Term.Small(77)); y[k] = 77; }
                        else { b = Maps.Remove(heap, b, Key(heap, k, family)); y.Remove(k); }
                    }
                }
                Term merged = Maps.Merge(heap, a, b);
                var both = new Dictionary<int, int>(x);
                foreach (var (k, v) in y) both[k] = v;
                CheckEqual(heap, merged, both, family, random);
                CheckEqual(heap, a, x, family, random);
                CheckEqual(heap, b, y, family, random);
                Assert.True(Maps.Merge(heap, a, a) == a);
                if (n > 0) Assert.True(Maps.Merge(heap, a, Maps.Empty(heap)) == a);
                Assert.True(Maps.Merge(heap, Maps.Empty(heap), b) == b);
                if (Maps.Size(merged) == Maps.Size(a) && a.IsFlatMap && merged != b) Assert.True(((FlatMap*)merged.Box)->Keys == ((FlatMap*)a.Box)->Keys);
            }
        }
        world.Verify();
    }

    private static (Term, Dictionary<int, int>) Random(Heap* heap, Random random, IEnumerable<int> keys, int family)
    {
        Term map = Maps.Empty(heap);
        var mirror = new Dictionary<int, int>();
        foreach (int k in keys)
        {
            int v = random.Next(3);
            map = Maps.Put(heap, map, Key(heap, k, family), Term.Small(v));
            mirror[k] = v;
        }
        return (map, mirror);
    }

    [Theory]
    [InlineData(1, 3)]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    public void Several_pairs_at_once_are_like_one_after_the_other(int seed, int family)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var world = new World();
        Heap* heap = world.Heap;
        Term* pairs = stackalloc Term[2 * 60];
        for (int round = 0; round < 1000; round++)
        {
            int range = random.Next(1, 60);
            var (map, mirror) = Random(heap, random, Enumerable.Range(0, range).OrderBy(_ => random.Next()).Take(random.Next(Math.Min(range, 32) + 1)), family);
            int n = random.Next(1, 60);
            bool exact = random.Next(2) == 0, complete = true;
            var expected = new Dictionary<int, int>(mirror);
            int firstMissing = -1;
            for (int i = 0; i < n; i++)
            {
                int k = exact && mirror.Count > 0 && random.Next(100) > 0 ? mirror.Keys.ElementAt(random.Next(mirror.Count)) : random.Next(range), v = random.Next(3);
                pairs[2 * i] = Key(heap, k, family);
                pairs[(2 * i) + 1] = Term.Small(v);
                if (!mirror.ContainsKey(k) && complete) { complete = false; firstMissing = k; }
                expected[k] = v;
            }
            Term result = Maps.PutAllFlat(heap, map, pairs, n, exact, out Term missing);
            if (exact && !complete)
            {
                Assert.True(result.IsNone);
                Assert.True(TermEquality.Exact(missing, Key(heap, firstMissing, family)));
                continue;
            }
            CheckEqual(heap, result, expected, family, random);
            if (complete) Assert.True(((FlatMap*)result.Box)->Keys == ((FlatMap*)map.Box)->Keys);
            if (complete && expected.All(p => mirror[p.Key] == p.Value)) Assert.True(TermEquality.Exact(result, map));
        }
        world.Verify();
    }

    /// <summary>Recorded from OTP 29.1 (erts 17.1): maps:keys/1 of a map of these keys.</summary>
    [Fact]
    public void Small_maps_without_atoms_are_in_the_order_OTP_has()
    {
        using var world = new World();
        Heap* heap = world.Heap;
        Term Small(long n) => Term.Small(n);
        Term[] expected =
        [
            Big(heap, true, 0, 64), Small(-5), Small(0), Small(1), Small(3), Big(heap, false, 1UL << 62), Big(heap, false, 0, 64),
            Float(heap, -0.0), Float(heap, 0.0), Float(heap, 1.0), Float(heap, 2.5), Tuple(heap), Tuple(heap, Small(-1)), Tuple(heap, Small(9)),
            Tuple(heap, Small(1), Small(2)), Maps.Empty(heap), Maps.Put(heap, Maps.Empty(heap), Small(7), Small(8)), Term.Nil, List(heap, Small(1)),
            Improper(heap, Small(2), Small(3)), Binary(heap, ""), Binary(heap, "b"),
        ];
        for (int seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            Term map = Maps.Empty(heap);
            foreach (Term key in expected.OrderBy(_ => random.Next())) map = Maps.Put(heap, map, key, Am.Ok);
            Term keys = Maps.Keys(heap, map);
            foreach (Term key in expected)
            {
                Assert.True(TermEquality.Exact(key, keys.Head));
                keys = keys.Tail;
            }
        }
    }

    private static Term Improper(Heap* heap, Term head, Term tail)
    {
        Cons* c = (Cons*)Heap.Alloc(heap, 2);
        c->Head = head;
        c->Tail = tail;
        return Term.List(c);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(34)]
    [InlineData(1000)]
    [InlineData(50000)]
    public void Maps_in_a_block_of_their_own_fit_the_bound_and_refuse_duplicates(int n)
    {
        using var world = new World();
        Heap* heap = world.Heap;
        Term* pairs = (Term*)Allocator.Alloc((nuint)(2 * n + 2) * 8, Owner.Temporary);
        foreach (int family in new[] { 0, 1, 3 })
        {
            for (int i = 0; i < n; i++)
            {
                pairs[2 * i] = Key(heap, i, family);
                pairs[(2 * i) + 1] = Term.Small(i);
            }
            ulong* block = Heap.Alloc(heap, MapBuild.WordsFor(n)), top = block;
            Term map = MapBuild.FromArray(ref top, pairs, n, out bool duplicate);
            Assert.False(duplicate);
            Assert.True(top - block <= MapBuild.WordsFor(n));
            CheckShape(map);
            for (int i = 0; i < n; i++) Assert.Equal(i, Maps.Find(map, Key(heap, i, family)).SmallValue);
            Heap.Release(heap, top, block + MapBuild.WordsFor(n));
            if (n < 2) continue;
            pairs[2 * (n / 2)] = Key(heap, n - 1, family);
            ulong* unchanged = top;
            Assert.True(MapBuild.FromArray(ref top, pairs, n, out duplicate).IsNone && duplicate && top == unchanged);
        }
        Allocator.Free(pairs, (nuint)(2 * n + 2) * 8, Owner.Temporary);
    }

    [Fact]
    public void Keys_that_collide_in_a_whole_hash_are_told_apart()
    {
        using var world = new World();
        Heap* heap = world.Heap;
        Assert.Equal(TermHash.Internal(Colliding(1), 0), TermHash.Internal(Colliding(2), 0));
        Assert.NotEqual(TermHash.Internal(Colliding(1), 1), TermHash.Internal(Colliding(2), 1));
        // Atoms whose hashes in the atom table are the same.
        Assert.Equal(AtomTable.Get(Atom("aq"))->Hash, AtomTable.Get(Atom("ba"))->Hash);
        Assert.NotEqual(TermHash.Internal(Atom("aq"), 1), TermHash.Internal(Atom("ba"), 1));
        Term map = Maps.Empty(heap);
        for (int i = 0; i < 1024; i++) map = Maps.Put(heap, map, Colliding(i), Term.Small(i));
        CheckShape(map);
        for (int i = 0; i < 1024; i++) Assert.Equal(i, Maps.Find(map, Colliding(i)).SmallValue);
    }

    /// <summary>Chosen to need more room than random keys: the block must not be overrun.</summary>
    [Fact]
    public void Pairs_of_colliding_keys_do_not_fit_the_bound_and_are_refused_there()
    {
        const int Groups = 2000;
        using var world = new World();
        Heap* heap = world.Heap;
        Term* pairs = (Term*)Allocator.Alloc(Groups * 4 * 8, Owner.Temporary);
        var random = new Random(1);
        for (int g = 0; g < Groups; g++)
        {
            long[] two = MakeCollisions(2, (uint)random.NextInt64());
            for (int k = 0; k < 2; k++) pairs[(4 * g) + (2 * k)] = pairs[(4 * g) + (2 * k) + 1] = Term.Small(two[k]);
        }
        ulong* block = Heap.Alloc(heap, MapBuild.WordsFor(2 * Groups)), top = block;
        Assert.True(MapBuild.FromArray(ref top, pairs, 2 * Groups, out bool duplicate).IsNone);
        Assert.True(!duplicate && top == block);
        Heap.Release(heap, block, block + MapBuild.WordsFor(2 * Groups));
        Term map = MapBuild.FromArrays(heap, pairs, 2, pairs + 1, 2, 2 * Groups, out duplicate);
        CheckShape(map);
        Assert.False(duplicate);
        for (int i = 0; i < 2 * Groups; i++) Assert.True(Maps.Find(map, pairs[2 * i]) == pairs[2 * i]);
        world.Verify(map);
        Allocator.Free(pairs, Groups * 4 * 8, Owner.Temporary);
    }

    [Fact]
    public void A_million_keys()
    {
        const int N = 1_000_000;
        using var world = new World(1000);
        Heap* heap = world.Heap;
        Term map = Maps.Empty(heap);
        var clock = Stopwatch.StartNew();
        for (int i = 0; i < N; i++)
        {
            map = Maps.Put(heap, map, Term.Small(i), Term.Small(i));
            if (heap->Fragments != null)
            {
                RootRange roots = new(&map, 1);
                Assert.True(Gc.Collect(heap, 100, &roots, 1));
            }
        }
        output.WriteLine($"put with collections: {clock.Elapsed.TotalNanoseconds / N:F0} ns");
        clock.Restart();
        long sum = 0;
        for (int i = 0; i < N; i++) sum += Maps.Find(map, Term.Small(i)).SmallValue;
        output.WriteLine($"get: {clock.Elapsed.TotalNanoseconds / N:F0} ns");
        Assert.Equal((long)N * (N - 1) / 2, sum);
        Assert.Equal(N, Maps.Size(map));
        CheckShape(map);
        clock.Restart();
        sum = 0;
        MapIterator it = new(map);
        while (it.Next()) sum += it.Value.SmallValue;
        output.WriteLine($"iterate: {clock.Elapsed.TotalNanoseconds / N:F0} ns");
        Assert.Equal((long)N * (N - 1) / 2, sum);
        Term* keys = (Term*)Allocator.Alloc(N * 8, Owner.Temporary);
        for (int i = 0; i < N; i++) keys[i] = Term.Small(i);
        clock.Restart();
        Term built = Maps.FromArrays(heap, keys, keys, N);
        output.WriteLine($"from a row: {clock.Elapsed.TotalNanoseconds / N:F0} ns");
        Assert.True(TermEquality.Exact(map, built));
        clock.Restart();
        Term merged = Maps.Merge(heap, map, built);
        output.WriteLine($"merge: {clock.Elapsed.TotalNanoseconds / N:F0} ns");
        Assert.True(merged == built);
        Allocator.Free(keys, N * 8, Owner.Temporary);

        // Flat maps of atoms.
        Term flat = Maps.Empty(heap);
        for (int i = 0; i < 16; i++) flat = Maps.Put(heap, flat, Atom($"field{i}"), Term.Small(i));
        Term last = ((FlatMap*)flat.Box)->Keys.TupleElements[15];
        clock.Restart();
        sum = 0;
        for (int i = 0; i < N; i++) sum += Maps.Find(flat, last).Bits > 0 ? 1 : 0;
        output.WriteLine($"get, last of 16 atoms: {clock.Elapsed.TotalNanoseconds / N:F1} ns");
        Assert.Equal(N, sum);
    }
}
