// The parts of a process that most processes never need.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Made by ProcessExtra.Of when first needed, owned by the process.</summary>
public unsafe struct ProcessExtra
{
    /// <summary>Monitors that the process has set, and its aliases: key: the reference; A: the pid (None: an alias only), B: the name (an atom) or None,
    /// C: MonitorFlags | address of a fragment with the tag (Monitors.cs).</summary>
    public KeyTable Monitors;
    /// <summary>Monitors that others have set on the process: key: the reference; A: the pid of the other, B: the name or None.</summary>
    public KeyTable MonitoredBy;
    /// <summary>Terms of messages that stayed in the mailbox when a collection moved them to the heap (Mailbox.cs).</summary>
    public NativeList<Term> OnHeap;
    /// <summary>Receive markers (Mailbox.cs).</summary>
    public ReceiveMarkers Markers;
    /// <summary>Suspensions this process has made: key: the pid, A: how many.</summary>
    public KeyTable Suspended;
    /// <summary>What it takes priority messages for (Priorities), and the last of them in the mailbox, or null.</summary>
    public KeyTable Priorities;
    public Signal* LastPriority;
    /// <summary>Sessions whose system monitor was told that the mailbox is long: key: TraceSession.Id + 1.</summary>
    public KeyTable LongQueues;
    /// <summary>The native that is to run, runs or has failed on a dirty thread, or null; which threads; how it failed (Native null: it did not).</summary>
    public Export* DirtyNative;
    public DirtyPool* DirtyPool;
    public DirtyFailure DirtyFailure;
    /// <summary>Ends the match that its native does there, or null; guarded by the lock of the process. How often the native has begun again because of signals.</summary>
    public RegexStop* DirtyStop;
    public int DirtyRestarts;
    /// <summary>What is to be done there instead of a native, or null (DirtyWork); what it keeps; 1: it failed.</summary>
    public delegate*<Process*, void> DirtyStep;
    public void* DirtyKept;
    public int DirtyFailed;
    /// <summary>The sequential trace token and its counters.</summary>
    public SeqState Seq;
    /// <summary>What is measured of its calls (call_time, call_memory), by session; or null.</summary>
    public CallClock* Clocks;
    /// <summary>min_bin_vheap_size, words; 0: the default.</summary>
    public long MinBinHeap;
    /// <summary>The process runs a module's on_load function for code:load_binary/3 (OnLoad): From, Id0, Id1 say who waits, Value which module; or null.</summary>
    public Signal* OnLoad;
    /// <summary>Called with the process when it ends, or null: natives that lend it something outside its heap.</summary>
    public delegate*<Process*, void> OnExit;
    /// <summary>Collections that others have asked for wait, newest first, while HoldsCollections (InternalStateBifs).</summary>
    public Signal* Held;
    public bool HoldsCollections;
    /// <summary>Files it has open (OpenFile; guarded by Machine.OpenFiles.Lock).</summary>
    public OpenFile* Files;

    /// <summary>The extra part of a process; made when it has none yet. Null: memory is out.</summary>
    public static ProcessExtra* Of(Process* p)
    {
        if (p->Extra == null) p->Extra = (ProcessExtra*)Allocator.AllocZeroed((nuint)sizeof(ProcessExtra), Owner.Process);
        return p->Extra;
    }

    /// <summary>Frees it.</summary>
    public static void Free(Process* p)
    {
        ProcessExtra* x = p->Extra;
        if (x == null) return;
        OpenFile.OwnerDied(p);
        FreeMonitors(x);
        SeqTrace.Clear(p);
        while (x->Held != null)
        {
            Signal* s = x->Held;
            x->Held = s->Next;
            s->Run(null, s);
        }
        if (x->OnLoad != null) Signal.Free(x->OnLoad);
        CallClocks.Free(p);
        DirtyWork.Free(x);
        x->MonitoredBy.Free();
        x->OnHeap.Free(Owner.Process);
        x->Suspended.Free();
        x->LongQueues.Free();
        x->Priorities.Free();
        Allocator.Free(x, (nuint)sizeof(ProcessExtra), Owner.Process);
        p->Extra = null;
    }

    private static void FreeMonitors(ProcessExtra* x)
    {
        for (int i = 0; i < x->Monitors.Places; i++)
        {
            KeyEntry* e = x->Monitors.Place(i);
            if (e != null) MonitorTag.Free(e);
        }
        x->Monitors.Free();
    }
}
