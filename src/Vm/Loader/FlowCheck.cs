// Follows the flow of control through each function in the order of the code, and refuses code whose instructions would use a register that nothing was put
// into, a stack slot outside of the frame, heap words that no instruction reserved, a match context that is none, or a catch that is not there.
// What is proved and what is not: docs/verifier.md. FlowSteps.cs has the instructions; this file the state and how it meets itself at labels.
//
// The compiler writes a function so that one pass is enough: a label is branched to before it is reached, or is reached by falling into it; only a receive loop
// goes back. So the state at a label is what is common to all ways that lead there from above, and a way that leads there from below must bring at least that.
// Code of a compiler whose last passes were switched off (no_postopt), or made by hand, has other loops: FlowLoops.cs goes over their functions again.
namespace MyBeam.Vm;

using System;
using System.Runtime.CompilerServices;
using MyBeam.Memory;

/// <summary>The check of one module. Lives on the native stack; its buffers are Owner.Loader.</summary>
internal unsafe partial struct FlowCheck
{
    // A state is a row of words: frame, catch, heap, then sets, one bit each: facts, loops that are paid for (FlowLoops.cs), x registers that hold something, y registers
    // that do, x and y registers that hold a match context. Most modules use fewer than 64 registers of each kind, so that a set is one word.
    // Frame: 0 no stack frame, else 1 + its slots. Catch: index into _catches of the innermost active one, 0 none.
    // Either is Unknown where ways with different ones meet: the compiler shares code that only raises an exception.
    // Heap: words that are reserved and not used yet.
    private const int FrameAt = 0, CatchAt = 1, HeapAt = 2, FactsAt = 3, SetsAt = 3, PaidAt = 4, RegistersAt = 5;
    // Facts: loop_rec has found a message; a binary is being built by instructions of older compilers.
    private const ulong MessageFact = 1, BuildingFact = 2;
    private const ulong Unknown = ulong.MaxValue << 32;

    private struct CatchMark
    {
        /// <summary>Its y register, counted from the other end of the frame: trim does not change that.</summary>
        public int Slot;
        public int Label, Parent;
        /// <summary>The instruction that begins it.</summary>
        public int At;
        public bool IsTry;
    }

    private GenericCode* _code;
    private LoadError* _error;
    private GenericFunction* _function;
    private ulong* _state;
    // Where each set begins, words of a set, words of a state.
    private int _x, _y, _contextX, _contextY, _xWords, _yWords, _words;
    // For each label the place of its state in _states, -1: nothing leads there yet.
    private int* _places;
    private NativeList<ulong> _states;
    private NativeList<CatchMark> _catches;
    // Instructions whose destination must hold something before them, while _lenient.
    private NativeList<int> _fills;
    private bool _lenient;
    // The loop labels of the function, and for every label the place of its state in _loopStates plus 1, 0: it is none (made when there is the first loop). A state there is
    // as in _states, but its catch is 0 or 1 + the instruction that begins it.
    private NativeList<int> _loops;
    private int* _loopPlaces;
    private NativeList<ulong> _loopStates;
    private bool _again;
    // The instruction being checked.
    private int _at;
    // What bs_match has found and not taken, where this is still true: for the instruction of this number, in this context.
    private int _foundAt;
    private GenericArg _foundIn;
    private long _foundBits;
    private bool _reachable;

    /// <summary>Checks all functions; false after a report. The labels of the code have been checked (CodeLinks).</summary>
    public static bool Check(GenericCode* code, LoadError* error)
    {
        FlowCheck c = default;
        c._code = code;
        c._error = error;
        int x = Math.Max(code->MaxX, 3), y = code->MaxY;
        for (int f = 0; f < code->FunctionCount; f++) x = Math.Max(x, code->Functions[f].Arity);
        c._xWords = (x / 64) + 1;
        c._yWords = (Math.Max(y, 0) / 64) + 1;
        c._x = RegistersAt;
        c._y = c._x + c._xWords;
        c._contextX = c._y + c._yWords;
        c._contextY = c._contextX + c._xWords;
        c._words = c._contextY + c._yWords;
        nuint stateBytes = (nuint)c._words * 8, placeBytes = (nuint)code->LabelCount * 4;
        c._state = (ulong*)Allocator.AllocZeroed(stateBytes, Owner.Loader);
        c._places = (int*)Allocator.Alloc(placeBytes, Owner.Loader);
        bool good = c._state != null && c._places != null && c._catches.Add(default);
        if (!good) error->Fail(LoadErrorCode.NoMemory, ChunkId.Code, 0, "no memory to check the code"u8);
        else
        {
            for (int i = 0; i < code->LabelCount; i++) c._places[i] = -1;
            for (int f = 0; good && f < code->FunctionCount; f++) good = c.Whole(code->Functions + f) || c.Lenient(code->Functions + f);
        }
        Allocator.Free(c._state, stateBytes, Owner.Loader);
        Allocator.Free(c._places, placeBytes, Owner.Loader);
        c._states.Free();
        c._catches.Free();
        c._fills.Free();
        c._loops.Free();
        if (c._loopPlaces != null) Allocator.Free(c._loopPlaces, placeBytes, Owner.Loader);
        c._loopStates.Free();
        return good;
    }

    // The compiler knows of some guard BIFs that they cannot fail, from types that are not in the file: what it says behind their fail labels may use their result. No
    // such branch is ever taken; but as nothing in the file says so, the result gets a value beforehand. Most code is checked without this.
    private bool Lenient(GenericFunction* function)
    {
        LoadError first = *_error;
        *_error = default;
        _lenient = true;
        Forget(function);
        bool good = Whole(function);
        for (int i = _fills.Count - 1; good && i >= 0; i--) good = Fill(_fills[i]);
        _lenient = false;
        _fills.Clear();
        *_error = good ? default : first;
        return good;
    }

    // Puts `move [] Destination` before a BIF.
    private readonly bool Fill(int at)
    {
        if (_code->InstrCount >= _code->InstrCapacity || _code->ArgCount + 2 > _code->ArgCapacity) return false;
        GenericInstr* bif = _code->Instrs + at;
        GenericArg* a = _code->Args + _code->ArgCount;
        a[0] = new GenericArg { Kind = ArgKind.N, Value = (long)Term.Nil.Bits };
        a[1] = _code->Args[bif->FirstArg + bif->Argc - 1];
        a[1].Type = 0;
        Buffer.MemoryCopy(bif, bif + 1, (long)(_code->InstrCount - at) * sizeof(GenericInstr), (long)(_code->InstrCount - at) * sizeof(GenericInstr));
        *bif = new GenericInstr { Op = GenericOps.Move, Argc = 2, FirstArg = _code->ArgCount, Offset = bif->Offset };
        _code->ArgCount += 2;
        _code->InstrCount++;
        for (int i = 0; i < _code->LabelCount; i++)
            if (_code->Labels[i] > at) _code->Labels[i]++;
        for (int f = 0; f < _code->FunctionCount; f++)
        {
            if (_code->Functions[f].First > at) _code->Functions[f].First++;
            if (_code->Functions[f].End > at) _code->Functions[f].End++;
        }
        return true;
    }

    private readonly void Forget(GenericFunction* function)
    {
        for (int i = function->First; i < function->End; i++)
            if (_code->Instrs[i].Op == GenericOps.Label) _places[_code->Args[_code->Instrs[i].FirstArg].Value] = -1;
    }

    // One pass over a function.
    private bool Function(GenericFunction* function)
    {
        _function = function;
        _states.Clear();
        _catches.Clear();
        _catches.Add(default);
        // Whoever jumps to the label before func_info wants function_clause, with the arguments in x registers and the frame gone: as at the entry.
        Enter();
        _state[PaidAt] = 0;
        if (!Store(function->InfoLabel)) return false;
        _reachable = false;
        for (_at = function->First; _at < function->End; _at++)
        {
            GenericInstr* instr = _code->Instrs + _at;
            int op = instr->Op;
            GenericArg* a = _code->Args + instr->FirstArg;
            if (op == GenericOps.Label) { if (!AtLabel((int)a->Value)) return false; }
            else if (op == GenericOps.FuncInfo) Enter();
            else if (_reachable) { if (!Step(op, a, instr->Argc)) return false; }
        }
        // Behind the last instruction lies another function.
        return !_reachable || Fail("the function goes on behind its end"u8);
    }

    // The state at the beginning of a function.
    private void Enter()
    {
        new Span<ulong>(_state, _words).Clear();
        SetFirst(_function->Arity);
        _state[PaidAt] = ulong.MaxValue;
        _reachable = true;
    }

    // -- states at labels --

    private bool AtLabel(int label)
    {
        int place = _places[label];
        if (place >= 0)
        {
            if (_reachable && !Meet(_states.Items + place)) return false;
            Copy(_states.Items + place, _state);
            _reachable = true;
        }
        if (_loops.Count != 0 && !AtLoop(label)) return false;
        if (!_reachable) return true;
        // At the top of a receive loop a process waits, and keeps no x register while it does.
        int next = _at + 1;
        while (_code->Instrs[next].Op is GenericOps.Label or GenericOps.Line) next++;
        if (_code->Instrs[next].Op is GenericOps.LoopRec or GenericOps.Wait) KeepX(0);
        if (place < 0) return Store(label);
        Copy(_state, _states.Items + place);
        return true;
    }

    private bool Store(int label)
    {
        int place = _states.Count;
        if (!_states.Reserve(_words)) return _error->Fail(LoadErrorCode.NoMemory, ChunkId.Code, 0, "no memory to check the code"u8);
        for (int i = 0; i < _words; i++) _states.Add(_state[i]);
        _places[label] = place;
        return true;
    }

    // Takes the state to a label. A label behind this instruction is still being gathered; one before it has been used already.
    private bool Branch(long label)
    {
        if (label == 0) return true;
        int place = _places[label];
        bool passed = _code->Labels[label] <= _at;
        if (passed) return Back((int)label, place);
        return place < 0 ? Store((int)label) : Meet(_states.Items + place);
    }

    private bool Meet(ulong* there)
    {
        if (there[FrameAt] != _state[FrameAt] || there[CatchAt] != _state[CatchAt])
        {
            if (!NeedFrameFilled()) return false;
            if (there[CatchAt] != _state[CatchAt])
            {
                DropCatches(there, there);
                DropCatches(_state, there);
                there[CatchAt] = Unknown;
            }
            if (there[FrameAt] != _state[FrameAt]) there[FrameAt] = Unknown;
        }
        if (_state[HeapAt] < there[HeapAt]) there[HeapAt] = _state[HeapAt];
        for (int i = SetsAt; i < _words; i++) there[i] &= _state[i];
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Copy(ulong* from, ulong* to)
    {
        for (int i = 0; i < _words; i++) to[i] = from[i];
    }

    // -- registers --

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly bool Has(int set, long n) => ((_state[set + (int)(n >> 6)] >> (int)(n & 63)) & 1) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Set(int set, long n) => _state[set + (int)(n >> 6)] |= 1UL << (int)(n & 63);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Reset(int set, long n) => _state[set + (int)(n >> 6)] &= ~(1UL << (int)(n & 63));

    // The bits of word i of a set that belong to its first n members.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong FirstBits(long n, int i)
    {
        n -= 64L * i;
        return n <= 0 ? 0 : n >= 64 ? ulong.MaxValue : (1UL << (int)n) - 1;
    }

    private readonly void SetFirst(long n)
    {
        for (int i = 0; i < _xWords; i++) _state[_x + i] |= FirstBits(n, i);
    }

    // Only the first n x registers keep what they hold.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void KeepX(long n)
    {
        for (int i = 0; i < _xWords; i++)
        {
            ulong keep = FirstBits(n, i);
            _state[_x + i] &= keep;
            _state[_contextX + i] &= keep;
        }
        _state[HeapAt] = 0;
        _state[FactsAt] &= MessageFact;
    }

    // Whether x(0) to x(n - 1) hold something.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool NeedX(long n)
    {
        ulong missing = n > 64L * _xWords ? 1UL : 0;
        for (int i = 0; i < _xWords; i++) missing |= FirstBits(n, i) & ~_state[_x + i];
        return missing == 0 || Fail("one of # x registers holds nothing"u8, n);
    }

    // Whether all slots of the frame hold something: a collection, and the search for a catch, look at all of them.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool NeedFrameFilled()
    {
        long slots = (long)_state[FrameAt] - 1;
        if (slots <= 0 || _state[CatchAt] == Unknown) return true;
        ulong missing = slots > 64L * _yWords ? 1UL : 0;
        for (int i = 0; i < _yWords; i++) missing |= FirstBits(slots, i) & ~_state[_y + i];
        return missing == 0 || Fail("one of # stack slots holds nothing"u8, slots);
    }

    private bool NeedFrame() => (long)_state[FrameAt] > 0 || Fail("a call without a stack frame"u8);

    private bool NeedNoFrame() => _state[FrameAt] == 0 || Fail("the stack frame is still there"u8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Read(GenericArg* a)
    {
        if (a->Kind == ArgKind.X) return Has(_x, a->Value) || Fail("x register # holds nothing"u8, a->Value);
        if (a->Kind == ArgKind.Y) return ReadY(a->Value);
        return true;
    }

    private bool ReadY(long n)
    {
        if (!Has(_y, n)) return Fail(n + 1 < (long)_state[FrameAt] ? "y register # holds nothing"u8 : "y register # is outside of the stack frame"u8, n);
        return _state[CatchAt] == 0 || !IsCatch(n) || Fail("y register # holds a catch"u8, n);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Write(GenericArg* a, bool isContext = false)
    {
        if (a->Kind != ArgKind.X) return a->Kind != ArgKind.Y || WriteY(a->Value, isContext);
        Set(_x, a->Value);
        if (isContext) Set(_contextX, a->Value);
        else Reset(_contextX, a->Value);
        return true;
    }

    private bool WriteY(long n, bool isContext)
    {
        if (n + 1 >= (long)_state[FrameAt]) return Fail("y register # is outside of the stack frame"u8, n);
        if (_state[CatchAt] != 0 && (_state[CatchAt] == Unknown || IsCatch(n))) return Fail("y register # may hold a catch"u8, n);
        Set(_y, n);
        if (isContext) Set(_contextY, n);
        else Reset(_contextY, n);
        return _state[CatchAt] == 0 || TellHandler();
    }

    private readonly bool IsContext(GenericArg* a) => a->Kind == ArgKind.X ? Has(_contextX, a->Value) : a->Kind == ArgKind.Y && Has(_contextY, a->Value);

    private bool NeedContext(GenericArg* a) => Read(a) && (IsContext(a) || Fail("a register that holds no match context"u8));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TakeHeap(long words)
    {
        if ((long)_state[HeapAt] < words) return Fail("# words of heap that are not reserved"u8, words);
        _state[HeapAt] -= (ulong)words;
        return true;
    }

    // -- catches --

    // Takes the slots that hold catches in one state out of the filled ones of another.
    private void DropCatches(ulong* state, ulong* there)
    {
        for (int i = (int)(uint)state[CatchAt]; i != 0; i = _catches[i].Parent)
        {
            long y = (long)state[FrameAt] - _catches[i].Slot;
            if (y >= 0 && y < 64L * _yWords) there[_y + (int)(y >> 6)] &= ~(1UL << (int)(y & 63));
        }
    }

    private bool IsCatch(long y)
    {
        int slot = (int)((long)_state[FrameAt] - y);
        for (int i = (int)(uint)_state[CatchAt]; i != 0; i = _catches[i].Parent)
            if (_catches[i].Slot == slot) return true;
        return false;
    }

    // An exception goes to the handler with the y registers as they are now.
    private bool TellHandler()
    {
        CatchMark mark = _catches[(int)(uint)_state[CatchAt]];
        ulong* there = _states.Items + _places[mark.Label];
        if (_code->Labels[mark.Label] <= _at) return Fail("label # of a catch stands before it"u8, mark.Label);
        if (there[FrameAt] != _state[FrameAt]) return Fail("the stack frame changes inside a catch"u8);
        for (int i = 0; i < _yWords; i++)
        {
            there[_y + i] &= _state[_y + i];
            there[_contextY + i] &= _state[_contextY + i];
        }
        return true;
    }

    // try, catch: the nearest handler is the one in the lowest slot, where the search finds it first.
    private bool BeginCatch(long y, int label, bool isTry)
    {
        long frame = (long)_state[FrameAt];
        int parent = (int)(uint)_state[CatchAt], handler = _code->Labels[label];
        if (y + 1 >= frame) return Fail("y register # is outside of the stack frame"u8, y);
        if (parent != 0 && frame - y <= _catches[parent].Slot) return Fail("y register # is not below the catch around it"u8, y);
        if (handler <= _at) return Fail("label # of a catch stands before it"u8, label);
        do handler++;
        while (_code->Instrs[handler].Op is GenericOps.Line or GenericOps.Label);
        if (_code->Instrs[handler].Op != (isTry ? GenericOps.TryCase : GenericOps.CatchEnd) || _code->Args[_code->Instrs[handler].FirstArg].Value != y)
            return Fail("at label # there is no end of this catch"u8, label);
        Set(_y, y);
        Reset(_contextY, y);
        int mark = _catches.Count;
        if (!_catches.Add(new CatchMark { Slot = (int)(frame - y), Label = label, Parent = parent, At = _at, IsTry = isTry })) return Fail("no memory to check the code"u8);
        // What the handler finds: the frame, no x register that it may use (a catch has x(0)), no heap.
        ulong* x = stackalloc ulong[2 * ((Context.MaxRegisters / 64) + 1)];
        for (int i = 0; i < _xWords; i++)
        {
            x[i] = _state[_x + i];
            x[_xWords + i] = _state[_contextX + i];
        }
        ulong heap = _state[HeapAt], facts = _state[FactsAt], paid = _state[PaidAt];
        KeepX(0);
        // An exception can come after loop labels that are not passed yet.
        _state[FactsAt] = _state[PaidAt] = 0;
        if (!isTry) Set(_x, 0);
        _state[CatchAt] = (ulong)mark;
        if (!Branch(label)) return false;
        _state[HeapAt] = heap;
        _state[FactsAt] = facts;
        _state[PaidAt] = paid;
        for (int i = 0; i < _xWords; i++)
        {
            _state[_x + i] = x[i];
            _state[_contextX + i] = x[_xWords + i];
        }
        return true;
    }

    private bool EndCatch(long y, bool isTry)
    {
        uint active = (uint)_state[CatchAt];
        CatchMark mark = _catches[(int)active];
        if (active == 0 || mark.Slot != (long)_state[FrameAt] - y || mark.IsTry != isTry)
            return Fail("y register # does not hold the innermost catch"u8, y);
        _state[CatchAt] = (ulong)mark.Parent;
        return mark.Parent == 0 || TellHandler();
    }

    private bool NeedFact(ulong fact) => (_state[FactsAt] & fact) != 0 || Fail("nothing is there that it goes on with"u8);

    private bool NeedNoCatch() => _state[CatchAt] == 0 || Fail("a catch is still active"u8);

    private readonly bool Fail(ReadOnlySpan<byte> what, long number = 0) =>
        _error->Fail(LoadErrorCode.BadCode, ChunkId.Code, _code->Instrs[_at].Offset, what, number, _code->Instrs[_at].Op);
}
