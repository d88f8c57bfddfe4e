"""What a ray meets, and where a shape ends for an eye: its silhouette."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rosesim.diagrams import kinds
from rosesim.diagrams.boxes import box, members, points
from rosesim.diagrams.kinds import VECTOR2
from rosesim.diagrams.library.distances import ends, segments
from rosesim.diagrams.library.items import function
from rosesim.diagrams.scalars import Number, at_most, both, choose, div, less
from rosesim.diagrams.shapes import RECTLIKE
from rosesim.diagrams.values import Shape, Vector
from rosesim.diagrams.vectors import (
    Numbers,
    Point,
    cross,
    distance,
    dot,
    least,
    left_of,
    length,
    minus,
    normalised,
    times,
)

STRAIGHT = kinds.shape(*RECTLIKE, "Line", "Polyline", "Polygon", "Group")

ON_SIDE = 1e-9
"""A point at which a ray has met a side lies on it but for rounding: it sees that side from the edge."""


def _contours(s: Shape) -> list[list[Point]]:
    """The corners of each polyline of a shape; a closed one ends with its first corner."""
    match s.kind:
        case "Group":
            return [c for m in members(s) for c in _contours(m)]
        case "Line":
            return [list(ends(s))]
        case "Polyline":
            return [list(points(s))]
        case "Polygon":
            return [[*points(s), points(s)[0]]]
        case _:
            corners = box(s).corners
            return [[*corners, corners[0]]]


def _hit(p: Point, v: Point, start: Point, end: Point) -> Number:
    """How many times v lie between p and a segment; ∞ where the ray misses it."""
    along, to_start = minus(end, start), minus(start, p)
    turn = cross(v, along)
    t, share = div(cross(to_start, along), turn), div(cross(to_start, v), turn)
    on_segment = both(at_most(0.0, share), at_most(share, 1.0))
    return choose(both(at_most(0.0, t), on_segment), t, math.inf)


def _sides(s: Shape) -> list[tuple[Point, Point]]:
    return [side for contour in _contours(s) for side in segments(contour)]


@function(S=STRAIGHT, p=VECTOR2, v=VECTOR2)
def rayIntersectDistance(S: Shape, p: Vector, v: Vector) -> Number:
    """The distance from p to the first point of a shape's border along the ray p + t v; ∞ if it meets none."""
    return least([_hit(p.items, v.items, *side) for side in _sides(S)]) * length(v.items)


@function(S=STRAIGHT, p=VECTOR2, v=VECTOR2)
def rayIntersectNormal(S: Shape, p: Vector, v: Vector) -> Vector:
    """The normal, of length 1 and towards p, where p + t v first meets a shape's border; (0, 0) if nowhere."""
    first: Number = math.inf
    normal: Numbers = (0.0, 0.0)
    for start, end in _sides(S):
        t = _hit(p.items, v.items, start, end)
        n = normalised(left_of(minus(end, start)))
        away = less(0.0, dot(n, v.items))
        facing = [choose(away, b, a) for a, b in zip(n, times(-1.0, n), strict=True)]
        nearer = less(t, first)
        normal = tuple(choose(nearer, new, old) for new, old in zip(facing, normal, strict=True))
        first = choose(nearer, t, first)
    return Vector(normal)


def _silhouette_distances(p: Point, contour: Sequence[Point]) -> list[Number]:
    """The distances to corners of which p sees one side from the front and the other not; otherwise ∞."""
    found: list[Number] = []
    # The first corner of a closed contour has neighbours on both sides, too.
    closed = contour[0] is contour[-1]
    contour = [*contour, contour[1]] if closed else contour
    for before, corner, after in zip(contour, contour[1:], contour[2:], strict=False):
        to_p = normalised(minus(p, corner))
        sides = cross(normalised(minus(corner, before)), to_p) * cross(normalised(minus(after, corner)), to_p)
        found.append(choose(less(sides, ON_SIDE), distance(p, corner), math.inf))
    return found


@function(S=STRAIGHT, p=VECTOR2)
def closestSilhouetteDistance(S: Shape, p: Vector) -> Number:
    """The distance of p to the closest corner where a shape turns away from it; ∞ if there is none.

    p sees one of the corner's sides from the front and the other from behind or from its edge. Ends of an open shape
    do not count.
    """
    return least([d for c in _contours(S) for d in _silhouette_distances(p.items, c)])
