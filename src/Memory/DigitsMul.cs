// Multiplication of magnitudes: schoolbook for short operands, Karatsuba's for long ones. Squaring has its own forms of
// both, as it needs only half of the digit products.

using System;
using System.Diagnostics;

namespace MyBeam.Memory;

public static unsafe partial class Digits
{
    /// <summary>From this many digits of the shorter operand on Karatsuba beats schoolbook (measured, x64).</summary>
    private const int KaratsubaThreshold = 24;

    /// <summary>The same for squaring, whose schoolbook form is faster (measured, x64).</summary>
    private const int KaratsubaSquareThreshold = 40;

    /// <summary>a times b. r: na + nb digits; it must not overlap a or b. Long operands take temporary memory.</summary>
    public static int Mul(ulong* a, int na, ulong* b, int nb, ulong* r)
    {
        if (na == 0 || nb == 0)
            return 0;
        MulFull(a, na, b, nb, r);
        int n = na + nb;
        return r[n - 1] == 0 ? n - 1 : n;
    }

    /// <summary>a times one digit. r: n + 1 digits; it may be a.</summary>
    public static int MulSmall(ulong* a, int n, ulong b, ulong* r)
    {
        if (n == 0 || b == 0)
            return 0;
        r[n] = MulRow(r, a, n, b, 0);
        return r[n] == 0 ? n : n + 1;
    }

    /// <summary>a times a. r: 2 n digits; it must not overlap a. Long operands take temporary memory.</summary>
    public static int Square(ulong* a, int n, ulong* r)
    {
        if (n == 0)
            return 0;
        if (n < KaratsubaSquareThreshold)
        {
            SquareSchoolbook(a, n, r);
        }
        else
        {
            int size = KaratsubaScratch(n);
            ulong* scratch = AllocDigits(size);
            SquareKaratsuba(a, n, r, scratch);
            FreeDigits(scratch, size);
        }

        return r[2 * n - 1] == 0 ? 2 * n - 1 : 2 * n;
    }

    /// <summary>All na + nb digits of a times b, which need not be normalised; both lengths are positive.</summary>
    private static void MulFull(ulong* a, int na, ulong* b, int nb, ulong* r)
    {
        if (na < nb)
        {
            ulong* t = a;
            a = b;
            b = t;
            (na, nb) = (nb, na);
        }

        if (nb < KaratsubaThreshold)
        {
            MulSchoolbook(a, na, b, nb, r);
            return;
        }

        int size = KaratsubaScratch(nb) + 2 * nb;
        ulong* scratch = AllocDigits(size);
        MulUnequal(a, na, b, nb, r, scratch);
        FreeDigits(scratch, size);
    }

    /// <summary>
    /// na &gt;= nb &gt;= the threshold: cuts a into blocks of nb digits and adds up their products.
    /// scratch: 2 nb digits for a block's product, then Karatsuba's.
    /// </summary>
    private static void MulUnequal(ulong* a, int na, ulong* b, int nb, ulong* r, ulong* scratch)
    {
        MulKaratsuba(a, b, nb, r, scratch + 2 * nb);
        int done = nb;
        while (done < na)
        {
            int block = Math.Min(nb, na - done);
            ulong* product = scratch;
            if (block == nb)
                MulKaratsuba(a + done, b, nb, product, scratch + 2 * nb);
            else
                MulFull(b, nb, a + done, block, product);

            // The product's low nb digits fall on digits of r already there, the rest beyond them.
            ulong carry = AddSameLength(r + done, r + done, product, nb);
            carry = AddCarry(r + done + nb, product + nb, block, carry);
            Debug.Assert(carry == 0);
            done += block;
        }
    }

    /// <summary>r = a times b, na + nb digits.</summary>
    private static void MulSchoolbook(ulong* a, int na, ulong* b, int nb, ulong* r)
    {
        r[na] = MulRow(r, a, na, b[0], 0);
        int i = 1;
        for (; i + 1 < nb; i += 2)
            AddMulTwoRows(r + i, a, na, b[i], b[i + 1]);
        if (i < nb)
            r[i + na] = AddMulRow(r + i, a, na, b[i]);
    }

    /// <summary>
    /// r = a times a, 2 n digits: the products of different digits once, doubled, plus the squares of the digits.
    /// </summary>
    private static void SquareSchoolbook(ulong* a, int n, ulong* r)
    {
        r[0] = 0;
        if (n > 1)
        {
            r[n] = MulRow(r + 1, a + 1, n - 1, a[0], 0);
            for (int i = 1; i < n - 1; i++)
                r[n + i] = AddMulRow(r + 2 * i + 1, a + i + 1, n - 1 - i, a[i]);
        }

        r[2 * n - 1] = 0;
        ulong carry = 0;
        ulong shifted = 0;
        for (int i = 0; i < n; i++)
        {
            ulong high = Math.BigMul(a[i], a[i], out ulong low);
            ulong even = r[2 * i];
            ulong odd = r[2 * i + 1];
            ulong twiceEven = (even << 1) | shifted;
            ulong twiceOdd = (odd << 1) | (even >> 63);
            shifted = odd >> 63;

            // The carry is at most 1, and a square's high digit at most 2^64 - 2: the first carry into it is safe.
            low += carry;
            high += low < carry ? 1UL : 0UL;
            low += twiceEven;
            ulong middle = low < twiceEven ? 1UL : 0UL;
            ulong sum = high + middle;
            carry = sum < high ? 1UL : 0UL;
            sum += twiceOdd;
            carry += sum < twiceOdd ? 1UL : 0UL;
            r[2 * i] = low;
            r[2 * i + 1] = sum;
        }

        Debug.Assert(carry == 0);
    }

    /// <summary>Digits of scratch memory for Karatsuba on n digits: twice the halves of every level.</summary>
    private static int KaratsubaScratch(int n) => 2 * n + 2 * DigitBits;

    /// <summary>
    /// r = a times b, n digits each. With a = a1 B + a0 and b = b1 B + b0, three products instead of four:
    /// the middle one a1 b0 + a0 b1 is a0 b0 + a1 b1 - (a0 - a1)(b0 - b1). Differences, unlike sums, never need a digit more.
    /// </summary>
    private static void MulKaratsuba(ulong* a, ulong* b, int n, ulong* r, ulong* scratch)
    {
        if (n < KaratsubaThreshold)
        {
            MulSchoolbook(a, n, b, n, r);
            return;
        }

        int low = (n + 1) >> 1;
        int high = n - low;

        // The differences wait where a0 b0 goes later.
        bool negative = SubAbsolute(r, a, low, a + low, high) ^ SubAbsolute(r + low, b, low, b + low, high);
        MulKaratsuba(r, r + low, low, scratch, scratch + 2 * low);
        MulKaratsuba(a, b, low, r, scratch + 2 * low);
        MulKaratsuba(a + low, b + low, high, r + 2 * low, scratch + 2 * low);
        AddMiddle(r, low, high, scratch, negative);
    }

    private static void SquareKaratsuba(ulong* a, int n, ulong* r, ulong* scratch)
    {
        if (n < KaratsubaSquareThreshold)
        {
            SquareSchoolbook(a, n, r);
            return;
        }

        int low = (n + 1) >> 1;
        int high = n - low;
        SubAbsolute(r, a, low, a + low, high);
        SquareKaratsuba(r, low, scratch, scratch + 2 * low);
        SquareKaratsuba(a, low, r, scratch + 2 * low);
        SquareKaratsuba(a + low, high, r + 2 * low, scratch + 2 * low);
        AddMiddle(r, low, high, scratch, false);
    }

    /// <summary>
    /// The end of a Karatsuba step: r holds a0 b0 (2 low digits) and above it a1 b1 (2 high digits), difference the product
    /// of the differences. Adds a0 b0 + a1 b1 -/+ difference to r at digit low. Changes difference.
    /// </summary>
    private static void AddMiddle(ulong* r, int low, int high, ulong* difference, bool negative)
    {
        ulong over;
        if (negative)
            over = AddSameLength(difference, r, difference, 2 * low);
        else
            over = 0UL - SubSameLength(difference, r, difference, 2 * low);

        ulong* upper = r + 2 * low;
        ulong carry = AddSameLength(difference, difference, upper, 2 * high);
        over += AddCarry(difference + 2 * high, difference + 2 * high, 2 * (low - high), carry);

        over += AddSameLength(r + low, r + low, difference, 2 * low);
        carry = AddCarry(r + 3 * low, r + 3 * low, 2 * high - low, over);
        Debug.Assert(carry == 0);
    }

    /// <summary>r (na digits) = |a - b|, nb being na or na - 1, neither normalised; true if a is below b.</summary>
    private static bool SubAbsolute(ulong* r, ulong* a, int na, ulong* b, int nb)
    {
        if (nb < na)
        {
            if (a[na - 1] != 0)
            {
                ulong borrow = SubSameLength(r, a, b, nb);
                r[na - 1] = a[na - 1] - borrow;
                return false;
            }

            r[na - 1] = 0;
        }

        if (CompareSameLength(a, b, nb) >= 0)
        {
            SubSameLength(r, a, b, nb);
            return false;
        }

        SubSameLength(r, b, a, nb);
        return true;
    }

    // A digit product plus two digits always fits two digits: (2^64 - 1)^2 + 2 (2^64 - 1) = 2^128 - 1.

    /// <summary>r = a times w plus carry over n digits; returns the digit above. r may be a.</summary>
    private static ulong MulRow(ulong* r, ulong* a, int n, ulong w, ulong carry)
    {
        for (int i = 0; i < n; i++)
        {
            ulong high = Math.BigMul(a[i], w, out ulong low);
            low += carry;
            carry = high + (low < carry ? 1UL : 0UL);
            r[i] = low;
        }

        return carry;
    }

    /// <summary>r += a times w over n digits; returns the digit above.</summary>
    private static ulong AddMulRow(ulong* r, ulong* a, int n, ulong w)
    {
        ulong carry = 0;
        for (int i = 0; i < n; i++)
        {
            ulong high = Math.BigMul(a[i], w, out ulong low);
            ulong x = r[i];
            low += x;
            high += low < x ? 1UL : 0UL;
            low += carry;
            carry = high + (low < carry ? 1UL : 0UL);
            r[i] = low;
        }

        return carry;
    }

    /// <summary>
    /// r += a times (v 2^64 + w), where r has n digits before and n + 2 after: each digit of r is read and written once for
    /// two digits of the multiplier, and the two carry chains run side by side.
    /// </summary>
    private static void AddMulTwoRows(ulong* r, ulong* a, int n, ulong w, ulong v)
    {
        ulong carryW = 0;
        ulong carryV = 0;
        ulong previous = 0;
        for (int i = 0; i < n; i++)
        {
            ulong x = a[i];
            ulong high = Math.BigMul(x, w, out ulong low);
            ulong y = r[i];
            low += y;
            high += low < y ? 1UL : 0UL;
            low += carryW;
            carryW = high + (low < carryW ? 1UL : 0UL);

            // The second multiplier's row lags one digit behind.
            high = Math.BigMul(previous, v, out ulong lowV);
            lowV += low;
            high += lowV < low ? 1UL : 0UL;
            lowV += carryV;
            carryV = high + (lowV < carryV ? 1UL : 0UL);
            r[i] = lowV;
            previous = x;
        }

        ulong top = Math.BigMul(previous, v, out ulong last);
        last += carryW;
        top += last < carryW ? 1UL : 0UL;
        last += carryV;
        top += last < carryV ? 1UL : 0UL;
        r[n] = last;
        r[n + 1] = top;
    }

    /// <summary>r -= a times w over n digits; returns the digit to subtract above.</summary>
    private static ulong SubMulRow(ulong* r, ulong* a, int n, ulong w)
    {
        ulong carry = 0;
        for (int i = 0; i < n; i++)
        {
            ulong high = Math.BigMul(a[i], w, out ulong low);
            low += carry;
            high += low < carry ? 1UL : 0UL;
            ulong x = r[i];
            carry = high + (x < low ? 1UL : 0UL);
            r[i] = x - low;
        }

        return carry;
    }
}
