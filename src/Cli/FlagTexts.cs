// Arguments out of a text: an environment variable like ERL_FLAGS, or a file of arguments (-args_file).
namespace MyBeam.Cli;

using System;
using MyBeam.Memory;
using MyBeam.Platform;
using MyBeam.Vm;

/// <summary>Splits texts into arguments as the program erl does: at white space, with quotes and backslashes, in files also with # comments.</summary>
internal static unsafe class FlagTexts
{
    /// <summary>Appends the arguments of a text (copied to the store). Behind them stands "--", unless one of them is -extra, so that they do not run into those that follow.</summary>
    public static void Split(ReadOnlySpan<byte> text, bool comments, ref TextStore store, ref ArgumentList to)
    {
        int before = to.Count;
        bool extra = false;
        // An argument never has more bytes than its text.
        byte* buffer = (byte*)Allocator.Alloc((nuint)text.Length + 1, Owner.Text);
        if (buffer == null)
        {
            to.Failed = true;
            return;
        }
        int at = 0;
        while (Skip(text, comments, ref at))
        {
            int n = Argument(text, comments, ref at, buffer);
            ReadOnlySpan<byte> argument = new(buffer, n);
            extra |= argument.SequenceEqual("-extra"u8);
            to.Add(ref store, argument);
        }
        Allocator.Free(buffer, (nuint)text.Length + 1, Owner.Text);
        if (to.Count > before && !extra) to.Add(ref store, "--"u8);
    }

    // To the next argument; false at the end.
    private static bool Skip(ReadOnlySpan<byte> text, bool comments, ref int at)
    {
        for (; at < text.Length; at++)
        {
            if (IsSpace(text[at])) continue;
            if (!comments || text[at] != '#') return true;
            while (at + 1 < text.Length && text[at + 1] != '\n') at++;
        }
        return false;
    }

    private static int Argument(ReadOnlySpan<byte> text, bool comments, ref int at, byte* to)
    {
        int n = 0;
        byte quote = 0;
        for (; at < text.Length; at++)
        {
            byte c = text[at];
            if (quote != 0)
            {
                if (c == quote) quote = 0;
                else to[n++] = c;
            }
            else if (IsSpace(c) || (comments && c == '#')) break;
            else if (c is (byte)'"' or (byte)'\'') quote = c;
            else if (c != '\\') to[n++] = c;
            else if (at + 1 < text.Length) to[n++] = text[++at];
        }
        return n;
    }

    private static bool IsSpace(byte c) => c is (byte)' ' or (>= 9 and <= 13);

    /// <summary>Appends the arguments of a file, and of files that it names by -args_file; those behind -extra go to the other list. False after an error message.</summary>
    public static bool ReadFile(byte* name, ref TextStore store, ref ArgumentList to, ref ArgumentList extra, int depth = 0)
    {
        // One that names itself would go on for ever.
        if (depth > 32) return Failed("open"u8, name, Errno.Eloop);
        Errno error = Files.Open(name, OpenModes.Read, 0, out int descriptor);
        if (error != Errno.None) return Failed("open"u8, name, error);
        TextBuffer text = default;
        error = ReadAll(descriptor, ref text);
        _ = Files.Close(descriptor);
        ArgumentList all = default;
        if (error == Errno.None) Split(text.Text, true, ref store, ref all);
        text.Free();
        bool good = error == Errno.None || Failed("read"u8, name, error);
        for (int i = 0; good && i < all.Count; i++)
        {
            if (Program.Is(all[i], "-args_file"u8))
            {
                if (++i == all.Count) good = ErlLine.Missing("-args_file"u8);
                else good = ReadFile(all[i], ref store, ref to, ref extra, depth + 1);
            }
            else if (Program.Is(all[i], "-extra"u8))
            {
                for (i++; i < all.Count; i++) extra.Add(all[i]);
            }
            else to.Add(all[i]);
        }
        to.Failed |= all.Failed;
        all.Free();
        return good;
    }

    private static Errno ReadAll(int descriptor, ref TextBuffer text)
    {
        while (true)
        {
            byte* to = text.Reserve(4096);
            if (to == null) return Errno.Enomem;
            Errno error = Files.Read(descriptor, to, 4096, out nuint n);
            if (error != Errno.None || n == 0) return error;
            text.Advance((long)n);
        }
    }

    private static bool Failed(ReadOnlySpan<byte> what, byte* name, Errno error)
    {
        Output e = new(Files.StandardError);
        e.Text("Failed to "u8);
        e.Text(what);
        e.Text(" arguments file \""u8);
        e.ZeroTerminated(name);
        if (what.SequenceEqual("open"u8))
        {
            e.Text("\" at \""u8);
            byte* folder = stackalloc byte[4096];
            if (FileSystem.WorkingDirectory(folder, 4096) == Errno.None) e.ZeroTerminated(folder);
        }
        e.Text("\": "u8);
        e.Line(Message(error));
        ErlLine.Usage(ref e);
        return false;
    }

    /// <summary>What the C library says of the errors that opening a file has.</summary>
    public static ReadOnlySpan<byte> Message(Errno error) => error switch
    {
        Errno.Enoent => "No such file or directory"u8,
        Errno.Eacces => "Permission denied"u8,
        Errno.Eisdir => "Is a directory"u8,
        Errno.Enotdir => "Not a directory"u8,
        Errno.Enomem => "Cannot allocate memory"u8,
        Errno.Eloop => "Too many levels of symbolic links"u8,
        _ => ErrnoNames.Atom(error),
    };
}
