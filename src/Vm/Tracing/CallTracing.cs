// A traced function is called: match specification, message, frames for its return.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using System.Threading;
using MyBeam.Memory;

/// <summary>Where a match specification of tracing runs; MatchTraceRun.Session points to it.</summary>
internal unsafe struct TraceRun
{
    public TraceSession* Session;
    /// <summary>1: at a call, so that there is a caller.</summary>
    public int Call;
    /// <summary>The call instruction, when it is one that calls natives; null: the caller is where the stack returns to.</summary>
    public ulong* Caller;
}

/// <summary>Calls that meet a breakpoint.</summary>
public static unsafe class CallTracing
{
    /// <summary>The process is about to run the traced instruction I; its stack and heap are saved. Gives the instruction to go on with (I itself: as if it were
    /// no breakpoint); the stack may have grown and moved. Null: memory is out.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static ulong* Hit(Context* c, ulong* I, ulong* caller)
    {
        Process* p = c->Process;
        Machine* m = c->Machine;
        TracePoint* point = Breakpoints.Find(m, I);
        // A native that goes on in another slice is called again, but only for itself.
        if (point == null || p->Work != null) return I;
        for (TraceBreak* b = point->First; b != null; b = b->Next)
            if (b->Session->Alive != 0 && !Session(p, point, b, caller)) return null;
        if (point->Debug != 0)
        {
            Export* e = ExportTable.Find(m, p->Flags.ErrorHandler, Am.Breakpoint, 3);
            Term* x = Context.Xs(c);
            if (e != null && ExportTable.IsDefined(e))
            {
                x[2] = Ops.ListOf(p, x, point->Arity);
                x[0] = point->Module;
                x[1] = point->Function;
                return e->Address;
            }
        }
        return point->Export != null && point->Export->Native == null ? Breakpoints.CodeOf(m, point->Export) : I;
    }

    private static bool Session(Process* p, TracePoint* point, TraceBreak* b, ulong* caller)
    {
        if ((b->Flags & (BreakFlags.Local | BreakFlags.Global)) != 0 && (p->Traced & TraceFlags.Call) != 0)
        {
            Tracee* t = Tracees.Find(p, b->Session);
            if (t != null && (t->Flags & TraceFlags.Call) != 0 && !Call(p, point, b, t, b->Spec, Term.None, caller)) return false;
        }
        if ((b->Flags & BreakFlags.Meta) != 0 && !Call(p, point, b, null, b->MetaSpec, b->MetaTracer, caller)) return false;
        if ((b->Flags & BreakFlags.CountActive) != 0) Interlocked.Increment(ref b->Calls);
        if ((b->Flags & (BreakFlags.TimeActive | BreakFlags.MemoryActive)) != 0 && (p->Traced & TraceFlags.Call) != 0)
        {
            Tracee* t = Tracees.Find(p, b->Session);
            if (t != null && (t->Flags & TraceFlags.Call) != 0) return CallClocks.Enter(p, point, b, Context.Xs(p->Context));
        }
        return true;
    }

    // t null: meta tracing, which has a tracer of its own and fixed flags. False: memory is out.
    [SkipLocalsInit]
    private static bool Call(Process* p, TracePoint* point, TraceBreak* b, Tracee* t, MatchSpec* spec, Term metaTracer, ulong* caller)
    {
        bool meta = t == null;
        TraceSession* session = b->Session;
        Term* x = Context.Xs(p->Context);
        Term tracer = metaTracer;
        uint flags = TraceFlags.Call | TraceFlags.Timestamp;
        if (!meta)
        {
            if (!Tracees.IsActive(p, t)) return true;
            tracer = t->Tracer;
            flags = t->Flags;
        }
        else if (tracer == p->Pid || tracer.IsNil || p->Flags.Sensitive) return true;
        else if (!Tracees.IsAlive(p->Machine, tracer))
        {
            // From now on trace_info shows that it is gone.
            b->MetaTracer = Term.Nil;
            return true;
        }
        HeapMark mark = HeapMark.Take(&p->Heap);
        TraceRun context = new() { Session = session, Call = 1, Caller = caller };
        MatchTraceRun run = new() { Act = &TraceActions.Act, Session = &context };
        Term result = Am.True;
        if (spec != null)
        {
            result = MatchSpecs.RunTrace(spec, p, x, point->Arity, &run);
            if (!meta)
            {
                // The specification may have changed the flags, or have ended the tracing.
                t = Tracees.Find(p, session);
                flags = t == null ? 0 : t->Flags;
            }
        }
        bool silent = !meta && (flags & TraceFlags.Silent) != 0;
        bool returnTo = !silent && !meta && result != Am.False && (b->Flags & BreakFlags.Local) != 0 && (flags & TraceFlags.ReturnTo) != 0;
        if (!silent && result != Am.False) Tell(p, point, x, tracer, flags, result);
        HeapMark.RollBack(&p->Heap, &mark);
        if (silent) return true;
        returnTo = returnTo && !TraceFrames.HasReturnTo(p->Machine, (Term*)p->Heap.Stack, session);
        bool returns = run.ReturnTrace || run.ExceptionTrace;
        long need = (returnTo ? TraceFrames.ReturnToWords : 0) + (returns ? TraceFrames.ReturnWords : 0);
        if (need == 0) return true;
        if (p->Heap.Stack - p->Heap.Top < need + Heap.StackReserve && !ProcessGc.Collect(p, need, x, point->Arity)) return false;
        if (returnTo) TraceFrames.PushReturnTo(p, session);
        if (returns) TraceFrames.PushReturn(p, point, run.ExceptionTrace, meta ? metaTracer : Am.True, session);
        return true;
    }

    [SkipLocalsInit]
    private static void Tell(Process* p, TracePoint* point, Term* x, Term tracer, uint flags, Term result)
    {
        TraceTerms.Begin(out TraceTerms room);
        Term arguments = (flags & TraceFlags.Arity) != 0 ? Term.Small(point->Arity) : TraceTerms.List(&room, x, point->Arity);
        Term mfa = TraceTerms.Tuple(&room, point->Module, point->Function, arguments);
        TraceMessages.Send(p, &room, tracer, flags, p->Pid, Am.Call, mfa, Term.None, result);
    }
}
