// Whether the environment asks for UTF-8. libc's own locale stays "C": nothing else here depends on it.
namespace MyBeam.Vm;

using System;
using MyBeam.Platform;

/// <summary>The character set of the locale.</summary>
public static unsafe class TtyLocale
{
    /// <summary>Whether the locale for characters (LC_ALL, else LC_CTYPE, else LANG; an empty one does not count) is one of UTF-8.</summary>
    public static bool IsUtf8()
    {
        fixed (byte* all = "LC_ALL\0"u8)
        fixed (byte* characters = "LC_CTYPE\0"u8)
        fixed (byte* language = "LANG\0"u8)
        {
            byte* value = OsProcess.Environment(all);
            if (IsEmpty(value)) value = OsProcess.Environment(characters);
            if (IsEmpty(value)) value = OsProcess.Environment(language);
            return !IsEmpty(value) && NamesUtf8(value);
        }
    }

    private static bool IsEmpty(byte* text) => text == null || *text == 0;

    // language_TERRITORY.codeset@modifier; libc takes UTF-8, utf8 and the like for the same codeset.
    private static bool NamesUtf8(byte* locale)
    {
        while (*locale != 0 && *locale != '.') locale++;
        if (*locale == 0) return false;
        ReadOnlySpan<byte> name = "utf8"u8;
        int at = 0;
        for (locale++; *locale is not 0 and not (byte)'@'; locale++)
        {
            byte c = *locale;
            if (c == '-') continue;
            if (c is >= (byte)'A' and <= (byte)'Z') c += 32;
            if (at == name.Length || name[at] != c) return false;
            at++;
        }
        return at == name.Length;
    }
}
