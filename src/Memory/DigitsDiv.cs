// Division of magnitudes: by one digit, schoolbook (Knuth's algorithm D) and, for long divisors, recursive.
//
// .NET offers no 128-by-64-bit division that is fast everywhere, so quotient digits come from multiplying by a
// precomputed reciprocal: Möller and Granlund, "Improved division by invariant integers", IEEE Trans. Computers 60 (2011).
// The recursive division is that of Brent and Zimmermann, "Modern Computer Arithmetic", section 1.4.3; it moves
// the work into multiplications, which are Karatsuba's.

using System;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace MyBeam.Memory;

public static unsafe partial class Digits
{
    /// <summary>From this many digits of quotient and divisor on the recursive division wins (measured, x64).</summary>
    private const int RecursiveDivisionThreshold = 48;

    /// <summary>
    /// a = q b + rem, 0 &lt;= rem &lt; b, b not zero. q: max(0, na - nb + 1) digits, or null if it is not wanted;
    /// r: min(na, nb) digits, or null. q and r may each be a or b (not the same one). Long operands take temporary memory.
    /// </summary>
    [SkipLocalsInit]
    public static void DivRem(ulong* a, int na, ulong* b, int nb, ulong* q, ulong* r, out int nq, out int nr)
    {
        Debug.Assert(nb > 0 && b[nb - 1] != 0);
        if (Compare(a, na, b, nb) < 0)
        {
            nq = 0;
            nr = na;
            if (r != null && r != a)
                Copy(a, na, r);
            return;
        }

        if (nb == 1)
        {
            nq = DivRemSmall(a, na, b[0], q, out ulong rem);
            nr = rem != 0 ? 1 : 0;
            if (r != null)
                r[0] = rem;
            return;
        }

        // Zero digits at the divisor's end, as long powers of ten have: the dividend's digits there are the remainder's.
        // Copying them now is safe even when r is b, whose digits there are not needed any more.
        int zeros = 0;
        while (zeros < nb - 2 && b[zeros] == 0)
            zeros++;
        if (r != null)
            Copy(a, zeros, r);
        a += zeros;
        na -= zeros;
        b += zeros;
        nb -= zeros;

        // The algorithms want a divisor whose top bit is set, and leave the remainder in place of the dividend. The
        // dividend's extra digit on top is below the divisor's, so the quotient has no digit more than these.
        int quotientDigits = na - nb + 1;
        int size = na + 1 + nb + (q == null ? quotientDigits : 0);
        ulong* memory = stackalloc ulong[StackDigits];
        if (size > StackDigits)
            memory = AllocDigits(size);
        ulong* u = memory;
        ulong* d = u + na + 1;
        ulong* quotient = q == null ? d + nb : q;

        int shift = BitOperations.LeadingZeroCount(b[nb - 1]);
        ShiftLeftDigits(d, b, nb, shift);
        u[na] = ShiftLeftDigits(u, a, na, shift);
        DivRemNormalised(quotient, quotientDigits, u, d, nb);
        nq = Normalise(quotient, quotientDigits);
        nr = 0;
        if (r != null)
        {
            ShiftRightDigits(r + zeros, u, nb, shift);
            nr = Normalise(r, nb + zeros);
        }

        if (size > StackDigits)
            FreeDigits(memory, size);
    }

    /// <summary>a divided by one digit, not zero. q: n digits, may be a, or null if only the remainder is wanted.</summary>
    public static int DivRemSmall(ulong* a, int n, ulong b, ulong* q, out ulong rem)
    {
        Debug.Assert(b != 0);
        if (n <= 1)
        {
            ulong x = n == 0 ? 0 : a[0];
            ulong quotient = x / b;
            rem = x - quotient * b;
            if (quotient == 0)
                return 0;
            if (q != null)
                q[0] = quotient;
            return 1;
        }

        int shift = BitOperations.LeadingZeroCount(b);
        ulong d = b << shift;
        int top = a[n - 1] < b ? n - 1 : n;
        rem = DivRemDigit(a, n, d, shift, Reciprocal(d), q);
        return top;
    }

    /// <summary>
    /// The loop of a division by one digit: d is the divisor shifted left by shift so that its top bit is set,
    /// v its reciprocal. Writes n digits of quotient to q (may be a, or null); returns the remainder.
    /// </summary>
    private static ulong DivRemDigit(ulong* a, int n, ulong d, int shift, ulong v, ulong* q)
    {
        // The dividend is shifted on the way; by 1 and then by 63 - shift, because a shift by 64 is one by 0.
        int back = 63 - shift;
        ulong above = a[n - 1];
        ulong rem = (above >> 1) >> back;
        for (int i = n - 1; i >= 0; i--)
        {
            ulong below = i > 0 ? a[i - 1] : 0;
            ulong digit = DivideTwoByOne(rem, (above << shift) | ((below >> 1) >> back), d, v, out rem);
            if (q != null)
                q[i] = digit;
            above = below;
        }

        return rem >> shift;
    }

    /// <summary>
    /// u (m + n digits, its top n digits below d) divided by d (n &gt;= 2 digits, top bit set): q gets m digits, u's low n
    /// digits the remainder.
    /// </summary>
    private static void DivRemNormalised(ulong* q, int m, ulong* u, ulong* d, int n)
    {
        ulong v = ReciprocalOfTwo(d[n - 1], d[n - 2]);
        if (m < RecursiveDivisionThreshold || n < RecursiveDivisionThreshold)
        {
            DivideSchoolbook(q, m, u, d, n, v);
            return;
        }

        // Quotient digits in blocks of n, from the top; the odd block first.
        ulong* scratch = AllocDigits(n);
        int left = m;
        int block = m % n;
        if (block == 0)
            block = n;
        while (left > 0)
        {
            left -= block;
            ulong over = DivideRecursive(q + left, block, u + left, d, n, v, scratch);
            Debug.Assert(over == 0);
            block = n;
        }

        FreeDigits(scratch, n);
    }

    /// <summary>
    /// u (m + n digits) divided by d (n digits, top bit set), m &lt;= n: returns the quotient's digit m, 0 or 1; q gets the
    /// m digits below it, u's low n digits the remainder. v: reciprocal of d's top two digits; scratch: m digits.
    /// Each half of the quotient comes from dividing by the top of d alone; then the product of that half and the rest of d
    /// is taken away, and where this was too much, d is added back (at most a few times).
    /// </summary>
    private static ulong DivideRecursive(ulong* q, int m, ulong* u, ulong* d, int n, ulong v, ulong* scratch)
    {
        if (m < RecursiveDivisionThreshold)
            return DivideSchoolbook(q, m, u, d, n, v);

        int k = m >> 1;
        ulong over = DivideRecursive(q + k, m - k, u + 2 * k, d + k, n - k, v, scratch);
        over = CorrectHalf(q + k, m - k, over, u + k, d, k, n, scratch);

        ulong lower = DivideRecursive(q, k, u + k, d + k, n - k, v, scratch);
        lower = CorrectHalf(q, k, lower, u, d, k, n, scratch);
        Debug.Assert(lower == 0);
        return over;
    }

    /// <summary>
    /// u (n digits) -= (over 2^(64 m) + q) times the low k digits of d; while that is negative, takes 1 from the quotient
    /// and adds d. Returns the new over.
    /// </summary>
    private static ulong CorrectHalf(ulong* q, int m, ulong over, ulong* u, ulong* d, int k, int n, ulong* scratch)
    {
        MulFull(q, m, d, k, scratch);
        ulong borrow = SubSameLength(u, u, scratch, m + k);
        borrow = SubBorrow(u + m + k, u + m + k, n - m - k, borrow);
        if (over != 0)
        {
            ulong more = SubSameLength(u + m, u + m, d, k);
            borrow += SubBorrow(u + m + k, u + m + k, n - m - k, more);
        }

        while (borrow != 0)
        {
            over -= SubBorrow(q, q, m, 1);
            borrow -= AddSameLength(u, u, d, n);
        }

        return over;
    }

    /// <summary>
    /// Knuth's algorithm D (TAOCP 4.3.1), each quotient digit from the top three digits of the rest and the top two of d, so
    /// that it is wrong about once in 2^64 times only. u (m + n digits) divided by d (n &gt;= 2 digits, top bit set):
    /// returns the quotient's digit m, 0 or 1; q gets the m digits below it, u's low n digits the remainder.
    /// </summary>
    private static ulong DivideSchoolbook(ulong* q, int m, ulong* u, ulong* d, int n, ulong v)
    {
        ulong over = 0;
        if (CompareSameLength(u + m, d, n) >= 0)
        {
            SubSameLength(u + m, u + m, d, n);
            over = 1;
        }

        ulong d1 = d[n - 1];
        ulong d0 = d[n - 2];
        for (int j = m - 1; j >= 0; j--)
        {
            ulong* w = u + j;
            if (w[n] == d1 && w[n - 1] == d0)
            {
                // The estimate would not fit a digit. The largest digit is right: the rest is below d times 2^64 by less than d.
                SubMulRow(w, d, n, ulong.MaxValue);
                q[j] = ulong.MaxValue;
                continue;
            }

            ulong digit = DivideThreeByTwo(w[n], w[n - 1], w[n - 2], d1, d0, v, out ulong r1, out ulong r0);
            ulong borrow = SubMulRow(w, d, n - 2, digit);
            ulong borrow0 = r0 < borrow ? 1UL : 0UL;
            w[n - 2] = r0 - borrow;
            ulong borrow1 = r1 < borrow0 ? 1UL : 0UL;
            r1 -= borrow0;
            if (borrow1 != 0)
            {
                digit--;
                r1 += d1 + AddSameLength(w, w, d, n - 1);
            }

            w[n - 1] = r1;
            q[j] = digit;
        }

        return over;
    }

    /// <summary>
    /// floor((2^128 - 1) / d) - 2^64, d's top bit set: Möller and Granlund's algorithm 2, with a division of small
    /// numbers in place of their table, then three Newton steps.
    /// </summary>
    private static ulong Reciprocal(ulong d)
    {
        ulong odd = d & 1;
        ulong d40 = (d >> 24) + 1;
        ulong d63 = (d >> 1) + odd;
        ulong v0 = 0x7FD00u / (uint)(d >> 55);
        ulong v1 = (v0 << 11) - ((v0 * v0 * d40) >> 40) - 1;
        ulong v2 = (v1 << 13) + ((v1 * ((1UL << 60) - v1 * d40)) >> 47);
        ulong e = ((v2 >> 1) & (0UL - odd)) - v2 * d63;
        ulong v3 = (Math.BigMul(v2, e, out _) >> 1) + (v2 << 31);
        ulong high = Math.BigMul(v3, d, out ulong low);
        low += d;
        high += low < d ? 1UL : 0UL;
        return v3 - high - d;
    }

    /// <summary>floor((2^192 - 1) / (d1, d0)) - 2^64, the top bit of d1 set: Möller and Granlund's algorithm 6.</summary>
    private static ulong ReciprocalOfTwo(ulong d1, ulong d0)
    {
        ulong v = Reciprocal(d1);
        ulong p = d1 * v + d0;
        if (p < d0)
        {
            v--;
            if (p >= d1)
            {
                v--;
                p -= d1;
            }

            p -= d1;
        }

        ulong high = Math.BigMul(v, d0, out ulong low);
        p += high;
        if (p < high)
        {
            v--;
            if (p > d1 || (p == d1 && low >= d0))
                v--;
        }

        return v;
    }

    /// <summary>
    /// (u1, u0) divided by d, u1 &lt; d, the top bit of d set, v its reciprocal: Möller and Granlund's algorithm 4.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong DivideTwoByOne(ulong u1, ulong u0, ulong d, ulong v, out ulong rem)
    {
        ulong q1 = Math.BigMul(v, u1, out ulong q0);
        q0 += u0;
        q1 += u1 + 1 + (q0 < u0 ? 1UL : 0UL);
        ulong r = u0 - q1 * d;

        // Taken about every second time: a mask, not a branch. The second correction is rare.
        ulong mask = 0UL - (r > q0 ? 1UL : 0UL);
        q1 += mask;
        r += mask & d;
        if (r >= d)
        {
            q1++;
            r -= d;
        }

        rem = r;
        return q1;
    }

    /// <summary>
    /// (u2, u1, u0) divided by (d1, d0), (u2, u1) &lt; (d1, d0), the top bit of d1 set, v the reciprocal of both digits:
    /// Möller and Granlund's algorithm 5.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong DivideThreeByTwo(
        ulong u2, ulong u1, ulong u0, ulong d1, ulong d0, ulong v, out ulong rem1, out ulong rem0)
    {
        ulong q1 = Math.BigMul(v, u2, out ulong q0);
        q0 += u1;
        q1 += u2 + (q0 < u1 ? 1UL : 0UL);
        ulong r1 = u1 - q1 * d1;
        ulong t1 = Math.BigMul(d0, q1, out ulong t0);

        ulong r0 = u0 - t0;
        r1 -= t1 + (u0 < t0 ? 1UL : 0UL);
        ulong borrow = r0 < d0 ? 1UL : 0UL;
        r0 -= d0;
        r1 -= d1 + borrow;
        q1++;

        ulong mask = 0UL - (r1 >= q0 ? 1UL : 0UL);
        q1 += mask;
        ulong s0 = r0 + (mask & d0);
        r1 += (mask & d1) + (s0 < r0 ? 1UL : 0UL);
        r0 = s0;
        if (r1 > d1 || (r1 == d1 && r0 >= d0))
        {
            q1++;
            borrow = r0 < d0 ? 1UL : 0UL;
            r0 -= d0;
            r1 -= d1 + borrow;
        }

        rem1 = r1;
        rem0 = r0;
        return q1;
    }
}
