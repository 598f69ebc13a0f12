// Leaving and entering threaded code: saved registers, the run loop's view of a process.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Makes, runs and frees processes.</summary>
public static unsafe class ProcessState
{
    /// <summary>Words of the first block of a process that says nothing else: small, since many processes do next to nothing. The first collection goes on
    /// with min_heap_size.</summary>
    public const long FirstHeap = 24;

    /// <summary>Makes a process that nobody schedules yet, as scheduler 1's. Null: memory is out or the table is full.</summary>
    public static Process* Create(Machine* m) => Create(m, m->Context, FirstHeap);

    /// <summary>As Create, with a context that it counts as running on, and so many words in its first block.</summary>
    public static Process* Create(Machine* m, Context* context, long words)
    {
        Process* p = ProcessTable.Add(m);
        if (p == null) return null;
        p->Context = context;
        if (!Heap.Create(&p->Heap, &m->HeapShared, System.Math.Max(words, FirstHeap)))
        {
            Free(p);
            return null;
        }
        p->Heap.MinSize = m->HeapShared.MinHeapSize;
        p->Heap.FullSweepAfter = (int)m->Flags.FullSweepAfter;
        ProcessFlags.SetDefaultMaxHeapSize(p);
        ProcessFlags.SetDefaultMinBinHeap(p);
        p->Flags.SetDefaults(m);
        p->GroupLeader = p->Pid;
        // The bottom frame: one slot, the return to the run loop.
        p->Heap.Stack--;
        *p->Heap.Stack = (ulong)m->HaltCode;
        return p;
    }

    /// <summary>Frees a process that nobody schedules. What others know of it must be gone (ProcessExit.Detach).</summary>
    public static void Free(Process* p)
    {
        Machine* m = p->Machine;
        Slices.Abandon(p);
        ProcessExit.Drop(p);
        p->Lock.Lock();
        // One that never ran is not detached.
        if (p->Status != ProcessStatus.Exiting) ProcessTable.Exits(m);
        p->Status = ProcessStatus.Exiting;
        Signal* s = p->InFirst;
        p->InFirst = p->InLast = null;
        p->Lock.Unlock();
        while (s != null)
        {
            Signal* next = s->Next;
            if (s->Kind == SignalKind.Call) s->Run(null, s);
            else Signal.Free(s);
            s = next;
        }
        Registry.Forget(m, p);
        Tracees.Free(p);
        Mailbox.Free(p);
        ProcessExtra.Free(p);
        p->Links.Free();
        Timers.ProcessDied(p);
        Heap.Destroy(&p->Heap);
        p->Dictionary.Free();
        Allocator.Free(p->SavedX, (nuint)p->SavedCapacity * 8, Owner.Process);
        ProcessTable.Remove(m, p);
    }

    /// <summary>Frees all processes (when the VM ends; nothing runs).</summary>
    public static void FreeAll(Machine* m)
    {
        int left = ProcessTable.Count(m);
        for (int i = 0; left > 0 && i < ProcessTable.Limit(m); i++)
        {
            Process* p = ProcessTable.Place(m, i);
            if (p == null) continue;
            Free(p);
            left--;
        }
    }

    /// <summary>Keeps x(0)..x(count-1) in the process while it does not run.</summary>
    public static void SaveRegisters(Context* c, long count) => Keep(c->Process, Context.Xs(c), count);

    /// <summary>Keeps these terms as x(0)… False when memory is out.</summary>
    public static bool Keep(Process* p, Term* terms, long count)
    {
        if (count > p->SavedCapacity)
        {
            Term* x = (Term*)Allocator.Realloc(p->SavedX, (nuint)p->SavedCapacity * 8, (nuint)count * 8, Owner.Process);
            if (x == null) return false;
            p->SavedX = x;
            p->SavedCapacity = (int)count;
        }
        for (long i = 0; i < count; i++) p->SavedX[i] = terms[i];
        p->SavedCount = (int)count;
        return true;
    }

    /// <summary>Keeps the elements of a list, and behind them the environment of a fun (None: nothing), as x(0)…</summary>
    public static bool KeepList(Process* p, Term list, Term fun, int free)
    {
        int n = free;
        for (Term l = list; l.IsCons; l = l.Tail) n++;
        if (n > Context.MaxRegisters) return false;
        if (n > p->SavedCapacity)
        {
            Term* x = (Term*)Allocator.Realloc(p->SavedX, (nuint)p->SavedCapacity * 8, (nuint)n * 8, Owner.Process);
            if (x == null) return false;
            p->SavedX = x;
            p->SavedCapacity = n;
        }
        int i = 0;
        for (; list.IsCons; list = list.Tail) p->SavedX[i++] = list.Head;
        for (int k = 0; k < free; k++) p->SavedX[i++] = ((Term*)fun.Box)[Fun.HeaderWords + k];
        p->SavedCount = n;
        return true;
    }

    /// <summary>Runs the VM until the process has finished (x(0) of the first context is the result), exited (its Fail slots say how), waits for ever or the VM
    /// is halted. The process keeps its heap. Returns the StopReason.</summary>
    public static long Run(Machine* m, Process* p) => Schedulers.RunMain(m, p);

    /// <summary>Runs a process for one slice on a context. Returns the StopReason.</summary>
    public static long RunSlice(Context* c, Process* p, long reductions)
    {
        // It may have been sent something while it did not run.
        if (p->InFirst != null && !SignalHandling.Handle(p)) return StopReason.Killed;
        if (p->Hibernating != 0)
        {
            // Only a message wakes it.
            c->Reductions = reductions;
            if (p->MailFirst == null)
            {
                // hibernate/0 left it with its stack.
                if (p->Hibernating == 2)
                {
                    ProcessGc.Hibernate(p);
                    p->Hibernating = 1;
                }
                return StopReason.Waiting;
            }
            p->Hibernating = 0;
            // Its heap is as small as can be; from here on it has min_heap_size again.
            if (p->Heap.MinSize > p->Heap.End - p->Heap.Start && !ProcessGc.Collect(p, p->Heap.MinSize - (p->Heap.End - p->Heap.Start), p->SavedX, p->SavedCount)) return StopReason.Killed;
        }
        c->Reductions = reductions;
        // A signal has suspended it.
        if (p->SuspendCount > 0) return StopReason.Yielded;
        if (p->Dirty == DirtyState.Again) return StopReason.Dirty;
        if (p->Extra != null && p->Extra->DirtyKept != null && !DirtyWork.Leave(p, c)) return StopReason.Exited;
        for (int i = 0; i < p->SavedCount; i++) Context.Xs(c)[i] = p->SavedX[i];
        p->SavedCount = 0;
        bool measure = p->Machine->SlicesRun.Wanted != 0;
        if (p->Machine->Flags.Measures && c->Scheduler != null) c->Scheduler->Time.Begin(Clock.MonotonicNanoseconds);
        long started = measure ? Clock.ThreadCpuNanoseconds : 0, inside = p->Work == null ? 0 : p->Work->Number;
        long stop = p->Extra != null && p->Extra->DirtyFailure.Native != null ? DirtyPool.Raise(p, c) : Enter(p->Resume, (Term*)p->Heap.Stack, (Term*)p->Heap.Top, c);
        if (measure) SliceMeasure.Note(&p->Machine->SlicesRun, Clock.ThreadCpuNanoseconds - started, stop == StopReason.Yielded && p->Work != null && p->Work->Number == inside);
        p->ReductionsDone += reductions - c->Reductions;
        // Switched on or off by this slice, perhaps.
        if (c->Scheduler != null && c->Scheduler->Time.Began) c->Scheduler->Time.End(Clock.MonotonicNanoseconds);
        if (c->Scheduler != null) c->Scheduler->Reductions += reductions - c->Reductions;
        return stop;
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static long Enter(ulong* I, Term* E, Term* H, Context* C) => Ops.Next(I, E, H, C);

    /// <summary>Sets the process to call an export with arguments that are on its heap.</summary>
    public static void SetCall(Process* p, Export* e, Term* arguments, int count)
    {
        p->Resume = e->Address;
        p->InitialModule = e->Module;
        p->InitialFunction = e->Function;
        p->InitialArity = (int)e->Arity;
        Keep(p, arguments, count);
    }
}
