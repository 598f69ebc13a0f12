"""Program texts as trees: what generate.py makes and shrink.py takes apart."""


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
