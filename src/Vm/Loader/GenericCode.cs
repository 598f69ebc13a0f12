// A decoded module: what the front half of the loader (BeamFile, CodeReader) hands to the back half, which rewrites generic instructions into
// specific ones. Everything in here has been checked: indices are inside their tables, labels are defined, operands have a kind their opcode takes.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;

/// <summary>What an operand is. <see cref="GenericArg.Value"/> holds what the comment says.</summary>
public enum ArgKind : byte
{
    /// <summary>Never in decoded code.</summary>
    None,

    /// <summary>A number that is not a term (arity, count, index, size); heap needs are already summed to words.</summary>
    U,

    /// <summary>An integer of the program that fits 64 bits. It may still be too large for a small: see Term.FitsSmall.</summary>
    I,

    /// <summary>An atom: the bits of its term.</summary>
    A,

    /// <summary>The empty list: the bits of its term.</summary>
    N,

    /// <summary>An x register: its number. <see cref="GenericArg.Type"/> may hold a type hint.</summary>
    X,

    /// <summary>A y register: its number. <see cref="GenericArg.Type"/> may hold a type hint.</summary>
    Y,

    /// <summary>A label: its number; 0 is "none" where the opcode allows that.</summary>
    F,

    /// <summary>A float register: its number.</summary>
    Fr,

    /// <summary>A literal: its index; from <see cref="GenericCode.LiteralCount"/> on it is entry Value - LiteralCount of
    /// <see cref="GenericCode.Bigs"/> (an integer beyond 64 bits that stood in the code).</summary>
    Lit,

    /// <summary>A list: the count of its elements, which are the operands that follow. It is always the last operand.</summary>
    List,
}

/// <summary>One operand: 16 bytes.</summary>
public struct GenericArg
{
    public ArgKind Kind;

    /// <summary>Index into <see cref="GenericCode.Types"/> of what is known about a register's content; 0 = anything.</summary>
    public int Type;

    /// <summary>See <see cref="ArgKind"/>.</summary>
    public long Value;

    /// <summary>The value of an A or N operand as term.</summary>
    public readonly Term Term { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => new((ulong)Value); }
}

/// <summary>One generic instruction: 16 bytes.</summary>
public struct GenericInstr
{
    /// <summary>The opcode: a constant of GenericOps.</summary>
    public ushort Op;

    /// <summary>All its operands, the elements of a list included; at least GenericOps.Arity(Op).</summary>
    public int Argc;

    /// <summary>Index into <see cref="GenericCode.Args"/> of the first operand.</summary>
    public int FirstArg;

    /// <summary>Where it stands: bytes from the first instruction of the Code chunk.</summary>
    public int Offset;
}

/// <summary>A function of the module, in the order of the code.</summary>
public struct GenericFunction
{
    public Term Name;
    public int Arity;

    /// <summary>The label before its func_info (where a function_clause error comes from).</summary>
    public int InfoLabel;

    /// <summary>The label after its func_info: where calls go.</summary>
    public int EntryLabel;

    /// <summary>Index of the label instruction of <see cref="InfoLabel"/>.</summary>
    public int First;

    /// <summary>Index after its last instruction (that of the next function's First, or of int_code_end).</summary>
    public int End;
}

/// <summary>A function of another module that is called or made a fun of.</summary>
public struct GenericImport
{
    public Term Module, Function;
    public int Arity;
}

/// <summary>An exported or (LocT) local function.</summary>
public struct GenericExport
{
    public Term Function;
    public int Arity;

    /// <summary>Its entry label.</summary>
    public int Label;
}

/// <summary>A fun expression.</summary>
public struct GenericFun
{
    public Term Function;

    /// <summary>Arguments, the free variables included.</summary>
    public int Arity;

    /// <summary>Its entry label.</summary>
    public int Label;

    /// <summary>Its number in the module (old_index).</summary>
    public int Index;

    /// <summary>Free variables.</summary>
    public int FreeCount;
    public uint OldUniq;
}

/// <summary>A place in the source.</summary>
public struct GenericLine
{
    /// <summary>Index into <see cref="GenericCode.FileNames"/>; 0 is MODULE.erl.</summary>
    public int File;

    /// <summary>Line number; 0 in entry 0: not known.</summary>
    public int Line;
}

/// <summary>Bytes inside the file or inside a block of the module.</summary>
public unsafe struct GenericBytes
{
    public byte* Data;
    public int Bytes;
}

/// <summary>What the compiler knows about a register: a set of types, and bounds of integers.</summary>
public struct GenericType
{
    public const int Atom = 1 << 0, Bitstring = 1 << 1, Cons = 1 << 2, Float = 1 << 3, Fun = 1 << 4, Integer = 1 << 5, Map = 1 << 6, Nil = 1 << 7,
        Pid = 1 << 8, Port = 1 << 9, Reference = 1 << 10, Tuple = 1 << 11, Record = 1 << 12, Any = (1 << 13) - 1;
    public const int HasLower = 1 << 13, HasUpper = 1 << 14, HasUnit = 1 << 15;

    /// <summary>The type bits that are possible, and the Has bits of the fields below that say something.</summary>
    public int Bits;

    /// <summary>For bitstrings: the size is a multiple of this; else 1.</summary>
    public int Unit;

    /// <summary>Bounds of a number, both inclusive.</summary>
    public long Lower, Upper;

    public readonly bool Only(int types) => (Bits & Any & ~types) == 0;
}

/// <summary>A native record definition (OTP 29, chunk Recs).</summary>
public struct GenericRecord
{
    public Term Name;
    public bool Exported;

    /// <summary>Its fields: FieldCount pairs of operands in <see cref="GenericCode.Args"/> from here: the name (A), the default (A, N, I, Lit; U = none).</summary>
    public int FirstArg;
    public int FieldCount;
}

/// <summary>A decoded module. Owns what it points to, but for what lies inside the file's bytes (texts, literals that are not compressed,
/// big integers): the file must stay until the module is done with. Free with <see cref="Free"/>.</summary>
public unsafe partial struct GenericCode
{
    public Term Module;

    /// <summary>The instructions; the last one is int_code_end.</summary>
    public GenericInstr* Instrs;
    public int InstrCount;
    public GenericArg* Args;
    public int ArgCount;

    public GenericFunction* Functions;
    public int FunctionCount;

    /// <summary>For each label number the index of its label instruction; -1: no such label (0 always).</summary>
    public int* Labels;

    /// <summary>Label numbers are below this.</summary>
    public int LabelCount;

    /// <summary>Atoms by their number in the file, from 1 on; entry 0 is nil.</summary>
    public Term* Atoms;

    /// <summary>Entries of <see cref="Atoms"/>, entry 0 included.</summary>
    public int AtomCount;

    public GenericImport* Imports;
    public int ImportCount;
    public GenericExport* Exports;
    public int ExportCount;
    public GenericExport* Locals;
    public int LocalCount;
    public GenericFun* Funs;
    public int FunCount;

    /// <summary>Places by the operand of a line instruction; entry 0 is "not known" and always there.</summary>
    public GenericLine* Lines;
    public int LineCount;

    /// <summary>Names of source files (UTF-8); entry 0 stands for MODULE.erl and has no bytes; always there.</summary>
    public GenericBytes* FileNames;
    public int FileNameCount;
    public int LineFlags;

    /// <summary>Type hints; entry 0 is anything and always there.</summary>
    public GenericType* Types;
    public int TypeCount;

    /// <summary>Literals: external terms, each with its version byte.</summary>
    public GenericBytes* Literals;
    public int LiteralCount;

    /// <summary>Integers of the code beyond 64 bits: two's complement, big-endian.</summary>
    public GenericBytes* Bigs;
    public int BigCount;

    /// <summary>The bytes of StrT, which bs_create_bin, bs_match_string and bs_put_string point into.</summary>
    public byte* Strings;
    public int StringBytes;

    /// <summary>External terms; null when the file has none.</summary>
    public GenericBytes Attributes, CompileInfo;

    public GenericRecord* Records;
    public int RecordCount;

    /// <summary>Index into <see cref="Functions"/> of the function that on_load stands in, -1: none.</summary>
    public int OnLoad;

    /// <summary>The largest opcode the file says it uses.</summary>
    public int MaxOpcode;

    /// <summary>Largest x and y register in the code, -1: none.</summary>
    public int MaxX, MaxY;

    /// <summary>The module's MD5 (module_info(md5)).</summary>
    public fixed byte Md5[16];

    // What of the arrays is allocated, in entries: the counts above are what is used.
    internal int InstrCapacity, ArgCapacity, FunctionCapacity, BigCapacity;

    // The unpacked LitT chunk, when it was compressed.
    internal byte* LiteralBlock;
    internal long LiteralBlockBytes;
}
