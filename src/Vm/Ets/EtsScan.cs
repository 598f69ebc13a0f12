// Running a match specification over a table: select, count, delete, replace. Objects are looked up when every clause says which key it wants; an
// ordered_set is searched only where the prefix of a partly bound key allows; else everything is looked at, in slices.
namespace MyBeam.Vm;

using System.Threading;
using MyBeam.Memory;

/// <summary>What is done with objects that match.</summary>
public enum EtsScanKind
{
    Select, Count, Delete, Replace,
}

/// <summary>One scan, or the part of it that one call does.</summary>
public unsafe struct EtsScan
{
    private const int MaxKeys = 32;

    public Process* Process;
    public EtsTable* Table;
    public MatchSpec* Spec;
    public EtsScanKind Kind;
    /// <summary>select/3: results wanted; 0: all.</summary>
    public long Chunk;
    /// <summary>An ordered_set is walked from its end.</summary>
    public bool Backward;
    /// <summary>This process has fixed the table for the sake of the scan.</summary>
    public bool Fixed;
    /// <summary>Where to begin: a bucket, or the key behind which to go on; None: at the beginning.</summary>
    public Term Position;
    /// <summary>Results, last first, and how many; of the other kinds the number of objects.</summary>
    public Term List;
    public long Found;
    /// <summary>Objects that may still be looked at in this slice.</summary>
    public long Budget;
    /// <summary>Everything was looked at.</summary>
    public bool Ended;
    /// <summary>Memory ran out.</summary>
    public bool Failed;

    private readonly bool Writes => Kind is EtsScanKind.Delete or EtsScanKind.Replace;

    /// <summary>How the table's lock is to be entered.</summary>
    public static EtsLock Mode(EtsScanKind kind) => kind is EtsScanKind.Delete or EtsScanKind.Replace ? EtsLock.Key : EtsLock.Read;

    /// <summary>Scans until the end, or until the budget or the chunk is used up. The caller is in the table's lock (Mode).</summary>
    public static void Run(ref EtsScan s)
    {
        Term* keys = stackalloc Term[MaxKeys];
        int n = Keys(ref s, keys, out Term pattern);
        if (n >= 0)
        {
            for (int i = 0; i < n; i++) VisitKey(ref s, keys[i]);
            s.Ended = true;
        }
        else if (s.Table->IsTree) Tree(ref s, pattern);
        else Buckets(ref s);
    }

    // The keys that can match, in the order of the walk; -1: others can too. pattern: a partly bound key that is the only one, or None.
    private static int Keys(ref EtsScan s, Term* keys, out Term pattern)
    {
        pattern = Term.None;
        EtsTable* t = s.Table;
        int clauses = MatchSpecs.ClauseCount(s.Spec), n = 0;
        if (clauses > MaxKeys) return -1;
        int live = 0;
        for (int i = 0; i < clauses; i++)
        {
            MatchKey kind = MatchSpecs.KeyOfClause(s.Spec, i, t->KeyPosition, out Term key);
            if (kind == MatchKey.Never) continue;
            live++;
            if (kind == MatchKey.Partly) pattern = key;
            if (kind != MatchKey.Bound) n = -1;
            if (n < 0) continue;
            int k = 0;
            if (t->IsTree)
            {
                // Sorted as the walk goes; keys that are == are one key of the table.
                int order = 1;
                while (k < n && (order = EtsTree.Compare(keys[k], key)) != 0 && (order < 0) != s.Backward) k++;
                if (k < n && order == 0) continue;
                for (int j = n; j > k; j--) keys[j] = keys[j - 1];
            }
            else
            {
                while (k < n && !TermEquality.Exact(keys[k], key)) k++;
                if (k < n) continue;
            }
            keys[k] = key;
            n++;
        }
        if (live != 1) pattern = Term.None;
        // Chunks of several keys in order: the walk knows how to stop and go on.
        return t->IsTree && s.Chunk > 0 && n > 1 ? -1 : n;
    }

    private static void VisitKey(ref EtsScan s, Term key)
    {
        EtsTable* t = s.Table;
        if (t->IsTree)
        {
            EtsObject* o = EtsTree.Find(t, key, out EtsNode* node, out int index);
            if (o == null || !Hit(ref s, o, out EtsObject* fresh)) return;
            if (fresh != null) EtsTree.Replace(t, node, index, fresh);
            else if (s.Kind == EtsScanKind.Delete) EtsObject.Free(EtsTree.Take(t, EtsTable.Key(t, o)));
            return;
        }
        uint hash = EtsObject.HashOf(key);
        EtsAccess.EnterKey(t, hash, s.Writes);
        EtsObject** link = EtsHash.Find(t, key, hash);
        while (EtsHash.Has(t, *link, key, hash)) link = VisitLink(ref s, link);
        EtsAccess.ExitKey(t, hash, s.Writes);
    }

    // One object of a chain; gives the link to the next.
    private static EtsObject** VisitLink(ref EtsScan s, EtsObject** link)
    {
        EtsObject* o = *link;
        if (o->Deleted || !Hit(ref s, o, out EtsObject* fresh)) return &o->Next;
        if (s.Kind == EtsScanKind.Delete) return EtsHash.Remove(s.Table, link);
        if (fresh == null) return &o->Next;
        EtsHash.Replace(s.Table, link, fresh);
        return &fresh->Next;
    }

    // Runs the specification on an object; true: it matched and was counted or its result taken. fresh: what replaces it.
    private static bool Hit(ref EtsScan s, EtsObject* o, out EtsObject* fresh)
    {
        fresh = null;
        s.Budget--;
        Process* p = s.Process;
        Term tuple = EtsObject.Tuple(o);
        if (s.Kind == EtsScanKind.Select)
        {
            Term result = MatchSpecs.Run(s.Spec, p, tuple);
            if (result.IsNone) return false;
            s.List = MyBeam.Vm.Process.Cons(p, result, s.List);
        }
        else if (s.Kind == EtsScanKind.Replace)
        {
            HeapMark mark = HeapMark.Take(&p->Heap);
            Term result = MatchSpecs.RunTemporary(s.Spec, p, tuple);
            bool matched = !result.IsNone;
            if (matched && result.IsTuple) fresh = EtsObject.Create(result);
            HeapMark.RollBack(&p->Heap, &mark);
            if (!matched) return false;
            if (fresh == null)
            {
                s.Failed = true;
                return false;
            }
        }
        else if (!MatchSpecs.Test(s.Spec, p, tuple))
        {
            return false;
        }
        s.Found++;
        return true;
    }

    private static void Buckets(ref EtsScan s)
    {
        EtsTable* t = s.Table;
        bool write = s.Writes;
        // Writers of other buckets must not move objects from where we were to where we come.
        if (t->Striped) EtsFixations.Begin(t);
        long i = s.Position.IsNone ? 0 : s.Position.SmallValue;
        for (; ; i++)
        {
            if (s.Budget <= 0 || (s.Chunk > 0 && s.Found >= s.Chunk) || s.Failed)
            {
                s.Ended = i >= Volatile.Read(ref t->Hash.Active);
                break;
            }
            if (!EtsHash.EnterBucket(t, i, write))
            {
                s.Ended = true;
                break;
            }
            s.Budget--;
            EtsObject** link = EtsHash.Bucket(&t->Hash, i);
            while (*link != null) link = VisitLink(ref s, link);
            EtsHash.ExitBucket(t, i, write);
        }
        s.Position = Term.Small(i);
        if (t->Striped) EtsFixations.End(t);
    }

    private static void Tree(ref EtsScan s, Term pattern)
    {
        EtsTable* t = s.Table;
        EtsCursor c = default;
        bool partly = !pattern.IsNone;
        if (!s.Position.IsNone) c.Seek(t, s.Position, !s.Backward, s.Backward, false);
        else if (partly) c.Seek(t, pattern, s.Backward, s.Backward, true);
        else c.Begin(t, s.Backward);
        EtsObject* o;
        Term last = Term.None;
        while ((o = c.Object) != null && !s.Failed)
        {
            Term key = EtsTable.Key(t, o);
            if (partly && MatchKeys.ComparePrefix(key, pattern) != 0) break;
            if (s.Budget <= 0 || (s.Chunk > 0 && s.Found >= s.Chunk))
            {
                s.Position = EtsAccess.Copy(s.Process, last);
                return;
            }
            last = key;
            if (!Hit(ref s, o, out EtsObject* fresh) || s.Kind is EtsScanKind.Select or EtsScanKind.Count)
            {
                c.Step(s.Backward);
            }
            else if (fresh != null)
            {
                EtsTree.Replace(t, c.Node, c.Index, fresh);
                last = EtsTable.Key(t, fresh);
                c.Step(s.Backward);
            }
            else
            {
                EtsTree.Take(t, key);
                c.Seek(t, key, !s.Backward, s.Backward, false);
                // The key goes with the object.
                bool slice = s.Budget <= 0;
                if (slice) s.Position = EtsAccess.Copy(s.Process, key);
                EtsObject.Free(o);
                last = Term.None;
                if (slice) return;
            }
        }
        // A chunk that is full is not known to be the last one (OTP gives a continuation, which may then find nothing).
        if (s.Chunk > 0 && s.Found >= s.Chunk && !last.IsNone)
        {
            s.Position = EtsAccess.Copy(s.Process, last);
            return;
        }
        s.Ended = true;
    }
}
