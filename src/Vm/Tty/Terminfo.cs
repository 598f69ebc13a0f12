// The description of the terminal: a compiled terminfo file (term(5)), read once by setupterm.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>One description; zeroed memory is none. The caller holds TtyShared.Lock.</summary>
public unsafe struct Terminfo
{
    private byte* data;
    private nuint bytes;
    private int flags, numbers, numberBytes, texts;
    private byte* flagsAt;
    private byte* numbersAt;
    private byte* textsAt;
    private byte* table;
    private int tableBytes;

    private const int MostBytes = 64 * 1024, MostPath = 1024;
    private const int Magic = 0x11A, MagicWide = 0x21E, HeaderBytes = 12;
    // Indices: a flag for "no particular terminal" and one for "prints on paper"; the numbers of columns and lines.
    private const int Generic = 6, HardCopy = 7, Columns = 0, Lines = 2;

    /// <summary>Whether there is a description.</summary>
    public readonly bool IsLoaded => data != null;

    /// <summary>Frees it.</summary>
    public void Free()
    {
        if (data != null) Allocator.Free(data, bytes, Owner.Vm);
        this = default;
    }

    /// <summary>Finds and reads the description of the terminal that TERM names. False, with the old one kept: there is none that is of use.</summary>
    public static bool Load(Terminfo* to)
    {
        Terminfo fresh = default;
        if (!Find(ref fresh)) return false;
        if (!fresh.Parse() || fresh.Flag(Generic) || fresh.Flag(HardCopy))
        {
            fresh.Free();
            return false;
        }
        to->Free();
        *to = fresh;
        return true;
    }

    // Where ncurses looks: TERMINFO, ~/.terminfo, TERMINFO_DIRS, and the folders of the system.
    private static bool Find(ref Terminfo to)
    {
        byte* name = Variable("TERM\0"u8);
        if (name == null || *name == 0) return false;
        for (byte* c = name; *c != 0; c++)
            if (*c == '/') return false;
        byte* folder = Variable("TERMINFO\0"u8);
        if (folder != null && Read(ref to, folder, Length(folder), ""u8, name)) return true;
        byte* home = Variable("HOME\0"u8);
        if (home != null && Read(ref to, home, Length(home), "/.terminfo"u8, name)) return true;
        byte* folders = Variable("TERMINFO_DIRS\0"u8);
        while (folders != null && *folders != 0)
        {
            int n = 0;
            while (folders[n] is not 0 and not (byte)':') n++;
            if (n != 0 && Read(ref to, folders, n, ""u8, name)) return true;
            folders += folders[n] == 0 ? n : n + 1;
        }
        return Read(ref to, null, 0, "/etc/terminfo"u8, name) || Read(ref to, null, 0, "/lib/terminfo"u8, name) || Read(ref to, null, 0, "/usr/share/terminfo"u8, name);
    }

    private static byte* Variable(ReadOnlySpan<byte> name)
    {
        fixed (byte* n = name) return OsProcess.Environment(n);
    }

    private static int Length(byte* text)
    {
        int n = 0;
        while (text[n] != 0) n++;
        return n;
    }

    // FOLDER SUFFIX / first letter / name.
    private static bool Read(ref Terminfo to, byte* folder, int folderBytes, ReadOnlySpan<byte> suffix, byte* name)
    {
        int nameBytes = Length(name), all = folderBytes + suffix.Length + 3 + nameBytes + 1;
        if (all > MostPath) return false;
        byte* path = stackalloc byte[MostPath];
        Span<byte> at = new(path, MostPath);
        new ReadOnlySpan<byte>(folder, folderBytes).CopyTo(at);
        suffix.CopyTo(at.Slice(folderBytes));
        int n = folderBytes + suffix.Length;
        path[n++] = (byte)'/';
        path[n++] = *name;
        path[n++] = (byte)'/';
        new ReadOnlySpan<byte>(name, nameBytes + 1).CopyTo(at.Slice(n));
        if (Files.Open(path, OpenModes.Read, 0, out int descriptor) != Errno.None) return false;
        bool good = false;
        if (Files.Size(descriptor, out long size) == Errno.None && size is > HeaderBytes and <= MostBytes)
        {
            to.data = (byte*)Allocator.Alloc((nuint)size, Owner.Vm);
            to.bytes = (nuint)size;
            good = to.data != null && Files.ReadAll(descriptor, to.data, to.bytes, out nuint read) == Errno.None && read == to.bytes;
            if (!good) to.Free();
        }
        _ = Files.Close(descriptor);
        return good;
    }

    private readonly int Short(int at) => data[at] | (data[at + 1] << 8);

    private bool Parse()
    {
        int magic = Short(0), names = Short(2), flagCount = Short(4), numberCount = Short(6), textCount = Short(8);
        if (magic is not Magic and not MagicWide) return false;
        numberBytes = magic == MagicWide ? 4 : 2;
        // Numbers begin at an even place.
        long numbersPlace = (HeaderBytes + names + flagCount + 1) & ~1L;
        long textsPlace = numbersPlace + ((long)numberCount * numberBytes), tablePlace = textsPlace + ((long)textCount * 2);
        tableBytes = Short(10);
        if (tablePlace + tableBytes > (long)bytes) return false;
        flags = flagCount;
        numbers = numberCount;
        texts = textCount;
        flagsAt = data + HeaderBytes + names;
        numbersAt = data + numbersPlace;
        textsAt = data + textsPlace;
        table = data + tablePlace;
        return true;
    }

    /// <summary>A flag by its index.</summary>
    public readonly bool Flag(int index) => index < flags && flagsAt[index] == 1;

    /// <summary>A number by its index, or -1. The environment and a usual terminal stand in for the size.</summary>
    public readonly int Number(int index)
    {
        int value = -1;
        if (index == Columns) value = Decimal(Variable("COLUMNS\0"u8));
        if (index == Lines) value = Decimal(Variable("LINES\0"u8));
        if (value > 0) return value;
        value = -1;
        if (index < numbers)
        {
            byte* at = numbersAt + (index * numberBytes);
            value = numberBytes == 2 ? (short)(at[0] | (at[1] << 8)) : at[0] | (at[1] << 8) | (at[2] << 16) | (at[3] << 24);
        }
        if (value <= 0 && index == Columns) return 80;
        if (value <= 0 && index == Lines) return 24;
        return value < 0 ? -1 : value;
    }

    private static int Decimal(byte* text)
    {
        int value = 0;
        for (; text != null && *text != 0; text++)
        {
            if (*text is < (byte)'0' or > (byte)'9' || value > 9999) return -1;
            value = (value * 10) + (*text - '0');
        }
        return value;
    }

    /// <summary>A text by its index. False: the terminal has none.</summary>
    public readonly bool Text(int index, out byte* text, out int length)
    {
        text = null;
        length = 0;
        if (index >= texts) return false;
        int offset = (short)(textsAt[index * 2] | (textsAt[(index * 2) + 1] << 8));
        if (offset < 0 || offset >= tableBytes) return false;
        text = table + offset;
        while (offset + length < tableBytes && text[length] != 0) length++;
        return true;
    }
}
