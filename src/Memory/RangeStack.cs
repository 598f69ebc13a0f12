// The explicit stack of every walk over a term. It holds rows of terms that are still to be visited: the rest of a tuple, the tail of a cell whose head
// is being visited. The last row is never pushed, so a list of any length needs no stack along its tail.
namespace MyBeam.Memory;

/// <summary>Terms still to be visited: [At, End).</summary>
internal unsafe struct TermRow
{
    public Term* At, End;
}

/// <summary>A stack of rows: first in a buffer of the caller (stackalloc), then in a block of the allocator.</summary>
internal unsafe struct RangeStack
{
    /// <summary>Rows of the caller's buffer.</summary>
    internal const int Initial = 32;

    private TermRow* rows;
    private long count, capacity;
    private bool owned;

    internal RangeStack(TermRow* buffer)
    {
        rows = buffer;
        count = 0;
        capacity = Initial;
        owned = false;
    }

    /// <summary>False when memory is out.</summary>
    internal bool Push(Term* at, Term* end)
    {
        if (count == capacity && !Grow()) return false;
        rows[count].At = at;
        rows[count].End = end;
        count++;
        return true;
    }

    /// <summary>False when the stack is empty.</summary>
    internal bool Pop(out Term* at, out Term* end)
    {
        if (count == 0)
        {
            at = end = null;
            return false;
        }
        count--;
        at = rows[count].At;
        end = rows[count].End;
        return true;
    }

    /// <summary>Frees what was allocated.</summary>
    internal readonly void Free()
    {
        if (owned) Allocator.Free(rows, (nuint)(capacity * sizeof(TermRow)), Owner.Temporary);
    }

    private bool Grow()
    {
        TermRow* bigger = (TermRow*)Allocator.Alloc((nuint)(capacity * 4 * sizeof(TermRow)), Owner.Temporary);
        if (bigger == null) return false;
        for (long i = 0; i < count; i++) bigger[i] = rows[i];
        Free();
        rows = bigger;
        capacity *= 4;
        owned = true;
        return true;
    }
}
