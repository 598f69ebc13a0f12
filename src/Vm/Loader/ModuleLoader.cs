// Loading a module: file bytes -> GenericCode (front half) -> threaded code (rules, Emitter) -> a LoadedModule in the code table.
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
    public static LoadedModule* Load(Machine* m, byte* bytes, long size, Term expected, LoadError* error)
    {
        BeamFile file;
        if (!BeamFile.Open(bytes, size, &file, error)) return null;
        GenericCode code;
        LoadedModule* module = null;
        if (BeamReader.Read(&file, &code, error))
        {
            if (!expected.IsNone && code.Module != expected) error->Fail(LoadErrorCode.BadChunk, ChunkId.AtU8, 0, "the module's name is not the file's"u8);
            else module = Build(m, &code, error);
            GenericCode.Free(&code);
        }
        file.Free();
        if (module != null) CodeTable.Install(m, module);
        return module;
    }

    private static LoadedModule* Build(Machine* m, GenericCode* code, LoadError* error)
    {
        Emitter e = default;
        e.Code = code;
        e.Machine = m;
        e.LabelWords = (int*)Allocator.Alloc((nuint)(code->LabelCount * 4), Owner.Loader);
        e.FunctionWords = (int*)Allocator.AllocZeroed((nuint)(code->FunctionCount * 4) + 4, Owner.Loader);
        e.Literals = (Term*)Allocator.AllocZeroed(((nuint)code->LiteralCount * 8) + 8, Owner.Loader);
        e.Bigs = (Term*)Allocator.AllocZeroed(((nuint)code->BigCount * 8) + 8, Owner.Loader);
        e.Imports = (Export**)Allocator.AllocZeroed(((nuint)code->ImportCount * 8) + 8, Owner.Loader);
        e.Funs = (FunEntry**)Allocator.AllocZeroed(((nuint)code->FunCount * 8) + 8, Owner.Loader);
        LoadedModule* module = (LoadedModule*)Allocator.AllocZeroed((nuint)sizeof(LoadedModule), Owner.Code);
        e.LabelFrames = (sbyte*)Allocator.Alloc((nuint)code->LabelCount, Owner.Loader);
        for (int i = 0; i < code->LabelCount; i++) e.LabelWords[i] = e.LabelFrames[i] = -1;
        module->Name = code->Module;
        e.Module = module;
        bool good = LiteralTerms.Decode(m, code, &e, &module->Literals, error) && RecordDefinitions.Load(m, &e, module, error);
        if (good)
        {
            Resolve(m, code, &e);
            good = EmitAll(&e, error);
        }
        if (good) good = Finish(m, code, &e, module, error);
        e.Free();
        if (good) return module;
        LoadedModule.Free(m, module);
        return null;
    }

    private static void Resolve(Machine* m, GenericCode* code, Emitter* e)
    {
        for (int i = 0; i < code->ImportCount; i++) e->Imports[i] = ExportTable.Put(m, code->Imports[i].Module, code->Imports[i].Function, code->Imports[i].Arity);
        for (int i = 0; i < code->FunCount; i++)
        {
            GenericFun f = code->Funs[i];
            FunEntry* entry = FunTable.FindOrCreate(m, code->Module, f.Arity - f.FreeCount, i, code->Md5, f.Index, f.OldUniq);
            entry->FreeCount = f.FreeCount;
            entry->Function = f.Function;
            entry->OldUniq = f.OldUniq;
            if (f.FreeCount == 0 && entry->Literal.IsNone) entry->Literal = LiteralTerms.FunWithoutEnvironment(m, entry);
            e->Funs[i] = entry;
        }
    }

    private static bool EmitAll(Emitter* e, LoadError* error)
    {
        GenericCode* code = e->Code;
        for (int f = 0; f < code->FunctionCount; f++)
        {
            GenericFunction* function = code->Functions + f;
            e->Function = f;
            Export* native = ExportTable.Find(e->Machine, code->Module, function->Name, function->Arity);
            bool replaced = native != null && native->Native != null && IsExported(code, function);
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
                e->NoteFrame(i);
                int n = Rules.Apply(e, i);
                if (n == 0) return error->Fail(LoadErrorCode.BadCode, ChunkId.Code, code->Instrs[i].Offset, "this VM has no code for the instruction"u8, 0, code->Instrs[i].Op);
                for (int k = i; k < i + n; k++) e->NoteFrameAfter(k);
                i += n;
            }
            if (e->Missing != null) return error->Fail(LoadErrorCode.BadCode, ChunkId.Code, code->Instrs[function->First].Offset, "a guard calls a BIF that does not exist"u8);
            if (e->ProblemFamily != 0) return error->Fail(LoadErrorCode.BadCode, ChunkId.Code, code->Instrs[function->First].Offset, "an operand is too large"u8);
        }
        return true;
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

    private static bool Finish(Machine* m, GenericCode* code, Emitter* e, LoadedModule* module, LoadError* error)
    {
        module->CodeWords = e->Words.Count;
        module->Code = Copy(e->Words.Items, e->Words.Count);
        module->FunctionWords = Copy(e->FunctionWords, code->FunctionCount);
        module->FunctionCount = code->FunctionCount;
        module->LineMarks = Copy(e->Lines.Items, e->Lines.Count);
        module->LineMarkCount = e->Lines.Count;
        module->FrameMarks = Copy(e->Frames.Items, e->Frames.Count);
        module->FrameMarkCount = e->Frames.Count;
        module->LineItems = Copy(code->Lines, code->LineCount);
        module->LineItemCount = code->LineCount;
        CopyFiles(code, module);
        module->Attributes = Copy(code->Attributes);
        module->CompileInfo = Copy(code->CompileInfo);
        for (int i = 0; i < 16; i++) module->Md5[i] = code->Md5[i];
        if (module->Code == null) return error->Fail(LoadErrorCode.NoMemory, ChunkId.Code, 0, "no memory for the code"u8);
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
            module->Code[e->Catches[i].Word] = CodeTable.NewCatch(m, module->Code + word).Bits;
        }
        module->Exports = (ModuleExport*)Allocator.Alloc((nuint)(code->ExportCount * sizeof(ModuleExport)), Owner.Code);
        module->ExportCount = code->ExportCount;
        for (int i = 0; i < code->ExportCount; i++)
            module->Exports[i] = new ModuleExport { Function = code->Exports[i].Function, Arity = code->Exports[i].Arity, Word = e->LabelWords[code->Exports[i].Label] };
        for (int i = 0; i < code->FunCount; i++)
        {
            e->Funs[i]->Address = module->Code + e->LabelWords[code->Funs[i].Label];
            e->Funs[i]->Owner = module;
        }
        module->OnLoadWord = code->OnLoad < 0 ? -1 : e->LabelWords[code->Functions[code->OnLoad].EntryLabel];
        return true;
    }

    // File names go into one block; entry 0, MODULE.erl, is made here.
    private static void CopyFiles(GenericCode* code, LoadedModule* module)
    {
        AtomTable.Entry* name = AtomTable.Get(code->Module);
        int bytes = name->Bytes + 4;
        for (int i = 1; i < code->FileNameCount; i++) bytes += code->FileNames[i].Bytes;
        module->FileCount = code->FileNameCount;
        module->Files = Copy(code->FileNames, code->FileNameCount);
        module->FileText = (byte*)Allocator.Alloc((nuint)bytes, Owner.Code);
        module->FileTextBytes = bytes;
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
    }
}
