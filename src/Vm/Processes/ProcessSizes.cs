// What a process takes: process_info's total_heap_size, memory and their like.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Sizes of a process that does not run meanwhile, or is the caller.</summary>
public static unsafe class ProcessSizes
{
    /// <summary>Words of terms that wait in the mailbox. Messages that were sent and not yet taken up are left out, as in OTP.</summary>
    public static long MailboxWords(Process* p)
    {
        long words = 0;
        for (Signal* s = p->MailFirst; s != null; s = s->Next) words += Signal.TermWords(s);
        return words;
    }

    /// <summary>total_heap_size, words: both generations, fragments, and the messages unless their place is off the heap.</summary>
    public static long TotalHeap(Process* p)
    {
        Heap* h = &p->Heap;
        long total = h->End - h->Start + (h->OldEnd - h->OldStart) + h->FragmentWords + h->MessageWords;
        return p->Flags.QueueData == Am.OnHeap ? total + MailboxWords(p) : total;
    }

    /// <summary>memory, bytes: all that belongs to the process alone; no off-heap binaries.</summary>
    public static long Memory(Process* p)
    {
        Heap* h = &p->Heap;
        long bytes = (8 * (h->End - h->Start + (h->OldEnd - h->OldStart) + h->FragmentWords + h->MessageWords)) + sizeof(Process);
        for (Signal* s = p->MailFirst; s != null; s = s->Next) bytes += sizeof(Fragment) + (Signal.Block(s)->Size * 8);
        bytes += (p->SavedCapacity * 8L) + p->Dictionary.Bytes + p->Links.Bytes;
        ProcessExtra* x = p->Extra;
        if (x != null) bytes += sizeof(ProcessExtra) + x->Monitors.Bytes + x->MonitoredBy.Bytes + x->Suspended.Bytes;
        return bytes;
    }
}
