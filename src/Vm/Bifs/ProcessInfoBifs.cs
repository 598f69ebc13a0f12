// Natives of erlang about processes, as far as one process can answer them: the calling one. Others come with the scheduler.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;

public static unsafe class ProcessInfoBifs
{
    [Bif("erlang:process_flag/2", BifKind.Traps)]
    public static Term ProcessFlag(Process* p, Term* a)
    {
        Term old = ProcessFlags.Set(p, a[0], a[1], out bool known);
        if (!old.IsNone) return a[0] == Am.Scheduler && Schedulers.IsElsewhere(p) ? Process.YieldWith(p, old) : old;
        // The causes that OTP gives.
        return !known ? Process.Badarg(p, Am.Badopt) : a[0] == Am.SaveCalls ? Process.Badarg(p, Am.None) : Process.Badarg(p);
    }

    [Bif("erlang:group_leader/0")]
    public static Term GroupLeader(Process* p, Term* a) => p->GroupLeader;

    [Bif("erlang:nodes/0")]
    public static Term Nobody(Process* p, Term* a) => Term.Nil;

    // -- process_info --

    private static readonly long ItemsOfInfo1 = 16;

    /// <summary>The items of process_info/1, in its order. undefined: no such process.</summary>
    [Bif("erlang:process_info/1", BifKind.Traps)]
    public static Term ProcessInfo1(Process* p, Term* a)
    {
        if (!a[0].IsLocalPid) return Process.Badarg(p);
        if (a[0] == p->Pid && p->InFirst != null) SignalHandling.TakeMessages(p);
        Term* items = stackalloc Term[]
        {
            Am.CurrentFunction, Am.InitialCall, Am.Status, Am.MessageQueueLen, Am.Links, Am.Dictionary, Am.TrapExit, Am.ErrorHandler, Am.Priority,
            Am.GroupLeader, Am.TotalHeapSize, Am.HeapSize, Am.StackSize, Am.Reductions, Am.GarbageCollection, Am.Suspending,
        };
        Term list = Term.Nil;
        for (long i = ItemsOfInfo1; i > 0; i--) list = Process.Cons(p, items[i - 1], list);
        // A name comes first, when there is one.
        list = Process.Cons(p, Am.RegisteredName, list);
        return a[0] == p->Pid ? Items(p, list, ProcessStatus.Running, true) : Other(p, a[0], list, 1);
    }

    /// <summary>One item, or a list of items (whose order the result has). undefined: no such process.</summary>
    [Bif("erlang:process_info/2", BifKind.Traps)]
    public static Term ProcessInfo2(Process* p, Term* a)
    {
        if (!a[0].IsLocalPid) return Process.Badarg(p);
        if (a[0] == p->Pid && p->InFirst != null) SignalHandling.TakeMessages(p);
        Term list = a[1];
        if (!a[1].IsList)
        {
            if (!IsItem(p, a[1])) return Process.Badarg(p);
            return a[0] == p->Pid ? One(p, a[1], ProcessStatus.Running) : Other(p, a[0], a[1], 0);
        }
        for (; list.IsCons; list = list.Tail)
            if (!IsItem(p, list.Head)) return Process.Badarg(p);
        if (!list.IsNil) return Process.Badarg(p);
        return a[0] == p->Pid ? Items(p, a[1], ProcessStatus.Running, false) : Other(p, a[0], a[1], 0);
    }

    // Whether there is such an item: every process has every item.
    private static bool IsItem(Process* p, Term item) => !Item(p, item, ProcessStatus.Running).IsNone;

    private static Term Other(Process* p, Term pid, Term items, ulong skipName)
    {
        if (IoServer.Is(p->Machine, pid)) return Am.Undefined;
        return ProcessBifs.Ask(p, pid, &Tell, items, skipName);
    }

    // On the process that was asked; what it makes on its own heap is taken back.
    private static void Tell(Process* q, Signal* s)
    {
        HeapMark mark = q == null ? default : HeapMark.Take(&q->Heap);
        Term answer = q == null ? Am.Undefined : s->Value.IsList ? Items(q, s->Value, s->StatusBefore, s->Data0 != 0) : One(q, s->Value, s->StatusBefore);
        ProcessBifs.Answer(q, s, answer);
        if (q != null) HeapMark.RollBack(&q->Heap, &mark);
    }

    private static Term One(Process* p, Term item, long status)
    {
        Term value = Item(p, item, status);
        // A process without a name has no tuple either.
        return item == Am.RegisteredName && value.IsNil ? value : Process.Tuple(p, item, value);
    }

    private static Term Items(Process* p, Term items, long status, bool skipName)
    {
        // Sizes are those before anything of the answer was made: they come first, pairs last.
        NativeList<Term> found = default;
        for (; items.IsCons; items = items.Tail)
        {
            if (skipName && items.Head == Am.RegisteredName && p->Name.IsNone) continue;
            found.Add(items.Head, Owner.Temporary);
            found.Add(Term.None, Owner.Temporary);
        }
        for (int turn = 0; turn < 3; turn++)
            for (int i = 0; i < found.Count; i += 2)
                if (Turn(found[i]) == turn) found[i + 1] = Item(p, found[i], status);
        Term list = Term.Nil;
        for (int i = found.Count - 2; i >= 0; i -= 2) list = Process.Cons(p, Process.Tuple(p, found[i], found[i + 1]), list);
        found.Free(Owner.Temporary);
        return list;
    }

    // When an item is asked for: those that make nothing, the sizes that are a list, all others.
    private static int Turn(Term item) =>
        item == Am.TotalHeapSize || item == Am.HeapSize || item == Am.StackSize || item == Am.Memory ? 0 : item == Am.GarbageCollectionInfo ? 1 : 2;

    private static Term Item(Process* p, Term item, long status)
    {
        if (item == Am.Status) return Status(status);
        if (item.IsAtom) return Value(p, item);
        if (!item.IsTupleOf(2) || item.TupleElements[0] != Am.Dictionary) return Term.None;
        Term value = p->Flags.Sensitive ? Term.None : p->Dictionary.Get(item.TupleElements[1]);
        return value.IsNone ? Am.Undefined : value;
    }

    /// <summary>All items of process_info/2 that are atoms, in OTP's order.</summary>
    internal static Term AllItems(Process* p)
    {
        Term* items = stackalloc Term[]
        {
            Am.RegisteredName, Am.CurrentFunction, Am.InitialCall, Am.Status, Am.Messages, Am.MessageQueueLen, Am.Links, Am.Monitors, Am.MonitoredBy,
            Am.Dictionary, Am.TrapExit, Am.ErrorHandler, Am.HeapSize, Am.StackSize, Am.Memory, Am.GarbageCollection, Am.GroupLeader, Am.Reductions,
            Am.Priority, Am.Trace, Am.Binary, Am.SequentialTraceToken, Am.Catchlevel, Am.Backtrace, Am.LastCalls, Am.TotalHeapSize, Am.Suspending,
            Am.MinHeapSize, Am.MinBinVheapSize, Am.MaxHeapSize, Am.CurrentLocation, Am.CurrentStacktrace, Am.MessageQueueData, Am.GarbageCollectionInfo,
            Am.MagicRef, Am.FullsweepAfter, Am.Parent, Am.AsyncDist, Am.Label, Am.PriorityMessages,
        };
        Term list = Term.Nil;
        for (int i = 40; i > 0; i--) list = Process.Cons(p, items[i - 1], list);
        return list;
    }

    internal static Term Status(long status) => status switch
    {
        ProcessStatus.Waiting => Am.Waiting,
        ProcessStatus.Runnable => Am.Runnable,
        ProcessStatus.Suspended => Am.Suspended,
        ProcessStatus.Exiting => Am.Exiting,
        _ => Am.Running,
    };

    private static Term Value(Process* p, Term item)
    {
        if (p->Flags.Sensitive && (item == Am.Messages || item == Am.Dictionary)) return Term.Nil;
        if (p->Flags.Sensitive && item == Am.Backtrace) return Binaries.FromBytes(p, null, 0);
        if (item == Am.RegisteredName) return p->Name.IsNone ? Term.Nil : p->Name;
        if (item == Am.CurrentFunction) return Current(p, 0);
        if (item == Am.CurrentLocation) return Current(p, 3);
        if (item == Am.CurrentStacktrace) return Trace(p);
        if (item == Am.InitialCall) return Process.Tuple(p, p->InitialModule, p->InitialFunction, Term.Small(p->InitialArity));
        if (item == Am.MessageQueueLen) return Term.Small(Mailbox.Length(p));
        if (item == Am.Messages) return Mailbox.ToList(p);
        if (item == Am.Dictionary) return Dictionary(p);
        if (item == Am.GroupLeader) return p->GroupLeader;
        if (item == Am.Reductions) return Process.Integer(p, p->ReductionsDone + p->Bumped + p->Machine->SliceReductions - p->Context->Reductions);
        if (item == Am.TrapExit) return Term.Bool(p->Flags.TrapExit);
        if (item == Am.ErrorHandler) return p->Flags.ErrorHandler;
        if (item == Am.Priority) return p->Flags.Priority;
        if (item == Am.MessageQueueData) return p->Flags.QueueData;
        if (item == Am.AsyncDist) return Term.Bool(p->Flags.AsyncDist);
        if (item == Am.Parent) return p->Flags.Parent;
        if (item == Am.Label)
        {
            Term label = p->Dictionary.Get(AtomTable.Intern("$process_label"u8));
            return label.IsNone ? Am.Undefined : label;
        }
        if (item == Am.Links) return Links(p);
        if (item == Am.Monitors) return MonitorList(p);
        if (item == Am.MonitoredBy) return MonitoredBy(p);
        if (item == Am.Suspending) return Suspending(p);
        if (item == Am.SequentialTraceToken) return SeqTrace.Token(p);
        if (item == Am.Binary) return BinaryList(p);
        if (item == Am.Backtrace) return Backtrace(p);
        if (item == Am.MagicRef) return Term.Nil;
        if (item == Am.LastCalls) return Am.False;
        if (item == Am.PriorityMessages) return Term.Bool(Priorities.Any(p));
        if (item == Am.Trace) return Term.Small(0);
        if (item == Am.Catchlevel) return Term.Small(p->Catches);
        return Sizes(p, item);
    }

    // Sizes are in words, memory in bytes.
    private static Term Sizes(Process* p, Term item)
    {
        Heap* h = &p->Heap;
        long stack = h->End - h->Stack;
        if (item == Am.HeapSize) return Term.Small(h->End - h->Start);
        if (item == Am.StackSize) return Term.Small(stack);
        if (item == Am.TotalHeapSize) return Term.Small(ProcessSizes.TotalHeap(p));
        if (item == Am.Memory) return Term.Small(ProcessSizes.Memory(p));
        if (item == Am.MinHeapSize) return Term.Small(h->MinSize);
        if (item == Am.MinBinVheapSize) return Term.Small(ProcessFlags.MinBinHeap(p));
        if (item == Am.FullsweepAfter) return Term.Small(h->FullSweepAfter);
        if (item == Am.MaxHeapSize) return ProcessFlags.MaxHeapSize(p, h);
        Term list = Term.Nil;
        if (item == Am.GarbageCollection)
        {
            Add(p, ref list, Am.MinorGcs, h->MinorCount);
            Add(p, ref list, Am.FullsweepAfter, h->FullSweepAfter);
            Add(p, ref list, Am.MinHeapSize, h->MinSize);
            Add(p, ref list, Am.MinBinVheapSize, ProcessFlags.MinBinHeap(p));
            return Process.Cons(p, Process.Tuple(p, Am.MaxHeapSize, ProcessFlags.MaxHeapSize(p, h)), list);
        }
        if (item != Am.GarbageCollectionInfo) return Term.None;
        long used = h->Top - h->Start, fragments = ProcessSizes.TotalHeap(p) - (h->End - h->Start) - (h->OldEnd - h->OldStart);
        Add(p, ref list, Am.BinOldVheapBlockSize, h->BinaryLimit / 8);
        Add(p, ref list, Am.BinOldVheapSize, 0);
        Add(p, ref list, Am.BinVheapBlockSize, h->BinaryLimit / 8);
        Add(p, ref list, Am.BinVheapSize, h->BinaryBytes / 8);
        Add(p, ref list, Am.HeapSize, used);
        Add(p, ref list, Am.OldHeapSize, h->OldTop - h->OldStart);
        Add(p, ref list, Am.StackSize, stack);
        Add(p, ref list, Am.RecentSize, h->HighWater - h->Start);
        Add(p, ref list, Am.MbufSize, fragments);
        Add(p, ref list, Am.HeapBlockSize, h->End - h->Start);
        Add(p, ref list, Am.OldHeapBlockSize, h->OldEnd - h->OldStart);
        return list;
    }

    private static void Add(Process* p, ref Term list, Term name, long value) => list = Process.Cons(p, Process.Tuple(p, name, Term.Small(value)), list);

    private static Term Links(Process* p)
    {
        Term list = Term.Nil;
        for (int i = 0; i < p->Links.Places; i++)
        {
            KeyEntry* e = p->Links.Place(i);
            if (e != null && e->A == 0) list = Process.Cons(p, new Term(e->Key0), list);
        }
        return list;
    }

    // {process, Pid} or {process, {Name, Node}}, and the same with port
    private static Term MonitorList(Process* p)
    {
        Term list = Term.Nil;
        for (int i = 0; p->Extra != null && i < p->Extra->Monitors.Places; i++)
        {
            KeyEntry* e = p->Extra->Monitors.Place(i);
            if (e == null || (e->C & MonitorFlags.Monitoring) == 0 || (e->A == Term.None.Bits && e->B == Term.None.Bits)) continue;
            Term name = new(e->B);
            list = Process.Cons(p, Process.Tuple(p, new Term(e->A).IsLocalPort ? Am.Port : Am.Process, name.IsNone ? new Term(e->A) : Process.Tuple(p, name, Am.NonodeNohost)), list);
        }
        return list;
    }

    private static Term MonitoredBy(Process* p)
    {
        Term list = Term.Nil;
        for (int i = 0; p->Extra != null && i < p->Extra->MonitoredBy.Places; i++)
        {
            KeyEntry* e = p->Extra->MonitoredBy.Place(i);
            if (e != null) list = Process.Cons(p, new Term(e->A), list);
        }
        return list;
    }

    // {Pid, Active, Outstanding}: a suspension is active when its call returns.
    private static Term Suspending(Process* p)
    {
        Term list = Term.Nil;
        for (int i = 0; p->Extra != null && i < p->Extra->Suspended.Places; i++)
        {
            KeyEntry* e = p->Extra->Suspended.Place(i);
            if (e == null) continue;
            Term pid = new(e->Key0);
            long outstanding = ProcessBifs.SuspensionsOnTheirWay(p, pid);
            list = Process.Cons(p, Process.Tuple(p, pid, Term.Small((long)e->A - outstanding), Term.Small(outstanding)), list);
        }
        return list;
    }

    // {Id, Bytes, Claims} of each off-heap binary that the process refers to, once for each reference.
    private static Term BinaryList(Process* p)
    {
        Term list = Claims(p, Term.Nil, p->Heap.OldOffHeap);
        list = Claims(p, list, p->Heap.OffHeap);
        if (p->Flags.QueueData != Am.OnHeap) return list;
        for (Signal* s = p->MailFirst; s != null; s = s->Next) list = Claims(p, list, s->OffHeap);
        return list;
    }

    private static Term Claims(Process* p, Term list, BinaryRef* first)
    {
        for (BinaryRef* r = first; r != null; r = *Heap.OffHeapLink(r))
        {
            if (Header.Kind(r->Header) == Header.MagicRef) continue;
            Term t = Process.Tuple(p, Process.Unsigned(p, (ulong)r->Binary), Process.Integer(p, r->Binary->Size), Process.Integer(p, r->Binary->RefCount));
            list = Process.Cons(p, t, list);
        }
        return list;
    }

    // Where the process is, one frame a line; no values.
    private static Term Backtrace(Process* p)
    {
        TextBuffer b = default;
        WriteBacktrace(ref b, p);
        Term text = Binaries.FromBytes(p, b.Data, b.Count);
        b.Free();
        return text;
    }

    /// <summary>Writes where a process is: a line for the program counter and one for each return address.</summary>
    public static void WriteBacktrace(ref TextBuffer b, Process* p)
    {
        bool first = true;
        for (Term list = Trace(p); list.IsCons; list = list.Tail)
        {
            b.Add(first ? "Program counter: "u8 : "Return addr: "u8);
            first = false;
            Term* e = list.Head.TupleElements;
            b.AddAtom(e[0]);
            b.AddByte((byte)':');
            b.AddAtom(e[1]);
            b.AddByte((byte)'/');
            TermPrinter.Write(ref b, e[2], TermStyle.Pretty, true);
            b.AddByte((byte)'\n');
        }
    }

    private static Term Dictionary(Process* p)
    {
        Term list = Term.Nil;
        for (long i = p->Dictionary.Capacity - 1; i >= 0; i--)
            if (!p->Dictionary.Key(i).IsNone) list = Process.Cons(p, Process.Tuple(p, p->Dictionary.Key(i), p->Dictionary.Value(i)), list);
        return list;
    }

    // The calling function: {M, F, A}, or with what its frame has besides.
    private static Term Current(Process* p, int location)
    {
        if (p->Hibernating == 3)
        {
            Term at = Process.NewTuple(p, location == 0 ? 3 : 4);
            Term* e = at.TupleElements;
            e[0] = Am.Erlang;
            e[1] = Am.Hibernate;
            e[2] = Term.Small(3);
            if (location != 0) e[3] = Term.Nil;
            return at;
        }
        Export* native = p->Work == null ? null : p->Work->Native;
        if (native != null && location == 0) return Process.Tuple(p, native->Module, native->Function, Term.Small((long)native->Arity));
        Term trace = Trace(p);
        if (!trace.IsCons) return Am.Undefined;
        if (location != 0) return trace.Head;
        Term* frame = trace.Head.TupleElements;
        return Process.Tuple(p, frame[0], frame[1], frame[2]);
    }

    // Where the process is, and the return addresses on its stack.
    private static Term Trace(Process* p)
    {
        // hibernate/3 has thrown the stack away, and is not in M:F/A yet.
        if (p->Hibernating == 3) return Term.Nil;
        const int Most = 64;
        ulong* found = stackalloc ulong[Most];
        long limit = Math.Min(Math.Max(SystemFlags.BacktraceDepth(p->Machine), 1), Most);
        int n = 0;
        found[n++] = (ulong)p->Resume;
        Term* end = (Term*)p->Heap.End;
        Term* at = (Term*)p->Heap.Stack;
        // The running function's own frame begins with the return address of its last call, which is not where it is now.
        if (CodeTable.Find(p->Machine, p->Resume, out CodeLocation here) && CodeTable.Find(p->Machine, (ulong*)(at->Bits - 8), out CodeLocation last)
            && here.Module == last.Module && here.Function == last.Function && here.Arity == last.Arity) at++;
        ulong previous = 0; // the same place twice in a row shows up once, as in the trace of an exception
        for (; at < end && n < limit; at++)
        {
            if (!at->IsHeader || at->IsNone || at->Bits - 8 == previous) continue;
            found[n++] = previous = at->Bits - 8;
        }
        ulong* big = Process.Alloc(p, n + 1);
        big[0] = Header.Make(Header.PositiveBig, n);
        for (int i = 0; i < n; i++) big[i + 1] = found[i];
        Term raw = Process.NewTuple(p, 6);
        Term* e = raw.TupleElements;
        e[0] = Am.Raw;
        e[1] = Term.Boxed(big);
        e[2] = Term.Nil;
        e[3] = e[4] = Am.None;
        e[5] = Am.Error;
        Term trace = Exceptions.Cook(p, p->Machine, raw);
        Export* native = p->Dirty == DirtyState.None || p->Extra == null ? null : p->Extra->DirtyNative;
        return native == null ? trace : Process.Cons(p, NativeFrame(p, native->Module, native->Function, (long)native->Arity), trace);
    }

    // The frame of a native that the process is in, or waits for a dirty thread to call.
    private static Term NativeFrame(Process* p, Term module, Term function, long arity)
    {
        Term frame = Process.NewTuple(p, 4);
        frame.TupleElements[0] = module;
        frame.TupleElements[1] = function;
        frame.TupleElements[2] = Term.Small(arity);
        frame.TupleElements[3] = Term.Nil;
        return frame;
    }
}
