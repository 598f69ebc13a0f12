// Copies of terms that keep what is shared in them shared: persistent terms, as in OTP. A table from objects to their copies stands beside, because what is copied may
// lie in literals that others read, and so cannot be marked.
namespace MyBeam.Memory;

/// <summary>Copying with sharing.</summary>
public static unsafe class TermSharing
{
    private struct Pair
    {
        public ulong From, To;
    }

    /// <summary>As TermCopy.To for a term with everything in it, but an object that is met twice is copied once: TermSize.ForSharedCopy words. None: memory is out (*top and the
    /// list of claims are then what was copied).</summary>
    public static Term To(Term t, ulong** top, BinaryRef** offHeapList)
    {
        if (t.IsImmediate) return t;
        Table seen = default;
        ulong* scan = *top;
        ulong* free = scan;
        ulong result = t.Bits;
        bool good = Copy(&result, ref free, offHeapList, ref seen);
        while (good && scan < free)
        {
            ulong word = *scan;
            ulong tag = word & Term.PrimaryMask;
            if (tag == Term.ListTag || tag == Term.BoxedTag)
            {
                good = Copy(scan, ref free, offHeapList, ref seen);
                scan++;
            }
            else if (tag != 0 || ((GcTrace.TransparentKinds >> (int)Header.Kind(word)) & 1) != 0)
            {
                scan++;
            }
            else if (Header.Kind(word) == Header.Fun)
            {
                scan += Fun.HeaderWords;
            }
            else
            {
                // Also windows: their claim was copied with them and lies right behind.
                scan += Header.Arity(word) + 1;
            }
        }
        seen.Free();
        *top = free;
        return good ? new Term(result) : Term.None;
    }

    private static bool Copy(ulong* slot, ref ulong* free, BinaryRef** offHeapList, ref Table seen)
    {
        Pair* pair = seen.Place(*slot);
        if (pair == null) return false;
        if (pair->From != 0)
        {
            *slot = pair->To;
            return true;
        }
        pair->From = *slot;
        free = TermCopy.CopyOne(slot, free, offHeapList);
        pair->To = *slot;
        return true;
    }

    // Open addressing, from the word of a term to that of its copy.
    private struct Table
    {
        private Pair* pairs;
        private long count, capacity;

        // The place of a word: with From 0 it is new, and the caller fills it in. Null: memory is out.
        public Pair* Place(ulong word)
        {
            if (count * 2 >= capacity && !Grow()) return null;
            Pair* found = Find(pairs, capacity, word);
            if (found->From == 0) count++;
            return found;
        }

        public void Free()
        {
            Allocator.Free(pairs, (nuint)(capacity * sizeof(Pair)), Owner.Temporary);
            this = default;
        }

        private static Pair* Find(Pair* table, long size, ulong word)
        {
            ulong mask = (ulong)size - 1;
            ulong i = ((word * 0x9E37_79B9_7F4A_7C15) >> 20) & mask;
            while (table[i].From != 0 && table[i].From != word) i = (i + 1) & mask;
            return table + i;
        }

        private bool Grow()
        {
            long bigger = capacity == 0 ? 64 : capacity * 2;
            Pair* table = (Pair*)Allocator.AllocZeroed((nuint)(bigger * sizeof(Pair)), Owner.Temporary);
            if (table == null) return false;
            for (long i = 0; i < capacity; i++)
            {
                if (pairs[i].From != 0) *Find(table, bigger, pairs[i].From) = pairs[i];
            }
            Allocator.Free(pairs, (nuint)(capacity * sizeof(Pair)), Owner.Temporary);
            pairs = table;
            capacity = bigger;
            return true;
        }
    }
}
