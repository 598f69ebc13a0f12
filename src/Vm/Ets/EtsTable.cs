// One table: its settings, locks and counts. What is in it is in EtsHash (set, bag, duplicate_bag) or EtsTree (ordered_set).
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using System.Threading;
using MyBeam.Memory;

public enum EtsType
{
    Set, OrderedSet, Bag, DuplicateBag,
}

public enum EtsProtection
{
    Public, Protected, Private,
}

/// <summary>{write_concurrency, …}; Locks: {debug_hash_fixed_number_of_locks, N}.</summary>
public enum EtsWriteConcurrency
{
    False, True, Auto, Locks,
}

/// <summary>How many times a process has fixed a table.</summary>
public struct EtsFixation
{
    public Term Pid;
    public long Count;
}

/// <summary>
/// A table. Head is its first field: tids are magic references to it, and while the table is there it has a claim on itself. A deleted table is empty and
/// closed; its memory goes with the last tid.
/// <para>Locks, in the order in which they are taken: a name stripe (EtsNames), Lock, one of Stripes, FixLock or the registry's. With write concurrency an
/// operation on one key reads Lock and enters the stripe of the key; every other table has no stripes and enters Lock itself.</para>
/// </summary>
public unsafe struct EtsTable
{
    /// <summary>Number of stripes, a power of two and at most the smallest number of buckets.</summary>
    public const int StripeCount = 64;
    private const int StripeBytes = 64;

    public NativeResource Head;
    public Machine* Machine;
    /// <summary>The two id words of its tids.</summary>
    public ulong Id0, Id1;
    public Term Name, Owner, Heir;
    /// <summary>Which process with the heir's pid it is (EtsSignals.Birth).</summary>
    public ulong HeirBorn;
    /// <summary>A tuple {Data} of an heir with data, or null: no data was given (then there is no message).</summary>
    public EtsObject* HeirData;
    public int KeyPosition;
    public EtsType Type;
    public EtsProtection Protection;
    public EtsWriteConcurrency WriteConcurrency;
    public int DebugLocks;
    public bool Named, Compressed, ReadConcurrency, DecentralizedCounters;
    /// <summary>Set under Lock when the table is deleted.</summary>
    public bool Closed;
    // It is counted as a resource (LeaveMemory).
    private bool left;
    public RwLock Lock;
    private byte* stripes;

    // Objects, and words of memory.
    private long count, words;

    /// <summary>Fixations by processes and by running traversals. While there are any, hash tables keep deleted objects and do not change their size.</summary>
    public long FixCount;
    public Platform.OsMutex FixLock;
    public NativeList<EtsFixation> Fixations;
    /// <summary>Monotonic and system time of the first fixation, in nanoseconds.</summary>
    public long FixedSince, FixedSystemTime;
    /// <summary>Buckets with objects to be removed when the last fixation goes (under FixLock); DeletedLost: a bucket could not be noted.</summary>
    public NativeList<long> DeletedBuckets;
    public bool DeletedLost;

    public EtsHash Hash;
    public EtsTree Tree;

    /// <summary>Links of the registry: by id, and the other tables of the owner.</summary>
    public EtsTable* NextById;
    public EtsTable* NextOwned, PreviousOwned;

    public readonly bool IsTree { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => Type == EtsType.OrderedSet; }
    public readonly bool IsSetLike => Type is EtsType.Set or EtsType.OrderedSet;
    public readonly bool Striped { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => stripes != null; }

    /// <summary>Objects, without those that are only deleted places.</summary>
    public readonly long Count => Volatile.Read(ref Unsafe.AsRef(in count));
    /// <summary>Memory, in words.</summary>
    public readonly long Words => Volatile.Read(ref Unsafe.AsRef(in words));

    /// <summary>Counts objects and words of memory that came (negative: went).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Account(long objects, long memory)
    {
        if (stripes == null)
        {
            count += objects;
            words += memory;
            return;
        }
        if (objects != 0) Interlocked.Add(ref count, objects);
        Interlocked.Add(ref words, memory);
    }

    /// <summary>The lock of the bucket of a hash (tables with stripes).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly RwLock* Stripe(ulong hash) => (RwLock*)(stripes + ((hash & (StripeCount - 1)) * StripeBytes));

    /// <summary>An empty table with one claim. Null: memory is out.</summary>
    public static EtsTable* Create(Machine* m, EtsType type, bool striped)
    {
        EtsTable* t = (EtsTable*)Allocator.AllocZeroed((nuint)sizeof(EtsTable), Memory.Owner.Ets);
        if (t == null) return null;
        t->Head.RefCount = 1;
        t->Head.Destroy = &Destroy;
        t->Head.Kind = ResourceKind.EtsTable;
        t->Machine = m;
        t->Type = type;
        t->words = sizeof(EtsTable) / 8;
        m->Counters.NextReference(out t->Id0, out t->Id1);
        bool good = type == EtsType.OrderedSet || EtsHash.Create(t);
        if (good && striped)
        {
            t->stripes = (byte*)Allocator.AllocZeroed(StripeCount * StripeBytes, Memory.Owner.Ets);
            t->words += StripeCount * StripeBytes / 8;
            good = t->stripes != null;
        }
        if (good) return t;
        EtsHash.FreeBuckets(t);
        Destroy(&t->Head);
        return null;
    }

    private static void Destroy(NativeResource* r)
    {
        EtsTable* t = (EtsTable*)r;
        FreeHeirData(t);
        t->Fixations.Free(Memory.Owner.Ets);
        t->DeletedBuckets.Free(Memory.Owner.Ets);
        Owner owner = t->left ? Memory.Owner.Resource : Memory.Owner.Ets;
        if (t->stripes != null) Allocator.Free(t->stripes, StripeCount * StripeBytes, owner);
        Allocator.Free(t, (nuint)sizeof(EtsTable), owner);
    }

    /// <summary>
    /// A table that has been closed is no memory of tables any more: what stays until its last tid goes belongs to the tids. The caller is its writer.
    /// </summary>
    public static void LeaveMemory(EtsTable* t)
    {
        t->FixLock.Lock();
        if (t->Fixations.Count == 0) t->Fixations.Free(Memory.Owner.Ets);
        t->DeletedBuckets.Free(Memory.Owner.Ets);
        t->DeletedLost = false;
        t->FixLock.Unlock();
        t->left = true;
        Allocator.Give(t->stripes, StripeCount * StripeBytes, Memory.Owner.Ets, Memory.Owner.Resource);
        Allocator.Give(t, (nuint)sizeof(EtsTable), Memory.Owner.Ets, Memory.Owner.Resource);
    }

    /// <summary>Forgets the data for the heir.</summary>
    public static void FreeHeirData(EtsTable* t)
    {
        if (t->HeirData != null) EtsObject.Free(t->HeirData);
        t->HeirData = null;
    }

    /// <summary>Sets heir and data (None: no message to the heir; ignored without an heir). A dead process is no heir. False: memory is out.</summary>
    public static bool SetHeir(Process* p, EtsTable* t, Term heir, Term data)
    {
        ulong born = heir == Am.None ? 0 : EtsSignals.Birth(t->Machine, heir);
        EtsObject* o = null;
        // One that is dead already is none.
        if (born == 0) heir = Am.None;
        if (heir != Am.None && !data.IsNone)
        {
            ulong* tuple = stackalloc ulong[2];
            tuple[0] = Header.Make(Header.Tuple, 1);
            tuple[1] = data.Bits;
            o = EtsObject.Create(Term.Boxed(tuple));
            if (o == null) return false;
        }
        FreeHeirData(t);
        t->Heir = heir;
        t->HeirBorn = born;
        t->HeirData = o;
        return true;
    }

    /// <summary>The tid: a new magic reference on the heap of a process (5 words). None: memory is out.</summary>
    public static Term Tid(Process* p, EtsTable* t)
    {
        MagicRef* r = (MagicRef*)Process.Alloc(p, MagicRef.Words);
        if (r == null) return Process.SystemLimit(p);
        Resources.Retain(&t->Head);
        r->Header = Header.Make(Header.MagicRef, MagicRef.Words - 1);
        r->Id0 = t->Id0;
        r->Id1 = t->Id1;
        r->Resource = &t->Head;
        r->Next = p->Heap.OffHeap;
        p->Heap.OffHeap = (BinaryRef*)r;
        return Term.Boxed(r);
    }

    /// <summary>The key of an object, in its block.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Term Key(EtsTable* t, EtsObject* o) => EtsObject.Element(o, t->KeyPosition);
}
