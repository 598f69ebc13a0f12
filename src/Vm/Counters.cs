// The counters of one VM: references, unique integers, the zero of its clocks. Embedded in Machine (Machine.Counters); a zeroed struct is ready to use.
namespace MyBeam.Vm;

using System.Threading;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Counters of one VM. All operations are safe from any thread.</summary>
public unsafe struct Counters
{
    /// <summary>What monotonic_time/0 gives at the start of the VM, in nanoseconds: where OTP starts too, so that times stay small integers for long.</summary>
    public const long MonotonicStart = -576460752000000000;

    private long references;
    private long unique, monotonicUnique;
    private long lastNow;
    // The operating system's monotonic clock when the VM started; 0: not read yet.
    private long startedAt;
    private long timeOffset;

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

    /// <summary>Erlang monotonic time in nanoseconds.</summary>
    public long MonotonicTime()
    {
        if (Volatile.Read(ref startedAt) == 0) Start();
        return Clock.MonotonicNanoseconds - startedAt + MonotonicStart;
    }

    /// <summary>Erlang system time minus Erlang monotonic time, in nanoseconds. Constant while the VM runs (no_time_warp).</summary>
    public long TimeOffset()
    {
        if (Volatile.Read(ref startedAt) == 0) Start();
        return timeOffset;
    }

    /// <summary>Erlang system time in nanoseconds since 1970-01-01T00:00:00Z.</summary>
    public long SystemTime() => MonotonicTime() + TimeOffset();

    /// <summary>Microseconds since 1970 for now/0: each larger than any before.</summary>
    public long NextNow()
    {
        long time = SystemTime() / 1000;
        for (; ; )
        {
            long last = Volatile.Read(ref lastNow);
            long next = time > last ? time : last + 1;
            if (Interlocked.CompareExchange(ref lastNow, next, last) == last) return next;
        }
    }

    private void Start()
    {
        long now = Clock.MonotonicNanoseconds;
        timeOffset = Clock.SystemNanoseconds - MonotonicStart;
        Interlocked.CompareExchange(ref startedAt, now == 0 ? 1 : now, 0);
    }
}
