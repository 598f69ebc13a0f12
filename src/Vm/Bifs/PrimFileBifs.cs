// The natives of prim_file that work on open files. All that may wait run on a dirty thread. Rule: OTP 29's prim_file_nif.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Natives of prim_file for open files.</summary>
public static unsafe class PrimFileBifs
{
    // What OTP takes of a list of binaries at a time; the rest is given back to the caller.
    private const int MostPieces = 64;

    /// <summary>Has a native of prim_file called again on a dirty thread; None.</summary>
    internal static Term Dirty(Process* p, Term* a, Term name, int arity) =>
        DirtyPool.Enter(p, a, ExportTable.Put(p->Machine, Am.PrimFile, name, arity), &p->Machine->DirtyIo);

    // Runs an operation on the file that the first argument refers to, on a dirty thread.
    private static Term On(Process* p, Term* a, Term name, int arity, delegate*<Process*, OpenFile*, Term*, Term> operation)
    {
        if (!DirtyPool.Runs(p)) return Dirty(p, a, name, arity);
        OpenFile* f = OpenFile.Enter(p, a[0], out Term failed);
        return f == null ? failed : OpenFile.Leave(f, operation(p, f, a + 1));
    }

    // The offset and the bytes of a part of a file, which the first two arguments are. False: the native returns `failed`.
    private static bool Part(Process* p, Term* a, out long offset, out long bytes, out Term failed)
    {
        offset = bytes = 0;
        failed = Term.None;
        if (!a[0].IsNumber || !a[1].IsNumber)
        {
            failed = Process.Badarg(p);
            return false;
        }
        if (Arithmetic.TryLong(a[0], out offset) && Arithmetic.TryLong(a[1], out bytes) && offset >= 0 && bytes >= 0) return true;
        failed = PosixError.Make(p, Errno.Einval);
        return false;
    }

    /// <summary>{ok, Reference} or {error, Posix}. Modes that are none are left to others.</summary>
    [Bif("prim_file:open_nif/2", BifKind.Traps)]
    public static Term Open(Process* p, Term* a)
    {
        if (!DirtyPool.Runs(p)) return Dirty(p, a, Am.OpenNif, 2);
        if (!a[1].IsList) return Process.Badarg(p);
        NativePath path = new(a[0]);
        Errno error = path.Error;
        int descriptor = -1;
        bool archived = false;
        if (error == Errno.None) error = OpenNamed(p->Machine, path.Text, a[1], out descriptor, out archived);
        path.Free();
        return error == Errno.None ? OpenFile.Make(p, descriptor, archived) : PosixError.Make(p, error);
    }

    /// <summary>Opens a file of the file system or of the archive with a list of modes.</summary>
    internal static Errno OpenNamed(Machine* m, byte* path, Term list, out int descriptor, out bool archived)
    {
        OpenModes modes = Modes(list, out bool anyType);
        archived = PrimFileArchive.Handles(m, path);
        return archived ? PrimFileArchive.Open(m, path, modes, out descriptor) : OpenOf(path, modes, anyType, out descriptor);
    }

    /// <summary>The modes of a list; <paramref name="anyType"/>: directories, too, are welcome without the mode directory.</summary>
    private static OpenModes Modes(Term list, out bool anyType)
    {
        OpenModes modes = 0;
        anyType = false;
        for (; list.IsCons; list = list.Tail)
        {
            Term head = list.Head;
            if (head == Am.Read) modes |= OpenModes.Read;
            else if (head == Am.Write) modes |= OpenModes.Write;
            else if (head == Am.Exclusive) modes |= OpenModes.Exclusive;
            else if (head == Am.Append) modes |= OpenModes.Append;
            else if (head == Am.Sync) modes |= OpenModes.Synchronous;
            else if (head == Am.Directory) modes |= OpenModes.Directory;
            else if (head == Am.SkipTypeCheck) anyType = true;
        }
        if ((modes & (OpenModes.Append | OpenModes.Exclusive)) != 0) modes |= OpenModes.Write;
        else if ((modes & (OpenModes.Read | OpenModes.Write)) == 0) modes |= OpenModes.Read;
        if ((modes & OpenModes.Write) != 0)
        {
            modes |= OpenModes.Create;
            if ((modes & (OpenModes.Read | OpenModes.Append)) == 0) modes |= OpenModes.Truncate;
        }
        return modes;
    }

    /// <summary>Opens a file of the file system as Modes says.</summary>
    private static Errno OpenOf(byte* path, OpenModes modes, bool anyType, out int descriptor)
    {
        bool folder = (modes & OpenModes.Directory) != 0;
        Errno error = Files.Open(path, modes, folder ? 0x1FFu : 0x1B6u, out descriptor);
        if (error != Errno.None || folder || anyType) return error;
        if (FileSystem.StatusOf(descriptor, out FileStatus status) != Errno.None || status.Type != FileType.Directory) return Errno.None;
        _ = Files.Close(descriptor);
        return Errno.Eisdir;
    }

    /// <summary>A file of a descriptor that is open already; closing the file closes it.</summary>
    [Bif("prim_file:file_desc_to_ref_nif/1", BifKind.Traps)]
    public static Term FromDescriptor(Process* p, Term* a)
    {
        if (!DirtyPool.Runs(p)) return Dirty(p, a, Am.FileDescToRefNif, 1);
        if (!TryInt(a[0], out int descriptor)) return Process.Badarg(p);
        Errno error = Files.CheckOpen(descriptor);
        return error == Errno.None ? OpenFile.Make(p, descriptor, false) : PosixError.Make(p, error);
    }

    /// <summary>ok; {error, einval} when it is closed.</summary>
    [Bif("prim_file:close_nif/1", BifKind.Traps)]
    public static Term Close(Process* p, Term* a)
    {
        if (!DirtyPool.Runs(p)) return Dirty(p, a, Am.CloseNif, 1);
        OpenFile* f = (OpenFile*)MagicRefs.Open(a[0], ResourceKind.OpenFile);
        return f == null ? Process.Badarg(p) : PosixError.OkOr(p, OpenFile.TryClose(f));
    }

    /// <summary>For the janitor: closes a file whose owner is dead.</summary>
    [Bif("prim_file:delayed_close_nif/1", BifKind.Traps)]
    public static Term DelayedClose(Process* p, Term* a)
    {
        if (!DirtyPool.Runs(p)) return Dirty(p, a, Am.DelayedCloseNif, 1);
        OpenFile* f = (OpenFile*)MagicRefs.Open(a[0], ResourceKind.OpenFile);
        return f != null && OpenFile.CloseOrphan(f) ? Am.Ok : Process.Badarg(p);
    }

    /// <summary>{ok, Data}, eof or {error, Posix}: as many bytes as asked for unless the file ends before.</summary>
    [Bif("prim_file:read_nif/2", BifKind.Traps)]
    public static Term Read(Process* p, Term* a) => On(p, a, Am.ReadNif, 2, &ReadOf);

    private static Term ReadOf(Process* p, OpenFile* f, Term* a)
    {
        if (!a[0].IsNumber) return Process.Badarg(p);
        if (!Arithmetic.TryLong(a[0], out long bytes) || bytes < 0) return PosixError.Make(p, Errno.Einval);
        return FileReader.Result(p, FileReader.Read(f->Descriptor, FileReader.Here, bytes, out OffHeapBinary* data), data);
    }

    /// <summary>As read, at an offset.</summary>
    [Bif("prim_file:pread_nif/3", BifKind.Traps)]
    public static Term ReadAt(Process* p, Term* a) => On(p, a, Am.PreadNif, 3, &ReadAtOf);

    private static Term ReadAtOf(Process* p, OpenFile* f, Term* a)
    {
        if (!Part(p, a, out long offset, out long bytes, out Term failed)) return failed;
        return FileReader.Result(p, FileReader.Read(f->Descriptor, offset, bytes, out OffHeapBinary* data), data);
    }

    /// <summary>
    /// Reads a block that a pointer in the file leads to (dets): at the offset stand 4 bytes of size and 4 bytes of offset. {ok, {Size, Offset, Data}}, with eof
    /// as data when there is none; eof when the pointer is not there or the size is more than wanted.
    /// </summary>
    [Bif("prim_file:ipread_s32bu_p32bu_nif/3", BifKind.Traps)]
    public static Term ReadBehindPointer(Process* p, Term* a) => On(p, a, Am.IpreadS32buP32buNif, 3, &ReadBehindPointerOf);

    private static Term ReadBehindPointerOf(Process* p, OpenFile* f, Term* a)
    {
        if (!a[0].IsNumber || !a[1].IsNumber) return Process.Badarg(p);
        if (!Arithmetic.TryLong(a[0], out long offset) || !Arithmetic.TryLong(a[1], out long most) || offset < 0 || most >= 1L << 31)
            return PosixError.Make(p, Errno.Einval);
        byte* pointer = stackalloc byte[8];
        Errno error = FileReader.Fill(f->Descriptor, offset, pointer, 8, out long read);
        if (error != Errno.None) return PosixError.Make(p, error);
        if (read < 8) return Am.Eof;
        uint size = Number(pointer), at = Number(pointer + 4);
        if (size > most) return Am.Eof;
        error = FileReader.Read(f->Descriptor, at, size, out OffHeapBinary* data);
        if (error != Errno.None) return PosixError.Make(p, error);
        Term block = data->Size == 0 ? Am.Eof : FileReader.Binary(p, data);
        if (data->Size == 0) OffHeap.Release(data);
        return block.IsNone ? block : Process.Tuple(p, Am.Ok, Process.Tuple(p, Term.Small(size), Term.Small(at), block));
    }

    private static uint Number(byte* b) => ((uint)b[0] << 24) | ((uint)b[1] << 16) | ((uint)b[2] << 8) | b[3];

    /// <summary>ok, {error, Posix}, or {continue, Rest} when the list has more than 64 binaries.</summary>
    [Bif("prim_file:write_nif/2", BifKind.Traps)]
    public static Term Write(Process* p, Term* a) => On(p, a, Am.WriteNif, 2, &WriteOf);

    private static Term WriteOf(Process* p, OpenFile* f, Term* a)
    {
        Term rest = WriteList(p, f, a[0], FileReader.Here, out _, out Errno error);
        if (rest.IsNone) return rest;
        if (error != Errno.None) return PosixError.Make(p, error);
        return rest.IsNil ? Am.Ok : Process.Tuple(p, Am.Continue, rest);
    }

    /// <summary>As write, at an offset; {continue, Written, Rest}.</summary>
    [Bif("prim_file:pwrite_nif/3", BifKind.Traps)]
    public static Term WriteAt(Process* p, Term* a) => On(p, a, Am.PwriteNif, 3, &WriteAtOf);

    private static Term WriteAtOf(Process* p, OpenFile* f, Term* a)
    {
        if (!a[0].IsNumber || CountPieces(a[1], out _) < 0) return Process.Badarg(p);
        if (!Arithmetic.TryLong(a[0], out long offset) || offset < 0) return PosixError.Make(p, Errno.Einval);
        Term rest = WriteList(p, f, a[1], offset, out long written, out Errno error);
        if (rest.IsNone) return rest;
        if (error != Errno.None) return PosixError.Make(p, error);
        return rest.IsNil ? Am.Ok : Process.Tuple(p, Am.Continue, Process.Integer(p, written), rest);
    }

    // The binaries at the head of a list, at most 64, and their bytes that do not start at a byte boundary; -1: it is no list of binaries as far as is looked.
    private static int CountPieces(Term list, out long unaligned)
    {
        unaligned = 0;
        int count = 0;
        for (; list.IsCons && count < MostPieces; list = list.Tail, count++)
        {
            if (!Binaries.Bytes(list.Head, out _, out long offset, out long bits) || (bits & 7) != 0) return -1;
            if (offset != 0) unaligned += bits >> 3;
        }
        return list.IsList ? count : -1;
    }

    // Writes the first pieces of a list. Gives the rest of the list; None with badarg recorded when it is no list of binaries.
    private static Term WriteList(Process* p, OpenFile* f, Term list, long offset, out long written, out Errno error)
    {
        error = Errno.None;
        written = 0;
        int count = CountPieces(list, out long unaligned);
        if (count < 0) return Process.Badarg(p);
        byte* copies = unaligned == 0 ? null : (byte*)Allocator.Alloc((nuint)unaligned, Owner.Temporary);
        if (unaligned != 0 && copies == null) return Process.SystemLimit(p);
        byte* free = copies;
        IoPiece* pieces = stackalloc IoPiece[MostPieces];
        int used = 0;
        for (int i = 0; i < count; i++, list = list.Tail)
        {
            Binaries.Bytes(list.Head, out byte* data, out long bit, out long bits);
            if (bits == 0) continue;
            if (bit != 0)
            {
                Bitstring.Copy(data, (ulong)bit, (ulong)bits, free);
                data = free;
                free += bits >> 3;
            }
            pieces[used].Data = data;
            pieces[used++].Bytes = (nuint)(bits >> 3);
        }
        if (used != 0 && f->ReadOnly != 0) error = Errno.Ebadf;
        else error = WriteAll(f->Descriptor, pieces, used, offset, out written);
        Allocator.Free(copies, (nuint)unaligned, Owner.Temporary);
        return list;
    }

    // The system may take less than all at a time.
    private static Errno WriteAll(int descriptor, IoPiece* pieces, int count, long offset, out long written)
    {
        written = 0;
        while (count > 0)
        {
            Errno error = offset == FileReader.Here
                ? Files.WritePieces(descriptor, pieces, count, out nuint n)
                : Files.WritePiecesAt(descriptor, pieces, count, offset + written, out n);
            if (error != Errno.None) return error;
            written += (long)n;
            while (count > 0 && n >= pieces->Bytes)
            {
                n -= pieces->Bytes;
                pieces++;
                count--;
            }
            if (count == 0) break;
            pieces->Data += n;
            pieces->Bytes -= n;
        }
        return Errno.None;
    }

    /// <summary>{ok, Position}: bof, cur or eof, and an offset.</summary>
    [Bif("prim_file:seek_nif/3", BifKind.Traps)]
    public static Term Seek(Process* p, Term* a) => On(p, a, Am.SeekNif, 3, &SeekOf);

    private static Term SeekOf(Process* p, OpenFile* f, Term* a)
    {
        if (!Arithmetic.TryLong(a[1], out long offset)) return Process.Badarg(p);
        SeekOrigin origin;
        if (a[0] == Am.Bof) origin = SeekOrigin.Begin;
        else if (a[0] == Am.Cur) origin = SeekOrigin.Current;
        else if (a[0] == Am.Eof) origin = SeekOrigin.End;
        else return Process.Badarg(p);
        Errno error = Files.Seek(f->Descriptor, offset, origin, out long position);
        return error == Errno.None ? Process.Tuple(p, Am.Ok, Process.Integer(p, position)) : PosixError.Make(p, error);
    }

    /// <summary>Data, and unless the number is not 0 the file's properties, go to the device.</summary>
    [Bif("prim_file:sync_nif/2", BifKind.Traps)]
    public static Term Sync(Process* p, Term* a) => On(p, a, Am.SyncNif, 2, &SyncOf);

    private static Term SyncOf(Process* p, OpenFile* f, Term* a) =>
        TryInt(a[0], out int dataOnly) ? PosixError.OkOr(p, Files.Sync(f->Descriptor, dataOnly != 0)) : Process.Badarg(p);

    /// <summary>The file ends at the current position.</summary>
    [Bif("prim_file:truncate_nif/1", BifKind.Traps)]
    public static Term Truncate(Process* p, Term* a) => On(p, a, Am.TruncateNif, 1, &TruncateOf);

    private static Term TruncateOf(Process* p, OpenFile* f, Term* a)
    {
        Errno error = Files.Seek(f->Descriptor, 0, SeekOrigin.Current, out long position);
        // What the system says of a file that is open for reading.
        if (error == Errno.None) error = f->ReadOnly != 0 ? Errno.Einval : Files.Truncate(f->Descriptor, position);
        return PosixError.OkOr(p, error);
    }

    /// <summary>Reserves space.</summary>
    [Bif("prim_file:allocate_nif/3", BifKind.Traps)]
    public static Term Allocate(Process* p, Term* a) => On(p, a, Am.AllocateNif, 3, &AllocateOf);

    private static Term AllocateOf(Process* p, OpenFile* f, Term* a)
    {
        if (!Part(p, a, out long offset, out long bytes, out Term failed)) return failed;
        return PosixError.OkOr(p, f->ReadOnly != 0 ? Errno.Ebadf : Files.Allocate(f->Descriptor, offset, bytes));
    }

    /// <summary>Tells how a part of the file will be used.</summary>
    [Bif("prim_file:advise_nif/4", BifKind.Traps)]
    public static Term Advise(Process* p, Term* a) => On(p, a, Am.AdviseNif, 4, &AdviseOf);

    private static Term AdviseOf(Process* p, OpenFile* f, Term* a)
    {
        if (!Part(p, a, out long offset, out long bytes, out Term failed)) return failed;
        FileAdvice advice;
        if (a[2] == Am.Normal) advice = FileAdvice.Normal;
        else if (a[2] == Am.Random) advice = FileAdvice.Random;
        else if (a[2] == Am.Sequential) advice = FileAdvice.Sequential;
        else if (a[2] == Am.WillNeed) advice = FileAdvice.WillNeed;
        else if (a[2] == Am.DontNeed) advice = FileAdvice.DontNeed;
        else if (a[2] == Am.NoReuse) advice = FileAdvice.NoReuse;
        else return PosixError.Make(p, Errno.Einval);
        Files.Advise(f->Descriptor, offset, bytes, advice);
        return Am.Ok;
    }

    /// <summary>The properties of an open file, as read_info_nif/2 has them.</summary>
    [Bif("prim_file:read_handle_info_nif/1", BifKind.Traps)]
    public static Term Info(Process* p, Term* a) => On(p, a, Am.ReadHandleInfoNif, 1, &InfoOf);

    private static Term InfoOf(Process* p, OpenFile* f, Term* a)
    {
        Errno error = FileSystem.StatusOf(f->Descriptor, out FileStatus status);
        if (error != Errno.None) return PosixError.Make(p, error);
        if (f->ReadOnly != 0)
        {
            PrimFileArchive.Properties(false, status.Size, out status);
            return FileInfo.Make(p, &status, Am.Read);
        }
        // By the mode bits alone, unlike what is asked for names.
        OsProcess.EffectiveIds(out uint user, out uint group);
        uint bits = status.User == user ? status.Mode >> 6 : status.Group == group ? status.Mode >> 3 : status.Mode;
        return FileInfo.Make(p, &status, FileInfo.Access((bits & 4) != 0, (bits & 2) != 0));
    }

    /// <summary>The descriptor as a binary of the machine's int.</summary>
    [Bif("prim_file:get_handle_nif/1")]
    public static Term Handle(Process* p, Term* a)
    {
        OpenFile* f = OpenFile.Enter(p, a[0], out Term failed);
        if (f == null) return failed;
        int descriptor = f->Descriptor;
        return OpenFile.Leave(f, Binaries.FromBytes(p, (byte*)&descriptor, sizeof(int)));
    }

    /// <summary>An integer that C's int holds.</summary>
    internal static bool TryInt(Term t, out int value)
    {
        bool fits = t.IsSmall && t.SmallValue is >= int.MinValue and <= int.MaxValue;
        value = fits ? (int)t.SmallValue : 0;
        return fits;
    }
}
