// Programs started by this OS process: the surface.
namespace MyBeam.Platform;

/// <summary>What to start, and with what; the layout is that of build/start.c.</summary>
public unsafe struct ChildStart
{
    /// <summary>The file to run, with a zero at the end; not looked for in PATH.</summary>
    public byte* Program;

    /// <summary>The arguments, the program's own name first; a null at the end.</summary>
    public byte** Arguments;

    /// <summary>The environment, NAME=value; a null at the end.</summary>
    public byte** Environment;

    /// <summary>The working folder, or null for that of this process.</summary>
    public byte* Folder;

    /// <summary>What the program reads and writes, and its standard error; -1: as this process has it.</summary>
    public int Input, Output, StandardError;

    /// <summary>0: Input and Output become descriptors 0 and 1; 1: they become 3 and 4.</summary>
    public int Beside;
}

/// <summary>
/// Child processes. A child has a session of its own and none of this process's descriptors but those it is given; signals do in it what the system has them do, but
/// that what is ignored stays ignored. It knows nothing of its parent: it ends when it wants to.
/// </summary>
public static unsafe partial class ChildProcess
{
    /// <summary>
    /// Starts a program. When the folder cannot be entered or the file cannot be run, the child exits with the error's number as status; the former is
    /// reported on the standard error.
    /// </summary>
    /// <param name="start">What to start.</param>
    /// <param name="process">The child's number.</param>
    /// <param name="ended">A descriptor to poll for <see cref="PollEvents.Read"/>: the child has ended, and <see cref="Status"/> must be called. To be closed.</param>
    public static partial Errno Start(ChildStart* start, out int process, out int ended);

    /// <summary>Takes the exit status of a child that has ended: 0 to 255, or 128 and the number of the signal that ended it. False: it has not ended.</summary>
    public static partial bool Status(int process, out int status);

    /// <summary>Whether a file is there and may be run by this process.</summary>
    public static partial Errno CanRun(byte* path);
}
