// The export table of a VM: one Export for each M:F/A that any code refers to or defines. Entries never move and are freed with the VM.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>A chained hash table of exports.</summary>
public unsafe struct ExportTable
{
    private Export** buckets;
    private uint mask;
    private int count;
    private Export* block;
    private int blockLeft;
    private NativeList<nint> blocks;

    private const int BlockEntries = 128;

    /// <summary>Makes the empty table.</summary>
    public static void Create(Machine* m)
    {
        ExportTable* t = &m->Exports;
        t->mask = 4095;
        t->buckets = (Export**)Allocator.AllocZeroed(4096 * 8, Owner.Vm);
    }

    /// <summary>Frees all entries.</summary>
    public static void Destroy(Machine* m)
    {
        ExportTable* t = &m->Exports;
        for (int i = 0; i < t->blocks.Count; i++) Allocator.Free((void*)t->blocks[i], (nuint)(BlockEntries * sizeof(Export)), Owner.Vm);
        t->blocks.Free(Owner.Vm);
        Allocator.Free(t->buckets, (t->mask + 1) * 8, Owner.Vm);
        *t = default;
    }

    /// <summary>Number of entries.</summary>
    public static int Count(Machine* m) => m->Exports.count;

    private static uint Hash(Term module, Term function, long arity) =>
        (uint)(((module.AtomIndex * 0x9E3779B1UL) ^ (function.AtomIndex * 0x85EBCA77UL) ^ ((ulong)arity * 0xC2B2AE3DUL)) * 0x9E3779B97F4A7C15UL >> 40);

    /// <summary>The entry of M:F/A, or null.</summary>
    public static Export* Find(Machine* m, Term module, Term function, long arity)
    {
        ExportTable* t = &m->Exports;
        for (Export* e = t->buckets[Hash(module, function, arity) & t->mask]; e != null; e = e->Next)
            if (e->Module == module && e->Function == function && e->Arity == arity) return e;
        return null;
    }

    /// <summary>The entry of M:F/A; made when it is new (undefined until its module is loaded). Null when memory is out.</summary>
    public static Export* Put(Machine* m, Term module, Term function, long arity)
    {
        Export* e = Find(m, module, function, arity);
        if (e != null) return e;
        ExportTable* t = &m->Exports;
        if (t->blockLeft == 0)
        {
            t->block = (Export*)Allocator.AllocZeroed((nuint)(BlockEntries * sizeof(Export)), Owner.Vm);
            if (t->block == null) return null;
            if (!t->blocks.Add((nint)t->block, Owner.Vm))
            {
                Allocator.Free(t->block, (nuint)(BlockEntries * sizeof(Export)), Owner.Vm);
                return null;
            }
            t->blockLeft = BlockEntries;
        }
        e = t->block + (BlockEntries - t->blockLeft--);
        e->Module = module;
        e->Function = function;
        e->Arity = arity;
        Undefine(m, e);
        if ((uint)t->count > t->mask) Grow(t);
        Link(t, e);
        t->count++;
        return e;
    }

    /// <summary>Takes back the entries made last, so that <paramref name="keep"/> are left: those that a refused module made. Nothing may refer to them.</summary>
    public static void Truncate(Machine* m, int keep)
    {
        ExportTable* t = &m->Exports;
        while (t->count > keep)
        {
            // Entries fill the blocks in the order they are made.
            int last = --t->count, block = last / BlockEntries;
            Export* e = (Export*)t->blocks[block] + (last % BlockEntries);
            Export** link = &t->buckets[Hash(e->Module, e->Function, e->Arity) & t->mask];
            while (*link != e) link = &(*link)->Next;
            *link = e->Next;
            *e = default;
            t->blockLeft++;
            if (last % BlockEntries != 0) continue;
            Allocator.Free((void*)t->blocks.Pop(), (nuint)(BlockEntries * sizeof(Export)), Owner.Vm);
            t->block = block == 0 ? null : (Export*)t->blocks[block - 1];
            t->blockLeft = 0;
        }
    }

    /// <summary>Sets the entry to call its native, or to look for its module.</summary>
    public static void Undefine(Machine* m, Export* e)
    {
        // The stub looks like a function: func_info words before its entry, for traces and yields.
        e->Stub[0] = e->Module.Bits;
        e->Stub[1] = e->Function.Bits;
        e->Stub[2] = (ulong)e->Arity;
        e->Stub[3] = m->Handlers[InstructionTable.FirstVariant[e->Native != null ? Specific.NativeBody : Specific.UndefinedFunction]];
        e->Stub[4] = (ulong)e;
        e->Address = &e->Stub[3];
    }

    /// <summary>Enters a native.</summary>
    public static void AddNative(Machine* m, Term module, Term function, long arity, delegate*<Process*, Term*, Term> native, long kind)
    {
        Export* e = Put(m, module, function, arity);
        e->Native = native;
        e->NativeKind = kind;
        Undefine(m, e);
    }

    /// <summary>Steps through all entries: start with null.</summary>
    public static Export* Next(Machine* m, Export* e)
    {
        ExportTable* t = &m->Exports;
        if (e != null && e->Next != null) return e->Next;
        uint i = e == null ? 0 : (Hash(e->Module, e->Function, e->Arity) & t->mask) + 1;
        for (; i <= t->mask; i++)
            if (t->buckets[i] != null) return t->buckets[i];
        return null;
    }

    private static void Link(ExportTable* t, Export* e)
    {
        Export** bucket = &t->buckets[Hash(e->Module, e->Function, e->Arity) & t->mask];
        e->Next = *bucket;
        *bucket = e;
    }

    private static void Grow(ExportTable* t)
    {
        uint oldMask = t->mask;
        Export** old = t->buckets;
        Export** fresh = (Export**)Allocator.AllocZeroed((nuint)(oldMask + 1) * 2 * 8, Owner.Vm);
        if (fresh == null) return;
        t->buckets = fresh;
        t->mask = (oldMask * 2) + 1;
        for (uint i = 0; i <= oldMask; i++)
        {
            for (Export* e = old[i]; e != null;)
            {
                Export* next = e->Next;
                Link(t, e);
                e = next;
            }
        }
        Allocator.Free(old, ((nuint)oldMask + 1) * 8, Owner.Vm);
    }
}
