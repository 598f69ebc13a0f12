// Calls, returns, stack frames, jumps.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;

public static unsafe partial class Ops
{
    // call: I[1] target
    public static long Call(ulong* I, Term* E, Term* H, Context* C)
    {
        *(ulong**)E = I + 2;
        return Enter((ulong*)I[1], E, H, C);
    }

    // call_last: slot 0: bytes of the frame; I[2] target
    public static long CallLast(ulong* I, Term* E, Term* H, Context* C)
    {
        E = (Term*)((byte*)E + ((ushort*)I)[4]);
        return Enter((ulong*)I[2], E, H, C);
    }

    // call_only: I[1] target
    public static long CallOnly(ulong* I, Term* E, Term* H, Context* C) => Enter((ulong*)I[1], E, H, C);

    // call_ext: I[1] export
    public static long CallExt(ulong* I, Term* E, Term* H, Context* C)
    {
        *(ulong**)E = I + 2;
        return Enter(((Export*)I[1])->Address, E, H, C);
    }

    // call_ext_last: slot 0: bytes of the frame; I[2] export
    public static long CallExtLast(ulong* I, Term* E, Term* H, Context* C)
    {
        E = (Term*)((byte*)E + ((ushort*)I)[4]);
        return Enter(((Export*)I[2])->Address, E, H, C);
    }

    // call_ext_only: I[1] export
    public static long CallExtOnly(ulong* I, Term* E, Term* H, Context* C) => Enter(((Export*)I[1])->Address, E, H, C);

    public static long Return(ulong* I, Term* E, Term* H, Context* C) => Next(*(ulong**)E, E, H, C);

    // allocate: slot 0: bytes of the frame (with the return slot), slot 1: live
    public static long Allocate(ulong* I, Term* E, Term* H, Context* C)
    {
        long bytes = ((ushort*)I)[4];
        Term* frame = (Term*)((byte*)E - bytes);
        if (!Fits(frame, H, 0)) return RetryAfterGc(I, E, H, C, bytes / 8, ((ushort*)I)[5]);
        *frame = Term.Nil;
        return Next(I + 2, frame, H, C);
    }

    // allocate_heap: slot 0: bytes of the frame, slot 1: live; I[2]: words of heap
    public static long AllocateHeap(ulong* I, Term* E, Term* H, Context* C)
    {
        long bytes = ((ushort*)I)[4];
        Term* frame = (Term*)((byte*)E - bytes);
        if (!Fits(frame, H, (long)I[2])) return RetryAfterGc(I, E, H, C, (bytes / 8) + (long)I[2], ((ushort*)I)[5]);
        *frame = Term.Nil;
        return Next(I + 3, frame, H, C);
    }

    // allocate with the y registers set to nil (older compilers): slot 0: bytes, slot 1: live; I[2]: words of heap
    public static long AllocateZero(ulong* I, Term* E, Term* H, Context* C)
    {
        long bytes = ((ushort*)I)[4];
        Term* frame = (Term*)((byte*)E - bytes);
        if (!Fits(frame, H, (long)I[2])) return RetryAfterGc(I, E, H, C, (bytes / 8) + (long)I[2], ((ushort*)I)[5]);
        for (long i = 0; i < bytes / 8; i++) frame[i] = Term.Nil;
        return Next(I + 3, frame, H, C);
    }

    // test_heap: slot 0: live, I[2]: words
    public static long TestHeap(ulong* I, Term* E, Term* H, Context* C)
    {
        if (!Fits(E, H, (long)I[2])) return RetryAfterGc(I, E, H, C, (long)I[2], ((ushort*)I)[4]);
        return Next(I + 3, E, H, C);
    }

    // deallocate: slot 0: bytes
    public static long Deallocate(ulong* I, Term* E, Term* H, Context* C) => Next(I + 2, (Term*)((byte*)E + ((ushort*)I)[4]), H, C);

    // deallocate + return
    public static long DeallocateReturn(ulong* I, Term* E, Term* H, Context* C)
    {
        E = (Term*)((byte*)E + ((ushort*)I)[4]);
        return Next(*(ulong**)E, E, H, C);
    }

    // move S x(0), deallocate, return: slot 0: S, slot 1: bytes
    public static long MoveDeallocateReturn<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        *Context.Xs(C) = TS.Get(I, E, C, 0, 2);
        E = (Term*)((byte*)E + ((ushort*)I)[5]);
        return Next(*(ulong**)E, E, H, C);
    }

    // move S x(0), return
    public static long MoveReturn<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        *Context.Xs(C) = TS.Get(I, E, C, 0, 2);
        return Next(*(ulong**)E, E, H, C);
    }

    // trim: slot 0: bytes dropped
    public static long Trim(ulong* I, Term* E, Term* H, Context* C)
    {
        Term* e = (Term*)((byte*)E + ((ushort*)I)[4]);
        *e = Term.Nil;
        return Next(I + 2, e, H, C);
    }

    // init_yregs: I[1] count, then one word each: byte offset
    public static long InitYRegs(ulong* I, Term* E, Term* H, Context* C)
    {
        long n = (long)I[1];
        for (long i = 0; i < n; i++) *(Term*)((byte*)E + I[2 + i]) = Term.Nil;
        return Next(I + 2 + n, E, H, C);
    }

    // init one y register: slot 0
    public static long InitY(ulong* I, Term* E, Term* H, Context* C)
    {
        Y.Set(I, E, C, 0, Term.Nil);
        return Next(I + 2, E, H, C);
    }

    // init two
    public static long InitY2(ulong* I, Term* E, Term* H, Context* C)
    {
        Y.Set(I, E, C, 0, Term.Nil);
        Y.Set(I, E, C, 1, Term.Nil);
        return Next(I + 2, E, H, C);
    }

    // jump: label
    public static long JumpTo(ulong* I, Term* E, Term* H, Context* C) => Jump(I, E, H, C);

    // move S D + jump
    public static long MoveJump<TS, TD>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TD : struct, ITarget
    {
        TD.Set(I, E, C, 1, TS.Get(I, E, C, 0, 2));
        return Jump(I, E, H, C);
    }

    // move S x(0) + call_only etc. are left to the predictor: the rules join moves instead.
    public static long Move<TS, TD>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TD : struct, ITarget
    {
        TD.Set(I, E, C, 1, TS.Get(I, E, C, 0, 2));
        return Next(I + 2 + TS.Wide, E, H, C);
    }

    // two register moves, the second not reading what the first wrote differently: in order
    public static long Move2<TS1, TD1, TS2, TD2>(ulong* I, Term* E, Term* H, Context* C)
        where TS1 : struct, IOperand where TD1 : struct, ITarget where TS2 : struct, IOperand where TD2 : struct, ITarget
    {
        TD1.Set(I, E, C, 1, TS1.Get(I, E, C, 0, 2));
        TD2.Set(I, E, C, 3, TS2.Get(I, E, C, 2, 2 + TS1.Wide));
        return Next(I + 2 + TS1.Wide + TS2.Wide, E, H, C);
    }

    // two moves into x registers: slots 0: S1, 1: D1, 2: S2, 3: D2
    public static long Move2Constant<TS1, TS2>(ulong* I, Term* E, Term* H, Context* C) where TS1 : struct, IOperand where TS2 : struct, IOperand
    {
        X.Set(I, E, C, 1, TS1.Get(I, E, C, 0, 2));
        X.Set(I, E, C, 3, TS2.Get(I, E, C, 2, 2 + TS1.Wide));
        return Next(I + 2 + TS1.Wide + TS2.Wide, E, H, C);
    }

    public static long Swap<TA, TB>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, ITarget where TB : struct, ITarget
    {
        Term a = TA.Get(I, E, C, 0, 0);
        TA.Set(I, E, C, 0, TB.Get(I, E, C, 1, 0));
        TB.Set(I, E, C, 1, a);
        return Next(I + 2, E, H, C);
    }

    // func_info: I[1] module, I[2] function, I[3] arity: reached when no clause matched
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static long FuncInfo(ulong* I, Term* E, Term* H, Context* C)
    {
        Save(C, I, E, H);
        Process* p = C->Process;
        Process.Raise(p, ExceptionClass.Error, Am.FunctionClause);
        p->FailArgs = ListOf(p, Context.Xs(C), (long)I[3]);
        return Exceptions.Handle(I, E, (Term*)p->Heap.Top, C);
    }

    /// <summary>A list of the terms at <paramref name="first"/>.</summary>
    internal static Term ListOf(Process* p, Term* first, long count)
    {
        Term list = Term.Nil;
        while (count > 0) list = Process.Cons(p, first[--count], list);
        return list;
    }

    // select_val on a few or on scattered values: slot 0: S, label: default; I[2] (+wide): count, then count sorted words, then count word offsets from I
    public static long SelectSearch<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        ulong v = TS.Get(I, E, C, 0, 2).Bits;
        ulong* keys = I + 3;
        long low = 0, high = (long)I[2];
        long n = high;
        while (low < high)
        {
            long middle = (low + high) >> 1;
            if (keys[middle] < v) low = middle + 1; else high = middle;
        }
        if (low < n && keys[low] == v) return Next(I + (long)keys[n + low], E, H, C);
        return Jump(I, E, H, C);
    }

    // select_val, up to 8 values: linear
    public static long SelectLinear<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        ulong v = TS.Get(I, E, C, 0, 2).Bits;
        ulong* at = I + 3;
        ulong* end = at + I[2];
        while (at < end)
        {
            if (*at == v) return Next(I + (long)at[I[2]], E, H, C);
            at++;
        }
        return Jump(I, E, H, C);
    }

    // select_val on dense small integers or atoms: slot 0: S, label: default; I[2]: bits of the first value; I[3]: shift; I[4]: count; then count word offsets from I
    public static long SelectTable<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        ulong d = TS.Get(I, E, C, 0, 2).Bits - I[2];
        int shift = (int)I[3];
        // rotate: a value with other tag bits becomes a huge index
        ulong index = (d >> shift) | (d << (64 - shift));
        if (index < I[4]) return Next(I + (long)I[5 + index], E, H, C);
        return Jump(I, E, H, C);
    }

    // select_tuple_arity: slot 0: S, label: default; I[2]: count, then header words, then word offsets
    public static long SelectArity<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        Term t = TS.Get(I, E, C, 0, 2);
        if (!t.IsBoxed) return Jump(I, E, H, C);
        ulong header = t.BoxHeader;
        long n = (long)I[2];
        for (long i = 0; i < n; i++)
            if (I[3 + i] == header) return Next(I + (long)I[3 + n + i], E, H, C);
        return Jump(I, E, H, C);
    }
}
