// Natives of ets that walk tables key by key: first, next, last, prev with and without objects, slot.
namespace MyBeam.Vm;

using MyBeam.Memory;

public static unsafe class EtsTraverseBifs
{
    [Bif("ets:first/1")]
    public static Term First(Process* p, Term* a) => End(p, a, false, false, false);

    [Bif("ets:first_lookup/1")]
    public static Term FirstLookup(Process* p, Term* a) => End(p, a, false, true, false);

    /// <summary>The same as first/1 unless the table is an ordered_set.</summary>
    [Bif("ets:last/1")]
    public static Term Last(Process* p, Term* a) => End(p, a, true, false, false);

    [Bif("ets:last_lookup/1")]
    public static Term LastLookup(Process* p, Term* a) => End(p, a, true, true, false);

    [Bif("ets:next/2")]
    public static Term Next(Process* p, Term* a) => Step(p, a, false, false, false);

    [Bif("ets:next_lookup/2")]
    public static Term NextLookup(Process* p, Term* a) => Step(p, a, false, true, false);

    /// <summary>The same as next/2 unless the table is an ordered_set.</summary>
    [Bif("ets:prev/2")]
    public static Term Previous(Process* p, Term* a) => Step(p, a, true, false, false);

    [Bif("ets:prev_lookup/2")]
    public static Term PreviousLookup(Process* p, Term* a) => Step(p, a, true, true, false);

    /// <summary>As first/1 and next/2, also to keys whose objects are deleted in a fixed table.</summary>
    [Bif("erts_internal:ets_raw_first/1")]
    public static Term RawFirst(Process* p, Term* a) => End(p, a, false, false, true);

    [Bif("erts_internal:ets_raw_next/2")]
    public static Term RawNext(Process* p, Term* a) => Step(p, a, false, false, true);

    private static Term End(Process* p, Term* a, bool backward, bool objects, bool raw)
    {
        EtsTable* t = EtsAccess.Open(p, a[0], EtsNeed.Read, EtsLock.Read);
        if (t == null) return Term.None;
        Term result;
        if (t->IsTree)
        {
            EtsCursor c = default;
            c.Begin(t, backward);
            result = OfTree(p, t, c.Object, objects);
        }
        else
        {
            long bucket = 0;
            result = OfBucket(p, t, EtsHash.FirstFrom(t, ref bucket, raw), bucket, objects);
        }
        EtsAccess.Leave(t, EtsLock.Read);
        return result;
    }

    private static Term OfTree(Process* p, EtsTable* t, EtsObject* o, bool objects)
    {
        if (o == null) return Am.EndOfTable;
        Term key = EtsAccess.Copy(p, EtsTable.Key(t, o));
        return objects ? Process.Tuple(p, key, Process.Cons(p, EtsObject.ToHeap(o, p), Term.Nil)) : key;
    }

    // The key (and objects) of an object in a bucket whose stripe is entered; leaves the stripe.
    private static Term OfBucket(Process* p, EtsTable* t, EtsObject* o, long bucket, bool objects)
    {
        if (o == null) return Am.EndOfTable;
        Term inTable = EtsTable.Key(t, o);
        Term key = EtsAccess.Copy(p, inTable);
        if (objects)
        {
            Term list = Term.Nil;
            uint hash = o->Hash;
            for (; EtsHash.Has(t, o, inTable, hash); o = o->Next)
                if (!o->Deleted) list = Process.Cons(p, EtsObject.ToHeap(o, p), list);
            key = Process.Tuple(p, key, list);
        }
        EtsHash.ExitBucket(t, bucket, false);
        return key;
    }

    private static Term Step(Process* p, Term* a, bool backward, bool objects, bool raw)
    {
        EtsTable* t = EtsAccess.Open(p, a[0], EtsNeed.Read, EtsLock.Read);
        if (t == null) return Term.None;
        Term result;
        if (t->IsTree)
        {
            EtsCursor c = default;
            // The mark of the end is no place to go on from, although its order among the keys is known.
            bool place = a[1] != Am.EndOfTable;
            if (place) c.Seek(t, a[1], !backward, backward, false);
            result = place ? OfTree(p, t, c.Object, objects) : Process.Badarg(p);
        }
        else
        {
            result = Behind(p, t, a[1], objects, raw);
        }
        EtsAccess.Leave(t, EtsLock.Read);
        return result;
    }

    // What stands behind the objects of a key; the key must be in the table (perhaps deleted).
    private static Term Behind(Process* p, EtsTable* t, Term key, bool objects, bool raw)
    {
        uint hash = EtsObject.HashOf(key);
        EtsAccess.EnterKey(t, hash, false);
        long bucket = EtsHash.IndexOf(&t->Hash, hash);
        EtsObject* o = *EtsHash.Find(t, key, hash);
        if (o == null)
        {
            EtsAccess.ExitKey(t, hash, false);
            return Process.Badarg(p);
        }
        while (EtsHash.Has(t, o, key, hash)) o = o->Next;
        while (o != null && o->Deleted && !raw) o = o->Next;
        if (o == null)
        {
            EtsAccess.ExitKey(t, hash, false);
            bucket++;
            o = EtsHash.FirstFrom(t, ref bucket, raw);
        }
        return OfBucket(p, t, o, bucket, objects);
    }

    /// <summary>The objects of a bucket, or of an ordered_set the n-th object; '$end_of_table' behind the last.</summary>
    [Bif("ets:slot/2")]
    public static Term Slot(Process* p, Term* a)
    {
        EtsTable* t = EtsAccess.Open(p, a[0], EtsNeed.Read, EtsLock.Read);
        if (t == null) return Term.None;
        Term result = Term.None;
        if (a[1].IsSmall && a[1].SmallValue >= 0) result = t->IsTree ? NthObject(p, t, a[1].SmallValue) : BucketObjects(p, t, a[1].SmallValue);
        EtsAccess.Leave(t, EtsLock.Read);
        return result.IsNone ? Process.Badarg(p) : result;
    }

    private static Term BucketObjects(Process* p, EtsTable* t, long i)
    {
        if (!EtsHash.EnterBucket(t, i, false)) return i == t->Hash.Active ? Am.EndOfTable : Term.None;
        Term list = Term.Nil;
        for (EtsObject* o = *EtsHash.Bucket(&t->Hash, i); o != null; o = o->Next)
            if (!o->Deleted) list = Process.Cons(p, EtsObject.ToHeap(o, p), list);
        EtsHash.ExitBucket(t, i, false);
        return list;
    }

    private static Term NthObject(Process* p, EtsTable* t, long n)
    {
        if (n >= t->Count) return n == t->Count ? Am.EndOfTable : Term.None;
        EtsCursor c = default;
        c.Begin(t, false);
        Process.Bump(p, n / 64);
        while (n > 0)
        {
            // Whole leaves at a time.
            long rest = c.Node->Leaf != 0 ? c.Node->Count - 1 - c.Index : 0;
            if (rest > n) rest = n;
            if (rest > 0) c.SkipInLeaf((int)rest);
            else c.Step(false);
            n -= rest > 0 ? rest : 1;
        }
        return Process.Cons(p, EtsObject.ToHeap(c.Object, p), Term.Nil);
    }
}
