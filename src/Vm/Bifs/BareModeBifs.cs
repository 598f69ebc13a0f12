// Natives that stand in for system processes in bare mode (ARCHITECTURE 8): sending, and monitors on the group leader, which io:request/2 sets around each request.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Messages and monitors as far as one process needs them.</summary>
public static unsafe class BareModeBifs
{
    /// <summary>erlang:'!'/2, send/2: the message.</summary>
    [Bif("erlang:!/2")]
    [Bif("erlang:send/2")]
    public static Term Send(Process* p, Term* a) => Messages.Send(p, a[0], a[1]) ? a[1] : Term.None;

    /// <summary>send/3: ok. The options nosuspend and noconnect change nothing for local receivers.</summary>
    [Bif("erlang:send/3")]
    public static Term Send3(Process* p, Term* a)
    {
        for (Term o = a[2]; !o.IsNil; o = o.Tail)
            if (!o.IsCons || (o.Head != Am.Nosuspend && o.Head != Am.Noconnect && o.Head != Am.Priority)) return Process.Badarg(p);
        return Messages.Send(p, a[0], a[1]) ? Am.Ok : Term.None;
    }

    /// <summary>monitor/2: a reference. The group leader lives as long as the VM; any other process is not there, which is told at once.</summary>
    [Bif("erlang:monitor/2")]
    [Bif("erlang:monitor/3")]
    public static Term Monitor(Process* p, Term* a)
    {
        if (a[0] != Am.Process || !(a[1].IsPid || a[1].IsAtom || a[1].IsTupleOf(2))) return Process.Badarg(p);
        Term reference = TimeBifs.NewReference(p);
        if (IoServer.Is(p->Machine, a[1]) || a[1] == p->Pid || a[1] == Am.User) return reference;
        Term down = Process.NewTuple(p, 5);
        Term* e = down.TupleElements;
        e[0] = Am.DOWN;
        e[1] = reference;
        e[2] = Am.Process;
        e[3] = a[1].IsAtom ? Process.Tuple(p, a[1], Am.Nonode) : a[1];
        e[4] = Am.Noproc;
        p->Mailbox = Messages.Append(p, p->Mailbox, down);
        return reference;
    }

    /// <summary>demonitor/1: true.</summary>
    [Bif("erlang:demonitor/1")]
    public static Term Demonitor(Process* p, Term* a) => a[0].IsReference ? Am.True : Process.Badarg(p);

    /// <summary>demonitor/2: true; with the option info: whether the monitor was there.</summary>
    [Bif("erlang:demonitor/2")]
    public static Term Demonitor2(Process* p, Term* a)
    {
        if (!a[0].IsReference) return Process.Badarg(p);
        for (Term o = a[1]; !o.IsNil; o = o.Tail)
            if (!o.IsCons || (o.Head != Am.Flush && o.Head != Am.Info)) return Process.Badarg(p);
        return Am.True;
    }

    /// <summary>net_kernel:dflag_unicode_io/1: whether the node of a pid takes Unicode I/O requests: this one does.</summary>
    [Bif("net_kernel:dflag_unicode_io/1")]
    public static Term UnicodeIo(Process* p, Term* a) => Am.True;

    /// <summary>prim_file:read_file_nif/1: {ok, Binary} or {error, Posix}. The name is a zero-terminated binary (internal_name2native/1).</summary>
    [Bif("prim_file:read_file_nif/1")]
    public static Term ReadFile(Process* p, Term* a)
    {
        if (!Binaries.Bytes(a[0], out byte* name, out long offset, out long bits) || offset != 0 || (bits & 7) != 0 || bits == 0 || name[(bits / 8) - 1] != 0) return Process.Badarg(p);
        byte* bytes = ModuleFinder.ReadFile(name, out long size, out Platform.Errno error);
        if (bytes == null) return Process.Tuple(p, Am.Error, AtomTable.Intern(Platform.ErrnoNames.Atom(error)));
        Term data = Binaries.FromBytes(p, bytes, size);
        Allocator.Free(bytes, (nuint)size, Owner.Loader);
        return Process.Tuple(p, Am.Ok, data);
    }
}
