// phash2/1,2 and phash/2.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>The portable hashes of the module erlang.</summary>
internal static unsafe class HashBifs
{
    // Steps of a hash that are worth a reduction (OTP: ITERATIONS_PER_RED).
    private const long StepsPerReduction = 64;

    private struct State
    {
        public NativeWork Work;
        public PortableHash.Walk Walk;
    }

    [Bif("erlang:phash2/1")]
    public static Term Phash21(Process* p, Term* a) => Hash(p, a[0], out uint hash) ? Term.Small(hash & ((1 << 27) - 1)) : Term.None;

    [Bif("erlang:phash2/2")]
    public static Term Phash22(Process* p, Term* a)
    {
        if (!Range(a[1], out ulong range)) return Process.Badarg(p);
        return Hash(p, a[0], out uint hash) ? Term.Small((long)(hash % range)) : Term.None;
    }

    // False: paused.
    [System.Runtime.CompilerServices.SkipLocalsInit]
    private static bool Hash(Process* p, Term t, out uint hash)
    {
        if (p->Work != null) return Go(p, (State*)p->Work, out hash);
        if (t.IsImmediate)
        {
            hash = PortableHash.Phash2(t);
            return true;
        }
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        State s = new() { Work = default, Walk = new PortableHash.Walk(t, inline) };
        return Go(p, &s, out hash);
    }

    private static bool Go(Process* p, State* s, out uint hash)
    {
        long work = 0;
        s->Walk.Go(Slices.Steps(p, StepsPerReduction), ref work);
        hash = s->Walk.Hash;
        if (!s->Walk.Done)
        {
            if (p->Work != null)
            {
                Slices.Pause(p);
                return false;
            }
            s->Walk.Detach();
            Slices.Keep(p, ref *s, &Abandon);
            return false;
        }
        s->Walk.Free();
        if (p->Work != null) Slices.End(p);
        Process.Bump(p, work / StepsPerReduction);
        return true;
    }

    private static void Abandon(NativeWork* work) => ((State*)work)->Walk.Free();

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
