// Natives of match specifications that need no table: ets:match_spec_compile/1, match_spec_run_r/3, is_compiled_ms/1, and erlang:match_spec_test/3.
namespace MyBeam.Vm;

using MyBeam.Memory;

public static unsafe class MatchSpecBifs
{
    /// <summary>Objects of one call of match_spec_run_r/3 before it lets others run (OTP: a whole slice).</summary>
    private const int ObjectsPerCall = 4000;

    [Bif("ets:match_spec_compile/1")]
    public static Term Compile(Process* p, Term* a)
    {
        MatchSpec* ms = MatchSpecs.Compile(p, a[0], MatchSpecKind.Ets, out MatchSpecError error);
        if (ms == null) return error == MatchSpecError.SystemLimit ? Process.SystemLimit(p) : Process.Badarg(p);
        return MatchSpecs.MakeReference(p, ms);
    }

    [Bif("ets:is_compiled_ms/1")]
    public static Term IsCompiled(Process* p, Term* a) => Term.Bool(MatchSpecs.Open(a[0]) != null);

    /// <summary>Runs a program on the elements of a list; what they give stands in front of a[2], the last one first.</summary>
    [Bif("ets:match_spec_run_r/3", BifKind.Traps)]
    public static Term Run(Process* p, Term* a)
    {
        MatchSpec* ms = MatchSpecs.Open(a[1]);
        if (!a[0].IsList || ms == null) return Process.Badarg(p);
        Term result = a[2], list = a[0];
        int count = 0;
        for (; list.IsCons; list = list.Tail)
        {
            if (++count > ObjectsPerCall)
            {
                Process.Bump(p, ObjectsPerCall);
                p->Fail = FailKind.Trap;
                p->TrapTo = ExportTable.Put(p->Machine, Am.Ets, Am.MatchSpecRunR, 3);
                p->TrapArity = 3;
                p->TrapArgs[0] = list.Bits;
                p->TrapArgs[1] = a[1].Bits;
                p->TrapArgs[2] = result.Bits;
                return Term.None;
            }
            Term value = MatchSpecs.RunOnHeap(ms, p, list.Head);
            if (!value.IsNone) result = Process.Cons(p, value, result);
        }
        Process.Bump(p, count);
        return list.IsNil ? result : Process.Badarg(p);
    }

    /// <summary>{ok, Result, Flags, Warnings} or {error, Errors}. a[2]: table or trace.</summary>
    [Bif("erlang:match_spec_test/3")]
    public static Term Test(Process* p, Term* a)
    {
        bool trace = a[2] == Am.Trace;
        if (trace ? !a[0].IsList : a[2] != Am.Table) return Process.Badarg(p);
        MatchSpecKind kind = (trace ? MatchSpecKind.TraceCalls : MatchSpecKind.Ets) | MatchSpecKind.FakeDestructive;
        Term complaints;
        MatchSpec* ms = MatchCompiler.Compile(p, a[1], kind, &complaints, out _);
        if (ms == null)
        {
            Term errors = Term.Nil;
            for (; complaints.IsCons; complaints = complaints.Tail) errors = Process.Cons(p, complaints.Head, errors);
            return Process.Tuple(p, Am.Error, errors);
        }
        MatchTraceRun run = default;
        Term result = trace ? RunTrace(p, ms, a[0], &run) : MatchSpecs.RunOnHeap(ms, p, a[0]);
        MatchSpecs.Release(ms);
        Term flags = Term.Nil;
        if (run.ExceptionTrace) flags = Process.Cons(p, Am.ExceptionTrace, flags);
        if (run.ReturnTrace) flags = Process.Cons(p, Am.ReturnTrace, flags);
        Term answer = Process.NewTuple(p, 4);
        answer.TupleElements[0] = Am.Ok;
        answer.TupleElements[1] = result.IsNone ? Am.False : result;
        answer.TupleElements[2] = flags;
        answer.TupleElements[3] = Term.Nil;
        return answer;
    }

    // The elements of a list (a tail is ignored) as arguments.
    private static Term RunTrace(Process* p, MatchSpec* ms, Term list, MatchTraceRun* run)
    {
        NativeList<Term> arguments = default;
        for (; list.IsCons; list = list.Tail)
            if (!arguments.Add(list.Head, Owner.Temporary)) break;
        Term result = MatchSpecs.RunTrace(ms, p, arguments.Items, arguments.Count, run);
        arguments.Free(Owner.Temporary);
        return result;
    }
}
