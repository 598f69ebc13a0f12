// Natives on lists. A list is walked with loops only; improper ones are badarg where OTP says so. Results whose length is known get their cells in one
// allocation.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>List natives.</summary>
public static unsafe class ListBifs
{
    /// <summary>Cells walked or made that cost one reduction.</summary>
    private const long CellsPerReduction = 40;

    /// <summary>Up to this many elements to subtract are looked for one by one; more go into a hash table.</summary>
    private const int FewElements = 12;

    /// <summary>Elements of a list; -1 when it is improper or no list.</summary>
    public static long Length(Term list)
    {
        long n = 0;
        while (list.IsCons)
        {
            n++;
            list = list.Tail;
        }
        return list.IsNil ? n : -1;
    }

    /// <summary>The tail may be anything.</summary>
    [Bif("lists:reverse/2")]
    public static Term Reverse(Process* p, Term* a)
    {
        long n = Length(a[0]);
        if (n < 0) return Process.Badarg(p);
        if (n == 0) return a[1];
        Cons* cells = (Cons*)Process.Alloc(p, n * 2);
        if (cells == null) return Process.SystemLimit(p);
        Term result = a[1];
        for (Term list = a[0]; list.IsCons; list = list.Tail)
        {
            cells->Head = list.Head;
            cells->Tail = result;
            result = Term.List(cells++);
        }
        Process.Bump(p, n / CellsPerReduction);
        return result;
    }

    /// <summary>By =:=. An improper tail is badarg only when it is reached.</summary>
    [Bif("lists:member/2")]
    public static Term Member(Process* p, Term* a)
    {
        Term key = a[0], list = a[1];
        bool simple = key.IsImmediate;
        long n = 0;
        while (list.IsCons)
        {
            Term item = list.Head;
            if (item == key || (!simple && TermEquality.Exact(item, key)))
            {
                Process.Bump(p, n / CellsPerReduction);
                return Am.True;
            }
            list = list.Tail;
            n++;
        }
        Process.Bump(p, n / CellsPerReduction);
        return list.IsNil ? Am.False : Process.Badarg(p);
    }

    [Bif("lists:keyfind/3")]
    public static Term KeyFind(Process* p, Term* a)
    {
        Term found = FindKey(p, a);
        return found.IsNone ? KeyMissing(p) : found;
    }

    [Bif("lists:keymember/3")]
    public static Term KeyMember(Process* p, Term* a)
    {
        Term found = FindKey(p, a);
        return found.IsNone ? KeyMissing(p) : Am.True;
    }

    [Bif("lists:keysearch/3")]
    public static Term KeySearch(Process* p, Term* a)
    {
        Term found = FindKey(p, a);
        return found.IsNone ? KeyMissing(p) : Process.Tuple(p, Am.Value, found);
    }

    /// <summary>The second argument may be anything, also when the first is [].</summary>
    [Bif("erlang:++/2")]
    [Bif("erlang:append/2")]
    public static Term Append(Process* p, Term* a)
    {
        if (a[0].IsNil) return a[1];
        long n = Length(a[0]);
        if (n < 0) return Process.Badarg(p);
        Cons* cells = (Cons*)Process.Alloc(p, n * 2);
        if (cells == null) return Process.SystemLimit(p);
        Term first = Term.List(cells);
        for (Term list = a[0]; list.IsCons; list = list.Tail)
        {
            cells->Head = list.Head;
            cells->Tail = Term.List(cells + 1);
            cells++;
        }
        cells[-1].Tail = a[1];
        Process.Bump(p, n / CellsPerReduction);
        return first;
    }

    /// <summary>
    /// Removes for each element of the second list its first occurrence (=:=) in the first. What follows the last one removed is shared with the first
    /// list. Time proportional to the sum of the lengths.
    /// </summary>
    [Bif("erlang:--/2")]
    [Bif("erlang:subtract/2")]
    public static Term Subtract(Process* p, Term* a)
    {
        long left = Length(a[0]), right = Length(a[1]);
        if (left < 0 || right < 0) return Process.Badarg(p);
        if (left == 0 || right == 0) return a[0];
        Process.Bump(p, (left + right) / CellsPerReduction);
        return right <= FewElements ? SubtractFew(p, a[0], left, a[1]) : SubtractMany(p, a[0], left, a[1], right);
    }

    // -- keys --

    private static Term KeyMissing(Process* p) => p->Fail == FailKind.None ? Am.False : Term.None;

    // The first tuple whose element at the position == key. None when there is none, or when an exception was recorded.
    private static Term FindKey(Process* p, Term* a)
    {
        p->Fail = FailKind.None;
        Term key = a[0], list = a[2];
        if (!a[1].IsSmall || a[1].SmallValue < 1) return Process.Badarg(p);
        long position = a[1].SmallValue;
        // An immediate that is no number is equal to itself only.
        bool simple = key.IsImmediate && !key.IsSmall;
        long n = 0;
        while (list.IsCons)
        {
            Term item = list.Head;
            if (item.IsTuple && position <= item.TupleArity)
            {
                Term element = item.TupleElements[position - 1];
                if (element == key || (!simple && TermOrder.Equal(element, key)))
                {
                    Process.Bump(p, n / CellsPerReduction);
                    return item;
                }
            }
            list = list.Tail;
            n++;
        }
        Process.Bump(p, n / CellsPerReduction);
        return list.IsNil ? Term.None : Process.Badarg(p);
    }

    // -- subtraction --

    private static Term SubtractFew(Process* p, Term list, long length, Term remove)
    {
        Term* wanted = stackalloc Term[FewElements];
        int count = 0;
        for (; remove.IsCons; remove = remove.Tail) wanted[count++] = remove.Head;
        ulong* room = Process.Alloc(p, length * 2);
        if (room == null) return Process.SystemLimit(p);
        Cons* cell = (Cons*)room;
        while (list.IsCons && count != 0)
        {
            Term item = list.Head;
            int i = 0;
            while (i < count && !TermEquality.Exact(wanted[i], item)) i++;
            if (i < count) wanted[i] = wanted[--count];
            else Push(ref cell, item);
            list = list.Tail;
        }
        return Close(p, room, cell, length, list);
    }

    /// <summary>An element to remove and how often still.</summary>
    private struct Wanted
    {
        public Term Key;
        public long Count;
    }

    private static Term SubtractMany(Process* p, Term list, long length, Term remove, long removals)
    {
        long size = 32;
        while (size < removals * 2) size *= 2;
        nuint bytes = (nuint)(size * sizeof(Wanted));
        Wanted* table = (Wanted*)Allocator.AllocZeroed(bytes, Owner.Temporary);
        ulong* room = table == null ? null : Process.Alloc(p, length * 2);
        if (room == null)
        {
            Allocator.Free(table, bytes, Owner.Temporary);
            return Process.SystemLimit(p);
        }
        for (; remove.IsCons; remove = remove.Tail)
        {
            Wanted* w = Place(table, size, remove.Head);
            w->Key = remove.Head;
            w->Count++;
        }
        Cons* cell = (Cons*)room;
        while (list.IsCons && removals != 0)
        {
            Term item = list.Head;
            Wanted* w = Place(table, size, item);
            if (w->Count > 0)
            {
                w->Count--;
                removals--;
            }
            else Push(ref cell, item);
            list = list.Tail;
        }
        Allocator.Free(table, bytes, Owner.Temporary);
        return Close(p, room, cell, length, list);
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

    // Ends the list of the cells from room up to cell with a tail, and gives back the rest of the room.
    private static Term Close(Process* p, ulong* room, Cons* cell, long length, Term tail)
    {
        Heap.Release(&p->Heap, (ulong*)cell, room + (length * 2));
        if ((ulong*)cell == room) return tail;
        cell[-1].Tail = tail;
        return Term.List(room);
    }
}
