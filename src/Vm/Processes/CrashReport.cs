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
        TextBuffer b = default;
        b.Add("Error in process "u8);
        TermPrinter.Write(ref b, p->Pid, TermStyle.Pretty, true);
        b.Add(" with exit value:\n"u8);
        TermPrinter.Write(ref b, reason, TermStyle.Pretty, true);
        b.AddByte((byte)'\n');
        Files.WriteAll(Files.StandardError, b.Data, (nuint)b.Count);
        b.Free();
    }
}
