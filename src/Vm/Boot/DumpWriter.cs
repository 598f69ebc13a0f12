// What writes a crash dump: text to a file, in pieces, with the limits that the environment sets. A dump must never do harm: whatever fails ends it.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>A dump being written.</summary>
internal unsafe struct DumpWriter
{
    private const int PieceBytes = 64 * 1024;

    private int descriptor;
    private long left, deadline;
    /// <summary>The text that is not written yet: add to it, then call Flush now and then.</summary>
    public TextBuffer Text;
    /// <summary>The dump has ended: the disk is full, a limit or the time is reached.</summary>
    public bool Stopped;
    /// <summary>It ended because of the limit of bytes.</summary>
    public bool LimitReached;

    /// <summary>Writes to a descriptor, at most so many bytes, until a time (monotonic ns).</summary>
    public DumpWriter(int descriptor, long bytes, long deadline)
    {
        this = default;
        this.descriptor = descriptor;
        left = bytes;
        this.deadline = deadline;
    }

    /// <summary>Writes what has come together when it is enough. False: the dump has ended.</summary>
    public bool Flush(bool all = false)
    {
        if (Text.Count < PieceBytes && !all) return !Stopped;
        if (!Stopped)
        {
            long n = Math.Min(Text.Count, left);
            LimitReached = n < Text.Count;
            Stopped = LimitReached || Text.Failed;
            left -= n;
            if (Files.WriteAll(descriptor, Text.Data, (nuint)n) != Errno.None) Stopped = true;
            ReadOnlySpan<byte> end = "\n=abort:CRASH DUMP SIZE LIMIT REACHED\n"u8;
            fixed (byte* e = end)
                if (LimitReached) _ = Files.WriteAll(descriptor, e, (nuint)end.Length);
            if (Clock.MonotonicNanoseconds > deadline) Stopped = true;
        }
        Text.Clear();
        return !Stopped;
    }

    /// <summary>A line "name: number".</summary>
    public void Line(ReadOnlySpan<byte> name, long value)
    {
        Text.Add(name);
        Text.Add(": "u8);
        Text.AddNumber(value);
        Text.AddByte('\n');
    }

    /// <summary>A line "name: text".</summary>
    public void Line(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        Text.Add(name);
        Text.Add(": "u8);
        Text.Add(value);
        Text.AddByte('\n');
    }

    /// <summary>A line "name: term".</summary>
    public void Line(ReadOnlySpan<byte> name, Term value)
    {
        Text.Add(name);
        Text.Add(": "u8);
        Print(value);
        Text.AddByte('\n');
    }

    /// <summary>A line "=name:term".</summary>
    public void Section(ReadOnlySpan<byte> name, Term of)
    {
        Text.AddByte('=');
        Text.Add(name);
        Text.AddByte(':');
        Print(of);
        Text.AddByte('\n');
    }

    /// <summary>A term as Erlang writes it, on one line.</summary>
    public void Print(Term t) => TermPrinter.Write(ref Text, t, TermStyle.Pretty);

    /// <summary>module:function/arity.</summary>
    public void Function(Term module, Term function, long arity)
    {
        Text.AddAtom(module);
        Text.AddByte(':');
        Text.AddAtom(function);
        Text.AddByte('/');
        Text.AddNumber(arity);
    }

    /// <summary>A hexadecimal number, at least so many digits.</summary>
    public void Hex(ulong value, int digits = 1)
    {
        int n = 16;
        while (n > digits && value >> ((n - 1) * 4) == 0) n--;
        while (n-- > 0) Text.AddByte("0123456789ABCDEF"u8[(int)(value >> (n * 4)) & 15]);
    }

    /// <summary>A code address and what it belongs to: 0x… (M:F/A + words).</summary>
    public void Place(Machine* m, ulong* address)
    {
        Text.Add("0x"u8);
        Hex((ulong)address, 16);
        Text.Add(" ("u8);
        if (address == m->HaltCode) Text.Add("<terminate process normally>"u8);
        else if (CodeTable.Find(m, address, out CodeLocation where))
        {
            Function(where.Module, where.Function, where.Arity);
            Text.Add(" + "u8);
            Text.AddNumber((byte*)address - (byte*)where.Start);
        }
        else Text.Add("unknown function"u8);
        Text.Add(")\n"u8);
    }

    /// <summary>Bytes in base64.</summary>
    public void Base64(byte* data, long bytes)
    {
        ReadOnlySpan<byte> letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"u8;
        for (long i = 0; i < bytes; i += 3)
        {
            int n = (int)Math.Min(3, bytes - i);
            int group = (data[i] << 16) | (n > 1 ? data[i + 1] << 8 : 0) | (n > 2 ? data[i + 2] : 0);
            for (int k = 0; k < 4; k++) Text.AddByte(k <= n ? letters[(group >> (18 - (6 * k))) & 63] : (byte)'=');
        }
    }
}
