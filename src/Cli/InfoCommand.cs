// mybeam info FILE...: what a .beam file holds.
namespace MyBeam.Cli;

using System;
using MyBeam.Vm;

/// <summary>The command `info`: module, MD5, chunks, exports, imports, attributes, compile information.</summary>
public static unsafe class InfoCommand
{
    private const int Indent = 2, ColumnSize = 8;

    /// <summary>Runs it on the zero-terminated arguments after the command's name; gives the exit status (0, 1: a file is wrong, 2: usage).</summary>
    public static int Run(byte** arguments, int count)
    {
        Output output = new(Platform.Files.StandardOutput), errors = new(Platform.Files.StandardError);
        if (count == 0) errors.Line("usage: mybeam info FILE..."u8);
        int status = count == 0 ? 2 : 0;
        for (int i = 0; i < count; i++)
        {
            BeamInput input;
            if (!BeamInput.Open(arguments[i], &input, &errors))
            {
                status = 1;
                continue;
            }
            if (i > 0) output.Line();
            Print(&input, &output);
            BeamInput.Close(&input);
        }
        errors.Flush();
        return output.End(status);
    }

    private static void Print(BeamInput* input, Output* output)
    {
        GenericCode* code = &input->Code;
        output->Text("module "u8);
        output->Atom(code->Module);
        output->Line();
        output->Text("md5 "u8);
        output->Hex(code->Md5, 16);
        output->Line();
        Count("functions "u8, code->FunctionCount, output);
        Count("instructions "u8, code->InstrCount, output);
        Count("literals "u8, code->LiteralCount, output);
        Count("max opcode "u8, code->MaxOpcode, output);
        Chunks(input, output);
        Exports(code, output);
        Imports(code, output);
        if (code->RecordCount != 0) Records(code, output);
        if (code->Attributes.Data != null)
        {
            output->Line("attributes"u8);
            EtfText.PrintLines(code->Attributes, Indent, output);
        }
        if (code->CompileInfo.Data != null)
        {
            output->Line("compile information"u8);
            EtfText.PrintLines(code->CompileInfo, Indent, output);
        }
    }

    private static void Count(ReadOnlySpan<byte> name, long count, Output* output)
    {
        output->Text(name);
        output->Number(count);
        output->Line();
    }

    private static void Chunks(BeamInput* input, Output* output)
    {
        output->Line("chunks"u8);
        long position = 0;
        while (input->File.Next(ref position, out Chunk chunk))
        {
            output->Tab(Indent);
            for (int shift = 24; shift >= 0; shift -= 8)
            {
                byte c = (byte)(chunk.Id >> shift);
                output->Byte(c is >= 32 and < 127 ? c : (byte)'?');
            }
            output->Number(chunk.Bytes, ColumnSize + 1);
            output->Line();
        }
    }

    private static void Exports(GenericCode* code, Output* output)
    {
        Count("exports "u8, code->ExportCount, output);
        for (int i = 0; i < code->ExportCount; i++)
        {
            output->Tab(Indent);
            output->Atom(code->Exports[i].Function);
            output->Byte((byte)'/');
            output->Number(code->Exports[i].Arity);
            output->Line();
        }
    }

    private static void Imports(GenericCode* code, Output* output)
    {
        Count("imports "u8, code->ImportCount, output);
        for (int i = 0; i < code->ImportCount; i++)
        {
            output->Tab(Indent);
            output->Function(code->Imports[i].Module, code->Imports[i].Function, code->Imports[i].Arity);
            output->Line();
        }
    }

    private static void Records(GenericCode* code, Output* output)
    {
        Count("records "u8, code->RecordCount, output);
        for (int i = 0; i < code->RecordCount; i++)
        {
            GenericRecord* record = code->Records + i;
            output->Tab(Indent);
            output->Atom(record->Name);
            if (record->Exported) output->Text(" exported"u8);
            for (int f = 0; f < record->FieldCount; f++)
            {
                output->Byte((byte)' ');
                output->Atom(code->Args[record->FirstArg + (2 * f)].Term);
            }
            output->Line();
        }
    }
}
