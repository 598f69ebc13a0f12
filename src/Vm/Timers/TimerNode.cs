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

    /// <summary>A pid or a name.</summary>
    public Term Destination;

    /// <summary>What it will get; null: the message is Immediate, or {timeout, TimerRef, Immediate} if Wrap is 1, and is made when the timer fires. So most
    /// timers are one small block.</summary>
    public Signal* Message;
    public Term Immediate;
    public long Wrap;

    /// <summary>1: in no wheel while the process it is for is suspended; Wheel.Deadline is the milliseconds that are left. The lock of Timers guards it.</summary>
    public long Paused;
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

    /// <summary>Not 0: the process is suspended, its timers stand still; 2: so does that of its receive, which has Left milliseconds to go. Changed by who runs
    /// the process.</summary>
    public int Paused;
    public long Left;

    /// <summary>Guards First, Pid and Paused. Taken before Timers.Lock where both are.</summary>
    public OsMutex Lock;
}
