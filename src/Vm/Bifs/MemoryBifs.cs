// erlang:memory/0,1: bytes of native memory by owner, as the allocator counts them.
namespace MyBeam.Vm;

using MyBeam.Memory;

public static unsafe class MemoryBifs
{
    private static readonly long Kinds = 9;

    private static Term Kind(long i) => i switch
    {
        0 => Am.Total, 1 => Am.Processes, 2 => Am.ProcessesUsed, 3 => Am.System, 4 => Am.Atom, 5 => Am.AtomUsed, 6 => Am.Binary, 7 => Am.Code, _ => Am.Ets,
    };

    private static long Bytes(Owner owner) => Allocator.Outstanding(owner);

    private static long ProcessBytes() => Bytes(Owner.Heap) + Bytes(Owner.OldHeap) + Bytes(Owner.Fragment) + Bytes(Owner.Process);

    // Those that wait to be freed (LiteralCollector) too.
    private static long LiteralBytes(Machine* m) => LiteralArea.UsedWords(&m->Literals) * 8;

    private static long Total(Machine* m) => Allocator.OutstandingTotal() + LiteralBytes(m);

    // -1: there is no such kind. What is allocated is in use: there are no pools.
    private static long Of(Machine* m, Term kind)
    {
        if (kind == Am.Total) return Total(m);
        if (kind == Am.Processes || kind == Am.ProcessesUsed) return ProcessBytes();
        if (kind == Am.System) return Total(m) - ProcessBytes();
        if (kind == Am.Atom || kind == Am.AtomUsed) return Bytes(Owner.Atoms);
        if (kind == Am.Binary) return Bytes(Owner.Binary);
        if (kind == Am.Code) return Bytes(Owner.Code) + Bytes(Owner.Literals) + LiteralBytes(m);
        return kind == Am.Ets ? Bytes(Owner.Ets) : -1;
    }

    /// <summary>Writes the figures as lines, as a crash dump has them.</summary>
    public static void Write(Machine* m, ref TextBuffer b)
    {
        b.Add("=memory\n"u8);
        for (long i = 0; i < Kinds; i++)
        {
            b.AddAtomText(Kind(i));
            b.Add(": "u8);
            b.AddNumber(Of(m, Kind(i)));
            b.AddByte('\n');
        }
    }

    [Bif("erlang:memory/0")]
    public static Term Memory(Process* p, Term* a)
    {
        // One look at the counters, so that total is the sum of processes and system.
        long total = Total(p->Machine), processes = ProcessBytes();
        Term list = Term.Nil;
        for (long i = Kinds - 1; i >= 0; i--)
        {
            long bytes = i switch { 0 => total, 1 or 2 => processes, 3 => total - processes, _ => Of(p->Machine, Kind(i)) };
            list = Process.Cons(p, Process.Tuple(p, Kind(i), Process.Integer(p, bytes)), list);
        }
        return list;
    }

    /// <summary>Bytes of one kind, or for a list of kinds [{Kind, Bytes}].</summary>
    [Bif("erlang:memory/1")]
    public static Term Memory1(Process* p, Term* a)
    {
        if (!a[0].IsList)
        {
            long bytes = Of(p->Machine, a[0]);
            return bytes < 0 ? Process.Badarg(p) : Process.Integer(p, bytes);
        }
        NativeList<Term> pairs = default;
        Term list = a[0];
        bool good = true;
        for (; good && list.IsCons; list = list.Tail)
        {
            long bytes = Of(p->Machine, list.Head);
            good = bytes >= 0 && pairs.Add(Process.Tuple(p, list.Head, Process.Integer(p, System.Math.Max(bytes, 0))), Owner.Temporary);
        }
        Term result = Term.Nil;
        for (int i = pairs.Count - 1; i >= 0; i--) result = Process.Cons(p, pairs[i], result);
        pairs.Free(Owner.Temporary);
        return good && list.IsNil ? result : Process.Badarg(p);
    }
}
