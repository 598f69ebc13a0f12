// Natives of prim_tty for descriptions of terminals (terminfo): not there, as in an OTP that was built without termcap, so that every terminal counts as
// one without abilities.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Terminfo natives.</summary>
public static unsafe class TerminfoBifs
{
    private static Term NotSupported(Process* p) => Process.Tuple(p, Am.Error, Am.Enotsup);

    [Bif("prim_tty:setupterm_nif/0")]
    public static Term Setup(Process* p, Term* a) => NotSupported(p);

    [Bif("prim_tty:tigetnum_nif/1")]
    public static Term Number(Process* p, Term* a) => NotSupported(p);

    [Bif("prim_tty:tigetflag_nif/1")]
    public static Term Flag(Process* p, Term* a) => NotSupported(p);

    [Bif("prim_tty:tigetstr_nif/1")]
    public static Term Text(Process* p, Term* a) => NotSupported(p);

    [Bif("prim_tty:tinfo_nif/0")]
    public static Term Names(Process* p, Term* a) => NotSupported(p);

    [Bif("prim_tty:tputs_nif/2")]
    public static Term Put(Process* p, Term* a) => NotSupported(p);
}
