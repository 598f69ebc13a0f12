// mybeam fixturetest DIR… [--only MODULE] [-pa DIR]… [--gc-stress] [--check-memory] [--quiet]: runs tests/0 of every module of DIR that has a .expected file
// (recorded on real OTP by tests/fixtures/record.erl), each in a VM of its own, and compares the values byte for byte in the external term format.
// For tests/run-fixtures; not listed in --help: it is a tool of the project's own tests.
namespace MyBeam.Cli;

using System;
using MyBeam.Memory;
using MyBeam.Platform;
using MyBeam.Vm;

/// <summary>The command `fixturetest`.</summary>
public static unsafe class FixtureTestCommand
{
    private const int MaxFolders = 16, MaxPath = 4096;

    private struct State
    {
        public byte* Archive;
        public nuint ArchiveBytes;
        public byte* Folder;
        public byte* Only;
        public byte** Path;
        public int PathCount;
        public bool Stress, Verify, Quiet;
        public long Passed, Failed;
    }

    /// <summary>Runs it: 0 when every value is as recorded (and, with --check-memory, no memory is left), 1 otherwise, 2 for a wrong command line.</summary>
    public static int Run(byte** arguments, int count, byte* archive, nuint archiveBytes)
    {
        State s = default;
        s.Archive = archive;
        s.ArchiveBytes = archiveBytes;
        byte** folders = stackalloc byte*[MaxFolders];
        byte** path = stackalloc byte*[MaxFolders];
        s.Path = path;
        int folderCount = 0;
        bool check = false;
        for (int i = 0; i < count; i++)
        {
            byte* a = arguments[i];
            if (Program.Is(a, "--gc-stress"u8)) s.Stress = true;
            else if (Program.Is(a, "--check-memory"u8)) check = true;
            else if (Program.Is(a, "--verify-heap"u8)) s.Verify = true;
            else if (Program.Is(a, "--quiet"u8)) s.Quiet = true;
            else if (Program.Is(a, "--only"u8) && i + 1 < count) s.Only = arguments[++i];
            else if (Program.Is(a, "-pa"u8) && i + 1 < count && s.PathCount < MaxFolders) path[s.PathCount++] = arguments[++i];
            else if (a[0] != '-' && folderCount < MaxFolders) folders[folderCount++] = a;
            else
            {
                folderCount = 0;
                break;
            }
        }
        if (folderCount == 0)
        {
            Output e = new(Files.StandardError);
            e.Line("usage: mybeam fixturetest DIR... [--only MODULE] [-pa DIR]... [--gc-stress] [--check-memory] [--quiet]"u8);
            e.Flush();
            return Program.Usage;
        }
        for (int i = 0; i < folderCount; i++) Folder(folders[i], &s);
        if (check && !RunCommand.MemoryIsClean()) s.Failed++;
        Output o = new(Files.StandardOutput);
        Summary(&o, s.Passed, s.Failed);
        o.Flush();
        return s.Failed == 0 ? 0 : 1;
    }

    private static void Summary(Output* o, long passed, long failed)
    {
        o->Number(passed);
        o->Text(" passed, "u8);
        o->Number(failed);
        o->Line(" failed"u8);
    }

    // The modules in the order of their names: a folder lists them as it likes.
    private static void Folder(byte* folder, State* s)
    {
        if (FileSystem.OpenDirectory(folder, out DirectoryListing listing) != Errno.None)
        {
            Output e = new(Files.StandardError);
            e.ZeroTerminated(folder);
            e.Line(": cannot be read"u8);
            e.Flush();
            s->Failed++;
            return;
        }
        NativeList<nint> names = default;
        while (FileSystem.NextEntry(listing, out byte* name, out nuint length, out FileType _, out Errno _))
        {
            ReadOnlySpan<byte> text = new(name, (int)length);
            if (!text.EndsWith(".expected"u8)) continue;
            int n = (int)length - ".expected"u8.Length;
            if (n > 255 || (s->Only != null && !Program.Is(s->Only, text[..n]))) continue;
            byte* copy = (byte*)Allocator.Alloc(256, Owner.Temporary);
            for (int i = 0; i < n; i++) copy[i] = name[i];
            copy[n] = 0;
            names.Add((nint)copy, Owner.Temporary);
            for (int i = names.Count - 1; i > 0 && Before((byte*)names[i], (byte*)names[i - 1]); i--) (names[i], names[i - 1]) = (names[i - 1], names[i]);
        }
        FileSystem.CloseDirectory(listing);
        s->Folder = folder;
        for (int i = 0; i < names.Count; i++)
        {
            Module((byte*)names[i], s);
            Allocator.Free((void*)names[i], 256, Owner.Temporary);
        }
        names.Free(Owner.Temporary);
    }

    private static bool Before(byte* a, byte* b)
    {
        while (*a != 0 && *a == *b)
        {
            a++;
            b++;
        }
        return *a < *b;
    }

    private static void Module(byte* name, State* s)
    {
        long passed = 0, failed = 0;
        byte* path = stackalloc byte[MaxPath];
        if (!FilePath(path, s->Folder, name, ".expected"u8)) return;
        byte* expected = ModuleFinder.ReadFile(path, out long size, out Errno _);
        if (expected == null) return;
        Machine* m = Machine.Create();
        m->Finder.Archive = s->Archive;
        m->Finder.ArchiveBytes = s->ArchiveBytes;
        if (s->Stress) m->HeapShared.GcStress = 1;
        if (s->Verify) m->VerifyHeaps = 1;
        ModuleFinder.AddFolder(m, s->Folder);
        for (int i = 0; i < s->PathCount; i++) ModuleFinder.AddFolder(m, s->Path[i]);
        Term list = Term.None;
        Process* p = ProcessState.Create(m);
        p->GroupLeader = IoServer.Start(m);
        FilePath(path, s->Folder, name, ".beam"u8);
        if (Evaluate(m, p, path)) list = *(Term*)m->Context->X;
        byte* at = expected, end = expected + size;
        while (at < end)
        {
            Term test = Term.None;
            if (list.IsCons)
            {
                test = list.Head;
                list = list.Tail;
            }
            if (Compare(m, p, name, test, ref at, end, s->Quiet)) passed++;
            else failed++;
        }
        IoServer.Flush(m);
        Allocator.Free(expected, (nuint)size, Owner.Loader);
        ProcessState.Free(p);
        IoServer.Stop(m);
        Machine.Destroy(m);
        Output o = new(Files.StandardOutput);
        if (!s->Quiet || failed != 0)
        {
            o.ZeroTerminated(s->Folder);
            o.Byte((byte)'/');
            o.ZeroTerminated(name);
            o.Text(": "u8);
            Summary(&o, passed, failed);
        }
        o.Flush();
        s->Passed += passed;
        s->Failed += failed;
    }

    private static bool FilePath(byte* path, byte* folder, byte* name, ReadOnlySpan<byte> ending)
    {
        int n = 0;
        for (; *folder != 0; folder++)
        {
            if (n > MaxPath - 300) return false;
            path[n++] = *folder;
        }
        path[n++] = (byte)'/';
        for (; *name != 0; name++) path[n++] = *name;
        for (int i = 0; i < ending.Length; i++) path[n++] = ending[i];
        path[n] = 0;
        return true;
    }

    // Loads the module and runs its tests/0; false after a report of what went wrong.
    private static bool Evaluate(Machine* m, Process* p, byte* path)
    {
        LoadError error = default;
        byte* bytes = ModuleFinder.ReadFile(path, out long size, out Errno _);
        LoadedModule* module = bytes == null ? null : ModuleLoader.Load(m, bytes, size, Term.None, &error);
        Allocator.Free(bytes, (nuint)size, Owner.Loader);
        Export* tests = module == null ? null : ExportTable.Find(m, module->Name, AtomTable.Intern("tests"u8), 0);
        if (tests == null)
        {
            Output e = new(Files.StandardOutput);
            e.ZeroTerminated(path);
            e.Text(": "u8);
            e.Line(bytes == null ? "cannot be read"u8 : module == null ? LoadError.Message(&error) : "has no tests/0"u8);
            e.Flush();
            return false;
        }
        if (module->OnLoadWord >= 0) m->PendingOnLoad = module;
        ProcessState.SetCall(p, tests, (Term*)m->Context->X, 0);
        long stop = ProcessState.Run(m, p);
        if (stop == StopReason.Finished) return true;
        Output o = new(Files.StandardOutput);
        o.ZeroTerminated(path);
        o.Line(m->Halting != 0 ? ": halted"u8 : stop == StopReason.Waiting ? ": tests/0 waits for a message that nobody can send"u8 : ": tests/0 failed (see stderr)"u8);
        o.Flush();
        if (stop != StopReason.Waiting && m->Halting == 0) RunReport.Uncaught(m, p);
        return false;
    }

    // One line of the .expected file: name TAB base64 TAB text.
    private static bool Compare(Machine* m, Process* p, byte* module, Term test, ref byte* at, byte* end, bool quiet)
    {
        byte* name = at;
        while (at < end && *at != '\t') at++;
        int nameBytes = (int)(at - name);
        byte* code = ++at;
        while (at < end && *at != '\t') at++;
        int codeBytes = (int)(at - code);
        byte* text = ++at;
        while (at < end && *at != '\n') at++;
        int textBytes = (int)(at - text);
        at++;
        Term value = Term.None;
        if (test.IsTupleOf(2) && test.TupleElements[0] == AtomTable.Intern(new ReadOnlySpan<byte>(name, nameBytes))) value = test.TupleElements[1];
        if (!value.IsNone && SameBytes(m, p, value, code, codeBytes)) return true;
        if (quiet && value.IsNone) return false;
        Output o = new(Files.StandardOutput);
        o.ZeroTerminated(module);
        o.Text(" "u8);
        o.Text(name, nameBytes);
        o.Line(":"u8);
        o.Text("  expected "u8);
        o.Text(text, textBytes);
        o.Line();
        o.Text("  got      "u8);
        if (value.IsNone) o.Text("nothing"u8);
        else RunReport.Print(&o, value);
        o.Line();
        o.Flush();
        return false;
    }

    private static bool SameBytes(Machine* m, Process* p, Term value, byte* code, int codeBytes)
    {
        Export* encode = ExportTable.Find(m, Am.Erlang, AtomTable.Intern("term_to_binary"u8), 2);
        Term* arguments = stackalloc Term[2];
        arguments[0] = value;
        arguments[1] = Process.Cons(p, Am.Deterministic, Term.Nil);
        Term binary = encode->Native(p, arguments);
        if (binary.IsNone) return false;
        Bitstring.Open(binary, out byte* data, out ulong _, out ulong bits);
        ulong collected = 0, made = 0;
        int have = 0;
        for (int i = 0; i < codeBytes && code[i] != '='; i++)
        {
            collected = (collected << 6) | Digit(code[i]);
            have += 6;
            if (have < 8) continue;
            have -= 8;
            if (made >= bits / 8 || data[made++] != (byte)(collected >> have)) return false;
        }
        return made == bits / 8;
    }

    private static uint Digit(byte c) =>
        c is >= (byte)'A' and <= (byte)'Z' ? (uint)c - 'A' : c is >= (byte)'a' and <= (byte)'z' ? (uint)c - 'a' + 26 : c is >= (byte)'0' and <= (byte)'9' ? (uint)c - '0' + 52 : c == '+' ? 62u : 63u;
}
