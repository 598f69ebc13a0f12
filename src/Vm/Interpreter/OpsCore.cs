// The dispatcher and what every handler leans on: going to the next instruction, calling natives, collecting, yielding.
//
// A handler is `static long Op(ulong* I, Term* E, Term* H, Context* C)`: instruction, stack (E[0]: return-address slot, y(n) at E[n + 1]), heap top, context.
// It ends by jumping to the next handler: Next(...) in return position compiles to a jmp (build/check-tailcalls proves it). So a handler must not have
// address-taken locals, stackalloc or an inlined P/Invoke; whatever needs these is a separate method that returns a value. A slow path that goes on with threaded
// code must not be marked NoInlining (the compiler makes no tail jump out of such a method) but AggressiveOptimization, which keeps it out of line too.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;
using unsafe Handler = delegate*<ulong*, MyBeam.Memory.Term*, MyBeam.Memory.Term*, Context*, long>;

public static unsafe partial class Ops
{
    /// <summary>Goes on at I. Testing bit 1 here finds breakpoints, and spares the compiler's own test of the same bit (its fat function pointers),
    /// whose expansion would shuffle the four argument registers in every handler.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Next(ulong* I, Term* E, Term* H, Context* C)
    {
        ulong f = *I;
        if ((f & 2) != 0) return Breakpoint(I, E, H, C);
        return ((Handler)f)(I, E, H, C);
    }

    /// <summary>Goes on at the label in slots 2-3 of I[1].</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Jump(ulong* I, Term* E, Term* H, Context* C) => Next(I + ((int*)I)[3], E, H, C);

    /// <summary>Leaves threaded code: the instruction below the first frame. x0 is the result.</summary>
    public static long Halt(ulong* I, Term* E, Term* H, Context* C)
    {
        Save(C, I, E, H);
        return C->Stop = StopReason.Finished;
    }

    /// <summary>Writes the registers of the machine back into the process.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Save(Context* C, ulong* I, Term* E, Term* H)
    {
        Process* p = C->Process;
        p->Heap.Top = (ulong*)H;
        p->Heap.Stack = (ulong*)E;
        p->Resume = I;
    }

    /// <summary>Collects so that <paramref name="need"/> words are free; x(0)..x(live-1), the stack and the process's own roots are kept.
    /// False: the process ran out of memory and must die.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static bool Collect(Context* C, ulong* I, Term* E, Term* H, long need, long live)
    {
        Save(C, I, E, H);
        return ProcessGc.Collect(C->Process, need, Context.Xs(C), live);
    }

    /// <summary>Collects, then runs the instruction at I again (which found too little room).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static long CollectAndRetry(ulong* I, Term* E, Term* H, Context* C)
    {
        long need = (long)C->Scratch[0], live = (long)C->Scratch[1];
        if (ToDirty(I, E, H, C, need, live)) return C->Stop;
        if (!Collect(C, I, E, H, need, live)) return OutOfMemory(I, E, H, C);
        return PastBreakpoint(I, (Term*)C->Process->Heap.Stack, (Term*)C->Process->Heap.Top, C);
    }

    // Whether the collection is for a dirty thread: the process leaves threaded code and goes on at I afterwards.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool ToDirty(ulong* I, Term* E, Term* H, Context* C, long need, long live)
    {
        Process* p = C->Process;
        p->Heap.Top = (ulong*)H;
        p->Heap.Stack = (ulong*)E;
        // A breakpoint would be met again.
        if (!DirtyWork.WantsCollection(p) || (*I & 2) != 0) return false;
        Save(C, I, E, H);
        if (!DirtyWork.EnterCollection(p, need, live)) return false;
        C->Stop = StopReason.Dirty;
        return true;
    }

    /// <summary>The process cannot have the memory it needs: it dies alone (ARCHITECTURE 4.5).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static long OutOfMemory(ulong* I, Term* E, Term* H, Context* C)
    {
        Save(C, I, E, H);
        Process.Raise(C->Process, ExceptionClass.Exit, Am.Killed);
        return C->Stop = StopReason.Exited;
    }

    /// <summary>Room check: words free between heap and stack, less what natives may rely on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Fits(Term* E, Term* H, long words) => (byte*)E - (byte*)H >= (words + Heap.StackReserve) * 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long RetryAfterGc(ulong* I, Term* E, Term* H, Context* C, long need, long live)
    {
        C->Scratch[0] = (ulong)need;
        C->Scratch[1] = (ulong)live;
        return CollectAndRetry(I, E, H, C);
    }

    /// <summary>The slice is used up at a call whose target is I (the entry of a function: I[-1] is its arity). Leaves threaded code.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static long Yield(ulong* I, Term* E, Term* H, Context* C)
    {
        Save(C, I, E, H);
        ProcessState.SaveRegisters(C, (long)I[-1]);
        return C->Stop = StopReason.Yielded;
    }

    /// <summary>Enters the function at I: one reduction.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Enter(ulong* I, Term* E, Term* H, Context* C)
    {
        if (--C->Reductions >= 0) return Next(I, E, H, C);
        return Yield(I, E, H, C);
    }

    /// <summary>Goes on at I after a native that may have allocated (its result, if any, is stored already): collects first when it had to use
    /// fragments. Kept: x(0)..x(live-1) and the stack.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long AfterNative(ulong* I, Term* E, Context* C, long live)
    {
        Process* p = C->Process;
        if (p->Heap.Fragments == null && p->Bumped == 0) return Next(I, E, (Term*)p->Heap.Top, C);
        return AfterNativeSlow(I, E, C, live);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long AfterNativeSlow(ulong* I, Term* E, Context* C, long live)
    {
        Process* p = C->Process;
        C->Reductions -= p->Bumped;
        p->Bumped = 0;
        // The caller may have dropped its frame since it saved the registers.
        Save(C, I, E, (Term*)p->Heap.Top);
        if (p->Heap.Fragments != null)
        {
            if (ToDirty(I, E, (Term*)p->Heap.Top, C, 0, live)) return C->Stop;
            if (!ProcessGc.Collect(p, 0, Context.Xs(C), live)) return OutOfMemory(I, E, (Term*)p->Heap.Top, C);
        }
        return Next(I, (Term*)p->Heap.Stack, (Term*)p->Heap.Top, C);
    }

    /// <summary>Stores the result of a native in a register, which may be one beyond live, and goes on at I as AfterNative does.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long StoreAfterNative(ulong* I, Term* E, Context* C, Term* target, Term result, long live)
    {
        Process* p = C->Process;
        if (p->Heap.Fragments != null || p->Bumped != 0) return StoreAfterNativeSlow(I, E, C, target, result, live);
        *target = result;
        return Next(I, E, (Term*)p->Heap.Top, C);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long StoreAfterNativeSlow(ulong* I, Term* E, Context* C, Term* target, Term result, long live)
    {
        Process* p = C->Process;
        C->Reductions -= p->Bumped;
        p->Bumped = 0;
        if (p->Heap.Fragments != null)
        {
            // A y register moves with the stack.
            bool onStack = (ulong*)target >= p->Heap.Start && (ulong*)target < p->Heap.End;
            long offset = target - E;
            if (onStack) *target = Term.Nil;
            p->Kept = result;
            Save(C, I, E, (Term*)p->Heap.Top);
            if (!ProcessGc.Collect(p, 0, Context.Xs(C), live)) return OutOfMemory(I, E, (Term*)p->Heap.Top, C);
            result = p->Kept;
            p->Kept = Term.None;
            if (onStack) target = (Term*)p->Heap.Stack + offset;
        }
        *target = result;
        return Next(I, (Term*)p->Heap.Stack, (Term*)p->Heap.Top, C);
    }
}
