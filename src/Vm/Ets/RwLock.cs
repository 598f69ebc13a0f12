// A lock for many readers or one writer, one word, on Threads.Wait and Threads.Wake.
namespace MyBeam.Vm;

using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading;
using MyBeam.Platform;

/// <summary>
/// Readers-writer lock of 4 bytes; zeroed memory is an open lock. It lives in native memory that does not move and is not recursive. While somebody
/// sleeps, new readers sleep too, so that a stream of readers does not keep a writer out; the last to leave wakes all sleepers.
/// </summary>
public unsafe struct RwLock
{
    private const int Writer = 1 << 28, Sleepers = 1 << 29, ReaderMask = Writer - 1;
    private const int Spins = 60;

    private int state;

    /// <summary>Enters as a reader or as the writer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Enter(bool write)
    {
        if (write) EnterWrite();
        else EnterRead();
    }

    /// <summary>Leaves as it was entered.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Exit(bool write)
    {
        if (write) ExitWrite();
        else ExitRead();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void EnterRead()
    {
        int s = state;
        if ((s & (Writer | Sleepers)) != 0 || Interlocked.CompareExchange(ref state, s + 1, s) != s) Slow(false);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void EnterWrite()
    {
        if (Interlocked.CompareExchange(ref state, Writer, 0) != 0) Slow(true);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void ExitRead()
    {
        if (Interlocked.Decrement(ref state) == Sleepers) WakeAfterReaders();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void ExitWrite()
    {
        int before = Interlocked.Exchange(ref state, 0);
        Debug.Assert((before & Writer) != 0);
        if ((before & Sleepers) != 0) Threads.Wake((int*)Unsafe.AsPointer(ref state), int.MaxValue);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WakeAfterReaders()
    {
        // If it fails somebody has entered meanwhile and will wake the sleepers.
        if (Interlocked.CompareExchange(ref state, 0, Sleepers) == Sleepers) Threads.Wake((int*)Unsafe.AsPointer(ref state), int.MaxValue);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Slow(bool write)
    {
        for (int spin = 0; ;)
        {
            int s = Volatile.Read(ref state);
            if (write ? (s & (Writer | ReaderMask)) == 0 : (s & (Writer | Sleepers)) == 0)
            {
                if (Interlocked.CompareExchange(ref state, write ? s | Writer : s + 1, s) == s) return;
                continue;
            }
            if (spin++ < Spins) continue;
            if ((s & Sleepers) == 0 && Interlocked.CompareExchange(ref state, s | Sleepers, s) != s) continue;
            _ = Threads.Wait((int*)Unsafe.AsPointer(ref state), s | Sleepers, -1);
        }
    }
}
