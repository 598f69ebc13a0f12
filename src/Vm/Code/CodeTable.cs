// The modules of a VM: by name, and by address (stack traces); the targets of catches.
//
// Threads: one loads at a time (Schedulers.LockCode); all read without a lock. The hash array of names carries its mask and stays when a larger one replaces
// it; the row by address has a count of changes, odd while it is changed, by which a reader sees that it must look again; catches never move.
namespace MyBeam.Vm;

using System.Threading;
using MyBeam.Memory;

/// <summary>Loaded modules of one VM.</summary>
public unsafe struct CodeTable
{
    private struct Names
    {
        public Names* Older;
        public uint Mask;

        public static LoadedModule** Entries(Names* n) => (LoadedModule**)(n + 1);

        public static nuint Bytes(uint mask) => (nuint)sizeof(Names) + (((nuint)mask + 1) * 8);
    }

    /// <summary>All versions, sorted by the address of their code. Rows that a larger one has replaced are kept in <see cref="oldRows"/>.</summary>
    private LoadedModule** byAddress;
    private int addressCount, addressRoom;
    private int changes;
    private NativeList<nint> oldRows;
    private NativeList<int> oldRooms;
    /// <summary>Current version by the atom index of the name (open addressing).</summary>
    private Names* names;
    private int nameCount;
    /// <summary>Handler address of each catch index, in pieces; of a free one the next free one and 1.</summary>
    private fixed ulong catches[MostPieces];
    /// <summary>Indices ever given out, those of them that are free, and the first of these and 1 (0: none).</summary>
    private uint catchCount, freeCatches, freeCatch;

    private const int MostPieces = 1024;
    private const uint PieceCatches = 4096;

    /// <summary>The current version of a module, or null.</summary>
    public static LoadedModule* Current(Machine* m, Term name)
    {
        LoadedModule* module = Newest(m, name);
        return module == null || Volatile.Read(ref module->Deleted) != 0 ? null : module;
    }

    /// <summary>The old version of a module, or null.</summary>
    public static LoadedModule* OldVersion(Machine* m, Term name)
    {
        LoadedModule* module = Newest(m, name);
        return module == null || Volatile.Read(ref module->Deleted) != 0 ? module : module->Old;
    }

    private static LoadedModule* Newest(Machine* m, Term name)
    {
        Names* n = (Names*)Volatile.Read(ref *(nint*)&m->Code.names);
        if (n == null) return null;
        for (uint i = Hash(name) & n->Mask; ; i = (i + 1) & n->Mask)
        {
            LoadedModule* module = (LoadedModule*)Volatile.Read(ref *(nint*)&Names.Entries(n)[i]);
            if (module == null || module->Name == name) return module;
        }
    }

    private static uint Hash(Term name) => name.AtomIndex * 0x9E3779B1u;

    /// <summary>Number of modules.</summary>
    public static int Count(Machine* m) => m->Code.nameCount;

    /// <summary>Steps through the current versions: start with index 0; null at the end.</summary>
    public static LoadedModule* Next(Machine* m, ref uint index)
    {
        Names* n = m->Code.names;
        while (n != null && index <= n->Mask)
        {
            LoadedModule* module = Names.Entries(n)[index++];
            if (module != null && module->Deleted == 0) return module;
        }
        return null;
    }

    /// <summary>Makes room for one more module with so many catches: after this, NewCatch and Install cannot fail. False: memory is out.</summary>
    public static bool Reserve(Machine* m, int newCatches)
    {
        CodeTable* t = &m->Code;
        if ((t->names == null || (uint)t->nameCount * 2 > t->names->Mask) && !Grow(t)) return false;
        if (t->addressCount == t->addressRoom && !GrowRow(t)) return false;
        uint end = t->catchCount + ((uint)newCatches > t->freeCatches ? (uint)newCatches - t->freeCatches : 0);
        for (uint i = t->catchCount / PieceCatches; i <= end / PieceCatches; i++)
        {
            if (i >= MostPieces) return false;
            if (t->catches[i] == 0) t->catches[i] = (ulong)Allocator.Alloc(PieceCatches * 8, Owner.Code);
            if (t->catches[i] == 0) return false;
        }
        return true;
    }

    private static bool GrowRow(CodeTable* t)
    {
        int room = t->addressRoom == 0 ? 64 : t->addressRoom * 2;
        if (!t->oldRows.Reserve(1, Owner.Code) || !t->oldRooms.Reserve(1, Owner.Code)) return false;
        LoadedModule** fresh = (LoadedModule**)Allocator.Alloc((nuint)room * 8, Owner.Code);
        if (fresh == null) return false;
        for (int i = 0; i < t->addressCount; i++) fresh[i] = t->byAddress[i];
        if (t->byAddress != null)
        {
            t->oldRows.Add((nint)t->byAddress, Owner.Code);
            t->oldRooms.Add(t->addressRoom, Owner.Code);
        }
        Volatile.Write(ref *(nint*)&t->byAddress, (nint)fresh);
        t->addressRoom = room;
        return true;
    }

    /// <summary>Makes this the current version of its name; the one before becomes its Old. Points the export entries at it. Reserve was called before, and
    /// the entries of its exports exist.</summary>
    public static bool Install(Machine* m, LoadedModule* module)
    {
        CodeTable* t = &m->Code;
        LoadedModule** entries = Names.Entries(t->names);
        uint i = Hash(module->Name) & t->names->Mask;
        while (entries[i] != null && entries[i]->Name != module->Name) i = (i + 1) & t->names->Mask;
        LoadedModule* before = entries[i];
        if (before == null) t->nameCount++;
        // Exports that the new version lacks are undefined again.
        else if (before->Deleted == 0) UndefineExports(m, before);
        module->Old = before;
        EnterAddress(t, module);
        Volatile.Write(ref *(nint*)&entries[i], (nint)module);
        EnterFuns(module);
        for (int k = 0; k < module->ExportCount; k++)
        {
            Export* e = ExportTable.Put(m, module->Name, module->Exports[k].Function, module->Exports[k].Arity);
            // A native stays in force when its module is loaded (bif.tab rule).
            if (e->Native == null) Volatile.Write(ref *(nint*)&e->Address, (nint)(module->Code + module->Exports[k].Word));
        }
        TraceRequest.Loaded(m, module);
        return true;
    }

    private static void UndefineExports(Machine* m, LoadedModule* module)
    {
        for (int k = 0; k < module->ExportCount; k++)
        {
            Export* e = ExportTable.Put(m, module->Name, module->Exports[k].Function, module->Exports[k].Arity);
            if (e->Native == null) ExportTable.Undefine(m, e);
        }
    }

    // Funs of this version run its code from here on. Another version with the same MD5 has the same entries.
    private static void EnterFuns(LoadedModule* module)
    {
        for (int k = 0; k < module->FunCount; k++)
        {
            FunEntry* f = module->Funs[k].Entry;
            f->Owner = module;
            f->Waits = null;
            Volatile.Write(ref *(nint*)&f->Address, (nint)(module->Code + module->Funs[k].Word));
        }
    }

    private static void EnterAddress(CodeTable* t, LoadedModule* module)
    {
        Interlocked.Increment(ref t->changes);
        int at = t->addressCount++;
        for (; at > 0 && t->byAddress[at - 1]->Code > module->Code; at--) t->byAddress[at] = t->byAddress[at - 1];
        t->byAddress[at] = module;
        Interlocked.Increment(ref t->changes);
    }

    // -- old versions; the caller holds the lock of those who change code --

    /// <summary>Lets a module whose on_load function has not run be found by address: its code runs, but its name still means the version before.</summary>
    public static void InstallPending(Machine* m, LoadedModule* module)
    {
        module->Pending = 1;
        module->NextPending = m->PendingOnLoad;
        m->PendingOnLoad = module;
        EnterAddress(&m->Code, module);
        EnterFuns(module);
    }

    /// <summary>Takes it out of the row by address again; Install or Discard follows.</summary>
    public static void RemovePending(Machine* m, LoadedModule* module)
    {
        ForgetPending(m, module);
        LeaveAddress(&m->Code, module);
    }

    /// <summary>It will never be current, but somebody is in its code: it stays in the row by address until the VM ends.</summary>
    public static void ForgetPending(Machine* m, LoadedModule* module)
    {
        module->Pending = 0;
        LoadedModule** link = &m->PendingOnLoad;
        while (*link != null && *link != module) link = &(*link)->NextPending;
        if (*link != null) *link = module->NextPending;
    }

    /// <summary>Makes the current version the old one. There is no old one yet.</summary>
    public static void Delete(Machine* m, LoadedModule* module)
    {
        TraceRequest.Deleted(m, module->Name);
        UndefineExports(m, module);
        Volatile.Write(ref module->Deleted, 1);
    }

    /// <summary>Frees an old version; no process runs it or returns to it, and all other schedulers stand still. Its literals are given up (LiteralCollector).</summary>
    public static void Purge(Machine* m, LoadedModule* old)
    {
        CodeTable* t = &m->Code;
        LoadedModule* newest = Newest(m, old->Name);
        if (newest == old) LeaveName(t, old);
        else if (newest != null && newest->Old == old) newest->Old = null;
        LeaveAddress(t, old);
        Discard(m, old);
    }

    /// <summary>Frees a version that no table names; its literals are given up.</summary>
    public static void Discard(Machine* m, LoadedModule* module)
    {
        LiteralCollector.Retire(m, &module->Literals);
        for (int k = 0; k < module->FunCount; k++)
        {
            FunEntry* f = module->Funs[k].Entry;
            if (f->Owner != module) continue;
            f->Owner = null;
            Volatile.Write(ref *(nint*)&f->Address, 0);
        }
        FreeCatches(m, module);
        LoadedModule.FreeCode(module);
    }

    // No stack has one of them: a frame with a catch is below an address in the function that made it.
    private static void FreeCatches(Machine* m, LoadedModule* module)
    {
        CodeTable* t = &m->Code;
        for (int i = 0; i < module->CatchCount; i++)
        {
            uint index = module->Catches[i];
            *CatchSlot(m, index) = t->freeCatch;
            t->freeCatch = index + 1;
        }
        t->freeCatches += (uint)module->CatchCount;
    }

    private static void LeaveAddress(CodeTable* t, LoadedModule* module)
    {
        Interlocked.Increment(ref t->changes);
        int at = 0;
        while (at < t->addressCount && t->byAddress[at] != module) at++;
        if (at < t->addressCount) t->addressCount--;
        for (; at < t->addressCount; at++) t->byAddress[at] = t->byAddress[at + 1];
        Interlocked.Increment(ref t->changes);
    }

    // What stood behind it in the hash array moves up, as far as its own place allows.
    private static void LeaveName(CodeTable* t, LoadedModule* module)
    {
        LoadedModule** entries = Names.Entries(t->names);
        uint mask = t->names->Mask;
        uint hole = Hash(module->Name) & mask;
        while (entries[hole] != module) hole = (hole + 1) & mask;
        entries[hole] = null;
        t->nameCount--;
        for (uint i = (hole + 1) & mask; entries[i] != null; i = (i + 1) & mask)
        {
            uint home = Hash(entries[i]->Name) & mask;
            if (((i - home) & mask) < ((i - hole) & mask)) continue;
            entries[hole] = entries[i];
            entries[i] = null;
            hole = i;
        }
    }

    // The module that has this code address, or null.
    private static LoadedModule* OwnerOf(Machine* m, ulong* address)
    {
        CodeTable* t = &m->Code;
        while (true)
        {
            int before = Volatile.Read(ref t->changes);
            int count = Volatile.Read(ref t->addressCount);
            LoadedModule** row = (LoadedModule**)Volatile.Read(ref *(nint*)&t->byAddress);
            int low = 0, high = count;
            while (low < high)
            {
                int middle = (low + high) / 2;
                if (row[middle]->Code <= address) low = middle + 1; else high = middle;
            }
            LoadedModule* module = low == 0 ? null : row[low - 1];
            Interlocked.MemoryBarrier();
            if ((before & 1) != 0 || Volatile.Read(ref t->changes) != before) continue;
            return module != null && address - module->Code < module->CodeWords ? module : null;
        }
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
        where.Start = info;
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

    /// <summary>A catch term for this handler; the module's until it is purged.</summary>
    public static Term NewCatch(Machine* m, LoadedModule* module, ulong* handler)
    {
        CodeTable* t = &m->Code;
        uint i;
        if (t->freeCatch == 0) i = t->catchCount++;
        else
        {
            i = t->freeCatch - 1;
            t->freeCatch = (uint)*CatchSlot(m, i);
            t->freeCatches--;
        }
        *CatchSlot(m, i) = (ulong)handler;
        module->Catches[module->CatchCount++] = i;
        return Term.Catch(i);
    }

    /// <summary>The handler of a catch.</summary>
    public static ulong* CatchTarget(Machine* m, uint index) => (ulong*)*CatchSlot(m, index);

    /// <summary>Catch indices ever given out: those that were free again are given out first.</summary>
    public static uint CatchIndices(Machine* m) => m->Code.catchCount;

    private static ulong* CatchSlot(Machine* m, uint index) => &((ulong*)m->Code.catches[index / PieceCatches])[index % PieceCatches];

    /// <summary>Where a call of M:F/A by name goes (apply).</summary>
    public static ulong* CallTarget(Machine* m, Term module, Term function, long arity) => ExportTable.Put(m, module, function, arity)->Address;

    /// <summary>Frees all modules.</summary>
    public static void Destroy(Machine* m)
    {
        CodeTable* t = &m->Code;
        for (int i = 0; i < t->addressCount; i++) LoadedModule.Free(m, t->byAddress[i]);
        if (t->byAddress != null) Allocator.Free(t->byAddress, (nuint)t->addressRoom * 8, Owner.Code);
        for (int i = 0; i < t->oldRows.Count; i++) Allocator.Free((void*)t->oldRows[i], (nuint)t->oldRooms[i] * 8, Owner.Code);
        t->oldRows.Free(Owner.Code);
        t->oldRooms.Free(Owner.Code);
        for (int i = 0; i < MostPieces; i++)
            if (t->catches[i] != 0) Allocator.Free((void*)t->catches[i], PieceCatches * 8, Owner.Code);
        for (Names* n = t->names; n != null;)
        {
            Names* older = n->Older;
            Allocator.Free(n, Names.Bytes(n->Mask), Owner.Code);
            n = older;
        }
        *t = default;
    }

    private static bool Grow(CodeTable* t)
    {
        Names* old = t->names;
        uint mask = old == null ? 255 : (old->Mask * 2) + 1;
        Names* fresh = (Names*)Allocator.AllocZeroed(Names.Bytes(mask), Owner.Code);
        if (fresh == null) return false;
        fresh->Older = old;
        fresh->Mask = mask;
        for (uint i = 0; old != null && i <= old->Mask; i++)
        {
            LoadedModule* module = Names.Entries(old)[i];
            if (module == null) continue;
            uint k = Hash(module->Name) & mask;
            while (Names.Entries(fresh)[k] != null) k = (k + 1) & mask;
            Names.Entries(fresh)[k] = module;
        }
        Volatile.Write(ref *(nint*)&t->names, (nint)fresh);
        return true;
    }
}
