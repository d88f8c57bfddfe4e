"""Closest points."""

import math

import pytest
from diagrams_kit import ARROW, SQUARE, call, circle, ellipse, group, line, poly, rectangle

from rosesim.diagrams.values import Shape

CASES = [
    ("on a circle", circle(1, 1, 5), (4, 5), (4, 5)),
    ("from within a circle", circle(0, 0, 5), (0.3, 0.4), (3, 4)),
    ("on a line", line((0, 0), (4, 0)), (1, 7), (1, 0)),
    ("beyond a line", line((0, 0), (4, 0)), (9, 7), (4, 0)),
    ("on a polygon's last side", poly("Polygon", *SQUARE), (-3, 0.5), (-1, 0.5)),
    ("in a polygon's notch", poly("Polygon", *ARROW), (-1.5, -0.1), (-1.14, -0.28)),
    ("on a polyline, which is open", poly("Polyline", *SQUARE), (-3, 0.9), (-1, 1)),
    ("left of a box", rectangle(0, 0, 4, 2), (-9, 0.5), (-2, 0.5)),
    ("right of a box", rectangle(0, 0, 4, 2), (9, 0.5), (2, 0.5)),
    ("above a box", rectangle(0, 0, 4, 2), (0.5, 9), (0.5, 1)),
    ("below a box", rectangle(0, 0, 4, 2), (0.5, -9), (0.5, -1)),
    ("off a corner", rectangle(0, 0, 4, 2), (9, 9), (2, 1)),
    ("from within a box", rectangle(0, 0, 4, 2), (1.9, 0.5), (2, 0.5)),
    ("from within a box to its top", rectangle(0, 0, 4, 2), (0, 0.9), (0, 1)),
    ("on an ellipse's axis", ellipse(1, 0, 4, 2), (9, 0), (5, 0)),
    ("on the nearer of a group", group(circle(0, 0, 1), circle(9, 0, 1)), (7, 0), (8, 0)),
    ("on the first of a group", group(circle(0, 0, 1), circle(9, 0, 1)), (2, 0), (1, 0)),
    ("on the last of equally close ones", group(circle(-5, 0, 1), circle(5, 0, 1)), (0, 0), (4, 0)),
]


@pytest.mark.parametrize(("s", "p", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_closest_point(s: Shape, p: tuple[float, float], expected: tuple[float, float]):
    assert call("closestPoint", s, p) == pytest.approx(expected)


@pytest.mark.parametrize("p", [(6.0, 1.0), (2.0, 5.0), (1.0, -9.0), (-4.0, -2.5)])
def test_a_point_of_an_ellipse_is_closer_than_its_neighbours(p: tuple[float, float]):
    x, y = call("closestPoint", ellipse(1, -2, 4, 3), p)
    assert ((x - 1) / 4) ** 2 + ((y + 2) / 3) ** 2 == pytest.approx(1)
    nearest = min(math.dist((1 + 4 * math.cos(t / 1000), 3 * math.sin(t / 1000) - 2), p) for t in range(6284))
    # Two steps of Newton; the ellipse is sampled in steps of 4e-3.
    assert math.dist((x, y), p) == pytest.approx(nearest, rel=1e-5)
