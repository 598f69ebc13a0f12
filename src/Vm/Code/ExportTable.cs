// The export table of a VM: one Export for each M:F/A that any code refers to or defines. Entries never move and are freed with the VM.
//
// Threads: looking up takes no lock. An entry is written whole before its address goes into the hash array, and neither entries nor arrays are freed
// or reused while the VM lives, so a reader may be in an array that has been replaced: what it misses there it looks for again under the lock before
// anything is made.
namespace MyBeam.Vm;

using System.Threading;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>A hash table of exports (open addressing).</summary>
public unsafe struct ExportTable
{
    /// <summary>The hash array, with its mask in front so that a reader sees the two together. Replaced arrays hang off the newer ones.</summary>
    private struct Slots
    {
        public Slots* Older;
        public uint Mask;

        public static nint* Entries(Slots* s) => (nint*)(s + 1);
    }

    private nint slots;
    private OsMutex mutex;
    // The entries that are not dead, in the order in which they were made, and all entries.
    private NativeList<nint> live;
    private int made;
    private Export* first, last;
    private Export* block;
    private int blockLeft;
    private NativeList<nint> blocks;

    private const int BlockEntries = 128;
    private const uint FirstMask = 8191;

    /// <summary>Makes the empty table.</summary>
    public static void Create(Machine* m) => m->Exports.slots = (nint)NewSlots(FirstMask, null);

    private static Slots* NewSlots(uint mask, Slots* older)
    {
        Slots* s = (Slots*)Allocator.AllocZeroed(SlotBytes(mask), Owner.Vm);
        if (s == null) return null;
        s->Older = older;
        s->Mask = mask;
        return s;
    }

    private static nuint SlotBytes(uint mask) => (nuint)sizeof(Slots) + (((nuint)mask + 1) * 8);

    /// <summary>Frees all entries.</summary>
    public static void Destroy(Machine* m)
    {
        ExportTable* t = &m->Exports;
        for (int i = 0; i < t->blocks.Count; i++) Allocator.Free((void*)t->blocks[i], (nuint)(BlockEntries * sizeof(Export)), Owner.Vm);
        t->blocks.Free(Owner.Vm);
        t->live.Free(Owner.Vm);
        for (Slots* s = (Slots*)t->slots; s != null;)
        {
            Slots* older = s->Older;
            Allocator.Free(s, SlotBytes(s->Mask), Owner.Vm);
            s = older;
        }
        *t = default;
    }

    /// <summary>Number of entries.</summary>
    public static int Count(Machine* m) => m->Exports.live.Count;

    private static uint Hash(Term module, Term function, long arity) =>
        (uint)(((module.AtomIndex * 0x9E3779B1UL) ^ (function.AtomIndex * 0x85EBCA77UL) ^ ((ulong)arity * 0xC2B2AE3DUL)) * 0x9E3779B97F4A7C15UL >> 40);

    // The entry, dead or not, and the free slot where it would be.
    private static Export* Search(ExportTable* t, Term module, Term function, long arity, out nint* free)
    {
        Slots* s = (Slots*)Volatile.Read(ref t->slots);
        nint* entries = Slots.Entries(s);
        for (uint i = Hash(module, function, arity) & s->Mask; ; i = (i + 1) & s->Mask)
        {
            Export* e = (Export*)Volatile.Read(ref entries[i]);
            free = entries + i;
            if (e == null || (e->Module == module && e->Function == function && e->Arity == arity)) return e;
        }
    }

    /// <summary>The entry of M:F/A, or null.</summary>
    public static Export* Find(Machine* m, Term module, Term function, long arity)
    {
        Export* e = Search(&m->Exports, module, function, arity, out _);
        return e == null || Volatile.Read(ref e->Dead) != 0 ? null : e;
    }

    /// <summary>The entry of M:F/A; made when it is new (undefined until its module is loaded). Null when memory is out.</summary>
    public static Export* Put(Machine* m, Term module, Term function, long arity)
    {
        Export* e = Find(m, module, function, arity);
        if (e != null) return e;
        ExportTable* t = &m->Exports;
        t->mutex.Lock();
        e = Search(t, module, function, arity, out _);
        if (e == null)
        {
            e = Make(m, t, module, function, arity);
        }
        else if (e->Dead != 0)
        {
            if (t->live.Add((nint)e, Owner.Vm)) Volatile.Write(ref e->Dead, 0);
            else e = null;
        }
        t->mutex.Unlock();
        return e;
    }

    private static Export* Make(Machine* m, ExportTable* t, Term module, Term function, long arity)
    {
        if (((uint)t->made + 1) * 2 > ((Slots*)t->slots)->Mask && !Grow(t)) return null;
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
        Export* e = t->block + (BlockEntries - t->blockLeft);
        if (!t->live.Add((nint)e, Owner.Vm)) return null;
        t->blockLeft--;
        e->Module = module;
        e->Function = function;
        e->Arity = arity;
        Undefine(m, e);
        Search(t, module, function, arity, out nint* free);
        Volatile.Write(ref *free, (nint)e);
        if (t->last == null) Volatile.Write(ref *(nint*)&t->first, (nint)e);
        else Volatile.Write(ref *(nint*)&t->last->Next, (nint)e);
        t->last = e;
        t->made++;
        return e;
    }

    /// <summary>
    /// Undoes the naming of entries by a refused module: of those that are not dead, the first <paramref name="keep"/> made are left. The others have no
    /// code, so whoever got one meanwhile (an external fun, another thread) loses nothing: the next to name it gets the same entry again.
    /// </summary>
    public static void Truncate(Machine* m, int keep)
    {
        ExportTable* t = &m->Exports;
        t->mutex.Lock();
        while (t->live.Count > keep) Volatile.Write(ref ((Export*)t->live.Pop())->Dead, 1);
        t->mutex.Unlock();
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

    /// <summary>Whether there is code of a module behind the entry.</summary>
    public static bool IsDefined(Export* e) => (ulong*)System.Threading.Volatile.Read(ref *(nint*)&e->Address) != e->Stub + 3;

    /// <summary>Enters a native.</summary>
    public static void AddNative(Machine* m, Term module, Term function, long arity, delegate*<Process*, Term*, Term> native, long kind)
    {
        Export* e = Put(m, module, function, arity);
        e->Native = e->Call = native;
        e->NativeKind = kind;
        Undefine(m, e);
    }

    /// <summary>Steps through all entries: start with null.</summary>
    public static Export* Next(Machine* m, Export* e)
    {
        do
        {
            e = (Export*)(e == null ? Volatile.Read(ref *(nint*)&m->Exports.first) : Volatile.Read(ref *(nint*)&e->Next));
        }
        while (e != null && Volatile.Read(ref e->Dead) != 0);
        return e;
    }

    private static bool Grow(ExportTable* t)
    {
        Slots* old = (Slots*)t->slots;
        Slots* fresh = NewSlots((old->Mask * 2) + 1, old);
        if (fresh == null) return false;
        for (Export* e = t->first; e != null; e = e->Next)
        {
            nint* entries = Slots.Entries(fresh);
            uint i = Hash(e->Module, e->Function, e->Arity) & fresh->Mask;
            while (entries[i] != 0) i = (i + 1) & fresh->Mask;
            entries[i] = (nint)e;
        }
        Volatile.Write(ref t->slots, (nint)fresh);
        return true;
    }
}
