"""The derivative of the least or greatest of many terms is that of one of them."""

from __future__ import annotations

import numpy as np
import pytest

from rosesim import Index, Real, Vec, fn, grad, hessian, jvp, max, min, minimum, scan, sin, sqrt, value_and_grad
from rosesim.ad.program.cost import func_work

N = 12


@fn
def highest(x: Vec[Real, 12], p: Real) -> Real:
    return max(N, lambda i: sin(x[i] * p) + x[i])


@fn
def lowest(x: Vec[Real, 12], p: Real) -> Real:
    return min(N, lambda i: x[i] * p)


def test_only_the_term_that_was_chosen_is_differentiated() -> None:
    g = grad(highest, wrt=(0, 1))
    types = g.types_of((np.ones(N), 1.0))
    assert func_work(g.traced(types).func) < 1.5 * func_work(highest.traced(types).func)


@pytest.mark.parametrize("math", ["strict", "fast"])
def test_the_derivative_is_that_of_the_term(math: str) -> None:
    x, p = np.random.default_rng(3).normal(size=N), 1.3
    value, (by_x, by_p) = value_and_grad(highest).compile(x, p, math=math)(x, p)
    k = np.argmax(np.sin(x * p) + x)
    assert value == pytest.approx(np.sin(x[k] * p) + x[k])
    expected = np.zeros(N)
    expected[k] = np.cos(x[k] * p) * p + 1.0
    np.testing.assert_allclose(by_x, expected, rtol=1e-14)
    assert by_p == pytest.approx(np.cos(x[k] * p) * x[k])
    assert jvp(highest)(x, p, np.ones(N), 0.0)[1] == pytest.approx(expected.sum())


def test_of_equal_terms_the_first_counts() -> None:
    x = np.array([3.0, 1.0, 2.0, 1.0, *np.full(N - 4, 5.0)])
    assert list(np.flatnonzero(grad(lowest)(x, 1.0)[0])) == [1]
    assert list(np.flatnonzero(grad(lowest)(x, -1.0)[0])) == [4]


def test_second_derivatives_are_those_of_the_term() -> None:
    x = np.random.default_rng(4).normal(size=N)
    k = np.argmax(np.sin(x) + x)
    h = hessian(fn(lambda x: highest(x, 1.0)))(x)
    assert np.argwhere(h).tolist() == [[k, k]] and h[k, k] == pytest.approx(-np.sin(x[k]))


def test_a_loop_that_may_take_no_step_has_no_derivative_then() -> None:
    @fn
    def f(x: Vec[Real, 12], k: Real) -> Real:
        return scan(lambda m, i: minimum(m, x[i]), 7.0, N, upto=Index[13].clamp(k))

    x = np.arange(1.0, N + 1)
    for steps, value, slopes in ((0.0, 7.0, []), (3.0, 1.0, [0])):
        got, (by_x, _) = value_and_grad(f)(x, steps)
        assert got == value and list(np.flatnonzero(by_x)) == slopes


def test_where_the_first_value_or_the_carry_counts_the_steps_are_differentiated() -> None:
    @fn
    def from_x(x: Vec[Real, 12], y: Real) -> Real:
        return scan(lambda m, i: minimum(m, x[i]), y, N)

    @fn
    def shrinking(x: Vec[Real, 12], y: Real) -> Real:
        return scan(lambda m, i: minimum(m, x[i] * y + 0.1 * m), 9.0, N)

    x = np.arange(2.0, N + 2)
    assert grad(from_x)(x, 1.0)[1] == 1.0 and grad(from_x)(x, 3.0)[1] == 0.0
    y, h = 0.3, 1e-6
    slope = (shrinking(x, y + h) - shrinking(x, y - h)) / (2 * h)
    assert grad(shrinking)(x, y)[1] == pytest.approx(slope, rel=1e-6)


def test_within_a_scan_each_step_has_its_own_term() -> None:
    @fn
    def f(x: Vec[Real, 12], p: Real) -> Real:
        return scan(lambda c, t: 0.5 * c + max(N, lambda i: sqrt(1.0 + x[i] * x[i]) * sin(c + x[i])), p, 5)

    x, p, h = np.random.default_rng(5).normal(size=N), 0.4, 1e-6
    by_x, by_p = grad(f)(x, p)
    assert by_p == pytest.approx((f(x, p + h) - f(x, p - h)) / (2 * h), rel=1e-6)
    for k in range(N):
        d = h * np.eye(N)[k]
        assert by_x[k] == pytest.approx((f(x + d, p) - f(x - d, p)) / (2 * h), rel=1e-6, abs=1e-9)
