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

    // Copied bytes that take as long as an element.
    private const long BytesPerStep = 64;

    private const int Scratch = 256;

    // What a call gives; and Bitstring: parts need not end at a byte.
    private const int Bytes = 0, ByteCount = 1, Bits = 2;

    private struct State
    {
        public NativeWork Work;
        public IoDataSize Size;
        /// <summary>The second pass, when Copying.</summary>
        public IoData Walk;
        public bool Copying;
        public int Kind;
        public Term Result;
        public byte* To;
        public ulong Done;
    }

    [Bif("erlang:iolist_size/1")]
    public static Term Size(Process* p, Term* a) => Start(p, a[0], ByteCount);

    /// <summary>A binary is given back as it is.</summary>
    [Bif("erlang:iolist_to_binary/1")]
    public static Term ToBinary(Process* p, Term* a)
    {
        if (a[0].IsBitstring)
        {
            Bitstring.Open(a[0], out _, out _, out ulong bits);
            return (bits & 7) == 0 ? a[0] : Process.Badarg(p);
        }
        return Start(p, a[0], Bytes);
    }

    [Bif("erlang:list_to_binary/1")]
    [Bif("binary:list_to_bin/1")]
    public static Term ListToBinary(Process* p, Term* a) => a[0].IsList ? Start(p, a[0], Bytes) : Process.Badarg(p);

    [Bif("erlang:list_to_bitstring/1")]
    public static Term ListToBitstring(Process* p, Term* a) => a[0].IsList ? Start(p, a[0], Bits) : Process.Badarg(p);

    [System.Runtime.CompilerServices.SkipLocalsInit]
    private static Term Start(Process* p, Term iodata, int kind)
    {
        if (p->Work != null) return Go(p, iodata, (State*)p->Work);
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        IoDataSize size = new(iodata, inline, kind == Bits);
        if (kind != Bits)
        {
            // Mostly this is all there is to do.
            long steps = Slices.Steps(p, ElementsPerReduction), all = steps;
            size.Go(ref steps);
            if (size.Done && (size.Failed || kind == ByteCount || ((long)(size.Bits >> 3) <= steps * BytesPerStep && all - steps <= steps)))
            {
                size.Free();
                return Small(p, iodata, kind, size.Failed, size.Bits, all - steps);
            }
        }
        return Large(p, iodata, kind, ref size);
    }

    private static Term Small(Process* p, Term iodata, int kind, bool failed, ulong bits, long elements)
    {
        if (failed) return Process.Badarg(p);
        Process.Bump(p, elements / ElementsPerReduction);
        if (kind == ByteCount) return Term.Small((long)(bits >> 3));
        Term result = Binaries.NewBits(p, bits, out byte* to);
        if (result.IsNone) return result;
        IoData.Copy(iodata, to, (long)(bits >> 3));
        Process.Bump(p, (long)(bits >> 3) / BytesPerReduction);
        return result;
    }

    private static Term Large(Process* p, Term iodata, int kind, ref IoDataSize size)
    {
        State s = default;
        s.Kind = kind;
        s.Size = size;
        return Go(p, iodata, &s);
    }

    private static Term Go(Process* p, Term iodata, State* s)
    {
        // A step is an element; copied bytes count too.
        long steps = Slices.Steps(p, ElementsPerReduction), all = steps;
        if (!s->Copying)
        {
            s->Size.Go(ref steps);
            if (!s->Size.Done) return Pause(p, s);
            Process.Bump(p, (all - steps) / ElementsPerReduction);
            s->Size.Free();
            if (s->Size.Failed) return End(p, Process.Badarg(p));
            ulong bits = s->Size.Bits;
            if (s->Kind == ByteCount) return End(p, Term.Small((long)(bits >> 3)));
            s->Result = Binaries.NewBits(p, bits, out byte* to);
            if (s->Result.IsNone) return End(p, Term.None);
            s->To = to;
            return Copy(p, iodata, s, steps);
        }
        return CopyOn(p, s, steps);
    }

    private static Term Copy(Process* p, Term iodata, State* s, long steps)
    {
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        s->Walk = new IoData(iodata, inline, s->Kind == Bits);
        s->Walk.MaxPiece = Slices.Steps(p, ElementsPerReduction) * BytesPerStep;
        s->Copying = true;
        if (p->Work != null) s->Walk.Detach();
        return CopyOn(p, s, steps);
    }

    private static Term CopyOn(Process* p, State* s, long steps)
    {
        byte* scratch = stackalloc byte[Scratch];
        long all = steps;
        while (s->Walk.Next(scratch, Scratch, out byte* data, out ulong n))
        {
            Join(data, n, s->To, s->Done);
            s->Done += n;
            // Bytes of lists came one by one.
            steps -= data == scratch ? (long)(n >> 3) + 1 : ((long)(n >> 3) / BytesPerStep) + 1;
            if (steps <= 0) return Pause(p, s);
        }
        s->Walk.Free();
        if (all > steps) Process.Bump(p, (all - steps) / ElementsPerReduction);
        return End(p, s->Result);
    }

    private static Term Pause(Process* p, State* s)
    {
        if (p->Work != null) return Slices.Pause(p);
        if (s->Copying) s->Walk.Detach();
        else s->Size.Detach();
        return Slices.Keep(p, ref *s, &Abandon);
    }

    private static Term End(Process* p, Term result)
    {
        if (p->Work != null) Slices.End(p);
        return result;
    }

    private static void Abandon(NativeWork* work)
    {
        State* s = (State*)work;
        if (s->Copying) s->Walk.Free();
        else s->Size.Free();
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
