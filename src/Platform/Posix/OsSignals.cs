// Signals by signal and signalfd (the latter is Linux's own).
using System.Runtime.InteropServices;

namespace MyBeam.Platform;

public static unsafe partial class OsSignals
{
    private const int Block = 0;

    // struct signalfd_siginfo; its first field is the signal's number.
    private const int InfoSize = 128;

    // sigset_t of glibc and musl.
    private const int SetSize = 128;

    // SFD_CLOEXEC | SFD_NONBLOCK
    private const int DescriptorFlags = 0x80000 | 0x800;

    /// <inheritdoc/>
    public static partial void Ignore(OsSignal signal) => _ = OsSignals.signal((int)signal, (void*)1);

    /// <inheritdoc/>
    public static partial void SetDefault(OsSignal signal) => _ = OsSignals.signal((int)signal, null);

    /// <inheritdoc/>
    public static partial void Handle(OsSignal signal, delegate* unmanaged<int, void> handler) =>
        _ = OsSignals.signal((int)signal, (void*)handler);

    /// <inheritdoc/>
    public static partial Errno Open(OsSignal* signals, int count, out int descriptor)
    {
        int* errno = Libc.ErrnoLocation();
        ulong* set = stackalloc ulong[SetSize / 8];
        _ = sigemptyset(set);
        for (int i = 0; i < count; i++)
        {
            _ = sigaddset(set, (int)signals[i]);
        }

        descriptor = -1;
        int error = pthread_sigmask(Block, set, null);
        if (error != 0)
        {
            return (Errno)error;
        }

        descriptor = signalfd(-1, set, DescriptorFlags);
        return Libc.Check(descriptor, errno);
    }

    /// <inheritdoc/>
    public static partial bool Next(int descriptor, out OsSignal signal)
    {
        byte* info = stackalloc byte[InfoSize];
        bool got = Files.Read(descriptor, info, InfoSize, out nuint read) == Errno.None && read == InfoSize;
        signal = got ? (OsSignal)(*(int*)info) : default;
        return got;
    }

    /// <inheritdoc/>
    public static partial Errno Note(OsSignal signal) => (Errno)NoteSignal((int)signal);

    /// <inheritdoc/>
    public static partial void NoteTo(int descriptor) => NoteSignalsTo(descriptor);

    // The two are in build/start.c, which tests do not have. With SuppressGCTransition the JIT would look for them already when it compiles a caller.
    [DllImport("mybeam", EntryPoint = "mybeam_note_signal")]
    private static extern int NoteSignal(int number);

    [DllImport("mybeam", EntryPoint = "mybeam_note_signals_to")]
    private static extern void NoteSignalsTo(int descriptor);

    [DllImport("libc"), SuppressGCTransition]
    private static extern void* signal(int number, void* handler);

    [DllImport("libc"), SuppressGCTransition]
    private static extern int sigemptyset(ulong* set);

    [DllImport("libc"), SuppressGCTransition]
    private static extern int sigaddset(ulong* set, int number);

    [DllImport("libc"), SuppressGCTransition]
    private static extern int pthread_sigmask(int how, ulong* set, ulong* old);

    [DllImport("libc"), SuppressGCTransition]
    private static extern int signalfd(int descriptor, ulong* set, int flags);
}
