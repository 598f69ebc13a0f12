// The process dictionary as natives. The order of the lists is that of the places in the table: the same in every run with the same operations.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Process dictionary natives.</summary>
public static unsafe class ProcessDictionaryBifs
{
    /// <summary>Places looked at that cost one reduction.</summary>
    private const long PlacesPerReduction = 16;

    [Bif("erlang:put/2")]
    public static Term Put(Process* p, Term* a)
    {
        if (!p->Dictionary.Put(a[0], a[1], out Term old)) return Process.SystemLimit(p);
        return old.IsNone ? Am.Undefined : old;
    }

    [Bif("erlang:get/1")]
    public static Term Get(Process* p, Term* a)
    {
        Term value = p->Dictionary.Get(a[0]);
        return value.IsNone ? Am.Undefined : value;
    }

    [Bif("erlang:get/0")]
    public static Term GetAll(Process* p, Term* a) => Entries(p);

    [Bif("erlang:get_keys/0")]
    public static Term GetKeys(Process* p, Term* a)
    {
        long n = p->Dictionary.Count;
        if (n == 0) return Term.Nil;
        Cons* cell = (Cons*)Process.Alloc(p, n * 2);
        if (cell == null) return Process.SystemLimit(p);
        Term list = Term.Nil;
        for (long i = p->Dictionary.Capacity - 1; i >= 0; i--)
        {
            if (p->Dictionary.Key(i).IsNone) continue;
            cell->Head = p->Dictionary.Key(i);
            cell->Tail = list;
            list = Term.List(cell++);
        }
        Process.Bump(p, p->Dictionary.Capacity / PlacesPerReduction);
        return list;
    }

    /// <summary>The keys that have this value (=:=).</summary>
    [Bif("erlang:get_keys/1")]
    public static Term GetKeysOf(Process* p, Term* a)
    {
        Term list = Term.Nil;
        for (long i = p->Dictionary.Capacity - 1; i >= 0; i--)
        {
            if (!p->Dictionary.Key(i).IsNone && TermEquality.Exact(p->Dictionary.Value(i), a[0]))
                list = Process.Cons(p, p->Dictionary.Key(i), list);
        }
        Process.Bump(p, p->Dictionary.Capacity / PlacesPerReduction);
        return list;
    }

    [Bif("erlang:erase/1")]
    public static Term Erase(Process* p, Term* a)
    {
        Term value = p->Dictionary.Erase(a[0]);
        return value.IsNone ? Am.Undefined : value;
    }

    [Bif("erlang:erase/0")]
    public static Term EraseAll(Process* p, Term* a)
    {
        Term all = Entries(p);
        if (!all.IsNone) p->Dictionary.Free();
        return all;
    }

    /// <summary>[{Key, Value}] of everything in the dictionary; also for process_info.</summary>
    public static Term Entries(Process* p)
    {
        long n = p->Dictionary.Count;
        if (n == 0) return Term.Nil;
        ulong* at = Process.Alloc(p, n * 5);
        if (at == null) return Process.SystemLimit(p);
        Term list = Term.Nil;
        for (long i = p->Dictionary.Capacity - 1; i >= 0; i--)
        {
            if (p->Dictionary.Key(i).IsNone) continue;
            at[0] = Header.Make(Header.Tuple, 2);
            ((Term*)at)[1] = p->Dictionary.Key(i);
            ((Term*)at)[2] = p->Dictionary.Value(i);
            ((Term*)at)[3] = Term.Boxed(at);
            ((Term*)at)[4] = list;
            list = Term.List(at + 3);
            at += 5;
        }
        Process.Bump(p, p->Dictionary.Capacity / PlacesPerReduction);
        return list;
    }
}
