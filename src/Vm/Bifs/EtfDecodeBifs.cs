// binary_to_term. A term of few bytes is decoded at one go; otherwise everything is done in slices: unpacking, measuring, building.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>The functions of the module erlang that read the external term format.</summary>
internal static unsafe class EtfDecodeBifs
{
    // Bytes that are worth a reduction; parts of a term (OTP: B2T_BYTES_PER_REDUCTION is 128, for other steps); unpacked bytes.
    private const long BytesPerReduction = 64, TermsPerReduction = 16, UnpackedPerReduction = 64;

    private const nuint FirstRoom = 1 << 20;

    private const int Unpacking = 0, Measuring = 1, Building = 2;

    private struct State
    {
        public NativeWork Work;
        public int Phase;
        public bool Used;
        public bool Safe;
        /// <summary>The bytes after the version byte and, when they had to be copied, the block.</summary>
        public byte* Data, Copy;
        public nuint Bytes, CopyBytes;
        /// <summary>A compressed term: the stream, the bytes taken of it, the unpacked bytes, the room for them, and how many there shall be.</summary>
        public ZlibState* Stream;
        public byte* Unpacked;
        public nuint Taken, Written, Room, Claimed;
        public EtfMeasure Measure;
        public EtfBuilder Builder;
        public ulong* RoomEnd;
        public Term Result;
    }

    [Bif("erlang:binary_to_term/1")]
    public static Term BinaryToTerm1(Process* p, Term* a) => p->Work != null ? Continue(p, (State*)p->Work) : FromBinary(p, a[0], EtfDecoding.None, false);

    [Bif("erlang:binary_to_term/2")]
    public static Term BinaryToTerm2(Process* p, Term* a)
    {
        if (p->Work != null) return Continue(p, (State*)p->Work);
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

    private static Term FromBinary(Process* p, Term binary, EtfDecoding flags, bool used)
    {
        if (!Binaries.Aligned(binary, out byte* data, out long bytes, out byte* copy)) return Process.Badarg(p);
        bool packed = bytes >= 6 && data[0] == EtfTag.Version && data[1] == EtfTag.Compressed;
        long most = Slices.Steps(p, TermsPerReduction);
        // A term has no more parts than bytes.
        if (bytes > most || (packed && EtfBytes.U32(data + 2) > most)) return Begin(p, data, bytes, copy, packed, flags, used);
        Term result = EtfDecoder.DecodeVersioned(&p->Heap, p->Machine, data, (nuint)bytes, flags, EtfOptions.HashOf(p->Machine), out nuint taken);
        Allocator.Free(copy, (nuint)bytes, Owner.Temporary);
        Process.Bump(p, 1 + ((long)taken / BytesPerReduction));
        if (result.IsNone) return Process.Badarg(p);
        return used ? Process.Tuple(p, result, Process.Integer(p, (long)taken)) : result;
    }

    private static Term Begin(Process* p, byte* data, long bytes, byte* copy, bool packed, EtfDecoding flags, bool used)
    {
        bool good = data[0] == EtfTag.Version;
        State* s = good ? Slices.Begin<State>(p, &Abandon) : null;
        if (s == null)
        {
            Allocator.Free(copy, (nuint)bytes, Owner.Temporary);
            return good ? Term.None : Process.Badarg(p);
        }
        s->Data = data + 1;
        s->Bytes = (nuint)bytes - 1;
        s->Copy = copy;
        s->CopyBytes = (nuint)bytes;
        s->Used = used;
        s->Safe = (flags & EtfDecoding.Safe) != 0;
        if (!packed)
        {
            Measure(p, s, s->Data, s->Bytes);
            return Continue(p, s);
        }
        s->Claimed = EtfBytes.U32(s->Data + 1);
        s->Stream = (ZlibState*)Allocator.AllocZeroed((nuint)sizeof(ZlibState), Owner.Temporary);
        if (s->Stream == null || Zlib.InflateInit(s->Stream, (int)ZlibFormat.Zlib) != ZlibResult.Ok) return End(p, s, Process.SystemLimit(p));
        return Continue(p, s);
    }

    private static Term Continue(Process* p, State* s)
    {
        if (s->Phase == Unpacking)
        {
            int result = Unpack(p, s);
            if (result < 0) return End(p, s, Process.Badarg(p));
            if (result == 0) return Slices.Pause(p);
            Measure(p, s, s->Unpacked, s->Written);
        }
        long steps = Slices.Steps(p, TermsPerReduction), all = steps;
        if (s->Phase == Measuring)
        {
            if (!s->Measure.Go(ref steps)) return End(p, s, Process.Badarg(p));
            if (!s->Measure.Done) return Slices.Pause(p);
            if (!Build(p, s)) return End(p, s, Process.SystemLimit(p));
        }
        s->Builder.Steps = steps;
        s->Builder.OffHeap = p->Heap.OffHeap;
        bool good = s->Builder.Go();
        p->Heap.OffHeap = s->Builder.OffHeap;
        p->Heap.BinaryBytes += s->Builder.BinaryBytes;
        s->Builder.BinaryBytes = 0;
        if (good && !s->Builder.Done) return Slices.Pause(p);
        Process.Bump(p, (all - s->Builder.Steps) / TermsPerReduction);
        s->Builder.Free();
        Heap.Release(&p->Heap, s->Builder.Top, s->RoomEnd);
        s->RoomEnd = null;
        if (!good) return End(p, s, Process.Badarg(p));
        long taken = 1 + (long)(s->Stream != null ? s->Taken + 5 : (nuint)(s->Measure.After - s->Data));
        return End(p, s, s->Used ? Process.Tuple(p, s->Result, Process.Integer(p, taken)) : s->Result);
    }

    private static void Measure(Process* p, State* s, byte* data, nuint bytes)
    {
        s->Measure = new EtfMeasure(data, data + bytes, EtfOptions.HashOf(p->Machine));
        s->Measure.Start();
        s->Phase = Measuring;
    }

    private static bool Build(Process* p, State* s)
    {
        ulong* top = Heap.Alloc(&p->Heap, s->Measure.Words);
        if (top == null) return false;
        s->RoomEnd = top + s->Measure.Words;
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        s->Builder = new EtfBuilder(&p->Heap, p->Machine, s->Unpacked != null ? s->Unpacked : s->Data, top, s->Safe, inline);
        s->Builder.Detach();
        s->Builder.Start(&s->Result);
        s->Phase = Building;
        return true;
    }

    // 1: all is unpacked; 0: the slice is over; -1: the data is damaged, or does not give as many bytes as it says. Memory is taken as output comes.
    private static int Unpack(Process* p, State* s)
    {
        if (s->Written == s->Room)
        {
            nuint fresh = s->Room == 0 ? FirstRoom : s->Room * 2;
            if (fresh > s->Claimed + 1) fresh = s->Claimed + 1;
            if (fresh == s->Room) return -1;
            byte* larger = (byte*)Allocator.Realloc(s->Unpacked, s->Room, fresh, Owner.Temporary);
            if (larger == null) return -1;
            s->Unpacked = larger;
            s->Room = fresh;
        }
        nuint left = s->Bytes - 5 - s->Taken;
        uint input = left > uint.MaxValue ? uint.MaxValue : (uint)left;
        uint room = (uint)Math.Min(s->Room - s->Written, (nuint)Slices.Steps(p, UnpackedPerReduction));
        s->Stream->NextIn = s->Data + 5 + s->Taken;
        s->Stream->AvailableIn = input;
        s->Stream->NextOut = s->Unpacked + s->Written;
        s->Stream->AvailableOut = room;
        ZlibResult result = Zlib.InflateStep(s->Stream, ZlibFlush.None);
        s->Taken += input - s->Stream->AvailableIn;
        s->Written += room - s->Stream->AvailableOut;
        if (result == ZlibResult.StreamEnd) return s->Written == s->Claimed ? 1 : -1;
        return result == ZlibResult.Ok && s->Written <= s->Claimed ? 0 : -1;
    }

    private static Term End(Process* p, State* s, Term result)
    {
        Abandon(&s->Work);
        Slices.End(p);
        return result;
    }

    private static void Abandon(NativeWork* work)
    {
        State* s = (State*)work;
        if (s->RoomEnd != null) s->Builder.Free();
        if (s->Stream != null)
        {
            _ = Zlib.InflateEnd(s->Stream);
            Allocator.Free(s->Stream, (nuint)sizeof(ZlibState), Owner.Temporary);
        }
        Allocator.Free(s->Unpacked, s->Room, Owner.Temporary);
        Allocator.Free(s->Copy, s->CopyBytes, Owner.Temporary);
    }
}
