// FloatText against recorded results of OTP (the theories: float_to_list/1,2, list_to_float/1 and string:to_float/1 of OTP 29.1.1,
// erts 17.1; OTP 25 and 27 give the same) and against the .NET runtime and exact arithmetic (the random tests; a failure names the
// seed and the text).

using System;
using System.Globalization;
using System.Numerics;
using System.Text;
using Xunit;

namespace MyBeam.Memory.Tests;

public sealed unsafe class FloatTextTests
{
    // ---- recorded from OTP --------------------------------------------------------------------------------------------

    [Theory]
    [InlineData(0x0000000000000000UL, "0.0")]
    [InlineData(0x8000000000000000UL, "-0.0")]
    [InlineData(0x3fb999999999999aUL, "0.1")]
    [InlineData(0xbfb999999999999aUL, "-0.1")]
    [InlineData(0x3ff0000000000000UL, "1.0")]
    [InlineData(0x3fe0000000000000UL, "0.5")]
    [InlineData(0x4059000000000000UL, "100.0")]
    [InlineData(0x408f400000000000UL, "1.0e3")]
    [InlineData(0x40f86a0000000000UL, "1.0e5")]
    [InlineData(0x40c81a0000000000UL, "12340.0")]
    [InlineData(0x40fe208000000000UL, "1.234e5")]
    [InlineData(0x419d6f3454000000UL, "123456789.0")]
    [InlineData(0x41d26580b4800000UL, "1234567890.0")]
    [InlineData(0x4206fee0e1a00000UL, "12345678900.0")]
    [InlineData(0x423cbe991a080000UL, "1.23456789e11")]
    [InlineData(0x3f50624dd2f1a9fcUL, "0.001")]
    [InlineData(0x3f1a36e2eb1c432dUL, "0.0001")]
    [InlineData(0x3ee4f8b588e368f1UL, "1.0e-5")]
    [InlineData(0x3f1f75104d551d69UL, "1.2e-4")]
    [InlineData(0x3ee92a737110e454UL, "1.2e-5")]
    [InlineData(0x3f5437c5692b3cc5UL, "0.001234")]
    [InlineData(0x430c6bf526340000UL, "1.0e15")]
    [InlineData(0x4341c37937e08000UL, "1.0e16")]
    [InlineData(0x444b1ae4d6e2ef50UL, "1.0e21")]
    [InlineData(0x4480f0cf064dd592UL, "1.0e22")]
    [InlineData(0x433fffffffffffffUL, "9007199254740991.0")]
    [InlineData(0x4340000000000000UL, "9.007199254740992e15")]
    [InlineData(0x433ffffffffffffeUL, "9007199254740990.0")]
    [InlineData(0x433fffffffffffa4UL, "9007199254740900.0")]
    [InlineData(0xc340000000000000UL, "-9.007199254740992e15")]
    [InlineData(0x0000000000000001UL, "5.0e-324")]
    [InlineData(0x0010000000000000UL, "2.2250738585072014e-308")]
    [InlineData(0x8010000000000000UL, "-2.2250738585072014e-308")]
    [InlineData(0x7fefffffffffffffUL, "1.7976931348623157e308")]
    [InlineData(0x3e60000000000000UL, "2.9802322387695312e-8")]
    [InlineData(0x0410000000000000UL, "4.1045368012983762e-289")]
    [InlineData(0x400921fb54442d18UL, "3.141592653589793")]
    [InlineData(0x3fd3333333333334UL, "0.30000000000000004")]
    [InlineData(0x54b249ad2594c37dUL, "1.0e100")]
    [InlineData(0xbde49da7e361ce4cUL, "-1.5e-10")]
    public void Short_is_what_OTP_writes(ulong bits, string expected) =>
        Assert.Equal(expected, Short(BitConverter.UInt64BitsToDouble(bits)));

    [Theory]
    [InlineData(0x0000000000000000UL, 20, "0.00000000000000000000e+00")]
    [InlineData(0x8000000000000000UL, 20, "-0.00000000000000000000e+00")]
    [InlineData(0x3fb999999999999aUL, 20, "1.00000000000000005551e-01")]
    [InlineData(0x400921fb54442d18UL, 20, "3.14159265358979311600e+00")]
    [InlineData(0x4480f0cf064dd592UL, 20, "1.00000000000000000000e+22")]
    [InlineData(0x0000000000000001UL, 20, "4.94065645841246544177e-324")]
    [InlineData(0x7fefffffffffffffUL, 20, "1.79769313486231570815e+308")]
    [InlineData(0x3ff8000000000000UL, 0, "2e+00")]
    [InlineData(0x4004000000000000UL, 0, "2e+00")]
    [InlineData(0x400c000000000000UL, 0, "4e+00")]
    [InlineData(0x4023000000000000UL, 0, "1e+01")]
    [InlineData(0x4023fd70a3d70a3dUL, 2, "9.99e+00")]
    [InlineData(0x4023fffeb074a772UL, 3, "1.000e+01")]
    [InlineData(0x0000000000000000UL, 0, "0e+00")]
    [InlineData(0x3ff8000000000000UL, -1, "1.500000e+00")]
    [InlineData(0x54b249ad2594c37dUL, 3, "1.000e+100")]
    [InlineData(0xab2bff2ee48e0530UL, 3, "-1.000e-100")]
    [InlineData(0x3fc0000000000000UL, 1, "1.2e-01")]
    [InlineData(0x3ff8000000000000UL, 250, "badarg")]
    [InlineData(0x54b249ad2594c37dUL, 249, "badarg")]
    public void Scientific_is_what_OTP_writes(ulong bits, int decimals, string expected) =>
        Assert.Equal(expected, Scientific(BitConverter.UInt64BitsToDouble(bits), decimals));

    [Theory]
    [InlineData(0x0000000000000000UL, 0, false, "0")]
    [InlineData(0x8000000000000000UL, 2, false, "-0.00")]
    [InlineData(0x8000000000000000UL, 0, false, "-0")]
    [InlineData(0xbf50624dd2f1a9fcUL, 0, false, "-0")]
    [InlineData(0x3fe0000000000000UL, 0, false, "1")]
    [InlineData(0x3ff8000000000000UL, 0, false, "2")]
    [InlineData(0x4004000000000000UL, 0, false, "3")]
    [InlineData(0x3fdfffffffffffffUL, 0, false, "0")]
    [InlineData(0x3fc0000000000000UL, 2, false, "0.13")]
    [InlineData(0x3ff0147ae147ae14UL, 2, false, "1.00")]
    [InlineData(0x3ff1d70a3d70a3d7UL, 2, false, "1.12")]
    [InlineData(0x3fd23d70a3d70a3dUL, 2, false, "0.28")]
    [InlineData(0x3fd23d70a3d70a3dUL, 2, true, "0.28")]
    [InlineData(0x3feff7ced916872bUL, 2, false, "1.00")]
    [InlineData(0x3feff7ced916872bUL, 2, true, "1.0")]
    [InlineData(0x4059000000000000UL, 0, true, "100")]
    [InlineData(0x4059000000000000UL, 2, true, "100.0")]
    [InlineData(0x4059200000000000UL, 4, true, "100.5")]
    [InlineData(0x3fb999999999999aUL, 18, false, "0.100000000000000000")]
    [InlineData(0x3fb999999999999aUL, 19, false, "0.1000000000000000056")]
    [InlineData(0x3fb999999999999aUL, 20, false, "0.10000000000000000555")]
    [InlineData(0x3fb999999999999aUL, 20, true, "0.10000000000000000555")]
    [InlineData(0x430c6bf526340000UL, 3, false, "1000000000000000.000")]
    [InlineData(0x4340000000000000UL, 2, false, "9007199254740992.00")]
    [InlineData(0x4340000000000001UL, 2, false, "9007199254740994.00")]
    [InlineData(0x4340000000000001UL, 2, true, "9007199254740994.0")]
    [InlineData(0x4480f0cf064dd592UL, 0, false, "10000000000000000000000")]
    [InlineData(0x4480f0cf064dd592UL, 0, true, "1")]
    [InlineData(0x4480f0cf064dd592UL, 3, true, "10000000000000000000000.0")]
    [InlineData(0x44b52d02c7e14af6UL, 1, false, "99999999999999991611392.0")]
    [InlineData(0x3ddb7cdfd9d7bdbbUL, 5, false, "0.00000")]
    [InlineData(0xb9b4484bfeebc2a0UL, 25, false, "-0.0000000000000000000000000")]
    [InlineData(0x3bfd83c94fb6cf6dUL, 19, false, "0.0000000000000000001")]
    [InlineData(0x3fe0000000000000UL, 19, true, "0.5")]
    [InlineData(0x3ff8000000000000UL, -1, false, "badarg")]
    [InlineData(0x3ff8000000000000UL, 254, false, "badarg")]
    [InlineData(0x7e37e43c8800759cUL, 0, false, "badarg")]
    [InlineData(0x40fe240c9fbe76c9UL, 3, false, "123456.789")]
    [InlineData(0x0000000000000001UL, 30, false, "0.000000000000000000000000000000")]
    public void Decimals_are_what_OTP_writes(ulong bits, int decimals, bool compact, string expected) =>
        Assert.Equal(expected, Fixed(BitConverter.UInt64BitsToDouble(bits), decimals, compact));

    /// <summary>OTP's text buffer has 256 bytes, one of them for the NUL.</summary>
    [Fact]
    public void A_text_may_have_255_bytes_but_not_256()
    {
        Assert.Equal(255, Scientific(1.5, 249).Length);
        Assert.Equal("badarg", Scientific(-1.5, 249));
        Assert.Equal(255, Fixed(1.5, 253, false).Length);
        Assert.Equal("badarg", Fixed(-1.5, 253, false));
        Assert.Equal(255, Fixed(1.0e255, 0, false).Length);
        Assert.Equal("badarg", Fixed(1.1e255, 0, false));
        Assert.Equal("badarg", Fixed(1.5, int.MaxValue, false));
        Assert.Equal("badarg", Scientific(1.5, int.MaxValue));
    }

    [Theory]
    [InlineData("0.0", 0x0000000000000000UL)]
    [InlineData("-0.0", 0x8000000000000000UL)]
    [InlineData("+1.5", 0x3ff8000000000000UL)]
    [InlineData("1.5", 0x3ff8000000000000UL)]
    [InlineData("1,5", 0x3ff8000000000000UL)]
    [InlineData("1.0e5", 0x40f86a0000000000UL)]
    [InlineData("1.0E+5", 0x40f86a0000000000UL)]
    [InlineData("1.0e-5", 0x3ee4f8b588e368f1UL)]
    [InlineData("1.7976931348623157e308", 0x7fefffffffffffffUL)]
    [InlineData("1.7976931348623158e308", 0x7fefffffffffffffUL)]
    [InlineData("0.0e99999999999999999999", 0x0000000000000000UL)]
    [InlineData("1.0e-99999999999999999999", 0x0000000000000000UL)]
    [InlineData("-1.0e-400", 0x8000000000000000UL)]
    [InlineData("5.0e-324", 0x0000000000000001UL)]
    [InlineData("2.4703282292062327e-324", 0x0000000000000000UL)]
    [InlineData("2.4703282292062328e-324", 0x0000000000000001UL)]
    [InlineData("2.2250738585072011e-308", 0x000fffffffffffffUL)]
    [InlineData("2.2250738585072012e-308", 0x0010000000000000UL)]
    [InlineData("9007199254740993.0", 0x4340000000000000UL)]
    [InlineData("9007199254740993.00000000000000000000000000001", 0x4340000000000001UL)]
    [InlineData("9007199254740992.99999999999999999999999999999", 0x4340000000000000UL)]
    [InlineData("0.1", 0x3fb999999999999aUL)]
    [InlineData("0.30000000000000004441", 0x3fd3333333333334UL)]
    [InlineData("1.00000000000000000000e+00", 0x3ff0000000000000UL)]
    [InlineData("123456789012345678901234567890.0", 0x45f8ee90ff6c373eUL)]
    public void Text_becomes_the_float_OTP_reads(string text, ulong bits)
    {
        Assert.True(TryParse(text, out var value));
        Assert.Equal(bits, BitConverter.DoubleToUInt64Bits(value));
    }

    [Theory]
    [InlineData("1.7976931348623159e308")]
    [InlineData("1.0e309")]
    [InlineData("1.0e99999999999999999999")]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("1.")]
    [InlineData("1.e5")]
    [InlineData(".5")]
    [InlineData("1.5e")]
    [InlineData("1.5e+")]
    [InlineData("1.5x")]
    [InlineData(" 1.5")]
    [InlineData("1.5 ")]
    [InlineData("--1.5")]
    [InlineData("1.5e5.0")]
    [InlineData("inf")]
    [InlineData("nan")]
    [InlineData("0x1.0")]
    public void Text_that_OTP_refuses_is_refused(string text) => Assert.False(TryParse(text, out _));

    /// <summary>OTP gives its text to C, which ends it at a NUL: binary_to_float(&lt;&lt;"1.5", 0, "abc"&gt;&gt;) is 1.5.</summary>
    [Fact]
    public void Text_ends_at_a_NUL()
    {
        Assert.True(TryParse("1.5\0abc", out var value));
        Assert.Equal(1.5, value);
    }

    [Theory]
    [InlineData("1.5", 3)]
    [InlineData("1.5abc", 3)]
    [InlineData("1.5e", 3)]
    [InlineData("1.5e+x", 3)]
    [InlineData("1.5e7x", 5)]
    [InlineData("-1.5e-7.0", 7)]
    [InlineData("+2.0", 4)]
    [InlineData("1,5;", 3)]
    [InlineData("1.e5", 0)]
    [InlineData("1.5.6", 3)]
    [InlineData("e1", 0)]
    [InlineData("1.5ee", 3)]
    [InlineData("1", 0)]
    [InlineData("", 0)]
    [InlineData("-", 0)]
    [InlineData("1.", 0)]
    [InlineData("1.5E3", 5)]
    public void Scan_takes_what_to_float_takes(string text, int consumed)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        fixed (byte* start = bytes)
            Assert.Equal((nuint)consumed, FloatText.Scan(start, (nuint)bytes.Length));
    }

    // ---- against exact arithmetic and .NET ----------------------------------------------------------------------------

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Short_reads_back_and_is_not_longer_than_NETs(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 50_000; i++)
        {
            var number = AnyDouble(random);
            var text = Short(number);
            Assert.True(text.Length <= FloatText.MaxShortText, text);
            Assert.Equal(number, double.Parse(text, CultureInfo.InvariantCulture));
            Assert.True(TryParse(text, out var back), text);
            Assert.True(BitConverter.DoubleToInt64Bits(number) == BitConverter.DoubleToInt64Bits(back), text);

            // .NET is one digit too short for a few powers of two, whose text then does not read back.
            var other = number.ToString("R", CultureInfo.InvariantCulture);
            if (double.Parse(other, CultureInfo.InvariantCulture) == number)
                Assert.True(SignificantDigits(text) <= SignificantDigits(other), $"{text} {other}");
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public void Scientific_is_exact(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 20_000; i++)
        {
            var number = AnyDouble(random);
            var decimals = random.Next(1, 60);
            var text = Scientific(number, decimals);
            var e = text.IndexOf('e', StringComparison.Ordinal);
            var exponent = int.Parse(text[(e + 1)..], CultureInfo.InvariantCulture) - decimals;
            var digits = BigInteger.Parse(text[..e].Replace("-", "", StringComparison.Ordinal).Replace(".", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);

            // The number as a fraction over 10^exponent, compared with the digits: at most half a unit away, and even if exactly half.
            var (significand, binary) = Parts(Math.Abs(number));
            var numerator = significand * BigInteger.Pow(2, Math.Max(binary, 0)) * BigInteger.Pow(10, Math.Max(-exponent, 0));
            var denominator = BigInteger.Pow(2, Math.Max(-binary, 0)) * BigInteger.Pow(10, Math.Max(exponent, 0));
            var order = (2 * BigInteger.Abs(numerator - (digits * denominator))).CompareTo(denominator);
            Assert.True(order < 0 || (order == 0 && digits.IsEven), $"{number:R} {text}");
        }
    }

    [Theory]
    [InlineData(6)]
    [InlineData(7)]
    public void Parse_agrees_with_NET(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 50_000; i++)
        {
            var builder = new StringBuilder();
            AppendDigits(builder, random, random.Next(1, 30));
            builder.Append('.');
            AppendDigits(builder, random, random.Next(1, 30));
            if (random.Next(3) > 0)
                builder.Append('e').Append(random.Next(-350, 315));
            var text = builder.ToString();
            var expected = double.Parse(text, CultureInfo.InvariantCulture);
            Assert.True(TryParse(text, out var value) == double.IsFinite(expected), text);
            if (double.IsFinite(expected))
                Assert.True(value == expected, text);
        }
    }

    [Theory]
    [InlineData(8)]
    [InlineData(9)]
    public void Parse_rounds_at_the_point_half_way_between_two_doubles(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 2_000; i++)
        {
            var bits = BitConverter.DoubleToInt64Bits(Math.Abs(AnyDouble(random)));
            if (bits >= 0x7FE0_0000_0000_0000)
                continue;
            var low = BitConverter.Int64BitsToDouble(bits);
            var high = BitConverter.Int64BitsToDouble(bits + 1);
            var half = HalfWay(low);
            Assert.True(TryParse(half, out var value) && value == ((bits & 1) == 0 ? low : high), half);
            Assert.True(TryParse(half + "00000000001", out value) && value == high, half);
            Assert.True(TryParse(JustBelow(half), out value) && value == low, half);
        }
    }

    // ---- what the tests are made of -----------------------------------------------------------------------------------

    private static string Text(byte* buffer, int length) => length < 0 ? "badarg" : Encoding.ASCII.GetString(buffer, length);

    private static string Short(double d)
    {
        var buffer = stackalloc byte[FloatText.MaxShortText];
        return Text(buffer, FloatText.FormatShort(d, buffer));
    }

    private static string Scientific(double d, int decimals)
    {
        var buffer = stackalloc byte[FloatText.MaxText];
        return Text(buffer, FloatText.FormatScientific(d, decimals, buffer));
    }

    private static string Fixed(double d, int decimals, bool compact)
    {
        var buffer = stackalloc byte[FloatText.MaxText];
        return Text(buffer, FloatText.FormatFixed(d, decimals, compact, buffer));
    }

    private static bool TryParse(string text, out double value)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        fixed (byte* start = bytes)
            return FloatText.TryParse(start, (nuint)bytes.Length, out value);
    }

    /// <summary>Doubles of all kinds: any bits, integers, short decimals, powers of two, denormals, round numbers.</summary>
    private static double AnyDouble(Random random)
    {
        switch (random.Next(6))
        {
            case 0:
                return random.NextInt64(-(1L << 54), 1L << 54);
            case 1:
                return random.NextInt64(-1_000_000_000, 1_000_000_000) / Math.Pow(10, random.Next(12));
            case 2:
                return Math.ScaleB(1, random.Next(-1074, 1024));
            case 3:
                return BitConverter.Int64BitsToDouble(random.NextInt64(1L << random.Next(1, 53)));
            case 4:
                return random.Next(1, 1000) * Math.Pow(10, random.Next(-300, 300));
            default:
                while (true)
                {
                    var any = BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue));
                    if (double.IsFinite(any))
                        return any;
                }
        }
    }

    private static void AppendDigits(StringBuilder builder, Random random, int count)
    {
        for (var i = 0; i < count; i++)
            builder.Append((char)('0' + random.Next(10)));
    }

    private static int SignificantDigits(string text)
    {
        var e = text.IndexOfAny(['e', 'E']);
        var digits = (e < 0 ? text : text[..e]).Replace("-", "", StringComparison.Ordinal).Replace(".", "", StringComparison.Ordinal);
        return digits.Trim('0').Length;
    }

    private static (BigInteger Significand, int Binary) Parts(double positive)
    {
        var bits = BitConverter.DoubleToInt64Bits(positive);
        var stored = (int)(bits >> 52);
        var fraction = bits & ((1L << 52) - 1);
        return stored == 0 ? (fraction, -1074) : (fraction | (1L << 52), stored - 1075);
    }

    /// <summary>All digits of the number half way between a double and the next larger one.</summary>
    private static string HalfWay(double low)
    {
        var (significand, binary) = Parts(low);
        significand = (2 * significand) + 1;
        binary--;
        if (binary >= 0)
            return (significand << binary).ToString(CultureInfo.InvariantCulture) + ".0";
        var digits = (significand * BigInteger.Pow(5, -binary)).ToString(CultureInfo.InvariantCulture).PadLeft(1 - binary, '0');
        return digits[..^-binary] + "." + digits[^-binary..];
    }

    /// <summary>A text a little less than another: the last digit that is not zero lowered and nines after it.</summary>
    private static string JustBelow(string text)
    {
        var chars = text.ToCharArray();
        var i = chars.Length - 1;
        for (; chars[i] is '0' or '.'; i--)
        {
            if (chars[i] == '0')
                chars[i] = '9';
        }

        chars[i]--;
        return new string(chars) + "999999999999";
    }
}
