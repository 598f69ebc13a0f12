// Collecting a process: names its roots to the GC.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>The roots of a process are its stack, the live x registers, the process dictionary, its mailbox and the terms in its own fields.</summary>
public static unsafe class ProcessGc
{
    /// <summary>Collects so that need words are free. False: memory is out or max_heap_size is passed: the process must die.</summary>
    public static bool Collect(Process* p, long need, Term* x, long live)
    {
        // A native in the middle of its work holds addresses in the heap. It asks for no room itself: this collection can wait until it is through.
        if (p->Work != null) return true;
        if (p->Machine->Flags.MicroSince != 0) return Measured(p, need, x, live, false);
        if ((p->Traced & (TraceFlags.GarbageCollection | TraceFlags.Measured)) == 0 && p->Machine->Tracing.Limits.Collections == 0) return Run(p, need, x, live);
        return Traced(p, need, x, live);
    }

    private static bool Traced(Process* p, long need, Term* x, long live)
    {
        TracedCollection t = TracedCollection.Begin(p, need, p->Heap.MinorCount < p->Heap.FullSweepAfter);
        bool good = Run(p, need, x, live);
        t.End(p, good);
        return good;
    }

    private static bool Run(Process* p, long need, Term* x, long live)
    {
        RootRange* roots = stackalloc RootRange[MostRoots];
        Mailbox.BeforeCollection(p);
        Heap.AbsorbMessages(&p->Heap);
        CountMailbox(p);
        int count = Roots(p, x, live, roots);
        if (p->Machine->VerifyHeaps != 0) Verify(p, roots, count, "before"u8);
        bool good = Gc.Collect(&p->Heap, need, roots, count);
        if (p->Machine->VerifyHeaps != 0) Verify(p, roots, count, "after"u8);
        if (p->Heap.MaxPassed) PassedMax(p);
        return good;
    }

    // Where there is a limit, messages on the heap count.
    private static void CountMailbox(Process* p)
    {
        if (p->Heap.MaxSize > 0) p->Heap.MaxOutside = p->Flags.QueueData == Am.OnHeap ? ProcessSizes.MailboxWords(p) : 0;
    }

    private static void PassedMax(Process* p)
    {
        p->Heap.MaxPassed = false;
        if (!p->Heap.MaxQuiet) CrashReport.HeapLimit(p);
    }

    // --verify-heap: a damaged heap ends the OS process where it is found, so that a debugger sees the cause near.
    private static void Verify(Process* p, RootRange* roots, int count, System.ReadOnlySpan<byte> when)
    {
        ulong word;
        int code = HeapVerify.Check(&p->Heap, roots, count, &word);
        if (code == HeapVerify.Good) return;
        TextBuffer b = default;
        b.Add("mybeam: heap damaged "u8);
        b.Add(when);
        b.Add(" collection "u8);
        b.AddNumber(p->Heap.MinorTotal + p->Heap.MajorTotal);
        b.Add(", code "u8);
        b.AddNumber(code);
        b.Add(", word "u8);
        b.AddUnsigned(word);
        if (CodeTable.Find(p->Machine, p->Resume, out CodeLocation where))
        {
            b.Add(" in "u8);
            b.AddAtom(where.Module);
            b.AddByte(':');
            b.AddAtom(where.Function);
            b.AddByte('/');
            b.AddNumber(where.Arity);
            b.Add(" line "u8);
            b.AddNumber(where.Line);
        }
        b.AddByte('\n');
        Platform.Files.WriteAll(Platform.Files.StandardError, b.Data, (nuint)b.Count);
        Platform.OsProcess.Abort();
    }

    /// <summary>As Collect, all generations (garbage_collect/0).</summary>
    public static bool CollectMajor(Process* p, long need, Term* x, long live)
    {
        if (p->Work != null) return true;
        if (p->Machine->Flags.MicroSince != 0) return Measured(p, need, x, live, true);
        return MajorTraced(p, need, x, live);
    }

    // With microstate accounting.
    private static bool Measured(Process* p, long need, Term* x, long live, bool major)
    {
        long start = Platform.Clock.MonotonicNanoseconds;
        bool good = major ? MajorTraced(p, need, x, live) : Traced(p, need, x, live);
        if (p->Context->Scheduler != null) p->Context->Scheduler->Time.Collected(Platform.Clock.MonotonicNanoseconds - start);
        return good;
    }

    private static bool MajorTraced(Process* p, long need, Term* x, long live)
    {
        if ((p->Traced & (TraceFlags.GarbageCollection | TraceFlags.Measured)) == 0 && p->Machine->Tracing.Limits.Collections == 0) return RunMajor(p, need, x, live);
        TracedCollection t = TracedCollection.Begin(p, need, false);
        bool good = RunMajor(p, need, x, live);
        t.End(p, good);
        return good;
    }

    private static bool RunMajor(Process* p, long need, Term* x, long live)
    {
        RootRange* roots = stackalloc RootRange[MostRoots];
        Mailbox.BeforeCollection(p);
        Heap.AbsorbMessages(&p->Heap);
        CountMailbox(p);
        bool good = Gc.CollectMajor(&p->Heap, need, roots, Roots(p, x, live, roots));
        if (p->Heap.MaxPassed) PassedMax(p);
        return good;
    }

    /// <summary>Collects a process that is not in the middle of anything (its x registers are saved) into a block of exactly its size.</summary>
    public static bool Hibernate(Process* p)
    {
        RootRange* roots = stackalloc RootRange[MostRoots];
        Mailbox.BeforeCollection(p);
        Heap.AbsorbMessages(&p->Heap);
        return Gc.Hibernate(&p->Heap, roots, Roots(p, p->SavedX, p->SavedCount, roots));
    }

    /// <summary>Most ranges that Roots gives.</summary>
    internal const int MostRoots = 8;

    /// <summary>The roots of a process whose live x registers are these, without its stack; their number.</summary>
    internal static int Roots(Process* p, Term* x, long live, RootRange* roots)
    {
        int n = 0;
        roots[n++] = new RootRange(x, live);
        if (p->Context->Process == p) roots[n++] = new RootRange(&p->Context->FailReason, 5);
        roots[n++] = new RootRange(&p->Kept, 2);
        if (p->Extra != null && p->Extra->OnHeap.Count > 0) roots[n++] = new RootRange(p->Extra->OnHeap.Items, p->Extra->OnHeap.Count);
        if (p->Dictionary.RootCount > 0) roots[n++] = new RootRange(p->Dictionary.First, p->Dictionary.RootCount);
        if (p->Extra != null && p->Extra->DirtyFailure.Native != null) roots[n++] = new RootRange(&p->Extra->DirtyFailure.Reason, 4);
        if (p->SavedCount > 0 && p->SavedX != x) roots[n++] = new RootRange(p->SavedX, p->SavedCount);
        return n;
    }
}
