// on_load functions in bare mode. OTP's code server calls one in a process of its own, and until it has answered ok nobody can call the module; here the module
// is made unknown again when the answer is another.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Runs on_load functions.</summary>
public static unsafe class OnLoad
{
    /// <summary>
    /// Calls the on_load function of a module that has just been loaded, if it has one, in a process made for it. False: it did not return ok; the
    /// module is then no longer known, and stderr has a line that says why.
    /// </summary>
    public static bool Run(Machine* m, LoadedModule* module)
    {
        if (module->OnLoadWord < 0) return true;
        Context* c = (Context*)Allocator.AllocZeroed((nuint)sizeof(Context), Owner.Vm);
        Process* p = null;
        if (c != null)
        {
            c->Machine = m;
            c->HaltCode = m->HaltCode;
            p = ProcessState.Create(m, c, ProcessState.FirstHeap);
        }
        bool good = p != null;
        if (good)
        {
            if (m->Context->Process != null) p->GroupLeader = m->Context->Process->GroupLeader;
            // Before the first process runs.
            else if (!m->Io.Pid.IsNone) p->GroupLeader = m->Io.Pid;
            p->Resume = module->Code + module->OnLoadWord;
            c->Process = p;
            long stop;
            do stop = ProcessState.RunSlice(c, p, m->SliceReductions);
            while (stop == StopReason.Yielded && m->Halting == 0);
            Term answer = *Context.Xs(c);
            good = m->Halting != 0 || (stop == StopReason.Finished && answer == Am.Ok);
            if (!good) Report(p, module, stop, answer);
            ProcessState.Free(p);
        }
        Allocator.Free(c, (nuint)sizeof(Context), Owner.Vm);
        if (!good)
        {
            Schedulers.LockCode(m);
            CodeTable.Delete(m, module);
            Schedulers.UnlockCode(m);
        }
        return good;
    }

    /// <summary>
    /// code:load_binary/3: calls the on_load function of a pending module in a process of its own, as OTP's code server does. The caller waits for {module, M} or
    /// {error, on_load_failure}. Always None.
    /// </summary>
    public static Term Start(Process* p, LoadedModule* module)
    {
        Machine* m = p->Machine;
        Term reference = TimeBifs.NewReference(p);
        Process* q = ProcessState.Create(m, p->Context, ProcessState.FirstHeap);
        Signal* s = q == null ? null : Signal.Carrying(m, SignalKind.Call, module->Name);
        ProcessExtra* x = s == null ? null : ProcessExtra.Of(q);
        if (x == null)
        {
            if (s != null) Signal.Free(s);
            if (q != null) ProcessState.Free(q);
            Finish(p, module, false);
            return Process.SystemLimit(p);
        }
        s->From = p->Pid;
        s->Id0 = ((Reference*)reference.Box)->Id0;
        s->Id1 = ((Reference*)reference.Box)->Id1;
        s->Machine = m;
        x->OnLoad = s;
        q->GroupLeader = p->GroupLeader;
        q->Flags.SetParent(p->Pid);
        q->InitialModule = Am.Erlang;
        q->InitialFunction = Am.Apply;
        q->InitialArity = 2;
        q->Resume = module->Code + module->OnLoadWord;
        q->Status = ProcessStatus.Runnable;
        Schedulers.Ready(p->Context, q);
        return Process.TrapTo1(p, Am.ErtsInternal, Am.AwaitResult, reference);
    }

    /// <summary>The process that ran an on_load function ends.</summary>
    public static void Ended(Process* q, long stop)
    {
        Machine* m = q->Machine;
        Signal* s = q->Extra->OnLoad;
        q->Extra->OnLoad = null;
        LoadedModule* module = CodeLoadingBifs.Pending(m, s->Value);
        Term answer = stop == StopReason.Finished ? *Context.Xs(q->Context) : Term.None;
        bool good = module != null && answer == Am.Ok;
        if (module != null && !good) Report(q, module, stop, answer);
        if (module != null) good &= Finish(q, module, good);
        ProcessBifs.Answer(q, s, good ? Process.Tuple(q, Am.Module, s->Value) : Process.Tuple(q, Am.Error, Am.OnLoadFailure));
    }

    // Makes a pending module current, or frees it. True: it is current.
    private static bool Finish(Process* p, LoadedModule* module, bool good)
    {
        Machine* m = p->Machine;
        Schedulers.LockCode(m);
        good = good && CodeTable.Reserve(m, 1);
        if (good)
        {
            CodeTable.RemovePending(m, module);
            CodeTable.Install(m, module);
        }
        else
        {
            Schedulers.StopAll(m);
            // Processes that the function has started die with the module.
            bool used = false;
            int limit = ProcessTable.Limit(m), left = ProcessTable.Count(m);
            for (int i = 0; i < limit && left > 0; i++)
            {
                Process* q = ProcessTable.Place(m, i);
                if (q == null) continue;
                left--;
                if (q == p || q->Pid.IsNone || !SystemTaskBifs.RunsIn(q, module)) continue;
                used = true;
                Signal* kill = Signal.Carrying(m, SignalKind.Exit, Am.Kill);
                if (kill == null) continue;
                kill->From = p->Pid;
                Signals.Send(m, p->Context, q->Pid, kill);
            }
            if (used) CodeTable.ForgetPending(m, module);
            else
            {
                CodeTable.RemovePending(m, module);
                CodeTable.Discard(m, module);
            }
            Schedulers.GoOn(m);
        }
        Schedulers.UnlockCode(m);
        return good;
    }

    private static void Report(Process* p, LoadedModule* module, long stop, Term answer)
    {
        TextBuffer b = default;
        b.Add("mybeam: the on_load function of module "u8);
        TermPrinter.Write(ref b, module->Name, TermStyle.Pretty, true);
        if (stop == StopReason.Waiting) b.Add(" waits for a message"u8);
        else
        {
            b.Add(stop == StopReason.Finished ? " returned "u8 : " failed: "u8);
            TermPrinter.Write(ref b, stop == StopReason.Finished ? answer : p->FailReason, TermStyle.Pretty, true);
        }
        b.AddByte((byte)'\n');
        _ = Files.WriteAll(Files.StandardError, b.Data, (nuint)b.Count);
        b.Free();
    }
}
