// All processes of a VM by number. Reading takes no lock: the structures are type-stable (see Process), so a stale pointer is harmless.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using System.Threading;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>The process table: a row of places; a pid's number names its place, its serial tells apart the processes that had the place one after another.</summary>
public unsafe struct ProcessTable
{
    private ulong born;
    private Process** places;
    private ulong mask;
    private ulong next;
    private int live, exiting;
    private OsMutex mutex;
    private Process* free;
    private NativeList<nint> slabs;

    private const int SlabProcesses = 16;

    /// <summary>Most processes at once (system_info(process_limit)).</summary>
    public const int DefaultLimit = 1 << 20;

    /// <summary>Makes the table. False when memory is out.</summary>
    public static bool Create(Machine* m, int limit)
    {
        ProcessTable* t = &m->Table;
        // Zeroed memory of this size costs nothing until it is touched.
        t->places = (Process**)Allocator.AllocZeroed((nuint)limit * 8, Owner.Vm);
        t->mask = (ulong)limit - 1;
        return t->places != null;
    }

    /// <summary>Frees the table and the structures; the processes are gone.</summary>
    public static void Destroy(Machine* m)
    {
        ProcessTable* t = &m->Table;
        for (int i = 0; i < t->slabs.Count; i++) Allocator.Free((void*)t->slabs[i], (nuint)(SlabProcesses * sizeof(Process)), Owner.Process);
        t->slabs.Free(Owner.Vm);
        if (t->places != null) Allocator.Free(t->places, (nuint)(t->mask + 1) * 8, Owner.Vm);
        *t = default;
    }

    /// <summary>Live processes, those that are exiting included.</summary>
    public static int Count(Machine* m) => Volatile.Read(ref m->Table.live);

    /// <summary>As processes/0 counts: without those that are exiting.</summary>
    public static int CountNotExiting(Machine* m) => System.Math.Max(0, Volatile.Read(ref m->Table.live) - Volatile.Read(ref m->Table.exiting));

    /// <summary>A process that has just become Exiting, under its lock.</summary>
    public static void Exits(Machine* m) => Interlocked.Increment(ref m->Table.exiting);

    /// <summary>Places: going through Place(0 .. Limit - 1) meets every process.</summary>
    public static int Limit(Machine* m) => (int)m->Table.mask + 1;

    /// <summary>The process in a place, or null; may be gone by the time the caller looks at it.</summary>
    public static Process* Place(Machine* m, int i) => (Process*)Volatile.Read(ref *(nint*)&m->Table.places[i]);

    /// <summary>The number that the next process is likely to get.</summary>
    public static long NextNumber(Machine* m) => (long)m->Table.next;

    /// <summary>Has the next process get this number, or the first free one after it, which may have been another's: for tests. Gives the number.</summary>
    public static long SetNextNumber(Machine* m, long number)
    {
        m->Table.mutex.Lock();
        m->Table.next = (ulong)number;
        m->Table.mutex.Unlock();
        return number;
    }

    /// <summary>A pid that no process ever gets.</summary>
    public static Term ReservePid(Machine* m)
    {
        m->Table.mutex.Lock();
        Term pid = Term.Pid(m->Table.next++);
        m->Table.mutex.Unlock();
        return pid;
    }

    /// <summary>A structure with a pid and an unlocked lock, an empty mailbox, everything else zero, in its place; Status is Running, so nobody schedules it. Null: memory is out
    /// or the table is full.</summary>
    public static Process* Add(Machine* m)
    {
        ProcessTable* t = &m->Table;
        t->mutex.Lock();
        if (t->free == null && !Grow(t) || (ulong)t->live > t->mask)
        {
            t->mutex.Unlock();
            return null;
        }
        Process* p = t->free;
        t->free = p->Next;
        while (t->places[t->next & t->mask] != null) t->next++;
        ulong number = t->next++;
        t->live++;
        // An old sender may hold the lock, an old timer that of the timers, for a moment.
        p->Lock.Lock();
        byte* start = (byte*)p;
        nuint before = (nuint)((byte*)&p->Lock - start), after = (nuint)((byte*)(&p->Timers + 1) - start);
        Unsafe.InitBlockUnaligned(start, 0, (uint)before);
        Unsafe.InitBlockUnaligned(start + after, 0, (uint)((nuint)sizeof(Process) - after));
        p->Machine = m;
        p->Pid = Term.Pid(number);
        p->Born = ++t->born;
        p->Status = ProcessStatus.Running;
        p->Lock.Unlock();
        // From the next line on processes/0 gives its pid: timers and signals to it must not find it dead.
        Mailbox.Initialize(p);
        Timers.ProcessStarted(p);
        Volatile.Write(ref *(nint*)&t->places[number & t->mask], (nint)p);
        t->mutex.Unlock();
        return p;
    }

    /// <summary>Takes a process out; its structure may be handed out again.</summary>
    public static void Remove(Machine* m, Process* p)
    {
        ProcessTable* t = &m->Table;
        t->mutex.Lock();
        Volatile.Write(ref *(nint*)&t->places[p->Pid.PidData & t->mask], 0);
        p->Lock.Lock();
        if (p->Status == ProcessStatus.Exiting) Interlocked.Decrement(ref t->exiting);
        p->Pid = Term.None;
        p->Status = ProcessStatus.Free;
        // What has come by Signals.PutBehind.
        Signal* late = p->InFirst;
        p->InFirst = p->InLast = null;
        p->Lock.Unlock();
        p->Next = t->free;
        t->free = p;
        t->live--;
        t->mutex.Unlock();
        while (late != null)
        {
            Signal* next = late->Next;
            late->Run(null, late);
            late = next;
        }
    }

    /// <summary>The process of a pid with its lock held, or null when there is none or it is exiting.</summary>
    public static Process* Lock(Machine* m, Term pid)
    {
        if (!pid.IsLocalPid) return null;
        Process* p = Place(m, (int)(pid.PidData & m->Table.mask));
        if (p == null) return null;
        p->Lock.Lock();
        if (p->Pid == pid && p->Status != ProcessStatus.Exiting) return p;
        p->Lock.Unlock();
        return null;
    }

    /// <summary>Whether there is a process with this pid that is not exiting.</summary>
    public static bool Has(Machine* m, Term pid)
    {
        Process* p = Lock(m, pid);
        if (p != null) p->Lock.Unlock();
        return p != null;
    }

    /// <summary>Whether there is a process with this pid that is exiting.</summary>
    public static bool IsExiting(Machine* m, Term pid)
    {
        Process* p = Place(m, (int)(pid.PidData & m->Table.mask));
        if (p == null) return false;
        p->Lock.Lock();
        bool exiting = p->Pid == pid && p->Status == ProcessStatus.Exiting;
        p->Lock.Unlock();
        return exiting;
    }

    /// <summary>The place in the table that a pid names: what alias references carry.</summary>
    public static uint PlaceOf(Machine* m, Term pid) => (uint)(pid.PidData & m->Table.mask);

    private static bool Grow(ProcessTable* t)
    {
        Process* slab = (Process*)Allocator.AllocZeroed((nuint)(SlabProcesses * sizeof(Process)), Owner.Process);
        if (slab == null) return false;
        if (!t->slabs.Add((nint)slab, Owner.Vm))
        {
            Allocator.Free(slab, (nuint)(SlabProcesses * sizeof(Process)), Owner.Process);
            return false;
        }
        for (int i = SlabProcesses - 1; i >= 0; i--)
        {
            slab[i].Next = t->free;
            t->free = slab + i;
        }
        return true;
    }
}
