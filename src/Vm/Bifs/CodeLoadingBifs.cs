// Natives that change code: prepare and finish loading, delete and purge versions, on_load functions.
//
// A module has at most two versions, current and old. A call by name goes to the current one; a process stays in the old one until it makes such a call.
// Whoever changes anything holds the lock of those who change code.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>A version of a module that is ready to be installed: what prepare_loading gives.</summary>
public unsafe struct PreparedCode
{
    public NativeResource Head;
    public Machine* Machine;
    /// <summary>Null once it was installed.</summary>
    public LoadedModule* Module;
}

/// <summary>Loading code.</summary>
public static unsafe class CodeLoadingBifs
{
    /// <summary>A reference to the prepared module, or {error, badfile}.</summary>
    [Bif("erts_internal:prepare_loading/2")]
    public static Term PrepareLoading(Process* p, Term* a)
    {
        if (!a[0].IsAtom || !Binaries.Bytes(a[1], out byte* bytes, out long offset, out long bits) || (bits & 7) != 0) return Process.Badarg(p);
        Machine* m = p->Machine;
        byte* aligned = null;
        if ((offset & 7) != 0)
        {
            aligned = (byte*)Allocator.Alloc((nuint)(bits / 8) + 1, Owner.Loader);
            if (aligned == null) return Process.SystemLimit(p);
            Bitstring.Copy(bytes, (ulong)offset, (ulong)bits, aligned);
        }
        LoadError error = default;
        LoadedModule* module = ModuleLoader.Prepare(m, aligned == null ? bytes + (offset / 8) : aligned, bits / 8, a[0], &error, Known(m, a[1], bits), locks: true);
        if (aligned != null) Allocator.Free(aligned, (nuint)(bits / 8) + 1, Owner.Loader);
        Process.Bump(p, bits / 512);
        if (module == null)
        {
            if (m->Full != 0) LogRefused(p, a[0], &error);
            return Process.Tuple(p, Am.Error, Am.Badfile);
        }
        PreparedCode* code = (PreparedCode*)Allocator.AllocZeroed((nuint)sizeof(PreparedCode), Owner.Resource);
        if (code == null)
        {
            LoadedModule.Free(m, module);
            return Process.SystemLimit(p);
        }
        code->Head.RefCount = 1;
        code->Head.Destroy = &Destroy;
        code->Head.Kind = ResourceKind.PreparedCode;
        code->Machine = m;
        code->Module = module;
        return MagicRefs.Make(p, &code->Head);
    }

    // The MD5 of a module that is, byte for byte, a file of the archive.
    private static byte* Known(Machine* m, Term binary, long bits)
    {
        OffHeapBinary* data = Binaries.Whole(binary);
        return data == null || (data->Flags & OffHeapBinary.Archived) == 0 ? null : ArchiveFiles.Digest(m, (uint)data->Flags, bits / 8);
    }

    // As OTP's loader, which says why; the exception does not.
    private static void LogRefused(Process* p, Term name, LoadError* error)
    {
        TextBuffer b = default;
        b.Add("Error loading module "u8);
        TermPrinter.Write(ref b, name, TermStyle.Pretty, true);
        b.Add(":\n  "u8);
        b.Add(LoadError.Message(error));
        b.Add("\n"u8);
        EmulatorLog.SendText(p, Am.Error, b.Text);
        b.Free();
    }

    private static void Destroy(NativeResource* r)
    {
        PreparedCode* code = (PreparedCode*)r;
        // Nothing but this has named the module.
        if (code->Module != null) LoadedModule.Free(code->Machine, code->Module);
        Allocator.Free(code, (nuint)sizeof(PreparedCode), Owner.Resource);
    }

    private static PreparedCode* Open(Term t)
    {
        PreparedCode* code = (PreparedCode*)MagicRefs.Open(t, ResourceKind.PreparedCode);
        return code == null || code->Module == null ? null : code;
    }

    [Bif("erlang:has_prepared_code_on_load/1")]
    public static Term HasOnLoad(Process* p, Term* a)
    {
        PreparedCode* code = Open(a[0]);
        return code == null ? Process.Badarg(p) : Term.Bool(code->Module->OnLoadWord >= 0);
    }

    /// <summary>Installs prepared modules, all or none: ok, or {Why, [Module]}: duplicated, not_purged, on_load (this module waits for its function).</summary>
    [Bif("erlang:finish_loading/1")]
    public static Term FinishLoading(Process* p, Term* a)
    {
        int n = 0;
        bool onLoad = false;
        Term list = a[0];
        for (; list.IsCons; list = list.Tail, n++)
        {
            PreparedCode* code = Open(list.Head);
            if (code == null) return Process.Badarg(p);
            onLoad |= code->Module->OnLoadWord >= 0;
        }
        if (!list.IsNil) return Process.Badarg(p);
        if (onLoad && n > 1) return Process.SystemLimit(p);
        Machine* m = p->Machine;
        Schedulers.LockCode(m);
        Term result = Finish(p, a[0]);
        Schedulers.UnlockCode(m);
        return result;
    }

    private static Term Finish(Process* p, Term list)
    {
        Machine* m = p->Machine;
        Term twice = Term.Nil, unpurged = Term.Nil;
        for (Term l = list; l.IsCons; l = l.Tail)
        {
            Term name = Open(l.Head)->Module->Name;
            for (Term before = list; before != l; before = before.Tail)
            {
                if (Open(before.Head)->Module->Name != name) continue;
                twice = Process.Cons(p, name, twice);
                break;
            }
            LoadedModule* current = CodeTable.Current(m, name);
            if (current != null && current->Old != null) unpurged = Process.Cons(p, name, unpurged);
        }
        if (twice.IsCons) return Process.Tuple(p, Am.Duplicated, twice);
        if (unpurged.IsCons) return Process.Tuple(p, Am.NotPurged, unpurged);
        for (Term l = list; l.IsCons; l = l.Tail)
        {
            PreparedCode* code = Open(l.Head);
            if (!CodeTable.Reserve(m, 0)) return Process.SystemLimit(p);
            LoadedModule* module = code->Module;
            code->Module = null;
            if (module->OnLoadWord >= 0)
            {
                CodeTable.InstallPending(m, module);
                return Process.Tuple(p, Am.OnLoad, Process.Cons(p, module->Name, Term.Nil));
            }
            CodeTable.Install(m, module);
        }
        return Am.Ok;
    }

    // -- on_load --

    /// <summary>The version of this name that waits for its on_load function, or null.</summary>
    public static LoadedModule* Pending(Machine* m, Term name)
    {
        LoadedModule* module = m->PendingOnLoad;
        while (module != null && module->Name != name) module = module->NextPending;
        return module;
    }

    [Bif("erlang:call_on_load_function/1", BifKind.Traps)]
    public static Term CallOnLoad(Process* p, Term* a)
    {
        LoadedModule* module = Pending(p->Machine, a[0]);
        if (module == null) return Process.Badarg(p);
        // A trap goes to an export: this name is no function of any program.
        Export* e = ExportTable.Put(p->Machine, a[0], AtomTable.Intern("$on_load"u8), 0);
        if (e == null) return Process.SystemLimit(p);
        e->Address = module->Code + module->OnLoadWord;
        p->TrapTo = e;
        p->TrapArity = 0;
        p->Fail = FailKind.Trap;
        return Term.None;
    }

    /// <summary>Makes the module current (true), or leaves it to be purged as if it were old code (false).</summary>
    [Bif("erlang:finish_after_on_load/2")]
    public static Term FinishAfterOnLoad(Process* p, Term* a)
    {
        Machine* m = p->Machine;
        if (!a[1].IsBoolean) return Process.Badarg(p);
        Schedulers.LockCode(m);
        LoadedModule* module = Pending(m, a[0]);
        Export* called = module == null ? null : ExportTable.Find(m, a[0], AtomTable.Intern("$on_load"u8), 0);
        // Nobody calls it a second time, above all not when its code is gone.
        if (called != null) ExportTable.Undefine(m, called);
        if (module != null && a[1] == Am.True && CodeTable.Reserve(m, 1))
        {
            CodeTable.RemovePending(m, module);
            CodeTable.Install(m, module);
        }
        Schedulers.UnlockCode(m);
        return module == null ? Process.Badarg(p) : Am.True;
    }

    // -- old code --

    /// <summary>Makes the current version old: true, or undefined when there is none. badarg: there is an old one.</summary>
    [Bif("erlang:delete_module/1")]
    public static Term DeleteModule(Process* p, Term* a)
    {
        if (!a[0].IsAtom) return Process.Badarg(p);
        Machine* m = p->Machine;
        Schedulers.LockCode(m);
        LoadedModule* current = CodeTable.Current(m, a[0]);
        bool old = CodeTable.OldVersion(m, a[0]) != null;
        if (current != null && !old) CodeTable.Delete(m, current);
        Schedulers.UnlockCode(m);
        return old ? Process.Badarg(p) : current == null ? Am.Undefined : Am.True;
    }

    /// <summary>
    /// The steps of erts_code_purger, which nobody else may take: prepare and prepare_on_load: whether there is something to purge; then complete: frees it (true), or
    /// abort: leaves it (false).
    /// </summary>
    [Bif("erts_internal:purge_module/2", BifKind.Traps)]
    public static Term PurgeModule(Process* p, Term* a)
    {
        Machine* m = p->Machine;
        if (Registry.WhereIs(m, Am.ErtsCodePurger) != p->Pid) return Process.Error(p, Am.Notsup);
        bool begins = a[1] == Am.Prepare || a[1] == Am.PrepareOnLoad, completes = a[1] == Am.Complete;
        if (!a[0].IsAtom || !(begins || completes || a[1] == Am.Abort)) return Process.Badarg(p);
        if (completes && LiteralCollector.Crowded(p)) return Slices.Pause(p);
        Schedulers.LockCode(m);
        LoadedModule* module = PurgedFuns.Of(m);
        bool good = begins ? module == null : module != null && module->Name == a[0];
        if (begins && good) module = a[1] == Am.Prepare ? CodeTable.OldVersion(m, a[0]) : Pending(m, a[0]);
        if (good && module != null)
        {
            Schedulers.StopAll(m);
            if (begins) PurgedFuns.Begin(m, module);
            else PurgedFuns.End(m, p->Context, module, !completes);
            if (completes) Free(m, module);
            Schedulers.GoOn(m);
        }
        Schedulers.UnlockCode(m);
        return good ? Term.Bool(module != null && (begins || completes)) : Process.Badarg(p);
    }

    private static void Free(Machine* m, LoadedModule* module)
    {
        if (module->Pending == 0)
        {
            CodeTable.Purge(m, module);
            return;
        }
        // Its on_load function has failed.
        CodeTable.RemovePending(m, module);
        CodeTable.Discard(m, module);
    }
}
