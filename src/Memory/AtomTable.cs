// The atom table: the one table shared by every VM of the OS process (an atom's index is the same in all of them, so literals and messages need no translation).
// Atoms are never removed. Lookups take no lock once an atom exists; inserting takes a spin lock.
namespace MyBeam.Memory;

using System;
using System.Runtime.CompilerServices;
using System.Threading;

/// <summary>Atoms: text of 0 to 255 characters (UTF-8, at most 1020 bytes) with a number.</summary>
public static unsafe class AtomTable
{
    /// <summary>One atom. Text is owned by the table.</summary>
    public struct Entry
    {
        public byte* Text;
        public ushort Bytes;
        /// <summary>Characters (code points).</summary>
        public ushort Characters;
        public uint Hash;
        /// <summary>The first 8 bytes of the text, big-endian, zero padded: decides most comparisons.</summary>
        public ulong Prefix;
    }

    /// <summary>Most atoms there can be without SetLimit (OTP's default).</summary>
    private const int DefaultLimit = 1048576;
    private const int ChunkShift = 12, ChunkSize = 1 << ChunkShift;

    private struct State
    {
        public Entry** Chunks;
        public nint Buckets;
        public uint BucketMask;
        public int Count, Limit;
        public int Lock;
        public int Ready;
        public byte* TextBlock;
        public int TextUsed, TextSize;
    }

    private static State table;

    /// <summary>Number of atoms.</summary>
    public static int Count => Volatile.Read(ref table.Count);

    /// <summary>Most atoms there can be.</summary>
    public static int Limit => table.Limit;

    /// <summary>Changes Limit, which is not smaller than what is there already. Only before other threads run. False: memory is out.</summary>
    public static bool SetLimit(int limit)
    {
        int old = (table.Limit + ChunkSize - 1) / ChunkSize, chunks = (int)(((long)limit + ChunkSize - 1) / ChunkSize);
        if (chunks > old)
        {
            Entry** more = (Entry**)Allocator.AllocZeroed((nuint)chunks * (nuint)sizeof(Entry*), Owner.Atoms);
            if (more == null) return false;
            for (int i = 0; i < old; i++) more[i] = table.Chunks[i];
            Allocator.Free(table.Chunks, (nuint)(old * sizeof(Entry*)), Owner.Atoms);
            table.Chunks = more;
        }
        table.Limit = Math.Max(limit, table.Count);
        return true;
    }

    /// <summary>Makes the table and the well-known atoms of <see cref="Am"/>. May be called more than once.</summary>
    public static void Initialize()
    {
        Enter();
        if (table.Ready == 0)
        {
            table.Limit = DefaultLimit;
            table.Chunks = (Entry**)Allocator.AllocZeroed((nuint)(DefaultLimit / ChunkSize * sizeof(Entry*)), Owner.Atoms);
            table.BucketMask = 8191;
            table.Buckets = (nint)NewBuckets(8191);
            ReadOnlySpan<byte> names = Am.Names;
            int at = 0;
            while (at < names.Length)
            {
                int n = names[at] | (names[at + 1] << 8);
                fixed (byte* p = names) InsertLocked(p + at + 2, n, Hash(p + at + 2, n));
                at += 2 + n;
            }
            Volatile.Write(ref table.Ready, 1);
        }
        Leave();
    }

    /// <summary>The entry of an atom.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Entry* Get(uint index) => table.Chunks[index >> ChunkShift] + (index & (ChunkSize - 1));

    /// <summary>The entry of an atom.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Entry* Get(Term atom) => Get(atom.AtomIndex);

    /// <summary>The atom of this UTF-8 text (must be valid UTF-8 of at most 255 characters); makes it when new. None when the table is full.</summary>
    public static Term Intern(byte* text, int bytes)
    {
        uint hash = Hash(text, bytes);
        Term found = Find(text, bytes, hash);
        if (!found.IsNone) return found;
        Enter();
        found = Find(text, bytes, hash);
        if (found.IsNone) found = InsertLocked(text, bytes, hash);
        Leave();
        return found;
    }

    /// <summary>The atom of this text; for names in the source.</summary>
    public static Term Intern(ReadOnlySpan<byte> text)
    {
        fixed (byte* p = text) return Intern(p, text.Length);
    }

    /// <summary>The atom of this text when it exists, else None.</summary>
    public static Term Existing(byte* text, int bytes) => Find(text, bytes, Hash(text, bytes));

    /// <summary>Order of atoms: by their text, code point by code point (equal to byte order in UTF-8).</summary>
    public static int Compare(Term a, Term b)
    {
        if (a == b) return 0;
        Entry* x = Get(a), y = Get(b);
        if (x->Prefix != y->Prefix) return x->Prefix < y->Prefix ? -1 : 1;
        int n = x->Bytes < y->Bytes ? x->Bytes : y->Bytes;
        for (int i = 8; i < n; i++)
            if (x->Text[i] != y->Text[i]) return x->Text[i] < y->Text[i] ? -1 : 1;
        return x->Bytes < y->Bytes ? -1 : 1;
    }

    /// <summary>OTP's atom hash (hashpjw over the UTF-8 bytes), which phash/phash2 of atoms are built on.</summary>
    public static uint Hash(byte* text, int bytes)
    {
        // OTP hashes latin1 characters as one byte: a two-byte sequence C2/C3 xx counts as the one character it is.
        uint h = 0;
        for (int i = 0; i < bytes; i++)
        {
            byte v = text[i];
            if ((v & 0xFE) == 0xC2 && i + 1 < bytes && (text[i + 1] & 0xC0) == 0x80) { v = (byte)((v << 6) | (text[i + 1] & 0x3F)); i++; }
            h = (h << 4) + v;
            uint g = h & 0xF0000000;
            if (g != 0) { h ^= g >> 24; h ^= g; }
        }
        return h;
    }

    private static Term Find(byte* text, int bytes, uint hash)
    {
        uint* buckets = (uint*)Volatile.Read(ref table.Buckets);
        if (buckets == null) return Term.None;
        uint mask = buckets[-1];
        for (uint i = Spread(hash) & mask; ; i = (i + 1) & mask)
        {
            uint slot = Volatile.Read(ref buckets[i]);
            if (slot == 0) return Term.None;
            Entry* e = Get(slot - 1);
            if (e->Hash == hash && e->Bytes == bytes && new ReadOnlySpan<byte>(e->Text, bytes).SequenceEqual(new ReadOnlySpan<byte>(text, bytes)))
                return Term.Atom(slot - 1);
        }
    }

    // The mask stands in the word before the buckets, so that a reader without the lock sees the two together.
    private static uint* NewBuckets(uint mask)
    {
        uint* p = (uint*)Allocator.AllocZeroed(((nuint)mask + 2) * sizeof(uint), Owner.Atoms);
        if (p == null) return null;
        p[0] = mask;
        return p + 1;
    }

    // hashpjw has little spread in its low bits for short names.
    private static uint Spread(uint hash) => (hash * 0x9E3779B1u) >> 7;

    private static Term InsertLocked(byte* text, int bytes, uint hash)
    {
        int index = table.Count;
        if (index >= table.Limit) return Term.None;
        if ((uint)index * 2 > table.BucketMask && !Grow()) return Term.None;
        ref Entry* chunk = ref table.Chunks[index >> ChunkShift];
        if (chunk == null)
        {
            chunk = (Entry*)Allocator.Alloc((nuint)(ChunkSize * sizeof(Entry)), Owner.Atoms);
            if (chunk == null) return Term.None;
        }
        Entry* e = chunk + (index & (ChunkSize - 1));
        if (table.TextSize - table.TextUsed < bytes)
        {
            byte* block = (byte*)Allocator.Alloc(32768, Owner.Atoms);
            if (block == null) return Term.None;
            table.TextBlock = block;
            table.TextUsed = 0;
            table.TextSize = 32768;
        }
        e->Text = table.TextBlock + table.TextUsed;
        table.TextUsed += bytes;
        int characters = 0;
        ulong prefix = 0;
        for (int i = 0; i < bytes; i++)
        {
            e->Text[i] = text[i];
            if ((text[i] & 0xC0) != 0x80) characters++;
            if (i < 8) prefix |= (ulong)text[i] << (56 - (8 * i));
        }
        e->Bytes = (ushort)bytes;
        e->Characters = (ushort)characters;
        e->Hash = hash;
        e->Prefix = prefix;
        Put((uint*)table.Buckets, table.BucketMask, hash, (uint)index + 1);
        Volatile.Write(ref table.Count, index + 1);
        return Term.Atom((uint)index);
    }

    private static void Put(uint* buckets, uint mask, uint hash, uint slot)
    {
        uint i = Spread(hash) & mask;
        while (buckets[i] != 0) i = (i + 1) & mask;
        Volatile.Write(ref buckets[i], slot);
    }

    // The old bucket array is kept: a reader without the lock may still be in it (a miss there is repeated under the lock). All of them together
    // are smaller than the newest one.
    private static bool Grow()
    {
        uint mask = (table.BucketMask * 2) + 1;
        uint* fresh = NewBuckets(mask);
        if (fresh == null) return false;
        for (int i = 0; i < table.Count; i++) Put(fresh, mask, Get((uint)i)->Hash, (uint)i + 1);
        table.BucketMask = mask;
        Volatile.Write(ref table.Buckets, (nint)fresh);
        return true;
    }

    private static void Enter()
    {
        while (Interlocked.CompareExchange(ref table.Lock, 1, 0) != 0) { }
    }

    private static void Leave() => Volatile.Write(ref table.Lock, 0);
}
