// open_port/2: what a port's name says, and the start of programs.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Opens ports.</summary>
public static unsafe class PortStart
{
    // Ports of drivers that OTP has built in and that are not here: programs ask whether they are there by opening one.
    private static ReadOnlySpan<byte> Drivers => " tcp_inet sctp_inet tty_sl "u8;

    /// <summary>The port, linked to the process, or an atom that says why not (badopt, badarg, system_limit or an error of the system).</summary>
    public static Term Open(Process* p, Term name, Term settings)
    {
        PortOptions o = default;
        TextBuffer text = default;
        Term result = o.Read(p->Machine, settings) ? Open(p, name, ref o, ref text) : Am.Badopt;
        text.Free();
        o.Free();
        return result;
    }

    private static Term Open(Process* p, Term name, ref PortOptions o, ref TextBuffer text)
    {
        if (!name.IsTuple || name.TupleArity < 1) return Am.Badarg;
        Term kind = name.TupleElements[0];
        if (kind == Am.Fd)
        {
            if (!name.IsTupleOf(3) || !name.TupleElements[1].IsSmall || !name.TupleElements[2].IsSmall) return Am.Badarg;
            if (o.HasArguments || o.HasName || o.ExitStatus || !o.ReadFolder()) return Am.Badarg;
            return Descriptors(p, name.TupleElements[1].SmallValue, name.TupleElements[2].SmallValue, ref o, ref text);
        }
        if ((kind != Am.Spawn && kind != Am.SpawnDriver && kind != Am.SpawnExecutable) || !name.IsTupleOf(2)) return Am.Badarg;
        if (!FileNameBifs.Native(name.TupleElements[1], true, ref text) || text.Count == 0) return Am.Badarg;
        if (kind != Am.SpawnExecutable && (o.HasArguments || o.HasName)) return Am.Badarg;
        if (!o.ReadFolder()) return Am.Badarg;
        if (kind != Am.SpawnExecutable)
        {
            if (FirstWord(text.Text).SequenceEqual("ram_file_drv"u8)) return BuiltIn(p, PortKind.RamFile, ref o, ref text);
            if (FirstWord(text.Text).SequenceEqual("udp_inet"u8)) return BuiltIn(p, PortKind.HostName, ref o, ref text);
        }
        else if (IsHostLookup(p->Machine, ref text)) return BuiltIn(p, PortKind.HostLookup, ref o, ref text);
        if (kind == Am.SpawnDriver || (kind == Am.Spawn && IsDriver(FirstWord(text.Text)))) return Am.Badarg;
        return Program(p, kind == Am.SpawnExecutable, ref o, ref text);
    }

    private static ReadOnlySpan<byte> FirstWord(ReadOnlySpan<byte> command)
    {
        int end = command.IndexOf((byte)' ');
        return end >= 0 ? command[..end] : command;
    }

    private static bool IsDriver(ReadOnlySpan<byte> command)
    {
        ReadOnlySpan<byte> drivers = Drivers;
        for (int i = 0; command.Length > 0 && i + command.Length + 2 <= drivers.Length; i++)
            if (drivers[i] == ' ' && drivers[i + 1 + command.Length] == ' ' && drivers.Slice(i + 1, command.Length).SequenceEqual(command)) return true;
        return false;
    }

    // A port with its lock held, its options set; null: system_limit.
    private static Port* New(Process* p, PortKind kind, ref PortOptions o, ReadOnlySpan<byte> name)
    {
        Port* port = PortTable.Add(p->Machine);
        if (port == null) return null;
        port->Kind = kind;
        port->Connected = p->Pid;
        port->PacketBytes = o.PacketBytes;
        port->Lines = o.LineBytes != 0;
        port->Line.Most = o.LineBytes;
        port->Binary = o.Binary;
        port->SoftEof = o.SoftEof;
        port->ExitStatus = o.ExitStatus;
        port->Low = o.Low;
        port->High = o.High;
        port->Command = (byte*)Allocator.Alloc((nuint)name.Length, Owner.Vm);
        if (port->Command != null)
        {
            port->CommandBytes = name.Length;
            name.CopyTo(new Span<byte>(port->Command, name.Length));
        }
        return port;
    }

    // Gives up the lock.
    private static Term Linked(Process* p, Port* port)
    {
        Term id = port->Id;
        KeyEntry* mine = p->Links.Put(id.Bits, 0), its = port->Links.Put(p->Pid.Bits, 0);
        if (mine != null) mine->A = 0;
        bool good = mine != null && its != null;
        if (!good) Port.Terminate(port);
        else if (port->In >= 0) PortInput.Watch(port);
        port->Lock.Unlock();
        if (good && (p->Traced & TraceFlags.Procs) != 0) TraceMessages.Procs(p, Am.Link, id);
        return good ? id : Am.SystemLimit;
    }

    private static Term Descriptors(Process* p, long input, long output, ref PortOptions o, ref TextBuffer text)
    {
        if ((o.Input && (ulong)input > int.MaxValue) || (o.Output && (ulong)output > int.MaxValue)) return Am.Einval;
        // More descriptors than that no system allows.
        if ((o.Input && input >= MostDescriptors) || (o.Output && output >= MostDescriptors)) return Am.Einval;
        text.AddNumber((int)input);
        text.AddByte('/');
        text.AddNumber((int)output);
        Port* port = New(p, PortKind.Descriptors, ref o, text.Text);
        if (port == null) return Am.SystemLimit;
        port->In = o.Input ? (int)input : -1;
        port->Out = o.Output ? (int)output : -1;
        return Linked(p, port);
    }

    // Only a program has an exit status.
    private static Term BuiltIn(Process* p, PortKind kind, ref PortOptions o, ref TextBuffer text)
    {
        if (o.ExitStatus) return Am.Badarg;
        Port* port = New(p, kind, ref o, text.Text);
        return port == null ? Am.SystemLimit : Linked(p, port);
    }

    // A program of the OTP in the executable, where programs cannot be.
    private static bool IsHostLookup(Machine* m, ref TextBuffer text)
    {
        ReadOnlySpan<byte> program = "/bin/inet_gethost"u8, name = text.Text;
        return name.EndsWith(program) && ArchiveFiles.Handles(m, text.Data);
    }

    private const long MostDescriptors = 1 << 20;

    private static Term Program(Process* p, bool executable, ref PortOptions o, ref TextBuffer text)
    {
        if (executable)
        {
            Errno able = ChildProcess.CanRun(text.Data);
            if (able != Errno.None) return AtomTable.Intern(ErrnoNames.Atom(able));
        }
        Port* port = New(p, PortKind.Program, ref o, text.Text);
        if (port == null) return Am.SystemLimit;
        Errno error = Start(port, executable, ref o, ref text);
        if (error == Errno.None) return Linked(p, port);
        Port.Terminate(port);
        port->Lock.Unlock();
        return AtomTable.Intern(ErrnoNames.Atom(error));
    }

    private static Errno Start(Port* port, bool executable, ref PortOptions o, ref TextBuffer text)
    {
        int theirInput = -1, theirOutput = -1;
        Errno error = Errno.None;
        if (o.Output) error = Files.Pipe(out theirInput, out port->Out);
        if (error == Errno.None && o.Input) error = Files.Pipe(out port->In, out theirOutput);
        if (error == Errno.None)
        {
            if (port->In >= 0) Files.SetNonBlocking(port->In, true);
            if (port->Out >= 0) Files.SetNonBlocking(port->Out, true);
            error = Run(port, executable, theirInput, theirOutput, ref o, ref text);
        }
        if (theirInput >= 0) Files.Close(theirInput);
        if (theirOutput >= 0) Files.Close(theirOutput);
        return error;
    }

    private static Errno Run(Port* port, bool executable, int input, int output, ref PortOptions o, ref TextBuffer text)
    {
        TextRow row = default;
        fixed (byte* shell = "/bin/sh\0"u8)
        {
            byte** arguments;
            if (executable)
            {
                if (!o.HasArguments) o.Arguments.Add(""u8);
                arguments = o.Arguments.Addresses(o.HasName ? o.Name.Data : text.Data);
            }
            else
            {
                row.Add("sh"u8);
                row.Add("-c"u8);
                row.Begin();
                row.Texts.Add("exec "u8);
                row.Texts.Add(text.Text);
                row.Texts.AddByte(0);
                arguments = row.Addresses(null);
            }
            ChildStart start = default;
            start.Program = executable ? text.Data : shell;
            start.Arguments = arguments;
            start.Environment = o.Environment.Addresses(null);
            start.Folder = o.HasFolder ? o.Folder.Data : null;
            start.Input = input;
            start.Output = output;
            start.StandardError = o.ErrorToOutput ? output : -1;
            start.Beside = o.Beside ? 1 : 0;
            Errno error = Errno.Enomem;
            int ended = -1;
            if (arguments != null && start.Environment != null) error = ChildProcess.Start(&start, out port->OsProcess, out ended);
            if (error == Errno.None && !PortTable.AddChild(port->Machine, port, port->OsProcess, ended)) error = Errno.Enomem;
            row.Free();
            return error;
        }
    }
}
