// Natives of prim_tty: the standard descriptors, as pipes and files or as a terminal.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Natives of prim_tty but for those of terminfo.</summary>
public static unsafe class PrimTtyBifs
{
    /// <summary>More than this is not read at a time.</summary>
    private const int MostRead = 1024;

    // Binaries of one write that are put together: system calls cost more than copying so little.
    private const int GatherBytes = 16 * 1024;

    private const int NoDescriptor = -1;

    /// <summary>The descriptor that an atom names, or -1.</summary>
    internal static int Descriptor(Term t) =>
        t == Am.Stdin ? Files.StandardInput : t == Am.Stdout ? Files.StandardOutput : t == Am.Stderr ? Files.StandardError : NoDescriptor;

    /// <summary>What tty_create made, or null.</summary>
    internal static TtyResource* Open(Term t) => (TtyResource*)MagicRefs.Open(t, ResourceKind.Tty);

    private static Term PosixAtom(Errno error) => AtomTable.Intern(ErrnoNames.Atom(error));

    private static Term Failed(Process* p, Term reason) => Process.Tuple(p, Am.Error, reason);

    // {error, {Call, Posix}}.
    internal static Term Failed(Process* p, System.ReadOnlySpan<byte> call, Errno error) => Failed(p, Process.Tuple(p, AtomTable.Intern(call), PosixAtom(error)));

    [Bif("prim_tty:isatty/1")]
    public static Term IsATty(Process* p, Term* a)
    {
        int descriptor = Descriptor(a[0]);
        if (descriptor == NoDescriptor) return Process.Badarg(p);
        TerminalSettings settings;
        Errno error = Terminal.Get(descriptor, &settings);
        return error == Errno.None ? Am.True : error is Errno.Enotty or Errno.Einval ? Am.False : Am.Ebadf;
    }

    [Bif("prim_tty:tty_create/1")]
    public static Term Create(Process* p, Term* a)
    {
        int output = Descriptor(a[0]);
        if (output is NoDescriptor or Files.StandardInput) return Process.Badarg(p);
        TtyResource* t = TtyResource.Create(output);
        if (t == null) return Process.SystemLimit(p);
        Term reference = MagicRefs.Make(p, &t->Head);
        if (reference.IsNone) return reference;
        t->Id0 = ((MagicRef*)reference.Box)->Id0;
        t->Id1 = ((MagicRef*)reference.Box)->Id1;
        return Process.Tuple(p, Am.Ok, reference);
    }

    /// <summary>tty_init(Tty, #{input := raw | cooked | disabled}): sets the terminal so; {error, enotsup} for raw when it is none.</summary>
    [Bif("prim_tty:tty_init/2")]
    public static Term Init(Process* p, Term* a)
    {
        TtyResource* t = Open(a[0]);
        if (t == null || !a[1].IsMap || !Maps.Get(a[1], Am.Input, out Term input)) return Process.Badarg(p);
        bool raw = input == Am.Raw;
        if (t->Mode == TtyMode.Unavailable) return raw ? Failed(p, Am.Enotsup) : Am.Ok;
        bool wasRaw = t->Mode == TtyMode.Enabled;
        t->Mode = raw ? TtyMode.Enabled : TtyMode.Disabled;
        if (!raw && !wasRaw) return Am.Ok;
        t->Now = t->Found;
        if (raw) t->Now.SetRaw();
        if (raw) TtyShared.Note(p->Machine, t, true);
        Errno error = Terminal.Set(t->Output, &t->Now);
        if (error != Errno.None) return Failed(p, "tcsetattr"u8, error);
        if (!raw) TtyShared.Note(p->Machine, t, false);
        return Am.Ok;
    }

    /// <summary>Whether the environment asks for UTF-8.</summary>
    [Bif("prim_tty:setlocale/1")]
    public static Term SetLocale(Process* p, Term* a) => TtyLocale.IsUtf8() ? Am.True : Am.False;

    [Bif("prim_tty:tty_encoding/1")]
    public static Term Encoding(Process* p, Term* a) => Am.Utf8;

    /// <summary>tty_is_open(Tty, stdin | stdout | stderr): false when the other side has hung up.</summary>
    [Bif("prim_tty:tty_is_open/2")]
    public static Term IsOpen(Process* p, Term* a)
    {
        int descriptor = Descriptor(a[1]);
        if (Open(a[0]) == null || descriptor == NoDescriptor) return Process.Badarg(p);
        PollEntry entry = new() { Descriptor = descriptor, Wanted = PollEvents.HangUp };
        Errno error = Files.Poll(&entry, 1, 0, out int ready);
        if (error != Errno.None) return Failed(p, "tty_is_open"u8, error);
        return ready == 0 ? Am.True : (entry.Ready & PollEvents.HangUp) != 0 ? Am.False : Process.Badarg(p);
    }

    /// <summary>tty_select(Tty, Ref): the caller gets {select, Tty, Ref, ready_input} once, when there is input.</summary>
    [Bif("prim_tty:tty_select/2")]
    public static Term Select(Process* p, Term* a)
    {
        TtyResource* t = Open(a[0]);
        if (t == null) return Process.Badarg(p);
        Await(p, t, a[1]);
        return Am.Ok;
    }

    private static void Await(Process* p, TtyResource* t, Term reference)
    {
        t->Reader = p->Pid;
        t->HasReference = reference.IsKind(Header.Reference) || reference.IsKind(Header.MagicRef) ? 1 : 0;
        if (t->HasReference != 0)
        {
            t->Reference0 = ((Reference*)reference.Box)->Id0;
            t->Reference1 = ((Reference*)reference.Box)->Id1;
        }
        // Files are always ready, as is what has ended.
        PollEntry entry = new() { Descriptor = Files.StandardInput, Wanted = PollEvents.Read };
        _ = Files.Poll(&entry, 1, 0, out _);
        if (entry.Ready != 0)
        {
            TtyResource.TellReader(p->Machine, t);
            return;
        }
        TtyShared.Await(p->Machine, t);
    }

    /// <summary>{ok, {Columns, Rows}}, -1 for one that is not known; {error, enotsup} when neither is.</summary>
    [Bif("prim_tty:tty_window_size/1")]
    public static Term WindowSize(Process* p, Term* a)
    {
        TtyResource* t = Open(a[0]);
        if (t == null) return Process.Badarg(p);
        if (!Terminal.Size(Files.StandardInput, out int columns, out int rows)) _ = Terminal.Size(t->Output, out columns, out rows);
        if (columns == 0 && rows == 0) return Failed(p, Am.Enotsup);
        return Process.Tuple(p, Am.Ok, Process.Tuple(p, Term.Small(columns == 0 ? -1 : columns), Term.Small(rows == 0 ? -1 : rows)));
    }

    /// <summary>write_nif(Tty, [Binary]): writes all of it, however long it takes. ok or {error, Posix}.</summary>
    [Bif("prim_tty:write_nif/2", BifKind.Traps)]
    public static Term Write(Process* p, Term* a)
    {
        TtyResource* t = Open(a[0]);
        if (t == null || !AreBinaries(a[1])) return Process.Badarg(p);
        if (!DirtyPool.Runs(p)) return DirtyPool.Enter(p, a, ExportTable.Put(p->Machine, Am.PrimTty, Am.WriteNif, 2), &p->Machine->DirtyIo);
        byte* gathered = (byte*)Allocator.Alloc(GatherBytes, Owner.Temporary);
        if (gathered == null) return Process.SystemLimit(p);
        long used = 0;
        Errno error = Errno.None;
        for (Term rest = a[1]; rest.IsCons && error == Errno.None; rest = rest.Tail)
        {
            if (!Binaries.Aligned(rest.Head, out byte* data, out long bytes, out byte* copy)) continue;
            if (used + bytes > GatherBytes)
            {
                error = WriteAll(t->Output, gathered, used);
                used = 0;
            }
            if (bytes > GatherBytes)
            {
                if (error == Errno.None) error = WriteAll(t->Output, data, bytes);
            }
            else
            {
                System.Buffer.MemoryCopy(data, gathered + used, bytes, bytes);
                used += bytes;
            }
            if (copy != null) Allocator.Free(copy, (nuint)bytes, Owner.Temporary);
        }
        if (error == Errno.None) error = WriteAll(t->Output, gathered, used);
        Allocator.Free(gathered, GatherBytes, Owner.Temporary);
        return error == Errno.None ? Am.Ok : Failed(p, PosixAtom(error));
    }

    private static bool AreBinaries(Term list)
    {
        for (; list.IsCons; list = list.Tail)
            if (!Binaries.Bytes(list.Head, out _, out _, out long bits) || (bits & 7) != 0) return false;
        return list.IsNil;
    }

    private static Errno WriteAll(int descriptor, byte* data, long bytes)
    {
        while (bytes > 0)
        {
            Errno error = Files.Write(descriptor, data, (nuint)bytes, out nuint written);
            if (error == Errno.Eagain)
            {
                // Somebody has made it non-blocking (the other side of a terminal can).
                PollEntry entry = new() { Descriptor = descriptor, Wanted = PollEvents.Write };
                _ = Files.Poll(&entry, 1, -1, out _);
                continue;
            }
            if (error != Errno.None) return error;
            data += written;
            bytes -= (long)written;
        }
        return Errno.None;
    }

    /// <summary>
    /// read_nif(Tty, Ref, N): at most N bytes of input (and at most 1024), {ok, Binary}, and asks to be told of the next as tty_select/2 does; {error, closed} at
    /// the end. May wait when the message of tty_select was not waited for.
    /// </summary>
    [Bif("prim_tty:read_nif/3", BifKind.Traps)]
    public static Term Read(Process* p, Term* a)
    {
        TtyResource* t = Open(a[0]);
        if (t == null || !Arithmetic.TryUnsigned(a[2], out ulong count)) return Process.Badarg(p);
        if (!DirtyPool.Runs(p)) return DirtyPool.Enter(p, a, ExportTable.Put(p->Machine, Am.PrimTty, Am.ReadNif, 3), &p->Machine->DirtyIo);
        if (count > MostRead) count = MostRead;
        byte* buffer = stackalloc byte[MostRead];
        Errno error = Files.Read(Files.StandardInput, buffer, (nuint)count, out nuint read);
        if (error != Errno.None && error != Errno.Eagain) return Failed(p, "read"u8, error);
        if (error == Errno.None && read == 0) return Failed(p, Am.Closed);
        Term data = Binaries.FromBytes(p, buffer, (long)read);
        if (data.IsNone) return data;
        Await(p, t, a[1]);
        return Process.Tuple(p, Am.Ok, data);
    }

    // -- characters --

    private static bool Int32(Term t, out int value)
    {
        bool good = t.IsSmall && t.SmallValue >= int.MinValue && t.SmallValue <= int.MaxValue;
        value = good ? (int)t.SmallValue : 0;
        return good;
    }

    /// <summary>Whether a byte is printable ASCII; like C's function with a char, it looks at eight bits only.</summary>
    [Bif("prim_tty:isprint/1")]
    public static Term IsPrint(Process* p, Term* a)
    {
        if (!Int32(a[0], out int value)) return Process.Badarg(p);
        return (byte)value is >= 0x20 and < 0x7F ? Am.True : Am.False;
    }

    private static Term NotPrintable(Process* p) => Failed(p, Am.NotPrintable);

    /// <summary>Columns of a character, or {error, not_printable}.</summary>
    [Bif("prim_tty:wcwidth/1")]
    public static Term Width(Process* p, Term* a)
    {
        if (!Int32(a[0], out int value)) return Process.Badarg(p);
        int width = CharacterWidths.Of(value);
        return width < 0 ? NotPrintable(p) : Term.Small(width);
    }

    /// <summary>Columns of iodata with 32 bits a character, up to a zero: {ok, Columns}.</summary>
    [Bif("prim_tty:wcswidth/1")]
    public static Term WidthOfAll(Process* p, Term* a)
    {
        if (!IoData.Size(a[0], false, out ulong bits, out _)) return Process.Badarg(p);
        long bytes = (long)(bits / 8);
        byte* text = (byte*)Allocator.Alloc((nuint)bytes, Owner.Temporary);
        if (text == null && bytes != 0) return Process.SystemLimit(p);
        IoData.Copy(a[0], text, bytes);
        long sum = 0;
        bool good = true;
        for (long i = 0; good && i < bytes / 4; i++)
        {
            int c = ((int*)text)[i];
            if (c == 0) break;
            int width = CharacterWidths.Of(c);
            good = width >= 0;
            sum += width;
        }
        Allocator.Free(text, (nuint)bytes, Owner.Temporary);
        Process.Bump(p, bytes / 64);
        return good ? Process.Tuple(p, Am.Ok, Term.Small(sum)) : NotPrintable(p);
    }

    [Bif("prim_tty:sizeof_wchar/0")]
    public static Term SizeOfWideCharacter(Process* p, Term* a) => Term.Small(4);
}
