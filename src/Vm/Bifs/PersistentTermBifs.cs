// persistent_term: a table of the VM whose keys and values are literals, so that reading copies nothing. What is replaced or erased stays in the literal
// area until the VM ends, because processes may still refer to it and nothing asks them yet.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>The persistent terms of one VM, embedded in Machine. Open addressing; one entry is the tuple {Key, Value} in a piece of literal memory.</summary>
public unsafe struct PersistentTerms
{
    private ModuleLiterals* entries;
    private int capacity, count;
    // Replaced and erased entries.
    private NativeList<ModuleLiterals> retired;

    private const uint Seed = 0x7E57;

    /// <summary>Number of terms.</summary>
    public static long Count(Machine* m) => m->PersistentTerms.count;

    /// <summary>Bytes of the table and of its terms.</summary>
    public static long Bytes(Machine* m)
    {
        PersistentTerms* t = &m->PersistentTerms;
        long bytes = (long)t->capacity * sizeof(ModuleLiterals);
        for (int i = 0; i < t->capacity; i++) bytes += (t->entries[i].End - t->entries[i].Start) * 8;
        return bytes;
    }

    private static Term Pair(ModuleLiterals* e) => Term.Boxed(e->Start);

    /// <summary>Steps through the entries, tuples {Key, Value}: start with 0; None at the end.</summary>
    public static Term Next(Machine* m, ref int at)
    {
        PersistentTerms* t = &m->PersistentTerms;
        while (at < t->capacity)
        {
            ModuleLiterals* e = t->entries + at++;
            if (e->Start != null) return Pair(e);
        }
        return Term.None;
    }

    private static ModuleLiterals* Find(PersistentTerms* t, Term key)
    {
        uint mask = (uint)t->capacity - 1;
        for (uint i = TermHash.Internal(key, Seed) & mask; ; i = (i + 1) & mask)
        {
            ModuleLiterals* e = t->entries + i;
            if (e->Start == null || TermEquality.Exact(Pair(e).TupleElements[0], key)) return e;
        }
    }

    /// <summary>The value of a key, or None.</summary>
    public static Term Get(Machine* m, Term key)
    {
        PersistentTerms* t = &m->PersistentTerms;
        if (t->capacity == 0) BareModeTerms.Put(m);
        if (t->count == 0) return Term.None;
        ModuleLiterals* e = Find(t, key);
        return e->Start == null ? Term.None : Pair(e).TupleElements[1];
    }

    /// <summary>Sets a key. False: memory is out.</summary>
    public static bool Put(Machine* m, Term key, Term value)
    {
        PersistentTerms* t = &m->PersistentTerms;
        if ((t->count + 1) * 2 > t->capacity && !Grow(t)) return false;
        ulong* pair = stackalloc ulong[3];
        pair[0] = Header.Make(Header.Tuple, 2);
        pair[1] = key.Bits;
        pair[2] = value.Bits;
        ModuleLiterals literals;
        if (!LiteralArea.AllocModule(&m->Literals, TermSize.ForCopy(Term.Boxed(pair), null), &literals)) return false;
        LiteralArea.Add(&literals, Term.Boxed(pair));
        ModuleLiterals* e = Find(t, key);
        if (e->Start != null) t->retired.Add(*e, Owner.Literals);
        else t->count++;
        *e = literals;
        return true;
    }

    /// <summary>Removes a key. False: there is none.</summary>
    public static bool Erase(Machine* m, Term key)
    {
        PersistentTerms* t = &m->PersistentTerms;
        if (t->count == 0) return false;
        ModuleLiterals* e = Find(t, key);
        if (e->Start == null) return false;
        t->retired.Add(*e, Owner.Literals);
        t->count--;
        // Entries behind it that a search would no longer reach move up.
        uint mask = (uint)t->capacity - 1;
        uint hole = (uint)(e - t->entries);
        t->entries[hole] = default;
        for (uint i = (hole + 1) & mask; t->entries[i].Start != null; i = (i + 1) & mask)
        {
            uint home = TermHash.Internal(Pair(t->entries + i).TupleElements[0], Seed) & mask;
            if (((i - home) & mask) < ((i - hole) & mask)) continue;
            t->entries[hole] = t->entries[i];
            t->entries[i] = default;
            hole = i;
        }
        return true;
    }

    /// <summary>Frees the table and the claims of its terms.</summary>
    public static void Destroy(Machine* m)
    {
        PersistentTerms* t = &m->PersistentTerms;
        for (int i = 0; i < t->capacity; i++)
            if (t->entries[i].Start != null) LiteralArea.FreeModule(&m->Literals, t->entries + i);
        for (int i = 0; i < t->retired.Count; i++) LiteralArea.FreeModule(&m->Literals, t->retired.Items + i);
        t->retired.Free(Owner.Literals);
        Allocator.Free(t->entries, (nuint)((long)t->capacity * sizeof(ModuleLiterals)), Owner.Literals);
        *t = default;
    }

    private static bool Grow(PersistentTerms* t)
    {
        PersistentTerms fresh = *t;
        fresh.capacity = t->capacity == 0 ? 64 : t->capacity * 2;
        fresh.entries = (ModuleLiterals*)Allocator.AllocZeroed((nuint)((long)fresh.capacity * sizeof(ModuleLiterals)), Owner.Literals);
        if (fresh.entries == null) return false;
        for (int i = 0; i < t->capacity; i++)
            if (t->entries[i].Start != null) *Find(&fresh, Pair(t->entries + i).TupleElements[0]) = t->entries[i];
        Allocator.Free(t->entries, (nuint)((long)t->capacity * sizeof(ModuleLiterals)), Owner.Literals);
        *t = fresh;
        return true;
    }
}

public static unsafe class PersistentTermBifs
{
    [Bif("persistent_term:get/1")]
    public static Term Get(Process* p, Term* a)
    {
        Term value = PersistentTerms.Get(p->Machine, a[0]);
        return value.IsNone ? Process.Badarg(p) : value;
    }

    [Bif("persistent_term:get/2")]
    public static Term GetOr(Process* p, Term* a)
    {
        Term value = PersistentTerms.Get(p->Machine, a[0]);
        return value.IsNone ? a[1] : value;
    }

    /// <summary>All terms: [{Key, Value}].</summary>
    [Bif("persistent_term:get/0")]
    public static Term GetAll(Process* p, Term* a)
    {
        Term list = Term.Nil;
        int at = 0;
        for (Term pair = PersistentTerms.Next(p->Machine, ref at); !pair.IsNone; pair = PersistentTerms.Next(p->Machine, ref at)) list = Process.Cons(p, pair, list);
        return list;
    }

    [Bif("persistent_term:put/2")]
    public static Term Put(Process* p, Term* a)
    {
        Term old = PersistentTerms.Get(p->Machine, a[0]);
        if (!old.IsNone && TermEquality.Exact(old, a[1])) return Am.Ok;
        return PersistentTerms.Put(p->Machine, a[0], a[1]) ? Am.Ok : Process.SystemLimit(p);
    }

    /// <summary>badarg when the key has another value.</summary>
    [Bif("persistent_term:put_new/2")]
    public static Term PutNew(Process* p, Term* a)
    {
        Term old = PersistentTerms.Get(p->Machine, a[0]);
        if (!old.IsNone && !TermEquality.Exact(old, a[1])) return Process.Badarg(p);
        return Put(p, a);
    }

    [Bif("persistent_term:erase/1")]
    public static Term Erase(Process* p, Term* a) => Term.Bool(PersistentTerms.Erase(p->Machine, a[0]));

    /// <summary>#{count, memory}.</summary>
    [Bif("persistent_term:info/0")]
    public static Term Info(Process* p, Term* a) =>
        MapMaker.Two(p, Am.Count, Term.Small(PersistentTerms.Count(p->Machine)), Am.Memory, Term.Small(PersistentTerms.Bytes(p->Machine)));

    [Bif("erts_internal:erase_persistent_terms/0")]
    public static Term EraseAll(Process* p, Term* a)
    {
        while (PersistentTerms.Count(p->Machine) > 0)
        {
            int at = 0;
            PersistentTerms.Erase(p->Machine, PersistentTerms.Next(p->Machine, ref at).TupleElements[0]);
        }
        return Am.Ok;
    }
}
