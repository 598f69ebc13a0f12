// A mutex and a condition variable of one word each, on Threads.Wait and Threads.Wake; the same on every system.
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading;

namespace MyBeam.Platform;

/// <summary>
/// A mutual exclusion lock of 4 bytes; zeroed memory is an open lock. It lives in native memory that does not move, is not recursive and
/// not fair. The three states are those of Ulrich Drepper's "Futexes Are Tricky", so that an unlock without waiters makes no system call.
/// </summary>
public unsafe struct OsMutex
{
    private const int Open = 0, Locked = 1, LockedWithWaiters = 2;

    // Long enough for a critical section of a few hundred instructions, shorter than falling asleep.
    private const int Spins = 100;

    private int _state;

    /// <summary>Takes the lock; waits for it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Lock()
    {
        if (Interlocked.CompareExchange(ref _state, Locked, Open) != Open)
        {
            LockSlow();
        }
    }

    /// <summary>Takes the lock if it is open; true when it did.</summary>
    public bool TryLock() => Interlocked.CompareExchange(ref _state, Locked, Open) == Open;

    /// <summary>Opens the lock, which the calling thread holds.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Unlock()
    {
        int before = Interlocked.Exchange(ref _state, Open);
        Debug.Assert(before != Open);
        if (before == LockedWithWaiters)
        {
            Threads.Wake((int*)Unsafe.AsPointer(ref _state), 1);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void LockSlow()
    {
        for (int i = 0; i < Spins; i++)
        {
            if (Volatile.Read(ref _state) == Open && Interlocked.CompareExchange(ref _state, Locked, Open) == Open)
            {
                return;
            }
        }

        LockAsWaiter();
    }

    // A thread that has slept cannot know that it was the last to, so it takes the lock in the state that makes Unlock wake.
    internal void LockAsWaiter()
    {
        while (Interlocked.Exchange(ref _state, LockedWithWaiters) != Open)
        {
            _ = Threads.Wait((int*)Unsafe.AsPointer(ref _state), LockedWithWaiters, -1);
        }
    }
}

/// <summary>
/// A condition variable of 4 bytes; zeroed memory is one without waiters. It lives in native memory that does not move.
/// Waiters wake up without a reason now and then: the condition is tested in a loop.
/// </summary>
public unsafe struct OsCondition
{
    private int _sequence;

    /// <summary>
    /// Gives up the lock, sleeps until woken or until the time is over, and takes the lock again.
    /// </summary>
    /// <param name="mutex">Held by the caller.</param>
    /// <param name="nanoseconds">At most this long; negative is for ever.</param>
    /// <returns>False when the time is over.</returns>
    public bool Wait(OsMutex* mutex, long nanoseconds)
    {
        // Read under the lock: a Wake that comes after the unlock has changed it, and the sleep does not begin.
        int sequence = Volatile.Read(ref _sequence);
        mutex->Unlock();
        bool woken = Threads.Wait((int*)Unsafe.AsPointer(ref _sequence), sequence, nanoseconds);
        mutex->LockAsWaiter();
        return woken;
    }

    /// <summary>Wakes one waiter, if there is one.</summary>
    public void WakeOne() => Wake(1);

    /// <summary>Wakes all waiters.</summary>
    public void WakeAll() => Wake(int.MaxValue);

    private void Wake(int count)
    {
        _ = Interlocked.Increment(ref _sequence);
        Threads.Wake((int*)Unsafe.AsPointer(ref _sequence), count);
    }
}
