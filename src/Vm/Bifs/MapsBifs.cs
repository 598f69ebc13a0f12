// The natives of the module maps, the guard BIFs on maps, and what OTP's maps.erl and erts_debug.erl need underneath (erts_internal).
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>maps:*, erlang:map_get/2, is_map_key/2, map_size/1. Errors: {badmap, M}, {badkey, K}, badarg.</summary>
public static unsafe class MapsBifs
{
    /// <summary>error:{badmap, M}.</summary>
    public static Term Badmap(Process* p, Term map) => Process.Error(p, Process.Tuple(p, Am.Badmap, map));

    /// <summary>error:{badkey, K}.</summary>
    public static Term Badkey(Process* p, Term key) => Process.Error(p, Process.Tuple(p, Am.Badkey, key));

    [Bif("maps:find/2")]
    public static Term Find(Process* p, Term* a)
    {
        if (!a[1].IsMap) return Badmap(p, a[1]);
        Term value = Maps.Find(a[1], a[0]);
        return value.IsNone ? Am.Error : Process.Tuple(p, Am.Ok, value);
    }

    [Bif("maps:get/2")]
    [Bif("erlang:map_get/2", BifKind.Guard)]
    public static Term Get(Process* p, Term* a)
    {
        if (!a[1].IsMap) return Badmap(p, a[1]);
        Term value = Maps.Find(a[1], a[0]);
        return value.IsNone ? Badkey(p, a[0]) : value;
    }

    [Bif("maps:is_key/2")]
    [Bif("erlang:is_map_key/2", BifKind.Guard)]
    public static Term IsKey(Process* p, Term* a) => a[1].IsMap ? Term.Bool(!Maps.Find(a[1], a[0]).IsNone) : Badmap(p, a[1]);

    [Bif("erlang:map_size/1", BifKind.Guard)]
    public static Term Size(Process* p, Term* a) => a[0].IsMap ? Term.Small(Maps.Size(a[0])) : Badmap(p, a[0]);

    [Bif("maps:put/3")]
    public static Term Put(Process* p, Term* a) => a[2].IsMap ? Maps.Put(&p->Heap, a[2], a[0], a[1]) : Badmap(p, a[2]);

    [Bif("maps:update/3")]
    public static Term Update(Process* p, Term* a)
    {
        if (!a[2].IsMap) return Badmap(p, a[2]);
        Term map = Maps.PutExact(&p->Heap, a[2], a[0], a[1]);
        return map.IsNone ? Badkey(p, a[0]) : map;
    }

    [Bif("maps:remove/2")]
    public static Term Remove(Process* p, Term* a) => a[1].IsMap ? Maps.Remove(&p->Heap, a[1], a[0]) : Badmap(p, a[1]);

    [Bif("maps:take/2")]
    public static Term Take(Process* p, Term* a)
    {
        if (!a[1].IsMap) return Badmap(p, a[1]);
        Term map = Maps.Take(&p->Heap, a[1], a[0], out Term value);
        return value.IsNone ? Am.Error : Process.Tuple(p, value, map);
    }

    private static Term Dirty(Process* p, Term* a, Term function, int arity) =>
        DirtyPool.Enter(p, a, ExportTable.Put(p->Machine, Am.Maps, function, arity), &p->Machine->DirtyCpu);

    [Bif("maps:from_list/1")]
    public static Term FromList(Process* p, Term* a)
    {
        if (DirtyWork.Wanted(p, a[0])) return Dirty(p, a, Am.FromList, 1);
        if (!Maps.FromList(&p->Heap, a[0], out Term map)) return Process.Badarg(p);
        Process.Bump(p, Maps.Size(map) / 40);
        return map;
    }

    [Bif("maps:from_keys/2")]
    public static Term FromKeys(Process* p, Term* a)
    {
        if (DirtyWork.Wanted(p, a[0])) return Dirty(p, a, Am.FromKeys, 2);
        if (!Maps.FromKeys(&p->Heap, a[0], a[1], out Term map)) return Process.Badarg(p);
        Process.Bump(p, Maps.Size(map) / 40);
        return map;
    }

    [Bif("maps:keys/1")]
    public static Term Keys(Process* p, Term* a) => ListOf(p, a[0], false);

    [Bif("maps:values/1")]
    public static Term Values(Process* p, Term* a) => ListOf(p, a[0], true);

    // Pairs listed that are worth a reduction.
    private const long PairsPerReduction = 32;

    private struct State
    {
        public NativeWork Work;
        public MapIterator At;
        public Cons* First, Next;
        public long Left;
    }

    private static Term ListOf(Process* p, Term map, bool values)
    {
        State* s = (State*)p->Work;
        if (s == null)
        {
            if (!map.IsMap) return Badmap(p, map);
            long n = Maps.Size(map);
            if (n <= Slices.Steps(p, PairsPerReduction))
            {
                Process.Bump(p, n / PairsPerReduction);
                return values ? Maps.Values(&p->Heap, map) : Maps.Keys(&p->Heap, map);
            }
            s = Slices.Begin<State>(p, null);
            if (s == null) return Term.None;
            s->Work.Abandon = null;
            s->At = new MapIterator(map);
            s->First = s->Next = (Cons*)Process.Alloc(p, 2 * n);
            s->Left = n;
            if (s->First == null)
            {
                Slices.End(p);
                return Process.SystemLimit(p);
            }
        }
        long now = Slices.Steps(p, PairsPerReduction);
        Cons* c = s->Next;
        for (; now > 0 && s->At.Next(); now--, c++)
        {
            c->Head = values ? s->At.Value : s->At.Key;
            c->Tail = --s->Left == 0 ? Term.Nil : Term.List(c + 1);
        }
        s->Next = c;
        if (s->Left != 0) return Slices.Pause(p);
        Term list = Term.List(s->First);
        Slices.End(p);
        return list;
    }

    [Bif("maps:merge/2")]
    public static Term Merge(Process* p, Term* a)
    {
        if (!a[0].IsMap) return Badmap(p, a[0]);
        if (!a[1].IsMap) return Badmap(p, a[1]);
        if (DirtyWork.Wanted(p, Maps.Size(a[0]) + Maps.Size(a[1]), DirtyWork.ManyElements)) return Dirty(p, a, Am.Merge, 2);
        Process.Bump(p, (Maps.Size(a[0]) + Maps.Size(a[1])) / 40);
        return Maps.Merge(&p->Heap, a[0], a[1]);
    }
}
