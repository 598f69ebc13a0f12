// The start of OTP's own system: the preloaded modules, the first process and the system processes that the emulator makes itself (erl_start in OTP). Everything
// else OTP does in Erlang: erl_init, init, the boot script, kernel.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;

/// <summary>Starts OTP in a machine made for it (Machine.Create(full: true)).</summary>
public static unsafe class FullBoot
{
    /// <summary>
    /// Loads the modules that OTP's emulator holds ready: from a folder (null: none) where it has them, else from the archive. False, with the name of the module
    /// in <paramref name="missing"/>: neither has it. <paramref name="emulator"/>: the first number of the version of the
    /// emulator whose folder it is: older ones have more natives.
    /// </summary>
    public static bool LoadPreloaded(Machine* m, byte* folder, int emulator, out Term missing)
    {
        ReadOnlySpan<byte> names = ErlangCodeBifs.Preloaded;
        // The natives first: code that is loaded later calls them in another way than functions.
        if (emulator <= LastOlder) BifTable.RegisterOlder(m);
        if (emulator <= LastOldest) BifTable.RegisterOldest(m);
        m->OlderOtp = emulator <= LastOlder ? 1 : 0;
        missing = Term.None;
        for (int start = 0, i = 0; i < names.Length; i++)
        {
            if (names[i] != ' ') continue;
            Term name = AtomTable.Intern(names[start..i]);
            start = i + 1;
            if ((folder != null && ModuleFinder.LoadFrom(m, folder, name)) || ModuleFinder.LoadArchived(m, name)) continue;
            missing = name;
            return false;
        }
        return true;
    }

    /// <summary>
    /// Makes process 0, which calls erl_init:start(BootModule, Arguments), and the system processes. Arguments are zero-terminated texts, given to OTP as binaries.
    /// Null when memory is out.
    /// </summary>
    public static Process* Start(Machine* m, byte** arguments, int count)
    {
        Process* p = ProcessState.Create(m);
        if (p == null) return null;
        Term list = Term.Nil;
        for (int i = count - 1; i >= 0; i--)
        {
            int n = 0;
            while (arguments[i][n] != 0) n++;
            list = Process.Cons(p, Binaries.FromBytes(p, arguments[i], n), list);
        }
        Term* x = stackalloc Term[] { m->Settings.BootModule, list };
        p->Flags.SetSystem();
        PortTable.AddForker(m, p->Pid);
        _ = SystemFlags.Set(p, Am.SystemLogger, Am.Logger);
        ProcessState.SetCall(p, ExportTable.Put(m, Am.ErlInit, Am.Start, 2), x, 2);
        bool good = System(p, Am.ErtsCodePurger, Am.High)
            && System(p, Am.ErtsLiteralAreaCollector, Am.High)
            && System(p, Am.ErtsDirtyProcessSignalHandler, Am.Normal)
            && System(p, Am.ErtsDirtyProcessSignalHandler, Am.High)
            && System(p, Am.ErtsDirtyProcessSignalHandler, Am.Max)
            && System(p, Am.ErtsTraceCleaner, Am.Normal);
        return good ? p : null;
    }

    // The emulators of OTP 28 and 26.
    private const int LastOlder = 16, LastOldest = 14;

    private static bool System(Process* first, Term module, Term priority)
    {
        SpawnOptions o = SpawnOptions.Default;
        o.Priority = priority;
        o.MessageQueue = Am.OffHeap;
        return !SpawnBifs.SpawnSystem(first, module, Am.Start, Term.Nil, ref o).IsNone;
    }
}
