// The second argument of open_port/2.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;

/// <summary>Zero-terminated texts one after another, and where each begins: arguments and environments.</summary>
public unsafe struct TextRow
{
    public TextBuffer Texts;
    private NativeList<long> starts;
    private byte** addresses;
    private int addressCount;

    public readonly int Count => starts.Count;

    /// <summary>What is added to Texts from here on is one more text; the caller ends it with a zero.</summary>
    public void Begin() => starts.Add(Texts.Count, Owner.Text);

    /// <summary>A text and its zero.</summary>
    public void Add(ReadOnlySpan<byte> text)
    {
        Begin();
        Texts.Add(text);
        Texts.AddByte(0);
    }

    public readonly byte* Get(int i) => Texts.Data + starts[i];

    /// <summary>Takes a text out; the last one has its number then.</summary>
    public void Remove(int i)
    {
        starts[i] = starts[starts.Count - 1];
        starts.Pop();
    }

    /// <summary>Forgets the texts from this one on.</summary>
    public void Cut(int count)
    {
        while (starts.Count > count) starts.Pop();
    }

    /// <summary>The addresses of all texts, a null at the end; null when memory is out. Good until something is added.</summary>
    public byte** Addresses(byte* firstInstead)
    {
        addressCount = Count + 1;
        addresses = (byte**)Allocator.Alloc((nuint)addressCount * 8, Owner.Text);
        if (addresses == null || Texts.Failed) return null;
        for (int i = 0; i < Count; i++) addresses[i] = Get(i);
        addresses[Count] = null;
        if (firstInstead != null) addresses[0] = firstInstead;
        return addresses;
    }

    public void Free()
    {
        Texts.Free();
        starts.Free(Owner.Text);
        if (addresses != null) Allocator.Free(addresses, (nuint)addressCount * 8, Owner.Text);
        addresses = null;
    }
}

/// <summary>Options of a port. Free gives back what they hold.</summary>
public unsafe struct PortOptions
{
    public int PacketBytes;
    public long LineBytes;
    public bool Beside, ErrorToOutput, Input, Output, ExitStatus, Binary, SoftEof, HasArguments, HasName, HasFolder, LimitsSet;
    public long Low, High;
    /// <summary>Arguments, the name first (empty unless HasName); NAME=value.</summary>
    public TextRow Arguments, Environment;
    public TextBuffer Name, Folder;
    private Term folder;

    private const long DefaultHigh = 8192;

    /// <summary>Reads the options. False: badopt.</summary>
    public bool Read(Machine* m, Term list)
    {
        High = DefaultHigh;
        Low = High / 2;
        folder = Term.None;
        Inherit(m);
        for (; list.IsCons; list = list.Tail)
        {
            Term o = list.Head;
            if (!(o.IsTupleOf(2) ? Pair(m, o.TupleElements[0], o.TupleElements[1]) : Single(o))) return false;
        }
        if (!list.IsNil) return false;
        if (!Input && !Output) Input = Output = true;
        return !(LineBytes != 0 && PacketBytes != 0) && !(ErrorToOutput && Beside);
    }

    private bool Single(Term o)
    {
        if (o == Am.Stream) PacketBytes = 0;
        else if (o == Am.UseStdio) Beside = false;
        else if (o == Am.NouseStdio) Beside = true;
        else if (o == Am.StderrToStdout) ErrorToOutput = true;
        else if (o == Am.Line) LineBytes = 512;
        else if (o == Am.Binary) Binary = true;
        else if (o == Am.In) Input = true;
        else if (o == Am.Out) Output = true;
        else if (o == Am.Eof) SoftEof = true;
        else if (o == Am.ExitStatus) ExitStatus = true;
        else return o == Am.Hide || o == Am.OverlappedIo;
        return true;
    }

    private bool Pair(Machine* m, Term key, Term value)
    {
        if (key == Am.Packet)
        {
            PacketBytes = value.IsSmall ? (int)Math.Min(Math.Max(value.SmallValue, 0), 5) : 0;
            return PacketBytes is 1 or 2 or 4;
        }
        if (key == Am.Line)
        {
            // An int in OTP.
            LineBytes = value.IsSmall ? (int)value.SmallValue : 0;
            return LineBytes > 0;
        }
        if (key == Am.Env)
        {
            Inherit(m);
            return ReadEnvironment(value);
        }
        if (key == Am.Args) return ReadArguments(value);
        if (key == Am.Arg0)
        {
            Name.Clear();
            return HasName = FileNameBifs.Native(value, true, ref Name);
        }
        if (key == Am.Cd)
        {
            folder = value;
            HasFolder = !value.IsNil;
            return true;
        }
        if (key == Am.Parallelism) return value.IsBoolean;
        if (key == Am.BusyLimitsPort)
        {
            LimitsSet = true;
            return Limits(value, out Low, out High);
        }
        return key == Am.BusyLimitsMsgq && Limits(value, out _, out _);
    }

    // {Low, High} or disabled.
    private static bool Limits(Term value, out long low, out long high)
    {
        low = high = long.MaxValue;
        if (value == Am.Disabled) return true;
        if (!value.IsTupleOf(2) || !value.TupleElements[0].IsSmall || !value.TupleElements[1].IsSmall) return false;
        low = value.TupleElements[0].SmallValue;
        high = value.TupleElements[1].SmallValue;
        if (low < 1 || high < 1) return false;
        low = Math.Min(low, high);
        return true;
    }

    /// <summary>The folder as a name; false: it is none (badarg).</summary>
    public bool ReadFolder() => !HasFolder || (FileNameBifs.Native(folder, false, ref Folder) && Folder.Count > 0);

    private void Inherit(Machine* m)
    {
        Environment.Cut(0);
        nuint at = 0;
        m->Environment.Lock.Lock();
        for (byte* v = m->Environment.Next(ref at); v != null; v = m->Environment.Next(ref at))
        {
            int n = 0;
            while (v[n] != 0) n++;
            Environment.Add(new ReadOnlySpan<byte>(v, n));
        }
        m->Environment.Lock.Unlock();
    }

    // [{Name, Value | false | []}]: on top of the VM's own.
    private bool ReadEnvironment(Term list)
    {
        for (; list.IsCons; list = list.Tail)
        {
            Term e = list.Head;
            if (!e.IsTupleOf(2)) return false;
            Term value = e.TupleElements[1];
            TextBuffer text = default;
            bool good = FileNameBifs.Native(e.TupleElements[0], false, ref text) && text.Count > 0 && text.Text[1..].IndexOf((byte)'=') < 0;
            if (good)
            {
                Drop(text.Text);
                if (!value.IsNil && value != Am.False)
                {
                    Environment.Begin();
                    Environment.Texts.Add(text.Text);
                    Environment.Texts.AddByte('=');
                    good = Append(value);
                }
            }
            text.Free();
            if (!good) return false;
        }
        return list.IsNil;
    }

    private bool Append(Term value)
    {
        TextBuffer text = default;
        bool good = FileNameBifs.Native(value, false, ref text);
        Environment.Texts.Add(text.Text);
        Environment.Texts.AddByte(0);
        text.Free();
        return good;
    }

    private void Drop(ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < Environment.Count; i++)
        {
            byte* v = Environment.Get(i);
            int n = 0;
            while (n < name.Length && v[n] == name[n]) n++;
            if (n != name.Length || v[n] != '=') continue;
            Environment.Remove(i);
            return;
        }
    }

    private bool ReadArguments(Term list)
    {
        HasArguments = true;
        Arguments.Cut(0);
        Arguments.Add(""u8);
        for (; list.IsCons; list = list.Tail)
        {
            TextBuffer text = default;
            bool good = FileNameBifs.Native(list.Head, true, ref text);
            if (good) Arguments.Add(text.Text);
            text.Free();
            if (!good) return false;
        }
        return list.IsNil;
    }

    public void Free()
    {
        Arguments.Free();
        Environment.Free();
        Name.Free();
        Folder.Free();
    }
}
