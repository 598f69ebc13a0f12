// Terminals by termios.
using System.Runtime.InteropServices;

namespace MyBeam.Platform;

public static unsafe partial class Terminal
{
    private const int Now = 0;
    private const ulong GetWindowSize = 0x5413;

    /// <inheritdoc/>
    public static partial Errno Get(int descriptor, TerminalSettings* settings)
    {
        int* errno = Libc.ErrnoLocation();
        return Libc.Check(tcgetattr(descriptor, settings), errno);
    }

    /// <inheritdoc/>
    public static partial Errno Set(int descriptor, TerminalSettings* settings)
    {
        int* errno = Libc.ErrnoLocation();
        return Libc.Check(tcsetattr(descriptor, Now, settings), errno);
    }

    /// <inheritdoc/>
    public static partial bool Size(int descriptor, out int columns, out int rows)
    {
        // struct winsize: rows, columns, and two sizes in pixels.
        ushort* size = stackalloc ushort[4];
        bool terminal = ioctl(descriptor, GetWindowSize, size) == 0;
        rows = terminal ? size[0] : 0;
        columns = terminal ? size[1] : 0;
        return terminal;
    }

    [DllImport("libc"), SuppressGCTransition]
    private static extern int tcgetattr(int fd, TerminalSettings* settings);

    [DllImport("libc"), SuppressGCTransition]
    private static extern int tcsetattr(int fd, int when, TerminalSettings* settings);

    [DllImport("libc"), SuppressGCTransition]
    private static extern int ioctl(int fd, ulong request, void* argument);
}
