// The end of a process: who is linked to it or monitors it is told, what it owns is given back. When that is much it is done in slices: the process stays in its run queue,
// exiting, until all is done.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;

/// <summary>How far the end of a process has come.</summary>
public unsafe struct ExitWork
{
    /// <summary>What links and monitors are told; in Copy from the second slice on, because literals that nobody but an exiting process refers to may be freed.</summary>
    public Term Reason;
    public EtsObject* Copy;
    /// <summary>Signals that came too late.</summary>
    public Signal* Late;
    public int Stage, Place;
}

/// <summary>Ends processes.</summary>
public static unsafe class ProcessExit
{
    /// <summary>
    /// Ends the process that runs on this context, for what its Fail slots hold (Exited, Killed) or because its function returned. The structure keeps its heap
    /// when <paramref name="keep"/> is set (the process a command waits for); ProcessState.Free gives it back then.
    /// </summary>
    public static void End(Process* p, long stop, bool keep)
    {
        Term reason = stop == StopReason.Finished ? Am.Normal : Reason(p, stop);
        if (stop == StopReason.Exited && p->FailClass != ExceptionClass.Exit && !keep && (p->Extra == null || p->Extra->OnLoad == null)) CrashReport.Print(p, reason);
        if (p->Flags.IsSystem && p->Machine->Halting == 0) SystemProcessEnded(p, reason);
        if (p->Extra != null && p->Extra->OnLoad != null) OnLoad.Ended(p, stop);
        ExitWork work = new() { Reason = reason };
        Begin(p, &work);
        bool done = !keep && Step(p, &work, Budget(p));
        if (!done && !keep && Postpone(p, &work))
        {
            Slices.Abandon(p);
            Tell(p, Am.OutExiting);
            p->Context->Scheduler->Queue.Add(p);
            return;
        }
        if (!done) _ = Step(p, &work, long.MaxValue);
        Slices.Abandon(p);
        if (keep) return;
        Tell(p, Am.OutExited);
        ProcessState.Free(p);
    }

    /// <summary>The next slice of a process that is ending (Process.Ending).</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static void GoOn(Process* p)
    {
        Tell(p, Am.InExiting);
        if (!Step(p, p->Ending, Budget(p)))
        {
            Tell(p, Am.OutExiting);
            p->Context->Scheduler->Queue.Add(p);
            return;
        }
        Tell(p, Am.OutExited);
        Drop(p);
        ProcessState.Free(p);
    }

    /// <summary>Forgets what is left to do.</summary>
    public static void Drop(Process* p)
    {
        ExitWork* w = p->Ending;
        if (w == null) return;
        p->Ending = null;
        while (w->Late != null)
        {
            Signal* next = w->Late->Next;
            if (w->Late->Kind == SignalKind.Call) w->Late->Run(null, w->Late);
            else Signal.Free(w->Late);
            w->Late = next;
        }
        if (w->Copy != null) EtsObject.Free(w->Copy);
        Allocator.Free(w, (nuint)sizeof(ExitWork), Owner.Process);
    }

    // What one slice may cost: a millisecond or so.
    private static long Budget(Process* p) => Slices.Steps(p, 1);

    private const long CostOfOne = 4;

    private static bool Postpone(Process* p, ExitWork* work)
    {
        if (p->Context->Scheduler == null) return false;
        ExitWork* w = (ExitWork*)Allocator.Alloc((nuint)sizeof(ExitWork), Owner.Process);
        if (w == null) return false;
        if (!work->Reason.IsImmediate)
        {
            ulong* tuple = stackalloc ulong[2];
            tuple[0] = Header.Make(Header.Tuple, 1);
            tuple[1] = work->Reason.Bits;
            work->Copy = EtsObject.Create(Term.Boxed(tuple));
            if (work->Copy == null)
            {
                Allocator.Free(w, (nuint)sizeof(ExitWork), Owner.Process);
                return false;
            }
            work->Reason = EtsObject.Element(work->Copy, 1);
        }
        *w = *work;
        p->Ending = w;
        return true;
    }

    private static void Tell(Process* p, Term what)
    {
        if ((p->Traced & TraceFlags.Exiting) != 0) TraceMessages.Scheduled(p, TraceFlags.Exiting, what, true);
    }

    // OTP cannot go on without it.
    private static void SystemProcessEnded(Process* p, Term reason)
    {
        TextBuffer b = new() { Limit = 64 * 1024 };
        b.Add("System process "u8);
        TermPrinter.Write(ref b, p->Pid, TermStyle.Pretty, true);
        b.Add(" terminated: "u8);
        TermPrinter.Write(ref b, reason, TermStyle.Pretty, true);
        b.Failed = false;
        b.Limit = 0;
        b.Add("\n"u8);
        Halting.WithSlogan(p->Machine, ref b, p);
        b.Free();
    }

    // What links and monitors see: an error has its stack trace with it.
    private static Term Reason(Process* p, long stop)
    {
        if (stop == StopReason.Killed || p->FailClass == ExceptionClass.Exit) return p->FailReason;
        Term trace = Exceptions.Cook(p, p->Machine, p->FailTrace);
        Term reason = p->FailReason;
        if (p->FailClass == ExceptionClass.Throw) reason = Process.Tuple(p, Am.Nocatch, reason);
        return Process.Tuple(p, reason, trace);
    }

    /// <summary>Takes the process out of everything that others can see.</summary>
    public static void Detach(Process* p, Term reason)
    {
        ExitWork work = new() { Reason = reason };
        Begin(p, &work);
        _ = Step(p, &work, long.MaxValue);
    }

    private static void Begin(Process* p, ExitWork* w)
    {
        p->Lock.Lock();
        p->Status = ProcessStatus.Exiting;
        ProcessTable.Exits(p->Machine);
        w->Late = p->InFirst;
        p->InFirst = p->InLast = null;
        p->InCount = 0;
        p->Lock.Unlock();
        if ((p->Traced & TraceFlags.Procs) != 0) TraceMessages.Exiting(p, w->Reason);
        // Nobody can give it a name from here on.
        Registry.Forget(p->Machine, p);
    }

    // False: the budget is used up, and there is more to do.
    private static bool Step(Process* p, ExitWork* w, long budget)
    {
        Machine* m = p->Machine;
        Context* c = p->Context;
        ProcessExtra* x = p->Extra;
        if (w->Stage == 0)
        {
            // Before anybody hears of its end: who does may rely on its timers being gone.
            if (!Timers.ProcessDied(p, (int)System.Math.Min(int.MaxValue, 1 + (budget / CostOfOne)))) return false;
            w->Stage++;
        }
        if (w->Stage == 1)
        {
            for (; w->Late != null && budget > 0; budget--)
            {
                Signal* s = w->Late;
                w->Late = s->Next;
                Answer(m, c, p, s);
            }
            if (w->Late != null) return false;
            if (x != null && x->OnExit != null) x->OnExit(p);
            SchedulerLimits.Died(p);
            OpenFile.OwnerDied(p);
            w->Stage++;
        }
        if (w->Stage == 2)
        {
            if (!EtsTables.OwnerDied(p, ref budget)) return false;
            w->Stage++;
        }
        if (w->Stage == 3)
        {
            for (; w->Place < p->Links.Places && budget > 0; w->Place++)
            {
                KeyEntry* link = p->Links.Place(w->Place);
                if (link == null || link->A != 0) continue;
                SendReason(m, c, SignalKind.LinkExit, new Term(link->Key0), p->Pid, w->Reason, 0, 0);
                budget -= CostOfOne;
            }
            if (w->Place < p->Links.Places) return false;
            w->Stage++;
            w->Place = 0;
        }
        return x == null || Monitors(p, x, w, budget);
    }

    private static bool Monitors(Process* p, ProcessExtra* x, ExitWork* w, long budget)
    {
        Machine* m = p->Machine;
        Context* c = p->Context;
        if (w->Stage == 4)
        {
            for (; w->Place < x->Monitors.Places && budget > 0; w->Place++)
            {
                KeyEntry* e = x->Monitors.Place(w->Place);
                if (e == null || (e->C & MonitorFlags.Monitoring) == 0) continue;
                Signal* d = Signals.Plain(SignalKind.Demonitor, p->Pid);
                if (d == null) continue;
                d->Id0 = e->Key0;
                d->Id1 = e->Key1;
                Signals.Send(m, c, new Term(e->A), d);
                budget -= CostOfOne;
            }
            if (w->Place < x->Monitors.Places) return false;
            w->Stage++;
            w->Place = 0;
        }
        if (w->Stage == 5)
        {
            for (; w->Place < x->MonitoredBy.Places && budget > 0; w->Place++)
            {
                KeyEntry* e = x->MonitoredBy.Place(w->Place);
                if (e == null) continue;
                SendReason(m, c, SignalKind.Down, new Term(e->A), p->Pid, w->Reason, e->Key0, e->Key1);
                budget -= CostOfOne;
            }
            if (w->Place < x->MonitoredBy.Places) return false;
            w->Stage++;
        }
        for (int i = 0; i < x->Suspended.Places; i++)
        {
            KeyEntry* e = x->Suspended.Place(i);
            if (e != null) Suspension.End(m, c, new Term(e->Key0), (int)e->A);
        }
        return true;
    }

    private static void SendReason(Machine* m, Context* c, SignalKind kind, Term to, Term from, Term reason, ulong id0, ulong id1)
    {
        Signal* s = Signal.Carrying(m, kind, reason);
        if (s == null) return;
        s->From = from;
        s->Id0 = id0;
        s->Id1 = id1;
        if (kind == SignalKind.LinkExit && c->Process != null && c->Process->Pid == from && SeqTrace.IsOn(c->Process)) SeqTrace.SendingExit(c->Process, to, s, reason);
        Signals.Send(m, c, to, s);
    }

    // Signals that came too late to be handled get the answer that they would get from no process.
    private static void Answer(Machine* m, Context* c, Process* p, Signal* s)
    {
        switch (s->Kind)
        {
            case SignalKind.Link:
                SendReason(m, c, SignalKind.LinkExit, s->From, p->Pid, Am.Noproc, 0, 0);
                break;
            case SignalKind.Unlink:
            {
                Signal* done = Signals.Plain(SignalKind.UnlinkDone, p->Pid);
                if (done != null) done->Id0 = s->Id0;
                Signals.Send(m, c, s->From, done);
                break;
            }
            case SignalKind.Monitor:
                SendReason(m, c, SignalKind.Down, s->From, p->Pid, Am.Noproc, s->Id0, s->Id1);
                break;
            case SignalKind.Call:
                // Its reason may be a literal that is given up: exit signals are still to be made from it.
                if (!LiteralCollector.Asks(s) || !Signals.PutBehind(p, p->Pid, s)) s->Run(null, s);
                return;
        }
        Signal.Free(s);
    }
}
