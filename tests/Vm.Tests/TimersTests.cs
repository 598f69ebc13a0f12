// Timers of schedulers with stand-ins for processes: what happens when threads start, cancel and fire timers and end processes all at once.

using System.Diagnostics;
using MyBeam.Memory;
using Xunit.Abstractions;

namespace MyBeam.Vm.Tests;

public sealed unsafe class TimersTests(ITestOutputHelper output) : IDisposable
{
    private const int Schedulers = 4, ProcessesOfEach = 8, TimersOfEach = 60_000;

    private static Process* processes;
    private static int[] ends = [];
    private static long messages, wrong;

    private readonly long before = Allocator.OutstandingTotal();
    private readonly Machine* machine = StartMachine();

    public void Dispose()
    {
        for (int i = 0; i < Schedulers * ProcessesOfEach; i++) Timers.ProcessDied(processes + i);
        for (int i = 1; i <= Schedulers; i++)
        {
            Timers* t = Of(machine, i);
            Timers.Destroy(t);
            Allocator.Free(t, (nuint)sizeof(Timers), Owner.Vm);
        }
        Allocator.Free(processes, (nuint)(Schedulers * ProcessesOfEach * sizeof(Process)), Owner.Vm);
        Machine.Destroy(machine);
        Assert.Equal(0, Allocator.Outstanding(Owner.Timers));
        Assert.Equal(before, Allocator.OutstandingTotal());
        Assert.Equal(0, Allocator.Faults);
    }

    private static Machine* StartMachine()
    {
        Machine* m = Machine.Create();
        Assert.True(m != null);
        VmClock.StartVirtual(m);
        m->TimerDirectory.Find = &Find;
        m->TimerDirectory.DeliverMessage = &Deliver;
        m->TimerDirectory.ReceiveTimedOut = &TimedOut;
        // Scheduler 0 is the machine's own.
        for (int i = 1; i <= Schedulers; i++) Assert.True(Timers.Create((Timers*)Allocator.Alloc((nuint)sizeof(Timers), Owner.Vm), m, i));
        processes = (Process*)Allocator.AllocZeroed((nuint)(Schedulers * ProcessesOfEach * sizeof(Process)), Owner.Vm);
        for (int i = 0; i < Schedulers * ProcessesOfEach; i++) Begin(i, 1);
        ends = new int[Schedulers * TimersOfEach];
        messages = wrong = 0;
        return m;
    }

    private static Timers* Of(Machine* m, int i) => m->TimerDirectory.All[i];

    private static void Begin(int i, long generation)
    {
        processes[i].Pid = Term.Pid((ulong)((generation * 64) + i));
        Timers.ProcessStarted(processes + i);
    }

    // Also for a pid whose process is gone and whose memory is another's: callers must notice.
    private static Process* Find(Machine* m, Term pid) => processes + (int)(pid.PidData % 64);

    private static void Deliver(Machine* m, Term destination, Signal* message)
    {
        Interlocked.Increment(ref messages);
        Term id = message->Value.IsTuple ? message->Value.TupleElements[0] : message->Value;
        if (id.IsSmall) End((int)id.SmallValue);
        Signal.Free(message);
    }

    private static void TimedOut(Process* p) => Interlocked.Increment(ref p->ReductionsDone);

    // A timer ends once.
    private static void End(int id)
    {
        if (Interlocked.Exchange(ref ends[id], 1) != 0) Interlocked.Increment(ref wrong);
    }

    [Fact]
    public void Cancelled_timers_say_what_was_left_and_others_fire()
    {
        Reference a, b, c;
        long now = VmClock.MonotonicNs(machine) / VmClock.Millisecond;
        Timers* t = Of(machine, 1);
        Assert.True(Timers.StartMessage(t, now + 5000, processes[0].Pid, Term.Small(1), false, &a));
        Assert.True(Timers.StartMessage(t, now + 10, Am.Undefined, Term.Small(2), false, &b));
        Assert.True(Timers.StartMessage(t, now + 10, Term.Pid(0), Term.Small(3), false, &c));
        Assert.Equal(2, t->Count);
        Assert.Equal(5000, Timers.Read(machine, &a));
        Assert.Equal(-1, Timers.Read(machine, &c));
        Assert.Equal(10 * VmClock.Millisecond, Timers.Expire(t, VmClock.MonotonicNs(machine)));
        VmClock.AdvanceTo(machine, ((now + 10) * VmClock.Millisecond) - 1);
        Assert.Equal(1, Timers.Expire(t, VmClock.MonotonicNs(machine)));
        Assert.Equal(0, messages);
        Assert.Equal(4990, Timers.Read(machine, &a));
        VmClock.AdvanceTo(machine, (now + 10) * VmClock.Millisecond);
        long sleep = Timers.Expire(t, VmClock.MonotonicNs(machine));
        Assert.InRange(sleep, 1, 4990 * VmClock.Millisecond);
        Assert.Equal(1, messages);
        Assert.Equal(-1, Timers.Cancel(machine, &b));
        Assert.Equal(4990, Timers.Cancel(machine, &a));
        Assert.Equal(-1, Timers.Cancel(machine, &a));
        Assert.Equal(0, t->Count);
        VmClock.AdvanceTo(machine, (now + 9000) * VmClock.Millisecond);
        Assert.Equal(long.MaxValue, Timers.Expire(t, VmClock.MonotonicNs(machine)));
        Assert.Equal(1, messages);
    }

    [Fact]
    public void Timers_die_with_their_process()
    {
        Reference r;
        long now = VmClock.MonotonicNs(machine) / VmClock.Millisecond;
        for (int i = 0; i < 100; i++) Assert.True(Timers.StartMessage(Of(machine, 1 + (i % Schedulers)), now + i, processes[0].Pid, Am.Ok, true, &r));
        Assert.True(Timers.StartReceive(processes, Of(machine, 1), (now + 5) * VmClock.Millisecond));
        Assert.False(Timers.ProcessDied(processes, 60));
        Assert.True(Timers.ProcessDied(processes, 60));
        for (int i = 1; i <= Schedulers; i++) Assert.Equal(0, Of(machine, i)->Count);
        Assert.True(Timers.StartMessage(Of(machine, 1), now, processes[0].Pid, Am.Ok, true, &r));
        Assert.Equal(0, Of(machine, 1)->Count);
    }

    [Fact]
    public void A_receive_times_out_once_and_not_early()
    {
        Process* p = processes;
        long now = VmClock.MonotonicNs(machine);
        Timers.StartReceive(p, Of(machine, 2), now + 1);
        Timers.Expire(Of(machine, 2), now + VmClock.Millisecond - 1);
        Assert.Equal(0, p->ReductionsDone);
        Timers.Expire(Of(machine, 2), now + VmClock.Millisecond);
        Assert.Equal(1, p->ReductionsDone);
        Timers.CancelReceive(p);
        Timers.StartReceive(p, Of(machine, 3), now + 5);
        Timers.CancelReceive(p);
        Timers.Expire(Of(machine, 3), now + (100 * VmClock.Millisecond));
        Assert.Equal(1, p->ReductionsDone);
    }

    [Fact]
    public void Many_due_timers_fire_in_several_goes()
    {
        Reference r;
        Timers* t = Of(machine, 1);
        long now = VmClock.MonotonicNs(machine) / VmClock.Millisecond;
        for (int i = 0; i < 100_000; i++) Assert.True(Timers.StartMessage(t, now + 1 + (i % 5000), Am.Undefined, Am.Ok, false, &r));
        int goes = 1;
        while (Timers.Expire(t, (now + 10_000) * VmClock.Millisecond) == 0) goes++;
        Assert.Equal(100_000, messages);
        Assert.InRange(goes, 5, 20);
    }

    [Theory]
    [InlineData(11)]
    [InlineData(0)]
    public void Four_threads_start_cancel_and_fire(int seed)
    {
        if (seed == 0) seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        Machine* m = machine;
        Reference[] references = new Reference[ends.Length];
        bool[] toName = new bool[ends.Length];
        int running = Schedulers;
        Thread[] threads = new Thread[Schedulers];
        for (int i = 0; i < Schedulers; i++)
        {
            int index = i;
            threads[i] = new Thread(() =>
            {
                Work(m, index, new Random(seed + index), references, toName);
                Interlocked.Decrement(ref running);
            });
            threads[i].Start();
        }
        while (Volatile.Read(ref running) > 0)
        {
            VmClock.AdvanceTo(m, VmClock.MonotonicNs(m) + 300_000);
            Thread.Yield();
        }
        foreach (Thread thread in threads) thread.Join();
        VmClock.AdvanceTo(m, VmClock.MonotonicNs(m) + (100_000 * VmClock.Millisecond));
        for (int i = 1; i <= Schedulers; i++) while (Timers.Expire(Of(m, i), VmClock.MonotonicNs(m)) != long.MaxValue) { }
        Assert.Equal(0, wrong);
        int ended = 0;
        for (int i = 0; i < ends.Length; i++)
        {
            ended += ends[i];
            Assert.True(ends[i] == 1 || !toName[i]);
        }
        output.WriteLine($"{messages} messages, {ended} of {ends.Length} timers ended, the others with their process");
        Assert.InRange(ended, ends.Length / 2, ends.Length);
    }

    private static void Work(Machine* m, int index, Random random, Reference[] references, bool[] toName)
    {
        ulong* cells = stackalloc ulong[4];
        long generation = 1;
        int made = index * TimersOfEach, end = made + TimersOfEach;
        Timers* own = Of(m, index + 1);
        while (made < end)
        {
            int what = random.Next(100);
            Process* p = processes + (index * ProcessesOfEach) + random.Next(ProcessesOfEach);
            if (what < 60)
            {
                int id = made++;
                toName[id] = random.Next(4) == 0;
                Term destination = toName[id] ? Am.Undefined : processes[random.Next(Schedulers * ProcessesOfEach)].Pid;
                Term message = Term.Small(id);
                if (id % 2 == 0)
                {
                    cells[0] = Header.Make(Header.Tuple, 2);
                    cells[1] = message.Bits;
                    cells[2] = Am.Ok.Bits;
                    message = Term.Boxed(cells);
                }
                Reference r;
                long deadline = (VmClock.MonotonicNs(m) / VmClock.Millisecond) + random.Next(random.Next(1, 3000));
                if (!Timers.StartMessage(own, deadline, destination, message, false, &r)) Interlocked.Increment(ref wrong);
                lock (references) references[id] = r;
            }
            else if (what < 80)
            {
                // Mostly those that others have just made.
                int of = random.Next(Schedulers) * TimersOfEach;
                int id = of + Math.Clamp(made - (index * TimersOfEach) - random.Next(random.Next(1, 2000)), 0, TimersOfEach - 1);
                Reference r;
                lock (references) r = references[id];
                if (r.Header == 0) continue;
                if (random.Next(3) == 0) Timers.Read(m, &r);
                else if (Timers.Cancel(m, &r) >= 0) End(id);
            }
            else if (what < 90)
            {
                Timers.CancelReceive(p);
                long seen = Volatile.Read(ref p->ReductionsDone);
                if (random.Next(10) == 0) Thread.Yield();
                if (seen != Volatile.Read(ref p->ReductionsDone)) Interlocked.Increment(ref wrong);
                Timers.StartReceive(p, own, VmClock.MonotonicNs(m) + random.Next(5_000_000));
            }
            else if (what < 99)
            {
                Timers.Expire(Of(m, 1 + random.Next(Schedulers)), VmClock.MonotonicNs(m));
            }
            else if (random.Next(60) == 0)
            {
                while (!Timers.ProcessDied(p, 20)) { }
                Begin((int)(p - processes), ++generation);
            }
        }
    }

    [Fact]
    public void A_million_timers_with_messages()
    {
        const int Million = 1_000_000;
        Timers* t = Of(machine, 1);
        long now = VmClock.MonotonicNs(machine) / VmClock.Millisecond;
        Reference[] references = new Reference[Million];
        Random random = new(5);
        Stopwatch watch = Stopwatch.StartNew();
        fixed (Reference* r = references)
        {
            for (int i = 0; i < Million; i++) Timers.StartMessage(t, now + 1 + random.Next(60_000), processes[i & 15].Pid, Am.Ok, false, r + i);
            output.WriteLine($"start {watch.Elapsed.TotalNanoseconds / Million:0} ns (with the checking allocator)");
            Assert.Equal(Million, t->Count);
            watch.Restart();
            for (int i = 0; i < Million; i += 2) Assert.True(Timers.Cancel(machine, r + i) >= 0);
        }
        output.WriteLine($"cancel {watch.Elapsed.TotalNanoseconds / (Million / 2):0} ns");
        watch.Restart();
        double longest = 0;
        for (long ms = 1; ms <= 60_000; ms++)
        {
            TimeSpan start = watch.Elapsed;
            while (Timers.Expire(t, (now + ms) * VmClock.Millisecond) == 0)
            {
                longest = Math.Max(longest, (watch.Elapsed - start).TotalMilliseconds);
                start = watch.Elapsed;
            }
            longest = Math.Max(longest, (watch.Elapsed - start).TotalMilliseconds);
        }
        output.WriteLine($"expire {watch.Elapsed.TotalNanoseconds / (Million / 2):0} ns, longest go {longest:0.0} ms");
        Assert.Equal(Million / 2, messages);
    }
}
