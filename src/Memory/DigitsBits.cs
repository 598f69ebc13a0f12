// Bitwise operations on integers of sign and magnitude, with the meaning Erlang gives them: a negative number is an
// infinite two's complement, all ones on the left. The operands are turned into two's complement digit by digit on the
// way in and the result back on the way out, so that nothing is copied first.

using System;
using System.Diagnostics;

namespace MyBeam.Memory;

public static unsafe partial class Digits
{
    private interface IBitOperation
    {
        static abstract ulong Do(ulong a, ulong b);
    }

    private readonly struct AndOperation : IBitOperation
    {
        public static ulong Do(ulong a, ulong b) => a & b;
    }

    private readonly struct OrOperation : IBitOperation
    {
        public static ulong Do(ulong a, ulong b) => a | b;
    }

    private readonly struct XorOperation : IBitOperation
    {
        public static ulong Do(ulong a, ulong b) => a ^ b;
    }

    /// <summary>a band b. r: max(na, nb) + 1 digits; it may be a or b.</summary>
    public static int AndSigned(
        ulong* a, int na, bool negativeA, ulong* b, int nb, bool negativeB, ulong* r, out bool negative)
        => Bitwise<AndOperation>(a, na, negativeA, b, nb, negativeB, r, out negative);

    /// <summary>a bor b. r: max(na, nb) + 1 digits; it may be a or b.</summary>
    public static int OrSigned(
        ulong* a, int na, bool negativeA, ulong* b, int nb, bool negativeB, ulong* r, out bool negative)
        => Bitwise<OrOperation>(a, na, negativeA, b, nb, negativeB, r, out negative);

    /// <summary>a bxor b. r: max(na, nb) + 1 digits; it may be a or b.</summary>
    public static int XorSigned(
        ulong* a, int na, bool negativeA, ulong* b, int nb, bool negativeB, ulong* r, out bool negative)
        => Bitwise<XorOperation>(a, na, negativeA, b, nb, negativeB, r, out negative);

    /// <summary>bnot a, which is -a - 1. r: n + 1 digits; it may be a.</summary>
    public static int NotSigned(ulong* a, int n, bool negativeA, ulong* r, out bool negative)
    {
        negative = !negativeA;
        return negativeA ? SubSmall(a, n, 1, r) : AddSmall(a, n, 1, r);
    }

    /// <summary>
    /// a bsr bits: divides by 2^bits and rounds down, so that a negative number ends at -1.
    /// r: max(0, n - bits / 64) + 1 digits; it may be a. bsl is <see cref="ShiftLeft"/>, the sign staying as it is.
    /// </summary>
    public static int ShiftRightSigned(ulong* a, int n, bool negativeA, long bits, ulong* r, out bool negative)
    {
        Debug.Assert(bits >= 0);
        Debug.Assert(n > 0 || !negativeA);
        bool up = negativeA && AnyBitBelow(a, n, bits);
        int length = ShiftRight(a, n, bits, r);
        if (up)
            length = AddSmall(r, length, 1, r);
        negative = negativeA && length != 0;
        return length;
    }

    /// <summary>Is any of the low bits of a set?</summary>
    private static bool AnyBitBelow(ulong* a, int n, long bits)
    {
        long words = bits >> 6;
        if (words >= n)
            return n > 0;
        for (int i = 0; i < (int)words; i++)
        {
            if (a[i] != 0)
                return true;
        }

        return (a[words] & ((1UL << (int)(bits & 63)) - 1)) != 0;
    }

    private static int Bitwise<T>(
        ulong* a, int na, bool negativeA, ulong* b, int nb, bool negativeB, ulong* r, out bool negative)
        where T : struct, IBitOperation
    {
        // Two's complement of d is ~d + 1: flip all bits with the mask and carry a 1 into the lowest digit.
        ulong maskA = negativeA ? ulong.MaxValue : 0;
        ulong maskB = negativeB ? ulong.MaxValue : 0;
        ulong mask = T.Do(maskA, maskB);
        ulong carryA = maskA & 1;
        ulong carryB = maskB & 1;
        ulong carry = mask & 1;
        int n = Math.Max(na, nb);
        for (int i = 0; i < n; i++)
        {
            ulong x = ((i < na ? a[i] : 0) ^ maskA) + carryA;
            carryA = x < carryA ? 1UL : 0UL;
            ulong y = ((i < nb ? b[i] : 0) ^ maskB) + carryB;
            carryB = y < carryB ? 1UL : 0UL;
            ulong z = (T.Do(x, y) ^ mask) + carry;
            carry = z < carry ? 1UL : 0UL;
            r[i] = z;
        }

        // One digit more: only a negative result of zero digits all along, such as -2^64, still carries here.
        r[n] = carry;
        negative = mask != 0;
        return Normalise(r, n + 1);
    }
}
