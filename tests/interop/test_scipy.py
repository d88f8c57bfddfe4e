"""SciPy minimises and solves with our derivatives: closed forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy.optimize import least_squares, minimize, root

from rosesim import ArgumentError, Bool, Index, Real, TypeMismatch, Vec, fn, select, stack, sum, vec
from rosesim.interop.scipy import objective, residuals

A, B = 1.0, 100.0


@dataclass(frozen=True)
class Place:
    on: Bool
    x: Vec[Real, 3]
    lane: Index[4]
    y: Real


def rosenbrock(v: Any) -> Any:
    return sum(3, lambda i: B * (v[i + 1] - v[i] ** 2) ** 2 + (A - v[i]) ** 2)


@fn
def chained(p: Place, scale: Real):
    """Rosenbrock's function of four numbers, its minimum 0 at 1, which a switch and a lane do not move."""
    v = stack([p.x[0], p.x[1], p.x[2], p.y])
    return select(p.on, scale, 0.0) * rosenbrock(v) + 0.0 * p.lane


EXAMPLE = Place(True, np.array([-1.2, 1.0, -0.5]), 2, 0.8)  # pyright: ignore[reportArgumentType] -- numbers outside a trace


def hessian_of_rosenbrock(v: np.ndarray) -> np.ndarray:
    h = np.zeros((4, 4))
    for i in range(3):
        h[i, i] += 2.0 - 4.0 * B * (v[i + 1] - 3.0 * v[i] ** 2)
        h[i + 1, i + 1] += 2.0 * B
        h[i, i + 1] -= 4.0 * B * v[i]
        h[i + 1, i] -= 4.0 * B * v[i]
    return h


@pytest.fixture(scope="module")
def chain() -> Any:
    return objective(chained, EXAMPLE, 2.0, wrt="p")


def test_the_vector_is_the_real_numbers_in_order_and_the_rest_is_kept(chain: Any):
    assert chain.x0.tolist() == [-1.2, 1.0, -0.5, 0.8]
    back = chain.arguments(np.array([1.0, 2.0, 3.0, 4.0]))
    assert (back.on, back.x.tolist(), back.lane, back.y) == (True, [1.0, 2.0, 3.0], 2, 4.0)
    assert chain.vector(back).tolist() == [1.0, 2.0, 3.0, 4.0]


def test_second_derivatives_are_the_closed_form(chain: Any):
    expected = 2.0 * hessian_of_rosenbrock(chain.x0)
    assert chain.hess(chain.x0) == pytest.approx(expected)
    assert chain.sparse_hess(chain.x0).toarray() == pytest.approx(expected)
    assert chain.hessp(chain.x0, np.array([1.0, -2.0, 0.5, 3.0])) == pytest.approx(expected @ [1.0, -2.0, 0.5, 3.0])


@pytest.mark.parametrize("method", ["BFGS", "trust-ncg", "Newton-CG", "trust-exact"])
def test_rosenbrocks_function_has_its_minimum_at_one(chain: Any, method: str):
    second = {"trust-ncg": {"hessp": chain.hessp}, "Newton-CG": {"hessp": chain.hessp},
              "trust-exact": {"hess": chain.hess}}.get(method, {})  # fmt: skip
    beside = np.array([1.2, 0.8, 1.1, 0.9])  # of four numbers it has another minimum, near (-0.8, 0.6, 0.4, 0.1)
    found = minimize(chain.fun, beside, jac=True, method=method, **second)
    assert found.x == pytest.approx(np.ones(4), abs=1e-4)
    assert chain.value(found.x) == pytest.approx(found.fun, abs=1e-14)  # two programs round differently


N = 60


@fn
def steady(u: Vec[Real, N], source: Vec[Real, N]):
    """-u'' + u^3 = source, on a grid whose ends are 0: a tridiagonal system."""

    def at(i: Any) -> Any:
        left = select(i > 0, u[Index[N].clamp(i - 1)], 0.0)
        right = select(i < N - 1, u[Index[N].clamp(i + 1)], 0.0)
        return 2.0 * u[i] - left - right + u[i] ** 3 - source[i]

    return vec(N, at)


def truth_and_source() -> tuple[np.ndarray, np.ndarray]:
    u = np.sin(np.linspace(0.0, 3.0, N))
    return u, 2.0 * u - np.r_[0.0, u[:-1]] - np.r_[u[1:], 0.0] + u**3


@pytest.fixture(scope="module")
def tridiagonal() -> Any:
    return residuals(steady, np.zeros(N), truth_and_source()[1], wrt="u")


def test_the_jacobian_of_a_tridiagonal_system_is_sparse_and_the_closed_form(tridiagonal: Any):
    u = np.linspace(-1.0, 1.0, N)
    found = tridiagonal.jac(u)
    assert found.nnz == 3 * N - 2
    assert found.toarray() == pytest.approx(np.diag(2.0 + 3.0 * u**2) - np.eye(N, k=1) - np.eye(N, k=-1))


def test_least_squares_solves_it_with_the_sparse_jacobian(tridiagonal: Any):
    found = least_squares(tridiagonal.fun, tridiagonal.x0, jac=tridiagonal.jac, xtol=1e-15, ftol=1e-15, gtol=1e-12)
    assert found.x == pytest.approx(truth_and_source()[0], abs=1e-8)


def test_root_solves_it_with_the_dense_one():
    dense = residuals(steady, np.zeros(N), truth_and_source()[1], wrt=0, sparse=False)
    assert root(dense.fun, dense.x0, jac=dense.jac).x == pytest.approx(truth_and_source()[0], abs=1e-8)


def test_two_arguments_and_one_by_keyword_are_one_vector():
    @fn
    def f(a: Real, *, b: Vec[Real, 2]) -> Real:
        return a * b[0] ** 2 * b[1]

    o = objective(f, 2.0, b=[3.0, 5.0])
    value, gradient = o.fun(o.x0)
    assert (value, gradient.tolist()) == (90.0, [45.0, 60.0, 18.0])
    assert o.hessp(o.x0, np.array([1.0, 0.0, 0.0])).tolist() == [0.0, 30.0, 9.0]
    a, b = o.arguments(np.array([1.0, 2.0, 3.0]))
    assert (a, b.tolist()) == (1.0, [2.0, 3.0])


def test_what_does_not_fit_is_refused_in_one_sentence(chain: Any):
    with pytest.raises(TypeMismatch, match="expected a function that gives a Real: residuals takes others"):
        objective(steady, np.zeros(N), np.zeros(N))
    with pytest.raises(TypeMismatch, match="hold no real number; expected one, or wrt="):
        objective(fn(lambda i, x: x), True, 1.0, wrt=0)
    with pytest.raises(ArgumentError, match=r"a vector of shape \(3,\) was found; expected \(4,\)"):
        chain.fun(np.zeros(3))
    with pytest.raises(ArgumentError, match="0 arguments were found; expected those that the vector holds: p"):
        chain.vector()
