"""Labels that were measured before: rows of kind, string, font and the box."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rosesim.diagrams.errors import DiagramError, Fault
from rosesim.diagrams.labels.equations import Typeset, typeset
from rosesim.diagrams.labels.fonts import Font, Size, pixels
from rosesim.diagrams.labels.texts import Texts


class Labels(Protocol):
    """Who measures labels, and draws equations."""

    def measure(self, kind: str, string: str, font: Font) -> Size:
        """The box of an "Equation" or a "Text", in pixels."""
        ...

    def typeset(self, string: str) -> Typeset:
        """An equation's outlines."""
        ...


@dataclass(frozen=True, slots=True)
class Measured:
    """Labels as fonts have them.

    >>> Measured().measure("Text", "", Font("12px", "sans-serif"))
    Size(width=0.0, height=0.0, ascent=0.0, descent=0.0)
    """

    texts: Texts = field(default_factory=Texts)

    def measure(self, kind: str, string: str, font: Font) -> Size:
        """The box of an "Equation" or a "Text", in pixels."""
        return typeset(string).size(pixels(font.size)) if kind == "Equation" else self.texts.size(string, font)

    def typeset(self, string: str) -> Typeset:
        """An equation's outlines."""
        return typeset(string)


@dataclass(frozen=True, slots=True)
class Table:
    """Labels of a table; what it does not hold is asked of `otherwise`, and refused where that is None."""

    sizes: dict[tuple[str, str, str], Size]
    otherwise: Labels | None = None

    @classmethod
    def of(cls, rows: Iterable[Sequence[str | float]], otherwise: Labels | None = None) -> Table:
        """From rows of kind, string, font, width, height, ascent, descent.

        >>> table = Table.of([("Equation", "x", "16px", 9.152, 7.248, 7.07, 0.18)])
        >>> table.measure("Equation", "x", Font("16px")).width
        9.152
        """
        sizes = {(str(k), str(s), str(f)): Size(*(float(n) for n in numbers)) for k, s, f, *numbers in rows}
        return cls(sizes, otherwise)

    def measure(self, kind: str, string: str, font: Font) -> Size:
        """The row's box."""
        size = self.sizes.get((kind, string, str(font)))
        if size is not None:
            return size
        if self.otherwise is None:
            sentence = f'the table of labels has no {kind} "{string}" in font {font}; expected a row with its size'
            raise DiagramError(Fault("MissingLabel", sentence))
        return self.otherwise.measure(kind, string, font)

    def typeset(self, string: str) -> Typeset:
        """An equation's outlines: a table has none of its own."""
        return typeset(string) if self.otherwise is None else self.otherwise.typeset(string)
