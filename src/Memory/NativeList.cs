// A growable array in native memory: a plain struct that its holder frees.
namespace MyBeam.Memory;

using System;
using System.Runtime.CompilerServices;

/// <summary>A growable array of unmanaged values. Default is empty. Whoever holds it frees it.</summary>
public unsafe struct NativeList<T> where T : unmanaged
{
    private T* items;
    private int count, capacity;

    public readonly int Count => count;

    /// <summary>Address of the first item; moves when the list grows.</summary>
    public readonly T* Items => items;

    public readonly ref T this[int i] { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => ref items[i]; }

    /// <summary>Appends. False when memory is out (nothing changes).</summary>
    public bool Add(T value, Owner owner = Owner.Loader)
    {
        if (count == capacity && !Reserve(1, owner)) return false;
        items[count++] = value;
        return true;
    }

    /// <summary>Makes room for so many more items: adding them cannot fail then. False when memory is out.</summary>
    public bool Reserve(int more, Owner owner = Owner.Loader)
    {
        if (more <= capacity - count) return true;
        long fresh = Math.Max((long)count + more, Math.Max(16L, capacity * 2L));
        if (fresh > int.MaxValue) return false;
        T* p = (T*)Allocator.Realloc(items, (nuint)((long)capacity * sizeof(T)), (nuint)(fresh * sizeof(T)), owner);
        if (p == null) return false;
        items = p;
        capacity = (int)fresh;
        return true;
    }

    /// <summary>Removes the last item.</summary>
    public T Pop() => items[--count];

    /// <summary>Forgets all items, keeps the memory.</summary>
    public void Clear() => count = 0;

    /// <summary>Frees the memory; the list is empty.</summary>
    public void Free(Owner owner = Owner.Loader)
    {
        Allocator.Free(items, (nuint)((long)capacity * sizeof(T)), owner);
        items = null;
        count = capacity = 0;
    }
}
