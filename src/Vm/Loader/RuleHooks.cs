// What the rules of rules.tab call: predicates, and emitters of instructions with operands that the rule language cannot compute.
namespace MyBeam.Vm;

using MyBeam.Memory;

public static unsafe partial class RuleHooks
{
    // -- predicates --

    public static bool HasNative(Emitter* e, GenericArg* import) => e->Imports[import->Value]->Native != null;

    public static bool IsApply3(Emitter* e, GenericArg* import) => IsImport(e, import, Am.Apply, 3);

    public static bool IsApply2(Emitter* e, GenericArg* import) => IsImport(e, import, Am.Apply, 2);

    private static bool IsImport(Emitter* e, GenericArg* import, Term function, int arity)
    {
        Export* x = e->Imports[import->Value];
        return x->Module == Am.Erlang && x->Function == function && x->Arity == arity;
    }

    public static bool IsX0(Emitter* e, GenericArg* a) => e->IsX(a, 0);

    public static bool Same(Emitter* e, GenericArg* a, GenericArg* b) => e->Same(a, b);

    public static bool SmallArity(Emitter* e, GenericArg* n) => (ulong)n->Value <= ushort.MaxValue;

    public static bool FunArityFits(Emitter* e, GenericArg* n) => (ulong)n->Value <= 255;

    // -- structure --

    public static void Nothing(Emitter* e, int i) { }

    public static void Label(Emitter* e, int i) => e->LabelWords[e->ArgAt(i, 0)->Value] = e->Words.Count;

    public static void Line(Emitter* e, int i)
    {
        if (LineNeverShows(e, i)) return;
        // Without a Line chunk the numbers mean nothing.
        long line = e->ArgAt(i, 0)->Value;
        if (!e->Lines.Add(new Emitter.LineMark { Word = e->Words.Count, Line = line < e->Code->LineCount ? (int)line : 0 })) e->Full = true;
    }

    // A tail call of a function that is not a native leaves no frame, so that OTP's loader drops its line when a move to x(0) stands before it (ops.tab). That
    // is visible: code after the call that has no line of its own shows the line before.
    private static bool LineNeverShows(Emitter* e, int i)
    {
        if (i == 0 || i + 1 >= e->Code->InstrCount) return false;
        if (e->Code->Instrs[i - 1].Op != GenericOps.Move || e->ArgAt(i - 1, 1)->Kind != ArgKind.X || e->ArgAt(i - 1, 1)->Value != 0) return false;
        int next = e->Code->Instrs[i + 1].Op;
        if (next is GenericOps.CallLast or GenericOps.CallOnly) return true;
        if (next is not (GenericOps.CallExtLast or GenericOps.CallExtOnly)) return false;
        Export* called = e->Imports[e->ArgAt(i + 1, 1)->Value];
        // apply is an instruction, and shows when what it calls is error/1 (Ops.ApplyLast).
        bool apply = called->Module == Am.Erlang && called->Function == Am.Apply;
        return !apply && called->Native == null;
    }

    public static void FuncInfo(Emitter* e, int i)
    {
        e->FunctionWords[e->Function] = e->Words.Count;
        e->Emit(Specific.FuncInfo, 0);
        e->Word(e->Constant(e->ArgAt(i, 0)).Bits);
        e->Word(e->Constant(e->ArgAt(i, 1)).Bits);
        e->Word((ulong)e->ArgAt(i, 2)->Value);
    }

    public static void InitYRegs(Emitter* e, int i)
    {
        long n = e->ArgAt(i, 0)->Value;
        if (n == 1)
        {
            e->Put(0, *e->ArgAt(i, 1));
            e->Emit(Specific.InitY, 1);
            return;
        }
        if (n == 2)
        {
            e->Put(0, *e->ArgAt(i, 1));
            e->Put(1, *e->ArgAt(i, 2));
            e->Emit(Specific.InitY2, 2);
            return;
        }
        e->Emit(Specific.InitYregs, 0);
        e->Word((ulong)n);
        for (int k = 1; k <= n; k++) e->Word((ulong)Emitter.YOffset(e->ArgAt(i, k)->Value));
    }

    // -- apply as a call: call_ext Arity E | call_ext_last Arity E N | call_ext_only Arity E --

    public static void ApplyList(Emitter* e, int i) => EmitApply(e, i, Specific.ApplyList);

    public static void ApplyFunList(Emitter* e, int i) => EmitApply(e, i, Specific.ApplyFunList);

    private static void EmitApply(Emitter* e, int i, int family)
    {
        int op = e->OpAt(i);
        long bytes = op == GenericOps.CallExtLast ? (e->ArgAt(i, 2)->Value + 1) * 8 : 0;
        e->Put(0, Arg.Unsigned(bytes));
        e->Put(1, Arg.Unsigned(op == GenericOps.CallExt ? 0 : 1));
        e->Emit(family, 2);
    }

    // -- selection --

    public static void SelectValue(Emitter* e, int i)
    {
        // S, default, list count, (value, label)*
        int pairs = (int)e->ArgAt(i, 2)->Value / 2;
        GenericArg source = *e->ArgAt(i, 0), otherwise = *e->ArgAt(i, 1);
        bool immediate = true;
        for (int k = 0; k < pairs; k++) immediate &= e->Is(e->ArgAt(i, 3 + (2 * k)), ArgMask.Small | ArgMask.Atom | ArgMask.Nil);
        if (!immediate || source.Kind is not (ArgKind.X or ArgKind.Y))
        {
            // Values that need a comparison (floats, big integers), or a constant source: one test each.
            for (int k = 0; k < pairs; k++)
            {
                e->Put(0, source);
                e->Put(1, *e->ArgAt(i, 3 + (2 * k)));
                e->Put(2, *e->ArgAt(i, 4 + (2 * k)));
                e->Emit(Specific.IsNeExact, 3);
            }
            e->Put(0, otherwise);
            e->Emit(Specific.Jump, 1);
            return;
        }
        ulong* keys = (ulong*)Allocator.Alloc(((nuint)pairs * 16) + 1, Owner.Loader);
        if (keys == null)
        {
            e->Full = true;
            return;
        }
        int room = pairs;
        ulong* labels = keys + room;
        for (int k = 0; k < pairs; k++)
        {
            keys[k] = e->Constant(e->ArgAt(i, 3 + (2 * k))).Bits;
            labels[k] = (ulong)e->ArgAt(i, 4 + (2 * k))->Value;
        }
        pairs = SortPairs(keys, labels, pairs);
        bool atoms = pairs > 0 && new Term(keys[0]).IsAtom;
        bool oneKind = true;
        for (int k = 0; k < pairs; k++) oneKind &= atoms ? new Term(keys[k]).IsAtom : new Term(keys[k]).IsSmall;
        int shift = atoms ? 6 : 4;
        ulong span = pairs == 0 || !oneKind ? ulong.MaxValue : ((keys[pairs - 1] - keys[0]) >> shift) + 1;
        e->Put(0, source);
        e->Put(1, otherwise);
        // Unsigned order of the words puts negative integers last: such a span is huge and is searched.
        if (pairs > 3 && span <= (ulong)pairs * 3)
        {
            e->Emit(Specific.SelectTable, 2);
            e->Word(keys[0]);
            e->Word((ulong)shift);
            e->Word(span);
            int next = 0;
            for (ulong v = 0; v < span; v++)
            {
                bool hit = keys[next] == keys[0] + (v << shift);
                e->WordLabel(hit ? (long)labels[next] : otherwise.Value);
                if (hit) next++;
            }
        }
        else
        {
            e->Emit(pairs <= 6 ? Specific.SelectLinear : Specific.SelectSearch, 2);
            e->Word((ulong)pairs);
            for (int k = 0; k < pairs; k++) e->Word(keys[k]);
            for (int k = 0; k < pairs; k++) e->WordLabel((long)labels[k]);
        }
        Allocator.Free(keys, ((nuint)room * 16) + 1, Owner.Loader);
    }

    /// <summary>Where Shell's sort of so many items starts; then a third of it, and so on, to 1.</summary>
    private static int FirstStep(int count)
    {
        int step = 1;
        while (step < count / 9) step = (3 * step) + 1;
        return step;
    }

    // Sorts by key; of equal keys one stays. Gives how many are left.
    private static int SortPairs(ulong* keys, ulong* labels, int pairs)
    {
        for (int step = FirstStep(pairs); step > 0; step /= 3)
        {
            for (int k = step; k < pairs; k++)
            {
                ulong key = keys[k], label = labels[k];
                int at = k;
                for (; at >= step && keys[at - step] > key; at -= step)
                {
                    keys[at] = keys[at - step];
                    labels[at] = labels[at - step];
                }
                keys[at] = key;
                labels[at] = label;
            }
        }
        int kept = 0;
        for (int k = 0; k < pairs; k++)
        {
            if (kept > 0 && keys[kept - 1] == keys[k]) continue;
            keys[kept] = keys[k];
            labels[kept++] = labels[k];
        }
        return kept;
    }

    public static void SelectArity(Emitter* e, int i)
    {
        int pairs = (int)e->ArgAt(i, 2)->Value / 2;
        e->Put(0, *e->ArgAt(i, 0));
        e->Put(1, *e->ArgAt(i, 1));
        e->Emit(Specific.SelectArity, 2);
        e->Word((ulong)pairs);
        for (int k = 0; k < pairs; k++) e->Word(Header.Make(Header.Tuple, e->ArgAt(i, 3 + (2 * k))->Value));
        for (int k = 0; k < pairs; k++) e->WordLabel(e->ArgAt(i, 4 + (2 * k))->Value);
    }

    public static void IsFunctionOfArity(Emitter* e, int i)
    {
        e->Put(0, *e->ArgAt(i, 1));
        e->Put(1, Arg.Unsigned(e->ArgAt(i, 2)->Value));
        e->Put(2, *e->ArgAt(i, 0));
        e->Emit(Specific.IsFunctionOfArity, 3);
    }

    public static void TestArityFar(Emitter* e, int i)
    {
        e->Put(0, *e->ArgAt(i, 1));
        e->Put(1, Arg.Unsigned(0));
        e->Put(2, *e->ArgAt(i, 0));
        e->Put(3, Arg.Unsigned((long)Header.Make(Header.Tuple, e->ArgAt(i, 2)->Value)));
        e->Emit(Specific.TestArityFar, 4);
    }

    public static void IsTaggedTupleFar(Emitter* e, int i)
    {
        e->Put(0, *e->ArgAt(i, 1));
        e->Put(1, Arg.Unsigned(0));
        e->Put(2, *e->ArgAt(i, 0));
        e->Put(3, Arg.Unsigned((long)Header.Make(Header.Tuple, e->ArgAt(i, 2)->Value)));
        e->Put(4, *e->ArgAt(i, 3));
        e->Emit(Specific.IsTaggedTupleFar, 5);
    }

    // -- data --

    private static GenericArg ElementOffset(GenericArg* index) => Arg.Unsigned((index->Value + 1) * 8);

    public static void GetElement(Emitter* e, int i)
    {
        e->Put(0, *e->ArgAt(i, 0));
        e->Put(1, *e->ArgAt(i, 2));
        if (IsFar(e, i))
        {
            e->Put(2, Arg.Unsigned(0));
            e->Put(3, ElementOffset(e->ArgAt(i, 1)));
            e->Emit(Specific.GetElementFar, 4);
            return;
        }
        e->Put(2, ElementOffset(e->ArgAt(i, 1)));
        e->Emit(Specific.GetElement, 3);
    }

    private static bool IsFar(Emitter* e, int i) => ElementOffset(e->ArgAt(i, 1)).Value > ushort.MaxValue;

    public static void GetElements2(Emitter* e, int i)
    {
        if (IsFar(e, i) || IsFar(e, i + 1))
        {
            GetElement(e, i);
            GetElement(e, i + 1);
            return;
        }
        e->Put(0, *e->ArgAt(i, 0));
        e->Put(1, *e->ArgAt(i, 2));
        e->Put(2, ElementOffset(e->ArgAt(i, 1)));
        e->Put(3, *e->ArgAt(i + 1, 2));
        e->Put(4, ElementOffset(e->ArgAt(i + 1, 1)));
        e->Emit(Specific.GetElements2, 5);
    }

    public static void SetElement(Emitter* e, int i)
    {
        e->Put(0, *e->ArgAt(i, 0));
        e->Put(1, *e->ArgAt(i, 1));
        e->Put(2, ElementOffset(e->ArgAt(i, 2)));
        e->Emit(Specific.SetElement, 3);
    }

    public static void PutTuple(Emitter* e, int i)
    {
        GenericArg target = *e->ArgAt(i, 0);
        int n = (int)e->ArgAt(i, 1)->Value;
        if (n == 2)
        {
            e->Put(0, *e->ArgAt(i, 2));
            e->Put(1, *e->ArgAt(i, 3));
            e->Put(2, target);
            e->Emit(Specific.PutTuple2, 3);
            return;
        }
        if (n == 3 && target.Kind == ArgKind.X)
        {
            for (int k = 0; k < 3; k++) e->Put(k, *e->ArgAt(i, 2 + k));
            e->Put(3, target);
            e->Emit(Specific.PutTuple3, 4);
            return;
        }
        e->Put(0, target);
        e->Put(1, Arg.Unsigned(n));
        e->Emit(Specific.PutTuple, 2);
        for (int k = 0; k < n; k++) e->OperandWord(e->ArgAt(i, 2 + k));
    }

    public static void UpdateRecord(Emitter* e, int i)
    {
        // Hint, Size, Src, Dst, count, (index, value)*
        int n = (int)e->ArgAt(i, 4)->Value / 2;
        e->Put(0, *e->ArgAt(i, 2));
        e->Put(1, *e->ArgAt(i, 3));
        e->Put(2, *e->ArgAt(i, 1));
        e->Put(3, Arg.Unsigned(n));
        e->Emit(Specific.UpdateRecord, 4);
        for (int k = 0; k < n; k++)
        {
            e->Word((ulong)e->ArgAt(i, 5 + (2 * k))->Value);
            e->OperandWord(e->ArgAt(i, 6 + (2 * k)));
        }
    }

    public static void MakeFun(Emitter* e, int i)
    {
        // Index, Dst, count, env*
        FunEntry* f = e->Funs[e->ArgAt(i, 0)->Value];
        GenericArg target = *e->ArgAt(i, 1);
        int n = (int)e->ArgAt(i, 2)->Value;
        if (n == 0)
        {
            e->Put(0, Arg.Constant(f->Literal));
            e->Put(1, target);
            e->Emit(Specific.Move, 2);
            return;
        }
        e->Put(0, target);
        e->Put(1, Arg.Unsigned(n));
        e->Emit(Specific.MakeFun, 2);
        e->Word((ulong)f);
        for (int k = 0; k < n; k++) e->OperandWord(e->ArgAt(i, 3 + k));
    }

    // -- natives in guards and arithmetic --

    public static void Bif0(Emitter* e, int i)
    {
        // Bif, Dst
        Export* x = e->Imports[e->ArgAt(i, 0)->Value];
        if (x->Module == Am.Erlang && x->Function == Am.Self)
        {
            e->Put(0, *e->ArgAt(i, 1));
            e->Emit(Specific.Self, 1);
            return;
        }
        if (x->Native == null) { e->MissingNative(x); return; }
        e->Put(0, *e->ArgAt(i, 1));
        e->Put(1, *e->ArgAt(i, 0));
        e->Put(2, Arg.Unsigned(0));
        e->Emit(Specific.Guard0, 3);
    }

    // Fail, Bif, A, D
    public static void Bif1(Emitter* e, int i) => One(e, e->ArgAt(i, 0), e->ArgAt(i, 1), e->ArgAt(i, 2), e->ArgAt(i, 3), Context.MaxRegisters);

    // Fail, Live, Bif, A, D
    // +A is A + 0, as in OTP's loader: erlang:'+'(a, 0) is what fails, and -0.0 becomes 0.0.
    public static void GcBif1(Emitter* e, int i)
    {
        Export* x = e->Imports[e->ArgAt(i, 2)->Value];
        GenericArg zero = Arg.Small(0);
        if (x->Module == Am.Erlang && x->Function == Am.Plus) Arithmetic(e, Specific.Add, e->ArgAt(i, 0), e->ArgAt(i, 1), e->ArgAt(i, 3), &zero, e->ArgAt(i, 4));
        else One(e, e->ArgAt(i, 0), e->ArgAt(i, 2), e->ArgAt(i, 3), e->ArgAt(i, 4), e->ArgAt(i, 1)->Value);
    }

    private static void One(Emitter* e, GenericArg* fail, GenericArg* bif, GenericArg* a, GenericArg* d, long live)
    {
        Export* x = e->Imports[bif->Value];
        if (MapBif1(e, fail, bif, a, d)) return;
        if (x->Native == null) { e->MissingNative(x); return; }
        bool register = a->Kind is ArgKind.X or ArgKind.Y;
        if (x->Module == Am.Erlang && register)
        {
            int family = x->Function == Am.Hd ? Specific.HdBif : x->Function == Am.Tl ? Specific.TlBif : x->Function == Am.TupleSize ? Specific.TupleSizeBif : -1;
            if (family >= 0)
            {
                e->Put(0, *a);
                e->Put(1, *d);
                e->Put(2, *bif);
                e->Put(3, *fail);
                e->Emit(family, 4);
                return;
            }
        }
        e->Put(0, *a);
        e->Put(1, *d);
        // A `bif` has no live count: its native does not allocate, so that nothing is collected after it.
        e->Put(2, Arg.Unsigned(live == Context.MaxRegisters ? 0 : live));
        e->Put(3, *bif);
        e->Put(4, *fail);
        e->Emit(Specific.Guard1, 5);
    }

    // Fail, Bif, A, B, D
    public static void Bif2(Emitter* e, int i)
    {
        GenericArg* fail = e->ArgAt(i, 0), bif = e->ArgAt(i, 1), a = e->ArgAt(i, 2), b = e->ArgAt(i, 3), d = e->ArgAt(i, 4);
        if (MapBif2(e, fail, bif, a, b, d)) return;
        Export* x = e->Imports[bif->Value];
        if (x->Module == Am.Erlang)
        {
            int family = Comparison(x->Function);
            if (family >= 0)
            {
                e->Put(0, *a);
                e->Put(1, *b);
                e->Put(2, *d);
                e->Emit(family, 3);
                return;
            }
            if (x->Function == Am.Element && b->Kind is ArgKind.X or ArgKind.Y && x->Function == Am.Element)
            {
                if (a->Kind == ArgKind.I && a->Value > 0 && a->Value < 1 << 24)
                {
                    e->Put(0, *b);
                    e->Put(1, *d);
                    e->Put(2, Arg.Unsigned(0));
                    e->Put(3, Arg.Unsigned(a->Value * 8));
                    e->Put(4, Arg.Unsigned((long)Term.Small(a->Value).Bits));
                    e->Put(5, *bif);
                    e->Put(6, *fail);
                    e->Emit(Specific.ElementConstant, 7);
                    return;
                }
                if (a->Kind is ArgKind.X or ArgKind.Y)
                {
                    e->Put(0, *a);
                    e->Put(1, *b);
                    e->Put(2, *d);
                    e->Put(3, *bif);
                    e->Put(4, *fail);
                    e->Emit(Specific.ElementRegister, 5);
                    return;
                }
            }
        }
        Two(e, fail, bif, a, b, d, 0);
    }

    private static int Comparison(Term f)
    {
        if (f == Am.ExactEqual) return Specific.CompareExact;
        if (f == Am.ExactNotEqual) return Specific.CompareNotExact;
        if (f == Am.Equal) return Specific.CompareEqual;
        if (f == Am.NotEqual) return Specific.CompareNotEqual;
        if (f == Am.Less) return Specific.CompareLess;
        if (f == Am.Greater) return Specific.CompareGreater;
        if (f == Am.AtMost) return Specific.CompareAtMost;
        return f == Am.AtLeast ? Specific.CompareAtLeast : -1;
    }

    // Fail, Live, Bif, A, B, D
    public static void GcBif2(Emitter* e, int i)
    {
        GenericArg* fail = e->ArgAt(i, 0), live = e->ArgAt(i, 1), bif = e->ArgAt(i, 2), a = e->ArgAt(i, 3), b = e->ArgAt(i, 4), d = e->ArgAt(i, 5);
        Export* x = e->Imports[bif->Value];
        int family = x->Module == Am.Erlang ? ArithmeticFamily(x->Function) : -1;
        if (family < 0)
        {
            Two(e, fail, bif, a, b, d, live->Value);
            return;
        }
        Arithmetic(e, family, fail, live, a, b, d);
    }

    private static void Arithmetic(Emitter* e, int family, GenericArg* fail, GenericArg* live, GenericArg* a, GenericArg* b, GenericArg* d)
    {
        if (a->Kind is ArgKind.X or ArgKind.Y && e->Is(b, ArgMask.Small) && (family == Specific.Add || family == Specific.Subtract))
        {
            e->Put(0, *a);
            e->Put(1, Arg.Unsigned(0));
            e->Put(2, *d);
            e->Put(3, *live);
            e->Put(4, Arg.Unsigned((long)(Term.Small(b->Value).Bits - Term.SmallTag)));
            e->Put(5, *fail);
            e->Emit(family == Specific.Add ? Specific.AddConstant : Specific.SubtractConstant, 6);
            return;
        }
        e->Put(0, *a);
        e->Put(1, *b);
        e->Put(2, *d);
        e->Put(3, *live);
        e->Put(4, *fail);
        e->Emit(family, 5);
    }

    private static int ArithmeticFamily(Term f)
    {
        if (f == Am.Plus) return Specific.Add;
        if (f == Am.Minus) return Specific.Subtract;
        if (f == Am.Times) return Specific.Multiply;
        if (f == Am.Slash) return Specific.Divide;
        if (f == Am.Div) return Specific.IntDivide;
        if (f == Am.Rem) return Specific.Remainder;
        if (f == Am.Band) return Specific.BitAnd;
        if (f == Am.Bor) return Specific.BitOr;
        if (f == Am.Bxor) return Specific.BitXor;
        if (f == Am.Bsl) return Specific.ShiftLeft;
        return f == Am.Bsr ? Specific.ShiftRight : -1;
    }

    private static void Two(Emitter* e, GenericArg* fail, GenericArg* bif, GenericArg* a, GenericArg* b, GenericArg* d, long live)
    {
        Export* x = e->Imports[bif->Value];
        if (x->Native == null) { e->MissingNative(x); return; }
        e->Put(0, *a);
        e->Put(1, *b);
        e->Put(2, *d);
        e->Put(3, Arg.Unsigned(live));
        e->Put(4, *bif);
        e->Put(5, *fail);
        e->Emit(Specific.Guard2, 6);
    }

    // Fail, Live, Bif, A, B, C, D
    public static void GcBif3(Emitter* e, int i) => Three(e, i, e->ArgAt(i, 2), 3, e->ArgAt(i, 1)->Value);

    // Fail, Bif, A, B, C, D
    public static void Bif3(Emitter* e, int i) => Three(e, i, e->ArgAt(i, 1), 2, 0);

    private static void Three(Emitter* e, int i, GenericArg* bif, int first, long live)
    {
        Export* x = e->Imports[bif->Value];
        if (x->Native == null) { e->MissingNative(x); return; }
        e->Put(0, *e->ArgAt(i, first + 3));
        e->Put(1, Arg.Unsigned(live));
        e->Put(2, *bif);
        e->Put(3, *e->ArgAt(i, 0));
        e->Emit(Specific.Guard3, 4);
        for (int k = 0; k < 3; k++) e->OperandWord(e->ArgAt(i, first + k));
    }

    // -- exceptions --

    // catch, try: Y, label
    public static void Catch(Emitter* e, int i)
    {
        e->Put(0, *e->ArgAt(i, 0));
        e->Put(1, Arg.Unsigned(0));
        e->Emit(Specific.Catch, 2);
        e->NoteCatch((int)e->ArgAt(i, 1)->Value);
    }

    // badmatch S, case_end S, try_case_end S, badrecord S
    public static void RaiseWith(Emitter* e, int i)
    {
        Term tag = e->OpAt(i) switch
        {
            GenericOps.Badmatch => Am.Badmatch,
            GenericOps.CaseEnd => Am.CaseClause,
            GenericOps.TryCaseEnd => Am.TryClause,
            _ => Am.Badrecord,
        };
        e->Put(0, *e->ArgAt(i, 0));
        e->Put(1, Arg.Unsigned((long)tag.Bits));
        e->Emit(Specific.RaiseWith, 2);
    }
}
