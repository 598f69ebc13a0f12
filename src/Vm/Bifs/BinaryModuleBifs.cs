// The module binary, without its searching half (BinarySearchBifs.cs). binary:list_to_bin/1 is with the other I/O list functions.
namespace MyBeam.Vm;

using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using MyBeam.Memory;

/// <summary>Natives of the module binary.</summary>
internal static unsafe class BinaryModuleBifs
{
    // Bytes copied or compared that are worth a reduction.
    private const long BytesPerReduction = 64;

    [Bif("binary:first/1")]
    public static Term First(Process* p, Term* a) => Whole(a[0], out byte* data, out ulong offset, out long bytes) && bytes > 0
        ? Term.Small(Byte(data, offset, 0))
        : Process.Badarg(p);

    [Bif("binary:last/1")]
    public static Term Last(Process* p, Term* a) => Whole(a[0], out byte* data, out ulong offset, out long bytes) && bytes > 0
        ? Term.Small(Byte(data, offset, bytes - 1))
        : Process.Badarg(p);

    [Bif("binary:at/2")]
    public static Term At(Process* p, Term* a) =>
        Whole(a[0], out byte* data, out ulong offset, out long bytes) && a[1].IsSmall && (ulong)a[1].SmallValue < (ulong)bytes
            ? Term.Small(Byte(data, offset, a[1].SmallValue))
            : Process.Badarg(p);

    [Bif("binary:part/3")]
    public static Term Part3(Process* p, Term* a) => Binary(p, a[0], a[1], a[2]);

    [Bif("binary:part/2")]
    public static Term Part2(Process* p, Term* a) =>
        a[1].IsTupleOf(2) ? Binary(p, a[0], a[1].TupleElements[0], a[1].TupleElements[1]) : Process.Badarg(p);

    /// <summary>The part of a binary that starts at a byte and has a length, which is negative when it lies before that byte. badarg outside it.</summary>
    public static Term Binary(Process* p, Term binary, Term start, Term length)
    {
        if (!Whole(binary, out _, out _, out long bytes) || !Range(start, length, bytes, out long from, out long count)) return Process.Badarg(p);
        return Binaries.Sub(p, binary, (ulong)from * 8, (ulong)count * 8);
    }

    [Bif("binary:copy/1")]
    public static Term Copy1(Process* p, Term* a) => Copy(p, a[0], 1);

    [Bif("binary:copy/2")]
    public static Term Copy2(Process* p, Term* a)
    {
        // A count that is no small is larger than any memory, except for an empty binary.
        if (a[1].IsBig && !a[1].BigNegative && a[1].BigLength == 1 && Whole(a[0], out _, out _, out long bytes))
            return bytes == 0 ? Binaries.New(p, 0, out _) : Process.SystemLimit(p);
        return a[1].IsSmall && a[1].SmallValue >= 0 ? Copy(p, a[0], a[1].SmallValue) : Process.Badarg(p);
    }

    private static Term Copy(Process* p, Term binary, long times)
    {
        if (!Whole(binary, out byte* data, out ulong offset, out long bytes)) return Process.Badarg(p);
        if (bytes == 0) times = 0;
        if (times > 0 && times >= long.MaxValue / 4 / bytes) return Process.SystemLimit(p);
        long total = times * bytes;
        Term made = Binaries.New(p, total, out byte* to);
        if (made.IsNone || total == 0) return made;
        Bitstring.Copy(data, offset, (ulong)bytes * 8, to);
        // What is there is doubled until all is there.
        for (long done = bytes; done < total;)
        {
            long more = total - done < done ? total - done : done;
            System.Buffer.MemoryCopy(to, to + done, more, more);
            done += more;
        }
        Process.Bump(p, total / BytesPerReduction);
        return made;
    }

    [Bif("binary:referenced_byte_size/1")]
    public static Term ReferencedByteSize(Process* p, Term* a)
    {
        if (!a[0].IsBitstring) return Process.Badarg(p);
        if (a[0].IsKind(Header.SubBits))
        {
            SubBits* sub = (SubBits*)a[0].Box;
            if (sub->Orig.IsKind(Header.BinaryRef))
            {
                OffHeapBinary* all = ((BinaryRef*)sub->Orig.Box)->Binary;
                // Of a binary that is appended to, the room behind it counts too (measured on OTP 29).
                return Term.Small((sub->BaseFlags & SubBits.Writable) != 0 ? all->Capacity : all->Size);
            }
        }
        Bitstring.Open(a[0], out _, out _, out ulong bits);
        return Term.Small((long)(bits >> 3));
    }

    [Bif("binary:encode_unsigned/1")]
    public static Term EncodeUnsigned1(Process* p, Term* a) => Encode(p, a[0], false);

    [Bif("binary:encode_unsigned/2")]
    public static Term EncodeUnsigned2(Process* p, Term* a) => Endian(a[1], out bool little) ? Encode(p, a[0], little) : Process.Badarg(p);

    [Bif("binary:decode_unsigned/1")]
    public static Term DecodeUnsigned1(Process* p, Term* a) => Decode(p, a[0], false);

    [Bif("binary:decode_unsigned/2")]
    public static Term DecodeUnsigned2(Process* p, Term* a) => Endian(a[1], out bool little) ? Decode(p, a[0], little) : Process.Badarg(p);

    private static bool Endian(Term t, out bool little)
    {
        little = t == Am.Little;
        return little || t == Am.Big;
    }

    private static Term Encode(Process* p, Term t, bool little)
    {
        ulong one;
        ulong* digits;
        int count;
        if (t.IsSmall && t.SmallValue >= 0)
        {
            one = (ulong)t.SmallValue;
            digits = &one;
            count = 1;
        }
        else if (t.IsBig && !t.BigNegative)
        {
            digits = t.BigDigits;
            count = t.BigLength;
        }
        else
        {
            return Process.Badarg(p);
        }
        int top = (71 - System.Numerics.BitOperations.LeadingZeroCount(digits[count - 1])) / 8;
        long bytes = ((count - 1) * 8L) + (top == 0 ? 1 : top);
        Term made = Binaries.New(p, bytes, out byte* to);
        if (made.IsNone) return made;
        byte* from = (byte*)digits;
        if (little) System.Buffer.MemoryCopy(from, to, bytes, bytes);
        else Reverse(from, to, bytes);
        Process.Bump(p, bytes / BytesPerReduction);
        return made;
    }

    private static Term Decode(Process* p, Term t, bool little)
    {
        if (!Binaries.Aligned(t, out byte* data, out long bytes, out byte* copy)) return Process.Badarg(p);
        nuint copied = (nuint)bytes;
        Process.Bump(p, bytes / BytesPerReduction);
        if (little)
            while (bytes > 0 && data[bytes - 1] == 0) bytes--;
        else
            for (; bytes > 0 && *data == 0; bytes--) data++;
        Term made = bytes <= 8 ? DecodeWord(p, data, bytes, little) : DecodeBig(p, data, bytes, little);
        Allocator.Free(copy, copied, Owner.Temporary);
        return made;
    }

    private static Term DecodeWord(Process* p, byte* data, long bytes, bool little)
    {
        ulong value = 0;
        if (little) System.Buffer.MemoryCopy(data, &value, bytes, bytes);
        else Reverse(data, (byte*)&value, bytes);
        return Process.Unsigned(p, value);
    }

    private static Term DecodeBig(Process* p, byte* data, long bytes, bool little)
    {
        long digits = (bytes + 7) / 8;
        ulong* big = Process.Alloc(p, digits + 1);
        if (big == null) return Process.SystemLimit(p);
        big[0] = Header.Make(Header.PositiveBig, digits);
        big[digits] = 0;
        if (little) System.Buffer.MemoryCopy(data, big + 1, bytes, bytes);
        else Reverse(data, (byte*)(big + 1), bytes);
        return Term.Boxed(big);
    }

    // The bytes in reverse order.
    private static void Reverse(byte* from, byte* to, long bytes)
    {
        from += bytes;
        for (; bytes >= 8; bytes -= 8)
        {
            from -= 8;
            Unsafe.WriteUnaligned(to, BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(from)));
            to += 8;
        }
        for (; bytes > 0; bytes--) *to++ = *--from;
    }

    [Bif("binary:longest_common_prefix/1")]
    public static Term LongestCommonPrefix(Process* p, Term* a) => Common(p, a[0], false);

    [Bif("binary:longest_common_suffix/1")]
    public static Term LongestCommonSuffix(Process* p, Term* a) => Common(p, a[0], true);

    // The first binary against each of the others; what they have in common can only get shorter.
    private static Term Common(Process* p, Term list, bool atEnd)
    {
        if (!list.IsCons || !Whole(list.Head, out byte* first, out ulong firstOffset, out long firstBytes)) return Process.Badarg(p);
        long common = firstBytes, work = 0;
        Term rest = list.Tail;
        for (; rest.IsCons; rest = rest.Tail)
        {
            if (!Whole(rest.Head, out byte* other, out ulong offset, out long bytes)) return Process.Badarg(p);
            if (bytes < common) common = bytes;
            long same = 0;
            if (atEnd)
                while (same < common && Byte(first, firstOffset, firstBytes - 1 - same) == Byte(other, offset, bytes - 1 - same)) same++;
            else
                while (same < common && Byte(first, firstOffset, same) == Byte(other, offset, same)) same++;
            common = same;
            work += same + BytesPerReduction;
        }
        if (!rest.IsNil) return Process.Badarg(p);
        Process.Bump(p, work / BytesPerReduction);
        return Term.Small(common);
    }

    // -- shared --

    /// <summary>Opens a binary: the byte with its first bit, that bit's number in it, and its length in bytes. False for anything else.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Whole(Term t, out byte* data, out ulong offset, out long bytes)
    {
        if (t.IsBitstring)
        {
            Bitstring.Open(t, out data, out offset, out ulong bits);
            bytes = (long)(bits >> 3);
            return (bits & 7) == 0;
        }
        data = null;
        offset = 0;
        bytes = 0;
        return false;
    }

    /// <summary>Byte i of a run of bytes that starts at a bit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte Byte(byte* data, ulong offset, long i) =>
        offset == 0 ? data[i] : (byte)((data[i] << (int)offset) | (data[i + 1] >> (int)(8 - offset)));

    /// <summary>Start and length (negative: before the start) inside so many bytes. Anything that is no small lies outside.</summary>
    public static bool Range(Term start, Term length, long bytes, out long from, out long count)
    {
        from = count = 0;
        if (!start.IsSmall || !length.IsSmall) return false;
        from = start.SmallValue;
        count = length.SmallValue;
        if (from < 0 || from > bytes) return false;
        if (count < 0)
        {
            count = -count;
            from -= count;
        }
        return from >= 0 && count <= bytes - from;
    }
}
