// Lists, tuples, records-as-tuples, funs.
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using MyBeam.Memory;

public static unsafe partial class Ops
{
    /// <summary>The value of a tagged operand word (Emitter.OperandWord): a term, or low bits 00: register offset shifted by 3, bit 2: y.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Term Operand(ulong word, Term* E, Context* C)
    {
        if ((word & 3) != 0) return new Term(word);
        byte* from = (word & 4) != 0 ? (byte*)E : (byte*)C;
        return *(Term*)(from + (word >> 3));
    }

    // put_list: slots 0: head, 1: tail, 2: D
    public static long PutList<TA, TB, TD>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, IOperand where TB : struct, IOperand where TD : struct, ITarget
    {
        H[0] = TA.Get(I, E, C, 0, 2);
        H[1] = TB.Get(I, E, C, 1, 2 + TA.Wide);
        TD.Set(I, E, C, 2, Term.List(H));
        return Next(I + 2 + TA.Wide + TB.Wide, E, H + 2, C);
    }

    // get_list: slots 0: S, 1: head, 2: tail
    public static long GetList<TS, TH, TT>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TH : struct, ITarget where TT : struct, ITarget
    {
        Term t = TS.Get(I, E, C, 0, 2);
        Term head = t.Head, tail = t.Tail;
        TH.Set(I, E, C, 1, head);
        TT.Set(I, E, C, 2, tail);
        return Next(I + 2, E, H, C);
    }

    public static long GetHead<TS, TD>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TD : struct, ITarget
    {
        TD.Set(I, E, C, 1, TS.Get(I, E, C, 0, 2).Head);
        return Next(I + 2, E, H, C);
    }

    public static long GetTail<TS, TD>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TD : struct, ITarget
    {
        TD.Set(I, E, C, 1, TS.Get(I, E, C, 0, 2).Tail);
        return Next(I + 2, E, H, C);
    }

    // get_tuple_element: slots 0: S, 1: D, 2: byte offset of the element from the header
    public static long GetElement<TS, TD>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TD : struct, ITarget
    {
        TD.Set(I, E, C, 1, *(Term*)((byte*)TS.Get(I, E, C, 0, 2).Box + ((ushort*)I)[6]));
        return Next(I + 2, E, H, C);
    }

    // an element whose offset does not fit a slot: I[2]
    public static long GetElementFar<TS, TD>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TD : struct, ITarget
    {
        TD.Set(I, E, C, 1, *(Term*)((byte*)TS.Get(I, E, C, 0, 0).Box + I[2]));
        return Next(I + 3, E, H, C);
    }

    // two elements of one tuple: slots 0: S, 1: D1, 2: offset 1, 3: D2, 4: offset 2
    public static long GetElements2<TS, TD1, TD2>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TD1 : struct, ITarget where TD2 : struct, ITarget
    {
        byte* t = (byte*)TS.Get(I, E, C, 0, 3).Box;
        Term a = *(Term*)(t + ((ushort*)I)[6]), b = *(Term*)(t + ((ushort*)I)[8]);
        TD1.Set(I, E, C, 1, a);
        TD2.Set(I, E, C, 3, b);
        return Next(I + 3, E, H, C);
    }

    // three elements of one tuple into registers of one kind: slots 0: S, 1/2, 3/4, 5/6
    public static long GetElements3<TS, TD>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TD : struct, ITarget
    {
        byte* t = (byte*)TS.Get(I, E, C, 0, 3).Box;
        Term a = *(Term*)(t + ((ushort*)I)[6]), b = *(Term*)(t + ((ushort*)I)[8]), c = *(Term*)(t + ((ushort*)I)[10]);
        TD.Set(I, E, C, 1, a);
        TD.Set(I, E, C, 3, b);
        TD.Set(I, E, C, 5, c);
        return Next(I + 3, E, H, C);
    }

    // set_tuple_element (OTP 25's setelement chains): slots 0: value, 1: tuple, 2: byte offset
    public static long SetElement<TS, TD>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TD : struct, ITarget
    {
        *(Term*)((byte*)TD.Get(I, E, C, 1, 0).Box + ((ushort*)I)[6]) = TS.Get(I, E, C, 0, 2);
        return Next(I + 2 + TS.Wide, E, H, C);
    }

    // put_tuple2: slot 0: D, slot 1: arity; then one tagged operand word an element
    public static long PutTuple<TD>(ulong* I, Term* E, Term* H, Context* C) where TD : struct, ITarget
    {
        long n = ((ushort*)I)[5];
        H[0] = new Term(Header.Make(Header.Tuple, n));
        ulong* from = I + 2;
        Term* to = H + 1;
        ulong* end = from + n;
        while (from < end) *to++ = Operand(*from++, E, C);
        TD.Set(I, E, C, 0, Term.Boxed(H));
        return Next(end, E, to, C);
    }

    // put_tuple2 of two and of three: slots 0: A, 1: B, 2: D / 0: A, 1: B, 2: C, 3: D
    public static long PutTuple2<TA, TB, TD>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, IOperand where TB : struct, IOperand where TD : struct, ITarget
    {
        H[0] = new Term(Header.Make(Header.Tuple, 2));
        H[1] = TA.Get(I, E, C, 0, 2);
        H[2] = TB.Get(I, E, C, 1, 2 + TA.Wide);
        TD.Set(I, E, C, 2, Term.Boxed(H));
        return Next(I + 2 + TA.Wide + TB.Wide, E, H + 3, C);
    }

    public static long PutTuple3<TA, TB, TC>(ulong* I, Term* E, Term* H, Context* C) where TA : struct, IOperand where TB : struct, IOperand where TC : struct, IOperand
    {
        H[0] = new Term(Header.Make(Header.Tuple, 3));
        H[1] = TA.Get(I, E, C, 0, 2);
        H[2] = TB.Get(I, E, C, 1, 2 + TA.Wide);
        H[3] = TC.Get(I, E, C, 2, 2 + TA.Wide + TB.Wide);
        X.Set(I, E, C, 3, Term.Boxed(H));
        return Next(I + 2 + TA.Wide + TB.Wide + TC.Wide, E, H + 4, C);
    }

    // update_record: slot 0: S, 1: D, 2: size, 3: pairs; then pairs of (element number, tagged operand). The room was made by test_heap.
    public static long UpdateRecord<TS, TD>(ulong* I, Term* E, Term* H, Context* C) where TS : struct, IOperand where TD : struct, ITarget
    {
        long size = ((ushort*)I)[6], pairs = ((ushort*)I)[7];
        Term s = TS.Get(I, E, C, 0, 2);
        Term* from = (Term*)s.Box;
        ulong* at = I + 2 + TS.Wide;
        for (long i = 0; i <= size; i++) H[i] = from[i];
        for (long i = 0; i < pairs; i++) H[at[i * 2]] = Operand(at[(i * 2) + 1], E, C);
        TD.Set(I, E, C, 1, Term.Boxed(H));
        return Next(at + (pairs * 2), E, H + size + 1, C);
    }

    // make_fun3: slot 0: D, 1: free variables; I[2]: FunEntry; then tagged operands
    public static long MakeFun<TD>(ulong* I, Term* E, Term* H, Context* C) where TD : struct, ITarget
    {
        long n = ((ushort*)I)[5];
        H[0] = new Term(Header.Make(Header.Fun, n + 1));
        ((ulong*)H)[1] = I[2];
        for (long i = 0; i < n; i++) H[2 + i] = Operand(I[3 + i], E, C);
        TD.Set(I, E, C, 0, Term.Boxed(H));
        return Next(I + 3 + n, E, H + 2 + n, C);
    }
}
