// erl_crash.dump: what OTP's emulator leaves when it cannot go on, in its format (version 0.5), for its crashdump_viewer. Sections of OTP's that describe what
// this VM does not have (allocators, ports' drivers, node tables) are not written.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Writes crash dumps.</summary>
public static unsafe class CrashDump
{
    /// <summary>
    /// Writes the dump that the environment asks for (ERL_CRASH_DUMP, _BYTES, _SECONDS) and says so on the standard error. The caller has stopped all other
    /// schedulers. A dump that cannot be written is no fault.
    /// </summary>
    /// <param name="m">The VM.</param>
    /// <param name="slogan">Why, with a new line at its end.</param>
    /// <param name="caller">The process that ended it, or null.</param>
    public static void Write(Machine* m, ReadOnlySpan<byte> slogan, Process* caller)
    {
        long deadline = long.MaxValue, bytes = long.MaxValue;
        byte* seconds = m->Environment.Get("ERL_CRASH_DUMP_SECONDS"u8);
        if (seconds != null)
        {
            long n = Number(seconds, out _);
            if (n == 0) return;
            if (n > 0) deadline = Clock.MonotonicNanoseconds + (Math.Min(n, 1_000_000_000) * 1_000_000_000);
        }
        byte* limit = m->Environment.Get("ERL_CRASH_DUMP_BYTES"u8);
        if (limit != null)
        {
            long n = Number(limit, out bool whole);
            if (whole && n == 0) return;
            if (whole && n > 0) bytes = n;
        }
        ReadOnlySpan<byte> usual = "erl_crash.dump\0"u8;
        fixed (byte* name = usual)
        {
            byte* given = m->Environment.Get("ERL_CRASH_DUMP"u8);
            byte* path = given != null && *given != 0 ? given : name;
            EmulatorText.Write(m, Files.StandardError, "\nCrash dump is being written to: "u8);
            int n = 0;
            while (path[n] != 0) n++;
            EmulatorText.Write(m, Files.StandardError, new ReadOnlySpan<byte>(path, n));
            EmulatorText.Write(m, Files.StandardError, "..."u8);
            if (Files.Open(path, OpenModes.Write | OpenModes.Create | OpenModes.Truncate, 0x1A0, out int descriptor) != Errno.None) return;
            DumpWriter w = new(descriptor, bytes, deadline);
            All(m, ref w, slogan, caller);
            _ = w.Flush(true);
            bool limited = w.LimitReached;
            w.Text.Free();
            _ = Files.Close(descriptor);
            if (!limited) EmulatorText.Write(m, Files.StandardError, "done\n"u8);
        }
    }

    // A decimal number, 0 without one; whole: there is nothing else in the text.
    private static long Number(byte* text, out bool whole)
    {
        bool minus = *text == '-';
        if (minus) text++;
        long n = 0;
        byte* first = text;
        for (; *text is >= (byte)'0' and <= (byte)'9'; text++) n = Math.Min((n * 10) + *text - '0', long.MaxValue / 20);
        whole = *text == 0 && text > first;
        return minus ? -n : n;
    }

    private static void All(Machine* m, ref DumpWriter w, ReadOnlySpan<byte> slogan, Process* caller)
    {
        w.Text.Add("=erl_crash_dump:0.5\n"u8);
        Date(ref w);
        w.Text.Add("Slogan: "u8);
        w.Text.Add(slogan);
        w.Text.Add("System version: "u8);
        SystemInfoBifs.AddSystemVersion(ref w.Text, m);
        w.Text.Add("Taints: \n"u8);
        w.Line("Atoms"u8, AtomTable.Count);
        Scheduler* own = caller == null ? null : caller->Context->Scheduler;
        w.Text.Add("Calling Thread: "u8);
        if (own != null)
        {
            w.Text.Add("scheduler:"u8);
            w.Text.AddNumber(own->Index + 1);
        }
        w.Text.AddByte('\n');
        for (int i = 0; i < m->Schedulers.Count; i++) SchedulerSection(m, ref w, Schedulers.Get(m, i), caller);
        Memory(ref w);
        Tables(m, ref w);
        for (int i = 0; i < ProcessTable.Limit(m) && w.Flush(); i++)
        {
            Process* p = ProcessTable.Place(m, i);
            if (p != null && !p->Pid.IsNone) DumpProcess.Facts(ref w, p, p == caller);
        }
        EtsTables.Dump(m, ref w);
        for (int i = 0; i < ProcessTable.Limit(m) && w.Flush(); i++)
        {
            Process* p = ProcessTable.Place(m, i);
            if (p != null && !p->Pid.IsNone) DumpProcess.Timers(ref w, p);
        }
        w.Text.Add("=node:'nonode@nohost'\n=no_distribution\n"u8);
        Modules(m, ref w);
        DumpHeap heap = new(m);
        for (int i = 0; i < ProcessTable.Limit(m) && w.Flush(); i++)
        {
            Process* p = ProcessTable.Place(m, i);
            if (p != null && !p->Pid.IsNone && p->Status != ProcessStatus.Exiting) DumpProcess.Terms(ref w, ref heap, p);
        }
        w.Text.Add("=literals\n"u8);
        heap.Literals(ref w);
        heap.Free();
        w.Text.Add("=atoms\n"u8);
        for (int i = AtomTable.Count - 1; i >= 0 && w.Flush(); i--)
        {
            w.Text.AddAtom(Term.Atom((uint)i));
            w.Text.AddByte('\n');
        }
        w.Text.Add("=end\n"u8);
    }

    // As C's ctime: Sat Nov 21 17:35:20 2026
    private static void Date(ref DumpWriter w)
    {
        long now = Clock.SystemNanoseconds / 1_000_000_000;
        if (!Clock.LocalFromSeconds(now, out DateTimeParts t)) return;
        // Days since 1970-01-01, a Thursday, by the local date.
        long year = t.Month <= 2 ? t.Year - 1 : t.Year, era = year / 400, ofEra = year - (era * 400);
        long dayOfYear = (((153 * (t.Month + (t.Month > 2 ? -3 : 9))) + 2) / 5) + t.Day - 1;
        long days = (era * 146097) + (ofEra * 365) + (ofEra / 4) - (ofEra / 100) + dayOfYear - 719468;
        w.Text.Add("SunMonTueWedThuFriSat"u8.Slice((int)((days + 4) % 7) * 3, 3));
        w.Text.AddByte(' ');
        w.Text.Add("JanFebMarAprMayJunJulAugSepOctNovDec"u8.Slice((t.Month - 1) * 3, 3));
        w.Text.AddByte(' ');
        if (t.Day < 10) w.Text.AddByte(' ');
        w.Text.AddNumber(t.Day);
        w.Text.AddByte(' ');
        Two(ref w, t.Hour);
        w.Text.AddByte(':');
        Two(ref w, t.Minute);
        w.Text.AddByte(':');
        Two(ref w, t.Second);
        w.Text.AddByte(' ');
        w.Text.AddNumber(t.Year);
        w.Text.AddByte('\n');
    }

    private static void Two(ref DumpWriter w, int n)
    {
        if (n < 10) w.Text.AddByte('0');
        w.Text.AddNumber(n);
    }

    private static void SchedulerSection(Machine* m, ref DumpWriter w, Scheduler* s, Process* caller)
    {
        bool runs = caller != null && caller->Context->Scheduler == s;
        w.Text.Add("=scheduler:"u8);
        w.Text.AddNumber(s->Index + 1);
        w.Text.Add(runs ? "\nScheduler Sleep Info Flags: \n"u8 : "\nScheduler Sleep Info Flags: SLEEPING | WAITING\n"u8);
        w.Text.Add("Scheduler Sleep Info Aux Work: \nCurrent Port: \nRun Queue Max Length: 0\nRun Queue High Length: 0\n"u8);
        w.Line("Run Queue Normal Length"u8, s->Queue.Count);
        w.Text.Add("Run Queue Low Length: 0\nRun Queue Port Length: 0\nRun Queue Flags: \nCurrent Process: "u8);
        if (runs)
        {
            w.Print(caller->Pid);
            w.Text.Add("\nCurrent Process State: Running\nCurrent Process Program counter: "u8);
            w.Place(m, caller->Resume);
            w.Text.Add("Current Process Limited Stack Trace:\n"u8);
            DumpProcess.Frames(ref w, caller, 256);
        }
        else w.Text.AddByte('\n');
    }

    private static long Bytes(Owner owner) => Allocator.Outstanding(owner);

    private static void Memory(ref DumpWriter w)
    {
        long total = Allocator.OutstandingTotal();
        long processes = Bytes(Owner.Heap) + Bytes(Owner.OldHeap) + Bytes(Owner.Fragment) + Bytes(Owner.Process);
        w.Text.Add("=memory\n"u8);
        w.Line("total"u8, total);
        w.Line("processes"u8, processes);
        w.Line("processes_used"u8, processes);
        w.Line("system"u8, total - processes);
        w.Line("atom"u8, Bytes(Owner.Atoms));
        w.Line("atom_used"u8, Bytes(Owner.Atoms));
        w.Line("binary"u8, Bytes(Owner.Binary));
        w.Line("code"u8, Bytes(Owner.Code));
        w.Line("ets"u8, Bytes(Owner.Ets));
    }

    // The arrays behind atoms and modules: each object has a place of its own.
    private static void Tables(Machine* m, ref DumpWriter w)
    {
        Table(ref w, "atom_tab"u8, AtomTable.Count, AtomTable.Limit);
        Table(ref w, "module_code"u8, CodeTable.Count(m), 65536);
        w.Text.Add("=allocated_areas\natom_space: "u8);
        w.Text.AddNumber(Bytes(Owner.Atoms));
        w.Text.AddByte(' ');
        w.Text.AddNumber(Bytes(Owner.Atoms));
        w.Text.AddByte('\n');
        w.Line("loaded_code"u8, Bytes(Owner.Code));
        w.Line("ets_misc"u8, Bytes(Owner.Ets));
    }

    private static void Table(ref DumpWriter w, ReadOnlySpan<byte> name, long count, long limit)
    {
        w.Text.Add("=hash_table:"u8);
        w.Text.Add(name);
        w.Text.AddByte('\n');
        long size = (long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)count * 2);
        w.Line("size"u8, size);
        w.Line("used"u8, count);
        w.Line("objs"u8, count);
        w.Line("depth"u8, 1);
        w.Text.Add("=index_table:"u8);
        w.Text.Add(name);
        w.Text.AddByte('\n');
        w.Line("size"u8, size);
        w.Line("limit"u8, limit);
        w.Line("entries"u8, count);
    }

    private static void Modules(Machine* m, ref DumpWriter w)
    {
        long current = 0, old = 0;
        uint index = 0;
        for (LoadedModule* module = CodeTable.Next(m, ref index); module != null; module = CodeTable.Next(m, ref index))
        {
            current += module->CodeWords * 8L;
            if (module->Old != null) old += module->Old->CodeWords * 8L;
        }
        w.Text.Add("=loaded_modules\n"u8);
        w.Line("Current code"u8, current);
        w.Line("Old code"u8, old);
        index = 0;
        for (LoadedModule* module = CodeTable.Next(m, ref index); module != null && w.Flush(); module = CodeTable.Next(m, ref index))
        {
            w.Section("mod"u8, module->Name);
            w.Line("Current size"u8, module->CodeWords * 8L);
            if (module->Old != null) w.Line("Old size"u8, module->Old->CodeWords * 8L);
        }
        index = 0;
        for (LoadedModule* module = CodeTable.Next(m, ref index); module != null && w.Flush(); module = CodeTable.Next(m, ref index))
        {
            for (int i = 0; i < module->FunCount; i++)
            {
                FunEntry* fun = module->Funs[i].Entry;
                w.Text.Add("=fun\n"u8);
                w.Line("Module"u8, module->Name);
                w.Line("Uniq"u8, fun->OldUniq);
                w.Line("Index"u8, fun->Index);
                w.Text.Add("Address: 0x"u8);
                w.Hex((ulong)fun->Address, 16);
                w.Text.Add("\nRefc: 1\n"u8);
            }
        }
    }

    /// <summary>The section of an ETS table.</summary>
    internal static void Table(ref DumpWriter w, EtsTable* t)
    {
        w.Section("ets"u8, t->Owner);
        w.Text.Add("Slot: "u8);
        w.Text.AddUnsigned((ulong)t);
        w.Text.Add("\n"u8);
        w.Line("Table"u8, t->Name);
        w.Line("Name"u8, t->Name);
        if (t->IsTree) w.Line("Ordered set (AVL tree), Elements"u8, t->Count);
        else w.Text.Add("Buckets: 256\nChain Length Avg: 0\nChain Length Max: 0\nChain Length Min: 0\nChain Length Std Dev: 0\nChain Length Expected Std Dev: 0\n"u8);
        w.Line("Fixed"u8, t->FixCount != 0 ? "true"u8 : "false"u8);
        w.Line("Objects"u8, t->Count);
        w.Line("Words"u8, t->Words);
        w.Line("Type"u8, t->Type == EtsType.Set ? "set"u8 : t->Type == EtsType.OrderedSet ? "ordered_set"u8 : t->Type == EtsType.Bag ? "bag"u8 : "duplicate_bag"u8);
        w.Line("Protection"u8, t->Protection == EtsProtection.Public ? "public"u8 : t->Protection == EtsProtection.Private ? "private"u8 : "protected"u8);
        w.Line("Compressed"u8, t->Compressed ? "true"u8 : "false"u8);
        w.Line("Write Concurrency"u8, t->Striped ? "true"u8 : "false"u8);
        w.Line("Read Concurrency"u8, t->ReadConcurrency ? "true"u8 : "false"u8);
    }
}

/// <summary>Text that the emulator itself writes.</summary>
public static unsafe class EmulatorText
{
    /// <summary>Writes it to a descriptor. In a full system new lines get a carriage return, as OTP's emulator adds them whatever it writes to.</summary>
    public static void Write(Machine* m, int descriptor, ReadOnlySpan<byte> text)
    {
        TextBuffer b = default;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\n' && m->Full != 0) b.AddByte('\r');
            b.AddByte(text[i]);
        }
        _ = Files.WriteAll(descriptor, b.Data, (nuint)b.Count);
        b.Free();
    }
}
