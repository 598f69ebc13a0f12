// The functions of module code that library code calls on its way (io_lib before it reports a bad format, Elixir's protocols): OTP asks the code server,
// which bare mode does not have. Modules come from where ModuleFinder looks.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Loading on request without a code server.</summary>
internal static unsafe class BareModeCode
{
    /// <summary>{module, M}, or {error, nofile}; badfile for a file that is refused.</summary>
    [Bif("code:ensure_loaded/1")]
    [Bif("code:load_file/1")]
    public static Term EnsureLoaded(Process* p, Term* a)
    {
        if (!a[0].IsAtom) return Process.Error(p, Am.FunctionClause);
        Term reason = Load(p->Machine, a[0]);
        return reason.IsNone ? Process.Tuple(p, Am.Module, a[0]) : Process.Tuple(p, Am.Error, reason);
    }

    /// <summary>ok, or {error, [{M, Reason}]} for those that cannot be loaded.</summary>
    [Bif("code:ensure_modules_loaded/1")]
    public static Term EnsureModulesLoaded(Process* p, Term* a)
    {
        Term list = a[0];
        for (; list.IsCons; list = list.Tail)
            if (!list.Head.IsAtom) return Process.Error(p, Am.FunctionClause);
        if (!list.IsNil) return Process.Error(p, Am.FunctionClause);
        Term failed = Term.Nil;
        for (list = a[0]; list.IsCons; list = list.Tail)
        {
            Term reason = Load(p->Machine, list.Head);
            if (!reason.IsNone) failed = Process.Cons(p, Process.Tuple(p, list.Head, reason), failed);
        }
        return failed.IsNil ? Am.Ok : Process.Tuple(p, Am.Error, failed);
    }

    /// <summary>Bare mode loads a module when it is first called.</summary>
    [Bif("code:get_mode/0")]
    public static Term Mode(Process* p, Term* a) => Am.Interactive;

    // None when it is there now, else why it is not.
    private static Term Load(Machine* m, Term name)
    {
        if (CodeTable.Current(m, name) != null || ModuleFinder.TryLoad(m, name)) return Term.None;
        return m->Finder.LastError.Code == LoadErrorCode.None ? Am.Nofile : m->Finder.LastError.Code == LoadErrorCode.OnLoad ? Am.OnLoadFailure : Am.Badfile;
    }
}
