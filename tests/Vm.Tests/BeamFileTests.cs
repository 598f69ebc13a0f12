// The front half of the loader: every .beam file is read completely or refused with a clear sentence, whatever its bytes are.
using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using MyBeam.Memory;
using MyBeam.Platform;

namespace MyBeam.Vm.Tests;

public sealed unsafe class BeamFileTests
{
    static BeamFileTests() => AtomTable.Initialize();

    // What a read came to; the module is freed, what the tests ask about is kept.
    private sealed record Result(bool Good, LoadErrorCode Code, int Op, string Message, string Module, string Md5, long[] Ops, string FirstArgs);

    [Fact]
    public void The_fixtures_are_read()
    {
        string folder = Path.Combine(Root, "output_files");
        string[] files = Directory.GetFiles(folder, "*.beam", SearchOption.AllDirectories);
        foreach (string file in files)
        {
            Result r = Read(File.ReadAllBytes(file));
            Assert.True(r.Good, $"{file}: {r.Message}");
            Assert.Equal(Path.GetFileNameWithoutExtension(file), r.Module);
            Assert.Equal(1, r.Ops[GenericOps.IntCodeEnd]);
        }
    }

    // Counts as measured by another decoder (otp-map 1.4).
    [OtpTheory("29")]
    [InlineData("29/preloaded", 22, GenericOps.Label, 6504)]
    [InlineData("29/preloaded", 22, GenericOps.Move, 7172)]
    [InlineData("29/preloaded", 22, GenericOps.BsMatch, 41)]
    [InlineData("29/elixir/lib", 447, GenericOps.Line, 47147)]
    [InlineData("29/elixir/lib", 447, GenericOps.BsCreateBin, 2260)]
    public void Opcode_counts_of_OTP_are_right(string folder, int files, int op, long count)
    {
        string path = Path.Combine(Root, ".otp", folder);
        string[] all = Directory.GetFiles(path, "*.beam", SearchOption.AllDirectories);
        long sum = 0;
        foreach (string file in all)
        {
            Result r = Read(File.ReadAllBytes(file));
            Assert.True(r.Good, $"{file}: {r.Message}");
            sum += r.Ops[op];
        }
        Assert.Equal(files, all.Length);
        Assert.Equal(count, sum);
    }

    [OtpTheory("25", "27", "29")]
    [InlineData("25")]
    [InlineData("27")]
    [InlineData("29")]
    public void Every_module_of_OTP_is_read(string release)
    {
        string path = Path.Combine(Root, ".otp", release, "lib");
        foreach (string file in Directory.EnumerateFiles(path, "*.beam", SearchOption.AllDirectories))
        {
            Result r = Read(File.ReadAllBytes(file));
            Assert.True(r.Good, $"{file}: {r.Message}");
        }
    }

    [Fact]
    public void A_gzipped_file_is_read()
    {
        byte[] plain = Minimal().Build();
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Optimal)) gzip.Write(plain);
        Result r = Read(packed.ToArray());
        Assert.True(r.Good, r.Message);
        Assert.Equal(Read(plain).Md5, r.Md5);
    }

    [Fact]
    public void A_cut_gzipped_file_is_refused()
    {
        using MemoryStream packed = new();
        using (GZipStream gzip = new(packed, CompressionLevel.Optimal)) gzip.Write(Minimal().Build());
        byte[] bytes = packed.ToArray();
        for (int n = 2; n < bytes.Length - 8; n++) Assert.False(Read(bytes[..n]).Good);
    }

    [Fact]
    public void A_minimal_module_is_read()
    {
        Result r = Read(Minimal().Build());
        Assert.True(r.Good, r.Message);
        Assert.Equal("m", r.Module);
        Assert.Equal(1, r.Ops[GenericOps.Return]);
    }

    [Fact]
    public void A_file_cut_anywhere_is_refused()
    {
        byte[] bytes = Minimal().Build();
        for (int n = 0; n < bytes.Length; n++)
        {
            Result r = Read(bytes[..n]);
            Assert.False(r.Good);
            Assert.NotEmpty(r.Message);
        }
    }

    [Fact]
    public void An_unknown_opcode_is_named()
    {
        Result r = Read(Minimal(0xC0).Build());
        Assert.Equal(LoadErrorCode.UnknownOpcode, r.Code);
        Assert.Contains("192", r.Message);
    }

    [Fact]
    public void An_obsolete_opcode_is_named()
    {
        Result r = Read(Minimal(70, 0x10, 0x03).Build());
        Assert.Equal(LoadErrorCode.ObsoleteOpcode, r.Code);
        Assert.Contains("put_tuple/2", r.Message);
        Assert.Contains("compile the module again", r.Message);
    }

    [Theory]
    [InlineData("label twice", new byte[] { 1, 0x20 }, "label 2 is defined twice")]
    [InlineData("label out of range", new byte[] { 61, 0x95 }, "there is no label 9")]
    [InlineData("label not defined", new byte[] { 61, 0x35 }, "label 3 is not defined")]
    [InlineData("jump to label 0", new byte[] { 61, 0x05 }, "operand 1")]
    [InlineData("register out of range", new byte[] { 64, 0x1B, 0x04, 0x00, 0x03 }, "there is no register 1024")]
    [InlineData("move to an atom", new byte[] { 64, 0x13, 0x12 }, "operand 2")]
    [InlineData("literal out of range", new byte[] { 64, 0x47, 0x00, 0x03 }, "there is no literal 0")]
    [InlineData("atom out of range", new byte[] { 64, 0x72, 0x03 }, "there is no atom 7")]
    [InlineData("import out of range", new byte[] { 7, 0x00, 0x00 }, "operand 2")]
    [InlineData("call of another arity", new byte[] { 4, 0x10, 0x25 }, "of this arity")]
    [InlineData("select_val with half a pair", new byte[] { 59, 0x03, 0x25, 0x17, 0x10, 0x12 }, "operand 3 is a list")]
    [InlineData("list where none belongs", new byte[] { 64, 0x17, 0x10, 0x03, 0x03 }, "operand 1 is a list")]
    [InlineData("list longer than the code", new byte[] { 164, 0x03, 0x17, 0x18, 0xFF }, "longer than the code")]
    [InlineData("code without end", new byte[] { 19, 64 }, "ends without int_code_end")]
    public void A_wrong_instruction_is_refused(string what, byte[] code, string message)
    {
        Result r = Read(Minimal(code).Build());
        Assert.False(r.Good, what);
        Assert.Contains(message, r.Message);
        Assert.Contains("chunk Code, byte ", r.Message);
    }

    [Fact]
    public void Heap_needs_are_summed_to_words()
    {
        // test_heap {alloc, words 3, floats 2, funs 1} 0: 3 + 2 * 2 + 1 * 2.
        Result r = Read(Minimal(16, 0x37, 0x30, 0x00, 0x30, 0x10, 0x20, 0x20, 0x10, 0x00).Build());
        Assert.True(r.Good, r.Message);
        Assert.Contains("U9 U0", r.FirstArgs);
    }

    [Theory]
    [InlineData(new byte[] { 64, 0x11, 0x03 }, "I1")]
    [InlineData(new byte[] { 64, 0xE9, 0xFF, 0x03 }, "I2047")]
    [InlineData(new byte[] { 64, 0x19, 0xFF, 0xFE, 0x03 }, "I-2")]
    [InlineData(new byte[] { 64, 0xD9, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x03 }, "I-9223372036854775808")]
    [InlineData(new byte[] { 64, 0xF9, 0x00, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x03 }, "Lit0")]
    [InlineData(new byte[] { 64, 0xF9, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0x03 }, "I7")]
    [InlineData(new byte[] { 64, 0x02, 0x03 }, "N59")]
    public void Integers_of_all_sizes_are_decoded(byte[] code, string expected)
    {
        Result r = Read(Minimal(code).Build());
        Assert.True(r.Good, r.Message);
        Assert.StartsWith(expected + " X0", r.FirstArgs);
    }

    [Theory]
    [InlineData("AtU8")]
    [InlineData("ImpT")]
    [InlineData("ExpT")]
    [InlineData("Code")]
    public void A_missing_chunk_is_named(string id)
    {
        Result r = Read(Minimal().Without(id).Build());
        Assert.Equal(LoadErrorCode.MissingChunk, r.Code);
        Assert.Contains(id, r.Message);
    }

    [Theory]
    [InlineData("AtU8", 0)]
    [InlineData("ImpT", 0)]
    [InlineData("ExpT", 0)]
    [InlineData("FunT", 0)]
    [InlineData("Code", 12)]
    [InlineData("Code", 16)]
    [InlineData("Line", 12)]
    [InlineData("Line", 16)]
    [InlineData("Type", 4)]
    [InlineData("LitT", 0)]
    [InlineData("LitT", 4)]
    public void A_count_beyond_the_bytes_takes_no_memory(string id, int offset)
    {
        Builder b = Minimal();
        b.Chunk("FunT", new byte[4]);
        b.Chunk("Line", new byte[20]);
        b.Chunk("Type", [0, 0, 0, 4, 0, 0, 0, 1, 0x1F, 0xFF]);
        b.Chunk("LitT", new byte[8]);
        Assert.True(Read(b.Build()).Good);
        foreach (uint count in new uint[] { 0x7FFFFFFF, 0x80000001, 0x00FFFFFF, 0xFFFFFFF0 })
        {
            b.Patch(id, offset, count);
            Result r = Read(b.Build());
            Assert.False(r.Good, $"{id} {count:x}");
            Assert.True(r.Code is LoadErrorCode.BadChunk or LoadErrorCode.TooLarge, r.Message);
        }
    }

    [Fact]
    public void An_export_without_function_is_refused()
    {
        Builder b = Minimal();
        b.Patch("ExpT", 8, 1);
        Assert.Contains("export 0 is no function", Read(b.Build()).Message);
    }

    [Fact]
    public void Mutated_files_never_harm()
    {
        string[] files = Directory.GetFiles(Path.Combine(Root, "output_files"), "*.beam", SearchOption.AllDirectories);
        List<byte[]> corpus = [Minimal().Build(), .. files.Select(File.ReadAllBytes)];
        Random random = new(20260901);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = (byte[])corpus[random.Next(corpus.Count)].Clone();
            for (int n = random.Next(1, 6); n > 0; n--) bytes[random.Next(bytes.Length)] = (byte)(random.Next(3) == 0 ? 0xFF : random.Next(256));
            if (random.Next(8) == 0) bytes = bytes[..random.Next(bytes.Length)];
            Result r = Read(bytes);
            Assert.True(r.Good || (r.Message.Length is > 0 and <= LoadError.MaxText && r.Code != LoadErrorCode.None));
        }
    }

    // The body of f/0, which ends with return: what FlowCheck says of it.
    [Theory]
    [InlineData("", new byte[] { 64, 0x02, 0x03 })]
    [InlineData("", new byte[] { 64, 0x02, 0x03, 16, 0x20, 0x10, 69, 0x03, 0x03, 0x03 })]
    [InlineData("", new byte[] { 12, 0x10, 0x00, 64, 0x02, 0x04, 4, 0x00, 0x25, 18, 0x10 })]
    [InlineData("one of 1 x registers holds nothing", new byte[] { })]
    [InlineData("x register 1 holds nothing", new byte[] { 64, 0x13, 0x03 })]
    [InlineData("the stack frame is still there", new byte[] { 12, 0x00, 0x00, 64, 0x02, 0x03 })]
    [InlineData("a stack frame upon another", new byte[] { 12, 0x00, 0x00, 12, 0x00, 0x00 })]
    [InlineData("y register 0 is outside of the stack frame", new byte[] { 64, 0x02, 0x04 })]
    [InlineData("y register 1 is outside of the stack frame", new byte[] { 12, 0x10, 0x00, 64, 0x02, 0x14 })]
    [InlineData("y register 0 holds nothing", new byte[] { 12, 0x10, 0x00, 64, 0x04, 0x03 })]
    [InlineData("a call without a stack frame", new byte[] { 4, 0x00, 0x25 })]
    [InlineData("one of 1 stack slots holds nothing", new byte[] { 12, 0x10, 0x00, 4, 0x00, 0x25 })]
    [InlineData("the stack frame does not have 2 slots", new byte[] { 12, 0x10, 0x00, 64, 0x02, 0x04, 18, 0x20 })]
    [InlineData("2 words of heap that are not reserved", new byte[] { 64, 0x02, 0x03, 69, 0x03, 0x03, 0x03 })]
    [InlineData("one of 2 x registers holds nothing", new byte[] { 64, 0x02, 0x03, 16, 0x20, 0x20 })]
    [InlineData("x register 1 holds nothing", new byte[] { 64, 0x02, 0x03, 48, 0x35, 0x03, 64, 0x02, 0x13, 1, 0x30, 64, 0x13, 0x03 })]
    [InlineData("a jump back to label 3", new byte[] { 64, 0x02, 0x03, 1, 0x30, 48, 0x35, 0x03 })]
    [InlineData("a jump back to label 3", new byte[] { 1, 0x30, 12, 0x00, 0x00, 25, 0x35 })]
    [InlineData("a jump back to label 3 with another stack frame", new byte[] { 12, 0x00, 0x00, 1, 0x30, 4, 0x00, 0x25, 18, 0x00, 48, 0x35, 0x03, 64, 0x02, 0x03 })]
    [InlineData("", new byte[] { 12, 0x00, 0x00, 1, 0x30, 4, 0x00, 0x25, 48, 0x35, 0x03, 18, 0x00 })]
    [InlineData("x register 1 holds nothing", new byte[] { 12, 0x00, 0x00, 64, 0x02, 0x13, 1, 0x30, 64, 0x13, 0x23, 4, 0x00, 0x25, 48, 0x35, 0x03, 18, 0x00 })]
    [InlineData("2 words of heap that are not reserved", new byte[] { 64, 0x02, 0x03, 12, 0x00, 0x00, 16, 0x20, 0x00, 64, 0x02, 0x03, 1, 0x30, 69, 0x03, 0x03, 0x03, 4, 0x00, 0x25, 48, 0x35, 0x03, 18, 0x00 })]
    [InlineData("y register 0 does not hold the innermost catch", new byte[] { 12, 0x10, 0x00, 64, 0x02, 0x04, 105, 0x04 })]
    [InlineData("a register that holds no match context", new byte[] { 64, 0x02, 0x03, 165, 0x03, 0x03, 0x10 })]
    [InlineData("nothing is there that it goes on with", new byte[] { 21 })]
    public void Code_that_would_use_what_is_not_there_is_refused(string expected, byte[] body)
    {
        byte[] bytes = Minimal(body).Build();
        BeamFile file = default;
        GenericCode code = default;
        LoadError error = default;
        fixed (byte* data = bytes)
        {
            Assert.True(BeamFile.Open(data, bytes.Length, &file, &error) && BeamReader.Read(&file, &code, &error), Encoding.UTF8.GetString(LoadError.Message(&error)));
            bool good = FlowCheck.Check(&code, &error);
            string message = Encoding.UTF8.GetString(LoadError.Message(&error));
            GenericCode.Free(&code);
            file.Free();
            Assert.Equal(expected.Length == 0, good);
            Assert.Contains(expected, message);
        }
    }

    private static string Root => TestSupport.Root;

    // Reads the bytes from the end of mapped memory, so that one byte too far is a fault of the machine.
    private static Result Read(byte[] bytes)
    {
        nuint page = OsMemory.PageSize, area = OsMemory.RoundUpToPages((nuint)bytes.Length + 1);
        byte* map = (byte*)OsMemory.Map(area + page);
        Assert.True(OsMemory.Protect(map + area, page, PageAccess.None));
        byte* data = map + area - bytes.Length;
        bytes.CopyTo(new Span<byte>(data, bytes.Length));
        BeamFile file = default;
        GenericCode code = default;
        LoadError error = default;
        long[] ops = new long[256];
        string module = "", md5 = "", args = "";
        bool good = BeamFile.Open(data, bytes.Length, &file, &error) && BeamReader.Read(&file, &code, &error);
        if (good)
        {
            AtomTable.Entry* name = AtomTable.Get(code.Module);
            module = Encoding.UTF8.GetString(name->Text, name->Bytes);
            md5 = Convert.ToHexString(new ReadOnlySpan<byte>(code.Md5, 16));
            for (int i = 0; i < code.InstrCount; i++) ops[code.Instrs[i].Op]++;

            // The first instruction after the entry label of the first function.
            GenericInstr first = code.Instrs[code.Labels[code.Functions[0].EntryLabel] + 1];
            for (int i = 0; i < first.Argc; i++) args += $"{code.Args[first.FirstArg + i].Kind}{code.Args[first.FirstArg + i].Value} ";
        }
        Result result = new(good, error.Code, error.Op, Encoding.UTF8.GetString(LoadError.Message(&error)), module, md5, ops, args.TrimEnd());
        GenericCode.Free(&code);
        file.Free();
        OsMemory.Unmap(map, area + page);
        return result;
    }

    // module m, f/0: label 1, func_info m f 0, label 2, the given instructions, return, int_code_end.
    private static Builder Minimal(params byte[] body)
    {
        byte[] code = [1, 0x10, 2, 0x12, 0x22, 0x00, 1, 0x20, .. body, 19, 3];
        Builder b = new();
        b.Chunk("AtU8", [0xFF, 0xFF, 0xFF, 0xFE, 0x10, (byte)'m', 0x10, (byte)'f']);
        b.Chunk("Code", [0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 191, 0, 0, 0, 4, 0, 0, 0, 1, .. code]);
        b.Chunk("StrT", []);
        b.Chunk("ImpT", [0, 0, 0, 0]);
        b.Chunk("ExpT", [0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2]);
        return b;
    }

    private sealed class Builder
    {
        private readonly List<(string Id, byte[] Data)> _chunks = [];

        public void Chunk(string id, byte[] data) => _chunks.Add((id, data));

        public Builder Without(string id)
        {
            _chunks.RemoveAll(c => c.Id == id);
            return this;
        }

        public void Patch(string id, int offset, uint value)
        {
            byte[] data = _chunks.Find(c => c.Id == id).Data;
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(data.AsSpan(offset), value);
        }

        public byte[] Build()
        {
            List<byte> body = [.. "BEAM"u8];
            foreach ((string id, byte[] data) in _chunks)
            {
                body.AddRange(Encoding.ASCII.GetBytes(id));
                body.AddRange(Size(data.Length));
                body.AddRange(data);
                while (body.Count % 4 != 0) body.Add(0);
            }
            return [.. "FOR1"u8, .. Size(body.Count), .. body];
        }

        private static byte[] Size(int n) => [(byte)(n >> 24), (byte)(n >> 16), (byte)(n >> 8), (byte)n];
    }
}
