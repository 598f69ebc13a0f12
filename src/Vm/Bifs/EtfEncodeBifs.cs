// term_to_binary, term_to_iovec, external_size.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>The functions of the module erlang that write the external term format.</summary>
internal static unsafe class EtfEncodeBifs
{
    [Bif("erlang:term_to_binary/1")]
    public static Term TermToBinary1(Process* p, Term* a) => Encode(p, a, EtfOptions.Default(p->Machine), Binary);

    [Bif("erlang:term_to_binary/2")]
    public static Term TermToBinary2(Process* p, Term* a) => Parse(p, a, Binary);

    [Bif("erlang:term_to_iovec/1")]
    public static Term TermToIovec1(Process* p, Term* a) => Encode(p, a, EtfOptions.Default(p->Machine), Iovec);

    [Bif("erlang:term_to_iovec/2")]
    public static Term TermToIovec2(Process* p, Term* a) => Parse(p, a, Iovec);

    [Bif("erlang:external_size/1")]
    public static Term ExternalSize1(Process* p, Term* a) => Encode(p, a, EtfOptions.Default(p->Machine), ByteCount);

    [Bif("erlang:external_size/2")]
    public static Term ExternalSize2(Process* p, Term* a) => Parse(p, a, ByteCount);

    private static Term Encode(Process* p, Term* a, EtfOptions options, int kind) =>
        p->Work != null ? Again(p) : Start(p, a[0], options, kind);

    private static Term Parse(Process* p, Term* a, int kind)
    {
        if (p->Work != null) return Again(p);
        return Parse(p, a[1], out EtfOptions options) ? Start(p, a[0], options, kind) : Process.Badarg(p);
    }

    private static Term Again(Process* p)
    {
        State* s = (State*)p->Work;
        s->Encoder.Steps = Slices.Steps(p, TermsPerReduction);
        return Continue(p, s);
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

    // What a call gives.
    private const int Binary = 0, Iovec = 1, ByteCount = 2;

    // A compressed form may be shorter by so many bytes at least, or it is not worth it: what stands before the data, less the version byte.
    private const int CompressedHead = 6;

    // Terms encoded that are worth a reduction (OTP: TERM_TO_BINARY_LOOP_FACTOR), and bytes compressed.
    private const long TermsPerReduction = 16, PackedPerReduction = 4;

    private struct State
    {
        public NativeWork Work;
        public EtfEncoder Encoder;
        public int Kind, Level;
        /// <summary>Compression, once encoding is done: the stream, and where its output goes.</summary>
        public ZlibState* Stream;
        public byte* Packed;
        public nuint Room, Taken, Written;
    }

    [System.Runtime.CompilerServices.SkipLocalsInit]
    private static Term Start(Process* p, Term t, EtfOptions options, int kind)
    {
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        State s = default;
        s.Kind = kind;
        s.Level = options.Level;
        s.Encoder = new EtfEncoder(options, kind == ByteCount || (kind == Iovec && options.Level == 0), inline);
        s.Encoder.Steps = Slices.Steps(p, TermsPerReduction);
        s.Encoder.Out.Byte(EtfTag.Version);
        s.Encoder.Start(t);
        return Continue(p, &s);
    }

    private static Term Continue(Process* p, State* s)
    {
        if (s->Stream == null)
        {
            long most = s->Encoder.Steps;
            if (!s->Encoder.Go()) return Pause(p, s);
            Process.Bump(p, (most - s->Encoder.Steps) / TermsPerReduction);
            if (!s->Encoder.Finish()) return End(p, s, Process.SystemLimit(p));
            if (s->Level != 0 && s->Kind != ByteCount && Packing(p, s)) return Pause(p, s);
        }
        else if (!Pack(p, s))
        {
            return Slices.Pause(p);
        }
        return End(p, s, Result(p, s));
    }

    private static Term Pause(Process* p, State* s)
    {
        if (p->Work != null) return Slices.Pause(p);
        s->Encoder.Detach();
        return Slices.Keep(p, ref *s, &Abandon);
    }

    private static Term End(Process* p, State* s, Term result)
    {
        Abandon(&s->Work);
        if (p->Work != null) Slices.End(p);
        return result;
    }

    private static void Abandon(NativeWork* work)
    {
        State* s = (State*)work;
        s->Encoder.Abandon();
        s->Encoder.Out.Free();
        s->Encoder.Pieces.Free(Owner.Temporary);
        if (s->Packed != null) Allocator.Free(s->Packed, s->Room + CompressedHead, Owner.Temporary);
        if (s->Stream == null) return;
        _ = Zlib.DeflateEnd(s->Stream);
        Allocator.Free(s->Stream, (nuint)sizeof(ZlibState), Owner.Temporary);
    }

    private static Term Result(Process* p, State* s)
    {
        long plain = s->Encoder.Out.Count;
        switch (s->Kind)
        {
            case ByteCount:
                return Process.Integer(p, plain + s->Encoder.PieceBytes);
            case Binary:
                return Whole(p, s);
            default:
            {
                Term all = Whole(p, s);
                return all.IsNone ? all : s->Level != 0 ? Process.Cons(p, all, Term.Nil) : Assemble(p, all, plain, ref s->Encoder.Pieces);
            }
        }
    }

    private static Term Whole(Process* p, State* s)
    {
        long plain = s->Encoder.Out.Count - 1;
        if (s->Written == 0) return s->Encoder.Out.ToBinary(p);
        s->Packed[0] = EtfTag.Version;
        s->Packed[1] = EtfTag.Compressed;
        EtfBytes.Put32(s->Packed + 2, (uint)plain);
        return Binaries.FromBytes(p, s->Packed, (long)s->Written + CompressedHead);
    }

    // -- compression --

    // Compresses what is written, or for much data prepares that: true, then Pack does it. Written stays 0 when that would be no shorter.
    private static bool Packing(Process* p, State* s)
    {
        long plain = s->Encoder.Out.Count - 1;
        if (plain < 5) return false;
        s->Room = (nuint)(plain - 5);
        s->Packed = (byte*)Allocator.Alloc(s->Room + CompressedHead, Owner.Temporary);
        if (s->Packed == null) return false;
        if (plain <= Slices.Steps(p, PackedPerReduction))
        {
            if (Zlib.Deflate(s->Encoder.Out.Start + 1, (nuint)plain, s->Packed + CompressedHead, s->Room, s->Level, ZlibFormat.Zlib, out s->Written) != ZlibResult.StreamEnd) s->Written = 0;
            return false;
        }
        // zlib remembers where its stream is: it must not move.
        s->Stream = (ZlibState*)Allocator.AllocZeroed((nuint)sizeof(ZlibState), Owner.Temporary);
        if (s->Stream == null) return false;
        if (Zlib.DeflateInit(s->Stream, s->Level, (int)ZlibFormat.Zlib, Zlib.DefaultMemoryLevel, Zlib.DefaultStrategy) == ZlibResult.Ok) return true;
        Allocator.Free(s->Stream, (nuint)sizeof(ZlibState), Owner.Temporary);
        s->Stream = null;
        return false;
    }

    // One slice. True at the end.
    private static bool Pack(Process* p, State* s)
    {
        nuint plain = (nuint)s->Encoder.Out.Count - 1;
        uint now = (uint)Math.Min(plain - s->Taken, (nuint)Slices.Steps(p, PackedPerReduction));
        nuint left = s->Room - s->Written;
        uint room = (uint)Math.Min(left, 1u << 30);
        ZlibState* stream = s->Stream;
        stream->NextIn = s->Encoder.Out.Start + 1 + s->Taken;
        stream->AvailableIn = now;
        stream->NextOut = s->Packed + CompressedHead + s->Written;
        stream->AvailableOut = room;
        ZlibResult result = Zlib.DeflateStep(stream, s->Taken + now == plain ? ZlibFlush.Finish : ZlibFlush.None);
        s->Taken += now - stream->AvailableIn;
        s->Written += room - stream->AvailableOut;
        if (result == ZlibResult.StreamEnd) return true;
        if (result == ZlibResult.Ok && s->Written < s->Room) return false;
        s->Written = 0;
        return true;
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
}
