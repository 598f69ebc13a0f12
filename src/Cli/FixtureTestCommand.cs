// mybeam fixturetest DIR… [--only MODULE] [-pa DIR]… [--gc-stress] [--check-memory] [--quiet]: runs tests/0 of every module of DIR that has a .expected file
// (recorded on real OTP by tests/fixtures/record.erl), each in a VM of its own, and compares the values byte for byte in the external term format. Lines in a
// .otp29 file beside it count instead of those of the same name: what an older compiler's module gives on OTP 29.
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
            // A collection at every allocation of long lists takes hours.
            if (s->Stress && text.StartsWith("f_large_"u8)) continue;
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
        FilePath(path, s->Folder, name, ".otp29"u8);
        byte* newer = ModuleFinder.ReadFile(path, out long newerSize, out Errno _);
        Machine* m = Machine.Create();
        m->Finder.Archive = s->Archive;
        m->Finder.ArchiveBytes = s->ArchiveBytes;
        if (s->Stress) Slices.Stress(m);
        if (s->Verify) m->VerifyHeaps = 1;
        ModuleFinder.AddFolder(m, s->Folder);
        for (int i = 0; i < s->PathCount; i++) ModuleFinder.AddFolder(m, s->Path[i]);
        Term list = Term.None;
        Process* p = ProcessState.Create(m);
        p->GroupLeader = IoServer.Start(m);
        BareModeSystem.Start(m);
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
            Line line = Line.Next(ref at, end);
            for (byte* other = newer; newer != null && other < newer + newerSize;)
            {
                Line l = Line.Next(ref other, newer + newerSize);
                if (l.NameText.SequenceEqual(line.NameText)) line = l;
            }
            if (Compare(m, p, name, test, line, s->Quiet)) passed++;
            else failed++;
        }
        IoServer.Flush(m);
        Allocator.Free(expected, (nuint)size, Owner.Loader);
        Allocator.Free(newer, (nuint)newerSize, Owner.Loader);
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
        if (!OnLoad.Run(m, module)) return false;
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
    private struct Line
    {
        public byte* Name, Code, Text;
        public int NameBytes, CodeBytes, TextBytes;

        public readonly ReadOnlySpan<byte> NameText => new(Name, NameBytes);

        public static Line Next(ref byte* at, byte* end)
        {
            Line l;
            l.Name = at;
            l.NameBytes = Field(ref at, end, (byte)'\t');
            l.Code = at;
            l.CodeBytes = Field(ref at, end, (byte)'\t');
            l.Text = at;
            l.TextBytes = Field(ref at, end, (byte)'\n');
            return l;
        }

        private static int Field(ref byte* at, byte* end, byte until)
        {
            byte* start = at;
            while (at < end && *at != until) at++;
            int bytes = (int)(at - start);
            if (at < end) at++;
            return bytes;
        }
    }

    private static bool Compare(Machine* m, Process* p, byte* module, Term test, in Line line, bool quiet)
    {
        Term value = Term.None;
        if (test.IsTupleOf(2) && test.TupleElements[0] == AtomTable.Intern(line.NameText)) value = test.TupleElements[1];
        if (!value.IsNone && SameBytes(m, p, value, line.Code, line.CodeBytes)) return true;
        if (quiet && value.IsNone) return false;
        Output o = new(Files.StandardOutput);
        o.ZeroTerminated(module);
        o.Text(" "u8);
        o.Text(line.NameText);
        o.Line(":"u8);
        o.Text("  expected "u8);
        o.Text(line.Text, line.TextBytes);
        o.Line();
        o.Text("  got      "u8);
        if (value.IsNone) o.Text("nothing"u8);
        else RunReport.Print(&o, value);
        o.Line();
        o.Flush();
        return false;
    }

    // The recorded bytes are decoded and encoded again before the comparison: OTP 25 wrote atoms in another way.
    private static bool SameBytes(Machine* m, Process* p, Term value, byte* code, int codeBytes)
    {
        byte* recorded = (byte*)Allocator.Alloc((nuint)codeBytes, Owner.Temporary);
        ulong collected = 0;
        int have = 0, made = 0;
        for (int i = 0; i < codeBytes && code[i] != '='; i++)
        {
            collected = (collected << 6) | Digit(code[i]);
            have += 6;
            if (have < 8) continue;
            have -= 8;
            recorded[made++] = (byte)(collected >> have);
        }
        Term binary = Binaries.FromBytes(p, recorded, made);
        Allocator.Free(recorded, (nuint)codeBytes, Owner.Temporary);
        Term expected = Slices.Call(p, ExportTable.Find(m, Am.Erlang, AtomTable.Intern("binary_to_term"u8), 1), &binary);
        if (expected.IsNone) return false;
        Term ours = Encode(m, p, value), theirs = Encode(m, p, expected);
        if (ours.IsNone || theirs.IsNone) return false;
        Bitstring.Open(ours, out byte* ourData, out ulong _, out ulong ourBits);
        Bitstring.Open(theirs, out byte* theirData, out ulong _, out ulong theirBits);
        return ourBits == theirBits && Bitstring.Compare(ourData, 0, theirData, 0, ourBits) == 0;
    }

    private static Term Encode(Machine* m, Process* p, Term value)
    {
        Term* arguments = stackalloc Term[2];
        arguments[0] = value;
        arguments[1] = Process.Cons(p, Am.Deterministic, Term.Nil);
        return Slices.Call(p, ExportTable.Find(m, Am.Erlang, AtomTable.Intern("term_to_binary"u8), 2), arguments);
    }

    private static uint Digit(byte c) =>
        c is >= (byte)'A' and <= (byte)'Z' ? (uint)c - 'A' : c is >= (byte)'a' and <= (byte)'z' ? (uint)c - 'a' + 26 : c is >= (byte)'0' and <= (byte)'9' ? (uint)c - '0' + 52 : c == '+' ? 62u : 63u;
}
