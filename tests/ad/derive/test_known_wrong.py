"""Programs of which other systems give wrong derivatives, with the right ones from outside.

Each comes from a complaint about some system: see the test's name. The companions on `select` are in
test_select.py, those on kinks in test_ops.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import check_gradients, interpreted

from rosesim import (
    Index,
    Real,
    Vec,
    cond,
    fn,
    grad,
    hessian,
    jvp,
    scan,
    select,
    sin,
    sqrt,
    value_and_grad,
    vec,
    vmap,
    while_loop,
)
from rosesim import max as greatest
from rosesim import sum as total

pytestmark = pytest.mark.usefixtures("unoptimised")

both = pytest.mark.parametrize("run", [interpreted, lambda f, *a: f(*a)], ids=["interpreted", "compiled"])


@both
def test_a_value_made_before_a_loop_and_used_after_it(run: Any) -> None:
    """Tapes that are rewound step by step forget what stood before the loop."""

    @fn
    def f(x: Real) -> Real:
        before = x * x
        last = scan(lambda c, i: c * x, 1.0, 5)
        return before * last + before

    assert run(f, 2.0) == 4.0 * 32.0 + 4.0
    assert run(grad(f), 2.0) == 7.0 * 2.0**6 + 2.0 * 2.0
    assert run(hessian(f), 2.0) == 42.0 * 2.0**5 + 2.0


@both
def test_a_variable_made_anew_in_a_loop_and_used_before_during_and_after(run: Any) -> None:
    @fn
    def f(x: Vec[Real, 3]) -> Any:
        p = x[0] * x[1]
        q = scan(lambda c, i: c + p * x[i], p, 3)
        p = p + q
        return total(3, lambda i: p * x[i])

    x = np.array([0.5, -1.5, 2.0])
    s, p = x.sum(), x[0] * x[1]
    # f = (2 + s) p s
    dp = np.array([x[1], x[0], 0.0])
    np.testing.assert_allclose(run(grad(f), x), (2.0 + s) * s * dp + p * (2.0 + 2.0 * s), rtol=1e-14)


@both
@pytest.mark.parametrize("m", [0.0, 1.0, 3.0, 5.0])
def test_a_loop_in_a_loop_whose_end_is_data(run: Any, m: float) -> None:
    """Row i of a triangle of side m: the inner end depends on the outer counter and on data."""

    @fn
    def f(x: Vec[Real, 5], m: Real) -> Real:
        k = Index[6].clamp(m)

        def row(c: Any, i: Any) -> Any:
            return c + total(5, lambda j: x[i] * x[j], upto=Index[6].wrap(i + 1))

        return scan(row, 0.0, 5, upto=k)

    x = np.array([0.3, -0.7, 1.1, 0.2, -0.4])
    inside = np.tri(5) * (np.arange(5) < m)[:, None]
    assert run(f, x, m) == pytest.approx(x @ inside @ x, rel=1e-14, abs=1e-15)
    np.testing.assert_allclose(run(grad(f, wrt="x"), x, m), (inside + inside.T) @ x, rtol=1e-14, atol=1e-15)
    second = run(hessian(f, wrt="x"), x, m)
    np.testing.assert_allclose(second, inside + inside.T, rtol=1e-14, atol=1e-15)


@both
def test_a_while_loop_in_a_loop(run: Any) -> None:
    """Halve each element until it is below 1: the count of halvings, d, is data; f = sum x[i] 2^-d[i]."""

    @fn
    def f(x: Vec[Real, 4]) -> Real:
        return total(4, lambda i: while_loop(lambda c: c >= 1.0, lambda c: c * 0.5, x[i], limit=40))

    x = np.array([0.75, 3.0, 40.0, 1e6])
    factor = np.array([1.0, 0.25, 1.0 / 64, 2.0**-20])
    assert run(f, x) == pytest.approx(x @ factor, rel=1e-15)
    np.testing.assert_array_equal(run(grad(f), x), factor)


@both
def test_reading_one_element_and_writing_the_next(run: Any) -> None:
    """x[i + 1] = a x[i] + b in one array: its reverse must read each cotangent after it is complete."""

    @fn
    def f(a: Real, b: Real) -> Real:
        start = vec(9, lambda i: 0.0).at[0].set(1.0)

        def step(x: Any, i: Any) -> Any:
            return x.at[Index[9].clamp(i + 1)].set(a * x[i] + b)

        return scan(step, start, 8)[8]

    a, b = 0.9, 0.3
    powers = a ** np.arange(9)
    da = 8 * a**7 + b * sum(k * a ** (k - 1) for k in range(1, 8))
    assert run(f, a, b) == pytest.approx(powers[8] + b * powers[:8].sum(), rel=1e-14)
    np.testing.assert_allclose(run(grad(f), a, b), (da, powers[:8].sum()), rtol=1e-14)


YOUNG, HARDENING, YIELD = 200.0, 20.0, 1.0


def stress_path(strain: Any, n: int) -> Any:
    """1-D plasticity with isotropic hardening by return mapping (Simo and Hughes, Computational
    Inelasticity, box 1.4): plastic strain and hardening are arrays over time, each step reads the last.
    """
    plastic = vec(n + 1, lambda i: 0.0)
    hardened = vec(n + 1, lambda i: 0.0)
    stress = vec(n, lambda i: 0.0)

    def step(state: Any, i: Any) -> Any:
        plastic, hardened, stress = state
        trial = YOUNG * (strain(i) - plastic[i])
        over = abs(trial) - (YIELD + HARDENING * hardened[i])
        gamma = select(over > 0.0, over / (YOUNG + HARDENING), 0.0)
        direction = select(trial > 0.0, 1.0, -1.0)
        after = Index[n + 1].clamp(i + 1)
        return (
            plastic.at[after].set(plastic[i] + gamma * direction),
            hardened.at[after].set(hardened[i] + gamma),
            stress.at[i].set(trial - YOUNG * gamma * direction),
        )

    return scan(step, (plastic, hardened, stress), n)[2]


@both
def test_plastic_return_mapping_has_its_closed_form(run: Any) -> None:
    """Monotone loading to strain e: stress = Y + E H / (E + H) (e - Y / E), whatever the steps."""
    n = 20

    @fn
    def last(e: Real) -> Real:
        return stress_path(lambda i: e * (i + 1.0) / n, n)[n - 1]

    tangent = YOUNG * HARDENING / (YOUNG + HARDENING)
    e = 0.0171
    value, slope = run(value_and_grad(last), e)
    assert value == pytest.approx(YIELD + tangent * (e - YIELD / YOUNG), rel=1e-12)
    assert slope == pytest.approx(tangent, rel=1e-12)
    elastic = 0.003
    assert run(value_and_grad(last), elastic) == pytest.approx((YOUNG * elastic, YOUNG), rel=1e-12)


def test_plastic_loading_and_unloading_matches_differences() -> None:
    def history(x: Vec[Real, 2]) -> Any:
        return stress_path(lambda i: x[0] * sin(x[1] * i), 12)

    check_gradients(history, [np.array([0.02, 0.83])])


@both
def test_the_maximum_over_a_loop(run: Any) -> None:
    """The derivative is that of the greatest alone: x[2] * x[0], at i = 2."""

    @fn
    def by_max(x: Vec[Real, 5]) -> Real:
        return greatest(5, lambda i: x[i] * x[0])

    @fn
    def by_scan(x: Vec[Real, 5]) -> Real:
        return scan(lambda m, i: select(x[i] * x[0] > m, x[i] * x[0], m), -1e30, 5)

    @fn
    def by_branch(x: Vec[Real, 5]) -> Real:
        return scan(lambda m, i: cond(x[i] * x[0] > m, lambda: x[i] * x[0], lambda: m), -1e30, 5)

    x = np.array([2.0, 1.0, 7.0, 6.0, -3.0])
    hess = np.zeros((5, 5))
    hess[0, 2] = hess[2, 0] = 1.0
    for f in (by_max, by_scan, by_branch):
        assert run(f, x) == 14.0
        np.testing.assert_array_equal(run(grad(f), x), [7.0, 0.0, 2.0, 0.0, 0.0])
        np.testing.assert_array_equal(run(hessian(f), x), hess)


@both
def test_the_maximum_of_equals_has_the_derivative_of_the_first(run: Any) -> None:
    @fn
    def f(x: Vec[Real, 6]) -> Real:
        return greatest(6, lambda i: x[i])

    np.testing.assert_array_equal(run(grad(f), np.array([1.0, 3.0, 3.0, 2.0, 3.0, 0.0])), [0, 1, 0, 0, 0, 0])


@both
def test_one_element_read_and_written_again_and_again(run: Any) -> None:
    """y[0] = sin(y[0]) six times: systems that keep only the last value of an element fail."""

    @fn
    def f(x: Vec[Real, 20]) -> Real:
        y = scan(lambda y, i: y.at[0].set(sin(y[0])), x, 6)
        return y[0] * y[1]

    x = np.linspace(0.4, 1.1, 20)
    value, slope = x[0], 1.0
    for _ in range(6):
        value, slope = np.sin(value), slope * np.cos(value)
    expected = np.zeros(20)
    expected[:2] = slope * x[1], value
    np.testing.assert_allclose(run(grad(f), x), expected, rtol=1e-14)


@both
def test_an_element_overwritten_has_no_derivative(run: Any) -> None:
    @fn
    def f(x: Vec[Real, 10], i: Index[10]) -> Real:
        y = x.at[i].set(3.0).at[2].set(x[i] * x[i])
        return total(10, lambda k: y[k] * (k + 1.0))

    x = np.arange(10.0) + 1.0
    expected = np.arange(10.0) + 1.0
    expected[[2, 4]] = 0.0
    expected[4] = 3.0 * 2.0 * x[4]
    np.testing.assert_array_equal(run(grad(f, wrt="x"), x, 4), expected)


@both
def test_elements_swapped_in_place(run: Any) -> None:
    """Reverse an array by swaps: both old values must be read before either is written."""

    @fn
    def f(x: Vec[Real, 10]) -> Any:
        def swap(y: Any, i: Any) -> Any:
            j = Index[10].clamp(9 - i)
            return y.at[i].set(y[j]).at[j].set(y[i])

        return scan(swap, x, 5)

    x = np.arange(10.0) ** 2
    np.testing.assert_array_equal(run(f, x), x[::-1])
    weights = np.arange(1.0, 11.0)

    @fn
    def weighted(x: Vec[Real, 10]) -> Real:
        y = f(x)
        return total(10, lambda i: y[i] * (i + 1.0))

    np.testing.assert_array_equal(run(grad(weighted), x), weights[::-1])


@both
def test_an_old_version_of_an_array_is_still_what_it_was(run: Any) -> None:
    """Updates in place must not be seen through the old name: in a loop, in a call, after both."""

    @fn
    def first_doubled(x: Vec[Real, 20]) -> Any:
        return x.at[0].set(2.0 * x[0])

    @fn
    def f(x: Vec[Real, 20]) -> Any:
        y = first_doubled(x)
        z = scan(lambda c, i: c.at[i].add(x[i] + y[0]), x, 20)
        return x[0], y[0], z[0], x[19], z[19]

    x = np.arange(20.0) + 1.0
    assert run(f, x) == (1.0, 2.0, 4.0, 20.0, 42.0)
    assert x[0] == 1.0

    @fn
    def one(x: Vec[Real, 20]) -> Real:
        a, b, c, d, e = f(x)
        return a + 10.0 * b + 100.0 * c + 1000.0 * d + 10000.0 * e

    expected = np.zeros(20)
    expected[0] = 1.0 + 20.0 + 100.0 * 4.0 + 10000.0 * 2.0
    expected[19] = 1000.0 + 10000.0 * 2.0
    np.testing.assert_array_equal(run(grad(one), x), expected)


@both
def test_a_root_of_zero_before_a_factor_of_zero(run: Any) -> None:
    """0 * inf is NaN in systems that give sqrt an infinite slope at 0."""

    @fn
    def f(x: Real, k: Real) -> Real:
        return k * sqrt(x)

    assert run(grad(f), 0.0, 0.0) == (0.0, 0.0)

    @fn
    def spring(p: Vec[Real, 2], q: Vec[Real, 2]) -> Real:
        d = p - q
        return (sqrt(d[0] * d[0] + d[1] * d[1]) - 0.0) ** 2

    a = np.array([0.3, 0.4])
    for g in run(grad(spring), a, a):
        np.testing.assert_array_equal(g, [0.0, 0.0])
    assert np.isfinite(run(jvp(spring), a, a, np.ones(2), None)[1])
    np.testing.assert_array_equal(run(grad(spring, wrt=0), a, a + np.array([0.3, 0.4])), [-0.6, -0.8])


@both
def test_a_root_of_zero_before_a_branch_not_taken(run: Any) -> None:
    @fn
    def f(x: Real) -> Real:
        return cond(x > 0.0, lambda: sqrt(x), lambda: 2.0 * x) + x * 0.0 * sqrt(x)

    assert run(grad(f), 0.0) == 2.0
    assert run(grad(grad(f)), 0.0) == 0.0
    np.testing.assert_array_equal(run(vmap(grad(f)), np.array([0.0, 4.0, -0.0])), [2.0, 0.25, 2.0])
