// Terms as text, in two styles: that of io:format("~0tp") for people, and that of erlang:display/1 (the emulator's own %T), which the *_to_list
// functions of identifiers use too. Without recursion: what is still to be written stands on a work stack.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;

/// <summary>How a term is written.</summary>
public enum TermStyle
{
    /// <summary>io:format("~0tp", [T]): shortest floats, readable strings and binaries, " => " in maps. Never breaks lines.</summary>
    Pretty,

    /// <summary>erlang:display/1: floats as %e, "=>" in maps, only ASCII binaries as text.</summary>
    Display,
}

/// <summary>Writes terms.</summary>
public static unsafe class TermPrinter
{
    // What stands on the work stack: a payload below, one of these above.
    private const ulong Byte = 0, Value = 1, Rest = 2, Arrow = 3, Equal = 4, Next = 5, Assign = 6, Many = 16;

    /// <summary>
    /// Writes a term at the end of <paramref name="to"/>, in UTF-8. With <paramref name="unicode"/> the Pretty style takes all printable characters of
    /// Unicode for text (erl +pc unicode), else those of Latin-1 (erl's default).
    /// </summary>
    public static void Write(ref TextBuffer to, Term term, TermStyle style, bool unicode = false)
    {
        ulong* inline = stackalloc ulong[WorkStack.InlineWords];
        WorkStack work = new(inline);
        Term t = term;
        while (true)
        {
            if (!t.IsNone) One(ref to, ref work, t, style, unicode);
            t = Term.None;
            if (work.IsEmpty || to.Failed) break;
            ulong kind = work.Pop();
            ulong payload = work.Pop();
            switch (kind)
            {
                case Byte:
                    to.AddByte((int)payload);
                    break;
                case Value:
                    t = new Term(payload);
                    break;
                case Next:
                    to.AddByte(',');
                    t = new Term(payload);
                    break;
                case Arrow:
                    to.Add(style == TermStyle.Pretty ? " => "u8 : "=>"u8);
                    t = new Term(payload);
                    break;
                case Assign:
                    to.AddByte(',');
                    Atom(ref to, new Term(payload), style);
                    break;
                case Equal:
                    to.Add(style == TermStyle.Pretty ? " = "u8 : "="u8);
                    t = new Term(payload);
                    break;
                case Rest:
                    Term rest = new(payload);
                    if (rest.IsNil) break;
                    to.AddByte(rest.IsCons ? ',' : '|');
                    t = rest;
                    if (rest.IsCons)
                    {
                        work.Push(rest.Tail.Bits, Rest);
                        t = rest.Head;
                    }
                    break;
                default:
                    // Many + n: n more elements stand at the address.
                    if (kind == Many) break;
                    to.AddByte(',');
                    t = *(Term*)payload;
                    work.Push(payload + 8, kind - 1);
                    break;
            }
        }
        work.Free();
    }

    // Writes what can be written at once and puts the rest on the stack.
    private static void One(ref TextBuffer to, ref WorkStack work, Term t, TermStyle style, bool unicode)
    {
        if (t.IsSmall) to.AddNumber(t.SmallValue);
        else if (t.IsAtom) Atom(ref to, t, style);
        else if (t.IsNil) to.Add("[]"u8);
        else if (t.IsCons) List(ref to, ref work, t, style, unicode);
        else if (t.IsPid || t.IsPort || t.IsReference) Identifier(ref to, t);
        else if (t.IsBitstring) Bits(ref to, t, style, unicode);
        else if (t.IsMap) Map(ref to, ref work, t);
        else if (t.IsFun) Fun(ref to, t);
        else if (t.IsBig) Big(ref to, t);
        else if (t.IsFloat)
        {
            byte* room = to.Reserve(FloatText.MaxText);
            if (room != null) to.Advance(style == TermStyle.Pretty ? FloatText.FormatShort(t.FloatValue, room) : FloatText.FormatScientific(t.FloatValue, 6, room));
        }
        else if (t.IsTuple)
        {
            to.AddByte('{');
            work.Push('}', Byte);
            long arity = t.TupleArity;
            if (arity == 0) return;
            work.Push((ulong)(t.TupleElements + 1), Many + (ulong)arity - 1);
            work.Push(t.TupleElements->Bits, Value);
        }
        else if (t.IsRecord) Record(ref to, ref work, t, style);
        else if (t.IsCatch) to.Add("<novalue>"u8);
        else
        {
            // Not a term of the language: seen only through a fault of the VM, and then its word helps.
            to.Add("<unknown:"u8);
            to.AddUnsigned(t.Bits);
            to.AddByte('>');
        }
    }

    private static void Atom(ref TextBuffer to, Term atom, TermStyle style)
    {
        if (style == TermStyle.Pretty)
        {
            to.AddAtom(atom);
            return;
        }
        // The emulator's rule differs from io_lib's: reserved words stay bare, @ is quoted, and other escapes.
        AtomTable.Entry* entry = AtomTable.Get(atom);
        ReadOnlySpan<byte> text = new(entry->Text, entry->Bytes);
        bool quote = text.Length == 0;
        for (int i = 0; i < text.Length && !quote;)
        {
            bool first = i == 0;
            int c = Utf8Reader.Decode(text, ref i);
            quote = !(AtomText.IsLower(c) || (!first && (AtomText.IsUpper(c) || c is (>= '0' and <= '9') or '_')));
        }
        if (quote) to.AddByte('\'');
        for (int i = 0; i < text.Length;)
        {
            int c = Utf8Reader.Decode(text, ref i);
            if (c is 27 || (c < 32 && c is not ('\n' or '\f' or '\t' or '\r' or 8 or 11)) || (c >= 128 && c < 160)) to.AddOctal(c);
            else if (c == 127) to.AddByte(c);
            else to.AddEscaped(c, '\'');
        }
        if (quote) to.AddByte('\'');
    }

    private static void List(ref TextBuffer to, ref WorkStack work, Term list, TermStyle style, bool unicode)
    {
        if (IsText(list, style, unicode))
        {
            to.AddByte('"');
            for (Term l = list; l.IsCons && !to.Failed; l = l.Tail) Character(ref to, (int)l.Head.SmallValue, style);
            to.AddByte('"');
            return;
        }
        to.AddByte('[');
        work.Push(']', Byte);
        work.Push(list.Tail.Bits, Rest);
        work.Push(list.Head.Bits, Value);
    }

    // A character of a list or binary shown as text. The emulator escapes only quotes and, in lists, line feeds (others do not get here in binaries).
    private static void Character(ref TextBuffer to, int c, TermStyle style)
    {
        if (style == TermStyle.Pretty) to.AddEscaped(c, '"');
        else if (c == '\n') to.Add("\\n"u8);
        else
        {
            if (c == '"') to.AddByte('\\');
            // One byte a character, as the emulator writes it: display/1 knows no Unicode.
            to.AddByte(c);
        }
    }

    // Whether a list is shown as text: proper, not empty, printable characters only.
    private static bool IsText(Term list, TermStyle style, bool unicode)
    {
        for (; list.IsCons; list = list.Tail)
        {
            Term c = list.Head;
            if (!c.IsSmall || !IsPrintable(c.SmallValue, style, unicode)) return false;
        }
        return list.IsNil;
    }

    private static bool IsPrintable(long c, TermStyle style, bool unicode)
    {
        if (c is (>= 32 and <= 126) or (>= 160 and <= 255) or '\n' or '\r' or '\t') return true;
        if (style == TermStyle.Display) return false;
        if (c is 8 or 11 or 12 or 27) return true;
        return unicode && c > 255 && c is < 0xD800 or (> 0xDFFF and < 0xFFFE) or (> 0xFFFF and <= 0x10FFFF);
    }

    private static void Bits(ref TextBuffer to, Term t, TermStyle style, bool unicode)
    {
        Bitstring.Open(t, out byte* data, out ulong offset, out ulong bits);
        if (bits == 0)
        {
            to.Add("<<>>"u8);
            return;
        }
        long bytes = (long)(bits >> 3);
        if ((bits & 7) == 0 && Binaries.Aligned(t, out byte* text, out _, out byte* copy))
        {
            bool done = BinaryText(ref to, new ReadOnlySpan<byte>(text, (int)Math.Min(bytes, int.MaxValue)), style, unicode);
            if (copy != null) Allocator.Free(copy, (nuint)bytes, Owner.Temporary);
            if (done) return;
        }
        to.Add("<<"u8);
        for (long i = 0; i < bytes && !to.Failed; i++)
        {
            if (i > 0) to.AddByte(',');
            to.AddUnsigned(Memory.Bits.Read(data, offset + ((ulong)i * 8), 8));
        }
        int rest = (int)(bits & 7);
        if (rest != 0)
        {
            if (bytes > 0) to.AddByte(',');
            to.AddUnsigned(Memory.Bits.Read(data, offset + ((ulong)bytes * 8), rest));
            to.AddByte(':');
            to.AddNumber(rest);
        }
        to.Add(">>"u8);
    }

    // <<"text">> or <<"text"/utf8>>; false, with nothing written, for bytes that are not text.
    private static bool BinaryText(ref TextBuffer to, ReadOnlySpan<byte> text, TermStyle style, bool unicode)
    {
        bool ascii = true;
        bool latin1 = false;
        for (int i = 0; i < text.Length;)
        {
            int start = i;
            int c = Utf8Reader.TryDecode(text, ref i);
            if (style == TermStyle.Display)
            {
                if (text[start] is < 32 or > 126) return false;
                i = start + 1;
                continue;
            }
            if (c >= 128) ascii = false;
            // Bytes that are no UTF-8 may still be Latin-1; valid UTF-8 of unprintable characters is no text.
            if (c < 0)
            {
                latin1 = true;
                break;
            }
            if (!IsPrintable(c, style, unicode)) return false;
        }
        if (latin1)
        {
            for (int i = 0; i < text.Length; i++)
                if (!IsPrintable(text[i], style, false)) return false;
        }
        to.Add("<<\""u8);
        for (int i = 0; i < text.Length && !to.Failed;) Character(ref to, latin1 ? text[i++] : Utf8Reader.Decode(text, ref i), style);
        to.Add(latin1 || ascii ? "\">>"u8 : "\"/utf8>>"u8);
        return true;
    }

    private static void Map(ref TextBuffer to, ref WorkStack work, Term t)
    {
        to.Add("#{"u8);
        work.Push('}', Byte);
        long n = Maps.Size(t);
        if (n == 0) return;
        // The pairs in the order of iteration, then onto the stack from the last to the first.
        nuint bytes = (nuint)n * 16;
        Term* pairs = (Term*)Allocator.Alloc(bytes, Owner.Temporary);
        if (pairs == null)
        {
            to.Failed = true;
            return;
        }
        MapIterator it = new(t);
        for (Term* at = pairs; it.Next(); at += 2)
        {
            at[0] = it.Key;
            at[1] = it.Value;
        }
        for (long i = n - 1; i >= 0; i--)
        {
            work.Push(pairs[(2 * i) + 1].Bits, Arrow);
            work.Push(pairs[2 * i].Bits, i == 0 ? Value : Next);
        }
        Allocator.Free(pairs, bytes, Owner.Temporary);
    }

    private static void Record(ref TextBuffer to, ref WorkStack work, Term t, TermStyle style)
    {
        RecordDefinition* d = RecordDefinition.Of(t);
        to.AddByte('#');
        Atom(ref to, d->Module, style);
        to.AddByte(':');
        Atom(ref to, d->Name, style);
        to.AddByte('{');
        work.Push('}', Byte);
        Term* keys = RecordDefinition.Keys(d), values = RecordDefinition.Values(t);
        for (long i = RecordDefinition.Fields(t) - 1; i >= 0; i--)
        {
            long at = style == TermStyle.Pretty ? d->FieldOrder.TupleElements[i].SmallValue : i;
            work.Push(values[at].Bits, Equal);
            work.Push(keys[at].Bits, i == 0 ? Value : Assign);
        }
    }

    private static void Fun(ref TextBuffer to, Term t)
    {
        if (t.IsKind(Header.ExportFun))
        {
            ExportName* e = ((ExportFun*)t.Box)->Export;
            to.Add("fun "u8);
            Atom(ref to, e->Module, TermStyle.Display);
            to.AddByte(':');
            Atom(ref to, e->Function, TermStyle.Display);
            to.AddByte('/');
            to.AddNumber(e->Arity);
            return;
        }
        FunName* f = (FunName*)((Fun*)t.Box)->Entry;
        to.Add("#Fun<"u8);
        to.AddAtomText(f->Module);
        to.AddByte('.');
        to.AddNumber(f->Index);
        to.AddByte('.');
        to.AddNumber(f->OldUniq);
        to.AddByte('>');
    }

    private static void Big(ref TextBuffer to, Term t)
    {
        byte* room = to.Reserve(Digits.MaxTextLength(t.BigLength, 10));
        if (room != null) to.Advance(Digits.ToText(t.BigDigits, t.BigLength, t.BigNegative, 10, room));
    }

    // <node.number.serial>, #Port<node.number>, #Ref<node.n2.n1.n0>. The first number is 0 for this node; OTP numbers the others as they turn up, here
    // it is the atom index of the node's name.
    private static void Identifier(ref TextBuffer to, Term t)
    {
        to.Add(t.IsPid ? "<"u8 : t.IsPort ? "#Port<"u8 : "#Ref<"u8);
        to.AddNumber(Identifiers.IsExternal(t) ? Identifiers.External(t)->Node.AtomIndex : 0);
        to.AddByte('.');
        if (t.IsPid)
        {
            to.AddUnsigned(Identifiers.PidNumber(t));
            to.AddByte('.');
            to.AddUnsigned(Identifiers.PidSerial(t));
        }
        else if (t.IsPort) to.AddUnsigned(Identifiers.PortNumber(t));
        else
        {
            uint* numbers = stackalloc uint[Identifiers.MaxRefNumbers];
            int n = Identifiers.Numbers(t, numbers);
            for (int i = n - 1; i >= 0; i--)
            {
                to.AddUnsigned(numbers[i]);
                if (i > 0) to.AddByte('.');
            }
        }
        to.AddByte('>');
    }
}
