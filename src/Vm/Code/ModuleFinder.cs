// Where modules come from in bare mode: the folders of -pa and the working folder, then the archive linked into the executable. A module is loaded when it is first called.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Code path of one VM.</summary>
public unsafe struct ModuleFinder
{
    private const int MaxPath = 4096;

    /// <summary>Zero-terminated folder names, in the order they are searched.</summary>
    private NativeList<nint> folders;
    private NativeList<int> folderBytes;
    /// <summary>The archive, or null: see ModuleArchive.</summary>
    public byte* Archive;
    public nuint ArchiveBytes;
    /// <summary>What ModuleArchive.Unpack keeps.</summary>
    internal ModuleArchive.Unpacking Unpacking;
    /// <summary>The error of the last module that was found but refused, for the caller to show; Code None: no such module.</summary>
    public LoadError LastError;

    /// <summary>Appends a folder to the path (copied).</summary>
    public static void AddFolder(Machine* m, byte* path)
    {
        int n = 0;
        while (path[n] != 0) n++;
        byte* copy = (byte*)Allocator.Alloc((nuint)n + 1, Owner.Vm);
        for (int i = 0; i <= n; i++) copy[i] = path[i];
        m->Finder.folders.Add((nint)copy, Owner.Vm);
        m->Finder.folderBytes.Add(n + 1, Owner.Vm);
    }

    /// <summary>Loads the module and runs its on_load function. True also when another thread has just loaded it, or it was there before: look again at what was
    /// missing. False: not found or refused (LastError).</summary>
    public static bool TryLoad(Machine* m, Term name)
    {
        Schedulers.LockCode(m);
        bool there = CodeTable.Current(m, name) != null, loaded = !there && Load(m, name);
        Schedulers.UnlockCode(m);
        if (there || !loaded) return there;
        // It may load modules.
        if (OnLoad.Run(m, CodeTable.Current(m, name))) return true;
        m->Finder.LastError = default;
        m->Finder.LastError.Code = LoadErrorCode.OnLoad;
        return false;
    }

    private static bool Load(Machine* m, Term name)
    {
        ModuleFinder* f = &m->Finder;
        f->LastError = default;
        byte* path = stackalloc byte[MaxPath];
        for (int i = 0; i < f->folders.Count; i++)
        {
            if (!MakePath((byte*)f->folders[i], name, path)) continue;
            if (LoadFile(m, path, name)) return true;
            if (f->LastError.Code != LoadErrorCode.None) return false;
        }
        if (MakePath(null, name, path) && LoadFile(m, path, name)) return true;
        return f->LastError.Code == LoadErrorCode.None && LoadArchived(m, name);
    }

    /// <summary>Loads a module of the archive, whatever the path has. False: it is not there, or refused (LastError).</summary>
    public static bool LoadArchived(Machine* m, Term name)
    {
        ModuleFinder* f = &m->Finder;
        byte* bytes = ReadArchive(m, name, out long size, out byte* digest);
        if (bytes == null) return false;
        LoadedModule* module = ModuleLoader.Load(m, bytes, size, name, &f->LastError, known: digest);
        Allocator.Free(bytes, (nuint)size, Owner.Loader);
        return module != null;
    }

    /// <summary>The file of a module in the archive (Owner.Loader, to be freed by the caller) and its MD5 (which stays), or null.</summary>
    public static byte* ReadArchive(Machine* m, Term module, out long size, out byte* digest)
    {
        size = 0;
        digest = null;
        ModuleFinder* f = &m->Finder;
        AtomTable.Entry* name = AtomTable.Get(module);
        if (!ModuleArchive.Open(f->Archive, f->ArchiveBytes, out ModuleArchive archive)) return null;
        if (!archive.FindModule(new ReadOnlySpan<byte>(name->Text, name->Bytes), out ModuleArchive.Entry file)) return null;
        byte* bytes = (byte*)Allocator.Alloc(file.Bytes, Owner.Loader);
        if (bytes == null) return null;
        size = file.Bytes;
        digest = file.Digest;
        if (archive.Unpack(file, bytes, &f->Unpacking)) return bytes;
        Allocator.Free(bytes, file.Bytes, Owner.Loader);
        return null;
    }

    /// <summary>Loads a module from its file in a folder. False: no such file, or refused (LastError).</summary>
    public static bool LoadFrom(Machine* m, byte* folder, Term name)
    {
        byte* path = stackalloc byte[MaxPath];
        return MakePath(folder, name, path) && LoadFile(m, path, name);
    }

    /// <summary>Loads the module in a file. False: no such file (LastError.Code None), or refused.</summary>
    public static bool LoadFile(Machine* m, byte* path, Term expected)
    {
        byte* bytes = ReadFile(path, out long size, out Errno _);
        if (bytes == null) return false;
        LoadedModule* module = ModuleLoader.Load(m, bytes, size, expected, &m->Finder.LastError);
        Allocator.Free(bytes, (nuint)size, Owner.Loader);
        return module != null;
    }

    /// <summary>The bytes of a file (Owner.Loader, to be freed by the caller), or null.</summary>
    public static byte* ReadFile(byte* path, out long size, out Errno error)
    {
        size = 0;
        error = Files.Open(path, OpenModes.Read, 0, out int fd);
        if (error != Errno.None) return null;
        byte* bytes = null;
        error = Files.Size(fd, out size);
        if (error == Errno.None && size <= BeamFile.MaxBytes)
        {
            bytes = (byte*)Allocator.Alloc((nuint)size, Owner.Loader);
            error = bytes == null ? Errno.Enomem : Files.ReadAll(fd, bytes, (nuint)size, out nuint got);
            if (error != Errno.None && bytes != null)
            {
                Allocator.Free(bytes, (nuint)size, Owner.Loader);
                bytes = null;
            }
        }
        Files.Close(fd);
        return bytes;
    }

    /// <summary>Frees the path.</summary>
    public static void Destroy(Machine* m)
    {
        ModuleFinder* f = &m->Finder;
        for (int i = 0; i < f->folders.Count; i++) Allocator.Free((void*)f->folders[i], (nuint)f->folderBytes[i], Owner.Vm);
        f->folders.Free(Owner.Vm);
        f->folderBytes.Free(Owner.Vm);
        ModuleArchive.Free(&f->Unpacking);
    }

    private static bool MakePath(byte* folder, Term name, byte* path)
    {
        int n = 0;
        for (; folder != null && folder[n] != 0; n++)
        {
            if (n > MaxPath - 1100) return false;
            path[n] = folder[n];
        }
        if (folder != null) path[n++] = (byte)'/';
        AtomTable.Entry* e = AtomTable.Get(name);
        for (int i = 0; i < e->Bytes; i++)
        {
            // A module name is no path: it must not lead out of the folder.
            if (e->Text[i] is (byte)'/' or 0) return false;
            path[n++] = e->Text[i];
        }
        foreach (byte b in ".beam"u8) path[n++] = b;
        path[n] = 0;
        return true;
    }
}
