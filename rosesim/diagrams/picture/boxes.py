"""Bounding boxes of shapes whose numbers are known, as the engine defines them (control points, not curves)."""

from __future__ import annotations

import math
from collections.abc import Iterable

from rosesim.diagrams.picture import properties
from rosesim.diagrams.picture.properties import Point
from rosesim.diagrams.values import Shape

Box = tuple[float, float, float, float]
"""Left, bottom, right, top; y upwards."""

SMALL = 1e-18
"""The least argument of the root in an arc's centre."""


def hull(points: Iterable[Point]) -> Box:
    """The least box around points; at least one is needed."""
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def union(boxes: Iterable[Box]) -> Box | None:
    """The hull of boxes; None of none."""
    found = list(boxes)
    return hull([p for b in found for p in (b[:2], b[2:])]) if found else None


def box(shape: Shape) -> Box | None:
    """A shape's box; None where nothing is drawn (an empty path, an empty group)."""
    match shape.kind:
        case "Circle":
            r = properties.number(shape, "r")
            return _around(shape, r, r)
        case "Ellipse":
            return _around(shape, properties.number(shape, "rx"), properties.number(shape, "ry"))
        case "Rectangle" | "Equation" | "Text" | "Image":
            return _turned(shape)
        case "Line":
            return _thick(shape)
        case "Polygon" | "Polyline":
            scale = properties.number(shape, "scale", 1.0)
            corners = properties.points(shape)
            return hull((scale * x, scale * y) for x, y in corners) if corners else None
        case "Path":
            visited = _visited(properties.path(shape))
            return hull(visited) if visited else None
        case _:
            return _grouped(shape)


def _around(shape: Shape, rx: float, ry: float) -> Box:
    (x, y), w = properties.point(shape, "center"), properties.number(shape, "strokeWidth", 0.0) / 2.0
    return x - rx - w, y - ry - w, x + rx + w, y + ry + w


def _turned(shape: Shape) -> Box:
    stroke = properties.number(shape, "strokeWidth", 0.0) if shape.kind == "Rectangle" else 0.0
    x, y = properties.point(shape, "center")
    w = (properties.number(shape, "width") + stroke) / 2.0
    h = (properties.number(shape, "height") + stroke) / 2.0
    turn = math.radians(properties.number(shape, "rotation", 0.0))
    c, s = math.cos(turn), math.sin(turn)
    return hull((x + i * w * c + j * h * s, y - i * w * s + j * h * c) for i in (-1, 1) for j in (-1, 1))


def _thick(shape: Shape) -> Box:
    (ax, ay), (bx, by) = properties.point(shape, "start"), properties.point(shape, "end")
    half = properties.number(shape, "strokeWidth", 1.0) / 2.0
    length = math.hypot(bx - ax, by - ay) or 1.0
    n = -(by - ay) / length * half, (bx - ax) / length * half
    return hull((x + i * n[0], y + i * n[1]) for x, y in ((ax, ay), (bx, by)) for i in (-1, 1))


def _grouped(shape: Shape) -> Box | None:
    whole = union(b for b in map(box, properties.members(shape)) if b is not None)
    clip = properties.clip(shape)
    window = box(clip) if clip is not None else None
    if whole is None or window is None:
        return whole
    left, bottom = max(whole[0], window[0]), max(whole[1], window[1])
    right, top = min(whole[2], window[2]), min(whole[3], window[3])
    return (left, bottom, right, top) if left < right and bottom < top else (0.0, 0.0, 0.0, 0.0)


def _visited(commands: list[tuple[str, list[float]]]) -> list[Point]:
    """Ends and control points; of an arc two corners of its circle's box."""
    found: list[Point] = []
    cursor = first = control = (0.0, 0.0)
    for letter, n in commands:
        here = [(n[i], n[i + 1]) for i in range(0, len(n), 2)] if letter != "A" else [(n[5], n[6])]
        if letter == "Z":
            here = [first]
        elif letter == "M":
            first = here[-1]
        elif letter == "A":
            found += _round(cursor, n)
        if letter in "TS":
            here.insert(0, (2 * cursor[0] - control[0], 2 * cursor[1] - control[1]))
        if letter not in "MA":
            found += [cursor, *here]
        control = here[-2] if len(here) > 1 else here[-1]
        cursor = here[-1]
    return found


def _round(start: Point, numbers: list[float]) -> list[Point]:
    """The corners of the box around the circle of an arc: SVG's conversion of two ends to a centre."""
    rx, ry, rotation, large, sweep, *end = numbers
    turn = math.radians(rotation)
    c, s = math.cos(turn), math.sin(turn)
    half_x, half_y = (start[0] - end[0]) / 2.0, (start[1] - end[1]) / 2.0
    x, y = c * half_x + s * half_y, -s * half_x + c * half_y
    rx, ry = abs(rx) or math.sqrt(SMALL), abs(ry) or math.sqrt(SMALL)
    grown = math.sqrt(max(1.0, (x / rx) ** 2 + (y / ry) ** 2))
    rx, ry = grown * rx, grown * ry
    across = (rx * y) ** 2 + (ry * x) ** 2
    root = math.sqrt(max(SMALL, ((rx * ry) ** 2 - across) / across)) if across else 0.0
    root = root if bool(large) == bool(sweep) else -root
    u, v = root * rx * y / ry, -root * ry * x / rx
    centre = c * u - s * v + (start[0] + end[0]) / 2.0, s * u + c * v + (start[1] + end[1]) / 2.0
    r = max(rx, ry)
    return [(centre[0] - r, centre[1] - r), (centre[0] + r, centre[1] + r)]
