"""The axis-aligned box around a shape."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from rosesim.diagrams.scalars import Number, choose, div, less, maximum, neg, same, sqrt
from rosesim.diagrams.values import Clip, Path, Rows, Shape, Shapes, Value, Vector
from rosesim.diagrams.vectors import (
    Point,
    greatest,
    least,
    left_of,
    minus,
    normalised,
    plus,
    squared,
    times,
    turned,
)

ROOT = 1e-18
"""The least argument of the root in the centre of an arc, as in Penrose."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box. It keeps its edges and its size, so that nobody computes one from the other twice.

    >>> box = sized(4.0, 2.0, (1.0, 0.0))
    >>> box.min_x, box.max_x, box.min_y, box.max_y
    (-1.0, 3.0, -1.0, 1.0)
    """

    width: Number
    height: Number
    center: Point
    min_x: Number
    max_x: Number
    min_y: Number
    max_y: Number

    @property
    def corners(self) -> tuple[Point, Point, Point, Point]:
        """Top right, top left, bottom left, bottom right."""
        return (
            (self.max_x, self.max_y),
            (self.min_x, self.max_y),
            (self.min_x, self.min_y),
            (self.max_x, self.min_y),
        )


def sized(width: Number, height: Number, center: Sequence[Number]) -> Box:
    """The box of a size about a centre."""
    x, y = center
    w, h = width / 2, height / 2
    return Box(width, height, (x, y), x - w, x + w, y - h, y + h)


def edged(min_x: Number, max_x: Number, min_y: Number, max_y: Number) -> Box:
    """The box between edges."""
    center = ((min_x + max_x) / 2, (min_y + max_y) / 2)
    return Box(max_x - min_x, max_y - min_y, center, min_x, max_x, min_y, max_y)


def hull(points: Iterable[Sequence[Number]]) -> Box:
    """The box around points.

    >>> hull([(0.0, 1.0), (4.0, -1.0)]).center
    (2.0, 0.0)
    """
    xs, ys = zip(*points, strict=True)
    return edged(least(xs), greatest(xs), least(ys), greatest(ys))


def box(shape: Shape) -> Box:
    """The box around a shape, with its stroke; a polygon's stroke does not count.

    Raises ValueError for path data that are empty or do not start with M, and for a group without members.
    """
    return _BOXES[shape.kind](shape)


def plain_box(shape: Shape) -> Box:
    """The box around a Rectangle, Equation, Text or Image without its stroke."""
    return _rectangle(shape, 0.0)


def center(shape: Shape) -> Point:
    """The shape's `center` if it has one, otherwise the centre of its box."""
    return point(shape, "center") if "center" in shape.properties else box(shape).center


def number(shape: Shape, name: str) -> Number:
    """A property that is a number; 0 if the kind does not have it (an Equation's stroke)."""
    return cast(Number, shape.properties.get(name, 0.0))


def point(shape: Shape, name: str) -> Point:
    """A property that is a point."""
    x, y = cast(Vector, shape.properties[name]).items
    return x, y


def points(shape: Shape) -> tuple[Point, ...]:
    """The points of a Polygon or a Polyline, without its scale."""
    return cast(Rows, shape.properties["points"]).rows


def members(shape: Shape) -> list[Shape]:
    """The shapes of a Group."""
    return cast(Shapes, shape.properties["shapes"]).items


def clip_shape(shape: Shape) -> Shape | None:
    """What a Group is clipped to."""
    clip: Value = shape.properties.get("clipPath", Clip())
    return clip.shape if isinstance(clip, Clip) else None


def _circle(shape: Shape) -> Box:
    side = 2 * number(shape, "r") + number(shape, "strokeWidth")
    return sized(side, side, point(shape, "center"))


def _ellipse(shape: Shape) -> Box:
    stroke = number(shape, "strokeWidth")
    return sized(2 * number(shape, "rx") + stroke, 2 * number(shape, "ry") + stroke, point(shape, "center"))


def _rectangle(shape: Shape, stroke: Number) -> Box:
    width, height = number(shape, "width") + stroke, number(shape, "height") + stroke
    middle, rotation = point(shape, "center"), number(shape, "rotation")
    if rotation == 0.0:
        upright = sized(width, height, middle)
        if not isinstance(width, float) or not isinstance(height, float) or width < 0 or height < 0:
            # The optimiser may make a size negative.
            return hull(upright.corners)
        return upright
    right, down = turned((width, 0.0), -rotation), turned((0.0, -height), -rotation)
    top_left = minus(middle, times(0.5, plus(down, right)))
    top_right = plus(top_left, right)
    return hull((top_right, top_left, plus(top_left, down), plus(top_right, down)))


def _line(shape: Shape) -> Box:
    start, end = point(shape, "start"), point(shape, "end")
    aside = times(number(shape, "strokeWidth") / 2, left_of(normalised(minus(end, start))))
    return hull((plus(start, aside), minus(start, aside), plus(end, aside), minus(end, aside)))


def _polygon(shape: Shape) -> Box:
    scale = number(shape, "scale")
    return hull([times(scale, p) for p in points(shape)])


def _group(shape: Shape) -> Box:
    if not members(shape):
        raise ValueError("a group without members has no box; expected at least one shape in `shapes`")
    around = hull([corner for m in members(shape) for corner in box(m).corners])
    clip = clip_shape(shape)
    if clip is None:
        return around
    b = box(clip)
    min_x, max_x = maximum(around.min_x, b.min_x), least((around.max_x, b.max_x))
    min_y, max_y = maximum(around.min_y, b.min_y), least((around.max_y, b.max_y))

    def unless_empty(edge: Number) -> Number:
        return choose(less(max_x, min_x), 0.0, choose(less(max_y, min_y), 0.0, edge))

    return edged(*(unless_empty(edge) for edge in (min_x, max_x, min_y, max_y)))


def _path(shape: Shape) -> Box:
    return hull(path_points(cast(Path, shape.properties["d"])))


def path_points(path: Path) -> list[Sequence[Number]]:
    """The points whose hull is the box of path data: ends, controls, and the box around the circle of an arc."""
    if not path.commands:
        raise ValueError("path data are empty; expected at least a move, as pathFromPoints makes")
    if path.commands[0][0] != "M":
        raise ValueError(f"path data start with {path.commands[0][0]}; expected M")
    found: list[Sequence[Number]] = []
    cursor: Sequence[Number] = ()
    first: Sequence[Number] = ()
    control: Sequence[Number] = ()
    for letter, data in path.commands:
        if letter == "Z":
            found += [cursor, first]
            cursor = first
            continue
        end = data[-2:]
        if letter == "M":
            first = end
        elif letter == "L":
            found += [cursor, end]
        elif letter == "A":
            found += _arc_points(cursor, data)
        else:
            given = [data[i : i + 2] for i in range(0, len(data) - 2, 2)]
            if letter in "TS":
                given.insert(0, plus(cursor, minus(cursor, control)))
            found += [cursor, *given, end]
            control = given[-1]
        cursor = end
        if letter not in "QTCS":
            control = end
    return found


def _arc_points(start: Sequence[Number], data: Sequence[Number]) -> tuple[Point, ...]:
    """The corners of the box around the circle that has an arc's centre and its greater radius.

    SVG 1.1, F.6.5 and F.6.6, with y upwards.
    """
    rx, ry, rotation, large, sweep, *end = data
    x, y = turned(times(0.5, minus(start, end)), rotation)
    ratio = squared((div(x, rx), div(y, ry)))
    too_small = less(1.0, ratio)
    rx = choose(too_small, sqrt(ratio) * rx, rx)
    ry = choose(too_small, sqrt(ratio) * ry, ry)
    # Of radii that were too small, the root is of a rounding error: another order of these operations shows.
    across, along, both = rx * y, ry * x, rx * ry
    area = across * across + along * along
    root = sqrt(maximum(div(both * both - across * across - along * along, area), ROOT))
    root = choose(same(large, sweep), root, neg(root))
    middle = turned((root * div(across, ry), root * neg(div(along, rx))), neg(rotation))
    radius = maximum(rx, ry)
    return sized(2 * radius, 2 * radius, plus(middle, times(0.5, plus(start, end)))).corners


_BOXES: dict[str, Callable[[Shape], Box]] = {
    "Circle": _circle,
    "Ellipse": _ellipse,
    "Rectangle": lambda shape: _rectangle(shape, number(shape, "strokeWidth")),
    "Equation": plain_box,
    "Text": plain_box,
    "Image": plain_box,
    "Line": _line,
    "Polygon": _polygon,
    "Polyline": _polygon,
    "Path": _path,
    "Group": _group,
}
