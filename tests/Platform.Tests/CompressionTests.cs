using System.IO.Compression;
using System.Text;
using Xunit;

namespace MyBeam.Platform.Tests;

public unsafe class CompressionTests
{
    // Level 19 of "MyBeam MyBeam MyBeam MyBeam MyBeam MyBeam", made by libzstd 1.5.4.
    private static ReadOnlySpan<byte> Frame =>
    [
        0x28, 0xB5, 0x2F, 0xFD, 0x20, 0x29, 0x6D, 0x00, 0x00, 0x38, 0x4D, 0x79, 0x42, 0x65, 0x61, 0x6D, 0x20, 0x01, 0x00, 0x72, 0x8A, 0x11,
    ];

    private static byte[] Sample(int bytes)
    {
        byte[] data = new byte[bytes];
        new System.Random(7).NextBytes(data.AsSpan(0, bytes / 3));
        return data;
    }

    [Theory]
    [InlineData(ZlibFormat.Zlib, 6, 0)]
    [InlineData(ZlibFormat.Zlib, 9, 1)]
    [InlineData(ZlibFormat.Raw, 1, 100_000)]
    [InlineData(ZlibFormat.Gzip, 0, 100_000)]
    [InlineData(ZlibFormat.Gzip, -1, 3)]
    public void WhatIsDeflatedInflatesToTheSame(ZlibFormat format, int level, int bytes)
    {
        byte[] data = Sample(bytes), packed = new byte[(int)Zlib.DeflateBound((nuint)bytes)], back = new byte[bytes];
        byte[] room = new byte[1];
        fixed (byte* d = bytes == 0 ? room : data, p = packed, b = bytes == 0 ? room : back)
        {
            Assert.Equal(ZlibResult.StreamEnd, Zlib.Deflate(d, (nuint)bytes, p, (nuint)packed.Length, level, format, out nuint written));
            Assert.Equal(ZlibResult.StreamEnd, Zlib.MeasureInflated(p, written, (nuint)bytes, format, out nuint size));
            Assert.Equal((nuint)bytes, size);
            Assert.Equal(ZlibResult.StreamEnd, Zlib.Inflate(p, (nuint)packed.Length, b, (nuint)bytes, format, out nuint consumed, out nuint inflated));
            Assert.Equal((written, (nuint)bytes), (consumed, inflated));
            Assert.Equal(data, back);
            if (bytes > 0)
            {
                Assert.Equal(ZlibResult.BufferError, Zlib.Inflate(p, written, b, (nuint)bytes - 1, format, out _, out _));
                Assert.Equal(ZlibResult.BufferError, Zlib.MeasureInflated(p, written, (nuint)bytes - 1, format, out _));
                Assert.Equal(ZlibResult.BufferError, Zlib.Deflate(d, (nuint)bytes, p, written - 1, level, format, out _));
            }
        }
    }

    [Fact]
    public void ForeignDataInflates()
    {
        byte[] data = Sample(50_000);
        using MemoryStream stream = new();
        using (ZLibStream zlib = new(stream, CompressionLevel.Optimal))
        {
            zlib.Write(data);
        }

        byte[] packed = stream.ToArray(), back = new byte[data.Length];
        fixed (byte* p = packed, b = back)
        {
            Assert.Equal(ZlibResult.StreamEnd, Zlib.Inflate(p, (nuint)packed.Length, b, (nuint)back.Length, ZlibFormat.Detect, out _, out _));
        }

        Assert.Equal(data, back);
    }

    [Fact]
    public void DamagedAndCutDataIsRefused()
    {
        byte[] data = Sample(5000), packed = new byte[(int)Zlib.DeflateBound(5000)], back = new byte[6000];
        fixed (byte* d = data, p = packed, b = back)
        {
            Assert.Equal(ZlibResult.StreamEnd, Zlib.Deflate(d, 5000, p, (nuint)packed.Length, 6, ZlibFormat.Zlib, out nuint written));
            for (nuint cut = 0; cut < written; cut += 17)
            {
                Assert.Equal(ZlibResult.DataError, Zlib.Inflate(p, cut, b, 6000, ZlibFormat.Zlib, out _, out _));
                Assert.Equal(ZlibResult.DataError, Zlib.MeasureInflated(p, cut, 6000, ZlibFormat.Zlib, out _));
            }

            p[written - 1] ^= 1;
            Assert.Equal(ZlibResult.DataError, Zlib.Inflate(p, written, b, 5000, ZlibFormat.Zlib, out _, out _));
            Assert.Equal(ZlibResult.StreamError, Zlib.Deflate(d, 5000, p, (nuint)packed.Length, 10, ZlibFormat.Zlib, out _));
        }
    }

    [Fact]
    public void AStreamGoesStepByStepWithADictionary()
    {
        byte[] dictionary = Encoding.ASCII.GetBytes("hello, world"), data = Encoding.ASCII.GetBytes("hello, world; world, hello"), packed = new byte[100], back = new byte[100];
        fixed (byte* dict = dictionary, d = data, p = packed, b = back)
        {
            ZlibState s = default;
            Assert.Equal(112, sizeof(ZlibState));
            Assert.Equal(ZlibResult.Ok, Zlib.DeflateInit(&s, 9, 15, 8, 0));
            Assert.Equal(ZlibResult.Ok, Zlib.DeflateSetDictionary(&s, dict, (uint)dictionary.Length));
            s.NextIn = d;
            s.AvailableIn = (uint)data.Length;
            s.NextOut = p;
            s.AvailableOut = 100;
            Assert.Equal(ZlibResult.StreamEnd, Zlib.DeflateStep(&s, ZlibFlush.Finish));
            uint written = (uint)s.TotalOut;
            Assert.Equal(ZlibResult.Ok, Zlib.DeflateEnd(&s));

            s = default;
            Assert.Equal(ZlibResult.Ok, Zlib.InflateInit(&s, 15));
            s.NextIn = p;
            s.AvailableIn = written;
            s.NextOut = b;
            s.AvailableOut = 100;
            Assert.Equal(ZlibResult.NeedDictionary, Zlib.InflateStep(&s, ZlibFlush.None));
            Assert.Equal(Zlib.Adler32(1, dict, (nuint)dictionary.Length), (uint)s.Checksum);
            Assert.Equal(ZlibResult.Ok, Zlib.InflateSetDictionary(&s, dict, (uint)dictionary.Length));
            Assert.Equal(ZlibResult.StreamEnd, Zlib.InflateStep(&s, ZlibFlush.None));
            Assert.Equal(data, back[..(int)s.TotalOut]);
            Assert.Equal(ZlibResult.Ok, Zlib.InflateEnd(&s));
            Assert.Equal(ZlibResult.DataError, Zlib.Inflate(p, written, b, 100, ZlibFormat.Zlib, out _, out _));
        }
    }

    [Fact]
    public void ChecksumsAreRight()
    {
        fixed (byte* p = "123456789"u8)
        {
            Assert.Equal(0xCBF43926u, Zlib.Crc32(0, p, 9));
            Assert.Equal(0x091E01DEu, Zlib.Adler32(1, p, 9));
            Assert.Equal(0xCBF43926u, Zlib.Crc32Combine(Zlib.Crc32(0, p, 4), Zlib.Crc32(0, p + 4, 5), 5));
            Assert.Equal(0x091E01DEu, Zlib.Adler32Combine(Zlib.Adler32(1, p, 4), Zlib.Adler32(1, p + 4, 5), 5));
        }
    }

    [Fact]
    public void AZstandardFrameIsDecompressed()
    {
        const string Expected = "MyBeam MyBeam MyBeam MyBeam MyBeam MyBeam";
        byte[] back = new byte[100];
        nuint frameBytes = (nuint)Frame.Length;
        fixed (byte* f = Frame, b = back)
        {
            Assert.True(Zstd.ContentSize(f, frameBytes, out ulong size));
            Assert.Equal((ulong)Expected.Length, size);
            Assert.True(Zstd.FrameSize(f, frameBytes, out nuint taken));
            Assert.Equal(frameBytes, taken);
            Assert.True(Zstd.Decompress(f, frameBytes, b, (nuint)size, out nuint written));
            Assert.Equal(Expected, Encoding.ASCII.GetString(b, (int)written));
            Assert.False(Zstd.Decompress(f, frameBytes, b, (nuint)size - 1, out written));
            Assert.Equal((nuint)0, written);
            Assert.False(Zstd.Decompress(f, frameBytes - 1, b, 100, out _));
            Assert.False(Zstd.FrameSize(f, frameBytes - 1, out _));
            Assert.False(Zstd.ContentSize(b, 100, out _));
        }
    }
}
