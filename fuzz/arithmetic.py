"""Random arithmetic on whole vectors: operators that broadcast, masks, order, joining, and reductions along axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import rosesim as rs
from fuzz.choices import Choices
from fuzz.indexing import vectors
from rosesim.ad.language import types as T

Make = Callable[[T.Type], Any]
"""Writes a value of a type."""

ORDERED: Sequence[Callable[..., Any]] = [rs.cumsum, rs.flip, rs.sort, rs.softmax]
"""Functions of a vector and an axis that keep its type."""
REDUCED: Sequence[Callable[..., Any]] = [rs.sum, rs.mean, rs.max, rs.min, rs.logsumexp, rs.prod]


def shape(t: T.Type) -> list[int]:
    """The lengths of all axes."""
    lengths: list[int] = []
    while isinstance(t, T.VecType):
        lengths.append(t.n)
        t = t.elem
    return lengths


def elementwise(
    c: Choices, t: T.Type, make: Make, one: Sequence[Any], two: Sequence[Any], compare: Sequence[Any]
) -> Any:
    """A vector of reals of type t, by an operation on vectors and on what is broadcast to them."""
    lengths = shape(t)
    match c.below(6):
        case 0:
            return c.one(two)(make(t), _smaller(c, lengths, make))
        case 1:
            return c.one(one)(make(t))
        case 2:
            return c.one(two)(_smaller(c, lengths, make), make(t))
        case 3:
            a = make(t)
            return rs.where(c.one(compare)(a, _smaller(c, lengths, make)), a, _smaller(c, lengths, make))
        case 4 if min(lengths):
            return c.one(ORDERED)(make(t), axis=c.below(len(lengths)) - len(lengths) * c.below(2))
        case _:
            return _joined(c, lengths, make)


def _smaller(c: Choices, lengths: list[int], make: Make) -> Any:
    """What broadcasts to a shape: the same, a number, without the first axes, or with axes of length 1."""
    kept = lengths[c.below(len(lengths) + 1) :]
    return make(vectors([1 if c.rarely(4) else n for n in kept], T.REAL))


def _joined(c: Choices, lengths: list[int], make: Make) -> Any:
    axis = c.below(len(lengths))
    n = lengths[axis]

    def part(m: int) -> Any:
        return make(vectors([*lengths[:axis], m, *lengths[axis + 1 :]], T.REAL))

    if 0 < n <= 4 and c.rarely(2):
        rest = vectors([*lengths[:axis], *lengths[axis + 1 :]], T.REAL)
        return rs.stack([make(rest) for _ in range(n)], axis=axis)
    first = c.below(n + 1)
    return rs.concatenate([part(first), part(n - first)], axis=axis)


def reduced(c: Choices, t: T.Type, make: Make) -> Any:
    """A number, or a vector of reals of type t, as a reduction along one axis, or all, of one with more axes."""
    lengths = shape(t)
    axis = c.below(len(lengths) + 1)
    x = make(vectors([*lengths[:axis], c.one([3, 2, 1, 4, 7]), *lengths[axis:]], T.REAL))
    return c.one(REDUCED)(x, axis=axis if lengths or c.rarely(2) else None)


def truth(c: Choices, make: Make, compare: Sequence[Any]) -> Any:
    """A boolean of many."""
    t = vectors([c.one([3, 2, 5]) for _ in range(1 + c.below(2))], T.REAL)
    x = make(t)
    p = c.one(compare)(x, _smaller(c, shape(t), make))
    return c.one([rs.any, rs.all])(~p if c.rarely(3) else p)


def place(c: Choices, n: int, make: Make) -> Any:
    """An index below n: the place of the least of n numbers, or one of their order."""
    x = make(vectors([n], T.REAL))
    return rs.argmin(x) if c.rarely(2) else rs.argsort(x)[c.below(n)]
