// Natives whose answer is the same for every program: what this VM does not have (tracing, distribution, code coverage), and small facts about it.
namespace MyBeam.Vm;

using MyBeam.Memory;

public static unsafe class ErtsMiscBifs
{
    /// <summary>How error_logger shows warnings.</summary>
    [Bif("error_logger:warning_map/0")]
    public static Term WarningMap(Process* p, Term* a) => p->Machine->Settings.Warnings;

    // -- dynamic tracing (DTrace tags): there is none --

    [Bif("erlang:dt_get_tag/0")]
    [Bif("erlang:dt_get_tag_data/0")]
    [Bif("erlang:dt_put_tag/1")]
    [Bif("erlang:system_profile/0")]
    public static Term Undefined(Process* p, Term* a) => Am.Undefined;

    [Bif("erlang:dt_spread_tag/1")]
    [Bif("erlang:dt_restore_tag/1")]
    public static Term True(Process* p, Term* a) => Am.True;

    [Bif("erlang:dt_prepend_vm_tag_data/1")]
    [Bif("erlang:dt_append_vm_tag_data/1")]
    public static Term Same(Process* p, Term* a) => a[0];

    // -- code coverage and the debugger --

    [Bif("code:coverage_support/0")]
    [Bif("erl_debugger:supported/0")]
    public static Term False(Process* p, Term* a) => Am.False;

    [Bif("code:get_coverage_mode/0")]
    public static Term CoverageMode(Process* p, Term* a) => Am.None;

    // -- nodes: this one, which is not alive --

    [Bif("erlang:nodes/1")]
    public static Term Nodes(Process* p, Term* a) => NodesOf(p, a[0]);

    public static Term NodesOf(Process* p, Term kind)
    {
        Term kinds = kind.IsList ? kind : Process.Cons(p, kind, Term.Nil);
        bool self = false;
        for (; kinds.IsCons; kinds = kinds.Tail)
        {
            Term k = kinds.Head;
            if (k == Am.This || k == Am.Known) self = true;
            else if (k != Am.Visible && k != Am.Hidden && k != Am.Connected) return Process.Badarg(p);
        }
        if (!kinds.IsNil) return Process.Badarg(p);
        return self ? Process.Cons(p, Am.NonodeNohost, Term.Nil) : Term.Nil;
    }

    /// <summary>Only a node that is alive sees others.</summary>
    [Bif("erlang:monitor_node/2")]
    [Bif("erlang:monitor_node/3")]
    public static Term MonitorNode(Process* p, Term* a)
    {
        if (!a[0].IsAtom || !a[1].IsBoolean) return Process.Badarg(p);
        return a[0] == Am.NonodeNohost ? Am.True : Process.Error(p, Am.Notalive);
    }

    [Bif("erts_internal:get_creation/0")]
    public static Term Creation(Process* p, Term* a) => Am.Undefined;

    /// <summary>The distribution flags of OTP 29: offered, ….</summary>
    [Bif("erts_internal:get_dflags/0")]
    public static Term DistributionFlags(Process* p, Term* a)
    {
        Term t = Process.NewTuple(p, 6);
        Term* e = t.TupleElements;
        e[0] = Am.ErtsDflags;
        e[1] = e[3] = Term.Small(468283523004);
        e[2] = Term.Small(17230663572);
        e[4] = Term.Small(8396866);
        e[5] = Term.Small(8192);
        return t;
    }

    // -- the inside --

    /// <summary>One more than answer system_info({memory_internal, Ref, …}): here it is answered once.</summary>
    [Bif("erts_internal:no_aux_work_threads/0")]
    public static Term AuxThreads(Process* p, Term* a) => Term.Small(2);

    [Bif("erts_internal:is_process_executing_dirty/1")]
    public static Term NotDirty(Process* p, Term* a) => a[0].IsPid ? Am.False : Process.Badarg(p);

    /// <summary>Whether the end of this process is the end of the VM.</summary>
    [Bif("erts_internal:is_system_process/1")]
    public static Term IsSystemProcess(Process* p, Term* a)
    {
        if (!a[0].IsPid) return Process.Badarg(p);
        Process* q = a[0].IsLocalPid ? ProcessTable.Lock(p->Machine, a[0]) : null;
        if (q == null) return Am.False;
        bool system = q->Flags.IsSystem;
        q->Lock.Unlock();
        return Term.Bool(system);
    }

    [Bif("erlang:check_old_code/1")]
    public static Term CheckOldCode(Process* p, Term* a)
    {
        if (!a[0].IsAtom) return Process.Badarg(p);
        return Term.Bool(CodeTable.OldVersion(p->Machine, a[0]) != null);
    }
}
