// persistent_term: a table of the VM whose keys and values are literals, so that reading copies nothing. What is replaced or erased is given up to
// the LiteralCollector, which frees it when no process refers to it.
//
// Threads: reading takes no lock. A slot of the hash array holds the address of a finished tuple {Key, Value}; changing a term swaps that address.
// Arrays that were outgrown are kept until all schedulers have stood still once, because a reader may be in one. Changes are made under a lock, one after the other.
namespace MyBeam.Vm;

using System.Threading;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>The persistent terms of one VM, embedded in Machine.</summary>
public unsafe struct PersistentTerms
{
    /// <summary>A hash array (open addressing) with its mask in front, so that a reader sees the two together.</summary>
    private struct Slots
    {
        public Slots* Older;
        public uint Mask;
        /// <summary>Slots that are not empty: terms and the places of erased ones.</summary>
        public uint Filled;

        /// <summary>0: empty; Erased; else the address of the tuple {Key, Value}.</summary>
        public static nint* Entries(Slots* s) => (nint*)(s + 1);
    }

    /// <summary>What is in the slot of an erased term: searches go on behind it.</summary>
    private const nint Erased = 1;

    private nint slots;
    private OsMutex mutex;
    private int count, started;

    private const uint Seed = 0x7E57, FirstMask = 127;

    /// <summary>How Put treats a key that is there with another value.</summary>
    public enum Mode
    {
        Replace, OnlyNew,
    }

    /// <summary>Number of terms.</summary>
    public static long Count(Machine* m) => Volatile.Read(ref m->PersistentTerms.count);

    /// <summary>Bytes of the table and of its terms.</summary>
    public static long Bytes(Machine* m)
    {
        PersistentTerms* t = &m->PersistentTerms;
        Slots* s = (Slots*)Volatile.Read(ref t->slots);
        if (s == null) return 0;
        long bytes = (long)SlotBytes(s->Mask);
        int at = 0;
        for (Term pair = Next(m, ref at); !pair.IsNone; pair = Next(m, ref at)) bytes += (TermSize.Flat(pair) + 1) * 8;
        return bytes;
    }

    /// <summary>Places in the table.</summary>
    public static long Places(Machine* m)
    {
        Slots* s = (Slots*)Volatile.Read(ref m->PersistentTerms.slots);
        return s == null ? 0 : (long)s->Mask + 1;
    }

    private static nuint SlotBytes(uint mask) => (nuint)sizeof(Slots) + (((nuint)mask + 1) * 8);

    /// <summary>Steps through the entries, tuples {Key, Value}: start with 0; None at the end. What changes meanwhile may or may not be seen.</summary>
    public static Term Next(Machine* m, ref int at)
    {
        Slots* s = (Slots*)Volatile.Read(ref m->PersistentTerms.slots);
        while (s != null && (uint)at <= s->Mask)
        {
            nint e = Volatile.Read(ref Slots.Entries(s)[at++]);
            if (e != 0 && e != Erased) return Term.Boxed((void*)e);
        }
        return Term.None;
    }

    // The tuple of a key and its slot, or null and the first slot where it may be put.
    private static Term* Search(Slots* s, Term key, out nint* slot)
    {
        nint* entries = Slots.Entries(s);
        slot = null;
        for (uint i = TermHash.Internal(key, Seed) & s->Mask; ; i = (i + 1) & s->Mask)
        {
            nint e = Volatile.Read(ref entries[i]);
            if (e == 0 || e == Erased)
            {
                if (slot == null) slot = entries + i;
                if (e == 0) return null;
                continue;
            }
            Term* pair = (Term*)e;
            if (!TermEquality.Exact(pair[1], key)) continue;
            slot = entries + i;
            return pair;
        }
    }

    /// <summary>The value of a key, or None.</summary>
    public static Term Get(Machine* m, Term key)
    {
        PersistentTerms* t = &m->PersistentTerms;
        if (Volatile.Read(ref t->started) == 0) Start(m);
        Slots* s = (Slots*)Volatile.Read(ref t->slots);
        if (s == null) return Term.None;
        Term* pair = Search(s, key, out _);
        return pair == null ? Term.None : pair[2];
    }

    // The terms that are there from the beginning, before the first access.
    private static void Start(Machine* m)
    {
        PersistentTerms* t = &m->PersistentTerms;
        t->mutex.Lock();
        if (t->started == 0)
        {
            BareModeTerms.Put(m);
            Volatile.Write(ref t->started, 1);
        }
        t->mutex.Unlock();
    }

    // In front of the tuple of an entry, dressed as a bignum, stands what literal memory it has.
    private const int HeadWords = 5;

    private static ModuleLiterals* LiteralsOf(nint entry) => (ModuleLiterals*)((ulong*)entry - HeadWords + 1);

    /// <summary>Sets a key. conflict: OnlyNew, and it has another value. False then, and when memory is out. much: a lot waits to be freed (LiteralCollector.Retire).</summary>
    public static bool Put(Machine* m, Term key, Term value, Mode mode, out bool conflict, out bool much)
    {
        PersistentTerms* t = &m->PersistentTerms;
        if (Volatile.Read(ref t->started) == 0) Start(m);
        t->mutex.Lock();
        Slots* s = (Slots*)t->slots;
        Term* pair = s == null ? null : Search(s, key, out _);
        bool same = pair != null && TermEquality.Exact(pair[2], value);
        conflict = pair != null && !same && mode == Mode.OnlyNew;
        bool good = same || (!conflict && PutLocked(m, key, value));
        t->mutex.Unlock();
        much = good && !same && pair != null && LiteralCollector.Retire(m, LiteralsOf((nint)pair));
        return good;
    }

    /// <summary>Sets a key; for BareModeTerms, whose caller holds the lock.</summary>
    internal static bool PutLocked(Machine* m, Term key, Term value)
    {
        PersistentTerms* t = &m->PersistentTerms;
        Slots* s = (Slots*)t->slots;
        if ((s == null || (s->Filled + 1) * 2 > s->Mask) && !Rebuild(t)) return false;
        s = (Slots*)t->slots;
        ulong* pair = stackalloc ulong[3];
        pair[0] = Header.Make(Header.Tuple, 2);
        pair[1] = key.Bits;
        pair[2] = value.Bits;
        long words = TermSize.ForCopy(Term.Boxed(pair), null);
        ModuleLiterals literals;
        if (words < 0 || !LiteralArea.AllocModule(&m->Literals, HeadWords + words, &literals)) return false;
        ulong* entry = literals.Start + HeadWords;
        *literals.Start = Header.Make(Header.PositiveBig, HeadWords - 1);
        literals.Top = entry;
        LiteralArea.Add(&literals, Term.Boxed(pair));
        *LiteralsOf((nint)entry) = literals;
        if (Search(s, key, out nint* slot) == null) t->count++;
        if (*slot == 0) s->Filled++;
        Volatile.Write(ref *slot, (nint)entry);
        return true;
    }

    /// <summary>Removes a key. False: there is none. much: as Put.</summary>
    public static bool Erase(Machine* m, Term key, out bool much)
    {
        PersistentTerms* t = &m->PersistentTerms;
        if (Volatile.Read(ref t->started) == 0) Start(m);
        t->mutex.Lock();
        Slots* s = (Slots*)t->slots;
        nint* slot = null;
        Term* pair = s == null ? null : Search(s, key, out slot);
        if (pair != null)
        {
            Volatile.Write(ref *slot, Erased);
            t->count--;
        }
        t->mutex.Unlock();
        much = pair != null && LiteralCollector.Retire(m, LiteralsOf((nint)pair));
        return pair != null;
    }

    /// <summary>Frees the table and the claims of its terms.</summary>
    public static void Destroy(Machine* m)
    {
        PersistentTerms* t = &m->PersistentTerms;
        int at = 0;
        for (Term pair = Next(m, ref at); !pair.IsNone; pair = Next(m, ref at))
        {
            ModuleLiterals literals = *LiteralsOf((nint)pair.Box);
            LiteralArea.FreeModule(&m->Literals, &literals);
        }
        FreeOlder(m);
        if (t->slots != 0) Allocator.Free((Slots*)t->slots, SlotBytes(((Slots*)t->slots)->Mask), Owner.Literals);
        *t = default;
    }

    /// <summary>Frees the arrays that others have replaced. All schedulers stand still.</summary>
    public static void FreeOlder(Machine* m)
    {
        Slots* newest = (Slots*)m->PersistentTerms.slots;
        for (Slots* s = newest == null ? null : newest->Older; s != null;)
        {
            Slots* older = s->Older;
            Allocator.Free(s, SlotBytes(s->Mask), Owner.Literals);
            s = older;
        }
        if (newest != null) newest->Older = null;
    }

    // A new array, twice as large as the terms need: without the places of erased ones.
    private static bool Rebuild(PersistentTerms* t)
    {
        Slots* old = (Slots*)t->slots;
        uint mask = FirstMask;
        while (((uint)t->count + 1) * 4 > mask) mask = (mask * 2) + 1;
        Slots* fresh = (Slots*)Allocator.AllocZeroed(SlotBytes(mask), Owner.Literals);
        if (fresh == null) return false;
        fresh->Older = old;
        fresh->Mask = mask;
        for (uint i = 0; old != null && i <= old->Mask; i++)
        {
            nint e = Slots.Entries(old)[i];
            if (e == 0 || e == Erased) continue;
            Search(fresh, ((Term*)e)[1], out nint* slot);
            *slot = e;
            fresh->Filled++;
        }
        Volatile.Write(ref t->slots, (nint)fresh);
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
        if (LiteralCollector.Crowded(p)) return Slices.Pause(p);
        if (!PersistentTerms.Put(p->Machine, a[0], a[1], PersistentTerms.Mode.Replace, out _, out bool much)) return Process.SystemLimit(p);
        return Result(p, Am.Ok, much);
    }

    // Who replaces faster than others can look through their heaps gives them their turn.
    private static Term Result(Process* p, Term result, bool much)
    {
        Process.Bump(p, 10);
        return much ? Process.YieldWith(p, result) : result;
    }

    /// <summary>badarg when the key has another value.</summary>
    [Bif("persistent_term:put_new/2")]
    public static Term PutNew(Process* p, Term* a)
    {
        if (PersistentTerms.Put(p->Machine, a[0], a[1], PersistentTerms.Mode.OnlyNew, out bool conflict, out _)) return Am.Ok;
        return conflict ? Process.Badarg(p) : Process.SystemLimit(p);
    }

    [Bif("persistent_term:erase/1")]
    public static Term Erase(Process* p, Term* a)
    {
        if (LiteralCollector.Crowded(p)) return Slices.Pause(p);
        Term result = Term.Bool(PersistentTerms.Erase(p->Machine, a[0], out bool much));
        return Result(p, result, much);
    }

    /// <summary>#{count, memory}.</summary>
    [Bif("persistent_term:info/0")]
    public static Term Info(Process* p, Term* a) =>
        MapMaker.Two(p, Am.Count, Term.Small(PersistentTerms.Count(p->Machine)), Am.Memory, Term.Small(PersistentTerms.Bytes(p->Machine)));

    [Bif("erts_internal:erase_persistent_terms/0")]
    public static Term EraseAll(Process* p, Term* a)
    {
        int at = 0;
        for (Term pair = PersistentTerms.Next(p->Machine, ref at); !pair.IsNone; pair = PersistentTerms.Next(p->Machine, ref at))
            PersistentTerms.Erase(p->Machine, pair.TupleElements[0], out _);
        return Am.Ok;
    }
}
