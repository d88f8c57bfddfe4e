"""Where a rectangle and a parallelogram in one plane overlap: a polygon of at most eight edges.

Each edge is part of one of the eight lines that bound the two, so there are eight corners, one for a line: where its
edge begins, counter-clockwise. None needs another's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rosesim.ad.language.control.branches import select
from rosesim.ad.language.mathematics import maximum, minimum
from rosesim.robots.algebra import Number

ALONG = 1e-10
"""The sine of lines that count as parallel. Rounding must not add corners where the two shapes are aligned."""

Pair = Sequence[Number]
"""Two numbers: a vector in the plane."""


def corners(half: Pair, centre: Pair, sides: Sequence[Pair]) -> list[tuple[Number, Number, Any]]:
    """(x, y, whether it is there) of each corner of the overlap.

    The rectangle is |x| ≤ half[0], |y| ≤ half[1], the parallelogram centre + u sides[0] + v sides[1], |u|, |v| ≤ 1.
    Where two of their lines are the same one, the rectangle's counts.
    """
    parallel = [[_is_along(sides[1 - m], d) for m in range(2)] for d in range(2)]
    found: list[tuple[Number, Number, Any]] = []
    for d in range(2):
        for sign in (1.0, -1.0):
            found.append(_on_rectangle(half, centre, sides, d, sign, parallel[d]))
    for m in range(2):
        for sign in (1.0, -1.0):
            found.append(_on_parallelogram(half, centre, sides, m, sign, [row[m] for row in parallel]))
    return found


def _is_along(side: Pair, d: int) -> Any:
    """Whether a side has no part of coordinate d."""
    return abs(side[d]) <= ALONG * abs(side[1 - d])


def _cross(a: Pair, b: Pair) -> Number:
    return a[0] * b[1] - a[1] * b[0]


def _on_rectangle(
    half: Pair, centre: Pair, sides: Sequence[Pair], d: int, sign: float, parallel: Sequence[Any]
) -> tuple[Number, Number, Any]:
    """Of the line where coordinate d is ± half[d]."""
    at, o = sign * half[d], 1 - d
    start = [at - centre[0], -centre[1]] if d == 0 else [-centre[0], at - centre[1]]
    way = [0.0, half[1]] if d == 0 else [half[0], 0.0]
    parts: list[tuple[Number, Number]] = []
    for m in range(2):
        a, b = centre[d] - sides[m][d], centre[d] + sides[m][d]
        inside = (minimum(a, b) <= at) & (at <= maximum(a, b))
        other = sides[1 - m]
        slope = -other[1] * way[0] if d else other[0] * way[1]
        parts.append(_within(_cross(other, start), slope, abs(_cross(other, sides[m])), parallel[m], inside))
    t, there = _begin(parts, (d == 0) == (sign > 0.0))
    along = t * half[o]
    return (at, along, there) if d == 0 else (along, at, there)


def _on_parallelogram(
    half: Pair, centre: Pair, sides: Sequence[Pair], m: int, sign: float, parallel: Sequence[Any]
) -> tuple[Number, Number, Any]:
    """Of the line centre ± sides[m] + t sides[1 - m]."""
    way = sides[1 - m]
    start = [c + sign * x for c, x in zip(centre, sides[m], strict=True)]
    parts = [
        _within(start[d], way[d], half[d], parallel[d], (-half[d] < start[d]) & (start[d] < half[d]))
        for d in range(2)
    ]
    t, there = _begin(parts, sign * _cross(sides[m], way) > 0.0)
    return start[0] + t * way[0], start[1] + t * way[1], there


def _within(start: Number, slope: Number, most: Number, parallel: Any, inside: Any) -> tuple[Number, Number]:
    """The t from and to which start + t slope is within ± most. Of a constant, `inside` says whether it is."""
    safe = select(parallel, 1.0, slope)
    middle, reach = -start / safe, abs(most / safe)
    low = select(parallel, select(inside, -1.0, 2.0), middle - reach)
    high = select(parallel, select(inside, 1.0, -2.0), middle + reach)
    return low, high


def _begin(parts: Sequence[tuple[Number, Number]], forwards: Any) -> tuple[Number, Any]:
    """Where a line between t = -1 and 1 begins, and whether anything is left of it."""
    low, high = -1.0, 1.0
    for a, b in parts:
        low, high = maximum(low, a), minimum(high, b)
    t = (low if forwards else high) if isinstance(forwards, bool) else select(forwards, low, high)
    there = low < high
    return select(there, t, 0.0), there  # of lines that are nearly parallel t is huge where they meet outside
