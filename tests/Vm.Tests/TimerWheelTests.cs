// The timer wheel against a list sorted by deadline.

using System.Diagnostics;
using System.Runtime.InteropServices;
using MyBeam.Memory;
using Xunit.Abstractions;

namespace MyBeam.Vm.Tests;

public sealed unsafe class TimerWheelTests(ITestOutputHelper output)
{
    // The earliest first, those of one millisecond in the order in which they were put in.
    private sealed class Model
    {
        private readonly SortedDictionary<(long Key, long Sequence), nint> order = [];
        private readonly Dictionary<nint, (long, long)> places = [];
        private long sequence;

        public int Count => order.Count;
        public (long Key, nint Node) First => (order.First().Key.Key, order.First().Value);

        public void Insert(nint node, long key)
        {
            places[node] = (key, ++sequence);
            order[(key, sequence)] = node;
        }

        public void Remove(nint node)
        {
            order.Remove(places[node]);
            places.Remove(node);
        }

        public nint Pick(Random random) => places.Keys.ElementAt(random.Next(places.Count));
    }

    private static readonly long[] Spans = [1, 3, 64, 100, 4096, 5000, 300_000, 1 << 24, 1L << 31, 49L * 86400 * 1000, 1L << 40, 9_223_372_035_000];

    [Theory]
    [InlineData(1, 1_000_000)]
    [InlineData(2, 1_000_000)]
    [InlineData(3, 3)]
    [InlineData(0, 1_000_000)]
    public void Fires_in_order_of_deadlines(int seed, int budgetLimit)
    {
        if (seed == 0) seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        Random random = new(seed);
        TimerWheel wheel = default;
        long now = random.NextInt64(1L << 36);
        Assert.True(wheel.Create(now));
        Model model = new();
        bool exact = budgetLimit > 1000;
        Stack<nint> free = new();
        int fired = 0;
        for (int step = 0; step < 200_000; step++)
        {
            int what = random.Next(100);
            if (what < (step % 20_000 < 10_000 ? 60 : 35))
            {
                WheelNode* n = free.Count > 0 ? (WheelNode*)free.Pop() : (WheelNode*)Allocator.AllocZeroed((nuint)sizeof(WheelNode), Owner.Timers);
                long span = Spans[random.Next(random.Next(1, Spans.Length + 1))];
                n->Deadline = now + random.NextInt64(-2, span);
                wheel.Insert(n);
                model.Insert((nint)n, exact ? Math.Max(n->Deadline, now) : n->Deadline);
            }
            else if (what < 80)
            {
                if (model.Count == 0) continue;
                nint node = model.Pick(random);
                wheel.Remove((WheelNode*)node);
                model.Remove(node);
                free.Push(node);
            }
            else
            {
                // Small steps, to the next deadline, or far.
                long to = what < 90 ? now + random.Next(100) : (what < 99 || random.Next(10) > 0) && model.Count > 0 ? Math.Max(now, model.First.Key) : now + random.NextInt64(Spans[random.Next(10)]);
                now = to;
                int budget = budgetLimit;
                WheelNode* n;
                while ((n = wheel.Due(now, ref budget)) != null || budget <= 0)
                {
                    if (n == null)
                    {
                        if (wheel.NextEvent() > now) break;
                        budget = budgetLimit;
                        continue;
                    }
                    Assert.True(n->Deadline <= now);
                    if (exact) Assert.Equal(model.First.Node, (nint)n);
                    wheel.Remove(n);
                    model.Remove((nint)n);
                    free.Push((nint)n);
                    fired++;
                }
                Assert.True(model.Count == 0 || model.First.Key > now);
            }
            Assert.Equal(model.Count, wheel.Count);
            long next = wheel.NextEvent();
            if (model.Count == 0) Assert.Equal(TimerWheel.Never, next);
            else Assert.True(next <= Math.Max(now, model.First.Key));
        }
        output.WriteLine($"{fired} fired, {model.Count} left");
        WheelNode* last;
        while ((last = wheel.Any()) != null)
        {
            wheel.Remove(last);
            Allocator.Free(last, (nuint)sizeof(WheelNode), Owner.Timers);
        }
        foreach (nint node in free) Allocator.Free((void*)node, (nuint)sizeof(WheelNode), Owner.Timers);
        wheel.Destroy();
        Assert.Equal(0, Allocator.Outstanding(Owner.Timers));
        Assert.Equal(0, Allocator.Faults);
    }

    // Sleeping until NextEvent is good enough: a level costs at most one wake-up.
    [Theory]
    [InlineData(1)]
    [InlineData(4_000)]
    [InlineData(49L * 86400 * 1000)]
    [InlineData(9_223_372_035_000)]
    public void A_sleeper_wakes_a_few_times_only(long span)
    {
        TimerWheel wheel = default;
        Assert.True(wheel.Create(123_456_789));
        WheelNode* n = (WheelNode*)NativeMemory.AllocZeroed((nuint)sizeof(WheelNode));
        n->Deadline = 123_456_789 + span;
        wheel.Insert(n);
        int wakes = 0;
        long at;
        int budget = 1000;
        do
        {
            at = wheel.NextEvent();
            Assert.True(at <= n->Deadline);
            wakes++;
        }
        while (wheel.Due(at, ref budget) == null);
        Assert.Equal(n->Deadline, at);
        Assert.InRange(wakes, 1, 8);
        wheel.Remove(n);
        NativeMemory.Free(n);
        wheel.Destroy();
    }

    [Fact]
    public void A_million_timers()
    {
        const int Million = 1_000_000;
        TimerWheel wheel = default;
        Assert.True(wheel.Create(0));
        WheelNode* nodes = (WheelNode*)NativeMemory.AllocZeroed(Million, (nuint)sizeof(WheelNode));
        Random random = new(7);
        for (int i = 0; i < Million; i++) nodes[i].Deadline = random.Next(60_000);
        Stopwatch watch = Stopwatch.StartNew();
        for (int i = 0; i < Million; i++) wheel.Insert(nodes + i);
        output.WriteLine($"insert {watch.Elapsed.TotalNanoseconds / Million:0} ns");
        watch.Restart();
        for (int i = 0; i < Million; i += 2) wheel.Remove(nodes + i);
        output.WriteLine($"cancel {watch.Elapsed.TotalNanoseconds / (Million / 2):0} ns");
        watch.Restart();
        double longest = 0;
        int fired = 0;
        for (long now = 0; now < 60_000; now++)
        {
            TimeSpan before = watch.Elapsed;
            int budget = int.MaxValue;
            WheelNode* n;
            while ((n = wheel.Due(now, ref budget)) != null)
            {
                wheel.Remove(n);
                fired++;
            }
            longest = Math.Max(longest, (watch.Elapsed - before).TotalMilliseconds);
        }
        output.WriteLine($"expire {watch.Elapsed.TotalNanoseconds / fired:0} ns, longest step {longest:0.0} ms");
        Assert.Equal(Million / 2, fired);
        wheel.Destroy();
        NativeMemory.Free(nodes);
    }
}
