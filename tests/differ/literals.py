"""Values as texts: mostly those at the edges of representations."""

EDGES = [1 << k for k in (7, 8, 15, 16, 27, 28, 31, 32, 52, 53, 58, 59, 60, 61, 62, 63, 64, 127, 128, 255)]
ATOMS = ["a", "b", "c", "ok", "error", "true", "false", "undefined", "'hello world'", "''", "'\\x{e9}t\\x{e9}'", "nil", "'Up'", "infinity", "'\\x{1F600}'"]
FLOATS = ["0.0", "-0.0", "1.0", "-1.0", "0.5", "1.5", "-2.5", "3.0", "0.1", "1.0e10", "1.0e22", "1.0e23", "123456789.125", "1.7976931348623157e308", "5.0e-324", "2.2250738585072014e-308",
          "9007199254740992.0", "9007199254740993.0", "576460752303423488.0", "-576460752303423489.0", "9223372036854775808.0", "1.8446744073709552e19", "-1.0e-7", "1.0e100", "65504.0", "3.4028234663852886e38"]
BINARIES = ["<<>>", '<<"abc">>', "<<1,2,255>>", '<<"\\x{e5}\\x{e4}"/utf8>>', '<<"12">>', '<<"-17">>', '<<"1.5">>', "<<0>>", "<<255,255,255,255,255,255,255,255>>", '<<"a1a, b0">>', '<<"Hello World">>',
            "<<0:600>>", '<<"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789">>', "<<16#d800:16>>", "<<240,159,152,128>>", "<<64,9,33,251,84,68,45,24>>", "<<3,1,2,3,4>>", '<<"aaaa">>']
BITS = ["<<5:3>>", "<<1,2:4>>", "<<1:1>>", "<<255,255:7>>", "<<0:13>>", "<<-1:65>>", '<<"abc",3:2>>', "<<16#123456789abcdef:61>>"]
STRINGS = ['""', '"abc"', '"12"', '"-7"', '"Hello World"', '" a b "', '"\\x{e9}\\x{20ac}"', '"e\\x{301}x"', '"1.5e3"', '"\\x{1F600}!"', '"aXbXa"', '"[1,2]"']


class Literals:
    """The part of Generator that makes literals; it has rng, chance, records, natives and key."""

    def literal_int(self):
        rng = self.rng
        r = rng.random()
        if r < 0.45:
            return rng.randrange(-3, 12)
        if r < 0.8:
            v = rng.choice(EDGES) + rng.choice((-2, -1, 0, 1))
            return v if self.chance(0.5) else -v
        if r < 0.9:
            return rng.randrange(-1000, 100000)
        return (1 if self.chance(0.5) else -1) * rng.getrandbits(rng.randrange(1, 220))

    def literal_nonzero(self):
        return str(self.literal_int() or 1)

    def literal(self, t, depth=3):
        rng = self.rng
        kind = t[0] if t.__class__ is tuple else t
        d = depth - 1
        if kind == "num":
            kind = rng.choice(("int", "float"))
        if kind == "any":
            kind = t = rng.choice(("int", "float", "atom", "bin", "bits", "str", ("list", "int"), ("tup", "int", "atom")))
            if t.__class__ is tuple:
                return self.literal(t, d)
        if kind == "int":
            return str(self.literal_int())
        if kind == "float":
            return rng.choice(FLOATS) if self.chance(0.8) else erlang_float(rng.uniform(-1, 1) * 10.0 ** rng.randrange(-20, 40))
        if kind == "atom":
            return rng.choice(ATOMS)
        if kind == "bool":
            return rng.choice(("true", "false"))
        if kind == "bin":
            return rng.choice(BINARIES)
        if kind == "bits":
            return rng.choice(BITS if self.chance(0.6) else BINARIES)
        if kind == "str":
            return rng.choice(STRINGS)
        if kind == "iol":
            return rng.choice(BINARIES + ['[<<"a">>, "b", 10]', "[]"])
        if kind == "list":
            return "[%s]" % ", ".join(self.literal(t[1], d) for _ in range(rng.choice((0, 1, 2, 3, 3, 4, 6)) if d > 0 else rng.randrange(2)))
        if kind == "tup":
            return "{%s}" % ", ".join(self.literal(u, d) for u in t[1:])
        if kind == "map":
            if t[1] == "int" and self.chance(0.06):
                return "#{%s}" % ", ".join("%d => %s" % (k * 17 - 100, self.literal(t[2], 0)) for k in range(35))
            entries = {self.literal(t[1], d): self.literal(t[2], d) for _ in range(rng.randrange(0, 4))}
            return "#{%s}" % ", ".join("%s => %s" % e for e in entries.items())
        if kind in ("rec", "nat"):
            return "#%s%d{}" % ("r" if kind == "rec" else "n", t[1])
        if kind == "fun":
            return "fun(%s) -> %s end" % (", ".join("_" for _ in t[2:]), self.literal(t[1], d))
        raise KeyError(t)

    def literal_pattern(self, t):
        return self.literal(t, 1)


def erlang_float(value):
    text = repr(value)
    if "e" in text and "." not in text:
        text = text.replace("e", ".0e")
    return text.replace("e+", "e")
