// Special forms of match specifications: logic that need not look at everything, and what only traces may do.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;

internal unsafe partial struct MatchCompiler
{
    private Source Call(Term t, Term name, int register, int scratch, bool own)
    {
        long arity = t.TupleArity - 1;
        if (name == Am.And) return All(t, "and"u8, MatchOp.And, register, scratch);
        if (name == Am.Or) return All(t, "or"u8, MatchOp.Or, register, scratch);
        if (name == Am.Andalso || name == Am.Andthen) return InTurn(t, "andalso"u8, MatchOp.AndAlso, register, scratch, own);
        if (name == Am.Orelse) return InTurn(t, "orelse"u8, MatchOp.OrElse, register, scratch, own);
        if (name == Am.Const) return Bad(ComplainTerm("Special form 'const' called with more than one argument in "u8, t, "."u8));
        if (name == Am.Self)
        {
            if (arity != 0) return WithArguments("self"u8, t);
            Emit(MatchOp.Call, register, scratch, (ulong)(delegate*<Process*, Term*, Term>)&ErlangGuardBifs.Self);
            return Source.Own;
        }
        return Trace(t, name, register, scratch, out bool found) is var source && found ? source : CallFunction(t, name, register, scratch, own);
    }

    private Source WithArguments(ReadOnlySpan<byte> form, Term t) => Form(form, " called with arguments in "u8, t);

    private Source WrongArguments(ReadOnlySpan<byte> form, Term t) => Form(form, " called with wrong number of arguments in "u8, t);

    // "Special form 'form'<middle><term>."; without a term the middle is the end.
    private Source Form(ReadOnlySpan<byte> form, ReadOnlySpan<byte> middle, Term t)
    {
        TextBuffer text = default;
        text.Add("Special form '"u8);
        text.Add(form);
        text.AddByte('\'');
        text.Add(middle);
        Source source = Bad(ComplainTerm(text.Text, t, t.IsNone ? default : "."u8));
        text.Free();
        return source;
    }

    // and, or: all arguments are looked at.
    private Source All(Term t, ReadOnlySpan<byte> form, MatchOp op, int register, int scratch)
    {
        int n = (int)t.TupleArity - 1;
        if (n < 1) return Form(form, " called without arguments in "u8, t);
        Reserve(scratch, n);
        for (int i = n; i > 0; i--)
            if ((Value(t.TupleElements[i], scratch + i - 1, scratch + n, false) & Source.Failed) != 0) return Source.Failed;
        Emit(op, register, n, (ulong)scratch);
        return Source.Own;
    }

    // andalso, orelse: the last argument may be any term.
    private Source InTurn(Term t, ReadOnlySpan<byte> form, MatchOp op, int register, int scratch, bool own)
    {
        int n = (int)t.TupleArity - 1;
        if (n < 1) return Form(form, " called without arguments in "u8, t);
        Source source = Source.Own;
        // The skips, each with the place of the one before it until the end is known.
        int skip = -1;
        for (int i = 1; i <= n && (source & Source.Failed) == 0; i++)
        {
            source = Value(t.TupleElements[i], register, scratch, own);
            if (i == n) break;
            if (i == 1) conditional++;
            Emit(op, register, skip, 0);
            skip = code.Count - 1;
        }
        if (n > 1) conditional--;
        while (skip >= 0 && !outOfMemory)
        {
            ref MatchInstruction x = ref code[skip];
            x.C = (ulong)(code.Count - skip - 1);
            skip = x.B;
        }
        return source;
    }

    private const MatchSpecKind Operations = MatchSpecKind.AllowTraceOps, Calls = MatchSpecKind.AllowTraceOps | MatchSpecKind.CallTrace;

    // The forms of traces. found: it is one.
    private Source Trace(Term t, Term name, int register, int scratch, out bool found)
    {
        found = true;
        long n = t.TupleArity - 1;
        Term* call = t.TupleElements;
        Source bad;
        if (name == Am.Message)
        {
            if (!Allowed("message"u8, MatchSpecKind.Trace, false, out bad)) return bad;
            if (n != 1) return WrongArguments("message"u8, t);
            if ((Value(call[1], register, scratch, true) & Source.Failed) != 0) return Source.Failed;
            Emit(MatchOp.SetResult, register, 0, 0);
            Emit(MatchOp.Load, register, 0, Am.True.Bits);
            return Source.Own;
        }
        if (name == Am.ReturnTrace) return Plain("return_trace"u8, t, MatchAction.ReturnTrace, MatchSpecKind.Trace, false, register, scratch);
        if (name == Am.ExceptionTrace) return Plain("exception_trace"u8, t, MatchAction.ExceptionTrace, MatchSpecKind.Trace, false, register, scratch);
        if (name == Am.IsSeqTrace) return Plain("is_seq_trace"u8, t, MatchAction.IsSeqTrace, Operations, true, register, scratch);
        if (name == Am.GetSeqToken) return Plain("get_seq_token"u8, t, MatchAction.GetSeqToken, Operations, false, register, scratch);
        if (name == Am.ProcessDump) return Plain("process_dump"u8, t, MatchAction.ProcessDump, Operations, false, register, scratch);
        if (name == Am.Caller) return Plain("caller"u8, t, MatchAction.Caller, Calls, false, register, scratch);
        if (name == Am.CallerLine) return Plain("caller_line"u8, t, MatchAction.CallerLine, Calls, false, register, scratch);
        if (name == Am.CurrentStacktrace) return Stacktrace(t, register, scratch);
        if (name == Am.SetSeqToken)
        {
            // OTP names the form so.
            if (!Allowed("set_seq_trace"u8, Operations, false, out bad)) return bad;
            return n == 2 ? Act(call, 2, MatchAction.SetSeqToken, register, scratch) : WrongArguments("set_seq_token"u8, t);
        }
        if (name == Am.EnableTrace)
        {
            if (!Allowed("enable_trace"u8, Operations, false, out bad)) return bad;
            if (n is 1 or 2) return Act(call, (int)n, n == 1 ? MatchAction.EnableTrace : MatchAction.EnableTraceOf, register, scratch);
            return WrongArguments("enable_trace"u8, t);
        }
        if (name == Am.DisableTrace)
        {
            if (!Allowed("disable_trace"u8, Operations, false, out bad)) return bad;
            if (n is 1 or 2) return Act(call, (int)n, n == 1 ? MatchAction.DisableTrace : MatchAction.DisableTraceOf, register, scratch);
            return WrongArguments("disable_trace"u8, t);
        }
        if (name == Am.Trace)
        {
            if (!Allowed("trace"u8, Operations, false, out bad)) return bad;
            if (n is 2 or 3) return Act(call, (int)n, n == 2 ? MatchAction.Trace : MatchAction.TraceOf, register, scratch);
            return WrongArguments("trace"u8, t);
        }
        if (name == Am.Silent || name == Am.Display)
        {
            bool silent = name == Am.Silent;
            ReadOnlySpan<byte> form = silent ? "silent"u8 : "display"u8;
            if (!Allowed(form, silent ? Operations : MatchSpecKind.Trace, false, out bad)) return bad;
            if (n != 1) return WrongArguments(form, t);
            if ((Act(call, 1, silent ? MatchAction.Silent : MatchAction.Display, register, scratch) & Source.Failed) != 0) return Source.Failed;
            Emit(MatchOp.Load, register, 0, Am.True.Bits);
            return Source.Own;
        }
        found = false;
        return Source.Own;
    }

    // Whether a form may stand here; if not, it has been complained about.
    private bool Allowed(ReadOnlySpan<byte> form, MatchSpecKind needed, bool inGuards, out Source bad)
    {
        bad = Source.Own;
        if ((kind & MatchSpecKind.Trace) == 0) bad = Form(form, " used in wrong dialect."u8, Term.None);
        else if ((kind & needed) != needed) bad = Form(form, " not allow for this trace event."u8, Term.None);
        else if (inGuard && !inGuards) bad = Form(form, " called in guard context."u8, Term.None);
        else return true;
        return false;
    }

    // A form without arguments.
    private Source Plain(ReadOnlySpan<byte> form, Term t, MatchAction action, MatchSpecKind needed, bool inGuards, int register, int scratch)
    {
        if (!Allowed(form, needed, inGuards, out Source bad)) return bad;
        return t.TupleArity == 1 ? Act(t.TupleElements, 0, action, register, scratch) : WithArguments(form, t);
    }

    private Source Act(Term* call, int n, MatchAction action, int register, int scratch)
    {
        Reserve(scratch, n);
        allocates |= inGuard;
        for (int i = n; i > 0; i--)
            if ((Value(call[i], scratch + i - 1, scratch + n, false) & Source.Failed) != 0) return Source.Failed;
        Emit(MatchOp.Action, register, scratch, (ulong)Destructive(action));
        return Source.Own;
    }

    private Source Stacktrace(Term t, int register, int scratch)
    {
        if (!Allowed("current_stacktrace"u8, Calls, false, out Source bad)) return bad;
        if (t.TupleArity is not (1 or 2)) return WrongArguments("current_stacktrace"u8, t);
        Term frames = t.TupleArity == 1 ? Term.Small(Term.MaxSmall) : t.TupleElements[1];
        if (!frames.IsSmall) return Form("current_stacktrace"u8, " called with non small argument."u8, Term.None);
        if (frames.SmallValue < 0) return Form("current_stacktrace"u8, " called with negative integer argument."u8, Term.None);
        Reserve(scratch, 1);
        Emit(MatchOp.Load, scratch, 0, frames.Bits);
        Emit(MatchOp.Action, register, scratch, (ulong)MatchAction.CurrentStacktrace);
        return Source.Own;
    }
}
