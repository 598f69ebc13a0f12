// The natives of the module unicode, and io:printable_range/0. Encodings other than Latin-1 and UTF-8 are done by Erlang code: the natives trap to it.
namespace MyBeam.Vm;

using System.Diagnostics;
using MyBeam.Memory;

/// <summary>unicode:characters_to_binary/2, characters_to_list/2, bin_is_7bit/1.</summary>
internal static unsafe class UnicodeBifs
{
    // Bytes of text that are worth a reduction (OTP: LOOP_FACTOR; most of ours go 8 at a time).
    private const long BytesPerReduction = 40;

    [Bif("unicode:bin_is_7bit/1")]
    public static Term BinIs7Bit(Process* p, Term* a)
    {
        if (!Binaries.Aligned(a[0], out byte* data, out long bytes, out byte* copy)) return Am.False;
        bool ascii = Utf8Text.IsAscii(data, bytes);
        Allocator.Free(copy, (nuint)bytes, Owner.Temporary);
        Process.Bump(p, bytes / BytesPerReduction);
        return Term.Bool(ascii);
    }

    [Bif("unicode:characters_to_binary/2", BifKind.Traps)]
    public static Term CharactersToBinary(Process* p, Term* a)
    {
        if (!Encoding(a[1], out bool latin1)) return Trap(p, Am.CharactersToBinaryInt, a);
        if (IsLarge(p, a[0])) return Dirty(p, a, Am.CharactersToBinary);
        // Of a list of one binary the binary is what matters, also in an error's rest.
        Term chars = a[0].IsCons && a[0].Tail.IsNil && a[0].Head.IsBitstring ? a[0].Head : a[0];
        if (chars.IsBitstring && IsDone(p, chars, latin1)) return chars;
        long size = UnicodeChars.Size(chars, latin1);
        if (size < 0) return Process.Badarg(p);
        Term made = Binaries.New(p, size, out byte* data);
        if (made.IsNone) return made;
        UnicodeChars writer = new(p, latin1, data);
        bool good = writer.Write(chars, out Term rest);
        Process.Bump(p, size / BytesPerReduction);
        if (good && !writer.IsCut)
        {
            Debug.Assert(writer.End - data == size);
            return made;
        }
        // Less than the block: what fits is made anew.
        Term done = Binaries.FromBytes(p, data, writer.End - data);
        if (done.IsNone) return done;
        return good ? Process.Tuple(p, writer.CutKind(), done, writer.Pending()) : Process.Tuple(p, Am.Error, done, rest);
    }

    // Whether a binary already is what it is to become.
    private static bool IsDone(Process* p, Term binary, bool latin1)
    {
        if (!Binaries.Aligned(binary, out byte* data, out long bytes, out byte* copy)) return false;
        bool done = latin1 ? Utf8Text.IsAscii(data, bytes) : Utf8Text.Check(data, bytes, out _, out _) == Utf8End.Complete;
        Allocator.Free(copy, (nuint)bytes, Owner.Temporary);
        Process.Bump(p, bytes / BytesPerReduction);
        return done;
    }

    [Bif("unicode:characters_to_list/2", BifKind.Traps)]
    public static Term CharactersToList(Process* p, Term* a)
    {
        if (!Encoding(a[1], out bool latin1)) return Trap(p, Am.CharactersToListInt, a);
        // Bytes are listed in slices.
        if (!(latin1 && a[0].IsBitstring) && IsLarge(p, a[0])) return Dirty(p, a, Am.CharactersToList);
        if (a[0].IsBitstring) return BinaryToList(p, a[0], latin1);
        long size = UnicodeChars.Size(a[0], latin1);
        if (size < 0) return Process.Badarg(p);
        byte* data = (byte*)Allocator.Alloc((nuint)size, Owner.Temporary);
        if (data == null) return Process.SystemLimit(p);
        UnicodeChars writer = new(p, latin1, data);
        bool good = writer.Write(a[0], out Term rest);
        Process.Bump(p, size / BytesPerReduction);
        Term done = Utf8Text.ToList(p, data, writer.End - data, writer.Characters, Term.Nil);
        Allocator.Free(data, (nuint)size, Owner.Temporary);
        if (done.IsNone || (good && !writer.IsCut)) return done;
        return good ? Process.Tuple(p, writer.CutKind(), done, writer.Pending()) : Process.Tuple(p, Am.Error, done, rest);
    }

    // Without a copy: straight from the binary.
    private static Term BinaryToList(Process* p, Term binary, bool latin1)
    {
        if (!BinaryModuleBifs.Whole(binary, out byte* data, out ulong offset, out long bytes)) return Process.Badarg(p);
        if (latin1) return ErlangBinaryBifs.ByteList(p, data, offset, bytes, Term.Nil);
        if (!Binaries.Aligned(binary, out data, out bytes, out byte* copy)) return Process.SystemLimit(p);
        Process.Bump(p, bytes / BytesPerReduction);
        Utf8End end = Utf8Text.Check(data, bytes, out long valid, out long characters);
        Term result = Utf8Text.ToList(p, data, valid, characters, Term.Nil);
        if (!result.IsNone && end != Utf8End.Complete)
        {
            Term kind = end == Utf8End.Cut && Utf8Text.MayGoOn(data + valid, bytes - valid) ? Am.Incomplete : Am.Error;
            Term rest = Binaries.Sub(p, binary, (ulong)valid * 8, (ulong)(bytes - valid) * 8);
            result = rest.IsNone ? rest : Process.Tuple(p, kind, result, rest);
        }
        Allocator.Free(copy, (nuint)bytes, Owner.Temporary);
        return result;
    }

    // By what is seen without going into lists in lists.
    private static bool IsLarge(Process* p, Term chars)
    {
        long bytes = chars.IsBitstring ? Bytes(chars) : 0;
        for (long n = 0; chars.IsCons && n < DirtyWork.ManyElements; chars = chars.Tail, n++)
            bytes += chars.Head.IsBitstring ? Bytes(chars.Head) : DirtyWork.ManyBytes / DirtyWork.ManyElements;
        return DirtyWork.Wanted(p, bytes, DirtyWork.ManyBytes);
    }

    private static long Bytes(Term binary)
    {
        Bitstring.Open(binary, out _, out _, out ulong bits);
        return (long)(bits / 8);
    }

    private static Term Dirty(Process* p, Term* a, Term function) =>
        DirtyPool.Enter(p, a, ExportTable.Put(p->Machine, Am.Unicode, function, 2), &p->Machine->DirtyCpu);

    private static bool Encoding(Term t, out bool latin1)
    {
        latin1 = t == Am.Latin1;
        return latin1 || t == Am.Unicode || t == Am.Utf8;
    }

    private static Term Trap(Process* p, Term function, Term* a)
    {
        Export* e = ExportTable.Put(p->Machine, Am.Unicode, function, 2);
        if (e == null) return Process.SystemLimit(p);
        p->Fail = FailKind.Trap;
        p->TrapTo = e;
        p->TrapArity = 2;
        p->TrapArgs[0] = a[0].Bits;
        p->TrapArgs[1] = a[1].Bits;
        return Term.None;
    }

    /// <summary>What counts as printable in ~p and ~tp. latin1 unless the VM was started with +pc unicode.</summary>
    [Bif("io:printable_range/0")]
    public static Term PrintableRange(Process* p, Term* a) => p->Machine->Settings.PrintableUnicode ? Am.Unicode : Am.Latin1;
}
