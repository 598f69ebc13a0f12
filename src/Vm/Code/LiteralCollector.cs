// Frees literals that are given up (purged modules, replaced and erased persistent terms) when no process refers to them any more.
//
// It works in rounds. A round takes what was given up since the last one, makes it known while all schedulers stand still (so no copy of a term is half
// done), and sends every process a signal; a process that handles it looks for pointers into these areas and copies what it finds to its heap. The last
// answer frees the areas. Processes made meanwhile got copies of everything, so they need not be asked; neither timers nor tables hold literals.
// (OTP: the literal area collector, a system process, does the same with one area at a time.)
namespace MyBeam.Vm;

using System.Threading;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>One per VM; embedded in Machine.</summary>
public unsafe struct LiteralCollector
{
    /// <summary>Not 0: a scheduler is to call Step before its next slice.</summary>
    public int Due;
    // Guards the row of areas and its count of words; held for moments only.
    private OsMutex mutex;
    private NativeList<ModuleLiterals> waiting;
    private long waitingWords;
    // Who has it makes a step; nobody waits for it.
    private OsMutex stepMutex;
    // The areas of the round that is under way (HeapShared.Retiring shows them).
    private NativeList<ModuleLiterals> current;
    // Answers that are missing, and one more while questions are being sent.
    private int missing;
    // The next place of the process table, processes that are still to be met, and the number from which on they are too young to be asked.
    private int place, left;
    private ulong young;
    private int running;
    private long began;

    private const int QuestionsAtOnce = 256, PlacesAtOnce = 65536;
    // From so many words on who gives up literals lets the others go first; but a process that is suspended in the middle of a native answers nothing, and may
    // wait for the very one that waits here.
    private const long Many = 1 << 17, LongestWait = 1_000_000_000;

    /// <summary>Whether who is about to give up literals should wait (Slices.Pause, before it has done anything): a round is under way, and much waits for the next one.</summary>
    public static bool Crowded(Process* p)
    {
        LiteralCollector* c = &p->Machine->Retired;
        return Volatile.Read(ref c->waitingWords) > Many && Volatile.Read(ref c->running) != 0 && p->Context->Scheduler != null
            && VmClock.MonotonicNs(p->Machine) - Volatile.Read(ref c->began) < LongestWait;
    }

    /// <summary>Gives up literals: they are freed when no process refers to them. They must not be handed out to anybody any more. True: much waits to be freed, the caller
    /// should let other processes run.</summary>
    public static bool Retire(Machine* m, ModuleLiterals* literals)
    {
        LiteralCollector* c = &m->Retired;
        if (literals->Start == null) return false;
        c->mutex.Lock();
        // Without memory for the row they stay for ever.
        if (c->waiting.Add(*literals, Owner.Literals)) c->waitingWords += literals->End - literals->Start;
        long words = c->waitingWords;
        if (c->running == 0) Volatile.Write(ref c->Due, 1);
        c->mutex.Unlock();
        return words > Many;
    }

    /// <summary>Words that wait for a round.</summary>
    public static long Words(Machine* m) => Volatile.Read(ref m->Retired.waitingWords);

    /// <summary>A part of the work; on a scheduler, between two slices.</summary>
    public static void Step(Machine* m)
    {
        LiteralCollector* c = &m->Retired;
        if (!c->stepMutex.TryLock()) return;
        if (Volatile.Read(ref c->Due) != 0 && (c->running != 0 || Begin(m))) Ask(m);
        c->stepMutex.Unlock();
    }

    // False: there is nothing to do.
    private static bool Begin(Machine* m)
    {
        LiteralCollector* c = &m->Retired;
        NativeList<ModuleLiterals> before = c->current;
        Volatile.Write(ref c->began, VmClock.MonotonicNs(m));
        c->mutex.Lock();
        c->current = c->waiting;
        c->waiting = default;
        c->waitingWords = 0;
        c->running = c->current.Count > 0 ? 1 : 0;
        if (c->running == 0) Volatile.Write(ref c->Due, 0);
        c->mutex.Unlock();
        int count = c->current.Count;
        ModuleLiterals* areas = c->current.Items;
        if (count > 0)
        {
            RetiringLiterals.Sort(areas, count);
            Schedulers.StopAll(m);
            HeapShared* shared = &m->HeapShared;
            shared->Retiring = areas;
            shared->RetiringCount = count;
            shared->RetiringLow = (byte*)areas[0].Start;
            shared->RetiringBytes = (nuint)((byte*)areas[count - 1].Top - (byte*)areas[0].Start);
            c->left = ProcessTable.Count(m);
            c->young = (ulong)ProcessTable.NextNumber(m);
            Schedulers.GoOn(m);
        }
        // Until just now somebody might have looked into the last round's row.
        before.Free(Owner.Literals);
        c->place = 0;
        c->missing = 1;
        return count > 0;
    }

    private static void Ask(Machine* m)
    {
        LiteralCollector* c = &m->Retired;
        int end = ProcessTable.Limit(m);
        int asked = 0, seen = 0;
        for (; c->place < end && c->left > 0 && asked < QuestionsAtOnce && seen < PlacesAtOnce; c->place++, seen++)
        {
            Process* p = ProcessTable.Place(m, c->place);
            if (p == null) continue;
            Term pid = p->Pid;
            if (pid.IsNone || pid.PidData >= c->young) continue;
            Signal* s = Signals.Plain(SignalKind.Call, pid);
            if (s == null) return;
            c->left--;
            asked++;
            s->Run = &Answer;
            s->Machine = m;
            Interlocked.Increment(ref c->missing);
            // One that is exiting has its reason to tell others, a literal perhaps: it answers when it is gone.
            if (!Signals.Put(m, null, pid, s) && !Signals.PutBehind(p, pid, s)) Answer(null, s);
        }
        if (asked == QuestionsAtOnce || seen == PlacesAtOnce) return;
        Volatile.Write(ref c->Due, 0);
        Done(m);
    }

    /// <summary>Whether a signal is a question that the process cannot answer before a native is through.</summary>
    public static bool MustWait(Process* p, Signal* s) => Asks(s) && Busy(p);

    /// <summary>Whether a signal is such a question.</summary>
    public static bool Asks(Signal* s) => s->Kind == SignalKind.Call && (void*)s->Run == (void*)(delegate*<Process*, Signal*, void>)&Answer;

    // Natives in the middle of their work hold addresses in literals and in the heap.
    private static bool Busy(Process* p) => p->Work != null || (p->Extra != null && p->Extra->DirtyFailure.Native != null);

    private static void Answer(Process* p, Signal* s)
    {
        Machine* m = s->Machine;
        if (p != null)
        {
            if (Busy(p))
            {
                // Asked again when it runs next.
                if (Signals.Put(m, p->Context, s->From, s)) return;
            }
            else Leave(p);
        }
        Signal.Free(s);
        Done(m);
    }

    private static void Done(Machine* m)
    {
        LiteralCollector* c = &m->Retired;
        if (Interlocked.Decrement(ref c->missing) != 0) return;
        // No term points there any more, so it makes no difference who sees this when.
        Volatile.Write(ref *(ulong*)&m->HeapShared.RetiringBytes, 0);
        for (int i = 0; i < c->current.Count; i++)
        {
            ModuleLiterals* area = c->current.Items + i;
            if (m->HeapShared.GcStress != 0 && area->OffHeap == null) System.Runtime.CompilerServices.Unsafe.InitBlockUnaligned(area->Start, 0xFD, (uint)((byte*)area->Top - (byte*)area->Start));
            LiteralArea.FreeModule(&m->Literals, area);
        }
        c->mutex.Lock();
        c->running = 0;
        if (c->waiting.Count > 0) Volatile.Write(ref c->Due, 1);
        c->mutex.Unlock();
    }

    // The process copies what it has of the areas. When memory is out, or max_heap_size is passed, its heap is marked as exhausted, and it dies.
    private static void Leave(Process* p)
    {
        HeapShared* shared = &p->Machine->HeapShared;
        nuint bytes = (nuint)shared->RetiringCount;
        byte* marks = (byte*)Allocator.AllocZeroed(bytes, Owner.Temporary);
        if (marks == null)
        {
            p->Heap.Exhausted = 1;
            return;
        }
        RootRange* roots = stackalloc RootRange[ProcessGc.MostRoots];
        int count = ProcessGc.Roots(p, p->SavedX, p->SavedCount, roots);
        bool found = RetiringLiterals.MarkHeap(&p->Heap, marks) | Mailbox.MarkRetiring(p, marks);
        for (int i = 0; i < count; i++) found |= RetiringLiterals.Mark(shared, (ulong*)roots[i].First, (ulong*)(roots[i].First + roots[i].Count), marks);
        if (found)
        {
            bool good = ProcessGc.CollectMajor(p, 0, p->SavedX, p->SavedCount) && Mailbox.LeaveRetiring(p);
            if (good)
            {
                count = ProcessGc.Roots(p, p->SavedX, p->SavedCount, roots);
                good = RetiringLiterals.Leave(&p->Heap, roots, count, marks) && ProcessGc.CollectMajor(p, 0, p->SavedX, p->SavedCount);
            }
            if (!good) p->Heap.Exhausted = 1;
        }
        Allocator.Free(marks, bytes, Owner.Temporary);
    }

    /// <summary>Frees what still waits (when the VM ends).</summary>
    public static void Destroy(Machine* m)
    {
        LiteralCollector* c = &m->Retired;
        for (int i = 0; i < c->waiting.Count; i++) LiteralArea.FreeModule(&m->Literals, c->waiting.Items + i);
        // Freed ones are empty.
        for (int i = 0; i < c->current.Count; i++) LiteralArea.FreeModule(&m->Literals, c->current.Items + i);
        c->waiting.Free(Owner.Literals);
        c->current.Free(Owner.Literals);
        *c = default;
    }
}
