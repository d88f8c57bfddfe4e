"""Linear algebra in lanes, strict, and in single precision."""

from __future__ import annotations

import numpy as np
import pytest
from linalg_kit import CASES, close, interpreted

import rosesim as rs

RUNS = 5  # a group of four lanes, and one run alone

LANES = ["solve", "cholesky", "qr, R", "solve_banded", "svd"]
"""Loops that end differently in each lane, branches, rows that each lane exchanges for itself."""

SINGLE = ["solve", "eigh", "svd", "expm"]
"""What asks how large a rounding is."""


@pytest.mark.parametrize("name", LANES)
def test_strict_results_in_lanes_are_the_interpreters(name: str):
    case = CASES[name]
    both = rs.value_and_grad(rs.fn(case.ours))
    points = case.at * (1.0 + 0.3 * np.random.default_rng(1).normal(size=(RUNS, *case.at.shape)))
    if name == "cholesky":
        points = points + 4.0 * np.eye(points.shape[-1])
    values, gradients = rs.vmap(both).compile(points, math="strict", optimise=False)(points)
    for point, value, gradient in zip(points, values, gradients, strict=True):
        alone, slopes = interpreted(both, point)
        assert value == alone
        np.testing.assert_array_equal(gradient, slopes)


@pytest.mark.parametrize("name", SINGLE)
def test_single_precision_is_right_to_its_own_rounding(name: str):
    case = CASES[name]
    both = rs.value_and_grad(rs.fn(case.ours))
    value, gradient = both.compile(case.at, precision="f32", optimise=False)(case.at)
    exact, slopes = interpreted(both, case.at)
    close(value, exact, 2e-5)
    close(gradient, slopes, 2e-4)


def test_equal_eigenvalues_are_recognised_in_single_precision():
    f = rs.grad(rs.fn(lambda a: rs.sum(3, lambda i: rs.eigh(a)[1][0, i] ** 2)))  # a projector's element
    q = np.linalg.qr(np.random.default_rng(2).normal(size=(4, 4)))[0]
    a = q * [1.0, 1.0, 1.0, 2.0] @ q.T
    close(f.compile(a, precision="f32", optimise=False)(a), interpreted(f, a)[0], 1e-5)
