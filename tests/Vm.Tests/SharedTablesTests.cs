// Tables that all schedulers use at once: atoms, exports, persistent terms, literals, atomics. Each test lets several threads at them and checks that nobody
// sees anything but a finished entry, and that all see the same one.

using System.Text;
using MyBeam.Memory;

namespace MyBeam.Vm.Tests;

public sealed unsafe class SharedTablesTests
{
    private const int Threads = 6;

    // Runs the action on several threads that start together; the first failure is the test's.
    private static void Together(Action<int> action)
    {
        Exception? failure = null;
        using Barrier start = new(Threads);
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(i => new Thread(() =>
        {
            try
            {
                start.SignalAndWait();
                action(i);
            }
#pragma warning disable CA1031 // whatever it was belongs to the test, not to the thread
            catch (Exception e)
            {
                Interlocked.CompareExchange(ref failure, e, null);
            }
#pragma warning restore CA1031
        }))];
        foreach (Thread t in threads) t.Start();
        foreach (Thread t in threads) t.Join();
        if (failure != null) throw new InvalidOperationException(failure.Message, failure);
    }

    [Fact]
    public void AllThreadsGetTheSameAtoms()
    {
        AtomTable.Initialize();
        const int names = 30000;
        Term[][] seen = [.. Enumerable.Range(0, Threads).Select(_ => new Term[names])];
        // A prefix of its own, so that the atoms are new however often the test has run in this process.
        string prefix = Guid.NewGuid().ToString("N");
        Together(i =>
        {
            for (int k = 0; k < names; k++)
            {
                // Half of the threads go the other way round, so that every name is new to somebody at some time.
                int n = (i & 1) == 0 ? k : names - 1 - k;
                byte[] text = Encoding.UTF8.GetBytes(prefix + n);
                Term atom = AtomTable.Intern(text);
                Assert.True(new ReadOnlySpan<byte>(AtomTable.Get(atom)->Text, AtomTable.Get(atom)->Bytes).SequenceEqual(text));
                fixed (byte* p = text) Assert.True(AtomTable.Existing(p, text.Length) == atom);
                seen[i][n] = atom;
            }
        });
        for (int i = 1; i < Threads; i++)
            for (int n = 0; n < names; n++) Assert.True(seen[i][n] == seen[0][n]);
        Assert.Equal(names, seen[0].Select(a => a.Bits).Distinct().Count());
    }

    [Fact]
    public void AllThreadsGetTheSameExports()
    {
        using HostedMachine vm = new();
        Machine* m = vm.Machine;
        nint machine = (nint)m;
        int before = ExportTable.Count(m);
        const int functions = 20000;
        nint[][] seen = [.. Enumerable.Range(0, Threads).Select(_ => new nint[functions])];
        Term[] atoms = [.. Enumerable.Range(0, 200).Select(n => HostedMachine.Atom("shared_function_" + n))];
        Together(i =>
        {
            for (int k = 0; k < functions; k++)
            {
                int n = (i & 1) == 0 ? k : functions - 1 - k;
                Export* e = ExportTable.Put((Machine*)machine, atoms[n % 200], atoms[n / 200 % 200], n % 3);
                Assert.True(e->Module == atoms[n % 200] && e->Function == atoms[n / 200 % 200] && e->Arity == n % 3);
                Assert.True(e->Address != null);
                Assert.True(ExportTable.Find((Machine*)machine, atoms[n % 200], atoms[n / 200 % 200], n % 3) == e);
                seen[i][n] = (nint)e;
            }
        });
        for (int i = 1; i < Threads; i++) Assert.Equal(seen[0], seen[i]);
        Assert.Equal(seen[0].Distinct().Count(), ExportTable.Count(m) - before);
        int counted = 0;
        for (Export* e = ExportTable.Next(m, null); e != null; e = ExportTable.Next(m, e)) counted++;
        Assert.Equal(ExportTable.Count(m), counted);
    }

    [Fact]
    public void ExportsOfARefusedModuleAreHiddenAndComeBack()
    {
        using HostedMachine vm = new();
        Machine* m = vm.Machine;
        int before = ExportTable.Count(m);
        Term name = HostedMachine.Atom("refused_module");
        Export* e = ExportTable.Put(m, name, name, 3);
        ExportTable.Truncate(m, before);
        Assert.Equal(before, ExportTable.Count(m));
        Assert.True(ExportTable.Find(m, name, name, 3) == null);
        Assert.True(ExportTable.Put(m, name, name, 3) == e);
        Assert.Equal(before + 1, ExportTable.Count(m));
    }

    [Fact]
    public void PersistentTermsAreReadWhileTheyChange()
    {
        using HostedMachine vm = new();
        nint machine = (nint)vm.Machine;
        const int keys = 64, rounds = 4000;
        int writers = Threads / 2, done = 0;
        Together(i =>
        {
            Machine* m = (Machine*)machine;
            Random random = new(i);
            ulong* pair = stackalloc ulong[3];
            if (i >= writers)
            {
                while (Volatile.Read(ref done) < writers)
                {
                    Term value = PersistentTerms.Get(m, Term.Small(random.Next(keys)));
                    if (value.IsNone) continue;
                    // Always a whole tuple of two equal numbers.
                    Assert.True(value.IsTupleOf(2) && value.TupleElements[0] == value.TupleElements[1]);
                }
                return;
            }
            for (int round = 0; round < rounds; round++)
            {
                Term key = Term.Small(random.Next(keys));
                pair[0] = Header.Make(Header.Tuple, 2);
                pair[1] = pair[2] = Term.Small(random.Next()).Bits;
                if (random.Next(4) == 0) PersistentTerms.Erase(m, key, out _);
                else Assert.True(PersistentTerms.Put(m, key, Term.Boxed(pair), PersistentTerms.Mode.Replace, out _, out _));
            }
            Interlocked.Increment(ref done);
        });
        int listed = 0;
        long at = 0;
        for (Term t = PersistentTerms.Next(PersistentTerms.Current(vm.Machine), ref at); !t.IsNone; t = PersistentTerms.Next(PersistentTerms.Current(vm.Machine), ref at)) listed++;
        Assert.Equal(PersistentTerms.Count(vm.Machine), listed);
    }

    [Fact]
    public void OnlyOneThreadPutsANewPersistentTerm()
    {
        using HostedMachine vm = new();
        nint machine = (nint)vm.Machine;
        const int keys = 3000;
        int[] winners = new int[keys];
        Together(i =>
        {
            for (int k = 0; k < keys; k++)
                if (PersistentTerms.Put((Machine*)machine, Term.Small(k), Term.Small(i), PersistentTerms.Mode.OnlyNew, out _, out _)) Interlocked.Increment(ref winners[k]);
        });
        Assert.All(winners, w => Assert.Equal(1, w));
        for (int k = 0; k < keys; k++) Assert.False(PersistentTerms.Get(vm.Machine, Term.Small(k)).IsNone);
    }

    [Fact]
    public void PiecesOfTheLiteralAreaDoNotOverlap()
    {
        using HostedMachine vm = new();
        nint area = (nint)(&vm.Machine->Literals);
        long used = LiteralArea.UsedWords((LiteralArea*)area);
        Together(i =>
        {
            Random random = new(i);
            List<(nint, int)> mine = [];
            for (int round = 0; round < 4000; round++)
            {
                if (mine.Count > 20 || (mine.Count > 0 && random.Next(2) == 0))
                {
                    (nint piece, int words) = mine[^1];
                    mine.RemoveAt(mine.Count - 1);
                    for (int w = 0; w < words; w++) Assert.Equal((ulong)i, ((ulong*)piece)[w]);
                    LiteralArea.Free((LiteralArea*)area, (ulong*)piece, words);
                    continue;
                }
                int size = 1 + random.Next(200);
                ulong* p = LiteralArea.Alloc((LiteralArea*)area, size);
                Assert.True(p != null);
                for (int w = 0; w < size; w++) p[w] = (ulong)i;
                mine.Add(((nint)p, size));
            }
            foreach ((nint piece, int words) in mine) LiteralArea.Free((LiteralArea*)area, (ulong*)piece, words);
        });
        Assert.Equal(used, LiteralArea.UsedWords((LiteralArea*)area));
    }

    [Fact]
    public void ReferencesAreAllDifferent()
    {
        using HostedMachine vm = new();
        nint machine = (nint)vm.Machine;
        const int each = 20000;
        (ulong, ulong)[] all = new (ulong, ulong)[Threads * each];
        Together(i =>
        {
            for (int k = 0; k < each; k++)
            {
                ((Machine*)machine)->Counters.NextReference(out ulong id0, out ulong id1);
                all[(i * each) + k] = (id0, id1);
            }
        });
        Assert.Equal(all.Length, all.Distinct().Count());
    }
}
