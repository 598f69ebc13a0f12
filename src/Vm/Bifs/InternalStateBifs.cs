// The parts of erts_debug:get_internal_state and set_internal_state that look into processes: links, monitors, states, held-back collections.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>What OTP's test suites ask about processes. The keys and the shapes of the answers are those of OTP.</summary>
internal static unsafe class InternalStateBifs
{
    private const long Millisecond = 1_000_000;
    private const long MostWords = 1 << 20;

    /// <summary>get_internal_state(What). False: it is not of these.</summary>
    public static bool Get(Process* p, Term what, out Term answer)
    {
        answer = Term.None;
        if (what == Am.Processes) answer = ProcessBifs.Processes(p, null);
        else if (what == Am.ProcessInfoArgs) answer = ProcessInfoBifs.AllItems(p);
        else if (what == Am.ProcessesBifInfo) answer = ProcessesInfo(p);
        else if (what == Am.PersistentTerm) answer = Maps.Put(&p->Heap, Maps.Empty(&p->Heap), Am.Table, Term.Small(PersistentTerms.Places(p->Machine)));
        else if (what.IsTupleOf(2)) return Pair(p, what.TupleElements[0], what.TupleElements[1], ref answer);
        return !answer.IsNone;
    }

    private static bool Pair(Process* p, Term key, Term of, ref Term answer)
    {
        if (key == Am.ProcessStatus && of.IsLocalPid)
        {
            Process* q = ProcessTable.Lock(p->Machine, of);
            answer = q != null ? ProcessInfoBifs.Status(q->Status) : ProcessTable.IsExiting(p->Machine, of) ? Am.Exiting : Am.Undefined;
            if (q != null) q->Lock.Unlock();
            return true;
        }
        if ((key != Am.LinkList && key != Am.MonitorList) || !of.IsLocalPid) return false;
        if (of == p->Pid) answer = key == Am.LinkList ? Links(p) : Monitors(p);
        else answer = ProcessBifs.Ask(p, of, key == Am.LinkList ? &TellLinks : &TellMonitors, Term.Nil, 0);
        // None: the answer is on its way.
        return true;
    }

    private static void TellLinks(Process* q, Signal* s) => ProcessBifs.Answer(q, s, q == null ? Am.Undefined : Links(q));

    private static void TellMonitors(Process* q, Signal* s) => ProcessBifs.Answer(q, s, q == null ? Am.Undefined : Monitors(q));

    // {erl_link, process | port, With, linked | unlinking, Id}
    private static Term Links(Process* p)
    {
        Term list = Term.Nil;
        for (int i = 0; i < p->Links.Places; i++)
        {
            KeyEntry* e = p->Links.Place(i);
            if (e == null) continue;
            Term with = new(e->Key0), record = Process.NewTuple(p, 5);
            Term* r = record.TupleElements;
            r[0] = Am.ErlLink;
            r[1] = with.IsLocalPort ? Am.Port : Am.Process;
            r[2] = with;
            r[3] = e->A == 0 ? Am.Linked : Am.Unlinking;
            r[4] = Term.Small(i);
            list = Process.Cons(p, record, list);
        }
        return list;
    }

    // {erl_monitor, process | port, origin | target, Reference, Pid, Name | []}
    private static Term Monitors(Process* p)
    {
        Term list = Term.Nil;
        ProcessExtra* x = p->Extra;
        if (x == null) return list;
        for (int i = 0; i < x->Monitors.Places; i++)
        {
            KeyEntry* e = x->Monitors.Place(i);
            if (e != null && (e->C & MonitorFlags.Monitoring) != 0) list = Monitor(p, e, Am.Origin, list);
        }
        for (int i = 0; i < x->MonitoredBy.Places; i++)
        {
            KeyEntry* e = x->MonitoredBy.Place(i);
            if (e != null) list = Monitor(p, e, Am.Target, list);
        }
        return list;
    }

    private static Term Monitor(Process* p, KeyEntry* e, Term direction, Term list)
    {
        Term other = new(e->A), name = new(e->B);
        Reference* reference = (Reference*)Process.Alloc(p, Reference.Words);
        reference->Header = Header.Make(Header.Reference, Reference.Words - 1);
        reference->Id0 = e->Key0;
        reference->Id1 = e->Key1;
        Term record = Process.NewTuple(p, 6);
        Term* r = record.TupleElements;
        r[0] = Am.ErlMonitor;
        r[1] = other.IsLocalPort ? Am.Port : Am.Process;
        r[2] = direction;
        r[3] = Term.Boxed(reference);
        r[4] = other.IsNone ? Am.Undefined : other;
        r[5] = name.IsNone ? Term.Nil : name;
        return Process.Cons(p, record, list);
    }

    // #ptab_list_bif_info{}: one chunk, which is never interrupted.
    private static Term ProcessesInfo(Process* p)
    {
        Term record = Process.NewTuple(p, 10);
        Term* r = record.TupleElements;
        r[0] = Am.PtabListBifInfo;
        r[1] = Term.Small(10);
        r[2] = Term.Small(1);
        r[3] = Term.Small(ProcessTable.Limit(p->Machine));
        for (int i = 4; i < 9; i++) r[i] = Term.Small(25);
        r[9] = Term.Small(0);
        return record;
    }

    /// <summary>set_internal_state(What, Value). False: it is not of these.</summary>
    public static bool Set(Process* p, Term what, Term value, out Term answer)
    {
        answer = Am.True;
        if (what == Am.GcState && value.IsBoolean) answer = HoldCollections(p, value == Am.False);
        else if ((what == Am.Sleep || what == Am.Block) && value.IsSmall && value.SmallValue >= 0) Clock.Sleep(value.SmallValue * Millisecond);
        else if (what == Am.EtsForceTrap || what == Am.EtsDebugRandomSplitJoin) answer = Am.Notsup;
        else if (what == Am.EtsForceSplit) answer = Am.Ok;
        else if (what == Am.ProcSigBuffers && value.IsBoolean) answer = Am.True;
        // Receive markers have no counter that could overflow.
        else if (what == Am.ProcessUniqCounter && value.IsInteger) answer = Am.Ok;
        else if (what == Am.NextPid && value.IsSmall && value.SmallValue >= 0) answer = Process.Integer(p, ProcessTable.SetNextNumber(p->Machine, value.SmallValue));
        else if (what == Am.FillHeap) FillHeap(p);
        else if (what == Am.Mbuf) answer = value;
        else if (what == Am.Binary && value.IsSmall && value.SmallValue >= 0)
        {
            OffHeapBinary* made = OffHeap.Create(value.SmallValue);
            answer = made == null ? Process.SystemLimit(p) : Binaries.FromOffHeap(p, made, (ulong)value.SmallValue * 8);
        }
        else return false;
        return true;
    }

    // Collections that others ask for wait while it is off; those the process needs for itself do not. Gives whether it was on.
    private static Term HoldCollections(Process* p, bool hold)
    {
        ProcessExtra* x = ProcessExtra.Of(p);
        if (x == null) return Process.SystemLimit(p);
        bool held = x->HoldsCollections;
        x->HoldsCollections = hold;
        Signal* s = hold ? null : x->Held;
        if (s == null) return Term.Bool(!held);
        x->Held = null;
        // As they came: the list has the newest first.
        Signal* forward = null;
        while (s != null)
        {
            Signal* next = s->Next;
            s->Next = forward;
            forward = s;
            s = next;
        }
        while (forward != null)
        {
            Signal* next = forward->Next;
            Signals.Call(p->Machine, p->Context, p->Pid, forward);
            forward = next;
        }
        return Process.YieldWith(p, Term.Bool(!held));
    }

    private static void FillHeap(Process* p)
    {
        long room = p->Heap.Stack - p->Heap.Top - 4;
        if (room <= 0 || room > MostWords) return;
        *Process.Alloc(p, room) = Header.Make(Header.PositiveBig, room - 1);
    }
}
