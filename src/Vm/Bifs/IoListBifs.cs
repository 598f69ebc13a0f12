// Iolists to binaries.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;

/// <summary>Iolist natives.</summary>
public static unsafe class IoListBifs
{
    /// <summary>A binary of at most this many bytes is copied together with its neighbours by iolist_to_iovec/1; larger ones stay as they are.</summary>
    private const ulong CopiedBytes = 256;

    /// <summary>Elements walked, and bytes copied, that cost one reduction.</summary>
    private const long ElementsPerReduction = 32, BytesPerReduction = 2048;

    [Bif("erlang:iolist_size/1")]
    public static Term Size(Process* p, Term* a)
    {
        if (!IoData.Size(a[0], false, out ulong bits, out long elements)) return Process.Badarg(p);
        Process.Bump(p, elements / ElementsPerReduction);
        return Term.Small((long)(bits >> 3));
    }

    /// <summary>A binary is given back as it is.</summary>
    [Bif("erlang:iolist_to_binary/1")]
    public static Term ToBinary(Process* p, Term* a)
    {
        if (a[0].IsBitstring)
        {
            Bitstring.Open(a[0], out _, out _, out ulong bits);
            return (bits & 7) == 0 ? a[0] : Process.Badarg(p);
        }
        return Flatten(p, a[0]);
    }

    [Bif("erlang:list_to_binary/1")]
    [Bif("binary:list_to_bin/1")]
    public static Term ListToBinary(Process* p, Term* a) => a[0].IsList ? Flatten(p, a[0]) : Process.Badarg(p);

    [Bif("erlang:list_to_bitstring/1")]
    public static Term ListToBitstring(Process* p, Term* a)
    {
        if (!a[0].IsList || !IoData.Size(a[0], true, out ulong bits, out long elements)) return Process.Badarg(p);
        Charge(p, elements, bits);
        Term result = Binaries.NewBits(p, bits, out byte* to);
        if (result.IsNone) return result;
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        byte* scratch = stackalloc byte[256];
        IoData walk = new(a[0], inline, true);
        ulong done = 0;
        while (walk.Next(scratch, 256, out byte* data, out ulong n))
        {
            Join(data, n, to, done);
            done += n;
        }
        walk.Free();
        return result;
    }

    /// <summary>A list of non-empty binaries: small pieces joined, large binaries as they are.</summary>
    [Bif("erlang:iolist_to_iovec/1")]
    public static Term ToIovec(Process* p, Term* a)
    {
        if (!a[0].IsList && !a[0].IsBitstring) return Process.Badarg(p);
        if (!IoData.Size(a[0], false, out ulong total, out long elements)) return Process.Badarg(p);
        Charge(p, elements, 0);
        if (total == 0) return Term.Nil;
        if (a[0].IsBitstring) return Process.Cons(p, a[0], Term.Nil);
        NativeList<Term> parts = default;
        long gathered = 0, capacity = 1024;
        byte* gather = (byte*)Allocator.Alloc((nuint)capacity, Owner.Temporary);
        bool good = gather != null;
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        byte* scratch = stackalloc byte[256];
        IoData walk = new(a[0], inline);
        while (good && walk.Next(scratch, 256, out byte* data, out ulong bits))
        {
            if (!walk.Piece.IsNone && bits > CopiedBytes * 8)
            {
                good = Flush(p, ref parts, gather, ref gathered) && parts.Add(walk.Piece, Owner.Temporary);
                continue;
            }
            long n = (long)(bits >> 3);
            if (gathered + n > capacity)
            {
                byte* larger = (byte*)Allocator.Realloc(gather, (nuint)capacity, (nuint)(capacity * 2), Owner.Temporary);
                good = larger != null;
                if (!good) break;
                gather = larger;
                capacity *= 2;
            }
            Buffer.MemoryCopy(data, gather + gathered, n, n);
            gathered += n;
        }
        walk.Free();
        good = good && Flush(p, ref parts, gather, ref gathered);
        Allocator.Free(gather, (nuint)capacity, Owner.Temporary);
        Term list = Term.Nil;
        for (int i = parts.Count - 1; good && i >= 0; i--) list = Process.Cons(p, parts[i], list);
        parts.Free(Owner.Temporary);
        return good ? list : Process.SystemLimit(p);
    }

    /// <summary>A binary of the bytes of iodata; badarg when the term is none. For natives that take iodata.</summary>
    public static Term Flatten(Process* p, Term iodata)
    {
        if (!IoData.Size(iodata, false, out ulong bits, out long elements)) return Process.Badarg(p);
        Charge(p, elements, bits);
        Term result = Binaries.NewBits(p, bits, out byte* to);
        if (!result.IsNone) IoData.Copy(iodata, to, (long)(bits >> 3));
        return result;
    }

    private static bool Flush(Process* p, ref NativeList<Term> parts, byte* bytes, ref long count)
    {
        if (count == 0) return true;
        Term part = Binaries.FromBytes(p, bytes, count);
        count = 0;
        return !part.IsNone && parts.Add(part, Owner.Temporary);
    }

    private static void Charge(Process* p, long elements, ulong bits) =>
        Process.Bump(p, (elements / ElementsPerReduction) + ((long)(bits >> 3) / BytesPerReduction));

    // Appends bits that start at a byte to those already written; what is written is zero after its last bit up to the end of that byte.
    private static void Join(byte* from, ulong bits, byte* to, ulong done)
    {
        to += done >> 3;
        int shift = (int)(done & 7);
        if (shift == 0)
        {
            Bitstring.Copy(from, 0, bits, to);
            return;
        }
        for (; bits != 0; from++, to++)
        {
            int n = bits < 8 ? (int)bits : 8;
            int v = *from & (0xFF00 >> n);
            *to = (byte)(*to | (v >> shift));
            if (shift + n > 8) to[1] = (byte)(v << (8 - shift));
            bits -= (ulong)n;
        }
    }
}
