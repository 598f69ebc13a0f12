// A process: a fixed native layout. Natives get a Process* and reach their heap, their caller's exception slots and the machine through it.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Exception classes, as try/catch numbers them.</summary>
public enum ExceptionClass
{
    Error = 0, Exit = 1, Throw = 2,
}

/// <summary>What a native reports besides an exception.</summary>
public enum FailKind
{
    None = 0,
    /// <summary>An exception: Class, Reason and the flags say which.</summary>
    Exception = 1,
    /// <summary>Go on by calling Process.TrapTo with the TrapArity arguments in Process.TrapArgs.</summary>
    Trap = 2,
    /// <summary>The native has set up where the process resumes (hibernate/3): leave with the StopReason in Process.TrapArity.</summary>
    Leave = 3,
    /// <summary>The native is done, its result is TrapArgs[0]: leave the slice, so that signals to itself are handled before it goes on.</summary>
    Yield = 4,
    /// <summary>Not called: it is traced, the call goes by its stub (Breakpoints).</summary>
    Traced = 7,
    /// <summary>The native goes on on a dirty thread (DirtyPool.Enter).</summary>
    Dirty = 5,
    /// <summary>The slice is over and the native has not finished: run the same call again in the next one (Process.Work holds what it needs).</summary>
    Again = 6,
}

/// <summary>What a process is doing, as senders of signals must know it. Changed under Process.Lock, but for Runnable -> Running.</summary>
public static class ProcessStatus
{
    /// <summary>Free: the structure belongs to no process. Waiting: no run queue has it; a signal makes it Runnable. Suspended: ready, but held back.
    /// Exiting: takes no signals any more.</summary>
    public const int Free = 0, Runnable = 1, Running = 2, Waiting = 3, Suspended = 4, Exiting = 5;
}

/// <summary>
/// One BEAM process. The structures are type-stable: they are handed out again for other processes but never given back while the VM lives, so that whoever
/// has an old pointer can take the lock and see from Pid that the process is gone.
/// </summary>
public unsafe struct Process
{
    public Heap Heap;
    public Machine* Machine;
    /// <summary>The context it runs on, or ran on last; never null.</summary>
    public Context* Context;
    /// <summary>The pid, an immediate; None when the structure is free.</summary>
    public Term Pid;

    /// <summary>What a native keeps that has not finished (Slices), or null. While it is there the heap is not collected.</summary>
    public NativeWork* Work;
    // These two stand together: ProcessGc names them as one range.
    /// <summary>A term kept over a collection (a native's result before it is stored).</summary>
    public Term Kept;
    public Term GroupLeader;
    /// <summary>Where to resume when the process is not running.</summary>
    public ulong* Resume;
    /// <summary>Live x registers saved while not running, and their number.</summary>
    public Term* SavedX;
    public int SavedCount, SavedCapacity;
    /// <summary>Reductions used before this slice.</summary>
    public long ReductionsDone;
    /// <summary>Module, function (atoms) and arity the process was started with.</summary>
    private uint initialModule, initialFunction;
    public int InitialArity;
    /// <summary>Catches and trys active on the stack.</summary>
    public int Catches;
    /// <summary>The process dictionary.</summary>
    public ProcessDictionary Dictionary;
    /// <summary>What process_flag/2 sets; no roots.</summary>
    public ProcessFlags Flags;

    // -- signals (Signals.cs); Lock guards Status, the incoming row and Pid --
    public OsMutex Lock;
    /// <summary>The timers to it, and that of its receive … after. Type-stable like Lock, beside which it stands: ProcessTable.Add does not touch the two.</summary>
    public ProcessTimers Timers;
    public int Status;
    /// <summary>1: signals have been taken from the row and may not have been handled yet.</summary>
    public int Handling;
    /// <summary>Signals that arrived and were not looked at yet, oldest first.</summary>
    public Signal* InFirst, InLast;
    public int InCount;
    /// <summary>Messages in the mailbox (of the process itself, no lock).</summary>
    public int MailCount;
    /// <summary>The mailbox, oldest message first; MailLast: the link at its end; Save: the link to the message that receive looks at next.</summary>
    public Signal* MailFirst;
    public Signal** MailLast, Save;
    /// <summary>Rare parts, made when first needed, or null.</summary>
    public ProcessExtra* Extra;
    /// <summary>The pids this process is linked to: key pid, value id of an unlink that is on its way, or 0.</summary>
    public KeyTable Links;
    /// <summary>The name it is registered under (an atom), or None.</summary>
    public Term Name;
    /// <summary>1: the timer of the running receive … after is set; 1: it ran out and nobody has looked yet.</summary>
    public int TimerSet, TimedOut;
    /// <summary>Its number among all processes there ever were, from 1: a pid can come again.</summary>
    public ulong Born;
    /// <summary>What is left of its end, which goes on in further slices; or null.</summary>
    public ExitWork* Ending;
    /// <summary>Next in a run queue or in the list of free structures.</summary>
    public Process* Next;
    /// <summary>Suspensions that hold it back; below 0 while a resume has overtaken its suspension.</summary>
    public int SuspendCount;
    /// <summary>Those of them that are suspend_process's: while there are any its timers stand still.</summary>
    public int Pauses;
    /// <summary>Not 0: it is wanted to handle its signals as if it had this priority (Urgency), which is above its own. Guarded by Lock.</summary>
    public int Lifted;
    /// <summary>The run queue it is in, or is about to be put into; and in which row.</summary>
    public RunQueue* Queue;
    public int Row;
    /// <summary>Where it is on its way to and from a dirty thread (DirtyState). Guarded by Lock.</summary>
    public DirtyState Dirty;
    /// <summary>What is traced of it: a list by session, and the TraceFlags of all sessions together.</summary>
    public Tracee* Tracees;
    public uint Traced;
    /// <summary>1: waits for a message by hibernate/0; 2: is about to; 3: waits by hibernate/3.</summary>
    public int Hibernating;

    public Term InitialModule { readonly get => Term.Atom(initialModule); set => initialModule = value.AtomIndex; }
    public Term InitialFunction { readonly get => Term.Atom(initialFunction); set => initialFunction = value.AtomIndex; }

    // -- what a native reports, and traps: valid on the running process only, so they are kept in the context --
    public readonly FailKind Fail { get => Context->Fail; set => Context->Fail = value; }
    public readonly ExceptionClass FailClass { get => Context->FailClass; set => Context->FailClass = value; }
    /// <summary>1: the native has no stack frame of its own (error/1, exit/1, throw/1).</summary>
    public readonly long FailNoFrame { get => Context->FailNoFrame; set => Context->FailNoFrame = value; }
    /// <summary>The reason term.</summary>
    public readonly Term FailReason { get => Context->FailReason; set => Context->FailReason = value; }
    /// <summary>Arguments to show in the first stack frame instead of the arity (a list), or None.</summary>
    public readonly Term FailArgs { get => Context->FailArgs; set => Context->FailArgs = value; }
    /// <summary>error_info map, or None.</summary>
    public readonly Term FailInfo { get => Context->FailInfo; set => Context->FailInfo = value; }
    /// <summary>The cause that a native gave with a plain badarg (an atom), or None: makes #{cause => C}.</summary>
    public readonly Term FailCause { get => Context->FailCause; set => Context->FailCause = value; }
    /// <summary>A ready-made stack trace (raise/3), or None.</summary>
    public readonly Term FailTrace { get => Context->FailTrace; set => Context->FailTrace = value; }
    /// <summary>The function to go on in, and its arguments.</summary>
    public readonly Export* TrapTo { get => Context->TrapTo; set => Context->TrapTo = value; }
    public readonly int TrapArity { get => Context->TrapArity; set => Context->TrapArity = value; }
    public readonly ulong* TrapArgs => Context->TrapArgs;
    /// <summary>Reductions a native has asked to be charged for (Bump), taken over after it returns.</summary>
    public readonly long Bumped { get => Context->Bumped; set => Context->Bumped = value; }

    /// <summary>Room on the heap; never collects, never moves a term (Heap.Alloc). Words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong* Alloc(Process* p, long words) => Heap.Alloc(&p->Heap, words);

    /// <summary>Records an error with this reason. Always None, so that a native can `return Process.Error(p, …)`.</summary>
    public static Term Error(Process* p, Term reason) => Raise(p, ExceptionClass.Error, reason);

    /// <summary>badarg.</summary>
    public static Term Badarg(Process* p) => Raise(p, ExceptionClass.Error, Am.Badarg);

    /// <summary>badarg whose error_info carries this cause (an atom).</summary>
    public static Term Badarg(Process* p, Term cause)
    {
        Raise(p, ExceptionClass.Error, Am.Badarg);
        p->FailCause = cause;
        return Term.None;
    }

    /// <summary>badarith.</summary>
    public static Term Badarith(Process* p) => Raise(p, ExceptionClass.Error, Am.Badarith);

    /// <summary>system_limit.</summary>
    public static Term SystemLimit(Process* p) => Raise(p, ExceptionClass.Error, Am.SystemLimit);

    /// <summary>Records an exception of any class.</summary>
    public static Term Raise(Process* p, ExceptionClass kind, Term reason)
    {
        p->Fail = FailKind.Exception;
        p->FailClass = kind;
        p->FailReason = reason;
        p->FailArgs = Term.None;
        p->FailInfo = Term.None;
        p->FailCause = Term.None;
        p->FailTrace = Term.None;
        return Term.None;
    }

    /// <summary>Ends the slice after this native; signals that have arrived are handled before the caller gets the result. Always None.</summary>
    public static Term YieldWith(Process* p, Term result)
    {
        p->Fail = FailKind.Yield;
        p->TrapArgs[0] = result.Bits;
        return Term.None;
    }

    /// <summary>Goes on in M:F with one argument (a trap). Always None.</summary>
    public static Term TrapTo1(Process* p, Term module, Term function, Term argument)
    {
        p->TrapTo = ExportTable.Put(p->Machine, module, function, 1);
        p->TrapArity = 1;
        p->TrapArgs[0] = argument.Bits;
        p->Fail = FailKind.Trap;
        return Term.None;
    }

    /// <summary>Charges the process for work done in a native.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Bump(Process* p, long reductions) => p->Context->Bumped += reductions;

    // -- building terms --

    /// <summary>[head | tail].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Term Cons(Process* p, Term head, Term tail)
    {
        Cons* c = (Cons*)Alloc(p, 2);
        c->Head = head;
        c->Tail = tail;
        return Term.List(c);
    }

    /// <summary>{a, b}.</summary>
    public static Term Tuple(Process* p, Term a, Term b)
    {
        ulong* t = Alloc(p, 3);
        t[0] = Header.Make(Header.Tuple, 2);
        ((Term*)t)[1] = a;
        ((Term*)t)[2] = b;
        return Term.Boxed(t);
    }

    /// <summary>{a, b, c}.</summary>
    public static Term Tuple(Process* p, Term a, Term b, Term c)
    {
        ulong* t = Alloc(p, 4);
        t[0] = Header.Make(Header.Tuple, 3);
        ((Term*)t)[1] = a;
        ((Term*)t)[2] = b;
        ((Term*)t)[3] = c;
        return Term.Boxed(t);
    }

    /// <summary>A tuple of <paramref name="arity"/> elements for the caller to fill in (TupleElements) before anything else is allocated.</summary>
    public static Term NewTuple(Process* p, long arity)
    {
        ulong* t = Alloc(p, arity + 1);
        t[0] = Header.Make(Header.Tuple, arity);
        return Term.Boxed(t);
    }

    /// <summary>A float. The caller has checked that it is finite.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Term Float(Process* p, double value)
    {
        ulong* t = Alloc(p, 2);
        t[0] = Header.Make(Header.Float, 1);
        *(double*)(t + 1) = value;
        return Term.Boxed(t);
    }

    /// <summary>An integer of 64 bits, small or big.</summary>
    public static Term Integer(Process* p, long value)
    {
        if (Term.FitsSmall(value)) return Term.Small(value);
        ulong* t = Alloc(p, 2);
        t[0] = Header.Make(value < 0 ? Header.NegativeBig : Header.PositiveBig, 1);
        t[1] = value < 0 ? 0UL - (ulong)value : (ulong)value;
        return Term.Boxed(t);
    }

    /// <summary>An unsigned integer of 64 bits, small or big.</summary>
    public static Term Unsigned(Process* p, ulong value)
    {
        if (value <= (ulong)Term.MaxSmall) return Term.Small((long)value);
        ulong* t = Alloc(p, 2);
        t[0] = Header.Make(Header.PositiveBig, 1);
        t[1] = value;
        return Term.Boxed(t);
    }

    /// <summary>An integer from sign and digits (normalised here; copied).</summary>
    public static Term Integer(Process* p, ulong* digits, int count, bool negative)
    {
        while (count > 0 && digits[count - 1] == 0) count--;
        if (count == 0) return Term.Small(0);
        if (count == 1 && digits[0] <= (ulong)Term.MaxSmall + (negative ? 1UL : 0UL))
            return Term.Small(negative ? -(long)digits[0] : (long)digits[0]);
        ulong* t = Alloc(p, count + 1);
        t[0] = Header.Make(negative ? Header.NegativeBig : Header.PositiveBig, count);
        System.Buffer.MemoryCopy(digits, t + 1, count * 8L, count * 8L);
        return Term.Boxed(t);
    }
}
