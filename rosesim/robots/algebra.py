"""Arithmetic on numbers that are constants or traced: products with 0 and 1 are folded here.

A tree's parents, axes and frames are constants, and most of their entries are 0 or 1. LLVM may not drop x·0, which is
NaN for an infinite x; the mechanics has no infinities that count, so it drops them while tracing. A planar robot
becomes a planar program by this alone. A vector is a tuple of numbers, a matrix a tuple of rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from rosesim.ad.language import mathematics
from rosesim.ad.language.arrays import stack
from rosesim.ad.language.control.branches import select
from rosesim.ad.language.values.real import Real

Number = Any
"""A float, or a traced `Real` (in a rule also a tangent)."""
V3 = tuple[Number, Number, Number]
M3 = tuple[V3, V3, V3]
Quat = tuple[Number, Number, Number, Number]

ZERO: V3 = (0.0, 0.0, 0.0)
ONE: M3 = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
UNTURNED: Quat = (1.0, 0.0, 0.0, 0.0)


def known(*values: Any) -> bool:
    """Whether all are constants."""
    return all(isinstance(v, float | int) for v in values)


def is_zero(a: Number) -> bool:
    """Whether a is the constant 0."""
    return isinstance(a, float | int) and a == 0.0


def numbers(x: Any) -> list[Number]:
    """A vector of the language as a list of its numbers."""
    return [x[k] for k in range(len(x))]


def vector(x: Sequence[Number]) -> Any:
    """A list of numbers as a vector of the language."""
    return stack([Real(v) for v in x])


def neg(a: Number) -> Number:
    """-a."""
    return 0.0 if is_zero(a) else -a


def mul(a: Number, b: Number) -> Number:
    """a b."""
    if isinstance(b, float | int):
        a, b = b, a
    if isinstance(a, float | int):
        if a == 0.0:
            return 0.0
        if a == 1.0:
            return b
        if a == -1.0:
            return neg(b)
    return a * b


def add(a: Number, b: Number) -> Number:
    """a + b."""
    if is_zero(a):
        return b
    return a if is_zero(b) else a + b


def sub(a: Number, b: Number) -> Number:
    """a - b."""
    if is_zero(b):
        return a
    return neg(b) if is_zero(a) else a - b


def over(a: Number, b: Number) -> Number:
    """a / b."""
    return 0.0 if is_zero(a) else a / b


def total(terms: Iterable[Number]) -> Number:
    """The sum; constants are added up first."""
    constant, rest = 0.0, None
    for t in terms:
        if known(t):
            constant += t
        else:
            rest = t if rest is None else rest + t
    return constant if rest is None else add(rest, constant)


def root(a: Number) -> Number:
    """The square root."""
    return math.sqrt(a) if known(a) else mathematics.sqrt(a)


def choose(p: Any, a: Number, b: Number) -> Number:
    """a where p is true, otherwise b."""
    if isinstance(p, bool):
        return a if p else b
    return a if known(a, b) and a == b else select(p, a, b)


def sine(a: Number) -> Number:
    """sin a."""
    return math.sin(a) if known(a) else mathematics.sin(a)


def cosine(a: Number) -> Number:
    """cos a."""
    return math.cos(a) if known(a) else mathematics.cos(a)


def dot(a: Sequence[Number], b: Sequence[Number]) -> Number:
    """a · b."""
    return total(mul(x, y) for x, y in zip(a, b, strict=True))


def plus(a: Sequence[Number], b: Sequence[Number]) -> Any:
    """a + b."""
    return tuple(add(x, y) for x, y in zip(a, b, strict=True))


def minus(a: Sequence[Number], b: Sequence[Number]) -> Any:
    """a - b."""
    return tuple(sub(x, y) for x, y in zip(a, b, strict=True))


def scaled(s: Number, a: Sequence[Number]) -> Any:
    """s a."""
    return tuple(mul(s, x) for x in a)


def three(x: Any, start: int = 0) -> V3:
    """Three numbers of a longer row, or of a traced vector."""
    return x[start], x[start + 1], x[start + 2]


def either(p: Any, a: V3, b: V3) -> V3:
    """a where p is true, else b: number by number."""
    return select(p, a[0], b[0]), select(p, a[1], b[1]), select(p, a[2], b[2])


def unit(v: V3, least: float = 0.0) -> V3:
    """v over its length; 0 where the square of that is `least` or less."""
    square = dot(v, v)
    some = square > least
    return scaled(select(some, 1.0 / mathematics.sqrt(select(some, square, 1.0)), 0.0), v)


def cross(a: V3, b: V3) -> V3:
    """a × b."""
    return (
        sub(mul(a[1], b[2]), mul(a[2], b[1])),
        sub(mul(a[2], b[0]), mul(a[0], b[2])),
        sub(mul(a[0], b[1]), mul(a[1], b[0])),
    )


def mat_vec(m: Sequence[Sequence[Number]], v: Sequence[Number]) -> Any:
    """m v."""
    return tuple(dot(row, v) for row in m)


def transposed(m: Sequence[Sequence[Number]]) -> Any:
    """mᵀ."""
    return tuple(zip(*m, strict=True))


def column(m: M3, k: int) -> V3:
    """Column k of m."""
    return (m[0][k], m[1][k], m[2][k])


def mat_mul(a: M3, b: M3) -> M3:
    """a b."""
    columns = transposed(b)
    first, second, third = (tuple(dot(row, c) for c in columns) for row in a)
    return first, second, third  # pyright: ignore[reportReturnType] -- three numbers each


def quat_mul(a: Quat, b: Quat) -> Quat:
    """The rotation b, then a."""
    (w, x, y, z), (s, t, u, v) = a, b
    return (
        total((mul(w, s), neg(mul(x, t)), neg(mul(y, u)), neg(mul(z, v)))),
        total((mul(w, t), mul(x, s), mul(y, v), neg(mul(z, u)))),
        total((mul(w, u), neg(mul(x, v)), mul(y, s), mul(z, t))),
        total((mul(w, v), mul(x, u), neg(mul(y, t)), mul(z, s))),
    )


def conjugate(q: Quat) -> Quat:
    """The inverse of a unit quaternion."""
    return (q[0], neg(q[1]), neg(q[2]), neg(q[3]))


def normalised(q: Sequence[Number]) -> Quat:
    """q with length 1."""
    length = root(dot(q, q))
    w, x, y, z = (over(c, length) for c in q)
    return w, x, y, z


def quat_matrix(q: Quat) -> M3:
    """The matrix of a unit quaternion. Constants that are whole to rounding are whole: 1e-17 would stay a product."""
    w, x, y, z = q
    xx, yy, zz = mul(x, x), mul(y, y), mul(z, z)
    xy, xz, yz = mul(x, y), mul(x, z), mul(y, z)
    wx, wy, wz = mul(w, x), mul(w, y), mul(w, z)
    m = (
        (sub(1.0, mul(2.0, add(yy, zz))), mul(2.0, sub(xy, wz)), mul(2.0, add(xz, wy))),
        (mul(2.0, add(xy, wz)), sub(1.0, mul(2.0, add(xx, zz))), mul(2.0, sub(yz, wx))),
        (mul(2.0, sub(xz, wy)), mul(2.0, add(yz, wx)), sub(1.0, mul(2.0, add(xx, yy)))),
    )
    if not known(*q):
        return m
    first, second, third = (tuple(whole(v) for v in row) for row in m)
    return first, second, third  # pyright: ignore[reportReturnType] -- three numbers each


def whole(a: float) -> float:
    """a, or the integer that it is to within rounding (2e-15)."""
    return float(round(a)) if abs(a - round(a)) < 2e-15 else a


def turn(axis: V3, angle: Number) -> M3:
    """The matrix of a rotation about a unit axis (Rodrigues)."""
    c, s = cosine(angle), sine(angle)
    v = sub(1.0, c)
    x, y, z = axis

    def entry(i: int, j: int) -> Number:
        """cos δij + (1 - cos) ai aj, where ai² = 1 and the rest 0 gives 1 and c."""
        product = mul(axis[i], axis[j])
        if i == j:
            return 1.0 if known(product) and product == 1.0 else add(c, mul(product, v))
        return mul(product, v)

    return (
        (entry(0, 0), sub(entry(0, 1), mul(z, s)), add(entry(0, 2), mul(y, s))),
        (add(entry(1, 0), mul(z, s)), entry(1, 1), sub(entry(1, 2), mul(x, s))),
        (sub(entry(2, 0), mul(y, s)), add(entry(2, 1), mul(x, s)), entry(2, 2)),
    )


def quat_turn(axis: V3, angle: Number) -> Quat:
    """The quaternion of a rotation about a unit axis."""
    half = mul(0.5, angle)
    s = sine(half)
    return (cosine(half), mul(axis[0], s), mul(axis[1], s), mul(axis[2], s))


def turned(q: Quat, v: V3) -> V3:
    """v, rotated by a unit quaternion."""
    t = scaled(2.0, cross((q[1], q[2], q[3]), v))
    return plus(plus(v, scaled(q[0], t)), cross((q[1], q[2], q[3]), t))
