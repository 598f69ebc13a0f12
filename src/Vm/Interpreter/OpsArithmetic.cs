// Arithmetic. The fast path of each operation is two smalls; everything else goes to Arithmetic (natives of the number tower).
// Layout: slots 0: A, 1: B, 2: D, 3: live; then the wide operands; last the fail label as word offset from I (0: raise).
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;

/// <summary>A slow path of the number tower, as a type.</summary>
public unsafe interface IBinary
{
    static abstract Term Do(Process* p, Term a, Term b);

    static abstract Term Name { get; }

    /// <summary>Takes time in proportion to the product of the lengths.</summary>
    static virtual bool Large => false;

    /// <summary>The operation on two floats; infinity where there is none.</summary>
    static virtual double Floats(double a, double b) => double.PositiveInfinity;
}

public unsafe struct DoAdd : IBinary { public static Term Do(Process* p, Term a, Term b) => Arithmetic.Add(p, a, b); public static Term Name => Am.Plus; public static double Floats(double a, double b) => a + b; }
public unsafe struct DoSubtract : IBinary { public static Term Do(Process* p, Term a, Term b) => Arithmetic.Subtract(p, a, b); public static Term Name => Am.Minus; public static double Floats(double a, double b) => a - b; }
public unsafe struct DoMultiply : IBinary { public static Term Do(Process* p, Term a, Term b) => Arithmetic.Multiply(p, a, b); public static Term Name => Am.Times; public static bool Large => true; public static double Floats(double a, double b) => a * b; }
public unsafe struct DoDivide : IBinary { public static Term Do(Process* p, Term a, Term b) => Arithmetic.Divide(p, a, b); public static Term Name => Am.Slash; public static double Floats(double a, double b) => a / b; }
public unsafe struct DoIntDivide : IBinary { public static Term Do(Process* p, Term a, Term b) => Arithmetic.IntDivide(p, a, b); public static Term Name => Am.Div; public static bool Large => true; }
public unsafe struct DoRemainder : IBinary { public static Term Do(Process* p, Term a, Term b) => Arithmetic.Remainder(p, a, b); public static Term Name => Am.Rem; public static bool Large => true; }
public unsafe struct DoAnd : IBinary { public static Term Do(Process* p, Term a, Term b) => Arithmetic.BitAnd(p, a, b); public static Term Name => Am.Band; }
public unsafe struct DoOr : IBinary { public static Term Do(Process* p, Term a, Term b) => Arithmetic.BitOr(p, a, b); public static Term Name => Am.Bor; }
public unsafe struct DoXor : IBinary { public static Term Do(Process* p, Term a, Term b) => Arithmetic.BitXor(p, a, b); public static Term Name => Am.Bxor; }
public unsafe struct DoShiftLeft : IBinary { public static Term Do(Process* p, Term a, Term b) => Arithmetic.ShiftLeft(p, a, b); public static Term Name => Am.Bsl; }
public unsafe struct DoShiftRight : IBinary { public static Term Do(Process* p, Term a, Term b) => Arithmetic.ShiftRight(p, a, b); public static Term Name => Am.Bsr; }

public static unsafe partial class Ops
{
    // Keeps the operands for the slow path: it has to be a method of four arguments to be reached by a jump.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Hold(Context* C, Term a, Term b, Term* target, long length)
    {
        C->Scratch[0] = a.Bits;
        C->Scratch[1] = b.Bits;
        C->Scratch[2] = (ulong)target;
        C->Scratch[3] = (ulong)length;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long BinarySlow<TDo>(ulong* I, Term* E, Term* H, Context* C) where TDo : struct, IBinary
    {
        Save(C, I, E, H);
        Process* p = C->Process;
        Term a = new(C->Scratch[0]), b = new(C->Scratch[1]);
        long length = (long)C->Scratch[3];
        Term* target = (Term*)C->Scratch[2];
        if (a.IsFloat && b.IsFloat)
        {
            double d = TDo.Floats(a.FloatValue, b.FloatValue);
            if (Finite(d))
            {
                return StoreAfterNative(I + length, E, C, target, Process.Float(p, d), ((ushort*)I)[7]);
            }
        }
        bool large = TDo.Large && a.IsBig && b.IsBig && LargeArithmetic.Is(p, a, b);
        Term r = large ? LargeArithmetic.Do(p, &TDo.Do, a, b) : TDo.Do(p, a, b);
        if (r.IsNone)
        {
            if (p->Fail == FailKind.Again) return Again(I, E, C, ((ushort*)I)[7]);
            long fail = (long)I[length - 1];
            if (fail != 0) return Next(I + fail, E, (Term*)p->Heap.Top, C);
            return Exceptions.RaiseOperator(I, E, C, TDo.Name, a, b);
        }
        return StoreAfterNative(I + length, E, C, target, r, ((ushort*)I)[7]);
    }

    public static long Add<TA, TB, TD>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, IOperand where TB : struct, IOperand where TD : struct, ITarget
    {
        Term a = TA.Get(I, E, C, 0, 2), b = TB.Get(I, E, C, 1, 2 + TA.Wide);
        if (Term.BothSmall(a, b))
        {
            long r = (long)a.Bits + ((long)b.Bits - (long)Term.SmallTag);
            if ((((long)a.Bits ^ r) & ((long)b.Bits ^ r)) >= 0)
            {
                TD.Set(I, E, C, 2, new Term((ulong)r));
                return Next(I + 3 + TA.Wide + TB.Wide, E, H, C);
            }
        }
        Hold(C, a, b, TD.Address(I, E, C, 2), 3 + TA.Wide + TB.Wide);
        return BinarySlow<DoAdd>(I, E, H, C);
    }

    public static long Subtract<TA, TB, TD>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, IOperand where TB : struct, IOperand where TD : struct, ITarget
    {
        Term a = TA.Get(I, E, C, 0, 2), b = TB.Get(I, E, C, 1, 2 + TA.Wide);
        if (Term.BothSmall(a, b))
        {
            long v = (long)b.Bits - (long)Term.SmallTag;
            long r = (long)a.Bits - v;
            if ((((long)a.Bits ^ v) & ((long)a.Bits ^ r)) >= 0)
            {
                TD.Set(I, E, C, 2, new Term((ulong)r));
                return Next(I + 3 + TA.Wide + TB.Wide, E, H, C);
            }
        }
        Hold(C, a, b, TD.Address(I, E, C, 2), 3 + TA.Wide + TB.Wide);
        return BinarySlow<DoSubtract>(I, E, H, C);
    }

    // A + constant: I[2] is the tagged constant less its tag (so a plain addition), I[3] fail label. slots 0: A, 1: unused, 2: D, 3: live
    public static long AddConstant<TA, TD>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, IOperand where TD : struct, ITarget
    {
        Term a = TA.Get(I, E, C, 0, 0);
        long v = (long)I[2];
        long r = (long)a.Bits + v;
        if (a.IsSmall && (((long)a.Bits ^ r) & (v ^ r)) >= 0)
        {
            TD.Set(I, E, C, 2, new Term((ulong)r));
            return Next(I + 4, E, H, C);
        }
        Hold(C, a, new Term((ulong)v + Term.SmallTag), TD.Address(I, E, C, 2), 4);
        return BinarySlow<DoAdd>(I, E, H, C);
    }

    // A - constant: as AddConstant with I[2] the constant's value bits
    public static long SubtractConstant<TA, TD>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, IOperand where TD : struct, ITarget
    {
        Term a = TA.Get(I, E, C, 0, 0);
        long v = (long)I[2];
        long r = (long)a.Bits - v;
        if (a.IsSmall && (((long)a.Bits ^ v) & ((long)a.Bits ^ r)) >= 0)
        {
            TD.Set(I, E, C, 2, new Term((ulong)r));
            return Next(I + 4, E, H, C);
        }
        Hold(C, a, new Term((ulong)v + Term.SmallTag), TD.Address(I, E, C, 2), 4);
        return BinarySlow<DoSubtract>(I, E, H, C);
    }

    public static long Multiply<TA, TB, TD>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, IOperand where TB : struct, IOperand where TD : struct, ITarget
    {
        Term a = TA.Get(I, E, C, 0, 2), b = TB.Get(I, E, C, 1, 2 + TA.Wide);
        // The usual case without a wide multiplication: both within 30 bits.
        if (Term.BothSmall(a, b))
        {
            long x = a.SmallValue, y = b.SmallValue;
            if (x == (int)x && y == (int)y)
            {
                long r = x * y;
                if (Term.FitsSmall(r))
                {
                    TD.Set(I, E, C, 2, Term.Small(r));
                    return Next(I + 3 + TA.Wide + TB.Wide, E, H, C);
                }
            }
        }
        Hold(C, a, b, TD.Address(I, E, C, 2), 3 + TA.Wide + TB.Wide);
        return BinarySlow<DoMultiply>(I, E, H, C);
    }

    public static long IntDivide<TA, TB, TD>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, IOperand where TB : struct, IOperand where TD : struct, ITarget
    {
        Term a = TA.Get(I, E, C, 0, 2), b = TB.Get(I, E, C, 1, 2 + TA.Wide);
        if (Term.BothSmall(a, b))
        {
            long y = b.SmallValue;
            // -1 could leave the small range; 0 is an error.
            if ((ulong)(y + 1) > 1)
            {
                TD.Set(I, E, C, 2, Term.Small(Quotient(a.SmallValue, y)));
                return Next(I + 3 + TA.Wide + TB.Wide, E, H, C);
            }
        }
        Hold(C, a, b, TD.Address(I, E, C, 2), 3 + TA.Wide + TB.Wide);
        return BinarySlow<DoIntDivide>(I, E, H, C);
    }

    public static long Remainder<TA, TB, TD>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, IOperand where TB : struct, IOperand where TD : struct, ITarget
    {
        Term a = TA.Get(I, E, C, 0, 2), b = TB.Get(I, E, C, 1, 2 + TA.Wide);
        if (Term.BothSmall(a, b))
        {
            long y = b.SmallValue;
            if ((ulong)(y + 1) > 1)
            {
                long x = a.SmallValue;
                TD.Set(I, E, C, 2, Term.Small(x - (Quotient(x, y) * y)));
                return Next(I + 3 + TA.Wide + TB.Wide, E, H, C);
            }
        }
        Hold(C, a, b, TD.Address(I, E, C, 2), 3 + TA.Wide + TB.Wide);
        return BinarySlow<DoRemainder>(I, E, H, C);
    }

    // A 32-bit division is several times faster than a 64-bit one on most cores.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Quotient(long x, long y)
    {
        if ((ulong)(x | y) <= uint.MaxValue) return (uint)x / (uint)y;
        return x / y;
    }

    public static long BitAnd<TA, TB, TD>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, IOperand where TB : struct, IOperand where TD : struct, ITarget
    {
        Term a = TA.Get(I, E, C, 0, 2), b = TB.Get(I, E, C, 1, 2 + TA.Wide);
        if (Term.BothSmall(a, b))
        {
            TD.Set(I, E, C, 2, new Term(a.Bits & b.Bits));
            return Next(I + 3 + TA.Wide + TB.Wide, E, H, C);
        }
        Hold(C, a, b, TD.Address(I, E, C, 2), 3 + TA.Wide + TB.Wide);
        return BinarySlow<DoAnd>(I, E, H, C);
    }

    public static long BitOr<TA, TB, TD>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, IOperand where TB : struct, IOperand where TD : struct, ITarget
    {
        Term a = TA.Get(I, E, C, 0, 2), b = TB.Get(I, E, C, 1, 2 + TA.Wide);
        if (Term.BothSmall(a, b))
        {
            TD.Set(I, E, C, 2, new Term(a.Bits | b.Bits));
            return Next(I + 3 + TA.Wide + TB.Wide, E, H, C);
        }
        Hold(C, a, b, TD.Address(I, E, C, 2), 3 + TA.Wide + TB.Wide);
        return BinarySlow<DoOr>(I, E, H, C);
    }

    public static long BitXor<TA, TB, TD>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, IOperand where TB : struct, IOperand where TD : struct, ITarget
    {
        Term a = TA.Get(I, E, C, 0, 2), b = TB.Get(I, E, C, 1, 2 + TA.Wide);
        if (Term.BothSmall(a, b))
        {
            TD.Set(I, E, C, 2, new Term((a.Bits ^ b.Bits) | Term.SmallTag));
            return Next(I + 3 + TA.Wide + TB.Wide, E, H, C);
        }
        Hold(C, a, b, TD.Address(I, E, C, 2), 3 + TA.Wide + TB.Wide);
        return BinarySlow<DoXor>(I, E, H, C);
    }

    public static long ShiftLeft<TA, TB, TD>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, IOperand where TB : struct, IOperand where TD : struct, ITarget
    {
        Term a = TA.Get(I, E, C, 0, 2), b = TB.Get(I, E, C, 1, 2 + TA.Wide);
        if (Term.BothSmall(a, b))
        {
            long x = a.SmallValue, n = b.SmallValue;
            if ((ulong)n < 59)
            {
                long r = x << (int)n;
                if (r >> (int)n == x && Term.FitsSmall(r))
                {
                    TD.Set(I, E, C, 2, Term.Small(r));
                    return Next(I + 3 + TA.Wide + TB.Wide, E, H, C);
                }
            }
        }
        Hold(C, a, b, TD.Address(I, E, C, 2), 3 + TA.Wide + TB.Wide);
        return BinarySlow<DoShiftLeft>(I, E, H, C);
    }

    public static long ShiftRight<TA, TB, TD>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, IOperand where TB : struct, IOperand where TD : struct, ITarget
    {
        Term a = TA.Get(I, E, C, 0, 2), b = TB.Get(I, E, C, 1, 2 + TA.Wide);
        if (Term.BothSmall(a, b))
        {
            long n = b.SmallValue;
            if (n >= 0)
            {
                TD.Set(I, E, C, 2, Term.Small(a.SmallValue >> (int)(n > 63 ? 63 : n)));
                return Next(I + 3 + TA.Wide + TB.Wide, E, H, C);
            }
        }
        Hold(C, a, b, TD.Address(I, E, C, 2), 3 + TA.Wide + TB.Wide);
        return BinarySlow<DoShiftRight>(I, E, H, C);
    }

    public static long Divide<TA, TB, TD>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, IOperand where TB : struct, IOperand where TD : struct, ITarget
    {
        Hold(C, TA.Get(I, E, C, 0, 2), TB.Get(I, E, C, 1, 2 + TA.Wide), TD.Address(I, E, C, 2), 3 + TA.Wide + TB.Wide);
        return BinarySlow<DoDivide>(I, E, H, C);
    }
}
