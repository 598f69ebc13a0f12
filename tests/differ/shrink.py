"""Makes a program small that differs on two VMs, as long as it differs in the same way."""

import copy, time
from tree import Node

TRIES = 4000            # Programs that are tried.
SECONDS = 150
ROUND = 24              # Programs that are tried in one run of the VMs.


def smallest(program, outcome, run):
    """The smallest program found, its outcome, and how many were tried. `run` gives the outcomes of some programs."""
    return Shrinker(program, outcome, run).work()


class Shrinker:
    def __init__(self, program, outcome, run):
        self.program, self.outcome, self.run = program, outcome, run
        self.tried, self.end = 0, time.time() + SECONDS

    def over(self):
        return self.tried >= TRIES or time.time() > self.end

    def work(self):
        if self.program.options != "[]":
            plain = copy.copy(self.program)
            plain.options = "[]"
            self.accept([plain])
        # First what is left of the functions; that is most of it.
        for _ in range(4):
            self.passes(self.leave_out_top)
        while not self.over():
            size = len(self.program.source("d0"))
            for edits in (self.leave_out, self.replace):
                self.passes(edits)
            if len(self.program.source("d0")) >= size:
                break
        return self.program, self.outcome, self.tried

    def accept(self, candidates):
        """Takes the first candidate that still differs; its index or None."""
        for i in range(0, len(candidates), ROUND):
            if self.over():
                return None
            some = candidates[i:i + ROUND]
            self.tried += len(some)
            for k, outcome in enumerate(self.run(some)):
                if outcome.kind == self.outcome.kind:
                    self.program, self.outcome = some[k], outcome
                    return i + k
        return None

    def passes(self, edits):
        """Goes through all edits of the program; after one that holds goes on at the same place of the new program."""
        position = 0
        while not self.over():
            todo = list(edits())
            if position >= len(todo):
                return
            found = self.accept([changed(self.program, e) for e in todo[position:]])
            if found is None:
                return
            position += found

    # An edit is (path to a node, what its parts become). Paths go by index through Node.parts; the first step chooses calls, functions or records.

    def roots(self):
        return [("calls",), ("functions",), ("records",)]

    def walk(self):
        todo = [((r[0],), getattr(self.program, r[0])) for r in self.roots()]
        while todo:
            path, node = todo.pop(0)
            yield path, node
            todo += [(path + (i,), p) for i, p in enumerate(node.parts) if p.__class__ is Node]

    def leave_out_top(self):
        for path, part in self.leave_out():
            if len(path) == 1:
                yield path, part

    def leave_out(self):
        """Halves of what can be left out, then one by one; the large things first."""
        for path, node in self.walk():
            if node.separator is None:
                continue
            n = len(node.parts)
            if n - 1 >= node.least and n > 1:
                if n > 3:
                    for part in (node.parts[n // 2:], node.parts[:n // 2]):
                        if len(part) >= node.least:
                            yield path, part
                for i in range(n):
                    yield path, node.parts[:i] + node.parts[i + 1:]
            elif n == 1 and node.least == 0:
                yield path, []

    def replace(self):
        """An expression by one of its parts that has its type, or by a short literal."""
        for path, node in self.walk():
            if node.type is None:
                continue
            own = node.text()
            for inner in within(node, node.type):
                yield path, [inner]
            for literal in short(node.type):
                if len(literal) < len(own):
                    yield path, [literal]


def within(node, wanted):
    """The outermost expressions of a type inside of another; at most six."""
    found, todo = [], [p for p in node.parts if p.__class__ is Node]
    while todo and len(found) < 6:
        n = todo.pop(0)
        if n.type is not None and (n.type == wanted or wanted == "any"):
            found.append(n)
        else:
            todo += [p for p in n.parts if p.__class__ is Node]
    return found


def short(t):
    kind = t[0] if t.__class__ is tuple else t
    if kind == "tup":
        return ["{%s}" % ", ".join(short(u)[0] for u in t[1:])]
    if kind == "fun":
        return ["fun(%s) -> %s end" % (", ".join("_" for _ in t[2:]), short(t[1])[0])]
    return {"int": ["0", "1"], "num": ["0"], "float": ["0.0", "1.5"], "atom": ["a"], "bool": ["true", "false"], "bin": ["<<>>", '<<"a">>'], "bits": ["<<>>", "<<1:1>>"], "str": ["[]", '"a"'],
            "iol": ["[]"], "list": ["[]"], "map": ["#{}"], "any": ["[]"]}.get(kind, ["[]"])


def changed(program, edit):
    """A copy of the program with one node's parts replaced; everything else is shared."""
    path, parts = edit
    new = copy.copy(program)

    def at(node, rest):
        if not rest:
            return Node(node.type, parts, node.separator, node.least)
        own = list(node.parts)
        own[rest[0]] = at(own[rest[0]], rest[1:])
        return Node(node.type, own, node.separator, node.least)

    setattr(new, path[0], at(getattr(program, path[0]), path[1:]))
    return new
