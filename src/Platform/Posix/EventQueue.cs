// The event queue by Linux's epoll.
using System.Runtime.InteropServices;

namespace MyBeam.Platform;

public static unsafe partial class EventQueue
{
    private const int CloseOnExec = 0x80000;
    private const int Add = 1, Delete = 2, Modify = 3;
    private const uint OneShot = 1u << 30;
    private const int Most = 64;

    // struct epoll_event is packed on x64 only: the events, and 8 bytes of the caller's behind them.
    private static int EventBytes => Libc.IsX64 ? 12 : 16;

    private static int KeyOffset => Libc.IsX64 ? 4 : 8;

    /// <inheritdoc/>
    public static partial Errno Open(out int queue)
    {
        int* errno = Libc.ErrnoLocation();
        queue = epoll_create1(CloseOnExec);
        return Libc.Check(queue, errno);
    }

    /// <inheritdoc/>
    public static partial Errno Arm(int queue, int descriptor, PollEvents events, ulong key)
    {
        int* errno = Libc.ErrnoLocation();
        byte* e = stackalloc byte[16];

        // The numbers of epoll's events are those of poll.
        *(uint*)e = (uint)events | OneShot;
        *(ulong*)(e + KeyOffset) = key;
        int result = epoll_ctl(queue, Modify, descriptor, e);
        if (result < 0 && *errno == (int)Errno.Enoent)
        {
            result = epoll_ctl(queue, Add, descriptor, e);
        }

        return Libc.Check(result, errno);
    }

    /// <inheritdoc/>
    public static partial void Remove(int queue, int descriptor)
    {
        byte* e = stackalloc byte[16];
        _ = epoll_ctl(queue, Delete, descriptor, e);
    }

    /// <inheritdoc/>
    public static partial Errno Wait(int queue, ReadyDescriptor* ready, int most, int milliseconds, out int count)
    {
        int* errno = Libc.ErrnoLocation();
        byte* events = stackalloc byte[Most * 16];
        count = epoll_wait(queue, events, most < Most ? most : Most, milliseconds);
        if (count < 0)
        {
            count = 0;
            return *errno == (int)Errno.Eintr ? Errno.None : (Errno)(*errno);
        }

        for (int i = 0; i < count; i++)
        {
            byte* e = events + (i * EventBytes);
            ready[i].Key = *(ulong*)(e + KeyOffset);
            ready[i].Events = (PollEvents)(*(uint*)e & 0x1F);
        }

        return Errno.None;
    }

    [DllImport("libc")]
    private static extern int epoll_create1(int flags);

    [DllImport("libc"), SuppressGCTransition]
    private static extern int epoll_ctl(int queue, int operation, int descriptor, byte* e);

    [DllImport("libc")]
    private static extern int epoll_wait(int queue, byte* events, int most, int milliseconds);
}
