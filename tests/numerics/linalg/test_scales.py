"""Eigenvalues and singular values of badly scaled matrices, and of matrices with NaN."""

from __future__ import annotations

import numpy as np
import pytest

import rosesim as rs

Matrix = rs.Vec[rs.Vec[rs.Real, 2], 2]


@rs.fn
def values(a: Matrix):
    w, v = rs.eigh(a)
    return {"w": w, "v": v, "svd": rs.svd(a)}


@pytest.mark.parametrize("precision", ["f64", "f32"])
def test_an_element_that_is_not_finite_gives_nan(precision: str):
    program = values.compile(precision=precision)
    for bad in (np.nan, np.inf):
        for at in ((0, 0), (0, 1), (1, 1)):
            a = np.array([[1.0, 1.0], [1.0, 2.0]])
            a[at] = bad
            found = program(a)
            assert all(np.isnan(x).all() for x in (found["w"], found["v"], *found["svd"]))


@pytest.mark.parametrize(
    ("precision", "scale"),
    [("f64", s) for s in (1e155, 1e307, 1e-200, 1e-300, 1.0, 0.0)] + [("f32", s) for s in (1e20, 1e37, 1e-22, 1e-36)],
)
def test_values_do_not_depend_on_the_scale(precision: str, scale: float):
    found = values.compile(precision=precision)(scale * np.array([[2.0, 1.0], [1.0, 2.0]]))
    accuracy = 1e-14 if precision == "f64" else 1e-6
    np.testing.assert_allclose(found["w"], [scale, 3.0 * scale], accuracy)
    np.testing.assert_allclose(found["svd"][1], [3.0 * scale, scale], accuracy)
    np.testing.assert_allclose(abs(found["v"]), np.eye(2) if scale == 0.0 else 0.5**0.5, accuracy)


def test_the_gradient_of_singular_vectors_does_not_depend_on_the_scale():
    slope = rs.grad(rs.fn(lambda a: rs.svd(a)[0][0, 0] ** 2))
    a = np.array([[3.0, 1.0], [1.0, 2.0]])
    f = rs.fn(lambda a: slope(a))
    np.testing.assert_allclose(f(1e-200 * a) * 1e-200, f(a), 1e-12, 1e-15)
