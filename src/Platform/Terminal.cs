// Settings of a terminal: the surface.
namespace MyBeam.Platform;

/// <summary>What a terminal is set to; the layout is struct termios of glibc and musl on 64-bit Linux.</summary>
public unsafe struct TerminalSettings
{
    /// <summary>Bits for input, output, the line and local handling.</summary>
    public uint Input, Output, Control, Local;

    // The line discipline, the control characters and some padding; then the two speeds.
    private fixed byte characters[44];

    private const int MinimumIndex = 1 + 6, TimeIndex = 1 + 5;

    /// <summary>A read returns when so many bytes are there.</summary>
    public byte ReadMinimum
    {
        readonly get => characters[MinimumIndex];
        set => characters[MinimumIndex] = value;
    }

    /// <summary>Tenths of a second that a read waits; 0 is for ever.</summary>
    public byte ReadTime
    {
        readonly get => characters[TimeIndex];
        set => characters[TimeIndex] = value;
    }

    /// <summary>Bits of <see cref="Input"/>: bytes lose their highest bit; a carriage return arrives as newline.</summary>
    public const uint InputStrip = 0x20, InputReturnToNewline = 0x100;

    /// <summary>A bit of <see cref="Output"/>: a newline goes out as carriage return and newline, and more of that kind.</summary>
    public const uint OutputProcess = 1;

    /// <summary>Bits of <see cref="Local"/>: input comes in lines, which the terminal edits; what is typed is shown.</summary>
    public const uint LocalLines = 2, LocalEcho = 8;

    /// <summary>Makes keys arrive as they are typed, unchanged and not shown, and output go out unchanged.</summary>
    public void SetRaw()
    {
        Input &= ~(InputStrip | InputReturnToNewline);
        Output &= ~OutputProcess;
        Local &= ~(LocalLines | LocalEcho);
        ReadMinimum = 1;
        ReadTime = 0;
    }
}

/// <summary>Terminals by their descriptors.</summary>
public static unsafe partial class Terminal
{
    /// <summary>What the terminal is set to; Enotty when the descriptor is none.</summary>
    public static partial Errno Get(int descriptor, TerminalSettings* settings);

    /// <summary>Sets it, at once.</summary>
    public static partial Errno Set(int descriptor, TerminalSettings* settings);

    /// <summary>Its size in characters, each 0 when it is not known; false when the descriptor is no terminal.</summary>
    public static partial bool Size(int descriptor, out int columns, out int rows);
}
