// The natives of prim_file that work on names. All run on a dirty thread. Rule: OTP 29's prim_file_nif.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>
/// A name as the system takes it: the bytes of a binary that internal_name2native/1 made, with a zero at the end. Text is valid until Free and only while the
/// binary is; null when Error says what is wrong with it.
/// </summary>
internal unsafe struct NativePath
{
    public byte* Text;
    public Errno Error;
    private byte* copy;
    private readonly long bytes;

    /// <summary>Opens a term.</summary>
    public NativePath(Term t)
    {
        Text = null;
        copy = null;
        Error = Errno.Einval;
        if (!Binaries.Aligned(t, out byte* data, out bytes, out copy)) return;
        long zero = 0;
        while (zero < bytes && data[zero] != 0) zero++;
        if (zero == bytes) return;
        // More zeros may follow, and behind them one byte of any value, which nobody looks at (OTP's check has it so).
        while (zero < bytes - 1 && data[zero] == 0) zero++;
        if (zero != bytes - 1) return;
        Text = data;
        Error = Errno.None;
    }

    /// <summary>Gives back what opening took.</summary>
    public void Free()
    {
        if (copy != null) Allocator.Free(copy, (nuint)bytes, Owner.Temporary);
        copy = null;
        Text = null;
    }
}

/// <summary>The record file_info.</summary>
internal static unsafe class FileInfo
{
    // From {{1902,1,1},{0,0,0}} to {{9999,12,31},{23,59,59}}: what every calendar function of OTP can take.
    private const long MinTime = -2145916800, MaxTime = 253402300799;

    /// <summary>The atom for what may be done with a file.</summary>
    public static Term Access(bool read, bool write) => read ? write ? Am.ReadWrite : Am.Read : write ? Am.Write : Am.None;

    /// <summary>#file_info{}, with times in seconds. Numbers are cut to 32 bits as OTP cuts them.</summary>
    public static Term Make(Process* p, FileStatus* s, Term access)
    {
        Term size = Process.Integer(p, s->Size);
        Term t = Process.NewTuple(p, 14);
        Term* e = t.TupleElements;
        e[0] = Am.FileInfo;
        e[1] = size;
        e[2] = s->Type switch
        {
            FileType.Regular => Am.Regular, FileType.Directory => Am.Directory, FileType.SymbolicLink => Am.Symlink, FileType.Device => Am.Device, _ => Am.Other,
        };
        e[3] = access;
        e[4] = Time(s->AccessTime);
        e[5] = Time(s->ModificationTime);
        e[6] = Time(s->ChangeTime);
        e[7] = Term.Small(s->Mode);
        e[8] = Term.Small(s->Links);
        e[9] = Term.Small((uint)s->Device);
        e[10] = Term.Small((uint)s->SpecialDevice);
        e[11] = Term.Small((uint)s->Inode);
        e[12] = Term.Small(s->User);
        e[13] = Term.Small(s->Group);
        return t;
    }

    private static Term Time(long seconds) => Term.Small(Math.Min(MaxTime, Math.Max(MinTime, seconds)));
}

/// <summary>Natives of prim_file for names.</summary>
public static unsafe class PrimFileNameBifs
{
    // Whether looking at what has this name may wait, so that it must be done on a dirty thread, which this is not: the archive lies in memory.
    private static bool MayWait(Process* p, Term name)
    {
        if (DirtyPool.Runs(p)) return false;
        NativePath path = new(name);
        bool archived = path.Error == Errno.None && PrimFileArchive.Handles(p->Machine, path.Text);
        path.Free();
        return !archived;
    }

    // An operation that changes what one name stands for.
    private static Term Change(Process* p, Term* a, Term name, delegate*<byte*, Errno> operation, delegate*<Machine*, byte*, Errno> archived)
    {
        if (!DirtyPool.Runs(p)) return PrimFileBifs.Dirty(p, a, name, 1);
        NativePath path = new(a[0]);
        Errno error = path.Error;
        if (error == Errno.None) error = PrimFileArchive.Handles(p->Machine, path.Text) ? archived(p->Machine, path.Text) : operation(path.Text);
        path.Free();
        return PosixError.OkOr(p, error);
    }

    private static Errno Refuse(Machine* m, byte* path) => PrimFileArchive.Refuse(m, path, false);

    // An operation with two names.
    private static Term Change(Process* p, Term* a, Term name, delegate*<byte*, byte*, Errno> operation)
    {
        if (!DirtyPool.Runs(p)) return PrimFileBifs.Dirty(p, a, name, 2);
        NativePath from = new(a[0]), to = new(a[1]);
        Errno error = from.Error;
        if (error == Errno.None) error = to.Error;
        if (error == Errno.None && PrimFileArchive.Handles(p->Machine, to.Text)) error = PrimFileArchive.Refuse(p->Machine, to.Text, true);
        // The target of a symbolic link may be anything.
        if (error == Errno.None && name != Am.MakeSoftLinkNif && PrimFileArchive.Handles(p->Machine, from.Text)) error = Errno.Exdev;
        if (error == Errno.None) error = operation(from.Text, to.Text);
        from.Free();
        to.Free();
        return PosixError.OkOr(p, error);
    }

    /// <summary>A second name for a file.</summary>
    [Bif("prim_file:make_hard_link_nif/2", BifKind.Traps)]
    public static Term MakeHardLink(Process* p, Term* a) => Change(p, a, Am.MakeHardLinkNif, &FileSystem.MakeHardLink);

    /// <summary>A symbolic link: what it points to, its name.</summary>
    [Bif("prim_file:make_soft_link_nif/2", BifKind.Traps)]
    public static Term MakeSoftLink(Process* p, Term* a) => Change(p, a, Am.MakeSoftLinkNif, &FileSystem.MakeSymbolicLink);

    /// <summary>Another name for a file or directory.</summary>
    [Bif("prim_file:rename_nif/2", BifKind.Traps)]
    public static Term Rename(Process* p, Term* a) => Change(p, a, Am.RenameNif, &RenameOf);

    private static Errno RenameOf(byte* from, byte* to)
    {
        Errno error = FileSystem.Rename(from, to);
        if (error == Errno.Enotempty) return Errno.Eexist;
        return error != Errno.None && from[0] == '/' && from[1] == 0 ? Errno.Einval : error;
    }

    /// <summary>A new directory.</summary>
    [Bif("prim_file:make_dir_nif/1", BifKind.Traps)]
    public static Term MakeDirectory(Process* p, Term* a) => Change(p, a, Am.MakeDirNif, &MakeDirectoryOf, &PrimFileArchive.RefuseNew);

    private static Errno MakeDirectoryOf(byte* path) => FileSystem.MakeDirectory(path, 0x1FF);

    /// <summary>Removes a name that is no directory.</summary>
    [Bif("prim_file:del_file_nif/1", BifKind.Traps)]
    public static Term Delete(Process* p, Term* a) => Change(p, a, Am.DelFileNif, &DeleteOf, &Refuse);

    private static Errno DeleteOf(byte* path)
    {
        Errno error = FileSystem.Delete(path);
        return error == Errno.Eisdir ? Errno.Eperm : error;
    }

    /// <summary>Removes an empty directory.</summary>
    [Bif("prim_file:del_dir_nif/1", BifKind.Traps)]
    public static Term DeleteDirectory(Process* p, Term* a) => Change(p, a, Am.DelDirNif, &DeleteDirectoryOf, &Refuse);

    private static Errno DeleteDirectoryOf(byte* path)
    {
        Errno error = FileSystem.RemoveDirectory(path);
        if (error is not (Errno.Enotempty or Errno.Eexist)) return error;
        // The working directory is another matter than one that is merely not empty.
        byte* here = stackalloc byte[] { (byte)'.', 0 };
        bool both = FileSystem.Status(path, true, out FileStatus it) == Errno.None & FileSystem.Status(here, true, out FileStatus cwd) == Errno.None;
        return both && it.Inode == cwd.Inode && it.Device == cwd.Device ? Errno.Einval : Errno.Eexist;
    }

    /// <summary>The working directory of the whole OS process.</summary>
    [Bif("prim_file:set_cwd_nif/1", BifKind.Traps)]
    public static Term SetWorkingDirectory(Process* p, Term* a) => Change(p, a, Am.SetCwdNif, &FileSystem.SetWorkingDirectory, &PrimFileArchive.RefuseWorkingDirectory);

    /// <summary>#file_info{} with times in seconds, of a link itself when the number is 0.</summary>
    [Bif("prim_file:read_info_nif/2", BifKind.Traps)]
    public static Term ReadInfo(Process* p, Term* a)
    {
        if (MayWait(p, a[0])) return PrimFileBifs.Dirty(p, a, Am.ReadInfoNif, 2);
        if (!PrimFileBifs.TryInt(a[1], out int follow)) return Process.Badarg(p);
        NativePath path = new(a[0]);
        Errno error = path.Error;
        FileStatus status = default;
        Term access = Am.Read;
        if (error == Errno.None)
        {
            if (PrimFileArchive.Handles(p->Machine, path.Text)) error = PrimFileArchive.Status(p->Machine, path.Text, out status);
            else
            {
                error = FileSystem.Status(path.Text, follow != 0, out status);
                if (error == Errno.None)
                    access = FileInfo.Access(FileSystem.Access(path.Text, FileAccessModes.Read) == Errno.None, FileSystem.Access(path.Text, FileAccessModes.Write) == Errno.None);
            }
        }
        path.Free();
        return error == Errno.None ? FileInfo.Make(p, &status, access) : PosixError.Make(p, error);
    }

    /// <summary>The permission bits, and those of set-user-id and set-group-id if they can be had.</summary>
    [Bif("prim_file:set_permissions_nif/2", BifKind.Traps)]
    public static Term SetPermissions(Process* p, Term* a)
    {
        if (!DirtyPool.Runs(p)) return PrimFileBifs.Dirty(p, a, Am.SetPermissionsNif, 2);
        if (!a[1].IsSmall || a[1].SmallValue is < 0 or > uint.MaxValue) return Process.Badarg(p);
        // Octal 6777: what can be changed.
        uint bits = (uint)a[1].SmallValue & 0xDFF;
        NativePath path = new(a[0]);
        Errno error = path.Error;
        if (error == Errno.None) error = PrimFileArchive.Handles(p->Machine, path.Text) ? Refuse(p->Machine, path.Text) : FileSystem.SetPermissions(path.Text, bits);
        if (path.Error == Errno.None && error == Errno.Eperm) error = FileSystem.SetPermissions(path.Text, bits & 0x1FF);
        path.Free();
        return PosixError.OkOr(p, error);
    }

    /// <summary>User and group; -1 leaves one as it is.</summary>
    [Bif("prim_file:set_owner_nif/3", BifKind.Traps)]
    public static Term SetOwner(Process* p, Term* a)
    {
        if (!DirtyPool.Runs(p)) return PrimFileBifs.Dirty(p, a, Am.SetOwnerNif, 3);
        if (!PrimFileBifs.TryInt(a[1], out int user) || !PrimFileBifs.TryInt(a[2], out int group)) return Process.Badarg(p);
        NativePath path = new(a[0]);
        Errno error = path.Error;
        if (error == Errno.None) error = PrimFileArchive.Handles(p->Machine, path.Text) ? Refuse(p->Machine, path.Text) : FileSystem.SetOwner(path.Text, (uint)user, (uint)group);
        path.Free();
        return PosixError.OkOr(p, error);
    }

    /// <summary>Access and modification time, in seconds; the third time is for other systems.</summary>
    [Bif("prim_file:set_time_nif/4", BifKind.Traps)]
    public static Term SetTime(Process* p, Term* a)
    {
        if (!DirtyPool.Runs(p)) return PrimFileBifs.Dirty(p, a, Am.SetTimeNif, 4);
        if (!Arithmetic.TryLong(a[1], out long accessed) || !Arithmetic.TryLong(a[2], out long modified) || !Arithmetic.TryLong(a[3], out _)) return Process.Badarg(p);
        NativePath path = new(a[0]);
        Errno error = path.Error;
        if (error == Errno.None) error = PrimFileArchive.Handles(p->Machine, path.Text) ? Refuse(p->Machine, path.Text) : FileSystem.SetTimes(path.Text, accessed, modified);
        path.Free();
        return PosixError.OkOr(p, error);
    }

    /// <summary>{ok, Bytes} of a symbolic link.</summary>
    [Bif("prim_file:read_link_nif/1", BifKind.Traps)]
    public static Term ReadLink(Process* p, Term* a)
    {
        if (!DirtyPool.Runs(p)) return PrimFileBifs.Dirty(p, a, Am.ReadLinkNif, 1);
        NativePath path = new(a[0]);
        Term result;
        if (path.Error != Errno.None) result = PosixError.Make(p, path.Error);
        else if (PrimFileArchive.Handles(p->Machine, path.Text)) result = PosixError.Make(p, PrimFileArchive.RefuseLink(p->Machine, path.Text));
        else result = Text(p, path.Text, &LinkText);
        path.Free();
        return result;
    }

    private static Errno LinkText(byte* path, byte* buffer, nuint capacity, out nuint length)
    {
        Errno error = FileSystem.ReadLink(path, buffer, capacity, out length);
        return error == Errno.None && length == capacity ? Errno.Erange : error;
    }

    // {ok, Bytes} of a call that says Erange when the buffer is too small.
    private static Term Text(Process* p, byte* path, delegate*<byte*, byte*, nuint, out nuint, Errno> read)
    {
        for (nuint room = 256; ; room *= 2)
        {
            byte* buffer = (byte*)Allocator.Alloc(room, Owner.Temporary);
            if (buffer == null) return PosixError.Make(p, Errno.Enomem);
            Errno error = read(path, buffer, room, out nuint length);
            Term text = error == Errno.None ? Binaries.FromBytes(p, buffer, (long)length) : Term.None;
            Allocator.Free(buffer, room, Owner.Temporary);
            if (error == Errno.Erange) continue;
            if (error != Errno.None) return PosixError.Make(p, error);
            return text.IsNone ? text : Process.Tuple(p, Am.Ok, text);
        }
    }

    /// <summary>{ok, Bytes} of the working directory.</summary>
    [Bif("prim_file:get_cwd_nif/0", BifKind.Traps)]
    public static Term WorkingDirectory(Process* p, Term* a)
    {
        if (!DirtyPool.Runs(p)) return PrimFileBifs.Dirty(p, a, Am.GetCwdNif, 0);
        return Text(p, null, &WorkingDirectoryText);
    }

    private static Errno WorkingDirectoryText(byte* path, byte* buffer, nuint capacity, out nuint length)
    {
        length = 0;
        Errno error = FileSystem.WorkingDirectory(buffer, capacity);
        while (error == Errno.None && buffer[length] != 0) length++;
        return error;
    }

    /// <summary>Only other systems have drives.</summary>
    [Bif("prim_file:get_device_cwd_nif/1", BifKind.Traps)]
    public static Term DeviceWorkingDirectory(Process* p, Term* a) => PrimFileBifs.TryInt(a[0], out _) ? PosixError.Make(p, Errno.Enotsup) : Process.Badarg(p);

    /// <summary>Only other systems have second, short names.</summary>
    [Bif("prim_file:altname_nif/1", BifKind.Traps)]
    public static Term AlternativeName(Process* p, Term* a)
    {
        NativePath path = new(a[0]);
        Errno error = path.Error == Errno.None ? Errno.Enotsup : path.Error;
        path.Free();
        return PosixError.Make(p, error);
    }

    /// <summary>{ok, [Bytes]}, in no order.</summary>
    [Bif("prim_file:list_dir_nif/1", BifKind.Traps)]
    public static Term List(Process* p, Term* a)
    {
        if (MayWait(p, a[0])) return PrimFileBifs.Dirty(p, a, Am.ListDirNif, 1);
        NativePath path = new(a[0]);
        Errno error = path.Error;
        Term list = Term.Nil;
        if (error == Errno.None)
        {
            error = PrimFileArchive.Handles(p->Machine, path.Text) ? PrimFileArchive.List(p, path.Text, out list) : ListOf(p, path.Text, out list);
        }
        path.Free();
        if (error != Errno.None) return PosixError.Make(p, error);
        return list.IsNone ? list : Process.Tuple(p, Am.Ok, list);
    }

    private static Errno ListOf(Process* p, byte* path, out Term list)
    {
        list = Term.Nil;
        Errno error = FileSystem.OpenDirectory(path, out DirectoryListing directory);
        if (error != Errno.None) return error;
        while (FileSystem.NextEntry(directory, out byte* name, out nuint length, out _, out _))
        {
            Term text = Binaries.FromBytes(p, name, (long)length);
            if (text.IsNone)
            {
                list = text;
                break;
            }
            list = Process.Cons(p, text, list);
        }
        FileSystem.CloseDirectory(directory);
        return Errno.None;
    }

    /// <summary>{ok, Binary} with all of a file.</summary>
    [Bif("prim_file:read_file_nif/1", BifKind.Traps)]
    public static Term ReadFile(Process* p, Term* a)
    {
        if (MayWait(p, a[0])) return PrimFileBifs.Dirty(p, a, Am.ReadFileNif, 1);
        NativePath path = new(a[0]);
        Errno error = path.Error;
        OffHeapBinary* data = null;
        if (error == Errno.None) error = PrimFileArchive.Handles(p->Machine, path.Text) ? PrimFileArchive.ReadFile(p->Machine, path.Text, out data) : ReadFileOf(path.Text, out data);
        path.Free();
        if (error == Errno.None) Process.Bump(p, data->Size / 512);
        return FileReader.Whole(p, error, data);
    }

    private static Errno ReadFileOf(byte* path, out OffHeapBinary* data)
    {
        data = null;
        Errno error = Files.Open(path, OpenModes.Read, 0, out int descriptor);
        if (error != Errno.None) return error;
        // Files of /proc say that they are empty.
        error = FileSystem.StatusOf(descriptor, out FileStatus status);
        if (error == Errno.None && status.Type == FileType.Directory) error = Errno.Eisdir;
        else error = FileReader.Read(descriptor, FileReader.Here, status.Size > 0 ? status.Size : long.MaxValue, out data);
        _ = Files.Close(descriptor);
        return error;
    }
}
