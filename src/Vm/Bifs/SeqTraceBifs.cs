// Natives of the module seq_trace: the token of the calling process.
namespace MyBeam.Vm;

using MyBeam.Memory;

public static unsafe class SeqTraceBifs
{
    /// <summary>Sets a part of the token, or (sequential_trace_token, []) takes it away; gives what was before.</summary>
    [Bif("erlang:seq_trace/2")]
    public static Term SeqTrace2(Process* p, Term* a)
    {
        if (a[0] == Am.SequentialTraceToken)
        {
            if (!a[1].IsNil) return Process.Badarg(p);
            Term before = SeqTrace.Token(p);
            SeqTrace.Clear(p);
            return before;
        }
        return SeqTrace.SetPart(p, a[0], a[1], out Term old) ? old : Process.Badarg(p);
    }

    [Bif("erlang:seq_trace_info/1")]
    public static Term Info(Process* p, Term* a)
    {
        if (a[0] == Am.SequentialTraceToken) return SeqTrace.Token(p);
        Term part = SeqTrace.Part(p, a[0]);
        return part.IsNone ? Process.Badarg(p) : part;
    }

    [Bif("erlang:seq_trace_print/1")]
    public static Term Print1(Process* p, Term* a) => Term.Bool(SeqTrace.Printed(p, Term.None, a[0]));

    [Bif("erlang:seq_trace_print/2")]
    public static Term Print2(Process* p, Term* a) => Term.Bool(SeqTrace.Printed(p, a[0], a[1]));
}
