// Natives of ets with match specifications: select, match, match_object with their continuations, select_count, select_delete, select_replace.
//
// A continuation has the shape that ets:repair_continuation/2 of OTP's ets.erl knows: for sets and bags {Tid, Bucket, Chunk, Program, Rest, RestCount}
// (Bucket -1: nothing is left but Rest), for ordered_set {Table, LastKey, [], Chunk, Program, [], Backward, 0}.
namespace MyBeam.Vm;

using MyBeam.Memory;

public static unsafe class EtsSelectBifs
{
    [Bif("ets:select/2", BifKind.Traps)]
    public static Term Select(Process* p, Term* a) => Start(p, a[0], a[1], EtsScanKind.Select, 0, false);

    [Bif("ets:select/3", BifKind.Traps)]
    public static Term SelectChunk(Process* p, Term* a) => StartChunk(p, a, a[1], false);

    [Bif("ets:select/1", BifKind.Traps)]
    public static Term SelectMore(Process* p, Term* a) => Continue(p, a[0]);

    /// <summary>As select/2, 3, 1; an ordered_set is walked from its end.</summary>
    [Bif("ets:select_reverse/2", BifKind.Traps)]
    public static Term SelectReverse(Process* p, Term* a) => Start(p, a[0], a[1], EtsScanKind.Select, 0, true);

    [Bif("ets:select_reverse/3", BifKind.Traps)]
    public static Term SelectReverseChunk(Process* p, Term* a) => StartChunk(p, a, a[1], true);

    [Bif("ets:select_reverse/1", BifKind.Traps)]
    public static Term SelectReverseMore(Process* p, Term* a) => Continue(p, a[0]);

    [Bif("ets:match/2", BifKind.Traps)]
    public static Term Match(Process* p, Term* a) => Start(p, a[0], Spec(p, a[1], Am.DollarDollar), EtsScanKind.Select, 0, false);

    [Bif("ets:match/3", BifKind.Traps)]
    public static Term MatchChunk(Process* p, Term* a) => StartChunk(p, a, Spec(p, a[1], Am.DollarDollar), false);

    [Bif("ets:match/1", BifKind.Traps)]
    public static Term MatchMore(Process* p, Term* a) => Continue(p, a[0]);

    [Bif("ets:match_object/2", BifKind.Traps)]
    public static Term MatchObject(Process* p, Term* a) => Start(p, a[0], Spec(p, a[1], Am.DollarUnderscore), EtsScanKind.Select, 0, false);

    [Bif("ets:match_object/3", BifKind.Traps)]
    public static Term MatchObjectChunk(Process* p, Term* a) => StartChunk(p, a, Spec(p, a[1], Am.DollarUnderscore), false);

    [Bif("ets:match_object/1", BifKind.Traps)]
    public static Term MatchObjectMore(Process* p, Term* a) => Continue(p, a[0]);

    [Bif("ets:select_count/2", BifKind.Traps)]
    public static Term SelectCount(Process* p, Term* a) => Start(p, a[0], a[1], EtsScanKind.Count, 0, false);

    /// <summary>select_delete/2, but for the specification that deletes everything.</summary>
    [Bif("ets:internal_select_delete/2", BifKind.Traps)]
    public static Term SelectDelete(Process* p, Term* a) => Start(p, a[0], a[1], EtsScanKind.Delete, 0, false);

    [Bif("ets:select_replace/2", BifKind.Traps)]
    public static Term SelectReplace(Process* p, Term* a) => Start(p, a[0], a[1], EtsScanKind.Replace, 0, false);

    // [{Pattern, [], [Body]}]
    private static Term Spec(Process* p, Term pattern, Term body) =>
        Process.Cons(p, Process.Tuple(p, pattern, Term.Nil, Process.Cons(p, body, Term.Nil)), Term.Nil);

    private static Term StartChunk(Process* p, Term* a, Term spec, bool reverse)
    {
        EtsTable* t = EtsAccess.Open(p, a[0], EtsNeed.Read, EtsLock.Read);
        if (t == null) return Term.None;
        EtsAccess.Leave(t, EtsLock.Read);
        if (!a[2].IsSmall || a[2].SmallValue <= 0) return Process.Badarg(p);
        return Start(p, a[0], spec, EtsScanKind.Select, a[2].SmallValue, reverse);
    }

    private static Term Start(Process* p, Term id, Term spec, EtsScanKind kind, long chunk, bool reverse)
    {
        bool writes = kind is EtsScanKind.Delete or EtsScanKind.Replace;
        EtsTable* t = EtsAccess.Open(p, id, writes ? EtsNeed.Write : EtsNeed.Read, EtsScan.Mode(kind));
        if (t == null) return Term.None;
        // Nothing to compile: no clause, no match.
        bool nothing = spec.IsNil && (kind != EtsScanKind.Replace || t->Type != EtsType.Bag);
        if (nothing)
        {
            EtsAccess.Leave(t, EtsScan.Mode(kind));
            if (kind != EtsScanKind.Select) return Term.Small(0);
            return chunk > 0 ? Am.EndOfTable : Term.Nil;
        }
        if (kind == EtsScanKind.Replace && (t->Type == EtsType.Bag || !MatchSpecs.KeepsKey(spec, t->KeyPosition)))
        {
            bool bag = t->Type == EtsType.Bag;
            EtsAccess.Leave(t, EtsScan.Mode(kind));
            return bag ? Process.Badarg(p, Am.TableType) : Process.Badarg(p);
        }
        MatchSpec* program = MatchSpecs.Compile(p, spec, MatchSpecKind.Ets, out MatchSpecError error);
        if (program == null)
        {
            EtsAccess.Leave(t, EtsScan.Mode(kind));
            return error == MatchSpecError.SystemLimit ? Process.SystemLimit(p) : Process.Badarg(p);
        }
        EtsScan s = default;
        s.Process = p;
        s.Table = t;
        s.Spec = program;
        s.Kind = kind;
        s.Chunk = chunk;
        // A list is built from its end, so what comes out in the order of keys is walked against it; chunks are turned round.
        s.Backward = chunk > 0 ? reverse : !reverse;
        s.List = Term.Nil;
        return Slice(ref s, id, Term.None);
    }

    // Does a slice of work. The table's lock is entered; leaves it. reference: the program's, or None: the caller has a claim on it.
    private static Term Slice(ref EtsScan s, Term id, Term reference)
    {
        Process* p = s.Process;
        EtsTable* t = s.Table;
        EtsLock mode = EtsScan.Mode(s.Kind);
        s.Budget = EtsTableBifs.SliceObjects;
        EtsScan.Run(ref s);
        bool full = s.Chunk > 0 && s.Found >= s.Chunk;
        bool more = !s.Ended && !full && !s.Failed;
        if (more && !t->IsTree && !s.Fixed)
        {
            s.Fixed = EtsFixations.Add(t, p);
            s.Failed = !s.Fixed;
            more = s.Fixed;
        }
        if (!more && s.Fixed) EtsFixations.Remove(t, p->Pid, false);
        if (s.Kind == EtsScanKind.Delete && !t->IsTree)
            for (int i = 0; i < EtsTableBifs.SliceObjects && EtsHash.WantsResize(t); i++) EtsHash.Resize(t);
        // For what is done without the lock; the tid in the result or in the trap keeps the table longer.
        Resources.Retain(&t->Head);
        EtsAccess.Leave(t, mode);
        if (!more) EtsFixations.Purge(t);
        long done = EtsTableBifs.SliceObjects - s.Budget;
        Process.Bump(p, more ? EtsTableBifs.SliceReductions : done * EtsTableBifs.SliceReductions / EtsTableBifs.SliceObjects);
        bool needsProgram = more || (s.Chunk > 0 && !s.Failed && (!s.Ended || s.Found > s.Chunk));
        if (needsProgram && reference.IsNone)
        {
            reference = MatchSpecs.MakeReference(p, s.Spec);
            s.Failed |= reference.IsNone;
        }
        else if (reference.IsNone) MatchSpecs.Release(s.Spec);
        Term result;
        if (s.Failed) result = Process.SystemLimit(p);
        else if (more) result = Later(ref s, id, reference);
        else if (s.Kind != EtsScanKind.Select) result = Process.Integer(p, s.Found);
        else if (s.Chunk == 0) result = s.List;
        else result = t->IsTree ? TreeChunk(ref s, id, reference) : HashChunk(ref s, reference);
        Resources.Release(&t->Head);
        return result;
    }

    // -- going on after a slice --

    private const int StateArity = 9;

    private static Term Later(ref EtsScan s, Term id, Term reference)
    {
        Process* p = s.Process;
        Term state = Process.NewTuple(p, StateArity);
        Term* e = state.TupleElements;
        e[0] = Term.Small((long)s.Kind);
        e[1] = s.Position;
        e[2] = reference;
        e[3] = s.List;
        e[4] = Term.Small(s.Found);
        e[5] = Term.Small(s.Chunk);
        e[6] = Term.Bool(s.Backward);
        e[7] = Term.Bool(s.Fixed);
        e[8] = id;
        // By tid: the name may go to another table meanwhile.
        return EtsTableBifs.Trap(p, Am.EtsSelectMore, EtsTable.Tid(p, s.Table), state);
    }

    /// <summary>The next slice of a long scan: tid, state.</summary>
    [Bif("erts_internal:ets_select_more/2", BifKind.Traps)]
    public static Term More(Process* p, Term* a)
    {
        if (!a[1].IsTupleOf(StateArity)) return Process.Badarg(p);
        Term* e = a[1].TupleElements;
        EtsScan s = default;
        s.Process = p;
        s.Spec = MatchSpecs.Open(e[2]);
        if (s.Spec == null || !e[0].IsSmall || (ulong)e[0].SmallValue > (ulong)EtsScanKind.Replace) return Process.Badarg(p);
        s.Kind = (EtsScanKind)e[0].SmallValue;
        s.Table = EtsAccess.Find(p, a[0], EtsScan.Mode(s.Kind), out Term cause);
        if (s.Table == null) return Process.Badarg(p, cause);
        s.Position = e[1];
        s.List = e[3];
        s.Found = e[4].SmallValue;
        s.Chunk = e[5].SmallValue;
        s.Backward = e[6] == Am.True;
        s.Fixed = e[7] == Am.True;
        return Slice(ref s, e[8], e[2]);
    }

    // -- chunks --

    private static Term HashChunk(ref EtsScan s, Term reference)
    {
        Process* p = s.Process;
        Term rest = Term.Nil, list = s.List;
        long over = s.Found - s.Chunk;
        if (over > 0)
        {
            // The whole bucket was taken; what is too much stays for the next call. The cells are ours alone, so the list is cut where it lies.
            rest = list;
            Cons* last = null;
            for (long i = 0; i < over; i++, list = list.Tail) last = list.Cell;
            last->Tail = Term.Nil;
        }
        if (rest.IsNil && s.Ended) return list.IsNil ? Am.EndOfTable : Process.Tuple(p, list, Am.EndOfTable);
        Term continuation = Process.NewTuple(p, 6);
        Term* e = continuation.TupleElements;
        e[1] = s.Ended ? Term.Small(-1) : s.Position;
        e[2] = Term.Small(s.Chunk);
        e[3] = reference;
        e[4] = rest;
        e[5] = Term.Small(over > 0 ? over : 0);
        e[0] = Term.Nil;
        e[0] = EtsTable.Tid(p, s.Table);
        return Process.Tuple(p, list, continuation);
    }

    private static Term TreeChunk(ref EtsScan s, Term id, Term reference)
    {
        Process* p = s.Process;
        Term list = Term.Nil;
        for (Term l = s.List; l.IsCons; l = l.Tail) list = Process.Cons(p, l.Head, list);
        if (s.Ended) return list.IsNil ? Am.EndOfTable : Process.Tuple(p, list, Am.EndOfTable);
        Term continuation = Process.NewTuple(p, 8);
        Term* e = continuation.TupleElements;
        e[0] = id;
        e[1] = s.Position;
        e[2] = Term.Nil;
        e[3] = Term.Small(s.Chunk);
        e[4] = reference;
        e[5] = Term.Nil;
        e[6] = Term.Small(s.Backward ? 1 : 0);
        e[7] = Term.Small(0);
        return Process.Tuple(p, list, continuation);
    }

    private static Term Continue(Process* p, Term continuation)
    {
        if (continuation == Am.EndOfTable) return continuation;
        if (!continuation.IsTuple || continuation.TupleArity < 1) return Process.Badarg(p);
        Term* e = continuation.TupleElements;
        EtsTable* t = EtsAccess.Open(p, e[0], EtsNeed.Read, EtsLock.Read);
        if (t == null) return Term.None;
        EtsScan s = default;
        s.Process = p;
        s.Table = t;
        bool good = t->IsTree ? ReadTree(ref s, continuation) : ReadHash(ref s, continuation);
        if (!good)
        {
            EtsAccess.Leave(t, EtsLock.Read);
            return Process.Badarg(p);
        }
        Term reference = e[t->IsTree ? 4 : 3];
        if (t->IsTree || (!s.Ended && s.Found < s.Chunk)) return Slice(ref s, e[0], reference);
        EtsAccess.Leave(t, EtsLock.Read);
        // The rest goes out in pieces of its own; the cells belong to the continuation, which may be used again.
        Term copy = Term.Nil;
        for (Term l = s.List; l.IsCons; l = l.Tail) copy = Process.Cons(p, l.Head, copy);
        s.List = Term.Nil;
        for (Term l = copy; l.IsCons; l = l.Tail) s.List = Process.Cons(p, l.Head, s.List);
        return HashChunk(ref s, reference);
    }

    private static bool ReadTree(ref EtsScan s, Term continuation)
    {
        Term* e = continuation.TupleElements;
        if (!continuation.IsTupleOf(8) || !IsChunk(e[3]) || !e[6].IsSmall) return false;
        s.Position = e[1];
        s.Chunk = e[3].SmallValue;
        s.Spec = MatchSpecs.Open(e[4]);
        s.Backward = e[6].SmallValue != 0;
        s.List = Term.Nil;
        return s.Spec != null;
    }

    private static bool ReadHash(ref EtsScan s, Term continuation)
    {
        Term* e = continuation.TupleElements;
        if (!continuation.IsTupleOf(6) || !e[1].IsSmall || !IsChunk(e[2]) || !e[5].IsSmall || e[5].SmallValue < 0) return false;
        s.Ended = e[1].SmallValue < 0;
        s.Position = e[1];
        s.Chunk = e[2].SmallValue;
        s.Spec = MatchSpecs.Open(e[3]);
        s.List = e[4];
        s.Found = e[5].SmallValue;
        // In a table that is not fixed the bucket may be gone: badarg, as in OTP.
        return s.Spec != null && ListBifs.Length(e[4]) == s.Found && (s.Ended || e[1].SmallValue < s.Table->Hash.Active);
    }

    private static bool IsChunk(Term t) => t.IsSmall && t.SmallValue > 0;
}
