// Arbitrary-precision magnitudes as little-endian arrays of 64-bit digits: comparing, adding, subtracting, shifting.
//
// Nothing here knows of terms, heaps or processes. A magnitude is a `ulong*` and a length in digits; it is normalised
// when its top digit is not zero, so zero has length 0. Every function takes normalised operands, writes to a buffer of
// the caller's whose size in digits its comment gives, and returns the normalised length of what it wrote. The buffer
// may be written up to that size even if the result is shorter. Where a sign matters it goes beside the magnitude as a
// bool; a result of zero is never negative.
//
// The other parts: DigitsMul, DigitsDiv, DigitsText, DigitsBits, DigitsFloat.

using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace MyBeam.Memory;

/// <summary>Arithmetic on magnitudes: little-endian arrays of 64-bit digits with their length.</summary>
public static unsafe partial class Digits
{
    /// <summary>Bits in a digit.</summary>
    public const int DigitBits = 64;

    /// <summary>Temporaries up to this many digits live on the stack (not cleared: SkipLocalsInit), larger ones come from the allocator.</summary>
    private const int StackDigits = 64;

    /// <summary>The length of <paramref name="a"/> without its leading zero digits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Normalise(ulong* a, int n)
    {
        while (n > 0 && a[n - 1] == 0)
            n--;
        return n;
    }

    /// <summary>Copies n digits; the ranges may overlap when r is not above a.</summary>
    public static void Copy(ulong* a, int n, ulong* r)
    {
        for (int i = 0; i < n; i++)
            r[i] = a[i];
    }

    /// <summary>The order of two magnitudes: negative, 0 or positive as a is below, equal to or above b.</summary>
    public static int Compare(ulong* a, int na, ulong* b, int nb)
    {
        Debug.Assert(na == 0 || a[na - 1] != 0);
        Debug.Assert(nb == 0 || b[nb - 1] != 0);
        if (na != nb)
            return na < nb ? -1 : 1;
        return CompareSameLength(a, b, na);
    }

    /// <summary>a + b. r: max(na, nb) + 1 digits; it may be a or b.</summary>
    public static int Add(ulong* a, int na, ulong* b, int nb, ulong* r)
    {
        if (na < nb)
        {
            ulong* t = a;
            a = b;
            b = t;
            (na, nb) = (nb, na);
        }

        ulong carry = AddSameLength(r, a, b, nb);
        carry = AddCarry(r + nb, a + nb, na - nb, carry);
        r[na] = carry;
        return na + (int)carry;
    }

    /// <summary>a + one digit. r: na + 1 digits; it may be a.</summary>
    public static int AddSmall(ulong* a, int na, ulong b, ulong* r)
    {
        ulong carry = AddCarry(r, a, na, b);
        r[na] = carry;
        return carry != 0 ? na + 1 : na;
    }

    /// <summary>a - b, where a is at least b. r: na digits; it may be a or b.</summary>
    public static int Sub(ulong* a, int na, ulong* b, int nb, ulong* r)
    {
        Debug.Assert(Compare(a, na, b, nb) >= 0);
        ulong borrow = SubSameLength(r, a, b, nb);
        borrow = SubBorrow(r + nb, a + nb, na - nb, borrow);
        Debug.Assert(borrow == 0);
        return Normalise(r, na);
    }

    /// <summary>a - one digit, where a is at least b. r: na digits; it may be a.</summary>
    public static int SubSmall(ulong* a, int na, ulong b, ulong* r)
    {
        ulong borrow = SubBorrow(r, a, na, b);
        Debug.Assert(borrow == 0);
        return Normalise(r, na);
    }

    /// <summary>
    /// a + b with signs; subtraction is this with the second sign turned over. r: max(na, nb) + 1 digits; it may be a or b.
    /// </summary>
    public static int AddSigned(
        ulong* a, int na, bool negativeA, ulong* b, int nb, bool negativeB, ulong* r, out bool negative)
    {
        int n;
        if (negativeA == negativeB)
        {
            n = Add(a, na, b, nb, r);
            negative = negativeA && n != 0;
            return n;
        }

        int order = Compare(a, na, b, nb);
        if (order == 0)
        {
            negative = false;
            return 0;
        }

        if (order > 0)
        {
            n = Sub(a, na, b, nb, r);
            negative = negativeA;
        }
        else
        {
            n = Sub(b, nb, a, na, r);
            negative = negativeB;
        }

        return n;
    }

    /// <summary>The number of bits of a without leading zeros; 0 for zero.</summary>
    public static long BitLength(ulong* a, int n)
    {
        if (n == 0)
            return 0;
        return (long)n * DigitBits - BitOperations.LeadingZeroCount(a[n - 1]);
    }

    /// <summary>a times 2^bits. r: n + bits / 64 + 1 digits; it may be a.</summary>
    public static int ShiftLeft(ulong* a, int n, long bits, ulong* r)
    {
        Debug.Assert(bits >= 0);
        if (n == 0)
            return 0;
        int words = (int)(bits >> 6);
        int shift = (int)(bits & 63);

        // From the top down, so that r may be a.
        r[words + n] = ShiftLeftDigits(r + words, a, n, shift);
        for (int i = 0; i < words; i++)
            r[i] = 0;
        return r[words + n] != 0 ? words + n + 1 : words + n;
    }

    /// <summary>a divided by 2^bits, rounded towards zero. r: max(0, n - bits / 64) digits; it may be a.</summary>
    public static int ShiftRight(ulong* a, int n, long bits, ulong* r)
    {
        Debug.Assert(bits >= 0);
        long words = bits >> 6;
        if (words >= n)
            return 0;
        int left = n - (int)words;
        ShiftRightDigits(r, a + words, left, (int)(bits & 63));
        return Normalise(r, left);
    }

    // The loops below are all the carry chains there are for addition. RyuJIT has no add-with-carry, but it turns
    // `x < y ? 1UL : 0UL` into setb, so that a digit costs two additions and two flags, without a branch.

    /// <summary>r = a + b over n digits; returns the carry. r may be a or b.</summary>
    private static ulong AddSameLength(ulong* r, ulong* a, ulong* b, int n)
    {
        ulong carry = 0;
        for (int i = 0; i < n; i++)
        {
            ulong x = a[i];
            ulong s = x + b[i];
            ulong t = s + carry;
            carry = (s < x ? 1UL : 0UL) + (t < s ? 1UL : 0UL);
            r[i] = t;
        }

        return carry;
    }

    /// <summary>r = a + carry over n digits, the carry being any digit; returns the carry. r may be a.</summary>
    private static ulong AddCarry(ulong* r, ulong* a, int n, ulong carry)
    {
        int i = 0;
        for (; i < n && carry != 0; i++)
        {
            ulong t = a[i] + carry;
            carry = t < carry ? 1UL : 0UL;
            r[i] = t;
        }

        if (r != a)
            Copy(a + i, n - i, r + i);
        return carry;
    }

    /// <summary>r = a - b over n digits; returns the borrow. r may be a or b.</summary>
    private static ulong SubSameLength(ulong* r, ulong* a, ulong* b, int n)
    {
        ulong borrow = 0;
        for (int i = 0; i < n; i++)
        {
            ulong x = a[i];
            ulong y = b[i];
            ulong s = x - y;
            ulong t = s - borrow;
            borrow = (x < y ? 1UL : 0UL) + (s < borrow ? 1UL : 0UL);
            r[i] = t;
        }

        return borrow;
    }

    /// <summary>r = a - borrow over n digits, the borrow being any digit; returns the borrow. r may be a.</summary>
    private static ulong SubBorrow(ulong* r, ulong* a, int n, ulong borrow)
    {
        int i = 0;
        for (; i < n && borrow != 0; i++)
        {
            ulong x = a[i];
            r[i] = x - borrow;
            borrow = x < borrow ? 1UL : 0UL;
        }

        if (r != a)
            Copy(a + i, n - i, r + i);
        return borrow;
    }

    /// <summary>The order of two arrays of n digits each, normalised or not.</summary>
    private static int CompareSameLength(ulong* a, ulong* b, int n)
    {
        for (int i = n - 1; i >= 0; i--)
        {
            ulong x = a[i];
            ulong y = b[i];
            if (x != y)
                return x < y ? -1 : 1;
        }

        return 0;
    }

    /// <summary>r = a times 2^shift over n digits, 0 &lt;= shift &lt; 64; returns the bits shifted out. r may be at or above a.</summary>
    private static ulong ShiftLeftDigits(ulong* r, ulong* a, int n, int shift)
    {
        // A shift by 64 is a shift by 0 in C#, hence the two steps: one by 1, one by 63 - shift.
        int back = 63 - shift;
        ulong above = a[n - 1];
        ulong carry = (above >> 1) >> back;
        for (int i = n - 1; i > 0; i--)
        {
            ulong below = a[i - 1];
            r[i] = (above << shift) | ((below >> 1) >> back);
            above = below;
        }

        r[0] = above << shift;
        return carry;
    }

    /// <summary>r = a divided by 2^shift over n digits, 0 &lt;= shift &lt; 64, n &gt; 0. r may be at or below a.</summary>
    private static void ShiftRightDigits(ulong* r, ulong* a, int n, int shift)
    {
        int back = 63 - shift;
        ulong below = a[0];
        for (int i = 0; i < n - 1; i++)
        {
            ulong above = a[i + 1];
            r[i] = (below >> shift) | ((above << 1) << back);
            below = above;
        }

        r[n - 1] = below >> shift;
    }

    /// <summary>A block for n digits, not cleared; <see cref="FreeDigits"/> gives it back.</summary>
    private static ulong* AllocDigits(int n) => (ulong*)Allocator.Alloc((nuint)n * sizeof(ulong), Owner.Temporary);

    private static void FreeDigits(ulong* p, int n) => Allocator.Free(p, (nuint)n * sizeof(ulong), Owner.Temporary);
}
