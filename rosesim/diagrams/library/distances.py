"""Signed distances: of points to shapes, and between shapes. Negative where they overlap.

`shapeDistance` takes the first of its rules that fits two kinds of shapes; `signedDistance` has one rule a kind.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from rosesim.diagrams import kinds
from rosesim.diagrams.boxes import Box, box, number, plain_box, point, points
from rosesim.diagrams.kinds import SHAPE, VECTOR2
from rosesim.diagrams.library.context import warn
from rosesim.diagrams.library.items import function
from rosesim.diagrams.library.polygons import ellipse_distance, polygon_distance
from rosesim.diagrams.scalars import (
    Number,
    Truth,
    absolute,
    at_most,
    both,
    choose,
    div,
    either,
    less,
    maximum,
    minimum,
    neg,
    negation,
    sqrt,
)
from rosesim.diagrams.shapes import RECTLIKE
from rosesim.diagrams.values import Shape, Vector
from rosesim.diagrams.vectors import (
    Numbers,
    Point,
    clamp,
    distance,
    dot,
    greatest,
    least,
    length,
    minus,
    squared,
    times,
)

POLY = ("Polygon", "Polyline")


def segments(corners: Sequence[Point]) -> list[tuple[Point, Point]]:
    """The segments of an open polyline."""
    return list(pairwise(corners))


def toward_segment(p: Sequence[Number], start: Sequence[Number], end: Sequence[Number]) -> Numbers:
    """From the nearest point of a segment to p."""
    along, to_p = minus(end, start), minus(p, start)
    h = clamp(div(dot(to_p, along), dot(along, along)), 0.0, 1.0)
    return minus(to_p, times(h, along))


def segment_distance(p: Sequence[Number], start: Sequence[Number], end: Sequence[Number]) -> Number:
    """The distance of p to a segment."""
    return length(toward_segment(p, start, end))


def inside_or_out(dx: Number, dy: Number) -> Number:
    """|(max(dx, 0), max(dy, 0))| + min(max(dx, dy), 0): to a box whose sides are dx and dy away."""
    return length((maximum(dx, 0.0), maximum(dy, 0.0))) + minimum(maximum(dx, dy), 0.0)


def box_to_origin(min_x: Number, max_x: Number, min_y: Number, max_y: Number) -> Number:
    """The signed distance of the origin to a box."""
    dx = absolute((min_x + max_x) / 2) - (max_x - min_x) / 2
    dy = absolute((min_y + max_y) / 2) - (max_y - min_y) / 2
    return inside_or_out(dx, dy)


def box_distance(a: Box, b: Box) -> Number:
    """The signed distance of two boxes: of the origin to their Minkowski difference."""
    xs = (a.min_x - b.min_x, a.max_x - b.max_x, a.min_x - b.max_x, a.max_x - b.min_x)
    ys = (a.min_y - b.min_y, a.max_y - b.max_y, a.min_y - b.max_y, a.max_y - b.min_y)
    return box_to_origin(least(xs), greatest(xs), least(ys), greatest(ys))


def convex_to_origin(corners: Sequence[Point]) -> Number:
    """The signed distance of the origin to a convex polygon whose corners go counter-clockwise.

    Each edge counts if the origin is beside it, or its end does if the origin is beyond it and before the next edge.
    """
    after_start: list[Truth] = []
    before_end: list[Truth] = []
    sides: list[Number] = []
    starts: list[Number] = []
    for i, (x, y) in enumerate(corners):
        x1, y1 = corners[(i + 1) % len(corners)]
        dx, dy = x1 - x, y1 - y
        squared_length = dx * dx + dy * dy
        along = neg(x * dx + y * dy)
        after_start.append(at_most(0.0, along))
        before_end.append(less(along, squared_length))
        starts.append(sqrt(x * x + y * y))
        sides.append(div(dx * y - x * dy, sqrt(squared_length)))
    found: list[Number] = []
    for i in range(len(corners)):
        k = (i + 1) % len(corners)
        corner = choose(after_start[k], -math.inf, starts[k])
        found.append(choose(after_start[i], choose(before_end[i], sides[i], corner), -math.inf))
    return greatest(found)


def rect_line_distance(low: Point, high: Point, start: Point, end: Point) -> Number:
    """The signed distance of an axis-aligned rectangle and a segment.

    It is that of the origin to their Minkowski difference, a hexagon whose shape depends on which diagonal the
    segment follows.
    """
    xs, ys = start
    xe, ye = end
    lx = maximum(xs, xe), minimum(xe, xs)
    ly = maximum(ys, ye), minimum(ye, ys)
    p, q = less(xe, xs), less(ye, ys)
    falls = either(both(p, negation(q)), both(negation(p), q))
    x = [[low[0] - lx[0], low[0] - lx[1]], [high[0] - lx[0], high[0] - lx[1]]]
    y = [[low[1] - ly[0], low[1] - ly[1]], [high[1] - ly[0], high[1] - ly[1]]]
    return convex_to_origin(
        (
            (choose(falls, x[0][1], x[0][0]), y[0][0]),
            (choose(falls, x[1][1], x[1][0]), y[0][0]),
            (x[1][1], choose(falls, y[1][0], y[0][1])),
            (choose(falls, x[1][0], x[1][1]), y[1][1]),
            (choose(falls, x[0][0], x[0][1]), y[1][1]),
            (x[0][0], choose(falls, y[0][1], y[1][0])),
        )
    )


def box_line_distance(b: Box, start: Point, end: Point) -> Number:
    """The signed distance of a box and a segment."""
    return rect_line_distance((b.min_x, b.min_y), (b.max_x, b.max_y), start, end)


def point_to_polygon(p: Point, corners: Sequence[Point]) -> Number:
    """The signed distance of p to a polygon of any form: the least to its sides, its sign by counting crossings."""
    least_squared = squared(minus(p, corners[0]))
    sign: Number = 1.0
    for i, corner in enumerate(corners):
        last = corners[i - 1]
        e, w = minus(last, corner), minus(p, corner)
        least_squared = minimum(least_squared, squared(toward_segment(p, corner, last)))
        above, below = at_most(corner[1], p[1]), less(p[1], last[1])
        left = less(e[1] * w[0], e[0] * w[1])
        crosses = either(both(both(above, below), left), negation(either(either(above, below), left)))
        sign = choose(crosses, neg(sign), sign)
    return sign * sqrt(least_squared)


def line_distance(a0: Point, a1: Point, b0: Point, b1: Point) -> Number:
    """The signed distance of two segments: of the origin to the parallelogram of their differences."""
    return point_to_polygon((0.0, 0.0), [minus(a0, b0), minus(a0, b1), minus(a1, b1), minus(a1, b0)])


def ends(line: Shape) -> tuple[Point, Point]:
    """Start and end of a Line."""
    return point(line, "start"), point(line, "end")


def _circles(a: Shape, b: Shape) -> Number:
    return distance(point(a, "center"), point(b, "center")) - (number(a, "r") + number(b, "r"))


def _rectlikes(a: Shape, b: Shape) -> Number:
    return box_distance(plain_box(a), plain_box(b))


def _rectlike_line(a: Shape, b: Shape) -> Number:
    return box_line_distance(plain_box(a), *ends(b))


def _rectlike_circle(a: Shape, b: Shape) -> Number:
    around, (x, y) = plain_box(a), point(b, "center")
    shifted = (around.min_x - x, around.max_x - x, around.min_y - y, around.max_y - y)
    return box_to_origin(*shifted) - number(b, "r")


def _circle_line(a: Shape, b: Shape) -> Number:
    return segment_distance(point(a, "center"), *ends(b)) - number(a, "r")


def _lines(a: Shape, b: Shape) -> Number:
    return line_distance(*ends(a), *ends(b))


def _polyline_circle(a: Shape, b: Shape) -> Number:
    middle, r = point(b, "center"), number(b, "r")
    return least([segment_distance(middle, *s) - r for s in segments(points(a))])


def _polyline_rectlike(a: Shape, b: Shape) -> Number:
    around = box(b)
    return least([box_line_distance(around, *s) for s in segments(points(a))])


def _polygons(a: Shape, b: Shape) -> Number:
    return polygon_distance(points(a), points(b))


def _polygon_ellipse(a: Shape, b: Shape) -> Number:
    return ellipse_distance(points(a), point(b, "center"), number(b, "rx"), number(b, "ry"))


_RULES: tuple[tuple[tuple[str, ...], tuple[str, ...], Callable[[Shape, Shape], Number]], ...] = (
    (("Circle",), ("Circle",), _circles),
    (RECTLIKE, RECTLIKE, _rectlikes),
    (RECTLIKE, ("Line",), _rectlike_line),
    (POLY, POLY, _polygons),
    (RECTLIKE, ("Circle",), _rectlike_circle),
    (POLY, ("Ellipse",), _polygon_ellipse),
    (("Circle",), ("Line",), _circle_line),
    (("Line",), ("Line",), _lines),
    (("Polyline",), ("Circle",), _polyline_circle),
    (("Polyline",), RECTLIKE, _polyline_rectlike),
)
"""Kinds of both shapes, in either order. The first rule that fits counts."""


def shape_distance(s1: Shape, s2: Shape) -> Number:
    """The signed distance of two shapes."""
    for first, second, rule in _RULES:
        if s1.kind in first and s2.kind in second:
            return rule(s1, s2)
        if s2.kind in first and s1.kind in second:
            return rule(s2, s1)
    sentence = f"the distance of {s1.name} ({s1.kind}) and {s2.name} ({s2.kind}) is that of their boxes"
    warn("BBoxApproximationWarning", sentence)
    return box_distance(box(s1), box(s2))


@function(bottomLeft=VECTOR2, topRight=VECTOR2, start=VECTOR2, end=VECTOR2)
def rectLineDist(bottomLeft: Vector, topRight: Vector, start: Vector, end: Vector) -> Number:
    """The signed distance of an axis-aligned rectangle and a segment: of the origin to their Minkowski difference.

    Where the origin is outside, the distance; where it is inside, minus the distance to the nearest side.
    """
    return rect_line_distance(bottomLeft.items, topRight.items, start.items, end.items)


@function(start1=VECTOR2, end1=VECTOR2, start2=VECTOR2, end2=VECTOR2)
def shapeDistanceLines(start1: Vector, end1: Vector, start2: Vector, end2: Vector) -> Number:
    """The signed distance of two segments; negative where they cross: of the origin to the parallelogram of a − b."""
    return line_distance(start1.items, end1.items, start2.items, end2.items)


@function(s1=SHAPE, s2=SHAPE)
def shapeDistance(s1: Shape, s2: Shape) -> Number:
    """The signed distance of two shapes, by the first rule that fits, in either order.

    - Circle, Circle: |c₁ − c₂| − (r₁ + r₂)
    - two of Rectangle, Equation, Text, Image (*rectlike*): of their boxes without stroke
    - rectlike, Line: `rectLineDist` of the box without stroke
    - two of Polygon and Polyline: the greatest, over convex parts of the first, of the least over those of the second
    - rectlike, Circle: of the box without stroke and the centre, minus r
    - Polygon or Polyline, Ellipse: the least over convex parts of an implicit function, which has the distance's sign
    - Circle, Line: of the centre and the segment, minus r
    - Line, Line: `shapeDistanceLines`
    - Polyline, Circle; Polyline, rectlike: the least over segments
    - all others: of their boxes with stroke, with a warning
    """
    return shape_distance(s1, s2)


@function(s=kinds.shape(*RECTLIKE, "Circle", "Polygon", "Line", "Polyline"), p=VECTOR2)
def signedDistance(s: Shape, p: Vector) -> Number:
    """The distance of a point to a shape, negative inside.

    - Rectangle, Equation, Text, Image: of the box, with stroke
    - Circle: |p − c| − r
    - Polygon: the least to its sides
    - Line, Polyline: the least to its segments, never negative
    """
    match s.kind:
        case "Circle":
            return distance(p.items, point(s, "center")) - number(s, "r")
        case "Polygon":
            return point_to_polygon(p.items, points(s))
        case "Line":
            return segment_distance(p.items, *ends(s))
        case "Polyline":
            return least([segment_distance(p.items, *e) for e in segments(points(s))])
        case _:
            b = box(s)
            x, y = minus(p.items, b.center)
            return inside_or_out(absolute(x) - b.width / 2, absolute(y) - b.height / 2)
