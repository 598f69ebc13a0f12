// Zstandard decompression by libzstd: the archive of OTP's modules. Compressing is done at build time by the zstd program.
using System.Runtime.InteropServices;

namespace MyBeam.Platform;

/// <summary>libzstd, one frame at a time. Decompressing holds some 160 KB of libc's memory while it runs.</summary>
public static unsafe class Zstd
{
    // ZSTD_CONTENTSIZE_UNKNOWN and ZSTD_CONTENTSIZE_ERROR.
    private const ulong SizeUnknown = ulong.MaxValue, SizeError = ulong.MaxValue - 1;

    /// <summary>
    /// Bytes that a frame decompresses to, from its header: what the data claims, so check it against a limit before allocating.
    /// False when the frame does not tell, or is none.
    /// </summary>
    public static bool ContentSize(byte* frame, nuint bytes, out ulong size)
    {
        size = ZSTD_getFrameContentSize(frame, bytes);
        if (size == SizeUnknown || size == SizeError)
        {
            size = 0;
            return false;
        }

        return true;
    }

    /// <summary>Bytes that the first frame at an address takes. False when it is none or is cut.</summary>
    public static bool FrameSize(byte* frame, nuint bytes, out nuint size)
    {
        size = ZSTD_findFrameCompressedSize(frame, bytes);
        return Succeeded(ref size);
    }

    /// <summary>
    /// Decompresses whole frames into a buffer. False when the data is damaged, has something behind the frames, or does not fit.
    /// </summary>
    /// <param name="frame">The compressed data.</param>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="target">Where the output goes.</param>
    /// <param name="capacity">Bytes of room there; nothing is written past it.</param>
    /// <param name="written">Bytes of output; 0 when false.</param>
    public static bool Decompress(byte* frame, nuint bytes, byte* target, nuint capacity, out nuint written)
    {
        written = ZSTD_decompress(target, capacity, frame, bytes);
        return Succeeded(ref written);
    }

    /// <summary>Like Decompress, of frames that were packed with a dictionary.</summary>
    /// <param name="context">What CreateContext made, and no other thread uses now.</param>
    /// <param name="frame">The compressed data.</param>
    /// <param name="bytes">Its bytes.</param>
    /// <param name="target">Where the output goes.</param>
    /// <param name="capacity">Bytes of room there; nothing is written past it.</param>
    /// <param name="dictionary">What PrepareDictionary made, which threads may share; null: none.</param>
    /// <param name="written">Bytes of output; 0 when false.</param>
    public static bool Decompress(void* context, byte* frame, nuint bytes, byte* target, nuint capacity, void* dictionary, out nuint written)
    {
        written = ZSTD_decompress_usingDDict(context, target, capacity, frame, bytes, dictionary);
        return Succeeded(ref written);
    }

    /// <summary>A context for Decompress: some 160 KB of libc's memory, for FreeContext. Null when memory is out.</summary>
    public static void* CreateContext() => ZSTD_createDCtx();

    /// <summary>Frees a context; null is left alone.</summary>
    public static void FreeContext(void* context) => _ = ZSTD_freeDCtx(context);

    /// <summary>
    /// Prepares a dictionary for Decompress: some 27 KB of libc's memory, for FreeDictionary. Null when memory is out or it is damaged.
    /// </summary>
    /// <param name="data">The dictionary; it must stay where it is.</param>
    /// <param name="bytes">Its bytes.</param>
    public static void* PrepareDictionary(byte* data, nuint bytes) => ZSTD_createDDict_byReference(data, bytes);

    /// <summary>Frees a prepared dictionary; null is left alone.</summary>
    public static void FreeDictionary(void* dictionary) => ZSTD_freeDDict(dictionary);

    private static bool Succeeded(ref nuint result)
    {
        if (ZSTD_isError(result) == 0)
        {
            return true;
        }

        result = 0;
        return false;
    }

    [DllImport("libzstd")]
    private static extern ulong ZSTD_getFrameContentSize(byte* frame, nuint bytes);

    [DllImport("libzstd")]
    private static extern nuint ZSTD_findFrameCompressedSize(byte* frame, nuint bytes);

    [DllImport("libzstd")]
    private static extern nuint ZSTD_decompress(byte* target, nuint capacity, byte* frame, nuint bytes);

    [DllImport("libzstd")]
    private static extern void* ZSTD_createDCtx();

    [DllImport("libzstd")]
    private static extern nuint ZSTD_freeDCtx(void* context);

    [DllImport("libzstd")]
    private static extern nuint ZSTD_decompress_usingDDict(void* context, byte* target, nuint capacity, byte* frame, nuint bytes, void* dictionary);

    [DllImport("libzstd")]
    private static extern void* ZSTD_createDDict_byReference(byte* dictionary, nuint bytes);

    [DllImport("libzstd")]
    private static extern nuint ZSTD_freeDDict(void* dictionary);

    [DllImport("libzstd"), SuppressGCTransition]
    private static extern uint ZSTD_isError(nuint result);
}
