// The end of a process: who is linked to it or monitors it is told, what it owns is given back.
namespace MyBeam.Vm;

using MyBeam.Memory;

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
        Detach(p, reason);
        Slices.Abandon(p);
        if (keep) return;
        ProcessState.Free(p);
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
        Machine* m = p->Machine;
        Context* c = p->Context;
        p->Lock.Lock();
        p->Status = ProcessStatus.Exiting;
        ProcessTable.Exits(m);
        Signal* s = p->InFirst;
        p->InFirst = p->InLast = null;
        p->InCount = 0;
        p->Lock.Unlock();
        if ((p->Traced & TraceFlags.Procs) != 0) TraceMessages.Exiting(p, reason);
        // Nobody can give it a name from here on.
        Registry.Forget(m, p);
        // Before anybody hears of its end: who does may rely on its timers being gone.
        Timers.ProcessDied(p);
        for (; s != null;)
        {
            Signal* next = s->Next;
            Answer(m, c, p, s);
            s = next;
        }
        ProcessExtra* x = p->Extra;
        if (x != null && x->OnExit != null) x->OnExit(p);
        SchedulerLimits.Died(p);
        OpenFile.OwnerDied(p);
        EtsOwners.Died(p);
        for (int i = 0; i < p->Links.Places; i++)
        {
            KeyEntry* link = p->Links.Place(i);
            if (link != null && link->A == 0) SendReason(m, c, SignalKind.LinkExit, new Term(link->Key0), p->Pid, reason, 0, 0);
        }
        if (x == null) return;
        for (int i = 0; i < x->Monitors.Places; i++)
        {
            KeyEntry* e = x->Monitors.Place(i);
            if (e == null || (e->C & MonitorFlags.Monitoring) == 0) continue;
            Signal* d = Signals.Plain(SignalKind.Demonitor, p->Pid);
            if (d == null) continue;
            d->Id0 = e->Key0;
            d->Id1 = e->Key1;
            Signals.Send(m, c, new Term(e->A), d);
        }
        for (int i = 0; i < x->MonitoredBy.Places; i++)
        {
            KeyEntry* e = x->MonitoredBy.Place(i);
            if (e != null) SendReason(m, c, SignalKind.Down, new Term(e->A), p->Pid, reason, e->Key0, e->Key1);
        }
        for (int i = 0; i < x->Suspended.Places; i++)
        {
            KeyEntry* e = x->Suspended.Place(i);
            if (e != null) Suspension.End(m, c, new Term(e->Key0), (int)e->A);
        }
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
