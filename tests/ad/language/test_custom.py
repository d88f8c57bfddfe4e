"""Derivatives given by the programmer; the program of Rose's introduction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from support import check_gradients, compiled, interpreted

from rosesim import (
    Bool,
    Dual,
    Index,
    Real,
    Tan,
    TraceError,
    Vec,
    cond,
    fn,
    grad,
    hessian,
    jvp,
    opaque,
    scan,
    select,
    sin,
    sum,
    value_and_grad,
    vec,
    vmap,
)

pytestmark = pytest.mark.usefixtures("unoptimised")


@opaque
def ln(x: Real) -> float:
    return math.log(x)


@ln.defjvp
def _(x: Dual) -> Dual:
    return Dual(ln(x.re), x.du / x.re)


@opaque
def power(x: Real, y: Real) -> Real:
    return x**y


@power.defjvp
def _(x: Dual, y: Dual) -> Dual:
    z = power(x.re, y.re)
    return Dual(z, x.du * (y.re * power(x.re, y.re - 1.0)) + y.du * (ln(x.re) * z))


@fn
def f(x: Real, y: Real) -> Real:
    return power(x, y)


@pytest.mark.parametrize("run", [interpreted, lambda g, *a: g(*a)], ids=["interpreted", "compiled"])
def test_value_gradient_and_hessian_of_a_power_as_in_roses_introduction(run) -> None:
    value, gradient = run(value_and_grad(f), 2.0, 3.0)
    assert value == 8.0
    np.testing.assert_allclose(gradient, (12.0, 8.0 * math.log(2.0)), rtol=1e-15)
    ln2 = math.log(2.0)
    expected = [[12.0, 4.0 + 12.0 * ln2], [4.0 + 12.0 * ln2, 8.0 * ln2 * ln2]]
    np.testing.assert_allclose(run(hessian(f), 2.0, 3.0), expected, rtol=1e-14)


def test_an_opaque_function_in_loops_has_the_gradient_of_its_rule() -> None:
    check_gradients(lambda x: sum(4, lambda i: ln(x[i] * x[i] + 1.0) * x[0]), [np.array([0.3, -1.0, 2.0, 0.7])])


def test_an_opaque_function_without_a_rule_has_no_derivative() -> None:
    @opaque
    def gamma(x: Real) -> float:
        return math.gamma(x)

    assert gamma(5.0) == 24.0
    with pytest.raises(TraceError, match=r"opaque function gamma.*defjvp"):
        grad(gamma)(5.0)


@fn
def cube(x: Real) -> Real:
    return x * x * x


@cube.defvjp
def _(x: Real, ct: Tan) -> Tan:
    return ct * (3.0 * x * x)


def test_a_reverse_rule_serves_reverse_forward_and_second_order() -> None:
    check_gradients(cube, [1.3])
    check_gradients(lambda x: vec(3, lambda i: cube(x[i]) * x[0]), [np.array([0.5, 1.0, 2.0])])
    assert jvp(cube)(2.0, 1.0) == (8.0, 12.0)
    assert grad(grad(cube))(2.0) == 12.0
    assert jvp(grad(cube))(2.0, 1.0)[1] == 12.0
    assert grad(lambda x: jvp(cube)(x, 1.0)[1])(2.0) == 12.0


def test_the_rule_is_used_and_not_the_body() -> None:
    @fn
    def g(x: Real) -> Real:
        return x * x

    assert grad(g)(3.0) == 6.0
    g.defvjp(lambda x, ct: ct * 7.0)
    assert grad(g)(3.0) == 7.0


@opaque
def ln_reverse(x: Real) -> float:
    return math.log(x)


@ln_reverse.defvjp
def _(x: Real, ct: Tan) -> Tan:
    return ct / x


@opaque
def power_reverse(x: Real, y: Real) -> Real:
    return x**y


@power_reverse.defvjp
def _(x: Real, y: Real, ct: Tan) -> tuple[Tan, Tan]:
    return ct * (y * power_reverse(x, y - 1.0)), ct * (ln_reverse(x) * power_reverse(x, y))


@pytest.mark.parametrize("run", [interpreted, lambda g, *a: g(*a)], ids=["interpreted", "compiled"])
def test_the_same_power_with_reverse_rules_alone(run: Any) -> None:
    log2 = math.log(2.0)
    expected = [[12.0, 4.0 + 12.0 * log2], [4.0 + 12.0 * log2, 8.0 * log2 * log2]]
    g = power_reverse
    np.testing.assert_allclose(run(grad(g), 2.0, 3.0), (12.0, 8.0 * log2), rtol=1e-15)
    np.testing.assert_allclose(run(hessian(g), 2.0, 3.0), expected, rtol=1e-14)
    for row, x, y in zip(expected, (1.0, 0.0), (0.0, 1.0), strict=True):
        np.testing.assert_allclose(run(jvp(g), 2.0, 3.0, x, y)[1], 12.0 * x + 8.0 * log2 * y, rtol=1e-14)
        np.testing.assert_allclose(run(jvp(grad(g)), 2.0, 3.0, x, y)[1], row, rtol=1e-14)
        np.testing.assert_allclose(run(grad(along(x, y)), 2.0, 3.0), row, rtol=1e-14)


def along(x: float, y: float) -> Any:
    """The derivative of the power along (x, y)."""
    return lambda a, b: jvp(power_reverse)(a, b, x, y)[1]


@dataclass(frozen=True)
class Spring:
    ends: Vec[Vec[Real, 2], 3]
    stiffness: Real
    kind: Index[2]


@fn
def energy(s: Spring, on: Bool, weights: Vec[Real, 5]) -> tuple[Real, Vec[Real, 5]]:
    e = sum(3, lambda i: s.ends[i][0] * s.ends[i][1]) * s.stiffness
    return select(on, e, 2.0 * e), vec(5, lambda i: weights[i] * s.stiffness)


@fn
def ruled(s: Spring, on: Bool, weights: Vec[Real, 5]) -> tuple[Real, Vec[Real, 5]]:
    return energy(s, on, weights)


@ruled.defvjp
def _(s: Spring, on: Bool, weights: Vec[Real, 5], ct: tuple[Tan, Vec[Tan, 5]]) -> Any:
    a = select(on, 1.0, 2.0)
    b = sum(3, lambda i: s.ends[i][0] * s.ends[i][1])
    ends = vec(3, lambda i: [ct[0] * (a * s.stiffness * s.ends[i][1]), ct[0] * (a * s.stiffness * s.ends[i][0])])
    stiffness = ct[0] * (a * b) + sum(5, lambda i: ct[1][i] * weights[i])
    return Spring(ends, stiffness, None), None, vec(5, lambda i: ct[1][i] * s.stiffness)  # pyright: ignore


def test_a_reverse_rule_over_structs_vectors_truths_and_indices() -> None:
    """Equal to the derivative that the body has by itself: reverse, forward, and the derivative of either."""
    rng = np.random.default_rng(3)
    s = Spring(rng.normal(size=(3, 2)), 1.7, 1)  # pyright: ignore[reportArgumentType] -- plain values from outside
    weights = rng.normal(size=5)
    for on in (True, False):
        check_gradients(ruled, [s, on, weights])

        def value(f: Any, on: bool = on) -> Any:
            @fn
            def g(s: Spring, weights: Vec[Real, 5]) -> Real:
                e, out = f(s, on, weights)
                return sin(e) + sum(5, lambda i: out[i] * out[i])

            return g

        for derivative in (grad, lambda f: hessian(f, wrt="weights"), slope_of_slope):
            ours, plain = derivative(value(ruled))(s, weights), derivative(value(energy))(s, weights)
            np.testing.assert_allclose(flat(ours), flat(plain), rtol=1e-12)


def slope_of_slope(f: Any) -> Any:
    @fn
    def slope(s: Spring, weights: Vec[Real, 5]) -> Real:
        return grad(f)(s, weights)[0].stiffness

    return grad(slope)


def flat(v: Any) -> list[float]:
    """The numbers of a result."""
    if v is None:
        return []
    if isinstance(v, Spring):
        return flat((v.ends, v.stiffness))
    return [x for part in v for x in flat(part)] if isinstance(v, tuple) else list(np.ravel(v))


def test_rules_in_loops_branches_and_under_vmap() -> None:
    def walk(x: Any) -> Any:
        def step(c: Any, i: Any) -> Any:
            return cond(c > 1.0, lambda: ln_reverse(c + x[i]), lambda: power(c + 1.0, 1.0 + x[i] * x[i]))

        return scan(step, x[0] * x[0] + 0.5, 4)

    x = np.array([0.3, 0.8, 1.1, 0.4])
    check_gradients(walk, [x])
    check_gradients(grad(fn(lambda x: walk(x))), [x], tolerance=1e-9)
    many = np.stack([x, 2.0 * x])
    np.testing.assert_allclose(vmap(grad(fn(walk)))(many), [grad(fn(walk))(x), grad(fn(walk))(2.0 * x)], rtol=1e-14)


def test_a_rule_may_read_what_encloses_it() -> None:
    scale, offset = 3.0, 1.0

    @fn
    def factor(x: Real) -> float:
        return scale + offset * 0.0

    @fn
    def g(x: Real) -> Real:
        return x

    @g.defjvp
    def _(x: Dual) -> Dual:
        return Dual(x.re, x.du * factor(x.re) * offset)

    @fn
    def h(x: Real) -> Real:
        return g(x) * 2.0

    assert (grad(g)(1.0), grad(h)(1.0)) == (3.0, 6.0)
    scale = 5.0  # and a change of it is noticed
    assert (grad(g)(1.0), grad(h)(1.0)) == (5.0, 10.0)
    offset = 10.0
    assert (grad(g)(1.0), grad(h)(1.0)) == (50.0, 100.0)


def test_an_opaque_function_of_arrays_is_given_its_own_copies() -> None:
    seen: list[Any] = []

    @opaque
    def twice(x: Vec[Real, 6]) -> Vec[Real, 6]:
        seen.append(x)
        x *= 2.0  # pyright: ignore[reportOperatorIssue] -- a NumPy array when it runs
        return x

    @twice.defjvp
    def _(x: Vec[Dual, 6]) -> Vec[Dual, 6]:
        y = twice(vec(6, lambda i: x[i].re))
        return vec(6, lambda i: Dual(y[i], 2.0 * x[i].du))

    @fn
    def f(x: Vec[Real, 6]) -> Real:
        y = twice(x)
        return sum(6, lambda i: y[i] * x[i])

    x = np.arange(6.0)
    assert f(x) == 2.0 * (x @ x)
    np.testing.assert_array_equal(x, np.arange(6.0))
    np.testing.assert_array_equal(grad(f)(x), 4.0 * x)
    assert seen


def test_a_rule_may_subtract_tangents() -> None:
    @fn
    def f(x: Real, y: Real) -> Real:
        return x - 2.0 * y

    @f.defjvp
    def _(x: Dual, y: Dual) -> Dual:
        return Dual(x.re - 2.0 * y.re, x.du - 2.0 * y.du)

    @fn
    def g(x: Real) -> Real:
        return -x

    @g.defjvp
    def _(x: Dual) -> Dual:
        return Dual(-x.re, Tan() - x.du)

    for run in (interpreted, compiled):
        assert run(grad(f), 1.0, 2.0) == (1.0, -2.0)
        assert run(grad(g), 3.0) == -1.0
        assert run(grad(grad(lambda x, y: f(x, y) * f(x, y), wrt=1), wrt=1), 1.0, 2.0) == 8.0
