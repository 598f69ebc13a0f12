// A place in a B-tree, valid while the tree does not change.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>The path from the root to an entry. Depth 0: before the first or behind the last.</summary>
public unsafe struct EtsCursor
{
    public int Depth;
    private fixed ulong nodes[EtsTree.MaxDepth];
    private fixed int indexes[EtsTree.MaxDepth];

    /// <summary>The node of the entry, and its index.</summary>
    public readonly EtsNode* Node => (EtsNode*)nodes[Depth - 1];
    public readonly int Index => indexes[Depth - 1];

    /// <summary>The object, or null at the end.</summary>
    public readonly EtsObject* Object => Depth == 0 ? null : EtsNode.Object(Node, Index);

    private void Push(EtsNode* n, int i)
    {
        nodes[Depth] = (ulong)n;
        indexes[Depth++] = i;
    }

    /// <summary>To the first (backward: last) entry.</summary>
    public void Begin(EtsTable* t, bool backward)
    {
        Depth = 0;
        if (t->Tree.Root != null) Descend(t->Tree.Root, backward);
    }

    private void Descend(EtsNode* n, bool backward)
    {
        for (; n->Leaf == 0; n = EtsNode.Children(n)[backward ? n->Count : 0]) Push(n, backward ? n->Count : 0);
        Push(n, backward ? n->Count - 1 : 0);
    }

    /// <summary>
    /// To the first entry at or above (<paramref name="upper"/>: above) a key; backward: to the last below (upper: at or below) it. The key may be a
    /// pattern, whose prefix counts.
    /// </summary>
    public void Seek(EtsTable* t, Term key, bool upper, bool backward, bool pattern)
    {
        Depth = 0;
        EtsNode* n = t->Tree.Root;
        if (n == null) return;
        for (; n->Leaf == 0; n = EtsNode.Children(n)[indexes[Depth - 1]]) Push(n, EtsTree.Bound(n, key, upper, pattern));
        Push(n, EtsTree.Bound(n, key, upper, pattern));
        Climb(backward);
    }

    // The index of the last node is a gap: to the entry behind (backward: before) it.
    private void Climb(bool backward)
    {
        while (Depth > 0)
        {
            if (!backward && Index < Node->Count) return;
            if (backward && Index > 0)
            {
                indexes[Depth - 1]--;
                return;
            }
            Depth--;
        }
    }

    /// <summary>To an entry further on in the same leaf.</summary>
    public void SkipInLeaf(int entries) => indexes[Depth - 1] += entries;

    /// <summary>To the next (backward: previous) entry.</summary>
    public void Step(bool backward)
    {
        EtsNode* n = Node;
        int i = Index;
        if (n->Leaf == 0)
        {
            if (!backward) indexes[Depth - 1] = ++i;
            Descend(EtsNode.Children(n)[i], backward);
            return;
        }
        if (!backward) indexes[Depth - 1]++;
        Climb(backward);
    }
}
