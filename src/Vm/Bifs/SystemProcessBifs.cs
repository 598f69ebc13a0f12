// Natives that OTP's system processes (erts_code_purger, erts_literal_area_collector, erts_dirty_process_signal_handler, erts_trace_cleaner, kernel_refc) and
// net_kernel call. What the first of them are woken for in OTP the VM does by itself here, so most have nothing to do.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Natives of system processes; natives of the distribution, which is not there.</summary>
public static unsafe class SystemProcessBifs
{
    /// <summary>Measures the time schedulers work, or stops that; whether it was measured before. kernel_refc counts who wants it.</summary>
    [Bif("erts_internal:scheduler_wall_time/1")]
    public static Term SchedulerWallTime(Process* p, Term* a) => a[0].IsBoolean ? SystemFlags.Set(p, Am.SchedulerWallTime, a[0]) : Process.Badarg(p);

    /// <summary>Whether all schedulers still take requests: ok. The caller's own runs this.</summary>
    [Bif("erts_internal:system_check/1")]
    public static Term SystemCheck(Process* p, Term* a) => a[0] == Am.Schedulers ? Am.Ok : Process.Badarg(p);

    /// <summary>Literals of purged modules are freed by the purge itself: no area waits.</summary>
    [Bif("erts_literal_area_collector:release_area_switch/0")]
    public static Term ReleaseAreaSwitch(Process* p, Term* a) => Am.False;

    /// <summary>No area is ever to be released this way.</summary>
    [Bif("erts_literal_area_collector:send_copy_request/3")]
    public static Term SendCopyRequest(Process* p, Term* a) => Process.Badarg(p);

    /// <summary>Sessions that end leave nothing behind in processes.</summary>
    [Bif("erts_trace_cleaner:check/0")]
    public static Term TraceCleanerCheck(Process* p, Term* a) => Am.False;

    [Bif("erts_trace_cleaner:send_trace_clean_signal/1")]
    public static Term SendTraceClean(Process* p, Term* a) => a[0].IsPid || a[0].IsPort ? Am.False : Process.Badarg(p);

    /// <summary>A process on a dirty thread takes signals when it is back: normal says that it has no part in this.</summary>
    [Bif("erts_internal:dirty_process_handle_signals/1")]
    public static Term DirtySignals(Process* p, Term* a) => a[0].IsPid ? Am.Normal : Am.False;

    [Bif("erts_internal:check_dirty_process_code/2")]
    public static Term CheckDirtyCode(Process* p, Term* a) => a[0].IsLocalPid && a[1].IsAtom ? Am.Normal : Process.Badarg(p);

    /// <summary>Nothing profiles the system: undefined is what was set before.</summary>
    [Bif("erlang:system_profile/2")]
    public static Term SystemProfile(Process* p, Term* a) =>
        a[0] == Am.Undefined && a[1].IsList ? Am.Undefined : a[0].IsPid || a[0].IsPort ? Process.Error(p, Am.Notsup) : Process.Badarg(p);

    // -- distribution --

    /// <summary>Whether the node of a pid takes Unicode I/O requests: this one does.</summary>
    [Bif("net_kernel:dflag_unicode_io/1")]
    public static Term UnicodeIo(Process* p, Term* a) => a[0].IsPid ? Am.True : Process.Badarg(p);

    /// <summary>Nodes with what is known of them: this one alone, which is not alive.</summary>
    [Bif("erlang:nodes/2")]
    public static Term Nodes2(Process* p, Term* a)
    {
        if (!a[1].IsMap) return Process.Badarg(p);
        Heap* h = &p->Heap;
        Term info = Maps.Empty(h);
        long known = 0;
        if (Maps.Get(a[1], Am.ConnectionId, out Term wanted))
        {
            if (!wanted.IsBoolean) return Process.Badarg(p);
            known++;
            if (wanted == Am.True) info = Maps.Put(h, info, Am.ConnectionId, Am.Undefined);
        }
        if (Maps.Get(a[1], Am.NodeType, out wanted))
        {
            if (!wanted.IsBoolean) return Process.Badarg(p);
            known++;
            if (wanted == Am.True) info = Maps.Put(h, info, Am.NodeType, Am.This);
        }
        if (known != Maps.Size(a[1])) return Process.Badarg(p);
        Term names = ErtsMiscBifs.NodesOf(p, a[0]);
        return names.IsCons ? Process.Cons(p, Process.Tuple(p, names.Head, info), Term.Nil) : names;
    }

    [Bif("erlang:setnode/2")]
    [Bif("erts_internal:create_dist_channel/3")]
    [Bif("erts_internal:new_connection/1")]
    [Bif("erts_internal:abort_pending_connection/2")]
    [Bif("erlang:dist_ctrl_get_data/1")]
    [Bif("erlang:dist_ctrl_get_data_notification/1")]
    [Bif("erlang:dist_ctrl_get_opt/2")]
    [Bif("erlang:dist_ctrl_input_handler/2")]
    [Bif("erlang:dist_ctrl_put_data/2")]
    [Bif("erlang:dist_ctrl_set_opt/3")]
    [Bif("erlang:dist_get_stat/1")]
    [Bif("erts_debug:dist_ext_to_term/2")]
    public static Term NoDistribution(Process* p, Term* a) => Process.Error(p, Am.Notsup);
}
