// Threads by pthreads; waiting by futex.
using System.Runtime.InteropServices;

namespace MyBeam.Platform;

public static unsafe partial class Threads
{
    private const int FutexWaitPrivate = 128, FutexWakePrivate = 129;
    private const int ScOnlineProcessors = 84;

    // pthread_attr_t has 56 bytes on x64 and 64 on ARM64.
    private const int AttributesSize = 64;

    // A mask for 8,192 processors; the kernel refuses one that is smaller than its own.
    private const int ProcessorMaskSize = 1024;

    private static long FutexCall => Libc.IsX64 ? 202 : 98;

    /// <inheritdoc/>
    public static partial Errno Start(delegate* unmanaged<void*, void*> entry, void* argument, nuint stackBytes, out nuint thread)
    {
        ulong* attributes = stackalloc ulong[AttributesSize / 8];
        thread = 0;
        nuint started = 0;
        int error = pthread_attr_init(attributes);
        if (error != 0)
        {
            return (Errno)error;
        }

        if (stackBytes != 0)
        {
            error = pthread_attr_setstacksize(attributes, stackBytes);
        }

        if (error == 0)
        {
            error = pthread_create(&started, attributes, (void*)entry, argument);
        }

        _ = pthread_attr_destroy(attributes);
        thread = error == 0 ? started : 0;
        return (Errno)error;
    }

    /// <inheritdoc/>
    public static partial Errno Join(nuint thread, out void* result)
    {
        void* r = null;
        int error = pthread_join(thread, &r);
        result = r;
        return (Errno)error;
    }

    /// <inheritdoc/>
    public static partial nuint Current => pthread_self();

    /// <inheritdoc/>
    public static partial void SetName(byte* name) => _ = pthread_setname_np(pthread_self(), name);

    /// <inheritdoc/>
    public static partial void Yield() => _ = sched_yield();

    /// <inheritdoc/>
    public static partial int AvailableProcessors
    {
        get
        {
            ulong* mask = stackalloc ulong[ProcessorMaskSize / 8];
            // Of the process's first thread: taskset changes that one's.
            if (sched_getaffinity(OsProcess.Id, ProcessorMaskSize, mask) != 0)
            {
                return OnlineProcessors;
            }

            int count = 0;
            for (int i = 0; i < ProcessorMaskSize / 8; i++)
            {
                for (ulong word = mask[i]; word != 0; word &= word - 1)
                {
                    count++;
                }
            }

            return count > 0 ? count : 1;
        }
    }

    /// <inheritdoc/>
    public static partial int OnlineProcessors
    {
        get
        {
            long n = sysconf(ScOnlineProcessors);
            return n > 0 ? (int)n : 1;
        }
    }

    /// <inheritdoc/>
    public static partial bool Wait(int* address, int expected, long nanoseconds)
    {
        int* errno = Libc.ErrnoLocation();
        Timespec time = Timespec.From(nanoseconds < 0 ? 0 : nanoseconds);
        long result = futexWait(FutexCall, address, FutexWaitPrivate, expected, nanoseconds < 0 ? null : &time);
        return result == 0 || *errno != (int)Errno.Etimedout;
    }

    /// <inheritdoc/>
    public static partial void Wake(int* address, int count) => _ = futexWake(FutexCall, address, FutexWakePrivate, count);

    [DllImport("libc")]
    private static extern int pthread_create(nuint* thread, ulong* attributes, void* entry, void* argument);

    [DllImport("libc")]
    private static extern int pthread_join(nuint thread, void** result);

    [DllImport("libc"), SuppressGCTransition]
    private static extern int pthread_attr_init(ulong* attributes);

    [DllImport("libc"), SuppressGCTransition]
    private static extern int pthread_attr_setstacksize(ulong* attributes, nuint bytes);

    [DllImport("libc"), SuppressGCTransition]
    private static extern int pthread_attr_destroy(ulong* attributes);

    [DllImport("libc"), SuppressGCTransition]
    private static extern nuint pthread_self();

    [DllImport("libc"), SuppressGCTransition]
    private static extern int pthread_setname_np(nuint thread, byte* name);

    [DllImport("libc")]
    private static extern int sched_yield();

    [DllImport("libc"), SuppressGCTransition]
    private static extern int sched_getaffinity(int process, nuint bytes, ulong* mask);

    [DllImport("libc"), SuppressGCTransition]
    private static extern long sysconf(int name);

    // libc has no function for futex; syscall is variadic, which is the same for integers (see Files).
    [DllImport("libc", EntryPoint = "syscall")]
    private static extern long futexWait(long number, int* address, long operation, long expected, Timespec* time);

    [DllImport("libc", EntryPoint = "syscall"), SuppressGCTransition]
    private static extern long futexWake(long number, int* address, long operation, long count);
}
