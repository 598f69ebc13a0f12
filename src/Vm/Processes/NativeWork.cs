// Natives whose work can be large do it in slices: about 4,000 reductions' worth, then the scheduler gets its turn and the same call is run again.
//
// What is done so far lives in a block of native memory that belongs to the process (Process.Work); a process runs one native at a time, so there is one
// at most. The call stands in the code with its arguments in the registers all the while, so an exception at the end names the function that
// was called, and process_info shows the caller. Until the native is through the heap of the process is not collected: the block may hold terms and
// addresses in the heap. (OTP switches collections off for the same natives.)
namespace MyBeam.Vm;

using System.Runtime.CompilerServices;
using System.Threading;
using MyBeam.Memory;

/// <summary>Head of what a native keeps between two slices: the first field of the native's own struct.</summary>
public unsafe struct NativeWork
{
    /// <summary>Bytes of the whole struct.</summary>
    public nuint Bytes;
    /// <summary>Frees what the struct holds besides itself, when the process dies before the native is through; or null.</summary>
    public delegate*<NativeWork*, void> Abandon;
    /// <summary>Which of the VM's it is, so that measuring can tell one from the next at the same address.</summary>
    public long Number;
    /// <summary>The native, for who asks where the process is; null: a process that has not left its slice since the work began.</summary>
    public Export* Native;
}

/// <summary>How natives keep and continue their work.</summary>
public static unsafe class Slices
{
    /// <summary>Reductions that one slice of a native may take.</summary>
    public const long Reductions = 4000;

    /// <summary>
    /// How many steps a native may do before it pauses, when so many of them are worth a reduction. At least 4: under --gc-stress slices are that short, so that
    /// every test tests pausing.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Steps(Process* p, long perReduction) => 4 + (p->Machine->WorkReductions * perReduction);

    /// <summary>Collections at every allocation, and slices of natives as short as can be (--gc-stress).</summary>
    public static void Stress(Machine* m)
    {
        m->HeapShared.GcStress = 1;
        m->WorkReductions = 0;
    }

    /// <summary>Makes the process's block, zeroed, before the work starts: for state that must not move. Null (and system_limit) when memory is out.</summary>
    public static T* Begin<T>(Process* p, delegate*<NativeWork*, void> abandon) where T : unmanaged
    {
        T* block = (T*)Allocator.AllocZeroed((nuint)sizeof(T), Owner.Work);
        if (block == null)
        {
            Process.SystemLimit(p);
            return null;
        }
        p->Work = (NativeWork*)block;
        p->Work->Bytes = (nuint)sizeof(T);
        p->Work->Abandon = abandon;
        p->Work->Number = SliceMeasure.Next(&p->Machine->SlicesRun);
        return block;
    }

    /// <summary>Calls a native outside of threaded code, slice after slice until it is through.</summary>
    public static Term Call(Process* p, Export* e, Term* arguments)
    {
        Term result = e->Native(p, arguments);
        while (result.IsNone && p->Fail == FailKind.Again) result = e->Native(p, arguments);
        return result;
    }

    /// <summary>
    /// Moves a native's state into the process's block and pauses: the same call will find it in Process.Work. Always None. T starts with a NativeWork,
    /// which is filled in here. Out of memory abandons the state and is system_limit.
    /// </summary>
    public static Term Keep<T>(Process* p, ref T state, delegate*<NativeWork*, void> abandon) where T : unmanaged
    {
        T* block = (T*)Allocator.Alloc((nuint)sizeof(T), Owner.Work);
        if (block == null)
        {
            if (abandon != null) fixed (T* s = &state) abandon((NativeWork*)s);
            return Process.SystemLimit(p);
        }
        *block = state;
        NativeWork* work = (NativeWork*)block;
        work->Bytes = (nuint)sizeof(T);
        work->Abandon = abandon;
        work->Number = SliceMeasure.Next(&p->Machine->SlicesRun);
        work->Native = null;
        p->Work = work;
        return Pause(p);
    }

    /// <summary>Ends a slice: `return Slices.Pause(p)` from a native that has a block. Always None.</summary>
    public static Term Pause(Process* p)
    {
        p->Fail = FailKind.Again;
        Process.Bump(p, Reductions);
        return Term.None;
    }

    /// <summary>The native is through: frees the block (not what it holds).</summary>
    public static void End(Process* p)
    {
        NativeWork* work = p->Work;
        p->Work = null;
        Allocator.Free(work, work->Bytes, Owner.Work);
    }

    /// <summary>The process dies in the middle of a native.</summary>
    public static void Abandon(Process* p)
    {
        if (p->Work == null) return;
        if (p->Work->Abandon != null) p->Work->Abandon(p->Work);
        End(p);
    }
}

/// <summary>The slices of processes, measured when asked for (mybeam run --stats).</summary>
public unsafe struct SliceMeasure
{
    /// <summary>1: measure.</summary>
    public int Wanted;
    /// <summary>Works begun.</summary>
    public long Works;
    /// <summary>Slices run, and those that lay wholly inside a native.</summary>
    public long Slices, InNatives;
    /// <summary>The longest of all, and of those inside a native, in nanoseconds of processor time.</summary>
    public long Longest, LongestInNatives;

    /// <summary>A number for a piece of work; 0 when nobody measures.</summary>
    public static long Next(SliceMeasure* m) => m->Wanted == 0 ? 0 : Interlocked.Increment(ref m->Works);

    /// <summary>A slice has been run.</summary>
    public static void Note(SliceMeasure* m, long nanoseconds, bool inside)
    {
        Interlocked.Increment(ref m->Slices);
        if (inside) Interlocked.Increment(ref m->InNatives);
        Raise(ref m->Longest, nanoseconds);
        if (inside) Raise(ref m->LongestInNatives, nanoseconds);
    }

    private static void Raise(ref long most, long value)
    {
        long old;
        while ((old = Volatile.Read(ref most)) < value)
            if (Interlocked.CompareExchange(ref most, value, old) == old) return;
    }
}
