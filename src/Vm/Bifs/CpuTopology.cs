// system_info(cpu_topology): processors, their cores and threads, as the system names them under /sys.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>The processors of the machine.</summary>
internal static unsafe class CpuTopology
{
    private const int Most = 1024;

    private struct Place
    {
        public int Package, Core;
    }

    /// <summary>[{processor, [{core, {logical, N}} | {core, [{thread, {logical, N}}]}]}], or undefined when the system does not tell. Memory nodes are not looked at.</summary>
    public static Term Detected(Process* p)
    {
        int n = Math.Min(Threads.OnlineProcessors, Most);
        Place* places = (Place*)Allocator.Alloc((nuint)(n * sizeof(Place)), Owner.Temporary);
        if (places == null) return Am.Undefined;
        bool good = true;
        for (int i = 0; good && i < n; i++)
        {
            places[i].Package = Read(i, "physical_package_id"u8);
            places[i].Core = Read(i, "core_id"u8);
            good = places[i].Package >= 0 && places[i].Core >= 0;
        }
        Term topology = good ? Build(p, places, n) : Am.Undefined;
        Allocator.Free(places, (nuint)(n * sizeof(Place)), Owner.Temporary);
        return topology;
    }

    // Whoever comes first of a group makes the whole of it; from behind, so that lists need not be turned round.
    private static Term Build(Process* p, Place* places, int n)
    {
        Term packages = Term.Nil;
        for (int i = n - 1; i >= 0; i--)
        {
            bool first = true;
            for (int k = 0; k < i; k++) first &= places[k].Package != places[i].Package;
            if (!first) continue;
            Term cores = Term.Nil;
            for (int c = n - 1; c >= i; c--)
                if (places[c].Package == places[i].Package) cores = Core(p, places, n, c, cores);
            packages = Process.Cons(p, Process.Tuple(p, Am.Processor, cores), packages);
        }
        return packages;
    }

    private static Term Core(Process* p, Place* places, int n, int at, Term rest)
    {
        Term threads = Term.Nil;
        int count = 0;
        for (int i = n - 1; i >= 0; i--)
        {
            if (places[i].Package != places[at].Package || places[i].Core != places[at].Core) continue;
            if (i < at) return rest;
            threads = Process.Cons(p, Process.Tuple(p, Am.Thread, Logical(p, i)), threads);
            count++;
        }
        return Process.Cons(p, Process.Tuple(p, Am.Core, count == 1 ? Logical(p, at) : threads), rest);
    }

    private static Term Logical(Process* p, int i) => Process.Tuple(p, Am.Logical, Term.Small(i));

    // A number from a file of one line; -1: there is none.
    private static int Read(int processor, ReadOnlySpan<byte> what)
    {
        TextBuffer b = default;
        b.Add("/sys/devices/system/cpu/cpu"u8);
        b.AddNumber(processor);
        b.Add("/topology/"u8);
        b.Add(what);
        b.AddByte(0);
        Errno error = Files.Open(b.Data, OpenModes.Read, 0, out int descriptor);
        b.Free();
        if (error != Errno.None) return -1;
        byte* text = stackalloc byte[16];
        error = Files.Read(descriptor, text, 16, out nuint length);
        _ = Files.Close(descriptor);
        if (error != Errno.None || length == 0 || text[0] < '0' || text[0] > '9') return -1;
        int value = 0;
        for (nuint i = 0; i < length && i < 9 && text[i] >= '0' && text[i] <= '9'; i++) value = (value * 10) + text[i] - '0';
        return value;
    }
}
