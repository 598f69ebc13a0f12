// The external term format, encoding: byte for byte what OTP 29 writes. Terms that nest go over an explicit stack.
namespace MyBeam.Vm;

using System.Numerics;
using MyBeam.Memory;

/// <summary>The options of term_to_binary/2.</summary>
public struct EtfOptions
{
    /// <summary>0: floats as text, Latin-1 atoms; 1: Latin-1 atoms; 2: as now.</summary>
    public int MinorVersion;
    /// <summary>Maps in the order of their keys.</summary>
    public bool Deterministic;
    /// <summary>For this VM alone: its own identifiers do not name the node, and a hash guards the term.</summary>
    public bool Local;
    /// <summary>zlib's level; -1: zlib's choice; 0: not compressed.</summary>
    public int Level;
    /// <summary>Salt of the hash of local terms, different for each VM.</summary>
    public uint LocalHash;

    /// <summary>Those of term_to_binary/1.</summary>
    public static unsafe EtfOptions Default(Machine* machine)
    {
        EtfOptions o = default;
        o.MinorVersion = 2;
        o.LocalHash = HashOf(machine);
        return o;
    }

    /// <summary>The salt of a VM: its address, which no other has at the same time.</summary>
    public static unsafe uint HashOf(Machine* machine) => (uint)((((ulong)machine >> 4) * 0x9E3779B97F4A7C15) >> 32);
}

/// <summary>A binary that is not copied into the encoded bytes (term_to_iovec): it belongs before the byte at Offset.</summary>
internal struct EtfPiece
{
    public long Offset;
    public Term Binary;
}

/// <summary>Encodes one term.</summary>
internal unsafe struct EtfEncoder
{
    // A frame: two words that depend on the kind, and a count with the kind.
    //   Row     terms in consecutive words
    //   One     the term itself
    //   List    the cell to go on with; where the length of the list is to be written; cells so far
    //   Pairs   the next key; words from a key to its value
    //   Slots   slots of a trie node
    //   Fields  values of a record; where their order is told
    //   FunSize a fun's parts are complete: its size goes to the offset
    //   Free    a block of this many bytes is not needed any more
    //   Bytes   bits left to copy, from a place and a bit there
    private const ulong Row = 0, One = 1, List = 2, Pairs = 3, Slots = 4, Fields = 5, FunSize = 6, Free = 7, Bytes = 8, KindMask = 15;
    private const int CountShift = 4;

    // Bytes of a binary that count as one step, and that are copied in one piece.
    private const long BytesPerStep = 64, PieceOfBinary = 1 << 16;

    private readonly EtfOptions options;
    private readonly bool pieces;
    private WorkStack stack;

    /// <summary>The bytes so far.</summary>
    public EtfWriter Out;

    /// <summary>Binaries left out (only when asked for).</summary>
    public NativeList<EtfPiece> Pieces;

    /// <summary>Bytes in the binaries left out.</summary>
    public long PieceBytes;

    private bool tooLarge;
    private long localHash;

    /// <param name="pieces">Leave large off-heap binaries out of the bytes.</param>
    /// <param name="inline">WorkStack.InlineWords words of the caller's native stack.</param>
    public EtfEncoder(EtfOptions options, bool pieces, ulong* inline)
    {
        this = default;
        this.options = options;
        this.pieces = pieces && !options.Local;
        stack = new WorkStack(inline);
        Out = EtfWriter.Create(256);
    }

    /// <summary>Terms that may still be encoded before Go gives up for a while (a little more at most).</summary>
    public long Steps;

    /// <summary>Begins with a term; Go does the rest.</summary>
    public void Start(Term t)
    {
        if (options.Local)
        {
            Out.Byte(EtfTag.Local);
            localHash = Out.Count;
            Out.Word32(0);
        }
        Encode(t);
    }

    /// <summary>Goes on. True at the end, see <see cref="Finish"/>; false when the steps are used up.</summary>
    public bool Go()
    {
        while (!stack.IsEmpty && !Out.Failed && Steps > 0)
        {
            ulong op = stack.Pop(), extra = stack.Pop();
            Frame(stack.Pop(), extra, op >> CountShift, op & KindMask);
        }
        return stack.IsEmpty || Out.Failed;
    }

    /// <summary>After the last Go. False when memory is out or something in the term is too large for the format; Out is to be freed in any case.</summary>
    public bool Finish()
    {
        Abandon();
        if (options.Local && !Out.Failed)
        {
            byte* first = Out.Start + localHash + 4;
            EtfBytes.Put32(Out.Start + localHash, PortableHash.Block(first, (ulong)(Out.Count - localHash - 4), options.LocalHash));
        }
        return !Out.Failed && !tooLarge;
    }

    /// <summary>Frees everything but Out and Pieces.</summary>
    public void Abandon()
    {
        while (!stack.IsEmpty)
        {
            ulong op = stack.Pop(), extra = stack.Pop(), x = stack.Pop();
            if ((op & KindMask) == Free) Allocator.Free((void*)x, (nuint)extra, Owner.Temporary);
        }
        stack.Free();
    }

    /// <summary>Lets go of the caller's native stack: the encoder is to be moved.</summary>
    public void Detach() => stack.Detach();

    private void Push(void* x, ulong extra, ulong left, ulong kind)
    {
        if (left != 0) stack.Push((ulong)x, extra, (left << CountShift) | kind);
    }

    private void Frame(ulong x, ulong extra, ulong left, ulong kind)
    {
        Steps--;
        switch (kind)
        {
            case Row:
                for (Term* t = (Term*)x; left != 0; t++, left--)
                {
                    if (!t->IsImmediate || --Steps < 0)
                    {
                        Push(t + 1, 0, left - 1, Row);
                        Encode(*t);
                        return;
                    }
                    Encode(*t);
                }
                return;
            case One:
                Encode(new Term(extra));
                return;
            case List:
                Cells(new Term(x), extra, left);
                return;
            case Pairs:
            {
                Term* key = (Term*)x;
                Push(key + 1, extra, left - 1, Pairs);
                Push(null, key[extra].Bits, 1, One);
                Encode(*key);
                return;
            }
            case Slots:
            {
                Term* slot = (Term*)x;
                Push(slot + 1, 0, left - 1, Slots);
                if (slot->IsCons)
                {
                    Push(null, slot->Tail.Bits, 1, One);
                    Encode(slot->Head);
                    return;
                }
                Push(slot->Box + 1, 0, (ulong)Header.Arity(slot->BoxHeader), Slots);
                return;
            }
            case Fields:
                Push((void*)x, extra + 8, left - 1, Fields);
                Encode(((Term*)x)[((Term*)extra)->SmallValue]);
                return;
            case FunSize:
            {
                // Counted from the size itself, and with what a reader will find there: the pieces left out too.
                long from = (long)x;
                EtfBytes.Put32(Out.Start + from, (uint)(Out.Count - from + PieceBytes - (long)extra));
                return;
            }
            case Bytes:
                CopyBits((byte*)x, extra, left);
                return;
            default:
                Allocator.Free((void*)x, (nuint)extra, Owner.Temporary);
                return;
        }
    }

    private void Encode(Term t)
    {
        if (t.IsImmediate)
        {
            if (t.IsSmall) Small(t.SmallValue);
            else if (t.IsAtom) Atom(t);
            else if (t.IsNil) Out.Byte(EtfTag.Nil);
            else if (t.IsLocalPid) Pid(t);
            else Port(t);
            return;
        }
        if (t.IsCons)
        {
            if (!String(t)) StartList(t);
            return;
        }
        ulong* x = t.Box;
        switch (Header.Kind(*x))
        {
            case Header.Tuple:
            {
                long n = Header.Arity(*x);
                if (n <= 255) Out.Tagged8(EtfTag.SmallTuple, (uint)n);
                else Out.Tagged32(EtfTag.LargeTuple, (uint)n);
                Push(x + 1, 0, (ulong)n, Row);
                return;
            }
            case Header.Float:
                Float(t.FloatValue);
                return;
            case Header.PositiveBig:
            case Header.NegativeBig:
                Big(t.BigDigits, t.BigLength, t.BigNegative);
                return;
            case Header.HeapBits:
            case Header.SubBits:
                Bits(t);
                return;
            case Header.FlatMap:
            case Header.HashMap:
                Map(t);
                return;
            case Header.Fun:
                LocalFunction(t);
                return;
            case Header.ExportFun:
            {
                ExportName* e = ((ExportFun*)x)->Export;
                Out.Byte(EtfTag.Export);
                Atom(e->Module);
                Atom(e->Function);
                Small(e->Arity);
                return;
            }
            case Header.Record:
                Record(t);
                return;
            default:
                if (t.IsReference) Reference(t);
                else if (t.IsPid) Pid(t);
                else Port(t);
                return;
        }
    }

    private void Small(long value)
    {
        if ((ulong)value < 256)
        {
            Out.Tagged8(EtfTag.SmallInteger, (uint)value);
        }
        else if (value == (int)value)
        {
            Out.Tagged32(EtfTag.Integer, (uint)value);
        }
        else
        {
            ulong digit = value < 0 ? 0UL - (ulong)value : (ulong)value;
            Big(&digit, 1, value < 0);
        }
    }

    private void Big(ulong* digits, long count, bool negative)
    {
        long bytes = (count * 8) - (BitOperations.LeadingZeroCount(digits[count - 1]) / 8);
        if (bytes < 256) Out.Tagged8(EtfTag.SmallBig, (uint)bytes);
        else Out.Tagged32(EtfTag.LargeBig, (uint)bytes);
        Out.Byte(negative ? (byte)1 : (byte)0);
        Out.Bytes((byte*)digits, bytes);
    }

    private void Float(double d)
    {
        if (options.MinorVersion > 0)
        {
            Out.Byte(EtfTag.Float);
            Out.Word64(System.BitConverter.DoubleToUInt64Bits(d));
            return;
        }
        byte* text = stackalloc byte[FloatText.MaxText];
        int n = FloatText.FormatScientific(d, 20, text);
        byte* p = Out.Take(32);
        if (p == null) return;
        *p = EtfTag.OldFloat;
        for (int i = 0; i < 31; i++) p[1 + i] = i < n ? text[i] : (byte)0;
    }

    private void Atom(Term atom)
    {
        AtomTable.Entry* e = AtomTable.Get(atom);
        if (options.MinorVersion < 2 && Latin1(e)) return;
        if (e->Bytes <= 255) Out.Tagged8(EtfTag.SmallAtomUtf8, e->Bytes);
        else Out.Tagged16(EtfTag.AtomUtf8, e->Bytes);
        Out.Bytes(e->Text, e->Bytes);
    }

    // Old versions write atoms in Latin-1 when that has all their characters.
    private bool Latin1(AtomTable.Entry* e)
    {
        for (int i = 0; i < e->Bytes; i++)
            if (e->Text[i] > 0xC3) return false;
        Out.Tagged16(EtfTag.AtomLatin1, e->Characters);
        byte* p = Out.Take(e->Characters);
        if (p == null) return true;
        for (int i = 0; i < e->Bytes; i++)
        {
            byte c = e->Text[i];
            *p++ = c < 0x80 ? c : (byte)((c << 6) | (e->Text[++i] & 0x3F));
        }
        return true;
    }

    private bool String(Term list)
    {
        int n = 0;
        Term t = list;
        for (; t.IsCons && t.Head.IsSmall && (ulong)t.Head.SmallValue < 256; t = t.Tail)
            if (++n > EtfTag.MaxString) return false;
        if (!t.IsNil) return false;
        Out.Tagged16(EtfTag.String, (uint)n);
        byte* p = Out.Take(n);
        if (p == null) return true;
        for (t = list; t.IsCons; t = t.Tail) *p++ = (byte)t.Head.SmallValue;
        return true;
    }

    private void StartList(Term list)
    {
        Out.Byte(EtfTag.List);
        long length = Out.Count;
        Out.Word32(0);
        Cells(list, (ulong)length, 0);
    }

    // Encodes heads up to one that nests; at the end writes the number of cells where it belongs, and the tail.
    private void Cells(Term t, ulong length, ulong count)
    {
        while (t.IsCons)
        {
            Term head = t.Head;
            t = t.Tail;
            count++;
            if (!head.IsImmediate || --Steps < 0)
            {
                stack.Push(t.Bits, length, (count << CountShift) | List);
                Encode(head);
                return;
            }
            Encode(head);
            if (Out.Failed) return;
        }
        if (count > uint.MaxValue) tooLarge = true;
        EtfBytes.Put32(Out.Start + length, (uint)count);
        Encode(t);
    }

    private void Map(Term t)
    {
        ulong* x = t.Box;
        ulong n = (ulong)new Term(x[1]).SmallValue;
        if (n > uint.MaxValue) tooLarge = true;
        Out.Tagged32(EtfTag.Map, (uint)n);
        if (n == 0) return;
        if (options.Deterministic)
        {
            Sorted(t, (long)n);
            return;
        }
        if (Header.Kind(*x) == Header.FlatMap)
        {
            Term* keys = ((FlatMap*)x)->Keys.TupleElements;
            Push(keys, (ulong)(FlatMap.Values((FlatMap*)x) - keys), n, Pairs);
            return;
        }
        Push(x + HashMap.HeaderWords, 0, (ulong)BitOperations.PopCount((uint)Header.Extra(*x)), Slots);
    }

    private void Sorted(Term map, long n)
    {
        // The second half is room for sorting.
        nuint bytes = (nuint)n * 32;
        Term* pairs = (Term*)Allocator.Alloc(bytes, Owner.Temporary);
        if (pairs == null)
        {
            tooLarge = true;
            return;
        }
        Term* next = pairs;
        ulong* x = map.Box;
        if (Header.Kind(*x) == Header.FlatMap)
        {
            Term* keys = ((FlatMap*)x)->Keys.TupleElements, values = FlatMap.Values((FlatMap*)x);
            for (long i = 0; i < n; i++)
            {
                *next++ = keys[i];
                *next++ = values[i];
            }
        }
        else
        {
            Collect((Term*)(x + HashMap.HeaderWords), BitOperations.PopCount((uint)Header.Extra(*x)), ref next);
        }
        TermOrder.Sort(pairs, n, pairs + (2 * n));
        stack.Push((ulong)pairs, bytes, Free);
        Push(pairs, 0, (ulong)n * 2, Row);
    }

    // The depth of a trie is bounded by the bits of the hash.
    private static void Collect(Term* slots, int count, ref Term* next)
    {
        for (; count > 0; count--, slots++)
        {
            if (slots->IsCons)
            {
                *next++ = slots->Head;
                *next++ = slots->Tail;
            }
            else
            {
                Collect((Term*)(slots->Box + 1), (int)Header.Arity(slots->BoxHeader), ref next);
            }
        }
    }

    private void Bits(Term t)
    {
        Bitstring.Open(t, out byte* data, out ulong offset, out ulong bits);
        ulong bytes = (bits + 7) >> 3;
        uint rest = (uint)(bits & 7);
        if (bytes > uint.MaxValue)
        {
            tooLarge = true;
            return;
        }
        Out.Tagged32(rest == 0 ? EtfTag.Binary : EtfTag.BitBinary, (uint)bytes);
        if (rest != 0) Out.Byte((byte)rest);
        if (pieces && rest == 0 && offset == 0 && bytes > HeapBits.MaxBytes && Header.Kind(t.BoxHeader) == Header.SubBits)
        {
            EtfPiece piece;
            piece.Offset = Out.Count;
            piece.Binary = t;
            if (Pieces.Add(piece, Owner.Temporary))
            {
                PieceBytes += (long)bytes;
                return;
            }
        }
        CopyBits(data, offset, bits);
    }

    // A large binary goes over the stack piece by piece.
    private void CopyBits(byte* data, ulong offset, ulong bits)
    {
        ulong now = bits;
        if (bits > PieceOfBinary * 8)
        {
            now = PieceOfBinary * 8;
            Push(data + PieceOfBinary, offset, bits - now, Bytes);
        }
        long bytes = (long)((now + 7) >> 3);
        Steps -= bytes / BytesPerStep;
        byte* p = Out.Take(bytes);
        if (p != null) Bitstring.Copy(data, offset, now, p);
    }

    private void Node(Term identifier, out uint creation)
    {
        creation = 0;
        if (Identifiers.IsExternal(identifier))
        {
            Atom(Identifiers.External(identifier)->Node);
            creation = (uint)Identifiers.External(identifier)->Creation;
        }
        else if (options.Local)
        {
            Out.Byte(EtfTag.Nil);
        }
        else
        {
            Atom(Am.NonodeNohost);
        }
    }

    private void Pid(Term pid)
    {
        Out.Byte(EtfTag.NewPid);
        Node(pid, out uint creation);
        Out.Word32(Identifiers.PidNumber(pid));
        Out.Word32(Identifiers.PidSerial(pid));
        Out.Word32(creation);
    }

    private void Port(Term port)
    {
        Out.Byte(EtfTag.V4Port);
        Node(port, out uint creation);
        Out.Word64(Identifiers.PortNumber(port));
        Out.Word32(creation);
    }

    private void Reference(Term reference)
    {
        uint* numbers = stackalloc uint[Identifiers.MaxRefNumbers];
        int count = Identifiers.Numbers(reference, numbers);
        Out.Tagged16(EtfTag.NewerReference, (uint)count);
        Node(reference, out uint creation);
        Out.Word32(creation);
        for (int i = 0; i < count; i++) Out.Word32(numbers[i]);
    }

    private void LocalFunction(Term t)
    {
        Fun* f = (Fun*)t.Box;
        FunEntry* e = (FunEntry*)f->Entry;
        uint free = (uint)Fun.FreeCount(f);
        Out.Byte(EtfTag.Fun);
        stack.Push((ulong)Out.Count, (ulong)PieceBytes, FunSize);
        Out.Word32(0);
        Out.Byte((byte)e->Arity);
        Out.Bytes(e->Uniq, 16);
        Out.Word32((uint)e->Index);
        Out.Word32(free);
        Atom(e->Module);
        // The old index, which has been the same as the index since funs have unique hashes.
        Small(e->Index);
        Small(e->OldUniq);
        // The creator: for reasons of history always the first process.
        Pid(Term.Pid(0));
        Push(Fun.Env(f), 0, free, Row);
    }

    private void Record(Term t)
    {
        RecordDefinition* d = RecordDefinition.Of(t);
        Term* keys = RecordDefinition.Keys(d), order = d->FieldOrder.TupleElements;
        long n = RecordDefinition.Fields(t);
        Out.Tagged32(EtfTag.Record, (uint)n);
        Out.Byte(d->IsExported == Am.True ? (byte)1 : (byte)0);
        Atom(d->Module);
        Atom(d->Name);
        for (long i = 0; i < n; i++) Atom(keys[order[i].SmallValue]);
        Push(RecordDefinition.Values(t), (ulong)order, (ulong)n, Fields);
    }
}
