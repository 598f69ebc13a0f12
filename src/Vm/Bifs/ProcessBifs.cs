// Natives of erlang about processes as such: names, being alive, sending, waiting, suspending.
namespace MyBeam.Vm;

using MyBeam.Memory;

public static unsafe class ProcessBifs
{
    // -- sending --

    /// <summary>erlang:'!'/2, send/2: the message.</summary>
    [Bif("erlang:!/2")]
    [Bif("erlang:send/2")]
    public static Term Send(Process* p, Term* a)
    {
        if (!Signals.Bang(p, a[0], a[1])) return Term.None;
        Process.Bump(p, 3);
        return a[1];
    }

    /// <summary>send/3: ok. The options nosuspend and noconnect change nothing for local receivers.</summary>
    [Bif("erlang:send/3")]
    public static Term Send3(Process* p, Term* a)
    {
        Term o = a[2];
        bool first = false;
        for (; o.IsCons; o = o.Tail)
        {
            if (o.Head == Am.Priority) first = true;
            else if (o.Head != Am.Nosuspend && o.Head != Am.Noconnect) return Process.Badarg(p, Am.Badopt);
        }
        if (!o.IsNil) return Process.Badarg(p, Am.Badopt);
        if (first && a[0].IsReference)
        {
            Signals.ToAlias(p, a[0], a[1], true);
            return Am.Ok;
        }
        return Signals.Bang(p, a[0], a[1]) ? Am.Ok : Term.None;
    }

    // -- names --

    [Bif("erlang:register/2")]
    public static Term Register(Process* p, Term* a)
    {
        if (!a[0].IsAtom || a[0] == Am.Undefined || (!a[1].IsLocalPid && !a[1].IsLocalPort) || !IoServer.Named(p->Machine, a[0]).IsNone) return Process.Badarg(p, Am.None);
        Term why = a[1].IsLocalPort ? Registry.RegisterPort(p->Machine, a[0], a[1]) : Registry.Register(p->Machine, a[0], a[1]);
        if (!why.IsNone) return Process.Badarg(p, why);
        TraceMessages.Named(p, Am.Register, a[1], a[0]);
        return Am.True;
    }

    [Bif("erlang:unregister/1")]
    public static Term Unregister(Process* p, Term* a)
    {
        Term pid = a[0].IsAtom ? Registry.WhereIs(p->Machine, a[0]) : Term.None;
        if (pid.IsNone || !Registry.Unregister(p->Machine, a[0])) return Process.Badarg(p);
        TraceMessages.Named(p, Am.Unregister, pid, a[0]);
        return Am.True;
    }

    [Bif("erlang:whereis/1")]
    public static Term WhereIs(Process* p, Term* a)
    {
        if (!a[0].IsAtom) return Process.Badarg(p);
        Term pid = Registry.WhereIs(p->Machine, a[0]);
        return pid.IsNone ? Am.Undefined : pid;
    }

    [Bif("erlang:registered/0")]
    public static Term Registered(Process* p, Term* a) => Registry.Names(p);

    // -- which processes there are --

    /// <summary>Without those that are exiting; newest numbers first.</summary>
    [Bif("erlang:processes/0")]
    public static Term Processes(Process* p, Term* a)
    {
        Machine* m = p->Machine;
        Term list = Term.Nil;
        int left = ProcessTable.Count(m);
        // The lowest place comes first. Places above the next number are empty as long as numbers have not gone round.
        for (int i = (int)System.Math.Min(ProcessTable.Limit(m), ProcessTable.NextNumber(m)) - 1; i >= 0 && left > 0; i--)
        {
            Process* q = ProcessTable.Place(m, i);
            if (q == null) continue;
            left--;
            Term pid = q->Pid;
            if (!pid.IsNone && q->Status != ProcessStatus.Exiting) list = Process.Cons(p, pid, list);
        }
        Process.Bump(p, ProcessTable.Count(m) / 8);
        return list;
    }

    [Bif("erlang:is_process_alive/1", BifKind.Traps)]
    public static Term IsProcessAlive(Process* p, Term* a)
    {
        if (!a[0].IsLocalPid) return Process.Badarg(p);
        if (a[0] == p->Pid || IoServer.Is(p->Machine, a[0])) return Am.True;
        Process* q = ProcessTable.Lock(p->Machine, a[0]);
        if (q == null) return Am.False;
        bool pending = q->InFirst != null || q->Handling != 0;
        q->Lock.Unlock();
        // What was sent to it before, an exit signal perhaps, counts.
        return pending ? Ask(p, a[0], &AnswerAlive, Term.Nil, 0) : Am.True;
    }

    private static void AnswerAlive(Process* q, Signal* s) => Answer(q, s, Term.Bool(q != null));

    /// <summary>
    /// Asks another process by a Call signal and waits for {Reference, Answer} (traps to erts_internal:await_result/1). The function gets the process, or null
    /// when it is gone, and must call <see cref="Answer"/>.
    /// </summary>
    public static Term Ask(Process* p, Term to, delegate*<Process*, Signal*, void> run, Term argument, ulong data)
    {
        Term reference = TimeBifs.NewReference(p);
        Signal* s = Signal.Carrying(p->Machine, SignalKind.Call, argument);
        if (s == null) return Process.SystemLimit(p);
        s->From = p->Pid;
        s->Id0 = ((Reference*)reference.Box)->Id0;
        s->Id1 = ((Reference*)reference.Box)->Id1;
        s->Run = run;
        s->Data0 = data;
        s->Machine = p->Machine;
        Signals.Call(p->Machine, p->Context, to, s);
        return Process.TrapTo1(p, Am.ErtsInternal, Am.AwaitResult, reference);
    }

    /// <summary>Sends the answer to whoever asked, and frees the question.</summary>
    public static void Answer(Process* q, Signal* s, Term answer)
    {
        // Without the process asked this runs on the thread of the one who asks, or of the one that ends.
        Machine* m = s->Machine;
        ulong* reference = stackalloc ulong[3];
        reference[0] = Header.Make(Header.Reference, Reference.Words - 1);
        reference[1] = s->Id0;
        reference[2] = s->Id1;
        Term* e = stackalloc Term[] { Term.Boxed(reference), answer };
        Signals.Tuple(m, q == null ? null : q->Context, s->From, e, 2);
        Signal.Free(s);
    }

    // -- waiting --

    [Bif("erlang:yield/0", BifKind.Traps)]
    public static Term Yield(Process* p, Term* a) => Process.YieldWith(p, Am.True);

    /// <summary>Throws the stack away and waits for a message; then calls M:F(Args).</summary>
    [Bif("erlang:hibernate/3", BifKind.Traps)]
    public static Term Hibernate(Process* p, Term* a)
    {
        int n = 0;
        Term list = a[2];
        for (; list.IsCons; list = list.Tail) n++;
        if (!a[0].IsAtom || !a[1].IsAtom || !list.IsNil || n > Context.MaxRegisters - 1) return list.IsNil && a[0].IsAtom && a[1].IsAtom ? Process.SystemLimit(p) : Process.Badarg(p);
        p->Resume = CodeTable.CallTarget(p->Machine, a[0], a[1], n);
        if (!ProcessState.KeepList(p, a[2], Term.None, 0)) return Process.SystemLimit(p);
        p->Heap.Stack = p->Heap.End - 1;
        *p->Heap.Stack = (ulong)p->Machine->HaltCode;
        p->Catches = 0;
        // Collected to the smallest size; waits until there is a message.
        p->Hibernating = 3;
        ProcessGc.Hibernate(p);
        p->Fail = FailKind.Leave;
        p->TrapArity = (int)(p->MailFirst == null && p->InFirst == null ? StopReason.Waiting : StopReason.Yielded);
        return Term.None;
    }

    /// <summary>Collects to the smallest size and waits for a message, then returns ok.</summary>
    [Bif("erlang:hibernate/0", BifKind.Traps)]
    public static Term Hibernate0(Process* p, Term* a)
    {
        if (p->MailFirst != null) return Am.Ok;
        p->Hibernating = 2;
        return Process.YieldWith(p, Am.Ok);
    }

    // -- suspending --

    /// <summary>What suspend_process/1,2 call: true, false (unless_suspending), or the atoms badarg, badopt … as OTP gives them.</summary>
    [Bif("erts_internal:suspend_process/2", BifKind.Traps)]
    public static Term SuspendProcess(Process* p, Term* a)
    {
        bool asynchronous = false, unless = false;
        Term o = a[1], tag = Term.None;
        for (; o.IsCons; o = o.Tail)
        {
            if (o.Head == Am.Asynchronous) asynchronous = true;
            else if (o.Head.IsTupleOf(2) && o.Head.TupleElements[0] == Am.Asynchronous)
            {
                asynchronous = true;
                tag = o.Head.TupleElements[1];
            }
            else if (o.Head == Am.UnlessSuspending) unless = true;
            else return Am.Badarg;
        }
        if (!o.IsNil || !a[0].IsLocalPid || a[0] == p->Pid) return Am.Badarg;
        ProcessExtra* x = ProcessExtra.Of(p);
        KeyEntry* mine = x == null ? null : x->Suspended.Find(a[0].Bits, 0);
        if (mine != null && unless)
        {
            if (asynchronous || SuspensionsOnTheirWay(p, a[0]) == 0) return Am.False;
            // Until the other has heard of the suspension there is.
            return Ask(p, a[0], &AlreadySuspended, Term.Nil, 0);
        }
        Process* q = ProcessTable.Lock(p->Machine, a[0]);
        if (q == null) return Am.Badarg;
        q->Lock.Unlock();
        if (mine == null && x != null) mine = x->Suspended.Put(a[0].Bits, 0);
        if (mine == null) return Am.SystemLimit;
        mine->A++;
        Term wait = Ask(p, a[0], &Suspend, tag.IsNone ? Term.Nil : tag, !asynchronous ? 0UL : tag.IsNone ? 1UL : 2);
        if (!asynchronous) return wait;
        p->Fail = FailKind.None;
        return Am.True;
    }

    private static void AlreadySuspended(Process* q, Signal* s) => Answer(q, s, q == null ? Am.Badarg : Am.False);

    /// <summary>How many of the caller's suspensions are outstanding: all, while the other has heard of none of them.</summary>
    public static long SuspensionsOnTheirWay(Process* p, Term pid)
    {
        KeyEntry* mine = p->Extra == null ? null : p->Extra->Suspended.Find(pid.Bits, 0);
        if (mine == null) return 0;
        long n = 0;
        void* suspend = (delegate*<Process*, Signal*, void>)&Suspend;
        Process* q = ProcessTable.Lock(p->Machine, pid);
        if (q == null) return 0;
        for (Signal* s = q->InFirst; s != null; s = s->Next)
            if (s->Kind == SignalKind.Call && (void*)s->Run == suspend && s->From == p->Pid) n++;
        // Those taken from the row that it is just about to handle are in no list.
        bool none = n >= (long)mine->A || q->Pauses <= 0;
        q->Lock.Unlock();
        return none ? (long)mine->A : 0;
    }

    private static void Suspend(Process* q, Signal* s)
    {
        if (q != null)
        {
            q->Lock.Lock();
            q->SuspendCount++;
            bool pause = ++q->Pauses > 0;
            q->Lock.Unlock();
            if (pause) Timers.Pause(q);
        }
        // Nobody waits for an asynchronous suspension, but {Tag, State} may be wanted.
        if (s->Data0 == 2)
        {
            Term* e = stackalloc Term[] { s->Value, q == null ? Am.Exited : Am.Suspended };
            Signals.Tuple(s->Machine, q == null ? null : q->Context, s->From, e, 2);
        }
        if (s->Data0 != 0) Signal.Free(s);
        else Answer(q, s, q == null ? Am.Badarg : Am.True);
    }

    [Bif("erlang:resume_process/1")]
    public static Term ResumeProcess(Process* p, Term* a)
    {
        KeyEntry* mine = p->Extra == null || !a[0].IsLocalPid ? null : p->Extra->Suspended.Find(a[0].Bits, 0);
        if (mine == null) return Process.Badarg(p);
        if (--mine->A == 0) p->Extra->Suspended.Remove(mine);
        return Suspension.End(p->Machine, p->Context, a[0], 1) ? Am.True : Process.Badarg(p);
    }
}
