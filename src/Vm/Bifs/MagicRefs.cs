// References to native resources: compiled patterns, atomics, counters. A program sees an ordinary reference.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>What a NativeResource is.</summary>
public static class ResourceKind
{
    public const ulong Regex = 1, Atomics = 2, Counters = 3, MatchSpec = 4, PreparedCode = 20, EtsTable = 5, EtsGrave = 6, TraceSession = 7, OpenFile = 30;

    /// <summary>Those of OTP's built-in NIF libraries.</summary>
    public const ulong Zlib = 31, PrimBuffer = 32, Tty = 33, ZstdCompressor = 34, ZstdDecompressor = 36, ZstdDictionary = 37;

    /// <summary>Those of crypto.</summary>
    public const ulong Digest = 40, Hmac = 41;
}

/// <summary>Makes and opens magic references.</summary>
public static unsafe class MagicRefs
{
    /// <summary>A reference that takes over the caller's claim on the resource. 5 words. None, the claim dropped, when memory is out.</summary>
    public static Term Make(Process* p, NativeResource* resource)
    {
        MagicRef* r = (MagicRef*)Process.Alloc(p, MagicRef.Words);
        if (r == null)
        {
            Resources.Release(resource);
            return Process.SystemLimit(p);
        }
        p->Machine->Counters.NextReference(out ulong id0, out ulong id1);
        r->Header = Header.Make(Header.MagicRef, MagicRef.Words - 1);
        r->Id0 = id0;
        r->Id1 = id1;
        r->Resource = resource;
        r->Next = p->Heap.OffHeap;
        p->Heap.OffHeap = (BinaryRef*)r;
        return Term.Boxed(r);
    }

    /// <summary>The resource of this kind behind a term, or null.</summary>
    public static NativeResource* Open(Term t, ulong kind)
    {
        if (!t.IsKind(Header.MagicRef)) return null;
        NativeResource* r = ((MagicRef*)t.Box)->Resource;
        return r->Kind == kind ? r : null;
    }
}
