// mybeam archive [PATH]: what the archive of OTP's files in the executable holds; one of its files.
namespace MyBeam.Cli;

using System;
using MyBeam.Memory;
using MyBeam.Platform;
using MyBeam.Vm;

/// <summary>The command `archive`.</summary>
public static unsafe class ArchiveCommand
{
    private const int NumberWidth = 9, MaxPath = 4096, MaxDepth = 16;

    private struct Listing
    {
        public ModuleArchive Archive;
        public Output* Output;
        public long Files, Packed, Bytes;
        // Entries seen: a damaged archive's folders may hold each other.
        public uint Seen;
        public fixed byte Path[MaxPath];
    }

    /// <summary>Runs it on the zero-terminated arguments after the command's name; gives the exit status (0, 1: no such file, 2: usage).</summary>
    public static int Run(byte** arguments, int count, byte* archive, nuint archiveBytes)
    {
        if (count > 1 || (count == 1 && arguments[0][0] == '-')) return Fail("usage: mybeam archive [PATH]"u8, null, Program.Usage);
        if (ModuleArchive.Count(archive, archiveBytes) == 0)
            return Fail("mybeam: this executable has no archive: scripts/otp 29 fetches OTP, scripts/build then makes one"u8, null, 1);
        Machine* m = Machine.Create();
        if (m == null) return Fail("mybeam: out of memory"u8, null, 1);
        m->Finder.Archive = archive;
        m->Finder.ArchiveBytes = archiveBytes;
        int status = Show(m, count == 0 ? null : arguments[0]);
        Machine.Destroy(m);
        return status;
    }

    private static int Show(Machine* m, byte* name)
    {
        Listing* list = (Listing*)Allocator.AllocZeroed((nuint)sizeof(Listing), Owner.Text);
        if (list == null) return Fail("mybeam: out of memory"u8, null, 1);
        int status;
        if (!Absolute(name, list->Path) || !ArchiveFiles.Find(m, list->Path, out ArchiveEntry entry)) status = Fail("mybeam: not in the archive: "u8, name, 1);
        else status = entry.IsFolder ? Table(m, list, &entry) : Write(m, &entry, name);
        Allocator.Free(list, (nuint)sizeof(Listing), Owner.Text);
        return status;
    }

    // The path as ArchiveFiles wants it; a relative one starts at the archive's root. False when it is too long.
    private static bool Absolute(byte* name, byte* path)
    {
        int n = 0;
        if (name == null || name[0] != '/')
        {
            foreach (byte b in ArchiveFiles.Root) path[n++] = b;
            path[n++] = (byte)'/';
        }
        for (int i = 0; name != null && name[i] != 0; i++)
        {
            if (n == MaxPath - 1) return false;
            path[n++] = name[i];
        }
        path[n] = 0;
        return true;
    }

    private static int Table(Machine* m, Listing* list, ArchiveEntry* folder)
    {
        Output output = new(Files.StandardOutput);
        list->Output = &output;
        ModuleArchive.Open(m->Finder.Archive, m->Finder.ArchiveBytes, out list->Archive);
        output.Line("   packed     bytes  path"u8);
        if (list->Archive.Get(folder->Number - 1, out ModuleArchive.Entry e)) Folder(list, Name(list, e, 0), e, 0);
        Row(list, list->Packed, list->Bytes);
        output.Number(list->Files);
        output.Line(" files"u8);
        return output.End(0);
    }

    // Puts the whole name of a folder into the path, as it is without "..", and gives its length.
    private static int Name(Listing* list, in ModuleArchive.Entry folder, int depth)
    {
        int n = 0;
        if (folder.NameBytes == 0 || depth == MaxDepth || !list->Archive.Get(folder.Parent, out ModuleArchive.Entry parent))
        {
            foreach (byte b in ArchiveFiles.Root) list->Path[n++] = b;
            return n;
        }
        n = Name(list, parent, depth + 1);
        return n + folder.NameBytes + 2 > MaxPath ? n : Append(list, n, folder);
    }

    // The path's length with an entry's name appended; the caller has seen that it fits.
    private static int Append(Listing* list, int n, in ModuleArchive.Entry e)
    {
        list->Path[n] = (byte)'/';
        new ReadOnlySpan<byte>(e.Name, e.NameBytes).CopyTo(new Span<byte>(list->Path + n + 1, e.NameBytes));
        return n + 1 + e.NameBytes;
    }

    // Files of a folder, then its folders.
    private static void Folder(Listing* list, int n, in ModuleArchive.Entry folder, int depth)
    {
        for (int folders = 0; folders < 2; folders++)
        {
            for (uint i = 0; i < folder.Packed && list->Archive.GetIn(folder, i, out ModuleArchive.Entry e); i++)
            {
                if (e.IsFolder != (folders == 1) || n + e.NameBytes + 2 > MaxPath || list->Seen++ > list->Archive.Entries) continue;
                int length = Append(list, n, e);
                if (!e.IsFolder) File(list, length, e);
                else if (depth < MaxDepth) Folder(list, length, e, depth + 1);
            }
        }
    }

    private static void File(Listing* list, int n, in ModuleArchive.Entry file)
    {
        Row(list, file.Packed, file.Bytes);
        list->Output->Text(list->Path, n);
        list->Output->Line();
        list->Files++;
        list->Packed += file.Packed;
        list->Bytes += file.Bytes;
    }

    private static void Row(Listing* list, long packed, long bytes)
    {
        list->Output->Number(packed, NumberWidth);
        list->Output->Number(bytes, NumberWidth + 1);
        list->Output->Text("  "u8);
    }

    private static int Write(Machine* m, ArchiveEntry* entry, byte* name)
    {
        nuint bytes = (nuint)entry->Bytes;
        byte* data = (byte*)Allocator.Alloc(bytes, Owner.Text);
        if (data == null) return Fail("mybeam: out of memory"u8, null, 1);
        int status = 0;
        if (ArchiveFiles.Read(m, entry, data) != Errno.None) status = Fail("mybeam: damaged in the archive: "u8, name, 1);
        else if (Files.WriteAll(Files.StandardOutput, data, bytes) != Errno.None) status = Fail("mybeam: standard output cannot be written; is the disk full?"u8, null, 1);
        Allocator.Free(data, bytes, Owner.Text);
        return status;
    }

    private static int Fail(ReadOnlySpan<byte> text, byte* what, int status)
    {
        Output errors = new(Files.StandardError);
        errors.Text(text);
        if (what != null) errors.ZeroTerminated(what);
        errors.Line();
        errors.Flush();
        return status;
    }
}
