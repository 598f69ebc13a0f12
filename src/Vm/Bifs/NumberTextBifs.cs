// Numbers to text and back.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Natives between numbers and text.</summary>
public static unsafe class NumberTextBifs
{
    /// <summary>Digits of text that cost one reduction.</summary>
    private const long DigitsPerReduction = 16;

    /// <summary>
    /// Numbers of more characters than this are left to erlang.erl, which takes them apart (answer big): it does so with reductions, and knows the limits.
    /// </summary>
    private const long DirectCharacters = 4096;

    /// <summary>More characters than this have more digits than an integer can have.</summary>
    private const long MostCharacters = 1 << 22;

    /// <summary>Room for the text of any small in any base, sign included.</summary>
    private const int SmallText = 72;

    [Bif("erlang:integer_to_list/1")]
    public static Term IntegerToList(Process* p, Term* a) => IntegerText(p, a[0], 10, false);

    [Bif("erlang:integer_to_list/2")]
    public static Term IntegerToListInBase(Process* p, Term* a) => Base(a[1], out int b) ? IntegerText(p, a[0], b, false) : Process.Badarg(p);

    [Bif("erlang:integer_to_binary/1")]
    public static Term IntegerToBinary(Process* p, Term* a) => IntegerText(p, a[0], 10, true);

    [Bif("erlang:integer_to_binary/2")]
    public static Term IntegerToBinaryInBase(Process* p, Term* a) => Base(a[1], out int b) ? IntegerText(p, a[0], b, true) : Process.Badarg(p);

    /// <summary>
    /// {Integer, Rest}; or no_integer, not_a_list, badarg (base), or big: too long to be read in one go.
    /// </summary>
    [Bif("erts_internal:list_to_integer/2")]
    public static Term ListToInteger(Process* p, Term* a)
    {
        if (a[0].IsCons && !Base(a[1], out _)) return Am.Badarg;
        _ = Base(a[1], out int b);
        Term number = FromList(p, a[0], b, DirectCharacters, out Term rest);
        return number.IsNone || number.IsAtom ? number : Process.Tuple(p, number, rest);
    }

    /// <summary>The integer that a list of characters begins with, and what follows it; or no_integer, not_a_list, or big: more digits than the most.</summary>
    internal static Term FromList(Process* p, Term list, int b, long most, out Term rest)
    {
        rest = Term.Nil;
        if (list.IsNil) return Am.NoInteger;
        if (!list.IsCons) return Am.NotAList;
        bool negative = list.Head == Term.Small('-');
        if (negative || list.Head == Term.Small('+')) list = list.Tail;
        bool zero = false;
        for (; list.IsCons && list.Head == Term.Small('0'); list = list.Tail) zero = true;
        // As in OTP: zeros before something that is no integer at all are no number.
        if (zero && list.IsCons && !list.Head.IsSmall) return Am.NoInteger;
        long count = 0;
        rest = list;
        for (; rest.IsCons && rest.Head.IsSmall && IsDigit(rest.Head.SmallValue, b); rest = rest.Tail) count++;
        if (count == 0) return zero ? Term.Small(0) : Am.NoInteger;
        if (count > most) return Am.Big;
        if (count > MostCharacters) return Process.SystemLimit(p);
        byte* room = stackalloc byte[(int)DirectCharacters];
        byte* text = count > DirectCharacters ? (byte*)Allocator.Alloc((nuint)count, Owner.Temporary) : room;
        if (text == null) return Process.SystemLimit(p);
        for (long i = 0; i < count; i++)
        {
            text[i] = (byte)list.Head.SmallValue;
            list = list.Tail;
        }
        Term number = ParseInteger(p, text, (int)count, b, negative);
        if (text != room) Allocator.Free(text, (nuint)count, Owner.Temporary);
        return number;
    }

    /// <summary>An integer; or badarg, or big: too long to be read in one go.</summary>
    [Bif("erts_internal:binary_to_integer/2")]
    public static Term BinaryToInteger(Process* p, Term* a) => Base(a[1], out int b) ? FromBinary(p, a[0], b, DirectCharacters) : Am.Badarg;

    /// <summary>The integer that is the text of a binary; or badarg, or big: more characters than the most.</summary>
    internal static Term FromBinary(Process* p, Term binary, int b, long most)
    {
        if (!Binaries.Aligned(binary, out byte* data, out long bytes, out byte* copy)) return Am.Badarg;
        byte* text = data;
        long count = bytes;
        bool negative = count > 0 && *text == '-';
        if (negative || (count > 0 && *text == '+'))
        {
            text++;
            count--;
        }
        Term result = Am.Badarg;
        if (count > most) result = Am.Big;
        else if (count > MostCharacters) result = Process.SystemLimit(p);
        else if (count > 0)
        {
            bool good = true;
            for (long i = 0; i < count && good; i++) good = IsDigit(text[i], b);
            if (good) result = ParseInteger(p, text, (int)count, b, negative);
        }
        if (copy != null) Allocator.Free(copy, (nuint)bytes, Owner.Temporary);
        return result;
    }

    [Bif("erlang:float_to_list/1")]
    public static Term FloatToList(Process* p, Term* a) => FloatTextOf(p, a[0], Term.Nil, false);

    /// <summary>Options: {decimals, D}, {scientific, D}, compact, short; of the first, second and last the last one given counts.</summary>
    [Bif("erlang:float_to_list/2")]
    public static Term FloatToListWith(Process* p, Term* a) => FloatTextOf(p, a[0], a[1], false);

    [Bif("erlang:float_to_binary/1")]
    public static Term FloatToBinary(Process* p, Term* a) => FloatTextOf(p, a[0], Term.Nil, true);

    [Bif("erlang:float_to_binary/2")]
    public static Term FloatToBinaryWith(Process* p, Term* a) => FloatTextOf(p, a[0], a[1], true);

    [Bif("erlang:list_to_float/1")]
    public static Term ListToFloat(Process* p, Term* a)
    {
        long count = ListBifs.Length(a[0]);
        if (count <= 0) return Process.Badarg(p);
        byte* text = (byte*)Allocator.Alloc((nuint)count, Owner.Temporary);
        if (text == null) return Process.SystemLimit(p);
        double value = 0;
        bool good = TextLists.ToBytes(a[0], text, count) && FloatText.TryParse(text, (nuint)count, out value);
        Allocator.Free(text, (nuint)count, Owner.Temporary);
        return good ? Process.Float(p, value) : Process.Badarg(p);
    }

    [Bif("erlang:binary_to_float/1")]
    public static Term BinaryToFloat(Process* p, Term* a)
    {
        if (!Binaries.Aligned(a[0], out byte* data, out long bytes, out byte* copy)) return Process.Badarg(p);
        bool good = FloatText.TryParse(data, (nuint)bytes, out double value);
        Allocator.Free(copy, (nuint)bytes, Owner.Temporary);
        return good ? Process.Float(p, value) : Process.Badarg(p);
    }

    /// <summary>{Float, Rest} of the longest float at the start of a list; {error, no_float}, {error, not_a_list}.</summary>
    [Bif("string:list_to_float/1")]
    public static Term StringToFloat(Process* p, Term* a)
    {
        if (!a[0].IsList) return Process.Tuple(p, Am.Error, Am.NotAList);
        long count = 0;
        for (Term t = a[0]; t.IsCons && IsFloatCharacter(t.Head); t = t.Tail) count++;
        if (count == 0) return Process.Tuple(p, Am.Error, Am.NoFloat);
        byte* text = (byte*)Allocator.Alloc((nuint)count, Owner.Temporary);
        if (text == null) return Process.SystemLimit(p);
        Term rest = a[0];
        for (long i = 0; i < count; i++)
        {
            text[i] = (byte)rest.Head.SmallValue;
            rest = rest.Tail;
        }
        nuint used = FloatText.Scan(text, (nuint)count);
        double value = 0;
        bool good = used != 0 && FloatText.TryConvert(text, used, out value);
        Allocator.Free(text, (nuint)count, Owner.Temporary);
        if (!good) return Process.Tuple(p, Am.Error, Am.NoFloat);
        rest = a[0];
        for (nuint i = 0; i < used; i++) rest = rest.Tail;
        return Process.Tuple(p, Process.Float(p, value), rest);
    }

    // -- integers --

    private static Term IntegerText(Process* p, Term number, int numberBase, bool binary)
    {
        ulong room;
        if (!Arithmetic.Open(number, &room, out ulong* digits, out int count, out bool negative)) return Process.Badarg(p);
        if (count <= 1)
        {
            byte* small = stackalloc byte[SmallText];
            int n = WriteDigit(count == 0 ? 0 : *digits, negative, (uint)numberBase, small + SmallText);
            return Text(p, small + SmallText - n, n, binary);
        }
        int most = Digits.MaxTextLength(count, numberBase);
        byte* text = (byte*)Allocator.Alloc((nuint)most, Owner.Temporary);
        if (text == null) return Process.SystemLimit(p);
        int length = Digits.ToText(digits, count, negative, numberBase, text);
        Process.Bump(p, length / DigitsPerReduction);
        Term result = Text(p, text, length, binary);
        Allocator.Free(text, (nuint)most, Owner.Temporary);
        return result;
    }

    // Writes a number of one digit backwards from an end; its length.
    private static int WriteDigit(ulong value, bool negative, uint numberBase, byte* end)
    {
        byte* at = end;
        if (numberBase == 10)
        {
            // A constant divisor is a multiplication.
            do
            {
                ulong q = value / 10;
                *--at = (byte)('0' + (value - (q * 10)));
                value = q;
            }
            while (value != 0);
        }
        else
        {
            do
            {
                ulong q = value / numberBase;
                uint digit = (uint)(value - (q * numberBase));
                *--at = (byte)(digit < 10 ? '0' + digit : 'A' + digit - 10);
                value = q;
            }
            while (value != 0);
        }
        if (negative) *--at = (byte)'-';
        return (int)(end - at);
    }

    // The characters are digits of the base.
    private static Term ParseInteger(Process* p, byte* text, int count, int numberBase, bool negative)
    {
        // 11 digits of any base, and 18 decimal ones, fit a small.
        if (count <= 11 || (numberBase == 10 && count <= 17))
        {
            long value = 0;
            for (int i = 0; i < count; i++) value = (value * numberBase) + DigitValue(text[i]);
            return Term.Small(negative ? -value : value);
        }
        int most = Digits.MaxDigits(count, numberBase);
        ulong* digits = (ulong*)Allocator.Alloc((nuint)most * sizeof(ulong), Owner.Temporary);
        if (digits == null) return Process.SystemLimit(p);
        int n = Digits.FromText(text, count, numberBase, digits);
        Term result = Process.Integer(p, digits, n, negative);
        Allocator.Free(digits, (nuint)most * sizeof(ulong), Owner.Temporary);
        Process.Bump(p, count / DigitsPerReduction);
        return result;
    }

    private static int DigitValue(long c)
    {
        if (c <= '9') return c >= '0' ? (int)c - '0' : 99;
        // Letters in either case.
        long letter = c | 0x20;
        return letter >= 'a' && letter <= 'z' && c <= 'z' ? (int)letter - 'a' + 10 : 99;
    }

    private static bool IsDigit(long c, int numberBase) => DigitValue(c) < numberBase;

    /// <summary>A base of digits, from 2 to 36.</summary>
    internal static bool Base(Term t, out int numberBase)
    {
        numberBase = 0;
        if (!t.IsSmall || t.SmallValue < 2 || t.SmallValue > 36) return false;
        numberBase = (int)t.SmallValue;
        return true;
    }

    // -- floats --

    private enum FloatFormat
    {
        Scientific, Fixed, Short,
    }

    private static Term FloatTextOf(Process* p, Term number, Term options, bool binary)
    {
        if (!number.IsFloat) return Process.Badarg(p);
        FloatFormat format = FloatFormat.Scientific;
        int decimals = FloatText.DefaultDecimals;
        bool compact = false;
        for (; options.IsCons; options = options.Tail)
        {
            Term option = options.Head;
            if (option == Am.Compact) compact = true;
            else if (option == Am.Short) format = FloatFormat.Short;
            else if (option.IsTupleOf(2) && option.TupleElements[1].IsSmall
                && (option.TupleElements[0] == Am.Decimals || option.TupleElements[0] == Am.Scientific))
            {
                format = option.TupleElements[0] == Am.Decimals ? FloatFormat.Fixed : FloatFormat.Scientific;
                // As in OTP the number is a C int: its upper bits don't count.
                decimals = unchecked((int)option.TupleElements[1].SmallValue);
            }
            else return Process.Badarg(p);
        }
        if (!options.IsNil) return Process.Badarg(p);
        byte* text = stackalloc byte[FloatText.MaxText];
        int n = format switch
        {
            FloatFormat.Short => FloatText.FormatShort(number.FloatValue, text),
            FloatFormat.Fixed => FloatText.FormatFixed(number.FloatValue, decimals, compact, text),
            _ => FloatText.FormatScientific(number.FloatValue, decimals, text),
        };
        return n < 0 ? Process.Badarg(p) : Text(p, text, n, binary);
    }

    private static bool IsFloatCharacter(Term t)
    {
        if (!t.IsSmall) return false;
        long c = t.SmallValue;
        return (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.' || c == ',' || c == 'e' || c == 'E';
    }

    private static Term Text(Process* p, byte* text, int length, bool binary) =>
        binary ? Binaries.FromBytes(p, text, length) : TextLists.FromBytes(p, text, length, Term.Nil);
}
