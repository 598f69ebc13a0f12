// Natives of erl_ddll. MyBeam loads no driver libraries: every one is answered for as one that cannot be opened.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;
using MyBeam.Platform;

public static unsafe class ErlDdllBifs
{
    // {open_error, N}: OTP numbers the errors of the dynamic loader from -10 on as they turn up.
    private const int NoFile = -10, NotLoadable = -11;

    private static Term Error(Process* p, Term why) => Process.Tuple(p, Am.Error, why);

    /// <summary>Options: {driver_options, [kill_ports]}, {monitor, pending_driver | pending}, {reload, …}.</summary>
    [Bif("erl_ddll:try_load/3")]
    public static Term TryLoad(Process* p, Term* a)
    {
        Term o = a[2];
        for (; o.IsCons; o = o.Tail)
        {
            if (!o.Head.IsTupleOf(2)) return Process.Badarg(p);
            Term key = o.Head.TupleElements[0], value = o.Head.TupleElements[1];
            bool pending = value == Am.PendingDriver || value == Am.Pending;
            if (key == Am.DriverOptions ? !OnlyKillPorts(value) : !((key == Am.Monitor || key == Am.Reload) && pending)) return Process.Badarg(p);
        }
        if (!o.IsNil) return Process.Badarg(p);
        TextBuffer file = default, name = default;
        bool valid = FileNameBifs.Native(a[0], true, ref file) && FileNameBifs.Native(a[1], true, ref name);
        file.AddByte('/');
        file.Add(name.Text);
        file.Add(".so\0"u8);
        bool there = valid && ChildProcess.CanRun(file.Data) != Errno.Enoent;
        file.Free();
        name.Free();
        return valid ? Error(p, Process.Tuple(p, Am.OpenError, Term.Small(there ? NotLoadable : NoFile))) : Process.Badarg(p);
    }

    private static bool OnlyKillPorts(Term list)
    {
        for (; list.IsCons; list = list.Tail)
            if (list.Head != Am.KillPorts) return false;
        return list.IsNil;
    }

    private static bool IsName(Term t)
    {
        TextBuffer name = default;
        bool valid = FileNameBifs.Native(t, true, ref name);
        name.Free();
        return valid;
    }

    [Bif("erl_ddll:try_unload/2")]
    public static Term TryUnload(Process* p, Term* a) => IsName(a[0]) ? Error(p, Am.NotLoaded) : Process.Badarg(p);

    /// <summary>Drivers that are built in: the names are strings.</summary>
    [Bif("erl_ddll:loaded_drivers/0")]
    public static Term LoadedDrivers(Process* p, Term* a)
    {
        ReadOnlySpan<byte> driver = "ram_file_drv"u8;
        Term name = Term.Nil;
        for (int i = driver.Length - 1; i >= 0; i--) name = Process.Cons(p, Term.Small(driver[i]), name);
        return Process.Tuple(p, Am.Ok, Process.Cons(p, name, Term.Nil));
    }

    /// <summary>No driver has information.</summary>
    [Bif("erl_ddll:info/2")]
    public static Term Info(Process* p, Term* a) => Process.Badarg(p);

    /// <summary>monitor(driver, {Name, loaded | unloaded | unloaded_only}): no driver is there, so the message comes at once.</summary>
    [Bif("erl_ddll:monitor/2")]
    public static Term Monitor(Process* p, Term* a)
    {
        if (a[0] != Am.Driver || !a[1].IsTupleOf(2)) return Process.Badarg(p);
        Term name = a[1].TupleElements[0], what = a[1].TupleElements[1];
        if (!IsName(name) || (what != Am.Loaded && what != Am.Unloaded && what != Am.UnloadedOnly)) return Process.Badarg(p);
        Term reference = TimeBifs.NewReference(p);
        Term* e = stackalloc Term[] { Am.DOWN, reference, Am.Driver, name, Am.Unloaded };
        Signals.Tuple(p->Machine, p->Context, p->Pid, e, 5);
        return reference;
    }

    [Bif("erl_ddll:demonitor/1")]
    public static Term Demonitor(Process* p, Term* a) => a[0].IsReference ? Am.True : Process.Badarg(p);

    /// <summary>The text of an error, as OTP has it: programs show these.</summary>
    [Bif("erl_ddll:format_error_int/1")]
    public static Term FormatErrorInt(Process* p, Term* a)
    {
        Term code = a[0];
        ReadOnlySpan<byte> text = default;
        if (code.IsAtom) text = OfAtom(code);
        else if (code.IsTupleOf(2) && code.TupleElements[0] == Am.OpenError && code.TupleElements[1].IsSmall) text = OfNumber(code.TupleElements[1].SmallValue);
        return text.IsEmpty ? Process.Badarg(p) : CharacterLists.Of(p, text);
    }

    private static ReadOnlySpan<byte> OfAtom(Term code)
    {
        if (code == Am.Inconsistent) return "Driver name and/or driver options are inconsistent with currently loaded driver"u8;
        if (code == Am.LinkedInDriver) return "Driver is statically linked and cannot be loaded/unloaded"u8;
        if (code == Am.Permanent) return "DDLL driver is permanent an cannot be unloaded/loaded"u8;
        if (code == Am.NotLoaded) return "DDLL driver is not loaded"u8;
        if (code == Am.NotLoadedByThisProcess) return "DDLL driver was not loaded by this process"u8;
        if (code == Am.NotPending) return "DDLL load not pending for this driver name"u8;
        if (code == Am.AlreadyLoaded) return "DDLL driver is already loaded successfully"u8;
        if (code == Am.PendingReload) return "Driver reloading is already pending"u8;
        if (code == Am.PendingProcess) return "Driver is loaded by others when attempting option {reload, pending_driver}"u8;
        return default;
    }

    private static ReadOnlySpan<byte> OfNumber(long number) => number switch
    {
        -1 => "No driver init in dynamic library"u8,
        -2 => "Driver init failed"u8,
        -3 => "Bad driver name"u8,
        -4 => "Driver name to long"u8,
        -5 => "Driver compiled with incorrect version of erl_driver.h"u8,
        -6 => "DDLL functionality not available on this platform"u8,
        -7 => "Unspecified dynamic library error"u8,
        NoFile => "cannot open shared object file: No such file or directory"u8,
        NotLoadable => "driver libraries cannot be loaded"u8,
        < NotLoadable => "Unknown dlload error"u8,
        _ => "Unspecified error"u8,
    };
}
