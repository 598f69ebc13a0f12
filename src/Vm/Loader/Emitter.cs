// The back half of the loader: turns the checked generic instructions of a GenericCode into threaded code. The rules (rules*.tab, generated class Rules)
// choose specific instructions and call Emit; this struct picks the handler variant for the operand kinds, lays the operands out (see Operands.cs) and
// remembers labels to patch.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Sets of operand kinds, for the patterns of rules.</summary>
public static class ArgMask
{
    public const int X = 1, Y = 2, Small = 4, Atom = 8, Nil = 16, Literal = 32, Unsigned = 64, Label = 128, NoLabel = 256, Float = 512, List = 1024,
        Const = Small | Atom | Nil | Literal;
}

/// <summary>State of one emission. Lives on the native stack of the loader; its buffers are Owner.Loader.</summary>
public unsafe struct Emitter
{
    /// <summary>A word that waits for the address of a label.</summary>
    public struct Patch
    {
        /// <summary>Index of the word in the output; word the offsets are counted from.</summary>
        public int Word, From;
        public int Label;
        /// <summary>0: signed 32-bit word offset in the upper half of the word; 1: word offset as a whole word; 2: absolute address.</summary>
        public int Form;
    }

    /// <summary>A catch or try: its catch term is made when the code has an address.</summary>
    public struct CatchMark
    {
        /// <summary>Index of the word that becomes the catch term.</summary>
        public int Word;
        public int Label;
    }

    /// <summary>Where a line starts to hold.</summary>
    public struct LineMark
    {
        public int Word;
        public int Line;
    }

    /// <summary>An instruction that was emitted, for mybeam dis --specific: handlers whose machine code is the same can have one address, so it does not tell.</summary>
    public struct SpecificMark
    {
        public int Word;
        public ushort Family, Variant;
    }

    public GenericCode* Code;
    public Machine* Machine;
    /// <summary>The module being made.</summary>
    public LoadedModule* Module;
    /// <summary>Terms of the literals and of the big integers in the code.</summary>
    public Term* Literals, Bigs;
    /// <summary>Export entry of each import.</summary>
    public Export** Imports;
    /// <summary>FunEntry of each fun.</summary>
    public FunEntry** Funs;
    /// <summary>Integers of the code that are 64 bits and no smalls; they stand behind the BigCount ones of <see cref="Bigs"/>.</summary>
    public int WideCount;
    /// <summary>Pieces of literal memory that are no part of the module's room: they outlive it, but must go when it is refused.</summary>
    public NativeList<LoosePiece> Loose;

    /// <summary>See <see cref="Loose"/>.</summary>
    public struct LoosePiece
    {
        public ulong* Words;
        public int Count;
        /// <summary>The fun entry whose Literal it is, or null.</summary>
        public FunEntry* Fun;
    }

    /// <summary>Most words of threaded code a module has: no compiler's output comes near, and offsets and memory stay bounded.</summary>
    private const int MaxWords = 1 << 25;

    public NativeList<ulong> Words;
    public NativeList<Patch> Patches;
    public NativeList<LineMark> Lines;
    /// <summary>From which word on the function has a stack frame (Line 1) or none (0): see NoteFrame.</summary>
    public NativeList<LineMark> Frames;
    /// <summary>Whether code at each label has a frame: -1 not known yet.</summary>
    public sbyte* LabelFrames;
    private sbyte hasFrame;
    public NativeList<CatchMark> Catches;
    /// <summary>Word index of each label, -1 = not placed.</summary>
    public int* LabelWords;
    /// <summary>Word index of each function's func_info.</summary>
    public int* FunctionWords;
    /// <summary>The function being emitted.</summary>
    public int Function;
    /// <summary>An operand did not fit the instruction of this family + 1; 0: none did.</summary>
    public int ProblemFamily;
    /// <summary>A guard BIF that does not exist here, or null.</summary>
    public Export* Missing;
    /// <summary>Memory is out, or the code has become too large: the module is refused, what is emitted is lost.</summary>
    public bool Full;

    // The longest instruction without its tail, and the moves of constants before it, stay far below this.
    private const int MaxInstructionWords = 64;

    private GenericArgs16 pending;
    private int start;

    [System.Runtime.CompilerServices.InlineArray(16)]
    private struct GenericArgs16
    {
        private GenericArg first;
    }

    // -- reading the generic code --

    /// <summary>Opcode of instruction i; 0 past the end.</summary>
    public readonly int OpAt(int i) => i < Code->InstrCount ? Code->Instrs[i].Op : 0;

    /// <summary>Operand k of instruction i.</summary>
    public readonly GenericArg* ArgAt(int i, int k) => Code->Args + Code->Instrs[i].FirstArg + k;

    public readonly int ArgCount(int i) => Code->Instrs[i].Argc;

    /// <summary>Whether the operand is of one of these kinds (ArgMask).</summary>
    public static int MaskOf(GenericArg* a) => a->Kind switch
    {
        ArgKind.X => ArgMask.X,
        ArgKind.Y => ArgMask.Y,
        ArgKind.I => Term.FitsSmall(a->Value) ? ArgMask.Small : ArgMask.Literal,
        ArgKind.A => ArgMask.Atom,
        ArgKind.N => ArgMask.Nil,
        ArgKind.Lit => ArgMask.Literal,
        ArgKind.U => ArgMask.Unsigned,
        ArgKind.F => a->Value == 0 ? ArgMask.NoLabel : ArgMask.Label,
        ArgKind.Fr => ArgMask.Float,
        ArgKind.List => ArgMask.List,
        _ => 0,
    };

    public readonly bool Is(GenericArg* a, int mask) => (MaskOf(a) & mask) != 0;

    public readonly bool Same(GenericArg* a, GenericArg* b) => a->Kind == b->Kind && a->Value == b->Value;

    public readonly bool IsUnsigned(GenericArg* a, long value) => a->Kind == ArgKind.U && a->Value == value;

    public readonly bool IsSmall(GenericArg* a, long value) => a->Kind == ArgKind.I && a->Value == value;

    public readonly bool IsX(GenericArg* a, long value) => a->Kind == ArgKind.X && a->Value == value;

    public readonly bool IsAtom(GenericArg* a, Term atom) => (a->Kind == ArgKind.A || a->Kind == ArgKind.N) && (ulong)a->Value == atom.Bits;

    /// <summary>The term of a constant operand.</summary>
    public readonly Term Constant(GenericArg* a)
    {
        switch (a->Kind)
        {
            case ArgKind.I: return Term.Small(a->Value);
            case ArgKind.Lit: return a->Value < Code->LiteralCount ? Literals[a->Value] : Bigs[a->Value - Code->LiteralCount];
            case ArgKind.N: return Term.Nil;
            default: return new Term((ulong)a->Value);
        }
    }

    // -- writing specific instructions --

    /// <summary>Sets operand k of the next Emit.</summary>
    public void Put(int k, GenericArg a) => pending[k] = a;

    /// <summary>Emits an instruction of this family with the operands put before. Returns the index of its first word.</summary>
    public int Emit(int family, int count)
    {
        // Room for any instruction with its patches, so that nothing below can fail; tails are words of their own.
        if (Full || Words.Count > MaxWords || !Words.Reserve(MaxInstructionWords) || !Patches.Reserve(MaxInstructionWords))
        {
            Full = true;
            return start;
        }
        System.ReadOnlySpan<byte> kinds = InstructionTable.Operands(family);
        byte* firsts = stackalloc byte[16];
        if (!Choose(kinds, count, firsts, out int variant, out int packed, out bool label))
        {
            FitKinds(kinds, count);
            Choose(kinds, count, firsts, out variant, out packed, out label);
        }
        start = Words.Count;
        if (Machine->NoteSpecific != null) Machine->NoteSpecific->Add(new SpecificMark { Word = start, Family = (ushort)family, Variant = (ushort)variant }, Owner.Loader);
        // A label takes slots 2-3; the operands after the second move to the next word.
        int slots = label ? (packed <= 2 ? 4 : packed + 2) : packed;
        int packedWords = (slots + 3) / 4;
        Words.Add(Machine->Handlers[InstructionTable.FirstVariant[family] + variant]);
        for (int i = 0; i < packedWords; i++) Words.Add(0);
        int slot = 0;
        for (int k = 0; k < count; k++)
        {
            byte first = firsts[k];
            if (first == 'j') Patches.Add(new Patch { Word = start + 1, From = start, Label = (int)pending[k].Value, Form = 0 });
            else if (IsPacked(first))
            {
                long value = PackedValue(first, pending[k]);
                if (value >= 0)
                {
                    if ((ulong)value > ushort.MaxValue) Problem(family);
                    Words[start + 1 + (slot / 4)] |= (ulong)value << (16 * (slot % 4));
                }
                slot++;
                if (label && slot == 2) slot = 4;
            }
        }
        for (int k = 0; k < count; k++) WideOperand(firsts[k], ref pending[k]);
        return start;
    }

    /// <summary>Adds a word to the instruction emitted last (its tail).</summary>
    public void Word(ulong w)
    {
        if (!Full && (Words.Count > MaxWords || !Words.Add(w))) Full = true;
    }

    /// <summary>Adds a tail word that holds the word offset of a label from the start of the instruction.</summary>
    public void WordLabel(long label)
    {
        if (!Full && !Patches.Add(new Patch { Word = Words.Count, From = start, Label = (int)label, Form = 1 })) Full = true;
        Word(0);
    }

    /// <summary>Adds a tagged operand word: a term, or (low bits 00) a register: byte offset shifted by 3, bit 2 set for y. See Ops.Operand.</summary>
    public void OperandWord(GenericArg* a)
    {
        if (a->Kind == ArgKind.X) Word((ulong)XOffset(a->Value) << 3);
        else if (a->Kind == ArgKind.Y) Word(((ulong)YOffset(a->Value) << 3) | 4);
        else Word(Constant(a).Bits);
    }

    /// <summary>Byte offset of x(n) from the context, of y(n) from the stack pointer.</summary>
    public static long XOffset(long n) => ContextLayout.X + (n * 8);

    public static long YOffset(long n) => (n + 1) * 8;

    /// <summary>Notes that the module cannot be loaded: an operand does not fit.</summary>
    public void Problem(int family)
    {
        if (ProblemFamily == 0) ProblemFamily = family + 1;
    }

    /// <summary>
    /// Follows whether there is a stack frame at generic instruction i (before it), for stack traces: in a function with a frame the return slot E[0]
    /// holds what an earlier call left there. Branches carry the state to their labels; code is in an order where a label is branched to before it is reached,
    /// or is reached by falling into it.
    /// </summary>
    public void NoteFrame(int i)
    {
        GenericInstr* g = Code->Instrs + i;
        sbyte before = hasFrame;
        if (g->Op == GenericOps.Label && LabelFrames[Code->Args[g->FirstArg].Value] >= 0) hasFrame = LabelFrames[Code->Args[g->FirstArg].Value];
        if (g->Op == GenericOps.FuncInfo) hasFrame = 0;
        if ((hasFrame != before || Frames.Count == 0) && !Frames.Add(new LineMark { Word = Words.Count, Line = hasFrame })) Full = true;
        // A function that is called begins without a frame, whatever its caller has.
        if (g->Op is GenericOps.Call or GenericOps.CallOnly or GenericOps.CallLast) return;
        if (CodeLinks.HasNoLabel(g->Op)) return;
        for (int k = 0; k < g->Argc; k++)
        {
            GenericArg* a = Code->Args + g->FirstArg + k;
            if (a->Kind == ArgKind.F && a->Value != 0 && LabelFrames[a->Value] < 0) LabelFrames[a->Value] = hasFrame;
        }
    }

    /// <summary>Takes over what generic instruction i does to the frame.</summary>
    public void NoteFrameAfter(int i)
    {
        int op = Code->Instrs[i].Op;
        sbyte now = hasFrame;
        if (op is GenericOps.Allocate or GenericOps.AllocateHeap or GenericOps.AllocateZero or GenericOps.AllocateHeapZero) now = 1;
        else if (op == GenericOps.Deallocate) now = 0;
        if (now == hasFrame) return;
        hasFrame = now;
        if (!Frames.Add(new LineMark { Word = Words.Count, Line = now })) Full = true;
    }

    /// <summary>Notes that a guard instruction names a BIF that does not exist.</summary>
    public void MissingNative(Export* x)
    {
        if (Missing == null) Missing = x;
    }

    /// <summary>Notes that the last word emitted is to become the catch term of this handler.</summary>
    public void NoteCatch(int label)
    {
        if (!Catches.Add(new CatchMark { Word = Words.Count - 1, Label = label })) Full = true;
    }

    /// <summary>A piece of literal memory that outlives the module; null (and the module is refused) when there is none.</summary>
    public ulong* LoosePieceOf(int words, FunEntry* fun)
    {
        ulong* p = LiteralArea.Alloc(&Machine->Literals, words);
        if (p != null && Loose.Add(new LoosePiece { Words = p, Count = words, Fun = fun })) return p;
        LiteralArea.Free(&Machine->Literals, p, words);
        Full = true;
        return null;
    }

    /// <summary>Gives the loose pieces back: the module is refused.</summary>
    public readonly void FreeLoose()
    {
        for (int i = 0; i < Loose.Count; i++)
        {
            if (Loose[i].Fun != null) Loose[i].Fun->Literal = Term.None;
            LiteralArea.Free(&Machine->Literals, Loose[i].Words, Loose[i].Count);
        }
    }

    /// <summary>Frees the buffers.</summary>
    public void Free()
    {
        Words.Free();
        Patches.Free();
        Lines.Free();
        Catches.Free();
        Frames.Free();
        Loose.Free();
        if (LabelFrames != null) Allocator.Free(LabelFrames, (nuint)Code->LabelCount, Owner.Loader);
        if (LabelWords != null) Allocator.Free(LabelWords, (nuint)(Code->LabelCount * 4), Owner.Loader);
        if (FunctionWords != null) Allocator.Free(FunctionWords, (nuint)(Code->FunctionCount * 4) + 4, Owner.Loader);
        if (Literals != null) Allocator.Free(Literals, ((nuint)Code->LiteralCount * 8) + 8, Owner.Loader);
        if (Bigs != null) Allocator.Free(Bigs, ((nuint)(Code->BigCount + WideCount) * 8) + 8, Owner.Loader);
        if (Imports != null) Allocator.Free(Imports, ((nuint)Code->ImportCount * 8) + 8, Owner.Loader);
        if (Funs != null) Allocator.Free(Funs, ((nuint)Code->FunCount * 8) + 8, Owner.Loader);
        Words = default;
    }

    private static bool IsPacked(byte kind) => kind is (byte)'x' or (byte)'y' or (byte)'c' or (byte)'r' or (byte)'u' or (byte)'b' or (byte)'t';

    private static int KindLength(System.ReadOnlySpan<byte> kinds, int at)
    {
        int n = 0;
        while (at + n < kinds.Length && kinds[at + n] != ',') n++;
        return n;
    }

    // The variant for the operands at hand, and what they take: the first letter of each operand's kinds, packed slots, whether one is a label. False: the family
    // has no variant for them.
    private bool Choose(System.ReadOnlySpan<byte> kinds, int count, byte* firsts, out int variant, out int packed, out bool label)
    {
        variant = packed = 0;
        label = false;
        int at = 0;
        for (int k = 0; k < count; k++)
        {
            byte first = at < kinds.Length ? kinds[at] : (byte)0;
            firsts[k] = first;
            int start = at, index = -1;
            if (first is (byte)'x' or (byte)'y' or (byte)'c')
            {
                byte letter = LetterOf(pending[k]);
                for (; at < kinds.Length && kinds[at] != ','; at++)
                    if (kinds[at] == letter) index = at - start;
                if (index < 0) return false;
                int length = at - start;
                if (length > 1) variant = (variant * length) + index;
                packed++;
            }
            else
            {
                if (first == 'j') label = true;
                else if (IsPacked(first)) packed++;
                while (at < kinds.Length && kinds[at] != ',') at++;
            }
            at++;
        }
        return true;
    }

    private static byte LetterOf(in GenericArg a) => a.Kind switch { ArgKind.X => (byte)'x', ArgKind.Y => (byte)'y', _ => (byte)'c' };

    // A kind that the family has no variant for goes through a scratch x register.
    private void FitKinds(System.ReadOnlySpan<byte> kinds, int count)
    {
        int at = 0, scratch = Context.MaxRegisters;
        for (int k = 0; k < count; k++)
        {
            int length = KindLength(kinds, at);
            System.ReadOnlySpan<byte> allowed = kinds.Slice(at, length);
            at += length + 1;
            if (allowed[0] is not ((byte)'x' or (byte)'y' or (byte)'c')) continue;
            byte letter = LetterOf(pending[k]);
            bool fits = false;
            foreach (byte b in allowed) fits |= b == letter;
            if (fits) continue;
            if (allowed[0] != 'x') { Problem(0); return; }
            GenericArgs16 saved = pending;
            Put(0, saved[k]);
            Put(1, Arg.X(scratch));
            Emit(Specific.Move, 2);
            pending = saved;
            pending[k] = Arg.X(scratch++);
        }
    }

    private static long PackedValue(byte kind, in GenericArg a) => a.Kind switch
    {
        ArgKind.X => XOffset(a.Value),
        ArgKind.Y => YOffset(a.Value),
        ArgKind.Fr => ContextLayout.F + (a.Value * 8),
        ArgKind.U => kind == 'b' ? (a.Value + 1) * 8 : kind == 't' ? a.Value * 8 : a.Value,
        _ => -1,
    };

    private Term ConstantOf(ref GenericArg a)
    {
        GenericArg copy = a;
        return Constant(&copy);
    }

    private void WideOperand(byte kind, ref GenericArg a)
    {
        switch (kind)
        {
            case (byte)'x' or (byte)'y' or (byte)'c':
                if (a.Kind is ArgKind.X or ArgKind.Y) return;
                Words.Add(ConstantOf(ref a).Bits);
                break;
            case (byte)'w':
                if (a.Kind == ArgKind.F && a.Value != 0) Patches.Add(new Patch { Word = Words.Count, From = start, Label = (int)a.Value, Form = 1 });
                Words.Add(a.Kind == ArgKind.F ? 0UL : a.Kind is ArgKind.I or ArgKind.A or ArgKind.N or ArgKind.Lit ? ConstantOf(ref a).Bits : (ulong)a.Value);
                break;
            case (byte)'l':
                Patches.Add(new Patch { Word = Words.Count, From = start, Label = (int)a.Value, Form = 2 });
                Words.Add(0);
                break;
            case (byte)'e':
                Words.Add((ulong)Imports[a.Value]);
                break;
            case (byte)'n':
                Words.Add((ulong)Imports[a.Value]->Native);
                break;
        }
    }
}
