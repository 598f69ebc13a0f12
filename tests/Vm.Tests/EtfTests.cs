// The external term format against a recorded table of OTP 29's own results (tests/recorded/termtab.erl says how it was made), and what must not be read.

using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.Runtime.CompilerServices;
using MyBeam.Memory;
using Xunit;

namespace MyBeam.Vm.Tests;

public sealed unsafe class EtfTests : IDisposable
{
    private readonly Process* process;
    private readonly HeapShared* shared;
    private readonly Machine* machine;

    public EtfTests()
    {
        AtomTable.Initialize();
        shared = (HeapShared*)Allocator.AllocZeroed((nuint)sizeof(HeapShared), Owner.Vm);
        process = (Process*)Allocator.AllocZeroed((nuint)sizeof(Process), Owner.Vm);
        process->Machine = machine = Machine.Create();
        process->Context = machine->Context;
        machine->WorkReductions = 1L << 40; // natives are called once, and must not pause
        Heap.Create(&process->Heap, shared, 233);
    }

    public void Dispose()
    {
        Heap.Destroy(&process->Heap);
        Allocator.Free(process, (nuint)sizeof(Process), Owner.Vm);
        Machine.Destroy(machine);
        Allocator.Free(shared, (nuint)sizeof(HeapShared), Owner.Vm);
    }

    private sealed class Row
    {
        public byte[] Encoded = [], Minor0 = [], Minor1 = [], Deterministic = [];
        public uint Phash2, Phash, Size;
        public int Rank, Same;
        public Term Term;
    }

    private static string Folder([CallerFilePath] string here = "") => Path.GetDirectoryName(here)!;

    private List<Row> Table(out int[] keyOrder)
    {
        using MemoryStream all = new();
        using (GZipStream zip = new(File.OpenRead(Path.Combine(Folder(), "..", "recorded", "terms-29.dat.gz")), CompressionMode.Decompress)) zip.CopyTo(all);
        byte[] data = all.ToArray();
        int at = 0;
        uint Number()
        {
            at += 4;
            return BinaryPrimitives.ReadUInt32BigEndian(data.AsSpan(at - 4));
        }
        byte[] Bytes()
        {
            int n = (int)Number();
            at += n;
            return data[(at - n)..at];
        }
        List<Row> rows = [];
        int count = (int)Number();
        for (int i = 0; i < count; i++)
        {
            rows.Add(new Row
            {
                Encoded = Bytes(), Phash2 = Number(), Phash = Number(), Size = Number(), Minor0 = Bytes(), Minor1 = Bytes(), Deterministic = Bytes(),
            });
        }
        foreach (Row r in rows) r.Rank = (int)Number();
        keyOrder = new int[(int)Number()];
        for (int i = 0; i < keyOrder.Length; i++) keyOrder[i] = (int)Number();
        foreach (Row r in rows) r.Same = (int)Number();
        foreach (Row r in rows)
        {
            r.Term = Decode(r.Encoded);
            Assert.False(r.Term.IsNone);
        }
        return rows;
    }

    private Term Decode(byte[] bytes, EtfDecoding flags = EtfDecoding.None)
    {
        fixed (byte* p = bytes) return EtfDecoder.DecodeVersioned(&process->Heap, process->Machine, p, (nuint)bytes.Length, flags, 0, out _);
    }

    private byte[] Encode(Term t, Term options)
    {
        Term* a = stackalloc Term[2];
        a[0] = t;
        a[1] = options;
        Term made = EtfEncodeBifs.TermToBinary2(process, a);
        Assert.True(Binaries.Aligned(made, out byte* data, out long bytes, out _));
        return new ReadOnlySpan<byte>(data, (int)bytes).ToArray();
    }

    private Term Options(Term one) => Process.Cons(process, one, Term.Nil);

    private static bool HasMap(Row r) => Array.IndexOf(r.Encoded, (byte)116) >= 0;

    [Fact]
    public void Terms_hash_as_in_OTP()
    {
        foreach (Row r in Table(out _))
        {
            Assert.Equal(r.Phash2, PortableHash.Phash2(r.Term));
            Assert.Equal(r.Phash, PortableHash.Phash(r.Term, out _));
        }
    }

    [Fact]
    public void Terms_encode_as_in_OTP()
    {
        Term minor0 = Options(Process.Tuple(process, Am.MinorVersion, Term.Small(0))), minor1 = Options(Process.Tuple(process, Am.MinorVersion, Term.Small(1)));
        Term deterministic = Options(Am.Deterministic);
        Term* a = stackalloc Term[1];
        foreach (Row r in Table(out _))
        {
            Assert.Equal(r.Deterministic, Encode(r.Term, deterministic));
            *a = r.Term;
            Assert.Equal(r.Size, (uint)EtfEncodeBifs.ExternalSize1(process, a).SmallValue);
            // The order in which maps are stored is each VM's own.
            if (HasMap(r)) continue;
            Assert.Equal(r.Encoded, Encode(r.Term, Term.Nil));
            Assert.Equal(r.Minor0, Encode(r.Term, minor0));
            Assert.Equal(r.Minor1, Encode(r.Term, minor1));
        }
    }

    [Fact]
    public void Every_form_decodes_to_the_same_term()
    {
        Term compressed = Options(Am.Compressed);
        foreach (Row r in Table(out _))
        {
            foreach (byte[] form in (byte[][])[r.Minor0, r.Minor1, r.Deterministic, Encode(r.Term, compressed)])
            {
                Term back = Decode(form, EtfDecoding.Safe);
                Assert.True(TermEquality.Exact(back, r.Term));
                Assert.Equal(TermHash.Internal(r.Term, 0), TermHash.Internal(back, 0));
            }
        }
    }

    [Fact]
    public void Terms_order_as_in_OTP()
    {
        List<Row> rows = Table(out int[] keyOrder);
        foreach (Row x in rows)
        {
            foreach (Row y in rows)
            {
                Assert.Equal(x.Rank.CompareTo(y.Rank), TermOrder.Compare(x.Term, y.Term));
                Assert.Equal(x.Rank == y.Rank, TermOrder.Equal(x.Term, y.Term));
                Assert.Equal(x.Same == y.Same, TermEquality.Exact(x.Term, y.Term));
                Assert.Equal(x.Same == y.Same, TermOrder.CompareKeys(x.Term, y.Term) == 0);
            }
        }
        for (int i = 1; i < keyOrder.Length; i++)
        {
            Term x = rows[keyOrder[i - 1]].Term, y = rows[keyOrder[i]].Term;
            // Maps in keys compare in the order in which they are stored.
            if (!x.IsMap || !y.IsMap) Assert.Equal(-1, TermOrder.CompareKeys(x, y));
        }
    }

    [Fact]
    public void Local_terms_are_read_by_their_own_VM_only()
    {
        Term pid = Term.Pid(77);
        byte[] local = Encode(Process.Tuple(process, pid, Am.Ok), Options(Am.Local));
        fixed (byte* p = local)
        {
            uint salt = EtfOptions.HashOf(process->Machine);
            Term back = EtfDecoder.DecodeVersioned(&process->Heap, process->Machine, p, (nuint)local.Length, EtfDecoding.None, salt, out nuint used);
            Assert.True(back.IsTuple && back.TupleElements[0] == pid);
            Assert.Equal((nuint)local.Length, used);
            Assert.True(EtfDecoder.DecodeVersioned(&process->Heap, process->Machine, p, (nuint)local.Length, EtfDecoding.None, salt + 1, out _).IsNone);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("83")]
    [InlineData("8200")]
    [InlineData("836B000461")] // a string cut short
    [InlineData("836CFFFFFFFF6A")] // a list of 2^32 - 1
    [InlineData("8369FFFFFFFF")] // a tuple of as many
    [InlineData("83740000000261016101610161016A")] // a key twice
    [InlineData("8377028080")] // no UTF-8
    [InlineData("837703EDA080")] // a surrogate
    [InlineData("837702C080")] // overlong
    [InlineData("837600FFFF")]
    [InlineData("83467FF0000000000000")] // infinity
    [InlineData("834D000000010061")] // no bits in the last byte
    [InlineData("834D0000000005")]
    [InlineData("837500")] // funs of old
    [InlineData("8358610100000000000000000000000000")] // a number for a node
    [InlineData("83586A000000000000000000000000")] // this node, but not in a local term
    [InlineData("8350000000FF00")]
    public void Bad_data_is_no_term(string hex) => Assert.True(Decode(Convert.FromHexString(hex)).IsNone);

    [Fact]
    public void The_option_safe_makes_no_atoms()
    {
        byte[] bytes = Convert.FromHexString("83770F" + Convert.ToHexString("never_seen_safe"u8.ToArray()));
        Assert.True(Decode(bytes, EtfDecoding.Safe).IsNone);
        Assert.False(Decode(bytes).IsNone);
        Assert.False(Decode(bytes, EtfDecoding.Safe).IsNone);
    }

    [Fact]
    public void Deep_terms_need_no_native_stack()
    {
        const int Depth = 2_000_000;
        byte[] bytes = new byte[2 + (2 * Depth)];
        bytes[0] = 131;
        for (int i = 0; i < Depth; i++)
        {
            bytes[1 + (2 * i)] = 104;
            bytes[2 + (2 * i)] = 1;
        }
        bytes[^1] = 106;
        Term t = Decode(bytes);
        Assert.Equal(bytes, Encode(t, Term.Nil));
        // Deep and with a fault at the end.
        bytes[^1] = 99;
        Assert.True(Decode(bytes).IsNone);
    }

    [Fact]
    public void Io_vectors_join_to_the_encoded_binary_and_share_large_binaries()
    {
        Term large = Binaries.New(process, 5000, out byte* data);
        for (int i = 0; i < 5000; i++) data[i] = (byte)i;
        Term t = Process.Tuple(process, Am.Ok, large, Process.Tuple(process, large, Term.Small(9)));
        Term* a = stackalloc Term[1];
        *a = t;
        List<byte> joined = [];
        int shared = 0;
        for (Term list = EtfEncodeBifs.TermToIovec1(process, a); list.IsCons; list = list.Tail)
        {
            Assert.True(Binaries.Bytes(list.Head, out byte* part, out long offset, out long bits));
            Assert.Equal(0, offset);
            if (part == data) shared++;
            joined.AddRange(new ReadOnlySpan<byte>(part, (int)bits / 8));
        }
        Assert.Equal(2, shared);
        Assert.Equal(Encode(t, Term.Nil), joined.ToArray());
    }

    [Fact]
    public void Cut_and_damaged_data_gives_a_whole_term_or_none()
    {
        List<Row> rows = Table(out _);
        Random random = new(1);
        for (int round = 0; round < 20_000; round++)
        {
            Row r = rows[random.Next(rows.Count)];
            if (r.Encoded.Length > 3000) continue;
            byte[] bytes = (byte[])r.Encoded.Clone();
            // No export funs and local funs: those need a machine.
            if (random.Next(3) == 0) Array.Resize(ref bytes, random.Next(bytes.Length));
            else bytes[random.Next(1, bytes.Length)] = random.Next(2) == 0 ? (byte)random.Next(256) : (byte)"hltmMnXZxjyC"[random.Next(12)];
            if (Array.IndexOf(bytes, (byte)113) >= 0 || Array.IndexOf(bytes, (byte)112) >= 0) continue;
            Term t = Decode(bytes);
            if (!t.IsNone) Assert.True(TermEquality.Exact(Decode(Encode(t, Term.Nil)), t));
        }
    }
}
