// The objects of an ordered_set: a B-tree (Bayer and McCreight, 1972) in the order of ==, so that a search touches few cache lines. A node has the key words
// beside the objects: small integers and atoms are compared without looking at the object. Nodes split at their end when keys come in order, so that
// such tables have full nodes.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;

/// <summary>A node; inner ones (Leaf = 0) are followed by Max + 1 children.</summary>
public unsafe struct EtsNode
{
    public const int Max = 31;
    public int Count;
    public int Leaf;
    /// <summary>The keys as terms, in the objects.</summary>
    public fixed ulong Keys[Max];
    public fixed ulong Objects[Max];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EtsNode** Children(EtsNode* n) => (EtsNode**)(n + 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static EtsObject* Object(EtsNode* n, int i) => (EtsObject*)n->Objects[i];

    private static long Bytes(bool leaf) => sizeof(EtsNode) + (leaf ? 0 : (Max + 1) * 8);

    /// <summary>Words of the node.</summary>
    public static long Words(EtsNode* n) => Bytes(n->Leaf != 0) / 8;

    public static EtsNode* Create(bool leaf)
    {
        EtsNode* n = (EtsNode*)Allocator.Alloc((nuint)Bytes(leaf), Owner.Ets);
        if (n == null) return null;
        n->Count = 0;
        n->Leaf = leaf ? 1 : 0;
        return n;
    }

    public static void Free(EtsNode* n) => Allocator.Free(n, (nuint)Bytes(n->Leaf != 0), Owner.Ets);

    /// <summary>Moves <paramref name="count"/> entries (not children).</summary>
    public static void Move(EtsNode* from, int i, EtsNode* to, int j, int count)
    {
        if (count <= 0) return;
        System.Buffer.MemoryCopy(&from->Keys[i], &to->Keys[j], count * 8L, count * 8L);
        System.Buffer.MemoryCopy(&from->Objects[i], &to->Objects[j], count * 8L, count * 8L);
    }

    /// <summary>Moves children of inner nodes.</summary>
    public static void MoveChildren(EtsNode* from, int i, EtsNode* to, int j, int count)
    {
        if (count > 0) System.Buffer.MemoryCopy(Children(from) + i, Children(to) + j, count * 8L, count * 8L);
    }

    public static void Set(EtsNode* n, int i, Term key, EtsObject* o)
    {
        n->Keys[i] = key.Bits;
        n->Objects[i] = (ulong)o;
    }
}

/// <summary>The tree of a table. Whoever uses it holds the table's lock.</summary>
public unsafe struct EtsTree
{
    /// <summary>Deeper than any tree that fits into memory.</summary>
    public const int MaxDepth = 32;
    // A node that falls below this by a removal is filled up or joined. Others may be smaller.
    private const int Min = 10;

    public EtsNode* Root;

    /// <summary>The order of two keys.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Compare(Term a, Term b)
    {
        if (Term.BothSmall(a, b)) return a.SmallValue < b.SmallValue ? -1 : a.SmallValue > b.SmallValue ? 1 : 0;
        return TermOrder.Compare(a, b);
    }

    /// <summary>The first entry of a node whose key is not below (<paramref name="upper"/>: is above) a key or the prefix of a pattern.</summary>
    public static int Bound(EtsNode* n, Term key, bool upper, bool pattern)
    {
        int low = 0, high = n->Count;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            Term k = new(n->Keys[middle]);
            int order = pattern ? MatchKeys.ComparePrefix(k, key) : Compare(k, key);
            if (order < 0 || (upper && order == 0)) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    // Where a key is in a node, or the child to look in.
    private static int Search(EtsNode* n, Term key, out bool found)
    {
        int low = 0, high = n->Count;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            int order = Compare(new Term(n->Keys[middle]), key);
            if (order == 0)
            {
                found = true;
                return middle;
            }
            if (order < 0) low = middle + 1;
            else high = middle;
        }
        found = false;
        return low;
    }

    /// <summary>The object of a key (by ==), or null. Its place: <paramref name="node"/>, <paramref name="index"/>.</summary>
    public static EtsObject* Find(EtsTable* t, Term key, out EtsNode* node, out int index)
    {
        EtsNode* n = t->Tree.Root;
        while (n != null)
        {
            int i = Search(n, key, out bool found);
            if (found)
            {
                node = n;
                index = i;
                return EtsNode.Object(n, i);
            }
            n = n->Leaf != 0 ? null : EtsNode.Children(n)[i];
        }
        node = null;
        index = 0;
        return null;
    }

    /// <summary>The object of a key (by ==), or null.</summary>
    public static EtsObject* Find(EtsTable* t, Term key) => Find(t, key, out _, out _);

    /// <summary>Puts another object of an equal key at a place.</summary>
    public static void Replace(EtsTable* t, EtsNode* n, int i, EtsObject* fresh)
    {
        EtsObject* o = EtsNode.Object(n, i);
        EtsNode.Set(n, i, EtsTable.Key(t, fresh), fresh);
        t->Account(0, fresh->BlockWords - o->BlockWords);
        EtsObject.Free(o);
    }

    /// <summary>Puts an object in, instead of one with an equal key. The table owns it then. False: memory is out (the object stays the caller's).</summary>
    public static bool Put(EtsTable* t, EtsObject* o)
    {
        Term key = EtsTable.Key(t, o);
        EtsNode* n = t->Tree.Root;
        if (n == null)
        {
            n = New(t, true);
            if (n == null) return false;
            t->Tree.Root = n;
        }
        else if (n->Count == EtsNode.Max)
        {
            EtsNode* root = New(t, false);
            if (root == null) return false;
            EtsNode.Children(root)[0] = n;
            if (!Split(t, root, 0, key))
            {
                t->Account(0, -EtsNode.Words(root));
                EtsNode.Free(root);
                return false;
            }
            t->Tree.Root = n = root;
        }
        for (; ; )
        {
            // n has room for one more entry.
            int i = Search(n, key, out bool found);
            if (found)
            {
                Replace(t, n, i, o);
                return true;
            }
            if (n->Leaf != 0)
            {
                EtsNode.Move(n, i, n, i + 1, n->Count - i);
                EtsNode.Set(n, i, key, o);
                n->Count++;
                t->Account(1, o->BlockWords);
                return true;
            }
            EtsNode* child = EtsNode.Children(n)[i];
            if (child->Count == EtsNode.Max)
            {
                if (!Split(t, n, i, key)) return false;
                continue;
            }
            n = child;
        }
    }

    private static EtsNode* New(EtsTable* t, bool leaf)
    {
        EtsNode* n = EtsNode.Create(leaf);
        if (n != null) t->Account(0, EtsNode.Words(n));
        return n;
    }

    // Splits the full child i of a node with room, for the sake of a key.
    private static bool Split(EtsTable* t, EtsNode* parent, int i, Term key)
    {
        EtsNode* left = EtsNode.Children(parent)[i];
        EtsNode* right = New(t, left->Leaf != 0);
        if (right == null) return false;
        // Keys that come in order fill the node they leave behind.
        int middle = EtsNode.Max / 2;
        if (Compare(key, new Term(left->Keys[EtsNode.Max - 1])) > 0) middle = EtsNode.Max - 2;
        else if (Compare(key, new Term(left->Keys[0])) < 0) middle = 1;
        right->Count = EtsNode.Max - middle - 1;
        EtsNode.Move(left, middle + 1, right, 0, right->Count);
        if (left->Leaf == 0) EtsNode.MoveChildren(left, middle + 1, right, 0, right->Count + 1);
        left->Count = middle;
        EtsNode.Move(parent, i, parent, i + 1, parent->Count - i);
        EtsNode.MoveChildren(parent, i + 1, parent, i + 2, parent->Count - i);
        EtsNode.Set(parent, i, new Term(left->Keys[middle]), EtsNode.Object(left, middle));
        EtsNode.Children(parent)[i + 1] = right;
        parent->Count++;
        return true;
    }

    /// <summary>Takes the object of a key (by ==) out; the caller owns it then. Null: there is none.</summary>
    public static EtsObject* Take(EtsTable* t, Term key)
    {
        EtsNode** nodes = stackalloc EtsNode*[MaxDepth];
        int* indexes = stackalloc int[MaxDepth];
        int depth = 0;
        EtsNode* n = t->Tree.Root;
        EtsObject* o = null;
        while (n != null)
        {
            int i = Search(n, key, out bool found);
            if (n->Leaf != 0)
            {
                if (!found) return null;
                o = EtsNode.Object(n, i);
                n->Count--;
                EtsNode.Move(n, i + 1, n, i, n->Count - i);
                break;
            }
            nodes[depth] = n;
            indexes[depth++] = i;
            EtsNode* child = EtsNode.Children(n)[i];
            if (found)
            {
                // The largest entry below takes its place.
                o = EtsNode.Object(n, i);
                EtsNode* target = n;
                for (n = child; n->Leaf == 0; n = EtsNode.Children(n)[n->Count])
                {
                    nodes[depth] = n;
                    indexes[depth++] = n->Count;
                }
                n->Count--;
                EtsNode.Move(n, n->Count, target, i, 1);
                break;
            }
            n = child;
        }
        if (o == null) return null;
        while (depth > 0 && n->Count < Min)
        {
            depth--;
            if (!Fill(t, nodes[depth], indexes[depth], n)) break;
            n = nodes[depth];
        }
        EtsNode* root = t->Tree.Root;
        while (root != null && root->Count == 0)
        {
            t->Tree.Root = root->Leaf != 0 ? null : EtsNode.Children(root)[0];
            t->Account(0, -EtsNode.Words(root));
            EtsNode.Free(root);
            root = t->Tree.Root;
        }
        t->Account(-1, -o->BlockWords);
        return o;
    }

    // Child i of a node has few entries: takes one from a neighbour, or joins them (true: the parent has one entry less).
    private static bool Fill(EtsTable* t, EtsNode* parent, int i, EtsNode* n)
    {
        if (parent->Count == 0) return true;
        bool fromLeft = i > 0;
        int separator = fromLeft ? i - 1 : i;
        EtsNode* left = EtsNode.Children(parent)[separator];
        EtsNode* right = EtsNode.Children(parent)[separator + 1];
        if (left->Count + right->Count < EtsNode.Max)
        {
            Join(t, parent, separator, left, right);
            return true;
        }
        if (fromLeft)
        {
            EtsNode.Move(n, 0, n, 1, n->Count);
            EtsNode.Move(parent, separator, n, 0, 1);
            EtsNode.Move(left, left->Count - 1, parent, separator, 1);
            if (n->Leaf == 0)
            {
                EtsNode.MoveChildren(n, 0, n, 1, n->Count + 1);
                EtsNode.Children(n)[0] = EtsNode.Children(left)[left->Count];
            }
            left->Count--;
        }
        else
        {
            EtsNode.Move(parent, separator, n, n->Count, 1);
            EtsNode.Move(right, 0, parent, separator, 1);
            if (n->Leaf == 0)
            {
                EtsNode.Children(n)[n->Count + 1] = EtsNode.Children(right)[0];
                EtsNode.MoveChildren(right, 1, right, 0, right->Count);
            }
            right->Count--;
            EtsNode.Move(right, 1, right, 0, right->Count);
        }
        n->Count++;
        return false;
    }

    private static void Join(EtsTable* t, EtsNode* parent, int separator, EtsNode* left, EtsNode* right)
    {
        EtsNode.Move(parent, separator, left, left->Count, 1);
        EtsNode.Move(right, 0, left, left->Count + 1, right->Count);
        if (left->Leaf == 0) EtsNode.MoveChildren(right, 0, left, left->Count + 1, right->Count + 1);
        left->Count += right->Count + 1;
        parent->Count--;
        EtsNode.Move(parent, separator + 1, parent, separator, parent->Count - separator);
        EtsNode.MoveChildren(parent, separator + 2, parent, separator + 1, parent->Count - separator);
        t->Account(0, -EtsNode.Words(right));
        EtsNode.Free(right);
    }
}
