// Slices and collections of processes that are traced or watched: what is told before and after.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;

/// <summary>A slice with its messages of running.</summary>
internal static unsafe class TracedSlice
{
    private const uint Flags = TraceFlags.Running | TraceFlags.RunningProcs;

    /// <summary>As ProcessState.RunSlice.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static long Run(Context* c, Process* p, long reductions)
    {
        Machine* m = p->Machine;
        bool timed = m->Tracing.Limits.LongSchedule != 0;
        long start = timed ? VmClock.MonotonicNs(m) : 0;
        ulong* from = p->Resume;
        if ((p->Traced & Flags) != 0) TraceMessages.Scheduled(p, Flags, Am.In, false);
        if ((p->Traced & TraceFlags.Measured) != 0) CallClocks.Slice(p, true);
        long stop = ProcessState.RunSlice(c, p, reductions);
        if ((p->Traced & TraceFlags.Measured) != 0) CallClocks.Slice(p, false);
        if (timed)
        {
            long milliseconds = (VmClock.MonotonicNs(m) - start) / 1_000_000;
            if (milliseconds > 0 && m->Tracing.Limits.LongSchedule != 0) SystemMonitors.Ran(p, from, p->Resume, milliseconds);
        }
        if ((p->Traced & Flags) != 0) Out(p, stop);
        return stop;
    }

    /// <summary>As ProcessState.RunSlice; the process may begin to be traced in it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long RunUntraced(Context* c, Process* p, long reductions)
    {
        long stop = ProcessState.RunSlice(c, p, reductions);
        if ((p->Traced & Flags) != 0) Out(p, stop);
        return stop;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Out(Process* p, long stop)
    {
        if (stop is StopReason.Waiting or StopReason.Yielded) TraceMessages.Scheduled(p, Flags, Am.Out, false);
    }
}

/// <summary>A collection with its messages.</summary>
internal unsafe struct TracedCollection
{
    private long start, wordsBefore, measured, need;
    private int majorBefore;
    private bool minor, fresh;

    /// <summary>Before a collection.</summary>
    public static TracedCollection Begin(Process* p, long need, bool minor)
    {
        TracedCollection t = default;
        Heap* h = &p->Heap;
        t.need = need;
        t.minor = minor;
        // OTP calls the first collection of a process a minor one.
        t.fresh = h->OldStart == null && h->HighWater == h->Start;
        t.majorBefore = h->MajorTotal;
        t.wordsBefore = Words(h);
        t.measured = (p->Traced & TraceFlags.Measured) != 0 ? CallClocks.Collecting(p) : 0;
        if (p->Machine->Tracing.Limits.LongGc != 0) t.start = VmClock.MonotonicNs(p->Machine);
        if ((p->Traced & TraceFlags.GarbageCollection) != 0) Tell(p, minor ? Am.GcMinorStart : Am.GcMajorStart, need);
        return t;
    }

    private static long Words(Heap* h) => h->Top - h->Start + (h->OldStart == null ? 0 : h->OldTop - h->OldStart) + h->FragmentWords + h->MessageWords;

    /// <summary>After it.</summary>
    public readonly void End(Process* p, bool good)
    {
        if (!good) return;
        if ((p->Traced & TraceFlags.Measured) != 0) CallClocks.Collected(p, measured);
        Heap* h = &p->Heap;
        if ((p->Traced & TraceFlags.GarbageCollection) != 0)
        {
            long reclaimed = System.Math.Max(0, wordsBefore - Words(h));
            bool other = minor && !fresh && h->MajorTotal != majorBefore;
            if (other)
            {
                // A minor one was not possible.
                Tell(p, Am.GcMinorEnd, 0);
                Tell(p, Am.GcMajorStart, need);
            }
            Tell(p, minor && !other ? Am.GcMinorEnd : Am.GcMajorEnd, reclaimed);
        }
        if (p->Machine->Tracing.Limits.Collections != 0)
            SystemMonitors.Collected(p, start == 0 ? 0 : (VmClock.MonotonicNs(p->Machine) - start) / 1_000_000);
    }

    // Sizes in words, in OTP's order.
    [SkipLocalsInit]
    private static void Tell(Process* p, Term tag, long size)
    {
        Heap* h = &p->Heap;
        bool old = h->OldStart != null;
        TraceTerms.Begin(out TraceTerms room);
        Term list = Term.Nil;
        list = TraceTerms.Pair(&room, Am.BinOldVheapBlockSize, Term.Small(46422), list);
        list = TraceTerms.Pair(&room, Am.BinOldVheapSize, Term.Small(0), list);
        list = TraceTerms.Pair(&room, Am.BinVheapBlockSize, Term.Small(h->BinaryLimit / 8), list);
        list = TraceTerms.Pair(&room, Am.BinVheapSize, Term.Small(h->BinaryBytes / 8), list);
        list = TraceTerms.Pair(&room, Am.HeapSize, Term.Small(h->Top - h->Start), list);
        list = TraceTerms.Pair(&room, Am.OldHeapSize, Term.Small(old ? h->OldTop - h->OldStart : 0), list);
        list = TraceTerms.Pair(&room, Am.StackSize, Term.Small(h->End - h->Stack), list);
        list = TraceTerms.Pair(&room, Am.RecentSize, Term.Small(h->HighWater - h->Start), list);
        list = TraceTerms.Pair(&room, Am.MbufSize, Term.Small(h->FragmentWords + h->MessageWords), list);
        list = TraceTerms.Pair(&room, Am.HeapBlockSize, Term.Small(h->End - h->Start), list);
        list = TraceTerms.Pair(&room, Am.OldHeapBlockSize, Term.Small(old ? h->OldEnd - h->OldStart : 0), list);
        list = TraceTerms.Pair(&room, Am.Wordsize, Term.Small(size), list);
        TraceMessages.Tell(p, p, TraceFlags.GarbageCollection, tag, list, Term.None);
    }
}
