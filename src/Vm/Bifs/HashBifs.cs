// phash2/1,2 and phash/2.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>The portable hashes of the module erlang.</summary>
internal static unsafe class HashBifs
{
    // Steps of a hash that are worth a reduction (OTP: ITERATIONS_PER_RED).
    private const long StepsPerReduction = 64;

    [Bif("erlang:phash2/1")]
    public static Term Phash21(Process* p, Term* a)
    {
        uint hash = PortableHash.Phash2(a[0], out long work);
        Process.Bump(p, work / StepsPerReduction);
        return Term.Small(hash & ((1 << 27) - 1));
    }

    [Bif("erlang:phash2/2")]
    public static Term Phash22(Process* p, Term* a)
    {
        if (!Range(a[1], out ulong range)) return Process.Badarg(p);
        uint hash = PortableHash.Phash2(a[0], out long work);
        Process.Bump(p, work / StepsPerReduction);
        return Term.Small((long)(hash % range));
    }

    [Bif("erlang:phash/2")]
    public static Term Phash(Process* p, Term* a)
    {
        if (!Range(a[1], out ulong range)) return Process.Badarg(p);
        uint hash = PortableHash.Phash(a[0], out long work);
        Process.Bump(p, work / StepsPerReduction);
        return Term.Small((long)(hash % range) + 1);
    }

    // 1 to 2^32.
    private static bool Range(Term t, out ulong range)
    {
        bool good = t.IsSmall && t.SmallValue >= 1 && t.SmallValue <= 1L << 32;
        range = good ? (ulong)t.SmallValue : 1;
        return good;
    }
}
