// Emission of bit syntax construction: bs_create_bin, and the instructions of older compilers. What is emitted is told at the head of
// Interpreter/OpsBitsBuild.cs.
namespace MyBeam.Vm;

using MyBeam.Memory;

public static unsafe partial class RuleHooks
{
    private const int SegmentArgs = 6;

    /// <summary>One segment of bs_create_bin: type, number, unit, flags, value, size.</summary>
    private struct Segment
    {
        public Term Type;
        public GenericArg* Value, Size;
        public long Unit;
        public long Flags;

        /// <summary>Bits when they are known at load time, else -1.</summary>
        public long Bits;

        /// <summary>Number and type, for error_info.</summary>
        public long Info;
    }

    private static Segment SegmentAt(Emitter* e, GenericArg* c)
    {
        Segment s = default;
        s.Type = c->Term;
        s.Unit = c[2].Value;
        s.Flags = FlagsOf(e, c + 3);
        s.Value = c + 4;
        s.Size = c + 5;
        s.Bits = -1;
        if (s.Type == Am.String) s.Bits = s.Size->Value * 8;
        else if (s.Type == Am.Utf32) s.Bits = 32;
        else if ((s.Type == Am.Integer || s.Type == Am.Float || s.Type == Am.Binary) && s.Size->Kind == ArgKind.I && s.Size->Value >= 0 && s.Size->Value >> 40 == 0)
            s.Bits = s.Size->Value * s.Unit;
        Term shown = s.Type == Am.Append || s.Type == Am.PrivateAppend ? Am.Binary : s.Type;
        s.Info = (c[1].Value & 0xFFFF) | (long)(shown.Bits << 16);
        return s;
    }

    // bs_create_bin Fail Heap Live Unit Target Segments
    public static void BsCreateBin(Emitter* e, int i)
    {
        GenericArg* a = e->ArgAt(i, 0);
        GenericArg fail = a[0], target = a[4];
        GenericArg* first = a + 6, end = first + a[5].Value;
        bool fixedSize = true, read = false;
        long total = 0;
        for (GenericArg* c = first; c < end; c += SegmentArgs)
        {
            Segment s = SegmentAt(e, c);
            bool append = c == first && (s.Type == Am.Append || s.Type == Am.PrivateAppend);
            if (!append) read |= e->Same(s.Value, &target) || e->Same(s.Size, &target);
            if (append) continue;
            if (s.Bits < 0) fixedSize = false;
            else total += s.Bits;
            if (total >> 48 != 0)
            {
                e->Problem(Specific.BsNew);
                return;
            }
        }
        bool direct = target.Kind == ArgKind.X && fail.Value == 0 && !read;
        GenericArg place = Arg.Unsigned(Emitter.XOffset(direct ? target.Value : ScratchResult));
        Segment start = first < end ? SegmentAt(e, first) : default;
        bool appends = first < end && (start.Type == Am.Append || start.Type == Am.PrivateAppend);
        if (!appends || !FusedAppend(e, a, &start, first + SegmentArgs, end, &place))
        {
            EmitSizes(e, appends ? first + SegmentArgs : first, end, &fail, !fixedSize || appends || total > HeapBits.MaxBytes * 8, total);
            int align = 0;
            if (appends)
            {
                PutAppend(e, a, &start, &place);
                e->Emit(start.Type == Am.Append ? Specific.BsAppend : Specific.BsPrivateAppend, 5);
                align = start.Unit % 8 == 0 && start.Type == Am.Append ? 0 : -1;
                first += SegmentArgs;
            }
            else if (fixedSize && total <= HeapBits.MaxBytes * 8)
            {
                e->Put(0, place);
                e->Put(1, a[2]);
                e->Put(2, Arg.Unsigned(total));
                e->Put(3, a[1]);
                e->Emit(Specific.BsNew, 4);
            }
            else
            {
                e->Put(0, place);
                e->Put(1, a[2]);
                e->Put(2, fail);
                e->Put(3, Arg.Unsigned(start.Info));
                e->Put(4, a[1]);
                e->Emit(Specific.BsNewSized, 5);
            }
            EmitSegments(e, first, end, &fail, align);
        }
        if (direct) return;
        e->Put(0, Arg.X(ScratchResult));
        e->Put(1, target);
        e->Emit(Specific.Move, 2);
    }

    // Operands of the append instructions but the value: source, target, fail, info, room.
    private static void PutAppend(Emitter* e, GenericArg* a, Segment* s, GenericArg* place)
    {
        e->Put(0, *s->Value);
        e->Put(1, *place);
        e->Put(2, a[0]);
        e->Put(3, Arg.Unsigned(s->Info));
        e->Put(4, Arg.Unsigned(Room(a[1].Value, a[2].Value, s->Type == Am.Append ? s->Unit : 1)));
        if (a[1].Value >> 31 != 0) e->Problem(Specific.BsAppend);
    }

    /// <summary>Words, live registers and unit in one word (AppendExtra and so on in OpsBitsBuild.cs).</summary>
    private static long Room(long words, long live, long unit) => words | (live << 32) | (unit << 48);

    /// <summary>&lt;&lt;Bin/binary, Integer:Bits>>: one instruction.</summary>
    private static bool FusedAppend(Emitter* e, GenericArg* a, Segment* start, GenericArg* second, GenericArg* end, GenericArg* place)
    {
        if (second + SegmentArgs != end) return false;
        Segment s = SegmentAt(e, second);
        if (s.Type != Am.Integer || (s.Flags & BitsInteger.Little) != 0 || s.Bits is < 1 or > Bits.MaxFast) return false;
        if (s.Value->Kind is not (ArgKind.X or ArgKind.Y) || start->Value->Kind is not (ArgKind.X or ArgKind.Y)) return false;
        PutAppend(e, a, start, place);
        e->Put(6, Arg.Unsigned(Room(a[1].Value, a[2].Value, start->Type == Am.Append ? start->Unit : 1)));
        e->Put(2, *s.Value);
        e->Put(3, Arg.Unsigned(s.Bits));
        e->Put(4, a[0]);
        e->Put(5, Arg.Unsigned(start->Info));
        e->Put(7, Arg.Unsigned(s.Info));
        e->Emit(start->Type == Am.Append ? Specific.BsAppendInt : Specific.BsPrivateAppendInt, 8);
        return true;
    }

    /// <summary>What must be known before the bitstring is made: its size when that is wanted, and the checks that come with it.</summary>
    private static void EmitSizes(Emitter* e, GenericArg* c, GenericArg* end, GenericArg* fail, bool wanted, long total)
    {
        if (wanted)
        {
            e->Put(0, Arg.Unsigned(total));
            e->Emit(Specific.BsSizeStart, 1);
        }
        for (; c < end; c += SegmentArgs)
        {
            Segment s = SegmentAt(e, c);
            if (s.Type == Am.Utf32) EmitSize(e, Specific.BsCheckUtf32, s.Value, -1, fail, s.Info);
            if (s.Bits >= 0) continue;
            if (s.Type == Am.Utf8) EmitSize(e, Specific.BsSizeUtf8, s.Value, -1, fail, s.Info);
            else if (s.Type == Am.Utf16)
            {
                e->Put(0, *s.Value);
                e->Emit(Specific.BsSizeUtf16, 1);
            }
            else if (IsNamed(s.Size, Am.All)) EmitSize(e, Specific.BsSizeAll, s.Value, -1, fail, s.Info);
            else EmitSize(e, Specific.BsSizeField, s.Size, s.Unit, fail, s.Info);
        }
    }

    private static void EmitSize(Emitter* e, int family, GenericArg* source, long unit, GenericArg* fail, long info)
    {
        int n = 0;
        e->Put(n++, *source);
        if (unit >= 0) e->Put(n++, Arg.Unsigned(unit));
        e->Put(n++, *fail);
        e->Put(n++, Arg.Unsigned(info));
        e->Emit(family, n);
    }

    /// <summary>The segments. <paramref name="align"/>: BitsPos modulo 8, -1: not known.</summary>
    private static void EmitSegments(Emitter* e, GenericArg* c, GenericArg* end, GenericArg* fail, int align)
    {
        long offset = 0;
        for (; c < end; c += SegmentArgs)
        {
            if (offset > MaxOffset)
            {
                e->Put(0, Arg.Unsigned(offset));
                e->Emit(Specific.BsPutAdvance, 1);
                if (align >= 0) align = (int)((align + offset) & 7);
                offset = 0;
            }
            Segment s = SegmentAt(e, c);
            EmitSegment(e, &s, fail, offset, align >= 0 && ((align + offset) & 7) == 0);
            if (s.Bits >= 0)
            {
                offset += s.Bits;
                continue;
            }
            // It has set BitsPos to its end.
            bool bytes = s.Type == Am.Utf8 || s.Type == Am.Utf16 || s.Unit % 8 == 0;
            align = bytes && align >= 0 ? (int)((align + offset) & 7) : -1;
            offset = 0;
        }
    }

    private static void EmitSegment(Emitter* e, Segment* s, GenericArg* fail, long offset, bool aligned)
    {
        if (s->Type == Am.String)
        {
            e->Put(0, Arg.Unsigned(offset));
            e->Put(1, Arg.Unsigned(s->Size->Value));
            e->Emit(Specific.BsPutString, 2);
            EmitBytes(e, e->Code->Strings + s->Value->Value, s->Size->Value);
            return;
        }
        e->Put(0, *s->Value);
        e->Put(1, Arg.Unsigned(offset));
        if (s->Type == Am.Utf8 || s->Type == Am.Utf16) EmitPut(e, Specific.BsPutUtf, Arg.Unsigned(s->Flags), s->Type == Am.Utf8 ? 8 : 16, fail, s->Info, -1);
        else if (s->Type == Am.Utf32) EmitPut(e, Specific.BsPutIntAny, Arg.Unsigned(s->Flags), -1, fail, s->Info, 32);
        else if (s->Type == Am.Integer) EmitPutInteger(e, s, fail, aligned);
        else if (s->Type == Am.Float)
        {
            if (s->Bits >= 0) EmitPut(e, Specific.BsPutFloat, Arg.Unsigned(s->Flags), -1, fail, s->Info, s->Bits);
            else EmitPut(e, Specific.BsPutFloatField, *s->Size, s->Flags + (s->Unit << 5), fail, s->Info, -1);
        }
        else if (s->Bits >= 0)
        {
            e->Put(2, *fail);
            e->Put(3, Arg.Unsigned(s->Info));
            e->Put(4, Arg.Unsigned(s->Bits));
            e->Emit(Specific.BsPutBinary, 5);
        }
        else if (IsNamed(s->Size, Am.All)) EmitPut(e, Specific.BsPutAll, Arg.Unsigned(s->Unit), -1, fail, s->Info, -1);
        else EmitPut(e, Specific.BsPutBinaryField, *s->Size, s->Unit, fail, s->Info, -1);
    }

    private static void EmitPutInteger(Emitter* e, Segment* s, GenericArg* fail, bool aligned)
    {
        if (s->Bits < 0) EmitPut(e, Specific.BsPutIntField, *s->Size, s->Flags + (s->Unit << 5), fail, s->Info, -1);
        else if ((s->Flags & BitsInteger.Little) != 0 && s->Bits != 8) EmitPut(e, Specific.BsPutIntAny, Arg.Unsigned(s->Flags), -1, fail, s->Info, s->Bits);
        else if (aligned && s->Bits is > 0 and <= 64)
            EmitPut(e, s->Bits == 8 ? Specific.BsPutByte : Specific.BsPutIntAligned, Arg.Unsigned(s->Bits), -1, fail, s->Info, -1);
        else if (s->Bits is > 0 and <= Bits.MaxFast) EmitPut(e, Specific.BsPutInt, Arg.Unsigned(s->Bits), -1, fail, s->Info, -1);
        else EmitPut(e, Specific.BsPutIntAny, Arg.Unsigned(s->Flags), -1, fail, s->Info, s->Bits);
    }

    // Operands 0 and 1 are put; then: a third, a fourth (-1: none), fail, info, a word (-1: none).
    private static void EmitPut(Emitter* e, int family, GenericArg third, long fourth, GenericArg* fail, long info, long word)
    {
        int n = 2;
        e->Put(n++, third);
        if (fourth >= 0) e->Put(n++, Arg.Unsigned(fourth));
        e->Put(n++, *fail);
        e->Put(n++, Arg.Unsigned(info));
        if (word >= 0) e->Put(n++, Arg.Unsigned(word));
        e->Emit(family, n);
    }

    // -- compilers before OTP 25: no error_info (info 0), every segment finds its place in BitsPos --

    // bs_init2 Fail Bytes Heap Live Flags Target, bs_init_bits Fail Bits …
    public static void BsInit(Emitter* e, int i)
    {
        GenericArg* a = e->ArgAt(i, 0);
        long unit = e->OpAt(i) == GenericOps.BsInit2 ? 8 : 1;
        EmitTotal(e, a + 1, unit, a);
        bool direct = a[5].Kind == ArgKind.X;
        e->Put(0, Arg.Unsigned(Emitter.XOffset(direct ? a[5].Value : ScratchResult)));
        e->Put(1, a[3]);
        e->Put(2, a[0]);
        e->Put(3, Arg.Unsigned(0));
        e->Put(4, a[2]);
        e->Emit(Specific.BsNewSized, 5);
        if (!direct) EmitResult(e, a + 5);
    }

    private static void EmitResult(Emitter* e, GenericArg* target)
    {
        e->Put(0, Arg.X(ScratchResult));
        e->Put(1, *target);
        e->Emit(Specific.Move, 2);
    }

    // Sets BitsTotal from a number or a term.
    private static void EmitTotal(Emitter* e, GenericArg* size, long unit, GenericArg* fail)
    {
        bool known = size->Kind == ArgKind.U || (size->Kind == ArgKind.I && size->Value >= 0 && size->Value >> 40 == 0);
        e->Put(0, Arg.Unsigned(known ? size->Value * unit : 0));
        e->Emit(Specific.BsSizeStart, 1);
        if (!known) EmitSize(e, Specific.BsSizeField, size, unit, fail, 0);
    }

    // bs_append Fail Bits Heap Live Unit Binary Flags Target
    public static void BsAppend(Emitter* e, int i)
    {
        GenericArg* a = e->ArgAt(i, 0);
        EmitTotal(e, a + 1, 1, a);
        bool direct = a[7].Kind == ArgKind.X;
        e->Put(0, a[5]);
        e->Put(1, Arg.Unsigned(Emitter.XOffset(direct ? a[7].Value : ScratchResult)));
        e->Put(2, a[0]);
        e->Put(3, Arg.Unsigned(0));
        e->Put(4, Arg.Unsigned(Room(a[2].Value, a[3].Value, a[4].Value)));
        if (a[2].Value >> 31 != 0 || a[4].Value >> 15 != 0) e->Problem(Specific.BsAppend);
        e->Emit(Specific.BsAppend, 5);
        if (!direct) EmitResult(e, a + 7);
    }

    // bs_private_append Fail Bits Unit Binary Flags Target
    public static void BsPrivateAppend(Emitter* e, int i)
    {
        GenericArg* a = e->ArgAt(i, 0);
        EmitTotal(e, a + 1, 1, a);
        bool direct = a[5].Kind == ArgKind.X;
        e->Put(0, a[3]);
        e->Put(1, Arg.Unsigned(Emitter.XOffset(direct ? a[5].Value : ScratchResult)));
        e->Put(2, a[2]);
        e->Put(3, a[0]);
        e->Put(4, Arg.Unsigned(0));
        e->Emit(Specific.BsPrivateAppendOld, 5);
        if (!direct) EmitResult(e, a + 5);
    }

    // bs_put_integer, bs_put_binary, bs_put_float: Fail Size Unit Flags Source
    public static void BsPut(Emitter* e, int i)
    {
        GenericArg* a = e->ArgAt(i, 0);
        int op = e->OpAt(i);
        long flags = FlagsOf(e, a + 3);
        if (a[2].Value > 256) e->Problem(Specific.BsPutIntField);
        e->Put(0, a[4]);
        e->Put(1, Arg.Unsigned(0));
        if (op != GenericOps.BsPutBinary)
            EmitPut(e, op == GenericOps.BsPutInteger ? Specific.BsPutIntField : Specific.BsPutFloatField, a[1], flags + (a[2].Value << 5), a, 0, -1);
        else if (IsNamed(a + 1, Am.All)) EmitPut(e, Specific.BsPutAll, Arg.Unsigned(a[2].Value), -1, a, 0, -1);
        else EmitPut(e, Specific.BsPutBinaryField, a[1], a[2].Value, a, 0, -1);
    }

    // bs_put_string Bytes Offset
    public static void BsPutString(Emitter* e, int i)
    {
        GenericArg* a = e->ArgAt(i, 0);
        e->Put(0, Arg.Unsigned(0));
        e->Put(1, a[0]);
        e->Emit(Specific.BsPutString, 2);
        EmitBytes(e, e->Code->Strings + a[1].Value, a[0].Value);
        e->Put(0, Arg.Unsigned(a[0].Value * 8));
        e->Emit(Specific.BsPutAdvance, 1);
    }

    // bs_put_utf8, bs_put_utf16, bs_put_utf32: Fail Flags Source
    public static void BsPutUtf(Emitter* e, int i)
    {
        GenericArg* a = e->ArgAt(i, 0);
        int op = e->OpAt(i);
        e->Put(0, a[2]);
        e->Put(1, Arg.Unsigned(0));
        EmitPut(e, Specific.BsPutUtf, Arg.Unsigned(FlagsOf(e, a + 1)), op == GenericOps.BsPutUtf8 ? 8 : op == GenericOps.BsPutUtf16 ? 16 : 32, a, 0, -1);
    }

    // bs_add Fail A B Unit Target
    public static void BsAdd(Emitter* e, int i)
    {
        GenericArg* a = e->ArgAt(i, 0);
        bool direct = a[4].Kind == ArgKind.X;
        e->Put(0, a[1]);
        e->Put(1, a[2]);
        e->Put(2, direct ? a[4] : Arg.X(ScratchResult));
        e->Put(3, a[3]);
        e->Put(4, a[0]);
        e->Put(5, Arg.Unsigned(0));
        e->Emit(Specific.BsAdd, 6);
        if (!direct) EmitResult(e, a + 4);
    }
}
