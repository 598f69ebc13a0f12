// What Erlang code asks about the bytes of a .beam file, and about line coverage, which this VM does not have.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>erts_internal:beamfile_chunk/2, beamfile_module_md5/1; code:*coverage*, get_debug_info/1.</summary>
internal static unsafe class BeamFileBifs
{
    /// <summary>The data of the chunk with this id (a list of four bytes); undefined when there is none, or it is empty, or it is no BEAM file.</summary>
    [Bif("erts_internal:beamfile_chunk/2")]
    public static Term Chunk(Process* p, Term* a)
    {
        uint id = 0;
        int n = 0;
        Term list = a[1];
        for (; list.IsCons && n < 4; list = list.Tail, n++)
        {
            if (!list.Head.IsSmall || (ulong)list.Head.SmallValue > 255) return Process.Badarg(p);
            id = (id << 8) | (uint)list.Head.SmallValue;
        }
        if (n != 4 || !list.IsNil || !Binaries.Aligned(a[0], out byte* data, out long bytes, out byte* copy)) return Process.Badarg(p);
        Term answer = Am.Undefined;
        if (Open(data, bytes, out BeamFile file))
        {
            Chunk chunk = file.Find(id);
            if (chunk.Data != null && chunk.Bytes != 0) answer = Binaries.Sub(p, a[0], (ulong)(chunk.Data - data) * 8, (ulong)chunk.Bytes * 8);
        }
        Allocator.Free(copy, (nuint)bytes, Owner.Temporary);
        return answer;
    }

    /// <summary>The MD5 that identifies the module; undefined when it is no BEAM file.</summary>
    [Bif("erts_internal:beamfile_module_md5/1")]
    public static Term ModuleDigest(Process* p, Term* a)
    {
        if (!Binaries.Aligned(a[0], out byte* data, out long bytes, out byte* copy)) return Process.Badarg(p);
        Term answer = Am.Undefined;
        if (Open(data, bytes, out BeamFile file) && file.Find(ChunkId.Code).Data != null)
        {
            byte* digest = stackalloc byte[Md5State.DigestSize];
            ModuleMd5.Compute(&file, digest);
            answer = Binaries.FromBytes(p, digest, Md5State.DigestSize);
        }
        Allocator.Free(copy, (nuint)bytes, Owner.Temporary);
        Process.Bump(p, bytes / 256);
        return answer;
    }

    // A compressed file is none here: the answer must be a part of the binary.
    private static bool Open(byte* data, long bytes, out BeamFile file)
    {
        LoadError error = default;
        BeamFile opened = default;
        bool good = (bytes < 2 || data[0] != 0x1F || data[1] != 0x8B) && BeamFile.Open(data, bytes, &opened, &error);
        file = good ? opened : default;
        return good;
    }

    // -- coverage: what OTP's emulator without it answers --

    /// <summary>No module counts anything.</summary>
    [Bif("code:get_coverage/2")]
    [Bif("code:reset_coverage/1")]
    [Bif("code:set_coverage_mode/1")]
    public static Term NoCoverage(Process* p, Term* a) => Process.Badarg(p);

    /// <summary>none for a loaded module.</summary>
    [Bif("code:get_coverage_mode/1")]
    [Bif("code:get_debug_info/1")]
    public static Term NoneWhenLoaded(Process* p, Term* a) =>
        a[0].IsAtom && CodeTable.Current(p->Machine, a[0]) != null ? Am.None : Process.Badarg(p);
}
