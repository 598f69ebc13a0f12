// Small terms written down in tests.

using System;
using System.Text;

namespace MyBeam.Memory.Tests;

/// <summary>Makes terms on a heap of its own.</summary>
internal sealed unsafe class TermBuilder : IDisposable
{
    private readonly Heap* heap;
    private readonly HeapShared* shared;

    public TermBuilder()
    {
        AtomTable.Initialize();
        shared = (HeapShared*)Allocator.AllocZeroed((nuint)sizeof(HeapShared), Owner.Vm);
        heap = (Heap*)Allocator.AllocZeroed((nuint)sizeof(Heap), Owner.Vm);
        Memory.Heap.Create(heap, shared, 233);
    }

    public Heap* Heap => heap;

    public void Dispose()
    {
        Memory.Heap.Destroy(heap);
        Allocator.Free(heap, (nuint)sizeof(Heap), Owner.Vm);
        Allocator.Free(shared, (nuint)sizeof(HeapShared), Owner.Vm);
    }

    private ulong* Take(long words) => Memory.Heap.Alloc(heap, words);

    public static Term Atom(string text) => AtomTable.Intern(Encoding.UTF8.GetBytes(text));

    public Term Cons(Term head, Term tail)
    {
        Cons* c = (Cons*)Take(2);
        c->Head = head;
        c->Tail = tail;
        return Term.List(c);
    }

    public Term List(params Term[] items)
    {
        Term list = Term.Nil;
        for (int i = items.Length - 1; i >= 0; i--) list = Cons(items[i], list);
        return list;
    }

    public Term Text(string text)
    {
        Term list = Term.Nil;
        for (int i = text.Length - 1; i >= 0; i--) list = Cons(Term.Small(text[i]), list);
        return list;
    }

    public Term Tuple(params Term[] items)
    {
        ulong* t = Take(items.Length + 1);
        t[0] = Header.Make(Header.Tuple, items.Length);
        for (int i = 0; i < items.Length; i++) t[i + 1] = items[i].Bits;
        return Term.Boxed(t);
    }

    public Term Float(double d)
    {
        ulong* t = Take(2);
        t[0] = Header.Make(Header.Float, 1);
        t[1] = BitConverter.DoubleToUInt64Bits(d);
        return Term.Boxed(t);
    }

    public Term Big(bool negative, params ulong[] digits)
    {
        ulong* t = Take(digits.Length + 1);
        t[0] = Header.Make(negative ? Header.NegativeBig : Header.PositiveBig, digits.Length);
        for (int i = 0; i < digits.Length; i++) t[i + 1] = digits[i];
        return Term.Boxed(t);
    }

    /// <summary>A bitstring of these bits ("10110").</summary>
    public Term Bits(string bits)
    {
        long words = HeapBits.Words((ulong)bits.Length);
        HeapBits* t = (HeapBits*)Take(words);
        t->Header = Header.Make(Header.HeapBits, words - 1);
        t->SizeBits = (ulong)bits.Length;
        for (int i = 0; i < (bits.Length + 7) / 8; i++) t->Data[i] = 0;
        for (int i = 0; i < bits.Length; i++)
            if (bits[i] == '1') t->Data[i / 8] |= (byte)(0x80 >> (i & 7));
        return Term.Boxed(t);
    }

    /// <summary>A window of a heap bitstring.</summary>
    public Term Window(Term bits, ulong from, ulong to)
    {
        SubBits* s = (SubBits*)Take(SubBits.Words);
        s->Header = Header.Make(Header.SubBits, SubBits.Words - 1);
        s->BaseFlags = (ulong)((HeapBits*)bits.Box)->Data;
        s->Start = from;
        s->End = to;
        s->Orig = bits;
        return Term.Boxed(s);
    }

    /// <summary>A map of keys and values in turn.</summary>
    public Term Map(params Term[] pairs)
    {
        fixed (Term* p = pairs)
            return MapBuild.FromArrays(heap, p, 2, p + 1, 2, pairs.Length / 2, out _);
    }
}
