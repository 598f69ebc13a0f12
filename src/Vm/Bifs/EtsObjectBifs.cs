// Natives of ets about objects by key: insert, lookup, member, delete, take.
namespace MyBeam.Vm;

using MyBeam.Memory;

public static unsafe class EtsObjectBifs
{
    /// <summary>Objects that cost one reduction.</summary>
    private const long ObjectsPerReduction = 8;

    /// <summary>A tuple, or a list of tuples: all or none are put in, and no one sees only some of them.</summary>
    [Bif("ets:insert/2")]
    public static Term Insert(Process* p, Term* a)
    {
        if (a[1].IsCons && !a[1].Tail.IsNil) return InsertList(p, a, false);
        EtsTable* t = EtsAccess.Open(p, a[0], EtsNeed.Write, EtsLock.Key);
        if (t == null) return Term.None;
        Term result = a[1].IsNil ? Am.True : InsertOne(p, t, a[1].IsCons ? a[1].Head : a[1], false);
        EtsAccess.LeaveChanged(t, EtsLock.Key);
        return result;
    }

    /// <summary>As insert/2 if none of the keys is in use; else false.</summary>
    [Bif("ets:insert_new/2")]
    public static Term InsertNew(Process* p, Term* a)
    {
        if (a[1].IsCons && !a[1].Tail.IsNil) return InsertList(p, a, true);
        EtsTable* t = EtsAccess.Open(p, a[0], EtsNeed.Write, EtsLock.Key);
        if (t == null) return Term.None;
        Term result = a[1].IsNil ? Am.True : InsertOne(p, t, a[1].IsCons ? a[1].Head : a[1], true);
        EtsAccess.LeaveChanged(t, EtsLock.Key);
        return result;
    }

    // Whether a term can be an object of the table.
    private static bool IsObject(EtsTable* t, Term o) => o.IsTuple && o.TupleArity >= t->KeyPosition;

    private static Term InsertOne(Process* p, EtsTable* t, Term tuple, bool onlyNew)
    {
        if (!IsObject(t, tuple)) return Process.Badarg(p);
        Term key = tuple.TupleElements[t->KeyPosition - 1];
        if (t->IsTree)
        {
            if (onlyNew && EtsTree.Find(t, key) != null) return Am.False;
            EtsObject* leaf = EtsObject.Create(tuple);
            if (leaf == null) return Process.SystemLimit(p);
            if (EtsTree.Put(t, leaf)) return Am.True;
            EtsObject.Free(leaf);
            return Process.SystemLimit(p);
        }
        EtsObject* o = EtsObject.Create(tuple);
        if (o == null) return Process.SystemLimit(p);
        uint hash = EtsObject.HashOf(key);
        o->SetHash(hash);
        EtsAccess.EnterKey(t, hash, true);
        bool clash = onlyNew && EtsHash.Contains(t, key, hash);
        if (!clash) EtsHash.Put(t, o);
        EtsAccess.ExitKey(t, hash, true);
        if (clash) EtsObject.Free(o);
        return Term.Bool(!clash);
    }

    private static Term InsertList(Process* p, Term* a, bool onlyNew)
    {
        if (DirtyWork.Wanted(p, a[1])) return DirtyPool.Enter(p, a, ExportTable.Put(p->Machine, Am.Ets, onlyNew ? Am.InsertNew : Am.Insert, 2), &p->Machine->DirtyCpu);
        EtsTable* t = EtsAccess.Open(p, a[0], EtsNeed.Write, EtsLock.Write);
        if (t == null) return Term.None;
        Term result = InsertAll(p, t, a[1], onlyNew);
        EtsAccess.LeaveChanged(t, EtsLock.Write);
        return result;
    }

    private static Term InsertAll(Process* p, EtsTable* t, Term list, bool onlyNew)
    {
        long n = 0;
        Term l = list;
        for (; l.IsCons && IsObject(t, l.Head); l = l.Tail) n++;
        if (!l.IsNil) return Process.Badarg(p);
        Process.Bump(p, n / ObjectsPerReduction);
        int key = t->KeyPosition - 1;
        for (l = list; onlyNew && l.IsCons; l = l.Tail)
        {
            Term k = l.Head.TupleElements[key];
            if (t->IsTree ? EtsTree.Find(t, k) != null : EtsHash.Contains(t, k, EtsObject.HashOf(k))) return Am.False;
        }
        // All copies are made before the first goes in.
        EtsObject* first = null;
        EtsObject** last = &first;
        for (l = list; l.IsCons; l = l.Tail)
        {
            EtsObject* o = EtsObject.Create(l.Head);
            if (o == null) return OutOfMemory(p, first);
            *last = o;
            last = &o->Next;
        }
        while (first != null)
        {
            EtsObject* o = first;
            first = o->Next;
            if (t->IsTree)
            {
                if (EtsTree.Put(t, o)) continue;
                o->Next = first;
                return OutOfMemory(p, o);
            }
            o->SetHash(EtsObject.HashOf(EtsTable.Key(t, o)));
            EtsHash.Put(t, o);
            if (EtsHash.WantsResize(t)) EtsHash.Resize(t);
        }
        return Am.True;
    }

    private static Term OutOfMemory(Process* p, EtsObject* chain)
    {
        while (chain != null)
        {
            EtsObject* next = chain->Next;
            EtsObject.Free(chain);
            chain = next;
        }
        return Process.SystemLimit(p);
    }

    /// <summary>The objects with a key, oldest first.</summary>
    [Bif("ets:lookup/2")]
    public static Term Lookup(Process* p, Term* a)
    {
        EtsTable* t = EtsAccess.Open(p, a[0], EtsNeed.Read, EtsLock.Read);
        if (t == null) return Term.None;
        Term list = Objects(p, t, a[1]);
        EtsAccess.Leave(t, EtsLock.Read);
        return list;
    }

    /// <summary>Copies of the objects with a key. The caller is in the table's lock.</summary>
    internal static Term Objects(Process* p, EtsTable* t, Term key)
    {
        if (t->IsTree)
        {
            EtsObject* leaf = EtsTree.Find(t, key);
            return leaf == null ? Term.Nil : Process.Cons(p, EtsObject.ToHeap(leaf, p), Term.Nil);
        }
        uint hash = EtsObject.HashOf(key);
        EtsAccess.EnterKey(t, hash, false);
        Term list = Collect(p, t, *EtsHash.Find(t, key, hash), key, hash);
        EtsAccess.ExitKey(t, hash, false);
        return list;
    }

    // Newest stand first in the chain, so the list comes out oldest first.
    private static Term Collect(Process* p, EtsTable* t, EtsObject* o, Term key, uint hash)
    {
        Term list = Term.Nil;
        long n = 0;
        if (t->Type == EtsType.Set)
        {
            return o == null || o->Deleted ? list : Process.Cons(p, EtsObject.ToHeap(o, p), list);
        }
        for (; EtsHash.Has(t, o, key, hash); o = o->Next, n++)
            if (!o->Deleted) list = Process.Cons(p, EtsObject.ToHeap(o, p), list);
        Process.Bump(p, n / ObjectsPerReduction);
        return list;
    }

    [Bif("ets:member/2")]
    public static Term Member(Process* p, Term* a)
    {
        EtsTable* t = EtsAccess.Open(p, a[0], EtsNeed.Read, EtsLock.Read);
        if (t == null) return Term.None;
        bool found;
        if (t->IsTree)
        {
            found = EtsTree.Find(t, a[1]) != null;
        }
        else
        {
            uint hash = EtsObject.HashOf(a[1]);
            EtsAccess.EnterKey(t, hash, false);
            found = EtsHash.Contains(t, a[1], hash);
            EtsAccess.ExitKey(t, hash, false);
        }
        EtsAccess.Leave(t, EtsLock.Read);
        return Term.Bool(found);
    }

    /// <summary>One element of the object with a key; of bags a list of the elements.</summary>
    [Bif("ets:lookup_element/3")]
    public static Term LookupElement(Process* p, Term* a) => Element(p, a, Term.None);

    /// <summary>As lookup_element/3, with a value for a key that is not there.</summary>
    [Bif("ets:lookup_element/4")]
    public static Term LookupElementOr(Process* p, Term* a) => Element(p, a, a[3]);

    private static Term Element(Process* p, Term* a, Term absent)
    {
        EtsTable* t = EtsAccess.Open(p, a[0], EtsNeed.Read, EtsLock.Read);
        if (t == null) return Term.None;
        bool bad = !a[2].IsSmall || a[2].SmallValue < 1, found = false;
        Term result = Term.None;
        if (!bad && t->IsTree)
        {
            EtsObject* o = EtsTree.Find(t, a[1]);
            if (o != null)
            {
                found = true;
                bad = a[2].SmallValue > EtsObject.Arity(o);
                if (!bad) result = EtsAccess.Copy(p, EtsObject.Element(o, a[2].SmallValue));
            }
        }
        else if (!bad)
        {
            uint hash = EtsObject.HashOf(a[1]);
            EtsAccess.EnterKey(t, hash, false);
            result = ElementOfAll(p, t, *EtsHash.Find(t, a[1], hash), a, hash, out found, out bad);
            EtsAccess.ExitKey(t, hash, false);
        }
        EtsAccess.Leave(t, EtsLock.Read);
        if (bad) return Process.Badarg(p);
        if (found) return result;
        return absent.IsNone ? Process.Badarg(p, Am.Badkey) : absent;
    }

    private static Term ElementOfAll(Process* p, EtsTable* t, EtsObject* o, Term* a, uint hash, out bool found, out bool bad)
    {
        long position = a[2].SmallValue;
        found = bad = false;
        Term list = Term.Nil;
        EtsObject* first = o;
        for (; EtsHash.Has(t, o, a[1], hash); o = o->Next)
        {
            if (o->Deleted) continue;
            found = true;
            bad |= position > EtsObject.Arity(o);
            if (t->Type == EtsType.Set) return bad ? Term.None : EtsAccess.Copy(p, EtsObject.Element(o, position));
        }
        for (EtsObject* e = first; !bad && e != o; e = e->Next)
            if (!e->Deleted) list = Process.Cons(p, EtsAccess.Copy(p, EtsObject.Element(e, position)), list);
        return list;
    }

    /// <summary>Deletes all objects with a key.</summary>
    [Bif("ets:delete/2")]
    public static Term Delete(Process* p, Term* a)
    {
        EtsTable* t = EtsAccess.Open(p, a[0], EtsNeed.Write, EtsLock.Key);
        if (t == null) return Term.None;
        DeleteKey(t, a[1], Term.None);
        EtsAccess.LeaveChanged(t, EtsLock.Key);
        return Am.True;
    }

    // Deletes what has a key and, if equal is a tuple, is =:= to it.
    private static void DeleteKey(EtsTable* t, Term key, Term equal)
    {
        if (t->IsTree)
        {
            if (!equal.IsNone)
            {
                EtsObject* o = EtsTree.Find(t, key);
                if (o == null || !TermEquality.Exact(EtsObject.Tuple(o), equal)) return;
            }
            EtsObject* gone = EtsTree.Take(t, key);
            if (gone != null) EtsObject.Free(gone);
            return;
        }
        uint hash = EtsObject.HashOf(key);
        EtsAccess.EnterKey(t, hash, true);
        EtsHash.Delete(t, key, hash, equal);
        EtsAccess.ExitKey(t, hash, true);
    }

    /// <summary>Deletes the objects that are =:= to a tuple.</summary>
    [Bif("ets:delete_object/2")]
    public static Term DeleteObject(Process* p, Term* a)
    {
        EtsTable* t = EtsAccess.Open(p, a[0], EtsNeed.Write, EtsLock.Key);
        if (t == null) return Term.None;
        bool good = IsObject(t, a[1]);
        if (good) DeleteKey(t, a[1].TupleElements[t->KeyPosition - 1], a[1]);
        EtsAccess.LeaveChanged(t, EtsLock.Key);
        return good ? Am.True : Process.Badarg(p);
    }

    /// <summary>lookup/2 and delete/2 in one step.</summary>
    [Bif("ets:take/2")]
    public static Term Take(Process* p, Term* a)
    {
        EtsTable* t = EtsAccess.Open(p, a[0], EtsNeed.Write, EtsLock.Key);
        if (t == null) return Term.None;
        Term list = Term.Nil;
        if (t->IsTree)
        {
            EtsObject* o = EtsTree.Take(t, a[1]);
            if (o != null)
            {
                list = Process.Cons(p, EtsObject.ToHeap(o, p), list);
                EtsObject.Free(o);
            }
        }
        else
        {
            uint hash = EtsObject.HashOf(a[1]);
            EtsAccess.EnterKey(t, hash, true);
            list = Collect(p, t, *EtsHash.Find(t, a[1], hash), a[1], hash);
            if (!list.IsNil) EtsHash.Delete(t, a[1], hash, Term.None);
            EtsAccess.ExitKey(t, hash, true);
        }
        EtsAccess.LeaveChanged(t, EtsLock.Key);
        return list;
    }
}
