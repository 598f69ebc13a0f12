// Bit syntax of compilers before OTP 25: what has no counterpart among the newer instructions. bs_init2, bs_put_integer and the like are made of those in
// OpsBitsBuild.cs and OpsBitsPut.cs with info 0 (no error_info).
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;

public static unsafe partial class Ops
{
    // skip the rest, a multiple of the unit: slot 0 context, 1 unit, label
    public static long BsSkipAll<TC>(ulong* I, Term* E, Term* H, Context* C) where TC : struct, ITarget
    {
        SubBits* s = BitsContext<TC>(I, E, C);
        uint unit = ((ushort*)I)[5];
        if (unit > 1 && (s->End - s->Start) % unit != 0) return Jump(I, E, H, C);
        s->Start = s->End;
        return Next(I + 2, E, H, C);
    }

    // bytes of a code point: slot 0 source, 1 destination, 2: 8 or 16. Wrong ones are found when they are written.
    public static long BsUtfSize<TS, TD>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, ITarget where TD : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 0);
        ulong code = t.IsSmall ? (ulong)t.SmallValue : ulong.MaxValue;
        int bits = ((ushort*)I)[6] == 8 ? BitsUtf.Utf8Bits(code) : BitsUtf.Utf16Bits(code);
        TD.Set(I, E, C, 1, Term.Small(bits >> 3));
        return Next(I + 2, E, H, C);
    }

    // a + b * unit, both sizes: slot 0 a, 1 b, 2 destination (x), 3 unit; I[2] fail, I[3] info
    public static long BsAdd<TA, TB>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, ITarget where TB : struct, ITarget
    {
        Term a = TA.Get(I, E, C, 0, 0), b = TB.Get(I, E, C, 1, 0);
        ulong sizeA = FieldBits(a, 1), sizeB = FieldBits(b, ((ushort*)I)[7]);
        if (sizeA == ulong.MaxValue) return BsSizeBad(I, E, H, C, a);
        if (sizeB == ulong.MaxValue || (sizeA + sizeB) >> 58 != 0) return BsSizeBad(I, E, H, C, b);
        X.Set(I, E, C, 2, Term.Small((long)(sizeA + sizeB)));
        return Next(I + 4, E, H, C);
    }

    // bs_private_append, which says nothing of live registers, so nothing may be collected: a full binary is replaced where its reference stands. The
    // compiler knows that nothing else has a window on it. slot 0 source, 1 target, 2 unit; I[2] fail, I[3] info; BitsTotal bits
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static long BsPrivateAppendOld<TS>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 0);
        ulong add = C->BitsTotal;
        if (!t.IsBoxed || t.BoxHeader != SubBitsHeader || (((SubBits*)t.Box)->BaseFlags & SubBits.FlagMask) != SubBits.Writable)
            return BsFail(I, E, H, C, Am.Type, t);
        SubBits* s = (SubBits*)t.Box;
        if (((ushort*)I)[6] > 1 && (s->End - s->Start) % ((ushort*)I)[6] != 0) return BsFail(I, E, H, C, Am.Unit, t);
        if (!BsCanExtend(t, add, 1) && !BsReplace(C->Process, s, add)) return BsFailLimit(I, E, H, C, Am.Size, t);
        C->BitsBase = s->Base;
        C->BitsPos = s->End;
        BsExtend(s, s, add);
        Target(I, C, 1) = t;
        return Next(I + 4, E, H, C);
    }

    private static bool BsReplace(Process* p, SubBits* s, ulong add)
    {
        ulong length = s->End - s->Start;
        long used = (long)((length + add + 7) >> 3);
        OffHeapBinary* b = BsCreate(used * 2, used);
        if (b == null) return false;
        BinaryRef* claim = (BinaryRef*)s->Orig.Box;
        Bits.Copy(s->Base, s->Start, OffHeapBinary.Data(b), 0, length);
        b->Flags = length + 1;
        p->Heap.BinaryBytes += b->Capacity;
        OffHeap.Release(claim->Binary);
        claim->Binary = b;
        s->BaseFlags = (ulong)OffHeapBinary.Data(b) | SubBits.Writable;
        s->Start = 0;
        s->End = length;
        return true;
    }
}
