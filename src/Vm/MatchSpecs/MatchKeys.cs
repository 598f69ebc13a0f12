// What can be said about the key of the objects that a match specification matches, without running it: lookups instead of scans, ranges of ordered
// sets, and the check of select_replace.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Patterns and keys.</summary>
public static unsafe class MatchKeys
{
    /// <summary>The number of a match variable ('$0', '$1', …), or -1: no variable.</summary>
    public static int Variable(Term t)
    {
        if (!t.IsAtom) return -1;
        AtomTable.Entry* e = AtomTable.Get(t);
        byte* text = e->Text;
        int n = e->Bytes;
        if (n < 2 || text[0] != '$') return -1;
        if (text[1] == '0') return n == 2 ? 0 : -1;
        int value = 0;
        for (int i = 1; i < n; i++)
        {
            if (text[i] is < (byte)'0' or > (byte)'9') return -1;
            value = (value * 10) + (text[i] - '0');
        }
        return value;
    }

    /// <summary>Element <paramref name="keyPosition"/> (1-based) of a tuple, or None.</summary>
    public static Term Element(Term t, long keyPosition) => t.IsTuple && t.TupleArity >= keyPosition ? t.TupleElements[keyPosition - 1] : Term.None;

    /// <summary>What a head (a pattern as it stands in a specification) says about the key.</summary>
    public static MatchKey OfHead(Term head, long keyPosition, out Term key)
    {
        key = Term.None;
        if (head == Am.Underscore || Variable(head) >= 0) return MatchKey.Free;
        key = Element(head, keyPosition);
        if (key.IsNone) return MatchKey.Never;
        if (key == Am.Underscore || Variable(key) >= 0) return MatchKey.Free;
        return IsFullyBound(key) ? MatchKey.Bound : MatchKey.Partly;
    }

    /// <summary>Whether a pattern matches one term only: no variables, no '_', no maps (a map pattern matches larger maps too).</summary>
    public static bool IsFullyBound(Term pattern)
    {
        if (pattern.IsImmediate) return pattern != Am.Underscore && Variable(pattern) < 0;
        // Rows of terms that are still to be looked at.
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        WorkStack rows = new(inline);
        Term* at = &pattern;
        long left = 1;
        bool bound = true;
        while (bound)
        {
            if (left == 0)
            {
                if (rows.IsEmpty) break;
                left = (long)rows.Pop();
                at = (Term*)rows.Pop();
                continue;
            }
            Term t = *at++;
            left--;
            if (t.IsAtom) bound = t != Am.Underscore && Variable(t) < 0;
            else if (t.IsMap) bound = false;
            if (!t.IsCons && !t.IsTuple) continue;
            if (left > 0) rows.Push((ulong)at, (ulong)left);
            at = t.IsCons ? &t.Cell->Head : t.TupleElements;
            left = t.IsCons ? 2 : t.TupleArity;
        }
        rows.Free();
        return bound;
    }

    /// <summary>
    /// The order of a key against the prefix of a partly bound pattern, in the order of an ordered_set: negative: the key is below everything the pattern
    /// can match; positive: above; 0: it may match. The prefix of a list or tuple ends at the first variable; a map is like a variable.
    /// </summary>
    public static int ComparePrefix(Term key, Term pattern)
    {
        // Pairs that are still to be compared, the next one on top: key's part and pattern's part, or two rows of them.
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        WorkStack work = new(inline);
        work.Push((ulong)&key, (ulong)&pattern, 1);
        int order = 0;
        while (order == 0 && !work.IsEmpty)
        {
            long left = (long)work.Pop();
            Term* y = (Term*)work.Pop();
            Term* x = (Term*)work.Pop();
            if (left > 1) work.Push((ulong)(x + 1), (ulong)(y + 1), (ulong)(left - 1));
            Term a = *x, b = *y;
            if (b == Am.Underscore || Variable(b) >= 0 || b.IsMap) break;
            if (a.IsCons && b.IsCons)
            {
                work.Push((ulong)a.Cell, (ulong)b.Cell, 2);
            }
            else if (a.IsTuple && b.IsTuple)
            {
                if (a.TupleArity != b.TupleArity) order = a.TupleArity < b.TupleArity ? -1 : 1;
                else if (a.TupleArity > 0) work.Push((ulong)a.TupleElements, (ulong)b.TupleElements, (ulong)a.TupleArity);
            }
            else
            {
                order = TermOrder.Compare(a, b);
            }
        }
        work.Free();
        return order;
    }

    // -- select_replace --

    /// <summary>See MatchSpecs.KeepsKey.</summary>
    public static bool SpecKeepsKey(Term spec, long keyPosition)
    {
        for (; spec.IsCons; spec = spec.Tail)
        {
            if (!spec.Head.IsTupleOf(3)) return false;
            Term* parts = spec.Head.TupleElements;
            if (!KeepsKey(parts[0], parts[2], keyPosition)) return false;
        }
        return spec.IsNil;
    }

    private static bool KeepsKey(Term head, Term body, long keyPosition)
    {
        if (!body.IsCons || !body.Tail.IsNil) return false;
        Term value = body.Head;
        if (value == Am.DollarUnderscore) return true;
        Term headKey = Element(head, keyPosition);
        if (headKey.IsNone || !value.IsTuple) return false;
        bool constant = IsConst(value);
        Term made;
        if (constant) made = value.TupleElements[1];
        else if (value.TupleArity == 1) made = value.TupleElements[0];
        else return false;
        Term key = Element(made, keyPosition);
        if (key.IsNone) return false;
        if (Builds(headKey, key, constant)) return true;
        return !constant && key.IsTupleOf(3) && key.TupleElements[0] == Am.Element && key.TupleElements[1] == Term.Small(keyPosition)
            && key.TupleElements[2] == Am.DollarUnderscore;
    }

    private static bool IsConst(Term t) => t.IsTupleOf(2) && t.TupleElements[0] == Am.Const;

    // Whether an expression is sure to build the term that a pattern has matched.
    private static bool Builds(Term pattern, Term expression, bool constant)
    {
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        WorkStack work = new(inline);
        work.Push(pattern.Bits, expression.Bits, constant ? 1UL : 0);
        bool same = true;
        while (same && !work.IsEmpty)
        {
            bool literal = work.Pop() != 0;
            Term b = new(work.Pop()), a = new(work.Pop());
            ulong mode = literal ? 1UL : 0;
            if (b.IsCons)
            {
                same = a.IsCons;
                if (!same) break;
                work.Push(a.Tail.Bits, b.Tail.Bits, mode);
                work.Push(a.Head.Bits, b.Head.Bits, mode);
            }
            else if (b.IsTuple)
            {
                if (!literal)
                {
                    if (b.TupleArity == 1 && b.TupleElements[0].IsTuple)
                    {
                        b = b.TupleElements[0];
                    }
                    else
                    {
                        same = IsConst(b);
                        if (same) work.Push(a.Bits, b.TupleElements[1].Bits, 1);
                        continue;
                    }
                }
                same = a.IsTupleOf(b.TupleArity);
                for (long i = 0; same && i < b.TupleArity; i++) work.Push(a.TupleElements[i].Bits, b.TupleElements[i].Bits, mode);
            }
            else if (b.IsMap)
            {
                // The map matched may have more keys than its pattern.
                same = false;
            }
            else if (b.IsImmediate)
            {
                same = a == b && a != Am.Underscore && a != Am.DollarDollar && a != Am.DollarUnderscore && !(literal && Variable(a) >= 0);
            }
            else
            {
                same = TermEquality.Exact(a, b);
            }
        }
        work.Free();
        return same;
    }
}
