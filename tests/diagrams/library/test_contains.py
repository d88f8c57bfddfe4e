"""Containment of shapes whose geometry is known."""

import pytest
from diagrams_kit import ARROW, SQUARE, apply, circle, ellipse, group, line, poly, rectangle

from rosesim.diagrams import library
from rosesim.diagrams.values import Shape

BIG = tuple((5 * x, 5 * y) for x, y in SQUARE)

CASES = [
    ("circles", circle(0, 0, 9), circle(3, 4, 2), 1, -1),
    ("circles that stick out", circle(0, 0, 5), circle(3, 4, 2), 0, 2),
    ("polygons", poly("Polygon", *BIG), poly("Polygon", *SQUARE), 1, -3),
    ("a polygon that sticks out", poly("Polygon", *SQUARE), poly("Polygon", *BIG), 0, 4),
    ("a polygon and a circle", poly("Polygon", *BIG), circle(2, 0, 1), 0.5, -1.5),
    ("a circle and a polygon", circle(0, 0, 7), poly("Polygon", (3, 4), (0, 0), (4, 0)), 1, -1),
    ("a circle and a box, its greater side whole", circle(0, 0, 9), rectangle(3, 4, 2, 1), 0, -2),
    ("a circle and a box ignore the padding", circle(0, 0, 9), rectangle(3, 4, 2, 1), 5, -2),
    ("a box and a circle", rectangle(0, 0, 10, 20), circle(1, 0, 2), 1, -1),
    ("a box and a circle, vertically", rectangle(0, 0, 20, 10), circle(0, -3, 2), 1, 1),
    ("a box elsewhere and a circle", rectangle(7, 0, 10, 20), circle(6, 0, 2), 1, -1),
    ("a box's stroke counts", rectangle(0, 0, 10, 20, stroke=2), circle(1, 0, 2), 1, -2),
    ("boxes", rectangle(0, 0, 10, 10), rectangle(1, 1, 2, 2), 1, 0),
    ("boxes that stick out by 1 and 2", rectangle(0, 0, 10, 10), rectangle(4, 5, 4, 4), 0, 1 + 4),
    ("boxes with padding all around", rectangle(0, 0, 10, 10), rectangle(0, 0, 8, 8), 2, 4),
    ("boxes with padding", rectangle(0, 0, 10, 10), rectangle(0, 0, 8, 2), 2, 1 + 1),
    ("a group's member", group(circle(0, 0, 1), circle(5, 0, 4)), circle(5, 0, 1), 0, -3),
    ("a clipped group", group(circle(0, 0, 9), clip=circle(9, 0, 5)), circle(5, 0, 1), 0, 0),
    ("out of a clip", group(circle(0, 0, 9), clip=circle(9, 0, 5)), circle(2, 0, 1), 0, 3),
    ("others by their boxes", ellipse(0, 0, 5, 5), line((0, 0), (8, 0), 0.0), 0, 9),
]


@pytest.mark.parametrize(("s1", "s2", "padding", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_containment(s1: Shape, s2: Shape, padding: float, expected: float):
    # Normals are short of 1 by about epsilon over a side's length.
    assert apply("constraint", "contains", s1, s2, padding) == pytest.approx(expected, abs=3e-5)


def test_a_point_must_lie_in_all_convex_parts_of_a_polygon():
    """Penrose's formula: nothing is in two parts, so an arrow contains no polygon, not even a small one."""
    small = poly("Polygon", (0, 0.2), (0.5, 0.2), (0.2, 0.4))
    assert apply("constraint", "contains", poly("Polygon", *ARROW), small) > 0
    assert apply("constraint", "contains", poly("Polygon", *ARROW[:3]), small) < 0


def test_only_boxes_of_other_shapes_warn():
    said: list[str] = []
    with library.at_start([], lambda kind, _: said.append(kind)):
        apply("constraint", "contains", rectangle(0, 0, 1, 1), rectangle(0, 0, 1, 1))
        assert said == []
        apply("constraint", "contains", ellipse(0, 0, 1, 1), rectangle(0, 0, 1, 1))
    assert said == ["BBoxApproximationWarning"]
