// A small hash table of fixed entries, for what a process knows of others: links, monitors, aliases. Empty tables own no memory.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>One entry: a key of two words (the second may be unused: 0) and three words of value.</summary>
public unsafe struct KeyEntry
{
    public ulong Key0, Key1;
    public ulong A, B, C;
}

/// <summary>Open addressing with linear probing; a key of (0, 0) marks a free place. Default is empty; Free gives the memory back.</summary>
public unsafe struct KeyTable
{
    private KeyEntry* entries;
    private uint mask;
    private int count;

    /// <summary>Number of entries.</summary>
    public readonly int Count => count;

    /// <summary>Bytes it owns.</summary>
    public readonly long Bytes => (long)Places * sizeof(KeyEntry);

    /// <summary>Places to look at for going through all entries; Place(i) is null when it is free.</summary>
    public readonly int Places => entries == null ? 0 : (int)mask + 1;

    public readonly KeyEntry* Place(int i) => entries[i].Key0 == 0 && entries[i].Key1 == 0 ? null : entries + i;

    private static uint Hash(ulong k0, ulong k1) => (uint)(((k0 * 0x9E3779B97F4A7C15UL) ^ (k1 * 0xC2B2AE3D27D4EB4FUL)) >> 32);

    /// <summary>The entry of a key, or null. Valid until the table is changed.</summary>
    public readonly KeyEntry* Find(ulong k0, ulong k1)
    {
        if (count == 0) return null;
        for (uint i = Hash(k0, k1) & mask; ; i = (i + 1) & mask)
        {
            KeyEntry* e = entries + i;
            if (e->Key0 == k0 && e->Key1 == k1) return e;
            if (e->Key0 == 0 && e->Key1 == 0) return null;
        }
    }

    /// <summary>The entry of a key, made (with zero values) when it is not there; null when memory is out.</summary>
    public KeyEntry* Put(ulong k0, ulong k1)
    {
        KeyEntry* e = Find(k0, k1);
        if (e != null) return e;
        if (entries == null || (uint)(count + 1) * 4 > (mask + 1) * 3)
        {
            if (!Resize(entries == null ? 2 : (mask + 1) * 2)) return null;
        }
        uint i = Hash(k0, k1) & mask;
        while (entries[i].Key0 != 0 || entries[i].Key1 != 0) i = (i + 1) & mask;
        entries[i] = new KeyEntry { Key0 = k0, Key1 = k1 };
        count++;
        return entries + i;
    }

    /// <summary>Takes an entry out. What Find gave before is not valid any more.</summary>
    public void Remove(KeyEntry* e)
    {
        uint hole = (uint)(e - entries);
        for (uint i = (hole + 1) & mask; entries[i].Key0 != 0 || entries[i].Key1 != 0; i = (i + 1) & mask)
        {
            uint home = Hash(entries[i].Key0, entries[i].Key1) & mask;
            if (((i - home) & mask) < ((i - hole) & mask)) continue;
            entries[hole] = entries[i];
            hole = i;
        }
        entries[hole] = default;
        count--;
        if (count == 0) Free();
        else if (mask > 15 && (uint)count * 8 < mask) Resize((mask + 1) / 2);
    }

    /// <summary>Gives the memory back; the table is empty.</summary>
    public void Free()
    {
        if (entries != null) Allocator.Free(entries, ((nuint)mask + 1) * (nuint)sizeof(KeyEntry), Owner.Process);
        entries = null;
        mask = 0;
        count = 0;
    }

    // A smaller table that cannot be had is no loss.
    private bool Resize(uint places)
    {
        KeyEntry* fresh = (KeyEntry*)Allocator.AllocZeroed((nuint)places * (nuint)sizeof(KeyEntry), Owner.Process);
        if (fresh == null) return false;
        KeyEntry* before = entries;
        uint beforeMask = mask;
        entries = fresh;
        mask = places - 1;
        for (uint i = 0; before != null && i <= beforeMask; i++)
        {
            if (before[i].Key0 == 0 && before[i].Key1 == 0) continue;
            uint k = Hash(before[i].Key0, before[i].Key1) & mask;
            while (entries[k].Key0 != 0 || entries[k].Key1 != 0) k = (k + 1) & mask;
            entries[k] = before[i];
        }
        if (before != null) Allocator.Free(before, ((nuint)beforeMask + 1) * (nuint)sizeof(KeyEntry), Owner.Process);
        return true;
    }
}
