// The architecture's rules that a compiler does not check: dependencies point one way, files stay small.

using System.Text.RegularExpressions;

namespace MyBeam.Vm.Tests;

public sealed class LayerTests
{
    private const int MaxLines = 800;

    private static readonly string Source = Path.Combine(TestSupport.Root, "src");

    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Core"] = [],
        ["Memory"] = [],
        ["Platform"] = [],
        ["Vm"] = ["Memory", "Platform"],
        ["Cli"] = ["Memory", "Platform", "Vm"],
    };

    public static TheoryData<string> Folders => [.. Allowed.Keys];

    [Fact]
    public void Every_folder_of_src_is_known() =>
        Assert.Equal(Allowed.Keys.Order(), Directory.GetDirectories(Source).Select(f => Path.GetFileName(f)!).Where(f => f is not ("bin" or "obj")).Order());

    [Theory]
    [MemberData(nameof(Folders))]
    public void Projects_reference_only_what_lies_below(string folder)
    {
        foreach (string project in Directory.GetFiles(Path.Combine(Source, folder), "*.csproj"))
        {
            string[] references = [.. Regex.Matches(File.ReadAllText(project), "<ProjectReference Include=\"[^\"]*?(\\w+)\\.csproj\"").Select(m => m.Groups[1].Value)];
            Assert.Empty(references.Except(Allowed[folder]));
            Assert.DoesNotContain("PackageReference", File.ReadAllText(project), StringComparison.Ordinal);
        }
    }

    // The freestanding build compiles all folders as one assembly, where nothing but the names keeps them apart.
    [Theory]
    [MemberData(nameof(Folders))]
    public void Sources_name_only_what_lies_below(string folder)
    {
        string[] forbidden = [.. Allowed.Keys.Except(Allowed[folder]).Where(f => f != folder && f != "Core")];
        Regex name = new($@"\bMyBeam\.({string.Join('|', forbidden)})\b");
        List<string> wrong = [];
        foreach (string file in Files(folder))
        {
            string[] lines = File.ReadAllLines(file);
            for (int i = 0; i < lines.Length; i++)
                if (forbidden.Length > 0 && name.IsMatch(Code(lines[i]))) wrong.Add($"{file}:{i + 1}: {lines[i].Trim()}");
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void No_file_is_too_long()
    {
        string[] roots = [Source, Path.Combine(TestSupport.Root, "tests"), Path.Combine(TestSupport.Root, "build")];
        string[] wrong = [.. roots.SelectMany(r => Directory.EnumerateFiles(r, "*.cs", SearchOption.AllDirectories)).Where(IsSource)
            .Select(f => (File: f, Lines: File.ReadLines(f).Count())).Where(f => f.Lines > MaxLines).Select(f => $"{f.File}: {f.Lines} lines")];
        Assert.True(wrong.Length == 0, string.Join('\n', wrong));
    }

   
    [Fact]
    public void Every_native_is_named_once()
    {
        Regex bif = new("""\[Bif\("([^"]+)"[^\]]*\)\]""");
        string[] names = [.. Files("Vm").SelectMany(File.ReadLines).Select(Code).SelectMany(l => bif.Matches(l)).Select(m => m.Groups[1].Value)];
        Assert.NotEmpty(names);
        Assert.Empty(names.GroupBy(n => n).Where(g => g.Count() > 1).Select(g => g.Key));
    }

    private static IEnumerable<string> Files(string folder) => Directory.EnumerateFiles(Path.Combine(Source, folder), "*.cs", SearchOption.AllDirectories).Where(IsSource);

    private static bool IsSource(string file) => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal);

    // The line without its comment: a comment may mention what it likes.
    private static string Code(string line) => line.Split("//")[0];
}
