// Operands that rules make themselves.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Makers of operands for the emitter. (The struct itself is in GenericCode.cs.)</summary>
public static class Arg
{
    public static GenericArg Unsigned(long value) => new() { Kind = ArgKind.U, Value = value };

    public static GenericArg Small(long value) => new() { Kind = ArgKind.I, Value = value };

    public static GenericArg X(long n) => new() { Kind = ArgKind.X, Value = n };

    public static GenericArg Constant(Term t) => new() { Kind = ArgKind.A, Value = (long)t.Bits };

    public static GenericArg Label(long n) => new() { Kind = ArgKind.F, Value = n };
}
