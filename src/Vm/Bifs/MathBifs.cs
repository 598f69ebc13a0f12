// Module math: the C library's functions on numbers. No argument that is a number is refused by itself: what has no finite result is badarith; what is no
// number is badarg, and an integer too large for a float is badarith.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Natives of module math.</summary>
public static unsafe class MathBifs
{
    [Bif("math:sin/1")]
    public static Term Sin(Process* p, Term* a) => Number(p, a[0], out double x) ? Result(p, NativeMath.Sin(x)) : Term.None;

    [Bif("math:cos/1")]
    public static Term Cos(Process* p, Term* a) => Number(p, a[0], out double x) ? Result(p, NativeMath.Cos(x)) : Term.None;

    [Bif("math:tan/1")]
    public static Term Tan(Process* p, Term* a) => Number(p, a[0], out double x) ? Result(p, NativeMath.Tan(x)) : Term.None;

    [Bif("math:asin/1")]
    public static Term Asin(Process* p, Term* a) => Number(p, a[0], out double x) ? Result(p, NativeMath.Asin(x)) : Term.None;

    [Bif("math:acos/1")]
    public static Term Acos(Process* p, Term* a) => Number(p, a[0], out double x) ? Result(p, NativeMath.Acos(x)) : Term.None;

    [Bif("math:atan/1")]
    public static Term Atan(Process* p, Term* a) => Number(p, a[0], out double x) ? Result(p, NativeMath.Atan(x)) : Term.None;

    [Bif("math:sinh/1")]
    public static Term Sinh(Process* p, Term* a) => Number(p, a[0], out double x) ? Result(p, NativeMath.Sinh(x)) : Term.None;

    [Bif("math:cosh/1")]
    public static Term Cosh(Process* p, Term* a) => Number(p, a[0], out double x) ? Result(p, NativeMath.Cosh(x)) : Term.None;

    [Bif("math:tanh/1")]
    public static Term Tanh(Process* p, Term* a) => Number(p, a[0], out double x) ? Result(p, NativeMath.Tanh(x)) : Term.None;

    [Bif("math:asinh/1")]
    public static Term Asinh(Process* p, Term* a) => Number(p, a[0], out double x) ? Result(p, NativeMath.Asinh(x)) : Term.None;

    [Bif("math:acosh/1")]
    public static Term Acosh(Process* p, Term* a) => Number(p, a[0], out double x) ? Result(p, NativeMath.Acosh(x)) : Term.None;

    [Bif("math:atanh/1")]
    public static Term Atanh(Process* p, Term* a) => Number(p, a[0], out double x) ? Result(p, NativeMath.Atanh(x)) : Term.None;

    [Bif("math:exp/1")]
    public static Term Exp(Process* p, Term* a) => Number(p, a[0], out double x) ? Result(p, NativeMath.Exp(x)) : Term.None;

    [Bif("math:log/1")]
    public static Term Log(Process* p, Term* a) => Number(p, a[0], out double x) ? Result(p, NativeMath.Log(x)) : Term.None;

    [Bif("math:log2/1")]
    public static Term Log2(Process* p, Term* a) => Number(p, a[0], out double x) ? Result(p, NativeMath.Log2(x)) : Term.None;

    [Bif("math:log10/1")]
    public static Term Log10(Process* p, Term* a) => Number(p, a[0], out double x) ? Result(p, NativeMath.Log10(x)) : Term.None;

    [Bif("math:sqrt/1")]
    public static Term Sqrt(Process* p, Term* a) => Number(p, a[0], out double x) ? Result(p, NativeMath.Sqrt(x)) : Term.None;

    [Bif("math:erf/1")]
    public static Term Erf(Process* p, Term* a) => Number(p, a[0], out double x) ? Result(p, NativeMath.Erf(x)) : Term.None;

    [Bif("math:erfc/1")]
    public static Term Erfc(Process* p, Term* a) => Number(p, a[0], out double x) ? Result(p, NativeMath.Erfc(x)) : Term.None;

    /// <summary>A float, unlike erlang:floor/1.</summary>
    [Bif("math:floor/1")]
    public static Term Floor(Process* p, Term* a) => Number(p, a[0], out double x) ? Result(p, NativeMath.Floor(x)) : Term.None;

    /// <summary>A float, unlike erlang:ceil/1.</summary>
    [Bif("math:ceil/1")]
    public static Term Ceil(Process* p, Term* a) => Number(p, a[0], out double x) ? Result(p, NativeMath.Ceil(x)) : Term.None;

    [Bif("math:atan2/2")]
    public static Term Atan2(Process* p, Term* a) =>
        Number(p, a[0], out double y) && Number(p, a[1], out double x) ? Result(p, NativeMath.Atan2(y, x)) : Term.None;

    [Bif("math:pow/2")]
    public static Term Pow(Process* p, Term* a) =>
        Number(p, a[0], out double x) && Number(p, a[1], out double y) ? Result(p, NativeMath.Pow(x, y)) : Term.None;

    [Bif("math:fmod/2")]
    public static Term Fmod(Process* p, Term* a) =>
        Number(p, a[0], out double x) && Number(p, a[1], out double y) ? Result(p, NativeMath.Fmod(x, y)) : Term.None;

    private static Term Result(Process* p, double value) => Arithmetic.FloatOrBadarith(p, value);

    private static bool Number(Process* p, Term t, out double value)
    {
        if (Arithmetic.ToDouble(t, out value)) return true;
        if (t.IsInteger) Process.Badarith(p);
        else Process.Badarg(p);
        return false;
    }
}
