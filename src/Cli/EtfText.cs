// External terms as text, straight from their bytes: for tools that look into files without making terms.
namespace MyBeam.Cli;

using System;
using MyBeam.Memory;
using MyBeam.Vm;

/// <summary>Prints external terms. Damaged ones are printed as far as they go, then the word damaged; nothing is allocated.</summary>
public static unsafe class EtfText
{
    // Deeper ones are cut: the printer uses the native stack.
    private const int MaxDepth = 200;

    private const byte Version = 131, NewFloat = 70, BitBinary = 77, NewPid = 88, NewPort = 89, NewerReference = 90, SmallInteger = 97, Integer = 98,
        AtomOld = 100, Pid = 103, SmallTuple = 104, LargeTuple = 105, Nil = 106, String = 107, List = 108, Binary = 109, SmallBig = 110, LargeBig = 111,
        Fun = 112, Export = 113, SmallAtomOld = 115, Map = 116, AtomUtf8 = 118, SmallAtomUtf8 = 119;

    private struct Reader
    {
        public byte* At, End;
        public bool Damaged;

        public bool Has(long bytes)
        {
            if (bytes > End - At) Damaged = true;
            return !Damaged;
        }

        public byte U8() => Has(1) ? *At++ : (byte)0;

        public int U16() => (U8() << 8) | U8();

        public uint U32() => ((uint)U16() << 16) | (uint)U16();
    }

    /// <summary>Prints a term with its version byte.</summary>
    public static void Print(byte* data, long bytes, Output* output)
    {
        Reader reader = new() { At = data, End = data + bytes };
        if (reader.U8() != Version) reader.Damaged = true;
        Term(&reader, output, 0);
        if (reader.Damaged) output->Text("<damaged>"u8);
    }

    /// <summary>Prints a term with its version byte.</summary>
    public static void Print(GenericBytes term, Output* output) => Print(term.Data, term.Bytes, output);

    /// <summary>If the term is a proper list of pairs with an atom first (attributes, compile information): prints each on a line of its own.</summary>
    public static void PrintLines(GenericBytes term, int indent, Output* output)
    {
        Reader reader = new() { At = term.Data, End = term.Data + term.Bytes };
        if (reader.U8() != Version || reader.U8() != List)
        {
            output->Tab(indent);
            Print(term, output);
            output->Line();
            return;
        }
        for (long count = reader.U32(); count > 0 && !reader.Damaged; count--)
        {
            output->Tab(indent);
            Term(&reader, output, 0);
            output->Line();
        }
        if (reader.Damaged) output->Line("<damaged>"u8);
    }

    private static void Term(Reader* reader, Output* output, int depth)
    {
        if (reader->Damaged) return;
        if (depth > MaxDepth)
        {
            reader->Damaged = true;
            return;
        }
        byte tag = reader->U8();
        switch (tag)
        {
            case SmallInteger:
                output->Number(reader->U8());
                break;
            case Integer:
                output->Number((int)reader->U32());
                break;
            case NewFloat:
                Float(reader, output);
                break;
            case AtomOld or AtomUtf8:
                Atom(reader, output, reader->U16());
                break;
            case SmallAtomOld or SmallAtomUtf8:
                Atom(reader, output, reader->U8());
                break;
            case SmallTuple:
                Sequence(reader, output, reader->U8(), '{', '}', depth);
                break;
            case LargeTuple:
                Sequence(reader, output, reader->U32(), '{', '}', depth);
                break;
            case Nil:
                output->Text("[]"u8);
                break;
            case String:
                Characters(reader, output, reader->U16(), true);
                break;
            case List:
                Elements(reader, output, reader->U32(), depth);
                break;
            case Binary:
                Characters(reader, output, reader->U32(), false);
                break;
            case BitBinary:
                Bits(reader, output);
                break;
            case SmallBig:
                Big(reader, output, reader->U8());
                break;
            case LargeBig:
                Big(reader, output, reader->U32());
                break;
            case Map:
                Pairs(reader, output, reader->U32(), depth);
                break;
            case Export:
                output->Text("fun "u8);
                Term(reader, output, depth + 1);
                output->Byte((byte)':');
                Term(reader, output, depth + 1);
                output->Byte((byte)'/');
                Term(reader, output, depth + 1);
                break;
            case Fun:
                Skip(reader, output, "#Fun<>"u8, (long)reader->U32() - 4);
                break;
            case Pid or NewPid or NewPort:
                output->Text("#Id<"u8);
                Term(reader, output, depth + 1);
                Skip(reader, output, ">"u8, tag == Pid ? 9 : tag == NewPid ? 12 : 8);
                break;
            case NewerReference:
                output->Text("#Ref<"u8);
                int words = reader->U16();
                Term(reader, output, depth + 1);
                Skip(reader, output, ">"u8, 4L + (4L * words));
                break;
            default:
                output->Text("<tag "u8);
                output->Number(tag);
                output->Byte((byte)'>');
                reader->Damaged = true;
                break;
        }
    }

    private static void Skip(Reader* reader, Output* output, ReadOnlySpan<byte> text, long bytes)
    {
        output->Text(text);
        if (bytes < 0 || !reader->Has(bytes)) reader->Damaged = true;
        else reader->At += bytes;
    }

    private static void Float(Reader* reader, Output* output)
    {
        byte* text = stackalloc byte[FloatText.MaxShortText];
        ulong bits = ((ulong)reader->U32() << 32) | reader->U32();
        if (((bits >> 52) & 0x7FF) == 0x7FF) reader->Damaged = true;
        if (!reader->Damaged) output->Text(text, FloatText.FormatShort(BitConverter.Int64BitsToDouble((long)bits), text));
    }

    // Old atoms are Latin-1, which is printed as it is: they are ASCII in practice.
    private static void Atom(Reader* reader, Output* output, int bytes)
    {
        if (!reader->Has(bytes)) return;
        output->AtomText(new ReadOnlySpan<byte>(reader->At, bytes));
        reader->At += bytes;
    }

    private static void Sequence(Reader* reader, Output* output, long count, char open, char close, int depth)
    {
        output->Byte((byte)open);
        for (long i = 0; i < count && !reader->Damaged; i++)
        {
            if (i > 0) output->Byte((byte)',');
            Term(reader, output, depth + 1);
        }
        output->Byte((byte)close);
    }

    private static void Elements(Reader* reader, Output* output, long count, int depth)
    {
        output->Byte((byte)'[');
        for (long i = 0; i < count && !reader->Damaged; i++)
        {
            if (i > 0) output->Byte((byte)',');
            Term(reader, output, depth + 1);
        }
        if (reader->Has(1) && *reader->At == Nil)
        {
            reader->At++;
        }
        else
        {
            output->Byte((byte)'|');
            Term(reader, output, depth + 1);
        }
        output->Byte((byte)']');
    }

    private static void Pairs(Reader* reader, Output* output, long count, int depth)
    {
        output->Text("#{"u8);
        for (long i = 0; i < count && !reader->Damaged; i++)
        {
            if (i > 0) output->Byte((byte)',');
            Term(reader, output, depth + 1);
            output->Text(" => "u8);
            Term(reader, output, depth + 1);
        }
        output->Byte((byte)'}');
    }

    // A list of bytes or a binary: text in quotes when all of it is printable ASCII, else numbers.
    private static void Characters(Reader* reader, Output* output, long bytes, bool list)
    {
        if (!reader->Has(bytes)) return;
        bool printable = bytes > 0;
        for (long i = 0; i < bytes && printable; i++) printable = reader->At[i] is >= 32 and < 127 or (byte)'\n' or (byte)'\t' or (byte)'\r';
        output->Text(list ? printable ? ""u8 : "["u8 : "<<"u8);
        if (printable) output->Byte((byte)'"');
        for (long i = 0; i < bytes; i++)
        {
            if (printable)
            {
                output->Escaped(reader->At[i], (byte)'"');
                continue;
            }
            if (i > 0) output->Byte((byte)',');
            output->Number(reader->At[i]);
        }
        if (printable) output->Byte((byte)'"');
        output->Text(list ? printable ? ""u8 : "]"u8 : ">>"u8);
        reader->At += bytes;
    }

    private static void Bits(Reader* reader, Output* output)
    {
        long bytes = reader->U32();
        int last = reader->U8();
        if (!reader->Has(bytes)) return;
        output->Text("<<"u8);
        for (long i = 0; i < bytes; i++)
        {
            if (i > 0) output->Byte((byte)',');
            bool cut = i == bytes - 1 && last is > 0 and < 8;
            output->Number(cut ? reader->At[i] >> (8 - last) : reader->At[i]);
            if (!cut) continue;
            output->Byte((byte)':');
            output->Number(last);
        }
        output->Text(">>"u8);
        reader->At += bytes;
    }

    // In base 16: that needs no arithmetic on large numbers and is Erlang all the same.
    private static void Big(Reader* reader, Output* output, long bytes)
    {
        bool negative = reader->U8() != 0;
        if (!reader->Has(bytes)) return;
        output->Text(negative ? "-16#"u8 : "16#"u8);
        for (long i = bytes; i > 0; i--) output->Hex(reader->At + i - 1, 1);
        if (bytes == 0) output->Byte((byte)'0');
        reader->At += bytes;
    }
}
