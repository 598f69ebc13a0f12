// binary:match, matches, split and compile_pattern.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>The searching natives of the module binary.</summary>
internal static unsafe class BinarySearchBifs
{
    // Bytes searched that are worth a reduction, for one byte string and for several.
    private const long BytesPerReduction = 80, AutomatonBytesPerReduction = 10;

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
        if (!ReadOptions(subject, options, false, out Options o)) return Process.Badarg(p);
        o.Global = all;
        return Search(p, subject, pattern, ref o, false);
    }

    private static Term Split(Process* p, Term subject, Term pattern, Term options) =>
        ReadOptions(subject, options, true, out Options o) ? Search(p, subject, pattern, ref o, true) : Process.Badarg(p);

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

    private static Term Search(Process* p, Term subject, Term patternTerm, ref Options o, bool split)
    {
        SearchPattern made = default;
        SearchPattern* pattern = &made;
        byte* patternCopy = null;
        long patternCopied = 0;
        PatternResult result = patternTerm.IsTuple
            ? Compiled(patternTerm, ref pattern)
            : Compile(patternTerm, pattern, false, out patternCopy, out patternCopied);
        Term answer = result switch
        {
            PatternResult.Made => Find(p, subject, pattern, ref o, split),
            PatternResult.Badarg => Process.Badarg(p),
            _ => Process.SystemLimit(p),
        };
        made.Free();
        Allocator.Free(patternCopy, (nuint)patternCopied, Owner.Temporary);
        return answer;
    }

    // {bm | ac, Reference} from compile_pattern/1.
    private static PatternResult Compiled(Term t, ref SearchPattern* pattern)
    {
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

    private static Term Find(Process* p, Term subject, SearchPattern* pattern, ref Options o, bool split)
    {
        if (!Binaries.Aligned(subject, out byte* data, out long bytes, out byte* copy)) return Process.SystemLimit(p);
        long perReduction = pattern->IsSingle ? BytesPerReduction : AutomatonBytesPerReduction;
        Term answer;
        if (o.Global)
        {
            NativeList<Hit> hits = default;
            if (!pattern->All(data, o.From, o.End, ref hits)) answer = Process.SystemLimit(p);
            else if (split) answer = SplitAtAll(p, subject, bytes, ref hits, ref o);
            else answer = ListOf(p, ref hits);
            Process.Bump(p, ((o.End - o.From) / perReduction) + (hits.Count / 8));
            hits.Free(Owner.Temporary);
        }
        else
        {
            bool found = pattern->First(data, o.From, o.End, out Hit hit);
            if (split) answer = found ? SplitAt(p, subject, bytes, hit, ref o) : NotSplit(p, subject, bytes, ref o);
            else answer = found ? Process.Tuple(p, Term.Small(hit.Start), Term.Small(hit.Length)) : Am.Nomatch;
            Process.Bump(p, ((found ? hit.Start + hit.Length : o.End) - o.From) / perReduction);
        }
        Allocator.Free(copy, (nuint)bytes, Owner.Temporary);
        return answer;
    }

    private static Term ListOf(Process* p, ref NativeList<Hit> hits)
    {
        const int Words = 5;
        if (hits.Count == 0) return Term.Nil;
        ulong* to = Process.Alloc(p, (long)hits.Count * Words);
        if (to == null) return Process.SystemLimit(p);
        Term list = Term.Nil;
        for (int i = hits.Count - 1; i >= 0; i--)
        {
            to[0] = Header.Make(Header.Tuple, 2);
            to[1] = Term.Small(hits[i].Start).Bits;
            to[2] = Term.Small(hits[i].Length).Bits;
            to[3] = Term.Boxed(to).Bits;
            to[4] = list.Bits;
            list = Term.List(to + 3);
            to += Words;
        }
        return list;
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

    // At all matches, from the back. trim: empty parts go until the first that is not; trim_all: all of them.
    private static Term SplitAtAll(Process* p, Term subject, long bytes, ref NativeList<Hit> hits, ref Options o)
    {
        if (hits.Count == 0) return NotSplit(p, subject, bytes, ref o);
        bool trim = o.Trim;
        Term list = Term.Nil;
        long end = bytes;
        for (int i = hits.Count - 1; i >= -1; i--)
        {
            long from = i < 0 ? 0 : hits[i].Start + hits[i].Length;
            if (from < end || !(trim || o.TrimAll))
            {
                if (!Prepend(p, subject, from, end, ref list)) return Term.None;
                trim = false;
            }
            if (i >= 0) end = hits[i].Start;
        }
        return list;
    }

    private static bool Prepend(Process* p, Term subject, long from, long end, ref Term list)
    {
        Term part = Binaries.Sub(p, subject, (ulong)from * 8, (ulong)(end - from) * 8);
        if (part.IsNone) return false;
        list = Process.Cons(p, part, list);
        return true;
    }
}
