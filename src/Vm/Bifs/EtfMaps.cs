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

/// <summary>Reads definitions of native records.</summary>
internal static unsafe class EtfRecords
{
    /// <summary>
    /// Reads the n field names at <paramref name="at"/> and builds the definition at <paramref name="top"/> (RecordDefinitions.Words(n) words), unless the module
    /// that defines the record has the same. Null when a name must not be made or is there twice; then nothing was taken.
    /// </summary>
    public static RecordDefinition* Define(Machine* m, ref ulong* top, Term module, Term name, bool exported, uint n, ref byte* at, bool safe)
    {
        RecordDefinition* d = RecordDefinitions.Begin(top, module, name, Term.Bool(exported), n);
        Term* keys = RecordDefinition.Keys(d);
        for (uint i = 0; i < n; i++)
        {
            keys[i] = EtfAtoms.Read(ref at, safe);
            if (keys[i].IsNone) return null;
        }
        if (!RecordDefinitions.Finish(d)) return null;
        RecordDefinition* shared = m == null ? d : RecordDefinitions.Canonical(m, d);
        if (shared == d) top = (ulong*)keys + n;
        return shared;
    }
}
