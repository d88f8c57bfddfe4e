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


def ored(x: Interval, y: Interval) -> Interval:
    """Bounds of x | y: at least a negative argument, and negative then; of two others, at least both.

    >>> ored((2, 4), (1, 8)), ored((-3, -1), (0, 9)), ored((-3, 4), (-1, 9))
    ((2, 15), (-3, -1), (-3, 15))
    """
    negative = [v[0] for v in (x, y) if v[1] < 0]
    if negative:
        return max(negative), -1
    low = max if min(x[0], y[0]) >= 0 else min
    return low(x[0], y[0]), (1 << max(x[1].bit_length(), y[1].bit_length())) - 1


def anded(x: Interval, y: Interval) -> Interval:
    """Bounds of x & y, which is ~(~x | ~y).

    >>> anded((0, 100), (7, 7)), anded((-3, 4), (-1, 9))
    ((0, 7), (-4, 9))
    """
    low, high = ored((~x[1], ~x[0]), (~y[1], ~y[0]))
    return ~high, ~low


def xored(x: Interval, y: Interval) -> Interval:
    """Bounds of x ^ y, which has no more bits than the longer argument.

    >>> xored((0, 4), (1, 3)), xored((-3, 4), (1, 3))
    ((0, 7), (-8, 7))
    """
    span = 1 << max((v if v >= 0 else ~v).bit_length() for v in (*x, *y))
    return 0 if min(x[0], y[0]) >= 0 else -span, span - 1


def shifted_left(x: Interval, y: Interval) -> Interval:
    """Bounds of x << y, y not negative. A shift by 64 is beyond every integer of the language already."""
    corners = [i << min(j, 64) for i in x for j in y]
    return min(corners), max(corners)


def shifted_right(x: Interval, y: Interval) -> Interval:
    """Bounds of x >> y, which is floor(x / 2^y), y not negative."""
    corners = [i >> j for i in x for j in y]
    return min(corners), max(corners)


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
