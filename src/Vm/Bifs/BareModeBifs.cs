// Natives that stand in for system processes and NIF libraries in bare mode (ARCHITECTURE 8).
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>What library code asks of parts of the system that bare mode does not start.</summary>
public static unsafe class BareModeBifs
{
    /// <summary>net_kernel:dflag_unicode_io/1: whether the node of a pid takes Unicode I/O requests: this one does.</summary>
    [Bif("net_kernel:dflag_unicode_io/1")]
    public static Term UnicodeIo(Process* p, Term* a) => Am.True;

    /// <summary>prim_file:read_file_nif/1: {ok, Binary} or {error, Posix}. The name is a zero-terminated binary (internal_name2native/1).</summary>
    [Bif("prim_file:read_file_nif/1", BifKind.Traps)]
    public static Term ReadFile(Process* p, Term* a)
    {
        Machine* m = p->Machine;
        if (!DirtyPool.Runs(p)) return DirtyPool.Enter(p, a, ExportTable.Put(m, Am.PrimFile, Am.ReadFileNif, 1), &m->DirtyIo);
        if (!Binaries.Bytes(a[0], out byte* name, out long offset, out long bits) || offset != 0 || (bits & 7) != 0 || bits == 0 || name[(bits / 8) - 1] != 0) return Process.Badarg(p);
        byte* bytes = ModuleFinder.ReadFile(name, out long size, out Platform.Errno error);
        if (bytes == null) return Process.Tuple(p, Am.Error, AtomTable.Intern(Platform.ErrnoNames.Atom(error)));
        Term data = Binaries.FromBytes(p, bytes, size);
        Allocator.Free(bytes, (nuint)size, Owner.Loader);
        return Process.Tuple(p, Am.Ok, data);
    }
}
