// The operating system's process that the VM runs in: the surface. (An Erlang process is MyBeam.Vm's.)
namespace MyBeam.Platform;

/// <summary>
/// The OS process: numbers, environment, end. There is no call that changes the environment: os:putenv belongs to one VM, which
/// starts from a copy of <see cref="ReadEnvironment"/> and keeps its own.
/// </summary>
public static unsafe partial class OsProcess
{
    /// <summary>The process's number (os:getpid).</summary>
    public static partial int Id { get; }

    /// <summary>The number of the process that started it.</summary>
    public static partial int ParentId { get; }

    /// <summary>The user and the group whose rights it has now (effective).</summary>
    public static partial void EffectiveIds(out uint user, out uint group);

    /// <summary>Ends the process with a status (0 to 255) after what libc does at exit. Does not return.</summary>
    public static partial void Exit(int status);

    /// <summary>Ends the process at once, with nothing flushed or run. Does not return.</summary>
    public static partial void ExitNow(int status);

    /// <summary>Ends the process by SIGABRT, with a core dump where those are on. Does not return.</summary>
    public static partial void Abort();

    /// <summary>
    /// Opens /dev/null for each of the standard descriptors that is closed, so that no file gets its number. Before anything else is opened.
    /// </summary>
    public static partial void OpenStandardDescriptors();

    /// <summary>
    /// Goes on in the background: in a process of its own, in a new session without a terminal, whose standard descriptors are /dev/null. Before any thread is
    /// started. False in the process that was there before, with the status to end with.
    /// </summary>
    public static partial bool Detach(out int status);

    /// <summary>
    /// The value of an environment variable, with a zero at the end; null when there is none. Good until the process's environment changes.
    /// </summary>
    public static partial byte* Environment(byte* name);

    /// <summary>
    /// The environment that the process was started with: "NAME=value" strings, each with a zero at the end. Erange when the buffer
    /// is too small: come back with a bigger one. Iterate with <see cref="NextVariable"/>.
    /// </summary>
    public static partial Errno ReadEnvironment(byte* buffer, nuint capacity, out nuint length);

    /// <summary>
    /// The next variable of such a block. False at the end. Strings without a '=' are left out; one at the very beginning belongs to the name.
    /// </summary>
    /// <param name="block">From ReadEnvironment.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="position">Where to go on; starts at 0.</param>
    /// <param name="name">The name: not terminated.</param>
    /// <param name="nameLength">Its bytes.</param>
    /// <param name="value">The value, with a zero at the end.</param>
    /// <param name="valueLength">Its bytes without the zero.</param>
    public static bool NextVariable(
        byte* block, nuint length, ref nuint position, out byte* name, out nuint nameLength, out byte* value, out nuint valueLength)
    {
        name = value = null;
        nameLength = valueLength = 0;
        while (position < length)
        {
            nuint start = position;
            nuint end = start;
            while (end < length && block[end] != 0)
            {
                end++;
            }

            position = end + 1;
            for (nuint i = start + 1; i < end; i++)
            {
                // The last string must have its zero, or the value would run out of the block.
                if (block[i] == '=' && end < length)
                {
                    name = block + start;
                    nameLength = i - start;
                    value = block + i + 1;
                    valueLength = end - i - 1;
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>
    /// The path of the running executable, without a zero; Erange when the buffer is too small.
    /// </summary>
    public static partial Errno ExecutablePath(byte* buffer, nuint capacity, out nuint length);

    /// <summary>The machine's name in the network, with a zero at the end.</summary>
    public static partial Errno HostName(byte* buffer, nuint capacity);

    /// <summary>The version of the operating system's kernel (os:version); parts that it does not have are 0.</summary>
    public static partial void KernelVersion(out int major, out int minor, out int release);

    /// <summary>Bytes of memory that the process has in the machine now (resident); 0 if the system does not tell.</summary>
    public static partial ulong ResidentBytes { get; }
}
