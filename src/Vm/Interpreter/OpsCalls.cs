// apply, calls of funs, receive.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;

public static unsafe partial class Ops
{
    // apply: slot 0: arity; x(arity) module, x(arity + 1) function
    public static long Apply(ulong* I, Term* E, Term* H, Context* C)
    {
        ulong* target = ApplyTarget(I, E, H, C, ((ushort*)I)[4]);
        if (target == null) return Exceptions.RaiseInApply(I, E, C, 3);
        *(ulong**)E = I + 2;
        return Enter(target, E, H, C);
    }

    // apply_last: slot 0: arity, 1: bytes of the frame
    public static long ApplyLast(ulong* I, Term* E, Term* H, Context* C)
    {
        ulong* target = ApplyTarget(I, E, H, C, ((ushort*)I)[4]);
        if (target == null) return Exceptions.RaiseInApply(I, E, C, 3);
        if ((*target & ~2UL) == C->HaltCode[1] && Raises(target)) return RaiseByTailApply(I, E, H, C, target, ((ushort*)I)[5]);
        return Enter(target, (Term*)((byte*)E + ((ushort*)I)[5]), H, C);
    }

    private static bool Raises(ulong* target) => ((Export*)target[1])->NativeKind == BifKind.Raises;

    // error/1 and its like called last by apply: the function that does it is the first of the trace all the same.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long RaiseByTailApply(ulong* I, Term* E, Term* H, Context* C, ulong* target, long frame)
    {
        Save(C, I, E, H);
        Export* e = (Export*)target[1];
        if ((*target & 2) != 0) return EnterTraced(I, e, (Term*)((byte*)E + frame), C, true);
        _ = e->Native(C->Process, Context.Xs(C));
        return Exceptions.RaiseNative(I, E, C, e);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong* ApplyTarget(ulong* I, Term* E, Term* H, Context* C, int arity)
    {
        Term* x = Context.Xs(C);
        Term m = x[arity], f = x[arity + 1];
        if (m == Am.Erlang && f == Am.Apply && arity == 3)
        {
            ulong* inner = Spread(C, x[0], x[1], x[2]);
            if (inner != null) return inner;
        }
        if (m.IsAtom && f.IsAtom) return CodeTable.CallTarget(C->Machine, m, f, arity);
        Save(C, I, E, H);
        Process* p = C->Process;
        Term list = ListOf(p, x, arity);
        Process.Raise(p, ExceptionClass.Error, Am.Badarg);
        p->FailArgs = Process.Cons(p, m, Process.Cons(p, f, Process.Cons(p, list, Term.Nil)));
        return null;
    }

    // erlang:apply/3 called as a function: x(0) module, x(1) function, x(2) argument list. slot 0: bytes of the frame to drop, 1: 0 call, 1 tail call.
    public static long ApplyList(ulong* I, Term* E, Term* H, Context* C)
    {
        ulong* target = ApplyListTarget(I, E, H, C);
        if (target == null) return Exceptions.RaiseInApply(I, E, C, 3);
        if (((ushort*)I)[5] == 0) *(ulong**)E = I + 2;
        else if ((*target & ~2UL) == C->HaltCode[1] && Raises(target)) return RaiseByTailApply(I, E, H, C, target, ((ushort*)I)[4]);
        else E = (Term*)((byte*)E + ((ushort*)I)[4]);
        return Enter(target, E, H, C);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong* ApplyListTarget(ulong* I, Term* E, Term* H, Context* C)
    {
        Term* x = Context.Xs(C);
        ulong* target = Spread(C, x[0], x[1], x[2]);
        if (target != null) return target;
        Process* p = C->Process;
        Save(C, I, E, H);
        Process.Raise(p, ExceptionClass.Error, Am.Badarg);
        p->FailArgs = ListOf(p, x, 3);
        return null;
    }

    // Puts the arguments into x(0)… and gives the code of the function; null, the registers as they were: a badarg. apply of apply/3 is done here, so that the trace of
    // error/1 shows who began.
    private static ulong* Spread(Context* C, Term m, Term f, Term list)
    {
        while (true)
        {
            int n = 0;
            Term rest = list;
            while (rest.IsCons && n < 256) { rest = rest.Tail; n++; }
            if (!m.IsAtom || !f.IsAtom || !rest.IsNil || n > 255) return null;
            if (m != Am.Erlang || f != Am.Apply || n != 3)
            {
                Term* x = Context.Xs(C);
                for (int i = 0; i < n; i++) { x[i] = list.Head; list = list.Tail; }
                return CodeTable.CallTarget(C->Machine, m, f, n);
            }
            Term function = list.Tail.Head, arguments = list.Tail.Tail.Head;
            // What is wrong with the inner call is its own badarg.
            if (!list.Head.IsAtom || !function.IsAtom || !IsProper(arguments))
            {
                Term* x = Context.Xs(C);
                for (int i = 0; i < n; i++) { x[i] = list.Head; list = list.Tail; }
                return CodeTable.CallTarget(C->Machine, m, f, n);
            }
            m = list.Head;
            f = function;
            list = arguments;
        }
    }

    private static bool IsProper(Term list)
    {
        int n = 0;
        while (list.IsCons && n < 256) { list = list.Tail; n++; }
        return list.IsNil && n <= 255;
    }

    // erlang:apply/2: x(0) fun, x(1) argument list. slots as ApplyList
    public static long ApplyFunList(ulong* I, Term* E, Term* H, Context* C)
    {
        Term* x = Context.Xs(C);
        Term f = x[0], list = x[1];
        long n = 0;
        Term rest = list;
        while (rest.IsCons && n < 256) { rest = rest.Tail; n++; }
        if (!rest.IsNil || n > 255) return ApplyFunBad(I, E, H, C);
        for (long i = 0; i < n; i++) { x[i] = list.Head; list = list.Tail; }
        if (((ushort*)I)[5] == 0) *(ulong**)E = I + 2;
        else E = (Term*)((byte*)E + ((ushort*)I)[4]);
        return EnterFun(I, E, H, C, f, n);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long ApplyFunBad(ulong* I, Term* E, Term* H, Context* C)
    {
        Save(C, I, E, H);
        Process* p = C->Process;
        Process.Raise(p, ExceptionClass.Error, Am.Badarg);
        p->FailArgs = ListOf(p, Context.Xs(C), 2);
        return Exceptions.RaiseInApply(I, E, C, 2);
    }

    // call_fun: slot 0: arity; the fun is x(arity)
    public static long CallFun(ulong* I, Term* E, Term* H, Context* C)
    {
        long n = ((ushort*)I)[4];
        *(ulong**)E = I + 2;
        return EnterFun(I, E, H, C, Context.Xs(C)[n], n);
    }

    // call_fun2: slots 0: fun, 1: arity
    public static long CallFun2<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        Term f = TS.Get(I, E, C, 0, 2);
        *(ulong**)E = I + 2;
        return EnterFun(I, E, H, C, f, ((ushort*)I)[5]);
    }

    // call_fun2 + deallocate + return: slots 0: fun, 1: arity, 2: bytes of the frame
    public static long CallFunLast<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        Term f = TS.Get(I, E, C, 0, 2);
        return EnterFun(I, (Term*)((byte*)E + ((ushort*)I)[6]), H, C, f, ((ushort*)I)[5]);
    }

    // call_fun + deallocate + return: slots 0: arity, 1: bytes of the frame; the fun is x(arity)
    public static long CallFunOldLast(ulong* I, Term* E, Term* H, Context* C)
    {
        long n = ((ushort*)I)[4];
        return EnterFun(I, (Term*)((byte*)E + ((ushort*)I)[5]), H, C, Context.Xs(C)[n], n);
    }

    // Enters a fun whose arguments are in x(0)..; its environment follows them.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long EnterFun(ulong* I, Term* E, Term* H, Context* C, Term f, long arity)
    {
        if (f.IsBoxed && Header.Kind(f.BoxHeader) == Header.Fun)
        {
            FunEntry* e = (FunEntry*)((Fun*)f.Box)->Entry;
            ulong* code = e->Address;
            if (e->Arity == arity && code != null)
            {
                Term* env = (Term*)f.Box + Fun.HeaderWords;
                Term* x = Context.Xs(C) + arity;
                for (long n = e->FreeCount; n > 0; n--) *x++ = *env++;
                return Enter(code, E, H, C);
            }
        }
        C->Scratch[0] = f.Bits;
        C->Scratch[1] = (ulong)arity;
        return EnterFunSlow(I, E, H, C);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long EnterFunSlow(ulong* I, Term* E, Term* H, Context* C)
    {
        Term f = new(C->Scratch[0]);
        long arity = (long)C->Scratch[1];
        Process* p = C->Process;
        if (f.IsKind(Header.ExportFun))
        {
            Export* e = (Export*)((ExportFun*)f.Box)->Export;
            if (e->Arity == arity) return Enter(e->Address, E, H, C);
        }
        Save(C, I, E, H);
        if (C->Machine->Full != 0 && f.IsKind(Header.Fun) && FunArity(f) == arity)
        {
            FunEntry* entry = (FunEntry*)((Fun*)f.Box)->Entry;
            Term module = entry->Module;
            if (PurgedFuns.Hold(p, entry))
            {
                PendingLambda(p, module, f, ListOf(p, Context.Xs(C), arity));
                return EnterTrap(I, E, H, C);
            }
            // A module that is there has no such fun.
            if (CodeTable.Current(C->Machine, module) == null && ErrorHandler(p, Am.UndefinedLambda, module, f, ListOf(p, Context.Xs(C), arity))) return EnterTrap(I, E, H, C);
        }
        else if (f.IsKind(Header.Fun) && FunArity(f) == arity && ModuleFinder.TryLoad(C->Machine, ((FunEntry*)((Fun*)f.Box)->Entry)->Module))
        {
            FunEntry* e = (FunEntry*)((Fun*)f.Box)->Entry;
            if (e->Address != null)
            {
                Term* env = (Term*)f.Box + Fun.HeaderWords;
                for (long i = 0; i < e->FreeCount; i++) Context.Xs(C)[arity + i] = env[i];
                return Enter(e->Address, E, H, C);
            }
        }
        if (f.IsFun && FunArity(f) != arity)
            Process.Raise(p, ExceptionClass.Error, Process.Tuple(p, Am.Badarity, Process.Tuple(p, f, ListOf(p, Context.Xs(C), arity))));
        else if (f.IsKind(Header.ExportFun) || (f.IsFun && CodeTable.Current(C->Machine, ((FunEntry*)((Fun*)f.Box)->Entry)->Module) == null))
            Process.Raise(p, ExceptionClass.Error, Am.Undef);
        else
            Process.Raise(p, ExceptionClass.Error, Process.Tuple(p, Am.Badfun, f));
        return Exceptions.HandleEntered(I, E, (Term*)p->Heap.Top, C);
    }

    // The process is suspended; when it goes on it calls the fun again from there.
    private static void PendingLambda(Process* p, Term module, Term fun, Term arguments)
    {
        p->TrapTo = ExportTable.Put(p->Machine, Am.ErtsCodePurger, Am.PendingPurgeLambda, 3);
        p->TrapArity = 3;
        p->TrapArgs[0] = module.Bits;
        p->TrapArgs[1] = fun.Bits;
        p->TrapArgs[2] = arguments.Bits;
        p->Fail = FailKind.Trap;
        p->Context->Reductions = 0;
    }

    // -- send and receive --

    // send: x(0) destination, x(1) message
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static long Send(ulong* I, Term* E, Term* H, Context* C)
    {
        Save(C, I, E, H);
        Process* p = C->Process;
        Term* x = Context.Xs(C);
        if (!Signals.Bang(p, x[0], x[1]))
        {
            p->FailArgs = ListOf(p, x, 2);
            return Exceptions.RaiseIn(I, E, C, ExportTable.Put(C->Machine, Am.Erlang, Am.Send, 2));
        }
        x[0] = x[1];
        C->Reductions -= SendReductions;
        return AfterNative(I + 1, E, C, 1);
    }

    // What a message costs its sender, as in OTP.
    private const long SendReductions = 4;

    // loop_rec: slot 0: D, label (the wait)
    public static long LoopReceive<TD>(ulong* I, Term* E, Term* H, Context* C) where TD : struct, ITarget
    {
        Process* p = C->Process;
        Signal* s = *p->Save;
        if (s == null || s->HeapIndex >= 0) return LoopReceiveSlow<TD>(I, E, H, C);
        TD.Set(I, E, C, 0, s->Value);
        return Next(I + 2, E, H, C);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long LoopReceiveSlow<TD>(ulong* I, Term* E, Term* H, Context* C) where TD : struct, ITarget
    {
        Process* p = C->Process;
        if (*p->Save == null && p->InFirst != null)
        {
            Save(C, I, E, H);
            if (!SignalHandling.Handle(p)) return C->Stop = StopReason.Killed;
            E = (Term*)p->Heap.Stack;
            H = (Term*)p->Heap.Top;
        }
        if (*p->Save == null) return Jump(I, E, H, C);
        TD.Set(I, E, C, 0, Mailbox.ValueOf(p, *p->Save));
        return Next(I + 2, E, H, C);
    }

    // loop_rec_end: label
    public static long LoopReceiveEnd(ulong* I, Term* E, Term* H, Context* C)
    {
        Process* p = C->Process;
        p->Save = &(*p->Save)->Next;
        if (--C->Reductions >= 0) return Jump(I, E, H, C);
        return ReceiveYield(I, E, H, C);
    }

    // A long mailbox is no reason to keep others waiting. No x register is in use here.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long ReceiveYield(ulong* I, Term* E, Term* H, Context* C)
    {
        Save(C, I + ((int*)I)[3], E, H);
        return C->Stop = StopReason.Yielded;
    }

    public static long RemoveMessage(ulong* I, Term* E, Term* H, Context* C)
    {
        Mailbox.Remove(C->Process);
        return Next(I + 1, E, H, C);
    }

    public static long Timeout(ulong* I, Term* E, Term* H, Context* C)
    {
        Process* p = C->Process;
        if (p->TimerSet != 0) Waits.CancelTimer(p);
        p->Save = &p->MailFirst;
        if ((p->Traced & TraceFlags.Receive) != 0) return TracedTimeout(I, E, H, C);
        return Next(I + 1, E, H, C);
    }

    // wait: label (of loop_rec)
    public static long Wait(ulong* I, Term* E, Term* H, Context* C)
    {
        Save(C, I + ((int*)I)[3], E, H);
        return C->Stop = StopReason.Waiting;
    }

    // wait_timeout: slot 0: time, label (of loop_rec). The process resumes at this instruction.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static long WaitTimeout<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        Process* p = C->Process;
        if (p->TimerSet != 0)
        {
            // A receive without clauses has this instruction for its loop: messages are nothing to it.
            if (*p->Save != null && ((int*)I)[3] != 0)
            {
                // Where no loop_rec is in the loop (no compiler writes that) a message stays there: others run in between, and the time counts all the same.
                if (--C->Reductions >= 0) return Jump(I, E, H, C);
                if (System.Threading.Volatile.Read(ref p->TimedOut) != 0) return Next(I + 2 + TS.Wide, E, H, C);
                return ReceiveYield(I, E, H, C);
            }
            if (System.Threading.Volatile.Read(ref p->TimedOut) != 0) return Next(I + 2 + TS.Wide, E, H, C);
            Save(C, I, E, H);
            return C->Stop = StopReason.Waiting;
        }
        Term t = TS.Get(I, E, C, 0, 2);
        if (t == Am.Infinity)
        {
            Save(C, I + ((int*)I)[3], E, H);
            return C->Stop = StopReason.Waiting;
        }
        Save(C, I, E, H);
        if (!t.IsSmall || (ulong)t.SmallValue > uint.MaxValue)
        {
            p->Save = &p->MailFirst;
            Process.Raise(p, ExceptionClass.Error, Am.TimeoutValue);
            return Exceptions.Handle(I, E, H, C);
        }
        if (t.SmallValue == 0) return Next(I + 2 + TS.Wide, E, H, C);
        if (!Waits.SetTimer(p, t.SmallValue)) return OutOfMemory(I, E, H, C);
        return C->Stop = StopReason.Waiting;
    }

    // recv_marker_reserve: slot 0: D
    public static long MarkerReserve<TD>(ulong* I, Term* E, Term* H, Context* C) where TD : struct, ITarget
    {
        TD.Set(I, E, C, 0, Mailbox.Reserve(C->Process));
        return Next(I + 2, E, H, C);
    }

    // recv_marker_bind: slots 0: marker, 1: reference
    public static long MarkerBind<TA, TB>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, IOperand where TB : struct, IOperand
    {
        Mailbox.Bind(C->Process, TA.Get(I, E, C, 0, 2), TB.Get(I, E, C, 1, 2));
        return Next(I + 2, E, H, C);
    }

    // recv_marker_clear: slot 0: reference or marker
    public static long MarkerClear<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        Mailbox.Clear(C->Process, TS.Get(I, E, C, 0, 2));
        return Next(I + 2, E, H, C);
    }

    // recv_marker_use: slot 0: reference
    public static long MarkerUse<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        Mailbox.Use(C->Process, TS.Get(I, E, C, 0, 2));
        return Next(I + 2, E, H, C);
    }
}
