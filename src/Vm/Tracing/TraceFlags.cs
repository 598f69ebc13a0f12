// The flags of erlang:trace/3. Their bits stand in the order in which OTP's trace_info lists them (last bit first).
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Trace flags of a process, and their names.</summary>
public static unsafe class TraceFlags
{
    public const uint Timestamp = 1 << 0, StrictMonotonic = 1 << 1, Monotonic = 1 << 2, Send = 1 << 3, Receive = 1 << 4, SetOnSpawn = 1 << 5, Call = 1 << 6,
        Procs = 1 << 7, SetOnFirstSpawn = 1 << 8, SetOnLink = 1 << 9, SetOnFirstLink = 1 << 10, Running = 1 << 11, Exiting = 1 << 12, GarbageCollection = 1 << 13,
        Arity = 1 << 14, ReturnTo = 1 << 15, Silent = 1 << 16, SchedulerId = 1 << 17, Ports = 1 << 18, RunningPorts = 1 << 19, RunningProcs = 1 << 20;

    /// <summary>Only in Process.Traced: it has a sequential trace token; its calls are measured (CallClocks); its mailbox is long for a system monitor.</summary>
    public const uint SeqToken = 1 << 21, Measured = 1 << 22, LongQueue = 1 << 23, Internal = SeqToken | Measured | LongQueue;

    public const int Count = 21;
    public const uint All = (1u << Count) - 1;
    /// <summary>What processes and ports both have, and what makes sense for ports (OTP: ERTS_TRACEE_MODIFIER_FLAGS, ERTS_PORT_TRACEE_FLAGS).</summary>
    public const uint Modifiers = Silent | Timestamp | StrictMonotonic | Monotonic | SchedulerId | Receive | Send;
    public const uint OfPorts = Modifiers | Ports | RunningPorts;
    public const uint OfProcesses = (All & ~OfPorts) | Modifiers;

    /// <summary>The name of bit <paramref name="i"/>.</summary>
    public static Term Name(int i) => i switch
    {
        0 => Am.Timestamp,
        1 => Am.StrictMonotonicTimestamp,
        2 => Am.MonotonicTimestamp,
        3 => Am.Send,
        4 => Am.Receive,
        5 => Am.SetOnSpawn,
        6 => Am.Call,
        7 => Am.Procs,
        8 => Am.SetOnFirstSpawn,
        9 => Am.SetOnLink,
        10 => Am.SetOnFirstLink,
        11 => Am.Running,
        12 => Am.Exiting,
        13 => Am.GarbageCollection,
        14 => Am.Arity,
        15 => Am.ReturnTo,
        16 => Am.Silent,
        17 => Am.SchedulerId,
        18 => Am.Ports,
        19 => Am.RunningPorts,
        _ => Am.RunningProcs,
    };

    /// <summary>The bits of a flag; 0: it is none.</summary>
    public static uint Bits(Term name)
    {
        if (name == Am.All) return All;
        for (int i = 0; i < Count; i++)
            if (Name(i) == name) return 1u << i;
        return 0;
    }

    /// <summary>Reads a list of flags. A {tracer, Pid} is taken when <paramref name="tracerAllowed"/>. False: something in it is no flag. cpuTime: cpu_timestamp is in it, which has no bit.</summary>
    public static bool Read(Term list, bool tracerAllowed, out uint flags, out Term tracer, out bool cpuTime)
    {
        flags = 0;
        cpuTime = false;
        tracer = Term.None;
        for (; list.IsCons; list = list.Tail)
        {
            Term item = list.Head;
            uint bits = item.IsAtom ? Bits(item) : 0;
            flags |= bits;
            cpuTime |= item == Am.CpuTimestamp;
            if (bits != 0 || item == Am.CpuTimestamp) continue;
            if (!tracerAllowed || !item.IsTupleOf(2) || item.TupleElements[0] != Am.Tracer || !item.TupleElements[1].IsLocalPid) return false;
            tracer = item.TupleElements[1];
        }
        return list.IsNil;
    }

    /// <summary>The names as a list on p's heap.</summary>
    public static Term ToList(Process* p, uint flags)
    {
        Term list = Term.Nil;
        for (int i = 0; i < Count; i++)
            if ((flags & (1u << i)) != 0) list = Process.Cons(p, Name(i), list);
        return list;
    }
}
