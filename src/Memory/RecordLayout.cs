// The layout of native records (OTP 29) and of their definitions, as erl_record.h has it: an instance points to its definition, which looks like a tuple
// to the GC and is never shown to a program.
namespace MyBeam.Memory;

/// <summary>A native record: 2 words + values, which stand in the order of the definition's keys.</summary>
public struct NativeRecord
{
    public const int HeaderWords = 2;
    public ulong Header;
    /// <summary>A boxed RecordDefinition.</summary>
    public Term Definition;
}

/// <summary>What a native record is: a tuple of 5 + number of fields elements.</summary>
public struct RecordDefinition
{
    /// <summary>Words before the keys.</summary>
    public const int HeaderWords = 6;
    public ulong Header;
    /// <summary>Tuple of smalls: for each field in the order of its declaration, its index among the keys.</summary>
    public Term FieldOrder;
    /// <summary>phash2 (all 32 bits) of the tuple of what follows, the keys in the order of declaration.</summary>
    public Term Hash;
    public Term Module, Name;
    /// <summary>true or false.</summary>
    public Term IsExported;

    /// <summary>The keys, sorted by atom index.</summary>
    public static unsafe Term* Keys(RecordDefinition* d) => (Term*)d + HeaderWords;

    /// <summary>The definition of a native record term.</summary>
    public static unsafe RecordDefinition* Of(Term record) => (RecordDefinition*)((NativeRecord*)record.Box)->Definition.Box;

    /// <summary>The values of a native record term.</summary>
    public static unsafe Term* Values(Term record) => (Term*)record.Box + NativeRecord.HeaderWords;

    /// <summary>Number of fields of a native record term.</summary>
    public static unsafe long Fields(Term record) => Memory.Header.Arity(record.BoxHeader) - 1;
}
