// The OTP root inside the executable as the natives of prim_file see it: a folder that can be read.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Names in the archive. Nothing is answered for as long as there is no archive of files (ArchiveFiles).</summary>
internal static unsafe class PrimFileArchive
{
    /// <summary>Whether a name lies in the archive's folder.</summary>
    public static bool Handles(Machine* m, byte* path) => false;

    /// <summary>A file of the archive as a file in memory.</summary>
    public static Errno Open(Machine* m, byte* path, OpenModes modes, bool anyType, out int descriptor)
    {
        descriptor = -1;
        return Errno.Enoent;
    }

    /// <summary>The properties of what has that name.</summary>
    public static Errno Status(Machine* m, byte* path, out FileStatus status)
    {
        status = default;
        return Errno.Enoent;
    }

    /// <summary>The properties of a file or folder of the archive: everybody may read it.</summary>
    public static void Properties(bool folder, long bytes, out FileStatus status)
    {
        status = default;
        status.Type = folder ? FileType.Directory : FileType.Regular;
        // Octal 040555 and 100444.
        status.Mode = folder ? 0x416Du : 0x8124u;
        status.Size = bytes;
        status.Links = 1;
    }

    /// <summary>The names in a folder of the archive.</summary>
    public static Errno List(Process* p, byte* path, out Term list)
    {
        list = Term.Nil;
        return Errno.Enoent;
    }

    /// <summary>All of a file.</summary>
    public static Errno ReadFile(Machine* m, byte* path, out OffHeapBinary* data)
    {
        data = null;
        return Errno.Enoent;
    }
}
