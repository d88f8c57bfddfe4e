"""Derivative rules that few programs meet, each found to be untested by `mutations`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import compiled, interpreted

from rosesim import Bool, Dual, Index, Real, Tan, Vec, dot, fn, grad, jvp, log, select, sum, vec
from rosesim.ad.language import trace
from rosesim.ad.language import types as T
from rosesim.ad.language.values.vector import of_atoms
from rosesim.ad.program.ir import FloatT, Ty


@fn
def filled(x: Real) -> Vec[Real, 3]:
    """An array of one variable, which passes may make though no construct does."""
    atom = trace.emit(lambda b: b.fill(x.atom, Ty(FloatT(), (3,))))
    return of_atoms(T.VecType(3, T.REAL), [atom])


@pytest.mark.parametrize("run", [interpreted, compiled])
def test_an_array_filled_with_a_variable(run: Any) -> None:
    @fn
    def f(x: Real, w: Vec[Real, 3]) -> Real:
        return dot(filled(x), w)

    w = np.array([1.0, -2.0, 4.0])
    assert run(grad(f, wrt=0), 0.5, w) == 3.0
    assert run(lambda x, w: jvp(f)(x, w, 2.0, None)[1], 0.5, w) == 6.0


def some(v: Any, wanted: Any) -> Any:
    """The sum of 1 / v over the elements that are wanted."""
    return sum(3, lambda i: select(wanted[i], 1.0 / v[i], 0.0))


@pytest.mark.parametrize("run", [interpreted, compiled])
def test_nothing_comes_back_from_an_element_that_a_select_does_not_want(run: Any) -> None:
    @fn
    def of_filled(x: Real, wanted: Vec[Bool, 3]) -> Real:
        return some(filled(x), wanted)

    @fn
    def of_replaced(v: Vec[Real, 3], y: Real, k: Index[3], wanted: Vec[Bool, 3]) -> Real:
        return some(replaced(v, y, k), wanted)

    @fn
    def replaced(v: Vec[Real, 3], y: Real, k: Index[3]) -> Vec[Real, 3]:
        return v.at[k].set(y)

    @fn
    def and_in_a_loop(x: Real, wanted: Bool) -> Real:
        n = x * 2.0
        return sum(4, lambda i: n * i * n) + sum(4, lambda i: n * i) + select(wanted, 1.0 / n, 0.0)

    @fn
    def in_one(u: Vec[Real, 3], y: Real, k: Index[3], wanted: Vec[Bool, 3]) -> Real:
        return some(vec(3, lambda i: log(u[i])).at[k].set(y), wanted)

    none = np.zeros(3, bool)
    for beside in (0.0, 1.0):  # of which the logarithm has an infinite slope, or its inverse has
        by_u, *_ = run(grad(in_one), np.array([np.e, 5.0, beside]), 2.0, 1, np.array([True, True, False]))
        np.testing.assert_allclose(by_u, [-1.0 / np.e, 0.0, 0.0], rtol=1e-14)
    assert run(grad(of_filled, wrt=0), 0.0, none) == 0.0
    v, wanted = np.array([-4.0, 0.0, 0.0]), np.array([True, True, False])
    by_v, by_y, *_ = run(grad(of_replaced), v, 2.0, 1, wanted)
    assert (by_v.tolist(), by_y) == ([-0.0625, 0.0, 0.0], -0.25)
    assert run(jvp(of_replaced), v, 2.0, 1, wanted, np.ones(3), 3.0, None, None)[1] == -0.0625 - 0.75
    assert run(grad(and_in_a_loop, wrt=0), 0.0, False) == 12.0


@fn
def both(x: Real) -> tuple[Real, Real]:
    """A function of two results whose reverse is given."""
    return 3.0 * x, x * x


@both.defvjp
def _(x: Real, ct: tuple[Tan, Tan]) -> Tan:
    return 3.0 * ct[0] + 2.0 * x * ct[1]


@pytest.mark.parametrize("run", [interpreted, compiled])
def test_a_rule_for_two_results_of_which_one_is_wanted(run: Any) -> None:
    @fn
    def either(x: Real, p: Bool, q: Bool) -> Real:
        a, b = both(x)
        return select(p, a, 0.0) + select(q, b, 0.0)

    @fn
    def one_risky(x: Real, p: Bool) -> Real:
        a, b = both(x)
        return select(p, 1.0 / b, 0.0) + a

    for p, q, slope in ((True, False, 3.0), (False, True, 8.0), (True, True, 11.0), (False, False, 0.0)):
        assert run(grad(either, wrt=0), 4.0, p, q) == slope
    assert run(grad(one_risky, wrt=0), 0.0, False) == 3.0
    assert run(lambda x, p: jvp(one_risky)(x, p, 2.0, None)[1], 0.0, False) == 6.0


@pytest.mark.parametrize("run", [interpreted, compiled])
def test_a_rule_that_divides_a_tangent_by_a_number(run: Any) -> None:
    @fn
    def quarter(x: Real) -> Real:
        return 0.25 * x

    @quarter.defjvp
    def _(x: Dual) -> Dual:
        return Dual(0.25 * x.re, x.du / 4.0)

    assert run(grad(lambda x: quarter(x) * x), 3.0) == 1.5


@pytest.mark.parametrize("run", [interpreted, compiled])
def test_an_element_read_twice_counts_where_either_reading_does(run: Any) -> None:
    @fn
    def f(u: Vec[Real, 3], k: Index[3], p: Bool, q: Bool) -> Real:
        v = vec(3, lambda i: log(u[i]))
        return select(p, v[0], 0.0) + select(q, v[k], 0.0)

    u = np.array([2.0, 1.0, 1.0])
    for p, q, slope in ((True, False, 0.5), (False, True, 0.5), (True, True, 1.0), (False, False, 0.0)):
        assert run(grad(f, wrt=0), u, 0, p, q).tolist() == [slope, 0.0, 0.0]


@pytest.mark.parametrize("run", [interpreted, compiled])
def test_two_uses_that_one_condition_refuses(run: Any) -> None:
    @fn
    def f(x: Real, p: Bool) -> Real:
        n = x * 2.0
        return select(p, 1.0 / n, 0.0) + select(p, log(n), 0.0) + x

    assert run(grad(f, wrt=0), 0.0, False) == 1.0
    assert run(grad(f, wrt=0), 1.0, True) == 1.0 - 0.5 + 1.0
