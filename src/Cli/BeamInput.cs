// Reading .beam files for the command line tools: a file's bytes, a decoded module, the walk over folders.
namespace MyBeam.Cli;

using System;
using MyBeam.Memory;
using MyBeam.Platform;
using MyBeam.Vm;

/// <summary>A .beam file read and decoded. The struct must stay where it is while it is in use.</summary>
public unsafe struct BeamInput
{
    /// <summary>The container.</summary>
    public BeamFile File;

    /// <summary>The decoded module.</summary>
    public GenericCode Code;

    /// <summary>The file's bytes.</summary>
    public byte* Data;

    /// <summary>How many.</summary>
    public long Bytes;

    /// <summary>Reads and decodes a file; false after a line on <paramref name="errors"/>. Free with <see cref="Close"/>.</summary>
    public static bool Open(byte* path, BeamInput* input, Output* errors)
    {
        *input = default;
        Errno errno = Load(path, out input->Data, out input->Bytes);
        if (errno != Errno.None)
        {
            errors->ZeroTerminated(path);
            errors->Text(": cannot be read ("u8);
            errors->Text(ErrnoNames.Atom(errno));
            errors->Line("); give the name of a .beam file"u8);
            return false;
        }
        LoadError error = default;
        bool good = BeamFile.Open(input->Data, input->Bytes, &input->File, &error);
        if (good && !BeamReader.Read(&input->File, &input->Code, &error))
        {
            input->File.Free();
            good = false;
        }
        if (good) return true;
        errors->ZeroTerminated(path);
        errors->Text(": "u8);
        errors->Line(LoadError.Message(&error));
        Allocator.Free(input->Data, (nuint)input->Bytes, Owner.Loader);
        return false;
    }

    /// <summary>Frees everything.</summary>
    public static void Close(BeamInput* input)
    {
        GenericCode.Free(&input->Code);
        input->File.Free();
        Allocator.Free(input->Data, (nuint)input->Bytes, Owner.Loader);
        *input = default;
    }

    /// <summary>The bytes of a file in a block of Owner.Loader, which the caller frees with the size given.</summary>
    public static Errno Load(byte* path, out byte* data, out long bytes)
    {
        data = null;
        bytes = 0;
        Errno errno = Files.Open(path, OpenModes.Read, 0, out int descriptor);
        if (errno != Errno.None) return errno;
        errno = FileSystem.StatusOf(descriptor, out FileStatus status);
        if (errno == Errno.None && status.Type == FileType.Directory) errno = Errno.Eisdir;
        if (errno == Errno.None && status.Size > BeamFile.MaxBytes) errno = Errno.Efbig;
        if (errno == Errno.None)
        {
            bytes = status.Size;
            data = (byte*)Allocator.Alloc((nuint)bytes, Owner.Loader);
            errno = data == null ? Errno.Enomem : Files.ReadAll(descriptor, data, (nuint)bytes, out nuint read) is Errno failed && failed != Errno.None
                ? failed : (long)read == bytes ? Errno.None : Errno.Eio;
        }
        Files.Close(descriptor);
        if (errno == Errno.None) return errno;
        Allocator.Free(data, (nuint)bytes, Owner.Loader);
        data = null;
        return errno;
    }

    /// <summary>Whether a zero-terminated argument is this text.</summary>
    public static bool Is(byte* argument, ReadOnlySpan<byte> text)
    {
        for (int i = 0; i < text.Length; i++)
            if (argument[i] != text[i]) return false;
        return argument[text.Length] == 0;
    }
}

/// <summary>Calls a function for each .beam file of a path: the file itself, or all below a folder (symbolic links are not followed into folders).</summary>
public static unsafe class BeamWalk
{
    private const int MaxPath = 4096, MaxDepth = 64;

    /// <summary>Walks; the visitor gets the path (zero-terminated) and <paramref name="state"/>. False: a name could not be read or was too long.</summary>
    public static bool Visit(byte* path, delegate*<byte*, void*, void> visitor, void* state)
    {
        byte* buffer = stackalloc byte[MaxPath];
        int length = 0;
        while (path[length] != 0)
        {
            if (length == MaxPath - 1) return false;
            buffer[length] = path[length];
            length++;
        }
        buffer[length] = 0;
        if (FileSystem.IsDirectory(buffer)) return Folder(buffer, length, 0, visitor, state);
        visitor(buffer, state);
        return true;
    }

    private static bool Folder(byte* buffer, int length, int depth, delegate*<byte*, void*, void> visitor, void* state)
    {
        if (depth > MaxDepth || FileSystem.OpenDirectory(buffer, out DirectoryListing listing) != Errno.None) return false;
        bool good = true;
        while (FileSystem.NextEntry(listing, out byte* name, out nuint bytes, out FileType type, out _))
        {
            if (length + 1 + (int)bytes >= MaxPath)
            {
                good = false;
                continue;
            }
            buffer[length] = (byte)'/';
            for (int i = 0; i <= (int)bytes; i++) buffer[length + 1 + i] = name[i];
            if (type == FileType.Other && FileSystem.Status(buffer, false, out FileStatus status) == Errno.None) type = status.Type;
            if (type == FileType.Directory) good &= Folder(buffer, length + 1 + (int)bytes, depth + 1, visitor, state);
            else if (bytes > 5 && new ReadOnlySpan<byte>(name + bytes - 5, 5).SequenceEqual(".beam"u8)) visitor(buffer, state);
            buffer[length] = 0;
        }
        FileSystem.CloseDirectory(listing);
        return good;
    }
}
