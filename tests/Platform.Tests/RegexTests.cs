using System.Runtime.InteropServices;
using System.Text;
using Xunit;

namespace MyBeam.Platform.Tests;

public unsafe class RegexTests
{
    private static string? Find(string pattern, string subject, RegexCompileOptions options = 0, RegexMatchOptions matchOptions = 0, int group = 0)
    {
        byte[] text = Encoding.UTF8.GetBytes(subject + "\0");
        fixed (byte* p = Encoding.UTF8.GetBytes(pattern + "\0"), s = text)
        {
            RegexCode* code = Regex.Compile(p, (nuint)Encoding.UTF8.GetByteCount(pattern), options, null, out int error, out _);
            Assert.Equal(0, error);
            RegexMatchData* data = Regex.CreateMatchData(code, null);
            int result = Regex.Match(code, s, (nuint)text.Length - 1, 0, matchOptions, data, null);
            string? found = null;
            if (result > 0 && Regex.Offsets(data)[2 * group] != Regex.Unset)
            {
                nuint* offsets = Regex.Offsets(data);
                Assert.Equal(Regex.Info32(code, RegexInfo.CaptureCount) + 1, Regex.OffsetCount(data));
                found = Encoding.UTF8.GetString(text, (int)offsets[2 * group], (int)(offsets[(2 * group) + 1] - offsets[2 * group]));
            }

            Regex.FreeMatchData(data);
            Regex.FreeCode(code);
            return found;
        }
    }

    [Fact]
    public void MatchesGiveTheirGroups()
    {
        Assert.Equal("bbcc", Find("b+(c*)(d)?", "aabbcc"));
        Assert.Equal("cc", Find("b+(c*)(d)?", "aabbcc", group: 1));
        Assert.Null(Find("b+(c*)(d)?", "aabbcc", group: 2));
        Assert.Null(Find("x", "aabbcc"));
    }

    [Fact]
    public void OptionsMeanWhatTheyAreCalled()
    {
        Assert.Equal("AB", Find("ab", "xAB", RegexCompileOptions.Caseless));
        Assert.Null(Find("ab", "xab", RegexCompileOptions.Anchored));
        Assert.Equal("b", Find("^b$", "a\nb\nc", RegexCompileOptions.MultiLine));
        Assert.Null(Find("a.b", "a\nb"));
        Assert.Equal("a\nb", Find("a.b", "a\nb", RegexCompileOptions.DotAll));
        Assert.Equal("ab", Find(" a b # c", "ab", RegexCompileOptions.Extended));
        Assert.Equal("a", Find("a+", "aaa", RegexCompileOptions.Ungreedy));
        Assert.Null(Find("a$", "a\n", RegexCompileOptions.DollarEndOnly));
        Assert.Null(Find("a", "\na", RegexCompileOptions.FirstLine));
        Assert.Equal("ä", Find("^.$", "ä", RegexCompileOptions.Utf));
        Assert.Null(Find("^.$", "ä"));
        Assert.Equal("ä", Find("\\w", "ä", RegexCompileOptions.Utf | RegexCompileOptions.UnicodeProperties));
        Assert.Null(Find("\\w", "ä", RegexCompileOptions.Utf));
        Assert.Equal("a.b", Find("a.b", "axb a.b", RegexCompileOptions.Literal));
        Assert.Null(Find("^a", "a", 0, RegexMatchOptions.NotBeginOfLine));
        Assert.Null(Find("a$", "a", 0, RegexMatchOptions.NotEndOfLine));
        Assert.Null(Find("a*", "b", 0, RegexMatchOptions.NotEmpty));
        Assert.Null(Find("b", "ab", 0, RegexMatchOptions.Anchored));
    }

    [Fact]
    public void NamesAreListed()
    {
        fixed (byte* p = "(?<year>..)(x)(?<day>..)"u8)
        {
            RegexCode* code = Regex.Compile(p, 24, 0, null, out _, out _);
            Assert.Equal(2u, Regex.Info32(code, RegexInfo.NameCount));
            Assert.True(Regex.GroupName(code, 0, out byte* name, out int group));
            Assert.Equal(("day", 3), (Marshal.PtrToStringUTF8((nint)name), group));
            Assert.True(Regex.GroupName(code, 1, out name, out group));
            Assert.Equal(("year", 1), (Marshal.PtrToStringUTF8((nint)name), group));
            Assert.False(Regex.GroupName(code, 2, out _, out _));
            Assert.InRange(Regex.SizeOf(code), (nuint)100, (nuint)2000);
            Regex.FreeCode(code);
        }
    }

    [Fact]
    public void PatternErrorsHaveTextAndPlace()
    {
        byte* text = stackalloc byte[128];
        fixed (byte* p = "ab(c"u8)
        {
            Assert.True(Regex.Compile(p, 4, 0, null, out int error, out nuint offset) == null);
            Assert.Equal((nuint)4, offset);
            int length = Regex.ErrorMessage(error, text, 128);
            Assert.Equal("missing closing parenthesis", Encoding.UTF8.GetString(text, length));
        }
    }

    [Fact]
    public void BadUtf8IsTold()
    {
        fixed (byte* p = "."u8)
        {
            byte* subject = stackalloc byte[] { (byte)'a', 0xff };
            RegexCode* code = Regex.Compile(p, 1, RegexCompileOptions.Utf, null, out _, out _);
            RegexMatchData* data = Regex.CreateMatchData(code, null);
            int result = Regex.Match(code, subject, 2, 0, 0, data, null);
            Assert.InRange(result, (int)RegexError.LastUtf8, (int)RegexError.FirstUtf8);
            Assert.Equal((int)RegexError.BadOffset, Regex.Match(code, subject, 1, 2, 0, data, null));
            Regex.FreeMatchData(data);
            Regex.FreeCode(code);
        }
    }

    [Fact]
    public void LimitsEndACatastrophicMatch()
    {
        byte[] subject = Encoding.ASCII.GetBytes(new string('a', 30) + "b");
        fixed (byte* p = "(a+)+$"u8, s = subject)
        {
            RegexCode* code = Regex.Compile(p, 6, 0, null, out _, out _);
            RegexMatchData* data = Regex.CreateMatchData(code, null);
            RegexMatchSettings* settings = Regex.CreateMatchSettings(null);
            Regex.SetMatchLimit(settings, 10_000);
            Assert.Equal((int)RegexError.MatchLimit, Regex.Match(code, s, 31, 0, 0, data, settings));
            Regex.SetMatchLimit(settings, 10_000_000);
            Regex.SetDepthLimit(settings, 5);
            Assert.Equal((int)RegexError.DepthLimit, Regex.Match(code, s, 31, 0, 0, data, settings));
            Regex.FreeMatchSettings(settings);
            Regex.FreeMatchData(data);
            Regex.FreeCode(code);
        }
    }

    [Fact]
    public void SettingsOfCompilationCount()
    {
        byte* subject = stackalloc byte[] { (byte)'a', (byte)'\r', (byte)'b' };
        fixed (byte* p = "^b"u8, nested = "((((a))))"u8)
        {
            RegexCompileSettings* settings = Regex.CreateCompileSettings(null);
            foreach (RegexNewline newline in new[] { RegexNewline.Lf, RegexNewline.Cr })
            {
                Regex.SetNewline(settings, newline);
                RegexCode* code = Regex.Compile(p, 2, RegexCompileOptions.MultiLine, settings, out _, out _);
                Assert.Equal((uint)newline, Regex.Info32(code, RegexInfo.Newline));
                RegexMatchData* data = Regex.CreateMatchData(code, null);
                Assert.Equal(newline == RegexNewline.Cr ? 1 : (int)RegexError.NoMatch, Regex.Match(code, subject, 3, 0, 0, data, null));
                Regex.FreeMatchData(data);
                Regex.FreeCode(code);
            }

            Regex.SetBackslashR(settings, true);
            Regex.SetNestLimit(settings, 3);
            Assert.True(Regex.Compile(nested, 9, 0, settings, out int error, out _) == null);
            Assert.Equal(119, error);
            Regex.FreeCompileSettings(settings);
        }
    }

    [Fact]
    public void MemoryComesFromTheCaller()
    {
        long outstanding = 0;
        RegexMemory* memory = Regex.CreateMemory(&Allocate, &Free, &outstanding);
        RegexCompileSettings* settings = Regex.CreateCompileSettings(memory);
        fixed (byte* p = "(a)(b)"u8)
        {
            RegexCode* code = Regex.Compile(p, 6, 0, settings, out _, out _);
            RegexMatchData* data = Regex.CreateMatchData(code, memory);
            Assert.True(outstanding >= 3);
            Regex.FreeMatchData(data);
            Regex.FreeCode(code);
        }

        Regex.FreeCompileSettings(settings);
        Regex.FreeMemory(memory);
        Assert.Equal(0, outstanding);
    }

    [Fact]
    public void TheLibraryIsVersionTenWithUnicode()
    {
        byte* text = stackalloc byte[64];
        Regex.Version(text);
        Assert.StartsWith("10.", Marshal.PtrToStringUTF8((nint)text));
        Assert.True(Regex.HasUnicode);
    }

    [UnmanagedCallersOnly]
    private static void* Allocate(nuint bytes, void* outstanding)
    {
        ++*(long*)outstanding;
        return NativeMemory.Alloc(bytes);
    }

    [UnmanagedCallersOnly]
    private static void Free(void* block, void* outstanding)
    {
        *(long*)outstanding -= block == null ? 0 : 1;
        NativeMemory.Free(block);
    }
}
