// The process dictionary: an open-addressing hash table of keys and values in one row of terms, which is a root range of the process's heap.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>
/// A process dictionary. Default is empty and owns nothing; Free gives its memory back. Keys are compared with =:=. Terms in it belong to the heap of
/// the process: the GC updates them in place through <see cref="First"/> and <see cref="RootCount"/>, which may not move anything else (hashes do
/// not depend on addresses).
/// </summary>
public unsafe struct ProcessDictionary
{
    private const long MinCapacity = 8;

    // 2 * capacity terms: key, value, key, value …; a key of Term.None marks a free place.
    private Term* entries;
    private long capacity;
    private long count;

    /// <summary>Number of keys.</summary>
    public readonly long Count => count;

    /// <summary>Bytes it owns.</summary>
    public readonly long Bytes => capacity * 2 * sizeof(Term);

    /// <summary>The row of terms that keeps keys and values alive; free places are Term.None, which a GC skips.</summary>
    public readonly Term* First => entries;

    /// <summary>Terms in the row.</summary>
    public readonly long RootCount => capacity * 2;

    /// <summary>Places to look at for going through all entries: entry i is free or Key(i), Value(i).</summary>
    public readonly long Capacity => capacity;

    /// <summary>Key at a place, or None.</summary>
    public readonly Term Key(long place) => entries[place * 2];

    /// <summary>Value at a place.</summary>
    public readonly Term Value(long place) => entries[(place * 2) + 1];

    /// <summary>The value of a key, or None.</summary>
    public readonly Term Get(Term key)
    {
        if (count == 0) return Term.None;
        long place = Find(key);
        return entries[place * 2].IsNone ? Term.None : entries[(place * 2) + 1];
    }

    /// <summary>Gives a key a value. <paramref name="old"/>: the one before, or None. False when memory is out (nothing changes).</summary>
    public bool Put(Term key, Term value, out Term old)
    {
        old = Term.None;
        if (count != 0)
        {
            long at = Find(key);
            if (!entries[at * 2].IsNone)
            {
                old = entries[(at * 2) + 1];
                entries[(at * 2) + 1] = value;
                return true;
            }
        }
        // At most three quarters full, so that probes stay short and always end.
        if ((count + 1) * 4 > capacity * 3 && !Resize(capacity == 0 ? MinCapacity : capacity * 2)) return false;
        long place = Find(key);
        entries[place * 2] = key;
        entries[(place * 2) + 1] = value;
        count++;
        return true;
    }

    /// <summary>Removes a key. Its value, or None when there was none.</summary>
    public Term Erase(Term key)
    {
        if (count == 0) return Term.None;
        long hole = Find(key);
        if (entries[hole * 2].IsNone) return Term.None;
        Term old = entries[(hole * 2) + 1];
        // Entries behind the hole move up when they came there only because the hole's place was taken.
        long mask = capacity - 1;
        for (long i = (hole + 1) & mask; !entries[i * 2].IsNone; i = (i + 1) & mask)
        {
            long home = Home(entries[i * 2]);
            if (((i - home) & mask) < ((i - hole) & mask)) continue;
            entries[hole * 2] = entries[i * 2];
            entries[(hole * 2) + 1] = entries[(i * 2) + 1];
            hole = i;
        }
        entries[hole * 2] = Term.None;
        entries[(hole * 2) + 1] = Term.None;
        count--;
        if (capacity > MinCapacity && count * 8 < capacity) Resize(capacity / 2);
        return old;
    }

    /// <summary>Gives the memory back; the dictionary is empty.</summary>
    public void Free()
    {
        Allocator.Free(entries, (nuint)(capacity * 2 * sizeof(Term)), Owner.Process);
        entries = null;
        capacity = 0;
        count = 0;
    }

    private readonly long Home(Term key) => TermHash.Internal(key, 0) & (capacity - 1);

    // The place of a key, or the free place where it would go.
    private readonly long Find(Term key)
    {
        long mask = capacity - 1;
        long place = Home(key);
        while (!entries[place * 2].IsNone && !TermEquality.Exact(entries[place * 2], key)) place = (place + 1) & mask;
        return place;
    }

    // A smaller table that cannot be had is no loss: the larger one stays.
    private bool Resize(long size)
    {
        Term* fresh = (Term*)Allocator.AllocZeroed((nuint)(size * 2 * sizeof(Term)), Owner.Process);
        if (fresh == null) return false;
        Term* before = entries;
        long places = capacity;
        entries = fresh;
        capacity = size;
        for (long i = 0; i < places; i++)
        {
            if (before[i * 2].IsNone) continue;
            long place = Find(before[i * 2]);
            entries[place * 2] = before[i * 2];
            entries[(place * 2) + 1] = before[(i * 2) + 1];
        }
        Allocator.Free(before, (nuint)(places * 2 * sizeof(Term)), Owner.Process);
        return true;
    }
}
