// Native records (OTP 29): tests, fields, making and updating. Fields named in an instruction stand in the order of a definition's keys (RuleHooksRecords.cs),
// so that one pass over the definition finds them all.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;

public static unsafe partial class Ops
{
    // is_native_record: slot 0: S, label; I[2]: module, I[3]: name
    public static long IsNativeRecord<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        Term t = TS.Get(I, E, C, 0, 0);
        if (!t.IsRecord) return Jump(I, E, H, C);
        RecordDefinition* d = RecordDefinition.Of(t);
        if (d->Module.Bits == I[2] && d->Name.Bits == I[3]) return Next(I + 4, E, H, C);
        return Jump(I, E, H, C);
    }

    // is_record_accessible: slot 0: S, label; I[2]: the module whose own records are accessible without being exported, or None
    public static long IsRecordAccessible<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        Term t = TS.Get(I, E, C, 0, 0);
        if (!t.IsRecord) return Jump(I, E, H, C);
        RecordDefinition* d = RecordDefinition.Of(t);
        if (d->IsExported == Am.True || d->Module.Bits == I[2]) return Next(I + 3, E, H, C);
        return Jump(I, E, H, C);
    }

    // get_record_elements: slot 0: S, label; I[2]: count; then key, tagged target word each
    public static long GetRecordElements<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        Term t = TS.Get(I, E, C, 0, 0);
        if (!t.IsRecord) return Jump(I, E, H, C);
        Term* key = RecordDefinition.Keys(RecordDefinition.Of(t));
        Term* end = key + RecordDefinition.Fields(t);
        Term* value = RecordDefinition.Values(t);
        ulong* at = I + 3;
        ulong* last = at + (I[2] * 2);
        for (; at < last; at += 2, key++, value++)
        {
            while (key < end && key->Bits != at[0])
            {
                key++;
                value++;
            }
            if (key == end) return Jump(I, E, H, C);
            *Target(at[1], E, C) = *value;
        }
        return Next(last, E, H, C);
    }

    // -- one field --

    private static bool FindField(Term record, Term field, out Term value)
    {
        Term* key = RecordDefinition.Keys(RecordDefinition.Of(record));
        long n = RecordDefinition.Fields(record);
        for (long i = 0; i < n; i++)
        {
            if (key[i] != field) continue;
            value = RecordDefinition.Values(record)[i];
            return true;
        }
        value = Term.None;
        return false;
    }

    /// <summary>The field of a record of this module: name is the record's name or '_'. None with badrecord or badfield raised.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Term LocalField(Process* p, Term record, Term name, Term field)
    {
        if (!record.IsRecord || (name != Am.Underscore && RecordDefinition.Of(record)->Name != name)) return RecordBifs.Badrecord(p, record);
        return FindField(record, field, out Term value) ? value : RecordBifs.Badfield(p, RecordDefinition.Of(record), field);
    }

    /// <summary>As LocalField for a record of any module: id is {Module, Name}.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Term ExternalField(Process* p, Term record, Term id, Term field)
    {
        if (!record.IsRecord) return RecordBifs.Badrecord(p, record);
        RecordDefinition* d = RecordDefinition.Of(record);
        Term* e = id.TupleElements;
        if (d->Module != e[0] || d->Name != e[1] || d->IsExported != Am.True) return RecordBifs.Badrecord(p, record);
        return FindField(record, field, out Term value) ? value : RecordBifs.Badfield(p, d, field);
    }

    // get_record_field of a name: slots 0: S, 1: D; I[2]: fail, I[3]: field, I[4]: name or '_'
    public static long GetLocalRecordField<TS, TD>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TD : struct, ITarget
    {
        Save(C, I, E, H);
        Term value = LocalField(C->Process, TS.Get(I, E, C, 0, 0), new Term(I[4]), new Term(I[3]));
        if (value.IsNone) return RecordFailed(I, E, C, (long)I[2]);
        TD.Set(I, E, C, 1, value);
        return Next(I + 5, E, H, C);
    }

    // get_record_field of {Module, Name}: the same with I[4]: the tuple
    public static long GetRecordField<TS, TD>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TD : struct, ITarget
    {
        Save(C, I, E, H);
        Term value = ExternalField(C->Process, TS.Get(I, E, C, 0, 0), new Term(I[4]), new Term(I[3]));
        if (value.IsNone) return RecordFailed(I, E, C, (long)I[2]);
        TD.Set(I, E, C, 1, value);
        return Next(I + 5, E, H, C);
    }

    private static long RecordFailed(ulong* I, Term* E, Context* C, long fail)
    {
        Process* p = C->Process;
        if (fail == 0) return Exceptions.Handle(I, E, (Term*)p->Heap.Top, C);
        p->Fail = FailKind.None;
        return Next(I + fail, E, (Term*)p->Heap.Top, C);
    }

    // -- making and updating --

    /// <summary>A record; at: count, then key and tagged operand each. None with badfield or novalue raised.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Term NewRecord(ModuleRecord* r, ulong* at, Term* E, Context* C)
    {
        Process* p = C->Process;
        RecordDefinition* d = r->Definition;
        Term* keys = RecordDefinition.Keys(d);
        long n = RecordDefinitions.Fields(d);
        ulong* last = at + 1 + (*at * 2);
        at++;
        ulong* made = Process.Alloc(p, NativeRecord.HeaderWords + n);
        made[0] = Header.Make(Header.Record, 1 + n);
        made[1] = Term.Boxed(d).Bits;
        Term* to = (Term*)made + NativeRecord.HeaderWords;
        Term without = Term.None;
        for (long i = 0; i < n; i++)
        {
            if (at < last && keys[i].Bits == at[0])
            {
                to[i] = Operand(at[1], E, C);
                at += 2;
                continue;
            }
            to[i] = r->Defaults[i];
            if (!to[i].IsNone) continue;
            if (without.IsNone) without = keys[i];
            to[i] = Term.Nil;
        }
        if (at == last && without.IsNone) return Term.Boxed(made);
        // What was made is a whole term that nothing refers to. A wrong field counts before a missing one.
        return at < last ? RecordBifs.Badfield(p, d, new Term(at[0])) : RecordBifs.Novalue(p, d, without);
    }

    /// <summary>The record with some fields replaced; at: as for NewRecord. None with badfield raised.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Term UpdatedRecord(Term record, ulong* at, Term* E, Context* C)
    {
        Process* p = C->Process;
        if (!record.IsRecord) return RecordBifs.Badrecord(p, record);
        RecordDefinition* d = RecordDefinition.Of(record);
        Term* keys = RecordDefinition.Keys(d), from = RecordDefinition.Values(record);
        long n = RecordDefinition.Fields(record);
        ulong* last = at + 1 + (*at * 2);
        at++;
        ulong* made = Process.Alloc(p, NativeRecord.HeaderWords + n);
        made[0] = record.BoxHeader;
        made[1] = Term.Boxed(d).Bits;
        Term* to = (Term*)made + NativeRecord.HeaderWords;
        for (long i = 0; i < n; i++)
        {
            bool given = at < last && keys[i].Bits == at[0];
            to[i] = given ? Operand(at[1], E, C) : from[i];
            if (given) at += 2;
        }
        return at == last ? Term.Boxed(made) : RecordBifs.Badfield(p, d, new Term(at[0]));
    }

    /// <summary>As NewRecord for the exported record that a module, which may not be loaded, defines; id is {Module, Name}.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Term NewExternalRecord(Term id, ulong* at, Term* E, Context* C)
    {
        Term* e = id.TupleElements;
        ModuleRecord* r = RecordDefinitions.Find(C->Machine, e[0], e[1]);
        return r != null && r->Definition->IsExported == Am.True ? NewRecord(r, at, E, C) : RecordBifs.Badrecord(C->Process, id);
    }

    // put_record of a name on nothing: slots 0: D, 1: live; I[2]: ModuleRecord; I[3]: count; then key, tagged operand each
    public static long NewLocalRecord<TD>(ulong* I, Term* E, Term* H, Context* C) where TD : struct, ITarget
    {
        Save(C, I, E, H);
        Term made = NewRecord((ModuleRecord*)I[2], I + 3, E, C);
        if (made.IsNone) return RecordFailed(I, E, C, 0);
        return StoreAfterNative(I + 4 + (I[3] * 2), E, C, TD.Address(I, E, C, 0), made, ((ushort*)I)[5]);
    }

    // put_record of {Module, Name} on nothing: as NewLocalRecord with I[2]: the tuple
    public static long NewNativeRecord<TD>(ulong* I, Term* E, Term* H, Context* C) where TD : struct, ITarget
    {
        Save(C, I, E, H);
        Term made = NewExternalRecord(new Term(I[2]), I + 3, E, C);
        if (made.IsNone) return RecordFailed(I, E, C, 0);
        return StoreAfterNative(I + 4 + (I[3] * 2), E, C, TD.Address(I, E, C, 0), made, ((ushort*)I)[5]);
    }

    // put_record on a record: slots 0: S, 1: D, 2: live; I[2]: count; then key, tagged operand each
    public static long UpdateNativeRecord<TS, TD>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TD : struct, ITarget
    {
        Save(C, I, E, H);
        Term made = UpdatedRecord(TS.Get(I, E, C, 0, 0), I + 2, E, C);
        if (made.IsNone) return RecordFailed(I, E, C, 0);
        return StoreAfterNative(I + 3 + (I[2] * 2), E, C, TD.Address(I, E, C, 1), made, ((ushort*)I)[6]);
    }
}
