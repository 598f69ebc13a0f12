// What match programs of traces do to the world: actions that the tracing code carries out.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>The actions. Their arguments are in the order in which a specification names them.</summary>
public enum MatchAction
{
    /// <summary>{is_seq_trace}, {get_seq_token}, {set_seq_token, Part, Value}.</summary>
    IsSeqTrace, GetSeqToken, SetSeqToken,
    /// <summary>{process_dump}: a binary.</summary>
    ProcessDump,
    /// <summary>{enable_trace, Flag}, {enable_trace, Process, Flag}, and the same of disable_trace. Give true, or 'EXIT'.</summary>
    EnableTrace, EnableTraceOf, DisableTrace, DisableTraceOf,
    /// <summary>{trace, Disable, Enable}, {trace, Process, Disable, Enable}. Give a boolean, or 'EXIT'.</summary>
    Trace, TraceOf,
    /// <summary>{caller}, {caller_line}, {current_stacktrace, Depth} (the depth is always given, the limit is still to be applied).</summary>
    Caller, CallerLine, CurrentStacktrace,
    /// <summary>{silent, Boolean}; what it gives is ignored.</summary>
    Silent,
    /// <summary>{display, Term}; what it gives is ignored.</summary>
    Display,
    /// <summary>{get_tcw}, {set_tcw, Word}: the trace control word. None (of set_tcw): badarg.</summary>
    GetTcw, SetTcw,
    /// <summary>What set_seq_token and set_tcw do in match_spec_test/3: check, and give what they would give.</summary>
    SetSeqTokenFake, SetTcwFake,
    /// <summary>These two need no hook: the run notes them (MatchTraceRun).</summary>
    ReturnTrace, ExceptionTrace,
}

/// <summary>One run of a trace program: the caller's wishes, and what the program asked for.</summary>
public unsafe struct MatchTraceRun
{
    /// <summary>
    /// Carries out an action; null: none has an effect (no sequential trace, control word 0, caller undefined). Arguments are on p's heap, in the program
    /// or in the traced arguments; the value given must be an immediate, or on p's heap. None: it failed (the guard fails, in a body 'EXIT').
    /// </summary>
    public delegate*<Process*, MatchTraceRun*, MatchAction, Term*, Term> Act;

    /// <summary>For Act's use: the trace session.</summary>
    public void* Session;

    /// <summary>Set by {return_trace} and {exception_trace} of the clause that matched.</summary>
    public bool ReturnTrace, ExceptionTrace;

    /// <summary>Carries out an action of a running program.</summary>
    internal static Term Do(Process* p, MatchTraceRun* run, MatchAction action, Term* args)
    {
        switch (action)
        {
            case MatchAction.ReturnTrace:
                if (run != null) run->ReturnTrace = true;
                return Am.True;
            case MatchAction.ExceptionTrace:
                if (run != null) run->ExceptionTrace = true;
                return Am.True;
        }
        if (run != null && run->Act != null) return run->Act(p, run, action, args);
        return action switch
        {
            MatchAction.IsSeqTrace => Am.False,
            MatchAction.GetSeqToken or MatchAction.CurrentStacktrace => Term.Nil,
            MatchAction.SetSeqToken => Am.False,
            MatchAction.SetSeqTokenFake => FakeToken(p, args[0]),
            MatchAction.Caller or MatchAction.CallerLine => Am.Undefined,
            MatchAction.GetTcw => Term.Small(0),
            MatchAction.SetTcw or MatchAction.SetTcwFake => args[0].IsSmall && (ulong)args[0].SmallValue <= uint.MaxValue ? Term.Small(0) : Term.None,
            MatchAction.EnableTrace or MatchAction.EnableTraceOf or MatchAction.DisableTrace or MatchAction.DisableTraceOf => Am.EXIT,
            MatchAction.Trace or MatchAction.TraceOf => Am.EXIT,
            _ => Am.True,
        };
    }

    // What seq_trace:get_token/1 gives without a token.
    private static Term FakeToken(Process* p, Term part)
    {
        if (part == Am.Label || part == Am.Serial) return Term.Nil;
        bool flag = part == Am.Send || part == Am.Spawn || part == Am.Receive || part == Am.Print || part == Am.Timestamp
            || part == Am.MonotonicTimestamp || part == Am.StrictMonotonicTimestamp;
        return flag ? Process.Tuple(p, part, Am.False) : Am.EXIT;
    }
}
