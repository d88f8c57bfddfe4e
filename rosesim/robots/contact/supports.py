"""Convex shapes by what is farthest along a direction: their supports.

A shape is a core and all within a radius of it: the core of a sphere is a point, that of a capsule a segment.
What a core is farthest along a direction with is written as a mark, a vector that stays the same while the direction
turns within a vertex's, a rim's or a smooth surface's range. The mark and the direction give the point, in closed
form.
"""

from __future__ import annotations

from typing import Any

from rosesim.ad.language.control.branches import select
from rosesim.ad.language.mathematics import sqrt
from rosesim.robots.algebra import V3, ZERO, Number, dot, mat_vec, minus, mul, plus, root, transposed
from rosesim.robots.contact.hulls import Hulls
from rosesim.robots.contact.shapes import Shape

ROUND = ("ellipsoid", "cylinder")
"""Shapes whose point moves with the direction."""


def radius(shape: Shape) -> Number:
    """How far the surface is from the core."""
    return shape.size[0] if shape.kind in ("sphere", "capsule") else 0.0


def scale(shape: Shape) -> V3:
    """What a mark is multiplied by to give a point, but for the round part."""
    match shape.kind:
        case "sphere" | "ellipsoid":
            return ZERO
        case "capsule":
            return 0.0, 0.0, shape.size[1]
        case "cylinder":
            return shape.size[0], shape.size[0], shape.size[1]
        case "box":
            return shape.size[0], shape.size[1], shape.size[2]
        case _:
            return 1.0, 1.0, 1.0


def reach(shape: Shape) -> Number:
    """A bound of how far a shape reaches from its place."""
    match shape.kind:
        case "sphere":
            return shape.size[0]
        case "capsule":
            return shape.size[0] + shape.size[1]
        case "mesh":
            return shape.size[4]
        case "cylinder":
            return root(dot(shape.size[:2], shape.size[:2]))
        case _:
            return root(dot(shape.size[:3], shape.size[:3]))


def _hulls(shape: Shape) -> Hulls:
    assert shape.hulls is not None
    return shape.hulls


def mark(shape: Shape, n: V3) -> V3:
    """The mark of what is farthest along a direction."""
    local: V3 = mat_vec(transposed(shape.rotation), n)
    match shape.kind:
        case "box":
            return _sign(local[0]), _sign(local[1]), _sign(local[2])
        case "cylinder" | "capsule":
            return 0.0, 0.0, _sign(local[2])
        case "mesh":
            return _hulls(shape).farthest(shape.size, local)
        case _:
            return ZERO


def _sign(x: Number) -> Number:
    return select(x < 0.0, -1.0, 1.0)


def point(shape: Shape, n: V3, marked: V3, flat: Any = False) -> V3:
    """The point of a mark, farthest along n. `flat`: of a cylinder's end, where no rim counts."""
    local = tuple(mul(s, x) for s, x in zip(scale(shape), marked, strict=True))
    if shape.kind in ROUND:
        local = plus(local, _round(shape, mat_vec(transposed(shape.rotation), n), flat))
    return plus(shape.place, mat_vec(shape.rotation, local))


def _round(shape: Shape, n: V3, flat: Any) -> V3:
    """What moves with the direction."""
    if shape.kind == "ellipsoid":
        stretched = [mul(s, x) for s, x in zip(shape.size, n, strict=False)]
        length = sqrt(dot(stretched, stretched))
        return tuple(s * x / length for s, x in zip(shape.size, stretched, strict=False))  # pyright: ignore
    square = n[0] * n[0] + n[1] * n[1]
    off = (square > 1e-30) & ~flat if flat is not False else square > 1e-30  # straight on, the middle is as far
    by = select(off, shape.size[0] / sqrt(select(off, square, 1.0)), 0.0)
    return by * n[0], by * n[1], 0.0


def edge(shape: Shape, start: V3, end: V3) -> V3:
    """The vector from the point of one mark to that of another, which is a direction of a face or edge."""
    return mat_vec(shape.rotation, tuple(mul(s, x) for s, x in zip(scale(shape), minus(end, start), strict=True)))
