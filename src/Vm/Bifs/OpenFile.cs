// Files that processes have open through prim_file. A file belongs to the process that opened it and is closed when that process ends, whoever else
// knows the reference.
namespace MyBeam.Vm;

using System.Threading;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>What the natives may do with an open file. Rule: prim_file_nif's states.</summary>
public static class FileState
{
    /// <summary>Idle: nobody uses it. Busy: an operation runs. ClosePending: its owner died during the operation, which closes it when it is done. Closed.</summary>
    public const int Idle = 0, Busy = 1, ClosePending = 2, Closed = 3;
}

/// <summary>Open files of a VM.</summary>
public struct OpenFiles
{
    /// <summary>Guards the lists of files that hang off processes (ProcessExtra.Files).</summary>
    public OsMutex Lock;
    /// <summary>The process that closes files of dead owners, as load_nif/2 got to know it, or None: then they are closed at once.</summary>
    public Term Janitor;
}

/// <summary>
/// An open file behind a magic reference. The open state is a claim of its own: a file whose reference is forgotten stays open until its owner ends, as in OTP.
/// </summary>
public unsafe struct OpenFile
{
    public NativeResource Head;
    private int state;
    private int descriptor;
    private Machine* machine;
    // The owner's list, guarded by OpenFiles.Lock. Link: what points here; null: it is in no list.
    private OpenFile* next;
    private OpenFile** link;

    /// <summary>The descriptor.</summary>
    public readonly int Descriptor => descriptor;

    /// <summary>1: it is a copy of a file of the archive, which cannot be written to.</summary>
    public int ReadOnly;

    /// <summary>{ok, Reference} for a descriptor, which is the file's from here on; the process is its owner.</summary>
    public static Term Make(Process* p, int descriptor, bool readOnly)
    {
        ProcessExtra* x = ProcessExtra.Of(p);
        OpenFile* f = x == null ? null : (OpenFile*)Allocator.AllocZeroed((nuint)sizeof(OpenFile), Owner.Files);
        if (f == null)
        {
            _ = Files.Close(descriptor);
            return Process.SystemLimit(p);
        }
        Machine* m = p->Machine;
        f->Head.RefCount = 2;
        f->Head.Destroy = &Destroy;
        f->Head.Kind = ResourceKind.OpenFile;
        f->descriptor = descriptor;
        f->machine = m;
        f->ReadOnly = readOnly ? 1 : 0;
        m->OpenFiles.Lock.Lock();
        f->next = x->Files;
        f->link = &x->Files;
        if (f->next != null) f->next->link = &f->next;
        x->Files = f;
        m->OpenFiles.Lock.Unlock();
        Term reference = MagicRefs.Make(p, &f->Head);
        if (!reference.IsNone) return Process.Tuple(p, Am.Ok, reference);
        Interlocked.Exchange(ref f->state, FileState.Closed);
        Close(f);
        return Term.None;
    }

    /// <summary>
    /// The file behind a reference, marked busy until <see cref="Leave"/>. Null, with the native's result in <paramref name="failed"/>: badarg for another
    /// term, {error, einval} when it is closed or somebody else uses it at this moment.
    /// </summary>
    public static OpenFile* Enter(Process* p, Term reference, out Term failed)
    {
        OpenFile* f = (OpenFile*)MagicRefs.Open(reference, ResourceKind.OpenFile);
        if (f == null)
        {
            failed = Process.Badarg(p);
            return null;
        }
        if (Interlocked.CompareExchange(ref f->state, FileState.Busy, FileState.Idle) == FileState.Idle)
        {
            failed = Term.None;
            return f;
        }
        failed = PosixError.Make(p, Errno.Einval);
        return null;
    }

    /// <summary>Ends the operation; gives its result on.</summary>
    public static Term Leave(OpenFile* f, Term result)
    {
        if (Interlocked.CompareExchange(ref f->state, FileState.Idle, FileState.Busy) != FileState.Busy)
        {
            Interlocked.Exchange(ref f->state, FileState.Closed);
            Close(f);
        }
        return result;
    }

    /// <summary>Closes a file that nobody uses. Einval when it is not open, or in use.</summary>
    public static Errno TryClose(OpenFile* f) =>
        Interlocked.CompareExchange(ref f->state, FileState.Closed, FileState.Idle) == FileState.Idle ? Close(f) : Errno.Einval;

    /// <summary>Closes a file whose owner is dead. False: it is not that far.</summary>
    public static bool CloseOrphan(OpenFile* f)
    {
        if (Volatile.Read(ref f->state) != FileState.Closed) return false;
        _ = CloseDescriptor(f);
        return true;
    }

    // The state is Closed, set by the caller, so nobody else comes here; gives the claim of the open file back.
    private static Errno Close(OpenFile* f)
    {
        f->machine->OpenFiles.Lock.Lock();
        Unlink(f);
        f->machine->OpenFiles.Lock.Unlock();
        Errno error = CloseDescriptor(f);
        Resources.Release(&f->Head);
        return error;
    }

    private static Errno CloseDescriptor(OpenFile* f)
    {
        int descriptor = Interlocked.Exchange(ref f->descriptor, -1);
        return descriptor < 0 ? Errno.None : Files.Close(descriptor);
    }

    private static void Unlink(OpenFile* f)
    {
        if (f->link == null) return;
        *f->link = f->next;
        if (f->next != null) f->next->link = f->link;
        f->next = null;
        f->link = null;
    }

    // Files handed to the janitor, whose message never arrived, are still open here.
    private static void Destroy(NativeResource* r)
    {
        _ = CloseDescriptor((OpenFile*)r);
        Allocator.Free(r, (nuint)sizeof(OpenFile), Owner.Files);
    }

    /// <summary>Closes what a process that ends has open, or has the janitor do it.</summary>
    public static void OwnerDied(Process* p)
    {
        ProcessExtra* x = p->Extra;
        if (x == null || x->Files == null) return;
        Machine* m = p->Machine;
        while (true)
        {
            m->OpenFiles.Lock.Lock();
            OpenFile* f = x->Files;
            if (f != null)
            {
                Unlink(f);
                // Somebody may be closing it at this moment.
                Resources.Retain(&f->Head);
            }
            m->OpenFiles.Lock.Unlock();
            if (f == null) return;
            Orphan(p, f);
            Resources.Release(&f->Head);
        }
    }

    private static void Orphan(Process* p, OpenFile* f)
    {
        while (true)
        {
            int was = Interlocked.CompareExchange(ref f->state, FileState.Closed, FileState.Idle);
            if (was == FileState.Idle)
            {
                if (!TellJanitor(p, f)) _ = CloseDescriptor(f);
                Resources.Release(&f->Head);
                return;
            }
            if (was != FileState.Busy) return;
            // Either this is seen when the operation ends, or it has ended meanwhile and is found idle.
            Interlocked.CompareExchange(ref f->state, FileState.ClosePending, FileState.Busy);
        }
    }

    // {close, Reference} to the process that has its own time to wait for slow file systems.
    private static bool TellJanitor(Process* p, OpenFile* f)
    {
        Machine* m = p->Machine;
        Term janitor = m->OpenFiles.Janitor;
        if (janitor.IsNone || janitor == p->Pid || Volatile.Read(ref m->Ending) != 0) return false;
        MagicRef r;
        m->Counters.NextReference(out r.Id0, out r.Id1);
        r.Header = Header.Make(Header.MagicRef, MagicRef.Words - 1);
        r.Resource = &f->Head;
        r.Next = null;
        Term* message = stackalloc Term[] { Am.Close, Term.Boxed(&r) };
        Signal* s = Signal.Tuple(m, message, 2);
        return s != null && Signals.Send(m, p->Context, janitor, s);
    }
}

/// <summary>{error, Reason} with the names of POSIX.</summary>
public static unsafe class PosixError
{
    /// <summary>{error, Reason}.</summary>
    public static Term Make(Process* p, Errno error) => Process.Tuple(p, Am.Error, AtomTable.Intern(ErrnoNames.Atom(error)));

    /// <summary>ok, or {error, Reason}.</summary>
    public static Term OkOr(Process* p, Errno error) => error == Errno.None ? Am.Ok : Make(p, error);
}
