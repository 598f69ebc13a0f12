// The collector: nothing live is lost, changed or left pointing into freed memory; everything dead is given back.

using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using Xunit;
using Xunit.Abstractions;

namespace MyBeam.Memory.Tests;

public sealed unsafe class GcTests : IDisposable
{
    private readonly ITestOutputHelper output;
    private readonly HeapShared* shared;
    private readonly Heap* heap;
    private readonly LiteralArea* area;
    private readonly byte* literals;
    private const int LiteralBytes = 1 << 20;

    public GcTests(ITestOutputHelper output)
    {
        this.output = output;
        shared = (HeapShared*)NativeMemory.AllocZeroed((nuint)sizeof(HeapShared));
        heap = (Heap*)NativeMemory.AllocZeroed((nuint)sizeof(Heap));
        area = (LiteralArea*)NativeMemory.AllocZeroed((nuint)sizeof(LiteralArea));
        literals = (byte*)NativeMemory.AlignedAlloc(LiteralBytes, 65536);
        LiteralArea.Initialize(area, literals, LiteralBytes, &Commit);
        shared->LiteralBase = literals;
        shared->LiteralBytes = LiteralBytes;
        shared->GcStress = 1;
        Assert.True(Heap.Create(heap, shared, 233));
    }

    public void Dispose()
    {
        if (heap->Start != null) Heap.Destroy(heap);
        NativeMemory.AlignedFree(literals);
        NativeMemory.Free(area);
        NativeMemory.Free(heap);
        NativeMemory.Free(shared);
        Assert.Equal(0, Allocator.Faults);
    }

    private static bool Commit(byte* p, nuint bytes) => true;

    private void Verify(RootRange* roots, int count)
    {
        ulong bad;
        int code = HeapVerify.Check(heap, roots, count, &bad);
        Assert.True(code == HeapVerify.Good, $"HeapVerify {code}, word {bad:X}");
    }

    /// <summary>The life of a process in fast motion: terms are made over older ones, kept in two root ranges and on the stack, dropped, collected.</summary>
    [Theory]
    [InlineData(1, 20, 65535)]
    [InlineData(2, 20, 3)]
    [InlineData(3, 60, 65535)]
    [InlineData(4, 60, 0)]
    [InlineData(5, 5, 10)]
    [InlineData(0, 30, 65535)]
    public void Random_graphs_survive_hundreds_of_collections(int seed, int buildsPerCollection, int fullSweepAfter)
    {
        if (seed == 0) seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        const int Slots = 48;
        using var world = new TermWorld(seed);
        Random random = world.Random;
        heap->FullSweepAfter = fullSweepAfter;
        Term* slots = stackalloc Term[Slots * 2];
        RootRange* roots = stackalloc RootRange[2];
        roots[0] = new RootRange(slots, Slots);
        roots[1] = new RootRange(slots + Slots, Slots);
        var mirrors = new Mirror?[Slots * 2];
        var stack = new Stack<Mirror?>();
        ModuleLiterals module;
        MakeLiterals(world, &module, out Pair[] constants);

        Pair Any()
        {
            int i = random.Next(Slots * 2 + 20);
            if (i < Slots * 2 && mirrors[i] != null) return new Pair(slots[i], mirrors[i]!);
            return i < Slots * 2 + 4 ? constants[random.Next(constants.Length)] : world.Immediate();
        }

        for (int round = 0; round < 400; round++)
        {
            for (int build = random.Next(buildsPerCollection * 2); build >= 0; build--)
            {
                int slot = random.Next(Slots * 2);
                Pair made = random.Next(6) == 0 ? default : world.Make(heap, Any);
                slots[slot] = made.Term;
                mirrors[slot] = made.Mirror;
                Shuffle(random, stack, slots, mirrors);
            }
            if (round % 97 == 96)
            {
                new Span<Term>(slots, Slots * 2).Clear();
                Array.Clear(mirrors);
            }
            if (round % 10 == 0) Verify(roots, 2);
            long need = random.Next(3) == 0 ? random.Next(5000) : random.Next(20);
            bool done = random.Next(20) switch
            {
                0 => Gc.CollectMajor(heap, need, roots, 2),
                1 => Gc.Hibernate(heap, roots, 2) && (need = 0) == 0,
                _ => Gc.Collect(heap, need, roots, 2),
            };
            Assert.True(done);
            Assert.True(heap->Stack - heap->Top >= need + Heap.StackReserve);
            Assert.True(heap->Fragments == null && heap->FragmentWords == 0);
            Verify(roots, 2);
            TermWorld.Compare(Live(slots, mirrors, stack));
        }
        output.WriteLine($"minor {heap->MinorTotal}, major {heap->MajorTotal}");
        Assert.True(fullSweepAfter == 0 || heap->MinorTotal > 50);
        Assert.True(heap->MajorTotal > 5);
        Heap.Destroy(heap);
        LiteralArea.FreeModule(area, &module);
        Assert.True(world.NothingClaimed());
        Assert.Equal(0, LiteralArea.UsedWords(area));
    }

    private void MakeLiterals(TermWorld world, ModuleLiterals* module, out Pair[] constants)
    {
        Heap builder;
        Assert.True(Heap.Create(&builder, shared, 233));
        var made = new List<Pair>();
        Heap* b = &builder;
        for (int i = 0; i < 40; i++) made.Add(world.Make(b, () => made.Count > 0 && world.Random.Next(2) == 0 ? made[world.Random.Next(made.Count)] : world.Immediate()));
        long words = 0;
        foreach (Pair p in made) words += TermSize.ForCopy(p.Term, null);
        Assert.True(LiteralArea.AllocModule(area, words, module));
        constants = new Pair[made.Count];
        for (int i = 0; i < made.Count; i++)
        {
            constants[i] = new Pair(LiteralArea.Add(module, made[i].Term), made[i].Mirror);
        }
        Assert.True(module->Top == module->End);
        TermWorld.Compare(constants, copied: true);
        Heap.Destroy(&builder);
        // Windows lose their flags, and small ones their kind, when they are copied: not for constants that are compared strictly.
        constants = Array.FindAll(constants, c => !HasWindow(c.Mirror));
    }

    private static bool HasWindow(Mirror m)
    {
        if (m.Kind == Header.SubBits) return true;
        foreach (Mirror part in m.Parts)
        {
            if (HasWindow(part)) return true;
        }
        return false;
    }

    /// <summary>Pushes a term, a code address or a catch; or pops.</summary>
    private void Shuffle(Random random, Stack<Mirror?> stack, Term* slots, Mirror?[] mirrors)
    {
        if (random.Next(2) == 0) return;
        if (stack.Count > 0 && (random.Next(2) == 0 || stack.Count > 30))
        {
            stack.Pop();
            heap->Stack++;
            return;
        }
        if (heap->Stack - heap->Top <= Heap.StackReserve) return;
        int slot = random.Next(mirrors.Length);
        Mirror? mirror = mirrors[slot];
        Term t = slots[slot];
        if (mirror == null)
        {
            t = random.Next(2) == 0 ? new Term((ulong)random.NextInt64() & ~7UL) : Term.Catch((uint)random.Next(1000));
            if (t.IsImmediate) mirror = TermWorld.Of(t).Mirror;
        }
        *--heap->Stack = t.Bits;
        stack.Push(mirror);
    }

    private List<Pair> Live(Term* slots, Mirror?[] mirrors, Stack<Mirror?> stack)
    {
        var live = new List<Pair>();
        for (int i = 0; i < mirrors.Length; i++)
        {
            if (mirrors[i] != null) live.Add(new Pair(slots[i], mirrors[i]!));
        }
        Term* p = (Term*)heap->Stack;
        foreach (Mirror? m in stack)
        {
            if (m != null) live.Add(new Pair(*p, m));
            p++;
        }
        Assert.True(p == (Term*)heap->End);
        return live;
    }

    private Term IntegerList(int length)
    {
        Term list = Term.Nil;
        for (int i = 0; i < length; i++)
        {
            Cons* c = (Cons*)Heap.Alloc(heap, 2);
            c->Head = Term.Small(i);
            c->Tail = list;
            list = Term.List(c);
        }
        return list;
    }

    /// <summary>Nested through the heads: as deep as a list is long.</summary>
    private Term DeepList(int depth)
    {
        Term list = Term.Nil;
        for (int i = 0; i < depth; i++)
        {
            Cons* c = (Cons*)Heap.Alloc(heap, 2);
            c->Head = list;
            c->Tail = Term.Small(i);
            list = Term.List(c);
        }
        return list;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Million_cells_need_no_native_stack(bool deep)
    {
        const int Length = 1_000_000;
        Term list = deep ? DeepList(Length) : IntegerList(Length);
        RootRange roots = new(&list, 1);
        Verify(&roots, 1);
        for (int i = 0; i < 4; i++) Assert.True(Gc.Collect(heap, 10, &roots, 1));
        Verify(&roots, 1);
        Assert.Equal(2 * Length, TermSize.Flat(list));
        Assert.Equal(2 * Length, TermSize.Shared(list, null));
        ulong* block = (ulong*)NativeMemory.Alloc(2 * Length * 8);
        ulong* top = block;
        BinaryRef* offHeap = null;
        Term copy = TermCopy.To(list, &top, &offHeap, shared);
        Assert.True(top == block + (2 * Length));
        for (int i = Length - 1; i >= 0; i--)
        {
            Assert.Equal(Term.Small(i).Bits, deep ? copy.Tail.Bits : copy.Head.Bits);
            copy = deep ? copy.Head : copy.Tail;
        }
        Assert.True(copy.IsNil);
        NativeMemory.Free(block);
    }

    [Fact]
    public void What_survives_twice_is_promoted_and_stays_where_it_is()
    {
        Term list = IntegerList(20);
        RootRange roots = new(&list, 1);
        Assert.True(Gc.Collect(heap, 10, &roots, 1));
        Assert.Equal(1, heap->MajorTotal);
        Assert.True(heap->HighWater == heap->Top && heap->Top - heap->Start == 40);
        Assert.True(Gc.Collect(heap, 10, &roots, 1));
        Assert.Equal(1, heap->MinorTotal);
        Assert.True(heap->Top == heap->Start);
        Term promoted = list;
        Assert.True(list.Cell >= heap->OldStart && list.Cell < heap->OldTop);
        for (int i = 0; i < 10; i++)
        {
            IntegerList(30);
            Assert.True(Gc.Collect(heap, 100, &roots, 1));
            Assert.True(list == promoted);
        }
        Assert.Equal(11, heap->MinorTotal);
        Assert.True(Gc.CollectMajor(heap, 10, &roots, 1));
        Assert.True(heap->OldStart == null && list.Cell >= heap->Start && list.Cell < heap->Top);
        Assert.Equal(40, heap->Top - heap->Start);
    }

    [Fact]
    public void Minor_collections_turn_major_after_FullSweepAfter()
    {
        heap->FullSweepAfter = 3;
        Term list = IntegerList(20);
        RootRange roots = new(&list, 1);
        for (int i = 0; i < 9; i++) Assert.True(Gc.Collect(heap, 10, &roots, 1));
        Assert.Equal(3, heap->MajorTotal);
        Assert.Equal(6, heap->MinorTotal);
        Assert.Equal(9, shared->Collections);
    }

    [Fact]
    public void Sizes_follow_the_steps_of_OTP()
    {
        // Heap sizes as process_flag(min_heap_size, N) rounds them on OTP 29.
        long[] sizes = [12, 38, 51, 90, 142, 233, 376, 610, 987, 1598, 2586, 4185, 6772, 10958, 17731, 28690, 46422, 75113, 121536, 196650, 318187, 514838, 833026, 999631, 1199557, 1439468];
        for (int i = 1; i < sizes.Length; i++)
        {
            Assert.Equal(sizes[i], Gc.NextSize(sizes[i - 1] + 1));
            Assert.Equal(sizes[i], Gc.NextSize(sizes[i]));
        }
        Assert.Equal(12, Gc.NextSize(0));
    }

    [Fact]
    public void Heap_grows_for_a_large_need_and_shrinks_when_it_is_gone()
    {
        Term list = IntegerList(100);
        RootRange roots = new(&list, 1);
        Assert.True(Gc.Collect(heap, 1_000_000, &roots, 1));
        Assert.True(heap->Stack - heap->Top >= 1_000_000);
        Assert.True(Gc.CollectMajor(heap, 0, &roots, 1));
        Assert.True(heap->End - heap->Start < 1000);
        Assert.Equal(200, TermSize.Flat(list));
        Assert.True(Gc.Hibernate(heap, &roots, 1));
        Assert.Equal(200 + Gc.Reserve, heap->End - heap->Start);
        Verify(&roots, 1);
    }

    [Fact]
    public void Passing_MaxSize_exhausts_the_heap_and_loses_nothing()
    {
        Term list = IntegerList(3000);
        RootRange roots = new(&list, 1);
        heap->MaxSize = 5000;
        Assert.False(Gc.Collect(heap, 10, &roots, 1));
        Assert.Equal(1, heap->Exhausted);
        Assert.Equal(6000, TermSize.Flat(list));
        Verify(&roots, 1);
    }

    [Fact]
    public void Dead_old_binaries_make_the_next_collection_a_major_one()
    {
        using var world = new TermWorld(7);
        Term window = Term.None;
        RootRange roots = new(&window, 1);
        OffHeapBinary* watched = null;
        for (int i = 0; i < 40 && heap->MajorTotal < 3; i++)
        {
            OffHeapBinary* b = OffHeap.Create(100_000);
            if (i == 0)
            {
                watched = b;
                OffHeap.Retain(b);
            }
            BinaryRef* r = (BinaryRef*)Heap.Alloc(heap, BinaryRef.Words);
            *r = new BinaryRef { Header = Header.Make(Header.BinaryRef, BinaryRef.Words - 1), Binary = b, Next = heap->OffHeap };
            heap->OffHeap = r;
            heap->BinaryBytes += b->Capacity;
            window = Term.Boxed(r);
            for (int k = 0; k < 3; k++) Assert.True(Gc.Collect(heap, 10, &roots, 1));
        }
        Assert.Equal(1, watched->RefCount);
        Assert.True(heap->MajorTotal is > 1 and < 10);
        OffHeap.Release(watched);
    }

    [Fact]
    public void Verifier_sees_a_stale_pointer()
    {
        Term list = IntegerList(5);
        RootRange roots = new(&list, 1);
        list.Cell->Head = Term.Boxed(heap->Top + 2);
        ulong bad;
        Assert.Equal(HeapVerify.BadPointer, HeapVerify.Check(heap, &roots, 1, &bad));
        Assert.Equal(list.Head.Bits, bad);
    }
}
