namespace MyBeam.Generator;

using System.Text;

/// <summary>specific.tab -> class InstructionTable: families of specific instructions, one handler a combination of operand kinds.</summary>
public sealed class InstructionTable
{
    public sealed record Operand(string Name, string Kinds)
    {
        /// <summary>Kinds that decide the handler variant: more than one of x, y, c.</summary>
        public bool Varies => Kinds.Length > 1;
        public bool IsTerm => Kinds.All(c => "xyc".Contains(c));
    }

    public sealed record Family(string Name, List<Operand> Operands, bool Tail, string Method, int Line)
    {
        public int Variants => Operands.Aggregate(1, (n, o) => n * (o.Varies ? o.Kinds.Length : 1));
    }

    public List<Family> Families { get; } = [];

    public static InstructionTable Read(string folder)
    {
        var table = new InstructionTable();
        foreach (var (line, number) in Directory.EnumerateFiles(folder, "specific*.tab").Order(StringComparer.Ordinal).SelectMany(Files.Lines))
        {
            int arrow = line.IndexOf("->", StringComparison.Ordinal);
            if (arrow < 0) throw new TableException($"specific.tab:{number}: '->' missing");
            var w = line[..arrow].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var operands = new List<Operand>();
            bool tail = false;
            foreach (string s in w.Skip(1))
            {
                if (s == "*") { tail = true; continue; }
                var p = s.Split(':');
                if (p.Length != 2 || tail) throw new TableException($"specific.tab:{number}: operand '{s}'");
                bool term = p[1].All(c => "xyc".Contains(c));
                if (!term && (p[1].Length != 1 || !"ruwjlenbt".Contains(p[1]))) throw new TableException($"specific.tab:{number}: kinds '{p[1]}'");
                operands.Add(new Operand(p[0], p[1]));
            }
            if (operands.Count(o => o.Kinds == "j") > 1) throw new TableException($"specific.tab:{number}: two labels");
            if (table.Families.Any(f => f.Name == w[0])) throw new TableException($"specific.tab:{number}: {w[0]} twice");
            table.Families.Add(new Family(w[0], operands, tail, line[(arrow + 2)..].Trim(), number));
        }
        return table;
    }

    public Family Find(string name) => Families.Find(f => f.Name == name);

    public void Write(string output)
    {
        var s = new StringBuilder("namespace MyBeam.Vm;\n\nusing System;\nusing unsafe Handler = delegate*<ulong*, MyBeam.Memory.Term*, MyBeam.Memory.Term*, Context*, long>;\n\n");
        s.Append("/// <summary>The families of specific instructions, from specific.tab.</summary>\npublic static class Specific\n{\n");
        for (int i = 0; i < Families.Count; i++) s.Append($"    public const int {GenericOpGenerator.Cs(Families[i].Name)} = {i};\n");
        s.Append($"    public const int Count = {Families.Count};\n}}\n\n");
        s.Append("/// <summary>Handlers and operand layouts of the specific instructions.</summary>\npublic static unsafe class InstructionTable\n{\n");
        int total = Families.Sum(f => f.Variants);
        s.Append($"    /// <summary>Number of handlers (all variants).</summary>\n    public const int HandlerCount = {total};\n\n");
        s.Append("    /// <summary>Index of the first variant of each family.</summary>\n    public static ReadOnlySpan<ushort> FirstVariant => new ushort[] { ");
        int first = 0;
        foreach (var f in Families) { s.Append($"{first}, "); first += f.Variants; }
        s.Append($"{first} }};\n\n");
        s.Append("    /// <summary>Operands of a family: kind letters, operands separated by a comma; '*' at the end: words of its own follow.</summary>\n    public static ReadOnlySpan<byte> Operands(int family) => family switch\n    {\n");
        for (int i = 0; i < Families.Count; i++)
        {
            var f = Families[i];
            s.Append($"        {i} => \"{string.Join(',', f.Operands.Select(o => o.Kinds))}{(f.Tail ? (f.Operands.Count > 0 ? ",*" : "*") : "")}\"u8,\n");
        }
        s.Append("        _ => default,\n    };\n\n    /// <summary>Names of the operands of a family, separated by commas.</summary>\n    public static ReadOnlySpan<byte> OperandNames(int family) => family switch\n    {\n");
        for (int i = 0; i < Families.Count; i++) s.Append($"        {i} => \"{string.Join(',', Families[i].Operands.Select(o => o.Name))}\"u8,\n");
        s.Append("        _ => default,\n    };\n\n    /// <summary>Name of a family.</summary>\n    public static ReadOnlySpan<byte> Name(int family) => family switch\n    {\n");
        for (int i = 0; i < Families.Count; i++) s.Append($"        {i} => \"{Families[i].Name}\"u8,\n");
        s.Append("        _ => \"?\"u8,\n    };\n\n    /// <summary>Writes the address of every handler into the table.</summary>\n    public static void Fill(ulong* t)\n    {\n");
        int n = 0;
        foreach (var f in Families)
        {
            for (int v = 0; v < f.Variants; v++)
            {
                if (n > 0 && n % 200 == 0) s.Append($"        Fill{n / 200}(t);\n    }}\n\n    private static void Fill{n / 200}(ulong* t)\n    {{\n");
                var types = new List<string>();
                int rest = v;
                foreach (var o in f.Operands.AsEnumerable().Reverse().Where(o => o.Varies))
                {
                    types.Insert(0, o.Kinds[rest % o.Kinds.Length] switch { 'x' => "X", 'y' => "Y", _ => "K" });
                    rest /= o.Kinds.Length;
                }
                string method = f.Method;
                if (types.Count > 0)
                    method = method.EndsWith('>') ? method[..^1] + ", " + string.Join(", ", types) + ">" : method + "<" + string.Join(", ", types) + ">";
                s.Append($"        Set(t, {n}, &Ops.{method});\n");
                n++;
            }
        }
        s.Append("    }\n\n    private static void Set(ulong* t, int n, Handler handler) => t[n] = (ulong)handler;\n}\n");
        Files.Write(output, "Vm/InstructionTable.cs", s.ToString());
    }
}
