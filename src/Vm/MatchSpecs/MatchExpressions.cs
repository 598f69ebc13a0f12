// Guards and bodies of match specifications. An expression is compiled "to a register": its code leaves the value there, and uses registers from
// `scratch` on as it likes. Where more than one thing is wrong, complaints come in OTP's order, which is why arguments are compiled from the last one.
//
// What a body gives must not refer to the object (it may be in a table) or to the program. So every value knows where it may come from, and "own" asks
// for one that is on the process's heap. Guards need no copies: what they make is given up when they are done.
namespace MyBeam.Vm;

using MyBeam.Memory;

internal unsafe partial struct MatchCompiler
{
    /// <summary>Where a value may be, besides the process's heap.</summary>
    [System.Flags]
    private enum Source
    {
        Own = 0, Object = 1, Program = 2, Failed = 4,
    }

    /// <summary>How deep expressions may nest (OTP: what the stack of the thread allows). Lists count as one however long they are.</summary>
    private const int MaxDepth = 1200;

    private bool Guards(Term list)
    {
        if (list.IsNil) return true;
        if (!list.IsCons) return Complain("Match expression is not a list."u8);
        for (; list.IsCons; list = list.Tail)
            if (!Test(list.Head)) return false;
        return list.IsNil || Complain("Match expression is not a proper list."u8);
    }

    // An expression that must be true. A conjunction is as good as its parts, because what is no boolean fails the guard as false does.
    private bool Test(Term t)
    {
        if (IsCall(t, out Term name) && t.TupleArity >= 2 && depth < MaxDepth && (name == Am.And || name == Am.Andalso || name == Am.Andthen))
        {
            depth++;
            bool good = true;
            for (long i = 1; i < t.TupleArity && good; i++) good = Test(t.TupleElements[name == Am.And ? t.TupleArity - i : i]);
            depth--;
            return good;
        }
        if (!name.IsNone && MatchFunction.Find(name, t.TupleArity - 1, out MatchFunction f))
        {
            if (f.Comparison != MatchOp.NoMatch) return Comparison(t.TupleElements, f.Comparison);
            if (f.Type != MatchType.None && Leaf(t.TupleElements[1], out int leaf))
            {
                Emit(MatchOp.HasType, leaf, 0, (ulong)f.Type);
                return true;
            }
        }
        int register = Reserve(next, 1);
        if ((Value(t, register, next + 1, false) & Source.Failed) != 0) return false;
        Emit(MatchOp.True, register, 0, 0);
        return true;
    }

    private bool Comparison(Term* call, MatchOp op)
    {
        int left = Reserve(next, 2), right = left + 1;
        Term with;
        bool made;
        if (IsConstant(call[2], 0))
        {
            if (!Operand(call[1], ref left, next + 2)) return false;
            with = Constant(call[2], out made);
            if (made) NoteFolded(code.Count);
            Emit(op + (MatchOp.LessThan - MatchOp.Less), left, 0, with.Bits);
            return true;
        }
        if (IsConstant(call[1], 0))
        {
            if (!Operand(call[2], ref right, next + 2)) return false;
            with = Constant(call[1], out made);
            if (made) NoteFolded(code.Count);
            Emit(Mirror(op) + (MatchOp.LessThan - MatchOp.Less), right, 0, with.Bits);
            return true;
        }
        if (!Operand(call[2], ref right, next + 2) || !Operand(call[1], ref left, next + 2)) return false;
        Emit(op, left, right, 0);
        return true;
    }

    private static MatchOp Mirror(MatchOp op) => op switch
    {
        MatchOp.Less => MatchOp.Greater,
        MatchOp.Greater => MatchOp.Less,
        MatchOp.AtMost => MatchOp.AtLeast,
        MatchOp.AtLeast => MatchOp.AtMost,
        _ => op,
    };

    // A value in the register named, or in the one it is in anyway.
    private bool Operand(Term t, ref int register, int scratch)
    {
        if (Leaf(t, out int leaf))
        {
            register = leaf;
            return true;
        }
        return (Value(t, register, scratch, false) & Source.Failed) == 0;
    }

    // What is in a register already: bound variables, the object.
    private bool Leaf(Term t, out int register)
    {
        register = 0;
        if (t == Am.DollarUnderscore) return (kind & MatchSpecKind.Ets) != 0;
        int number = MatchKeys.Variable(t);
        if (number < 0) return false;
        Variable* v = FindVariable(number);
        if (v == null) return false;
        register = v->Register;
        return true;
    }

    private bool Body(Term list)
    {
        bool table = (kind & MatchSpecKind.Ets) != 0;
        objectCopied = false;
        if (!list.IsList) return Complain("Match expression is not a list."u8);
        Emit(MatchOp.Body, 0, 0, 0);
        int register = Reserve(next, 1);
        for (; list.IsCons; list = list.Tail)
        {
            bool last = table && !list.Tail.IsCons;
            if ((Value(list.Head, register, next + 1, last) & Source.Failed) != 0) return false;
            if (last) Emit(MatchOp.Return, register, 0, 0);
        }
        if (!table) Emit(MatchOp.Halt, 0, 0, 0);
        return list.IsNil || Complain("Match expression is not a proper list."u8);
    }

    // -- constants --

    /// <summary>Whether the value of an expression does not depend on the object.</summary>
    private static bool IsConstant(Term t, int depth)
    {
        if (t.IsImmediate) return t != Am.DollarUnderscore && t != Am.DollarDollar && MatchKeys.Variable(t) < 0;
        if (depth > MaxDepth) return false;
        if (t.IsCons)
        {
            for (; t.IsCons; t = t.Tail)
                if (!IsConstant(t.Head, depth + 1)) return false;
            return IsConstant(t, depth + 1);
        }
        if (t.IsTuple)
        {
            if (t.TupleArity == 2 && t.TupleElements[0] == Am.Const) return true;
            if (t.TupleArity != 1 || !t.TupleElements[0].IsTuple) return false;
            t = t.TupleElements[0];
            for (long i = 0; i < t.TupleArity; i++)
                if (!IsConstant(t.TupleElements[i], depth + 1)) return false;
            return true;
        }
        if (!t.IsMap) return true;
        MapIterator it = new(t);
        while (it.Next())
            if (!IsConstant(it.Key, depth + 1) || !IsConstant(it.Value, depth + 1)) return false;
        return true;
    }

    // A constant expression that does not stand for itself.
    private static bool NeedsFolding(Term t)
    {
        if (t.IsTuple) return true;
        if (t.IsCons)
        {
            for (; t.IsCons; t = t.Tail)
                if (NeedsFolding(t.Head)) return true;
            return NeedsFolding(t);
        }
        if (!t.IsMap) return false;
        MapIterator it = new(t);
        while (it.Next())
            if (NeedsFolding(it.Key) || NeedsFolding(it.Value)) return true;
        return false;
    }

    // The value of a constant expression: a part of the specification, or made on p's heap.
    private Term Constant(Term t, out bool made)
    {
        made = false;
        if (t.IsTuple && t.TupleArity == 2 && t.TupleElements[0] == Am.Const) return t.TupleElements[1];
        made = NeedsFolding(t);
        return made ? Fold(t) : t;
    }

    private Term Fold(Term t)
    {
        if (!NeedsFolding(t)) return t;
        if (t.IsCons) return FoldList(t);
        if (t.IsMap) return FoldMap(t);
        if (t.TupleArity == 2) return t.TupleElements[1];
        t = t.TupleElements[0];
        Term tuple = Process.NewTuple(p, t.TupleArity);
        for (long i = 0; i < t.TupleArity; i++) tuple.TupleElements[i] = Term.Nil;
        for (long i = 0; i < t.TupleArity; i++) tuple.TupleElements[i] = Fold(t.TupleElements[i]);
        return tuple;
    }

    private Term FoldList(Term t)
    {
        Term first = Term.None;
        Cons* last = null;
        for (; t.IsCons; t = t.Tail)
        {
            Term cell = Process.Cons(p, Fold(t.Head), Term.Nil);
            if (last == null) first = cell;
            else last->Tail = cell;
            last = cell.Cell;
        }
        last->Tail = Fold(t);
        return first;
    }

    private Term FoldMap(Term t)
    {
        long n = Maps.Size(t);
        Term* pairs = (Term*)Allocator.Alloc((nuint)n * 16, Owner.Temporary);
        if (pairs == null)
        {
            outOfMemory = true;
            return t;
        }
        MapIterator it = new(t);
        for (long i = 0; it.Next(); i++)
        {
            pairs[2 * i] = Fold(it.Key);
            pairs[(2 * i) + 1] = Fold(it.Value);
        }
        Term map = MapBuild.FromArrays(&p->Heap, pairs, 2, pairs + 1, 2, n, out _);
        Allocator.Free(pairs, (nuint)n * 16, Owner.Temporary);
        return map;
    }

    // The constant of the instruction that is emitted next is one that was made.
    private void NoteFolded(int instruction)
    {
        if (!folded.Add(instruction, Owner.Temporary)) outOfMemory = true;
    }

    private Source LoadConstant(Term t, int register, bool own)
    {
        Term value = Constant(t, out bool made);
        if (value.IsImmediate) made = false;
        if (made) NoteFolded(code.Count);
        own &= !value.IsImmediate && !inGuard;
        Emit(own ? MatchOp.LoadCopy : MatchOp.Load, register, 0, value.Bits);
        return own || value.IsImmediate ? Source.Own : Source.Program;
    }

    // -- values --

    private static bool IsCall(Term t, out Term name)
    {
        name = Term.None;
        if (!t.IsTuple || t.TupleArity == 0 || !t.TupleElements[0].IsAtom || MatchKeys.Variable(t.TupleElements[0]) >= 0) return false;
        name = t.TupleElements[0];
        return true;
    }

    /// <summary>Code for an expression. Failed: give up compiling.</summary>
    private Source Value(Term t, int register, int scratch, bool own)
    {
        if (IsConstant(t, 0)) return LoadConstant(t, register, own);
        if (depth >= MaxDepth)
        {
            problem = MatchSpecError.SystemLimit;
            return Bad(ComplainTerm("Excessive nesting; system limit reached near: "u8, t, default));
        }
        depth++;
        Source source = Composed(t, register, scratch, own && !inGuard);
        depth--;
        return source;
    }

    private static Source Bad(bool goOn) => goOn ? Source.Own : Source.Failed;

    private Source Composed(Term t, int register, int scratch, bool own)
    {
        if (t.IsAtom) return Named(t, register, scratch, own);
        if (t.IsCons) return MakeList(t, register, scratch);
        if (t.IsMap) return MakeMap(t, register, scratch);
        if (t.TupleArity == 1 && t.TupleElements[0].IsTuple) return MakeTuple(t.TupleElements[0], register, scratch);
        if (IsCall(t, out Term name)) return Call(t, name, register, scratch, own);
        return Bad(ComplainTerm(default, t, " is neither a function call, nor a tuple (tuples are written {{ ... }})."u8));
    }

    // A variable, the object, all variables.
    private Source Named(Term t, int register, int scratch, bool own)
    {
        if (t == Am.DollarDollar) return AllBindings(register, scratch);
        if (t == Am.DollarUnderscore)
        {
            if ((kind & MatchSpecKind.Trace) != 0)
            {
                allocates |= inGuard;
                Emit(MatchOp.ArgumentList, register, 0, 0);
                return Source.Own;
            }
            return Take(0, ref objectCopied, register, own);
        }
        Variable* v = FindVariable(MatchKeys.Variable(t));
        if (v == null) return Bad(ComplainNumber("Variable $"u8, Term.None, default, MatchKeys.Variable(t), " is unbound."u8));
        return Take(v->Register, ref v->Copied, register, own);
    }

    // The value of a register of the head. The first copy takes the place of the original, so that there is one only; but not where it may be skipped.
    private Source Take(int from, ref bool copied, int register, bool own)
    {
        if (!own || copied)
        {
            Emit(MatchOp.Move, register, from, 0);
            return copied ? Source.Own : Source.Object;
        }
        Emit(MatchOp.MoveCopy, register, from, 0);
        copied = conditional == 0;
        return Source.Own;
    }

    private Source AllBindings(int register, int scratch)
    {
        int n = variables.Count;
        Reserve(scratch, n + 1);
        allocates |= inGuard;
        int after = -1;
        for (int i = 0; i < n; i++)
        {
            // The variable with the next larger number.
            Variable* v = null;
            for (int k = 0; k < n; k++)
                if (variables[k].Number > after && (v == null || variables[k].Number < v->Number)) v = variables.Items + k;
            after = v->Number;
            Take(v->Register, ref v->Copied, scratch + i, !inGuard);
        }
        Emit(MatchOp.Load, scratch + n, 0, Term.NilBits);
        Emit(MatchOp.MakeList, register, n, (ulong)scratch);
        return Source.Own;
    }

    private Source MakeList(Term t, int register, int scratch)
    {
        allocates |= inGuard;
        int n = 0;
        for (Term l = t; l.IsCons; l = l.Tail) n++;
        Reserve(scratch, n + 1L);
        int at = scratch;
        for (; t.IsCons; t = t.Tail)
            if ((Value(t.Head, at++, scratch + n + 1, true) & Source.Failed) != 0) return Source.Failed;
        if ((Value(t, at, scratch + n + 1, true) & Source.Failed) != 0) return Source.Failed;
        Emit(MatchOp.MakeList, register, n, (ulong)scratch);
        return Source.Own;
    }

    private Source MakeTuple(Term t, int register, int scratch)
    {
        allocates |= inGuard;
        int n = (int)t.TupleArity;
        Reserve(scratch, n);
        for (int i = n - 1; i >= 0; i--)
            if ((Value(t.TupleElements[i], scratch + i, scratch + n, true) & Source.Failed) != 0) return Source.Failed;
        Emit(MatchOp.MakeTuple, register, n, (ulong)scratch);
        return Source.Own;
    }

    // Keys are expressions too.
    private Source MakeMap(Term t, int register, int scratch)
    {
        allocates |= inGuard;
        long n = Maps.Size(t);
        int after = Reserve(scratch, 2 * n) + (int)(2 * n);
        if (outOfMemory) return Source.Failed;
        if (t.IsFlatMap)
        {
            FlatMap* m = (FlatMap*)t.Box;
            for (int i = (int)n - 1; i >= 0; i--)
                if ((Value(FlatMap.Values(m)[i], scratch + (2 * i) + 1, after, true) & Source.Failed) != 0) return Source.Failed;
            for (int i = (int)n - 1; i >= 0; i--)
                if ((Value(m->Keys.TupleElements[i], scratch + (2 * i), after, true) & Source.Failed) != 0) return Source.Failed;
        }
        else
        {
            MapIterator it = new(t);
            for (int at = scratch; it.Next(); at += 2)
            {
                if ((Value(it.Key, at, after, true) & Source.Failed) != 0) return Source.Failed;
                if ((Value(it.Value, at + 1, after, true) & Source.Failed) != 0) return Source.Failed;
            }
        }
        Emit(MatchOp.MakeMap, register, (int)n, (ulong)scratch);
        return Source.Own;
    }

    private Source CallFunction(Term t, Term name, int register, int scratch, bool own)
    {
        int n = (int)t.TupleArity - 1;
        if (!MatchFunction.Find(name, n, out MatchFunction f))
            return Bad(ComplainNumber("Function "u8, name, "/"u8, n, " does_not_exist."u8));
        if ((f.BodyOnly && inGuard) || (f.TraceOnly && (kind & MatchSpecKind.Trace) == 0))
            return Bad(ComplainNumber("Function "u8, name, "/"u8, n, " cannot be called in this context."u8));
        Term* call = t.TupleElements;
        Source source = Source.Own;
        if (name == Am.Element && call[1].IsSmall && Leaf(call[2], out int leaf))
        {
            source = leaf == 0 ? (objectCopied ? Source.Own : Source.Object) : FindVariable(MatchKeys.Variable(call[2]))->Copied ? Source.Own : Source.Object;
            Emit(MatchOp.Element, register, leaf, (ulong)(call[1].SmallValue - 1));
        }
        else
        {
            Reserve(scratch, n);
            for (int i = n; i > 0; i--) source |= Value(call[i], scratch + i - 1, scratch + n, f.OwnsArguments);
            if ((source & Source.Failed) != 0) return Source.Failed;
            if (f.IsAction) Emit(MatchOp.Action, register, scratch, (ulong)Destructive(f.Action));
            else Emit(MatchOp.Call, register, scratch, (ulong)f.Native);
            allocates |= inGuard && (f.Aliases || f.OwnsArguments || f.IsAction);
            if (!f.Aliases) return Source.Own;
        }
        if (source == Source.Own || !own) return source;
        Emit((source & Source.Program) != 0 ? MatchOp.CopyAny : MatchOp.CopyObject, register, 0, 0);
        return Source.Own;
    }

    private MatchAction Destructive(MatchAction action)
    {
        if ((kind & MatchSpecKind.FakeDestructive) == 0) return action;
        return action switch
        {
            MatchAction.SetTcw => MatchAction.SetTcwFake,
            MatchAction.SetSeqToken => MatchAction.SetSeqTokenFake,
            _ => action,
        };
    }
}
