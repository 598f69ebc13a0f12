// erlang:phash2 and erlang:phash: hashes whose values programs store and compare between nodes and releases, so every bit of the algorithms
// (erts: erl_term_hashing.c) is fixed.
namespace MyBeam.Memory;

using System.Numerics;
using System.Runtime.CompilerServices;

/// <summary>The hashes that are the same on every node.</summary>
public static unsafe partial class PortableHash
{
    private const uint Golden = 0x9E3779B9;
    // phash2 salts each kind of term with a multiple of the golden ratio.
    private const uint SaltNil = unchecked(Golden * 2), SaltAtom = unchecked(Golden * 3), SaltString = unchecked(Golden * 4), SaltPid = unchecked(Golden * 5),
        SaltPort = unchecked(Golden * 6), SaltRef = unchecked(Golden * 7), SaltTuple = unchecked(Golden * 9), SaltNegative = unchecked(Golden * 10),
        SaltPositive = unchecked(Golden * 11), SaltFloat = unchecked(Golden * 12), SaltBits = unchecked(Golden * 13), SaltFunction = unchecked(Golden * 14),
        SaltLastBits = unchecked(Golden * 15), SaltMap = unchecked(Golden * 16), SaltPairs = unchecked(Golden * 19), SaltRecord = unchecked(Golden * 23);
    private const uint NilAlone = 3468870702;
    private const ulong EndOfPair = 0x04, EndOfMap = 0x08;

    /// <summary>All 32 bits of phash2; phash2/1 is the lowest 27 of them.</summary>
    public static uint Phash2(Term t) => Phash2(t, out _);

    /// <summary>All 32 bits of phash2. <paramref name="work"/>: steps it took (64 are worth a reduction).</summary>
    [System.Runtime.CompilerServices.SkipLocalsInit]
    public static uint Phash2(Term t, out long work)
    {
        work = 1;
        uint hash = 0;
        if (t.IsAtom) return AtomTable.Get(t)->Hash;
        if (t.IsSmall) return Small(hash, t.SmallValue);
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        Walk walk = new(t, inline);
        walk.Go(long.MaxValue, ref work);
        walk.Free();
        return walk.Hash;
    }

    /// <summary>phash2 of a term, in slices if need be. The term must stay where it is.</summary>
    public struct Walk
    {
        private WorkStack stack;
        private uint hash, pairs;
        private Term at;

        /// <summary>Starts; <paramref name="inline"/>: WorkStack.InlineWords words of the caller's native stack.</summary>
        public Walk(Term t, ulong* inline)
        {
            stack = new WorkStack(inline);
            hash = pairs = 0;
            at = t;
            Done = false;
        }

        /// <summary>Whether the end is reached.</summary>
        public bool Done { get; private set; }

        /// <summary>The 32 bits, when Done.</summary>
        public readonly uint Hash => hash;

        /// <summary>Goes on until <paramref name="work"/>, to which the steps are added, is at least <paramref name="most"/>. A binary is done at one go.</summary>
        public void Go(long most, ref long work)
        {
            // In registers, mostly.
            Term t = at;
            uint h = hash, x = pairs;
            while (work < most)
            {
                work++;
                if (t.IsCons)
                {
                    t = Prefix(ref h, ref work, most, t);
                    if (t.IsCons && !IsByte(t.Head))
                    {
                        stack.Push(t.Tail.Bits);
                        t = t.Head;
                    }
                    continue;
                }
                if (t.IsHeader)
                {
                    if (t.Bits == EndOfPair)
                    {
                        x ^= h;
                        h = 0;
                    }
                    else
                    {
                        h = (uint)stack.Pop();
                        Two(ref h, x, 0, SaltPairs);
                        x = (uint)stack.Pop();
                    }
                }
                else if (t.IsImmediate)
                {
                    h = Immediate(h, t);
                }
                else
                {
                    Boxed(ref stack, ref h, ref x, ref work, t);
                }
                if (stack.IsEmpty)
                {
                    Done = true;
                    break;
                }
                t = new Term(stack.Pop());
            }
            at = t;
            hash = h;
            pairs = x;
        }

        /// <summary>Lets go of the caller's native stack.</summary>
        public void Detach() => stack.Detach();

        /// <summary>Frees what it took.</summary>
        public void Free() => stack.Free();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(ref uint a, ref uint b, ref uint c)
    {
        a -= b; a -= c; a ^= c >> 13;
        b -= c; b -= a; b ^= a << 8;
        c -= a; c -= b; c ^= b >> 13;
        a -= b; a -= c; a ^= c >> 12;
        b -= c; b -= a; b ^= a << 16;
        c -= a; c -= b; c ^= b >> 5;
        a -= b; a -= c; a ^= c >> 3;
        b -= c; b -= a; b ^= a << 10;
        c -= a; c -= b; c ^= b >> 15;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Two(ref uint hash, uint x, uint y, uint salt)
    {
        uint a = salt + x, b = salt + y;
        Mix(ref a, ref b, ref hash);
    }

    private static uint Small(uint hash, long value)
    {
        if (value >= -(1 << 27) && value < 1 << 27)
        {
            int v = (int)value;
            if (v < 0) Two(ref hash, (uint)-v, 0, Golden);
            Two(ref hash, (uint)v, 0, Golden);
        }
        else
        {
            ulong m = value < 0 ? 0UL - (ulong)value : (ulong)value;
            Two(ref hash, (uint)m, (uint)(m >> 32), value < 0 ? SaltNegative : SaltPositive);
        }
        return hash;
    }

    private static uint Immediate(uint hash, Term t)
    {
        if (t.IsSmall) return Small(hash, t.SmallValue);
        if (t.IsAtom)
        {
            uint h = AtomTable.Get(t)->Hash;
            if (hash == 0) return h;
            Two(ref hash, h, 0, SaltAtom);
        }
        else if (t.IsLocalPid)
        {
            Two(ref hash, Identifiers.PidNumber(t), 0, SaltPid);
        }
        else if (t.IsLocalPort)
        {
            ulong n = Identifiers.PortNumber(t);
            Two(ref hash, (uint)n, (uint)(n >> 32), SaltPort);
        }
        else
        {
            if (hash == 0) return NilAlone;
            Two(ref hash, 2, 0, SaltNil);
        }
        return hash;
    }

    private static bool IsByte(Term t) => t.IsSmall && (ulong)t.SmallValue < 256;

    // The bytes at the start of a list, four a step. What follows them: a list that starts with something else, or the end; or, when the work is too much, more
    // bytes from a step on.
    private static Term Prefix(ref uint hash, ref long work, long most, Term t)
    {
        uint word = 0;
        int count = 0;
        while (t.IsCons && IsByte(t.Head))
        {
            word = (word << 8) + (uint)t.Head.SmallValue;
            if (++count == 4)
            {
                Two(ref hash, word, 0, SaltString);
                word = 0;
                count = 0;
                if (work >= most) return t.Tail;
            }
            t = t.Tail;
            work++;
        }
        if (count > 0) Two(ref hash, word, 0, SaltString);
        return t;
    }

    private static void Boxed(ref WorkStack stack, ref uint hash, ref uint pairs, ref long work, Term t)
    {
        ulong* x = t.Box;
        long n = Header.Arity(*x);
        switch (Header.Kind(*x))
        {
            case Header.Tuple:
                Two(ref hash, (uint)n, 0, SaltTuple);
                for (long i = n; i > 0; i--) stack.Push(x[i]);
                break;
            case Header.Record:
            {
                // As in OTP in the order of the atoms' numbers, although these depend on the run.
                RecordDefinition* d = RecordDefinition.Of(t);
                Term* values = RecordDefinition.Values(t);
                Two(ref hash, (uint)(n - 1), (uint)d->Hash.SmallValue, SaltRecord);
                for (long i = n - 2; i >= 0; i--) stack.Push(values[i].Bits);
                break;
            }
            case Header.PositiveBig:
            case Header.NegativeBig:
                for (long i = 1; i <= n; i++)
                    Two(ref hash, (uint)x[i], (uint)(x[i] >> 32), t.BigNegative ? SaltNegative : SaltPositive);
                work += n;
                break;
            case Header.Float:
            {
                ulong bits = FloatBits(t);
                Two(ref hash, (uint)(bits >> 32), (uint)bits, SaltFloat);
                break;
            }
            case Header.Reference:
            case Header.MagicRef:
                Two(ref hash, Identifiers.FirstNumber(t), 0, SaltRef);
                break;
            case Header.ExternalThing:
                External(ref hash, t);
                break;
            case Header.Fun:
            {
                FunName* name = (FunName*)((Fun*)x)->Entry;
                Two(ref hash, (uint)(n - 1), AtomTable.Get(name->Module)->Hash, Golden);
                Two(ref hash, (uint)name->Index, (uint)name->OldUniq, Golden);
                for (long i = n; i > 1; i--) stack.Push(x[i]);
                break;
            }
            case Header.ExportFun:
            {
                ExportName* name = ((ExportFun*)x)->Export;
                Two(ref hash, (uint)name->Arity, AtomTable.Get(name->Module)->Hash, Golden);
                Two(ref hash, AtomTable.Get(name->Function)->Hash, 0, SaltFunction);
                break;
            }
            case Header.HeapBits:
            case Header.SubBits:
                hash = Bits(hash, ref work, t);
                break;
            case Header.FlatMap:
            {
                FlatMap* map = (FlatMap*)x;
                Term* keys = map->Keys.TupleElements, values = FlatMap.Values(map);
                long size = map->Size.SmallValue;
                Two(ref hash, (uint)size, 0, SaltMap);
                if (size == 0) break;
                StartMap(ref stack, ref hash, ref pairs);
                for (long i = 0; i < size; i++)
                {
                    stack.Push(EndOfPair);
                    stack.Push(values[i].Bits, keys[i].Bits);
                }
                break;
            }
            case Header.HashMap:
                Two(ref hash, (uint)((HashMap*)x)->Size.SmallValue, 0, SaltMap);
                StartMap(ref stack, ref hash, ref pairs);
                PushSlots(ref stack, x + HashMap.HeaderWords, *x);
                break;
            default: // HashNode
                PushSlots(ref stack, x + 1, *x);
                break;
        }
    }

    // Each pair is hashed from 0 and the results are joined by xor, so that their order does not matter.
    private static void StartMap(ref WorkStack stack, ref uint hash, ref uint pairs)
    {
        stack.Push(pairs);
        stack.Push(hash, EndOfMap);
        hash = 0;
        pairs = 0;
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

    private static void External(ref uint hash, Term t)
    {
        switch (Header.Extra(t.BoxHeader))
        {
            case Term.ExternalPid:
                Two(ref hash, Identifiers.PidNumber(t), 0, SaltPid);
                break;
            case Term.ExternalPort:
                Two(ref hash, (uint)Identifiers.PortNumber(t), (uint)(Identifiers.PortNumber(t) >> 32), SaltPort);
                break;
            default:
                Two(ref hash, Identifiers.FirstNumber(t), 0, SaltRef);
                break;
        }
    }

    // -0.0 hashes like 0.0.
    private static ulong FloatBits(Term t) => t.FloatValue == 0.0 ? 0 : t.Box[1];

    private static uint Bits(uint hash, ref long work, Term t)
    {
        Bitstring.Open(t, out byte* data, out ulong offset, out ulong bits);
        uint initial = SaltBits + hash;
        if (bits == 0) return initial;
        // Only 32 bits of the size count, as in OTP.
        ulong bytes = (bits >> 3) & 0xFFFFFFFF;
        int rest = (int)(bits & 7);
        byte* copy = null;
        if (offset != 0)
        {
            copy = (byte*)Allocator.Alloc((nuint)(bytes + 1), Owner.Temporary);
            Bitstring.Copy(data, offset, (bytes << 3) + (ulong)rest, copy);
            data = copy;
        }
        work += (long)(bytes / 12);
        hash = Block(data, bytes, initial);
        if (rest != 0) Two(ref hash, (uint)rest, (uint)(data[bytes] >> (8 - rest)), SaltLastBits);
        Allocator.Free(copy, (nuint)(bytes + 1), Owner.Temporary);
        return hash;
    }

    /// <summary>The hash of a block of bytes (Bob Jenkins' lookup2), also used for terms encoded with the option local.</summary>
    public static uint Block(byte* p, ulong length, uint initial)
    {
        uint a = Golden, b = Golden, c = initial;
        ulong left = length;
        for (; left >= 12; left -= 12, p += 12)
        {
            a += Unsafe.ReadUnaligned<uint>(p);
            b += Unsafe.ReadUnaligned<uint>(p + 4);
            c += Unsafe.ReadUnaligned<uint>(p + 8);
            Mix(ref a, ref b, ref c);
        }
        c += (uint)length;
        for (int i = 0; i < (int)left; i++)
        {
            uint v = p[i];
            if (i < 4) a += v << (8 * i);
            else if (i < 8) b += v << (8 * (i - 4));
            else c += v << (8 * (i - 7)); // the lowest byte of c is taken by the length
        }
        Mix(ref a, ref b, ref c);
        return c;
    }
}
