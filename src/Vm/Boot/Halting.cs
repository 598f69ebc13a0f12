// The end of the VM on a program's request or because it cannot go on.
namespace MyBeam.Vm;

using System.Threading;
using MyBeam.Platform;

/// <summary>Ends the VM.</summary>
public static unsafe class Halting
{
    /// <summary>Every scheduler leaves its loop after its slice; the VM's exit status is this. The first call counts.</summary>
    public static void Stop(Machine* m, int status)
    {
        if (Interlocked.CompareExchange(ref m->Halting, 1, 0) == 0) m->ExitStatus = status;
        Schedulers.WakeAll(m);
    }

    /// <summary>Writes why to the standard error, in a full system also a crash dump, and stops with status 1.</summary>
    /// <param name="m">The VM.</param>
    /// <param name="slogan">Why, with a new line at its end.</param>
    /// <param name="caller">The process that runs on this thread's scheduler.</param>
    public static void WithSlogan(Machine* m, ref TextBuffer slogan, Process* caller)
    {
        if (m->Full == 0)
        {
            _ = Files.WriteAll(Files.StandardError, slogan.Data, (nuint)slogan.Count);
            Stop(m, 1);
            return;
        }
        // The first one says why: those that follow are on their way out already.
        Schedulers.StopAll(m);
        if (m->Halting == 0)
        {
            EmulatorText.Write(m, Files.StandardError, slogan.Text);
            CrashDump.Write(m, slogan.Text, caller);
            Stop(m, 1);
        }
        Schedulers.GoOn(m);
    }
}
