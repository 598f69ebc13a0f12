// The basic natives (arithmetic, guards, lists, tuples, atoms, number text, iolists, checksums, math) against what OTP 29 gave for the same arguments
// (tests/recorded/basic_natives.escript). Natives are found by their [Bif] marks. Every call runs in a heap with little room too, so that results go to
// fragments.

using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MyBeam.Memory;
using MyBeam.Platform;
using Xunit;

namespace MyBeam.Vm.Tests;

public sealed unsafe class BasicNativesTests : IDisposable
{
    private readonly Process* process;
    private readonly Machine* machine;
    private readonly HeapShared* shared;

    public BasicNativesTests()
    {
        AtomTable.Initialize();
        shared = (HeapShared*)Allocator.AllocZeroed((nuint)sizeof(HeapShared), Owner.Vm);
        machine = (Machine*)Allocator.AllocZeroed((nuint)sizeof(Machine), Owner.Vm);
        VmClock.Start(machine);
        process = (Process*)Allocator.AllocZeroed((nuint)sizeof(Process), Owner.Vm);
        // What a native reports goes to the context it runs on.
        process->Context = (Context*)Allocator.AllocZeroed((nuint)sizeof(Context), Owner.Vm);
        process->Context->Process = process;
        process->Machine = machine;
        machine->WorkReductions = 1L << 40; // natives are called once, and must not pause
        Heap.Create(&process->Heap, shared, 100000);
    }

    public void Dispose()
    {
        process->Dictionary.Free();
        Heap.Destroy(&process->Heap);
        Allocator.Free(process->Context, (nuint)sizeof(Context), Owner.Vm);
        Allocator.Free(process, (nuint)sizeof(Process), Owner.Vm);
        Allocator.Free(machine, (nuint)sizeof(Machine), Owner.Vm);
        Allocator.Free(shared, (nuint)sizeof(HeapShared), Owner.Vm);
    }

    private static readonly Dictionary<string, nint> Natives = FindNatives();

    private static Dictionary<string, nint> FindNatives()
    {
        Dictionary<string, nint> found = [];
        foreach (Type type in typeof(Process).Assembly.GetTypes())
        {
            foreach (MethodInfo method in type.GetMethods(BindingFlags.Static | BindingFlags.Public))
            {
                foreach (CustomAttributeData mark in method.GetCustomAttributesData().Where(m => m.AttributeType == typeof(BifAttribute)))
                    found[(string)mark.ConstructorArguments[0].Value!] = method.MethodHandle.GetFunctionPointer();
            }
        }
        return found;
    }

    private static string Folder([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;

    private void Fresh(long words)
    {
        Heap.Destroy(&process->Heap);
        Heap.Create(&process->Heap, shared, words);
    }

    private Term Decode(byte[] data)
    {
        fixed (byte* d = data) return EtfDecoder.DecodeVersioned(&process->Heap, null, d, (nuint)data.Length, EtfDecoding.None, 0, out _);
    }

    private string Show(Term t)
    {
        Term a = t;
        Term binary = EtfEncodeBifs.TermToBinary1(process, &a);
        Bitstring.Open(binary, out byte* data, out _, out ulong bits);
        return Convert.ToBase64String(new ReadOnlySpan<byte>(data, (int)(bits / 8)));
    }

    // {ok, Value} or {Class, Reason}.
    private Term Call(string native, Term list)
    {
        Term* a = stackalloc Term[4];
        int arity = 0;
        for (; list.IsCons; list = list.Tail) a[arity++] = list.Head;
        delegate*<Process*, Term*, Term> f = (delegate*<Process*, Term*, Term>)Natives[$"{native}/{arity}"];
        process->Fail = FailKind.None;
        Term result = f(process, a);
        if (!result.IsNone) return Process.Tuple(process, Am.Ok, result);
        Assert.Equal(FailKind.Exception, process->Fail);
        Assert.Equal(ExceptionClass.Error, process->FailClass);
        return Process.Tuple(process, Am.Error, process->FailReason);
    }

    private static bool Fragmented(string native, int number) => number % 2 == 1 && native != "erlang:make_tuple";

    [Fact]
    public void NativesGiveWhatOtpGives()
    {
        List<string> wrong = [];
        HashSet<string> missing = [];
        long temporary = Allocator.Outstanding(Owner.Temporary);
        using GZipStream zip = new(File.OpenRead(Path.Combine(Folder(), "..", "recorded", "basic_natives-29.txt.gz")), CompressionMode.Decompress);
        using StreamReader reader = new(zip);
        int number = 0;
        while (reader.ReadLine() is { } line)
        {
            string[] parts = line.Split(' ');
            string native = parts[0] + ":" + parts[1].Trim('\'');
            number++;
            // Every other call finds no room in the main block.
            Fresh(Fragmented(native, number) ? 40 : 4000);
            Term arguments = Decode(Convert.FromBase64String(parts[2]));
            Term expected = Decode(Convert.FromBase64String(parts[3]));
            Assert.False(arguments.IsNone || expected.IsNone);
            int arity = 0;
            for (Term t = arguments; t.IsCons; t = t.Tail) arity++;
            if (!Natives.ContainsKey($"{native}/{arity}"))
            {
                missing.Add($"{native}/{arity}");
                continue;
            }
            Term actual = Call(native, arguments);
            if (!TermEquality.Exact(actual, expected) && !Nearly(native, actual, expected)
                && !ReadAtOnce(native, actual, expected)) wrong.Add($"{native} {parts[2]}\n  expected {parts[3]}\n  actual   {Show(actual)}");
        }
        Assert.Empty(missing);
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {number} differ:\n{string.Join("\n", wrong.Take(20))}");
        Assert.Equal(temporary, Allocator.Outstanding(Owner.Temporary));
        Assert.True(number > 20000);
    }

    // OTP leaves integers that may be no smalls to erlang.erl (the answer big); here all but very long ones are read at once.
    private static bool ReadAtOnce(string native, Term actual, Term expected) =>
        native.EndsWith("_to_integer", StringComparison.Ordinal) && expected.TupleElements[1] == Am.Big && actual.TupleElements[1].IsInteger;

    // Another C library than the one of the recording may round the last bits of a transcendental function differently.
    private static bool Nearly(string native, Term actual, Term expected)
    {
        if (!native.StartsWith("math:", StringComparison.Ordinal)) return false;
        Term a = actual.TupleElements[1], e = expected.TupleElements[1];
        return a.IsFloat && e.IsFloat && Math.Abs(BitConverter.DoubleToInt64Bits(a.FloatValue) - BitConverter.DoubleToInt64Bits(e.FloatValue)) <= 2;
    }

    [Fact]
    public void LargestIntegerHas4194240Bits()
    {
        Term top = Arithmetic.ShiftLeft(process, Term.Small(1), Term.Small(4194239));
        Assert.Equal(Arithmetic.MaxDigits, top.BigLength);
        Assert.True(Arithmetic.ShiftLeft(process, Term.Small(1), Term.Small(4194240)).IsNone);
        Assert.Equal(Am.SystemLimit.Bits, process->FailReason.Bits);
        Term most = Arithmetic.Add(process, top, Arithmetic.Subtract(process, top, Term.Small(1)));
        Assert.Equal(Arithmetic.MaxDigits, most.BigLength);
        Assert.True(Arithmetic.Add(process, most, Term.Small(1)).IsNone);
        Assert.True(Arithmetic.Multiply(process, most, Term.Small(2)).IsNone);
        Assert.True(Arithmetic.Multiply(process, most, most).IsNone);
        Assert.True(Arithmetic.BitNot(process, most).IsNone);
        Assert.True(TermEquality.Exact(most, Arithmetic.Negate(process, Arithmetic.Multiply(process, most, Term.Small(-1)))));
        Term half = Arithmetic.ShiftLeft(process, Term.Small(1), Term.Small(2097120));
        Assert.True(Arithmetic.Multiply(process, half, half).IsNone);
        Assert.Equal(Arithmetic.MaxDigits, Arithmetic.Multiply(process, half, Arithmetic.ShiftRight(process, half, Term.Small(1))).BigLength);
        Assert.True(process->Bumped > 0);
    }

    [Fact]
    public void SubtractionOfLongListsSharesTheTail()
    {
        Term list = Term.Nil;
        for (int i = 99; i >= 0; i--) list = Process.Cons(process, Term.Small(i), list);
        Term* a = stackalloc Term[2];
        a[0] = list;
        a[1] = Process.Cons(process, Term.Small(1), Term.Nil);
        Term result = ListSubtractBifs.Subtract(process, a);
        Assert.Equal(list.Head.Bits, result.Head.Bits);
        Assert.Equal(list.Tail.Tail.Bits, result.Tail.Bits);
    }

    [Fact]
    public void ProcessDictionaryKeepsKeysThroughGrowthAndErasure()
    {
        const int Keys = 2000;
        Random random = new(3);
        Dictionary<int, int> model = [];
        Term* a = stackalloc Term[2];
        for (int step = 0; step < 40000; step++)
        {
            int key = random.Next(Keys), value = random.Next();
            a[0] = Process.Tuple(process, Term.Small(key), Am.Ok);
            a[1] = Term.Small(value);
            if (step % 10000 == 0) Fresh(100000 + (Keys * 100));
            Term before = model.TryGetValue(key, out int old) ? Term.Small(old) : Am.Undefined;
            // Terms of an earlier heap are gone: a fresh heap starts a fresh dictionary.
            if (step % 10000 == 0)
            {
                process->Dictionary.Free();
                model.Clear();
                continue;
            }
            bool shrinking = step % 10000 > 6000;
            if (random.Next(4) < (shrinking ? 3 : 1))
            {
                Assert.Equal(before.Bits, ProcessDictionaryBifs.Erase(process, a).Bits);
                model.Remove(key);
            }
            else
            {
                Assert.Equal(before.Bits, ProcessDictionaryBifs.Put(process, a).Bits);
                model[key] = value;
            }
            Assert.Equal(model.Count, process->Dictionary.Count);
        }
        foreach ((int key, int value) in model)
        {
            a[0] = Process.Tuple(process, Term.Small(key), Am.Ok);
            Assert.Equal(Term.Small(value).Bits, ProcessDictionaryBifs.Get(process, a).Bits);
        }
        Term all = ProcessDictionaryBifs.GetAll(process, a);
        Assert.Equal(model.Count, ListBifs.Length(all));
        for (; all.IsCons; all = all.Tail) Assert.Equal(Term.Small(model[(int)all.Head.TupleElements[0].TupleElements[0].SmallValue]).Bits, all.Head.TupleElements[1].Bits);
        Assert.Equal(model.Count, ListBifs.Length(ProcessDictionaryBifs.GetKeys(process, a)));
        Assert.Equal(model.Count, ListBifs.Length(ProcessDictionaryBifs.EraseAll(process, a)));
        Assert.Equal(0, process->Dictionary.Count);
        Assert.True(ProcessDictionaryBifs.GetAll(process, a).IsNil);
    }

    [Theory]
    [InlineData("native", 1000000000)]
    [InlineData("microsecond", 1000000)]
    [InlineData("millisecond", 1000)]
    [InlineData("second", 1)]
    public void TimeConvertsRoundedDown(string unit, long parts)
    {
        Term atom = AtomTable.Intern(System.Text.Encoding.UTF8.GetBytes(unit));
        foreach (long time in new[] { 0, 1, -1, 999999999, 1000000000, -1000000000, -1000000001, 1234567890123456789, -1234567890123456789 })
        {
            Term expected = Process.Integer(process, (long)((Int128.Max(time, time) * parts - (time < 0 ? 999999999 : 0)) / 1000000000));
            Assert.True(TermEquality.Exact(expected, TimeBifs.Convert(process, time, atom)));
            Assert.True(TermEquality.Exact(expected, TimeBifs.Convert(process, time, Term.Small(parts))));
        }
        Assert.True(TimeBifs.Convert(process, 1, Term.Small(0)).IsNone);
        Assert.True(TimeBifs.Convert(process, 1, Am.Ok).IsNone);
    }

    [Fact]
    public void UniqueValuesAreUnique()
    {
        HashSet<ulong> seen = [];
        Term none = Term.Nil;
        for (int i = 0; i < 1000; i++)
        {
            Term reference = TimeBifs.MakeRef(process, &none);
            Assert.True(reference.IsReference && seen.Add(((Reference*)reference.Box)->Id0));
        }
        Term* a = stackalloc Term[1];
        a[0] = Process.Cons(process, Am.Positive, Process.Cons(process, Am.Monotonic, Term.Nil));
        long last = 0;
        for (int i = 0; i < 10; i++)
        {
            long n = TimeBifs.UniqueIntegerOf(process, a).SmallValue;
            Assert.True(n > last);
            last = n;
        }
        Assert.Equal(Term.MinSmall, TimeBifs.UniqueInteger(process, &none).SmallValue);
        long start = VmClock.ErlangMonotonic(machine);
        Assert.InRange(start, VmClock.ErlangStart, VmClock.ErlangStart + 60_000_000_000);
        Assert.True(VmClock.NextNow(machine) < VmClock.NextNow(machine));
        Assert.InRange(VmClock.ErlangSystem(machine) - Clock.SystemNanoseconds, -1_000_000_000, 1_000_000_000);
    }

    [Fact]
    public void IovecKeepsLargeBinaries()
    {
        Term large = Binaries.New(process, 1000, out byte* data);
        new Span<byte>(data, 1000).Fill(1);
        Term tail = Process.Cons(process, Term.Small('c'), Process.Cons(process, Term.Small('d'), Term.Nil));
        Term* a = stackalloc Term[1];
        a[0] = Process.Cons(process, Term.Small('a'), Process.Cons(process, Term.Small('b'), Process.Cons(process, large, tail)));
        Term iovec = IoListBifs.ToIovec(process, a);
        Assert.Equal(3, ListBifs.Length(iovec));
        Assert.Equal(large.Bits, iovec.Tail.Head.Bits);
        Term flat = IoListBifs.ToBinary(process, a);
        a[0] = iovec;
        Assert.True(TermEquality.Exact(flat, IoListBifs.ToBinary(process, a)));
    }
}
