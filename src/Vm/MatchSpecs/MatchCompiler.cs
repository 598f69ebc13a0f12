// The compiler of match specifications.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Makes programs of specifications.</summary>
internal static unsafe class MatchCompiler
{
    /// <summary>See MatchSpecs.Compile.</summary>
    public static MatchSpec* Compile(Process* p, Term spec, MatchSpecKind kind, void* errors, out MatchSpecError error)
    {
        error = MatchSpecError.Badarg;
        return null;
    }
}
