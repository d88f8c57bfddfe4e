"""Constraints: numbers that are at most 0 where they hold. `contains` has a file of its own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

from rosesim.diagrams.boxes import box
from rosesim.diagrams.kinds import BOOLEAN, NUMBER, ROWS, SHAPE, SHAPES
from rosesim.diagrams.library.curves import spread_of_edges
from rosesim.diagrams.library.distances import shape_distance
from rosesim.diagrams.library.items import constraint
from rosesim.diagrams.scalars import Number, absolute, choose, less, maximum, total
from rosesim.diagrams.values import Rows, Shape, Shapes, Value


@constraint("equal", x=NUMBER, y=NUMBER)
def equal(x: Number, y: Number) -> Number:
    """|x − y|."""
    return absolute(x - y)


@constraint("lessThan", x=NUMBER, y=NUMBER, padding=NUMBER)
def less_than(x: Number, y: Number, padding: Number = 0.0) -> Number:
    """x − y + padding."""
    return x - y + padding


@constraint("greaterThan", x=NUMBER, y=NUMBER, padding=NUMBER)
def greater_than(x: Number, y: Number, padding: Number = 0.0) -> Number:
    """y − x + padding."""
    return y - x + padding


@constraint(x=NUMBER, x0=NUMBER, x1=NUMBER)
def inRange(x: Number, x0: Number, x1: Number) -> Number:
    """(x − x₁ unless x < x₁) + (x₀ − x unless x₀ < x)."""
    return choose(less(x, x1), 0.0, x - x1) + choose(less(x0, x), 0.0, x0 - x)


@constraint(s1=SHAPE, s2=SHAPE, padding=NUMBER)
def disjoint(s1: Shape, s2: Shape, padding: Number = 0.0) -> Number:
    """padding − shapeDistance(s1, s2)."""
    return padding - shape_distance(s1, s2)


@constraint(s1=SHAPE, s2=SHAPE, overlap=NUMBER)
def overlapping(s1: Shape, s2: Shape, overlap: Number = 0.0) -> Number:
    """shapeDistance(s1, s2) + overlap."""
    return shape_distance(s1, s2) + overlap


@constraint(s1=SHAPE, s2=SHAPE, padding=NUMBER)
def touching(s1: Shape, s2: Shape, padding: Number = 0.0) -> Number:
    """|shapeDistance(s1, s2) − padding|."""
    return absolute(shape_distance(s1, s2) - padding)


@constraint(s=SHAPE, width=NUMBER, height=NUMBER)
def onCanvas(s: Shape, width: Number, height: Number) -> Number:
    """How far the shape's box is out of a canvas about the origin, summed over the four sides."""
    b, w, h = box(s), width / 2, height / 2
    return (
        maximum(0.0, -w - b.min_x)
        + maximum(0.0, b.max_x - w)
        + maximum(0.0, -h - b.min_y)
        + maximum(0.0, b.max_y - h)
    )


def _reversed_if(wanted: bool):
    """Reverses the list of shapes itself, as Penrose does: whoever reads the list later meets the new order.

    The call keeps a copy, so that its value may be computed as often as one likes.
    """

    def prepare(args: Sequence[Value]) -> tuple[Value, ...]:
        shapes = cast(Shapes, args[0])
        if args[2] == wanted:
            shapes.items.reverse()
        return (Shapes(list(shapes.items)), *args[1:])

    return prepare


@constraint("distributeVertically", _reversed_if(True), shapes=SHAPES, padding=NUMBER, topToBottom=BOOLEAN)
def distribute_vertically(shapes: Shapes, padding: Number = 0.0, topToBottom: bool = True) -> Number:
    """The sum over neighbours of |maxY + padding − minY of the next|, after a reversal if topToBottom.

    The reversal changes the list value itself.
    """
    boxes = [box(s) for s in shapes.items]
    return total(absolute(a.max_y + padding - b.min_y) for a, b in pairwise(boxes))


@constraint("distributeHorizontally", _reversed_if(False), shapes=SHAPES, padding=NUMBER, leftToRight=BOOLEAN)
def distribute_horizontally(shapes: Shapes, padding: Number = 0.0, leftToRight: bool = True) -> Number:
    """The sum over neighbours of |maxX + padding − minX of the next|, after a reversal unless leftToRight.

    The reversal changes the list value itself.
    """
    boxes = [box(s) for s in shapes.items]
    return total(absolute(a.max_x + padding - b.min_x) for a, b in pairwise(boxes))


@constraint("isEquilateral", points=ROWS, closed=BOOLEAN)
def is_equilateral(points: Rows, closed: bool) -> Number:
    """The sum over edges of (length − mean length)²."""
    return spread_of_edges(points.rows, closed)
