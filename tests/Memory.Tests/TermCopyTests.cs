// Sizes and copies of terms, and the area of literals.

using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using Xunit;

namespace MyBeam.Memory.Tests;

public sealed unsafe class TermCopyTests
{
    private static bool Commit(byte* p, nuint bytes) => true;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Copies_are_equal_and_exactly_as_large_as_computed(int seed)
    {
        HeapShared shared = default;
        using var world = new TermWorld(seed);
        Heap from = default, to = default;
        Assert.True(Heap.Create(&from, &shared, 233) && Heap.Create(&to, &shared, 10_000_000));
        Heap* source = &from;
        var made = new List<Pair>();
        Pair Any() => made.Count > 0 && world.Random.Next(3) == 0 ? made[world.Random.Next(made.Count)] : world.Immediate();
        for (int i = 0; i < 300; i++)
        {
            Pair p = world.Make(source, Any);
            long words = TermSize.ForCopy(p.Term, &shared);
            // Sharing is lost in copies: keep only what does not explode.
            if (words < 2000) made.Add(p);
            ulong* before = to.Top;
            if (words > 20_000 || to.Stack - to.Top < words + 100) continue;
            Term copy = TermCopy.ToHeap(p.Term, &to);
            Assert.Equal(words, to.Top - before);
            TermWorld.Compare([new Pair(copy, p.Mirror)], copied: true);
            Assert.Equal(TermSize.Flat(p.Term), TermSize.Flat(copy));
            Assert.True(TermSize.Shared(p.Term, null) <= words);
            RootRange roots = new(&copy, 1);
            Assert.Equal(HeapVerify.Good, HeapVerify.Check(&to, &roots, 1, null));
        }
        Heap.Destroy(&from);
        Heap.Destroy(&to);
        Assert.True(world.NothingClaimed());
        Assert.Equal(0, Allocator.Faults);
    }

    [Fact]
    public void Sizes_are_those_of_OTP()
    {
        HeapShared shared = default;
        Heap heap;
        Assert.True(Heap.Create(&heap, &shared, 1000));
        ulong* empty = Heap.Alloc(&heap, 1);
        *empty = Header.Make(Header.Tuple, 0);
        // erts_debug:flat_size({}) is 0, but a copy of it takes a word here.
        Assert.Equal(0, TermSize.Flat(Term.Boxed(empty)));
        Assert.Equal(1, TermSize.ForCopy(Term.Boxed(empty), null));
        Pair cell = TermWorld.Cons(&heap, TermWorld.Of(Am.Ok), TermWorld.Of(Term.Nil));
        Pair twice = TermWorld.Cons(&heap, cell, cell);
        Assert.Equal(6, TermSize.Flat(twice.Term));
        Assert.Equal(4, TermSize.Shared(twice.Term, null));
        Heap.Destroy(&heap);
    }

    [Fact]
    public void Literal_area_reuses_what_was_freed()
    {
        const int Bytes = 1 << 20;
        byte* block = (byte*)NativeMemory.AlignedAlloc(Bytes, 65536);
        LiteralArea area;
        LiteralArea.Initialize(&area, block, Bytes, &Commit);
        var random = new Random(11);
        var pieces = new List<(IntPtr Start, int Words)>();
        for (int i = 0; i < 20_000; i++)
        {
            if (pieces.Count > 0 && random.Next(100) < 50)
            {
                int k = random.Next(pieces.Count);
                var (start, words) = pieces[k];
                ulong* p = (ulong*)start;
                for (int w = 0; w < words; w++) Assert.Equal((ulong)start + (ulong)w, p[w]);
                LiteralArea.Free(&area, p, words);
                pieces[k] = pieces[^1];
                pieces.RemoveAt(pieces.Count - 1);
            }
            else
            {
                int words = random.Next(1, 200);
                ulong* p = LiteralArea.Alloc(&area, words);
                Assert.True(p != null, $"full at {i}");
                Assert.True((byte*)p >= block && (byte*)(p + words) <= block + Bytes);
                for (int w = 0; w < words; w++) p[w] = (ulong)p + (ulong)w;
                pieces.Add(((IntPtr)p, words));
            }
        }
        foreach (var (start, words) in pieces) LiteralArea.Free(&area, (ulong*)start, words);
        Assert.Equal(0, LiteralArea.UsedWords(&area));
        Assert.True(LiteralArea.Alloc(&area, Bytes) == null);
        NativeMemory.AlignedFree(block);
    }
}
