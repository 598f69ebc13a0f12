// Descriptors by read, write, poll and friends.
using System.Runtime.InteropServices;

namespace MyBeam.Platform;

public static unsafe partial class Files
{
    private const int OWriteOnly = 1, OReadWrite = 2, OCreate = 0x40, OExclusive = 0x80, OTruncate = 0x200, OAppend = 0x400,
        ONonBlock = 0x800, OCloseOnExec = 0x80000, OSync = 0x101000;

    private const uint MemoryCloseOnExec = 1;
    private const int FGetFlags = 3, FSetFlags = 4;
    private const ulong TerminalGetWindowSize = 0x5413;

    // One of the few constants in which the two machines differ.
    private static int ODirectory => Libc.IsX64 ? 0x10000 : 0x4000;

    /// <inheritdoc/>
    public static partial Errno Open(byte* path, OpenModes modes, uint permissions, out int descriptor)
    {
        int flags = OCloseOnExec;
        if ((modes & OpenModes.Write) != 0)
        {
            flags |= (modes & OpenModes.Read) != 0 ? OReadWrite : OWriteOnly;
        }

        flags |= (modes & OpenModes.Create) != 0 ? OCreate : 0;
        flags |= (modes & OpenModes.Truncate) != 0 ? OTruncate : 0;
        flags |= (modes & OpenModes.Append) != 0 ? OAppend : 0;
        flags |= (modes & OpenModes.Exclusive) != 0 ? OExclusive : 0;
        flags |= (modes & OpenModes.Directory) != 0 ? ODirectory : 0;
        flags |= (modes & OpenModes.NonBlocking) != 0 ? ONonBlock : 0;
        flags |= (modes & OpenModes.Synchronous) != 0 ? OSync : 0;
        int* errno = Libc.ErrnoLocation();
        do
        {
            descriptor = open(path, flags, permissions);
        }
        while (Interrupted(descriptor, errno));

        return Libc.Check(descriptor, errno);
    }

    /// <inheritdoc/>
    public static partial Errno Close(int descriptor)
    {
        int* errno = Libc.ErrnoLocation();
        Errno error = Libc.Check(close(descriptor), errno);

        // Linux has closed it by then; closing again could hit a descriptor that another thread just got.
        return error == Errno.Eintr ? Errno.None : error;
    }

    /// <inheritdoc/>
    public static partial Errno Read(int descriptor, byte* buffer, nuint bytes, out nuint read)
    {
        int* errno = Libc.ErrnoLocation();
        nint n;
        do n = Files.read(descriptor, buffer, bytes);
        while (Interrupted(n, errno));

        return Transferred(n, errno, out read);
    }

    /// <inheritdoc/>
    public static partial Errno ReadAt(int descriptor, byte* buffer, nuint bytes, long offset, out nuint read)
    {
        int* errno = Libc.ErrnoLocation();
        nint n;
        do n = pread(descriptor, buffer, bytes, offset);
        while (Interrupted(n, errno));

        return Transferred(n, errno, out read);
    }

    /// <inheritdoc/>
    public static partial Errno Write(int descriptor, byte* data, nuint bytes, out nuint written)
    {
        int* errno = Libc.ErrnoLocation();
        nint n;
        do n = write(descriptor, data, bytes);
        while (Interrupted(n, errno));

        return Transferred(n, errno, out written);
    }

    /// <inheritdoc/>
    public static partial Errno WriteAt(int descriptor, byte* data, nuint bytes, long offset, out nuint written)
    {
        int* errno = Libc.ErrnoLocation();
        nint n;
        do n = pwrite(descriptor, data, bytes, offset);
        while (Interrupted(n, errno));

        return Transferred(n, errno, out written);
    }

    /// <inheritdoc/>
    public static partial Errno WritePieces(int descriptor, IoPiece* pieces, int count, out nuint written)
    {
        int* errno = Libc.ErrnoLocation();
        nint n;
        do n = writev(descriptor, pieces, count);
        while (Interrupted(n, errno));

        return Transferred(n, errno, out written);
    }

    /// <inheritdoc/>
    public static partial Errno WritePiecesAt(int descriptor, IoPiece* pieces, int count, long offset, out nuint written)
    {
        int* errno = Libc.ErrnoLocation();
        nint n;
        do n = pwritev(descriptor, pieces, count, offset);
        while (Interrupted(n, errno));

        return Transferred(n, errno, out written);
    }

    /// <inheritdoc/>
    public static partial void Advise(int descriptor, long offset, long bytes, FileAdvice advice)
    {
        // POSIX_FADV_: normal, random, sequential, will need, don't need, no reuse: 0 to 5 on both machines.
        _ = posix_fadvise(descriptor, offset, bytes, (int)advice);
    }

    /// <inheritdoc/>
    public static partial Errno Allocate(int descriptor, long offset, long bytes)
    {
        int error;
        do
        {
            // This one gives the error, where others set errno.
            error = posix_fallocate(descriptor, offset, bytes);
        }
        while (error == (int)Errno.Eintr);

        return (Errno)error;
    }

    /// <inheritdoc/>
    public static partial Errno CheckOpen(int descriptor)
    {
        int* errno = Libc.ErrnoLocation();
        return Libc.Check(fcntl(descriptor, FGetFlags, 0), errno);
    }

    /// <inheritdoc/>
    public static partial Errno OpenInMemory(out int descriptor)
    {
        int* errno = Libc.ErrnoLocation();
        byte* name = stackalloc byte[8];
        name[0] = (byte)'f';
        name[1] = 0;
        descriptor = memfd_create(name, MemoryCloseOnExec);
        return Libc.Check(descriptor, errno);
    }

    /// <inheritdoc/>
    public static partial Errno Seek(int descriptor, long offset, SeekOrigin origin, out long position)
    {
        int* errno = Libc.ErrnoLocation();
        position = lseek(descriptor, offset, (int)origin);
        return Libc.Check(position, errno);
    }

    /// <inheritdoc/>
    public static partial Errno Size(int descriptor, out long bytes)
    {
        Errno error = FileSystem.StatusOf(descriptor, out FileStatus status);
        bytes = status.Type == FileType.Regular ? status.Size : 0;
        return error;
    }

    /// <inheritdoc/>
    public static partial Errno Truncate(int descriptor, long bytes)
    {
        int* errno = Libc.ErrnoLocation();
        return Libc.Check(ftruncate(descriptor, bytes), errno);
    }

    /// <inheritdoc/>
    public static partial Errno Sync(int descriptor, bool dataOnly)
    {
        int* errno = Libc.ErrnoLocation();
        return Libc.Check(dataOnly ? fdatasync(descriptor) : fsync(descriptor), errno);
    }

    /// <inheritdoc/>
    public static partial Errno Pipe(out int readEnd, out int writeEnd)
    {
        int* errno = Libc.ErrnoLocation();
        int* ends = stackalloc int[2];
        Errno error = Libc.Check(pipe2(ends, OCloseOnExec), errno);
        bool made = error == Errno.None;
        readEnd = made ? ends[0] : -1;
        writeEnd = made ? ends[1] : -1;
        return error;
    }

    /// <inheritdoc/>
    public static partial Errno SetNonBlocking(int descriptor, bool on)
    {
        int* errno = Libc.ErrnoLocation();
        int flags = fcntl(descriptor, FGetFlags, 0);
        if (flags < 0)
        {
            return (Errno)(*errno);
        }

        return Libc.Check(fcntl(descriptor, FSetFlags, on ? flags | ONonBlock : flags & ~ONonBlock), errno);
    }

    /// <inheritdoc/>
    public static partial Errno Poll(PollEntry* entries, int count, int timeoutMilliseconds, out int ready)
    {
        int* errno = Libc.ErrnoLocation();
        ready = poll(entries, (nuint)count, timeoutMilliseconds);
        if (ready >= 0)
        {
            return Errno.None;
        }

        ready = 0;
        return *errno == (int)Errno.Eintr ? Errno.None : (Errno)(*errno);
    }

    /// <inheritdoc/>
    public static partial bool IsTerminal(int descriptor) => isatty(descriptor) == 1;

    /// <inheritdoc/>
    public static partial bool TerminalSize(int descriptor, out int columns, out int rows)
    {
        // struct winsize: rows, columns, and two sizes in pixels that hardly any terminal fills in.
        ushort* size = stackalloc ushort[4];
        bool known = ioctl(descriptor, TerminalGetWindowSize, size) == 0 && size[0] != 0 && size[1] != 0;
        rows = known ? size[0] : 0;
        columns = known ? size[1] : 0;
        return known;
    }

    // A signal came before anything was done: the call is made again.
    private static bool Interrupted(nint result, int* errno) => result < 0 && *errno == (int)Errno.Eintr;

    private static Errno Transferred(nint result, int* errno, out nuint bytes)
    {
        bytes = result < 0 ? 0 : (nuint)result;
        return Libc.Check(result, errno);
    }

    // open, fcntl and ioctl are variadic in C. Linux passes variadic integers like named ones on x64 and ARM64.
    [DllImport("libc")]
    private static extern int open(byte* path, int flags, uint permissions);

    [DllImport("libc")]
    private static extern int close(int fd);

    [DllImport("libc")]
    private static extern nint read(int fd, byte* buffer, nuint bytes);

    [DllImport("libc")]
    private static extern nint pread(int fd, byte* buffer, nuint bytes, long offset);

    [DllImport("libc")]
    private static extern nint write(int fd, byte* data, nuint bytes);

    [DllImport("libc")]
    private static extern nint pwrite(int fd, byte* data, nuint bytes, long offset);

    [DllImport("libc")]
    private static extern nint writev(int fd, IoPiece* pieces, int count);

    [DllImport("libc")]
    private static extern nint pwritev(int fd, IoPiece* pieces, int count, long offset);

    [DllImport("libc")]
    private static extern int posix_fadvise(int fd, long offset, long bytes, int advice);

    [DllImport("libc")]
    private static extern int posix_fallocate(int fd, long offset, long bytes);

    [DllImport("libc")]
    private static extern int memfd_create(byte* name, uint flags);

    [DllImport("libc"), SuppressGCTransition]
    private static extern long lseek(int fd, long offset, int origin);

    [DllImport("libc")]
    private static extern int ftruncate(int fd, long bytes);

    [DllImport("libc")]
    private static extern int fsync(int fd);

    [DllImport("libc")]
    private static extern int fdatasync(int fd);

    [DllImport("libc"), SuppressGCTransition]
    private static extern int pipe2(int* ends, int flags);

    [DllImport("libc"), SuppressGCTransition]
    private static extern int fcntl(int fd, int command, long argument);

    [DllImport("libc")]
    private static extern int poll(PollEntry* entries, nuint count, int timeoutMilliseconds);

    [DllImport("libc"), SuppressGCTransition]
    private static extern int isatty(int fd);

    [DllImport("libc"), SuppressGCTransition]
    private static extern int ioctl(int fd, ulong request, void* argument);
}
