// erlang:phash/2: the older of the two portable hashes, byte by byte.
namespace MyBeam.Memory;

public static unsafe partial class PortableHash
{
    private const uint Prime1 = 268440163, Prime2 = 268439161, Prime3 = 268435459, Prime4 = 268436141, Prime5 = 268438633, Prime6 = 268437017,
        Prime8 = 268437511, Prime9 = 268439627, Prime10 = 268440479, Prime11 = 268440577, Prime12 = 268440581, Prime13 = 268440593, Prime14 = 268440611,
        Prime15 = 268440629;

    // What is on the stack: (term, Tail) the rest of a list; (0, AfterList); (pointer, count << 2 | Row) a row of terms; (arity, AfterTuple / AfterRecord).
    private const ulong Tail = 0, Row = 1, AfterList = 2, After = 3, OpMask = 3;

    /// <summary>All 32 bits of phash; phash/2 takes them modulo the range. <paramref name="work"/>: steps it took.</summary>
    public static uint Phash(Term t, out long work)
    {
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        WorkStack stack = new(inline);
        uint hash = 0;
        work = 0;
        for (; ; )
        {
            work++;
            if (t.IsCons)
            {
                t = Elements(ref stack, ref hash, ref work, t);
                continue;
            }
            hash = t.IsImmediate ? OldImmediate(hash, t) : OldBoxed(ref stack, hash, ref work, t);
            t = Next(ref stack, ref hash);
            if (t.IsNone) break;
        }
        stack.Free();
        return hash;
    }

    // The next term to hash, after what ends here has been counted in; None at the end.
    private static Term Next(ref WorkStack stack, ref uint hash)
    {
        while (!stack.IsEmpty)
        {
            ulong op = stack.Pop(), x = stack.Pop();
            switch (op & OpMask)
            {
                case Tail:
                {
                    Term t = new(x);
                    if (!t.IsCons) stack.Push(0, AfterList);
                    return t;
                }
                case AfterList:
                    hash *= Prime8;
                    break;
                case After:
                    hash = (hash * ((op >> 2) == Header.Record ? Prime15 : Prime9)) + (uint)x;
                    break;
                default:
                {
                    ulong left = op >> 2;
                    if (left == 0) break;
                    stack.Push(x + 8, ((left - 1) << 2) | Row);
                    return *(Term*)x;
                }
            }
        }
        return Term.None;
    }

    // The bytes a list starts with; then its first other element, or its end.
    private static Term Elements(ref WorkStack stack, ref uint hash, ref long work, Term t)
    {
        while (IsByte(t.Head))
        {
            hash = (hash * Prime2) + (uint)t.Head.SmallValue;
            t = t.Tail;
            work++;
            if (t.IsCons) continue;
            stack.Push(0, AfterList);
            return t;
        }
        stack.Push(t.Tail.Bits, Tail);
        return t.Head;
    }

    private static uint Bytes4(uint hash, uint x, uint prime)
    {
        hash = (hash * prime) + (x & 0xFF);
        hash = (hash * prime) + ((x >> 8) & 0xFF);
        hash = (hash * prime) + ((x >> 16) & 0xFF);
        return (hash * prime) + (x >> 24);
    }

    private static uint OldImmediate(uint hash, Term t)
    {
        if (t.IsNil) return (hash * Prime3) + 1;
        if (t.IsAtom) return (hash * Prime1) + AtomTable.Get(t)->Hash;
        if (t.IsLocalPid) return Bytes4(hash, Identifiers.PidNumber(t), Prime5) * Prime6;
        if (t.IsLocalPort) return OldPort(hash, t);
        long value = t.SmallValue;
        ulong m = value < 0 ? 0UL - (ulong)value : (ulong)value;
        hash = Bytes4(hash, (uint)m, Prime2);
        if (m >> 32 != 0) hash = Bytes4(hash, (uint)(m >> 32), Prime2);
        return hash * (value < 0 ? Prime4 : Prime3);
    }

    private static uint OldPort(uint hash, Term t)
    {
        ulong n = Identifiers.PortNumber(t);
        if (n >> 32 != 0) hash = Bytes4(hash, (uint)(n >> 32), Prime11);
        return Bytes4(hash, (uint)n, Prime9) * Prime10;
    }

    private static uint OldBoxed(ref WorkStack stack, uint hash, ref long work, Term t)
    {
        ulong* x = t.Box;
        long n = Header.Arity(*x);
        switch (Header.Kind(*x))
        {
            case Header.Tuple:
            case Header.Record:
                stack.Push((ulong)n, (Header.Kind(*x) << 2) | After);
                stack.Push((ulong)(x + 1), ((ulong)n << 2) | Row);
                return hash;
            case Header.PositiveBig:
            case Header.NegativeBig:
                for (long i = 1; i <= n; i++)
                {
                    hash = Bytes4(hash, (uint)x[i], Prime2);
                    // Half digits are counted, so that 32-bit machines agree.
                    if (i < n || x[i] >> 32 != 0) hash = Bytes4(hash, (uint)(x[i] >> 32), Prime2);
                }
                work += n;
                return hash * (t.BigNegative ? Prime4 : Prime3);
            case Header.Float:
            {
                ulong bits = FloatBits(t);
                return (hash * Prime6) + ((uint)bits ^ (uint)(bits >> 32));
            }
            case Header.Reference:
            case Header.MagicRef:
                return Bytes4(hash, Identifiers.FirstNumber(t), Prime9) * Prime10;
            case Header.ExternalThing:
                return Header.Extra(*x) switch
                {
                    Term.ExternalPid => Bytes4(hash, Identifiers.PidNumber(t), Prime5) * Prime6,
                    Term.ExternalPort => OldPort(hash, t),
                    _ => Bytes4(hash, Identifiers.FirstNumber(t), Prime9) * Prime10,
                };
            case Header.Fun:
            {
                FunName* name = (FunName*)((Fun*)x)->Entry;
                hash = (hash * Prime10) + (uint)(n - 1);
                hash = (hash * Prime1) + AtomTable.Get(name->Module)->Hash;
                hash = (hash * Prime2) + (uint)name->Index;
                hash = (hash * Prime2) + (uint)name->OldUniq;
                stack.Push((ulong)(x + Fun.HeaderWords), ((ulong)(n - 1) << 2) | Row);
                return hash;
            }
            case Header.ExportFun:
            {
                ExportName* name = ((ExportFun*)x)->Export;
                hash = (hash * Prime11) + (uint)name->Arity;
                hash = (hash * Prime1) + AtomTable.Get(name->Module)->Hash;
                return (hash * Prime1) + AtomTable.Get(name->Function)->Hash;
            }
            case Header.HeapBits:
            case Header.SubBits:
                return OldBits(hash, ref work, t);
            default:
            {
                uint map = Phash2(t, out long steps);
                work += steps;
                return (hash * Prime13) + Prime14 + map;
            }
        }
    }

    private static uint OldBits(uint hash, ref long work, Term t)
    {
        Bitstring.Open(t, out byte* data, out ulong offset, out ulong bits);
        ulong bytes = bits >> 3;
        work += (long)(bytes / 8);
        byte one = 0;
        for (ulong i = 0; i < bytes; i++)
        {
            if (offset == 0) one = data[i];
            else Bitstring.Copy(data + i, offset, 8, &one);
            hash = (hash * Prime1) + one;
        }
        int rest = (int)(bits & 7);
        if (rest != 0)
        {
            Bitstring.Copy(data + bytes, offset, (ulong)rest, &one);
            hash = (((hash * Prime1) + ((uint)one >> (8 - rest))) * Prime12) + (uint)rest;
        }
        return (hash * Prime4) + (uint)bytes;
    }
}
