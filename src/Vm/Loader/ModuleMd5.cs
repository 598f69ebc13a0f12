// The MD5 that identifies a module: module_info(md5), the vsn attribute's default, the unique number of funs.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>MD5 over the data of the chunks that make up the code, in a fixed order; those that are absent are left out (beam_lib:md5/1).</summary>
public static unsafe class ModuleMd5
{
    private const int CountBytes = 4, FunRow = 24, UniqAt = 20;

    /// <summary>Writes the 16 bytes of the digest.</summary>
    public static void Compute(BeamFile* file, byte* digest)
    {
        Md5State state = default;
        state.Init();
        Add(file, ChunkId.AtU8, &state);
        Add(file, ChunkId.Atom, &state);
        Add(file, ChunkId.Code, &state);
        Add(file, ChunkId.StrT, &state);
        Add(file, ChunkId.ImpT, &state);
        Add(file, ChunkId.ExpT, &state);
        AddFuns(file->Find(ChunkId.FunT), &state);
        Add(file, ChunkId.LitT, &state);
        Add(file, ChunkId.Meta, &state);
        Add(file, ChunkId.Recs, &state);
        Add(file, ChunkId.DbgB, &state);
        state.Final(digest);
    }

    private static void Add(BeamFile* file, uint id, Md5State* state)
    {
        Chunk chunk = file->Find(id);
        if (chunk.Data != null) state->Update(chunk.Data, (nuint)chunk.Bytes);
    }

    // The old unique numbers are made from this very digest, so they count as zero.
    private static void AddFuns(Chunk chunk, Md5State* state)
    {
        if (chunk.Data == null) return;
        uint zero = 0;
        long at = 0, rows = chunk.Bytes < CountBytes ? 0 : Big.U32(chunk.Data);
        for (long row = CountBytes; rows > 0 && row + FunRow <= chunk.Bytes; row += FunRow, rows--)
        {
            state->Update(chunk.Data + at, (nuint)(row + UniqAt - at));
            state->Update((byte*)&zero, sizeof(uint));
            at = row + FunRow;
        }
        state->Update(chunk.Data + at, (nuint)(chunk.Bytes - at));
    }
}
