// Which of the emulator's flags have a value in the next argument (as erlexec knows them, so that the value does not go to init).
namespace MyBeam.Cli;

using System;

/// <summary>The names of the emulator's flags.</summary>
internal static class EmulatorFlagNames
{
    // Blank-separated, one before and one behind each.
    private static ReadOnlySpan<byte> Plain => " a A C e i n P Q t T R W K S SP SDcpu SDPcpu SDio IOt IOp IOPt IOPp IOs pc pad rg "u8;

    private static ReadOnlySpan<byte> Heap => " hms hmbs hpds hmax hmaxk hmaxel hmaxib hmqd h "u8;

    private static ReadOnlySpan<byte> Scheduling =>
        " sbt sbwtdcpu sbwtdio sbwt scl sct secio sfwi stbt swct swtdcpu swtdio swt sws sss sssdcpu sssdio spp sub zdbbl zdntgc zebwt zosrl zhft "u8;

    private static ReadOnlySpan<byte> AllocatorLetters => "uBIDEFHLRSTZ"u8;

    private static ReadOnlySpan<byte> AllocatorSwitches =>
        " as asbcst atags acul acnl acfml acful cp e t lmbcs mbcgs mbsd mmbcs mmmbc mmsbc msbclt ramv rmbcmt rsbcmt rsbcst sbct smbcs "u8;

    private static ReadOnlySpan<byte> AllocatorOthers =>
        " ea umadtn ummc uycs usac im is lpm Mamcbf Mrmcbf Mmcs Mscs Mscrfsd Msco Mscrpm Mlp Ye Ym Ytp Ytt Iscs Xscs dai "u8;

    /// <summary>Whether a flag (+NAME) has a value in the next argument. wrong: there is no such flag at all.</summary>
    public static bool TakesValue(ReadOnlySpan<byte> flag, out bool wrong)
    {
        ReadOnlySpan<byte> name = flag[1..];
        byte c = name.Length > 0 ? name[0] : (byte)0;
        wrong = (c == 'I' && !IsIo(name)) || (c == 'S' && name.Length > 1 && name[1] == 'D' && !IsDirty(name[2..]));
        if (wrong) return false;
        if (c == 'J' || (c == 'D' && name.Length > 1 && name[1] == 'i')) return true;
        if (c == 'M')
        {
            ReadOnlySpan<byte> rest = name[1..];
            return Has(AllocatorOthers, rest) || (rest.Length > 0 && AllocatorLetters.IndexOf(rest[0]) >= 0 && Has(AllocatorSwitches, rest[1..]));
        }
        return Has(Plain, name) || Has(Heap, name) || Has(Scheduling, name);
    }

    /// <summary>Whether a letter names an allocator.</summary>
    public static bool IsAllocator(byte letter) => AllocatorLetters.IndexOf(letter) >= 0;

    /// <summary>Whether a flag of an allocator, without -M, is one with its value directly behind the name.</summary>
    public static bool StartsAllocatorFlag(ReadOnlySpan<byte> name)
    {
        if (StartsWithOne(AllocatorOthers, name)) return true;
        return IsAllocator(name[0]) && StartsWithOne(AllocatorSwitches, name[1..]);
    }

    private static bool StartsWithOne(ReadOnlySpan<byte> names, ReadOnlySpan<byte> text)
    {
        for (int n = 1; n <= text.Length; n++)
            if (Has(names, text[..n])) return n < text.Length;
        return false;
    }

    /// <summary>+B and +c take the next argument only when it is a value of theirs. wrong: a letter directly behind +B that there is not.</summary>
    public static bool TakesOptionalValue(ReadOnlySpan<byte> flag, ReadOnlySpan<byte> next, ref bool wrong)
    {
        if (flag.SequenceEqual("+c"u8)) return next.SequenceEqual("true"u8) || next.SequenceEqual("false"u8);
        if (flag.Length < 2 || flag[1] != 'B') return false;
        if (flag.Length > 2)
        {
            wrong = flag[2] is not ((byte)'i' or (byte)'c' or (byte)'d');
            return false;
        }
        return next.Length == 1 && next[0] is (byte)'i' or (byte)'c' or (byte)'d';
    }

    private static bool IsIo(ReadOnlySpan<byte> name) =>
        name.Length > 2 && name[1] == 'O' && (name[2] is (byte)'t' or (byte)'p' or (byte)'s' || (name[2] == 'P' && name.Length > 3 && name[3] is (byte)'t' or (byte)'p'));

    private static bool IsDirty(ReadOnlySpan<byte> type) => type.StartsWith("cpu"u8) || type.StartsWith("Pcpu"u8) || type.StartsWith("io"u8);

    private static bool Has(ReadOnlySpan<byte> names, ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty) return false;
        for (int i = 0; i + name.Length + 2 <= names.Length; i++)
            if (names[i] == ' ' && names[i + name.Length + 1] == ' ' && names.Slice(i + 1, name.Length).SequenceEqual(name)) return true;
        return false;
    }
}
