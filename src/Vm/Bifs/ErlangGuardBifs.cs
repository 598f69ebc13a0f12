// Guard BIFs of module erlang that are no operators: type tests, sizes, parts of tuples and lists, who and where.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;

/// <summary>Guard BIFs.</summary>
public static unsafe class ErlangGuardBifs
{
    [Bif("erlang:is_atom/1", BifKind.Guard)]
    public static Term IsAtom(Process* p, Term* a) => Term.Bool(a[0].IsAtom);

    [Bif("erlang:is_binary/1", BifKind.Guard)]
    public static Term IsBinary(Process* p, Term* a) => Term.Bool(BitSizeOf(a[0], out ulong bits) && (bits & 7) == 0);

    [Bif("erlang:is_bitstring/1", BifKind.Guard)]
    public static Term IsBitstring(Process* p, Term* a) => Term.Bool(a[0].IsBitstring);

    [Bif("erlang:is_boolean/1", BifKind.Guard)]
    public static Term IsBoolean(Process* p, Term* a) => Term.Bool(a[0].IsBoolean);

    [Bif("erlang:is_float/1", BifKind.Guard)]
    public static Term IsFloat(Process* p, Term* a) => Term.Bool(a[0].IsFloat);

    [Bif("erlang:is_function/1", BifKind.Guard)]
    public static Term IsFunction(Process* p, Term* a) => Term.Bool(a[0].IsFun);

    /// <summary>badarg unless the arity is an integer from 0 (of any size).</summary>
    [Bif("erlang:is_function/2", BifKind.Guard)]
    public static Term IsFunctionOfArity(Process* p, Term* a)
    {
        if (a[1].IsBig && !a[1].BigNegative) return Am.False;
        if (!a[1].IsSmall || a[1].SmallValue < 0) return Process.Badarg(p);
        return Term.Bool(a[0].IsFun && FunArity(a[0]) == a[1].SmallValue);
    }

    [Bif("erlang:is_integer/1", BifKind.Guard)]
    public static Term IsInteger(Process* p, Term* a) => Term.Bool(a[0].IsInteger);

    /// <summary>Whether the first is an integer from the second to the third; badarg unless those are integers.</summary>
    [Bif("erlang:is_integer/3", BifKind.Guard)]
    public static Term IsIntegerBetween(Process* p, Term* a)
    {
        if (!a[1].IsInteger || !a[2].IsInteger) return Process.Badarg(p);
        return Term.Bool(a[0].IsInteger && TermOrder.Compare(a[1], a[0]) <= 0 && TermOrder.Compare(a[0], a[2]) <= 0);
    }

    [Bif("erlang:is_list/1", BifKind.Guard)]
    public static Term IsList(Process* p, Term* a) => Term.Bool(a[0].IsList);

    [Bif("erlang:is_map/1", BifKind.Guard)]
    public static Term IsMap(Process* p, Term* a) => Term.Bool(a[0].IsMap);

    [Bif("erlang:is_number/1", BifKind.Guard)]
    public static Term IsNumber(Process* p, Term* a) => Term.Bool(a[0].IsNumber);

    [Bif("erlang:is_pid/1", BifKind.Guard)]
    public static Term IsPid(Process* p, Term* a) => Term.Bool(a[0].IsPid);

    [Bif("erlang:is_port/1", BifKind.Guard)]
    public static Term IsPort(Process* p, Term* a) => Term.Bool(a[0].IsPort);

    [Bif("erlang:is_reference/1", BifKind.Guard)]
    public static Term IsReference(Process* p, Term* a) => Term.Bool(a[0].IsReference);

    [Bif("erlang:is_tuple/1", BifKind.Guard)]
    public static Term IsTuple(Process* p, Term* a) => Term.Bool(a[0].IsTuple);

    /// <summary>Whether it is a native record.</summary>
    [Bif("erlang:is_record/1", BifKind.Guard)]
    public static Term IsRecord(Process* p, Term* a) => Term.Bool(a[0].IsRecord);

    /// <summary>A tuple that begins with this atom, or a native record of this name.</summary>
    [Bif("erlang:is_record/2", BifKind.Guard)]
    public static Term IsRecordNamed(Process* p, Term* a)
    {
        if (!a[1].IsAtom) return Process.Badarg(p);
        if (a[0].IsRecord) return Term.Bool(RecordDefinition.Of(a[0])->Name == a[1]);
        return Term.Bool(a[0].IsTuple && a[0].TupleArity > 0 && a[0].TupleElements[0] == a[1]);
    }

    /// <summary>is_record(T, Tag, Size): a tuple; is_record(T, Module, Name): a native record. A size that is a bignum is badarg, as in OTP.</summary>
    [Bif("erlang:is_record/3", BifKind.Guard)]
    public static Term IsRecordOfSize(Process* p, Term* a)
    {
        if (!a[1].IsAtom) return Process.Badarg(p);
        if (a[2].IsAtom)
            return Term.Bool(a[0].IsRecord && RecordDefinition.Of(a[0])->Module == a[1] && RecordDefinition.Of(a[0])->Name == a[2]);
        if (!a[2].IsSmall) return Process.Badarg(p);
        return Term.Bool(a[2].SmallValue > 0 && a[0].IsTuple && a[0].TupleArity == a[2].SmallValue && a[0].TupleElements[0] == a[1]);
    }

    [Bif("erlang:element/2", BifKind.Guard)]
    public static Term Element(Process* p, Term* a)
    {
        if (!a[0].IsSmall || !a[1].IsTuple) return Process.Badarg(p);
        long i = a[0].SmallValue - 1;
        return (ulong)i < (ulong)a[1].TupleArity ? a[1].TupleElements[i] : Process.Badarg(p);
    }

    [Bif("erlang:setelement/3")]
    public static Term SetElement(Process* p, Term* a)
    {
        if (!a[0].IsSmall || !a[1].IsTuple) return Process.Badarg(p);
        long i = a[0].SmallValue - 1, arity = a[1].TupleArity;
        if ((ulong)i >= (ulong)arity) return Process.Badarg(p);
        ulong* copy = Process.Alloc(p, arity + 1);
        if (copy == null) return Process.SystemLimit(p);
        Buffer.MemoryCopy(a[1].Box, copy, (arity + 1) * 8, (arity + 1) * 8);
        ((Term*)copy)[i + 1] = a[2];
        Process.Bump(p, arity >> 6);
        return Term.Boxed(copy);
    }

    [Bif("erlang:tuple_size/1", BifKind.Guard)]
    public static Term TupleSize(Process* p, Term* a) => a[0].IsTuple ? Term.Small(a[0].TupleArity) : Process.Badarg(p);

    /// <summary>Elements of a tuple, whole bytes of a bitstring.</summary>
    [Bif("erlang:size/1", BifKind.Guard)]
    public static Term Size(Process* p, Term* a)
    {
        if (a[0].IsTuple) return Term.Small(a[0].TupleArity);
        return BitSizeOf(a[0], out ulong bits) ? Term.Small((long)(bits >> 3)) : Process.Badarg(p);
    }

    /// <summary>Bytes of a bitstring, the last one counting when it is not full.</summary>
    [Bif("erlang:byte_size/1", BifKind.Guard)]
    public static Term ByteSize(Process* p, Term* a) =>
        BitSizeOf(a[0], out ulong bits) ? Term.Small((long)((bits + 7) >> 3)) : Process.Badarg(p);

    [Bif("erlang:bit_size/1", BifKind.Guard)]
    public static Term BitSize(Process* p, Term* a) => BitSizeOf(a[0], out ulong bits) ? Term.Small((long)bits) : Process.Badarg(p);


    /// <summary>length/1 for match specifications, which cannot pause; programs call ListBifs.LengthOf.</summary>
    public static Term Length(Process* p, Term* a)
    {
        long n = ListBifs.Length(a[0]);
        if (n < 0) return Process.Badarg(p);
        Process.Bump(p, n / 50);
        return Term.Small(n);
    }

    [Bif("erlang:hd/1", BifKind.Guard)]
    public static Term Head(Process* p, Term* a) => a[0].IsCons ? a[0].Head : Process.Badarg(p);

    [Bif("erlang:tl/1", BifKind.Guard)]
    public static Term Tail(Process* p, Term* a) => a[0].IsCons ? a[0].Tail : Process.Badarg(p);

    [Bif("erlang:self/0", BifKind.Guard)]
    public static Term Self(Process* p, Term* a) => p->Pid;

    /// <summary>This VM is not distributed.</summary>
    [Bif("erlang:node/0", BifKind.Guard)]
    public static Term Node(Process* p, Term* a) => Am.NonodeNohost;

    /// <summary>The node of a pid, port or reference.</summary>
    [Bif("erlang:node/1", BifKind.Guard)]
    public static Term NodeOf(Process* p, Term* a)
    {
        if (!a[0].IsPid && !a[0].IsPort && !a[0].IsReference) return Process.Badarg(p);
        return Identifiers.IsExternal(a[0]) ? Identifiers.External(a[0])->Node : Am.NonodeNohost;
    }

    /// <summary>The arity of a fun (the term must be one).</summary>
    public static long FunArity(Term fun) =>
        fun.IsKind(Header.ExportFun) ? ((ExportFun*)fun.Box)->Export->Arity : ((FunName*)((Fun*)fun.Box)->Entry)->Arity;

    private static bool BitSizeOf(Term t, out ulong bits)
    {
        bits = 0;
        if (!t.IsBitstring) return false;
        Bitstring.Open(t, out _, out _, out bits);
        return true;
    }
}
