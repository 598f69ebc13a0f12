"""Program texts as trees, and types: what generate.py makes and shrink.py takes apart."""


class Node:
    """A piece of text made of parts (texts and nodes). `type` is that of the expression, None for other pieces. Parts of a node with a separator can be left out, down to `least`."""
    __slots__ = ("type", "parts", "separator", "least")

    def __init__(self, type, parts, separator=None, least=0):
        self.type, self.parts, self.separator, self.least = type, parts, separator, least

    def write(self, out):
        first = True
        for part in self.parts:
            if self.separator is not None and not first:
                out.append(self.separator)
            first = False
            if part.__class__ is str:
                out.append(part)
            else:
                part.write(out)

    def text(self):
        out = []
        self.write(out)
        return "".join(out)


def expression(type, *parts):
    return Node(type, list(parts))


def piece(*parts):
    return Node(None, list(parts))


def some(separator, parts, least=1):
    return Node(None, list(parts), separator, least)


def fits(have, want):
    """Whether an expression of a type can stand where another is wanted (the types are those of generate.py)."""
    if have == want or want == "any":
        return True
    if want == "num":
        return have in ("int", "float")
    if want == "bits":
        return have == "bin"
    if want == "atom":
        return have == "bool"
    if want == "iol":
        return have in ("bin", "str")
    if have == "str":
        have = ("list", "int")
        if want == have:
            return True
    if have.__class__ is tuple and want.__class__ is tuple and have[0] == want[0] and len(have) == len(want) and have[0] not in ("fun", "rec", "nat"):
        return all(fits(h, w) for h, w in zip(have[1:], want[1:]))
    return False
