// Float registers.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;

public static unsafe partial class Ops
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ref double FloatRegister(ulong* I, Context* C, int slot) => ref *(double*)((byte*)C + ((ushort*)I)[slot + 4]);

    // The exponent is not all ones. Spelled out: handlers must not call anything on their fast path.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool Finite(double d) => (System.BitConverter.DoubleToInt64Bits(d) & 0x7FF0_0000_0000_0000) != 0x7FF0_0000_0000_0000;

    // fmove term -> register: slots 0: S, 1: fr
    public static long FloatLoad<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        FloatRegister(I, C, 1) = TS.Get(I, E, C, 0, 2).FloatValue;
        return Next(I + 2 + TS.Wide, E, H, C);
    }

    // fmove register -> term: slots 0: fr, 1: D
    public static long FloatStore<TD>(ulong* I, Term* E, Term* H, Context* C) where TD : struct, ITarget
    {
        H[0] = new Term(Header.Make(Header.Float, 1));
        *(double*)(H + 1) = FloatRegister(I, C, 0);
        TD.Set(I, E, C, 1, Term.Boxed(H));
        return Next(I + 2, E, H + 2, C);
    }

    // fmove register -> register
    public static long FloatMove(ulong* I, Term* E, Term* H, Context* C)
    {
        FloatRegister(I, C, 1) = FloatRegister(I, C, 0);
        return Next(I + 2, E, H, C);
    }

    // fconv: slots 0: S, 1: fr
    public static long FloatConvert<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        Term s = TS.Get(I, E, C, 0, 2);
        if (s.IsSmall)
        {
            FloatRegister(I, C, 1) = s.SmallValue;
            return Next(I + 2 + TS.Wide, E, H, C);
        }
        if (s.IsFloat)
        {
            FloatRegister(I, C, 1) = s.FloatValue;
            return Next(I + 2 + TS.Wide, E, H, C);
        }
        Hold(C, s, Term.Nil, (Term*)((byte*)C + ((ushort*)I)[5]), 2 + TS.Wide);
        return FloatConvertSlow(I, E, H, C);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long FloatConvertSlow(ulong* I, Term* E, Term* H, Context* C)
    {
        Save(C, I, E, H);
        if (BigToFloatRegister(C)) return Next(I + (long)C->Scratch[3], E, H, C);
        Process.Badarith(C->Process);
        return Exceptions.Handle(I, E, H, C);
    }

    // A method of its own: a handler with an address taken makes no tail calls.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool BigToFloatRegister(Context* C)
    {
        Term s = new(C->Scratch[0]);
        return s.IsBig && Arithmetic.ToDouble(s, out *(double*)C->Scratch[2]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long FloatError(ulong* I, Term* E, Term* H, Context* C)
    {
        Save(C, I, E, H);
        Process.Badarith(C->Process);
        return Exceptions.Handle(I, E, H, C);
    }

    // fadd, fsub, fmul, fdiv: slots 0: A, 1: B, 2: D
    public static long FloatAdd(ulong* I, Term* E, Term* H, Context* C)
    {
        double r = FloatRegister(I, C, 0) + FloatRegister(I, C, 1);
        if (!Finite(r)) return FloatError(I, E, H, C);
        FloatRegister(I, C, 2) = r;
        return Next(I + 2, E, H, C);
    }

    public static long FloatSubtract(ulong* I, Term* E, Term* H, Context* C)
    {
        double r = FloatRegister(I, C, 0) - FloatRegister(I, C, 1);
        if (!Finite(r)) return FloatError(I, E, H, C);
        FloatRegister(I, C, 2) = r;
        return Next(I + 2, E, H, C);
    }

    public static long FloatMultiply(ulong* I, Term* E, Term* H, Context* C)
    {
        double r = FloatRegister(I, C, 0) * FloatRegister(I, C, 1);
        if (!Finite(r)) return FloatError(I, E, H, C);
        FloatRegister(I, C, 2) = r;
        return Next(I + 2, E, H, C);
    }

    public static long FloatDivide(ulong* I, Term* E, Term* H, Context* C)
    {
        double r = FloatRegister(I, C, 0) / FloatRegister(I, C, 1);
        if (!Finite(r)) return FloatError(I, E, H, C);
        FloatRegister(I, C, 2) = r;
        return Next(I + 2, E, H, C);
    }

    // fnegate: slots 0: S, 1: D
    public static long FloatNegate(ulong* I, Term* E, Term* H, Context* C)
    {
        FloatRegister(I, C, 1) = -FloatRegister(I, C, 0);
        return Next(I + 2, E, H, C);
    }
}
