// Counters with write_concurrency: each scheduler adds to values of its own, on cache lines of its own, so that writers do not disturb each other; who reads adds them up.
namespace MyBeam.Vm;

using System.Threading;
using MyBeam.Memory;

/// <summary>The counters. Behind the struct, from the next cache line on, a row of values for each scheduler; before them one for all other threads.</summary>
public unsafe struct CounterArray
{
    private const long Line = 64, PerLine = Line / 8;

    public NativeResource Head;
    public long Count;
    private long rows;

    private readonly long RowValues => (Count + PerLine - 1) & -PerLine;

    /// <summary>Bytes of the whole block.</summary>
    public readonly long Bytes => sizeof(CounterArray) + Line + (rows * RowValues * 8);

    /// <summary>Zeros; null when memory is out.</summary>
    public static CounterArray* Create(long count, long schedulers)
    {
        CounterArray shape = new() { Count = count, rows = schedulers + 1 };
        CounterArray* c = (CounterArray*)Allocator.AllocZeroed((nuint)shape.Bytes, Owner.Resource);
        if (c == null) return null;
        *c = shape;
        c->Head.RefCount = 1;
        c->Head.Destroy = &Destroy;
        c->Head.Kind = ResourceKind.Counters;
        return c;
    }

    private static void Destroy(NativeResource* r) => Allocator.Free(r, (nuint)((CounterArray*)r)->Bytes, Owner.Resource);

    private static long* Value(CounterArray* c, long row, long i) => (long*)(((nuint)(c + 1) + (nuint)Line - 1) & ~(nuint)(Line - 1)) + (row * c->RowValues) + i;

    /// <summary>The sum of a counter (from 0).</summary>
    public static long Sum(CounterArray* c, long i)
    {
        long sum = 0;
        for (long row = 0; row < c->rows; row++) sum += Volatile.Read(ref *Value(c, row, i));
        return sum;
    }

    /// <summary>Adds, on the thread that runs a process.</summary>
    public static void Add(CounterArray* c, long i, long by, Process* p)
    {
        Scheduler* s = p->Context->Scheduler;
        long row = s == null ? 0 : s->Index + 1;
        if (row == 0 || row >= c->rows) Interlocked.Add(ref *Value(c, 0, i), by);
        // Nobody else writes there.
        else Volatile.Write(ref *Value(c, row, i), *Value(c, row, i) + by);
    }
}

/// <summary>Natives behind counters:new(N, [write_concurrency]).</summary>
public static unsafe class CounterBifs
{
    [Bif("erts_internal:counters_new/1")]
    public static Term New(Process* p, Term* a)
    {
        if (a[0].IsBig && !a[0].BigNegative) return Process.SystemLimit(p);
        if (!a[0].IsSmall || a[0].SmallValue <= 0) return Process.Badarg(p);
        CounterArray* c = a[0].SmallValue > AtomicsBifs.MaxCount / TimerDirectory.MaxSchedulers ? null : CounterArray.Create(a[0].SmallValue, SchedulerLimits.Total(p->Machine));
        return c == null ? Process.SystemLimit(p) : MagicRefs.Make(p, &c->Head);
    }

    // The array a[0] and the number (from 0) of counter a[1]; null: there is none.
    private static CounterArray* Open(Term* a, out long i)
    {
        i = 0;
        CounterArray* c = (CounterArray*)MagicRefs.Open(a[0], ResourceKind.Counters);
        if (c == null || !a[1].IsSmall || a[1].SmallValue < 1 || a[1].SmallValue > c->Count) return null;
        i = a[1].SmallValue - 1;
        return c;
    }

    [Bif("erts_internal:counters_get/2")]
    public static Term Get(Process* p, Term* a)
    {
        CounterArray* c = Open(a, out long i);
        return c == null ? Process.Badarg(p) : Process.Integer(p, CounterArray.Sum(c, i));
    }

    [Bif("erts_internal:counters_add/3")]
    public static Term Add(Process* p, Term* a)
    {
        CounterArray* c = Open(a, out long i);
        if (c == null || !AtomicsBifs.Value(a[2], AtomicsBifs.Range.Any, out long value)) return Process.Badarg(p);
        CounterArray.Add(c, i, value, p);
        return Am.Ok;
    }

    /// <summary>What others add meanwhile is not lost: it counts from the value that is put.</summary>
    [Bif("erts_internal:counters_put/3")]
    public static Term Put(Process* p, Term* a)
    {
        CounterArray* c = Open(a, out long i);
        if (c == null || !AtomicsBifs.Value(a[2], AtomicsBifs.Range.Signed, out long value)) return Process.Badarg(p);
        CounterArray.Add(c, i, value - CounterArray.Sum(c, i), p);
        return Am.Ok;
    }

    [Bif("erts_internal:counters_info/1")]
    public static Term Info(Process* p, Term* a)
    {
        CounterArray* c = (CounterArray*)MagicRefs.Open(a[0], ResourceKind.Counters);
        return c == null ? Process.Badarg(p) : AtomicsBifs.Measures(p, c->Bytes, c->Count);
    }
}
