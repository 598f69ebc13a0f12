// A module in memory: its threaded code and the tables that explain addresses in it.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>One loaded version of a module. Owned by the CodeTable.</summary>
public unsafe struct LoadedModule
{
    public Term Name;
    /// <summary>The threaded code, [Code, Code + CodeWords).</summary>
    public ulong* Code;
    public int CodeWords;
    /// <summary>Word index of each function's func_info, ascending. Module, function and arity stand in its operands.</summary>
    public int* FunctionWords;
    public int FunctionCount;
    /// <summary>From which word which entry of LineItems holds, ascending.</summary>
    public Emitter.LineMark* LineMarks;
    public int LineMarkCount;
    /// <summary>From which word on there is a stack frame (Line 1) or not (0), ascending.</summary>
    public Emitter.LineMark* FrameMarks;
    public int FrameMarkCount;
    public GenericLine* LineItems;
    public int LineItemCount;
    /// <summary>File names, one block; entry 0 is MODULE.erl.</summary>
    public GenericBytes* Files;
    public int FileCount;
    public byte* FileText;
    public int FileTextBytes;
    public ModuleLiterals Literals;
    /// <summary>Exports in the order of the file: name, arity, entry word.</summary>
    public ModuleExport* Exports;
    public int ExportCount;
    /// <summary>Attr and CInf chunks as external terms (copied), or null.</summary>
    public GenericBytes Attributes, CompileInfo;
    public fixed byte Md5[16];
    /// <summary>Entry word of the on_load function; -1: none.</summary>
    public int OnLoadWord;
    /// <summary>Native records it defines, in the order of the file.</summary>
    public ModuleRecord* Records;
    public int RecordCount;
    /// <summary>The funs it makes.</summary>
    public ModuleFun* Funs;
    public int FunCount;
    /// <summary>The indices of its catches.</summary>
    public uint* Catches;
    public int CatchCount, CatchRoom;
    /// <summary>Older version (until it is purged), or null.</summary>
    public LoadedModule* Old;
    /// <summary>1: it was deleted (erlang:delete_module/1): it is the old version of its name, and there is no current one.</summary>
    public int Deleted;
    /// <summary>1: prepared, its on_load function has not run: nobody can call it yet.</summary>
    public int Pending;
    /// <summary>The next of those (Machine.PendingOnLoad).</summary>
    public LoadedModule* NextPending;

    /// <summary>Frees the module's blocks and its literals.</summary>
    public static void Free(Machine* m, LoadedModule* module)
    {
        Breakpoints.Forget(m, module->Code, module->CodeWords);
        LiteralArea.FreeModule(&m->Literals, &module->Literals);
        FreeCode(module);
    }

    /// <summary>Frees the module's blocks but not its literals.</summary>
    public static void FreeCode(LoadedModule* module)
    {
        Allocator.Free(module->Code, (nuint)module->CodeWords * 8, Owner.Code);
        Allocator.Free(module->FunctionWords, (nuint)module->FunctionCount * 4, Owner.Code);
        Allocator.Free(module->LineMarks, (nuint)(module->LineMarkCount * sizeof(Emitter.LineMark)), Owner.Code);
        Allocator.Free(module->FrameMarks, (nuint)(module->FrameMarkCount * sizeof(Emitter.LineMark)), Owner.Code);
        Allocator.Free(module->LineItems, (nuint)(module->LineItemCount * sizeof(GenericLine)), Owner.Code);
        Allocator.Free(module->Files, (nuint)(module->FileCount * sizeof(GenericBytes)), Owner.Code);
        Allocator.Free(module->FileText, (nuint)module->FileTextBytes, Owner.Code);
        Allocator.Free(module->Exports, (nuint)(module->ExportCount * sizeof(ModuleExport)), Owner.Code);
        Allocator.Free(module->Funs, (nuint)(module->FunCount * sizeof(ModuleFun)), Owner.Code);
        Allocator.Free(module->Catches, (nuint)module->CatchRoom * 4, Owner.Code);
        Allocator.Free(module->Records, (nuint)(module->RecordCount * sizeof(ModuleRecord)), Owner.Code);
        Allocator.Free(module->Attributes.Data, (nuint)module->Attributes.Bytes, Owner.Code);
        Allocator.Free(module->CompileInfo.Data, (nuint)module->CompileInfo.Bytes, Owner.Code);
        Allocator.Free(module, (nuint)sizeof(LoadedModule), Owner.Code);
    }
}

/// <summary>One exported function of a module.</summary>
public struct ModuleExport
{
    public Term Function;
    public int Arity;
    /// <summary>Word index of its entry.</summary>
    public int Word;
}

/// <summary>One local fun of a module: its entry and the word index of its code.</summary>
public unsafe struct ModuleFun
{
    public FunEntry* Entry;
    public int Word;
}

/// <summary>What an address in code belongs to.</summary>
public unsafe struct CodeLocation
{
    public Term Module, Function;
    public long Arity;
    /// <summary>0: not known.</summary>
    public int Line;
    public byte* File;
    public int FileBytes;
    public LoadedModule* Owner;
    /// <summary>Where the function begins (its func_info).</summary>
    public ulong* Start;
}
