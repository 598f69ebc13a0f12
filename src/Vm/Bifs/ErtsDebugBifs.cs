// Natives of erts_debug that look into terms, and the window into the VM's state that OTP's test suites use.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Sizes and identity of terms; get_internal_state and set_internal_state.</summary>
internal static unsafe class ErtsDebugBifs
{
    // Words looked at that are worth a reduction.
    private const long WordsPerReduction = 32;

    // A slice's reductions (OTP: CONTEXT_REDS).
    private const long MostReductions = 4000;

    [Bif("erts_debug:flat_size/1")]
    public static Term FlatSize(Process* p, Term* a) => Words(p, TermSize.Flat(a[0]));

    [Bif("erts_debug:size_shared/1")]
    public static Term SizeShared(Process* p, Term* a) => Words(p, TermSize.Shared(a[0], &p->Machine->HeapShared));

    private static Term Words(Process* p, long words)
    {
        if (words < 0) return Process.SystemLimit(p);
        Process.Bump(p, words / WordsPerReduction);
        return Process.Integer(p, words);
    }

    /// <summary>The same bits, kept from this bit of a byte on (1 to 7): for testing.</summary>
    [Bif("erts_debug:unaligned_bitstring/2")]
    public static Term Unaligned(Process* p, Term* a)
    {
        if (!a[0].IsBitstring || !a[1].IsSmall || a[1].SmallValue < 1 || a[1].SmallValue > 7) return Process.Badarg(p);
        ulong shift = (ulong)a[1].SmallValue;
        Bitstring.Open(a[0], out byte* data, out ulong offset, out ulong bits);
        OffHeapBinary* made = OffHeap.Create((long)((bits + shift + 7) / 8));
        if (made == null) return Process.SystemLimit(p);
        byte* to = OffHeapBinary.Data(made);
        for (ulong i = 0; i < (bits + shift + 7) / 8; i++) to[i] = 0;
        for (ulong i = 0; i < bits; i++)
        {
            if (((data[(offset + i) >> 3] >> (7 - (int)((offset + i) & 7))) & 1) != 0) to[(shift + i) >> 3] |= (byte)(0x80 >> (int)((shift + i) & 7));
        }
        Term whole = Binaries.FromOffHeap(p, made, bits + shift);
        return whole.IsNone ? whole : Binaries.Sub(p, whole, shift, bits);
    }

    /// <summary>The native code of the interpreter: OTP's just-in-time compiler answers 0 too.</summary>
    [Bif("erts_debug:interpreter_size/0")]
    public static Term InterpreterSize(Process* p, Term* a) => Term.Small(0);

    /// <summary>Counting of locks is not built in.</summary>
    [Bif("erts_debug:lcnt_clear/0")]
    [Bif("erts_debug:lcnt_collect/0")]
    public static Term NoLockCount(Process* p, Term* a) => Am.Error;

    [Bif("erts_debug:lcnt_control/1")]
    [Bif("erts_debug:lcnt_control/2")]
    public static Term NoLockControl(Process* p, Term* a) => Process.Badarg(p);

    [Bif("erts_debug:same/2")]
    public static Term Same(Process* p, Term* a) => Term.Bool(a[0] == a[1]);

    /// <summary>
    /// A copy with the same sharing, which is the term itself: only same/2 could tell the difference, and terms never change. Where sharing matters a copy
    /// that loses it could be exponentially larger.
    /// </summary>
    [Bif("erts_debug:copy_shared/2")]
    public static Term CopyShared(Process* p, Term* a) => a[1].IsBoolean ? a[0] : Process.Badarg(p);

    /// <summary>
    /// What OTP's test suites ask the emulator. Always available here (in OTP only after set_internal_state(available_internal_state, true)); badarg for
    /// what this VM has nothing to say about.
    /// </summary>
    /// <summary>{Module, Function | '_', Arity | '_'}, on or off. Gives the number of functions.</summary>
    [Bif("erts_debug:breakpoint/2")]
    public static Term Breakpoint(Process* p, Term* a)
    {
        if (!a[0].IsTupleOf(3) || !a[1].IsBoolean) return Process.Badarg(p);
        Term* e = a[0].TupleElements;
        if (!e[0].IsAtom || !e[1].IsAtom || (!e[2].IsSmall && e[2] != Am.Underscore)) return Process.Badarg(p);
        Machine* m = p->Machine;
        Schedulers.LockCode(m);
        Schedulers.StopAll(m);
        long found = Breakpoints.SetDebug(m, e[0], e[1], e[2].IsSmall ? e[2].SmallValue : -1, a[1] == Am.True);
        Schedulers.GoOn(m);
        Schedulers.UnlockCode(m);
        return Term.Small(found);
    }

    [Bif("erts_debug:get_internal_state/1", BifKind.Traps)]
    public static Term GetInternalState(Process* p, Term* a)
    {
        Term what = a[0];
        if (what == Am.AvailableInternalState) return Am.True;
        if (what == Am.RedsLeft) return Term.Small(ReductionsLeft(p));
        if (what == Am.NextPid) return Process.Integer(p, ProcessTable.NextNumber(p->Machine));
        if (what == Am.ForceHeapFrags || what == Am.SchedulerDump || what == Am.HashmapCollisionBonanza || what == Am.DebuggerSupport) return Am.False;
        if (what == Am.LcGraph || what == Am.FlxctrMemoryUsage) return Am.Notsup;
        if (what == Am.ReYieldCoverage) return Am.Undefined;
        if (InternalStateBifs.Get(p, what, out Term answer)) return answer;
        if (what.IsTupleOf(2))
        {
            Term* pair = what.TupleElements;
            // The definition looks like a tuple: OTP's own suite compares such definitions.
            if (pair[0] == Am.NativeRecordDef && pair[1].IsRecord) return ((NativeRecord*)pair[1].Box)->Definition;
            if (pair[0] == Am.InternalHash) return Term.Small(TermHash.Internal(pair[1], 0));
            if (pair[0] == Am.Atom && pair[1].IsSmall && pair[1].SmallValue >= 0 && pair[1].SmallValue < AtomTable.Count)
                return Term.Atom((uint)pair[1].SmallValue);
        }
        return Process.Badarg(p);
    }

    private static long ReductionsLeft(Process* p)
    {
        long left = p->Context->Reductions - p->Bumped;
        return left < 0 ? 0 : left > MostReductions ? MostReductions : left;
    }

    /// <summary>The other half. Limits of loops that OTP's natives have are accepted and do nothing: natives here are never interrupted.</summary>
    [Bif("erts_debug:set_internal_state/2", BifKind.Traps)]
    public static Term SetInternalState(Process* p, Term* a)
    {
        Term what = a[0], value = a[1];
        if (what == Am.AvailableInternalState) return value.IsBoolean ? Am.True : Process.Badarg(p);
        if (what == Am.RedsLeft && value.IsSmall)
        {
            if (value.SmallValue >= 0 && value.SmallValue <= MostReductions) p->Context->Reductions = value.SmallValue;
            return Am.True;
        }
        if ((what == Am.BinaryLoopLimit || what == Am.ReLoopLimit || what == Am.UnicodeLoopLimit) && (value == Am.Default || value.IsSmall))
            return Term.Small(MostReductions);
        if (what == Am.ForceGc) return Am.True;
        if (what == Am.EtsForceTrap) return Am.Notsup;
        if (what == Am.FillHeap || (what == Am.EtsDebugRandomSplitJoin && value.IsTupleOf(2))) return Am.Ok;
        if (what == Am.Mbuf) return value;
        if (what == Am.Sleep && value.IsSmall)
        {
            // The scheduler stands still for so many milliseconds.
            if (value.SmallValue > 0) Clock.Sleep(value.SmallValue * 1_000_000);
            return Am.True;
        }
        if (what == Am.Wait)
        {
            // Only the contents of tables are freed later than they are given up.
            // Others are to get a turn, as in OTP.
            if (value != Am.Deallocations || System.Threading.Volatile.Read(ref p->Machine->Graves.Open) == 0) return Process.YieldWith(p, Am.Ok);
            EtsGraveyard.Step(p->Machine);
            return Slices.Pause(p);
        }
        if (InternalStateBifs.Set(p, what, value, out Term answer)) return answer;
        return Process.Badarg(p);
    }
}
