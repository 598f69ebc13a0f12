namespace MyBeam.Generator;

using System.Text;

/// <summary>
/// rules.tab -> class Rules. A rule: `pattern [| pattern]* [when Pred(A,B)]* => replacement [| replacement]*`.
/// Pattern operand: `Name`, `Name=kinds`, `kinds`, `u==N`, `i==N`, `a==atom`, `_` (any), `*` (the rest, whatever it is). A name used twice means equal operands.
/// Replacement: a specific instruction with operands (`Name`, `u=N`, `x=N`), or `@Hook` (a method of RuleHooks that emits).
/// </summary>
public static class RuleGenerator
{
    private static readonly Dictionary<char, string> KindMasks = new()
    {
        ['x'] = "ArgMask.X", ['y'] = "ArgMask.Y", ['d'] = "(ArgMask.X | ArgMask.Y)", ['c'] = "ArgMask.Const", ['s'] = "(ArgMask.X | ArgMask.Y | ArgMask.Const)",
        ['i'] = "ArgMask.Small", ['a'] = "ArgMask.Atom", ['n'] = "ArgMask.Nil", ['q'] = "ArgMask.Literal", ['u'] = "ArgMask.Unsigned",
        ['f'] = "ArgMask.Label", ['p'] = "ArgMask.NoLabel", ['r'] = "ArgMask.Float",
    };

    public static void Run(string root, string output, InstructionTable table)
    {
        string folder = Path.Combine(root, "src", "Vm", "Instructions");
        var byOp = new SortedDictionary<int, List<string>>();
        foreach (var (line, number) in Directory.EnumerateFiles(folder, "rules*.tab").Order(StringComparer.Ordinal).SelectMany(Files.Lines))
        {
            string where = $"rules.tab:{number}";
            int arrow = line.IndexOf("=>", StringComparison.Ordinal);
            if (arrow < 0) throw new TableException($"{where}: '=>' missing");
            string left = line[..arrow];
            var whens = left.Split(" when ").Skip(1).Select(s => s.Trim()).ToList();
            var patterns = left.Split(" when ")[0].Split('|').Select(s => s.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToList();
            var tests = new List<string>();
            var bound = new Dictionary<string, string>();
            int firstOp = -1;
            for (int i = 0; i < patterns.Count; i++)
            {
                var op = GenericOpGenerator.Ops.Find(o => o.Name == patterns[i][0]) ?? throw new TableException($"{where}: no generic instruction '{patterns[i][0]}'");
                if (i == 0) firstOp = op.Number; else tests.Add($"e->OpAt(i + {i}) == {op.Number}");
                if (patterns[i].Length - 1 > op.Arity && patterns[i][^1] != "*") throw new TableException($"{where}: {op.Name} has {op.Arity} operands");
                if (patterns[i].Length - 1 < op.Arity && (patterns[i].Length == 1 || patterns[i][^1] != "*")) throw new TableException($"{where}: {op.Name} has {op.Arity} operands");
                for (int k = 1; k < patterns[i].Length; k++)
                {
                    string p = patterns[i][k], arg = $"e->ArgAt(i + {i}, {k - 1})";
                    if (p is "_" or "*") continue;
                    if (p.Contains("=="))
                    {
                        var q = p.Split("==");
                        tests.Add(q[0] switch
                        {
                            "u" => $"e->IsUnsigned({arg}, {q[1]})",
                            "i" => $"e->IsSmall({arg}, {q[1]})",
                            "a" => $"e->IsAtom({arg}, Am.{Am(q[1])})",
                            "x" => $"e->IsX({arg}, {q[1]})",
                            _ => throw new TableException($"{where}: '{p}'"),
                        });
                        continue;
                    }
                    string name = null, kinds = p;
                    if (char.IsUpper(p[0])) { var q = p.Split('='); name = q[0]; kinds = q.Length > 1 ? q[1] : ""; }
                    if (kinds != "") tests.Add($"e->Is({arg}, {string.Join(" | ", kinds.Select(c => KindMasks.TryGetValue(c, out string m) ? m : throw new TableException($"{where}: kind '{c}'")))})");
                    if (name == null) continue;
                    if (bound.TryGetValue(name, out string first)) tests.Add($"e->Same({first}, {arg})");
                    else bound[name] = arg;
                }
            }
            foreach (string when in whens)
            {
                int open = when.IndexOf('(');
                bool not = when.StartsWith('!');
                string args = when[(open + 1)..when.LastIndexOf(')')];
                string list = string.Join(", ", args.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(a => bound.TryGetValue(a, out string v) ? v : throw new TableException($"{where}: '{a}' is not bound")));
                tests.Add($"{(not ? "!" : "")}RuleHooks.{when[(not ? 1 : 0)..open]}(e{(list == "" ? "" : ", " + list)})");
            }
            var body = new StringBuilder();
            body.Append($"                // {number}: {line}\n                if ({(tests.Count == 0 ? "true" : string.Join(" && ", tests))})\n                {{\n");
            foreach (string r in line[(arrow + 2)..].Split('|').Select(s => s.Trim()))
            {
                var w = r.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (w.Length == 0) continue;
                if (w[0].StartsWith('@')) { body.Append($"                    RuleHooks.{w[0][1..]}(e, i);\n"); continue; }
                var family = table.Find(w[0]) ?? throw new TableException($"{where}: no specific instruction '{w[0]}'");
                if (family.Operands.Count != w.Length - 1 || family.Tail) throw new TableException($"{where}: {w[0]} takes {family.Operands.Count} operands{(family.Tail ? " and a tail (use a hook)" : "")}");
                for (int k = 1; k < w.Length; k++)
                {
                    string v = w[k].StartsWith("u=") ? $"e->Put({k - 1}, Arg.Unsigned({w[k][2..]}))" : w[k].StartsWith("x=") ? $"e->Put({k - 1}, Arg.X({w[k][2..]}))"
                        : bound.TryGetValue(w[k], out string a) ? $"e->Put({k - 1}, *{a})" : throw new TableException($"{where}: '{w[k]}' is not bound");
                    body.Append($"                    {v};\n");
                }
                body.Append($"                    e->Emit(Specific.{GenericOpGenerator.Cs(w[0])}, {w.Length - 1});\n");
            }
            body.Append($"                    return {patterns.Count};\n                }}\n");
            if (!byOp.TryGetValue(firstOp, out var list2)) byOp[firstOp] = list2 = [];
            list2.Add(body.ToString());
        }
        var s = new StringBuilder("namespace MyBeam.Vm;\n\nusing MyBeam.Memory;\n\n#pragma warning disable CS0162 // a rule without conditions makes those after it unreachable\n\n/// <summary>The rewrite rules of rules.tab: the first whose pattern fits is taken.</summary>\npublic static unsafe class Rules\n{\n    /// <summary>Rewrites the run of generic instructions at <paramref name=\"i\"/>: emits its replacement and returns how many it consumed; 0: no rule fits.</summary>\n    public static int Apply(Emitter* e, int i)\n    {\n        switch (e->OpAt(i))\n        {\n");
        foreach (int op in byOp.Keys) s.Append($"            case {op}: return Op{op}(e, i);\n");
        s.Append("        }\n        return 0;\n    }\n");
        foreach (var (op, rules) in byOp)
        {
            s.Append($"\n    private static int Op{op}(Emitter* e, int i) // {GenericOpGenerator.Ops.Find(o => o.Number == op).Name}\n    {{\n");
            foreach (string r in rules) s.Append(r.Replace("                ", "        "));
            s.Append("        return 0;\n    }\n");
        }
        s.Append("\n    /// <summary>Whether any rule starts with this generic opcode.</summary>\n    public static bool Handles(int op) => op is " + (byOp.Count == 0 ? "-1" : string.Join(" or ", byOp.Keys)) + ";\n}\n");
        Files.Write(output, "Vm/Rules.cs", s.ToString());
    }

    private static string Am(string atom) => string.Concat(atom.Split('_').Select(p => char.ToUpperInvariant(p[0]) + p[1..]));
}
