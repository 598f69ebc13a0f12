// Text to double: Erlang's syntax, correctly rounded.
//
// The first 19 digits and the power of ten give, with one 64 by 128 bit product, bounds on the number that nearly always
// round to the same double (the idea is Eisel and Lemire's, "Number parsing at a gigabyte per second"; keeping both bounds
// instead of their case analysis makes the rounding evidently right). If the bounds disagree, all digits are compared
// with the point half way between the two doubles in exact arithmetic.

using System;
using System.Diagnostics;
using System.Numerics;

namespace MyBeam.Memory;

public static unsafe partial class FloatText
{
    private const ulong InfinityBits = (ulong)ExponentMask << FractionBits;

    /// <summary>Digits that fit into 64 bits whatever they are.</summary>
    private const int MaxFastDigits = 19;

    /// <summary>
    /// Digits that the exact comparison reads. A point half way between two doubles has at most 768, so whether anything but
    /// zeros comes after these is all that matters of the rest.
    /// </summary>
    private const int MaxExactDigits = 770;

    /// <summary>Exponents are not counted further than this, which is beyond what digits in an address space can make up for.</summary>
    private const long MaxExponent = 1L << 60;

    /// <summary>What a text says: digits * 10^Exponent, with digits cut off after the nineteenth.</summary>
    private struct ParsedText
    {
        /// <summary>The first significant digits, 19 at most.</summary>
        public ulong Digits;

        /// <summary>The power of ten of the last digit in <see cref="Digits"/>.</summary>
        public long Exponent;

        /// <summary>Whether a digit that is not zero was cut off.</summary>
        public bool Truncated;

        /// <summary>The first significant digit in the text; everything up to <see cref="End"/> is digits and the point.</summary>
        public byte* First;

        /// <summary>Where the digits end, which is at the exponent or the end of the text.</summary>
        public byte* End;

        /// <summary>Whether <see cref="First"/> is after the point.</summary>
        public bool FirstIsFraction;

        /// <summary>What the text says as its exponent.</summary>
        public long Written;
    }

    /// <summary>
    /// The length of the float at the start of a text, or 0 if there is none: an optional sign, digits, a point or comma, digits, and, if
    /// it is complete, an exponent of 'e' or 'E', an optional sign and digits. What string:to_float/1 takes off the front.
    /// </summary>
    public static nuint Scan(byte* text, nuint length)
    {
        nuint at = 0;
        if (at < length && IsSign(text[at]))
            at++;
        var digits = SkipDigits(text, at, length);
        if (digits == at || digits == length || !IsPoint(text[digits]))
            return 0;

        at = digits + 1;
        digits = SkipDigits(text, at, length);
        if (digits == at)
            return 0;

        at = digits;
        if (at == length || (text[at] | 0x20) != 'e')
            return at;
        var exponent = at + 1;
        if (exponent < length && IsSign(text[exponent]))
            exponent++;
        digits = SkipDigits(text, exponent, length);
        return digits == exponent ? at : digits;
    }

    /// <summary>
    /// Reads a whole text as list_to_float/1 and binary_to_float/1 do. As in OTP, where the text goes through C's strtod, a comma counts as
    /// the point and the text ends at a NUL byte.
    /// </summary>
    /// <returns>False (badarg) if the text is not a float or its value is too large. One too small for a double is 0.0 or -0.0.</returns>
    public static bool TryParse(byte* text, nuint length, out double value)
    {
        value = 0;
        var consumed = Scan(text, length);
        if (consumed == 0 || (consumed < length && text[consumed] != 0))
            return false;
        return TryConvert(text, consumed, out value);
    }

    /// <summary>
    /// The double nearest to a text that <see cref="Scan"/> accepted in its full <paramref name="length"/>, half to even.
    /// </summary>
    /// <returns>False if the value is too large for a double.</returns>
    public static bool TryConvert(byte* text, nuint length, out double value)
    {
        Debug.Assert(Scan(text, length) == length && length > 0);
        var negative = text[0] == '-';
        var read = Read(text, text + length);
        var bits = Convert(in read);
        value = BitConverter.UInt64BitsToDouble(negative ? bits | SignBit : bits);
        return bits < InfinityBits;
    }

    private static bool IsSign(byte c) => c is (byte)'+' or (byte)'-';

    private static bool IsPoint(byte c) => c is (byte)'.' or (byte)',';

    private static bool IsDigit(byte c) => (uint)(c - '0') <= 9;

    private static nuint SkipDigits(byte* text, nuint at, nuint length)
    {
        while (at < length && IsDigit(text[at]))
            at++;
        return at;
    }

    /// <summary>Takes a valid text apart.</summary>
    private static ParsedText Read(byte* at, byte* end)
    {
        ParsedText read = default;
        if (IsSign(*at))
            at++;

        var count = 0;
        var fraction = false;
        long exponent = 0;
        for (; at < end && (*at | 0x20) != 'e'; at++)
        {
            if (IsPoint(*at))
            {
                fraction = true;
                continue;
            }

            var digit = (uint)(*at - '0');
            if (count == 0 && digit != 0)
            {
                read.First = at;
                read.FirstIsFraction = fraction;
            }

            if (count == MaxFastDigits)
            {
                // Cut off: before the point the others count ten times more for it.
                read.Truncated |= digit != 0;
                exponent += fraction ? 0 : 1;
                continue;
            }

            exponent -= fraction ? 1 : 0;
            if (count > 0 || digit != 0)
            {
                read.Digits = (read.Digits * 10) + digit;
                count++;
            }
        }

        read.End = at;
        if (at < end)
        {
            at++;
            var negative = *at == '-';
            if (IsSign(*at))
                at++;
            long written = 0;
            for (; at < end; at++)
            {
                if (written < MaxExponent)
                    written = (written * 10) + (*at - '0');
            }

            read.Written = negative ? -written : written;
        }

        read.Exponent = exponent + read.Written;
        return read;
    }

    /// <summary>The bits of the double nearest to a decimal without its sign; those of infinity if it is too large.</summary>
    private static ulong Convert(in ParsedText read)
    {
        var digits = read.Digits;
        var exponent = read.Exponent;
        if (digits == 0)
            return 0;

        if (!read.Truncated)
        {
            // "1.00000000000000000000e+00", the form of float_to_list/1, has few digits once its zeros are gone.
            if (digits > HiddenBit * 2)
                digits = StripZeros(digits, ref exponent);

            // Both are doubles then, and one operation rounds once (W. Clinger, "How to read floating point numbers accurately").
            if (digits <= HiddenBit * 2 && exponent is >= -22 and <= 22)
            {
                var power = BitConverter.UInt64BitsToDouble(BitsOfPowerOfTen((int)Math.Abs(exponent)));
                double exact = (long)digits;
                return BitConverter.DoubleToUInt64Bits(exponent < 0 ? exact / power : exact * power);
            }
        }

        // The value is at least 10^exponent and less than 10^(exponent + 20); outside of the table it is surely 0 or too large.
        if (exponent > 308)
            return InfinityBits;
        if (exponent < MinPower)
            return 0;

        if (Bounds(digits, (int)exponent, read.Truncated, out var lower, out var upper) && lower == upper)
            return lower;
        return Exact(in read, lower);
    }

    private static ulong StripZeros(ulong digits, ref long exponent)
    {
        var moved = 0;
        digits = DropZeros(digits, ref moved);
        exponent += moved;
        return digits;
    }

    /// <summary>The bits of the double 10^k for k from 0 to 22.</summary>
    private static ulong BitsOfPowerOfTen(int k)
    {
        var high = PowersOfTen[2 * (k - MinPower)];
        var binary = FloorLog2PowerOfTen(k) + 1023;
        return ((ulong)binary << FractionBits) | ((high >> 11) & FractionMask);
    }

    /// <summary>
    /// The doubles that a lower and an upper bound on digits * 10^exponent round to. False if there is no upper bound; the lower one is
    /// valid then too.
    /// </summary>
    private static bool Bounds(ulong digits, int exponent, bool truncated, out ulong lower, out ulong upper)
    {
        var at = 2 * (exponent - MinPower);
        var high = PowersOfTen[at];
        var low = PowersOfTen[at + 1];
        var shift = BitOperations.LeadingZeroCount(digits);
        var binary = FloorLog2PowerOfTen(exponent) - 127 - shift;
        digits <<= shift;

        // digits * (high:low), 192 bits. The table is too large by less than one unit, so the product is by less than digits.
        var top = Multiply(high, low, digits, out var middle, out var bottom);
        if (exponent is >= 0 and <= MaxExactPower)
        {
            lower = RoundProduct(top, middle, bottom, binary);
        }
        else
        {
            var borrow = bottom < digits ? 1UL : 0UL;
            lower = RoundProduct(middle < borrow ? top - 1 : top, middle - borrow, bottom - digits, binary);
        }

        upper = 0;
        if (truncated)
        {
            digits += 1UL << shift;
            if (digits == 0)
                return false;
            top = Multiply(high, low, digits, out middle, out bottom);
        }

        upper = RoundProduct(top, middle, bottom, binary);
        return true;
    }

    /// <summary>(high:low) * factor, the top 64 bits returned.</summary>
    private static ulong Multiply(ulong high, ulong low, ulong factor, out ulong middle, out ulong bottom)
    {
        var carried = Math.BigMul(low, factor, out bottom);
        var top = Math.BigMul(high, factor, out middle);
        middle += carried;
        return middle < carried ? top + 1 : top;
    }

    /// <summary>The bits of the double nearest to (top:middle:bottom) * 2^binary, half to even; infinity's if that is too large.</summary>
    private static ulong RoundProduct(ulong top, ulong middle, ulong bottom, int binary)
    {
        var shift = BitOperations.LeadingZeroCount(top);
        if (shift > 0)
        {
            top = (top << shift) | (middle >> (64 - shift));
            middle = (middle << shift) | (bottom >> (64 - shift));
            bottom <<= shift;
        }

        // The leading bit counts 2^(binary + 191 - shift).
        var stored = binary + 191 - shift + 1023;
        if (stored >= ExponentMask)
            return InfinityBits;

        // A number too small to be normal keeps fewer bits.
        var cut = 63 - FractionBits;
        if (stored < 1)
        {
            cut += 1 - stored;
            stored = 0;
            if (cut > 64)
                return 0;
        }

        var kept = cut == 64 ? 0 : top >> cut;
        var half = 1UL << (cut - 1);
        var rest = top & ((half << 1) - 1);
        var up = rest > half || (rest == half && ((middle | bottom) != 0 || (kept & 1) != 0));

        // A carry goes into the exponent, which is right, up to infinity.
        var bits = stored == 0 ? kept : ((ulong)stored << FractionBits) + (kept - HiddenBit);
        return up ? bits + 1 : bits;
    }

    /// <summary>
    /// The double nearest to all digits, which is <paramref name="candidate"/> or the next: compares with the point half way between.
    /// </summary>
    private static ulong Exact(in ParsedText read, ulong candidate)
    {
        if (candidate >= InfinityBits)
            return InfinityBits;

        var left = stackalloc uint[MaxLimbs];
        var leftLength = ReadDigits(in read, left, out var exponent);

        var stored = (int)(candidate >> FractionBits);
        var significand = stored == 0 ? candidate : (candidate & FractionMask) | HiddenBit;
        var binary = (stored == 0 ? 1 : stored) - ExponentBias - 1;
        var right = stackalloc uint[MaxLimbs];
        var rightLength = SetLimbs(right, (significand * 2) + 1);

        // digits * 10^exponent against halfway * 2^binary: bring the powers of five to the side where they are factors, then those of two.
        if (exponent >= 0)
            leftLength = MultiplyByPowerOfFive(left, leftLength, exponent);
        else
            rightLength = MultiplyByPowerOfFive(right, rightLength, -exponent);
        var shift = exponent - binary;
        if (shift >= 0)
            leftLength = ShiftLimbs(left, leftLength, shift);
        else
            rightLength = ShiftLimbs(right, rightLength, -shift);

        var order = CompareLimbs(left, leftLength, right, rightLength);
        if (order == 0)
            return candidate + (candidate & 1);
        return order > 0 ? candidate + 1 : candidate;
    }

    /// <summary>
    /// The digits of a text as an integer, to be multiplied by 10^<paramref name="exponent"/>; of more than <see cref="MaxExactDigits"/> the
    /// rest is a digit 1 if any of it is not zero.
    /// </summary>
    private static int ReadDigits(in ParsedText read, uint* limbs, out int exponent)
    {
        var length = 0;
        var count = 0;
        var fraction = read.FirstIsFraction;
        var more = false;
        var written = read.Written;

        // If the first digit is in the fraction, the zeros between it and the point count too.
        if (fraction)
        {
            for (var at = read.First - 1; *at == '0'; at--)
                written--;
        }

        for (var at = read.First; at < read.End; at++)
        {
            if (IsPoint(*at))
            {
                fraction = true;
                continue;
            }

            var digit = (uint)(*at - '0');
            if (count == MaxExactDigits)
            {
                more |= digit != 0;
                written += fraction ? 0 : 1;
                continue;
            }

            length = MultiplyLimbs(limbs, length, 10, digit);
            count++;
            written -= fraction ? 1 : 0;
        }

        if (more)
        {
            length = MultiplyLimbs(limbs, length, 10, 1);
            written--;
        }

        exponent = (int)written;
        return length;
    }
}
