using Xunit;

namespace MyBeam.Platform.Tests;

public class ClockTests
{
    [Fact]
    public void MonotonicTimeCoversASleep()
    {
        long before = Clock.MonotonicNanoseconds;
        Clock.Sleep(20_000_000);
        Assert.True(Clock.MonotonicNanoseconds - before >= 20_000_000);
        Assert.InRange(Clock.MonotonicResolution, 1, 100_000_000);
    }

    [Fact]
    public void SystemTimeIsTheSystems()
    {
        long expected = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        Assert.InRange(Clock.SystemNanoseconds / 1_000_000, expected - 1000, expected + 10_000);
    }

    [Fact]
    public void CpuTimeGrowsWithWork()
    {
        long thread = Clock.ThreadCpuNanoseconds, process = Clock.ProcessCpuNanoseconds;
        long end = Clock.MonotonicNanoseconds + 20_000_000;
        while (Clock.MonotonicNanoseconds < end)
        {
        }

        Assert.True(Clock.ThreadCpuNanoseconds > thread);
        Assert.True(Clock.ProcessCpuNanoseconds > process);
    }

    [Theory]
    [InlineData(0, 1970, 1, 1, 0, 0, 0)]
    [InlineData(-1, 1969, 12, 31, 23, 59, 59)]
    [InlineData(951_782_400, 2000, 2, 29, 0, 0, 0)]
    [InlineData(4_107_542_399, 2100, 2, 28, 23, 59, 59)]
    [InlineData(4_107_542_400, 2100, 3, 1, 0, 0, 0)]
    [InlineData(-62_167_219_200, 0, 1, 1, 0, 0, 0)]
    [InlineData(253_402_300_799, 9999, 12, 31, 23, 59, 59)]
    public void UniversalTimeConvertsBothWays(long seconds, int year, int month, int day, int hour, int minute, int second)
    {
        Assert.True(Clock.UniversalFromSeconds(seconds, out DateTimeParts t));
        Assert.Equal((year, month, day, hour, minute, second), (t.Year, t.Month, t.Day, t.Hour, t.Minute, t.Second));
        Assert.True(Clock.IsValid(in t));
        Assert.Equal(seconds, Clock.UniversalToSeconds(in t));
    }

    [Fact]
    public void UniversalTimeAgreesWithDotNetEveryDay()
    {
        for (DateTime d = new(1600, 1, 1, 1, 2, 3, DateTimeKind.Utc); d.Year < 2401; d = d.AddDays(1))
        {
            long seconds = new DateTimeOffset(d).ToUnixTimeSeconds();
            Assert.True(Clock.UniversalFromSeconds(seconds, out DateTimeParts t));
            if ((t.Year, t.Month, t.Day, t.Hour, t.Minute, t.Second) != (d.Year, d.Month, d.Day, 1, 2, 3) || Clock.UniversalToSeconds(in t) != seconds)
            {
                Assert.Fail(d.ToString("o"));
            }
        }
    }

    [Fact]
    public void TimesThatNoYearFitsAreRefused()
    {
        Assert.False(Clock.UniversalFromSeconds(long.MaxValue, out _));
        Assert.False(Clock.UniversalFromSeconds(long.MinValue, out _));
        Assert.False(Clock.LocalFromSeconds(long.MaxValue, out _));
    }

    [Theory]
    [InlineData(2023, 2, 29)]
    [InlineData(2023, 0, 1)]
    [InlineData(2023, 13, 1)]
    [InlineData(2023, 4, 31)]
    [InlineData(1900, 2, 29)]
    public void DatesThatDoNotExistAreRefused(int year, int month, int day)
    {
        DateTimeParts t = new() { Year = year, Month = month, Day = day };
        Assert.False(Clock.IsValid(in t));
        Assert.False(Clock.LocalToSeconds(in t, DaylightSaving.Unknown, out _));
    }

    [Fact]
    public void LocalTimeConvertsBothWays()
    {
        for (long seconds = 1_700_000_000; seconds < 1_800_000_000; seconds += 7_777_777)
        {
            Assert.True(Clock.LocalFromSeconds(seconds, out DateTimeParts t));
            DateTime expected = DateTimeOffset.FromUnixTimeSeconds(seconds).LocalDateTime;
            Assert.Equal((expected.Year, expected.Month, expected.Day, expected.Hour), (t.Year, t.Month, t.Day, t.Hour));
            Assert.True(Clock.LocalToSeconds(in t, DaylightSaving.Unknown, out long back));
            Assert.Equal(seconds, back);
        }
    }

    [Fact]
    public void TheSecondBeforeTheEpochIsNoError()
    {
        Assert.True(Clock.LocalFromSeconds(-1, out DateTimeParts t));
        Assert.True(Clock.LocalToSeconds(in t, DaylightSaving.Unknown, out long back));
        Assert.Equal(-1, back);
    }
}
