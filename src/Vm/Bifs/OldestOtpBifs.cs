// Natives that OTP 25 has, and OTP 27 and newer have not: they became Erlang code, or ended. They are entered when the preloaded modules are those of OTP 26 or before.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Natives of erlang, string and erts_debug.</summary>
public static unsafe class OldestOtpBifs
{
    private const int Decimal = 10;

    [Bif("erlang:list_to_integer/1")]
    public static Term ListToInteger(Process* p, Term* a) => WholeList(p, a[0], Decimal);

    [Bif("erlang:list_to_integer/2")]
    public static Term ListToIntegerInBase(Process* p, Term* a) =>
        NumberTextBifs.Base(a[1], out int numberBase) && ListBifs.Length(a[0]) >= 0 ? WholeList(p, a[0], numberBase) : Process.Badarg(p);

    private static Term WholeList(Process* p, Term list, int numberBase)
    {
        Term number = NumberTextBifs.FromList(p, list, numberBase, long.MaxValue, out Term rest);
        return number.IsAtom || (!number.IsNone && !rest.IsNil) ? Process.Badarg(p) : number;
    }

    [Bif("erlang:binary_to_integer/1")]
    public static Term BinaryToInteger(Process* p, Term* a) => WholeBinary(p, a[0], Decimal);

    [Bif("erlang:binary_to_integer/2")]
    public static Term BinaryToIntegerInBase(Process* p, Term* a) =>
        NumberTextBifs.Base(a[1], out int numberBase) ? WholeBinary(p, a[0], numberBase) : Process.Badarg(p);

    private static Term WholeBinary(Process* p, Term binary, int numberBase)
    {
        Term number = NumberTextBifs.FromBinary(p, binary, numberBase, int.MaxValue);
        return number.IsAtom ? Process.Badarg(p) : number;
    }

    /// <summary>{Integer, Rest} of the longest integer at the start of a list; {error, no_integer}, {error, not_a_list}.</summary>
    [Bif("string:list_to_integer/1")]
    public static Term StringToInteger(Process* p, Term* a)
    {
        Term number = NumberTextBifs.FromList(p, a[0], Decimal, long.MaxValue, out Term rest);
        return number.IsNone ? number : number.IsAtom ? Process.Tuple(p, Am.Error, number) : Process.Tuple(p, number, rest);
    }

    /// <summary>Writes characters to standard error.</summary>
    [Bif("erlang:display_string/1")]
    public static Term DisplayString(Process* p, Term* a)
    {
        if (!a[0].IsNil && !a[0].IsCons) return Process.Badarg(p);
        Term* x = stackalloc Term[] { Am.Stderr, a[0] };
        return ErlangTextBifs.DisplayString(p, x);
    }

    [Bif("erlang:display_nl/0")]
    public static Term DisplayNewLine(Process* p, Term* a)
    {
        byte newLine = (byte)'\n';
        _ = Files.WriteAll(Files.StandardError, &newLine, 1);
        return Am.True;
    }

    /// <summary>Writes a term as erlang:display/1 does, and gives the text as characters.</summary>
    [Bif("erts_debug:display/1")]
    public static Term Display(Process* p, Term* a)
    {
        TextBuffer text = default;
        TermPrinter.Write(ref text, a[0], TermStyle.Display);
        text.AddByte('\n');
        _ = Files.WriteAll(Files.StandardOutput, text.Data, (nuint)text.Count);
        Process.Bump(p, text.Count >> 6);
        Term list = Term.Nil;
        for (long i = text.Count - 1; i >= 0; i--) list = Process.Cons(p, Term.Small(text.Data[i]), list);
        text.Free();
        return list;
    }
}
