// The LitT chunk: the module's literals as external terms, zlib'd up to OTP 27, plain from 28 on.
namespace MyBeam.Vm;

using MyBeam.Platform;

/// <summary>Unpacked size (0: not packed), then the data: a count, and for each literal a 32-bit size and an external term with version byte.</summary>
internal static unsafe class LiteralChunk
{
    // Deflate cannot make more than 1032 bytes out of one: a claim beyond that is a lie, and no memory is taken for it.
    private const int MaxExpansion = 1032, HeadBytes = 4, SizeBytes = 4, VersionByte = 131;

    public static bool Read(Chunk chunk, GenericCode* code, LoadError* error)
    {
        if (chunk.Bytes < HeadBytes) return error->Fail(LoadErrorCode.BadChunk, chunk.Id, 0, "no room for the head"u8);
        byte* data = chunk.Data + HeadBytes;
        long bytes = chunk.Bytes - HeadBytes, unpacked = Big.U32(chunk.Data);
        if (unpacked != 0)
        {
            if (unpacked > BeamFile.MaxBytes) return error->Fail(LoadErrorCode.TooLarge, chunk.Id, 0, "the literals unpack to # bytes"u8, unpacked);
            if (unpacked > bytes * MaxExpansion) return error->Fail(LoadErrorCode.BadChunk, chunk.Id, 0, "the literals cannot unpack to # bytes"u8, unpacked);
            code->LiteralBlock = GenericCode.Take<byte>(unpacked, error);
            if (code->LiteralBlock == null) return false;
            code->LiteralBlockBytes = unpacked;
            ZlibResult result = Zlib.Inflate(data, (nuint)bytes, code->LiteralBlock, (nuint)unpacked, ZlibFormat.Zlib, out _, out nuint written);
            if (result != ZlibResult.StreamEnd || (long)written != unpacked)
                return error->Fail(LoadErrorCode.BadChunk, chunk.Id, HeadBytes, "the literals cannot be unpacked to # bytes"u8, unpacked);
            data = code->LiteralBlock;
            bytes = unpacked;
        }
        return Index(chunk, data, bytes, code, error);
    }

    // Offsets in reports are those in the unpacked data.
    private static bool Index(Chunk chunk, byte* data, long bytes, GenericCode* code, LoadError* error)
    {
        long count = bytes < HeadBytes ? long.MaxValue : Big.U32(data);
        if (count > (bytes - HeadBytes) / SizeBytes)
            return error->Fail(LoadErrorCode.BadChunk, chunk.Id, 0, "more literals than the chunk has bytes for"u8);
        code->Literals = GenericCode.Take<GenericBytes>(count, error);
        if (code->Literals == null) return false;
        code->LiteralCount = (int)count;
        long at = HeadBytes;
        for (int i = 0; i < count; i++)
        {
            long size = bytes - at < SizeBytes ? long.MaxValue : Big.U32(data + at);
            if (size > bytes - at - SizeBytes) return error->Fail(LoadErrorCode.BadChunk, chunk.Id, at, "literal # does not fit into the chunk"u8, i);
            if (size < 2 || data[at + SizeBytes] != VersionByte) return error->Fail(LoadErrorCode.BadChunk, chunk.Id, at, "literal # is no external term"u8, i);
            code->Literals[i].Data = data + at + SizeBytes;
            code->Literals[i].Bytes = (int)size;
            at += SizeBytes + size;
        }
        return true;
    }
}
