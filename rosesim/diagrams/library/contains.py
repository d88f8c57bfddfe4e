"""Whether a shape contains another."""

from __future__ import annotations

from rosesim.diagrams.boxes import Box, box, center, clip_shape, members, number, point, points
from rosesim.diagrams.kinds import NUMBER, SHAPE
from rosesim.diagrams.library.context import warn
from rosesim.diagrams.library.items import constraint
from rosesim.diagrams.library.polygons import Inside
from rosesim.diagrams.scalars import Number, absolute, choose, less, maximum
from rosesim.diagrams.shapes import RECTLIKE
from rosesim.diagrams.values import Shape
from rosesim.diagrams.vectors import distance, greatest, least, length


@constraint(s1=SHAPE, s2=SHAPE, padding=NUMBER)
def contains(s1: Shape, s2: Shape, padding: Number = 0.0) -> Number:
    """s2 is in s1, at least `padding` from its border. The first rule that fits, on boxes with stroke:

    - Circle, Circle: |c₁ − c₂| − (r₁ − r₂ − padding)
    - Polygon, Polygon: the greatest of padding + n·q − d over the points q of s2 and the sides of s1's convex parts,
      n·p = d with n outward
    - Polygon, Circle: that of the centre, with padding + r
    - Circle, Polygon: the greatest of |q − c| + padding − r
    - Circle, rectlike: |c₁ − c₂| − (r₁ − max(width, height)), the padding ignored
    - rectlike, Circle: the greater of |c₁ₓ − c₂ₓ| − (w/2 − r − padding) and the same for y and h
    - Group: the least of its members' values; with a clip, √(max(0, that)² + max(0, contains(clip, s2))²)
    - all others: by boxes, the sum of squares of how far each edge of s2 is out; with a warning, unless both are
      rectlike
    """
    match s1.kind, s2.kind:
        case "Circle", "Circle":
            radii = number(s1, "r") - number(s2, "r") - padding
            return distance(point(s1, "center"), point(s2, "center")) - radii
        case "Polygon", "Polygon":
            inside = Inside.of(points(s1))
            return greatest([inside(q, padding) for q in points(s2)])
        case "Polygon", "Circle":
            return Inside.of(points(s1))(point(s2, "center"), padding + number(s2, "r"))
        case "Circle", "Polygon":
            middle, r = point(s1, "center"), number(s1, "r")
            return greatest([distance(q, middle) + padding - r for q in points(s2)])
        case "Circle", kind if kind in RECTLIKE:
            around = box(s2)
            radii = number(s1, "r") - maximum(around.width, around.height)
            return distance(point(s1, "center"), around.center) - radii
        case kind, "Circle" if kind in RECTLIKE:
            return _box_circle(box(s1), s2, padding)
        case "Group", _:
            return _group(s1, s2, padding)
        case _:
            if s1.kind not in RECTLIKE or s2.kind not in RECTLIKE:
                sentence = f"whether {s1.name} ({s1.kind}) contains {s2.name} ({s2.kind}) is judged by their boxes"
                warn("BBoxApproximationWarning", sentence)
            return _boxes(box(s1), box(s2), padding)


def _box_circle(around: Box, circle: Shape, padding: Number) -> Number:
    (x, y), r = center(circle), number(circle, "r")
    dx = absolute(x - around.center[0]) - (around.width / 2 - r - padding)
    dy = absolute(y - around.center[1]) - (around.height / 2 - r - padding)
    return maximum(dx, dy)


def _group(group: Shape, s2: Shape, padding: Number) -> Number:
    inside = least([contains(m, s2, padding) for m in members(group)])
    clip = clip_shape(group)
    if clip is None:
        return inside
    return length((maximum(0.0, inside), maximum(0.0, contains(clip, s2))))


def _boxes(outer: Box, inner: Box, padding: Number) -> Number:
    def out(a: Number, b: Number) -> Number:
        return choose(less(a, b), 0.0, (a - b) * (a - b))

    return (
        out(outer.min_x, inner.min_x - padding)
        + out(inner.max_x + padding, outer.max_x)
        + out(outer.min_y, inner.min_y - padding)
        + out(inner.max_y + padding, outer.max_y)
    )
