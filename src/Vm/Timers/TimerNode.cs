// What stands in a timer wheel: the timer of a receive … after (part of its process), or a timer that sends a message.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>The part of a timer that the wheel knows. A zeroed node is in no wheel.</summary>
public unsafe struct WheelNode
{
    /// <summary>Neighbours in its slot, a ring; a chain of due timers uses Next.</summary>
    public WheelNode* Next, Prev;

    /// <summary>The millisecond of VmClock.MonotonicNs from which on it is due.</summary>
    public long Deadline;

    /// <summary>Whose wheel it is or was last in. Changed only while it is in no wheel.</summary>
    public Timers* Timers;

    /// <summary>The process that waits, or to which the message goes; null when it goes to a name.</summary>
    public Process* Process;

    /// <summary>Number of the slot it is in; the lock of Timers guards it, as it guards Linked.</summary>
    public int Place;

    /// <summary>1: in the wheel.</summary>
    public byte Linked;

    /// <summary>1: the whole is a TimerNode; 0: the ProcessTimers.Receive of Process.</summary>
    public byte IsMessage;
}

/// <summary>A timer that sends a message (send_after, start_timer): a block of Owner.Timers.</summary>
public unsafe struct TimerNode
{
    /// <summary>First, so that a WheelNode* is a TimerNode*.</summary>
    public WheelNode Wheel;

    /// <summary>Next in its bucket of TimerTable.</summary>
    public TimerNode* NextInTable;

    /// <summary>The numbers of its reference.</summary>
    public ulong Id0, Id1;

    /// <summary>Neighbours among the timers to the same process; ProcessTimers.Lock guards them and OnList.</summary>
    public TimerNode* NextOfProcess, PrevOfProcess;
    public long OnList;

    /// <summary>A pid or a name, and what it will get.</summary>
    public Term Destination;
    public TimerMessage Message;
}

/// <summary>The timers of one process, embedded in Process. Process structs are type-stable memory: any thread may take the lock of any of them at any time.</summary>
public unsafe struct ProcessTimers
{
    /// <summary>The timer of its receive … after.</summary>
    public WheelNode Receive;

    /// <summary>All timers that will send it a message by its pid.</summary>
    public TimerNode* First;

    /// <summary>The process that the list is for: None from death on, so that a timer made by one that still holds a dead pid's address is not put on the
    /// list of the process that got the memory next.</summary>
    public Term Pid;

    /// <summary>Guards First and Pid. Taken before Timers.Lock where both are.</summary>
    public OsMutex Lock;
}

/// <summary>A message outside all heaps: a term and the memory it stands in. Who holds it frees it, or hands the fragment to a heap.</summary>
public unsafe struct TimerMessage
{
    public Term Term;

    /// <summary>Null when Term is an immediate.</summary>
    public Fragment* Fragment;

    /// <summary>Off-heap objects in the fragment.</summary>
    public BinaryRef* OffHeap;

    /// <summary>Copies a term, literals too, so that no code purge can hurt it. False when memory is out.</summary>
    public static bool Copy(Term t, TimerMessage* message) => Copy(t, 0, message, out _);

    /// <summary>{timeout, TimerRef, t}. False when memory is out.</summary>
    public static bool Timeout(Term t, ulong id0, ulong id1, TimerMessage* message)
    {
        if (!Copy(t, 4 + Reference.Words, message, out ulong* room)) return false;
        Reference* r = (Reference*)(room + 4);
        r->Header = Header.Make(Header.Reference, Reference.Words - 1);
        r->Id0 = id0;
        r->Id1 = id1;
        room[0] = Header.Make(Header.Tuple, 3);
        room[1] = Am.Timeout.Bits;
        room[2] = Term.Boxed(r).Bits;
        room[3] = message->Term.Bits;
        message->Term = Term.Boxed(room);
        return true;
    }

    /// <summary>Frees the memory of a message that nobody gets.</summary>
    public static void Free(TimerMessage* message)
    {
        Heap.ReleaseOffHeap(message->OffHeap);
        Heap.FreeFragments(message->Fragment);
        *message = default;
    }

    // With room for some words in front of the copy.
    private static bool Copy(Term t, long front, TimerMessage* message, out ulong* room)
    {
        *message = default;
        message->Term = t;
        room = null;
        long words = t.IsImmediate ? 0 : TermSize.ForCopy(t, null);
        if (words < 0) return false;
        if (words + front == 0) return true;
        Fragment* f = (Fragment*)Allocator.Alloc((nuint)(sizeof(Fragment) + ((words + front) * 8)), Owner.Fragment);
        if (f == null) return false;
        f->Next = null;
        f->Size = f->Used = words + front;
        room = Memory.Fragment.Words(f);
        ulong* top = room + front;
        message->Fragment = f;
        message->Term = TermCopy.To(t, &top, &message->OffHeap, null);
        return true;
    }
}
