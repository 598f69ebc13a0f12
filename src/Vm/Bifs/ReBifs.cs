// Natives of re, over PCRE2. Lists of Unicode characters and the option global are the Erlang half's: those calls trap to re:ucompile/2, urun/3 and grun/3.
namespace MyBeam.Vm;

using System;
using System.Runtime.InteropServices;
using MyBeam.Memory;
using MyBeam.Platform;

public static unsafe partial class ReBifs
{
    /// <summary>A compiled pattern behind a reference.</summary>
    private struct Pattern
    {
        public NativeResource Head;
        public RegexCode* Code;
    }

    private const int MessageBytes = 128;
    // As in OTP, where the stack bounds the depth too. All threads of the VM have a megabyte, and a level takes 650 bytes.
    private const uint MostNested = 10000;
    private const long MostStack = 800 * 1024;

    // -- compile --

    [Bif("re:compile/1", BifKind.Traps)]
    public static Term Compile1(Process* p, Term* a) => Compile(p, a[0], Term.Nil, false);

    [Bif("re:compile/2", BifKind.Traps)]
    public static Term Compile2(Process* p, Term* a) => Compile(p, a[0], a[1], false);

    private static Term Compile(Process* p, Term pattern, Term options, bool import)
    {
        if (!ReOptions.Parse(options, out ReOptions o) || o.RunOnly) return Process.Badarg(p, Am.Badopt);
        if (o.Unicode && !pattern.IsBitstring) return Trap(p, Am.Ucompile, 2, pattern, options, default);
        RegexCode* code = CompileText(pattern, in o, out bool valid, out int error, out long offset);
        if (!valid) return Process.Badarg(p);
        if (code == null) return import ? Process.Badarg(p) : CompileError(p, error, offset, Term.None);
        if (o.Export && !import)
        {
            Regex.FreeCode(code);
            return Export(p, pattern, options, in o);
        }
        Term compiled = Compiled(p, code, o.Unicode);
        return import || compiled.IsNone ? compiled : Process.Tuple(p, Am.Ok, compiled);
    }

    // valid: the pattern is iodata. Null then: it does not compile.
    private static RegexCode* CompileText(Term pattern, in ReOptions o, out bool valid, out int error, out long offset)
    {
        error = 0;
        offset = 0;
        valid = ReText.Open(pattern, out ReText text);
        if (!valid) return null;
        RegexCode* code = CompileText(text.Data, text.Bytes, in o, out error, out offset);
        text.Free();
        return code;
    }

    private static RegexCode* CompileText(byte* text, long bytes, in ReOptions o, out int error, out long offset)
    {
        RegexCompileSettings* settings = Regex.CreateCompileSettings(null);
        Regex.SetNestLimit(settings, MostNested);
        Regex.SetGuard(settings, &TooDeep, &settings);
        if (o.Newline != 0) Regex.SetNewline(settings, o.Newline);
        if (o.BackslashR != 0) Regex.SetBackslashR(settings, o.BackslashR == 2);
        RegexCode* code = Regex.Compile(text, (nuint)bytes, o.Compile, settings, out error, out nuint at);
        offset = (long)at;
        Regex.FreeCompileSettings(settings);
        return code;
    }

    [UnmanagedCallersOnly]
    private static int TooDeep(uint depth, void* start)
    {
        _ = depth;
        byte here;
        return (byte*)start - &here > MostStack ? 1 : 0;
    }

    // {error, {Text, Offset}}, or with a tag {error, {Tag, {Text, Offset}}}
    private static Term CompileError(Process* p, int error, long offset, Term tag)
    {
        byte* message = stackalloc byte[MessageBytes];
        int n = Regex.ErrorMessage(error, message, MessageBytes);
        Term text = CharacterLists.Of(p, n < 0 ? "Unknown error"u8 : new ReadOnlySpan<byte>(message, n));
        Term what = Process.Tuple(p, text, Term.Small(offset));
        return Process.Tuple(p, Am.Error, tag.IsNone ? what : Process.Tuple(p, tag, what));
    }

    // {re_pattern, Groups, Unicode, UseCrLf, Ref}; takes over the code
    private static Term Compiled(Process* p, RegexCode* code, bool unicode)
    {
        Pattern* pattern = (Pattern*)Allocator.AllocZeroed((nuint)sizeof(Pattern), Owner.Regex);
        if (pattern == null)
        {
            Regex.FreeCode(code);
            return Process.SystemLimit(p);
        }
        pattern->Head.RefCount = 1;
        pattern->Head.Kind = ResourceKind.Regex;
        pattern->Head.Destroy = &Destroy;
        pattern->Code = code;
        Term reference = MagicRefs.Make(p, &pattern->Head);
        if (reference.IsNone) return Term.None;
        RegexNewline newline = (RegexNewline)Regex.Info32(code, RegexInfo.Newline);
        Term t = Process.NewTuple(p, 5);
        Term* e = t.TupleElements;
        e[0] = Am.RePattern;
        e[1] = Term.Small(Regex.Info32(code, RegexInfo.CaptureCount));
        e[2] = Term.Small(unicode ? 1 : 0);
        e[3] = Term.Small(newline is RegexNewline.Any or RegexNewline.CrLf or RegexNewline.AnyCrLf ? 1 : 0);
        e[4] = reference;
        return t;
    }

    private static void Destroy(NativeResource* r)
    {
        Regex.FreeCode(((Pattern*)r)->Code);
        Allocator.Free(r, (nuint)sizeof(Pattern), Owner.Regex);
    }

    private static RegexCode* Open(Term t)
    {
        if (!t.IsTupleOf(5)) return null;
        Term* e = t.TupleElements;
        if (e[0] != Am.RePattern || !e[1].IsSmall || !e[2].IsSmall || !e[3].IsSmall) return null;
        Pattern* pattern = (Pattern*)MagicRefs.Open(e[4], ResourceKind.Regex);
        return pattern == null ? null : pattern->Code;
    }

    // -- run --

    [Bif("re:run/2", BifKind.Traps)]
    public static Term Run2(Process* p, Term* a) => Run(p, a, 2, Term.Nil, true);

    [Bif("re:run/3", BifKind.Traps)]
    public static Term Run3(Process* p, Term* a) => Run(p, a, 3, a[2], true);

    /// <summary>As run/3; the last argument false: the subject's UTF-8 was checked by a call before.</summary>
    [Bif("re:internal_run/4", BifKind.Traps)]
    public static Term InternalRun(Process* p, Term* a) => a[3].IsBoolean ? Run(p, a, 4, a[2], a[3] == Am.True) : Process.Badarg(p);

    // a, arity: what the native was called with.
    private static Term Run(Process* p, Term* a, int arity, Term options, bool first)
    {
        Term subject = a[0], pattern = a[1];
        if (!ReOptions.Parse(options, out ReOptions o) || o.Export) return Process.Badarg(p, Am.Badopt);
        if (!first) o.Match |= RegexMatchOptions.NoUtfCheck;
        // Characters of lists are the Erlang half's, when they are Unicode.
        bool lists = o.CaptureType == Am.List && !o.CaptureValues.IsNone && !o.Global;
        if (pattern.IsTupleOf(5))
        {
            RegexCode* compiled = o.CompileOnly ? null : Open(pattern);
            if (compiled == null) return Process.Badarg(p);
            if (pattern.TupleElements[2].SmallValue != 0 && (!subject.IsBitstring || lists)) return Trap(p, Am.Urun, 3, subject, pattern, options);
            if (o.Global) return Trap(p, Am.Grun, 3, subject, pattern, Process.Tuple(p, options, Am.False));
            // What PCRE2 takes only when it compiles must be what the pattern has.
            if (o.Newline != 0 && Regex.Info32(compiled, RegexInfo.Newline) != (uint)o.Newline) return Process.Badarg(p);
            if (o.BackslashR != 0 && Regex.Info32(compiled, RegexInfo.BackslashR) != o.BackslashR) return Process.Badarg(p);
            Term found = Match(p, compiled, subject, in o, out bool stopped);
            return stopped ? Later(p, a, arity) : found;
        }
        if (!pattern.IsBitstring && !pattern.IsList) return Process.Badarg(p);
        if (o.Unicode && (!pattern.IsBitstring || !subject.IsBitstring || lists)) return Trap(p, Am.Urun, 3, subject, pattern, options);
        RegexCode* code = CompileText(pattern, in o, out bool valid, out int error, out long offset);
        if (!valid) return Process.Badarg(p);
        if (code == null) return o.ReportErrors ? CompileError(p, error, offset, Am.Compile) : Process.Badarg(p);
        if (o.Global)
        {
            Term made = Compiled(p, code, o.Unicode);
            if (made.IsNone) return made;
            // The pattern's text goes along for the sake of exceptions.
            return Trap(p, Am.Grun, 3, subject, made, Process.Tuple(p, options, Term.Bool(o.CompileOnly), pattern));
        }
        Term result = Match(p, code, subject, in o, out bool later);
        Regex.FreeCode(code);
        return later ? Later(p, a, arity) : result;
    }

    // A match that takes longer than a slice begins again on a dirty thread; there signals can stop it, and it begins again when they are handled.
    private static Term Later(Process* p, Term* a, int arity) =>
        DirtyPool.Runs(p)
            ? DirtyPool.Again(p)
            : DirtyPool.Enter(p, a, ExportTable.Put(p->Machine, Am.Re, arity == 4 ? Am.InternalRun : Am.Run, arity), &p->Machine->LongMatches);

    private static Term Trap(Process* p, Term function, int arity, Term a, Term b, Term c)
    {
        p->Fail = FailKind.Trap;
        p->TrapTo = ExportTable.Put(p->Machine, Am.Re, function, arity);
        p->TrapArity = arity;
        p->TrapArgs[0] = a.Bits;
        p->TrapArgs[1] = b.Bits;
        p->TrapArgs[2] = c.Bits;
        return Term.None;
    }

    private static Term Match(Process* p, RegexCode* code, Term subject, in ReOptions o, out bool stopped)
    {
        stopped = false;
        if (!ReCapture.Parse(in o, code, out ReCapture capture) || !ReText.Open(subject, out ReText text))
        {
            capture.Free();
            return Process.Badarg(p);
        }
        RegexMatchSettings* settings = null;
        if (o.MatchLimit >= 0 || o.DepthLimit >= 0)
        {
            settings = Regex.CreateMatchSettings(null);
            if (o.MatchLimit >= 0) Regex.SetMatchLimit(settings, (uint)o.MatchLimit);
            if (o.DepthLimit >= 0) Regex.SetDepthLimit(settings, (uint)o.DepthLimit);
        }
        RegexMatchData* data = Regex.CreateStoppable(code);
        Term result;
        if (data == null) result = Process.SystemLimit(p);
        else
        {
            RegexStop stop;
            bool whole = DirtyPool.Runs(p) || !DirtyWork.Possible(p);
            if (whole) DirtyPool.Lend(p, &stop);
            int rc = Regex.MatchBriefly(code, text.Data, (nuint)text.Bytes, (nuint)o.Offset, o.Match, data, settings, whole ? &stop : null);
            if (whole) DirtyPool.TakeBack(p);
            stopped = rc == (int)RegexError.Stopped;
            result = stopped ? Term.None : rc > 0 ? Matched(p, subject, in text, Regex.Offsets(data), rc, in capture) : Unmatched(p, (RegexError)rc, o.ReportErrors);
            Regex.FreeStoppable(data);
        }
        // PCRE2 does not say how long it took.
        Process.Bump(p, (text.Bytes >> 7) + 1);
        if (settings != null) Regex.FreeMatchSettings(settings);
        text.Free();
        capture.Free();
        return result;
    }

    private static Term Unmatched(Process* p, RegexError error, bool report)
    {
        switch (error)
        {
            case RegexError.MatchLimit when report:
                return Process.Tuple(p, Am.Error, Am.MatchLimit);
            case RegexError.DepthLimit when report:
                return Process.Tuple(p, Am.Error, Am.MatchLimitRecursion);
            case RegexError.NoMatch or RegexError.MatchLimit or RegexError.DepthLimit or RegexError.HeapLimit or RegexError.RecurseLoop:
                return Am.Nomatch;
            default:
                return Process.Badarg(p);
        }
    }

    // {match, [Captured]}, or match
    private static Term Matched(Process* p, Term subject, in ReText text, nuint* offsets, int groups, in ReCapture capture)
    {
        if (capture.Type.IsNone) return Am.Match;
        NativeList<Term> found = default;
        if (capture.All)
        {
            for (int i = capture.First; i < groups; i++) found.Add(Captured(p, subject, in text, offsets, i, groups, capture.Type), Owner.Regex);
        }
        else
        {
            ref readonly NativeList<int> wanted = ref capture.Groups;
            for (int i = 0; i < wanted.Count; i++)
            {
                int group = wanted.Items[i];
                if (group < -1)
                {
                    // The first of the groups with the name that took part.
                    int last = i - group;
                    for (int k = i + 1; k <= last; k++)
                    {
                        group = wanted.Items[k];
                        if (group < groups && offsets[group * 2] != Regex.Unset) break;
                        group = -1;
                    }
                    i = last;
                }
                found.Add(Captured(p, subject, in text, offsets, group, groups, capture.Type), Owner.Regex);
            }
        }
        Term list = Term.Nil;
        for (int i = found.Count - 1; i >= 0; i--) list = Process.Cons(p, found[i], list);
        found.Free(Owner.Regex);
        return Process.Tuple(p, Am.Match, list);
    }

    private static Term Captured(Process* p, Term subject, in ReText text, nuint* offsets, int group, int groups, Term type)
    {
        bool part = group >= 0 && group < groups && offsets[group * 2] != Regex.Unset;
        long start = part ? (long)offsets[group * 2] : 0;
        // With \K a match may begin behind its end.
        long length = part ? (long)offsets[(group * 2) + 1] - start : 0;
        if (type == Am.Index) return Process.Tuple(p, Term.Small(part ? start : -1), Term.Small(length));
        if (length < 0) length = 0;
        if (type == Am.Binary) return subject.IsBitstring ? Binaries.Sub(p, subject, (ulong)start * 8, (ulong)length * 8) : Binaries.FromBytes(p, text.Data + start, length);
        Term list = Term.Nil;
        for (long i = length - 1; i >= 0; i--) list = Process.Cons(p, Term.Small(text.Data[start + i]), list);
        return list;
    }

    // -- about --

    /// <summary>The library's version, for example &lt;&lt;"10.42 2022-12-11"&gt;&gt;.</summary>
    [Bif("re:version/0")]
    public static Term Version(Process* p, Term* a)
    {
        byte* version = stackalloc byte[64];
        Regex.Version(version);
        int n = 0;
        while (version[n] != 0) n++;
        return Binaries.FromBytes(p, version, n);
    }

    /// <summary>{namelist, [Name]}: the names of groups, in alphabetical order, each once.</summary>
    [Bif("re:inspect/2")]
    public static Term Inspect(Process* p, Term* a)
    {
        RegexCode* code = Open(a[0]);
        if (code == null || a[1] != Am.Namelist) return Process.Badarg(p);
        Term list = Term.Nil;
        byte* after = null;
        for (uint i = Regex.Info32(code, RegexInfo.NameCount); i > 0; i--)
        {
            if (!Regex.GroupName(code, i - 1, out byte* name, out _)) break;
            int n = 0;
            while (name[n] != 0) n++;
            // The terminating zero takes part: equal means the whole name is.
            if (after != null && new ReadOnlySpan<byte>(after, n + 1).SequenceEqual(new ReadOnlySpan<byte>(name, n + 1))) continue;
            after = name;
            list = Process.Cons(p, Binaries.FromBytes(p, name, n), list);
        }
        return Process.Tuple(p, Am.Namelist, list);
    }
}
