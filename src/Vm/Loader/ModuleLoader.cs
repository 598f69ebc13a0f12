// Loading a module: file bytes -> GenericCode (front half) -> threaded code (rules, Emitter) -> a LoadedModule in the code table.
// All that can fail comes first; the tables of the VM that are written before (exports, funs, literal memory) are rolled back when the module is refused.
// Reading and checking touch nothing of the VM but the atom table and can be done for several modules at once; one module is built at a time.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Loads modules from bytes.</summary>
public static unsafe class ModuleLoader
{
    /// <summary>
    /// Loads the module in these bytes and makes it the current version. Null: refused, error (zeroed by the caller) says why and nothing has changed but
    /// the atom table.
    /// </summary>
    /// <param name="expected">Its name must be this one, unless None.</param>
    /// <param name="known">Null, or the MD5 of a module that is part of this executable: it is not computed, and what the bytes were checked for when the
    /// executable was made (FlowCheck) is not checked again.</param>
    public static LoadedModule* Load(Machine* m, byte* bytes, long size, Term expected, LoadError* error, byte* known = null)
    {
        LoadedModule* module = Prepare(m, bytes, size, expected, error, known);
        if (module != null) CodeTable.Install(m, module);
        return module;
    }

    /// <summary>As Load, but the module is not installed: it is the caller's (CodeTable.Install, after CodeTable.Reserve(m, 0), or LoadedModule.Free). The caller
    /// has the code lock, unless <paramref name="locks"/> is set: then it is taken while the module is built.</summary>
    public static LoadedModule* Prepare(Machine* m, byte* bytes, long size, Term expected, LoadError* error, byte* known = null, bool locks = false)
    {
        BeamFile file;
        if (!BeamFile.Open(bytes, size, &file, error)) return null;
        GenericCode code;
        LoadedModule* module = null;
        if (BeamReader.Read(&file, &code, error, known))
        {
            if (!expected.IsNone && code.Module != expected) error->Fail(LoadErrorCode.BadChunk, ChunkId.AtU8, 0, "the module's name is not the file's"u8);
            else if (known != null || FlowCheck.Check(&code, error))
            {
                if (locks) Schedulers.LockCode(m);
                module = Build(m, &code, error);
                if (locks) Schedulers.UnlockCode(m);
            }
            GenericCode.Free(&code);
        }
        file.Free();
        return module;
    }

    private static LoadedModule* Build(Machine* m, GenericCode* code, LoadError* error)
    {
        Emitter e = default;
        e.Code = code;
        e.Machine = m;
        e.WideCount = LiteralTerms.Wide(code, null, null);
        e.LabelWords = (int*)Allocator.Alloc((nuint)code->LabelCount * 4, Owner.Loader);
        e.FunctionWords = (int*)Allocator.AllocZeroed((nuint)(code->FunctionCount * 4) + 4, Owner.Loader);
        e.Literals = (Term*)Allocator.AllocZeroed(((nuint)code->LiteralCount * 8) + 8, Owner.Loader);
        e.Bigs = (Term*)Allocator.AllocZeroed(((nuint)(code->BigCount + e.WideCount) * 8) + 8, Owner.Loader);
        e.Imports = (Export**)Allocator.AllocZeroed(((nuint)code->ImportCount * 8) + 8, Owner.Loader);
        e.Funs = (FunEntry**)Allocator.AllocZeroed(((nuint)code->FunCount * 8) + 8, Owner.Loader);
        LoadedModule* module = (LoadedModule*)Allocator.AllocZeroed((nuint)sizeof(LoadedModule), Owner.Code);
        e.LabelFrames = (sbyte*)Allocator.Alloc((nuint)code->LabelCount, Owner.Loader);
        bool good = e.LabelWords != null && e.FunctionWords != null && e.Literals != null && e.Bigs != null && e.Imports != null && e.Funs != null && module != null
            && e.LabelFrames != null;
        if (!good) error->Fail(LoadErrorCode.NoMemory, ChunkId.Code, 0, "no memory to load the module"u8);
        int exports = ExportTable.Count(m), funs = FunTable.Count(m);
        if (good)
        {
            for (int i = 0; i < code->LabelCount; i++) e.LabelWords[i] = e.LabelFrames[i] = -1;
            module->Name = code->Module;
            e.Module = module;
            good = LiteralTerms.Decode(m, code, &e, &module->Literals, error) && RecordDefinitions.Load(m, &e, module, error) && Resolve(m, code, &e, error)
                && EmitAll(&e, error) && Finish(m, code, &e, module, error);
        }
        if (good) Commit(m, code, &e, module);
        else
        {
            e.FreeLoose();
            if (module != null) LoadedModule.Free(m, module);
            FunTable.Truncate(m, funs);
            ExportTable.Truncate(m, exports);
        }
        e.Free();
        return good ? module : null;
    }

    // Entries of all that the module refers to or exports.
    private static bool Resolve(Machine* m, GenericCode* code, Emitter* e, LoadError* error)
    {
        bool good = true;
        for (int i = 0; i < code->ImportCount; i++)
        {
            e->Imports[i] = ExportTable.Put(m, code->Imports[i].Module, code->Imports[i].Function, code->Imports[i].Arity);
            good &= e->Imports[i] != null;
        }
        for (int i = 0; i < code->ExportCount; i++) good &= ExportTable.Put(m, code->Module, code->Exports[i].Function, code->Exports[i].Arity) != null;
        for (int i = 0; good && i < code->FunCount; i++)
        {
            GenericFun f = code->Funs[i];
            FunEntry* entry = FunTable.FindOrCreate(m, code->Module, f.Arity - f.FreeCount, i, code->Md5, f.Index, f.OldUniq);
            e->Funs[i] = entry;
            if (entry == null) good = false;
            else if (f.FreeCount == 0 && entry->Literal.IsNone) entry->Literal = LiteralTerms.FunWithoutEnvironment(e, entry);
        }
        return (good && !e->Full) || error->Fail(LoadErrorCode.NoMemory, ChunkId.ImpT, 0, "no memory for the functions that the module refers to"u8);
    }

    private static bool EmitAll(Emitter* e, LoadError* error)
    {
        GenericCode* code = e->Code;
        bool nifs = LoadsNifs(code);
        for (int f = 0; f < code->FunctionCount; f++)
        {
            GenericFunction* function = code->Functions + f;
            e->Function = f;
            Export* native = ExportTable.Find(e->Machine, code->Module, function->Name, function->Arity);
            bool replaced = native != null && native->Native != null && (nifs || (native->NativeKind & BifKind.Private) != 0 || IsExported(code, function));
            int i = function->First;
            while (i < function->End)
            {
                if (replaced && code->Instrs[i].Op == GenericOps.Label && code->Args[code->Instrs[i].FirstArg].Value == function->EntryLabel)
                {
                    // The function has a native: that is its body, for calls inside the module too. Labels of the old body get a place all the same.
                    RuleHooks.Label(e, i);
                    e->Emit(Specific.NativeBody, 0);
                    e->Word((ulong)native);
                    for (i++; i < function->End; i++)
                        if (code->Instrs[i].Op == GenericOps.Label) RuleHooks.Label(e, i);
                    break;
                }
                if (!OperandChecks.Check(e, i, error)) return false;
                e->NoteFrame(i);
                int n = Rules.Apply(e, i);
                if (e->Full) return error->Fail(LoadErrorCode.TooLarge, ChunkId.Code, code->Instrs[i].Offset, "the code takes too much memory"u8, 0, code->Instrs[i].Op);
                if (n == 0) return error->Fail(LoadErrorCode.BadCode, ChunkId.Code, code->Instrs[i].Offset, "this VM has no code for the instruction"u8, 0, code->Instrs[i].Op);
                for (int k = i; k < i + n; k++) e->NoteFrameAfter(k);
                i += n;
            }
            if (e->Missing != null) return error->Fail(LoadErrorCode.BadCode, ChunkId.Code, code->Instrs[function->First].Offset, "a guard calls a BIF that does not exist"u8);
            if (e->ProblemFamily != 0) return error->Fail(LoadErrorCode.BadCode, ChunkId.Code, code->Instrs[function->First].Offset, "an operand is too large"u8);
        }
        if (code->FunctionCount > 0)
        {
            // Whoever runs off the end of the last function has matched no clause of it.
            e->Put(0, Arg.Label(code->Functions[code->FunctionCount - 1].InfoLabel));
            e->Emit(Specific.Jump, 1);
            if (e->Full) return error->Fail(LoadErrorCode.TooLarge, ChunkId.Code, 0, "the code takes too much memory"u8);
        }
        return true;
    }

    // A module that loads a NIF library means its private functions to be replaced too (prim_file's are).
    private static bool LoadsNifs(GenericCode* code)
    {
        for (int i = 0; i < code->ImportCount; i++)
            if (code->Imports[i].Module == Am.Erlang && code->Imports[i].Function == Am.LoadNif) return true;
        return false;
    }

    private static bool IsExported(GenericCode* code, GenericFunction* f)
    {
        for (int i = 0; i < code->ExportCount; i++)
            if (code->Exports[i].Function == f->Name && code->Exports[i].Arity == f->Arity) return true;
        return false;
    }

    private static T* Copy<T>(T* from, int count) where T : unmanaged
    {
        T* p = (T*)Allocator.Alloc((nuint)((long)count * sizeof(T)), Owner.Code);
        if (p != null && count > 0) System.Buffer.MemoryCopy(from, p, (long)count * sizeof(T), (long)count * sizeof(T));
        return p;
    }

    private static GenericBytes Copy(GenericBytes b) => b.Data == null ? default : new GenericBytes { Data = Copy(b.Data, b.Bytes), Bytes = b.Bytes };

    // The module's own blocks; what can still fail.
    private static bool Finish(Machine* m, GenericCode* code, Emitter* e, LoadedModule* module, LoadError* error)
    {
        module->CodeWords = e->Words.Count;
        module->Code = Copy(e->Words.Items, e->Words.Count);
        module->FunctionWords = Copy(e->FunctionWords, code->FunctionCount);
        module->FunctionCount = code->FunctionCount;
        module->LineMarkCount = ErlangCodeBifs.IsPreloaded(code->Module) ? 0 : e->Lines.Count;
        module->LineMarks = Copy(e->Lines.Items, module->LineMarkCount);
        module->FrameMarks = Copy(e->Frames.Items, e->Frames.Count);
        module->FrameMarkCount = e->Frames.Count;
        module->LineItems = Copy(code->Lines, code->LineCount);
        module->LineItemCount = code->LineCount;
        bool files = CopyFiles(code, module);
        module->Attributes = Copy(code->Attributes);
        module->CompileInfo = Copy(code->CompileInfo);
        for (int i = 0; i < 16; i++) module->Md5[i] = code->Md5[i];
        module->Exports = (ModuleExport*)Allocator.Alloc((nuint)code->ExportCount * (nuint)sizeof(ModuleExport), Owner.Code);
        module->ExportCount = code->ExportCount;
        module->Funs = (ModuleFun*)Allocator.Alloc((nuint)code->FunCount * (nuint)sizeof(ModuleFun), Owner.Code);
        module->FunCount = code->FunCount;
        module->Catches = (uint*)Allocator.Alloc((nuint)e->Catches.Count * 4, Owner.Code);
        module->CatchRoom = e->Catches.Count;
        bool good = files && module->Catches != null && module->Code != null && module->FunctionWords != null && module->LineMarks != null && module->FrameMarks != null && module->LineItems != null
            && module->Exports != null && module->Funs != null && (module->Attributes.Data != null || code->Attributes.Data == null)
            && (module->CompileInfo.Data != null || code->CompileInfo.Data == null) && CodeTable.Reserve(m, e->Catches.Count);
        if (!good) return error->Fail(LoadErrorCode.NoMemory, ChunkId.Code, 0, "no memory for the code"u8);
        for (int i = 0; i < e->Patches.Count; i++)
        {
            Emitter.Patch p = e->Patches[i];
            int word = e->LabelWords[p.Label];
            if (word < 0) return error->Fail(LoadErrorCode.BadCode, ChunkId.Code, 0, "label # is in no function"u8, p.Label);
            ulong* w = module->Code + p.Word;
            if (p.Form == 0) *w = (*w & uint.MaxValue) | ((ulong)(uint)(word - p.From) << 32);
            else *w = p.Form == 1 ? (ulong)(long)(word - p.From) : (ulong)(module->Code + word);
        }
        for (int i = 0; i < e->Catches.Count; i++)
        {
            int word = e->LabelWords[e->Catches[i].Label];
            if (word < 0) return error->Fail(LoadErrorCode.BadCode, ChunkId.Code, 0, "label # is in no function"u8, e->Catches[i].Label);
        }
        return true;
    }

    // What other modules and processes can see. Cannot fail.
    private static void Commit(Machine* m, GenericCode* code, Emitter* e, LoadedModule* module)
    {
        for (int i = 0; i < e->Catches.Count; i++)
            module->Code[e->Catches[i].Word] = CodeTable.NewCatch(m, module, module->Code + e->LabelWords[e->Catches[i].Label]).Bits;
        for (int i = 0; i < code->ExportCount; i++)
            module->Exports[i] = new ModuleExport { Function = code->Exports[i].Function, Arity = code->Exports[i].Arity, Word = e->LabelWords[code->Exports[i].Label] };
        for (int i = 0; i < code->FunCount; i++)
        {
            GenericFun f = code->Funs[i];
            FunEntry* entry = e->Funs[i];
            // An entry that was there before may come from an external term, which can claim anything.
            entry->Arity = f.Arity - f.FreeCount;
            entry->FreeCount = f.FreeCount;
            entry->Function = f.Function;
            entry->OldUniq = f.OldUniq;
            module->Funs[i] = new ModuleFun { Entry = entry, Word = e->LabelWords[f.Label] };
        }
        module->OnLoadWord = code->OnLoad < 0 ? -1 : e->LabelWords[code->Functions[code->OnLoad].EntryLabel];
    }

    // File names go into one block; entry 0, MODULE.erl, is made here.
    private static bool CopyFiles(GenericCode* code, LoadedModule* module)
    {
        AtomTable.Entry* name = AtomTable.Get(code->Module);
        int bytes = name->Bytes + 4;
        for (int i = 1; i < code->FileNameCount; i++) bytes += code->FileNames[i].Bytes;
        module->FileCount = code->FileNameCount;
        module->Files = Copy(code->FileNames, code->FileNameCount);
        module->FileText = (byte*)Allocator.Alloc((nuint)bytes, Owner.Code);
        module->FileTextBytes = bytes;
        if (module->Files == null || module->FileText == null) return false;
        byte* at = module->FileText;
        for (int i = 0; i < code->FileNameCount; i++)
        {
            module->Files[i].Data = at;
            if (i == 0)
            {
                for (int k = 0; k < name->Bytes; k++) *at++ = name->Text[k];
                foreach (byte b in ".erl"u8) *at++ = b;
                module->Files[0].Bytes = name->Bytes + 4;
                continue;
            }
            for (int k = 0; k < code->FileNames[i].Bytes; k++) *at++ = code->FileNames[i].Data[k];
        }
        return true;
    }
}
