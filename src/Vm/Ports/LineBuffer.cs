// The option {line, N}: input comes in lines, without their ends; longer ones in parts of N bytes.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>
/// The line that is being read. CR LF ends a line as LF does, so a CR is held back until the next byte is known; it counts as one of the N bytes only when it
/// turns out to be one of the line (OTP: read_linebuf).
/// </summary>
public unsafe struct LineBuffer
{
    private byte* data;
    private long capacity;
    private bool heldCr;

    /// <summary>Bytes of the part that is complete, and where they are.</summary>
    public long Bytes;
    public readonly byte* Data => data;

    /// <summary>Most bytes of a part.</summary>
    public long Most;

    /// <summary>
    /// Goes on through input. 1: a line is complete; 0: a part of one is full; -1: the input is used up. After 0 and 1 the caller takes Data and Bytes, sets Bytes
    /// to 0 and calls again.
    /// </summary>
    public int Next(ref byte* at, byte* end)
    {
        while (at < end)
        {
            byte b = *at;
            if (b == '\n')
            {
                at++;
                heldCr = false;
                return 1;
            }
            if (heldCr)
            {
                if (Bytes == Most) return 0;
                heldCr = false;
                if (!Put((byte)'\r')) return -1;
                continue;
            }
            if (b == '\r')
            {
                at++;
                heldCr = true;
                continue;
            }
            if (Bytes == Most) return 0;
            at++;
            if (!Put(b)) return -1;
        }
        return -1;
    }

    /// <summary>The end of the input: whether there is a part left to deliver. Called until it is false, with Bytes set to 0 in between.</summary>
    public bool Rest()
    {
        if (heldCr && Bytes < Most)
        {
            heldCr = false;
            Put((byte)'\r');
        }
        return Bytes != 0;
    }

    private bool Put(byte b)
    {
        if (Bytes == capacity)
        {
            long n = System.Math.Min(Most, System.Math.Max(64, capacity * 2));
            byte* more = (byte*)Allocator.Realloc(data, (nuint)capacity, (nuint)n, Owner.Vm);
            if (more == null) return false;
            data = more;
            capacity = n;
        }
        data[Bytes++] = b;
        return true;
    }

    /// <summary>Gives the memory back.</summary>
    public void Free()
    {
        Allocator.Free(data, (nuint)capacity, Owner.Vm);
        data = null;
        capacity = Bytes = 0;
    }
}
