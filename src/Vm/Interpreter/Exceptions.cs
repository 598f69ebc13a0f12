// Raising: finds the handler on the stack, builds the stack trace (ARCHITECTURE 6; shapes in OTP's "Errors and Error Handling").
//
// The raw trace that x(3) (and the variable of `catch C:R:St` before build_stacktrace) holds is a tuple {raw, Addresses, Top, Args, Info, Class}: Addresses is a
// "bignum" of code addresses, top frame first, or a ready list; Top a ready first frame or []; Args and Info belong to the first address. Cheap to make,
// opaque to programs.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;

public static unsafe class Exceptions
{
    /// <summary>Most frames of the stack that a process is told of itself.</summary>
    public const int Depth = 8;

    /// <summary>Raises what the process's Fail slots hold, at instruction I of the running function. Goes on at the handler, or leaves threaded code.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static long Handle(ulong* I, Term* E, Term* H, Context* C)
    {
        Process* p = C->Process;
        p->Heap.Top = (ulong*)H;
        return Unwind(I, E, C, Term.None, false);
    }

    /// <summary>As Handle for a call that has put its return address into E[0] already, or has dropped its frame: the caller is part of the trace.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static long HandleEntered(ulong* I, Term* E, Term* H, Context* C)
    {
        Process* p = C->Process;
        p->Heap.Top = (ulong*)H;
        return Unwind(I, E, C, Term.None, true);
    }

    /// <summary>Raises what the Fail slots hold inside native or undefined function e, which was called from I: its frame comes first.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static long RaiseIn(ulong* I, Term* E, Context* C, Export* e)
    {
        Process* p = C->Process;
        if (p->FailClass == ExceptionClass.Error && p->FailInfo.IsNone && p->FailTrace.IsNone) p->FailInfo = ErrorInfo(p, e);
        return Unwind(I, E, C, Frame(p, e->Module, e->Function, p->FailArgs.IsNone ? Term.Small(e->Arity) : p->FailArgs, p->FailInfo), false);
    }

    /// <summary>As RaiseIn for a native called as a function: the arguments are in the x registers. Natives that only raise (error/1, exit/1, throw/1,
    /// raise/3 …) have no frame of their own: they set FailTrace or NoFrame.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static long RaiseNative(ulong* I, Term* E, Context* C, Export* e)
    {
        Process* p = C->Process;
        if (p->FailNoFrame != 0 || !p->FailTrace.IsNone)
        {
            p->FailNoFrame = 0;
            return Unwind(I, E, C, Term.None, false);
        }
        if (p->FailArgs.IsNone) p->FailArgs = Ops.ListOf(p, Context.Xs(C), e->Arity);
        return RaiseIn(I, E, C, e);
    }

    /// <summary>As RaiseIn for erlang:apply/2 or /3, which is an instruction here and has no native.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static long RaiseInApply(ulong* I, Term* E, Context* C, int arity)
    {
        Process* p = C->Process;
        p->FailInfo = MapMaker.One(p, Am.Module, Am.ErlErtsErrors);
        return RaiseIn(I, E, C, ExportTable.Put(C->Machine, Am.Erlang, Am.Apply, arity));
    }

    /// <summary>As RaiseIn for an arithmetic instruction: erlang:Name(a, b).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static long RaiseOperator(ulong* I, Term* E, Context* C, Term name, Term a, Term b)
    {
        Process* p = C->Process;
        p->FailArgs = Process.Cons(p, a, b.IsNone ? Term.Nil : Process.Cons(p, b, Term.Nil));
        return RaiseIn(I, E, C, ExportTable.Put(C->Machine, Am.Erlang, name, b.IsNone ? 1 : 2));
    }

    // {M, F, ArityOrArgs, [{error_info, Map}]}
    private static Term Frame(Process* p, Term m, Term f, Term a, Term info)
    {
        Term location = info.IsNone ? Term.Nil : Process.Cons(p, Process.Tuple(p, Am.ErrorInfo, info), Term.Nil);
        Term t = Process.NewTuple(p, 4);
        Term* e = t.TupleElements;
        e[0] = m;
        e[1] = f;
        e[2] = a;
        e[3] = location;
        return t;
    }

    // Which module formats errors of a native's module (OTP: erl_erts_errors and its like; none for other modules).
    private static Term ErrorInfo(Process* p, Export* e)
    {
        Term formatter;
        if (e->Native == null) return Term.None;
        if (e->Module == Am.Erlang || e->Module == Am.ErtsInternal || e->Module == Am.Atomics || e->Module == Am.Counters || e->Module == Am.PersistentTerm) formatter = Am.ErlErtsErrors;
        else if (e->Module == Am.Code || e->Module == Am.Os) formatter = Am.ErlKernelErrors;
        else if (e->Module == Am.Binary || e->Module == Am.Ets || e->Module == Am.Lists || e->Module == Am.Maps || e->Module == Am.Math || e->Module == Am.Re || e->Module == Am.Unicode) formatter = Am.ErlStdlibErrors;
        else return Term.None;
        if (p->FailCause.IsNone) return MapMaker.One(p, Am.Module, formatter);
        return MapMaker.Two(p, Am.Cause, p->FailCause, Am.Module, formatter);
    }

    // entered: E[0] is a return address although the function at I has a frame.
    private static long Unwind(ulong* I, Term* E, Context* C, Term top, bool entered)
    {
        Process* p = C->Process;
        p->Heap.Stack = (ulong*)E;
        Term trace = p->FailTrace.IsNone ? RawTrace(p, I, E, top, entered) : WithClass(p, p->FailTrace, p->FailClass);
        p->Fail = FailKind.None;
        p->FailTrace = trace;
        if (p->Tracees != null) TraceFrames.Unwind(p, ClassAtom(p->FailClass), p->FailReason);
        if (p->Catches <= 0)
        {
            p->Resume = I;
            return C->Stop = StopReason.Exited;
        }
        // The nearest catch slot, and the frame it is in: frames begin at a word with tag 00 (a code address).
        Term* frame = E;
        Term* end = (Term*)p->Heap.End;
        for (Term* at = E; at < end; at++)
        {
            if (at->IsHeader) frame = at;
            else if (at->IsCatch)
            {
                Term* x = Context.Xs(C);
                x[0] = Term.None;
                x[1] = ClassAtom(p->FailClass);
                x[2] = p->FailReason;
                x[3] = trace;
                ulong* handler = CodeTable.CatchTarget(C->Machine, at->CatchIndex);
                p->FailReason = p->FailArgs = p->FailInfo = p->FailCause = p->FailTrace = Term.None;
                return Ops.AfterNative(handler, frame, C, 4);
            }
        }
        p->Resume = I;
        return C->Stop = StopReason.Exited;
    }

    private static Term ClassAtom(ExceptionClass kind) => kind switch { ExceptionClass.Error => Am.Error, ExceptionClass.Exit => Am.Exit, _ => Am.Throw };

    private static Term RawTrace(Process* p, ulong* I, Term* E, Term top, bool entered)
    {
        int n = 0;
        int limit = (int)System.Math.Max(SystemFlags.BacktraceDepth(p->Machine), 1) - (top.IsNone ? 0 : 1);
        ulong* big = Process.Alloc(p, limit + 2);
        ulong* found = big + 1;
        // A native entered as a function: what is shown begins with its caller (error/1 and its like), or with what stands for the native.
        bool native = (*I & ~2UL) == p->Machine->HaltCode[1];
        if (limit > 0 && !native) found[n++] = (ulong)I;
        Term* end = (Term*)p->Heap.End;
        // Recursion that waits at one place shows up once, as in OTP (beam_common.c, gather_stacktrace): the first address may be the same as the second.
        ulong previous = 0, own = (ulong)p->Machine->Tracing.Code;
        for (Term* at = !entered && CodeTable.HasFrame(p->Machine, I) ? E + 1 : E; at < end && n < limit; at++)
        {
            if (!at->IsHeader || at->IsNone || at->Bits - own < TraceFrames.CodeWords * 8) continue;
            // A return address belongs to the call before it; a function that has just made a tail call shows up once.
            ulong address = at->Bits - 8;
            if (address == previous) continue;
            previous = address;
            found[n++] = address;
        }
        if (n == 0)
        {
            // The frame of the native is all there is room for.
            Heap.Release(&p->Heap, big, big + limit + 2);
            return Raw(p, Term.Nil, top, p->FailClass);
        }
        big[0] = Header.Make(Header.PositiveBig, n);
        Heap.Release(&p->Heap, big + n + 1, big + limit + 2);
        return Raw(p, Term.Boxed(big), top, p->FailClass);
    }

    private static Term Raw(Process* p, Term addresses, Term top, ExceptionClass kind)
    {
        Term t = Process.NewTuple(p, 6);
        Term* e = t.TupleElements;
        e[0] = Am.Raw;
        e[1] = addresses;
        e[2] = top.IsNone ? Term.Nil : top;
        e[3] = top.IsNone && !p->FailArgs.IsNone ? p->FailArgs : Am.None;
        e[4] = top.IsNone && !p->FailInfo.IsNone ? p->FailInfo : Am.None;
        e[5] = ClassAtom(kind);
        return t;
    }

    private static bool IsRaw(Term t) => t.IsTupleOf(6) && t.TupleElements[0] == Am.Raw;

    /// <summary>The class a raw trace was made with; error for anything else.</summary>
    public static ExceptionClass ClassOf(Term trace)
    {
        if (!IsRaw(trace)) return ExceptionClass.Error;
        Term c = trace.TupleElements[5];
        return c == Am.Exit ? ExceptionClass.Exit : c == Am.Throw ? ExceptionClass.Throw : ExceptionClass.Error;
    }

    /// <summary>A raw trace of this class from a raw trace or a list.</summary>
    public static Term WithClass(Process* p, Term trace, ExceptionClass kind)
    {
        if (!IsRaw(trace))
        {
            p->FailArgs = p->FailInfo = Term.None;
            return Raw(p, trace, Term.None, kind);
        }
        if (trace.TupleElements[5] == ClassAtom(kind)) return trace;
        Term t = Process.NewTuple(p, 6);
        for (int i = 0; i < 5; i++) t.TupleElements[i] = trace.TupleElements[i];
        t.TupleElements[5] = ClassAtom(kind);
        return t;
    }

    /// <summary>The list a program sees for a raw trace; a list stays what it is.</summary>
    public static Term Cook(Process* p, Machine* m, Term raw)
    {
        if (!IsRaw(raw)) return raw;
        Term* e = raw.TupleElements;
        if (!e[1].IsBig) return e[2].IsNil ? e[1] : Process.Cons(p, e[2], e[1]);
        ulong* addresses = e[1].BigDigits;
        int n = e[1].BigLength;
        Term list = Term.Nil;
        for (int i = n - 1; i >= 0; i--)
        {
            if (!CodeTable.Find(m, (ulong*)addresses[i], out CodeLocation where)) continue;
            Term a = Term.Small(where.Arity);
            if (i == 0 && e[3] != Am.None) a = e[3];
            Term info = i == 0 && e[4] != Am.None ? Process.Cons(p, Process.Tuple(p, Am.ErrorInfo, e[4]), Term.Nil) : Term.Nil;
            Term location = Location(p, where, info);
            Term frame = Process.NewTuple(p, 4);
            Term* f = frame.TupleElements;
            f[0] = where.Module;
            f[1] = where.Function;
            f[2] = a;
            f[3] = location;
            list = Process.Cons(p, frame, list);
        }
        if (!e[2].IsNil) list = Process.Cons(p, e[2], list);
        return list;
    }

    // [{file, "F"}, {line, L} | rest], or just the rest when the line is not known
    private static Term Location(Process* p, in CodeLocation where, Term rest)
    {
        if (where.Line == 0) return rest;
        Term file = FileName(p, where);
        return Process.Cons(p, Process.Tuple(p, Am.File, file), Process.Cons(p, Process.Tuple(p, Am.Line, Term.Small(where.Line)), rest));
    }

    /// <summary>The name of the source file, as a string.</summary>
    public static Term FileName(Process* p, in CodeLocation where)
    {
        Term file = Term.Nil;
        byte* text = where.File;
        for (int i = where.FileBytes; i > 0;)
        {
            // The name is UTF-8; the list holds characters.
            int start = i - 1;
            while (start > 0 && (text[start] & 0xC0) == 0x80) start--;
            long c = text[start];
            if (c >= 0xC0)
            {
                c &= 0xFF >> (i - start + 1);
                for (int k = start + 1; k < i; k++) c = (c << 6) | (uint)(text[k] & 0x3F);
            }
            file = Process.Cons(p, Term.Small(c), file);
            i = start;
        }
        return file;
    }

    /// <summary>The stack of the running process, which has just entered a function: at most so many frames (and as many as system_flag(backtrace_depth) allows), as a list.</summary>
    public static Term StackOf(Process* p, long depth)
    {
        depth = System.Math.Min(depth, System.Math.Min(SystemFlags.BacktraceDepth(p->Machine), Depth));
        ulong* big = Process.Alloc(p, Depth + 1);
        int n = 0;
        for (Term* at = (Term*)p->Heap.Stack; at < (Term*)p->Heap.End && n < depth; at++)
            if (at->IsHeader && !at->IsNone && !TraceFrames.Is(p->Machine, *at)) big[++n] = at->Bits - 8;
        big[0] = Header.Make(Header.PositiveBig, Depth);
        for (int i = n; i < Depth; i++) big[i + 1] = 0;
        p->FailArgs = p->FailInfo = Term.None;
        return Cook(p, p->Machine, Raw(p, Term.Boxed(big), Term.None, ExceptionClass.Error));
    }
}
