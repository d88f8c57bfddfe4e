"""Rays and silhouettes."""

import math
from typing import Any

import pytest
from diagrams_kit import ARROW, SQUARE, call, group, line, poly, rectangle

WALL = line((2, -1), (2, 3))


def test_a_ray_meets_a_line():
    assert call("rayIntersectDistance", WALL, (0, 0), (1, 0)) == 2
    assert call("rayIntersectDistance", WALL, (0, 0), (2, 2)) == pytest.approx(2 * math.sqrt(2))


@pytest.mark.parametrize("v", [(-1, 0), (1, 2), (0, 1)], ids=["away", "over the end", "parallel"])
def test_a_ray_misses_a_line(v: tuple[float, float]):
    assert call("rayIntersectDistance", WALL, (0, 0), v) == math.inf
    assert call("rayIntersectNormal", WALL, (0, 0), v) == (0, 0)


def test_a_ray_meets_the_first_side():
    square = poly("Polygon", *SQUARE)
    assert call("rayIntersectDistance", square, (-5, 0), (1, 0)) == 4
    assert call("rayIntersectDistance", square, (0, 0), (1, 0)) == 1
    assert call("rayIntersectDistance", group(WALL, rectangle(0, 0, 2, 2)), (-5, 0), (1, 0)) == 4


@pytest.mark.parametrize("points", [SQUARE, SQUARE[::-1]], ids=["counter-clockwise", "clockwise"])
@pytest.mark.parametrize("v", [(1, 0), (-1, 0), (0, 1), (0, -1)])
def test_a_normal_faces_the_eye(v: tuple[float, float], points: Any):
    found = call("rayIntersectNormal", poly("Polygon", *points), (0, 0), v)
    assert found == pytest.approx((-v[0], -v[1]), abs=1e-5)


def test_a_silhouette_is_where_a_side_turns_away():
    """From (−5, 0) one sees the left side of the square; its two corners turn away."""
    assert call("closestSilhouetteDistance", poly("Polygon", *SQUARE), (-5, 0)) == pytest.approx(math.hypot(4, 1))


def test_a_convex_shape_has_no_silhouette_from_within():
    assert call("closestSilhouetteDistance", poly("Polygon", *SQUARE), (0, 0)) == math.inf
    assert call("closestSilhouetteDistance", WALL, (0, 0)) == math.inf


def test_the_corner_of_a_notch_is_seen_from_within():
    """From below the notch's corner (−1, 0), one of its sides is hidden."""
    assert call("closestSilhouetteDistance", poly("Polygon", *ARROW), (-1.5, -1)) == pytest.approx(math.hypot(0.5, 1))


def test_a_side_that_the_eye_lies_on_counts_as_hidden():
    bent = poly("Polyline", (-4, 0), (0, 0), (3, -3))
    assert call("closestSilhouetteDistance", bent, (-2, 1e-15)) == 2
    assert call("closestSilhouetteDistance", bent, (-2, 3)) == math.inf
