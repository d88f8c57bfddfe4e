"""Interval arithmetic of integers: the tightest bounds of a result, given the bounds of the arguments.

The bounds are inclusive. An operator's row in `ad/program/ops.py` names its function here; the builder, the checker
and scatter-to-gather take it from the row.
"""

from __future__ import annotations

from rosesim.ad.program.ir import IntT

Interval = tuple[int, int]


def interval(scalar: IntT) -> Interval:
    """The bounds of a type."""
    return scalar.lo, scalar.hi


def added(x: Interval, y: Interval) -> Interval:
    """Bounds of x + y.

    >>> added((0, 9), (-1, 1))
    (-1, 10)
    """
    return x[0] + y[0], x[1] + y[1]


def subtracted(x: Interval, y: Interval) -> Interval:
    """Bounds of x - y."""
    return x[0] - y[1], x[1] - y[0]


def multiplied(x: Interval, y: Interval) -> Interval:
    """Bounds of x y."""
    corners = [i * j for i in x for j in y]
    return min(corners), max(corners)


def divided(x: Interval, y: Interval) -> Interval:
    """Bounds of floor(x / y) where y is positive: monotone in each argument, so the corners are the extremes."""
    corners = [i // j for i in x for j in y]
    return min(corners), max(corners)


def remainder(x: Interval, y: Interval) -> Interval:
    """Bounds of x mod y, in 0 .. y - 1, where y is positive; the bounds of x if x is provably a remainder already.

    >>> remainder((2, 4), (5, 5)), remainder((2, 6), (5, 5)), remainder((-1, 3), (5, 5))
    ((2, 4), (0, 4), (0, 4))
    """
    if x[0] < 0:
        return 0, y[1] - 1
    return x if x[1] < y[0] else (0, min(x[1], y[1] - 1))


def below(n: Interval) -> Interval:
    """Bounds of an index below n."""
    return 0, n[1] - 1


def hull(x: Interval, y: Interval) -> Interval:
    """The least interval that contains both."""
    return min(x[0], y[0]), max(x[1], y[1])


def within(inner: Interval, outer: Interval) -> bool:
    """Whether the outer interval contains every integer of the inner one. An empty interval is within all."""
    return inner[0] > inner[1] or (outer[0] <= inner[0] and inner[1] <= outer[1])


def is_less(x: Interval, y: Interval) -> bool | None:
    """Whether x < y; None if the bounds do not decide it."""
    return True if x[1] < y[0] else False if x[0] >= y[1] else None


def is_at_most(x: Interval, y: Interval) -> bool | None:
    """Whether x <= y; None if the bounds do not decide it."""
    return True if x[1] <= y[0] else False if x[0] > y[1] else None


def is_equal(x: Interval, y: Interval) -> bool | None:
    """Whether x = y; None if the bounds do not decide it."""
    return False if x[1] < y[0] or y[1] < x[0] else True if x[0] == x[1] == y[0] == y[1] else None
