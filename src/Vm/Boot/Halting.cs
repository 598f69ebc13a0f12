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

    /// <summary>Writes why to the standard error and stops with status 1.</summary>
    public static void WithSlogan(Machine* m, ref TextBuffer slogan)
    {
        _ = Files.WriteAll(Files.StandardError, slogan.Data, (nuint)slogan.Count);
        Stop(m, 1);
    }
}
