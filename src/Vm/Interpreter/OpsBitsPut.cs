// Bit syntax, construction: the segments. The bitstring is there (OpsBitsBuild.cs); each handler writes at BitsPos + its offset. Those whose size is not known
// at load time set BitsPos to their own end.
//
// Slots: source 0, offset 1, then as each says; I[2] fail, I[3] info.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;

public static unsafe partial class Ops
{
    // big-endian integer: slot 2 bits (1..57)
    public static long BsPutInt<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 0);
        if (!t.IsSmall) return BsPutIntOdd(I, E, H, C, t);
        Bits.WriteOver(C->BitsBase, C->BitsPos + ((ushort*)I)[5], (ulong)t.SmallValue, ((ushort*)I)[6]);
        return Next(I + 4, E, H, C);
    }

    // the same at a byte boundary: slot 2 bits (1..64)
    public static long BsPutIntAligned<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 0);
        if (!t.IsSmall) return BsPutIntOdd(I, E, H, C, t);
        Bits.Store(C->BitsBase + ((C->BitsPos + ((ushort*)I)[5]) >> 3), (ulong)t.SmallValue << (64 - ((ushort*)I)[6]));
        return Next(I + 4, E, H, C);
    }

    // one byte at a byte boundary
    public static long BsPutByte<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 0);
        if (!t.IsSmall) return BsPutIntOdd(I, E, H, C, t);
        C->BitsBase[(C->BitsPos + ((ushort*)I)[5]) >> 3] = (byte)t.SmallValue;
        return Next(I + 4, E, H, C);
    }

    // A bignum, or no integer at all.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long BsPutIntOdd(ulong* I, Term* E, Term* H, Context* C, Term t)
    {
        if (!t.IsInteger) return BsFail(I, E, H, C, Am.Type, t);
        BsStoreInteger(C->BitsBase, C->BitsPos + ((ushort*)I)[5], ((ushort*)I)[6], t, 0);
        return Next(I + 4, E, H, C);
    }

    // any integer of fixed size: slot 2 flags; I[4] bits
    public static long BsPutIntAny<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 0);
        if (!t.IsInteger) return BsFail(I, E, H, C, Am.Type, t);
        BsStoreInteger(C->BitsBase, C->BitsPos + ((ushort*)I)[5], I[4], t, ((ushort*)I)[6]);
        return Next(I + 5, E, H, C);
    }

    // size in a register: slot 2 size, 3: flags | unit shifted 5
    public static long BsPutIntField<TS, TZ>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, ITarget where TZ : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 0);
        ulong bits = FieldBits(TZ.Get(I, E, C, 2, 0), ((ushort*)I)[7] >> 5), at = C->BitsPos + ((ushort*)I)[5];
        if (bits == ulong.MaxValue || !t.IsInteger) return BsFail(I, E, H, C, Am.Type, t);
        BsStoreInteger(C->BitsBase, at, bits, t, ((ushort*)I)[7] & 31);
        C->BitsPos = at + bits;
        return Next(I + 4, E, H, C);
    }

    // a whole bitstring, a multiple of the unit: slot 2 unit
    public static long BsPutAll<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 0);
        if (!t.IsBitstring) return BsFail(I, E, H, C, Am.Type, t);
        uint unit = ((ushort*)I)[6];
        if (unit > 1 && BitSize(t) % unit != 0) return BsFail(I, E, H, C, Am.Unit, t);
        ulong at = C->BitsPos + ((ushort*)I)[5], bits = BsCopyAll(t, C->BitsBase, at);
        C->BitsPos = at + bits;
        C->Reductions -= (long)(bits >> 13);
        return Next(I + 4, E, H, C);
    }

    // the beginning of a bitstring: I[4] bits
    public static long BsPutBinary<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 0);
        if (!t.IsBitstring) return BsFail(I, E, H, C, Am.Type, t);
        if (BitSize(t) < I[4]) return BsFail(I, E, H, C, Am.Short, t);
        BsCopyPart(t, C->BitsBase, C->BitsPos + ((ushort*)I)[5], I[4]);
        C->Reductions -= (long)(I[4] >> 13);
        return Next(I + 5, E, H, C);
    }

    // size in a register: slot 2 size, 3 unit
    public static long BsPutBinaryField<TS, TZ>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, ITarget where TZ : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 0);
        ulong bits = FieldBits(TZ.Get(I, E, C, 2, 0), ((ushort*)I)[7]), at = C->BitsPos + ((ushort*)I)[5];
        if (!t.IsBitstring) return BsFail(I, E, H, C, Am.Type, t);
        if (BitSize(t) < bits) return BsFail(I, E, H, C, Am.Short, t);
        BsCopyPart(t, C->BitsBase, at, bits);
        C->BitsPos = at + bits;
        C->Reductions -= (long)(bits >> 13);
        return Next(I + 4, E, H, C);
    }

    // slot 2 flags; I[4] bits
    public static long BsPutFloat<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 0);
        Term wrong = BsStoreFloat(C->BitsBase, C->BitsPos + ((ushort*)I)[5], I[4], t, ((ushort*)I)[6]);
        if (wrong.IsNone) return Next(I + 5, E, H, C);
        return BsFail(I, E, H, C, wrong, wrong == Am.Invalid ? Term.Small((long)I[4]) : t);
    }

    // size in a register: slot 2 size, 3: flags | unit shifted 5
    public static long BsPutFloatField<TS, TZ>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, ITarget where TZ : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 0);
        ulong bits = FieldBits(TZ.Get(I, E, C, 2, 0), ((ushort*)I)[7] >> 5), at = C->BitsPos + ((ushort*)I)[5];
        Term wrong = BsStoreFloat(C->BitsBase, at, bits, t, ((ushort*)I)[7] & 31);
        if (!wrong.IsNone) return BsFail(I, E, H, C, wrong, wrong == Am.Invalid ? Term.Small((long)bits) : t);
        C->BitsPos = at + bits;
        return Next(I + 4, E, H, C);
    }

    // UTF-8, UTF-16, UTF-32: slot 2 flags, 3: 8, 16 or 32
    public static long BsPutUtf<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 0);
        ulong code = (ulong)t.SmallValue;
        if (!t.IsSmall || !BitsUtf.IsValid(code)) return BsFail(I, E, H, C, Am.Type, t);
        C->BitsPos += ((ushort*)I)[5];
        C->BitsPos += BsStoreUtf(C->BitsBase, C->BitsPos, (uint)code, ((ushort*)I)[7], ((ushort*)I)[6]);
        return Next(I + 4, E, H, C);
    }

    // bytes of the code: slot 0 offset; I[2] bytes; then the bytes
    public static long BsPutString(ulong* I, Term* E, Term* H, Context* C)
    {
        long bytes = (long)I[2], words = (bytes + 7) >> 3;
        ulong at = C->BitsPos + ((ushort*)I)[4];
        if ((at & 7) == 0)
        {
            // Whole words: what is written too much is overwritten or reserve (at most 7 bytes).
            ulong* to = (ulong*)(C->BitsBase + (at >> 3));
            for (long i = 0; i < words; i++) Unsafe.WriteUnaligned(to + i, I[3 + i]);
        }
        else Bits.Copy((byte*)(I + 3), 0, C->BitsBase, at, (ulong)bytes * 8);
        return Next(I + 3 + words, E, H, C);
    }

    // I[1] bits that offsets no longer hold
    public static long BsPutAdvance(ulong* I, Term* E, Term* H, Context* C)
    {
        C->BitsPos += I[1];
        return Next(I + 2, E, H, C);
    }

    // -- what the handlers call --

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void BsCopyPart(Term t, byte* to, ulong at, ulong bits)
    {
        Bitstring.Open(t, out byte* data, out ulong offset, out _);
        Bits.Copy(data, offset, to, at, bits);
    }

    /// <summary>Writes an integer term modulo 2^bits.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void BsStoreInteger(byte* to, ulong at, ulong bits, Term t, int flags)
    {
        if (t.IsSmall) BitsInteger.Put(to, at, bits, t.SmallValue, flags);
        else BitsInteger.PutDigits(to, at, bits, t.BigDigits, t.BigLength, t.BigNegative, flags);
    }

    /// <summary>Writes a number as float. None, or what is wrong: type, invalid (the size), no_float (too large).</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Term BsStoreFloat(byte* to, ulong at, ulong bits, Term t, int flags)
    {
        if (bits is not (16 or 32 or 64)) return Am.Invalid;
        double value;
        if (t.IsFloat) value = t.FloatValue;
        else if (t.IsSmall) value = t.SmallValue;
        else if (t.IsBig)
        {
            value = Digits.ToDouble(t.BigDigits, t.BigLength, out bool overflow);
            if (overflow) return Am.NoFloat;
            if (t.BigNegative) value = -value;
        }
        else return Am.Type;
        BitsInteger.Put(to, at, bits, (long)BitsFloat.Encode(value, (int)bits), flags);
        return Term.None;
    }

    /// <summary>Writes a code point; returns its bits.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong BsStoreUtf(byte* to, ulong at, uint code, int form, int flags)
    {
        bool little = (flags & BitsInteger.Little) != 0;
        int bits = form == 8 ? BitsUtf.Utf8Bits(code) : form == 16 ? BitsUtf.Utf16Bits(code) : 32;
        if (form == 32) BitsInteger.Put(to, at, 32, code, flags);
        else Bits.WriteOver(to, at, form == 8 ? BitsUtf.Utf8(code) : BitsUtf.Utf16(code, little), bits);
        return (ulong)bits;
    }
}
