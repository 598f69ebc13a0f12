// Decodes and checks a whole module: the chunks' tables, then the Code chunk instruction by instruction. What comes out (GenericCode) holds no
// index, label, register or operand kind that is out of place, whatever bytes went in. What is not checked here: that registers are initialised
// and y registers lie inside the stack frame on every path, which needs the flow of control.
//
// Memory: tables are sized by counts that the bytes of their chunk can back; instructions and operands are at most as many as there are
// bytes of code, 16 bytes each.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;

/// <summary>Reads a .beam file into a <see cref="GenericCode"/>.</summary>
public static unsafe class BeamReader
{
    private const int HeadBytes = 20, FixedHeadBytes = 16;

    // A function has at least label, func_info, label and its module's int_code_end: a count beyond this many per byte is a lie.
    private const int MinFunctionBytes = 8;

    /// <summary>
    /// Decodes and checks. On false <paramref name="error"/> (zeroed by the caller) tells why and nothing has to be freed; on true
    /// GenericCode.Free must be called, and the file's bytes must stay until then. Makes the module's atoms.
    /// </summary>
    /// <param name="file">The opened file.</param>
    /// <param name="code">The result.</param>
    /// <param name="error">What is wrong with it.</param>
    /// <param name="digest">The module's MD5 if it is known; null: it is computed.</param>
    public static bool Read(BeamFile* file, GenericCode* code, LoadError* error, byte* digest = null)
    {
        *code = default;
        code->OnLoad = code->MaxX = code->MaxY = -1;
        if (ReadAll(file, code, error))
        {
            if (digest == null) ModuleMd5.Compute(file, code->Md5);
            else
            {
                for (int i = 0; i < Md5State.DigestSize; i++) code->Md5[i] = digest[i];
            }
            return true;
        }
        GenericCode.Free(code);
        return false;
    }

    private static bool ReadAll(BeamFile* file, GenericCode* code, LoadError* error)
    {
        Chunk atoms = file->Find(ChunkId.AtU8), codes = file->Find(ChunkId.Code), imports = file->Find(ChunkId.ImpT), exports = file->Find(ChunkId.ExpT);
        if (atoms.Data == null) atoms = file->Find(ChunkId.Atom);
        if (atoms.Data == null) return Missing(ChunkId.AtU8, error);
        if (codes.Data == null) return Missing(ChunkId.Code, error);
        if (imports.Data == null) return Missing(ChunkId.ImpT, error);
        if (exports.Data == null) return Missing(ChunkId.ExpT, error);
        if (!Head(codes, code, error, out byte* start, out int functions)) return false;
        if (!AtomChunk.Read(atoms, code, error) || !RowChunks.Imports(imports, code, error)
            || !RowChunks.Exports(exports, code, error, out code->Exports, out code->ExportCount))
            return false;
        Chunk locals = file->Find(ChunkId.LocT), funs = file->Find(ChunkId.FunT), literals = file->Find(ChunkId.LitT), records = file->Find(ChunkId.Recs);
        if (locals.Data != null && !RowChunks.Exports(locals, code, error, out code->Locals, out code->LocalCount)) return false;
        if (funs.Data != null && !RowChunks.Funs(funs, code, error)) return false;
        if (literals.Data != null && !LiteralChunk.Read(literals, code, error)) return false;
        if (!LineChunk.Read(file->Find(ChunkId.Line), code, error) || !TypeChunk.Read(file->Find(ChunkId.Type), code, error)) return false;
        Chunk strings = file->Find(ChunkId.StrT);
        code->Strings = strings.Data;
        code->StringBytes = strings.Bytes;
        code->Attributes = Plain(file->Find(ChunkId.Attr));
        code->CompileInfo = Plain(file->Find(ChunkId.CInf));

        long codeBytes = codes.Data + codes.Bytes - start;
        code->Instrs = GenericCode.Take<GenericInstr>(codeBytes, error);
        if (code->Instrs == null) return false;
        code->InstrCapacity = (int)codeBytes;
        long argCapacity = codeBytes + records.Bytes;
        code->Args = GenericCode.Take<GenericArg>(argCapacity, error);
        if (code->Args == null) return false;
        code->ArgCapacity = (int)argCapacity;
        code->Functions = GenericCode.Take<GenericFunction>(functions, error);
        if (code->Functions == null) return false;
        code->FunctionCapacity = functions;

        CodeReader reader = new(code, error, ChunkId.Code, start, codeBytes);
        if (!reader.Instructions() || !CodeLinks.Check(code, error)) return false;
        if (records.Data != null)
        {
            if (records.Bytes < 4) return error->Fail(LoadErrorCode.BadChunk, records.Id, 0, "no room for the head"u8);
            reader = new CodeReader(code, error, records.Id, records.Data, records.Bytes);
            if (!reader.Records()) return false;
        }
        return true;
    }

    // Sub-head size, format (0), largest opcode, labels, functions; a longer head of later versions is skipped.
    private static bool Head(Chunk chunk, GenericCode* code, LoadError* error, out byte* start, out int functions)
    {
        start = null;
        functions = 0;
        if (chunk.Bytes < HeadBytes) return error->Fail(LoadErrorCode.BadChunk, chunk.Id, 0, "no room for the head"u8);
        long head = Big.U32(chunk.Data), format = Big.U32(chunk.Data + 4), maxOpcode = Big.U32(chunk.Data + 8);
        if (head < FixedHeadBytes || head > chunk.Bytes - 4)
            return error->Fail(LoadErrorCode.BadChunk, chunk.Id, 0, "a head of # bytes does not fit"u8, head);
        if (format != 0) return error->Fail(LoadErrorCode.TooNew, chunk.Id, 4, "instruction set # is not known"u8, format);
        if (maxOpcode > GenericOps.Max) return error->Fail(LoadErrorCode.TooNew, chunk.Id, 8, "the module uses instruction #, which OTP 29 does not have"u8, maxOpcode);
        start = chunk.Data + 4 + head;
        long bytes = chunk.Data + chunk.Bytes - start, labels = Big.U32(chunk.Data + 12), count = Big.U32(chunk.Data + 16);
        if (labels > bytes + 1) return error->Fail(LoadErrorCode.BadChunk, chunk.Id, 12, "# labels, for which the chunk has no bytes"u8, labels);
        if (count > bytes / MinFunctionBytes) return error->Fail(LoadErrorCode.BadChunk, chunk.Id, 16, "# functions, for which the chunk has no bytes"u8, count);
        code->MaxOpcode = (int)maxOpcode;
        code->Labels = GenericCode.Take<int>(labels, error);
        if (code->Labels == null) return false;
        code->LabelCount = (int)labels;
        for (int i = 0; i < labels; i++) code->Labels[i] = -1;
        functions = (int)count;
        return true;
    }

    private static GenericBytes Plain(Chunk chunk) => new() { Data = chunk.Bytes == 0 ? null : chunk.Data, Bytes = chunk.Bytes };

    private static bool Missing(uint id, LoadError* error) => error->Fail(LoadErrorCode.MissingChunk, id, 0, "the file has no such chunk"u8);
}

/// <summary>Reads instructions: operands by their encoding, then by the kinds that generic.tab allows. CodeLists.cs has the lists.</summary>
internal unsafe partial struct CodeReader
{
    private const int MaxRegisters = 1024, MaxStack = 1024, MaxArity = 255, MaxFlags = 255, FloatWords = 2;

    // Words that one instruction asks for: 128 MB. What a function builds at once is a few thousand.
    private const int MaxHeapNeed = 1 << 24;
    private readonly GenericCode* _code;
    private readonly LoadError* _error;
    private readonly uint _chunk;
    private readonly byte* _start;
    private CompactReader _in;

    // The instruction being read: its opcode, where it stands, its first operand and how many it has so far.
    private int _op, _at, _first, _argc;

    public CodeReader(GenericCode* code, LoadError* error, uint chunk, byte* start, long bytes)
    {
        this = default;
        _code = code;
        _error = error;
        _chunk = chunk;
        _start = start;
        _in = new CompactReader(start, bytes);
    }

    /// <summary>Reads up to int_code_end, what follows is left alone (as OTP does); fills Instrs, Args, Functions, Labels.</summary>
    public bool Instructions()
    {
        int capacity = _code->FunctionCapacity, before = 0;
        do
        {
            if (!Instruction()) return false;
            int index = _code->InstrCount++;
            _code->Instrs[index] = new GenericInstr { Op = (ushort)_op, Argc = _argc, FirstArg = _first, Offset = _at };
            GenericArg* args = _code->Args + _first;
            if (before == GenericOps.FuncInfo && _op != GenericOps.Label) return Fail("no label after func_info"u8);
            switch (_op)
            {
                case GenericOps.Label:
                    if (!Label(index, (int)args[0].Value)) return false;
                    if (before == GenericOps.FuncInfo) _code->Functions[_code->FunctionCount - 1].EntryLabel = (int)args[0].Value;
                    break;
                case GenericOps.FuncInfo:
                    if (!Function(index, args, capacity)) return false;
                    break;
                case GenericOps.OnLoad:
                    if (_code->OnLoad >= 0 || _code->FunctionCount == 0) return Fail("on_load twice or outside of a function"u8);
                    _code->OnLoad = _code->FunctionCount - 1;
                    break;
            }
            before = _op;
        }
        while (_op != GenericOps.IntCodeEnd);
        if (_code->FunctionCount != capacity) return Fail("the code's head says that there are # functions, which is not so"u8, capacity);
        if (capacity == 0) return _code->InstrCount == 1 || Fail("instructions outside of a function"u8);
        _code->Functions[capacity - 1].End = _code->InstrCount - 1;
        return true;
    }

    private readonly bool Label(int index, int number)
    {
        if (_code->Labels[number] >= 0) return Fail("label # is defined twice"u8, number);
        _code->Labels[number] = index;
        return true;
    }

    // A function begins with: label, any line instructions, func_info, label.
    private readonly bool Function(int index, GenericArg* args, int capacity)
    {
        if (_code->FunctionCount == capacity) return Fail("more functions than the # of the code's head"u8, capacity);
        int first = index - 1;
        while (first >= 0 && _code->Instrs[first].Op == GenericOps.Line) first--;
        if (first < 0 || _code->Instrs[first].Op != GenericOps.Label) return Fail("no label before func_info"u8);
        int number = _code->FunctionCount++;
        if (number == 0 && first != 0) return Fail("instructions outside of a function"u8);
        if (number > 0)
        {
            // The label must not be the entry label of the function before: that one would have no code.
            if (first > 0 && _code->Instrs[first - 1].Op == GenericOps.FuncInfo) return Fail("a function without instructions"u8);
            _code->Functions[number - 1].End = first;
        }
        _code->Functions[number] = new GenericFunction
        {
            Name = args[1].Term,
            Arity = (int)args[2].Value,
            InfoLabel = (int)_code->Args[_code->Instrs[first].FirstArg].Value,
            First = first,
        };
        return true;
    }

    private bool Instruction()
    {
        _at = (int)(_in.At - _start);
        _op = 0;
        if (_in.Left == 0) return Fail("the code ends without int_code_end"u8);
        _op = *_in.At++;
        int arity = GenericOps.Arity(_op);
        if (arity == byte.MaxValue) return _error->Fail(LoadErrorCode.UnknownOpcode, _chunk, _at, "there is no instruction #"u8, _op);
        if (GenericOps.Status(_op) == 1) return _error->Fail(LoadErrorCode.ObsoleteOpcode, _chunk, _at, "an instruction of a compiler too old"u8, 0, _op);
        ReadOnlySpan<byte> kinds = GenericOps.Kinds(_op);
        _first = _code->ArgCount;
        _argc = 0;
        for (int i = 0; i < arity; i++)
        {
            // The letters stand at every second place.
            GenericArg* arg = Next();
            if (arg == null) return false;
            byte kind = kinds[2 * i];
            if (arg->Kind != ArgKind.List)
            {
                if (!Allowed(kind, arg, i)) return Fail("operand # is not of a kind that the instruction takes"u8, i + 1);
                continue;
            }
            int shape = kind;
            if (i != arity - 1 || !Elements(arg) || !Shape(shape, arg)) return Fail("operand # is a list that the instruction does not take"u8, i + 1);
        }
        return Extra();
    }

    private bool Elements(GenericArg* list)
    {
        for (long i = list->Value; i > 0; i--)
        {
            GenericArg* element = Next();
            if (element == null || element->Kind == ArgKind.List) return false;
        }
        return true;
    }

    // The next operand, put behind those there are. Every operand takes a byte or more, so that there is room. Null after a report.
    private GenericArg* Next()
    {
        GenericArg* arg = _code->Args + _code->ArgCount;
        *arg = default;
        if (!_in.Next(out int tag, out long value)) return Bad("an operand is cut off or too large"u8);
        switch (tag)
        {
            case CompactTag.U:
                arg->Kind = ArgKind.U;
                break;
            case CompactTag.I:
                if (_in.BigData != null && !AddBig(&value)) return null;
                arg->Kind = _in.BigData != null ? ArgKind.Lit : ArgKind.I;
                break;
            case CompactTag.A:
                if (value >= _code->AtomCount) return Bad("there is no atom #"u8, value);
                arg->Kind = value == 0 ? ArgKind.N : ArgKind.A;
                value = (long)_code->Atoms[value].Bits;
                break;
            case CompactTag.X or CompactTag.Y:
                if (!Register(arg, tag, value)) return null;
                break;
            case CompactTag.F:
                if (value >= _code->LabelCount && value != 0) return Bad("there is no label #"u8, value);
                arg->Kind = ArgKind.F;
                break;
            case CompactTag.Z:
                if (!Extended(arg, value, out value)) return null;
                break;
            default:
                return Bad("an operand with tag #, which is not in use"u8, tag);
        }
        arg->Value = value;
        _code->ArgCount++;
        _argc++;
        return arg;
    }

    private bool Extended(GenericArg* arg, long which, out long value)
    {
        value = 0;
        switch (which)
        {
            case CompactTag.List:
                arg->Kind = ArgKind.List;
                return _in.NextUnsigned(_in.Left, out value) || Fail("a list longer than the code"u8);
            case CompactTag.FloatRegister:
                arg->Kind = ArgKind.Fr;
                return _in.NextUnsigned(MaxRegisters - 1, out value) || Fail("there is no float register #"u8, value);
            case CompactTag.Allocation:
                arg->Kind = ArgKind.U;
                return Allocation(out value);
            case CompactTag.Literal:
                arg->Kind = ArgKind.Lit;
                return _in.NextUnsigned(_code->LiteralCount - 1L, out value) || Fail("there is no literal #"u8, value);
            case CompactTag.TypedRegister:
                if (!_in.Next(out int tag, out value) || (tag != CompactTag.X && tag != CompactTag.Y)) return Fail("a typed operand that is no register"u8);
                if (!Register(arg, tag, value)) return false;
                if (!_in.NextUnsigned(int.MaxValue, out long type)) return Fail("a register without its type"u8);

                // A file without (known) types has the one type 0.
                if (_code->TypeCount == 1) return true;
                arg->Type = (int)type;
                return type < _code->TypeCount || Fail("there is no type #"u8, type);
            default:
                return Fail("an extended operand #, which is not in use"u8, which);
        }
    }

    private readonly bool Register(GenericArg* arg, int tag, long number)
    {
        if (number >= MaxRegisters) return Fail("there is no register #"u8, number);
        bool isX = tag == CompactTag.X;
        arg->Kind = isX ? ArgKind.X : ArgKind.Y;
        if (isX && number > _code->MaxX) _code->MaxX = (int)number;
        if (!isX && number > _code->MaxY) _code->MaxY = (int)number;
        return true;
    }

    // Up to three pairs: kind (0 words, 1 floats, 2 funs), count. The environment of funs is counted in the words.
    private bool Allocation(out long words)
    {
        words = 0;
        if (!_in.NextUnsigned(3, out long pairs)) return Fail("an allocation list of more than 3 pairs"u8);
        for (; pairs > 0; pairs--)
        {
            if (!_in.NextUnsigned(2, out long kind) || !_in.NextUnsigned(int.MaxValue, out long count)) return Fail("a wrong pair in an allocation list"u8);
            words += count * (kind == 0 ? 1 : kind == 1 ? FloatWords : Fun.HeaderWords);
        }
        return true;
    }

    private readonly bool AddBig(long* index)
    {
        if (_code->BigCount == _code->BigCapacity)
        {
            long capacity = _code->BigCapacity == 0 ? 16 : 2L * _code->BigCapacity;
            GenericBytes* bigs = (GenericBytes*)Allocator.Realloc(
                _code->Bigs, (nuint)_code->BigCapacity * (nuint)sizeof(GenericBytes), (nuint)capacity * (nuint)sizeof(GenericBytes), Owner.Loader);
            if (bigs == null) return _error->Fail(LoadErrorCode.NoMemory, _chunk, _at, "no memory for # large integers"u8, capacity);
            _code->Bigs = bigs;
            _code->BigCapacity = (int)capacity;
        }
        _code->Bigs[_code->BigCount].Data = _in.BigData;
        _code->Bigs[_code->BigCount].Bytes = _in.BigBytes;
        *index = (long)_code->LiteralCount + _code->BigCount++;
        return true;
    }

    // Whether an operand is what the letter of generic.tab says. Operand 0 is there when a later one is judged.
    private readonly bool Allowed(byte letter, GenericArg* arg, int position)
    {
        ArgKind kind = arg->Kind;
        long value = arg->Value;
        switch (letter)
        {
            case (byte)'s' or (byte)'r': return IsSource(kind);
            case (byte)'d': return kind is ArgKind.X or ArgKind.Y;
            case (byte)'y': return kind == ArgKind.Y;
            case (byte)'f': return kind == ArgKind.F && value != 0;
            case (byte)'j': return kind == ArgKind.F;
            case (byte)'u': return kind == ArgKind.U && value <= Term.MaxSmall;
            case (byte)'k': return kind == ArgKind.U && value <= MaxStack;
            case (byte)'t': return kind == ArgKind.U && value <= MaxRegisters;
            case (byte)'h': return kind == ArgKind.U && value <= MaxHeapNeed;
            case (byte)'v': return kind == ArgKind.U && value <= MaxArity;
            case (byte)'q': return kind == ArgKind.U && value <= MaxFlags;
            case (byte)'a': return kind == ArgKind.A;
            case (byte)'e': return kind == ArgKind.U && value < _code->ImportCount && _code->Imports[value].Arity == arg[-position].Value;
            case (byte)'b': return kind == ArgKind.U && value < _code->ImportCount && _code->Imports[value].Arity == BifArity(_op);
            case (byte)'z': return kind == ArgKind.U && value < _code->FunCount;
            case (byte)'l': return kind == ArgKind.U && (value < _code->LineCount || _code->LineCount == 1);
            case (byte)'L': return kind == ArgKind.U && value != 0 && value < _code->LabelCount;
            case (byte)'F': return kind == ArgKind.Fr;
            case (byte)'m': return kind is ArgKind.Fr or ArgKind.X or ArgKind.Y or ArgKind.Lit;
            case (byte)'n': return kind is ArgKind.Fr or ArgKind.X or ArgKind.Y;
            case (byte)'g': return kind == ArgKind.U && value <= _code->StringBytes;
            case (byte)'w': return kind is ArgKind.X or ArgKind.Y || (kind is ArgKind.U or ArgKind.I && value >= 0 && value <= Term.MaxSmall);
            case (byte)'o': return (kind == ArgKind.F && value != 0) || (kind == ArgKind.A && (arg->Term == Am.NoFail || arg->Term == Am.Resume));
            case (byte)'c': return (kind == ArgKind.U && value < _code->FunCount) || (kind == ArgKind.A && (arg->Term == Am.Safe || arg->Term == Am.Unsafe));
            default: return false;
        }
    }

    private static bool IsSource(ArgKind kind) => kind is ArgKind.X or ArgKind.Y or ArgKind.I or ArgKind.A or ArgKind.N or ArgKind.Lit;

    private static int BifArity(int op) => op switch
    {
        GenericOps.Bif0 => 0,
        GenericOps.Bif1 or GenericOps.GcBif1 => 1,
        GenericOps.Bif2 or GenericOps.GcBif2 => 2,
        _ => 3,
    };

    private readonly bool Fail(ReadOnlySpan<byte> what, long number = 0) =>
        _error->Fail(_chunk == ChunkId.Code ? LoadErrorCode.BadCode : LoadErrorCode.BadChunk, _chunk, _at, what, number, _op);

    private readonly GenericArg* Bad(ReadOnlySpan<byte> what, long number = 0)
    {
        Fail(what, number);
        return null;
    }
}
