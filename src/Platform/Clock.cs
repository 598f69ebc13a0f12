// Time: the surface. Clocks in nanoseconds, sleeping, and calendar time in the local zone.
namespace MyBeam.Platform;

/// <summary>A date and a time of day, as Erlang's {{Year, Month, Day}, {Hour, Minute, Second}}; which zone it is in, its user knows.</summary>
public struct DateTimeParts
{
    /// <summary>Year of the proleptic Gregorian calendar; 0 is 1 BC.</summary>
    public int Year;

    /// <summary>1 to 12.</summary>
    public int Month;

    /// <summary>1 to 31.</summary>
    public int Day;

    /// <summary>0 to 23.</summary>
    public int Hour;

    /// <summary>0 to 59.</summary>
    public int Minute;

    /// <summary>0 to 59.</summary>
    public int Second;
}

/// <summary>What a caller knows about daylight saving at a local time: the third argument of erlang:localtime_to_universaltime/2.</summary>
public enum DaylightSaving
{
    /// <summary>The zone's rules decide (Erlang: undefined).</summary>
    Unknown = -1,

    /// <summary>The time is standard time (false).</summary>
    Standard = 0,

    /// <summary>The time is daylight-saving time (true).</summary>
    Daylight = 1,
}

/// <summary>Clocks and calendar. Nothing here allocates.</summary>
public static partial class Clock
{
    private const long SecondsPerDay = 86_400;

    /// <summary>
    /// Nanoseconds since some fixed point before the OS process started; never goes back, does not run while the machine is suspended.
    /// </summary>
    public static partial long MonotonicNanoseconds { get; }

    /// <summary>Nanoseconds since 1970-01-01T00:00:00Z by the system's clock, which people and NTP set: it can jump.</summary>
    public static partial long SystemNanoseconds { get; }

    /// <summary>Processor time of the calling thread in nanoseconds, user and system together.</summary>
    public static partial long ThreadCpuNanoseconds { get; }

    /// <summary>Processor time of the whole OS process in nanoseconds, user and system together (erlang:statistics(runtime)).</summary>
    public static partial long ProcessCpuNanoseconds { get; }

    /// <summary>The resolution of the monotonic clock in nanoseconds.</summary>
    public static partial long MonotonicResolution { get; }

    /// <summary>Stops the calling thread for at least this long; signals don't cut it short. Zero and less return at once.</summary>
    public static partial void Sleep(long nanoseconds);

    /// <summary>
    /// The local time at a moment, by the rules of the zone (TZ or the machine's). False when the year does not fit.
    /// </summary>
    /// <param name="unixSeconds">Seconds since 1970-01-01T00:00:00Z.</param>
    /// <param name="local">The result.</param>
    public static partial bool LocalFromSeconds(long unixSeconds, out DateTimeParts local);

    /// <summary>
    /// The moment of a local time, in seconds since 1970-01-01T00:00:00Z. False for what is no date or cannot be converted. A time that a
    /// change to daylight saving leaves out is moved as mktime moves it, as OTP has it.
    /// </summary>
    public static partial bool LocalToSeconds(in DateTimeParts local, DaylightSaving daylight, out long unixSeconds);

    /// <summary>Whether the fields are in range and the day exists in that month.</summary>
    public static bool IsValid(in DateTimeParts t) =>
        t.Month >= 1 && t.Month <= 12 && t.Day >= 1 && t.Day <= DaysInMonth(t.Year, t.Month) &&
        (uint)t.Hour < 24 && (uint)t.Minute < 60 && (uint)t.Second < 60;

    /// <summary>Seconds since 1970-01-01T00:00:00Z of a valid universal time; negative before.</summary>
    public static long UniversalToSeconds(in DateTimeParts universal) =>
        DaysFromDate(universal.Year, universal.Month, universal.Day) * SecondsPerDay +
        universal.Hour * 3600 + universal.Minute * 60 + universal.Second;

    /// <summary>The universal time at a moment. False when the year does not fit an int.</summary>
    public static bool UniversalFromSeconds(long unixSeconds, out DateTimeParts universal)
    {
        universal = default;
        long days = unixSeconds / SecondsPerDay;
        int second = (int)(unixSeconds % SecondsPerDay);
        if (second < 0)
        {
            second += (int)SecondsPerDay;
            days--;
        }

        // 366 days a year is a safe bound for the int.
        if (days > (long)int.MaxValue * 365 || days < (long)int.MinValue * 365)
        {
            return false;
        }

        // Years that start in March put the leap day last; eras of 400 years have 146,097 days and repeat.
        long shifted = days + DaysToMarchOfYearZero;
        long era = FloorDivide(shifted, 146_097);
        int dayOfEra = (int)(shifted - era * 146_097);
        int yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
        int dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        int monthFromMarch = (5 * dayOfYear + 2) / 153;
        universal.Day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1;
        universal.Month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
        universal.Year = (int)(era * 400 + yearOfEra + (universal.Month <= 2 ? 1 : 0));
        universal.Hour = second / 3600;
        universal.Minute = second / 60 % 60;
        universal.Second = second % 60;
        return true;
    }

    /// <summary>Days in a month (1 to 12) of the proleptic Gregorian calendar.</summary>
    public static int DaysInMonth(int year, int month) =>
        month == 2 ? (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28)
        : month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;

    // Days from 0000-03-01 to 1970-01-01.
    private const long DaysToMarchOfYearZero = 719_468;

    private static long DaysFromDate(int year, int month, int day)
    {
        long y = month <= 2 ? (long)year - 1 : year;
        long era = FloorDivide(y, 400);
        long yearOfEra = y - era * 400;
        long dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - DaysToMarchOfYearZero;
    }

    private static long FloorDivide(long a, long positive) => (a >= 0 ? a : a - positive + 1) / positive;
}
