// The second part of CodeReader: operands that are lists, each with its own shape, and what ties several operands of an instruction together.
//
// The commands of bs_match stand one after the other in one list:
//   ensure_at_least size unit       ensure_exactly size      skip size
//   integer live flags size unit dst        binary live flags size unit dst        get_tail live unit dst       =:= nil size value
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;

internal unsafe partial struct CodeReader
{
    // The compiler compares 31 bits at a time; the limit bounds what one comparison is made into.
    private const int SegmentArgs = 6, MaxUnit = 256, MaxEqualBits = 1024;

    // Letters of operands that must be lists.
    private readonly bool Shape(int letter, GenericArg* list)
    {
        GenericArg* e = list + 1;
        long n = list->Value;
        switch (letter)
        {
            case 'V': return Pairs(e, n, &IsConstant, &IsLabel);
            case 'T': return Pairs(e, n, &IsNumber, &IsLabel);
            case 'M': return Pairs(e, n, &IsSource, &IsSource);
            case 'K': return n > 0 && All(e, n, &IsSource);
            case 'E': return n > 0 && Pairs(e, n, &IsSource, &IsRegister);
            case 'P': return All(e, n, &IsSource);
            case 'Y': return All(e, n, &IsY);
            case 'C': return Segments(e, n);
            case 'U': return Updates(list);
            case 'B': return Commands(e, n);
            case 'G': return n > 0 && Pairs(e, n, &IsAtom, &IsRegister);
            case 'W': return Pairs(e, n, &IsAtom, &IsSource);
            default: return false;
        }
    }

    private static bool Pairs(GenericArg* e, long n, delegate*<GenericArg*, bool> even, delegate*<GenericArg*, bool> odd)
    {
        if ((n & 1) != 0) return false;
        for (long i = 0; i < n; i += 2)
            if (!even(e + i) || !odd(e + i + 1)) return false;
        return true;
    }

    private static bool All(GenericArg* e, long n, delegate*<GenericArg*, bool> good)
    {
        for (long i = 0; i < n; i++)
            if (!good(e + i)) return false;
        return true;
    }

    private static bool IsSource(GenericArg* e) => IsSource(e->Kind);

    private static bool IsConstant(GenericArg* e) => e->Kind is ArgKind.I or ArgKind.A or ArgKind.N or ArgKind.Lit;

    private static bool IsNumber(GenericArg* e) => e->Kind == ArgKind.U;

    private static bool IsLabel(GenericArg* e) => e->Kind == ArgKind.F && e->Value != 0;

    private static bool IsRegister(GenericArg* e) => e->Kind is ArgKind.X or ArgKind.Y;

    private static bool IsY(GenericArg* e) => e->Kind == ArgKind.Y;

    private static bool IsAtom(GenericArg* e) => e->Kind == ArgKind.A;

    // Nil, or a literal such as [little].
    private static bool IsFlags(GenericArg* e) => e->Kind is ArgKind.N or ArgKind.Lit;

    private static bool IsSize(GenericArg* e) => e->Kind == ArgKind.U && e->Value <= Term.MaxSmall;

    private static bool IsLive(GenericArg* e) => e->Kind == ArgKind.U && e->Value <= MaxRegisters;

    private static bool IsUnit(GenericArg* e) => e->Kind == ArgKind.U && e->Value <= MaxUnit;

    // update_record hint size source destination [position, value ...].
    private static bool Updates(GenericArg* list)
    {
        long size = list[-3].Value;
        if ((list->Value & 1) != 0) return false;
        for (long i = 1; i < list->Value; i += 2)
            if (list[i].Kind != ArgKind.U || list[i].Value < 1 || list[i].Value > size || !IsSource(list + i + 1)) return false;
        return true;
    }

    private readonly bool Segments(GenericArg* e, long n)
    {
        if (n % SegmentArgs != 0) return false;
        for (long i = 0; i < n; i += SegmentArgs, e += SegmentArgs)
        {
            if (e[0].Kind != ArgKind.A || e[1].Kind != ArgKind.U || !IsUnit(e + 2) || !IsFlags(e + 3)) return false;
            Term type = e[0].Term;
            if (type == Am.String)
            {
                // Value and size are a place in StrT.
                if (e[4].Kind != ArgKind.U || e[5].Kind is not (ArgKind.U or ArgKind.I) || !InStrings(e[4].Value, e[5].Value)) return false;
                continue;
            }
            if (type != Am.Integer && type != Am.Float && type != Am.Binary && type != Am.Append && type != Am.PrivateAppend && type != Am.Utf8
                && type != Am.Utf16 && type != Am.Utf32)
                return false;
            if (!IsSource(e + 4) || !IsSource(e + 5)) return false;
        }
        return true;
    }

    private static bool Commands(GenericArg* e, long n)
    {
        for (GenericArg* end = e + n; e < end;)
        {
            if (e->Kind != ArgKind.A) return false;
            Term name = e->Term;
            long left = end - e;
            if (name == Am.EnsureAtLeast)
            {
                if (left < 3 || !IsSize(e + 1) || !IsUnit(e + 2)) return false;
                e += 3;
            }
            else if (name == Am.EnsureExactly || name == Am.Skip)
            {
                if (left < 2 || !IsSize(e + 1)) return false;
                e += 2;
            }
            else if (name == Am.Integer || name == Am.Binary)
            {
                // The product of size and unit is a number of bits that must stay one.
                if (left < 6 || !IsLive(e + 1) || !IsFlags(e + 2) || !IsSize(e + 3) || !IsUnit(e + 4) || !IsRegister(e + 5)
                    || e[3].Value > Term.MaxSmall / MaxUnit)
                    return false;
                e += 6;
            }
            else if (name == Am.GetTail)
            {
                if (left < 4 || !IsLive(e + 1) || !IsUnit(e + 2) || !IsRegister(e + 3)) return false;
                e += 4;
            }
            else if (name == Am.EqExact)
            {
                if (left < 4 || e[1].Kind != ArgKind.N || !IsSize(e + 2) || e[2].Value > MaxEqualBits || e[3].Kind is not (ArgKind.U or ArgKind.I or ArgKind.Lit)) return false;
                e += 4;
            }
            else
            {
                return false;
            }
        }
        return true;
    }

    // Called with all operands read.
    private readonly bool Extra()
    {
        GenericArg* a = _code->Args + _first;
        switch (_op)
        {
            case GenericOps.BsMatchString:
                return InStrings(a[3].Value, (a[2].Value + 7) >> 3) || Fail("bytes beyond the end of StrT"u8);
            case GenericOps.BsPutString:
                return InStrings(a[1].Value, a[0].Value) || Fail("bytes beyond the end of StrT"u8);
            default:
                // A list must have come where the table has a list: a shape letter never passes Allowed.
                return true;
        }
    }

    private readonly bool InStrings(long offset, long bytes) => offset >= 0 && bytes >= 0 && offset <= _code->StringBytes && bytes <= _code->StringBytes - offset;

    /// <summary>Recs: version, records, fields, then for each record a call_last/3 with name, exported, and a list of field, default pairs.</summary>
    public bool Records()
    {
        const int head = 12;
        _at = 0;

        // A version that is not known cannot be used; whoever needs the records gets an error there.
        if (Big.U32(_in.At) != 0) return true;
        if (_in.Left < head) return Fail("no room for the head"u8);
        long count = Big.U32(_in.At + 4);
        _in.At += head;
        if (count > _in.Left) return Fail("# records, for which the chunk has no bytes"u8, count);
        _code->Records = GenericCode.Take<GenericRecord>(count, _error);
        if (_code->Records == null) return false;
        _code->RecordCount = (int)count;
        for (int i = 0; i < count; i++)
        {
            _at = (int)(_in.At - _start);
            if (_in.Left == 0 || *_in.At++ != GenericOps.CallLast) return Fail("record # does not begin as it must"u8, i);
            GenericArg* name = Next(), exported = name == null ? null : Next(), list = exported == null ? null : Next();
            if (list == null) return false;
            if (name->Kind != ArgKind.A || exported->Kind != ArgKind.A || !exported->Term.IsBoolean || list->Kind != ArgKind.List || !Elements(list)
                || !Pairs(list + 1, list->Value, &IsAtom, &IsDefault))
                return Fail("record # has a wrong definition"u8, i);
            _code->Records[i] = new GenericRecord
            {
                Name = name->Term,
                Exported = exported->Term == Am.True,
                FirstArg = (int)(list + 1 - _code->Args),
                FieldCount = (int)(list->Value / 2),
            };
        }
        return true;
    }

    private static bool IsDefault(GenericArg* e) => e->Kind == ArgKind.U || IsConstant(e);
}

/// <summary>What can only be seen when all code is read: where labels lead.</summary>
internal static unsafe class CodeLinks
{
    /// <summary>
    /// Every label used is defined: calls, exports and funs lead to the entry of a function of that arity, everything else stays inside its
    /// function. So no code runs with another function's stack frame.
    /// </summary>
    public static bool Check(GenericCode* code, LoadError* error)
    {
        for (int f = 0; f < code->FunctionCount; f++)
            if (!Function(code, code->Functions + f, error)) return false;
        for (int i = 0; i < code->ExportCount; i++)
            if (!IsEntry(code, code->Exports[i].Label, code->Exports[i].Arity, code->Exports[i].Function))
                return error->Fail(LoadErrorCode.BadChunk, ChunkId.ExpT, 4 + (12L * i), "export # is no function of the code"u8, i);
        for (int i = 0; i < code->LocalCount; i++)
            if (!IsEntry(code, code->Locals[i].Label, code->Locals[i].Arity, code->Locals[i].Function))
                return error->Fail(LoadErrorCode.BadChunk, ChunkId.LocT, 4 + (12L * i), "entry # is no function of the code"u8, i);
        for (int i = 0; i < code->FunCount; i++)
            if (!IsEntry(code, code->Funs[i].Label, code->Funs[i].Arity, code->Funs[i].Function))
                return error->Fail(LoadErrorCode.BadChunk, ChunkId.FunT, 4 + (24L * i), "fun # is no function of the code"u8, i);
        return true;
    }

    /// <summary>Whether an opcode is one of the frequent ones that have no label among their operands: most of the code, so that it need not be searched for some.</summary>
    public static bool HasNoLabel(int op) => op is GenericOps.Label or GenericOps.Line or GenericOps.Move or GenericOps.CallExt or GenericOps.CallExtLast
        or GenericOps.CallExtOnly or GenericOps.GetTupleElement or GenericOps.PutTuple2 or GenericOps.PutList or GenericOps.GetList or GenericOps.TestHeap
        or GenericOps.Allocate or GenericOps.Deallocate or GenericOps.Return or GenericOps.Trim or GenericOps.InitYregs or GenericOps.FuncInfo;

    private static bool Function(GenericCode* code, GenericFunction* function, LoadError* error)
    {
        for (int i = function->First; i < function->End; i++)
        {
            GenericInstr* instr = code->Instrs + i;
            if (HasNoLabel(instr->Op)) continue;
            GenericArg* args = code->Args + instr->FirstArg;
            bool call = instr->Op is GenericOps.Call or GenericOps.CallLast or GenericOps.CallOnly;
            for (int n = 0; n < instr->Argc; n++)
            {
                if (args[n].Kind != ArgKind.F || args[n].Value == 0) continue;
                int target = code->Labels[args[n].Value];
                if (call ? !IsEntry(code, args[n].Value, args[0].Value, Term.None) : target < function->First || target >= function->End)
                {
                    ReadOnlySpan<byte> what = target < 0 ? "label # is not defined"u8
                        : call ? "label # is not the entry of a function of this arity"u8 : "label # is in another function"u8;
                    return error->Fail(LoadErrorCode.BadCode, ChunkId.Code, instr->Offset, what, args[n].Value, instr->Op);
                }
            }
        }
        return true;
    }

    private static bool IsEntry(GenericCode* code, long label, long arity, Term name)
    {
        int target = code->Labels[label];
        if (target <= 0 || code->Instrs[target - 1].Op != GenericOps.FuncInfo) return false;
        GenericArg* info = code->Args + code->Instrs[target - 1].FirstArg;
        return info[2].Value == arity && (name.IsNone || info[1].Term == name);
    }
}
