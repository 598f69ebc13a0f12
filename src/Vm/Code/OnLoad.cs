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
