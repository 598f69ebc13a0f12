// Natives that stand in for system processes and NIF libraries in bare mode (ARCHITECTURE 8).
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>What library code asks of parts of the system that bare mode does not start.</summary>
public static unsafe class BareModeBifs
{
    /// <summary>net_kernel:dflag_unicode_io/1: whether the node of a pid takes Unicode I/O requests: this one does.</summary>
    [Bif("net_kernel:dflag_unicode_io/1")]
    public static Term UnicodeIo(Process* p, Term* a) => Am.True;
}
