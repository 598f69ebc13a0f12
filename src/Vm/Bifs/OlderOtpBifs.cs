// Natives that OTP 25, 26 and 27 have and OTP 29 has not. They are entered only when the preloaded modules are those of an older installation (FullBoot.LoadPreloaded).
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Natives of erlang that became Erlang code.</summary>
public static unsafe class OlderOtpBifs
{
    [Bif("erlang:system_monitor/0")]
    public static Term SystemMonitor(Process* p, Term* a)
    {
        Term which = Am.Legacy;
        return SystemMonitorBifs.Get(p, &which);
    }

    /// <summary>undefined, or {Pid, Settings}.</summary>
    [Bif("erlang:system_monitor/1")]
    public static Term SetSystemMonitor(Process* p, Term* a)
    {
        if (a[0] == Am.Undefined) return SetSystemMonitor(p, a[0], Term.Nil);
        return a[0].IsTupleOf(2) ? SetSystemMonitor(p, a[0].TupleElements[0], a[0].TupleElements[1]) : Process.Badarg(p);
    }

    [Bif("erlang:system_monitor/2")]
    public static Term SetSystemMonitorOf(Process* p, Term* a) => SetSystemMonitor(p, a[0], a[1]);

    private static Term SetSystemMonitor(Process* p, Term receiver, Term settings)
    {
        Term* x = stackalloc Term[] { Am.Legacy, receiver, settings };
        Term before = SystemMonitorBifs.Set(p, x);
        // Older ones do not say what is wrong.
        return before.IsNone ? Process.Badarg(p) : before;
    }
}
