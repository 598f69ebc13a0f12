// Leaving and entering threaded code: saved registers, the run loop's view of a process.
namespace MyBeam.Vm;

using MyBeam.Memory;
using unsafe Handler = delegate*<ulong*, MyBeam.Memory.Term*, MyBeam.Memory.Term*, Context*, long>;

/// <summary>Makes, runs and frees processes.</summary>
public static unsafe class ProcessState
{
    /// <summary>Makes a process that will call M:F(args). Null: memory is out.</summary>
    public static Process* Create(Machine* m)
    {
        Process* p = (Process*)Allocator.AllocZeroed((nuint)sizeof(Process), Owner.Process);
        if (p == null) return null;
        if (!Heap.Create(&p->Heap, &m->HeapShared, m->HeapShared.MinHeapSize))
        {
            Allocator.Free(p, (nuint)sizeof(Process), Owner.Process);
            return null;
        }
        p->Machine = m;
        p->Pid = Term.Pid((ulong)m->NextPid++);
        p->GroupLeader = p->Pid;
        p->Mailbox = Term.Nil;
        // The bottom frame: one slot, the return to the run loop.
        p->Heap.Stack--;
        *p->Heap.Stack = (ulong)m->HaltCode;
        m->Processes++;
        return p;
    }

    /// <summary>Frees a process.</summary>
    public static void Free(Process* p)
    {
        Machine* m = p->Machine;
        Heap.Destroy(&p->Heap);
        p->Dictionary.Free();
        Allocator.Free(p->SavedX, (nuint)p->SavedCapacity * 8, Owner.Process);
        Allocator.Free(p, (nuint)sizeof(Process), Owner.Process);
        m->Processes--;
    }

    /// <summary>Keeps x(0)..x(count-1) in the process while it does not run.</summary>
    public static void SaveRegisters(Context* c, long count)
    {
        Process* p = c->Process;
        if (count > p->SavedCapacity)
        {
            p->SavedX = (Term*)Allocator.Realloc(p->SavedX, (nuint)p->SavedCapacity * 8, (nuint)count * 8, Owner.Process);
            p->SavedCapacity = (int)count;
        }
        for (long i = 0; i < count; i++) p->SavedX[i] = Context.Xs(c)[i];
        p->SavedCount = (int)count;
    }

    /// <summary>Runs the process until it has finished (x(0) of the context is the result), exited (its Fail slots say how), waits or the VM is halted.
    /// Returns the StopReason.</summary>
    public static long Run(Machine* m, Process* p)
    {
        Context* c = m->Context;
        c->Process = p;
        while (true)
        {
            for (int i = 0; i < p->SavedCount; i++) Context.Xs(c)[i] = p->SavedX[i];
            p->SavedCount = 0;
            c->Reductions = m->SliceReductions;
            long stop = Enter(p->Resume, (Term*)p->Heap.Stack, (Term*)p->Heap.Top, c);
            p->ReductionsDone += m->SliceReductions - c->Reductions;
            if (stop != StopReason.Yielded || m->Halting != 0) return stop;
        }
    }

    [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
    private static long Enter(ulong* I, Term* E, Term* H, Context* C) => ((Handler)(*I))(I, E, H, C);

    /// <summary>Sets the process to call an export with arguments that are on its heap.</summary>
    public static void SetCall(Process* p, Export* e, Term* arguments, int count)
    {
        p->Resume = e->Address;
        p->InitialModule = e->Module;
        p->InitialFunction = e->Function;
        p->InitialArity = e->Arity;
        Context* c = p->Machine->Context;
        c->Process = p;
        for (int i = 0; i < count; i++) Context.Xs(c)[i] = arguments[i];
        SaveRegisters(c, count);
    }
}
