"""How the columns of a product are cut into panels, each as wide as a tile of a few vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

VECTORS = 3
"""Vectors of a row of a tile."""


@dataclass(frozen=True, slots=True)
class Panel:
    """Columns of c that one tile is wide: from `first` on, `count` times the widths of its vectors."""

    first: int
    count: int
    widths: tuple[int, ...]

    @property
    def columns(self) -> int:
        """The columns of one."""
        return sum(self.widths)


def panels_of(columns: int, lanes: int) -> list[Panel]:
    """The columns of a matrix in panels of vectors; what is left in narrower ones."""
    vectors, left = divmod(columns, lanes)
    wide, rest = divmod(vectors, VECTORS)
    if rest == 1 and wide:  # one vector alone would wait for each of its sums
        wide, rest = wide - 1, VECTORS + 1
    tail: list[int] = []
    width = lanes // 2
    while left:
        if left >= width:
            tail.append(width)
            left -= width
        width //= 2
    panels: list[Panel] = []
    at = 0
    groups = [(wide, (lanes,) * VECTORS)]
    groups += [(2, (lanes,) * 2)] if rest == VECTORS + 1 else [(1, (lanes,) * rest)]
    groups += [(1, tuple(tail))]
    for count, widths in groups:
        if count and widths:
            panels.append(Panel(at, count, widths))
            at += count * sum(widths)
    return panels


def places_of(widths: Sequence[int]) -> list[tuple[int, int]]:
    """Where each vector of a row begins, and its width."""
    found: list[tuple[int, int]] = []
    at = 0
    for width in widths:
        found.append((at, width))
        at += width
    return found
