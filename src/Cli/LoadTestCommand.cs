// mybeam loadtest [--run] FILE|DIR…: loads every .beam file into a VM of its own or a shared one and counts. For tests: which modules load, and (scripts/fuzz)
// that damaged ones are refused with one line. Not listed in --help: it is a tool of the project's own tests.
namespace MyBeam.Cli;

using System;
using MyBeam.Memory;
using MyBeam.Platform;
using MyBeam.Vm;

/// <summary>The command `loadtest`.</summary>
public static unsafe class LoadTestCommand
{
    private struct State
    {
        public long Loaded, Refused;
        public bool Quiet;
        public Machine* Machine;
    }

    /// <summary>Runs it: 0 when every file loaded.</summary>
    public static int Run(byte** arguments, int count)
    {
        State s = default;
        s.Machine = Machine.Create();
        for (int i = 0; i < count; i++)
        {
            if (Program.Is(arguments[i], "--quiet"u8)) { s.Quiet = true; continue; }
            Path(arguments[i], &s, 0);
        }
        Machine.Destroy(s.Machine);
        Output o = new(Files.StandardOutput);
        o.Number(s.Loaded);
        o.Text(" loaded, "u8);
        o.Number(s.Refused);
        o.Line(" refused"u8);
        return o.End(s.Refused == 0 ? 0 : 1);
    }

    private static void Path(byte* path, State* s, int depth)
    {
        if (FileSystem.IsDirectory(path)) { Folder(path, s, depth); return; }
        byte* bytes = ModuleFinder.ReadFile(path, out long size, out Errno _);
        if (bytes == null) return;
        LoadError error = default;
        LoadedModule* module = ModuleLoader.Load(s->Machine, bytes, size, Term.None, &error);
        Allocator.Free(bytes, (nuint)size, Owner.Loader);
        if (module != null) { s->Loaded++; return; }
        s->Refused++;
        if (s->Quiet) return;
        Output o = new(Files.StandardError);
        o.ZeroTerminated(path);
        o.Text(": "u8);
        o.Line(LoadError.Message(&error));
        o.Flush();
    }

    private static void Folder(byte* path, State* s, int depth)
    {
        if (depth > 16 || FileSystem.OpenDirectory(path, out DirectoryListing listing) != Errno.None) return;
        int n = 0;
        while (path[n] != 0) n++;
        while (FileSystem.NextEntry(listing, out byte* name, out nuint length, out FileType type, out Errno _))
        {
            if (n + (int)length + 2 > 4096) continue;
            Entry(path, n, name, (int)length, type, s, depth);
        }
        FileSystem.CloseDirectory(listing);
    }

    private static void Entry(byte* folder, int n, byte* name, int length, FileType type, State* s, int depth)
    {
        bool beam = length > 5 && new ReadOnlySpan<byte>(name + length - 5, 5).SequenceEqual(".beam"u8);
        if (!beam && type == FileType.Regular) return;
        if (name[0] == '.') return;
        byte* path = stackalloc byte[4097];
        for (int i = 0; i < n; i++) path[i] = folder[i];
        path[n] = (byte)'/';
        for (int i = 0; i < length; i++) path[n + 1 + i] = name[i];
        path[n + 1 + length] = 0;
        if (beam || FileSystem.IsDirectory(path)) Path(path, s, depth + 1);
    }
}
