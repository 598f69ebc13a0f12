// os:set_signal/2: signals of the operating system become messages to the process erl_signal_server.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>The pipe that the signal handler writes to; embedded in Machine. Signals belong to the OS process: the VM that asked last gets them.</summary>
public unsafe struct OsSignalPipe
{
    private OsMutex mutex;
    private int opened, readEnd, writeEnd;

    /// <summary>The signal of an atom (sigterm …), or 0.</summary>
    public static int Number(Term name)
    {
        if (name == Am.Sighup) return 1;
        if (name == Am.Sigquit) return 3;
        if (name == Am.Sigabrt) return 6;
        if (name == Am.Sigusr1) return 10;
        if (name == Am.Sigusr2) return 12;
        if (name == Am.Sigalrm) return 14;
        if (name == Am.Sigterm) return 15;
        if (name == Am.Sigchld) return 17;
        if (name == Am.Sigcont) return 18;
        if (name == Am.Sigstop) return 19;
        if (name == Am.Sigtstp) return 20;
        return name == Am.Sigwinch ? 28 : 0;
    }

    private static Term Name(int number) => number switch
    {
        1 => Am.Sighup,
        3 => Am.Sigquit,
        6 => Am.Sigabrt,
        10 => Am.Sigusr1,
        12 => Am.Sigusr2,
        14 => Am.Sigalrm,
        15 => Am.Sigterm,
        17 => Am.Sigchld,
        18 => Am.Sigcont,
        20 => Am.Sigtstp,
        28 => Am.Sigwinch,
        _ => Term.None,
    };

    /// <summary>Has a signal sent to erl_signal_server as {notify, Name}. What cannot be caught stays as it is, as in OTP.</summary>
    public static Errno Handle(Machine* m, int number)
    {
        OsSignalPipe* t = &m->Signals;
        t->mutex.Lock();
        Errno error = Errno.None;
        if (t->opened == 0)
        {
            error = Files.Pipe(out t->readEnd, out t->writeEnd);
            if (error == Errno.None)
            {
                Files.SetNonBlocking(t->readEnd, true);
                Files.SetNonBlocking(t->writeEnd, true);
                t->opened = 1;
                OsSignals.NoteTo(t->writeEnd);
                error = Poller.Watch(m, t->readEnd, PollEvents.Read, &Arrived, null);
            }
        }
        t->mutex.Unlock();
        if (error == Errno.None) OsSignals.Note((OsSignal)number);
        return error;
    }

    /// <summary>What OTP's emulator handles from its start: SIGTERM, SIGUSR1 and SIGQUIT (erl_signal_handler says what they do). For a full system.</summary>
    public static void Start(Machine* m)
    {
        Handle(m, (int)OsSignal.Terminate);
        Handle(m, (int)OsSignal.User1);
        Handle(m, (int)OsSignal.Quit);
    }

    private static void Arrived(Machine* m, void* data, int descriptor, PollEvents events)
    {
        byte* numbers = stackalloc byte[64];
        if (Files.Read(descriptor, numbers, 64, out nuint n) == Errno.None)
        {
            Term server = Registry.WhereIs(m, Am.ErlSignalServer);
            Term* e = stackalloc Term[] { Am.Notify, Term.None };
            for (nuint i = 0; i < n; i++)
            {
                e[1] = Name(numbers[i]);
                if (!server.IsNone && !e[1].IsNone) Signals.Tuple(m, null, server, e, 2);
            }
        }
        Poller.Watch(m, descriptor, PollEvents.Read, &Arrived, null);
    }

    /// <summary>Handlers write nowhere from here on.</summary>
    public static void Destroy(Machine* m)
    {
        OsSignalPipe* t = &m->Signals;
        if (t->opened == 0) return;
        OsSignals.NoteTo(-1);
        Poller.Forget(m, t->readEnd);
        Files.Close(t->readEnd);
        Files.Close(t->writeEnd);
        t->opened = 0;
    }
}

public static unsafe class OsSignalBifs
{
    /// <summary>ignore, default or handle.</summary>
    [Bif("os:set_signal/2")]
    public static Term SetSignal(Process* p, Term* a)
    {
        if (a[1] != Am.Ignore && a[1] != Am.Default && a[1] != Am.Handle) return Process.Badarg(p, Am.Badopt);
        int number = OsSignalPipe.Number(a[0]);
        if (number == 0) return Process.Badarg(p);
        // A SIGCHLD that is ignored would take the exit status of programs away from their ports; by default it does nothing either.
        if (a[1] == Am.Ignore && a[0] != Am.Sigchld) OsSignals.Ignore((OsSignal)number);
        else if (a[1] != Am.Handle) OsSignals.SetDefault((OsSignal)number);
        else if (OsSignalPipe.Handle(p->Machine, number) != Errno.None) return Process.SystemLimit(p);
        return Am.Ok;
    }
}
