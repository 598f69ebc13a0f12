// What every test of this assembly relies on: the checking allocator, one test at a time (the allocator's counters belong to the OS process), the native libraries
// under the names that a machine without development packages has, and the repository's folders.

using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MyBeam.Memory;

[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace MyBeam.Vm.Tests;

internal static class TestSupport
{
    /// <summary>The repository's root: results may lie elsewhere, the sources do not.</summary>
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Folder(), "..", ".."));

    /// <summary>Where this build puts its results.</summary>
    public static string Artifacts => Environment.GetEnvironmentVariable("MYBEAM_ARTIFACTS") is { Length: > 0 } elsewhere ? elsewhere : Path.Combine(Root, "artifacts");

    private static string Folder([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;

#pragma warning disable CA2255 // A test assembly is an application; this is the one place that comes before every test and every allocation.
    [ModuleInitializer]
    internal static void Start()
    {
        Allocator.EnableChecking();
        NativeLibrary.SetDllImportResolver(typeof(MyBeam.Platform.OsMemory).Assembly, Resolve);
    }
#pragma warning restore CA2255

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        string? versioned = name switch
        {
            "libm" => "libm.so.6",
            "libz" => "libz.so.1",
            "libzstd" => "libzstd.so.1",
            "libpcre2-8" => "libpcre2-8.so.0",
            _ => null,
        };
        return versioned != null && NativeLibrary.TryLoad(versioned, out nint handle) ? handle : 0;
    }
}
