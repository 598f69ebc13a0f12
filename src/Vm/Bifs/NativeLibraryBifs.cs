// erlang:load_nif/2: native libraries cannot be loaded; the natives that OTP's own modules bring as libraries linked into the VM are part of this one too.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>load_nif/2.</summary>
internal static unsafe class NativeLibraryBifs
{
    /// <summary>
    /// ok for a module whose library is built in; otherwise {error, {load_failed, Text}}, as OTP answers for a file that is not there or that the loader of the
    /// system refuses. badarg when the path is no text.
    /// </summary>
    [Bif("erlang:load_nif/2")]
    public static Term LoadNif(Process* p, Term* a)
    {
        long size = UnicodeChars.Size(a[0], false);
        if (size < 0 || a[0].IsBitstring) return Process.Badarg(p);
        byte* path = (byte*)Allocator.Alloc((nuint)size + 1, Owner.Temporary);
        if (path == null) return Process.SystemLimit(p);
        UnicodeChars writer = new(p, false, path);
        bool good = writer.Write(a[0], out _) && !writer.IsCut;
        int bytes = (int)(writer.End - path);
        ReadOnlySpan<byte> name = new(path, bytes);
        Term answer;
        if (!good) answer = Process.Badarg(p);
        else if (IsBuiltIn(name) || name.EndsWith("/priv/lib/crypto"u8))
        {
            // prim_file brings the process that closes files of dead owners.
            if (name.SequenceEqual("prim_file"u8) && a[1].IsLocalPid) p->Machine->OpenFiles.Janitor = a[1];
            answer = Am.Ok;
        }
        else answer = Missing(p, name);
        Allocator.Free(path, (nuint)size + 1, Owner.Temporary);
        return answer;
    }

    // The libraries of erts_static_nif_tab; sockets are not there.
    public static bool IsBuiltIn(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("prim_file"u8) || name.SequenceEqual("prim_tty"u8) || name.SequenceEqual("prim_buffer"u8) || name.SequenceEqual("zlib"u8)
        || name.SequenceEqual("erl_tracer"u8) || name.SequenceEqual("zstd"u8);

    private static bool IsThere(ReadOnlySpan<byte> name)
    {
        TextBuffer file = default;
        file.Add(name);
        file.Add(".so\0"u8);
        bool there = ChildProcess.CanRun(file.Data) != Errno.Enoent;
        file.Free();
        return there;
    }

    private static Term Missing(Process* p, ReadOnlySpan<byte> name)
    {
        TextBuffer b = default;
        b.Add("Failed to load NIF library: '"u8);
        b.Add(name);
        // Saying that it is not there would send people looking for a file that they have.
        b.Add(IsThere(name) ? ".so: MyBeam loads no native libraries'"u8 : ".so: cannot open shared object file: No such file or directory'"u8);
        Utf8Text.Check(b.Data, b.Count, out long valid, out long characters);
        Term text = Utf8Text.ToList(p, b.Data, valid, characters, Term.Nil);
        b.Free();
        return text.IsNone ? text : Process.Tuple(p, Am.Error, Process.Tuple(p, Am.LoadFailed, text));
    }
}
