// Runs of bits against BigInteger and strings of '0' and '1': random positions, sizes, byte orders, signs. A failure names the seed.

using System.Numerics;
using System.Text;
using Xunit;

namespace MyBeam.Memory.Tests;

public sealed unsafe class BitsTests
{
    public static TheoryData<int> Seeds => new() { 1, 2, 3, 4, 5, 6, 7, 8 };

    /// <summary>Data between guards: 16 bytes before (the head that reading may touch) and 16 behind (which nothing but WriteOver may).</summary>
    private sealed class Room
    {
        private readonly byte[] _memory;

        public Room(int bytes, Random random)
        {
            Size = bytes;
            _memory = GC.AllocateArray<byte>(bytes + 32, pinned: true);
            random.NextBytes(_memory);
            _memory.AsSpan(0, 16).Fill(0xA5);
            _memory.AsSpan(16 + bytes).Fill(0x5A);
        }

        public int Size { get; }

        public byte* Data => (byte*)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(_memory, 16);

        public string Text()
        {
            var s = new StringBuilder();
            for (int i = 0; i < Size * 8; i++) s.Append((Data[i >> 3] >> (7 - (i & 7))) & 1);
            return s.ToString();
        }

        public void CheckGuards(string where)
        {
            for (int i = 0; i < 16; i++) Assert.True(_memory[i] == 0xA5 && _memory[16 + Size + i] == 0x5A, "written outside: " + where);
        }
    }

    private static BigInteger Unsigned(string bits)
    {
        BigInteger v = 0;
        foreach (char c in bits) v = (v << 1) | (c - '0');
        return v;
    }

    /// <summary>The number in a field as Erlang defines it.</summary>
    private static BigInteger Field(string bits, bool little, bool signed)
    {
        string big = bits;
        if (little)
        {
            big = "";
            for (int i = 0; i < bits.Length; i += 8) big = string.Concat(bits.AsSpan(i, Math.Min(8, bits.Length - i)), big);
        }
        BigInteger v = Unsigned(big);
        if (signed && bits.Length > 0 && big[0] == '1') v -= BigInteger.One << bits.Length;
        return v;
    }

    /// <summary>The bits of a number in a field.</summary>
    private static string Encode(BigInteger v, int bits, bool little)
    {
        v &= (BigInteger.One << bits) - 1;
        var s = new StringBuilder();
        for (int i = bits - 1; i >= 0; i--) s.Append(((v >> i) & 1) == 1 ? '1' : '0');
        if (!little) return s.ToString();
        string big = s.ToString(), result = "";
        for (int at = bits; at > 0; at -= 8) result += big.Substring(Math.Max(0, at - 8), Math.Min(8, at));
        return result;
    }

    private static int SomeSize(Random random, int most) => random.Next(4) switch
    {
        0 => random.Next(Math.Min(most, 10)),
        1 => Math.Min(most, random.Next(1, 20) * 8),
        _ => random.Next(most + 1),
    };

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Copy_moves_exactly_the_run(int seed)
    {
        var random = new Random(seed);
        for (int n = 0; n < 4000; n++)
        {
            var a = new Room(random.Next(1, 60), random);
            var b = new Room(random.Next(1, 60), random);
            int from = random.Next(a.Size * 8), to = random.Next(b.Size * 8);
            if (random.Next(4) == 0) { from &= ~7; to &= ~7; }
            int bits = SomeSize(random, Math.Min((a.Size * 8) - from, (b.Size * 8) - to));
            string before = b.Text(), source = a.Text();
            Bits.Copy(a.Data, (ulong)from, b.Data, (ulong)to, (ulong)bits);
            string where = $"seed {seed} round {n}: {from} {to} {bits}";
            Assert.True(string.Concat(before.AsSpan(0, to), source.AsSpan(from, bits), before.AsSpan(to + bits)) == b.Text(), where);
            b.CheckGuards(where);
            Assert.True(Bits.Same(a.Data, (ulong)from, b.Data, (ulong)to, (ulong)bits), where);
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Same_sees_one_changed_bit(int seed)
    {
        var random = new Random(seed);
        for (int n = 0; n < 2000; n++)
        {
            var a = new Room(40, random);
            var b = new Room(40, random);
            int from = random.Next(20), to = random.Next(20), bits = random.Next(1, 290);
            Bits.Copy(a.Data, (ulong)from, b.Data, (ulong)to, (ulong)bits);
            int change = to + random.Next(bits);
            b.Data[change >> 3] ^= (byte)(0x80 >> (change & 7));
            Assert.False(Bits.Same(a.Data, (ulong)from, b.Data, (ulong)to, (ulong)bits), $"seed {seed} round {n}");
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Words_read_as_numbers(int seed)
    {
        var random = new Random(seed);
        for (int n = 0; n < 6000; n++)
        {
            var a = new Room(random.Next(9, 30), random);
            int bits = random.Next(65), start = random.Next((a.Size * 8) - bits + 1);
            if (random.Next(3) == 0) start = (a.Size * 8) - bits;
            string text = a.Text().Substring(start, bits), where = $"seed {seed} round {n}: {start} {bits}";
            bool little = random.Next(2) == 0;
            Assert.True(Unsigned(text) == Bits.ReadWord(a.Data, (ulong)start, bits), where);
            Assert.True(Field(text, little, false) == BitsInteger.Word(a.Data, (ulong)start, bits, little), where);
            Assert.True(Field(text, little, true) == BitsInteger.SignedWord(a.Data, (ulong)start, bits, little), where);
            if (bits is 0 or > Bits.MaxFast) continue;
            Assert.True(Unsigned(text) == Bits.Read(a.Data, (ulong)start, bits), where);
            Assert.True(Field(text, false, true) == Bits.ReadSigned(a.Data, (ulong)start, bits), where);
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Integers_of_any_size_read(int seed)
    {
        var random = new Random(seed);
        for (int n = 0; n < 3000; n++)
        {
            var a = new Room(random.Next(9, 80), random);
            if (random.Next(8) == 0) for (int i = 0; i < a.Size; i++) a.Data[i] = (byte)(random.Next(2) == 0 ? 0xFF : 0);
            int start = random.Next(20), bits = SomeSize(random, (a.Size * 8) - start);
            bool little = random.Next(2) == 0, signed = random.Next(2) == 0;
            var digits = GC.AllocateArray<ulong>(((bits + 63) / 64) + 1, pinned: true);
            digits[^1] = 0x5AFE;
            int flags = (little ? BitsInteger.Little : 0) | (signed ? BitsInteger.Signed : 0), count;
            bool negative;
            fixed (ulong* d = digits) count = BitsInteger.ToDigits(a.Data, (ulong)start, (ulong)bits, flags, d, out negative);
            BigInteger v = 0;
            for (int i = count - 1; i >= 0; i--) v = (v << 64) | digits[i];
            string where = $"seed {seed} round {n}: {start} {bits} {flags}";
            Assert.True(Field(a.Text().Substring(start, bits), little, signed) == (negative ? -v : v), where);
            Assert.True(count == 0 || digits[count - 1] != 0, where);
            Assert.True(digits[^1] == 0x5AFE, where);
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Integers_of_any_size_write(int seed)
    {
        var random = new Random(seed);
        for (int n = 0; n < 3000; n++)
        {
            var a = new Room(random.Next(9, 80), random);
            int start = random.Next(20), bits = SomeSize(random, (a.Size * 8) - start);
            bool little = random.Next(2) == 0;
            var digits = GC.AllocateArray<ulong>(random.Next(1, 10), pinned: true);
            for (int i = 0; i < digits.Length; i++) digits[i] = random.Next(5) switch { 0 => 0, 1 => ulong.MaxValue, _ => (ulong)random.NextInt64() * 3 };
            bool negative = random.Next(2) == 0;
            BigInteger v = 0;
            for (int i = digits.Length - 1; i >= 0; i--) v = (v << 64) | digits[i];
            if (negative) v = -v;
            string before = a.Text(), where = $"seed {seed} round {n}: {start} {bits} {v}";
            fixed (ulong* d = digits)
            {
                int count = Digits.Normalise(d, digits.Length);
                BitsInteger.PutDigits(a.Data, (ulong)start, (ulong)bits, d, count, negative, little ? BitsInteger.Little : 0);
            }
            Assert.True(before[..start] + Encode(v, bits, little) + before[(start + bits)..] == a.Text(), where);
            a.CheckGuards(where);
            long small = random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64);
            BitsInteger.Put(a.Data, (ulong)start, (ulong)bits, small, little ? BitsInteger.Little : 0);
            Assert.True(before[..start] + Encode(small, bits, little) + before[(start + bits)..] == a.Text(), where + " " + small);
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Write_over_builds_front_to_back(int seed)
    {
        var random = new Random(seed);
        for (int n = 0; n < 500; n++)
        {
            var a = new Room(100, random);
            var expected = new StringBuilder();
            int start = random.Next(30);
            expected.Append(a.Text()[..start]);
            while (expected.Length < 600)
            {
                int bits = random.Next(1, Bits.MaxFast + 1);
                ulong v = (ulong)random.NextInt64() * 5;
                Bits.WriteOver(a.Data, (ulong)expected.Length, v, bits);
                expected.Append(Encode(v, bits, false));
            }
            Assert.True(a.Text()[..expected.Length] == expected.ToString(), $"seed {seed} round {n}");
        }
    }

    [Fact]
    public void Halves_convert_as_in_dotnet()
    {
        for (uint i = 0; i < 0x10000; i++)
        {
            double expected = (double)BitConverter.UInt16BitsToHalf((ushort)i), got = BitsFloat.FromHalf(i);
            Assert.True(double.IsNaN(expected) ? double.IsNaN(got) : BitConverter.DoubleToInt64Bits(expected) == BitConverter.DoubleToInt64Bits(got), $"{i:x}");
            if (double.IsFinite(expected)) Assert.Equal(i, BitsFloat.ToHalf(expected));
        }
        var random = new Random(7);
        for (int n = 0; n < 200000; n++)
        {
            double d = (random.NextDouble() - 0.5) * Math.Pow(2, random.Next(-30, 20));
            if (n % 3 == 0) d = BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(d) & ~((1L << random.Next(36, 50)) - 1));
            Assert.True(BitConverter.HalfToUInt16Bits((Half)d) == BitsFloat.ToHalf(d), d.ToString("R", null));
        }
        Assert.Equal(0x7C00u, BitsFloat.ToHalf(70000));
        Assert.Equal(0xFC00u, BitsFloat.ToHalf(-1e300));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Floats_read_back(int seed)
    {
        var random = new Random(seed);
        for (int n = 0; n < 2000; n++)
        {
            var a = new Room(20, random);
            ulong start = (ulong)random.Next(30);
            int bits = 16 << random.Next(3), flags = random.Next(2) * BitsInteger.Little;
            double d = bits == 16 ? random.Next(-2048, 2048) : bits == 32 ? random.NextSingle() : random.NextDouble();
            BitsInteger.Put(a.Data, start, (ulong)bits, (long)BitsFloat.Encode(d, bits), flags);
            Assert.True(BitsFloat.Read(a.Data, start, (ulong)bits, flags, out double back) && back == d, $"seed {seed} round {n}");
        }
        var room = new Room(8, random);
        Bits.Write(room.Data, 0, 0x7FF0_0000_0000_0000, 64);
        Assert.False(BitsFloat.Read(room.Data, 0, 64, 0, out _));
        Bits.Write(room.Data, 0, 0x7FC0_0000_0000_0000, 64);
        Assert.False(BitsFloat.Read(room.Data, 0, 32, 0, out _));
        Bits.Write(room.Data, 0, 0xFC00_0000_0000_0000, 64);
        Assert.False(BitsFloat.Read(room.Data, 0, 16, 0, out _));
        Assert.False(BitsFloat.Read(room.Data, 0, 17, 0, out _));
    }

    [Fact]
    public void Every_code_point_goes_there_and_back()
    {
        var random = new Random(1);
        var a = new Room(16, random);
        for (uint code = 0; code < 0x110100; code++)
        {
            if (!BitsUtf.IsValid(code))
            {
                Assert.True(code is >= 0xD800 and < 0xE000 or > 0x10FFFF);
                continue;
            }
            ulong start = code % 23;
            int bits = BitsUtf.Utf8Bits(code);
            Bits.Write(a.Data, start, BitsUtf.Utf8(code), bits);
            Assert.Equal(code, BitsUtf.ReadUtf8(a.Data, start, start + (ulong)bits, out int used));
            Assert.Equal(bits, used);
            Assert.Equal(-1, BitsUtf.ReadUtf8(a.Data, start, start + (ulong)bits - 1, out _));
            bool little = (code & 1) != 0;
            bits = BitsUtf.Utf16Bits(code);
            Bits.Write(a.Data, start, BitsUtf.Utf16(code, little), bits);
            Assert.Equal(code, BitsUtf.ReadUtf16(a.Data, start, start + (ulong)bits, little, out used));
            Assert.Equal(bits, used);
        }
        Assert.False(BitsUtf.IsValid(ulong.MaxValue));
        Assert.False(BitsUtf.IsValid(0x10D800000000));
    }

    [Fact]
    public void Utf8_agrees_with_dotnet_on_every_short_sequence()
    {
        var a = new Room(4, new Random(1));
        var bytes = new byte[4];
        for (uint lead = 0x80; lead < 0x100; lead++)
        {
            for (uint rest = 0; rest < 0x10000; rest += 1)
            {
                bytes[0] = (byte)lead;
                bytes[1] = (byte)(rest >> 8);
                bytes[2] = (byte)rest;
                bytes[3] = (byte)(0x80 | (rest & 0x3F));
                for (int i = 0; i < 4; i++) a.Data[i] = bytes[i];
                var status = Rune.DecodeFromUtf8(bytes, out Rune rune, out int used);
                long got = BitsUtf.ReadUtf8(a.Data, 0, 32, out int bits);
                if (status == System.Buffers.OperationStatus.Done) Assert.True(got == rune.Value && bits == used * 8);
                else Assert.Equal(-1, got);
            }
        }
    }
}
