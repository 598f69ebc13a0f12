// The thread that waits for descriptors: ports, terminals and sockets are called back when one is ready. It sleeps in the system's event queue.
namespace MyBeam.Vm;

using System.Runtime.InteropServices;
using System.Threading;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>
/// The poller of one VM, embedded in Machine; zeroed memory is one that has not started. The thread starts with the first Watch and ends with the VM.
/// </summary>
public unsafe struct Poller
{
    // Who waits for one direction of a descriptor.
    private struct Slot
    {
        public delegate*<Machine*, void*, int, PollEvents, void> Ready;
        public void* Data;
        public PollEvents Wanted;
    }

    private struct Entry
    {
        public Slot In, Out;
        // Tells events of a descriptor from those of an earlier one with the same number.
        public uint Generation;
        // 1: in the row of those that the event queue cannot take, because they are always ready.
        public int Always;
        public int NextAlways;
    }

    private OsMutex mutex;
    private OsCondition done;
    private int started, queue, wakeRead, wakeWrite, running, alwaysFirst;
    private nuint thread, self;
    private Entry* entries;
    private int capacity;
    private long pending;

    private const int NoDescriptor = -1, Batch = 64;
    private const PollEvents InEvents = PollEvents.Read | PollEvents.Priority;
    private const PollEvents Faults = PollEvents.Error | PollEvents.HangUp | PollEvents.Invalid;
    private const ulong WakeKey = ulong.MaxValue;
    private const nuint StackBytes = 1024 * 1024;

    /// <summary>Watches that are set, and callbacks under way: while there are any, a process that waits may still be sent something.</summary>
    public long Pending => Interlocked.Read(ref pending);

    /// <summary>
    /// Has a function called once, on the poller's thread, when a descriptor is ready for one of these events (Read, Priority, Write; Error and HangUp come by
    /// themselves). Reading and writing are separate watches: one of the two does not disturb the other, a second one for the same direction takes the
    /// place of the first. With both directions in one call the function is called once, for whatever is ready first. It takes locks only for a moment, never
    /// waits, and may call Watch and Forget.
    /// </summary>
    /// <param name="m">The VM.</param>
    /// <param name="descriptor">Ordinary files are always ready.</param>
    /// <param name="events">What to wait for.</param>
    /// <param name="ready">Gets the VM, <paramref name="data"/>, the descriptor and what is ready.</param>
    /// <param name="data">For the function.</param>
    /// <returns>Enomem, Ebadf or whatever the system says: then nothing is set.</returns>
    public static Errno Watch(Machine* m, int descriptor, PollEvents events, delegate*<Machine*, void*, int, PollEvents, void> ready, void* data)
    {
        if (descriptor < 0) return Errno.Ebadf;
        Poller* t = &m->Poller;
        t->mutex.Lock();
        Errno error = t->started == 0 ? Start(m) : Errno.None;
        if (error == Errno.None) error = Set(t, descriptor, new Slot { Ready = ready, Data = data, Wanted = events });
        t->mutex.Unlock();
        return error;
    }

    /// <summary>
    /// Takes back the watches of a descriptor; must come before it is closed. When it returns, their functions will not be called any more and none is
    /// running (unless the caller is that function). The caller holds no lock that they take.
    /// </summary>
    public static void Forget(Machine* m, int descriptor) => Forget(m, descriptor, PollEvents.Read | PollEvents.Write, true);

    /// <summary>Takes back the watches for some events only.</summary>
    public static void Forget(Machine* m, int descriptor, PollEvents events) => Forget(m, descriptor, events, true);

    /// <summary>As Forget, but a function that is running may go on: for who holds a lock that it takes, and whose function looks whether it is still wanted.</summary>
    public static void Cancel(Machine* m, int descriptor) => Forget(m, descriptor, PollEvents.Read | PollEvents.Write, false);

    private static void Forget(Machine* m, int descriptor, PollEvents events, bool wait)
    {
        Poller* t = &m->Poller;
        t->mutex.Lock();
        if (t->started != 0 && (uint)descriptor < (uint)t->capacity)
        {
            Entry* e = t->entries + descriptor;
            if ((events & InEvents) != 0) Clear(t, &e->In);
            if ((events & PollEvents.Write) != 0) Clear(t, &e->Out);
            if (e->In.Ready == null && e->Out.Ready == null)
            {
                e->Generation++;
                EventQueue.Remove(t->queue, descriptor);
            }
            while (wait && t->running == descriptor && t->self != Threads.Current) t->done.Wait(&t->mutex, -1);
        }
        t->mutex.Unlock();
    }

    private static void Clear(Poller* t, Slot* s)
    {
        if (s->Ready != null) Interlocked.Decrement(ref t->pending);
        *s = default;
    }

    // With the lock.
    private static Errno Set(Poller* t, int descriptor, Slot slot)
    {
        if (descriptor >= t->capacity)
        {
            int n = System.Math.Max(64, (descriptor + 1) * 2);
            Entry* more = (Entry*)Allocator.AllocZeroed((nuint)n * (nuint)sizeof(Entry), Owner.Vm);
            if (more == null) return Errno.Enomem;
            System.Buffer.MemoryCopy(t->entries, more, (long)n * sizeof(Entry), (long)t->capacity * sizeof(Entry));
            Allocator.Free(t->entries, (nuint)t->capacity * (nuint)sizeof(Entry), Owner.Vm);
            t->entries = more;
            t->capacity = n;
        }
        Entry* e = t->entries + descriptor;
        Slot input = e->In, output = e->Out;
        if ((slot.Wanted & InEvents) != 0) input = slot with { Wanted = slot.Wanted & InEvents };
        if ((slot.Wanted & PollEvents.Write) != 0) output = slot with { Wanted = PollEvents.Write };
        Errno error = Arm(t, descriptor, input.Wanted | output.Wanted);
        if (error != Errno.None) return error;
        int before = (e->In.Ready != null ? 1 : 0) + (e->Out.Ready != null ? 1 : 0);
        e->In = input;
        e->Out = output;
        int after = (e->In.Ready != null ? 1 : 0) + (e->Out.Ready != null ? 1 : 0);
        Interlocked.Add(ref t->pending, after - before);
        return Errno.None;
    }

    private static Errno Arm(Poller* t, int descriptor, PollEvents events)
    {
        Entry* e = t->entries + descriptor;
        Errno error = EventQueue.Arm(t->queue, descriptor, events, ((ulong)e->Generation << 32) | (uint)descriptor);
        if (error != Errno.Eperm) return error;
        if (e->Always == 0)
        {
            e->Always = 1;
            e->NextAlways = t->alwaysFirst;
            t->alwaysFirst = descriptor;
            Wake(t);
        }
        return Errno.None;
    }

    // A pipe that is full wakes too.
    private static void Wake(Poller* t)
    {
        byte one = 1;
        Files.Write(t->wakeWrite, &one, 1, out _);
    }

    private static Errno Start(Machine* m)
    {
        Poller* t = &m->Poller;
        Errno error = EventQueue.Open(out t->queue);
        if (error != Errno.None) return error;
        error = Files.Pipe(out t->wakeRead, out t->wakeWrite);
        if (error == Errno.None)
        {
            Files.SetNonBlocking(t->wakeRead, true);
            Files.SetNonBlocking(t->wakeWrite, true);
            t->running = t->alwaysFirst = NoDescriptor;
            t->started = 1;
            error = EventQueue.Arm(t->queue, t->wakeRead, PollEvents.Read, WakeKey);
            if (error == Errno.None) error = Threads.Start(&ThreadMain, m, StackBytes, out t->thread);
            if (error == Errno.None) return error;
            t->started = 0;
            Files.Close(t->wakeRead);
            Files.Close(t->wakeWrite);
        }
        Files.Close(t->queue);
        return error;
    }

    [UnmanagedCallersOnly]
    private static void* ThreadMain(void* argument)
    {
        Machine* m = (Machine*)argument;
        Poller* t = &m->Poller;
        fixed (byte* name = "poller\0"u8) Threads.SetName(name);
        t->mutex.Lock();
        t->self = Threads.Current;
        t->mutex.Unlock();
        ReadyDescriptor* ready = stackalloc ReadyDescriptor[Batch];
        while (Volatile.Read(ref t->started) == 1)
        {
            if (EventQueue.Wait(t->queue, ready, Batch, -1, out int count) != Errno.None) break;
            for (int i = 0; i < count; i++)
            {
                if (ready[i].Key == WakeKey) Woken(m);
                else Fire(m, (int)(uint)ready[i].Key, (uint)(ready[i].Key >> 32), ready[i].Events);
            }
        }
        return null;
    }

    // Somebody has put a descriptor into the row of those that are always ready, or the VM ends.
    private static void Woken(Machine* m)
    {
        Poller* t = &m->Poller;
        byte* rest = stackalloc byte[64];
        Files.Read(t->wakeRead, rest, 64, out _);
        EventQueue.Arm(t->queue, t->wakeRead, PollEvents.Read, WakeKey);
        // The row as it is now: callbacks that set their watch again come after what the queue has.
        t->mutex.Lock();
        int next = t->alwaysFirst;
        t->alwaysFirst = NoDescriptor;
        t->mutex.Unlock();
        while (next != NoDescriptor)
        {
            int descriptor = next;
            t->mutex.Lock();
            Entry* e = t->entries + descriptor;
            next = e->NextAlways;
            e->Always = 0;
            uint generation = e->Generation;
            t->mutex.Unlock();
            Fire(m, descriptor, generation, PollEvents.Read | PollEvents.Write);
        }
    }

    private static void Fire(Machine* m, int descriptor, uint generation, PollEvents events)
    {
        Poller* t = &m->Poller;
        t->mutex.Lock();
        Entry* e = t->entries + descriptor;
        if (e->Generation != generation)
        {
            t->mutex.Unlock();
            return;
        }
        Slot input = default, output = default;
        if ((events & (InEvents | Faults)) != 0) Take(&e->In, ref input);
        if ((events & (PollEvents.Write | Faults)) != 0) Take(&e->Out, ref output);
        // A watch of both directions is over when one is ready.
        if (Same(input, e->Out)) Take(&e->Out, ref output);
        if (Same(output, e->In)) Take(&e->In, ref input);
        PollEvents rest = e->In.Wanted | e->Out.Wanted;
        if (rest != 0) Arm(t, descriptor, rest);
        t->running = descriptor;
        t->mutex.Unlock();
        bool one = Same(input, output);
        if (input.Ready != null) input.Ready(m, input.Data, descriptor, events & (one ? input.Wanted | PollEvents.Write | Faults : input.Wanted | Faults));
        if (output.Ready != null && !one) output.Ready(m, output.Data, descriptor, events & (PollEvents.Write | Faults));
        t->mutex.Lock();
        t->running = NoDescriptor;
        // What the callbacks have set was counted before this.
        Interlocked.Add(ref t->pending, -((input.Ready != null ? 1 : 0) + (output.Ready != null ? 1 : 0)));
        t->done.WakeAll();
        t->mutex.Unlock();
    }

    private static void Take(Slot* from, ref Slot to)
    {
        if (from->Ready == null) return;
        to = *from;
        *from = default;
    }

    private static bool Same(Slot a, Slot b) => a.Ready != null && (void*)a.Ready == (void*)b.Ready && a.Data == b.Data;

    /// <summary>Ends the thread and frees what it had. Callers of Watch are gone.</summary>
    public static void Destroy(Machine* m)
    {
        Poller* t = &m->Poller;
        if (t->started == 0) return;
        Volatile.Write(ref t->started, 2);
        Wake(t);
        Threads.Join(t->thread, out _);
        Files.Close(t->queue);
        Files.Close(t->wakeRead);
        Files.Close(t->wakeWrite);
        Allocator.Free(t->entries, (nuint)t->capacity * (nuint)sizeof(Entry), Owner.Vm);
        *t = default;
    }
}
