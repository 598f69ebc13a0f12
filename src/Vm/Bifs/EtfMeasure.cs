// The first pass of decoding: is this a whole term, and how many words does it take? Nothing is believed that the bytes do not back, and deep terms need no
// stack: a count of the terms still to come is enough.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Checks the structure of an encoded term. What it lets pass can be built without looking at the end of the data again.</summary>
internal unsafe struct EtfMeasure
{
    private byte* at;
    private readonly byte* end;
    private readonly uint localHash;
    // Start of a local term's hash and the count of terms to come at which it ends; a local term does not contain another.
    private byte* local;
    private ulong localEnd;
    private ulong terms;

    /// <summary>Upper bound of the words of the term, without the nodes of large maps.</summary>
    public long Words { get; private set; }

    /// <summary>The byte after the term.</summary>
    public readonly byte* After => at;

    public EtfMeasure(byte* data, byte* end, uint localHash)
    {
        this = default;
        at = data;
        this.end = end;
        this.localHash = localHash;
    }

    private readonly bool Has(ulong bytes) => (ulong)(end - at) >= bytes;

    private bool Skip(ulong bytes)
    {
        if (!Has(bytes)) return false;
        at += bytes;
        return true;
    }

    /// <summary>Runs over one term. False when it is cut or malformed.</summary>
    public bool Run()
    {
        long steps = long.MaxValue;
        Start();
        return Go(ref steps);
    }

    /// <summary>Whether Go has reached the end of the term.</summary>
    public readonly bool Done => terms == 0;

    /// <summary>Before Go.</summary>
    public void Start() => terms = 1;

    /// <summary>Goes on for so many parts of the term. False when it is cut or malformed.</summary>
    public bool Go(ref long steps)
    {
        for (; terms != 0 && steps > 0; steps--)
        {
            if (!Has(1) || !One()) return false;
            terms--;
            if (local != null && terms == localEnd)
            {
                byte* first = local + 4;
                if (at == first || PortableHash.Block(first, (ulong)(at - first), localHash) != EtfBytes.U32(local)) return false;
                local = null;
            }
        }
        return true;
    }

    // A term has at least one byte, so a count beyond the bytes left is a lie.
    private bool More(ulong count)
    {
        if (!Has(count)) return false;
        terms += count;
        return true;
    }

    private bool One()
    {
        byte tag = *at;
        switch (tag)
        {
            case EtfTag.AtomLatin1 or EtfTag.SmallAtomLatin1 or EtfTag.AtomUtf8 or EtfTag.SmallAtomUtf8:
                return Atom();
            case EtfTag.SmallInteger:
            case EtfTag.Integer:
            case EtfTag.SmallBig:
                return Integer();
            case EtfTag.LargeBig:
            {
                if (!Has(5)) return false;
                ulong n = EtfBytes.U32(at + 1);
                if (!Skip(6 + n)) return false;
                Words += 1 + (long)((n + 7) / 8);
                return true;
            }
            case EtfTag.Float:
                Words += 2;
                return Skip(9);
            case EtfTag.OldFloat:
                Words += 2;
                return Skip(32);
            case EtfTag.Nil:
                at++;
                return true;
            case EtfTag.String:
            {
                if (!Has(3)) return false;
                ulong n = EtfBytes.U16(at + 1);
                Words += 2 * (long)n;
                return Skip(3 + n);
            }
            case EtfTag.List:
            {
                if (!Has(5)) return false;
                ulong n = EtfBytes.U32(at + 1);
                at += 5;
                Words += 2 * (long)n;
                return More(n + 1);
            }
            case EtfTag.SmallTuple:
            {
                if (!Has(2)) return false;
                ulong n = at[1];
                at += 2;
                Words += 1 + (long)n;
                return More(n);
            }
            case EtfTag.LargeTuple:
            {
                if (!Has(5)) return false;
                ulong n = EtfBytes.U32(at + 1);
                at += 5;
                // OTP: ERTS_MAX_TUPLE_SIZE, 24 bits.
                if (n >= 1 << 24) return false;
                Words += 1 + (long)n;
                return More(n);
            }
            case EtfTag.Map:
            {
                if (!Has(5)) return false;
                ulong n = EtfBytes.U32(at + 1);
                at += 5;
                if (n <= FlatMap.MaxSize) Words += 1 + FlatMap.HeaderWords + (2 * (long)n);
                return More(2 * n);
            }
            case EtfTag.Binary:
            case EtfTag.BitBinary:
            {
                ulong head = tag == EtfTag.Binary ? 5u : 6u;
                if (!Has(head)) return false;
                ulong n = EtfBytes.U32(at + 1);
                if (tag == EtfTag.BitBinary && (n == 0 || at[5] < 1 || at[5] > 8)) return false;
                Words += n <= HeapBits.MaxBytes ? HeapBits.Words(n * 8) : Binaries.OffHeapWords;
                return Skip(head + n);
            }
            case EtfTag.Export:
                at++;
                Words += ExportFun.Words;
                return Atom() && Atom() && Integer();
            case EtfTag.Fun:
                return FunHead();
            case EtfTag.Pid:
            case EtfTag.NewPid:
                at++;
                Words += Identifiers.ExternalWords;
                return Node() && Skip(tag == EtfTag.Pid ? 9u : 12u);
            case EtfTag.Port:
            case EtfTag.NewPort:
            case EtfTag.V4Port:
                at++;
                Words += Identifiers.ExternalWords;
                return Node() && Skip(tag == EtfTag.Port ? 5u : tag == EtfTag.NewPort ? 8u : 12u);
            case EtfTag.Reference:
                at++;
                Words += Identifiers.ExternalRefWords(1);
                return Node() && Skip(5);
            case EtfTag.NewReference:
            case EtfTag.NewerReference:
            {
                if (!Has(3)) return false;
                uint n = EtfBytes.U16(at + 1);
                at += 3;
                if (n == 0 || n > Identifiers.MaxRefNumbers) return false;
                Words += Identifiers.ExternalRefWords((int)n);
                return Node() && Skip((tag == EtfTag.NewReference ? 1u : 4u) + (4 * n));
            }
            case EtfTag.Local:
                if (local != null || !Has(5)) return false;
                local = at + 1;
                localEnd = terms - 1;
                at += 5;
                terms++;
                return true;
            case EtfTag.Record:
            {
                if (!Has(6)) return false;
                ulong n = EtfBytes.U32(at + 1);
                at += 6;
                if (!Has(n) || !Atom() || !Atom()) return false;
                for (ulong i = 0; i < n; i++)
                    if (!Atom()) return false;
                Words += 1 + RecordDefinition.HeaderWords + NativeRecord.HeaderWords + (3 * (long)n);
                return More(n);
            }
            default:
                return false;
        }
    }

    private bool FunHead()
    {
        // Tag, size, arity, unique hash, index, number of free variables. The size is not looked at, as OTP does (old releases wrote wrong ones).
        if (!Has(30)) return false;
        ulong free = EtfBytes.U32(at + 26);
        at += 30;
        if (free > EtfTag.MaxFree || !Atom() || !Integer() || !Integer() || !Has(1)) return false;
        // The pid of the process that made it, which is not kept.
        byte tag = *at;
        if (tag != EtfTag.Pid && tag != EtfTag.NewPid) return false;
        if (!One()) return false;
        Words += Fun.HeaderWords + (long)free;
        return More(free);
    }

    private bool Atom()
    {
        if (!Has(2)) return false;
        switch (*at)
        {
            case EtfTag.SmallAtomUtf8:
            case EtfTag.SmallAtomLatin1:
                return Skip(2u + at[1]);
            case EtfTag.AtomUtf8:
            case EtfTag.AtomLatin1:
                return Has(3) && Skip(3 + EtfBytes.U16(at + 1));
            default:
                return false;
        }
    }

    // The node of an identifier: an atom, or [] for this node inside a local term.
    private bool Node()
    {
        if (local == null || !Has(1) || *at != EtfTag.Nil) return Atom();
        at++;
        return true;
    }

    private bool Integer()
    {
        if (!Has(2)) return false;
        switch (*at)
        {
            case EtfTag.SmallInteger: return Skip(2);
            case EtfTag.Integer: return Skip(5);
            case EtfTag.SmallBig:
                Words += 1 + ((at[1] + 7) / 8);
                return Skip(3u + at[1]);
            default: return false;
        }
    }
}
