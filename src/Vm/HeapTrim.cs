// Gives memory that malloc keeps back to the system.
//
// Every thread has its own part of malloc's memory, which grows to the most that was ever in use there and, so that the collector's heaps need not be mapped
// anew every time, is never made smaller by malloc itself. So now and then the VM compares what is resident with what is in use. When much more is resident
// each scheduler gives back what is free at the end of its part (only frees do that), and then a thread of its own gives back the free pages in all parts
// and in the area of literals. What is given back costs page faults when it is used again, so there is a time between that grows with the amount.
namespace MyBeam.Vm;

using System.Runtime.InteropServices;
using System.Threading;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>One per VM; embedded in Machine.</summary>
public unsafe struct HeapTrim
{
    /// <summary>1: do it (the program mybeam; a library's host has its own malloc settings).</summary>
    public int Enabled;
    /// <summary>Schedulers whose own number is different call OsMemory.TrimOwn.</summary>
    public int Pass;
    /// <summary>How often it was done, and bytes given back.</summary>
    public long Times, Gained;
    private OsMutex mutex;
    // When the next look is due and from when on it may be done again.
    private long next, allowed;
    // The most that was in use lately.
    private long most;
    // 1: nothing has run since the last look.
    private int quiet;
    private nuint thread;
    private int running, ending;

    private const long Interval = 2_000_000_000, Pause = 60_000_000, Never = long.MaxValue;
    private const long Slack = 16 << 20;
    private const nuint StackBytes = 256 * 1024;

    /// <summary>Compares if it is time to. idle: the scheduler is about to sleep. Gives for how many nanoseconds it may.</summary>
    public static long Look(Machine* m, bool idle)
    {
        HeapTrim* t = &m->Trim;
        if (t->Enabled == 0) return Never;
        if (!idle && t->quiet != 0) t->quiet = 0;
        if (t->quiet != 0) return Never;
        long now = Clock.MonotonicNanoseconds;
        long due = Volatile.Read(ref t->next);
        if (now < due) return due - now;
        if (!t->mutex.TryLock()) return Interval;
        long rest = Interval;
        if (Volatile.Read(ref t->running) == 0 && now >= t->next)
        {
            Volatile.Write(ref t->next, now + Interval);
            long used = Used(m);
            t->most = System.Math.Max(used, t->most - (t->most / 8));
            long excess = (long)OsProcess.ResidentBytes - t->most - (t->most / 4) - Slack;
            if (excess > 0 && now >= t->allowed) Start(m);
            // The most may still come down.
            else if (idle && excess <= 0 && t->most <= used + (used / 8) + 65536)
            {
                t->quiet = 1;
                rest = Never;
            }
        }
        t->mutex.Unlock();
        return rest;
    }

    private static long Used(Machine* m) => Allocator.OutstandingTotal() + (LiteralArea.UsedWords(&m->Literals) * 8);

    private static void Start(Machine* m)
    {
        HeapTrim* t = &m->Trim;
        if (m->Ending != 0) return;
        if (t->thread != 0) Threads.Join(t->thread, out _);
        Volatile.Write(ref t->running, 1);
        if (Threads.Start(&Run, m, StackBytes, out t->thread) == Errno.None) return;
        t->thread = 0;
        Volatile.Write(ref t->running, 0);
        t->allowed = Volatile.Read(ref t->next) + (100 * Interval);
    }

    [UnmanagedCallersOnly]
    private static void* Run(void* argument)
    {
        Machine* m = (Machine*)argument;
        HeapTrim* t = &m->Trim;
        fixed (byte* name = "trim\0"u8) Threads.SetName(name);
        long before = (long)OsProcess.ResidentBytes;
        OsMemory.KeepFree(1 << 18);
        Interlocked.Increment(ref t->Pass);
        Schedulers.WakeAll(m);
        // For those in the middle of a slice.
        Threads.Wait(&t->ending, 0, Pause);
        if (Volatile.Read(ref t->ending) == 0)
        {
            LiteralArea.Discard(&m->Literals, OsMemory.PageSize, &Discard);
            OsMemory.TrimAll();
        }
        OsMemory.KeepFree(1 << 30);
        long gained = System.Math.Max(0, before - (long)OsProcess.ResidentBytes);
        t->Times++;
        t->Gained += gained;
        // A page costs a quarter of a microsecond to get again, 60 nanoseconds a kilobyte: less than one percent of the time. Where nothing comes of it, rarely.
        long now = Clock.MonotonicNanoseconds;
        Volatile.Write(ref t->allowed, now + System.Math.Max(Interval, gained < Slack / 2 ? 15 * Interval : gained * 8));
        Volatile.Write(ref t->running, 0);
        return null;
    }

    private static bool Discard(byte* address, nuint bytes) => OsMemory.Discard(address, bytes);

    /// <summary>Waits for the thread; schedulers run no more.</summary>
    public static void Stop(Machine* m)
    {
        HeapTrim* t = &m->Trim;
        if (t->thread == 0) return;
        Volatile.Write(ref t->ending, 1);
        Threads.Wake(&t->ending, 1);
        Threads.Join(t->thread, out _);
        t->thread = 0;
        t->ending = 0;
    }
}
