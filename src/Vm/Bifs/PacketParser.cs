// What decode_packet/3 makes of lines of HTTP and of TLS records: the terms that erlang:decode_packet/3 documents.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;

/// <summary>Parses one packet.</summary>
internal unsafe struct PacketParser
{
    private readonly Process* process;
    private readonly Term binary;
    private readonly bool binaries;
    private readonly byte* data;
    private readonly long size;
    // The reading position and the end, without the line's end.
    private long at, end;

    /// <summary>A line of HTTP at the start of a binary's data. <paramref name="binaries"/>: strings are binaries, not lists.</summary>
    public PacketParser(Process* process, Term binary, bool binaries, byte* data, long size)
    {
        this.process = process;
        this.binary = binary;
        this.binaries = binaries;
        this.data = data;
        this.size = size;
        at = end = 0;
    }

    // -- TLS --

    /// <summary>Whether it is a greeting of SSL 2, which has another form.</summary>
    public static bool IsSsl2(byte* data) => data[0] >= 0x80 && data[2] == 1;

    /// <summary>{ssl_tls, [], ContentType, {Major, Minor}, Data}. The greeting of SSL 2 gets the head of a TLS handshake.</summary>
    public static Term Tls(Process* p, byte* data, long size)
    {
        bool old = IsSsl2(data);
        int skip = old ? 3 : 5, head = old ? 4 : 0;
        byte* version = data + (old ? 3 : 1);
        Term content = Binaries.New(p, size - skip + head, out byte* to);
        if (content.IsNone) return content;
        if (old) EtfBytes.Put32(to, (1u << 24) | (uint)((size - 3) & 0xFFFFFF));
        System.Buffer.MemoryCopy(data + skip, to + head, size - skip, size - skip);
        Term pair = Process.Tuple(p, Term.Small(version[0]), Term.Small(version[1]));
        Term t = Process.NewTuple(p, 5);
        t.TupleElements[0] = Am.SslTls;
        t.TupleElements[1] = Term.Nil;
        t.TupleElements[2] = Term.Small(old ? 22 : data[0]);
        t.TupleElements[3] = pair;
        t.TupleElements[4] = content;
        return t;
    }

    // -- HTTP --

    private static bool IsSpace(byte c) => c is (byte)' ' or (byte)'\t';

    private static bool IsDigit(byte c) => c is >= (byte)'0' and <= (byte)'9';

    // Characters that end a token (RFC 2616: separators and control characters).
    private static bool EndsToken(byte c) => c <= 32 || c >= 127 || "()<>@,;:\\\"/[]?={}"u8.IndexOf(c) >= 0;

    /// <summary>As PacketBifs.Length for a line of HTTP; a line of a header goes on when the next one starts with a space.</summary>
    public static long HttpLength(bool header, byte* data, long bytes, in PacketLimits limits)
    {
        if ((bytes == 1 && data[0] == '\n') || (bytes == 2 && data[0] == '\r' && data[1] == '\n')) return bytes;
        // line_length limited lines of HTTP before packet_size did.
        uint most = limits.Most != 0 ? limits.Most : limits.LineLength;
        for (long from = 0; ;)
        {
            long newline = from;
            while (newline < bytes && data[newline] != '\n') newline++;
            if (newline == bytes) return most != 0 && bytes >= most ? -1 : 0;
            long length = newline + 1;
            bool more = header && length == bytes;
            if (header && !more && IsSpace(data[length]) && length > 2)
            {
                from = length;
                continue;
            }
            if (most != 0 && length > most) return -1;
            return more ? 0 : length;
        }
    }

    /// <summary>http_request, http_response, http_header, http_eoh or http_error.</summary>
    public Term Http(bool header)
    {
        at = 0;
        end = size;
        if (end >= 2 && data[end - 2] == '\r') end -= 2;
        else if (end >= 1 && data[end - 1] == '\n') end--;
        bool good;
        Term result;
        if (header) good = HeaderLine(out result);
        else if (Starts("HTTP/"u8)) good = Response(out result);
        else good = Request(out result);
        return good ? result : Process.Tuple(process, Am.HttpError, Text(0, size));
    }

    private readonly bool Starts(ReadOnlySpan<byte> with) => end - at >= with.Length && new ReadOnlySpan<byte>(data + at, with.Length).SequenceEqual(with);

    // False when there is no digit.
    private bool Number(out int value)
    {
        value = 0;
        long first = at;
        for (; at < end && IsDigit(data[at]); at++) value = (10 * value) + (data[at] - '0');
        return at != first;
    }

    private bool Version(out int major, out int minor)
    {
        minor = 0;
        if (!Number(out major) || at == end || data[at] != '.') return false;
        at++;
        return Number(out minor);
    }

    private bool Spaces()
    {
        long first = at;
        while (at < end && IsSpace(data[at])) at++;
        return at != first;
    }

    // HTTP/1.1 200 Reason
    private bool Response(out Term result)
    {
        result = Term.None;
        at += 5;
        if (!Version(out int major, out int minor) || !Spaces()) return false;
        Number(out int status);
        if (!Spaces() && at != end) return false;
        Term phrase = Text(at, end);
        result = Four(Am.HttpResponse, Process.Tuple(process, Term.Small(major), Term.Small(minor)), Term.Small(status), phrase);
        return true;
    }

    // METHOD URI HTTP/1.1; without a version it is 0.9
    private bool Request(out Term result)
    {
        result = Term.None;
        while (at < end && !EndsToken(data[at])) at++;
        long method = at;
        if (at == end || method == 0 || !IsSpace(data[at])) return false;
        Spaces();
        long uri = at;
        while (at < end && !IsSpace(data[at])) at++;
        long uriEnd = at;
        if (uri == uriEnd) return false;
        Spaces();
        int major = 0, minor = 9;
        if (at != end)
        {
            if (end - at < 8 || !Starts("HTTP/"u8)) return false;
            at += 5;
            if (!Version(out major, out minor)) return false;
        }
        int known = Known("OPTIONS GET HEAD POST PUT DELETE TRACE "u8, new ReadOnlySpan<byte>(data, (int)method), out Term name);
        if (known < 0) name = Text(0, method);
        Term where = Uri(uri, uriEnd);
        result = Four(Am.HttpRequest, name, where, Process.Tuple(process, Term.Small(major), Term.Small(minor)));
        return true;
    }

    private const int LongestName = 50;

    private bool HeaderLine(out Term result)
    {
        result = Term.None;
        if (end == 0)
        {
            result = Am.HttpEoh;
            return true;
        }
        // Names are given in the usual capitals: the first of each word.
        byte* name = stackalloc byte[LongestName];
        bool first = true;
        for (; !EndsToken(data[at]); )
        {
            byte c = data[at];
            if (at < LongestName)
            {
                if (first && c is >= (byte)'a' and <= (byte)'z') c -= 32;
                else if (!first && c is >= (byte)'A' and <= (byte)'Z') c += 32;
                first = !first && c == '-';
                name[at] = c;
            }
            if (++at == end) return false;
        }
        if (data[at] != ':') return false;
        int length = (int)at;
        at++;
        Spaces();
        Term named = Term.None;
        int index = -1;
        if (length > LongestName) named = Text(0, length);
        else
        {
            index = Known(Headers, new ReadOnlySpan<byte>(name, length), out named);
            if (index < 0) named = binaries ? Binaries.FromBytes(process, name, length) : List(name, length);
        }
        Term original = Text(0, length), value = Text(at, end);
        Term t = Process.NewTuple(process, 5);
        Term* e = t.TupleElements;
        e[0] = Am.HttpHeader;
        e[1] = Term.Small(index + 1);
        e[2] = named;
        e[3] = original;
        e[4] = value;
        result = t;
        return true;
    }

    // In the order of the numbers that http_header tuples have.
    private static ReadOnlySpan<byte> Headers =>
        "Cache-Control Connection Date Pragma Transfer-Encoding Upgrade Via Accept Accept-Charset Accept-Encoding Accept-Language Authorization From Host If-Modified-Since If-Match If-None-Match If-Range If-Unmodified-Since Max-Forwards Proxy-Authorization Range Referer User-Agent Age Location Proxy-Authenticate Public Retry-After Server Vary Warning Www-Authenticate Allow Content-Base Content-Encoding Content-Language Content-Length Content-Location Content-Md5 Content-Range Content-Type Etag Expires Last-Modified Accept-Ranges Set-Cookie Set-Cookie2 X-Forwarded-For Cookie Keep-Alive Proxy-Connection "u8;

    // The place of a name among names that each end in a space, and its atom; -1: not there.
    private static int Known(ReadOnlySpan<byte> names, ReadOnlySpan<byte> name, out Term atom)
    {
        atom = Term.None;
        for (int i = 0, from = 0; from < names.Length; i++)
        {
            int to = from;
            while (names[to] != ' ') to++;
            if (names.Slice(from, to - from).SequenceEqual(name))
            {
                atom = AtomTable.Intern(name);
                return i;
            }
            from = to + 1;
        }
        return -1;
    }

    // '*', {abs_path, P}, {absoluteURI, http | https, Host, Port | undefined, P}, {scheme, S, Rest} or the text.
    private readonly Term Uri(long from, long to)
    {
        if (to - from == 1 && data[from] == '*') return Am.Times;
        if (to - from <= 1 || data[from] == '/') return Process.Tuple(process, Am.AbsPath, Text(from, to));
        if (IsScheme(from, to, "http://"u8)) return Absolute(from + 7, to, Am.Http);
        if (IsScheme(from, to, "https://"u8)) return Absolute(from + 8, to, Am.Https);
        long colon = Find((byte)':', from, to);
        if (colon < 0) return Text(from, to);
        Term scheme = Text(from, colon), rest = Text(colon + 1, to);
        return Process.Tuple(process, Am.Scheme, scheme, rest);
    }

    private readonly bool IsScheme(long from, long to, ReadOnlySpan<byte> scheme)
    {
        if (to - from < scheme.Length) return false;
        for (int i = 0; i < scheme.Length; i++)
            if ((data[from + i] | (scheme[i] is >= (byte)'a' and <= (byte)'z' ? 0x20 : 0)) != scheme[i]) return false;
        return true;
    }

    private readonly long Find(byte c, long from, long to)
    {
        for (long i = from; i < to; i++)
            if (data[i] == c) return i;
        return -1;
    }

    private readonly Term Absolute(long from, long to, Term scheme)
    {
        long slash = Find((byte)'/', from, to), hostEnd = slash < 0 ? to : slash;
        byte root = (byte)'/';
        Term path = slash >= 0 ? Text(slash, to) : binaries ? Binaries.FromBytes(process, &root, 1) : List(&root, 1);
        long close = Find((byte)']', from, hostEnd), name = Find((byte)':', from, hostEnd), portAt;
        if (name < 0)
        {
            name = hostEnd;
            portAt = hostEnd;
        }
        else if (data[from] == '[' && close >= 0)
        {
            // An IPv6 address; a port follows only when the last colon is right behind it.
            name = close + 1;
            portAt = hostEnd;
            if (name < hostEnd && data[name] == ':' && Find((byte)':', name + 1, hostEnd) < 0) portAt = name + 1;
        }
        else
        {
            portAt = name + 1;
        }
        int port = 0;
        long i = portAt;
        for (; i < hostEnd && IsDigit(data[i]); i++) port = (port * 10) + (data[i] - '0');
        Term host = Text(from, name);
        Term t = Process.NewTuple(process, 5);
        Term* e = t.TupleElements;
        e[0] = Am.AbsoluteURI;
        e[1] = scheme;
        e[2] = host;
        e[3] = i == hostEnd && port != 0 ? Term.Small(port) : Am.Undefined;
        e[4] = path;
        return t;
    }

    private readonly Term Four(Term a, Term b, Term c, Term d)
    {
        Term t = Process.NewTuple(process, 4);
        t.TupleElements[0] = a;
        t.TupleElements[1] = b;
        t.TupleElements[2] = c;
        t.TupleElements[3] = d;
        return t;
    }

    // Bytes of the packet as a binary or as a list.
    private readonly Term Text(long from, long to) =>
        binaries ? Binaries.Sub(process, binary, (ulong)from * 8, (ulong)(to - from) * 8) : List(data + from, to - from);

    private readonly Term List(byte* from, long count)
    {
        Term list = Term.Nil;
        for (long i = count - 1; i >= 0; i--) list = Process.Cons(process, Term.Small(from[i]), list);
        return list;
    }
}
