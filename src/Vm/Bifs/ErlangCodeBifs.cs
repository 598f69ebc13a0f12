// Natives of erlang that look at functions, funs and modules.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;

public static unsafe class ErlangCodeBifs
{
    private static Term Pair(Process* p, Term key, Term value) => Process.Tuple(p, key, value);

    // -- funs --

    [Bif("erlang:fun_info/2")]
    public static Term FunInfo(Process* p, Term* a)
    {
        if (!a[0].IsFun) return Process.Badarg(p);
        Term value = a[0].IsKind(Header.ExportFun) ? ExternalInfo((Export*)((ExportFun*)a[0].Box)->Export, a[1]) : LocalInfo(p, (Fun*)a[0].Box, a[1]);
        return value.IsNone ? Process.Badarg(p) : Pair(p, a[1], value);
    }

    private static Term ExternalInfo(Export* e, Term item)
    {
        if (item == Am.Type) return Am.External;
        if (item == Am.Module) return e->Module;
        if (item == Am.Name) return e->Function;
        if (item == Am.Arity) return Term.Small(e->Arity);
        if (item == Am.Env) return Term.Nil;
        bool local = item == Am.Pid || item == Am.Index || item == Am.NewIndex || item == Am.Uniq || item == Am.NewUniq || item == Am.Refc;
        return local ? Am.Undefined : Term.None;
    }

    private static Term LocalInfo(Process* p, Fun* f, Term item)
    {
        FunEntry* e = (FunEntry*)f->Entry;
        if (item == Am.Type) return Am.Local;
        if (item == Am.Module) return e->Module;
        if (item == Am.Arity) return Term.Small(e->Arity);
        if (item == Am.Name) return Name(e);
        if (item == Am.Index || item == Am.NewIndex) return Term.Small(e->Index);
        if (item == Am.Uniq) return Term.Small(e->OldUniq);
        if (item == Am.NewUniq) return Binaries.FromBytes(p, e->Uniq, 16);
        // Nobody keeps the maker of a fun: OTP names the first process too.
        if (item == Am.Pid) return Term.Pid(0);
        // Fun entries are not counted: one holder, as it looks right after loading.
        if (item == Am.Refc) return Term.Small(1);
        if (item != Am.Env) return Term.None;
        Term env = Term.Nil;
        for (int i = Fun.FreeCount(f) - 1; i >= 0; i--) env = Process.Cons(p, Fun.Env(f)[i], env);
        return env;
    }

    // The lambda's name is in the module; without the module OTP gives an empty list.
    private static Term Name(FunEntry* e) => e->Function.IsNone || e->Address == null ? Term.Nil : e->Function;

    [Bif("erlang:fun_info_mfa/1")]
    public static Term FunInfoMfa(Process* p, Term* a)
    {
        if (a[0].IsKind(Header.ExportFun))
        {
            ExportName* x = ((ExportFun*)a[0].Box)->Export;
            return Process.Tuple(p, x->Module, x->Function, Term.Small(x->Arity));
        }
        if (!a[0].IsKind(Header.Fun)) return Process.Badarg(p);
        FunEntry* e = (FunEntry*)((Fun*)a[0].Box)->Entry;
        return Process.Tuple(p, e->Module, Name(e), Term.Small(e->Arity));
    }

    [Bif("erlang:make_fun/3")]
    public static Term MakeFun(Process* p, Term* a)
    {
        if (!a[0].IsAtom || !a[1].IsAtom || !a[2].IsSmall || (ulong)a[2].SmallValue > 255) return Process.Badarg(p);
        Export* e = ExportTable.Put(p->Machine, a[0], a[1], a[2].SmallValue);
        return e == null ? Process.SystemLimit(p) : FunTerms.ForExport(p, e);
    }

    // -- functions --

    [Bif("erlang:function_exported/3")]
    public static Term FunctionExported(Process* p, Term* a)
    {
        if (!Named(a)) return Process.Badarg(p);
        Export* e = ExportTable.Find(p->Machine, a[0], a[1], a[2].SmallValue);
        return Term.Bool(e != null && (e->Native != null || IsDefined(e)));
    }

    [Bif("erlang:is_builtin/3")]
    public static Term IsBuiltin(Process* p, Term* a)
    {
        if (!Named(a)) return Process.Badarg(p);
        Export* e = ExportTable.Find(p->Machine, a[0], a[1], a[2].SmallValue);
        return Term.Bool((e != null && e->Native != null) || (a[0] == Am.Erlang && a[1] == Am.Apply && a[2].SmallValue is 2 or 3));
    }

    private static bool Named(Term* a) => a[0].IsAtom && a[1].IsAtom && a[2].IsSmall && a[2].SmallValue >= 0;

    // Entered at code of a module, not at its own stub.
    private static bool IsDefined(Export* e) => e->Address != e->Stub + 3;

    // -- modules --

    [Bif("erlang:module_loaded/1")]
    public static Term ModuleLoaded(Process* p, Term* a)
    {
        if (!a[0].IsAtom) return Process.Badarg(p);
        return Term.Bool(CodeTable.Current(p->Machine, a[0]) != null);
    }

    [Bif("erlang:loaded/0")]
    public static Term Loaded(Process* p, Term* a)
    {
        Term list = Term.Nil;
        uint at = 0;
        for (LoadedModule* m = CodeTable.Next(p->Machine, ref at); m != null; m = CodeTable.Next(p->Machine, ref at)) list = Process.Cons(p, m->Name, list);
        return list;
    }

    /// <summary>The modules that OTP's emulator holds ready; here those of them that are loaded.</summary>
    [Bif("erlang:pre_loaded/0")]
    public static Term PreLoaded(Process* p, Term* a)
    {
        ReadOnlySpan<byte> names = Preloaded;
        Term list = Term.Nil;
        for (int start = 0, i = 0; i < names.Length; i++)
        {
            if (names[i] != ' ') continue;
            Term name = AtomTable.Intern(names[start..i]);
            start = i + 1;
            if (CodeTable.Current(p->Machine, name) != null) list = Process.Cons(p, name, list);
        }
        return list;
    }

    /// <summary>Whether OTP's emulator holds the module ready. Its code has no line numbers there: make_preload leaves them out.</summary>
    public static bool IsPreloaded(Term name)
    {
        ReadOnlySpan<byte> names = Preloaded;
        for (int start = 0, i = 0; i < names.Length; i++)
        {
            if (names[i] != ' ') continue;
            AtomTable.Entry* e = AtomTable.Get(name);
            if (names[start..i].SequenceEqual(new ReadOnlySpan<byte>(e->Text, (int)e->Bytes))) return true;
            start = i + 1;
        }
        return false;
    }

    /// <summary>Names of these modules, a space after each, in the order in which OTP's emulator loads them.</summary>
    public static ReadOnlySpan<byte> Preloaded =>
        "erts_code_purger erl_init init prim_buffer prim_eval prim_inet prim_file zlib socket_registry prim_socket prim_net prim_zip erl_prim_loader erlang erts_internal erl_tracer erts_literal_area_collector erts_trace_cleaner erts_dirty_process_signal_handler atomics counters persistent_term "u8;

    /// <summary>What M:module_info() gives.</summary>
    [Bif("erlang:get_module_info/1")]
    public static Term GetModuleInfo1(Process* p, Term* a)
    {
        LoadedModule* m = a[0].IsAtom ? CodeTable.Current(p->Machine, a[0]) : null;
        if (m == null) return Process.Badarg(p);
        Term list = Process.Cons(p, Pair(p, Am.Md5, Item(p, m, Am.Md5)), Term.Nil);
        list = Process.Cons(p, Pair(p, Am.Compile, Item(p, m, Am.Compile)), list);
        list = Process.Cons(p, Pair(p, Am.Attributes, Item(p, m, Am.Attributes)), list);
        list = Process.Cons(p, Pair(p, Am.Exports, Item(p, m, Am.Exports)), list);
        return Process.Cons(p, Pair(p, Am.Module, m->Name), list);
    }

    /// <summary>What M:module_info(Item) gives.</summary>
    [Bif("erlang:get_module_info/2")]
    public static Term GetModuleInfo2(Process* p, Term* a)
    {
        LoadedModule* m = a[0].IsAtom && a[1].IsAtom ? CodeTable.Current(p->Machine, a[0]) : null;
        Term value = m == null ? Term.None : Item(p, m, a[1]);
        return value.IsNone ? Process.Badarg(p) : value;
    }

    private static Term Item(Process* p, LoadedModule* m, Term item)
    {
        if (item == Am.Module) return m->Name;
        if (item == Am.Md5) return Binaries.FromBytes(p, m->Md5, 16);
        if (item == Am.Exports) return Exports(p, m);
        if (item == Am.Functions) return Functions(p, m);
        if (item == Am.Attributes) return External(p, m->Attributes);
        if (item == Am.Compile) return External(p, m->CompileInfo);
        if (item == Am.Native) return Am.False;
        if (item == Am.Nifs) return Nifs(p, m);
        return item == Am.NativeAddresses ? Term.Nil : Term.None;
    }

    private static Term Exports(Process* p, LoadedModule* m)
    {
        Term list = Term.Nil;
        for (int i = 0; i < m->ExportCount; i++) list = Process.Cons(p, Pair(p, m->Exports[i].Function, Term.Small(m->Exports[i].Arity)), list);
        return list;
    }

    private static Term Functions(Process* p, LoadedModule* m)
    {
        Term list = Term.Nil;
        for (int i = m->FunctionCount - 1; i >= 0; i--)
        {
            ulong* info = m->Code + m->FunctionWords[i];
            list = Process.Cons(p, Pair(p, new Term(info[2]), Term.Small((long)info[3])), list);
        }
        return list;
    }

    // The functions of a module with a NIF library that are natives. Those of prim_file named internal_ and is_translatable are BIFs in OTP.
    private static Term Nifs(Process* p, LoadedModule* m)
    {
        AtomTable.Entry* module = AtomTable.Get(m->Name);
        Term list = Term.Nil;
        if (!NativeLibraryBifs.IsBuiltIn(new ReadOnlySpan<byte>(module->Text, module->Bytes))) return list;
        for (int i = m->FunctionCount - 1; i >= 0; i--)
        {
            ulong* info = m->Code + m->FunctionWords[i];
            if ((info[4] & ~2UL) != p->Machine->HaltCode[1]) continue;
            AtomTable.Entry* name = AtomTable.Get(new Term(info[2]));
            ReadOnlySpan<byte> text = new(name->Text, name->Bytes);
            if (text.StartsWith("internal_"u8) || text.SequenceEqual("is_translatable"u8)) continue;
            list = Process.Cons(p, Pair(p, new Term(info[2]), Term.Small((long)info[3])), list);
        }
        return list;
    }

    private static Term External(Process* p, GenericBytes chunk)
    {
        if (chunk.Data == null) return Term.Nil;
        Term t = EtfDecoder.DecodeVersioned(&p->Heap, p->Machine, chunk.Data, (nuint)chunk.Bytes, EtfDecoding.None, EtfOptions.HashOf(p->Machine), out _);
        return t.IsNone ? Term.Nil : t;
    }
}
