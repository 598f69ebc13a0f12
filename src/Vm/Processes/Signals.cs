// Sending signals. A sender makes the signal in memory of its own and holds the receiver's lock only to append it.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Sends signals to processes of this VM.</summary>
public static unsafe class Signals
{
    /// <summary>Appends a signal to the row of a process and wakes it. False (the signal is still the caller's): there is no such process.</summary>
    public static bool Put(Machine* m, Context* from, Term to, Signal* s)
    {
        Process* p = ProcessTable.Lock(m, to);
        if (p == null) return to.IsLocalPort && PortSignals.Take(m, to, s);
        bool asks = s->Kind is SignalKind.Call or SignalKind.GroupLeader && from != null && from->Process != null;
        PutLocked(from, p, s, asks ? from->Process->Flags.Urgency : 0);
        return true;
    }

    /// <summary>Appends a Call to the row of a process that is exiting: it is run, without the process, when that is gone. False: it is gone already.</summary>
    public static bool PutBehind(Process* p, Term to, Signal* s)
    {
        p->Lock.Lock();
        bool there = p->Pid == to;
        if (there)
        {
            s->Next = null;
            if (p->InLast == null) p->InFirst = s;
            else p->InLast->Next = s;
            p->InLast = s;
            p->InCount++;
        }
        p->Lock.Unlock();
        return there;
    }

    // Gives up the lock. A receiver with a lower priority (Urgency) handles its signals with this one.
    private static void PutLocked(Context* from, Process* p, Signal* s, int urgency)
    {
        s->Next = null;
        if (p->InLast == null) p->InFirst = s;
        else p->InLast->Next = s;
        p->InLast = s;
        p->InCount++;
        // One that counts as running and is suspended handles signals, or leaves: unless it is on a dirty thread.
        s->StatusBefore = p->SuspendCount > 0 && p->Dirty != DirtyState.Runs ? ProcessStatus.Suspended : p->Status;
        // A suspended process does not look at messages, but exit signals, monitors and questions do not wait until it is resumed.
        bool message = s->Kind is SignalKind.Message or SignalKind.AliasMessage;
        bool wake = p->Status == ProcessStatus.Waiting || (p->Status == ProcessStatus.Suspended && !message);
        if (wake) p->Status = ProcessStatus.Runnable;
        bool lift = urgency > p->Flags.Urgency && urgency > p->Lifted;
        if (lift) p->Lifted = urgency;
        // A step of the VM itself (DirtyWork) is not taken back.
        if (p->Dirty == DirtyState.Runs && p->Extra->DirtyStop != null) DirtyPool.Interrupt(p, s);
        DirtyPool* dirty = p->Dirty is DirtyState.Queued or DirtyState.Runs && !message && p->Extra->DirtyStep == null ? p->Extra->DirtyPool : null;
        p->Lock.Unlock();
        if (wake) Schedulers.Ready(from, p);
        else if (dirty != null) DirtyPool.Signalled(dirty, from, p);
        else if (lift) RunQueue.Lift(p);
    }

    /// <summary>As Put, but the signal is freed when there is no such process.</summary>
    public static bool Send(Machine* m, Context* from, Term to, Signal* s)
    {
        if (s == null) return false;
        if (Put(m, from, to, s)) return true;
        Signal.Free(s);
        return false;
    }

    /// <summary>Sends a copy of a term as a message. Nothing happens when the process is gone.</summary>
    public static void Message(Machine* m, Context* from, Term to, Term message)
    {
        Process* p = ProcessTable.Lock(m, to);
        if (p == null) return;
        // Copying can take long and needs no lock.
        p->Lock.Unlock();
        Signal* s = Signal.Carrying(m, SignalKind.Message, message);
        if (s == null) return;
        // Tracing of receive wants to know.
        if (from != null && from->Process != null)
        {
            s->From = from->Process->Pid;
            if (SeqTrace.IsOn(from->Process)) SeqTrace.Sending(from->Process, to, s, message);
        }
        Send(m, from, to, s);
    }

    /// <summary>Sends a tuple of these terms as a message.</summary>
    public static void Tuple(Machine* m, Context* from, Term to, Term* elements, int count) => Send(m, from, to, Signal.Tuple(m, elements, count));

    /// <summary>As Tuple, a message of tracing or of the system: it leaves the receiver's sequential trace token alone.</summary>
    public static void TraceTuple(Machine* m, Context* from, Term to, Term* elements, int count)
    {
        Signal* s = Signal.Tuple(m, elements, count);
        if (s == null) return;
        s->Data0 = SeqTrace.Unchanged;
        Send(m, from, to, s);
    }

    /// <summary>destination ! message, for every kind of destination. False: it is none, or a name that nobody has (Fail is set).</summary>
    public static bool Bang(Process* p, Term to, Term message)
    {
        Machine* m = p->Machine;
        Term named = to;
        if (to.IsAtom)
        {
            Term pid = Registry.WhereIs(m, to);
            if (pid.IsNone)
            {
                if ((p->Traced & TraceFlags.Send) != 0) TraceMessages.Sending(p, named, message);
                Process.Badarg(p, Am.Badarg);
                p->FailCause = Term.None;
                return false;
            }
            to = pid;
        }
        if (to.IsLocalPid)
        {
            if ((p->Traced & TraceFlags.Send) != 0) TraceMessages.Sending(p, named, message);
            if (IoServer.Is(m, to)) IoServer.Take(p, to, message);
            else Message(m, p->Context, to, message);
            return true;
        }
        if (to.IsLocalPort)
        {
            if ((p->Traced & TraceFlags.Send) != 0) TraceMessages.Sending(p, named, message);
            PortSignals.Bang(p, to, message);
            return true;
        }
        if (to.IsReference)
        {
            ToAlias(p, to, message, false);
            return true;
        }
        if (to.IsTupleOf(2) && to.TupleElements[0].IsAtom && to.TupleElements[1].IsAtom)
        {
            // {Name, Node}: a name that nobody has is no mistake here.
            if (to.TupleElements[1] != Am.NonodeNohost) return true;
            Term pid = Registry.WhereIs(m, to.TupleElements[0]);
            if (pid.IsNone) return true;
            if ((p->Traced & TraceFlags.Send) != 0) TraceMessages.Sending(p, to, message);
            if (IoServer.Is(m, pid)) IoServer.Take(p, pid, message);
            else if (pid.IsLocalPort) PortSignals.Bang(p, pid, message);
            else Message(m, p->Context, pid, message);
            return true;
        }
        if (to.IsPid || to.IsPort) return true;
        Process.Badarg(p);
        return false;
    }

    /// <summary>reference ! message; with priority (Priorities) if it is wanted.</summary>
    public static void ToAlias(Process* p, Term reference, Term message, bool first)
    {
        Machine* m = p->Machine;
        if ((p->Traced & TraceFlags.Send) != 0) TraceMessages.Sending(p, reference, message);
        Term pid = ProcessOf(m, reference);
        if (pid.IsNone) return;
        Signal* s = Signal.Carrying(m, SignalKind.AliasMessage, message);
        if (s == null) return;
        if (first) s->HeapIndex = Priorities.Wanted;
        s->Id0 = ((Reference*)reference.Box)->Id0;
        s->Id1 = ((Reference*)reference.Box)->Id1;
        if (SeqTrace.IsOn(p)) SeqTrace.Sending(p, reference, s, message);
        Send(m, p->Context, pid, s);
    }

    /// <summary>The process that an alias may belong to, or None.</summary>
    public static Term ProcessOf(Machine* m, Term alias)
    {
        if (!Aliases.PlaceOf(alias, out uint place)) return Term.None;
        Process* target = ProcessTable.Place(m, (int)place);
        return target == null ? Term.None : target->Pid;
    }

    /// <summary>A signal without terms.</summary>
    public static Signal* Plain(SignalKind kind, Term from)
    {
        Signal* s = Signal.New(kind, 0, out _);
        if (s != null) s->From = from;
        return s;
    }

    /// <summary>Has another process run a function: at once when it is the caller itself, when its turn comes otherwise, or with null when it is gone. The
    /// function frees the signal.</summary>
    public static void Call(Machine* m, Context* from, Term to, Signal* s)
    {
        if (!Put(m, from, to, s)) s->Run(null, s);
    }

    /// <summary>As Call, as if one with this priority (Urgency) had asked.</summary>
    public static void Call(Machine* m, Context* from, Term to, Signal* s, int urgency)
    {
        Process* p = ProcessTable.Lock(m, to);
        if (p != null) PutLocked(from, p, s, urgency);
        else s->Run(null, s);
    }
}
