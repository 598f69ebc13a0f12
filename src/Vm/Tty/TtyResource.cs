// The terminal as prim_tty sees it: a pair of descriptors behind a reference, and what the terminal was set to before.
namespace MyBeam.Vm;

using System.Threading;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Whether there is a terminal, and how it is set.</summary>
public enum TtyMode
{
    /// <summary>The output is no terminal.</summary>
    Unavailable,
    /// <summary>It is set as it was found.</summary>
    Disabled,
    /// <summary>Keys come as they are typed.</summary>
    Enabled,
}

/// <summary>What prim_tty:tty_create/1 makes.</summary>
public unsafe struct TtyResource
{
    public NativeResource Head;
    /// <summary>Where output goes. Input is always the standard input.</summary>
    public int Output;
    public TtyMode Mode;
    /// <summary>How the terminal was found, and how it is set.</summary>
    public TerminalSettings Found, Now;
    /// <summary>The id of the reference that programs have.</summary>
    public ulong Id0, Id1;
    /// <summary>Who is told of input, and the reference (id) for it; HasReference 0: undefined instead.</summary>
    public Term Reader;
    public ulong Reference0, Reference1;
    public int HasReference;
    /// <summary>What prim_tty:tty_set/1 shall do (older OTP): 1: set it raw.</summary>
    public int WantsRaw;

    /// <summary>A new one, with one claim; null when memory is out.</summary>
    public static TtyResource* Create(int output)
    {
        TtyResource* t = (TtyResource*)Allocator.AllocZeroed((nuint)sizeof(TtyResource), Owner.Resource);
        if (t == null) return null;
        t->Head.RefCount = 1;
        t->Head.Destroy = &Destroy;
        t->Head.Kind = ResourceKind.Tty;
        t->Output = output;
        t->Reader = Term.None;
        if (Terminal.Get(output, &t->Found) == Errno.None) t->Mode = TtyMode.Disabled;
        t->Now = t->Found;
        return t;
    }

    private static void Destroy(NativeResource* r) => Allocator.Free(r, (nuint)sizeof(TtyResource), Owner.Resource);

    /// <summary>Sends {select, Tty, Reference, ready_input} to the reader. From any thread.</summary>
    public static void TellReader(Machine* m, TtyResource* t)
    {
        // Terms that stand here only until they are copied into the message.
        MagicRef tty = new() { Header = Header.Make(Header.MagicRef, MagicRef.Words - 1), Id0 = t->Id0, Id1 = t->Id1, Resource = &t->Head };
        Reference reference = new() { Header = Header.Make(Header.Reference, Reference.Words - 1), Id0 = t->Reference0, Id1 = t->Reference1 };
        Term* message = stackalloc Term[4];
        message[0] = Am.Select;
        message[1] = Term.Boxed(&tty);
        message[2] = t->HasReference != 0 ? Term.Boxed(&reference) : Am.Undefined;
        message[3] = Am.ReadyInput;
        Signals.Tuple(m, null, t->Reader, message, 4);
    }
}

/// <summary>What a VM knows of its terminal: who waits for input, and the settings to be restored when it ends; embedded in Machine.</summary>
public unsafe struct TtyShared
{
    // The TtyResource that the poller watches the standard input for, with a claim on it; or 0.
    private long waiting;
    /// <summary>Guards the rest.</summary>
    public OsMutex Lock;
    /// <summary>1: the terminal is not set as it was found.</summary>
    public int Changed;
    /// <summary>Its descriptor.</summary>
    public int Descriptor;
    /// <summary>How it was found.</summary>
    public TerminalSettings Found;
    /// <summary>What the terminal can do.</summary>
    public Terminfo Terminfo;

    /// <summary>Sets the terminal as it was found, if the VM has changed it: for every way out of the VM.</summary>
    public static void Restore(Machine* m)
    {
        TtyShared* r = &m->Tty;
        r->Lock.Lock();
        if (r->Changed != 0) _ = Terminal.Set(r->Descriptor, &r->Found);
        r->Changed = 0;
        r->Lock.Unlock();
    }

    /// <summary>Notes how a terminal was found, or that it is so again.</summary>
    public static void Note(Machine* m, TtyResource* t, bool changed)
    {
        TtyShared* r = &m->Tty;
        r->Lock.Lock();
        // The first one has seen the terminal before anybody changed it.
        if (changed && r->Changed == 0)
        {
            r->Found = t->Found;
            r->Descriptor = t->Output;
        }
        r->Changed = changed ? 1 : 0;
        r->Lock.Unlock();
    }

    /// <summary>Has the reader of a terminal told when there is input.</summary>
    public static void Await(Machine* m, TtyResource* t)
    {
        Resources.Retain(&t->Head);
        Drop(Interlocked.Exchange(ref m->Tty.waiting, (long)t));
        if (Poller.Watch(m, Files.StandardInput, PollEvents.Read, &Ready, null) != Errno.None) Drop(Interlocked.Exchange(ref m->Tty.waiting, 0));
    }

    private static void Ready(Machine* m, void* data, int descriptor, PollEvents events)
    {
        TtyResource* t = (TtyResource*)Interlocked.Exchange(ref m->Tty.waiting, 0);
        if (t == null) return;
        TtyResource.TellReader(m, t);
        Resources.Release(&t->Head);
    }

    private static void Drop(long t)
    {
        if (t != 0) Resources.Release(&((TtyResource*)t)->Head);
    }

    /// <summary>Frees what is held for the poller, which has ended, and restores the terminal.</summary>
    public static void Destroy(Machine* m)
    {
        Drop(Interlocked.Exchange(ref m->Tty.waiting, 0));
        Restore(m);
        m->Tty.Terminfo.Free();
    }
}
