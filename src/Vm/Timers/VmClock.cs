// The clocks of one VM. Normally the operating system's; with virtual time a counter that stands still while processes run and that an idle scheduler
// moves on to the next timer, so that a run depends on nothing outside.
namespace MyBeam.Vm;

using System.Threading;
using MyBeam.Platform;

/// <summary>The clocks of one VM, embedded in Machine (Machine.Time). All times are nanoseconds. Safe from any thread.</summary>
public unsafe struct VmClock
{
    /// <summary>What monotonic_time/0 gives at the start of the VM: where OTP starts too, so that times stay small integers for long.</summary>
    public const long ErlangStart = -576460752000000000;

    /// <summary>The largest Erlang monotonic time (system_info(end_time)).</summary>
    public const long ErlangEnd = 8646911283000000000;

    /// <summary>Nanoseconds in a millisecond, the step of all timers.</summary>
    public const long Millisecond = 1_000_000;

    // Where virtual time starts: on both clocks a number that is easy to recognise. System time: 2001-09-09T01:46:40Z.
    private const long VirtualStart = 1_000_000_000, VirtualSystemStart = 1_000_000_000_000_000_000;

    // What one look at virtual time costs: without it a program that waits for the clock to move would never get on.
    private const long LookTime = 1000;

    // The monotonic clock when the VM started, in whole milliseconds: then a millisecond of Erlang time and one of the timers begin together.
    private long startedAt;
    private long timeOffset;
    private long lastNow;
    // 0: the operating system's clocks.
    private long virtualTime;

    /// <summary>Starts the clocks: the first thing in the life of a VM.</summary>
    public static void Start(Machine* m)
    {
        long now = Clock.MonotonicNanoseconds;
        m->Time = default;
        m->Time.startedAt = now - (now % Millisecond);
        m->Time.timeOffset = Clock.SystemNanoseconds - (now - m->Time.startedAt) - ErlangStart;
    }

    /// <summary>Goes over to virtual time (--deterministic), before the first process runs.</summary>
    public static void StartVirtual(Machine* m)
    {
        m->Time.startedAt = m->Time.virtualTime = VirtualStart;
        m->Time.timeOffset = VirtualSystemStart - ErlangStart;
    }

    /// <summary>Whether time is virtual.</summary>
    public static bool IsVirtual(Machine* m) => Volatile.Read(ref m->Time.virtualTime) != 0;

    /// <summary>Moves virtual time on to <paramref name="time"/> (of MonotonicNs); never back.</summary>
    public static void AdvanceTo(Machine* m, long time)
    {
        if (time > Volatile.Read(ref m->Time.virtualTime)) Volatile.Write(ref m->Time.virtualTime, time);
    }

    /// <summary>The monotonic clock that schedulers and timers use: the operating system's, or virtual time.</summary>
    public static long MonotonicNs(Machine* m)
    {
        long time = Volatile.Read(ref m->Time.virtualTime);
        return time != 0 ? time : Clock.MonotonicNanoseconds;
    }

    /// <summary>MonotonicNs when the VM started: a whole number of milliseconds.</summary>
    public static long StartedAt(Machine* m) => m->Time.startedAt;

    /// <summary>Erlang monotonic time, for a program that asks.</summary>
    public static long ErlangMonotonic(Machine* m) => Look(m) - m->Time.startedAt + ErlangStart;

    /// <summary>Erlang system time minus Erlang monotonic time. Constant while the VM runs (no_time_warp).</summary>
    public static long TimeOffset(Machine* m) => m->Time.timeOffset;

    /// <summary>Erlang system time since 1970-01-01T00:00:00Z, for a program that asks.</summary>
    public static long ErlangSystem(Machine* m) => ErlangMonotonic(m) + m->Time.timeOffset;

    /// <summary>The operating system's clock since 1970-01-01T00:00:00Z (os:system_time/0), for a program that asks.</summary>
    public static long OsSystem(Machine* m) => IsVirtual(m) ? ErlangSystem(m) : Clock.SystemNanoseconds;

    /// <summary>os:perf_counter/0.</summary>
    public static long PerfCounter(Machine* m) => Look(m);

    /// <summary>Microseconds since 1970 for now/0: each larger than any before.</summary>
    public static long NextNow(Machine* m)
    {
        long time = ErlangSystem(m) / 1000;
        for (; ; )
        {
            long last = Volatile.Read(ref m->Time.lastNow);
            long next = time > last ? time : last + 1;
            if (Interlocked.CompareExchange(ref m->Time.lastNow, next, last) == last) return next;
        }
    }

    private static long Look(Machine* m) => IsVirtual(m) ? Interlocked.Add(ref m->Time.virtualTime, LookTime) : Clock.MonotonicNanoseconds;
}
