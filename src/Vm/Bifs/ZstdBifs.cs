// Natives of zstd: decompression. The compressor is not linked: it would make the executable 430 KB larger.
namespace MyBeam.Vm;

using System;
using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Natives of zstd.</summary>
public static unsafe class ZstdBifs
{
    // Bytes of input that one call takes at most: frames without content make no output, which otherwise ends a call.
    private const long MostInput = 1 << 20;

    // A number for the kind and the length.
    private const uint SkippableHeader = 8;

    // Bytes of input and output that cost a reduction.
    private const long BytesPerReduction = 256;

    // -- the compressor, which is not there: no contexts and dictionaries for it can be had, so that nothing is one --

    [Bif("zstd:init_compress_nif/0")]
    [Bif("zstd:create_cdict_nif/2")]
    public static Term NoCompressor(Process* p, Term* a) => Process.Error(p, Am.Notsup);

    [Bif("zstd:load_compress_dictionary_nif/2")]
    [Bif("zstd:ref_compress_dictionary_nif/2")]
    [Bif("zstd:set_compress_parameter_nif/3")]
    [Bif("zstd:get_compress_parameter_nif/2")]
    [Bif("zstd:set_pledged_src_size_nif/2")]
    [Bif("zstd:compress_stream_nif/3")]
    [Bif("zstd:compress_reset_nif/1")]
    [Bif("zstd:compress_close_nif/1")]
    [Bif("zstd:getDictId_fromCDict_nif/1")]
    public static Term NoCompressContext(Process* p, Term* a) => Process.Badarg(p);

    // -- decompressing --

    [Bif("zstd:init_decompress_nif/0")]
    public static Term New(Process* p, Term* a)
    {
        ZstdContext* z = ZstdContext.Create(p->Pid);
        return z == null ? Process.SystemLimit(p) : MagicRefs.Make(p, &z->Head);
    }

    // The context of a[0], if the caller may use it. Null: the native fails.
    private static ZstdContext* Enter(Process* p, Term* a)
    {
        ZstdContext* z = (ZstdContext*)MagicRefs.Open(a[0], ResourceKind.ZstdDecompressor);
        if (z == null || z->Context == null)
        {
            Process.Badarg(p);
            return null;
        }
        if (z->Owner == p->Pid) return z;
        Process.Error(p, Am.NotOnControllingProcess);
        return null;
    }

    // error({zstd_error, Text}).
    private static Term Failed(Process* p, nuint result)
    {
        byte* name = ZstdStream.ErrorName(result);
        long length = 0;
        while (name[length] != 0) length++;
        return Process.Error(p, Process.Tuple(p, Am.ZstdError, Binaries.FromBytes(p, name, length)));
    }

    private static Term Done(Process* p, nuint result) => ZstdStream.IsError(result) ? Failed(p, result) : Am.Ok;

    [Bif("zstd:load_decompress_dictionary_nif/2", BifKind.Traps)]
    public static Term LoadDictionary(Process* p, Term* a)
    {
        Machine* m = p->Machine;
        if (!DirtyPool.Runs(p)) return DirtyPool.Enter(p, a, ExportTable.Put(m, Am.Zstd, Am.LoadDecompressDictionaryNif, 2), &m->DirtyCpu);
        ZstdContext* z = Enter(p, a);
        if (z == null) return Term.None;
        byte* data = IoData.Flatten(p, a[1], BytesPerReduction, out long bytes);
        if (data == null) return Term.None;
        nuint result = ZstdStream.LoadDictionary(z->Context, data, (nuint)bytes);
        IoData.FreeFlat(data, bytes);
        if (!ZstdStream.IsError(result)) ZstdContext.Use(z, null);
        return Done(p, result);
    }

    [Bif("zstd:ref_decompress_dictionary_nif/2")]
    public static Term UseDictionary(Process* p, Term* a)
    {
        ZstdContext* z = Enter(p, a);
        if (z == null) return Term.None;
        ZstdDictionary* d = (ZstdDictionary*)MagicRefs.Open(a[1], ResourceKind.ZstdDictionary);
        if (d == null) return Process.Badarg(p);
        nuint result = ZstdStream.UseDictionary(z->Context, d->Dictionary);
        if (!ZstdStream.IsError(result)) ZstdContext.Use(z, d);
        return Done(p, result);
    }

    private static bool Int(Term t, out int value)
    {
        bool good = t.IsSmall && t.SmallValue >= int.MinValue && t.SmallValue <= int.MaxValue;
        value = good ? (int)t.SmallValue : 0;
        return good;
    }

    private static Term InvalidKey(Process* p, Term key) => Process.Error(p, Process.Tuple(p, Am.Badarg, Process.Tuple(p, Am.InvalidKey, key)));

    [Bif("zstd:set_decompress_parameter_nif/3")]
    public static Term SetParameter(Process* p, Term* a)
    {
        ZstdContext* z = Enter(p, a);
        if (z == null) return Term.None;
        if (!Int(a[2], out int value)) return Process.Badarg(p);
        return a[1] == Am.WindowLogMax ? Done(p, ZstdStream.Set(z->Context, ZstdStream.WindowLogMax, value)) : InvalidKey(p, a[1]);
    }

    [Bif("zstd:get_decompress_parameter_nif/2")]
    public static Term GetParameter(Process* p, Term* a)
    {
        ZstdContext* z = Enter(p, a);
        if (z == null) return Term.None;
        if (a[1] != Am.WindowLogMax) return InvalidKey(p, a[1]);
        int value = 0;
        nuint result = ZstdStream.Get(z->Context, ZstdStream.WindowLogMax, &value);
        return ZstdStream.IsError(result) ? Failed(p, result) : Term.Small(value);
    }

    /// <summary>
    /// decompress_stream_nif(Context, Binary, 0 or, when it is the last, 2): {continue, Rest, Output} when there is input left, {continue, Output} when there is none; of the
    /// last {flush, Output} when there may be more output, else {done, Output}.
    /// </summary>
    [Bif("zstd:decompress_stream_nif/3")]
    public static Term Decompress(Process* p, Term* a)
    {
        ZstdContext* z = Enter(p, a);
        if (z == null) return Term.None;
        if (!Int(a[2], out int last) || !Binaries.Aligned(a[1], out byte* data, out long bytes, out byte* copy)) return Process.Badarg(p);
        Term answer = Chunk(p, z, a[1], data, bytes, last != 0);
        if (copy != null) Allocator.Free(copy, (nuint)bytes, Owner.Temporary);
        if (answer.IsNone) ZstdContext.Reset(z);
        return answer;
    }

    private static Term Chunk(Process* p, ZstdContext* z, Term input, byte* data, long bytes, bool last)
    {
        nuint room = ZstdStream.OutputSize;
        if (z->InUse == 0)
        {
            ulong all = ZstdStream.ContentSize(data, (nuint)bytes);
            if (all is not ZstdHeader.Unknown and not ZstdHeader.Damaged && all < room) room = (nuint)all;
            z->InUse = 1;
        }
        OffHeapBinary* output = OffHeap.Create((long)room);
        if (output == null) return Process.SystemLimit(p);
        ZstdOutput to = new() { Data = OffHeapBinary.Data(output), Bytes = room };
        ZstdInput from = new() { Data = data, Bytes = (nuint)Math.Min(bytes, MostInput) };
        nuint result;
        do
        {
            result = ZstdStream.Step(z->Context, &to, &from);
            if (!ZstdStream.IsError(result)) continue;
            OffHeap.Release(output);
            return Failed(p, result);
        }
        while (from.Position < from.Bytes && to.Position < to.Bytes);
        long used = (long)from.Position, made = (long)to.Position;
        Process.Bump(p, 1 + ((used + made) / BytesPerReduction));
        Term chunk = made <= HeapBits.MaxBytes ? Binaries.FromBytes(p, to.Data, made) : Binaries.FromOffHeap(p, Shrink(output, made), (ulong)made * 8);
        if (made <= HeapBits.MaxBytes) OffHeap.Release(output);
        if (chunk.IsNone) return chunk;
        if (used < bytes)
        {
            Term rest = Binaries.Sub(p, input, (ulong)used * 8, (ulong)(bytes - used) * 8);
            return rest.IsNone ? rest : Process.Tuple(p, Am.Continue, rest, chunk);
        }
        if (!last) return Process.Tuple(p, Am.Continue, chunk);
        return Process.Tuple(p, made == (long)room && result > 0 ? Am.Flush : Am.Done, chunk);
    }

    private static OffHeapBinary* Shrink(OffHeapBinary* b, long bytes)
    {
        if (b->Capacity == bytes) return b;
        OffHeapBinary* less = (OffHeapBinary*)Allocator.Realloc(b, (nuint)(OffHeapBinary.HeadBytes + b->Capacity), (nuint)(OffHeapBinary.HeadBytes + bytes), Owner.Binary);
        if (less == null) return b;
        less->Capacity = less->Size = bytes;
        return less;
    }

    [Bif("zstd:decompress_reset_nif/1")]
    public static Term Reset(Process* p, Term* a)
    {
        ZstdContext* z = Enter(p, a);
        if (z == null) return Term.None;
        ZstdContext.Reset(z);
        return Am.Ok;
    }

    [Bif("zstd:decompress_close_nif/1")]
    public static Term Close(Process* p, Term* a)
    {
        ZstdContext* z = Enter(p, a);
        if (z == null) return Term.None;
        ZstdContext.Close(z);
        return Am.Ok;
    }

    /// <summary>A dictionary, or {error, invalid_decompress_dict}.</summary>
    [Bif("zstd:create_ddict_nif/1", BifKind.Traps)]
    public static Term NewDictionary(Process* p, Term* a)
    {
        Machine* m = p->Machine;
        if (!DirtyPool.Runs(p)) return DirtyPool.Enter(p, a, ExportTable.Put(m, Am.Zstd, Am.CreateDdictNif, 1), &m->DirtyCpu);
        if (!Binaries.Aligned(a[0], out byte* data, out long bytes, out byte* copy)) return Process.Badarg(p);
        ZstdDictionary* d = ZstdDictionary.Create(data, bytes);
        if (copy != null) Allocator.Free(copy, (nuint)bytes, Owner.Temporary);
        return d == null ? Process.Tuple(p, Am.Error, Am.InvalidDecompressDict) : MagicRefs.Make(p, &d->Head);
    }

    [Bif("zstd:getDictId_fromDDict_nif/1")]
    public static Term IdOf(Process* p, Term* a)
    {
        ZstdDictionary* d = (ZstdDictionary*)MagicRefs.Open(a[0], ResourceKind.ZstdDictionary);
        return d == null ? Process.Badarg(p) : Term.Small(ZstdStream.IdOf(d->Dictionary));
    }

    [Bif("zstd:getDictId_fromDict_nif/1")]
    public static Term IdOfText(Process* p, Term* a)
    {
        byte* data = IoData.Flatten(p, a[0], BytesPerReduction, out long bytes);
        if (data == null) return Term.None;
        uint id = ZstdStream.IdOfText(data, (nuint)bytes);
        IoData.FreeFlat(data, bytes);
        return Term.Small(id);
    }

    [Bif("zstd:getDictId_fromFrame_nif/1")]
    public static Term IdOfFrame(Process* p, Term* a)
    {
        byte* data = IoData.Flatten(p, a[0], BytesPerReduction, out long bytes);
        if (data == null) return Term.None;
        uint id = ZstdStream.IdOfFrame(data, (nuint)bytes);
        IoData.FreeFlat(data, bytes);
        return Term.Small(id);
    }

    /// <summary>{ok, Map}.</summary>
    [Bif("zstd:get_frame_header_nif/1")]
    public static Term FrameHeader(Process* p, Term* a)
    {
        byte* data = IoData.Flatten(p, a[0], BytesPerReduction, out long bytes);
        if (data == null) return Term.None;
        ZstdHeader h = default;
        nuint result = ZstdStream.Header(data, (nuint)bytes, &h);
        if (result == 0 && h.IsSkippable != 0)
        {
            // zstd 1.5.7, which OTP brings, says these two; older ones leave them 0.
            h.HeaderSize = SkippableHeader;
            h.DictionaryId = (uint)data[0] & 15;
        }
        IoData.FreeFlat(data, bytes);
        if (ZstdStream.IsError(result)) return Failed(p, result);
        Term map = MapMaker.Two(p, Am.FrameContentSize, h.ContentSize == ZstdHeader.Unknown ? Am.Undefined : Process.Unsigned(p, h.ContentSize), Am.WindowSize, Process.Unsigned(p, h.WindowSize));
        map = Maps.Put(&p->Heap, map, Am.BlockSizeMax, Term.Small(h.BlockSizeMax));
        map = Maps.Put(&p->Heap, map, Am.FrameType, h.IsSkippable != 0 ? Am.ZSTDSkippableFrame : Am.ZSTDFrame);
        map = Maps.Put(&p->Heap, map, Am.HeaderSize, Term.Small(h.HeaderSize));
        map = Maps.Put(&p->Heap, map, Am.DictID, Term.Small(h.DictionaryId));
        map = Maps.Put(&p->Heap, map, Am.ChecksumFlag, h.HasChecksum != 0 ? Am.True : Am.False);
        return Process.Tuple(p, Am.Ok, map);
    }
}
