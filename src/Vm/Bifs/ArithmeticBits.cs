// Bit operations on integers, which count as two's complement of unlimited length.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;

public static unsafe partial class Arithmetic
{
    /// <summary>a band b.</summary>
    public static Term BitAnd(Process* p, Term a, Term b) =>
        Term.BothSmall(a, b) ? Term.Small(a.SmallValue & b.SmallValue) : BitOperation(p, a, b, 0);

    /// <summary>a bor b.</summary>
    public static Term BitOr(Process* p, Term a, Term b) =>
        Term.BothSmall(a, b) ? Term.Small(a.SmallValue | b.SmallValue) : BitOperation(p, a, b, 1);

    /// <summary>a bxor b.</summary>
    public static Term BitXor(Process* p, Term a, Term b) =>
        Term.BothSmall(a, b) ? Term.Small(a.SmallValue ^ b.SmallValue) : BitOperation(p, a, b, 2);

    /// <summary>bnot a.</summary>
    public static Term BitNot(Process* p, Term a)
    {
        if (a.IsSmall) return Term.Small(~a.SmallValue);
        if (!a.IsBig) return Process.Badarith(p);
        long words = a.BigLength + 2;
        ulong* box = Process.Alloc(p, words);
        if (box == null) return Process.SystemLimit(p);
        ChargeLinear(p, words);
        int n = Digits.NotSigned(a.BigDigits, a.BigLength, a.BigNegative, box + 1, out bool negative);
        return Finish(p, box, words, n, negative);
    }

    /// <summary>a bsl b; a negative b shifts to the right.</summary>
    public static Term ShiftLeft(Process* p, Term a, Term b) => ShiftBy(p, a, b, false);

    /// <summary>a bsr b; a negative b shifts to the left.</summary>
    public static Term ShiftRight(Process* p, Term a, Term b) => ShiftBy(p, a, b, true);

    private static Term BitOperation(Process* p, Term a, Term b, int operation)
    {
        ulong roomA, roomB;
        if (!Open(a, &roomA, out ulong* x, out int nx, out bool negativeX) || !Open(b, &roomB, out ulong* y, out int ny, out bool negativeY))
            return Process.Badarith(p);
        long words = Math.Max(nx, ny) + 2;
        ulong* box = Process.Alloc(p, words);
        if (box == null) return Process.SystemLimit(p);
        ChargeLinear(p, words);
        bool negative;
        int n = operation switch
        {
            0 => Digits.AndSigned(x, nx, negativeX, y, ny, negativeY, box + 1, out negative),
            1 => Digits.OrSigned(x, nx, negativeX, y, ny, negativeY, box + 1, out negative),
            _ => Digits.XorSigned(x, nx, negativeX, y, ny, negativeY, box + 1, out negative),
        };
        return Finish(p, box, words, n, negative);
    }

    private static Term ShiftBy(Process* p, Term a, Term b, bool right)
    {
        if (!a.IsInteger || !b.IsInteger) return Process.Badarith(p);
        if (b.IsSmall) return Shift(p, a, right ? -b.SmallValue : b.SmallValue);
        // By so many places that nothing of a is left, or that only 0 can be shifted.
        return Shift(p, a, b.BigNegative != right ? Term.MinSmall : Term.MaxSmall);
    }

    /// <summary>An integer shifted to the left, or to the right when <paramref name="places"/> is negative.</summary>
    private static Term Shift(Process* p, Term a, long places)
    {
        if (places == 0) return a;
        if (a.IsSmall)
        {
            long value = a.SmallValue;
            if (value == 0) return a;
            if (places < 0) return Term.Small(places > -63 ? value >> (int)-places : value >> 63);
            if (places < 60)
            {
                long shifted = value << (int)places;
                if (Term.FitsSmall(shifted) && shifted >> (int)places == value) return Term.Small(shifted);
            }
        }
        ulong room;
        Open(a, &room, out ulong* x, out int nx, out bool negative);
        int n;
        long words;
        ulong* box;
        if (places > 0)
        {
            if (places > (long)MaxDigits * Digits.DigitBits - Digits.BitLength(x, nx)) return Process.SystemLimit(p);
            words = nx + (places >> 6) + 2;
            box = Process.Alloc(p, words);
            if (box == null) return Process.SystemLimit(p);
            n = Digits.ShiftLeft(x, nx, places, box + 1);
        }
        else
        {
            if (-places >> 6 >= nx) return Term.Small(negative ? -1 : 0);
            words = nx - (-places >> 6) + 2;
            box = Process.Alloc(p, words);
            if (box == null) return Process.SystemLimit(p);
            n = Digits.ShiftRightSigned(x, nx, negative, -places, box + 1, out negative);
        }
        ChargeLinear(p, words);
        return Finish(p, box, words, n, negative);
    }
}
