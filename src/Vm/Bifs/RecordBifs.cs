// The natives of the module records (OTP 29), which create, update and inspect native records without knowing their definition.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>records:*. Errors: {badrecord, Term}, {badfield, {{Module, Name}, Field}}, {badmap, Term}, badarg.</summary>
public static unsafe class RecordBifs
{
    /// <summary>error:{badrecord, t}.</summary>
    public static Term Badrecord(Process* p, Term t) => Process.Error(p, Process.Tuple(p, Am.Badrecord, t));

    /// <summary>error:{badfield, {{Module, Name}, Field}}.</summary>
    public static Term Badfield(Process* p, RecordDefinition* d, Term field) => Badfield(p, d->Module, d->Name, field);

    /// <summary>error:{novalue, {{Module, Name}, Field}}.</summary>
    public static Term Novalue(Process* p, RecordDefinition* d, Term field) =>
        Process.Error(p, Process.Tuple(p, Am.Novalue, Process.Tuple(p, Process.Tuple(p, d->Module, d->Name), field)));

    private static Term Badfield(Process* p, Term module, Term name, Term field) =>
        Process.Error(p, Process.Tuple(p, Am.Badfield, Process.Tuple(p, Process.Tuple(p, module, name), field)));

    [Bif("records:create/4")]
    public static Term Create(Process* p, Term* a)
    {
        if (!a[0].IsAtom || !a[1].IsAtom) return Badrecord(p, a[1]);
        if (!a[3].IsMap) return MapsBifs.Badmap(p, a[3]);
        Term exported = Maps.Size(a[3]) == 1 ? Maps.Find(a[3], Am.IsExported) : Term.None;
        if (exported.IsNone || !exported.IsBoolean) return Process.Badarg(p);
        long n = 0;
        Term list = a[2];
        for (; list.IsCons; list = list.Tail) n++;
        if (!list.IsNil) return Process.Badarg(p);
        Process.Bump(p, n / 16);
        long words = RecordDefinitions.Words(n) + NativeRecord.HeaderWords + n;
        ulong* start = Process.Alloc(p, words);
        ulong* end = start + words;
        RecordDefinition* d = RecordDefinitions.Begin(start, a[0], a[1], exported, n);
        Term* keys = RecordDefinition.Keys(d);
        long i = 0;
        for (list = a[2]; list.IsCons; list = list.Tail, i++)
        {
            bool pair = list.Head.IsTupleOf(2);
            if (pair && list.Head.TupleElements[0].IsAtom)
            {
                keys[i] = list.Head.TupleElements[0];
                continue;
            }
            Heap.Release(&p->Heap, start, end);
            return pair ? Badfield(p, a[0], a[1], list.Head.TupleElements[0]) : Process.Badarg(p);
        }
        if (!RecordDefinitions.Finish(d))
        {
            Heap.Release(&p->Heap, start, end);
            return Process.Badarg(p);
        }
        RecordDefinition* shared = RecordDefinitions.Canonical(p->Machine, d);
        ulong* made = shared == d ? (ulong*)keys + n : start;
        made[0] = Header.Make(Header.Record, 1 + n);
        made[1] = Term.Boxed(shared).Bits;
        Term* order = shared->FieldOrder.TupleElements;
        Term* values = (Term*)made + NativeRecord.HeaderWords;
        i = 0;
        for (list = a[2]; list.IsCons; list = list.Tail, i++) values[order[i].SmallValue] = list.Head.TupleElements[1];
        Heap.Release(&p->Heap, (ulong*)values + n, end);
        return Term.Boxed(made);
    }

    [Bif("records:update/4")]
    public static Term Update(Process* p, Term* a)
    {
        if (!a[0].IsRecord) return Badrecord(p, a[0]);
        RecordDefinition* d = RecordDefinition.Of(a[0]);
        // The name '_' stands for whatever the record is.
        if (a[2] != Am.Underscore && (!a[1].IsAtom || !a[2].IsAtom || d->Module != a[1] || d->Name != a[2])) return Badrecord(p, a[2]);
        if (!a[3].IsMap) return MapsBifs.Badmap(p, a[3]);
        if (Maps.Size(a[3]) == 0) return a[0];
        long n = RecordDefinition.Fields(a[0]);
        Term* keys = RecordDefinition.Keys(d), from = RecordDefinition.Values(a[0]);
        ulong* made = Process.Alloc(p, NativeRecord.HeaderWords + n);
        made[0] = a[0].BoxHeader;
        made[1] = Term.Boxed(d).Bits;
        Term* to = (Term*)made + NativeRecord.HeaderWords;
        long taken = 0;
        for (long i = 0; i < n; i++)
        {
            Term value = Maps.Find(a[3], keys[i]);
            to[i] = value.IsNone ? from[i] : value;
            if (!value.IsNone) taken++;
        }
        return taken == Maps.Size(a[3]) ? Term.Boxed(made) : Badfield(p, d, FirstOther(a[3], d, n));
    }

    // The first key of a map, in the order of keys of records and small maps, that is no field.
    private static Term FirstOther(Term map, RecordDefinition* d, long n)
    {
        Term first = Term.None;
        MapIterator it = new(map);
        while (it.Next())
        {
            bool field = false;
            for (long i = 0; i < n; i++) field |= RecordDefinition.Keys(d)[i] == it.Key;
            if (!field && (first.IsNone || TermOrder.CompareFlatKeys(it.Key, first) < 0)) first = it.Key;
        }
        return first;
    }

    [Bif("records:get/2")]
    public static Term Get(Process* p, Term* a)
    {
        if (!a[1].IsRecord || !a[0].IsAtom) return Process.Badarg(p);
        Term* keys = RecordDefinition.Keys(RecordDefinition.Of(a[1]));
        long n = RecordDefinition.Fields(a[1]);
        for (long i = 0; i < n; i++)
            if (keys[i] == a[0]) return RecordDefinition.Values(a[1])[i];
        return Process.Badarg(p);
    }

    [Bif("records:get_module/1")]
    public static Term GetModule(Process* p, Term* a) => a[0].IsRecord ? RecordDefinition.Of(a[0])->Module : Process.Badarg(p);

    [Bif("records:get_name/1")]
    public static Term GetName(Process* p, Term* a) => a[0].IsRecord ? RecordDefinition.Of(a[0])->Name : Process.Badarg(p);

    /// <summary>The names in the order of declaration.</summary>
    [Bif("records:get_field_names/1")]
    public static Term GetFieldNames(Process* p, Term* a)
    {
        if (!a[0].IsRecord) return Badrecord(p, a[0]);
        RecordDefinition* d = RecordDefinition.Of(a[0]);
        Term* order = d->FieldOrder.TupleElements;
        Term list = Term.Nil;
        for (long i = RecordDefinition.Fields(a[0]) - 1; i >= 0; i--) list = Process.Cons(p, RecordDefinition.Keys(d)[order[i].SmallValue], list);
        return list;
    }

    [Bif("records:is_exported/1")]
    public static Term IsExported(Process* p, Term* a) => a[0].IsRecord ? RecordDefinition.Of(a[0])->IsExported : Badrecord(p, a[0]);

    /// <summary>{#{is_exported => Boolean}, [{Field, Default} | Field]}, of the module's current version.</summary>
    [Bif("records:get_definition/2")]
    public static Term GetDefinition(Process* p, Term* a)
    {
        ModuleRecord* r = a[0].IsAtom && a[1].IsAtom ? RecordDefinitions.Find(p->Machine, a[0], a[1]) : null;
        if (r == null) return Process.Badarg(p);
        Term* order = r->Definition->FieldOrder.TupleElements;
        Term list = Term.Nil;
        for (long i = RecordDefinitions.Fields(r->Definition) - 1; i >= 0; i--)
        {
            long at = order[i].SmallValue;
            Term key = RecordDefinition.Keys(r->Definition)[at], value = r->Defaults[at];
            list = Process.Cons(p, value.IsNone ? key : Process.Tuple(p, key, value), list);
        }
        return Process.Tuple(p, MapMaker.One(p, Am.IsExported, r->Definition->IsExported), list);
    }
}
