// Definitions of native records (OTP 29): made from the Recs chunk of a module, from external terms and by records:create/4; found by module and name.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>A native record that a module defines. Definition and defaults live in literal memory as long as the VM, because instances point to them.</summary>
public unsafe struct ModuleRecord
{
    public Term Name;
    public RecordDefinition* Definition;
    /// <summary>Default of each field in the order of the definition's keys; None: the field has none.</summary>
    public Term* Defaults;
}

/// <summary>Makes and finds definitions.</summary>
public static unsafe class RecordDefinitions
{
    /// <summary>Words of a definition of this many fields together with its field order.</summary>
    public static long Words(long fields) => 1 + RecordDefinition.HeaderWords + (2 * fields);

    /// <summary>Number of fields of a definition.</summary>
    public static long Fields(RecordDefinition* d) => Header.Arity(d->Header) - (RecordDefinition.HeaderWords - 1);

    /// <summary>Starts a definition in Words(n) words at <paramref name="at"/>. The caller sets the keys as they are declared, then calls Finish.</summary>
    public static RecordDefinition* Begin(ulong* at, Term module, Term name, Term exported, long n)
    {
        RecordDefinition* d = (RecordDefinition*)(at + 1 + n);
        at[0] = Header.Make(Header.Tuple, n);
        d->Header = Header.Make(Header.Tuple, RecordDefinition.HeaderWords - 1 + n);
        d->FieldOrder = Term.Boxed(at);
        d->Module = module;
        d->Name = name;
        d->IsExported = exported;
        return d;
    }

    /// <summary>Hashes and sorts the keys. False: one is there twice, or memory is out.</summary>
    public static bool Finish(RecordDefinition* d)
    {
        long n = Fields(d);
        // The hash covers module, name, exported and the keys as declared: for a moment the word of the hash is the header of a tuple of them.
        ((ulong*)d)[2] = Header.Make(Header.Tuple, 3 + n);
        uint hash = PortableHash.Phash2(Term.Boxed((ulong*)d + 2));
        d->Hash = Term.Small(hash);
        return Sort(RecordDefinition.Keys(d), d->FieldOrder.TupleElements, n);
    }

    // Sorts keys by atom number; positions[i] becomes the place of the key that was declared as number i. Heapsort: the number of fields is a file's claim.
    private static bool Sort(Term* keys, Term* positions, long n)
    {
        if (n == 0) return true;
        ulong* order = (ulong*)Allocator.Alloc((nuint)n * 8, Owner.Temporary);
        if (order == null) return false;
        for (long i = 0; i < n; i++) order[i] = ((ulong)keys[i].AtomIndex << 32) | (ulong)i;
        for (long i = (n / 2) - 1; i >= 0; i--) Sink(order, i, n);
        for (long end = n - 1; end > 0; end--)
        {
            (order[0], order[end]) = (order[end], order[0]);
            Sink(order, 0, end);
        }
        bool unique = true;
        for (long i = 1; i < n; i++) unique &= order[i] >> 32 != order[i - 1] >> 32;
        // Where the key with number order[i] goes is known now; the keys themselves are made again from their numbers.
        for (long i = 0; i < n; i++)
        {
            keys[i] = Term.Atom((uint)(order[i] >> 32));
            positions[(uint)order[i]] = Term.Small(i);
        }
        Allocator.Free(order, (nuint)n * 8, Owner.Temporary);
        return unique;
    }

    private static void Sink(ulong* order, long i, long n)
    {
        for (long child = (2 * i) + 1; child < n; child = (2 * i) + 1)
        {
            if (child + 1 < n && order[child + 1] > order[child]) child++;
            if (order[i] >= order[child]) return;
            (order[i], order[child]) = (order[child], order[i]);
            i = child;
        }
    }

    /// <summary>The record that the current version of a module defines, or null.</summary>
    public static ModuleRecord* Find(Machine* m, Term module, Term name)
    {
        LoadedModule* owner = CodeTable.Current(m, module);
        return owner == null ? null : InModule(owner, name);
    }

    /// <summary>The record that this version of a module defines, or null.</summary>
    public static ModuleRecord* InModule(LoadedModule* module, Term name)
    {
        for (int i = 0; i < module->RecordCount; i++)
            if (module->Records[i].Name == name) return module->Records + i;
        return null;
    }

    /// <summary>The module's own definition when it is alike, so that instances share it (OTP does the same, which shows in their sizes); else d itself.</summary>
    public static RecordDefinition* Canonical(Machine* m, RecordDefinition* d)
    {
        ModuleRecord* r = Find(m, d->Module, d->Name);
        if (r == null || r->Definition->Header != d->Header || r->Definition->IsExported != d->IsExported) return d;
        long n = Fields(d);
        Term* keys = RecordDefinition.Keys(d), theirs = RecordDefinition.Keys(r->Definition);
        Term* order = d->FieldOrder.TupleElements, theirOrder = r->Definition->FieldOrder.TupleElements;
        for (long i = 0; i < n; i++)
            if (keys[i] != theirs[i] || order[i] != theirOrder[i]) return d;
        return r->Definition;
    }

    /// <summary>Makes the definitions of the Recs chunk; the literals must be decoded. False: error says why.</summary>
    public static bool Load(Machine* m, Emitter* e, LoadedModule* module, LoadError* error)
    {
        GenericCode* code = e->Code;
        if (code->RecordCount == 0) return true;
        module->Records = (ModuleRecord*)Allocator.AllocZeroed((nuint)(code->RecordCount * sizeof(ModuleRecord)), Owner.Code);
        module->RecordCount = module->Records == null ? 0 : code->RecordCount;
        for (int i = 0; i < module->RecordCount; i++)
        {
            GenericRecord* r = code->Records + i;
            long n = r->FieldCount;
            ulong* room = e->LoosePieceOf((int)(Words(n) + n), null);
            if (room == null) return error->Fail(LoadErrorCode.NoMemory, ChunkId.Recs, 0, "no memory for record #"u8, i);
            RecordDefinition* d = Begin(room, module->Name, r->Name, Term.Bool(r->Exported), n);
            Term* keys = RecordDefinition.Keys(d), defaults = keys + n, positions = (Term*)(room + 1);
            GenericArg* field = code->Args + r->FirstArg;
            for (long k = 0; k < n; k++) keys[k] = field[2 * k].Term;
            if (!Finish(d)) return error->Fail(LoadErrorCode.BadChunk, ChunkId.Recs, 0, "record # has a field twice"u8, i);
            for (long k = 0; k < n; k++)
            {
                GenericArg* value = field + (2 * k) + 1;
                defaults[positions[k].SmallValue] = value->Kind == ArgKind.U ? Term.None : e->Constant(value);
            }
            module->Records[i] = new ModuleRecord { Name = r->Name, Definition = d, Defaults = defaults };
        }
        return module->RecordCount == code->RecordCount || error->Fail(LoadErrorCode.NoMemory, ChunkId.Recs, 0, "no memory for the records"u8);
    }
}
