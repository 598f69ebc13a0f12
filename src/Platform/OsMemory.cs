// Pages of memory from the operating system: the surface. The allocator (Memory/Allocator.cs) and reserved areas (literals) build on it.
namespace MyBeam.Platform;

/// <summary>What a page may be used for.</summary>
public enum PageAccess
{
    /// <summary>Any access faults.</summary>
    None = 0,

    /// <summary>Reading only.</summary>
    Read = 1,

    /// <summary>Reading and writing.</summary>
    ReadWrite = 3,

    /// <summary>Reading and executing; never together with writing.</summary>
    ReadExecute = 5,
}

/// <summary>
/// Memory in whole pages. Sizes are bytes; every size and address given must be a multiple of <see cref="PageSize"/>.
/// Nothing here counts memory: who asks counts.
/// </summary>
public static unsafe partial class OsMemory
{
    /// <summary>Bytes in a page (4,096 on x64; 4,096, 16,384 or 65,536 on ARM64).</summary>
    public static partial nuint PageSize { get; }

    /// <summary>Bytes of physical memory in the machine; 0 if the system does not tell.</summary>
    public static partial ulong PhysicalBytes { get; }

    /// <summary>Rounds a size up to whole pages; the caller excludes sizes within a page of the top of the range.</summary>
    public static nuint RoundUpToPages(nuint bytes) => (bytes + PageSize - 1) & ~(PageSize - 1);

    /// <summary>Readable and writable zeroed pages, at an address of the system's choice. Null when there are none.</summary>
    public static partial void* Map(nuint bytes);

    /// <summary>
    /// A range of addresses without memory behind it: any access faults until <see cref="Commit"/>. Null when there is none.
    /// </summary>
    public static partial void* Reserve(nuint bytes);

    /// <summary>Makes pages of a reserved range readable and writable (zeroed when they were not in use). False: no memory.</summary>
    public static partial bool Commit(void* address, nuint bytes);

    /// <summary>Gives the memory of pages back and makes them fault again; the addresses stay reserved. False: the system refused.</summary>
    public static partial bool Decommit(void* address, nuint bytes);

    /// <summary>Gives the memory of readable and writable pages back but leaves them usable: they read as zero.</summary>
    public static partial bool Discard(void* address, nuint bytes);

    /// <summary>Changes what pages may be used for. False: the system refused.</summary>
    public static partial bool Protect(void* address, nuint bytes, PageAccess access);

    /// <summary>How many free bytes malloc keeps at the end of each of its parts when something large is freed. 1 GB is what the program starts with.</summary>
    public static partial void KeepFree(int bytes);

    /// <summary>Gives back what is free above that at the end of the calling thread's part.</summary>
    public static partial void TrimOwn();

    /// <summary>Gives back free pages in all parts of malloc's memory.</summary>
    public static partial void TrimAll();

    /// <summary>Ends a mapping or a reservation, wholly or in part. False: the range was not one.</summary>
    public static partial bool Unmap(void* address, nuint bytes);
}
