// Natives of prim_tty as OTP 26 and 27 call them: the terminal is set in two steps, its description is read as termcap.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Natives of the older prim_tty.</summary>
public static unsafe class OlderOtpTtyBifs
{
    // As much is read at a time.
    private const int MostRead = 1024;

    [Bif("prim_tty:tty_create/0")]
    public static Term Create(Process* p, Term* a)
    {
        Term output = Am.Stdout;
        return PrimTtyBifs.Create(p, &output);
    }

    /// <summary>tty_init(Tty, stdout, #{canon, echo, sig}): what tty_set/1 shall set; {error, {tcgetattr, Posix}} when there is no terminal.</summary>
    [Bif("prim_tty:tty_init/3")]
    public static Term Init(Process* p, Term* a)
    {
        TtyResource* t = PrimTtyBifs.Open(a[0]);
        int descriptor = PrimTtyBifs.Descriptor(a[1]);
        if (t == null || descriptor < 0 || !a[2].IsMap) return Process.Badarg(p);
        TerminalSettings found;
        Errno error = Terminal.Get(descriptor, &found);
        if (error != Errno.None) return PrimTtyBifs.Failed(p, "tcgetattr"u8, error);
        if (t->Mode == TtyMode.Unavailable) t->Mode = TtyMode.Disabled;
        // Both are set together by all that call this.
        bool raw = Maps.Get(a[2], AtomTable.Intern("canon"u8), out Term lines) && lines == Am.False;
        t->Now = t->Found;
        if (raw) t->Now.SetRaw();
        t->WantsRaw = raw ? 1 : 0;
        return Am.Ok;
    }

    [Bif("prim_tty:tty_set/1")]
    public static Term Set(Process* p, Term* a)
    {
        TtyResource* t = PrimTtyBifs.Open(a[0]);
        if (t == null) return Process.Badarg(p);
        if (t->Mode == TtyMode.Unavailable) return Am.Ok;
        bool raw = t->WantsRaw != 0;
        if (raw) TtyShared.Note(p->Machine, t, true);
        Errno error = Terminal.Set(t->Output, &t->Now);
        if (error != Errno.None) return PrimTtyBifs.Failed(p, "tcsetattr"u8, error);
        t->Mode = raw ? TtyMode.Enabled : TtyMode.Disabled;
        if (!raw) TtyShared.Note(p->Machine, t, false);
        return Am.Ok;
    }

    /// <summary>tty_select(Tty, SignalRef, ReadRef). The message of SignalRef never comes: a changed size of the window is seen when it is asked for.</summary>
    [Bif("prim_tty:tty_select/3")]
    public static Term Select(Process* p, Term* a)
    {
        Term* x = stackalloc Term[] { a[0], a[2] };
        return PrimTtyBifs.Select(p, x);
    }

    [Bif("prim_tty:tty_read_signal/2")]
    public static Term ReadSignal(Process* p, Term* a) => PrimTtyBifs.Open(a[0]) == null ? Process.Badarg(p) : Process.Tuple(p, Am.Error, Am.Empty);

    [Bif("prim_tty:read_nif/2", BifKind.Traps)]
    public static Term Read(Process* p, Term* a)
    {
        if (PrimTtyBifs.Open(a[0]) == null) return Process.Badarg(p);
        if (!DirtyPool.Runs(p)) return DirtyPool.Enter(p, a, ExportTable.Put(p->Machine, Am.PrimTty, Am.ReadNif, 2), &p->Machine->DirtyIo);
        Term* x = stackalloc Term[] { a[0], a[1], Term.Small(MostRead) };
        return PrimTtyBifs.Read(p, x);
    }

    // -- termcap --

    /// <summary>tgetent_nif(Name): reads the description of the terminal. The name is that of TERM, which is read here again.</summary>
    [Bif("prim_tty:tgetent_nif/1")]
    public static Term Entry(Process* p, Term* a)
    {
        if (!IoData.Size(a[0], false, out _, out _)) return Process.Badarg(p);
        return TerminfoBifs.Load(p) ? Am.Ok : PrimTtyBifs.Failed(p, "tgetent"u8, Errno.Enoent);
    }

    [Bif("prim_tty:tgetnum_nif/1")]
    public static Term Number(Process* p, Term* a) => TerminfoBifs.Number(p, a);

    [Bif("prim_tty:tgetflag_nif/1")]
    public static Term Flag(Process* p, Term* a) => TerminfoBifs.Flag(p, a);

    /// <summary>A text by its termcap code: {ok, Binary}, or false.</summary>
    [Bif("prim_tty:tgetstr_nif/1")]
    public static Term Text(Process* p, Term* a) => TerminfoBifs.TextByCode(p, a[0]);

    [Bif("prim_tty:tgoto_nif/1")]
    public static Term Go(Process* p, Term* a) => Go(p, a[0], Term.Small(0), Term.Small(0));

    [Bif("prim_tty:tgoto_nif/2")]
    public static Term GoColumn(Process* p, Term* a) => Go(p, a[0], a[1], Term.Small(0));

    [Bif("prim_tty:tgoto_nif/3")]
    public static Term GoBoth(Process* p, Term* a) => Go(p, a[0], a[1], a[2]);

    // The row is the first parameter of a description.
    private static Term Go(Process* p, Term text, Term column, Term row)
    {
        Term* x = stackalloc Term[] { text, Process.Cons(p, row, Process.Cons(p, column, Term.Nil)) };
        return TerminfoBifs.Put(p, x);
    }
}
