// Natives of zlib: streams that compress and decompress. The Erlang side (zlib.erl) calls them chunk by chunk.
namespace MyBeam.Vm;

using MyBeam.Memory;
using MyBeam.Platform;

/// <summary>Natives of zlib.</summary>
public static unsafe class ZlibBifs
{
    // Binaries that one call of enqueue takes; the caller gives the rest again.
    private const int MostPieces = 256;

    // What inflateGetDictionary gives at most: the largest window.
    private const int DictionaryBytes = 32768;

    private const int Deflated = 8;

    // More output than this in one chunk is not asked for by zlib.erl.
    private const int MostOutput = 1 << 24;

    private static ZlibStream* Open(Term t) => (ZlibStream*)MagicRefs.Open(t, ResourceKind.Zlib);

    // The stream of a[0], if the caller may use it. Null: the native fails. The other arguments have been looked at: badarg comes first.
    internal static ZlibStream* Enter(Process* p, Term* a, bool argumentsGood = true)
    {
        ZlibStream* z = Open(a[0]);
        if (z == null || !argumentsGood)
        {
            Process.Badarg(p);
            return null;
        }
        if (z->Controller == p->Pid) return z;
        Process.Error(p, Am.NotOnControllingProcess);
        return null;
    }

    // The same, and it is set up for this.
    private static ZlibStream* Enter(Process* p, Term* a, ZlibPhase phase, bool argumentsGood = true)
    {
        ZlibStream* z = Enter(p, a, argumentsGood);
        if (z == null || z->Phase == phase) return z;
        Process.Error(p, Am.NotInitialized);
        return null;
    }

    internal static bool Int(Term t, out int value)
    {
        bool good = t.IsSmall && t.SmallValue >= int.MinValue && t.SmallValue <= int.MaxValue;
        value = good ? (int)t.SmallValue : 0;
        return good;
    }

    private static Term Answer(Process* p, ZlibResult result) => result switch
    {
        ZlibResult.Ok => Am.Ok,
        ZlibResult.StreamEnd => Am.StreamEnd,
        ZlibResult.StreamError => Process.Error(p, Am.StreamError),
        ZlibResult.DataError => Process.Error(p, Am.DataError),
        ZlibResult.MemoryError => Am.MemError,
        ZlibResult.BufferError => Am.BufError,
        ZlibResult.VersionError => Am.VersionError,
        _ => Am.UnknownError,
    };

    [Bif("zlib:open_nif/0")]
    public static Term New(Process* p, Term* a)
    {
        ZlibStream* z = ZlibStream.Create(p->Pid);
        return z == null ? Process.SystemLimit(p) : MagicRefs.Make(p, &z->Head);
    }

    [Bif("zlib:close_nif/1")]
    public static Term Close(Process* p, Term* a)
    {
        ZlibStream* z = Enter(p, a);
        if (z == null) return Term.None;
        if (z->Phase == ZlibPhase.Closed) return Process.Error(p, Am.NotInitialized);
        ZlibStream.Close(z);
        return Am.Ok;
    }

    /// <summary>set_controller_nif(Z, Pid): who may use it from now on.</summary>
    [Bif("zlib:set_controller_nif/2")]
    public static Term SetController(Process* p, Term* a)
    {
        ZlibStream* z = Enter(p, a, a[1].IsLocalPid);
        if (z == null) return Term.None;
        z->Controller = a[1];
        return Am.Ok;
    }

    // -- compressing --

    /// <summary>deflateInit_nif(Z, Level, Method, WindowBits, MemLevel, Strategy).</summary>
    [Bif("zlib:deflateInit_nif/6")]
    public static Term DeflateInit(Process* p, Term* a)
    {
        bool good = Int(a[1], out int level) & Int(a[2], out int method) & Int(a[3], out int windowBits) & Int(a[4], out int memoryLevel) & Int(a[5], out int strategy);
        ZlibStream* z = Enter(p, a, good);
        if (z == null) return Term.None;
        if (z->Phase != ZlibPhase.None) return Process.Error(p, Am.AlreadyInitialized);
        ZlibResult result = method != Deflated ? ZlibResult.StreamError : Zlib.DeflateInit(&z->State, level, windowBits, memoryLevel, strategy);
        if (result == ZlibResult.Ok)
        {
            z->Phase = ZlibPhase.Deflate;
            z->EndSeen = 0;
            z->IsRaw = windowBits < 0 ? 1 : 0;
            z->SumsUp = z->IsRaw & p->Machine->OlderOtp;
            z->Sum = 0;
        }
        return Answer(p, result);
    }

    /// <summary>The Adler-32 of the dictionary.</summary>
    [Bif("zlib:deflateSetDictionary_nif/2")]
    public static Term DeflateSetDictionary(Process* p, Term* a)
    {
        byte* data = IoData.Flatten(p, a[1], 1024, out long bytes);
        if (data == null) return Term.None;
        ZlibStream* z = Enter(p, a, ZlibPhase.Deflate);
        Term answer = Term.None;
        if (z != null)
        {
            ZlibResult result = Zlib.DeflateSetDictionary(&z->State, data, (uint)bytes);
            // zlib does not sum up a dictionary of raw data. That this sum starts with 0 is OTP's doing.
            ulong sum = z->IsRaw != 0 ? Zlib.Adler32(0, data, (nuint)bytes) : z->State.Checksum;
            answer = result == ZlibResult.Ok ? Term.Small((long)sum) : Answer(p, result);
        }
        IoData.FreeFlat(data, bytes);
        return answer;
    }

    [Bif("zlib:deflateReset_nif/1")]
    public static Term DeflateReset(Process* p, Term* a)
    {
        ZlibStream* z = Enter(p, a, ZlibPhase.Deflate);
        if (z == null) return Term.None;
        ZlibResult result = Zlib.DeflateReset(&z->State);
        z->EndSeen = 0;
        z->Sum = 0;
        ZlibStream.ForgetInput(z);
        return Answer(p, result);
    }

    /// <summary>data_error when there was more to compress or to give out.</summary>
    [Bif("zlib:deflateEnd_nif/1")]
    public static Term DeflateEnd(Process* p, Term* a)
    {
        ZlibStream* z = Enter(p, a, ZlibPhase.Deflate);
        if (z == null) return Term.None;
        ZlibResult result = Zlib.DeflateEnd(&z->State);
        if (result == ZlibResult.Ok && z->Input.Size > 0) result = ZlibResult.DataError;
        ZlibStream.ForgetInput(z);
        z->Phase = ZlibPhase.None;
        return Answer(p, result);
    }

    /// <summary>deflateParams_nif(Z, Level, Strategy). The Erlang side has flushed before, so that there is no output to be made.</summary>
    [Bif("zlib:deflateParams_nif/3")]
    public static Term DeflateParameters(Process* p, Term* a)
    {
        bool good = Int(a[1], out int level) & Int(a[2], out int strategy);
        ZlibStream* z = Enter(p, a, ZlibPhase.Deflate, good);
        if (z == null) return Term.None;
        // Without any room zlib fails even when there is nothing to write.
        byte room;
        z->State.NextOut = &room;
        z->State.AvailableOut = 1;
        ZlibResult result = Zlib.DeflateParameters(&z->State, level, strategy);
        bool written = z->State.AvailableOut == 0;
        z->State.NextOut = null;
        z->State.AvailableOut = 0;
        return Answer(p, written ? ZlibResult.StreamError : result);
    }

    /// <summary>deflate_nif(Z, InputChunkSize, OutputChunkSize, Flush): see Step.</summary>
    [Bif("zlib:deflate_nif/4")]
    public static Term Deflate(Process* p, Term* a)
    {
        bool good = Int(a[1], out int input) & Int(a[2], out int output) & Int(a[3], out int flush);
        ZlibStream* z = Enter(p, a, ZlibPhase.Deflate, good);
        return z == null ? Term.None : Step(p, z, input, output, (ZlibFlush)flush);
    }

    // -- decompressing --

    /// <summary>inflateInit_nif(Z, WindowBits, BehindEnd).</summary>
    [Bif("zlib:inflateInit_nif/3")]
    public static Term InflateInit(Process* p, Term* a)
    {
        bool good = Int(a[1], out int windowBits) & Int(a[2], out int behindEnd);
        ZlibStream* z = Enter(p, a, good);
        if (z == null) return Term.None;
        if (z->Phase != ZlibPhase.None) return Process.Error(p, Am.AlreadyInitialized);
        ZlibResult result = Zlib.InflateInit(&z->State, windowBits);
        if (result == ZlibResult.Ok)
        {
            z->Phase = ZlibPhase.Inflate;
            z->BehindEnd = (ZlibBehindEnd)behindEnd;
            z->EndSeen = 0;
            z->IsRaw = windowBits < 0 ? 1 : 0;
            z->SumsUp = z->IsRaw & p->Machine->OlderOtp;
            z->Sum = 0;
        }
        return Answer(p, result);
    }

    [Bif("zlib:inflateSetDictionary_nif/2")]
    public static Term InflateSetDictionary(Process* p, Term* a)
    {
        byte* data = IoData.Flatten(p, a[1], 1024, out long bytes);
        if (data == null) return Term.None;
        ZlibStream* z = Enter(p, a, ZlibPhase.Inflate);
        Term answer = z == null ? Term.None : Answer(p, Zlib.InflateSetDictionary(&z->State, data, (uint)bytes));
        IoData.FreeFlat(data, bytes);
        return answer;
    }

    /// <summary>What the window holds.</summary>
    [Bif("zlib:inflateGetDictionary_nif/1")]
    public static Term InflateGetDictionary(Process* p, Term* a)
    {
        ZlibStream* z = Enter(p, a, ZlibPhase.Inflate);
        if (z == null) return Term.None;
        byte* data = (byte*)Allocator.Alloc(DictionaryBytes, Owner.Temporary);
        if (data == null) return Process.SystemLimit(p);
        uint bytes = 0;
        ZlibResult result = Zlib.InflateGetDictionary(&z->State, data, &bytes);
        Term answer = result < ZlibResult.Ok ? Answer(p, result) : Binaries.FromBytes(p, data, bytes);
        Allocator.Free(data, DictionaryBytes, Owner.Temporary);
        return answer;
    }

    [Bif("zlib:inflateReset_nif/1")]
    public static Term InflateReset(Process* p, Term* a)
    {
        ZlibStream* z = Enter(p, a, ZlibPhase.Inflate);
        if (z == null) return Term.None;
        ZlibResult result = Zlib.InflateReset(&z->State);
        z->EndSeen = 0;
        z->Sum = 0;
        ZlibStream.ForgetInput(z);
        return Answer(p, result);
    }

    /// <summary>data_error when the end of the compressed data was not reached, or there is input behind it.</summary>
    [Bif("zlib:inflateEnd_nif/1")]
    public static Term InflateEnd(Process* p, Term* a)
    {
        ZlibStream* z = Enter(p, a, ZlibPhase.Inflate);
        if (z == null) return Term.None;
        ZlibResult result = Zlib.InflateEnd(&z->State);
        if (result == ZlibResult.Ok && (z->EndSeen == 0 || z->Input.Size > 0)) result = ZlibResult.DataError;
        ZlibStream.ForgetInput(z);
        z->Phase = ZlibPhase.None;
        return Answer(p, result);
    }

    /// <summary>inflate_nif(Z, InputChunkSize, OutputChunkSize, Flush): see Step.</summary>
    [Bif("zlib:inflate_nif/4")]
    public static Term Inflate(Process* p, Term* a)
    {
        bool good = Int(a[1], out int input) & Int(a[2], out int output) & Int(a[3], out int flush);
        ZlibStream* z = Enter(p, a, ZlibPhase.Inflate, good);
        if (z == null) return Term.None;
        if (z->EndSeen != 0 && z->Input.Size > 0)
        {
            if (z->BehindEnd == ZlibBehindEnd.Error) return Process.Error(p, Am.DataError);
            if (z->BehindEnd == ZlibBehindEnd.Cut) ZlibStream.ForgetInput(z);
            if (z->BehindEnd == ZlibBehindEnd.Reset)
            {
                ZlibResult result = Zlib.InflateReset(&z->State);
                if (result != ZlibResult.Ok) return Answer(p, result);
                z->EndSeen = 0;
            }
        }
        return Step(p, z, input, output, (ZlibFlush)flush);
    }

    // One chunk: {continue, Output}, or {finished, Output} when there is no more, or {need_dictionary, Adler32, Output}. Output: [] or [Binary].
    private static Term Step(Process* p, ZlibStream* z, int input, int output, ZlibFlush flush)
    {
        if (input < 0 || output < 0 || output > MostOutput) return Process.Badarg(p);
        OffHeapBinary* room = OffHeap.Create(output);
        if (room == null) return Am.MemError;
        ZlibResult result = ZlibStream.Chunk(z, input, OffHeapBinary.Data(room), output, flush, out long produced, out long consumed);
        Process.Bump(p, 40 + (consumed >> 3) + (produced >> 5));
        bool stuck = consumed == 0 && produced == 0 && z->Input.Size != 0;
        if (result == ZlibResult.StreamEnd) z->EndSeen = 1;
        bool failed = result < ZlibResult.Ok && result != ZlibResult.BufferError;
        if (failed || stuck)
        {
            OffHeap.Release(room);
            return Answer(p, failed ? result : ZlibResult.DataError);
        }
        Term list = Term.Nil;
        if (produced == 0) OffHeap.Release(room);
        else
        {
            Term chunk;
            if (produced <= HeapBits.MaxBytes)
            {
                chunk = Binaries.FromBytes(p, OffHeapBinary.Data(room), produced);
                OffHeap.Release(room);
            }
            else
            {
                if (produced < output) room = Shrink(room, produced);
                chunk = Binaries.FromOffHeap(p, room, (ulong)produced * 8);
            }
            if (chunk.IsNone) return chunk;
            list = Process.Cons(p, chunk, Term.Nil);
        }
        if (z->Input.Size == 0 && produced < output) return Process.Tuple(p, Am.Finished, list);
        if (result != ZlibResult.NeedDictionary) return Process.Tuple(p, Am.Continue, list);
        return Process.Tuple(p, Am.NeedDictionary, Term.Small((long)z->State.Checksum), list);
    }

    private static OffHeapBinary* Shrink(OffHeapBinary* b, long bytes)
    {
        OffHeapBinary* less = (OffHeapBinary*)Allocator.Realloc(b, (nuint)(OffHeapBinary.HeadBytes + b->Capacity), (nuint)(OffHeapBinary.HeadBytes + bytes), Owner.Binary);
        if (less == null) return b;
        less->Capacity = less->Size = bytes;
        return less;
    }

    /// <summary>enqueue_nif(Z, [Binary]): ok, or {continue, Rest}.</summary>
    [Bif("zlib:enqueue_nif/2")]
    public static Term Enqueue(Process* p, Term* a)
    {
        ZlibStream* z = Enter(p, a);
        if (z == null) return Term.None;
        if (z->Phase is not (ZlibPhase.Deflate or ZlibPhase.Inflate)) return Process.Error(p, Am.NotInitialized);
        if (!BinaryQueue.Examine(a[1], MostPieces, out Term rest, out _) || !z->Input.Add(a[1], rest)) return Process.Badarg(p);
        Process.Bump(p, MostPieces / 16);
        return rest.IsNil ? Am.Ok : Process.Tuple(p, Am.Continue, rest);
    }

    // -- a term that the Erlang side keeps in the stream --

    /// <summary>{ok, Term} or empty.</summary>
    [Bif("zlib:getStash_nif/1")]
    public static Term GetStash(Process* p, Term* a)
    {
        ZlibStream* z = Enter(p, a);
        if (z == null) return Term.None;
        return z->Stash == null ? Am.Empty : Process.Tuple(p, Am.Ok, EtsAccess.Copy(p, z->Stash->Value));
    }

    [Bif("zlib:clearStash_nif/1")]
    public static Term ClearStash(Process* p, Term* a)
    {
        ZlibStream* z = Enter(p, a);
        if (z == null) return Term.None;
        if (z->Stash == null) return Process.Error(p, Am.Error);
        ZlibStream.DropStash(z);
        return Am.Ok;
    }

    [Bif("zlib:setStash_nif/2")]
    public static Term SetStash(Process* p, Term* a)
    {
        ZlibStream* z = Enter(p, a);
        if (z == null) return Term.None;
        if (z->Stash != null) return Process.Error(p, Am.Error);
        z->Stash = Signal.Keeping(a[1]);
        return z->Stash == null ? Process.SystemLimit(p) : Am.Ok;
    }
}
