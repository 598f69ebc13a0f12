// The file server in bare mode: there is none, so what module file would ask it is done in the process that asks. Files that are not raw get OTP's own
// process (file_io_server), as the server would start it.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Stands in for file_server_2.</summary>
public static unsafe class BareModeFiles
{
    // As many as a trap takes; copy has the most.
    private const int MostArguments = 8;

    private const long CopyBytes = 65536;

    /// <summary>
    /// A call of the file server: goes on in the function of prim_file that the server would call. Rule: file_server:handle_call/3.
    /// </summary>
    [Bif("file:call/2", BifKind.Traps | BifKind.Private)]
    public static Term Call(Process* p, Term* a)
    {
        Term command = a[0];
        if (command == Am.Copy) return Copy(p, a);
        int arity = 0;
        for (Term l = a[1]; l.IsCons && arity < MostArguments; l = l.Tail) p->TrapArgs[arity++] = l.Head.Bits;
        Term module = Am.PrimFile;
        if (command == Am.Open)
        {
            // The request of another process would be {open, Name, Modes}: its pid comes first.
            if (arity != 2 || !new Term(p->TrapArgs[1]).IsList) return Process.Tuple(p, Am.Error, Am.Einval);
            p->TrapArgs[2] = p->TrapArgs[1];
            p->TrapArgs[1] = p->TrapArgs[0];
            p->TrapArgs[0] = p->Pid.Bits;
            arity = 3;
            module = AtomTable.Intern("file_io_server"u8);
            command = Am.Start;
        }
        Export* e = ExportTable.Put(p->Machine, module, command, arity);
        if (e == null) return Process.SystemLimit(p);
        p->TrapTo = e;
        p->TrapArity = arity;
        p->Fail = FailKind.Trap;
        return Term.None;
    }

    // Copies a file: name and modes of the source, name and modes of the destination, most bytes or an atom. {ok, Bytes} or {error, Posix}.
    private static Term Copy(Process* p, Term* a)
    {
        Machine* m = p->Machine;
        if (!DirtyPool.Runs(p)) return DirtyPool.Enter(p, a, ExportTable.Put(m, Am.File, Am.Call, 2), &m->DirtyIo);
        Term* e = stackalloc Term[5];
        Term list = a[1];
        for (int i = 0; i < 5; i++, list = list.Tail)
        {
            if (!list.IsCons) return Process.Badarg(p);
            e[i] = list.Head;
        }
        long most = long.MaxValue;
        if (!e[4].IsAtom && (!Arithmetic.TryLong(e[4], out most) || most < 0)) return Process.Tuple(p, Am.Error, Am.Badarg);
        Errno error = Open(p, e, OpenModes.Read, out int source);
        if (error == Errno.None && source < 0) return Process.Tuple(p, Am.Error, Am.Badarg);
        if (error != Errno.None) return PosixError.Make(p, error);
        long copied = 0;
        error = Open(p, e + 2, OpenModes.Write, out int target);
        if (error == Errno.None && target >= 0)
        {
            error = CopyAll(source, target, most, out copied);
            _ = Files.Close(target);
        }
        _ = Files.Close(source);
        if (error != Errno.None) return PosixError.Make(p, error);
        return target < 0 ? Process.Tuple(p, Am.Error, Am.Badarg) : Process.Tuple(p, Am.Ok, Process.Integer(p, copied));
    }

    // Opens a name with modes; -1 without an error: they are bad.
    private static Errno Open(Process* p, Term* named, OpenModes mode, out int descriptor)
    {
        descriptor = -1;
        Term native = FileNameBifs.NameToNative(p, named);
        if (native.IsNone) return Errno.None;
        NativePath path = new(native);
        Errno error = path.Error;
        if (error == Errno.None) error = PrimFileBifs.OpenNamed(p->Machine, path.Text, Process.Cons(p, mode == OpenModes.Read ? Am.Read : Am.Write, named[1]), out descriptor, out _);
        path.Free();
        return error;
    }

    private static Errno CopyAll(int source, int target, long most, out long copied)
    {
        copied = 0;
        byte* buffer = (byte*)Allocator.Alloc((nuint)CopyBytes, Owner.Temporary);
        if (buffer == null) return Errno.Enomem;
        Errno error = Errno.None;
        while (error == Errno.None && copied < most)
        {
            error = Files.ReadAll(source, buffer, (nuint)System.Math.Min(most - copied, CopyBytes), out nuint n);
            if (error != Errno.None || n == 0) break;
            error = Files.WriteAll(target, buffer, n);
            copied += (long)n;
        }
        Allocator.Free(buffer, (nuint)CopyBytes, Owner.Temporary);
        return error;
    }
}
