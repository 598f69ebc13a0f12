// Named tables: a hash table of atoms in stripes, so that schedulers that use different names do not meet.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>
/// Name to table. A table found under the lock of its stripe is used before that lock is left (the caller enters the table's lock meanwhile); whoever takes a
/// name away then enters and leaves the table's lock once, so that nobody is on the way in when its memory goes (EtsLife.Close).
/// </summary>
public unsafe struct EtsNames
{
    private const int StripeCount = 16;
    private const int FirstCapacity = 8;

    // A cache line each.
    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Sequential, Size = 64)]
    private struct Stripe
    {
        public RwLock Lock;
        public int Count, Capacity;
        // Open addressing: Capacity entries of atom and table.
        public ulong* Entries;
    }

    private Stripe* stripes;
    private Platform.OsMutex creation;

    private static Stripe* StripeOf(EtsNames* n, Term name) => n->stripes + (name.AtomIndex % StripeCount);

    /// <summary>Makes the stripes, if that has not been done. False: memory is out.</summary>
    public static bool Create(EtsNames* n)
    {
        if (System.Threading.Volatile.Read(ref *(ulong*)&n->stripes) != 0) return true;
        n->creation.Lock();
        if (n->stripes == null)
            System.Threading.Volatile.Write(ref *(ulong*)&n->stripes, (ulong)Allocator.AllocZeroed((nuint)(StripeCount * sizeof(Stripe)), Owner.Vm));
        n->creation.Unlock();
        return n->stripes != null;
    }

    public static void Destroy(EtsNames* n)
    {
        for (int i = 0; n->stripes != null && i < StripeCount; i++)
            Allocator.Free(n->stripes[i].Entries, (nuint)(n->stripes[i].Capacity * 16L), Owner.Vm);
        Allocator.Free(n->stripes, (nuint)(StripeCount * sizeof(Stripe)), Owner.Vm);
        n->stripes = null;
    }

    private static ulong* Slot(Stripe* s, Term name)
    {
        ulong mask = (ulong)s->Capacity - 1;
        for (ulong i = (name.AtomIndex / StripeCount) & mask; ; i = (i + 1) & mask)
        {
            ulong* e = s->Entries + (i * 2);
            if (e[0] == 0 || e[0] == name.Bits) return e;
        }
    }

    /// <summary>Enters the lock of a name as a reader; false (not entered): there are no names at all.</summary>
    public static bool EnterRead(EtsNames* n, Term name)
    {
        if (n->stripes == null) return false;
        StripeOf(n, name)->Lock.EnterRead();
        return true;
    }

    public static void ExitRead(EtsNames* n, Term name) => StripeOf(n, name)->Lock.ExitRead();

    /// <summary>Enters the locks of two names (the second may be None) as a writer.</summary>
    public static void EnterWrite(EtsNames* n, Term a, Term b)
    {
        Stripe* s = StripeOf(n, a), u = b.IsNone ? s : StripeOf(n, b);
        // In the order of addresses, so that two renamings do not wait for each other.
        Stripe* first = u < s ? u : s;
        first->Lock.EnterWrite();
        if (u != s) (first == s ? u : s)->Lock.EnterWrite();
    }

    public static void ExitWrite(EtsNames* n, Term a, Term b)
    {
        Stripe* s = StripeOf(n, a), u = b.IsNone ? s : StripeOf(n, b);
        s->Lock.ExitWrite();
        if (u != s) u->Lock.ExitWrite();
    }

    /// <summary>The table of a name, or null. The caller is in the lock of the name.</summary>
    public static EtsTable* Get(EtsNames* n, Term name)
    {
        Stripe* s = StripeOf(n, name);
        return s->Count == 0 ? null : (EtsTable*)Slot(s, name)[1];
    }

    /// <summary>Names a table. The caller is writer of the lock of the name. False: memory is out.</summary>
    public static bool Set(EtsNames* n, Term name, EtsTable* t)
    {
        Stripe* s = StripeOf(n, name);
        if ((s->Count + 1) * 2 > s->Capacity && !Grow(s)) return false;
        ulong* e = Slot(s, name);
        if (e[0] == 0) s->Count++;
        e[0] = name.Bits;
        e[1] = (ulong)t;
        return true;
    }

    private static bool Grow(Stripe* s)
    {
        Stripe fresh = *s;
        fresh.Capacity = s->Capacity == 0 ? FirstCapacity : s->Capacity * 2;
        fresh.Entries = (ulong*)Allocator.AllocZeroed((nuint)(fresh.Capacity * 16L), Owner.Vm);
        if (fresh.Entries == null) return false;
        for (int i = 0; i < s->Capacity; i++)
        {
            if (s->Entries[i * 2] == 0) continue;
            ulong* e = Slot(&fresh, new Term(s->Entries[i * 2]));
            e[0] = s->Entries[i * 2];
            e[1] = s->Entries[(i * 2) + 1];
        }
        Allocator.Free(s->Entries, (nuint)(s->Capacity * 16L), Owner.Vm);
        s->Entries = fresh.Entries;
        s->Capacity = fresh.Capacity;
        return true;
    }

    /// <summary>Takes a name away if it is this table's. The caller is writer of the lock of the name.</summary>
    public static void Clear(EtsNames* n, Term name, EtsTable* t)
    {
        Stripe* s = StripeOf(n, name);
        if (s->Count == 0) return;
        ulong* e = Slot(s, name);
        if (e[0] == 0 || (EtsTable*)e[1] != t) return;
        s->Count--;
        uint mask = (uint)s->Capacity - 1;
        uint hole = (uint)((e - s->Entries) / 2);
        s->Entries[hole * 2] = s->Entries[(hole * 2) + 1] = 0;
        // Entries behind it that a search would no longer reach move up.
        for (uint i = (hole + 1) & mask; s->Entries[i * 2] != 0; i = (i + 1) & mask)
        {
            uint home = (new Term(s->Entries[i * 2]).AtomIndex / StripeCount) & mask;
            if (((i - home) & mask) < ((i - hole) & mask)) continue;
            s->Entries[hole * 2] = s->Entries[i * 2];
            s->Entries[(hole * 2) + 1] = s->Entries[(i * 2) + 1];
            s->Entries[i * 2] = s->Entries[(i * 2) + 1] = 0;
            hole = i;
        }
    }
}
