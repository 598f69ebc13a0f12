// Operand kinds of specific instructions as struct types. A handler that takes a register or a constant is generic over them: Move<K, Y> moves a constant to a y
// register. The compiler makes one specialised handler a combination that specific.tab lists, with the access inlined.
//
// Layout of an instruction, in words from I (the naming rule that all handlers follow):
//   I[0]   handler address (bit 1 set: a breakpoint is on it)
//   I[1]   packed operands: 16-bit slots 0..3 (slots 4..7 are in I[2], and so on); a label takes slots 2-3 of I[1] as a signed word offset from I
//   then   wide operands, one word each: constants (when the kind is K), absolute code addresses, export entries, natives
// A register operand is a byte offset from C (x) or E (y): its slot stays reserved, unused, when the operand is a constant.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;

/// <summary>An operand that can be read: slot is its packed slot, wide the index of its word when it is a constant.</summary>
public unsafe interface IOperand
{
    static abstract Term Get(ulong* I, Term* E, Context* C, int slot, int wide);

    /// <summary>Words the operand takes of its own: 1 for a constant.</summary>
    static abstract int Wide { get; }
}

/// <summary>An operand that can be written.</summary>
public unsafe interface ITarget : IOperand
{
    static abstract void Set(ulong* I, Term* E, Context* C, int slot, Term value);

    static abstract Term* Address(ulong* I, Term* E, Context* C, int slot);
}

/// <summary>x register.</summary>
public unsafe struct X : ITarget
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Term Get(ulong* I, Term* E, Context* C, int slot, int wide) => *(Term*)((byte*)C + ((ushort*)I)[slot + 4]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Set(ulong* I, Term* E, Context* C, int slot, Term value) => *(Term*)((byte*)C + ((ushort*)I)[slot + 4]) = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Term* Address(ulong* I, Term* E, Context* C, int slot) => (Term*)((byte*)C + ((ushort*)I)[slot + 4]);

    public static int Wide { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 0; }
}

/// <summary>y register: a slot of the current stack frame.</summary>
public unsafe struct Y : ITarget
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Term Get(ulong* I, Term* E, Context* C, int slot, int wide) => *(Term*)((byte*)E + ((ushort*)I)[slot + 4]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Set(ulong* I, Term* E, Context* C, int slot, Term value) => *(Term*)((byte*)E + ((ushort*)I)[slot + 4]) = value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Term* Address(ulong* I, Term* E, Context* C, int slot) => (Term*)((byte*)E + ((ushort*)I)[slot + 4]);

    public static int Wide { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 0; }
}

/// <summary>Constant: an immediate or a literal, in a word of its own.</summary>
public unsafe struct K : IOperand
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Term Get(ulong* I, Term* E, Context* C, int slot, int wide) => new(I[wide]);

    public static int Wide { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => 1; }
}
