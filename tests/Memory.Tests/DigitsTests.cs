// Digits against System.Numerics.BigInteger: every operation on random operands of many sizes and on the patterns that
// break carry chains (all ones, powers of two and their neighbours, runs of ones and zeros). A failure names the
// seed; put it into Seeds to see it again.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Numerics;
using System.Text;
using Xunit;

namespace MyBeam.Memory.Tests;

public sealed unsafe class DigitsTests
{
    private const ulong Guard = 0x5AFE_5AFE_0BAD_F00D;

    public static TheoryData<int> Seeds => new() { 1, 2, 3, 4, 5, 6, 7, 8 };

    // ---- what the tests are made of -------------------------------------------------------------------------------

    /// <summary>A buffer of the documented size with a guard digit behind it, filled with rubbish.</summary>
    private sealed class Room
    {
        private readonly ulong[] _memory;

        public Room(int digits)
        {
            Size = digits;
            _memory = GC.AllocateArray<ulong>(digits + 1, pinned: true);
            Array.Fill(_memory, 0xDDDD_DDDD_DDDD_DDDDUL);
            _memory[digits] = Guard;
        }

        public Room(BigInteger value, int room)
            : this(Math.Max(room, Length(value)))
        {
            Count = Length(value);
            value = BigInteger.Abs(value);
            byte[] bytes = value.ToByteArray(isUnsigned: true);
            Array.Resize(ref bytes, (bytes.Length + 7) / 8 * 8);
            for (int i = 0; i < Count; i++)
                _memory[i] = BitConverter.ToUInt64(bytes, i * 8);
        }

        public int Size { get; }

        /// <summary>A room made from a value; not a constructor, since an int would mean the size.</summary>
        public static Room Of(BigInteger value) => new(value, 0);

        /// <summary>The normalised length, of a room made from a value.</summary>
        public int Count { get; }

        public ulong* P => (ulong*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref _memory[0]);

        /// <summary>The value of the first n digits; checks the guard and that n is normalised.</summary>
        public BigInteger Value(int n, string context)
        {
            Assert.True(_memory[Size] == Guard, $"wrote beyond the buffer: {context}");
            Assert.True(n >= 0 && n <= Size, $"length {n} of {Size}: {context}");
            Assert.True(n == 0 || _memory[n - 1] != 0, $"not normalised: {context}");
            return new BigInteger(new ReadOnlySpan<byte>(P, n * 8), isUnsigned: true);
        }

        public BigInteger Value(int n, bool negative, string context)
        {
            BigInteger value = Value(n, context);
            Assert.False(negative && value.IsZero, $"negative zero: {context}");
            return negative ? -value : value;
        }

        private static int Length(BigInteger value)
            => value.IsZero ? 0 : (int)((BigInteger.Abs(value).GetBitLength() + 63) / 64);
    }

    /// <summary>A magnitude below 2^(64 digits), of one of several shapes.</summary>
    private static BigInteger Magnitude(Random random, int maxDigits)
    {
        int bits = random.Next(0, maxDigits * 64 + 1);
        BigInteger power = BigInteger.One << bits;
        switch (random.Next(8))
        {
            case 0: return power - 1;
            case 1: return bits < maxDigits * 64 ? power : power - 1;
            case 2: return bits < maxDigits * 64 ? power + 1 : power - 1;
            case 3:
                return power - 1 - (BigInteger.One << random.Next(0, bits + 1)) is { Sign: >= 0 } hole ? hole : BigInteger.Zero;
            case 4:
            {
                // Runs of ones and zeros.
                BigInteger value = BigInteger.Zero;
                for (int left = bits; left > 0;)
                {
                    int run = Math.Min(left, random.Next(1, 150));
                    value <<= run;
                    if (random.Next(2) == 0)
                        value |= (BigInteger.One << run) - 1;
                    left -= run;
                }

                return value;
            }

            default:
            {
                byte[] bytes = new byte[bits / 8 + 1];
                random.NextBytes(bytes);
                return new BigInteger(bytes, isUnsigned: true) & (power - 1);
            }
        }
    }

    private static int SomeSize(Random random) => random.Next(6) switch
    {
        0 => 1,
        1 => 2,
        2 => 4,
        3 => 12,
        4 => 40,
        _ => 90,
    };

    private static BigInteger Signed(Random random, int maxDigits)
        => random.Next(2) == 0 ? Magnitude(random, maxDigits) : -Magnitude(random, maxDigits);

    private static string Show(int seed, params BigInteger[] operands)
    {
        var text = new StringBuilder($"seed {seed}");
        foreach (BigInteger operand in operands)
            text.Append(' ').Append(operand.ToString("x", CultureInfo.InvariantCulture));
        return text.Length > 2000 ? text.ToString(0, 2000) + "..." : text.ToString();
    }

    private static void Check(BigInteger expected, BigInteger actual, string context)
    {
        if (expected != actual)
            Assert.Fail(context);
    }

    private static void Repeat(int seed, int times, Action<Random> body)
    {
        var random = new Random(seed);
        for (int i = 0; i < times; i++)
            body(random);
    }

    // ---- adding, comparing, shifting ------------------------------------------------------------------------------

    [Theory]
    [MemberData(nameof(Seeds))]
    public void AddsAndSubtractsWithSigns(int seed) => Repeat(seed, 3000, random =>
    {
        BigInteger x = Signed(random, SomeSize(random));
        BigInteger y = random.Next(10) == 0 ? -x : Signed(random, SomeSize(random));
        string context = Show(seed, x, y);
        var a = Room.Of(x);
        var b = Room.Of(y);
        var r = new Room(Math.Max(a.Count, b.Count) + 1);
        int n = Digits.AddSigned(a.P, a.Count, x.Sign < 0, b.P, b.Count, y.Sign < 0, r.P, out bool negative);
        Check(x + y, r.Value(n, negative, context), context);
        n = Digits.Add(a.P, a.Count, b.P, b.Count, r.P);
        Check(BigInteger.Abs(x) + BigInteger.Abs(y), r.Value(n, context), context);
        int order = BigInteger.Abs(x).CompareTo(BigInteger.Abs(y));
        Assert.Equal(order, Math.Sign(Digits.Compare(a.P, a.Count, b.P, b.Count)));
        if (order >= 0)
        {
            var s = new Room(a.Count);
            n = Digits.Sub(a.P, a.Count, b.P, b.Count, s.P);
            Check(BigInteger.Abs(x) - BigInteger.Abs(y), s.Value(n, context), context);
        }

        // The result in place of either operand.
        var wideA = new Room(x, r.Size);
        n = Digits.AddSigned(wideA.P, a.Count, x.Sign < 0, b.P, b.Count, y.Sign < 0, wideA.P, out negative);
        Check(x + y, wideA.Value(n, negative, context), context);
        var wideB = new Room(y, r.Size);
        n = Digits.AddSigned(a.P, a.Count, x.Sign < 0, wideB.P, b.Count, y.Sign < 0, wideB.P, out negative);
        Check(x + y, wideB.Value(n, negative, context), context);
    });

    [Theory]
    [MemberData(nameof(Seeds))]
    public void CalculatesWithOneDigit(int seed) => Repeat(seed, 2000, random =>
    {
        BigInteger x = Magnitude(random, SomeSize(random));
        var y = (ulong)Magnitude(random, 1);
        string context = Show(seed, x, y);
        var a = Room.Of(x);
        var r = new Room(a.Count + 1);
        Check(x + y, r.Value(Digits.AddSmall(a.P, a.Count, y, r.P), context), context);
        Check(x * y, r.Value(Digits.MulSmall(a.P, a.Count, y, r.P), context), context);
        var s = new Room(a.Count);
        if (x >= y)
            Check(x - y, s.Value(Digits.SubSmall(a.P, a.Count, y, s.P), context), context);
        if (y != 0)
        {
            int n = Digits.DivRemSmall(a.P, a.Count, y, s.P, out ulong rem);
            Check(x / y, s.Value(n, context), context);
            Check(x % y, rem, context);
            Assert.Equal(n, Digits.DivRemSmall(a.P, a.Count, y, null, out ulong again));
            Assert.Equal(rem, again);
            n = Digits.DivRemSmall(a.P, a.Count, y, a.P, out rem);
            Check(x / y, a.Value(n, context), context);
        }
    });

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Shifts(int seed) => Repeat(seed, 3000, random =>
    {
        BigInteger x = Signed(random, SomeSize(random));
        BigInteger magnitude = BigInteger.Abs(x);
        int bits = random.Next(3) switch { 0 => random.Next(0, 8) * 64, 1 => random.Next(0, 70), _ => random.Next(0, 6000) };
        string context = Show(seed, x, bits);
        var a = Room.Of(x);
        Assert.Equal((long)magnitude.GetBitLength(), Digits.BitLength(a.P, a.Count));
        int leftSize = a.Count + bits / 64 + 1;
        var left = new Room(leftSize);
        Check(magnitude << bits, left.Value(Digits.ShiftLeft(a.P, a.Count, bits, left.P), context), context);
        left = new Room(x, leftSize);
        Check(magnitude << bits, left.Value(Digits.ShiftLeft(left.P, a.Count, bits, left.P), context), context);
        var right = new Room(Math.Max(0, a.Count - bits / 64));
        Check(magnitude >> bits, right.Value(Digits.ShiftRight(a.P, a.Count, bits, right.P), context), context);
        var floor = new Room(Math.Max(0, a.Count - bits / 64) + 1);
        int n = Digits.ShiftRightSigned(a.P, a.Count, x.Sign < 0, bits, floor.P, out bool negative);
        Check(x >> bits, floor.Value(n, negative, context), context);
        floor = new Room(x, a.Count + 1);
        n = Digits.ShiftRightSigned(floor.P, a.Count, x.Sign < 0, bits, floor.P, out negative);
        Check(x >> bits, floor.Value(n, negative, context), context);
    });

    [Fact]
    public void ShiftsRightByMoreThanAnIntOfBits()
    {
        var a = Room.Of(-5);
        var r = new Room(1);
        int n = Digits.ShiftRightSigned(a.P, 1, true, long.MaxValue, r.P, out bool negative);
        Check(-1, r.Value(n, negative, "-5 bsr max"), "-5 bsr max");
        Assert.Equal(0, Digits.ShiftRightSigned(a.P, 1, false, long.MaxValue, r.P, out negative));
        Assert.False(negative);
    }

    // ---- bits -----------------------------------------------------------------------------------------------------

    [Theory]
    [MemberData(nameof(Seeds))]
    public void CombinesBitsInTwosComplement(int seed) => Repeat(seed, 4000, random =>
    {
        BigInteger x = Signed(random, SomeSize(random));
        BigInteger y = random.Next(10) == 0 ? -x : Signed(random, SomeSize(random));
        string context = Show(seed, x, y);
        var a = Room.Of(x);
        var b = Room.Of(y);
        var r = new Room(Math.Max(a.Count, b.Count) + 1);
        int n = Digits.AndSigned(a.P, a.Count, x.Sign < 0, b.P, b.Count, y.Sign < 0, r.P, out bool negative);
        Check(x & y, r.Value(n, negative, context), context);
        n = Digits.OrSigned(a.P, a.Count, x.Sign < 0, b.P, b.Count, y.Sign < 0, r.P, out negative);
        Check(x | y, r.Value(n, negative, context), context);
        n = Digits.XorSigned(a.P, a.Count, x.Sign < 0, b.P, b.Count, y.Sign < 0, r.P, out negative);
        Check(x ^ y, r.Value(n, negative, context), context);
        var s = new Room(a.Count + 1);
        n = Digits.NotSigned(a.P, a.Count, x.Sign < 0, s.P, out negative);
        Check(-x - 1, s.Value(n, negative, context), context);
        var wide = new Room(x, r.Size);
        n = Digits.AndSigned(wide.P, a.Count, x.Sign < 0, b.P, b.Count, y.Sign < 0, wide.P, out negative);
        Check(x & y, wide.Value(n, negative, context), context);
    });

    [Fact]
    public void AndOfNegativesMayNeedADigitMore()
    {
        BigInteger x = 1 - (BigInteger.One << 64);
        var a = Room.Of(x);
        var b = Room.Of(-2);
        var r = new Room(2);
        int n = Digits.AndSigned(a.P, 1, true, b.P, 1, true, r.P, out bool negative);
        Check(-(BigInteger.One << 64), r.Value(n, negative, "-2^64"), "-2^64");
    }

    // ---- multiplication and division ------------------------------------------------------------------------------

    private static void CheckMul(BigInteger x, BigInteger y, string context)
    {
        var a = Room.Of(x);
        var b = Room.Of(y);
        var r = new Room(a.Count + b.Count);
        Check(x * y, r.Value(Digits.Mul(a.P, a.Count, b.P, b.Count, r.P), context), context);
        Check(x * y, r.Value(Digits.Mul(b.P, b.Count, a.P, a.Count, r.P), context), context);
        var s = new Room(2 * a.Count);
        Check(x * x, s.Value(Digits.Square(a.P, a.Count, s.P), context), context);
    }

    private static void CheckDiv(BigInteger x, BigInteger y, string context)
    {
        if (y.IsZero)
            return;
        BigInteger quotient = BigInteger.DivRem(x, y, out BigInteger rem);
        var a = Room.Of(x);
        var b = Room.Of(y);
        var q = new Room(Math.Max(0, a.Count - b.Count + 1));
        var r = new Room(Math.Min(a.Count, b.Count));
        Digits.DivRem(a.P, a.Count, b.P, b.Count, q.P, r.P, out int nq, out int nr);
        Check(quotient, q.Value(nq, context), context);
        Check(rem, r.Value(nr, context), context);
        Digits.DivRem(a.P, a.Count, b.P, b.Count, null, r.P, out _, out nr);
        Check(rem, r.Value(nr, context), context);
        Digits.DivRem(a.P, a.Count, b.P, b.Count, a.P, b.P, out nq, out nr);
        Check(quotient, a.Value(nq, context), context);
        Check(rem, b.Value(nr, context), context);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void MultipliesAndDivides(int seed) => Repeat(seed, 2000, random =>
    {
        BigInteger x = Magnitude(random, SomeSize(random));
        BigInteger y = Magnitude(random, SomeSize(random));
        string context = Show(seed, x, y);
        CheckMul(x, y, context);
        CheckDiv(x, y, context);

        // Remainders at both ends of their range: 0, 1, the divisor less 1.
        CheckDiv(x * y, y, context);
        CheckDiv(x * y + 1, y, context);
        CheckDiv(x, y << (64 * random.Next(1, 12)), context);
        CheckDiv(x * y + y - (y.IsZero ? 0 : 1), y, context);
    });

    [Theory]
    [MemberData(nameof(Seeds))]
    public void MultipliesAndDividesLongOperands(int seed) => Repeat(seed, 40, random =>
    {
        BigInteger x = Magnitude(random, random.Next(50, 1000));
        BigInteger y = Magnitude(random, random.Next(50, 600));
        string context = Show(seed, x, y);
        CheckMul(x, y, context);
        CheckDiv(x, y, context);
        CheckDiv(x * y, y, context);
        CheckDiv(x * y + y - (y.IsZero ? 0 : 1), y, context);
    });

    [Fact]
    public void MultipliesAndDividesAllOnesOfEverySize()
    {
        for (int n = 1; n <= 260; n += n < 20 ? 1 : 7)
        {
            for (int m = 1; m <= 260; m += m < 20 ? 1 : 11)
            {
                BigInteger x = (BigInteger.One << (64 * n)) - 1;
                BigInteger y = (BigInteger.One << (64 * m)) - 1;
                string context = $"all ones {n} {m}";
                CheckMul(x, y, context);
                CheckDiv(x, y, context);
                CheckDiv(x, (y >> 1) + 1, context);
                CheckDiv(x - (x >> 40), y - (BigInteger.One << (32 * m)), context);
                CheckDiv(y << (64 * n), y + 1, context);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void DividesWhereTheEstimatedDigitIsWrong(int seed) => Repeat(seed, 1500, random =>
    {
        // A dividend whose top digits are the divisor's, and divisors with extreme second digits.
        int n = random.Next(2, 8);
        BigInteger top = BigInteger.One << (64 * n - 1);
        BigInteger y = random.Next(4) switch
        {
            0 => top,
            1 => top + Magnitude(random, n - 1),
            2 => top + (((BigInteger.One << 64) - 1) << (64 * (n - 2))) / 2 + Magnitude(random, n - 1) / 2,
            _ => (BigInteger.One << (64 * n)) - 1 - Magnitude(random, n - 1),
        };
        y >>= random.Next(0, 64);
        int shift = 64 * random.Next(0, 5);
        BigInteger x = (y << shift) - 1 - Magnitude(random, random.Next(1, n));
        if (x.Sign >= 0)
            CheckDiv(x, y, Show(seed, x, y));
        x = (y << shift) + Magnitude(random, random.Next(1, n));
        CheckDiv(x, y, Show(seed, x, y));
    });

    // ---- text -----------------------------------------------------------------------------------------------------

    private static string ToText(BigInteger x, int numberBase)
    {
        var a = Room.Of(x);
        int max = Digits.MaxTextLength(a.Count, numberBase);
        byte[] text = new byte[max + 1];
        text[max] = 77;
        int length;
        fixed (byte* p = text)
            length = Digits.ToText(a.P, a.Count, x.Sign < 0, numberBase, p);
        Assert.Equal(77, text[max]);
        Assert.InRange(length, 1, max);
        return Encoding.ASCII.GetString(text, 0, length);
    }

    private static BigInteger? FromText(string text, int numberBase)
    {
        var r = new Room(Digits.MaxDigits(text.Length, numberBase));
        byte[] bytes = Encoding.Latin1.GetBytes(text + "\0");
        int n;
        fixed (byte* p = bytes)
            n = Digits.FromText(p, text.Length, numberBase, r.P);
        return n < 0 ? null : r.Value(n, text.Length > 500 ? text[..500] : text);
    }

    /// <summary>The plain way, for any base.</summary>
    private static string Expected(BigInteger x, int numberBase)
    {
        if (numberBase == 10)
            return x.ToString(CultureInfo.InvariantCulture);
        if (x.IsZero)
            return "0";
        var reversed = new List<char>();
        for (BigInteger left = BigInteger.Abs(x); !left.IsZero; left /= numberBase)
            reversed.Add("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(int)(left % numberBase)]);
        if (x.Sign < 0)
            reversed.Add('-');
        reversed.Reverse();
        return new string(reversed.ToArray());
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void WritesAndReadsTextInEveryBase(int seed) => Repeat(seed, 3, random =>
    {
        for (int numberBase = 2; numberBase <= 36; numberBase++)
        {
            BigInteger x = Signed(random, random.Next(1, 30));
            string context = Show(seed, x, numberBase);
            string expected = Expected(x, numberBase);
            Assert.True(expected == ToText(x, numberBase), context);
            string digits = expected.TrimStart('-');
            Check(BigInteger.Abs(x), FromText(digits, numberBase)!.Value, context);
            Check(BigInteger.Abs(x), FromText(new string('0', random.Next(100)) + digits.ToLowerInvariant(), numberBase)!.Value, context);
        }
    });

    [Theory]
    [MemberData(nameof(Seeds))]
    public void WritesAndReadsLongText(int seed) => Repeat(seed, 12, random =>
    {
        // Decimal against BigInteger; any other base there and back.
        BigInteger x = random.Next(3) == 0
            ? BigInteger.Pow(10, random.Next(300, 12000)) - random.Next(0, 2)
            : Magnitude(random, random.Next(10, 700));
        string context = Show(seed, x);
        string text = ToText(x, 10);
        Assert.True(Expected(x, 10) == text, context);
        Check(x, FromText(text, 10)!.Value, context);
        int numberBase = random.Next(2, 37);
        text = ToText(x, numberBase);
        Assert.True(text == "0" || text[0] != '0', context);
        Check(x, FromText(text, numberBase)!.Value, Show(seed, x, numberBase));
    });

    [Fact]
    public void WritesAndReadsPowersOfTheBase()
    {
        for (int numberBase = 2; numberBase <= 36; numberBase++)
        {
            for (int e = 0; e < 1300; e += e < 50 ? 1 : 61)
            {
                BigInteger x = BigInteger.Pow(numberBase, e);
                Assert.Equal("1" + new string('0', e), ToText(x, numberBase));
                Check(x, FromText("1" + new string('0', e), numberBase)!.Value, $"{numberBase}^{e}");
                if (e > 0)
                {
                    string largest = new("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[numberBase - 1], e);
                    Assert.Equal("-" + largest, ToText(1 - x, numberBase));
                    Check(x - 1, FromText(largest, numberBase)!.Value, $"{numberBase}^{e} - 1");
                }
            }
        }
    }

    [Theory]
    [InlineData("", 10)]
    [InlineData("12a", 10)]
    [InlineData("1_000", 10)]
    [InlineData("+1", 10)]
    [InlineData("-1", 10)]
    [InlineData(" 1", 10)]
    [InlineData("1 ", 10)]
    [InlineData("2", 2)]
    [InlineData("8", 8)]
    [InlineData("G", 16)]
    [InlineData("g", 16)]
    [InlineData("z", 35)]
    [InlineData("@", 36)]
    [InlineData("[", 36)]
    [InlineData("`", 36)]
    [InlineData("{", 36)]
    [InlineData("/", 36)]
    [InlineData(":", 36)]
    [InlineData("\u00e1", 36)]
    [InlineData("\u0010", 36)]
    public void RefusesTextThatIsNoNumber(string text, int numberBase) => Assert.Null(FromText(text, numberBase));

    [Fact]
    public void ZeroIsOneCharacterAndReadsAsNoDigits()
    {
        Assert.Equal("0", ToText(0, 10));
        Assert.Equal("0", ToText(0, 16));
        Assert.Equal(0, FromText(new string('0', 5000), 10)!.Value);
        Assert.Equal(0, FromText(new string('0', 500), 16)!.Value);
    }

    // ---- floats ---------------------------------------------------------------------------------------------------

    /// <summary>The nearest double, ties to even, by the two neighbours and their exact distances; null: too large.</summary>
    private static double? Nearest(BigInteger x)
    {
        int bits = (int)x.GetBitLength();
        if (bits <= 53)
            return (double)x;
        int shift = bits - 53;
        BigInteger mantissa = x >> shift;
        BigInteger twiceRest = (x - (mantissa << shift)) << 1;
        int order = twiceRest.CompareTo(BigInteger.One << shift);
        if (order > 0 || (order == 0 && !mantissa.IsEven))
            mantissa++;
        double value = Math.ScaleB((double)mantissa, shift);
        return double.IsInfinity(value) ? null : value;
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void RoundsToTheNearestDouble(int seed) => Repeat(seed, 4000, random =>
    {
        BigInteger x = Magnitude(random, random.Next(1, 19));
        if (random.Next(2) == 0 && x.GetBitLength() > 54)
        {
            // On a tie, or a little beside it.
            int shift = (int)x.GetBitLength() - 53;
            x = (x >> shift << shift) + (BigInteger.One << (shift - 1)) + random.Next(-1, 2);
        }

        string context = Show(seed, x);
        var a = Room.Of(x);
        double value = Digits.ToDouble(a.P, a.Count, out bool overflow);
        double? expected = Nearest(x);
        Assert.True(expected is null == overflow, context);
        Assert.True((expected ?? double.PositiveInfinity) == value, context);
    });

    [Fact]
    public void OverflowStartsHalfAStepAboveTheLargestDouble()
    {
        BigInteger largest = new(double.MaxValue);
        BigInteger limit = (BigInteger.One << 1024) - (BigInteger.One << 970);
        foreach ((BigInteger x, bool over) in new[] { (largest, false), (limit - 1, false), (limit, true), (BigInteger.One << 1024, true), (BigInteger.One << 5000, true) })
        {
            var a = Room.Of(x);
            double value = Digits.ToDouble(a.P, a.Count, out bool overflow);
            Assert.Equal(over, overflow);
            Assert.Equal(over ? double.PositiveInfinity : double.MaxValue, value);
        }
    }

    private static double AnyFinite(Random random)
    {
        while (true)
        {
            double d = random.Next(3) switch
            {
                0 => BitConverter.Int64BitsToDouble(random.NextInt64()),
                1 => Math.ScaleB(random.NextDouble(), random.Next(-2, 200)),
                _ => random.Next(0, 1000) / 4.0,
            };
            if (double.IsFinite(d))
                return d;
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void TruncatesDoublesExactly(int seed) => Repeat(seed, 4000, random =>
    {
        double d = AnyFinite(random);
        var r = new Room(Digits.MaxDoubleDigits);
        string context = $"seed {seed} {d:R}";
        Check(new BigInteger(Math.Abs(d)), r.Value(Digits.FromDouble(d, r.P), context), context);
        Check(new BigInteger(Math.Abs(d)), r.Value(Digits.FromDouble(-d, r.P), context), context);
    });

    [Theory]
    [MemberData(nameof(Seeds))]
    public void ComparesWithDoublesExactly(int seed) => Repeat(seed, 4000, random =>
    {
        double d = Math.Abs(AnyFinite(random));
        var whole = new BigInteger(d);
        BigInteger x = random.Next(3) == 0 ? Magnitude(random, 18) : BigInteger.Abs(whole + random.Next(-1, 2));
        int expected = x.CompareTo(whole);
        if (expected == 0 && d != Math.Floor(d))
            expected = -1;
        var a = Room.Of(x);
        Assert.True(expected == Math.Sign(Digits.CompareDouble(a.P, a.Count, d)), $"{Show(seed, x)} {d:R}");
    });

    [Fact]
    public void ComparesWithExtremeDoubles()
    {
        var a = Room.Of(BigInteger.One << 2000);
        Assert.True(Digits.CompareDouble(a.P, a.Count, double.MaxValue) > 0);
        Assert.True(Digits.CompareDouble(a.P, a.Count, double.PositiveInfinity) < 0);
        Assert.True(Digits.CompareDouble(a.P, a.Count, double.NegativeInfinity) > 0);
        Assert.True(Digits.CompareDouble(a.P, a.Count, -1.0) > 0);
        Assert.True(Digits.CompareDouble(a.P, 0, double.Epsilon) < 0);
        Assert.True(Digits.CompareDouble(a.P, 0, -double.Epsilon) > 0);
        Assert.Equal(0, Digits.CompareDouble(a.P, 0, 0.0));
        Assert.Equal(0, Digits.CompareDouble(a.P, 0, -0.0));
    }
}
