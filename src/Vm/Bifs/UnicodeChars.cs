// Character data (deep lists of code points and binaries) to UTF-8: the two passes behind unicode:characters_to_binary/2 and characters_to_list/2.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>The second pass: writes UTF-8 into a block that the first (<see cref="Size"/>) has found large enough.</summary>
internal unsafe struct UnicodeChars
{
    private readonly Process* process;
    private readonly bool latin1;
    private byte* to;
    private fixed byte pending[4];
    private int pendingBytes;

    public UnicodeChars(Process* p, bool latin1, byte* to)
    {
        process = p;
        this.latin1 = latin1;
        this.to = to;
        Characters = 0;
        pendingBytes = 0;
    }

    /// <summary>Characters written so far (those of Latin-1 and UTF-8 binaries too).</summary>
    public long Characters;

    /// <summary>Where the next byte would go.</summary>
    public readonly byte* End => to;

    /// <summary>
    /// Bytes that character data take as UTF-8: exact when they turn out to be without error, else enough for what comes before the error. -1 when they are no
    /// character data at all (badarg). A big integer ends the count: it is an error, not a badarg, and the second pass stops at it.
    /// </summary>
    public static long Size(Term chars, bool latin1)
    {
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        WorkStack later = new(inline);
        long need = 0;
        Term at = chars;
        while (true)
        {
            if (at.IsCons)
            {
                Term head = at.Head;
                Term tail = at.Tail;
                if (head.IsSmall)
                {
                    need += Utf8Text.SizeOf((ulong)head.SmallValue);
                    at = tail;
                }
                else if (head.IsCons)
                {
                    if (!tail.IsNil) later.Push(tail.Bits);
                    at = head;
                }
                else if (head.IsNil)
                {
                    at = tail;
                }
                else if (head.IsBitstring)
                {
                    long more = BinarySize(head, latin1);
                    if (more < 0) { need = -1; break; }
                    need += more;
                    at = tail;
                }
                else
                {
                    if (!head.IsBig) need = -1;
                    break;
                }
                continue;
            }
            if (at.IsBitstring)
            {
                long more = BinarySize(at, latin1);
                if (more < 0) { need = -1; break; }
                need += more;
            }
            else if (!at.IsNil)
            {
                need = -1;
                break;
            }
            if (later.IsEmpty) break;
            at = new Term(later.Pop());
        }
        later.Free();
        return need;
    }

    private static long BinarySize(Term binary, bool latin1)
    {
        if (!BinaryModuleBifs.Whole(binary, out byte* data, out ulong offset, out long bytes)) return -1;
        if (!latin1) return bytes;
        if (offset == 0) return Utf8Text.Latin1Size(data, bytes);
        long size = bytes;
        for (long i = 0; i < bytes; i++) size += BinaryModuleBifs.Byte(data, offset, i) >> 7;
        return size;
    }

    /// <summary>
    /// Writes everything. On an error false, and what is left, from the offending integer or bytes on: the list it stands in, before it the bytes of a
    /// character that was cut if there are any, behind it the rests of the lists around it (OTP's shape).
    /// </summary>
    public bool Write(Term chars, out Term rest)
    {
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        WorkStack later = new(inline);
        bool good = true;
        rest = Term.Nil;
        Term at = chars;
        while (true)
        {
            if (at.IsCons)
            {
                Term head = at.Head;
                if (head.IsSmall)
                {
                    ulong code = (ulong)head.SmallValue;
                    if (pendingBytes != 0 || !(latin1 ? code <= 255 : BitsUtf.IsValid(code))) { good = false; break; }
                    to = Utf8Text.Put(to, (uint)code);
                    Characters++;
                    at = at.Tail;
                }
                else if (head.IsCons)
                {
                    later.Push(at.Tail.Bits);
                    at = head;
                }
                else if (head.IsBitstring)
                {
                    Term left = Binary(head);
                    if (!left.IsNil)
                    {
                        at = Process.Cons(process, left, at.Tail);
                        good = false;
                        break;
                    }
                    at = at.Tail;
                }
                else if (head.IsNil)
                {
                    at = at.Tail;
                }
                else
                {
                    good = false;
                    break;
                }
                continue;
            }
            if (at.IsBitstring)
            {
                Term left = Binary(at);
                if (!left.IsNil)
                {
                    at = left;
                    good = false;
                    break;
                }
            }
            if (later.IsEmpty) break;
            at = new Term(later.Pop());
        }
        if (!good)
        {
            while (!later.IsEmpty) at = Process.Cons(process, at, new Term(later.Pop()));
            rest = pendingBytes == 0 ? at : Process.Cons(process, Pending(), Process.Cons(process, at, Term.Nil));
        }
        later.Free();
        return good;
    }

    /// <summary>After Write: whether the last binary ended inside a character.</summary>
    public readonly bool IsCut => pendingBytes != 0;

    /// <summary>The bytes of the character that was cut, as a binary.</summary>
    public Term Pending()
    {
        fixed (byte* b = pending) return Binaries.FromBytes(process, b, pendingBytes);
    }

    /// <summary>The atom for what is cut: incomplete when more bytes could complete it, else error.</summary>
    public Term CutKind()
    {
        fixed (byte* b = pending) return Utf8Text.MayGoOn(b, pendingBytes) ? Am.Incomplete : Am.Error;
    }

    // A binary; nil when all of it was taken, else the rest of it from the error on.
    private Term Binary(Term binary)
    {
        if (!Binaries.Aligned(binary, out byte* data, out long bytes, out byte* copy)) return binary;
        long taken = 0;
        bool good = true;
        if (latin1)
        {
            to = Utf8Text.FromLatin1(data, bytes, to);
            Characters += bytes;
        }
        else
        {
            good = TakeUtf8(data, bytes, out taken);
        }
        Allocator.Free(copy, (nuint)bytes, Owner.Temporary);
        return good ? Term.Nil : Binaries.Sub(process, binary, (ulong)taken * 8, (ulong)(bytes - taken) * 8);
    }

    private bool TakeUtf8(byte* data, long bytes, out long taken)
    {
        taken = 0;
        fixed (byte* begun = pending)
        {
            if (pendingBytes != 0)
            {
                int missing = Utf8Text.LengthOf(*begun) - pendingBytes;
                int now = bytes < missing ? (int)bytes : missing;
                for (int i = 0; i < now; i++) begun[pendingBytes + i] = data[i];
                if (now < missing)
                {
                    pendingBytes += now;
                    return true;
                }
                // On an error the whole binary is left, and the bytes before it stay pending.
                if (!Take(begun, pendingBytes + now, out _, out Utf8End made) || made != Utf8End.Complete) return false;
                pendingBytes = 0;
                taken = now;
            }
            if (!Take(data + taken, bytes - taken, out long valid, out Utf8End end))
            {
                taken += valid;
                return false;
            }
            if (end == Utf8End.Cut)
            {
                pendingBytes = (int)(bytes - taken - valid);
                for (int i = 0; i < pendingBytes; i++) begun[i] = data[taken + valid + i];
            }
            return true;
        }
    }

    private bool Take(byte* data, long bytes, out long valid, out Utf8End end)
    {
        end = Utf8Text.Check(data, bytes, out valid, out long characters);
        System.Buffer.MemoryCopy(data, to, valid, valid);
        to += valid;
        Characters += characters;
        return end != Utf8End.Wrong;
    }
}
