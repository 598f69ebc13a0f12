// Why a .beam file was refused: a code for programs, a sentence for people.
namespace MyBeam.Vm;

using System;

/// <summary>What kind of fault it is.</summary>
public enum LoadErrorCode
{
    /// <summary>None.</summary>
    None,

    /// <summary>Not a BEAM file at all.</summary>
    NotBeam,

    /// <summary>The container is cut or its sizes don't fit.</summary>
    Truncated,

    /// <summary>A chunk that must be there is not.</summary>
    MissingChunk,

    /// <summary>A chunk's content is wrong.</summary>
    BadChunk,

    /// <summary>An instruction is wrong, or the instructions don't make functions.</summary>
    BadCode,

    /// <summary>An opcode that OTP 29 does not have.</summary>
    UnknownOpcode,

    /// <summary>An opcode of a compiler too old.</summary>
    ObsoleteOpcode,

    /// <summary>A format newer than OTP 29's.</summary>
    TooNew,

    /// <summary>Larger than this loader takes.</summary>
    TooLarge,

    /// <summary>No memory, or the atom table is full.</summary>
    NoMemory,

    /// <summary>The module was loaded, but its on_load function did not return ok.</summary>
    OnLoad,
}

/// <summary>
/// The fault found in a file. A plain struct of fixed size, so that reporting needs no memory. <see cref="Message"/> reads
/// "what (chunk, byte, instruction); what to do"; who prints it puts the file's name before it.
/// </summary>
public unsafe struct LoadError
{
    /// <summary>Most bytes a message has.</summary>
    public const int MaxText = 240;

    /// <summary>None while all is well.</summary>
    public LoadErrorCode Code;

    /// <summary>The chunk's id as it stands in the file (big-endian), 0: the container.</summary>
    public uint Chunk;

    /// <summary>Byte in the chunk's data; in the file when Chunk is 0; from the first instruction for the Code chunk's instructions.</summary>
    public long Offset;

    /// <summary>The opcode at fault, 0: none.</summary>
    public int Op;

    private int _length;
    private fixed byte _text[MaxText];

    /// <summary>The sentence; good as long as the struct stays where it is.</summary>
    public static ReadOnlySpan<byte> Message(LoadError* error) => new(error->_text, error->_length);

    /// <summary>Records a fault and gives false, so that callers can return it.</summary>
    /// <param name="code">What kind.</param>
    /// <param name="chunk">The chunk, 0: the container.</param>
    /// <param name="offset">Where in it.</param>
    /// <param name="what">What is wrong; '#' stands for <paramref name="number"/>.</param>
    /// <param name="number">The number that is wrong.</param>
    /// <param name="op">The instruction, 0: none.</param>
    public bool Fail(LoadErrorCode code, uint chunk, long offset, ReadOnlySpan<byte> what, long number = 0, int op = 0)
    {
        // The first fault is the cause; what follows from it would only hide it.
        if (Code != LoadErrorCode.None) return false;
        Code = code;
        Chunk = chunk;
        Offset = offset;
        Op = op;
        _length = 0;
        for (int i = 0; i < what.Length; i++)
        {
            if (what[i] == (byte)'#') Number(number);
            else Byte(what[i]);
        }
        Text(" ("u8);
        if (chunk != 0)
        {
            Text("chunk "u8);
            for (int shift = 24; shift >= 0; shift -= 8)
            {
                byte c = (byte)(chunk >> shift);
                Byte(c is >= 0x20 and < 0x7F ? c : (byte)'?');
            }
            Text(", "u8);
        }
        Text("byte "u8);
        Number(offset);
        if (op != 0)
        {
            Text(", instruction "u8);
            if ((uint)op <= GenericOps.Max)
            {
                Text(GenericOps.Name(op));
                Byte((byte)'/');
                Number(GenericOps.Arity(op));
            }
            else
            {
                Number(op);
            }
        }
        Text("); "u8);
        Text(Advice(code));
        return false;
    }

    private static ReadOnlySpan<byte> Advice(LoadErrorCode code) => code switch
    {
        LoadErrorCode.NotBeam => "give a .beam file made by erlc"u8,
        LoadErrorCode.UnknownOpcode or LoadErrorCode.TooNew => "compile the module with Erlang/OTP 29 or older"u8,
        LoadErrorCode.ObsoleteOpcode => "compile the module again with Erlang/OTP 25 to 29"u8,
        LoadErrorCode.TooLarge => "split the module"u8,
        LoadErrorCode.NoMemory => "free memory and load again"u8,
        _ => "the file is damaged: compile the module again"u8,
    };

    private void Byte(byte c)
    {
        if (_length < MaxText) _text[_length++] = c;
    }

    private void Text(ReadOnlySpan<byte> text)
    {
        for (int i = 0; i < text.Length; i++) Byte(text[i]);
    }

    private void Number(long number)
    {
        byte* digits = stackalloc byte[20];
        int n = 0;
        ulong rest = number < 0 ? (ulong)-number : (ulong)number;
        if (number < 0) Byte((byte)'-');
        do
        {
            digits[n++] = (byte)('0' + (rest % 10));
            rest /= 10;
        }
        while (rest != 0);
        while (n > 0) Byte(digits[--n]);
    }
}
