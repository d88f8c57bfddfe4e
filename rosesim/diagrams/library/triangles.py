"""Centres and radii of triangles."""

from __future__ import annotations

from rosesim.diagrams.kinds import VECTOR2
from rosesim.diagrams.library.items import function
from rosesim.diagrams.scalars import Number, absolute, div, sqrt
from rosesim.diagrams.values import Vector
from rosesim.diagrams.vectors import Numbers, cross, distance, dot, mean, minus, over, plus, summed, times


def _edges(p: Vector, q: Vector, r: Vector) -> tuple[Number, Number, Number]:
    """The edges opposite to p, q and r."""
    return distance(q.items, r.items), distance(r.items, p.items), distance(p.items, q.items)


@function(a=VECTOR2, b=VECTOR2, c=VECTOR2)
def barycenter(a: Vector, b: Vector, c: Vector) -> Vector:
    """(a + b + c)/3."""
    return Vector(mean((a.items, b.items, c.items)))


@function(p=VECTOR2, q=VECTOR2, r=VECTOR2)
def circumcenter(p: Vector, q: Vector, r: Vector) -> Vector:
    """The point that is equally far from p, q and r."""
    u, v = minus(q.items, p.items), minus(r.items, p.items)
    uu, vv = dot(u, u), dot(v, v)
    aside = (v[1] * uu - u[1] * vv, u[0] * vv - v[0] * uu)
    return Vector(plus(p.items, over(aside, 2 * cross(u, v))))


@function(p=VECTOR2, q=VECTOR2, r=VECTOR2)
def circumradius(p: Vector, q: Vector, r: Vector) -> Number:
    """a b c/(4 area): the radius of the circle through p, q and r."""
    a, b, c = _edges(p, q, r)
    area = absolute(cross(minus(q.items, p.items), minus(r.items, p.items))) / 2
    return div(a * b * c, 4 * area)


@function(p=VECTOR2, q=VECTOR2, r=VECTOR2)
def incenter(p: Vector, q: Vector, r: Vector) -> Vector:
    """(a p + b q + c r)/(a + b + c), with the edges a, b, c opposite to p, q, r."""
    a, b, c = _edges(p, q, r)
    weighted: list[Numbers] = [times(a, p.items), times(b, q.items), times(c, r.items)]
    return Vector(over(summed(weighted), a + b + c))


@function(p=VECTOR2, q=VECTOR2, r=VECTOR2)
def inradius(p: Vector, q: Vector, r: Vector) -> Number:
    """√((s − a)(s − b)(s − c)/s) with s = (a + b + c)/2: the radius of the circle inside."""
    a, b, c = _edges(p, q, r)
    s = (a + b + c) / 2
    return sqrt(div((s - a) * (s - b) * (s - c), s))
