"""Smooth functions that are written with kinked ones: their derivatives of any order are those of the function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from support import interpreted

from rosesim import (
    Real,
    Vec,
    cond,
    copysign,
    cos,
    fn,
    grad,
    hessian,
    hypot,
    jvp,
    maximum,
    minimum,
    norm,
    pow,
    scan,
    select,
    sin,
    sqrt,
    sum,
)

pytestmark = pytest.mark.usefixtures("unoptimised")

POINTS = [np.zeros(3), np.array([0.0, 0.4, 0.0]), np.array([-0.7, 0.0, 1.2]), np.array([1.5, -0.3, 0.8])]


def squared(v: Any) -> Any:
    return v[0] * v[0] + v[1] * v[1] + v[2] * v[2]


def mass(v: Any) -> Any:
    return 2.0 + sin(v[0])


@fn
def in_a_call(v: Vec[Real, 3]) -> Real:
    return norm(v) ** 2


PAIRS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "norm ** 2": (lambda v: norm(v) ** 2, squared),
    "norm * norm": (lambda v: norm(v) * norm(v), squared),
    "norm ** 4": (lambda v: norm(v) ** 4, lambda v: squared(v) * squared(v)),
    "norm ** 6": (lambda v: norm(v) ** 6, lambda v: squared(v) ** 3),
    "pow(norm, 2)": (lambda v: pow(norm(v), 2.0), squared),
    "norm ** 3": (lambda v: norm(v) ** 3, lambda v: select(squared(v) > 0.0, squared(v) ** 1.5, 0.0)),
    "half of it": (lambda v: 0.5 * norm(v) * norm(v), lambda v: 0.5 * squared(v)),
    "a mass between": (lambda v: norm(v) * mass(v) * norm(v), lambda v: mass(v) * squared(v)),
    "a mass and a length": (
        lambda v: (norm(v) / (2.0 + v[1])) * (mass(v) * -norm(v)),
        lambda v: -mass(v) * squared(v) / (2.0 + v[1]),
    ),
    "of a multiple": (lambda v: (norm(v) * mass(v)) ** 2, lambda v: mass(v) * mass(v) * squared(v)),
    "of a fraction": (lambda v: (norm(v) / mass(v)) ** 2, lambda v: squared(v) / (mass(v) * mass(v))),
    "pow of a fraction": (lambda v: (norm(v) / mass(v)) ** 6, lambda v: squared(v) ** 3 / mass(v) ** 6),
    "of the negative": (lambda v: (-norm(v)) ** 2, squared),
    "of a bounded one": (lambda v: maximum(norm(v), -1.0) ** 2, squared),
    "of the lesser": (lambda v: minimum(9.0, norm(v)) ** 2, squared),
    "of a chosen one": (lambda v: select(v[0] < 9.0, norm(v), v[1]) ** 2, squared),
    "hypot ** 2": (lambda v: hypot(v[0], v[1]) ** 2 + v[2], lambda v: v[0] * v[0] + v[1] * v[1] + v[2]),
    "hypot of hypot": (lambda v: hypot(hypot(v[0], v[1]), v[2]) ** 2, squared),
    "abs ** 2": (lambda v: sum(3, lambda i: abs(v[i]) ** 2), squared),
    "abs * abs": (lambda v: abs(v[0]) * abs(v[0]) + abs(v[1] * v[2]) ** 2, lambda v: v[0] ** 2 + (v[1] * v[2]) ** 2),
    "copysign ** 2": (lambda v: copysign(v[0], v[1]) ** 2, lambda v: v[0] * v[0]),
    "sqrt of a square's square": (lambda v: sqrt(squared(v) ** 2), squared),
    "sqrt(x ** 4)": (lambda v: sqrt(v[0] ** 4) + sqrt(pow(v[1], 4.0)), lambda v: v[0] ** 2 + v[1] ** 2),
    "sqrt(x ** 8)": (lambda v: sqrt(v[0] ** 8), lambda v: v[0] ** 4),
    "in a call": (in_a_call, squared),
    "in a scan": (lambda v: scan(lambda c, i: 0.5 * c + norm(v * c) ** 2, 1.0, 2), lambda v: of_a_scan(v)),
    "in a branch": (lambda v: cond(v[0] < 9.0, lambda: norm(v) ** 2, lambda: v[0]), squared),
    "kinetic energy": (
        lambda v: 0.5 * norm([cos(0.3) * v[0], sin(0.3) * v[0] + v[1]]) ** 2,
        lambda v: 0.5 * (v[0] ** 2 + v[1] ** 2 + 2.0 * np.sin(0.3) * v[0] * v[1]),
    ),
}


def of_a_scan(v: Any) -> Any:
    first = 0.5 + squared(v)
    return 0.5 * first + first * first * squared(v)


@pytest.mark.parametrize("name", PAIRS)
def test_derivatives_of_every_order_are_those_of_the_smooth_function(name: str) -> None:
    kinked, smooth = PAIRS[name]

    @fn
    def f(v: Vec[Real, 3]) -> Real:
        return kinked(v)

    @fn
    def g(v: Vec[Real, 3]) -> Real:
        return smooth(v)

    @fn
    def twice(v: Vec[Real, 3], d: Vec[Real, 3]) -> Real:
        return jvp(lambda v: jvp(f)(v, d)[1])(v, d)[1]

    d = np.array([0.3, -0.5, 0.9])
    first, second = hessian(f), hessian(g)
    for v in POINTS:
        np.testing.assert_allclose(interpreted(f, v), interpreted(g, v), rtol=1e-14, atol=1e-15)
        gradient = interpreted(grad(g), v)
        np.testing.assert_allclose(interpreted(grad(f), v), gradient, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(interpreted(jvp(f), v, d)[1], gradient @ d, rtol=1e-12, atol=1e-14)
        expected = interpreted(second, v)
        if name == "norm ** 3" and not v.any():
            expected = np.zeros((3, 3))  # of |v| (I + v v' / |v|^2), which the other spelling divides by zero
        np.testing.assert_allclose(interpreted(first, v), expected, rtol=1e-11, atol=1e-13)
        np.testing.assert_allclose(first(v), expected, rtol=1e-11, atol=1e-13)
        np.testing.assert_allclose(interpreted(jvp(grad(f)), v, d)[1], expected @ d, rtol=1e-11, atol=1e-13)
        np.testing.assert_allclose(interpreted(twice, v, d), d @ expected @ d, rtol=1e-11, atol=1e-13)
        by_reverse = interpreted(grad(twice, wrt="d"), v, d)
        np.testing.assert_allclose(by_reverse, 2.0 * expected @ d, rtol=1e-11, atol=1e-13)


def test_the_first_derivative_of_the_square_of_a_root_at_zero_is_one() -> None:
    for f in (lambda x: sqrt(x) ** 2, lambda x: sqrt(x) * sqrt(x), lambda x: pow(sqrt(x), 2.0)):
        assert grad(fn(f))(0.0) == 1.0
        assert jvp(fn(f))(0.0, 3.0)[1] == 3.0
    assert grad(lambda x: 3.0 * sqrt(x) * sqrt(x))(0.0) == 3.0


@pytest.mark.parametrize("n", [2, 17, 100])
def test_norms_of_vectors_that_are_loops_are_seen_to_be_one_norm(n: int) -> None:
    """Every norm of a long vector is a loop of its own; norm(a - b) * norm(a - b) is yet a square."""
    a, b = np.linspace(0.0, 1.0, n), np.linspace(0.0, 1.0, n)

    @fn
    def f(a: Vec[Real, n], b: Vec[Real, n]) -> Real:
        return norm(a - b) * norm(a - b) + 0.5 * norm(a - b) ** 2

    np.testing.assert_allclose(hessian(f, wrt="a")(a, b), 3.0 * np.eye(n), atol=1e-13)
    np.testing.assert_allclose(hessian(f, wrt="a")(a + 1.0, b), 3.0 * np.eye(n), atol=1e-13)


def test_norms_of_unlike_vectors_are_not_taken_for_one() -> None:
    @fn
    def f(a: Vec[Real, 20], b: Vec[Real, 20]) -> Real:
        return norm(a) * norm(b)

    a, b = np.arange(20.0), np.ones(20)
    ga, gb = grad(f)(a, b)
    np.testing.assert_allclose(ga, a / np.linalg.norm(a) * np.sqrt(20.0), rtol=1e-14)
    np.testing.assert_allclose(gb, b / np.sqrt(20.0) * np.linalg.norm(a), rtol=1e-14)


def test_a_kink_stays_a_kink() -> None:
    """|x| x, |x y| and |x|^3's third derivative are kinked: the table's conventions hold."""
    assert grad(lambda x: abs(x) * x)(0.0) == 0.0
    assert hessian(lambda x: abs(x) * x)(-2.0) == -2.0
    assert grad(lambda x, y: abs(x) * abs(y))(0.0, 3.0) == (0.0, 0.0)
    assert grad(lambda v: norm(v))(np.zeros(2)).tolist() == [0.0, 0.0]
    assert grad(lambda x: sqrt(x * x))(-3.0) == -1.0
    assert hessian(lambda x: (abs(x) - 1.0) ** 2)(3.0) == 2.0


def test_the_value_of_a_square_is_that_of_the_product_whatever_its_size() -> None:
    """Nothing is rewritten in the value: no overflow or underflow comes or goes."""
    f = fn(lambda k, x: (k * hypot(x, 0.0)) * hypot(x, 0.0)).compile(1.0, 1.0, math="strict")
    for k, x in ((1e-300, 1e200), (1e300, 1e-200), (2.0, 0.0), (1.0, np.inf)):
        with np.errstate(over="ignore", under="ignore"):
            assert f(k, x) == (k * np.hypot(x, 0.0)) * np.hypot(x, 0.0)
    assert np.isnan(fn(lambda x: sqrt(x) ** 2)(-1.0))
