// The options of re:compile/2 and re:run/3, and what a match is to capture.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Parsed options of module re.</summary>
public struct ReOptions
{
    public RegexCompileOptions Compile;
    public RegexMatchOptions Match;
    /// <summary>0: not given.</summary>
    public RegexNewline Newline;
    /// <summary>What \R matches, as RegexInfo.BackslashR numbers it; 0: not given.</summary>
    public uint BackslashR;
    /// <summary>Options only compiling takes, or only running does, were among them.</summary>
    public bool CompileOnly, RunOnly;
    public bool Unicode, Global, ReportErrors, Export;
    public long Offset;
    /// <summary>ValueSpec and Type of the option capture; None: not given.</summary>
    public Term CaptureValues, CaptureType;
    /// <summary>-1: not given.</summary>
    public long MatchLimit, DepthLimit;

    /// <summary>False: badarg with cause badopt.</summary>
    public static bool Parse(Term list, out ReOptions options)
    {
        options = new ReOptions { MatchLimit = -1, DepthLimit = -1 };
        for (; list.IsCons; list = list.Tail)
        {
            Term item = list.Head;
            bool known = item.IsAtom ? options.Flag(item) : item.IsTuple && options.Setting(item);
            if (!known) return false;
        }
        return list.IsNil;
    }

    private bool CompileFlag(RegexCompileOptions flag)
    {
        Compile |= flag;
        CompileOnly = true;
        return true;
    }

    private bool MatchFlag(RegexMatchOptions flag)
    {
        Match |= flag;
        RunOnly = true;
        return true;
    }

    private bool Flag(Term item)
    {
        if (item == Am.Anchored)
        {
            Compile |= RegexCompileOptions.Anchored;
            Match |= RegexMatchOptions.Anchored;
            return true;
        }
        if (item == Am.Notempty) return MatchFlag(RegexMatchOptions.NotEmpty);
        if (item == Am.NotemptyAtstart) return MatchFlag(RegexMatchOptions.NotEmptyAtStart);
        if (item == Am.Notbol) return MatchFlag(RegexMatchOptions.NotBeginOfLine);
        if (item == Am.Noteol) return MatchFlag(RegexMatchOptions.NotEndOfLine);
        if (item == Am.ReportErrors)
        {
            ReportErrors = true;
            return MatchFlag(RegexMatchOptions.None);
        }
        if (item == Am.Global)
        {
            Global = true;
            return MatchFlag(RegexMatchOptions.None);
        }
        if (item == Am.BsrAnycrlf || item == Am.BsrUnicode)
        {
            BackslashR = item == Am.BsrUnicode ? 1u : 2u;
            return true;
        }
        if (item == Am.Export)
        {
            Export = true;
            return CompileFlag(RegexCompileOptions.None);
        }
        if (item == Am.Unicode)
        {
            Unicode = true;
            return CompileFlag(RegexCompileOptions.Utf);
        }
        RegexCompileOptions flag = CompileOption(item);
        return flag != RegexCompileOptions.None && CompileFlag(flag);
    }

    private static RegexCompileOptions CompileOption(Term item)
    {
        if (item == Am.Caseless) return RegexCompileOptions.Caseless;
        if (item == Am.Multiline) return RegexCompileOptions.MultiLine;
        if (item == Am.Dotall) return RegexCompileOptions.DotAll;
        if (item == Am.Extended) return RegexCompileOptions.Extended;
        if (item == Am.DollarEndonly) return RegexCompileOptions.DollarEndOnly;
        if (item == Am.Firstline) return RegexCompileOptions.FirstLine;
        if (item == Am.NoAutoCapture) return RegexCompileOptions.NoAutoCapture;
        if (item == Am.Dupnames) return RegexCompileOptions.DuplicateNames;
        if (item == Am.Ungreedy) return RegexCompileOptions.Ungreedy;
        if (item == Am.Ucp) return RegexCompileOptions.UnicodeProperties;
        if (item == Am.NeverUtf) return RegexCompileOptions.NeverUtf;
        return item == Am.NoStartOptimize ? RegexCompileOptions.NoStartOptimize : RegexCompileOptions.None;
    }

    private unsafe bool Setting(Term tuple)
    {
        Term* e = tuple.TupleElements;
        long arity = tuple.TupleArity;
        if (arity is not (2 or 3) || !e[0].IsAtom) return false;
        if (e[0] == Am.Capture)
        {
            CaptureValues = e[1];
            CaptureType = arity == 3 ? e[2] : Am.Index;
            RunOnly = true;
            return true;
        }
        if (arity != 2) return false;
        if (e[0] == Am.Newline)
        {
            Newline = NewlineOf(e[1]);
            return Newline != 0;
        }
        if (!e[1].IsSmall || (ulong)e[1].SmallValue > int.MaxValue) return false;
        RunOnly = true;
        if (e[0] == Am.Offset) Offset = e[1].SmallValue;
        else if (e[0] == Am.MatchLimit) MatchLimit = e[1].SmallValue;
        else if (e[0] == Am.MatchLimitRecursion) DepthLimit = e[1].SmallValue;
        else return false;
        return true;
    }

    private static RegexNewline NewlineOf(Term name)
    {
        if (name == Am.Lf) return RegexNewline.Lf;
        if (name == Am.Cr) return RegexNewline.Cr;
        if (name == Am.Crlf) return RegexNewline.CrLf;
        if (name == Am.Anycrlf) return RegexNewline.AnyCrLf;
        if (name == Am.Any) return RegexNewline.Any;
        return name == Am.Nul ? RegexNewline.Nul : 0;
    }
}

/// <summary>What a match is to give: which groups, in what shape.</summary>
public unsafe struct ReCapture
{
    /// <summary>index, list or binary; None: only whether it matches.</summary>
    public Term Type;
    /// <summary>All groups from First on (then Groups is empty), or those in Groups.</summary>
    public bool All;
    public int First;
    /// <summary>Numbers of groups; -1: a group that does not exist; -n, n above 1: the first of the next n that took part (a name that several have).</summary>
    public NativeList<int> Groups;

    /// <summary>What is given without the option: all groups, as indices.</summary>
    public static ReCapture Default => new() { Type = Am.Index, All = true };

    /// <summary>Gives the memory back.</summary>
    public void Free() => Groups.Free(Owner.Regex);

    /// <summary>False: badarg. What was made is to be freed in any case.</summary>
    public static bool Parse(in ReOptions options, RegexCode* code, out ReCapture capture)
    {
        capture = Default;
        Term values = options.CaptureValues;
        if (values.IsNone) return true;
        capture.Type = options.CaptureType;
        if (capture.Type != Am.Index && capture.Type != Am.List && capture.Type != Am.Binary) return false;
        if (values == Am.All) return true;
        if (values == Am.None || values.IsNil)
        {
            capture.Type = Term.None;
            return true;
        }
        if (values == Am.AllButFirst)
        {
            capture.First = 1;
            return true;
        }
        capture.All = false;
        if (values == Am.First) return capture.Groups.Add(0, Owner.Regex);
        if (values == Am.AllNames)
        {
            capture.AddAllNames(code);
            return true;
        }
        for (; values.IsCons; values = values.Tail)
            if (!capture.Add(code, values.Head)) return false;
        return values.IsNil;
    }

    // Names come in alphabetical order, those that are the same together.
    private void AddAllNames(RegexCode* code)
    {
        ReadOnlySpan<byte> last = default;
        for (uint i = 0; Regex.GroupName(code, i, out byte* name, out _); i++)
        {
            ReadOnlySpan<byte> text = Text(name);
            if (i == 0 || !text.SequenceEqual(last)) AddName(code, text);
            last = text;
        }
        if (Groups.Count == 0) Type = Term.None;
    }

    private static ReadOnlySpan<byte> Text(byte* name)
    {
        int n = 0;
        while (name[n] != 0) n++;
        return new ReadOnlySpan<byte>(name, n);
    }

    private bool Add(RegexCode* code, Term value)
    {
        if (value.IsSmall && (ulong)value.SmallValue <= int.MaxValue) return Groups.Add((int)value.SmallValue, Owner.Regex);
        if (value.IsAtom)
        {
            AtomTable.Entry* atom = AtomTable.Get(value);
            AddName(code, new ReadOnlySpan<byte>(atom->Text, atom->Bytes));
            return true;
        }
        if (!(value.IsBitstring || value.IsList) || !ReText.Open(value, out ReText text)) return false;
        AddName(code, new ReadOnlySpan<byte>(text.Data, (int)text.Bytes));
        text.Free();
        return true;
    }

    private void AddName(RegexCode* code, ReadOnlySpan<byte> name)
    {
        int found = 0, first = Groups.Count;
        for (uint i = 0; Regex.GroupName(code, i, out byte* other, out int group); i++)
        {
            if (!Text(other).SequenceEqual(name)) continue;
            found++;
            if (found == 2)
            {
                // The one that is there makes room for the count.
                int one = Groups[first];
                Groups[first] = 0;
                Groups.Add(one, Owner.Regex);
            }
            Groups.Add(group, Owner.Regex);
        }
        if (found == 0) Groups.Add(-1, Owner.Regex);
        else if (found > 1) Groups[first] = -found;
    }
}

/// <summary>The bytes of iodata: those of the binary itself where that can be, else a copy.</summary>
public unsafe struct ReText
{
    public byte* Data;
    public long Bytes;
    private byte* copy;
    private long copied;

    /// <summary>False: no iodata, or memory is out.</summary>
    public static bool Open(Term t, out ReText text)
    {
        text = default;
        if (t.IsBitstring)
        {
            bool opened = Binaries.Aligned(t, out text.Data, out text.Bytes, out text.copy);
            text.copied = text.Bytes;
            return opened;
        }
        if (!t.IsList || !IoData.Size(t, false, out ulong bits, out _)) return false;
        text.Bytes = (long)(bits >> 3);
        text.copy = text.Data = (byte*)Allocator.Alloc((nuint)(text.copied = text.Bytes + 1), Owner.Temporary);
        if (text.copy == null) return false;
        IoData.Copy(t, text.copy, text.Bytes);
        return true;
    }

    /// <summary>Gives the copy back.</summary>
    public readonly void Free()
    {
        if (copy != null) Allocator.Free(copy, (nuint)copied, Owner.Temporary);
    }
}
