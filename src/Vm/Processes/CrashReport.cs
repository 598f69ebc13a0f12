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

    /// <summary>The process has passed its max_heap_size.</summary>
    public static void HeapLimit(Process* p)
    {
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
