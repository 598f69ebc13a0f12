// Bit syntax, construction. A bs_create_bin becomes: instructions that add up its size when that is not known at load time (BsSize…), one that makes the
// bitstring or extends one (BsNew…, BsAppend…), one for each segment (BsPut…). Context.BitsBase is the data, Context.BitsPos the bit from which the
// offsets in the segments count; only segments whose size is not known at load time move it. Nothing collects once the bitstring is made.
//
// Segments are written front to back and may overwrite up to 8 bytes behind them (Bits.Slack): on the heap that is the reserve which Fits keeps free, off
// the heap the capacity is larger by it.
//
// The result goes to the byte offset from C in the slot "target": the destination itself when no segment reads it and failing cannot show it, else a scratch
// register that a move empties at the end.
//
// fail: word offset of the label, 0: raise. info: number of the segment | its type (an atom's bits) shifted 16: what error_info shows.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;

public static unsafe partial class Ops
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref Term Target(ulong* I, Context* C, int slot) => ref *(Term*)((byte*)C + ((ushort*)I)[slot + 4]);

    // -- adding up the size --

    // I[1] bits known at load time
    public static long BsSizeStart(ulong* I, Term* E, Term* H, Context* C)
    {
        C->BitsTotal = I[1];
        return Next(I + 2, E, H, C);
    }

    // a whole bitstring: slot 0 source; I[2] fail, I[3] info
    public static long BsSizeAll<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 0);
        if (!t.IsBitstring) return BsFail(I, E, H, C, Am.Type, t);
        ulong* box = t.Box;
        C->BitsTotal += Header.Kind(*box) == Header.HeapBits ? box[1] : ((SubBits*)box)->End - ((SubBits*)box)->Start;
        return Next(I + 4, E, H, C);
    }

    // size in a register: slot 0 size, 1 unit; I[2] fail, I[3] info
    public static long BsSizeField<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 0);
        ulong bits = FieldBits(t, ((ushort*)I)[5]);
        if (bits == ulong.MaxValue) return BsSizeBad(I, E, H, C, t);
        C->BitsTotal += bits;
        return Next(I + 4, E, H, C);
    }

    // Negative, not an integer: badarg; too large: system_limit.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long BsSizeBad(ulong* I, Term* E, Term* H, Context* C, Term size)
    {
        bool negative = size.IsSmall ? size.SmallValue < 0 : !size.IsBig || size.BigNegative;
        return negative ? BsFail(I, E, H, C, Am.Size, size) : BsFailLimit(I, E, H, C, Am.Size, size);
    }

    // The order in which wrong code points are found is that of OTP 27's and 29's JIT: UTF-8 and UTF-32 here, UTF-16 when it is written.

    // a code point in UTF-8: slot 0 source; I[2] fail, I[3] info
    public static long BsSizeUtf8<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 0);
        if (!t.IsSmall || !BitsUtf.IsValid((ulong)t.SmallValue)) return BsFail(I, E, H, C, Am.Type, t);
        C->BitsTotal += (ulong)BitsUtf.Utf8Bits((ulong)t.SmallValue);
        return Next(I + 4, E, H, C);
    }

    // in UTF-16: slot 0 source
    public static long BsSizeUtf16<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 0);
        C->BitsTotal += (ulong)(t.IsSmall ? BitsUtf.Utf16Bits((ulong)t.SmallValue) : 32);
        return Next(I + 2, E, H, C);
    }

    // UTF-32, whose 32 bits are known, is checked here: slot 0 source; I[2] fail, I[3] info
    public static long BsCheckUtf32<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 0);
        if (t.IsSmall && BitsUtf.IsValid((ulong)t.SmallValue)) return Next(I + 4, E, H, C);
        return BsFail(I, E, H, C, Am.Type, t);
    }

    // -- making the bitstring --

    // up to 64 bytes, known at load time: slot 0 target, 1 live; I[2] bits, I[3] words wanted besides
    public static long BsNew(ulong* I, Term* E, Term* H, Context* C)
    {
        long words = HeapBits.Words(I[2]);
        if (!Fits(E, H, words + (long)I[3])) return RetryAfterGc(I, E, H, C, words + (long)I[3], ((ushort*)I)[5]);
        HeapBits* made = (HeapBits*)H;
        made->Header = Header.Make(Header.HeapBits, words - 1);
        made->SizeBits = I[2];
        C->BitsBase = made->Data;
        C->BitsPos = 0;
        Target(I, C, 0) = Term.Boxed(made);
        return Next(I + 4, E, H + words, C);
    }

    // BitsTotal bits: slot 0 target, 1 live; I[2] fail, I[3] info, I[4] words wanted besides
    public static long BsNewSized(ulong* I, Term* E, Term* H, Context* C)
    {
        ulong bits = C->BitsTotal;
        if (bits > HeapBits.MaxBytes * 8) return BsNewLarge(I, E, H, C);
        long words = HeapBits.Words(bits);
        if (!Fits(E, H, words + (long)I[4])) return RetryAfterGc(I, E, H, C, words + (long)I[4], ((ushort*)I)[5]);
        HeapBits* made = (HeapBits*)H;
        made->Header = Header.Make(Header.HeapBits, words - 1);
        made->SizeBits = bits;
        C->BitsBase = made->Data;
        C->BitsPos = 0;
        Target(I, C, 0) = Term.Boxed(made);
        return Next(I + 5, E, H + words, C);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long BsNewLarge(ulong* I, Term* E, Term* H, Context* C)
    {
        ulong bits = C->BitsTotal;
        long bytes = (long)((bits + 7) >> 3);
        if (BsNeedsCollection(E, H, C, Binaries.OffHeapWords + (long)I[4], bytes))
            return BsRetryBinary(I, E, H, C, Need(Binaries.OffHeapWords + (long)I[4], ((ushort*)I)[5]), Context.Xs(C));
        OffHeapBinary* b = BsCreate(bytes, bytes);
        if (b == null) return BsFailLimit(I, E, H, C, Am.Size, Term.Small((long)bits));
        C->BitsBase = OffHeapBinary.Data(b);
        C->BitsPos = 0;
        Target(I, C, 0) = BsWrap((ulong*)H, C->Process, b, bits, 0);
        C->Reductions -= (long)(bits >> 13);
        return Next(I + 5, E, H + Binaries.OffHeapWords, C);
    }

    // -- appending --
    //
    // Flags of an OffHeapBinary that can be appended to: the end of what is in use, in bits, plus 1; 0: not appendable. Who changes it from the end of his
    // own bitstring has claimed what follows; everybody else makes a copy. So it does not matter who else holds the binary, here or in another process.
    // Its data never moves: a full one is replaced by a copy of twice the size.
    //
    // Slots: 0 source, 1 target; I[2] fail, I[3] info, I[4]: words wanted besides | live shifted 32 | unit shifted 48.

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long AppendExtra(ulong* I) => (uint)I[4];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint AppendUnit(ulong* I) => ((ushort*)I)[19];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int AppendLive(ulong* I) => ((ushort*)I)[18];

    // BitsTotal bits
    public static long BsAppend<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 0);
        ulong add = C->BitsTotal;
        if (!BsCanExtend(t, add, AppendUnit(I)) || !Fits(E, H, SubBits.Words + AppendExtra(I)))
            return BsAppendSlow(I, E, H, C, TS.Address(I, E, C, 0), null);
        SubBits* s = (SubBits*)t.Box;
        C->BitsBase = s->Base;
        C->BitsPos = s->End;
        Target(I, C, 1) = BsExtend((SubBits*)H, s, add);
        return Next(I + 5, E, H + SubBits.Words, C);
    }

    // one integer of fixed size: slot 2 value, 3 its bits (1..57); I[5] its info
    public static long BsAppendInt<TS, TV>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, ITarget where TV : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 0), value = TV.Get(I, E, C, 2, 0);
        int bits = ((ushort*)I)[7];
        if (!value.IsSmall || !BsCanExtend(t, (ulong)bits, AppendUnit(I)) || !Fits(E, H, SubBits.Words + AppendExtra(I)))
            return BsAppendSlow(I, E, H, C, TS.Address(I, E, C, 0), TV.Address(I, E, C, 2));
        SubBits* s = (SubBits*)t.Box;
        Bits.WriteOver(s->Base, s->End, (ulong)value.SmallValue, bits);
        Target(I, C, 1) = BsExtend((SubBits*)H, s, (ulong)bits);
        return Next(I + 6, E, H + SubBits.Words, C);
    }

    // The compiler knows that nobody else sees the bitstring: its end moves in place. BitsTotal bits.
    public static long BsPrivateAppend<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 0);
        ulong add = C->BitsTotal;
        if (!Fits(E, H, AppendExtra(I)) || (!BsCanExtend(t, add, 1) && !BsMakeRoom(C->Process, t, add)))
            return BsAppendSlow(I, E, H, C, TS.Address(I, E, C, 0), null);
        SubBits* s = (SubBits*)t.Box;
        C->BitsBase = s->Base;
        C->BitsPos = s->End;
        BsExtend(s, s, add);
        Target(I, C, 1) = t;
        return Next(I + 5, E, H, C);
    }

    // one integer of fixed size: slot 2 value, 3 its bits (1..57); I[5] its info
    public static long BsPrivateAppendInt<TS, TV>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, ITarget where TV : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 0), value = TV.Get(I, E, C, 2, 0);
        int bits = ((ushort*)I)[7];
        if (!value.IsSmall || !Fits(E, H, AppendExtra(I)) || (!BsCanExtend(t, (ulong)bits, 1) && !BsMakeRoom(C->Process, t, (ulong)bits)))
            return BsPrivateAppendAny(I, E, H, C, TS.Address(I, E, C, 0), TV.Address(I, E, C, 2));
        SubBits* s = (SubBits*)t.Box;
        Bits.WriteOver(s->Base, s->End, (ulong)value.SmallValue, bits);
        BsExtend(s, s, (ulong)bits);
        Target(I, C, 1) = t;
        return Next(I + 6, E, H, C);
    }

    // The same for values that are not small and when there is no room.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long BsPrivateAppendAny(ulong* I, Term* E, Term* H, Context* C, Term* source, Term* value)
    {
        Term t = *source;
        ulong bits = ((ushort*)I)[7];
        if (!value->IsInteger || !Fits(E, H, AppendExtra(I)) || (!BsCanExtend(t, bits, 1) && !BsMakeRoom(C->Process, t, bits)))
            return BsAppendSlow(I, E, H, C, source, value);
        SubBits* s = (SubBits*)t.Box;
        BsStoreInteger(s->Base, s->End, bits, *value, 0);
        BsExtend(s, s, bits);
        Target(I, C, 1) = t;
        return Next(I + 6, E, H, C);
    }

    /// <summary>
    /// A larger binary in the place of a writable one, for the bitstring and whoever else has the term: compilers go on with the operand of private_append as
    /// well as with the result.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool BsMakeRoom(Process* p, Term t, ulong add)
    {
        if (!t.IsBoxed || t.BoxHeader != SubBitsHeader) return false;
        SubBits* s = (SubBits*)t.Box;
        return (s->BaseFlags & SubBits.FlagMask) == SubBits.Writable && (s->End + add) >> 58 == 0 && BsReplace(p, s, add);
    }

    /// <summary>Whether bits can be appended here and now: the end is the binary's, only this process has it, and there is capacity. Units up to 8.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool BsCanExtend(Term t, ulong add, uint unit)
    {
        if (!t.IsBoxed || t.BoxHeader != SubBitsHeader) return false;
        SubBits* s = (SubBits*)t.Box;
        if ((s->BaseFlags & SubBits.FlagMask) != SubBits.Writable) return false;
        OffHeapBinary* b = ((BinaryRef*)s->Orig.Box)->Binary;
        ulong end = s->End;
        return b->Flags == end + 1 && b->RefCount == 1 && (long)((end + add + 7) >> 3) + Bits.Slack <= b->Capacity
            && (unit == 8 ? (end & 7) == 0 : unit == 1);
    }

    /// <summary>Claims the end of the binary for a longer window, which is written to <paramref name="made"/> (it may be the old one).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Term BsExtend(SubBits* made, SubBits* s, ulong add)
    {
        ulong end = s->End + add;
        OffHeapBinary* b = ((BinaryRef*)s->Orig.Box)->Binary;
        b->Flags = end + 1;
        b->Size = (long)((end + 7) >> 3);
        made->Header = SubBitsHeader;
        made->BaseFlags = s->BaseFlags;
        made->Start = s->Start;
        made->End = end;
        made->Orig = s->Orig;
        return Term.Boxed(made);
    }

    /// <summary>Everything else that can be appended to. <paramref name="source"/>, <paramref name="value"/> (of an …Int, else null): registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long BsAppendSlow(ulong* I, Term* E, Term* H, Context* C, Term* source, Term* value)
    {
        Term t = *source;
        if (!t.IsBitstring) return BsFail(I, E, H, C, Am.Type, t);
        ulong length = BitSize(t), add = value == null ? C->BitsTotal : ((ushort*)I)[7], total = length + add;
        if (AppendUnit(I) > 1 && length % AppendUnit(I) != 0) return BsFail(I, E, H, C, Am.Unit, t);
        if (total >> 58 != 0) return BsFailLimit(I, E, H, C, Am.Size, t);
        // Twice the size when a new binary has to be made: the copies then add up to less than the result.
        long used = (long)((total + 7) >> 3), capacity = used * 2 < 256 ? 256 : used * 2, need = Binaries.OffHeapWords + AppendExtra(I);
        bool copy = add != 0 && !BsIsAtEnd(t, total);
        if (BsNeedsCollection(E, H, C, need, copy ? capacity : 0)) return BsRetryBinary(I, E, H, C, Need(need, AppendLive(I)), source);
        if (value != null && !value->IsInteger) return BsFailOther(I, E, H, C, Am.Type, *value);
        if (add == 0)
        {
            // The same bitstring; no segment that follows writes anything.
            C->BitsBase = null;
            C->BitsPos = 0;
            Target(I, C, 1) = t;
        }
        else if (BsClaim(t, total))
        {
            SubBits* s = (SubBits*)t.Box;
            C->BitsBase = s->Base;
            C->BitsPos = s->End;
            Target(I, C, 1) = BsWindow((SubBits*)H, s, total);
            H += SubBits.Words;
        }
        else
        {
            OffHeapBinary* b = BsCreate(capacity, used);
            if (b == null) return BsFailLimit(I, E, H, C, Am.Size, t);
            b->Flags = total + 1;
            C->BitsBase = OffHeapBinary.Data(b);
            C->BitsPos = length;
            BsCopyAll(t, C->BitsBase, 0);
            Target(I, C, 1) = BsWrap((ulong*)H, C->Process, b, total, SubBits.Writable);
            H += Binaries.OffHeapWords;
            C->Reductions -= (long)(length >> 13);
        }
        if (value == null) return Next(I + 5, E, H, C);
        BsStoreInteger(C->BitsBase, C->BitsPos, add, *value, 0);
        return Next(I + 6, E, H, C);
    }

    private static ulong BitSize(Term t)
    {
        ulong* box = t.Box;
        return Header.Kind(*box) == Header.HeapBits ? box[1] : ((SubBits*)box)->End - ((SubBits*)box)->Start;
    }

    private static Term BsWindow(SubBits* made, SubBits* s, ulong bits)
    {
        made->Header = SubBitsHeader;
        made->BaseFlags = s->BaseFlags;
        made->Start = s->Start;
        made->End = s->Start + bits;
        made->Orig = s->Orig;
        return Term.Boxed(made);
    }

    /// <summary>Whether a bitstring ends where its writable binary does and this one has room up to <paramref name="total"/> bits from its start.</summary>
    private static bool BsIsAtEnd(Term t, ulong total)
    {
        if (t.BoxHeader != SubBitsHeader) return false;
        SubBits* s = (SubBits*)t.Box;
        if ((s->BaseFlags & SubBits.FlagMask) != SubBits.Writable) return false;
        OffHeapBinary* b = ((BinaryRef*)s->Orig.Box)->Binary;
        return (long)((s->Start + total + 7) >> 3) + Bits.Slack <= b->Capacity && b->Flags == s->End + 1;
    }

    /// <summary>Claims what follows a bitstring. Another process that has the same binary may try it at the same time.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool BsClaim(Term t, ulong total)
    {
        if (!BsIsAtEnd(t, total)) return false;
        SubBits* s = (SubBits*)t.Box;
        OffHeapBinary* b = ((BinaryRef*)s->Orig.Box)->Binary;
        ulong end = s->Start + total;
        if (System.Threading.Interlocked.CompareExchange(ref *(long*)&b->Flags, (long)(end + 1), (long)(s->End + 1)) != (long)(s->End + 1)) return false;
        b->Size = (long)((end + 7) >> 3);
        return true;
    }

    /// <summary>Copies a whole bitstring to a bit position; returns its size in bits.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong BsCopyAll(Term t, byte* to, ulong at)
    {
        Bitstring.Open(t, out byte* data, out ulong offset, out ulong bits);
        Bits.Copy(data, offset, to, at, bits);
        return bits;
    }

    /// <summary>Whether to collect before a binary of <paramref name="bytes"/> bytes is made: too little room for its words, or too many bytes hang on the heap.</summary>
    private static bool BsNeedsCollection(Term* E, Term* H, Context* C, long words, long bytes)
    {
        Heap* heap = &C->Process->Heap;
        C->Scratch[3] = (ulong)bytes;
        return !Fits(E, H, words) || (bytes != 0 && heap->BinaryBytes + bytes > heap->BinaryLimit);
    }

    /// <summary>BsRetry after BsNeedsCollection: if the bytes that hang on the heap are all in use, the limit gives way, so that the retry succeeds.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long BsRetryBinary(ulong* I, Term* E, Term* H, Context* C, ulong need, Term* keep)
    {
        long bytes = (long)C->Scratch[3];
        if (!BsCollect(I, E, H, C, need, keep)) return OutOfMemory(I, E, H, C);
        Heap* heap = &C->Process->Heap;
        if (heap->BinaryBytes + bytes > heap->BinaryLimit) heap->BinaryLimit = heap->BinaryBytes + (bytes * 2);
        return PastBreakpoint(I, (Term*)heap->Stack, (Term*)heap->Top, C);
    }

    /// <summary>An off-heap binary with one claim and Slack bytes more than <paramref name="capacity"/>; null when memory is out or the size is absurd.</summary>
    private static OffHeapBinary* BsCreate(long capacity, long used)
    {
        if (capacity < 0 || capacity >> 46 != 0) return null;
        OffHeapBinary* b = OffHeap.Create(capacity + Bits.Slack);
        if (b != null) b->Size = used;
        return b;
    }

    // The terms for a binary at H (Binaries.OffHeapWords words).
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Term BsWrap(ulong* H, Process* p, OffHeapBinary* b, ulong bits, ulong flags)
    {
        Term made = Binaries.Wrap(ref H, ref p->Heap.OffHeap, b, 0, bits);
        ((SubBits*)made.Box)->BaseFlags |= flags;
        p->Heap.BinaryBytes += b->Capacity;
        return made;
    }

    // a writable binary with a capacity of x0 bytes (1024 when that is no size) into x0: what a comprehension starts from
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static long BsInitWritable(ulong* I, Term* E, Term* H, Context* C)
    {
        Term* x = Context.Xs(C);
        long bytes = x->IsSmall && x->SmallValue >= 0 ? x->SmallValue : 1024;
        if (bytes < 256) bytes = 256;
        if (BsNeedsCollection(E, H, C, Binaries.OffHeapWords, bytes)) return BsRetryBinary(I, E, H, C, Need(Binaries.OffHeapWords, 1), x);
        OffHeapBinary* b = BsCreate(bytes, 0);
        if (b == null) b = BsCreate(256, 0);
        if (b == null) return OutOfMemory(I, E, H, C);
        b->Flags = 1;
        *x = BsWrap((ulong*)H, C->Process, b, 0, SubBits.Writable);
        return Next(I + 1, E, H + Binaries.OffHeapWords, C);
    }

    // -- failing --

    /// <summary>badarg at a segment whose fail is I[2] and whose info is I[3].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long BsFail(ulong* I, Term* E, Term* H, Context* C, Term detail, Term value)
    {
        C->Scratch[5] = I[3];
        return BsRaise(I, E, H, C, detail, value);
    }

    /// <summary>badarg at the second segment of an instruction: its info is I[5].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long BsFailOther(ulong* I, Term* E, Term* H, Context* C, Term detail, Term value)
    {
        C->Scratch[5] = I[5];
        return BsRaise(I, E, H, C, detail, value);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long BsRaise(ulong* I, Term* E, Term* H, Context* C, Term detail, Term value)
    {
        if (I[2] != 0) return Next(I + (long)I[2], E, H, C);
        Save(C, I, E, H);
        Process.Badarg(C->Process);
        BsErrorInfo(C->Process, C->Scratch[5], detail, value);
        return Exceptions.Handle(I, E, (Term*)C->Process->Heap.Top, C);
    }

    /// <summary>system_limit at a segment whose fail is I[2] and whose info is I[3].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long BsFailLimit(ulong* I, Term* E, Term* H, Context* C, Term detail, Term value)
    {
        if (I[2] != 0) return Next(I + (long)I[2], E, H, C);
        Save(C, I, E, H);
        Process.SystemLimit(C->Process);
        BsErrorInfo(C->Process, I[3], detail, value);
        return Exceptions.Handle(I, E, (Term*)C->Process->Heap.Top, C);
    }

    /// <summary>The error_info of a failed construction: #{cause => {Segment, Type, Detail, Value}, function => format_bs_fail, module => erl_erts_errors}.</summary>
    private static void BsErrorInfo(Process* p, ulong info, Term detail, Term value)
    {
        // Instructions of old compilers know of no segments: no error_info, as in OTP then.
        if (info == 0) return;
        ulong* t = Process.Alloc(p, 5);
        if (t == null) return;
        t[0] = Header.Make(Header.Tuple, 4);
        t[1] = Term.Small((long)(info & 0xFFFF)).Bits;
        t[2] = info >> 16;
        t[3] = detail.Bits;
        t[4] = value.Bits;
        ulong* keys = Process.Alloc(p, 4);
        ulong* map = Process.Alloc(p, 6);
        if (keys == null || map == null) return;
        keys[0] = Header.Make(Header.Tuple, 3);
        map[0] = Header.Make(Header.FlatMap, 5);
        map[1] = Term.Small(3).Bits;
        map[2] = Term.Boxed(keys).Bits;
        // The order of keys is that of the atoms' numbers.
        BsEntry(keys, map, Am.Cause, Term.Boxed(t), Am.Function, Am.Module);
        BsEntry(keys, map, Am.Function, Am.FormatBsFail, Am.Cause, Am.Module);
        BsEntry(keys, map, Am.Module, Am.ErlErtsErrors, Am.Cause, Am.Function);
        p->FailInfo = Term.Boxed(map);
    }

    private static void BsEntry(ulong* keys, ulong* map, Term key, Term value, Term other, Term another)
    {
        int place = (key.AtomIndex > other.AtomIndex ? 1 : 0) + (key.AtomIndex > another.AtomIndex ? 1 : 0);
        keys[1 + place] = key.Bits;
        map[3 + place] = value.Bits;
    }
}
