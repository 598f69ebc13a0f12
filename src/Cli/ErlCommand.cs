// mybeam erl: OTP's own system, started as the program erl starts it.
namespace MyBeam.Cli;

using System;
using System.Runtime.InteropServices;
using MyBeam.Memory;
using MyBeam.Platform;
using MyBeam.Vm;

/// <summary>The command `erl`.</summary>
public static unsafe class ErlCommand
{
    /// <summary>Boots and runs until the VM is halted; gives its exit status.</summary>
    public static int Run(byte** arguments, int count, byte* archive, nuint archiveBytes)
    {
        Machine* m = Machine.Create(full: true);
        if (m == null) return Complain("mybeam erl: no memory"u8);
        m->Finder.Archive = archive;
        m->Finder.ArchiveBytes = archiveBytes;
        m->Schedulers.Wanted = Threads.AvailableProcessors;
        int status = Boot(m, arguments, count);
        Machine.Destroy(m);
        return status;
    }

    private static int Boot(Machine* m, byte** arguments, int count)
    {
        if (!FullBoot.LoadPreloaded(m, out Term missing))
        {
            Output e = new(Files.StandardError);
            e.Text("mybeam erl: the archive in this executable has no module "u8);
            e.Atom(missing);
            e.Line("; build it with OTP 29 at hand (scripts/otp 29, scripts/build)"u8);
            e.Flush();
            return 1;
        }
        byte** all = (byte**)Allocator.Alloc((nuint)(count + 16) * 8, Owner.Temporary);
        if (all == null) return Complain("mybeam erl: no memory"u8);
        int n = 0;
        fixed (byte* root = "-root\0"u8, folder = "/mybeam-otp\0"u8, bin = "-bindir\0"u8, binFolder = "/mybeam-otp/bin\0"u8, name = "-progname\0"u8, erl = "erl\0"u8, end = "--\0"u8, home = "-home\0"u8, homeVariable = "HOME\0"u8, slash = "/\0"u8)
        {
            all[n++] = root;
            all[n++] = folder;
            for (int i = 0; i + 1 < count; i++)
                if (Program.Is(arguments[i], "-root"u8)) all[n - 1] = arguments[i + 1];
            all[n++] = bin;
            all[n++] = binFolder;
            all[n++] = name;
            all[n++] = erl;
            all[n++] = end;
            all[n++] = home;
            byte* at = OsProcess.Environment(homeVariable);
            all[n++] = at == null ? slash : at;
            all[n++] = end;
            for (int i = 0; i < count; i++)
            {
                if (i + 1 < count && Program.Is(arguments[i], "-root"u8)) i++;
                else all[n++] = arguments[i];
            }
            Process* p = FullBoot.Start(m, all, n);
            if (p == null) return Complain("mybeam erl: no memory"u8);
            _ = ProcessState.Run(m, p);
            ProcessState.Free(p);
        }
        Allocator.Free(all, (nuint)(count + 16) * 8, Owner.Temporary);
        return m->ExitStatus;
    }

    private static int Complain(ReadOnlySpan<byte> text)
    {
        Output e = new(Files.StandardError);
        e.Line(text);
        e.Flush();
        return 1;
    }
}
