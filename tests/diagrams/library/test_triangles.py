"""Centres and radii of triangles."""

import math

import pytest
from diagrams_kit import call

RIGHT = ((0.0, 0.0), (4.0, 0.0), (0.0, 3.0))
"""The right triangle of sides 3, 4 and 5."""


def test_the_right_triangle_of_three_four_five():
    assert call("circumcenter", *RIGHT) == pytest.approx((2, 1.5))
    assert call("circumradius", *RIGHT) == pytest.approx(2.5)
    assert call("incenter", *RIGHT) == pytest.approx((1, 1))
    assert call("inradius", *RIGHT) == pytest.approx(1)
    assert call("barycenter", *RIGHT) == pytest.approx((4 / 3, 1))


def test_orientation_does_not_matter():
    turned = RIGHT[::-1]
    assert call("circumcenter", *turned) == pytest.approx((2, 1.5))
    assert call("circumradius", *turned) == pytest.approx(2.5)
    assert call("incenter", *turned) == pytest.approx((1, 1))


def test_the_circumcentre_is_equally_far_from_all_corners():
    corners = ((1.0, 7.0), (-3.0, 2.0), (5.0, -4.0))
    middle = call("circumcenter", *corners)
    assert [math.dist(middle, c) for c in corners] == pytest.approx([call("circumradius", *corners)] * 3)
