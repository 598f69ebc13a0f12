// persistent_term: a table of the VM whose keys and values are literals, so that reading copies nothing. What is replaced or erased is given up to
// the LiteralCollector, which frees it when no process refers to it.
//
// Threads: reading takes no lock. A slot of the hash array holds the address of a finished tuple {Key, Value}; changing a term swaps that address.
// Arrays that were outgrown (or are too large by now) are given up like terms: a process answers the collector between two natives, and then it reads no old one.
// Changes are made under a lock, one after the other.
namespace MyBeam.Vm;

using System.Threading;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>The persistent terms of one VM, embedded in Machine.</summary>
public unsafe struct PersistentTerms
{
    /// <summary>A hash array (open addressing) with its mask in front, so that a reader sees the two together. It lies among the literals, dressed as a bignum.</summary>
    internal struct Slots
    {
        public ulong Header;
        public uint Mask;
        /// <summary>Slots that are not empty: terms and the places of erased ones.</summary>
        public uint Filled;
        /// <summary>The memory of the whole array.</summary>
        public ModuleLiterals Memory;

        /// <summary>0: empty; Erased; else the address of the tuple {Key, Value}.</summary>
        public static nint* Entries(Slots* s) => (nint*)(s + 1);
    }

    /// <summary>What is in the slot of an erased term: searches go on behind it.</summary>
    private const nint Erased = 1;

    private nint slots;
    private OsMutex mutex;
    private int count, started;
    // Words of the terms.
    private long words;

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
        Slots* s = Current(m);
        return s == null ? 0 : (SlotWords(s->Mask) + Volatile.Read(ref t->words)) * 8;
    }

    /// <summary>Places in the table.</summary>
    public static long Places(Machine* m)
    {
        Slots* s = Current(m);
        return s == null ? 0 : (long)s->Mask + 1;
    }

    /// <summary>The array now, or null. It stays until this process's native is through.</summary>
    internal static Slots* Current(Machine* m) => (Slots*)Volatile.Read(ref m->PersistentTerms.slots);

    private static long SlotWords(uint mask) => (sizeof(Slots) / 8) + (long)mask + 1;

    /// <summary>Steps through the entries of an array, tuples {Key, Value}: start with 0; None at the end. What changes meanwhile may or may not be seen.</summary>
    internal static Term Next(Slots* s, ref long at)
    {
        while (s != null && at <= s->Mask)
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
        Slots* s = Current(m);
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
        nint entry = Entry(m, key, value);
        if (entry == 0) return false;
        nint* slot = null;
        Term* before = s == null ? null : Search(s, key, out slot);
        if (before == null)
        {
            if (!MakeRoom(m))
            {
                ModuleLiterals literals = *LiteralsOf(entry);
                LiteralArea.FreeModule(&m->Literals, &literals);
                return false;
            }
            s = (Slots*)t->slots;
            _ = Search(s, key, out slot);
            if (*slot == 0) s->Filled++;
            t->count++;
        }
        else
        {
            t->words -= LiteralsOf((nint)before)->End - LiteralsOf((nint)before)->Start;
        }
        t->words += LiteralsOf(entry)->End - LiteralsOf(entry)->Start;
        Volatile.Write(ref *slot, entry);
        return true;
    }

    // A tuple {Key, Value} among the literals, with what is shared in it; 0: memory is out.
    private static nint Entry(Machine* m, Term key, Term value)
    {
        ulong* pair = stackalloc ulong[3];
        pair[0] = Header.Make(Header.Tuple, 2);
        pair[1] = key.Bits;
        pair[2] = value.Bits;
        long words = TermSize.ForSharedCopy(Term.Boxed(pair), out bool twice);
        ModuleLiterals literals;
        if (words < 0 || !LiteralArea.AllocModule(&m->Literals, HeadWords + words, &literals)) return 0;
        ulong* entry = literals.Start + HeadWords;
        *literals.Start = Header.Make(Header.PositiveBig, HeadWords - 1);
        literals.Top = entry;
        if (!twice) LiteralArea.Add(&literals, Term.Boxed(pair));
        else if (TermSharing.To(Term.Boxed(pair), &literals.Top, &literals.OffHeap).IsNone)
        {
            LiteralArea.FreeModule(&m->Literals, &literals);
            return 0;
        }
        *LiteralsOf((nint)entry) = literals;
        return (nint)entry;
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
            Leave(s, slot);
            t->count--;
            t->words -= LiteralsOf((nint)pair)->End - LiteralsOf((nint)pair)->Start;
            if (s->Mask > FirstMask && t->count * 4L <= s->Mask) _ = Rebuild(m, s->Mask >> 1);
        }
        t->mutex.Unlock();
        much = pair != null && LiteralCollector.Retire(m, LiteralsOf((nint)pair));
        return pair != null;
    }

    // Where no search goes on behind it the place is empty, and so are those of erased terms before it.
    private static void Leave(Slots* s, nint* slot)
    {
        nint* entries = Slots.Entries(s);
        uint i = (uint)(slot - entries);
        Volatile.Write(ref *slot, Erased);
        if (entries[(i + 1) & s->Mask] != 0) return;
        for (; entries[i] == Erased; i = (i - 1) & s->Mask)
        {
            Volatile.Write(ref entries[i], 0);
            s->Filled--;
        }
    }

    /// <summary>Removes all terms.</summary>
    public static void EraseAll(Machine* m)
    {
        PersistentTerms* t = &m->PersistentTerms;
        t->mutex.Lock();
        Slots* s = (Slots*)t->slots;
        Volatile.Write(ref t->slots, 0);
        t->count = 0;
        t->words = 0;
        t->mutex.Unlock();
        if (s == null) return;
        long at = 0;
        for (Term pair = Next(s, ref at); !pair.IsNone; pair = Next(s, ref at)) LiteralCollector.Retire(m, LiteralsOf((nint)pair.Box));
        LiteralCollector.Retire(m, &s->Memory);
    }

    /// <summary>Frees the table and the claims of its terms.</summary>
    public static void Destroy(Machine* m)
    {
        PersistentTerms* t = &m->PersistentTerms;
        Slots* s = (Slots*)t->slots;
        long at = 0;
        for (Term pair = Next(s, ref at); !pair.IsNone; pair = Next(s, ref at))
        {
            ModuleLiterals literals = *LiteralsOf((nint)pair.Box);
            LiteralArea.FreeModule(&m->Literals, &literals);
        }
        if (s != null)
        {
            ModuleLiterals memory = s->Memory;
            LiteralArea.FreeModule(&m->Literals, &memory);
        }
        *t = default;
    }

    // One more term must fit. A table that is half full with terms grows to twice the size; places of erased ones may fill it up to three quarters.
    private static bool MakeRoom(Machine* m)
    {
        PersistentTerms* t = &m->PersistentTerms;
        Slots* s = (Slots*)t->slots;
        if (s == null) return Rebuild(m, FirstMask);
        long size = (long)s->Mask + 1;
        if (t->count * 2L >= size) return Rebuild(m, (s->Mask * 2) + 1);
        return s->Filled * 4L < size * 3 || Rebuild(m, s->Mask);
    }

    // A new array, without the places of erased terms.
    private static bool Rebuild(Machine* m, uint mask)
    {
        PersistentTerms* t = &m->PersistentTerms;
        Slots* old = (Slots*)t->slots;
        long words = SlotWords(mask);
        ModuleLiterals memory;
        if (!LiteralArea.AllocModule(&m->Literals, words, &memory)) return false;
        memory.Top = memory.End;
        Slots* fresh = (Slots*)memory.Start;
        fresh->Header = Header.Make(Header.PositiveBig, words - 1);
        fresh->Mask = mask;
        fresh->Filled = 0;
        fresh->Memory = memory;
        for (long i = 0; i <= mask; i++) Slots.Entries(fresh)[i] = 0;
        long at = 0;
        for (Term pair = Next(old, ref at); !pair.IsNone; pair = Next(old, ref at))
        {
            _ = Search(fresh, pair.TupleElements[0], out nint* slot);
            *slot = (nint)pair.Box;
            fresh->Filled++;
        }
        Volatile.Write(ref t->slots, (nint)fresh);
        if (old != null) _ = LiteralCollector.Retire(m, &old->Memory);
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

    // All terms so far.
    private struct Listing
    {
        public NativeWork Work;
        public PersistentTerms.Slots* Slots;
        public long At;
        public Term List;
    }

    private const long PlacesPerReduction = 10;

    /// <summary>All terms: [{Key, Value}].</summary>
    [Bif("persistent_term:get/0")]
    public static Term GetAll(Process* p, Term* a)
    {
        Listing* kept = (Listing*)p->Work;
        Listing l = kept != null ? *kept : new Listing { Slots = PersistentTerms.Current(p->Machine), List = Term.Nil };
        long from = l.At, end = from + Slices.Steps(p, PlacesPerReduction);
        while (true)
        {
            Term pair = PersistentTerms.Next(l.Slots, ref l.At);
            if (pair.IsNone) break;
            l.List = Process.Cons(p, pair, l.List);
            if (l.At < end) continue;
            if (kept == null) return Slices.Keep(p, ref l, null);
            l.Work = kept->Work;
            *kept = l;
            return Slices.Pause(p);
        }
        Process.Bump(p, (l.At - from) / PlacesPerReduction);
        if (kept != null) Slices.End(p);
        return l.List;
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
        PersistentTerms.EraseAll(p->Machine);
        return Am.Ok;
    }
}
