"""Derivatives given by the programmer; the program of Rose's introduction."""

from __future__ import annotations

import math

import numpy as np
import pytest
from support import check_gradients, interpreted

from rosesim import Dual, Real, Tan, TraceError, fn, grad, hessian, jvp, opaque, sum, value_and_grad, vec


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
