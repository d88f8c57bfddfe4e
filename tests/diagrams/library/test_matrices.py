"""Matrices, checked with NumPy."""

import math
from typing import Any

import diagrams_kit as kit
import numpy as np
import pytest
from diagrams_kit import call

from rosesim.diagrams.library import CallError

RNG = np.random.default_rng(5)
V, W = (1.0, -2.0, 0.5), (3.0, 1.0, 4.0)


def rows(matrix: Any) -> list[tuple[float, ...]]:
    return [tuple(row) for row in matrix.tolist()]


def near(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(np.asarray(found, float), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_an_inverse_undoes_its_matrix(n: int):
    matrix = RNG.normal(size=(n, n))
    near(call("inverse", rows(matrix)), np.linalg.inv(matrix))


def test_a_singular_matrix_has_an_infinite_inverse():
    assert not np.isfinite(call("inverse", [(1, 2), (2, 4)])).any()


@pytest.mark.parametrize("n", [1, 5])
def test_other_sizes_have_no_inverse(n: int):
    with pytest.raises(CallError, match="expected 2 × 2, 3 × 3 or 4 × 4"):
        call("inverse", rows(np.eye(n)))


def test_a_matrix_that_is_not_square_has_no_inverse():
    with pytest.raises(CallError, match="the matrix is 2 × 3"):
        call("inverse", [(1, 2, 3), (4, 5, 6)])


def test_diagonals():
    near(call("identity", 3), np.eye(3))
    near(call("diagonal", V), np.diag(V))
    near(call("scale2d", 2, 3), np.diag([2, 3]))
    near(call("scale3d", 2, 3, 4), np.diag([2, 3, 4]))


def test_products():
    near(call("outerProduct", V, W), np.outer(V, W))
    near(np.asarray(call("crossProductMatrix", V), float) @ W, np.cross(V, W))
    a, points = RNG.normal(size=(3, 3)), RNG.normal(size=(5, 3))
    near(call("matrixMultiplyList", rows(a), rows(points)), points @ a.T)


def test_a_rotation_turns_to_the_left():
    near(np.asarray(call("rotate2d", math.pi / 2), float) @ [1, 2], [-2, 1])


def test_a_rotation_in_space_keeps_its_axis_and_the_right_hand_rule():
    near(np.asarray(call("rotate3d", math.pi / 2, (0, 0, 1)), float) @ [1, 0, 5], [0, 1, 5])
    axis = np.array(V) / np.linalg.norm(V)
    turn = np.asarray(call("rotate3d", 0.7, tuple(axis)), float)
    near(turn @ axis, axis)
    near(turn @ turn.T, np.eye(3))
    assert np.trace(turn) == pytest.approx(1 + 2 * math.cos(0.7))


def test_shears():
    near(call("shear2d", (1, 0), (0, 2)), [[1, 2], [0, 1]])
    near(call("shear3d", V, W), np.eye(3) + np.outer(V, W))
    near(call("skew2d", math.pi / 4), [[1, 1], [0, 1]])
    near(call("skew2d", 0, math.pi / 4), [[1, 0], [1, 1]])


def test_a_camera_sees_what_it_looks_at_straight_ahead():
    camera = np.asarray(call("lookAt", (1, 2, 3), (1, 2, -5), (0, 1, 0)), float)
    # Eight ahead is −8 along the third axis; up is up, right is right. The directions are short of 1 by about 1e-6.
    np.testing.assert_allclose(camera @ [1, 2, -5, 1], [0, 0, -8, 1], atol=1e-4)
    np.testing.assert_allclose(camera @ [1, 4, 3, 1], [0, 2, 0, 1], atol=1e-4)
    np.testing.assert_allclose(camera @ [3, 2, 3, 1], [2, 0, 0, 1], atol=1e-4)


def test_a_camera_in_any_direction():
    eye, center, up = np.array([1.0, -2, 3]), np.array([4.0, 0.5, -1]), np.array([0.3, 1, 0.2])

    def unit(v: Any) -> Any:
        return v / (np.linalg.norm(v) + 1e-5)

    f = unit(center - eye)
    s = unit(np.cross(f, up))
    rows3 = np.array([s, np.cross(s, f), -f])
    expected = np.vstack([np.column_stack([rows3, -rows3 @ eye]), [0, 0, 0, 1]])
    near(call("lookAt", tuple(eye), tuple(center), tuple(up)), expected)


def test_a_perspective_divides_by_the_depth():
    # A right angle of view and a square picture: x = z is at the border.
    matrix = np.asarray(call("perspective", 90, 1), float)
    x, y, _, w = matrix @ [2, 3, -4, 1]
    near([x / w, y / w], [0.5, -0.75])
    assert matrix[2].tolist() == pytest.approx([0, 0, -100.1 / 99.9, 20 / 99.9])


def test_a_projected_point_lies_in_the_view():
    unit = rows(np.eye(4))
    assert call("project", (0, 0, 7), unit, unit, (10, 20, 200, 100)) == (110, 70)
    assert call("project", (1, -1, 7), unit, unit, (0, 0, 200, 100)) == (200, 0)


def test_a_matrix_must_fit_its_vectors():
    with pytest.raises(CallError, match="rows of 2 numbers; expected 3"):
        kit.call("matrixMultiplyList", [(1, 0), (0, 1)], [(1, 2, 3)])
