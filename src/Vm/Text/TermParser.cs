// Reads one Erlang term from text (arguments of the command line): the literal syntax of the language, without variables, calls and operators other
// than signs. Builds on a process heap without collecting.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;

/// <summary>Parses terms.</summary>
public unsafe ref struct TermParser
{
    // Terms nest by recursion, so their depth is bounded: some hundred bytes of native stack a level.
    private const int MaxDepth = 2000;

    private readonly Process* process;
    private readonly ReadOnlySpan<byte> text;
    private int at;
    private int depth;
    private bool failed;
    private int errorAt;
    private ReadOnlySpan<byte> reason;

    private TermParser(Process* p, ReadOnlySpan<byte> source)
    {
        this = default;
        process = p;
        text = source;
    }

    /// <summary>
    /// Reads the one term in a text (UTF-8; a full stop may follow). False: <paramref name="errorOffset"/> is the byte that could not be read, and
    /// <paramref name="error"/> one line that says why, constant text. The term is on the process's heap.
    /// </summary>
    public static bool Parse(Process* p, ReadOnlySpan<byte> source, out Term term, out int errorOffset, out ReadOnlySpan<byte> error)
    {
        TermParser parser = new(p, source);
        term = parser.Term();
        parser.Blanks();
        if (!parser.failed && parser.Peek() == '.') parser.at++;
        parser.Blanks();
        if (!parser.failed && parser.at < source.Length) parser.Fail("text after the term"u8);
        errorOffset = parser.errorAt;
        error = parser.reason;
        return !parser.failed;
    }

    // -- characters --

    // The byte at the place, or -1 at the end.
    private readonly int Peek(int ahead = 0) => at + ahead < text.Length ? text[at + ahead] : -1;

    private void Blanks()
    {
        while (Peek() is ' ' or '\n' or '\t' or '\r') at++;
    }

    // After blanks the byte; takes it when it is the one.
    private bool Take(char c)
    {
        Blanks();
        if (Peek() != c) return false;
        at++;
        return true;
    }

    private bool Expect(char c, ReadOnlySpan<byte> otherwise)
    {
        if (failed) return false;
        if (Take(c)) return true;
        Fail(otherwise);
        return false;
    }

    private Term Fail(ReadOnlySpan<byte> why)
    {
        if (!failed)
        {
            failed = true;
            errorAt = at;
            reason = why;
        }
        return Memory.Term.None;
    }

    // -- terms --

    private Term Term()
    {
        if (failed) return Memory.Term.None;
        if (depth == MaxDepth) return Fail("the term is nested too deep"u8);
        depth++;
        Blanks();
        Term t = Start();
        depth--;
        return t;
    }

    private Term Start()
    {
        int c = Peek();
        switch (c)
        {
            case -1:
                return Fail("a term is missing"u8);
            case '[':
                at++;
                return List();
            case '{':
                at++;
                return Tuple();
            case '#':
                at++;
                return Expect('{', "only maps begin with #"u8) ? Map() : Memory.Term.None;
            case '<':
                at++;
                if (Peek() != '<') return Fail("<< is meant?"u8);
                at++;
                return Binary();
            case '"':
                return String();
            case '~':
                return Sigil();
            case '\'':
                return QuotedAtom();
            case '$':
                return Character();
            case '-' or '+':
                at++;
                Blanks();
                return Peek() is >= '0' and <= '9' ? Number(c == '-') : Peek() == '$' ? Signed(Character(), c == '-') : Fail("a number must follow the sign"u8);
            case >= '0' and <= '9':
                return Number(false);
            default:
                return Atom();
        }
    }

    private readonly Term Signed(Term t, bool negative) => !negative || !t.IsSmall ? t : Memory.Term.Small(-t.SmallValue);

    // The elements up to the closing character, onto the end of `to`.
    private void Elements(ref NativeList<Term> to, char close)
    {
        if (Take(close)) return;
        while (!failed)
        {
            to.Add(Term(), Owner.Text);
            if (failed || Take(close)) return;
            if (!Take(','))
            {
                Fail(", or the closing bracket is missing"u8);
                return;
            }
        }
    }

    private Term List()
    {
        Term result = Memory.Term.Nil;
        NativeList<Term> items = default;
        if (!Take(']'))
        {
            while (!failed)
            {
                items.Add(Term(), Owner.Text);
                if (failed || Take(']')) break;
                if (Take('|'))
                {
                    result = Term();
                    Expect(']', "] is missing"u8);
                    break;
                }
                if (!Take(',')) Fail(", or | or ] is missing"u8);
            }
        }
        if (!failed)
        {
            for (int i = items.Count - 1; i >= 0; i--) result = Process.Cons(process, items[i], result);
        }
        items.Free(Owner.Text);
        return failed ? Memory.Term.None : result;
    }

    private Term Tuple()
    {
        NativeList<Term> items = default;
        Elements(ref items, '}');
        Term result = Memory.Term.None;
        if (!failed)
        {
            result = Process.NewTuple(process, items.Count);
            for (int i = 0; i < items.Count; i++) result.TupleElements[i] = items[i];
        }
        items.Free(Owner.Text);
        return result;
    }

    private Term Map()
    {
        NativeList<Term> items = default;
        if (!Take('}'))
        {
            while (!failed)
            {
                items.Add(Term(), Owner.Text);
                if (failed) break;
                Blanks();
                if (Peek() != '=' || Peek(1) != '>')
                {
                    Fail("=> is missing"u8);
                    break;
                }
                at += 2;
                items.Add(Term(), Owner.Text);
                if (failed || Take('}')) break;
                if (!Take(',')) Fail(", or } is missing"u8);
            }
        }
        Term result = Memory.Term.None;
        if (!failed)
        {
            result = items.Count == 0
                ? Maps.Empty(&process->Heap)
                : MapBuild.FromArrays(&process->Heap, items.Items, 2, items.Items + 1, 2, items.Count / 2, out _);
        }
        items.Free(Owner.Text);
        return result;
    }

    // -- atoms, characters, strings --

    private Term Atom()
    {
        int start = at;
        while (at < text.Length)
        {
            int next = at;
            int c = Utf8Reader.TryDecode(text, ref next);
            bool letter = AtomText.IsLower(c) || (at > start && (AtomText.IsUpper(c) || c is (>= '0' and <= '9') or '_' or '@'));
            if (!letter) break;
            at = next;
        }
        ReadOnlySpan<byte> name = text.Slice(start, at - start);
        if (name.Length == 0)
        {
            return Fail(Peek() is (>= 'A' and <= 'Z') or '_' ? "variables have no value here"u8 : "no term begins like this"u8);
        }
        if (name.SequenceEqual("fun"u8)) return ExportFun();
        if (AtomText.IsReserved(name))
        {
            at = start;
            return Fail("a reserved word: quote the atom"u8);
        }
        return Intern(name, start);
    }

    private Term Intern(ReadOnlySpan<byte> name, int start)
    {
        int characters = 0;
        for (int i = 0; i < name.Length; i++)
            if ((name[i] & 0xC0) != 0x80) characters++;
        if (characters > 255)
        {
            at = start;
            return Fail("an atom has at most 255 characters"u8);
        }
        Term atom = AtomTable.Intern(name);
        return atom.IsNone ? Fail("the atom table is full"u8) : atom;
    }

    private Term QuotedAtom()
    {
        int start = at;
        TextBuffer name = default;
        Term result = Memory.Term.None;
        if (Quoted(ref name, '\'', false)) result = Intern(name.Text, start);
        name.Free();
        return result;
    }

    // fun M:F/A
    private Term ExportFun()
    {
        Blanks();
        Term module = Peek() == '\'' ? QuotedAtom() : Atom();
        if (!Expect(':', "fun Module:Function/Arity is meant"u8)) return Memory.Term.None;
        Blanks();
        Term function = Peek() == '\'' ? QuotedAtom() : Atom();
        if (!Expect('/', "fun Module:Function/Arity is meant"u8)) return Memory.Term.None;
        Blanks();
        Term arity = Peek() is >= '0' and <= '9' ? Number(false) : Memory.Term.None;
        if (failed || !arity.IsSmall || arity.SmallValue > 255) return Fail("the arity is a number from 0 to 255"u8);
        return FunTerms.ForExport(process, ExportTable.Put(process->Machine, module, function, arity.SmallValue));
    }

    // From the opening quote to the one that closes: the text, in UTF-8, or as 4-byte code points with `wide`.
    private bool Quoted(ref TextBuffer to, char quote, bool wide)
    {
        at++;
        while (true)
        {
            int c = Peek();
            if (c < 0)
            {
                Fail("the closing quote is missing"u8);
                return false;
            }
            if (c == quote)
            {
                at++;
                return true;
            }
            c = c == '\\' ? Escape() : Code();
            if (failed) return false;
            if (!wide) to.AddCodePoint(c);
            else
            {
                byte* room = to.Reserve(4);
                if (room == null) return false;
                *(int*)room = c;
                to.Advance(4);
            }
        }
    }

    private int Code()
    {
        int c = Utf8Reader.TryDecode(text, ref at);
        if (c < 0) Fail("the text is not UTF-8"u8);
        return c;
    }

    private static int Digit(int c) =>
        c is >= '0' and <= '9' ? c - '0' : c is >= 'a' and <= 'z' ? c - 'a' + 10 : c is >= 'A' and <= 'Z' ? c - 'A' + 10 : 99;

    // A backslash and what follows it.
    private int Escape()
    {
        at++;
        int c = Peek();
        if (c < 0)
        {
            Fail("a character must follow the backslash"u8);
            return 0;
        }
        if (c is >= '0' and <= '7')
        {
            int octal = 0;
            for (int i = 0; i < 3 && Peek() is >= '0' and <= '7'; i++) octal = (octal * 8) + (text[at++] - '0');
            return octal;
        }
        if (c == 'x') return Hexadecimal();
        if (c == '^')
        {
            int control = Peek(1);
            at += 2;
            if (control is >= '@' and <= '_' or >= 'a' and <= 'z') return control & 31;
            if (control == '?') return 127;
            Fail("no control character has this name"u8);
            return 0;
        }
        int letter = c switch
        {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => 11,
            'b' => 8,
            'f' => 12,
            'e' => 27,
            's' => ' ',
            'd' => 127,
            _ => 0,
        };
        if (letter == 0) return Code();
        at++;
        return letter;
    }

    // \xHH or \x{H...}
    private int Hexadecimal()
    {
        at++;
        bool braces = Peek() == '{';
        if (braces) at++;
        int value = 0, digits = 0;
        while (Digit(Peek()) < 16 && value <= 0x10FFFF && (braces || digits < 2))
        {
            value = (value * 16) + Digit(Peek());
            digits++;
            at++;
        }
        if (digits == 0 || (!braces && digits != 2) || (braces && Peek() != '}')) Fail("hexadecimal digits are missing"u8);
        else if (!BitsUtf.IsValid((ulong)value)) Fail("not a character"u8);
        if (braces) at++;
        return value;
    }

    private Term Character()
    {
        at++;
        if (Peek() < 0) return Fail("a character must follow $"u8);
        int c = Peek() == '\\' ? Escape() : Code();
        return failed ? Memory.Term.None : Memory.Term.Small(c);
    }

    // Strings that stand next to each other are one.
    private bool Strings(ref TextBuffer to)
    {
        do
        {
            if (!Quoted(ref to, '"', true)) return false;
            Blanks();
        }
        while (Peek() == '"');
        return true;
    }

    private Term String()
    {
        TextBuffer codes = default;
        Term result = Memory.Term.None;
        if (Strings(ref codes))
        {
            result = Memory.Term.Nil;
            for (long i = (codes.Count / 4) - 1; i >= 0; i--) result = Process.Cons(process, Memory.Term.Small(((int*)codes.Data)[i]), result);
        }
        codes.Free();
        return result;
    }

    // ~"text": a binary in UTF-8
    private Term Sigil()
    {
        at++;
        if (Peek() is 'b' or 's') at++;
        if (Peek() != '"') return Fail("~ stands before a string only"u8);
        TextBuffer utf8 = default;
        Term result = Memory.Term.None;
        if (Quoted(ref utf8, '"', false)) result = Binaries.FromBytes(process, utf8.Data, utf8.Count);
        utf8.Free();
        return result;
    }

    // -- numbers --

    // Takes digits of a base into `to`, single underscores between them left out.
    private void DigitsOf(int numberBase, ref TextBuffer to)
    {
        while (Digit(Peek()) < numberBase || (Peek() == '_' && to.Count > 0 && Digit(Peek(1)) < numberBase))
        {
            if (text[at] != '_') to.AddByte(text[at]);
            at++;
        }
    }

    private Term Number(bool negative)
    {
        TextBuffer digits = default;
        Term t = Unsigned(ref digits, negative);
        digits.Free();
        return t;
    }

    private Term Unsigned(ref TextBuffer digits, bool negative)
    {
        if (negative) digits.AddByte('-');
        DigitsOf(10, ref digits);
        int skip = negative ? 1 : 0;
        if (Peek() == '#')
        {
            long numberBase = 0;
            for (int i = skip; i < digits.Count && numberBase < 100; i++) numberBase = (numberBase * 10) + (digits.Data[i] - '0');
            if (numberBase is < 2 or > 36) return Fail("the base is a number from 2 to 36"u8);
            at++;
            digits.Clear();
            DigitsOf((int)numberBase, ref digits);
            return digits.Count == 0 ? Fail("digits of the base are missing"u8) : Integer(digits.Text, (int)numberBase, negative);
        }
        if (Peek() == '.' && Peek(1) is >= '0' and <= '9')
        {
            digits.AddByte('.');
            at++;
            DigitsOf(10, ref digits);
            int sign = Peek(1) is '+' or '-' ? 1 : 0;
            if (Peek() is 'e' or 'E' && Peek(1 + sign) is >= '0' and <= '9')
            {
                digits.AddByte('e');
                if (sign != 0) digits.AddByte(text[at + 1]);
                at += 1 + sign;
                DigitsOf(10, ref digits);
            }
            if (!FloatText.TryParse(digits.Data, (nuint)digits.Count, out double value)) return Fail("the number is too large for a float"u8);
            return Process.Float(process, value);
        }
        return Integer(digits.Text.Slice(skip), 10, negative);
    }

    private Term Integer(ReadOnlySpan<byte> digits, int numberBase, bool negative)
    {
        if (digits.Length > 1 << 20) return Fail("the number is too long"u8);
        int room = Digits.MaxDigits(digits.Length, numberBase);
        ulong* words = (ulong*)Allocator.Alloc((nuint)room * 8, Owner.Text);
        Term result;
        fixed (byte* d = digits)
        {
            int n = Digits.FromText(d, digits.Length, numberBase, words);
            result = n < 0 ? Fail("not a number"u8) : Process.Integer(process, words, n, negative);
        }
        Allocator.Free(words, (nuint)room * 8, Owner.Text);
        return result;
    }

    // -- binaries --

    private Term Binary()
    {
        BitBuffer bits = default;
        if (!TakeEnd())
        {
            while (!failed)
            {
                Segment(ref bits);
                if (failed || TakeEnd()) break;
                if (!Take(',')) Fail(", or >> is missing"u8);
            }
        }
        Term result = Memory.Term.None;
        if (!failed)
        {
            result = Binaries.NewBits(process, (ulong)bits.Bits, out byte* data);
            if (!result.IsNone) Buffer.MemoryCopy(bits.Bytes.Data, data, bits.Bytes.Count, bits.Bytes.Count);
        }
        bits.Bytes.Free();
        return result;
    }

    private bool TakeEnd()
    {
        Blanks();
        if (Peek() != '>' || Peek(1) != '>') return false;
        at += 2;
        return true;
    }

    // value[:size][/type-type-unit:N]
    private void Segment(ref BitBuffer to)
    {
        Blanks();
        TextBuffer codes = default;
        bool isString = Peek() == '"';
        Term value = Memory.Term.None;
        if (isString) Strings(ref codes);
        else value = Term();
        SegmentType type = new() { Size = -1 };
        if (!failed && Take(':'))
        {
            Blanks();
            Term size = Peek() is >= '0' and <= '9' ? Number(false) : Memory.Term.None;
            if (size.IsSmall && size.SmallValue <= 1 << 20) type.Size = size.SmallValue;
            else Fail("the size is a number"u8);
        }
        if (!failed && Take('/')) Types(ref type);
        if (failed) { }
        else if (isString)
        {
            for (long i = 0; i < codes.Count / 4 && !failed; i++) Put(ref to, Memory.Term.Small(((int*)codes.Data)[i]), in type);
        }
        else Put(ref to, value, in type);
        codes.Free();
    }

    private struct SegmentType
    {
        // -1: not given
        public long Size;
        public int Unit, Utf;
        public bool Little, Float, Bits;
    }

    private void Types(ref SegmentType type)
    {
        do
        {
            Blanks();
            int start = at;
            while (Peek() is (>= 'a' and <= 'z') or (>= '0' and <= '9')) at++;
            ReadOnlySpan<byte> name = text.Slice(start, at - start);
            if (name.SequenceEqual("utf8"u8)) type.Utf = 8;
            else if (name.SequenceEqual("utf16"u8)) type.Utf = 16;
            else if (name.SequenceEqual("utf32"u8)) type.Utf = 32;
            else if (name.SequenceEqual("little"u8) || name.SequenceEqual("native"u8)) type.Little = true;
            else if (name.SequenceEqual("float"u8)) type.Float = true;
            else if (name.SequenceEqual("binary"u8) || name.SequenceEqual("bytes"u8))
            {
                type.Bits = true;
                if (type.Unit == 0) type.Unit = 8;
            }
            else if (name.SequenceEqual("bitstring"u8) || name.SequenceEqual("bits"u8))
            {
                type.Bits = true;
                if (type.Unit == 0) type.Unit = 1;
            }
            else if (name.SequenceEqual("unit"u8) && Take(':'))
            {
                Term unit = Peek() is >= '0' and <= '9' ? Number(false) : Memory.Term.None;
                if (unit.IsSmall && unit.SmallValue is > 0 and <= 256) type.Unit = (int)unit.SmallValue;
                else Fail("the unit is a number from 1 to 256"u8);
            }
            else if (!name.SequenceEqual("integer"u8) && !name.SequenceEqual("big"u8) && !name.SequenceEqual("signed"u8) && !name.SequenceEqual("unsigned"u8))
            {
                at = start;
                Fail("no segment has this type"u8);
            }
        }
        while (!failed && Take('-'));
    }

    private void Put(ref BitBuffer to, Term value, in SegmentType type)
    {
        if (type.Utf != 0)
        {
            if (!value.IsSmall || !BitsUtf.IsValid((ulong)value.SmallValue)) Fail("not a character"u8);
            else if (type.Utf == 8)
            {
                TextBuffer utf8 = default;
                utf8.AddCodePoint(value.SmallValue);
                for (int i = 0; i < utf8.Count; i++) to.Add(utf8.Data[i], 8);
                utf8.Free();
            }
            else if (type.Utf == 32) to.AddInteger((ulong)value.SmallValue, 32, type.Little);
            else if (value.SmallValue < 0x10000) to.AddInteger((ulong)value.SmallValue, 16, type.Little);
            else
            {
                ulong c = (ulong)value.SmallValue - 0x10000;
                to.AddInteger(0xD800 + (c >> 10), 16, type.Little);
                to.AddInteger(0xDC00 + (c & 0x3FF), 16, type.Little);
            }
            return;
        }
        int unit = type.Unit == 0 ? 1 : type.Unit;
        if (type.Bits)
        {
            if (!value.IsBitstring)
            {
                Fail("the value of the segment is no bitstring"u8);
                return;
            }
            Bitstring.Open(value, out byte* data, out ulong offset, out ulong bits);
            ulong size = type.Size < 0 ? bits : (ulong)(type.Size * unit);
            if (size > bits || (type.Size < 0 && bits % (ulong)unit != 0))
            {
                Fail("the bitstring does not have the segment's size"u8);
                return;
            }
            for (ulong i = 0; i < size; i += 8)
            {
                int n = (int)Math.Min(8, size - i);
                to.Add(Bits.Read(data, offset + i, n), n);
            }
            return;
        }
        if (type.Float)
        {
            long size = type.Size < 0 ? 64 : type.Size * unit;
            double d = value.IsFloat ? value.FloatValue : value.IsSmall ? value.SmallValue : double.NaN;
            if (!double.IsFinite(d) || size is not (32 or 64)) Fail("a float segment has 32 or 64 bits and a number"u8);
            else to.AddInteger(size == 64 ? BitConverter.DoubleToUInt64Bits(d) : (uint)BitConverter.SingleToInt32Bits((float)d), (int)size, type.Little);
            return;
        }
        if (!value.IsInteger)
        {
            Fail("the segment's type does not fit its value"u8);
            return;
        }
        to.AddInteger(value, type.Size < 0 ? 8 : type.Size * unit, type.Little);
    }
}

/// <summary>A bitstring that grows at its end.</summary>
internal unsafe struct BitBuffer
{
    /// <summary>The bytes; the unused bits of the last are 0.</summary>
    public TextBuffer Bytes;
    public long Bits;

    /// <summary>The low 1 to 8 bits of a value.</summary>
    public void Add(ulong value, int bits)
    {
        value &= (1UL << bits) - 1;
        int free = (int)(-Bits & 7);
        Bits += bits;
        if (free >= bits)
        {
            Bytes.Data[Bytes.Count - 1] |= (byte)(value << (free - bits));
            return;
        }
        if (free > 0) Bytes.Data[Bytes.Count - 1] |= (byte)(value >> (bits - free));
        Bytes.AddByte((byte)(value << (8 - (bits - free))));
    }

    /// <summary>The low bits (at most 64) of a value.</summary>
    public void AddInteger(ulong value, int bits, bool little)
    {
        ulong* digits = stackalloc ulong[1];
        *digits = value;
        AddDigits(digits, 1, false, bits, little);
    }

    /// <summary>An integer term in so many bits, in two's complement.</summary>
    public void AddInteger(Term value, long bits, bool little)
    {
        ulong* digits = stackalloc ulong[1];
        if (value.IsSmall)
        {
            *digits = (ulong)Math.Abs(value.SmallValue);
            AddDigits(digits, 1, value.SmallValue < 0, bits, little);
        }
        else AddDigits(value.BigDigits, value.BigLength, value.BigNegative, bits, little);
    }

    private void AddDigits(ulong* digits, int count, bool negative, long bits, bool little)
    {
        // Byte i of the number, least significant first, is byte i of the digits, of -x it is that of ~(x - 1).
        int borrow = 0;
        while (negative && borrow < count && digits[borrow] == 0) borrow++;
        long bytes = (bits + 7) / 8;
        int last = (int)(bits - ((bytes - 1) * 8));
        for (long k = 0; k < bytes; k++)
        {
            long i = little ? k : bytes - 1 - k;
            long word = i >> 3;
            ulong digit = word < count ? digits[word] : 0;
            if (negative) digit = word < borrow ? 0 : word == borrow ? 0UL - digit : ~digit;
            Add(digit >> (int)((i & 7) * 8), i == bytes - 1 ? last : 8);
        }
    }
}
