// Order and equality of terms. The rules are those of the reference manual ("Term Comparisons"); that OTP agrees on hundreds of terms pairwise is checked
// in Vm.Tests/EtfTests, where they can be read from a recorded file.

using Xunit;

namespace MyBeam.Memory.Tests;

public sealed unsafe class TermOrderTests
{
    [Fact]
    public void Types_have_their_order()
    {
        using TermBuilder b = new();
        Term[] ascending =
        [
            Term.Small(7), TermBuilder.Atom("a"), Term.Port(1), Term.Pid(1), b.Tuple(), b.Map(), Term.Nil, b.List(Term.Small(1)), b.Bits(""),
        ];
        for (int i = 0; i < ascending.Length; i++)
        {
            for (int j = 0; j < ascending.Length; j++) Assert.Equal(i.CompareTo(j), TermOrder.Compare(ascending[i], ascending[j]));
        }
    }

    [Fact]
    public void Integers_and_floats_compare_by_exact_value()
    {
        using TermBuilder b = new();
        Assert.Equal(0, TermOrder.Compare(Term.Small(1), b.Float(1.0)));
        Assert.Equal(0, TermOrder.Compare(b.Big(false, 1UL << 60), b.Float(1152921504606846976.0)));
        // 2^59 - 1 is not a double; the nearest is 2^59.
        Assert.Equal(-1, TermOrder.Compare(Term.Small(Term.MaxSmall), b.Float(576460752303423488.0)));
        Assert.Equal(1, TermOrder.Compare(b.Big(false, (1UL << 60) + 1), b.Float(1152921504606846976.0)));
        Assert.Equal(-1, TermOrder.Compare(b.Big(true, (1UL << 60) + 1), b.Float(-1152921504606846976.0)));
        Assert.Equal(-1, TermOrder.Compare(Term.Small(1), b.Float(1.5)));
        Assert.Equal(1, TermOrder.Compare(Term.Small(-1), b.Float(-1.5)));
    }

    [Fact]
    public void Keys_order_integers_before_floats()
    {
        using TermBuilder b = new();
        Assert.Equal(-1, TermOrder.CompareKeys(Term.Small(5), b.Float(1.0)));
        Assert.Equal(-1, TermOrder.CompareKeys(b.Tuple(Term.Small(5)), b.Tuple(b.Float(1.0))));
        Assert.Equal(-1, TermOrder.CompareKeys(b.Float(-0.0), b.Float(0.0)));
        Assert.Equal(0, TermOrder.Compare(b.Float(-0.0), b.Float(0.0)));
    }

    [Fact]
    public void Zeros_are_equal_but_not_the_same()
    {
        using TermBuilder b = new();
        Assert.False(TermEquality.Exact(b.Float(0.0), b.Float(-0.0)));
        Assert.True(TermOrder.Equal(b.Float(0.0), b.Float(-0.0)));
        Assert.True(TermOrder.Equal(b.List(Term.Small(1), b.Tuple(Term.Small(2))), b.List(b.Float(1.0), b.Tuple(b.Float(2.0)))));
        Assert.False(TermEquality.Exact(b.List(Term.Small(1)), b.List(b.Float(1.0))));
    }

    [Fact]
    public void Maps_with_numbers_as_values_are_equal_by_value_and_keys_exactly()
    {
        using TermBuilder b = new();
        Term k = TermBuilder.Atom("k");
        Assert.True(TermOrder.Equal(b.Map(k, Term.Small(1)), b.Map(k, b.Float(1.0))));
        Assert.False(TermOrder.Equal(b.Map(Term.Small(1), k), b.Map(b.Float(1.0), k)));
        Assert.Equal(-1, TermOrder.Compare(b.Map(Term.Small(1), k), b.Map(b.Float(1.0), k)));
    }

    [Fact]
    public void Atom_keys_compare_by_text_whatever_their_numbers()
    {
        using TermBuilder b = new();
        // Interned against the order of their texts.
        Term z = TermBuilder.Atom("order_z"), a = TermBuilder.Atom("order_a"), m = TermBuilder.Atom("order_m"), one = Term.Small(1), two = Term.Small(2);
        Assert.Equal(-1, TermOrder.Compare(b.Map(z, two, a, one), b.Map(z, one, a, two)));
        Assert.Equal(-1, TermOrder.Compare(b.Map(z, two, a, one), b.Map(z, one, m, one)));
    }

    [Fact]
    public void Large_maps_compare_by_their_smallest_difference()
    {
        using TermBuilder b = new();
        Term[] x = new Term[200], y = new Term[200];
        for (int i = 0; i < 100; i++)
        {
            x[2 * i] = y[2 * i] = b.Tuple(Term.Small(i));
            x[(2 * i) + 1] = y[(2 * i) + 1] = Term.Small(0);
        }
        Assert.True(TermEquality.Exact(b.Map(x), b.Map(y)));
        y[(2 * 70) + 1] = Term.Small(1);
        x[(2 * 80) + 1] = Term.Small(1);
        Assert.Equal(-1, TermOrder.Compare(b.Map(x), b.Map(y)));
        // A key that only one of them has weighs more than any value.
        y[2 * 99] = b.Tuple(Term.Small(-1));
        Assert.Equal(1, TermOrder.Compare(b.Map(x), b.Map(y)));
        Assert.Equal(-1, TermOrder.Compare(b.Map(y), b.Map(x)));
    }

    [Fact]
    public void Bitstrings_compare_bit_by_bit_wherever_they_start()
    {
        using TermBuilder b = new();
        string bits = "1011001110001111000011111000001111110000001111111000000011111111000000001";
        for (ulong shift = 0; shift < 9; shift++)
        {
            Term window = b.Window(b.Bits(new string('0', (int)shift) + bits + "11"), shift, shift + (ulong)bits.Length);
            Assert.True(TermEquality.Exact(window, b.Bits(bits)));
            Assert.Equal(-1, TermOrder.Compare(window, b.Bits(bits + "0")));
            Assert.Equal(1, TermOrder.Compare(window, b.Bits(bits[..^1])));
            Assert.Equal(1, TermOrder.Compare(window, b.Bits(bits[..^1] + "0")));
            Assert.Equal(TermHash.Internal(b.Bits(bits), 3), TermHash.Internal(window, 3));
        }
    }

    [Fact]
    public void Deep_and_long_terms_do_not_nest_calls()
    {
        using TermBuilder b = new();
        Term x = Term.Nil, y = Term.Nil;
        for (int i = 0; i < 1_000_000; i++)
        {
            x = i % 3 == 0 ? b.Tuple(x) : i % 3 == 1 ? b.List(x) : b.Map(Term.Small(1), x);
            y = i % 3 == 0 ? b.Tuple(y) : i % 3 == 1 ? b.List(y) : b.Map(Term.Small(1), y);
        }
        Assert.True(TermEquality.Exact(x, y));
        Assert.Equal(0, TermOrder.Compare(x, y));
        Assert.Equal(TermHash.Internal(x, 0), TermHash.Internal(y, 0));
        Assert.Equal(PortableHash.Phash2(x), PortableHash.Phash2(y));
        Assert.Equal(PortableHash.Phash(x, out _), PortableHash.Phash(y, out _));
    }
}
