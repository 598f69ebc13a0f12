// What code refers to across modules: export entries, fun entries, and natives.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>M:F/A as call instructions and export funs refer to it. One per name and VM, never freed while the VM lives. The first fields are ExportName.</summary>
public unsafe struct Export
{
    public Term Module, Function;
    public long Arity;
    /// <summary>Where a call goes: the function's code, or its Stub when it has none yet.</summary>
    public ulong* Address;
    /// <summary>The native behind it, or null. Natives stay even when their module is loaded (bif.tab rule).</summary>
    public delegate*<Process*, Term*, Term> Native;
    /// <summary>What call_native instructions call: the native, or what stands in for it while it is traced (Breakpoints).</summary>
    public delegate*<Process*, Term*, Term> Call;
    /// <summary>Where calls through the entry are traced, or null; never freed while the VM lives.</summary>
    public TracePoint* Trace;
    /// <summary>BifKind flags of the native.</summary>
    public long NativeKind;
    /// <summary>Code for an export without code of its own: module, function, arity as before any entry, then an instruction that calls the native, or that
    /// finds the module or the error handler.</summary>
    public fixed ulong Stub[5];
    /// <summary>The entry that was made after this one.</summary>
    public Export* Next;
    /// <summary>1: only a refused module has named it; as good as not there (ExportTable.Truncate).</summary>
    public long Dead;
    /// <summary>The boxed fun M:F/A term in literal memory (made when first asked for), or None.</summary>
    public Term FunTerm;
}

/// <summary>How a native may be called.</summary>
public static class BifKind
{
    /// <summary>An ordinary function.</summary>
    public const long Plain = 0;
    /// <summary>May stand in guards and bif/gc_bif instructions; never traps, has no side effect.</summary>
    public const long Guard = 1;
    /// <summary>May return None with a trap or wait; only from call instructions.</summary>
    public const long Traps = 2;
    /// <summary>Only raises, and has no stack frame of its own.</summary>
    public const long Raises = 3;
    /// <summary>Stands in for a function that its module does not export.</summary>
    public const long Private = 4;
}

/// <summary>Marks a static method `Term F(Process* p, Term* args)` as the native behind M:F/A: [Bif("lists:reverse/2")]. The generator in
/// build/ collects these into the table of natives.</summary>
[System.AttributeUsage(System.AttributeTargets.Method, AllowMultiple = true)]
public sealed class BifAttribute : System.Attribute
{
    public BifAttribute(string name) { }
    public BifAttribute(string name, long kind) { }
}

/// <summary>One local fun of a module, by its index. The first fields are FunName.</summary>
public unsafe struct FunEntry
{
    public Term Module;
    /// <summary>Arity a caller sees (without the environment).</summary>
    public long Arity;
    public long Index;
    public long OldUniq;
    /// <summary>Code address, or null when the module is gone.</summary>
    public ulong* Address;
    /// <summary>Not null: the module's old code, which it names, is being purged; who calls the fun has to wait (PurgedFuns). Address is null meanwhile.</summary>
    public ulong* Waits;
    public long FreeCount;
    /// <summary>Function atom (lambda name) in the module.</summary>
    public Term Function;
    /// <summary>MD5 of the module (new_uniq).</summary>
    public fixed byte Uniq[16];
    /// <summary>The shared term of a fun without environment, in literal memory, or None.</summary>
    public Term Literal;
    public LoadedModule* Owner;
    /// <summary>1: only a refused module has named it (FunTable.Truncate).</summary>
    public long Dead;
}
