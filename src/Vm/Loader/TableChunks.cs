// The chunks that are plain tables of 32-bit numbers and names: atoms, imports, exports, local functions, funs. A count is believed only as far
// as the chunk has bytes for it.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>AtU8 and the older Atom (Latin-1): the module's atoms; the first one is its name.</summary>
internal static unsafe class AtomChunk
{
    private const int MaxCharacters = 255, MaxBytes = 4 * MaxCharacters;

    public static bool Read(Chunk chunk, GenericCode* code, LoadError* error)
    {
        if (chunk.Bytes < 4) return error->Fail(LoadErrorCode.BadChunk, chunk.Id, 0, "no room for the count of atoms"u8);
        long count = Big.I32(chunk.Data);

        // OTP 28 and later write minus the count, and lengths as compact numbers: atoms can then be longer than 255 bytes.
        bool compact = count < 0;
        if (compact) count = -count;
        CompactReader input = new(chunk.Data + 4, chunk.Bytes - 4L);
        if (count == 0 || count > input.Left || (compact && chunk.Id == ChunkId.Atom))
            return error->Fail(LoadErrorCode.BadChunk, chunk.Id, 0, "# atoms, for which the chunk has no bytes"u8, count);
        code->Atoms = GenericCode.Take<Term>(count + 1, error);
        if (code->Atoms == null) return false;
        code->AtomCount = (int)count + 1;
        code->Atoms[0] = Term.Nil;
        // Atoms are never freed: the whole chunk is checked before the first one is made.
        CompactReader again = input;
        byte* utf8 = stackalloc byte[2 * MaxCharacters];
        for (int i = 1; i <= count; i++)
        {
            long offset = input.At - chunk.Data;
            if (!Next(&input, compact, out byte* text, out long length))
                return error->Fail(LoadErrorCode.BadChunk, chunk.Id, offset, "atom # does not fit into the chunk"u8, i);
            if (chunk.Id == ChunkId.AtU8 && (!Utf8.Valid(text, length, out long characters) || characters > MaxCharacters))
                return error->Fail(LoadErrorCode.BadChunk, chunk.Id, offset, "atom # is not UTF-8 of at most 255 characters"u8, i);
        }
        for (int i = 1; i <= count; i++)
        {
            Next(&again, compact, out byte* text, out long length);
            if (chunk.Id == ChunkId.Atom)
            {
                length = FromLatin1(text, (int)length, utf8);
                text = utf8;
            }
            Term atom = AtomTable.Intern(text, (int)length);
            if (atom.IsNone) return error->Fail(LoadErrorCode.NoMemory, chunk.Id, 0, "the atom table is full (# atoms)"u8, AtomTable.Count);
            code->Atoms[i] = atom;
        }
        code->Module = code->Atoms[1];
        return true;
    }

    private static bool Next(CompactReader* input, bool compact, out byte* text, out long length)
    {
        text = null;
        length = 0;
        if (compact)
        {
            if (!input->NextUnsigned(MaxBytes, out length)) return false;
        }
        else
        {
            if (input->Left == 0) return false;
            length = *input->At++;
        }
        if (length > input->Left) return false;
        text = input->At;
        input->At += length;
        return true;
    }

    private static int FromLatin1(byte* text, int length, byte* utf8)
    {
        int n = 0;
        for (int i = 0; i < length; i++)
        {
            if (text[i] < 0x80)
            {
                utf8[n++] = text[i];
                continue;
            }
            utf8[n++] = (byte)(0xC0 | (text[i] >> 6));
            utf8[n++] = (byte)(0x80 | (text[i] & 0x3F));
        }
        return n;
    }
}

/// <summary>Whether bytes are UTF-8 as Unicode defines it: shortest forms, no surrogates, at most U+10FFFF.</summary>
internal static unsafe class Utf8
{
    public static bool Valid(byte* text, long bytes, out long characters)
    {
        characters = 0;
        for (long i = 0; i < bytes; characters++)
        {
            byte c = text[i++];
            if (c < 0x80) continue;
            int more = c is >= 0xC2 and < 0xE0 ? 1 : c is >= 0xE0 and < 0xF0 ? 2 : c is >= 0xF0 and < 0xF5 ? 3 : 0;
            if (more == 0 || more > bytes - i) return false;
            byte next = text[i];
            if ((c == 0xE0 && next < 0xA0) || (c == 0xED && next > 0x9F) || (c == 0xF0 && next < 0x90) || (c == 0xF4 && next > 0x8F)) return false;
            for (; more > 0; more--)
                if ((text[i++] & 0xC0) != 0x80) return false;
        }
        return true;
    }
}

/// <summary>ImpT, ExpT, LocT and FunT: a count and rows of 32-bit numbers.</summary>
internal static unsafe class RowChunks
{
    private const int MaxArity = 255, CountBytes = 4;

    /// <summary>ImpT: module, function (atom numbers), arity.</summary>
    public static bool Imports(Chunk chunk, GenericCode* code, LoadError* error)
    {
        const int row = 12;
        if (!Rows(chunk, row, error, out int count)) return false;
        code->Imports = GenericCode.Take<GenericImport>(count, error);
        if (code->Imports == null) return false;
        code->ImportCount = count;
        for (int i = 0; i < count; i++)
        {
            byte* p = chunk.Data + CountBytes + ((long)i * row);
            GenericImport* import = code->Imports + i;
            if (!Name(chunk, p, code, error, out import->Module) || !Name(chunk, p + 4, code, error, out import->Function)
                || !Arity(chunk, p + 8, error, out import->Arity))
                return false;
        }
        return true;
    }

    /// <summary>ExpT and LocT: function (atom number), arity, entry label.</summary>
    public static bool Exports(Chunk chunk, GenericCode* code, LoadError* error, out GenericExport* exports, out int count)
    {
        const int row = 12;
        exports = null;
        if (!Rows(chunk, row, error, out count)) return false;
        exports = GenericCode.Take<GenericExport>(count, error);
        if (exports == null)
        {
            count = 0;
            return false;
        }
        for (int i = 0; i < count; i++)
        {
            byte* p = chunk.Data + CountBytes + ((long)i * row);
            if (!Name(chunk, p, code, error, out exports[i].Function) || !Arity(chunk, p + 4, error, out exports[i].Arity)
                || !Label(chunk, p + 8, code, error, out exports[i].Label))
                return false;
        }
        return true;
    }

    /// <summary>FunT: function (atom number), arity, entry label, index, free variables, old unique number.</summary>
    public static bool Funs(Chunk chunk, GenericCode* code, LoadError* error)
    {
        const int row = 24;
        if (!Rows(chunk, row, error, out int count)) return false;
        code->Funs = GenericCode.Take<GenericFun>(count, error);
        if (code->Funs == null) return false;
        code->FunCount = count;
        for (int i = 0; i < count; i++)
        {
            byte* p = chunk.Data + CountBytes + ((long)i * row);
            GenericFun* fun = code->Funs + i;
            if (!Name(chunk, p, code, error, out fun->Function) || !Arity(chunk, p + 4, error, out fun->Arity)
                || !Label(chunk, p + 8, code, error, out fun->Label))
                return false;
            fun->Index = Big.I32(p + 12);
            fun->FreeCount = Big.I32(p + 16);
            fun->OldUniq = Big.U32(p + 20);
            if ((uint)fun->FreeCount > (uint)fun->Arity)
                return error->Fail(LoadErrorCode.BadChunk, chunk.Id, p + 16 - chunk.Data, "a fun has # free variables, more than arguments"u8, fun->FreeCount);
        }
        return true;
    }

    private static bool Rows(Chunk chunk, int row, LoadError* error, out int count)
    {
        count = 0;
        if (chunk.Bytes < CountBytes) return error->Fail(LoadErrorCode.BadChunk, chunk.Id, 0, "no room for the count of entries"u8);
        long claimed = Big.U32(chunk.Data);
        if (claimed > (chunk.Bytes - CountBytes) / row)
            return error->Fail(LoadErrorCode.BadChunk, chunk.Id, 0, "# entries, for which the chunk has no bytes"u8, claimed);
        count = (int)claimed;
        return true;
    }

    private static bool Name(Chunk chunk, byte* p, GenericCode* code, LoadError* error, out Term atom)
    {
        atom = default;
        long number = Big.U32(p);
        if (number == 0 || number >= code->AtomCount)
            return error->Fail(LoadErrorCode.BadChunk, chunk.Id, p - chunk.Data, "there is no atom #"u8, number);
        atom = code->Atoms[number];
        return true;
    }

    private static bool Arity(Chunk chunk, byte* p, LoadError* error, out int arity)
    {
        arity = Big.I32(p);
        return (uint)arity <= MaxArity || error->Fail(LoadErrorCode.BadChunk, chunk.Id, p - chunk.Data, "an arity of #; 255 is the most"u8, Big.U32(p));
    }

    // Whether the label is an entry label is seen when the code has been read.
    private static bool Label(Chunk chunk, byte* p, GenericCode* code, LoadError* error, out int label)
    {
        label = Big.I32(p);
        return (label > 0 && label < code->LabelCount)
            || error->Fail(LoadErrorCode.BadChunk, chunk.Id, p - chunk.Data, "there is no label #"u8, Big.U32(p));
    }
}
