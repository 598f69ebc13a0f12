// What is said about a process that ends with an uncaught error: to the logger when there is one, else on standard error.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Reports of crashes.</summary>
public static unsafe class CrashReport
{
    /// <summary>"Error in process P with exit value: Reason".</summary>
    public static void Print(Process* p, Term reason)
    {
        if (p->Machine->Full != 0)
        {
            Term arguments = Process.Cons(p, p->Pid, Process.Cons(p, reason, Term.Nil));
            EmulatorLog.Send(p, Am.Error, "Error in process ~p with exit value:~n~p~n"u8, arguments);
            return;
        }
        // An error of the emulator's own level: what logger is told to drop is not shown.
        if (p->Machine->Flags.LogQuiet != 0 || p->Machine->Flags.LogLevel < -2) return;
        // A term can be larger than anybody reads, or than there is memory for its text.
        TextBuffer b = new() { Limit = MostBytes };
        b.Add("Error in process "u8);
        TermPrinter.Write(ref b, p->Pid, TermStyle.Pretty, true);
        b.Add(" with exit value:\n"u8);
        TermPrinter.Write(ref b, reason, TermStyle.Pretty, true);
        bool whole = !b.Failed;
        b.Failed = false;
        b.Limit = 0;
        b.Add(whole ? "\n"u8 : "...\n"u8);
        Files.WriteAll(Files.StandardError, b.Data, (nuint)b.Count);
        b.Free();
    }

    private const long MostBytes = 64 * 1024;

    // The process has just been collected: there is room for this.
    private static void HeapLimitToLogger(Process* p)
    {
        long total = p->Heap.End - p->Heap.Start + (p->Heap.OldEnd - p->Heap.OldStart) + p->Heap.FragmentWords + p->Heap.MessageWords;
        Term* ask = stackalloc Term[] { p->Pid, Am.GarbageCollectionInfo };
        Term info = ProcessInfoBifs.ProcessInfo2(p, ask);
        ask[1] = Am.CurrentStacktrace;
        Term trace = ProcessInfoBifs.ProcessInfo2(p, ask);
        Term list = Process.Cons(p, trace.IsTupleOf(2) ? trace.TupleElements[1] : Term.Nil, Term.Nil);
        list = Process.Cons(p, info.IsTupleOf(2) ? info.TupleElements[1] : Term.Nil, list);
        list = Process.Cons(p, Term.Small(p->MailCount), list);
        list = Process.Cons(p, Am.True, list);
        list = Process.Cons(p, Term.Bool(!p->Heap.MaxKeeps), list);
        list = Process.Cons(p, Term.Small(total), list);
        list = Process.Cons(p, Term.Small(p->Heap.MaxSize), list);
        list = Process.Cons(p, p->Pid, list);
        EmulatorLog.Send(
            p,
            Am.Error,
            """
                 Process:            ~p ~n     Context:            maximum heap size reached~n     Max Heap Size:      ~p~n     Total Heap Size:    ~p~n     Kill:               ~p~n     Error Logger:       ~p~n     Message Queue Len:  ~p~n     GC Info:            ~p~n     Stacktrace:         ~p~n
            """u8,
            list);
    }

    /// <summary>The process has passed its max_heap_size.</summary>
    public static void HeapLimit(Process* p)
    {
        if (p->Machine->Full != 0)
        {
            HeapLimitToLogger(p);
            return;
        }
        TextBuffer b = default;
        b.Add("     Process:          "u8);
        TermPrinter.Write(ref b, p->Pid, TermStyle.Pretty, true);
        b.Add("\n     Context:          maximum heap size reached\n     Max Heap Size:    "u8);
        b.AddNumber(p->Heap.MaxSize);
        b.Add("\n     Total Heap Size:  "u8);
        b.AddNumber(p->Heap.End - p->Heap.Start + (p->Heap.OldEnd - p->Heap.OldStart) + p->Heap.FragmentWords + p->Heap.MessageWords);
        b.Add(p->Heap.MaxKeeps ? "\n     Kill:             false\n"u8 : "\n     Kill:             true\n"u8);
        Files.WriteAll(Files.StandardError, b.Data, (nuint)b.Count);
        b.Free();
    }
}
