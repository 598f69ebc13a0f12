// Erlang's arithmetic over the whole number tower: smalls, bignums, floats. The interpreter's instructions take two smalls themselves and come here
// for everything else; the BIFs of the operators (ErlangOperatorBifs) come here always.
//
// Every operation returns a normalised term, or Term.None with badarith (system_limit for integers that are too large) recorded in the process. Results
// are made straight on the heap with the most words they can need, and the rest is given back.
//
// The other parts: ArithmeticBits (band, bor, bxor, bnot, bsl, bsr), ArithmeticFloat (conversions between integers and floats).
namespace MyBeam.Vm;

using System;
using System.Runtime.CompilerServices;
using MyBeam.Memory;

/// <summary>Arithmetic on terms.</summary>
public static unsafe partial class Arithmetic
{
    /// <summary>Most digits of an integer (OTP: BIG_ARITY_MAX, 4194240 bits); larger ones are system_limit.</summary>
    public const int MaxDigits = 65535;

    /// <summary>Digits that cost one reduction (OTP: ERTS_ARITH_WORDS_PER_REDUCTION).</summary>
    private const long DigitsPerReduction = 16;

    /// <summary>No single operation is charged more than a whole time slice.</summary>
    private const long MaxReductions = 4000;

    /// <summary>The largest integer (system_info(max_integer)), made on the heap. None: memory is out.</summary>
    public static Term Largest(Process* p)
    {
        ulong* box = Process.Alloc(p, MaxDigits + 1);
        if (box == null) return Term.None;
        box[0] = Header.Make(Header.PositiveBig, MaxDigits);
        new Span<ulong>(box + 1, MaxDigits).Fill(ulong.MaxValue);
        return Term.Boxed(box);
    }

    /// <summary>a + b.</summary>
    public static Term Add(Process* p, Term a, Term b)
    {
        if (Term.BothSmall(a, b)) return Process.Integer(p, a.SmallValue + b.SmallValue);
        if (a.IsInteger && b.IsInteger) return AddIntegers(p, a, b, false);
        return BothDoubles(a, b, out double x, out double y) ? FloatOrBadarith(p, x + y) : Process.Badarith(p);
    }

    /// <summary>a - b.</summary>
    public static Term Subtract(Process* p, Term a, Term b)
    {
        if (Term.BothSmall(a, b)) return Process.Integer(p, a.SmallValue - b.SmallValue);
        if (a.IsInteger && b.IsInteger) return AddIntegers(p, a, b, true);
        return BothDoubles(a, b, out double x, out double y) ? FloatOrBadarith(p, x - y) : Process.Badarith(p);
    }

    /// <summary>a * b.</summary>
    public static Term Multiply(Process* p, Term a, Term b)
    {
        if (Term.BothSmall(a, b)) return MultiplySmalls(p, a.SmallValue, b.SmallValue);
        if (a.IsInteger && b.IsInteger) return MultiplyIntegers(p, a, b);
        return BothDoubles(a, b, out double x, out double y) ? FloatOrBadarith(p, x * y) : Process.Badarith(p);
    }

    /// <summary>a / b: always a float. badarith when an integer is too large for a float, as when b is zero.</summary>
    public static Term Divide(Process* p, Term a, Term b)
    {
        if (!BothDoubles(a, b, out double x, out double y)) return Process.Badarith(p);
        return FloatOrBadarith(p, x / y);
    }

    /// <summary>a div b: rounds towards zero.</summary>
    public static Term IntDivide(Process* p, Term a, Term b)
    {
        if (Term.BothSmall(a, b))
        {
            // The quotient of two smalls is never Int64.MinValue / -1: smalls have 60 bits.
            if (b.SmallValue == 0) return Process.Badarith(p);
            return Process.Integer(p, a.SmallValue / b.SmallValue);
        }
        ulong roomA, roomB;
        if (!Open(a, &roomA, out ulong* x, out int nx, out bool negativeX) || !Open(b, &roomB, out ulong* y, out int ny, out bool negativeY) || ny == 0)
            return Process.Badarith(p);
        if (Digits.Compare(x, nx, y, ny) < 0) return Term.Small(0);
        long words = nx - ny + 2;
        ulong* box = Process.Alloc(p, words);
        if (box == null) return Process.SystemLimit(p);
        ChargeProduct(p, nx - ny + 1, ny);
        Digits.DivRem(x, nx, y, ny, box + 1, null, out int n, out _);
        return Finish(p, box, words, n, negativeX != negativeY);
    }

    /// <summary>a rem b: has the sign of a.</summary>
    public static Term Remainder(Process* p, Term a, Term b)
    {
        if (Term.BothSmall(a, b))
        {
            if (b.SmallValue == 0) return Process.Badarith(p);
            return Term.Small(a.SmallValue % b.SmallValue);
        }
        ulong roomA, roomB;
        if (!Open(a, &roomA, out ulong* x, out int nx, out bool negative) || !Open(b, &roomB, out ulong* y, out int ny, out _) || ny == 0)
            return Process.Badarith(p);
        if (Digits.Compare(x, nx, y, ny) < 0) return a;
        long words = ny + 1;
        ulong* box = Process.Alloc(p, words);
        if (box == null) return Process.SystemLimit(p);
        ChargeProduct(p, nx - ny + 1, ny);
        Digits.DivRem(x, nx, y, ny, null, box + 1, out _, out int n);
        return Finish(p, box, words, n, negative);
    }

    /// <summary>-a.</summary>
    public static Term Negate(Process* p, Term a)
    {
        if (a.IsSmall) return Process.Integer(p, -a.SmallValue);
        if (a.IsBig)
        {
            ChargeLinear(p, a.BigLength);
            return Process.Integer(p, a.BigDigits, a.BigLength, !a.BigNegative);
        }
        return a.IsFloat ? Process.Float(p, -a.FloatValue) : Process.Badarith(p);
    }

    /// <summary>+a: the number itself.</summary>
    public static Term Plus(Process* p, Term a) => a.IsNumber ? a : Process.Badarith(p);

    /// <summary>abs/1. badarg when a is no number.</summary>
    public static Term Abs(Process* p, Term a)
    {
        if (a.IsSmall) return a.SmallValue >= 0 ? a : Process.Integer(p, -a.SmallValue);
        if (a.IsBig) return a.BigNegative ? Process.Integer(p, a.BigDigits, a.BigLength, false) : a;
        return a.IsFloat ? Process.Float(p, Math.Abs(a.FloatValue)) : Process.Badarg(p);
    }

    // -- integers of any size --

    /// <summary>
    /// Sign and magnitude of an integer term; false when it is none. A small's one digit is put into <paramref name="room"/>, which the caller keeps
    /// alive as long as the digits. Zero has no digits.
    /// </summary>
    public static bool Open(Term t, ulong* room, out ulong* digits, out int count, out bool negative)
    {
        if (t.IsSmall)
        {
            long value = t.SmallValue;
            negative = value < 0;
            *room = negative ? 0UL - (ulong)value : (ulong)value;
            digits = room;
            count = value == 0 ? 0 : 1;
            return true;
        }
        if (t.IsBig)
        {
            digits = t.BigDigits;
            count = t.BigLength;
            negative = t.BigNegative;
            return true;
        }
        digits = null;
        count = 0;
        negative = false;
        return false;
    }

    /// <summary>The value of an integer term that fits 64 bits signed.</summary>
    public static bool TryLong(Term t, out long value)
    {
        if (t.IsSmall)
        {
            value = t.SmallValue;
            return true;
        }
        value = 0;
        if (!t.IsBig || t.BigLength != 1) return false;
        ulong digit = *t.BigDigits;
        if (digit > (ulong)long.MaxValue + (t.BigNegative ? 1UL : 0UL)) return false;
        value = t.BigNegative ? (long)(0UL - digit) : (long)digit;
        return true;
    }

    /// <summary>The value of an integer term that fits 64 bits unsigned.</summary>
    public static bool TryUnsigned(Term t, out ulong value)
    {
        value = 0;
        if (t.IsSmall)
        {
            value = (ulong)t.SmallValue;
            return t.SmallValue >= 0;
        }
        if (!t.IsBig || t.BigLength != 1 || t.BigNegative) return false;
        value = *t.BigDigits;
        return true;
    }

    private static Term AddIntegers(Process* p, Term a, Term b, bool subtract)
    {
        ulong roomA, roomB;
        Open(a, &roomA, out ulong* x, out int nx, out bool negativeX);
        Open(b, &roomB, out ulong* y, out int ny, out bool negativeY);
        long words = Math.Max(nx, ny) + 2;
        ulong* box = Process.Alloc(p, words);
        if (box == null) return Process.SystemLimit(p);
        ChargeLinear(p, words);
        int n = Digits.AddSigned(x, nx, negativeX, y, ny, negativeY != subtract, box + 1, out bool negative);
        return Finish(p, box, words, n, negative);
    }

    private static Term MultiplySmalls(Process* p, long a, long b)
    {
        ulong x = a < 0 ? 0UL - (ulong)a : (ulong)a, y = b < 0 ? 0UL - (ulong)b : (ulong)b;
        ulong high = Math.BigMul(x, y, out ulong low);
        bool negative = (a ^ b) < 0;
        if (high == 0)
        {
            if (low <= (ulong)Term.MaxSmall) return Term.Small(negative ? -(long)low : (long)low);
            return Process.Integer(p, &low, 1, negative);
        }
        ulong* box = Process.Alloc(p, 3);
        if (box == null) return Process.SystemLimit(p);
        box[0] = Header.Make(negative ? Header.NegativeBig : Header.PositiveBig, 2);
        box[1] = low;
        box[2] = high;
        return Term.Boxed(box);
    }

    private static Term MultiplyIntegers(Process* p, Term a, Term b)
    {
        ulong roomA, roomB;
        Open(a, &roomA, out ulong* x, out int nx, out bool negativeX);
        Open(b, &roomB, out ulong* y, out int ny, out bool negativeY);
        if (nx == 0 || ny == 0) return Term.Small(0);
        // The product has nx + ny or one digit less.
        if (nx + ny - 1 > MaxDigits) return Process.SystemLimit(p);
        long words = nx + ny + 1;
        ulong* box = Process.Alloc(p, words);
        if (box == null) return Process.SystemLimit(p);
        ChargeProduct(p, nx, ny);
        int n;
        if (ny == 1) n = Digits.MulSmall(x, nx, *y, box + 1);
        else if (nx == 1) n = Digits.MulSmall(y, ny, *x, box + 1);
        else if (x == y) n = Digits.Square(x, nx, box + 1);
        else n = Digits.Mul(x, nx, y, ny, box + 1);
        return Finish(p, box, words, n, negativeX != negativeY);
    }

    /// <summary>
    /// The integer whose <paramref name="count"/> normalised digits stand at box + 1, in the <paramref name="words"/> words just allocated at box.
    /// Gives back what is not needed.
    /// </summary>
    private static Term Finish(Process* p, ulong* box, long words, int count, bool negative)
    {
        if (count <= 1)
        {
            ulong digit = count == 0 ? 0 : box[1];
            if (digit <= (ulong)Term.MaxSmall + (negative ? 1UL : 0UL))
            {
                Heap.Release(&p->Heap, box, box + words);
                return Term.Small(negative ? -(long)digit : (long)digit);
            }
        }
        if (count > MaxDigits)
        {
            Heap.Release(&p->Heap, box, box + words);
            return Process.SystemLimit(p);
        }
        box[0] = Header.Make(negative ? Header.NegativeBig : Header.PositiveBig, count);
        Heap.Release(&p->Heap, box + count + 1, box + words);
        return Term.Boxed(box);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ChargeLinear(Process* p, long digits)
    {
        if (digits >= DigitsPerReduction) Process.Bump(p, Math.Min(digits / DigitsPerReduction, MaxReductions));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ChargeProduct(Process* p, long a, long b)
    {
        if (a * b >= DigitsPerReduction) Process.Bump(p, Math.Min(a * b / DigitsPerReduction, MaxReductions));
    }
}
