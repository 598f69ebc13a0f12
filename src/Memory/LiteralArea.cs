// Where literals live: one reserved range of addresses per VM, so that "is it a literal?" is one compare in the collector. Memory is committed as it is
// used. Pieces are given out for whole modules (and single persistent terms), so there are few of them.
namespace MyBeam.Memory;

using System.Numerics;
using System.Threading;

/// <summary>The literals of one module. Zero-initialised = none.</summary>
public unsafe struct ModuleLiterals
{
    /// <summary>[Start, Top) holds terms, [Start, End) was given out.</summary>
    public ulong* Start, Top, End;
    /// <summary>Claims of the literals on off-heap binaries and resources.</summary>
    public BinaryRef* OffHeap;
}

/// <summary>The reserved range. Thread-safe.</summary>
public unsafe struct LiteralArea
{
    /// <summary>Pieces are multiples of this many words, so that every free piece can hold its link.</summary>
    private const long Granule = 16;
    private const nuint CommitStep = 64 * 1024;
    private const int Classes = 44;

    private struct FreePiece
    {
        public FreePiece* Next;
        public long Words;
    }

    private byte* reserved, used, committed, limit;
    private delegate*<byte*, nuint, bool> commit;
    private fixed ulong free[Classes];
    /// <summary>Words given out, words in free pieces, and those freed since free neighbours were last merged.</summary>
    private long usedWords, freeWords, unmerged;
    private int spin;

    /// <summary>
    /// Sets up the area over addresses that the caller has reserved (page-aligned, not accessible yet) and will release. <paramref name="commit"/> makes
    /// a page-aligned part of them usable; false when memory is out. HeapShared.LiteralBase and LiteralBytes are to be set to the same range.
    /// </summary>
    public static void Initialize(LiteralArea* area, byte* reservedBase, nuint bytes, delegate*<byte*, nuint, bool> commit)
    {
        *area = default;
        area->reserved = area->used = area->committed = reservedBase;
        area->limit = reservedBase + bytes;
        area->commit = commit;
    }

    /// <summary>Words given out now.</summary>
    public static long UsedWords(LiteralArea* area) => Volatile.Read(ref area->usedWords);

    /// <summary>A piece of at least <paramref name="words"/> words, contents undefined; null when the range or the memory is used up. Give it back with
    /// Free and the same number of words.</summary>
    public static ulong* Alloc(LiteralArea* area, long words)
    {
        words = Round(words);
        Enter(area);
        ulong* p = TakeFree(area, words);
        if (p == null && area->unmerged > area->freeWords / 2)
        {
            // At least half of the free room came back since the last merge, so merging is paid for by what was freed.
            MergeFree(area);
            p = TakeFree(area, words);
        }
        if (p == null) p = Bump(area, words);
        if (p != null) area->usedWords += words;
        Leave(area);
        return p;
    }

    /// <summary>Gives a piece back. No term may refer to it any more.</summary>
    public static void Free(LiteralArea* area, ulong* piece, long words)
    {
        if (piece == null) return;
        words = Round(words);
        Enter(area);
        area->usedWords -= words;
        PutFree(area, piece, words);
        area->unmerged += words;
        Leave(area);
    }

    /// <summary>Gives the memory of free pages back: <paramref name="discard"/> does that for a page-aligned part, which then reads as zero.</summary>
    public static void Discard(LiteralArea* area, nuint pageBytes, delegate*<byte*, nuint, bool> discard)
    {
        Enter(area);
        if (area->unmerged > 0) MergeFree(area);
        for (int c = 0; c < Classes; c++)
            for (FreePiece* f = (FreePiece*)area->free[c]; f != null; f = f->Next) Discard((byte*)(f + 1), (byte*)f + (f->Words * 8), pageBytes, discard);
        Discard(area->used, area->committed, pageBytes, discard);
        Leave(area);
    }

    private static void Discard(byte* from, byte* end, nuint pageBytes, delegate*<byte*, nuint, bool> discard)
    {
        nuint first = ((nuint)from + pageBytes - 1) & ~(pageBytes - 1), last = (nuint)end & ~(pageBytes - 1);
        if (first < last) discard((byte*)first, last - first);
    }

    /// <summary>Room for the literals of a module. False when there is none.</summary>
    public static bool AllocModule(LiteralArea* area, long words, ModuleLiterals* module)
    {
        *module = default;
        if (words == 0) return true;
        ulong* p = Alloc(area, words);
        if (p == null) return false;
        module->Start = module->Top = p;
        module->End = p + words;
        return true;
    }

    /// <summary>Copies a term into the room of a module (TermSize.ForCopy(t, null) words must be left).</summary>
    public static Term Add(ModuleLiterals* module, Term t) => TermCopy.To(t, &module->Top, &module->OffHeap, null);

    /// <summary>Gives up a module's literals: drops their claims, frees their room. No process may refer to them any more.</summary>
    public static void FreeModule(LiteralArea* area, ModuleLiterals* module)
    {
        Heap.ReleaseOffHeap(module->OffHeap);
        Free(area, module->Start, module->End - module->Start);
        *module = default;
    }

    private static long Round(long words) => (words + Granule - 1) & -Granule;

    private static ulong* TakeFree(LiteralArea* area, long words)
    {
        // First fit in the class of the size; every piece of a higher class fits.
        for (int c = BitOperations.Log2((ulong)words); c < Classes; c++)
        {
            FreePiece** link = (FreePiece**)&area->free[c];
            for (FreePiece* f = *link; f != null; link = &f->Next, f = f->Next)
            {
                if (f->Words < words) continue;
                *link = f->Next;
                area->freeWords -= f->Words;
                if (f->Words > words) PutFree(area, (ulong*)f + words, f->Words - words);
                return (ulong*)f;
            }
        }
        return null;
    }

    private static void PutFree(LiteralArea* area, ulong* piece, long words)
    {
        FreePiece* f = (FreePiece*)piece;
        int c = BitOperations.Log2((ulong)words);
        f->Words = words;
        f->Next = (FreePiece*)area->free[c];
        area->free[c] = (ulong)f;
        area->freeWords += words;
    }

    /// <summary>Makes one piece of free neighbours; what lies at the end goes back to the untouched part.</summary>
    private static void MergeFree(LiteralArea* area)
    {
        FreePiece* all = null;
        for (int c = 0; c < Classes; c++)
        {
            FreePiece* f = (FreePiece*)area->free[c];
            area->free[c] = 0;
            while (f != null)
            {
                FreePiece* next = f->Next;
                f->Next = all;
                all = f;
                f = next;
            }
        }
        area->freeWords = area->unmerged = 0;
        all = Sort(all);
        while (all != null)
        {
            FreePiece* next = all->Next;
            while (next != null && (ulong*)all + all->Words == (ulong*)next)
            {
                all->Words += next->Words;
                next = next->Next;
            }
            if ((byte*)((ulong*)all + all->Words) == area->used) area->used = (byte*)all;
            else PutFree(area, (ulong*)all, all->Words);
            all = next;
        }
    }

    /// <summary>Sorts a list by address: bottom-up merge sort, bins[i] holds a sorted list of 2^i pieces.</summary>
    private static FreePiece* Sort(FreePiece* list)
    {
        FreePiece** bins = stackalloc FreePiece*[Classes];
        for (int i = 0; i < Classes; i++) bins[i] = null;
        while (list != null)
        {
            FreePiece* run = list;
            list = list->Next;
            run->Next = null;
            int i = 0;
            for (; bins[i] != null; i++)
            {
                run = Merge(bins[i], run);
                bins[i] = null;
            }
            bins[i] = run;
        }
        FreePiece* sorted = null;
        for (int i = 0; i < Classes; i++) sorted = Merge(bins[i], sorted);
        return sorted;
    }

    private static FreePiece* Merge(FreePiece* a, FreePiece* b)
    {
        FreePiece* head = null;
        FreePiece** link = &head;
        while (a != null && b != null)
        {
            if (a < b) { *link = a; link = &a->Next; a = a->Next; }
            else { *link = b; link = &b->Next; b = b->Next; }
        }
        *link = a != null ? a : b;
        return head;
    }

    private static ulong* Bump(LiteralArea* area, long words)
    {
        if (words > (area->limit - area->used) / 8) return null;
        byte* p = area->used;
        byte* end = p + (words * 8);
        if (end > area->committed)
        {
            nuint bytes = ((nuint)(end - area->committed) + CommitStep - 1) & ~(CommitStep - 1);
            if (bytes > (nuint)(area->limit - area->committed)) bytes = (nuint)(area->limit - area->committed);
            if (!area->commit(area->committed, bytes)) return null;
            area->committed += bytes;
        }
        area->used = end;
        return (ulong*)p;
    }

    private static void Enter(LiteralArea* area)
    {
        // Held for a few instructions (or one commit), by loaders only.
        while (Interlocked.CompareExchange(ref area->spin, 1, 0) != 0)
        {
        }
    }

    private static void Leave(LiteralArea* area) => Volatile.Write(ref area->spin, 0);
}
