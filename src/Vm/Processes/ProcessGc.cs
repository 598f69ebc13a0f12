// Collecting a process: names its roots to the GC.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>The roots of a process are its stack, the live x registers, the process dictionary, its mailbox and the terms in its own fields.</summary>
public static unsafe class ProcessGc
{
    /// <summary>Collects so that need words are free. False: memory is out or max_heap_size is passed: the process must die.</summary>
    public static bool Collect(Process* p, long need, Term* x, long live)
    {
        RootRange* roots = stackalloc RootRange[8];
        return Gc.Collect(&p->Heap, need, roots, Roots(p, x, live, roots));
    }

    /// <summary>As Collect, all generations (garbage_collect/0).</summary>
    public static bool CollectMajor(Process* p, long need, Term* x, long live)
    {
        RootRange* roots = stackalloc RootRange[8];
        return Gc.CollectMajor(&p->Heap, need, roots, Roots(p, x, live, roots));
    }

    private static int Roots(Process* p, Term* x, long live, RootRange* roots)
    {
        int n = 0;
        roots[n++] = new RootRange(x, live);
        roots[n++] = new RootRange(&p->FailReason, 5);
        roots[n++] = new RootRange(&p->Kept, 2);
        roots[n++] = new RootRange(&p->GroupLeader, 1);
        if (p->Dictionary.RootCount > 0) roots[n++] = new RootRange(p->Dictionary.First, p->Dictionary.RootCount);
        if (p->SavedCount > 0 && p->SavedX != x) roots[n++] = new RootRange(p->SavedX, p->SavedCount);
        return n;
    }
}
