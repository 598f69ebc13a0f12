// Reading from files into binaries whose size is not known before.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Reads into off-heap binaries. Runs on dirty threads.</summary>
internal static unsafe class FileReader
{
    /// <summary>As an offset: at the current position, which moves.</summary>
    public const long Here = -1;

    // More than this is only asked of the memory when the file has it.
    private const long Cautious = 1 << 16;

    /// <summary>Reads until so many bytes are there or the file ends, as readv and preadv in a loop. On an error what came before is lost.</summary>
    public static Errno Fill(int descriptor, long offset, byte* to, long bytes, out long read)
    {
        read = 0;
        while (read < bytes)
        {
            Errno error = offset == Here
                ? Files.Read(descriptor, to + read, (nuint)(bytes - read), out nuint n)
                : Files.ReadAt(descriptor, to + read, (nuint)(bytes - read), offset + read, out n);
            if (error != Errno.None) return error;
            if (n == 0) break;
            read += (long)n;
        }
        return Errno.None;
    }

    /// <summary>
    /// A binary with at most so many bytes of a file; the caller's on success. A large size does not take memory that the file does not fill.
    /// </summary>
    public static Errno Read(int descriptor, long offset, long bytes, out OffHeapBinary* data)
    {
        long capacity = bytes;
        if (bytes > Cautious)
        {
            capacity = Cautious;
            if (FileSystem.StatusOf(descriptor, out FileStatus status) == Errno.None && status.Type == FileType.Regular)
            {
                long from = offset;
                // One more byte than there is: so the end is seen without growing first.
                if (from != Here || Files.Seek(descriptor, 0, SeekOrigin.Current, out from) == Errno.None)
                    capacity = Math.Min(bytes, Math.Max(status.Size - Math.Min(from, status.Size) + 1, Cautious));
            }
        }
        data = OffHeap.Create(capacity);
        if (data == null) return Errno.Enomem;
        long have = 0;
        while (true)
        {
            Errno error = Fill(descriptor, offset == Here ? Here : offset + have, OffHeapBinary.Data(data) + have, capacity - have, out long n);
            have += n;
            bool full = have == capacity;
            if (error == Errno.None && full && capacity < bytes)
            {
                capacity = Math.Min(bytes, capacity * 2);
                if (Resize(ref data, capacity)) continue;
                error = Errno.Enomem;
            }
            if (error != Errno.None)
            {
                OffHeap.Release(data);
                data = null;
                return error;
            }
            break;
        }
        // A little slack is cheaper than a copy; binaries that go to the heap are copied anyway.
        if (have > HeapBits.MaxBytes && data->Capacity - have > have / 8) Resize(ref data, have);
        data->Size = have;
        return Errno.None;
    }

    private static bool Resize(ref OffHeapBinary* data, long capacity)
    {
        OffHeapBinary* other = (OffHeapBinary*)Allocator.Realloc(
            data, (nuint)(OffHeapBinary.HeadBytes + data->Capacity), (nuint)(OffHeapBinary.HeadBytes + capacity), Owner.Binary);
        if (other == null) return false;
        other->Capacity = capacity;
        other->Size = capacity;
        data = other;
        return true;
    }

    /// <summary>The term for a binary that Read gave, which is the process's from here on.</summary>
    public static Term Binary(Process* p, OffHeapBinary* data)
    {
        if (data->Size > HeapBits.MaxBytes) return Binaries.FromOffHeap(p, data, (ulong)data->Size * 8);
        Term made = Binaries.FromBytes(p, OffHeapBinary.Data(data), data->Size);
        OffHeap.Release(data);
        return made;
    }

    /// <summary>{ok, Binary}, eof for one without bytes, or {error, Posix}.</summary>
    public static Term Result(Process* p, Errno error, OffHeapBinary* data)
    {
        if (error != Errno.None) return PosixError.Make(p, error);
        if (data->Size == 0)
        {
            OffHeap.Release(data);
            return Am.Eof;
        }
        return Whole(p, error, data);
    }

    /// <summary>{ok, Binary}, or {error, Posix}.</summary>
    public static Term Whole(Process* p, Errno error, OffHeapBinary* data)
    {
        if (error != Errno.None) return PosixError.Make(p, error);
        Term binary = Binary(p, data);
        return binary.IsNone ? binary : Process.Tuple(p, Am.Ok, binary);
    }
}
