// CRC-32, Adler-32 and MD5 over iodata.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Checksum natives.</summary>
public static unsafe class ChecksumBifs
{
    /// <summary>Bytes that cost one reduction.</summary>
    private const long BytesPerReduction = 256;

    // Finding the next piece counts for so many bytes.
    private const long PieceSteps = 16;

    private const int Scratch = 256;

    private const int Crc = 0, Adler = 1, DigestOf = 2, StateOf = 3;

    private struct State
    {
        public NativeWork Work;
        public IoData Walk;
        public int Kind;
        public uint Sum;
        public Md5State Md5;
    }

    [Bif("erlang:crc32/1")]
    public static Term Crc32(Process* p, Term* a) => Sum(p, a[0], Checksums.Crc32Start, Crc);

    [Bif("erlang:crc32/2")]
    public static Term Crc32From(Process* p, Term* a) => Word(a[0], out uint old) ? Sum(p, a[1], old, Crc) : Process.Badarg(p);

    [Bif("erlang:crc32_combine/3")]
    public static Term Crc32Combine(Process* p, Term* a)
    {
        if (!Word(a[0], out uint first) || !Word(a[1], out uint second) || !Arithmetic.TryLong(a[2], out long size) || size < 0) return Process.Badarg(p);
        return Term.Small(Checksums.Crc32Combine(first, second, (ulong)size));
    }

    [Bif("erlang:adler32/1")]
    public static Term Adler32(Process* p, Term* a) => Sum(p, a[0], Checksums.Adler32Start, Adler);

    [Bif("erlang:adler32/2")]
    public static Term Adler32From(Process* p, Term* a) => Word(a[0], out uint old) ? Sum(p, a[1], old, Adler) : Process.Badarg(p);

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
        if (p->Work != null) return Go(p, (State*)p->Work);
        if (!IsIoData(a[0])) return Process.Badarg(p);
        Md5State md5 = default;
        md5.Init();
        return Start(p, a[0], DigestOf, 0, &md5);
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
        if (p->Work != null) return Go(p, (State*)p->Work);
        Md5State md5 = default;
        return Load(a[0], &md5) && IsIoData(a[1]) ? Start(p, a[1], StateOf, 0, &md5) : Process.Badarg(p);
    }

    [Bif("erlang:md5_final/1")]
    public static Term Md5Final(Process* p, Term* a)
    {
        Md5State state = default;
        return Load(a[0], &state) ? Digest(p, &state) : Process.Badarg(p);
    }

    private static Term Sum(Process* p, Term iodata, uint sum, int kind)
    {
        if (p->Work != null) return Go(p, (State*)p->Work);
        if (Binaries.Bytes(iodata, out byte* data, out long offset, out long bits) && offset == 0 && (bits & 7) == 0 && bits >> 3 <= Slices.Steps(p, BytesPerReduction))
        {
            Process.Bump(p, (bits >> 3) / BytesPerReduction);
            return Term.Small(kind == Crc ? Checksums.Crc32(sum, data, (nuint)(bits >> 3)) : Checksums.Adler32(sum, data, (nuint)(bits >> 3)));
        }
        return IsIoData(iodata) ? Start(p, iodata, kind, sum, null) : Process.Badarg(p);
    }

    [System.Runtime.CompilerServices.SkipLocalsInit]
    private static Term Start(Process* p, Term iodata, int kind, uint sum, Md5State* md5)
    {
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        State s = new() { Work = default, Walk = new IoData(iodata, inline), Kind = kind, Sum = sum };
        s.Walk.MaxPiece = Slices.Steps(p, BytesPerReduction);
        if (md5 != null) s.Md5 = *md5;
        return Go(p, &s);
    }

    [System.Runtime.CompilerServices.SkipLocalsInit]
    private static Term Go(Process* p, State* s)
    {
        byte* scratch = stackalloc byte[Scratch];
        long most = Slices.Steps(p, BytesPerReduction), left = most;
        while (s->Walk.Next(scratch, Scratch, out byte* data, out ulong bits))
        {
            nuint bytes = (nuint)(bits >> 3);
            if (s->Kind == Crc) s->Sum = Checksums.Crc32(s->Sum, data, bytes);
            else if (s->Kind == Adler) s->Sum = Checksums.Adler32(s->Sum, data, bytes);
            else s->Md5.Update(data, bytes);
            left -= (long)bytes + PieceSteps;
            if (left > 0) continue;
            if (p->Work != null) return Slices.Pause(p);
            s->Walk.Detach();
            return Slices.Keep(p, ref *s, &Abandon);
        }
        Process.Bump(p, (most - left) / BytesPerReduction);
        Term result = s->Walk.Failed ? Process.Badarg(p)
            : s->Kind == StateOf ? Binaries.FromBytes(p, (byte*)&s->Md5, Md5State.StateSize)
            : s->Kind == DigestOf ? Digest(p, &s->Md5)
            : Term.Small(s->Sum);
        Abandon(&s->Work);
        if (p->Work != null) Slices.End(p);
        return result;
    }

    private static void Abandon(NativeWork* work) => ((State*)work)->Walk.Free();

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
