// Searching for several byte strings at once: the automaton of Aho and Corasick (CACM 18, 1975) as a table with one row a state. A column stands for one of
// the bytes that occur in the byte strings, column 0 for all the others, so that rows are short and a step is two loads.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>The automaton of a set of byte strings.</summary>
internal unsafe struct BinaryAutomaton
{
    private struct State
    {
        /// <summary>Length of what the state stands for: how many of the last bytes read start some byte string.</summary>
        public int Depth;
        /// <summary>The longest byte string that ends here: its state (this one, or one of a shorter end), or 0.</summary>
        public int Longest;
        /// <summary>The next shorter one (read it at a state that ends a byte string), or 0.</summary>
        public int Shorter;
        /// <summary>The state of the longest proper end of what this one stands for that is a state too.</summary>
        public int Fallback;
    }

    private ushort* columnOf;
    private State* states;
    private int* next;
    private int columns, count;
    private nuint blockBytes;

    /// <summary>Makes it from a list of binaries that are not empty, of <paramref name="total"/> bytes together. False when memory is out.</summary>
    public bool Create(Term list, long total)
    {
        ushort* map = stackalloc ushort[256];
        for (int i = 0; i < 256; i++) map[i] = 0;
        columns = 1;
        if (total >= int.MaxValue / 4) return false;
        for (Term l = list; l.IsCons; l = l.Tail)
        {
            if (!Binaries.Aligned(l.Head, out byte* data, out long bytes, out byte* copy)) return false;
            for (long i = 0; i < bytes; i++)
                if (map[data[i]] == 0) map[data[i]] = (ushort)columns++;
            Allocator.Free(copy, (nuint)bytes, Owner.Temporary);
        }
        nuint most = (nuint)total + 1;
        blockBytes = (256 * sizeof(ushort)) + (most * (nuint)sizeof(State)) + (most * (nuint)columns * sizeof(int));
        byte* block = (byte*)Allocator.AllocZeroed(blockBytes, Owner.Resource);
        if (block == null) return false;
        columnOf = (ushort*)block;
        states = (State*)(block + (256 * sizeof(ushort)));
        next = (int*)(states + most);
        for (int i = 0; i < 256; i++) columnOf[i] = map[i];
        count = 1;
        for (Term l = list; l.IsCons; l = l.Tail)
            if (!Enter(l.Head)) return false;
        return Complete();
    }

    /// <summary>Frees it; does nothing when it was never made.</summary>
    public void Free()
    {
        if (columnOf != null) Allocator.Free(columnOf, blockBytes, Owner.Resource);
        this = default;
    }

    private bool Enter(Term binary)
    {
        if (!Binaries.Aligned(binary, out byte* data, out long bytes, out byte* copy)) return false;
        int s = 0;
        for (long i = 0; i < bytes; i++)
        {
            int* edge = next + ((long)s * columns) + columnOf[data[i]];
            if (*edge == 0)
            {
                states[count].Depth = states[s].Depth + 1;
                *edge = count++;
            }
            s = *edge;
        }
        states[s].Longest = s;
        Allocator.Free(copy, (nuint)bytes, Owner.Temporary);
        return true;
    }

    // Breadth first: a fallback is less deep, so its row is complete when it is needed, and missing edges are copied from it.
    private bool Complete()
    {
        nuint queueBytes = (nuint)count * sizeof(int);
        int* queue = (int*)Allocator.Alloc(queueBytes, Owner.Temporary);
        if (queue == null) return false;
        int head = 0, tail = 0;
        queue[tail++] = 0;
        while (head < tail)
        {
            int s = queue[head++];
            State* state = states + s;
            State* fallback = states + state->Fallback;
            int* row = next + ((long)s * columns);
            int* fallbackRow = next + ((long)state->Fallback * columns);
            if (state->Longest == s) state->Shorter = s == 0 ? 0 : fallback->Longest;
            else state->Longest = fallback->Longest;
            for (int c = 1; c < columns; c++)
            {
                int child = row[c];
                if (child != 0)
                {
                    states[child].Fallback = s == 0 ? 0 : fallbackRow[c];
                    queue[tail++] = child;
                }
                else if (s != 0)
                {
                    row[c] = fallbackRow[c];
                }
            }
        }
        Allocator.Free(queue, queueBytes, Owner.Temporary);
        return true;
    }

    // Over the bytes that start nothing: unlike the steps from state to state, these loads do not wait for each other.
    private readonly long Skip(byte* subject, long i, long end)
    {
        while (i < end && next[columnOf[subject[i]]] == 0) i++;
        return i;
    }

    /// <summary>
    /// Looks on for the first match (of those that start first, the longest) up to <paramref name="stop"/>. True: it is found, or <paramref name="end"/> is
    /// reached; what was found so far is in g.
    /// </summary>
    public readonly bool First(byte* subject, ref SearchProgress g, long stop, long end)
    {
        int s = g.State;
        long i = g.At;
        Hit hit = g.Hit;
        bool known = false;
        while (i < stop)
        {
            if (s == 0 && hit.Start < 0 && (i = Skip(subject, i, stop)) == stop) break;
            s = next[((long)s * columns) + columnOf[subject[i++]]];
            State* state = states + s;
            // Whatever still may come starts after the match at hand.
            known = hit.Start >= 0 && i - state->Depth > hit.Start;
            if (known) break;
            if (state->Longest == 0) continue;
            int depth = states[state->Longest].Depth;
            long start = i - depth;
            if (hit.Start < 0 || start < hit.Start || (start == hit.Start && depth > hit.Length))
            {
                hit.Start = start;
                hit.Length = depth;
            }
        }
        g.State = s;
        g.At = i;
        g.Hit = hit;
        return known || i == end;
    }

    /// <summary>Looks on up to <paramref name="stop"/> for all matches that do not overlap, from left to right, each as First would find it behind the one before.
    /// False when memory is out.</summary>
    public readonly bool All(byte* subject, ref SearchProgress g, long stop, ref NativeList<Hit> hits)
    {
        int s = g.State;
        long i = g.At;
        while (i < stop)
        {
            if (s == 0 && (i = Skip(subject, i, stop)) == stop) break;
            s = next[((long)s * columns) + columnOf[subject[i++]]];
            for (int f = states[s].Longest; f != 0; f = states[f].Shorter)
            {
                Hit hit;
                hit.Length = states[f].Depth;
                hit.Start = i - hit.Length;
                // It takes the place of matches that start later, and of a shorter one that starts with it; those that start before it must end before it.
                int keep = hits.Count;
                while (keep > 0 && (hits[keep - 1].Start > hit.Start || (hits[keep - 1].Start == hit.Start && hits[keep - 1].Length < hit.Length))) keep--;
                if (keep > 0 && hits[keep - 1].Start + hits[keep - 1].Length > hit.Start) continue;
                while (hits.Count > keep) hits.Pop();
                if (!hits.Add(hit, Owner.Temporary)) return false;
            }
        }
        g.State = s;
        g.At = i;
        return true;
    }
}
