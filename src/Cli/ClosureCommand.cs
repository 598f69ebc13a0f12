// mybeam closure FILE|DIR... [--json]: which opcodes and which functions of other modules a set of .beam files needs, and what of it MyBeam has.
namespace MyBeam.Cli;

using MyBeam.Memory;
using MyBeam.Vm;

/// <summary>What the closure tool asks about this MyBeam. Null: not known, the column is left out.</summary>
public unsafe struct ClosureHooks
{
    /// <summary>Whether a generic opcode is implemented.</summary>
    public delegate*<int, bool> Implemented;

    /// <summary>Whether there is a native for module, function, arity.</summary>
    public delegate*<Term, Term, int, bool> HasNative;
}

/// <summary>The command `closure`.</summary>
public static unsafe class ClosureCommand
{
    private const int FirstTableSize = 4096, CountWidth = 9;

    // An imported function: how many modules import it. Calls in the code are not told apart from fun M:F/A.
    private struct Import
    {
        public Term Module, Function;
        public int Arity;
        public int Modules;

        // A module of the set exports it.
        public bool Inside;
    }

    private struct State
    {
        public fixed long Ops[GenericOps.Max + 1];
        public long Files, Refused;
        public Output* Errors;
        public ImportTable Imports;
        public ImportTable Exports;
    }

    // Open addressing; Arity of an empty entry is -1.
    private struct ImportTable
    {
        public Import* Entries;
        public int Size, Count;
    }

    /// <summary>Runs it on the zero-terminated arguments after the command's name; gives the exit status (0, 1: a file is wrong, 2: usage).</summary>
    public static int Run(byte** arguments, int count, ClosureHooks hooks)
    {
        Output output = new(Platform.Files.StandardOutput), errors = new(Platform.Files.StandardError);
        State state = default;
        state.Errors = &errors;
        bool json = false, good = true;
        int paths = 0;
        for (int i = 0; i < count; i++)
        {
            if (BeamInput.Is(arguments[i], "--json"u8)) json = true;
            else paths++;
        }
        if (paths == 0) errors.Line("usage: mybeam closure FILE|DIR... [--json]"u8);
        for (int i = 0; i < count; i++)
            if (!BeamInput.Is(arguments[i], "--json"u8)) good &= BeamWalk.Visit(arguments[i], &Visit, &state);
        if (!good) errors.Line("closure: a folder could not be read to its end"u8);
        if (paths != 0)
        {
            Mark(&state);
            if (json) Json(&state, hooks, &output);
            else Text(&state, hooks, &output);
        }
        Drop(&state.Imports);
        Drop(&state.Exports);
        errors.Flush();
        return output.End(paths == 0 ? 2 : state.Refused != 0 || !good ? 1 : 0);
    }

    private static void Visit(byte* path, void* context)
    {
        State* state = (State*)context;
        BeamInput input;
        state->Files++;
        if (!BeamInput.Open(path, &input, state->Errors))
        {
            state->Refused++;
            return;
        }
        GenericCode* code = &input.Code;
        for (int i = 0; i < code->InstrCount; i++) state->Ops[code->Instrs[i].Op]++;
        for (int i = 0; i < code->ImportCount; i++) Add(&state->Imports, code->Imports[i].Module, code->Imports[i].Function, code->Imports[i].Arity);
        for (int i = 0; i < code->ExportCount; i++) Add(&state->Exports, code->Module, code->Exports[i].Function, code->Exports[i].Arity);
        BeamInput.Close(&input);
    }

    private static void Mark(State* state)
    {
        for (int i = 0; i < state->Imports.Size && state->Exports.Size != 0; i++)
        {
            Import* import = state->Imports.Entries + i;
            if (import->Arity >= 0) import->Inside = Slot(&state->Exports, import->Module, import->Function, import->Arity)->Arity >= 0;
        }
    }

    private static void Add(ImportTable* table, Term module, Term function, int arity)
    {
        if (table->Count * 2 >= table->Size && !Grow(table)) return;
        Import* slot = Slot(table, module, function, arity);
        if (slot->Arity < 0)
        {
            *slot = new Import { Module = module, Function = function, Arity = arity };
            table->Count++;
        }
        slot->Modules++;
    }

    private static Import* Slot(ImportTable* table, Term module, Term function, int arity)
    {
        ulong hash = ((module.Bits * 31) + function.Bits + (ulong)arity) * 0x9E3779B97F4A7C15;
        for (int i = (int)(hash >> 33) & (table->Size - 1); ; i = (i + 1) & (table->Size - 1))
        {
            Import* entry = table->Entries + i;
            if (entry->Arity < 0 || (entry->Module == module && entry->Function == function && entry->Arity == arity)) return entry;
        }
    }

    private static bool Grow(ImportTable* table)
    {
        ImportTable larger = default;
        larger.Size = table->Size == 0 ? FirstTableSize : table->Size * 2;
        larger.Entries = (Import*)Allocator.Alloc((nuint)larger.Size * (nuint)sizeof(Import), Owner.Temporary);
        if (larger.Entries == null) return false;
        for (int i = 0; i < larger.Size; i++) larger.Entries[i].Arity = -1;
        for (int i = 0; i < table->Size; i++)
        {
            Import* entry = table->Entries + i;
            if (entry->Arity >= 0) *Slot(&larger, entry->Module, entry->Function, entry->Arity) = *entry;
        }
        larger.Count = table->Count;
        Drop(table);
        *table = larger;
        return true;
    }

    private static void Drop(ImportTable* table) => Allocator.Free(table->Entries, (nuint)table->Size * (nuint)sizeof(Import), Owner.Temporary);

    private static void Sort(ImportTable* table)
    {
        // Moves the entries together, then heapsort: after this the table is a plain array of Count entries.
        int n = 0;
        for (int i = 0; i < table->Size; i++)
            if (table->Entries[i].Arity >= 0) table->Entries[n++] = table->Entries[i];
        for (int i = n / 2; i > 0; i--) Sink(table->Entries, i - 1, n);
        for (int i = n - 1; i > 0; i--)
        {
            (table->Entries[0], table->Entries[i]) = (table->Entries[i], table->Entries[0]);
            Sink(table->Entries, 0, i);
        }
    }

    private static void Sink(Import* entries, int at, int count)
    {
        for (int child = (2 * at) + 1; child < count; child = (2 * at) + 1)
        {
            if (child + 1 < count && Compare(entries + child, entries + child + 1) < 0) child++;
            if (Compare(entries + at, entries + child) >= 0) return;
            (entries[at], entries[child]) = (entries[child], entries[at]);
            at = child;
        }
    }

    private static int Compare(Import* a, Import* b)
    {
        int order = AtomTable.Compare(a->Module, b->Module);
        if (order == 0) order = AtomTable.Compare(a->Function, b->Function);
        return order != 0 ? order : a->Arity - b->Arity;
    }

    private static void Text(State* state, ClosureHooks hooks, Output* output)
    {
        output->Number(state->Files);
        output->Text(" files, "u8);
        output->Number(state->Refused);
        output->Line(" refused"u8);
        output->Line("opcodes"u8);
        for (int op = 1; op <= GenericOps.Max; op++)
        {
            if (state->Ops[op] == 0) continue;
            output->Number(state->Ops[op], CountWidth);
            output->Byte((byte)' ');
            output->Text(GenericOps.Name(op));
            output->Byte((byte)'/');
            output->Number(GenericOps.Arity(op));
            if (hooks.Implemented != null && !hooks.Implemented(op)) output->Text("  MISSING"u8);
            output->Line();
        }
        output->Line("imported functions that no module of the set exports or that are natives, and how many modules import them"u8);
        Sort(&state->Imports);
        for (int i = 0; i < state->Imports.Count; i++)
        {
            Import* import = state->Imports.Entries + i;
            bool native = hooks.HasNative != null && hooks.HasNative(import->Module, import->Function, import->Arity);
            if (import->Inside && !native) continue;
            output->Number(import->Modules, CountWidth);
            output->Byte((byte)' ');
            output->Function(import->Module, import->Function, import->Arity);
            if (native) output->Text("  native"u8);
            else if (hooks.HasNative != null) output->Text("  MISSING"u8);
            output->Line();
        }
    }

    private static void Json(State* state, ClosureHooks hooks, Output* output)
    {
        output->Text("{\"files\":"u8);
        output->Number(state->Files);
        output->Text(",\"refused\":"u8);
        output->Number(state->Refused);
        output->Text(",\n\"opcodes\":["u8);
        bool first = true;
        for (int op = 1; op <= GenericOps.Max; op++)
        {
            if (state->Ops[op] == 0) continue;
            output->Text(first ? "\n"u8 : ",\n"u8);
            first = false;
            output->Text("{\"opcode\":"u8);
            output->Number(op);
            output->Text(",\"name\":\""u8);
            output->Text(GenericOps.Name(op));
            output->Text("\",\"arity\":"u8);
            output->Number(GenericOps.Arity(op));
            output->Text(",\"count\":"u8);
            output->Number(state->Ops[op]);
            if (hooks.Implemented != null) output->Text(hooks.Implemented(op) ? ",\"implemented\":true"u8 : ",\"implemented\":false"u8);
            output->Byte((byte)'}');
        }
        output->Text("],\n\"imports\":["u8);
        Sort(&state->Imports);
        for (int i = 0; i < state->Imports.Count; i++)
        {
            Import* import = state->Imports.Entries + i;
            output->Text(i == 0 ? "\n"u8 : ",\n"u8);
            output->Text("{\"module\":"u8);
            JsonText(import->Module, output);
            output->Text(",\"function\":"u8);
            JsonText(import->Function, output);
            output->Text(",\"arity\":"u8);
            output->Number(import->Arity);
            output->Text(",\"modules\":"u8);
            output->Number(import->Modules);
            output->Text(import->Inside ? ",\"exported\":true"u8 : ",\"exported\":false"u8);
            if (hooks.HasNative != null)
                output->Text(hooks.HasNative(import->Module, import->Function, import->Arity) ? ",\"native\":true"u8 : ",\"native\":false"u8);
            output->Byte((byte)'}');
        }
        output->Line("]}"u8);
    }

    private static void JsonText(Term atom, Output* output)
    {
        AtomTable.Entry* entry = AtomTable.Get(atom);
        output->Byte((byte)'"');
        for (int i = 0; i < entry->Bytes; i++)
        {
            byte c = entry->Text[i];
            if (c < 32)
            {
                output->Text("\\u00"u8);
                output->Hex(&c, 1);
                continue;
            }
            if (c is (byte)'"' or (byte)'\\') output->Byte((byte)'\\');
            output->Byte(c);
        }
        output->Byte((byte)'"');
    }
}
