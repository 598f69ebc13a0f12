// Threads of the operating system, and waiting on an address: the surface. Locks are built on it in Locks.cs.
namespace MyBeam.Platform;

/// <summary>
/// Threads. <see cref="Wait"/> and <see cref="Wake"/> are the one way to sleep until another thread says so: an idle scheduler
/// and every lock use them. Nothing here allocates from the VM's memory.
/// </summary>
public static unsafe partial class Threads
{
    /// <summary>
    /// Starts a thread. <see cref="Join"/> must be called once for it.
    /// </summary>
    /// <param name="entry">Where it starts; its result is what Join gives. A method with [UnmanagedCallersOnly].</param>
    /// <param name="argument">Passed to it.</param>
    /// <param name="stackBytes">Bytes of its stack; 0 for the system's default.</param>
    /// <param name="thread">The thread; 0 on an error.</param>
    /// <returns>None; Eagain when there are too many threads; Einval for a stack the system does not want.</returns>
    public static partial Errno Start(delegate* unmanaged<void*, void*> entry, void* argument, nuint stackBytes, out nuint thread);

    /// <summary>Waits for a thread's end and gives what its entry returned.</summary>
    public static partial Errno Join(nuint thread, out void* result);

    /// <summary>A number that tells the calling thread from all other live ones, as <see cref="Start"/> gives it.</summary>
    public static partial nuint Current { get; }

    /// <summary>Names the calling thread for debuggers and top: at most 15 bytes and a zero.</summary>
    public static partial void SetName(byte* name);

    /// <summary>Lets another thread run if one waits for this processor.</summary>
    public static partial void Yield();

    /// <summary>Logical processors that this OS process may use (its affinity); at least 1.</summary>
    public static partial int AvailableProcessors { get; }

    /// <summary>Logical processors that are online in the machine; at least 1.</summary>
    public static partial int OnlineProcessors { get; }

    /// <summary>
    /// Sleeps until <see cref="Wake"/> for the same address, if the word there still has the expected value when the system
    /// looks; comparing and falling asleep are one step, so that no wake is lost when the waker changes the word first.
    /// Wakes up without a reason now and then: the caller looks at the word again.
    /// </summary>
    /// <param name="address">An aligned word in native memory.</param>
    /// <param name="expected">The value to sleep on.</param>
    /// <param name="nanoseconds">At most this long; negative is for ever.</param>
    /// <returns>False when the time is over, else true.</returns>
    public static partial bool Wait(int* address, int expected, long nanoseconds);

    /// <summary>Wakes at most this many of the threads that wait on an address; int.MaxValue wakes all.</summary>
    public static partial void Wake(int* address, int count);
}
