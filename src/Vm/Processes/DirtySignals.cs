// Signals to processes that wait for a dirty thread or are on one. Those that wait are taken out for a moment, a scheduler handles their signals; on a dirty thread a
// native that has time looks at them itself. All other natives have nobody look at their process until they return.
namespace MyBeam.Vm;

using System.Threading;
using MyBeam.Platform;

public unsafe partial struct DirtyPool
{
    private const long LongestWait = 100_000_000;

    /// <summary>A process that was Queued or Runs has got a signal (none of its locks is held).</summary>
    public static void Signalled(DirtyPool* pool, Context* from, Process* p)
    {
        Threads.Wake(&p->InCount, 1);
        pool->mutex.Lock();
        // With a thread free it is on its way: taking it out each time would keep it from ever getting there.
        bool found = pool->working >= Limit(pool) && pool->waiting.Remove(p);
        pool->mutex.Unlock();
        if (!found) return;
        p->Lock.Lock();
        p->Dirty = DirtyState.Again;
        p->Lock.Unlock();
        Schedulers.Ready(from, p);
        Interlocked.Decrement(ref pool->inFlight);
    }

    /// <summary>For natives on a dirty thread: waits so many nanoseconds and handles signals meanwhile. True, at once: the process must end, the native is to
    /// return. Its arguments may have moved: a[i], which the collector knows, has them.</summary>
    public static bool Wait(Process* p, long nanoseconds)
    {
        long end = Clock.MonotonicNanoseconds + nanoseconds;
        // Called by a scheduler after all (DirtyPool.Enter), it must leave the signals alone.
        bool mine = p->Dirty == DirtyState.Runs;
        // A thread that computes holds up who stops all (Schedulers.EnterHeap): not while it waits.
        bool inHeap = mine && p->Extra->DirtyPool != &p->Machine->DirtyIo;
        while (true)
        {
            if (mine && !inHeap) Schedulers.EnterHeap(p->Machine);
            bool ends = Volatile.Read(ref p->Machine->Ending) != 0 || (mine ? Serve(p) : Ends(p));
            if (mine && !inHeap) Schedulers.LeaveHeap(p->Machine);
            long left = end - Clock.MonotonicNanoseconds;
            if (ends || left <= 0) return ends;
            if (inHeap) Schedulers.LeaveHeap(p->Machine);
            if (mine) Threads.Wait(&p->InCount, 0, System.Math.Min(left, LongestWait));
            else Clock.Sleep(System.Math.Min(left, LongestWait));
            if (inHeap) Schedulers.EnterHeap(p->Machine);
        }
    }

    private static bool Ends(Process* p)
    {
        bool ends = false;
        p->Lock.Lock();
        for (Signal* s = p->InFirst; s != null && !ends; s = s->Next) ends = SignalHandling.Ends(p, s);
        p->Lock.Unlock();
        return ends;
    }

    // Handles what has come, up to a signal that ends the process: that one is for a scheduler.
    private static bool Serve(Process* p)
    {
        while (true)
        {
            p->Lock.Lock();
            Signal* s = p->InFirst;
            bool ends = s != null && SignalHandling.Ends(p, s);
            if (s != null && !ends)
            {
                p->InFirst = s->Next;
                if (p->InFirst == null) p->InLast = null;
                p->InCount--;
            }
            p->Lock.Unlock();
            if (s == null || ends) return ends;
            if (!SignalHandling.Handle(p, s)) return true;
        }
    }
}
