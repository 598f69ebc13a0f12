// Atoms to text and back. Text of atoms is UTF-8 in the table; lists hold code points, binaries Latin-1 or UTF-8.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Atom natives.</summary>
public static unsafe class AtomBifs
{
    /// <summary>Most characters of an atom, and the most bytes they can take.</summary>
    public const int MaxCharacters = 255, MaxBytes = 4 * MaxCharacters;

    [Bif("erlang:atom_to_list/1")]
    public static Term ToList(Process* p, Term* a)
    {
        if (!a[0].IsAtom) return Process.Badarg(p);
        AtomTable.Entry* e = AtomTable.Get(a[0]);
        return Utf8Text.ToList(p, e->Text, e->Bytes, e->Characters, Term.Nil);
    }

    /// <summary>Encodings: latin1 (badarg when a character is above 255), utf8, unicode.</summary>
    [Bif("erlang:atom_to_binary/2")]
    public static Term ToBinary(Process* p, Term* a)
    {
        if (!a[0].IsAtom) return Process.Badarg(p);
        AtomTable.Entry* e = AtomTable.Get(a[0]);
        if (a[1] == Am.Utf8 || a[1] == Am.Unicode) return Binaries.FromBytes(p, e->Text, e->Bytes);
        if (a[1] != Am.Latin1) return Process.Badarg(p);
        byte* text = stackalloc byte[MaxCharacters];
        int n = 0;
        for (int i = 0; i < e->Bytes; i++)
        {
            // Characters up to 255 are one byte, or C2 or C3 and another.
            byte c = e->Text[i];
            if (c > 0xC3) return Process.Badarg(p);
            text[n++] = c < 0x80 ? c : (byte)((c << 6) | (e->Text[++i] & 0x3F));
        }
        return Binaries.FromBytes(p, text, n);
    }

    [Bif("erlang:list_to_atom/1", BifKind.Guard)]
    public static Term FromList(Process* p, Term* a) => OfList(p, a[0], false);

    [Bif("erlang:list_to_existing_atom/1", BifKind.Guard)]
    public static Term FromListExisting(Process* p, Term* a) => OfList(p, a[0], true);

    [Bif("erlang:binary_to_atom/2", BifKind.Guard)]
    public static Term FromBinary(Process* p, Term* a) => OfBinary(p, a[0], a[1], false);

    [Bif("erlang:binary_to_existing_atom/2", BifKind.Guard)]
    public static Term FromBinaryExisting(Process* p, Term* a) => OfBinary(p, a[0], a[1], true);

    private static Term OfList(Process* p, Term list, bool existing)
    {
        byte* text = stackalloc byte[MaxBytes];
        byte* end = text;
        int characters = 0;
        for (; list.IsCons; list = list.Tail)
        {
            if (!list.Head.IsSmall) return Process.Badarg(p);
            long c = list.Head.SmallValue;
            if ((ulong)c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) return Process.Badarg(p);
            if (characters++ == MaxCharacters) return TooLong(p, existing);
            end = Utf8Text.Put(end, (uint)c);
        }
        return list.IsNil ? Atom(p, text, (int)(end - text), existing) : Process.Badarg(p);
    }

    private static Term OfBinary(Process* p, Term binary, Term encoding, bool existing)
    {
        bool latin1 = encoding == Am.Latin1;
        if (!latin1 && encoding != Am.Utf8 && encoding != Am.Unicode) return Process.Badarg(p);
        if (!Binaries.Aligned(binary, out byte* data, out long bytes, out byte* copy)) return Process.Badarg(p);
        Term result;
        if (bytes > (latin1 ? MaxCharacters : MaxBytes)) result = TooLong(p, existing);
        else if (latin1) result = OfLatin1(p, data, (int)bytes, existing);
        else
        {
            Utf8Text.Check(data, bytes, out long valid, out long characters);
            // Too many characters are found before what is wrong behind them.
            if (characters > MaxCharacters) result = TooLong(p, existing);
            else if (valid != bytes) result = Process.Badarg(p);
            else result = Atom(p, data, (int)bytes, existing);
        }
        Allocator.Free(copy, (nuint)bytes, Owner.Temporary);
        return result;
    }

    private static Term OfLatin1(Process* p, byte* data, int bytes, bool existing)
    {
        byte* text = stackalloc byte[2 * MaxCharacters];
        return Atom(p, text, (int)(Utf8Text.FromLatin1(data, bytes, text) - text), existing);
    }

    private static Term Atom(Process* p, byte* text, int bytes, bool existing)
    {
        Term atom = existing ? AtomTable.Existing(text, bytes) : AtomTable.Intern(text, bytes);
        if (!atom.IsNone) return atom;
        return existing ? Process.Badarg(p) : Process.SystemLimit(p);
    }

    // No atom of that length exists.
    private static Term TooLong(Process* p, bool existing) => existing ? Process.Badarg(p) : Process.SystemLimit(p);
}
