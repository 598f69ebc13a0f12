// After a collection: claims on off-heap binaries and resources whose heap object was not copied are dropped, the others are linked again at their new
// places. Also the rule by which the "virtual binary heap" grows and shrinks.
namespace MyBeam.Memory;

/// <summary>Head of an old generation: three words dressed as a bignum, so that scans step over it. It counts the off-heap bytes that only a major
/// collection can release (OTP: bin_old_vheap); processes without an old generation pay nothing for it.</summary>
internal struct OldHead
{
    public const int Words = 3;
    public ulong Header;
    /// <summary>Bytes of the binaries the old generation refers to, and the size at which a major collection is due.</summary>
    public long BinaryBytes, BinaryLimit;
}

/// <summary>Sweeping of off-heap lists.</summary>
internal static unsafe class GcOffHeap
{
    /// <summary>Smallest virtual binary heap, in bytes (OTP: 32768 words).</summary>
    internal const long MinLimit = 32768 * 8;

    /// <summary>
    /// Goes through a list of objects in memory that was just emptied. Moved objects are linked into <paramref name="young"/>, or into
    /// <paramref name="old"/> when they now lie in [oldStart, oldTop), in their order and in front of what is there; the bytes of their binaries are added up. The
    /// claims of the others are dropped.
    /// </summary>
    internal static void Sweep(BinaryRef* list, ulong* oldStart, ulong* oldTop, BinaryRef** young, long* youngBytes, BinaryRef** old, long* oldBytes)
    {
        while (list != null)
        {
            if ((list->Header & Term.PrimaryMask) == 0)
            {
                BinaryRef* dead = list;
                list = Heap.NextOffHeap(list);
                Heap.DropOffHeap(dead);
                continue;
            }
            BinaryRef* moved = (BinaryRef*)new Term(list->Header).Box;
            // Only the header was overwritten: the copy knows the kind and still has the old link.
            bool magic = Header.Kind(moved->Header) == Header.MagicRef;
            bool promoted = (ulong*)moved >= oldStart && (ulong*)moved < oldTop;
            BinaryRef** next = magic ? (BinaryRef**)&((MagicRef*)moved)->Next : &moved->Next;
            if (!magic) *(promoted ? oldBytes : youngBytes) += moved->Binary->Capacity;
            list = *next;
            BinaryRef** link = promoted ? old : young;
            *next = *link;
            *link = moved;
            if (promoted) old = next;
            else young = next;
        }
    }

    /// <summary>The next size of a virtual binary heap that has <paramref name="bytes"/> in use: by the golden ratio until a quarter is free,
    /// half when under a quarter is used.</summary>
    internal static long NextLimit(long bytes, long limit)
    {
        if (bytes / 3 > limit / 4)
        {
            while (bytes / 3 > limit / 4 && limit < long.MaxValue / 4) limit += (limit >> 1) + (limit >> 3);
            return limit;
        }
        if (bytes < limit / 4) limit >>= 1;
        return limit < MinLimit ? MinLimit : limit;
    }
}
