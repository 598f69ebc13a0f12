// mybeam erl: OTP's own system, started as the program erl starts it. ErlLine and EmulatorFlags read the command line; this sets up the VM and runs it.
namespace MyBeam.Cli;

using System;
using MyBeam.Memory;
using MyBeam.Platform;
using MyBeam.Vm;

/// <summary>The command `erl`.</summary>
public static unsafe class ErlCommand
{
    // MyBeam's own flags, for testing: they stand before erl's.
    private struct Testing
    {
        public bool Stress, Verify, Statistics, CheckMemory;
        public long Threads, Seed;
    }

    /// <summary>Boots and runs until the VM is halted; gives its exit status.</summary>
    public static int Run(byte** arguments, int count, byte* archive, nuint archiveBytes)
    {
        ErlLine line = default;
        ArgumentList all = default;
        for (int i = 0; i < count; i++) all.Add(arguments[i]);
        return Run(ref line, ref all, archive, archiveBytes);
    }

    /// <summary>As Run, with a line in which an environment may be set already. Frees it and the arguments.</summary>
    internal static int Run(ref ErlLine line, ref ArgumentList all, byte* archive, nuint archiveBytes)
    {
        byte** arguments = all.Vector;
        int count = all.Count;
        Testing t = new() { Seed = -1 };
        int status = ReadTesting(ref t, ref arguments, ref count);
        EmulatorFlags flags = default;
        ArgumentList rest = default;
        if (status == 0)
        {
            bool good = Places(ref line, arguments, count, ref rest) && line.Read(rest.Vector, rest.Count);
            if (!good) status = line.Status;
            else if (!flags.Read(line.Emulator)) status = flags.Status;
            else if (line.Detached && !OsProcess.Detach(out int child)) status = child;
            else
            {
                // The emulator's whole command line, for system_info(emu_args).
                line.Emulator.Add(ref line.Store, "--"u8);
                line.Emulator.Add(line.Init);
                status = line.Emulator.Failed ? Complain("mybeam erl: no memory"u8, 1) : Start(ref line, ref flags, t, archive, archiveBytes);
            }
        }
        rest.Free();
        line.Free();
        all.Free();
        if (t.CheckMemory && !RunCommand.MemoryIsClean() && status == 0) status = 1;
        return status;
    }

    /// <summary>Moves MyBeam's own flags from the front of a command line to a list.</summary>
    internal static void TakeTesting(ref byte** arguments, ref int count, ref ArgumentList to)
    {
        while (count > 0 && arguments[0][0] == '-' && arguments[0][1] == '-' && arguments[0][2] != 0)
        {
            bool valued = Program.Is(*arguments, "--schedulers"u8) || Program.Is(*arguments, "--deterministic"u8);
            for (int i = 0; i < (valued ? 2 : 1) && count > 0; i++, count--) to.Add(*arguments++);
        }
    }

    private static int ReadTesting(ref Testing t, ref byte** arguments, ref int count)
    {
        for (; count > 0; arguments++, count--)
        {
            byte* a = *arguments;
            if (Program.Is(a, "--gc-stress"u8)) t.Stress = true;
            else if (Program.Is(a, "--verify-heap"u8)) t.Verify = true;
            else if (Program.Is(a, "--stats"u8)) t.Statistics = true;
            else if (Program.Is(a, "--check-memory"u8)) t.CheckMemory = true;
            else if (Program.Is(a, "--schedulers"u8) || Program.Is(a, "--deterministic"u8))
            {
                bool threads = a[2] == 's';
                long n = count > 1 ? Numbers.Natural(TextStore.Span(arguments[1])) : -1;
                if (threads && (n < 1 || n > Schedulers.Most)) return Complain("mybeam erl: --schedulers needs a number from 1 to 256"u8, Program.Usage);
                if (!threads && n < 0) return Complain("mybeam erl: --deterministic needs a number, the seed"u8, Program.Usage);
                if (threads) t.Threads = n;
                else t.Seed = n;
                arguments++;
                count--;
            }
            else return 0;
        }
        return 0;
    }

    // -root, -bindir, -progname and -home are what erl tells the emulator; here they can be given. They count up to -extra.
    private static bool Places(ref ErlLine line, byte** arguments, int count, ref ArgumentList rest)
    {
        line.Status = 1;
        bool own = true;
        for (int i = 0; i < count; i++)
        {
            byte* a = arguments[i];
            own &= !Program.Is(a, "-extra"u8) && !Program.Is(a, "-S"u8);
            bool root = Program.Is(a, "-root"u8), bin = Program.Is(a, "-bindir"u8), name = Program.Is(a, "-progname"u8);
            if (!own || !(root || bin || name || Program.Is(a, "-home"u8)))
            {
                rest.Add(a);
                continue;
            }
            if (++i == count || Program.Is(arguments[i], "--"u8)) return ErlLine.Missing(TextStore.Span(a));
            byte* value = line.Store.Copy(arguments[i]);
            if (root) line.Root = value;
            else if (bin) line.BinFolder = value;
            else if (name) line.Name = value;
            else line.Home = value;
        }
        return !rest.Failed;
    }

    private static int Start(ref ErlLine line, ref EmulatorFlags flags, in Testing t, byte* archive, nuint archiveBytes)
    {
        if (flags.Atoms != 0 && !AtomTable.SetLimit((int)flags.Atoms)) return Complain("mybeam erl: no memory"u8, 1);
        if (t.Threads > 0) flags.Settings.Schedulers = flags.Settings.SchedulersOnline = (int)t.Threads;
        Machine* m = Machine.Create(full: true);
        if (m == null || !EmulatorSettings.Apply(m, flags.Settings)) return Complain("mybeam erl: no memory"u8, 1);
        m->Trim.Enabled = 1;
        m->Finder.Archive = archive;
        m->Finder.ArchiveBytes = archiveBytes;
        m->Settings.Arguments = line.Emulator.Vector;
        m->Settings.ArgumentCount = line.Emulator.Count;
        m->Environment = line.Environment;
        line.Environment = default;
        if (t.Stress) Slices.Stress(m);
        if (t.Verify) m->VerifyHeaps = 1;
        if (t.Statistics) m->SlicesRun.Wanted = 1;
        if (t.Seed >= 0) Schedulers.SetDeterministic(m, (ulong)t.Seed);
        if (m->Settings.BreakIgnored) OsSignals.Ignore(OsSignal.Interrupt);
        int status = Boot(m, ref line, t.Statistics);
        Machine.Destroy(m);
        return status;
    }

    private static int Boot(Machine* m, ref ErlLine line, bool statistics)
    {
        byte* preloaded = OtpRoot.Preloaded(line.Root, ref line.Store);
        int emulator = preloaded == null ? OtpRoot.OwnMajor : OtpRoot.EmulatorMajor(line.Root, ref line.Store);
        if (!FullBoot.LoadPreloaded(m, preloaded, emulator, out Term missing))
        {
            Output e = new(Files.StandardError);
            e.Text("mybeam erl: the archive in this executable has no module "u8);
            e.Atom(missing);
            e.Line("; build it with OTP 29 at hand (scripts/otp 29, scripts/build)"u8);
            e.Flush();
            return 1;
        }
        Process* p = FullBoot.Start(m, line.Init.Vector, line.Init.Count);
        if (p == null) return Complain("mybeam erl: no memory"u8, 1);
        // Ctrl-C ends the VM, with the terminal set as it was found; SIGTERM is erl_signal_server's, as in OTP.
        RunCommand.HaltOnSignals(&m->Halting, &m->ExitStatus, &Schedulers.Get(m, 0)->Sleeping);
        OsSignalPipe.Start(m);
        _ = ProcessState.Run(m, p);
        if (statistics) RunCommand.PrintStatistics(p);
        ProcessState.Free(p);
        return m->ExitStatus;
    }

    private static int Complain(ReadOnlySpan<byte> text, int status)
    {
        Output e = new(Files.StandardError);
        e.Line(text);
        e.Flush();
        return status;
    }
}
