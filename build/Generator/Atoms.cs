namespace MyBeam.Generator;

using System.Text;

/// <summary>atoms.tab and the names of natives -> class Am.</summary>
public static class AtomGenerator
{
    public static void Run(string root, string output, List<Bif> bifs)
    {
        var names = new SortedDictionary<string, string>(StringComparer.Ordinal); // C# name -> text
        var texts = new HashSet<string>();
        foreach (var (line, number) in Files.Lines(Path.Combine(root, "src", "Memory", "atoms.tab")))
        {
            int eq = line.IndexOf('=', 1);
            string text = eq > 0 ? line[(eq + 1)..] : line;
            string name = eq > 0 ? line[..eq] : Pascal(text);
            if (!IsIdentifier(name)) throw new TableException($"atoms.tab:{number}: '{line}' needs a C# name: Name=text");
            if (names.TryGetValue(name, out string other) && other != text) throw new TableException($"atoms.tab:{number}: {name} is both '{other}' and '{text}'");
            names[name] = text;
            texts.Add(text);
        }
        var all = new List<string>(texts);
        foreach (var bif in bifs)
        {
            if (texts.Add(bif.Module)) all.Add(bif.Module);
            if (texts.Add(bif.Function)) all.Add(bif.Function);
        }
        all.Sort(StringComparer.Ordinal);
        // true and false first: their words are compared all the time, small numbers encode shorter.
        all.Remove("false"); all.Remove("true");
        all.Insert(0, "false"); all.Insert(1, "true");
        var index = all.Select((t, i) => (t, i)).ToDictionary(p => p.t, p => p.i);
        var s = new StringBuilder("namespace MyBeam.Memory;\n\nusing System;\nusing System.Runtime.CompilerServices;\n\n/// <summary>The well-known atoms.</summary>\npublic static class Am\n{\n");
        foreach (var (name, text) in names)
            s.Append($"    /// <summary>'{System.Security.SecurityElement.Escape(text)}'</summary>\n    public static Term {name} {{ [MethodImpl(MethodImplOptions.AggressiveInlining)] get => new({((ulong)index[text] << 6) | 0x0B}UL); }}\n");
        s.Append("\n    /// <summary>All of them in the order of their indices: 16-bit length, then the text.</summary>\n    public static ReadOnlySpan<byte> Names => new byte[]\n    {\n");
        foreach (string text in all)
        {
            byte[] b = Encoding.UTF8.GetBytes(text);
            s.Append($"        {b.Length & 255}, {b.Length >> 8}, {string.Join(", ", b)}{(b.Length > 0 ? "," : "")}\n");
        }
        s.Append("    };\n}\n");
        Files.Write(output, "Memory/Am.cs", s.ToString());
        Texts = index;
    }

    /// <summary>Text -> atom index, for the other generators.</summary>
    public static Dictionary<string, int> Texts { get; private set; }

    private static string Pascal(string text) =>
        string.Concat(text.Split('_', '-', '.').Where(p => p.Length > 0).Select(p => char.ToUpperInvariant(p[0]) + p[1..]));

    private static bool IsIdentifier(string s) => s.Length > 0 && (char.IsLetter(s[0]) || s[0] == '_') && s.All(c => char.IsLetterOrDigit(c) || c == '_');
}
