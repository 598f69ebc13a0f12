// Between magnitudes and IEEE 754 doubles, exactly: conversions and comparison. Done on the bits of the double, so that
// nothing depends on the rounding of a processor or a helper of the runtime.

using System;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace MyBeam.Memory;

public static unsafe partial class Digits
{
    /// <summary>Digits that <see cref="FromDouble"/> may write: the largest double is just below 2^1024.</summary>
    public const int MaxDoubleDigits = 16;

    private const int MantissaBits = 52;
    private const int ExponentBias = 1023;
    private const ulong HiddenBit = 1UL << MantissaBits;

    /// <summary>
    /// The double nearest to a, ties to even. overflow: a rounds to 2^1024 or above, where Erlang raises badarg; the value is
    /// then infinity.
    /// </summary>
    public static double ToDouble(ulong* a, int n, out bool overflow)
    {
        overflow = false;
        if (n == 0)
            return 0.0;

        long bits = BitLength(a, n);
        if (bits > ExponentBias + 1)
        {
            overflow = true;
            return double.PositiveInfinity;
        }

        // The top 64 bits, the highest set; whatever is below only matters for being there.
        int shift = BitOperations.LeadingZeroCount(a[n - 1]);
        ulong top = a[n - 1] << shift;
        ulong rest = 0;
        if (n > 1)
        {
            ulong below = a[n - 2];
            top |= (below >> 1) >> (63 - shift);
            rest = below << shift;
            for (int i = n - 3; i >= 0 && rest == 0; i--)
                rest = a[i];
        }

        ulong mantissa = top >> 11;
        ulong dropped = top & 0x7FF;
        const ulong Half = 0x400;
        if (dropped > Half || (dropped == Half && (rest != 0 || (mantissa & 1) != 0)))
            mantissa++;

        // Adding instead of or-ing: a mantissa rounded up to 2^53 carries into the exponent, which is then right.
        ulong exponent = (ulong)(bits - 1 + ExponentBias - 1) << MantissaBits;
        double value = BitConverter.UInt64BitsToDouble(exponent + mantissa);
        overflow = double.IsInfinity(value);
        return value;
    }

    /// <summary>
    /// The magnitude of a finite double without its fraction; its sign is the caller's business.
    /// r: <see cref="MaxDoubleDigits"/> digits.
    /// </summary>
    public static int FromDouble(double truncated, ulong* r)
    {
        ulong bits = BitConverter.DoubleToUInt64Bits(truncated);
        int exponent = (int)((bits >> MantissaBits) & 0x7FF);
        Debug.Assert(exponent != 0x7FF);
        if (exponent < ExponentBias)
            return 0;

        ulong mantissa = (bits & (HiddenBit - 1)) | HiddenBit;
        int shift = exponent - ExponentBias - MantissaBits;
        if (shift <= 0)
        {
            r[0] = mantissa >> -shift;
            return 1;
        }

        // Not ShiftLeft, which would write a digit more.
        int words = shift >> 6;
        int bitsLeft = shift & 63;
        for (int i = 0; i < words; i++)
            r[i] = 0;
        r[words] = mantissa << bitsLeft;
        ulong high = (mantissa >> 1) >> (63 - bitsLeft);
        if (high == 0)
            return words + 1;
        r[words + 1] = high;
        return words + 2;
    }

    /// <summary>
    /// The order of a magnitude and a double that is not NaN, by their exact values: negative, 0 or positive as a is below, equal
    /// to or above d. A negative d is below every a; compare negative integers by their magnitudes, with -d.
    /// </summary>
    [SkipLocalsInit]
    public static int CompareDouble(ulong* a, int n, double d)
    {
        Debug.Assert(!double.IsNaN(d));
        if (double.IsInfinity(d))
            return d > 0 ? -1 : 1;
        if (d < 0)
            return 1;

        // Different lengths decide most cases before anything is converted.
        ulong bits = BitConverter.DoubleToUInt64Bits(d);
        int lengthOfD = (int)((bits >> MantissaBits) & 0x7FF) - ExponentBias + 1;
        long length = BitLength(a, n);
        if (length > 0 && length != lengthOfD)
            return length < lengthOfD ? -1 : 1;

        ulong* whole = stackalloc ulong[MaxDoubleDigits];
        int m = FromDouble(d, whole);
        int order = Compare(a, n, whole, m);
        if (order != 0)
            return order;
        return HasFraction(d) ? -1 : 0;
    }

    /// <summary>Is a finite double not an integer?</summary>
    private static bool HasFraction(double d)
    {
        ulong bits = BitConverter.DoubleToUInt64Bits(d);
        int exponent = (int)((bits >> MantissaBits) & 0x7FF) - ExponentBias;
        if (exponent < 0)
            return (bits << 1) != 0;
        if (exponent >= MantissaBits)
            return false;
        return (bits & ((HiddenBit - 1) >> exponent)) != 0;
    }
}
