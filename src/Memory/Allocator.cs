// The one door to native memory. Every block has an owner; bytes are counted per owner. With checking switched on (tests, --check-memory) every block
// gets a head and guard words, so that leaks, double frees, wrong sizes and writes past the end are found and reported with the owner's name.
namespace MyBeam.Memory;

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading;

/// <summary>Who owns a block of native memory: who frees it.</summary>
public enum Owner
{
    Temporary, Heap, OldHeap, Fragment, Binary, Atoms, Code, Literals, Maps, Vm, Process, Loader, Text, Regex, Compression, Resource, Ets, Timers, Files, Work, Count,
}

/// <summary>Counted native memory over malloc. Thread-safe.</summary>
public static unsafe class Allocator
{
    private const int Shards = 16, ShardWords = 24;

    private struct Counters
    {
        // Threads count in different places, so that they do not wait for each other's cache lines: bytes of each owner.
        public fixed long Counts[Shards * ShardWords];
        public int Checking;
        public long Faults;
    }

    // Bookkeeping of the process-wide malloc, not VM state: two VMs share it as they share malloc.
    private static Counters counters;

    private const ulong HeadMagic = 0xA110_CA7E_D000_0000, TailMagic = 0x7A11_7A11_7A11_7A11, FreedMagic = 0xDEAD_DEAD_DEAD_DEAD;
    private const int HeadBytes = 32, TailBytes = 16;

    /// <summary>Switches checking on. Must be called before the first allocation of the OS process (blocks made before have no head).</summary>
    public static void EnableChecking() => counters.Checking = 1;

    /// <summary>Whether checking is on.</summary>
    public static bool Checking => counters.Checking != 0;

    /// <summary>Faults the checker has found so far.</summary>
    public static long Faults => Volatile.Read(ref counters.Faults);

    /// <summary>Bytes this owner holds now.</summary>
    public static long Outstanding(Owner owner)
    {
        long sum = 0;
        for (int i = 0; i < Shards; i++) sum += Volatile.Read(ref counters.Counts[(i * ShardWords) + (int)owner]);
        return sum;
    }

    /// <summary>Bytes all owners hold now.</summary>
    public static long OutstandingTotal()
    {
        long sum = 0;
        for (int i = 0; i < (int)Owner.Count; i++) sum += Outstanding((Owner)i);
        return sum;
    }

    /// <summary>A block of <paramref name="bytes"/> bytes, 16-byte aligned, contents undefined; null when memory is out.</summary>
    public static void* Alloc(nuint bytes, Owner owner)
    {
        if (counters.Checking != 0) return CheckedAlloc(bytes, owner);
        void* p = NativeMemory.Alloc(bytes == 0 ? 1 : bytes);
        if (p != null) Count(owner, (long)bytes);
        return p;
    }

    /// <summary>Like Alloc, filled with zero.</summary>
    public static void* AllocZeroed(nuint bytes, Owner owner)
    {
        if (counters.Checking == 0)
        {
            void* q = NativeMemory.AllocZeroed(bytes == 0 ? 1 : bytes);
            if (q != null) Count(owner, (long)bytes);
            return q;
        }
        void* p = CheckedAlloc(bytes, owner);
        if (p != null) Unsafe.InitBlockUnaligned(p, 0, (uint)bytes);
        return p;
    }

    /// <summary>Changes the size of a block; contents up to the smaller size stay. Null (and the old block stays) when memory is out.</summary>
    public static void* Realloc(void* p, nuint oldBytes, nuint newBytes, Owner owner)
    {
        if (p == null) return Alloc(newBytes, owner);
        if (counters.Checking != 0)
        {
            void* fresh = CheckedAlloc(newBytes, owner);
            if (fresh == null) return null;
            System.Buffer.MemoryCopy(p, fresh, newBytes, oldBytes < newBytes ? oldBytes : newBytes);
            CheckedFree(p, oldBytes, owner);
            return fresh;
        }
        void* q = NativeMemory.Realloc(p, newBytes == 0 ? 1 : newBytes);
        if (q != null) Count(owner, (long)newBytes - (long)oldBytes);
        return q;
    }

    /// <summary>Gives a block back. The size must be the one it was made with. Null is allowed.</summary>
    public static void Free(void* p, nuint bytes, Owner owner)
    {
        if (p == null) return;
        if (counters.Checking != 0) { CheckedFree(p, bytes, owner); return; }
        Count(owner, -(long)bytes);
        NativeMemory.Free(p);
    }

    /// <summary>From now on another owner has this block (and frees it).</summary>
    public static void Give(void* p, nuint bytes, Owner from, Owner to)
    {
        if (p == null) return;
        if (counters.Checking != 0) ((ulong*)((byte*)p - HeadBytes))[0] = HeadMagic | (ulong)to;
        Count(from, -(long)bytes);
        Count(to, (long)bytes);
    }

    private static void Count(Owner owner, long bytes)
    {
        // Where the stack is tells one thread from another.
        long here = 0;
        int at = (int)((nuint)(&here) >> 20) & (Shards - 1);
        at = (at * ShardWords) + (int)owner;
        Interlocked.Add(ref counters.Counts[at], bytes);
    }

    private static void* CheckedAlloc(nuint bytes, Owner owner)
    {
        byte* p = (byte*)NativeMemory.Alloc(bytes + HeadBytes + TailBytes);
        if (p == null) return null;
        ulong* head = (ulong*)p;
        head[0] = HeadMagic | (ulong)owner;
        head[1] = bytes;
        head[2] = TailMagic;
        head[3] = TailMagic;
        byte* data = p + HeadBytes;
        Unsafe.InitBlockUnaligned(data, 0xAB, (uint)(bytes < 4096 ? bytes : 4096));
        Unsafe.WriteUnaligned(data + bytes, TailMagic);
        Count(owner, (long)bytes);
        return data;
    }

    private static void CheckedFree(void* p, nuint bytes, Owner owner)
    {
        ulong* head = (ulong*)((byte*)p - HeadBytes);
        bool good = head[0] == (HeadMagic | (ulong)owner) && head[1] == bytes && head[2] == TailMagic && head[3] == TailMagic
            && Unsafe.ReadUnaligned<ulong>((byte*)p + bytes) == TailMagic;
        if (!good)
        {
            // A fault is counted and the block is left alone: the test that switched checking on fails on Faults != 0.
            Interlocked.Increment(ref counters.Faults);
            return;
        }
        head[0] = FreedMagic;
        Unsafe.InitBlockUnaligned(p, 0xFD, (uint)(bytes < 4096 ? bytes : 4096));
        Count(owner, -(long)bytes);
        NativeMemory.Free(head);
    }
}
