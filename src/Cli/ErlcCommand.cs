// mybeam erlc: OTP's compiler from the command line. It makes of its options a command line of erl that runs erl_compile, as OTP's program erlc does.
namespace MyBeam.Cli;

using System;
using MyBeam.Platform;

/// <summary>The command `erlc`.</summary>
public static unsafe class ErlcCommand
{
    /// <summary>Compiles; gives the exit status.</summary>
    public static int Run(byte** arguments, int count, byte* archive, nuint archiveBytes)
    {
        ErlLine line = default;
        ArgumentList testing = default, front = default, rest = default;
        ErlCommand.TakeTesting(ref arguments, ref count, ref testing);
        bool good = Translate(ref line, arguments, count, ref front, ref rest);
        if (good && (testing.Failed | front.Failed | rest.Failed)) good = Complain("Insufficient memory"u8);
        // What was put in front last comes first.
        for (int i = front.Count - 1; i >= 0; i--) testing.Add(front[i]);
        testing.Add(rest);
        front.Free();
        rest.Free();
        if (good) return ErlCommand.Run(ref line, ref testing, archive, archiveBytes);
        line.Free();
        testing.Free();
        return 1;
    }

    private static bool Translate(ref ErlLine line, byte** arguments, int count, ref ArgumentList front, ref ArgumentList rest)
    {
        bool server = UsesServer(ref line);
        // Room in tables that a compilation never needs is saved.
        if (!FlagTextsOf(ref line, "+sbtu +A0 +P 65536 +Q 1024 -noinput -mode minimal -boot no_dot_erlang -s erl_compile compile_cmdline -extra"u8, ref rest)) return false;
        int debug = 0;
        byte* source = line.Store.Copy("<no source>"u8);
        for (int i = 0; i < count; i++)
        {
            byte* a = arguments[i];
            source = a;
            if (a[0] is (byte)'-' or (byte)'+') source = line.Store.Copy("<no source>"u8);
            if (Program.Is(a, "-d"u8)) debug++;
            else if (Program.Is(a, "-no-server"u8)) server = false;
            else if (Program.Is(a, "-server"u8)) server = true;
            else if (Program.Is(a, "-smp"u8)) front.Add(a);
            else if (a[0] == '-' && a[1] == 'p' && a[2] is (byte)'a' or (byte)'z')
            {
                byte letter = a[2];
                byte* folder = a + 3;
                if (*folder == 0)
                {
                    if (++i == count || arguments[i][0] == '-') return Complain("No value given to -p option"u8);
                    folder = arguments[i];
                }
                front.Add(folder);
                front.Add(ref line.Store, letter == 'a' ? "-pa"u8 : "-pz"u8);
            }
            else rest.Add(a);
        }
        if (!server) front.Add(ref line.Store, "+S1"u8);
        if (debug > 0) Spawning(source, debug, front, rest);
        return line.Environment.Set("ESCRIPT_NAME"u8, "erlc"u8) && Configuration(ref line);
    }

    // OTP's compile server tells by it whether it is the right one. There is none here, but programs see the variable.
    private static bool Configuration(ref ErlLine line)
    {
        byte* path = stackalloc byte[4096];
        return OsProcess.ExecutablePath(path, 4096, out nuint n) != Errno.None || line.Environment.Set("ERLC_CONFIGURATION"u8, new ReadOnlySpan<byte>(path, (int)n));
    }

    private static bool FlagTextsOf(ref ErlLine line, ReadOnlySpan<byte> text, ref ArgumentList to)
    {
        FlagTexts.Split(text, false, ref line.Store, ref to);
        return !to.Failed || Complain("Insufficient memory"u8);
    }

    private static bool UsesServer(ref ErlLine line)
    {
        byte* use = line.Environment.Get("ERLC_USE_SERVER"u8);
        if (use == null || Program.Is(use, "false"u8) || Program.Is(use, "no"u8)) return false;
        if (Program.Is(use, "true"u8) || Program.Is(use, "yes"u8)) return true;
        Output e = new(Files.StandardError);
        e.Text("erlc: Warning: Ignoring unrecognized value '"u8);
        e.ZeroTerminated(use);
        e.Line("' for environment value ERLC_USE_SERVER"u8);
        e.Flush();
        return false;
    }

    private static void Spawning(byte* source, int debug, in ArgumentList front, in ArgumentList rest)
    {
        Output e = new(Files.StandardError);
        e.Text("spawning erl for "u8);
        e.ZeroTerminated(source);
        if (debug > 1)
        {
            e.Text(":\n  erl "u8);
            for (int i = front.Count + rest.Count - 1; i >= 0; i--)
            {
                int k = front.Count + rest.Count - 1 - i;
                e.ZeroTerminated(k < front.Count ? front[front.Count - 1 - k] : rest[k - front.Count]);
                e.Byte((byte)' ');
            }
        }
        e.Line();
        e.Flush();
    }

    private static bool Complain(ReadOnlySpan<byte> message)
    {
        Output e = new(Files.StandardError);
        e.Text("erlc: "u8);
        e.Line(message);
        e.Flush();
        return false;
    }
}
