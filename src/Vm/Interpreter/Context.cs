// The context of one scheduler: what the threaded code reaches through its fourth argument. Register operands of instructions are byte offsets from its
// address (ARCHITECTURE 6), so the x registers must start within 16 bits of it.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Registers and current state of one scheduler thread. One native block, owned by its scheduler.</summary>
public unsafe struct Context
{
    /// <summary>Reductions left in this slice; a call that takes it below 1 yields.</summary>
    public long Reductions;
    public Process* Process;
    public Machine* Machine;
    /// <summary>Where the running code's module was found last (a hint for stack traces), unused by handlers.</summary>
    public ulong* Current;
    /// <summary>The instruction at which the run loop leaves threaded code (one Halt instruction; behind it the handler that natives begin with).</summary>
    public ulong* HaltCode;
    /// <summary>Why threaded code returned to the run loop: one of the Stop constants.</summary>
    public long Stop;
    /// <summary>Scratch arguments for natives called as guard BIFs and for slow paths.</summary>
    public fixed ulong Scratch[8];
    /// <summary>X registers: x(i) is X[i]; those past the last are scratch of the loader's rewrites.</summary>
    public fixed ulong X[MaxRegisters + 4];
    /// <summary>Float registers.</summary>
    public fixed double F[MaxFloatRegisters];
    /// <summary>The bitstring being built (OpsBitsBuild.cs): its data; the bit that the offsets of fields count from; its size in bits, summed up before it is made.</summary>
    public byte* BitsBase;
    public ulong BitsPos, BitsTotal;

    // -- what a native of the running process reports (see the properties of Process) --
    public FailKind Fail;
    public ExceptionClass FailClass;
    public long FailNoFrame;
    // These five stand together: ProcessGc names them as one range.
    public Term FailReason, FailArgs, FailInfo, FailCause, FailTrace;
    public Export* TrapTo;
    public int TrapArity;
    public fixed ulong TrapArgs[8];
    public long Bumped;
    /// <summary>The scheduler whose context this is; null: a context without (IoServer's).</summary>
    public Scheduler* Scheduler;
    /// <summary>1: the context of a dirty thread.</summary>
    public int Dirty;

    public const int MaxRegisters = 1024, MaxFloatRegisters = 1024;

    /// <summary>Forgets what the last process reported: terms of a heap that is gone.</summary>
    public static void ForgetFailure(Context* c)
    {
        c->Fail = FailKind.None;
        c->FailNoFrame = 0;
        c->FailReason = c->FailArgs = c->FailInfo = c->FailCause = c->FailTrace = Term.None;
    }

    /// <summary>Address of x(0). By the constant: taking the address of the field would make the compiler test the pointer for null each time.</summary>
    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.AggressiveInlining)]
    public static Term* Xs(Context* c) => (Term*)((byte*)c + ContextLayout.X);
}

/// <summary>Why threaded code came back to the run loop.</summary>
public static class StopReason
{
    public const long Finished = 1, Yielded = 2, Exited = 3, Waiting = 4, Halted = 5, Killed = 6, Dirty = 7;
}
