// Floats of 16 and 32 bits in bit fields: conversions from and to doubles, rounding to nearest, ties to even (IEEE 754). What is too large for the
// smaller format becomes an infinity, as in OTP (measured: <<1.0e300:32/float>> is 7F800000).
namespace MyBeam.Memory;

using System;

/// <summary>Conversions of narrow floats.</summary>
public static unsafe class BitsFloat
{
    /// <summary>The double that a field holds. False for sizes other than 16, 32, 64 and for infinities and NaN.</summary>
    public static bool Read(byte* data, ulong start, ulong bits, int flags, out double value)
    {
        value = 0;
        if (bits is not (16 or 32 or 64)) return false;
        ulong raw = BitsInteger.Word(data, start, (int)bits, (flags & BitsInteger.Little) != 0);
        value = bits == 64 ? BitConverter.UInt64BitsToDouble(raw) : bits == 32 ? BitConverter.Int32BitsToSingle((int)raw) : FromHalf((uint)raw);
        return double.IsFinite(value);
    }

    /// <summary>The bits of a double in a format of 16, 32 or 64 bits.</summary>
    public static ulong Encode(double value, int bits)
    {
        if (bits == 64) return BitConverter.DoubleToUInt64Bits(value);
        if (bits == 32) return (uint)BitConverter.SingleToInt32Bits((float)value);
        return ToHalf(value);
    }

    /// <summary>The value of a 16-bit float.</summary>
    public static double FromHalf(uint half)
    {
        ulong sign = (ulong)(half & 0x8000) << 48;
        uint exponent = (half >> 10) & 0x1F, fraction = half & 0x3FF;
        if (exponent == 0)
        {
            double tiny = fraction * (1.0 / (1 << 24));
            return sign != 0 ? -tiny : tiny;
        }
        ulong wide = exponent == 31 ? 0x7FF : exponent + 1023 - 15;
        return BitConverter.UInt64BitsToDouble(sign | (wide << 52) | ((ulong)fraction << 42));
    }

    /// <summary>The 16-bit float nearest to a finite double.</summary>
    public static uint ToHalf(double value)
    {
        ulong raw = BitConverter.DoubleToUInt64Bits(value);
        uint sign = (uint)(raw >> 48) & 0x8000;
        int exponent = (int)((raw >> 52) & 0x7FF) - 1023;
        if (exponent > 15) return sign | 0x7C00;
        // Below half of the smallest subnormal everything is zero.
        if (exponent < -25) return sign;
        ulong mantissa = (raw & ((1UL << 52) - 1)) | (1UL << 52);
        // Subnormals lose one bit more for each step below the smallest exponent.
        int drop = exponent >= -14 ? 42 : 42 + (-14 - exponent);
        ulong kept = mantissa >> drop, half = 1UL << (drop - 1), low = mantissa & ((half << 1) - 1);
        if (low > half || (low == half && (kept & 1) != 0)) kept++;
        // A normal number's hidden bit adds one to the exponent field, and a carry out of the fraction another: both land where they belong.
        uint field = exponent >= -14 ? (uint)(exponent + 14) << 10 : 0;
        uint result = field + (uint)kept;
        return sign | (result > 0x7C00 ? 0x7C00 : result);
    }
}
