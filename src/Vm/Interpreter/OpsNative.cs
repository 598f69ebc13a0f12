// Calls of natives (BIFs): as functions, as guard instructions; apply; calls of funs.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;

public static unsafe partial class Ops
{
    // call_native: I[1] export; the arguments are in x(0).., the result goes to x(0)
    public static long CallNative(ulong* I, Term* E, Term* H, Context* C)
    {
        Export* e = (Export*)I[1];
        Save(C, I, E, H);
        Term r = e->Call(C->Process, Context.Xs(C));
        if (!r.IsNone)
        {
            *Context.Xs(C) = r;
            C->Reductions--;
            return AfterNative(I + 2, E, C, 1);
        }
        return NativeFailed(I, E, H, C);
    }

    // call_native_last: slot 0: bytes of the frame; I[2] export
    public static long CallNativeLast(ulong* I, Term* E, Term* H, Context* C)
    {
        Export* e = (Export*)I[2];
        Save(C, I, E, H);
        Term r = e->Call(C->Process, Context.Xs(C));
        if (!r.IsNone)
        {
            *Context.Xs(C) = r;
            C->Reductions--;
            E = (Term*)((byte*)E + ((ushort*)I)[4]);
            return AfterNative(*(ulong**)E, E, C, 1);
        }
        return NativeFailedLast(I, E, H, C);
    }

    // call_native_only: I[1] export
    public static long CallNativeOnly(ulong* I, Term* E, Term* H, Context* C)
    {
        Export* e = (Export*)I[1];
        Save(C, I, E, H);
        Term r = e->Call(C->Process, Context.Xs(C));
        if (!r.IsNone)
        {
            *Context.Xs(C) = r;
            C->Reductions--;
            return AfterNative(*(ulong**)E, E, C, 1);
        }
        return NativeFailedOnly(I, E, H, C);
    }

    // A native returned None: an exception, a trap (go on in another function with the same return address) or a wait.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long NativeFailed(ulong* I, Term* E, Term* H, Context* C)
    {
        Process* p = C->Process;
        if (p->Fail == FailKind.Trap)
        {
            *(ulong**)E = I + 2;
            return Trap(I, E, H, C);
        }
        if (p->Fail == FailKind.Traced)
        {
            *(ulong**)E = I + 2;
            return EnterTraced(I, (Export*)I[1], E, C, false);
        }
        if (p->Fail == FailKind.Again) return Again(I, E, C, (Export*)I[1]);
        if (p->Fail != FailKind.Exception) return Leave(I + 2, E, H, C);
        return Exceptions.RaiseNative(I, E, C, (Export*)I[1]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long NativeFailedLast(ulong* I, Term* E, Term* H, Context* C)
    {
        Export* e = (Export*)I[2];
        Term* caller = (Term*)((byte*)E + ((ushort*)I)[4]);
        if (C->Process->Fail == FailKind.Trap) return Trap(I, caller, H, C);
        if (C->Process->Fail == FailKind.Traced) return EnterTraced(I, e, caller, C, true);
        if (C->Process->Fail == FailKind.Again) return Again(I, E, C, e);
        if (C->Process->Fail != FailKind.Exception) return Leave(*(ulong**)caller, caller, H, C);
        return Exceptions.RaiseNative(I, E, C, e);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long NativeFailedOnly(ulong* I, Term* E, Term* H, Context* C)
    {
        if (C->Process->Fail == FailKind.Trap) return Trap(I, E, H, C);
        if (C->Process->Fail == FailKind.Traced) return EnterTraced(I, (Export*)I[1], E, C, true);
        if (C->Process->Fail == FailKind.Again) return Again(I, E, C, (Export*)I[1]);
        if (C->Process->Fail != FailKind.Exception) return Leave(*(ulong**)E, E, H, C);
        return Exceptions.RaiseNative(I, E, C, (Export*)I[1]);
    }

    // FailKind.Yield and Leave: out of the slice; next is where the caller goes on.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long Leave(ulong* next, Term* E, Term* H, Context* C)
    {
        Process* p = C->Process;
        FailKind kind = p->Fail;
        p->Fail = FailKind.None;
        C->Reductions -= p->Bumped;
        p->Bumped = 0;
        if (kind == FailKind.Leave) return C->Stop = p->TrapArity;
        p->Heap.Stack = (ulong*)E;
        p->Resume = next;
        if (kind == FailKind.Dirty) return C->Stop = StopReason.Dirty;
        *Context.Xs(C) = new Term(p->TrapArgs[0]);
        ProcessState.SaveRegisters(C, 1);
        return C->Stop = StopReason.Yielded;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long Trap(ulong* I, Term* E, Term* H, Context* C)
    {
        Process* p = C->Process;
        p->Fail = FailKind.None;
        for (int i = 0; i < p->TrapArity; i++) Context.Xs(C)[i] = new Term(p->TrapArgs[i]);
        C->Reductions -= p->Bumped;
        p->Bumped = 0;
        p->Heap.Stack = (ulong*)E;
        if (p->Heap.Fragments != null)
        {
            if (!ProcessGc.Collect(p, 0, Context.Xs(C), p->TrapArity)) return OutOfMemory(I, E, (Term*)p->Heap.Top, C);
        }
        return Enter(p->TrapTo->Address, (Term*)p->Heap.Stack, (Term*)p->Heap.Top, C);
    }

    private static long Again(ulong* I, Term* E, Context* C, Export* e)
    {
        if (C->Process->Work != null) C->Process->Work->Native = e;
        return Again(I, E, C, e->Arity);
    }

    // A native has done a slice of its work: the instruction at I, whose operands and x(0)..x(live-1) are as they were, runs again in the next slice.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static long Again(ulong* I, Term* E, Context* C, long live)
    {
        Process* p = C->Process;
        p->Fail = FailKind.None;
        C->Reductions -= p->Bumped;
        p->Bumped = 0;
        Save(C, I, E, (Term*)p->Heap.Top);
        ProcessState.SaveRegisters(C, live);
        return C->Stop = p->Extra != null && p->Extra->DirtyStep != null ? StopReason.Dirty : StopReason.Yielded;
    }

    // The code of an export that is not loaded: I[1] is the export. Finds the module (archive, code path) and goes on there, else calls the error handler.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static long UndefinedFunction(ulong* I, Term* E, Term* H, Context* C)
    {
        Export* e = (Export*)I[1];
        Save(C, I, E, H);
        Process* p = C->Process;
        if (C->Machine->Full != 0)
        {
            // Somebody may have loaded it just now.
            if (e->Address != I) return Next(e->Address, E, H, C);
            if (ErrorHandler(p, Am.UndefinedFunction, e->Module, e->Function, ListOf(p, Context.Xs(C), e->Arity))) return Trap(I, E, H, C);
        }
        else if (ModuleFinder.TryLoad(C->Machine, e->Module) && e->Address != I) return Next(e->Address, E, H, C);
        Process.Raise(p, ExceptionClass.Error, Am.Undef);
        p->FailArgs = ListOf(p, Context.Xs(C), e->Arity);
        return Exceptions.RaiseIn(I, E, C, e);
    }

    /// <summary>Prepares a trap to a function of the process's error handler (error_handler unless it has set another), which finds the missing code. False: that
    /// function is not loaded itself.</summary>
    public static bool ErrorHandler(Process* p, Term function, Term a, Term b, Term c)
    {
        Export* e = ExportTable.Find(p->Machine, p->Flags.ErrorHandler, function, 3);
        if (e == null || !ExportTable.IsDefined(e)) return false;
        p->TrapTo = e;
        p->TrapArity = 3;
        p->TrapArgs[0] = a.Bits;
        p->TrapArgs[1] = b.Bits;
        p->TrapArgs[2] = c.Bits;
        p->Fail = FailKind.Trap;
        return true;
    }

    /// <summary>Goes on in what a native or ErrorHandler has named.</summary>
    public static long EnterTrap(ulong* I, Term* E, Term* H, Context* C) => Trap(I, E, H, C);

    // guard natives without a GC: bif0..bif3: slots 0..: arguments, then D; I: wide constants; export; fail label
    public static long Guard0<TD>(ulong* I, Term* E, Term* H, Context* C) where TD : struct, ITarget
    {
        Save(C, I, E, H);
        Term r = ((Export*)I[2])->Native(C->Process, Context.Xs(C));
        if (r.IsNone) return GuardFailed(I, E, C, (Export*)I[2], 0, (long)I[3]);
        TD.Set(I, E, C, 0, r);
        return Next(I + 4, E, (Term*)C->Process->Heap.Top, C);
    }

    // slots 0: A, 1: D, 2: live; wide: A?, export, fail
    public static long Guard1<TA, TD>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, IOperand where TD : struct, ITarget
    {
        Save(C, I, E, H);
        C->Scratch[0] = TA.Get(I, E, C, 0, 2).Bits;
        Export* e = (Export*)I[2 + TA.Wide];
        Term r = e->Native(C->Process, (Term*)C->Scratch);
        if (r.IsNone) return GuardFailed(I, E, C, e, 1 + ((long)((ushort*)I)[6] << LiveShift), (long)I[3 + TA.Wide]);
        return StoreAfterNative(I + 4 + TA.Wide, E, C, TD.Address(I, E, C, 1), r, ((ushort*)I)[6]);
    }

    // slots 0: A, 1: B, 2: D, 3: live; wide: A?, B?, export, fail
    public static long Guard2<TA, TB, TD>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, IOperand where TB : struct, IOperand where TD : struct, ITarget
    {
        Save(C, I, E, H);
        C->Scratch[0] = TA.Get(I, E, C, 0, 2).Bits;
        C->Scratch[1] = TB.Get(I, E, C, 1, 2 + TA.Wide).Bits;
        Export* e = (Export*)I[2 + TA.Wide + TB.Wide];
        Term r = e->Native(C->Process, (Term*)C->Scratch);
        if (r.IsNone) return GuardFailed(I, E, C, e, 2 + ((long)((ushort*)I)[7] << LiveShift), (long)I[3 + TA.Wide + TB.Wide]);
        return StoreAfterNative(I + 4 + TA.Wide + TB.Wide, E, C, TD.Address(I, E, C, 2), r, ((ushort*)I)[7]);
    }

    // three arguments as tagged words: slot 0: D, 1: live; I[2] export, I[3] fail, I[4..6] operands
    public static long Guard3<TD>(ulong* I, Term* E, Term* H, Context* C) where TD : struct, ITarget
    {
        Save(C, I, E, H);
        for (int i = 0; i < 3; i++) C->Scratch[i] = Operand(I[4 + i], E, C).Bits;
        Term r = ((Export*)I[2])->Native(C->Process, (Term*)C->Scratch);
        if (r.IsNone) return GuardFailed(I, E, C, (Export*)I[2], 3 + ((long)((ushort*)I)[5] << LiveShift), (long)I[3]);
        return StoreAfterNative(I + 7, E, C, TD.Address(I, E, C, 0), r, ((ushort*)I)[5]);
    }

    private const int LiveShift = 8;

    // arity: the arguments, which are in C->Scratch, and from LiveShift on the number of live x registers: only natives that may ask to be run again need that.
    // (In one, because a seventh argument would be on the stack, and the call no jump.)
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long GuardFailed(ulong* I, Term* E, Context* C, Export* e, long arity, long fail)
    {
        Process* p = C->Process;
        if (p->Fail == FailKind.Again) return Again(I, E, C, arity >> LiveShift);
        arity &= (1 << LiveShift) - 1;
        if (fail != 0) return Next(I + fail, E, (Term*)p->Heap.Top, C);
        if (p->FailArgs.IsNone) p->FailArgs = ListOf(p, (Term*)C->Scratch, arity);
        return Exceptions.RaiseIn(I, E, C, e);
    }

    // -- guard operations worth a handler of their own. slots as Guard1/Guard2; the slow path is the native --

    // element(constant, Tuple): slots 0: T, 1: D, 2: live(unused); I[2]: header offset in bytes, I[3]: index term, I[4] export, I[5] fail
    public static long ElementConstant<TS, TD>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TD : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 0);
        if (t.IsTuple && (ulong)t.TupleArity >= I[2] / 8)
        {
            TD.Set(I, E, C, 1, *(Term*)((byte*)t.Box + I[2]));
            return Next(I + 6, E, H, C);
        }
        Save(C, I, E, H);
        C->Scratch[0] = I[3];
        C->Scratch[1] = t.Bits;
        return ElementFailed(I, E, H, C);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long ElementFailed(ulong* I, Term* E, Term* H, Context* C)
    {
        Process.Badarg(C->Process);
        return GuardFailed(I, E, C, (Export*)I[4], 2, (long)I[5]);
    }

    // element(Register, Tuple): slots 0: index, 1: T, 2: D; wide: export, fail
    public static long ElementRegister<TA, TB, TD>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, IOperand where TB : struct, IOperand where TD : struct, ITarget
    {
        Term n = TA.Get(I, E, C, 0, 2), t = TB.Get(I, E, C, 1, 2);
        if (n.IsSmall && t.IsTuple && (ulong)(n.SmallValue - 1) < (ulong)t.TupleArity)
        {
            TD.Set(I, E, C, 2, t.TupleElements[n.SmallValue - 1]);
            return Next(I + 4, E, H, C);
        }
        Save(C, I, E, H);
        C->Scratch[0] = n.Bits;
        C->Scratch[1] = t.Bits;
        return ElementRegisterFailed(I, E, H, C);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long ElementRegisterFailed(ulong* I, Term* E, Term* H, Context* C)
    {
        Process.Badarg(C->Process);
        return GuardFailed(I, E, C, (Export*)I[2], 2, (long)I[3]);
    }

    // hd, tl: slots 0: S, 1: D; wide: export, fail
    public static long HeadBif<TS, TD>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TD : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 0);
        if (!t.IsCons) { C->Scratch[0] = t.Bits; return OneFailed(I, E, H, C); }
        TD.Set(I, E, C, 1, t.Head);
        return Next(I + 4, E, H, C);
    }

    public static long TailBif<TS, TD>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TD : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 0);
        if (!t.IsCons) { C->Scratch[0] = t.Bits; return OneFailed(I, E, H, C); }
        TD.Set(I, E, C, 1, t.Tail);
        return Next(I + 4, E, H, C);
    }

    // tuple_size: slots 0: S, 1: D; wide: export, fail
    public static long TupleSizeBif<TS, TD>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TD : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 0);
        if (!t.IsTuple) { C->Scratch[0] = t.Bits; return OneFailed(I, E, H, C); }
        TD.Set(I, E, C, 1, Term.Small(t.TupleArity));
        return Next(I + 4, E, H, C);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long OneFailed(ulong* I, Term* E, Term* H, Context* C)
    {
        Save(C, I, E, H);
        Process.Badarg(C->Process);
        return GuardFailed(I, E, C, (Export*)I[2], 1, (long)I[3]);
    }

    // self(): slot 0: D
    public static long Self<TD>(ulong* I, Term* E, Term* H, Context* C) where TD : struct, ITarget
    {
        TD.Set(I, E, C, 0, C->Process->Pid);
        return Next(I + 2, E, H, C);
    }

    // comparison as a value (bif '=:=', '<' …): slots 0: A, 1: B, 2: D
    public static long CompareBif<TCompare, TA, TB, TD>(ulong* I, Term* E, Term* H, Context* C)
        where TCompare : struct, IComparison where TA : struct, IOperand where TB : struct, IOperand where TD : struct, ITarget
    {
        Hold(C, TA.Get(I, E, C, 0, 2), TB.Get(I, E, C, 1, 2 + TA.Wide), TD.Address(I, E, C, 2), 2 + TA.Wide + TB.Wide);
        return CompareSlow<TCompare>(I, E, H, C);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long CompareSlow<TCompare>(ulong* I, Term* E, Term* H, Context* C) where TCompare : struct, IComparison
    {
        *(Term*)C->Scratch[2] = Term.Bool(TCompare.Holds(new Term(C->Scratch[0]), new Term(C->Scratch[1])));
        return Next(I + (long)C->Scratch[3], E, H, C);
    }
}

/// <summary>A comparison of two terms, as a type.</summary>
public interface IComparison
{
    static abstract bool Holds(Term a, Term b);
}

public struct CompareExactEqual : IComparison { public static bool Holds(Term a, Term b) => a == b || TermEquality.Exact(a, b); }
public struct CompareExactNotEqual : IComparison { public static bool Holds(Term a, Term b) => a != b && !TermEquality.Exact(a, b); }
public struct CompareEqual : IComparison { public static bool Holds(Term a, Term b) => a == b || TermOrder.Equal(a, b); }
public struct CompareNotEqual : IComparison { public static bool Holds(Term a, Term b) => a != b && !TermOrder.Equal(a, b); }
public struct CompareLess : IComparison { public static bool Holds(Term a, Term b) => a.IsFloat && b.IsFloat ? a.FloatValue < b.FloatValue : TermOrder.Compare(a, b) < 0; }
public struct CompareGreater : IComparison { public static bool Holds(Term a, Term b) => TermOrder.Compare(a, b) > 0; }
public struct CompareAtMost : IComparison { public static bool Holds(Term a, Term b) => TermOrder.Compare(a, b) <= 0; }
public struct CompareAtLeast : IComparison { public static bool Holds(Term a, Term b) => a.IsFloat && b.IsFloat ? a.FloatValue >= b.FloatValue : TermOrder.Compare(a, b) >= 0; }
