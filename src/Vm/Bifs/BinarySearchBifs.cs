// binary:match, matches, split and compile_pattern.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>The searching natives of the module binary.</summary>
internal static unsafe class BinarySearchBifs
{
    // Bytes searched that are worth a reduction, for one byte string and for several.
    private const long BytesPerReduction = 80, AutomatonBytesPerReduction = 10;

    // Matches put into the answer in one slice, per reduction.
    private const long HitsPerReduction = 8;

    private struct Options
    {
        public long From, End;
        public bool Global, Trim, TrimAll;
    }

    [Bif("binary:compile_pattern/1")]
    public static Term CompilePattern(Process* p, Term* a)
    {
        SearchPattern pattern = default;
        PatternResult result = Compile(a[0], &pattern, true, out byte* copy, out long copied);
        Allocator.Free(copy, (nuint)copied, Owner.Temporary);
        if (result != PatternResult.Made)
        {
            pattern.Free();
            return result == PatternResult.Badarg ? Process.Badarg(p) : Process.SystemLimit(p);
        }
        Term tag = pattern.IsSingle ? Am.Bm : Am.Ac;
        NativeResource* resource = SearchPattern.ToResource(&pattern);
        if (resource == null) return Process.SystemLimit(p);
        Term reference = MagicRefs.Make(p, resource);
        return reference.IsNone ? reference : Process.Tuple(p, tag, reference);
    }

    [Bif("binary:match/2")]
    public static Term Match2(Process* p, Term* a) => Match(p, a[0], a[1], Term.Nil, false);

    [Bif("binary:match/3")]
    public static Term Match3(Process* p, Term* a) => Match(p, a[0], a[1], a[2], false);

    [Bif("binary:matches/2")]
    public static Term Matches2(Process* p, Term* a) => Match(p, a[0], a[1], Term.Nil, true);

    [Bif("binary:matches/3")]
    public static Term Matches3(Process* p, Term* a) => Match(p, a[0], a[1], a[2], true);

    [Bif("binary:split/2")]
    public static Term Split2(Process* p, Term* a) => Split(p, a[0], a[1], Term.Nil);

    [Bif("binary:split/3")]
    public static Term Split3(Process* p, Term* a) => Split(p, a[0], a[1], a[2]);

    private static Term Match(Process* p, Term subject, Term pattern, Term options, bool all)
    {
        if (p->Work != null) return Go(p, subject, (State*)p->Work);
        if (!ReadOptions(subject, options, false, out Options o)) return Process.Badarg(p);
        o.Global = all;
        return Search(p, subject, pattern, in o, false);
    }

    private static Term Split(Process* p, Term subject, Term pattern, Term options)
    {
        if (p->Work != null) return Go(p, subject, (State*)p->Work);
        return ReadOptions(subject, options, true, out Options o) ? Search(p, subject, pattern, in o, true) : Process.Badarg(p);
    }

    // The tail of an improper list of options is not looked at, as in OTP; what is no list at all is wrong.
    private static bool ReadOptions(Term subject, Term list, bool split, out Options o)
    {
        o = default;
        if (!BinaryModuleBifs.Whole(subject, out _, out _, out long bytes) || !list.IsList) return false;
        o.End = bytes;
        for (; list.IsCons; list = list.Tail)
        {
            Term option = list.Head;
            if (split && option == Am.Global) o.Global = true;
            else if (split && option == Am.Trim) o.Trim = true;
            else if (split && option == Am.TrimAll) o.TrimAll = true;
            else if (!Scope(option, bytes, ref o)) return false;
        }
        return true;
    }

    private static bool Scope(Term option, long bytes, ref Options o)
    {
        if (!option.IsTupleOf(2) || option.TupleElements[0] != Am.Scope) return false;
        Term range = option.TupleElements[1];
        if (!range.IsTupleOf(2) || !BinaryModuleBifs.Range(range.TupleElements[0], range.TupleElements[1], bytes, out long from, out long count)) return false;
        o.From = from;
        o.End = from + count;
        return true;
    }

    // A search: first the matches, then the answer made of them from the last to the first.
    private struct State
    {
        public NativeWork Work;
        public Options Options;
        public bool Split;
        /// <summary>A pattern made for this call, or somebody's compiled pattern (not null).</summary>
        public SearchPattern Made;
        public SearchPattern* Shared;
        public byte* PatternCopy, Data, Copy;
        public long PatternCopied, Bytes;
        public SearchProgress Progress;
        public NativeList<Hit> Hits;
        public bool Found;
        /// <summary>The answer so far: the match to put before it next, where its last part begins, whether empty parts are still dropped.</summary>
        public Term List;
        public int Index;
        public long End;
        public bool Trim;
    }

    private static Term Search(Process* p, Term subject, Term patternTerm, in Options o, bool split)
    {
        State s = default;
        s.Options = o;
        s.Split = split;
        PatternResult result = patternTerm.IsTuple
            ? Compiled(patternTerm, out s.Shared)
            : Compile(patternTerm, &s.Made, false, out s.PatternCopy, out s.PatternCopied);
        if (result != PatternResult.Made) return End(p, &s, result == PatternResult.Badarg ? Process.Badarg(p) : Process.SystemLimit(p));
        if (!Binaries.Aligned(subject, out s.Data, out s.Bytes, out s.Copy)) return End(p, &s, Process.SystemLimit(p));
        s.Progress.At = o.From;
        s.Progress.Hit.Start = -1;
        return Go(p, subject, &s);
    }

    private static Term Go(Process* p, Term subject, State* s)
    {
        if (!s->Found)
        {
            SearchPattern* pattern = s->Shared != null ? s->Shared : &s->Made;
            long perReduction = pattern->IsSingle ? BytesPerReduction : AutomatonBytesPerReduction, before = s->Progress.At;
            int known = s->Hits.Count;
            if (!pattern->Search(s->Data, s->Options.End, s->Options.Global, ref s->Progress, ref s->Hits, Slices.Steps(p, perReduction), out s->Found))
                return End(p, s, Process.SystemLimit(p));
            if (!s->Found) return Pause(p, s);
            Process.Bump(p, ((s->Progress.At - before) / perReduction) + ((s->Hits.Count - known) / 8));
            s->Index = s->Hits.Count - 1;
            s->List = Term.Nil;
            s->End = s->Bytes;
            s->Trim = s->Options.Trim;
        }
        if (!s->Options.Global) return End(p, s, OneAnswer(p, subject, s));
        if (s->Hits.Count == 0) return End(p, s, s->Split ? NotSplit(p, subject, s->Bytes, ref s->Options) : Term.Nil);
        long most = Slices.Steps(p, HitsPerReduction);
        bool good = s->Split ? SplitAtAll(p, subject, s, most) : Positions(p, s, most);
        if (!good) return End(p, s, Process.SystemLimit(p));
        if (s->Index >= (s->Split ? -1 : 0)) return Pause(p, s);
        return End(p, s, s->List);
    }

    private static Term OneAnswer(Process* p, Term subject, State* s)
    {
        bool found = s->Progress.Hit.Start >= 0;
        if (s->Split) return found ? SplitAt(p, subject, s->Bytes, s->Progress.Hit, ref s->Options) : NotSplit(p, subject, s->Bytes, ref s->Options);
        return found ? Process.Tuple(p, Term.Small(s->Progress.Hit.Start), Term.Small(s->Progress.Hit.Length)) : Am.Nomatch;
    }

    private static Term Pause(Process* p, State* s) => p->Work == null ? Slices.Keep(p, ref *s, &Abandon) : Slices.Pause(p);

    private static Term End(Process* p, State* s, Term answer)
    {
        Abandon(&s->Work);
        if (p->Work != null) Slices.End(p);
        return answer;
    }

    private static void Abandon(NativeWork* work)
    {
        State* s = (State*)work;
        s->Made.Free();
        s->Hits.Free(Owner.Temporary);
        Allocator.Free(s->PatternCopy, (nuint)s->PatternCopied, Owner.Temporary);
        Allocator.Free(s->Copy, (nuint)s->Bytes, Owner.Temporary);
    }

    // {bm | ac, Reference} from compile_pattern/1.
    private static PatternResult Compiled(Term t, out SearchPattern* pattern)
    {
        pattern = null;
        NativeResource* resource = t.IsTupleOf(2) ? MagicRefs.Open(t.TupleElements[1], SearchPattern.Kind) : null;
        if (resource == null) return PatternResult.Badarg;
        pattern = (SearchPattern*)resource;
        return t.TupleElements[0] == (pattern->IsSingle ? Am.Bm : Am.Ac) ? PatternResult.Made : PatternResult.Badarg;
    }

    // A binary that is not empty, or a list of them. copy: what Allocator.Free must get after the pattern's end.
    private static PatternResult Compile(Term t, SearchPattern* pattern, bool keep, out byte* copy, out long copied)
    {
        copy = null;
        copied = 0;
        Term single = t;
        if (t.IsCons)
        {
            long total = 0;
            Term l = t;
            for (; l.IsCons; l = l.Tail)
            {
                if (!BinaryModuleBifs.Whole(l.Head, out _, out _, out long size) || size == 0) return PatternResult.Badarg;
                total += size;
            }
            if (!l.IsNil) return PatternResult.Badarg;
            if (t.Tail.IsCons) return pattern->Several(t, total) ? PatternResult.Made : PatternResult.NoMemory;
            single = t.Head;
        }
        if (!BinaryModuleBifs.Whole(single, out _, out _, out long bytes) || bytes == 0) return PatternResult.Badarg;
        if (!Binaries.Aligned(single, out byte* data, out copied, out copy)) return PatternResult.NoMemory;
        if (keep) return pattern->Keep(data, bytes) ? PatternResult.Made : PatternResult.NoMemory;
        pattern->Borrow(data, bytes);
        return PatternResult.Made;
    }

    // [{Start, Length}], a few more of them. False when memory is out.
    private static bool Positions(Process* p, State* s, long most)
    {
        const int Words = 5;
        long n = s->Index + 1 < most ? s->Index + 1 : most;
        ulong* to = Process.Alloc(p, n * Words);
        if (to == null) return false;
        Term list = s->List;
        for (; n > 0; n--, s->Index--)
        {
            Hit hit = s->Hits[s->Index];
            to[0] = Header.Make(Header.Tuple, 2);
            to[1] = Term.Small(hit.Start).Bits;
            to[2] = Term.Small(hit.Length).Bits;
            to[3] = Term.Boxed(to).Bits;
            to[4] = list.Bits;
            list = Term.List(to + 3);
            to += Words;
        }
        s->List = list;
        return true;
    }

    private static Term NotSplit(Process* p, Term subject, long bytes, ref Options o) =>
        bytes == 0 && (o.Trim || o.TrimAll) ? Term.Nil : Process.Cons(p, subject, Term.Nil);

    // At one match. trim takes away an empty end, trim_all an empty start too; when there is neither start nor end left, nothing.
    private static Term SplitAt(Process* p, Term subject, long bytes, Hit hit, ref Options o)
    {
        long after = hit.Start + hit.Length;
        Term list = Term.Nil;
        if (after < bytes || !(o.Trim || o.TrimAll))
        {
            if (!Prepend(p, subject, after, bytes, ref list)) return Term.None;
            if (hit.Start == 0 && o.TrimAll) return list;
        }
        else if (hit.Start == 0)
        {
            return list;
        }
        return Prepend(p, subject, 0, hit.Start, ref list) ? list : Term.None;
    }

    // At all matches, from the back, a few more of them. trim: empty parts go until the first that is not; trim_all: all of them. False when memory is out.
    private static bool SplitAtAll(Process* p, Term subject, State* s, long most)
    {
        for (; s->Index >= -1 && most > 0; s->Index--, most--)
        {
            long from = s->Index < 0 ? 0 : s->Hits[s->Index].Start + s->Hits[s->Index].Length;
            if (from < s->End || !(s->Trim || s->Options.TrimAll))
            {
                if (!Prepend(p, subject, from, s->End, ref s->List)) return false;
                s->Trim = false;
            }
            if (s->Index >= 0) s->End = s->Hits[s->Index].Start;
        }
        return true;
    }

    private static bool Prepend(Process* p, Term subject, long from, long end, ref Term list)
    {
        Term part = Binaries.Sub(p, subject, (ulong)from * 8, (ulong)(end - from) * 8);
        if (part.IsNone) return false;
        list = Process.Cons(p, part, list);
        return true;
    }
}
