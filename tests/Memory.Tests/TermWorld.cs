// Random terms of every kind on a MyBeam heap, each with a mirror on the managed heap, and the comparison of the two. What the collector and the copying
// of terms are tested with.

using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using Xunit;

namespace MyBeam.Memory.Tests;

/// <summary>What a term should be. The kind is that of its header, or one of the constants.</summary>
internal sealed class Mirror
{
    public const ulong Immediate = 100, Cons = 101;
    public ulong Kind;
    /// <summary>Words that must be equal (digits, ids, the bits of an immediate).</summary>
    public ulong[] Words = [];
    public Mirror[] Parts = [];
    /// <summary>Contents of a bitstring, one byte a bit.</summary>
    public byte[] Bits = [];
    public ulong Flags;

    public static readonly Mirror Nil = new() { Kind = Immediate, Words = [Term.NilBits] };
}

/// <summary>A term and its mirror.</summary>
internal readonly struct Pair(Term term, Mirror mirror)
{
    public readonly Term Term = term;
    public readonly Mirror Mirror = mirror;
}

/// <summary>Makes terms. Keeps one claim on every binary and resource, so that a test can see that all other claims are gone in the end.</summary>
internal sealed unsafe class TermWorld : IDisposable
{
    private readonly Random random;
    private readonly List<IntPtr> binaries = [];
    private readonly List<IntPtr> resources = [];
    private readonly ExportName* export;

    public TermWorld(int seed)
    {
        random = new Random(seed);
        export = (ExportName*)NativeMemory.AllocZeroed((nuint)sizeof(ExportName));
    }

    public Random Random => random;

    /// <summary>No heap has a claim left.</summary>
    public bool NothingClaimed()
    {
        foreach (IntPtr b in binaries)
        {
            if (((OffHeapBinary*)b)->RefCount != 1) return false;
        }
        foreach (IntPtr r in resources)
        {
            if (((NativeResource*)r)->RefCount != 1) return false;
        }
        return true;
    }

    public void Dispose()
    {
        foreach (IntPtr b in binaries) OffHeap.Release((OffHeapBinary*)b);
        foreach (IntPtr r in resources) Resources.Release((NativeResource*)r);
        NativeMemory.Free(export);
    }

    private static void DestroyResource(NativeResource* r) => NativeMemory.Free(r);

    public Pair Immediate()
    {
        Term t = random.Next(5) switch
        {
            0 => Term.Small(random.NextInt64() >> 8),
            1 => Am.Ok,
            2 => Term.Nil,
            3 => Term.Pid((ulong)random.Next()),
            _ => Term.Small(random.Next(-5, 5)),
        };
        return Of(t);
    }

    public static Pair Of(Term t) => new(t, new Mirror { Kind = Mirror.Immediate, Words = [t.Bits] });

    public static Pair Cons(Heap* heap, Pair head, Pair tail)
    {
        Cons* c = (Cons*)Heap.Alloc(heap, 2);
        c->Head = head.Term;
        c->Tail = tail.Term;
        return new Pair(Term.List(c), new Mirror { Kind = Mirror.Cons, Parts = [head.Mirror, tail.Mirror] });
    }

    /// <summary>A new term over some of the given ones.</summary>
    public Pair Make(Heap* heap, Func<Pair> any)
    {
        switch (random.Next(18))
        {
            case 0: case 1: return Cons(heap, any(), any());
            case 2: return List(heap, any, random.Next(1, 40));
            case 3: return Words(heap, Header.Float, 1);
            case 4: return Words(heap, random.Next(2) == 0 ? Header.PositiveBig : Header.NegativeBig, random.Next(1, random.Next(10) == 0 ? 90 : 5));
            case 5: return Words(heap, Header.Reference, 2);
            case 6: return External(heap);
            case 7: return Bits(heap, random.Next(0, 513));
            case 8: return Window(heap, Bits(heap, random.Next(1, 513)), SubBits.Matching);
            case 9: case 10: return Binary(heap, random.Next(4) == 0 ? SubBits.Writable : random.Next(4) == 0 ? SubBits.Matching : 0);
            case 11: return Magic(heap);
            case 12: return Fun(heap, any);
            case 13: return Export(heap);
            case 14: return FlatMap(heap, any);
            case 15: return HashMap(heap, any);
            case 16: return Object(heap, Header.Record, 0, random.Next(1, 6), 0, any);
            default: return Object(heap, Header.Tuple, 0, random.Next(20) == 0 ? random.Next(200) : random.Next(0, 6), 0, any);
        }
    }

    public Pair List(Heap* heap, Func<Pair> any, int length)
    {
        Pair list = random.Next(4) == 0 ? any() : new Pair(Term.Nil, Mirror.Nil);
        bool immediates = random.Next(2) == 0;
        for (int i = 0; i < length; i++) list = Cons(heap, immediates ? Immediate() : any(), list);
        return list;
    }

    private static Pair Object(Heap* heap, ulong kind, int extra, int count, int fixedWords, Func<Pair> any)
    {
        var parts = new Pair[count];
        for (int i = 0; i < count; i++) parts[i] = any();
        ulong* p = Heap.Alloc(heap, 1 + fixedWords + count);
        p[0] = Header.Make(kind, fixedWords + count, extra);
        if (fixedWords == 1) p[1] = Term.Small(count).Bits;
        for (int i = 0; i < count; i++) p[1 + fixedWords + i] = parts[i].Term.Bits;
        return new Pair(Term.Boxed(p), new Mirror { Kind = kind, Words = [p[0]], Parts = Array.ConvertAll(parts, x => x.Mirror) });
    }

    private Pair Words(Heap* heap, ulong kind, int count)
    {
        ulong* p = Heap.Alloc(heap, 1 + count);
        p[0] = Header.Make(kind, count);
        var words = new ulong[count];
        // Any bits: what is in there must never be taken for a term.
        for (int i = 0; i < count; i++) p[1 + i] = words[i] = (ulong)random.NextInt64() ^ ((ulong)random.NextInt64() << 1);
        return new Pair(Term.Boxed(p), new Mirror { Kind = kind, Words = words });
    }

    private Pair External(Heap* heap)
    {
        int data = random.Next(1, 4), extra = random.Next(3);
        ulong* p = Heap.Alloc(heap, 3 + data);
        p[0] = Header.Make(Header.ExternalThing, 2 + data, extra);
        p[1] = Am.Error.Bits;
        var words = new ulong[2 + data];
        words[0] = p[1];
        for (int i = 1; i < 2 + data; i++) p[1 + i] = words[i] = (ulong)random.NextInt64();
        return new Pair(Term.Boxed(p), new Mirror { Kind = Header.ExternalThing, Words = words });
    }

    private Pair Bits(Heap* heap, int bits)
    {
        long words = HeapBits.Words((ulong)bits);
        HeapBits* p = (HeapBits*)Heap.Alloc(heap, words);
        p->Header = Header.Make(Header.HeapBits, words - 1);
        p->SizeBits = (ulong)bits;
        random.NextBytes(new Span<byte>(p->Data, (bits + 7) / 8));
        return new Pair(Term.Boxed(p), new Mirror { Kind = Header.HeapBits, Bits = Unpack(p->Data, 0, bits) });
    }

    private Pair Window(Heap* heap, Pair over, ulong flags)
    {
        HeapBits* bits = (HeapBits*)over.Term.Box;
        return Window(heap, over.Term, bits->Data, (int)bits->SizeBits, flags);
    }

    private Pair Window(Heap* heap, Term orig, byte* data, int size, ulong flags)
    {
        int from = random.Next(size), to = random.Next(from, size + 1);
        SubBits* p = (SubBits*)Heap.Alloc(heap, SubBits.Words);
        p->Header = Header.Make(Header.SubBits, SubBits.Words - 1);
        p->BaseFlags = (ulong)data | flags;
        p->Start = (ulong)from;
        p->End = (ulong)to;
        p->Orig = orig;
        return new Pair(Term.Boxed(p), new Mirror { Kind = Header.SubBits, Bits = Unpack(data, from, to), Flags = flags });
    }

    private Pair Binary(Heap* heap, ulong flags)
    {
        OffHeapBinary* b;
        if (binaries.Count > 0 && random.Next(2) == 0)
        {
            b = (OffHeapBinary*)binaries[random.Next(binaries.Count)];
        }
        else
        {
            b = OffHeap.Create(random.Next(1, 3000));
            random.NextBytes(new Span<byte>(OffHeapBinary.Data(b), (int)b->Capacity));
            binaries.Add((IntPtr)b);
        }
        OffHeap.Retain(b);
        BinaryRef* r = (BinaryRef*)Heap.Alloc(heap, BinaryRef.Words);
        r->Header = Header.Make(Header.BinaryRef, BinaryRef.Words - 1);
        r->Binary = b;
        r->Next = heap->OffHeap;
        heap->OffHeap = r;
        heap->BinaryBytes += b->Capacity;
        return Window(heap, Term.Boxed(r), OffHeapBinary.Data(b), (int)b->Size * 8, flags);
    }

    private Pair Magic(Heap* heap)
    {
        NativeResource* r = (NativeResource*)NativeMemory.AllocZeroed((nuint)sizeof(NativeResource));
        r->RefCount = 2;
        r->Destroy = &DestroyResource;
        resources.Add((IntPtr)r);
        MagicRef* p = (MagicRef*)Heap.Alloc(heap, MagicRef.Words);
        p->Header = Header.Make(Header.MagicRef, MagicRef.Words - 1);
        p->Id0 = (ulong)random.NextInt64();
        p->Id1 = (ulong)random.NextInt64();
        p->Resource = r;
        p->Next = heap->OffHeap;
        heap->OffHeap = (BinaryRef*)p;
        return new Pair(Term.Boxed(p), new Mirror { Kind = Header.MagicRef, Words = [p->Id0, p->Id1, (ulong)r] });
    }

    private Pair Fun(Heap* heap, Func<Pair> any)
    {
        int free = random.Next(4);
        var parts = new Pair[free];
        for (int i = 0; i < free; i++) parts[i] = any();
        Fun* f = (Fun*)Heap.Alloc(heap, Memory.Fun.HeaderWords + free);
        f->Header = Header.Make(Header.Fun, 1 + free);
        // An address of native memory may look like any kind of term.
        f->Entry = (void*)(ulong)random.NextInt64();
        for (int i = 0; i < free; i++) Memory.Fun.Env(f)[i] = parts[i].Term;
        return new Pair(Term.Boxed(f), new Mirror { Kind = Header.Fun, Words = [(ulong)f->Entry], Parts = Array.ConvertAll(parts, x => x.Mirror) });
    }

    private Pair Export(Heap* heap)
    {
        ExportFun* f = (ExportFun*)Heap.Alloc(heap, ExportFun.Words);
        f->Header = Header.Make(Header.ExportFun, ExportFun.Words - 1);
        f->Export = export;
        return new Pair(Term.Boxed(f), new Mirror { Kind = Header.ExportFun, Words = [(ulong)export] });
    }

    private Pair FlatMap(Heap* heap, Func<Pair> any)
    {
        int size = random.Next(5);
        Pair keys = Object(heap, Header.Tuple, 0, size, 0, Immediate);
        var parts = new Pair[size];
        for (int i = 0; i < size; i++) parts[i] = any();
        FlatMap* m = (FlatMap*)Heap.Alloc(heap, Memory.FlatMap.HeaderWords + size);
        m->Header = Header.Make(Header.FlatMap, 2 + size);
        m->Size = Term.Small(size);
        m->Keys = keys.Term;
        var mirrors = new Mirror[size + 1];
        mirrors[0] = keys.Mirror;
        for (int i = 0; i < size; i++)
        {
            Memory.FlatMap.Values(m)[i] = parts[i].Term;
            mirrors[i + 1] = parts[i].Mirror;
        }
        return new Pair(Term.Boxed(m), new Mirror { Kind = Header.FlatMap, Words = [m->Header], Parts = mirrors });
    }

    private Pair HashMap(Heap* heap, Func<Pair> any)
    {
        Pair Leaf() => Cons(heap, any(), any());
        Pair Node() => random.Next(3) == 0 ? Leaf() : Object(heap, Header.HashNode, random.Next(65536), random.Next(1, 5), 0, Leaf);
        return Object(heap, Header.HashMap, random.Next(65536), random.Next(1, 9), 1, Node);
    }

    private static byte[] Unpack(byte* data, int from, int to)
    {
        var bits = new byte[to - from];
        for (int i = from; i < to; i++) bits[i - from] = (byte)((data[i >> 3] >> (7 - (i & 7))) & 1);
        return bits;
    }

    /// <summary>
    /// Asserts that terms are what their mirrors say. Shared parts are looked at once. <paramref name="copied"/>: windows are plain or have become heap
    /// bitstrings.
    /// </summary>
    public static void Compare(IEnumerable<Pair> pairs, bool copied = false)
    {
        var seen = new HashSet<(Mirror, ulong)>();
        var todo = new Stack<Pair>(pairs);
        while (todo.TryPop(out Pair next))
        {
            Term t = next.Term;
            Mirror m = next.Mirror;
            if (m.Kind == Mirror.Immediate)
            {
                Assert.Equal(m.Words[0], t.Bits);
                continue;
            }
            if (!seen.Add((m, t.Bits))) continue;
            if (m.Kind == Mirror.Cons)
            {
                Assert.True(t.IsCons);
                todo.Push(new Pair(t.Head, m.Parts[0]));
                todo.Push(new Pair(t.Tail, m.Parts[1]));
                continue;
            }
            Assert.True(t.IsBoxed);
            CompareBoxed(t.Box, m, todo, copied);
        }
    }

    private static void CompareBoxed(ulong* p, Mirror m, Stack<Pair> todo, bool copied)
    {
        ulong kind = Header.Kind(*p);
        if (m.Kind is Header.HeapBits or Header.SubBits)
        {
            if (!copied) Assert.Equal(m.Kind, kind);
            if (kind == Header.HeapBits)
            {
                HeapBits* h = (HeapBits*)p;
                Assert.Equal(m.Bits, Unpack(h->Data, 0, (int)h->SizeBits));
                return;
            }
            SubBits* s = (SubBits*)p;
            Assert.Equal(copied ? 0 : m.Flags, s->BaseFlags & SubBits.FlagMask);
            Assert.Equal(m.Bits, Unpack(s->Base, (int)s->Start, (int)s->End));
            return;
        }
        Assert.Equal(m.Kind, kind);
        if (kind is Header.Tuple or Header.Record or Header.FlatMap or Header.HashMap or Header.HashNode)
        {
            Assert.Equal(m.Words[0], *p);
            int fixedWords = kind is Header.FlatMap or Header.HashMap ? 2 : 1;
            for (int i = 0; i < m.Parts.Length; i++) todo.Push(new Pair(new Term(p[fixedWords + i]), m.Parts[i]));
            return;
        }
        for (int i = 0; i < m.Words.Length; i++) Assert.Equal(m.Words[i], p[1 + i]);
        for (int i = 0; i < m.Parts.Length; i++) todo.Push(new Pair(new Term(p[2 + i]), m.Parts[i]));
    }
}
