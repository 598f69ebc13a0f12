// The emulator's flags (+x on erl's command line, -x here), as OTP's emulator reads them. Each is applied, or checked and without effect where it only tunes
// what this VM does not have (docs/differences.md).
namespace MyBeam.Cli;

using System;
using MyBeam.Memory;
using MyBeam.Platform;
using MyBeam.Vm;

/// <summary>Reads the flags into settings.</summary>
internal unsafe struct EmulatorFlags
{
    private const int MostProcesses = 134217727, FewestProcesses = 1024, MostSchedulers = 1024;
    private const long FewestAtoms = 8192, MostAtoms = int.MaxValue;

    public EmulatorSettings Settings;
    /// <summary>Most atoms there can be; 0: not said.</summary>
    public long Atoms;
    /// <summary>When Read gives false: the exit status.</summary>
    public int Status;

    private ArgumentList flags;
    private int at;
    // The part of the flag behind its name.
    private ReadOnlySpan<byte> Rest(int name) => TextStore.Span(flags[at])[(1 + name)..];

    /// <summary>Reads flags (from number 1 on). False: the VM must not start, Status says how to end; there is a message.</summary>
    public bool Read(in ArgumentList all)
    {
        Settings = EmulatorSettings.Default();
        Status = 1;
        flags = all;
        SchedulerFlags schedulers = new(Settings);
        for (at = 1; at < flags.Count; at++)
            if (!schedulers.Read(ref this)) return false;
        if (!schedulers.Finish(ref Settings)) return false;
        // OTP looks at those of the allocators before all others.
        for (at = 1; at < flags.Count; at++)
            if (IsMemory() && !MemoryFlag()) return false;
        for (at = 1; at < flags.Count; at++)
        {
            if (IsMemory()) _ = MemoryFlag();
            else if (!One()) return false;
        }
        return true;
    }

    // -- what SchedulerFlags uses too --

    /// <summary>The flag that is being read, with its minus.</summary>
    public readonly ReadOnlySpan<byte> Flag => TextStore.Span(flags[at]);

    /// <summary>Its value: what stands behind the first so many characters of its name, or the next argument. False, with a message: there is none.</summary>
    public bool Value(int name, out ReadOnlySpan<byte> value)
    {
        value = Rest(name);
        if (!value.IsEmpty) return true;
        // Behind the last flag stands the end of the emulator's flags.
        value = ++at < flags.Count ? TextStore.Span(flags[at]) : "--"u8;
        // Callers look at its first character.
        if (value.IsEmpty) value = " "u8;
        return true;
    }

    private readonly bool IsMemory() => flags[at][0] == '-' && flags[at][1] == 'M';

    private bool One()
    {
        ReadOnlySpan<byte> flag = Flag;
        byte letter = flag.Length > 1 ? flag[1] : (byte)0;
        ReadOnlySpan<byte> name = flag.Length > 2 ? flag[2..] : default;
        switch (letter)
        {
            case (byte)'p':
                if (name.StartsWith("c"u8)) return Choice(2, "latin1 unicode"u8, "bad range of printable characters: "u8, out int n) && Set(ref Settings.PrintableUnicode, n == 1);
                return name.StartsWith("ad"u8) ? Switch(3, "bad async dist value "u8, ref Settings.AsyncDist) : Unknown();
            case (byte)'f': return name.StartsWith("n"u8) ? FileNames() : Unknown();
            case (byte)'L': return true;
            case (byte)'v':
                Message("warning: -v (only in debug compiled code)"u8, default);
                return true;
            case (byte)'V':
                Message("Erlang (SMP,ASYNC_THREADS) (BEAM) emulator version 17.1"u8, default);
                Status = 0;
                return false;
            case (byte)'H':
                Message("The undocumented +H option has been removed (R10B-6).\n"u8, default);
                return true;
            case (byte)'h': return HeapFlag(name);
            case (byte)'D':
                if (name.IsEmpty) return true;
                bool ignored = false;
                if (name[0] != 'i') return Bad("Unknown option "u8, flag[1..]);
                return flag.SequenceEqual("-Dibpl"u8)
                    ? Switch(5, "Dibpl expected `true' or `false' but got: `"u8, ref ignored, "'"u8)
                    : Bad("Unknown instrumentation option "u8, flag[1..]);
            case (byte)'d':
                if (name.StartsWith("cg"u8)) return Value(3, out _);
                Settings.NoCrashDump = true;
                return true;
            case (byte)'e':
                if (name.SequenceEqual("c"u8)) return Set(ref Settings.EtsCompressed, true);
                return Number(1, 0, int.MaxValue, "bad maximum number of ets tables "u8, out long tables) && Set(ref Settings.EtsTables, Math.Max(tables, 8192));
            case (byte)'i':
                _ = Value(1, out ReadOnlySpan<byte> module);
                Settings.BootModule = AtomTable.Intern(module);
                return !Settings.BootModule.IsNone || Bad("bad boot module "u8, module);
            case (byte)'J': return JitFlag(name);
            case (byte)'B': return BreakFlag(name);
            case (byte)'n':
                _ = Value(1, out ReadOnlySpan<byte> mode);
                return mode.Length == 1 && mode[0] is (byte)'s' or (byte)'a' or (byte)'d' || Bad("bad -n option "u8, mode);
            case (byte)'P': return TableSize("bad number of processes "u8, ref Settings.Processes);
            case (byte)'Q': return TableSize("bad number of ports "u8, ref Settings.Ports);
            case (byte)'S':
                // SchedulerFlags has read them.
                return name.StartsWith("DPcpu"u8) ? Value(6, out _) : name.StartsWith("Dcpu"u8) ? Value(5, out _) : name.StartsWith("Dio"u8) ? Value(4, out _)
                    : name.StartsWith("P"u8) ? Value(2, out _) : Value(1, out _);
            case (byte)'A': return Value(1, out _);
            case (byte)'s': return SchedulingNames.Read(ref this, name, ref Settings);
            case (byte)'t': return Number(1, FewestAtoms, MostAtoms, "bad atom table size "u8, out Atoms);
            case (byte)'T': return Number(1, 0, 9, "bad modified timing level "u8, out long level) && Set(ref Settings.TimingLevel, (int)level);
            case (byte)'R': return Number(1, 27, 29, "bad compatibility release number "u8, out _);
            case (byte)'a': return Number(1, 16, 8192, "bad stack size for async threads "u8, out _);
            case (byte)'r': return name.StartsWith("g"u8) ? Value(2, out _) : Set(ref Settings.EtsReallocMoves, true);
            case (byte)'C':
                if (!Choice(1, "no_time_warp single_time_warp multi_time_warp"u8, "Invalid time warp mode: "u8, out int warp)) return false;
                Settings.TimeWarp = warp == 0 ? Am.NoTimeWarp : warp == 1 ? Am.SingleTimeWarp : Am.MultiTimeWarp;
                return true;
            case (byte)'c': return TimeCorrection(name);
            case (byte)'W':
                _ = Value(1, out ReadOnlySpan<byte> map);
                Settings.Warnings = map[0] == 'i' ? Am.Info : map[0] == 'e' ? Am.Error : Am.Warning;
                return map[0] is (byte)'i' or (byte)'e' or (byte)'w' || Bad("unrecognized warning_map option "u8, map);
            case (byte)'K': return Value(1, out _);
            case (byte)'I': return IoFlag(name);
            case (byte)'z': return MiscFlag(name);
            default: return Unknown();
        }
    }

    private bool HeapFlag(ReadOnlySpan<byte> name)
    {
        bool shared = false;
        if (name.StartsWith("mbs"u8)) return HeapSize(4, ref Settings.MinBinHeapWords);
        if (name.StartsWith("ms"u8)) return HeapSize(3, ref Settings.MinHeapWords);
        if (name.StartsWith("pds"u8)) return Number(4, 1, int.MaxValue, "bad initial process dictionary size "u8, out _);
        if (name.StartsWith("mqd"u8)) return Choice(4, "on_heap off_heap"u8, "Invalid message_queue_data flag: "u8, out int n) && Set(ref Settings.QueuesOffHeap, n == 1);
        if (name.StartsWith("maxk"u8)) return Switch(5, "bad max heap kill "u8, ref shared) && Set(ref Settings.MaxHeapKeeps, !shared);
        if (name.StartsWith("maxel"u8)) return Switch(6, "bad max heap error logger "u8, ref shared) && Set(ref Settings.MaxHeapQuiet, !shared);
        if (name.StartsWith("maxib"u8)) return Switch(6, "bad max heap include bins "u8, ref Settings.MaxHeapShared);
        return name.StartsWith("max"u8) ? Number(4, 0, Term.MaxSmall, "bad max heap size "u8, out Settings.MaxHeapWords) : HeapSize(1, ref Settings.MinHeapWords);
    }

    private bool HeapSize(int name, ref long words) => Number(name, 1, int.MaxValue, "bad heap size "u8, out words);

    private bool JitFlag(ReadOnlySpan<byte> name)
    {
        bool ignored = false;
        if (name.StartsWith("Ddump"u8)) return Switch(6, "bad +JDdump flag "u8, ref ignored);
        if (name.StartsWith("Pperfdirectory"u8)) return Value(15, out _);
        if (name.StartsWith("Pperf"u8)) return Choice(6, "true false dump map fp no_fp"u8, "bad +JPperf support flag "u8, out _);
        if (name.StartsWith("Pcover"u8)) return Choice(7, "true false function function_counters line line_counters"u8, "bad +JPcover flag "u8, out _);
        if (name.StartsWith("Msingle"u8)) return Switch(8, "bad +JMsingle support flag "u8, ref ignored);
        return name.StartsWith("D"u8) || name.StartsWith("P"u8) ? true : Bad("invalid JIT option "u8, Flag);
    }

    private bool BreakFlag(ReadOnlySpan<byte> name)
    {
        byte letter = name.IsEmpty ? (byte)0 : name[0];
        if (letter == 0 && at + 1 < flags.Count && flags[at + 1][0] is (byte)'i' or (byte)'c' or (byte)'d')
        {
            _ = Value(1, out ReadOnlySpan<byte> value);
            letter = value[0];
        }
        Settings.BreakIgnored |= letter == 'i';
        return true;
    }

    private bool TimeCorrection(ReadOnlySpan<byte> name)
    {
        bool on = false;
        if (name.IsEmpty && at + 1 < flags.Count && (Program.Is(flags[at + 1], "true"u8) || Program.Is(flags[at + 1], "false"u8)))
            on = flags[++at][0] == 't';
        else if (name.SequenceEqual("true"u8)) on = true;
        else if (!name.IsEmpty && !name.SequenceEqual("false"u8)) return Bad("Invalid time correnction value: "u8, name);
        Settings.NoTimeCorrection = !on;
        return true;
    }

    private bool FileNames()
    {
        _ = Value(2, out ReadOnlySpan<byte> mode);
        byte kind = mode[0];
        if (kind is not ((byte)'u' or (byte)'l' or (byte)'a'))
        {
            Message("bad filename encoding "u8, mode, ", can be (l,u or a, optionally followed by w, i or e)"u8);
            return Usage();
        }
        Settings.FileNames = (byte)(kind == 'u' ? 1 : kind == 'l' ? 2 : 0);
        return kind == 'l' || mode.Length == 1 || mode[1] is (byte)'w' or (byte)'i' or (byte)'e'
            || Bad("bad type of warnings for wrongly coded filename: "u8, mode[1..]);
    }

    private bool IoFlag(ReadOnlySpan<byte> name)
    {
        if (name.StartsWith("Ot"u8)) return Number(3, 1, 1024, "bad I/O poll threads number: "u8, out _);
        if (name.StartsWith("Op"u8)) return Number(3, 1, 1024, "bad I/O pollset number: "u8, out _);
        if (name.StartsWith("OPt"u8)) return Number(4, 0, 100, "bad I/O poll thread percentage number: "u8, out _);
        if (name.StartsWith("OPp"u8)) return Number(4, 0, 100, "bad I/O pollset percentage number: "u8, out _);
        bool ignored = false;
        return name.StartsWith("Os"u8) ? Switch(3, "bad scheduler poll set: "u8, ref ignored) : Unknown();
    }

    private bool MiscFlag(ReadOnlySpan<byte> name)
    {
        if (name.StartsWith("dbbl"u8))
        {
            _ = Value(5, out ReadOnlySpan<byte> text);
            long limit = Numbers.Leading(text);
            Settings.BusyLimit = limit * 1024;
            if (limit is >= 1 and <= int.MaxValue / 1024) return true;
            Output e = new(Files.StandardError) { Returns = true };
            e.Text("Invalid dbbl limit: "u8);
            e.Number(limit);
            e.Line();
            e.Flush();
            return Usage();
        }
        if (name.StartsWith("dntgc"u8))
        {
            _ = Value(6, out ReadOnlySpan<byte> time);
            Settings.DelayedNodeGc = time.SequenceEqual("infinity"u8) ? -1 : Numbers.Natural(time);
            return time.SequenceEqual("infinity"u8) || (Settings.DelayedNodeGc is >= 0 and <= 100000000) || Bad("Invalid delayed node table gc: "u8, time);
        }
        if (name.StartsWith("ebwt"u8)) return Choice(5, "none very_short short medium long very_long extremely_long"u8, "Invalid ets busy wait threshold: "u8, out _);
        if (name.StartsWith("osrl"u8)) return Number(5, 1, MostProcesses, "Invalid outstanding requests limit "u8, out Settings.RequestsLimit);
        if (!name.StartsWith("hft"u8)) return Bad("bad -z option "u8, Flag);
        _ = Value(4, out ReadOnlySpan<byte> timeout);
        Settings.HaltFlushTimeout = timeout.SequenceEqual("infinity"u8) ? -1 : Numbers.Leading(timeout);
        return Settings.HaltFlushTimeout is >= -1 and <= int.MaxValue && (Settings.HaltFlushTimeout >= 0 || timeout.SequenceEqual("infinity"u8))
            || Bad("Invalid halt flush timeout "u8, timeout);
    }

    // Allocators: there is one, whose settings are fixed. Only the names are checked.
    private bool MemoryFlag()
    {
        ReadOnlySpan<byte> flag = Flag;
        bool valued = EmulatorFlagNames.TakesValue(flag, out _);
        if (valued) at++;
        if (valued || (flag.Length > 3 && EmulatorFlagNames.StartsAllocatorFlag(flag[2..]))) return true;
        Message("bad \""u8, flag[1..Math.Min(flag.Length, flag.Length > 2 && EmulatorFlagNames.IsAllocator(flag[2]) ? 3 : 2)], "\" parameter"u8);
        return Usage();
    }

    private bool TableSize(ReadOnlySpan<byte> message, ref long size)
    {
        _ = Value(1, out ReadOnlySpan<byte> text);
        if (text.SequenceEqual("legacy"u8)) return true;
        long n = Numbers.Leading(text);
        if (n is < FewestProcesses or > MostProcesses) return Bad(message, text);
        size = (long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)n);
        return true;
    }

    // -- values; each gives false after a message --

    /// <summary>One of some words.</summary>
    public bool Choice(int name, ReadOnlySpan<byte> words, ReadOnlySpan<byte> message, out int which, ReadOnlySpan<byte> end = default)
    {
        _ = Value(name, out ReadOnlySpan<byte> value);
        which = 0;
        for (int start = 0; start <= words.Length; which++)
        {
            int stop = start;
            while (stop < words.Length && words[stop] != ' ') stop++;
            if (words[start..stop].SequenceEqual(value)) return true;
            start = stop + 1;
        }
        return Bad(message, value, end);
    }

    /// <summary>true or false.</summary>
    public bool Switch(int name, ReadOnlySpan<byte> message, ref bool value, ReadOnlySpan<byte> end = default)
    {
        if (!Choice(name, "false true"u8, message, out int which, end)) return false;
        value = which == 1;
        return true;
    }

    /// <summary>A number as C's atoi reads it: what follows the digits does not count, and without any it is 0.</summary>
    public bool Number(int name, long least, long most, ReadOnlySpan<byte> message, out long number)
    {
        _ = Value(name, out ReadOnlySpan<byte> value);
        number = Numbers.Leading(value);
        return (number >= least && number <= most) || Bad(message, value);
    }

    private static bool Set<T>(ref T setting, T value)
    {
        setting = value;
        return true;
    }

    // -- messages --

    private bool Unknown()
    {
        Output e = new(Files.StandardError) { Returns = true };
        e.ZeroTerminated(flags[0]);
        e.Text(" unknown flag "u8);
        e.Line(Flag);
        e.Flush();
        return Usage();
    }

    /// <summary>A message with the wrong value, and the usage. False.</summary>
    public static bool Bad(ReadOnlySpan<byte> message, ReadOnlySpan<byte> value, ReadOnlySpan<byte> end = default)
    {
        Message(message, value, end);
        return Usage();
    }

    private static void Message(ReadOnlySpan<byte> message, ReadOnlySpan<byte> value, ReadOnlySpan<byte> end = default)
    {
        Output e = new(Files.StandardError) { Returns = true };
        e.Text(message);
        e.Text(value);
        e.Line(end);
        e.Flush();
    }

    /// <summary>The usage line. False.</summary>
    public static bool Usage()
    {
        Output e = new(Files.StandardError) { Returns = true };
        ErlLine.Usage(ref e);
        return false;
    }
}
