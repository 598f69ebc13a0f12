namespace MyBeam.Generator;

using System.Text;

/// <summary>generic.tab: lines `number name/arity [kinds…] [obsolete|legacy]` -> class GenericOps.</summary>
public static class GenericOpGenerator
{
    public sealed record Op(int Number, string Name, int Arity, string[] Kinds, string Status);

    public static List<Op> Ops { get; } = [];

    public static void Run(string root, string output)
    {
        string path = Path.Combine(root, "src", "Vm", "Instructions", "generic.tab");
        foreach (var (line, number) in Files.Lines(path))
        {
            var w = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            int slash = w[1].LastIndexOf('/');
            if (!int.TryParse(w[0], out int op) || slash < 0) throw new TableException($"generic.tab:{number}: {line}");
            int arity = int.Parse(w[1][(slash + 1)..]);
            string status = w.Length > 2 && w[^1] is "obsolete" or "legacy" ? w[^1] : "";
            var kinds = w[2..(status == "" ? w.Length : w.Length - 1)];
            if (status != "obsolete" && kinds.Length != 0 && kinds.Length != arity) throw new TableException($"generic.tab:{number}: {arity} operands, {kinds.Length} kinds");
            Ops.Add(new Op(op, w[1][..slash], arity, kinds, status));
        }
        int max = Ops.Count == 0 ? 0 : Ops.Max(o => o.Number);
        var s = new StringBuilder("namespace MyBeam.Vm;\n\nusing System;\n\n/// <summary>The generic opcodes of OTP, from generic.tab.</summary>\npublic static class GenericOps\n{\n");
        s.Append($"    public const int Max = {max};\n");
        foreach (var o in Ops) s.Append($"    public const int {Cs(o.Name)} = {o.Number};\n");
        s.Append("\n    /// <summary>Operands an opcode takes; 255: no such opcode.</summary>\n    public static int Arity(int op) => (uint)op <= Max ? Arities[op] : 255;\n");
        s.Append("\n    /// <summary>0: live, 1: obsolete (refused), 2: legacy (of older compilers, still loaded).</summary>\n    public static int Status(int op) => (uint)op <= Max ? Statuses[op] : 1;\n");
        s.Append("\n    /// <summary>Name of an opcode.</summary>\n    public static ReadOnlySpan<byte> Name(int op) => op switch\n    {\n");
        foreach (var o in Ops) s.Append($"        {o.Number} => \"{o.Name}\"u8,\n");
        s.Append("        _ => \"unknown\"u8,\n    };\n");
        s.Append("\n    /// <summary>Allowed operand kinds as in generic.tab, blank separated.</summary>\n    public static ReadOnlySpan<byte> Kinds(int op) => op switch\n    {\n");
        foreach (var o in Ops.Where(o => o.Kinds.Length > 0)) s.Append($"        {o.Number} => \"{string.Join(' ', o.Kinds)}\"u8,\n");
        s.Append("        _ => \"\"u8,\n    };\n");
        s.Append($"\n    private static ReadOnlySpan<byte> Arities => new byte[] {{ {string.Join(", ", Enumerable.Range(0, max + 1).Select(i => (Ops.Find(o => o.Number == i)?.Arity ?? 255).ToString()))} }};\n");
        s.Append($"    private static ReadOnlySpan<byte> Statuses => new byte[] {{ {string.Join(", ", Enumerable.Range(0, max + 1).Select(i => Ops.Find(o => o.Number == i)?.Status switch { null => "1", "obsolete" => "1", "legacy" => "2", _ => "0" }))} }};\n");
        s.Append("}\n");
        Files.Write(output, "Vm/GenericOps.cs", s.ToString());
    }

    public static string Cs(string name) => string.Concat(name.Split('_').Where(p => p.Length > 0).Select(p => char.ToUpperInvariant(p[0]) + p[1..]));
}
