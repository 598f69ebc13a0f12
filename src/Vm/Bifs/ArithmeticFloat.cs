// Between integers and floats.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;

public static unsafe partial class Arithmetic
{
    /// <summary>2^53: from here on a double has no fraction.</summary>
    private const double NoFraction = 9007199254740992.0;

    /// <summary>float/1. badarg when a is no number or too large for a float.</summary>
    public static Term Float(Process* p, Term a)
    {
        if (a.IsFloat) return a;
        return ToDouble(a, out double d) ? Process.Float(p, d) : Process.Badarg(p);
    }

    /// <summary>trunc/1: towards zero. badarg when a is no number.</summary>
    public static Term Trunc(Process* p, Term a) => a.IsFloat ? FromDouble(p, a.FloatValue) : Integral(p, a);

    /// <summary>round/1: to the nearest, halves away from zero. badarg when a is no number.</summary>
    public static Term Round(Process* p, Term a)
    {
        if (!a.IsFloat) return Integral(p, a);
        double d = a.FloatValue;
        if (Math.Abs(d) < NoFraction)
        {
            // d - t is exact, so 0.49999999999999994 does not become 1.
            double t = Math.Truncate(d);
            if (Math.Abs(d - t) >= 0.5) t += d < 0 ? -1.0 : 1.0;
            d = t;
        }
        return FromDouble(p, d);
    }

    /// <summary>floor/1: the largest integer not above a. badarg when a is no number.</summary>
    public static Term Floor(Process* p, Term a) => a.IsFloat ? FromDouble(p, Math.Floor(a.FloatValue)) : Integral(p, a);

    /// <summary>ceil/1: the smallest integer not below a. badarg when a is no number.</summary>
    public static Term Ceil(Process* p, Term a) => a.IsFloat ? FromDouble(p, Math.Ceiling(a.FloatValue)) : Integral(p, a);

    /// <summary>The double nearest to a number, ties to even. False when it is no number or too large.</summary>
    public static bool ToDouble(Term t, out double value)
    {
        if (t.IsSmall)
        {
            value = t.SmallValue;
            return true;
        }
        if (t.IsFloat)
        {
            value = t.FloatValue;
            return true;
        }
        if (t.IsBig)
        {
            value = Digits.ToDouble(t.BigDigits, t.BigLength, out bool overflow);
            if (t.BigNegative) value = -value;
            return !overflow;
        }
        value = 0;
        return false;
    }

    /// <summary>The integer of a finite double without its fraction.</summary>
    public static Term FromDouble(Process* p, double value)
    {
        if (Math.Abs(value) < 576460752303423488.0) return Term.Small((long)value);
        ulong* digits = stackalloc ulong[Digits.MaxDoubleDigits];
        int n = Digits.FromDouble(value, digits);
        return Process.Integer(p, digits, n, value < 0);
    }

    /// <summary>A float term, or badarith when the value is none that Erlang has.</summary>
    public static Term FloatOrBadarith(Process* p, double value) => double.IsFinite(value) ? Process.Float(p, value) : Process.Badarith(p);

    private static bool BothDoubles(Term a, Term b, out double x, out double y)
    {
        y = 0;
        return ToDouble(a, out x) && ToDouble(b, out y);
    }

    private static Term Integral(Process* p, Term a) => a.IsInteger ? a : Process.Badarg(p);
}
