// A process: a fixed native layout. Natives get a Process* and reach their heap, their caller's exception slots and the machine through it.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;

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
    /// <summary>The process was put to wait or to sleep; run the same call again when it wakes.</summary>
    Wait = 3,
}

/// <summary>One BEAM process.</summary>
public unsafe struct Process
{
    public Heap Heap;
    public Machine* Machine;
    /// <summary>The pid, an immediate.</summary>
    public Term Pid;

    // -- the exception being raised (valid while a native has returned None, and until a handler has taken it) --
    public FailKind Fail;
    public ExceptionClass FailClass;
    /// <summary>1: the native has no stack frame of its own (error/1, exit/1, throw/1).</summary>
    public long FailNoFrame;
    // These five stand together: ProcessGc names them as one range.
    /// <summary>The reason term.</summary>
    public Term FailReason;
    /// <summary>Arguments to show in the first stack frame instead of the arity (a list), or None.</summary>
    public Term FailArgs;
    /// <summary>error_info map, or None; FailCause: the cause that a native gave with a plain badarg (an atom), or None: makes #{cause => C}.</summary>
    public Term FailInfo, FailCause;
    /// <summary>A ready-made stack trace (raise/3), or None.</summary>
    public Term FailTrace;

    // -- traps --
    public Export* TrapTo;
    public int TrapArity;
    public fixed ulong TrapArgs[8];

    // These two stand together: ProcessGc names them as one range.
    /// <summary>A term kept over a collection (a native's result before it is stored).</summary>
    public Term Kept;
    /// <summary>Messages to itself, oldest first: a list (one process runs; signals come with the scheduler).</summary>
    public Term Mailbox;
    /// <summary>The cell that loop_rec looks at next: how many messages are passed over.</summary>
    public long MailboxAt;
    /// <summary>Deadline of the running receive … after, in monotonic ns; 0: none.</summary>
    public long Deadline;
    /// <summary>Catches and trys active on the stack.</summary>
    public long Catches;
    /// <summary>Where to resume when the process is not running.</summary>
    public ulong* Resume;
    /// <summary>Live x registers saved while not running, and their number.</summary>
    public Term* SavedX;
    public int SavedCount, SavedCapacity;
    /// <summary>Reductions used before this slice.</summary>
    public long ReductionsDone;
    /// <summary>Module, function (atoms) and arity the process was started with.</summary>
    public Term InitialModule, InitialFunction;
    public long InitialArity;
    public Term GroupLeader;
    /// <summary>The process dictionary.</summary>
    public ProcessDictionary Dictionary;
    /// <summary>What process_flag/2 sets; no roots.</summary>
    public ProcessFlags Flags;
    /// <summary>Reductions a native has asked to be charged for (BumpReductions), taken over after it returns.</summary>
    public long Bumped;

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

    /// <summary>Charges the process for work done in a native.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Bump(Process* p, long reductions) => p->Bumped += reductions;

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
