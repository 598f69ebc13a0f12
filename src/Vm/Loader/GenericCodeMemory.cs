// The memory of a decoded module: each table is one block, so that all of it can be given back in one call.
namespace MyBeam.Vm;

using MyBeam.Memory;

public unsafe partial struct GenericCode
{
    /// <summary>Frees everything and zeroes the struct; also after a read that failed half-way.</summary>
    public static void Free(GenericCode* code)
    {
        Drop(code->Instrs, code->InstrCapacity);
        Drop(code->Args, code->ArgCapacity);
        Drop(code->Functions, code->FunctionCapacity);
        Drop(code->Labels, code->LabelCount);
        Drop(code->Atoms, code->AtomCount);
        Drop(code->Imports, code->ImportCount);
        Drop(code->Exports, code->ExportCount);
        Drop(code->Locals, code->LocalCount);
        Drop(code->Funs, code->FunCount);
        Drop(code->Lines, code->LineCount);
        Drop(code->FileNames, code->FileNameCount);
        Drop(code->Types, code->TypeCount);
        Drop(code->Literals, code->LiteralCount);
        Drop(code->Bigs, code->BigCapacity);
        Drop(code->Records, code->RecordCount);
        Drop(code->LiteralBlock, code->LiteralBlockBytes);
        *code = default;
    }

    /// <summary>An array of entries in a block; null (after a report) when there is no memory. Zero entries give a block too.</summary>
    internal static T* Take<T>(long count, LoadError* error)
        where T : unmanaged
    {
        T* block = (T*)Allocator.Alloc((nuint)count * (nuint)sizeof(T), Owner.Loader);
        if (block == null) error->Fail(LoadErrorCode.NoMemory, 0, 0, "no memory for a table of # entries"u8, count);
        return block;
    }

    private static void Drop<T>(T* block, long count)
        where T : unmanaged
        => Allocator.Free(block, (nuint)count * (nuint)sizeof(T), Owner.Loader);
}
