// The counters of one VM: references, unique integers. Embedded in Machine (Machine.Counters); a zeroed struct is ready to use.
namespace MyBeam.Vm;

using System.Threading;
using MyBeam.Memory;

/// <summary>Counters of one VM. All operations are safe from any thread.</summary>
public unsafe struct Counters
{
    private long references;
    private long unique, monotonicUnique;

    /// <summary>The two id words of a new reference (Reference.Id0, Id1).</summary>
    public void NextReference(out ulong id0, out ulong id1)
    {
        // Number 0 has 18 bits, the others 32 (OTP's layout). The start keeps references of one VM from looking alike small integers.
        ulong n = (ulong)Interlocked.Increment(ref references);
        ulong first = n & (Identifiers.MaxReference - 1);
        ulong second = (n >> 18) & 0xFFFFFFFF;
        id0 = first | (second << 32);
        id1 = (n >> 50) | 0x10000;
    }

    /// <summary>A number never given before by this method: 0, 1, 2 …</summary>
    public long NextUnique() => Interlocked.Increment(ref unique) - 1;

    /// <summary>As NextUnique, in the order of the calls: for unique_integer([monotonic]).</summary>
    public long NextMonotonicUnique() => Interlocked.Increment(ref monotonicUnique) - 1;
}
