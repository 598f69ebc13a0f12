// CRC-32, Adler-32 and MD5 over iodata.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Checksum natives.</summary>
public static unsafe class ChecksumBifs
{
    /// <summary>Bytes that cost one reduction.</summary>
    private const ulong BytesPerReduction = 256;

    private const int Scratch = 256;

    [Bif("erlang:crc32/1")]
    public static Term Crc32(Process* p, Term* a) => Sum(p, a[0], Checksums.Crc32Start, false);

    [Bif("erlang:crc32/2")]
    public static Term Crc32From(Process* p, Term* a) => Word(a[0], out uint old) ? Sum(p, a[1], old, false) : Process.Badarg(p);

    [Bif("erlang:crc32_combine/3")]
    public static Term Crc32Combine(Process* p, Term* a)
    {
        if (!Word(a[0], out uint first) || !Word(a[1], out uint second) || !Arithmetic.TryLong(a[2], out long size) || size < 0) return Process.Badarg(p);
        return Term.Small(Checksums.Crc32Combine(first, second, (ulong)size));
    }

    [Bif("erlang:adler32/1")]
    public static Term Adler32(Process* p, Term* a) => Sum(p, a[0], Checksums.Adler32Start, true);

    [Bif("erlang:adler32/2")]
    public static Term Adler32From(Process* p, Term* a) => Word(a[0], out uint old) ? Sum(p, a[1], old, true) : Process.Badarg(p);

    [Bif("erlang:adler32_combine/3")]
    public static Term Adler32Combine(Process* p, Term* a)
    {
        if (!Word(a[0], out uint first) || !Word(a[1], out uint second) || !Arithmetic.TryLong(a[2], out long size) || size < 0) return Process.Badarg(p);
        // As in OTP, whatever is said of the checksum of no bytes.
        if (size == 0) return a[0];
        return Term.Small(Checksums.Adler32Combine(first, second, (ulong)size));
    }

    [Bif("erlang:md5/1")]
    public static Term Md5(Process* p, Term* a)
    {
        Md5State state = default;
        state.Init();
        return Update(p, &state, a[0]) ? Digest(p, &state) : Process.Badarg(p);
    }

    /// <summary>The state of a computation as a binary.</summary>
    [Bif("erlang:md5_init/0")]
    public static Term Md5Init(Process* p, Term* a)
    {
        Md5State state = default;
        state.Init();
        return Binaries.FromBytes(p, (byte*)&state, Md5State.StateSize);
    }

    [Bif("erlang:md5_update/2")]
    public static Term Md5Update(Process* p, Term* a)
    {
        Md5State state = default;
        if (!Load(a[0], &state) || !Update(p, &state, a[1])) return Process.Badarg(p);
        return Binaries.FromBytes(p, (byte*)&state, Md5State.StateSize);
    }

    [Bif("erlang:md5_final/1")]
    public static Term Md5Final(Process* p, Term* a)
    {
        Md5State state = default;
        return Load(a[0], &state) ? Digest(p, &state) : Process.Badarg(p);
    }

    private static Term Sum(Process* p, Term iodata, uint sum, bool adler)
    {
        if (!IsIoData(iodata)) return Process.Badarg(p);
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        byte* scratch = stackalloc byte[Scratch];
        IoData walk = new(iodata, inline);
        ulong total = 0;
        while (walk.Next(scratch, Scratch, out byte* data, out ulong bits))
        {
            nuint bytes = (nuint)(bits >> 3);
            sum = adler ? Checksums.Adler32(sum, data, bytes) : Checksums.Crc32(sum, data, bytes);
            total += bytes;
        }
        walk.Free();
        Process.Bump(p, (long)(total / BytesPerReduction));
        return walk.Failed ? Process.Badarg(p) : Term.Small(sum);
    }

    private static bool Update(Process* p, Md5State* state, Term iodata)
    {
        if (!IsIoData(iodata)) return false;
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        byte* scratch = stackalloc byte[Scratch];
        IoData walk = new(iodata, inline);
        ulong total = 0;
        while (walk.Next(scratch, Scratch, out byte* data, out ulong bits))
        {
            state->Update(data, (nuint)(bits >> 3));
            total += bits >> 3;
        }
        walk.Free();
        Process.Bump(p, (long)(total / BytesPerReduction));
        return !walk.Failed;
    }

    private static Term Digest(Process* p, Md5State* state)
    {
        byte* digest = stackalloc byte[Md5State.DigestSize];
        state->Final(digest);
        return Binaries.FromBytes(p, digest, Md5State.DigestSize);
    }

    private static bool Load(Term t, Md5State* state)
    {
        if (!Binaries.Bytes(t, out byte* data, out long offset, out long bits) || bits != Md5State.StateSize * 8) return false;
        Bitstring.Copy(data, (ulong)offset, (ulong)bits, (byte*)state);
        return true;
    }

    private static bool IsIoData(Term t) => t.IsList || t.IsBitstring;

    private static bool Word(Term t, out uint value)
    {
        value = 0;
        if (!t.IsSmall || (ulong)t.SmallValue > uint.MaxValue) return false;
        value = (uint)t.SmallValue;
        return true;
    }
}
