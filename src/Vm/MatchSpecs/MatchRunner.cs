// Runs match programs.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>What the result of a run may refer to.</summary>
internal enum MatchRunMode
{
    /// <summary>Nothing but p's heap.</summary>
    Copy,
    /// <summary>The object too.</summary>
    ShareObject,
    /// <summary>The object and the program.</summary>
    Temporary,
}

/// <summary>The interpreter.</summary>
internal static unsafe class MatchRunner
{
    /// <summary>The value of the body of the first clause that matches; None: there is none.</summary>
    public static Term Run(MatchSpec* ms, Process* p, Term obj, MatchRunMode mode) => Term.None;
}
