// The poller thread with pipes: what is reported and how often, and that Forget waits for a callback under way.

using System.Diagnostics;
using MyBeam.Memory;
using MyBeam.Platform;

namespace MyBeam.Vm.Tests;

public sealed unsafe class PollerTests : IDisposable
{
    private static int calls, inside, leave;
    private static PollEvents last;

    private readonly long before = Allocator.OutstandingTotal();
    private readonly Machine* machine = Machine.Create();
    private readonly int readEnd, writeEnd;

    public PollerTests()
    {
        calls = inside = 0;
        leave = 1;
        last = PollEvents.None;
        Assert.Equal(Errno.None, Files.Pipe(out readEnd, out writeEnd));
    }

    public void Dispose()
    {
        Machine.Destroy(machine);
        _ = Files.Close(readEnd);
        _ = Files.Close(writeEnd);
        Assert.Equal(before, Allocator.OutstandingTotal());
    }

    private static void Count(Machine* m, void* data, int descriptor, PollEvents events)
    {
        last = events;
        Interlocked.Increment(ref calls);
        Volatile.Write(ref inside, 1);
        while (Volatile.Read(ref leave) == 0) Thread.Sleep(1);
        Volatile.Write(ref inside, 2);
    }

    // As long as data is there.
    private static void Drain(Machine* m, void* data, int descriptor, PollEvents events)
    {
        byte b;
        if (Files.Read(descriptor, &b, 1, out nuint n) != Errno.None || n != 1) return;
        Interlocked.Increment(ref calls);
        Poller.Watch(m, descriptor, PollEvents.Read, &Drain, data);
    }

    private static void WaitFor(Func<bool> what)
    {
        var clock = Stopwatch.StartNew();
        while (!what())
        {
            Assert.True(clock.ElapsedMilliseconds < 10_000, "nothing came");
            Thread.Sleep(1);
        }
    }

    private void Write(int bytes)
    {
        byte* data = stackalloc byte[bytes];
        Assert.Equal(Errno.None, Files.WriteAll(writeEnd, data, (nuint)bytes));
    }

    [Fact]
    public void A_watch_fires_once()
    {
        Assert.Equal(Errno.None, Poller.Watch(machine, readEnd, PollEvents.Read, &Count, null));
        Thread.Sleep(20);
        Assert.Equal(0, calls);
        Assert.Equal(1, machine->Poller.Pending);
        Write(1);
        WaitFor(() => calls == 1);
        Write(1);
        Thread.Sleep(20);
        Assert.Equal(1, calls);
        Assert.Equal(PollEvents.Read, last);
        Assert.Equal(0, machine->Poller.Pending);
    }

    [Fact]
    public void A_callback_sets_its_watch_again()
    {
        Poller.Watch(machine, readEnd, PollEvents.Read, &Drain, null);
        for (int i = 0; i < 100; i++) Write(10);
        WaitFor(() => calls == 1000);
        Poller.Forget(machine, readEnd);
        Assert.Equal(0, machine->Poller.Pending);
    }

    [Fact]
    public void A_forgotten_watch_does_not_fire()
    {
        Poller.Watch(machine, readEnd, PollEvents.Read, &Count, null);
        Poller.Forget(machine, readEnd);
        Write(1);
        Thread.Sleep(20);
        Assert.Equal(0, calls);
    }

    [Fact]
    public void Forget_waits_for_the_callback()
    {
        leave = 0;
        Poller.Watch(machine, readEnd, PollEvents.Read, &Count, null);
        Write(1);
        WaitFor(() => Volatile.Read(ref inside) == 1);
        var thread = new Thread(() => Poller.Forget(machine, readEnd));
        thread.Start();
        Assert.False(thread.Join(30));
        Volatile.Write(ref leave, 1);
        thread.Join();
        Assert.Equal(2, inside);
    }

    [Fact]
    public void Reading_and_writing_are_separate()
    {
        Poller.Watch(machine, writeEnd, PollEvents.Write, &Count, null);
        WaitFor(() => calls == 1);
        Assert.Equal(PollEvents.Write, last);
        Poller.Watch(machine, readEnd, PollEvents.Read, &Count, null);
        Poller.Watch(machine, writeEnd, PollEvents.Write, &Count, null);
        WaitFor(() => calls == 2);
        Assert.Equal(1, machine->Poller.Pending);
    }

    [Fact]
    public void The_other_end_closed_is_reported()
    {
        Assert.Equal(Errno.None, Files.Pipe(out int r, out int w));
        Poller.Watch(machine, r, PollEvents.Read, &Count, null);
        _ = Files.Close(w);
        WaitFor(() => calls == 1);
        Assert.Equal(PollEvents.HangUp, last);
        Poller.Forget(machine, r);
        _ = Files.Close(r);
    }

    [Fact]
    public void A_file_is_always_ready()
    {
        fixed (byte* name = "/proc/self/exe\0"u8)
        {
            Assert.Equal(Errno.None, Files.Open(name, OpenModes.Read, 0, out int file));
            Poller.Watch(machine, file, PollEvents.Read, &Count, null);
            WaitFor(() => calls == 1);
            Poller.Watch(machine, file, PollEvents.Read, &Count, null);
            WaitFor(() => calls == 2);
            Poller.Forget(machine, file);
            _ = Files.Close(file);
        }
    }

    [Fact]
    public void A_bad_descriptor_is_an_error()
    {
        Assert.Equal(Errno.Ebadf, Poller.Watch(machine, 1000, PollEvents.Read, &Count, null));
        Assert.Equal(0, machine->Poller.Pending);
    }
}
