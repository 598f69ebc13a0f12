// Fixing tables: who has fixed a table how often, and the removal of what was deleted meanwhile.
namespace MyBeam.Vm;

using System.Threading;
using MyBeam.Memory;

/// <summary>safe_fixtable/2 and the fixations that traversals make for themselves.</summary>
public static unsafe class EtsFixations
{
    /// <summary>Fixes for a process, which may hold the table's lock as a reader. False: memory is out.</summary>
    public static bool Add(EtsTable* t, Process* p)
    {
        t->FixLock.Lock();
        int i = Find(t, p->Pid);
        bool good = true;
        if (i >= 0)
        {
            t->Fixations[i].Count++;
        }
        else
        {
            if (t->Fixations.Count == 0)
            {
                t->FixedSince = VmClock.ErlangMonotonic(p->Machine);
                t->FixedSystemTime = VmClock.ErlangSystem(p->Machine);
            }
            good = t->Fixations.Add(new EtsFixation { Pid = p->Pid, Count = 1 }, Owner.Ets) && EtsTables.NoteFixer(t, p->Pid);
        }
        if (good) Interlocked.Increment(ref t->FixCount);
        t->FixLock.Unlock();
        return good;
    }

    private static int Find(EtsTable* t, Term pid)
    {
        for (int i = 0; i < t->Fixations.Count; i++)
            if (t->Fixations[i].Pid == pid) return i;
        return -1;
    }

    /// <summary>Takes back one fixation of a process (<paramref name="all"/>: all of them). Whoever calls this then calls Purge without a lock.</summary>
    public static void Remove(EtsTable* t, Term pid, bool all)
    {
        t->FixLock.Lock();
        int i = Find(t, pid);
        if (i >= 0)
        {
            long n = all ? t->Fixations[i].Count : 1;
            t->Fixations[i].Count -= n;
            if (t->Fixations[i].Count == 0)
            {
                EtsFixation last = t->Fixations.Pop();
                if (i < t->Fixations.Count) t->Fixations[i] = last;
                EtsTables.ForgetFixer(t, pid);
            }
            Interlocked.Add(ref t->FixCount, -n);
        }
        t->FixLock.Unlock();
    }

    /// <summary>A traversal that holds the lock as a reader but lets writers of single buckets in, begins.</summary>
    public static void Begin(EtsTable* t) => Interlocked.Increment(ref t->FixCount);

    /// <summary>It ends. Whoever calls this then calls Purge without a lock.</summary>
    public static void End(EtsTable* t) => Interlocked.Decrement(ref t->FixCount);

    /// <summary>Notes that a bucket holds an object that is to be removed later.</summary>
    public static void NoteDeleted(EtsTable* t, long bucket)
    {
        t->FixLock.Lock();
        int n = t->DeletedBuckets.Count;
        if ((n == 0 || t->DeletedBuckets[n - 1] != bucket) && !t->DeletedBuckets.Add(bucket, Owner.Ets)) t->DeletedLost = true;
        t->FixLock.Unlock();
    }

    /// <summary>Removes what was deleted while the table was fixed, if it is not fixed any more. Called without a lock; gives the number of buckets done.</summary>
    public static long Purge(EtsTable* t)
    {
        if (t->IsTree || Volatile.Read(ref t->FixCount) != 0 || (t->DeletedBuckets.Count == 0 && !t->DeletedLost)) return 0;
        t->Lock.EnterWrite();
        long n = PurgeLocked(t);
        t->Lock.ExitWrite();
        return n;
    }

    /// <summary>As Purge, for the holder of the write lock.</summary>
    public static long PurgeLocked(EtsTable* t)
    {
        // A fixation made meanwhile may stand on one of them.
        if (t->IsTree || Volatile.Read(ref t->FixCount) != 0) return 0;
        long n = t->DeletedBuckets.Count;
        for (int i = 0; i < n; i++) EtsHash.PurgeBucket(t, t->DeletedBuckets[i]);
        if (t->DeletedLost)
        {
            n = t->Hash.Active;
            for (long i = 0; i < n; i++) EtsHash.PurgeBucket(t, i);
        }
        t->DeletedBuckets.Clear();
        t->DeletedLost = false;
        return n;
    }
}
