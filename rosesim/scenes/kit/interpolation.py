"""Values of a grid between its cells, linear in each direction."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any, Literal

from rosesim.ad.mathematics import clamp, floor
from rosesim.ad.values import Index, Real

Beyond = Literal["periodic", "free"]
"""What lies beyond the grid: its other side, or the value of the nearest cell."""


def bilinear(grid: Any, y: Real, x: Real, edge: Beyond) -> Any:
    """The value at row y, column x, which need not be whole: what the four cells around say, linear in both.

    Cell (i, j) has its value at y = i, x = j. The values are numbers or vectors of them. On a cell, where the
    slope differs from side to side, the derivative is that of the side on which y and x grow (that of the
    cell that floor names).

    >>> from rosesim import fn, Real, Vec
    >>> @fn
    ... def between(p: Vec[Vec[Real, 2], 2], y: Real, x: Real):
    ...     return bilinear(p, y, x, "free"), bilinear(p, y, x, "periodic")
    >>> between([[0.0, 1.0], [2.0, 3.0]], 0.5, 0.5), between([[0.0, 1.0], [2.0, 3.0]], 0.0, 1.5)
    ((1.5, 1.5), (1.0, 0.5))
    """
    return multilinear(grid, (y, x), (len(grid), len(grid[0])), edge)


def multilinear(grid: Any, place: Sequence[Real], shape: Sequence[int], edge: Beyond) -> Any:
    """The value at a place of a grid of any number of dimensions; see `bilinear`.

    >>> from rosesim import fn, Real, Vec
    >>> @fn
    ... def between(p: Vec[Real, 3], x: Real):
    ...     return multilinear(p, [x], [3], "free")
    >>> between([0.0, 10.0, 40.0], 1.5), between([0.0, 10.0, 40.0], 7.0)
    (25.0, 40.0)
    """
    sides = [_sides(x, n, edge) for x, n in zip(place, shape, strict=True)]
    total: Any = None
    for corner in product(*sides):
        value: Any = grid
        weight: Any = None
        for index, part in corner:
            value = value[index]
            weight = part if weight is None else weight * part
        total = weight * value if total is None else total + weight * value
    return total


def _sides(x: Real, n: int, edge: Beyond) -> list[tuple[Index, Real]]:
    """The cells before and after, each with its part."""
    if edge == "free":
        x = clamp(x, 0.0, n - 1.0)
    part = x - floor(x)
    rule = Index[n].wrap if edge == "periodic" else Index[n].clamp
    before = rule(floor(x))
    return [(before, 1.0 - part), (rule(before + 1), part)]
