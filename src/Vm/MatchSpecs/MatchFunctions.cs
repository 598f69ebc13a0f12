// The functions that guards and bodies may call by name: OTP's guard BIFs, which are the natives of module erlang.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>A function of a match specification.</summary>
internal unsafe struct MatchFunction
{
    public delegate*<Process*, Term*, Term> Native;
    /// <summary>The result may be, or be part of, an argument.</summary>
    public bool Aliases;
    /// <summary>The result is a new object that refers to an argument, which in a body must therefore be on the process's own heap.</summary>
    public bool OwnsArguments;
    /// <summary>The comparison it is (an instruction between Less and ExactNotEqual), or NoMatch.</summary>
    public MatchOp Comparison;
    /// <summary>The type test it is, or None.</summary>
    public MatchType Type;
    /// <summary>A trace action instead of a native.</summary>
    public bool IsAction;
    public MatchAction Action;
    /// <summary>Not allowed in guards, not allowed in Ets specifications.</summary>
    public bool BodyOnly, TraceOnly;

    /// <summary>The function of this name and number of arguments; false: there is none.</summary>
    public static bool Find(Term name, long arity, out MatchFunction f)
    {
        f = default;
        f.Comparison = MatchOp.NoMatch;
        switch (arity)
        {
            case 0: return Find0(name, ref f);
            case 1: return Test(name, ref f) || Inspect(name, ref f) || Compute1(name, ref f);
            case 2: return Compare(name, ref f) || Compute2(name, ref f) || Inspect2(name, ref f);
            case 3: return Find3(name, ref f);
            default: return false;
        }
    }

    private static bool Find0(Term name, ref MatchFunction f)
    {
        if (name == Am.Node) f.Native = &ErlangGuardBifs.Node;
        else if (name == Am.GetTcw) f.SetAction(MatchAction.GetTcw);
        else return false;
        return true;
    }

    private void SetAction(MatchAction action)
    {
        IsAction = true;
        Action = action;
        TraceOnly = true;
        BodyOnly = action != MatchAction.GetTcw;
    }

    private static bool Test(Term name, ref MatchFunction f)
    {
        if (name == Am.IsAtom) { f.Native = &ErlangGuardBifs.IsAtom; f.Type = MatchType.Atom; }
        else if (name == Am.IsInteger) { f.Native = &ErlangGuardBifs.IsInteger; f.Type = MatchType.Integer; }
        else if (name == Am.IsList) { f.Native = &ErlangGuardBifs.IsList; f.Type = MatchType.List; }
        else if (name == Am.IsTuple) { f.Native = &ErlangGuardBifs.IsTuple; f.Type = MatchType.Tuple; }
        else if (name == Am.IsPid) { f.Native = &ErlangGuardBifs.IsPid; f.Type = MatchType.Pid; }
        else if (name == Am.IsBinary) { f.Native = &ErlangGuardBifs.IsBinary; f.Type = MatchType.Binary; }
        else if (name == Am.IsMap) { f.Native = &ErlangGuardBifs.IsMap; f.Type = MatchType.Map; }
        else if (name == Am.IsNumber) { f.Native = &ErlangGuardBifs.IsNumber; f.Type = MatchType.Number; }
        else if (name == Am.IsFloat) { f.Native = &ErlangGuardBifs.IsFloat; f.Type = MatchType.Float; }
        else if (name == Am.IsBoolean) { f.Native = &ErlangGuardBifs.IsBoolean; f.Type = MatchType.Boolean; }
        else if (name == Am.IsBitstring) f.Native = &ErlangGuardBifs.IsBitstring;
        else if (name == Am.IsFunction) f.Native = &ErlangGuardBifs.IsFunction;
        else if (name == Am.IsPort) f.Native = &ErlangGuardBifs.IsPort;
        else if (name == Am.IsReference) f.Native = &ErlangGuardBifs.IsReference;
        else return false;
        return true;
    }

    // Of one argument, giving an immediate.
    private static bool Inspect(Term name, ref MatchFunction f)
    {
        if (name == Am.Length) f.Native = &ErlangGuardBifs.Length;
        else if (name == Am.Size) f.Native = &ErlangGuardBifs.Size;
        else if (name == Am.TupleSize) f.Native = &ErlangGuardBifs.TupleSize;
        else if (name == Am.ByteSize) f.Native = &ErlangGuardBifs.ByteSize;
        else if (name == Am.BitSize) f.Native = &ErlangGuardBifs.BitSize;
        else if (name == Am.MapSize) f.Native = &MapSize;
        else if (name == Am.Node) f.Native = &ErlangGuardBifs.NodeOf;
        else if (name == Am.Not) f.Native = &ErlangOperatorBifs.Not;
        else if (name == Am.SetTcw) f.SetAction(MatchAction.SetTcw);
        else return false;
        return true;
    }

    private static bool Compute1(Term name, ref MatchFunction f)
    {
        f.Aliases = true;
        if (name == Am.Hd) f.Native = &ErlangGuardBifs.Head;
        else if (name == Am.Tl) f.Native = &ErlangGuardBifs.Tail;
        else if (name == Am.Abs) f.Native = &ErlangOperatorBifs.Abs;
        else if (name == Am.Round) f.Native = &ErlangOperatorBifs.Round;
        else if (name == Am.Trunc) f.Native = &ErlangOperatorBifs.Trunc;
        else if (name == Am.Float) f.Native = &ErlangOperatorBifs.Float;
        else if (name == Am.Ceil) f.Native = &ErlangOperatorBifs.Ceil;
        else if (name == Am.Floor) f.Native = &ErlangOperatorBifs.Floor;
        else if (name == Am.Plus) f.Native = &ErlangOperatorBifs.Plus;
        else if (name == Am.Minus) f.Native = &ErlangOperatorBifs.Negate;
        else if (name == Am.Bnot) f.Native = &ErlangOperatorBifs.BitNot;
        else return false;
        return true;
    }

    private static bool Compare(Term name, ref MatchFunction f)
    {
        if (name == Am.Equal) { f.Native = &ErlangOperatorBifs.Equal; f.Comparison = MatchOp.Equal; }
        else if (name == Am.ExactEqual) { f.Native = &ErlangOperatorBifs.ExactEqual; f.Comparison = MatchOp.ExactEqual; }
        else if (name == Am.Less) { f.Native = &ErlangOperatorBifs.Less; f.Comparison = MatchOp.Less; }
        else if (name == Am.Greater) { f.Native = &ErlangOperatorBifs.Greater; f.Comparison = MatchOp.Greater; }
        else if (name == Am.AtMost) { f.Native = &ErlangOperatorBifs.AtMost; f.Comparison = MatchOp.AtMost; }
        else if (name == Am.AtLeast) { f.Native = &ErlangOperatorBifs.AtLeast; f.Comparison = MatchOp.AtLeast; }
        else if (name == Am.NotEqual) { f.Native = &ErlangOperatorBifs.NotEqual; f.Comparison = MatchOp.NotEqual; }
        else if (name == Am.ExactNotEqual) { f.Native = &ErlangOperatorBifs.ExactNotEqual; f.Comparison = MatchOp.ExactNotEqual; }
        else return false;
        return true;
    }

    private static bool Inspect2(Term name, ref MatchFunction f)
    {
        f.Aliases = false;
        if (name == Am.IsMapKey) f.Native = &IsMapKey;
        else if (name == Am.IsFunction) f.Native = &ErlangGuardBifs.IsFunctionOfArity;
        else if (name == Am.Xor) f.Native = &ErlangOperatorBifs.Xor;
        else return false;
        return true;
    }

    private static bool Compute2(Term name, ref MatchFunction f)
    {
        f.Aliases = true;
        if (name == Am.Element) f.Native = &ErlangGuardBifs.Element;
        else if (name == Am.Plus) f.Native = &ErlangOperatorBifs.Add;
        else if (name == Am.Minus) f.Native = &ErlangOperatorBifs.Subtract;
        else if (name == Am.Times) f.Native = &ErlangOperatorBifs.Multiply;
        else if (name == Am.Slash) f.Native = &ErlangOperatorBifs.Divide;
        else if (name == Am.Div) f.Native = &ErlangOperatorBifs.IntDivide;
        else if (name == Am.Rem) f.Native = &ErlangOperatorBifs.Remainder;
        else if (name == Am.Band) f.Native = &ErlangOperatorBifs.BitAnd;
        else if (name == Am.Bor) f.Native = &ErlangOperatorBifs.BitOr;
        else if (name == Am.Bxor) f.Native = &ErlangOperatorBifs.BitXor;
        else if (name == Am.Bsl) f.Native = &ErlangOperatorBifs.ShiftLeft;
        else if (name == Am.Bsr) f.Native = &ErlangOperatorBifs.ShiftRight;
        else if (name == Am.MapGet) f.Native = &MapGet;
        else if (name == Am.Max) f.Native = &ErlangOperatorBifs.Max;
        else if (name == Am.Min) f.Native = &ErlangOperatorBifs.Min;
        else if (name == Am.BinaryPart) { f.Native = &ErlangBinaryBifs.BinaryPart2; f.OwnsArguments = true; }
        else return false;
        return true;
    }

    private static bool Find3(Term name, ref MatchFunction f)
    {
        if (name == Am.IsRecord) f.Native = &ErlangGuardBifs.IsRecordOfSize;
        else if (name == Am.IsInteger) f.Native = &ErlangGuardBifs.IsIntegerBetween;
        else if (name == Am.BinaryPart) { f.Native = &ErlangBinaryBifs.BinaryPart3; f.OwnsArguments = true; }
        else return false;
        return true;
    }

    // The natives of maps name the culprit in their exceptions. Here nobody sees those, and a term that refers to an object of a table must not stay on
    // the heap.

    private static Term MapSize(Process* p, Term* a) => a[0].IsMap ? Term.Small(Maps.Size(a[0])) : Process.Badarg(p);

    private static Term MapGet(Process* p, Term* a)
    {
        Term value = a[1].IsMap ? Maps.Find(a[1], a[0]) : Term.None;
        return value.IsNone ? Process.Badarg(p) : value;
    }

    private static Term IsMapKey(Process* p, Term* a) => a[1].IsMap ? Term.Bool(!Maps.Find(a[1], a[0]).IsNone) : Process.Badarg(p);
}
