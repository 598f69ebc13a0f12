// Natives of prim_tty for descriptions of terminals (terminfo).
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;

/// <summary>Terminfo natives.</summary>
public static unsafe class TerminfoBifs
{
    private const int MostName = 256, MostParameters = 9;
    private const ulong MostText = 1 << 20;

    private const int NameColumn = 0, CodeColumn = 1, LongColumn = 2;

    /// <summary>Reads the description of the terminal that TERM names.</summary>
    [Bif("prim_tty:setupterm_nif/0")]
    public static Term Setup(Process* p, Term* a)
        => Load(p) ? Am.Ok : Process.Tuple(p, Am.Error, Process.Tuple(p, AtomTable.Intern("setupterm"u8), Am.Enoent));

    /// <summary>The same, for natives.</summary>
    internal static bool Load(Process* p)
    {
        TtyShared* t = &p->Machine->Tty;
        t->Lock.Lock();
        bool good = Terminfo.Load(&t->Terminfo);
        t->Lock.Unlock();
        return good;
    }

    // A word of a line of TerminfoNames.
    private static ReadOnlySpan<byte> Word(ReadOnlySpan<byte> line, int column)
    {
        int start = 0;
        for (; column > 0; column--)
        {
            while (line[start] != ' ') start++;
            start++;
        }
        int end = start;
        while (end < line.Length && line[end] != ' ') end++;
        return line.Slice(start, end - start);
    }

    private static bool NextLine(ReadOnlySpan<byte> names, ref int at, out ReadOnlySpan<byte> line)
    {
        int start = at;
        while (at < names.Length && names[at] != '\n') at++;
        line = names.Slice(start, at - start);
        at++;
        return line.Length != 0;
    }

    // Where a name stands, or -1. Termcap codes count by their first two characters.
    private static int IndexOf(ReadOnlySpan<byte> names, int column, ReadOnlySpan<byte> name)
    {
        if (column == CodeColumn && name.Length > 2) name = name.Slice(0, 2);
        int index = 0;
        for (int at = 0; NextLine(names, ref at, out ReadOnlySpan<byte> line); index++)
            if (Word(line, column).SequenceEqual(name)) return index;
        return -1;
    }

    // The name in iodata, up to a zero. -1: the term is none.
    private static int Name(Term t, byte* room)
    {
        if (!IoData.Size(t, false, out ulong bits, out _)) return -1;
        long bytes = (long)(bits / 8);
        if (bytes > MostName) return MostName;
        IoData.Copy(t, room, bytes);
        int n = 0;
        while (n < bytes && room[n] != 0) n++;
        return n;
    }

    /// <summary>A number by its termcap code, or -1.</summary>
    [Bif("prim_tty:tigetnum_nif/1")]
    public static Term Number(Process* p, Term* a)
    {
        byte* room = stackalloc byte[MostName];
        int n = Name(a[0], room);
        if (n < 0) return Process.Badarg(p);
        int index = IndexOf(TerminfoNames.Numbers, CodeColumn, new ReadOnlySpan<byte>(room, n)), value = -1;
        TtyShared* t = &p->Machine->Tty;
        t->Lock.Lock();
        if (index >= 0 && t->Terminfo.IsLoaded) value = t->Terminfo.Number(index);
        t->Lock.Unlock();
        return Term.Small(value);
    }

    /// <summary>A flag by its termcap code.</summary>
    [Bif("prim_tty:tigetflag_nif/1")]
    public static Term Flag(Process* p, Term* a)
    {
        byte* room = stackalloc byte[MostName];
        int n = Name(a[0], room);
        if (n < 0) return Process.Badarg(p);
        int index = IndexOf(TerminfoNames.Flags, CodeColumn, new ReadOnlySpan<byte>(room, n));
        TtyShared* t = &p->Machine->Tty;
        t->Lock.Lock();
        bool value = index >= 0 && t->Terminfo.IsLoaded && t->Terminfo.Flag(index);
        t->Lock.Unlock();
        return value ? Am.True : Am.False;
    }

    /// <summary>A text by its terminfo name: {ok, Binary}, or false when the terminal has none; badarg for a name that is none.</summary>
    [Bif("prim_tty:tigetstr_nif/1")]
    public static Term Text(Process* p, Term* a)
    {
        byte* room = stackalloc byte[MostName];
        int n = Name(a[0], room);
        if (n < 0) return Process.Badarg(p);
        return Text(p, IndexOf(TerminfoNames.Texts, NameColumn, new ReadOnlySpan<byte>(room, n)));
    }

    /// <summary>A text by its termcap code: {ok, Binary}, or false.</summary>
    internal static Term TextByCode(Process* p, Term name)
    {
        byte* room = stackalloc byte[MostName];
        int n = Name(name, room);
        if (n < 0) return Process.Badarg(p);
        int index = IndexOf(TerminfoNames.Texts, CodeColumn, new ReadOnlySpan<byte>(room, n));
        return index < 0 ? Am.False : Text(p, index);
    }

    private static Term Text(Process* p, int index)
    {
        TtyShared* t = &p->Machine->Tty;
        t->Lock.Lock();
        Term answer;
        if (index < 0 || !t->Terminfo.IsLoaded) answer = Process.Badarg(p);
        else if (!t->Terminfo.Text(index, out byte* text, out int length)) answer = Am.False;
        else answer = Process.Tuple(p, Am.Ok, Binaries.FromBytes(p, text, length));
        t->Lock.Unlock();
        return answer;
    }

    /// <summary>All names: #{bool, num, str}, each a list of #{name, code, full_name}, the last one first.</summary>
    [Bif("prim_tty:tinfo_nif/0")]
    public static Term Names(Process* p, Term* a)
    {
        Term map = MapMaker.Two(p, AtomTable.Intern("bool"u8), Entries(p, TerminfoNames.Flags), AtomTable.Intern("num"u8), Entries(p, TerminfoNames.Numbers));
        Process.Bump(p, 500);
        return Maps.Put(&p->Heap, map, AtomTable.Intern("str"u8), Entries(p, TerminfoNames.Texts));
    }

    private static Term Entries(Process* p, ReadOnlySpan<byte> names)
    {
        Term list = Term.Nil;
        for (int at = 0; NextLine(names, ref at, out ReadOnlySpan<byte> line);)
        {
            Term map = MapMaker.Two(p, Am.Name, Characters(p, Word(line, NameColumn)), Am.Code, Characters(p, Word(line, CodeColumn)));
            map = Maps.Put(&p->Heap, map, AtomTable.Intern("full_name"u8), Characters(p, Word(line, LongColumn)));
            list = Process.Cons(p, map, list);
        }
        return list;
    }

    private static Term Characters(Process* p, ReadOnlySpan<byte> text)
    {
        Term list = Term.Nil;
        for (int i = text.Length - 1; i >= 0; i--) list = Process.Cons(p, Term.Small(text[i]), list);
        return list;
    }

    /// <summary>tputs_nif(Text, [Integer]): {ok, Binary}, the text with the numbers filled in, as it goes to the terminal.</summary>
    [Bif("prim_tty:tputs_nif/2")]
    public static Term Put(Process* p, Term* a)
    {
        if (!IoData.Size(a[0], false, out ulong bits, out _) || bits > MostText * 8) return Process.Badarg(p);
        long* values = stackalloc long[MostParameters];
        int count = 0;
        Term list = a[1];
        for (; list.IsCons; list = list.Tail)
            if (count == MostParameters || !Arithmetic.TryLong(list.Head, out values[count++])) return Process.Badarg(p);
        if (!list.IsNil) return Process.Badarg(p);
        int bytes = (int)(bits / 8), length = 0;
        byte* text = (byte*)Allocator.Alloc((nuint)bytes + 1, Owner.Temporary);
        if (text == null) return Process.SystemLimit(p);
        IoData.Copy(a[0], text, bytes);
        while (length < bytes && text[length] != 0) length++;
        TextBuffer b = default;
        TerminfoText.Write(ref b, new ReadOnlySpan<byte>(text, length), values, count);
        Term result = Binaries.FromBytes(p, b.Data, b.Count);
        b.Free();
        Allocator.Free(text, (nuint)bytes + 1, Owner.Temporary);
        return result.IsNone ? result : Process.Tuple(p, Am.Ok, result);
    }
}
