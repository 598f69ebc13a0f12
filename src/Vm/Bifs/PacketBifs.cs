// erlang:decode_packet/3: where the first packet of a binary ends, and what is in it. The formats that need parsing are in PacketParser.cs.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;

/// <summary>Kinds of packets, as decode_packet/3 and the sockets' option packet name them.</summary>
public enum PacketKind
{
    /// <summary>Everything that is there.</summary>
    Raw,
    /// <summary>A length of 1, 2 or 4 bytes first.</summary>
    Length1, Length2, Length4,
    /// <summary>BER elements, Sun RPC records, CORBA messages, FastCGI records, TPKT.</summary>
    Asn1, SunRpc, Cdr, FastCgi, Tpkt,
    /// <summary>Up to a delimiter.</summary>
    Line,
    /// <summary>A start line or a header line of HTTP; with strings as lists or as binaries.</summary>
    Http, HttpHeader, HttpBinary, HttpHeaderBinary,
    /// <summary>Records of TLS, and the greeting of SSL 2.</summary>
    Tls,
}

/// <summary>What limits packets.</summary>
public struct PacketLimits
{
    /// <summary>Most bytes of a packet; 0: no limit.</summary>
    public uint Most;
    /// <summary>Longer lines are cut; 0: none.</summary>
    public uint LineLength;
    /// <summary>Where lines end.</summary>
    public byte Delimiter;
}

/// <summary>decode_packet/3.</summary>
public static unsafe class PacketBifs
{
    // Bytes looked at that are worth a reduction.
    private const long BytesPerReduction = 100;

    /// <summary>{ok, Packet, Rest}, {more, Length | undefined} or {error, invalid}.</summary>
    [Bif("erlang:decode_packet/3")]
    public static Term DecodePacket(Process* p, Term* a)
    {
        if (!Kind(a[0], out PacketKind kind)) return Process.Badarg(p, Am.Badopt);
        PacketLimits limits = new() { Delimiter = (byte)'\n' };
        Term options = a[2];
        for (; options.IsCons; options = options.Tail)
            if (!Option(options.Head, kind, ref limits)) return Process.Badarg(p);
        if (!options.IsNil || !a[1].IsBitstring || !Binaries.Aligned(a[1], out byte* data, out long bytes, out byte* copy)) return Process.Badarg(p);
        long size = Length(kind, data, bytes, limits);
        Term answer;
        if (size < 0) answer = Process.Tuple(p, Am.Error, Am.Invalid);
        else if (size == 0 || size > bytes) answer = Process.Tuple(p, Am.More, size == 0 ? Am.Undefined : Term.Small(size));
        else
        {
            Term packet = Body(p, a[1], kind, data, size);
            Term rest = packet.IsNone ? packet : Binaries.Sub(p, a[1], (ulong)size * 8, (ulong)(bytes - size) * 8);
            answer = rest.IsNone ? rest : Process.Tuple(p, Am.Ok, packet, rest);
        }
        Allocator.Free(copy, (nuint)bytes, Owner.Temporary);
        Process.Bump(p, (size > 0 && size < bytes ? size : bytes) / BytesPerReduction);
        return answer;
    }

    private static bool Kind(Term t, out PacketKind kind)
    {
        kind = PacketKind.Raw;
        if (t == Term.Small(0) || t == Am.Raw) return true;
        kind = t == Term.Small(1) ? PacketKind.Length1
            : t == Term.Small(2) ? PacketKind.Length2
            : t == Term.Small(4) ? PacketKind.Length4
            : t == Am.Asn1 ? PacketKind.Asn1
            : t == Am.Sunrm ? PacketKind.SunRpc
            : t == Am.Cdr ? PacketKind.Cdr
            : t == Am.Fcgi ? PacketKind.FastCgi
            : t == Am.Tpkt ? PacketKind.Tpkt
            : t == Am.Line ? PacketKind.Line
            : t == Am.Http ? PacketKind.Http
            : t == Am.Httph ? PacketKind.HttpHeader
            : t == Am.HttpBin ? PacketKind.HttpBinary
            : t == Am.HttphBin ? PacketKind.HttpHeaderBinary
            : t == Am.SslTls ? PacketKind.Tls
            : PacketKind.Raw;
        return kind != PacketKind.Raw;
    }

    private static bool Option(Term t, PacketKind kind, ref PacketLimits limits)
    {
        if (!t.IsTupleOf(2)) return false;
        Term name = t.TupleElements[0], value = t.TupleElements[1];
        if (!value.IsSmall || (ulong)value.SmallValue > uint.MaxValue) return false;
        uint v = (uint)value.SmallValue;
        if (name == Am.PacketSize) limits.Most = v;
        else if (name == Am.LineLength) limits.LineLength = v;
        else if (name == Am.LineDelimiter && kind == PacketKind.Line && v <= 255) limits.Delimiter = (byte)v;
        else return false;
        return true;
    }

    /// <summary>Bytes of the first packet, 0: that cannot be said yet, -1: there cannot be one. It may be more than there are.</summary>
    public static long Length(PacketKind kind, byte* data, long bytes, in PacketLimits limits)
    {
        long head, body;
        switch (kind)
        {
            case PacketKind.Raw:
                return bytes;
            case PacketKind.Length1:
                if (bytes < (head = 1)) return 0;
                body = data[0];
                break;
            case PacketKind.Length2:
                if (bytes < (head = 2)) return 0;
                body = EtfBytes.U16(data);
                break;
            case PacketKind.Length4:
                if (bytes < (head = 4)) return 0;
                body = EtfBytes.U32(data);
                break;
            case PacketKind.SunRpc:
                // The highest bit marks the last fragment of a record.
                if (bytes < (head = 4)) return 0;
                body = EtfBytes.U32(data) & 0x7FFFFFFF;
                break;
            case PacketKind.Line:
                return Line(data, bytes, limits);
            case PacketKind.Asn1:
                head = Asn1(data, bytes, out body);
                if (head <= 0) return head;
                break;
            case PacketKind.Cdr:
                if (bytes < (head = 12)) return 0;
                if (!new ReadOnlySpan<byte>(data, 4).SequenceEqual("GIOP"u8)) return -1;
                // Flag bit 0: the lowest byte first.
                body = (data[6] & 1) != 0 ? System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(EtfBytes.U32(data + 8)) : EtfBytes.U32(data + 8);
                break;
            case PacketKind.FastCgi:
                if (bytes < (head = 8)) return 0;
                if (data[0] != 1) return -1;
                body = EtfBytes.U16(data + 4) + data[6];
                break;
            case PacketKind.Tpkt:
                if (bytes < (head = 4)) return 0;
                if (data[0] != 3) return -1;
                body = EtfBytes.U16(data + 2) - head;
                break;
            case PacketKind.Tls:
                if (bytes < (head = 5)) return 0;
                body = PacketParser.IsSsl2(data) ? (EtfBytes.U16(data) & 0x7FFF) - 3 : EtfBytes.U16(data + 3);
                break;
            default:
                return PacketParser.HttpLength(kind is PacketKind.HttpHeader or PacketKind.HttpHeaderBinary, data, bytes, limits);
        }
        long most = limits.Most == 0 ? int.MaxValue - head : limits.Most;
        return body < 0 || body > most ? -1 : head + body;
    }

    private static long Line(byte* data, long bytes, in PacketLimits limits)
    {
        long end = 0;
        while (end < bytes && data[end] != limits.Delimiter) end++;
        bool found = end < bytes;
        long length = found ? end + 1 : bytes;
        if (limits.Most != 0 && length > limits.Most) return -1;
        if (limits.LineLength != 0 && (length > limits.LineLength || (!found && length == limits.LineLength))) return limits.LineLength;
        return found ? length : 0;
    }

    // The bytes before the content of a BER element; 0 and -1 as Length.
    private static long Asn1(byte* data, long bytes, out long body)
    {
        body = 0;
        if (bytes < 2) return 0;
        long at = 1;
        if ((data[0] & 0x1F) == 0x1F)
        {
            while (at < bytes && data[at] >= 0x80) at++;
            if (bytes - at < 2) return 0;
            at++;
        }
        int length = data[at] & 0x7F;
        bool isLong = data[at] >= 0x80;
        at++;
        if (!isLong)
        {
            body = length;
            return at;
        }
        if (bytes - at < length) return 0;
        if (length > 4) return -1;
        for (int i = 0; i < length; i++) body = (body << 8) | data[at++];
        return at;
    }

    private static Term Body(Process* p, Term binary, PacketKind kind, byte* data, long size)
    {
        long from = 0, end = size;
        switch (kind)
        {
            case PacketKind.Length1: from = 1; break;
            case PacketKind.Length2: from = 2; break;
            case PacketKind.Length4: from = 4; break;
            case PacketKind.FastCgi: end -= data[6]; break;
            case PacketKind.Tls: return PacketParser.Tls(p, data, size);
            case PacketKind.Http or PacketKind.HttpHeader or PacketKind.HttpBinary or PacketKind.HttpHeaderBinary:
            {
                PacketParser parser = new(p, binary, kind is PacketKind.HttpBinary or PacketKind.HttpHeaderBinary, data, size);
                return parser.Http(kind is PacketKind.HttpHeader or PacketKind.HttpHeaderBinary);
            }
            default: break;
        }
        return Binaries.Sub(p, binary, (ulong)from * 8, (ulong)(end - from) * 8);
    }
}
