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

    // -- versions: what the processes code_server and erts_code_purger do otherwise --

    /// <summary>{module, M}, or {error, Reason}: badfile, on_load_failure. Old code is purged before. The file name is not kept.</summary>
    [Bif("code:load_binary/3", BifKind.Traps)]
    public static Term LoadBinary(Process* p, Term* a)
    {
        if (!a[0].IsAtom) return Process.Error(p, Am.FunctionClause);
        Term* arguments = stackalloc Term[] { a[0], a[2] };
        Term prepared = CodeLoadingBifs.PrepareLoading(p, arguments);
        if (prepared.IsNone || prepared.IsTuple) return prepared;
        // There is room for one old version: what runs in it is killed.
        if (CodeTable.Current(p->Machine, a[0]) != null) Purge(p, a[0], true, out _);
        *arguments = Process.Cons(p, prepared, Term.Nil);
        Term result = CodeLoadingBifs.FinishLoading(p, arguments);
        if (result == Am.Ok) return Process.Tuple(p, Am.Module, a[0]);
        LoadedModule* pending = result.IsTuple && result.TupleElements[0] == Am.OnLoad ? CodeLoadingBifs.Pending(p->Machine, a[0]) : null;
        if (pending != null) return OnLoad.Start(p, pending);
        return result.IsTuple ? Process.Tuple(p, Am.Error, result.TupleElements[0]) : result;
    }

    /// <summary>Whether old code was there is not told; true: a process was killed.</summary>
    [Bif("code:purge/1", BifKind.Traps)]
    public static Term Purge(Process* p, Term* a)
    {
        if (!a[0].IsAtom) return Process.Error(p, Am.FunctionClause);
        if (LiteralCollector.Crowded(p)) return Slices.Pause(p);
        bool killed = Purge(p, a[0], true, out _) > 0;
        // A kill of its own is handled before it goes on.
        return killed ? Process.YieldWith(p, Am.True) : Am.False;
    }

    /// <summary>{There was old code, A process was killed}.</summary>
    [Bif("erts_code_purger:purge/1", BifKind.Traps)]
    public static Term PurgerPurge(Process* p, Term* a)
    {
        if (!a[0].IsAtom) return Process.Error(p, Am.FunctionClause);
        bool killed = Purge(p, a[0], true, out bool was) > 0;
        Term result = Process.Tuple(p, Term.Bool(was), Term.Bool(killed));
        return killed ? Process.YieldWith(p, result) : result;
    }

    /// <summary>false, and nothing happens, when a process runs old code.</summary>
    [Bif("code:soft_purge/1")]
    [Bif("erts_code_purger:soft_purge/1")]
    public static Term SoftPurge(Process* p, Term* a)
    {
        if (!a[0].IsAtom) return Process.Error(p, Am.FunctionClause);
        if (LiteralCollector.Crowded(p)) return Slices.Pause(p);
        return Term.Bool(Purge(p, a[0], false, out _) == 0);
    }

    // Frees old code. Processes in it are killed first (hard), or keep it. All other schedulers stand still meanwhile, so that every process can be looked at; one
    // that has been sent a kill signal executes nothing any more. Gives how many processes there were.
    private static int Purge(Process* p, Term name, bool hard, out bool was)
    {
        Machine* m = p->Machine;
        Schedulers.LockCode(m);
        LoadedModule* old = CodeTable.OldVersion(m, name);
        was = old != null;
        int users = 0;
        if (was)
        {
            Schedulers.StopAll(m);
            int limit = ProcessTable.Limit(m), left = ProcessTable.Count(m);
            for (int i = 0; i < limit && left > 0; i++)
            {
                Process* q = ProcessTable.Place(m, i);
                if (q == null) continue;
                left--;
                if (q->Pid.IsNone || !SystemTaskBifs.RunsOld(q, name)) continue;
                users++;
                if (!hard) continue;
                Signal* s = Signal.Carrying(m, SignalKind.Exit, Am.Kill);
                if (s == null) continue;
                s->From = p->Pid;
                Signals.Send(m, p->Context, q->Pid, s);
            }
            if (hard || users == 0) CodeTable.Purge(m, old);
            Schedulers.GoOn(m);
        }
        Schedulers.UnlockCode(m);
        return users;
    }

    /// <summary>Makes the current code old, if there is any. false: there is old code already.</summary>
    [Bif("code:delete/1")]
    public static Term Delete(Process* p, Term* a)
    {
        if (!a[0].IsAtom) return Process.Error(p, Am.FunctionClause);
        if (CodeTable.OldVersion(p->Machine, a[0]) != null) return Am.False;
        CodeLoadingBifs.DeleteModule(p, a);
        return Am.True;
    }

    /// <summary>false, or {file, Name}: where it came from is not kept.</summary>
    [Bif("code:is_loaded/1")]
    public static Term IsLoaded(Process* p, Term* a)
    {
        if (!a[0].IsAtom) return Process.Error(p, Am.FunctionClause);
        if (CodeTable.Current(p->Machine, a[0]) == null) return Am.False;
        TextBuffer b = default;
        b.AddAtom(a[0]);
        b.Add(".beam"u8);
        Term name = CharacterLists.Of(p, new System.ReadOnlySpan<byte>(b.Data, (int)b.Count));
        b.Free();
        return Process.Tuple(p, Am.File, name);
    }
}
