// The modules of a VM: by name, and by address (stack traces); the targets of catches.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Loaded modules of one VM.</summary>
public unsafe struct CodeTable
{
    /// <summary>All versions, sorted by the address of their code.</summary>
    private NativeList<nint> byAddress;
    /// <summary>Current version by the atom index of the name (open addressing), 0 = empty.</summary>
    private LoadedModule** names;
    private uint nameMask;
    private int nameCount;
    /// <summary>Handler address of each catch index.</summary>
    private NativeList<nint> catches;

    /// <summary>The current version of a module, or null.</summary>
    public static LoadedModule* Current(Machine* m, Term name)
    {
        CodeTable* t = &m->Code;
        if (t->names == null) return null;
        for (uint i = (name.AtomIndex * 0x9E3779B1u) & t->nameMask; ; i = (i + 1) & t->nameMask)
        {
            LoadedModule* module = t->names[i];
            if (module == null || module->Name == name) return module;
        }
    }

    /// <summary>Number of modules.</summary>
    public static int Count(Machine* m) => m->Code.nameCount;

    /// <summary>Steps through the current versions: start with index 0; null at the end.</summary>
    public static LoadedModule* Next(Machine* m, ref uint index)
    {
        CodeTable* t = &m->Code;
        while (t->names != null && index <= t->nameMask)
        {
            LoadedModule* module = t->names[index++];
            if (module != null) return module;
        }
        return null;
    }

    /// <summary>Makes room for one more module with so many catches: after this, NewCatch and Install cannot fail. False: memory is out.</summary>
    public static bool Reserve(Machine* m, int newCatches)
    {
        CodeTable* t = &m->Code;
        if ((t->names == null || (uint)t->nameCount * 2 > t->nameMask) && !Grow(t)) return false;
        return t->byAddress.Reserve(1, Owner.Code) && t->catches.Reserve(newCatches, Owner.Code);
    }

    /// <summary>Makes this the current version of its name; the one before becomes its Old. Points the export entries at it. Reserve was called before, and
    /// the entries of its exports exist.</summary>
    public static bool Install(Machine* m, LoadedModule* module)
    {
        CodeTable* t = &m->Code;
        uint i = (module->Name.AtomIndex * 0x9E3779B1u) & t->nameMask;
        while (t->names[i] != null && t->names[i]->Name != module->Name) i = (i + 1) & t->nameMask;
        LoadedModule* before = t->names[i];
        if (before == null) t->nameCount++;
        else
        {
            // Exports that the new version lacks are undefined again.
            for (int k = 0; k < before->ExportCount; k++)
            {
                Export* e = ExportTable.Put(m, before->Name, before->Exports[k].Function, before->Exports[k].Arity);
                if (e->Native == null) ExportTable.Undefine(m, e);
            }
        }
        module->Old = before;
        t->names[i] = module;
        t->byAddress.Add((nint)module, Owner.Code);
        int at = t->byAddress.Count - 1;
        while (at > 0 && ((LoadedModule*)t->byAddress[at - 1])->Code > module->Code)
        {
            t->byAddress[at] = t->byAddress[at - 1];
            at--;
        }
        t->byAddress[at] = (nint)module;
        for (int k = 0; k < module->ExportCount; k++)
        {
            Export* e = ExportTable.Put(m, module->Name, module->Exports[k].Function, module->Exports[k].Arity);
            // A native stays in force when its module is loaded (bif.tab rule).
            if (e->Native == null) e->Address = module->Code + module->Exports[k].Word;
        }
        return true;
    }

    // The module that has this code address, or null.
    private static LoadedModule* OwnerOf(Machine* m, ulong* address)
    {
        CodeTable* t = &m->Code;
        int low = 0, high = t->byAddress.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (((LoadedModule*)t->byAddress[middle])->Code <= address) low = middle + 1; else high = middle;
        }
        if (low == 0) return null;
        LoadedModule* module = (LoadedModule*)t->byAddress[low - 1];
        return address - module->Code < module->CodeWords ? module : null;
    }

    /// <summary>Whether the function has a stack frame at this instruction: then the return slot E[0] is a leftover.</summary>
    public static bool HasFrame(Machine* m, ulong* address)
    {
        LoadedModule* module = OwnerOf(m, address);
        if (module == null) return false;
        int i = LastAtMost((int*)module->FrameMarks, module->FrameMarkCount, sizeof(Emitter.LineMark), (int)(address - module->Code));
        return i >= 0 && module->FrameMarks[i].Line != 0;
    }

    /// <summary>What the code address belongs to. False: no module has it.</summary>
    public static bool Find(Machine* m, ulong* address, out CodeLocation where)
    {
        where = default;
        LoadedModule* module = OwnerOf(m, address);
        if (module == null) return false;
        long word = address - module->Code;
        int f = LastAtMost(module->FunctionWords, module->FunctionCount, 4, (int)word);
        if (f < 0) return false;
        ulong* info = module->Code + module->FunctionWords[f];
        where.Owner = module;
        where.Module = new Term(info[1]);
        where.Function = new Term(info[2]);
        where.Arity = (long)info[3];
        int line = LastAtMost((int*)module->LineMarks, module->LineMarkCount, sizeof(Emitter.LineMark), (int)word);
        if (line >= 0)
        {
            int item = module->LineMarks[line].Line;
            if (item < module->LineItemCount && module->LineMarks[line].Word >= module->FunctionWords[f] - 4)
            {
                where.Line = module->LineItems[item].Line;
                GenericBytes file = module->Files[module->LineItems[item].File];
                where.File = file.Data;
                where.FileBytes = file.Bytes;
            }
        }
        return true;
    }

    // Index of the last of count ascending ints, stride bytes apart, that is at most value; -1: none.
    private static int LastAtMost(int* first, int count, int stride, int value)
    {
        int low = 0, high = count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (*(int*)((byte*)first + ((long)middle * stride)) <= value) low = middle + 1; else high = middle;
        }
        return low - 1;
    }

    /// <summary>A catch term for this handler.</summary>
    public static Term NewCatch(Machine* m, ulong* handler)
    {
        m->Code.catches.Add((nint)handler, Owner.Code);
        return Term.Catch((uint)m->Code.catches.Count - 1);
    }

    /// <summary>The handler of a catch.</summary>
    public static ulong* CatchTarget(Machine* m, uint index) => (ulong*)m->Code.catches[(int)index];

    /// <summary>Where a call of M:F/A by name goes (apply).</summary>
    public static ulong* CallTarget(Machine* m, Term module, Term function, long arity) => ExportTable.Put(m, module, function, arity)->Address;

    /// <summary>Frees all modules.</summary>
    public static void Destroy(Machine* m)
    {
        CodeTable* t = &m->Code;
        for (int i = 0; i < t->byAddress.Count; i++) LoadedModule.Free(m, (LoadedModule*)t->byAddress[i]);
        t->byAddress.Free(Owner.Code);
        t->catches.Free(Owner.Code);
        if (t->names != null) Allocator.Free(t->names, ((nuint)t->nameMask + 1) * 8, Owner.Code);
        *t = default;
    }

    private static bool Grow(CodeTable* t)
    {
        uint oldMask = t->nameMask;
        LoadedModule** old = t->names;
        uint mask = old == null ? 255 : (oldMask * 2) + 1;
        LoadedModule** fresh = (LoadedModule**)Allocator.AllocZeroed(((nuint)mask + 1) * 8, Owner.Code);
        if (fresh == null) return false;
        t->names = fresh;
        t->nameMask = mask;
        if (old == null) return true;
        for (uint i = 0; i <= oldMask; i++)
        {
            if (old[i] == null) continue;
            uint k = (old[i]->Name.AtomIndex * 0x9E3779B1u) & mask;
            while (t->names[k] != null) k = (k + 1) & mask;
            t->names[k] = old[i];
        }
        Allocator.Free(old, ((nuint)oldMask + 1) * 8, Owner.Code);
        return true;
    }
}
