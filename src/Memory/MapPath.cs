// A place in a trie as a number, so that a program can hold it: the iterators of the module maps. 4 bits a level, the root's lowest: which of the node's
// slots (counted, not by slot number) is next. Where the path ends before a pair is reached, it goes on with the first slots. Going backwards slots count
// from the last. The numbers are those of OTP for a trie of the same shape.
namespace MyBeam.Memory;

using System.Numerics;

/// <summary>A walk over a trie, forwards or backwards, from a path. The map must not move meanwhile.</summary>
public unsafe struct MapPath
{
    // Address of the first slot of a level's node; which slot comes next; how many there are.
    private fixed ulong slots[Maps.MaxDepth];
    private fixed byte next[Maps.MaxDepth];
    private fixed byte count[Maps.MaxDepth];
    private int depth;
    private bool backwards;

    /// <summary>The pair reached, a cons [Key|Value], after Next has said true.</summary>
    public Term Pair;

    /// <summary>Goes to the place (digits 0..15 in <paramref name="low"/>, the others in <paramref name="high"/>); false: there is no such place.</summary>
    public static bool Start(out MapPath path, Term map, ulong low, ulong high, bool backwards)
    {
        path = default;
        path.backwards = backwards;
        path.Enter(0, map.Box, HashMap.HeaderWords);
        for (int d = 0; ; d++)
        {
            int digit = (int)(d < 16 ? low >> (4 * d) : high >> (4 * (d - 16))) & 15;
            if (digit >= path.count[d]) return false;
            path.next[d] = (byte)digit;
            path.depth = d;
            Term s = path.Slot(d);
            if (s.IsCons) return true;
            path.next[d]++;
            path.Enter(d + 1, s.Box, 1);
        }
    }

    private void Enter(int d, ulong* node, int head)
    {
        slots[d] = (ulong)(node + head);
        next[d] = 0;
        count[d] = (byte)BitOperations.PopCount((uint)Header.Extra(*node));
        depth = d;
    }

    private readonly Term Slot(int d) => ((Term*)slots[d])[backwards ? count[d] - 1 - next[d] : next[d]];

    /// <summary>Goes to the next pair; false after the last.</summary>
    public bool Next()
    {
        while (depth >= 0)
        {
            if (next[depth] == count[depth])
            {
                depth--;
                continue;
            }
            Term s = Slot(depth);
            next[depth]++;
            if (s.IsCons)
            {
                Pair = s;
                return true;
            }
            Enter(depth + 1, s.Box, 1);
        }
        return false;
    }

    /// <summary>The place of the pair after this one; false: this was the last.</summary>
    public bool Rest(out ulong low, out ulong high)
    {
        low = high = 0;
        while (depth >= 0 && next[depth] == count[depth]) depth--;
        for (int d = 0; d <= depth; d++)
        {
            ulong digit = d == depth ? next[d] : (ulong)(next[d] - 1);
            if (d < 16) low |= digit << (4 * d);
            else high |= digit << (4 * (d - 16));
        }
        return depth >= 0;
    }
}
