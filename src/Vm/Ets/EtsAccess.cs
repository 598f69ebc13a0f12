// How natives get at a table: by name or tid, with the rights that an operation needs, locked. Errors are OTP's: badarg with the cause type (no table
// identifier), id (no such table) or access (no right).
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using System.Threading;
using MyBeam.Memory;

/// <summary>What an operation needs to be allowed.</summary>
public enum EtsNeed
{
    /// <summary>Nothing: info, whereis.</summary>
    Info,
    Read, Write,
}

/// <summary>How an operation enters the table's lock.</summary>
public enum EtsLock
{
    Read,
    /// <summary>For a change under one key: the stripe of the key if there are stripes, else the whole table.</summary>
    Key,
    Write,
}

/// <summary>Opens and leaves tables.</summary>
public static unsafe class EtsAccess
{
    /// <summary>Whether the lock of this table is entered as a writer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Exclusive(EtsTable* t, EtsLock mode) => mode == EtsLock.Write || (mode == EtsLock.Key && !t->Striped);

    /// <summary>The table behind a name or tid, its lock entered; null with badarg and its cause recorded.</summary>
    public static EtsTable* Open(Process* p, Term id, EtsNeed need, EtsLock mode)
    {
        EtsTable* t = Find(p, id, mode, out Term cause);
        if (t == null)
        {
            Process.Badarg(p, cause);
            return null;
        }
        bool right = need == EtsNeed.Info || t->Owner == p->Pid || t->Protection == EtsProtection.Public
            || (need == EtsNeed.Read && t->Protection == EtsProtection.Protected) || p->Flags.EtsSuperUser;
        if (right) return t;
        Leave(t, mode);
        Process.Badarg(p, Am.Access);
        return null;
    }

    /// <summary>As Open for info and whereis, which raise nothing when there is no such table: null with <paramref name="cause"/> id or type.</summary>
    public static EtsTable* Find(Process* p, Term id, EtsLock mode, out Term cause)
    {
        cause = Am.Id;
        EtsTable* t;
        if (id.IsAtom)
        {
            EtsNames* names = &p->Machine->Ets.Names;
            if (!EtsNames.EnterRead(names, id)) return null;
            t = EtsNames.Get(names, id);
            if (t != null) t->Lock.Enter(Exclusive(t, mode));
            EtsNames.ExitRead(names, id);
            if (t == null) return null;
        }
        else
        {
            NativeResource* r = MagicRefs.Open(id, ResourceKind.EtsTable);
            if (r == null && (r = ByNumbers(p, id)) == null)
            {
                cause = Am.Type;
                return null;
            }
            t = (EtsTable*)r;
            t->Lock.Enter(Exclusive(t, mode));
        }
        if (!Volatile.Read(ref t->Closed)) return t;
        Leave(t, mode);
        return null;
    }

    // A tid that came from outside (binary_to_term, list_to_ref) is an ordinary reference. A magic one is made, which holds the claim until the next collection.
    private static NativeResource* ByNumbers(Process* p, Term id)
    {
        if (!id.IsKind(Header.Reference)) return null;
        EtsTable* t = EtsTables.FindById(p->Machine, id.Box[1], id.Box[2]);
        if (t == null) return null;
        EtsTable.Tid(p, t);
        Resources.Release(&t->Head);
        return &t->Head;
    }

    /// <summary>Leaves the table's lock.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Leave(EtsTable* t, EtsLock mode) => t->Lock.Exit(Exclusive(t, mode));

    /// <summary>Leaves after a change of a hash table or a tree: grows or shrinks it first if it is time to.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void LeaveChanged(EtsTable* t, EtsLock mode)
    {
        if (!t->IsTree && EtsHash.WantsResize(t)) EtsHash.Resize(t);
        Leave(t, mode);
    }

    /// <summary>Enters the stripe of a key, if the table has stripes. The caller is in the table's lock.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void EnterKey(EtsTable* t, uint hash, bool write)
    {
        if (t->Striped) t->Stripe(hash)->Enter(write);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ExitKey(EtsTable* t, uint hash, bool write)
    {
        if (t->Striped) t->Stripe(hash)->Exit(write);
    }

    /// <summary>A copy of a term of the table on the heap of a process.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Term Copy(Process* p, Term t) => t.IsImmediate ? t : TermCopy.ToHeap(t, &p->Heap);
}
