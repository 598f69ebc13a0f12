// Mathematical functions by the C library's libm, as OTP calls them, so that the last bit agrees with OTP on the same system.
using System.Runtime.InteropServices;

namespace MyBeam.Platform;

/// <summary>
/// Functions on doubles. None fails: what has no value gives NaN or an infinity, which the BIFs of math turn into badarith. The names of the
/// functions are C's on every system; a port where they live in another library changes that library's name in its build.
/// </summary>
public static class NativeMath
{
    private const string Library = "libm";

    /// <summary>Sine.</summary>
    public static double Sin(double x) => sin(x);

    /// <summary>Cosine.</summary>
    public static double Cos(double x) => cos(x);

    /// <summary>Tangent.</summary>
    public static double Tan(double x) => tan(x);

    /// <summary>Arc sine.</summary>
    public static double Asin(double x) => asin(x);

    /// <summary>Arc cosine.</summary>
    public static double Acos(double x) => acos(x);

    /// <summary>Arc tangent.</summary>
    public static double Atan(double x) => atan(x);

    /// <summary>Hyperbolic sine.</summary>
    public static double Sinh(double x) => sinh(x);

    /// <summary>Hyperbolic cosine.</summary>
    public static double Cosh(double x) => cosh(x);

    /// <summary>Hyperbolic tangent.</summary>
    public static double Tanh(double x) => tanh(x);

    /// <summary>Inverse hyperbolic sine.</summary>
    public static double Asinh(double x) => asinh(x);

    /// <summary>Inverse hyperbolic cosine.</summary>
    public static double Acosh(double x) => acosh(x);

    /// <summary>Inverse hyperbolic tangent.</summary>
    public static double Atanh(double x) => atanh(x);

    /// <summary>e to the power of x.</summary>
    public static double Exp(double x) => exp(x);

    /// <summary>Natural logarithm.</summary>
    public static double Log(double x) => log(x);

    /// <summary>Logarithm to base 2.</summary>
    public static double Log2(double x) => log2(x);

    /// <summary>Logarithm to base 10.</summary>
    public static double Log10(double x) => log10(x);

    /// <summary>Square root.</summary>
    public static double Sqrt(double x) => sqrt(x);

    /// <summary>Error function.</summary>
    public static double Erf(double x) => erf(x);

    /// <summary>Complementary error function.</summary>
    public static double Erfc(double x) => erfc(x);

    /// <summary>The largest integer not above x.</summary>
    public static double Floor(double x) => floor(x);

    /// <summary>The smallest integer not below x.</summary>
    public static double Ceil(double x) => ceil(x);

    /// <summary>The integer towards zero.</summary>
    public static double Trunc(double x) => trunc(x);

    /// <summary>The nearest integer, halves away from zero (erlang:round/1).</summary>
    public static double Round(double x) => round(x);

    /// <summary>Angle of the point (x, y).</summary>
    public static double Atan2(double y, double x) => atan2(y, x);

    /// <summary>x to the power of y.</summary>
    public static double Pow(double x, double y) => pow(x, y);

    /// <summary>Remainder of x / y with the sign of x.</summary>
    public static double Fmod(double x, double y) => fmod(x, y);

    [DllImport(Library), SuppressGCTransition]
    private static extern double sin(double x);

    [DllImport(Library), SuppressGCTransition]
    private static extern double cos(double x);

    [DllImport(Library), SuppressGCTransition]
    private static extern double tan(double x);

    [DllImport(Library), SuppressGCTransition]
    private static extern double asin(double x);

    [DllImport(Library), SuppressGCTransition]
    private static extern double acos(double x);

    [DllImport(Library), SuppressGCTransition]
    private static extern double atan(double x);

    [DllImport(Library), SuppressGCTransition]
    private static extern double sinh(double x);

    [DllImport(Library), SuppressGCTransition]
    private static extern double cosh(double x);

    [DllImport(Library), SuppressGCTransition]
    private static extern double tanh(double x);

    [DllImport(Library), SuppressGCTransition]
    private static extern double asinh(double x);

    [DllImport(Library), SuppressGCTransition]
    private static extern double acosh(double x);

    [DllImport(Library), SuppressGCTransition]
    private static extern double atanh(double x);

    [DllImport(Library), SuppressGCTransition]
    private static extern double exp(double x);

    [DllImport(Library), SuppressGCTransition]
    private static extern double log(double x);

    [DllImport(Library), SuppressGCTransition]
    private static extern double log2(double x);

    [DllImport(Library), SuppressGCTransition]
    private static extern double log10(double x);

    [DllImport(Library), SuppressGCTransition]
    private static extern double sqrt(double x);

    [DllImport(Library), SuppressGCTransition]
    private static extern double erf(double x);

    [DllImport(Library), SuppressGCTransition]
    private static extern double erfc(double x);

    [DllImport(Library), SuppressGCTransition]
    private static extern double floor(double x);

    [DllImport(Library), SuppressGCTransition]
    private static extern double ceil(double x);

    [DllImport(Library), SuppressGCTransition]
    private static extern double trunc(double x);

    [DllImport(Library), SuppressGCTransition]
    private static extern double round(double x);

    [DllImport(Library), SuppressGCTransition]
    private static extern double atan2(double y, double x);

    [DllImport(Library), SuppressGCTransition]
    private static extern double pow(double x, double y);

    [DllImport(Library), SuppressGCTransition]
    private static extern double fmod(double x, double y);
}
