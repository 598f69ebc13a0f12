// Where OTP's applications are, in bare mode: in the archive, the folder /mybeam-otp.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;

/// <summary>The functions of module code that tell OTP's folders; OTP asks the code server.</summary>
public static unsafe class BareModeLibraries
{
    private static ReadOnlySpan<byte> Libraries => "/mybeam-otp/lib\0"u8;

    /// <summary>OTP's folder.</summary>
    [Bif("code:root_dir/0")]
    public static Term Root(Process* p, Term* a) => CharacterLists.Of(p, ArchiveFiles.Root);

    /// <summary>The folder of OTP's applications.</summary>
    [Bif("code:lib_dir/0")]
    public static Term LibraryFolder(Process* p, Term* a) => CharacterLists.Of(p, Libraries[..^1]);

    // A search for the folder of an application: NAME or NAME-VERSION.
    private struct Search
    {
        public byte* Name;
        public int Bytes;
        public TextBuffer Found;
    }

    /// <summary>The folder of an application, by its name as an atom or text, or {error, bad_name}.</summary>
    [Bif("code:lib_dir/1")]
    public static Term LibraryOf(Process* p, Term* a)
    {
        TextBuffer name = default;
        if (a[0].IsAtom) name.AddAtom(a[0]);
        else
        {
            Term native = FileNameBifs.NameToNative(p, a);
            if (native.IsNone) return Process.Error(p, Am.FunctionClause);
            NativePath path = new(native);
            for (byte* c = path.Text; c != null && *c != 0; c++) name.Add(new ReadOnlySpan<byte>(c, 1));
            path.Free();
        }
        Search search = new() { Name = name.Data, Bytes = (int)name.Count };
        fixed (byte* libraries = Libraries) _ = ArchiveFiles.List(p->Machine, libraries, &Try, &search);
        Term result = search.Found.Count == 0
            ? Process.Tuple(p, Am.Error, AtomTable.Intern("bad_name"u8))
            : CharacterLists.Of(p, new ReadOnlySpan<byte>(search.Found.Data, (int)search.Found.Count));
        search.Found.Free();
        name.Free();
        return result;
    }

    /// <summary>crypto asks for its application's environment before it loads its library; here the natives are there from the start.</summary>
    [Bif("crypto:on_load/0")]
    public static Term CryptoOnLoad(Process* p, Term* a) => Am.Ok;

    private static void Try(void* data, byte* folder, int bytes)
    {
        Search* s = (Search*)data;
        if (s->Bytes == 0 || bytes < s->Bytes || !new ReadOnlySpan<byte>(folder, s->Bytes).SequenceEqual(new ReadOnlySpan<byte>(s->Name, s->Bytes))) return;
        if (bytes > s->Bytes && (folder[s->Bytes] != '-' || bytes == s->Bytes + 1 || folder[s->Bytes + 1] is not (>= (byte)'0' and <= (byte)'9'))) return;
        s->Found.Free();
        s->Found = default;
        s->Found.Add(Libraries[..^1]);
        s->Found.Add("/"u8);
        s->Found.Add(new ReadOnlySpan<byte>(folder, bytes));
    }
}
