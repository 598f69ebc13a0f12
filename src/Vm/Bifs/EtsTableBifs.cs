// Natives of ets about whole tables: new, delete, rename, give_away, setopts, whereis, safe_fixtable, all.
namespace MyBeam.Vm;

using MyBeam.Memory;

public static unsafe class EtsTableBifs
{
    /// <summary>Objects freed or looked at before a native lets others run; what it charges then.</summary>
    internal const long SliceObjects = 10000, SliceReductions = 4000;

    private struct Options
    {
        public EtsType Type;
        public EtsProtection Protection;
        public EtsWriteConcurrency WriteConcurrency;
        public bool Named, Compressed, ReadConcurrency;
        public long KeyPosition, Locks;
        // -1: not given; whether write_concurrency and the type make counters decentralized.
        public int DecentralizedCounters;
        public bool DecentralizedByDefault;
        public Term Heir, HeirData;
    }

    private const int LeastLocks = 64, MaxLocks = 32768;

    [Bif("ets:new/2")]
    public static Term New(Process* p, Term* a)
    {
        Options o = default;
        o.Type = EtsType.Set;
        o.Protection = EtsProtection.Protected;
        o.KeyPosition = 1;
        o.DecentralizedCounters = -1;
        o.Heir = Am.None;
        if (!a[0].IsAtom) return Process.Badarg(p);
        Term list = a[1];
        for (; list.IsCons; list = list.Tail)
            if (!Option(ref o, list.Head)) return Process.Badarg(p);
        if (!list.IsNil || (o.Type == EtsType.OrderedSet && o.WriteConcurrency == EtsWriteConcurrency.Locks)) return Process.Badarg(p);
        bool exclusive = o.Protection == EtsProtection.Private;
        bool fine = o.WriteConcurrency != EtsWriteConcurrency.False && !exclusive;
        EtsTable* t = EtsTable.Create(p->Machine, o.Type, fine && o.Type != EtsType.OrderedSet);
        if (t == null || !EtsTable.SetHeir(p, t, o.Heir, o.HeirData) || !EtsNames.Create(&p->Machine->Ets.Names))
        {
            if (t != null) Discard(t);
            return Process.SystemLimit(p);
        }
        t->Name = a[0];
        t->Owner = p->Pid;
        t->KeyPosition = (int)System.Math.Min(o.KeyPosition, int.MaxValue);
        t->Protection = o.Protection;
        t->Compressed = o.Compressed;
        t->ReadConcurrency = o.ReadConcurrency && !exclusive;
        t->WriteConcurrency = fine ? o.WriteConcurrency : EtsWriteConcurrency.False;
        t->DebugLocks = (int)o.Locks;
        bool decentralized = o.DecentralizedCounters >= 0 ? o.DecentralizedCounters > 0 : o.DecentralizedByDefault;
        t->DecentralizedCounters = fine && decentralized;
        t->Named = o.Named;
        return o.Named ? Publish(p, t) : Finish(p, t, EtsTables.Add(t));
    }

    // Registers a named table; its name must not be in use.
    private static Term Publish(Process* p, EtsTable* t)
    {
        EtsNames* names = &p->Machine->Ets.Names;
        Term name = t->Name;
        EtsNames.EnterWrite(names, name, Term.None);
        EtsTable* old = EtsNames.Get(names, name);
        bool exists = old != null && !System.Threading.Volatile.Read(ref old->Closed);
        bool good = !exists && EtsTables.Add(t);
        if (good && !EtsNames.Set(names, name, t))
        {
            EtsTables.Remove(t);
            good = false;
        }
        EtsNames.ExitWrite(names, name, Term.None);
        if (!exists) return Finish(p, t, good);
        Discard(t);
        return Process.Badarg(p, Am.AlreadyExists);
    }

    private static Term Finish(Process* p, EtsTable* t, bool good)
    {
        if (good) return t->Named ? t->Name : EtsTable.Tid(p, t);
        Discard(t);
        return Process.SystemLimit(p);
    }

    // Frees a table that nobody has seen.
    private static void Discard(EtsTable* t)
    {
        EtsHash.FreeBuckets(t);
        Resources.Release(&t->Head);
    }

    private static bool Option(ref Options o, Term option)
    {
        if (option == Am.Set) return true;
        if (option == Am.Protected) return true;
        if (option == Am.OrderedSet)
        {
            o.Type = EtsType.OrderedSet;
            o.DecentralizedByDefault = true;
        }
        else if (option == Am.Bag) o.Type = EtsType.Bag;
        else if (option == Am.DuplicateBag) o.Type = EtsType.DuplicateBag;
        else if (option == Am.Public) o.Protection = EtsProtection.Public;
        else if (option == Am.Private) o.Protection = EtsProtection.Private;
        else if (option == Am.NamedTable) o.Named = true;
        else if (option == Am.Compressed) o.Compressed = true;
        else if (option.IsTupleOf(3) && option.TupleElements[0] == Am.Heir)
        {
            o.Heir = option.TupleElements[1];
            o.HeirData = option.TupleElements[2];
            return o.Heir.IsLocalPid;
        }
        else return option.IsTupleOf(2) && Setting(ref o, option.TupleElements[0], option.TupleElements[1]);
        return true;
    }

    private static bool Setting(ref Options o, Term name, Term value)
    {
        if (name == Am.Keypos)
        {
            if (!value.IsSmall || value.SmallValue <= 0) return false;
            o.KeyPosition = value.SmallValue;
            return true;
        }
        if (name == Am.WriteConcurrency) return SetWriteConcurrency(ref o, value);
        if (name == Am.Heir)
        {
            o.Heir = value;
            o.HeirData = Term.None;
            return value == Am.None || value.IsLocalPid;
        }
        if (!value.IsBoolean) return false;
        if (name == Am.ReadConcurrency) o.ReadConcurrency = value == Am.True;
        else if (name == Am.DecentralizedCounters) o.DecentralizedCounters = value == Am.True ? 1 : 0;
        else return false;
        return true;
    }

    private static bool SetWriteConcurrency(ref Options o, Term value)
    {
        o.Locks = 0;
        if (value == Am.True)
        {
            o.WriteConcurrency = EtsWriteConcurrency.True;
            if (o.Type != EtsType.OrderedSet) o.DecentralizedByDefault = false;
            return true;
        }
        if (value == Am.False)
        {
            o.WriteConcurrency = EtsWriteConcurrency.False;
            return true;
        }
        o.DecentralizedByDefault = true;
        if (value == Am.Auto)
        {
            o.WriteConcurrency = EtsWriteConcurrency.Auto;
            return true;
        }
        if (!value.IsTupleOf(2) || value.TupleElements[0] != Am.DebugHashFixedNumberOfLocks || !value.TupleElements[1].IsSmall) return false;
        o.WriteConcurrency = EtsWriteConcurrency.Locks;
        o.Locks = value.TupleElements[1].SmallValue;
        if (o.Locks is < 1 or > MaxLocks) return false;
        // OTP rounds down to a power of two, and never below what its tables have anyhow.
        o.Locks = System.Math.Max(1L << System.Numerics.BitOperations.Log2((ulong)o.Locks), LeastLocks);
        return true;
    }

    /// <summary>Deletes a table. The objects are freed in slices.</summary>
    [Bif("ets:delete/1", BifKind.Traps)]
    public static Term Delete(Process* p, Term* a)
    {
        EtsTable* t = EtsAccess.Open(p, a[0], EtsNeed.Write, EtsLock.Write);
        if (t == null) return Term.None;
        // A named table may go with the claim that closing drops.
        Resources.Retain(&t->Head);
        EtsGrave* grave = EtsLife.CloseLocked(t);
        Resources.Release(&t->Head);
        return grave == null ? Am.True : Bury(p, grave, Am.True);
    }

    /// <summary>Frees a slice of a grave (a claim of the caller's), and goes on in ets_bury until nothing is left; the result is then as given.</summary>
    internal static Term Bury(Process* p, EtsGrave* grave, Term result)
    {
        long budget = SliceObjects;
        bool done = EtsGrave.Free(grave, ref budget);
        Process.Bump(p, (SliceObjects - budget) * SliceReductions / SliceObjects);
        if (done)
        {
            Resources.Release(&grave->Head);
            return result;
        }
        Term reference = MagicRefs.Make(p, &grave->Head);
        return reference.IsNone ? Term.None : Trap(p, Am.EtsBury, reference, result);
    }

    /// <summary>Goes on in a native of erts_internal with two arguments.</summary>
    internal static Term Trap(Process* p, Term function, Term first, Term second)
    {
        Export* e = ExportTable.Put(p->Machine, Am.ErtsInternal, function, 2);
        if (e == null) return Process.SystemLimit(p);
        p->Fail = FailKind.Trap;
        p->TrapTo = e;
        p->TrapArity = 2;
        p->TrapArgs[0] = first.Bits;
        p->TrapArgs[1] = second.Bits;
        return Term.None;
    }

    /// <summary>The next slice of Bury: a reference to the grave, the result.</summary>
    [Bif("erts_internal:ets_bury/2", BifKind.Traps)]
    public static Term BuryMore(Process* p, Term* a)
    {
        EtsGrave* grave = (EtsGrave*)MagicRefs.Open(a[0], ResourceKind.EtsGrave);
        if (grave == null) return Process.Badarg(p);
        long budget = SliceObjects;
        bool done = EtsGrave.Free(grave, ref budget);
        Process.Bump(p, SliceReductions);
        return done ? a[1] : Trap(p, Am.EtsBury, a[0], a[1]);
    }

    // A table that was emptied: what is to be freed (or null), or how many objects are still to be paid for.
    private struct Emptying
    {
        public NativeWork Work;
        public EtsGrave* Grave;
        public long Count, Unpaid;
    }

    /// <summary>delete_all_objects/1 and select_delete/2 of everything: the number of objects. They are gone at once; freeing them goes on in further slices.</summary>
    [Bif("ets:internal_delete_all/2", BifKind.Traps)]
    public static Term DeleteAll(Process* p, Term* a)
    {
        Emptying* kept = (Emptying*)p->Work;
        Emptying e = default;
        if (kept != null) e = *kept;
        else
        {
            EtsTable* t = EtsAccess.Open(p, a[0], EtsNeed.Write, EtsLock.Write);
            if (t == null) return Term.None;
            e.Count = EtsLife.Empty(t, out e.Grave);
            EtsAccess.Leave(t, EtsLock.Write);
            // In a fixed table they have become deleted places.
            if (e.Grave == null) e.Unpaid = e.Count;
        }
        long budget = SliceObjects;
        bool done = e.Grave == null || EtsGrave.Free(e.Grave, ref budget);
        if (e.Grave == null)
        {
            budget -= System.Math.Min(budget, e.Unpaid);
            e.Unpaid -= SliceObjects - budget;
            done = e.Unpaid == 0;
        }
        Process.Bump(p, (SliceObjects - budget) * SliceReductions / SliceObjects);
        if (!done)
        {
            if (kept == null) return Slices.Keep(p, ref e, &LeaveGrave);
            e.Work = kept->Work;
            *kept = e;
            return Slices.Pause(p);
        }
        if (e.Grave != null) Resources.Release(&e.Grave->Head);
        if (kept != null) Slices.End(p);
        return Term.Small(e.Count);
    }

    // The process dies meanwhile: others free the rest.
    private static void LeaveGrave(NativeWork* work)
    {
        EtsGrave* grave = ((Emptying*)work)->Grave;
        if (grave != null) EtsGraveyard.Add(EtsGrave.MachineOf(grave), grave);
    }

    /// <summary>Renames a table; a named one keeps being found by its (new) name only.</summary>
    [Bif("ets:rename/2")]
    public static Term Rename(Process* p, Term* a)
    {
        for (; ; )
        {
            EtsTable* t = EtsAccess.Open(p, a[0], EtsNeed.Write, EtsLock.Write);
            if (t == null) return Term.None;
            if (!a[1].IsAtom)
            {
                EtsAccess.Leave(t, EtsLock.Write);
                return Process.Badarg(p);
            }
            if (!t->Named)
            {
                t->Name = a[1];
                EtsAccess.Leave(t, EtsLock.Write);
                return a[0];
            }
            // The locks of names come before that of the table.
            Term old = t->Name;
            Resources.Retain(&t->Head);
            EtsAccess.Leave(t, EtsLock.Write);
            bool settled = RenameNamed(p, t, old, a[1], out Term result);
            Resources.Release(&t->Head);
            if (settled) return result;
        }
    }

    // False: somebody was faster; look again.
    private static bool RenameNamed(Process* p, EtsTable* t, Term old, Term name, out Term result)
    {
        EtsNames* names = &p->Machine->Ets.Names;
        result = name;
        EtsNames.EnterWrite(names, old, name);
        t->Lock.EnterWrite();
        bool settled = !t->Closed && t->Name == old && EtsNames.Get(names, old) == t;
        if (settled)
        {
            EtsTable* other = EtsNames.Get(names, name);
            if (other != null && !other->Closed) result = Process.Badarg(p);
            else if (!EtsNames.Set(names, name, t)) result = Process.SystemLimit(p);
            else
            {
                EtsNames.Clear(names, old, t);
                t->Name = name;
            }
        }
        t->Lock.ExitWrite();
        EtsNames.ExitWrite(names, old, name);
        return settled;
    }

    /// <summary>The tid of a named table, or undefined.</summary>
    [Bif("ets:whereis/1")]
    public static Term Whereis(Process* p, Term* a)
    {
        if (!a[0].IsAtom) return Process.Badarg(p);
        EtsTable* t = EtsAccess.Find(p, a[0], EtsLock.Read, out _);
        if (t == null) return Am.Undefined;
        Term tid = EtsTable.Tid(p, t);
        EtsAccess.Leave(t, EtsLock.Read);
        return tid;
    }

    [Bif("ets:give_away/3")]
    public static Term GiveAway(Process* p, Term* a)
    {
        EtsTable* t = EtsAccess.Open(p, a[0], EtsNeed.Write, EtsLock.Write);
        if (t == null) return Term.None;
        Term to = a[1], error = Term.None;
        bool alive = to.IsLocalPid && EtsSignals.IsAlive(p, to);
        if (!alive) Process.Badarg(p);
        else if (t->Owner != p->Pid) Process.Badarg(p, Am.NotOwner);
        else if (to == p->Pid) Process.Badarg(p, Am.Owner);
        else if (!EtsTables.Give(t, to)) Process.SystemLimit(p);
        else error = Am.True;
        if (!error.IsNone)
        {
            Resources.Retain(&t->Head);
            EtsAccess.Leave(t, EtsLock.Write);
            EtsLife.Transfer(p, t, to, a[2]);
            EtsSignals.AfterGiving(p, t, to);
            Resources.Release(&t->Head);
            return Am.True;
        }
        EtsAccess.Leave(t, EtsLock.Write);
        return Term.None;
    }

    [Bif("ets:setopts/2")]
    public static Term SetOptions(Process* p, Term* a)
    {
        EtsTable* t = EtsAccess.Open(p, a[0], EtsNeed.Write, EtsLock.Write);
        if (t == null) return Term.None;
        Term heir = Term.None, data = Term.None, protection = Term.None;
        bool good = true;
        Term list = a[1];
        if (list.IsTuple) good = Changes(list, ref heir, ref data, ref protection);
        else
        {
            for (; good && list.IsCons; list = list.Tail) good = Changes(list.Head, ref heir, ref data, ref protection);
            good = good && list.IsNil;
        }
        good = good && t->Owner == p->Pid;
        if (good)
        {
            if (!heir.IsNone && !EtsTable.SetHeir(p, t, heir, data))
            {
                EtsAccess.Leave(t, EtsLock.Write);
                return Process.SystemLimit(p);
            }
            if (protection == Am.Private) t->Protection = EtsProtection.Private;
            else if (protection == Am.Protected) t->Protection = EtsProtection.Protected;
            else if (protection == Am.Public) t->Protection = EtsProtection.Public;
        }
        EtsAccess.Leave(t, EtsLock.Write);
        return good ? Am.True : Process.Badarg(p);
    }

    // One option of setopts/2; each may be given once.
    private static bool Changes(Term option, ref Term heir, ref Term data, ref Term protection)
    {
        if (!option.IsTuple || option.TupleArity is < 2 or > 3) return false;
        Term* e = option.TupleElements;
        if (e[0] == Am.Heir)
        {
            if (!heir.IsNone) return false;
            heir = e[1];
            if (option.TupleArity == 3) data = e[2];
            return heir.IsLocalPid || (heir == Am.None && option.TupleArity == 2);
        }
        if (e[0] != Am.Protection || option.TupleArity != 2 || !protection.IsNone) return false;
        protection = e[1];
        return protection == Am.Private || protection == Am.Protected || protection == Am.Public;
    }

    [Bif("ets:safe_fixtable/2")]
    public static Term SafeFixTable(Process* p, Term* a)
    {
        EtsTable* t = EtsAccess.Open(p, a[0], EtsNeed.Read, EtsLock.Read);
        if (t == null) return Term.None;
        bool good = true;
        if (a[1] == Am.True) good = EtsFixations.Add(t, p);
        else if (a[1] == Am.False) EtsFixations.Remove(t, p->Pid, false);
        else
        {
            EtsAccess.Leave(t, EtsLock.Read);
            return Process.Badarg(p);
        }
        Resources.Retain(&t->Head);
        EtsAccess.Leave(t, EtsLock.Read);
        if (a[1] == Am.False) Process.Bump(p, EtsFixations.Purge(t) / 16);
        Resources.Release(&t->Head);
        return good ? Am.True : Process.SystemLimit(p);
    }

    /// <summary>Names and tids of all tables.</summary>
    [Bif("ets:all/0")]
    public static Term All(Process* p, Term* a) => EtsTables.All(p);

    /// <summary>What ets:all/0 of OTP's ets.erl is made of: asks each scheduler for its tables, which answer {Ref, Tables}. The first has all.</summary>
    [Bif("ets:internal_request_all/0")]
    public static Term RequestAll(Process* p, Term* a)
    {
        Term reference = NewReference(p);
        long schedulers = EtsSignals.Schedulers(p);
        Term list = EtsTables.All(p);
        for (long i = 0; i < schedulers; i++) EtsSignals.Deliver(p, p->Pid, Process.Tuple(p, reference, i == 0 ? list : Term.Nil));
        return reference;
    }

    private static Term NewReference(Process* p)
    {
        Reference* r = (Reference*)Process.Alloc(p, Reference.Words);
        r->Header = Header.Make(Header.Reference, Reference.Words - 1);
        p->Machine->Counters.NextReference(out r->Id0, out r->Id1);
        return Term.Boxed(r);
    }

    /// <summary>Lets the process do what only owners may (tests and the crash dump viewer use it).</summary>
    [Bif("erts_internal:ets_super_user/1")]
    public static Term SuperUser(Process* p, Term* a)
    {
        if (!a[0].IsBoolean) return Process.Badarg(p);
        p->Flags.EtsSuperUser = a[0] == Am.True;
        return Am.Ok;
    }
}
