// The run queue of one scheduler: processes that are ready, by priority.
namespace MyBeam.Vm;

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

    public Process* Take()
    {
        Process* p = First;
        if (p == null) return null;
        First = p->Next;
        if (First == null) Last = null;
        return p;
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
    private int count;
    private ProcessRow max, high, normal, low;
    private int normalCount, normalTurns;

    /// <summary>Processes in it; may be out of date at once when read without the lock.</summary>
    public int Count => Volatile.Read(ref count);

    /// <summary>Appends a process; gives how many are in it now.</summary>
    public int Add(Process* p)
    {
        mutex.Lock();
        switch (p->Flags.Urgency)
        {
            case 3: max.Add(p); break;
            case 2: high.Add(p); break;
            case 1:
                normal.Add(p);
                normalCount++;
                break;
            default: low.Add(p); break;
        }
        int n = count + 1;
        Volatile.Write(ref count, n);
        mutex.Unlock();
        return n;
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
