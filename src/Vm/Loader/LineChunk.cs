// The Line chunk: places in the source, which line instructions refer to by number. For stack traces.
namespace MyBeam.Vm;

/// <summary>
/// Head: version (0), flags, line instructions, places, file names. Then the places as compact numbers: tag a sets the file for what follows,
/// tag i is a line. Then the names: 16-bit length, UTF-8.
/// </summary>
internal static unsafe class LineChunk
{
    private const int HeadBytes = 20;

    /// <summary>Reads the chunk; without one (or of another version) there is the one place "not known".</summary>
    public static bool Read(Chunk chunk, GenericCode* code, LoadError* error)
    {
        long places = 0, names = 0;
        CompactReader input = default;
        bool present = chunk.Data != null && chunk.Bytes >= 4 && Big.U32(chunk.Data) == 0;
        if (present)
        {
            if (chunk.Bytes < HeadBytes) return error->Fail(LoadErrorCode.BadChunk, chunk.Id, 0, "no room for the head"u8);
            code->LineFlags = Big.I32(chunk.Data + 4);
            places = Big.U32(chunk.Data + 12);
            names = Big.U32(chunk.Data + 16);
            input = new CompactReader(chunk.Data + HeadBytes, chunk.Bytes - (long)HeadBytes);
            if (places > input.Left) return error->Fail(LoadErrorCode.BadChunk, chunk.Id, 12, "# places, for which the chunk has no bytes"u8, places);
            if (names > input.Left / 2) return error->Fail(LoadErrorCode.BadChunk, chunk.Id, 16, "# file names, for which the chunk has no bytes"u8, names);
        }
        code->Lines = GenericCode.Take<GenericLine>(places + 1, error);
        if (code->Lines == null) return false;
        code->LineCount = (int)places + 1;
        code->FileNames = GenericCode.Take<GenericBytes>(names + 1, error);
        if (code->FileNames == null) return false;
        code->FileNameCount = (int)names + 1;
        code->Lines[0] = default;
        code->FileNames[0] = default;
        return !present || (Places(chunk, &input, code, error) && Names(chunk, &input, code, error));
    }

    private static bool Places(Chunk chunk, CompactReader* input, GenericCode* code, LoadError* error)
    {
        int file = 0;
        for (int i = 1; i < code->LineCount;)
        {
            long offset = input->At - chunk.Data;
            if (!input->Next(out int tag, out long value) || input->BigData != null)
                return error->Fail(LoadErrorCode.BadChunk, chunk.Id, offset, "place # does not fit into the chunk"u8, i);
            if (tag == CompactTag.A)
            {
                if (value >= code->FileNameCount) return error->Fail(LoadErrorCode.BadChunk, chunk.Id, offset, "there is no file name #"u8, value);
                file = (int)value;
                continue;
            }
            if (tag != CompactTag.I || value is < 0 or > int.MaxValue)
                return error->Fail(LoadErrorCode.BadChunk, chunk.Id, offset, "place # is neither a line nor a file"u8, i);
            code->Lines[i].File = file;
            code->Lines[i].Line = (int)value;
            i++;
        }
        return true;
    }

    private static bool Names(Chunk chunk, CompactReader* input, GenericCode* code, LoadError* error)
    {
        for (int i = 1; i < code->FileNameCount; i++)
        {
            long offset = input->At - chunk.Data;
            int length = input->Left < 2 ? int.MaxValue : Big.U16(input->At);
            if (length > input->Left - 2) return error->Fail(LoadErrorCode.BadChunk, chunk.Id, offset, "file name # does not fit into the chunk"u8, i);
            code->FileNames[i].Data = input->At + 2;
            code->FileNames[i].Bytes = length;
            input->At += 2 + length;
            if (!Utf8.Valid(code->FileNames[i].Data, length, out _))
                return error->Fail(LoadErrorCode.BadChunk, chunk.Id, offset, "file name # is not UTF-8"u8, i);
        }
        return true;
    }
}
