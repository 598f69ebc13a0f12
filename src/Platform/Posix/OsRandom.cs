// Random bytes by getrandom.
using System.Runtime.InteropServices;

namespace MyBeam.Platform;

public static unsafe partial class OsRandom
{
    /// <inheritdoc/>
    public static partial Errno Fill(byte* buffer, nuint bytes)
    {
        int* errno = Libc.ErrnoLocation();
        while (bytes != 0)
        {
            nint n = getrandom(buffer, bytes, 0);
            if (n >= 0)
            {
                buffer += n;
                bytes -= (nuint)n;
            }
            else if (*errno != (int)Errno.Eintr)
            {
                return (Errno)(*errno);
            }
        }

        return Errno.None;
    }

    [DllImport("libc")]
    private static extern nint getrandom(byte* buffer, nuint bytes, uint flags);
}
