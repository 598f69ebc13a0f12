// Zstandard decompression piece by piece, dictionaries, and what a frame's header says.
using System.Runtime.InteropServices;

namespace MyBeam.Platform;

/// <summary>Input of a step (ZSTD_inBuffer).</summary>
public unsafe struct ZstdInput
{
    /// <summary>The data.</summary>
    public byte* Data;

    /// <summary>Its bytes, and how many of them are used up.</summary>
    public nuint Bytes, Position;
}

/// <summary>Output of a step (ZSTD_outBuffer).</summary>
public unsafe struct ZstdOutput
{
    /// <summary>Where it goes.</summary>
    public byte* Data;

    /// <summary>Bytes of room there, and how many of them are filled.</summary>
    public nuint Bytes, Position;
}

/// <summary>How zstd gets memory (ZSTD_customMem); all null: malloc.</summary>
public unsafe struct ZstdMemory
{
    /// <summary>(opaque, bytes) to a block.</summary>
    public delegate* unmanaged<void*, nuint, void*> Allocate;

    /// <summary>(opaque, block); the block may be null.</summary>
    public delegate* unmanaged<void*, void*, void> FreeMemory;

    /// <summary>Given to both.</summary>
    public void* Opaque;
}

/// <summary>The header of a frame (ZSTD_frameHeader).</summary>
public struct ZstdHeader
{
    /// <summary>Bytes of the content, or <see cref="Unknown"/>; of a skippable frame: bytes to skip.</summary>
    public ulong ContentSize;

    /// <summary>Bytes of the window.</summary>
    public ulong WindowSize;

    /// <summary>Most bytes that a block decompresses to.</summary>
    public uint BlockSizeMax;

    /// <summary>1: skippable.</summary>
    public uint IsSkippable;

    /// <summary>Bytes of the header.</summary>
    public uint HeaderSize;

    /// <summary>The dictionary's number; 0: none is named.</summary>
    public uint DictionaryId;

    /// <summary>1: a checksum follows the content.</summary>
    public uint HasChecksum;

    /// <summary>zstd's, unused.</summary>
    public uint Reserved1, Reserved2;

    /// <summary>The content size of a frame that does not tell.</summary>
    public const ulong Unknown = ulong.MaxValue, Damaged = ulong.MaxValue - 1;
}

/// <summary>
/// libzstd's decompressor. Results of type nuint are zstd's own: a value, or an error when <see cref="IsError"/>.
/// A context and a dictionary are libzstd's; one thread at a time uses a context.
/// </summary>
public static unsafe class ZstdStream
{
    /// <summary>The parameter for the largest window that is accepted, as a power of two.</summary>
    public const int WindowLogMax = 100;

    private const int SessionOnly = 1, ByCopy = 0, AnyContent = 0;

    /// <summary>Whether a result is an error.</summary>
    public static bool IsError(nuint result) => ZSTD_isError(result) != 0;

    /// <summary>What an error is called: text with a zero at the end.</summary>
    public static byte* ErrorName(nuint result) => ZSTD_getErrorName(result);

    /// <summary>A context, or null when memory is out.</summary>
    public static void* NewContext(ZstdMemory memory) => ZSTD_createDCtx_advanced(memory);

    /// <summary>Frees a context.</summary>
    public static void FreeContext(void* context) => _ = ZSTD_freeDCtx(context);

    /// <summary>Forgets what was begun; parameters and dictionary stay.</summary>
    public static void Reset(void* context) => _ = ZSTD_DCtx_reset(context, SessionOnly);

    /// <summary>Has a context use a dictionary, which is copied.</summary>
    public static nuint LoadDictionary(void* context, byte* data, nuint bytes) => ZSTD_DCtx_loadDictionary(context, data, bytes);

    /// <summary>Has a context use a dictionary, which must live as long as it is used.</summary>
    public static nuint UseDictionary(void* context, void* dictionary) => ZSTD_DCtx_refDDict(context, dictionary);

    /// <summary>Sets a parameter.</summary>
    public static nuint Set(void* context, int parameter, int value) => ZSTD_DCtx_setParameter(context, parameter, value);

    /// <summary>A parameter's value.</summary>
    public static nuint Get(void* context, int parameter, int* value) => ZSTD_DCtx_getParameter(context, parameter, value);

    /// <summary>Decompresses as far as input and output reach; 0: a frame is complete and all given out.</summary>
    public static nuint Step(void* context, ZstdOutput* output, ZstdInput* input) => ZSTD_decompressStream(context, output, input);

    /// <summary>Bytes of output that are always enough for a step to get on.</summary>
    public static nuint OutputSize => ZSTD_DStreamOutSize();

    /// <summary>Bytes that all frames together decompress to: Unknown when one does not tell, Damaged when one is.</summary>
    public static ulong ContentSize(byte* data, nuint bytes) => ZSTD_findDecompressedSize(data, bytes);

    /// <summary>A dictionary from its text, which is copied; null when it is none or memory is out.</summary>
    public static void* NewDictionary(byte* data, nuint bytes, ZstdMemory memory) => ZSTD_createDDict_advanced(data, bytes, ByCopy, AnyContent, memory);

    /// <summary>Frees a dictionary.</summary>
    public static void FreeDictionary(void* dictionary) => _ = ZSTD_freeDDict(dictionary);

    /// <summary>A dictionary's number.</summary>
    public static uint IdOf(void* dictionary) => ZSTD_getDictID_fromDDict(dictionary);

    /// <summary>The number of a dictionary from its text; 0 when it has none.</summary>
    public static uint IdOfText(byte* data, nuint bytes) => ZSTD_getDictID_fromDict(data, bytes);

    /// <summary>The number of the dictionary that a frame needs; 0 when it names none.</summary>
    public static uint IdOfFrame(byte* data, nuint bytes) => ZSTD_getDictID_fromFrame(data, bytes);

    /// <summary>A frame's header; more than 0: so many bytes are needed to see it.</summary>
    public static nuint Header(byte* data, nuint bytes, ZstdHeader* header) => ZSTD_getFrameHeader(header, data, bytes);

    [DllImport("libzstd"), SuppressGCTransition]
    private static extern uint ZSTD_isError(nuint code);

    [DllImport("libzstd"), SuppressGCTransition]
    private static extern byte* ZSTD_getErrorName(nuint code);

    [DllImport("libzstd")]
    private static extern void* ZSTD_createDCtx_advanced(ZstdMemory memory);

    [DllImport("libzstd")]
    private static extern nuint ZSTD_freeDCtx(void* context);

    [DllImport("libzstd")]
    private static extern nuint ZSTD_DCtx_reset(void* context, int what);

    [DllImport("libzstd")]
    private static extern nuint ZSTD_DCtx_loadDictionary(void* context, byte* data, nuint bytes);

    [DllImport("libzstd")]
    private static extern nuint ZSTD_DCtx_refDDict(void* context, void* dictionary);

    [DllImport("libzstd"), SuppressGCTransition]
    private static extern nuint ZSTD_DCtx_setParameter(void* context, int parameter, int value);

    [DllImport("libzstd"), SuppressGCTransition]
    private static extern nuint ZSTD_DCtx_getParameter(void* context, int parameter, int* value);

    [DllImport("libzstd")]
    private static extern nuint ZSTD_decompressStream(void* context, ZstdOutput* output, ZstdInput* input);

    [DllImport("libzstd"), SuppressGCTransition]
    private static extern nuint ZSTD_DStreamOutSize();

    [DllImport("libzstd")]
    private static extern ulong ZSTD_findDecompressedSize(byte* data, nuint bytes);

    [DllImport("libzstd")]
    private static extern void* ZSTD_createDDict_advanced(byte* data, nuint bytes, int method, int type, ZstdMemory memory);

    [DllImport("libzstd")]
    private static extern nuint ZSTD_freeDDict(void* dictionary);

    [DllImport("libzstd"), SuppressGCTransition]
    private static extern uint ZSTD_getDictID_fromDDict(void* dictionary);

    [DllImport("libzstd"), SuppressGCTransition]
    private static extern uint ZSTD_getDictID_fromDict(byte* data, nuint bytes);

    [DllImport("libzstd"), SuppressGCTransition]
    private static extern uint ZSTD_getDictID_fromFrame(byte* data, nuint bytes);

    [DllImport("libzstd"), SuppressGCTransition]
    private static extern nuint ZSTD_getFrameHeader(ZstdHeader* header, byte* data, nuint bytes);
}
