// The Type chunk: what the compiler knows of registers' contents. Versions 1 (OTP 25), 2 (26), 3 (27, 28) and 4 (29) become one form, 4's.
namespace MyBeam.Vm;

/// <summary>
/// Head: version, count. An entry is 16 bits of types and flags, then what the flags announce: lower bound (8 bytes), upper bound (8), unit - 1
/// (1). Entry 0 is "anything". Rules: OTP 29's lib/compiler/src/beam_types.erl (conversion of old versions) and erts' beam_types.c.
/// </summary>
internal static unsafe class TypeChunk
{
    private const int HeadBytes = 8, EntryBytes = 2, OldEntryBytes = 18;

    /// <summary>Reads the chunk; without one, or of a version not known, there is the one entry "anything".</summary>
    public static bool Read(Chunk chunk, GenericCode* code, LoadError* error)
    {
        long version = 0, count = 1;
        if (chunk.Data != null)
        {
            if (chunk.Bytes < HeadBytes) return error->Fail(LoadErrorCode.BadChunk, chunk.Id, 0, "no room for the head"u8);
            version = Big.U32(chunk.Data);
            if (version > 4) version = 0;
        }
        if (version != 0)
        {
            count = Big.U32(chunk.Data + 4);
            if (count == 0 || count > (chunk.Bytes - HeadBytes) / EntryBytes)
                return error->Fail(LoadErrorCode.BadChunk, chunk.Id, 4, "# types, for which the chunk has no bytes"u8, count);
        }
        code->Types = GenericCode.Take<GenericType>(count, error);
        if (code->Types == null) return false;
        code->TypeCount = (int)count;
        code->Types[0] = new GenericType { Bits = GenericType.Any, Unit = 1 };
        if (version == 0) return true;
        byte* p = chunk.Data + HeadBytes, end = chunk.Data + chunk.Bytes;
        for (int i = 0; i < count; i++)
        {
            long offset = p - chunk.Data;
            p = version == 1 ? OldEntry(p, end, code->Types + i) : Entry(p, end, (int)version, code->Types + i);
            if (p == null) return error->Fail(LoadErrorCode.BadChunk, chunk.Id, offset, "type # is wrong or does not fit into the chunk"u8, i);
        }
        return code->Types[0].Bits == GenericType.Any || error->Fail(LoadErrorCode.BadChunk, chunk.Id, HeadBytes, "type 0 is not \"anything\""u8);
    }

    private static byte* Entry(byte* p, byte* end, int version, GenericType* type)
    {
        if (end - p < EntryBytes) return null;
        int bits = Big.U16(p);
        p += EntryBytes;
        int flags = version == 3 ? (bits << 1) & 0xE000 : bits & 0xE000;
        int types = version switch
        {
            2 => WithoutContexts(bits & 0x1FFF),
            3 => bits & 0xFFF,
            _ => bits & GenericType.Any,
        };
        if (types == 0) return null;

        if (version < 4) types = WithRecords(types);
        bool number = (types & (GenericType.Integer | GenericType.Float)) != 0;
        if ((flags & (GenericType.HasLower | GenericType.HasUpper)) != 0 && !number) return null;
        if ((flags & GenericType.HasUnit) != 0 && (types & GenericType.Bitstring) == 0) return null;
        long need = ((flags & GenericType.HasLower) != 0 ? 8 : 0) + ((flags & GenericType.HasUpper) != 0 ? 8 : 0) + ((flags & GenericType.HasUnit) != 0 ? 1 : 0);
        if (end - p < need) return null;
        *type = new GenericType { Bits = types | flags, Unit = 1 };
        if ((flags & GenericType.HasLower) != 0)
        {
            type->Lower = Big.I64(p);
            p += 8;
        }
        if ((flags & GenericType.HasUpper) != 0)
        {
            type->Upper = Big.I64(p);
            p += 8;
        }
        if ((flags & GenericType.HasUnit) != 0) type->Unit = *p++ + 1;
        return p;
    }

    // Version 1: always two bounds; a lower one above the upper one means none.
    private static byte* OldEntry(byte* p, byte* end, GenericType* type)
    {
        if (end - p < OldEntryBytes) return null;
        int types = WithRecords(WithoutContexts(Big.U16(p) & 0x1FFF));
        if (types == 0) return null;
        long lower = Big.I64(p + 2), upper = Big.I64(p + 10);
        bool bounded = lower <= upper && (types & GenericType.Integer) != 0;
        *type = new GenericType { Bits = types | (bounded ? GenericType.HasLower | GenericType.HasUpper : 0), Unit = 1 };
        if (bounded)
        {
            type->Lower = lower;
            type->Upper = upper;
        }
        return p + OldEntryBytes;
    }

    // A compiler that did not know records meant them too when it said "anything", or "anything but" some common types.
    private static int WithRecords(int types) => (types & 0xF00) == 0xF00 ? types | GenericType.Record : types;

    // Versions 1 and 2 had match contexts as bit 2; they are bitstrings now.
    private static int WithoutContexts(int types) => (types & 3) | ((types & ~3) >> 1);
}
