// Maps and record definitions that were decoded: their keys come in any order and must be put into the one they are stored in.
namespace MyBeam.Vm;

using MyBeam.Memory;

/// <summary>Brings decoded flat maps into their order.</summary>
internal static unsafe class EtfMaps
{
    /// <summary>Sorts the pairs of a flat map by key. False when a key is there twice.</summary>
    public static bool SortFlat(FlatMap* map)
    {
        long n = map->Size.SmallValue;
        Term* keys = map->Keys.TupleElements, values = FlatMap.Values(map);
        // Mostly sorted already, because the encoder wrote them in the order of some flat map.
        for (long i = 1; i < n; i++)
        {
            Term key = keys[i], value = values[i];
            long j = i;
            while (j > 0)
            {
                int order = TermOrder.CompareFlatKeys(key, keys[j - 1]);
                if (order == 0) return false;
                if (order > 0) break;
                keys[j] = keys[j - 1];
                values[j] = values[j - 1];
                j--;
            }
            keys[j] = key;
            values[j] = value;
        }
        return true;
    }
}

/// <summary>Makes definitions of native records.</summary>
internal static unsafe class EtfRecords
{
    /// <summary>
    /// Reads the n field names at <paramref name="at"/> and builds the definition and its field order at <paramref name="top"/> (7 + 2n words).
    /// Null when a name must not be made or is there twice; then nothing was taken.
    /// </summary>
    public static RecordDefinition* Define(ref ulong* top, Term module, Term name, bool exported, uint n, ref byte* at, bool safe)
    {
        ulong* order = top;
        RecordDefinition* d = (RecordDefinition*)(top + 1 + n);
        Term* keys = RecordDefinition.Keys(d), positions = (Term*)(order + 1);
        order[0] = Header.Make(Header.Tuple, n);
        d->Header = Header.Make(Header.Tuple, RecordDefinition.HeaderWords - 1 + (long)n);
        d->FieldOrder = Term.Boxed(order);
        d->Module = module;
        d->Name = name;
        d->IsExported = Term.Bool(exported);
        for (uint i = 0; i < n; i++)
        {
            keys[i] = EtfAtoms.Read(ref at, safe);
            if (keys[i].IsNone) return null;
            positions[i] = Term.Small(i);
        }
        // The hash covers module, name, exported and the keys as declared: for a moment the word of the hash is the header of a tuple of them.
        ((ulong*)d)[2] = Header.Make(Header.Tuple, 3 + (long)n);
        uint hash = PortableHash.Phash2(Term.Boxed((ulong*)d + 2));
        d->Hash = Term.Small(hash);
        if (!Sort(keys, positions, n)) return null;
        top = (ulong*)keys + n;
        return d;
    }

    // Sorts keys by atom number; positions[i] becomes the place of the key that was declared as number i.
    private static bool Sort(Term* keys, Term* positions, uint n)
    {
        if (n == 0) return true;
        Term* declared = (Term*)Allocator.Alloc((nuint)n * 8, Owner.Temporary);
        if (declared == null) return false;
        for (uint i = 0; i < n; i++) declared[i] = Term.Small(i);
        bool unique = true;
        for (uint i = 1; i < n && unique; i++)
        {
            Term key = keys[i];
            uint j = i;
            for (; j > 0 && keys[j - 1].AtomIndex >= key.AtomIndex; j--)
            {
                if (keys[j - 1] == key) unique = false;
                keys[j] = keys[j - 1];
                declared[j] = declared[j - 1];
            }
            keys[j] = key;
            declared[j] = Term.Small(i);
        }
        for (uint i = 0; i < n; i++) positions[declared[i].SmallValue] = Term.Small(i);
        Allocator.Free(declared, (nuint)n * 8, Owner.Temporary);
        return unique;
    }
}
