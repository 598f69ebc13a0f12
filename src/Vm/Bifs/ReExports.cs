// Exported patterns: re:compile/2 with export, and re:import/1.
namespace MyBeam.Vm;

using System;
using System.Runtime.CompilerServices;
using MyBeam.Memory;
using MyBeam.Platform;

// {re_exported_pattern, Header, Text, Options, Encoded}. The header is a title, the checksum of Encoded, the version of the encoding and a byte for unicode.
// In OTP Encoded is what PCRE2 makes of a compiled pattern, and where it is of another version or machine, Text is compiled with Options instead. PCRE2 trusts what
// it is given there, so that a forged pattern could do anything; here Encoded has PCRE2's beginning, so that others see that it is not for them, and
// then the text and the options, which are compiled.
public static unsafe partial class ReBifs
{
    private const int ChecksumAt = 8, VersionAt = 12, UnicodeAt = 13, HeaderBytes = 14;

    // In Encoded: magic and version of PCRE2; how it was built (in PCRE2 never 0); how many patterns; the options, newline and what \R matches; the text.
    private const int OptionsAt = 16, NewlineAt = 20, BackslashRAt = 21, TextAt = 24;

    private static ReadOnlySpan<byte> ExportTitle => "re-PCRE2"u8;

    private static ReadOnlySpan<byte> EncodedStart => [0x53, 0x32, 0x52, 0x50, 10, 0, 42, 0, 0, 0, 0, 0, 1, 0, 0, 0];

    private static Term Export(Process* p, Term pattern, Term options, in ReOptions o)
    {
        if (!ReText.Open(pattern, out ReText text)) return Process.Badarg(p);
        Term original = pattern.IsBitstring ? pattern : Binaries.FromBytes(p, text.Data, text.Bytes);
        Term encoded = Binaries.New(p, TextAt + text.Bytes, out byte* e);
        if (encoded.IsNone || original.IsNone)
        {
            text.Free();
            return Term.None;
        }
        EncodedStart.CopyTo(new Span<byte>(e, OptionsAt));
        *(uint*)(e + OptionsAt) = (uint)o.Compile;
        e[NewlineAt] = (byte)o.Newline;
        e[BackslashRAt] = (byte)o.BackslashR;
        e[BackslashRAt + 1] = e[BackslashRAt + 2] = 0;
        System.Buffer.MemoryCopy(text.Data, e + TextAt, text.Bytes, text.Bytes);
        uint checksum = Checksums.Crc32(0, e, (nuint)(TextAt + text.Bytes));
        text.Free();
        Term header = Binaries.New(p, HeaderBytes, out byte* h);
        ExportTitle.CopyTo(new Span<byte>(h, HeaderBytes));
        for (int i = 0; i < 4; i++) h[ChecksumAt + i] = (byte)(checksum >> (24 - (8 * i)));
        h[VersionAt] = 1;
        h[UnicodeAt] = o.Unicode ? (byte)1 : (byte)0;
        Term t = Process.NewTuple(p, 5);
        Term* elements = t.TupleElements;
        elements[0] = Am.ReExportedPattern;
        elements[1] = header;
        elements[2] = original;
        elements[3] = options;
        elements[4] = encoded;
        return Process.Tuple(p, Am.Ok, t);
    }

    [Bif("re:import/1", BifKind.Traps)]
    public static Term Import(Process* p, Term* a)
    {
        if (!a[0].IsTupleOf(5)) return Process.Badarg(p);
        Term* e = a[0].TupleElements;
        if (e[0] != Am.ReExportedPattern || !e[1].IsBitstring || !ReText.Open(e[1], out ReText header))
            return Process.Badarg(p);
        ReadOnlySpan<byte> h = new(header.Data, (int)header.Bytes);
        bool valid = h.Length == HeaderBytes && h[..ExportTitle.Length].SequenceEqual(ExportTitle), ours = false, unicode = false;
        RegexCode* code = null;
        if (valid && h[VersionAt] == 1)
        {
            uint checksum = ((uint)h[8] << 24) | ((uint)h[9] << 16) | ((uint)h[10] << 8) | h[11];
            unicode = h[UnicodeAt] != 0;
            ReText encoded = default;
            valid = e[4].IsBitstring && ReText.Open(e[4], out encoded);
            if (valid)
            {
                valid = encoded.Bytes >= OptionsAt && Checksums.Crc32(0, encoded.Data, (nuint)encoded.Bytes) == checksum;
                ours = valid && encoded.Bytes >= TextAt && new ReadOnlySpan<byte>(encoded.Data, OptionsAt).SequenceEqual(EncodedStart);
                if (ours) code = Decode(in encoded);
                encoded.Free();
            }
        }
        header.Free();
        if (!valid || (ours && code == null)) return Process.Badarg(p);
        if (ours) return Compiled(p, code, unicode);
        return e[2].IsBitstring ? Compile(p, e[2], e[3], true) : Process.Badarg(p);
    }

    private static RegexCode* Decode(in ReText encoded)
    {
        byte* e = encoded.Data;
        uint options = Unsafe.ReadUnaligned<uint>(e + OptionsAt);
        ReOptions o = new()
        {
            // Whether the text is UTF-8 is always looked at.
            Compile = (RegexCompileOptions)options & ~RegexCompileOptions.NoUtfCheck,
            Newline = (RegexNewline)e[NewlineAt],
            BackslashR = e[BackslashRAt],
        };
        return CompileText(e + TextAt, encoded.Bytes - TextAt, in o, out _, out _);
    }
}
