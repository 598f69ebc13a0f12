// The archive of OTP's modules that scripts/build links into the executable. Layout (little-endian), made by scripts/archive:
//   "MBAR" version:u32 (1) count:u32 reserved:u32
//   count entries sorted by name: hash:u32 nameOffset:u32 nameBytes:u32 dataOffset:u32 packedBytes:u32 bytes:u32
//   names, then one zstd frame a module
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Reads the archive.</summary>
public static unsafe class ModuleArchive
{
    private const int HeadBytes = 16, EntryBytes = 24;

    /// <summary>Number of modules; 0 when this is no archive.</summary>
    public static int Count(byte* archive, nuint size)
    {
        if (archive == null || size < HeadBytes) return 0;
        uint* head = (uint*)archive;
        if (head[0] != 0x5241424D || head[1] != 1) return 0;
        return (nuint)head[2] * EntryBytes + HeadBytes <= size ? (int)head[2] : 0;
    }

    /// <summary>The file of a module (Owner.Loader, bytes of it, to be freed by the caller), or null when it is not there.</summary>
    public static byte* Unpack(byte* archive, nuint size, Term module, out long bytes)
    {
        bytes = 0;
        AtomTable.Entry* name = AtomTable.Get(module);
        int low = 0, high = Count(archive, size);
        int count = high;
        while (low < high)
        {
            int middle = (low + high) / 2;
            uint* e = (uint*)(archive + HeadBytes + ((nint)middle * EntryBytes));
            int c = Compare(archive + e[1], (int)e[2], name);
            if (c == 0)
            {
                byte* data = (byte*)Allocator.Alloc(e[5], Owner.Loader);
                if (data == null) return null;
                if (Zstd.Decompress(archive + e[3], e[4], data, e[5], out nuint written) && written == e[5])
                {
                    bytes = e[5];
                    return data;
                }
                Allocator.Free(data, e[5], Owner.Loader);
                return null;
            }
            if (c < 0) low = middle + 1; else high = middle;
        }
        return null;
    }

    private static int Compare(byte* text, int bytes, AtomTable.Entry* name)
    {
        int n = bytes < name->Bytes ? bytes : name->Bytes;
        for (int i = 0; i < n; i++)
            if (text[i] != name->Text[i]) return text[i] < name->Text[i] ? -1 : 1;
        return bytes - name->Bytes;
    }
}
