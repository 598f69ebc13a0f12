using System.Runtime.InteropServices;
using System.Text;
using Xunit;

namespace MyBeam.Platform.Tests;

public unsafe class OsProcessTests
{
    [DllImport("libc")]
    private static extern int raise(int signal);

    [Fact]
    public void TheProcessKnowsItself()
    {
        Assert.Equal(Environment.ProcessId, OsProcess.Id);
        Assert.True(OsProcess.ParentId > 0);
        byte* path = stackalloc byte[4096];
        Assert.Equal(Errno.None, OsProcess.ExecutablePath(path, 4096, out nuint length));
        Assert.Equal(Environment.ProcessPath, Encoding.UTF8.GetString(path, (int)length));
        Assert.Equal(Errno.Erange, OsProcess.ExecutablePath(path, 4, out _));
        Assert.Equal(Errno.None, OsProcess.HostName(path, 4096));
        Assert.Equal(Environment.MachineName, Marshal.PtrToStringUTF8((nint)path)!.Split('.')[0]);
        OsProcess.KernelVersion(out int major, out int minor, out _);
        Assert.Equal((Environment.OSVersion.Version.Major, Environment.OSVersion.Version.Minor), (major, minor));
        Assert.InRange(OsProcess.ResidentBytes, 1ul << 20, 1ul << 36);
    }

    [Fact]
    public void TheEnvironmentIsRead()
    {
        fixed (byte* path = "PATH\0"u8, missing = "MYBEAM_NO_SUCH\0"u8)
        {
            Assert.Equal(Environment.GetEnvironmentVariable("PATH"), Marshal.PtrToStringUTF8((nint)OsProcess.Environment(path)));
            Assert.True(OsProcess.Environment(missing) == null);
        }

        nuint capacity = 1 << 20;
        byte* block = (byte*)NativeMemory.Alloc(capacity);
        Assert.Equal(Errno.Erange, OsProcess.ReadEnvironment(block, 3, out _));
        Assert.Equal(Errno.None, OsProcess.ReadEnvironment(block, capacity, out nuint length));
        Dictionary<string, string> seen = [];
        nuint position = 0;
        while (OsProcess.NextVariable(block, length, ref position, out byte* name, out nuint n, out byte* value, out nuint m))
        {
            seen[Encoding.UTF8.GetString(name, (int)n)] = Encoding.UTF8.GetString(value, (int)m);
        }

        NativeMemory.Free(block);
        Assert.Equal(Environment.GetEnvironmentVariable("PATH"), seen["PATH"]);
    }

    [Fact]
    public void OddVariablesAreTakenApart()
    {
        ReadOnlySpan<byte> block = "A=\0nothing\0=C:=x=y\0\0B=1=2\0cut=off"u8;
        List<string> seen = [];
        fixed (byte* b = block)
        {
            nuint position = 0;
            while (OsProcess.NextVariable(b, (nuint)block.Length, ref position, out byte* name, out nuint n, out byte* value, out nuint m))
            {
                seen.Add(Encoding.UTF8.GetString(name, (int)n) + " -> " + Encoding.UTF8.GetString(value, (int)m));
            }
        }

        Assert.Equal(["A -> ", "=C: -> x=y", "B -> 1=2"], seen);
    }

    [Fact]
    public void SignalsArriveAtTheirDescriptor()
    {
        OsSignal* wanted = stackalloc OsSignal[] { OsSignal.User1, OsSignal.User2 };
        Assert.Equal(Errno.None, OsSignals.Open(wanted, 2, out int descriptor));
        Assert.False(OsSignals.Next(descriptor, out _));
        Assert.Equal(0, raise((int)OsSignal.User1));
        PollEntry entry = new() { Descriptor = descriptor, Wanted = PollEvents.Read };
        Assert.Equal(Errno.None, Files.Poll(&entry, 1, 1000, out int ready));
        Assert.Equal(1, ready);
        Assert.True(OsSignals.Next(descriptor, out OsSignal signal));
        Assert.Equal(OsSignal.User1, signal);
        Assert.False(OsSignals.Next(descriptor, out _));
        _ = Files.Close(descriptor);
    }

    [Fact]
    public void AnIgnoredBrokenPipeIsAnError()
    {
        OsSignals.Ignore(OsSignal.BrokenPipe);
        Assert.Equal(Errno.None, Files.Pipe(out int readEnd, out int writeEnd));
        _ = Files.Close(readEnd);
        byte b = 1;
        Assert.Equal(Errno.Epipe, Files.WriteAll(writeEnd, &b, 1));
        _ = Files.Close(writeEnd);
    }

    [Fact]
    public void RandomBytesDiffer()
    {
        byte* bytes = stackalloc byte[64];
        Assert.Equal(Errno.None, OsRandom.Fill(bytes, 64));
        Assert.False(new ReadOnlySpan<byte>(bytes, 32).SequenceEqual(new ReadOnlySpan<byte>(bytes + 32, 32)));
    }
}
