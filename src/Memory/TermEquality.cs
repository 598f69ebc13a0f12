// Equality of terms: =:= (and the looser == through the same walk). No allocation unless the terms nest deeper than a small stack.
namespace MyBeam.Memory;

using System.Numerics;
using System.Runtime.CompilerServices;

/// <summary>Whether two terms are equal.</summary>
public static unsafe class TermEquality
{
    // An entry of the stack is two pointers to terms that lie in rows of the same length, then that length with these flags.
    private const ulong ExactFlag = 1, SlotsFlag = 2;
    private const int CountShift = 2;

    /// <summary>a =:= b: same type, same value; 1 and 1.0 differ, and so do 0.0 and -0.0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Exact(Term a, Term b)
    {
        if (a.Bits == b.Bits) return true;
        // Different words can only be equal when both are pointers of the same kind.
        if (((a.Bits ^ b.Bits) & Term.PrimaryMask) != 0 || a.IsImmediate) return false;
        return Walk(a, b, true);
    }

    /// <summary>a == b: like =:=, but numbers are equal by value (map keys must still be exactly equal).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Arithmetic(Term a, Term b)
    {
        if (a.Bits == b.Bits) return true;
        if (a.IsImmediate && b.IsImmediate) return false;
        return Walk(a, b, false);
    }

    private static bool Walk(Term a, Term b, bool exact)
    {
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        WorkStack stack = new(inline);
        bool equal = Pair(ref stack, a, b, exact);
        while (equal && !stack.IsEmpty)
        {
            ulong word = stack.Pop();
            Term* y = (Term*)stack.Pop();
            Term* x = (Term*)stack.Pop();
            ulong left = word >> CountShift;
            while (left != 0 && x->Bits == y->Bits) { x++; y++; left--; }
            if (left == 0) continue;
            if (left > 1) stack.Push((ulong)(x + 1), (ulong)(y + 1), ((left - 1) << CountShift) | (word & (ExactFlag | SlotsFlag)));
            equal = (word & SlotsFlag) != 0 ? Slot(ref stack, *x, *y) : Pair(ref stack, *x, *y, (word & ExactFlag) != 0);
        }
        stack.Free();
        return equal;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PushRow(ref WorkStack stack, void* x, void* y, long count, bool exact)
    {
        if (count > 0) stack.Push((ulong)x, (ulong)y, ((ulong)count << CountShift) | (exact ? ExactFlag : 0));
    }

    // A slot of a HAMT node under ==: keys are compared exactly, values are not. (Under =:= slots are compared as the terms they look like.)
    private static bool Slot(ref WorkStack stack, Term a, Term b)
    {
        if (a.IsCons)
        {
            if (!b.IsCons) return false;
            PushRow(ref stack, &a.Cell->Tail, &b.Cell->Tail, 1, false);
            return TermEquality.Exact(a.Head, b.Head);
        }
        if (b.IsCons || a.BoxHeader != b.BoxHeader) return false;
        stack.Push((ulong)(a.Box + 1), (ulong)(b.Box + 1), ((ulong)Header.Arity(a.BoxHeader) << CountShift) | SlotsFlag);
        return true;
    }

    // Compares the tops of two terms whose words differ, and pushes what is left to compare.
    private static bool Pair(ref WorkStack stack, Term a, Term b, bool exact)
    {
        if (((a.Bits ^ b.Bits) & Term.PrimaryMask) != 0 || a.IsImmediate)
            return !exact && a.IsNumber && b.IsNumber && TermOrder.CompareNumbers(a, b, false) == 0;
        if (a.IsCons) return Lists(ref stack, a, b, exact);

        ulong* x = a.Box, y = b.Box;
        switch (Header.Kind(*x))
        {
            case Header.Tuple:
            case Header.Record:
            case Header.HashNode:
                if (*x != *y) return false;
                PushRow(ref stack, x + 1, y + 1, Header.Arity(*x), exact);
                return true;
            case Header.PositiveBig:
            case Header.NegativeBig:
                if (*x == *y)
                {
                    for (long i = Header.Arity(*x); i > 0; i--)
                        if (x[i] != y[i]) return false;
                    return true;
                }
                return !exact && b.IsFloat && TermOrder.CompareNumbers(a, b, false) == 0;
            case Header.Float:
                if (exact) return *x == *y && x[1] == y[1];
                return b.IsNumber && TermOrder.CompareNumbers(a, b, false) == 0;
            case Header.Reference:
            case Header.MagicRef:
            {
                ulong kind = Header.Kind(*y);
                return (kind == Header.Reference || kind == Header.MagicRef) && x[1] == y[1] && x[2] == y[2];
            }
            case Header.ExternalThing:
                return Externals(a, b);
            case Header.Fun:
                if (*x != *y || !SameCode((FunName*)x[1], (FunName*)y[1])) return false;
                PushRow(ref stack, x + Fun.HeaderWords, y + Fun.HeaderWords, Fun.FreeCount((Fun*)x), exact);
                return true;
            case Header.ExportFun:
            {
                if (*x != *y) return false;
                ExportName* p = ((ExportFun*)x)->Export, q = ((ExportFun*)y)->Export;
                return p == q || (p->Module == q->Module && p->Function == q->Function && p->Arity == q->Arity);
            }
            case Header.HeapBits:
            case Header.SubBits:
            {
                if (!b.IsBitstring) return false;
                Bitstring.Open(a, out byte* p, out ulong po, out ulong n);
                Bitstring.Open(b, out byte* q, out ulong qo, out ulong m);
                return n == m && Bitstring.Compare(p, po, q, qo, n) == 0;
            }
            case Header.FlatMap:
                if (*x != *y || x[1] != y[1]) return false;
                PushRow(ref stack, x + FlatMap.HeaderWords, y + FlatMap.HeaderWords, new Term(x[1]).SmallValue, exact);
                PushRow(ref stack, x + 2, y + 2, 1, true);
                return true;
            case Header.HashMap:
            {
                // Maps of the same keys have tries of the same shape, so a difference in shape is a difference in keys.
                if (*x != *y || x[1] != y[1]) return false;
                long slots = BitOperations.PopCount((uint)Header.Extra(*x));
                if (exact)
                    PushRow(ref stack, x + HashMap.HeaderWords, y + HashMap.HeaderWords, slots, true);
                else
                    stack.Push((ulong)(x + HashMap.HeaderWords), (ulong)(y + HashMap.HeaderWords), ((ulong)slots << CountShift) | SlotsFlag);
                return true;
            }
            default:
                return false;
        }
    }

    // Runs along two lists for as long as the heads are the same words or differ in an immediate.
    private static bool Lists(ref WorkStack stack, Term a, Term b, bool exact)
    {
        for (; ; )
        {
            Cons* x = a.Cell, y = b.Cell;
            if (x->Head.Bits != y->Head.Bits)
            {
                if (x->Head.IsImmediate && y->Head.IsImmediate) return false;
                PushRow(ref stack, &x->Tail, &y->Tail, 1, exact);
                return Pair(ref stack, x->Head, y->Head, exact);
            }
            a = x->Tail;
            b = y->Tail;
            if (a.Bits == b.Bits) return true;
            if (a.IsCons && b.IsCons) continue;
            // The end of one of them, or of an improper list; not a list any more, so this does not nest.
            PushRow(ref stack, &x->Tail, &y->Tail, 1, exact);
            return true;
        }
    }

    // OTP has funs of different loaded versions of a module differ under =:= only (not in their order). Here the order, the hash and both equalities agree.
    private static bool SameCode(FunName* a, FunName* b) =>
        a == b || (a->Module == b->Module && a->Index == b->Index && a->OldUniq == b->OldUniq);

    private static bool Externals(Term a, Term b)
    {
        if (!b.IsKind(Header.ExternalThing) || Header.Extra(a.BoxHeader) != Header.Extra(b.BoxHeader)) return false;
        return Header.Extra(a.BoxHeader) switch
        {
            Term.ExternalPid => Identifiers.ComparePids(a, b) == 0,
            Term.ExternalPort => Identifiers.ComparePorts(a, b) == 0,
            _ => Identifiers.CompareRefs(a, b) == 0,
        };
    }
}
