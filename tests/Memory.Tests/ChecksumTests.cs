// Checksums and MD5 against recorded results of OTP (erlang:crc32, adler32, their _combine and md5 of OTP 29.1.1, erts 17.1; OTP 25
// and 27 give the same), and that pieces give the same as the whole.

using System;
using System.Globalization;
using System.Text;
using Xunit;

namespace MyBeam.Memory.Tests;

public sealed unsafe class ChecksumTests
{
    [Theory]
    [InlineData("", 0x00000000U, 0x00000001U, "d41d8cd98f00b204e9800998ecf8427e")]
    [InlineData("a", 0xe8b7be43U, 0x00620062U, "0cc175b9c0f1b6a831c399e269772661")]
    [InlineData("abc", 0x352441c2U, 0x024d0127U, "900150983cd24fb0d6963f7d28e17f72")]
    [InlineData("123456789", 0xcbf43926U, 0x091e01deU, "25f9e794323b453885f5181f1b624d0b")]
    [InlineData("The quick brown fox jumps over the lazy dog", 0x414fa339U, 0x5bdc0fdaU, "9e107d9d372bb6826bd81d3542a419d6")]
    [InlineData("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 0xce74275cU, 0xd23519c9U, "04364420e25c512fd958a70738aa8f72")]
    [InlineData("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 0xeecf7f7bU, 0xec761a41U, "668a72d5ba17f08e62dabcafad6db14b")]
    [InlineData("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 0x6897ac3fU, 0xb16c1d89U, "7dc2ca208106a2f703567bdff99d8981")]
    [InlineData("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 0x3ad2ac12U, 0xcf6d1e01U, "c1bb4f81d892b2d57947682aeb252456")]
    [InlineData("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 0x7f5fb567U, 0xede61e79U, "1bc932052302d074bdec39795fe00cf6")]
    [InlineData("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 0xb79df67bU, 0x141a37c9U, "ab347a5f68c8a443cfcddc633f12c24f")]
    [InlineData("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 0x4bbc23c1U, 0x4c5b3841U, "fb98667f98096de92620b64f46e1c5b5")]
    public void Sums_are_what_OTP_computes(string text, uint crc, uint adler, string md5) =>
        Check(Encoding.ASCII.GetBytes(text), crc, adler, md5);

    /// <summary>Longer than the run after which Adler-32 must reduce its sums.</summary>
    [Fact]
    public void Sums_of_long_data_are_what_OTP_computes()
    {
        var data = new byte[100_000];
        for (var i = 0; i < data.Length; i++)
            data[i] = (byte)((i * 7) + (i >> 8));
        Check(data, 0xe72bddc1, 0xd43b9aef, "2dc29e5babf440db9204914bcbe05fbf");

        Array.Fill(data, (byte)0xFF);
        Check(data, 0x68c6cec4, 0x149a302c, "e6083d97d43621163e0f9673bff51596");
    }

    /// <summary>Also for numbers that are no Adler-32 of any data, whose halves are not below 65521.</summary>
    [Theory]
    [InlineData(0x00000000U, 0x00000001U, 0UL, 0x00000001U, 0x00000000U)]
    [InlineData(0x00000001U, 0x00000001U, 0UL, 0x00000000U, 0x00000001U)]
    [InlineData(0x11e60398U, 0x091e01deU, 9UL, 0x5e26a408U, 0x3b530575U)]
    [InlineData(0xcbf43926U, 0x5bdc0fdaU, 43UL, 0x0c33d8b2U, 0xc19d48ffU)]
    [InlineData(0xffffffffU, 0xffffffffU, 1UL, 0xd202ef8dU, 0x0029000cU)]
    [InlineData(0xffffffffU, 0xffffffffU, 65521UL, 0x3f17ba13U, 0x001d000cU)]
    [InlineData(0x12345678U, 0x9abcdef0U, 123456789UL, 0xc3d31de8U, 0x25973576U)]
    [InlineData(0xfff0fff0U, 0x00010001U, 2147483647UL, 0xfff7cb48U, 0xff12fff0U)]
    public void Combined_sums_are_what_OTP_computes(uint first, uint second, ulong length, uint crc, uint adler)
    {
        Assert.Equal(crc, Checksums.Crc32Combine(first, second, length));
        Assert.Equal(adler, Checksums.Adler32Combine(first, second, length));
    }

    [Theory]
    [InlineData(0xFFFFFFFFU, 917518U, 1835022U, 4325396U)]
    [InlineData(0xFFF1FFF1U, 0U, 0U, 655366U)]
    [InlineData(0x0000FFF1U, 0U, 0U, 655366U)]
    public void Adler_reduces_a_number_that_is_no_checksum(uint start, uint none, uint zero, uint oneTwoThree)
    {
        var data = stackalloc byte[] { 1, 2, 3, 0 };
        Assert.Equal(none, Checksums.Adler32(start, data, 0));
        Assert.Equal(zero, Checksums.Adler32(start, data + 3, 1));
        Assert.Equal(oneTwoThree, Checksums.Adler32(start, data, 3));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Pieces_give_what_the_whole_gives(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 500; i++)
        {
            var data = new byte[random.Next(1, i < 250 ? 200 : 20_000)];
            random.NextBytes(data);
            var cut = random.Next(data.Length);
            var rest = (nuint)(data.Length - cut);
            fixed (byte* start = data)
            {
                var context = $"seed {seed}, round {i}";
                var crc = Checksums.Crc32(Checksums.Crc32Start, start, (nuint)data.Length);
                var firstCrc = Checksums.Crc32(Checksums.Crc32Start, start, (nuint)cut);
                Assert.True(crc == Checksums.Crc32(firstCrc, start + cut, rest), context);
                Assert.True(crc == Checksums.Crc32Combine(firstCrc, Checksums.Crc32(Checksums.Crc32Start, start + cut, rest), rest), context);

                var adler = Checksums.Adler32(Checksums.Adler32Start, start, (nuint)data.Length);
                var firstAdler = Checksums.Adler32(Checksums.Adler32Start, start, (nuint)cut);
                Assert.True(adler == Checksums.Adler32(firstAdler, start + cut, rest), context);
                Assert.True(adler == Checksums.Adler32Combine(firstAdler, Checksums.Adler32(Checksums.Adler32Start, start + cut, rest), rest), context);

                // A copy of the state goes on by itself, as the binaries of md5_update/2 do.
                Md5State state = default;
                state.Init();
                state.Update(start, (nuint)cut);
                var copy = state;
                state.Update(start, (nuint)cut);
                copy.Update(start + cut, rest);
                Assert.True(Md5(data) == Finish(copy), context);
            }
        }
    }

    [Fact]
    public void Md5_state_has_the_documented_size() => Assert.Equal(Md5State.StateSize, sizeof(Md5State));

    private static void Check(byte[] data, uint crc, uint adler, string md5)
    {
        fixed (byte* start = data)
        {
            Assert.Equal(crc, Checksums.Crc32(Checksums.Crc32Start, start, (nuint)data.Length));
            Assert.Equal(adler, Checksums.Adler32(Checksums.Adler32Start, start, (nuint)data.Length));
        }

        Assert.Equal(md5, Md5(data));
    }

    private static string Md5(byte[] data)
    {
        var digest = stackalloc byte[Md5State.DigestSize];
        fixed (byte* start = data)
            Md5State.Digest(start, (nuint)data.Length, digest);
        return Hex(digest);
    }

    private static string Finish(Md5State state)
    {
        var digest = stackalloc byte[Md5State.DigestSize];
        state.Final(digest);
        return Hex(digest);
    }

    private static string Hex(byte* digest)
    {
        var builder = new StringBuilder();
        for (var i = 0; i < Md5State.DigestSize; i++)
            builder.Append(digest[i].ToString("x2", CultureInfo.InvariantCulture));
        return builder.ToString();
    }
}
