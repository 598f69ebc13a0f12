// Maps: matching, building, updating, and the guard BIFs on them. What is known when the code is loaded (RuleHooksMaps.cs) is in the instruction: the hash
// of a constant key, constant keys in the order of flat maps, the row of keys of a map that is built from nothing.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;

public static unsafe partial class Ops
{
    /// <summary>The register that a tagged operand word (Emitter.OperandWord) names.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Term* Target(ulong word, Term* E, Context* C) => (Term*)(((word & 4) != 0 ? (byte*)E : (byte*)C) + (word >> 3));

    // Methods here that end in a jump are not marked NoInlining: the compiler makes no tail call in a method that is (CORINFO_FLG_DONT_INLINE_CALLER).

    /// <summary>Maps.Find out of line.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Term FindInMap(Term map, Term key) => Maps.Find(map, key);

    // -- matching: an is_map test was before --

    // get_map_elements of one immediate key: slots 0: S, 1: D, label; I[2]: key, I[3]: its hash
    public static long GetMapElement<TS, TD>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TD : struct, ITarget
    {
        FlatMap* m = (FlatMap*)TS.Get(I, E, C, 0, 0).Box;
        if (Header.Kind(m->Header) != Header.FlatMap) return GetTrieElement<TS, TD>(I, E, H, C);
        Term* at = m->Keys.TupleElements;
        Term* end = at + m->Size.SmallValue;
        // From a key to its value: one register for two, so that nothing needs saving.
        long toValue = (byte*)FlatMap.Values(m) - (byte*)at;
        ulong key = I[2];
        for (; at < end; at++)
        {
            if (at->Bits != key) continue;
            TD.Set(I, E, C, 1, *(Term*)((byte*)at + toValue));
            return Next(I + 4, E, H, C);
        }
        return Jump(I, E, H, C);
    }

    private static long GetTrieElement<TS, TD>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TD : struct, ITarget
    {
        Term value = Maps.FindInTrie(TS.Get(I, E, C, 0, 0).Box, new Term(I[2]), (uint)I[3]);
        if (value.IsNone) return Jump(I, E, H, C);
        TD.Set(I, E, C, 1, value);
        return Next(I + 4, E, H, C);
    }

    // get_map_elements of one key of any kind: slots 0: S, 1: key, label, 4: D
    public static long GetMapElementAny<TS, TK, TD>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TK : struct, IOperand where TD : struct, ITarget
    {
        Term value = FindInMap(TS.Get(I, E, C, 0, 0), TK.Get(I, E, C, 1, 3));
        if (value.IsNone) return Jump(I, E, H, C);
        TD.Set(I, E, C, 4, value);
        return Next(I + 3 + TK.Wide, E, H, C);
    }

    // get_map_elements of immediate keys in the order of flat maps: slot 0: S, label; I[2]: count; then key, hash, tagged target word each
    public static long GetMapElements<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        FlatMap* m = (FlatMap*)TS.Get(I, E, C, 0, 0).Box;
        if (Header.Kind(m->Header) != Header.FlatMap) return GetTrieElements<TS>(I, E, H, C);
        Term* keys = m->Keys.TupleElements;
        Term* end = keys + m->Size.SmallValue;
        Term* key = keys;
        ulong* at = I + 3;
        ulong* last = at + (I[2] * 3);
        for (; at < last; at += 3)
        {
            // Both are in the same order: a key that does not follow is not there.
            while (key < end && key->Bits != at[0]) key++;
            if (key == end) return Jump(I, E, H, C);
            *Target(at[2], E, C) = FlatMap.Values(m)[key - keys];
            key++;
        }
        return Next(last, E, H, C);
    }

    private static long GetTrieElements<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        ulong* m = TS.Get(I, E, C, 0, 0).Box;
        ulong* at = I + 3;
        ulong* last = at + (I[2] * 3);
        for (; at < last; at += 3)
        {
            Term value = Maps.FindInTrie(m, new Term(at[0]), (uint)at[1]);
            if (value.IsNone) return Jump(I, E, H, C);
            *Target(at[2], E, C) = value;
        }
        return Next(last, E, H, C);
    }

    // get_map_elements of several keys of any kind: slot 0: S, label; I[2]: count; then tagged key operand, tagged target word each
    public static long GetMapElementsAny<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        Term map = TS.Get(I, E, C, 0, 0);
        ulong* at = I + 3;
        ulong* last = at + (I[2] * 2);
        for (; at < last; at += 2)
        {
            Term value = FindInMap(map, Operand(at[0], E, C));
            if (value.IsNone) return Jump(I, E, H, C);
            *Target(at[1], E, C) = value;
        }
        return Next(last, E, H, C);
    }

    // has_map_fields of one key: slots 0: S, 1: key, label
    public static long HasMapField<TS, TK>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TK : struct, IOperand
    {
        if (FindInMap(TS.Get(I, E, C, 0, 0), TK.Get(I, E, C, 1, 2)).IsNone) return Jump(I, E, H, C);
        return Next(I + 2 + TK.Wide, E, H, C);
    }

    // -- building --

    // put_map_assoc on #{} with immediate keys: slots 0: D, 1: live; I[2]: count, I[3]: the row of keys (a literal), then tagged operands
    public static long NewMap<TD>(ulong* I, Term* E, Term* H, Context* C) where TD : struct, ITarget
    {
        long n = (long)I[2];
        if (!Fits(E, H, FlatMap.HeaderWords + n)) return RetryAfterGc(I, E, H, C, FlatMap.HeaderWords + n, ((ushort*)I)[5]);
        H[0] = new Term(Header.Make(Header.FlatMap, FlatMap.HeaderWords - 1 + n));
        H[1] = Term.Small(n);
        H[2] = new Term(I[3]);
        ulong* at = I + 4;
        Term* to = H + FlatMap.HeaderWords;
        ulong* end = at + n;
        while (at < end) *to++ = Operand(*at++, E, C);
        TD.Set(I, E, C, 0, Term.Boxed(H));
        return Next(end, E, to, C);
    }

    // put_map_assoc: slots 0: S, 1: D, 2: live; I[2 (+1)]: fail; then count, then tagged key and value operands
    public static long PutMapAssoc<TS, TD>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TD : struct, ITarget
    {
        Save(C, I, E, H);
        ulong* at = I + 3 + TS.Wide;
        Term map = PutPairs(at, E, C, TS.Get(I, E, C, 0, 2), false);
        if (map.IsNone) return PutMapFailed(I, E, C, (long)I[2 + TS.Wide]);
        return StoreAfterNative(at + 1 + (*at * 2), E, C, TD.Address(I, E, C, 1), map, ((ushort*)I)[6]);
    }

    // put_map_exact: as put_map_assoc
    public static long PutMapExact<TS, TD>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TD : struct, ITarget
    {
        Save(C, I, E, H);
        ulong* at = I + 3 + TS.Wide;
        Term map = PutPairs(at, E, C, TS.Get(I, E, C, 0, 2), true);
        if (map.IsNone) return PutMapFailed(I, E, C, (long)I[2 + TS.Wide]);
        return StoreAfterNative(at + 1 + (*at * 2), E, C, TD.Address(I, E, C, 1), map, ((ushort*)I)[6]);
    }

    private static long PutMapFailed(ulong* I, Term* E, Context* C, long fail)
    {
        Process* p = C->Process;
        if (fail == 0) return Exceptions.Handle(I, E, (Term*)p->Heap.Top, C);
        p->Fail = FailKind.None;
        return Next(I + fail, E, (Term*)p->Heap.Top, C);
    }

    // Pairs that are put into a flat map with one copy of it.
    private const int PairsAtOnce = 32;

    /// <summary>The map with the pairs put; at: count, then tagged key and value operands. None with badmap or badkey raised.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Term PutPairs(ulong* at, Term* E, Context* C, Term map, bool exact)
    {
        Process* p = C->Process;
        Heap* heap = &p->Heap;
        if (!map.IsMap) return MapsBifs.Badmap(p, map);
        ulong* last = at + 1 + (*at * 2);
        at++;
        Term* pairs = stackalloc Term[2 * PairsAtOnce];
        while (at < last)
        {
            if (!map.IsFlatMap || at + 2 == last)
            {
                Term key = Operand(at[0], E, C), value = Operand(at[1], E, C);
                map = exact ? Maps.PutExact(heap, map, key, value) : Maps.Put(heap, map, key, value);
                if (map.IsNone) return MapsBifs.Badkey(p, key);
                at += 2;
                continue;
            }
            long n = 0;
            for (; n < PairsAtOnce && at < last; n++, at += 2)
            {
                pairs[2 * n] = Operand(at[0], E, C);
                pairs[(2 * n) + 1] = Operand(at[1], E, C);
            }
            map = Maps.PutAllFlat(heap, map, pairs, n, exact, out Term missing);
            if (map.IsNone) return MapsBifs.Badkey(p, missing);
        }
        return map;
    }

    // -- guard BIFs; operands as for Guard1 and Guard2 --

    // map_get: slots 0: key, 1: map, 2: D; wide: key?, export, fail
    public static long MapGet<TK, TM, TD>(ulong* I, Term* E, Term* H, Context* C) where TK : struct, IOperand where TM : struct, IOperand where TD : struct, ITarget
    {
        Term key = TK.Get(I, E, C, 0, 2), map = TM.Get(I, E, C, 1, 0);
        if (map.IsMap)
        {
            Term value = FindInMap(map, key);
            if (!value.IsNone)
            {
                TD.Set(I, E, C, 2, value);
                return Next(I + 4 + TK.Wide, E, H, C);
            }
        }
        return MapBifFailed<TK, TM>(I, E, H, C);
    }

    // is_map_key: slots 0: key, 1: map, 2: D; wide: key?, export, fail
    public static long IsMapKey<TK, TM, TD>(ulong* I, Term* E, Term* H, Context* C) where TK : struct, IOperand where TM : struct, IOperand where TD : struct, ITarget
    {
        Term key = TK.Get(I, E, C, 0, 2), map = TM.Get(I, E, C, 1, 0);
        if (!map.IsMap) return MapBifFailed<TK, TM>(I, E, H, C);
        TD.Set(I, E, C, 2, Term.Bool(!FindInMap(map, key).IsNone));
        return Next(I + 4 + TK.Wide, E, H, C);
    }

    private static long MapBifFailed<TK, TM>(ulong* I, Term* E, Term* H, Context* C) where TK : struct, IOperand where TM : struct, IOperand
    {
        long fail = (long)I[3 + TK.Wide];
        if (fail != 0) return Next(I + fail, E, H, C);
        Save(C, I, E, H);
        Process* p = C->Process;
        Term key = TK.Get(I, E, C, 0, 2), map = TM.Get(I, E, C, 1, 0);
        if (map.IsMap) MapsBifs.Badkey(p, key);
        else MapsBifs.Badmap(p, map);
        p->FailArgs = Process.Cons(p, key, Process.Cons(p, map, Term.Nil));
        return Exceptions.RaiseIn(I, E, C, (Export*)I[2 + TK.Wide]);
    }

    // map_size: slots 0: S, 1: D; wide: export, fail
    public static long MapSizeBif<TS, TD>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TD : struct, ITarget
    {
        Term map = TS.Get(I, E, C, 0, 0);
        if (!map.IsMap) return MapSizeFailed<TS>(I, E, H, C);
        TD.Set(I, E, C, 1, ((FlatMap*)map.Box)->Size);
        return Next(I + 4, E, H, C);
    }

    private static long MapSizeFailed<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand
    {
        long fail = (long)I[3];
        if (fail != 0) return Next(I + fail, E, H, C);
        Save(C, I, E, H);
        Process* p = C->Process;
        Term map = TS.Get(I, E, C, 0, 0);
        MapsBifs.Badmap(p, map);
        p->FailArgs = Process.Cons(p, map, Term.Nil);
        return Exceptions.RaiseIn(I, E, C, (Export*)I[2]);
    }
}
