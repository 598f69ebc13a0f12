// Names in the file system by statx, readdir and friends.
using System.Runtime.InteropServices;

namespace MyBeam.Platform;

public static unsafe partial class FileSystem
{
    private const int AtWorkingDirectory = -100, AtNoFollow = 0x100, AtEmptyPath = 0x1000;
    private const uint StatxBasic = 0x7ff;

    // Offsets in struct dirent (the 64-bit one; x64 and ARM64, glibc and musl agree).
    private const int DirentType = 18, DirentName = 19;

    /// <inheritdoc/>
    public static partial Errno Access(byte* path, FileAccessModes modes)
    {
        int* errno = Libc.ErrnoLocation();
        return Libc.Check(access(path, (int)modes), errno);
    }

    /// <inheritdoc/>
    public static partial Errno Status(byte* path, bool followLinks, out FileStatus status) =>
        ReadStatus(AtWorkingDirectory, path, followLinks ? 0 : AtNoFollow, out status);

    /// <inheritdoc/>
    public static partial Errno StatusOf(int descriptor, out FileStatus status)
    {
        byte empty = 0;
        return ReadStatus(descriptor, &empty, AtEmptyPath, out status);
    }

    /// <inheritdoc/>
    public static partial Errno OpenDirectory(byte* path, out DirectoryListing directory)
    {
        int* errno = Libc.ErrnoLocation();
        directory.Handle = opendir(path);
        return directory.Handle == null ? (Errno)(*errno) : Errno.None;
    }

    /// <inheritdoc/>
    public static partial bool NextEntry(DirectoryListing directory, out byte* name, out nuint length, out FileType type, out Errno error)
    {
        name = null;
        length = 0;
        type = FileType.Other;
        error = Errno.None;
        int* errno = Libc.ErrnoLocation();
        while (true)
        {
            // Null is the end and the error; only errno tells which.
            *errno = 0;
            byte* entry = readdir(directory.Handle);
            if (entry == null)
            {
                error = (Errno)(*errno);
                return false;
            }

            name = entry + DirentName;
            if (name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0)))
            {
                continue;
            }

            while (name[length] != 0)
            {
                length++;
            }

            // d_type has the file type bits of st_mode, shifted.
            type = TypeOfMode((uint)entry[DirentType] << 12);
            return true;
        }
    }

    /// <inheritdoc/>
    public static partial void CloseDirectory(DirectoryListing directory) => _ = closedir(directory.Handle);

    /// <inheritdoc/>
    public static partial Errno Delete(byte* path)
    {
        int* errno = Libc.ErrnoLocation();
        return Libc.Check(unlink(path), errno);
    }

    /// <inheritdoc/>
    public static partial Errno Rename(byte* from, byte* to)
    {
        int* errno = Libc.ErrnoLocation();
        return Libc.Check(rename(from, to), errno);
    }

    /// <inheritdoc/>
    public static partial Errno MakeDirectory(byte* path, uint permissions)
    {
        int* errno = Libc.ErrnoLocation();
        return Libc.Check(mkdir(path, permissions), errno);
    }

    /// <inheritdoc/>
    public static partial Errno RemoveDirectory(byte* path)
    {
        int* errno = Libc.ErrnoLocation();
        return Libc.Check(rmdir(path), errno);
    }

    /// <inheritdoc/>
    public static partial Errno MakeSymbolicLink(byte* target, byte* path)
    {
        int* errno = Libc.ErrnoLocation();
        return Libc.Check(symlink(target, path), errno);
    }

    /// <inheritdoc/>
    public static partial Errno MakeHardLink(byte* existing, byte* path)
    {
        int* errno = Libc.ErrnoLocation();
        return Libc.Check(link(existing, path), errno);
    }

    /// <inheritdoc/>
    public static partial Errno ReadLink(byte* path, byte* buffer, nuint capacity, out nuint length)
    {
        int* errno = Libc.ErrnoLocation();
        nint n = readlink(path, buffer, capacity);
        length = n < 0 ? 0 : (nuint)n;
        return Libc.Check(n, errno);
    }

    /// <inheritdoc/>
    public static partial Errno SetPermissions(byte* path, uint permissions)
    {
        int* errno = Libc.ErrnoLocation();
        return Libc.Check(chmod(path, permissions), errno);
    }

    /// <inheritdoc/>
    public static partial Errno SetOwner(byte* path, uint user, uint group)
    {
        int* errno = Libc.ErrnoLocation();
        return Libc.Check(chown(path, user, group), errno);
    }

    /// <inheritdoc/>
    public static partial Errno SetTimes(byte* path, long accessTime, long modificationTime)
    {
        int* errno = Libc.ErrnoLocation();
        Timespec* times = stackalloc Timespec[2];
        times[0] = new Timespec { Seconds = accessTime };
        times[1] = new Timespec { Seconds = modificationTime };
        return Libc.Check(utimensat(AtWorkingDirectory, path, times, 0), errno);
    }

    /// <inheritdoc/>
    public static partial Errno WorkingDirectory(byte* buffer, nuint capacity)
    {
        int* errno = Libc.ErrnoLocation();
        return getcwd(buffer, capacity) == null ? (Errno)(*errno) : Errno.None;
    }

    /// <inheritdoc/>
    public static partial Errno SetWorkingDirectory(byte* path)
    {
        int* errno = Libc.ErrnoLocation();
        return Libc.Check(chdir(path), errno);
    }

    private static Errno ReadStatus(int directory, byte* path, int flags, out FileStatus status)
    {
        // statx, because struct stat differs between the machines and struct statx does not.
        byte* s = stackalloc byte[256];
        int* errno = Libc.ErrnoLocation();
        status = default;
        if (statx(directory, path, flags, StatxBasic, s) != 0)
        {
            return (Errno)(*errno);
        }

        status.Mode = *(ushort*)(s + 28);
        status.Type = TypeOfMode(status.Mode);
        status.Size = *(long*)(s + 40);
        status.AccessTime = *(long*)(s + 64);
        status.ChangeTime = *(long*)(s + 96);
        status.ModificationTime = *(long*)(s + 112);
        status.ModificationNanoseconds = *(uint*)(s + 120);
        status.Links = *(uint*)(s + 16);
        status.User = *(uint*)(s + 20);
        status.Group = *(uint*)(s + 24);
        status.Inode = *(ulong*)(s + 32);
        status.SpecialDevice = DeviceNumber(*(uint*)(s + 128), *(uint*)(s + 132));
        status.Device = DeviceNumber(*(uint*)(s + 136), *(uint*)(s + 140));
        return Errno.None;
    }

    private static FileType TypeOfMode(uint mode)
    {
        switch (mode & 0xf000)
        {
            case 0x8000: return FileType.Regular;
            case 0x4000: return FileType.Directory;
            case 0xa000: return FileType.SymbolicLink;
            case 0x2000:
            case 0x6000: return FileType.Device;
            default: return FileType.Other;
        }
    }

    // What makedev of <sys/sysmacros.h> gives: programs compare these numbers with those of other tools.
    private static ulong DeviceNumber(uint major, uint minor) =>
        ((ulong)(major & 0xfffff000) << 32) | ((ulong)(major & 0xfff) << 8) | ((ulong)(minor & 0xffffff00) << 12) | (minor & 0xff);

    [DllImport("libc")]
    private static extern int access(byte* path, int modes);

    [DllImport("libc")]
    private static extern int statx(int directory, byte* path, int flags, uint mask, byte* result);

    [DllImport("libc")]
    private static extern void* opendir(byte* path);

    [DllImport("libc")]
    private static extern byte* readdir(void* directory);

    [DllImport("libc")]
    private static extern int closedir(void* directory);

    [DllImport("libc")]
    private static extern int unlink(byte* path);

    [DllImport("libc")]
    private static extern int rename(byte* from, byte* to);

    [DllImport("libc")]
    private static extern int mkdir(byte* path, uint permissions);

    [DllImport("libc")]
    private static extern int rmdir(byte* path);

    [DllImport("libc")]
    private static extern int symlink(byte* target, byte* path);

    [DllImport("libc")]
    private static extern int link(byte* existing, byte* path);

    [DllImport("libc")]
    private static extern nint readlink(byte* path, byte* buffer, nuint capacity);

    [DllImport("libc")]
    private static extern int chmod(byte* path, uint permissions);

    [DllImport("libc")]
    private static extern int chown(byte* path, uint user, uint group);

    [DllImport("libc")]
    private static extern int utimensat(int directory, byte* path, Timespec* times, int flags);

    [DllImport("libc")]
    private static extern byte* getcwd(byte* buffer, nuint capacity);

    [DllImport("libc")]
    private static extern int chdir(byte* path);
}
