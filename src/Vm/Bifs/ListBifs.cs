// Natives on lists. A list is walked with loops only; improper ones are badarg where OTP says so. Results whose length is known get their cells in one
// allocation.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>List natives.</summary>
public static unsafe class ListBifs
{
    /// <summary>Cells walked or made that cost one reduction.</summary>
    private const long CellsPerReduction = 40;

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

    // What is left of a list, and what is made of it so far.
    private struct Walk
    {
        public NativeWork Work;
        public Term Rest, Made;
        public long Count;
        public Cons* Last;
    }

    private static Walk* Running(Process* p) => (Walk*)p->Work;

    /// <summary>badarg for an improper list.</summary>
    [Bif("erlang:length/1", BifKind.Guard)]
    public static Term LengthOf(Process* p, Term* a)
    {
        Term list = a[0];
        long n = 0, most = Slices.Steps(p, CellsPerReduction);
        if (p->Work != null)
        {
            list = Running(p)->Rest;
            n = Running(p)->Count;
            most += n;
        }
        while (list.IsCons)
        {
            if (n == most) return Pause(p, list, Term.Nil, n, null);
            n++;
            list = list.Tail;
        }
        if (p->Work != null) Slices.End(p);
        else Process.Bump(p, n / CellsPerReduction);
        return list.IsNil ? Term.Small(n) : Process.Badarg(p);
    }

    private static Term Pause(Process* p, Term rest, Term made, long count, Cons* last)
    {
        if (p->Work == null)
        {
            Walk fresh = new() { Work = default };
            Slices.Keep(p, ref fresh, null);
            if (p->Work == null) return Term.None;
        }
        else
        {
            Slices.Pause(p);
        }
        Walk* w = Running(p);
        w->Rest = rest;
        w->Made = made;
        w->Count = count;
        w->Last = last;
        return Term.None;
    }

    // Cells of the list, up to the most that a native looks at in one go; bad: it ends there, and not in [].
    internal static long Count(Term list, long most, out bool bad)
    {
        long n = 0;
        for (; list.IsCons && n < most; n++) list = list.Tail;
        bad = !list.IsCons && !list.IsNil;
        return n;
    }

    /// <summary>The tail may be anything.</summary>
    [Bif("lists:reverse/2")]
    public static Term Reverse(Process* p, Term* a)
    {
        Term list = a[0], result = a[1];
        if (p->Work != null)
        {
            list = Running(p)->Rest;
            result = Running(p)->Made;
        }
        long n = Count(list, Slices.Steps(p, CellsPerReduction), out bool bad);
        Cons* cells = n == 0 ? null : (Cons*)Process.Alloc(p, n * 2);
        if (bad || (cells == null && n != 0)) return Fail(p, bad);
        for (long i = 0; i < n; i++)
        {
            cells->Head = list.Head;
            cells->Tail = result;
            result = Term.List(cells++);
            list = list.Tail;
        }
        if (list.IsCons) return Pause(p, list, result, 0, null);
        return Done(p, n, result);
    }

    private static Term Done(Process* p, long steps, Term result)
    {
        if (p->Work != null) Slices.End(p);
        Process.Bump(p, steps / CellsPerReduction);
        return result;
    }

    private static Term Fail(Process* p, bool bad)
    {
        if (p->Work != null) Slices.End(p);
        return bad ? Process.Badarg(p) : Process.SystemLimit(p);
    }

    /// <summary>By =:=. An improper tail is badarg only when it is reached.</summary>
    [Bif("lists:member/2")]
    public static Term Member(Process* p, Term* a)
    {
        Term key = a[0], list = p->Work == null ? a[1] : Running(p)->Rest;
        bool simple = key.IsImmediate;
        long n = 0, most = Slices.Steps(p, CellsPerReduction);
        while (list.IsCons)
        {
            Term item = list.Head;
            if (item == key || (!simple && TermEquality.Exact(item, key))) return Done(p, n, Am.True);
            if (++n == most) return Pause(p, list.Tail, Term.Nil, 0, null);
            list = list.Tail;
        }
        return list.IsNil ? Done(p, n, Am.False) : Fail(p, true);
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
        Term list = a[0], first = Term.None;
        Cons* last = null;
        if (p->Work != null)
        {
            list = Running(p)->Rest;
            first = Running(p)->Made;
            last = Running(p)->Last;
        }
        else if (list.IsNil)
        {
            return a[1];
        }
        long n = Count(list, Slices.Steps(p, CellsPerReduction), out bool bad);
        Cons* cells = n == 0 ? null : (Cons*)Process.Alloc(p, n * 2);
        if (bad || (cells == null && n != 0)) return Fail(p, bad);
        if (last == null) first = Term.List(cells);
        else if (n != 0) last->Tail = Term.List(cells);
        for (long i = 0; i < n; i++)
        {
            cells->Head = list.Head;
            cells->Tail = Term.List(cells + 1);
            cells++;
            list = list.Tail;
        }
        if (n != 0) last = cells - 1;
        last->Tail = a[1];
        if (list.IsCons) return Pause(p, list, first, 0, last);
        return Done(p, n, first);
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
        if (p->Work != null) list = Running(p)->Rest;
        // An immediate that is no number is equal to itself only.
        bool simple = key.IsImmediate && !key.IsSmall;
        long n = 0, most = Slices.Steps(p, CellsPerReduction);
        while (list.IsCons)
        {
            Term item = list.Head;
            if (item.IsTuple && position <= item.TupleArity)
            {
                Term element = item.TupleElements[position - 1];
                if (element == key || (!simple && TermOrder.Equal(element, key))) return Done(p, n, item);
            }
            list = list.Tail;
            if (++n == most) return Pause(p, list, Term.Nil, 0, null);
        }
        return list.IsNil ? Done(p, n, Term.None) : Fail(p, true);
    }
}
