// The third part of FlowCheck: ways that lead back. Receive loops of an ordinary compiler bring what their label has, so that one pass over the function is enough; for all others
// the label becomes a loop label, whose state is what is common to all ways, from below too, and the function is gone over again until nothing changes.
//
// A loop must let other processes run: it is paid for by calls of Erlang code and by waiting, which count reductions. A state has a bit for each loop label: no way that leads here
// has come by that label without paying since. A jump back to a loop label needs its bit, and every way around has such a jump (or goes back by one of the instructions
// that wait). More than 64 loops of a function share the last bit.
namespace MyBeam.Vm;

using MyBeam.Memory;

internal unsafe partial struct FlowCheck
{
    // Each pass takes something from what a loop label knows: functions that need more passes than that are made up to keep the loader busy.
    private const int MostPasses = 32;

    // A function, with its loops.
    private bool Whole(GenericFunction* function)
    {
        for (; _loops.Count != 0; _loops.Pop()) _loopPlaces[_loops[_loops.Count - 1]] = 0;
        _loopStates.Clear();
        for (int pass = 0; ; pass++)
        {
            _again = false;
            if (!Function(function)) return false;
            if (!_again) return true;
            _at = function->First;
            if (pass == MostPasses) return Fail("too many loops in each other"u8);
            Forget(function);
            _fills.Clear();
        }
    }

    private readonly int LoopOf(int label) => _loopPlaces == null ? -1 : _loopPlaces[label] - 1;

    // A way back to a label that stands before this instruction.
    private bool Back(int label, int place)
    {
        bool waits = _code->Instrs[_at].Op is GenericOps.LoopRecEnd or GenericOps.Wait or GenericOps.WaitTimeout;
        int loop = LoopOf(label);
        if (loop < 0 && place >= 0 && (waits || label == _function->InfoLabel))
        {
            ulong* there = _states.Items + place;
            ulong missing = 0;
            for (int i = SetsAt; i < _words; i++) missing |= there[i] & ~_state[i];
            if (missing == 0 && there[FrameAt] == _state[FrameAt] && there[CatchAt] == _state[CatchAt] && there[HeapAt] <= _state[HeapAt]) return true;
        }
        // What the function begins with is what everybody who calls it brings.
        if (label == _function->InfoLabel) return Fail("less is known here than label # needs"u8, label);
        if (loop < 0) return AddLoop(label);
        if (!waits && (_state[PaidAt] & Bit(label)) == 0) return Fail("a jump back to label # without a call or a wait"u8, label);
        ulong* known = _loopStates.Items + loop;
        if (known[FrameAt] != _state[FrameAt] || known[CatchAt] != CatchPlace()) return Fail("a jump back to label # with another stack frame"u8, label);
        if (_state[HeapAt] < known[HeapAt])
        {
            // Not step by step: who reserves much and takes little would be long at it.
            known[HeapAt] = 0;
            _again = true;
        }
        for (int i = SetsAt; i < _words; i++)
        {
            if ((known[i] & ~_state[i]) == 0) continue;
            known[i] &= _state[i];
            _again = true;
        }
        return true;
    }

    private bool AddLoop(int label)
    {
        if (_state[CatchAt] == Unknown || _state[FrameAt] == Unknown) return Fail("a jump back to label # with an unknown stack frame"u8, label);
        if (_loopPlaces == null) _loopPlaces = (int*)Allocator.AllocZeroed((nuint)_code->LabelCount * 4, Owner.Loader);
        if (_loopPlaces == null || !_loopStates.Reserve(_words) || !_loops.Add(label)) return Fail("no memory to check the code"u8);
        _loopPlaces[label] = _loopStates.Count + 1;
        for (int i = 0; i < _words; i++) _loopStates.Add(i == CatchAt ? CatchPlace() : _state[i]);
        _again = true;
        return true;
    }

    // The innermost catch by its instruction: its index may be another one in the next pass.
    private readonly ulong CatchPlace() => _state[CatchAt] == 0 ? 0 : (ulong)_catches[(int)(uint)_state[CatchAt]].At + 1;

    // At a label: if it is that of a loop, what the ways from below bring counts too. It may be reached by them alone.
    private bool AtLoop(int label)
    {
        int loop = LoopOf(label);
        if (loop < 0) return true;
        ulong* known = _loopStates.Items + loop;
        if (_reachable)
        {
            if (known[FrameAt] != _state[FrameAt] || _state[CatchAt] == Unknown || known[CatchAt] != CatchPlace()) return Fail("a jump back to label # with another stack frame"u8, label);
            if (known[HeapAt] < _state[HeapAt]) _state[HeapAt] = known[HeapAt];
            for (int i = SetsAt; i < _words; i++) _state[i] &= known[i];
            _state[PaidAt] &= ~Bit(label);
            return true;
        }
        int mark = 0;
        if (known[CatchAt] != 0)
        {
            mark = _catches.Count - 1;
            while (mark > 0 && (ulong)_catches[mark].At + 1 != known[CatchAt]) mark--;
            if (mark == 0) return Fail("a catch of the loop at label # begins inside of it"u8, label);
        }
        Copy(known, _state);
        _state[CatchAt] = (ulong)mark;
        _state[PaidAt] &= ~Bit(label);
        _reachable = true;
        return true;
    }

    private readonly ulong Bit(int label) => 1UL << System.Math.Min(_loopPlaces[label] / _words, 63);

    private readonly bool Paid()
    {
        _state[PaidAt] = ulong.MaxValue;
        return true;
    }

    // A branch after waiting; the instruction behind it may follow without.
    private bool PaidBranch(long label)
    {
        ulong paid = _state[PaidAt];
        _state[PaidAt] = ulong.MaxValue;
        if (!Branch(label)) return false;
        _state[PaidAt] = paid;
        return true;
    }

    // Whether a label leads to this very instruction by jumps alone; then it becomes one that stands before it, by which the instruction knows.
    private readonly bool IsItself(ref long label)
    {
        long at = label;
        for (int jumps = 0; jumps < 8; jumps++)
        {
            int i = _code->Labels[at];
            while (_code->Instrs[i].Op is GenericOps.Label or GenericOps.Line) i++;
            if (i == _at)
            {
                label = at;
                return true;
            }
            if (_code->Instrs[i].Op != GenericOps.Jump) return false;
            at = _code->Args[_code->Instrs[i].FirstArg].Value;
        }
        return false;
    }
}
