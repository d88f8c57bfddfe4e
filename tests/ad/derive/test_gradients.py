"""Every construct: reverse against forward against differences, also to second order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from support import check_gradients, compiled, interpreted

import rosesim as rs
from rosesim import (
    Index,
    Real,
    Struct,
    Vec,
    accumulate,
    argmin,
    cond,
    fn,
    for_each,
    grad,
    norm,
    scan,
    select,
    sin,
    sqrt,
    stop_gradient,
    tanh,
    vec,
    vmap,
    while_loop,
)
from rosesim import max as greatest
from rosesim import min as least
from rosesim import sum as total

pytestmark = pytest.mark.usefixtures("unoptimised")

X3 = np.array([0.3, -0.7, 1.1])
X5 = np.array([0.3, -0.7, 1.1, 0.2, -0.4])


@dataclass(frozen=True)
class Ball(Struct):
    x: Vec[Real, 2]
    mass: Real
    tag: Index[3]


def products(x: Vec[Real, 3]) -> Real:
    return x[0] * x[1] + sin(x[2]) / x[0]


def elementwise(x: Vec[Real, 5]):
    return vec(5, lambda i: sin(x[i]) * x[i])


def neighbours(x: Vec[Real, 5]):
    return vec(5, lambda i: x[Index[5].wrap(i + 1)] * x[i] + x[Index[5].clamp(i - 1)])


def folded(x: Vec[Real, 5]) -> Real:
    return total(5, lambda i: total(5, lambda j: sin(x[i] * x[j])))


def extremes(x: Vec[Real, 5]):
    return least(5, lambda i: x[i] * x[i]), greatest(5, lambda i: sin(x[i]))


def nearest(x: Vec[Real, 5]) -> Real:
    return x[argmin(5, lambda i: x[i] * x[i])] * 3.0


def scanned(x: Vec[Real, 3]):
    return scan(lambda c, i: (c * 0.9 + x * (i * 0.1), c[0] * c[1]), x, 4)


def nested_scans(x: Vec[Real, 3]) -> Real:
    def outer(c: Any, i: Any) -> Any:
        inner = scan(lambda d, j: sin(d) + x[j] * c, x[0], 3)
        return c * 0.5 + inner

    return scan(outer, x[1], 4)


def long_carry(x: Vec[Real, 5]):
    def step(c: Any, i: Any) -> Any:
        y = c.at[Index[20].clamp(i + 1)].set(sin(c[i]) + 0.1 * x[Index[5].wrap(i)])
        return y.at[0].add(c[i] * c[i] * 0.01)

    start = vec(20, lambda i: x[Index[5].wrap(i)])
    return scan(step, start, 19)


def ended_early(x: Vec[Real, 5]) -> Real:
    k = Index[6].clamp(x[0] * x[0] * 30.0)
    return scan(lambda c, i: c * x[i] + sin(c), x[1], 5, upto=k) + total(5, lambda i: x[i] * x[i], upto=k)


def repeated(x: Vec[Real, 3]) -> Real:
    return while_loop(lambda c: c < 3.0, lambda c: c * 1.5 + x[1] * x[1], 0.5 + x[0] * x[0], limit=20)


def branched(x: Vec[Real, 3]) -> Real:
    return cond(x[0] > x[1], lambda: sin(x[2]) * x[0], lambda: x[1] / x[2])


def branch_in_loop(x: Vec[Real, 5]) -> Real:
    return total(5, lambda i: cond(x[i] > 0.0, lambda: sqrt(x[i]) * x[4], lambda: x[i] * x[0]))


def chosen(x: Vec[Real, 5]):
    return vec(5, lambda i: select(x[i] > 0.0, x[i] * x[i], [x[0] * 2.0, x[1]][0] * x[i]))


def scattered(x: Vec[Real, 5]):
    def fill(acc: Any) -> None:
        def one(i: Any) -> None:
            acc.at[Index[3].wrap(i * 2)].add(sin(x[i]))
            acc.at[0].add(x[i] * x[Index[5].wrap(i + 1)])

        for_each(5, one)

    return accumulate(Vec[Real, 3], fill)


def scattered_in_scan(x: Vec[Real, 5]):
    def step(c: Any, i: Any) -> Any:
        def fill(acc: Any) -> None:
            for_each(5, lambda j: acc.at[Index[5].wrap(j + i)].add(sin(c[j]) * x[i]))

        return accumulate(Vec[Real, 5], fill)

    return scan(step, x, 5)


def structs(balls: Vec[Ball, 3]):
    momentum = total(3, lambda i: balls[i].x * balls[i].mass)
    tagged = total(3, lambda i: select(balls[i].tag == 1, norm(balls[i].x), balls[i].mass * 2.0))
    return {"momentum": momentum, "tagged": (tagged, balls[0].tag)}


@fn
def leaf(x: Real, y: Real):
    return x * y, sin(x)


@fn
def middle(x: Real, y: Real):
    a, b = leaf(x, y)
    c, d = leaf(b, a)
    return c * d + a


def calls(x: Vec[Real, 3]) -> Real:
    return middle(x[0], x[1]) * middle(x[1], x[2]) + leaf(x[0], 2.0)[0]


@fn
def pick(table: Vec[Real, 20], i: Index[20], w: Real) -> Real:
    return table[i] * w + sin(table[Index[20].wrap(i + 3)])


def calls_with_large_arrays(x: Vec[Real, 5]) -> Real:
    table = vec(20, lambda i: x[Index[5].wrap(i)] * (i + 1.0))
    return total(20, lambda i: pick(table, i, x[0])) + total(5, lambda i: pick(table, Index[20].clamp(i), x[i]))


def calls_in_branches(x: Vec[Real, 5]) -> Real:
    table = vec(20, lambda i: x[Index[5].wrap(i)] * (i + 1.0))
    inside = total(20, lambda i: cond(table[i] > 0.0, lambda: pick(table, i, table[i]), lambda: 0.0))
    return inside + total(20, lambda i: table[i] * table[i])


def stopped(x: Vec[Real, 3]) -> Real:
    return x[0] * stop_gradient(x[1] * 3.0) + x[2] * 0.0 + x[1] - stop_gradient(x[1])


def mapped(x: Vec[Real, 5]):
    return vmap(lambda a: sin(a) * a)(x)


def matrices(x: Vec[Real, 5]):
    m = vec(6, lambda i: vec(5, lambda j: sin(x[j] * i)))
    y = m @ x
    small = rs.inv([[x[0] + 2.0, x[1]], [x[2], x[3] + 3.0]])
    return y, small, rs.det([[x[0], 1.0, 2.0], [x[1], 0.5, x[2]], [1.0, x[3], x[4]]])


def network(x: Vec[Real, 3], w: Vec[Vec[Real, 3], 6], v: Vec[Vec[Real, 6], 3]):
    def step(c: Any, i: Any) -> Any:
        hidden = vec(6, lambda k: tanh(total(3, lambda j: w[k][j] * c[j])))
        return c + vec(3, lambda k: tanh(total(6, lambda j: v[k][j] * hidden[j]))) * 0.1

    return scan(step, x, 6)


def vec_in_scan_in_cond(x: Vec[Real, 5]):
    def busy() -> Any:
        return scan(lambda c, i: vec(5, lambda j: sin(c[j]) + c[i] * x[j]), x, 3)

    return cond(x[0] > 0.0, busy, lambda: x)


def empty(x: Vec[Real, 3]):
    nothing = vec(0, lambda i: x[0])
    return nothing, total(0, lambda i: x[0] * x[0]), x[1] * x[2]


ONE_ARGUMENT = [
    (products, X3), (elementwise, X5), (neighbours, X5), (folded, X5), (extremes, X5), (nearest, X5), (scanned, X3),
    (nested_scans, X3), (long_carry, X5), (ended_early, X5), (repeated, X3), (branched, X3), (branch_in_loop, X5),
    (chosen, X5), (scattered, X5), (scattered_in_scan, X5), (calls, X3), (calls_with_large_arrays, X5),
    (calls_in_branches, X5), (mapped, X5), (matrices, X5), (vec_in_scan_in_cond, X5), (empty, X3),
]  # fmt: skip


@pytest.mark.parametrize(("f", "x"), ONE_ARGUMENT, ids=lambda v: getattr(v, "__name__", ""))
def test_first_derivatives(f: Any, x: Any) -> None:
    check_gradients(f, [x])
    check_gradients(f, [x], run=compiled)


SCALAR = [f for f, _ in ONE_ARGUMENT if "Real" in str(f.__annotations__.get("return", ""))]


@pytest.mark.parametrize("f", SCALAR, ids=lambda f: f.__name__)
def test_second_derivatives_by_reverse_over_reverse_and_forward_over_reverse(f: Any) -> None:
    x = {g.__name__: v for g, v in ONE_ARGUMENT}[f.__name__]
    check_gradients(grad(fn(f)), [x], tolerance=1e-9)
    check_gradients(grad(fn(f)), [x], tolerance=1e-8, run=compiled)  # sums in another order


@pytest.mark.parametrize("f", [products, nested_scans, branch_in_loop, calls], ids=lambda f: f.__name__)
def test_third_derivatives(f: Any) -> None:
    x = {g.__name__: v for g, v in ONE_ARGUMENT}[f.__name__]
    check_gradients(rs.hessian(fn(f)), [x], tolerance=1e-8, differences=1e-5)


def test_structs_with_index_fields() -> None:
    make: Any = Ball  # of arrays: a vector of balls
    balls = make(
        x=np.arange(6.0).reshape(3, 2) + 1, mass=np.array([1.0, 2.0, 3.0]), tag=np.array([0, 1, 2], np.uint8)
    )
    check_gradients(structs, [balls])


def test_network_in_a_scan() -> None:
    rng = np.random.default_rng(1)
    check_gradients(network, [X3, rng.normal(size=(6, 3)), rng.normal(size=(3, 6))])


def test_stop_gradient_takes_its_argument_for_constant() -> None:
    np.testing.assert_allclose(interpreted(grad(fn(stopped)), X3), [3 * X3[1], 1.0, 0.0])


def test_indices_left_at_zero_by_an_early_end_are_of_their_type() -> None:
    @fn
    def f(v: Vec[Real, 4], x: Real) -> Real:
        k = vec(4, lambda i: i + 1, upto=Index[5].clamp(x))
        return v[k[3] - 1]

    with pytest.raises(rs.TypeMismatch, match="may be -1"):
        f([1.0, 2.0, 3.0, 4.0], 2.0)
