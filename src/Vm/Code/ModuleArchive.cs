// The archive that scripts/build links into the executable: the files of an OTP installation, read-only. Layout (little-endian, offsets in bytes from the
// archive's start), made by scripts/archive:
//   head        "MBAR" version:u32 (3) bytes:u32 entries:u32 modules:u32 entriesAt:u32 modulesAt:u32 dictionaryAt:u32 dictionaryBytes:u32 0:u32
//   entries     nameAt:u32 nameBytes:u16 flags:u16 (1: a folder) parent:u32 at:u32 packed:u32 bytes:u32
//               a file: `packed` bytes of a zstd frame `at` the offset, that give `bytes` bytes (flags 2: it is a module, whose MD5 stands in the 16 bytes before);
//               a folder: `packed` entries from number `at` on, the names in it
//               in the order of their bytes. Entry 0 is the root, without a name.
//   modules     entry:u32, the .beam files in the order of their names
//   names, the dictionary that all frames were packed with, frames
// Names and sizes are not packed, so that listing a folder or looking for a file touches a few entries and nothing else. Everything is checked where it is
// used: damaged bytes give "no such file" or a failed unpacking.
namespace MyBeam.Vm;

using System;
using System.Threading;
using MyBeam.Platform;

/// <summary>An opened archive: its addresses. Nothing to free; the bytes must stay.</summary>
public unsafe struct ModuleArchive
{
    private const int HeadBytes = 40, EntryBytes = 24, DigestBytes = 16;
    private const uint Magic = 0x5241424D, Version = 3, FolderFlag = 1, ModuleFlag = 2;
    /// <summary>Larger files are not believed.</summary>
    private const uint MaxFileBytes = 256 << 20;

    private byte* data;
    private uint bytes, entriesAt, modulesAt, dictionaryAt, dictionaryBytes;

    /// <summary>What unpacking keeps: the prepared dictionary (27 KB) and one of libzstd's contexts (160 KB), both libc's memory.</summary>
    public struct Unpacking
    {
        internal nint dictionary, context;
    }

    /// <summary>Number of files and folders; the root is entry 0.</summary>
    public uint Entries { get; private set; }

    /// <summary>Number of modules.</summary>
    public uint Modules { get; private set; }

    /// <summary>One file or folder.</summary>
    public struct Entry
    {
        /// <summary>The last part of the path, in the archive.</summary>
        public byte* Name;
        public int NameBytes;
        public bool IsFolder;
        /// <summary>Number of the folder it is in; the root's is its own.</summary>
        public uint Parent;
        /// <summary>A folder's first entry, a file's frame.</summary>
        internal uint At;
        /// <summary>A file's bytes in the archive, or a folder's number of entries.</summary>
        public uint Packed;
        /// <summary>A file's bytes; 0 for a folder.</summary>
        public uint Bytes;
        /// <summary>A module's MD5 (ModuleMd5), in the archive; null for everything else.</summary>
        public byte* Digest;
    }

    /// <summary>False when this is no archive (also: an empty one).</summary>
    public static bool Open(byte* archive, nuint size, out ModuleArchive result)
    {
        result = default;
        if (archive == null || size < HeadBytes || size > uint.MaxValue) return false;
        uint* head = (uint*)archive;
        uint entries = head[3], modules = head[4];
        if (head[0] != Magic || head[1] != Version || head[2] != size || entries == 0) return false;
        if (!Fits(head[5], (ulong)entries * EntryBytes, (uint)size) || !Fits(head[6], (ulong)modules * 4, (uint)size) || !Fits(head[7], head[8], (uint)size)) return false;
        result.data = archive;
        result.bytes = (uint)size;
        result.Entries = entries;
        result.Modules = modules;
        result.entriesAt = head[5];
        result.modulesAt = head[6];
        result.dictionaryAt = head[7];
        result.dictionaryBytes = head[8];
        return true;
    }

    /// <summary>Number of modules; 0 when this is no archive.</summary>
    public static int Count(byte* archive, nuint size) => Open(archive, size, out ModuleArchive a) ? (int)a.Modules : 0;

    /// <summary>The entry of a number; false when there is none or it is damaged.</summary>
    public readonly bool Get(uint number, out Entry entry)
    {
        entry = default;
        if (number >= Entries) return false;
        uint* e = (uint*)(data + entriesAt + ((nuint)number * EntryBytes));
        uint nameBytes = e[1] & 0xFFFF;
        entry.IsFolder = (e[1] >> 16 & FolderFlag) != 0;
        if (!Fits(e[0], nameBytes, bytes) || e[2] >= Entries) return false;
        if (entry.IsFolder ? !Fits(e[3], e[4], Entries) : !Fits(e[3], e[4], bytes) || e[5] > MaxFileBytes) return false;
        entry.Name = data + e[0];
        entry.NameBytes = (int)nameBytes;
        entry.Parent = e[2];
        entry.At = e[3];
        entry.Packed = e[4];
        entry.Bytes = entry.IsFolder ? 0 : e[5];
        if (!entry.IsFolder && (e[1] >> 16 & ModuleFlag) != 0 && e[3] >= DigestBytes) entry.Digest = data + e[3] - DigestBytes;
        return true;
    }

    /// <summary>The number of an entry in a folder, by its name; false when there is none.</summary>
    public readonly bool FindIn(in Entry folder, ReadOnlySpan<byte> name, out uint number)
    {
        uint low = folder.At, high = folder.IsFolder ? folder.At + folder.Packed : low;
        while (low < high)
        {
            number = low + ((high - low) / 2);
            if (!Get(number, out Entry e)) return false;
            int order = new ReadOnlySpan<byte>(e.Name, e.NameBytes).SequenceCompareTo(name);
            if (order == 0) return true;
            if (order < 0) low = number + 1; else high = number;
        }
        number = 0;
        return false;
    }

    /// <summary>The entry at a place in a folder.</summary>
    public readonly bool GetIn(in Entry folder, uint place, out Entry entry)
    {
        entry = default;
        return folder.IsFolder && place < folder.Packed && Get(folder.At + place, out entry);
    }

    /// <summary>The .beam file of a module; of several applications', the first one's.</summary>
    public readonly bool FindModule(ReadOnlySpan<byte> module, out Entry file)
    {
        file = default;
        uint low = 0, high = Modules;
        while (low < high)
        {
            uint middle = low + ((high - low) / 2);
            if (!Get(((uint*)(data + modulesAt))[middle], out file) || file.IsFolder || file.NameBytes < 5) return false;
            int order = new ReadOnlySpan<byte>(file.Name, file.NameBytes - 5).SequenceCompareTo(module);
            if (order == 0) return true;
            if (order < 0) low = middle + 1; else high = middle;
        }
        return false;
    }

    /// <summary>Unpacks a file.</summary>
    /// <param name="file">Which.</param>
    /// <param name="buffer">Room for file.Bytes bytes.</param>
    /// <param name="kept">What is kept from one call to the next, zeroed at first; threads may share it. Free ends it.</param>
    /// <returns>False when the file is damaged or memory is out.</returns>
    public readonly bool Unpack(in Entry file, byte* buffer, Unpacking* kept)
    {
        if (file.IsFolder) return false;
        if (Volatile.Read(ref kept->dictionary) == 0 && dictionaryBytes != 0)
        {
            nint made = (nint)Zstd.PrepareDictionary(data + dictionaryAt, dictionaryBytes);
            if (made == 0) return false;
            if (Interlocked.CompareExchange(ref kept->dictionary, made, 0) != 0) Zstd.FreeDictionary((void*)made);
        }
        // One thread has the context that is kept, others make their own.
        nint context = Interlocked.Exchange(ref kept->context, 0);
        if (context == 0) context = (nint)Zstd.CreateContext();
        if (context == 0) return false;
        bool good = Zstd.Decompress((void*)context, data + file.At, file.Packed, buffer, file.Bytes, (void*)Volatile.Read(ref kept->dictionary), out nuint written);
        if (Interlocked.CompareExchange(ref kept->context, context, 0) != 0) Zstd.FreeContext((void*)context);
        return good && written == file.Bytes;
    }

    /// <summary>Frees what Unpack has kept.</summary>
    public static void Free(Unpacking* kept)
    {
        Zstd.FreeDictionary((void*)kept->dictionary);
        Zstd.FreeContext((void*)kept->context);
        *kept = default;
    }

    private static bool Fits(uint at, ulong count, uint end) => at + count <= end;
}
