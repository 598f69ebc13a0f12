// Runs match programs: the instructions of MatchInstruction.cs, one after the other, on registers that live on the native stack.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;

/// <summary>What the result of a run may refer to.</summary>
internal enum MatchRunMode
{
    /// <summary>Nothing but p's heap.</summary>
    Copy,
    /// <summary>The object too.</summary>
    ShareObject,
    /// <summary>The object and the program.</summary>
    Temporary,
}

/// <summary>The interpreter.</summary>
internal static unsafe class MatchRunner
{
    /// <summary>Programs of more registers get them from the allocator.</summary>
    private const int InlineRegisters = 48;

    private struct Arguments
    {
        public Term* First;
        public long Count;
        public MatchTraceRun* Run;
    }

    /// <summary>The value of the body of the first clause that matches; None: there is none.</summary>
    [SkipLocalsInit]
    public static Term Run(MatchSpec* ms, Process* p, Term obj, MatchRunMode mode)
    {
        if (ms->Registers > InlineRegisters) return RunLarge(ms, p, obj, null, mode);
        Term* r = stackalloc Term[InlineRegisters];
        return Execute(ms, p, r, obj, null, mode);
    }

    /// <summary>Runs a trace program on arguments; what its body gives is MatchSpecs.RunTrace's.</summary>
    public static Term RunTrace(MatchSpec* ms, Process* p, Term* first, long count, MatchTraceRun* run)
    {
        Arguments arguments = new() { First = first, Count = count, Run = run };
        return RunLarge(ms, p, Term.None, &arguments, MatchRunMode.ShareObject);
    }

    private static Term RunLarge(MatchSpec* ms, Process* p, Term obj, Arguments* arguments, MatchRunMode mode)
    {
        nuint bytes = (nuint)ms->Registers * 8;
        Term* r = (Term*)Allocator.Alloc(bytes, Owner.Temporary);
        if (r == null) return Term.None;
        Term result = Execute(ms, p, r, obj, arguments, mode);
        Allocator.Free(r, bytes, Owner.Temporary);
        return result;
    }

    [SkipLocalsInit]
    private static Term Execute(MatchSpec* ms, Process* p, Term* r, Term obj, Arguments* arguments, MatchRunMode mode)
    {
        MatchInstruction* code = ms->Code.Items;
        MatchInstruction* i = code;
        MatchInstruction* otherwise = code;
        HeapMark mark;
        bool marked = false, inBody = false;
        Term result = Am.True;
        r[0] = obj;
        *(Term**)(r + 1) = arguments == null ? r : arguments->First;
        while (true)
        {
            switch (i->Op)
            {
                case MatchOp.Clause:
                    otherwise = code + i->C;
                    break;
                case MatchOp.NoMatch:
                    return Term.None;

                case MatchOp.Arguments:
                    if (arguments->Count != i->B) goto Fail;
                    break;
                case MatchOp.ArgumentsFrom:
                    if (arguments->Count < i->B) goto Fail;
                    break;
                case MatchOp.BindArguments:
                case MatchOp.ArgumentList:
                    r[i->A] = ListOf(p, arguments->First, arguments->Count, Term.Nil);
                    break;
                case MatchOp.Tuple:
                {
                    Term t = At(r, i->C);
                    if (!t.IsTupleOf(i->B)) goto Fail;
                    *(Term**)(r + i->A) = t.TupleElements;
                    break;
                }
                case MatchOp.List:
                {
                    Term t = At(r, i->C);
                    if (!t.IsCons) goto Fail;
                    *(Cons**)(r + i->A) = t.Cell;
                    break;
                }
                case MatchOp.Map:
                {
                    Term t = At(r, i->C);
                    if (!t.IsMap || Maps.Size(t) < i->B) goto Fail;
                    r[i->A] = t;
                    break;
                }
                case MatchOp.MapKey:
                {
                    Term value = Maps.Find(r[i->B], new Term(i->C));
                    if (value.IsNone) goto Fail;
                    Term* to = r + i->A;
                    *to = value;
                    *(Term**)(to + 1) = to;
                    break;
                }
                case MatchOp.Immediate:
                    if (((Term**)r)[i->A][i->B].Bits != i->C) goto Fail;
                    break;
                case MatchOp.Constant:
                    if (!TermEquality.Exact(((Term**)r)[i->A][i->B], new Term(i->C))) goto Fail;
                    break;
                case MatchOp.Bind:
                    r[i->C] = ((Term**)r)[i->A][i->B];
                    break;
                case MatchOp.Same:
                    if (!TermEquality.Exact(r[i->C], ((Term**)r)[i->A][i->B])) goto Fail;
                    break;

                case MatchOp.Mark:
                    mark = HeapMark.Take(&p->Heap);
                    marked = true;
                    break;
                case MatchOp.GuardsEnd:
                    HeapMark.RollBack(&p->Heap, &mark);
                    marked = false;
                    break;
                case MatchOp.True:
                    if (r[i->A] != Am.True) goto Fail;
                    break;
                case MatchOp.Less:
                    if (TermOrder.Compare(r[i->A], r[i->B]) >= 0) goto Fail;
                    break;
                case MatchOp.AtMost:
                    if (TermOrder.Compare(r[i->A], r[i->B]) > 0) goto Fail;
                    break;
                case MatchOp.Greater:
                    if (TermOrder.Compare(r[i->A], r[i->B]) <= 0) goto Fail;
                    break;
                case MatchOp.AtLeast:
                    if (TermOrder.Compare(r[i->A], r[i->B]) < 0) goto Fail;
                    break;
                case MatchOp.Equal:
                    if (!TermOrder.Equal(r[i->A], r[i->B])) goto Fail;
                    break;
                case MatchOp.NotEqual:
                    if (TermOrder.Equal(r[i->A], r[i->B])) goto Fail;
                    break;
                case MatchOp.ExactEqual:
                    if (!TermEquality.Exact(r[i->A], r[i->B])) goto Fail;
                    break;
                case MatchOp.ExactNotEqual:
                    if (TermEquality.Exact(r[i->A], r[i->B])) goto Fail;
                    break;
                case MatchOp.LessThan:
                    if (TermOrder.Compare(r[i->A], new Term(i->C)) >= 0) goto Fail;
                    break;
                case MatchOp.AtMostThan:
                    if (TermOrder.Compare(r[i->A], new Term(i->C)) > 0) goto Fail;
                    break;
                case MatchOp.GreaterThan:
                    if (TermOrder.Compare(r[i->A], new Term(i->C)) <= 0) goto Fail;
                    break;
                case MatchOp.AtLeastThan:
                    if (TermOrder.Compare(r[i->A], new Term(i->C)) < 0) goto Fail;
                    break;
                case MatchOp.EqualTo:
                    if (!TermOrder.Equal(r[i->A], new Term(i->C))) goto Fail;
                    break;
                case MatchOp.NotEqualTo:
                    if (TermOrder.Equal(r[i->A], new Term(i->C))) goto Fail;
                    break;
                case MatchOp.ExactEqualTo:
                    if (!TermEquality.Exact(r[i->A], new Term(i->C))) goto Fail;
                    break;
                case MatchOp.ExactNotEqualTo:
                    if (TermEquality.Exact(r[i->A], new Term(i->C))) goto Fail;
                    break;
                case MatchOp.HasType:
                    if (!HasType(r + i->A, (MatchType)i->C)) goto Fail;
                    break;

                case MatchOp.Load:
                    r[i->A] = new Term(i->C);
                    break;
                case MatchOp.LoadCopy:
                    r[i->A] = mode == MatchRunMode.Temporary ? new Term(i->C) : TermCopy.ToHeap(new Term(i->C), &p->Heap);
                    break;
                case MatchOp.Move:
                    r[i->A] = r[i->B];
                    break;
                case MatchOp.MoveCopy:
                {
                    Term t = r[i->B];
                    if (mode == MatchRunMode.Copy && !t.IsImmediate) r[i->B] = t = TermCopy.ToHeap(t, &p->Heap);
                    r[i->A] = t;
                    break;
                }
                case MatchOp.CopyObject:
                    if (mode == MatchRunMode.Copy) r[i->A] = TermCopy.ToHeap(r[i->A], &p->Heap);
                    break;
                case MatchOp.CopyAny:
                    if (mode != MatchRunMode.Temporary) r[i->A] = TermCopy.ToHeap(r[i->A], &p->Heap);
                    break;
                case MatchOp.Element:
                {
                    Term t = r[i->B];
                    if (t.IsTuple && i->C < (ulong)t.TupleArity) r[i->A] = t.TupleElements[i->C];
                    else if (inBody) r[i->A] = Am.EXIT;
                    else goto Fail;
                    break;
                }
                case MatchOp.Call:
                {
                    Term value = ((delegate*<Process*, Term*, Term>)i->C)(p, r + i->B);
                    if (value.IsNone)
                    {
                        p->Fail = FailKind.None;
                        if (!inBody) goto Fail;
                        value = Am.EXIT;
                    }
                    r[i->A] = value;
                    break;
                }
                case MatchOp.Action:
                {
                    Term value = MatchTraceRun.Do(p, arguments->Run, (MatchAction)i->C, r + i->B);
                    if (value.IsNone)
                    {
                        p->Fail = FailKind.None;
                        if (!inBody) goto Fail;
                        value = Am.EXIT;
                    }
                    r[i->A] = value;
                    break;
                }
                case MatchOp.MakeTuple:
                    r[i->A] = TupleOf(p, r + i->C, i->B);
                    break;
                case MatchOp.MakeList:
                    r[i->A] = ListOf(p, r + i->C, i->B, r[i->C + (uint)i->B]);
                    break;
                case MatchOp.MakeMap:
                    r[i->A] = MapBuild.FromArrays(&p->Heap, r + i->C, 2, r + i->C + 1, 2, i->B, out _);
                    break;
                case MatchOp.And:
                case MatchOp.Or:
                {
                    Term value = Logic(r + i->C, i->B, i->Op == MatchOp.Or ? Am.True : Am.False);
                    if (value.IsNone)
                    {
                        if (!inBody) goto Fail;
                        value = Am.EXIT;
                    }
                    r[i->A] = value;
                    break;
                }
                case MatchOp.AndAlso:
                case MatchOp.OrElse:
                {
                    Term value = r[i->A];
                    if (value == (i->Op == MatchOp.OrElse ? Am.False : Am.True)) break;
                    if (!value.IsBoolean)
                    {
                        if (!inBody) goto Fail;
                        r[i->A] = Am.EXIT;
                    }
                    i += i->C;
                    break;
                }

                case MatchOp.Body:
                    inBody = true;
                    break;
                case MatchOp.Return:
                    return r[i->A];
                case MatchOp.SetResult:
                    result = r[i->A];
                    break;
                case MatchOp.Halt:
                    return result;
            }
            i++;
            continue;
        Fail:
            if (marked)
            {
                HeapMark.RollBack(&p->Heap, &mark);
                marked = false;
            }
            i = otherwise;
        }
    }

    // The term at a place and offset (MatchInstruction.C of Tuple, List, Map).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Term At(Term* r, ulong from) => ((Term**)r)[(uint)from][from >> 32];

    private static bool HasType(Term* at, MatchType type)
    {
        Term t = *at;
        return type switch
        {
            MatchType.Atom => t.IsAtom,
            MatchType.Float => t.IsFloat,
            MatchType.Integer => t.IsInteger,
            MatchType.List => t.IsList,
            MatchType.Number => t.IsNumber,
            MatchType.Tuple => t.IsTuple,
            MatchType.Map => t.IsMap,
            MatchType.Pid => t.IsPid,
            MatchType.Boolean => t.IsBoolean,
            _ => ErlangGuardBifs.IsBinary(null, at) == Am.True,
        };
    }

    // Whether all are true (deciding: false) or any is (deciding: true); None when one is no boolean.
    private static Term Logic(Term* at, int n, Term deciding)
    {
        Term value = deciding == Am.True ? Am.False : Am.True;
        for (int i = 0; i < n; i++)
        {
            if (!at[i].IsBoolean) return Term.None;
            if (at[i] == deciding) value = deciding;
        }
        return value;
    }

    private static Term TupleOf(Process* p, Term* from, int n)
    {
        ulong* t = Process.Alloc(p, n + 1);
        if (t == null) return Term.Nil;
        *t = Header.Make(Header.Tuple, n);
        for (int i = 0; i < n; i++) ((Term*)t)[i + 1] = from[i];
        return Term.Boxed(t);
    }

    private static Term ListOf(Process* p, Term* from, long n, Term tail)
    {
        if (n == 0) return tail;
        Cons* cells = (Cons*)Process.Alloc(p, n * 2);
        if (cells == null) return Term.Nil;
        for (long i = 0; i < n; i++)
        {
            cells[i].Head = from[i];
            cells[i].Tail = Term.List(cells + i + 1);
        }
        cells[n - 1].Tail = tail;
        return Term.List(cells);
    }
}
