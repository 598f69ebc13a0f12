// Natives of erlang that end something: they raise, or halt the VM.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

public static unsafe class ErlangControlBifs
{
    // error/1 and its kin have no frame of their own: the trace begins with the function that calls them.
    private static Term RaiseAtCaller(Process* p, ExceptionClass kind, Term reason)
    {
        Process.Raise(p, kind, reason);
        p->FailNoFrame = 1;
        return Term.None;
    }

    [Bif("erlang:error/1", BifKind.Raises)]
    public static Term Error1(Process* p, Term* a) => RaiseAtCaller(p, ExceptionClass.Error, a[0]);

    [Bif("erlang:exit/1", BifKind.Raises)]
    public static Term Exit(Process* p, Term* a) => RaiseAtCaller(p, ExceptionClass.Exit, a[0]);

    [Bif("erlang:throw/1", BifKind.Raises)]
    public static Term Throw(Process* p, Term* a) => RaiseAtCaller(p, ExceptionClass.Throw, a[0]);

    /// <summary>A list of arguments is shown instead of the caller's arity; anything else (none) is not.</summary>
    [Bif("erlang:error/2", BifKind.Raises)]
    public static Term Error2(Process* p, Term* a)
    {
        RaiseAtCaller(p, ExceptionClass.Error, a[0]);
        if (a[1].IsList) p->FailArgs = a[1];
        return Term.None;
    }

    /// <summary>Options: [{error_info, Map}]; options that are something else do not count at all.</summary>
    [Bif("erlang:error/3", BifKind.Raises)]
    public static Term Error3(Process* p, Term* a)
    {
        Term info = Term.None;
        Term rest = a[2];
        for (; rest.IsCons; rest = rest.Tail)
        {
            Term option = rest.Head;
            if (!option.IsTupleOf(2) || option.TupleElements[0] != Am.ErrorInfo || !option.TupleElements[1].IsMap) break;
            info = option.TupleElements[1];
        }
        Error2(p, a);
        if (rest.IsNil) p->FailInfo = info;
        return Term.None;
    }

    /// <summary>Unlike error/1 a native with a frame of its own.</summary>
    [Bif("erlang:nif_error/1", BifKind.Traps)]
    [Bif("erlang:nif_error/2", BifKind.Traps)]
    public static Term NifError(Process* p, Term* a) => Process.Error(p, a[0]);

    /// <summary>Raises with a given trace. Returns (!) badarg when the class or the trace is none.</summary>
    [Bif("erlang:raise/3", BifKind.Traps)]
    public static Term Raise(Process* p, Term* a)
    {
        ExceptionClass kind;
        if (a[0] == Am.Error) kind = ExceptionClass.Error;
        else if (a[0] == Am.Exit) kind = ExceptionClass.Exit;
        else if (a[0] == Am.Throw) kind = ExceptionClass.Throw;
        else return Am.Badarg;

        long depth = 0;
        bool copy = false;
        Term rest = a[2];
        for (; rest.IsCons; rest = rest.Tail, depth++)
        {
            if (!IsFrame(rest.Head, out bool old)) return Am.Badarg;
            copy |= old;
        }
        if (!rest.IsNil) return Am.Badarg;
        long limit = System.Math.Max(SystemFlags.BacktraceDepth(p->Machine), 1);
        Term trace = a[2];
        if (copy || depth > limit)
        {
            long n = System.Math.Min(depth, limit);
            trace = Term.Nil;
            // Frames of the old shapes get an empty location. The list is made from its end.
            for (long i = n - 1; i >= 0; i--)
            {
                Term at = a[2];
                for (long k = 0; k < i; k++) at = at.Tail;
                trace = Process.Cons(p, Complete(p, at.Head), trace);
            }
        }
        Process.Raise(p, kind, a[1]);
        p->FailTrace = trace;
        return Term.None;
    }

    // {M, F, ArityOrArgs, Location}, {Fun, Args, Location}, and the old {M, F, ArityOrArgs} and {Fun, Args}
    private static bool IsFrame(Term t, out bool old)
    {
        old = false;
        if (!t.IsTuple) return false;
        Term* e = t.TupleElements;
        switch (t.TupleArity)
        {
            case 2:
                old = true;
                return e[0].IsFun;
            case 3:
                old = !e[0].IsFun;
                return e[0].IsFun ? e[2].IsList : e[0].IsAtom && e[1].IsAtom;
            case 4:
                return e[0].IsAtom && e[1].IsAtom && e[3].IsList;
            default:
                return false;
        }
    }

    private static Term Complete(Process* p, Term frame)
    {
        if (!IsFrame(frame, out bool old) || !old) return frame;
        long arity = frame.TupleArity;
        Term t = Process.NewTuple(p, arity + 1);
        for (long i = 0; i < arity; i++) t.TupleElements[i] = frame.TupleElements[i];
        t.TupleElements[arity] = Term.Nil;
        return t;
    }

    /// <summary>Ends the VM: with an exit status, abort, or a slogan (status 1, the slogan on the standard error).</summary>
    [Bif("erlang:halt/2", BifKind.Traps)]
    public static Term Halt(Process* p, Term* a)
    {
        bool flush = true;
        long timeout = long.MaxValue;
        Term options = a[1];
        for (; options.IsCons; options = options.Tail)
        {
            Term option = options.Head;
            if (!option.IsTupleOf(2)) break;
            Term key = option.TupleElements[0], value = option.TupleElements[1];
            if (key == Am.Flush && value.IsBoolean) flush = value == Am.True;
            else if (key != Am.FlushTimeout || !(value == Am.Infinity || (value.IsSmall && (ulong)value.SmallValue <= uint.MaxValue))) break;
            else timeout = value == Am.Infinity ? long.MaxValue : value.SmallValue;
        }
        if (!options.IsNil) return Process.Badarg(p, Am.Badopt);
        int status;
        if (a[0].IsInteger)
        {
            if (a[0].IsSmall ? a[0].SmallValue < 0 : a[0].BigNegative) return Process.Badarg(p);
            status = (int)((a[0].IsSmall ? (ulong)a[0].SmallValue : *a[0].BigDigits) & int.MaxValue);
            if (flush) PortTable.Flush(p->Machine, timeout);
        }
        else if (a[0] == Am.Abort)
        {
            OsProcess.Abort();
            return Term.None;
        }
        else
        {
            TextBuffer slogan = default;
            bool valid = CharacterLists.Read(a[0], ref slogan);
            slogan.AddByte('\n');
            if (valid) Halting.WithSlogan(p->Machine, ref slogan, p);
            slogan.Free();
            if (!valid) return Process.Badarg(p);
            status = 1;
        }
        Halting.Stop(p->Machine, status);
        // No handler may see this: whoever runs the process looks at Halting first. Nothing of the program runs again: its catches do not count.
        p->Catches = 0;
        RaiseAtCaller(p, ExceptionClass.Exit, Am.Halt);
        return Term.None;
    }

    [Bif("erlang:bump_reductions/1")]
    public static Term BumpReductions(Process* p, Term* a)
    {
        if (!a[0].IsInteger || (a[0].IsSmall ? a[0].SmallValue <= 0 : a[0].BigNegative)) return Process.Badarg(p);
        Process.Bump(p, System.Math.Min(a[0].IsSmall ? a[0].SmallValue : long.MaxValue, p->Machine->SliceReductions));
        return Am.True;
    }

    /// <summary>Has the process collected as soon as this native has returned, since natives never collect: an (emptied) fragment asks for that.</summary>
    [Bif("erts_internal:garbage_collect/1", BifKind.Traps)]
    public static Term GarbageCollect(Process* p, Term* a)
    {
        if (a[0] != Am.Major && a[0] != Am.Minor) return Process.Badarg(p);
        Heap* heap = &p->Heap;
        if (a[0] == Am.Major) heap->MinorCount = heap->FullSweepAfter;
        if (heap->Fragments == null)
        {
            long words = System.Math.Max(heap->Stack - heap->Top - Heap.StackReserve, 0) + 1;
            ulong* block = Heap.Alloc(heap, words);
            if (block != null) Heap.Release(heap, block, block + words);
        }
        return Am.True;
    }
}
