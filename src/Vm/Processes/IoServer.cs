// The native group leader of bare mode: answers the I/O protocol (io_request / io_reply) on standard input and output without a process of its own.
// Requests that name a function to make the characters (io:format does) run it in a helper process on a context of its own, at once.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>State of the group leader of one VM.</summary>
public unsafe struct IoServer
{
    private Term pid, errorPid;

    /// <summary>The pid of the group leader.</summary>
    public readonly Term Pid => pid;

    /// <summary>Where output goes now.</summary>
    private int descriptor;
    /// <summary>Where put_chars functions run; made when first needed.</summary>
    private Context* context;
    private byte* output;
    private int used;
    private int failed;
    /// <summary>Who reads.</summary>
    public IoInput Input;
    /// <summary>Bytes written so far.</summary>
    public long Written;
    private OsMutex mutex;

    private const int MostArguments = 32;
    private const int OutputBytes = 16384;

    /// <summary>Makes the group leader; gives its pid.</summary>
    public static Term Start(Machine* m)
    {
        m->Io = default;
        m->Io.pid = ProcessTable.ReservePid(m);
        m->Io.errorPid = ProcessTable.ReservePid(m);
        m->Io.descriptor = Files.StandardOutput;
        m->Io.output = (byte*)Allocator.Alloc(OutputBytes, Owner.Files);
        return m->Io.pid;
    }

    /// <summary>Writes what is buffered and frees everything.</summary>
    public static void Stop(Machine* m)
    {
        Flush(m);
        Allocator.Free(m->Io.output, OutputBytes, Owner.Files);
        IoInput.Stop(m);
        IoInput.Free(m);
        if (m->Io.context != null) Allocator.Free(m->Io.context, (nuint)sizeof(Context), Owner.Vm);
        m->Io = default;
    }

    /// <summary>Whether a pid is the group leader's, or standard_error's.</summary>
    public static bool Is(Machine* m, Term to) => (to == m->Io.pid || to == m->Io.errorPid) && !to.IsNone;

    /// <summary>The pid behind the names user and standard_error, or None.</summary>
    public static Term Named(Machine* m, Term name) => name == Am.User ? m->Io.pid : name == Am.StandardError ? m->Io.errorPid : Term.None;

    /// <summary>Takes a message to the group leader; answers io_request messages at once, ignores others.</summary>
    public static void Take(Process* p, Term to, Term message)
    {
        if (!message.IsTupleOf(4) || message.TupleElements[0] != Am.IoRequest) return;
        Term* e = message.TupleElements;
        Term from = e[1], replyAs = e[2];
        // Requests of processes on several schedulers are answered one after another.
        Machine* m = p->Machine;
        Schedulers.LockPatiently(m, &m->Io.mutex);
        bool error = to == m->Io.errorPid;
        if (error)
        {
            Flush(m);
            m->Io.descriptor = Files.StandardError;
        }
        Term reply = Request(p, from, replyAs, e[3]);
        if (error)
        {
            Flush(m);
            m->Io.descriptor = Files.StandardOutput;
        }
        m->Io.mutex.Unlock();
        // The reader answers.
        if (reply.IsNone) return;
        Term* answer = stackalloc Term[] { Am.IoReply, replyAs, reply };
        Signal* s = Signal.Tuple(m, answer, 3);
        if (s == null) return;
        if (SeqTrace.IsOn(p))
        {
            ulong* whole = stackalloc ulong[] { Header.Make(Header.Tuple, 3), answer[0].Bits, answer[1].Bits, answer[2].Bits };
            SeqTrace.Served(p, to, message, Term.Boxed(whole), s);
        }
        Signals.Send(m, p->Context, from, s);
    }

    private static Term ErrorReply(Process* p, Term reason) => Process.Tuple(p, Am.Error, reason);

    // None: the answer comes later.
    private static Term Request(Process* p, Term from, Term replyAs, Term r)
    {
        if (r == Am.Getopts)
            return Process.Cons(p, Process.Tuple(p, Am.Binary, Am.False), Process.Cons(p, Process.Tuple(p, Am.Encoding, Am.Unicode), Term.Nil));
        if (!r.IsTuple) return ErrorReply(p, Am.Request);
        Term* e = r.TupleElements;
        long n = r.TupleArity;
        if (n == 0) return ErrorReply(p, Am.Request);
        if (e[0] == Am.PutChars && n == 3) return Put(p, e[1], e[2]);
        if (e[0] == Am.PutChars && n == 2) return Put(p, Am.Latin1, e[1]);
        if (e[0] == Am.PutChars && n == 5) return PutMade(p, e[1], e[2], e[3], e[4]);
        if (e[0] == Am.PutChars && n == 4) return PutMade(p, Am.Latin1, e[1], e[2], e[3]);
        if (e[0] == Am.Requests && n == 2)
        {
            Term result = Am.Ok;
            for (Term list = e[1]; list.IsCons; list = list.Tail)
            {
                // One that reads is the last, whatever follows.
                result = Request(p, from, replyAs, list.Head);
                if (result != Am.Ok) return result;
            }
            return result;
        }
        if (e[0] == Am.GetLine && n >= 2) return Read(p, from, replyAs, e[n - 1], IoInput.Line);
        if (e[0] == Am.GetChars && n >= 3 && e[n - 1].IsSmall) return Read(p, from, replyAs, e[n - 2], System.Math.Max(e[n - 1].SmallValue, 0));
        if (e[0] == Am.Setopts) return Am.Ok;
        if (e[0] == Am.GetGeometry) return ErrorReply(p, Am.Enotsup);
        return ErrorReply(p, Am.Request);
    }

    // -- output --

    private static Term Put(Process* p, Term encoding, Term characters)
    {
        Machine* m = p->Machine;
        IoCharacters walk = new(characters, encoding == Am.Latin1);
        bool good = true;
        while (good && walk.Next(out uint c))
        {
            if (c == IoCharacters.Bad) { good = false; break; }
            if (c < 0x80) Byte(m, (byte)c);
            else if (c < 0x800) { Byte(m, (byte)(0xC0 | (c >> 6))); Byte(m, (byte)(0x80 | (c & 0x3F))); }
            else if (c < 0x10000) { Byte(m, (byte)(0xE0 | (c >> 12))); Byte(m, (byte)(0x80 | ((c >> 6) & 0x3F))); Byte(m, (byte)(0x80 | (c & 0x3F))); }
            else { Byte(m, (byte)(0xF0 | (c >> 18))); Byte(m, (byte)(0x80 | ((c >> 12) & 0x3F))); Byte(m, (byte)(0x80 | ((c >> 6) & 0x3F))); Byte(m, (byte)(0x80 | (c & 0x3F))); }
        }
        walk.Free();
        if (!good) return ErrorReply(p, Process.Tuple(p, Am.PutChars, encoding));
        // A person at a terminal sees every request at once; a pipe gets whole blocks.
        if (m->Io.used > OutputBytes / 2 || Files.IsTerminal(Files.StandardOutput)) Flush(m);
        return m->Io.failed != 0 ? ErrorReply(p, Am.Terminated) : Am.Ok;
    }

    // Characters made by M:F(Args): run it in a helper process.
    private static Term PutMade(Process* p, Term encoding, Term module, Term function, Term arguments)
    {
        Machine* m = p->Machine;
        Term badCall = Process.Tuple(p, Am.Error, function);
        if (!module.IsAtom || !function.IsAtom) return badCall;
        if (m->Io.context == null)
        {
            m->Io.context = (Context*)Allocator.AllocZeroed((nuint)sizeof(Context), Owner.Vm);
            if (m->Io.context == null) return ErrorReply(p, Am.SystemLimit);
            m->Io.context->Machine = m;
            m->Io.context->HaltCode = m->HaltCode;
        }
        Context* c = m->Io.context;
        Process* helper = ProcessState.Create(m, c, ProcessState.FirstHeap);
        if (helper == null) return ErrorReply(p, Am.SystemLimit);
        helper->GroupLeader = p->GroupLeader;
        Term* x = stackalloc Term[MostArguments];
        int count = 0;
        for (; arguments.IsCons && count < MostArguments; arguments = arguments.Tail) x[count++] = TermCopy.ToHeap(arguments.Head, &helper->Heap);
        ProcessState.SetCall(helper, ExportTable.Put(m, module, function, count), x, count);
        c->Process = helper;
        long stop;
        // It only makes characters: nobody else gets its turn meanwhile.
        do stop = ProcessState.RunSlice(c, helper, m->SliceReductions);
        while (stop == StopReason.Yielded && m->Halting == 0);
        Term result = *Context.Xs(c);
        Term reply = stop == StopReason.Finished ? Put(helper, encoding, result) : Term.None;
        Term answer;
        if (reply == Am.Ok) answer = Am.Ok;
        else answer = ErrorReply(p, stop == StopReason.Finished ? Process.Tuple(p, Am.PutChars, encoding) : function);
        Context.ForgetFailure(c);
        ProcessState.Free(helper);
        return answer;
    }

    private static void Byte(Machine* m, byte b)
    {
        if (m->Io.used == OutputBytes) Flush(m);
        m->Io.output[m->Io.used++] = b;
    }

    /// <summary>Whether something could not be written.</summary>
    public static bool Failed(Machine* m) => m->Io.failed != 0;

    /// <summary>Writes what is buffered.</summary>
    public static void Flush(Machine* m)
    {
        if (m->Io.used > 0 && Files.WriteAll(m->Io.descriptor, m->Io.output, (nuint)m->Io.used) != Errno.None) m->Io.failed = 1;
        m->Io.Written += m->Io.used;
        m->Io.used = 0;
    }

    // Input: lines and characters as lists.
    private static Term Read(Process* p, Term from, Term replyAs, Term prompt, long count)
    {
        Put(p, Am.Unicode, prompt);
        Flush(p->Machine);
        return IoInput.Ask(p->Machine, from, replyAs, count) ? Term.None : ErrorReply(p, Am.Terminated);
    }
}
