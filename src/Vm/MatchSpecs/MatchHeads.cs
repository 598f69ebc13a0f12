// Heads of match specifications: patterns.
namespace MyBeam.Vm;

using MyBeam.Memory;

internal unsafe partial struct MatchCompiler
{
    /// <summary>A tuple, list or map of the head whose place is in a register already and whose parts are still to be compiled.</summary>
    private struct PendingPart
    {
        public Term Pattern;
        public int Place;
    }

    private const int ObjectPlace = 1;

    private bool Head(Term head)
    {
        pending.Clear();
        bool trace = (kind & MatchSpecKind.Trace) != 0;
        if (head != Am.Underscore && MatchKeys.Variable(head) < 0 && trace) return ArgumentsHead(head);
        if (trace)
        {
            if (head == Am.Underscore) return true;
            BindTo(MatchOp.BindArguments, MatchKeys.Variable(head), 0, 0);
            return true;
        }
        Part(head, ObjectPlace, 0);
        return Pending();
    }

    // The arguments of a call stand side by side, whether the head is a list or (as OTP has it) a tuple.
    private bool ArgumentsHead(Term head)
    {
        if (head.IsTuple)
        {
            Emit(MatchOp.Arguments, 0, (int)head.TupleArity, 0);
            for (long i = 0; i < head.TupleArity; i++) Part(head.TupleElements[i], ObjectPlace, (int)i);
            return Pending();
        }
        if (!head.IsList)
        {
            // What is wrong inside it is said first.
            Part(head, ObjectPlace, 0);
            return Pending() && Refuse("Match head is invalid in this context."u8);
        }
        int count = 0;
        Term list = head;
        for (; list.IsCons; list = list.Tail) count++;
        Emit(list.IsNil ? MatchOp.Arguments : MatchOp.ArgumentsFrom, 0, count, 0);
        count = 0;
        for (list = head; list.IsCons; list = list.Tail) Part(list.Head, ObjectPlace, count++);
        return Pending();
    }

    // One term of the head, found at place + offset. What is composed is only entered here: its parts come later (Pending), so that the cheap tests of
    // one level come before all the tests of the next.
    private void Part(Term t, int place, int offset)
    {
        int number = MatchKeys.Variable(t);
        if (number >= 0)
        {
            Variable* v = FindVariable(number);
            if (v != null) Emit(MatchOp.Same, place, offset, (ulong)v->Register);
            else BindTo(MatchOp.Bind, number, place, offset);
        }
        else if (t == Am.Underscore)
        {
            // Anything.
        }
        else if (t.IsImmediate)
        {
            Emit(MatchOp.Immediate, place, offset, t.Bits);
        }
        else if (MatchKeys.IsFullyBound(t))
        {
            Emit(MatchOp.Constant, place, offset, t.Bits);
        }
        else
        {
            int inner = NewRegister();
            ulong from = (uint)place | ((ulong)(uint)offset << 32);
            if (t.IsCons) Emit(MatchOp.List, inner, 0, from);
            else if (t.IsTuple) Emit(MatchOp.Tuple, inner, (int)t.TupleArity, from);
            else Emit(MatchOp.Map, inner, (int)Maps.Size(t), from);
            if (!pending.Add(new PendingPart { Pattern = t, Place = inner }, Owner.Temporary)) outOfMemory = true;
        }
    }

    private void BindTo(MatchOp op, int number, int place, int offset)
    {
        int register = NewRegister();
        if (!variables.Add(new Variable { Number = number, Register = register }, Owner.Temporary)) outOfMemory = true;
        if (op == MatchOp.Bind) Emit(op, place, offset, (ulong)register);
        else Emit(op, register, 0, 0);
    }

    private bool Pending()
    {
        while (pending.Count > 0 && !outOfMemory)
        {
            PendingPart part = pending.Pop();
            Term t = part.Pattern;
            if (t.IsTuple)
            {
                for (long i = 0; i < t.TupleArity; i++) Part(t.TupleElements[i], part.Place, (int)i);
            }
            else if (t.IsCons)
            {
                ListParts(t, part.Place);
            }
            else if (!MapParts(t, part.Place))
            {
                return false;
            }
        }
        return true;
    }

    // Along the spine one register is enough: the tail's address replaces that of the cell.
    private void ListParts(Term t, int place)
    {
        while (true)
        {
            Part(t.Head, place, 0);
            t = t.Tail;
            if (!t.IsCons) break;
            Emit(MatchOp.List, place, 0, (uint)place | (1UL << 32));
        }
        Part(t, place, 1);
    }

    private bool MapParts(Term map, int place)
    {
        MapIterator it = new(map);
        while (it.Next())
        {
            if (MatchKeys.Variable(it.Key) >= 0) return Refuse("Variable found in map key."u8);
            if (it.Key == Am.Underscore) return Refuse("Underscore found in map key."u8);
            int value = NewRegister();
            int address = NewRegister();
            Emit(MatchOp.MapKey, value, place, it.Key.Bits);
            Part(it.Value, address, 0);
        }
        return true;
    }
}
