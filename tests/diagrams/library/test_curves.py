"""Functions of curves, on circles and squares."""

import math

import numpy as np
import pytest
from diagrams_kit import apply, call

from rosesim.diagrams.library import CallError

SQUARE = [(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)]
N, R = 60, 5.0
CIRCLE = [(1 + R * math.cos(2 * math.pi * i / N), 2 + R * math.sin(2 * math.pi * i / N)) for i in range(N)]
"""Around (1, 2)."""
HELIX = [(math.cos(t), math.sin(t), t) for t in np.linspace(0, 2, 40)]


def test_the_perimeter_of_a_square():
    assert call("perimeter", SQUARE, True) == 8
    assert call("perimeter", SQUARE, False) == 6
    assert call("perimeter", [(0, 0, 0), (1, 2, 2)], False) == 3


def test_the_area_is_positive_counter_clockwise():
    assert call("signedArea", SQUARE, True) == 4
    assert call("signedArea", SQUARE[::-1], True) == -4


def test_a_straight_curve_has_no_elastic_energy():
    assert call("elasticEnergy", [(0, 0), (1, 0), (3, 0), (4, 0)], False) == 0


def test_the_elastic_energy_of_a_square():
    """(2 sin 45°)² ½ 2·2 at each of four corners."""
    assert call("elasticEnergy", SQUARE, True) == pytest.approx(16)
    # Of edges of 3 and 4: (2 sin 45°)² ½ 3·4.
    assert call("elasticEnergy", [(1, 1), (4, 1), (4, 5)], False) == pytest.approx(12)
    assert call("elasticEnergy", [(*p, 0.0) for p in SQUARE], True) == pytest.approx(16, rel=1e-4)


def test_a_circle_is_offset_to_a_smaller_one():
    """Its left is inside."""
    found = call("offsetCurve", CIRCLE, True, 2.0)
    assert [math.dist(p, (1, 2)) for p in found] == pytest.approx([R - 2] * N, rel=1e-4)


def test_an_open_curve_is_offset_at_its_ends_by_the_first_and_last_edge():
    found = call("offsetCurve", [(1, 2), (6, 2), (6, 7)], False, 1.0)
    assert found[0] == pytest.approx((1, 3), abs=1e-5)
    assert found[2] == pytest.approx((5, 7), abs=1e-5)
    assert found[1] == pytest.approx((6 - math.sqrt(0.5), 2 + math.sqrt(0.5)), abs=1e-5)


def test_the_evolute_of_a_circle_is_its_centre():
    found = call("evoluteCurve", CIRCLE, True)
    assert np.abs(np.array(found) - (1, 2)).max() < 0.02  # finite differences of 60 points


def test_the_evolute_of_a_helix_is_a_helix_on_the_other_side():
    """Its curvature is ½, so the centres are 2 away: on the opposite helix of radius 1."""
    found = np.array(call("evoluteCurve", HELIX, False))[5:-5]
    expected = np.array([(-x, -y, z) for x, y, z in HELIX])[5:-5]
    assert np.abs(found - expected).max() < 0.01


def test_a_curve_of_two_points_has_no_normals():
    with pytest.raises(CallError, match="the curve has 2 points; expected at least 3"):
        call("evoluteCurve", SQUARE[:2], False)


def test_edges_of_one_length_are_equilateral():
    assert apply("constraint", "isEquilateral", SQUARE, True) == 0
    # Lengths 1 and 3: mean 2.
    assert apply("constraint", "isEquilateral", [(0, 0), (1, 0), (4, 0)], False) == 2
    assert apply("objective", "isEquilateral", [(0, 0), (1, 0), (4, 0)], False) == 2


def test_tsne_of_equal_neighbourhoods_is_zero():
    """Two points have one neighbour each, wherever they are."""
    assert call("tsneEnergy", [(0, 0, 0), (1, 2, 2)], [(0, 0), (9, 9)]) == pytest.approx(0, abs=1e-15)


def test_tsne_by_its_definition():
    x, y = np.array([(0, 0, 0), (1, 2, 2), (0, 4, 3)], float), np.array([(0, 0), (1, 0), (3, 4)], float)
    p = np.exp(-np.linalg.norm(x[:, None] - x, axis=2) / 2) * (1 - np.eye(3))
    q = 1 / (1 + np.linalg.norm(y[:, None] - y, axis=2)) * (1 - np.eye(3))
    p, q = p / p.sum(), q / q.sum()
    e = 2.0**-52
    expected = (p * np.log((p + e) / (q + e))).sum()
    assert call("tsneEnergy", [tuple(r) for r in x.tolist()], [tuple(r) for r in y.tolist()]) == pytest.approx(
        expected, rel=1e-13
    )


def test_tsne_needs_as_many_projected_points():
    with pytest.raises(CallError, match="2 points but 1 projected ones"):
        call("tsneEnergy", [(0, 0), (1, 1)], [(0, 0)])
