// The archive as a read-only folder of the file system, /mybeam-otp: OTP's root folder as code, filename and file see it. Names are taken apart here as Linux
// does: "." and empty parts stay where they are, ".." leads up, a file has nothing below it. Without an archive the folder is an ordinary one.
namespace MyBeam.Vm;

using System;
using MyBeam.Platform;

/// <summary>A file or folder in the archive.</summary>
public struct ArchiveEntry
{
    /// <summary>Why Find has failed: Enoent, or Enotdir for something below a file.</summary>
    public Errno Error;
    public bool IsFolder;
    /// <summary>A file's bytes; 0 for a folder.</summary>
    public long Bytes;
    /// <summary>Tells files and folders apart, from 1 on: an inode number.</summary>
    public uint Number;
    /// <summary>A folder's entries; 0 for a file.</summary>
    public uint Names;
}

/// <summary>Finds, lists and reads files of the archive by their paths. Any thread may call; listing and finding unpack nothing.</summary>
public static unsafe class ArchiveFiles
{
    /// <summary>The archive's root as a path.</summary>
    public static ReadOnlySpan<byte> Root => "/mybeam-otp"u8;

    /// <summary>Whether an absolute, zero-terminated path lies in the archive (the file need not be there). A path that leads out of it again does not.</summary>
    public static bool Handles(Machine* m, byte* path) => Open(m, out ModuleArchive _) && Enter(path) != null;

    /// <summary>What is at a path that Handles is true for. False: nothing, entry.Error says why.</summary>
    public static bool Find(Machine* m, byte* path, out ArchiveEntry entry)
    {
        entry = default;
        entry.Error = Errno.Enoent;
        if (!Open(m, out ModuleArchive archive)) return false;
        entry.Error = Walk(archive, path, out ModuleArchive.Entry e, out uint number);
        if (entry.Error != Errno.None) return false;
        entry.IsFolder = e.IsFolder;
        entry.Bytes = e.Bytes;
        entry.Number = number + 1;
        entry.Names = e.IsFolder ? e.Packed : 0;
        return true;
    }

    /// <summary>Unpacks a file that Find has found. Eisdir for a folder, Eio when the archive is damaged (the buffer's contents are then undefined) or memory out.</summary>
    /// <param name="m">The VM.</param>
    /// <param name="entry">What Find gave.</param>
    /// <param name="buffer">Room for entry.Bytes bytes.</param>
    public static Errno Read(Machine* m, ArchiveEntry* entry, byte* buffer)
    {
        if (entry->IsFolder) return Errno.Eisdir;
        if (!Open(m, out ModuleArchive archive) || entry->Number == 0) return Errno.Enoent;
        if (!archive.Get(entry->Number - 1, out ModuleArchive.Entry e) || e.IsFolder || e.Bytes != entry->Bytes) return Errno.Enoent;
        return archive.Unpack(e, buffer, &m->Finder.Unpacking) ? Errno.None : Errno.Eio;
    }

    /// <summary>The MD5 of the module that a file is, which is in the archive and stays; null when there is no such file or it is none.</summary>
    /// <param name="m">The VM.</param>
    /// <param name="number">ArchiveEntry.Number.</param>
    /// <param name="bytes">The file must have as many.</param>
    public static byte* Digest(Machine* m, uint number, long bytes) =>
        number != 0 && Open(m, out ModuleArchive archive) && archive.Get(number - 1, out ModuleArchive.Entry e) && e.Bytes == bytes ? e.Digest : null;

    /// <summary>Calls back for every name in a folder (not "." and ".."), in the order of their bytes. Enoent, or Enotdir when it is a file.</summary>
    /// <param name="m">The VM.</param>
    /// <param name="path">The folder.</param>
    /// <param name="each">Gets data, the name (not zero-terminated) and its bytes.</param>
    /// <param name="data">For the callback.</param>
    public static Errno List(Machine* m, byte* path, delegate*<void*, byte*, int, void> each, void* data)
    {
        if (!Open(m, out ModuleArchive archive)) return Errno.Enoent;
        Errno error = Walk(archive, path, out ModuleArchive.Entry folder, out uint _);
        if (error != Errno.None) return error;
        if (!folder.IsFolder) return Errno.Enotdir;
        for (uint i = 0; i < folder.Packed && archive.GetIn(folder, i, out ModuleArchive.Entry e); i++) each(data, e.Name, e.NameBytes);
        return Errno.None;
    }

    private static bool Open(Machine* m, out ModuleArchive archive) => ModuleArchive.Open(m->Finder.Archive, m->Finder.ArchiveBytes, out archive);

    private static Errno Walk(in ModuleArchive archive, byte* path, out ModuleArchive.Entry entry, out uint number)
    {
        number = 0;
        byte* rest = Enter(path);
        if (!archive.Get(0, out entry) || rest == null) return Errno.Enoent;
        while (*rest != 0)
        {
            // Also for a slash after a file's name.
            if (!entry.IsFolder) return Errno.Enotdir;
            int n = Part(&rest, out byte* part);
            if (n == 0 || IsDot(part, n)) continue;
            if (IsDotDot(part, n)) number = entry.Parent;
            else if (!archive.FindIn(entry, new ReadOnlySpan<byte>(part, n), out number)) return Errno.Enoent;
            if (!archive.Get(number, out entry)) return Errno.Enoent;
        }
        return Errno.None;
    }

    // Where the path goes on behind the archive's root for good: null when it is not in it. Only the file system's root may come before: another folder may be
    // a symbolic link, and ".." then leads elsewhere than the text says.
    private static byte* Enter(byte* path)
    {
        byte* inside = null;
        if (*path != '/') return null;
        // How many folders deep in the archive, 0 for its root.
        int depth = 0;
        while (*path != 0)
        {
            int n = Part(&path, out byte* part);
            if (n == 0 || IsDot(part, n)) continue;
            if (inside == null)
            {
                if (IsDotDot(part, n)) continue;
                // Behind the root's name, at the slash or the end.
                if (!new ReadOnlySpan<byte>(part, n).SequenceEqual(Root[1..])) return null;
                inside = part + n;
                depth = 0;
            }
            else if (!IsDotDot(part, n)) depth++;
            else if (depth-- == 0) inside = null;
        }
        return inside;
    }

    // The next part of a path: slashes are skipped before it (0 bytes: there were only slashes), path ends behind it.
    private static int Part(byte** path, out byte* part)
    {
        byte* p = *path;
        while (*p == '/') p++;
        part = p;
        while (*p is not ((byte)'/' or 0)) p++;
        *path = p;
        return (int)(p - part);
    }

    private static bool IsDot(byte* part, int n) => n == 1 && *part == '.';

    private static bool IsDotDot(byte* part, int n) => n == 2 && part[0] == '.' && part[1] == '.';
}
