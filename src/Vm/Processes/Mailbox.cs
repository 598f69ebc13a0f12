// The mailbox: messages in the order they arrived, and where the running receive looks. Only the process itself touches it.
//
// A message stays in the memory that its sender made until it is taken out; then that memory becomes part of the heap as a whole (Heap.Messages) and the next
// collection moves what is still in use. A collection in the middle of matching moves the message that is being looked at: it stays in the mailbox as an empty
// node, its term is kept in ProcessExtra.OnHeap, which is a root.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Positions that recv_marker_reserve took: messages before a position cannot contain the reference made after it.</summary>
public unsafe struct ReceiveMarkers
{
    public const int Most = 4;

    /// <summary>One marker: its number (0: free), the reference it is bound to, the message it stands after (null: before all).</summary>
    public struct Marker
    {
        public long Number;
        public ulong Id0, Id1;
        public Signal* After;
    }

    public Marker M0, M1, M2, M3;
    public long Last;
    public int Used;

    public static Marker* Get(ReceiveMarkers* t, int i) => &t->M0 + i;
}

/// <summary>Receiving.</summary>
public static unsafe class Mailbox
{
    /// <summary>An empty mailbox.</summary>
    public static void Initialize(Process* p)
    {
        p->MailFirst = null;
        p->MailLast = p->Save = &p->MailFirst;
    }

    /// <summary>Appends a message.</summary>
    public static void Append(Process* p, Signal* s)
    {
        s->Next = null;
        *p->MailLast = s;
        p->MailLast = &s->Next;
        p->MailCount++;
    }

    /// <summary>The term of a message in the mailbox.</summary>
    public static Term ValueOf(Process* p, Signal* s) => s->HeapIndex < 0 ? s->Value : p->Extra->OnHeap[s->HeapIndex];

    /// <summary>Takes out the message that receive looks at; the next receive begins with the first.</summary>
    public static void Remove(Process* p)
    {
        Signal* s = *p->Save;
        if (s->Data0 != 0 || (p->Traced & TraceFlags.Internal) != 0)
        {
            SeqTrace.Taken(p, s);
            if ((p->Traced & TraceFlags.Measured) != 0) CallClocks.Received(p, s);
        }
        *p->Save = s->Next;
        if (s->Next == null) p->MailLast = p->Save;
        p->MailCount--;
        if ((p->Traced & TraceFlags.LongQueue) != 0) SystemMonitors.QueueIsShorter(p);
        if (p->Extra != null) Gone(p, s);
        p->Save = &p->MailFirst;
        if (p->TimerSet != 0) Waits.CancelTimer(p);
        if (s->HeapIndex >= 0)
        {
            ForgetOnHeap(p, s);
            Signal.Free(s);
        }
        else if (Signal.TermWords(s) == 0) Signal.Free(s);
        else Attach(p, s);
    }

    // A message is out: what named it names the one before.
    private static void Gone(Process* p, Signal* s)
    {
        Signal* before = p->Save == &p->MailFirst ? null : (Signal*)p->Save;
        if (p->Extra->LastPriority == s) p->Extra->LastPriority = before;
        if (p->Extra->Markers.Used != 0) MoveMarkers(p, s, before);
    }

    /// <summary>Makes the memory of a signal part of the heap. The signal is not to be used any more.</summary>
    public static void Attach(Process* p, Signal* s)
    {
        Heap* heap = &p->Heap;
        if (s->OffHeap != null)
        {
            heap->BinaryBytes += TermCopy.Bytes(s->OffHeap, null);
            BinaryRef** end = &s->OffHeap;
            while (*end != null) end = Heap.OffHeapLink(*end);
            *end = heap->OffHeap;
            heap->OffHeap = s->OffHeap;
        }
        Fragment* f = Signal.Block(s);
        f->Next = heap->Messages;
        heap->Messages = f;
        heap->MessageWords += f->Used;
    }

    /// <summary>Before a collection: the message being matched may be referred to by registers, so it becomes part of the heap.</summary>
    public static void BeforeCollection(Process* p)
    {
        Signal* s = *p->Save;
        if (s == null || s->HeapIndex >= 0 || Signal.TermWords(s) == 0) return;
        Signal* node = Signal.New(SignalKind.Message, 0, out _);
        ProcessExtra* x = ProcessExtra.Of(p);
        if (node == null || x == null || !x->OnHeap.Add(s->Value, Owner.Process))
        {
            p->Heap.Exhausted = 1;
            return;
        }
        node->HeapIndex = x->OnHeap.Count - 1;
        node->Next = s->Next;
        node->Data0 = s->Data0;
        s->Data0 = 0;
        *p->Save = node;
        if (p->MailLast == &s->Next) p->MailLast = &node->Next;
        if (x->Markers.Used != 0) MoveMarkers(p, s, node);
        if (x->LastPriority == s) x->LastPriority = node;
        Attach(p, s);
    }

    /// <summary>Marks the literal areas that messages refer to (RetiringLiterals.Mark).</summary>
    public static bool MarkRetiring(Process* p, byte* marks)
    {
        HeapShared* shared = &p->Machine->HeapShared;
        bool found = false;
        for (Signal* s = p->MailFirst; s != null; s = s->Next) found |= RefersToRetiring(shared, s, marks);
        return found;
    }

    // The words of the signal's own head are looked at too: Value is one of them.
    private static bool RefersToRetiring(HeapShared* shared, Signal* s, byte* marks) => RetiringLiterals.MarkFragment(shared, Signal.Block(s), marks);

    /// <summary>Replaces messages that refer to literals that are given up by copies that do not. After a collection, so nothing else refers to them. False: memory is out.</summary>
    public static bool LeaveRetiring(Process* p)
    {
        HeapShared* shared = &p->Machine->HeapShared;
        nuint bytes = (nuint)shared->RetiringCount;
        byte* marks = (byte*)Allocator.Alloc(bytes, Owner.Temporary);
        if (marks == null) return false;
        bool good = true;
        Signal** link = &p->MailFirst;
        for (; good && *link != null; link = &(*link)->Next)
        {
            Signal* s = *link;
            if (s->HeapIndex >= 0 || !RefersToRetiring(shared, s, marks)) continue;
            Signal* copy = Signal.Carrying(p->Machine, SignalKind.Message, s->Value);
            good = copy != null;
            if (!good) break;
            copy->From = s->From;
            copy->Data0 = s->Data0;
            s->Data0 = 0;
            copy->Next = s->Next;
            *link = copy;
            if (p->Save == &s->Next) p->Save = &copy->Next;
            if (p->MailLast == &s->Next) p->MailLast = &copy->Next;
            if (p->Extra != null && p->Extra->Markers.Used != 0) MoveMarkers(p, s, copy);
            if (p->Extra != null && p->Extra->LastPriority == s) p->Extra->LastPriority = copy;
            Signal.Free(s);
        }
        Allocator.Free(marks, bytes, Owner.Temporary);
        return good;
    }

    /// <summary>Frees all messages (of a process that ends).</summary>
    public static void Free(Process* p)
    {
        for (Signal* s = p->MailFirst; s != null;)
        {
            Signal* next = s->Next;
            Signal.Free(s);
            s = next;
        }
        Initialize(p);
        p->MailCount = 0;
    }

    private static void ForgetOnHeap(Process* p, Signal* s)
    {
        NativeList<Term>* list = &p->Extra->OnHeap;
        (*list)[s->HeapIndex] = Term.None;
        while (list->Count > 0 && (*list)[list->Count - 1].IsNone) list->Pop();
    }

    /// <summary>Messages that have arrived, those not looked at yet included.</summary>
    public static long Length(Process* p)
    {
        long n = p->MailCount;
        p->Lock.Lock();
        for (Signal* s = p->InFirst; s != null; s = s->Next)
            if (s->Kind is SignalKind.Message or SignalKind.AliasMessage) n++;
        p->Lock.Unlock();
        return n;
    }

    /// <summary>All messages as a list of copies on the heap of the process.</summary>
    public static Term ToList(Process* p)
    {
        NativeList<Term> terms = default;
        for (Signal* s = p->MailFirst; s != null; s = s->Next) terms.Add(TermCopy.ToHeap(ValueOf(p, s), &p->Heap), Owner.Temporary);
        p->Lock.Lock();
        for (Signal* s = p->InFirst; s != null; s = s->Next)
            if (s->Kind == SignalKind.Message) terms.Add(TermCopy.ToHeap(s->Value, &p->Heap), Owner.Temporary);
        p->Lock.Unlock();
        Term list = Term.Nil;
        for (int i = terms.Count - 1; i >= 0; i--) list = Process.Cons(p, terms[i], list);
        terms.Free(Owner.Temporary);
        return list;
    }

    // -- markers --

    private static void MoveMarkers(Process* p, Signal* from, Signal* to)
    {
        for (int i = 0; i < ReceiveMarkers.Most; i++)
        {
            ReceiveMarkers.Marker* k = ReceiveMarkers.Get(&p->Extra->Markers, i);
            if (k->After == from) k->After = to;
        }
    }

    /// <summary>A marker at the end of the mailbox as it is now; its number as a term, or undefined when all are in use.</summary>
    public static Term Reserve(Process* p)
    {
        ProcessExtra* x = ProcessExtra.Of(p);
        if (x == null) return Am.Undefined;
        ReceiveMarkers* t = &x->Markers;
        // The oldest goes when none is free: an abandoned one (an exception between reserve and clear) must not stay for ever.
        ReceiveMarkers.Marker* k = ReceiveMarkers.Get(t, 0);
        for (int i = 0; i < ReceiveMarkers.Most; i++)
        {
            ReceiveMarkers.Marker* other = ReceiveMarkers.Get(t, i);
            if (other->Number < k->Number) k = other;
        }
        if (k->Number == 0) t->Used++;
        *k = default;
        k->Number = ++t->Last;
        k->After = p->MailFirst == null ? null : (Signal*)p->MailLast;
        return Term.Small(k->Number);
    }

    /// <summary>Binds a marker to a reference.</summary>
    public static void Bind(Process* p, Term marker, Term reference)
    {
        if (!marker.IsSmall || p->Extra == null || !reference.IsKind(Header.Reference)) return;
        for (int i = 0; i < ReceiveMarkers.Most; i++)
        {
            ReceiveMarkers.Marker* k = ReceiveMarkers.Get(&p->Extra->Markers, i);
            if (k->Number == 0 || k->Number != marker.SmallValue) continue;
            k->Id0 = ((Reference*)reference.Box)->Id0;
            k->Id1 = ((Reference*)reference.Box)->Id1;
        }
    }

    /// <summary>Gives back the marker with this number, or the one that is bound to this reference.</summary>
    public static void Clear(Process* p, Term marker)
    {
        ReceiveMarkers.Marker* k = Find(p, marker);
        if (k == null) return;
        *k = default;
        p->Extra->Markers.Used--;
    }

    /// <summary>The receive that follows begins behind the marker that is bound to this reference.</summary>
    public static void Use(Process* p, Term reference)
    {
        ReceiveMarkers.Marker* k = Find(p, reference);
        // A receive that is under way already (its save pointer has moved) has passed the marker.
        if (k == null || k->After == null || p->Save != &p->MailFirst) return;
        p->Save = &k->After->Next;
    }

    private static ReceiveMarkers.Marker* Find(Process* p, Term t)
    {
        if (p->Extra == null || p->Extra->Markers.Used == 0) return null;
        bool reference = t.IsKind(Header.Reference);
        for (int i = 0; i < ReceiveMarkers.Most; i++)
        {
            ReceiveMarkers.Marker* k = ReceiveMarkers.Get(&p->Extra->Markers, i);
            if (k->Number == 0) continue;
            if (reference ? k->Id0 == ((Reference*)t.Box)->Id0 && k->Id1 == ((Reference*)t.Box)->Id1 : t.IsSmall && t.SmallValue == k->Number) return k;
        }
        return null;
    }
}
