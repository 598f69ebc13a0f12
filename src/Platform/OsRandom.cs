// Random bytes from the operating system: the surface.
namespace MyBeam.Platform;

/// <summary>Random bytes good enough for keys; seeds of the VM's own generators (hash salts, rand) come from here too.</summary>
public static unsafe partial class OsRandom
{
    /// <summary>Fills a buffer. May wait once, early after the machine's start. Enosys on kernels before 3.17.</summary>
    public static partial Errno Fill(byte* buffer, nuint bytes);
}
