// mybeam dis --specific: the threaded code that the loader makes of a module: word offset, instruction with the kinds of its variant, operands. The layout is told at
// the head of Interpreter/Operands.cs; what follows an instruction as a tail is in the rule hooks that emit it, and here in Tail.
namespace MyBeam.Cli;

using System;
using MyBeam.Memory;
using MyBeam.Platform;
using MyBeam.Vm;

/// <summary>Prints threaded code.</summary>
public unsafe struct SpecificDump
{
    private const int OffsetWidth = 7, OperandColumn = 36;

    private Machine* machine;
    private LoadedModule* module;
    private Output* to;
    // The instruction being printed.
    private ulong* I;
    private int family, next;
    private bool first;

    /// <summary>Loads the file into a VM of its own and prints it; false after a line on errors.</summary>
    public static bool File(byte* path, Output* output, Output* errors)
    {
        Machine* m = Machine.Create();
        if (m == null)
        {
            errors->Line("mybeam dis: no memory"u8);
            return false;
        }
        byte* bytes = ModuleFinder.ReadFile(path, out long size, out Errno errno);
        if (bytes == null)
        {
            errors->ZeroTerminated(path);
            errors->Text(": cannot be read ("u8);
            errors->Text(ErrnoNames.Atom(errno));
            errors->Line("); give the name of a .beam file"u8);
            Machine.Destroy(m);
            return false;
        }
        NativeList<Emitter.SpecificMark> marks = default;
        LoadError error = default;
        m->NoteSpecific = &marks;
        LoadedModule* module = ModuleLoader.Load(m, bytes, size, Term.None, &error);
        m->NoteSpecific = null;
        Allocator.Free(bytes, (nuint)size, Owner.Loader);
        if (module != null)
        {
            SpecificDump dump = new() { machine = m, module = module, to = output };
            dump.Module(ref marks);
        }
        else
        {
            errors->ZeroTerminated(path);
            errors->Text(": "u8);
            errors->Line(LoadError.Message(&error));
        }
        marks.Free(Owner.Loader);
        Machine.Destroy(m);
        return module != null;
    }

    private void Module(ref NativeList<Emitter.SpecificMark> marks)
    {
        to->Text("module "u8);
        to->Atom(module->Name);
        to->Text(", "u8);
        to->Number(module->CodeWords);
        to->Line(" words"u8);
        for (int i = 0; i < marks.Count; i++)
        {
            next = i + 1 < marks.Count ? marks[i + 1].Word : module->CodeWords;
            Instruction(marks[i]);
        }
    }

    private void Instruction(Emitter.SpecificMark mark)
    {
        I = module->Code + mark.Word;
        family = mark.Family;
        if (family == Specific.FuncInfo)
        {
            to->Line();
            to->Text("function "u8);
            to->Function(new Term(I[1]), new Term(I[2]), (long)I[3]);
            to->Line();
        }
        to->Number(mark.Word, OffsetWidth);
        to->Text("  "u8);
        to->Text(InstructionTable.Name(family));
        first = true;
        Operands(mark.Variant);
        to->Line();
    }

    // -- operands --

    private static int Length(ReadOnlySpan<byte> list, int at)
    {
        int n = 0;
        while (at + n < list.Length && list[at + n] != ',') n++;
        return n;
    }

    // The variant is a number whose digits are the chosen kinds of the operands that have a choice, the last one lowest.
    private static byte Chosen(ReadOnlySpan<byte> kinds, int at, int variant)
    {
        int length = Length(kinds, at), below = 1;
        for (int k = at + length + 1; k < kinds.Length; k += Length(kinds, k) + 1)
            if (Length(kinds, k) > 1) below *= Length(kinds, k);
        return length > 1 ? kinds[at + ((variant / below) % length)] : kinds[at];
    }

    private void Operands(int variant)
    {
        ReadOnlySpan<byte> kinds = InstructionTable.Operands(family), names = InstructionTable.OperandNames(family);
        int packed = 0;
        bool label = false, tail = false;
        for (int at = 0; at < kinds.Length; at += Length(kinds, at) + 1)
        {
            if (kinds[at] == '*') tail = true;
            else if (kinds[at] == 'j') label = true;
            else if (IsPacked(kinds[at])) packed++;
        }
        int slots = label ? (packed <= 2 ? 4 : packed + 2) : packed;
        int wide = 1 + ((slots + 3) / 4), slot = 0, name = 0;
        for (int at = 0; at < kinds.Length && kinds[at] != '*'; at += Length(kinds, at) + 1)
        {
            byte kind = Chosen(kinds, at, variant);
            ReadOnlySpan<byte> called = names.Slice(name, Length(names, name));
            name += called.Length + 1;
            Begin(called);
            if (kind == 'j') Target(((int*)I)[3]);
            else if (kind == 'c' || !IsPacked(kind)) Wide(kind, called, I[wide++]);
            else Packed(kind, ((ushort*)I)[slot + 4]);
            if (!IsPacked(kinds[at])) continue;
            slot++;
            if (label && slot == 2) slot = 4;
        }
        if (tail) Tail(wide);
    }

    private static bool IsPacked(byte kind) => kind is (byte)'x' or (byte)'y' or (byte)'c' or (byte)'r' or (byte)'u' or (byte)'b' or (byte)'t';

    private void Begin(ReadOnlySpan<byte> name)
    {
        if (first && to->Column < OperandColumn) to->Tab(OperandColumn);
        else if (first) to->Byte((byte)' ');
        else to->Text(", "u8);
        first = false;
        if (name.Length == 0) return;
        to->Text(name);
        to->Byte((byte)'=');
    }

    private void Packed(byte kind, long value)
    {
        switch (kind)
        {
            case (byte)'x': Register(value, false); break;
            case (byte)'y': Register(value, true); break;
            case (byte)'r':
                to->Text("fr"u8);
                to->Number((value - ContextLayout.F) / 8);
                break;
            // Bytes of a frame, the return slot with it, and bytes of y registers.
            case (byte)'b': to->Number((value / 8) - 1); break;
            case (byte)'t': to->Number(value / 8); break;
            default: to->Number(value); break;
        }
    }

    private void Register(long offset, bool y)
    {
        to->Byte(y ? (byte)'y' : (byte)'x');
        to->Number(y ? (offset / 8) - 1 : (offset - ContextLayout.X) / 8);
    }

    // A word offset from the instruction, shown as offset in the module.
    private void Target(long words)
    {
        to->Byte((byte)'+');
        to->Number(I - module->Code + words);
    }

    private void Wide(byte kind, ReadOnlySpan<byte> name, ulong word)
    {
        if (kind == 'e') External((Export*)word);
        else if (kind == 'l') Target((ulong*)word - I);
        else if (kind == 'c') Constant(word);
        else if (kind == 'w' && (name.SequenceEqual("fail"u8) || name.SequenceEqual("wait"u8)))
        {
            if (word == 0) to->Byte((byte)'-');
            else Target((long)word);
        }
        // What is added to the word of a small: its value above the tag.
        else if (family is Specific.AddConstant or Specific.SubtractConstant) to->Number((long)word >> 4);
        else if (kind == 'w' && (IsTerm(name) || family is Specific.IsSame or Specific.IsNotSame)) Constant(word);
        else if (kind == 'w') to->Number((long)word);
        else Address(word);
    }

    // Words that hold a term; the others are numbers.
    private static bool IsTerm(ReadOnlySpan<byte> name) => name.SequenceEqual("key"u8) || name.SequenceEqual("tag"u8) || name.SequenceEqual("field"u8) || name.SequenceEqual("id"u8)
        || name.SequenceEqual("name"u8) || name.SequenceEqual("module"u8) || name.SequenceEqual("handler"u8) || name.SequenceEqual("index"u8);

    private void External(Export* e) => to->Function(e->Module, e->Function, e->Arity);

    private void Constant(ulong word)
    {
        Term t = new(word);
        if (t.IsNone) to->Byte((byte)'-');
        else if (t.IsCatch)
        {
            to->Text("catch "u8);
            Target(CodeTable.CatchTarget(machine, t.CatchIndex) - I);
        }
        else if (t.IsImmediate || IsLiteral(word)) RunReport.Print(to, t);
        else Address(word);
    }

    private bool IsLiteral(ulong word) => (word & 3) != 0 && word - (ulong)machine->HeapShared.LiteralBase < machine->HeapShared.LiteralBytes;

    private void Address(ulong word)
    {
        to->Text("0x"u8);
        to->Hex(word);
    }

    // -- tails --

    // What follows the operands of an instruction, a letter a word: o operand, k constant, n number, y offset of a y register, r header of a tuple, j label,
    // e export entry, f fun, d native record, p address. After '|': repeated up to the end; "#": a count n, then n words of the first and n of the second letter after it.
    private static ReadOnlySpan<byte> Shape(int family) => family switch
    {
        Specific.FuncInfo => "kkn"u8,
        Specific.NativeBody or Specific.UndefinedFunction => "e"u8,
        Specific.InitYregs => "n|y"u8,
        Specific.SelectSearch or Specific.SelectLinear => "#kj"u8,
        Specific.SelectArity => "#rj"u8,
        Specific.SelectTable => "knn|j"u8,
        Specific.PutTuple or Specific.Guard3 => "|o"u8,
        Specific.UpdateRecord => "|no"u8,
        Specific.MakeFun => "f|o"u8,
        Specific.GetMapElements => "n|kno"u8,
        Specific.GetMapElementsAny => "n|oo"u8,
        Specific.NewMap => "nk|o"u8,
        Specific.PutMapAssoc or Specific.PutMapExact => "n|oo"u8,
        Specific.GetRecordElements => "n|ko"u8,
        Specific.NewLocalRecord => "dn|ko"u8,
        Specific.NewNativeRecord => "kn|ko"u8,
        Specific.UpdateNativeRecord => "n|ko"u8,
        _ => "|p"u8,
    };

    private void Tail(int at)
    {
        ReadOnlySpan<byte> shape = Shape(family);
        int end = next - (int)(I - module->Code);
        if (shape[0] == '#')
        {
            long count = at < end ? (long)I[at++] : 0;
            for (long i = 0; i < count && at + count < end; i++, at++)
            {
                Begin(default);
                TailWord(shape[1], I[at]);
                to->Text(" -> "u8);
                TailWord(shape[2], I[at + count]);
            }
            return;
        }
        int repeat = -1;
        for (int k = 0; at < end; k++)
        {
            if (k == shape.Length)
            {
                if (repeat < 0) return;
                k = repeat;
            }
            if (shape[k] == '|')
            {
                repeat = ++k;
                to->Text(" |"u8);
                first = true;
            }
            Begin(default);
            TailWord(shape[k], I[at++]);
        }
    }

    private void TailWord(byte letter, ulong word)
    {
        switch (letter)
        {
            case (byte)'o' when (word & 3) == 0: Register((long)(word >> 3), (word & 4) != 0); break;
            case (byte)'o' or (byte)'k': Constant(word); break;
            case (byte)'n': to->Number((long)word); break;
            case (byte)'y': Register((long)word, true); break;
            case (byte)'r':
                to->Byte((byte)'/');
                to->Number(Header.Arity(word));
                break;
            case (byte)'j': Target((long)word); break;
            case (byte)'e': External((Export*)word); break;
            case (byte)'f':
                FunEntry* f = (FunEntry*)word;
                to->Text("fun "u8);
                to->Function(f->Module, f->Function, f->Arity);
                break;
            case (byte)'d': to->Atom(((ModuleRecord*)word)->Name); break;
            default: Address(word); break;
        }
    }
}
