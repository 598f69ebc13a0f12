// Checks of single instructions that need what the back half of the loader knows: the terms of literals, the natives behind imports. What handlers rely on
// about operands that are constants is proved here; what they rely on about registers takes the flow of control (a verifier).
namespace MyBeam.Vm;

using MyBeam.Memory;

internal static unsafe class OperandChecks
{
    /// <summary>Whether instruction i may be emitted; false after a report.</summary>
    public static bool Check(Emitter* e, int i, LoadError* error)
    {
        GenericInstr* instr = e->Code->Instrs + i;
        GenericArg* a = e->Code->Args + instr->FirstArg;
        switch (instr->Op)
        {
            case GenericOps.Fmove:
                return a->Kind != ArgKind.Lit || e->Constant(a).IsFloat || Fail(e, i, error, "fmove of a literal that is no float"u8);
            case GenericOps.MakeFun3:
                return a[2].Value == e->Code->Funs[a->Value].FreeCount || Fail(e, i, error, "# free variables, which is not what the table of funs says"u8, a[2].Value);
            case GenericOps.OnLoad:
                return e->Code->Functions[e->Code->OnLoad].Arity == 0 || Fail(e, i, error, "the on_load function has # arguments"u8, e->Code->Functions[e->Code->OnLoad].Arity);
            case GenericOps.Bif0:
                return Guard(e, i, error, a);
            case GenericOps.Bif1 or GenericOps.Bif2 or GenericOps.Bif3:
                return Guard(e, i, error, a + 1);
            case GenericOps.GcBif1 or GenericOps.GcBif2 or GenericOps.GcBif3:
                return Guard(e, i, error, a + 2);
            case GenericOps.GetList or GenericOps.GetHd or GenericOps.GetTl:
                return !IsConstant(a) || e->Constant(a).IsCons || Fail(e, i, error, "a constant that is no list cell"u8);
            case GenericOps.GetTupleElement:
                return !IsConstant(a) || Tuple(e, a, a[1].Value + 1) || Fail(e, i, error, "a constant that has no element #"u8, a[1].Value);
            case GenericOps.TestArity:
                return !IsConstant(a + 1) || e->Constant(a + 1).IsTuple || Fail(e, i, error, "a constant that is no tuple"u8);
            case GenericOps.SelectTupleArity:
                return !IsConstant(a) || e->Constant(a).IsTuple || Fail(e, i, error, "a constant that is no tuple"u8);
            case GenericOps.UpdateRecord:
                return !IsConstant(a + 2) || Tuple(e, a + 2, a[1].Value) || Fail(e, i, error, "a constant that is no tuple of # elements"u8, a[1].Value);
            case GenericOps.GetMapElements or GenericOps.HasMapFields or GenericOps.PutMapAssoc or GenericOps.PutMapExact:
                return !IsConstant(a + 1) || e->Constant(a + 1).IsMap || Fail(e, i, error, "a constant that is no map"u8);
            default:
                return true;
        }
    }

    // A native that traps must be called, so that it has a place to come back to.
    private static bool Guard(Emitter* e, int i, LoadError* error, GenericArg* import) =>
        (e->Imports[import->Value]->NativeKind & BifKind.Traps) == 0 || Fail(e, i, error, "the function is none that a guard may have"u8);

    private static bool IsConstant(GenericArg* a) => a->Kind is not (ArgKind.X or ArgKind.Y);

    private static bool Tuple(Emitter* e, GenericArg* a, long elements)
    {
        Term t = e->Constant(a);
        return t.IsTuple && t.TupleArity >= elements;
    }

    private static bool Fail(Emitter* e, int i, LoadError* error, System.ReadOnlySpan<byte> what, long number = 0) =>
        error->Fail(LoadErrorCode.BadCode, ChunkId.Code, e->Code->Instrs[i].Offset, what, number, e->Code->Instrs[i].Op);
}
