"""The derivative of a select is that of the side chosen, whatever happens on the other side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from rows import crossed
from support import interpreted

from rosesim import Real, Vec, cond, fn, grad, hessian, jvp, log, scan, select, sqrt, sum, value_and_grad, vec, vmap

pytestmark = pytest.mark.usefixtures("unoptimised")


@dataclass(frozen=True)
class Pair:
    a: Real
    b: Real


RISKY = {"inverse": (lambda q: 1.0 / q, 0.0), "log": (log, 0.0), "sqrt": (sqrt, -1.0)}


def directly(n: Any, p: Any, q: Any) -> Any:
    return select(p, n * n * q, q * 3.0) + select(p, n + q, q * q)


@fn
def through(n: Real, q: Real, p: Real) -> Real:
    return select(p > 0.0, n * n * q, q * 3.0) + select(p > 0.0, n + q, q * q)


def by_call(n: Any, p: Any, q: Any) -> Any:
    return through(n, q, select(p, 1.0, -1.0))


def by_field(n: Any, p: Any, q: Any) -> Any:
    pair = Pair(n, n * 2.0)
    return select(p, pair.a * pair.b * 0.5 * q, q * 3.0) + select(p, pair.a + q, q * q)


def by_vector(n: Any, p: Any, q: Any) -> Any:
    many = vec(6, lambda i: n * (i + 1.0))
    return select(p, many[0] * many[0] * q, q * 3.0) + select(p, many[0] + q, q * q)


def by_scan(n: Any, p: Any, q: Any) -> Any:
    last = scan(lambda c, i: c * 1.0, n, 3)
    return select(p, last * last * q, q * 3.0) + select(p, last + q, q * q)


def in_branch(n: Any, p: Any, q: Any) -> Any:
    def one() -> Any:
        return select(p, n * n * q, q * 3.0)

    return cond(q < 10.0, one, lambda: 0.0) + select(p, n + q, q * q)


WAYS = [directly, by_call, by_field, by_vector, by_scan, in_branch]


@pytest.mark.parametrize("way", WAYS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("risk", RISKY)
def test_nothing_comes_through_from_the_side_not_chosen(way: Any, risk: str) -> None:
    check_nothing_comes_through(way, risk, interpreted)


@pytest.mark.parametrize(("way", "risk"), crossed(WAYS, list(RISKY), 1), ids=lambda v: getattr(v, "__name__", v))
def test_nothing_comes_through_in_machine_code(way: Any, risk: str) -> None:
    check_nothing_comes_through(way, risk, lambda f, *a: f(*a))


def check_nothing_comes_through(way: Any, risk: str, run: Any) -> None:
    make, at = RISKY[risk]

    @fn
    def f(q: Real) -> Real:
        return way(make(q), q > 10.0, q)

    # On this side f is 3 q + q^2.
    assert run(grad(f), at) == 3.0 + 2.0 * at
    assert run(jvp(f), at, 1.0)[1] == 3.0 + 2.0 * at
    assert run(grad(grad(f)), at) == 2.0
    assert run(hessian(f), at) == 2.0
    assert run(jvp(grad(f)), at, 1.0)[1] == 2.0
    assert run(grad(lambda q: jvp(f)(q, 1.0)[1]), at) == 2.0


@pytest.mark.parametrize("risk", RISKY)
def test_the_other_side_keeps_its_derivative(risk: str) -> None:
    make, _ = RISKY[risk]

    @fn
    def f(q: Real) -> Real:
        return directly(make(q), q > 0.0, q)

    @fn
    def plain(q: Real) -> Real:
        n = make(q)
        return n * n * q + n + q

    # Fast code of the two may round its sums in another order.
    assert value_and_grad(f)(2.0) == pytest.approx(value_and_grad(plain)(2.0), rel=1e-15)
    assert hessian(f)(2.0) == pytest.approx(hessian(plain)(2.0), rel=1e-12)


def test_element_by_element_through_a_vector() -> None:
    @fn
    def f(q: Vec[Real, 5]) -> Real:
        inverse = vec(5, lambda i: 1.0 / q[i])
        return sum(5, lambda i: select(q[i] > 0.0, inverse[i], 2.0 * q[i]))

    q = np.array([0.0, 2.0, -1.0, 0.0, 4.0])
    expected = [2.0, -0.25, 2.0, 2.0, -0.0625]
    np.testing.assert_array_equal(grad(f)(q), expected)
    np.testing.assert_array_equal(interpreted(grad(f), q), expected)


@pytest.mark.parametrize("risk", RISKY)
def test_under_vmap(risk: str) -> None:
    make, at = RISKY[risk]

    @fn
    def f(q: Real) -> Real:
        return directly(make(q), q > 10.0, q)

    np.testing.assert_array_equal(vmap(grad(f))([at, at]), [3.0 + 2.0 * at] * 2)
    np.testing.assert_array_equal(
        grad(lambda q: sum(2, lambda i: vmap(f)(q)[i]))(np.array([at, at])), [3 + 2 * at] * 2
    )
