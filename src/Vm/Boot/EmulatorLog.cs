// Log events that come from the VM itself: messages {log, Level, Format, Args, Metadata} to OTP's process `logger`, or to the process that
// system_flag(system_logger) names.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Sends log events in full mode.</summary>
public static unsafe class EmulatorLog
{
    /// <summary>
    /// Logs for a process. The format and the list of arguments are as for io:format; level is error, warning or info. Before there is a logger, the text goes to the
    /// standard error.
    /// </summary>
    public static void Send(Process* p, Term level, ReadOnlySpan<byte> format, Term arguments)
    {
        Machine* m = p->Machine;
        Term to = m->Flags.SystemLogger;
        if (to == Am.Undefined) return;
        if (!to.IsLocalPid || !IsThere(m, to)) to = Registry.WhereIs(m, Am.Logger);
        // A logger in trouble is not told of it.
        if (to == p->Pid) return;
        if (!to.IsLocalPid)
        {
            Print(m, format, arguments);
            return;
        }
        Heap* h = &p->Heap;
        Term tag = level == Am.Warning ? Am.WarningMsg : level == Am.Info ? Am.InfoMsg : Am.Error;
        Term metadata = Maps.Put(h, Maps.Empty(h), Am.ErrorLogger, MapMaker.Two(p, Am.Emulator, Am.True, Am.Tag, tag));
        metadata = Maps.Put(h, metadata, Am.Gl, p->GroupLeader);
        metadata = Maps.Put(h, metadata, Am.Pid, p->Pid);
        metadata = Maps.Put(h, metadata, Am.Time, Process.Integer(p, Clock.SystemNanoseconds / 1000));
        Term* e = stackalloc Term[] { Am.Log, level, CharacterLists.Of(p, format), arguments, metadata };
        Signals.Tuple(m, p->Context, to, e, 5);
    }

    /// <summary>Logs a text.</summary>
    public static void SendText(Process* p, Term level, ReadOnlySpan<byte> text) =>
        Send(p, level, "~s~n"u8, Process.Cons(p, CharacterLists.Of(p, text), Term.Nil));

    private static bool IsThere(Machine* m, Term pid)
    {
        Process* q = ProcessTable.Lock(m, pid);
        if (q != null) q->Lock.Unlock();
        return q != null;
    }

    // As io:format does it for the two controls that the VM's own formats have: ~p takes an argument, ~n is a new line.
    private static void Print(Machine* m, ReadOnlySpan<byte> format, Term arguments)
    {
        TextBuffer b = new() { Limit = 64 * 1024 };
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '~' || i + 1 == format.Length)
            {
                b.AddByte(format[i]);
                continue;
            }
            if (format[++i] == 'n') b.AddByte('\n');
            else if (arguments.IsCons)
            {
                TermPrinter.Write(ref b, arguments.Head, TermStyle.Pretty, true);
                arguments = arguments.Tail;
            }
        }
        EmulatorText.Write(m, Files.StandardError, b.Text);
        b.Free();
    }
}
