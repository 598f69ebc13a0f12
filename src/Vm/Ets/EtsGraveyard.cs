// Contents of tables whose owners have ended, and which no process is there to free: the schedulers do it, a little before each slice.
namespace MyBeam.Vm;

using System.Threading;
using MyBeam.Platform;

/// <summary>One per VM; embedded in Machine.</summary>
public unsafe struct EtsGraveyard
{
    /// <summary>Not 0: a scheduler is to call Step before its next slice.</summary>
    public int Due;
    /// <summary>Graves, here and with processes, in which something is left.</summary>
    public long Open;
    // The row of graves; whoever frees from the first one holds it, nobody waits long for it.
    private OsMutex mutex, stepMutex;
    private EtsGrave* first;

    /// <summary>Objects that one step frees: about a quarter of a millisecond.</summary>
    public const long StepObjects = 1000;

    /// <summary>Takes over a grave.</summary>
    public static void Add(Machine* m, EtsGrave* g)
    {
        EtsGraveyard* y = &m->Graves;
        y->mutex.Lock();
        g->Next = y->first;
        y->first = g;
        Volatile.Write(ref y->Due, 1);
        y->mutex.Unlock();
    }

    /// <summary>Frees some objects; on a scheduler, between two slices.</summary>
    public static void Step(Machine* m)
    {
        EtsGraveyard* y = &m->Graves;
        if (!y->stepMutex.TryLock()) return;
        y->mutex.Lock();
        EtsGrave* g = y->first;
        if (g != null) y->first = g->Next;
        if (g == null) Volatile.Write(ref y->Due, 0);
        y->mutex.Unlock();
        if (g != null)
        {
            long budget = StepObjects;
            if (EtsGrave.Free(g, ref budget)) Memory.Resources.Release(&g->Head);
            else Add(m, g);
        }
        y->stepMutex.Unlock();
    }

    /// <summary>Frees what is left (when the VM ends).</summary>
    public static void Destroy(Machine* m)
    {
        EtsGraveyard* y = &m->Graves;
        while (y->first != null)
        {
            EtsGrave* g = y->first;
            y->first = g->Next;
            Memory.Resources.Release(&g->Head);
        }
    }
}
