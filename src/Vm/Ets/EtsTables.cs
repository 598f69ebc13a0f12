// All tables of a VM: by id, and by owner and fixing process, so that the end of a process finds what it has to clean up. Names are in EtsNames.
namespace MyBeam.Vm;

using System.Threading;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>What the tables know of a process: those it owns and those it has fixed.</summary>
internal unsafe struct EtsProcess
{
    public Term Pid;
    public EtsProcess* Next;
    public EtsTable* Owned;
    /// <summary>Addresses of tables, each with a claim.</summary>
    public NativeList<ulong> Fixed;
}

/// <summary>The registry, embedded in Machine; zeroed memory is an empty one.</summary>
public unsafe struct EtsTables
{
    private const int Buckets = 1024;

    private OsMutex mutex;
    private long count;
    // Two tables of Buckets chains: EtsTable by id, EtsProcess by pid. Made with the first table.
    private EtsTable** byId;
    private EtsProcess** byPid;
    /// <summary>Named tables.</summary>
    public EtsNames Names;

    /// <summary>Number of tables.</summary>
    public static long Count(Machine* m) => Volatile.Read(ref m->Ets.count);

    private static EtsTable** IdChain(EtsTables* r, ulong id0) => r->byId + ((id0 * 0x9E37_79B9_7F4A_7C15) >> 54);

    private static EtsProcess** PidLink(EtsTables* r, Term pid)
    {
        EtsProcess** link = r->byPid + ((pid.Bits * 0x9E37_79B9_7F4A_7C15) >> 54);
        while (*link != null && (*link)->Pid != pid) link = &(*link)->Next;
        return link;
    }

    // The entry of a process, made if needed; null: memory is out.
    private static EtsProcess* OfPid(EtsTables* r, Term pid)
    {
        EtsProcess** link = PidLink(r, pid);
        if (*link != null) return *link;
        EtsProcess* e = (EtsProcess*)Allocator.AllocZeroed((nuint)sizeof(EtsProcess), Owner.Ets);
        if (e == null) return null;
        e->Pid = pid;
        *link = e;
        return e;
    }

    private static void DropIfEmpty(EtsTables* r, Term pid)
    {
        EtsProcess** link = PidLink(r, pid);
        EtsProcess* e = *link;
        if (e == null || e->Owned != null || e->Fixed.Count != 0) return;
        *link = e->Next;
        e->Fixed.Free(Owner.Ets);
        Allocator.Free(e, (nuint)sizeof(EtsProcess), Owner.Ets);
    }

    /// <summary>Adds a new table with its owner. False: memory is out.</summary>
    public static bool Add(EtsTable* t)
    {
        EtsTables* r = &t->Machine->Ets;
        r->mutex.Lock();
        bool good = true;
        if (r->byId == null)
        {
            r->byId = (EtsTable**)Allocator.AllocZeroed(Buckets * 8, Owner.Ets);
            r->byPid = (EtsProcess**)Allocator.AllocZeroed(Buckets * 8, Owner.Ets);
            good = r->byId != null && r->byPid != null;
        }
        good = good && Own(r, t);
        if (good)
        {
            EtsTable** chain = IdChain(r, t->Id0);
            t->NextById = *chain;
            *chain = t;
            r->count++;
        }
        r->mutex.Unlock();
        return good;
    }

    private static bool Own(EtsTables* r, EtsTable* t)
    {
        EtsProcess* e = OfPid(r, t->Owner);
        if (e == null) return false;
        t->PreviousOwned = null;
        t->NextOwned = e->Owned;
        if (e->Owned != null) e->Owned->PreviousOwned = t;
        e->Owned = t;
        return true;
    }

    private static void Disown(EtsTables* r, EtsTable* t)
    {
        if (t->PreviousOwned != null) t->PreviousOwned->NextOwned = t->NextOwned;
        else (*PidLink(r, t->Owner))->Owned = t->NextOwned;
        if (t->NextOwned != null) t->NextOwned->PreviousOwned = t->PreviousOwned;
        DropIfEmpty(r, t->Owner);
    }

    /// <summary>Gives a table to another process. The caller is its writer. False: memory is out (nothing changes).</summary>
    public static bool Give(EtsTable* t, Term to)
    {
        EtsTables* r = &t->Machine->Ets;
        r->mutex.Lock();
        bool good = OfPid(r, to) != null;
        if (good)
        {
            Disown(r, t);
            t->Owner = to;
            Own(r, t);
        }
        r->mutex.Unlock();
        return good;
    }

    /// <summary>Takes a table out that was closed.</summary>
    public static void Remove(EtsTable* t)
    {
        EtsTables* r = &t->Machine->Ets;
        r->mutex.Lock();
        EtsTable** link = IdChain(r, t->Id0);
        while (*link != t) link = &(*link)->NextById;
        *link = t->NextById;
        Disown(r, t);
        r->count--;
        r->mutex.Unlock();
    }

    /// <summary>The table with these id words, with one more claim, or null.</summary>
    public static EtsTable* FindById(Machine* m, ulong id0, ulong id1)
    {
        EtsTables* r = &m->Ets;
        r->mutex.Lock();
        EtsTable* t = r->byId == null ? null : *IdChain(r, id0);
        while (t != null && (t->Id0 != id0 || t->Id1 != id1)) t = t->NextById;
        if (t != null) Resources.Retain(&t->Head);
        r->mutex.Unlock();
        return t;
    }

    /// <summary>Writes the sections of all tables into a crash dump. Nothing else runs.</summary>
    internal static void Dump(Machine* m, ref DumpWriter w)
    {
        EtsTables* r = &m->Ets;
        for (int i = 0; r->byId != null && i < Buckets; i++)
            for (EtsTable* t = r->byId[i]; t != null && w.Flush(); t = t->NextById) CrashDump.Table(ref w, t);
    }

    /// <summary>All tables: names of named ones, else tids.</summary>
    public static Term All(Process* p)
    {
        EtsTables* r = &p->Machine->Ets;
        Term list = Term.Nil;
        r->mutex.Lock();
        for (int i = 0; r->byId != null && i < Buckets; i++)
        {
            for (EtsTable* t = r->byId[i]; t != null; t = t->NextById)
                list = Process.Cons(p, t->Named ? t->Name : EtsTable.Tid(p, t), list);
        }
        r->mutex.Unlock();
        return list;
    }

    /// <summary>Notes that a process has a fixation of a table. The caller holds FixLock. False: memory is out.</summary>
    public static bool NoteFixer(EtsTable* t, Term pid)
    {
        EtsTables* r = &t->Machine->Ets;
        r->mutex.Lock();
        EtsProcess* e = OfPid(r, pid);
        bool good = e != null && e->Fixed.Add((ulong)t, Owner.Ets);
        if (good) Resources.Retain(&t->Head);
        r->mutex.Unlock();
        return good;
    }

    /// <summary>Takes NoteFixer back. The caller holds FixLock and a claim of its own.</summary>
    public static void ForgetFixer(EtsTable* t, Term pid)
    {
        EtsTables* r = &t->Machine->Ets;
        bool found = false;
        r->mutex.Lock();
        EtsProcess* e = *PidLink(r, pid);
        for (int i = 0; e != null && i < e->Fixed.Count; i++)
        {
            if (e->Fixed[i] != (ulong)t) continue;
            ulong last = e->Fixed.Pop();
            if (i < e->Fixed.Count) e->Fixed[i] = last;
            found = true;
            break;
        }
        if (found && e->Fixed.Count == 0) e->Fixed.Free(Owner.Ets);
        DropIfEmpty(r, pid);
        r->mutex.Unlock();
        if (found) Resources.Release(&t->Head);
    }

    // A table that a process owns (or has fixed), with one more claim, or null.
    private static EtsTable* AnyOf(Machine* m, Term pid, bool fixedOnes)
    {
        EtsTables* r = &m->Ets;
        EtsTable* t = null;
        r->mutex.Lock();
        EtsProcess* e = r->byPid == null ? null : *PidLink(r, pid);
        if (e != null)
        {
            if (!fixedOnes) t = e->Owned;
            else if (e->Fixed.Count > 0) t = (EtsTable*)e->Fixed[e->Fixed.Count - 1];
        }
        if (t != null) Resources.Retain(&t->Head);
        r->mutex.Unlock();
        return t;
    }

    private const long CostOfTable = 20;

    /// <summary>
    /// The end of a process: takes its fixations back, gives its tables to their heirs (with the message 'ETS-TRANSFER') or deletes them. Runs on the
    /// thread that ends the process and needs nothing of it but its pid; messages are built on the heap of <paramref name="p"/>, the process that ends. At
    /// most about <paramref name="budget"/> objects are freed; false: call again for the rest.
    /// </summary>
    public static bool OwnerDied(Process* p, ref long budget)
    {
        Machine* m = p->Machine;
        if (Volatile.Read(ref m->Ets.count) == 0) return true;
        for (EtsTable* t; (t = AnyOf(m, p->Pid, true)) != null;)
        {
            EtsFixations.Remove(t, p->Pid, true);
            budget -= EtsFixations.Purge(t);
            Resources.Release(&t->Head);
        }
        for (EtsTable* t; (t = AnyOf(m, p->Pid, false)) != null;)
        {
            if (!EtsLife.Inherit(p, t))
            {
                EtsGrave* grave = EtsLife.Close(t, p->Pid);
                long some = System.Math.Min(EtsGraveyard.StepObjects, budget);
                budget -= some + CostOfTable;
                if (grave != null && EtsGrave.Free(grave, ref some)) Resources.Release(&grave->Head);
                else if (grave != null) EtsGraveyard.Add(m, grave);
                budget += System.Math.Max(some, 0);
            }
            else budget -= CostOfTable;
            Resources.Release(&t->Head);
            if (budget <= 0) return AnyOwned(m, p->Pid) == 0;
        }
        return true;
    }

    private static int AnyOwned(Machine* m, Term pid)
    {
        EtsTable* t = AnyOf(m, pid, false);
        if (t == null) return 0;
        Resources.Release(&t->Head);
        return 1;
    }

    /// <summary>Deletes all tables at the end of a VM; no process runs any more.</summary>
    public static void Destroy(Machine* m)
    {
        EtsTables* r = &m->Ets;
        for (int i = 0; r->byId != null && i < Buckets; i++)
        {
            for (EtsTable* t; (t = r->byId[i]) != null;)
            {
                // Claims that only fixations hold go with their list below.
                Resources.Retain(&t->Head);
                EtsGrave* grave = EtsLife.Close(t, t->Owner);
                long all = long.MaxValue;
                if (grave != null)
                {
                    EtsGrave.Free(grave, ref all);
                    Resources.Release(&grave->Head);
                }
                Resources.Release(&t->Head);
            }
        }
        for (int i = 0; r->byPid != null && i < Buckets; i++)
        {
            for (EtsProcess* e; (e = r->byPid[i]) != null;)
            {
                for (int k = 0; k < e->Fixed.Count; k++) Resources.Release(&((EtsTable*)e->Fixed[k])->Head);
                r->byPid[i] = e->Next;
                e->Fixed.Free(Owner.Ets);
                Allocator.Free(e, (nuint)sizeof(EtsProcess), Owner.Ets);
            }
        }
        Allocator.Free(r->byId, Buckets * 8, Owner.Ets);
        Allocator.Free(r->byPid, Buckets * 8, Owner.Ets);
        r->byId = null;
        r->byPid = null;
        EtsNames.Destroy(&r->Names);
    }
}
