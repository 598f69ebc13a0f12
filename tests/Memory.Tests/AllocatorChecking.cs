// Every test of this assembly runs with the checking allocator. It must be on before the first allocation.

using System.Runtime.CompilerServices;

namespace MyBeam.Memory.Tests;

internal static class AllocatorChecking
{
#pragma warning disable CA2255 // a test assembly is an application, not a library
    [ModuleInitializer]
    internal static void SwitchOn() => Allocator.EnableChecking();
#pragma warning restore CA2255
}
