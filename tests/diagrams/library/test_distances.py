"""Distances of shapes whose geometry is known, and which rule two kinds have."""

import math
import random
from typing import Any

import pytest
from diagrams_kit import ARROW, SQUARE, call, circle, ellipse, group, line, poly, rectangle, shape

from rosesim.diagrams import library
from rosesim.diagrams.library import CallError
from rosesim.diagrams.values import Shape

IN_NOTCH = ((-2.2, -0.1), (-1.9, -0.1), (-1.9, 0.1), (-2.2, 0.1))
"""A rectangle before the notch of the arrow, within its hull."""
TRIANGLE = ((0.0, 0.0), (4.0, 0.0), (0.0, 4.0))


def text(x: float, y: float, width: float, height: float) -> Shape:
    return shape("Text", center=(x, y), width=width, height=height)


DISTANCES = [
    ("circles apart", circle(0, 0, 1), circle(3, 4, 2), 2),
    ("circles that overlap", circle(0, 0, 3), circle(3, 4, 4), -2),
    ("a circle's stroke does not count", circle(0, 0, 1, stroke=5), circle(3, 4, 2), 2),
    ("boxes side by side", rectangle(0, 0, 2, 2), text(5, 0, 4, 2), 2),
    ("boxes corner to corner", rectangle(0, 0, 2, 2), text(5, 6, 2, 4), 3 * math.sqrt(2)),
    ("boxes that overlap by the shallower depth", rectangle(0, 0, 4, 4), text(3, 1, 4, 4), -1),
    ("a rectangle's stroke does not count", rectangle(0, 0, 2, 2, stroke=1), text(5, 0, 4, 2), 2),
    ("a turned rectangle has its hull", rectangle(0, 0, 2, 4, rotation=90), text(5, 0, 2, 2), 2),
    ("a circle beside a box", circle(5, 0, 1), rectangle(0, 0, 2, 8), 3),
    ("a circle beside a box elsewhere", circle(9, 5, 1), rectangle(4, 5, 2, 8), 3),
    ("a circle off a corner", rectangle(0, 0, 2, 2), circle(4, 5, 1), 4),
    ("a circle in a box", rectangle(0, 0, 10, 20), circle(3, 0, 1), -3),
    ("a line above a box", rectangle(0, 0, 2, 2), line((-9, 4), (9, 4)), 3),
    ("a falling line off a corner", rectangle(0, 0, 2, 2), line((0, 4), (4, 0)), math.sqrt(2)),
    ("a rising line off a corner", rectangle(0, 0, 2, 2), line((-4, 0), (0, 4)), math.sqrt(2)),
    ("a line that ends before a box", rectangle(0, 0, 2, 2), line((4, 5), (9, 9)), 5),
    ("a line through a box", rectangle(0, 0, 2, 2), line((-9, 0), (9, 0)), -1),
    ("a circle beside a line", circle(0, 3, 1), line((-5, 0), (5, 0)), 2),
    ("a circle beyond a line", circle(8, 4, 1), line((-5, 0), (5, 0)), 4),
    ("a circle on a line", circle(0, 0, 1), line((-5, 0), (5, 0)), -1),
    ("lines end to end", line((0, 0), (1, 0)), line((4, 4), (9, 9)), 5),
    ("lines side by side", line((0, 0), (4, 0)), line((1, 2), (3, 3)), 2),
    ("lines that cross", line((-2, 0), (2, 0)), line((0, -1), (0, 5)), -1),
    ("polygons apart", poly("Polygon", *SQUARE), poly("Polygon", *((x + 5, y) for x, y in SQUARE)), 3),
    ("polygons that overlap", poly("Polygon", *SQUARE), poly("Polygon", *((x + 1.5, y) for x, y in SQUARE)), -0.5),
    ("a notch is not filled", poly("Polygon", *ARROW), poly("Polygon", *IN_NOTCH), 1.7 / math.sqrt(5)),
    ("a polyline and a circle", poly("Polyline", (0, 0), (4, 0), (4, 4)), circle(7, 2, 1), 2),
    (
        "a polyline and a box with its stroke",
        poly("Polyline", (0, 0), (4, 0), (4, 4)),
        rectangle(8, 2, 2, 2, 0, 1),
        2.5,
    ),
    ("an ellipse and a circle are boxes", ellipse(0, 0, 2, 1), circle(5, 0, 1), 2),
    ("a polygon and a circle are boxes", poly("Polygon", *TRIANGLE), circle(7, 2, 1), 2),
    ("a group is its box", group(circle(0, 0, 1), circle(2, 0, 1)), circle(6, 0, 1), 2),
]


@pytest.mark.parametrize(("s1", "s2", "expected"), [d[1:] for d in DISTANCES], ids=[d[0] for d in DISTANCES])
def test_a_distance_in_either_order(s1: Shape, s2: Shape, expected: float):
    # A normal or a direction is short of 1 by about epsilon over its length.
    assert call("shapeDistance", s1, s2) == pytest.approx(expected, abs=3e-5)
    assert call("shapeDistance", s2, s1) == pytest.approx(expected, abs=3e-5)


@pytest.mark.parametrize("gap", [-0.05, 0.05])
@pytest.mark.parametrize("degrees", [0, 20, 75, 90, 130, 200, 300])
def test_an_ellipse_touches_a_polygon_where_the_sign_changes(degrees: float, gap: float):
    """A square faces the ellipse around (1, 2) where their normals have an angle."""
    n = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    reach = math.hypot(3 * n[0], n[1])
    touch = 1 + 9 * n[0] / reach, 2 + n[1] / reach
    middle = touch[0] + (1 + gap) * n[0], touch[1] + (1 + gap) * n[1]
    square = [(middle[0] + a * n[0] - b * n[1], middle[1] + a * n[1] + b * n[0]) for a, b in SQUARE]
    value = call("shapeDistance", poly("Polygon", *square), ellipse(1, 2, 3, 1))
    assert math.copysign(1, value) == math.copysign(1, gap)


def test_only_kinds_without_a_rule_warn():
    said: list[str] = []
    with library.at_start([], lambda kind, _: said.append(kind)):
        call("shapeDistance", circle(0, 0, 1), line((0, 0), (1, 1)))
        assert said == []
        call("shapeDistance", circle(0, 0, 1), ellipse(0, 0, 2, 1))
    assert said == ["BBoxApproximationWarning"]


def test_a_rectangle_and_lines_around_it():
    """By brute force along each line, which starts and ends anywhere around the rectangle [1, 4] × [−2, 3]."""
    draw = random.Random(7)
    outside = 0
    for _ in range(60):
        (x0, y0), (x1, y1) = [(draw.uniform(-3, 8), draw.uniform(-6, 7)) for _ in range(2)]
        places = [(x0 + (x1 - x0) * i / 500, y0 + (y1 - y0) * i / 500) for i in range(501)]
        gap = min(math.hypot(max(1 - x, 0, x - 4), max(-2 - y, 0, y - 3)) for x, y in places)
        found = call("rectLineDist", (1, -2), (4, 3), (x0, y0), (x1, y1))
        outside += gap > 0
        # The steps are at most 0.03 long.
        assert abs(found - gap) < 0.03 if gap > 0.03 else found < 0.03
    assert 15 < outside < 45


@pytest.mark.parametrize(
    ("start", "end", "depth"),
    [((0, 0), (9, 0), 2), ((0, 1), (9, 1), 2), ((3, -9), (3, 9), 1), ((1, -2), (4, 3), None), ((4, 3), (4, 9), 0)],
)
def test_a_line_within_a_rectangle_by_the_shortest_way_out(start: Any, end: Any, depth: float | None):
    """Of the rectangle [1, 4] × [−2, 3]; a diagonal leaves it along its normal: the area over the diagonal."""
    expected = 15 / math.hypot(3, 5) if depth is None else depth
    assert call("rectLineDist", (1, -2), (4, 3), start, end) == pytest.approx(-expected)


def test_shape_distance_of_lines_by_their_ends():
    assert call("shapeDistanceLines", (0, 0), (4, 0), (1, 2), (3, 3)) == pytest.approx(2)


SIGNED = [
    ("beside a box, with its stroke", rectangle(0, 0, 2, 2, stroke=2), (5, 0), 3),
    ("off a corner", rectangle(0, 0, 2, 2), (4, 5), 5),
    ("in a box", rectangle(0, 0, 10, 4), (0, 1), -1),
    ("out of a circle", circle(0, 0, 2), (3, 4), 3),
    ("in a circle", circle(0, 0, 2), (0, 0.5), -1.5),
    ("in a polygon", poly("Polygon", *SQUARE), (0.5, 0), -0.5),
    ("in a clockwise polygon", poly("Polygon", *SQUARE[::-1]), (0.5, 0), -0.5),
    ("in a notch", poly("Polygon", *ARROW), (-3.0, 0), 4 / math.sqrt(5)),
    ("in an arrow", poly("Polygon", *ARROW), (0, 0), -2 / math.sqrt(5)),
    ("off a line", line((0, 0), (4, 0)), (2, 3), 3),
    ("beyond a line", line((0, 0), (4, 0)), (7, 4), 5),
    ("off a polyline", poly("Polyline", (0, 0), (4, 0), (4, 4)), (6, 3), 2),
    ("inside of a polyline", poly("Polyline", (0, 0), (4, 0), (4, 4)), (2, 1), 1),
]


@pytest.mark.parametrize(("s", "p", "expected"), [d[1:] for d in SIGNED], ids=[d[0] for d in SIGNED])
def test_a_signed_distance(s: Shape, p: tuple[float, float], expected: float):
    assert call("signedDistance", s, p) == pytest.approx(expected)


def test_some_shapes_have_no_signed_distance():
    with pytest.raises(CallError, match=r"expects a Rectangle or .* as s; found an Ellipse"):
        call("signedDistance", ellipse(0, 0, 1, 1), (0, 0))
