// The explicit stack of the functions that walk terms: a deep term must not use up the native stack.
namespace MyBeam.Memory;

using System.Runtime.CompilerServices;

/// <summary>A stack of words. It starts in a block the caller has on its native stack and moves to the allocator (Owner.Temporary) when that is full.</summary>
public unsafe struct WorkStack
{
    private ulong* bottom, top, end;
    private nuint allocated;

    /// <summary>Words a caller reserves with stackalloc.</summary>
    public const int InlineWords = 48;

    /// <summary>Starts empty in <paramref name="inline"/>, of InlineWords words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public WorkStack(ulong* inline)
    {
        bottom = top = inline;
        end = inline + InlineWords;
        allocated = 0;
    }

    public readonly bool IsEmpty { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => top == bottom; }

    /// <summary>Words on the stack.</summary>
    public readonly long Count => top - bottom;

    /// <summary>The word at a place counted from the bottom.</summary>
    public readonly ulong At(long index) => bottom[index];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Push(ulong a)
    {
        if (top == end) Grow(1);
        *top++ = a;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Push(ulong a, ulong b)
    {
        if (end - top < 2) Grow(2);
        top[0] = a;
        top[1] = b;
        top += 2;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Push(ulong a, ulong b, ulong c)
    {
        if (end - top < 3) Grow(3);
        top[0] = a;
        top[1] = b;
        top[2] = c;
        top += 3;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Pop() => *--top;

    /// <summary>Moves out of the caller's native stack, so that the stack can live on after the caller.</summary>
    public void Detach()
    {
        if (allocated == 0) Grow(0);
    }

    /// <summary>Gives back what was allocated.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Free()
    {
        if (allocated == 0) return;
        Allocator.Free(bottom, allocated, Owner.Temporary);
        allocated = 0;
    }

    // Out of memory in the middle of a comparison has no sensible answer: the write to null that follows ends the OS process, as OTP ends.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Grow(long more)
    {
        long used = top - bottom;
        long size = (end - bottom) * 2;
        if (size < used + more) size = used + more;
        nuint bytes = (nuint)size * 8;
        ulong* fresh;
        if (allocated == 0)
        {
            fresh = (ulong*)Allocator.Alloc(bytes, Owner.Temporary);
            if (fresh != null) System.Buffer.MemoryCopy(bottom, fresh, used * 8, used * 8);
        }
        else
        {
            fresh = (ulong*)Allocator.Realloc(bottom, allocated, bytes, Owner.Temporary);
        }
        bottom = fresh;
        top = fresh + used;
        end = fresh + size;
        allocated = bytes;
    }
}
