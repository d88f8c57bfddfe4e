"""A cotangent that nobody wants is masked before it meets one that somebody does.

A select passes its cotangent to both sides, with the condition under which it counts. On the side not chosen
it may be any number, infinity or NaN, and a mask must stand between it and every other use. Each program here
gives a wrong derivative if one such mask is missing; `mutations` takes them away one by one.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from support import compiled, interpreted

from rosesim import Bool, Dual, Index, Real, Vec, cond, dot, fn, grad, log, opaque, scan, select, sum, vec
from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.values.vector import of_atoms
from rosesim.ad.program.ir import FloatT, Ty
from rosesim.ad.program.show import show

RUNS = pytest.mark.parametrize("run", [interpreted, compiled])


def some(v: Any, wanted: Any) -> Any:
    """The sum of 1 / v over the elements that are wanted."""
    return sum(3, lambda i: select(wanted[i], 1.0 / v[i], 0.0))


@RUNS
def test_an_array_made_of_another_that_has_another_use(run: Any) -> None:
    @fn
    def f(u: Vec[Real, 3], wanted: Vec[Bool, 3]) -> Real:
        return some(vec(3, lambda i: 2.0 * u[i]), wanted) + u[0]

    by_u, _ = run(grad(f), np.array([0.0, 2.0, 0.0]), np.array([False, True, False]))
    assert by_u.tolist() == [1.0, -0.125, 0.0]


@RUNS
def test_an_array_that_has_a_use_before_the_one_not_wanted(run: Any) -> None:
    @fn
    def f(u: Vec[Real, 3], wanted: Vec[Bool, 3]) -> Real:
        v = vec(3, lambda i: 2.0 * u[i])
        return v[0] * 3.0 + some(v, wanted)

    by_u, _ = run(grad(f), np.array([0.0, 2.0, 0.0]), np.array([False, True, False]))
    assert by_u.tolist() == [6.0, -0.125, 0.0]


@RUNS
def test_an_array_one_of_whose_elements_is_replaced_has_another_use(run: Any) -> None:
    @fn
    def f(u: Vec[Real, 3], y: Real, k: Index[3], wanted: Vec[Bool, 3]) -> Real:
        v = vec(3, lambda i: 2.0 * u[i])
        return v[2] + some(v.at[k].set(y), wanted) + v[0]

    by_u, by_y, *_ = run(grad(f), np.array([0.0, 4.0, 1.0]), 2.0, 1, np.array([False, True, False]))
    assert (by_u.tolist(), by_y) == ([2.0, 0.0, 2.0], -0.25)


def filled(x: Real) -> Vec[Real, 3]:
    """An array of one variable, which passes may make though no construct does."""
    atom = trace.emit(lambda b: b.fill(x.atom, Ty(FloatT(), (3,))))
    return of_atoms(T.VecType(3, T.REAL), [atom])


@RUNS
def test_an_array_filled_with_a_variable(run: Any) -> None:
    @fn
    def f(x: Real, y: Real, k: Index[3], wanted: Vec[Bool, 3]) -> Real:
        return some(filled(x).at[k].set(y), wanted)

    def slopes(x: float, wanted: list[bool]) -> Any:
        return run(grad(f), x, 4.0, 1, np.array(wanted))[:2]

    assert slopes(0.0, [False, True, False]) == (0.0, -0.0625)
    assert slopes(2.0, [True, False, True]) == (-0.5, 0.0)


@RUNS
def test_the_result_of_a_loop_is_not_wanted_and_its_start_is(run: Any) -> None:
    @fn
    def f(x: Real, p: Bool) -> Real:
        return select(p, scan(lambda c, i: 2.0 * c, x, 3), 0.0) + x

    assert run(grad(f, wrt=0), 1.0, False) == 1.0
    assert run(grad(f, wrt=0), 1.0, True) == 9.0


@RUNS
def test_an_infinite_slope_inside_a_loop_whose_result_is_not_wanted(run: Any) -> None:
    @fn
    def f(x: Real, p: Bool) -> Real:
        return select(p, scan(lambda c, i: 1.0 / c, x, 3), 0.0) + x

    assert run(grad(f, wrt=0), 0.0, False) == 1.0
    assert run(grad(f, wrt=0), 2.0, True) == 1.0 - 0.25


@fn
def squares(v: Vec[Real, 40]) -> Real:
    return dot(v, v)


@RUNS
def test_a_large_array_is_wanted_by_a_call_in_a_branch_only(run: Any) -> None:
    @fn
    def f(u: Vec[Real, 40], p: Bool) -> Real:
        v = vec(40, lambda i: log(u[i]))
        return cond(p, lambda: squares(v), lambda: 0.0) + u[1]

    u = np.linspace(1.0, 2.0, 40)
    one = np.eye(40)[1]
    np.testing.assert_allclose(run(grad(f, wrt=0), u, True), 2.0 * np.log(u) / u + one, rtol=1e-14)
    np.testing.assert_array_equal(run(grad(f, wrt=0), u * 0.0, False), one)


@RUNS
def test_the_size_of_a_nan_is_not_wanted(run: Any) -> None:
    @fn
    def f(x: Real, c: Real, p: Bool, q: Bool) -> Real:
        size = abs(x + log(c))
        return select(p, size, 0.0) + select(q, 2.0 * size, 0.0) + x

    assert run(grad(f, wrt=0), 1.0, -1.0, False, False) == 1.0
    assert run(grad(f, wrt=0), -3.0, 1.0, True, True) == 1.0 - 3.0


def halves(divisor: float) -> Any:
    """A number twice, the first tangent divided by a number."""

    @opaque
    def twice(x: Real) -> tuple[Real, Real]:
        return x, x

    @twice.defjvp
    def _(x: Dual) -> tuple[Dual, Dual]:
        return Dual(x.re, x.du / divisor), Dual(x.re, x.du)

    @fn
    def f(x: Real, p: Bool, q: Bool) -> Real:
        a, b = twice(x)
        return select(p, a, 0.0) + select(q, 2.0 * a, 0.0) + b

    return f


@RUNS
@pytest.mark.parametrize("divisor", [math.nan, 0.0, math.inf])
def test_a_rule_divides_a_tangent_that_is_not_wanted(run: Any, divisor: float) -> None:
    assert run(grad(halves(divisor), wrt=0), 1.0, False, False) == 1.0


def test_division_by_a_number_asks_for_no_mask_more() -> None:
    def masks(divisor: float) -> int:
        return show(grad(halves(divisor), wrt=0).traced((T.REAL, T.BOOL, T.BOOL)).func).count(" if ")

    assert masks(4.0) < masks(math.nan)
