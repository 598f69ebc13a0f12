// The sections of a crash dump about one process.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;

/// <summary>Writes what is known of a process.</summary>
internal static unsafe class DumpProcess
{
    /// <summary>=proc: its state, sizes and place.</summary>
    public static void Facts(ref DumpWriter w, Process* p, bool running)
    {
        w.Section("proc"u8, p->Pid);
        Items(ref w, p, running);
    }

    /// <summary>What a crash dump says of the running process, and where it is, as a binary on its heap.</summary>
    public static Term Text(Process* p)
    {
        DumpWriter w = default;
        Items(ref w, p, true);
        ProcessInfoBifs.WriteBacktrace(ref w.Text, p);
        Term text = Binaries.FromBytes(p, w.Text.Data, w.Text.Count);
        w.Text.Free();
        return text;
    }

    private static void Items(ref DumpWriter w, Process* p, bool running)
    {
        w.Line("State"u8, running ? "Running"u8 : State(p->Status));
        if (!p->Name.IsNone) w.Line("Name"u8, p->Name);
        if (!p->InitialModule.IsNone)
        {
            w.Text.Add("Spawned as: "u8);
            w.Function(p->InitialModule, p->InitialFunction, p->InitialArity);
            w.Text.AddByte('\n');
        }
        w.Line("Spawned by"u8, p->Flags.Parent == Am.Undefined ? Term.Nil : p->Flags.Parent);
        w.Line("Message queue length"u8, Mailbox.Length(p));
        Heap* h = &p->Heap;
        w.Line("Number of heap fragments"u8, h->Fragments == null ? 0 : 1);
        w.Line("Heap fragment data"u8, h->FragmentWords + h->MessageWords);
        Links(ref w, p);
        w.Line("Reductions"u8, p->ReductionsDone);
        w.Line("Stack+heap"u8, h->End - h->Start);
        w.Line("OldHeap"u8, h->OldEnd - h->OldStart);
        w.Line("Heap unused"u8, Math.Max(h->Stack - h->Top, 0));
        w.Line("OldHeap unused"u8, h->OldEnd - h->OldTop);
        w.Line("BinVHeap"u8, h->BinaryBytes / 8);
        w.Line("OldBinVHeap"u8, 0);
        w.Line("BinVHeap unused"u8, Math.Max((h->BinaryLimit - h->BinaryBytes) / 8, 0));
        w.Line("OldBinVHeap unused"u8, h->BinaryLimit / 8);
        w.Line("Memory"u8, ProcessSizes.Memory(p));
        w.Text.Add("Program counter: "u8);
        w.Place(p->Machine, p->Resume);
        w.Text.Add("arity = "u8);
        w.Text.AddNumber(p->SavedCount);
        w.Text.Add("\nInternal State: ACT_PRIO_"u8);
        ReadOnlySpan<byte> priority = p->Flags.Urgency switch { 0 => "LOW"u8, 2 => "HIGH"u8, 3 => "MAX"u8, _ => "NORMAL"u8 };
        w.Text.Add(priority);
        w.Text.Add(" | USR_PRIO_"u8);
        w.Text.Add(priority);
        w.Text.Add(" | PRQ_PRIO_"u8);
        w.Text.Add(priority);
        w.Text.Add(p->Flags.QueueData == Am.OffHeap ? " | OFF_HEAP_MSGQ\n"u8 : "\n"u8);
    }

    private static ReadOnlySpan<byte> State(int status) => status switch
    {
        ProcessStatus.Waiting => "Waiting"u8,
        ProcessStatus.Runnable => "Scheduled"u8,
        ProcessStatus.Suspended => "Suspended"u8,
        ProcessStatus.Exiting => "Exiting"u8,
        _ => "Running"u8,
    };

    private static void Links(ref DumpWriter w, Process* p)
    {
        bool any = false;
        for (int i = 0; i < p->Links.Places; i++)
        {
            KeyEntry* e = p->Links.Place(i);
            if (e == null || e->A != 0) continue;
            Next(ref w, ref any);
            w.Print(new Term(e->Key0));
        }
        for (int i = 0; p->Extra != null && i < p->Extra->Monitors.Places; i++)
        {
            KeyEntry* e = p->Extra->Monitors.Place(i);
            if (e == null || (e->C & MonitorFlags.Monitoring) == 0 || e->A == Term.None.Bits) continue;
            Next(ref w, ref any);
            w.Text.Add("{to,"u8);
            w.Print(new Term(e->A));
            Reference(ref w, e);
        }
        for (int i = 0; p->Extra != null && i < p->Extra->MonitoredBy.Places; i++)
        {
            KeyEntry* e = p->Extra->MonitoredBy.Place(i);
            if (e == null) continue;
            Next(ref w, ref any);
            w.Text.Add("{from,"u8);
            w.Print(new Term(e->A));
            Reference(ref w, e);
        }
        if (any) w.Text.Add("]\n"u8);
    }

    private static void Next(ref DumpWriter w, ref bool any)
    {
        w.Text.Add(any ? ", "u8 : "Link list: ["u8);
        any = true;
    }

    // The reference's two words are the entry's keys.
    private static void Reference(ref DumpWriter w, KeyEntry* e)
    {
        w.Text.Add(",#Ref<0."u8);
        w.Text.AddUnsigned(e->Key1 & 0xFFFFFFFF);
        w.Text.AddByte('.');
        w.Text.AddUnsigned(e->Key0 >> 32);
        w.Text.AddByte('.');
        w.Text.AddUnsigned(e->Key0 & 0xFFFFFFFF);
        w.Text.Add(">}"u8);
    }

    /// <summary>=timer: for each timer that is to send the process a message.</summary>
    public static void Timers(ref DumpWriter w, Process* p)
    {
        long now = VmClock.MonotonicNs(p->Machine);
        int most = 100_000;
        for (TimerNode* n = p->Timers.First; n != null && most-- > 0 && w.Flush(); n = n->NextOfProcess)
        {
            w.Section("timer"u8, p->Pid);
            Term message = n->Message != null ? n->Message->Value : n->Immediate;
            w.Line("Message"u8, message.IsNone ? Am.Undefined : message);
            w.Line("Time left"u8, Math.Max(0, n->Wheel.Deadline - (now / 1_000_000)));
        }
    }

    /// <summary>=proc_messages, =proc_dictionary, =proc_stack and =proc_heap.</summary>
    public static void Terms(ref DumpWriter w, ref DumpHeap heap, Process* p)
    {
        // One that has asked not to be looked at.
        if (p->Flags.Sensitive) return;
        heap.Forget();
        if (p->MailFirst != null)
        {
            w.Section("proc_messages"u8, p->Pid);
            for (Signal* s = p->MailFirst; s != null && w.Flush(); s = s->Next)
            {
                Term value = Mailbox.ValueOf(p, s);
                if (value.IsNone) continue;
                DumpHeap.Element(ref w, value);
                w.Text.Add(":N\n"u8);
            }
        }
        if (p->Dictionary.Count > 0)
        {
            w.Section("proc_dictionary"u8, p->Pid);
            for (long i = 0; i < p->Dictionary.Capacity; i++)
            {
                if (p->Dictionary.Key(i).IsNone) continue;
                // In OTP a tuple {Key, Value}: its place in the table stands for one.
                w.Text.AddByte('H');
                w.Hex((ulong)(p->Dictionary.First + (2 * i)));
                w.Text.AddByte('\n');
            }
        }
        w.Section("proc_stack"u8, p->Pid);
        Stack(ref w, p);
        w.Section("proc_heap"u8, p->Pid);
        for (Term* at = (Term*)p->Heap.Stack; at < (Term*)p->Heap.End && w.Flush(); at++)
            if (!at->IsHeader) heap.Dump(ref w, *at);
        for (Signal* s = p->MailFirst; s != null && w.Flush(); s = s->Next)
        {
            Term value = Mailbox.ValueOf(p, s);
            if (!value.IsNone) heap.Dump(ref w, value);
        }
        for (long i = 0; i < p->Dictionary.Capacity; i++)
        {
            if (p->Dictionary.Key(i).IsNone) continue;
            w.Hex((ulong)(p->Dictionary.First + (2 * i)));
            w.Text.Add(":t2:"u8);
            DumpHeap.Element(ref w, p->Dictionary.Key(i));
            w.Text.AddByte(',');
            DumpHeap.Element(ref w, p->Dictionary.Value(i));
            w.Text.AddByte('\n');
            heap.Dump(ref w, p->Dictionary.Key(i));
            heap.Dump(ref w, p->Dictionary.Value(i));
        }
    }

    private static void Stack(ref DumpWriter w, Process* p)
    {
        int y = 0;
        for (Term* at = (Term*)p->Heap.Stack; at < (Term*)p->Heap.End && w.Flush(); at++)
        {
            if (at->IsHeader && !at->IsNone)
            {
                Frame(ref w, p->Machine, at);
                y = 0;
                continue;
            }
            w.Text.AddByte('y');
            w.Text.AddNumber(y++);
            w.Text.AddByte(':');
            if (at->IsCatch)
            {
                w.Text.Add("SCatch "u8);
                w.Place(p->Machine, CodeTable.CatchTarget(p->Machine, at->CatchIndex));
                continue;
            }
            DumpHeap.Element(ref w, *at);
            w.Text.AddByte('\n');
        }
    }

    // A return address stands behind the call.
    private static void Frame(ref DumpWriter w, Machine* m, Term* at)
    {
        w.Text.Add("0x"u8);
        w.Hex((ulong)at, 16);
        w.Text.Add(":SReturn addr "u8);
        w.Place(m, (ulong*)at->Bits == m->HaltCode ? (ulong*)at->Bits : (ulong*)(at->Bits - 8));
    }

    /// <summary>The return addresses on its stack, at most so many.</summary>
    public static void Frames(ref DumpWriter w, Process* p, int most)
    {
        for (Term* at = (Term*)p->Heap.Stack; at < (Term*)p->Heap.End && most > 0; at++)
        {
            if (!at->IsHeader || at->IsNone) continue;
            Frame(ref w, p->Machine, at);
            most--;
        }
    }
}
