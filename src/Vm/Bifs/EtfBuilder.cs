// The second pass of decoding: builds a term whose structure EtfMeasure has checked, over a stack of rows of words still to be filled.
//
// A fault in the middle (an atom that must not be made, a key twice in a map) leaves every word that was handed out a valid term.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Builds one term.</summary>
internal unsafe struct EtfBuilder
{
    // A frame: the next word to fill, something that depends on the kind, and the number of terms left with the kind.
    //   Row       terms in consecutive words
    //   Heads     terms in every second word (heads of cells)
    //   Keys      a key into the word, its value into the word `extra` words further
    //   Values    the value for the key in the word; then Keys go on
    //   Fields    values of a record: where each goes is told by the smalls at `extra`
    //   FlatEnd   the flat map at the word has all its pairs
    //   LargeEnd  the pairs in the block `extra` are complete: the map goes into the word
    //   Copy      bytes left to copy, from `extra` to the address
    private const ulong Row = 0, Heads = 1, Keys = 2, Values = 3, Fields = 4, FlatEnd = 5, LargeEnd = 6, Copy = 7, KindMask = 7;
    private const int CountShift = 3;

    // Bytes of a binary that count as one step, and that are copied in one piece.
    private const long BytesPerStep = 64, PieceOfBinary = 1 << 16;

    private readonly Heap* heap;
    private readonly Machine* machine;
    private readonly bool safe;
    private byte* at;
    private WorkStack stack;

    /// <summary>The first free word.</summary>
    public ulong* Top;

    /// <summary>The heap's list of off-heap references with those made here.</summary>
    public BinaryRef* OffHeap;

    /// <summary>Bytes of off-heap binaries made.</summary>
    public long BinaryBytes;

    public EtfBuilder(Heap* heap, Machine* machine, byte* data, ulong* top, bool safe, ulong* inline)
    {
        this.heap = heap;
        this.machine = machine;
        this.safe = safe;
        at = data;
        Top = top;
        OffHeap = heap->OffHeap;
        BinaryBytes = 0;
        stack = new WorkStack(inline);
    }

    /// <summary>Terms that may still be built before Go gives up for a while (a little more at most).</summary>
    public long Steps;

    /// <summary>Begins: the term goes into *result, which must stay where it is. Go does the rest.</summary>
    public void Start(Term* result)
    {
        *result = Term.Nil;
        Push(result, 0, 1, Row);
    }

    /// <summary>Lets go of the caller's native stack: the builder outlives it.</summary>
    public void Detach() => stack.Detach();

    /// <summary>Whether the term is complete.</summary>
    public readonly bool Done => stack.IsEmpty;

    /// <summary>Goes on until the steps are used up or all is done. False when the term must not be made; then, or when Done, Free is to be called.</summary>
    public bool Go()
    {
        bool good = true;
        while (good && !stack.IsEmpty && Steps > 0)
        {
            ulong op = stack.Pop(), extra = stack.Pop();
            good = Frame((Term*)stack.Pop(), extra, op >> CountShift, op & KindMask);
        }
        return good;
    }

    /// <summary>Leaves valid terms everywhere, and frees what building took.</summary>
    public void Free()
    {
        Abandon();
        stack.Free();
    }

    private void Push(void* slot, ulong extra, ulong left, ulong kind)
    {
        if (left != 0) stack.Push((ulong)slot, extra, (left << CountShift) | kind);
    }

    // Terms that push frames: what is left of the row they are in must be on the stack before.
    private static bool Nests(byte tag) => tag is EtfTag.SmallTuple or EtfTag.LargeTuple or EtfTag.List or EtfTag.Map or EtfTag.Fun or EtfTag.Record or EtfTag.Local;

    private bool Frame(Term* slot, ulong extra, ulong left, ulong kind)
    {
        Steps--;
        switch (kind)
        {
            case Row:
            case Heads:
            {
                int step = kind == Row ? 1 : 2;
                for (; left != 0; left--, slot += step)
                {
                    // A list is linked as it is filled; the last tail is a row of its own.
                    if (step == 2 && left > 1) slot[1] = Term.List((Cons*)(slot + 2));
                    if (--Steps < 0 || Nests(*at))
                    {
                        Push(slot + step, 0, left - 1, kind);
                        return One(slot);
                    }
                    if (One(slot)) continue;
                    Push(slot + step, 0, left - 1, kind);
                    return false;
                }
                return true;
            }
            case Keys:
                Push(slot, extra, left, Values);
                return One(slot);
            case Values:
                Push(slot + 1, extra, left - 1, Keys);
                return One(slot + extra);
            case Fields:
                Push(slot, extra + 8, left - 1, Fields);
                return One(slot + ((Term*)extra)->SmallValue);
            case Copy:
                CopyBytes((byte*)extra, (byte*)slot, left);
                return true;
            case FlatEnd:
                return EtfMaps.SortFlat((FlatMap*)slot);
            default:
            {
                Term* pairs = (Term*)extra;
                *slot = MapBuild.FromArrays(heap, pairs, 2, pairs + 1, 2, (long)left, out bool duplicate);
                Allocator.Free(pairs, (nuint)left * 16, Owner.Temporary);
                if (!duplicate && !slot->IsNone) return true;
                *slot = Term.Nil;
                return false;
            }
        }
    }

    // Fills what is still empty with [].
    private void Abandon()
    {
        while (!stack.IsEmpty)
        {
            ulong op = stack.Pop(), extra = stack.Pop(), left = op >> CountShift;
            Term* slot = (Term*)stack.Pop();
            switch (op & KindMask)
            {
                case Row:
                    for (; left != 0; left--) *slot++ = Term.Nil;
                    break;
                case Heads:
                    for (; left != 0; left--, slot += 2)
                    {
                        *slot = Term.Nil;
                        if (left > 1) slot[1] = Term.List((Cons*)(slot + 2));
                    }
                    break;
                case Keys:
                case Values:
                    // The first key of a Values frame is there already, and is lost.
                    for (; left != 0; left--, slot++)
                    {
                        *slot = Term.Nil;
                        slot[extra] = Term.Nil;
                    }
                    break;
                case Fields:
                    for (Term* order = (Term*)extra; left != 0; left--, order++) slot[order->SmallValue] = Term.Nil;
                    break;
                case LargeEnd:
                    Allocator.Free((void*)extra, (nuint)left * 16, Owner.Temporary);
                    *slot = Term.Nil;
                    break;
                default:
                    break;
            }
        }
    }

    // Decodes the term at the reading position into a word; its parts are left to frames.
    private bool One(Term* slot)
    {
        *slot = Term.Nil;
        switch (*at)
        {
            case EtfTag.SmallInteger:
                *slot = Term.Small(at[1]);
                at += 2;
                return true;
            case EtfTag.Integer:
                *slot = Term.Small((int)EtfBytes.U32(at + 1));
                at += 5;
                return true;
            case EtfTag.SmallBig:
            case EtfTag.LargeBig:
                return Big(slot);
            case EtfTag.AtomUtf8:
            case EtfTag.SmallAtomUtf8:
            case EtfTag.AtomLatin1:
            case EtfTag.SmallAtomLatin1:
                return Atom(slot);
            case EtfTag.Nil:
                at++;
                return true;
            case EtfTag.Float:
            {
                double d = System.BitConverter.UInt64BitsToDouble(EtfBytes.U64(at + 1));
                at += 9;
                return Float(slot, d, double.IsFinite(d));
            }
            case EtfTag.OldFloat:
            {
                // 31 bytes of text, filled up with zeros.
                nuint n = 0;
                while (n < 31 && at[1 + n] != 0) n++;
                bool good = FloatText.TryParse(at + 1, n, out double d);
                at += 32;
                return Float(slot, d, good);
            }
            case EtfTag.SmallTuple:
            {
                uint n = at[1];
                at += 2;
                return Tuple(slot, n);
            }
            case EtfTag.LargeTuple:
            {
                uint n = EtfBytes.U32(at + 1);
                at += 5;
                return Tuple(slot, n);
            }
            case EtfTag.String:
                return String(slot);
            case EtfTag.List:
                return List(slot);
            case EtfTag.Map:
                return Map(slot);
            case EtfTag.Binary:
            case EtfTag.BitBinary:
                return Binary(slot);
            case EtfTag.Local:
                // Measured and verified; what it holds follows.
                at += 5;
                return One(slot);
            case EtfTag.Export:
                return ExportFunction(slot);
            case EtfTag.Fun:
                return LocalFunction(slot);
            case EtfTag.Record:
                return Record(slot);
            default:
                return Identifier(slot, *at);
        }
    }

    private bool Atom(Term* slot)
    {
        Term atom = EtfAtoms.Read(ref at, safe);
        if (atom.IsNone) return false;
        *slot = atom;
        return true;
    }

    private bool Float(Term* slot, double d, bool good)
    {
        if (!good) return false;
        Top[0] = Header.Make(Header.Float, 1);
        *(double*)(Top + 1) = d;
        *slot = Term.Boxed(Top);
        Top += 2;
        return true;
    }

    private bool Big(Term* slot)
    {
        bool large = *at == EtfTag.LargeBig;
        long n = large ? EtfBytes.U32(at + 1) : at[1];
        byte* bytes = at + (large ? 6 : 3);
        bool negative = bytes[-1] != 0;
        at = bytes + n;
        while (n > 0 && bytes[n - 1] == 0) n--;
        long digits = (n + 7) / 8;
        if (digits > EtfTag.MaxDigits) return false;
        ulong* big = Top;
        if (digits != 0) big[digits] = 0;
        System.Buffer.MemoryCopy(bytes, big + 1, n, n);
        if (digits == 0 || (digits == 1 && big[1] <= (ulong)Term.MaxSmall + (negative ? 1UL : 0UL)))
        {
            long value = digits == 0 ? 0 : (long)big[1];
            *slot = Term.Small(negative ? -value : value);
            return true;
        }
        big[0] = Header.Make(negative ? Header.NegativeBig : Header.PositiveBig, digits);
        Top += digits + 1;
        *slot = Term.Boxed(big);
        return true;
    }

    private bool Tuple(Term* slot, uint n)
    {
        Top[0] = Header.Make(Header.Tuple, n);
        *slot = Term.Boxed(Top);
        Push(Top + 1, 0, n, Row);
        Top += n + 1;
        return true;
    }

    private bool String(Term* slot)
    {
        uint n = EtfBytes.U16(at + 1);
        byte* bytes = at + 3;
        at = bytes + n;
        for (uint i = 0; i < n; i++)
        {
            *slot = Term.List(Top);
            Cons* cell = (Cons*)Top;
            cell->Head = Term.Small(bytes[i]);
            slot = &cell->Tail;
            Top += 2;
        }
        *slot = Term.Nil;
        return true;
    }

    private bool List(Term* slot)
    {
        ulong n = EtfBytes.U32(at + 1);
        at += 5;
        if (n == 0)
        {
            // Nothing but a tail.
            Push(slot, 0, 1, Row);
            return true;
        }
        Cons* cells = (Cons*)Top;
        *slot = Term.List(cells);
        Top += 2 * n;
        Push(&cells[n - 1].Tail, 0, 1, Row);
        Push(&cells[0].Head, 0, n, Heads);
        return true;
    }

    private bool Map(Term* slot)
    {
        ulong n = EtfBytes.U32(at + 1);
        at += 5;
        if (n > FlatMap.MaxSize)
        {
            Term* pairs = (Term*)Allocator.Alloc((nuint)n * 16, Owner.Temporary);
            if (pairs == null) return false;
            Push(slot, (ulong)pairs, n, LargeEnd);
            Push(pairs, 0, 2 * n, Row);
            return true;
        }
        ulong* keys = Top;
        FlatMap* map = (FlatMap*)(keys + 1 + n);
        Top = (ulong*)map + FlatMap.HeaderWords + n;
        keys[0] = Header.Make(Header.Tuple, (long)n);
        map->Header = Header.Make(Header.FlatMap, FlatMap.HeaderWords - 1 + (long)n);
        map->Size = Term.Small((long)n);
        map->Keys = Term.Boxed(keys);
        *slot = Term.Boxed(map);
        if (n == 0) return true;
        Push(map, 0, 1, FlatEnd);
        Push(keys + 1, n + FlatMap.HeaderWords, n, Keys);
        return true;
    }

    private bool Binary(Term* slot)
    {
        ulong n = EtfBytes.U32(at + 1), bits = n * 8;
        byte* bytes = at + 5;
        if (*at == EtfTag.BitBinary)
        {
            bits -= 8u - *bytes;
            bytes++;
        }
        at = bytes + n;
        if (bits <= HeapBits.MaxBytes * 8)
        {
            HeapBits* small = (HeapBits*)Top;
            long words = HeapBits.Words(bits);
            small->Header = Header.Make(Header.HeapBits, words - 1);
            small->SizeBits = bits;
            System.Buffer.MemoryCopy(bytes, small->Data, (long)n, (long)n);
            Top += words;
            *slot = Term.Boxed(small);
            return true;
        }
        OffHeapBinary* binary = Memory.OffHeap.Create((long)n);
        if (binary == null) return false;
        CopyBytes(bytes, OffHeapBinary.Data(binary), n);
        BinaryBytes += (long)n;
        *slot = Binaries.Wrap(ref Top, ref OffHeap, binary, 0, bits);
        return true;
    }

    // A large binary goes over the stack piece by piece.
    private void CopyBytes(byte* from, byte* to, ulong count)
    {
        long now = (long)count;
        if (now > PieceOfBinary)
        {
            now = PieceOfBinary;
            Push(to + now, (ulong)(from + now), count - (ulong)now, Copy);
        }
        Steps -= now / BytesPerStep;
        System.Buffer.MemoryCopy(from, to, now, now);
    }

    // The node of an identifier; [] (this node, in a local term) gives nonode@nohost with creation 0, which is this node.
    private bool Node(out Term node)
    {
        if (*at == EtfTag.Nil)
        {
            at++;
            node = Am.NonodeNohost;
            return true;
        }
        node = EtfAtoms.Read(ref at, safe);
        return !node.IsNone;
    }

    private bool Identifier(Term* slot, byte tag)
    {
        at++;
        switch (tag)
        {
            case EtfTag.Pid:
            case EtfTag.NewPid:
            {
                if (!Node(out Term node)) return false;
                uint number = EtfBytes.U32(at), serial = EtfBytes.U32(at + 4);
                if (!Creation(at + 8, tag == EtfTag.Pid, out uint creation)) return false;
                at += tag == EtfTag.Pid ? 9 : 12;
                if (node == Am.NonodeNohost && creation == 0)
                {
                    if (number >> Identifiers.PidNumberBits != 0) return false;
                    *slot = Term.Pid(number | ((ulong)serial << Identifiers.PidNumberBits));
                    return true;
                }
                External(slot, Term.ExternalPid, node, creation, 1)[0] = number | ((ulong)serial << 32);
                return true;
            }
            case EtfTag.Port:
            case EtfTag.NewPort:
            case EtfTag.V4Port:
            {
                if (!Node(out Term node)) return false;
                bool wide = tag == EtfTag.V4Port;
                ulong number = wide ? EtfBytes.U64(at) : EtfBytes.U32(at);
                at += wide ? 8 : 4;
                if (!Creation(at, tag == EtfTag.Port, out uint creation)) return false;
                at += tag == EtfTag.Port ? 1 : 4;
                if (node == Am.NonodeNohost && creation == 0)
                {
                    if (number >> 60 != 0) return false;
                    *slot = Term.Port(number);
                    return true;
                }
                External(slot, Term.ExternalPort, node, creation, 1)[0] = number;
                return true;
            }
            default:
                return Reference(slot, tag);
        }
    }

    private bool Reference(Term* slot, byte tag)
    {
        int count = 1;
        if (tag != EtfTag.Reference)
        {
            count = (int)EtfBytes.U16(at);
            at += 2;
        }
        if (!Node(out Term node)) return false;
        uint* numbers = stackalloc uint[Identifiers.MaxRefNumbers];
        for (int i = 0; i < Identifiers.MaxRefNumbers; i++) numbers[i] = 0;
        uint creation;
        if (tag == EtfTag.Reference)
        {
            numbers[0] = EtfBytes.U32(at);
            if (!Creation(at + 4, true, out creation)) return false;
            at += 5;
        }
        else
        {
            bool tiny = tag == EtfTag.NewReference;
            if (!Creation(at, tiny, out creation)) return false;
            at += tiny ? 1 : 4;
            for (int i = 0; i < count; i++, at += 4) numbers[i] = EtfBytes.U32(at);
        }
        if (tag != EtfTag.NewerReference && numbers[0] >= Identifiers.MaxReference) return false;
        if (node == Am.NonodeNohost && creation == 0)
        {
            // Not one that this node can have made.
            if (numbers[0] >= Identifiers.MaxReference || numbers[3] != 0 || numbers[4] != 0) return false;
            Reference* made = (Reference*)Top;
            made->Header = Header.Make(Header.Reference, Memory.Reference.Words - 1);
            made->Id0 = numbers[0] | ((ulong)numbers[1] << 32);
            made->Id1 = numbers[2];
            Top += Memory.Reference.Words;
            *slot = Term.Boxed(made);
            return true;
        }
        long words = Identifiers.ExternalRefWords(count) - 3;
        ulong* data = External(slot, Term.ExternalRef, node, creation, words);
        data[words - 1] = 0;
        ((uint*)data)[0] = (uint)count;
        for (int i = 0; i < count; i++) ((uint*)data)[1 + i] = numbers[i];
        return true;
    }

    private ulong* External(Term* slot, int kind, Term node, uint creation, long dataWords)
    {
        ExternalThing* made = (ExternalThing*)Top;
        made->Header = Header.Make(Header.ExternalThing, 2 + dataWords, kind);
        made->Node = node;
        made->Creation = creation;
        Top += 3 + dataWords;
        *slot = Term.Boxed(made);
        return made->Data;
    }

    // The creations of old formats have two bits.
    private static bool Creation(byte* p, bool tiny, out uint creation)
    {
        creation = tiny ? *p : EtfBytes.U32(p);
        return !tiny || creation < 4;
    }

    private bool Integer(out long value)
    {
        Term t;
        ulong* before = Top;
        bool good = One(&t) && t.IsSmall;
        Top = before;
        value = good ? t.SmallValue : 0;
        return good;
    }

    private bool ExportFunction(Term* slot)
    {
        at++;
        Term module = EtfAtoms.Read(ref at, safe);
        if (module.IsNone) return false;
        Term function = EtfAtoms.Read(ref at, safe);
        if (function.IsNone || !Integer(out long arity) || arity < 0) return false;
        if (safe && !IsDefined(ExportTable.Find(machine, module, function, arity))) return false;
        Export* export = ExportTable.Put(machine, module, function, arity);
        if (export == null) return false;
        ExportFun* made = (ExportFun*)Top;
        made->Header = Header.Make(Header.ExportFun, ExportFun.Words - 1);
        made->Export = (ExportName*)export;
        Top += ExportFun.Words;
        *slot = Term.Boxed(made);
        return true;
    }

    private static bool IsDefined(Export* e) => e != null && (e->Native != null || e->Address != &e->Stub[3]);

    private bool LocalFunction(Term* slot)
    {
        long arity = at[5];
        byte* uniq = at + 6;
        long index = EtfBytes.U32(at + 22);
        uint free = EtfBytes.U32(at + 26);
        at += 30;
        Term module = EtfAtoms.Read(ref at, safe);
        if (module.IsNone || !Integer(out long oldIndex) || !Integer(out long oldUniq)) return false;
        Term creator;
        ulong* before = Top;
        if (!Identifier(&creator, *at)) return false;
        Top = before;
        FunEntry* entry = FunTable.FindOrCreate(machine, module, arity, index, uniq, oldIndex, oldUniq);
        if (entry == null) return false;
        Fun* made = (Fun*)Top;
        made->Header = Header.Make(Header.Fun, 1 + free);
        made->Entry = entry;
        Push(Top + Fun.HeaderWords, 0, free, Row);
        Top += Fun.HeaderWords + free;
        *slot = Term.Boxed(made);
        return true;
    }

    private bool Record(Term* slot)
    {
        uint n = EtfBytes.U32(at + 1);
        byte flags = at[5];
        at += 6;
        if (flags > 1) return false;
        Term module = EtfAtoms.Read(ref at, safe), name = module.IsNone ? Term.None : EtfAtoms.Read(ref at, safe);
        if (name.IsNone) return false;
        RecordDefinition* definition = EtfRecords.Define(machine, ref Top, module, name, flags == 1, n, ref at, safe);
        if (definition == null) return false;
        ulong* made = Top;
        made[0] = Header.Make(Header.Record, 1 + n);
        ((Term*)made)[1] = Term.Boxed(definition);
        Top += NativeRecord.HeaderWords + n;
        Push(made + NativeRecord.HeaderWords, (ulong)definition->FieldOrder.TupleElements, n, Fields);
        *slot = Term.Boxed(made);
        return true;
    }
}
