// File names between Erlang and the operating system: names there are bytes, in UTF-8 or Latin-1 as the locale says.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>file:native_name_encoding/0 and prim_file's conversions.</summary>
internal static unsafe class FileNameBifs
{
    [Bif("file:native_name_encoding/0")]
    public static Term NativeNameEncoding(Process* p, Term* a) => IsUtf8(p->Machine) ? Am.Utf8 : Am.Latin1;

    /// <summary>
    /// Whether names are UTF-8: as +fn says, or as OTP decides it without, by the character set of LC_ALL, LC_CTYPE or LANG, whichever comes first and is not empty.
    /// </summary>
    public static bool IsUtf8(Machine* m)
    {
        return m->Settings.FileNames != 0 ? m->Settings.FileNames == 1 : LocaleIsUtf8();
    }

    private static bool LocaleIsUtf8()
    {
        fixed (byte* all = "LC_ALL\0"u8, type = "LC_CTYPE\0"u8, lang = "LANG\0"u8)
        {
            byte* locale = OsProcess.Environment(all);
            if (locale == null || *locale == 0) locale = OsProcess.Environment(type);
            if (locale == null || *locale == 0) locale = OsProcess.Environment(lang);
            return locale != null && SaysUtf8(locale);
        }
    }

    /// <summary>Whether a locale's name (language[_territory][.charset][@modifier]) has the character set UTF-8.</summary>
    internal static bool SaysUtf8(byte* locale)
    {
        while (*locale != 0 && *locale != '.') locale++;
        if (*locale++ == 0) return false;
        if ((*locale++ | 0x20) != 'u' || (*locale++ | 0x20) != 't' || (*locale++ | 0x20) != 'f') return false;
        if (*locale == '-') locale++;
        return *locale == '8' && (locale[1] == 0 || locale[1] == '@');
    }

    /// <summary>A name (binary as it is, or a deep list of characters) with a zero at the end. badarg for a zero inside and for what cannot be encoded.</summary>
    [Bif("prim_file:internal_name2native/1")]
    public static Term NameToNative(Process* p, Term* a)
    {
        if (a[0].IsBitstring) return TerminatedCopy(p, a[0]);
        bool utf8 = IsUtf8(p->Machine);
        long size = ListSize(a[0], utf8, null);
        if (size < 0) return Process.Badarg(p);
        Term made = Binaries.New(p, size + 1, out byte* data);
        if (made.IsNone) return made;
        ListSize(a[0], utf8, data);
        data[size] = 0;
        return made;
    }

    /// <summary>The same for an atom too, into a buffer, the zero not counted. False: none of these, or a zero inside.</summary>
    public static bool Native(Term name, bool atomAllowed, ref TextBuffer to)
    {
        if (name.IsAtom)
        {
            if (!atomAllowed) return false;
            AtomTable.Entry* e = AtomTable.Get(name);
            to.Add(e->Text, e->Bytes);
        }
        else if (name.IsBitstring)
        {
            if (!BinaryModuleBifs.Whole(name, out byte* from, out ulong offset, out long bytes)) return false;
            byte* copy = to.Reserve(bytes + 1);
            if (copy == null) return false;
            Bitstring.Copy(from, offset, (ulong)bytes * 8, copy);
            to.Advance(bytes);
        }
        else
        {
            bool utf8 = LocaleIsUtf8();
            long size = ListSize(name, utf8, null);
            byte* copy = size < 0 ? null : to.Reserve(size + 1);
            if (copy == null) return false;
            ListSize(name, utf8, copy);
            to.Advance(size);
        }
        if (to.Text.IndexOf((byte)0) >= 0) return false;
        byte* end = to.Reserve(1);
        if (end != null) *end = 0;
        return end != null;
    }

    private static Term TerminatedCopy(Process* p, Term binary)
    {
        if (!BinaryModuleBifs.Whole(binary, out byte* from, out ulong offset, out long bytes)) return Process.Badarg(p);
        for (long i = 0; i < bytes; i++)
            if (BinaryModuleBifs.Byte(from, offset, i) == 0) return Process.Badarg(p);
        Term made = Binaries.New(p, bytes + 1, out byte* data);
        if (made.IsNone) return made;
        Bitstring.Copy(from, offset, (ulong)bytes * 8, data);
        data[bytes] = 0;
        return made;
    }

    // The bytes that a deep list of characters takes, -1 when it is none or has a character that no name can have. Writes them unless `to` is null.
    private static long ListSize(Term list, bool utf8, byte* to)
    {
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        WorkStack later = new(inline);
        long size = 0;
        Term at = list;
        while (true)
        {
            if (at.IsNil)
            {
                if (later.IsEmpty) break;
                at = new Term(later.Pop());
                continue;
            }
            if (!at.IsCons) { size = -1; break; }
            Term head = at.Head;
            if (head.IsList)
            {
                later.Push(at.Tail.Bits);
                at = head;
                continue;
            }
            if (!head.IsSmall) { size = -1; break; }
            ulong code = (ulong)head.SmallValue;
            if (code == 0 || !(utf8 ? BitsUtf.IsValid(code) : code <= 255)) { size = -1; break; }
            size += utf8 ? Utf8Text.SizeOf(code) : 1;
            if (to != null)
            {
                if (utf8) to = Utf8Text.Put(to, (uint)code);
                else *to++ = (byte)code;
            }
            at = at.Tail;
        }
        later.Free();
        return size;
    }

    /// <summary>A name from the system as a list of characters; {error, warning} when it is not in the encoding of names (OTP's default, +fnuw).</summary>
    [Bif("prim_file:internal_native2name/1")]
    public static Term NativeToName(Process* p, Term* a)
    {
        if (!Binaries.Aligned(a[0], out byte* data, out long bytes, out byte* copy)) return Process.Badarg(p);
        Term name;
        if (!IsUtf8(p->Machine)) name = ErlangBinaryBifs.ByteList(p, data, 0, bytes, Term.Nil);
        else if (Utf8Text.Check(data, bytes, out _, out long characters) != Utf8End.Complete) name = Process.Tuple(p, Am.Error, Am.Warning);
        else name = Utf8Text.ToList(p, data, bytes, characters, Term.Nil);
        Allocator.Free(copy, (nuint)bytes, Owner.Temporary);
        return name;
    }

    /// <summary>Characters with marks put together: the Erlang function that does it is called instead. Only OTP on macOS calls this.</summary>
    [Bif("prim_file:internal_normalize_utf8/1", BifKind.Traps)]
    public static Term NormalizeUtf8(Process* p, Term* a)
    {
        if (!IsValidUtf8(a[0])) return Process.Badarg(p);
        Export* e = ExportTable.Put(p->Machine, Am.Unicode, Am.CharactersToNfcList, 1);
        if (e == null) return Process.SystemLimit(p);
        p->Fail = FailKind.Trap;
        p->TrapTo = e;
        p->TrapArity = 1;
        p->TrapArgs[0] = a[0].Bits;
        return Term.None;
    }

    [Bif("prim_file:is_translatable/1")]
    public static Term IsTranslatable(Process* p, Term* a)
    {
        if (!BinaryModuleBifs.Whole(a[0], out _, out _, out _)) return Process.Badarg(p);
        return Term.Bool(!IsUtf8(p->Machine) || IsValidUtf8(a[0]));
    }

    private static bool IsValidUtf8(Term binary)
    {
        if (!Binaries.Aligned(binary, out byte* data, out long bytes, out byte* copy)) return false;
        bool valid = Utf8Text.Check(data, bytes, out _, out _) == Utf8End.Complete;
        Allocator.Free(copy, (nuint)bytes, Owner.Temporary);
        return valid;
    }
}
