// Natives of the module erlang that take binaries apart.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>binary_to_list, bitstring_to_list, split_binary, binary_part.</summary>
internal static unsafe class ErlangBinaryBifs
{
    // Bytes turned into list cells that are worth a reduction (OTP: ERTS_B2L_BYTES_PER_REDUCTION).
    private const long BytesPerReduction = 256;

    // Bytes of a long list whose cells are made in one slice, per reduction.
    private const long SlicedPerReduction = 40;

    private struct State
    {
        public NativeWork Work;
        public Term First, Tail;
        public Cons* Last;
        public long Done;
    }

    [Bif("erlang:binary_to_list/1")]
    public static Term BinaryToList1(Process* p, Term* a) => BinaryModuleBifs.Whole(a[0], out byte* data, out ulong offset, out long bytes)
        ? ByteList(p, data, offset, bytes, Term.Nil)
        : Process.Badarg(p);

    [Bif("erlang:binary_to_list/3")]
    public static Term BinaryToList3(Process* p, Term* a)
    {
        if (!BinaryModuleBifs.Whole(a[0], out byte* data, out ulong offset, out long bytes) || !a[1].IsSmall || !a[2].IsSmall) return Process.Badarg(p);
        long start = a[1].SmallValue, stop = a[2].SmallValue;
        if (start < 1 || stop > bytes || stop < start) return Process.Badarg(p);
        return ByteList(p, data + start - 1, offset, stop - start + 1, Term.Nil);
    }

    [Bif("erlang:bitstring_to_list/1")]
    public static Term BitstringToList(Process* p, Term* a)
    {
        if (!a[0].IsBitstring) return Process.Badarg(p);
        Bitstring.Open(a[0], out byte* data, out ulong offset, out ulong bits);
        Term tail = Term.Nil;
        ulong rest = bits & 7;
        if (rest != 0)
        {
            if (p->Work != null) return ByteList(p, data, offset, (long)(bits >> 3), tail);
            Term last = Binaries.NewBits(p, rest, out byte* to);
            if (last.IsNone) return last;
            Bitstring.Copy(data, offset + bits - rest, rest, to);
            tail = Process.Cons(p, last, tail);
        }
        return ByteList(p, data, offset, (long)(bits >> 3), tail);
    }

    [Bif("erlang:split_binary/2")]
    public static Term SplitBinary(Process* p, Term* a)
    {
        if (!a[0].IsBitstring || !a[1].IsSmall) return Process.Badarg(p);
        Bitstring.Open(a[0], out _, out _, out ulong bits);
        ulong at = (ulong)a[1].SmallValue;
        if (at > bits >> 3) return Process.Badarg(p);
        at *= 8;
        Term left = Binaries.Sub(p, a[0], 0, at);
        if (left.IsNone) return left;
        Term right = Binaries.Sub(p, a[0], at, bits - at);
        return right.IsNone ? right : Process.Tuple(p, left, right);
    }

    [Bif("erlang:binary_part/3", BifKind.Guard)]
    public static Term BinaryPart3(Process* p, Term* a) => BinaryModuleBifs.Binary(p, a[0], a[1], a[2]);

    [Bif("erlang:binary_part/2", BifKind.Guard)]
    public static Term BinaryPart2(Process* p, Term* a) => BinaryModuleBifs.Part2(p, a);

    /// <summary>
    /// A list of bytes (which may start at any bit of data) before a tail. In slices: the caller's native runs again with the same arguments, and is to come
    /// here again at once when the process has work that is not finished.
    /// </summary>
    public static Term ByteList(Process* p, byte* data, ulong offset, long bytes, Term tail)
    {
        State* s = (State*)p->Work;
        long done = s == null ? 0 : s->Done, most = Slices.Steps(p, SlicedPerReduction);
        long now = bytes - done;
        if (now > most) now = most;
        if (bytes == 0) return tail;
        Cons* cells = (Cons*)Process.Alloc(p, now * 2);
        if (cells == null) return Process.SystemLimit(p);
        if (done == 0 && now < bytes)
        {
            s = Slices.Begin<State>(p, null);
            if (s == null) return Term.None;
            s->Work.Abandon = null;
            s->First = Term.List(cells);
            s->Tail = tail;
        }
        for (long i = 0; i < now; i++)
        {
            cells[i].Head = Term.Small(offset == 0 ? data[done + i] : BinaryModuleBifs.Byte(data, offset, done + i));
            cells[i].Tail = Term.List(cells + i + 1);
        }
        cells[now - 1].Tail = s == null ? tail : s->Tail;
        Process.Bump(p, now / BytesPerReduction);
        if (s == null) return Term.List(cells);
        if (done != 0) s->Last->Tail = Term.List(cells);
        s->Last = cells + now - 1;
        s->Done = done + now;
        if (s->Done < bytes) return Slices.Pause(p);
        Term first = s->First;
        Slices.End(p);
        return first;
    }
}
