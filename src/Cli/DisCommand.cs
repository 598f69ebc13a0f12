// mybeam dis FILE...: the generic instructions of a .beam file, in the manner of erlc -S; with --specific the threaded code (SpecificDump.cs).
namespace MyBeam.Cli;

using MyBeam.Memory;
using MyBeam.Vm;

/// <summary>The command `dis`: one line an instruction, functions with a head, places in the source as comments.</summary>
public static unsafe class DisCommand
{
    private const int Indent = 4, OperandColumn = 26;

    /// <summary>Runs it on the zero-terminated arguments after the command's name; gives the exit status (0, 1: a file is wrong, 2: usage).</summary>
    public static int Run(byte** arguments, int count)
    {
        Output output = new(Platform.Files.StandardOutput), errors = new(Platform.Files.StandardError);
        bool specific = false;
        int files = 0;
        for (int i = 0; i < count; i++)
        {
            if (Program.Is(arguments[i], "--specific"u8)) specific = true;
            else files++;
        }
        if (files == 0) errors.Line("usage: mybeam dis FILE... [--specific]"u8);
        int status = files == 0 ? 2 : 0;
        for (int i = 0; i < count; i++)
        {
            if (Program.Is(arguments[i], "--specific"u8)) continue;
            if (specific)
            {
                if (!SpecificDump.File(arguments[i], &output, &errors)) status = 1;
                continue;
            }
            BeamInput input;
            if (!BeamInput.Open(arguments[i], &input, &errors))
            {
                status = 1;
                continue;
            }
            Module(&input.Code, &output);
            BeamInput.Close(&input);
        }
        errors.Flush();
        return output.End(status);
    }

    /// <summary>Prints a whole module.</summary>
    public static void Module(GenericCode* code, Output* output)
    {
        output->Text("module "u8);
        output->Atom(code->Module);
        output->Line();
        for (int f = 0; f < code->FunctionCount; f++)
        {
            GenericFunction* function = code->Functions + f;
            output->Line();
            output->Text("function "u8);
            output->Atom(function->Name);
            output->Byte((byte)'/');
            output->Number(function->Arity);
            output->Text(", entry "u8);
            output->Number(function->EntryLabel);
            output->Line();
            for (int i = function->First; i < function->End; i++) Instruction(code, i, output);
        }
    }

    /// <summary>Prints one instruction as a line (labels without indentation).</summary>
    public static void Instruction(GenericCode* code, int index, Output* output)
    {
        GenericInstr* instr = code->Instrs + index;
        GenericArg* args = code->Args + instr->FirstArg;
        if (instr->Op == GenericOps.Label)
        {
            output->Text("  "u8);
            output->Number(args[0].Value);
            output->Line(":"u8);
            return;
        }
        output->Tab(Indent);
        if (instr->Op == GenericOps.Line)
        {
            output->Text("% "u8);
            Place(code, args[0].Value, output);
            output->Line();
            return;
        }
        var kinds = GenericOps.Kinds(instr->Op);
        int arity = GenericOps.Arity(instr->Op);
        output->Text(GenericOps.Name(instr->Op));
        for (int i = 0; i < instr->Argc; i++)
        {
            if (i == 0) output->Tab(OperandColumn);
            if (i > 0 && args[i - 1].Kind != ArgKind.List) output->Text(", "u8);
            Operand(code, args + i, i < arity ? kinds[2 * i] : (byte)0, output);
        }
        if (instr->Argc > 0 && args[arity - 1].Kind == ArgKind.List) output->Byte((byte)']');
        output->Line();
    }

    // Two's complement as a number of base 16: the negative of a number is its complement, one added at the last byte that is not zero.
    private static void Big(GenericBytes big, Output* output)
    {
        bool negative = big.Data[0] >= 0x80;
        int last = big.Bytes - 1;
        while (last > 0 && big.Data[last] == 0) last--;
        output->Text(negative ? "-16#"u8 : "16#"u8);
        for (int i = big.Data[0] == 0 ? 1 : 0; i < big.Bytes; i++)
        {
            byte digits = big.Data[i];
            if (negative && i <= last) digits = (byte)(~digits + (i == last ? 1 : 0));
            output->Hex(&digits, 1);
        }
    }

    // The letter is that of generic.tab: it tells what a number stands for.
    private static void Operand(GenericCode* code, GenericArg* arg, byte letter, Output* output)
    {
        switch (arg->Kind)
        {
            case ArgKind.U:
                Unsigned(code, arg->Value, letter, output);
                break;
            case ArgKind.I:
                output->Number(arg->Value);
                break;
            case ArgKind.A or ArgKind.N:
                output->Atom(arg->Term);
                break;
            case ArgKind.X or ArgKind.Y:
                output->Byte(arg->Kind == ArgKind.X ? (byte)'x' : (byte)'y');
                output->Number(arg->Value);
                if (arg->Type != 0) Type(code->Types + arg->Type, output);
                break;
            case ArgKind.F:
                output->Text("f"u8);
                output->Number(arg->Value);
                break;
            case ArgKind.Fr:
                output->Text("fr"u8);
                output->Number(arg->Value);
                break;
            case ArgKind.Lit when arg->Value < code->LiteralCount:
                output->Byte((byte)'`');
                EtfText.Print(code->Literals[arg->Value], output);
                output->Byte((byte)'`');
                break;
            case ArgKind.Lit:
                Big(code->Bigs[arg->Value - code->LiteralCount], output);
                break;
            case ArgKind.List:
                output->Byte((byte)'[');
                break;
            default:
                break;
        }
    }

    private static void Unsigned(GenericCode* code, long value, byte letter, Output* output)
    {
        switch (letter)
        {
            case (byte)'e' or (byte)'b':
                output->Function(code->Imports[value].Module, code->Imports[value].Function, code->Imports[value].Arity);
                break;
            case (byte)'z' or (byte)'c':
                output->Text("fun "u8);
                output->Atom(code->Funs[value].Function);
                output->Byte((byte)'/');
                output->Number(code->Funs[value].Arity);
                break;
            case (byte)'l':
                Place(code, value, output);
                break;
            default:
                output->Number(value);
                break;
        }
    }

    private static void Place(GenericCode* code, long index, Output* output)
    {
        if (index == 0 || index >= code->LineCount)
        {
            output->Text("no line"u8);
            return;
        }
        GenericLine line = code->Lines[index];
        if (line.File == 0)
        {
            AtomTable.Entry* entry = AtomTable.Get(code->Module);
            output->Text(entry->Text, entry->Bytes);
            output->Text(".erl"u8);
        }
        else
        {
            output->Text(code->FileNames[line.File].Data, code->FileNames[line.File].Bytes);
        }
        output->Byte((byte)':');
        output->Number(line.Line);
    }

    // {types}, {integer 0..255}, {bitstring/8}.
    private static void Type(GenericType* type, Output* output)
    {
        var names = "atom bitstring cons float fun integer map nil pid port reference tuple record "u8;
        output->Byte((byte)'{');
        int at = 0;
        bool first = true;
        for (int bit = 1; bit <= GenericType.Record; bit <<= 1)
        {
            bool has = (type->Bits & bit) != 0 && (type->Bits & GenericType.Any) != GenericType.Any;
            if (has && !first) output->Byte((byte)'|');
            for (; names[at] != ' '; at++)
                if (has) output->Byte(names[at]);
            at++;
            first &= !has;
        }
        if ((type->Bits & (GenericType.HasLower | GenericType.HasUpper)) != 0)
        {
            output->Byte((byte)' ');
            if ((type->Bits & GenericType.HasLower) != 0) output->Number(type->Lower);
            output->Text(".."u8);
            if ((type->Bits & GenericType.HasUpper) != 0) output->Number(type->Upper);
        }
        if ((type->Bits & GenericType.HasUnit) != 0)
        {
            output->Byte((byte)'/');
            output->Number(type->Unit);
        }
        output->Byte((byte)'}');
    }
}
