// The run queue of one scheduler: processes that are ready, by priority.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using System.Threading;
using MyBeam.Platform;

/// <summary>A first-in first-out row of processes.</summary>
internal unsafe struct ProcessRow
{
    public Process* First, Last;

    public void Add(Process* p)
    {
        p->Next = null;
        if (First == null) First = p;
        else Last->Next = p;
        Last = p;
    }

    public void AddFirst(Process* p)
    {
        p->Next = First;
        First = p;
        if (Last == null) Last = p;
    }

    public Process* Take()
    {
        Process* p = First;
        if (p == null) return null;
        First = p->Next;
        if (First == null) Last = null;
        return p;
    }

    // False: it is not in it.
    public bool Remove(Process* p)
    {
        Process* before = null;
        for (Process* at = First; at != null; before = at, at = at->Next)
        {
            if (at != p) continue;
            if (before == null) First = p->Next;
            else before->Next = p->Next;
            if (Last == p) Last = before;
            return true;
        }
        return false;
    }

    // The first that any scheduler may run, or null.
    public Process* TakeFree()
    {
        Process* before = null;
        for (Process* p = First; p != null; before = p, p = p->Next)
        {
            if (p->Flags.Scheduler != 0) continue;
            if (before == null) return Take();
            before->Next = p->Next;
            if (Last == p) Last = before;
            return p;
        }
        return null;
    }

    // The n-th from the front (0: the first).
    public Process* TakeAt(int n)
    {
        if (n == 0) return Take();
        Process* before = First;
        while (--n > 0) before = before->Next;
        Process* p = before->Next;
        before->Next = p->Next;
        if (Last == p) Last = before;
        return p;
    }
}

/// <summary>Ready processes. max and high go first, always; low gets one turn in eight of normal's (as in OTP).</summary>
public unsafe struct RunQueue
{
    private const int LowTurn = 8;

    private OsMutex mutex;
    private int count, bound;
    private ProcessRow max, high, normal, low;
    private int normalCount, normalTurns;

    /// <summary>Processes in it; may be out of date at once when read without the lock.</summary>
    public int Count => Volatile.Read(ref count);

    /// <summary>Those that any scheduler may run.</summary>
    public int Free => Volatile.Read(ref count) - Volatile.Read(ref bound);

    /// <summary>Appends a process; gives how many are in it now.</summary>
    public int Add(Process* p)
    {
        // Before the lock: whoever sets Lifted afterwards finds it here, and what was set before is seen below.
        Volatile.Write(ref *(nint*)&p->Queue, (nint)Unsafe.AsPointer(ref this));
        mutex.Lock();
        if (p->Flags.Scheduler != 0) Volatile.Write(ref bound, bound + 1);
        Put(p, System.Math.Max(p->Flags.Urgency, Volatile.Read(ref p->Lifted)));
        int n = count + 1;
        Volatile.Write(ref count, n);
        mutex.Unlock();
        return n;
    }

    private void Put(Process* p, int row)
    {
        p->Row = row;
        switch (row)
        {
            case 3: max.Add(p); break;
            case 2: high.Add(p); break;
            case 1:
                normal.Add(p);
                normalCount++;
                break;
            default: low.Add(p); break;
        }
    }

    /// <summary>A process is wanted with a higher priority (Process.Lifted is set): if it is in a run queue, it changes its row.</summary>
    public static void Lift(Process* p)
    {
        Interlocked.MemoryBarrier();
        RunQueue* q = (RunQueue*)Volatile.Read(ref *(nint*)&p->Queue);
        if (q == null) return;
        q->mutex.Lock();
        int lifted = Volatile.Read(ref p->Lifted);
        // By now it may be in another queue, where it was put with what it is wanted for.
        if (p->Queue == q && p->Row < lifted)
        {
            bool found = p->Row switch { 2 => q->high.Remove(p), 1 => q->normal.Remove(p), _ => q->low.Remove(p) };
            if (found)
            {
                if (p->Row == 1) q->normalCount--;
                q->Put(p, lifted);
            }
        }
        q->mutex.Unlock();
    }

    /// <summary>Takes the process whose turn it is, or null. <paramref name="random"/>: null, or a generator that chooses among the normal ones (--deterministic).</summary>
    public Process* Take(SplitRandom* random)
    {
        if (Count == 0) return null;
        mutex.Lock();
        Process* p = max.Take();
        if (p == null) p = high.Take();
        if (p == null && low.First != null && (normal.First == null || ++normalTurns >= LowTurn))
        {
            normalTurns = 0;
            p = low.Take();
        }
        if (p == null && normal.First != null)
        {
            p = random == null || normalCount == 1 ? normal.Take() : normal.TakeAt(random->Below(normalCount));
            normalCount--;
        }
        if (p != null)
        {
            Volatile.Write(ref count, count - 1);
            if (p->Flags.Scheduler != 0) Volatile.Write(ref bound, bound - 1);
        }
        mutex.Unlock();
        return p;
    }

    /// <summary>Takes a process for another scheduler, or null.</summary>
    public Process* TakeFree()
    {
        if (Volatile.Read(ref bound) == 0) return Take(null);
        mutex.Lock();
        Process* p = max.TakeFree();
        if (p == null) p = high.TakeFree();
        if (p == null && (p = normal.TakeFree()) != null) normalCount--;
        if (p == null) p = low.TakeFree();
        if (p != null) Volatile.Write(ref count, count - 1);
        mutex.Unlock();
        return p;
    }
}

/// <summary>A small generator of pseudorandom numbers (splitmix64).</summary>
public struct SplitRandom
{
    private ulong state;

    public SplitRandom(ulong seed) => state = seed;

    /// <summary>A number from 0 to below <paramref name="limit"/>.</summary>
    public int Below(int limit)
    {
        ulong z = state += 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return (int)((z ^ (z >> 31)) % (ulong)limit);
    }
}
