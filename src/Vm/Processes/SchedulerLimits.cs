// How many schedulers run processes: schedulers_online, dirty_cpu_schedulers_online, and multi_scheduling, which leaves only the first one running.
//
// A scheduler that rests goes on with its timers, and hands what becomes ready there to one that runs.
namespace MyBeam.Vm;

using System.Threading;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>The limits of one VM, embedded in Machine. Zeroed: all schedulers run.</summary>
public unsafe struct SchedulerLimits
{
    // As differences from all, so that zero is the default.
    private int offline, dirtyOffline;
    // Schedulers with this index and above rest; 0: none does.
    private int most;
    private OsMutex mutex;
    // A pid for each block.
    private NativeList<Term> blockers, normalBlockers;
    private int blocks, normalBlocks;

    /// <summary>All schedulers there may be.</summary>
    public static int Total(Machine* m) => System.Math.Max(1, System.Math.Min(m->Schedulers.Wanted, Schedulers.Most));

    /// <summary>schedulers_online.</summary>
    public static int Online(Machine* m) => System.Math.Max(1, Total(m) - Volatile.Read(ref m->Limits.offline));

    /// <summary>dirty_cpu_schedulers: threads of DirtyCpu there may be. As many as schedulers unless +SDcpu says less.</summary>
    public static int DirtyTotal(Machine* m) => m->Full != 0 ? System.Math.Min(m->Settings.DirtyCpu, Total(m)) : Total(m);

    /// <summary>dirty_cpu_schedulers_online: threads of DirtyCpu that may work at once.</summary>
    public static int DirtyOnline(Machine* m) => System.Math.Max(1, DirtyTotal(m) - Volatile.Read(ref m->Limits.dirtyOffline));

    /// <summary>The numbers that the command line asks for (+S, +SDcpu), before anything runs.</summary>
    public static void AtStart(Machine* m)
    {
        ref EmulatorSettings s = ref m->Settings;
        m->Schedulers.Wanted = s.Schedulers;
        int total = Total(m), online = System.Math.Min(s.SchedulersOnline, total);
        m->Limits.offline = total - online;
        m->Limits.most = online == total ? 0 : online;
        m->Limits.dirtyOffline = DirtyTotal(m) - System.Math.Min(s.DirtyCpuOnline, DirtyTotal(m));
    }

    /// <summary>Schedulers that run processes now.</summary>
    public static int Active(Machine* m) => AnyBlock(m) ? 1 : Online(m);

    /// <summary>Whether this scheduler runs no processes.</summary>
    public static bool Rests(Machine* m, int index)
    {
        int most = Volatile.Read(ref m->Limits.most);
        return most != 0 && index >= most;
    }

    /// <summary>The scheduler that runs what becomes ready on this one.</summary>
    public static int StandIn(Machine* m, int index)
    {
        int most = Volatile.Read(ref m->Limits.most);
        return most == 0 ? index : index % most;
    }

    /// <summary>Whether somebody has blocked all but one thread, the dirty ones too.</summary>
    public static bool Blocked(Machine* m) => Volatile.Read(ref m->Limits.blocks) != 0;

    /// <summary>Whether somebody has blocked all but one scheduler at least.</summary>
    public static bool AnyBlock(Machine* m) => Blocked(m) || Volatile.Read(ref m->Limits.normalBlocks) != 0;

    /// <summary>blocked, blocked_normal or enabled.</summary>
    public static Term State(Machine* m) => Blocked(m) ? Am.Blocked : AnyBlock(m) ? Am.BlockedNormal : Am.Enabled;

    /// <summary>Who blocks, each once.</summary>
    public static Term Blockers(Process* p, bool normal)
    {
        SchedulerLimits* l = &p->Machine->Limits;
        Term list = Term.Nil;
        Schedulers.LockPatiently(p->Machine, &l->mutex);
        NativeList<Term>* all = normal ? &l->normalBlockers : &l->blockers;
        for (int i = 0; i < all->Count; i++)
        {
            bool seen = false;
            for (Term t = list; t.IsCons; t = t.Tail) seen |= t.Head == (*all)[i];
            if (!seen) list = Process.Cons(p, (*all)[i], list);
        }
        l->mutex.Unlock();
        return list;
    }

    /// <summary>system_flag(multi_scheduling, …): the new state; None with Fail set as Process.YieldWith leaves it when the process has to go on on another scheduler.</summary>
    public static Term Block(Process* p, bool normal)
    {
        Machine* m = p->Machine;
        SchedulerLimits* l = &m->Limits;
        Schedulers.LockPatiently(m, &l->mutex);
        bool good = (normal ? &l->normalBlockers : &l->blockers)->Add(p->Pid, Owner.Vm);
        Publish(l);
        l->mutex.Unlock();
        if (!good) return Process.SystemLimit(p);
        Apply(p);
        return Leave(p, State(m));
    }

    /// <summary>Takes one block of this process back; the new state. Others' blocks stay.</summary>
    public static Term Unblock(Process* p, bool normal)
    {
        SchedulerLimits* l = &p->Machine->Limits;
        Schedulers.LockPatiently(p->Machine, &l->mutex);
        Remove(normal ? &l->normalBlockers : &l->blockers, p->Pid, false);
        Publish(l);
        l->mutex.Unlock();
        Apply(p);
        return State(p->Machine);
    }

    /// <summary>A process ends: its blocks go with it.</summary>
    public static void Died(Process* p)
    {
        Machine* m = p->Machine;
        SchedulerLimits* l = &m->Limits;
        if (!AnyBlock(m)) return;
        Schedulers.LockPatiently(m, &l->mutex);
        bool was = Remove(&l->blockers, p->Pid, true) | Remove(&l->normalBlockers, p->Pid, true);
        Publish(l);
        l->mutex.Unlock();
        if (was) Apply(p);
    }

    /// <summary>system_flag(schedulers_online, N): the old number; the dirty ones change in proportion, as in OTP. None: there are not so many (Fail is not set), or as Block.</summary>
    public static Term SetOnline(Process* p, long n)
    {
        Machine* m = p->Machine;
        int total = Total(m), old = Online(m), dirty = DirtyOnline(m);
        if (n < 1 || n > total) return Process.Badarg(p);
        long fresh = System.Math.Max(1, dirty * (n * 100 / old) / 100);
        Volatile.Write(ref m->Limits.offline, total - (int)n);
        int dirtyTotal = DirtyTotal(m);
        Volatile.Write(ref m->Limits.dirtyOffline, dirtyTotal - (int)System.Math.Min(fresh, dirtyTotal));
        Apply(p);
        return Leave(p, Term.Small(old));
    }

    /// <summary>system_flag(dirty_cpu_schedulers_online, N): the old number. None: more than schedulers are online.</summary>
    public static Term SetDirtyOnline(Process* p, long n)
    {
        Machine* m = p->Machine;
        int old = DirtyOnline(m);
        if (n < 1 || n > System.Math.Min(Online(m), DirtyTotal(m))) return Process.Badarg(p);
        Volatile.Write(ref m->Limits.dirtyOffline, DirtyTotal(m) - (int)n);
        DirtyPool.LimitChanged(&m->DirtyCpu);
        return Term.Small(old);
    }

    /// <summary>Frees the lists.</summary>
    public static void Destroy(Machine* m)
    {
        m->Limits.blockers.Free(Owner.Vm);
        m->Limits.normalBlockers.Free(Owner.Vm);
    }

    private static bool Remove(NativeList<Term>* list, Term pid, bool all)
    {
        bool found = false;
        for (int i = list->Count - 1; i >= 0 && (all || !found); i--)
        {
            if ((*list)[i] != pid) continue;
            found = true;
            Term last = list->Pop();
            if (i < list->Count) (*list)[i] = last;
        }
        return found;
    }

    private static void Publish(SchedulerLimits* l)
    {
        Volatile.Write(ref l->blocks, l->blockers.Count);
        Volatile.Write(ref l->normalBlocks, l->normalBlockers.Count);
    }

    // Makes the schedulers follow: when this returns, those that are to rest run nothing any more but for the caller's own, which leaves it at once.
    private static void Apply(Process* p)
    {
        Machine* m = p->Machine;
        Scheduler* own = p->Context->Scheduler;
        DirtyPool.LimitChanged(&m->DirtyCpu);
        // A process on a context of its own (on_load) belongs to no scheduler.
        Schedulers.StopAll(m);
        int active = Active(m);
        Volatile.Write(ref m->Limits.most, active == Total(m) ? 0 : active);
        Schedulers.GoOn(m);
        if (own == null) return;
        // Two that do this at the same time must not wait for each other.
        Volatile.Write(ref own->Busy, 0);
        for (int i = active; i < m->Schedulers.Count; i++)
        {
            Scheduler* s = Schedulers.Get(m, i);
            while (s != own && Volatile.Read(ref s->Busy) != 0 && Volatile.Read(ref m->Ending) == 0 && Volatile.Read(ref m->Halting) == 0) Schedulers.Pause(m);
        }
        while (Blocked(m) && (m->DirtyCpu.InFlight != 0 || m->DirtyIo.InFlight != 0) && Volatile.Read(ref m->Halting) == 0) Schedulers.Pause(m);
        Volatile.Write(ref own->Busy, 1);
        // Those that may run again find out what there is to do.
        Schedulers.WakeAll(m);
    }

    // The process goes on where it may.
    private static Term Leave(Process* p, Term result) =>
        p->Context->Scheduler != null && Rests(p->Machine, p->Context->Scheduler->Index) ? Process.YieldWith(p, result) : result;
}
