// Natives of atomics, and those of erts_internal behind counters with write_concurrency, which have a row of values for each scheduler.
namespace MyBeam.Vm;

using System.Threading;
using MyBeam.Memory;

/// <summary>An array of 64-bit integers. The values follow the struct.</summary>
public unsafe struct AtomicsArray
{
    public NativeResource Head;
    public long Count;
    /// <summary>1: values are signed.</summary>
    public long Signed;

    public static long* Values(AtomicsArray* a) => (long*)(a + 1);

    /// <summary>An array of zeros; null when memory is out.</summary>
    public static AtomicsArray* Create(long count, bool isSigned)
    {
        AtomicsArray* a = (AtomicsArray*)Allocator.AllocZeroed((nuint)Bytes(count), Owner.Resource);
        if (a == null) return null;
        a->Head.RefCount = 1;
        a->Head.Destroy = &Destroy;
        a->Head.Kind = ResourceKind.Atomics;
        a->Count = count;
        a->Signed = isSigned ? 1 : 0;
        return a;
    }

    /// <summary>Bytes of an array of so many values.</summary>
    public static long Bytes(long count) => sizeof(AtomicsArray) + (count * 8);

    private static void Destroy(NativeResource* r) => Allocator.Free(r, (nuint)Bytes(((AtomicsArray*)r)->Count), Owner.Resource);
}

public static unsafe class AtomicsBifs
{
    private const long SignedOption = 1;

    /// <summary>More than this many values cannot be had.</summary>
    internal const long MaxCount = 1L << 40;

    [Bif("erts_internal:atomics_new/2")]
    public static Term New(Process* p, Term* a)
    {
        if (!a[1].IsSmall || a[1].SmallValue < 0) return Process.Badarg(p);
        return Create(p, a[0], (a[1].SmallValue & SignedOption) != 0);
    }

    private static Term Create(Process* p, Term size, bool isSigned)
    {
        if (size.IsBig && !size.BigNegative) return Process.SystemLimit(p);
        if (!size.IsSmall || size.SmallValue <= 0) return Process.Badarg(p);
        AtomicsArray* array = size.SmallValue > MaxCount ? null : AtomicsArray.Create(size.SmallValue, isSigned);
        return array == null ? Process.SystemLimit(p) : MagicRefs.Make(p, &array->Head);
    }

    // The place of element a[1] (counted from 1) of array a[0], or null.
    private static long* Place(Term* a, out AtomicsArray* array)
    {
        array = (AtomicsArray*)MagicRefs.Open(a[0], ResourceKind.Atomics);
        if (array == null || !a[1].IsSmall || a[1].SmallValue < 1 || a[1].SmallValue > array->Count) return null;
        return AtomicsArray.Values(array) + a[1].SmallValue - 1;
    }

    // An integer of 64 bits: signed or not as asked, or (Any) either.
    internal enum Range
    {
        Unsigned = 0, Signed = 1, Any = 2,
    }

    internal static bool Value(Term t, Range range, out long value)
    {
        value = 0;
        if (t.IsSmall)
        {
            value = t.SmallValue;
            return value >= 0 || range != Range.Unsigned;
        }
        if (!t.IsBig || t.BigLength != 1) return false;
        ulong digit = *t.BigDigits;
        if (t.BigNegative)
        {
            value = (long)(0UL - digit);
            return range != Range.Unsigned && digit <= 1UL << 63;
        }
        value = (long)digit;
        return range != Range.Signed || digit <= long.MaxValue;
    }

    private static Term Integer(Process* p, AtomicsArray* array, long value) => array->Signed != 0 ? Process.Integer(p, value) : Process.Unsigned(p, (ulong)value);

    [Bif("atomics:put/3")]
    public static Term Put(Process* p, Term* a)
    {
        long* at = Place(a, out AtomicsArray* array);
        if (at == null || !Value(a[2], (Range)array->Signed, out long value)) return Process.Badarg(p);
        Interlocked.Exchange(ref *at, value);
        return Am.Ok;
    }

    [Bif("atomics:get/2")]
    public static Term Get(Process* p, Term* a)
    {
        long* at = Place(a, out AtomicsArray* array);
        return at == null ? Process.Badarg(p) : Integer(p, array, Volatile.Read(ref *at));
    }

    [Bif("atomics:add/3")]
    public static Term Add(Process* p, Term* a)
    {
        long* at = Place(a, out _);
        if (at == null || !Value(a[2], Range.Any, out long value)) return Process.Badarg(p);
        Interlocked.Add(ref *at, value);
        return Am.Ok;
    }

    [Bif("atomics:add_get/3")]
    public static Term AddGet(Process* p, Term* a)
    {
        long* at = Place(a, out AtomicsArray* array);
        if (at == null || !Value(a[2], Range.Any, out long value)) return Process.Badarg(p);
        return Integer(p, array, Interlocked.Add(ref *at, value));
    }

    [Bif("atomics:exchange/3")]
    public static Term Exchange(Process* p, Term* a)
    {
        long* at = Place(a, out AtomicsArray* array);
        if (at == null || !Value(a[2], (Range)array->Signed, out long value)) return Process.Badarg(p);
        return Integer(p, array, Interlocked.Exchange(ref *at, value));
    }

    [Bif("atomics:compare_exchange/4")]
    public static Term CompareExchange(Process* p, Term* a)
    {
        long* at = Place(a, out AtomicsArray* array);
        if (at == null || !Value(a[2], (Range)array->Signed, out long expected) || !Value(a[3], (Range)array->Signed, out long value)) return Process.Badarg(p);
        long was = Interlocked.CompareExchange(ref *at, value, expected);
        return was == expected ? Am.Ok : Integer(p, array, was);
    }

    /// <summary>#{max, memory, min, size}.</summary>
    [Bif("atomics:info/1")]
    public static Term Info(Process* p, Term* a)
    {
        AtomicsArray* array = (AtomicsArray*)MagicRefs.Open(a[0], ResourceKind.Atomics);
        if (array == null) return Process.Badarg(p);
        Term map = Measures(p, AtomicsArray.Bytes(array->Count), array->Count);
        map = Maps.Put(&p->Heap, map, Am.Max, array->Signed != 0 ? Process.Integer(p, long.MaxValue) : Process.Unsigned(p, ulong.MaxValue));
        return Maps.Put(&p->Heap, map, Am.Min, array->Signed != 0 ? Process.Integer(p, long.MinValue) : Term.Small(0));
    }

    /// <summary>#{memory, size}.</summary>
    internal static Term Measures(Process* p, long bytes, long count) => MapMaker.Two(p, Am.Memory, Term.Small(bytes), Am.Size, Term.Small(count));
}
