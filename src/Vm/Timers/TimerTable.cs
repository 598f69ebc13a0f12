// Message timers by reference: a hash table with linear hashing (Litwin 1980). It grows and shrinks by one bucket at a time, so that no single
// send_after pays for a million.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Message timers by reference. The caller locks.</summary>
public unsafe struct TimerTable
{
    private const int SegmentBits = 9, SegmentBuckets = 1 << SegmentBits;
    private const nuint SegmentBytes = SegmentBuckets * 8;

    private TimerNode*** segments;
    private int room;
    // Buckets in use, and the largest power of two that is not above.
    private int buckets, half;

    /// <summary>Timers in the table.</summary>
    public int Count;

    /// <summary>Makes an empty table. False when memory is out.</summary>
    public bool Create()
    {
        this = default;
        buckets = half = SegmentBuckets;
        return AddSegment(0);
    }

    /// <summary>Puts a timer in.</summary>
    public void Insert(TimerNode* n)
    {
        if (Count >= buckets) Split();
        TimerNode** bucket = Bucket(n->Id0);
        n->NextInTable = *bucket;
        *bucket = n;
        Count++;
    }

    /// <summary>The timer of a reference, or null.</summary>
    public readonly TimerNode* Find(ulong id0, ulong id1)
    {
        TimerNode* n = *Bucket(id0);
        while (n != null && (n->Id0 != id0 || n->Id1 != id1)) n = n->NextInTable;
        return n;
    }

    /// <summary>Takes out a timer that is in.</summary>
    public void Remove(TimerNode* n)
    {
        TimerNode** at = Bucket(n->Id0);
        while (*at != n) at = &(*at)->NextInTable;
        *at = n->NextInTable;
        Count--;
        if (Count * 4L < buckets && buckets > SegmentBuckets) Merge();
    }

    /// <summary>Frees the table; it must be empty.</summary>
    public void Destroy()
    {
        for (int i = 0; i < (buckets + SegmentBuckets - 1) >> SegmentBits; i++) Allocator.Free(segments[i], SegmentBytes, Owner.Timers);
        Allocator.Free(segments, (nuint)room * 8, Owner.Timers);
        this = default;
    }

    private readonly TimerNode** Bucket(ulong id0)
    {
        // References are numbered one by one: timers made one after the other get neighbouring buckets, which the cache likes. The sum keeps the buckets
        // in use evenly when every second (eighth, …) reference is a timer's.
        ulong number = (id0 & (Identifiers.MaxReference - 1)) | (id0 >> 32 << 18);
        uint hash = (uint)(number + (number >> 3) + (number >> 6));
        int i = (int)(hash & (((uint)half * 2) - 1));
        if (i >= buckets) i -= half;
        return At(i);
    }

    private readonly TimerNode** At(int i) => segments[i >> SegmentBits] + (i & (SegmentBuckets - 1));

    // Without memory chains get longer, nothing else.
    private void Split()
    {
        if (buckets >= 1 << 28) return;
        if ((buckets & (SegmentBuckets - 1)) == 0 && !AddSegment(buckets >> SegmentBits)) return;
        if (buckets == half * 2) half = buckets;
        TimerNode** from = At(buckets - half);
        TimerNode* chain = *from;
        *from = null;
        *At(buckets) = null;
        buckets++;
        Spread(chain);
    }

    private void Merge()
    {
        buckets--;
        TimerNode* chain = *At(buckets);
        if (buckets == half && half > SegmentBuckets)
        {
            // The bucket's number was half itself: it goes back to 0, as it came.
            half /= 2;
        }
        Spread(chain);
        if ((buckets & (SegmentBuckets - 1)) == 0) Allocator.Free(segments[buckets >> SegmentBits], SegmentBytes, Owner.Timers);
    }

    private readonly void Spread(TimerNode* chain)
    {
        while (chain != null)
        {
            TimerNode* next = chain->NextInTable;
            TimerNode** bucket = Bucket(chain->Id0);
            chain->NextInTable = *bucket;
            *bucket = chain;
            chain = next;
        }
    }

    private bool AddSegment(int i)
    {
        if (i == room)
        {
            int more = room == 0 ? 8 : room * 2;
            TimerNode*** larger = (TimerNode***)Allocator.Realloc(segments, (nuint)room * 8, (nuint)more * 8, Owner.Timers);
            if (larger == null) return false;
            segments = larger;
            room = more;
        }
        segments[i] = (TimerNode**)Allocator.AllocZeroed(SegmentBytes, Owner.Timers);
        return segments[i] != null;
    }
}
