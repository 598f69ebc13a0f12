// The second part of FlowCheck: what each generic instruction needs of the state before it, and what it leaves behind.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;

internal unsafe partial struct FlowCheck
{
    private const int FloatWords = 2, ConsWords = 2;

    // One instruction that is no label and no func_info, where the flow of control gets.
    private bool Step(int op, GenericArg* a, int argc)
    {
        switch (op)
        {
            case GenericOps.Line or GenericOps.OnLoad or GenericOps.NifStart or GenericOps.ExecutableLine or GenericOps.DebugLine:
                return true;

            // -- the most frequent ones of those that the table below would do too --
            case GenericOps.Move:
                return Read(a) && Write(a + 1, IsContext(a));
            case GenericOps.Jump:
                _reachable = false;
                return Branch(a->Value);
            case GenericOps.SelectVal or GenericOps.SelectTupleArity:
                _reachable = false;
                if (!Read(a) || !Branch(a[1].Value)) return false;
                for (int i = 4; i < argc; i += 2)
                    if (!Branch(a[i].Value)) return false;
                return true;
            case GenericOps.GetTupleElement:
                return Read(a) && Write(a + 2);
            case GenericOps.GetList:
                return Read(a) && Write(a + 1) && Write(a + 2);

            // -- calls --
            case GenericOps.Call:
                return NeedX(a->Value) && NeedFrame() && Called() && Paid();
            case GenericOps.CallExt:
                if (!NeedX(a->Value)) return false;
                if (IsExit(_code->Imports + a[1].Value)) return Raised();
                return NeedFrame() && Called();
            case GenericOps.CallOnly:
                return NeedX(a->Value) && NeedNoFrame() && Left();
            case GenericOps.CallExtOnly:
                if (!NeedX(a->Value)) return false;
                return IsExit(_code->Imports + a[1].Value) ? Raised() : NeedNoFrame() && Left();
            case GenericOps.CallLast or GenericOps.CallExtLast:
                if (op == GenericOps.CallExtLast && IsExit(_code->Imports + a[1].Value)) return NeedX(a->Value) && Raised();
                return NeedX(a->Value) && NeedFrameOf(a[2].Value) && NeedFrameFilled() && Left();
            case GenericOps.CallFun:
                return NeedX(a->Value + 1) && NeedFrame() && Called() && Paid();
            case GenericOps.CallFun2:
                return NeedX(a[1].Value) && Read(a + 2) && NeedFrame() && Called() && Paid();
            case GenericOps.Apply:
                return NeedX(a->Value + 2) && NeedFrame() && Called() && Paid();
            case GenericOps.ApplyLast:
                return NeedX(a->Value + 2) && NeedFrameOf(a[1].Value) && NeedFrameFilled() && Left();
            case GenericOps.Send:
                return NeedX(2) && NeedFrame() && Called();
            case GenericOps.Return:
                return NeedX(1) && NeedNoFrame() && Left();

            // -- the frame and the heap --
            case GenericOps.Allocate:
                return Allocate(a->Value, 0, a[1].Value);
            case GenericOps.AllocateHeap:
                return Allocate(a->Value, a[1].Value, a[2].Value);
            case GenericOps.TestHeap:
                return Collect(a[1].Value) && Reserved(a->Value);
            case GenericOps.Deallocate:
                if (!NeedFrameOf(a->Value) || !NeedNoCatch()) return false;
                _state[FrameAt] = 0;
                ClearY();
                return true;
            case GenericOps.Trim:
                return Trim(a->Value, a[1].Value);
            case GenericOps.InitYregs:
                return InitYRegs(a);
            case GenericOps.PutList:
                return TakeHeap(ConsWords) && Read(a) && Read(a + 1) && Write(a + 2);
            case GenericOps.PutTuple2:
                return TakeHeap(a[1].Value + 1) && ReadAll(a + 2, argc - 2) && Write(a);
            case GenericOps.MakeFun3:
                return TakeHeap(Fun.HeaderWords + a[2].Value) && ReadAll(a + 3, argc - 3) && Write(a + 1);
            case GenericOps.UpdateRecord:
                return TakeHeap(a[1].Value + 1) && Read(a + 2) && ReadAll(a + 5, argc - 5) && Write(a + 3);
            case GenericOps.Fmove:
                return (a[1].Kind == ArgKind.Fr || TakeHeap(FloatWords)) && Read(a) && Write(a + 1);

            // -- registers that are read although the table says d --
            case GenericOps.SetTupleElement:
                return Read(a) && Read(a + 1);
            case GenericOps.Swap:
                return Swap(a);
            case GenericOps.RecvMarkerBind:
                return Read(a) && Read(a + 1);
            case GenericOps.RecvMarkerClear or GenericOps.RecvMarkerUse:
                return Read(a);

            // -- exceptions --
            case GenericOps.Catch:
                return BeginCatch(a->Value, (int)a[1].Value, false);
            case GenericOps.Try:
                return BeginCatch(a->Value, (int)a[1].Value, true);
            case GenericOps.TryEnd:
                return EndCatch(a->Value, true);
            case GenericOps.CatchEnd:
                return NeedX(1) && EndCatch(a->Value, false) && Collect(1);
            case GenericOps.TryCase:
                // Its label is also where calls lead that never return: the handler sees whether an exception came.
                if (!EndCatch(a->Value, true)) return false;
                KeepX(0);
                SetFirst(3);
                return true;
            case GenericOps.Badmatch or GenericOps.CaseEnd or GenericOps.TryCaseEnd or GenericOps.Badrecord:
                return Read(a) && Raised();
            case GenericOps.IfEnd:
                return Raised();
            case GenericOps.Raise:
                return Read(a) && Read(a + 1) && Raised();
            case GenericOps.RawRaise:
                return NeedX(3) && Collect(1);
            case GenericOps.BuildStacktrace or GenericOps.BsInitWritable:
                return Collect(1);

            // -- receive --
            case GenericOps.LoopRec:
                KeepX(0);
                _state[FactsAt] = 0;
                if (!Branch(a->Value)) return false;
                _state[FactsAt] = MessageFact;
                return Write(a + 1);
            case GenericOps.LoopRecEnd or GenericOps.Wait:
                if (op == GenericOps.LoopRecEnd && !NeedFact(MessageFact)) return false;
                KeepX(0);
                _reachable = false;
                return NeedFrameFilled() && Paid() && Branch(a->Value);
            case GenericOps.WaitTimeout:
                if (!Read(a + 1) || !NeedFrameFilled()) return false;
                KeepX(0);
                // Without messages to look at it waits for itself; then the time is not asked for again.
                return IsItself(ref a->Value) || PaidBranch(a->Value);
            case GenericOps.Timeout:
                KeepX(0);
                return true;
            case GenericOps.RemoveMessage:
                if (!NeedFact(MessageFact)) return false;
                _state[FactsAt] = 0;
                return true;

            // -- bits --
            case GenericOps.BsStartMatch3:
                return Read(a + 1) && Collect(a[2].Value, a + 1) && Branch(a->Value) && Write(a + 3, true);
            case GenericOps.BsStartMatch4:
                return Read(a + 2) && Collect(a[1].Value, a + 2) && (a->Kind != ArgKind.F || Branch(a->Value)) && Write(a + 3, true);
            case GenericOps.BsMatch:
                return Match(a);
            case GenericOps.BsGetInteger2 or GenericOps.BsGetFloat2 or GenericOps.BsGetBinary2 or GenericOps.BsSkipBits2 or GenericOps.BsTestTail2
                or GenericOps.BsTestUnit or GenericOps.BsMatchString or GenericOps.BsGetUtf8 or GenericOps.BsSkipUtf8 or GenericOps.BsGetUtf16
                or GenericOps.BsSkipUtf16 or GenericOps.BsGetUtf32 or GenericOps.BsSkipUtf32:
                return NeedContext(a + 1) && Plain(op, a);
            case GenericOps.BsGetTail:
                return NeedContext(a) && Collect(a[2].Value, a) && Write(a + 1);
            case GenericOps.BsGetPosition:
                return NeedContext(a) && Write(a + 1);
            case GenericOps.BsSetPosition:
                return NeedContext(a) && Read(a + 1);
            case GenericOps.BsInit2 or GenericOps.BsInitBits or GenericOps.BsAppend:
                return Plain(op, a) && Reserved(a[2].Value) && Building();
            case GenericOps.BsPrivateAppend:
                return Plain(op, a) && Building();
            case GenericOps.BsPutInteger or GenericOps.BsPutFloat or GenericOps.BsPutBinary or GenericOps.BsPutString or GenericOps.BsPutUtf8
                or GenericOps.BsPutUtf16 or GenericOps.BsPutUtf32:
                return NeedFact(BuildingFact) && Plain(op, a);
            case GenericOps.BsCreateBin:
                return ReadAll(a + 6, argc - 6) && Plain(op, a) && Reserved(a[1].Value);

            // -- other lists --
            case GenericOps.GetMapElements:
                if (!Read(a + 1)) return false;
                for (int i = 3; i < argc; i += 2)
                    if (!Read(a + i)) return false;
                return Branch(a->Value) && WriteEvery(a + 4, argc - 4);
            case GenericOps.GetRecordElements:
                return Read(a + 1) && Branch(a->Value) && WriteEvery(a + 4, argc - 4);
            case GenericOps.HasMapFields or GenericOps.PutMapAssoc or GenericOps.PutMapExact or GenericOps.PutRecord:
                int list = GenericOps.Arity(op);
                return ReadAll(a + list, argc - list) && Plain(op, a);
            default:
                return Plain(op, a);
        }
    }

    // What the letters of generic.tab say: sources are read, then a collection may come, then the branch, then destinations are written.
    private bool Plain(int op, GenericArg* a)
    {
        ReadOnlySpan<byte> kinds = GenericOps.Kinds(op);
        int arity = GenericOps.Arity(op), live = -1, label = -1, target = -1;
        for (int i = 0; i < arity; i++)
        {
            switch (kinds[2 * i])
            {
                case (byte)'s' or (byte)'r' or (byte)'m' or (byte)'w':
                    if (!Read(a + i)) return false;
                    break;
                case (byte)'j' or (byte)'f':
                    label = i;
                    break;
                case (byte)'t':
                    live = i;
                    break;
                case (byte)'d' or (byte)'n':
                    if (target >= 0 && !Write(a + target)) return false;
                    target = i;
                    break;
            }
        }
        bool fill = _lenient && label >= 0 && target >= 0 && a[label].Value != 0 && IsGuardBif(op) && IsUnset(a + target);
        // A type test has a context or none as its second operand, which it may keep.
        if (live >= 0 && !Collect(a[live].Value)) return false;
        if (fill && (!_fills.Add(_at) || !Write(a + target))) return false;
        if (label >= 0 && !Branch(a[label].Value)) return false;
        return target < 0 || Write(a + target);
    }

    private static bool IsGuardBif(int op) =>
        op is GenericOps.Bif1 or GenericOps.Bif2 or GenericOps.Bif3 or GenericOps.GcBif1 or GenericOps.GcBif2 or GenericOps.GcBif3;

    private readonly bool IsUnset(GenericArg* a) =>
        a->Kind == ArgKind.X ? !Has(_x, a->Value) : a->Kind == ArgKind.Y && a->Value + 1 < (long)_state[FrameAt] && !Has(_y, a->Value);

    private bool ReadAll(GenericArg* a, int count)
    {
        for (int i = 0; i < count; i++)
            if (!Read(a + i)) return false;
        return true;
    }

    // Every second operand of a list is a destination.
    private bool WriteEvery(GenericArg* a, int count)
    {
        for (int i = 0; i < count; i += 2)
            if (!Write(a + i)) return false;
        return true;
    }

    // A place where the heap may be collected with so many x registers: the others are lost.
    private bool Collect(long live)
    {
        if (!NeedX(live) || !NeedFrameFilled()) return false;
        KeepX(live);
        return true;
    }

    // The same for an instruction that keeps its source alive by itself, to look at it again.
    private bool Collect(long live, GenericArg* source)
    {
        bool context = IsContext(source);
        if (!Collect(live)) return false;
        if (source->Kind == ArgKind.X && source->Value >= live)
        {
            Set(_x, source->Value);
            if (context) Set(_contextX, source->Value);
        }
        return true;
    }

    private bool Reserved(long words)
    {
        _state[HeapAt] = (ulong)words;
        return true;
    }

    private readonly bool Building()
    {
        _state[FactsAt] |= BuildingFact;
        return true;
    }

    // After a call: the result is in x(0).
    private bool Called()
    {
        if (!NeedFrameFilled()) return false;
        // A message being looked at stays so: prim_eval asks a fun whether it is the right one.
        KeepX(0);
        Set(_x, 0);
        return true;
    }

    // The function is left for good.
    private bool Left()
    {
        _reachable = false;
        return NeedNoCatch();
    }

    // An exception: the search for its handler reads the frame.
    private bool Raised()
    {
        _reachable = false;
        return NeedFrameFilled();
    }

    private bool NeedFrameOf(long slots) => (long)_state[FrameAt] == slots + 1 || Fail("the stack frame does not have # slots"u8, slots);

    // Calls that never come back need no frame.
    private static bool IsExit(GenericImport* import) =>
        import->Module == Am.Erlang
        && ((import->Function == Am.Error && import->Arity is >= 1 and <= 3) || (import->Arity == 1 && (import->Function == Am.Exit || import->Function == Am.Throw)));

    private bool Allocate(long slots, long heap, long live)
    {
        if (_state[FrameAt] != 0) return Fail("a stack frame upon another"u8);
        if (!NeedX(live)) return false;
        KeepX(live);
        ClearY();
        _state[FrameAt] = (ulong)slots + 1;
        return Reserved(heap);
    }

    private readonly void ClearY()
    {
        for (int i = 0; i < _yWords; i++) _state[_y + i] = _state[_contextY + i] = 0;
    }

    private bool Trim(long dropped, long left)
    {
        if (!NeedFrameOf(dropped + left)) return false;
        // The slots of catches are counted from the end that stays.
        if ((uint)_state[CatchAt] != 0 && _catches[(int)(uint)_state[CatchAt]].Slot > left + 1) return Fail("a catch is still active"u8);
        _state[FrameAt] = (ulong)left + 1;
        ShiftDown(_y, dropped);
        ShiftDown(_contextY, dropped);
        return _state[CatchAt] == 0 || TellHandler();
    }

    private readonly void ShiftDown(int set, long by)
    {
        for (int i = 0; i < _yWords; i++)
        {
            int low = i + (int)(by / 64), bits = (int)(by % 64);
            ulong word = low < _yWords ? _state[set + low] >> bits : 0;
            if (bits != 0 && low + 1 < _yWords) word |= _state[set + low + 1] << (64 - bits);
            _state[set + i] = word;
        }
    }

    private bool InitYRegs(GenericArg* list)
    {
        for (long i = 1; i <= list->Value; i++)
            if (!Write(list + i)) return false;
        return true;
    }

    private bool Swap(GenericArg* a)
    {
        bool first = IsContext(a), second = IsContext(a + 1);
        return Read(a) && Read(a + 1) && Write(a, second) && Write(a + 1, first);
    }

    // bs_match: the commands may only take bits that an ensure before them has found there, in the same instruction or in the one just before (no_postopt leaves
    // them apart).
    private bool Match(GenericArg* a)
    {
        if (!NeedContext(a + 1) || !Branch(a->Value)) return false;
        GenericArg* c = a + 3, end = c + a[2].Value;
        long bits = _foundAt == _at && _foundIn.Kind == a[1].Kind && _foundIn.Value == a[1].Value ? _foundBits : 0;
        while (c < end)
        {
            Term name = c->Term;
            if (name == Am.EnsureAtLeast) { bits = c[1].Value; c += 3; continue; }
            if (name == Am.EnsureExactly) { bits = c[1].Value; c += 2; continue; }
            if (name == Am.Skip) { bits -= c[1].Value; c += 2; }
            else if (name == Am.EqExact) { bits -= c[2].Value; c += 4; }
            else if (name == Am.GetTail)
            {
                if (!Collect(c[1].Value, a + 1) || !Write(c + 3)) return false;
                bits = 0;
                c += 4;
            }
            else
            {
                bits -= c[3].Value * c[4].Value;
                if (!Collect(c[1].Value, a + 1) || !Write(c + 5)) return false;
                c += 6;
            }
            if (bits < 0) return Fail("a field that no ensure_at_least has found to be there"u8);
        }
        _foundAt = _at + 1;
        _foundIn = a[1];
        _foundBits = bits;
        return true;
    }
}
