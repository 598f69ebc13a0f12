// The archive as a folder: names, folders, contents, modules; and bytes that are no archive, or a damaged one.
using System.Text;
using MyBeam.Memory;
using MyBeam.Platform;

namespace MyBeam.Vm.Tests;

public sealed unsafe class ArchiveFilesTests : IDisposable
{
    // What scripts/archive makes of these files, with frames that hold their bytes unpacked and no dictionary.
    private static readonly (string Path, string Text)[] Small =
    [
        ("bin/start.boot", "boot"),
        ("lib/a-1/ebin/one.beam", "the first one"),
        ("lib/a-1/ebin/two.beam", "two"),
        ("lib/a-1/ebin/empty.app", ""),
        ("lib/b-2/ebin/one.beam", "the second one"),
        ("lib/b-2/ebin/onety.beam", "onety"),
    ];

    private readonly HostedMachine vm = new();
    private byte* pages;
    private nuint mapped;

    public void Dispose()
    {
        vm.Dispose();
        if (pages != null) OsMemory.Unmap(pages, mapped);
    }

    [Fact]
    public void Names_are_taken_apart_as_Linux_does()
    {
        Use(Make(Small));
        foreach (string path in new[]
        {
            "/mybeam-otp", "/mybeam-otp/", "//mybeam-otp//", "/./mybeam-otp/.", "/../mybeam-otp", "/mybeam-otp/lib/..", "/mybeam-otp/lib/a-1/../../bin/..",
            "/mybeam-otp/../mybeam-otp",
        })
            Assert.Equal("folder 2", Look(path));
        Assert.Equal("file 13", Look("/mybeam-otp/lib/a-1/ebin/one.beam"));
        Assert.Equal("file 13", Look("/mybeam-otp/./lib//b-2/../a-1/ebin/./one.beam"));
        Assert.Equal("file 0", Look("/mybeam-otp/lib/a-1/ebin/empty.app"));
        Assert.Equal("folder 2", Look("/mybeam-otp/lib/b-2/ebin"));
        foreach (string path in new[] { "/mybeam-otp/lib/c-3", "/mybeam-otp/lib/a-1/ebin/one", "/mybeam-otp/nothing/../lib", "/mybeam-otp/lib/a-1/ebin/one.beam2" })
            Assert.Equal("Enoent", Look(path));
        foreach (string path in new[] { "/mybeam-otp/bin/start.boot/", "/mybeam-otp/bin/start.boot/x", "/mybeam-otp/bin/start.boot/..", "/mybeam-otp/bin/start.boot/." })
            Assert.Equal("Enotdir", Look(path));
        foreach (string path in new[] { "", "/", "/mybeam", "/mybeam-otp2", "mybeam-otp", "/tmp/../mybeam-otp/lib", "/mybeam-otp/..", "/mybeam-otp/lib/../../tmp", "/lib/mybeam-otp" })
            Assert.Equal("elsewhere", Look(path));
    }

    [Fact]
    public void Folders_are_listed_in_order()
    {
        Use(Make(Small));
        Assert.Equal("bin lib", List("/mybeam-otp"));
        Assert.Equal("empty.app one.beam two.beam", List("/mybeam-otp/lib/a-1/ebin"));
        Assert.Equal("Enotdir", List("/mybeam-otp/bin/start.boot"));
        Assert.Equal("Enoent", List("/mybeam-otp/share"));
    }

    [Fact]
    public void Files_are_read()
    {
        Use(Make(Small));
        foreach ((string path, string text) in Small) Assert.Equal(text, Read("/mybeam-otp/" + path));
        Assert.Equal("Eisdir", Read("/mybeam-otp/lib"));
    }

    [Fact]
    public void Modules_are_found_by_name_the_first_application_wins()
    {
        Use(Make(Small));
        Assert.Equal("the first one", Module("one"));
        Assert.Equal("onety", Module("onety"));
        foreach (string name in new[] { "on", "onet", "empty", "start", "", "zzz" }) Assert.Null(Module(name));
    }

    [Fact]
    public void Without_an_archive_the_folder_is_an_ordinary_one()
    {
        Assert.Equal("elsewhere", Look("/mybeam-otp"));
        Assert.Equal("Enoent", List("/mybeam-otp"));
        Assert.Null(Module("lists"));
    }

    [Fact]
    public void Cut_archives_are_refused()
    {
        byte[] good = Make(Small);
        for (int n = 0; n < good.Length; n++)
        {
            Use(good[..n]);
            Assert.Equal("elsewhere", Look("/mybeam-otp"));
        }
    }

    // Nothing but the archive's own bytes may be read: behind them is a page that cannot be.
    [Fact]
    public void Damaged_archives_never_do_harm()
    {
        byte[] good = Make(Small);
        byte[] values = [0, 1, 0x7F, 0x80, 0xFF];
        for (int i = 0; i < good.Length; i++)
        {
            foreach (byte value in values) Harmless(good, i, value);
        }
        Random random = new(29);
        for (int round = 0; round < 3000; round++)
        {
            byte[] bad = [.. good];
            for (int k = random.Next(1, 5); k > 0; k--) BitConverter.TryWriteBytes(bad.AsSpan(random.Next(0, bad.Length / 4 - 1) * 4), random.Next(4) switch
            {
                0 => random.Next(), 1 => -random.Next(1, 64), 2 => random.Next(0, 40), _ => bad.Length - random.Next(0, 40),
            });
            Touch(bad);
        }
    }

    [Fact]
    public void The_executables_archive_holds_what_it_says()
    {
        if (!File.Exists(Path.Combine(TestSupport.Artifacts, "otp.archive"))) return;
        OtpLibrary.AddTo(vm.Machine);
        Finder(out byte* data, out nuint bytes);
        Assert.True(ModuleArchive.Open(data, bytes, out ModuleArchive archive));
        Assert.True(archive.Modules > 500);
        ModuleArchive.Unpacking kept = default;
        byte* digest = stackalloc byte[Md5State.DigestSize];
        for (uint i = 0; i < archive.Entries; i++)
        {
            Assert.True(archive.Get(i, out ModuleArchive.Entry e));
            byte[] room = GC.AllocateUninitializedArray<byte>((int)e.Bytes + 1, pinned: true);
            fixed (byte* buffer = room)
            {
                Assert.Equal(!e.IsFolder, archive.Unpack(e, buffer, &kept));
                string name = Encoding.UTF8.GetString(e.Name, e.NameBytes);
                Assert.Equal(name.EndsWith(".beam", StringComparison.Ordinal), e.Digest != null);
                if (e.Digest == null) continue;
                BeamFile file;
                LoadError error = default;
                Assert.True(BeamFile.Open(buffer, e.Bytes, &file, &error), name);
                ModuleMd5.Compute(&file, digest);
                Assert.True(new Span<byte>(digest, Md5State.DigestSize).SequenceEqual(new Span<byte>(e.Digest, Md5State.DigestSize)), name);
            }
        }
        ModuleArchive.Free(&kept);
        Assert.Equal("{application,", Read("/mybeam-otp/" + First("lib", "stdlib-") + "/ebin/stdlib.app").Split('\n').First(l => l.StartsWith('{')).Replace(" ", "")[..13]);
        Assert.StartsWith("FOR1", Module("lists"));
        Assert.Null(Module("no_such_module"));
    }

    private string First(string folder, string start) => folder + "/" + List("/mybeam-otp/" + folder).Split(' ').First(n => n.StartsWith(start, StringComparison.Ordinal));

    private void Harmless(byte[] good, int at, byte value)
    {
        byte[] bad = [.. good];
        bad[at] = value;
        Touch(bad);
    }

    // Everything that an archive is asked for.
    private void Touch(byte[] archive)
    {
        Use(archive);
        foreach ((string path, _) in Small)
        {
            Read("/mybeam-otp/" + path);
            List("/mybeam-otp/" + Path.GetDirectoryName(path));
        }
        Look("/mybeam-otp/lib/a-1/ebin/../../b-2/../../bin");
        Module("one");
        Module("zzz");
    }

    private void Finder(out byte* data, out nuint bytes)
    {
        data = vm.Machine->Finder.Archive;
        bytes = vm.Machine->Finder.ArchiveBytes;
    }

    // Gives the VM these bytes, at the very end of what can be read.
    private void Use(byte[] archive)
    {
        nuint room = OsMemory.RoundUpToPages((nuint)archive.Length + 1);
        if (pages == null)
        {
            mapped = room + OsMemory.PageSize;
            pages = (byte*)OsMemory.Reserve(mapped);
            Assert.True(OsMemory.Commit(pages, room));
        }
        ModuleArchive.Free(&vm.Machine->Finder.Unpacking);
        byte* at = pages + mapped - OsMemory.PageSize - archive.Length;
        archive.CopyTo(new Span<byte>(at, archive.Length));
        vm.Machine->Finder.Archive = at;
        vm.Machine->Finder.ArchiveBytes = (nuint)archive.Length;
    }

    private string Look(string path)
    {
        fixed (byte* p = Encoding.UTF8.GetBytes(path + "\0"))
        {
            if (!ArchiveFiles.Handles(vm.Machine, p)) return "elsewhere";
            if (!ArchiveFiles.Find(vm.Machine, p, out ArchiveEntry entry)) return entry.Error.ToString();
            return entry.IsFolder ? $"folder {entry.Names}" : $"file {entry.Bytes}";
        }
    }

    private string Read(string path)
    {
        fixed (byte* p = Encoding.UTF8.GetBytes(path + "\0"))
        {
            if (!ArchiveFiles.Find(vm.Machine, p, out ArchiveEntry entry)) return entry.Error.ToString();
            byte* buffer = (byte*)Allocator.Alloc((nuint)entry.Bytes, Owner.Temporary);
            Errno error = ArchiveFiles.Read(vm.Machine, &entry, buffer);
            string text = error != Errno.None ? error.ToString() : Encoding.Latin1.GetString(buffer, (int)entry.Bytes);
            Allocator.Free(buffer, (nuint)entry.Bytes, Owner.Temporary);
            return text;
        }
    }

    private string List(string path)
    {
        StringBuilder names = new();
        System.Runtime.InteropServices.GCHandle handle = System.Runtime.InteropServices.GCHandle.Alloc(names);
        Errno error;
        fixed (byte* p = Encoding.UTF8.GetBytes(path + "\0")) error = ArchiveFiles.List(vm.Machine, p, &Each, (void*)(nint)handle);
        handle.Free();
        return error == Errno.None ? names.ToString().TrimEnd() : error.ToString();
    }

    private static void Each(void* data, byte* name, int bytes)
    {
        StringBuilder names = (StringBuilder)System.Runtime.InteropServices.GCHandle.FromIntPtr((nint)data).Target!;
        names.Append(Encoding.UTF8.GetString(name, bytes)).Append(' ');
    }

    private string? Module(string name)
    {
        byte* bytes = ModuleFinder.ReadArchive(vm.Machine, HostedMachine.Atom(name), out long size, out _);
        if (bytes == null) return null;
        string text = Encoding.Latin1.GetString(bytes, (int)size);
        Allocator.Free(bytes, (nuint)size, Owner.Loader);
        return text;
    }

    // A frame with one block that is not packed (RFC 8878, 3.1.1): the magic number, one segment with its size in a byte, the last block.
    private static byte[] Frame(byte[] content) =>
        [0x28, 0xB5, 0x2F, 0xFD, 0x20, (byte)content.Length, (byte)((content.Length << 3) | 1), (byte)(content.Length >> 5), 0, .. content];

    private static byte[] Make((string Path, string Text)[] files)
    {
        List<(string Path, int Parent)> entries = [("", 0)];
        Dictionary<string, (int First, int Count)> folders = [];
        for (int i = 0; i < entries.Count; i++)
        {
            string prefix = entries[i].Path.Length == 0 ? "" : entries[i].Path + "/";
            int parent = i;
            (string Path, int Parent)[] children = [.. files.Where(f => f.Path.StartsWith(prefix, StringComparison.Ordinal)).Select(f => f.Path[prefix.Length..].Split('/')[0])
                .Distinct().Order(StringComparer.Ordinal).Select(n => (prefix + n, parent))];
            if (files.Any(f => f.Path == entries[i].Path)) continue;
            folders[entries[i].Path] = (entries.Count, children.Length);
            entries.AddRange(children);
        }
        string[] modules = [.. files.Select(f => f.Path).Where(p => p.EndsWith(".beam", StringComparison.Ordinal)).GroupBy(p => Path.GetFileNameWithoutExtension(p))
            .OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => g.First())];
        int modulesAt = 40 + (24 * entries.Count), namesAt = modulesAt + (4 * modules.Length);
        List<byte> table = [], names = [], data = [];
        int dataAt = namesAt + entries.Sum(e => Path.GetFileName(e.Path).Length);
        foreach ((string path, int parent) in entries)
        {
            byte[] name = Encoding.UTF8.GetBytes(Path.GetFileName(path));
            bool folder = folders.TryGetValue(path, out (int First, int Count) children);
            byte[] content = folder ? [] : Encoding.UTF8.GetBytes(files.First(f => f.Path == path).Text);
            byte[] frame = folder ? [] : Frame(content);
            foreach (int word in folder ? [namesAt + names.Count, name.Length | 0x10000, parent, children.First, children.Count, 0]
                : new[] { namesAt + names.Count, name.Length, parent, dataAt + data.Count, frame.Length, content.Length })
                table.AddRange(BitConverter.GetBytes(word));
            names.AddRange(name);
            data.AddRange(frame);
        }
        foreach (string module in modules) table.AddRange(BitConverter.GetBytes(entries.FindIndex(e => e.Path == module)));
        List<byte> all = [.. "MBAR"u8];
        foreach (int word in new[] { 3, dataAt + data.Count, entries.Count, modules.Length, 40, modulesAt, dataAt, 0, 0 }) all.AddRange(BitConverter.GetBytes(word));
        return [.. all, .. table, .. names, .. data];
    }
}
