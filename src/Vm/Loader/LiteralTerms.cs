// Literals of a module: external terms and large integers of its code, as terms in the literal area.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Makes terms that live in literal memory.</summary>
public static unsafe class LiteralTerms
{
    /// <summary>
    /// Makes integers of the code that are no smalls into literals: operand I becomes Lit, numbered behind the code's large integers. So each is made
    /// once, in the module's room. Gives how many there are; <paramref name="terms"/> is null (only count) or gets them, on this heap.
    /// </summary>
    public static int Wide(GenericCode* code, Heap* heap, Term* terms)
    {
        int n = 0;
        for (int i = 0; i < code->ArgCount; i++)
        {
            GenericArg* a = code->Args + i;
            if (a->Kind != ArgKind.I || Term.FitsSmall(a->Value)) continue;
            if (terms != null)
            {
                ulong* p = Heap.Alloc(heap, 2);
                if (p == null) return -1;
                p[0] = Header.Make(a->Value < 0 ? Header.NegativeBig : Header.PositiveBig, 1);
                p[1] = a->Value < 0 ? 0UL - (ulong)a->Value : (ulong)a->Value;
                terms[n] = Term.Boxed(p);
                a->Kind = ArgKind.Lit;
                a->Value = (long)code->LiteralCount + code->BigCount + n;
            }
            n++;
        }
        return n;
    }

    /// <summary>
    /// Decodes all literals and big integers of the code into the module's literal room. They are built on a heap of their own first and then copied,
    /// so that the room is exactly as large as it must be. False: a literal is damaged (error says which) or memory is out.
    /// </summary>
    public static bool Decode(Machine* m, GenericCode* code, Emitter* e, ModuleLiterals* room, LoadError* error)
    {
        Heap heap;
        if (!Heap.Create(&heap, &m->HeapShared, 233)) return error->Fail(LoadErrorCode.NoMemory, ChunkId.LitT, 0, "no memory for literals"u8);
        bool good = true;
        for (int i = 0; good && i < code->LiteralCount; i++)
        {
            GenericBytes b = code->Literals[i];
            e->Literals[i] = EtfDecoder.DecodeVersioned(&heap, m, b.Data, (nuint)b.Bytes, EtfDecoding.None, 0, out nuint used);
            if (e->Literals[i].IsNone || used != (nuint)b.Bytes) good = error->Fail(LoadErrorCode.BadChunk, ChunkId.LitT, 0, "literal # is not an external term"u8, i);
        }
        for (int i = 0; good && i < code->BigCount; i++)
        {
            if (code->Bigs[i].Bytes <= EtfTag.MaxDigits * 8) e->Bigs[i] = Big(&heap, code->Bigs[i]);
            if (e->Bigs[i].IsNone) good = error->Fail(LoadErrorCode.BadCode, ChunkId.Code, 0, "an integer of # bytes"u8, code->Bigs[i].Bytes);
        }
        if (good && Wide(code, &heap, e->Bigs + code->BigCount) < 0) good = error->Fail(LoadErrorCode.NoMemory, ChunkId.LitT, 0, "no memory for literals"u8);
        int bigs = code->BigCount + e->WideCount;
        long words = 0;
        for (int i = 0; good && i < code->LiteralCount + bigs; i++)
        {
            Term t = i < code->LiteralCount ? e->Literals[i] : e->Bigs[i - code->LiteralCount];
            long n = TermSize.ForCopy(t, null);
            if (n < 0) good = error->Fail(LoadErrorCode.NoMemory, ChunkId.LitT, 0, "no memory for literals"u8);
            words += n;
        }
        if (good && !LiteralArea.AllocModule(&m->Literals, words, room)) good = error->Fail(LoadErrorCode.NoMemory, ChunkId.LitT, 0, "no memory for literals"u8);
        if (good)
        {
            for (int i = 0; i < code->LiteralCount; i++) e->Literals[i] = LiteralArea.Add(room, e->Literals[i]);
            for (int i = 0; i < bigs; i++) e->Bigs[i] = LiteralArea.Add(room, e->Bigs[i]);
        }
        Heap.Destroy(&heap);
        return good;
    }

    // An integer of the code: two's complement, big-endian.
    private static Term Big(Heap* heap, GenericBytes b)
    {
        int digits = (b.Bytes + 7) / 8;
        ulong* p = Heap.Alloc(heap, digits + 1);
        if (p == null) return Term.None;
        bool negative = (b.Data[0] & 0x80) != 0;
        for (int i = 0; i < digits; i++)
        {
            ulong d = 0;
            for (int k = 0; k < 8; k++)
            {
                int at = b.Bytes - 1 - ((i * 8) + k);
                ulong v = at >= 0 ? b.Data[at] : negative ? 0xFFUL : 0;
                d |= v << (8 * k);
            }
            p[1 + i] = d;
        }
        if (negative)
        {
            ulong carry = 1;
            for (int i = 0; i < digits; i++)
            {
                p[1 + i] = ~p[1 + i] + carry;
                carry = carry != 0 && p[1 + i] == 0 ? 1UL : 0;
            }
        }
        int n = digits;
        while (n > 0 && p[n] == 0) n--;
        Heap.Release(heap, p + 1 + n, p + 1 + digits);
        p[0] = Header.Make(negative ? Header.NegativeBig : Header.PositiveBig, n);
        return Term.Boxed(p);
    }

    /// <summary>The shared term of a fun without environment: it lives as long as its entry, that is, as the VM. None: memory is out.</summary>
    public static Term FunWithoutEnvironment(Emitter* e, FunEntry* f)
    {
        ulong* p = e->LoosePieceOf(Fun.HeaderWords, f);
        if (p == null) return Term.None;
        p[0] = Header.Make(Header.Fun, 1);
        p[1] = (ulong)f;
        return Term.Boxed(p);
    }
}
