// Fun entries of a VM: one for each fun expression of each version of a module, found by module, index and uniq (funs from external terms name them so).
// They are looked for when modules are loaded and external terms read, under a lock, and are not freed while the VM lives.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>All fun entries of one VM.</summary>
public unsafe struct FunTable
{
    private FunEntry** buckets;
    private uint mask;
    private OsMutex mutex;
    // All entries, and those that are not dead in the order in which they were made.
    private NativeList<nint> entries, live;

    /// <summary>The entry of a fun; made when new (without code until its module is loaded). uniq: 16 bytes, the module's MD5.</summary>
    public static FunEntry* FindOrCreate(Machine* m, Term module, long arity, long index, byte* uniq, long oldIndex, long oldUniq)
    {
        FunTable* t = &m->Funs;
        t->mutex.Lock();
        FunEntry* e = Locked(t, module, arity, index, uniq, oldUniq);
        t->mutex.Unlock();
        return e;
    }

    private static FunEntry* Locked(FunTable* t, Term module, long arity, long index, byte* uniq, long oldUniq)
    {
        if ((t->buckets == null || t->entries.Count * 2 > t->mask) && !Grow(t)) return null;
        uint i = Hash(module, index) & t->mask;
        ReadOnlySpan<byte> wanted = new(uniq, 16);
        for (; t->buckets[i] != null; i = (i + 1) & t->mask)
        {
            FunEntry* e = t->buckets[i];
            if (e->Module != module || e->Index != index || !wanted.SequenceEqual(new ReadOnlySpan<byte>(e->Uniq, 16))) continue;
            if (e->Dead == 0) return e;
            if (!t->live.Add((nint)e, Owner.Code)) return null;
            // It was named by a module that was refused, perhaps wrongly; now by another.
            e->Dead = 0;
            e->Arity = arity;
            e->OldUniq = oldUniq;
            return e;
        }
        if (!t->entries.Reserve(1, Owner.Code) || !t->live.Reserve(1, Owner.Code)) return null;
        FunEntry* fresh = (FunEntry*)Allocator.AllocZeroed((nuint)sizeof(FunEntry), Owner.Code);
        if (fresh == null) return null;
        fresh->Module = module;
        fresh->Arity = arity;
        fresh->Index = index;
        fresh->OldUniq = oldUniq;
        for (int k = 0; k < 16; k++) fresh->Uniq[k] = uniq[k];
        t->entries.Add((nint)fresh, Owner.Code);
        t->live.Add((nint)fresh, Owner.Code);
        t->buckets[i] = fresh;
        return fresh;
    }

    /// <summary>Number of entries.</summary>
    public static int Count(Machine* m) => m->Funs.live.Count;

    /// <summary>Undoes the naming of entries by a refused module: the first <paramref name="keep"/> made are left. The others have no code and stay hidden
    /// until they are named again (see ExportTable.Truncate).</summary>
    public static void Truncate(Machine* m, int keep)
    {
        FunTable* t = &m->Funs;
        t->mutex.Lock();
        while (t->live.Count > keep) ((FunEntry*)t->live.Pop())->Dead = 1;
        t->mutex.Unlock();
    }

    /// <summary>Frees all entries.</summary>
    public static void Destroy(Machine* m)
    {
        FunTable* t = &m->Funs;
        for (int i = 0; i < t->entries.Count; i++) Allocator.Free((void*)t->entries[i], (nuint)sizeof(FunEntry), Owner.Code);
        t->entries.Free(Owner.Code);
        t->live.Free(Owner.Code);
        if (t->buckets != null) Allocator.Free(t->buckets, ((nuint)t->mask + 1) * 8, Owner.Code);
        *t = default;
    }

    private static uint Hash(Term module, long index) => (uint)(((module.AtomIndex * 31UL) + (ulong)index) * 0x9E3779B97F4A7C15UL >> 40);

    private static bool Grow(FunTable* t)
    {
        FunEntry** old = t->buckets;
        uint mask = old == null ? 255 : (t->mask * 2) + 1;
        FunEntry** fresh = (FunEntry**)Allocator.AllocZeroed(((nuint)mask + 1) * 8, Owner.Code);
        if (fresh == null) return false;
        if (old != null) Allocator.Free(old, ((nuint)t->mask + 1) * 8, Owner.Code);
        t->buckets = fresh;
        t->mask = mask;
        Fill(t);
        return true;
    }

    private static void Fill(FunTable* t)
    {
        for (int k = 0; k < t->entries.Count; k++)
        {
            FunEntry* e = (FunEntry*)t->entries[k];
            uint i = Hash(e->Module, e->Index) & t->mask;
            while (t->buckets[i] != null) i = (i + 1) & t->mask;
            t->buckets[i] = e;
        }
    }
}
