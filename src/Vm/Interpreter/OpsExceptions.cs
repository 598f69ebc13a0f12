// Catch and try, raising instructions.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;

public static unsafe partial class Ops
{
    // catch, try: slot 0: Y; I[2]: catch term
    public static long Catch(ulong* I, Term* E, Term* H, Context* C)
    {
        C->Process->Catches++;
        Y.Set(I, E, C, 0, new Term(I[2]));
        return Next(I + 3, E, H, C);
    }

    // try_end: slot 0: Y
    public static long TryEnd(ulong* I, Term* E, Term* H, Context* C)
    {
        C->Process->Catches--;
        Y.Set(I, E, C, 0, Term.Nil);
        return Next(I + 2, E, H, C);
    }

    // try_case: slot 0: Y. x(0) is None and x(1)..x(3) hold the exception; or a call that the compiler took for one that never returns has returned (FlowSteps.cs).
    public static long TryCase(ulong* I, Term* E, Term* H, Context* C)
    {
        C->Process->Catches--;
        Y.Set(I, E, C, 0, Term.Nil);
        Term* x = Context.Xs(C);
        if (!x->IsNone)
        {
            x[1] = Am.Error;
            x[2] = x[3] = Term.Nil;
        }
        x[0] = x[1];
        x[1] = x[2];
        x[2] = x[3];
        return Next(I + 2, E, H, C);
    }

    // catch_end: slot 0: Y. After an exception x(0) is None: makes {'EXIT', …} or the thrown term.
    public static long CatchEnd(ulong* I, Term* E, Term* H, Context* C)
    {
        C->Process->Catches--;
        Y.Set(I, E, C, 0, Term.Nil);
        if (!Context.Xs(C)->IsNone) return Next(I + 2, E, H, C);
        return CatchEndSlow(I, E, H, C);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long CatchEndSlow(ulong* I, Term* E, Term* H, Context* C)
    {
        Save(C, I, E, H);
        Process* p = C->Process;
        Term* x = Context.Xs(C);
        if (x[1] == Am.Throw) x[0] = x[2];
        else if (x[1] == Am.Error) x[0] = Process.Tuple(p, Am.EXIT, Process.Tuple(p, x[2], Exceptions.Cook(p, C->Machine, x[3])));
        else x[0] = Process.Tuple(p, Am.EXIT, x[2]);
        return AfterNative(I + 2, E, C, 1);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long RaiseError(ulong* I, Term* E, Term* H, Context* C)
    {
        Save(C, I, E, H);
        Process* p = C->Process;
        Term tag = new(C->Scratch[0]), value = new(C->Scratch[1]);
        Process.Raise(p, ExceptionClass.Error, value.IsNone ? tag : Process.Tuple(p, tag, value));
        return Exceptions.Handle(I, E, (Term*)p->Heap.Top, C);
    }

    // badmatch, case_end, try_case_end, badrecord: slot 0: S; then the tag
    public static long RaiseWith<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        C->Scratch[1] = TS.Get(I, E, C, 0, 2).Bits;
        C->Scratch[0] = I[2 + TS.Wide];
        return RaiseError(I, E, H, C);
    }

    // if_end
    public static long RaiseIfClause(ulong* I, Term* E, Term* H, Context* C)
    {
        C->Scratch[0] = Am.IfClause.Bits;
        C->Scratch[1] = 0;
        return RaiseError(I, E, H, C);
    }

    // raise Trace Value (the class is inside the trace): slots 0: trace, 1: value
    public static long Raise<TA, TB>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, IOperand where TB : struct, IOperand
    {
        C->Scratch[0] = TA.Get(I, E, C, 0, 2).Bits;
        C->Scratch[1] = TB.Get(I, E, C, 1, 2 + TA.Wide).Bits;
        return RaiseAgain(I, E, H, C);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long RaiseAgain(ulong* I, Term* E, Term* H, Context* C)
    {
        Save(C, I, E, H);
        Process* p = C->Process;
        Term trace = new(C->Scratch[0]), value = new(C->Scratch[1]);
        Process.Raise(p, Exceptions.ClassOf(trace), value);
        p->FailTrace = trace;
        return Exceptions.Handle(I, E, H, C);
    }

    // raw_raise: x(0) class, x(1) value, x(2) trace
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static long RawRaise(ulong* I, Term* E, Term* H, Context* C)
    {
        Save(C, I, E, H);
        Process* p = C->Process;
        Term* x = Context.Xs(C);
        ExceptionClass kind;
        if (x[0] == Am.Error) kind = ExceptionClass.Error;
        else if (x[0] == Am.Exit) kind = ExceptionClass.Exit;
        else if (x[0] == Am.Throw) kind = ExceptionClass.Throw;
        else
        {
            x[0] = Am.Badarg;
            return Next(I + 1, E, H, C);
        }
        Process.Raise(p, kind, x[1]);
        p->FailTrace = Exceptions.WithClass(p, x[2], kind);
        return Exceptions.Handle(I, E, (Term*)p->Heap.Top, C);
    }

    // build_stacktrace: x(0)
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static long BuildStacktrace(ulong* I, Term* E, Term* H, Context* C)
    {
        Save(C, I, E, H);
        Term* x = Context.Xs(C);
        x[0] = Exceptions.Cook(C->Process, C->Machine, x[0]);
        return AfterNative(I + 1, E, C, 1);
    }
}
