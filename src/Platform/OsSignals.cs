// Signals of the operating system: the surface.
namespace MyBeam.Platform;

/// <summary>The signals that the VM and os:set_signal know. The numbers are Linux's (the same on x64 and ARM64).</summary>
public enum OsSignal
{
    /// <summary>SIGHUP.</summary>
    HangUp = 1,

    /// <summary>SIGINT, Ctrl+C.</summary>
    Interrupt = 2,

    /// <summary>SIGQUIT.</summary>
    Quit = 3,

    /// <summary>SIGABRT.</summary>
    Abort = 6,

    /// <summary>SIGUSR1.</summary>
    User1 = 10,

    /// <summary>SIGUSR2.</summary>
    User2 = 12,

    /// <summary>SIGPIPE: a write to a pipe or socket that nobody reads.</summary>
    BrokenPipe = 13,

    /// <summary>SIGALRM.</summary>
    Alarm = 14,

    /// <summary>SIGTERM.</summary>
    Terminate = 15,

    /// <summary>SIGCHLD.</summary>
    Child = 17,

    /// <summary>SIGCONT.</summary>
    Continue = 18,

    /// <summary>SIGTSTP, Ctrl+Z.</summary>
    TerminalStop = 20,

    /// <summary>SIGWINCH.</summary>
    WindowChange = 28,
}

/// <summary>
/// Signals. What they do belongs to the whole OS process, so that only the executable changes it, never a VM inside another program.
/// The way to receive them is a descriptor (<see cref="Open"/>) that the poller reads: no code runs inside a signal handler, so that nothing has
/// to be safe there, and no static field has to tell the handler where to go.
/// </summary>
public static unsafe partial class OsSignals
{
    /// <summary>The signal does nothing. SIGPIPE must be ignored before the first write, or a closed pipe ends the process.</summary>
    public static partial void Ignore(OsSignal signal);

    /// <summary>The signal does again what the system has it do.</summary>
    public static partial void SetDefault(OsSignal signal);

    /// <summary>
    /// Calls a handler in whichever thread the signal hits. It may only do what is safe in a signal handler; in the hosted build it
    /// must not be managed code at all. System calls that it interrupts go on.
    /// </summary>
    public static partial void Handle(OsSignal signal, delegate* unmanaged<int, void> handler);

    /// <summary>
    /// Opens a descriptor from which signals are read instead of being delivered, and blocks them in the calling thread. Threads started
    /// later inherit that; so this is for the main thread before it starts others.
    /// </summary>
    /// <param name="signals">The signals.</param>
    /// <param name="count">How many.</param>
    /// <param name="descriptor">Non-blocking; to poll for <see cref="PollEvents.Read"/>, and to close.</param>
    public static partial Errno Open(OsSignal* signals, int count, out int descriptor);

    /// <summary>
    /// From now on this signal writes its number as a byte to the descriptor given to <see cref="NoteTo"/>, in place of what the system has it do. Einval: it
    /// cannot be caught.
    /// </summary>
    public static partial Errno Note(OsSignal signal);

    /// <summary>Sets where noted signals write to: the non-blocking end of a pipe; -1: nowhere. For the whole OS process.</summary>
    public static partial void NoteTo(int descriptor);

    /// <summary>Takes the next signal from such a descriptor; false when there is none now.</summary>
    public static partial bool Next(int descriptor, out OsSignal signal);
}
