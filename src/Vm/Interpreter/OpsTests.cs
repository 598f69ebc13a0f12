// Type tests, comparisons, tests of structure.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;

/// <summary>A test on one term, as a type so that handlers specialise on it.</summary>
public interface ITest
{
    static abstract bool Holds(Term t);
}

public struct TestInteger : ITest { [MethodImpl(MethodImplOptions.AggressiveInlining)] public static bool Holds(Term t) => t.IsInteger; }
public struct TestFloat : ITest { [MethodImpl(MethodImplOptions.AggressiveInlining)] public static bool Holds(Term t) => t.IsFloat; }
public struct TestNumber : ITest { [MethodImpl(MethodImplOptions.AggressiveInlining)] public static bool Holds(Term t) => t.IsNumber; }
public struct TestAtom : ITest { [MethodImpl(MethodImplOptions.AggressiveInlining)] public static bool Holds(Term t) => t.IsAtom; }
public struct TestPid : ITest { [MethodImpl(MethodImplOptions.AggressiveInlining)] public static bool Holds(Term t) => t.IsPid; }
public struct TestReference : ITest { [MethodImpl(MethodImplOptions.AggressiveInlining)] public static bool Holds(Term t) => t.IsReference; }
public struct TestPort : ITest { [MethodImpl(MethodImplOptions.AggressiveInlining)] public static bool Holds(Term t) => t.IsPort; }
public struct TestNil : ITest { [MethodImpl(MethodImplOptions.AggressiveInlining)] public static bool Holds(Term t) => t.IsNil; }
public struct TestBitstring : ITest { [MethodImpl(MethodImplOptions.AggressiveInlining)] public static bool Holds(Term t) => t.IsBitstring; }
public unsafe struct TestBinary : ITest
{
    public static bool Holds(Term t)
    {
        if (!t.IsBoxed) return false;
        ulong kind = Header.Kind(t.BoxHeader);
        if (kind == Header.HeapBits) return (((HeapBits*)t.Box)->SizeBits & 7) == 0;
        return kind == Header.SubBits && (((SubBits*)t.Box)->SizeBits & 7) == 0;
    }
}
public struct TestList : ITest { [MethodImpl(MethodImplOptions.AggressiveInlining)] public static bool Holds(Term t) => t.IsList; }
public struct TestCons : ITest { [MethodImpl(MethodImplOptions.AggressiveInlining)] public static bool Holds(Term t) => t.IsCons; }
public struct TestTuple : ITest { [MethodImpl(MethodImplOptions.AggressiveInlining)] public static bool Holds(Term t) => t.IsTuple; }
public struct TestBoolean : ITest { [MethodImpl(MethodImplOptions.AggressiveInlining)] public static bool Holds(Term t) => t.IsBoolean; }
public struct TestFun : ITest { [MethodImpl(MethodImplOptions.AggressiveInlining)] public static bool Holds(Term t) => t.IsFun; }
public struct TestMap : ITest { [MethodImpl(MethodImplOptions.AggressiveInlining)] public static bool Holds(Term t) => t.IsMap; }
public struct TestRecord : ITest { [MethodImpl(MethodImplOptions.AggressiveInlining)] public static bool Holds(Term t) => t.IsRecord; }

public static unsafe partial class Ops
{
    // type test: slot 0: S, label
    public static long Test<TTest, TS>(ulong* I, Term* E, Term* H, Context* C) where TTest : struct, ITest where TS : struct, IOperand
    {
        if (TTest.Holds(TS.Get(I, E, C, 0, 2))) return Next(I + 2 + TS.Wide, E, H, C);
        return Jump(I, E, H, C);
    }

    // test_arity: slot 0: S, slot 1: arity, label
    public static long TestArity<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        // The term is a tuple already (is_tuple came before), or a boxed term at least.
        if (TS.Get(I, E, C, 0, 2).BoxHeader == (ulong)((ushort*)I)[5] << Header.ArityShift) return Next(I + 2, E, H, C);
        return Jump(I, E, H, C);
    }

    // is_tuple + test_arity: slot 0: S, slot 1: arity, label
    public static long IsTupleOfArity<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        Term t = TS.Get(I, E, C, 0, 2);
        if (t.IsBoxed && t.BoxHeader == (ulong)((ushort*)I)[5] << Header.ArityShift) return Next(I + 2, E, H, C);
        return Jump(I, E, H, C);
    }

    // is_tagged_tuple: slot 0: S, slot 1: arity, label; I[2]: tag
    public static long IsTaggedTuple<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        Term t = TS.Get(I, E, C, 0, 2);
        if (t.IsBoxed && t.BoxHeader == (ulong)((ushort*)I)[5] << Header.ArityShift && t.TupleElements->Bits == I[2]) return Next(I + 3, E, H, C);
        return Jump(I, E, H, C);
    }

    // The same two for arities that do not fit a slot: I[2]: header; I[3]: tag
    public static long TestArityFar<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        if (TS.Get(I, E, C, 0, 0).BoxHeader == I[2]) return Next(I + 3, E, H, C);
        return Jump(I, E, H, C);
    }

    public static long IsTaggedTupleFar<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        Term t = TS.Get(I, E, C, 0, 0);
        if (t.IsBoxed && t.BoxHeader == I[2] && t.TupleElements->Bits == I[3]) return Next(I + 4, E, H, C);
        return Jump(I, E, H, C);
    }

    // is_function2 with a constant small arity: slot 0: S, slot 1: arity, label
    public static long IsFunctionOfArity<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        if (FunArity(TS.Get(I, E, C, 0, 2)) == ((ushort*)I)[5]) return Next(I + 2, E, H, C);
        return Jump(I, E, H, C);
    }

    // is_function2, any arity term: slots 0, 1, label
    public static long IsFunction2<TS, TA>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TA : struct, IOperand
    {
        Term arity = TA.Get(I, E, C, 1, 2 + TS.Wide);
        if (arity.IsSmall && FunArity(TS.Get(I, E, C, 0, 2)) == arity.SmallValue) return Next(I + 2 + TS.Wide + TA.Wide, E, H, C);
        return Jump(I, E, H, C);
    }

    /// <summary>Arity of a fun; -1: not a fun.</summary>
    internal static long FunArity(Term t)
    {
        if (!t.IsBoxed) return -1;
        ulong kind = Header.Kind(t.BoxHeader);
        if (kind == Header.Fun) return ((FunEntry*)((Fun*)t.Box)->Entry)->Arity;
        return kind == Header.ExportFun ? ((ExportFun*)t.Box)->Export->Arity : -1;
    }

    // The slow path of a comparison that is a test: a method of its own, reached by a jump, so that the fast path needs no stack frame.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long TestSlow<TCompare>(ulong* I, Term* E, Term* H, Context* C) where TCompare : struct, IComparison
    {
        if (TCompare.Holds(new Term(C->Scratch[0]), new Term(C->Scratch[1]))) return Next(I + (long)C->Scratch[3], E, H, C);
        return Jump(I, E, H, C);
    }

    // is_eq_exact: slots 0, 1, label
    public static long IsEqExact<TA, TB>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, IOperand where TB : struct, IOperand
    {
        Term a = TA.Get(I, E, C, 0, 2), b = TB.Get(I, E, C, 1, 2 + TA.Wide);
        if (a == b) return Next(I + 2 + TA.Wide + TB.Wide, E, H, C);
        if (a.IsImmediate || b.IsImmediate) return Jump(I, E, H, C);
        Hold(C, a, b, null, 2 + TA.Wide + TB.Wide);
        return TestSlow<CompareExactEqual>(I, E, H, C);
    }

    // is_eq_exact with an immediate: slot 0: S, label; I[2]: the word
    public static long IsSame<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        if (TS.Get(I, E, C, 0, 2).Bits == I[2]) return Next(I + 3, E, H, C);
        return Jump(I, E, H, C);
    }

    public static long IsNeExact<TA, TB>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, IOperand where TB : struct, IOperand
    {
        Term a = TA.Get(I, E, C, 0, 2), b = TB.Get(I, E, C, 1, 2 + TA.Wide);
        if (a == b) return Jump(I, E, H, C);
        if (a.IsImmediate || b.IsImmediate) return Next(I + 2 + TA.Wide + TB.Wide, E, H, C);
        Hold(C, a, b, null, 2 + TA.Wide + TB.Wide);
        return TestSlow<CompareExactNotEqual>(I, E, H, C);
    }

    // is_ne_exact with an immediate
    public static long IsNotSame<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        if (TS.Get(I, E, C, 0, 2).Bits != I[2]) return Next(I + 3, E, H, C);
        return Jump(I, E, H, C);
    }

    public static long IsEq<TA, TB>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, IOperand where TB : struct, IOperand
    {
        Term a = TA.Get(I, E, C, 0, 2), b = TB.Get(I, E, C, 1, 2 + TA.Wide);
        if (a == b) return Next(I + 2 + TA.Wide + TB.Wide, E, H, C);
        if (a.IsImmediate && b.IsImmediate) return Jump(I, E, H, C);
        Hold(C, a, b, null, 2 + TA.Wide + TB.Wide);
        return TestSlow<CompareEqual>(I, E, H, C);
    }

    public static long IsNe<TA, TB>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, IOperand where TB : struct, IOperand
    {
        Term a = TA.Get(I, E, C, 0, 2), b = TB.Get(I, E, C, 1, 2 + TA.Wide);
        if (a == b) return Jump(I, E, H, C);
        if (a.IsImmediate && b.IsImmediate) return Next(I + 2 + TA.Wide + TB.Wide, E, H, C);
        Hold(C, a, b, null, 2 + TA.Wide + TB.Wide);
        return TestSlow<CompareNotEqual>(I, E, H, C);
    }

    // is_lt: slots 0, 1, label. Smalls compare as words: the tag is the same and the value is above it.
    public static long IsLt<TA, TB>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, IOperand where TB : struct, IOperand
    {
        Term a = TA.Get(I, E, C, 0, 2), b = TB.Get(I, E, C, 1, 2 + TA.Wide);
        if (!Term.BothSmall(a, b))
        {
            Hold(C, a, b, null, 2 + TA.Wide + TB.Wide);
            return TestSlow<CompareLess>(I, E, H, C);
        }
        if ((long)a.Bits < (long)b.Bits) return Next(I + 2 + TA.Wide + TB.Wide, E, H, C);
        return Jump(I, E, H, C);
    }

    public static long IsGe<TA, TB>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, IOperand where TB : struct, IOperand
    {
        Term a = TA.Get(I, E, C, 0, 2), b = TB.Get(I, E, C, 1, 2 + TA.Wide);
        if (Term.BothSmall(a, b))
        {
            if ((long)a.Bits >= (long)b.Bits) return Next(I + 2 + TA.Wide + TB.Wide, E, H, C);
            return Jump(I, E, H, C);
        }
        Hold(C, a, b, null, 2 + TA.Wide + TB.Wide);
        return TestSlow<CompareAtLeast>(I, E, H, C);
    }

    // is_nonempty_list + get_list: slots 0: S, 1: head; label; I[2] slot 4: tail
    public static long GetListOrJump<TS, TH, TT>(ulong* I, Term* E, Term* H, Context* C)
        where TS : struct, IOperand where TH : struct, ITarget where TT : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 2);
        if (!t.IsCons) return Jump(I, E, H, C);
        Term head = t.Head, tail = t.Tail;
        TH.Set(I, E, C, 1, head);
        TT.Set(I, E, C, 4, tail);
        return Next(I + 3, E, H, C);
    }

    // is_nonempty_list + get_hd / get_tl: slots 0: S, 1: D, label
    public static long GetHeadOrJump<TS, TD>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TD : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 2);
        if (!t.IsCons) return Jump(I, E, H, C);
        TD.Set(I, E, C, 1, t.Head);
        return Next(I + 2, E, H, C);
    }

    public static long GetTailOrJump<TS, TD>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TD : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 2);
        if (!t.IsCons) return Jump(I, E, H, C);
        TD.Set(I, E, C, 1, t.Tail);
        return Next(I + 2, E, H, C);
    }
}
