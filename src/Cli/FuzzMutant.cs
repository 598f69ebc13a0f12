// Damaged .beam files for `mybeam fuzz`: one mutant is made from a seed, its number and the bytes of real files, and can be made again from these.
namespace MyBeam.Cli;

using System;
using MyBeam.Memory;
using MyBeam.Platform;
using MyBeam.Vm;

/// <summary>Random numbers (splitmix64): small, and the same on every machine.</summary>
internal struct FuzzRandom
{
    private ulong state;

    public FuzzRandom(ulong seed, long index) => state = (seed * 0xD1342543DE82EF95UL) + (((ulong)index + 1) * 0x9E3779B97F4A7C15UL);

    public ulong Next()
    {
        ulong z = state += 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }

    /// <summary>A number of 0 to limit - 1; 0 when the limit is not positive.</summary>
    public int Below(long limit) => limit <= 0 ? 0 : (int)(Next() % (ulong)limit);
}

/// <summary>The bytes being damaged. The code is changed instruction by instruction in FuzzMutantCode.cs.</summary>
internal unsafe partial struct FuzzMutant
{
    public byte* Data;
    public int Size;
    private int capacity;
    private FuzzRandom random;
    private NativeList<Token> tokens;

    // Room for what edits add.
    private const int Slack = 1 << 20, FormHead = 12, ChunkHead = 8;

    /// <summary>Makes a mutant of one file; parts of another may get into it.</summary>
    public bool Make(FuzzRandom source, byte* file, int size, byte* other, int otherSize)
    {
        random = source;
        if (!Reserve(size + otherSize + Slack)) return false;
        Copy(file, Data, size);
        Size = size;
        int choice = random.Below(100);
        if (choice < 10) Flip(1 + random.Below(8), 0, Size);
        else if (choice < 16) Overwrite(1 + random.Below(4), 0, Size);
        else if (choice < 22) Truncate();
        else if (choice < 30) Counts();
        else if (choice < 40) Chunks(other, otherSize);
        else if (choice < 44) Splice(other, otherSize);
        else if (choice < 54) Literals();
        else
        {
            int edits = 1 + random.Below(random.Below(3) == 0 ? 8 : 2);
            for (int i = 0; i < edits; i++) EditCode();
            if (random.Below(12) == 0) Counts();
        }
        return true;
    }

    public void Free()
    {
        Allocator.Free(Data, (nuint)capacity, Owner.Temporary);
        tokens.Free(Owner.Temporary);
        this = default;
    }

    private bool Reserve(int bytes)
    {
        if (bytes <= capacity) return true;
        Allocator.Free(Data, (nuint)capacity, Owner.Temporary);
        Data = (byte*)Allocator.Alloc((nuint)bytes, Owner.Temporary);
        capacity = Data == null ? 0 : bytes;
        return Data != null;
    }

    private static void Copy(byte* from, byte* to, long bytes) => Buffer.MemoryCopy(from, to, bytes, bytes);

    private static uint Read32(byte* p) => ((uint)p[0] << 24) | ((uint)p[1] << 16) | ((uint)p[2] << 8) | p[3];

    private static void Write32(byte* p, uint value)
    {
        p[0] = (byte)(value >> 24);
        p[1] = (byte)(value >> 16);
        p[2] = (byte)(value >> 8);
        p[3] = (byte)value;
    }

    private static ReadOnlySpan<ulong> Numbers => new ulong[]
    {
        0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 257, 1022, 1023, 1024, 1025, 2047, 2048, 8190, 8191, 32767, 65534, 65535, 65536, 1 << 20, 1 << 24,
        0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x100000000, 1UL << 40, 1UL << 47, 1UL << 52, (1UL << 59) - 1, 1UL << 59, 1UL << 60, 1UL << 62, long.MaxValue, 1UL << 63, ulong.MaxValue,
    };

    private ulong Number() => random.Below(2) == 0 ? (ulong)random.Below(48) : Numbers[random.Below(Numbers.Length)];

    // -- bytes --

    private void Flip(int count, int from, int bytes)
    {
        for (int i = 0; i < count && bytes > 0; i++) Data[from + random.Below(bytes)] ^= (byte)(1 << random.Below(8));
    }

    private void Overwrite(int count, int from, int bytes)
    {
        for (int i = 0; i < count && bytes > 0; i++)
            Data[from + random.Below(bytes)] = random.Below(3) switch { 0 => (byte)random.Next(), 1 => 0xFF, _ => (byte)random.Below(16) };
    }

    private void Truncate()
    {
        int at = random.Below(Size);
        bool inside = random.Below(2) == 0;
        if (inside)
        {
            // The container is made to fit again, so that the cut is found by whoever reads the chunk.
            int chunk = ChunkAt(at);
            if (chunk >= 0 && at - chunk - ChunkHead >= 0)
            {
                Write32(Data + chunk + 4, (uint)(at - chunk - ChunkHead));
                Size = Math.Min(Size, (at + 3) & ~3);
                if (Size >= 8) Write32(Data + 4, (uint)(Size - 8));
                return;
            }
        }
        Size = at;
    }

    // Start of the chunk in which a byte lies, or -1.
    private readonly int ChunkAt(int byteAt)
    {
        for (int at = FormHead; at + ChunkHead <= Size; at = Following(at))
            if (byteAt < Following(at)) return at;
        return -1;
    }

    private readonly int Following(int chunk)
    {
        long next = chunk + ChunkHead + ((Read32(Data + chunk + 4) + 3L) & ~3L);
        return next > Size ? Size : (int)next;
    }

    private readonly int FindChunk(uint id)
    {
        for (int at = FormHead; at + ChunkHead <= Size; at = Following(at))
            if (Read32(Data + at) == id) return at;
        return -1;
    }

    private readonly int CountChunks()
    {
        int n = 0;
        for (int at = FormHead; at + ChunkHead <= Size; at = Following(at)) n++;
        return n;
    }

    private int SomeChunk()
    {
        int n = random.Below(CountChunks()), at = FormHead;
        for (; n > 0; n--) at = Following(at);
        return at + ChunkHead <= Size ? at : -1;
    }

    /// <summary>Overwrites 32-bit numbers: those at the head of chunks, and any in the chunks that are rows of them.</summary>
    private void Counts()
    {
        int times = 1 + random.Below(3);
        for (int i = 0; i < times; i++)
        {
            int chunk = SomeChunk();
            if (chunk < 0) return;
            int bytes = Following(chunk) - chunk - ChunkHead;
            uint id = Read32(Data + chunk);
            bool rows = id is ChunkId.ImpT or ChunkId.ExpT or ChunkId.LocT or ChunkId.FunT;
            int words = (rows && random.Below(3) != 0 ? bytes : Math.Min(bytes, 24)) / 4;
            if (words == 0) continue;
            byte* p = Data + chunk + ChunkHead + (4 * random.Below(words));
            Write32(p, random.Below(3) == 0 ? Read32(p) + (uint)random.Below(5) - 2 : (uint)Number());
        }
    }

    /// <summary>Whole chunks: away, twice, of the other file, with another name or size.</summary>
    private void Chunks(byte* other, int otherSize)
    {
        int chunk = SomeChunk();
        if (chunk < 0) return;
        int bytes = Following(chunk) - chunk;
        switch (random.Below(6))
        {
            case 0:
                Replace(chunk, bytes, null, 0);
                break;
            case 1:
                Write32(Data + chunk + 4, random.Below(2) == 0 ? (uint)Number() : (uint)random.Below(bytes));
                return;
            case 2:
                int second = SomeChunk();
                if (second >= 0) Write32(Data + chunk, Read32(Data + second));
                return;
            case 3:
                Data[chunk + random.Below(4)] = (byte)random.Next();
                return;
            default:
                // The other file's chunk of this name in place of it, or behind it: the last one of a name counts.
                FuzzMutant o = default;
                o.Data = other;
                o.Size = otherSize;
                int from = o.FindChunk(Read32(Data + chunk));
                if (from < 0) return;
                int length = o.Following(from) - from;
                if (random.Below(4) != 0) Replace(chunk, bytes, other + from, length);
                else Replace(chunk + bytes, 0, other + from, length);
                break;
        }
        Write32(Data + 4, (uint)(Size - 8));
    }

    private void Splice(byte* other, int otherSize)
    {
        int keep = random.Below(Size), from = random.Below(2) == 0 ? Math.Min(keep, otherSize) : random.Below(otherSize);
        Replace(keep, Size - keep, other + from, otherSize - from);
        if (Size >= 8 && random.Below(4) != 0) Write32(Data + 4, (uint)(Size - 8));
    }

    // Puts bytes in place of others; sizes of chunks are the caller's business.
    private void Replace(int at, int oldBytes, byte* fresh, int freshBytes)
    {
        if ((long)Size - oldBytes + freshBytes > capacity) return;
        Buffer.MemoryCopy(Data + at + oldBytes, Data + at + freshBytes, Size - at - oldBytes, Size - at - oldBytes);
        if (freshBytes > 0) Copy(fresh, Data + at, freshBytes);
        Size += freshBytes - oldBytes;
    }

    /// <summary>Puts bytes in place of others inside a chunk and makes its size, padding and the file's size fit.</summary>
    private void ReplaceInside(int chunk, int at, int oldBytes, byte* fresh, int freshBytes)
    {
        int before = (int)Read32(Data + chunk + 4), after = before + freshBytes - oldBytes;
        if (Size + (long)freshBytes + 4 > capacity || chunk + ChunkHead + (long)before > Size || Size < FormHead) return;
        int padding = Following(chunk) - chunk - ChunkHead - before;
        Replace(at, oldBytes, fresh, freshBytes);
        byte* zeros = stackalloc byte[4];
        *(uint*)zeros = 0;
        Replace(chunk + ChunkHead + after, padding, zeros, -after & 3);
        Write32(Data + chunk + 4, (uint)after);
        Write32(Data + 4, (uint)(Size - 8));
    }

    // -- literals --

    private static ReadOnlySpan<byte> Tags => new byte[] { 70, 77, 80, 82, 88, 89, 90, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 118, 119, 120, 121, 131 };

    private void Literals()
    {
        int chunk = FindChunk(ChunkId.LitT);
        if (chunk < 0)
        {
            Flip(2, 0, Size);
            return;
        }
        int bytes = (int)Math.Min(Read32(Data + chunk + 4), (uint)(Size - chunk - ChunkHead));
        byte* data = Data + chunk + ChunkHead;
        if (bytes < 8) return;
        uint unpacked = Read32(data);
        if (unpacked is not 0 and < Slack / 2 && random.Below(8) != 0)
        {
            // Unpacked, as OTP 28 and later write them: a flipped bit in packed data is only a wrong checksum.
            byte* plain = (byte*)Allocator.Alloc(unpacked, Owner.Temporary);
            if (plain == null) return;
            bool good = Zlib.Inflate(data + 4, (nuint)bytes - 4, plain, unpacked, ZlibFormat.Zlib, out _, out nuint written) == ZlibResult.StreamEnd && written == unpacked;
            if (good)
            {
                Write32(data, 0);
                ReplaceInside(chunk, chunk + ChunkHead + 4, bytes - 4, plain, (int)unpacked);
            }
            Allocator.Free(plain, unpacked, Owner.Temporary);
            if (!good) return;
            bytes = (int)unpacked + 4;
        }
        int from = chunk + ChunkHead + 8;
        switch (random.Below(4))
        {
            case 0:
                Flip(1 + random.Below(4), from, bytes - 8);
                break;
            case 1:
                Overwrite(1 + random.Below(3), from, bytes - 8);
                break;
            default:
                // Another tag where there is one now.
                for (int i = 0, left = 1 + random.Below(3); i < 4000 && left > 0; i++)
                {
                    int at = from + random.Below(bytes - 8);
                    if (Tags.IndexOf(Data[at]) < 0) continue;
                    Data[at] = Tags[random.Below(Tags.Length)];
                    left--;
                }
                break;
        }
    }
}
