// The internal hash of terms: where a key goes in a large map or a table. Free to choose, but it must not depend on addresses or atom numbers, because
// the order in which a program sees a large map follows from it and must be the same in every run.
namespace MyBeam.Memory;

using System.Numerics;
using System.Runtime.CompilerServices;

/// <summary>Hashes for maps and tables.</summary>
public static unsafe class TermHash
{
    private const ulong K1 = 0x9E3779B97F4A7C15, K2 = 0xC2B2AE3D27D4EB4F;
    // Salts that keep terms of different types apart.
    private const ulong SmallSalt = 1, AtomSalt = 2, PidSalt = 3, PortSalt = 4, NilSalt = 5, ListSalt = 6, TupleSalt = 7, MapSalt = 8, BitsSalt = 9, BigSalt = 10,
        FloatSalt = 11, RefSalt = 12, FunSalt = 13, ExportSalt = 14, RecordSalt = 15, ExternalSalt = 16, TailSalt = 17;
    // What is on the stack besides terms; headers, so no term looks like them.
    private const ulong EndOfPair = 0x04, EndOfMap = 0x08;

    /// <summary>
    /// A well mixed hash of 32 bits; the same for terms that are =:= (0.0 and -0.0 differ). Another <paramref name="seed"/> gives another, independent
    /// hash of the same term: a map uses 0 first and counts up when two keys have all bits in common.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Internal(Term key, uint seed)
    {
        ulong h = seed * K2;
        if (key.IsSmall) return Finish(Step(h, (key.Bits & ~Term.ImmediateMask) | SmallSalt));
        if (key.IsAtom) return Finish(Atom(h, key));
        return Finish(Walk(h, key));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Step(ulong h, ulong word)
    {
        h = (h ^ word) * K1;
        return h ^ (h >> 29);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Finish(ulong h)
    {
        h *= K2;
        h ^= h >> 32;
        return (uint)h;
    }

    // By all of the text: OTP's hash of it has 32 bits, and not even short names are without collisions there.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Atom(ulong h, Term t)
    {
        AtomTable.Entry* e = AtomTable.Get(t);
        h = Step(h ^ ((((ulong)e->Bytes << 5) | AtomSalt) * K2), e->Prefix);
        return e->Bytes <= 8 ? h : Text(h, e->Text, e->Bytes);
    }

    // The bytes after the first eight; the last word overlaps what came before.
    private static ulong Text(ulong h, byte* text, int bytes)
    {
        for (int i = 8; i < bytes; i += 8) h = Step(h, Unsafe.ReadUnaligned<ulong>(text + (i + 8 <= bytes ? i : bytes - 8)));
        return h;
    }

    private static ulong Immediate(ulong h, Term t)
    {
        if (t.IsSmall) return Step(h, (t.Bits & ~Term.ImmediateMask) | SmallSalt);
        if (t.IsAtom) return Atom(h, t);
        if (t.IsLocalPid) return Step(h, (t.PidData << 5) | PidSalt);
        if (t.IsLocalPort) return Step(h, (t.PidData << 5) | PortSalt);
        return Step(h, NilSalt);
    }

    private static ulong Walk(ulong h, Term t)
    {
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        WorkStack stack = new(inline);
        // Every pair of a map is hashed from here, so that another seed gives other hashes in there too.
        ulong start = h, sum = 0;
        for (; ; )
        {
            if (t.IsCons)
            {
                h = Step(h, ListSalt);
                while (t.IsCons && t.Head.IsImmediate)
                {
                    h = Immediate(h, t.Head);
                    t = t.Tail;
                }
                // A tail must not look like one more element.
                if (t.IsCons)
                {
                    stack.Push(t.Tail.Bits);
                    t = t.Head;
                }
                else if (!t.IsNil)
                {
                    h = Step(h, TailSalt);
                }
                continue;
            }
            if (t.IsHeader)
            {
                if (t.Bits == EndOfPair)
                {
                    // The order of pairs must not matter: flat maps store atoms by their number.
                    h *= K2;
                    sum += (h ^ (h >> 32)) * K1;
                    h = start;
                }
                else
                {
                    h = Step(stack.Pop(), sum);
                    sum = stack.Pop();
                }
            }
            else if (t.IsImmediate)
            {
                h = Immediate(h, t);
            }
            else
            {
                h = Boxed(ref stack, ref sum, start, h, t);
            }
            if (stack.IsEmpty) break;
            t = new Term(stack.Pop());
        }
        stack.Free();
        return h;
    }

    private static ulong Boxed(ref WorkStack stack, ref ulong sum, ulong start, ulong h, Term t)
    {
        ulong* x = t.Box;
        long n = Header.Arity(*x);
        switch (Header.Kind(*x))
        {
            case Header.Tuple:
                for (long i = n; i > 0; i--) stack.Push(x[i]);
                return Step(h, ((ulong)n << 5) | TupleSalt);
            case Header.Record:
            {
                RecordDefinition* d = RecordDefinition.Of(t);
                Term* order = d->FieldOrder.TupleElements, values = RecordDefinition.Values(t);
                for (long i = RecordDefinition.Fields(t) - 1; i >= 0; i--) stack.Push(values[order[i].SmallValue].Bits);
                return Step(h, ((ulong)d->Hash.SmallValue << 5) | RecordSalt);
            }
            case Header.PositiveBig:
            case Header.NegativeBig:
                h = Step(h, (*x << 5) | BigSalt);
                for (long i = 1; i <= n; i++) h = Step(h, x[i]);
                return h;
            case Header.Float:
                return Step(Step(h, FloatSalt), x[1]);
            case Header.Reference:
            case Header.MagicRef:
                return Step(Step(Step(h, RefSalt), x[1]), x[2]);
            case Header.ExternalThing:
                return External(h, t);
            case Header.Fun:
            {
                FunName* name = (FunName*)((Fun*)x)->Entry;
                h = Immediate(Step(h, FunSalt), name->Module);
                h = Step(h, (ulong)name->Index | ((ulong)name->OldUniq << 32));
                for (long i = n; i > 1; i--) stack.Push(x[i]);
                return h;
            }
            case Header.ExportFun:
            {
                ExportName* name = ((ExportFun*)x)->Export;
                return Step(Immediate(Immediate(Step(h, ExportSalt), name->Module), name->Function), (ulong)name->Arity);
            }
            case Header.HeapBits:
            case Header.SubBits:
                return Bits(h, t);
            case Header.FlatMap:
            {
                FlatMap* map = (FlatMap*)x;
                Term* keys = map->Keys.TupleElements, values = FlatMap.Values(map);
                long size = map->Size.SmallValue;
                StartMap(ref stack, ref sum, h, size);
                for (long i = 0; i < size; i++)
                {
                    stack.Push(EndOfPair);
                    stack.Push(values[i].Bits, keys[i].Bits);
                }
                return start;
            }
            case Header.HashMap:
                StartMap(ref stack, ref sum, h, ((HashMap*)x)->Size.SmallValue);
                PushSlots(ref stack, x + HashMap.HeaderWords, *x);
                return start;
            default: // HashNode
                PushSlots(ref stack, x + 1, *x);
                return h;
        }
    }

    // The state of what encloses the map waits on the stack; each pair starts anew.
    private static void StartMap(ref WorkStack stack, ref ulong sum, ulong h, long size)
    {
        stack.Push(sum);
        stack.Push(Step(h, ((ulong)size << 5) | MapSalt), EndOfMap);
        sum = 0;
    }

    private static void PushSlots(ref WorkStack stack, ulong* slots, ulong header)
    {
        for (int n = BitOperations.PopCount((uint)Header.Extra(header)); n > 0; n--)
        {
            Term s = new(*slots++);
            if (s.IsCons)
            {
                stack.Push(EndOfPair);
                stack.Push(s.Tail.Bits, s.Head.Bits);
            }
            else
            {
                stack.Push(s.Bits);
            }
        }
    }

    private static ulong External(ulong h, Term t)
    {
        ExternalThing* e = Identifiers.External(t);
        int kind = Header.Extra(e->Header);
        h = Step(Immediate(Step(h, ((ulong)(uint)kind << 5) | ExternalSalt), e->Node), e->Creation);
        if (kind != Term.ExternalRef) return Step(h, e->Data[0]);
        // References that differ only in zeros at the end are equal.
        uint* numbers = stackalloc uint[Identifiers.MaxRefNumbers];
        int count = Identifiers.Numbers(t, numbers);
        while (count > 0 && numbers[count - 1] == 0) count--;
        for (int i = 0; i < count; i++) h = Step(h, numbers[i]);
        return h;
    }

    private static ulong Bits(ulong h, Term t)
    {
        Bitstring.Open(t, out byte* data, out ulong offset, out ulong bits);
        h = Step(h, (bits << 5) | BitsSalt);
        if (offset == 0)
        {
            for (; bits >= 64; bits -= 64, data += 8) h = Step(h, Unsafe.ReadUnaligned<ulong>(data));
        }
        else
        {
            ulong word = 0;
            for (; bits >= 64; bits -= 64, data += 8)
            {
                Bitstring.Copy(data, offset, 64, (byte*)&word);
                h = Step(h, word);
            }
        }
        if (bits == 0) return h;
        ulong rest = 0;
        Bitstring.Copy(data, offset, bits, (byte*)&rest);
        return Step(h, rest);
    }
}
