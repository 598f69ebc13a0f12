// The fixtures (tests/fixtures, compiled by OTP 25, 27 and 29) run in a VM inside this process, and each value is compared with what that OTP recorded.
// MODULE.otp29 has the lines for which OTP 29 gives something else when it runs the file of the older compiler: its semantics are this VM's.

using System.Text;
using MyBeam.Memory;

namespace MyBeam.Vm.Tests;

public sealed unsafe class InterpreterTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    // It starts programs, and what comes between vfork and exec is C (build/start.c), which is not here: the executable runs it.
    private const string Programs = "f_ports.";

    private static readonly Lazy<(TheoryData<string, string> Plain, TheoryData<string, string> Library)> Cases = new(Find);

    /// <summary>Fixtures that call nothing but natives and each other.</summary>
    public static TheoryData<string, string> Plain => Cases.Value.Plain;

    /// <summary>Fixtures that call OTP's or Elixir's own modules.</summary>
    public static TheoryData<string, string> Library => Cases.Value.Library;

    [Theory]
    [MemberData(nameof(Plain))]
    public void Gives_what_OTP_gave(string release, string module) => Run(release, module, false);

    [LibraryTheory]
    [MemberData(nameof(Library))]
    public void Gives_what_OTP_gave_with_its_library(string release, string module) => Run(release, module, true);

    private static void Run(string release, string module, bool library)
    {
        long before = Outstanding();
        string file = Path.Combine(TestSupport.Root, "output_files", release, module + ".beam");
        List<string> wrong = [];
        using (HostedMachine machine = new())
        {
            if (library) OtpLibrary.AddTo(machine.Machine);
            Compare(machine, machine.Call(machine.Load(file), "tests", Limit), Recorded(file), wrong);
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count} values differ:\n" + string.Join('\n', wrong.Take(20)));
        Assert.Equal(0, Allocator.Faults);
        Assert.Equal(before, Outstanding());
    }

    // Name, base64 of the external term, text; by name.
    private static Dictionary<string, string[]> Recorded(string file)
    {
        Dictionary<string, string[]> lines = Lines(Path.ChangeExtension(file, ".expected")).ToDictionary(c => c[0]);
        string later = Path.ChangeExtension(file, ".otp29");
        if (File.Exists(later))
            foreach (string[] line in Lines(later)) lines[line[0]] = line;
        return lines;
    }

    private static IEnumerable<string[]> Lines(string file) => File.ReadLines(file).Where(l => l.Length > 0).Select(l => l.Split('\t'));

    private static void Compare(HostedMachine machine, Term list, Dictionary<string, string[]> expected, List<string> wrong)
    {
        for (; list.IsCons; list = list.Tail)
        {
            Term* pair = list.Head.TupleElements;
            AtomTable.Entry* entry = AtomTable.Get(pair[0]);
            string name = Encoding.UTF8.GetString(entry->Text, entry->Bytes);
            if (!expected.Remove(name, out string[]? columns)) wrong.Add($"{name}: was not recorded");
            else if (!machine.IsEncoded(pair[1], Convert.FromBase64String(columns[1]))) wrong.Add($"{name}: OTP {Cut(columns[2])}\n{new string(' ', name.Length)}  here {Cut(HostedMachine.Text(pair[1]))}");
        }
        wrong.AddRange(expected.Keys.Select(name => name + ": is missing"));
    }

    private static string Cut(string text) => text.Length <= 300 ? text : text[..300] + "…";

    // The atom table is the one thing that outlives a VM.
    private static long Outstanding() => Allocator.OutstandingTotal() - Allocator.Outstanding(Owner.Atoms);

    private static (TheoryData<string, string>, TheoryData<string, string>) Find()
    {
        TheoryData<string, string> plain = [], library = [];
        using HostedMachine machine = new();
        foreach (string folder in Directory.GetDirectories(Path.Combine(TestSupport.Root, "output_files"), "otp*").Order(StringComparer.Ordinal))
        {
            foreach (string file in Directory.GetFiles(folder, "*.expected").Where(f => !Path.GetFileName(f).StartsWith(Programs, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
            {
                bool needs = NeedsLibrary(machine.Machine, Path.ChangeExtension(file, ".beam"), folder);
                (needs ? library : plain).Add(Path.GetFileName(folder), Path.GetFileNameWithoutExtension(file));
            }
        }
        return (plain, library);
    }

    private static bool NeedsLibrary(Machine* machine, string path, string folder)
    {
        byte[] bytes = File.ReadAllBytes(path);
        fixed (byte* data = bytes)
        {
            BeamFile file = default;
            GenericCode code = default;
            LoadError error = default;
            // The test itself says why a file cannot be read.
            if (!BeamFile.Open(data, bytes.Length, &file, &error)) return false;
            bool needs = false;
            if (BeamReader.Read(&file, &code, &error))
            {
                for (int i = 0; i < code.ImportCount && !needs; i++)
                {
                    GenericImport import = code.Imports[i];
                    Export* export = ExportTable.Find(machine, import.Module, import.Function, import.Arity);
                    AtomTable.Entry* name = AtomTable.Get(import.Module);
                    needs = (export == null || export->Native == null) && !File.Exists(Path.Combine(folder, Encoding.UTF8.GetString(name->Text, name->Bytes) + ".beam"));
                }
                GenericCode.Free(&code);
            }
            file.Free();
            return needs;
        }
    }
}
