// Natives of erlang that write terms as the emulator does, and read identifiers back: display, pid_to_list and their kin.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;
using MyBeam.Platform;

public static unsafe class ErlangTextBifs
{
    // <X.Y.Z> of three 64-bit numbers, and the longest reference, fit.
    private const int MaxIdentifier = 128;

    /// <summary>Prints the term, a carriage return and a line feed on the standard output: OTP's emulator ends lines so, whatever the output is.</summary>
    [Bif("erlang:display/1")]
    public static Term Display(Process* p, Term* a)
    {
        TextBuffer text = default;
        TermPrinter.Write(ref text, a[0], TermStyle.Display);
        text.AddByte('\r');
        text.AddByte('\n');
        Process.Bump(p, text.Count >> 6);
        IoServer.Flush(p->Machine);
        _ = Files.WriteAll(Files.StandardOutput, text.Data, (nuint)text.Count);
        text.Free();
        return Am.True;
    }

    /// <summary>Writes characters or a binary to stdout or stderr as they are.</summary>
    [Bif("erlang:display_string/2")]
    public static Term DisplayString(Process* p, Term* a)
    {
        int descriptor = a[0] == Am.Stdout ? 1 : a[0] == Am.Stderr ? 2 : -1;
        if (descriptor < 0) return Process.Badarg(p);
        TextBuffer text = default;
        if (!Characters(a[1], ref text))
        {
            text.Free();
            return Process.Badarg(p);
        }
        Process.Bump(p, text.Count >> 6);
        // What io has put before must come first.
        IoServer.Flush(p->Machine);
        Errno error = Files.WriteAll(descriptor, text.Data, (nuint)text.Count);
        text.Free();
        return error == Errno.None ? Am.True : Process.Badarg(p, AtomTable.Intern("eio"u8));
    }

    // A list of characters as UTF-8, or the bytes of a binary.
    private static bool Characters(Term t, ref TextBuffer to)
    {
        if (Binaries.Aligned(t, out byte* data, out long bytes, out byte* copy))
        {
            to.Add(data, bytes);
            if (copy != null) Allocator.Free(copy, (nuint)bytes, Owner.Temporary);
            return true;
        }
        for (; t.IsCons; t = t.Tail)
        {
            if (!t.Head.IsSmall || !BitsUtf.IsValid((ulong)t.Head.SmallValue)) return false;
            to.AddCodePoint(t.Head.SmallValue);
        }
        return t.IsNil;
    }

    /// <summary>What display/1 prints, as a list of bytes; the second argument bounds its size (about: so many terms) or is undefined.</summary>
    [Bif("erts_internal:term_to_string/2")]
    public static Term TermToString(Process* p, Term* a)
    {
        if (a[1] != Am.Undefined && !(a[1].IsSmall && a[1].SmallValue > 1)) return Process.Badarg(p);
        return Written(p, a[0]);
    }

    [Bif("erlang:pid_to_list/1")]
    public static Term PidToList(Process* p, Term* a) => a[0].IsPid ? Written(p, a[0]) : Process.Badarg(p);

    [Bif("erlang:port_to_list/1")]
    public static Term PortToList(Process* p, Term* a) => a[0].IsPort ? Written(p, a[0]) : Process.Badarg(p);

    [Bif("erlang:ref_to_list/1")]
    public static Term RefToList(Process* p, Term* a) => a[0].IsReference ? Written(p, a[0]) : Process.Badarg(p);

    [Bif("erlang:fun_to_list/1")]
    public static Term FunToList(Process* p, Term* a) => a[0].IsFun ? Written(p, a[0]) : Process.Badarg(p);

    private static Term Written(Process* p, Term t)
    {
        TextBuffer text = default;
        TermPrinter.Write(ref text, t, TermStyle.Display);
        Term list = Term.Nil;
        for (long i = text.Count - 1; i >= 0; i--) list = Process.Cons(p, Term.Small(text.Data[i]), list);
        Process.Bump(p, text.Count >> 4);
        text.Free();
        return list;
    }

    // -- reading identifiers: those of this node only (their first number is 0), since it knows no others --

    [Bif("erlang:list_to_pid/1")]
    public static Term ListToPid(Process* p, Term* a)
    {
        ulong* n = stackalloc ulong[3];
        if (!Numbers(a[0], "<"u8, n, 3) || n[1] >= 1UL << Identifiers.PidNumberBits || n[2] > uint.MaxValue) return Process.Badarg(p);
        return Term.Pid(n[1] | (n[2] << Identifiers.PidNumberBits));
    }

    [Bif("erlang:list_to_port/1")]
    public static Term ListToPort(Process* p, Term* a)
    {
        ulong* n = stackalloc ulong[2];
        if (!Numbers(a[0], "#Port<"u8, n, 2) || n[1] >= 1UL << 60) return Process.Badarg(p);
        return Term.Port(n[1]);
    }

    [Bif("erlang:list_to_ref/1")]
    public static Term ListToRef(Process* p, Term* a)
    {
        ulong* n = stackalloc ulong[4];
        if (!Numbers(a[0], "#Ref<"u8, n, 4) || n[1] > uint.MaxValue || n[2] > uint.MaxValue || n[3] >= Identifiers.MaxReference) return Process.Badarg(p);
        Reference* r = (Reference*)Process.Alloc(p, Reference.Words);
        if (r == null) return Process.SystemLimit(p);
        r->Header = Header.Make(Header.Reference, Reference.Words - 1);
        r->Id0 = n[3] | (n[2] << 32);
        r->Id1 = n[1];
        return Term.Boxed(r);
    }

    // prefix N.N…N> with exactly so many numbers, the first of which is 0.
    private static bool Numbers(Term list, System.ReadOnlySpan<byte> prefix, ulong* numbers, int count)
    {
        byte* text = stackalloc byte[MaxIdentifier];
        int length = 0;
        for (; list.IsCons && length < MaxIdentifier; list = list.Tail)
        {
            if (!list.Head.IsSmall || (ulong)list.Head.SmallValue > 255) return false;
            text[length++] = (byte)list.Head.SmallValue;
        }
        if (!list.IsNil || length <= prefix.Length || !new System.ReadOnlySpan<byte>(text, prefix.Length).SequenceEqual(prefix)) return false;
        int at = prefix.Length;
        for (int i = 0; i < count; i++)
        {
            int digits = 0;
            ulong value = 0;
            for (; at < length && text[at] is >= (byte)'0' and <= (byte)'9'; at++, digits++)
            {
                if (value > ulong.MaxValue / 10 - 1) return false;
                value = (value * 10) + (ulong)(text[at] - '0');
            }
            if (digits == 0 || at == length || text[at++] != (i == count - 1 ? '>' : '.')) return false;
            numbers[i] = value;
        }
        return at == length && numbers[0] == 0;
    }
}
