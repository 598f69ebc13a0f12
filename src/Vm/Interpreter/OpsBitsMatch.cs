// Bit syntax, matching. A match context is a SubBits with the flag Matching whose Start moves in place. A bs_match with several commands becomes a run of
// instructions with fixed offsets: one test that there are enough bits, then fields at known distances from Start, the last of which moves Start on
// (RuleHooksBits.cs). So no field waits for the one before it, and a failed comparison leaves Start where it was.
//
// Slow paths that end by going on (BsRetry, ...) are marked AggressiveOptimization, not NoInlining: the compiler does not inline them either (but for tiny ones),
// and out of a NoInlining method it never makes a tail jump: each use would leave a frame on the native stack.
//
// Slots: context 0, destination 1, then as each handler says. Nothing here keeps a data pointer over a collection.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;

public static unsafe partial class Ops
{
    private const ulong SubBitsHeader = Header.SubBits | ((ulong)(SubBits.Words - 1) << Header.ArityShift);

    /// <summary>Most words that a bitstring taken out of another needs: a full copy of a small one.</summary>
    internal const long SubNeed = HeapBits.HeaderWords + (HeapBits.MaxBytes / 8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static SubBits* BitsContext<TC>(ulong* I, Term* E, Context* C) where TC : struct, ITarget => (SubBits*)TC.Get(I, E, C, 0, 0).Box;

    // -- starting, positions, tails --

    // start a match: slot 0 source, 1 context, label, 4 live
    public static long BsStartMatch<TS, TD>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, ITarget where TD : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 0);
        if (!t.IsBoxed) return Jump(I, E, H, C);
        ulong* box = t.Box;
        ulong header = *box;
        SubBits* made = (SubBits*)H;
        if (header == SubBitsHeader)
        {
            SubBits* s = (SubBits*)box;
            if ((s->BaseFlags & SubBits.Matching) != 0)
            {
                TD.Set(I, E, C, 1, t);
                return Next(I + 3, E, H, C);
            }
            if (!Fits(E, H, SubBits.Words)) return BsRetry(I, E, H, C, Need(SubBits.Words, ((ushort*)I)[8]), TS.Address(I, E, C, 0));
            made->BaseFlags = (ulong)s->Base | SubBits.Matching;
            made->Start = s->Start;
            made->End = s->End;
            made->Orig = s->Orig;
        }
        else if (Header.Kind(header) == Header.HeapBits)
        {
            if (!Fits(E, H, SubBits.Words)) return BsRetry(I, E, H, C, Need(SubBits.Words, ((ushort*)I)[8]), TS.Address(I, E, C, 0));
            made->BaseFlags = (ulong)(box + HeapBits.HeaderWords) | SubBits.Matching;
            made->Start = 0;
            made->End = box[1];
            made->Orig = t;
        }
        else return Jump(I, E, H, C);
        made->Header = SubBitsHeader;
        TD.Set(I, E, C, 1, Term.Boxed(made));
        return Next(I + 3, E, (Term*)((ulong*)H + SubBits.Words), C);
    }

    // slot 0 context, 1 destination
    public static long BsGetPosition<TC, TD>(ulong* I, Term* E, Term* H, Context* C) where TC : struct, ITarget where TD : struct, ITarget
    {
        TD.Set(I, E, C, 1, Term.Small((long)BitsContext<TC>(I, E, C)->Start));
        return Next(I + 2, E, H, C);
    }

    // slot 0 context, 1 position
    public static long BsSetPosition<TC, TP>(ulong* I, Term* E, Term* H, Context* C) where TC : struct, ITarget where TP : struct, ITarget
    {
        // The position comes from a register, which code that no compiler made may have put anything into (docs/verifier.md).
        SubBits* s = BitsContext<TC>(I, E, C);
        ulong position = (ulong)TP.Get(I, E, C, 1, 0).SmallValue;
        s->Start = position <= s->End ? position : s->End;
        return Next(I + 2, E, H, C);
    }

    // the rest, without moving: slot 0 context, 1 destination, 2 live
    public static long BsGetTail<TC, TD>(ulong* I, Term* E, Term* H, Context* C) where TC : struct, ITarget where TD : struct, ITarget
    {
        if (!Fits(E, H, SubNeed)) return BsRetry(I, E, H, C, Need(SubNeed, ((ushort*)I)[6]), TC.Address(I, E, C, 0));
        SubBits* s = BitsContext<TC>(I, E, C);
        Term* top = BsExtract(H, s, s->Start, s->End - s->Start);
        TD.Set(I, E, C, 1, Term.Boxed(H));
        return Next(I + 2, E, top, C);
    }

    // -- tests --

    // at least so many bits: slot 0 context, 1 bits, label
    public static long BsEnsure<TC>(ulong* I, Term* E, Term* H, Context* C) where TC : struct, ITarget
    {
        SubBits* s = BitsContext<TC>(I, E, C);
        if (s->End - s->Start >= ((ushort*)I)[5]) return Next(I + 2, E, H, C);
        return Jump(I, E, H, C);
    }

    // exactly so many bits
    public static long BsEnsureExact<TC>(ulong* I, Term* E, Term* H, Context* C) where TC : struct, ITarget
    {
        SubBits* s = BitsContext<TC>(I, E, C);
        if (s->End - s->Start == ((ushort*)I)[5]) return Next(I + 2, E, H, C);
        return Jump(I, E, H, C);
    }

    // at least so many, and the rest a multiple of a unit that is a power of two: slot 4: unit - 1
    public static long BsEnsureMask<TC>(ulong* I, Term* E, Term* H, Context* C) where TC : struct, ITarget
    {
        SubBits* s = BitsContext<TC>(I, E, C);
        ulong left = s->End - s->Start, bits = ((ushort*)I)[5];
        if (left >= bits && ((left - bits) & ((ushort*)I)[8]) == 0) return Next(I + 3, E, H, C);
        return Jump(I, E, H, C);
    }

    // any numbers: slot 0 context, label; I[2] bits, I[3] unit, 0: exactly
    public static long BsEnsureWide<TC>(ulong* I, Term* E, Term* H, Context* C) where TC : struct, ITarget
    {
        SubBits* s = BitsContext<TC>(I, E, C);
        ulong left = s->End - s->Start;
        if (left >= I[2] && (I[3] == 0 ? left == I[2] : (left - I[2]) % I[3] == 0)) return Next(I + 4, E, H, C);
        return Jump(I, E, H, C);
    }

    // -- integers of fixed size --

    // 8 bits, whole bytes left: slot 0 context, 1 destination, label
    public static long BsGet8<TC, TD>(ulong* I, Term* E, Term* H, Context* C) where TC : struct, ITarget where TD : struct, ITarget
    {
        SubBits* s = BitsContext<TC>(I, E, C);
        ulong start = s->Start, left = s->End - start;
        if (left < 8) return Jump(I, E, H, C);
        TD.Set(I, E, C, 1, Term.Small((long)Bits.Read(s->Base, start, 8)));
        s->Start = start + 8;
        return Next(I + 2, E, H, C);
    }

    // 8 bits and a rest of whole bytes: what <<B, Rest/binary>> tests
    public static long BsGet8Bytes<TC, TD>(ulong* I, Term* E, Term* H, Context* C) where TC : struct, ITarget where TD : struct, ITarget
    {
        SubBits* s = BitsContext<TC>(I, E, C);
        ulong start = s->Start, left = s->End - start;
        if (left < 8) return Jump(I, E, H, C);
        // Byte-aligned with whole bytes left: one test; anything else goes the long way.
        if (((left | start) & 7) != 0) return BsGet8Odd<TC, TD>(I, E, H, C);
        TD.Set(I, E, C, 1, Term.Small(s->Base[start >> 3]));
        s->Start = start + 8;
        return Next(I + 2, E, H, C);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long BsGet8Odd<TC, TD>(ulong* I, Term* E, Term* H, Context* C) where TC : struct, ITarget where TD : struct, ITarget
    {
        SubBits* s = BitsContext<TC>(I, E, C);
        if (((s->End - s->Start) & 7) != 0) return Jump(I, E, H, C);
        TD.Set(I, E, C, 1, Term.Small((long)Bits.Read(s->Base, s->Start, 8)));
        s->Start += 8;
        return Next(I + 2, E, H, C);
    }

    // at least the bits of the field, which are taken: slot 0 context, 1 destination, label, 4 bits (1..57), 5 unit of the rest - 1
    public static long BsGetInt<TC, TD>(ulong* I, Term* E, Term* H, Context* C) where TC : struct, ITarget where TD : struct, ITarget
    {
        SubBits* s = BitsContext<TC>(I, E, C);
        ulong start = s->Start, left = s->End - start, bits = ((ushort*)I)[8];
        if (left < bits || ((left - bits) & ((ushort*)I)[9]) != 0) return Jump(I, E, H, C);
        TD.Set(I, E, C, 1, Term.Small((long)Bits.Read(s->Base, start, (int)bits)));
        s->Start = start + bits;
        return Next(I + 3, E, H, C);
    }

    // a field of a tested run: slot 0 context, 1 destination, 2 offset from Start, 3 bits (1..57)
    public static long BsInt<TC, TD>(ulong* I, Term* E, Term* H, Context* C) where TC : struct, ITarget where TD : struct, ITarget
    {
        SubBits* s = BitsContext<TC>(I, E, C);
        TD.Set(I, E, C, 1, Term.Small((long)Bits.Read(s->Base, s->Start + ((ushort*)I)[6], ((ushort*)I)[7])));
        return Next(I + 2, E, H, C);
    }

    // the last field of a run: moves Start behind it
    public static long BsIntLast<TC, TD>(ulong* I, Term* E, Term* H, Context* C) where TC : struct, ITarget where TD : struct, ITarget
    {
        SubBits* s = BitsContext<TC>(I, E, C);
        ulong at = s->Start + ((ushort*)I)[6];
        int bits = ((ushort*)I)[7];
        TD.Set(I, E, C, 1, Term.Small((long)Bits.Read(s->Base, at, bits)));
        s->Start = at + (ulong)bits;
        return Next(I + 2, E, H, C);
    }

    // two neighbouring fields of a run: slot 0 context, 1 and 2 destinations (x), 3 offset; 4, 5 bits (together 2..57)
    public static long BsInt2<TC>(ulong* I, Term* E, Term* H, Context* C) where TC : struct, ITarget
    {
        SubBits* s = BitsContext<TC>(I, E, C);
        int one = ((ushort*)I)[8], two = ((ushort*)I)[9];
        ulong v = Bits.Read(s->Base, s->Start + ((ushort*)I)[7], one + two);
        X.Set(I, E, C, 1, Term.Small((long)(v >> two)));
        X.Set(I, E, C, 2, Term.Small((long)(v & ((1UL << two) - 1))));
        return Next(I + 3, E, H, C);
    }

    // signed, otherwise as BsInt
    public static long BsIntSigned<TC, TD>(ulong* I, Term* E, Term* H, Context* C) where TC : struct, ITarget where TD : struct, ITarget
    {
        SubBits* s = BitsContext<TC>(I, E, C);
        TD.Set(I, E, C, 1, Term.Small(Bits.ReadSigned(s->Base, s->Start + ((ushort*)I)[6], ((ushort*)I)[7])));
        return Next(I + 2, E, H, C);
    }

    // any integer of a tested run, the heap room tested too: slot 0 context, 1 destination, 2 offset, 3 flags; I[2] bits
    public static long BsIntAny<TC, TD>(ulong* I, Term* E, Term* H, Context* C) where TC : struct, ITarget where TD : struct, ITarget
    {
        SubBits* s = BitsContext<TC>(I, E, C);
        TD.Set(I, E, C, 1, BsInteger(C, H, s->Base, s->Start + ((ushort*)I)[6], I[2], ((ushort*)I)[7]));
        return Next(I + 3, E, (Term*)C->Scratch[0], C);
    }

    // a field of a run must have this value: slot 0 context, 1 bits (1..57), label, 4 offset; I[3] value
    public static long BsEqual<TC>(ulong* I, Term* E, Term* H, Context* C) where TC : struct, ITarget
    {
        SubBits* s = BitsContext<TC>(I, E, C);
        if (Bits.Read(s->Base, s->Start + ((ushort*)I)[8], ((ushort*)I)[5]) == I[3]) return Next(I + 4, E, H, C);
        return Jump(I, E, H, C);
    }

    // the next bits must be there and have this value, and are skipped: slot 0 context, 1 bits (1..57), label; I[2] value
    public static long BsMatchBits<TC>(ulong* I, Term* E, Term* H, Context* C) where TC : struct, ITarget
    {
        SubBits* s = BitsContext<TC>(I, E, C);
        ulong start = s->Start, bits = ((ushort*)I)[5];
        if (s->End - start < bits || Bits.Read(s->Base, start, (int)bits) != I[2]) return Jump(I, E, H, C);
        s->Start = start + bits;
        return Next(I + 3, E, H, C);
    }

    // the same for any length: slot 0 context, label; I[2] bits; then the bytes
    public static long BsMatchString<TC>(ulong* I, Term* E, Term* H, Context* C) where TC : struct, ITarget
    {
        SubBits* s = BitsContext<TC>(I, E, C);
        ulong bits = I[2];
        if (s->End - s->Start < bits || !Bits.Same(s->Base, s->Start, (byte*)(I + 3), 0, bits)) return Jump(I, E, H, C);
        s->Start += bits;
        return Next(I + 3 + ((bits + 63) >> 6), E, H, C);
    }

    // skip bits that a test found: slot 0 context; I[2] bits
    public static long BsAdvance<TC>(ulong* I, Term* E, Term* H, Context* C) where TC : struct, ITarget
    {
        BitsContext<TC>(I, E, C)->Start += I[2];
        return Next(I + 3, E, H, C);
    }

    // -- bitstrings of a run, the heap room tested before --

    // slot 0 context, 1 destination, 2 offset from Start; I[2] bits. Moves Start behind them.
    public static long BsBinaryFixed<TC, TD>(ulong* I, Term* E, Term* H, Context* C) where TC : struct, ITarget where TD : struct, ITarget
    {
        SubBits* s = BitsContext<TC>(I, E, C);
        ulong at = s->Start + ((ushort*)I)[6], bits = I[2];
        s->Start = at + bits;
        Term* top = BsExtract(H, s, at, bits);
        TD.Set(I, E, C, 1, Term.Boxed(H));
        return Next(I + 3, E, top, C);
    }

    // -- fields with a size in a register --

    // slot 0 context, 1 destination, label, 4 size, 5 live, 6 flags, 7 unit
    public static long BsGetInteger<TC, TD, TS>(ulong* I, Term* E, Term* H, Context* C)
        where TC : struct, ITarget where TD : struct, ITarget where TS : struct, ITarget
    {
        SubBits* s = BitsContext<TC>(I, E, C);
        ulong bits = FieldBits(TS.Get(I, E, C, 4, 0), ((ushort*)I)[11]);
        if (s->End - s->Start < bits) return Jump(I, E, H, C);
        long need = BitsInteger.DigitsFor(bits) + 1;
        if (bits >= 60 && !Fits(E, H, need)) return BsRetry(I, E, H, C, Need(need, ((ushort*)I)[9]), TC.Address(I, E, C, 0));
        Term value = BsInteger(C, H, s->Base, s->Start, bits, ((ushort*)I)[10]);
        if (value.IsNone) return Jump(I, E, H, C);
        TD.Set(I, E, C, 1, value);
        s->Start += bits;
        return Next(I + 3, E, (Term*)C->Scratch[0], C);
    }

    // slot 0 context, 1 destination, label, 4 size, 5 live, 6 flags, 7 unit
    public static long BsGetFloat<TC, TD, TS>(ulong* I, Term* E, Term* H, Context* C)
        where TC : struct, ITarget where TD : struct, ITarget where TS : struct, ITarget
    {
        if (!Fits(E, H, 2)) return BsRetry(I, E, H, C, Need(2, ((ushort*)I)[9]), TC.Address(I, E, C, 0));
        SubBits* s = BitsContext<TC>(I, E, C);
        ulong bits = FieldBits(TS.Get(I, E, C, 4, 0), ((ushort*)I)[11]);
        if (s->End - s->Start < bits || !BsFloat((ulong*)H, s, bits, ((ushort*)I)[10])) return Jump(I, E, H, C);
        s->Start += bits;
        TD.Set(I, E, C, 1, Term.Boxed(H));
        return Next(I + 3, E, H + 2, C);
    }

    // slot 0 context, 1 destination, label, 4 size, 5 live, 6 unit
    public static long BsGetBinary<TC, TD, TS>(ulong* I, Term* E, Term* H, Context* C)
        where TC : struct, ITarget where TD : struct, ITarget where TS : struct, ITarget
    {
        if (!Fits(E, H, SubNeed)) return BsRetry(I, E, H, C, Need(SubNeed, ((ushort*)I)[9]), TC.Address(I, E, C, 0));
        SubBits* s = BitsContext<TC>(I, E, C);
        ulong at = s->Start, bits = FieldBits(TS.Get(I, E, C, 4, 0), ((ushort*)I)[10]);
        if (s->End - at < bits) return Jump(I, E, H, C);
        s->Start = at + bits;
        Term* top = BsExtract(H, s, at, bits);
        TD.Set(I, E, C, 1, Term.Boxed(H));
        return Next(I + 3, E, top, C);
    }

    // all the rest, a multiple of the unit: slot 0 context, 1 destination, label, 4 live, 5 unit
    public static long BsGetBinaryAll<TC, TD>(ulong* I, Term* E, Term* H, Context* C) where TC : struct, ITarget where TD : struct, ITarget
    {
        if (!Fits(E, H, SubNeed)) return BsRetry(I, E, H, C, Need(SubNeed, ((ushort*)I)[8]), TC.Address(I, E, C, 0));
        SubBits* s = BitsContext<TC>(I, E, C);
        ulong at = s->Start, bits = s->End - at;
        if (((ushort*)I)[9] > 1 && bits % ((ushort*)I)[9] != 0) return Jump(I, E, H, C);
        s->Start = s->End;
        Term* top = BsExtract(H, s, at, bits);
        TD.Set(I, E, C, 1, Term.Boxed(H));
        return Next(I + 3, E, top, C);
    }

    // slot 0 context, 1 size, label, 4 unit
    public static long BsSkipBits<TC, TS>(ulong* I, Term* E, Term* H, Context* C) where TC : struct, ITarget where TS : struct, ITarget
    {
        SubBits* s = BitsContext<TC>(I, E, C);
        ulong bits = FieldBits(TS.Get(I, E, C, 1, 0), ((ushort*)I)[8]);
        if (s->End - s->Start < bits) return Jump(I, E, H, C);
        s->Start += bits;
        return Next(I + 3, E, H, C);
    }

    // -- code points --

    // slot 0 context, 1 destination, label
    public static long BsGetUtf8<TC, TD>(ulong* I, Term* E, Term* H, Context* C) where TC : struct, ITarget where TD : struct, ITarget
    {
        SubBits* s = BitsContext<TC>(I, E, C);
        ulong start = s->Start;
        if (s->End - start < 8) return Jump(I, E, H, C);
        ulong b = Bits.Read(s->Base, start, 8);
        if (b < 0x80) s->Start = start + 8;
        else
        {
            long code = BsUtf(s, 8, 0);
            if (code < 0) return Jump(I, E, H, C);
            b = (ulong)code;
        }
        TD.Set(I, E, C, 1, Term.Small((long)b));
        return Next(I + 2, E, H, C);
    }

    // UTF-16 and UTF-32: slot 0 context, 1 destination, label, 4 flags, 5: 16 or 32
    public static long BsGetUtf<TC, TD>(ulong* I, Term* E, Term* H, Context* C) where TC : struct, ITarget where TD : struct, ITarget
    {
        long code = BsUtf(BitsContext<TC>(I, E, C), ((ushort*)I)[9], ((ushort*)I)[8]);
        if (code < 0) return Jump(I, E, H, C);
        TD.Set(I, E, C, 1, Term.Small(code));
        return Next(I + 3, E, H, C);
    }

    // -- what the handlers call --

    /// <summary>Takes the next code point; -1 and no move when there is no valid one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long BsUtf(SubBits* s, int form, int flags)
    {
        int bits = 32;
        bool little = (flags & BitsInteger.Little) != 0;
        long code = form == 8 ? BitsUtf.ReadUtf8(s->Base, s->Start, s->End, out bits)
            : form == 16 ? BitsUtf.ReadUtf16(s->Base, s->Start, s->End, little, out bits)
            : BitsUtf.ReadUtf32(s->Base, s->Start, s->End, little);
        if (code >= 0) s->Start += (ulong)bits;
        return code;
    }

    /// <summary>Size of a field in bits; a number that no bitstring has when the term is no size.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong FieldBits(Term size, int unit)
    {
        // A size of 2^50 is more than any memory; below that the product cannot overflow (unit <= 256).
        if (!size.IsSmall || (ulong)size.SmallValue >> 50 != 0) return ulong.MaxValue;
        return (ulong)size.SmallValue * (ulong)unit;
    }

    /// <summary>Digits of the largest integer (OTP 29: 4194240 bits); a field with a larger one does not match.</summary>
    private const int MaxBigDigits = 65535;

    /// <summary>An integer from a field of any size; None when it is beyond the largest integer. Digits go to H, where the caller found the room; the new heap top is left in C->Scratch[0].</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static Term BsInteger(Context* C, Term* H, byte* data, ulong start, ulong bits, int flags)
    {
        C->Scratch[0] = (ulong)H;
        bool negative;
        if (bits <= 64)
        {
            bool little = (flags & BitsInteger.Little) != 0;
            if ((flags & BitsInteger.Signed) != 0)
            {
                long v = BitsInteger.SignedWord(data, start, (int)bits, little);
                if (Term.FitsSmall(v)) return Term.Small(v);
            }
            else
            {
                ulong v = BitsInteger.Word(data, start, (int)bits, little);
                if (v <= (ulong)Term.MaxSmall) return Term.Small((long)v);
            }
        }
        ulong* digits = (ulong*)H + 1;
        int n = BitsInteger.ToDigits(data, start, bits, flags, digits, out negative);
        if (n == 0) return Term.Small(0);
        if (n > MaxBigDigits) return Term.None;
        if (n == 1 && *digits <= (ulong)Term.MaxSmall + (negative ? 1UL : 0)) return Term.Small(negative ? -(long)*digits : (long)*digits);
        *(ulong*)H = Header.Make(negative ? Header.NegativeBig : Header.PositiveBig, n);
        C->Scratch[0] = (ulong)(digits + n);
        return Term.Boxed(H);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool BsFloat(ulong* to, SubBits* s, ulong bits, int flags)
    {
        double value = 0;
        // An empty field is 0.0 (OTP: erts_bs_get_float_2).
        if (bits != 0 && !BitsFloat.Read(s->Base, s->Start, bits, flags, out value)) return false;
        to[0] = Header.Make(Header.Float, 1);
        *(double*)(to + 1) = value;
        return true;
    }

    /// <summary>
    /// Makes a bitstring of the context's data at H, where there must be SubNeed words: a copy up to 64 bytes, a window of the off-heap data otherwise
    /// (as OTP: erts_build_sub_bitstring). Returns the new heap top.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static Term* BsExtract(Term* H, SubBits* s, ulong start, ulong bits)
    {
        if (bits <= HeapBits.MaxBytes * 8)
        {
            HeapBits* copy = (HeapBits*)H;
            long words = HeapBits.Words(bits);
            copy->Header = Header.Make(Header.HeapBits, words - 1);
            copy->SizeBits = bits;
            Bits.Copy(s->Base, start, copy->Data, 0, bits);
            return H + words;
        }
        SubBits* sub = (SubBits*)H;
        sub->Header = SubBitsHeader;
        sub->BaseFlags = (ulong)s->Base;
        sub->Start = start;
        sub->End = start + bits;
        sub->Orig = s->Orig;
        return H + SubBits.Words;
    }

    /// <summary>Words needed and live registers in one argument, for BsRetry.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Need(long words, int live) => ((ulong)words << 16) | (uint)live;

    /// <summary>Collects and runs the instruction at I again. <paramref name="keep"/>: a register it needs that may lie above the live ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long BsRetry(ulong* I, Term* E, Term* H, Context* C, ulong need, Term* keep)
    {
        if (!IsAbove(C, need, keep) && ToDirty(I, E, H, C, (long)(need >> 16), (long)(need & 0xFFFF))) return C->Stop;
        if (!BsCollect(I, E, H, C, need, keep)) return OutOfMemory(I, E, H, C);
        return PastBreakpoint(I, (Term*)C->Process->Heap.Stack, (Term*)C->Process->Heap.Top, C);
    }

    private static bool IsAbove(Context* C, ulong need, Term* keep) =>
        keep >= Context.Xs(C) + (need & 0xFFFF) && keep < Context.Xs(C) + Context.MaxRegisters + 4;

    private static bool BsCollect(ulong* I, Term* E, Term* H, Context* C, ulong need, Term* keep)
    {
        long live = (long)(need & 0xFFFF), words = (long)(need >> 16);
        if (!IsAbove(C, need, keep)) return Collect(C, I, E, H, words, live);
        Term* x = Context.Xs(C);
        // It goes through the first register that is not live; what that held stays for the retry (it is a size, or nothing).
        Term held = x[live];
        x[live] = *keep;
        bool good = Collect(C, I, E, H, words, live + 1);
        Term kept = x[live];
        x[live] = held;
        *keep = kept;
        return good;
    }
}
