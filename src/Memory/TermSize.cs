// How many heap words a term takes: for copies, and for erts_debug:flat_size/1 and size_shared/1. No native recursion: see RangeStack.
namespace MyBeam.Memory;

/// <summary>Sizes of terms, in words. All return -1 when there is no memory for the walk.</summary>
public static unsafe class TermSize
{
    private const int Reported = 0, Copied = 1, CopiedOnce = 2;

    /// <summary>erts_debug:flat_size/1: as if nothing were shared; literals count; the empty tuple is 0, because in OTP it exists once.</summary>
    public static long Flat(Term t) => Walk(t, null, Reported, null);

    /// <summary>Words that TermCopy.To needs. Literals of <paramref name="literalsStay"/> that are not given up are not copied and count 0; null: they are copied too.</summary>
    public static long ForCopy(Term t, HeapShared* literalsStay)
    {
        if (t.IsImmediate) return 0;
        return Walk(t, literalsStay, Copied, null);
    }

    /// <summary>erts_debug:size_shared/1: every object once; literals of <paramref name="literalsOut"/> (if not null) are not counted.</summary>
    public static long Shared(Term t, HeapShared* literalsOut)
    {
        PointerSet seen = default;
        long words = Walk(t, literalsOut, Reported, &seen);
        seen.Free();
        return words;
    }

    /// <summary>As ForCopy of everything, literals too, but each object once: what TermSharing.To needs. <paramref name="twice"/>: something in the term is shared.</summary>
    public static long ForSharedCopy(Term t, out bool twice)
    {
        PointerSet seen = default;
        long words = Walk(t, null, CopiedOnce, &seen, out twice);
        seen.Free();
        return words;
    }

    private static long Walk(Term t, HeapShared* skipLiterals, int purpose, PointerSet* seen) => Walk(t, skipLiterals, purpose, seen, out _);

    private static long Walk(Term t, HeapShared* skipLiterals, int purpose, PointerSet* seen, out bool twice)
    {
        twice = false;
        TermRow* buffer = stackalloc TermRow[RangeStack.Initial];
        RangeStack stack = new(buffer);
        Term* at = &t;
        Term* end = at + 1;
        long sum = 0;
        while (true)
        {
            if (at == end)
            {
                if (!stack.Pop(out at, out end)) break;
                continue;
            }
            Term x = *at++;
            if (x.IsImmediate || x.IsNone) continue;
            ulong* p = (ulong*)(x.Bits & ~Term.PrimaryMask);
            if (skipLiterals != null && RetiringLiterals.Stays(skipLiterals, p)) continue;
            if (seen != null)
            {
                int added = seen->Add((ulong)p);
                if (added < 0) { sum = -1; break; }
                if (added == 0)
                {
                    twice = true;
                    continue;
                }
            }
            Term* first;
            Term* last;
            if (x.IsCons)
            {
                sum += 2;
                // Along the spine of a list of immediates without the detour over rows.
                while (seen == null && ((Term*)p)->IsImmediate && ((Term*)p)[1].IsCons)
                {
                    ulong* next = (ulong*)((Term*)p)[1].Cell;
                    if (skipLiterals != null && RetiringLiterals.Stays(skipLiterals, next)) break;
                    p = next;
                    sum += 2;
                }
                first = (Term*)p;
                last = first + 2;
            }
            else
            {
                sum += Object(p, purpose, purpose == Reported && seen != null, out first, out last);
            }
            if (first == last) continue;
            if (at != end && !stack.Push(at, end)) { sum = -1; break; }
            at = first;
            end = last;
        }
        stack.Free();
        return sum;
    }

    /// <summary>Words of one boxed object and the terms inside it.</summary>
    private static long Object(ulong* p, int purpose, bool shared, out Term* first, out Term* last)
    {
        ulong header = *p;
        long words = Header.Arity(header) + 1;
        first = last = null;
        switch (Header.Kind(header))
        {
            case Header.Tuple:
                if (words == 1 && purpose == Reported) return 0;
                first = (Term*)p + 1;
                break;
            case Header.Record:
            case Header.HashNode:
                first = (Term*)p + 1;
                break;
            case Header.FlatMap:
            case Header.HashMap:
            case Header.Fun:
                // The second word is a number of keys or an address of the Vm.
                first = (Term*)p + 2;
                break;
            case Header.SubBits:
                SubBits* sub = (SubBits*)p;
                // A window on a heap bitstring is copied as the bits it shows; one on an off-heap binary is copied with its claim (OTP 29: even when
                // it shows few bytes).
                if (Header.Kind(sub->Orig.BoxHeader) == Header.HeapBits) return HeapBits.Words(sub->SizeBits);
                if (!shared) return SubBits.Words + BinaryRef.Words;
                first = &sub->Orig;
                last = first + 1;
                return SubBits.Words;
        }
        if (first != null) last = (Term*)p + words;
        return words;
    }
}
