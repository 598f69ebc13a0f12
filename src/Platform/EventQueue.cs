// Waiting for many descriptors at once: the surface.
namespace MyBeam.Platform;

/// <summary>One descriptor that is ready.</summary>
public struct ReadyDescriptor
{
    /// <summary>What was given to <see cref="EventQueue.Arm"/>.</summary>
    public ulong Key;

    /// <summary>What it is ready for; Error and HangUp come without being asked for.</summary>
    public PollEvents Events;
}

/// <summary>
/// A queue of descriptors to wait for. A descriptor is armed for one event and has to be armed again after it was reported. One thread waits, any thread arms.
/// </summary>
public static unsafe partial class EventQueue
{
    /// <summary>Makes a queue: a descriptor, to be closed by <see cref="Files.Close"/>. Not inherited by child processes.</summary>
    public static partial Errno Open(out int queue);

    /// <summary>
    /// Has the queue report a descriptor once, in place of what it was armed for before. Eperm: it is of a kind that is always ready (an ordinary file).
    /// </summary>
    public static partial Errno Arm(int queue, int descriptor, PollEvents events, ulong key);

    /// <summary>Takes a descriptor out; must come before it is closed.</summary>
    public static partial void Remove(int queue, int descriptor);

    /// <summary>
    /// Waits until a descriptor is ready; a signal may end the wait early, with <paramref name="count"/> 0.
    /// </summary>
    /// <param name="queue">The queue.</param>
    /// <param name="ready">Room for the result.</param>
    /// <param name="most">How many fit; at most 64 are given at once.</param>
    /// <param name="milliseconds">At most this long; -1 is for ever.</param>
    /// <param name="count">How many there are.</param>
    public static partial Errno Wait(int queue, ReadyDescriptor* ready, int most, int milliseconds, out int count);
}
