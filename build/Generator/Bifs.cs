namespace MyBeam.Generator;

using System.Text;
using System.Text.RegularExpressions;

/// <summary>One native: M:F/A and the C# method behind it.</summary>
public sealed record Bif(string Module, string Function, int Arity, string Kind, string Method, string File)
{
    /// <summary>Natives of the classes BareMode* stand in for system processes: they are left out where OTP's own run.</summary>
    public bool IsBare => Method.StartsWith("BareMode", StringComparison.Ordinal);

    /// <summary>Natives of the classes OlderOtp* are for the modules of OTP 28 and before only: newer ones have Erlang code of these names, or nothing.</summary>
    public bool IsOlder => Method.StartsWith("OlderOtp", StringComparison.Ordinal);

    /// <summary>Natives of the classes OldestOtp* are for those of OTP 26 and before.</summary>
    public bool IsOldest => Method.StartsWith("OldestOtp", StringComparison.Ordinal);
}

/// <summary>[Bif("m:f/a")] marks -> class BifTable.</summary>
public static partial class BifScanner
{
    [GeneratedRegex(@"^\s*(?:public |internal |private )?static unsafe (?:partial )?class (\w+)|^\s*(?:public |internal |private )?(?:unsafe )?static (?:unsafe |partial )*class (\w+)")]
    private static partial Regex ClassLine();

    [GeneratedRegex(@"\[Bif\(""([^""]+)""(?:,\s*([^\]]+?))?\)\]")]
    private static partial Regex Mark();

    [GeneratedRegex(@"\bstatic\s+(?:unsafe\s+)?Term\s+(\w+)\s*\(")]
    private static partial Regex MethodLine();

    public static List<Bif> Scan(string folder)
    {
        var result = new List<Bif>();
        var seen = new Dictionary<string, string>();
        foreach (string path in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories).Where(p => !p.Contains("/obj/") && !p.Contains("/bin/")).Order(StringComparer.Ordinal))
        {
            string type = null;
            var pending = new List<(string Name, string Kind)>();
            int number = 0;
            foreach (string line in File.ReadLines(path))
            {
                number++;
                if (line.TrimStart().StartsWith("//")) continue;
                var c = ClassLine().Match(line);
                if (c.Success) type = c.Groups[1].Success ? c.Groups[1].Value : c.Groups[2].Value;
                foreach (Match m in Mark().Matches(line)) pending.Add((m.Groups[1].Value, m.Groups[2].Success ? m.Groups[2].Value : "BifKind.Plain"));
                var method = MethodLine().Match(line);
                if (!method.Success || pending.Count == 0) continue;
                foreach (var (name, kind) in pending)
                {
                    int slash = name.LastIndexOf('/'), colon = name.IndexOf(':');
                    if (slash < 0 || colon <= 0 || !int.TryParse(name[(slash + 1)..], out int arity)) throw new TableException($"{path}:{number}: bad native name {name}");
                    if (!seen.TryAdd(name, path)) throw new TableException($"{path}:{number}: {name} is also in {seen[name]}");
                    result.Add(new Bif(name[..colon], name[(colon + 1)..slash], arity, kind, $"{type}.{method.Groups[1].Value}", path));
                }
                pending.Clear();
            }
        }
        result.Sort((a, b) => string.CompareOrdinal($"{a.Module}:{a.Function}/{a.Arity}", $"{b.Module}:{b.Function}/{b.Arity}"));
        return result;
    }

    public static void Write(string output, List<Bif> bifs)
    {
        var s = new StringBuilder("namespace MyBeam.Vm;\n\nusing MyBeam.Memory;\n\n/// <summary>The table of natives.</summary>\npublic static unsafe class BifTable\n{\n");
        s.Append($"    public const int Count = {bifs.Count};\n");
        Enter(s, "Register", "Enters the natives of every VM into the machine's export table.", bifs.Where(b => !b.IsBare && !b.IsOlder && !b.IsOldest));
        Enter(s, "RegisterBare", "Enters the natives that stand in for system processes where none are started.", bifs.Where(b => b.IsBare));
        Enter(s, "RegisterOlder", "Enters the natives that only OTP 28 and before have.", bifs.Where(b => b.IsOlder));
        Enter(s, "RegisterOldest", "Enters the natives that only OTP 26 and before have.", bifs.Where(b => b.IsOldest));
        s.Append("}\n");
        Files.Write(output, "Vm/BifTable.cs", s.ToString());
    }

    // In blocks: one method of thousands of statements compiles badly.
    private static void Enter(StringBuilder s, string name, string summary, IEnumerable<Bif> bifs)
    {
        s.Append($"\n    /// <summary>{summary}</summary>\n    public static void {name}(Machine* m)\n    {{\n");
        int n = 0;
        foreach (var b in bifs)
        {
            if (n > 0 && n % 100 == 0) s.Append($"        {name}{n / 100}(m);\n    }}\n\n    private static void {name}{n / 100}(Machine* m)\n    {{\n");
            s.Append($"        ExportTable.AddNative(m, new Term({((ulong)AtomGenerator.Texts[b.Module] << 6) | 0x0B}UL), new Term({((ulong)AtomGenerator.Texts[b.Function] << 6) | 0x0B}UL), {b.Arity}, &{b.Method}, {b.Kind}); // {b.Module}:{b.Function}/{b.Arity}\n");
            n++;
        }
        s.Append("    }\n");
    }
}
