// The terms of export funs.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Makes fun terms.</summary>
public static unsafe class FunTerms
{
    /// <summary>fun M:F/A on the process's heap: 2 words, or the shared literal when one exists.</summary>
    public static Term ForExport(Process* p, Export* e)
    {
        if (!e->FunTerm.IsNone) return e->FunTerm;
        ExportFun* f = (ExportFun*)Process.Alloc(p, ExportFun.Words);
        if (f == null) return Process.SystemLimit(p);
        f->Header = Header.Make(Header.ExportFun, ExportFun.Words - 1);
        f->Export = (ExportName*)e;
        return Term.Boxed(f);
    }
}
