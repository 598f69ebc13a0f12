// The OTP root inside the executable as the natives of prim_file see it: a file system that can only be read. Its files are opened as files in memory.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Names in the archive (ArchiveFiles).</summary>
internal static unsafe class PrimFileArchive
{
    /// <summary>Whether a name lies in the archive's folder.</summary>
    public static bool Handles(Machine* m, byte* path) => ArchiveFiles.Handles(m, path);

    /// <summary>A file of the archive as a file in memory, which only a careful caller does not write to (OpenFile.ReadOnly).</summary>
    public static Errno Open(Machine* m, byte* path, OpenModes modes, out int descriptor)
    {
        descriptor = -1;
        if ((modes & OpenModes.Write) != 0) return Refuse(m, path, true);
        if (!ArchiveFiles.Find(m, path, out ArchiveEntry entry)) return entry.Error;
        if ((modes & OpenModes.Directory) != 0) return entry.IsFolder ? Errno.Enotsup : Errno.Enotdir;
        Errno error = Unpack(m, &entry, out OffHeapBinary* data);
        if (error != Errno.None) return error;
        error = Files.OpenInMemory(out descriptor);
        if (error == Errno.None)
        {
            error = Files.WriteAll(descriptor, OffHeapBinary.Data(data), (nuint)data->Size);
            if (error == Errno.None) error = Files.Seek(descriptor, 0, SeekOrigin.Begin, out _);
            if (error != Errno.None) _ = Files.Close(descriptor);
        }
        OffHeap.Release(data);
        return error;
    }

    /// <summary>Why a name cannot be changed: what a file system that is mounted for reading says.</summary>
    /// <param name="m">The VM.</param>
    /// <param name="path">The name.</param>
    /// <param name="mayBeNew">It need not be there.</param>
    public static Errno Refuse(Machine* m, byte* path, bool mayBeNew)
    {
        if (ArchiveFiles.Find(m, path, out ArchiveEntry entry) || (mayBeNew && entry.Error == Errno.Enoent)) return Errno.Erofs;
        return entry.Error;
    }

    /// <summary>Why a name cannot be made a folder: it is one, or nothing can be made.</summary>
    public static Errno RefuseNew(Machine* m, byte* path) => ArchiveFiles.Find(m, path, out _) ? Errno.Eexist : Refuse(m, path, true);

    /// <summary>Why it cannot be the working directory: the system does not know the folder.</summary>
    public static Errno RefuseWorkingDirectory(Machine* m, byte* path)
    {
        if (!ArchiveFiles.Find(m, path, out ArchiveEntry entry)) return entry.Error;
        return entry.IsFolder ? Errno.Enotsup : Errno.Enotdir;
    }

    /// <summary>Why it is no symbolic link.</summary>
    public static Errno RefuseLink(Machine* m, byte* path) => ArchiveFiles.Find(m, path, out ArchiveEntry entry) ? Errno.Einval : entry.Error;

    /// <summary>The properties of what has that name.</summary>
    public static Errno Status(Machine* m, byte* path, out FileStatus status)
    {
        bool found = ArchiveFiles.Find(m, path, out ArchiveEntry entry);
        Properties(entry.IsFolder, entry.Bytes, out status);
        status.Inode = entry.Number;
        return found ? Errno.None : entry.Error;
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

    private struct Names
    {
        public Process* Process;
        public Term List;
    }

    /// <summary>The names in a folder of the archive as binaries.</summary>
    public static Errno List(Process* p, byte* path, out Term list)
    {
        Names names = new() { Process = p, List = Term.Nil };
        Errno error = ArchiveFiles.List(p->Machine, path, &Add, &names);
        list = names.List;
        return error;
    }

    private static void Add(void* data, byte* name, int bytes)
    {
        Names* names = (Names*)data;
        if (names->List.IsNone) return;
        Term text = Binaries.FromBytes(names->Process, name, bytes);
        names->List = text.IsNone ? text : Process.Cons(names->Process, text, names->List);
    }

    /// <summary>All of a file; the binary is the caller's.</summary>
    public static Errno ReadFile(Machine* m, byte* path, out OffHeapBinary* data)
    {
        data = null;
        return ArchiveFiles.Find(m, path, out ArchiveEntry entry) ? Unpack(m, &entry, out data) : entry.Error;
    }

    private static Errno Unpack(Machine* m, ArchiveEntry* entry, out OffHeapBinary* data)
    {
        data = null;
        if (entry->IsFolder) return Errno.Eisdir;
        data = OffHeap.Create(entry->Bytes);
        if (data == null) return Errno.Enomem;
        Errno error = ArchiveFiles.Read(m, entry, OffHeapBinary.Data(data));
        data->Flags = OffHeapBinary.Archived | entry->Number;
        if (error == Errno.None) return error;
        OffHeap.Release(data);
        data = null;
        return error;
    }
}
