// call_time and call_memory: how often each process called a function, and how long it was in it or how many words it made there. What a traced function costs is
// counted up to the next traced call or its return, for which a frame is put on the stack (TraceFrames); so calls of functions that are not traced belong
// to the function that made them, and a tail call has the frame of its caller.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>The traced function that a process is in, for one session. Owned by the process.</summary>
public unsafe struct CallClock
{
    public CallClock* Next;
    public long SessionId;
    /// <summary>Null: in none.</summary>
    public TracePoint* TimeAt, MemoryAt;
    /// <summary>From when on (ns) and from how many words on the function's costs are not noted yet.</summary>
    public long Time, Words;
    /// <summary>1: Words is in use.</summary>
    public int CountsWords;
    /// <summary>Words that the process has made, less those on its heap now: collections change it.</summary>
    public long Gone;
}

/// <summary>What the calls of one function have cost, by process; in TraceBreak.</summary>
public unsafe struct CallCosts
{
    // Processes on several schedulers call the function. Entries: key: the pid; A: calls, B: nanoseconds or words.
    private OsMutex mutex;
    private KeyTable times, memory;

    private static KeyTable* Table(CallCosts* c, bool time) => time ? &c->times : &c->memory;

    internal static void Add(CallCosts* c, bool time, Term pid, long calls, long amount)
    {
        c->mutex.Lock();
        KeyEntry* e = Table(c, time)->Put(pid.Bits, 0);
        if (e != null)
        {
            e->A += (ulong)calls;
            e->B += (ulong)amount;
        }
        c->mutex.Unlock();
    }

    /// <summary>Begins anew.</summary>
    internal static void Reset(CallCosts* c, bool time)
    {
        c->mutex.Lock();
        Table(c, time)->Free();
        c->mutex.Unlock();
    }

    /// <summary>Frees both tables.</summary>
    internal static void Free(CallCosts* c)
    {
        c->times.Free();
        c->memory.Free();
    }

    /// <summary>[{Pid, Calls, Seconds, Microseconds}] or [{Pid, Calls, Words}] on p's heap.</summary>
    internal static Term ToList(CallCosts* c, Process* p, bool time)
    {
        Term list = Term.Nil;
        c->mutex.Lock();
        KeyTable* t = Table(c, time);
        for (int i = 0; i < t->Places; i++)
        {
            KeyEntry* e = t->Place(i);
            if (e == null) continue;
            Term pid = new(e->Key0), calls = Process.Integer(p, (long)e->A);
            long amount = (long)e->B;
            Term one;
            if (!time) one = Process.Tuple(p, pid, calls, Process.Integer(p, amount));
            else
            {
                amount /= 1000;
                one = Process.NewTuple(p, 4);
                one.TupleElements[0] = pid;
                one.TupleElements[1] = calls;
                one.TupleElements[2] = Term.Small(amount / 1_000_000);
                one.TupleElements[3] = Term.Small(amount % 1_000_000);
            }
            list = Process.Cons(p, one, list);
        }
        c->mutex.Unlock();
        return list;
    }
}

/// <summary>The clocks of processes.</summary>
internal static unsafe class CallClocks
{
    private static CallClock* Find(Process* p, long sessionId)
    {
        CallClock* k = p->Extra == null ? null : p->Extra->Clocks;
        while (k != null && k->SessionId != sessionId) k = k->Next;
        return k;
    }

    private static long WordsNow(Process* p) => p->Heap.Top - p->Heap.Start + p->Heap.FragmentWords + p->Heap.MessageWords;

    /// <summary>The process calls a measured function; its registers are saved. Puts a frame for its return on the stack, which may move. False: memory is out.</summary>
    public static bool Enter(Process* p, TracePoint* point, TraceBreak* b, Term* x)
    {
        long id = b->Session->Id;
        CallClock* k = Find(p, id);
        bool fresh = k == null;
        if (fresh)
        {
            ProcessExtra* extra = ProcessExtra.Of(p);
            k = extra == null ? null : (CallClock*)Allocator.AllocZeroed((nuint)sizeof(CallClock), Owner.Process);
            if (k == null) return false;
            k->SessionId = id;
            k->Next = extra->Clocks;
            extra->Clocks = k;
            p->Traced |= TraceFlags.Measured;
        }
        TracePoint* timeBefore = k->TimeAt, memoryBefore = k->MemoryAt;
        if ((b->Flags & BreakFlags.TimeActive) != 0)
        {
            long now = VmClock.MonotonicNs(p->Machine);
            Note(p, k, true, now);
            CallCosts.Add(&b->Costs, true, p->Pid, 1, 0);
            k->TimeAt = point;
            k->Time = now;
        }
        if ((b->Flags & BreakFlags.MemoryActive) != 0)
        {
            // What the process was started with belongs to its first function.
            bool initial = k->CountsWords == 0 && point->Module == p->InitialModule && point->Function == p->InitialFunction && point->Arity == p->InitialArity;
            long now = initial ? 0 : k->Gone + WordsNow(p);
            k->CountsWords = 1;
            Note(p, k, false, now);
            CallCosts.Add(&b->Costs, false, p->Pid, 1, 0);
            k->MemoryAt = point;
            k->Words = now;
        }
        if (TraceFrames.HasMeasure(p->Machine, (Term*)p->Heap.Stack, id)) return true;
        if (p->Heap.Stack - p->Heap.Top < TraceFrames.MeasureWords + Heap.StackReserve && !ProcessGc.Collect(p, TraceFrames.MeasureWords, x, point->Arity)) return false;
        TraceFrames.PushMeasure(p, id, timeBefore, memoryBefore);
        return true;
    }

    // Adds to the costs of the function that the process was in.
    private static void Note(Process* p, CallClock* k, bool time, long now)
    {
        TracePoint* at = time ? k->TimeAt : k->MemoryAt;
        TraceBreak* b = at == null ? null : Breakpoints.Numbered(at, k->SessionId);
        // Its tracing may have ended.
        if (b != null && (b->Flags & (time ? BreakFlags.Time : BreakFlags.Memory)) != 0) CallCosts.Add(&b->Costs, time, p->Pid, 0, now - (time ? k->Time : k->Words));
    }

    /// <summary>The function above this frame has returned.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Leave(Process* p, long sessionId, TracePoint* time, TracePoint* memory)
    {
        CallClock* k = Find(p, sessionId);
        if (k == null) return;
        if (k->TimeAt != null)
        {
            long now = VmClock.MonotonicNs(p->Machine);
            Note(p, k, true, now);
            k->TimeAt = time;
            k->Time = now;
        }
        if (k->MemoryAt != null)
        {
            long now = k->Gone + WordsNow(p);
            Note(p, k, false, now);
            k->MemoryAt = memory;
            k->Words = now;
        }
    }

    /// <summary>A slice begins, or ends: time between slices does not count.</summary>
    public static void Slice(Process* p, bool begins)
    {
        long now = VmClock.MonotonicNs(p->Machine);
        for (CallClock* k = p->Extra->Clocks; k != null; k = k->Next)
        {
            if (!begins) Note(p, k, true, now);
            k->Time = now;
        }
    }

    /// <summary>The process is collected: the words of what stays were counted when they were made. Between Collecting and Collected nothing runs.</summary>
    public static long Collecting(Process* p) => WordsNow(p);

    public static void Collected(Process* p, long wordsBefore)
    {
        long change = wordsBefore - WordsNow(p);
        for (CallClock* k = p->Extra->Clocks; k != null; k = k->Next) k->Gone += change;
    }

    /// <summary>The process takes a message: as in OTP it has made the words of a copy, whatever is shared and wherever the message is (Mailbox.Remove).</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void Received(Process* p, Signal* s)
    {
        // Mailbox.Attach adds the block.
        bool attached = s->HeapIndex < 0 && Signal.TermWords(s) != 0;
        long more = TermSize.Flat(Mailbox.ValueOf(p, s)) - (attached ? Signal.Block(s)->Used : 0);
        for (CallClock* k = p->Extra->Clocks; k != null; k = k->Next) k->Gone += more;
    }

    /// <summary>Forgets a session that ends.</summary>
    public static void Drop(Process* p, long sessionId)
    {
        if (p->Extra == null) return;
        for (CallClock** link = &p->Extra->Clocks; *link != null; link = &(*link)->Next)
        {
            CallClock* k = *link;
            if (k->SessionId != sessionId) continue;
            *link = k->Next;
            Allocator.Free(k, (nuint)sizeof(CallClock), Owner.Process);
            break;
        }
        if (p->Extra->Clocks == null) p->Traced &= ~TraceFlags.Measured;
    }

    /// <summary>Frees those of a process that ends; what it used up to now is noted.</summary>
    public static void Free(Process* p)
    {
        if (p->Extra->Clocks != null) Slice(p, false);
        while (p->Extra->Clocks != null) Drop(p, p->Extra->Clocks->SessionId);
    }
}
