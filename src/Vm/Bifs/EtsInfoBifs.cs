// ets:info/1,2.
namespace MyBeam.Vm;

using MyBeam.Memory;

public static unsafe class EtsInfoBifs
{
    /// <summary>All that info/1 tells, in its order from the end.</summary>
    [Bif("ets:info/1")]
    public static Term InfoAll(Process* p, Term* a)
    {
        EtsTable* t = EtsAccess.Find(p, a[0], EtsLock.Read, out Term cause);
        if (t == null) return cause == Am.Id ? Am.Undefined : Process.Badarg(p, cause);
        Term list = Term.Nil;
        Add(p, t, Am.Protection, ref list);
        Add(p, t, Am.Keypos, ref list);
        Add(p, t, Am.Type, ref list);
        Add(p, t, Am.NamedTable, ref list);
        Add(p, t, Am.Node, ref list);
        Add(p, t, Am.Size, ref list);
        Add(p, t, Am.Name, ref list);
        Add(p, t, Am.Heir, ref list);
        Add(p, t, Am.Owner, ref list);
        Add(p, t, Am.Memory, ref list);
        Add(p, t, Am.Compressed, ref list);
        Add(p, t, Am.WriteConcurrency, ref list);
        Add(p, t, Am.ReadConcurrency, ref list);
        Add(p, t, Am.DecentralizedCounters, ref list);
        Add(p, t, Am.Id, ref list);
        EtsAccess.Leave(t, EtsLock.Read);
        return list;
    }

    private static void Add(Process* p, EtsTable* t, Term item, ref Term list) => list = Process.Cons(p, Process.Tuple(p, item, Item(p, t, item)), list);

    [Bif("ets:info/2", BifKind.Traps)]
    public static Term Info(Process* p, Term* a)
    {
        if (a[1] == Am.Binary) return BinaryInfo(p, a[0]);
        EtsTable* t = EtsAccess.Find(p, a[0], EtsLock.Read, out Term cause);
        if (t == null) return cause == Am.Id ? Am.Undefined : Process.Badarg(p, cause);
        Term result = Item(p, t, a[1]);
        EtsAccess.Leave(t, EtsLock.Read);
        return result.IsNone ? Process.Badarg(p) : result;
    }

    // The off-heap binaries of all objects: Erlang code of erts_internal walks the table.
    private static Term BinaryInfo(Process* p, Term id)
    {
        Export* e = ExportTable.Put(p->Machine, Am.ErtsInternal, Am.EtsInfoBinary, 1);
        if (e == null) return Process.SystemLimit(p);
        p->Fail = FailKind.Trap;
        p->TrapTo = e;
        p->TrapArity = 1;
        p->TrapArgs[0] = id.Bits;
        return Term.None;
    }

    // None: there is no such item.
    private static Term Item(Process* p, EtsTable* t, Term item)
    {
        if (item == Am.Size) return Process.Integer(p, t->Count);
        if (item == Am.Memory) return Process.Integer(p, t->Words);
        if (item == Am.Type) return TypeName(t);
        if (item == Am.Protection)
            return t->Protection switch { EtsProtection.Public => Am.Public, EtsProtection.Protected => Am.Protected, _ => Am.Private };
        if (item == Am.Owner) return t->Owner;
        if (item == Am.Heir) return t->Heir;
        if (item == Am.Name) return t->Name;
        if (item == Am.Keypos) return Term.Small(t->KeyPosition);
        if (item == Am.Node) return Am.NonodeNohost;
        if (item == Am.NamedTable) return Term.Bool(t->Named);
        if (item == Am.Compressed) return Term.Bool(t->Compressed);
        if (item == Am.ReadConcurrency) return Term.Bool(t->ReadConcurrency);
        if (item == Am.DecentralizedCounters) return Term.Bool(t->DecentralizedCounters);
        if (item == Am.Id) return EtsTable.Tid(p, t);
        if (item == Am.WriteConcurrency)
        {
            return t->WriteConcurrency switch
            {
                EtsWriteConcurrency.False => Am.False,
                EtsWriteConcurrency.Auto => Am.Auto,
                EtsWriteConcurrency.Locks => Process.Tuple(p, Am.DebugHashFixedNumberOfLocks, Term.Small(t->DebugLocks)),
                _ => Am.True,
            };
        }
        if (item == Am.Fixed) return Term.Bool(System.Threading.Volatile.Read(ref t->FixCount) != 0);
        if (item == Am.SafeFixed || item == Am.SafeFixedMonotonicTime) return Fixed(p, t, item == Am.SafeFixedMonotonicTime);
        if (item == Am.Stats) return t->IsTree ? Am.False : Statistics(p, t);
        return Term.None;
    }

    private static Term TypeName(EtsTable* t) => t->Type switch
    {
        EtsType.Set => Am.Set,
        EtsType.OrderedSet => Am.OrderedSet,
        EtsType.Bag => Am.Bag,
        _ => Am.DuplicateBag,
    };

    // {Time of the first fixation, [{Pid, Count}]}, or false.
    private static Term Fixed(Process* p, EtsTable* t, bool monotonic)
    {
        const long Million = 1_000_000;
        t->FixLock.Lock();
        Term list = Term.Nil;
        for (int i = 0; i < t->Fixations.Count; i++)
            list = Process.Cons(p, Process.Tuple(p, t->Fixations[i].Pid, Term.Small(t->Fixations[i].Count)), list);
        long since = t->FixedSince, system = t->FixedSystemTime / 1000;
        t->FixLock.Unlock();
        if (list.IsNil) return Am.False;
        Term time = monotonic
            ? Process.Integer(p, since)
            : Process.Tuple(p, Term.Small(system / Million / Million), Term.Small(system / Million % Million), Term.Small(system % Million));
        return Process.Tuple(p, time, list);
    }

    // {Buckets, average chain, its deviation, the deviation of a perfect hash, shortest, longest, deleted places, locks}
    private static Term Statistics(Process* p, EtsTable* t)
    {
        long buckets = t->Hash.Active, shortest = long.MaxValue, longest = 0, kept = 0, sum = 0;
        double squares = 0;
        for (long i = 0; EtsHash.EnterBucket(t, i, false); i++)
        {
            long n = 0;
            for (EtsObject* o = *EtsHash.Bucket(&t->Hash, i); o != null; o = o->Next)
            {
                n++;
                if (o->Deleted) kept++;
            }
            EtsHash.ExitBucket(t, i, false);
            sum += n;
            squares += (double)n * n;
            if (n < shortest) shortest = n;
            if (n > longest) longest = n;
        }
        Process.Bump(p, buckets / 64);
        double mean = (double)sum / buckets;
        double spread = (squares - (sum * mean)) / (buckets - 1);
        double expected = mean * (1.0 - (1.0 / buckets));
        Term average = Process.Float(p, mean), real = Process.Float(p, System.Math.Sqrt(spread < 0 ? 0 : spread));
        Term perfect = Process.Float(p, System.Math.Sqrt(expected));
        Term tuple = Process.NewTuple(p, 8);
        Term* e = tuple.TupleElements;
        e[0] = Term.Small(buckets);
        e[1] = average;
        e[2] = real;
        e[3] = perfect;
        e[4] = Term.Small(shortest);
        e[5] = Term.Small(longest);
        e[6] = Term.Small(kept);
        e[7] = Term.Small(t->Striped ? EtsTable.StripeCount : 0);
        return tuple;
    }

    /// <summary>The off-heap binaries of the objects with a key, deleted ones too: [{Id, Size, References}].</summary>
    [Bif("erts_internal:ets_lookup_binary_info/2")]
    public static Term BinariesOfKey(Process* p, Term* a)
    {
        EtsTable* t = EtsAccess.Open(p, a[0], EtsNeed.Read, EtsLock.Read);
        if (t == null) return Term.None;
        Term list = Term.Nil;
        if (t->IsTree)
        {
            EtsObject* leaf = EtsTree.Find(t, a[1]);
            if (leaf != null) Binaries(p, leaf, ref list);
        }
        else
        {
            uint hash = EtsObject.HashOf(a[1]);
            EtsAccess.EnterKey(t, hash, false);
            for (EtsObject* o = *EtsHash.Find(t, a[1], hash); EtsHash.Has(t, o, a[1], hash); o = o->Next) Binaries(p, o, ref list);
            EtsAccess.ExitKey(t, hash, false);
        }
        EtsAccess.Leave(t, EtsLock.Read);
        return list;
    }

    private static void Binaries(Process* p, EtsObject* o, ref Term list)
    {
        for (BinaryRef* b = EtsObject.OffHeapOf(o); b != null; b = Heap.NextOffHeap(b))
        {
            if (Header.Kind(b->Header) != Header.BinaryRef) continue;
            Term id = Process.Unsigned(p, (ulong)b->Binary);
            list = Process.Cons(p, Process.Tuple(p, id, Process.Integer(p, b->Binary->Size), Term.Small(b->Binary->RefCount)), list);
        }
    }
}
