// The hosted build finds its libraries here. The sources name them as the freestanding link does ("libm", "libz", ...); a machine without
// development packages has them under their versioned names only, and "libm.so" is a linker script that cannot be loaded at all.
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MyBeam.Platform.Tests;

internal static class NativeLibraries
{
#pragma warning disable CA2255 // A module initializer is the one place that comes before every test.
    [ModuleInitializer]
    internal static void Register() => NativeLibrary.SetDllImportResolver(typeof(OsMemory).Assembly, Resolve);
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
