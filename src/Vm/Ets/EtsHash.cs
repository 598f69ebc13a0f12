// The objects of a set, bag or duplicate_bag: linear hashing (Litwin, "Linear Hashing", 1980). A table grows by one bucket at a time, so no operation waits
// for the rest; buckets lie in segments of doubling size, so nothing is moved when the directory grows. Objects of one key stand together in their chain,
// newest first.
//
// Who may touch a bucket: the holder of the table's lock (as reader or writer), or, with stripes, a reader of the table's lock that is in the stripe of the
// hash. A bucket and the one it is split into are of the same stripe, because there are never fewer buckets than stripes.
namespace MyBeam.Vm;

using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Threading;
using MyBeam.Memory;

/// <summary>The buckets.</summary>
public unsafe struct EtsHash
{
    private const int BaseBits = 8;
    /// <summary>Buckets a table begins with and never goes below.</summary>
    public const long MinBuckets = 1 << BaseBits;
    private const int SegmentCount = 32 - BaseBits;

    /// <summary>Buckets in use.</summary>
    public long Active;
    // 1: somebody splits or joins buckets.
    private int resizing;
    // Segment 0 has MinBuckets; segment k > 0 the MinBuckets << (k - 1) buckets from that number on.
    private fixed ulong segments[SegmentCount];

    private static long SegmentSize(int k) => k == 0 ? MinBuckets : MinBuckets << (k - 1);

    /// <summary>Makes the smallest table. False: memory is out.</summary>
    public static bool Create(EtsTable* t)
    {
        t->Hash = default;
        t->Hash.segments[0] = (ulong)Allocator.AllocZeroed((nuint)(MinBuckets * 8), Owner.Ets);
        if (t->Hash.segments[0] == 0) return false;
        t->Hash.Active = MinBuckets;
        t->Account(0, MinBuckets);
        return true;
    }

    /// <summary>Frees the segments (not the objects).</summary>
    public static void FreeBuckets(EtsTable* t) => FreeSegments(&t->Hash);

    /// <summary>Frees the segments (not the objects).</summary>
    public static void FreeSegments(EtsHash* h)
    {
        for (int k = 0; k < SegmentCount; k++)
        {
            if (h->segments[k] == 0) continue;
            Allocator.Free((void*)h->segments[k], (nuint)(SegmentSize(k) * 8), Owner.Ets);
            h->segments[k] = 0;
        }
        h->Active = 0;
    }

    /// <summary>The head of a chain.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EtsObject** Bucket(EtsHash* h, long i)
    {
        if (i < MinBuckets) return (EtsObject**)h->segments[0] + i;
        int log = BitOperations.Log2((ulong)i);
        return (EtsObject**)h->segments[log - BaseBits + 1] + (i - (1L << log));
    }

    /// <summary>The bucket of a hash.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long IndexOf(EtsHash* h, uint hash)
    {
        long active = Volatile.Read(ref h->Active);
        // The power of two at or above active, minus 1.
        long mask = (long)(ulong.MaxValue >> BitOperations.LeadingZeroCount((ulong)(active - 1)));
        long i = hash & mask;
        return i < active ? i : i & (mask >> 1);
    }

    /// <summary>The link to the first object with this key (deleted ones too), or to null at the end of the chain.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EtsObject** Find(EtsTable* t, Term key, uint hash)
    {
        EtsObject** link = Bucket(&t->Hash, IndexOf(&t->Hash, hash));
        for (EtsObject* o = *link; o != null; link = &o->Next, o = *link)
        {
            if (o->Hash == hash && TermEquality.Exact(EtsTable.Key(t, o), key)) break;
        }
        return link;
    }

    /// <summary>Whether the object has this key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Has(EtsTable* t, EtsObject* o, Term key, uint hash) =>
        o != null && o->Hash == hash && TermEquality.Exact(EtsTable.Key(t, o), key);

    /// <summary>Whether an object with this key is there (not counting deleted ones).</summary>
    public static bool Contains(EtsTable* t, Term key, uint hash)
    {
        for (EtsObject* o = *Find(t, key, hash); Has(t, o, key, hash); o = o->Next)
            if (!o->Deleted) return true;
        return false;
    }

    /// <summary>Puts an object in, whose hash is set; the table owns it then (it may free it at once: a bag has an equal one).</summary>
    public static void Put(EtsTable* t, EtsObject* fresh)
    {
        uint hash = fresh->Hash;
        EtsObject** link = Find(t, EtsTable.Key(t, fresh), hash);
        EtsObject* o = *link;
        if (o != null && t->Type == EtsType.Set)
        {
            fresh->Next = o->Next;
            *link = fresh;
            t->Account(o->Deleted ? 1 : 0, fresh->BlockWords - o->BlockWords);
            EtsObject.Free(o);
            return;
        }
        if (o != null && t->Type == EtsType.Bag && HasEqual(t, o, fresh))
        {
            EtsObject.Free(fresh);
            return;
        }
        fresh->Next = o;
        *link = fresh;
        t->Account(1, fresh->BlockWords);
    }

    private static bool HasEqual(EtsTable* t, EtsObject* o, EtsObject* fresh)
    {
        Term key = EtsTable.Key(t, fresh), tuple = EtsObject.Tuple(fresh);
        for (uint hash = fresh->Hash; Has(t, o, key, hash); o = o->Next)
            if (!o->Deleted && TermEquality.Exact(EtsObject.Tuple(o), tuple)) return true;
        return false;
    }

    /// <summary>Replaces the object that a link leads to by another of the same key.</summary>
    public static void Replace(EtsTable* t, EtsObject** link, EtsObject* fresh)
    {
        EtsObject* o = *link;
        fresh->SetHash(o->Hash);
        fresh->Next = o->Next;
        *link = fresh;
        t->Account(0, fresh->BlockWords - o->BlockWords);
        EtsObject.Free(o);
    }

    /// <summary>Removes the object that a link leads to; in a fixed table it stays as a deleted place. Gives the link to the next one.</summary>
    public static EtsObject** Remove(EtsTable* t, EtsObject** link)
    {
        EtsObject* o = *link;
        Debug.Assert(!o->Deleted);
        if (Volatile.Read(ref t->FixCount) != 0)
        {
            uint hash = o->Hash;
            o->MarkDeleted();
            t->Account(-1, 0);
            EtsFixations.NoteDeleted(t, IndexOf(&t->Hash, hash));
            return &o->Next;
        }
        *link = o->Next;
        t->Account(-1, -o->BlockWords);
        EtsObject.Free(o);
        return link;
    }

    /// <summary>Removes objects by key, and if <paramref name="equal"/> is a tuple only those that are =:= to it.</summary>
    public static void Delete(EtsTable* t, Term key, uint hash, Term equal)
    {
        EtsObject** link = Find(t, key, hash);
        while (Has(t, *link, key, hash))
        {
            EtsObject* o = *link;
            bool hit = !o->Deleted && (equal.IsNone || TermEquality.Exact(EtsObject.Tuple(o), equal));
            link = hit ? Remove(t, link) : &o->Next;
        }
    }

    /// <summary>Removes the deleted places of a bucket.</summary>
    public static void PurgeBucket(EtsTable* t, long i)
    {
        if (i >= t->Hash.Active) return;
        EtsObject** link = Bucket(&t->Hash, i);
        while (*link != null)
        {
            EtsObject* o = *link;
            if (!o->Deleted) { link = &o->Next; continue; }
            *link = o->Next;
            t->Account(0, -o->BlockWords);
            EtsObject.Free(o);
        }
    }

    // -- size --

    /// <summary>Whether Resize has something to do.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool WantsResize(EtsTable* t)
    {
        long n = t->Count, active = t->Hash.Active;
        return (n > active || (n < active / 4 && active > MinBuckets)) && Volatile.Read(ref t->FixCount) == 0;
    }

    /// <summary>Splits or joins one or two buckets when the table is too full or too empty. Called by a writer of the table, or with stripes by a reader of its lock that is
    /// in no stripe.</summary>
    public static void Resize(EtsTable* t)
    {
        EtsHash* h = &t->Hash;
        if (t->Striped && Interlocked.CompareExchange(ref h->resizing, 1, 0) != 0) return;
        // Two at a time catch up with what a fixation held back.
        for (int round = 0; round < 2; round++)
        {
            long n = t->Count;
            bool good;
            if (n > h->Active) good = Split(t);
            else if (n < h->Active / 4 && h->Active > MinBuckets) good = Join(t);
            else break;
            if (!good) break;
        }
        if (t->Striped) Volatile.Write(ref h->resizing, 0);
    }

    // Makes bucket Active out of half of the one it belongs to.
    private static bool Split(EtsTable* t)
    {
        EtsHash* h = &t->Hash;
        long fresh = h->Active;
        if (fresh >= 1L << 31) return false;
        int log = BitOperations.Log2((ulong)fresh);
        int k = log - BaseBits + 1;
        if (h->segments[k] == 0)
        {
            // Large segments are zero pages of the system that become memory when they are touched: no pause.
            h->segments[k] = (ulong)Allocator.AllocZeroed((nuint)(SegmentSize(k) * 8), Owner.Ets);
            if (h->segments[k] == 0) return false;
            t->Account(0, SegmentSize(k));
        }
        uint bit = 1u << log;
        long old = fresh & ~(long)bit;
        RwLock* stripe = t->Striped ? t->Stripe((ulong)old) : null;
        if (stripe != null) stripe->EnterWrite();
        bool good = Volatile.Read(ref t->FixCount) == 0;
        if (good)
        {
            EtsObject** stay = Bucket(h, old), go = Bucket(h, fresh);
            for (EtsObject* o = *stay; o != null; o = o->Next)
            {
                if ((o->Hash & bit) != 0)
                {
                    *go = o;
                    go = &o->Next;
                }
                else
                {
                    *stay = o;
                    stay = &o->Next;
                }
            }
            *stay = *go = null;
            Volatile.Write(ref h->Active, fresh + 1);
        }
        if (stripe != null) stripe->ExitWrite();
        return good;
    }

    // Puts the last bucket back to the one it was split from.
    private static bool Join(EtsTable* t)
    {
        EtsHash* h = &t->Hash;
        long last = h->Active - 1;
        int log = BitOperations.Log2((ulong)last);
        long buddy = last & ~(1L << log);
        RwLock* stripe = t->Striped ? t->Stripe((ulong)buddy) : null;
        if (stripe != null) stripe->EnterWrite();
        bool good = Volatile.Read(ref t->FixCount) == 0;
        if (good)
        {
            EtsObject** link = Bucket(h, buddy), from = Bucket(h, last);
            while (*link != null) link = &(*link)->Next;
            *link = *from;
            *from = null;
            Volatile.Write(ref h->Active, last);
            if (last == 1L << log && last > MinBuckets)
            {
                // Nobody is in the segment: whoever waits for a stripe of it looks at Active again.
                int k = log - BaseBits + 1;
                Allocator.Free((void*)h->segments[k], (nuint)(SegmentSize(k) * 8), Owner.Ets);
                h->segments[k] = 0;
                t->Account(0, -SegmentSize(k));
            }
        }
        if (stripe != null) stripe->ExitWrite();
        return good;
    }

    // -- traversal by key --

    /// <summary>Enters the stripe of a bucket as a reader or writer (no-op without stripes). False: there is no such bucket (any more).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool EnterBucket(EtsTable* t, long i, bool write)
    {
        if (!t->Striped) return i < t->Hash.Active;
        t->Stripe((ulong)i)->Enter(write);
        if (i < Volatile.Read(ref t->Hash.Active)) return true;
        t->Stripe((ulong)i)->Exit(write);
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ExitBucket(EtsTable* t, long i, bool write)
    {
        if (t->Striped) t->Stripe((ulong)i)->Exit(write);
    }

    /// <summary>The first object in or after a bucket, with the stripe of its bucket entered as a reader; null at the end of the table. The bucket it is in:
    /// <paramref name="i"/>. <paramref name="deleted"/>: deleted places count.</summary>
    public static EtsObject* FirstFrom(EtsTable* t, ref long i, bool deleted)
    {
        for (; EnterBucket(t, i, false); i++)
        {
            EtsObject* o = *Bucket(&t->Hash, i);
            while (o != null && o->Deleted && !deleted) o = o->Next;
            if (o != null) return o;
            ExitBucket(t, i, false);
        }
        return null;
    }
}
