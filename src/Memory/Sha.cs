// SHA-1 and SHA-2 (FIPS 180-4), for the digests of the module crypto.

using System;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace MyBeam.Memory;

/// <summary>Which digest of the SHA family.</summary>
public enum ShaKind
{
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha512224,
    Sha512256,
}

/// <summary>A running SHA-1 or SHA-2. It holds no pointers: a copy of the struct is another computation that goes on from the same point.</summary>
public unsafe struct ShaState
{
    /// <summary>Bytes of the longest digest.</summary>
    public const int MaxDigest = 64;

    private const int Words = 8, MaxBlock = 128, Constants = 80;

    // The sums of the digests with words of 32 bits are in the low halves.
    private fixed ulong _sums[Words];
    private fixed byte _block[MaxBlock];
    private ulong _length;
    private ShaKind _kind;

    // The first 64 bits of the fractional parts of the cube roots of the first 80 primes, made by a script; SHA-256 has the upper halves of the first 64.
    private static ReadOnlySpan<ulong> CubeRoots => new ulong[]
    {
        0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc, 0x3956c25bf348b538, 0x59f111f1b605d019,
        0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
        0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3,
        0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65, 0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
        0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
        0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
        0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b, 0xa2bfe8a14cf10364, 0xa81a664bbc423001,
        0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
        0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb,
        0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
        0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b, 0xca273eceea26619c, 0xd186b8c721c0c207,
        0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
        0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a,
        0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
    };

    // What SHA-512, SHA-384, SHA-512/224 and SHA-512/256 begin with. SHA-256 has the upper halves of the first, SHA-224 the lower halves of the second.
    private static ReadOnlySpan<ulong> Beginnings => new ulong[]
    {
        0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
        0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
        0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939, 0x67332667ffc00b31, 0x8eb44a8768581511,
        0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4,
        0x8c3d37c819544da2, 0x73e1996689dcd4d6, 0x1dfab7ae32ff9c82, 0x679dd514582f9fcf, 0x0f6d2b697bd44da8, 0x77e36f7304c48942,
        0x3f9d85a86a1d36c8, 0x1112e6ad91d692a1,
        0x22312194fc2bf72c, 0x9f555fa3c84c64c2, 0x2393b86b6f53b151, 0x963877195940eabd, 0x96283ee2a88effe3, 0xbe5e1e2553863992,
        0x2b0199fc2c85b8aa, 0x0eb72ddc81c52ca2,
    };

    private static ReadOnlySpan<uint> Sha1Beginning => new uint[] { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0, 0, 0, 0 };

    /// <summary>Bytes of the digest.</summary>
    public readonly int DigestSize => _kind switch
    {
        ShaKind.Sha1 => 20,
        ShaKind.Sha224 or ShaKind.Sha512224 => 28,
        ShaKind.Sha256 or ShaKind.Sha512256 => 32,
        ShaKind.Sha384 => 48,
        _ => 64,
    };

    /// <summary>Bytes that are worked on together.</summary>
    public readonly int BlockSize => _kind >= ShaKind.Sha384 ? 128 : 64;

    /// <summary>Starts a computation.</summary>
    public void Init(ShaKind kind)
    {
        _kind = kind;
        _length = 0;
        for (int i = 0; i < Words; i++)
        {
            _sums[i] = kind switch
            {
                ShaKind.Sha1 => Sha1Beginning[i],
                ShaKind.Sha224 => (uint)Beginnings[Words + i],
                ShaKind.Sha256 => Beginnings[i] >> 32,
                ShaKind.Sha384 => Beginnings[Words + i],
                ShaKind.Sha512 => Beginnings[i],
                ShaKind.Sha512224 => Beginnings[(2 * Words) + i],
                _ => Beginnings[(3 * Words) + i],
            };
        }
    }

    /// <summary>Adds bytes.</summary>
    public void Update(byte* data, nuint length)
    {
        nuint size = (nuint)BlockSize, used = (nuint)_length & (size - 1);
        _length += length;
        fixed (byte* block = _block)
        {
            if (used != 0)
            {
                nuint part = size - used < length ? size - used : length;
                Buffer.MemoryCopy(data, block + used, size - used, part);
                if (used + part < size) return;
                Block(block);
                data += part;
                length -= part;
            }

            for (; length >= size; data += size, length -= size)
                Block(data);
            Buffer.MemoryCopy(data, block, MaxBlock, length);
        }
    }

    /// <summary>Ends the computation and writes <see cref="DigestSize"/> bytes.</summary>
    public void Final(byte* digest)
    {
        int size = BlockSize, used = (int)(_length & (ulong)(size - 1)), tail = size / 8;
        ulong bits = _length << 3, high = _length >> 61;
        fixed (byte* block = _block)
        {
            block[used++] = 0x80;
            if (used > size - tail)
            {
                Unsafe.InitBlock(block + used, 0, (uint)(size - used));
                Block(block);
                used = 0;
            }

            Unsafe.InitBlock(block + used, 0, (uint)(size - used));
            Unsafe.WriteUnaligned(block + size - 8, BinaryPrimitives.ReverseEndianness(bits));
            if (tail == 16) Unsafe.WriteUnaligned(block + size - 16, BinaryPrimitives.ReverseEndianness(high));
            Block(block);
        }

        int word = _kind >= ShaKind.Sha384 ? 8 : 4;
        for (int i = 0; i < DigestSize; i++)
            digest[i] = (byte)(_sums[i / word] >> (8 * (word - 1 - (i % word))));
    }

    private void Block(byte* data)
    {
        if (_kind == ShaKind.Sha1) Block1(data);
        else if (_kind < ShaKind.Sha384) Block256(data);
        else Block512(data);
    }

    private static uint Word32(byte* data, int i) => BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<uint>(data + (4 * i)));

    private void Block1(byte* data)
    {
        uint* w = stackalloc uint[80];
        for (int i = 0; i < 16; i++) w[i] = Word32(data, i);
        for (int i = 16; i < 80; i++) w[i] = BitOperations.RotateLeft(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        uint a = (uint)_sums[0], b = (uint)_sums[1], c = (uint)_sums[2], d = (uint)_sums[3], e = (uint)_sums[4];
        for (int i = 0; i < 80; i++)
        {
            uint f = i < 20 ? ((b & c) | (~b & d)) + 0x5a827999
                : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                : (b ^ c ^ d) + 0xca62c1d6;
            uint t = BitOperations.RotateLeft(a, 5) + f + e + w[i];
            e = d;
            d = c;
            c = BitOperations.RotateLeft(b, 30);
            b = a;
            a = t;
        }

        _sums[0] = (uint)_sums[0] + a;
        _sums[1] = (uint)_sums[1] + b;
        _sums[2] = (uint)_sums[2] + c;
        _sums[3] = (uint)_sums[3] + d;
        _sums[4] = (uint)_sums[4] + e;
    }

    private static uint Right(uint x, int n) => BitOperations.RotateLeft(x, 32 - n);

    private void Block256(byte* data)
    {
        uint* w = stackalloc uint[64];
        uint* s = stackalloc uint[Words];
        for (int i = 0; i < 16; i++) w[i] = Word32(data, i);
        for (int i = 16; i < 64; i++)
        {
            uint x = w[i - 15], y = w[i - 2];
            w[i] = w[i - 16] + (Right(x, 7) ^ Right(x, 18) ^ (x >> 3)) + w[i - 7] + (Right(y, 17) ^ Right(y, 19) ^ (y >> 10));
        }

        for (int i = 0; i < Words; i++) s[i] = (uint)_sums[i];
        for (int i = 0; i < 64; i++)
        {
            uint a = s[0], e = s[4];
            uint t = s[7] + (Right(e, 6) ^ Right(e, 11) ^ Right(e, 25)) + ((e & s[5]) ^ (~e & s[6])) + (uint)(CubeRoots[i] >> 32) + w[i];
            uint u = (Right(a, 2) ^ Right(a, 13) ^ Right(a, 22)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
            s[7] = s[6];
            s[6] = s[5];
            s[5] = e;
            s[4] = s[3] + t;
            s[3] = s[2];
            s[2] = s[1];
            s[1] = a;
            s[0] = t + u;
        }

        for (int i = 0; i < Words; i++) _sums[i] = (uint)_sums[i] + s[i];
    }

    private static ulong Right(ulong x, int n) => BitOperations.RotateLeft(x, 64 - n);

    private void Block512(byte* data)
    {
        ulong* w = stackalloc ulong[Constants];
        ulong* s = stackalloc ulong[Words];
        for (int i = 0; i < 16; i++) w[i] = BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(data + (8 * i)));
        for (int i = 16; i < Constants; i++)
        {
            ulong x = w[i - 15], y = w[i - 2];
            w[i] = w[i - 16] + (Right(x, 1) ^ Right(x, 8) ^ (x >> 7)) + w[i - 7] + (Right(y, 19) ^ Right(y, 61) ^ (y >> 6));
        }

        for (int i = 0; i < Words; i++) s[i] = _sums[i];
        for (int i = 0; i < Constants; i++)
        {
            ulong a = s[0], e = s[4];
            ulong t = s[7] + (Right(e, 14) ^ Right(e, 18) ^ Right(e, 41)) + ((e & s[5]) ^ (~e & s[6])) + CubeRoots[i] + w[i];
            ulong u = (Right(a, 28) ^ Right(a, 34) ^ Right(a, 39)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
            s[7] = s[6];
            s[6] = s[5];
            s[5] = e;
            s[4] = s[3] + t;
            s[3] = s[2];
            s[2] = s[1];
            s[1] = a;
            s[0] = t + u;
        }

        for (int i = 0; i < Words; i++) _sums[i] += s[i];
    }
}
