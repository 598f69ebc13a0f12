// Breakpoints of call tracing. A traced place in code has bit 1 of its first word set, which Ops.Next tests; Breakpoints.Find tells what is traced there.
//
// Three kinds of places:
// - the entry of a function of a module (local and meta tracing and call counts): every call comes by;
// - the stub of a native, which calls through the export come by. The call_native instructions of loaded code do not: they call Export.Call, which is the
//   native itself, and that of a traced native TracedNative, which has them go to the stub (Ops.NativeFailed);
// - an entry that tracing makes for an export (global tracing): Export.Address points to it, and it goes on to the function.
//
// Everything here changes while other schedulers stand still. Places stay in the table, untraced, until their code is freed.
namespace MyBeam.Vm;

using System.Threading;
using MyBeam.Memory;

/// <summary>What a session traces of a function.</summary>
public static class BreakFlags
{
    public const uint Local = 1, Global = 2, Meta = 4, Count = 8, CountActive = 16, Time = 32, TimeActive = 64, Memory = 128, MemoryActive = 256;
    /// <summary>All that are set by breakpoints proper.</summary>
    public const uint Points = Local | Meta | Count | Time | Memory;
}

/// <summary>What one session traces at a place.</summary>
public unsafe struct TraceBreak
{
    public TraceBreak* Next;
    public TraceSession* Session;
    public uint Flags;
    public MatchSpec* Spec, MetaSpec;
    public Term MetaTracer;
    public long Calls;
    public CallCosts Costs;
}

/// <summary>A place where calls are traced.</summary>
public unsafe struct TracePoint
{
    public Term Module, Function;
    /// <summary>As before every entry: the word before the first instruction is the arity.</summary>
    public long Arity;
    /// <summary>Global tracing of code: the first (and only) instruction.</summary>
    public fixed ulong Stub[1];
    /// <summary>The traced instruction: Stub, or in code.</summary>
    public ulong* Place;
    /// <summary>The export of a native or of global tracing; else null.</summary>
    public Export* Export;
    public TraceBreak* First;
    /// <summary>Not 0: calls go to the error handler's function breakpoint/3 (erts_debug:breakpoint/2).</summary>
    public long Debug;
    /// <summary>In the list of those whose code is gone; processes may name them (CallClock).</summary>
    public TracePoint* NextDead;
}

/// <summary>The places of one VM; embedded in Tracing.</summary>
public unsafe struct Breakpoints
{
    private TracePoint** slots;
    private uint mask;
    private TracePoint* dead;
    private int count;

    private static uint Hash(ulong* place) => (uint)((ulong)place * 0x9E3779B97F4A7C15UL >> 32);

    /// <summary>What is traced at an instruction, or null.</summary>
    public static TracePoint* Find(Machine* m, ulong* place)
    {
        Breakpoints* b = &m->Tracing.Points;
        if (b->slots == null) return null;
        for (uint i = Hash(place) & b->mask; ; i = (i + 1) & b->mask)
            if (b->slots[i] == null || b->slots[i]->Place == place) return b->slots[i];
    }

    /// <summary>Where calls through an export are traced, or null.</summary>
    public static TracePoint* OfExport(Export* e) => e == null ? null : e->Trace;

    /// <summary>Whether anything was ever traced.</summary>
    public static bool Any(Machine* m) => m->Tracing.Points.count != 0;

    private static bool Grow(Breakpoints* b)
    {
        uint mask = b->slots == null ? 63 : (b->mask * 2) + 1;
        TracePoint** fresh = (TracePoint**)Allocator.AllocZeroed(((nuint)mask + 1) * 8, Owner.Code);
        if (fresh == null) return false;
        for (uint i = 0; b->slots != null && i <= b->mask; i++)
            if (b->slots[i] != null) Put(fresh, mask, b->slots[i]);
        if (b->slots != null) Allocator.Free(b->slots, ((nuint)b->mask + 1) * 8, Owner.Code);
        b->slots = fresh;
        b->mask = mask;
        return true;
    }

    private static void Put(TracePoint** slots, uint mask, TracePoint* point)
    {
        uint i = Hash(point->Place) & mask;
        while (slots[i] != null) i = (i + 1) & mask;
        slots[i] = point;
    }

    private static TracePoint* New(Machine* m, ulong* place, Term module, Term function, long arity)
    {
        Breakpoints* b = &m->Tracing.Points;
        if ((uint)b->count * 2 >= b->mask && !Grow(b)) return null;
        TracePoint* point = (TracePoint*)Allocator.AllocZeroed((nuint)sizeof(TracePoint), Owner.Code);
        if (point == null) return null;
        point->Module = module;
        point->Function = function;
        point->Arity = arity;
        point->Place = place == null ? point->Stub : place;
        Put(b->slots, b->mask, point);
        b->count++;
        return point;
    }

    /// <summary>The place of the function whose code begins here; made when new.</summary>
    public static TracePoint* AtCode(Machine* m, ulong* entry)
    {
        TracePoint* point = Find(m, entry);
        return point != null ? point : New(m, entry, new Term(entry[-3]), new Term(entry[-2]), (long)entry[-1]);
    }

    /// <summary>The place of calls through an export; made when new.</summary>
    public static TracePoint* AtExport(Machine* m, Export* e)
    {
        if (e->Trace != null) return e->Trace;
        TracePoint* point = New(m, e->Native != null ? e->Address : null, e->Module, e->Function, e->Arity);
        if (point == null) return null;
        point->Export = e;
        e->Trace = point;
        // A place of its own leads to the function: Stub is its instruction, and never runs but as a breakpoint.
        if (e->Native == null) point->Stub[0] = m->Handlers[InstructionTable.FirstVariant[Specific.UndefinedFunction]];
        return point;
    }

    /// <summary>What a session traces at a place, or null.</summary>
    public static TraceBreak* Of(TracePoint* point, TraceSession* s)
    {
        TraceBreak* b = point == null ? null : point->First;
        while (b != null && b->Session != s) b = b->Next;
        return b;
    }

    /// <summary>As Of, by the session's number.</summary>
    public static TraceBreak* Numbered(TracePoint* point, long sessionId)
    {
        TraceBreak* b = point->First;
        while (b != null && b->Session->Id != sessionId) b = b->Next;
        return b;
    }

    /// <summary>As Of; made when there is none.</summary>
    public static TraceBreak* Ensure(TracePoint* point, TraceSession* s)
    {
        TraceBreak* b = Of(point, s);
        if (b != null || point == null) return b;
        b = (TraceBreak*)Allocator.AllocZeroed((nuint)sizeof(TraceBreak), Owner.Code);
        if (b == null) return null;
        b->Session = s;
        b->MetaTracer = Term.None;
        b->Next = point->First;
        point->First = b;
        return b;
    }

    /// <summary>Takes flags away; a session without any leaves the place.</summary>
    public static void Clear(Machine* m, TracePoint* point, TraceSession* s, uint flags)
    {
        TraceBreak* b = Of(point, s);
        if (b == null) return;
        b->Flags &= ~flags;
        if ((flags & (BreakFlags.Local | BreakFlags.Global)) != 0 && (b->Flags & (BreakFlags.Local | BreakFlags.Global)) == 0) Drop(ref b->Spec);
        if ((flags & BreakFlags.Meta) != 0) Drop(ref b->MetaSpec);
        if (b->Flags == 0)
        {
            TraceBreak** link = &point->First;
            while (*link != b) link = &(*link)->Next;
            *link = b->Next;
            CallCosts.Free(&b->Costs);
            Allocator.Free(b, (nuint)sizeof(TraceBreak), Owner.Code);
        }
        Arm(m, point);
    }

    private static void Drop(ref MatchSpec* spec)
    {
        MatchSpecs.Release(spec);
        spec = null;
    }

    /// <summary>Makes the traced instruction a breakpoint, or no longer, as the sessions want it.</summary>
    public static void Arm(Machine* m, TracePoint* point)
    {
        bool on = point->First != null || point->Debug != 0;
        Export* e = point->Export;
        if (e != null && e->Native == null)
        {
            // Global tracing: calls go to the place, or to the code.
            point->Stub[0] |= 2;
            ulong* code = CodeOf(m, e);
            if (on) Volatile.Write(ref *(nint*)&e->Address, (nint)point->Place);
            else if (e->Address == point->Place) Volatile.Write(ref *(nint*)&e->Address, (nint)code);
            return;
        }
        Volatile.Write(ref *point->Place, on ? *point->Place | 2 : *point->Place & ~2UL);
        if (e == null) return;
        // A guard BIF is called by other instructions than call_native.
        e->Call = on ? &TracedNative : e->Native;
    }

    /// <summary>Where an export without a native has its code, or its Stub.</summary>
    public static ulong* CodeOf(Machine* m, Export* e)
    {
        LoadedModule* module = CodeTable.Current(m, e->Module);
        for (int i = 0; module != null && i < module->ExportCount; i++)
            if (module->Exports[i].Function == e->Function && module->Exports[i].Arity == e->Arity) return module->Code + module->Exports[i].Word;
        return &e->Stub[3];
    }

    // In place of a traced native: Ops.NativeFailed sends the call to the stub.
    private static Term TracedNative(Process* p, Term* a)
    {
        p->Fail = FailKind.Traced;
        return Term.None;
    }

    /// <summary>Takes away everything of a session.</summary>
    public static void ClearSession(Machine* m, TraceSession* s)
    {
        Breakpoints* b = &m->Tracing.Points;
        for (uint i = 0; b->slots != null && i <= b->mask; i++)
            if (b->slots[i] != null) Clear(m, b->slots[i], s, uint.MaxValue);
    }

    /// <summary>A module has another version, or none: tracing of the functions of the one before ends. The places stay, since processes may be about to run them.</summary>
    public static void Replaced(Machine* m, Term module)
    {
        Breakpoints* b = &m->Tracing.Points;
        for (uint i = 0; b->slots != null && i <= b->mask; i++)
        {
            TracePoint* point = b->slots[i];
            if (point == null || (point->Export != null && point->Export->Native != null) || point->Module != module) continue;
            while (point->First != null) Clear(m, point, point->First->Session, uint.MaxValue);
            if (point->Debug == 0) continue;
            point->Debug = 0;
            Arm(m, point);
        }
    }

    /// <summary>Has calls of functions of a loaded module go to the error handler, or no longer. Function '_', arity -1: all. Gives how many functions they are.
    /// Other schedulers stand still.</summary>
    public static long SetDebug(Machine* m, Term name, Term function, long arity, bool on)
    {
        LoadedModule* module = CodeTable.Current(m, name);
        long found = 0;
        for (int i = 0; module != null && i < module->FunctionCount; i++)
        {
            ulong* info = module->Code + module->FunctionWords[i];
            if ((function != Am.Underscore && info[2] != function.Bits) || (arity >= 0 && (long)info[3] != arity)) continue;
            found++;
            TracePoint* point = on ? AtCode(m, info + 4) : Find(m, info + 4);
            if (point == null) continue;
            point->Debug = on ? 1 : 0;
            Arm(m, point);
        }
        return found;
    }

    /// <summary>Forgets places in a piece of code that is freed.</summary>
    public static void Forget(Machine* m, ulong* code, long words)
    {
        Breakpoints* b = &m->Tracing.Points;
        TracePoint** old = b->slots;
        if (old == null) return;
        nuint room = (nuint)b->mask + 1;
        bool any = false;
        for (uint i = 0; i <= b->mask; i++) any |= old[i] != null && IsIn(old[i], code, words);
        TracePoint** fresh = any ? (TracePoint**)Allocator.AllocZeroed(room * 8, Owner.Code) : null;
        if (fresh == null) return;
        b->count = 0;
        for (uint i = 0; i <= b->mask; i++)
        {
            if (old[i] == null) continue;
            if (IsIn(old[i], code, words))
            {
                FreeBreaks(old[i]);
                old[i]->Place = null;
                old[i]->NextDead = b->dead;
                b->dead = old[i];
                continue;
            }
            Put(fresh, b->mask, old[i]);
            b->count++;
        }
        b->slots = fresh;
        Allocator.Free(old, room * 8, Owner.Code);
    }

    private static bool IsIn(TracePoint* point, ulong* code, long words) => (ulong)(point->Place - code) < (ulong)words;

    private static void Free(TracePoint* point)
    {
        FreeBreaks(point);
        Allocator.Free(point, (nuint)sizeof(TracePoint), Owner.Code);
    }

    private static void FreeBreaks(TracePoint* point)
    {
        for (TraceBreak* t = point->First; t != null;)
        {
            TraceBreak* next = t->Next;
            MatchSpecs.Release(t->Spec);
            MatchSpecs.Release(t->MetaSpec);
            CallCosts.Free(&t->Costs);
            Allocator.Free(t, (nuint)sizeof(TraceBreak), Owner.Code);
            t = next;
        }
        point->First = null;
    }

    /// <summary>Frees the table.</summary>
    public static void Destroy(Machine* m)
    {
        Breakpoints* b = &m->Tracing.Points;
        for (uint i = 0; b->slots != null && i <= b->mask; i++)
            if (b->slots[i] != null) Free(b->slots[i]);
        if (b->slots != null) Allocator.Free(b->slots, ((nuint)b->mask + 1) * 8, Owner.Code);
        while (b->dead != null)
        {
            TracePoint* point = b->dead;
            b->dead = point->NextDead;
            Free(point);
        }
        *b = default;
    }
}
