// Deflate compression by zlib: whole buffers at once (literals, compressed terms), and zlib's own stream calls (the zlib module).
using System.Runtime.InteropServices;

namespace MyBeam.Platform;

/// <summary>What a call of zlib says; the numbers are zlib's.</summary>
public enum ZlibResult
{
    /// <summary>Go on.</summary>
    Ok = 0,

    /// <summary>The end of the compressed data was reached and its checksum is right.</summary>
    StreamEnd = 1,

    /// <summary>The data was compressed with a dictionary, which must be set now.</summary>
    NeedDictionary = 2,

    /// <summary>The stream was not set up, or an argument is wrong.</summary>
    StreamError = -2,

    /// <summary>The data is damaged; in the whole-buffer calls also: it ends too early.</summary>
    DataError = -3,

    /// <summary>No memory.</summary>
    MemoryError = -4,

    /// <summary>No progress without more input or more room for output; in the whole-buffer calls: the output does not fit.</summary>
    BufferError = -5,

    /// <summary>The library is not the one that this file was written for.</summary>
    VersionError = -6,
}

/// <summary>What surrounds the compressed data; the number is zlib's windowBits for a window of 32 KiB.</summary>
public enum ZlibFormat
{
    /// <summary>Nothing.</summary>
    Raw = -15,

    /// <summary>zlib's header and an Adler-32.</summary>
    Zlib = 15,

    /// <summary>gzip's header, CRC-32 and length.</summary>
    Gzip = 31,

    /// <summary>When decompressing: zlib or gzip, whichever it is.</summary>
    Detect = 47,
}

/// <summary>How much a stream call must finish; the numbers are zlib's.</summary>
public enum ZlibFlush
{
    /// <summary>As much as suits the compression.</summary>
    None = 0,

    /// <summary>All input so far, not to a byte boundary.</summary>
    Partial = 1,

    /// <summary>All input so far, to a byte boundary.</summary>
    Sync = 2,

    /// <summary>As Sync, and a reader can start anew here.</summary>
    Full = 3,

    /// <summary>Everything: the stream ends.</summary>
    Finish = 4,
}

/// <summary>zlib's z_stream, whose layout this is (64-bit). Zeroed memory is a stream before its Init, using libc's memory.</summary>
public unsafe struct ZlibState
{
    /// <summary>The input that comes next; zlib moves it on.</summary>
    public byte* NextIn;

    /// <summary>Bytes there.</summary>
    public uint AvailableIn;

    /// <summary>Bytes read so far.</summary>
    public ulong TotalIn;

    /// <summary>Where output goes; zlib moves it on.</summary>
    public byte* NextOut;

    /// <summary>Bytes of room there.</summary>
    public uint AvailableOut;

    /// <summary>Bytes written so far.</summary>
    public ulong TotalOut;

    /// <summary>The last error as text with a zero at the end, or null.</summary>
    public byte* Message;

    /// <summary>zlib's own.</summary>
    public void* State;

    /// <summary>
    /// Allocates for zlib: (<see cref="Opaque"/>, count, bytes each); null for malloc. Set before Init, with <see cref="FreeMemory"/>.
    /// </summary>
    public delegate* unmanaged<void*, uint, uint, void*> Allocate;

    /// <summary>Frees what <see cref="Allocate"/> gave: (<see cref="Opaque"/>, block).</summary>
    public delegate* unmanaged<void*, void*, void> FreeMemory;

    /// <summary>Given to the two functions.</summary>
    public void* Opaque;

    /// <summary>A guess whether it is text.</summary>
    public int DataType;

    /// <summary>The checksum of the data so far; the dictionary's after NeedDictionary.</summary>
    public ulong Checksum;

    /// <summary>zlib's, unused.</summary>
    public ulong Reserved;
}

/// <summary>
/// zlib. The whole-buffer calls hold about 10 to 270 KB of libc's memory while they run and none afterwards; the caller gives input and output.
/// The imports are plain ones, because zlib may call back to the allocating functions of a stream.
/// </summary>
public static unsafe class Zlib
{
    // The level that stands for zlib's choice, 6.
    private const int DefaultLevel = -1;
    private const int Deflated = 8;
    /// <summary>What <see cref="Deflate"/> gives DeflateInit: zlib's defaults.</summary>
    public const int DefaultMemoryLevel = 8, DefaultStrategy = 0;
    private const int MeasureChunk = 4096;

    /// <summary>
    /// Decompresses a whole buffer. StreamEnd: done; BufferError: the output does not fit; DataError: damaged or cut.
    /// </summary>
    /// <param name="source">Compressed data; what follows its end is left alone.</param>
    /// <param name="sourceBytes">Its bytes.</param>
    /// <param name="target">Where the output goes.</param>
    /// <param name="capacity">Bytes of room there; nothing is written past it, whatever the data says.</param>
    /// <param name="format">What surrounds the data.</param>
    /// <param name="consumed">Bytes of the source used.</param>
    /// <param name="written">Bytes of output.</param>
    public static ZlibResult Inflate(
        byte* source, nuint sourceBytes, byte* target, nuint capacity, ZlibFormat format, out nuint consumed, out nuint written)
    {
        consumed = 0;
        written = 0;
        ZlibState stream = default;
        ZlibResult result = InflateInit(&stream, (int)format);
        if (result != ZlibResult.Ok)
        {
            return result;
        }

        // The counts of a stream have 32 bits, so bigger buffers go in pieces. A byte of its own stands behind the output: an
        // output that fills its room exactly must still let zlib see the end.
        byte spare = 0;
        bool spilled = false;
        do
        {
            nuint inputLeft = sourceBytes - consumed, roomLeft = capacity - written;
            uint input = Piece(inputLeft), room = Piece(roomLeft);
            stream.NextIn = source + consumed;
            stream.AvailableIn = input;
            stream.NextOut = room == 0 ? &spare : target + written;
            stream.AvailableOut = room == 0 ? 1 : room;
            result = InflateStep(&stream, ZlibFlush.None);
            consumed += input - stream.AvailableIn;
            if (room == 0)
            {
                spilled = stream.AvailableOut == 0;
            }
            else
            {
                written += room - stream.AvailableOut;
            }
        }
        while (result == ZlibResult.Ok && !spilled);
        _ = InflateEnd(&stream);
        if (spilled)
        {
            return ZlibResult.BufferError;
        }

        // There was room, so no progress means that the input ended too early. A dictionary nobody can give makes it unreadable too.
        return result == ZlibResult.BufferError || result == ZlibResult.NeedDictionary ? ZlibResult.DataError : result;
    }

    /// <summary>
    /// How many bytes a compressed buffer decompresses to, by doing it without keeping the output. StreamEnd: known;
    /// BufferError: more than <paramref name="limit"/>; DataError: damaged or cut.
    /// </summary>
    public static ZlibResult MeasureInflated(byte* source, nuint sourceBytes, nuint limit, ZlibFormat format, out nuint bytes)
    {
        bytes = 0;
        byte* chunk = stackalloc byte[MeasureChunk];
        ZlibState stream = default;
        ZlibResult result = InflateInit(&stream, (int)format);
        if (result != ZlibResult.Ok)
        {
            return result;
        }

        nuint consumed = 0;
        do
        {
            uint input = Piece(sourceBytes - consumed);
            stream.NextIn = source + consumed;
            stream.AvailableIn = input;
            stream.NextOut = chunk;
            stream.AvailableOut = MeasureChunk;
            result = InflateStep(&stream, ZlibFlush.None);
            consumed += input - stream.AvailableIn;
            bytes += MeasureChunk - stream.AvailableOut;
        }
        while (result == ZlibResult.Ok && bytes <= limit);
        _ = InflateEnd(&stream);
        if (bytes > limit)
        {
            return ZlibResult.BufferError;
        }

        return result == ZlibResult.BufferError || result == ZlibResult.NeedDictionary ? ZlibResult.DataError : result;
    }

    /// <summary>
    /// Compresses a whole buffer. StreamEnd: done; BufferError: it does not fit (never with <see cref="DeflateBound"/> bytes of room);
    /// StreamError: no such level.
    /// </summary>
    /// <param name="source">The data.</param>
    /// <param name="sourceBytes">Its bytes.</param>
    /// <param name="target">Where the output goes.</param>
    /// <param name="capacity">Bytes of room there.</param>
    /// <param name="level">0 (store) to 9 (smallest), or -1 for zlib's choice.</param>
    /// <param name="format">What to surround the data with; not Detect.</param>
    /// <param name="written">Bytes of output.</param>
    public static ZlibResult Deflate(
        byte* source, nuint sourceBytes, byte* target, nuint capacity, int level, ZlibFormat format, out nuint written)
    {
        written = 0;
        if (level < DefaultLevel || level > 9)
        {
            return ZlibResult.StreamError;
        }

        ZlibState stream = default;
        ZlibResult result = DeflateInit(&stream, level, (int)format, DefaultMemoryLevel, DefaultStrategy);
        if (result != ZlibResult.Ok)
        {
            return result;
        }

        nuint consumed = 0;
        do
        {
            uint input = Piece(sourceBytes - consumed), room = Piece(capacity - written);
            stream.NextIn = source + consumed;
            stream.AvailableIn = input;
            stream.NextOut = target + written;
            stream.AvailableOut = room;
            result = DeflateStep(&stream, sourceBytes - consumed == input ? ZlibFlush.Finish : ZlibFlush.None);
            consumed += input - stream.AvailableIn;
            written += room - stream.AvailableOut;
        }
        while (result == ZlibResult.Ok && written < capacity);
        _ = DeflateEnd(&stream);
        return result == ZlibResult.Ok ? ZlibResult.BufferError : result;
    }

    /// <summary>Room in bytes that <see cref="Deflate"/> needs at most, for any level, with zlib's or gzip's frame.</summary>
    // compressBound counts zlib's six bytes of frame; gzip has eighteen.
    public static nuint DeflateBound(nuint sourceBytes) => compressBound(sourceBytes) + 12;

    /// <summary>Begins decompression. <paramref name="windowBits"/>: a <see cref="ZlibFormat"/>, or zlib's numbers for smaller windows.</summary>
    public static ZlibResult InflateInit(ZlibState* stream, int windowBits) =>
        (ZlibResult)inflateInit2_(stream, windowBits, zlibVersion(), sizeof(ZlibState));

    /// <summary>Decompresses from the stream's input to its output as far as both reach.</summary>
    public static ZlibResult InflateStep(ZlibState* stream, ZlibFlush flush) => (ZlibResult)inflate(stream, (int)flush);

    /// <summary>Ends decompression and frees its memory.</summary>
    public static ZlibResult InflateEnd(ZlibState* stream) => (ZlibResult)inflateEnd(stream);

    /// <summary>Begins anew with the same settings.</summary>
    public static ZlibResult InflateReset(ZlibState* stream) => (ZlibResult)inflateReset(stream);

    /// <summary>Gives the dictionary that was asked for; DataError when it is another one.</summary>
    public static ZlibResult InflateSetDictionary(ZlibState* stream, byte* dictionary, uint bytes) =>
        (ZlibResult)inflateSetDictionary(stream, dictionary, bytes);

    /// <summary>Copies the window's content (at most 32,768 bytes) out; the count comes in <paramref name="bytes"/>.</summary>
    public static ZlibResult InflateGetDictionary(ZlibState* stream, byte* dictionary, uint* bytes) =>
        (ZlibResult)inflateGetDictionary(stream, dictionary, bytes);

    /// <summary>Begins compression. Strategy: 0 default, 1 filtered, 2 Huffman only, 3 run lengths, 4 fixed codes.</summary>
    public static ZlibResult DeflateInit(ZlibState* stream, int level, int windowBits, int memoryLevel, int strategy) =>
        (ZlibResult)deflateInit2_(stream, level, Deflated, windowBits, memoryLevel, strategy, zlibVersion(), sizeof(ZlibState));

    /// <summary>Compresses from the stream's input to its output as far as both reach.</summary>
    public static ZlibResult DeflateStep(ZlibState* stream, ZlibFlush flush) => (ZlibResult)deflate(stream, (int)flush);

    /// <summary>Ends compression and frees its memory; DataError when output was still to come.</summary>
    public static ZlibResult DeflateEnd(ZlibState* stream) => (ZlibResult)deflateEnd(stream);

    /// <summary>Begins anew with the same settings.</summary>
    public static ZlibResult DeflateReset(ZlibState* stream) => (ZlibResult)deflateReset(stream);

    /// <summary>Changes level and strategy in the middle; may write output, BufferError when there is no room for it.</summary>
    public static ZlibResult DeflateParameters(ZlibState* stream, int level, int strategy) =>
        (ZlibResult)deflateParams(stream, level, strategy);

    /// <summary>Sets the dictionary, before the first step; its Adler-32 is then the stream's Checksum.</summary>
    public static ZlibResult DeflateSetDictionary(ZlibState* stream, byte* dictionary, uint bytes) =>
        (ZlibResult)deflateSetDictionary(stream, dictionary, bytes);

    /// <summary>CRC-32 of data, going on from <paramref name="start"/> (0 at the beginning).</summary>
    public static uint Crc32(uint start, byte* data, nuint bytes) => (uint)crc32_z(start, data, bytes);

    /// <summary>The CRC-32 of two pieces from those of each and the bytes of the second.</summary>
    public static uint Crc32Combine(uint first, uint second, long secondBytes) => (uint)crc32_combine(first, second, secondBytes);

    /// <summary>Adler-32 of data, going on from <paramref name="start"/> (1 at the beginning).</summary>
    public static uint Adler32(uint start, byte* data, nuint bytes) => (uint)adler32_z(start, data, bytes);

    /// <summary>The Adler-32 of two pieces from those of each and the bytes of the second.</summary>
    public static uint Adler32Combine(uint first, uint second, long secondBytes) => (uint)adler32_combine(first, second, secondBytes);

    private static uint Piece(nuint bytes) => bytes > uint.MaxValue ? uint.MaxValue : (uint)bytes;

    [DllImport("libz"), SuppressGCTransition]
    private static extern byte* zlibVersion();

    [DllImport("libz"), SuppressGCTransition]
    private static extern nuint compressBound(nuint bytes);

    [DllImport("libz")]
    private static extern int inflateInit2_(ZlibState* stream, int windowBits, byte* version, int streamSize);

    [DllImport("libz")]
    private static extern int inflate(ZlibState* stream, int flush);

    [DllImport("libz")]
    private static extern int inflateEnd(ZlibState* stream);

    [DllImport("libz")]
    private static extern int inflateReset(ZlibState* stream);

    [DllImport("libz")]
    private static extern int inflateSetDictionary(ZlibState* stream, byte* dictionary, uint bytes);

    [DllImport("libz")]
    private static extern int inflateGetDictionary(ZlibState* stream, byte* dictionary, uint* bytes);

    [DllImport("libz")]
    private static extern int deflateInit2_(
        ZlibState* stream, int level, int method, int windowBits, int memoryLevel, int strategy, byte* version, int streamSize);

    [DllImport("libz")]
    private static extern int deflate(ZlibState* stream, int flush);

    [DllImport("libz")]
    private static extern int deflateEnd(ZlibState* stream);

    [DllImport("libz")]
    private static extern int deflateReset(ZlibState* stream);

    [DllImport("libz")]
    private static extern int deflateParams(ZlibState* stream, int level, int strategy);

    [DllImport("libz")]
    private static extern int deflateSetDictionary(ZlibState* stream, byte* dictionary, uint bytes);

    [DllImport("libz")]
    private static extern nuint crc32_z(nuint start, byte* data, nuint bytes);

    [DllImport("libz")]
    private static extern nuint crc32_combine(nuint first, nuint second, long secondBytes);

    [DllImport("libz")]
    private static extern nuint adler32_z(nuint start, byte* data, nuint bytes);

    [DllImport("libz")]
    private static extern nuint adler32_combine(nuint first, nuint second, long secondBytes);
}
