// The end of tables: deleting, emptying, inheriting. What was in a table goes to a grave first, in no time and under its lock; the grave is then
// freed bit by bit without any lock.
namespace MyBeam.Vm;

using System.Threading;
using MyBeam.Memory;

/// <summary>Contents without a table, to be freed. A magic reference holds it between the slices of work, so that it goes with its process.</summary>
public unsafe struct EtsGrave
{
    public NativeResource Head;
    /// <summary>Objects that were in it.</summary>
    public long Count;
    /// <summary>The next grave that no process holds (EtsGraveyard).</summary>
    public EtsGrave* Next;
    // Until all is freed: whose count of open graves it is in.
    private Machine* machine;
    private EtsHash hash;
    private EtsNode* root;
    private long bucket;

    /// <summary>Takes over what is in a table, which must get new contents or be closed. Null: memory is out (nothing changes).</summary>
    public static EtsGrave* Dig(EtsTable* t)
    {
        EtsGrave* g = (EtsGrave*)Allocator.AllocZeroed((nuint)sizeof(EtsGrave), Owner.Resource);
        if (g == null) return null;
        g->Head.RefCount = 1;
        g->Head.Destroy = &Destroy;
        g->Head.Kind = ResourceKind.EtsGrave;
        g->Count = t->Count;
        g->hash = t->Hash;
        g->root = t->Tree.Root;
        g->machine = t->Machine;
        Interlocked.Increment(ref t->Machine->Graves.Open);
        return g;
    }

    /// <summary>Whose it is, while something is left in it.</summary>
    public static Machine* MachineOf(EtsGrave* g) => g->machine;

    private static void Destroy(NativeResource* r)
    {
        EtsGrave* g = (EtsGrave*)r;
        long all = long.MaxValue;
        Free(g, ref all);
        Allocator.Free(g, (nuint)sizeof(EtsGrave), Owner.Resource);
    }

    /// <summary>Frees about as many objects as the budget says and takes them off it. True: all are gone.</summary>
    public static bool Free(EtsGrave* g, ref long budget)
    {
        if (g->root != null)
        {
            if (!FreeNode(g->root, ref budget)) return false;
            g->root = null;
        }
        for (; g->bucket < g->hash.Active; g->bucket++)
        {
            if (budget <= 0) return false;
            EtsObject** chain = EtsHash.Bucket(&g->hash, g->bucket);
            while (*chain != null)
            {
                EtsObject* o = *chain;
                *chain = o->Next;
                EtsObject.Free(o);
                budget--;
            }
            budget--;
        }
        EtsHash.FreeSegments(&g->hash);
        g->bucket = 0;
        if (g->machine != null) Interlocked.Decrement(ref g->machine->Graves.Open);
        g->machine = null;
        return true;
    }

    // From the right end; an interrupted node is a smaller one.
    private static bool FreeNode(EtsNode* n, ref long budget)
    {
        if (n->Leaf != 0)
        {
            for (int i = 0; i < n->Count; i++) EtsObject.Free(EtsNode.Object(n, i));
            budget -= n->Count;
            EtsNode.Free(n);
            return true;
        }
        for (; ; )
        {
            if (budget <= 0 || !FreeNode(EtsNode.Children(n)[n->Count], ref budget)) return false;
            if (n->Count == 0) break;
            EtsObject.Free(EtsNode.Object(n, --n->Count));
            budget--;
        }
        EtsNode.Free(n);
        return true;
    }
}

/// <summary>Changes in the life of a table.</summary>
public static unsafe class EtsLife
{
    /// <summary>
    /// Closes a table that <paramref name="owner"/> owns: no operation finds it any more, its name is free, its claim on itself is dropped. The caller has a claim and no lock.
    /// Gives the grave of its contents (a claim of the caller's), or null: it was closed already, is not this owner's, or (then all was freed) memory is out.
    /// </summary>
    public static EtsGrave* Close(EtsTable* t, Term owner)
    {
        t->Lock.EnterWrite();
        if (t->Closed || t->Owner != owner)
        {
            t->Lock.ExitWrite();
            return null;
        }
        return CloseLocked(t);
    }

    /// <summary>As Close, for the table's writer; leaves the lock.</summary>
    public static EtsGrave* CloseLocked(EtsTable* t)
    {
        Volatile.Write(ref t->Closed, true);
        EtsTable.FreeHeirData(t);
        t->Heir = Am.None;
        EtsGrave* grave = EtsGrave.Dig(t);
        // No memory for the grave: everything is freed here and now.
        if (grave == null) FreeNow(t);
        t->Hash = default;
        t->Tree = default;
        Term name = t->Named ? t->Name : Term.None;
        t->Lock.ExitWrite();
        DropFixations(t);
        if (!name.IsNone)
        {
            EtsNames* names = &t->Machine->Ets.Names;
            EtsNames.EnterWrite(names, name, Term.None);
            EtsNames.Clear(names, name, t);
            EtsNames.ExitWrite(names, name, Term.None);
        }
        EtsTables.Remove(t);
        // Those who found it by name before that are in or have left after this.
        t->Lock.EnterWrite();
        EtsTable.LeaveMemory(t);
        t->Lock.ExitWrite();
        Resources.Release(&t->Head);
        return grave;
    }

    private static void FreeNow(EtsTable* t)
    {
        for (long i = 0; i < t->Hash.Active; i++)
        {
            EtsObject** chain = EtsHash.Bucket(&t->Hash, i);
            while (*chain != null)
            {
                EtsObject* o = *chain;
                *chain = o->Next;
                EtsObject.Free(o);
            }
        }
        EtsHash.FreeBuckets(t);
        while (t->Tree.Root != null)
        {
            EtsCursor c = default;
            c.Begin(t, false);
            EtsObject.Free(EtsTree.Take(t, EtsTable.Key(t, c.Object)));
        }
    }

    private static void DropFixations(EtsTable* t)
    {
        for (; ; )
        {
            t->FixLock.Lock();
            Term pid = t->Fixations.Count == 0 ? Term.None : t->Fixations[0].Pid;
            t->FixLock.Unlock();
            if (pid.IsNone) return;
            EtsFixations.Remove(t, pid, true);
        }
    }

    /// <summary>
    /// Empties a table; the caller is its writer. In a fixed hash table the objects stay as deleted places. Gives the number of objects, and the grave (null:
    /// nothing is to be freed).
    /// </summary>
    public static long Empty(EtsTable* t, out EtsGrave* grave)
    {
        long n = t->Count;
        grave = null;
        if (n == 0) return 0;
        if (Volatile.Read(ref t->FixCount) == 0 || t->IsTree)
        {
            grave = EtsGrave.Dig(t);
            EtsHash old = t->Hash;
            if (grave != null)
            {
                t->Tree.Root = null;
                if (t->IsTree || EtsHash.Create(t))
                {
                    t->Account(-n, BareWords(t) - t->Words);
                    return n;
                }
                // No memory for new buckets: the objects are deleted one by one.
                t->Hash = old;
                *grave = default;
                Interlocked.Decrement(ref t->Machine->Graves.Open);
                Allocator.Free(grave, (nuint)sizeof(EtsGrave), Owner.Resource);
                grave = null;
            }
        }
        EachOff(t);
        return n;
    }

    private static long BareWords(EtsTable* t) =>
        (sizeof(EtsTable) / 8) + (t->Striped ? EtsTable.StripeCount * 8 : 0) + (t->IsTree ? 0 : EtsHash.MinBuckets);

    private static void EachOff(EtsTable* t)
    {
        while (t->Tree.Root != null)
        {
            EtsCursor c = default;
            c.Begin(t, false);
            EtsObject.Free(EtsTree.Take(t, EtsTable.Key(t, c.Object)));
        }
        for (long i = 0; i < t->Hash.Active; i++)
        {
            EtsObject** link = EtsHash.Bucket(&t->Hash, i);
            while (*link != null) link = (*link)->Deleted ? &(*link)->Next : EtsHash.Remove(t, link);
        }
    }

    /// <summary>
    /// The owner <paramref name="p"/> ends: gives the table to its heir, with the message {'ETS-TRANSFER', Tid, Owner, Data} if data was given. False: it has none that is alive and somebody
    /// else, or is closed.
    /// </summary>
    public static bool Inherit(Process* p, EtsTable* t)
    {
        t->Lock.EnterWrite();
        Term heir = t->Heir;
        bool good = !t->Closed && t->Owner == p->Pid && heir != Am.None && heir != p->Pid && EtsSignals.Birth(p->Machine, heir) == t->HeirBorn && EtsTables.Give(t, heir);
        Term data = good && t->HeirData != null ? EtsObject.ToHeap(t->HeirData, p) : Term.None;
        t->Lock.ExitWrite();
        if (good && !data.IsNone) Transfer(p, t, heir, data.TupleElements[0]);
        if (good) EtsSignals.AfterGiving(p, t, heir);
        return good;
    }

    /// <summary>Tells a process that it owns a table now.</summary>
    public static void Transfer(Process* p, EtsTable* t, Term to, Term data)
    {
        Term message = Process.NewTuple(p, 4);
        Term* e = message.TupleElements;
        e[0] = Am.EtsTransfer;
        e[1] = e[2] = Term.Nil;
        e[3] = data;
        e[1] = t->Named ? t->Name : EtsTable.Tid(p, t);
        e[2] = p->Pid;
        EtsSignals.Deliver(p, to, message);
    }
}
