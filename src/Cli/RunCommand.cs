// mybeam run FILE.beam|MODULE [FUNCTION [ARG…]] [-pa DIR]…: bare mode (ARCHITECTURE 8): no system processes; modules come from -pa folders, the file's own folder, the
// working folder and the archive.
namespace MyBeam.Cli;

using System;
using System.Runtime.InteropServices;
using MyBeam.Memory;
using MyBeam.Platform;
using MyBeam.Vm;

/// <summary>The command `run`.</summary>
public static unsafe class RunCommand
{
    private struct Options
    {
        public byte* Target, Function;
        public byte** Arguments;
        public int ArgumentCount;
        /// <summary>The module comes from a file: its on_load function has not run.</summary>
        public bool OnLoadDue;
        public bool Time, Stress, Statistics, CheckMemory;
    }

    private const int MaxArguments = 255;

    [DllImport("mybeam", EntryPoint = "mybeam_halt_on_signals"), SuppressGCTransition]
    internal static extern void HaltOnSignals(int* halting, int* status, int* sleeping);

    /// <summary>Runs it; gives the exit status: 0, 1 after an uncaught exception or a module that cannot be run, 2 for a wrong command line.</summary>
    public static int Run(byte** arguments, int count, byte* archive, nuint archiveBytes)
    {
        Machine* m = Machine.Create();
        if (m == null) return Complain("mybeam run: no memory"u8, null, 1);
        m->Finder.Archive = archive;
        m->Finder.ArchiveBytes = archiveBytes;
        m->Schedulers.Wanted = Threads.AvailableProcessors;
        m->Trim.Enabled = 1;
        Options o = default;
        byte** rest = stackalloc byte*[MaxArguments];
        o.Arguments = rest;
        int status = Parse(m, arguments, count, &o);
        if (status == 0) status = RunTarget(m, &o);
        Machine.Destroy(m);
        if (o.CheckMemory && !MemoryIsClean()) status = status == 0 ? 1 : status;
        return status;
    }

    // Options may stand anywhere before "--".
    private static int Parse(Machine* m, byte** arguments, int count, Options* o)
    {
        bool plain = false;
        for (int i = 0; i < count; i++)
        {
            byte* a = arguments[i];
            if (!plain && Program.Is(a, "--"u8)) { plain = true; continue; }
            if (!plain && Program.Is(a, "-pa"u8))
            {
                if (++i == count) return Complain("mybeam run: -pa needs a folder"u8, null, Program.Usage);
                ModuleFinder.AddFolder(m, arguments[i]);
                continue;
            }
            if (!plain && Program.Is(a, "--time"u8)) { o->Time = true; continue; }
            if (!plain && Program.Is(a, "--stats"u8)) { o->Statistics = true; m->SlicesRun.Wanted = 1; continue; }
            if (!plain && Program.Is(a, "--check-memory"u8)) { o->CheckMemory = true; continue; }
            if (!plain && Program.Is(a, "--gc-stress"u8)) { Slices.Stress(m); continue; }
            if (!plain && Program.Is(a, "--verify-heap"u8)) { m->VerifyHeaps = 1; continue; }
            if (!plain && Program.Is(a, "--schedulers"u8))
            {
                long n = ++i == count ? 0 : Number(arguments[i]);
                if (n < 1 || n > Schedulers.Most) return Complain("mybeam run: --schedulers needs a number from 1 to 256"u8, null, Program.Usage);
                m->Schedulers.Wanted = (int)n;
                continue;
            }
            if (!plain && Program.Is(a, "--deterministic"u8))
            {
                long seed = ++i == count ? -1 : Number(arguments[i]);
                if (seed < 0) return Complain("mybeam run: --deterministic needs a number, the seed"u8, null, Program.Usage);
                Schedulers.SetDeterministic(m, (ulong)seed);
                continue;
            }
            if (!plain && a[0] == '-' && a[1] == '-') return Complain("mybeam run: unknown option; mybeam --help lists them: "u8, a, Program.Usage);
            if (o->Target == null) o->Target = a;
            else if (o->Function == null) o->Function = a;
            else if (o->ArgumentCount == MaxArguments) return Complain("mybeam run: more than 255 arguments"u8, null, Program.Usage);
            else o->Arguments[o->ArgumentCount++] = a;
        }
        return o->Target == null ? Complain("mybeam run: give a FILE.beam or a module name; mybeam --help tells more"u8, null, Program.Usage) : 0;
    }

    // A natural number, or -1.
    private static long Number(byte* text)
    {
        long n = 0;
        for (int i = 0; text[i] != 0; i++)
        {
            if (text[i] < '0' || text[i] > '9' || i > 17) return -1;
            n = (n * 10) + (text[i] - '0');
        }
        return text[0] == 0 ? -1 : n;
    }

    private static int RunTarget(Machine* m, Options* o)
    {
        Process* p = ProcessState.Create(m);
        if (p == null) return Complain("mybeam run: no memory"u8, null, 1);
        // Its on_load function may write.
        p->GroupLeader = IoServer.Start(m);
        BareModeSystem.Start(m);
        LoadedModule* module = Load(m, o->Target, out o->OnLoadDue);
        int status = module == null ? 1 : Call(m, p, module, o);
        if (o->Statistics) PrintStatistics(p);
        ProcessState.Free(p);
        IoServer.Stop(m);
        return status;
    }

    private static int Call(Machine* m, Process* p, LoadedModule* module, Options* o)
    {
        Term* x = (Term*)m->Context->X;
        for (int i = 0; i < o->ArgumentCount; i++)
        {
            int length = 0;
            while (o->Arguments[i][length] != 0) length++;
            bool good = TermParser.Parse(p, new ReadOnlySpan<byte>(o->Arguments[i], length), out Term argument, out int at, out ReadOnlySpan<byte> reason);
            x[i] = argument;
            if (good) continue;
            Output e = new(Files.StandardError);
            e.Text("mybeam run: argument "u8);
            e.Number(i + 1);
            e.Text(", character "u8);
            e.Number(at + 1);
            e.Text(": "u8);
            e.Text(reason);
            e.Text("; arguments are Erlang terms: "u8);
            e.ZeroTerminated(o->Arguments[i]);
            e.Line();
            e.Flush();
            return Program.Usage;
        }
        Export* target = FindFunction(m, module, o);
        if (target == null) return 1;
        if (o->OnLoadDue && !OnLoad.Run(m, module)) return 1;
        ProcessState.SetCall(p, target, x, o->ArgumentCount);
        HaltOnSignals(&m->Halting, &m->ExitStatus, &Schedulers.Get(m, 0)->Sleeping);
        long before = Clock.MonotonicNanoseconds;
        long stop = ProcessState.Run(m, p);
        long after = Clock.MonotonicNanoseconds;
        IoServer.Flush(m);
        if (IoServer.Failed(m)) return Complain("mybeam run: standard output cannot be written; is the disk full?"u8, null, 1);
        if (m->Halting != 0) return m->ExitStatus;
        int status = stop == StopReason.Finished ? PrintResult(p, *x) : stop == StopReason.Waiting ? Deadlock() : RunReport.Uncaught(m, p);
        if (o->Time)
        {
            Output e = new(Files.StandardError);
            e.Text("time: "u8);
            e.Number((after - before) / 1000);
            e.Line();
            e.Flush();
        }
        return status;
    }

    private static int Deadlock() => Complain("mybeam run: every process waits for a message that nobody can send"u8, null, 1);

    private static int PrintResult(Process* p, Term result)
    {
        if (result == Am.Ok) return 0;
        Output o = new(Files.StandardOutput);
        RunReport.Print(&o, result);
        o.Line();
        o.Flush();
        return o.Failed ? Complain("mybeam run: the result cannot be written to standard output"u8, null, 1) : 0;
    }

    // A name that ends in .beam or has a slash is a file, whose folder then belongs to the path; anything else is a module.
    private static LoadedModule* Load(Machine* m, byte* target, out bool file)
    {
        int n = 0, slash = -1;
        for (; target[n] != 0; n++)
            if (target[n] == '/') slash = n;
        ReadOnlySpan<byte> ending = ".beam"u8;
        file = slash >= 0 || (n > 5 && new ReadOnlySpan<byte>(target + n - 5, 5).SequenceEqual(ending));
        LoadedModule* module;
        if (file)
        {
            byte* bytes = ModuleFinder.ReadFile(target, out long size, out Errno errno);
            if (bytes == null)
            {
                Output e = new(Files.StandardError);
                e.ZeroTerminated(target);
                e.Text(": cannot be read ("u8);
                e.Text(ErrnoNames.Atom(errno));
                e.Line("); give the name of a .beam file"u8);
                e.Flush();
                return null;
            }
            LoadError error = default;
            module = ModuleLoader.Load(m, bytes, size, Term.None, &error);
            Allocator.Free(bytes, (nuint)size, Owner.Loader);
            if (module == null) Refused(target, &error);
            if (slash >= 0 && slash < 4000)
            {
                byte* folder = stackalloc byte[4096];
                for (int i = 0; i <= slash; i++) folder[i] = target[i];
                folder[slash == 0 ? 1 : slash] = 0;
                ModuleFinder.AddFolder(m, folder);
            }
            return module;
        }
        Term name = n <= 255 ? AtomTable.Intern(target, n) : Term.None;
        if (name.IsNone) { Complain("mybeam run: not a module name: "u8, target, 1); return null; }
        ModuleFinder.TryLoad(m, name);
        module = CodeTable.Current(m, name);
        if (module != null) return module;
        if (m->Finder.LastError.Code != LoadErrorCode.None) Refused(target, &m->Finder.LastError);
        else Complain("mybeam run: no such module in the -pa folders, the working folder or the archive: "u8, target, 1);
        return null;
    }

    private static void Refused(byte* name, LoadError* error)
    {
        Output e = new(Files.StandardError);
        e.ZeroTerminated(name);
        e.Text(": "u8);
        e.Line(LoadError.Message(error));
        e.Flush();
    }

    private static Export* FindFunction(Machine* m, LoadedModule* module, Options* o)
    {
        if (o->Function != null)
        {
            int n = 0;
            while (o->Function[n] != 0) n++;
            Term f = AtomTable.Existing(o->Function, n);
            if (!f.IsNone && IsExported(module, f, o->ArgumentCount)) return ExportTable.Put(m, module->Name, f, o->ArgumentCount);
            Output e = new(Files.StandardError);
            e.Text("mybeam run: "u8);
            e.Atom(module->Name);
            e.Text(" exports no function "u8);
            e.ZeroTerminated(o->Function);
            e.Byte((byte)'/');
            e.Number(o->ArgumentCount);
            e.Line("; mybeam info FILE lists what it exports"u8);
            e.Flush();
            return null;
        }
        if (IsExported(module, Am.Main, 0)) return ExportTable.Put(m, module->Name, Am.Main, 0);
        if (IsExported(module, Am.Start, 0)) return ExportTable.Put(m, module->Name, Am.Start, 0);
        if (IsExported(module, Am.Init, 0)) return ExportTable.Put(m, module->Name, Am.Init, 0);
        Complain("mybeam run: the module exports none of main/0, start/0, init/0: name a function"u8, null, 1);
        return null;
    }

    private static bool IsExported(LoadedModule* module, Term function, int arity)
    {
        for (int i = 0; i < module->ExportCount; i++)
            if (module->Exports[i].Function == function && module->Exports[i].Arity == arity) return true;
        return false;
    }

    /// <summary>Reductions, collections and memory, to the standard error.</summary>
    public static void PrintStatistics(Process* p)
    {
        Output e = new(Files.StandardError);
        e.Text("reductions: "u8);
        e.Number(p->ReductionsDone);
        e.Text(", minor collections: "u8);
        e.Number(p->Heap.MinorTotal);
        e.Text(", major: "u8);
        e.Number(p->Heap.MajorTotal);
        e.Text(", modules: "u8);
        e.Number(CodeTable.Count(p->Machine));
        e.Text(", native memory: "u8);
        e.Number(Allocator.OutstandingTotal());
        e.Text(" bytes, resident: "u8);
        e.Number((long)OsProcess.ResidentBytes);
        e.Line(" bytes"u8);
        e.Text("given back by trimming: "u8);
        e.Number(p->Machine->Trim.Gained);
        e.Text(" bytes in "u8);
        e.Number(p->Machine->Trim.Times);
        e.Line(" times"u8);
        e.Text("slices: "u8);
        e.Number(p->Machine->SlicesRun.Slices);
        e.Text(", wholly inside a native: "u8);
        e.Number(p->Machine->SlicesRun.InNatives);
        e.Text(", longest of these: "u8);
        e.Number(p->Machine->SlicesRun.LongestInNatives / 1000);
        e.Text(" us, of all: "u8);
        e.Number(p->Machine->SlicesRun.Longest / 1000);
        e.Line(" us"u8);
        e.Flush();
    }

    /// <summary>Whether no native memory is left after the VM is gone and the checker has found no fault; a line on stderr when not.</summary>
    public static bool MemoryIsClean()
    {
        // The atom table is the one thing that outlives a VM.
        long left = Allocator.OutstandingTotal() - Allocator.Outstanding(Owner.Atoms);
        if (left == 0 && Allocator.Faults == 0) return true;
        Output e = new(Files.StandardError);
        e.Text("mybeam: memory check: "u8);
        e.Number(left);
        e.Text(" bytes outstanding, "u8);
        e.Number(Allocator.Faults);
        e.Text(" faults; by owner:"u8);
        for (int i = 0; i < (int)Owner.Count; i++)
        {
            if (Allocator.Outstanding((Owner)i) == 0 || i == (int)Owner.Atoms) continue;
            e.Text(" "u8);
            e.Number(i);
            e.Byte((byte)'=');
            e.Number(Allocator.Outstanding((Owner)i));
        }
        e.Line();
        e.Flush();
        return false;
    }

    private static int Complain(ReadOnlySpan<byte> text, byte* what, int status)
    {
        Output e = new(Files.StandardError);
        e.Text(text);
        if (what != null) e.ZeroTerminated(what);
        e.Line();
        e.Flush();
        return status;
    }
}
