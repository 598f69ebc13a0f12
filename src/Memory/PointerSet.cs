// A set of addresses: which objects a walk has seen already.
namespace MyBeam.Memory;

/// <summary>An open-addressing hash set of non-zero words. Zero-initialised = empty.</summary>
internal unsafe struct PointerSet
{
    private ulong* slots;
    private long count, capacity;

    /// <summary>Adds a word. 1: it is new, 0: it was there, -1: memory is out.</summary>
    internal int Add(ulong word)
    {
        if (count * 2 >= capacity && !Grow()) return -1;
        ulong* slot = Find(slots, capacity, word);
        if (*slot == word) return 0;
        *slot = word;
        count++;
        return 1;
    }

    /// <summary>Whether the word is in the set.</summary>
    internal readonly bool Contains(ulong word) => count != 0 && *Find(slots, capacity, word) == word;

    /// <summary>Frees the table.</summary>
    internal void Free()
    {
        Allocator.Free(slots, (nuint)(capacity * 8), Owner.Temporary);
        this = default;
    }

    private static ulong* Find(ulong* table, long size, ulong word)
    {
        ulong mask = (ulong)size - 1;
        // Fibonacci hashing: the low bits of addresses are all alike.
        ulong i = ((word * 0x9E37_79B9_7F4A_7C15) >> 20) & mask;
        while (table[i] != 0 && table[i] != word) i = (i + 1) & mask;
        return table + i;
    }

    private bool Grow()
    {
        long bigger = capacity == 0 ? 64 : capacity * 2;
        ulong* table = (ulong*)Allocator.AllocZeroed((nuint)(bigger * 8), Owner.Temporary);
        if (table == null) return false;
        for (long i = 0; i < capacity; i++)
        {
            if (slots[i] != 0) *Find(table, bigger, slots[i]) = slots[i];
        }
        Allocator.Free(slots, (nuint)(capacity * 8), Owner.Temporary);
        slots = table;
        capacity = bigger;
        return true;
    }
}
