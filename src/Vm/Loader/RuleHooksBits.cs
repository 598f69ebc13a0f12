// Emission of bit syntax matching: breaks bs_match into instructions with fixed offsets (Interpreter/OpsBitsMatch.cs), chooses the forms of the older
// instructions.
namespace MyBeam.Vm;

using System;
using System.Numerics;
using MyBeam.Memory;

public static unsafe partial class RuleHooks
{
    /// <summary>Offsets up to here fit a slot together with any small field.</summary>
    private const long MaxOffset = 60000;

    /// <summary>Scratch registers: the first ones belong to Emitter.FitKinds.</summary>
    private const int ScratchContext = Context.MaxRegisters + 2, ScratchResult = Context.MaxRegisters + 3;

    private static bool IsNamed(GenericArg* a, Term name) => (a->Kind == ArgKind.A || a->Kind == ArgKind.N) && a->Term == name;

    /// <summary>Flags from a number or from a list of atoms; native is little.</summary>
    private static int FlagsOf(Emitter* e, GenericArg* a)
    {
        int flags = 0;
        if (a->Kind == ArgKind.U) flags = (int)a->Value;
        else
        {
            for (Term t = e->Constant(a); t.IsCons; t = t.Tail)
            {
                if (t.Head == Am.Little) flags |= BitsInteger.Little;
                else if (t.Head == Am.Native) flags |= BitsInteger.Native;
                else if (t.Head == Am.Signed) flags |= BitsInteger.Signed;
            }
        }
        if ((flags & BitsInteger.Native) != 0) flags |= BitsInteger.Little;
        return flags & (BitsInteger.Little | BitsInteger.Signed);
    }

    // -- bs_start_match4 no_fail --

    /// <summary>The compiler knows the source to be a bitstring; should it lie, the clause does not match.</summary>
    public static void BsStartMatchSure(Emitter* e, int i)
    {
        e->Put(0, *e->ArgAt(i, 2));
        e->Put(1, *e->ArgAt(i, 3));
        e->Put(2, Arg.Label(e->Code->Functions[e->Function].InfoLabel));
        e->Put(3, *e->ArgAt(i, 1));
        e->Emit(Specific.BsStartMatch, 4);
    }

    // -- bs_match Fail Context Commands --

    public static void BsMatch(Emitter* e, int i)
    {
        GenericArg fail = *e->ArgAt(i, 0), context = *e->ArgAt(i, 1);
        GenericArg* list = e->ArgAt(i, 2);
        GenericArg* at = list + 1, end = at + list->Value;
        long live = -1, need = 0;
        int commands = 0;
        bool overwritten = false;
        for (GenericArg* c = at; c < end; c += CommandLength(c), commands++)
        {
            GenericArg* target = TargetOf(c);
            if (target != null && e->Same(target, &context)) overwritten = true;
            long words = WordsFor(c);
            if (words > 0 && live < 0) live = c[1].Value;
            need += Math.Min(words, 1L << 31);
        }
        if (need >> 31 != 0) e->Problem(Specific.TestHeap);
        if (need > 0)
        {
            // One test for all commands: a collection between them could lose what the first ones took out.
            e->Put(0, Arg.Unsigned(live));
            e->Put(1, Arg.Unsigned(need));
            e->Emit(Specific.TestHeap, 2);
        }
        if (commands == 2 && FusedGet(e, at, &context, &fail)) return;
        if (overwritten)
        {
            // Later commands and the last move of Start still need the context.
            e->Put(0, context);
            e->Put(1, Arg.X(ScratchContext));
            e->Emit(Specific.Move, 2);
            context = Arg.X(ScratchContext);
        }
        long offset = 0;
        for (GenericArg* c = at; c < end;)
        {
            GenericArg* next = c + CommandLength(c);
            if (offset > MaxOffset) Advance(e, &context, ref offset);
            if (IsNamed(c, Am.EnsureAtLeast)) EmitEnsure(e, &context, &fail, c[1].Value, c[2].Value);
            else if (IsNamed(c, Am.EnsureExactly)) EmitEnsure(e, &context, &fail, c[1].Value, 0);
            else if (IsNamed(c, Am.Skip)) offset += c[1].Value;
            else if (IsNamed(c, Am.Integer)) next = EmitInteger(e, &context, c, end, ref offset);
            else if (IsNamed(c, Am.EqExact)) next = EmitEqual(e, &context, &fail, c, end, ref offset);
            else if (IsNamed(c, Am.Binary))
            {
                e->Put(0, context);
                e->Put(1, c[5]);
                e->Put(2, Arg.Unsigned(offset));
                e->Put(3, Arg.Unsigned(c[3].Value * c[4].Value));
                e->Emit(Specific.BsBinaryFixed, 4);
                offset = 0;
            }
            else
            {
                Advance(e, &context, ref offset);
                e->Put(0, context);
                e->Put(1, c[3]);
                e->Put(2, c[1]);
                e->Emit(Specific.BsGetTail, 3);
            }
            c = next;
        }
        Advance(e, &context, ref offset);
    }

    private static int CommandLength(GenericArg* c) =>
        IsNamed(c, Am.EnsureAtLeast) ? 3 : IsNamed(c, Am.EnsureExactly) || IsNamed(c, Am.Skip) ? 2 : IsNamed(c, Am.Integer) || IsNamed(c, Am.Binary) ? 6 : 4;

    private static GenericArg* TargetOf(GenericArg* c) =>
        IsNamed(c, Am.Integer) || IsNamed(c, Am.Binary) ? c + 5 : IsNamed(c, Am.GetTail) ? c + 3 : null;

    private static long WordsFor(GenericArg* c)
    {
        if (IsNamed(c, Am.GetTail)) return Ops.SubNeed;
        if (!IsNamed(c, Am.Integer) && !IsNamed(c, Am.Binary)) return 0;
        ulong bits = (ulong)(c[3].Value * c[4].Value);
        if (IsNamed(c, Am.Integer)) return bits >= 60 ? BitsInteger.DigitsFor(bits) + 1 : 0;
        return bits <= HeapBits.MaxBytes * 8 ? HeapBits.Words(bits) : SubBits.Words;
    }

    private static bool IsPlain(Emitter* e, GenericArg* c) =>
        IsNamed(c, Am.Integer) && FlagsOf(e, c + 2) == 0 && c[3].Value * c[4].Value is > 0 and <= Bits.MaxFast;

    /// <summary>ensure_at_least + one plain integer of that size: one instruction.</summary>
    private static bool FusedGet(Emitter* e, GenericArg* c, GenericArg* context, GenericArg* fail)
    {
        if (!IsNamed(c, Am.EnsureAtLeast) || !IsPlain(e, c + 3)) return false;
        long bits = c[6].Value * c[7].Value, unit = c[2].Value;
        if (c[1].Value != bits || unit < 1 || !BitOperations.IsPow2((uint)unit)) return false;
        EmitGet(e, context, c + 8, fail, bits, unit);
        return true;
    }

    private static void EmitGet(Emitter* e, GenericArg* context, GenericArg* target, GenericArg* fail, long bits, long unit)
    {
        e->Put(0, *context);
        e->Put(1, *target);
        e->Put(2, *fail);
        if (bits == 8 && unit is 1 or 8)
        {
            e->Emit(unit == 1 ? Specific.BsGet8 : Specific.BsGet8Bytes, 3);
            return;
        }
        e->Put(3, Arg.Unsigned(bits));
        e->Put(4, Arg.Unsigned(unit - 1));
        e->Emit(Specific.BsGetInt, 5);
    }

    /// <summary>At least so many bits and the rest a multiple of the unit; unit 0: exactly so many.</summary>
    private static void EmitEnsure(Emitter* e, GenericArg* context, GenericArg* fail, long bits, long unit)
    {
        if (bits == 0 && unit == 1) return;
        e->Put(0, *context);
        if (bits <= ushort.MaxValue && (unit == 0 || BitOperations.IsPow2((uint)unit)))
        {
            e->Put(1, Arg.Unsigned(bits));
            e->Put(2, *fail);
            e->Put(3, Arg.Unsigned(unit - 1));
            if (unit > 1) e->Emit(Specific.BsEnsureMask, 4);
            else e->Emit(unit == 0 ? Specific.BsEnsureExact : Specific.BsEnsure, 3);
            return;
        }
        e->Put(1, *fail);
        e->Put(2, Arg.Unsigned(bits));
        e->Put(3, Arg.Unsigned(unit));
        e->Emit(Specific.BsEnsureWide, 4);
    }

    private static void Advance(Emitter* e, GenericArg* context, ref long offset)
    {
        if (offset == 0) return;
        e->Put(0, *context);
        e->Put(1, Arg.Unsigned(offset));
        e->Emit(Specific.BsAdvance, 2);
        offset = 0;
    }

    private static GenericArg* EmitInteger(Emitter* e, GenericArg* context, GenericArg* c, GenericArg* end, ref long offset)
    {
        GenericArg* next = c + 6;
        long bits = c[3].Value * c[4].Value;
        int flags = FlagsOf(e, c + 2);
        if (bits == 0)
        {
            e->Put(0, Arg.Constant(Term.Small(0)));
            e->Put(1, c[5]);
            e->Emit(Specific.Move, 2);
            return next;
        }
        e->Put(0, *context);
        e->Put(1, c[5]);
        if (IsPlain(e, c))
        {
            if (next < end && IsPlain(e, next) && c[5].Kind == ArgKind.X && next[5].Kind == ArgKind.X && bits + (next[3].Value * next[4].Value) <= Bits.MaxFast)
            {
                long second = next[3].Value * next[4].Value;
                e->Put(2, next[5]);
                e->Put(3, Arg.Unsigned(offset));
                e->Put(4, Arg.Unsigned(bits));
                e->Put(5, Arg.Unsigned(second));
                e->Emit(Specific.BsInt2, 6);
                offset += bits + second;
                return next + 6;
            }
            e->Put(2, Arg.Unsigned(offset));
            e->Put(3, Arg.Unsigned(bits));
            if (next == end)
            {
                e->Emit(Specific.BsIntLast, 4);
                offset = 0;
                return next;
            }
            e->Emit(Specific.BsInt, 4);
        }
        else
        {
            e->Put(2, Arg.Unsigned(offset));
            if (flags == BitsInteger.Signed && bits <= Bits.MaxFast)
            {
                e->Put(3, Arg.Unsigned(bits));
                e->Emit(Specific.BsIntSigned, 4);
            }
            else
            {
                e->Put(3, Arg.Unsigned(flags));
                e->Put(4, Arg.Unsigned(bits));
                e->Emit(Specific.BsIntAny, 5);
            }
        }
        offset += bits;
        return next;
    }

    /// <summary>A comparison, and the ones right behind it while they fit one word together; a long one in pieces.</summary>
    private static GenericArg* EmitEqual(Emitter* e, GenericArg* context, GenericArg* fail, GenericArg* c, GenericArg* end, ref long offset)
    {
        long bits = c[2].Value;
        if (bits > Bits.MaxFast)
        {
            const int Piece = 32;
            while (bits > 0)
            {
                int take = bits % Piece == 0 ? Piece : (int)(bits % Piece);
                bits -= take;
                EmitEqualPiece(e, context, fail, take, BitsOf(e, c + 3, bits, take), ref offset);
            }
            return c + 4;
        }
        ulong value = BitsOf(e, c + 3, 0, (int)bits);
        GenericArg* next = c + 4;
        while (next < end && IsNamed(next, Am.EqExact) && bits + next[2].Value <= Bits.MaxFast)
        {
            int more = (int)next[2].Value;
            value = (value << more) | BitsOf(e, next + 3, 0, more);
            bits += more;
            next += 4;
        }
        if (bits > 0) EmitEqualPiece(e, context, fail, (int)bits, value, ref offset);
        return next;
    }

    private static void EmitEqualPiece(Emitter* e, GenericArg* context, GenericArg* fail, int bits, ulong value, ref long offset)
    {
        if (offset > MaxOffset) Advance(e, context, ref offset);
        e->Put(0, *context);
        e->Put(1, Arg.Unsigned(bits));
        e->Put(2, *fail);
        e->Put(3, Arg.Unsigned(offset));
        e->Put(4, Arg.Unsigned((long)value));
        e->Emit(Specific.BsEqual, 5);
        offset += bits;
    }

    /// <summary>Bits [from, from + count) of a constant integer, counted from its lowest; count up to 57.</summary>
    private static ulong BitsOf(Emitter* e, GenericArg* a, long from, int count)
    {
        if (count == 0) return 0;
        ulong mask = ulong.MaxValue >> (64 - count);
        if (a->Kind is ArgKind.U or ArgKind.I) return (ulong)(from > 63 ? a->Value >> 63 : a->Value >> (int)from) & mask;
        Term t = e->Constant(a);
        if (t.IsSmall) return (ulong)(from > 63 ? t.SmallValue >> 63 : t.SmallValue >> (int)from) & mask;
        if (!t.IsBig) return 0;
        // The compiler writes what is to be compared as an unsigned number.
        long digit = from >> 6;
        int shift = (int)(from & 63);
        ulong low = digit < t.BigLength ? t.BigDigits[digit] >> shift : 0;
        if (shift != 0 && digit + 1 < t.BigLength) low |= t.BigDigits[digit + 1] << (64 - shift);
        return low & mask;
    }

    // -- the instructions of OTP 25 --

    // bs_get_integer2 Fail Context Live Size Unit Flags Target
    public static void BsGetInteger(Emitter* e, int i)
    {
        GenericArg* a = e->ArgAt(i, 0);
        int flags = FlagsOf(e, a + 5);
        long unit = a[4].Value;
        if (flags == 0 && a[3].Kind == ArgKind.I && a[3].Value is > 0 and <= Bits.MaxFast && unit > 0 && a[3].Value * unit <= Bits.MaxFast)
        {
            EmitGet(e, a + 1, a + 6, a, a[3].Value * unit, 1);
            return;
        }
        EmitGetField(e, a, flags, Specific.BsGetInteger);
    }

    public static void BsGetFloat(Emitter* e, int i) => EmitGetField(e, e->ArgAt(i, 0), FlagsOf(e, e->ArgAt(i, 5)), Specific.BsGetFloat);

    private static void EmitGetField(Emitter* e, GenericArg* a, int flags, int family)
    {
        e->Put(0, a[1]);
        e->Put(1, a[6]);
        e->Put(2, a[0]);
        e->Put(3, a[3]);
        e->Put(4, a[2]);
        e->Put(5, Arg.Unsigned(flags));
        if (a[4].Value > 4096) e->Problem(family);
        e->Put(6, a[4]);
        e->Emit(family, 7);
    }

    // bs_test_tail2 Fail Context Bits
    public static void BsTestTail(Emitter* e, int i) => EmitEnsure(e, e->ArgAt(i, 1), e->ArgAt(i, 0), e->ArgAt(i, 2)->Value, 0);

    // bs_test_unit Fail Context Unit
    public static void BsTestUnit(Emitter* e, int i)
    {
        long unit = e->ArgAt(i, 2)->Value;
        EmitEnsure(e, e->ArgAt(i, 1), e->ArgAt(i, 0), 0, unit == 0 ? 1 : unit);
    }

    // bs_match_string Fail Context Bits Offset
    public static void BsMatchString(Emitter* e, int i)
    {
        GenericArg* a = e->ArgAt(i, 0);
        long bits = a[2].Value;
        byte* bytes = e->Code->Strings + a[3].Value;
        e->Put(0, a[1]);
        if (bits is > 0 and <= Bits.MaxFast)
        {
            ulong value = 0;
            for (long k = 0; k < (bits + 7) >> 3; k++) value = (value << 8) | bytes[k];
            e->Put(1, a[2]);
            e->Put(2, a[0]);
            e->Put(3, Arg.Unsigned((long)(value >> (int)(-bits & 7))));
            e->Emit(Specific.BsMatchBits, 4);
            return;
        }
        e->Put(1, a[0]);
        e->Put(2, a[2]);
        e->Emit(Specific.BsMatchString, 3);
        EmitBytes(e, bytes, (bits + 7) >> 3);
    }

    /// <summary>Bytes as the tail of the instruction, padded with zeros to words.</summary>
    private static void EmitBytes(Emitter* e, byte* bytes, long count)
    {
        for (long k = 0; k < count; k += 8)
        {
            ulong word = 0;
            for (int j = 0; j < 8 && k + j < count; j++) word |= (ulong)bytes[k + j] << (8 * j);
            e->Word(word);
        }
    }

    // bs_get_utf16, bs_get_utf32: Fail Context Live Flags Target; bs_skip_…: without a target
    public static void BsGetUtf(Emitter* e, int i)
    {
        GenericArg* a = e->ArgAt(i, 0);
        int op = e->OpAt(i);
        e->Put(0, a[1]);
        e->Put(1, op is GenericOps.BsGetUtf16 or GenericOps.BsGetUtf32 ? a[4] : Arg.X(ScratchContext));
        e->Put(2, a[0]);
        e->Put(3, Arg.Unsigned(FlagsOf(e, a + 3)));
        e->Put(4, Arg.Unsigned(op is GenericOps.BsGetUtf16 or GenericOps.BsSkipUtf16 ? 16 : 32));
        e->Emit(Specific.BsGetUtf, 5);
    }
}
