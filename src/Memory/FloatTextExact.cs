// All decimal digits of a double, and rounding them half to even as printf does; the small integer arithmetic for it.
//
// A double is an integer times a power of two, so its decimal expansion is finite: at most 767 digits from the first to
// the last that is not zero. They are computed with integers of 32-bit limbs, little endian, in buffers on the stack. This
// does not use Digits (the arithmetic of bignum terms): the sizes are bounded here, and 32-bit limbs divide by 10^9 with
// one machine instruction each.

using System.Diagnostics;
using System.Numerics;

namespace MyBeam.Memory;

public static unsafe partial class FloatText
{
    /// <summary>Bytes an <see cref="ExactDigits"/> needs: 86 chunks of nine digits and one more for a carry, rounded up.</summary>
    private const int DigitsBuffer = 784;

    /// <summary>Limbs that hold every integer of this file and of FloatTextParse: these stay below 2^2750.</summary>
    private const int MaxLimbs = 88;

    /// <summary>5^13, the largest power of five in a limb.</summary>
    private const uint FiveTo13 = 1220703125;

    /// <summary>The decimal digits of a double, in a buffer of the caller's.</summary>
    private struct ExactDigits
    {
        private byte* _first;

        /// <summary>The number of digits; all after them are zeros. Zero has none.</summary>
        public int Count { get; private set; }

        /// <summary>The power of ten the first digit counts; -1 for zero, so that the number is below 1.</summary>
        public int Exponent { get; private set; }

        /// <summary>All digits of the double with these bits, which has no sign and is finite.</summary>
        public ExactDigits(ulong bits, byte* buffer)
        {
            _first = buffer;
            Count = 0;
            Exponent = -1;
            if (bits == 0)
                return;

            var stored = (int)(bits >> FractionBits);
            var significand = stored == 0 ? bits : (bits & FractionMask) | HiddenBit;
            var binary = (stored == 0 ? 1 : stored) - ExponentBias;
            var zeros = BitOperations.TrailingZeroCount(significand);
            significand >>= zeros;
            binary += zeros;

            // m * 2^-n is m * 5^n / 10^n.
            var limbs = stackalloc uint[MaxLimbs];
            var length = SetLimbs(limbs, significand);
            var scale = 0;
            if (binary >= 0)
            {
                length = ShiftLimbs(limbs, length, binary);
            }
            else
            {
                scale = -binary;
                length = MultiplyByPowerOfFive(limbs, length, scale);
            }

            // From the end of the buffer towards its start, which leaves room for a carry before the first digit.
            var end = buffer + DigitsBuffer;
            var at = end;
            while (length > 0)
            {
                length = DivideLimbs(limbs, length, 1000000000, out var chunk);
                for (var i = 0; i < 9; i++)
                {
                    var quotient = chunk / 10;
                    *--at = (byte)('0' + (chunk - (quotient * 10)));
                    chunk = quotient;
                }
            }

            while (*at == '0')
                at++;
            Debug.Assert(at > buffer);
            _first = at;
            Count = (int)(end - at);
            Exponent = Count - 1 - scale;
        }

        /// <summary>Rounds to the first <paramref name="keep"/> digits, half to even; with 0 or fewer, to 0 or the unit before the first digit.</summary>
        public void Round(int keep)
        {
            if (keep >= Count)
                return;
            if (keep < 0)
            {
                Count = 0;
                Exponent = -1;
                return;
            }

            var up = _first[keep] > '5';
            if (_first[keep] == '5')
            {
                // The digit before the first one is a zero, which is even.
                up = keep > 0 && (_first[keep - 1] & 1) != 0;
                for (var i = keep + 1; i < Count && !up; i++)
                    up = _first[i] != '0';
            }

            Count = keep;
            if (up)
            {
                while (Count > 0 && _first[Count - 1] == '9')
                    Count--;
                if (Count == 0)
                {
                    *--_first = (byte)'0';
                    Count = 1;
                    Exponent++;
                }

                _first[Count - 1]++;
            }
            else if (keep == 0)
            {
                Exponent = -1;
            }
        }

        /// <summary>The digit with this index, counted from the first, as a character.</summary>
        public readonly byte Digit(int index) => (uint)index < (uint)Count ? _first[index] : (byte)'0';

        /// <summary>The digit that counts 10^<paramref name="power"/>, as a character.</summary>
        public readonly byte DigitOf(int power) => Digit(Exponent - power);
    }

    /// <summary>Stores a positive number; gives the length in limbs.</summary>
    private static int SetLimbs(uint* limbs, ulong value)
    {
        limbs[0] = (uint)value;
        limbs[1] = (uint)(value >> 32);
        return limbs[1] != 0 ? 2 : 1;
    }

    /// <summary>limbs * factor + addend in place; gives the new length.</summary>
    private static int MultiplyLimbs(uint* limbs, int length, uint factor, uint addend)
    {
        ulong carry = addend;
        for (var i = 0; i < length; i++)
        {
            carry += (ulong)limbs[i] * factor;
            limbs[i] = (uint)carry;
            carry >>= 32;
        }

        if (carry != 0)
        {
            Debug.Assert(length < MaxLimbs);
            limbs[length++] = (uint)carry;
        }

        return length;
    }

    /// <summary>limbs * 5^power in place; gives the new length.</summary>
    private static int MultiplyByPowerOfFive(uint* limbs, int length, int power)
    {
        for (; power >= 13; power -= 13)
            length = MultiplyLimbs(limbs, length, FiveTo13, 0);
        var rest = 1u;
        for (; power > 0; power--)
            rest *= 5;
        return rest == 1 ? length : MultiplyLimbs(limbs, length, rest, 0);
    }

    /// <summary>limbs * 2^bits in place; gives the new length.</summary>
    private static int ShiftLimbs(uint* limbs, int length, int bits)
    {
        var whole = bits >> 5;
        var part = bits & 31;
        Debug.Assert(length + whole < MaxLimbs);
        limbs[length] = 0;
        for (var i = length; i >= 0; i--)
        {
            var below = i > 0 ? limbs[i - 1] : 0;
            limbs[i + whole] = (uint)((((ulong)limbs[i] << 32) | below) << part >> 32);
        }

        for (var i = 0; i < whole; i++)
            limbs[i] = 0;
        length += whole + 1;
        return limbs[length - 1] != 0 ? length : length - 1;
    }

    /// <summary>limbs / divisor in place; gives the new length and the remainder.</summary>
    private static int DivideLimbs(uint* limbs, int length, uint divisor, out uint remainder)
    {
        ulong rest = 0;
        for (var i = length - 1; i >= 0; i--)
        {
            var part = (rest << 32) | limbs[i];
            var quotient = part / divisor;
            limbs[i] = (uint)quotient;
            rest = part - (quotient * divisor);
        }

        remainder = (uint)rest;
        while (length > 0 && limbs[length - 1] == 0)
            length--;
        return length;
    }

    /// <summary>Negative, zero or positive as a is less than, equal to or greater than b.</summary>
    private static int CompareLimbs(uint* a, int aLength, uint* b, int bLength)
    {
        if (aLength != bLength)
            return aLength - bLength;
        for (var i = aLength - 1; i >= 0; i--)
        {
            if (a[i] != b[i])
                return a[i] < b[i] ? -1 : 1;
        }

        return 0;
    }
}
