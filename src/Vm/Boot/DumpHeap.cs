// The terms of a process in a crash dump, in the format of OTP's crashdump_viewer: each object once, on a line "address:…", with H and an address where it
// refers to another.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;

/// <summary>Writes terms. The lists it keeps are freed by Free.</summary>
internal unsafe struct DumpHeap
{
    // Objects of one process or of all literals; more than this are left out.
    private const int MostObjects = 1 << 21;
    private const long MostBinaryBytes = 64 * 1024;

    private readonly Machine* machine;
    // Addresses that are written already: open addressing, 0 is free.
    private ulong* seen;
    private uint mask;
    private int count;
    private NativeList<ulong> waiting, literals;

    public DumpHeap(Machine* m)
    {
        this = default;
        machine = m;
    }

    /// <summary>Frees everything.</summary>
    public void Free()
    {
        Forget();
        waiting.Free(Owner.Temporary);
        literals.Free(Owner.Temporary);
    }

    /// <summary>Another process comes: its objects are not written yet.</summary>
    public void Forget()
    {
        Allocator.Free(seen, seen == null ? 0 : ((nuint)mask + 1) * 8, Owner.Temporary);
        seen = null;
        mask = 0;
        count = 0;
    }

    /// <summary>A term inside another: an immediate as it is, H and the address of anything else.</summary>
    public static void Element(ref DumpWriter w, Term t)
    {
        if (t.IsCons || t.IsBoxed)
        {
            w.Text.AddByte('H');
            w.Hex(Address(t));
        }
        else if (t.IsAtom)
        {
            AtomTable.Entry* e = AtomTable.Get(t);
            w.Text.AddByte('A');
            w.Hex(e->Bytes);
            w.Text.AddByte(':');
            w.Text.Add(e->Text, e->Bytes);
        }
        else if (t.IsSmall)
        {
            w.Text.AddByte('I');
            w.Text.AddNumber(t.SmallValue);
        }
        else if (t.IsLocalPid)
        {
            w.Text.AddByte('P');
            w.Print(t);
        }
        else if (t.IsLocalPort)
        {
            w.Text.Add("p<0."u8);
            w.Text.AddUnsigned(t.PidData);
            w.Text.AddByte('>');
        }
        else w.Text.AddByte('N');
    }

    private static ulong Address(Term t) => t.Bits & ~Term.PrimaryMask;

    /// <summary>Writes what a term refers to, but for literals: they are written once for all, by Literals.</summary>
    public void Dump(ref DumpWriter w, Term root)
    {
        Want(root);
        Empty(ref w, false);
    }

    /// <summary>Writes the literals that the terms so far refer to.</summary>
    public void Literals(ref DumpWriter w)
    {
        Forget();
        for (int i = 0; i < literals.Count; i++) _ = waiting.Add(literals[i], Owner.Temporary);
        Empty(ref w, true);
    }

    private void Empty(ref DumpWriter w, bool all)
    {
        while (waiting.Count > 0)
        {
            Term t = new(waiting.Pop());
            ulong address = Address(t);
            bool literal = address - (ulong)machine->HeapShared.LiteralBase < machine->HeapShared.LiteralBytes;
            if (!w.Flush() || count >= MostObjects || !Mark(address)) continue;
            if (literal && !all)
            {
                _ = literals.Add(t.Bits, Owner.Temporary);
                continue;
            }
            w.Hex(address);
            w.Text.AddByte(':');
            Object(ref w, t);
            w.Text.AddByte('\n');
        }
    }

    private void Want(Term t)
    {
        if (t.IsCons || t.IsBoxed) _ = waiting.Add(t.Bits, Owner.Temporary);
    }

    private void Object(ref DumpWriter w, Term t)
    {
        if (t.IsCons)
        {
            w.Text.AddByte('l');
            Element(ref w, t.Head);
            w.Text.AddByte('|');
            Element(ref w, t.Tail);
            Want(t.Head);
            Want(t.Tail);
            return;
        }
        ulong header = *t.Box;
        if (t.IsTuple)
        {
            w.Text.AddByte('t');
            w.Hex((ulong)t.TupleArity);
            Row(ref w, t.TupleElements, t.TupleArity);
        }
        else if (t.IsFlatMap)
        {
            FlatMap* map = (FlatMap*)t.Box;
            w.Text.Add("Mf"u8);
            w.Hex((ulong)map->Size.SmallValue);
            w.Text.AddByte(':');
            Element(ref w, map->Keys);
            Want(map->Keys);
            Row(ref w, FlatMap.Values(map), map->Size.SmallValue);
        }
        else if (Header.Kind(header) is Header.HashMap or Header.HashNode)
        {
            bool root = Header.Kind(header) == Header.HashMap;
            int n = System.Numerics.BitOperations.PopCount((uint)Header.Extra(header));
            w.Text.Add(root ? "Mh"u8 : "Mn"u8);
            if (root)
            {
                w.Hex((ulong)Maps.Size(t));
                w.Text.AddByte(':');
            }
            w.Hex((ulong)n);
            Row(ref w, (Term*)t.Box + (root ? HashMap.HeaderWords : 1), n);
        }
        else if (t.IsBig)
        {
            w.Text.AddByte('B');
            w.Print(t);
        }
        else if (t.IsFloat) Float(ref w, t);
        else if (t.IsBitstring) Bits(ref w, t);
        else if (t.IsPid)
        {
            w.Text.AddByte('P');
            w.Print(t);
        }
        else AsText(ref w, t);
    }

    private void Row(ref DumpWriter w, Term* terms, long n)
    {
        w.Text.AddByte(':');
        for (long i = 0; i < n; i++)
        {
            if (i > 0) w.Text.AddByte(',');
            Element(ref w, terms[i]);
            Want(terms[i]);
        }
    }

    private static void Float(ref DumpWriter w, Term t)
    {
        TextBuffer b = default;
        TermPrinter.Write(ref b, t, TermStyle.Display);
        w.Text.AddByte('F');
        w.Hex((ulong)b.Count);
        w.Text.AddByte(':');
        w.Text.Add(b.Text);
        b.Free();
    }

    // The viewer knows whole bytes only. Long ones are cut.
    private static void Bits(ref DumpWriter w, Term t)
    {
        Bitstring.Open(t, out byte* data, out ulong offset, out ulong bits);
        long bytes = Math.Min((long)(bits / 8), MostBinaryBytes);
        byte* copy = (byte*)Allocator.Alloc((nuint)bytes + 1, Owner.Temporary);
        if (copy == null) bytes = 0;
        else Bitstring.Copy(data, offset, (ulong)bytes * 8, copy);
        w.Text.Add("Yh"u8);
        w.Hex((ulong)bytes);
        w.Text.AddByte(':');
        w.Base64(copy, bytes);
        Allocator.Free(copy, (nuint)bytes + 1, Owner.Temporary);
    }

    // What has no format of its own here (references, funs, records): as a binary with its text.
    private static void AsText(ref DumpWriter w, Term t)
    {
        TextBuffer b = new() { Limit = 1024 };
        TermPrinter.Write(ref b, t, TermStyle.Pretty);
        w.Text.Add("Yh"u8);
        w.Hex((ulong)b.Count);
        w.Text.AddByte(':');
        w.Base64(b.Data, b.Count);
        b.Free();
    }

    // False: it is written already, or memory is out.
    private bool Mark(ulong address)
    {
        if (seen == null || (uint)count * 2 >= mask)
        {
            uint fresh = seen == null ? 1023 : (mask * 2) + 1;
            ulong* more = (ulong*)Allocator.AllocZeroed(((nuint)fresh + 1) * 8, Owner.Temporary);
            if (more == null) return false;
            for (uint i = 0; seen != null && i <= mask; i++)
                if (seen[i] != 0) Place(more, fresh, seen[i]);
            int had = count;
            Forget();
            seen = more;
            mask = fresh;
            count = had;
        }
        if (!Place(seen, mask, address)) return false;
        count++;
        return true;
    }

    private static bool Place(ulong* table, uint mask, ulong address)
    {
        uint i = (uint)((address * 0x9E37_79B9_7F4A_7C15) >> 32) & mask;
        for (; table[i] != 0; i = (i + 1) & mask)
            if (table[i] == address) return false;
        table[i] = address;
        return true;
    }
}
