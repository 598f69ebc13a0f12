// Loading of the native record instructions: which of the forms of put_record and get_record_field it is, fields in the order of a definition's keys.
namespace MyBeam.Vm;

using MyBeam.Memory;

public static unsafe partial class RuleHooks
{
    /// <summary>Fail, Src, external or something else.</summary>
    public static void IsRecordAccessible(Emitter* e, int i)
    {
        e->Put(0, *e->ArgAt(i, 1));
        e->Put(1, *e->ArgAt(i, 0));
        e->Put(2, Arg.Unsigned(e->IsAtom(e->ArgAt(i, 2), Am.External) ? 0 : (long)e->Code->Module.Bits));
        e->Emit(Specific.IsRecordAccessible, 3);
    }

    /// <summary>Fail, Src, count, (field, target)*.</summary>
    public static void GetRecordElements(Emitter* e, int i)
    {
        GenericArg fail = *e->ArgAt(i, 0);
        int n = (int)e->ArgAt(i, 2)->Value / 2;
        e->Put(0, *e->ArgAt(i, 1));
        e->Put(1, fail);
        e->Emit(Specific.GetRecordElements, 2);
        Fields(e, i, 3, n);
    }

    /// <summary>Fail, Src, name | {Module, Name}, field, Dst.</summary>
    public static void GetRecordField(Emitter* e, int i)
    {
        GenericArg* id = e->ArgAt(i, 2);
        bool local = id->Kind == ArgKind.A;
        if (!local && !IsRecordId(e, id)) e->Problem(Specific.GetRecordField);
        e->Put(0, *e->ArgAt(i, 1));
        e->Put(1, *e->ArgAt(i, 4));
        e->Put(2, *e->ArgAt(i, 0));
        e->Put(3, *e->ArgAt(i, 3));
        e->Put(4, *id);
        e->Emit(local ? Specific.GetLocalRecordField : Specific.GetRecordField, 5);
    }

    /// <summary>Fail, name | {Module, Name}, Src | nil, Dst, Live, count, (field, value)*.</summary>
    public static void PutRecord(Emitter* e, int i)
    {
        GenericArg* id = e->ArgAt(i, 1);
        GenericArg* source = e->ArgAt(i, 2);
        int n = (int)e->ArgAt(i, 5)->Value / 2;
        if (source->Kind != ArgKind.N)
        {
            e->Put(0, *source);
            e->Put(1, *e->ArgAt(i, 3));
            e->Put(2, *e->ArgAt(i, 4));
            e->Emit(Specific.UpdateNativeRecord, 3);
            Fields(e, i, 6, n);
            return;
        }
        e->Put(0, *e->ArgAt(i, 3));
        e->Put(1, *e->ArgAt(i, 4));
        if (id->Kind == ArgKind.A)
        {
            ModuleRecord* r = RecordDefinitions.InModule(e->Module, id->Term);
            if (r == null) e->Problem(Specific.NewLocalRecord);
            e->Emit(Specific.NewLocalRecord, 2);
            e->Word((ulong)r);
        }
        else
        {
            bool good = IsRecordId(e, id);
            if (!good) e->Problem(Specific.NewNativeRecord);
            e->Emit(Specific.NewNativeRecord, 2);
            e->Word(good ? e->Constant(id).Bits : 0);
        }
        Fields(e, i, 6, n);
    }

    private static bool IsRecordId(Emitter* e, GenericArg* a)
    {
        if (!e->Is(a, ArgMask.Const)) return false;
        Term t = e->Constant(a);
        return t.IsTupleOf(2) && t.TupleElements[0].IsAtom && t.TupleElements[1].IsAtom;
    }

    // Count, then field and register or value each, by the atom index of the fields.
    private static void Fields(Emitter* e, int i, int first, int n)
    {
        SortedPairs pairs = new(e, i, first, n);
        e->Word((ulong)n);
        for (int k = 0; k < n; k++)
        {
            e->Word(e->Constant(e->ArgAt(i, pairs.Keys[k])).Bits);
            e->OperandWord(e->ArgAt(i, pairs.Keys[k] + 1));
        }
        pairs.Free();
    }
}
