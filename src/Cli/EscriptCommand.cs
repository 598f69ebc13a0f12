// mybeam escript: runs a script. It makes a command line of erl that runs OTP's module escript, as OTP's program escript does.
namespace MyBeam.Cli;

using System;
using MyBeam.Platform;

/// <summary>The command `escript`.</summary>
public static unsafe class EscriptCommand
{
    // Longer lines of flags are cut.
    private const int LineBytes = 1024;

    /// <summary>Runs a script; gives the exit status.</summary>
    public static int Run(byte** arguments, int count, byte* archive, nuint archiveBytes)
    {
        ErlLine line = default;
        ArgumentList all = default;
        ErlCommand.TakeTesting(ref arguments, ref count, ref all);
        if (Translate(ref line, arguments, count, ref all)) return ErlCommand.Run(ref line, ref all, archive, archiveBytes);
        line.Free();
        all.Free();
        return 1;
    }

    private static bool Translate(ref ErlLine line, byte** arguments, int count, ref ArgumentList all)
    {
        int options = 0;
        while (options < count && arguments[options][0] == '-') options++;
        if (options == count) return Complain("Missing filename\n"u8, null);
        byte* script = arguments[options];
        all.Add(ref line.Store, "+B"u8);
        all.Add(ref line.Store, "-noshell"u8);
        all.Add(ref line.Store, "-boot"u8);
        // Only newer modules init know $ROOT there; the others look in the root's folder bin by themselves.
        line.FindRoot();
        if (line.Root == null) return Complain("Insufficient memory"u8, null);
        all.Add(ref line.Store, OtpRoot.EmulatorMajor(line.Root, ref line.Store) < OtpRoot.OwnMajor ? "no_dot_erlang"u8 : "$ROOT/no_dot_erlang"u8);
        if (!ScriptFlags(script, ref line.Store, ref all)) return false;
        all.Add(ref line.Store, "-run"u8);
        all.Add(ref line.Store, "escript"u8);
        all.Add(ref line.Store, "start"u8);
        for (int i = 0; i < options; i++) all.Add(arguments[i] + 1);
        all.Add(ref line.Store, "-extra"u8);
        for (int i = options; i < count; i++) all.Add(arguments[i]);
        return line.Environment.Set("ESCRIPT_NAME"u8, TextStore.Span(script)) && !all.Failed ? true : Complain("Insufficient memory"u8, null);
    }

    // The flags of a line "%%! …", the second or third of the script.
    private static bool ScriptFlags(byte* script, ref TextStore store, ref ArgumentList all)
    {
        if (Files.Open(script, OpenModes.Read, 0, out int descriptor) != Errno.None) return Complain("Failed to open file: "u8, script);
        byte* text = stackalloc byte[3 * LineBytes];
        Errno error = Files.ReadAll(descriptor, text, 3 * LineBytes, out nuint bytes);
        _ = Files.Close(descriptor);
        ReadOnlySpan<byte> rest = new(text, error == Errno.None ? (int)bytes : 0);
        _ = Line(ref rest);
        ReadOnlySpan<byte> flags = Line(ref rest);
        if (!flags.StartsWith("%%!"u8)) flags = Line(ref rest);
        if (!flags.StartsWith("%%!"u8)) return true;
        flags = flags[3..];
        while (true)
        {
            while (!flags.IsEmpty && flags[0] == ' ') flags = flags[1..];
            int n = flags.IndexOf((byte)' ');
            if (n < 0) n = flags.Length;
            if (n == 0) return true;
            all.Add(ref store, flags[..n]);
            flags = flags[n..];
        }
    }

    // As C's fgets: a line, without its end, or as much of it as fits.
    private static ReadOnlySpan<byte> Line(ref ReadOnlySpan<byte> text)
    {
        int n = text.IndexOf((byte)'\n');
        bool ends = n >= 0 && n < LineBytes - 1;
        if (!ends) n = Math.Min(text.Length, LineBytes - 1);
        ReadOnlySpan<byte> line = text[..n];
        text = text[(ends ? n + 1 : n)..];
        return line;
    }

    private static bool Complain(ReadOnlySpan<byte> message, byte* what)
    {
        Output e = new(Files.StandardError);
        e.Text("escript: "u8);
        e.Text(message);
        if (what != null) e.ZeroTerminated(what);
        e.Line();
        e.Flush();
        return false;
    }
}
