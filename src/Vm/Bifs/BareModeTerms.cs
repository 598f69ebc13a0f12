// What the boot of OTP leaves in persistent_term and library code relies on. Bare mode boots nothing, so these are there from the first access on.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>The persistent terms of bare mode.</summary>
internal static unsafe class BareModeTerms
{
    /// <summary>
    /// The state of erl_features as OTP 29 has it without options (-enable-feature …): io_lib and erl_scan ask it which words are reserved, and it would
    /// ask the process init for the command line.
    /// </summary>
    public static void Put(Machine* m)
    {
        Term erlFeatures = Am.ErlFeatures;
        Cons* words = stackalloc Cons[3];
        words[0].Head = Am.Maybe;
        words[0].Tail = Term.List(words + 1);
        words[1].Head = Am.Else;
        words[1].Tail = Term.Nil;
        words[2].Head = Am.MaybeExpr;
        words[2].Tail = Term.Nil;
        Put(m, erlFeatures, Am.Keywords, Term.List(words));
        Put(m, erlFeatures, Am.EnabledFeatures, Term.List(words + 2));
        Put(m, erlFeatures, Am.InitDone, Am.True);
        // os:cmd's shell, which kernel finds out when it starts.
        System.ReadOnlySpan<byte> shell = "/bin/sh"u8;
        Cons* text = stackalloc Cons[shell.Length];
        for (int i = 0; i < shell.Length; i++)
        {
            text[i].Head = Term.Small(shell[i]);
            text[i].Tail = i + 1 < shell.Length ? Term.List(text + i + 1) : Term.Nil;
        }
        _ = PersistentTerms.PutLocked(m, Am.KernelOsCmdShell, Term.List(text));
    }

    private static void Put(Machine* m, Term module, Term name, Term value)
    {
        ulong* key = stackalloc ulong[3];
        key[0] = Header.Make(Header.Tuple, 2);
        key[1] = module.Bits;
        key[2] = name.Bits;
        // Without memory for them the library falls back on its own way, which fails with its own message.
        _ = PersistentTerms.PutLocked(m, Term.Boxed(key), value);
    }
}
