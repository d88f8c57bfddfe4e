"""`funm`: functions of symmetric matrices, whose derivatives hold at equal eigenvalues."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg
from linalg_kit import close, interpreted
from rows import kept

import rosesim as rs

pytestmark = pytest.mark.usefixtures("unoptimised")

RANDOM = np.random.default_rng(3)
Q = np.linalg.qr(RANDOM.normal(size=(4, 4)))[0]
C, H, K = (x + x.T for x in RANDOM.normal(size=(3, 4, 4)))
SPECTRA = {
    "distinct": [0.5, 1.0, 1.7, 3.0],
    "a group": [0.5, 2.0, 2.0, 2.0],
    "two groups": [1.0, 1.0, 3.0, 3.0],
    "all equal": [1.5, 1.5, 1.5, 1.5],
    "all zero": [0.0, 0.0, 0.0, 0.0],
    "equal but for rounding": [1.0, 1.0 + 1e-15, 1.0 + 4e-15, 2.0],
    "close": [1.0, 1.0 + 1e-9, 1.0 + 1e-4, 1.01],
    "on both sides of close": [1.0, 1.0 + 0.99 / 63, 1.0 + 1.01 / 63, 1.0 + 2.0 / 63],
    "of both signs": [-2.0, -1e-12, 1e-12, 2.0],
}


WRONG: list[Any] = ["sqrt", 3.0]


def matrix(spectrum: str) -> Any:
    return Q * SPECTRA[spectrum] @ Q.T


@pytest.mark.parametrize(
    ("ours", "theirs", "spectrum"),
    [
        (rs.sqrt, scipy.linalg.sqrtm, "distinct"),
        (rs.log, scipy.linalg.logm, "a group"),
        (rs.sin, scipy.linalg.sinm, "of both signs"),
        (lambda w: 1.0 / w, np.linalg.inv, "close"),
    ],
)
def test_values_are_those_of_scipy(ours: Any, theirs: Callable[[Any], Any], spectrum: str):
    a = matrix(spectrum)
    close(interpreted(rs.fn(lambda a: rs.funm(a, ours)), a)[0], theirs(a), 1e-12)


@pytest.mark.parametrize("spectrum", kept([*SPECTRA], "a group", "close", "of both signs"))
def test_first_and_second_derivatives_are_those_of_the_exponential(spectrum: str):
    """Of exp they are blocks of the exponential of a larger matrix (Higham 2008, (3.16); Mathias 1996)."""
    a, zero = matrix(spectrum), np.zeros((4, 4))
    first = rs.fn(lambda a, h: rs.jvp(rs.fn(lambda a: rs.funm(a, rs.exp)))(a, h)[1])
    forward = rs.fn(lambda a, h, k: rs.jvp(first)(a, h, k, None))
    along, bent = interpreted(forward, a, H, K)
    close(along, scipy.linalg.expm(np.block([[a, H], [zero, a]]))[:4, 4:], 1e-12)
    blocks = [[a, H, K, zero], [zero, a, zero, K], [zero, zero, a, H], [zero, zero, zero, a]]
    close(bent, scipy.linalg.expm(np.block(blocks))[:4, 12:], 1e-11)


@pytest.mark.parametrize("spectrum", kept(["distinct", "a group", "close"], "a group"))
def test_reverse_is_the_transpose_of_forward_to_second_order(spectrum: str):
    a = matrix(spectrum)
    loss = rs.fn(lambda a: rs.sum(rs.const(C) * rs.funm(a, rs.exp)))
    slope = rs.grad(loss)
    gradient, bent = rs.jvp(slope)(a, H)
    close(gradient, scipy.linalg.expm_frechet(a, C)[1], 1e-12)
    back = rs.grad(rs.fn(lambda a: rs.sum(rs.const(H) * slope(a))))(a)
    close(back, bent, 1e-11)


def test_it_sees_the_symmetric_part():
    a = matrix("distinct") + np.array([[0.0, 1.0], [-1.0, 0.0]]).repeat(2, 0).repeat(2, 1)
    value, gradient = rs.value_and_grad(rs.fn(lambda a: rs.funm(a, rs.exp)[0, 1]))(a)
    assert value == pytest.approx(scipy.linalg.expm((a + a.T) / 2)[0, 1], rel=1e-13)
    np.testing.assert_array_equal(gradient, gradient.T)


@pytest.mark.parametrize("is_captured", [True, False])
def test_the_gradient_by_what_f_takes_and_captures(is_captured: bool):
    def loss(a: Any, p: Any, c: Any) -> Any:
        f = rs.funm(a, lambda w: w**p) if is_captured else rs.funm(a, lambda w, p: w**p, (p,))
        return rs.sum(c * f)

    for spectrum in ("distinct", "a group"):
        a, w = matrix(spectrum), np.array(SPECTRA[spectrum])
        by = rs.grad(rs.fn(loss), wrt=1)(a, 1.3, C)
        assert by == pytest.approx(np.sum(C * (Q * (w**1.3 * np.log(w)) @ Q.T)), rel=1e-12)
    twice = rs.grad(rs.fn(lambda p, a, c: rs.grad(rs.fn(loss), wrt=1)(a, p, c)), wrt=0)
    a, w = matrix("distinct"), np.array(SPECTRA["distinct"])
    assert twice(1.3, a, C) == pytest.approx(np.sum(C * (Q * (w**1.3 * np.log(w) ** 2) @ Q.T)), rel=1e-12)


def test_a_mixed_second_derivative_is_right_or_nan():
    """By a and by what f takes; V has no derivative at equal eigenvalues."""
    by = rs.grad(rs.fn(lambda a, p: rs.funm(a, lambda w: rs.exp(p * w))[0, 1]), wrt=1)
    mixed = rs.grad(rs.fn(lambda a, p: by(a, p)), wrt=0)
    a, e = matrix("distinct"), 1e-5
    f = lambda p: scipy.linalg.expm_frechet(p * a, np.outer(np.eye(4)[0], np.eye(4)[1]))[1] * p
    slope = (f(1.0 + e) - f(1.0 - e)) / (2 * e)
    close(mixed(a, 1.0), (slope + slope.T) / 2, 1e-8)
    assert np.isnan(mixed(matrix("a group"), 1.0)).any()


def test_in_lanes_in_a_scan_and_in_single_precision():
    both = rs.value_and_grad(rs.fn(lambda a: rs.funm(a, rs.exp)[0, 1]))
    points = np.stack([matrix(s) for s in SPECTRA])
    values, gradients = rs.vmap(both).compile(points, optimise=False)(points)
    unit = np.outer(np.eye(4)[0], np.eye(4)[1])
    for point, value, gradient in zip(points, values, gradients, strict=True):
        close(value, scipy.linalg.expm(point)[0, 1], 1e-12)
        close(gradient, scipy.linalg.expm_frechet(point, (unit + unit.T) / 2)[1], 1e-12)
    a = matrix("a group")
    value, gradient = both.compile(a, precision="f32", optimise=False)(a)
    exact, slopes = interpreted(both, a)
    close(value, exact, 2e-5)
    close(gradient, slopes, 2e-4)
    root = rs.fn(lambda a: rs.scan(lambda x, _: rs.funm(x, rs.sqrt), a, 2)[2, 3])
    close(rs.grad(root)(a), rs.grad(rs.fn(lambda a: rs.funm(a, lambda w: w**0.25)[2, 3]))(a), 1e-11)


@pytest.mark.parametrize("w", [[0.0, 1e-12, 1.0], [1e-9, 1e-3, 1.0], [-0.003, 0.004, 1.0], [0.999, 1.001, 1.0]])
def test_a_singularity_near_or_between_close_eigenvalues_is_not_integrated_over(w: list[float]):
    """Of a diagonal matrix the derivative along e_i e_jᵀ + e_j e_iᵀ is f[w_i, w_j] times that."""
    e = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    x, y = w[:2]
    for f, exact in (
        (abs if x < 0.0 else rs.sqrt, (y + x) / (y - x) if x < 0.0 else 1.0 / (np.sqrt(x) + np.sqrt(y))),
        (lambda w: 1.0 / (w - 0.0005), -1.0 / ((x - 0.0005) * (y - 0.0005))),
        (lambda w: 1.0 / (w - 1.0000001), -1.0 / ((x - 1.0000001) * (y - 1.0000001))),
    ):
        _, along = rs.jvp(rs.fn(lambda a, f=f: rs.funm(a, f)))(np.diag(w), e)
        assert along[0, 1] == pytest.approx(exact, rel=1e-11)


@pytest.mark.optimised  # one of the numbers is exact by how the optimiser orders its products
def test_small_sizes_and_numbers_that_are_not_finite():
    f = rs.fn(lambda a: rs.funm(a, rs.sqrt))
    assert f(np.zeros((0, 0))).shape == (0, 0)
    assert rs.grad(rs.fn(lambda a: rs.funm(a, rs.sqrt)[0, 0]))([[4.0]]) == [[0.25]]
    assert np.isnan(f([[1.0, np.inf], [np.inf, 1.0]])).all()
    assert np.isnan(f([[-1.0, 0.0], [0.0, 1.0]])).any()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda a: rs.funm(a[0], rs.exp), r"Vec\[Real, 4\] was found in funm; expected a square matrix of Reals"),
        (lambda a: rs.funm(a, lambda w: w > 0.0), "the function of funm gives Bool; expected a Real"),
        (lambda a: rs.funm(a, WRONG[0]), "the function of funm is 'sqrt'; expected a function, such as rosesim.sqrt"),
        (lambda a: rs.funm(a, rs.exp, WRONG[1]), r"args=3.0 was found in funm; expected a tuple, as in args=\(p,\)"),
    ],
)
def test_what_does_not_fit_is_refused_at_the_callers_line(call: Any, says: str):
    with pytest.raises(rs.TypeMismatch, match=rf"test_function.py:\d+: {says}"):
        rs.fn(call)(C)
