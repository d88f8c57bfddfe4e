"""Functions of vectors and of lists of them."""

from __future__ import annotations

from rosesim.diagrams import scalars
from rosesim.diagrams.kinds import NUMBER, ROWS, VECTOR, VECTOR2
from rosesim.diagrams.library.items import function
from rosesim.diagrams.library.numbers import whole
from rosesim.diagrams.scalars import Number, total
from rosesim.diagrams.values import Rows, Vector
from rosesim.diagrams.vectors import (
    Numbers,
    cross,
    distance,
    dot,
    left_of,
    length,
    mean,
    minus,
    normalised,
    squared,
    summed,
)

ALMOST_ONE = 1 - 1e-10
"""Keeps the arc cosine away from its vertical tangent."""


def paired(v: Vector, w: Vector) -> tuple[Numbers, Numbers]:
    """Vectors of one length. Raises ValueError where they are not."""
    if len(v.items) != len(w.items):
        raise ValueError(f"the vectors have {len(v.items)} and {len(w.items)} numbers; expected as many in both")
    return v.items, w.items


def angle_between(u: Numbers, v: Numbers) -> Number:
    """acos((1 − 1e-10) û·v̂)."""
    return scalars.acos(ALMOST_ONE * dot(normalised(u), normalised(v)))


@function(v=VECTOR)
def unit(v: Vector) -> Vector:
    """v / (|v| + eps)."""
    return Vector(normalised(v.items))


@function(v=VECTOR)
def normalize(v: Vector) -> Vector:
    """v / (|v| + eps)."""
    return Vector(normalised(v.items))


@function(v=VECTOR)
def norm(v: Vector) -> Number:
    """|v|."""
    return length(v.items)


@function(v=VECTOR)
def normsq(v: Vector) -> Number:
    """|v|²."""
    return squared(v.items)


@function(v=VECTOR, w=VECTOR)
def vdist(v: Vector, w: Vector) -> Number:
    """|v − w|."""
    return distance(*paired(v, w))


@function(v=VECTOR, w=VECTOR)
def vdistsq(v: Vector, w: Vector) -> Number:
    """|v − w|²."""
    return squared(minus(*paired(v, w)))


@function(v=VECTOR2)
def rot90(v: Vector) -> Vector:
    """(−v₁, v₀): v turned by 90° to the left."""
    return Vector(left_of(v.items))


@function(v=VECTOR)
def angleOf(v: Vector) -> Number:
    """The angle of (v₀, v₁), in (−π, π]."""
    if len(v.items) < 2:
        raise ValueError("the vector has fewer than 2 numbers; expected 2")
    return scalars.atan2(v.items[1], v.items[0])


@function(u=VECTOR, v=VECTOR)
def angleBetween(u: Vector, v: Vector) -> Number:
    """acos((1 − 1e-10) normalise(u) · normalise(v)), in [0, π]."""
    return angle_between(*paired(u, v))


@function(u=VECTOR2, v=VECTOR2)
def angleFrom(u: Vector, v: Vector) -> Number:
    """The angle from u to v, counter-clockwise, in (−π, π]: atan2(cross, dot) of their directions."""
    a, b = normalised(u.items), normalised(v.items)
    return scalars.atan2(cross(a, b), dot(a, b))


@function(u=VECTOR2, v=VECTOR2)
def cross2D(u: Vector, v: Vector) -> Number:
    """u₀ v₁ − u₁ v₀."""
    return cross(u.items, v.items)


@function("count", xs=VECTOR)
def count(xs: Vector) -> Number:
    """How many numbers there are; a constant."""
    return float(len(xs.items))


@function("sum", xs=VECTOR)
def sum_of(xs: Vector) -> Number:
    """The sum of the numbers; 0 of none."""
    return total(xs.items)


@function(xs=VECTOR, i=NUMBER)
def get(xs: Vector, i: Number) -> Number:
    """Number i, which is known; the first is 0."""
    index = whole(i, "i")
    if index >= len(xs.items):
        raise ValueError(f"i is {index}; expected at most {len(xs.items) - 1}")
    return xs.items[index]


@function(n=NUMBER, k=NUMBER)
def repeat(n: Number, k: Number) -> Vector:
    """n times k; n is known."""
    return Vector((k,) * whole(n, "n"))


@function(vs=ROWS)
def sumVectors(vs: Rows) -> Vector:
    """The sum of vectors."""
    return Vector(summed(vs.rows))


@function(vs=ROWS)
def averagePoint(vs: Rows) -> Vector:
    """The sum of vectors divided by how many there are."""
    return Vector(mean(vs.rows))
