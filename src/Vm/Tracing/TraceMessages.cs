// Trace messages: {trace, Pid, Tag, Data [, Extra] [, Result] [, Scheduler]} or {trace_ts, … , Timestamp}. The terms around the data are built in native
// memory: sending copies them, and the heap of the traced process does not change.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Room for small terms in native memory; on the stack of whoever sends. 0 words used at first.</summary>
internal unsafe struct TraceTerms
{
    private const int Room = 640;

    private fixed ulong words[Room];
    private int used;

    public static void Begin(out TraceTerms t)
    {
        Unsafe.SkipInit(out t);
        t.used = 0;
    }

    private static ulong* Take(TraceTerms* t, int n)
    {
        System.Diagnostics.Debug.Assert(t->used + n <= Room);
        ulong* w = t->words + t->used;
        t->used += n;
        return w;
    }

    public static Term Cons(TraceTerms* t, Term head, Term tail)
    {
        // A cell stands at an even address, as any object.
        Cons* c = (Cons*)Take(t, 2);
        c->Head = head;
        c->Tail = tail;
        return Term.List(c);
    }

    public static Term Tuple(TraceTerms* t, Term a, Term b)
    {
        ulong* w = Take(t, 3);
        w[0] = Header.Make(Header.Tuple, 2);
        w[1] = a.Bits;
        w[2] = b.Bits;
        return Term.Boxed(w);
    }

    public static Term Tuple(TraceTerms* t, Term a, Term b, Term c)
    {
        ulong* w = Take(t, 4);
        w[0] = Header.Make(Header.Tuple, 3);
        w[1] = a.Bits;
        w[2] = b.Bits;
        w[3] = c.Bits;
        return Term.Boxed(w);
    }

    /// <summary>[{Name, Value} | list].</summary>
    public static Term Pair(TraceTerms* t, Term name, Term value, Term list) => Cons(t, Tuple(t, name, value), list);

    public static Term Integer(TraceTerms* t, long value)
    {
        if (Term.FitsSmall(value)) return Term.Small(value);
        ulong* w = Take(t, 2);
        w[0] = Header.Make(value < 0 ? Header.NegativeBig : Header.PositiveBig, 1);
        w[1] = value < 0 ? 0UL - (ulong)value : (ulong)value;
        return Term.Boxed(w);
    }

    public static Term List(TraceTerms* t, Term* first, long count)
    {
        Term list = Term.Nil;
        while (count > 0) list = Cons(t, first[--count], list);
        return list;
    }
}

/// <summary>Sends them.</summary>
internal static unsafe class TraceMessages
{
    /// <summary>Sends one message. Extra (None: none) follows the data; result is what the match specification gave.</summary>
    public static void Send(Process* running, TraceTerms* room, Term tracer, uint flags, Term pid, Term tag, Term data, Term extra, Term result)
    {
        Machine* m = running->Machine;
        Term* e = stackalloc Term[8];
        int n = 0;
        e[n++] = Am.Trace;
        e[n++] = pid;
        e[n++] = tag;
        e[n++] = data;
        if (!extra.IsNone) e[n++] = extra;
        if (result != Am.True) e[n++] = result;
        if ((flags & TraceFlags.SchedulerId) != 0) e[n++] = Term.Small(running->Context->Scheduler == null ? 0 : running->Context->Scheduler->Index + 1);
        if ((flags & (TraceFlags.Timestamp | TraceFlags.Monotonic | TraceFlags.StrictMonotonic)) != 0)
        {
            e[0] = Am.TraceTs;
            e[n++] = Stamp(m, room, flags);
        }
        Signals.TraceTuple(m, running->Context, tracer, e, n);
    }

    public static Term Stamp(Machine* m, TraceTerms* room, uint flags)
    {
        if ((flags & TraceFlags.Timestamp) != 0)
        {
            long now = m->Tracing.CpuTime != 0 ? Clock.ProcessCpuNanoseconds / 1000 : VmClock.NextNow(m);
            return TraceTerms.Tuple(room, Term.Small(now / 1_000_000_000_000), Term.Small(now / 1_000_000 % 1_000_000), Term.Small(now % 1_000_000));
        }
        Term time = TraceTerms.Integer(room, VmClock.ErlangMonotonic(m));
        if ((flags & TraceFlags.StrictMonotonic) == 0) return time;
        return TraceTerms.Tuple(room, time, TraceTerms.Integer(room, Term.MinSmall + m->Counters.NextMonotonicUnique()));
    }

    /// <summary>Tells all sessions that have set <paramref name="flag"/> on a process. The process is the running one, or one that cannot run.</summary>
    [SkipLocalsInit]
    public static void Tell(Process* running, Process* traced, uint flag, Term tag, Term data, Term extra)
    {
        for (Tracee* t = traced->Tracees; t != null;)
        {
            Tracee* next = t->Next;
            if ((t->Flags & flag) != 0 && Tracees.IsActive(traced, t))
            {
                TraceTerms.Begin(out TraceTerms room);
                Send(running, &room, t->Tracer, t->Flags, traced->Pid, tag, data, extra, Am.True);
            }
            t = next;
        }
    }

    /// <summary>procs: of the running process.</summary>
    public static void Procs(Process* p, Term tag, Term data) => Tell(p, p, TraceFlags.Procs, tag, data, Term.None);

    /// <summary>procs: a process has made another, which does not run yet.</summary>
    [SkipLocalsInit]
    public static void Spawned(Process* p, Process* child, Term module, Term function, Term args, bool link)
    {
        TraceTerms.Begin(out TraceTerms room);
        Term call = TraceTerms.Tuple(&room, module, function, args);
        Tell(p, p, TraceFlags.Procs, Am.Spawn, child->Pid, call);
        if (link) Tell(p, p, TraceFlags.Procs, Am.Link, child->Pid, Term.None);
        Tell(p, child, TraceFlags.Procs, Am.Spawned, p->Pid, call);
        if (link) Tell(p, child, TraceFlags.Procs, Am.GettingLinked, p->Pid, Term.None);
    }

    /// <summary>procs: the running process ends; its name is taken from it next.</summary>
    public static void Exiting(Process* p, Term reason)
    {
        Procs(p, Am.Exit, reason);
        if (!p->Name.IsNone) Procs(p, Am.Unregister, p->Name);
    }

    /// <summary>procs: a name was given to a process, or taken. Another process tells it itself.</summary>
    public static void Named(Process* p, Term tag, Term pid, Term name)
    {
        Process* q = pid == p->Pid ? p : ProcessTable.Place(p->Machine, (int)ProcessTable.PlaceOf(p->Machine, pid));
        if (q == null || (q->Traced & TraceFlags.Procs) == 0) return;
        if (q == p)
        {
            Procs(p, tag, name);
            return;
        }
        Signal* s = Signals.Plain(SignalKind.Call, p->Pid);
        if (s == null) return;
        s->Run = &TellNamed;
        s->Value = name;
        s->Id0 = tag.Bits;
        Signals.Call(p->Machine, p->Context, pid, s);
    }

    private static void TellNamed(Process* q, Signal* s)
    {
        if (q != null) Procs(q, new Term(s->Id0), s->Value);
        Signal.Free(s);
    }

    /// <summary>running: in, out and their like, with the function the process is in.</summary>
    [SkipLocalsInit]
    public static void Scheduled(Process* p, uint flag, Term tag, bool exiting)
    {
        TraceTerms.Begin(out TraceTerms room);
        // One that has not run yet is in the function it was made for.
        Term where = exiting ? Term.Small(0)
            : p->ReductionsDone == 0 && tag == Am.In ? TraceTerms.Tuple(&room, p->InitialModule, p->InitialFunction, Term.Small(p->InitialArity))
            : FunctionAt(p, p->Resume, &room);
        Tell(p, p, flag, tag, where, Term.None);
    }

    /// <summary>{M, F, A} of the native that the process is in the middle of, else of an address, or 0.</summary>
    public static Term FunctionAt(Process* p, ulong* address, TraceTerms* room)
    {
        Export* e = p->Work == null ? null : p->Work->Native;
        return e == null ? FunctionAt(p->Machine, address, room) : TraceTerms.Tuple(room, e->Module, e->Function, Term.Small((long)e->Arity));
    }

    /// <summary>{M, F, A} of an address, or 0.</summary>
    public static Term FunctionAt(Machine* m, ulong* address, TraceTerms* room)
    {
        if (!CodeTable.Find(m, address, out CodeLocation where)) return Term.Small(0);
        return TraceTerms.Tuple(room, where.Module, where.Function, Term.Small(where.Arity));
    }

    /// <summary>A message is sent.</summary>
    public static void Sending(Process* p, Term to, Term message)
    {
        Term* args = stackalloc Term[] { to, message };
        Term tag = to.IsLocalPid && !IoServer.Is(p->Machine, to) && !Tracees.IsAlive(p->Machine, to) ? Am.SendToNonExistingProcess : Am.Send;
        for (Tracee* t = p->Tracees; t != null;)
        {
            Tracee* next = t->Next;
            if ((t->Flags & TraceFlags.Send) != 0 && t->Session->Send.Off == 0)
                Event(p, t, t->Session->Send.Spec, args, 2, tag, message, to);
            t = next;
        }
    }

    /// <summary>A message has come to the running process. From: the sender's pid, None, or clock_service.</summary>
    public static void Received(Process* p, Term from, Term message)
    {
        Term* args = stackalloc Term[3];
        args[0] = from.IsAtom ? from : from.IsPid ? Am.NonodeNohost : Am.System;
        args[1] = from.IsPid ? from : Am.Undefined;
        args[2] = message;
        for (Tracee* t = p->Tracees; t != null;)
        {
            Tracee* next = t->Next;
            if ((t->Flags & TraceFlags.Receive) != 0 && t->Session->Receive.Off == 0)
                Event(p, t, t->Session->Receive.Spec, args, 3, Am.Receive, message, Term.None);
            t = next;
        }
    }

    [SkipLocalsInit]
    private static void Event(Process* p, Tracee* t, MatchSpec* spec, Term* args, int count, Term tag, Term data, Term extra)
    {
        Term result = Am.True;
        TraceTerms.Begin(out TraceTerms room);
        HeapMark mark = HeapMark.Take(&p->Heap);
        if (spec != null)
        {
            TraceRun context = new() { Session = t->Session };
            MatchTraceRun run = new() { Act = &TraceActions.Act, Session = &context };
            TraceSession* session = t->Session;
            result = MatchSpecs.RunTrace(spec, p, args, count, &run);
            t = Tracees.Find(p, session);
        }
        if (t != null && result != Am.False && (spec == null || (t->Flags & TraceFlags.Silent) == 0) && Tracees.IsActive(p, t))
            Send(p, &room, t->Tracer, t->Flags, p->Pid, tag, data, extra, result);
        HeapMark.RollBack(&p->Heap, &mark);
    }
}
