// Pages of memory by mmap, mprotect and madvise.
using System.Runtime.InteropServices;

namespace MyBeam.Platform;

public static unsafe partial class OsMemory
{
    // The generic Linux values: x64 and ARM64 agree.
    private const int MapPrivate = 0x2, MapAnonymous = 0x20, MapNoReserve = 0x4000;
    private const int AdviseDontNeed = 4;
    private const int TrimThreshold = -1;
    private const int ScPageSize = 30, ScPhysicalPages = 85;

    /// <inheritdoc/>
    public static partial nuint PageSize => (nuint)sysconf(ScPageSize);

    /// <inheritdoc/>
    public static partial ulong PhysicalBytes
    {
        get
        {
            long pages = sysconf(ScPhysicalPages);
            return pages < 0 ? 0 : (ulong)pages * PageSize;
        }
    }

    /// <inheritdoc/>
    public static partial void* Map(nuint bytes) => MapPages(bytes, PageAccess.ReadWrite, MapPrivate | MapAnonymous);

    /// <inheritdoc/>
    // Without MAP_NORESERVE a large reservation would count against the overcommit limit although no page is usable.
    public static partial void* Reserve(nuint bytes) => MapPages(bytes, PageAccess.None, MapPrivate | MapAnonymous | MapNoReserve);

    /// <inheritdoc/>
    public static partial bool Commit(void* address, nuint bytes) => mprotect(address, bytes, (int)PageAccess.ReadWrite) == 0;

    /// <inheritdoc/>
    public static partial bool Decommit(void* address, nuint bytes) =>
        madvise(address, bytes, AdviseDontNeed) == 0 && mprotect(address, bytes, (int)PageAccess.None) == 0;

    /// <inheritdoc/>
    // MADV_DONTNEED, not MADV_FREE: resident size goes down at once, and zero on the next read is guaranteed.
    public static partial bool Discard(void* address, nuint bytes) => madvise(address, bytes, AdviseDontNeed) == 0;

    /// <inheritdoc/>
    public static partial bool Protect(void* address, nuint bytes, PageAccess access) => mprotect(address, bytes, (int)access) == 0;

    /// <inheritdoc/>
    public static partial bool Unmap(void* address, nuint bytes) => munmap(address, bytes) == 0;

    /// <inheritdoc/>
    public static partial void KeepFree(int bytes) => mallopt(TrimThreshold, bytes);

    /// <inheritdoc/>
    // A free of 64 KB or more makes malloc look at the end of the part that the block was in.
    public static partial void TrimOwn() => NativeMemory.Free(NativeMemory.Alloc(128 * 1024));

    /// <inheritdoc/>
    public static partial void TrimAll() => malloc_trim(0);

    private static void* MapPages(nuint bytes, PageAccess access, int flags)
    {
        void* p = mmap(null, bytes, (int)access, flags, -1, 0);
        return p == (void*)-1 ? null : p;
    }

    [DllImport("libc")]
    private static extern void* mmap(void* address, nuint length, int protection, int flags, int fd, long offset);

    [DllImport("libc")]
    private static extern int munmap(void* address, nuint length);

    [DllImport("libc")]
    private static extern int mprotect(void* address, nuint length, int protection);

    [DllImport("libc")]
    private static extern int madvise(void* address, nuint length, int advice);

    [DllImport("libc"), SuppressGCTransition]
    private static extern long sysconf(int name);

    [DllImport("libc")]
    private static extern int mallopt(int name, int value);

    [DllImport("libc")]
    private static extern int malloc_trim(nuint keep);
}
