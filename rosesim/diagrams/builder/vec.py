"""Vectors with Python's operators: `a.center + (0, 30)`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rosesim.diagrams import vectors
from rosesim.diagrams.builder.mistakes import mistake
from rosesim.diagrams.scalars import Number, Scalar, div, mul
from rosesim.diagrams.values import Vector

VecLike = Vector | Sequence[Number]
"""A vector: `(x, y)` will do."""


class Vec(Vector):
    """A vector of numbers, known or not. `+ - * /` work by component, `@` is the dot product.

    The other operand of `+` and `-` may be a tuple, that of `*` and `/` a tuple or a number.

    >>> Vec((1.0, 2.0)) + (10.0, 20.0), 2 * Vec((1.0, 2.0))
    (Vec(11.0, 22.0), Vec(2.0, 4.0))
    >>> v = Vec((3.0, 4.0))
    >>> v @ v, v.x, v[1], len(v), list(-v)
    (25.0, 3.0, 4.0, 2, [-3.0, -4.0])
    """

    __slots__ = ()
    __array_ufunc__ = None
    """NumPy leaves its arrays' operators with a vector to the vector."""

    def __repr__(self) -> str:
        return f"Vec({', '.join(map(repr, self.items))})"

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Number]:
        return iter(self.items)

    def __getitem__(self, index: int) -> Number:
        return self.items[index]

    @property
    def x(self) -> Number:
        """The first component."""
        return self.items[0]

    @property
    def y(self) -> Number:
        """The second component."""
        return self.items[1]

    def __add__(self, other: VecLike) -> Vec:
        return _by_component(self, "+", other, vectors.plus)

    __radd__ = __add__

    def __sub__(self, other: VecLike) -> Vec:
        return _by_component(self, "-", other, vectors.minus)

    def __rsub__(self, other: VecLike) -> Vec:
        return -self + other

    def __neg__(self) -> Vec:
        return Vec(tuple(-a for a in self.items))

    def __mul__(self, other: VecLike | Number) -> Vec:
        if is_number(other):
            return Vec(vectors.times(number(other), self.items))
        return _by_component(self, "*", other, _times)

    __rmul__ = __mul__

    def __truediv__(self, other: VecLike | Number) -> Vec:
        if is_number(other):
            return Vec(vectors.over(self.items, number(other)))
        return _by_component(self, "/", other, _over)

    def __matmul__(self, other: VecLike) -> Number:
        w = components(other)
        if w is None or len(w) != len(self.items):
            raise _unlike(self, "@", other)
        return vectors.dot(self.items, w)

    __rmatmul__ = __matmul__


def components(value: Any) -> tuple[Number, ...] | None:
    """The components of a vector, a sequence of numbers or a NumPy array; None for anything else."""
    if isinstance(value, Vector):
        return value.items
    if not isinstance(value, tuple | list) and not getattr(value, "ndim", 0):
        return None
    found = tuple(value)
    return tuple(map(number, found)) if all(is_number(v) for v in found) else None


def is_number(value: Any) -> bool:
    """Whether it is a number, known or not; Python's or NumPy's."""
    return isinstance(value, Scalar) or (
        not isinstance(value, bool) and hasattr(value, "__float__") and not hasattr(value, "__len__")
    )


def number(value: Any) -> Number:
    """A number as the library computes with it."""
    return value if isinstance(value, Scalar) else float(value)


def _times(v: Sequence[Number], w: Sequence[Number]) -> tuple[Number, ...]:
    return tuple(map(mul, v, w))


def _over(v: Sequence[Number], w: Sequence[Number]) -> tuple[Number, ...]:
    return tuple(map(div, v, w))


def _by_component(v: Vec, op: str, other: Any, rule: Callable[..., tuple[Number, ...]]) -> Vec:
    w = components(other)
    if w is None or len(w) != len(v.items):
        raise _unlike(v, op, other)
    return Vec(rule(v.items, w))


def _unlike(v: Vec, op: str, other: Any) -> Exception:
    n = len(v.items)
    found = components(other)
    what = repr(other)[:40] if found is None else f"a vector of {len(found)} numbers"
    return mistake(
        "BinOpTypeError", f"a vector of {n} numbers {op} {what} has no meaning; expected {n} numbers there"
    )
