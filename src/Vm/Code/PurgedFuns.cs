// Funs of code that is being purged. From the moment when erts_code_purger begins to ask all processes whether they are in the old code until it is gone (or stays),
// nobody may enter it through a fun: who calls one is suspended in erts_code_purger:pending_purge_lambda/3, and calls it again afterwards.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Embedded in Machine. One purge goes on at a time.</summary>
public unsafe struct PurgedFuns
{
    private OsMutex mutex;
    // Pids of processes that wait.
    private NativeList<Term> waiting;

    /// <summary>The version that is being purged, or null.</summary>
    public static LoadedModule* Of(Machine* m) => m->PurgedFuns.module;

    private LoadedModule* module;

    /// <summary>The old code of a module is to be purged. Other schedulers stand still.</summary>
    public static void Begin(Machine* m, LoadedModule* old)
    {
        m->PurgedFuns.module = old;
        for (int k = 0; k < old->FunCount; k++)
        {
            FunEntry* f = old->Funs[k].Entry;
            if (f->Owner != old) continue;
            f->Waits = f->Address;
            f->Address = null;
        }
    }

    /// <summary>The purge was given up (the code stays), or it is done: who waits goes on. Other schedulers stand still; of code that goes, this comes before.</summary>
    public static void End(Machine* m, Context* c, LoadedModule* old, bool stays)
    {
        m->PurgedFuns.module = null;
        for (int k = 0; old != null && k < old->FunCount; k++)
        {
            FunEntry* f = old->Funs[k].Entry;
            // Another version with the same funs may have come.
            if (stays && f->Owner == old && f->Waits != null) f->Address = f->Waits;
            f->Waits = null;
        }
        PurgedFuns* t = &m->PurgedFuns;
        t->mutex.Lock();
        for (int i = 0; i < t->waiting.Count; i++) Suspension.End(m, c, t->waiting[i], 1, false);
        t->waiting.Clear();
        t->mutex.Unlock();
    }

    /// <summary>The running process calls a fun that has no address. True: it is suspended, as the fun's code is being purged.</summary>
    public static bool Hold(Process* p, FunEntry* f)
    {
        if (f->Waits == null) return false;
        PurgedFuns* t = &p->Machine->PurgedFuns;
        t->mutex.Lock();
        bool held = t->waiting.Add(p->Pid, Owner.Code);
        t->mutex.Unlock();
        if (!held) return false;
        p->Lock.Lock();
        p->SuspendCount++;
        p->Lock.Unlock();
        return true;
    }

    /// <summary>Frees the list.</summary>
    public static void Destroy(Machine* m) => m->PurgedFuns.waiting.Free(Owner.Code);
}
