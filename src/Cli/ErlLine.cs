// erl's command line, first half: what the program erl (erlexec) makes of its arguments and the environment before the emulator starts. The result are two
// lists: flags of the emulator (+x, here -x), and what init gets. docs/differences.md says where MyBeam has its own way.
namespace MyBeam.Cli;

using System;
using MyBeam.Platform;
using MyBeam.Vm;

/// <summary>A command line on its way to the emulator. Free it.</summary>
internal unsafe struct ErlLine
{
    public TextStore Store;
    /// <summary>The environment that the VM is going to have.</summary>
    public VmEnvironment Environment;
    /// <summary>Flags of the emulator, from 1 on; number 0 is the program's name. And init's arguments.</summary>
    public ArgumentList Emulator, Init;
    public byte* Root, BinFolder, Home, Name;
    public bool Detached;
    /// <summary>When Read gives false: the exit status.</summary>
    public int Status;

    private bool verbose, printArguments, printQuoted, haltAfterwards, noEpmd, protocol;

    /// <summary>Reads a command line. False: there is nothing to start, Status says how to end; a message is printed.</summary>
    public bool Read(byte** arguments, int count)
    {
        Status = 1;
        ArgumentList all = default;
        bool good = Merge(arguments, count, ref all) && Places() && Options(all);
        if (good && noEpmd && !protocol) good = Complain("Missing -proto_dist option, expected when using -no_epmd."u8);
        if (good && haltAfterwards) AddInit3("-s"u8, "erlang"u8, "halt"u8);
        good = good && Finish() && Print();
        if (all.Failed || Emulator.Failed || Init.Failed) good = Complain("Insufficient memory"u8);
        all.Free();
        return good;
    }

    /// <summary>Frees everything.</summary>
    public void Free()
    {
        Emulator.Free();
        Init.Free();
        Store.Free();
        Environment.Free();
    }

    // The order of OTP: ERL_OTP29_FLAGS, ERL_AFLAGS, the command line, ERL_FLAGS, ERL_ZFLAGS; what stands behind any -extra comes last of all.
    private bool Merge(byte** arguments, int count, ref ArgumentList all)
    {
        ArgumentList line = default, extra = default, program = default;
        bool good = Variable("ERL_OTP29_FLAGS"u8, ref all, ref extra, ref program) && Variable("ERL_AFLAGS"u8, ref all, ref extra, ref program);
        for (int i = 0; i < count; i++) line.Add(arguments[i]);
        good = good && Add(line, true, ref all, ref extra, ref program);
        if (count > 0) all.Add(ref Store, "--"u8);
        line.Free();
        good = good && Variable("ERL_FLAGS"u8, ref all, ref extra, ref program) && Variable("ERL_ZFLAGS"u8, ref all, ref extra, ref program);
        if (extra.Count > 0)
        {
            all.Add(ref Store, "-extra"u8);
            all.Add(extra);
        }
        all.Add(program);
        extra.Free();
        program.Free();
        return good;
    }

    // Each variable has an -extra of its own.
    private bool Variable(ReadOnlySpan<byte> name, ref ArgumentList all, ref ArgumentList extra, ref ArgumentList program)
    {
        byte* value = Environment.Get(name);
        if (value == null) return true;
        ArgumentList line = default;
        FlagTexts.Split(TextStore.Span(value), false, ref Store, ref line);
        bool good = Add(line, false, ref all, ref extra, ref program);
        all.Failed |= line.Failed;
        line.Free();
        return good;
    }

    private bool Add(in ArgumentList line, bool commandLine, ref ArgumentList all, ref ArgumentList extra, ref ArgumentList program)
    {
        for (int i = 0; i < line.Count; i++)
        {
            if (Program.Is(line[i], "-args_file"u8))
            {
                if (++i == line.Count) return Missing("-args_file"u8);
                if (!FlagTexts.ReadFile(line[i], ref Store, ref all, ref extra)) return false;
            }
            else if (Program.Is(line[i], "-extra"u8))
            {
                for (i++; i < line.Count; i++) extra.Add(line[i]);
                all.Add(ref Store, "--"u8);
            }
            else if (commandLine && Program.Is(line[i], "-S"u8))
            {
                // ++S: this -S is the command line's; \--: this -- is the program's.
                program.Add(ref Store, "++S"u8);
                for (i++; i < line.Count; i++)
                {
                    if (Program.Is(line[i], "--"u8)) program.Add(ref Store, "\\--"u8);
                    else program.Add(line[i]);
                }
                all.Add(ref Store, "--"u8);
            }
            else all.Add(line[i]);
        }
        return true;
    }

    // Where OTP is, and the variables that tell it to programs.
    private bool Places()
    {
        FindRoot();
        if (BinFolder == null) BinFolder = OtpRoot.BinFolder(Root, ref Store);
        if (Name == null) Name = Store.Copy("erl"u8);
        if (Home == null) Home = Kept("HOME"u8);
        if (Root == null || BinFolder == null || Name == null) return Complain("Insufficient memory"u8);
        return Environment.Set("ROOTDIR"u8, TextStore.Span(Root)) && Environment.Set("BINDIR"u8, TextStore.Span(BinFolder))
            && Environment.Set("EMU"u8, "beam"u8) && Environment.Set("PROGNAME"u8, TextStore.Span(Name)) && SetPath();
    }

    /// <summary>Where OTP is, if nothing has said so yet. Null when memory is out.</summary>
    public void FindRoot()
    {
        if (Root == null) Root = Kept("ERL_ROOTDIR"u8);
        if (Root == null) Root = Store.Copy(ArchiveFiles.Root);
    }

    // The value of a variable, kept while the line lives, or null.
    private byte* Kept(ReadOnlySpan<byte> name)
    {
        byte* value = Environment.Get(name);
        return value == null ? null : Store.Copy(value);
    }

    // OTP's programs come first in PATH. The archive has none.
    private bool SetPath()
    {
        ReadOnlySpan<byte> root = TextStore.Span(Root), bin = TextStore.Span(BinFolder);
        if (root.SequenceEqual(ArchiveFiles.Root)) return true;
        TextBuffer path = default;
        byte* old = Environment.Get("PATH"u8);
        path.Add(bin);
        if (old == null || !Contains(TextStore.Span(old), root))
        {
            path.AddByte(':');
            path.Add(root);
            path.Add("/bin"u8);
        }
        // Where it was before it is taken out, or the variable would grow with each restart.
        for (byte* at = old; at != null;)
        {
            int n = 0;
            while (at[n] is not (0 or (byte)':')) n++;
            ReadOnlySpan<byte> part = new(at, n);
            if (!part.SequenceEqual(bin))
            {
                path.AddByte(':');
                path.Add(part);
            }
            at = at[n] == 0 ? null : at + n + 1;
        }
        bool good = !path.Failed && Environment.Set("PATH"u8, path.Text);
        path.Free();
        return good;
    }

    private static bool Contains(ReadOnlySpan<byte> text, ReadOnlySpan<byte> part)
    {
        for (int i = 0; i + part.Length <= text.Length; i++)
            if (text[i..].StartsWith(part)) return true;
        return false;
    }

    private bool Options(in ArgumentList all)
    {
        if (!Early(all)) return false;
        byte* script = Kept("ESCRIPT_NAME"u8);
        Emulator.Add(script != null ? script : Store.Join(TextStore.Span(BinFolder), "/beam.smp"u8, default));
        if (Home != null)
        {
            AddInit("-home"u8);
            Init.Add(Home);
        }
        byte* epmd = Kept("ERL_EPMD_PORT"u8);
        if (epmd != null)
        {
            AddInit("-epmd_port"u8);
            Init.Add(epmd);
        }
        AddInit("--"u8);
        for (int i = 0; i < all.Count; i++)
        {
            byte* a = all[i];
            if (Program.Is(a, "++S"u8))
            {
                // The rest is the program's.
                AddInit("-noshell"u8);
                AddInit("-S"u8);
                for (i++; i < all.Count; i++) Init.Add(all[i]);
            }
            else if (Program.Is(a, "-extra"u8))
            {
                for (; i < all.Count; i++) Init.Add(all[i]);
            }
            else if (a[0] == '+' && a[1] != '+')
            {
                if (!EmulatorFlag(all, ref i)) return false;
            }
            else if (a[0] != '-') Init.Add(a);
            else if (!InitFlag(all, ref i)) return false;
        }
        return true;
    }

    // Options that choose the emulator. There is one.
    private bool Early(in ArgumentList all)
    {
        for (int i = 0; i < all.Count; i++)
        {
            byte* a = all[i];
            if (Program.Is(a, "-extra"u8) || Program.Is(a, "++S"u8)) return true;
            if (Program.Is(a, "-smpdisable"u8) || (Program.Is(a, "-smp"u8) && i + 1 < all.Count && Program.Is(all[i + 1], "disable"u8)))
                return UsageAfter("Argument '-smp disable' not supported. Use \"+S 1\" instead."u8);
            bool type = Program.Is(a, "-emu_type"u8);
            if (!type && !Program.Is(a, "-emu_flavor"u8)) continue;
            if (!HasNext(all, i)) return false;
            i++;
            bool known = type ? Program.Is(all[i], "opt"u8) : Program.Is(all[i], "smp"u8) || Program.Is(all[i], "emu"u8);
            if (!known) return Complain("Invalid emulator type or flavor. Available combinations are: \n  -emu_flavor smp\n"u8);
        }
        return true;
    }

    private bool InitFlag(in ArgumentList all, ref int i)
    {
        byte* a = all[i];
        if (Program.Is(a, "-compile"u8))
        {
            AddInit("-noshell"u8);
            AddInit("-noinput"u8);
            AddInit3("-s"u8, "c"u8, "lc_batch"u8);
            Emulator.Add(ref Store, "-B"u8);
        }
        else if (Program.Is(a, "-make"u8))
        {
            AddInit("-noshell"u8);
            AddInit("-noinput"u8);
            AddInit3("-s"u8, "make"u8, "all_or_nothing"u8);
            Emulator.Add(ref Store, "-B"u8);
            haltAfterwards = true;
            i = all.Count;
        }
        else if (Program.Is(a, "-configfd"u8))
        {
            if (!HasNext(all, i)) return false;
            if (Program.Is(all[i + 1], "0"u8))
            {
                AddInit("-noshell"u8);
                AddInit("-noinput"u8);
            }
            Init.Add(a);
        }
        else if (Program.Is(a, "-detached"u8))
        {
            Detached = true;
            Init.Add(a);
            AddInit("-noshell"u8);
            AddInit("-noinput"u8);
        }
        else if (Program.Is(a, "-noinput"u8))
        {
            AddInit("-noshell"u8);
            AddInit("-noinput"u8);
        }
        else if (Program.Is(a, "-emu_args"u8)) verbose = true;
        else if (Program.Is(a, "-emu_args_exit"u8)) printArguments = true;
        else if (Program.Is(a, "-emu_qouted_cmd_exit"u8)) printQuoted = true;
        else if (Program.Is(a, "-emu_name_exit"u8))
        {
            Output o = new(Files.StandardOutput);
            o.Line("beam.smp"u8);
            Status = o.End(0);
            return false;
        }
        else if (Program.Is(a, "-env"u8))
        {
            if (!HasNext(all, i)) return false;
            if (!HasNext(all, i + 1, "-env"u8)) return false;
            if (!Environment.Set(TextStore.Span(all[i + 1]), TextStore.Span(all[i + 2]))) return Complain("Insufficient memory"u8);
            i += 2;
        }
        else if (Program.Is(a, "-epmd"u8))
        {
            if (!HasNext(all, i)) return false;
            i++;
        }
        else if (Program.Is(a, "-man"u8)) return Complain("-man: MyBeam has no manual pages"u8);
        else if (Program.Is(a, "-heart"u8)) return Complain("-heart: MyBeam has no heart program"u8);
        else if (Program.Is(a, "-keep_window"u8)) return true;
        else if (Program.Is(a, "-no_epmd"u8))
        {
            Init.Add(a);
            noEpmd = true;
        }
        else if (Program.Is(a, "-version"u8)) Emulator.Add(ref Store, "-V"u8);
        else if (Program.Is(a, "-name"u8) || Program.Is(a, "-sname"u8) || Program.Is(a, "-proto_dist"u8) || Program.Is(a, "-start_epmd"u8))
        {
            if (!HasNext(all, i)) return false;
            byte* value = all[i + 1];
            if (Program.Is(a, "-start_epmd"u8) && !Program.Is(value, "true"u8) && !Program.Is(value, "false"u8))
                return UsageAfter("Expected boolean argument for '-start_epmd'."u8);
            protocol |= Program.Is(a, "-proto_dist"u8);
            Init.Add(a);
            Init.Add(value);
            i++;
        }
        else Init.Add(a);
        return true;
    }

    // Flags of the emulator whose value is the next argument take it with them; the others are passed on as they are.
    private bool EmulatorFlag(in ArgumentList all, ref int i)
    {
        ReadOnlySpan<byte> a = TextStore.Span(all[i]);
        bool value = EmulatorFlagNames.TakesValue(a, out bool wrong);
        bool optional = EmulatorFlagNames.TakesOptionalValue(a, i + 1 < all.Count ? TextStore.Span(all[i + 1]) : default, ref wrong);
        // OTP has changed the sign already when it finds fault with +B.
        if (wrong) return Missing(a, a.Length > 1 && a[1] == 'B');
        if (value && !HasNext(all, i)) return false;
        Emulator.Add(Store.Join("-"u8, a[1..], default));
        if (value || optional) Emulator.Add(all[++i]);
        return true;
    }

    private static bool HasNext(in ArgumentList all, int i) => HasNext(all, i, TextStore.Span(all[i]));

    private static bool HasNext(in ArgumentList all, int i, ReadOnlySpan<byte> option) =>
        (i + 1 < all.Count && !Program.Is(all[i + 1], "--"u8)) || Missing(option);

    private void AddInit(ReadOnlySpan<byte> text) => Init.Add(ref Store, text);

    private void AddInit3(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third)
    {
        AddInit(first);
        AddInit(second);
        AddInit(third);
    }

    // The emulator's vector ends with its "--"; init's begins with where OTP is.
    private bool Finish()
    {
        ArgumentList rest = Init;
        Init = default;
        AddInit("-root"u8);
        Init.Add(Root);
        AddInit("-bindir"u8);
        Init.Add(BinFolder);
        AddInit("-progname"u8);
        Init.Add(Name);
        AddInit("--"u8);
        Init.Add(rest);
        Init.Failed |= rest.Failed;
        rest.Free();
        return true;
    }

    private bool Print()
    {
        if (!printQuoted && !printArguments && !verbose) return true;
        Output o = new(Files.StandardOutput);
        if (printQuoted) PrintAll(ref o, "\""u8, "\" "u8, 1);
        else if (printArguments) PrintAll(ref o, default, "\n"u8, 1);
        else
        {
            o.Text("Executing: "u8);
            o.ZeroTerminated(BinFolder);
            o.Text("/beam.smp"u8);
            PrintAll(ref o, " "u8, default, 0);
            o.Line();
        }
        if (!printArguments || printQuoted) o.Line();
        int status = o.End(0);
        if (verbose && !printArguments && !printQuoted && status == 0) return true;
        Status = status;
        return false;
    }

    private readonly void PrintAll(ref Output o, ReadOnlySpan<byte> before, ReadOnlySpan<byte> after, int from)
    {
        if (printQuoted)
        {
            o.Text(before);
            o.ZeroTerminated(BinFolder);
            o.Text("/beam.smp"u8);
            o.Text(after);
        }
        for (int i = from; i <= Emulator.Count + Init.Count; i++)
        {
            o.Text(before);
            if (i < Emulator.Count) o.ZeroTerminated(Emulator[i]);
            else if (i == Emulator.Count) o.Text("--"u8);
            else o.ZeroTerminated(Init[i - Emulator.Count - 1]);
            o.Text(after);
        }
    }

    // -- messages; each gives false --

    /// <summary>An option stands without what it needs.</summary>
    public static bool Missing(ReadOnlySpan<byte> option, bool minus = false)
    {
        Output e = new(Files.StandardError);
        e.Text("Missing argument(s) for '"u8);
        if (minus) e.Byte((byte)'-');
        e.Text(minus ? option[1..] : option);
        e.Line("'."u8);
        Usage(ref e);
        return false;
    }

    private static bool UsageAfter(ReadOnlySpan<byte> message)
    {
        Output e = new(Files.StandardError);
        e.Line(message);
        Usage(ref e);
        return false;
    }

    /// <summary>The line that ends every message about a wrong command line.</summary>
    public static void Usage(ref Output e)
    {
        e.Line("Usage: mybeam erl [FLAG [VALUE…]]… [-extra ARGUMENT…]; the flags are those of OTP 29's erl"u8);
        e.Flush();
    }

    private static bool Complain(ReadOnlySpan<byte> message)
    {
        Output e = new(Files.StandardError);
        e.Text("erlexec: "u8);
        e.Line(message);
        e.Flush();
        return false;
    }
}
