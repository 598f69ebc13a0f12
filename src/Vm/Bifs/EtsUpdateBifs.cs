// update_counter and update_element: changes of single elements, in one step under the lock of the key.
namespace MyBeam.Vm;

using MyBeam.Memory;

public static unsafe class EtsUpdateBifs
{
    /// <summary>Elements of tuples up to this arity are held on the stack.</summary>
    private const int Inline = 32;

    /// <summary>An object being changed: its elements (in the table, or in a default tuple), then the new ones.</summary>
    private struct Edit
    {
        public EtsTable* Table;
        public Term Key;
        public uint Hash;
        // Where it is: the link (hash) or node and index (tree); Object null: a default tuple.
        public EtsObject* Object;
        public EtsObject** Link;
        public EtsNode* Node;
        public int Index;
        // Header word and elements.
        public ulong* Words;
        public long Arity;
        // Elements up to here differ only in immediates from those of the object.
        public bool InPlace;
    }

    [Bif("ets:update_element/3")]
    public static Term UpdateElement(Process* p, Term* a) => Update(p, a, Term.None, false);

    /// <summary>As update_element/3; a key that is not there begins with a default object.</summary>
    [Bif("ets:update_element/4")]
    public static Term UpdateElementOr(Process* p, Term* a) => Update(p, a, a[3], false);

    [Bif("ets:update_counter/3")]
    public static Term UpdateCounter(Process* p, Term* a) => Update(p, a, Term.None, true);

    /// <summary>As update_counter/3; a key that is not there begins with a default object.</summary>
    [Bif("ets:update_counter/4")]
    public static Term UpdateCounterOr(Process* p, Term* a) => Update(p, a, a[3], true);

    private static Term Update(Process* p, Term* a, Term initial, bool counter)
    {
        EtsTable* t = EtsAccess.Open(p, a[0], EtsNeed.Write, EtsLock.Key);
        if (t == null) return Term.None;
        Term result = CheckAndUpdate(p, t, a, initial, counter);
        EtsAccess.LeaveChanged(t, EtsLock.Key);
        return result;
    }

    private static Term CheckAndUpdate(Process* p, EtsTable* t, Term* a, Term initial, bool counter)
    {
        if (!initial.IsNone && (!initial.IsTuple || initial.TupleArity < t->KeyPosition)) return Process.Badarg(p, Am.Default);
        // OTP names the cause for counters only.
        if (!t->IsSetLike) return counter ? Process.Badarg(p, Am.TableType) : Process.Badarg(p);
        Edit e = default;
        e.Table = t;
        e.Key = a[1];
        e.InPlace = true;
        if (!t->IsTree) e.Hash = EtsObject.HashOf(a[1]);
        EtsAccess.EnterKey(t, e.Hash, true);
        Find(ref e);
        Term result;
        if (e.Object == null && initial.IsNone)
        {
            result = counter ? Process.Badarg(p, Am.Badkey) : Am.False;
        }
        else
        {
            e.Arity = e.Object != null ? EtsObject.Arity(e.Object) : initial.TupleArity;
            ulong* inline = stackalloc ulong[Inline + 1];
            nuint bytes = (nuint)((e.Arity + 1) * 8);
            e.Words = e.Arity <= Inline ? inline : (ulong*)Allocator.Alloc(bytes, Owner.Temporary);
            if (e.Words == null)
            {
                result = Process.SystemLimit(p);
            }
            else
            {
                Load(ref e, initial);
                result = counter ? Count(p, ref e, a[2]) : SetElements(p, ref e, a[2]);
                if (!result.IsNone && !Store(ref e)) result = Process.SystemLimit(p);
                if (e.Arity > Inline) Allocator.Free(e.Words, bytes, Owner.Temporary);
            }
        }
        EtsAccess.ExitKey(t, e.Hash, true);
        return result;
    }

    private static void Find(ref Edit e)
    {
        if (e.Table->IsTree)
        {
            e.Object = EtsTree.Find(e.Table, e.Key, out e.Node, out e.Index);
            return;
        }
        e.Link = EtsHash.Find(e.Table, e.Key, e.Hash);
        e.Object = *e.Link;
        if (e.Object != null && e.Object->Deleted) e.Object = null;
    }

    private static void Load(ref Edit e, Term initial)
    {
        Term from = e.Object != null ? EtsObject.Tuple(e.Object) : initial;
        e.Words[0] = from.BoxHeader;
        for (long i = 0; i < e.Arity; i++) e.Words[i + 1] = from.TupleElements[i].Bits;
        if (e.Object != null) return;
        e.Words[e.Table->KeyPosition] = e.Key.Bits;
        e.InPlace = false;
    }

    // Puts the new elements into the object, or a new object into its place. False: memory is out.
    private static bool Store(ref Edit e)
    {
        EtsTable* t = e.Table;
        if (e.InPlace)
        {
            for (long i = 1; i <= e.Arity; i++)
                if (EtsObject.Element(e.Object, i).Bits != e.Words[i]) EtsObject.TryReplace(e.Object, i, new Term(e.Words[i]));
            return true;
        }
        EtsObject* fresh = EtsObject.Create(Term.Boxed(e.Words));
        if (fresh == null) return false;
        if (t->IsTree)
        {
            if (e.Object != null) EtsTree.Replace(t, e.Node, e.Index, fresh);
            else if (!EtsTree.Put(t, fresh))
            {
                EtsObject.Free(fresh);
                return false;
            }
            return true;
        }
        fresh->SetHash(e.Hash);
        if (e.Object != null) EtsHash.Replace(t, e.Link, fresh);
        else EtsHash.Put(t, fresh);
        return true;
    }

    // Changes a working element; notes whether the object can take it as it is.
    private static void Set(ref Edit e, long position, Term value)
    {
        if (e.InPlace) e.InPlace = value.IsImmediate && EtsObject.Element(e.Object, position).IsImmediate;
        e.Words[position] = value.Bits;
    }

    // The error of a position, or None when it is one that can be changed.
    private static Term BadPosition(ref Edit e, Term position)
    {
        if (position.SmallValue == e.Table->KeyPosition) return Am.Keypos;
        return position.SmallValue < 1 || position.SmallValue > e.Arity ? Am.Position : Term.None;
    }

    private static Term SetElements(Process* p, ref Edit e, Term spec)
    {
        bool one = spec.IsTuple;
        Term l = spec;
        // All are checked before the first is changed.
        for (Term item = one ? spec : Term.None; one || l.IsCons; l = l.Tail)
        {
            if (!one) item = l.Head;
            if (!item.IsTupleOf(2) || !item.TupleElements[0].IsSmall) return Process.Badarg(p);
            Term cause = BadPosition(ref e, item.TupleElements[0]);
            if (!cause.IsNone) return Process.Badarg(p, cause);
            if (one) break;
        }
        if (one)
        {
            Set(ref e, spec.TupleElements[0].SmallValue, spec.TupleElements[1]);
            return Am.True;
        }
        if (!l.IsNil) return Process.Badarg(p);
        for (l = spec; l.IsCons; l = l.Tail) Set(ref e, l.Head.TupleElements[0].SmallValue, l.Head.TupleElements[1]);
        return Am.True;
    }

    private static Term Count(Process* p, ref Edit e, Term spec)
    {
        if (spec.IsInteger)
        {
            // The element behind the key.
            Term position = Term.Small(e.Table->KeyPosition + 1L);
            Term bad = CheckCounter(p, ref e, position);
            return bad.IsNone ? Step(p, ref e, position.SmallValue, spec, Term.None, Term.None) : Term.None;
        }
        if (spec.IsTuple) return CheckStep(p, ref e, spec) ? StepBy(p, ref e, spec) : Term.None;
        Term l = spec;
        long n = 0;
        for (; l.IsCons; l = l.Tail, n++)
            if (!CheckStep(p, ref e, l.Head)) return Term.None;
        if (!l.IsNil) return Process.Badarg(p);
        if (n == 0) return Term.Nil;
        Cons* cells = (Cons*)Process.Alloc(p, n * 2);
        if (cells == null) return Process.SystemLimit(p);
        for (long i = 0; i < n; i++)
        {
            cells[i].Head = Term.Nil;
            cells[i].Tail = i == n - 1 ? Term.Nil : Term.List(cells + i + 1);
        }
        l = spec;
        for (long i = 0; i < n; i++, l = l.Tail)
        {
            cells[i].Head = StepBy(p, ref e, l.Head);
            if (!cells[i].Head.IsNone) continue;
            cells[i].Head = Term.Nil;
            return Term.None;
        }
        return Term.List(cells);
    }

    // None: good; else the error is recorded.
    private static Term CheckCounter(Process* p, ref Edit e, Term position)
    {
        Term cause = BadPosition(ref e, position);
        if (!cause.IsNone)
        {
            Process.Badarg(p, cause);
            return cause;
        }
        if (new Term(e.Words[position.SmallValue]).IsInteger) return Term.None;
        Process.Badarg(p);
        return Am.Badarg;
    }

    // {Position, Increment} or {Position, Increment, Threshold, SetValue}.
    private static bool CheckStep(Process* p, ref Edit e, Term step)
    {
        bool good = step.IsTupleOf(2) || step.IsTupleOf(4);
        if (good)
        {
            Term* x = step.TupleElements;
            good = x[0].IsSmall && x[1].IsInteger && (step.TupleArity == 2 || (x[2].IsInteger && x[3].IsInteger));
            if (good) return CheckCounter(p, ref e, x[0]).IsNone;
        }
        Process.Badarg(p);
        return false;
    }

    private static Term StepBy(Process* p, ref Edit e, Term step)
    {
        Term* x = step.TupleElements;
        bool bounded = step.TupleArity == 4;
        return Step(p, ref e, x[0].SmallValue, x[1], bounded ? x[2] : Term.None, bounded ? x[3] : Term.None);
    }

    private static Term Step(Process* p, ref Edit e, long position, Term increment, Term threshold, Term reset)
    {
        Term old = new(e.Words[position]);
        Term value;
        if (Term.BothSmall(old, increment) && Term.FitsSmall(old.SmallValue + increment.SmallValue))
        {
            value = Term.Small(old.SmallValue + increment.SmallValue);
        }
        else
        {
            // The sum may be the old value itself, which must not stay in the table.
            old = EtsAccess.Copy(p, old);
            value = Arithmetic.Add(p, old, increment);
            if (value.IsNone) return Term.None;
        }
        if (!threshold.IsNone)
        {
            int order = TermOrder.Compare(value, threshold);
            if (TermOrder.Compare(increment, Term.Small(0)) < 0 ? order < 0 : order > 0) value = reset;
        }
        Set(ref e, position, value);
        return value;
    }
}
