"""The side of a select not chosen stays silent through every construct that a value may pass on its way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from rows import crossed
from support import interpreted

from rosesim import (
    Dual,
    Index,
    Real,
    Tan,
    Vec,
    accumulate,
    cond,
    exp,
    fmod,
    fn,
    for_each,
    grad,
    hessian,
    jvp,
    log,
    opaque,
    scan,
    select,
    sin,
    sqrt,
    vec,
    vmap,
    while_loop,
)
from rosesim import max as greatest
from rosesim import sum as total

pytestmark = pytest.mark.usefixtures("unoptimised")

# A function, and a place where its derivative, or itself, is infinite or NaN.
RISKY = {
    "inverse": (lambda q: 1.0 / q, 0.0),
    "log": (log, 0.0),
    "sqrt": (sqrt, -1.0),
    "exp_of_inverse": (lambda q: exp(1.0 / q), 0.0),
    "fmod": (lambda q: fmod(1.0, q), 0.0),
}


@opaque
def with_jvp(x: Real) -> Real:
    return x


@with_jvp.defjvp
def _(x: Dual) -> Dual:
    return Dual(with_jvp(x.re), 1.0 * x.du)


@opaque
def with_vjp(x: Real) -> Real:
    return x


@with_vjp.defvjp
def _(x: Real, ct: Tan) -> Tan:
    return ct


@fn
def many(v: Vec[Real, 40], p: Real) -> Real:
    return total(40, lambda i: select(p > 0.0, v[i], 0.0))


def chosen(n: Any, p: Any, q: Any) -> Any:
    """Two selects on one condition share n; where it is false, this is 3 q + q^2."""
    return select(p, n * n * q, q * 3.0) + select(p, n + q, q * q)


def carried(n: Any, p: Any, q: Any) -> Any:
    return chosen(scan(lambda c, i: c * n, n, 4), p, q)


def put_out_by_a_scan(n: Any, p: Any, q: Any) -> Any:
    _, out = scan(lambda c, i: (c, n * c), 1.0, 30)
    return total(30, lambda i: select(p, out[i] * out[i], 0.0)) + chosen(out[3], p, q)


def carried_in_an_array(n: Any, p: Any, q: Any) -> Any:
    start = vec(30, lambda i: n)
    last = scan(lambda c, i: c.at[Index[30].clamp(i)].set(n * c[0]), start, 4)
    return chosen(last[2], p, q)


def repeated(n: Any, p: Any, q: Any) -> Any:
    last = while_loop(lambda c: c[1] < 3.0, lambda c: (c[0] * 1.5, c[1] + 1.0), (n, 0.0), limit=9)
    return chosen(last[0], p, q)


def accumulated(n: Any, p: Any, q: Any) -> Any:
    a = accumulate(Vec[Real, 12], lambda a: for_each(12, lambda i: a.at[i].add(n * i)))
    return total(12, lambda i: select(p, a[i], 0.0)) + chosen(a[3], p, q)


def selected_in_a_loop(n: Any, p: Any, q: Any) -> Any:
    return scan(lambda c, i: c + select(p, n * c, 0.1 * c), q, 5) * 0.0 + chosen(n, p, q)


def in_a_branch_of_a_loop(n: Any, p: Any, q: Any) -> Any:
    return total(5, lambda i: cond(p, lambda: n * i, lambda: 0.0)) + chosen(n, p, q)


def through_an_opaque_function(n: Any, p: Any, q: Any) -> Any:
    return chosen(with_jvp(n), p, q)


def through_a_reverse_rule(n: Any, p: Any, q: Any) -> Any:
    return chosen(with_vjp(n), p, q)


def through_a_large_array_in_a_call(n: Any, p: Any, q: Any) -> Any:
    v = vec(40, lambda i: n * i)
    return many(v, select(p, 1.0, -1.0)) + chosen(v[1], p, q)


def through_a_maximum(n: Any, p: Any, q: Any) -> Any:
    v = vec(40, lambda i: n * i)
    return select(p, greatest(40, lambda i: v[i]), 0.0) + chosen(n, p, q)


def through_a_forward_derivative(n: Any, p: Any, q: Any) -> Any:
    return select(p, jvp(fn(lambda z: z * z * z))(n, 1.0)[1], 0.0) + chosen(n, p, q)


def through_a_gradient(n: Any, p: Any, q: Any) -> Any:
    return select(p, grad(fn(lambda z: z * z * n))(n), 0.0) + chosen(n, p, q)


def selected_as_a_vector(n: Any, p: Any, q: Any) -> Any:
    w = select(p, vec(30, lambda i: n * i), vec(30, lambda i: q * 0.0))
    return total(30, lambda i: w[i]) + chosen(sin(n) * n, p, q)


def selected_as_a_struct_in_a_vector(n: Any, p: Any, q: Any) -> Any:
    v = vec(30, lambda i: {"a": n * i, "b": (n, q)})
    w = select(p, v[3], {"a": q * 0.0, "b": (q * 0.0, q * 0.0)})
    return w["a"] + w["b"][0] + w["b"][1] + chosen(n, p, q)


def gathered(n: Any, p: Any, q: Any) -> Any:
    v = vec(30, lambda i: n * i)
    i = Index[30].clamp(q + 3.0)
    return select(p, v[i], 0.0) + chosen(v[i], p, q)


def in_a_loop_that_ends_early(n: Any, p: Any, q: Any) -> Any:
    return total(30, lambda i: select(p, n * i, 0.0), upto=Index[31].clamp(q + 3.0)) + chosen(n, p, q)


def with_the_loops_own_condition(n: Any, p: Any, q: Any) -> Any:
    v = vec(30, lambda i: n * i)
    return total(30, lambda i: select((i < 5) & p, v[i], 0.0)) + chosen(n, p, q)


def captured(n: Any, p: Any, q: Any) -> Any:
    @fn
    def inner(x: Real) -> Real:
        return select(p, n * x, 0.0)

    return inner(q) + inner(1.0) + chosen(n, p, q)


WAYS = [
    carried, put_out_by_a_scan, carried_in_an_array, repeated, accumulated, selected_in_a_loop,
    in_a_branch_of_a_loop, through_an_opaque_function, through_a_reverse_rule, through_a_large_array_in_a_call,
    through_a_maximum, through_a_forward_derivative, through_a_gradient, selected_as_a_vector,
    selected_as_a_struct_in_a_vector, gathered, in_a_loop_that_ends_early, with_the_loops_own_condition, captured,
]  # fmt: skip


@pytest.mark.parametrize(("way", "risk"), crossed(WAYS, list(RISKY), 1), ids=lambda v: getattr(v, "__name__", v))
def test_nothing_comes_through_from_the_side_not_chosen(way: Any, risk: str) -> None:
    make, at = RISKY[risk]

    @fn
    def f(q: Real) -> Real:
        return way(make(q), q > 10.0, q)

    first, second = 3.0 + 2.0 * at, 2.0
    assert interpreted(grad(f), at) == first
    assert grad(f)(at) == first
    assert jvp(f)(at, 1.0)[1] == first
    assert grad(grad(f))(at) == second
    assert jvp(grad(f))(at, 1.0)[1] == second
    assert grad(lambda q: jvp(f)(q, 1.0)[1])(at) == second
    np.testing.assert_array_equal(vmap(grad(f))(np.array([at, at])), [first] * 2)
    np.testing.assert_array_equal(vmap(hessian(f))(np.array([at, at])), [second] * 2)
