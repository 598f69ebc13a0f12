// Doubles as text, in the formats of float_to_list/2: [short], {scientific, D} and {decimals, D} with or without compact.
//
// Everything works on bytes (ASCII) in the caller's buffer and allocates nothing. The results are those of OTP byte for
// byte, including its oddities, which are noted where they are; recorded tests compare with OTP 25, 27 and 29.
//
// The other parts: FloatTextExact (all decimal digits of a double, and rounding them), FloatTextParse (text to double),
// FloatTextTables (powers of ten).

using System;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace MyBeam.Memory;

/// <summary>Conversion between doubles and ASCII text, by Erlang's rules and without help from an operating system.</summary>
public static unsafe partial class FloatText
{
    /// <summary>Size in bytes of a buffer that every format's text fits into. A longer text is refused, as OTP refuses it.</summary>
    public const int MaxText = 255;

    /// <summary>Size in bytes of a buffer that every text of <see cref="FormatShort"/> fits into ("-2.2250738585072014e-308").</summary>
    public const int MaxShortText = 24;

    /// <summary>The number of decimals of float_to_list/1, which is {scientific, 20}.</summary>
    public const int DefaultDecimals = 20;

    private const int FractionBits = 52;
    private const int ExponentMask = 0x7FF;

    /// <summary>What is subtracted from the stored exponent of a normal number when its significand is read as an integer.</summary>
    private const int ExponentBias = 1075;

    private const ulong SignBit = 1UL << 63;
    private const ulong HiddenBit = 1UL << FractionBits;
    private const ulong FractionMask = HiddenBit - 1;

    /// <summary>2^53: up to here every integer is a double, and {decimals, D} computes in double arithmetic.</summary>
    private const double ExactIntegers = 9007199254740992.0;

    /// <summary>{decimals, D} with a D of this or more is always exact.</summary>
    private const int FirstExactDecimals = 19;

    /// <summary>
    /// Writes the shortest text that reads back as <paramref name="d"/>, the one of float_to_list(F, [short]).
    /// Where several are equally short it is the one nearest to the number.
    /// </summary>
    /// <param name="d">A finite number (Erlang has no others).</param>
    /// <param name="output">At least <see cref="MaxShortText"/> bytes.</param>
    /// <returns>The length of the text in bytes.</returns>
    public static int FormatShort(double d, byte* output)
    {
        Debug.Assert(double.IsFinite(d));
        var bits = BitConverter.DoubleToUInt64Bits(d);
        var at = output;
        if ((bits & SignBit) != 0)
            *at++ = (byte)'-';

        bits &= ~SignBit;
        if (bits == 0)
        {
            at[0] = (byte)'0';
            at[1] = (byte)'.';
            at[2] = (byte)'0';
            return (int)(at + 3 - output);
        }

        var digits = Shortest(bits, out var exponent);
        var text = stackalloc byte[20];
        var count = WriteDigits(digits, text);
        var scientific = exponent + count - 1;
        at = IsFixed(bits, count, exponent, scientific)
            ? WriteShortFixed(at, text, count, scientific)
            : WriteShortScientific(at, text, count, scientific);
        return (int)(at - output);
    }

    /// <summary>
    /// Writes <paramref name="d"/> as "%.De" does: one digit, a point and D correctly rounded digits (no point if D is 0), 'e', a sign and
    /// at least two digits. This is {scientific, D}, and float_to_list/1 with <see cref="DefaultDecimals"/>.
    /// </summary>
    /// <param name="d">A finite number.</param>
    /// <param name="decimals">D; a negative one counts as 6, as it does for OTP, which hands it to printf.</param>
    /// <param name="output">At least <see cref="MaxText"/> bytes.</param>
    /// <returns>The length of the text in bytes, or -1 (badarg) if that is over <see cref="MaxText"/>.</returns>
    public static int FormatScientific(double d, int decimals, byte* output)
    {
        Debug.Assert(double.IsFinite(d));
        if (decimals < 0)
            decimals = 6;
        if (decimals > MaxText)
            return -1;

        var bits = BitConverter.DoubleToUInt64Bits(d);
        var buffer = stackalloc byte[DigitsBuffer];
        var exact = new ExactDigits(bits & ~SignBit, buffer);
        exact.Round(decimals + 1);
        var exponent = exact.Count == 0 ? 0 : exact.Exponent;
        var magnitude = Math.Abs(exponent);
        var sign = (bits & SignBit) != 0 ? 1 : 0;
        var length = sign + 1 + (decimals > 0 ? 1 + decimals : 0) + (magnitude >= 100 ? 5 : 4);
        if (length > MaxText)
            return -1;

        var at = output;
        if (sign != 0)
            *at++ = (byte)'-';
        *at++ = exact.Digit(0);
        if (decimals > 0)
        {
            *at++ = (byte)'.';
            for (var i = 1; i <= decimals; i++)
                *at++ = exact.Digit(i);
        }

        *at++ = (byte)'e';
        *at++ = (byte)(exponent < 0 ? '-' : '+');
        if (magnitude < 10)
            *at++ = (byte)'0';
        at = WriteSmall(at, magnitude);
        Debug.Assert(at - output == length);
        return length;
    }

    /// <summary>
    /// Writes <paramref name="d"/> without an exponent, as {decimals, D} does.
    /// OTP computes in two ways, and the digits differ: up to 2^53 and with D below 19 it scales the fraction in double arithmetic
    /// and rounds halves away from zero (so 0.125 with two decimals is 0.13); otherwise the digits are exact as printf's are.
    /// </summary>
    /// <param name="d">A finite number.</param>
    /// <param name="decimals">D; a negative one is refused.</param>
    /// <param name="compact">
    /// Drop trailing zeros but the one after the point. As in OTP, a number over 2^53, which has no point if D is 0, loses the
    /// zeros of its integer part (1.0e22 is then "1").
    /// </param>
    /// <param name="output">At least <see cref="MaxText"/> bytes.</param>
    /// <returns>The length of the text in bytes, or -1 (badarg) if D is negative or the text before compacting is over <see cref="MaxText"/>.</returns>
    public static int FormatFixed(double d, int decimals, bool compact, byte* output)
    {
        Debug.Assert(double.IsFinite(d));
        if (decimals < 0 || decimals > MaxText)
            return -1;

        var bits = BitConverter.DoubleToUInt64Bits(d);
        var at = output;
        if ((bits & SignBit) != 0)
            *at++ = (byte)'-';

        bits &= ~SignBit;
        var magnitude = BitConverter.UInt64BitsToDouble(bits);
        if (magnitude <= ExactIntegers && decimals < FirstExactDecimals)
        {
            at = WriteScaled(at, magnitude, decimals);
            compact &= decimals > 0;
        }
        else
        {
            at = WriteFixedExact(at, bits, decimals, MaxText - (int)(at - output));
            if (at == null)
                return -1;
        }

        if (compact)
            at = DropZeros(at);
        return (int)(at - output);
    }

    /// <summary>{decimals, D} in double arithmetic; the order of the operations decides the last digit, so it is OTP's.</summary>
    private static byte* WriteScaled(byte* at, double magnitude, int decimals)
    {
        // Everything here is below 2^63, where conversions to integers cut off the fraction.
        var integer = (long)magnitude;
        var rest = magnitude - integer;
        if (decimals == 0)
            return WriteInteger(at, rest >= 0.5 ? integer + 1 : integer);

        var power = 1L;
        for (var i = 0; i < decimals; i++)
            power *= 10;

        // 10^18 is a double, so its conversion is exact.
        var scaled = rest * power;
        var fraction = (long)scaled;
        if (scaled - fraction >= 0.5)
            fraction++;
        if (fraction >= power)
        {
            integer++;
            fraction = 0;
        }

        at = WriteInteger(at, integer);
        *at++ = (byte)'.';
        for (var i = decimals - 1; i >= 0; i--)
        {
            var quotient = fraction / 10;
            at[i] = (byte)('0' + (int)(fraction - (quotient * 10)));
            fraction = quotient;
        }

        return at + decimals;
    }

    /// <summary>{decimals, D} as printf does it, or null if that takes more than <paramref name="room"/> bytes.</summary>
    private static byte* WriteFixedExact(byte* at, ulong bits, int decimals, int room)
    {
        var buffer = stackalloc byte[DigitsBuffer];
        var exact = new ExactDigits(bits, buffer);
        exact.Round(exact.Exponent + 1 + decimals);
        var first = exact.Count == 0 || exact.Exponent < 0 ? 0 : exact.Exponent;
        if (first + 1 + (decimals > 0 ? 1 + decimals : 0) > room)
            return null;

        for (var power = first; power >= 0; power--)
            *at++ = exact.DigitOf(power);
        if (decimals > 0)
        {
            *at++ = (byte)'.';
            for (var power = -1; power >= -decimals; power--)
                *at++ = exact.DigitOf(power);
        }

        return at;
    }

    /// <summary>The new end of a text without its trailing zeros, but with the one after a point.</summary>
    private static byte* DropZeros(byte* end)
    {
        // There always is another digit: no text is made of zeros alone unless it has a point.
        while (end[-1] == '0')
            end--;
        return end[-1] == '.' ? end + 1 : end;
    }

    /// <summary>
    /// Whether [short] writes the number without an exponent (OTP: erts/emulator/ryu/to_chars.h): where that is not longer, except
    /// from 2^53 on, where the digits before the point would not all be significant.
    /// </summary>
    private static bool IsFixed(ulong bits, int count, int exponent, int scientific)
    {
        if (BitConverter.UInt64BitsToDouble(bits) >= ExactIntegers)
            return false;
        if (count == 1)
            return exponent is >= -4 and <= 2;

        // An exponent of two digits makes room for one more zero.
        return exponent >= -(count + 2) && exponent <= (scientific >= 10 ? 2 : 1);
    }

    private static byte* WriteShortFixed(byte* at, byte* text, int count, int scientific)
    {
        if (scientific < 0)
        {
            *at++ = (byte)'0';
            *at++ = (byte)'.';
            for (var i = -1; i > scientific; i--)
                *at++ = (byte)'0';
            for (var i = 0; i < count; i++)
                *at++ = text[i];
            return at;
        }

        for (var i = 0; i <= scientific; i++)
            *at++ = i < count ? text[i] : (byte)'0';
        *at++ = (byte)'.';
        if (count <= scientific + 1)
            *at++ = (byte)'0';
        for (var i = scientific + 1; i < count; i++)
            *at++ = text[i];
        return at;
    }

    private static byte* WriteShortScientific(byte* at, byte* text, int count, int scientific)
    {
        *at++ = text[0];
        *at++ = (byte)'.';
        if (count == 1)
            *at++ = (byte)'0';
        for (var i = 1; i < count; i++)
            *at++ = text[i];
        *at++ = (byte)'e';
        if (scientific < 0)
        {
            *at++ = (byte)'-';
            scientific = -scientific;
        }

        return WriteSmall(at, scientific);
    }

    /// <summary>Writes a number from 0 to 999 without leading zeros.</summary>
    private static byte* WriteSmall(byte* at, int value)
    {
        if (value >= 100)
            *at++ = (byte)('0' + (value / 100));
        if (value >= 10)
            *at++ = (byte)('0' + (value / 10 % 10));
        *at++ = (byte)('0' + (value % 10));
        return at;
    }

    private static byte* WriteInteger(byte* at, long value) => at + WriteDigits((ulong)value, at);

    /// <summary>Writes a number without leading zeros, 20 bytes at most, and gives the count of its digits.</summary>
    private static int WriteDigits(ulong value, byte* output)
    {
        var count = 1;
        for (var rest = value; rest >= 10; rest /= 10)
            count++;
        for (var i = count - 1; i >= 0; i--)
        {
            var quotient = value / 10;
            output[i] = (byte)('0' + (int)(value - (quotient * 10)));
            value = quotient;
        }

        return count;
    }

    /// <summary>
    /// The shortest decimal digits * 10^<paramref name="exponent"/> that rounds to a positive double, without trailing zeros; of the
    /// shortest ones the nearest. The method is Schubfach (Raffaello Giulietti, "The Schubfach way to render doubles").
    /// </summary>
    private static ulong Shortest(ulong bits, out int exponent)
    {
        var stored = (int)(bits >> FractionBits);
        var fraction = bits & FractionMask;
        var significand = stored == 0 ? fraction : fraction | HiddenBit;
        var binary = (stored == 0 ? 1 : stored) - ExponentBias;

        // Integers below 2^53 are their own shortest digits: a neighbouring decimal within half a unit has more of them.
        if (binary is <= 0 and >= -FractionBits && (significand & ((1UL << -binary) - 1)) == 0)
        {
            exponent = 0;
            return DropZeros(significand >> -binary, ref exponent);
        }

        // The double below a power of two is only half as far away as the one above.
        var closer = fraction == 0 && stored > 1;

        // With an even significand the bounds of the rounding interval themselves round to the number.
        var excluded = significand & 1;

        // 10^k is the largest power of ten not above the width of the interval: floor(log10(2^binary * (closer ? 3/4 : 1))).
        var k = ((binary * 1262611) - (closer ? 524031 : 0)) >> 22;
        var shift = binary + FloorLog2PowerOfTen(-k) + 1;
        var at = 2 * (-k - MinPower);
        var high = PowersOfTen[at];
        var low = PowersOfTen[at + 1];

        // The number and its bounds in quarters of 10^k.
        var value = MultiplyToOdd(high, low, (4 * significand) << shift);
        var lower = MultiplyToOdd(high, low, ((4 * significand) - (closer ? 1UL : 2UL)) << shift) + excluded;
        var upper = MultiplyToOdd(high, low, ((4 * significand) + 2) << shift) - excluded;

        var floor = value / 4;
        exponent = k;
        if (floor >= 10)
        {
            // At most one multiple of 10^(k+1) is inside; it is shorter than any multiple of 10^k.
            var tens = floor / 10;
            var downInside = lower <= 40 * tens;
            var upInside = (40 * tens) + 40 <= upper;
            if (downInside != upInside)
            {
                exponent = k + 1;
                return DropZeros(upInside ? tens + 1 : tens, ref exponent);
            }
        }

        {
            var downInside = lower <= 4 * floor;
            var upInside = (4 * floor) + 4 <= upper;
            var middle = (4 * floor) + 2;
            var up = downInside != upInside ? upInside : value > middle || (value == middle && (floor & 1) != 0);
            return DropZeros(up ? floor + 1 : floor, ref exponent);
        }
    }

    /// <summary>Moves trailing decimal zeros of a positive number into the exponent.</summary>
    private static ulong DropZeros(ulong digits, ref int exponent)
    {
        while (true)
        {
            var quotient = digits / 10;
            if (quotient * 10 != digits)
                return digits;
            digits = quotient;
            exponent++;
        }
    }

    /// <summary>
    /// The bits from 128 on of (high:low) * factor, with the lowest bit set if any bit was cut off: enough to compare with quarters exactly.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong MultiplyToOdd(ulong high, ulong low, ulong factor)
    {
        var carried = Math.BigMul(low, factor, out _);
        var top = Math.BigMul(high, factor, out var middle);
        middle += carried;
        if (middle < carried)
            top++;

        // The table's excess of less than one unit may put a one into middle, hence not "!= 0".
        return middle > 1 ? top | 1 : top;
    }

    /// <summary>floor(log2(10^k)), right for every k of the table.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int FloorLog2PowerOfTen(int k) => (k * 1741647) >> 19;
}
