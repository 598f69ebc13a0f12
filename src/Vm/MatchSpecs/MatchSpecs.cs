// Match specifications: what the rest of the VM calls. A specification is compiled once (MatchCompiler) into a native program that owns its constants,
// and run on objects (MatchRunner). Semantics: "Match Specifications in Erlang" of the ERTS user's guide.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>What a specification is for: what its heads are matched against and which functions it may call.</summary>
[System.Flags]
public enum MatchSpecKind
{
    /// <summary>Objects of a table (also ets:match_spec_compile/1): a body must return a value.</summary>
    Ets = 1,
    /// <summary>Argument lists of traced calls; heads are lists or variables.</summary>
    Trace = 4,
    /// <summary>With Trace: set_seq_token and set_tcw only look as if they did something (match_spec_test/3).</summary>
    FakeDestructive = 8,
    /// <summary>With Trace: actions on the traced process are allowed (call and send tracing).</summary>
    AllowTraceOps = 0x10,
    /// <summary>With Trace: for calls: caller, caller_line, current_stacktrace are allowed.</summary>
    CallTrace = 0x20,
    /// <summary>Tracing of calls.</summary>
    TraceCalls = Trace | AllowTraceOps | CallTrace,
}

/// <summary>Why a specification does not compile: what exception a native then raises.</summary>
public enum MatchSpecError
{
    None = 0, Badarg = 1, SystemLimit = 2,
}

/// <summary>What the head of a clause says about the key of an object.</summary>
public enum MatchKey
{
    /// <summary>Any key can match.</summary>
    Free = 0,
    /// <summary>Only objects with exactly this key (=:=) can match.</summary>
    Bound = 1,
    /// <summary>The key is a pattern with variables in it: see MatchKeys.ComparePrefix.</summary>
    Partly = 2,
    /// <summary>No object can match: the head is no tuple, or one without a key.</summary>
    Never = 3,
}

/// <summary>Compiles, runs and asks about match specifications.</summary>
public static unsafe partial class MatchSpecs
{
    /// <summary>
    /// Compiles a specification: a proper list, not empty, of {Head, Guards, Body}. The caller holds one claim on the result (Release). Null with the error when the
    /// specification is bad. Allocates on p's heap at most what is dropped again.
    /// </summary>
    public static MatchSpec* Compile(Process* p, Term spec, MatchSpecKind kind, out MatchSpecError error)
    {
        return MatchCompiler.Compile(p, spec, kind, null, out error);
    }

    /// <summary>One more claim.</summary>
    public static void AddRef(MatchSpec* ms) => Resources.Retain(&ms->Head);

    /// <summary>One claim less; frees the program with the last.</summary>
    public static void Release(MatchSpec* ms)
    {
        if (ms != null) Resources.Release(&ms->Head);
    }

    /// <summary>A reference term that takes over the caller's claim (ets:match_spec_compile/1). 5 words. None when memory is out.</summary>
    public static Term MakeReference(Process* p, MatchSpec* ms) => MagicRefs.Make(p, &ms->Head);

    /// <summary>The program behind a reference made by MakeReference, or null. Valid as long as the reference is.</summary>
    public static MatchSpec* Open(Term reference) => (MatchSpec*)MagicRefs.Open(reference, ResourceKind.MatchSpec);

    /// <summary>
    /// Runs an Ets program on a term that may live anywhere (a table). The result is built on p's heap and refers to nothing of the object or of the
    /// program; large binaries are shared. None: no match. Never leaves an exception recorded. Nothing stays allocated when there is no match.
    /// </summary>
    public static Term Run(MatchSpec* ms, Process* p, Term obj) => MatchRunner.Run(ms, p, obj, MatchRunMode.Copy);

    /// <summary>Like Run for an object that is on p's heap (or a literal): the result may share parts of it.</summary>
    public static Term RunOnHeap(MatchSpec* ms, Process* p, Term obj) => MatchRunner.Run(ms, p, obj, MatchRunMode.ShareObject);

    /// <summary>
    /// Like Run, but the result may refer to the object and to the program: valid while both are. What is built is on p's heap: the caller takes a
    /// HeapMark before, uses the result (select_replace copies it into the table) and rolls back.
    /// </summary>
    public static Term RunTemporary(MatchSpec* ms, Process* p, Term obj) => MatchRunner.Run(ms, p, obj, MatchRunMode.Temporary);

    /// <summary>Whether a clause matches and its body gives true (select_count, select_delete). Allocates nothing that stays.</summary>
    public static bool Test(MatchSpec* ms, Process* p, Term obj)
    {
        HeapMark mark = HeapMark.Take(&p->Heap);
        Term result = MatchRunner.Run(ms, p, obj, MatchRunMode.Temporary);
        HeapMark.RollBack(&p->Heap, &mark);
        return result == Am.True;
    }

    /// <summary>
    /// Runs a Trace program on the arguments of a call: false when no clause matches; else what {message, M} of its body gave last (true without one).
    /// The result may share parts of the arguments, which must be on p's heap (or literals). <paramref name="run"/> (may be null): what the program
    /// does to the world.
    /// </summary>
    public static Term RunTrace(MatchSpec* ms, Process* p, Term* arguments, long count, MatchTraceRun* run)
    {
        Term result = MatchRunner.RunTrace(ms, p, arguments, count, run);
        return result.IsNone ? Am.False : result;
    }

    /// <summary>Number of clauses, at least 1.</summary>
    public static int ClauseCount(MatchSpec* ms) => ms->ClauseCount;

    /// <summary>
    /// What the head of a clause (0-based) says about element <paramref name="keyPosition"/> (1-based). The key (Bound, Partly) is the program's: valid as
    /// long as the claim on it.
    /// </summary>
    public static MatchKey KeyOfClause(MatchSpec* ms, int clause, long keyPosition, out Term key) =>
        MatchKeys.OfHead(MatchSpec.Heads(ms)[clause], keyPosition, out key);

    /// <summary>
    /// The same for all clauses together: Bound only when all clauses that can match have this one key; Partly when there is one clause only; Never when
    /// no clause can match. Use KeyOfClause for lookups of several keys.
    /// </summary>
    public static MatchKey KeyIsBound(MatchSpec* ms, long keyPosition, out Term key)
    {
        MatchKey all = MatchKey.Never;
        key = Term.None;
        for (int i = 0; i < ms->ClauseCount; i++)
        {
            MatchKey one = KeyOfClause(ms, i, keyPosition, out Term k);
            if (one == MatchKey.Never) continue;
            if (one == MatchKey.Free) return MatchKey.Free;
            if (all == MatchKey.Never)
            {
                all = one;
                key = k;
            }
            else if (all == MatchKey.Partly || one == MatchKey.Partly || !TermEquality.Exact(key, k))
            {
                return MatchKey.Free;
            }
        }
        return all;
    }

    /// <summary>
    /// select_replace's check of a specification (a term): every clause gives an object with the key of the one it matched, as far as can be seen without
    /// running it. False also when the specification is malformed.
    /// </summary>
    public static bool KeepsKey(Term spec, long keyPosition) => MatchKeys.SpecKeepsKey(spec, keyPosition);
}
