// Time by clock_gettime, nanosleep, localtime_r and mktime.
using System.Runtime.InteropServices;

namespace MyBeam.Platform;

public static unsafe partial class Clock
{
    private const int ClockRealtime = 0, ClockMonotonic = 1, ClockProcessCpu = 2, ClockThreadCpu = 3;

    /// <inheritdoc/>
    public static partial long MonotonicNanoseconds => Read(ClockMonotonic);

    /// <inheritdoc/>
    public static partial long SystemNanoseconds => Read(ClockRealtime);

    /// <inheritdoc/>
    public static partial long ThreadCpuNanoseconds => Read(ClockThreadCpu);

    /// <inheritdoc/>
    public static partial long ProcessCpuNanoseconds => Read(ClockProcessCpu);

    /// <inheritdoc/>
    public static partial long MonotonicResolution
    {
        get
        {
            Timespec t = default;
            _ = clock_getres(ClockMonotonic, &t);
            return t.Seconds * Timespec.NanosecondsPerSecond + t.Nanoseconds;
        }
    }

    /// <inheritdoc/>
    public static partial void Sleep(long nanoseconds)
    {
        if (nanoseconds <= 0)
        {
            return;
        }

        Timespec left = Timespec.From(nanoseconds);

        // nanosleep leaves in its second argument what a signal kept it from sleeping.
        while (nanosleep(&left, &left) != 0)
        {
        }
    }

    /// <inheritdoc/>
    public static partial bool LocalFromSeconds(long unixSeconds, out DateTimeParts local)
    {
        Tm tm = default;
        if (localtime_r(&unixSeconds, &tm) == null || tm.Year > int.MaxValue - 1900)
        {
            local = default;
            return false;
        }

        local.Year = tm.Year + 1900;
        local.Month = tm.Month + 1;
        local.Day = tm.Day;
        local.Hour = tm.Hour;
        local.Minute = tm.Minute;

        // 60 where the zone's data has leap seconds ("right/..."): Erlang knows none.
        local.Second = tm.Second > 59 ? 59 : tm.Second;
        return true;
    }

    /// <inheritdoc/>
    public static partial bool LocalToSeconds(in DateTimeParts local, DaylightSaving daylight, out long unixSeconds)
    {
        unixSeconds = 0;
        if (!IsValid(in local) || local.Year < int.MinValue + 1900)
        {
            return false;
        }

        Tm tm = default;
        tm.Year = local.Year - 1900;
        tm.Month = local.Month - 1;
        tm.Day = local.Day;
        tm.Hour = local.Hour;
        tm.Minute = local.Minute;
        tm.Second = local.Second;
        tm.IsDaylight = (int)daylight;
        if (daylight == DaylightSaving.Daylight && !HasDaylightSaving()) tm.IsDaylight = 0;

        // -1 is also the last second of 1969: what tells a failure is that mktime did not fill in the day of the week.
        tm.WeekDay = -1;
        unixSeconds = mktime(&tm);
        return tm.WeekDay != -1;
    }

    // Whether the zone has daylight-saving time, now or 30, 60 … 360 days on. Where it has none, "it is daylight-saving time" means nothing, as in
    // OTP (erl_time_sup.c; sys_time.c looks at the months of this year); mktime would move the time by an hour.
    private static bool HasDaylightSaving()
    {
        long now = SystemNanoseconds / Timespec.NanosecondsPerSecond;
        for (int month = 0; month < 13; month++)
        {
            long at = now + month * 30 * SecondsPerDay;
            Tm tm = default;
            if (localtime_r(&at, &tm) != null && tm.IsDaylight > 0) return true;
        }
        return false;
    }

    private static long Read(int clock)
    {
        Timespec t;
        _ = clock_gettime(clock, &t);
        return t.Seconds * Timespec.NanosecondsPerSecond + t.Nanoseconds;
    }

    // struct tm of glibc and musl on 64-bit machines.
    private struct Tm
    {
        internal int Second, Minute, Hour, Day, Month, Year, WeekDay, YearDay, IsDaylight;
        internal long OffsetFromUtc;
        internal byte* ZoneName;
    }

    [DllImport("libc"), SuppressGCTransition]
    private static extern int clock_gettime(int clock, Timespec* t);

    [DllImport("libc"), SuppressGCTransition]
    private static extern int clock_getres(int clock, Timespec* t);

    [DllImport("libc")]
    private static extern int nanosleep(Timespec* wanted, Timespec* left);

    [DllImport("libc")]
    private static extern Tm* localtime_r(long* seconds, Tm* result);

    [DllImport("libc")]
    private static extern long mktime(Tm* local);
}
