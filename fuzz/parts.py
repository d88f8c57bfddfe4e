"""Parts of random programs besides the operators: structs, and functions with derivatives of their own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rosesim import Bool, Dual, Index, Real, Struct, Tan, Vec, cos, exp, fn, opaque, select, sin, tanh, vec
from rosesim.ad.language import types as T


@dataclass(frozen=True)
class Body(Struct):
    """A struct of each kind of scalar."""

    place: Vec[Real, 2]
    mass: Real
    hit: Bool
    cell: Index[3]


@dataclass(frozen=True)
class Pair(Struct):
    """A struct that holds structs."""

    near: Body
    far: Vec[Body, 2]


class Spring(NamedTuple):
    """A named tuple."""

    rest: Real
    on: Bool


def annotated(python: Callable[..., Any], types: Sequence[T.Type]) -> Callable[..., Any]:
    """The same function of one to three arguments and `extra`, with its parameters named and annotated. The lengths
    of vectors are left open, and `extra` is keyword-only."""

    def one(a: Any, *, extra: Any = 2.0) -> Any:
        return python(a, extra=extra)

    def two(a: Any, b: Any, *, extra: Any = 2.0) -> Any:
        return python(a, b, extra=extra)

    def three(a: Any, b: Any, c: Any, *, extra: Any = 2.0) -> Any:
        return python(a, b, c, extra=extra)

    named = (one, two, three)[len(types) - 1]
    named.__annotations__ = dict(zip("abc", map(_open, types), strict=False))
    return named


def _open(t: T.Type) -> Any:
    return Vec[_open(t.elem), ...] if isinstance(t, T.VecType) else t  # pyright: ignore[reportInvalidTypeArguments] -- made at run time


STRUCTS: list[T.Type] = [T.from_annotation(s) for s in (Spring, Body, Pair)]


@fn
def product(x: Real, y: Real) -> Real:
    """A function whose forward derivative is given."""
    return sin(x) * y


@product.defjvp
def _(x: Dual, y: Dual) -> Dual:
    return Dual(sin(x.re) * y.re, cos(x.re) * y.re * x.du + sin(x.re) * y.du)


@fn
def square(x: Real) -> Real:
    """A function whose reverse derivative is given."""
    return x * x


@square.defvjp
def _(x: Real, ct: Tan) -> Tan:
    return 2.0 * x * ct


@fn
def weighed(v: Vec[Real, 3], k: Index[3]) -> Real:
    """A function of a vector and an index, whose reverse is given."""
    return v[0] * v[1] + v[k]


@weighed.defvjp
def _(v: Vec[Real, 3], k: Index[3], ct: Tan) -> Any:
    first = vec(3, lambda i: select(i == 0, v[1], select(i == 1, v[0], Real(0.0))) * ct)
    return first.at[k].add(ct), None


@opaque
def outside(x: float, k: Index[3]) -> float:
    """A function that is not traced."""
    return math.tanh(x) * (1.0 + float(k)) if math.isfinite(x) else 0.25


@outside.defjvp
def _(x: Dual, k: Index[3]) -> Dual:
    t = outside(x.re, k)
    scale = 1.0 + Real(k)
    return Dual(t, (scale - t * t / scale) * x.du)


@fn
def soft(v: Vec[Real, 2]) -> Vec[Real, 2]:
    """A function that gives a vector, with a forward derivative."""
    return [tanh(v[0]), exp(-v[1] * v[1])]  # pyright: ignore[reportReturnType] -- a list is a vector


@soft.defjvp
def _(v: Vec[Dual, 2]) -> Vec[Dual, 2]:
    a, b = tanh(v[0].re), exp(-v[1].re * v[1].re)
    both = [Dual(a, (1.0 - a * a) * v[0].du), Dual(b, -2.0 * v[1].re * b * v[1].du)]
    return both  # pyright: ignore[reportReturnType]
