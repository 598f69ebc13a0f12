// The operators of the language as functions of module erlang (apply, match specifications, funs like fun erlang:'+'/2): arithmetic, comparison, logic.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Operators as natives. a[0], a[1]: the operands.</summary>
public static unsafe class ErlangOperatorBifs
{
    [Bif("erlang:+/1", BifKind.Guard)]
    public static Term Plus(Process* p, Term* a) => Arithmetic.Plus(p, a[0]);

    [Bif("erlang:-/1", BifKind.Guard)]
    public static Term Negate(Process* p, Term* a) => Arithmetic.Negate(p, a[0]);

    [Bif("erlang:+/2", BifKind.Guard)]
    public static Term Add(Process* p, Term* a) => Arithmetic.Add(p, a[0], a[1]);

    [Bif("erlang:-/2", BifKind.Guard)]
    public static Term Subtract(Process* p, Term* a) => Arithmetic.Subtract(p, a[0], a[1]);

    [Bif("erlang:*/2", BifKind.Guard)]
    public static Term Multiply(Process* p, Term* a) => Arithmetic.Multiply(p, a[0], a[1]);

    [Bif("erlang://2", BifKind.Guard)]
    public static Term Divide(Process* p, Term* a) => Arithmetic.Divide(p, a[0], a[1]);

    [Bif("erlang:div/2", BifKind.Guard)]
    public static Term IntDivide(Process* p, Term* a) => Arithmetic.IntDivide(p, a[0], a[1]);

    [Bif("erlang:rem/2", BifKind.Guard)]
    public static Term Remainder(Process* p, Term* a) => Arithmetic.Remainder(p, a[0], a[1]);

    [Bif("erlang:band/2", BifKind.Guard)]
    public static Term BitAnd(Process* p, Term* a) => Arithmetic.BitAnd(p, a[0], a[1]);

    [Bif("erlang:bor/2", BifKind.Guard)]
    public static Term BitOr(Process* p, Term* a) => Arithmetic.BitOr(p, a[0], a[1]);

    [Bif("erlang:bxor/2", BifKind.Guard)]
    public static Term BitXor(Process* p, Term* a) => Arithmetic.BitXor(p, a[0], a[1]);

    [Bif("erlang:bnot/1", BifKind.Guard)]
    public static Term BitNot(Process* p, Term* a) => Arithmetic.BitNot(p, a[0]);

    [Bif("erlang:bsl/2", BifKind.Guard)]
    public static Term ShiftLeft(Process* p, Term* a) => Arithmetic.ShiftLeft(p, a[0], a[1]);

    [Bif("erlang:bsr/2", BifKind.Guard)]
    public static Term ShiftRight(Process* p, Term* a) => Arithmetic.ShiftRight(p, a[0], a[1]);

    [Bif("erlang:abs/1", BifKind.Guard)]
    public static Term Abs(Process* p, Term* a) => Arithmetic.Abs(p, a[0]);

    [Bif("erlang:float/1", BifKind.Guard)]
    public static Term Float(Process* p, Term* a) => Arithmetic.Float(p, a[0]);

    [Bif("erlang:trunc/1", BifKind.Guard)]
    public static Term Trunc(Process* p, Term* a) => Arithmetic.Trunc(p, a[0]);

    [Bif("erlang:round/1", BifKind.Guard)]
    public static Term Round(Process* p, Term* a) => Arithmetic.Round(p, a[0]);

    [Bif("erlang:floor/1", BifKind.Guard)]
    public static Term Floor(Process* p, Term* a) => Arithmetic.Floor(p, a[0]);

    [Bif("erlang:ceil/1", BifKind.Guard)]
    public static Term Ceil(Process* p, Term* a) => Arithmetic.Ceil(p, a[0]);

    [Bif("erlang:==/2", BifKind.Guard)]
    public static Term Equal(Process* p, Term* a) => Term.Bool(TermOrder.Equal(a[0], a[1]));

    [Bif("erlang:/=/2", BifKind.Guard)]
    public static Term NotEqual(Process* p, Term* a) => Term.Bool(!TermOrder.Equal(a[0], a[1]));

    [Bif("erlang:=:=/2", BifKind.Guard)]
    public static Term ExactEqual(Process* p, Term* a) => Term.Bool(TermEquality.Exact(a[0], a[1]));

    [Bif("erlang:=/=/2", BifKind.Guard)]
    public static Term ExactNotEqual(Process* p, Term* a) => Term.Bool(!TermEquality.Exact(a[0], a[1]));

    [Bif("erlang:</2", BifKind.Guard)]
    public static Term Less(Process* p, Term* a) => Term.Bool(TermOrder.Compare(a[0], a[1]) < 0);

    [Bif("erlang:=</2", BifKind.Guard)]
    public static Term AtMost(Process* p, Term* a) => Term.Bool(TermOrder.Compare(a[0], a[1]) <= 0);

    [Bif("erlang:>/2", BifKind.Guard)]
    public static Term Greater(Process* p, Term* a) => Term.Bool(TermOrder.Compare(a[0], a[1]) > 0);

    [Bif("erlang:>=/2", BifKind.Guard)]
    public static Term AtLeast(Process* p, Term* a) => Term.Bool(TermOrder.Compare(a[0], a[1]) >= 0);

    /// <summary>The first argument when the two are equal (==).</summary>
    [Bif("erlang:min/2", BifKind.Guard)]
    public static Term Min(Process* p, Term* a) => TermOrder.Compare(a[0], a[1]) > 0 ? a[1] : a[0];

    /// <summary>The first argument when the two are equal (==).</summary>
    [Bif("erlang:max/2", BifKind.Guard)]
    public static Term Max(Process* p, Term* a) => TermOrder.Compare(a[0], a[1]) < 0 ? a[1] : a[0];

    /// <summary>Integers by value only against integers, floats only against floats: the order of map keys.</summary>
    [Bif("erts_internal:cmp_term/2")]
    public static Term CompareExactly(Process* p, Term* a) => Term.Small(TermOrder.CompareKeys(a[0], a[1]));

    [Bif("erlang:and/2", BifKind.Guard)]
    public static Term And(Process* p, Term* a) =>
        a[0].IsBoolean && a[1].IsBoolean ? Term.Bool(a[0] == Am.True && a[1] == Am.True) : Process.Badarg(p);

    [Bif("erlang:or/2", BifKind.Guard)]
    public static Term Or(Process* p, Term* a) =>
        a[0].IsBoolean && a[1].IsBoolean ? Term.Bool(a[0] == Am.True || a[1] == Am.True) : Process.Badarg(p);

    [Bif("erlang:xor/2", BifKind.Guard)]
    public static Term Xor(Process* p, Term* a) =>
        a[0].IsBoolean && a[1].IsBoolean ? Term.Bool(a[0] != a[1]) : Process.Badarg(p);

    [Bif("erlang:not/1", BifKind.Guard)]
    public static Term Not(Process* p, Term* a) => a[0].IsBoolean ? Term.Bool(a[0] == Am.False) : Process.Badarg(p);
}
