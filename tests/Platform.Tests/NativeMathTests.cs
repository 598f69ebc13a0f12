using Xunit;

namespace MyBeam.Platform.Tests;

public class NativeMathTests
{
    [Fact]
    public void FunctionsAreTheRightOnes()
    {
        const double X = 0.625;
        Assert.Equal(Math.Sin(X), NativeMath.Sin(X), 15);
        Assert.Equal(Math.Cos(X), NativeMath.Cos(X), 15);
        Assert.Equal(Math.Tan(X), NativeMath.Tan(X), 15);
        Assert.Equal(Math.Asin(X), NativeMath.Asin(X), 15);
        Assert.Equal(Math.Acos(X), NativeMath.Acos(X), 15);
        Assert.Equal(Math.Atan(X), NativeMath.Atan(X), 15);
        Assert.Equal(Math.Sinh(X), NativeMath.Sinh(X), 15);
        Assert.Equal(Math.Cosh(X), NativeMath.Cosh(X), 15);
        Assert.Equal(Math.Tanh(X), NativeMath.Tanh(X), 15);
        Assert.Equal(Math.Asinh(X), NativeMath.Asinh(X), 15);
        Assert.Equal(Math.Acosh(1 + X), NativeMath.Acosh(1 + X), 15);
        Assert.Equal(Math.Atanh(X), NativeMath.Atanh(X), 15);
        Assert.Equal(Math.Exp(X), NativeMath.Exp(X), 15);
        Assert.Equal(Math.Log(X), NativeMath.Log(X), 15);
        Assert.Equal(Math.Log2(X), NativeMath.Log2(X), 15);
        Assert.Equal(Math.Log10(X), NativeMath.Log10(X), 15);
        Assert.Equal(Math.Sqrt(X), NativeMath.Sqrt(X));
        Assert.Equal(Math.Atan2(X, -2), NativeMath.Atan2(X, -2), 15);
        Assert.Equal(Math.Pow(X, 3.5), NativeMath.Pow(X, 3.5), 15);
        Assert.Equal(-1.5, NativeMath.Fmod(-5.5, 2));
        Assert.Equal(0.8427007929497149, NativeMath.Erf(1), 15);
        Assert.Equal(1 - 0.8427007929497149, NativeMath.Erfc(1), 15);
        Assert.Equal((-2.0, -1.0, -1.0, -2.0), (NativeMath.Floor(-1.5), NativeMath.Ceil(-1.5), NativeMath.Trunc(-1.5), NativeMath.Round(-1.5)));
    }

    [Fact]
    public void WhatHasNoValueIsNotANumberOrInfinite()
    {
        Assert.True(double.IsNaN(NativeMath.Log(-1)));
        Assert.True(double.IsNaN(NativeMath.Sqrt(-1)));
        Assert.True(double.IsNaN(NativeMath.Fmod(1, 0)));
        Assert.Equal(double.NegativeInfinity, NativeMath.Log(0));
        Assert.Equal(double.PositiveInfinity, NativeMath.Exp(1000));
    }
}
