// Going through a map: the one order that everything agrees on (keys, values, to_list, iterators, comprehensions, printing, external terms). A flat map
// in the order of its keys; a trie from the lowest slot to the highest, deep first.
namespace MyBeam.Memory;

using System.Numerics;
using System.Runtime.CompilerServices;

/// <summary>`MapIterator it = new(map); while (it.Next()) …`. The map must not move meanwhile: nothing may collect.</summary>
public unsafe struct MapIterator
{
    // A level of a trie: address of the next slot, and how many are left above bit 48.
    private fixed ulong levels[Maps.MaxDepth];
    private int depth;
    private Term* keys, values;
    private long left;

    /// <summary>The pair reached, after Next has said true.</summary>
    public Term Key, Value;

    /// <summary>In a trie the cons cell of the pair; None in a flat map.</summary>
    public Term Pair;

    private const int LeftShift = 48;

    /// <summary>Before the first pair.</summary>
    public MapIterator(Term map)
    {
        Unsafe.SkipInit(out this);
        ulong* m = map.Box;
        Key = Value = Pair = Term.None;
        if (Header.Kind(*m) == Header.FlatMap)
        {
            FlatMap* flat = (FlatMap*)m;
            keys = flat->Keys.TupleElements;
            values = FlatMap.Values(flat);
            left = flat->Size.SmallValue;
            depth = -1;
            return;
        }
        keys = values = null;
        left = 0;
        depth = 0;
        levels[0] = Level(m, HashMap.HeaderWords);
    }

    private static ulong Level(ulong* node, int head) => (ulong)(node + head) | ((ulong)BitOperations.PopCount((uint)Header.Extra(*node)) << LeftShift);

    /// <summary>Goes to the next pair; false after the last.</summary>
    public bool Next()
    {
        if (keys != null)
        {
            if (left == 0) return false;
            left--;
            Key = *keys++;
            Value = *values++;
            return true;
        }
        while (depth >= 0)
        {
            ulong level = levels[depth];
            if (level >> LeftShift == 0)
            {
                depth--;
                continue;
            }
            Term s = *(Term*)(level & ((1UL << LeftShift) - 1));
            levels[depth] = level + 8 - (1UL << LeftShift);
            if (s.IsCons)
            {
                Pair = s;
                Key = s.Head;
                Value = s.Tail;
                return true;
            }
            levels[++depth] = Level(s.Box, 1);
        }
        return false;
    }
}
