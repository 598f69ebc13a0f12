// Natives that have another process do something about itself: collect garbage, look for old code on its stack, set a flag. All are Call signals.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Requests to other processes (erts_internal:request_system_task and its kin).</summary>
public static unsafe class SystemTaskBifs
{
    [Bif("erts_internal:request_system_task/3")]
    public static Term RequestSystemTask3(Process* p, Term* a) => Request(p, p->Pid, a[0], a[1], a[2]);

    [Bif("erts_internal:request_system_task/4")]
    public static Term RequestSystemTask4(Process* p, Term* a) => a[0].IsLocalPid ? Request(p, a[0], a[1], a[2], a[3]) : Process.Badarg(p);

    // The operation is {garbage_collect, Id, minor | major} or {check_process_code, Id, Module}; the answer is the message {Kind, Id, Result}. A process that is
    // gone answers false. The receiver handles its signals with the priority named, when that is above its own. {system_task_test, Id} only answers.
    private static Term Request(Process* p, Term requester, Term to, Term priority, Term operation)
    {
        bool known = priority == Am.Inherit || priority == Am.Max || priority == Am.High || priority == Am.Normal || priority == Am.Low;
        if (!to.IsLocalPid || !known || !(operation.IsTupleOf(3) || operation.IsTupleOf(2))) return Process.Badarg(p);
        Term kind = operation.TupleElements[0], what = operation.TupleElements[operation.IsTupleOf(3) ? 2 : 1];
        int urgency = priority == Am.Inherit ? p->Flags.Urgency : priority == Am.Max ? 3 : priority == Am.High ? 2 : priority == Am.Normal ? 1 : 0;
        delegate*<Process*, Signal*, void> run;
        if (operation.IsTupleOf(2))
        {
            if (kind != Am.SystemTaskTest) return Process.Badarg(p);
            run = &Test;
        }
        else if (kind == Am.GarbageCollect && (what == Am.Minor || what == Am.Major)) run = &Collect;
        else if (kind == Am.CheckProcessCode && what.IsAtom) run = &CheckCode;
        else return Process.Badarg(p);
        // It may be held back beyond the next question of the LiteralCollector.
        Signal* s = Signal.Keeping(operation, SignalKind.Call);
        if (s == null) return Process.SystemLimit(p);
        s->From = requester;
        s->Run = run;
        s->Machine = p->Machine;
        s->HeapIndex = urgency;
        Signals.Call(p->Machine, p->Context, to, s, urgency);
        return Am.Ok;
    }

    private static void Test(Process* q, Signal* s) => Answer(q, s, Term.Bool(q != null));

    private static void Answer(Process* q, Signal* s, Term result)
    {
        Machine* m = s->Machine;
        Term* e = stackalloc Term[] { s->Value.TupleElements[0], s->Value.TupleElements[1], result };
        Signals.Tuple(m, q == null ? null : q->Context, s->From, e, 3);
        Signal.Free(s);
    }

    // A process handles signals between slices (its registers are saved) or in a receive (no register is in use): it can be collected here. A failure is
    // seen by SignalHandling, which ends the process.
    private static void Collect(Process* q, Signal* s)
    {
        if (q == null)
        {
            Answer(null, s, Am.False);
            return;
        }
        if (q->Extra != null && q->Extra->HoldsCollections)
        {
            s->Next = q->Extra->Held;
            q->Extra->Held = s;
            return;
        }
        if (s->Value.TupleElements[2] == Am.Major) ProcessGc.CollectMajor(q, 0, q->SavedX, q->SavedCount);
        else ProcessGc.Collect(q, 0, q->SavedX, q->SavedCount);
        Answer(q, s, Am.True);
    }

    private static void CheckCode(Process* q, Signal* s) => Answer(q, s, Term.Bool(q != null && RunsOld(q, s->Value.TupleElements[2])));

    /// <summary>Whether the calling process executes old code of a module, or returns to it.</summary>
    [Bif("erts_internal:check_process_code/1")]
    public static Term CheckProcessCode(Process* p, Term* a) => a[0].IsAtom ? Term.Bool(RunsOld(p, a[0])) : Process.Badarg(p);

    /// <summary>Whether a process that does not run at the moment, or the calling one, executes old code of a module or returns to it.</summary>
    public static bool RunsOld(Process* p, Term name)
    {
        LoadedModule* old = PurgedFuns.Of(p->Machine);
        // A version that failed to load is purged too, beside an old one.
        if (old == null || old->Name != name) old = CodeTable.OldVersion(p->Machine, name);
        return old != null && RunsIn(p, old);
    }

    /// <summary>As RunsOld, of any version.</summary>
    public static bool RunsIn(Process* p, LoadedModule* old)
    {
        ulong* from = old->Code, to = old->Code + old->CodeWords;
        if (p->Resume >= from && p->Resume < to) return true;
        for (ulong* at = p->Heap.Stack; at < p->Heap.End; at++)
        {
            // Return addresses are whole pointers, whose tag is that of a header; no header of a term looks like an address of code.
            if ((ulong*)*at >= from && (ulong*)*at < to) return true;
        }
        return false;
    }

    /// <summary>Flags that one process may set of another: save_calls only. The atoms badtype and badarg stand for exceptions.</summary>
    [Bif("erts_internal:process_flag/3", BifKind.Traps)]
    public static Term ProcessFlag3(Process* p, Term* a)
    {
        if (a[0] == p->Pid) return SetFlag(p, a[1], a[2]);
        if (!a[0].IsLocalPid) return Am.Badtype;
        Process* q = ProcessTable.Lock(p->Machine, a[0]);
        if (q == null) return Am.Badtype;
        q->Lock.Unlock();
        return ProcessBifs.Ask(p, a[0], &SetFlag, Process.Tuple(p, a[1], a[2]), 0);
    }

    private static void SetFlag(Process* q, Signal* s) =>
        ProcessBifs.Answer(q, s, q == null ? Am.Badtype : SetFlag(q, s->Value.TupleElements[0], s->Value.TupleElements[1]));

    private static Term SetFlag(Process* p, Term flag, Term value)
    {
        if (flag != Am.SaveCalls) return Am.Badarg;
        Term old = ProcessFlags.Set(p, flag, value, out _);
        return old.IsNone ? Am.Badarg : old;
    }

    /// <summary>is_process_alive/1 with an answer by message: {Reference, Boolean}.</summary>
    [Bif("erts_internal:is_process_alive/2")]
    public static Term IsProcessAlive2(Process* p, Term* a)
    {
        if (!a[0].IsLocalPid || !a[1].IsKind(Header.Reference)) return Process.Badarg(p);
        Signal* s = Signal.Carrying(p->Machine, SignalKind.Call, a[1]);
        if (s == null) return Process.SystemLimit(p);
        s->From = p->Pid;
        s->Run = &TellAlive;
        s->Machine = p->Machine;
        Signals.Call(p->Machine, p->Context, a[0], s);
        return Am.Ok;
    }

    private static void TellAlive(Process* q, Signal* s)
    {
        Machine* m = s->Machine;
        Term* e = stackalloc Term[] { s->Value, Term.Bool(q != null) };
        Signals.Tuple(m, q == null ? null : q->Context, s->From, e, 2);
        Signal.Free(s);
    }

    private const long PidsAtOnce = 32;

    /// <summary>Goes on through the process table from a place: {NextPlace, [Pid]}, or none at its end. New processes stand behind all others or in places
    /// already passed, so every process that lives all the time is met once.</summary>
    [Bif("erts_internal:processes_next/1")]
    public static Term ProcessesNext(Process* p, Term* a)
    {
        Machine* m = p->Machine;
        int limit = ProcessTable.Limit(m);
        if (!a[0].IsSmall || a[0].SmallValue < 0 || a[0].SmallValue > limit) return Process.Badarg(p);
        long at = a[0].SmallValue;
        Term list = Term.Nil;
        long found = 0;
        int looked = 0;
        for (; at < limit && found < PidsAtOnce && looked < 8192; at++, looked++)
        {
            Process* q = ProcessTable.Place(m, (int)at);
            if (q == null) continue;
            Term pid = q->Pid;
            if (pid.IsNone || System.Threading.Volatile.Read(ref q->Status) == ProcessStatus.Exiting) continue;
            list = Process.Cons(p, pid, list);
            found++;
        }
        Process.Bump(p, looked / 64);
        if (found == 0 && at >= limit) return Am.None;
        // Oldest first.
        Term forward = Term.Nil;
        for (; list.IsCons; list = list.Tail) forward = Process.Cons(p, list.Head, forward);
        return Process.Tuple(p, Term.Small(at), forward);
    }

    /// <summary>Writes where a process is to the standard error: true. The atoms badopt and badarg stand for exceptions.</summary>
    [Bif("erts_internal:process_display/2", BifKind.Traps)]
    public static Term ProcessDisplay(Process* p, Term* a)
    {
        if (a[1] != Am.Backtrace) return Am.Badopt;
        if (!a[0].IsLocalPid) return Am.Badarg;
        if (a[0] == p->Pid)
        {
            Display(p);
            return Am.True;
        }
        Process* q = ProcessTable.Lock(p->Machine, a[0]);
        if (q == null) return Am.Badarg;
        q->Lock.Unlock();
        return ProcessBifs.Ask(p, a[0], &Display, Term.Nil, 0);
    }

    private static void Display(Process* q, Signal* s)
    {
        if (q != null) Display(q);
        ProcessBifs.Answer(q, s, q == null ? Am.Badarg : Am.True);
    }

    private static void Display(Process* p)
    {
        if (p->Flags.Sensitive) return;
        TextBuffer b = default;
        ProcessInfoBifs.WriteBacktrace(ref b, p);
        Platform.Files.WriteAll(Platform.Files.StandardError, b.Data, (nuint)b.Count);
        b.Free();
    }
}
