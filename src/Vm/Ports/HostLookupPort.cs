// What OTP's program inet_gethost does, as a port of its own: kernel's inet_gethost_native asks it for the addresses of a host and for the name of an address. It knows
// what stands in /etc/hosts, and asks no name server.
namespace MyBeam.Vm;

using System;
using System.Buffers.Binary;
using MyBeam.Memory;

/// <summary>A request is its number (4 bytes), what is asked (1: by name, 2: by address), the protocol (1: IPv4, 2: IPv6), a name that ends with 0 or an address.</summary>
internal unsafe ref struct HostLookupPort
{
    private const int HeadBytes = 6;
    private const byte ByName = 1, ByAddress = 2, IPv6 = 2;

    private int _width;
    private ReadOnlySpan<byte> _name;
    // Addresses of _width bytes; names, each with a 0 behind it.
    private TextBuffer _addresses, _names;
    private int _addressCount, _nameCount;

    /// <summary>Answers a request, which it frees. With the port's lock.</summary>
    public static void Command(Port* port, OutputChunk* c)
    {
        // PortOutput keeps four bytes in front.
        byte* at = OutputChunk.Data(c) + 4;
        long count = c->Bytes - 4;
        port->BytesOut += (ulong)count;
        if (count > HeadBytes && at[4] is ByName or ByAddress)
        {
            HostLookupPort l = default;
            l._width = at[5] == IPv6 ? 16 : 4;
            ReadOnlySpan<byte> what = new(at + HeadBytes, (int)Math.Min(count - HeadBytes, 1024));
            TextBuffer answer = default;
            answer.Add(at, 4);
            if (at[4] == ByName) l.FindName(what);
            else if (what.Length == l._width) l.FindAddress(what);
            l.Write(ref answer);
            PortInput.Answer(port, null, 0, answer.Data, answer.Count, true);
            l._addresses.Free();
            l._names.Free();
            answer.Free();
        }
        OutputChunk.Free(c);
    }

    private void Write(ref TextBuffer to)
    {
        if (_addressCount == 0)
        {
            to.AddByte(0);
            to.Add("notfound\0"u8);
            return;
        }
        to.AddByte((byte)_width);
        AddCount(ref to, _addressCount);
        to.Add(_addresses.Text);
        AddCount(ref to, _nameCount);
        to.Add(_names.Text);
    }

    private static void AddCount(ref TextBuffer to, int count)
    {
        uint big = BinaryPrimitives.ReverseEndianness((uint)count);
        to.Add((byte*)&big, 4);
    }

    private void FindName(ReadOnlySpan<byte> name)
    {
        int end = name.IndexOf((byte)0);
        _name = end >= 0 ? name[..end] : name;
        byte* address = stackalloc byte[16];
        if (Address(_name, address) == _width)
        {
            Found(new ReadOnlySpan<byte>(address, _width));
            AddName(_name);
        }
        else Lines(default);
    }

    private void FindAddress(ReadOnlySpan<byte> address) => Lines(address);

    // All lines of /etc/hosts that have the name, or the first that has the address.
    private void Lines(scoped ReadOnlySpan<byte> wanted)
    {
        byte* file;
        long size;
        fixed (byte* path = "/etc/hosts\0"u8) file = ModuleFinder.ReadFile(path, out size, out _);
        if (file == null) return;
        byte* address = stackalloc byte[16];
        byte* end = file + size;
        for (byte* line = file; line < end;)
        {
            byte* stop = line;
            while (stop < end && *stop != '\n') stop++;
            ReadOnlySpan<byte> rest = new(line, (int)(stop - line));
            line = stop + 1;
            int comment = rest.IndexOf((byte)'#');
            if (comment >= 0) rest = rest[..comment];
            if (Address(Word(ref rest), address) != _width) continue;
            ReadOnlySpan<byte> there = new(address, _width);
            if (wanted.IsEmpty ? !Has(rest) : !there.SequenceEqual(wanted)) continue;
            Found(there);
            // Those of the first line: its name, then the others.
            while (_addressCount == 1)
            {
                ReadOnlySpan<byte> name = Word(ref rest);
                if (name.IsEmpty) break;
                AddName(name);
            }
            if (!wanted.IsEmpty) break;
        }
        Allocator.Free(file, (nuint)size, Owner.Loader);
    }

    private readonly bool Has(scoped ReadOnlySpan<byte> names)
    {
        while (true)
        {
            ReadOnlySpan<byte> name = Word(ref names);
            if (name.IsEmpty) return false;
            bool same = name.Length == _name.Length;
            for (int i = 0; same && i < name.Length; i++) same = Lower(name[i]) == Lower(_name[i]);
            if (same) return true;
        }
    }

    private static int Lower(byte b) => b is >= (byte)'A' and <= (byte)'Z' ? b + 32 : b;

    private void Found(scoped ReadOnlySpan<byte> address)
    {
        _addresses.Add(address);
        _addressCount++;
    }

    private void AddName(scoped ReadOnlySpan<byte> name)
    {
        _names.Add(name);
        _names.AddByte(0);
        _nameCount++;
    }

    private static ReadOnlySpan<byte> Word(ref ReadOnlySpan<byte> rest)
    {
        int from = 0;
        while (from < rest.Length && rest[from] is (byte)' ' or (byte)'\t' or (byte)'\r') from++;
        int to = from;
        while (to < rest.Length && rest[to] is not ((byte)' ' or (byte)'\t' or (byte)'\r')) to++;
        ReadOnlySpan<byte> word = rest[from..to];
        rest = rest[to..];
        return word;
    }

    // The bytes of an address as it is written: 4, 16, or 0 for something else.
    private static int Address(ReadOnlySpan<byte> text, byte* to)
    {
        if (text.IndexOf((byte)':') < 0) return Dotted(text, to) ? 4 : 0;
        Span<byte> all = new(to, 16);
        all.Clear();
        int at = 0, gap = -1;
        for (int i = 0; i < text.Length;)
        {
            if (text[i] == ':')
            {
                // Two of them stand for zeros, once; one alone stands between two groups.
                bool two = i + 1 < text.Length && text[i + 1] == ':';
                if (two ? gap >= 0 : i == 0 || i + 1 == text.Length) return 0;
                if (two) gap = at;
                i += two ? 2 : 1;
                continue;
            }
            int value = 0, digits = 0, start = i;
            for (; i < text.Length && Hex(text[i]) >= 0; i++, digits++) value = (value << 4) | Hex(text[i]);
            if (i < text.Length && text[i] == '.')
            {
                if (at > 12 || !Dotted(text[start..], to + at)) return 0;
                at += 4;
                break;
            }
            if (digits is 0 or > 4 || at > 14 || (i < text.Length && text[i] != ':')) return 0;
            to[at++] = (byte)(value >> 8);
            to[at++] = (byte)value;
        }
        if (gap < 0) return at == 16 ? 16 : 0;
        if (at == 16) return 0;
        // What stands behind the gap goes to the end.
        int behind = at - gap;
        for (int i = 1; i <= behind; i++)
        {
            to[16 - i] = to[at - i];
            if (at - i < 16 - behind) to[at - i] = 0;
        }
        return 16;
    }

    private static int Hex(byte b) => b is >= (byte)'0' and <= (byte)'9' ? b - '0' : Lower(b) is >= 'a' and <= 'f' ? Lower(b) - 'a' + 10 : -1;

    private static bool Dotted(ReadOnlySpan<byte> text, byte* to)
    {
        int part = 0, value = 0, digits = 0;
        for (int i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && text[i] is >= (byte)'0' and <= (byte)'9')
            {
                value = (value * 10) + text[i] - '0';
                if (++digits > 3) return false;
                continue;
            }
            if (digits == 0 || value > 255 || part > 3 || (i < text.Length && text[i] != '.')) return false;
            to[part++] = (byte)value;
            value = digits = 0;
        }
        return part == 4;
    }
}
