// The portable hashes against values of OTP 29.1.1 (erlang:phash2(X, 1 bsl 32) and erlang:phash(X, 1 bsl 32) - 1; many more in Vm.Tests/EtfTests), and what
// maps need of the internal hash.

using System.Collections.Generic;
using Xunit;

namespace MyBeam.Memory.Tests;

public sealed unsafe class HashTests
{
    private static void Check(Term t, uint phash2, uint phash)
    {
        Assert.Equal(phash2, PortableHash.Phash2(t));
        Assert.Equal(phash - 1, PortableHash.Phash(t, out _));
    }

    [Fact]
    public void Hashes_are_those_of_OTP()
    {
        using TermBuilder b = new();
        Term a = TermBuilder.Atom("a");
        Check(a, 97, 98);
        Check(Term.Small(1), 539485162, 2788898428);
        Check(Term.Small(-1), 1117813597, 1680185270);
        Check(Term.Small(1 << 27), 2562491755, 2147483673);
        Check(Term.Small(-(1 << 27)), 874979335, 2147489129);
        Check(Term.Small(-(1 << 27) - 1), 1418916782, 3827674398);
        Check(b.Big(false, 1UL << 59), 2442888721, 2147483673);
        Check(b.Big(false, 0, 1UL << 36), 528873168, 1672701873);
        Check(b.Float(1.0), 3029937084, 1072693249);
        Check(b.Float(0.0), 423528920, 1);
        Check(b.Float(-0.0), 423528920, 1);
        Check(b.Text("abc"), 519996486, 3654580166);
        Check(b.Text("abcde"), 2487089008, 721934915);
        Check(b.Cons(a, TermBuilder.Atom("b")), 2356411656, 4159696708);
        Check(Term.Nil, 3468870702, 2);
        Check(b.Tuple(), 221703996, 1);
        Check(b.Tuple(a, TermBuilder.Atom("b")), 1980325998, 1904799770);
        Check(b.Map(), 844985373, 1113425985);
        Check(b.Map(a, Term.Small(1)), 1401795262, 1670235874);
        Check(b.Bits("011000010110001001100011"), 1306188027, 1972007566);
        Check(b.Bits("101"), 3354768668, 3507216109);
    }

    [Fact]
    public void Bits_hash_alike_wherever_they_start()
    {
        using TermBuilder b = new();
        Check(b.Window(b.Bits("111001100001011000100110001111"), 4, 28), 1306188027, 1972007566);
    }

    [Fact]
    public void The_internal_hash_tells_atoms_apart_that_have_one_hash_in_OTP()
    {
        AtomTable.Initialize();
        // OTP's hash shifts by 4 a character, so that "33" and "2C" meet.
        Term x = TermBuilder.Atom("k33"), y = TermBuilder.Atom("k2C");
        Assert.Equal(AtomTable.Get(x)->Hash, AtomTable.Get(y)->Hash);
        Assert.NotEqual(TermHash.Internal(x, 0), TermHash.Internal(y, 0));
        Assert.NotEqual(TermHash.Internal(TermBuilder.Atom("a_long_name_k33"), 0), TermHash.Internal(TermBuilder.Atom("a_long_name_k2C"), 0));
    }

    [Fact]
    public void Terms_that_collide_under_one_seed_do_not_under_another()
    {
        using TermBuilder b = new();
        Dictionary<uint, Term> seen = [];
        int collisions = 0;
        for (int i = 0; i < 300_000; i++)
        {
            Term t = b.Map(Term.Small(1), Term.Small(i));
            uint hash = TermHash.Internal(t, 0);
            if (!seen.TryAdd(hash, t))
            {
                collisions++;
                Assert.NotEqual(TermHash.Internal(seen[hash], 1), TermHash.Internal(t, 1));
            }
        }
        // n^2 / 2^33 = 10 are to be expected.
        Assert.InRange(collisions, 1, 40);
    }

    [Fact]
    public void Small_keys_spread_over_all_bits()
    {
        foreach (int shift in (int[])[0, 4, 8, 12, 16, 20, 24, 28])
        {
            int[] slots = new int[16];
            for (int i = 0; i < 16_000; i++) slots[(TermHash.Internal(Term.Small(i), 0) >> shift) & 15]++;
            foreach (int n in slots) Assert.InRange(n, 800, 1200);
        }
    }
}
