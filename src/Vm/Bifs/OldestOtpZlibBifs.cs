// Natives of zlib that OTP 26 and before have: the checksum of a stream, and the size of a buffer that is only kept.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Natives of the older zlib.</summary>
public static unsafe class OldestOtpZlibBifs
{
    /// <summary>The CRC-32 of what was compressed so far (data without a header), else 0.</summary>
    [Bif("zlib:crc32_nif/1")]
    public static Term Checksum(Process* p, Term* a)
    {
        ZlibStream* z = ZlibBifs.Enter(p, a);
        if (z == null) return Term.None;
        return z->Phase is ZlibPhase.Deflate or ZlibPhase.Inflate ? Term.Small(z->Sum) : Process.Error(p, Am.NotInitialized);
    }

    [Bif("zlib:getBufSize_nif/1")]
    public static Term BufferSize(Process* p, Term* a)
    {
        ZlibStream* z = ZlibBifs.Enter(p, a);
        return z == null ? Term.None : Term.Small(z->BufferBytes);
    }

    [Bif("zlib:setBufSize_nif/2")]
    public static Term SetBufferSize(Process* p, Term* a)
    {
        ZlibStream* z = ZlibBifs.Enter(p, a, ZlibBifs.Int(a[1], out int bytes));
        if (z == null) return Term.None;
        z->BufferBytes = bytes;
        return Am.Ok;
    }
}
