// Files and directories by their names: the surface. What works on open files is in Files.cs.
namespace MyBeam.Platform;

/// <summary>What a name in the file system stands for.</summary>
public enum FileType
{
    /// <summary>Not known (a directory listing on some file systems), or none of the others.</summary>
    Other = 0,

    /// <summary>An ordinary file.</summary>
    Regular = 1,

    /// <summary>A directory.</summary>
    Directory = 2,

    /// <summary>A symbolic link.</summary>
    SymbolicLink = 3,

    /// <summary>A device.</summary>
    Device = 4,
}

/// <summary>What file:read_file_info tells of a file. Times are seconds since 1970-01-01T00:00:00Z.</summary>
public struct FileStatus
{
    /// <summary>What it is.</summary>
    public FileType Type;

    /// <summary>Type and permission bits as the system has them (st_mode).</summary>
    public uint Mode;

    /// <summary>Bytes.</summary>
    public long Size;

    /// <summary>When it was last read.</summary>
    public long AccessTime;

    /// <summary>When its content last changed.</summary>
    public long ModificationTime;

    /// <summary>When its content or its properties last changed.</summary>
    public long ChangeTime;

    /// <summary>The nanoseconds of <see cref="ModificationTime"/>.</summary>
    public uint ModificationNanoseconds;

    /// <summary>How many names it has.</summary>
    public uint Links;

    /// <summary>The user that owns it.</summary>
    public uint User;

    /// <summary>The group that owns it.</summary>
    public uint Group;

    /// <summary>Its number in its file system.</summary>
    public ulong Inode;

    /// <summary>The file system's number (st_dev; major_device of Erlang's file_info).</summary>
    public ulong Device;

    /// <summary>For a device its number (st_rdev; minor_device of Erlang's file_info).</summary>
    public ulong SpecialDevice;
}

/// <summary>A directory being listed, by <see cref="FileSystem.OpenDirectory"/>; only a handle, so it may be copied.</summary>
public unsafe struct DirectoryListing
{
    internal void* Handle;
}

/// <summary>What a caller may do with a file, for <see cref="FileSystem.Access"/>; a set of bits.</summary>
public enum FileAccessModes
{
    /// <summary>Asks only whether it exists.</summary>
    Exists = 0,

    /// <summary>Execute it, or pass through the directory.</summary>
    Execute = 1,

    /// <summary>Write to it.</summary>
    Write = 2,

    /// <summary>Read it.</summary>
    Read = 4,
}

/// <summary>
/// Calls on names. A path is bytes with a zero at the end, in whatever encoding the file system has; relative paths start at the OS
/// process's working directory. Each call gives <see cref="Errno.None"/> or why it failed.
/// </summary>
public static unsafe partial class FileSystem
{
    /// <summary>Whether something of that name exists; a symbolic link counts as what it points to.</summary>
    public static bool Exists(byte* path) => Access(path, FileAccessModes.Exists) == Errno.None;

    /// <summary>Whether it is a directory, or a symbolic link to one.</summary>
    public static bool IsDirectory(byte* path) => Status(path, true, out FileStatus status) == Errno.None && status.Type == FileType.Directory;

    /// <summary>Whether it is an ordinary file, or a symbolic link to one.</summary>
    public static bool IsRegular(byte* path) => Status(path, true, out FileStatus status) == Errno.None && status.Type == FileType.Regular;

    /// <summary>What the OS process's user may do with a file: None when all the modes asked for.</summary>
    public static partial Errno Access(byte* path, FileAccessModes modes);

    /// <summary>The properties of what has that name: of a link itself unless <paramref name="followLinks"/>.</summary>
    public static partial Errno Status(byte* path, bool followLinks, out FileStatus status);

    /// <summary>The properties of an open file.</summary>
    public static partial Errno StatusOf(int descriptor, out FileStatus status);

    /// <summary>Begins to list a directory; <see cref="CloseDirectory"/> ends it. Holds a descriptor and some memory of libc's.</summary>
    public static partial Errno OpenDirectory(byte* path, out DirectoryListing directory);

    /// <summary>
    /// The next name of a directory, in no order, without "." and "..". False at the end, or on an error, which
    /// <paramref name="error"/> then tells.
    /// </summary>
    /// <param name="directory">From OpenDirectory.</param>
    /// <param name="name">The name, with a zero at the end; good until the next call for this directory.</param>
    /// <param name="length">Its bytes without the zero.</param>
    /// <param name="type">What it is where the file system tells at once, else Other: then <see cref="Status"/> knows.</param>
    /// <param name="error">None, or why there is no name.</param>
    public static partial bool NextEntry(DirectoryListing directory, out byte* name, out nuint length, out FileType type, out Errno error);

    /// <summary>Ends a listing.</summary>
    public static partial void CloseDirectory(DirectoryListing directory);

    /// <summary>Removes a name that is not a directory.</summary>
    public static partial Errno Delete(byte* path);

    /// <summary>Moves a name; one that exists at the target is replaced in one step.</summary>
    public static partial Errno Rename(byte* from, byte* to);

    /// <summary>Makes a directory; <paramref name="permissions"/> before the umask (octal 777 as a rule).</summary>
    public static partial Errno MakeDirectory(byte* path, uint permissions);

    /// <summary>Removes an empty directory.</summary>
    public static partial Errno RemoveDirectory(byte* path);

    /// <summary>Makes a symbolic link named <paramref name="path"/> with the given text.</summary>
    public static partial Errno MakeSymbolicLink(byte* target, byte* path);

    /// <summary>Gives an existing file a second name.</summary>
    public static partial Errno MakeHardLink(byte* existing, byte* path);

    /// <summary>The text of a symbolic link, without a zero; <paramref name="length"/> equal to the capacity: it may be cut.</summary>
    public static partial Errno ReadLink(byte* path, byte* buffer, nuint capacity, out nuint length);

    /// <summary>Sets the permission bits.</summary>
    public static partial Errno SetPermissions(byte* path, uint permissions);

    /// <summary>Gives it to another user and group; uint.MaxValue leaves that one as it is.</summary>
    public static partial Errno SetOwner(byte* path, uint user, uint group);

    /// <summary>Sets access and modification time, in seconds since 1970-01-01T00:00:00Z.</summary>
    public static partial Errno SetTimes(byte* path, long accessTime, long modificationTime);

    /// <summary>The OS process's working directory, with a zero at the end; Erange when the buffer is too small.</summary>
    public static partial Errno WorkingDirectory(byte* buffer, nuint capacity);

    /// <summary>Changes the working directory of the whole OS process, all VMs in it.</summary>
    public static partial Errno SetWorkingDirectory(byte* path);
}
