// The instructions of match programs. A program runs on registers:
//
//   r0           the object (Ets), or None (Trace)
//   r1           the address of what the head is matched against: of r0, or of the first argument
//   r2 …         as the clause needs them, in the order in which its parts are compiled: variables, addresses of the elements of nested tuples and lists
//                ("places"), then the temporaries of its expressions
//
// A place register and an offset together name one term of the object: address + offset, in words.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;

/// <summary>What an instruction does. A, B, C: its fields.</summary>
internal enum MatchOp
{
    /// <summary>Starts a clause: when it fails, go on at instruction C.</summary>
    Clause,
    /// <summary>After the last clause: no match.</summary>
    NoMatch,

    // -- heads. A: place (or new place), low half of C: place, high half of C: offset --

    /// <summary>Exactly B arguments.</summary>
    Arguments,
    /// <summary>At least B arguments.</summary>
    ArgumentsFrom,
    /// <summary>rA = the list of all arguments.</summary>
    BindArguments,
    /// <summary>A tuple of B elements: rA = address of the first.</summary>
    Tuple,
    /// <summary>A cons cell: rA = its address.</summary>
    List,
    /// <summary>A map of at least B keys: rA = the map.</summary>
    Map,
    /// <summary>Map rB has key C: rA = the value, r(A+1) = the address of rA.</summary>
    MapKey,
    /// <summary>The term at place A, offset B is the immediate C.</summary>
    Immediate,
    /// <summary>The term at place A, offset B =:= C.</summary>
    Constant,
    /// <summary>rC = the term at place A, offset B.</summary>
    Bind,
    /// <summary>rC =:= the term at place A, offset B.</summary>
    Same,

    // -- guards --

    /// <summary>From here on what is allocated is given up when the clause fails, and at GuardsEnd.</summary>
    Mark,
    GuardsEnd,
    /// <summary>rA is true.</summary>
    True,
    /// <summary>Compare rA with rB; the test is C (MatchTest).</summary>
    Less, AtMost, Greater, AtLeast, Equal, NotEqual, ExactEqual, ExactNotEqual,
    /// <summary>Compare rA with the term C.</summary>
    LessThan, AtMostThan, GreaterThan, AtLeastThan, EqualTo, NotEqualTo, ExactEqualTo, ExactNotEqualTo,
    /// <summary>rA has the type C (MatchType).</summary>
    HasType,

    // -- values --

    /// <summary>rA = the term C.</summary>
    Load,
    /// <summary>rA = a copy of the term C, which is the program's.</summary>
    LoadCopy,
    /// <summary>rA = rB.</summary>
    Move,
    /// <summary>rA = rB = a copy of rB.</summary>
    MoveCopy,
    /// <summary>rA = a copy of rA, which may be part of the object (CopyObject), or of the program or the object (CopyAny).</summary>
    CopyObject, CopyAny,
    /// <summary>rA = the list of all arguments.</summary>
    ArgumentList,
    /// <summary>rA = element C of the tuple rB.</summary>
    Element,
    /// <summary>rA = native C of rA, r(A+1), …</summary>
    Call,
    /// <summary>rA = {rC, …} of B elements.</summary>
    MakeTuple,
    /// <summary>rA = [rA, … | r(A+B)] of B elements.</summary>
    MakeList,
    /// <summary>rA = #{rA => r(A+1), …} of B pairs.</summary>
    MakeMap,
    /// <summary>rA = whether all (or any) of the B booleans from rA on are true.</summary>
    And, Or,
    /// <summary>rA is false (AndAlso) or true (OrElse): skip C instructions; else it must be the other boolean.</summary>
    AndAlso, OrElse,
    /// <summary>Skip C instructions.</summary>
    Jump,

    // -- bodies --

    /// <summary>From here on a failure gives 'EXIT' as the value of the expression.</summary>
    Body,
    /// <summary>The result is rA.</summary>
    Return,
    /// <summary>The result of the (trace) body is rA so far.</summary>
    SetResult,
    /// <summary>The trace body is done.</summary>
    Halt,
    /// <summary>Trace action B (MatchAction): rA = action(rA, r(A+1), …).</summary>
    Action,
}

/// <summary>One instruction.</summary>
internal struct MatchInstruction
{
    private uint code;
    public int B;
    public ulong C;

    public readonly MatchOp Op { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => (MatchOp)(byte)code; }

    /// <summary>24 bits.</summary>
    public readonly int A { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => (int)(code >> 8); }

    public static MatchInstruction Make(MatchOp op, int a, int b, ulong c) => new() { code = (uint)op | ((uint)a << 8), B = b, C = c };
}

/// <summary>Types that HasType tests.</summary>
internal enum MatchType
{
    None, Atom, Float, Integer, List, Number, Tuple, Map, Binary, Pid, Boolean,
}
