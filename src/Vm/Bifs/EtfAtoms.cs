// Atoms in the external format: Latin-1 or UTF-8 text, checked here because the atom table trusts its callers.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Reads atoms.</summary>
internal static unsafe class EtfAtoms
{
    /// <summary>Most characters of an atom, and most bytes they take in UTF-8.</summary>
    public const int MaxCharacters = 255, MaxBytes = 4 * MaxCharacters;

    /// <summary>
    /// The atom at <paramref name="at"/> (whose length has been checked against the data) and moves past it. None when the text is not valid, or
    /// <paramref name="existing"/> is asked for and there is no such atom, or the table is full.
    /// </summary>
    public static Term Read(ref byte* at, bool existing)
    {
        byte tag = *at;
        bool small = tag == EtfTag.SmallAtomUtf8 || tag == EtfTag.SmallAtomLatin1;
        int bytes = small ? at[1] : (int)EtfBytes.U16(at + 1);
        byte* text = at + (small ? 2 : 3);
        at = text + bytes;
        if (tag == EtfTag.AtomUtf8 || tag == EtfTag.SmallAtomUtf8)
            return IsText(text, bytes) ? Make(text, bytes, existing) : Term.None;
        return Latin1(text, bytes, existing);
    }

    private static Term Make(byte* text, int bytes, bool existing) => existing ? AtomTable.Existing(text, bytes) : AtomTable.Intern(text, bytes);

    private static Term Latin1(byte* text, int bytes, bool existing)
    {
        if (bytes > MaxCharacters) return Term.None;
        byte* utf8 = stackalloc byte[2 * MaxCharacters];
        int n = 0;
        for (int i = 0; i < bytes; i++)
        {
            byte c = text[i];
            if (c < 0x80)
            {
                utf8[n++] = c;
                continue;
            }
            utf8[n++] = (byte)(0xC0 | (c >> 6));
            utf8[n++] = (byte)(0x80 | (c & 0x3F));
        }
        return Make(utf8, n, existing);
    }

    // Well-formed UTF-8 of at most 255 characters.
    private static bool IsText(byte* text, int bytes)
    {
        if (bytes > MaxBytes) return false;
        int characters = 0;
        for (int i = 0; i < bytes; characters++)
        {
            byte c = text[i];
            if (c < 0x80)
            {
                i++;
                continue;
            }
            int more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
            if (c < 0xC2 || c > 0xF4 || i + more >= bytes) return false;
            int value = c & (0x3F >> more);
            for (int k = 1; k <= more; k++)
            {
                if ((text[i + k] & 0xC0) != 0x80) return false;
                value = (value << 6) | (text[i + k] & 0x3F);
            }
            // Overlong forms, surrogates, beyond Unicode.
            if (value < (more == 2 ? 0x800 : more == 3 ? 0x10000 : 0x80) || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return false;
            i += more + 1;
        }
        return characters <= MaxCharacters;
    }
}
