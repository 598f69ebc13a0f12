// Where threaded code meets tracing: breakpoints, and the returns of traced calls.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;
using unsafe Handler = delegate*<ulong*, MyBeam.Memory.Term*, MyBeam.Memory.Term*, Context*, long>;

public static unsafe partial class Ops
{
    // The instruction at I has bit 1 set: a traced function is entered.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long Breakpoint(ulong* I, Term* E, Term* H, Context* C)
    {
        Save(C, I, E, H);
        ulong* next = CallTracing.Hit(C, I, null);
        Process* p = C->Process;
        if (next == null) return OutOfMemory(I, (Term*)p->Heap.Stack, (Term*)p->Heap.Top, C);
        // A place of its own for an export leads to the function, which may have another breakpoint.
        if (next != I) return Next(next, (Term*)p->Heap.Stack, (Term*)p->Heap.Top, C);
        return PastBreakpoint(I, (Term*)p->Heap.Stack, (Term*)p->Heap.Top, C);
    }

    /// <summary>Goes on at I, which was met already: no breakpoint.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static long PastBreakpoint(ulong* I, Term* E, Term* H, Context* C) => ((Handler)(*I & ~2UL))(I, E, H, C);

    // The body of a native that is called through its export: as call_native_only, but never by way of Export.Call. I[1]: export
    public static long NativeBody(ulong* I, Term* E, Term* H, Context* C)
    {
        Export* e = (Export*)I[1];
        // The body of the same name in its module, for calls from there: what is traced is the export's.
        if ((nint)e->Call != (nint)e->Native && I != e->Address) return Next(e->Address, E, H, C);
        Save(C, I, E, H);
        Term r = e->Native(C->Process, Context.Xs(C));
        if (!r.IsNone)
        {
            *Context.Xs(C) = r;
            C->Reductions--;
            return AfterNative(*(ulong**)E, E, C, 1);
        }
        return NativeFailedOnly(I, E, H, C);
    }

    // A call_native instruction at I has met a traced native: the call goes by its stub. E[0] is the return address. tail: of the calling function.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long EnterTraced(ulong* I, Export* e, Term* E, Context* C, bool tail)
    {
        Process* p = C->Process;
        p->Fail = FailKind.None;
        Save(C, e->Address, E, (Term*)p->Heap.Top);
        if (tail && !TraceFrames.PushTail(p, I, (int)e->Arity)) return OutOfMemory(I, (Term*)p->Heap.Stack, (Term*)p->Heap.Top, C);
        if (CallTracing.Hit(C, e->Address, I) == null) return OutOfMemory(I, (Term*)p->Heap.Stack, (Term*)p->Heap.Top, C);
        return PastBreakpoint(e->Address, (Term*)p->Heap.Stack, (Term*)p->Heap.Top, C);
    }

    // What a traced call returns to: TraceFrames
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static long ReturnTrace(ulong* I, Term* E, Term* H, Context* C)
    {
        Save(C, I, E, H);
        TraceFrames.Returned(C->Process, E, *Context.Xs(C));
        E += TraceFrames.ReturnWords;
        return Next(*(ulong**)E, E, H, C);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static long ReturnToTrace(ulong* I, Term* E, Term* H, Context* C)
    {
        Save(C, I, E, H);
        TraceFrames.ReturnedTo(C->Process, E);
        E += TraceFrames.ReturnToWords;
        return Next(*(ulong**)E, E, H, C);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static long ReturnMeasure(ulong* I, Term* E, Term* H, Context* C)
    {
        Save(C, I, E, H);
        TraceFrames.Measured(C->Process, E);
        E += TraceFrames.MeasureWords;
        return Next(*(ulong**)E, E, H, C);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static long ReturnTail(ulong* I, Term* E, Term* H, Context* C)
    {
        E += TraceFrames.TailWords;
        return Next(*(ulong**)E, E, H, C);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long TracedTimeout(ulong* I, Term* E, Term* H, Context* C)
    {
        Save(C, I, E, H);
        TraceMessages.Received(C->Process, Am.ClockService, Am.Timeout);
        return Next(I + 1, E, H, C);
    }
}
