"""Functions of vectors and of lists of them."""

import math

import pytest
from diagrams_kit import call, circle, variable

from rosesim.diagrams.scalars import EPS
from rosesim.diagrams.values import Color, Vector


def test_lengths_and_distances():
    assert call("norm", (3, 4)) == 5
    assert call("normsq", (1, 2, 3)) == 14
    assert call("vdist", (1, 1, 1), (1, 4, 5)) == 5
    assert call("vdistsq", (1, 1), (4, 5)) == 25


def test_a_unit_vector_is_shorter_than_one_by_epsilon():
    assert call("unit", (0, 5)) == (0, 5 / (5 + EPS))
    assert call("normalize", (0, 5)) == call("unit", (0, 5))
    assert call("unit", (0, 0)) == (0, 0)


def test_angles():
    assert call("rot90", (3, 1)) == (-1, 3)
    assert call("angleOf", (-2, 2)) == pytest.approx(3 * math.pi / 4)
    assert call("angleBetween", (2, 0), (0, 3)) == pytest.approx(math.pi / 2)
    # Of equal vectors the cosine is short of 1, by 1e-10 and by epsilon in each length: by 2e-8 here.
    assert call("angleBetween", (1e3, 0), (1e3, 0)) == pytest.approx(math.sqrt(2 * (1e-10 + 2e-8)), rel=1e-3)
    assert call("angleFrom", (1, 0), (0, -1)) == pytest.approx(-math.pi / 2)
    assert call("angleFrom", (0, -1), (1, 0)) == pytest.approx(math.pi / 2)
    assert call("cross2D", (2, 0), (1, 3)) == 6


def test_counts_and_sums():
    assert call("count", (7, 8, 9)) == 3
    assert call("count", (variable(0),)) == 1
    assert call("sum", (1, 2, 3.5)) == 6.5
    assert call("sum", ()) == 0
    assert call("get", (5, 6, 7), 2) == 7
    assert call("repeat", 3, 2) == (2, 2, 2)
    assert call("repeat", 0, 2) == ()


def test_sums_and_means_of_points():
    assert call("sumVectors", [(1, 2), (3, 4), (5, 9)]) == (9, 15)
    assert call("averagePoint", [(1, 2), (3, 4), (5, 9)]) == (3, 5)


def test_colours():
    assert call("rgba", 0.1, 0.2, 0.3, 2) == Color("rgba", (0.1, 0.2, 0.3, 2.0))
    assert call("hsva", 200, 50, 60, 0.5) == Color("hsva", (200.0, 50.0, 60.0, 0.5))
    assert call("none") == Color("none")


def test_clips():
    s = circle(0, 0, 1)
    assert call("clip", s).shape is s
    assert call("noClip").shape is None


def test_a_vector_of_unknown_numbers_keeps_them():
    x = variable(0)
    assert call("get", Vector((1.0, x)), 1) is x
