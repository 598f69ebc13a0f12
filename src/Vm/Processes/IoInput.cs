// Standard input of bare mode's group leader: requests wait in a row, and a thread of its own reads, so that a process that waits for a line keeps no scheduler,
// nobody's output and no end of the VM waiting.
namespace MyBeam.Vm;

using System.Runtime.InteropServices;
using System.Threading;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>The reader of one VM, embedded in IoServer. Zeroed: nothing was asked yet.</summary>
public unsafe struct IoInput
{
    private const int BufferBytes = 16384;
    private const nuint StackBytes = 256 * 1024;

    /// <summary>A request for a line, as the number of characters.</summary>
    public const long Line = -1;

    private OsMutex mutex;
    private OsCondition more;
    // Requests: From: who gets the answer; Value: the term of the request that the answer names; Data0: characters wanted.
    private Signal* first, last;
    private int waiting, stopping, started;
    private int pipeOut, pipeIn;
    private nuint thread;
    // Of the thread.
    private byte* buffer;
    private int at, end, ended;
    private long bytes;

    /// <summary>Requests that are not answered yet.</summary>
    public int Waiting => Volatile.Read(ref waiting);

    /// <summary>Bytes read so far.</summary>
    public long Bytes => Volatile.Read(ref bytes);

    /// <summary>Has a line, or so many characters, read and sent as the answer to a request. False: there is no memory or no thread.</summary>
    public static bool Ask(Machine* m, Term from, Term replyAs, long count)
    {
        IoInput* io = &m->Io.Input;
        // No message: those have a use of their own for Data0.
        Signal* s = Signal.Keeping(replyAs, SignalKind.Call);
        if (s == null) return false;
        s->From = from;
        s->Data0 = (ulong)count;
        io->mutex.Lock();
        bool good = io->started != 0 || Start(m, io);
        if (good)
        {
            if (io->last == null) io->first = s;
            else io->last->Next = s;
            io->last = s;
            Interlocked.Increment(ref io->waiting);
            io->more.WakeOne();
        }
        io->mutex.Unlock();
        if (!good) Signal.Free(s);
        return good;
    }

    private static bool Start(Machine* m, IoInput* io)
    {
        if (io->buffer == null) io->buffer = (byte*)Allocator.Alloc(BufferBytes, Owner.Files);
        if (io->buffer == null || Files.Pipe(out io->pipeOut, out io->pipeIn) != Errno.None) return false;
        io->stopping = 0;
        if (Threads.Start(&ThreadMain, m, StackBytes, out io->thread) == Errno.None)
        {
            io->started = 1;
            return true;
        }
        _ = Files.Close(io->pipeOut);
        _ = Files.Close(io->pipeIn);
        return false;
    }

    /// <summary>Ends the thread, also while it waits for input; requests are forgotten, what was read and not asked for is kept.</summary>
    public static void Stop(Machine* m)
    {
        IoInput* io = &m->Io.Input;
        if (io->started == 0) return;
        io->mutex.Lock();
        Volatile.Write(ref io->stopping, 1);
        io->more.WakeAll();
        io->mutex.Unlock();
        byte one = 1;
        _ = Files.WriteAll(io->pipeIn, &one, 1);
        Threads.Join(io->thread, out _);
        _ = Files.Close(io->pipeOut);
        _ = Files.Close(io->pipeIn);
        io->started = 0;
        while (io->first != null)
        {
            Signal* s = io->first;
            io->first = s->Next;
            Signal.Free(s);
        }
        io->last = null;
        io->waiting = 0;
    }

    /// <summary>Frees the rest; the thread has ended.</summary>
    public static void Free(Machine* m)
    {
        if (m->Io.Input.buffer != null) Allocator.Free(m->Io.Input.buffer, BufferBytes, Owner.Files);
        m->Io.Input = default;
    }

    [UnmanagedCallersOnly]
    private static void* ThreadMain(void* argument)
    {
        Machine* m = (Machine*)argument;
        IoInput* io = &m->Io.Input;
        fixed (byte* name = "input\0"u8) Threads.SetName(name);
        io->mutex.Lock();
        while (io->stopping == 0)
        {
            Signal* s = io->first;
            if (s == null)
            {
                io->more.Wait(&io->mutex, -1);
                continue;
            }
            io->mutex.Unlock();
            bool done = Serve(m, io, s);
            io->mutex.Lock();
            if (!done) continue;
            io->first = s->Next;
            if (io->first == null) io->last = null;
            Signal.Free(s);
            Interlocked.Decrement(ref io->waiting);
            // Perhaps nothing is going on any more.
            Schedulers.Wake(Schedulers.Get(m, 0));
        }
        io->mutex.Unlock();
        return null;
    }

    // False: the thread is to end.
    private static bool Serve(Machine* m, IoInput* io, Signal* request)
    {
        NativeList<uint> text = default;
        long count = (long)request->Data0;
        bool good = true;
        while (count == Line || text.Count < count)
        {
            good = NextCharacter(io, out uint c, out bool any);
            if (!good || !any) break;
            if (!text.Add(c, Owner.Text) || (count == Line && c == '\n')) break;
        }
        if (good) Answer(m, request, ref text, count);
        text.Free(Owner.Text);
        return good;
    }

    // {io_reply, ReplyAs, Characters | eof}
    private static void Answer(Machine* m, Signal* request, ref NativeList<uint> text, long count)
    {
        const int TupleWords = 4;
        long named = TermSize.ForCopy(request->Value, &m->HeapShared);
        Signal* s = Signal.New(SignalKind.Message, TupleWords + named + (2L * text.Count), out ulong* room);
        if (s == null) return;
        ulong* t = room;
        room += TupleWords;
        t[0] = Header.Make(Header.Tuple, 3);
        t[1] = Am.IoReply.Bits;
        t[2] = named == 0 ? request->Value.Bits : TermCopy.To(request->Value, &room, &s->OffHeap, &m->HeapShared).Bits;
        Term list = text.Count == 0 && count != 0 ? Am.Eof : Term.Nil;
        for (int i = text.Count - 1; i >= 0; i--)
        {
            Cons* c = (Cons*)room;
            room += 2;
            c->Head = Term.Small(text[i]);
            c->Tail = list;
            list = Term.List(c);
        }
        t[3] = list.Bits;
        s->Value = Term.Boxed(t);
        Signals.Send(m, null, request->From, s);
    }

    // A character in UTF-8. False: the thread is to end; any is false at the end of input.
    private static bool NextCharacter(IoInput* io, out uint c, out bool any)
    {
        c = 0;
        if (!NextByte(io, out byte b, out any)) return false;
        if (!any) return true;
        c = b;
        int rest = b >= 0xF0 ? 3 : b >= 0xE0 ? 2 : b >= 0xC0 ? 1 : 0;
        if (rest > 0) c = b & (0x3Fu >> rest);
        while (rest-- > 0)
        {
            if (!NextByte(io, out b, out bool more)) return false;
            if (!more) break;
            c = (c << 6) | (b & 0x3Fu);
        }
        return true;
    }

    private static bool NextByte(IoInput* io, out byte b, out bool any)
    {
        b = 0;
        any = false;
        while (io->at == io->end)
        {
            if (io->ended != 0) return true;
            if (!Ready(io)) return false;
            Errno error = Files.Read(Files.StandardInput, io->buffer, BufferBytes, out nuint got);
            // Somebody else at the same terminal was faster.
            if (error == Errno.Eagain) continue;
            if (error != Errno.None || got == 0) io->ended = 1;
            else
            {
                io->at = 0;
                io->end = (int)got;
                Interlocked.Add(ref io->bytes, (long)got);
            }
        }
        any = true;
        b = io->buffer[io->at++];
        return true;
    }

    // Waits for input. False: the thread is to end.
    private static bool Ready(IoInput* io)
    {
        PollEntry* entries = stackalloc PollEntry[2];
        while (Volatile.Read(ref io->stopping) == 0)
        {
            entries[0] = new PollEntry { Descriptor = Files.StandardInput, Wanted = PollEvents.Read };
            entries[1] = new PollEntry { Descriptor = io->pipeOut, Wanted = PollEvents.Read };
            if (Files.Poll(entries, 2, -1, out int ready) != Errno.None) return true;
            if (ready > 0 && entries[1].Ready != PollEvents.None) return false;
            if (ready > 0) return true;
        }
        return false;
    }
}
