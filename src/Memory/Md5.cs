// MD5 (RFC 1321), for erlang:md5/1 and the erlang:md5_init/0, md5_update/2, md5_final/1 that keep their state in a binary.

using System;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace MyBeam.Memory;

/// <summary>
/// A running MD5. It holds no pointers, so a copy of its <see cref="StateSize"/> bytes is another computation that goes on from the
/// same point: this is what erlang:md5_init/0 gives as a binary.
/// </summary>
public unsafe struct Md5State
{
    /// <summary>The size of the struct in bytes.</summary>
    public const int StateSize = 88;

    /// <summary>The size of a digest in bytes.</summary>
    public const int DigestSize = 16;

    private const int BlockSize = 64;

    private fixed uint _sums[4];
    private ulong _length;
    private fixed byte _block[BlockSize];

    /// <summary>The 64 constants of RFC 1321: floor(2^32 * |sin(i)|) for i from 1, made by a script.</summary>
    private static ReadOnlySpan<uint> Sines => new uint[]
    {
        0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
        0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
        0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
        0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
        0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
        0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
        0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
        0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
    };

    /// <summary>Starts a computation.</summary>
    public void Init()
    {
        _sums[0] = 0x67452301;
        _sums[1] = 0xEFCDAB89;
        _sums[2] = 0x98BADCFE;
        _sums[3] = 0x10325476;
        _length = 0;

        // The state becomes a binary that programs can see: it must not show what was in memory before.
        for (var i = 0; i < BlockSize; i++)
            _block[i] = 0;
    }

    /// <summary>Adds bytes.</summary>
    public void Update(byte* data, nuint length)
    {
        Debug.Assert(sizeof(Md5State) == StateSize);
        var used = (nuint)(_length % BlockSize);
        _length += length;
        fixed (byte* block = _block)
        fixed (uint* sums = _sums)
        fixed (uint* sines = &Sines[0])
        {
            if (used > 0)
            {
                for (; used < BlockSize && length > 0; length--)
                    block[used++] = *data++;
                if (used < BlockSize)
                    return;
                Transform(sums, sines, block);
            }

            for (; length >= BlockSize; length -= BlockSize, data += BlockSize)
                Transform(sums, sines, data);
            for (nuint i = 0; i < length; i++)
                block[i] = data[i];
        }
    }

    /// <summary>Ends the computation and writes the <see cref="DigestSize"/> bytes of the digest; start again with <see cref="Init"/>.</summary>
    public void Final(byte* digest)
    {
        // A one bit, zeros up to eight bytes before the end of a block, the length in bits.
        var bits = _length * 8;
        var padding = stackalloc byte[BlockSize + 8];
        for (var i = 0; i < BlockSize + 8; i++)
            padding[i] = 0;
        padding[0] = 0x80;
        var used = (int)(_length % BlockSize);
        var zerosEnd = used < BlockSize - 8 ? BlockSize - 8 - used : (2 * BlockSize) - 8 - used;
        Unsafe.WriteUnaligned(padding + zerosEnd, bits);
        Update(padding, (nuint)zerosEnd + 8);
        for (var i = 0; i < 4; i++)
            Unsafe.WriteUnaligned(digest + (4 * i), _sums[i]);
    }

    /// <summary>The digest of some bytes in one go.</summary>
    public static void Digest(byte* data, nuint length, byte* digest)
    {
        Md5State state;
        Unsafe.SkipInit(out state);
        state.Init();
        state.Update(data, length);
        state.Final(digest);
    }

    /// <summary>One block. The order of the words and the rotations are those of the tables in RFC 1321, section 3.4.</summary>
    private static void Transform(uint* sums, uint* sines, byte* block)
    {
        uint a = sums[0], b = sums[1], c = sums[2], d = sums[3];

        // Four steps at a time, after which the four registers are in their places again.
        for (var i = 0; i < 16; i += 4)
        {
            a = b + BitOperations.RotateLeft(a + (d ^ (b & (c ^ d))) + Word(block, i) + sines[i], 7);
            d = a + BitOperations.RotateLeft(d + (c ^ (a & (b ^ c))) + Word(block, i + 1) + sines[i + 1], 12);
            c = d + BitOperations.RotateLeft(c + (b ^ (d & (a ^ b))) + Word(block, i + 2) + sines[i + 2], 17);
            b = c + BitOperations.RotateLeft(b + (a ^ (c & (d ^ a))) + Word(block, i + 3) + sines[i + 3], 22);
        }

        for (var i = 16; i < 32; i += 4)
        {
            a = b + BitOperations.RotateLeft(a + (c ^ (d & (b ^ c))) + Word(block, (5 * i) + 1) + sines[i], 5);
            d = a + BitOperations.RotateLeft(d + (b ^ (c & (a ^ b))) + Word(block, (5 * i) + 6) + sines[i + 1], 9);
            c = d + BitOperations.RotateLeft(c + (a ^ (b & (d ^ a))) + Word(block, (5 * i) + 11) + sines[i + 2], 14);
            b = c + BitOperations.RotateLeft(b + (d ^ (a & (c ^ d))) + Word(block, (5 * i) + 16) + sines[i + 3], 20);
        }

        for (var i = 32; i < 48; i += 4)
        {
            a = b + BitOperations.RotateLeft(a + (b ^ c ^ d) + Word(block, (3 * i) + 5) + sines[i], 4);
            d = a + BitOperations.RotateLeft(d + (a ^ b ^ c) + Word(block, (3 * i) + 8) + sines[i + 1], 11);
            c = d + BitOperations.RotateLeft(c + (d ^ a ^ b) + Word(block, (3 * i) + 11) + sines[i + 2], 16);
            b = c + BitOperations.RotateLeft(b + (c ^ d ^ a) + Word(block, (3 * i) + 14) + sines[i + 3], 23);
        }

        for (var i = 48; i < 64; i += 4)
        {
            a = b + BitOperations.RotateLeft(a + (c ^ (b | ~d)) + Word(block, 7 * i) + sines[i], 6);
            d = a + BitOperations.RotateLeft(d + (b ^ (a | ~c)) + Word(block, (7 * i) + 7) + sines[i + 1], 10);
            c = d + BitOperations.RotateLeft(c + (a ^ (d | ~b)) + Word(block, (7 * i) + 14) + sines[i + 2], 15);
            b = c + BitOperations.RotateLeft(b + (d ^ (c | ~a)) + Word(block, (7 * i) + 21) + sines[i + 3], 21);
        }

        sums[0] += a;
        sums[1] += b;
        sums[2] += c;
        sums[3] += d;
    }

    /// <summary>The little-endian word of the block with this index, modulo 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Word(byte* block, int index) => Unsafe.ReadUnaligned<uint>(block + (4 * (index & 15)));
}
