// What every file of the Posix port shares: errno, the machine's constants, struct timespec.
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace MyBeam.Platform;

/// <summary>
/// Shared pieces of the Posix port (glibc or musl on 64-bit Linux). Imports of one concept stay private in that concept's file.
/// </summary>
internal static unsafe class Libc
{
    /// <summary>
    /// True on x64, false on ARM64: a constant for the compiler, so that a choice between two system constants costs nothing.
    /// </summary>
    internal static bool IsX64 => X86Base.IsSupported;

    /// <summary>
    /// The calling thread's errno. A caller takes the pointer BEFORE the call whose error it wants to read: in the hosted build the
    /// first use of an import resolves it by dlopen and dlsym, which overwrite errno.
    /// </summary>
    [DllImport("libc", EntryPoint = "__errno_location"), SuppressGCTransition]
    internal static extern int* ErrnoLocation();

    /// <summary>The error of a call that gives -1 when it failed; <paramref name="errno"/> is from <see cref="ErrnoLocation"/>.</summary>
    internal static Errno Check(long result, int* errno) => result == -1 ? (Errno)(*errno) : Errno.None;
}

/// <summary>struct timespec; the same on every 64-bit Linux.</summary>
internal struct Timespec
{
    internal long Seconds;
    internal long Nanoseconds;

    internal const long NanosecondsPerSecond = 1_000_000_000;

    internal static Timespec From(long nanoseconds)
    {
        Timespec t;
        t.Seconds = nanoseconds / NanosecondsPerSecond;
        t.Nanoseconds = nanoseconds % NanosecondsPerSecond;
        return t;
    }
}
