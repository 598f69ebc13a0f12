using System.Runtime.InteropServices;
using System.Text;
using Xunit;

namespace MyBeam.Platform.Tests;

public unsafe class FilesTests
{
    [Fact]
    public void WhatIsWrittenIsRead()
    {
        using TempFolder folder = new();
        byte[] data = new byte[300_000];
        new System.Random(1).NextBytes(data);
        byte[] back = new byte[data.Length + 10];
        fixed (byte* path = folder.At("file"), d = data, b = back)
        {
            Assert.Equal(Errno.None, Files.Open(path, OpenModes.Write | OpenModes.Create | OpenModes.Exclusive, 0x1A4, out int file));
            Assert.Equal(Errno.None, Files.WriteAll(file, d, (nuint)data.Length));
            Assert.Equal(Errno.None, Files.Sync(file, true));
            Assert.Equal(Errno.None, Files.Close(file));

            Assert.Equal(Errno.None, Files.Open(path, OpenModes.Read, 0, out file));
            Assert.Equal(Errno.None, Files.Size(file, out long size));
            Assert.Equal(data.Length, size);
            Assert.Equal(Errno.None, Files.ReadAll(file, b, (nuint)back.Length, out nuint read));
            Assert.Equal((nuint)data.Length, read);
            Assert.Equal(data, back[..data.Length]);
            Assert.Equal(Errno.None, Files.ReadAt(file, b, 10, 1000, out read));
            Assert.Equal(data[1000..1010], back[..10]);
            Assert.Equal(Errno.None, Files.Seek(file, -5, SeekOrigin.End, out long position));
            Assert.Equal(data.Length - 5, position);
            Assert.Equal(Errno.None, Files.Read(file, b, 10, out read));
            Assert.Equal((nuint)5, read);
            Assert.Equal(Errno.None, Files.Close(file));
            Assert.Equal(Errno.Ebadf, Files.Close(file));
        }
    }

    [Fact]
    public void AppendTruncateAndWriteAt()
    {
        using TempFolder folder = new();
        fixed (byte* path = folder.At("file"), text = "abcdef"u8)
        {
            Assert.Equal(Errno.None, Files.Open(path, OpenModes.Write | OpenModes.Create, 0x1A4, out int file));
            Assert.Equal(Errno.None, Files.WriteAll(file, text, 6));
            Assert.Equal(Errno.None, Files.WriteAt(file, text, 2, 4, out nuint written));
            Assert.Equal((nuint)2, written);
            Assert.Equal(Errno.None, Files.Truncate(file, 8));
            _ = Files.Close(file);
            Assert.Equal(Errno.None, Files.Open(path, OpenModes.Write | OpenModes.Append, 0, out file));
            Assert.Equal(Errno.None, Files.WriteAll(file, text, 3));
            _ = Files.Close(file);
            Assert.Equal("abcdab\0\0abc", File.ReadAllText(Path.Combine(folder.Path, "file")));
            Assert.Equal(Errno.None, Files.Open(path, OpenModes.Write | OpenModes.Truncate, 0, out file));
            _ = Files.Close(file);
            Assert.Equal(0, new FileInfo(Path.Combine(folder.Path, "file")).Length);
        }
    }

    [Fact]
    public void PiecesAreWrittenInOrder()
    {
        using TempFolder folder = new();
        fixed (byte* path = folder.At("file"), text = "abcdef"u8)
        {
            IoPiece* pieces = stackalloc IoPiece[] { new() { Data = text + 3, Bytes = 3 }, new() { Data = text, Bytes = 0 }, new() { Data = text, Bytes = 2 } };
            Assert.Equal(Errno.None, Files.Open(path, OpenModes.Write | OpenModes.Create, 0x1A4, out int file));
            Assert.Equal(Errno.None, Files.WritePieces(file, pieces, 3, out nuint written));
            Assert.Equal((nuint)5, written);
            Assert.Equal(Errno.None, Files.WritePiecesAt(file, pieces, 1, 10, out written));
            Assert.Equal((nuint)3, written);
            Assert.Equal(Errno.None, Files.Seek(file, 0, SeekOrigin.Current, out long position));
            Assert.Equal(5, position);
            Assert.Equal(Errno.None, Files.Allocate(file, 10, 10));
            Files.Advise(file, 0, 0, FileAdvice.Sequential);
            Assert.Equal(Errno.None, Files.CheckOpen(file));
            _ = Files.Close(file);
            Assert.Equal("defab\0\0\0\0\0def\0\0\0\0\0\0\0", File.ReadAllText(Path.Combine(folder.Path, "file")));
            Assert.Equal(Errno.Ebadf, Files.WritePieces(100_000, pieces, 3, out _));
            Assert.Equal(Errno.Ebadf, Files.Allocate(100_000, 0, 1));
            Assert.Equal(Errno.Ebadf, Files.CheckOpen(100_000));
        }
    }

    [Fact]
    public void AFileInMemoryHasNoName()
    {
        byte* back = stackalloc byte[8];
        fixed (byte* text = "abcdef"u8)
        {
            Assert.Equal(Errno.None, Files.OpenInMemory(out int file));
            Assert.Equal(Errno.None, Files.WriteAll(file, text, 6));
            Assert.Equal(Errno.None, Files.ReadAt(file, back, 8, 2, out nuint read));
            Assert.Equal((nuint)4, read);
            Assert.Equal((byte)'c', back[0]);
            Assert.Equal(Errno.None, FileSystem.StatusOf(file, out FileStatus status));
            Assert.Equal((FileType.Regular, 0u), (status.Type, status.Links));
            Assert.Equal(Errno.None, Files.Close(file));
        }
    }

    [Fact]
    public void TheOwnerCanBeSetToWhatItIs()
    {
        using TempFolder folder = new();
        File.WriteAllText(Path.Combine(folder.Path, "file"), "");
        OsProcess.EffectiveIds(out uint user, out _);
        fixed (byte* path = folder.At("file"), missing = folder.At("missing"))
        {
            Assert.Equal(Errno.None, FileSystem.Status(path, true, out FileStatus before));
            Assert.Equal(user, before.User);
            Assert.Equal(Errno.None, FileSystem.SetOwner(path, uint.MaxValue, before.Group));
            Assert.Equal(Errno.None, FileSystem.SetOwner(path, before.User, uint.MaxValue));
            Assert.Equal(Errno.Enoent, FileSystem.SetOwner(missing, uint.MaxValue, uint.MaxValue));
        }
    }

    [Fact]
    public void ErrorsAreTold()
    {
        using TempFolder folder = new();
        File.WriteAllText(Path.Combine(folder.Path, "there"), "");
        fixed (byte* missing = folder.At("missing"), there = folder.At("there"), below = folder.At("there/x"), dir = folder.At(""))
        {
            Assert.Equal(Errno.Enoent, Files.Open(missing, OpenModes.Read, 0, out int file));
            Assert.Equal(-1, file);
            Assert.Equal(Errno.Eexist, Files.Open(there, OpenModes.Write | OpenModes.Create | OpenModes.Exclusive, 0x1A4, out _));
            Assert.Equal(Errno.Enotdir, Files.Open(below, OpenModes.Read, 0, out _));
            Assert.Equal(Errno.Enotdir, Files.Open(there, OpenModes.Read | OpenModes.Directory, 0, out _));
            Assert.Equal(Errno.Eisdir, Files.Open(dir, OpenModes.Write, 0, out _));
            Assert.Equal(Errno.None, Files.Open(dir, OpenModes.Read | OpenModes.Directory, 0, out file));
            _ = Files.Close(file);
        }
    }

    [Fact]
    public void APipeIsPolledAndRead()
    {
        Assert.Equal(Errno.None, Files.Pipe(out int readEnd, out int writeEnd));
        PollEntry entry = new() { Descriptor = readEnd, Wanted = PollEvents.Read };
        Assert.Equal(Errno.None, Files.Poll(&entry, 1, 0, out int ready));
        Assert.Equal(0, ready);
        byte b = 42, got = 0;
        Assert.Equal(Errno.None, Files.SetNonBlocking(readEnd, true));
        Assert.Equal(Errno.Eagain, Files.Read(readEnd, &got, 1, out _));
        Assert.Equal(Errno.None, Files.SetNonBlocking(readEnd, false));
        Assert.Equal(Errno.None, Files.WriteAll(writeEnd, &b, 1));
        Assert.Equal(Errno.None, Files.Poll(&entry, 1, 1000, out ready));
        Assert.Equal(1, ready);
        Assert.Equal(PollEvents.Read, entry.Ready);
        Assert.Equal(Errno.None, Files.Read(readEnd, &got, 1, out _));
        Assert.Equal(42, got);
        _ = Files.Close(writeEnd);
        Assert.Equal(Errno.None, Files.Read(readEnd, &got, 1, out nuint read));
        Assert.Equal((nuint)0, read);
        Assert.Equal(Errno.None, Files.Poll(&entry, 1, 0, out _));
        Assert.Equal(PollEvents.HangUp, entry.Ready);
        Assert.False(Files.IsTerminal(readEnd));
        Assert.False(Files.TerminalSize(readEnd, out _, out _));
        Assert.Equal(Errno.Espipe, Files.Seek(readEnd, 0, SeekOrigin.Current, out _));
        _ = Files.Close(readEnd);
    }

    [Fact]
    public void DirectoriesAreListed()
    {
        using TempFolder folder = new();
        SortedDictionary<string, FileType> expected = new() { ["sub"] = FileType.Directory, ["link"] = FileType.SymbolicLink, ["..x"] = FileType.Regular };
        fixed (byte* sub = folder.At("sub"), link = folder.At("link"), target = "sub\0"u8, odd = folder.At("..x"), dir = folder.At(""))
        {
            Assert.Equal(Errno.None, FileSystem.MakeDirectory(sub, 0x1FF));
            Assert.Equal(Errno.Eexist, FileSystem.MakeDirectory(sub, 0x1FF));
            Assert.Equal(Errno.None, FileSystem.MakeSymbolicLink(target, link));
            Assert.Equal(Errno.None, Files.Open(odd, OpenModes.Write | OpenModes.Create, 0x1A4, out int file));
            _ = Files.Close(file);
            for (int i = 0; i < 500; i++)
            {
                string name = $"file-{i}";
                File.WriteAllText(Path.Combine(folder.Path, name), "");
                expected[name] = FileType.Regular;
            }

            SortedDictionary<string, FileType> seen = [];
            Assert.Equal(Errno.None, FileSystem.OpenDirectory(dir, out DirectoryListing listing));
            while (FileSystem.NextEntry(listing, out byte* name, out nuint length, out FileType type, out Errno error))
            {
                Assert.Equal(Errno.None, error);
                seen.Add(Encoding.UTF8.GetString(name, (int)length), type);
            }

            FileSystem.CloseDirectory(listing);
            Assert.Equal(expected, seen);
            Assert.Equal(Errno.Enotdir, FileSystem.OpenDirectory(odd, out _));

            Assert.True(FileSystem.IsDirectory(link) && FileSystem.IsDirectory(sub) && !FileSystem.IsDirectory(odd));
            Assert.True(FileSystem.IsRegular(odd) && !FileSystem.IsRegular(sub));
            byte* text = stackalloc byte[16];
            Assert.Equal(Errno.None, FileSystem.ReadLink(link, text, 16, out nuint n));
            Assert.Equal("sub", Encoding.UTF8.GetString(text, (int)n));
            Assert.Equal(Errno.Einval, FileSystem.ReadLink(odd, text, 16, out _));
        }
    }

    [Fact]
    public void FilesAreMovedLinkedAndDeleted()
    {
        using TempFolder folder = new();
        File.WriteAllText(Path.Combine(folder.Path, "a"), "12345");
        fixed (byte* a = folder.At("a"), b = folder.At("b"), c = folder.At("c"), dir = folder.At("d"))
        {
            Assert.Equal(Errno.None, FileSystem.Rename(a, b));
            Assert.False(FileSystem.Exists(a));
            Assert.True(FileSystem.Exists(b));
            Assert.Equal(Errno.None, FileSystem.MakeHardLink(b, c));
            Assert.Equal(Errno.None, FileSystem.SetPermissions(c, 0x180));
            Assert.Equal(Errno.None, FileSystem.SetTimes(c, 1000, -2000));
            Assert.Equal(Errno.None, FileSystem.Status(b, true, out FileStatus status));
            Assert.Equal((FileType.Regular, 5L, 2u, 0x8180u), (status.Type, status.Size, status.Links, status.Mode));
            Assert.Equal((1000L, -2000L), (status.AccessTime, status.ModificationTime));
            Assert.NotEqual(0ul, status.Inode);
            Assert.NotEqual(0ul, status.Device);
            Assert.Equal(Errno.None, FileSystem.Delete(b));
            Assert.Equal(Errno.Enoent, FileSystem.Delete(b));
            Assert.Equal(Errno.None, FileSystem.MakeDirectory(dir, 0x1FF));
            Assert.Equal(Errno.Eisdir, FileSystem.Delete(dir));
            Assert.Equal(Errno.None, FileSystem.RemoveDirectory(dir));
        }
    }

    [Fact]
    public void DevicesAreTold()
    {
        fixed (byte* path = "/dev/null\0"u8)
        {
            Assert.Equal(Errno.None, FileSystem.Status(path, true, out FileStatus status));
            Assert.Equal((FileType.Device, 0x103ul), (status.Type, status.SpecialDevice));
        }
    }

    [Fact]
    public void TheWorkingDirectoryIsTold()
    {
        byte* text = stackalloc byte[4096];
        Assert.Equal(Errno.None, FileSystem.WorkingDirectory(text, 4096));
        Assert.Equal(Directory.GetCurrentDirectory(), Marshal.PtrToStringUTF8((nint)text));
        Assert.Equal(Errno.Erange, FileSystem.WorkingDirectory(text, 1));
    }

    [Fact]
    public void EveryErrorHasItsAtom()
    {
        foreach (Errno error in Enum.GetValues<Errno>())
        {
            string expected = error == Errno.None ? "unknown" : error.ToString().ToLowerInvariant();
            Assert.Equal(expected, Encoding.UTF8.GetString(ErrnoNames.Atom(error)));
        }

        Assert.Equal("enoent", Encoding.UTF8.GetString(ErrnoNames.Atom((Errno)2)));
        Assert.Equal("enotsup", Encoding.UTF8.GetString(ErrnoNames.Atom((Errno)95)));
        Assert.Equal("unknown", Encoding.UTF8.GetString(ErrnoNames.Atom((Errno)4711)));
    }
}
