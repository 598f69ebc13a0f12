// The order of all terms: number < atom < reference < fun < port < pid < tuple < native record < map < nil < list < bitstring. The map part is in
// MapOrder.cs.
namespace MyBeam.Memory;

using System.Runtime.CompilerServices;

/// <summary>
/// Term order. "Keys" means the order of map keys: there an integer is below a float whatever their values, and -0.0 below 0.0.
/// </summary>
public static unsafe partial class TermOrder
{
    // An entry of the stack is two pointers and an operation: its kind, a flag, a count.
    private const ulong RowKind = 0, FreeKind = 1, KindMask = 7, ExactFlag = 8;
    private const int CountShift = 4;

    /// <summary>a == b: numbers are equal by value; map keys are not.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Equal(Term a, Term b) => TermEquality.Arithmetic(a, b);

    /// <summary>-1, 0 or 1 as a is below, equal (==) to or above b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Compare(Term a, Term b)
    {
        if (a.Bits == b.Bits) return 0;
        if (Term.BothSmall(a, b)) return (long)a.Bits < (long)b.Bits ? -1 : 1;
        if (a.IsAtom && b.IsAtom) return AtomTable.Compare(a, b);
        return Walk(a, b, false);
    }

    /// <summary>The order of map keys: like Compare, with integers below floats (also inside); 0 only when a =:= b.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int CompareKeys(Term a, Term b)
    {
        if (a.Bits == b.Bits) return 0;
        if (Term.BothSmall(a, b)) return (long)a.Bits < (long)b.Bits ? -1 : 1;
        if (a.IsAtom && b.IsAtom) return AtomTable.Compare(a, b);
        return Walk(a, b, true);
    }

    /// <summary>The order in which a flat map stores its keys: atoms by their number in the atom table, everything else as CompareKeys.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int CompareFlatKeys(Term a, Term b)
    {
        if (a.Bits == b.Bits) return 0;
        if (Term.BothSmall(a, b)) return (long)a.Bits < (long)b.Bits ? -1 : 1;
        if (a.IsAtom && b.IsAtom) return a.AtomIndex < b.AtomIndex ? -1 : 1;
        return Walk(a, b, true);
    }

    /// <summary>The order of two numbers, exact: an integer and a float are compared by their true values. Keys: integers first, -0.0 before 0.0.</summary>
    public static int CompareNumbers(Term a, Term b, bool keys)
    {
        if (a.IsFloat)
        {
            if (b.IsFloat) return keys ? CompareFloatBits(a.FloatValue, b.FloatValue) : CompareFloats(a.FloatValue, b.FloatValue);
            return keys ? 1 : -CompareWithFloat(b, a.FloatValue);
        }
        if (b.IsFloat) return keys ? -1 : CompareWithFloat(a, b.FloatValue);
        if (a.IsSmall)
        {
            if (b.IsSmall) return a.SmallValue == b.SmallValue ? 0 : a.SmallValue < b.SmallValue ? -1 : 1;
            return b.BigNegative ? 1 : -1;
        }
        if (b.IsSmall) return a.BigNegative ? -1 : 1;
        if (a.BigNegative != b.BigNegative) return a.BigNegative ? -1 : 1;
        int order = Sign(Digits.Compare(a.BigDigits, a.BigLength, b.BigDigits, b.BigLength));
        return a.BigNegative ? -order : order;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Sign(int x) => x < 0 ? -1 : x > 0 ? 1 : 0;

    private static int CompareFloats(double a, double b) => a < b ? -1 : a > b ? 1 : 0;

    private static int CompareFloatBits(double a, double b)
    {
        long x = System.BitConverter.DoubleToInt64Bits(a), y = System.BitConverter.DoubleToInt64Bits(b);
        // Negative numbers fall as their bits rise; complementing all but the sign makes signed order of the words the order of the values.
        if (x < 0) x ^= long.MaxValue;
        if (y < 0) y ^= long.MaxValue;
        return x == y ? 0 : x < y ? -1 : 1;
    }

    private static int CompareWithFloat(Term integer, double d)
    {
        if (integer.IsBig)
            return integer.BigNegative
                ? -Sign(Digits.CompareDouble(integer.BigDigits, integer.BigLength, -d))
                : Sign(Digits.CompareDouble(integer.BigDigits, integer.BigLength, d));
        const double Limit = 1152921504606846976.0; // 2^60: beyond every small
        if (d >= Limit) return -1;
        if (d <= -Limit) return 1;
        long whole = (long)d;
        if (integer.SmallValue != whole) return integer.SmallValue < whole ? -1 : 1;
        // A double that has a fraction is below 2^53, so its whole part converts back exactly.
        return CompareFloats(whole, d);
    }

    private static int Rank(Term t)
    {
        if (t.IsCons) return 10;
        if (t.IsImmediate)
        {
            if (t.IsSmall) return 0;
            if (t.IsLocalPid) return 5;
            if (t.IsLocalPort) return 4;
            return t.IsNil ? 9 : 1;
        }
        return Header.Kind(t.BoxHeader) switch
        {
            Header.Float or Header.PositiveBig or Header.NegativeBig => 0,
            Header.Reference or Header.MagicRef => 2,
            Header.Fun or Header.ExportFun => 3,
            Header.ExternalThing => Header.Extra(t.BoxHeader) switch { Term.ExternalPid => 5, Term.ExternalPort => 4, _ => 2 },
            Header.Tuple => 6,
            Header.Record => 7,
            Header.FlatMap or Header.HashMap => 8,
            _ => 11,
        };
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Walk(Term a, Term b, bool exact)
    {
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        WorkStack stack = new(inline);
        int order = Pair(ref stack, a, b, exact);
        while (order == 0 && !stack.IsEmpty)
        {
            ulong op = stack.Pop();
            ulong y = stack.Pop(), x = stack.Pop();
            if ((op & KindMask) == FreeKind)
            {
                Allocator.Free((void*)x, (nuint)y, Owner.Temporary);
                continue;
            }
            order = Row(ref stack, (Term*)x, (Term*)y, op >> CountShift, (op & ExactFlag) != 0);
        }
        if (order != 0) Abandon(ref stack);
        stack.Free();
        return order;
    }

    // What the entries of a decided comparison still own.
    private static void Abandon(ref WorkStack stack)
    {
        while (!stack.IsEmpty)
        {
            ulong op = stack.Pop();
            ulong y = stack.Pop(), x = stack.Pop();
            if ((op & KindMask) == FreeKind) Allocator.Free((void*)x, (nuint)y, Owner.Temporary);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PushRow(ref WorkStack stack, void* x, void* y, long count, bool exact)
    {
        if (count > 0) stack.Push((ulong)x, (ulong)y, ((ulong)count << CountShift) | (exact ? ExactFlag : 0) | RowKind);
    }

    // Compares two rows up to the first element that needs more than a glance; pushes the rest.
    private static int Row(ref WorkStack stack, Term* x, Term* y, ulong left, bool exact)
    {
        for (; left != 0; x++, y++, left--)
        {
            if (x->Bits == y->Bits) continue;
            if (Term.BothSmall(*x, *y)) return (long)x->Bits < (long)y->Bits ? -1 : 1;
            if (x->IsAtom && y->IsAtom) return AtomTable.Compare(*x, *y);
            PushRow(ref stack, x + 1, y + 1, (long)left - 1, exact);
            return Pair(ref stack, *x, *y, exact);
        }
        return 0;
    }

    // Compares the tops of two terms that are not the same word; what is left to compare goes on the stack.
    private static int Pair(ref WorkStack stack, Term a, Term b, bool exact)
    {
        if (a.IsCons && b.IsCons) return Lists(ref stack, a, b, exact);
        int rank = Rank(a), other = Rank(b);
        if (rank != other) return rank < other ? -1 : 1;
        switch (rank)
        {
            case 0: return CompareNumbers(a, b, exact);
            case 1: return AtomTable.Compare(a, b);
            case 2: return Identifiers.CompareRefs(a, b);
            case 3: return Funs(ref stack, a, b, exact);
            case 4: return Identifiers.ComparePorts(a, b);
            case 5: return Identifiers.ComparePids(a, b);
            case 6:
            {
                long n = a.TupleArity, m = b.TupleArity;
                if (n != m) return n < m ? -1 : 1;
                return Row(ref stack, a.TupleElements, b.TupleElements, (ulong)n, exact);
            }
            case 7: return Records(ref stack, a, b, exact);
            case 8: return Maps(ref stack, a, b, exact);
            case 11:
            {
                Bitstring.Open(a, out byte* p, out ulong po, out ulong n);
                Bitstring.Open(b, out byte* q, out ulong qo, out ulong m);
                int order = Sign(Bitstring.Compare(p, po, q, qo, n < m ? n : m));
                if (order != 0) return order;
                return n == m ? 0 : n < m ? -1 : 1;
            }
            default: return 0;
        }
    }

    private static int Lists(ref WorkStack stack, Term a, Term b, bool exact)
    {
        for (; ; )
        {
            Cons* x = a.Cell, y = b.Cell;
            if (x->Head.Bits != y->Head.Bits)
            {
                if (Term.BothSmall(x->Head, y->Head)) return (long)x->Head.Bits < (long)y->Head.Bits ? -1 : 1;
                if (x->Head.IsAtom && y->Head.IsAtom) return AtomTable.Compare(x->Head, y->Head);
                PushRow(ref stack, &x->Tail, &y->Tail, 1, exact);
                if (x->Head.IsCons && y->Head.IsCons)
                {
                    a = x->Head;
                    b = y->Head;
                    continue;
                }
                return Pair(ref stack, x->Head, y->Head, exact);
            }
            a = x->Tail;
            b = y->Tail;
            if (a.Bits == b.Bits) return 0;
            if (a.IsCons && b.IsCons) continue;
            // One list ends, or is improper: its tail decides. At most one of the two is a list, so this does not nest.
            return Pair(ref stack, a, b, exact);
        }
    }

    // Local funs: module, index, unique number, environment; they come before export funs (utils.c: erts_cmp_compound).
    private static int Funs(ref WorkStack stack, Term a, Term b, bool exact)
    {
        bool exportA = Header.Kind(a.BoxHeader) == Header.ExportFun, exportB = Header.Kind(b.BoxHeader) == Header.ExportFun;
        if (exportA != exportB) return exportB ? -1 : 1;
        if (exportA)
        {
            ExportName* p = ((ExportFun*)a.Box)->Export, q = ((ExportFun*)b.Box)->Export;
            int order = AtomTable.Compare(p->Module, q->Module);
            if (order == 0) order = AtomTable.Compare(p->Function, q->Function);
            if (order != 0) return order;
            return p->Arity == q->Arity ? 0 : p->Arity < q->Arity ? -1 : 1;
        }
        Fun* f = (Fun*)a.Box, g = (Fun*)b.Box;
        if (f->Entry != g->Entry)
        {
            FunName* p = (FunName*)f->Entry, q = (FunName*)g->Entry;
            int order = AtomTable.Compare(p->Module, q->Module);
            if (order != 0) return order;
            if (p->Index != q->Index) return p->Index < q->Index ? -1 : 1;
            if (p->OldUniq != q->OldUniq) return p->OldUniq < q->OldUniq ? -1 : 1;
        }
        int n = Fun.FreeCount(f), m = Fun.FreeCount(g);
        if (n != m) return n < m ? -1 : 1;
        return Row(ref stack, Fun.Env(f), Fun.Env(g), (ulong)n, exact);
    }

    // Native records: definition (module, name, exported, number of fields, keys in the order of declaration), then values in that order.
    private static int Records(ref WorkStack stack, Term a, Term b, bool exact)
    {
        RecordDefinition* d = RecordDefinition.Of(a), e = RecordDefinition.Of(b);
        Term* keysA = RecordDefinition.Keys(d), keysB = RecordDefinition.Keys(e);
        Term* orderA = d->FieldOrder.TupleElements, orderB = e->FieldOrder.TupleElements;
        long n = RecordDefinition.Fields(a), m = RecordDefinition.Fields(b);
        if (d != e)
        {
            int order = AtomTable.Compare(d->Module, e->Module);
            if (order == 0) order = AtomTable.Compare(d->Name, e->Name);
            if (order == 0) order = (d->IsExported == Am.True ? 1 : 0) - (e->IsExported == Am.True ? 1 : 0);
            if (order == 0 && n != m) order = n < m ? -1 : 1;
            for (long i = 0; order == 0 && i < n; i++) order = AtomTable.Compare(keysA[orderA[i].SmallValue], keysB[orderB[i].SmallValue]);
            if (order != 0) return order;
        }
        Term* x = RecordDefinition.Values(a), y = RecordDefinition.Values(b);
        for (long i = n - 1; i >= 0; i--) PushRow(ref stack, x + orderA[i].SmallValue, y + orderB[i].SmallValue, 1, exact);
        return 0;
    }
}
