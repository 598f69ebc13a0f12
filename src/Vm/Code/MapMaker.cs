// Small maps that the VM itself makes (error_info).
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Flat maps of one and two atom keys.</summary>
public static unsafe class MapMaker
{
    /// <summary>#{k => v}.</summary>
    public static Term One(Process* p, Term k, Term v)
    {
        ulong* keys = Process.Alloc(p, 6);
        keys[0] = Header.Make(Header.Tuple, 1);
        keys[1] = k.Bits;
        ulong* map = keys + 2;
        map[0] = Header.Make(Header.FlatMap, 3);
        map[1] = Term.Small(1).Bits;
        map[2] = Term.Boxed(keys).Bits;
        map[3] = v.Bits;
        return Term.Boxed(map);
    }

    /// <summary>#{k1 => v1, k2 => v2}; the keys are different atoms.</summary>
    public static Term Two(Process* p, Term k1, Term v1, Term k2, Term v2)
    {
        if (k1.AtomIndex > k2.AtomIndex) return Two(p, k2, v2, k1, v1);
        ulong* keys = Process.Alloc(p, 8);
        keys[0] = Header.Make(Header.Tuple, 2);
        keys[1] = k1.Bits;
        keys[2] = k2.Bits;
        ulong* map = keys + 3;
        map[0] = Header.Make(Header.FlatMap, 4);
        map[1] = Term.Small(2).Bits;
        map[2] = Term.Boxed(keys).Bits;
        map[3] = v1.Bits;
        map[4] = v2.Bits;
        return Term.Boxed(map);
    }
}
