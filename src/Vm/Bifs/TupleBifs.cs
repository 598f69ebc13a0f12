// Natives that make tuples, or lists from them.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;

/// <summary>Tuple natives.</summary>
public static unsafe class TupleBifs
{
    /// <summary>Most elements of a tuple (OTP: MAX_ARITYVAL); more are badarg.</summary>
    public const long MaxArity = (1 << 24) - 1;

    /// <summary>Words copied that cost one reduction.</summary>
    private const long WordsPerReduction = 64;

    [Bif("erlang:list_to_tuple/1")]
    public static Term FromList(Process* p, Term* a)
    {
        long n = ListBifs.Length(a[0]);
        if (n < 0 || n > MaxArity) return Process.Badarg(p);
        Term tuple = New(p, n);
        if (tuple.IsNone) return tuple;
        Term* element = tuple.TupleElements;
        for (Term list = a[0]; list.IsCons; list = list.Tail) *element++ = list.Head;
        return tuple;
    }

    [Bif("erlang:tuple_to_list/1")]
    public static Term ToList(Process* p, Term* a)
    {
        if (!a[0].IsTuple) return Process.Badarg(p);
        long n = a[0].TupleArity;
        if (n == 0) return Term.Nil;
        Cons* cells = (Cons*)Process.Alloc(p, n * 2);
        if (cells == null) return Process.SystemLimit(p);
        Term* elements = a[0].TupleElements;
        for (long i = 0; i < n; i++)
        {
            cells[i].Head = elements[i];
            cells[i].Tail = Term.List(cells + i + 1);
        }
        cells[n - 1].Tail = Term.Nil;
        Process.Bump(p, n / WordsPerReduction);
        return Term.List(cells);
    }

    [Bif("erlang:make_tuple/2")]
    public static Term Make(Process* p, Term* a) => Filled(p, a[0], a[1]);

    /// <summary>The third argument: a list of {Position, Value}; the last one for a position counts.</summary>
    [Bif("erlang:make_tuple/3")]
    public static Term MakeWith(Process* p, Term* a)
    {
        Term tuple = Filled(p, a[0], a[1]);
        if (tuple.IsNone) return tuple;
        Term list = a[2];
        for (; list.IsCons; list = list.Tail)
        {
            Term pair = list.Head;
            if (!pair.IsTupleOf(2) || !pair.TupleElements[0].IsSmall) return Process.Badarg(p);
            long i = pair.TupleElements[0].SmallValue - 1;
            if ((ulong)i >= (ulong)tuple.TupleArity) return Process.Badarg(p);
            tuple.TupleElements[i] = pair.TupleElements[1];
        }
        return list.IsNil ? tuple : Process.Badarg(p);
    }

    [Bif("erlang:append_element/2")]
    public static Term AppendElement(Process* p, Term* a) =>
        a[0].IsTuple ? Insert(p, a[0], a[0].TupleArity, a[1]) : Process.Badarg(p);

    [Bif("erlang:insert_element/3")]
    public static Term InsertElement(Process* p, Term* a) =>
        a[0].IsSmall && a[1].IsTuple ? Insert(p, a[1], a[0].SmallValue - 1, a[2]) : Process.Badarg(p);

    [Bif("erlang:delete_element/2")]
    public static Term DeleteElement(Process* p, Term* a)
    {
        if (!a[0].IsSmall || !a[1].IsTuple) return Process.Badarg(p);
        long at = a[0].SmallValue - 1, n = a[1].TupleArity;
        if ((ulong)at >= (ulong)n) return Process.Badarg(p);
        Term tuple = New(p, n - 1);
        if (tuple.IsNone) return tuple;
        Copy(a[1].TupleElements, tuple.TupleElements, at);
        Copy(a[1].TupleElements + at + 1, tuple.TupleElements + at, n - at - 1);
        return tuple;
    }

    private static Term Insert(Process* p, Term from, long at, Term value)
    {
        long n = from.TupleArity;
        if ((ulong)at > (ulong)n || n >= MaxArity) return Process.Badarg(p);
        Term tuple = New(p, n + 1);
        if (tuple.IsNone) return tuple;
        Copy(from.TupleElements, tuple.TupleElements, at);
        tuple.TupleElements[at] = value;
        Copy(from.TupleElements + at, tuple.TupleElements + at + 1, n - at);
        return tuple;
    }

    private static Term Filled(Process* p, Term arity, Term value)
    {
        if (!arity.IsSmall || (ulong)arity.SmallValue > (ulong)MaxArity) return Process.Badarg(p);
        Term tuple = New(p, arity.SmallValue);
        if (tuple.IsNone) return tuple;
        Term* elements = tuple.TupleElements;
        for (long i = 0; i < arity.SmallValue; i++) elements[i] = value;
        return tuple;
    }

    private static Term New(Process* p, long arity)
    {
        ulong* t = Process.Alloc(p, arity + 1);
        if (t == null) return Process.SystemLimit(p);
        *t = Header.Make(Header.Tuple, arity);
        Process.Bump(p, arity / WordsPerReduction);
        return Term.Boxed(t);
    }

    private static void Copy(Term* from, Term* to, long count) => Buffer.MemoryCopy(from, to, count * 8, count * 8);
}
