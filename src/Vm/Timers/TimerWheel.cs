// A hierarchical timer wheel of one millisecond (Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", 1987): levels of 64 slots, a slot of level
// L is 64^L milliseconds wide. A timer stands on the level of the highest base-64 digit in which its deadline differs from the current time. So
// whatever is on a level comes before whatever is on the levels above, the next time anything happens is found in the levels' bitmaps, and timers of one
// slot stay in the order in which they were put in: also while a wide slot is spread over the levels below, which happens when time reaches it.
namespace MyBeam.Vm;

using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using MyBeam.Memory;

/// <summary>A timer wheel. The caller locks. Put in, take out: constant time. Times are milliseconds.</summary>
public unsafe struct TimerWheel
{
    /// <summary>NextEvent of an empty wheel.</summary>
    public const long Never = long.MaxValue;

    private const int DigitBits = 6, SlotsOfLevel = 1 << DigitBits, Levels = 8;
    private const nuint SlotBytes = Levels * SlotsOfLevel * 8;

    /// <summary>The latest deadline that has a place: some 8900 years. VmClock.ErlangEnd is far before.</summary>
    public const long Latest = (1L << (DigitBits * Levels)) - 1;

    // Per level: which slots have timers. Slots of digits before the current one are empty.
    private fixed ulong used[Levels];
    // Any node of the ring of each slot's timers that is the first to fire, or null. Slot s of level L has number L * 64 + s.
    private WheelNode** slots;
    // Timers due before are gone, those due now may be there.
    private long current;
    // A slot of an upper level that time has reached and that is being spread over the levels below, or -1. One at most: a timer is never on a level
    // where its digit is the current one.
    private int spreading;

    /// <summary>Timers in the wheel.</summary>
    public int Count;

    /// <summary>Makes an empty wheel whose time is <paramref name="now"/>; it never goes back. False when memory is out.</summary>
    public bool Create(long now)
    {
        this = default;
        slots = (WheelNode**)Allocator.AllocZeroed(SlotBytes, Owner.Timers);
        current = now;
        spreading = -1;
        return slots != null;
    }

    /// <summary>Frees the wheel; it must be empty.</summary>
    public void Destroy()
    {
        Debug.Assert(Count == 0);
        Allocator.Free(slots, SlotBytes, Owner.Timers);
        slots = null;
    }

    /// <summary>Puts a timer in; Deadline is set. One whose deadline is past is due at once.</summary>
    public void Insert(WheelNode* n)
    {
        Debug.Assert(n->Linked == 0);
        n->Linked = 1;
        Count++;
        if (spreading >= 0)
        {
            // Behind those of the slot that are not spread yet.
            int shift = DigitBits * (spreading >> DigitBits);
            if (Key(n) >> shift == current >> shift)
            {
                Append(n, spreading);
                return;
            }
        }
        Place(n);
    }

    /// <summary>Takes a timer out.</summary>
    public void Remove(WheelNode* n)
    {
        Debug.Assert(n->Linked != 0);
        n->Linked = 0;
        Count--;
        Unlink(n);
    }

    /// <summary>Any timer, or null.</summary>
    public readonly WheelNode* Any()
    {
        for (int i = 0; i < Levels; i++)
            if (used[i] != 0) return slots[(i << DigitBits) + BitOperations.TrailingZeroCount(used[i])];
        return null;
    }

    /// <summary>
    /// The timer to fire first of those due at <paramref name="now"/>, still in the wheel, or null. Moves the wheel's time on to now. Spreading a timer
    /// of a wide slot takes one from <paramref name="budget"/>; with nothing left the answer is null though there may be more (NextEvent then is not
    /// after now).
    /// </summary>
    public WheelNode* Due(long now, ref int budget)
    {
        while (true)
        {
            if (spreading >= 0 && !Spread(ref budget)) return null;
            WheelNode* first = slots[current & (SlotsOfLevel - 1)];
            if (first != null) return first->Deadline <= now ? first : null;
            long next = Next(out int place);
            if (next > now)
            {
                // No slot with timers begins between current and now, so all places stay right.
                if (now > current) current = now;
                return null;
            }
            current = next;
            if (place >= SlotsOfLevel) spreading = place;
        }
    }

    /// <summary>The earliest time at which Due has something to do: not after the first deadline, and not so early that it is asked often (at most once
    /// a level). Never: the wheel is empty.</summary>
    public readonly long NextEvent() => spreading >= 0 ? current : Next(out _);

    private readonly long Next(out int place)
    {
        for (int level = 0; level < Levels; level++)
        {
            if (used[level] == 0) continue;
            int slot = BitOperations.TrailingZeroCount(used[level]);
            place = (level << DigitBits) + slot;
            int shift = DigitBits * level;
            return (current >> (shift + DigitBits) << (shift + DigitBits)) | ((long)slot << shift);
        }
        place = -1;
        return Never;
    }

    private bool Spread(ref int budget)
    {
        WheelNode* n;
        while ((n = slots[spreading]) != null)
        {
            if (budget <= 0) return false;
            budget--;
            Unlink(n);
            Place(n);
        }
        spreading = -1;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly long Key(WheelNode* n) => n->Deadline < current ? current : n->Deadline > Latest ? Latest : n->Deadline;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Place(WheelNode* n)
    {
        long key = Key(n);
        ulong difference = (ulong)(key ^ current);
        int level = difference == 0 ? 0 : BitOperations.Log2(difference) / DigitBits;
        int slot = (int)(key >> (DigitBits * level)) & (SlotsOfLevel - 1);
        Append(n, (level << DigitBits) + slot);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Append(WheelNode* n, int place)
    {
        n->Place = place;
        WheelNode* first = slots[place];
        if (first == null)
        {
            n->Next = n->Prev = n;
            slots[place] = n;
            used[place >> DigitBits] |= 1UL << (place & (SlotsOfLevel - 1));
            return;
        }
        n->Next = first;
        n->Prev = first->Prev;
        first->Prev->Next = n;
        first->Prev = n;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Unlink(WheelNode* n)
    {
        int place = n->Place;
        if (n->Next == n)
        {
            slots[place] = null;
            used[place >> DigitBits] &= ~(1UL << (place & (SlotsOfLevel - 1)));
            return;
        }
        n->Next->Prev = n->Prev;
        n->Prev->Next = n->Next;
        if (slots[place] == n) slots[place] = n->Next;
    }
}
