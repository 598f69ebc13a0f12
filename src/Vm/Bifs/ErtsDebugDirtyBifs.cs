// erts_debug:dirty_cpu/2, dirty_io/2 and dirty/3: with these OTP's test suites have work done on dirty threads.
namespace MyBeam.Vm;

using MyBeam.Memory;

internal static unsafe class ErtsDebugDirtyBifs
{
    private const long Copies = 1000, Millisecond = 1_000_000;

    [Bif("erts_debug:dirty_cpu/2")]
    public static Term DirtyCpu(Process* p, Term* a) =>
        DirtyPool.Runs(p) ? Do(p, Am.DirtyCpu, a) : DirtyPool.Enter(p, a, ExportTable.Put(p->Machine, Am.ErtsDebug, Am.DirtyCpu, 2), &p->Machine->DirtyCpu);

    [Bif("erts_debug:dirty_io/2")]
    public static Term DirtyIo(Process* p, Term* a) =>
        DirtyPool.Runs(p) ? Do(p, Am.DirtyIo, a) : DirtyPool.Enter(p, a, ExportTable.Put(p->Machine, Am.ErtsDebug, Am.DirtyIo, 2), &p->Machine->DirtyIo);

    [Bif("erts_debug:dirty/3")]
    public static Term Dirty(Process* p, Term* a)
    {
        if (a[0] == Am.Normal || DirtyPool.Runs(p)) return Do(p, a[0], a + 1);
        if (a[0] != Am.DirtyCpu && a[0] != Am.DirtyIo) return Process.Badarg(p);
        Export* self = ExportTable.Put(p->Machine, Am.ErtsDebug, Am.Dirty, 3);
        return DirtyPool.Enter(p, a, self, a[0] == Am.DirtyCpu ? &p->Machine->DirtyCpu : &p->Machine->DirtyIo);
    }

    private static Term Do(Process* p, Term where, Term* a)
    {
        Term what = a[0], with = a[1];
        if (what == Am.Scheduler) return with == Am.Type ? where : Process.Badarg(p);
        if (what == Am.Error)
        {
            bool named = with == Am.Notsup || with == Am.Undef || with == Am.Badarith || with == Am.Noproc || with == Am.SystemLimit;
            return named ? Process.Error(p, with) : Process.Badarg(p);
        }
        if (what == Am.Copy)
        {
            Term list = Term.Nil;
            for (long i = 0; i < Copies; i++) list = Process.Cons(p, with, list);
            return list;
        }
        if (what == Am.Send) return Tell(p, with, Am.Ok);
        if (what == Am.Wait)
        {
            if (!with.IsSmall || with.SmallValue < 0) return Process.Badarg(p);
            DirtyPool.Wait(p, with.SmallValue * Millisecond);
            return Am.Ok;
        }
        // In OTP it goes from one kind of thread to the next each time.
        if (what == Am.Reschedule) return with.IsSmall && with.SmallValue >= 0 && with.SmallValue % 2 == 0 ? Am.Ok : Process.Badarg(p);
        if (what == Am.ReadyWait6Done)
        {
            Tell(p, with, Am.Ready);
            DirtyPool.Wait(p, 6000 * Millisecond);
            return Tell(p, a[1], Am.Done);
        }
        if (what == Am.AliveWaitexiting || what == Am.AliveWaitexitingonly)
        {
            Tell(p, with, Am.Alive);
            while (!DirtyPool.Wait(p, 1000 * Millisecond)) { }
            return Am.Ok;
        }
        return Process.Badarg(p);
    }

    // {What, self()}
    private static Term Tell(Process* p, Term to, Term what)
    {
        Term* e = stackalloc Term[] { what, p->Pid };
        Signals.Tuple(p->Machine, null, to, e, 2);
        return Am.Ok;
    }
}
