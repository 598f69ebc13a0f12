// Child processes by vfork and execve, which build/start.c does: nothing managed may run between the two. Their end is seen by Linux's pidfd.
using System.Runtime.InteropServices;

namespace MyBeam.Platform;

public static unsafe partial class ChildProcess
{
    private const int NoHang = 1, MayExecute = 1;

    /// <inheritdoc/>
    public static partial Errno Start(ChildStart* start, out int process, out int ended)
    {
        int e = -1;
        int n = StartChild(start, &e);
        process = n < 0 ? -1 : n;
        ended = n < 0 ? -1 : e;
        return n < 0 ? (Errno)(-n) : Errno.None;
    }

    /// <inheritdoc/>
    public static partial bool Status(int process, out int status)
    {
        int raw = 0;
        // An error: somebody else has taken the status.
        bool gone = waitpid(process, &raw, NoHang) != 0;
        int signal = raw & 0x7F;
        status = signal != 0 ? 128 + signal : (raw >> 8) & 0xFF;
        return gone;
    }

    /// <inheritdoc/>
    public static partial Errno CanRun(byte* path)
    {
        int* errno = Libc.ErrnoLocation();
        return Libc.Check(access(path, MayExecute), errno);
    }

    [DllImport("mybeam", EntryPoint = "mybeam_start_child")]
    private static extern int StartChild(ChildStart* start, int* ended);

    [DllImport("libc")]
    private static extern int waitpid(int process, int* status, int options);

    [DllImport("libc")]
    private static extern int access(byte* path, int mode);
}
