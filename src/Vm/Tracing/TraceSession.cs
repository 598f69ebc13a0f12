// Trace sessions: the static one of erlang:trace/3, and those of the module trace.
//
// Threads: sessions, the tracees of processes and breakpoints change only while all other schedulers stand still (Schedulers.StopAll), so running code reads
// them without a lock. Numbers that running code changes (call counts, the control word) are single words.
namespace MyBeam.Vm;

using System.Threading;
using MyBeam.Memory;

/// <summary>Tracing of send or receive: whether it is on, and the specification that chooses (null: everything).</summary>
public unsafe struct TraceEvent
{
    public int Off;
    public MatchSpec* Spec;

    /// <summary>Takes over a claim on the specification.</summary>
    public void Set(bool on, MatchSpec* spec)
    {
        MatchSpecs.Release(Spec);
        Off = on ? 0 : 1;
        Spec = spec;
    }
}

/// <summary>What trace_pattern(on_load, …) has set: Flags are BreakFlags, 0: nothing.</summary>
public unsafe struct OnLoadTrace
{
    public uint Flags;
    public MatchSpec* Spec, MetaSpec;
    public Term MetaTracer;
}

/// <summary>One session. The terms that name it hold a claim on Head.</summary>
public unsafe struct TraceSession
{
    public NativeResource Head;
    public TraceSession* Next;
    public Term Name;
    /// <summary>Tells sessions of one name apart; 0: the static session.</summary>
    public long Id;
    /// <summary>Who gets the messages; None: whoever is named when a flag is set.</summary>
    public Term Tracer;
    /// <summary>0: destroyed, or no term names it any more; what it has set is taken away by the next change (TraceSessions.Clean).</summary>
    public int Alive;
    public int Unnamed;
    /// <summary>1: what it had set is gone.</summary>
    public int Cleared;
    /// <summary>Flags and tracer of new processes.</summary>
    public uint NewFlags;
    public Term NewTracer;
    public TraceEvent Send, Receive;
    public OnLoadTrace OnLoad;
    public SystemMonitor Monitor;
}

/// <summary>All tracing of one VM; embedded in Machine.</summary>
public unsafe struct Tracing
{
    public TraceSession Static;
    /// <summary>The other sessions, the newest first.</summary>
    public TraceSession* Sessions;
    public long LastId;
    /// <summary>Sessions that trace new processes.</summary>
    public int NewProcesses;
    /// <summary>The trace control word: all sessions have one.</summary>
    public long ControlWord;
    /// <summary>1: timestamps give the processor time (flag cpu_timestamp).</summary>
    public int CpuTime;
    /// <summary>system_flag(sequential_tracer), or None.</summary>
    public Term SeqTracer;
    public Breakpoints Points;
    /// <summary>Limits of all system monitors together.</summary>
    public SystemMonitorLimits Limits;
    /// <summary>Where traced functions return to: one instruction each (TraceFrames).</summary>
    public fixed ulong Code[TraceFrames.CodeWords];
}

/// <summary>Making, finding and ending sessions.</summary>
public static unsafe class TraceSessions
{
    /// <summary>Prepares a VM for tracing.</summary>
    public static void Create(Machine* m)
    {
        Tracing* t = &m->Tracing;
        Begin(&t->Static);
        t->Static.Name = Am.Legacy;
        t->SeqTracer = Term.None;
        TraceFrames.Create(m);
    }

    private static void Begin(TraceSession* s)
    {
        s->Alive = 1;
        s->Tracer = s->NewTracer = s->OnLoad.MetaTracer = s->Monitor.Receiver = Term.None;
    }

    /// <summary>A new session; the caller has the one claim on it. Null when memory is out. Other schedulers stand still.</summary>
    public static TraceSession* New(Machine* m, Term name, Term tracer)
    {
        TraceSession* s = (TraceSession*)Allocator.AllocZeroed((nuint)sizeof(TraceSession), Owner.Vm);
        if (s == null) return null;
        Begin(s);
        s->Head.RefCount = 1;
        s->Head.Kind = ResourceKind.TraceSession;
        s->Head.Destroy = &Forgotten;
        s->Name = name;
        s->Tracer = tracer;
        s->Id = ++m->Tracing.LastId;
        s->Next = m->Tracing.Sessions;
        m->Tracing.Sessions = s;
        return s;
    }

    // The last term that named it is gone. This runs in a collection: the rest is for the next change.
    private static void Forgotten(NativeResource* r)
    {
        TraceSession* s = (TraceSession*)r;
        Volatile.Write(ref s->Alive, 0);
        Volatile.Write(ref s->Unnamed, 1);
    }

    /// <summary>The session that a term names: {Reference, {Name, Id}} or {Name, Id}. Null: none, or it is dead and that is not allowed.</summary>
    public static TraceSession* Open(Machine* m, Term t, bool dead)
    {
        if (!t.IsTupleOf(2)) return null;
        Term first = t.TupleElements[0], second = t.TupleElements[1];
        TraceSession* s = null;
        if (first.IsAtom && second.IsSmall)
        {
            for (s = m->Tracing.Sessions; s != null; s = s->Next)
                if (s->Name == first && WeakId(s) == second) break;
        }
        else if (second.IsTupleOf(2))
        {
            s = (TraceSession*)MagicRefs.Open(first, ResourceKind.TraceSession);
            if (s != null && (s->Name != second.TupleElements[0] || WeakId(s) != second.TupleElements[1])) s = null;
        }
        return s == null || (s->Alive == 0 && !dead) ? null : s;
    }

    /// <summary>The session with this number (TraceSession.Id), or null.</summary>
    public static TraceSession* Numbered(Machine* m, long id)
    {
        if (id == 0) return &m->Tracing.Static;
        for (TraceSession* s = m->Tracing.Sessions; s != null; s = s->Next)
            if (s->Id == id) return s;
        return null;
    }

    private static Term WeakId(TraceSession* s) => s->Id == 0 ? Am.Default : Term.Small(s->Id - 1);

    /// <summary>{Name, Id}.</summary>
    public static Term WeakName(Process* p, TraceSession* s) => Process.Tuple(p, s->Name, WeakId(s));

    /// <summary>Steps through the live sessions, the static one first: start with null.</summary>
    public static TraceSession* Next(Machine* m, TraceSession* s)
    {
        if (s == null) return &m->Tracing.Static;
        do s = s == &m->Tracing.Static ? m->Tracing.Sessions : s->Next;
        while (s != null && s->Alive == 0);
        return s;
    }

    /// <summary>Takes away what dead sessions have set; frees those that no term names. Other schedulers stand still.</summary>
    public static void Clean(Machine* m)
    {
        for (TraceSession** link = &m->Tracing.Sessions; *link != null;)
        {
            TraceSession* s = *link;
            if (s->Alive != 0)
            {
                link = &s->Next;
                continue;
            }
            if (s->Cleared == 0)
            {
                Clear(m, s);
                s->Cleared = 1;
            }
            if (s->Unnamed == 0)
            {
                link = &s->Next;
                continue;
            }
            *link = s->Next;
            Allocator.Free(s, (nuint)sizeof(TraceSession), Owner.Vm);
        }
    }

    private static void Clear(Machine* m, TraceSession* s)
    {
        Breakpoints.ClearSession(m, s);
        for (int i = 0, left = ProcessTable.Count(m); left > 0 && i < ProcessTable.Limit(m); i++)
        {
            Process* p = ProcessTable.Place(m, i);
            if (p == null) continue;
            left--;
            Tracees.Drop(p, s);
            CallClocks.Drop(p, s->Id);
        }
        if (s->NewFlags != 0) m->Tracing.NewProcesses--;
        s->NewFlags = 0;
        s->Send.Set(false, null);
        s->Receive.Set(false, null);
        MatchSpecs.Release(s->OnLoad.Spec);
        MatchSpecs.Release(s->OnLoad.MetaSpec);
        s->OnLoad = default;
        s->Monitor = default;
        s->Monitor.Receiver = Term.None;
        SystemMonitors.Sum(m);
    }

    /// <summary>Frees everything; no process and no module is left.</summary>
    public static void Destroy(Machine* m)
    {
        Tracing* t = &m->Tracing;
        t->Static.Send.Set(false, null);
        t->Static.Receive.Set(false, null);
        MatchSpecs.Release(t->Static.OnLoad.Spec);
        MatchSpecs.Release(t->Static.OnLoad.MetaSpec);
        for (TraceSession* s = t->Sessions; s != null; s = s->Next) s->Alive = 0;
        for (TraceSession* s = t->Sessions; s != null; s = s->Next) s->Unnamed = 1;
        Clean(m);
        Breakpoints.Destroy(m);
    }
}
