// Time, unique integers and references. The native time unit is the nanosecond.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Time natives.</summary>
public static unsafe class TimeBifs
{
    private const long Nano = 1_000_000_000;

    [Bif("erlang:monotonic_time/0")]
    public static Term MonotonicTime(Process* p, Term* a) => Process.Integer(p, VmClock.ErlangMonotonic(p->Machine));

    [Bif("erlang:monotonic_time/1")]
    public static Term MonotonicTimeIn(Process* p, Term* a) => Convert(p, VmClock.ErlangMonotonic(p->Machine), a[0]);

    [Bif("erlang:system_time/0")]
    public static Term SystemTime(Process* p, Term* a) => Process.Integer(p, VmClock.ErlangSystem(p->Machine));

    [Bif("erlang:system_time/1")]
    public static Term SystemTimeIn(Process* p, Term* a) => Convert(p, VmClock.ErlangSystem(p->Machine), a[0]);

    [Bif("erlang:time_offset/0")]
    public static Term TimeOffset(Process* p, Term* a) => Process.Integer(p, VmClock.TimeOffset(p->Machine));

    [Bif("erlang:time_offset/1")]
    public static Term TimeOffsetIn(Process* p, Term* a) => Convert(p, VmClock.TimeOffset(p->Machine), a[0]);

    [Bif("os:system_time/0")]
    public static Term OsSystemTime(Process* p, Term* a) => Process.Integer(p, VmClock.OsSystem(p->Machine));

    [Bif("os:system_time/1")]
    public static Term OsSystemTimeIn(Process* p, Term* a) => Convert(p, VmClock.OsSystem(p->Machine), a[0]);

    [Bif("os:perf_counter/0")]
    public static Term PerfCounter(Process* p, Term* a) => Process.Integer(p, VmClock.PerfCounter(p->Machine));

    /// <summary>Parts per second of os:perf_counter/0.</summary>
    [Bif("erts_internal:perf_counter_unit/0")]
    [Bif("erts_internal:time_unit/0")]
    public static Term Unit(Process* p, Term* a) => Term.Small(Nano);

    [Bif("os:timestamp/0")]
    public static Term OsTimestamp(Process* p, Term* a) => Stamp(p, VmClock.OsSystem(p->Machine) / 1000);

    [Bif("erlang:timestamp/0")]
    public static Term Timestamp(Process* p, Term* a) => Stamp(p, VmClock.ErlangSystem(p->Machine) / 1000);

    /// <summary>Never the same twice.</summary>
    [Bif("erlang:now/0")]
    public static Term Now(Process* p, Term* a) => Stamp(p, VmClock.NextNow(p->Machine));

    // -- calendar --

    [Bif("erlang:date/0")]
    public static Term Date(Process* p, Term* a)
    {
        Clock.LocalFromSeconds(VmClock.OsSystem(p->Machine) / Nano, out DateTimeParts t);
        return Process.Tuple(p, Term.Small(t.Year), Term.Small(t.Month), Term.Small(t.Day));
    }

    [Bif("erlang:time/0")]
    public static Term Time(Process* p, Term* a)
    {
        Clock.LocalFromSeconds(VmClock.OsSystem(p->Machine) / Nano, out DateTimeParts t);
        return Process.Tuple(p, Term.Small(t.Hour), Term.Small(t.Minute), Term.Small(t.Second));
    }

    [Bif("erlang:localtime/0")]
    public static Term LocalTime(Process* p, Term* a)
    {
        Clock.LocalFromSeconds(VmClock.OsSystem(p->Machine) / Nano, out DateTimeParts t);
        return DateTime(p, t);
    }

    [Bif("erlang:universaltime/0")]
    public static Term UniversalTime(Process* p, Term* a)
    {
        Clock.UniversalFromSeconds(VmClock.OsSystem(p->Machine) / Nano, out DateTimeParts t);
        return DateTime(p, t);
    }

    /// <summary>The second argument: true, false or undefined: whether daylight saving is on.</summary>
    [Bif("erlang:localtime_to_universaltime/2")]
    public static Term LocalToUniversal(Process* p, Term* a)
    {
        DaylightSaving daylight;
        if (a[1] == Am.True) daylight = DaylightSaving.Daylight;
        else if (a[1] == Am.False) daylight = DaylightSaving.Standard;
        else if (a[1] == Am.Undefined) daylight = DaylightSaving.Unknown;
        else return Process.Badarg(p);
        if (!Parts(a[0], FirstLocalYear, out DateTimeParts local) || !Clock.LocalToSeconds(local, daylight, out long seconds)
            || !Clock.UniversalFromSeconds(seconds, out DateTimeParts universal)) return Process.Badarg(p);
        return DateTime(p, universal);
    }

    [Bif("erlang:universaltime_to_localtime/1")]
    public static Term UniversalToLocal(Process* p, Term* a)
    {
        if (!Parts(a[0], FirstLocalYear, out DateTimeParts universal)
            || !Clock.LocalFromSeconds(Clock.UniversalToSeconds(universal), out DateTimeParts local)) return Process.Badarg(p);
        return DateTime(p, local);
    }

    [Bif("erlang:posixtime_to_universaltime/1")]
    public static Term PosixToUniversal(Process* p, Term* a)
    {
        if (!Arithmetic.TryLong(a[0], out long seconds) || !Clock.UniversalFromSeconds(seconds, out DateTimeParts universal)) return Process.Badarg(p);
        return DateTime(p, universal);
    }

    [Bif("erlang:universaltime_to_posixtime/1")]
    public static Term UniversalToPosix(Process* p, Term* a) =>
        Parts(a[0], FirstUniversalYear, out DateTimeParts t) ? Process.Integer(p, Clock.UniversalToSeconds(t)) : Process.Badarg(p);

    // -- unique values --

    [Bif("erlang:unique_integer/0")]
    public static Term UniqueInteger(Process* p, Term* a) => Process.Integer(p, Term.MinSmall + p->Machine->Counters.NextUnique());

    /// <summary>Options: positive, monotonic.</summary>
    [Bif("erlang:unique_integer/1")]
    public static Term UniqueIntegerOf(Process* p, Term* a)
    {
        bool positive = false, monotonic = false;
        Term list = a[0];
        for (; list.IsCons; list = list.Tail)
        {
            if (list.Head == Am.Positive) positive = true;
            else if (list.Head == Am.Monotonic) monotonic = true;
            else return Process.Badarg(p);
        }
        if (!list.IsNil) return Process.Badarg(p);
        long n = monotonic ? p->Machine->Counters.NextMonotonicUnique() : p->Machine->Counters.NextUnique();
        return Process.Integer(p, positive ? n + 1 : Term.MinSmall + n);
    }

    [Bif("erlang:make_ref/0")]
    public static Term MakeRef(Process* p, Term* a) => NewReference(p);

    /// <summary>A new reference: 3 words.</summary>
    public static Term NewReference(Process* p)
    {
        Reference* r = (Reference*)Process.Alloc(p, Reference.Words);
        if (r == null) return Process.SystemLimit(p);
        r->Header = Header.Make(Header.Reference, Reference.Words - 1);
        p->Machine->Counters.NextReference(out r->Id0, out r->Id1);
        return Term.Boxed(r);
    }

    // -- conversions --

    /// <summary>A time in nanoseconds as an integer of another unit (an atom, or parts per second), rounded down; badarg for what is no unit.</summary>
    public static Term Convert(Process* p, long nanoseconds, Term unit)
    {
        if (!unit.IsAtom) return ConvertParts(p, nanoseconds, unit);
        if (unit == Am.Native || unit == Am.Nanosecond || unit == Am.PerfCounter || unit == Am.NanoSeconds) return Process.Integer(p, nanoseconds);
        if (unit == Am.Microsecond || unit == Am.MicroSeconds) return Process.Integer(p, Floor(nanoseconds, 1000));
        if (unit == Am.Millisecond || unit == Am.MilliSeconds) return Process.Integer(p, Floor(nanoseconds, 1_000_000));
        if (unit == Am.Second || unit == Am.Seconds) return Process.Integer(p, Floor(nanoseconds, Nano));
        return Process.Badarg(p);
    }

    private static Term ConvertParts(Process* p, long nanoseconds, Term parts)
    {
        if (!parts.IsInteger || (parts.IsSmall ? parts.SmallValue <= 0 : parts.BigNegative)) return Process.Badarg(p);
        Term product = Arithmetic.Multiply(p, Process.Integer(p, nanoseconds), parts);
        if (product.IsNone) return product;
        // div rounds towards zero.
        if (nanoseconds < 0) product = Arithmetic.Subtract(p, product, Term.Small(Nano - 1));
        return product.IsNone ? product : Arithmetic.IntDivide(p, product, Term.Small(Nano));
    }

    private static long Floor(long value, long divisor)
    {
        long q = value / divisor;
        return q * divisor > value ? q - 1 : q;
    }

    // {MegaSecs, Secs, MicroSecs}.
    private static Term Stamp(Process* p, long microseconds)
    {
        long seconds = microseconds / 1_000_000;
        return Process.Tuple(p, Term.Small(seconds / 1_000_000), Term.Small(seconds % 1_000_000), Term.Small(microseconds % 1_000_000));
    }

    /// <summary>The first years that OTP converts from local time, and to seconds.</summary>
    private const int FirstLocalYear = 1902, FirstUniversalYear = 1600;

    // {{Y, M, D}, {H, Min, S}} that is a date from a year on.
    private static bool Parts(Term t, int firstYear, out DateTimeParts parts)
    {
        parts = default;
        if (!t.IsTupleOf(2) || !t.TupleElements[0].IsTupleOf(3) || !t.TupleElements[1].IsTupleOf(3)) return false;
        Term* date = t.TupleElements[0].TupleElements;
        Term* time = t.TupleElements[1].TupleElements;
        return Part(date[0], out parts.Year) && Part(date[1], out parts.Month) && Part(date[2], out parts.Day)
            && Part(time[0], out parts.Hour) && Part(time[1], out parts.Minute) && Part(time[2], out parts.Second)
            && parts.Year >= firstYear && Clock.IsValid(parts);
    }

    private static bool Part(Term t, out int value)
    {
        value = 0;
        if (!t.IsSmall || (ulong)t.SmallValue >= int.MaxValue) return false;
        value = (int)t.SmallValue;
        return true;
    }

    private static Term DateTime(Process* p, in DateTimeParts t) =>
        Process.Tuple(p,
            Process.Tuple(p, Term.Small(t.Year), Term.Small(t.Month), Term.Small(t.Day)),
            Process.Tuple(p, Term.Small(t.Hour), Term.Small(t.Minute), Term.Small(t.Second)));
}
