// An OTP installation on disk (erl -root DIR, ERL_ROOTDIR): where its emulator's folder is.
namespace MyBeam.Cli;

using System;
using MyBeam.Platform;
using MyBeam.Vm;

/// <summary>Finds parts of an installation.</summary>
internal static unsafe class OtpRoot
{
    /// <summary>ROOT/erts-VERSION/bin, kept in the store.</summary>
    public static byte* BinFolder(byte* root, ref TextStore store)
    {
        byte* emulator = Emulator(root, ref store);
        return emulator == null ? null : store.Join(TextStore.Span(root), "/"u8, TextStore.Span(store.Join(TextStore.Span(emulator), "/bin"u8, default)));
    }

    /// <summary>The folder with the modules that OTP's emulator holds ready, or null: the installation has none, or is the archive.</summary>
    public static byte* Preloaded(byte* root, ref TextStore store)
    {
        if (TextStore.Span(root).SequenceEqual(ArchiveFiles.Root)) return null;
        byte* emulator = Emulator(root, ref store);
        if (emulator == null) return null;
        ReadOnlySpan<byte> ebin = TextStore.Span(store.Join(TextStore.Span(emulator), "/ebin"u8, default));
        byte* folder = store.Join(TextStore.Span(root), "/lib/"u8, ebin);
        if (folder != null && FileSystem.IsDirectory(folder)) return folder;
        folder = store.Join(TextStore.Span(root), "/"u8, ebin);
        return folder != null && FileSystem.IsDirectory(folder) ? folder : null;
    }

    /// <summary>The emulator of OTP 29 has this number.</summary>
    public const int OwnMajor = 17;

    /// <summary>The first number of the version of the installation's emulator; OwnMajor when it does not say.</summary>
    public static int EmulatorMajor(byte* root, ref TextStore store)
    {
        byte* emulator = TextStore.Span(root).SequenceEqual(ArchiveFiles.Root) ? null : Emulator(root, ref store);
        if (emulator == null) return OwnMajor;
        ReadOnlySpan<byte> version = TextStore.Span(emulator)["erts-"u8.Length..];
        int major = 0;
        for (int i = 0; i < version.Length && i < 4 && version[i] is >= (byte)'0' and <= (byte)'9'; i++) major = (major * 10) + version[i] - '0';
        return major == 0 ? OwnMajor : major;
    }

    // "erts-17.1": the folder of that kind in the root, the archive's when there is none.
    private static byte* Emulator(byte* root, ref TextStore store)
    {
        byte* found = null;
        if (FileSystem.OpenDirectory(root, out DirectoryListing listing) == Errno.None)
        {
            while (found == null && FileSystem.NextEntry(listing, out byte* name, out nuint bytes, out FileType _, out Errno _))
            {
                ReadOnlySpan<byte> text = new(name, (int)bytes);
                if (text.StartsWith("erts-"u8)) found = store.Copy(text);
            }
            FileSystem.CloseDirectory(listing);
        }
        return found != null ? found : store.Copy("erts-17.1"u8);
    }
}
