"""Random well-typed Erlang modules. program(seed, number) gives the tree of one; the same arguments give the same module.

Types are "int", "float", "num" (both), "atom", "bool", "bin", "bits", "str" (list of characters), "any", "iol" (list that is an iolist), ("list", T), ("tup", T...), ("map", K, V),
("rec", N) and ("nat", N) (records and native records of the module), ("fun", R, A...). A module has functions that call those before them, itself a bounded number of times, and
calls(), which lists calls of the exported ones with literal arguments. Cost is counted on the way: what is in a loop counts as often as it may run.
"""

import random, re
import templates
from literals import Literals
from patterns import Patterns
from pieces import CAUGHT, EXTERNAL, HELPERS, OPTIONS, OPTION_WEIGHTS, PLAIN_TYPES, WRONG
from tree import Node, expression, fits, piece, some

MAX_COST = 6000
LOOP = 5                # What a comprehension counts for.
TURNS = 8               # And a recursive function.


def parse(text):
    table = []
    for line in text.strip().split("\n"):
        weight, body = line.split(" ", 1)
        risky = weight.endswith("!")
        parts = re.split(r"\$(\w+)", body)
        table.append((int(weight.rstrip("!")), risky, parts))
    return table


class Table:
    """Ways to make an expression: templates and methods of Generator, by weight; risky ones count in full inside of try only."""
    def __init__(self, *sources):
        entries = [e for s in sources for e in s]
        self.entries = [e[-1] for e in entries]
        self.calm, self.bold = [], []
        a = b = 0.0
        for weight, risky, _ in entries:
            a += weight * (0.08 if risky else 1)
            b += weight
            self.calm.append(a)
            self.bold.append(b)

    def choose(self, rng, bold):
        return rng.choices(self.entries, cum_weights=self.bold if bold else self.calm)[0]


class Context:
    """Where an expression stands: the variables it can use, how often it may run, how deep and how large it may still be."""
    __slots__ = ("variables", "times", "bold", "quiet")

    def __init__(self, variables, times=1, bold=False, quiet=False):
        self.variables, self.times, self.bold, self.quiet = variables, times, bold, quiet

    def inner(self, more=(), times=1, bold=None, quiet=None):
        return Context(self.variables + list(more), self.times * times, self.bold if bold is None else bold, self.quiet if quiet is None else quiet)


class Function:
    def __init__(self, name, arguments, result):
        self.name, self.arguments, self.result, self.cost, self.counter, self.few, self.exported = name, arguments, result, 1, False, "", False


class Generator(Literals, Patterns):
    def __init__(self, seed, number, release):
        self.rng = random.Random("%s/%d" % (seed, number))
        self.release = release
        self.names = 0
        self.fuel = 0
        self.function = None
        self.functions, self.records, self.natives = [], [], []

    # ---- small choices ----

    def chance(self, p):
        return self.rng.random() < p

    def fresh(self):
        self.names += 1
        return "V%d" % self.names

    def type(self, depth=2):
        r = self.rng.random()
        if depth <= 0 or r < 0.55:
            return self.rng.choices(("int", "float", "num", "atom", "bool", "bin", "bits", "str"), (30, 9, 4, 10, 9, 18, 8, 8))[0]
        if r < 0.72:
            return ("list", self.type(depth - 1))
        if r < 0.84:
            return ("tup",) + tuple(self.type(depth - 1) for _ in range(self.rng.randrange(1, 4)))
        if r < 0.93:
            return ("map", self.key(), self.type(depth - 1))
        if r < 0.97 and (self.records or self.natives):
            return self.rng.choice([("rec", i) for i in range(len(self.records))] + [("nat", i) for i in range(len(self.natives))])
        if r < 0.98 and self.release > 25:
            # The text of a fun tells which compiler made it; for OTP 25 there are two.
            return ("fun", self.type(0), self.type(0))
        return "any"

    def key(self):
        """Keys are of types whose values do not compare equal without being the same."""
        return self.rng.choices(("int", "atom", "bin", ("tup", "int", "atom")), (5, 3, 2, 1))[0]

    # ---- expressions ----

    def expr(self, want, c, depth):
        self.fuel -= 1
        if want == "any":
            want = self.type(1)
        elif want == "plain":
            want = self.plain()
        if self.chance(0.004):
            want = self.type(1)
        if depth <= 0 or self.fuel < 0 or self.chance(0.12):
            return self.leaf(want, c)
        if c.quiet:
            return self.calm(want, c, depth)
        table = self.table(want)
        for _ in range(4):
            chosen = table.choose(self.rng, c.bold)
            made = getattr(self, chosen)(want, c, depth) if chosen.__class__ is str else self.fill(chosen, want, c, depth)
            if made is not None:
                return made
        return self.leaf(want, c)

    def plain(self):
        """A type without maps, funs and records: its text is the same everywhere."""
        return self.rng.choice(("int", "float", "atom", "bin", "bits", "str", ("list", "int"), ("tup", "int", "bin"), ("list", ("tup", "atom", "float")), ("tup", "str", ("list", "bits"))))

    def leaf(self, want, c):
        found = [v for v, t in c.variables if fits(t, want)]
        if found and self.chance(0.8):
            return expression(want, self.rng.choice(found[-4:] if self.chance(0.6) else found))
        return self.constructed(want, c)

    def calm(self, want, c, depth):
        """An expression that cannot fail and has no effect."""
        kind = want[0] if want.__class__ is tuple else want
        d = depth - 1
        if kind == "int":
            return expression(want, "(", self.expr("int", c, d), self.rng.choice((" + ", " - ", " bxor ")), self.expr("int", c, d), ")")
        if kind == "bool":
            return expression(want, "(", self.expr("any", c, d), self.rng.choice((" == ", " < ", " =:= ", " >= ")), self.expr("any", c, d), ")")
        if kind == "bin":
            return expression(want, "<<", self.expr("bin", c, d), "/binary, ", self.expr("int", c, d), ">>")
        return self.leaf(want, c)

    def constructed(self, want, c):
        """A literal; tuples, lists and records of leaves."""
        if want.__class__ is tuple and want[0] == "fun":
            names = [self.fresh() for _ in want[2:]]
            return expression(want, "fun(", ", ".join(names), ") -> ", self.leaf(want[1], c.inner(zip(names, want[2:]))), " end")
        return expression(want, self.literal(want))

    def table(self, want):
        kind = want if want.__class__ is str else want[0]
        if kind == "list":
            kind = want if want in TABLES else "list"
        elif kind == "map" and want[1] == "int":
            kind = "mapint"
        return TABLES.get(kind) or TABLES["other"]

    def fill(self, parts, want, c, depth):
        env, out = {"T": want}, []
        for i, part in enumerate(parts):
            if i % 2 == 0:
                out.append(part)
            else:
                made = self.hole(part, env, c, depth - 1)
                if made is None:
                    return None
                out.append(made)
        return Node(want, out)

    def hole(self, name, env, c, d):
        rng = self.rng
        if name in PLAIN_TYPES:
            return self.expr(name, c, d)
        if name in ("v1", "v2"):
            if name not in env:
                env[name] = self.fresh()
            return env[name]
        if name in ("small", "pos", "shift", "base"):
            limit = {"small": 7, "pos": 3, "shift": 63, "base": 15}[name]
            low = {"small": 0, "pos": 1, "shift": 0, "base": 2}[name]
            if self.chance(0.5):
                return expression("int", str(low + rng.randrange(limit + 1)))
            return expression("int", "(", self.expr("int", c, d), " band %d%s)" % (limit, " + %d" % low if low else ""))
        if name == "nz":
            return expression("int", self.literal_nonzero()) if self.chance(0.6) else expression("int", "(abs(", self.expr("int", c, d), ") + 1)")
        if name == "code":
            return expression("int", str(rng.choice((65, 97, 233, 8364, 0x1F600))))
        if name in ("z", "key", "tag", "id", "arith"):
            if name == "z":
                return rng.choice(("$.", "$0", "$x"))
            if name == "arith":
                return rng.choice(("'+'", "'-'", "'*'", "'band'", "'bor'", "'bxor'", "max", "min"))
            if name not in env:
                self.names += 1
                env[name] = ("k%d" if name == "key" else "t%d" if name == "tag" else "%d") % self.names
            return env[name]
        if name in ("smallbin", "bin2"):
            return expression("bin", rng.choice(('<<"a">>', "<<>>", '<<"1">>', '<<"ab, 1">>', '<<"x y  z">>', '<<"h\\x{e4}"/utf8>>')))
        if name == "safefloat":
            return expression("float", rng.choice(("1.5", "-0.25", "123456.789", "1.0e10", "3.0")))
        if name == "tup":
            return self.expr(("tup", self.type(0), self.type(0)), c, d)
        if name == "plain":
            return self.expr("plain", c, d)
        return self.expr(self.hole_type(name, env), c, d)

    def hole_type(self, name, env):
        letter = name[-1]
        if letter in "TUK" and letter not in env:
            env[letter] = self.key() if letter == "K" else self.type(1)
        if name in ("lint",):
            return ("list", "int")
        if name == "LF":
            return ("list", "float")
        if name == "LP":
            return ("list", ("tup", self.type(0), self.type(0)))
        if name == "FUB" or name == "FTB":
            which = name[1]
            if which not in env:
                env[which] = self.type(1)
            return ("fun", "bool", env.get("element", env["T"]) if which == "T" else env["U"])
        wanted = env["T"]
        if name == "LT":
            # $LT is the list that is wanted itself where $T stands for its elements.
            return env.get("LT") or ("list", wanted)
        if name in ("T", "U", "K"):
            return env[name] if name != "T" else env.get("element", wanted)
        if name == "LU":
            return ("list", env["U"])
        if name == "FUT":
            if "U" not in env:
                env["U"] = self.type(1)
            return ("fun", env.get("element", wanted), env["U"])
        if name in ("MKT", "MKU", "MKI", "MIT"):
            if "map" in env and name == "MKT":
                return env["map"]
            key = "int" if name == "MIT" else env.setdefault("K", self.key())
            return ("map", key, {"T": env.get("element", wanted), "U": env.get("U"), "I": "int"}[letter])
        raise KeyError(name)

    def fill_list(self, parts, want, c, depth):
        return self.fill_with(parts, want, {"T": want, "LT": want, "element": want[1] if want != "str" else "int"}, c, depth)

    def fill_map(self, parts, want, c, depth):
        return self.fill_with(parts, want, {"T": want, "map": want, "element": want[2], "K": want[1]}, c, depth)

    def fill_with(self, parts, want, env, c, depth):
        out = []
        for i, part in enumerate(parts):
            out.append(part if i % 2 == 0 else self.hole(part, env, c, depth - 1))
        return Node(want, out)

    def list_form(self, want, c, depth):
        return self.fill_list(LISTS.choose(self.rng, c.bold), want, c, depth)

    def map_form(self, want, c, depth):
        table = MAPS_INT if want[1] == "int" and self.release >= 27 and self.chance(0.15) else MAPS
        return self.fill_map(table.choose(self.rng, c.bold), want, c, depth)

    # ---- expressions with a structure ----

    def tuple_form(self, want, c, depth):
        out = ["{"]
        for i, t in enumerate(want[1:]):
            out += [", " if i else "", self.expr(t, c, depth - 1)]
        return Node(want, out + ["}"])

    def set_element(self, want, c, depth):
        n = self.rng.randrange(1, len(want))
        return expression(want, "setelement(%d, " % n, self.expr(want, c, depth - 1), ", ", self.expr(want[n], c, depth - 1), ")")

    def record_form(self, want, c, depth):
        names = (self.records if want[0] == "rec" else self.natives)[want[1]]
        tag = ("r%d" if want[0] == "rec" else "n%d") % want[1]
        fields = [f for f in names if self.chance(0.6)]
        base = self.expr(want, c, depth - 1) if self.chance(0.4) else None
        inner = some(", ", [piece(f, " = ", self.expr(names[f], c, depth - 1)) for f in fields], 0)
        return expression(want, "(", base, ")#%s{" % tag, inner, "}") if base else expression(want, "#%s{" % tag, inner, "}")

    def field(self, want, c, depth):
        found = [(k, i, f) for k, table in (("rec", self.records), ("nat", self.natives)) for i, r in enumerate(table) for f in r if fits(r[f], want)]
        if not found:
            return None
        kind, i, f = self.rng.choice(found)
        return expression(want, "(", self.expr((kind, i), c, depth - 1), ")#%s%d.%s" % ("r" if kind == "rec" else "n", i, f))

    def fun_form(self, want, c, depth):
        names = [self.fresh() for _ in want[2:]]
        inner = c.inner(zip(names, want[2:]), LOOP)
        r = self.rng.random()
        if r < 0.15:
            known = [f for f in self.functions if not f.counter and not f.few and f.result == want[1] and tuple(f.arguments) == want[2:] and c.times * LOOP * f.cost < MAX_COST]
            if known:
                f = self.rng.choice(known)
                self.function.cost += c.times * LOOP * f.cost
                return expression(want, "fun %s/%d" % (f.name, len(names)))
        if r < 0.3 and len(want) == 3 and (want[1], want[2]) in EXTERNAL:
            return expression(want, self.rng.choice(EXTERNAL[want[1], want[2]]))
        if r < 0.5 and len(want) == 3:
            bound = []
            pattern = self.pattern(want[2], c, 2, bound)
            guarded = c.inner(bound, LOOP)
            return expression(want, "fun", some("; ", [piece("(", pattern, ")", self.maybe_guard(guarded), " -> ", self.body(want[1], guarded, depth - 1, 1)),
                                                       piece("(", names[0], ") -> ", self.body(want[1], inner, depth - 1, 1))]), " end")
        if r < 0.56 and len(want) == 3 and c.times < 20:
            # A fun with a name, which calls itself with less.
            me = self.fresh()
            rest, head = self.fresh(), self.fresh()
            return expression(want, "fun(%s) -> (fun %s([_ | %s]) -> {ok, %s(%s)}; %s(%s) -> " % (names[0], me, rest, me, rest, me, head), self.body(want[1], inner, depth - 1, 1),
                              " end)([]) end")
        return expression(want, "fun(", ", ".join(names), ") -> ", self.body(want[1], inner, depth - 1, 2), " end")

    def call(self, want, c, depth):
        known = [f for f in self.functions if fits(f.result, want) and c.times * f.cost < MAX_COST]
        if not known:
            return None
        f = self.rng.choice(known)
        self.function.cost += c.times * f.cost
        out = [f.name + "("]
        for i, t in enumerate(f.arguments):
            out.append(", " if i else "")
            if i == 0 and f.few:
                out += [f.few, "(", self.expr(t, c, depth - 1), ")"]
            else:
                out.append(self.hole("small", {}, c, depth - 1) if i == 0 and f.counter else self.expr(t, c, depth - 1))
        return Node(want, out + [")"])

    def case_form(self, want, c, depth):
        t = self.type(2)
        return expression(want, "case ", self.expr(t, c, depth - 1), " of ", self.clauses(t, want, c, depth), " end")

    def clauses(self, t, want, c, depth, tail=True):
        out = []
        for _ in range(self.rng.randrange(1, 4)):
            bound = []
            p = self.pattern(t, c, 2, bound)
            inner = c.inner(bound)
            out.append(piece(p, self.maybe_guard(inner), " -> ", self.body(want, inner, depth - 1, 2)))
        if tail and not self.chance(0.06):
            v = "_" if self.chance(0.6) else "_" + self.fresh()
            out.append(piece(v, " -> ", self.body(want, c, depth - 1, 1)))
        return some(";\n", out)

    def if_form(self, want, c, depth):
        out = [piece(self.guard(c), " -> ", self.body(want, c, depth - 1, 2)) for _ in range(self.rng.randrange(1, 3))]
        if not self.chance(0.05):
            out.append(piece("true -> ", self.body(want, c, depth - 1, 1)))
        return expression(want, "if ", some(";\n", out), " end")

    def receive_form(self, want, c, depth):
        if c.times > 40:
            return None
        t, u = self.type(1), self.type(1)
        self.names += 2
        a, b = "m%d" % self.names, "m%d" % (self.names - 1)
        bound = []
        p = self.pattern(t, c, 1, bound)
        inner = c.inner(bound)
        v = self.fresh()
        after = self.rng.choice(("0", "0", "0", "1")) if c.times == 1 else "0"
        return expression(want, "begin self() ! {%s, " % a, self.expr(t, c, depth - 1), "}, self() ! {%s, " % b, self.expr(u, c, depth - 1), "}, receive ",
                          some(";\n", [piece("{%s, " % self.rng.choice((a, b)), p, "}", self.maybe_guard(inner), " -> ", self.body(want, inner, depth - 1, 1)),
                                       piece("{%s, %s} -> " % (b, v), self.body(want, c.inner([(v, u)]), depth - 1, 1))]),
                          " after %s -> " % after, self.body(want, c, depth - 1, 1), " end end")

    def try_form(self, want, c, depth):
        brave = c.inner(bold=True)
        out = ["try "]
        r = self.rng.random()
        if r < 0.5:
            t = self.type(1)
            out += [self.risky(t, brave, depth), " of ", self.clauses(t, want, c, depth, self.chance(0.8))]
        else:
            out.append(self.risky(want, brave, depth))
        caught = []
        for _ in range(self.rng.randrange(0, 3)):
            cls, reason = self.rng.choice(CAUGHT)
            bound = []
            if reason == "$":
                reason = self.pattern(self.type(1), c, 1, bound)
            v = self.fresh()
            reason = v if reason == "V" else reason
            if reason == v:
                bound = [(v, "any")]
            inner = c.inner(bound)
            trace = ":" + self.fresh() if self.chance(0.2) and ":" in cls else ""
            caught.append(piece(cls, reason, trace.replace(":V", ":_V") if trace else "", self.maybe_guard(inner), " -> ", self.body(want, inner, depth - 1, 1)))
        if self.chance(0.75) or not caught:
            cls, v = self.fresh(), self.fresh()
            if self.chance(0.3):
                s = self.fresh()
                head = "%s:%s:%s -> trace({%s, %s, stack(%s)}, " % (cls, v, s, cls, v, s)
            else:
                head = "%s:%s -> trace({%s, %s}, " % (cls, v, cls, v)
            caught.append(piece(head, self.expr(want, c.inner([(cls, "atom")]), depth - 1), ")"))
        out += [" catch ", some(";\n", caught)]
        if self.chance(0.2):
            out += [" after ", self.body(self.type(0), c, depth - 2, 2)]
        return Node(want, out + [" end"])

    def risky(self, want, c, depth):
        """What stands in a try: often an exception of a known kind."""
        r = self.rng.random()
        if r < 0.2:
            t = self.type(1)
            how = self.rng.choice(("throw(", "error(", "exit(", "erlang:error("))
            return expression(want, "case ", self.expr("bool", c, depth - 1), " of true -> ", how, self.expr(t, c, depth - 1), "); _ -> ", self.expr(want, c, depth - 1), " end")
        if r < 0.26:
            return expression(want, "erlang:raise(%s, " % self.rng.choice(("throw", "error", "exit")), self.expr("any", c, depth - 1), ", [])")
        if r < 0.4:
            bound = []
            p = self.pattern(self.type(2), c, 2, bound)
            return expression(want, "begin ", p, " = differ_run:id(", self.expr("any", c, depth - 1), "), ", self.body(want, c.inner(bound), depth - 1, 1), " end")
        if r < 0.5:
            return expression(want, self.rng.choice(WRONG))
        return self.body_expression(want, c, depth)

    def catch_form(self, want, c, depth):
        t = self.type(1)
        v = self.fresh()
        return expression(want, "case (catch ", self.risky(t, c.inner(bold=True), depth), ") of {'EXIT', {%s, _}} -> trace(%s, " % (v, v), self.expr(want, c, depth - 1), "); _ -> ",
                          self.expr(want, c, depth - 1), " end")

    def body_expression(self, want, c, depth):
        body = self.body(want, c, depth - 1, 3)
        return expression(want, "begin ", body, " end")

    def maybe_form(self, want, c, depth):
        if self.release < 27:
            return None
        steps, inner = [], c
        for _ in range(self.rng.randrange(1, 4)):
            t = self.type(2)
            bound = []
            p = self.pattern(t, inner, 2, bound)
            steps.append(piece(p, self.rng.choice((" ?= ", " ?= ", " = ")) if not bound or p.__class__ is str else " ?= ", self.expr(t, inner, depth - 1)))
            inner = inner.inner(bound)
        v = self.fresh()
        out = ["maybe ", some(",\n", steps + [self.expr(want, inner, depth - 1)]), " else ",
               some(";\n", [self.else_clause(want, c, depth), piece("_%s -> " % v, self.body(want, c, depth - 1, 1))]), " end"]
        return Node(want, out)

    def else_clause(self, want, c, depth):
        t, bound = self.type(1), []
        p = self.pattern(t, c, 1, bound)
        inner = c.inner(bound)
        return piece(p, self.maybe_guard(inner), " -> ", self.body(want, inner, depth - 1, 1))

    def comprehension_list(self, want, c, depth):
        element = want[1] if want != "str" else "int"
        qualifiers, inner = self.qualifiers(c, depth)
        more = [", ", self.expr(element, inner, depth - 1)] if self.release >= 29 and self.chance(0.1) else []
        return expression(want, "[", self.expr(element, inner, depth - 1), *more, " || ", qualifiers, "]")

    def comprehension_map(self, want, c, depth):
        if self.release < 27:
            return None
        qualifiers, inner = self.qualifiers(c, depth)
        return expression(want, "#{", self.expr(want[1], inner, depth - 1), " => ", self.expr(want[2], inner, depth - 1), " || ", qualifiers, "}")

    def comprehension_bits(self, want, c, depth):
        qualifiers, inner = self.qualifiers(c, depth)
        return expression(want, "<< <<", self.segments(want, inner, depth - 1, 2), ">> || ", qualifiers, ">>")

    def qualifiers(self, c, depth):
        out, inner = [], c
        for n in range(self.rng.choices((1, 2, 3), (6, 3, 1))[0]):
            if inner.times * LOOP > 200 and out:
                break
            if out and self.chance(0.4):
                out.append(self.guard_or_bool(inner, depth))
                continue
            if self.release >= 29 and self.chance(0.2):
                # Zip generators: of unequal lengths they fail.
                made = [self.generator(inner, depth) for _ in range(2)]
                out.append(piece(made[0][0], " && ", made[1][0]))
                inner = inner.inner(made[0][1] + made[1][1], LOOP)
            else:
                g, bound = self.generator(inner, depth)
                out.append(g)
                inner = inner.inner(bound, LOOP)
        if self.chance(0.3):
            out.append(self.guard_or_bool(inner, depth))
        return some(", ", out), inner

    def guard_or_bool(self, c, depth):
        return self.guard_test(c, 2) if self.chance(0.6) else expression("bool", "begin ", self.expr("bool", c, depth - 1), " end")

    def generator(self, c, depth):
        bound = []
        strict = self.release >= 29 and self.chance(0.15)
        r = self.rng.random()
        if r < 0.62:
            t = self.type(1)
            p = self.pattern(t, c, 1, bound)
            return piece(p, " <:- " if strict else " <- ", self.expr(("list", t), c, depth - 1)), bound
        if r < 0.85 or self.release < 27:
            v = self.fresh()
            size = self.rng.choice(("8", "16", "3", "5", "24", "1", "13"))
            kind = self.rng.choice(("", "", "/signed", "/little", "/little-signed"))
            p = self.rng.choice(("<<%s:%s%s>>" % (v, size, kind), "<<%s:%s%s>>" % (v, size, kind), "<<_:1, %s:%s%s>>" % (v, size, kind), "<<%s:%s%s, 0:1>>" % (v, size, kind)))
            return piece(p, " <:= " if strict else " <= ", self.expr("bits" if size != "8" else "bin", c, depth - 1)), [(v, "int")]
        # Only maps whose order is the same everywhere.
        a, b = self.fresh(), self.fresh()
        t = self.type(1)
        entries = ", ".join("%d => %s" % (self.rng.randrange(0, 40), self.literal(t)) for _ in range(self.rng.randrange(0, 4)))
        return piece("%s := %s" % (a, b), " <:- " if strict else " <- ", expression(("map", "int", t), "#{%s}" % entries)), [(a, "int"), (b, t)]

    # ---- binaries ----

    def bits_form(self, want, c, depth):
        return expression(want, "<<", self.segments(want, c, depth - 1, self.rng.randrange(1, 5)), ">>")

    def segments(self, want, c, depth, count):
        return some(", ", [self.segment(want == "bin", c, depth) for _ in range(count)])

    def segment(self, whole, c, depth):
        """A segment of a construction; of whole bytes when `whole`."""
        rng = self.rng
        r = rng.random()
        if r < 0.5:
            flags = [x for x in (rng.choice(("", "", "little", "big", "native")), rng.choice(("", "", "signed", "unsigned"))) if x]
            value = self.expr("int", c, depth)
            s = rng.random()
            if whole:
                size = rng.choice(("", ":8", ":16", ":24", ":32", ":64", ":40", ":128", ":0", ":56", ":72"))
                if s < 0.15:
                    return piece("(", value, "):(", self.hole("small", {}, c, depth), ")" + "/" + "-".join(["integer"] + flags + ["unit:8"]))
            else:
                size = ":%d" % rng.choice((1, 2, 3, 5, 7, 8, 9, 12, 13, 17, 31, 33, 59, 60, 61, 63, 65, 100))
                if s < 0.2:
                    return piece("(", value, "):(", self.hole("shift", {}, c, depth), ")" + ("/" + "-".join(flags) if flags else ""))
                if s < 0.3:
                    return piece("(", value, "):(", self.hole("small", {}, c, depth), ")/" + "-".join(["integer"] + flags + ["unit:%d" % rng.choice((1, 3, 7, 16, 33))]))
            return piece("(", value, ")" + size + ("/" + "-".join(flags) if flags else ""))
        if r < 0.6:
            size = rng.choice(("", ":64", ":32", ":16"))
            return piece("(", self.expr("num" if self.chance(0.3) else "float", c, 1), ")" + size + "/float" + rng.choice(("", "-little", "-native")))
        if r < 0.78:
            if c.bold and self.chance(0.4):
                return piece("(", self.expr("bin", c, depth), "):(", self.hole("small", {}, c, depth), ")/binary")
            return piece("(", self.expr("bin", c, depth), ")/binary")
        if r < 0.86 and not whole:
            return piece("(", self.expr("bits", c, depth), ")/bits")
        if r < 0.95:
            if c.bold and self.chance(0.3):
                return piece("(", self.expr("int", c, depth), ")/" + rng.choice(("utf8", "utf16", "utf32-little")))
            return piece("(", self.hole("code", {}, c, depth), ")/" + rng.choice(("utf8", "utf16", "utf16-little", "utf32")))
        return piece(rng.choice(('"abc"', '"\\x{e9}\\x{20ac}"/utf8', "0", '"12":16/little', "1, 2, 3")))

    def match_form(self, want, c, depth):
        """A case that takes a bitstring apart."""
        t = self.rng.choice(("bin", "bits"))
        out = []
        for _ in range(self.rng.randrange(1, 4)):
            bound = []
            p = self.bits_pattern(t, c, bound)
            inner = c.inner(bound)
            out.append(piece(p, self.maybe_guard(inner), " -> ", self.body(want, inner, depth - 1, 2)))
        out.append(piece("_ -> ", self.body(want, c, depth - 1, 1)))
        return expression(want, "case ", self.expr(t, c, depth - 1), " of ", some(";\n", out), " end")

    # ---- bodies, functions, modules ----

    def body(self, want, c, depth, statements):
        out, inner = [], c
        if depth > 0 and self.fuel > 0:
            for _ in range(self.rng.randrange(0, statements + 1)):
                made, bound = self.statement(inner, depth)
                out.append(made)
                inner = inner.inner(bound)
        out.append(self.expr(want, inner, depth))
        return some(",\n", out)

    def statement(self, c, depth):
        r = self.rng.random()
        t = self.type(2)
        if r < 0.72:
            v = self.fresh()
            return piece(v, " = ", self.expr(t, c, depth)), [(v, t)]
        if r < 0.8 and t.__class__ is tuple and t[0] == "tup":
            names = [self.fresh() for _ in t[1:]]
            return piece("{%s} = " % ", ".join(names), self.expr(t, c, depth)), list(zip(names, t[1:]))
        if r < 0.88:
            # A variable that every clause binds.
            v = self.fresh()
            u = self.type(1)
            bound = []
            p = self.pattern(u, c, 2, bound)
            return piece("case ", self.expr(u, c, depth), " of ", p, self.maybe_guard(c.inner(bound)), " -> %s = " % v, self.expr(t, c.inner(bound), depth - 1), "; _ -> %s = " % v,
                         self.expr(t, c, depth - 1), " end"), [(v, t)]
        if r < 0.94:
            bound = []
            p = self.pattern(t, c, 2 if c.bold else 0, bound)
            return piece(p, " = ", self.expr(t, c, depth)), bound
        return self.expr(t, c, depth), []

    def add_function(self, index):
        rng = self.rng
        kind = rng.choices(("plain", "counter", "list", "bits"), (6, 2, 2, 2))[0]
        result = self.type(2)
        f = Function("f%d" % index, [self.type(2) for _ in range(rng.choices((0, 1, 2, 3, 4), (1, 5, 6, 4, 1))[0])], result)
        self.function, self.fuel = f, rng.choice((15, 26, 44))
        names = []
        if kind == "plain":
            clauses = []
            for last in [False] * rng.choice((0, 0, 1, 2)) + [True]:
                bound, patterns = [], []
                for t in f.arguments:
                    patterns += [", ", self.pattern(t, Context([]), 0 if last and self.chance(0.93) else 2, bound)]
                c = Context(bound)
                clauses.append(piece("%s(" % f.name, *patterns[1:], ")", self.maybe_guard(c) if not last or self.chance(0.1) else "", " ->\n    ", self.body(result, c, 4, 4)))
        else:
            first = {"counter": "int", "list": ("list", self.type(1)), "bits": rng.choice(("bin", "bits"))}[kind]
            f.arguments = [first] + f.arguments[:2] + [result]
            f.counter, f.few = kind == "counter", {"counter": "", "list": "few", "bits": "few_bits"}[kind]
            rest = [self.fresh() for _ in f.arguments[1:]]
            known = list(zip(rest, f.arguments[1:]))
            bound = []
            if kind == "counter":
                v = self.fresh()
                head, again, bound, guard = v, v + " - 1", [(v, "int")], " when is_integer(%s), %s > 0" % (v, v)
                guard = rng.choice((guard, " when %s > 0, %s < 20" % (v, v)))
            elif kind == "list":
                h, t = self.pattern(first[1], Context([]), 1, bound), self.fresh()
                head, again, guard = piece("[", h, " | %s]" % t), t, ""
                bound.append((t, first))
            else:
                t = self.fresh()
                p = self.bits_pattern("bits", Context([]), bound)
                # At least a bit goes in each turn.
                head, again, guard = piece("<<_:%s, " % rng.choice(("5", "8", "7")), some(", ", [x for x in p.parts[1].parts if x[0] not in '_"' and not x.endswith("/bits") and not x.endswith("/binary")][:2]
                                           + ["%s/bits" % t], 1), ">>"), t, ""
                kept = head.text()
                bound = [(v, u) for v, u in bound if re.search(r"\b%s\b" % v, kept)] + [(t, "bits")]
            c = Context(known + bound, TURNS)
            call = ["%s(%s" % (f.name, again)]
            for (v, t) in known[:-1]:
                call += [", ", v if self.chance(0.5) else self.expr(t, c, 2)]
            if self.chance(0.6):
                turn = self.body(result, c, 3, 2)
                last = turn.parts.pop()
                turn.parts.append(Node(result, call + [", ", last, ")"]))
            else:
                # Not in a tail position.
                v = self.fresh()
                turn = some(",\n", [piece(v, " = ", *call, ", ", rest[-1], ")"), self.expr(result, c.inner([(v, result)]), 3)])
            done = Context(list(zip(rest, f.arguments[1:])))
            clauses = [piece("%s(" % f.name, head, *[", " + v for v in rest], ")", guard, " ->\n    ", turn),
                       piece("%s(_" % f.name, *[", " + v for v in rest], ") ->\n    ", self.body(result, done, 2, 1) if self.chance(0.4) else expression(result, rest[-1]))]
        f.cost += 3
        f.exported = self.chance(0.6)
        self.functions.append(f)
        return some(";\n", clauses)

    def calls(self):
        out = []
        for f in self.functions:
            for _ in range(self.rng.randrange(1, 4) if f.exported else 0):
                arguments = []
                for i, t in enumerate(f.arguments):
                    if i == 0 and f.few:
                        arguments.append(piece(f.few, "(", expression(t, self.literal(t)), ")"))
                    elif i == 0 and f.counter:
                        arguments.append(expression("int", str(self.rng.randrange(8))))
                    else:
                        arguments.append(expression(t, self.literal(t if not self.chance(0.01) else self.type(1))))
                out.append(piece("{%s, [" % f.name, *[x for i, a in enumerate(arguments) for x in (", " if i else "", a)], "]}"))
        return out

    def module(self):
        rng = self.rng
        for table, limit in ((self.records, 3), (self.natives, 2 if self.release >= 29 else 0)):
            for _ in range(rng.randrange(limit) if limit else 0):
                table.append({"a%d" % i: self.type(1) if table is self.records else rng.choice(("int", "float", "atom", "bool", "str", ("list", "int"), ("tup", "int", "atom")))
                              for i in range(rng.randrange(1, 5))})
        functions = [self.add_function(i) for i in range(rng.randrange(4, 9))]
        self.functions[-1].exported = True
        return Program(self, functions, some(",\n     ", self.calls()))


class Program:
    """A module as a tree, for one compiler and its options."""
    def __init__(self, generator, functions, calls):
        self.release = generator.release
        fields = lambda fs: ", ".join("%s = %s" % (f, generator.literal(t, 2)) for f, t in fs.items())
        self.records = some("\n", ["-record(r%d, {%s})." % (i, fields(r)) for i, r in enumerate(generator.records)]
                            + ["-record #n%d{%s}." % (i, fields(r)) for i, r in enumerate(generator.natives)], 0)
        self.exported = [(f.name, len(f.arguments)) for f in generator.functions if f.exported]
        self.functions = Node(None, [Node(None, [f, "."]) for f in functions], "\n", 0)
        self.calls = calls
        self.options = generator.rng.choices(OPTIONS, OPTION_WEIGHTS)[0] if generator.release == 29 else "[]"

    def source(self, name):
        out = ["-module(%s).\n" % name]
        body = [self.records.text(), "\n", "calls() ->\n    [", self.calls.text(), "].\n", self.functions.text(), "\n"]
        text = "".join(body)
        there = set(re.findall(r"^(f\d+)\(", text, re.M))
        out.append("-export([%s]).\n" % ", ".join(["calls/0"] + ["%s/%d" % f for f in self.exported if f[0] in there]))
        used, todo = {}, text
        while True:
            new = [h for h in HELPERS if h not in used and re.search(r"\b%s\(" % h, todo)]
            if not new:
                break
            used.update((h, 1) for h in new)
            todo = " ".join(HELPERS[h] for h in new)
        helpers = "".join(HELPERS[h] + "\n" for h in used)
        # Lines are not the same in what two compilers make.
        return "".join(out) + text + (helpers.replace("proplists:get_value(line, L, 0)", "is_list(L)") if self.release == 25 else helpers)


_generic = parse(templates.ROUND)
_structure = [(6, False, n) for n in ("case_form", "call", "call", "field")] + [(7, False, "try_form")] + [(4, False, n) for n in ("if_form", "match_form", "maybe_form", "body_expression")] + \
             [(2, False, "receive_form"), (1, False, "catch_form")]
_common = _structure + [(w * 0.35, r, p) for w, r, p in _generic]
LISTS, MAPS, MAPS_INT = Table(parse(templates.LIST)), Table(parse(templates.MAP)), Table(parse(templates.MAPINT))
TABLES = {
    "int": Table(parse(templates.INT), _common),
    "float": Table(parse(templates.FLOAT), _common), "num": Table(parse(templates.FLOAT), parse(templates.INT), _common),
    "atom": Table(parse(templates.ATOM), parse(templates.BOOL)[:9], _common),
    "bool": Table(parse(templates.BOOL), _common),
    "bin": Table(parse(templates.BIN), [(14, False, "bits_form"), (6, False, "comprehension_bits")], _common),
    "bits": Table(parse(templates.BITS), [(8, False, "bits_form"), (4, False, "comprehension_bits")], _common),
    "str": Table(parse(templates.STR), [(8, False, "list_form"), (4, False, "comprehension_list")], _common),
    "iol": Table([(1, False, ["[", "bin", " | ", "iol", "]"]), (1, False, ["[", "iol", ", ", "small", ", ", "bin", "]"]), (1, False, ["", "bin", ""])]),
    "list": Table([(40, False, "list_form"), (20, False, "comprehension_list")], _common),
    ("list", "int"): Table(parse(templates.LINT), [(40, False, "list_form"), (20, False, "comprehension_list")], _common),
    ("list", "bin"): Table(parse(templates.LBIN), [(40, False, "list_form"), (20, False, "comprehension_list")], _common),
    "map": Table([(40, False, "map_form"), (6, False, "comprehension_map")], _common),
    "mapint": Table([(40, False, "map_form"), (6, False, "comprehension_map")], _common),
    "tup": Table([(40, False, "tuple_form"), (5, False, "set_element")], _common),
    "rec": Table([(30, False, "record_form")], _common), "nat": Table([(30, False, "record_form")], _common),
    "fun": Table([(1, False, "fun_form")]),
    "other": Table(_common),
}


def program(seed, number, release=29):
    return Generator(seed, number, release).module()


if __name__ == "__main__":
    import sys
    print(program(sys.argv[1], int(sys.argv[2])).source("d0"))
