// The container of a .beam file: an IFF form "FOR1" size "BEAM" and chunks of id, size, data, padding to four bytes. The whole file may be
// compressed by gzip (erlc +compressed).
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Ids of the chunks, as big-endian numbers.</summary>
public static class ChunkId
{
    public const uint AtU8 = 0x41745538, Atom = 0x41746F6D, Code = 0x436F6465, StrT = 0x53747254, ImpT = 0x496D7054, ExpT = 0x45787054,
        LocT = 0x4C6F6354, FunT = 0x46756E54, LitT = 0x4C697454, Line = 0x4C696E65, Attr = 0x41747472, CInf = 0x43496E66, Type = 0x54797065,
        Meta = 0x4D657461, Recs = 0x52656373, DbgB = 0x44626742;
}

/// <summary>One chunk, inside the file's bytes.</summary>
public unsafe struct Chunk
{
    public uint Id;
    public int Bytes;

    /// <summary>Null: no such chunk.</summary>
    public byte* Data;
}

/// <summary>
/// A .beam file in memory whose container has been checked: every chunk lies inside it. The bytes are the caller's, who keeps them as long as
/// this is used; only what a gzip'd file unpacks to is owned, until <see cref="Free"/>.
/// </summary>
public unsafe struct BeamFile
{
    /// <summary>The largest file, unpacked, in bytes. The largest of OTP's own is 2 MB; the limit keeps a few bytes of gzip from taking all memory.</summary>
    public const long MaxBytes = 256L << 20;

    private const uint Form = 0x464F5231, Beam = 0x4245414D;
    private const int FormHead = 12, ChunkHead = 8;

    private byte* _bytes;
    private long _end;
    private byte* _owned;
    private long _ownedBytes;

    /// <summary>Checks the container. On false <paramref name="error"/> tells why and nothing has to be freed.</summary>
    /// <param name="data">The file's bytes; must stay.</param>
    /// <param name="size">How many.</param>
    /// <param name="file">The result.</param>
    /// <param name="error">The fault; zeroed by the caller.</param>
    public static bool Open(byte* data, long size, BeamFile* file, LoadError* error)
    {
        *file = default;
        if (size > MaxBytes) return error->Fail(LoadErrorCode.TooLarge, 0, 0, "the file has # bytes"u8, size);
        file->_bytes = data;
        if (size >= 2 && data[0] == 0x1F && data[1] == 0x8B && !file->Unzip(ref size, error)) return false;
        if (file->Check(size, error)) return true;
        file->Free();
        return false;
    }

    /// <summary>Frees what was unpacked. The struct may be dropped without it when the file was not compressed.</summary>
    public void Free()
    {
        Allocator.Free(_owned, (nuint)_ownedBytes, Owner.Loader);
        this = default;
    }

    /// <summary>Steps through the chunks in their order: start with position 0; false after the last one.</summary>
    public readonly bool Next(ref long position, out Chunk chunk)
    {
        if (position == 0) position = FormHead;
        chunk = default;
        if (_end - position < ChunkHead) return false;
        chunk.Id = Big.U32(_bytes + position);
        chunk.Bytes = Big.I32(_bytes + position + 4);
        chunk.Data = _bytes + position + ChunkHead;
        position += ChunkHead + ((chunk.Bytes + 3L) & ~3L);
        return true;
    }

    /// <summary>The chunk with this id, the last one when there are several (as OTP takes them); its Data is null when there is none.</summary>
    public readonly Chunk Find(uint id)
    {
        Chunk found = default;
        long position = 0;
        while (Next(ref position, out Chunk chunk))
            if (chunk.Id == id) found = chunk;
        return found;
    }

    private bool Unzip(ref long size, LoadError* error)
    {
        ZlibResult result = Zlib.MeasureInflated(_bytes, (nuint)size, (nuint)MaxBytes, ZlibFormat.Gzip, out nuint bytes);
        if (result == ZlibResult.BufferError) return error->Fail(LoadErrorCode.TooLarge, 0, 0, "the gzip'd file unpacks to more than # bytes"u8, MaxBytes);
        if (result == ZlibResult.MemoryError) return error->Fail(LoadErrorCode.NoMemory, 0, 0, "no memory to unpack the gzip'd file"u8);
        if (result != ZlibResult.StreamEnd) return error->Fail(LoadErrorCode.Truncated, 0, 0, "the gzip'd file cannot be unpacked"u8);
        byte* owned = (byte*)Allocator.Alloc(bytes, Owner.Loader);
        if (owned == null) return error->Fail(LoadErrorCode.NoMemory, 0, 0, "no memory for # bytes of unpacked file"u8, (long)bytes);
        result = Zlib.Inflate(_bytes, (nuint)size, owned, bytes, ZlibFormat.Gzip, out _, out nuint written);
        _owned = owned;
        _ownedBytes = (long)bytes;
        if (result == ZlibResult.StreamEnd && written == bytes)
        {
            _bytes = owned;
            size = _ownedBytes;
            return true;
        }
        Free();
        return error->Fail(LoadErrorCode.Truncated, 0, 0, "the gzip'd file cannot be unpacked"u8);
    }

    private bool Check(long size, LoadError* error)
    {
        if (size < FormHead || Big.U32(_bytes) != Form || Big.U32(_bytes + 8) != Beam)
            return error->Fail(LoadErrorCode.NotBeam, 0, 0, "no BEAM file: it does not begin with FOR1 and BEAM"u8);
        long form = Big.U32(_bytes + 4);
        if (form < 4 || form + 8 > size) return error->Fail(LoadErrorCode.Truncated, 0, 4, "the file says it has # bytes after byte 8, but it is shorter"u8, form);
        _end = form + 8;
        long position = FormHead;
        while (position < _end)
        {
            if (_end - position < ChunkHead) return error->Fail(LoadErrorCode.Truncated, 0, position, "no room for the head of a chunk"u8);
            long bytes = Big.U32(_bytes + position + 4);
            if (bytes > _end - position - ChunkHead)
                return error->Fail(LoadErrorCode.Truncated, 0, position, "a chunk of # bytes does not fit into the file"u8, bytes);
            position += ChunkHead + ((bytes + 3) & ~3L);
        }
        return true;
    }
}

/// <summary>Big-endian numbers in bytes; the caller has checked that they are there.</summary>
internal static unsafe class Big
{
    public static uint U32(byte* p) => ((uint)p[0] << 24) | ((uint)p[1] << 16) | ((uint)p[2] << 8) | p[3];

    public static int I32(byte* p) => (int)U32(p);

    public static int U16(byte* p) => (p[0] << 8) | p[1];

    public static long I64(byte* p) => (long)(((ulong)U32(p) << 32) | U32(p + 4));
}
