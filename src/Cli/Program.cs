// mybeam: the command line. Each command is a file of its own; this one chooses.
namespace MyBeam.Cli;

using System;
using System.Runtime.InteropServices;
using MyBeam.Memory;
using MyBeam.Platform;
using MyBeam.Vm;

/// <summary>The entry point.</summary>
public static unsafe partial class Program
{
    public const int Usage = 2;

    [DllImport("mybeam", EntryPoint = "mybeam_arguments"), SuppressGCTransition]
    private static extern byte** Arguments(int* count);

    [DllImport("mybeam", EntryPoint = "mybeam_archive"), SuppressGCTransition]
    private static extern byte* Archive(nuint* bytes);

    /// <summary>Runs the command named by the first argument; gives the exit status.</summary>
    public static int Main()
    {
        int count;
        byte** arguments = Arguments(&count);
        nuint archiveBytes;
        byte* archive = Archive(&archiveBytes);
        // Before the first allocation: blocks made earlier would have no head to check.
        for (int i = 1; i < count; i++)
            if (Is(arguments[i], "--check-memory"u8)) Allocator.EnableChecking();
        OsSignals.Ignore(OsSignal.BrokenPipe);
        OsProcess.OpenStandardDescriptors();
        return Named(arguments, count, archive, archiveBytes, out int status) ? status : Dispatch(arguments + 1, count - 1, archive, archiveBytes);
    }

    // Called through a symbolic link named erl, erlc or escript, it is that program.
    private static bool Named(byte** arguments, int count, byte* archive, nuint archiveBytes, out int status)
    {
        status = 0;
        if (count == 0) return false;
        byte* name = arguments[0];
        for (byte* at = name; *at != 0; at++)
            if (*at == '/') name = at + 1;
        bool named = Is(name, "erl"u8) || Is(name, "erlc"u8) || Is(name, "escript"u8);
        if (!named) return false;
        AtomTable.Initialize();
        status = Otp(name, arguments + 1, count - 1, archive, archiveBytes);
        return true;
    }

    private static int Otp(byte* name, byte** arguments, int count, byte* archive, nuint archiveBytes) =>
        Is(name, "erl"u8) ? ErlCommand.Run(arguments, count, archive, archiveBytes)
        : Is(name, "erlc"u8) ? ErlcCommand.Run(arguments, count, archive, archiveBytes)
        : EscriptCommand.Run(arguments, count, archive, archiveBytes);

    private static int Dispatch(byte** arguments, int count, byte* archive, nuint archiveBytes)
    {
        if (count == 0) return Wrong("mybeam: give a command; mybeam --help lists them"u8, null);
        byte* command = arguments[0];
        if (Is(command, "--help"u8) || Is(command, "-h"u8) || Is(command, "help"u8)) return PrintUsage();
        // Theirs are all arguments that follow.
        if (Is(command, "erl"u8) || Is(command, "erlc"u8) || Is(command, "escript"u8))
        {
            AtomTable.Initialize();
            return Otp(command, arguments + 1, count - 1, archive, archiveBytes);
        }
        // Also after any other command, up to "--".
        for (int i = 0; i < count && !Is(arguments[i], "--"u8); i++)
        {
            if (Is(arguments[i], "--help"u8)) return PrintUsage();
            if (Is(arguments[i], "--version"u8)) return PrintVersion(archive, archiveBytes);
        }
        AtomTable.Initialize();
        if (Is(command, "run"u8)) return RunCommand.Run(arguments + 1, count - 1, archive, archiveBytes);
        if (Is(command, "info"u8)) return InfoCommand.Run(arguments + 1, count - 1);
        if (Is(command, "dis"u8)) return DisCommand.Run(arguments + 1, count - 1);
        if (Is(command, "closure"u8)) return ClosureWithMachine(arguments + 1, count - 1);
        if (Is(command, "archive"u8)) return ArchiveCommand.Run(arguments + 1, count - 1, archive, archiveBytes);
        if (Is(command, "loadtest"u8)) return LoadTestCommand.Run(arguments + 1, count - 1);
        if (Is(command, "fuzz"u8)) return FuzzCommand.Run(arguments + 1, count - 1);
        if (Is(command, "fixturetest"u8)) return FixtureTestCommand.Run(arguments + 1, count - 1, archive, archiveBytes);
        return Wrong("mybeam: no such command; mybeam --help lists them: "u8, command);
    }

    private static int Wrong(ReadOnlySpan<byte> text, byte* what)
    {
        Output errors = new(Files.StandardError);
        errors.Text(text);
        if (what != null) errors.ZeroTerminated(what);
        errors.Line();
        errors.Flush();
        return Usage;
    }

    private static int PrintVersion(byte* archive, nuint archiveBytes)
    {
        Output o = new(Files.StandardOutput);
        o.Text("mybeam 0.1 (OTP 29 semantics"u8);
        o.Text(sizeof(nint) == 8 && System.Runtime.Intrinsics.Arm.ArmBase.Arm64.IsSupported ? ", arm64"u8 : ", x86-64"u8);
        o.Text(", archive of "u8);
        o.Number(ModuleArchive.Count(archive, archiveBytes));
        o.Line(" modules)"u8);
        return o.End(0);
    }

    private static int ClosureWithMachine(byte** arguments, int count)
    {
        Machine* m = Machine.Create();
        if (m == null) return 1;
        closureMachine = m;
        int status = ClosureCommand.Run(arguments, count, new ClosureHooks { Implemented = &Implemented, HasNative = &HasNative });
        Machine.Destroy(m);
        return status;
    }

    // The hooks of the closure tool carry no state of their own.
    private static Machine* closureMachine;

    private static bool Implemented(int op) => Rules.Handles(op);

    private static bool HasNative(Term module, Term function, int arity)
    {
        Export* e = ExportTable.Find(closureMachine, module, function, arity);
        return e != null && e->Native != null;
    }

    /// <summary>Whether a zero-terminated argument is this text.</summary>
    public static bool Is(byte* argument, ReadOnlySpan<byte> text)
    {
        for (int i = 0; i < text.Length; i++)
            if (argument[i] != text[i]) return false;
        return argument[text.Length] == 0;
    }

    private static int PrintUsage()
    {
        Output o = new(Files.StandardOutput);
        o.Line("usage: mybeam COMMAND …"u8);
        o.Line("  run FILE.beam|MODULE [FUNCTION [ARG…]]   calls a function and prints its result; ARGs are Erlang terms"u8);
        o.Line("      -pa DIR          look for modules in DIR first (may be repeated)"u8);
        o.Line("      --time           print the run time of the function in microseconds to stderr"u8);
        o.Line("      --schedulers N   run on at most N threads (default: one for each processor)"u8);
        o.Line("      --deterministic SEED   the same order of events in each run with this seed: one thread, virtual time"u8);
        o.Line("      --gc-stress      collect garbage at every allocation"u8);
        o.Line("      --check-memory   check every block of native memory"u8);
        o.Line("      --stats          print reductions, collections and memory to stderr"u8);
        o.Line("  erl [FLAG…]                              starts Erlang/OTP as the program erl does; the flags are those of OTP 29's erl"u8);
        o.Line("      -root DIR        with the OTP installation in DIR instead of the one in this executable"u8);
        o.Line("      --schedulers N, --deterministic SEED, --gc-stress, --check-memory, --verify-heap, --stats: before erl's own flags"u8);
        o.Line("  erlc [OPTION…] FILE…                     compiles Erlang files as the program erlc does"u8);
        o.Line("  escript [OPTION…] FILE [ARG…]            runs a script as the program escript does"u8);
        o.Line("      a symbolic link to this executable named erl, erlc or escript is that command"u8);
        o.Line("  dis FILE… [--specific]                   disassembles: generic instructions, or the threaded code made of them"u8);
        o.Line("  info FILE…                               chunks, exports, imports, attributes"u8);
        o.Line("  closure FILE|DIR… [--json]               opcodes and imported functions used, with counts, and which MyBeam has"u8);
        o.Line("  archive [PATH]                           lists OTP's files in the executable with their sizes; a file's PATH: writes it to stdout"u8);
        o.Line("  --version, --help"u8);
        return o.End(0);
    }
}
