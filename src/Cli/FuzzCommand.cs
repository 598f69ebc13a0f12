// mybeam fuzz --count N --seed S [--first I] [--run] [--tools FILE] [--time-limit MS] [--state FILE] [--save FILE] FILE…: loads damaged .beam files, and (--run)
// calls what loads; or (--tools) writes each to FILE and gives that to dis, info and closure, with the output where stdout goes. Not listed in --help: scripts/fuzz starts it, gives it a range of mutants at a time, and reads from the state file where it died.
namespace MyBeam.Cli;

using System;
using System.Runtime.InteropServices;
using MyBeam.Memory;
using MyBeam.Platform;
using MyBeam.Vm;

/// <summary>The command `fuzz`.</summary>
public static unsafe class FuzzCommand
{
    /// <summary>Exit status after a mutant that took longer than the limit; the state file says which.</summary>
    public const int Hung = 3;

    private const int MachineLife = 200, StateBytes = 128, MaxCalls = 12;

    private struct State
    {
        public byte** Paths;
        public byte** Files;
        public long* Sizes;
        public int FileCount;
        public ulong Seed;
        public long First, Count, Index, Loaded, Refused, Faults, Calls, Limit;
        public int Descriptor, Stop;
        public bool Run, Verbose;
        public byte* Save, Tools;
        public Machine* Machine;
        /// <summary>Bytes of the files read so far.</summary>
        public long FileBytes;
        public FuzzMutant Mutant;
        /// <summary>Counts what is done, for the watchdog.</summary>
        public long Tick;
    }

    /// <summary>Runs it: 0, 1 when a rule was broken (lines on stderr), 3 when a mutant took too long.</summary>
    public static int Run(byte** arguments, int count)
    {
        State* s = (State*)Allocator.AllocZeroed((nuint)sizeof(State), Owner.Temporary);
        s->Paths = (byte**)Allocator.AllocZeroed((nuint)(count + 1) * 8, Owner.Temporary);
        s->Files = (byte**)Allocator.AllocZeroed((nuint)(count + 1) * 8, Owner.Temporary);
        s->Sizes = (long*)Allocator.AllocZeroed((nuint)(count + 1) * 8, Owner.Temporary);
        s->Count = 1;
        s->Limit = 5000;
        s->Descriptor = -1;
        for (int i = 0; i < count; i++)
        {
            byte* a = arguments[i];
            byte* value = i + 1 < count ? arguments[i + 1] : null;
            if (Program.Is(a, "--run"u8)) { s->Run = true; continue; }
            if (Program.Is(a, "--verbose"u8)) { s->Verbose = true; continue; }
            // Seen by Program.
            if (Program.Is(a, "--check-memory"u8)) continue;
            if (a[0] != '-') { s->Paths[s->FileCount++] = a; continue; }
            if (value == null) return Usage();
            i++;
            if (Program.Is(a, "--count"u8)) s->Count = Number(value);
            else if (Program.Is(a, "--seed"u8)) s->Seed = (ulong)Number(value);
            else if (Program.Is(a, "--first"u8)) s->First = Number(value);
            else if (Program.Is(a, "--time-limit"u8)) s->Limit = Number(value);
            else if (Program.Is(a, "--save"u8)) s->Save = value;
            else if (Program.Is(a, "--tools"u8)) s->Tools = value;
            else if (Program.Is(a, "--state"u8)) Files.Open(value, OpenModes.Write | OpenModes.Create | OpenModes.Truncate, 0x1B6, out s->Descriptor);
            else return Usage();
        }
        if (s->FileCount == 0) return Usage();
        if (s->Save != null) return SaveOne(s);
        Threads.Start(&Watch, s, 0, out nuint watchdog);
        All(s);
        s->Stop = 1;
        Threads.Wake(&s->Stop, 1);
        if (watchdog != 0) Threads.Join(watchdog, out _);
        if (s->Descriptor >= 0) return s->Faults == 0 ? 0 : 1;
        Output o = new(Files.StandardOutput);
        o.Number(s->Loaded);
        o.Text(" loaded, "u8);
        o.Number(s->Refused);
        o.Text(" refused, "u8);
        o.Number(s->Faults);
        o.Line(" faults"u8);
        o.Flush();
        return s->Faults == 0 ? 0 : 1;
    }

    private static int Usage()
    {
        Output e = new(Files.StandardError);
        e.Line("usage: mybeam fuzz --count N --seed S [--first I] [--run] [--tools FILE] [--time-limit MS] [--state FILE] [--save FILE] FILE..."u8);
        e.Flush();
        return Program.Usage;
    }

    private static long Number(byte* text)
    {
        long n = 0;
        for (; *text is >= (byte)'0' and <= (byte)'9'; text++) n = (n * 10) + (*text - '0');
        return n;
    }

    // Ends the OS process when one mutant takes too long: the loader and the interpreter cannot be interrupted.
    [UnmanagedCallersOnly]
    private static void* Watch(void* argument)
    {
        State* s = (State*)argument;
        long seen = -1, since = 0;
        while (System.Threading.Volatile.Read(ref s->Stop) == 0)
        {
            Threads.Wait(&s->Stop, 0, 20_000_000);
            long now = Clock.MonotonicNanoseconds, tick = System.Threading.Volatile.Read(ref s->Tick);
            if (tick != seen)
            {
                seen = tick;
                since = now;
            }
            else if (now - since > s->Limit * 1_000_000) OsProcess.ExitNow(Hung);
        }
        return null;
    }

    private static void All(State* s)
    {
        long before = Outstanding(s);
        for (s->Index = s->First; s->Index < s->First + s->Count; s->Index++)
        {
            WriteState(s);
            s->Tick++;
            if (!Make(s)) continue;
            if (s->Tools != null)
            {
                Tools(s);
                continue;
            }
            bool last = s->Run || (s->Index - s->First) % MachineLife == MachineLife - 1 || s->Index == s->First + s->Count - 1;
            if (s->Machine == null)
            {
                before = Outstanding(s);
                s->Machine = Machine.Create();
            }
            LoadedModule* module = Load(s);
            if (module != null && s->Run) CallAll(s, module);
            if (!last) continue;
            Machine.Destroy(s->Machine);
            s->Machine = null;
            // A process that was left in the middle of a call keeps nothing either; but what it did must not be the loader's fault.
            if (!s->Run && Outstanding(s) != before) Fault(s, "bytes are left after the VM's end"u8, Outstanding(s) - before);
        }
        WriteState(s);
    }

    // The commands that read files: each ends with 0 or 1 (refused, with a line) and leaves nothing behind.
    private static void Tools(State* s)
    {
        if (!WriteMutant(s, s->Tools))
        {
            Fault(s, "the file for the commands cannot be written"u8, 0);
            return;
        }
        byte** arguments = stackalloc byte*[2];
        arguments[0] = s->Tools;
        byte* specific = stackalloc byte[16], json = stackalloc byte[16];
        ZeroTerminated("--specific"u8, specific);
        ZeroTerminated("--json"u8, json);
        int refused = 0;
        for (int i = 0; i < 5; i++)
        {
            long before = Outstanding(s);
            arguments[1] = i == 1 ? specific : json;
            s->Tick++;
            s->Calls++;
            int status = i switch
            {
                0 => DisCommand.Run(arguments, 1),
                1 => DisCommand.Run(arguments, 2),
                2 => InfoCommand.Run(arguments, 1),
                3 => ClosureCommand.Run(arguments, 1, default),
                _ => ClosureCommand.Run(arguments, 2, default),
            };
            if (status != 0) refused++;
            if (status is not (0 or 1)) Fault(s, "a command gave the status"u8, status);
            if (Outstanding(s) != before) Fault(s, "bytes are left by a command"u8, Outstanding(s) - before);
        }
        // What dis, info and closure can decode, dis --specific may still refuse to load.
        if (refused == 0) s->Loaded++;
        else s->Refused++;
    }

    private static void ZeroTerminated(ReadOnlySpan<byte> text, byte* to)
    {
        for (int i = 0; i < text.Length; i++) to[i] = text[i];
        to[text.Length] = 0;
    }

    private static LoadedModule* Load(State* s)
    {
        LoadError error = default;
        long literals = LiteralArea.UsedWords(&s->Machine->Literals), exports = ExportTable.Count(s->Machine), funs = FunTable.Count(s->Machine);
        LoadedModule* module = ModuleLoader.Load(s->Machine, s->Mutant.Data, s->Mutant.Size, Term.None, &error);
        if (module != null)
        {
            s->Loaded++;
            if (error.Code != LoadErrorCode.None) Fault(s, "loaded, but with an error"u8, (long)error.Code);
            return module;
        }
        s->Refused++;
        ReadOnlySpan<byte> message = LoadError.Message(&error);
        if (s->Verbose) Say(s, message);
        if (error.Code == LoadErrorCode.None || message.Length == 0 || message.IndexOf((byte)'\n') >= 0) Fault(s, "refused without one line"u8, (long)error.Code);
        if (s->Run) return null;
        // Once more for the bytes: hash tables may have grown the first time, the second time nothing at all may stay.
        long bytes = Outstanding(s);
        error = default;
        if (ModuleLoader.Load(s->Machine, s->Mutant.Data, s->Mutant.Size, Term.None, &error) != null) Fault(s, "refused first, then loaded"u8, 0);
        if (Outstanding(s) != bytes) Fault(s, "bytes are left of a refused module"u8, Outstanding(s) - bytes);
        if (FunTable.Count(s->Machine) != funs) Fault(s, "fun entries are left of a refused module"u8, FunTable.Count(s->Machine) - funs);
        if (LiteralArea.UsedWords(&s->Machine->Literals) != literals) Fault(s, "words of literals are left of a refused module"u8, LiteralArea.UsedWords(&s->Machine->Literals) - literals);
        if (ExportTable.Count(s->Machine) != exports) Fault(s, "exports are left of a refused module"u8, ExportTable.Count(s->Machine) - exports);
        return null;
    }

    // Without the atoms, which stay, and what this command holds itself.
    private static long Outstanding(State* s) =>
        Allocator.OutstandingTotal() - Allocator.Outstanding(Owner.Atoms) - Allocator.Outstanding(Owner.Temporary) - s->FileBytes;

    private static void Say(State* s, ReadOnlySpan<byte> message)
    {
        Output e = new(Files.StandardError);
        e.Number(s->Index);
        e.Text(": "u8);
        e.Line(message);
        e.Flush();
    }

    private static void Fault(State* s, ReadOnlySpan<byte> what, long number)
    {
        s->Faults++;
        Output e = new(Files.StandardError);
        e.Text("fuzz: mutant "u8);
        e.Number(s->Index);
        e.Text(": "u8);
        e.Text(what);
        e.Text(": "u8);
        e.Number(number);
        e.Line();
        e.Flush();
    }

    // -- running --

    private static void CallAll(State* s, LoadedModule* module)
    {
        FuzzRandom random = new(s->Seed ^ 0x5EED, s->Index);
        int first = random.Below(module->ExportCount);
        Machine* m = s->Machine;
        for (int k = 0, calls = 0; k < module->ExportCount && calls < MaxCalls; k++)
        {
            ModuleExport e = module->Exports[(first + k) % module->ExportCount];
            if (e.Arity > 2) continue;
            calls++;
            s->Calls++;
            s->Tick++;
            Call(m, ExportTable.Put(m, module->Name, e.Function, e.Arity), ref random);
        }
    }

    private static void Call(Machine* m, Export* target, ref FuzzRandom random)
    {
        Process* p = ProcessState.Create(m);
        if (p == null) return;
        p->GroupLeader = IoServer.Start(m);
        BareModeSystem.Start(m);
        Term* x = (Term*)m->Context->X;
        for (int i = 0; i < target->Arity; i++) x[i] = Argument(p, ref random);
        ProcessState.SetCall(p, target, x, (int)target->Arity);
        // A VM that is being halted runs a process for one slice only.
        m->Halting = 1;
        long stop = ProcessState.Run(m, p);
        m->Halting = 0;
        // One that was left in the middle may have timers, or be known to others: it ends with the VM.
        if (stop == StopReason.Finished) ProcessState.Free(p);
        IoServer.Stop(m);
    }

    private static Term Argument(Process* p, ref FuzzRandom random)
    {
        ReadOnlySpan<byte> texts = "[]            1             -7            a             [1,2,3]       [{a,1},{b,2}] {ok,5}        <<\"text\">>    2.5           #{a=>1,b=>2}  \"string\"      -9999999999999"u8;
        const int Width = 14;
        ReadOnlySpan<byte> text = texts.Slice(Width * random.Below(texts.Length / Width), Width);
        int end = Width;
        while (text[end - 1] == (byte)' ') end--;
        return TermParser.Parse(p, text.Slice(0, end), out Term term, out _, out _) ? term : Term.Nil;
    }

    // -- files --

    private static bool Make(State* s)
    {
        FuzzRandom random = new(s->Seed, s->Index);
        int file = random.Below(s->FileCount), other = random.Below(s->FileCount);
        return Read(s, file) && Read(s, other) && s->Mutant.Make(random, s->Files[file], (int)s->Sizes[file], s->Files[other], (int)s->Sizes[other]);
    }

    private static bool Read(State* s, int file)
    {
        if (s->Files[file] == null)
        {
            s->Files[file] = ModuleFinder.ReadFile(s->Paths[file], out s->Sizes[file], out _);
            if (s->Files[file] != null) s->FileBytes += s->Sizes[file];
        }
        return s->Files[file] != null && s->Sizes[file] > 32;
    }

    private static int SaveOne(State* s)
    {
        s->Index = s->First;
        return Make(s) && WriteMutant(s, s->Save) ? 0 : 1;
    }

    private static bool WriteMutant(State* s, byte* path)
    {
        if (Files.Open(path, OpenModes.Write | OpenModes.Create | OpenModes.Truncate, 0x1B6, out int descriptor) != Errno.None) return false;
        Errno error = Files.WriteAll(descriptor, s->Mutant.Data, (nuint)s->Mutant.Size);
        Files.Close(descriptor);
        return error == Errno.None;
    }

    // One line: number of the mutant, loaded, refused, faults, calls, KiB of memory at the end. It is there when the process dies in the next mutant.
    private static void WriteState(State* s)
    {
        if (s->Descriptor < 0) return;
        byte* line = stackalloc byte[StateBytes];
        for (int i = 0; i < StateBytes - 1; i++) line[i] = (byte)' ';
        line[StateBytes - 1] = (byte)'\n';
        int at = 0;
        bool memory = (s->Index - s->First) % 64 == 63 || s->Index == s->First + s->Count;
        Field(line, ref at, s->Index);
        Field(line, ref at, s->Loaded);
        Field(line, ref at, s->Refused);
        Field(line, ref at, s->Faults);
        Field(line, ref at, s->Calls);
        Field(line, ref at, memory ? (long)(OsProcess.ResidentBytes / 1024) : 0);
        Files.WriteAt(s->Descriptor, line, StateBytes, 0, out _);
    }

    private static void Field(byte* line, ref int at, long value)
    {
        const int Width = 20;
        int end = at + Width;
        at = end;
        for (int i = end - 2; ; i--)
        {
            line[i] = (byte)('0' + (value % 10));
            value /= 10;
            if (value == 0) return;
        }
    }
}
