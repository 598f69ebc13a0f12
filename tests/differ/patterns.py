"""Patterns and guards of generated programs."""

import re
from pieces import TESTS
from tree import expression, fits, piece, some


class Patterns:
    """The part of Generator that makes patterns and guards."""

    def bits_pattern(self, t, c, bound):
        rng = self.rng
        parts, sizes = [], [v for v, u in c.variables if u == "int"]
        mine = []
        for _ in range(rng.randrange(1, 4)):
            v = self.fresh()
            r = rng.random()
            flags = [x for x in (rng.choice(("", "", "little", "big", "native")), rng.choice(("", "", "signed", "unsigned"))) if x]
            tail = ("/" + "-".join(flags)) if flags else ""
            if r < 0.5:
                s = rng.random()
                if mine and s < 0.2:
                    size = ":" + rng.choice(mine)
                elif sizes and s < 0.3:
                    size = ":" + rng.choice(sizes)
                elif mine and s < 0.36:
                    size = ":(%s band 15 + 1)" % rng.choice(mine)
                elif s < 0.46:
                    size, tail = ":%d" % rng.randrange(1, 5), "/" + "-".join(["integer"] + flags + ["unit:%d" % rng.choice((3, 8, 13, 16, 64))])
                else:
                    size = rng.choice(("", ":8", ":16", ":1", ":2", ":3", ":4", ":5", ":7", ":12", ":24", ":32", ":60", ":64", ":9", ":17", ":0"))
                which = rng.random()
                if which < 0.72:
                    parts.append(v + size + tail)
                    mine.append(v)
                    bound.append((v, "int"))
                elif which < 0.86:
                    parts.append(rng.choice(("0", "1", "97", "255", "3", "-1")) + size + tail)
                else:
                    parts.append("_" + size + tail)
            elif r < 0.56:
                parts.append("%s%s/float%s" % (v, rng.choice(("", ":32", ":16", ":64")), rng.choice(("", "-little"))))
                bound.append((v, "float"))
            elif r < 0.76:
                size = rng.choice(mine) if mine and self.chance(0.5) else str(rng.randrange(0, 4))
                kind = rng.choice(("binary", "binary", "bits", "binary-unit:3", "bitstring"))
                parts.append("%s:%s/%s" % (v, size, kind))
                bound.append((v, "bin" if kind == "binary" else "bits"))
            elif r < 0.88:
                parts.append("%s/%s" % (v if self.chance(0.8) else "_", rng.choice(("utf8", "utf8", "utf16", "utf32", "utf16-little"))))
                if parts[-1][0] == "V":
                    bound.append((v, "int"))
            else:
                parts.append(rng.choice(('"a"', '"ab"', "1, 2", '"\\x{e9}"/utf8', "0:1")))
        r = rng.random()
        if r < 0.65:
            v = self.fresh()
            kind = "binary" if t == "bin" and self.chance(0.5) else "bits"
            parts.append("%s/%s" % (v, kind))
            bound.append((v, "bin" if kind == "binary" else "bits"))
        elif r < 0.8:
            parts.append(rng.choice(("_/bits", "_/binary", "_/binary-unit:4")))
        return piece("<<", some(", ", parts), ">>")

    # ---- patterns and guards ----

    def pattern(self, t, c, depth, bound):
        """A pattern for values of a type; the variables it binds are added to `bound`."""
        rng = self.rng
        r = rng.random()
        kind = t[0] if t.__class__ is tuple else t
        if r < 0.03:
            same = [v for v, u in c.variables if u == t]
            if same:
                return rng.choice(same)
        if r < 0.12:
            return "_"
        if depth <= 0 or r < 0.3 or kind in ("fun", "any", "num", "iol"):
            v = self.fresh()
            bound.append((v, t))
            return v
        if r < 0.36:
            v = self.fresh()
            p = self.pattern(t, c, depth - 1, bound)
            bound.append((v, t))
            return piece(p, " = ", v)
        d = depth - 1
        if kind == "tup":
            return piece("{", *[x for i, u in enumerate(t[1:]) for x in (", " if i else "", self.pattern(u, c, d, bound))], "}")
        if kind == "list" or kind == "str":
            u = t[1] if kind == "list" else "int"
            s = rng.random()
            if kind == "str" and s < 0.25:
                v = self.fresh()
                bound.append((v, t))
                return '"%s" ++ %s' % (rng.choice(("1", "-", "a", "ab")), v)
            if s < 0.2:
                return "[]"
            if s < 0.7:
                return piece("[", self.pattern(u, c, d, bound), " | ", self.pattern(t, c, d, bound), "]")
            return piece("[", self.pattern(u, c, d, bound), ", ", self.pattern(u, c, d, bound), *([" | _"] if self.chance(0.5) else []), "]")
        if kind == "map":
            keys = [v for v, u in c.variables if u == t[1]]
            entries = []
            for _ in range(rng.randrange(0, 3)):
                key = rng.choice(keys) if keys and self.chance(0.4) else self.literal(t[1])
                entries.append(piece(key, " := ", self.pattern(t[2], c, d, bound)))
            return piece("#{", some(", ", entries, 0), "}")
        if kind in ("rec", "nat"):
            fields = (self.records if kind == "rec" else self.natives)[t[1]]
            return piece("#%s%d{" % ("r" if kind == "rec" else "n", t[1]), some(", ", [piece(f, " = ", self.pattern(fields[f], c, d, bound)) for f in fields if self.chance(0.6)], 0), "}")
        if kind in ("bin", "bits") and self.chance(0.8):
            return self.bits_pattern(kind, c, bound)
        return self.literal_pattern(t)

    def maybe_guard(self, c):
        return piece(" when ", self.guard(c)) if self.chance(0.3) else ""

    def guard(self, c):
        return some(self.rng.choice((", ", "; ")), [self.guard_test(c, 2) for _ in range(self.rng.choices((1, 2, 3), (6, 3, 1))[0])])

    def guard_test(self, c, depth):
        rng = self.rng
        r = rng.random()
        if depth > 0 and r < 0.25:
            return expression("bool", "(", self.guard_test(c, depth - 1), rng.choice((" andalso ", " orelse ", " and ", " or ", " xor ")), self.guard_test(c, depth - 1), ")")
        if depth > 0 and r < 0.3:
            return expression("bool", "not ", self.guard_test(c, depth - 1))
        if r < 0.5 and c.variables:
            v = rng.choice(c.variables)[0]
            return expression("bool", rng.choice(TESTS) % v)
        if r < 0.56 and self.release >= 29:
            low, high = sorted((self.literal_int(), self.literal_int()))
            return expression("bool", "is_integer(", self.guard_value(self.type(0), c, 1), ", %d, %d)" % (low, high))
        t = self.guard_type() if self.chance(0.5) else "int"
        other = t if self.chance(0.8) else self.guard_type()
        return expression("bool", "(", self.guard_value(t, c, depth), rng.choice((" == ", " =:= ", " /= ", " =/= ", " < ", " > ", " >= ", " =< ")), self.guard_value(other, c, depth), ")")

    def guard_type(self):
        while True:
            t = self.type(1)
            if not re.search("'(fun|rec|nat)'", str(t)):
                return t

    def guard_value(self, t, c, depth):
        """An expression that can stand in a guard; what it does may fail."""
        rng = self.rng
        found = [v for v, u in c.variables if fits(u, t)]
        if depth > 0 and self.chance(0.5):
            d = depth - 1
            if t == "int":
                return self.guard_int(c, d)
            if t == "float":
                return expression(t, "(", self.guard_value("num", c, d), rng.choice((" / ", " + ", " * ")), self.guard_value("float", c, d), ")")
            if t == "bool":
                return self.guard_test(c, d)
            if t == "bin":
                return expression(t, "binary_part(", self.guard_value("bin", c, d), ", %d, %d)" % (rng.randrange(3), rng.randrange(-1, 3)))
            holders = [v for v, u in c.variables if u.__class__ is tuple and u[0] == "tup"]
            if holders:
                return expression(t, "element(%d, %s)" % (rng.randrange(1, 4), rng.choice(holders)))
        if found:
            return expression(t, rng.choice(found))
        if t.__class__ is tuple and t[0] in ("fun", "rec", "nat", "map"):
            return expression(t, "ok") if not c.variables else expression(t, rng.choice(c.variables)[0])
        return expression(t, self.literal(t))

    def guard_int(self, c, d):
        rng = self.rng
        r = rng.random()
        if r < 0.4:
            return expression("int", "(", self.guard_value("int", c, d), rng.choice((" + ", " - ", " * ", " div ", " rem ", " band ", " bor ", " bxor ")), self.guard_value("int", c, d), ")")
        if r < 0.5:
            return expression("int", "(", self.guard_value("int", c, d), rng.choice((" bsr ", " bsl ")), "%d)" % rng.randrange(70))
        if r < 0.6:
            return expression("int", rng.choice(("abs(", "- (", "bnot (", "trunc(", "round(", "ceil(", "floor(")), self.guard_value("num" if r < 0.57 else "int", c, d), ")")
        name, t = rng.choice((("length", ("list", "int")), ("byte_size", "bin"), ("bit_size", "bits"), ("tuple_size", ("tup", "int", "int")), ("hd", ("list", "int")), ("map_size", "map"),
                              ("size", "bin"), ("max", "int"), ("min", "int"), ("map_get", "int")))
        if self.release < 27 and name in ("max", "min"):
            name, t = "length", ("list", "int")
        v = [x for x, u in c.variables if fits(u, t) or u.__class__ is tuple and u[0] == (t if t.__class__ is str else t[0])]
        v = rng.choice(v) if v else rng.choice(c.variables)[0] if c.variables else "[]"
        if name in ("max", "min"):
            return expression("int", "%s(%s, " % (name, v), self.guard_value("int", c, 0), ")")
        if name == "map_get":
            return expression("int", "map_get(", self.guard_value(self.key(), c, 0), ", %s)" % v)
        return expression("int", "%s(%s)" % (name, v))
