"""Vectors as tuples of numbers that may not be known yet: what boxes and the library compute with."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from rosesim.diagrams.scalars import EPS, Number, add, cos, div, maximum, minimum, mul, neg, sin, sqrt, sub, total

Numbers = tuple[Number, ...]
Point = Numbers
"""Two numbers."""


def plus(v: Sequence[Number], w: Sequence[Number]) -> Numbers:
    """v + w."""
    return tuple(add(a, b) for a, b in zip(v, w, strict=True))


def minus(v: Sequence[Number], w: Sequence[Number]) -> Numbers:
    """v − w.

    >>> minus((3.0, 4.0), (1.0, 1.0))
    (2.0, 3.0)
    """
    return tuple(sub(a, b) for a, b in zip(v, w, strict=True))


def times(s: Number, v: Sequence[Number]) -> Numbers:
    """s v."""
    return tuple(mul(s, a) for a in v)


def over(v: Sequence[Number], s: Number) -> Numbers:
    """v / s."""
    return tuple(div(a, s) for a in v)


def dot(v: Sequence[Number], w: Sequence[Number]) -> Number:
    """The sum of v_i w_i, from the left."""
    return total(mul(a, b) for a, b in zip(v, w, strict=True))


def cross(v: Sequence[Number], w: Sequence[Number]) -> Number:
    """The third component of the cross product of two vectors in the plane."""
    return sub(mul(v[0], w[1]), mul(v[1], w[0]))


def squared(v: Sequence[Number]) -> Number:
    """|v|²."""
    return total(mul(a, a) for a in v)


def length(v: Sequence[Number]) -> Number:
    """|v|.

    >>> length((3.0, 4.0))
    5.0
    """
    return sqrt(squared(v))


def distance(v: Sequence[Number], w: Sequence[Number]) -> Number:
    """|v − w|."""
    return length(minus(v, w))


def normalised(v: Sequence[Number]) -> Numbers:
    """v / (|v| + eps): slightly shorter than 1, and 0 for 0."""
    return over(v, add(length(v), EPS))


def left_of(v: Sequence[Number]) -> Point:
    """v turned by 90° to the left."""
    return neg(v[1]), v[0]


def turned(v: Sequence[Number], degrees: Number) -> Point:
    """v turned to the left.

    >>> turned((2.0, 1.0), 0.0)
    (2.0, 1.0)
    """
    angle = div(mul(degrees, math.pi), 180.0)
    c, s = cos(angle), sin(angle)
    return sub(mul(v[0], c), mul(v[1], s)), add(mul(v[0], s), mul(v[1], c))


def mean(vectors: Sequence[Sequence[Number]]) -> Numbers:
    """The sum divided by the number of vectors."""
    return over(summed(vectors), float(len(vectors)))


def summed(vectors: Sequence[Sequence[Number]]) -> Numbers:
    """The sum of vectors, from the left."""
    return tuple(total(column) for column in zip(*vectors, strict=True))


def clamp(a: Number, low: Number, high: Number) -> Number:
    """The number of [low, high] that is nearest."""
    return maximum(low, minimum(high, a))


def greatest(values: Iterable[Number]) -> Number:
    """The greatest, −∞ of none. The last of several has the slope."""
    first, *rest = _last_of_each(values) or [-math.inf]
    for value in rest:
        first = maximum(first, value)
    return first


def least(values: Iterable[Number]) -> Number:
    """The least, +∞ of none. The last of several has the slope.

    >>> least([3.0, 1.0, 2.0]), least([])
    (1.0, inf)
    """
    first, *rest = _last_of_each(values) or [math.inf]
    for value in rest:
        first = minimum(first, value)
    return first


def _last_of_each(values: Iterable[Number]) -> list[Number]:
    """Without repetitions: the last of equal ones stays, which is the one that decides a tie."""
    found = {id(v): v for v in reversed(list(values))}
    return list(reversed(found.values()))
