// Search patterns of the module binary: one byte string (memchr, and Boyer-Moore's shifts once that goes slowly) or several (BinaryAutomaton.cs). A pattern
// lives as long as one call, or as a resource behind the reference of a compiled pattern. A finished pattern is never changed: processes may share it.
namespace MyBeam.Vm;

using System.Runtime.InteropServices;
using MyBeam.Memory;

/// <summary>A match: where it starts, counted from the start of the subject, and its length in bytes.</summary>
internal struct Hit
{
    public long Start, Length;
}

/// <summary>Where a search stands.</summary>
internal struct SearchProgress
{
    /// <summary>The next byte to look at, and the state of the automaton before it.</summary>
    public long At;
    public int State;
    /// <summary>The first match as far as it is known; Start -1: none.</summary>
    public Hit Hit;
}

/// <summary>What making a pattern came to.</summary>
internal enum PatternResult
{
    Made, Badarg, NoMemory,
}

/// <summary>One byte string, or the automaton of several. The first field makes it a resource.</summary>
internal unsafe struct SearchPattern
{
    private NativeResource resource;
    /// <summary>The one byte string; null: the automaton.</summary>
    private byte* bytes;
    private long length;
    /// <summary>Bytes of the block with the copy of the byte string; 0: it is somebody else's.</summary>
    private nuint owned;
    /// <summary>Shifts by good suffixes (an int each byte), behind them the last place of each of the 256 bytes in the byte string; or null.</summary>
    private int* shifts;
    private BinaryAutomaton automaton;

    /// <summary>Kind of the resource: unlike any of ResourceKind, which are small.</summary>
    public const ulong Kind = 0x6261_7474_6572_6E00;

    // Failed comparisons after which the shifts are worth making, and the bytes that must then still be there.
    private const int PatienceForShifts = 12, WorthShifts = 512;

    public readonly bool IsSingle => bytes != null;

    /// <summary>A pattern of one byte string, which must stay where it is while the pattern lives.</summary>
    public void Borrow(byte* needle, long count)
    {
        bytes = needle;
        length = count;
    }

    /// <summary>A pattern of one byte string, copied, with its shifts: for a compiled pattern. False when memory is out.</summary>
    public bool Keep(byte* needle, long count)
    {
        byte* copy = (byte*)Allocator.Alloc((nuint)count, Owner.Resource);
        if (copy == null) return false;
        System.Buffer.MemoryCopy(needle, copy, count, count);
        bytes = copy;
        length = count;
        owned = (nuint)count;
        if (count > 1) MakeShifts();
        return true;
    }

    /// <summary>A pattern of several byte strings (a list of binaries that are not empty). False when memory is out.</summary>
    public bool Several(Term list, long total) => automaton.Create(list, total);

    /// <summary>Frees everything that the pattern holds.</summary>
    public void Free()
    {
        if (shifts != null) Allocator.Free(shifts, ShiftBytes, Owner.Resource);
        if (owned != 0) Allocator.Free(bytes, owned, Owner.Resource);
        automaton.Free();
        this = default;
    }

    // -- as a resource --

    /// <summary>Moves a pattern into a resource with one claim. Null, and the pattern is freed, when memory is out.</summary>
    public static NativeResource* ToResource(SearchPattern* from)
    {
        SearchPattern* r = (SearchPattern*)Allocator.Alloc((nuint)sizeof(SearchPattern), Owner.Resource);
        if (r == null)
        {
            from->Free();
            return null;
        }
        *r = *from;
        *from = default;
        r->resource.RefCount = 1;
        r->resource.Destroy = &Destroy;
        r->resource.Kind = Kind;
        return &r->resource;
    }

    private static void Destroy(NativeResource* r)
    {
        SearchPattern* pattern = (SearchPattern*)r;
        pattern->Free();
        Allocator.Free(pattern, (nuint)sizeof(SearchPattern), Owner.Resource);
    }

    // -- searching --

    /// <summary>
    /// Looks on from g.At for one match (of those that start first, the longest; it is in g.Hit then) or for all that do not overlap, for about so many bytes.
    /// <paramref name="done"/>: there is no more to look for. False when memory is out.
    /// </summary>
    public bool Search(byte* subject, long end, bool all, ref SearchProgress g, ref NativeList<Hit> hits, long steps, out bool done)
    {
        long stop = end - g.At < steps ? end : g.At + steps;
        if (!IsSingle)
        {
            if (all)
            {
                done = stop == end;
                return automaton.All(subject, ref g, stop, ref hits);
            }
            done = automaton.First(subject, ref g, stop, end);
            return true;
        }
        // A match that starts before stop may end behind it.
        long last = end - stop < length - 1 ? end : stop + length - 1;
        done = false;
        Hit hit;
        hit.Length = length;
        while (true)
        {
            hit.Start = Single(subject, g.At, last);
            if (hit.Start < 0) break;
            g.At = hit.Start + length;
            if (!all)
            {
                g.Hit = hit;
                done = true;
                return true;
            }
            if (!hits.Add(hit, Owner.Temporary)) return false;
        }
        done = last == end;
        if (g.At < stop) g.At = stop;
        return true;
    }

    // memchr for the last byte goes through the subject 32 bytes at a time, which no table of shifts does; but a last byte that is frequent makes it slow.
    private long Single(byte* subject, long from, long end)
    {
        long last = length - 1;
        byte sought = bytes[last];
        int failed = 0;
        while (end - from >= length)
        {
            byte* found = memchr(subject + from + last, sought, (nuint)(end - from - last));
            if (found == null) return -1;
            from = found - subject - last;
            long i = last - 1;
            while (i >= 0 && bytes[i] == subject[from + i]) i--;
            if (i < 0) return from;
            from++;
            if (++failed < PatienceForShifts) continue;
            if (shifts == null && end - from >= WorthShifts) MakeShifts();
            if (shifts != null) return WithShifts(subject, from, end);
            failed = int.MinValue;
        }
        return -1;
    }

    private readonly nuint ShiftBytes => (nuint)(length + 256) * sizeof(int);

    // Boyer and Moore, A fast string searching algorithm, CACM 20 (1977).
    private readonly long WithShifts(byte* subject, long from, long end)
    {
        int* lastPlace = shifts + length;
        long last = length - 1;
        while (end - from >= length)
        {
            long i = last;
            while (i >= 0 && bytes[i] == subject[from + i]) i--;
            if (i < 0) return from;
            long good = shifts[i], bad = i - lastPlace[subject[from + i]];
            from += good > bad ? good : bad;
        }
        return -1;
    }

    // Without memory there are no shifts, and the search does without them.
    private void MakeShifts()
    {
        if (length > int.MaxValue / 2) return;
        int n = (int)length;
        int* suffix = (int*)Allocator.Alloc((nuint)n * sizeof(int), Owner.Temporary);
        int* good = (int*)Allocator.Alloc(ShiftBytes, Owner.Resource);
        if (suffix != null && good != null)
        {
            Suffixes(n, suffix);
            for (int i = 0; i < n; i++) good[i] = n;
            // The part that matched also starts the byte string: move that start to it.
            int j = 0;
            for (int i = n - 1; i >= 0; i--)
            {
                if (suffix[i] != i + 1) continue;
                for (; j < n - 1 - i; j++)
                    if (good[j] == n) good[j] = n - 1 - i;
            }
            // The part that matched occurs again further left.
            for (int i = 0; i < n - 1; i++) good[n - 1 - suffix[i]] = n - 1 - i;
            int* lastPlace = good + n;
            for (int i = 0; i < 256; i++) lastPlace[i] = -1;
            for (int i = 0; i < n; i++) lastPlace[bytes[i]] = i;
            shifts = good;
        }
        else
        {
            Allocator.Free(good, ShiftBytes, Owner.Resource);
        }
        Allocator.Free(suffix, (nuint)n * sizeof(int), Owner.Temporary);
    }

    // suffix[i]: how many bytes up to and with i equal as many at the end.
    private readonly void Suffixes(int n, int* suffix)
    {
        suffix[n - 1] = n;
        int lowest = n - 1, from = n - 1;
        for (int i = n - 2; i >= 0; i--)
        {
            if (i > lowest && suffix[i + n - 1 - from] < i - lowest)
            {
                suffix[i] = suffix[i + n - 1 - from];
                continue;
            }
            if (i < lowest) lowest = i;
            from = i;
            while (lowest >= 0 && bytes[lowest] == bytes[lowest + n - 1 - from]) lowest--;
            suffix[i] = from - lowest;
        }
    }

#pragma warning disable IDE1006 // the C library's name
    [DllImport("libc"), SuppressGCTransition]
    private static extern byte* memchr(byte* p, int value, nuint bytes);
#pragma warning restore IDE1006
}
