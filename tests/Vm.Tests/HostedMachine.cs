// A VM inside the test process: the same dispatcher, loader and natives as in the executable, compiled by the JIT instead of by ilc.

using System.Text;
using MyBeam.Memory;

namespace MyBeam.Vm.Tests;

/// <summary>Where OTP's own modules come from: the archive that scripts/build makes, else the folders of .otp/29.</summary>
internal static unsafe class OtpLibrary
{
    private static readonly byte[]? Archive = Load();

    public static bool IsThere => Archive != null || Folders.Length > 0;

    private static string[] Folders { get; } = Find();

    /// <summary>Gives a VM the library.</summary>
    public static void AddTo(Machine* machine)
    {
        if (Archive != null)
        {
            // Pinned: the VM keeps the address.
            fixed (byte* start = Archive) machine->Finder.Archive = start;
            machine->Finder.ArchiveBytes = (nuint)Archive.Length;
            return;
        }
        foreach (string folder in Folders) HostedMachine.AddFolder(machine, folder);
    }

    private static byte[]? Load()
    {
        string file = Path.Combine(TestSupport.Artifacts, "otp.archive");
        if (!File.Exists(file)) return null;
        byte[] bytes = File.ReadAllBytes(file);
        byte[] pinned = GC.AllocateUninitializedArray<byte>(bytes.Length, pinned: true);
        bytes.CopyTo(pinned, 0);
        return pinned;
    }

    private static string[] Find()
    {
        string otp = Path.Combine(TestSupport.Root, ".otp", "29");
        if (!Directory.Exists(Path.Combine(otp, "lib"))) return [];
        List<string> folders = [Path.Combine(otp, "preloaded")];
        foreach (string application in new[] { "kernel", "stdlib", "compiler" })
            folders.AddRange(Directory.GetDirectories(Path.Combine(otp, "lib"), application + "-*").Select(f => Path.Combine(f, "ebin")));
        folders.Add(Path.Combine(otp, "elixir", "lib", "elixir", "ebin"));
        return [.. folders.Where(Directory.Exists)];
    }
}

/// <summary>One VM and one process.</summary>
internal sealed unsafe class HostedMachine : IDisposable
{
    private readonly Machine* machine;
    private Process* process;

    public HostedMachine()
    {
        machine = Vm.Machine.Create();
        Assert.True(machine != null);
        if (Environment.GetEnvironmentVariable("MYBEAM_GC_STRESS") == "1") Slices.Stress(machine);
    }

    public Machine* Machine => machine;

    public void Dispose()
    {
        EndProcess();
        Vm.Machine.Destroy(machine);
    }

    public static void AddFolder(Machine* machine, string folder)
    {
        fixed (byte* path = Encoding.UTF8.GetBytes(folder + "\0")) ModuleFinder.AddFolder(machine, path);
    }

    /// <summary>Loads a file, and adds its folder to the code path.</summary>
    public LoadedModule* Load(string file)
    {
        byte[] bytes = File.ReadAllBytes(file);
        LoadError error = default;
        LoadedModule* module;
        fixed (byte* data = bytes) module = ModuleLoader.Load(machine, data, bytes.Length, Term.None, &error);
        Assert.True(module != null, $"{file}: {Encoding.UTF8.GetString(LoadError.Message(&error))}");
        AddFolder(machine, Path.GetDirectoryName(file)!);
        return module;
    }

    /// <summary>Calls an exported function of no arguments; the result is valid until the next call.</summary>
    public Term Call(LoadedModule* module, string function, TimeSpan limit)
    {
        EndProcess();
        process = ProcessState.Create(machine);
        process->GroupLeader = IoServer.Start(machine);
        BareModeSystem.Start(machine);
        Export* export = ExportTable.Find(machine, module->Name, Atom(function), 0);
        Assert.True(export != null, function + "/0 is not exported");
        Assert.True(OnLoad.Run(machine, module), "on_load");
        ProcessState.SetCall(process, export, null, 0);
        long stop;
        // Halting is looked at whenever the process yields.
        using (Timer watchdog = new(_ => Stop(), null, limit, Timeout.InfiniteTimeSpan)) stop = ProcessState.Run(machine, process);
        Assert.True(machine->Halting != Stopped, $"{function}/0 did not end within {limit.TotalSeconds} s");
        Assert.True(stop == StopReason.Finished, stop == StopReason.Exited ? "uncaught: " + Text(process->FailReason) : $"stopped for reason {stop}");
        return *(Term*)machine->Context->X;
    }

    /// <summary>term_to_binary(Value, [deterministic]), as the fixtures were recorded.</summary>
    public byte[] Encode(Term value)
    {
        Term* a = stackalloc Term[] { value, Process.Cons(process, Am.Deterministic, Term.Nil) };
        Term binary = EtfEncodeBifs.TermToBinary2(process, a);
        Assert.False(binary.IsNone);
        Assert.True(Binaries.Bytes(binary, out byte* data, out long offset, out long bits));
        Assert.Equal(0, offset);
        return new ReadOnlySpan<byte>(data, (int)(bits >> 3)).ToArray();
    }

    /// <summary>Whether recorded bytes stand for this value. Other bytes may: OTP 25 writes atoms in an older form.</summary>
    public bool IsEncoded(Term value, byte[] recorded)
    {
        byte[] encoded = Encode(value);
        if (encoded.AsSpan().SequenceEqual(recorded)) return true;
        Term binary = Binaries.FromBytes(process, recorded);
        Term decoded = EtfDecodeBifs.BinaryToTerm1(process, &binary);
        return !decoded.IsNone && encoded.AsSpan().SequenceEqual(Encode(decoded));
    }

    /// <summary>A term as `io:format("~0tp")` shows it.</summary>
    public static string Text(Term value)
    {
        TextBuffer b = default;
        TermPrinter.Write(ref b, value, TermStyle.Pretty, true);
        string text = Encoding.UTF8.GetString(b.Data, (int)b.Count);
        b.Free();
        return text;
    }

    public static Term Atom(string name) => AtomTable.Intern(Encoding.UTF8.GetBytes(name));

    private const int Stopped = 77;

    private void Stop() => machine->Halting = Stopped;

    private void EndProcess()
    {
        if (process == null) return;
        ProcessState.Free(process);
        IoServer.Stop(machine);
        process = null;
    }
}
