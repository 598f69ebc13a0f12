// What match_spec_test/3 says about a bad specification. Programs and people compare these texts, so they are OTP's, to the letter.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;

internal unsafe partial struct MatchCompiler
{
    /// <summary>Longer complaints are cut (OTP: DMC_ERR_STR_LEN, with the byte at the end of a C string).</summary>
    private const int LongestComplaint = 99;

    /// <summary>A complaint after which nothing more is looked at: always false.</summary>
    private bool Refuse(ReadOnlySpan<byte> text)
    {
        ComplainTerm(text, Term.None, default);
        return false;
    }

    // Each of the others gives what the caller is to return: true (go on, more may be wrong) while complaints are collected, else false (give up).

    private bool Complain(ReadOnlySpan<byte> text) => ComplainTerm(text, Term.None, default);

    private bool ComplainTerm(ReadOnlySpan<byte> before, Term term, ReadOnlySpan<byte> after)
    {
        complained = true;
        if (!collect) return false;
        TextBuffer text = default;
        text.Add(before);
        if (!term.IsNone) TermPrinter.Write(ref text, term, TermStyle.Display);
        text.Add(after);
        return Note(ref text);
    }

    private bool ComplainNumber(ReadOnlySpan<byte> before, Term name, ReadOnlySpan<byte> middle, long number, ReadOnlySpan<byte> after)
    {
        complained = true;
        if (!collect) return false;
        TextBuffer text = default;
        text.Add(before);
        if (!name.IsNone) TermPrinter.Write(ref text, name, TermStyle.Display);
        text.Add(middle);
        text.AddNumber(number);
        text.Add(after);
        return Note(ref text);
    }

    private bool Note(ref TextBuffer text)
    {
        Term words = TextLists.FromBytes(p, text.Data, Math.Min(text.Count, LongestComplaint), Term.Nil);
        complaints = Process.Cons(p, Process.Tuple(p, Am.Error, words), complaints);
        text.Free();
        return true;
    }
}
