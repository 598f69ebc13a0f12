using System.Runtime.InteropServices;
using Xunit;

namespace MyBeam.Platform.Tests;

public unsafe class ThreadsTests
{
    private struct Shared
    {
        public OsMutex Mutex;
        public OsCondition Changed;
        public long Counter;
        public int Turn;
        public int Word;
        public nuint Self;
    }

    [Fact]
    public void AThreadRunsAndGivesItsResult()
    {
        Shared* shared = Make();
        Assert.Equal(Errno.None, Threads.Start(&Remember, shared, 256 * 1024, out nuint thread));
        Assert.Equal(Errno.None, Threads.Join(thread, out void* result));
        Assert.True(result == shared);
        Assert.Equal(thread, shared->Self);
        Assert.NotEqual(thread, Threads.Current);
        NativeMemory.Free(shared);
    }

    [Fact]
    public void AStackThatIsTooSmallIsRefused() => Assert.Equal(Errno.Einval, Threads.Start(&Remember, null, 1, out _));

    [Fact]
    public void TheMutexExcludes()
    {
        Shared* shared = Make();
        nuint* threads = stackalloc nuint[4];
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(Errno.None, Threads.Start(&Count, shared, 0, out threads[i]));
        }

        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(Errno.None, Threads.Join(threads[i], out _));
        }

        Assert.Equal(4 * 100_000, shared->Counter);
        Assert.True(shared->Mutex.TryLock());
        Assert.False(shared->Mutex.TryLock());
        shared->Mutex.Unlock();
        NativeMemory.Free(shared);
    }

    [Fact]
    public void TheConditionHandsOverBackAndForth()
    {
        Shared* shared = Make();
        Assert.Equal(Errno.None, Threads.Start(&Pong, shared, 0, out nuint thread));
        for (int i = 0; i < 2000; i++)
        {
            shared->Mutex.Lock();
            while (shared->Turn != 0)
            {
                shared->Changed.Wait(&shared->Mutex, -1);
            }

            shared->Turn = 1;
            shared->Changed.WakeAll();
            shared->Mutex.Unlock();
        }

        Assert.Equal(Errno.None, Threads.Join(thread, out _));
        Assert.Equal(2000, shared->Counter);
        NativeMemory.Free(shared);
    }

    [Fact]
    public void AWaitEndsWhenItsTimeIsOver()
    {
        Shared* shared = Make();
        long before = Clock.MonotonicNanoseconds;
        bool woken;
        do
        {
            woken = Threads.Wait(&shared->Word, 0, 10_000_000);
        }
        while (woken);
        Assert.True(Clock.MonotonicNanoseconds - before >= 10_000_000);
        Assert.True(Threads.Wait(&shared->Word, 1, -1), "another value: does not sleep");
        shared->Mutex.Lock();
        Assert.False(shared->Changed.Wait(&shared->Mutex, 1_000_000));
        shared->Mutex.Unlock();
        NativeMemory.Free(shared);
    }

    [Fact]
    public void AWakeEndsAWait()
    {
        Shared* shared = Make();
        Assert.Equal(Errno.None, Threads.Start(&WaitForWord, shared, 0, out nuint thread));
        Clock.Sleep(5_000_000);
        Volatile.Write(ref shared->Word, 1);
        Threads.Wake(&shared->Word, int.MaxValue);
        Assert.Equal(Errno.None, Threads.Join(thread, out _));
        NativeMemory.Free(shared);
    }

    [Fact]
    public void ProcessorsAreCounted()
    {
        Assert.InRange(Threads.AvailableProcessors, 1, Threads.OnlineProcessors);

        // .NET counts a control group's quota too.
        Assert.True(Environment.ProcessorCount <= Threads.AvailableProcessors);
        Threads.Yield();
    }

    private static Shared* Make() => (Shared*)NativeMemory.AllocZeroed((nuint)sizeof(Shared));

    [UnmanagedCallersOnly]
    private static void* Remember(void* argument)
    {
        fixed (byte* name = "platform-test\0"u8)
        {
            Threads.SetName(name);
        }

        ((Shared*)argument)->Self = Threads.Current;
        return argument;
    }

    [UnmanagedCallersOnly]
    private static void* Count(void* argument)
    {
        Shared* shared = (Shared*)argument;
        for (int i = 0; i < 100_000; i++)
        {
            shared->Mutex.Lock();
            shared->Counter++;
            shared->Mutex.Unlock();
        }

        return null;
    }

    [UnmanagedCallersOnly]
    private static void* Pong(void* argument)
    {
        Shared* shared = (Shared*)argument;
        for (int i = 0; i < 2000; i++)
        {
            shared->Mutex.Lock();
            while (shared->Turn != 1)
            {
                shared->Changed.Wait(&shared->Mutex, -1);
            }

            shared->Turn = 0;
            shared->Counter++;
            shared->Changed.WakeOne();
            shared->Mutex.Unlock();
        }

        return null;
    }

    [UnmanagedCallersOnly]
    private static void* WaitForWord(void* argument)
    {
        Shared* shared = (Shared*)argument;
        while (Volatile.Read(ref shared->Word) == 0)
        {
            _ = Threads.Wait(&shared->Word, 0, -1);
        }

        return null;
    }
}
