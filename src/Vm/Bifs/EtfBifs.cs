// term_to_binary, binary_to_term and their kin.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>The functions of the module erlang about the external term format.</summary>
internal static unsafe class EtfBifs
{
    // Encoded bytes that are worth a reduction.
    private const long BytesPerReduction = 64;

    [Bif("erlang:term_to_binary/1")]
    public static Term TermToBinary1(Process* p, Term* a) => ToBinary(p, a[0], EtfOptions.Default(p->Machine));

    [Bif("erlang:term_to_binary/2")]
    public static Term TermToBinary2(Process* p, Term* a) => Parse(p, a[1], out EtfOptions options) ? ToBinary(p, a[0], options) : Process.Badarg(p);

    [Bif("erlang:term_to_iovec/1")]
    public static Term TermToIovec1(Process* p, Term* a) => ToIovec(p, a[0], EtfOptions.Default(p->Machine));

    [Bif("erlang:term_to_iovec/2")]
    public static Term TermToIovec2(Process* p, Term* a) => Parse(p, a[1], out EtfOptions options) ? ToIovec(p, a[0], options) : Process.Badarg(p);

    [Bif("erlang:external_size/1")]
    public static Term ExternalSize1(Process* p, Term* a) => Size(p, a[0], EtfOptions.Default(p->Machine));

    [Bif("erlang:external_size/2")]
    public static Term ExternalSize2(Process* p, Term* a) => Parse(p, a[1], out EtfOptions options) ? Size(p, a[0], options) : Process.Badarg(p);

    [Bif("erlang:binary_to_term/1")]
    public static Term BinaryToTerm1(Process* p, Term* a) => FromBinary(p, a[0], EtfDecoding.None, false);

    [Bif("erlang:binary_to_term/2")]
    public static Term BinaryToTerm2(Process* p, Term* a)
    {
        EtfDecoding flags = EtfDecoding.None;
        bool used = false;
        Term options = a[1];
        for (; options.IsCons; options = options.Tail)
        {
            if (options.Head == Am.Safe) flags |= EtfDecoding.Safe;
            else if (options.Head == Am.Used) used = true;
            else return Process.Badarg(p, Am.Badopt);
        }
        return options.IsNil ? FromBinary(p, a[0], flags, used) : Process.Badarg(p, Am.Badopt);
    }

    // The options in order; the last of a kind counts. False: badarg.
    private static bool Parse(Process* p, Term list, out EtfOptions options)
    {
        options = EtfOptions.Default(p->Machine);
        for (; list.IsCons; list = list.Tail)
        {
            Term o = list.Head;
            if (o == Am.Compressed) options.Level = -1;
            else if (o == Am.Deterministic) options.Deterministic = true;
            else if (o == Am.Local) options.Local = true;
            else if (!o.IsTupleOf(2) || !Pair(o.TupleElements[0], o.TupleElements[1], ref options)) return false;
        }
        return list.IsNil && !(options.Deterministic && options.Local);
    }

    private static bool Pair(Term name, Term value, ref EtfOptions options)
    {
        if (!value.IsSmall) return false;
        long v = value.SmallValue;
        if (name == Am.MinorVersion && v >= 0 && v <= 2) options.MinorVersion = (int)v;
        else if (name == Am.Compressed && v >= 0 && v <= 9) options.Level = (int)v;
        else return false;
        return true;
    }

    private static Term ToBinary(Process* p, Term t, EtfOptions options)
    {
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        EtfEncoder encoder = new(options, false, inline);
        encoder.Out.Byte(EtfTag.Version);
        if (!encoder.Run(t))
        {
            encoder.Out.Free();
            return Process.SystemLimit(p);
        }
        Process.Bump(p, 1 + (encoder.Out.Count / BytesPerReduction));
        if (options.Level == 0) return encoder.Out.ToBinary(p);
        Term packed = Compress(p, ref encoder.Out, options.Level);
        return packed.IsNone ? encoder.Out.ToBinary(p) : packed;
    }

    // The compressed form of what is written, whose block is then freed; None when that would be no shorter.
    private static Term Compress(Process* p, ref EtfWriter written, int level)
    {
        const int Head = 6;
        long plain = written.Count - 1;
        if (plain < 5) return Term.None;
        nuint room = (nuint)(plain - 5);
        byte* packed = (byte*)Allocator.Alloc(room + Head, Owner.Temporary);
        if (packed == null) return Term.None;
        Term made = Term.None;
        if (Zlib.Deflate(written.Start + 1, (nuint)plain, packed + Head, room, level, ZlibFormat.Zlib, out nuint bytes) == ZlibResult.StreamEnd)
        {
            packed[0] = EtfTag.Version;
            packed[1] = EtfTag.Compressed;
            EtfBytes.Put32(packed + 2, (uint)plain);
            made = Binaries.FromBytes(p, packed, (long)bytes + Head);
        }
        Allocator.Free(packed, room + Head, Owner.Temporary);
        if (!made.IsNone) written.Free();
        return made;
    }

    private static Term ToIovec(Process* p, Term t, EtfOptions options)
    {
        if (options.Level != 0)
        {
            Term whole = ToBinary(p, t, options);
            return whole.IsNone ? whole : Process.Cons(p, whole, Term.Nil);
        }
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        EtfEncoder encoder = new(options, true, inline);
        encoder.Out.Byte(EtfTag.Version);
        Term result = Term.None;
        if (encoder.Run(t))
        {
            Process.Bump(p, 1 + (encoder.Out.Count / BytesPerReduction));
            long end = encoder.Out.Count;
            Term all = encoder.Out.ToBinary(p);
            if (!all.IsNone) result = Assemble(p, all, end, ref encoder.Pieces);
        }
        else
        {
            encoder.Out.Free();
            Process.SystemLimit(p);
        }
        encoder.Pieces.Free(Owner.Temporary);
        return result;
    }

    // From the back: the bytes between the pieces as windows of one binary, and the pieces.
    private static Term Assemble(Process* p, Term all, long end, ref NativeList<EtfPiece> pieces)
    {
        if (pieces.Count == 0) return Process.Cons(p, all, Term.Nil);
        Term list = Term.Nil;
        for (int i = pieces.Count - 1; i >= 0; i--)
        {
            EtfPiece piece = pieces[i];
            if (!Window(p, all, piece.Offset, end, ref list)) return Term.None;
            list = Process.Cons(p, piece.Binary, list);
            end = piece.Offset;
        }
        return Window(p, all, 0, end, ref list) ? list : Term.None;
    }

    private static bool Window(Process* p, Term all, long from, long to, ref Term list)
    {
        if (from == to) return true;
        Term part = Binaries.Sub(p, all, (ulong)from * 8, (ulong)(to - from) * 8);
        if (part.IsNone) return false;
        list = Process.Cons(p, part, list);
        return true;
    }

    private static Term Size(Process* p, Term t, EtfOptions options)
    {
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        EtfEncoder encoder = new(options, true, inline);
        encoder.Out.Byte(EtfTag.Version);
        bool good = encoder.Run(t);
        long size = encoder.Out.Count + encoder.PieceBytes;
        encoder.Out.Free();
        encoder.Pieces.Free(Owner.Temporary);
        Process.Bump(p, 1 + (size / BytesPerReduction));
        return good ? Process.Integer(p, size) : Process.SystemLimit(p);
    }

    private static Term FromBinary(Process* p, Term binary, EtfDecoding flags, bool used)
    {
        if (!Binaries.Aligned(binary, out byte* data, out long bytes, out byte* copy)) return Process.Badarg(p);
        Term result = EtfDecoder.DecodeVersioned(&p->Heap, p->Machine, data, (nuint)bytes, flags, EtfOptions.HashOf(p->Machine), out nuint taken);
        Allocator.Free(copy, (nuint)bytes, Owner.Temporary);
        Process.Bump(p, 1 + ((long)taken / BytesPerReduction));
        if (result.IsNone) return Process.Badarg(p);
        return used ? Process.Tuple(p, result, Process.Integer(p, (long)taken)) : result;
    }
}
