"""Shapes where they are, and what one contact of two shapes is.

A contact is (signed distance, point halfway between the surfaces, unit normal from the first geom to the second).
What it takes to find the distance is computed always, the rest where the shapes touch: `Place.rest` is called inside
a branch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rosesim.ad.language.mathematics import clamp, sqrt
from rosesim.robots.algebra import (
    M3,
    V3,
    Number,
    add,
    choose,
    column,
    cross,
    dot,
    known,
    mat_vec,
    minus,
    mul,
    over,
    plus,
    root,
    scaled,
    sub,
    three,
    transposed,
)
from rosesim.robots.contact.hulls import Hulls

Frame = tuple[V3, V3, V3]
"""The normal and two tangents."""


@dataclass(frozen=True)
class Shape:
    """A geom where it is: all numbers may be traced."""

    kind: str
    size: Sequence[Number]
    place: V3
    rotation: M3
    hulls: Hulls | None = None
    """Of a mesh, the tables that its size tells a place in."""

    @property
    def axis(self) -> V3:
        """The z axis: a plane's normal, a capsule's direction."""
        return column(self.rotation, 2)


@dataclass(frozen=True)
class Place:
    """One contact of a pair."""

    distance: Number
    rest: Callable[[], tuple[V3, Frame]]
    """The point and the frame."""


Finder = Callable[[Shape, Shape, Number], list[Place]]
"""The contacts of two shapes, nearer than a margin."""


def unpacked(numbers: Any, count: int, a: Shape) -> list[Place]:
    """Contacts from one vector in the frame of the first shape: distances, points, the normal that they share."""
    normal = mat_vec(a.rotation, three(numbers, 4 * count))

    def place(k: int) -> Place:
        def rest() -> tuple[V3, Frame]:
            return plus(a.place, mat_vec(a.rotation, three(numbers, count + 3 * k))), frame(normal)

        return Place(numbers[k], rest)

    return [place(k) for k in range(count)]


def seen_from(b: Shape, point: V3) -> V3:
    """A point in the frame of a shape."""
    return mat_vec(transposed(b.rotation), minus(point, b.place))


def frame(normal: V3, hint: V3 | None = None) -> Frame:
    """The normal and its tangents: the first is the hint, or a world axis, made orthogonal."""
    if hint is None:
        flat = (normal[1] > -0.5) & (normal[1] < 0.5)
        hint = (0.0, choose(flat, 1.0, 0.0), choose(flat, 0.0, 1.0))
    along = dot(normal, hint)
    first = minus(hint, scaled(along, normal))
    square = dot(first, first)
    if not (known(square) and square == 1.0):
        some = square > 1e-30  # of a hint along the normal nothing is left: x then
        inverse = over(1.0, root(choose(some, square, 1.0)))
        first = tuple(choose(some, mul(x, inverse), e) for x, e in zip(first, (1.0, 0.0, 0.0), strict=True))
    return normal, first, cross(normal, first)  # pyright: ignore[reportReturnType] -- three numbers each


def between_spheres(centre_a: V3, radius_a: Number, centre_b: V3, radius_b: Number) -> Place:
    """Two spheres. Where the centres meet there is no normal: it is x, and its derivative 0."""
    d = minus(centre_b, centre_a)
    square = dot(d, d)
    apart = square > 1e-30
    length = choose(apart, sqrt(choose(apart, square, 1.0)), 0.0)
    gap = sub(length, add(radius_a, radius_b))

    def rest() -> tuple[V3, Frame]:
        inverse = 1.0 / choose(apart, length, 1.0)
        normal = tuple(
            choose(apart, mul(x, inverse), fallback) for x, fallback in zip(d, (1.0, 0.0, 0.0), strict=True)
        )
        reach = add(radius_a, mul(0.5, gap))
        return plus(centre_a, scaled(reach, normal)), frame(normal)  # pyright: ignore[reportArgumentType]

    return Place(gap, rest)


def along_segments(d: V3, u: V3, w: V3, la: Number, lb: Number) -> tuple[Number, Number, Any]:
    """x and y of the points x u of one segment and y w of another that are nearest, and whether they are parallel.

    d goes from the middle of the second to that of the first, u and w are their unit directions, la and lb half their
    lengths. Parallel ones have many such points.
    """
    cosine = dot(u, w)
    p, r = dot(u, d), dot(w, d)
    determinant = sub(1.0, mul(cosine, cosine))
    parallel = determinant < 1e-15
    safe = choose(parallel, 1.0, determinant)
    # Of the lines; where that is beyond an end, the end, and the other's nearest point to it, and back.
    x = clamp((mul(cosine, r) - p) / safe, mul(-1.0, la), la)
    y = clamp(add(r, mul(cosine, x)), mul(-1.0, lb), lb)
    return clamp(sub(mul(cosine, y), p), mul(-1.0, la), la), y, parallel


def least(a: Number, b: Number) -> Number:
    """The smaller one."""
    return min(a, b) if known(a, b) else choose(a < b, a, b)


def most(a: Number, b: Number) -> Number:
    """The larger one."""
    return max(a, b) if known(a, b) else choose(a > b, a, b)
