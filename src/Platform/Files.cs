// Open files, pipes and terminals by their descriptors: the surface. What works on names is in FileSystem.cs.
namespace MyBeam.Platform;

/// <summary>How to open a file; a set of bits. Every file is opened so that child processes don't inherit it.</summary>
public enum OpenModes
{
    /// <summary>For reading.</summary>
    Read = 1,

    /// <summary>For writing.</summary>
    Write = 2,

    /// <summary>Made when it does not exist.</summary>
    Create = 4,

    /// <summary>Emptied when it exists.</summary>
    Truncate = 8,

    /// <summary>Every write goes to the end.</summary>
    Append = 16,

    /// <summary>With Create: an error (Eexist) when it exists.</summary>
    Exclusive = 32,

    /// <summary>An error (Enotdir) unless it is a directory.</summary>
    Directory = 64,

    /// <summary>Reads and writes that would wait fail with Eagain.</summary>
    NonBlocking = 128,

    /// <summary>A write returns when the data is on the device.</summary>
    Synchronous = 256,
}

/// <summary>Where a seek counts from.</summary>
public enum SeekOrigin
{
    /// <summary>The beginning of the file.</summary>
    Begin = 0,

    /// <summary>The current position.</summary>
    Current = 1,

    /// <summary>The end of the file.</summary>
    End = 2,
}

/// <summary>What a descriptor is waited for, or ready for; a set of bits.</summary>
public enum PollEvents : short
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>A read will not wait.</summary>
    Read = 1,

    /// <summary>Out-of-band data.</summary>
    Priority = 2,

    /// <summary>A write will not wait.</summary>
    Write = 4,

    /// <summary>An error is pending; reported without being asked for.</summary>
    Error = 8,

    /// <summary>The other side is closed; reported without being asked for.</summary>
    HangUp = 16,

    /// <summary>Not an open descriptor; reported without being asked for.</summary>
    Invalid = 32,
}

/// <summary>One descriptor of a <see cref="Files.Poll"/>; the layout is struct pollfd's.</summary>
public struct PollEntry
{
    /// <summary>The descriptor; a negative one is skipped.</summary>
    public int Descriptor;

    /// <summary>What is waited for.</summary>
    public PollEvents Wanted;

    /// <summary>What is ready: the result.</summary>
    public PollEvents Ready;
}

/// <summary>A piece of memory to write from; the layout is struct iovec's.</summary>
public unsafe struct IoPiece
{
    /// <summary>The first byte.</summary>
    public byte* Data;

    /// <summary>How many.</summary>
    public nuint Bytes;
}

/// <summary>What a program will do with a part of a file.</summary>
public enum FileAdvice
{
    /// <summary>Nothing special.</summary>
    Normal = 0,

    /// <summary>Reads here and there.</summary>
    Random = 1,

    /// <summary>Reads from low to high offsets.</summary>
    Sequential = 2,

    /// <summary>Reads it soon.</summary>
    WillNeed = 3,

    /// <summary>Does not read it soon.</summary>
    DontNeed = 4,

    /// <summary>Reads it once.</summary>
    NoReuse = 5,
}

/// <summary>
/// Calls on descriptors. Each gives <see cref="Errno.None"/> or why it failed, and goes on after an interrupting signal by itself
/// (no Eintr). Sizes and offsets are bytes; a path is bytes with a zero at the end. Nothing here allocates.
/// A whole file is read by <see cref="Open"/>, <see cref="Size"/>, a buffer of the caller's, <see cref="ReadAll"/> and <see cref="Close"/>.
/// </summary>
public static unsafe partial class Files
{
    /// <summary>The descriptor of standard input.</summary>
    public const int StandardInput = 0;

    /// <summary>The descriptor of standard output.</summary>
    public const int StandardOutput = 1;

    /// <summary>The descriptor of standard error.</summary>
    public const int StandardError = 2;

    /// <summary>Opens a file.</summary>
    /// <param name="path">Its name, with a zero at the end.</param>
    /// <param name="modes">How; at least Read or Write.</param>
    /// <param name="permissions">For a file that is made: its mode bits before the umask (octal 666 as a rule).</param>
    /// <param name="descriptor">The open file; -1 on an error.</param>
    public static partial Errno Open(byte* path, OpenModes modes, uint permissions, out int descriptor);

    /// <summary>Closes a descriptor. It is gone even when this reports an error (an earlier write that failed late).</summary>
    public static partial Errno Close(int descriptor);

    /// <summary>Reads at the current position what there is, at most <paramref name="bytes"/>; 0 read is the end of the file.</summary>
    public static partial Errno Read(int descriptor, byte* buffer, nuint bytes, out nuint read);

    /// <summary>Reads until the buffer is full or the file ends. On an error <paramref name="read"/> bytes did arrive.</summary>
    public static Errno ReadAll(int descriptor, byte* buffer, nuint bytes, out nuint read)
    {
        read = 0;
        while (read < bytes)
        {
            Errno error = Read(descriptor, buffer + read, bytes - read, out nuint n);
            if (error != Errno.None || n == 0)
            {
                return error;
            }

            read += n;
        }

        return Errno.None;
    }

    /// <summary>Reads at an offset and leaves the position alone; 0 read is the end of the file.</summary>
    public static partial Errno ReadAt(int descriptor, byte* buffer, nuint bytes, long offset, out nuint read);

    /// <summary>Writes at the current position; <paramref name="written"/> can be less than asked for (pipes, terminals, sockets).</summary>
    public static partial Errno Write(int descriptor, byte* data, nuint bytes, out nuint written);

    /// <summary>
    /// Writes all of it. On an error part of it may be written. On a non-blocking descriptor that takes no more it fails with Eagain: use
    /// <see cref="Write"/> and <see cref="Poll"/> there.
    /// </summary>
    public static Errno WriteAll(int descriptor, byte* data, nuint bytes)
    {
        while (bytes != 0)
        {
            Errno error = Write(descriptor, data, bytes, out nuint n);
            if (error != Errno.None)
            {
                return error;
            }

            data += n;
            bytes -= n;
        }

        return Errno.None;
    }

    /// <summary>Writes at an offset and leaves the position alone; can write less than asked for.</summary>
    public static partial Errno WriteAt(int descriptor, byte* data, nuint bytes, long offset, out nuint written);

    /// <summary>
    /// Writes pieces one after another at the current position, in one call of the system; can write less than asked for. At most
    /// <see cref="MostPieces"/> of them.
    /// </summary>
    public static partial Errno WritePieces(int descriptor, IoPiece* pieces, int count, out nuint written);

    /// <summary>As <see cref="WritePieces"/>, at an offset; leaves the position alone.</summary>
    public static partial Errno WritePiecesAt(int descriptor, IoPiece* pieces, int count, long offset, out nuint written);

    /// <summary>The most pieces that every system takes in one call.</summary>
    public const int MostPieces = 1024;

    /// <summary>Tells the system how a part of the file will be used (0 bytes: up to its end). Advice only: it may do nothing.</summary>
    public static partial void Advise(int descriptor, long offset, long bytes, FileAdvice advice);

    /// <summary>Reserves space on the device for a part of the file, which grows to hold it.</summary>
    public static partial Errno Allocate(int descriptor, long offset, long bytes);

    /// <summary>Whether it is an open descriptor: None or Ebadf.</summary>
    public static partial Errno CheckOpen(int descriptor);

    /// <summary>A file that is in memory only, without a name, for reading and writing. The process's limit of descriptors counts it.</summary>
    public static partial Errno OpenInMemory(out int descriptor);

    /// <summary>Moves the position; <paramref name="position"/> is the new one, from the beginning. Espipe for what has none.</summary>
    public static partial Errno Seek(int descriptor, long offset, SeekOrigin origin, out long position);

    /// <summary>The length of an open file; 0 for pipes, devices and many files of /proc, so that it is a hint for those.</summary>
    public static partial Errno Size(int descriptor, out long bytes);

    /// <summary>Cuts or extends (with zeroes) a file to a length.</summary>
    public static partial Errno Truncate(int descriptor, long bytes);

    /// <summary>Waits until what was written is on the device; with <paramref name="dataOnly"/> not the times of the file.</summary>
    public static partial Errno Sync(int descriptor, bool dataOnly);

    /// <summary>A pipe: what is written to one end comes out of the other. Not inherited by child processes.</summary>
    public static partial Errno Pipe(out int readEnd, out int writeEnd);

    /// <summary>Turns <see cref="OpenModes.NonBlocking"/> on or off. It belongs to the open file, which other processes may share.</summary>
    public static partial Errno SetNonBlocking(int descriptor, bool on);

    /// <summary>
    /// Waits until one of the entries is ready. A signal may end the wait early, with <paramref name="ready"/> 0.
    /// </summary>
    /// <param name="entries">The descriptors; their Ready fields are the result.</param>
    /// <param name="count">How many.</param>
    /// <param name="timeoutMilliseconds">At most this long; -1 is for ever, 0 asks only.</param>
    /// <param name="ready">How many have something in Ready.</param>
    public static partial Errno Poll(PollEntry* entries, int count, int timeoutMilliseconds, out int ready);

    /// <summary>Whether a descriptor is a terminal.</summary>
    public static partial bool IsTerminal(int descriptor);

    /// <summary>The size of a terminal in characters. False when it is none or does not know.</summary>
    public static partial bool TerminalSize(int descriptor, out int columns, out int rows);
}
