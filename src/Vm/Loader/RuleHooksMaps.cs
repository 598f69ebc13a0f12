// Loading of the map instructions: sorts constant keys as flat maps have them, hashes them, makes the rows of keys of new maps.
namespace MyBeam.Vm;

using MyBeam.Memory;

public static unsafe partial class RuleHooks
{
    // Pairs of operands of an instruction from operand `first` on, by the order of their constant keys in flat maps.
    private struct SortedPairs
    {
        /// <summary>Operand numbers of the keys.</summary>
        public int* Keys;
        public int Count;
        /// <summary>All keys are constants (only then sorted); and immediates; and no key is there twice.</summary>
        public bool Constant, Immediate, Distinct;

        public SortedPairs(Emitter* e, int i, int first, int count)
        {
            Count = count;
            Keys = (int*)Allocator.Alloc((nuint)(count * sizeof(int)), Owner.Loader);
            Constant = Immediate = Distinct = true;
            for (int k = 0; k < count; k++)
            {
                Keys[k] = first + (2 * k);
                Constant &= e->Is(e->ArgAt(i, Keys[k]), ArgMask.Const);
                Immediate &= IsImmediate(e, e->ArgAt(i, Keys[k]));
            }
            if (!Constant) return;
            // Equal keys stay in the order of the code (the last one's value counts), which Shell's steps alone would not keep.
            for (int step = FirstStep(count); step > 0; step /= 3)
            {
                for (int k = step; k < count; k++)
                {
                    int at = Keys[k], j = k;
                    for (; j >= step && Order(e, i, Keys[j - step], at) > 0; j -= step) Keys[j] = Keys[j - step];
                    Keys[j] = at;
                }
            }
            for (int k = 1; k < count; k++) Distinct &= CompareKeys(e, i, Keys[k - 1], Keys[k]) != 0;
        }

        private static int CompareKeys(Emitter* e, int i, int a, int b) => TermOrder.CompareFlatKeys(e->Constant(e->ArgAt(i, a)), e->Constant(e->ArgAt(i, b)));

        private static int Order(Emitter* e, int i, int a, int b)
        {
            int order = CompareKeys(e, i, a, b);
            return order != 0 ? order : a - b;
        }

        public readonly void Free() => Allocator.Free(Keys, (nuint)(Count * sizeof(int)), Owner.Loader);
    }

    private static bool IsImmediate(Emitter* e, GenericArg* a) => e->Is(a, ArgMask.Const) && e->Constant(a).IsImmediate;

    private static bool IsRegister(GenericArg* a) => a->Kind is ArgKind.X or ArgKind.Y;

    private static GenericArg WordOf(Term t) => Arg.Unsigned((long)t.Bits);

    /// <summary>Fail, Src, count, (key, target)*.</summary>
    public static void GetMapElements(Emitter* e, int i)
    {
        GenericArg fail = *e->ArgAt(i, 0), source = *e->ArgAt(i, 1);
        int n = (int)e->ArgAt(i, 2)->Value / 2;
        if (n == 1)
        {
            GenericArg* key = e->ArgAt(i, 3);
            e->Put(0, source);
            if (IsImmediate(e, key))
            {
                e->Put(1, *e->ArgAt(i, 4));
                e->Put(2, fail);
                e->Put(3, WordOf(e->Constant(key)));
                e->Put(4, Arg.Unsigned(TermHash.Internal(e->Constant(key), 0)));
                e->Emit(Specific.GetMapElement, 5);
                return;
            }
            e->Put(1, *key);
            e->Put(2, fail);
            e->Put(3, *e->ArgAt(i, 4));
            e->Emit(Specific.GetMapElementAny, 4);
            return;
        }
        SortedPairs pairs = new(e, i, 3, n);
        bool sorted = pairs.Immediate && pairs.Distinct;
        e->Put(0, source);
        e->Put(1, fail);
        e->Emit(sorted ? Specific.GetMapElements : Specific.GetMapElementsAny, 2);
        e->Word((ulong)n);
        for (int k = 0; k < n; k++)
        {
            GenericArg* key = e->ArgAt(i, pairs.Keys[k]);
            e->OperandWord(key);
            if (sorted) e->Word(TermHash.Internal(e->Constant(key), 0));
            e->OperandWord(e->ArgAt(i, pairs.Keys[k] + 1));
        }
        pairs.Free();
    }

    /// <summary>Fail, Src, count, key*: one test a key.</summary>
    public static void HasMapFields(Emitter* e, int i)
    {
        int n = (int)e->ArgAt(i, 2)->Value;
        for (int k = 0; k < n; k++)
        {
            e->Put(0, *e->ArgAt(i, 1));
            e->Put(1, *e->ArgAt(i, 3 + k));
            e->Put(2, *e->ArgAt(i, 0));
            e->Emit(Specific.HasMapField, 3);
        }
    }

    /// <summary>put_map_assoc, put_map_exact: Fail, Src, Dst, Live, count, (key, value)*.</summary>
    public static void PutMap(Emitter* e, int i)
    {
        GenericArg* source = e->ArgAt(i, 1);
        bool exact = e->OpAt(i) == GenericOps.PutMapExact;
        int n = (int)e->ArgAt(i, 4)->Value / 2;
        SortedPairs pairs = new(e, i, 5, n);
        if (!exact && n <= FlatMap.MaxSize && pairs.Immediate && pairs.Distinct && IsEmptyMap(e, source)) NewMap(e, i, in pairs);
        else
        {
            e->Put(0, *source);
            e->Put(1, *e->ArgAt(i, 2));
            e->Put(2, *e->ArgAt(i, 3));
            e->Put(3, *e->ArgAt(i, 0));
            e->Emit(exact ? Specific.PutMapExact : Specific.PutMapAssoc, 4);
            e->Word((ulong)n);
            for (int k = 0; k < n; k++)
            {
                e->OperandWord(e->ArgAt(i, pairs.Keys[k]));
                e->OperandWord(e->ArgAt(i, pairs.Keys[k] + 1));
            }
        }
        pairs.Free();
    }

    private static bool IsEmptyMap(Emitter* e, GenericArg* source)
    {
        if (IsRegister(source)) return false;
        Term t = e->Constant(source);
        return t.IsMap && Maps.Size(t) == 0;
    }

    private static void NewMap(Emitter* e, int i, in SortedPairs pairs)
    {
        int n = pairs.Count;
        // Only immediates are in it, so it may outlive the module: maps made with it are never searched for it when the module goes.
        ulong* row = e->LoosePieceOf(n + 1, null);
        if (row == null) return;
        row[0] = Header.Make(Header.Tuple, n);
        for (int k = 0; k < n; k++) row[1 + k] = e->Constant(e->ArgAt(i, pairs.Keys[k])).Bits;
        e->Put(0, *e->ArgAt(i, 2));
        e->Put(1, *e->ArgAt(i, 3));
        e->Emit(Specific.NewMap, 2);
        e->Word((ulong)n);
        e->Word(Term.Boxed(row).Bits);
        for (int k = 0; k < n; k++) e->OperandWord(e->ArgAt(i, pairs.Keys[k] + 1));
    }

    /// <summary>Emits the instruction of map_get/2 or is_map_key/2. False: it is neither, or the map is no register.</summary>
    public static bool MapBif2(Emitter* e, GenericArg* fail, GenericArg* bif, GenericArg* key, GenericArg* map, GenericArg* target)
    {
        if (!IsRegister(map)) return false;
        int family = IsImport(e, bif, Am.MapGet, 2) ? Specific.MapGet : IsImport(e, bif, Am.IsMapKey, 2) ? Specific.IsMapKey : -1;
        if (family < 0) return false;
        e->Put(0, *key);
        e->Put(1, *map);
        e->Put(2, *target);
        e->Put(3, *bif);
        e->Put(4, *fail);
        e->Emit(family, 5);
        return true;
    }

    /// <summary>Emits the instruction of map_size/1. False: it is another, or the operand is no register.</summary>
    public static bool MapBif1(Emitter* e, GenericArg* fail, GenericArg* bif, GenericArg* source, GenericArg* target)
    {
        if (!IsRegister(source) || !IsImport(e, bif, Am.MapSize, 1)) return false;
        e->Put(0, *source);
        e->Put(1, *target);
        e->Put(2, *bif);
        e->Put(3, *fail);
        e->Emit(Specific.MapSizeBif, 4);
        return true;
    }
}
