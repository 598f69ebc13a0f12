// The texts of system_info(info | procs | loaded | dist): what a crash dump of OTP says about the VM, as far as there is something to say.
namespace MyBeam.Vm;

using MyBeam.Memory;

internal static unsafe class SystemInfoTexts
{
    /// <summary>A binary, or None when the item is none of these.</summary>
    public static Term Of(Process* p, Term item)
    {
        TextBuffer b = default;
        if (item == Am.Info)
        {
            MemoryBifs.Write(p->Machine, ref b);
            Tables(ref b, p->Machine);
            Loaded(ref b, p->Machine);
        }
        else if (item == Am.Procs) Processes(ref b, p);
        else if (item == Am.Loaded) Loaded(ref b, p->Machine);
        else if (item == Am.Dist) b.Add("=node:'nonode@nohost'\n=no_distribution\n"u8);
        else return Term.None;
        Term text = Binaries.FromBytes(p, b.Data, b.Count);
        b.Free();
        return text;
    }

    private static void Line(ref TextBuffer b, System.ReadOnlySpan<byte> name, long value)
    {
        b.Add(name);
        b.Add(": "u8);
        b.AddNumber(value);
        b.AddByte('\n');
    }

    private static void Tables(ref TextBuffer b, Machine* m)
    {
        b.Add("=index_table:atom_tab\n"u8);
        Line(ref b, "limit"u8, AtomTable.Limit);
        Line(ref b, "entries"u8, AtomTable.Count);
        b.Add("=index_table:module_code\n"u8);
        Line(ref b, "entries"u8, CodeTable.Count(m));
        b.Add("=scheduler:1\n"u8);
        Line(ref b, "Schedulers"u8, SchedulerLimits.Total(m));
        Line(ref b, "Processes"u8, ProcessTable.Count(m));
        Line(ref b, "ETS tables"u8, EtsTables.Count(m));
    }

    // Bytes of code by module, as OTP lists them.
    private static void Loaded(ref TextBuffer b, Machine* m)
    {
        long current = 0, old = 0;
        Schedulers.LockCode(m);
        uint index = 0;
        for (LoadedModule* module = CodeTable.Next(m, ref index); module != null; module = CodeTable.Next(m, ref index))
        {
            current += module->CodeWords * 8L;
            if (module->Old != null) old += module->Old->CodeWords * 8L;
        }
        Line(ref b, "Current code"u8, current);
        Line(ref b, "Old code"u8, old);
        index = 0;
        for (LoadedModule* module = CodeTable.Next(m, ref index); module != null; module = CodeTable.Next(m, ref index))
        {
            b.AddAtomText(module->Name);
            b.AddByte(' ');
            b.AddNumber(module->CodeWords * 8L);
            b.AddByte('\n');
        }
        Schedulers.UnlockCode(m);
    }

    // All other schedulers stand still meanwhile. Dirty threads do not: the sizes of a process that is on one may be a moment old.
    private static void Processes(ref TextBuffer b, Process* p)
    {
        Machine* m = p->Machine;
        Schedulers.StopAll(m);
        int limit = ProcessTable.Limit(m), left = ProcessTable.Count(m);
        for (int i = 0; i < limit && left > 0; i++)
        {
            Process* q = ProcessTable.Place(m, i);
            if (q == null) continue;
            left--;
            if (!q->Pid.IsNone) One(ref b, q);
        }
        Schedulers.GoOn(m);
    }

    private static void One(ref TextBuffer b, Process* q)
    {
        b.Add("=proc:"u8);
        TermPrinter.Write(ref b, q->Pid, TermStyle.Pretty, true);
        b.Add("\nState: "u8);
        b.Add(q->Status switch
        {
            ProcessStatus.Running => "Running"u8,
            ProcessStatus.Waiting => "Waiting"u8,
            ProcessStatus.Suspended => "Suspended"u8,
            ProcessStatus.Exiting => "Exiting"u8,
            _ => "Scheduled"u8,
        });
        if (!q->Name.IsNone)
        {
            b.Add("\nName: "u8);
            b.AddAtomText(q->Name);
        }
        b.Add("\nSpawned as: "u8);
        b.AddAtom(q->InitialModule);
        b.AddByte(':');
        b.AddAtom(q->InitialFunction);
        b.AddByte('/');
        b.AddNumber(q->InitialArity);
        b.Add("\nSpawned by: "u8);
        if (q->Flags.Parent.IsPid) TermPrinter.Write(ref b, q->Flags.Parent, TermStyle.Pretty, true);
        else b.Add("[]"u8);
        b.AddByte('\n');
        Heap* h = &q->Heap;
        Line(ref b, "Message queue length"u8, Mailbox.Length(q));
        Line(ref b, "Heap fragment data"u8, h->FragmentWords + h->MessageWords);
        Line(ref b, "Reductions"u8, q->ReductionsDone);
        Line(ref b, "Stack+heap"u8, h->End - h->Start);
        Line(ref b, "OldHeap"u8, h->OldEnd - h->OldStart);
        Line(ref b, "Heap unused"u8, h->Stack - h->Top);
        Line(ref b, "OldHeap unused"u8, h->OldEnd - h->OldTop);
        Line(ref b, "Memory"u8, ProcessSizes.Memory(q));
    }
}
