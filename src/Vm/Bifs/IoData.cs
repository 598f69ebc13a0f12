// Iodata: a binary, or a list of bytes, binaries and such lists, whose tail may be a binary. Walked without recursion.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;

/// <summary>
/// Gives the bytes of iodata in pieces. Binaries that start at a byte come as they lie, without copying; bytes of lists and other binaries go through a
/// scratch buffer of the caller's. Allocates (Owner.Temporary) only for deep lists; call Free when done.
/// </summary>
public unsafe struct IoData
{
    private WorkStack stack;
    private readonly bool bitsAllowed;
    // What to look at next: a cell, a bitstring, or nil (then the stack is next).
    private Term at;
    // The rest of a bitstring that does not start at a byte.
    private byte* source;
    private ulong sourceOffset, sourceBits;

    /// <summary>
    /// Starts at a term. <paramref name="inline"/>: WorkStack.InlineWords words on the caller's stack. <paramref name="bitsAllowed"/>: bitstrings that
    /// do not end at a byte are welcome.
    /// </summary>
    public IoData(Term term, ulong* inline, bool bitsAllowed = false)
    {
        stack = new WorkStack(inline);
        this.bitsAllowed = bitsAllowed;
        at = term;
        source = null;
        sourceOffset = sourceBits = 0;
        Failed = false;
        Piece = Term.None;
        MaxPiece = long.MaxValue;
    }

    /// <summary>The term was no iodata (badarg): what came before is right, the rest is not to be had.</summary>
    public bool Failed { get; private set; }

    /// <summary>Most bytes of a piece; larger binaries come in several, of which only the first has <see cref="Piece"/>.</summary>
    public long MaxPiece;

    /// <summary>Lets go of the caller's native stack: the walk is to be moved.</summary>
    public void Detach() => stack.Detach();

    /// <summary>The bitstring term whose data the last piece was, or None when the piece is in the scratch buffer.</summary>
    public Term Piece { get; private set; }

    /// <summary>
    /// The next piece: its data (at a byte boundary) and its length in bits. False at the end, and when Failed.
    /// </summary>
    /// <param name="scratch">Where bytes of lists go; the piece lies there when data == scratch.</param>
    /// <param name="room">Bytes of scratch, at least 1.</param>
    public bool Next(byte* scratch, long room, out byte* data, out ulong bits)
    {
        data = scratch;
        Piece = Term.None;
        if (sourceBits != 0) return NextOfSource(scratch, room, out data, out bits);
        long used = 0;
        for (; ; )
        {
            if (at.IsCons)
            {
                Term head = at.Head;
                if (head.IsSmall)
                {
                    if ((ulong)head.SmallValue > 255 || room == 0) return Fail(out bits);
                    if (used == room) break;
                    scratch[used++] = (byte)head.SmallValue;
                    at = at.Tail;
                    continue;
                }
                if (used != 0) break;
                Term tail = at.Tail;
                if (!tail.IsNil) stack.Push(tail.Bits);
                // A byte stands only in the head of a cell, so heads and tails can be looked at alike from here.
                at = head;
                continue;
            }
            if (used != 0) break;
            if (at.IsNil)
            {
                bits = 0;
                if (stack.IsEmpty) return false;
                at = new Term(stack.Pop());
                continue;
            }
            if (!at.IsBitstring) return Fail(out bits);
            Bitstring.Open(at, out data, out ulong offset, out bits);
            if ((bits & 7) != 0 && !bitsAllowed) return Fail(out bits);
            Term whole = at;
            at = Term.Nil;
            if (bits == 0) continue;
            if (offset == 0 && (long)(bits >> 3) <= MaxPiece)
            {
                Piece = whole;
                return true;
            }
            source = data;
            sourceOffset = offset;
            sourceBits = bits;
            data = scratch;
            if (room == 0) return Fail(out bits);
            return NextOfSource(scratch, room, out data, out bits);
        }
        bits = (ulong)used * 8;
        data = scratch;
        return true;
    }

    /// <summary>Frees what a deep list took.</summary>
    public void Free() => stack.Free();

    /// <summary>
    /// The length of iodata in bits. False when the term is none (a part of it that does not end at a byte counts as such unless
    /// <paramref name="bitsAllowed"/>). <paramref name="elements"/>: cells and binaries looked at, for charging reductions.
    /// </summary>
    public static bool Size(Term term, bool bitsAllowed, out ulong bits, out long elements)
    {
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        IoDataSize size = new(term, inline, bitsAllowed);
        long steps = long.MaxValue;
        size.Go(ref steps);
        size.Free();
        bits = size.Bits;
        elements = long.MaxValue - steps;
        return !size.Failed;
    }

    /// <summary>Copies iodata of whole bytes, whose size the caller has from <see cref="Size"/>, to <paramref name="to"/>.</summary>
    public static void Copy(Term term, byte* to, long bytes)
    {
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        IoData walk = new(term, inline);
        byte* end = to + bytes;
        while (to < end && walk.Next(to, end - to, out byte* data, out ulong bits))
        {
            long n = (long)(bits >> 3);
            // Bytes of lists are there already.
            if (data != to) Buffer.MemoryCopy(data, to, n, n);
            to += n;
        }
        walk.Free();
    }

    /// <summary>
    /// Iodata as one block of memory, charged to the process: <paramref name="bytes"/> of data, for <see cref="FreeFlat"/>. Null: it is none or memory is out,
    /// and the native fails.
    /// </summary>
    public static byte* Flatten(Process* p, Term iodata, long bytesPerReduction, out long bytes)
    {
        bytes = 0;
        if (!Size(iodata, false, out ulong bits, out long elements))
        {
            Process.Badarg(p);
            return null;
        }
        bytes = (long)(bits >> 3);
        // One byte more, so that no data has an address as well.
        byte* block = (byte*)Allocator.Alloc((nuint)bytes + 1, Owner.Temporary);
        if (block == null) Process.SystemLimit(p);
        else Copy(iodata, block, bytes);
        Process.Bump(p, (elements >> 4) + (bytes / bytesPerReduction));
        return block;
    }

    /// <summary>Frees what Flatten gave; null is left alone.</summary>
    public static void FreeFlat(byte* block, long bytes) => Allocator.Free(block, (nuint)bytes + 1, Owner.Temporary);

    private bool NextOfSource(byte* scratch, long room, out byte* data, out ulong bits)
    {
        data = scratch;
        if (sourceOffset == 0)
        {
            data = source;
            bits = (sourceBits >> 3) >= (ulong)MaxPiece ? (ulong)MaxPiece * 8 : sourceBits;
            source += bits >> 3;
            sourceBits -= bits;
            return true;
        }
        bits = Math.Min(sourceBits, (ulong)room * 8);
        Bitstring.Copy(source, sourceOffset, bits, scratch);
        source += bits >> 3;
        sourceBits -= bits;
        return true;
    }

    private bool Fail(out ulong bits)
    {
        Failed = true;
        bits = 0;
        return false;
    }
}

/// <summary>Measures iodata, in slices if need be.</summary>
public unsafe struct IoDataSize
{
    private WorkStack stack;
    private readonly bool bitsAllowed;
    private Term at;

    /// <summary>Starts at a term; see IoData.</summary>
    public IoDataSize(Term term, ulong* inline, bool bitsAllowed)
    {
        stack = new WorkStack(inline);
        this.bitsAllowed = bitsAllowed;
        at = term;
        Bits = 0;
        Failed = Done = false;
    }

    /// <summary>Bits so far.</summary>
    public ulong Bits { get; private set; }

    /// <summary>The term is no iodata.</summary>
    public bool Failed { get; private set; }

    /// <summary>Whether the end is reached.</summary>
    public bool Done { get; private set; }

    /// <summary>Goes on for so many elements.</summary>
    public void Go(ref long steps)
    {
        bool good = true;
        ulong bits = Bits;
        for (; good && !Done && steps > 0; steps--)
        {
            if (at.IsCons)
            {
                Term head = at.Head;
                if (head.IsSmall)
                {
                    good = (ulong)head.SmallValue <= 255;
                    bits += 8;
                    at = at.Tail;
                    continue;
                }
                Term tail = at.Tail;
                if (!tail.IsNil) stack.Push(tail.Bits);
                at = head;
                continue;
            }
            if (at.IsBitstring)
            {
                Bitstring.Open(at, out _, out _, out ulong n);
                good = bitsAllowed || (n & 7) == 0;
                bits += n;
            }
            else good = at.IsNil;
            if (stack.IsEmpty) Done = true;
            else at = new Term(stack.Pop());
        }
        Bits = bits;
        Failed = !good;
        Done |= Failed;
    }

    /// <summary>Lets go of the caller's native stack.</summary>
    public void Detach() => stack.Detach();

    /// <summary>Frees what a deep list took.</summary>
    public void Free() => stack.Free();
}
