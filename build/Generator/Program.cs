// The table generator: reads the declarative tables of src/ and writes C# into artifacts/generated/. Usage: MyBeam.Generator ROOT OUTPUT.
//   src/Memory/atoms.tab                well-known atoms                    -> Memory/Am.cs
//   [Bif("m:f/a")] marks in src/Vm      natives                             -> Vm/BifTable.cs
//   src/Vm/Instructions/generic.tab     generic opcodes                     -> Vm/GenericOps.cs
//   src/Vm/Instructions/specific.tab    specific instructions, operand kinds-> Vm/InstructionTable.cs
//   src/Vm/Instructions/rules.tab       generic-to-specific rewrite rules   -> Vm/Rules.cs
// A file is written only when its text changes, so that builds stay incremental.
using MyBeam.Generator;

if (args.Length != 2)
{
    Console.Error.WriteLine("usage: MyBeam.Generator ROOT OUTPUT");
    return 2;
}
try
{
    string root = args[0], output = args[1];
    var bifs = BifScanner.Scan(Path.Combine(root, "src", "Vm"));
    AtomGenerator.Run(root, output, bifs);
    BifScanner.Write(output, bifs);
    GenericOpGenerator.Run(root, output);
    var table = InstructionTable.Read(Path.Combine(root, "src", "Vm", "Instructions"));
    table.Write(output);
    RuleGenerator.Run(root, output, table);
    return 0;
}
catch (TableException e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
