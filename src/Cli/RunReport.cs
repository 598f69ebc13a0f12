// What `mybeam run` says about results and uncaught exceptions.
namespace MyBeam.Cli;

using MyBeam.Memory;
using MyBeam.Platform;
using MyBeam.Vm;

/// <summary>Prints terms and exception reports.</summary>
public static unsafe class RunReport
{
    /// <summary>Writes a term on one line, as io:format("~0tp") would.</summary>
    public static void Print(Output* o, Term t)
    {
        TextBuffer b = default;
        TermPrinter.Write(ref b, t, TermStyle.Pretty, true);
        o->Text(b.Data, b.Count);
        b.Free();
    }

    /// <summary>Class, reason and stack trace of the exception that ended the process, to stderr. Gives the exit status 1.</summary>
    public static int Uncaught(Machine* m, Process* p)
    {
        Output e = new(Files.StandardError);
        e.Text("exception "u8);
        e.Text(p->FailClass == ExceptionClass.Error ? "error"u8 : p->FailClass == ExceptionClass.Exit ? "exit"u8 : "throw"u8);
        e.Text(": "u8);
        Print(&e, p->FailReason);
        e.Line();
        Term list = Exceptions.Cook(p, m, p->FailTrace);
        for (; list.IsCons; list = list.Tail)
        {
            Term f = list.Head;
            if (!f.IsTupleOf(4)) continue;
            Term* t = f.TupleElements;
            e.Text("  in "u8);
            Print(&e, t[0]);
            e.Byte((byte)':');
            Print(&e, t[1]);
            if (t[2].IsSmall)
            {
                e.Byte((byte)'/');
                e.Number(t[2].SmallValue);
            }
            else Arguments(&e, t[2]);
            Location(&e, t[3]);
            e.Line();
        }
        e.Flush();
        return 1;
    }

    private static void Arguments(Output* e, Term list)
    {
        e->Byte((byte)'(');
        for (bool first = true; list.IsCons; list = list.Tail, first = false)
        {
            if (!first) e->Text(", "u8);
            Print(e, list.Head);
        }
        e->Byte((byte)')');
    }

    private static void Location(Output* e, Term list)
    {
        Term file = Term.None, line = Term.None;
        for (; list.IsCons; list = list.Tail)
        {
            if (!list.Head.IsTupleOf(2)) continue;
            if (list.Head.TupleElements[0] == Am.File) file = list.Head.TupleElements[1];
            if (list.Head.TupleElements[0] == Am.Line) line = list.Head.TupleElements[1];
        }
        if (file.IsNone || !line.IsSmall) return;
        e->Text(" ("u8);
        TextBuffer b = default;
        for (; file.IsCons; file = file.Tail) b.AddCodePoint((uint)file.Head.SmallValue);
        e->Text(b.Data, b.Count);
        b.Free();
        e->Byte((byte)':');
        e->Number(line.SmallValue);
        e->Byte((byte)')');
    }
}
