// The compiler of match specifications: from the term to a program for MatchRunner. This part: the whole specification and its memory. MatchHeads.cs
// compiles heads, MatchExpressions.cs guards and bodies, MatchForms.cs the special forms, MatchErrors.cs words the complaints.
//
// The specification is copied first, in one piece, into the block of the program; heads and constants of the code are then just parts of that copy.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>The state of one compilation.</summary>
internal unsafe partial struct MatchCompiler
{
    private struct Variable
    {
        public int Number, Register;
        /// <summary>The body has copied it to the heap already.</summary>
        public bool Copied;
    }

    /// <summary>Registers of a program, because an instruction names them with 24 bits.</summary>
    private const int MaxRegisters = 1 << 24;

    private Process* p;
    private MatchSpecKind kind;
    private NativeList<MatchInstruction> code;
    private NativeList<Variable> variables;
    /// <summary>Instructions whose constant was made on p's heap and is to be copied into the program.</summary>
    private NativeList<int> folded;
    /// <summary>Parts of the head that are still to be compiled.</summary>
    private NativeList<PendingPart> pending;
    /// <summary>The next free register, and the most that were in use.</summary>
    private int next, most;
    /// <summary>In a guard (else in a body); the guard allocates; the body has copied the object already.</summary>
    private bool inGuard, allocates, objectCopied;
    /// <summary>Inside something that may be skipped (the rest of an orelse): how often; and how deep in an expression.</summary>
    private int conditional, depth;
    private bool outOfMemory;
    private MatchSpecError problem;
    /// <summary>Whether complaints are collected (match_spec_test/3) and the list of them, newest first.</summary>
    private bool collect, complained;
    private Term complaints;

    /// <summary>See MatchSpecs.Compile. With <paramref name="complaints"/> the words of what is wrong are given as match_spec_test/3 gives them.</summary>
    public static MatchSpec* Compile(Process* p, Term spec, MatchSpecKind kind, Term* complaints, out MatchSpecError error)
    {
        MatchCompiler c = new() { p = p, kind = kind, collect = complaints != null, complaints = Term.Nil };
        HeapMark mark = HeapMark.Take(&p->Heap);
        MatchSpec* ms = c.Whole(spec);
        error = ms != null ? MatchSpecError.None : c.outOfMemory ? MatchSpecError.SystemLimit : c.problem == MatchSpecError.None ? MatchSpecError.Badarg : c.problem;
        if (complaints == null) HeapMark.RollBack(&p->Heap, &mark);
        else *complaints = c.complaints;
        c.variables.Free(Owner.Temporary);
        c.folded.Free(Owner.Temporary);
        c.pending.Free(Owner.Temporary);
        c.code.Free(Owner.Binary);
        return ms;
    }

    private MatchSpec* Whole(Term spec)
    {
        long clauses = ListBifs.Length(spec);
        // The empty list is none to OTP.
        if (clauses <= 0)
        {
            Refuse(spec.IsCons ? "Match programs are not in a proper list."u8 : "Match programs are not in a list."u8);
            return null;
        }
        long words = TermSize.ForCopy(spec, null);
        MatchSpec* ms = words < 0 ? null : MatchSpec.Create(kind, clauses, words);
        if (ms == null)
        {
            outOfMemory = true;
            return null;
        }
        ulong* top = MatchSpec.Constants(ms);
        ms->Source = TermCopy.To(spec, &top, &ms->OffHeap, null);
        bool good = Clauses(ms) && Finish(ms);
        if (good && !outOfMemory) return ms;
        MatchSpecs.Release(ms);
        return null;
    }

    private bool Clauses(MatchSpec* ms)
    {
        // All clauses are looked at before the first is compiled, as in OTP: that decides which complaint is made.
        Term* heads = MatchSpec.Heads(ms);
        for (Term list = ms->Source; list.IsCons; list = list.Tail)
        {
            if (!list.Head.IsTupleOf(3)) return Refuse("Match program part is not a tuple of arity 3."u8);
            Term head = list.Head.TupleElements[0];
            if ((kind & MatchSpecKind.Trace) != 0 && !IsArgumentList(head))
            {
                ComplainTerm("Match expression part "u8, head, " is not a proper list."u8);
                return false;
            }
            *heads++ = head;
        }
        for (Term list = ms->Source; list.IsCons; list = list.Tail)
        {
            int start = code.Count;
            Emit(MatchOp.Clause, 0, 0, 0);
            if (!Clause(list.Head.TupleElements) || complained || outOfMemory) return false;
            code[start].C = (ulong)code.Count;
        }
        Emit(MatchOp.NoMatch, 0, 0, 0);
        return true;
    }

    // Heads of traces: also what is no list at all may do.
    private static bool IsArgumentList(Term head)
    {
        if (!head.IsCons) return true;
        Term tail = head;
        while (tail.IsCons) tail = tail.Tail;
        return tail.IsNil || tail == Am.Underscore;
    }

    private bool Clause(Term* parts)
    {
        variables.Clear();
        next = MatchSpec.FirstFreeRegister;
        inGuard = true;
        allocates = false;
        if (!Head(parts[0])) return false;
        int start = code.Count;
        if (!Guards(parts[1])) return false;
        if (allocates)
        {
            Insert(start, MatchInstruction.Make(MatchOp.Mark, 0, 0, 0));
            Emit(MatchOp.GuardsEnd, 0, 0, 0);
        }
        inGuard = false;
        bool table = (kind & MatchSpecKind.Ets) != 0;
        if (table && !parts[2].IsCons) return Refuse("Body clause does not return anything."u8);
        return Body(parts[2]);
    }

    // -- code --

    private void Emit(MatchOp op, int a, int b, ulong c)
    {
        if (!code.Add(MatchInstruction.Make(op, a, b, c), Owner.Binary)) outOfMemory = true;
    }

    private void Insert(int at, MatchInstruction instruction)
    {
        Emit(MatchOp.NoMatch, 0, 0, 0);
        if (outOfMemory) return;
        for (int i = code.Count - 1; i > at; i--) code[i] = code[i - 1];
        code[at] = instruction;
        for (int i = 0; i < folded.Count; i++)
            if (folded[i] >= at) folded[i]++;
    }

    // So many registers from here on; the first.
    private int Reserve(int first, long count)
    {
        if (first + count > MaxRegisters)
        {
            problem = MatchSpecError.SystemLimit;
            outOfMemory = true;
            return first;
        }
        if (first + count > most) most = (int)(first + count);
        return first;
    }

    private int NewRegister()
    {
        Reserve(next, 1);
        return outOfMemory ? next : next++;
    }

    private Variable* FindVariable(int number)
    {
        for (int i = 0; i < variables.Count; i++)
            if (variables[i].Number == number) return variables.Items + i;
        return null;
    }

    // Hands code and folded constants over to the program.
    private bool Finish(MatchSpec* ms)
    {
        if (outOfMemory) return false;
        long words = 0;
        for (int i = 0; i < folded.Count; i++)
        {
            long size = TermSize.ForCopy(new Term(code[folded[i]].C), null);
            if (size < 0) return OutOfMemory();
            words += size;
        }
        if (words > 0)
        {
            ms->Folded = (ulong*)Allocator.Alloc((nuint)words * 8, Owner.Binary);
            if (ms->Folded == null) return OutOfMemory();
            ms->FoldedWords = words;
            ulong* top = ms->Folded;
            for (int i = 0; i < folded.Count; i++)
            {
                ref MatchInstruction x = ref code[folded[i]];
                x.C = TermCopy.To(new Term(x.C), &top, &ms->OffHeap, null).Bits;
            }
        }
        ms->Registers = most > MatchSpec.FirstFreeRegister ? most : MatchSpec.FirstFreeRegister;
        ms->Code = code;
        code = default;
        return true;
    }

    private bool OutOfMemory()
    {
        outOfMemory = true;
        return false;
    }
}
