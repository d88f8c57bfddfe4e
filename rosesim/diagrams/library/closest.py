"""The point of a shape that is closest to a given point."""

from __future__ import annotations

from collections.abc import Sequence

from rosesim.diagrams import kinds
from rosesim.diagrams.boxes import members, number, plain_box, point, points
from rosesim.diagrams.kinds import VECTOR2
from rosesim.diagrams.library.distances import ends, segments
from rosesim.diagrams.library.items import function
from rosesim.diagrams.scalars import Number, absolute, at_most, atan2, choose, cos, div, either, same, sin
from rosesim.diagrams.shapes import RECTLIKE
from rosesim.diagrams.values import Shape, Vector
from rosesim.diagrams.vectors import Point, clamp, distance, dot, least, length, minus, over, plus, squared, times

NEWTON_STEPS = 2
"""Of the closest point of an ellipse."""


@function(s=kinds.shape(*RECTLIKE, "Circle", "Polygon", "Line", "Polyline", "Ellipse", "Group"), p=VECTOR2)
def closestPoint(s: Shape, p: Vector) -> Vector:
    """The point of a shape's border that is closest to p.

    - Circle: c + r (p − c)/|p − c|
    - Line: a + (b − a) clamp((p − a)·(b − a)/|b − a|², 0, 1)
    - Polygon, Polyline: the closest of their segments; of equally close ones the last
    - Rectangle, Equation, Text, Image: on the closest side of the box without stroke
    - Ellipse: by two steps of Newton for the angle t, from atan2(a q_y, b q_x), q = p − c; rough close to the centre
    - Group: the closest of its members; of equally close ones the last
    """
    return Vector(_closest(s, p.items))


def _closest(s: Shape, p: Point) -> Point:
    match s.kind:
        case "Circle":
            away = minus(p, point(s, "center"))
            return plus(point(s, "center"), over(times(number(s, "r"), away), length(away)))
        case "Line":
            return _on_segment(p, *ends(s))
        case "Polygon":
            corners = points(s)
            return _nearest(p, [_on_segment(p, *e) for e in segments([*corners, corners[0]])])
        case "Polyline":
            return _nearest(p, [_on_segment(p, *e) for e in segments(points(s))])
        case "Ellipse":
            return _on_ellipse(p, point(s, "center"), number(s, "rx"), number(s, "ry"))
        case "Group":
            return _nearest(p, [_closest(m, p) for m in members(s)])
        case _:
            return _on_box(s, p)


def _on_segment(p: Point, start: Point, end: Point) -> Point:
    along = minus(end, start)
    share = clamp(div(dot(minus(p, start), along), squared(along)), 0.0, 1.0)
    return plus(start, times(share, along))


def _nearest(p: Point, candidates: Sequence[Point]) -> Point:
    if not candidates:
        raise ValueError("the shape is empty; expected at least one member or segment")
    best = candidates[0]
    best_distance = distance(p, best)
    for candidate in candidates[1:]:
        d = distance(p, candidate)
        closer = at_most(d, best_distance)
        best = tuple(choose(closer, new, old) for new, old in zip(candidate, best, strict=True))
        best_distance = choose(closer, d, best_distance)
    return best


def _on_box(s: Shape, p: Point) -> Point:
    b = plain_box(s)
    x, y = clamp(p[0], b.min_x, b.max_x), clamp(p[1], b.min_y, b.max_y)
    left, right, bottom, top = (
        absolute(x - b.min_x), absolute(x - b.max_x), absolute(y - b.min_y), absolute(y - b.max_y),
    )  # fmt: skip
    nearest = least([left, right, bottom, top])
    level = either(same(nearest, bottom), same(nearest, top))
    upright = either(same(nearest, left), same(nearest, right))
    return (
        choose(same(nearest, left), b.min_x, choose(level, x, b.max_x)),
        choose(same(nearest, top), b.max_y, choose(upright, y, b.min_y)),
    )


def _on_ellipse(p: Point, middle: Point, a: Number, b: Number) -> Point:
    qx, qy = minus(p, middle)
    focal = a * a - b * b
    t = atan2(a * qy, b * qx)
    for _ in range(NEWTON_STEPS):
        slope = cos(t) * (b * qy + focal * sin(t)) - a * qx * sin(t)
        t = t - div(slope, focal * cos(2 * t) - b * qy * sin(t) - a * qx * cos(t))
    return plus(middle, (a * cos(t), b * sin(t)))
