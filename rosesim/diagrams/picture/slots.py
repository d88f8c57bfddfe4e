"""Pictures whose numbers are not known yet: SVG text with *slots*, where numbers go.

    text, nodes = slotted(shapes, canvas)      # a number that is a node of a graph becomes a slot
    filled(text, evaluated(nodes, x))          # the document that `svg` would have written of the shapes at x

A page keeps such a text, and writes a picture in each frame without Python. So there is one writer of pictures.

A slot is `<U+FDD0>KIND NUMBER<U+FDD1>`: noncharacters, which Unicode sets aside for use within a program.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from rosesim.diagrams.errors import DiagramError, Fault
from rosesim.diagrams.scalars import Scalar

OPEN, CLOSE = "\ufdd0", "\ufdd1"
SLOT = re.compile(f"{OPEN}([dx])([0-9]+){CLOSE}")


@dataclass(slots=True)
class Slots:
    """The nodes whose values go into a text, in the order in which they came about."""

    nodes: list[Scalar] = field(default_factory=list)
    _places: dict[int, int] = field(default_factory=dict)

    def place(self, node: Scalar) -> int:
        """The place of a node among the values."""
        if node.number not in self._places:
            self._places[node.number] = len(self.nodes)
            self.nodes.append(node)
        return self._places[node.number]


_now: ContextVar[Slots | None] = ContextVar("slots", default=None)


@contextmanager
def opened() -> Generator[Slots]:
    """While it is open, nodes are numbers that can be drawn."""
    found = Slots()
    token = _now.set(found)
    try:
        yield found
    finally:
        _now.reset(token)


def are_open() -> bool:
    """Whether a node may be drawn."""
    return _now.get() is not None


def slot(kind: str, node: Scalar) -> str:
    """The slot of a node: "d" is written as a decimal, "x" (a whole number up to 255) with two hexadecimal digits."""
    found = _now.get()
    if found is None:
        raise TypeError("this number is not known, and no slots are open; expected a picture of known numbers")
    return f"{OPEN}{kind}{found.place(node)}{CLOSE}"


def filled(text: str, values: Sequence[float]) -> str:
    """The text with its slots' values.

    >>> with opened() as found:
    ...     text = slot("d", Scalar("input", index=0)) + " " + slot("x", Scalar("input", index=1))
    >>> filled(text, [2.5, 10.0])
    '2.5 0a'
    """
    from rosesim.diagrams.picture.paint import decimal  # it writes slots

    def value(found: re.Match[str]) -> str:
        v = values[int(found[2])]
        return decimal(v) if found[1] == "d" else f"{int(v):02x}"

    return SLOT.sub(value, text)


def refuse_marks(text: str) -> None:
    """Raise DiagramError where the words of a diagram have characters that slots are made of."""
    rest = SLOT.sub("", text)
    if OPEN in rest or CLOSE in rest:
        sentence = (
            "a text of the diagram has the noncharacter U+FDD0 or U+FDD1; expected none, since a page uses them"
        )
        raise DiagramError(Fault("InvalidProperty", sentence))
