// Long work of the VM itself for a process, on a dirty thread: collections of large heaps, arithmetic on large integers, natives with large arguments. The
// scheduler goes on with other processes; this one is in the hands of the dirty thread like one in a dirty native, and its signals wait.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>When work goes to a dirty thread, and what does not belong to a native there.</summary>
public static unsafe class DirtyWork
{
    // What a collection must find again: threaded code may have a float or the place in a bitstring between two instructions.
    private struct Kept
    {
        public long Need;
        public byte* BitsBase;
        public ulong BitsPos, BitsTotal;
        public fixed double F[Context.MaxFloatRegisters];
    }

    /// <summary>Words to look at from which on a collection is done there: some milliseconds' work.</summary>
    public const long CollectWords = 1 << 19;

    /// <summary>Elements or bytes of an argument from which on a native takes milliseconds.</summary>
    public const long ManyElements = 16384, ManyBytes = 1 << 18;

    // Under --gc-stress one collection of so many goes there.
    private const long StressEvery = 64;

    /// <summary>Whether the process, which runs, may be handed to a dirty thread. Who has blocked the schedulers wants to run on alone, without a pause.</summary>
    public static bool Possible(Process* p) =>
        p->Context->Scheduler != null && p->Machine->Schedulers.Deterministic == 0 && !SchedulerLimits.AnyBlock(p->Machine);

    /// <summary>Whether a native with an argument of this size should ask for a dirty thread (DirtyPool.Enter): it is on a scheduler and may.</summary>
    public static bool Wanted(Process* p, long size, long many) => size >= many && !DirtyPool.Runs(p) && Possible(p);

    /// <summary>Whether the list has so many elements: as Wanted.</summary>
    public static bool Wanted(Process* p, Term list)
    {
        long n = 0;
        for (; list.IsCons && n < ManyElements; list = list.Tail) n++;
        return Wanted(p, n, ManyElements);
    }

    /// <summary>Has <paramref name="step"/> called on a dirty thread when the process leaves its slice with StopReason.Dirty. False: memory is out.</summary>
    public static bool Enter(Process* p, delegate*<Process*, void> step)
    {
        ProcessExtra* x = ProcessExtra.Of(p);
        if (x == null) return false;
        x->DirtyStep = step;
        x->DirtyPool = &p->Machine->DirtyCpu;
        return true;
    }

    /// <summary>Whether a collection that is due now is to be done on a dirty thread; Top and Stack of the heap are those of now.</summary>
    public static bool WantsCollection(Process* p)
    {
        Heap* h = &p->Heap;
        // A deep stack takes as long as a heap.
        long words = h->Top - h->Start + (h->End - h->Stack) + h->FragmentWords + h->MessageWords;
        if (words < CollectWords && h->MinorCount >= h->FullSweepAfter) words += h->OldTop - h->OldStart;
        bool large = words >= CollectWords || (p->Machine->HeapShared.GcStress != 0 && (h->MinorTotal + h->MajorTotal) % StressEvery == StressEvery - 1);
        return large && p->Work == null && p->Traced == 0 && p->Machine->Tracing.Limits.Collections == 0 && p->Machine->Flags.MicroSince == 0
            && Possible(p);
    }

    /// <summary>Prepares that: the registers are saved in the process, which is to go on at Resume. False: memory is out.</summary>
    public static bool EnterCollection(Process* p, long need, long live)
    {
        ProcessState.SaveRegisters(p->Context, live);
        if (!Enter(p, &Collect)) return false;
        ProcessExtra* x = p->Extra;
        Context* c = p->Context;
        Kept* k = (Kept*)Allocator.Alloc((nuint)sizeof(Kept), Owner.Process);
        if (k == null)
        {
            x->DirtyStep = null;
            return false;
        }
        k->Need = need;
        k->BitsBase = c->BitsBase;
        k->BitsPos = c->BitsPos;
        k->BitsTotal = c->BitsTotal;
        System.Buffer.MemoryCopy(c->F, k->F, Context.MaxFloatRegisters * 8, Context.MaxFloatRegisters * 8);
        x->DirtyKept = k;
        return true;
    }

    private static void Collect(Process* p)
    {
        if (!ProcessGc.Collect(p, ((Kept*)p->Extra->DirtyKept)->Need, p->SavedX, p->SavedCount)) p->Extra->DirtyFailed = 1;
    }

    /// <summary>Before the process runs again: puts back what EnterCollection kept. False: the collection failed, the process must die (its Fail slots say so).</summary>
    public static bool Leave(Process* p, Context* c)
    {
        ProcessExtra* x = p->Extra;
        Kept* k = (Kept*)x->DirtyKept;
        c->BitsBase = k->BitsBase;
        c->BitsPos = k->BitsPos;
        c->BitsTotal = k->BitsTotal;
        System.Buffer.MemoryCopy(k->F, c->F, Context.MaxFloatRegisters * 8, Context.MaxFloatRegisters * 8);
        Free(x);
        if (x->DirtyFailed == 0) return true;
        x->DirtyFailed = 0;
        Process.Raise(p, ExceptionClass.Exit, Am.Killed);
        return false;
    }

    /// <summary>Frees what was kept (the process dies before it runs again).</summary>
    public static void Free(ProcessExtra* x)
    {
        if (x->DirtyKept != null) Allocator.Free(x->DirtyKept, (nuint)sizeof(Kept), Owner.Process);
        x->DirtyKept = null;
    }
}

/// <summary>Operations on integers so large that they take milliseconds: the instruction runs again when a dirty thread has the result.</summary>
public static unsafe class LargeArithmetic
{
    private struct State
    {
        public NativeWork Work;
        public delegate*<Process*, Term, Term, Term> Do;
        public Term A, B, Result;
    }

    // Products of digits from which on it is large: a multiplication of 3,000 by 3,000 takes two milliseconds, a division three.
    private const long ManyProducts = 9_000_000;

    /// <summary>Whether it is one of these: two bignums.</summary>
    public static bool Is(Process* p, Term a, Term b) => (long)a.BigLength * b.BigLength >= ManyProducts && Possible(p);

    private static bool Possible(Process* p) => p->Work != null || (!DirtyPool.Runs(p) && DirtyWork.Possible(p));

    /// <summary>The result; None: an error, or (FailKind.Again) the instruction is to be run again.</summary>
    public static Term Do(Process* p, delegate*<Process*, Term, Term, Term> operation, Term a, Term b)
    {
        State* s = (State*)p->Work;
        if (s == null)
        {
            s = Slices.Begin<State>(p, null);
            if (s == null) return Term.None;
            s->Work.Abandon = null;
            s->Do = operation;
            s->A = a;
            s->B = b;
            if (!DirtyWork.Enter(p, &Step))
            {
                Slices.End(p);
                return operation(p, a, b);
            }
            p->Fail = FailKind.Again;
            return Term.None;
        }
        Term result = s->Result;
        Slices.End(p);
        // All that can fail is room for the result.
        return result.IsNone ? Process.SystemLimit(p) : result;
    }

    private static void Step(Process* p)
    {
        State* s = (State*)p->Work;
        s->Result = s->Do(p, s->A, s->B);
    }
}
