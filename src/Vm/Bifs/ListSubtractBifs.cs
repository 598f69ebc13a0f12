// The list difference: --.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>erlang:--/2.</summary>
public static unsafe class ListSubtractBifs
{
    // Cells walked that cost one reduction.
    private const long CellsPerReduction = 40;

    // Up to this many elements to subtract are looked for one by one; more go into a hash table.
    private const int FewElements = 12;

    // Steps that looking into the table counts for.
    private const long TableSteps = 4;

    // An element to remove and how often still.
    private struct Wanted
    {
        public Term Key;
        public long Count;
    }

    // The phases: counting both lists, filling the table, going through the first list.
    private const int CountLeft = 0, CountRight = 1, Filling = 2, Removing = 3;

    private struct State
    {
        public NativeWork Work;
        public int Phase;
        /// <summary>The list that the phase goes through, from where it stands.</summary>
        public Term At;
        public long Left, Right, Size;
        /// <summary>Null: few elements to remove, which are looked for in FewKeys.</summary>
        public Wanted* Table;
        public fixed ulong FewKeys[FewElements];
        /// <summary>First cell of the result, the next one to write and the end of the room for them.</summary>
        public Cons* First, Cell, End;
    }

    /// <summary>
    /// Removes for each element of the second list its first occurrence (=:=) in the first. What follows the last one removed is shared with the first
    /// list. Time proportional to the sum of the lengths.
    /// </summary>
    [Bif("erlang:--/2")]
    [Bif("erlang:subtract/2")]
    public static Term Subtract(Process* p, Term* a)
    {
        if (p->Work != null) return Go(p, a, (State*)p->Work);
        long most = Slices.Steps(p, 1), left = ListBifs.Count(a[0], most, out bool bad);
        long right = ListBifs.Count(a[1], FewElements + 1, out bool badRight);
        if (bad || badRight) return Process.Badarg(p);
        if (left == 0 && right <= FewElements) return a[0];
        if (left < most && right <= FewElements) return right == 0 ? a[0] : FewFromShort(p, a[0], left, a[1]);
        State fresh = default;
        fresh.At = a[0];
        return Go(p, a, &fresh);
    }

    private static Term FewFromShort(Process* p, Term list, long length, Term remove)
    {
        Term* wanted = stackalloc Term[FewElements];
        int count = 0;
        for (; remove.IsCons; remove = remove.Tail) wanted[count++] = remove.Head;
        Cons* first = (Cons*)Process.Alloc(p, length * 2), cell = first;
        if (first == null) return Process.SystemLimit(p);
        Process.Bump(p, length / CellsPerReduction);
        for (; list.IsCons && count != 0; list = list.Tail)
        {
            Term item = list.Head;
            int i = 0;
            while (i < count && !TermEquality.Exact(wanted[i], item)) i++;
            if (i < count) wanted[i] = wanted[--count];
            else Push(ref cell, item);
        }
        Heap.Release(&p->Heap, (ulong*)cell, (ulong*)(first + length));
        if (cell == first) return list;
        cell[-1].Tail = list;
        return Term.List(first);
    }

    private static Term Go(Process* p, Term* a, State* s)
    {
        long steps = Slices.Steps(p, CellsPerReduction), all = steps;
        if (s->Phase <= CountRight && !CountBoth(a, s, ref steps)) return steps == 0 && s->At.IsCons ? Pause(p, s) : End(p, s, Process.Badarg(p));
        if (s->Phase <= CountRight)
        {
            if (s->Left == 0 || s->Right == 0) return End(p, s, a[0]);
            if (!Prepare(p, s)) return End(p, s, Process.SystemLimit(p));
            s->Phase = Filling;
            s->At = a[1];
        }
        if (s->Phase == Filling)
        {
            if (s->Table == null) FillFew(s);
            else FillTable(s, ref steps);
            if (s->At.IsCons) return Pause(p, s);
            s->Phase = Removing;
            s->At = a[0];
        }
        if (s->Table == null) RemoveFew(s, ref steps);
        else RemoveMany(s, ref steps);
        if (s->At.IsCons && s->Right != 0) return Pause(p, s);
        Heap.Release(&p->Heap, (ulong*)s->Cell, (ulong*)s->End);
        Process.Bump(p, (all - steps) / CellsPerReduction);
        if (s->Cell == s->First) return End(p, s, s->At);
        s->Cell[-1].Tail = s->At;
        return End(p, s, Term.List(s->First));
    }

    private static Term Pause(Process* p, State* s) => p->Work == null ? Slices.Keep(p, ref *s, &Abandon) : Slices.Pause(p);

    private static Term End(Process* p, State* s, Term result)
    {
        Abandon(&s->Work);
        if (p->Work != null) Slices.End(p);
        return result;
    }

    private static void Abandon(NativeWork* work)
    {
        State* s = (State*)work;
        if (s->Table != null) Allocator.Free(s->Table, (nuint)(s->Size * sizeof(Wanted)), Owner.Temporary);
        s->Table = null;
    }

    // False: steps are used up (At is a cell), or a list is improper.
    private static bool CountBoth(Term* a, State* s, ref long steps)
    {
        if (s->Phase == CountLeft)
        {
            if (!Walk(s, ref s->Left, ref steps)) return false;
            s->Phase = CountRight;
            s->At = a[1];
        }
        return Walk(s, ref s->Right, ref steps);
    }

    private static bool Walk(State* s, ref long count, ref long steps)
    {
        Term t = s->At;
        long n = 0;
        for (; t.IsCons && n < steps; n++) t = t.Tail;
        s->At = t;
        count += n;
        steps -= n;
        return t.IsNil;
    }

    private static bool Prepare(Process* p, State* s)
    {
        if (s->Right > FewElements)
        {
            s->Size = 32;
            while (s->Size < s->Right * 2) s->Size *= 2;
            s->Table = (Wanted*)Allocator.AllocZeroed((nuint)(s->Size * sizeof(Wanted)), Owner.Temporary);
            if (s->Table == null) return false;
        }
        s->First = s->Cell = (Cons*)Process.Alloc(p, s->Left * 2);
        s->End = s->First + s->Left;
        return s->First != null;
    }

    private static void FillFew(State* s)
    {
        for (int i = 0; s->At.IsCons; s->At = s->At.Tail) s->FewKeys[i++] = s->At.Head.Bits;
    }

    private static void FillTable(State* s, ref long steps)
    {
        Term t = s->At;
        for (; t.IsCons && steps > 0; t = t.Tail, steps -= TableSteps)
        {
            Wanted* w = Place(s->Table, s->Size, t.Head);
            w->Key = t.Head;
            w->Count++;
        }
        s->At = t;
    }

    private static void RemoveFew(State* s, ref long steps)
    {
        Term* wanted = (Term*)s->FewKeys;
        long count = s->Right;
        Term t = s->At;
        Cons* cell = s->Cell;
        for (; t.IsCons && count != 0 && steps > 0; t = t.Tail, steps -= 1 + (count >> 2))
        {
            Term item = t.Head;
            int i = 0;
            while (i < count && !TermEquality.Exact(wanted[i], item)) i++;
            if (i < count) wanted[i] = wanted[--count];
            else Push(ref cell, item);
        }
        s->Right = count;
        s->Cell = cell;
        s->At = t;
    }

    private static void RemoveMany(State* s, ref long steps)
    {
        long removals = s->Right;
        Term t = s->At;
        Cons* cell = s->Cell;
        for (; t.IsCons && removals != 0 && steps > 0; t = t.Tail, steps -= TableSteps)
        {
            Term item = t.Head;
            Wanted* w = Place(s->Table, s->Size, item);
            if (w->Count > 0)
            {
                w->Count--;
                removals--;
            }
            else
            {
                Push(ref cell, item);
            }
        }
        s->Right = removals;
        s->Cell = cell;
        s->At = t;
    }

    // Where a term is, or the free place where it would go.
    private static Wanted* Place(Wanted* table, long size, Term key)
    {
        long i = TermHash.Internal(key, 0) & (size - 1);
        while (!table[i].Key.IsNone && !TermEquality.Exact(table[i].Key, key)) i = (i + 1) & (size - 1);
        return table + i;
    }

    private static void Push(ref Cons* cell, Term item)
    {
        cell->Head = item;
        cell->Tail = Term.List(cell + 1);
        cell++;
    }
}
