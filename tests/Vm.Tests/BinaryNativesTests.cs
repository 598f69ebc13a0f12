// The natives on binaries and text against what OTP 29 gave for the same arguments (tests/recorded/binary_natives.escript), three times: as they are, with
// every binary moved to an odd bit of an off-heap one, and (searches) with a compiled pattern. Memory is checked to be given back.

using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text;
using MyBeam.Memory;
using Xunit;

namespace MyBeam.Vm.Tests;

public sealed unsafe class BinaryNativesTests : IDisposable
{
    private readonly Process* process;
    private readonly HeapShared* shared;
    // Nothing of it is used but its counter of references.
    private readonly Machine* machine;

    public BinaryNativesTests()
    {
        AtomTable.Initialize();
        shared = (HeapShared*)Allocator.AllocZeroed((nuint)sizeof(HeapShared), Owner.Vm);
        process = (Process*)Allocator.AllocZeroed((nuint)sizeof(Process), Owner.Vm);
        // What a native reports goes to the context it runs on.
        process->Context = (Context*)Allocator.AllocZeroed((nuint)sizeof(Context), Owner.Vm);
        process->Context->Process = process;
        Heap.Create(&process->Heap, shared, 233);
        process->Machine = machine = (Machine*)Allocator.AllocZeroed((nuint)sizeof(Machine), Owner.Vm);
        machine->WorkReductions = 1L << 40; // natives are called once, and must not pause
    }

    public void Dispose()
    {
        Heap.Destroy(&process->Heap);
        Allocator.Free(machine, (nuint)sizeof(Machine), Owner.Vm);
        Allocator.Free(process->Context, (nuint)sizeof(Context), Owner.Vm);
        Allocator.Free(process, (nuint)sizeof(Process), Owner.Vm);
        Allocator.Free(shared, (nuint)sizeof(HeapShared), Owner.Vm);
    }

    private sealed record Row(string Name, byte[] Arguments, byte[] Expected);

    private static string Folder([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;

    private static List<Row> Rows(Func<string, bool> wanted)
    {
        using GZipStream zip = new(File.OpenRead(Path.Combine(Folder(), "..", "recorded", "binary_natives-29.txt.gz")), CompressionMode.Decompress);
        using StreamReader reader = new(zip);
        List<Row> rows = [];
        while (reader.ReadLine() is { } line)
        {
            string[] parts = line.Split(' ');
            string name = parts[0] + ":" + parts[1];
            if (wanted(name)) rows.Add(new Row(name, Convert.FromBase64String(parts[2]), Convert.FromBase64String(parts[3])));
        }
        Assert.NotEmpty(rows);
        return rows;
    }

    private static Term Call(Process* p, string native, Term* a)
    {
        switch (native)
        {
            case "binary:first/1": return BinaryModuleBifs.First(p, a);
            case "binary:last/1": return BinaryModuleBifs.Last(p, a);
            case "binary:at/2": return BinaryModuleBifs.At(p, a);
            case "binary:part/3": return BinaryModuleBifs.Part3(p, a);
            case "binary:copy/1": return BinaryModuleBifs.Copy1(p, a);
            case "binary:copy/2": return BinaryModuleBifs.Copy2(p, a);
            case "binary:referenced_byte_size/1": return BinaryModuleBifs.ReferencedByteSize(p, a);
            case "binary:encode_unsigned/1": return BinaryModuleBifs.EncodeUnsigned1(p, a);
            case "binary:encode_unsigned/2": return BinaryModuleBifs.EncodeUnsigned2(p, a);
            case "binary:decode_unsigned/1": return BinaryModuleBifs.DecodeUnsigned1(p, a);
            case "binary:decode_unsigned/2": return BinaryModuleBifs.DecodeUnsigned2(p, a);
            case "binary:longest_common_prefix/1": return BinaryModuleBifs.LongestCommonPrefix(p, a);
            case "binary:longest_common_suffix/1": return BinaryModuleBifs.LongestCommonSuffix(p, a);
            case "binary:match/2": return BinarySearchBifs.Match2(p, a);
            case "binary:match/3": return BinarySearchBifs.Match3(p, a);
            case "binary:matches/2": return BinarySearchBifs.Matches2(p, a);
            case "binary:matches/3": return BinarySearchBifs.Matches3(p, a);
            case "binary:split/2": return BinarySearchBifs.Split2(p, a);
            case "binary:split/3": return BinarySearchBifs.Split3(p, a);
            case "erlang:binary_part/3": return ErlangBinaryBifs.BinaryPart3(p, a);
            case "erlang:split_binary/2": return ErlangBinaryBifs.SplitBinary(p, a);
            case "erlang:binary_to_list/1": return ErlangBinaryBifs.BinaryToList1(p, a);
            case "erlang:binary_to_list/3": return ErlangBinaryBifs.BinaryToList3(p, a);
            case "erlang:bitstring_to_list/1": return ErlangBinaryBifs.BitstringToList(p, a);
            case "unicode:bin_is_7bit/1": return UnicodeBifs.BinIs7Bit(p, a);
            case "unicode:characters_to_binary/2": return UnicodeBifs.CharactersToBinary(p, a);
            case "unicode:characters_to_list/2": return UnicodeBifs.CharactersToList(p, a);
            case "prim_file:internal_name2native/1": return FileNameBifs.NameToNative(p, a);
            case "prim_file:internal_native2name/1": return FileNameBifs.NativeToName(p, a);
            case "prim_file:is_translatable/1": return FileNameBifs.IsTranslatable(p, a);
            case "erts_debug:flat_size/1": return ErtsDebugBifs.FlatSize(p, a);
            default: throw new InvalidOperationException(native);
        }
    }

    private Term Decode(byte[] etf)
    {
        fixed (byte* b = etf)
        {
            Term binary = Binaries.FromBytes(process, b, etf.Length);
            Term t = EtfDecodeBifs.BinaryToTerm1(process, &binary);
            Assert.False(t.IsNone);
            return t;
        }
    }

    private byte[] Encode(Term t)
    {
        Term* a = stackalloc Term[2];
        a[0] = t;
        a[1] = Process.Cons(process, Am.Deterministic, Term.Nil);
        Term binary = EtfEncodeBifs.TermToBinary2(process, a);
        Assert.True(Binaries.Aligned(binary, out byte* data, out long bytes, out byte* copy));
        byte[] result = new ReadOnlySpan<byte>(data, (int)bytes).ToArray();
        Allocator.Free(copy, (nuint)bytes, Owner.Temporary);
        return result;
    }

    private List<Term> Arguments(Row row)
    {
        List<Term> list = [];
        for (Term l = Decode(row.Arguments); l.IsCons; l = l.Tail) list.Add(l.Head);
        return list;
    }

    // What a call gave, as the recorder writes it.
    private byte[] Outcome(string name, List<Term> arguments)
    {
        Term* a = stackalloc Term[4];
        for (int i = 0; i < arguments.Count; i++) a[i] = arguments[i];
        process->Fail = FailKind.None;
        Term made = Call(process, name + "/" + arguments.Count, a);
        if (!made.IsNone) return Encode(Process.Tuple(process, Am.Ok, made));
        Assert.Equal(FailKind.Exception, process->Fail);
        return Encode(Process.Tuple(process, Am.Error, process->FailReason));
    }

    // The same term, but every bitstring begins at bit 3 of the second word of an off-heap binary.
    private Term Shifted(Term t)
    {
        if (t.IsBitstring)
        {
            const int Shift = 67;
            Bitstring.Open(t, out byte* data, out ulong offset, out ulong bits);
            OffHeapBinary* b = OffHeap.Create((long)((bits + Shift + 7) / 8));
            new Span<byte>(OffHeapBinary.Data(b), (int)b->Capacity).Fill(0xA5);
            Bits.Copy(data, offset, OffHeapBinary.Data(b), Shift, bits);
            ulong* top = Process.Alloc(process, Binaries.OffHeapWords);
            return Binaries.Wrap(ref top, ref process->Heap.OffHeap, b, Shift, bits);
        }
        if (t.IsCons) return Process.Cons(process, Shifted(t.Head), Shifted(t.Tail));
        if (t.IsTupleOf(2)) return Process.Tuple(process, Shifted(t.TupleElements[0]), Shifted(t.TupleElements[1]));
        return t;
    }

    private string Text(Row row) => row.Name + " " + Convert.ToBase64String(row.Arguments);

    private void Check(Row row, List<Term> arguments, string how)
    {
        byte[] actual = Outcome(row.Name, arguments);
        if (!actual.AsSpan().SequenceEqual(row.Expected)) Assert.Fail($"{how}: {Text(row)}\nexpected {Convert.ToBase64String(row.Expected)}\nactual   {Convert.ToBase64String(actual)}");
    }

    private void CheckAll(Func<string, bool> wanted)
    {
        long temporary = Allocator.Outstanding(Owner.Temporary);
        foreach (Row row in Rows(wanted))
        {
            List<Term> arguments = Arguments(row);
            Check(row, arguments, "as recorded");
            // What is referenced, and words that off-heap terms take, are different there.
            if (row.Name is not ("binary:referenced_byte_size" or "erts_debug:flat_size")) Check(row, [.. arguments.Select(Shifted)], "at odd bits");
        }
        Assert.Equal(temporary, Allocator.Outstanding(Owner.Temporary));
    }

    [Fact]
    public void BinaryModuleGivesWhatOtpGives() => CheckAll(n => n.StartsWith("binary:", StringComparison.Ordinal));

    [Fact]
    public void ErlangBinaryNativesGiveWhatOtpGives() => CheckAll(n => n.StartsWith("erlang:", StringComparison.Ordinal));

    [Fact]
    public void UnicodeGivesWhatOtpGives() => CheckAll(n => n.StartsWith("unicode:", StringComparison.Ordinal));

    [Fact]
    public void FlatSizeGivesWhatOtpGives() => CheckAll(n => n.StartsWith("erts_debug:", StringComparison.Ordinal));

    [Fact]
    public unsafe void FileNamesGiveWhatOtpGives()
    {
        using HostedMachine vm = new();
        // Recorded in a UTF-8 locale.
        if (FileNameBifs.IsUtf8(vm.Machine)) CheckAll(n => n.StartsWith("prim_file:", StringComparison.Ordinal));
    }

    [Fact]
    public void CompiledPatternsFindTheSame()
    {
        int compiled = 0;
        foreach (Row row in Rows(n => n is "binary:match" or "binary:matches" or "binary:split"))
        {
            List<Term> arguments = Arguments(row);
            Term pattern = arguments[1];
            Term made = BinarySearchBifs.CompilePattern(process, &pattern);
            if (made.IsNone) continue;
            Assert.True(made.IsTupleOf(2) && made.TupleElements[1].IsReference);
            arguments[1] = made;
            Check(row, arguments, "compiled");
            compiled++;
        }
        Assert.True(compiled > 1000);
        Assert.NotEqual(0, Allocator.Outstanding(Owner.Resource));
        Heap.Destroy(&process->Heap);
        Heap.Create(&process->Heap, shared, 233);
        Assert.Equal(0, Allocator.Outstanding(Owner.Resource));
    }

    [Fact]
    public void CompiledPatternWithTheWrongTagIsBadarg()
    {
        Term pattern = Binaries.FromBytes(process, "ab"u8);
        Term made = BinarySearchBifs.CompilePattern(process, &pattern);
        Term* a = stackalloc Term[2];
        a[0] = pattern;
        a[1] = Process.Tuple(process, Am.Ac, made.TupleElements[1]);
        Assert.True(BinarySearchBifs.Match2(process, a).IsNone);
        Assert.Equal(Am.Badarg.Bits, process->FailReason.Bits);
    }

    // Periodic needles and subjects, where shifts go wrong first; a plain search is the judge.
    [Fact]
    public void LongSubjectsAreSearchedLikeByHand()
    {
        Random random = new(7);
        for (int round = 0; round < 300; round++)
        {
            int letters = 1 + random.Next(3);
            byte[] subject = new byte[random.Next(4000)];
            for (int i = 0; i < subject.Length; i++) subject[i] = (byte)('a' + random.Next(letters));
            byte[] needle = new byte[1 + random.Next(random.Next(2) == 0 ? 4 : 40)];
            for (int i = 0; i < needle.Length; i++) needle[i] = (byte)('a' + random.Next(letters));
            if (random.Next(2) == 0 && subject.Length > needle.Length) needle.CopyTo(subject, random.Next(subject.Length - needle.Length));
            List<long> expected = [];
            for (int at = 0; ;)
            {
                int found = subject.AsSpan(at).IndexOf(needle);
                if (found < 0) break;
                expected.Add(at + found);
                at += found + needle.Length;
            }
            fixed (byte* s = subject, n = needle)
            {
                for (int kept = 0; kept < 2; kept++)
                {
                    SearchPattern pattern = default;
                    if (kept == 1) Assert.True(pattern.Keep(n, needle.Length));
                    else pattern.Borrow(n, needle.Length);
                    NativeList<Hit> hits = default;
                    // In one go, and in slices of 3 bytes.
                    SearchProgress at = default;
                    bool done = false;
                    while (!done) Assert.True(pattern.Search(s, subject.Length, true, ref at, ref hits, kept == 1 ? 3 : long.MaxValue, out done));
                    List<long> actual = [];
                    for (int i = 0; i < hits.Count; i++) actual.Add(hits[i].Start);
                    hits.Free(Owner.Temporary);
                    pattern.Free();
                    Assert.Equal(expected, actual);
                }
            }
        }
    }

    [Fact]
    public void LocalesSayTheirEncoding()
    {
        Assert.True(FileNameBifs.SaysUtf8((byte*)Unsafe.AsPointer(ref System.Runtime.InteropServices.MemoryMarshal.GetReference("C.UTF-8\0"u8))));
        foreach ((string locale, bool utf8) in new[] { ("en_US.utf8", true), ("de_DE.UTF-8@euro", true), ("C", false), ("POSIX", false), ("de_DE.ISO-8859-1", false), ("x.UTF-88", false), ("x.", false) })
        {
            fixed (byte* b = Encoding.ASCII.GetBytes(locale + "\0")) Assert.Equal(utf8, FileNameBifs.SaysUtf8(b));
        }
    }

    [Fact]
    public void SharedTermsKeepTheirSharing()
    {
        Term t = Process.Cons(process, Am.Ok, Term.Nil);
        for (int i = 0; i < 40; i++) t = Process.Tuple(process, t, t);
        Term* a = stackalloc Term[2];
        a[0] = t;
        Assert.Equal(2 + (40 * 3), ErtsDebugBifs.SizeShared(process, a).SmallValue);
    }
}
