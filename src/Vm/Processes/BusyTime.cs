// What a thread does with its time: for statistics(scheduler_wall_time) and statistics(microstate_accounting). Measured only while one of the two is switched on.
namespace MyBeam.Vm;

using System.Threading;

/// <summary>Nanoseconds of one thread; written by that thread, read by others, for whom a figure may be a moment old.</summary>
public struct BusyTime
{
    private long since, busy, collecting, sleeping, sleepingSince;
    // What the sums were when measuring began, and what earlier periods of microstate accounting had.
    private long wallBusy;
    private MicroTimes start, before;

    /// <summary>Work begins.</summary>
    public void Begin(long now) => Volatile.Write(ref since, now);

    /// <summary>Work ends; nothing happens when its beginning was not noted.</summary>
    public void End(long now)
    {
        if (since == 0) return;
        busy += now - since;
        Volatile.Write(ref since, 0);
    }

    /// <summary>Whether the beginning of work was noted.</summary>
    public readonly bool Began => since != 0;

    /// <summary>A collection took so long.</summary>
    public void Collected(long nanoseconds) => collecting += nanoseconds;

    /// <summary>The thread falls asleep.</summary>
    public void Sleep(long now) => Volatile.Write(ref sleepingSince, now);

    /// <summary>It wakes up.</summary>
    public void Wake(long now)
    {
        if (sleepingSince == 0) return;
        sleeping += now - sleepingSince;
        Volatile.Write(ref sleepingSince, 0);
    }

    /// <summary>Nanoseconds at work since StartWall, at most <paramref name="total"/>.</summary>
    public readonly long Wall(long now, long total) => System.Math.Min(System.Math.Max(Busy(now) - wallBusy, 0), total);

    /// <summary>scheduler_wall_time is switched on.</summary>
    public void StartWall(long now) => wallBusy = Busy(now);

    private readonly long Busy(long now) => busy + (since == 0 ? 0 : System.Math.Max(now - since, 0));

    private readonly MicroTimes Sums(long now) => new()
    {
        Busy = Busy(now), Collecting = collecting, Sleeping = sleeping + (sleepingSince == 0 ? 0 : System.Math.Max(now - sleepingSince, 0)),
    };

    /// <summary>Microstate accounting is switched on (forgetting what was before when <paramref name="reset"/> is set).</summary>
    public void StartMicro(long now, bool reset)
    {
        start = Sums(now);
        if (reset) before = default;
    }

    /// <summary>Microstate accounting is switched off.</summary>
    public void StopMicro(long now) => before = Micro(now, true);

    /// <summary>The sums of microstate accounting.</summary>
    public readonly MicroTimes Micro(long now, bool on)
    {
        if (!on) return before;
        MicroTimes t = Sums(now);
        t.Busy += before.Busy - start.Busy;
        t.Collecting += before.Collecting - start.Collecting;
        t.Sleeping += before.Sleeping - start.Sleeping;
        return t;
    }
}

/// <summary>Nanoseconds at work, in collections (part of the work) and asleep.</summary>
public struct MicroTimes
{
    public long Busy, Collecting, Sleeping;
}
