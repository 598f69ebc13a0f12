// The OS process by getpid, getenv, uname and Linux's /proc/self.
using System;
using System.Runtime.InteropServices;

namespace MyBeam.Platform;

public static unsafe partial class OsProcess
{
    // struct utsname: six strings of 65 bytes; the third is the release.
    private const int UtsNameSize = 6 * 65, UtsRelease = 2 * 65;

    /// <inheritdoc/>
    public static partial int Id => getpid();

    /// <inheritdoc/>
    public static partial int ParentId => getppid();

    /// <inheritdoc/>
    public static partial void EffectiveIds(out uint user, out uint group)
    {
        user = geteuid();
        group = getegid();
    }

    /// <inheritdoc/>
    public static partial void Exit(int status) => exit(status);

    /// <inheritdoc/>
    public static partial void ExitNow(int status) => _exit(status);

    /// <inheritdoc/>
    public static partial void Abort() => abort();

    /// <inheritdoc/>
    public static partial void OpenStandardDescriptors()
    {
        fixed (byte* path = "/dev/null\0"u8)
        {
            // Each open gives the lowest free number; standard input is opened for reading, the others for writing.
            int descriptor = open(path, 0);
            if (descriptor > 0)
            {
                _ = Files.Close(descriptor);
            }

            do
            {
                descriptor = open(path, 1);
            }
            while (descriptor is >= 0 and < 3);
            if (descriptor > 2)
            {
                _ = Files.Close(descriptor);
            }
        }
    }

    /// <inheritdoc/>
    public static partial bool Detach(out int status)
    {
        status = 0;
        int child = fork();
        if (child != 0)
        {
            status = child < 0 ? 1 : 0;
            return false;
        }

        _ = setsid();
        // Not the leader of its session: a terminal that it opens does not become its own.
        if (fork() != 0)
        {
            return false;
        }

        fixed (byte* path = "/dev/null\0"u8)
        {
            for (int i = 0; i < 3; i++)
            {
                // The lowest free number is the one just closed.
                _ = Files.Close(i);
                _ = open(path, i == 0 ? 0 : 1);
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public static partial byte* Environment(byte* name) => getenv(name);

    /// <inheritdoc/>
    // Not libc's "environ": it is a variable, which an import cannot name. What a host program changed after its start is not seen.
    public static partial Errno ReadEnvironment(byte* buffer, nuint capacity, out nuint length) =>
        ReadProcFile("/proc/self/environ\0"u8, buffer, capacity, out length);

    /// <inheritdoc/>
    public static partial Errno ExecutablePath(byte* buffer, nuint capacity, out nuint length)
    {
        fixed (byte* path = "/proc/self/exe\0"u8)
        {
            Errno error = FileSystem.ReadLink(path, buffer, capacity, out length);
            return error == Errno.None && length == capacity ? Errno.Erange : error;
        }
    }

    /// <inheritdoc/>
    public static partial Errno HostName(byte* buffer, nuint capacity)
    {
        int* errno = Libc.ErrnoLocation();
        return Libc.Check(gethostname(buffer, capacity), errno);
    }

    /// <inheritdoc/>
    public static partial void KernelVersion(out int major, out int minor, out int release)
    {
        byte* name = stackalloc byte[UtsNameSize];
        name[UtsRelease] = 0;
        _ = uname(name);
        byte* p = name + UtsRelease;
        major = VersionPart(ref p);
        minor = VersionPart(ref p);
        release = VersionPart(ref p);
    }

    /// <inheritdoc/>
    public static partial ulong ResidentBytes
    {
        get
        {
            // "size resident shared ...", in pages.
            byte* text = stackalloc byte[256];
            if (ReadProcFile("/proc/self/statm\0"u8, text, 255, out nuint length) != Errno.None)
            {
                return 0;
            }

            text[length] = 0;
            while (*text != 0 && *text != ' ')
            {
                text++;
            }

            ulong pages = 0;
            for (text += *text == ' ' ? 1 : 0; *text >= '0' && *text <= '9'; text++)
            {
                pages = pages * 10 + (ulong)(*text - '0');
            }

            return pages * OsMemory.PageSize;
        }
    }

    // A number, and the dot after it.
    private static int VersionPart(ref byte* p)
    {
        int value = 0;
        while (*p >= '0' && *p <= '9')
        {
            value = value * 10 + (*p++ - '0');
        }

        p += *p == '.' ? 1 : 0;
        return value;
    }

    // Files of /proc do not tell their size: one that fills the buffer may have more.
    private static Errno ReadProcFile(ReadOnlySpan<byte> name, byte* buffer, nuint capacity, out nuint length)
    {
        length = 0;
        fixed (byte* path = name)
        {
            Errno error = Files.Open(path, OpenModes.Read, 0, out int descriptor);
            if (error != Errno.None)
            {
                return error;
            }

            error = Files.ReadAll(descriptor, buffer, capacity, out length);
            _ = Files.Close(descriptor);
            return error == Errno.None && length == capacity ? Errno.Erange : error;
        }
    }

    [DllImport("libc"), SuppressGCTransition]
    private static extern int getpid();

    [DllImport("libc"), SuppressGCTransition]
    private static extern int getppid();

    [DllImport("libc"), SuppressGCTransition]
    private static extern uint geteuid();

    [DllImport("libc"), SuppressGCTransition]
    private static extern uint getegid();

    [DllImport("libc")]
    private static extern int fork();

    [DllImport("libc"), SuppressGCTransition]
    private static extern int setsid();

    [DllImport("libc"), SuppressGCTransition]
    private static extern int open(byte* path, int flags);

    [DllImport("libc")]
    private static extern void exit(int status);

    [DllImport("libc")]
    private static extern void _exit(int status);

    [DllImport("libc")]
    private static extern void abort();

    [DllImport("libc"), SuppressGCTransition]
    private static extern byte* getenv(byte* name);

    [DllImport("libc"), SuppressGCTransition]
    private static extern int gethostname(byte* buffer, nuint capacity);

    [DllImport("libc"), SuppressGCTransition]
    private static extern int uname(byte* result);
}
